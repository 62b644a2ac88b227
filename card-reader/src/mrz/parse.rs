//! Rows to fields, each check digit's verdict beside them.

use super::check_digit::{check_digit, check_digit_of};
use super::layout::{Checked, Composite, Span};
use super::names::split_name_field;
use super::{Check, CheckField, Fields, Format, Lines, Malformed, Mrz, Verdict, rows};
use crate::date::{Date, PartialDate, TwoDigitDate};
use crate::document::Sex;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Reads a zone from text: rows as printed, or one joined line of 88, 90 or 72 characters.
///
/// # Errors
/// [`Malformed`] if the text has not the shape of any layout. Check digits that disagree are no error.
pub fn parse(text: &str, today: Date) -> Result<Mrz, Malformed> {
    parse_lines(rows::from_text(text)?, today)
}

/// Reads a zone from its rows, as [`super::normalise`] or a recogniser gives them.
///
/// # Errors
/// As [`parse`].
pub fn parse_lines(lines: Lines, today: Date) -> Result<Mrz, Malformed> {
    let owned: Vec<Zeroizing<String>> = lines.iter().map(|l| Zeroizing::new(l.expose(str::to_owned))).collect();
    let rows: Vec<&str> = owned.iter().map(|row| row.as_str()).collect();
    let format = rows::format_of(&rows)?;
    let zone = Zone { format, rows: &rows };
    if zone.lines_are_swapped() {
        return Err(Malformed::at(0, 0, "the lines are in the wrong order: this is line 2".to_owned()));
    }
    let number = zone.document_number();
    Ok(Mrz { checks: zone.checks(&number), fields: zone.fields(number, today), format, lines })
}

/// Rows whose shape is that of `format`.
struct Zone<'a> {
    format: Format,
    rows: &'a [&'a str],
}

/// The document number, put together where it is longer than its field.
struct Number<'a> {
    text: Zeroizing<String>,
    printed: char,
    /// Optional data that is not part of the number.
    optional: &'a str,
}

