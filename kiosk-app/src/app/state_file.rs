//! What is on the screen, for tests and the demo (feature `simulated`): the mode, the state's name and where the touch
//! targets lie. Never what a person typed or a document says.

use crate::kiosk::{Kiosk, Mode};
use crate::message::Message;
use crate::screens::{self, Look};
use crate::targets::{self, Targets};
use iced::Task;
use serde_json::json;
use std::path::PathBuf;

pub(super) struct StateFile {
    path: PathBuf,
    /// Logical to physical pixels.
    scale: f32,
    /// Grows with each answer to an event.
    seq: u64,
    /// Touches that were taken.
    touches: u64,
    shown: Shown,
    /// Targets that are on the screen but were not found yet: its layout was not ready.
    missing: bool,
}

#[derive(Default, PartialEq)]
struct Shown {
    mode: &'static str,
    visit: Option<String>,
    ids: Vec<String>,
}

impl StateFile {
    pub(super) fn new(path: PathBuf, scale: f32) -> Self {
        Self { path, scale, seq: 0, touches: 0, shown: Shown::default(), missing: true }
    }

    /// Counts a touch that was taken.
    pub(super) fn touched(&mut self, taken: bool) {
        self.touches += u64::from(taken);
    }

    /// After each message. `quiet`: nothing was asked or answered, so only a changed screen is worth telling.
    pub(super) fn look(&mut self, kiosk: &Kiosk, look: &Look, quiet: bool) -> Task<Message> {
        let content = screens::content(kiosk, look);
        let ids = content.actions.iter().filter(|action| action.enabled).map(|action| action.id.clone()).collect();
        let shown = Shown { mode: mode(kiosk), visit: visit(kiosk), ids };
        if quiet && shown == self.shown && !self.missing {
            return Task::none();
        }
        self.shown = shown;
        self.missing = false;
        targets::find(self.shown.ids.clone()).map(Message::Targets)
    }

    /// The layout has told where the targets lie.
    pub(super) fn found(&mut self, kiosk: &Kiosk, found: Targets) {
        self.missing = found.len() < self.shown.ids.len();
        self.seq += 1;
        let targets: Targets =
            found.into_iter().map(|(id, bounds)| (id, bounds.map(|value| value * self.scale))).collect();
        let told = json!({"seq": self.seq, "touches": self.touches, "mode": mode(kiosk), "visit": visit(kiosk), "targets": targets});
        let fresh = self.path.with_extension("new");
        let written = std::fs::write(&fresh, told.to_string()).and_then(|()| std::fs::rename(&fresh, &self.path));
        if let Err(error) = written {
            tracing::error!("{}: {error}", self.path.display());
        }
    }
}

const fn mode(kiosk: &Kiosk) -> &'static str {
    match &kiosk.mode {
        Mode::Traveler => "Traveler",
        Mode::Officer(_) => "Officer",
        Mode::Diagnostics(_) => "Diagnostics",
        Mode::OutOfService(_) => "OutOfService",
    }
}

fn visit(kiosk: &Kiosk) -> Option<String> {
    kiosk.visit.as_ref().map(|visit| format!("{:?}", visit.state.kind()))
}
