//! Officers: sign-in and overrides.

use super::{Reading, Timestamp};
use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Digits of an officer's PIN: as few as NIST SP 800-63B allows, as many as a kiosk's keypad takes.
pub const OFFICER_PIN: RangeInclusive<usize> = 6..=12;
/// Digits of a technician's PIN, which is checked offline.
pub const TECHNICIAN_PIN: RangeInclusive<usize> = 8..=16;

/// `POST /kiosk/v1/officers/sign-in`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64))]
    pub badge: PersonalText,
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64))]
    pub pin: PersonalText,
}

/// The session ends 5 min after its last use; `expires_at` is its end if it is not used again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInReply {
    /// 128 bits, hex.
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::OfficerSession))]
    pub officer_session: PersonalText,
    /// The officer's pseudonym: for the journal, and for `officer` of an override made offline.
    pub officer: String,
    pub expires_at: Timestamp,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

/// `PUT /kiosk/v1/overrides/{id}`, signed: see [`override_signed_bytes`]. Either `officer_session`, or `officer` and
/// `offline_since`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(description = "Either `officer_session`, or `officer` and `offline_since` for a decision made offline.")
)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::UuidV7))]
    pub visit: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub officer_session: Option<PersonalText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_since: Option<Timestamp>,
    pub decided_at: Timestamp,
    pub reason: OverrideReason,
    /// Required with the reason `other`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "personal::wire::option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub note: Option<PersonalText>,
    pub reading: Reading,
}

/// Why a failed scan is overridden; a note is required only for `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverrideReason {
    WornDocument,
    NameMisread,
    ReaderFault,
    Other,
}

impl OverrideReason {
    pub const ALL: [Self; 4] = [Self::WornDocument, Self::NameMisread, Self::ReaderFault, Self::Other];

    /// The word on the wire and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WornDocument => "worn_document",
            Self::NameMisread => "name_misread",
            Self::ReaderFault => "reader_fault",
            Self::Other => "other",
        }
    }
}

/// Stored. `flagged`: the officer's session could not be confirmed for the moment of the decision, and a person looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OverrideReply {
    pub flagged: bool,
    pub checkpoint: String,
    pub server_time: Timestamp,
}

/// What a kiosk signs (ECDSA P-256, SHA-256): the override's id in its hyphenated lower-case form, a line feed, the body.
#[must_use]
pub fn override_signed_bytes(id: Uuid, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(37 + body.len());
    bytes.extend_from_slice(id.hyphenated().to_string().as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

/// The header `Kiosk-Signature: SPKI-SHA256-hex:base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KioskSignature {
    /// SHA-256 of the DER of the signing key's SubjectPublicKeyInfo, lower-case hex.
    pub spki_sha256: String,
    /// Base64 of the signature, ASN.1 DER (or the 64 bytes r ‖ s).
    pub signature: String,
}

impl KioskSignature {
    /// The two parts; `None` if it is not of this form.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (spki, signature) = header.split_once(':')?;
        let hex = spki.len() == 64 && spki.bytes().all(|b| b.is_ascii_hexdigit());
        (hex && !signature.is_empty())
            .then(|| Self { spki_sha256: spki.to_ascii_lowercase(), signature: signature.to_owned() })
    }

    /// The header's value.
    #[must_use]
    pub fn header(&self) -> String {
        format!("{}:{}", self.spki_sha256, self.signature)
    }
}
