//! Rows as the domain sees them. Sealed members stay sealed here; only the domain opens them.

use crate::roles::Role;
use crate::secrets::{Blind, Tag};
use crate::store::statements::purge::Kind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use verification_api::wire::{
    DocumentMember, DocumentStatus, DocumentType, RecordFound, RecordStatus, VerificationResult,
};

/// A kiosk or another client, as listed.
#[derive(Clone, Debug)]
pub struct Kiosk {
    pub id: Uuid,
    pub role: Role,
    /// Of a kiosk its number, of another client its name.
    pub number: String,
    pub lane: String,
    pub added_at: i64,
    pub revoked_at: Option<i64>,
    pub quarantined_at: Option<i64>,
    pub last_seen: Option<i64>,
}

/// A traveler's call for an officer.
#[derive(Clone, Debug)]
pub struct AssistanceCall {
    pub id: i64,
    pub kiosk: Uuid,
    /// Of the kiosk.
    pub number: String,
    pub lane: String,
    pub at: i64,
    /// Whether it came out of a visit; else somebody touched "call an officer" on an idle kiosk.
    pub in_visit: bool,
    pub closed_at: Option<i64>,
}

/// A kiosk as its connection shows itself: what must be checked on every request.
#[derive(Clone, Debug)]
pub struct Peer {
    pub kiosk: Kiosk,
    /// The key is pinned and has not ended.
    pub pinned: bool,
    /// When the newest certificate of the key expires.
    pub not_after: i64,
    /// The client has a live key that is older than this one.
    pub supersedes: bool,
}

/// An invitation to enrol.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub number: String,
    pub lane: String,
    pub expires_at: i64,
    /// Who used it.
    pub kiosk: Option<Uuid>,
}

/// A pinned key.
#[derive(Clone, Debug)]
pub struct KioskKey {
    pub spki: [u8; 32],
    /// Uncompressed P-256 point.
    pub public_key: Vec<u8>,
    pub serial: Vec<u8>,
    pub not_before: i64,
    pub not_after: i64,
    pub ended_at: Option<i64>,
}

#[derive(Clone)]
pub struct Account {
    pub id: Uuid,
    /// Sealed for (account id, "name").
    pub name: Vec<u8>,
    /// Sealed for (account id, "birth_date").
    pub birth_date: Vec<u8>,
    pub record_status: RecordStatus,
    pub made_at: i64,
}

#[derive(Clone)]
pub struct NewIdentifier {
    pub blind: Blind,
    pub kind: &'static str,
    pub sealed: Vec<u8>,
}

#[derive(Clone)]
pub struct NewDocument {
    pub blind: Blind,
    pub kind: DocumentType,
    pub sealed: Vec<u8>,
    /// As recorded: never `unknown`.
    pub status: DocumentStatus,
}

#[derive(Clone)]
pub struct StoredDocument {
    /// Its blind index: under which key is seen when it was looked up.
    pub at: [u8; 32],
    pub account: Uuid,
    pub kind: String,
    /// Sealed for (account id, "document").
    pub sealed: Vec<u8>,
    /// As recorded; it may have expired since.
    pub status: DocumentStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeState {
    Active,
    Used,
    Replaced,
    Revoked,
    Disabled,
}

impl CodeState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Used => "used",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Used, Self::Replaced, Self::Revoked, Self::Disabled].into_iter().find(|s| s.name() == name)
    }
}

#[derive(Clone, Debug)]
pub struct Code {
    pub id: Uuid,
    pub account: Uuid,
    pub identifier: Blind,
    pub alg: String,
    pub salt: [u8; 16],
    pub tag: Tag,
    pub state: CodeState,
    pub version: i64,
    pub made_at: i64,
    pub expires_at: i64,
}

/// A lock that has not ended.
#[derive(Clone, Debug)]
pub struct Lock {
    /// `code` or `pin`.
    pub kind: String,
    /// A blind index, hex.
    pub subject: String,
    pub n: u32,
    pub until: i64,
}

