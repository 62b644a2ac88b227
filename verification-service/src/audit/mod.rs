//! The audit log: one row for each change, written in the change's own transaction.
//!
//! A row never holds a code, nor an identifier in clear: those appear as blind indexes. Within a second it is a leaf of
//! the [`log`](crate::log).

mod verify;

pub use verify::{AuditFault, AuditReport, verify};

use crate::app::App;
use crate::store::rows::NewAuditRow;
use crate::store::{Answer, Tx};
use verification_api::wire::Timestamp;

/// Who did it: an operator at the command line, a kiosk, someone signed in to the portal, or the service by itself.
#[derive(Clone, Copy, Debug)]
pub enum Actor {
    Operator,
    Kiosk(uuid::Uuid),
    /// A login of the portal.
    Account(uuid::Uuid),
    Service,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Kiosk(id) => write!(f, "kiosk:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// What happened; the name is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    AccountAdded,
    AccountInvited,
    AssistanceCalled,
    AssistanceClosed,
    BackupMade,
    CertificateRenewed,
    CodeDisabled,
    CodeMade,
    CodeRevoked,
    IndexKeyAdded,
    Inspection,
    KioskAdded,
    KioskInvited,
    KioskQuarantined,
    KioskReleased,
    KioskRevoked,
    LogKeyAdded,
    LogKeyChanged,
    MockInspection,
    OfficerAdded,
    OfficerDisabled,
    OfficerSignedIn,
    OfficerSignedOut,
    OfficerSignInFailed,
    Override,
    PepperAdded,
    /// What people do in the portal.
    Portal(crate::portal::activity::Deed),
    Purged,
    ReferralClosed,
    ReferralOpened,
    ReferralStored,
    Reindexed,
    Resealed,
    TechnicianIssued,
    TechnicianRevoked,
    ThrottleCleared,
    Verification,
}

impl Event {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountAdded => "account_added",
            Self::AccountInvited => "account_invited",
            Self::AssistanceCalled => "assistance_called",
            Self::AssistanceClosed => "assistance_closed",
            Self::BackupMade => "backup_made",
            Self::CertificateRenewed => "certificate_renewed",
            Self::CodeDisabled => "code_disabled",
            Self::CodeMade => "code_made",
            Self::CodeRevoked => "code_revoked",
            Self::IndexKeyAdded => "index_key_added",
            Self::Inspection => "inspection",
            Self::KioskAdded => "kiosk_added",
            Self::KioskInvited => "kiosk_invited",
            Self::KioskQuarantined => "kiosk_quarantined",
            Self::KioskReleased => "kiosk_released",
            Self::KioskRevoked => "kiosk_revoked",
            Self::LogKeyAdded => "log_key_added",
            Self::LogKeyChanged => "log_key_changed",
            Self::MockInspection => "mock_inspection",
            Self::OfficerAdded => "officer_added",
            Self::OfficerDisabled => "officer_disabled",
            Self::OfficerSignedIn => "officer_signed_in",
            Self::OfficerSignedOut => "officer_signed_out",
            Self::OfficerSignInFailed => "officer_sign_in_failed",
            Self::Override => "override",
            Self::PepperAdded => "pepper_added",
            Self::Portal(deed) => deed.name(),
            Self::Purged => "purged",
            Self::ReferralClosed => "referral_closed",
            Self::ReferralOpened => "referral_opened",
            Self::ReferralStored => "referral_stored",
            Self::Reindexed => "reindexed",
            Self::Resealed => "resealed",
            Self::TechnicianIssued => "technician_issued",
            Self::TechnicianRevoked => "technician_revoked",
            Self::ThrottleCleared => "throttle_cleared",
            Self::Verification => "verification",
        }
    }
}

/// Writes the row of what an operator did outside of the database, in a transaction of its own; `name` is the transaction's.
///
/// # Errors
/// Of the store.
pub async fn tell(
    app: &App,
    name: &'static str,
    event: Event,
    subject: &'static str,
    detail: serde_json::Value,
) -> Answer<()> {
    let now = app.now();
    let told = app.store.write(name, move |tx| {
        Box::pin(async move { append(tx, now, Actor::Operator, event, subject, &detail).await })
    });
    told.await.map(drop)
}

/// Appends a row in the open transaction; its sequence number.
///
/// # Errors
/// Of the store.
pub async fn append(
    tx: &mut Tx,
    now: Timestamp,
    actor: Actor,
    event: Event,
    subject: &str,
    detail: &serde_json::Value,
) -> Answer<i64> {
    let row = NewAuditRow {
        at: now.unix_millis(),
        actor: actor.to_string(),
        event: event.name(),
        subject: subject.to_owned(),
        detail: detail.to_string(),
    };
    tx.append_audit(&row).await
}
