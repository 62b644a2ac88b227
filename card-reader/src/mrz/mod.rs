//! The machine-readable zone as text: layouts, check digits, parsing and writing (ICAO Doc 9303 parts 3 to 7).

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
