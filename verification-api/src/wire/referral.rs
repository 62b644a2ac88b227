//! Referrals: a visit handed over to an officer, opened at any kiosk by its reference, closed with an outcome.

use super::{DocumentMember, DocumentStatus, Reading, RecordFound, Timestamp};
use crate::identifiers::WireIdentifier;
use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `PUT /kiosk/v1/referrals/{visit}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReferralRequest {
    /// The kiosk's number, `-`, four symbols of the backup code's alphabet: `K07-7KQ2`.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Reference))]
    pub reference: String,
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Lane))]
    pub lane: String,
    pub reason: ReferralReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<WireIdentifier>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::schema::UuidV7>, max_items = 16))]
    pub verification_ids: Vec<Uuid>,
    /// An earlier hand-over of this visit that no longer holds (a document that had completed it was contradicted): nobody
    /// opens that one any more, whether it has been stored yet or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<super::schema::UuidV7>))]
    pub supersedes: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReferralReason {
    DocumentUnreadable,
    CheckDocument,
    CodeNotVerified,
    Technical,
    AskedForOfficer,
    /// A completed visit hands over too.
    Complete,
}

impl ReferralReason {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DocumentUnreadable => "document_unreadable",
            Self::CheckDocument => "check_document",
            Self::CodeNotVerified => "code_not_verified",
            Self::Technical => "technical",
            Self::AskedForOfficer => "asked_for_officer",
            Self::Complete => "complete",
        }
    }
}

/// `GET /kiosk/v1/referrals/by-reference/{reference}`: the referral as its kiosk stored it, and what the service knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenedReferral {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub visit: Uuid,
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Reference))]
    pub reference: String,
    pub lane: String,
    pub reason: ReferralReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<WireIdentifier>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::schema::UuidV7>))]
    pub verification_ids: Vec<Uuid>,
    /// Number of the kiosk that referred, `K07`.
    pub kiosk: String,
    pub verifications: Vec<ReferredVerification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<ReferredInspection>,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReferredVerification {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub id: Uuid,
    pub result: VerificationOutcome,
}

/// A verification as an officer sees it: also `unknown`, while its outcome is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerificationOutcome {
    Verified,
    NotVerified,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReferredInspection {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub id: Uuid,
    pub record: RecordFound,
    pub document_status: DocumentStatus,
    pub mismatch: Vec<DocumentMember>,
}

/// `PUT /kiosk/v1/referrals/{visit}/closed`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClosedRequest {
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::OfficerSession))]
    pub officer_session: PersonalText,
    pub outcome: ReferralOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ReferralCode>,
}

/// How an officer ended a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReferralOutcome {
    /// The failed scan was overridden; the override is a call of its own.
    Overridden,
    /// Referred to secondary, with a code.
    Secondary,
    /// The visit is over.
    Ended,
}

impl ReferralOutcome {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overridden => "overridden",
            Self::Secondary => "secondary",
            Self::Ended => "ended",
        }
    }
}

/// CBP Automated Passport Control service specification, referral codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReferralCode {
    /// Passage granted.
    PG,
    /// Enforcement; the reason is never shown to the traveler.
    ER,
    /// Random.
    RR,
    /// Declaration.
    DR,
    /// Not on the carrier's manifest.
    AP,
    /// Entry authorisation.
    EA,
    /// Biometric failure.
    BF,
    /// Check documents.
    CD,
    /// Technical.
    TR,
}

impl ReferralCode {
    pub const ALL: [Self; 9] =
        [Self::PG, Self::ER, Self::RR, Self::DR, Self::AP, Self::EA, Self::BF, Self::CD, Self::TR];

    /// The two letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PG => "PG",
            Self::ER => "ER",
            Self::RR => "RR",
            Self::DR => "DR",
            Self::AP => "AP",
            Self::EA => "EA",
            Self::BF => "BF",
            Self::CD => "CD",
            Self::TR => "TR",
        }
    }
}
