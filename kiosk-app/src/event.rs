//! What can happen to the kiosk: touches, reader events, answers, time.

use crate::session::answers::{CallFailure, CodeAnswer, OpenedReferral, RecordAnswer};
use crate::session::state::{Contrast, IdentifierKind, Language, Reference, RequestId, TextSize, VisitId};
use crate::{diagnostics, officer};
use card_reader::reader;
use verification_api::personal::PersonalText;
use verification_api::wire::Timers;

/// Everything that [`crate::kiosk::Kiosk::step`] understands.
pub enum Event {
    Intent(Intent),
    Reader(reader::Event),
    Inspected {
        visit: VisitId,
        request: RequestId,
        answer: Result<RecordAnswer, CallFailure>,
    },
    Verified {
        visit: VisitId,
        request: RequestId,
        answer: Result<CodeAnswer, CallFailure>,
    },
    /// The service stored the referral, or says that the reference is taken, or did not answer yet.
    Handover {
        visit: VisitId,
        reference: Reference,
        answer: HandoverAnswer,
    },
    /// `/assistance` answered 2xx, or not.
    Assistance {
        visit: Option<VisitId>,
        called: bool,
    },
    Staff {
        staff: StaffId,
        answer: StaffAnswer,
    },
    /// The journal took the override, or could not.
    OverrideJournaled {
        visit: VisitId,
        written: bool,
    },
    Journal {
        writable: bool,
    },
    /// The service's `/policy`: groups of a code, times if the agency sets them, and the pseudonyms of officers who may not
    /// be signed in any more.
    Policy {
        code_groups: u8,
        timers: Option<Timers>,
        disabled_officers: Vec<String>,
    },
    /// The kiosk is quarantined or revoked, or taken back.
    Barred(bool),
    Diagnostics(diagnostics::Event),
    /// Any touch or key: resets the idle clocks.
    Activity,
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoverAnswer {
    Stored,
    ReferenceTaken,
    /// It has another one under the same id.
    IdConflict,
    NotStored,
}

/// One sign-in of an officer at this kiosk: answers to an earlier one are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StaffId(pub u64);

pub enum StaffAnswer {
    SignedIn {
        session: PersonalText,
        pseudonym: String,
        offline_since: Option<u64>,
    },
    /// Wrong badge or PIN, or locked: one wording.
    Refused,
    /// The service does not answer and there is no valid cached credential.
    Unavailable,
    /// The referral that was asked for by `asked`, as it was typed.
    Referral {
        asked: PersonalText,
        answer: Result<Box<OpenedReferral>, CallFailure>,
    },
}

/// What a person asks for by touch, key or badge.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    /// Attract: touched.
    Begin,
    ChooseLanguage(Language),
    SetTextSize(TextSize),
    SetContrast(Contrast),
    OpenHelp,
    OpenPrivacy,
    OpenSettings,
    CloseOverlay,
    CallOfficer,
    /// "Explain again" and "start over" end or restart the visit.
    StartOver,
    CannotUseCard,
    ConfirmYes,
    NotMe,
    Cancel,
    ChooseIdentifier(IdentifierKind),
    /// A key of the on-screen keypad, in whichever field is open.
    Key(char),
    Delete,
    ClearGroup,
    /// Six groups instead of four, or back.
    OtherGroups,
    /// The way forward of the screen: check the number, confirm it, send the code.
    Forward,
    Back,
    NoCode,
    TryAgain,
    SeeOfficer,
    MoreTime,
    EndVisit,
    Finish,
    Officer(officer::Intent),
    Diagnostics(diagnostics::Intent),
}
