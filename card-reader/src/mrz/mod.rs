//! The machine-readable zone as text: layouts, check digits, parsing and writing (ICAO Doc 9303 parts 3 to 7).

mod check_digit;
mod layout;
mod names;
mod parse;
mod rows;
#[cfg(test)]
mod vectors;
mod write;

pub use crate::date::{Date, PartialDate, TwoDigitDate};
pub use check_digit::{check_digit, value};
pub use layout::{Checked, Composite, Layout, Span};
pub use names::ZoneName;
pub use parse::{parse, parse_lines};
pub use rows::normalise;
pub use write::{Content, Unwritable, write};

use crate::document::Sex;
use verification_api::personal::PersonalText;

/// Layout of a zone; [`Format::name`] is its word in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Td1,
    Td2,
    Td3,
    MrvA,
    MrvB,
    /// French national identity card, 2×36, not an ICAO layout.
    FrId,
}

impl Format {
    pub const ALL: [Self; 6] = [Self::Td1, Self::Td2, Self::Td3, Self::MrvA, Self::MrvB, Self::FrId];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
            Self::MrvA => "MRV-A",
            Self::MrvB => "MRV-B",
            Self::FrId => "FR-ID",
        }
    }

    /// (lines, characters in a line).
    #[must_use]
    pub const fn size(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 | Self::MrvB | Self::FrId => (2, 36),
            Self::Td3 | Self::MrvA => (2, 44),
        }
    }
}

/// A field that has a check digit of its own, or the composite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckField {
    DocumentNumber,
    BirthDate,
    ExpiryDate,
    PersonalNumber,
    Composite,
}

impl CheckField {
    pub const ALL: [Self; 5] =
        [Self::DocumentNumber, Self::BirthDate, Self::ExpiryDate, Self::PersonalNumber, Self::Composite];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DocumentNumber => "document_number",
            Self::BirthDate => "birth_date",
            Self::ExpiryDate => "expiry_date",
            Self::PersonalNumber => "personal_number",
            Self::Composite => "composite",
        }
    }
}

/// What a check digit says of its field. A digit that the layout lacks has no entry at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Ok,
    Disagrees,
    /// The layout has the digit, but field and digit are all fillers.
    Absent,
}

impl Verdict {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Disagrees => "disagrees",
            Self::Absent => "absent",
        }
    }
}

/// One check digit's verdict. `printed` and `computed` are single characters of the zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Check {
    pub field: CheckField,
    pub verdict: Verdict,
    pub printed: char,
    pub computed: char,
}

/// The rows of a zone as printed, personal by nature.
pub type Lines = Vec<PersonalText>;

/// A zone that has the shape of a layout: what it says, and what its check digits say of that.
#[derive(Clone)]
pub struct Mrz {
    pub format: Format,
    pub lines: Lines,
    /// One for each digit that the layout has, in the order of [`CheckField`].
    pub checks: Vec<Check>,
    pub fields: Fields,
}

impl Mrz {
    /// Every digit that the layout has agrees, or its field is empty.
    #[must_use]
    pub fn all_agree(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Disagrees)
    }
}

/// The fields as printed, without fillers; what each *means* is the profile's business ([`crate::profiles`]).
#[derive(Clone)]
pub struct Fields {
    /// `P`, `PP`, `C1`, `VN` …
    pub document_code: String,
    /// ICAO code without fillers: `USA`, `D`.
    pub issuer: String,
    pub document_number: Option<PersonalText>,
    pub name: ZoneName,
    pub nationality: Option<PersonalText>,
    pub birth_date_raw: PersonalText,
    /// In the latest century that is not in the future; `None` if the six characters are no date.
    pub birth_date: Option<PartialDate>,
    pub sex: Option<Sex>,
    /// `None` where the layout has no expiry date.
    pub expiry_date_raw: Option<PersonalText>,
    /// `None` also where the zone says `<<<<<<` or no date.
    pub expiry_date: Option<PartialDate>,
    /// Before birth, or more than fifty years ahead: probably another century.
    pub expiry_doubtful: bool,
    /// Optional data without what a long document number took of it; the personal number of a TD3.
    pub optional: Option<PersonalText>,
    /// Second optional data of a TD1.
    pub optional_2: Option<PersonalText>,
}

/// Text that is no zone: which line and column, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Malformed {
    /// Counted from 1; `None` when the text as a whole is wrong.
    pub line: Option<usize>,
    /// Counted from 1.
    pub column: Option<usize>,
    what: String,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.what),
            _ => f.write_str(&self.what),
        }
    }
}

impl Malformed {
    /// `line` and `column` counted from 0.
    fn at(line: usize, column: usize, what: String) -> Self {
        Self { line: Some(line + 1), column: Some(column + 1), what }
    }

    fn whole(what: String) -> Self {
        Self { line: None, column: None, what }
    }
}
