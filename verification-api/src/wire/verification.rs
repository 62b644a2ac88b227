//! `PUT` and `GET /kiosk/v1/verifications/{id}`: an identifier and its backup code.

use super::Timestamp;
use crate::identifiers::WireIdentifier;
use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub visit: Uuid,
    pub identifier: WireIdentifier,
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Code))]
    pub code: PersonalText,
    pub purpose: Purpose,
    /// With `representative_access`, and only then: the representative's EOIR or bar number. The code is then the one
    /// that the holder of the identifier delegated to that representative.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, pattern = "^( *[A-Za-z0-9-]){1,32} *$"))]
    pub representative: Option<PersonalText>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::schema::OfficerSession>))]
    pub officer_session: Option<PersonalText>,
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Lane))]
    pub lane: String,
    pub device_time: Timestamp,
}

/// What a code is used for. A kiosk may say `inspection`, and `interview` with an officer's session; the other two belong to
/// the clients of those names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Inspection,
    Interview,
    OnlineFiling,
    RepresentativeAccess,
}

impl Purpose {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspection => "inspection",
            Self::Interview => "interview",
            Self::OnlineFiling => "online_filing",
            Self::RepresentativeAccess => "representative_access",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerificationResult {
    Verified,
    NotVerified,
}

impl VerificationResult {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NotVerified => "not_verified",
        }
    }
}

/// Whether the record lets its holder go on, or asks for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    Clear,
    Refer,
}

/// `holder` and `record` come only with `verified` and a live officer's session, `record_status` only with `verified`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerificationReply {
    pub result: VerificationResult,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_status: Option<RecordStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holder {
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub primary_identifier: PersonalText,
    #[serde(with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub secondary_identifier: Option<PersonalText>,
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub birth_date: PersonalText,
}

/// The document that the record is about: its type's name, and its state as in inspections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    pub r#type: String,
    pub status: String,
}

/// What a `GET` answers with 200: the stored reply, or, after that was purged, the result alone and `purged: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settlement {
    pub result: VerificationResult,
    #[serde(default)]
    pub purged: bool,
}
