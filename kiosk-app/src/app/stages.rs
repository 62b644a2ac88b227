//! The stages of reading the newest camera picture, as pictures with their times: what a technician looks at. Drawn small,
//! held only while the page is open.

use crate::clock::Clock;
use card_reader::ocr::{self, LumaImage, Stages};
use card_reader::reader::Frame;
use iced::widget::image::Handle;
use std::time::Duration;

/// Wider pictures are drawn smaller; stretching them on the screen would cost far more.
const WIDTH: usize = 480;

/// One stage: its name, its time, its picture.
pub struct Staged {
    pub name: &'static str,
    pub millis: u32,
    pub handle: Handle,
}

/// Reads `frame` and keeps what each stage saw. Takes as long as a reading: not for the screen's thread.
#[must_use]
pub fn staged(frame: &Frame, clock: &Clock) -> Vec<Staged> {
    let mut watcher = Watcher { clock: clock.clone(), seen: Vec::new() };
    // Whether it reads is the reader's business; here only the way counts.
    let _ = ocr::read_with(frame, &mut watcher);
    watcher.seen
}

struct Watcher {
    clock: Clock,
    seen: Vec<Staged>,
}

impl Stages for Watcher {
    fn now(&mut self) -> Duration {
        self.clock.now()
    }

    fn wants_pictures(&self) -> bool {
        true
    }

    fn stage(&mut self, name: &'static str, picture: &LumaImage, took: Duration) {
        let millis = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        if let Some(handle) = drawn(picture) {
            self.seen.push(Staged { name, millis, handle });
        }
    }
}

/// Grey to RGBA, every n-th pixel of every n-th row.
fn drawn(picture: &LumaImage) -> Option<Handle> {
    let step = picture.width.div_ceil(WIDTH).max(1);
    let (width, height) = (picture.width / step, picture.height / step);
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        let row = picture.pixels.get(y * step * picture.width..)?;
        for x in 0..width {
            let grey = *row.get(x * step)?;
            rgba.extend_from_slice(&[grey, grey, grey, 255]);
        }
    }
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    (width > 0 && height > 0).then(|| Handle::from_rgba(width, height, rgba))
}

#[cfg(test)]
mod tests {
    use super::{LumaImage, drawn};
    use iced::widget::image::Handle;

    #[test]
    fn a_large_picture_is_drawn_small_and_an_empty_one_not_at_all() {
        let large = LumaImage { width: 1280, height: 960, pixels: vec![7; 1280 * 960] };
        let Some(Handle::Rgba { width, height, pixels, .. }) = drawn(&large) else { panic!("not drawn") };
        assert_eq!((width, height), (426, 320));
        assert_eq!(&pixels[..4], [7, 7, 7, 255]);
        assert!(drawn(&LumaImage { width: 0, height: 0, pixels: Vec::new() }).is_none());
    }
}
