//! How large a window may be: a panel of 1080 × 1920, drawn small enough for nine tenths of the monitor's height.

use x11rb::connection::Connection;
use x11rb::rust_connection::RustConnection;

/// The height of the panel that the screens are made for, in pixels.
const PANEL: u32 = 1920;
/// Where no monitor says how high it is (a Wayland session without X).
const USUAL_HEIGHT: u32 = 1080;

/// How much smaller than life the panel must be drawn.
pub fn scale() -> f32 {
    fit(height().unwrap_or(USUAL_HEIGHT))
}

fn height() -> Option<u32> {
    let (connection, at) = RustConnection::connect(None).ok()?;
    connection.setup().roots.get(at).map(|screen| screen.height_in_pixels.into())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a window")]
fn fit(monitor: u32) -> f32 {
    (monitor as f32 * 0.9 / PANEL as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn the_window_takes_nine_tenths_of_the_height_and_never_more_than_life() {
        assert!((fit(1080) * 1920.0 - 972.0).abs() < 0.01);
        assert!((fit(4000) - 1.0).abs() < f32::EPSILON);
    }
}