/// Which PUT: one id may be used once in each scope of a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutKey {
    pub kiosk: Uuid,
    pub scope: &'static str,
    pub id: Uuid,
}

#[derive(Clone, Debug)]
pub struct Put {
    pub kind: String,
    pub body_mac: [u8; 32],
    pub owner: [u8; 16],
    pub begun_at: i64,
    pub charge: Option<Charged>,
    pub state: PutState,
}

#[derive(Clone, Debug)]
pub enum PutState {
    Pending,
    /// The reply is sealed for (kiosk, scope, id).
    Done {
        status: u16,
        reply: Vec<u8>,
    },
    Purged,
}

/// What the charge found, for the transaction that redeems, also after a take-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    pub locked: bool,
    /// Tries charged, this one included.
    pub n: u32,
    /// The newest code of the identifier and its version, if it was active.
    pub code: Option<(Uuid, i64)>,
}

#[derive(Clone, Debug)]
pub struct Verification {
    pub kiosk: Uuid,
    pub id: Uuid,
    pub visit: Uuid,
    pub identifier: Blind,
    pub code: Option<Uuid>,
    pub result: VerificationResult,
    pub purpose: &'static str,
    pub at: i64,
    pub audit_seq: i64,
}

#[derive(Clone, Debug)]
pub struct Inspection {
    pub kiosk: Uuid,
    pub id: Uuid,
    pub visit: Uuid,
    pub record: RecordFound,
    pub document_status: DocumentStatus,
    pub mismatch: Vec<DocumentMember>,
    pub at: i64,
    pub audit_seq: i64,
}

#[derive(Clone)]
pub struct Override {
    pub kiosk: Uuid,
    pub id: Uuid,
    pub visit: Uuid,
    pub officer: Option<String>,
    pub reason: &'static str,
    pub decided_at: i64,
    pub received_at: i64,
    pub flags: Vec<&'static str>,
    /// Sealed for (kiosk, id, "override").
    pub sealed: Vec<u8>,
    pub signature: String,
    pub audit_seq: i64,
}

#[derive(Clone)]
pub struct Referral {
    pub visit: Uuid,
    pub kiosk: Uuid,
    pub reference: String,
    /// Sealed for (visit, "referral").
    pub sealed: Vec<u8>,
    pub stored_at: i64,
    /// The earlier hand-over in whose place it stands.
    pub supersedes: Option<Uuid>,
}

#[derive(Clone, Debug)]
pub struct Officer {
    pub id: Uuid,
    /// Sealed for (id, "badge"); none of officers from before it was kept, until they sign in.
    pub sealed: Option<Vec<u8>>,
    /// Number of the index key under which the badge stands.
    pub index_kid: i64,
    pub salt: [u8; 16],
    pub tag: Tag,
    pub disabled: bool,
}

#[derive(Clone, Debug)]
pub struct OfficerSession {
    pub hash: [u8; 32],
    pub officer: Uuid,
    pub kiosk: Uuid,
    pub begun_at: i64,
    pub last_used: i64,
    pub ended_at: Option<i64>,
    pub officer_disabled_at: Option<i64>,
}

#[derive(Clone)]
pub struct Technician {
    pub id: Uuid,
    /// Sealed for (id, "technician").
    pub name: Vec<u8>,
    pub issued_at: i64,
    pub expires_at: i64,
}

/// What an audit row tells; the store gives it its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditRow {
    pub at: i64,
    pub actor: String,
    pub event: &'static str,
    pub subject: String,
    /// JSON.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub seq: i64,
    pub at: i64,
    pub actor: String,
    pub event: String,
    pub subject: String,
    pub detail: String,
    /// Its place in the log, once it is sealed.
    pub leaf: Option<i64>,
}

