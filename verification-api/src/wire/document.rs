//! A read document as the wire and `kiosk-app read --json` show it: the members of `docs/commands.md`, null where absent.

use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
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

    /// The word on the wire.
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

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// Sex as printed; absent is null.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Sex {
    F,
    M,
    X,
}

/// One document. Dates are `1974-05-02` with `--` for unknown parts (`1974-05---`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub r#type: DocumentType,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub document_number: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub primary_identifier: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub secondary_identifier: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub issuer: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub nationality: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub birth_country: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub birth_date: Option<PersonalText>,
    #[serde(default)]
    pub sex: Option<Sex>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub expiry_date: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub a_number: Option<PersonalText>,
    #[serde(default, with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub card_number: Option<PersonalText>,
}

impl Document {
    /// A document of which only the type is known.
    #[must_use]
    pub const fn empty(r#type: DocumentType) -> Self {
        Self {
            r#type,
            document_number: None,
            primary_identifier: None,
            secondary_identifier: None,
            issuer: None,
            nationality: None,
            birth_country: None,
            birth_date: None,
            sex: None,
            expiry_date: None,
            a_number: None,
            card_number: None,
        }
    }
}

/// How a document came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum How {
    Serial,
    Camera,
    /// Keyed in by an officer.
    Keyed,
}

/// Which check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckField {
    DocumentNumber,
    BirthDate,
    ExpiryDate,
    PersonalNumber,
    Composite,
}

/// What a check digit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Disagrees,
    /// The layout has the digit, but field and digit are all fillers.
    Absent,
}

/// One check digit's verdict; `printed` and `computed` where they disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub field: CheckField,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 1))]
    pub printed: Option<char>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 1))]
    pub computed: Option<char>,
}

/// A raw reading, unedited, as referrals and overrides carry it: the rows of a zone, or the payload of a barcode.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reading {
    pub source: How,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "personal::wire::list")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub lines: Vec<PersonalText>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub payload_hex: Option<PersonalText>,
    pub checks: Vec<Check>,
}
