//! Where a visit can be, and what it holds there.

use super::answers::{CodeAnswer, RecordAnswer};
use card_reader::ocr::{Advice, Guess, Quad, Reason};
use card_reader::reader::{PresentationNo, Reading};
use std::time::Duration;
use uuid::Uuid;
use verification_api::personal::PersonalText;

/// One traveler from touch to wipe (UUIDv7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VisitId(pub Uuid);

/// One call to the service; the id of its PUT (UUIDv7), kept for settling an unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub Uuid);

/// `K07-4M2P`: the kiosk's number and four Crockford symbols. Not personal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference(pub String);

impl Reference {
    /// What a person types of a reference, as it is written: only what a reference is made of, in capitals.
    #[must_use]
    pub fn written(typed: &PersonalText) -> Self {
        let made_of = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        Self(typed.expose(|text| text.chars().filter(made_of).collect::<String>().to_ascii_uppercase()))
    }

    /// Whether a person who typed `typed` means this one.
    #[must_use]
    pub fn is_typed_as(&self, typed: &PersonalText) -> bool {
        Self::written(typed) == *self
    }
}

/// What a visit is doing. `since` and `until` are monotonic times of this run of the program.
#[derive(Clone)]
pub enum State {
    Language,
    PresentDocument {
        advice: Option<Advice>,
        /// The zone found just now, for the outline in the preview.
        quad: Option<Quad>,
    },
    /// A document was sensed; the try ends with a read, its removal, or eight seconds.
    Reading {
        since: Duration,
        advice: Option<Advice>,
        quad: Option<Quad>,
    },
    ConfirmDocument,
    LookingUp {
        request: RequestId,
        since: Duration,
    },
    Identifier(IdentifierEntry),
    BackupCode(CodeEntry),
    Verifying {
        request: RequestId,
        since: Duration,
    },
    NotVerified,
    Complete {
        by: CompletedBy,
        since: Duration,
        /// Shown only once the service has stored the hand-over.
        reference: Option<Reference>,
    },
    Referred {
        reason: ReferralReason,
        since: Duration,
        reference: Reference,
    },
    /// The referral is not stored yet.
    Held {
        reason: ReferralReason,
        since: Duration,
        /// The first five seconds: "One moment, please"; then "Please stay here and ask an officer".
        storing: bool,
        /// `/assistance` answered 2xx.
        officer_called: bool,
    },
    StillThere {
        holds: Box<State>,
        until: Duration,
    },
}

/// A state without its contents: for tables, journals and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateKind {
    Language,
    PresentDocument,
    Reading,
    ConfirmDocument,
    LookingUp,
    Identifier,
    BackupCode,
    Verifying,
    NotVerified,
    Complete,
    Referred,
    Held,
    StillThere,
}

impl StateKind {
    pub const ALL: [Self; 13] = [
        Self::Language,
        Self::PresentDocument,
        Self::Reading,
        Self::ConfirmDocument,
        Self::LookingUp,
        Self::Identifier,
        Self::BackupCode,
        Self::Verifying,
        Self::NotVerified,
        Self::Complete,
        Self::Referred,
        Self::Held,
        Self::StillThere,
    ];
}

impl State {
    #[must_use]
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Language => StateKind::Language,
            Self::PresentDocument { .. } => StateKind::PresentDocument,
            Self::Reading { .. } => StateKind::Reading,
            Self::ConfirmDocument => StateKind::ConfirmDocument,
            Self::LookingUp { .. } => StateKind::LookingUp,
            Self::Identifier(_) => StateKind::Identifier,
            Self::BackupCode(_) => StateKind::BackupCode,
            Self::Verifying { .. } => StateKind::Verifying,
            Self::NotVerified => StateKind::NotVerified,
            Self::Complete { .. } => StateKind::Complete,
            Self::Referred { .. } => StateKind::Referred,
            Self::Held { .. } => StateKind::Held,
            Self::StillThere { .. } => StateKind::StillThere,
        }
    }
}

/// How a visit was completed; only the first two rest on an answer of the record service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletedBy {
    Document,
    Code,
    /// "An officer has checked your document", never "verified".
    Officer,
}

/// Why a visit is handed to an officer; for officers only, a traveler sees one neutral wording.
pub use verification_api::wire::ReferralReason;

/// Which number the traveler types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    ANumber,
    Receipt,
}

/// The number being typed.
#[derive(Clone)]
pub struct IdentifierEntry {
    pub kind: IdentifierKind,
    /// As typed, upper case, without blanks and dashes.
    pub typed: PersonalText,
    /// The canonical number, echoed in groups for confirming; `None` while typing.
    pub confirming: Option<PersonalText>,
    /// The last attempt to go on was not a number of this kind.
    pub refused: bool,
}

/// The code being typed, group by group.
#[derive(Clone)]
pub struct CodeEntry {
    /// 4 or 6.
    pub groups: u8,
    /// Closed groups whose check symbol is right: five symbols each.
    pub closed: Vec<PersonalText>,
    /// The open group: up to five symbols.
    pub open: PersonalText,
    /// The open group has five symbols and its check symbol disagrees: "check these 5".
    pub wrong: bool,
}

impl CodeEntry {
    #[must_use]
    pub fn new(groups: u8) -> Self {
        Self { groups, closed: Vec::new(), open: PersonalText::default(), wrong: false }
    }

    /// Every group is closed.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.closed.len() == usize::from(self.groups)
    }
}

/// The languages of the first release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// BCP 47 tag, also the name of the Fluent file.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language's own name.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    #[must_use]
    pub const fn right_to_left(self) -> bool {
        match self {
            Self::English | Self::Spanish => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TextSize {
    #[default]
    Normal,
    Large,
    Largest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Contrast {
    #[default]
    Normal,
    High,
    Dark,
}

/// What the traveler set for this visit; gone with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    pub language: Language,
    pub text_size: TextSize,
    pub contrast: Contrast,
}

/// What lies over the screen of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overlay {
    Help,
    Privacy,
    /// Language, text size and contrast.
    Settings,
}

/// The visit. Dropping it wipes everything of the traveler.
pub struct Session {
    pub id: VisitId,
    pub state: State,
    pub overlay: Option<Overlay>,
    pub settings: Settings,
    /// The newest presentation; reads of an older one are dropped.
    pub presentation: PresentationNo,
    /// Failed tries of reading, at most three.
    pub failed_tries: u8,
    /// Codes sent, at most three.
    pub codes_sent: u8,
    /// The one accepted reading.
    pub reading: Option<Reading>,
    /// The best guess of the last failed try, for the officer.
    pub guess: Option<Guess>,
    pub last_failure: Option<Reason>,
    /// What the record service said of the document.
    pub record: Option<RecordAnswer>,
    /// The identifier confirmed by the traveler, canonical.
    pub identifier: Option<(IdentifierKind, PersonalText)>,
    pub code_answer: Option<CodeAnswer>,
    pub verifications: Vec<RequestId>,
    /// What the hand-over is stored under: the visit's own id, unless an earlier one was taken back.
    pub handover: VisitId,
    /// The one that was taken back.
    pub taken_back: Option<VisitId>,
    /// Drawn for the hand-over; shown only once stored.
    pub reference: Option<Reference>,
    pub reference_stored: bool,
    /// Monotonic time of the last input of the traveler.
    pub last_input: Duration,
    /// "More time" was pressed this often.
    pub extensions: u32,
    pub officer_called: bool,
    /// An officer is signed in on this visit: its timers stand still and its reads need no confirming.
    pub with_officer: bool,
    /// Ended; the kiosk drops the value in the same step.
    pub over: bool,
}
