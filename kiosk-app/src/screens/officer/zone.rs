//! Where each check digit's field stands in a zone, and which characters an officer should look at.

use crate::screens::content::Mark;
use card_reader::mrz::{Check, CheckField, Format, Verdict};
use std::ops::Range;
use verification_api::personal::PersonalText;

/// Below this confidence a character is marked. Reading accepts no character less certain.
const DOUBTFUL: f32 = 0.95;

/// Row and columns of a field with its check digit (ICAO 9303-4 to -7; the French card of 1988).
fn columns(format: Format, field: CheckField) -> Option<(usize, Range<usize>)> {
    let at = match (format, field) {
        (Format::Td1, CheckField::DocumentNumber) => (0, 5..15),
        (Format::Td1, CheckField::BirthDate) => (1, 0..7),
        (Format::Td1, CheckField::ExpiryDate) => (1, 8..15),
        (Format::Td1, CheckField::Composite) => (1, 29..30),
        (Format::FrId, CheckField::DocumentNumber) => (1, 0..13),
        (Format::FrId, CheckField::BirthDate) => (1, 27..34),
        (Format::Td2 | Format::FrId, CheckField::Composite) => (1, 35..36),
        (Format::Td2 | Format::Td3 | Format::MrvA | Format::MrvB, CheckField::DocumentNumber) => (1, 0..10),
        (Format::Td2 | Format::Td3 | Format::MrvA | Format::MrvB, CheckField::BirthDate) => (1, 13..20),
        (Format::Td2 | Format::Td3 | Format::MrvA | Format::MrvB, CheckField::ExpiryDate) => (1, 21..28),
        (Format::Td3, CheckField::PersonalNumber) => (1, 28..43),
        (Format::Td3, CheckField::Composite) => (1, 43..44),
        _ => return None,
    };
    Some(at)
}

/// The row of the name, which no check digit covers.
pub(super) const fn name_row(format: Format) -> usize {
    match format {
        Format::Td1 => 2,
        Format::Td2 | Format::Td3 | Format::MrvA | Format::MrvB | Format::FrId => 0,
    }
}

/// The layout of rows that were guessed, by their number and length.
pub(super) fn layout(rows: &[PersonalText]) -> Option<Format> {
    let longest = rows.iter().map(PersonalText::chars).max()?;
    match (rows.len(), longest) {
        (3, _) => Some(Format::Td1),
        (2, 37..) => Some(Format::Td3),
        (2, _) => Some(Format::Td2),
        _ => None,
    }
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
    use super::{columns, marked};
    use crate::screens::content::Mark;
    use card_reader::mrz::{Check, CheckField, Format, Verdict};
    use verification_api::personal::PersonalText;

    #[test]
    fn every_field_lies_inside_its_row() {
        for format in Format::ALL {
            let (rows, length) = format.size();
            for field in [
                CheckField::DocumentNumber,
                CheckField::BirthDate,
                CheckField::ExpiryDate,
                CheckField::PersonalNumber,
                CheckField::Composite,
            ] {
                if let Some((row, columns)) = columns(format, field) {
                    assert!(row < rows && columns.end <= length, "{format:?} {field:?}");
                }
            }
        }
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
