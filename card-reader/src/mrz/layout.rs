//! Where the fields of each layout stand (ICAO 9303 parts 4 to 7), as a table that reading and writing share.

use super::Format;

/// A run of characters in one row; counted from 0, the end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub line: usize,
    pub start: usize,
    pub end: usize,
}

/// A field and the position of its check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub field: Span,
    pub digit: Span,
}

/// The composite check digit and what it covers, in the order in which the weights run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Composite {
    pub covers: &'static [Span],
    pub digit: Span,
}

/// Positions of all fields; what a layout lacks is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub document_code: Span,
    pub issuer: Span,
    /// The whole name; in the French card the primary identifier only.
    pub name: Span,
    /// The secondary identifier where it has a field of its own (French card).
    pub given_names: Option<Span>,
    pub document_number: Checked,
    pub nationality: Option<Span>,
    pub birth_date: Checked,
    pub sex: Span,
    pub expiry_date: Option<Checked>,
    /// Optional data; in TD3 the personal number.
    pub optional: Option<Span>,
    /// TD3 only: digit over the personal number.
    pub personal_number_digit: Option<Span>,
    /// TD1 only: the optional data of the second row.
    pub optional_2: Option<Span>,
    pub composite: Option<Composite>,
    /// A document number of more than nine characters may go on in the optional data (ICAO 9303-5 and -6 §4.2.2
    /// note j).
    pub long_number: bool,
}

/// From position `first` to `last` of row `line`, all counted from 1 as in the standard's tables.
const fn at(line: usize, first: usize, last: usize) -> Span {
    Span { line: line - 1, start: first - 1, end: last }
}

const TD1: Layout = Layout {
    document_code: at(1, 1, 2),
    issuer: at(1, 3, 5),
    name: at(3, 1, 30),
    given_names: None,
    document_number: Checked { field: at(1, 6, 14), digit: at(1, 15, 15) },
    nationality: Some(at(2, 16, 18)),
    birth_date: Checked { field: at(2, 1, 6), digit: at(2, 7, 7) },
    sex: at(2, 8, 8),
    expiry_date: Some(Checked { field: at(2, 9, 14), digit: at(2, 15, 15) }),
    optional: Some(at(1, 16, 30)),
    personal_number_digit: None,
    optional_2: Some(at(2, 19, 29)),
    composite: Some(Composite {
        covers: &[at(1, 6, 30), at(2, 1, 7), at(2, 9, 15), at(2, 19, 29)],
        digit: at(2, 30, 30),
    }),
    long_number: true,
};

/// TD3, MRV-A, TD2 and MRV-B share the first 28 positions of the second row.
const fn two_rows(width: usize) -> Layout {
    Layout {
        document_code: at(1, 1, 2),
        issuer: at(1, 3, 5),
        name: at(1, 6, width),
        given_names: None,
        document_number: Checked { field: at(2, 1, 9), digit: at(2, 10, 10) },
        nationality: Some(at(2, 11, 13)),
        birth_date: Checked { field: at(2, 14, 19), digit: at(2, 20, 20) },
        sex: at(2, 21, 21),
        expiry_date: Some(Checked { field: at(2, 22, 27), digit: at(2, 28, 28) }),
        optional: Some(at(2, 29, width)),
        personal_number_digit: None,
        optional_2: None,
        composite: None,
        long_number: false,
    }
}

const TD2: Layout = Layout {
    optional: Some(at(2, 29, 35)),
    composite: Some(Composite { covers: &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 35)], digit: at(2, 36, 36) }),
    long_number: true,
    ..two_rows(36)
};

const TD3: Layout = Layout {
    optional: Some(at(2, 29, 42)),
    personal_number_digit: Some(at(2, 43, 43)),
    composite: Some(Composite { covers: &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 43)], digit: at(2, 44, 44) }),
    ..two_rows(44)
};

// A visa has no composite digit (ICAO 9303-7): reading a US visa as a TD3 fails it on a digit that is not there.
const MRV_A: Layout = two_rows(44);
const MRV_B: Layout = two_rows(36);

/// The French national identity card before 2021: not an ICAO layout, its digits are computed alike.
const FR_ID: Layout = Layout {
    document_code: at(1, 1, 2),
    issuer: at(1, 3, 5),
    name: at(1, 6, 30),
    given_names: Some(at(2, 14, 27)),
    document_number: Checked { field: at(2, 1, 12), digit: at(2, 13, 13) },
    nationality: None,
    birth_date: Checked { field: at(2, 28, 33), digit: at(2, 34, 34) },
    sex: at(2, 35, 35),
    expiry_date: None,
    optional: Some(at(1, 31, 36)),
    personal_number_digit: None,
    optional_2: None,
    composite: Some(Composite { covers: &[at(1, 1, 36), at(2, 1, 35)], digit: at(2, 36, 36) }),
    long_number: false,
};

impl Format {
    /// Where this layout's fields stand.
    #[must_use]
    pub const fn layout(self) -> &'static Layout {
        match self {
            Self::Td1 => &TD1,
            Self::Td2 => &TD2,
            Self::Td3 => &TD3,
            Self::MrvA => &MRV_A,
            Self::MrvB => &MRV_B,
            Self::FrId => &FR_ID,
        }
    }

    /// The layout of rows by their number, length and first characters. `None` if no layout has such rows.
    #[must_use]
    pub fn of_rows(rows: &[&str]) -> Option<Self> {
        let first = rows.first()?;
        let width = first.len();
        if rows.iter().any(|row| row.len() != width) {
            return None;
        }
        match (rows.len(), width) {
            (3, 30) => Some(Self::Td1),
            (2, 44) if first.starts_with('V') => Some(Self::MrvA),
            (2, 44) => Some(Self::Td3),
            (2, 36) if first.starts_with('V') => Some(Self::MrvB),
            (2, 36) if first.starts_with("IDFRA") => Some(Self::FrId),
            (2, 36) => Some(Self::Td2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mrz::Format;

    #[test]
    fn every_span_lies_inside_its_rows() {
        for format in Format::ALL {
            let (lines, width) = format.size();
            let layout = format.layout();
            let mut spans = vec![layout.document_code, layout.issuer, layout.name, layout.sex];
            for checked in [Some(layout.document_number), Some(layout.birth_date), layout.expiry_date] {
                spans.extend(checked.into_iter().flat_map(|c| [c.field, c.digit]));
            }
            spans.extend(layout.composite.into_iter().flat_map(|c| c.covers.iter().copied().chain([c.digit])));
            for s in spans.into_iter().chain(layout.optional).chain(layout.optional_2).chain(layout.nationality) {
                assert!(s.line < lines && s.start < s.end && s.end <= width, "{}: {s:?}", format.name());
            }
        }
    }
}
