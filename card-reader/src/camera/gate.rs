//! The cheap look before anything is read: is something there, is it still, does the camera see at all. Works on a
//! picture of [`WIDTH`] pixels; time is an argument.

use crate::ocr::LumaImage;
use std::time::{Duration, Instant};

/// Width of the pictures looked at.
pub const WIDTH: usize = 160;

/// A pixel that differs by more than this from the empty tray has something on it.
const FOREIGN: u8 = 18;
/// So much of the picture must be foreign, in percent: a card at arm's length.
const PRESENT: usize = 4;
/// And less than this, once something was there: hands and shadows come and go.
const ABSENT: usize = 2;
/// A pixel that differs by more than this from the last picture has moved.
const MOVED: u8 = 10;
/// In per mille of the picture.
const STILL: usize = 15;
/// Mean step between neighbours from which a picture of an unknown tray has something on it.
const TEXTURE: usize = 4;
/// An unknown tray is learnt after so long without motion, whatever lies there.
const LEARN: Duration = Duration::from_secs(3);
/// Something that lies there so long without motion has become part of the tray.
const ADOPT: Duration = Duration::from_secs(120);
/// So long the same to the last bit: no sensor does that.
const FROZEN: Duration = Duration::from_millis(1400);
/// So long without light.
const DARK: Duration = Duration::from_millis(1500);

/// Darker than this, and nothing brighter than a little more: no light. Cameras that keep to television's range give 16 for
/// black.
const BLACK: u8 = 20;

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Something is there that does not belong to the empty tray.
    pub present: bool,
    /// Nothing moved since the last look.
    pub still: bool,
    /// The same picture again and again.
    pub frozen: bool,
    /// No light, or the lens is covered.
    pub black: bool,
    /// Mean, 0 to 255.
    pub brightness: u8,
}

/// Remembers the empty tray and the last picture.
#[derive(Default)]
pub struct Gate {
    tray: Option<LumaImage>,
    last: Option<LumaImage>,
    present: bool,
    unmoved_since: Option<Instant>,
    same_since: Option<Instant>,
    dark_since: Option<Instant>,
}

impl Gate {
    /// Looks at the next picture.
    pub fn look(&mut self, now: Instant, picture: LumaImage) -> Seen {
        let brightness = mean(&picture);
        let (same, still) = match self.last.as_ref().filter(|last| same_size(last, &picture)) {
            Some(last) => {
                (last.pixels == picture.pixels, differing(last, &picture, MOVED) * 1000 < STILL * picture.pixels.len())
            }
            None => (false, false),
        };
        let dark = is_dark(&picture);
        // Behind a cover a sensor that cuts off its noise gives nothing but zeros: black, not frozen.
        let same_for = since(&mut self.same_since, same && !dark, now);
        let unmoved_for = since(&mut self.unmoved_since, still, now);
        let dark_for = since(&mut self.dark_since, dark, now);
        self.present = self.is_present(&picture);
        self.learn(&picture, unmoved_for);
        self.last = Some(picture);
        Seen {
            present: self.present,
            still,
            frozen: same_for.is_some_and(|time| time >= FROZEN),
            black: dark_for.is_some_and(|time| time >= DARK),
            brightness,
        }
    }

    fn is_present(&self, picture: &LumaImage) -> bool {
        let Some(tray) = &self.tray else { return texture(picture) >= TEXTURE };
        if !same_size(tray, picture) {
            return true;
        }
        let threshold = if self.present { ABSENT } else { PRESENT };
        differing(tray, picture, FOREIGN) * 100 >= threshold * picture.pixels.len()
    }

    fn learn(&mut self, picture: &LumaImage, unmoved_for: Option<Duration>) {
        let unmoved = |limit| unmoved_for.is_some_and(|time| time >= limit);
        match &mut self.tray {
            None if texture(picture) < TEXTURE || unmoved(LEARN) => self.tray = Some(copy(picture)),
            // A tray alone follows the daylight; one with something on it stays as it was.
            Some(tray) if !self.present => {
                for (old, new) in tray.pixels.iter_mut().zip(&picture.pixels) {
                    *old = ((u16::from(*old) * 15 + u16::from(*new)) / 16) as u8;
                }
            }
            Some(tray) if unmoved(ADOPT) => *tray = copy(picture),
            _ => {}
        }
    }
}

/// Whether there is no light in it.
#[must_use]
pub fn is_dark(picture: &LumaImage) -> bool {
    mean(picture) < BLACK && darkest_of_the_bright(picture) < usize::from(BLACK) + 8
}

/// How long a condition has held; starts or ends the measure.
fn since(start: &mut Option<Instant>, holds: bool, now: Instant) -> Option<Duration> {
    if holds {
        Some(now.saturating_duration_since(*start.get_or_insert(now)))
    } else {
        *start = None;
        None
    }
}

fn copy(picture: &LumaImage) -> LumaImage {
    LumaImage { width: picture.width, height: picture.height, pixels: picture.pixels.clone() }
}

