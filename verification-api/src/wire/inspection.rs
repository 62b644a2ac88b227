//! `PUT /kiosk/v1/inspections/{id}`: a read document against its record.

use super::{Check, Document, How, Timestamp};
use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InspectionRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub visit: Uuid,
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Lane))]
    pub lane: String,
    pub device_time: Timestamp,
    pub how: How,
    pub document: Document,
    pub checks: Vec<Check>,
    /// Where the document has a barcode too: whether it says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode_agrees: Option<bool>,
    /// Needed for `how: keyed`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::schema::OfficerSession>))]
    pub officer_session: Option<PersonalText>,
    /// A technician's test: nothing is stored but its audit row, and `record` is always `refer`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mock: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InspectionReply {
    pub record: RecordFound,
    pub document_status: DocumentStatus,
    /// Members of the document that the record contradicts.
    pub mismatch: Vec<DocumentMember>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordFound {
    Found,
    NotFound,
    Refer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    Valid,
    Expired,
    ReportedLost,
    /// No such document is recorded; the record was found by A-Number, or not at all.
    Unknown,
}

impl DocumentStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::ReportedLost => "reported_lost",
            Self::Unknown => "unknown",
        }
    }
}

/// Members of [`Document`] that can contradict the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(description = "Members of a document that can contradict the record."))]
#[serde(rename_all = "snake_case")]
pub enum DocumentMember {
    PrimaryIdentifier,
    SecondaryIdentifier,
    BirthDate,
}

const fn is_false(value: &bool) -> bool {
    !*value
}
