//! How large a window may be: a panel of 1080 × 1920, drawn small enough for nine tenths of the monitor's height.

use x11rb::connection::Connection;
use x11rb::rust_connection::RustConnection;

/// The panel that the screens are made for.
const PANEL: (u32, u32) = (1080, 1920);
/// Where no monitor says how high it is (a Wayland session without X).
const USUAL_HEIGHT: u32 = 1080;

/// The window's size in pixels, and the scale that fits the panel into it.
pub fn window() -> ((u32, u32), f32) {
    fit(height().unwrap_or(USUAL_HEIGHT))
}

fn height() -> Option<u32> {
    let (connection, at) = RustConnection::connect(None).ok()?;
    connection.setup().roots.get(at).map(|screen| screen.height_in_pixels.into())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a window")]
fn fit(monitor: u32) -> ((u32, u32), f32) {
    let height = (monitor * 9 / 10).min(PANEL.1);
    let width = height * PANEL.0 / PANEL.1;
    ((width, height), height as f32 / PANEL.1 as f32)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn the_window_takes_nine_tenths_of_the_height_and_never_more_than_life() {
        assert_eq!(fit(1080).0, (546, 972));
        assert_eq!(fit(4000), ((1080, 1920), 1.0));
    }
}
