//! The vocabulary of a read document: what the rest of the product calls things.
//!
//! Names and value lists are those of the command contract (`docs/reading.md`); code, screens and tests take their
//! words from here.

use verification_api::personal::PersonalText;

/// What a document is; [`DocumentType::name`] is its word on the wire and in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentType {
    Passport,
    PassportCard,
    PermanentResidentCard,
    EmploymentAuthorization,
    Visa,
    ReentryPermit,
    RefugeeTravelDocument,
    DriverLicence,
    NationalId,
    CrewCertificate,
    EmergencyTravelDocument,
    Other,
}

impl DocumentType {
    pub const ALL: [Self; 12] = [
        Self::Passport,
        Self::PassportCard,
        Self::PermanentResidentCard,
        Self::EmploymentAuthorization,
        Self::Visa,
        Self::ReentryPermit,
        Self::RefugeeTravelDocument,
        Self::DriverLicence,
        Self::NationalId,
        Self::CrewCertificate,
        Self::EmergencyTravelDocument,
        Self::Other,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::PassportCard => "passport_card",
            Self::PermanentResidentCard => "permanent_resident_card",
            Self::EmploymentAuthorization => "employment_authorization",
            Self::Visa => "visa",
            Self::ReentryPermit => "reentry_permit",
            Self::RefugeeTravelDocument => "refugee_travel_document",
            Self::DriverLicence => "driver_licence",
            Self::NationalId => "national_id",
            Self::CrewCertificate => "crew_certificate",
            Self::EmergencyTravelDocument => "emergency_travel_document",
            Self::Other => "other",
        }
    }
}

/// Sex as printed: `X` is a named deviation in a zone (ICAO 9303-5 §4.2.2 note f); `<` is `None` in [`Document`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    F,
    M,
    X,
}

impl Sex {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::M => "M",
            Self::X => "X",
        }
    }
}

/// One document as read and understood. Dates are ISO text with `--` for unknown parts (`1974-05---`); a member the
/// document does not have is `None`.
#[derive(Clone)]
pub struct Document {
    pub document_type: DocumentType,
    pub document_number: Option<PersonalText>,
    /// ICAO 9303-3 §4.6: what comes before `<<`.
    pub primary_identifier: Option<PersonalText>,
    /// What comes after `<<`; `None` when the zone has no `<<`.
    pub secondary_identifier: Option<PersonalText>,
    /// A letter in the last position of the name field: assume that the name was truncated.
    pub name_truncated: bool,
    /// Issuing state or organisation, ICAO three-letter code without fillers (`D` for Germany).
    pub issuer: Option<PersonalText>,
    /// `None` where the document's profile says that the field holds the country of birth.
    pub nationality: Option<PersonalText>,
    pub birth_country: Option<PersonalText>,
    pub birth_date: Option<PersonalText>,
    pub sex: Option<Sex>,
    pub expiry_date: Option<PersonalText>,
    /// `A` + nine digits, on the US documents whose document number it is.
    pub a_number: Option<PersonalText>,
    /// Card (receipt) number, where the optional data holds one.
    pub card_number: Option<PersonalText>,
    /// Utopia or a published specimen: the kiosk refuses these outside test mode.
    pub specimen: bool,
}
