//! The virtual display and what is on it.

use crate::harness::process::Running;
use crate::harness::{OrTrouble, Outcome, Trouble, wait};
use image::{ImageFormat, RgbImage};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat as Layout};
use x11rb::rust_connection::RustConnection;

/// Xvfb with one screen, on a display number that it chose itself.
pub struct Screen {
    /// `:7`, for `DISPLAY`.
    pub name: String,
    pub width: u16,
    pub height: u16,
    connection: RustConnection,
    root: u32,
    // Ends after the connection is closed.
    _server: Running,
}

/// What a screen shows: RGB.
pub struct Picture(pub RgbImage);

impl Screen {
    /// Starts Xvfb.
    ///
    /// # Errors
    /// It is not installed, or does not start within ten seconds.
    pub fn start(width: u16, height: u16) -> Outcome<Self> {
        let mut server = Running::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-dpi", "96", "-screen", "0"])
                .arg(format!("{width}x{height}x24")),
        )
        .map_err(|trouble| Trouble(format!("{trouble}. Install Debian's package xvfb")))?;
        let number: u32 = server.line("Xvfb's display", Duration::from_secs(10), |line| line.trim().parse().ok())?;
        let name = format!(":{number}");
        let (connection, at) =
            wait::until("a connection to Xvfb", Duration::from_secs(10), || RustConnection::connect(Some(&name)).ok())?;
        let root = connection.setup().roots.get(at).map(|screen| screen.root).or_trouble(|| "Xvfb has no screen")?;
        Ok(Self { name, width, height, connection, root, _server: server })
    }

    pub(super) fn connection(&self) -> (&RustConnection, u32) {
        (&self.connection, self.root)
    }

    /// What is on the screen now.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn picture(&self) -> Outcome<Picture> {
        let image = self
            .connection
            .get_image(Layout::Z_PIXMAP, self.root, 0, 0, self.width, self.height, u32::MAX)
            .or_trouble(|| "no picture of the screen")?
            .reply()
            .or_trouble(|| "no picture of the screen")?;
        // 24 bits deep, 32 bits a pixel, little-endian: blue, green, red, nothing.
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        RgbImage::from_raw(self.width.into(), self.height.into(), rgb)
            .map(Picture)
            .or_trouble(|| "a picture of the wrong size")
    }

    /// Waits until the screen stays the same for a moment, and gives that picture. What never rests (a camera's live
    /// picture) is taken as it is after three seconds.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn settled(&self) -> Outcome<Picture> {
        let mut last: Option<Picture> = None;
        let rested = wait::until("a quiet screen", Duration::from_secs(3), || {
            let new = match self.picture() {
                Ok(new) => new,
                Err(trouble) => return Some(Err(trouble)),
            };
            if last.as_ref().is_some_and(|last| last.0 == new.0) {
                return Some(Ok(new));
            }
            last = Some(new);
            wait::pause(Duration::from_millis(120));
            None
        });
        match rested {
            Ok(rested) => rested,
            Err(_) => self.picture(),
        }
    }
}

impl Picture {
    /// Something is drawn: no single colour fills it.
    #[must_use]
    pub fn shows_something(&self) -> bool {
        let first = self.0.get_pixel(0, 0);
        self.0.pixels().step_by(97).filter(|pixel| *pixel != first).count() > 500
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Outcome {
        self.0.save_with_format(path, ImageFormat::Png).or_trouble(|| format!("{} not written", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use crate::display::Pointer;

    #[test]
    fn a_virtual_display_has_a_picture_and_takes_the_pointer() {
        let screen = Screen::start(320, 200).unwrap();
        let picture = screen.settled().unwrap();
        assert_eq!(picture.0.dimensions(), (320, 200));
        assert!(!picture.shows_something());
        Pointer::of(&screen).tap((10, 10)).unwrap();
    }
}