/// A stored decision and the audit row that must tell it.
#[derive(Clone, Debug)]
pub struct Decision {
    pub audit_seq: i64,
    pub event: &'static str,
    /// Kiosk and id.
    pub subject: String,
    /// When it was stored.
    pub at: i64,
    /// Members of the audit row's detail, as they must be.
    pub told: Vec<(&'static str, serde_json::Value)>,
}

/// An override as it is kept: what `audit verify` looks at.
#[derive(Clone)]
pub struct StoredOverride {
    pub kiosk: Uuid,
    pub id: Uuid,
    /// Sealed for (kiosk, id, "override").
    pub sealed: Vec<u8>,
    /// The header.
    pub signature: String,
    /// Of its audit row; none if that was purged.
    pub detail: Option<String>,
}

/// The newest tree of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Leaves.
    pub size: i64,
    /// Signed note.
    pub checkpoint: String,
}

/// A tile as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTile {
    pub level: i64,
    pub number: i64,
    pub hashes: Vec<u8>,
}

/// How many rows of each kind a purge took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub replies: i64,
    /// Of requests whose replies went long before.
    pub request_ids: i64,
    pub throttles: i64,
    pub pin_throttles: i64,
    pub rates: i64,
    pub failing_identifiers: i64,
    pub officer_sessions: i64,
    pub referrals: i64,
    pub referral_openings: i64,
    pub portal_sessions: i64,
    pub portal_invitations: i64,
    pub assistance_calls: i64,
    pub activity: i64,
    /// Copies of codes that have ended.
    pub locked_codes: i64,
    pub codes: i64,
    pub verifications: i64,
    pub inspections: i64,
    pub overrides: i64,
    pub audit: i64,
    /// Leaves of the log whose rows are gone, if some went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaves: Option<i64>,
    /// Likewise: the highest number of the rows that are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<i64>,
}

impl Purged {
    /// The count of one kind.
    pub const fn of(&mut self, kind: Kind) -> &mut i64 {
        match kind {
            Kind::Referral => &mut self.referrals,
            Kind::ReferralOpening => &mut self.referral_openings,
            Kind::Reply => &mut self.replies,
            Kind::PinThrottle => &mut self.pin_throttles,
            Kind::Rate => &mut self.rates,
            Kind::FailingIdentifier => &mut self.failing_identifiers,
            Kind::OfficerSession => &mut self.officer_sessions,
            Kind::PortalSession => &mut self.portal_sessions,
            Kind::PortalInvitation => &mut self.portal_invitations,
            Kind::AssistanceCall => &mut self.assistance_calls,
            Kind::Activity => &mut self.activity,
        }
    }

    /// Adds what a later transaction took away.
    pub fn add(&mut self, later: &Self) {
        let Self { replies, request_ids, throttles, pin_throttles, rates, failing_identifiers, .. } = later;
        let Self { officer_sessions, referrals, referral_openings, portal_sessions, portal_invitations, .. } = later;
        let Self { assistance_calls, activity, locked_codes, codes, verifications, inspections, overrides, .. } = later;
        let Self { audit, leaves, last_seq, .. } = later;
        for (sum, more) in [
            (&mut self.replies, replies),
            (&mut self.request_ids, request_ids),
            (&mut self.throttles, throttles),
            (&mut self.pin_throttles, pin_throttles),
            (&mut self.rates, rates),
            (&mut self.failing_identifiers, failing_identifiers),
            (&mut self.officer_sessions, officer_sessions),
            (&mut self.referrals, referrals),
            (&mut self.referral_openings, referral_openings),
            (&mut self.portal_sessions, portal_sessions),
            (&mut self.portal_invitations, portal_invitations),
            (&mut self.assistance_calls, assistance_calls),
            (&mut self.activity, activity),
            (&mut self.locked_codes, locked_codes),
            (&mut self.codes, codes),
            (&mut self.verifications, verifications),
            (&mut self.inspections, inspections),
            (&mut self.overrides, overrides),
            (&mut self.audit, audit),
        ] {
            *sum += more;
        }
        self.leaves = self.leaves.max(*leaves);
        self.last_seq = self.last_seq.max(*last_seq);
    }
}