fn same_size(a: &LumaImage, b: &LumaImage) -> bool {
    (a.width, a.height) == (b.width, b.height)
}

fn differing(a: &LumaImage, b: &LumaImage, by: u8) -> usize {
    a.pixels.iter().zip(&b.pixels).filter(|(a, b)| a.abs_diff(**b) > by).count()
}

fn mean(picture: &LumaImage) -> u8 {
    let sum: usize = picture.pixels.iter().map(|pixel| usize::from(*pixel)).sum();
    (sum / picture.pixels.len().max(1)) as u8
}

/// The value that one pixel in fifty exceeds.
fn darkest_of_the_bright(picture: &LumaImage) -> usize {
    let mut count = [0_usize; 256];
    for pixel in &picture.pixels {
        count[usize::from(*pixel)] += 1;
    }
    let mut above = 0;
    (0..256)
        .rev()
        .find(|value| {
            above += count[*value];
            above * 50 >= picture.pixels.len()
        })
        .unwrap_or(0)
}

/// Mean step from a pixel to its right neighbour.
fn texture(picture: &LumaImage) -> usize {
    let rows = picture.pixels.chunks_exact(picture.width.max(1));
    let steps: usize = rows.flat_map(|row| row.windows(2)).map(|pair| usize::from(pair[0].abs_diff(pair[1]))).sum();
    steps / picture.pixels.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::{Gate, Seen, WIDTH};
    use crate::ocr::LumaImage;
    use std::time::{Duration, Instant};

    const HEIGHT: usize = 120;

    /// A grey tray with a striped card `across` pixels wide at `left`.
    fn picture(left: usize, across: usize, noise: u8) -> LumaImage {
        let mut pixels = vec![90 + noise; WIDTH * HEIGHT];
        for y in 30..80 {
            for x in left..(left + across).min(WIDTH) {
                pixels[y * WIDTH + x] = if (x / 2) % 2 == 0 { 210 } else { 60 };
            }
        }
        LumaImage { width: WIDTH, height: HEIGHT, pixels }
    }

    struct Bench {
        gate: Gate,
        now: Instant,
    }

    impl Bench {
        #[expect(clippy::disallowed_methods, reason = "a fake clock needs a beginning")]
        fn new() -> Self {
            Self { gate: Gate::default(), now: Instant::now() }
        }

        fn look(&mut self, picture: LumaImage) -> Seen {
            self.now += Duration::from_millis(66);
            self.gate.look(self.now, picture)
        }
    }

    #[test]
    fn a_card_is_sensed_when_it_comes_still_when_it_lies_and_gone_when_it_goes() {
        let mut bench = Bench::new();
        for noise in 0..4 {
            assert!(!bench.look(picture(0, 0, noise % 2)).present);
        }
        let coming = bench.look(picture(10, 80, 0));
        assert!(coming.present && !coming.still);
        assert!(!bench.look(picture(30, 80, 1)).still);
        let lying = bench.look(picture(30, 80, 0));
        assert!(lying.present && lying.still);
        assert!(!bench.look(picture(0, 0, 1)).present);
    }

    #[test]
    fn a_card_on_an_unknown_tray_is_sensed_by_its_print() {
        let mut bench = Bench::new();
        assert!(bench.look(picture(0, 160, 0)).present);
        assert!(!Bench::new().look(picture(0, 0, 0)).present);
    }

    #[test]
    fn slow_daylight_is_no_document() {
        let mut bench = Bench::new();
        for noise in 0..100 {
            assert!(!bench.look(picture(0, 0, noise)).present, "at {noise}");
            bench.look(picture(0, 0, noise));
        }
    }

    #[test]
    fn a_frozen_picture_and_a_black_one_are_named_within_two_seconds() {
        let mut bench = Bench::new();
        let start = bench.now;
        while !bench.look(picture(30, 80, 0)).frozen {}
        assert!(bench.now - start <= Duration::from_secs(2), "{:?}", bench.now - start);
        assert!(!bench.look(picture(30, 80, 1)).frozen);

        let black = |value| LumaImage { width: WIDTH, height: HEIGHT, pixels: vec![value; WIDTH * HEIGHT] };
        let start = bench.now;
        let mut value = 0;
        while !bench.look(black(value)).black {
            value = 1 - value;
        }
        assert!(bench.now - start <= Duration::from_secs(2), "{:?}", bench.now - start);
        let mut bench = Bench::new();
        let of_television = (0..100).map(|_| bench.look(black(16))).last();
        assert!(of_television.is_some_and(|seen| seen.black && !seen.frozen));
        let dim = (0..20).map(|noise| bench.look(picture(30, 80, noise % 2))).last();
        assert!(dim.is_some_and(|seen| !seen.black));
        let covered = (0..100).map(|_| bench.look(black(0))).last();
        assert!(covered.is_some_and(|seen| seen.black && !seen.frozen), "zeros for ever are a cover");
    }
}
