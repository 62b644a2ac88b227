//! What is kept, behind one trait: named transactions over a [`Tx`], whose methods are single statements.
//!
//! The domain (`verify.rs`, `codes.rs`, …) is written against [`Tx`] alone, so that every engine runs the same rules.
//! [`sqlite`] is the embedded default.

pub mod rows;
pub mod sqlite;

use crate::secrets::{Blind, SealError};
use crate::throttle::{PinThrottle, Throttle};
use rows::{
    Account, AuditHead, AuditRow, Code, CodeState, Inspection, Kiosk, KioskKey, NewDocument, NewIdentifier, Officer,
    OfficerSession, Override, Peer, Purged, Put, PutKey, Referral, StoredDocument, Technician, Verification,
};
use std::future::Future;
use uuid::Uuid;
use verification_api::wire::VerificationResult;

/// Why the store did not do it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database holds a {0} that this program does not understand; was it made by a newer version?")]
    NotUnderstood(&'static str),
    #[error("the database was not written: {0}")]
    NotWritten(String),
    /// Another request took this one over; its transaction must not count.
    #[error("another request has taken this one over")]
    TakenOver,
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<crate::random::NoRandom> for StoreError {
    fn from(why: crate::random::NoRandom) -> Self {
        Self::Seal(why.into())
    }
}

/// The answer of a statement.
pub type Answer<T> = Result<T, StoreError>;

/// One open transaction. Every change is made together with its audit row, or not at all.
pub trait Tx: Send {
    // Kiosks
    fn peer(&mut self, kiosk: Uuid, spki: &[u8; 32]) -> impl Future<Output = Answer<Option<Peer>>> + Send;
    fn kiosks(&mut self) -> impl Future<Output = Answer<Vec<Kiosk>>> + Send;
    fn add_kiosk(&mut self, kiosk: &Kiosk, key: &KioskKey) -> impl Future<Output = Answer<bool>> + Send;
    fn revoke_kiosk(&mut self, kiosk: Uuid, now: i64) -> impl Future<Output = Answer<bool>> + Send;
    fn set_quarantine(&mut self, kiosk: Uuid, since: Option<i64>) -> impl Future<Output = Answer<bool>> + Send;
    fn kiosk_key(&mut self, kiosk: Uuid, spki: &[u8]) -> impl Future<Output = Answer<Option<KioskKey>>> + Send;
    fn revoked_keys(&mut self) -> impl Future<Output = Answer<Vec<(Vec<u8>, i64)>>> + Send;
    fn heartbeat(&mut self, kiosk: Uuid, now: i64, json: &str) -> impl Future<Output = Answer<()>> + Send;
    fn assistance(
        &mut self,
        kiosk: Uuid,
        now: i64,
        lane: &str,
        visit: Option<Uuid>,
    ) -> impl Future<Output = Answer<()>> + Send;

    // Accounts
    fn add_account(
        &mut self,
        account: &Account,
        identifiers: &[NewIdentifier],
        documents: &[NewDocument],
    ) -> impl Future<Output = Answer<bool>> + Send;
    fn account_of(&mut self, identifier: Blind) -> impl Future<Output = Answer<Option<Account>>> + Send;
    fn account(&mut self, id: Uuid) -> impl Future<Output = Answer<Option<Account>>> + Send;
    fn document(&mut self, document: Blind) -> impl Future<Output = Answer<Option<StoredDocument>>> + Send;
    fn documents_of(&mut self, account: Uuid) -> impl Future<Output = Answer<Vec<StoredDocument>>> + Send;

    // Codes
    fn newest_code(&mut self, identifier: Blind) -> impl Future<Output = Answer<Option<Code>>> + Send;
    fn add_code(&mut self, code: &Code) -> impl Future<Output = Answer<()>> + Send;
    /// Ends the active code of an identifier; false if there is none.
    fn end_code(&mut self, identifier: Blind, state: CodeState, now: i64) -> impl Future<Output = Answer<bool>> + Send;
    /// Uses the code up if it is still what it was; true if this changed exactly that row.
    fn use_code(&mut self, id: Uuid, version: i64, now: i64) -> impl Future<Output = Answer<bool>> + Send;

    // Throttles
    fn throttle(&mut self, identifier: Blind) -> impl Future<Output = Answer<Throttle>> + Send;
    fn set_throttle(&mut self, identifier: Blind, state: Throttle) -> impl Future<Output = Answer<()>> + Send;
    fn pin_throttle(&mut self, subject: Blind) -> impl Future<Output = Answer<PinThrottle>> + Send;
    fn set_pin_throttle(&mut self, subject: Blind, state: PinThrottle) -> impl Future<Output = Answer<()>> + Send;
    fn arrival(&mut self, subject: &str) -> impl Future<Output = Answer<i64>> + Send;
    fn set_arrival(&mut self, subject: &str, arrival: i64) -> impl Future<Output = Answer<()>> + Send;
    /// Notes a failing identifier; how many distinct ones this kiosk has had since `since`.
    fn failing(
        &mut self,
        kiosk: Uuid,
        subject: Blind,
        now: i64,
        since: i64,
    ) -> impl Future<Output = Answer<u32>> + Send;

    // PUT once
    fn put(&mut self, key: &PutKey) -> impl Future<Output = Answer<Option<Put>>> + Send;
    fn add_put(&mut self, key: &PutKey, put: &Put) -> impl Future<Output = Answer<()>> + Send;
    fn take_over(&mut self, key: &PutKey, owner: &[u8; 16], now: i64) -> impl Future<Output = Answer<()>> + Send;
    /// Stores the reply; false if `owner` no longer owns the row.
    fn finish_put(
        &mut self,
        key: &PutKey,
        owner: &[u8; 16],
        status: u16,
        reply: &[u8],
    ) -> impl Future<Output = Answer<bool>> + Send;

    // What was decided
    fn add_verification(&mut self, row: &Verification) -> impl Future<Output = Answer<()>> + Send;
    fn verification(
        &mut self,
        kiosk: Uuid,
        id: Uuid,
    ) -> impl Future<Output = Answer<Option<VerificationResult>>> + Send;
    fn add_inspection(&mut self, row: &Inspection) -> impl Future<Output = Answer<()>> + Send;
    fn last_inspection(&mut self, kiosk: Uuid, visit: Uuid) -> impl Future<Output = Answer<Option<Inspection>>> + Send;
    fn add_override(&mut self, row: &Override) -> impl Future<Output = Answer<()>> + Send;

    // Referrals
    fn referral(&mut self, visit: Uuid) -> impl Future<Output = Answer<Option<Referral>>> + Send;
    fn referral_by_reference(&mut self, reference: &str) -> impl Future<Output = Answer<Option<Referral>>> + Send;
    /// False if another open referral has the reference.
    fn set_referral(&mut self, referral: &Referral) -> impl Future<Output = Answer<bool>> + Send;
    fn open_referral(
        &mut self,
        visit: Uuid,
        session: &[u8; 32],
        kiosk: Uuid,
        now: i64,
    ) -> impl Future<Output = Answer<()>> + Send;
    fn has_opened(&mut self, visit: Uuid, session: &[u8; 32]) -> impl Future<Output = Answer<bool>> + Send;
    fn delete_referral(&mut self, visit: Uuid) -> impl Future<Output = Answer<()>> + Send;

    // Officers and technicians
    fn officer(&mut self, badge: Blind) -> impl Future<Output = Answer<Option<Officer>>> + Send;
    fn add_officer(&mut self, badge: Blind, officer: &Officer, now: i64) -> impl Future<Output = Answer<bool>> + Send;
    fn disable_officer(&mut self, badge: Blind, now: i64) -> impl Future<Output = Answer<Option<Uuid>>> + Send;
    fn disabled_officers(&mut self) -> impl Future<Output = Answer<Vec<String>>> + Send;
    fn add_session(&mut self, session: &OfficerSession) -> impl Future<Output = Answer<()>> + Send;
    fn session(&mut self, hash: &[u8; 32]) -> impl Future<Output = Answer<Option<OfficerSession>>> + Send;
    fn touch_session(&mut self, hash: &[u8; 32], now: i64) -> impl Future<Output = Answer<()>> + Send;
    fn end_session(&mut self, hash: &[u8; 32], now: i64) -> impl Future<Output = Answer<()>> + Send;
    /// Whether the officer signed in at the kiosk between the two times.
    fn signed_in(
        &mut self,
        officer: Uuid,
        kiosk: Uuid,
        from: i64,
        to: i64,
    ) -> impl Future<Output = Answer<bool>> + Send;
    fn add_technician(&mut self, technician: &Technician) -> impl Future<Output = Answer<()>> + Send;
    fn revoke_technician(&mut self, id: Uuid, now: i64) -> impl Future<Output = Answer<bool>> + Send;
    fn revoked_technicians(&mut self, now: i64) -> impl Future<Output = Answer<Vec<Uuid>>> + Send;

    // Audit and upkeep
    fn audit_head(&mut self) -> impl Future<Output = Answer<AuditHead>> + Send;
    fn append_audit(&mut self, row: &AuditRow) -> impl Future<Output = Answer<()>> + Send;
    fn audit_rows(&mut self, from_seq: i64, limit: i64) -> impl Future<Output = Answer<Vec<AuditRow>>> + Send;
    /// Rows of decisions, as (audit sequence, event, what the audit row's subject must be, code used up).
    fn decisions(&mut self) -> impl Future<Output = Answer<Vec<rows::Decision>>> + Send;
    fn used_codes(&mut self) -> impl Future<Output = Answer<Vec<Uuid>>> + Send;
    fn purge(&mut self, before: &Purged, now: i64) -> impl Future<Output = Answer<Purged>> + Send;
}
