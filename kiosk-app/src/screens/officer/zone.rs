//! Where each check digit's field stands in a zone, and which characters an officer should look at.

use crate::screens::content::Mark;
use card_reader::mrz::{Check, CheckField, Checked, Format, Span, Verdict, check_digit};
use std::ops::Range;
use verification_api::personal::PersonalText;

/// Below this confidence a character is marked. Reading accepts no character less certain.
const DOUBTFUL: f32 = 0.95;

/// Row and columns of a field with its check digit; of the composite, its digit alone.
fn columns(format: Format, field: CheckField) -> Option<(usize, Range<usize>)> {
    let layout = format.layout();
    let covered = |checked: Checked| (checked.field.line, checked.field.start..checked.digit.end);
    match field {
        CheckField::DocumentNumber => Some(covered(layout.document_number)),
        CheckField::BirthDate => Some(covered(layout.birth_date)),
        CheckField::ExpiryDate => layout.expiry_date.map(covered),
        CheckField::PersonalNumber => {
            let (field, digit) = layout.optional.zip(layout.personal_number_digit)?;
            Some((field.line, field.start..digit.end))
        }
        CheckField::Composite => layout.composite.map(|all| (all.digit.line, all.digit.start..all.digit.end)),
    }
}

/// What the check digits say of rows that were only guessed: for an officer to see which part is sound.
pub(super) fn verdicts(rows: &[PersonalText]) -> Vec<Check> {
    let Some(format) = layout(rows) else { return Vec::new() };
    let layout = format.layout();
    let text = |span: &Span| {
        rows.get(span.line).and_then(|row| row.expose(|row| row.get(span.start..span.end).map(str::to_owned)))
    };
    let judged = |field: CheckField, covers: &[Span], digit: &Span| {
        let covered = covers.iter().map(text).collect::<Option<String>>()?;
        let printed = text(digit)?.chars().next()?;
        let computed = check_digit(&covered);
        let empty = printed == '<' && covered.chars().all(|c| c == '<');
        let verdict = match (empty, printed == computed) {
            (true, _) => Verdict::Absent,
            (false, true) => Verdict::Ok,
            (false, false) => Verdict::Disagrees,
        };
        Some(Check { field, verdict, printed, computed })
    };
    let one = |field: CheckField, checked: &Checked| judged(field, &[checked.field], &checked.digit);
    [
        one(CheckField::DocumentNumber, &layout.document_number),
        one(CheckField::BirthDate, &layout.birth_date),
        layout.expiry_date.and_then(|checked| one(CheckField::ExpiryDate, &checked)),
        layout.composite.and_then(|all| judged(CheckField::Composite, all.covers, &all.digit)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The row of the name, which no check digit covers.
pub(super) const fn name_row(format: Format) -> usize {
    format.layout().name.line
}

/// The layout of rows that were guessed.
pub(super) fn layout(rows: &[PersonalText]) -> Option<Format> {
    let rows: Vec<String> = rows.iter().map(|row| row.expose(ToOwned::to_owned)).collect();
    Format::of_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Every character of `rows` with its mark, filled up to the format's length with missing ones if `open`.
pub(super) fn marked(
    rows: &[PersonalText],
    confidences: &[Vec<f32>],
    format: Option<Format>,
    checks: &[Check],
    open: bool,
) -> Vec<Vec<(char, Mark)>> {
    let wrong: Vec<(usize, Range<usize>)> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Disagrees)
        .filter_map(|check| format.and_then(|format| columns(format, check.field)))
        .collect();
    let length = format.map_or(0, |format| format.size().1);
    rows.iter()
        .enumerate()
        .map(|(row, text)| {
            let mut marks: Vec<(char, Mark)> = text.expose(|text| {
                text.chars()
                    .enumerate()
                    .map(|(column, c)| {
                        let doubt = confidences.get(row).and_then(|row| row.get(column)).is_some_and(|c| *c < DOUBTFUL);
                        let bad = wrong.iter().any(|(at, columns)| *at == row && columns.contains(&column));
                        let mark = match (doubt, bad) {
                            (true, _) => Mark::Doubtful,
                            (false, true) => Mark::Wrong,
                            (false, false) => Mark::Certain,
                        };
                        (c, mark)
                    })
                    .collect()
            });
            if open {
                marks.extend((marks.len()..length).map(|_| (' ', Mark::Missing)));
            }
            marks
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{marked, verdicts};
    use crate::screens::content::Mark;
    use card_reader::mrz::{Check, CheckField, Format, Verdict};
    use verification_api::personal::PersonalText;

    #[test]
    fn a_guess_is_judged_by_its_own_digits() {
        // The layout of I-551 with a fictitious holder; the birth date's digit is wrong.
        let rows =
            ["C1USA0000007010SRC0000000701<<", "8001015F3001019UTO<<<<<<<<<<<7", "SPECIMEN<<TEST<VOID<<<<<<<<<<<"];
        let checks = verdicts(&rows.map(PersonalText::from));
        let of = |field| checks.iter().find(|check| check.field == field).map(|check| check.verdict);
        assert_eq!(of(CheckField::DocumentNumber), Some(Verdict::Ok));
        assert_eq!(of(CheckField::BirthDate), Some(Verdict::Disagrees));
        assert_eq!(of(CheckField::ExpiryDate), Some(Verdict::Ok));
        assert!(verdicts(&[PersonalText::from("SPECIMEN")]).is_empty());
    }

    #[test]
    fn the_group_of_a_digit_that_disagrees_is_marked() {
        let rows = [PersonalText::from("C1UTO0000007009SRC0000000701<<"), PersonalText::from("8001019F2811303UTO")];
        let check = Check { field: CheckField::BirthDate, verdict: Verdict::Disagrees, printed: '9', computed: '4' };
        let marks = marked(&rows, &[], Some(Format::Td1), &[check], true);
        assert_eq!(marks[1].iter().filter(|(_, mark)| *mark == Mark::Wrong).count(), 7);
        assert_eq!(marks[1].len(), 30);
        assert!(marks[1][18..].iter().all(|(_, mark)| *mark == Mark::Missing));
    }
}
