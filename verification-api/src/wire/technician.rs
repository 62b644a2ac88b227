//! A technician's credential, a QR that opens diagnostics without a network:
//! `TC1:` + base64url(JSON) + `.` + base64url(Ed25519 over those JSON bytes), both without padding.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the text of the QR begins with.
pub const CREDENTIAL_PREFIX: &str = "TC1:";

/// The JSON inside. The PIN is checked as argon2id (v 0x13, 64 MiB, t = 3, p = 1, 32 bytes) of its ASCII digits with
/// `salt` and the secret input `technician_pepper`; the name is not in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TechnicianCredential {
    pub id: Uuid,
    pub expiry: Timestamp,
    /// 16 bytes, lower-case hex.
    pub salt: String,
    /// 32 bytes, lower-case hex.
    pub pin_hash: String,
}

/// A text that is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This is not a technician's credential (TC1)")]
pub struct CredentialError;

/// The two base64url parts of a credential: the JSON's and the signature's. Nothing is verified here.
///
/// # Errors
/// [`CredentialError`] for another prefix or another number of parts.
pub fn split_credential(text: &str) -> Result<(&str, &str), CredentialError> {
    let (json, signature) =
        text.strip_prefix(CREDENTIAL_PREFIX).and_then(|t| t.split_once('.')).ok_or(CredentialError)?;
    if json.is_empty() || signature.is_empty() || signature.contains('.') {
        Err(CredentialError)
    } else {
        Ok((json, signature))
    }
}
