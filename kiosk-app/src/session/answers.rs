//! What the record service and the officer's desk say to a visit, in the kiosk's own words.

use verification_api::personal::PersonalText;

/// What the record service says of a document.
#[derive(Clone)]
pub struct RecordAnswer {
    pub record: Record,
    pub document_status: DocumentStatus,
    /// Members of the document that the record does not agree with.
    pub mismatch: Vec<String>,
    /// Where to walk, if the service says so.
    pub gate: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    Found,
    NotFound,
    Refer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentStatus {
    Valid,
    Expired,
    ReportedLost,
    Unknown,
}

/// What the service says of a backup code.
#[derive(Clone)]
pub enum CodeAnswer {
    /// `clear` completes; `refer` does not.
    Verified {
        clear: bool,
        holder: Option<Holder>,
    },
    NotVerified,
}

/// Told only to an officer's session.
#[derive(Clone)]
pub struct Holder {
    pub primary_identifier: PersonalText,
    pub secondary_identifier: Option<PersonalText>,
    pub birth_date: PersonalText,
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallFailure {
    /// Refused before anything was decided (rate limit, role, quarantine, malformed): the outcome is known.
    Refused,
    /// The call never left: nothing happened.
    NotSent,
    /// It may or may not have happened; settled in the background, never honoured later.
    Unknown,
}

/// A stored referral opened by its reference: nothing to retype.
#[derive(Clone)]
pub struct OpenedReferral {
    pub visit: super::state::VisitId,
    pub reference: super::state::Reference,
    pub kiosk: String,
    pub lane: String,
    pub reason: String,
    /// Lines of the reading or of the guess, if there was one.
    pub lines: Vec<PersonalText>,
    /// (name, verdict) of each check digit.
    pub checks: Vec<(String, String)>,
    pub identifier: Option<PersonalText>,
    pub failure: Option<String>,
    /// What the record service said of the document, if it was asked: it binds this officer as it bound the first.
    pub inspection: Option<RecordAnswer>,
    pub verifications: Vec<String>,
}
