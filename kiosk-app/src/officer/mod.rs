//! The officer's desk: what an officer sees and can ask for, beside the visit. What happens there is in `step`, the
//! zone typed by hand in `keyed`.

mod keyed;
mod step;

pub(crate) use step::came_too_late;

use crate::event::StaffId;
use crate::session::answers::OpenedReferral;
use card_reader::mrz::{Check, Format};
use std::time::Duration;
use verification_api::personal::PersonalText;

/// Mode Officer: signing in, or at the desk.
pub struct Desk {
    pub staff: StaffId,
    pub page: Page,
    pub officer: Option<SignedIn>,
    /// Monotonic time of the last input: signed out two minutes after it.
    pub last_input: Duration,
    /// The last thing that did not work, in words for the officer; cleared by the next touch.
    pub notice: Option<Notice>,
    /// A referral of another kiosk, opened without a visit here.
    pub opened: Option<Box<OpenedReferral>>,
}

pub struct SignedIn {
    pub session: PersonalText,
    pub pseudonym: String,
    pub since: Duration,
    /// Signed in against the cached credential: unix seconds.
    pub offline_since: Option<u64>,
}

/// What the desk shows.
pub enum Page {
    SignIn(SignIn),
    /// The visit as it stands (or the opened referral): reading, verdicts, record, what can be done.
    Visit {
        reason: Option<OverrideReason>,
        note: PersonalText,
        /// An override is being written down: until that is answered nothing else is decided.
        waiting: bool,
    },
    /// The zone keyed in by hand, row by row.
    KeyIn(KeyIn),
    /// "Pull up the record": the visit's own Identifier, BackupCode and Verifying screens, then back to `Visit`.
    PullUp,
    Refer {
        code: Option<String>,
    },
    OpenReferral {
        typed: PersonalText,
        waiting: bool,
    },
    /// The card in a motorised reader. Keeping it is asked twice.
    Card {
        keep_asked: bool,
    },
}

impl Page {
    /// The visit, with nothing chosen yet.
    #[must_use]
    pub fn visit() -> Self {
        Self::Visit { reason: None, note: PersonalText::default(), waiting: false }
    }
}

pub struct SignIn {
    pub badge: PersonalText,
    pub pin: PersonalText,
    pub field: SignInField,
    pub waiting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignInField {
    Badge,
    Pin,
}

/// A zone typed by an officer, judged as it is typed.
pub struct KeyIn {
    pub format: Format,
    pub rows: Vec<PersonalText>,
    pub row: usize,
    /// Verdicts so far; the wrong group is marked.
    pub checks: Vec<Check>,
    /// Why the rows are not a zone yet; `None` once they are whole.
    pub malformed: Option<String>,
    pub waiting: bool,
}

/// Why a failed scan is overridden: the words of the wire.
pub use verification_api::wire::OverrideReason;

/// What an officer is told about the last thing that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    SignInRefused,
    SignInUnavailable,
    ReferralNotFound,
    ServiceUnavailable,
    /// The journal cannot be written: there is no override.
    JournalNotWritable,
    NoteRequired,
    OverrideNotOffered,
    /// The motorised reader was asked to move its card.
    CardAsked,
    CardOffered,
    CardKept,
}

/// What an officer asks for at the desk, or on the way to it.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    /// Long press in the corner: the sign-in screen.
    Enter,
    /// The tapped field of the sign-in screen.
    Field(SignInField),
    SignIn,
    SignOut,
    Retry,
    KeyIn,
    ChooseFormat(Format),
    /// The tapped row of the keyed zone.
    Row(usize),
    SubmitKeyed,
    ChooseReason(OverrideReason),
    Override,
    Refer,
    ChooseReferCode(String),
    SubmitRefer,
    PullUpRecord,
    OpenReferral,
    SubmitReference,
    CloseReferral,
    EndVisit,
    /// To the card in the motorised reader.
    Card,
    GiveCardBack,
    KeepCard,
    KeepCardSurely,
    /// Back to the visit page.
    Back,
    /// To the technician's sign-in.
    Technician,
}
