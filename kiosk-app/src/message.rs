//! What reaches the shell: touches, answers, events of devices, time.

use crate::app::stages::Staged;
use crate::diagnostics::{Report, Row};
use crate::event::{Event, Intent};
use crate::journal::writer;
use crate::service_loop::Told;
use crate::session::answers::{CallFailure, CodeAnswer};
use crate::session::state::{RequestId, VisitId};
use crate::verifier::Settled;
use card_reader::reader::{self, PreviewFrame};
use iced::Size;

/// Everything that [`crate::app::App::update`] understands.
pub enum Message {
    Ui(Intent),
    /// An answer, or anything else that the core takes as it is.
    Kiosk(Event),
    Reader(reader::Event),
    /// An answer to a code: the shell settles the outcome if the visit no longer waits for it.
    Verified {
        visit: VisitId,
        request: RequestId,
        answer: Result<CodeAnswer, CallFailure>,
    },
    /// An outcome that was unknown.
    Settled {
        visit: VisitId,
        request: RequestId,
        outcome: Settled,
    },
    Service(Told),
    Journal(writer::State),
    /// The newest camera picture.
    Preview(PreviewFrame),
    /// What each stage of reading saw.
    Stages(Vec<Staged>),
    Report(Box<Report>),
    /// Results of the tests that are not a device's own.
    Tested(Vec<Row>),
    /// Any touch or key, also on a button.
    Activity,
    Resized(Size),
    Tick,
    /// The next frame of a moving picture.
    Frame,
    /// Where the touch targets lie, for tests.
    #[cfg(feature = "simulated")]
    Targets(crate::targets::Targets),
    /// SIGTERM, or the window was closed.
    Stop,
}
