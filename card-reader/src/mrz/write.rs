//! Fields to rows, check digits computed: for specimens, self-tests and simulators.

use super::check_digit::{check_digit, check_digit_of};
use super::layout::{Checked, Span};
use super::names::write_name_field;
use super::{Format, Lines};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// What a zone is to say. Texts are upper case, without fillers at their ends; components of names are parted by
/// blanks; dates are the six characters of the zone. Made-up people only: it is neither zeroed nor hidden.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug))]
pub struct Content {
    /// `P`, `PP`, `I`, `C1`, `VN` …
    pub document_code: String,
    /// Three letters, or `D`.
    pub issuer: String,
    pub document_number: String,
    pub primary: String,
    pub secondary: String,
    pub nationality: String,
    /// `YYMMDD`; unknown parts `<<`.
    pub birth_date: String,
    /// `F`, `M` or `<`.
    pub sex: String,
    pub expiry_date: String,
    /// Optional data after the number; the personal number of a TD3.
    pub optional: String,
    /// Second optional field of a TD1.
    pub optional_2: String,
}

/// Why a zone cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    #[error("{field} holds a character outside A-Z, 0-9 and <")]
    Character { field: &'static str },
    #[error("{field} has {length} characters, but {format} has room for {room}", format = .format.name())]
    TooLong { field: &'static str, length: usize, room: usize, format: Format },
    #[error("{field} is needed by {format}", format = .format.name())]
    Missing { field: &'static str, format: Format },
}

/// Writes a zone of `format`, with all its check digits.
///
/// # Errors
/// [`Unwritable`] if a field has no room or a foreign character. Names are cut instead, as the standard allows.
pub fn write(format: Format, content: &Content) -> Result<Lines, Unwritable> {
    let layout = format.layout();
    let (count, width) = format.size();
    let mut page = Page { format, rows: vec![Zeroizing::new(vec![b'<'; width]); count] };

    page.put("document_code", layout.document_code, &content.document_code)?;
    page.put("issuer", layout.issuer, &content.issuer)?;
    page.put_name(content)?;
    if let Some(span) = layout.nationality {
        page.put("nationality", span, &content.nationality)?;
    }
    page.put_checked("birth_date", layout.birth_date, &content.birth_date)?;
    page.put("sex", layout.sex, &content.sex)?;
    if let Some(expiry) = layout.expiry_date {
        page.put_checked("expiry_date", expiry, &content.expiry_date)?;
    }
    let overflow = page.put_number(content)?;
    if let Some(span) = layout.optional {
        let span = Span { start: span.start + overflow, ..span };
        page.put("optional", span, &content.optional)?;
        if let Some(digit) = layout.personal_number_digit {
            page.put_digit(digit, check_digit(&page.text(span)));
        }
    }
    if let Some(span) = layout.optional_2 {
        page.put("optional_2", span, &content.optional_2)?;
    }
    if let Some(composite) = layout.composite {
        let covered: Zeroizing<String> =
            Zeroizing::new(composite.covers.iter().map(|span| page.text(*span).to_string()).collect());
        page.put_digit(composite.digit, check_digit_of(covered.bytes()));
    }
    Ok(page.rows.iter().map(|row| PersonalText::new(row.iter().map(|c| char::from(*c)).collect())).collect())
}

/// Rows being filled.
struct Page {
    format: Format,
    rows: Vec<Zeroizing<Vec<u8>>>,
}

impl Page {
    fn text(&self, span: Span) -> Zeroizing<String> {
        let bytes = self.rows.get(span.line).and_then(|row| row.get(span.start..span.end)).unwrap_or_default();
        Zeroizing::new(bytes.iter().map(|c| char::from(*c)).collect())
    }

    fn put(&mut self, field: &'static str, span: Span, text: &str) -> Result<(), Unwritable> {
        if !text.bytes().all(|c| super::value(c).is_some()) {
            return Err(Unwritable::Character { field });
        }
        let room = span.end.saturating_sub(span.start);
        if text.len() > room {
            return Err(Unwritable::TooLong { field, length: text.len(), room, format: self.format });
        }
        if let Some(cells) = self.rows.get_mut(span.line).and_then(|row| row.get_mut(span.start..span.end)) {
            for (cell, c) in cells.iter_mut().zip(text.bytes()) {
                *cell = c;
            }
        }
        Ok(())
    }

    fn put_digit(&mut self, span: Span, digit: char) {
        if let Some(cell) = self.rows.get_mut(span.line).and_then(|row| row.get_mut(span.start)) {
            *cell = u8::try_from(digit).unwrap_or(b'<');
        }
    }

    fn put_checked(&mut self, field: &'static str, at: Checked, text: &str) -> Result<(), Unwritable> {
        self.put(field, at.field, text)?;
        self.put_digit(at.digit, check_digit(&self.text(at.field)));
        Ok(())
    }

    fn put_name(&mut self, content: &Content) -> Result<(), Unwritable> {
        if content.primary.is_empty() && content.secondary.is_empty() {
            return Err(Unwritable::Missing { field: "primary", format: self.format });
        }
        let foreign = |text: &str| text.chars().any(|c| !(c.is_ascii_uppercase() || c == ' '));
        if foreign(&content.primary) || foreign(&content.secondary) {
            return Err(Unwritable::Character { field: "name" });
        }
        let layout = self.format.layout();
        let room = layout.name.end - layout.name.start;
        match layout.given_names {
            None => {
                let field = write_name_field(&content.primary, &content.secondary, room);
                self.put("name", layout.name, &field)
            }
            Some(given) => {
                self.put("name", layout.name, &write_name_field(&content.primary, "", room))?;
                self.put("name", given, &write_name_field(&content.secondary, "", given.end - given.start))
            }
        }
    }

    /// The number and its digit; returns how many positions of the optional data it took (the closing filler
    /// counted, where there is room for one).
    fn put_number(&mut self, content: &Content) -> Result<usize, Unwritable> {
        let layout = self.format.layout();
        let Checked { field, digit } = layout.document_number;
        let room = field.end - field.start;
        let number = content.document_number.as_str();
        let Some((optional, true)) = layout.optional.map(|span| (span, layout.long_number && number.len() > room))
        else {
            self.put_checked("document_number", layout.document_number, number)?;
            return Ok(0);
        };
        let width = optional.end - optional.start;
        // One position for the digit. ICAO asks for a filler after it, and in TD1 the longest number leaves one.
        if number.len() - room + 2 > width {
            let room = room + width - 2;
            return Err(Unwritable::TooLong {
                field: "document_number",
                length: number.len(),
                room,
                format: self.format,
            });
        }
        let (head, tail) = number.split_at_checked(room).ok_or(Unwritable::Character { field: "document_number" })?;
        self.put("document_number", field, head)?;
        self.put_digit(digit, '<');
        let mut rest = Zeroizing::new(tail.to_owned());
        rest.push(check_digit(number));
        self.put("document_number", optional, &rest)?;
        Ok((rest.len() + 1).min(width))
    }
}
