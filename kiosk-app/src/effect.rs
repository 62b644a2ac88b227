//! What the pure core wants done. The shell (`app/perform.rs`) does it; nothing else does.

use crate::diagnostics;
use crate::event::StaffId;
use crate::session::state::{IdentifierKind, Reference, ReferralReason, RequestId, VisitId};
use card_reader::document::Document;
use card_reader::mrz::Check;
use card_reader::reader::{Accept, DeviceId, PresentationNo, Source};
use verification_api::personal::PersonalText;
use verification_api::wire::ReferralOutcome;

/// One thing that the core wants done; its answer, if it has one, comes back as an [`crate::event::Event`].
pub enum Effect {
    Arm {
        presentation: PresentationNo,
        accept: Accept,
    },
    /// Arms a device that has come back for the running presentation, the others undisturbed.
    Join {
        presentation: PresentationNo,
        device: DeviceId,
    },
    Disarm,
    Preview(bool),
    /// Have the record service check a document.
    Inspect(Box<Inspection>),
    /// Have it check a backup code.
    Verify(Box<Verification>),
    /// Store the referral (or the hand-over of a completed visit); retried by the shell until stored or the visit's
    /// retention ends.
    Handover(Box<Handover>),
    /// The same for a visit that is over and was handed over as complete, which it is not: without anything of the
    /// traveler, also over a restart.
    TakeBack(Box<Handover>),
    Assist {
        visit: Option<VisitId>,
    },
    SignIn {
        staff: StaffId,
        badge: PersonalText,
        pin: PersonalText,
    },
    /// Ends the officer's session; first closes the referral that was dealt with under it, which needs the session.
    SignOut {
        session: PersonalText,
        closing: Option<Closing>,
    },
    OpenReferral {
        staff: StaffId,
        session: PersonalText,
        reference: PersonalText,
    },
    /// Kept sealed, journaled, then sent.
    Override(Box<Override>),
    Journal(Entry),
    /// The visit is over: drop what the shell still holds of it (preview, stages, speech, pending requests' bodies).
    Wipe {
        visit: VisitId,
    },
    /// A motorised reader gives its card back or, if `keep`, puts it into its bin.
    MoveCard {
        device: DeviceId,
        keep: bool,
    },
    /// The program starts itself anew: something in it cannot be mended otherwise. Only between visits.
    Restart,
    Diagnostics(diagnostics::Effect),
}

/// The body of `PUT /kiosk/v1/inspections/{id}` in the kiosk's words.
pub struct Inspection {
    pub visit: VisitId,
    pub request: RequestId,
    pub how: Source,
    pub document: Document,
    pub checks: Vec<Check>,
    pub barcode_agrees: Option<bool>,
    pub officer_session: Option<PersonalText>,
    pub mock: bool,
}

/// The body of `PUT /kiosk/v1/verifications/{id}`.
pub struct Verification {
    pub visit: VisitId,
    pub request: RequestId,
    pub kind: IdentifierKind,
    pub identifier: PersonalText,
    /// With its dashes and check symbols.
    pub code: PersonalText,
    pub officer_session: Option<PersonalText>,
}

/// The body of `PUT /kiosk/v1/referrals/{visit}`.
pub struct Handover {
    pub visit: VisitId,
    /// What it is stored under.
    pub id: VisitId,
    pub reference: Reference,
    pub reason: ReferralReason,
    pub reading: Option<HandedReading>,
    pub identifier: Option<(IdentifierKind, PersonalText)>,
    pub verifications: Vec<RequestId>,
    /// An earlier hand-over of this visit, which no longer holds.
    pub supersedes: Option<VisitId>,
}

impl Handover {
    /// The same, but for what was read and typed.
    #[must_use]
    pub fn without_traveler(&self) -> Self {
        Self {
            visit: self.visit,
            id: self.id,
            reference: self.reference.clone(),
            reason: self.reason,
            reading: None,
            identifier: None,
            verifications: self.verifications.clone(),
            supersedes: self.supersedes,
        }
    }
}

/// What was read, unedited.
#[derive(Clone)]
pub struct HandedReading {
    pub source: Source,
    pub lines: Vec<PersonalText>,
    pub checks: Vec<Check>,
    /// Accepted, or only the best guess of a failed try.
    pub accepted: bool,
}

/// The body of `PUT /kiosk/v1/referrals/{visit}/closed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub visit: VisitId,
    pub outcome: ReferralOutcome,
    /// A code of the referral vocabulary; only with `Secondary`.
    pub code: Option<String>,
}

/// An officer's decision about a failed scan.
pub struct Override {
    pub visit: VisitId,
    pub id: RequestId,
    pub officer_session: PersonalText,
    pub pseudonym: String,
    /// Unix seconds: signed in against a cached credential since then.
    pub offline_since: Option<u64>,
    pub reason: crate::officer::OverrideReason,
    pub note: Option<PersonalText>,
    pub reading: Option<HandedReading>,
}

/// One journal entry without its chain: never a name, number, date of birth or code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub event: JournalEvent,
    pub visit: Option<VisitId>,
    /// `traveler`, `officer`, `technician`, `system`.
    pub role: &'static str,
    /// Pseudonym of the officer or technician id; never a badge.
    pub actor: Option<String>,
    /// A word of a closed list (reason, outcome, fault); no free text.
    pub cause: Option<String>,
    pub must_act: MustAct,
}

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MustAct {
    Nobody,
    Traveler,
    Officer,
    Technician,
    Vendor,
}

