//! The technician's mode: what it shows and can ask for. What happens there is in `step`; the tests
//! themselves run in the shell.

mod step;

use crate::effect::MustAct;
use card_reader::reader::{DeviceId, DeviceStatus};
use std::time::Duration;
use verification_api::personal::PersonalText;

/// Mode Diagnostics.
pub struct Diagnostics {
    pub page: Page,
    pub notice: Option<Notice>,
    pub last_input: Duration,
    pub report: Report,
    /// A test is running: its row.
    pub running: Option<TestId>,
}

/// What the technician's mode shows.
pub enum Page {
    /// `TC1:` by scanner or camera, then the PIN.
    SignIn {
        credential: Option<PersonalText>,
        pin: PersonalText,
        waiting: bool,
    },
    Overview {
        technician: String,
    },
    /// Camera picture and the stages of the last reading.
    Camera {
        technician: String,
    },
    /// The mock visit: ends here, never in Complete.
    Mock {
        technician: String,
        stage: MockStage,
    },
}

impl Page {
    /// The id of the signed-in technician.
    #[must_use]
    pub fn technician(&self) -> Option<&str> {
        match self {
            Self::SignIn { .. } => None,
            Self::Overview { technician } | Self::Camera { technician } | Self::Mock { technician, .. } => {
                Some(technician)
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockStage {
    PresentCard,
    /// Read; asked the service with `mock: true`.
    Asking {
        read: String,
    },
    Done {
        read: String,
        answered: bool,
        detail: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    CredentialRefused,
    CredentialExpired,
    Locked,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TestId {
    Device(DeviceId),
    /// Somebody puts a document down within half a minute; what it says is thrown away.
    Interactive(DeviceId),
    Service,
    Journal,
    All,
}

/// What the header and the rows show; no personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub version: String,
    pub commit: String,
    pub machine_id: String,
    pub clock: String,
    pub uptime: Duration,
    pub last_boot: String,
    pub devices: Vec<DeviceStatus>,
    pub service: Option<Row>,
    pub certificate: Option<Row>,
    pub journal: Option<Row>,
    /// The service's audit log, as this kiosk has witnessed it.
    pub log: Option<Row>,
    /// The overrides that wait, if somebody must do something about them.
    pub outbox: Option<Row>,
    /// Result lines of the last tests, by row name.
    pub tests: Vec<Row>,
    /// (name, milliseconds) of the last reading's stages; the pictures are in the shell.
    pub stages: Vec<(String, u32)>,
}

/// One line: name, facts, state, who must act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub facts: String,
    pub ok: bool,
    pub must_act: MustAct,
}

/// What the shell tells the technician's mode.
pub enum Event {
    Admitted {
        technician: String,
    },
    Refused(Notice),
    Report(Box<Report>),
    /// All rows of the test that ran.
    Tested(Vec<Row>),
    /// The service's answer to the mock inspection.
    MockAnswered {
        answered: bool,
        detail: String,
    },
}

/// What a technician asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    Key(char),
    Delete,
    SignIn,
    Leave,
    Test(TestId),
    ShowCamera,
    ShowOverview,
    MockVisit,
}

/// What the technician's mode wants done.
pub enum Effect {
    Admit {
        credential: PersonalText,
        pin: PersonalText,
    },
    /// Send a [`Report`] now and every second while in diagnostics.
    Watch(bool),
    Test(TestId),
    MockInspect {
        request: crate::session::state::RequestId,
        document: Box<card_reader::document::Document>,
        checks: Vec<card_reader::mrz::Check>,
    },
}