impl<'a> Zone<'a> {
    /// Text of a field. The format was chosen by the rows' shape, so every span lies inside them.
    fn text(&self, span: Span) -> &'a str {
        self.rows.get(span.line).and_then(|row| row.get(span.start..span.end)).unwrap_or_default()
    }

    fn char(&self, span: Span) -> char {
        self.text(span).chars().next().unwrap_or('<')
    }

    /// ICAO 9303-5 and -6 §4.2.2 note j: a filler for the digit, the number's nine characters all used, and optional
    /// data that follows at once. Optional data that starts with a filler means that there is no more number.
    fn document_number(&self) -> Number<'a> {
        let layout = self.format.layout();
        let field = self.text(layout.document_number.field);
        let printed = self.char(layout.document_number.digit);
        let optional = layout.optional.map(|span| self.text(span)).unwrap_or_default();
        if layout.long_number && printed == '<' && !field.ends_with('<') {
            let (tail, rest) = optional.split_at(optional.find('<').unwrap_or(optional.len()));
            if let Some((at, digit)) = tail.char_indices().next_back().filter(|(at, _)| *at > 0) {
                let mut text = Zeroizing::new(String::with_capacity(field.len() + at));
                text.push_str(field);
                text.push_str(&tail[..at]);
                return Number { text, printed: digit, optional: rest };
            }
        }
        Number { text: Zeroizing::new(field.to_owned()), printed, optional }
    }

    fn checks(&self, number: &Number<'_>) -> Vec<Check> {
        let layout = self.format.layout();
        let mut checks = vec![
            judge(CheckField::DocumentNumber, &number.text, number.printed),
            self.judge(CheckField::BirthDate, layout.birth_date),
        ];
        checks.extend(layout.expiry_date.map(|expiry| self.judge(CheckField::ExpiryDate, expiry)));
        if let (Some(field), Some(digit)) = (layout.optional, layout.personal_number_digit) {
            checks.push(self.judge(CheckField::PersonalNumber, Checked { field, digit }));
        }
        checks.extend(layout.composite.map(|composite| self.judge_composite(composite)));
        checks
    }

    fn judge(&self, field: CheckField, at: Checked) -> Check {
        judge(field, self.text(at.field), self.char(at.digit))
    }

    fn judge_composite(&self, composite: Composite) -> Check {
        let covered = || composite.covers.iter().flat_map(|span| self.text(*span).bytes());
        let only_fillers = covered().all(|c| c == b'<');
        verdict(CheckField::Composite, only_fillers, check_digit_of(covered()), self.char(composite.digit))
    }

    /// No digit agrees as the lines stand, and at least three do when they change places.
    fn lines_are_swapped(&self) -> bool {
        let [first, second] = self.rows else { return false };
        let agreeing = |zone: &Zone<'_>| {
            zone.checks(&zone.document_number()).iter().filter(|check| check.verdict == Verdict::Ok).count()
        };
        if agreeing(self) > 0 {
            return false;
        }
        let swapped = [*second, *first];
        Format::of_rows(&swapped).is_some_and(|format| agreeing(&Zone { format, rows: &swapped }) >= 3)
    }

    fn fields(&self, number: Number<'_>, today: Date) -> Fields {
        let layout = self.format.layout();
        let name = match layout.given_names {
            None => split_name_field(self.text(layout.name)),
            Some(given) => split_name_field(self.text(layout.name)).with_given_names(self.text(given)),
        };
        let birth_raw = self.text(layout.birth_date.field);
        let birth = TwoDigitDate::parse(birth_raw).and_then(|date| date.as_birth(today));
        let expiry_raw = layout.expiry_date.map(|expiry| self.text(expiry.field));
        let expiry =
            expiry_raw.filter(|raw| *raw != "<<<<<<").and_then(TwoDigitDate::parse).and_then(TwoDigitDate::as_expiry);
        let optional_2 = layout.optional_2.and_then(|span| filled(self.text(span)));
        Fields {
            document_code: bare(self.text(layout.document_code)).to_owned(),
            issuer: bare(self.text(layout.issuer)).to_owned(),
            document_number: filled(&number.text),
            name,
            nationality: layout.nationality.and_then(|span| filled(self.text(span))),
            birth_date_raw: PersonalText::from(birth_raw),
            birth_date: birth,
            sex: match self.char(layout.sex) {
                'F' => Some(Sex::F),
                'M' => Some(Sex::M),
                'X' => Some(Sex::X),
                _ => None,
            },
            expiry_date_raw: expiry_raw.map(PersonalText::from),
            expiry_date: expiry,
            expiry_doubtful: expiry.is_some_and(|date| is_doubtful(date, birth, today)),
            optional: filled(number.optional),
            optional_2,
        }
    }
}

fn judge(field: CheckField, text: &str, printed: char) -> Check {
    verdict(field, text.bytes().all(|c| c == b'<'), check_digit(text), printed)
}

fn verdict(field: CheckField, only_fillers: bool, computed: char, printed: char) -> Check {
    let verdict = match printed {
        '<' if only_fillers => Verdict::Absent,
        // A filler has the value of zero but is no digit: over a filled field it disagrees (TD3 position 43 over an
        // empty personal number may be either, ICAO 9303-4 §4.2.2).
        digit if digit == computed => Verdict::Ok,
        _ => Verdict::Disagrees,
    };
    Check { field, verdict, printed, computed }
}

/// A date before birth or more than fifty years ahead is not believed, only shown.
fn is_doubtful(expiry: PartialDate, birth: Option<PartialDate>, today: Date) -> bool {
    let Some(day) = expiry.earliest() else { return true };
    let before_birth = birth.filter(|b| b.year.is_some()).and_then(PartialDate::earliest).is_some_and(|b| day < b);
    before_birth || day.year() > today.year() + 50
}

/// A field without its trailing fillers.
fn bare(text: &str) -> &str {
    text.trim_end_matches('<')
}

fn filled(text: &str) -> Option<PersonalText> {
    let bare = text.trim_matches('<');
    (!bare.is_empty()).then(|| PersonalText::from(bare))
}
