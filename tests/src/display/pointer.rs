//! A pointer that moves and presses, through X's test extension: the program under it cannot tell it from a mouse.

use super::Screen;
use crate::harness::{OrTrouble, Outcome, wait};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, MOTION_NOTIFY_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;

/// The pointer of a [`Screen`].
pub struct Pointer<'a> {
    screen: &'a Screen,
}

impl<'a> Pointer<'a> {
    #[must_use]
    pub fn of(screen: &'a Screen) -> Self {
        Self { screen }
    }

    /// A short press at `at`, in pixels from the screen's upper left corner.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn tap(&self, at: (i16, i16)) -> Outcome {
        self.hold(at, Duration::from_millis(30))
    }

    /// A press at `at` that lasts.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn hold(&self, at: (i16, i16), time: Duration) -> Outcome {
        self.send(MOTION_NOTIFY_EVENT, 0, at)?;
        self.send(BUTTON_PRESS_EVENT, 1, at)?;
        wait::pause(time);
        self.send(BUTTON_RELEASE_EVENT, 1, at)
    }

    fn send(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Outcome {
        let (connection, root) = self.screen.connection();
        connection
            .xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, root, x, y, 0)
            .or_trouble(|| "the pointer cannot be moved")?;
        connection.flush().or_trouble(|| "the pointer cannot be moved")?;
        // A round trip: the event has been taken.
        let taken = connection.get_input_focus().or_trouble(|| "the pointer cannot be moved")?.reply();
        taken.map(|_| ()).or_trouble(|| "the pointer cannot be moved")
    }
}