impl MustAct {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Traveler => "traveler",
            Self::Officer => "officer",
            Self::Technician => "technician",
            Self::Vendor => "vendor",
        }
    }
}

/// The catalogue of journal events; [`JournalEvent::name`] is the word in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JournalEvent {
    KioskStarted,
    KioskStopped,
    VisitStarted,
    VisitCompleted,
    VisitReferred,
    VisitHeld,
    VisitTimedOut,
    VisitEnded,
    VisitAborted,
    DocumentRead,
    /// The zone, the barcodes or the seals of one document do not say the same.
    DocumentDisagrees,
    ReadFailed,
    RecordAnswered,
    RecordNotAnswered,
    CodeVerified,
    CodeNotVerified,
    CodeOutcomeUnknown,
    CodeUsedNotHonoured,
    OfficerSignedIn,
    OfficerRefused,
    OfficerSignedOut,
    OverrideDecided,
    ReferralOpened,
    ReferralClosed,
    AssistanceCalled,
    DeviceReady,
    DeviceLost,
    DeviceDegraded,
    /// It goes on without the fault that it had.
    DeviceWell,
    DeviceReplaced,
    CardNotTaken,
    /// Staff has a motorised reader give its card back or keep it.
    CardOrdered,
    CardCaptured,
    DecoderFailed,
    /// The program starts itself anew, between visits.
    RestartPlanned,
    OutOfService,
    BackInService,
    TechnicianEntered,
    TechnicianRefused,
    TechnicianLeft,
    SelfTestRun,
    /// The service's audit log is not what it was.
    LogAlarm,
}

impl JournalEvent {
    pub const ALL: [Self; 42] = [
        Self::KioskStarted,
        Self::KioskStopped,
        Self::VisitStarted,
        Self::VisitCompleted,
        Self::VisitReferred,
        Self::VisitHeld,
        Self::VisitTimedOut,
        Self::VisitEnded,
        Self::VisitAborted,
        Self::DocumentRead,
        Self::DocumentDisagrees,
        Self::ReadFailed,
        Self::RecordAnswered,
        Self::RecordNotAnswered,
        Self::CodeVerified,
        Self::CodeNotVerified,
        Self::CodeOutcomeUnknown,
        Self::CodeUsedNotHonoured,
        Self::OfficerSignedIn,
        Self::OfficerRefused,
        Self::OfficerSignedOut,
        Self::OverrideDecided,
        Self::ReferralOpened,
        Self::ReferralClosed,
        Self::AssistanceCalled,
        Self::DeviceReady,
        Self::DeviceLost,
        Self::DeviceDegraded,
        Self::DeviceWell,
        Self::DeviceReplaced,
        Self::CardNotTaken,
        Self::CardOrdered,
        Self::CardCaptured,
        Self::DecoderFailed,
        Self::RestartPlanned,
        Self::OutOfService,
        Self::BackInService,
        Self::TechnicianEntered,
        Self::TechnicianRefused,
        Self::TechnicianLeft,
        Self::SelfTestRun,
        Self::LogAlarm,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KioskStarted => "kiosk_started",
            Self::KioskStopped => "kiosk_stopped",
            Self::VisitStarted => "visit_started",
            Self::VisitCompleted => "visit_completed",
            Self::VisitReferred => "visit_referred",
            Self::VisitHeld => "visit_held",
            Self::VisitTimedOut => "visit_timed_out",
            Self::VisitEnded => "visit_ended",
            Self::VisitAborted => "visit_aborted",
            Self::DocumentRead => "document_read",
            Self::DocumentDisagrees => "document_disagrees",
            Self::ReadFailed => "read_failed",
            Self::RecordAnswered => "record_answered",
            Self::RecordNotAnswered => "record_not_answered",
            Self::CodeVerified => "code_verified",
            Self::CodeNotVerified => "code_not_verified",
            Self::CodeOutcomeUnknown => "code_outcome_unknown",
            Self::CodeUsedNotHonoured => "code_used_not_honoured",
            Self::OfficerSignedIn => "officer_signed_in",
            Self::OfficerRefused => "officer_refused",
            Self::OfficerSignedOut => "officer_signed_out",
            Self::OverrideDecided => "override_decided",
            Self::ReferralOpened => "referral_opened",
            Self::ReferralClosed => "referral_closed",
            Self::AssistanceCalled => "assistance_called",
            Self::DeviceReady => "device_ready",
            Self::DeviceLost => "device_lost",
            Self::DeviceDegraded => "device_degraded",
            Self::DeviceWell => "device_well",
            Self::DeviceReplaced => "device_replaced",
            Self::CardNotTaken => "card_not_taken",
            Self::CardOrdered => "card_ordered",
            Self::CardCaptured => "card_captured",
            Self::DecoderFailed => "decoder_failed",
            Self::RestartPlanned => "restart_planned",
            Self::OutOfService => "out_of_service",
            Self::BackInService => "back_in_service",
            Self::TechnicianEntered => "technician_entered",
            Self::TechnicianRefused => "technician_refused",
            Self::TechnicianLeft => "technician_left",
            Self::SelfTestRun => "self_test_run",
            Self::LogAlarm => "log_alarm",
        }
    }
}
