//! The wire between kiosk and service: JSON over mutual TLS 1.3, version 1.
//!
//! An unknown member of a request is refused; replies may grow members. Members that may hold a person's data are
//! [`PersonalText`](crate::personal::PersonalText). Times are RFC 3339 UTC with milliseconds, see [`Timestamp`]; `visit` and every id in a
//! path are UUIDv7. Every reply carries `checkpoint` (of the audit log; the empty string until that log exists) and
//! `server_time`.

mod certificate;
mod document;
mod inspection;
mod officer;
mod policy;
mod problem;
mod referral;
#[cfg(feature = "openapi")]
pub mod schema;
mod technician;
mod timestamp;
mod verification;

pub use certificate::{CertificateReply, CertificateRequest, EnrolReply, EnrolRequest};
pub use document::{Check, CheckField, Document, DocumentType, How, Reading, Sex, Verdict};
pub use inspection::{DocumentMember, DocumentStatus, InspectionReply, InspectionRequest, RecordFound};
pub use officer::{
    KioskSignature, OFFICER_PIN, OverrideReason, OverrideReply, OverrideRequest, SignInReply, SignInRequest,
    TECHNICIAN_PIN, override_signed_bytes,
};
pub use policy::{
    AssistanceRequest, DeviceHealth, DeviceState, HealthReply, HeartbeatRequest, JournalHead, Policy, Timers,
    WhoMustAct,
};
pub use problem::{Problem, ProblemType};
pub use referral::{
    ClosedRequest, OpenedReferral, ReferralCode, ReferralOutcome, ReferralReason, ReferralRequest, ReferredInspection,
    ReferredVerification, VerificationOutcome,
};
pub use technician::{CREDENTIAL_PREFIX, CredentialError, TechnicianCredential, split_credential};
pub use timestamp::Timestamp;
pub use verification::{
    Holder, Purpose, Record, RecordStatus, Settlement, VerificationReply, VerificationRequest, VerificationResult,
};

use serde::{Deserialize, Serialize};

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Bodies of replies to verifications are padded with blanks to a multiple of this.
pub const PADDING: usize = 1024;

/// The header that carries an officer's session where there is no body.
pub const OFFICER_SESSION_HEADER: &str = "officer-session";

/// The header that carries the kiosk's signature over an override.
pub const KIOSK_SIGNATURE_HEADER: &str = "kiosk-signature";

/// The reply to a call that has nothing else to tell: it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    pub checkpoint: String,
    pub server_time: Timestamp,
}
