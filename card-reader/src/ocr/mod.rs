//! From a picture to the lines of a machine-readable zone: locate, rectify, segment, recognise, decode. Pure: no
//! I/O, no clock, no threads.
//!
//! [`read`] is the whole; [`read_with`] lets a caller watch each stage. The steps, each in its file: `ink` and `rows`
//! locate, `zone` rectifies and segments, `network` and `twins` recognise, `decode` decodes, `attempt` strings them together for
//! one candidate, `quality` says what was wrong with a picture that was not read.

mod attempt;
#[doc(hidden)]
pub mod bench;
mod decode;
mod ink;
mod network;
mod pixels;
mod quality;
mod rows;
mod states;
#[cfg(test)]
mod tests;
mod twins;
mod zone;

use crate::mrz::{Format, Lines};
use attempt::{Attempt, Budget};
use network::Networks;
use pixels::{Ink, Pyramid};
use std::time::Duration;
use verification_api::personal::PersonalText;

/// An 8-bit grey picture, row by row, without padding: `pixels.len() == width * height`.
pub struct LumaImage {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// Pixels of the frame, after EXIF rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Clockwise from the start of line 1.
pub type Quad = [Point; 4];

/// Why nothing was accepted. These names are the only ones; [`Reason::name`] is the word in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    NoZone,
    TooSmall,
    TooClose,
    WrongSide,
    Blurred,
    Moving,
    Glare,
    TooDark,
    CutOff,
    LowConfidence,
    NotMrzText,
}

impl Reason {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoZone => "no_zone",
            Self::TooSmall => "too_small",
            Self::TooClose => "too_close",
            Self::WrongSide => "wrong_side",
            Self::Blurred => "blurred",
            Self::Moving => "moving",
            Self::Glare => "glare",
            Self::TooDark => "too_dark",
            Self::CutOff => "cut_off",
            Self::LowConfidence => "low_confidence",
            Self::NotMrzText => "not_mrz_text",
        }
    }
}

/// What the traveler can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    Closer,
    Farther,
    HoldStill,
    Tilt,
    MoreLight,
    WholeCard,
    TurnOver,
    RemoveCover,
    AnotherDocument,
}

impl Advice {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closer => "closer",
            Self::Farther => "farther",
            Self::HoldStill => "hold_still",
            Self::Tilt => "tilt",
            Self::MoreLight => "more_light",
            Self::WholeCard => "whole_card",
            Self::TurnOver => "turn_over",
            Self::RemoveCover => "remove_cover",
            Self::AnotherDocument => "another_document",
        }
    }
}

/// An accepted reading: every character is certain. What its check digits say is the parser's business.
#[derive(Clone)]
pub struct MrzReading {
    pub format: Format,
    pub lines: Lines,
    /// Confidence of the least certain character, 0 to 1.
    pub confidence: f32,
    /// Confidence of each character, line by line.
    pub characters: Vec<Vec<f32>>,
    pub quad: Quad,
    /// Check digits decided between candidates that the pixels supported alike.
    pub check_digits_used: bool,
}

/// Nothing was accepted; the best guess is kept apart and must never be taken for a reading.
#[derive(Clone)]
pub struct NotRead {
    pub reason: Reason,
    pub advice: Option<Advice>,
    pub guess: Option<Guess>,
}

/// The best guess of a zone that was not accepted: for an officer's eyes.
#[derive(Clone)]
pub struct Guess {
    pub lines: Lines,
    pub characters: Vec<Vec<f32>>,
    pub quad: Quad,
}

/// Who watches a reading: the pictures of `read --stages DIR` and of the diagnostics screen.
pub trait Stages {
    /// The caller's clock, from any start; [`Duration::ZERO`] always where time does not matter.
    fn now(&mut self) -> Duration;

    /// Whether pictures are wanted: drawing them takes time.
    fn wants_pictures(&self) -> bool;

    /// One stage is done: its name, what it saw, and how long it took. Names, in this order, each at most once:
    /// `frame`, `zone`, `rectified`, `cells`, `read`. What a picture does not reach is left out.
    fn stage(&mut self, name: &'static str, picture: &LumaImage, took: Duration);
}

/// Nobody watches.
struct Unwatched;

impl Stages for Unwatched {
    fn now(&mut self) -> Duration {
        Duration::ZERO
    }

    fn wants_pictures(&self) -> bool {
        false
    }

    fn stage(&mut self, _: &'static str, _: &LumaImage, _: Duration) {}
}

/// Reads the machine-readable zone of a picture, at any angle.
///
/// # Errors
/// [`NotRead`] says why nothing was accepted and what the traveler can do; a reading that is not certain in every
/// character is only a guess in it.
pub fn read(image: &LumaImage) -> Result<MrzReading, NotRead> {
    read_with(image, &mut Unwatched)
}

/// Smaller pictures hold no zone: 30 characters of three pixels, two rows of them.
const SMALLEST: (usize, usize) = (90, 16);
const MOST_CANDIDATES: usize = 7;
const MOST_LIGHT_CANDIDATES: usize = 3;

/// [`read`], watched.
///
/// # Errors
/// As [`read`].
pub fn read_with(image: &LumaImage, stages: &mut dyn Stages) -> Result<MrzReading, NotRead> {
    let nothing = |reason, advice| NotRead { reason, advice, guess: None };
    let Some(networks) = Networks::embedded() else {
        return Err(nothing(Reason::NoZone, None));
    };
    let (long, short) = (image.width.max(image.height), image.width.min(image.height));
    if image.width.checked_mul(image.height) != Some(image.pixels.len()) || long < SMALLEST.0 || short < SMALLEST.1 {
        return Err(nothing(Reason::NoZone, Some(Advice::Closer)));
    }
    let mut watch = Watch { last: stages.now(), stages };

    let pyramid = Pyramid::new(image);
    let overviews = pyramid.overviews();
    let mut search = Search { networks, pyramid: &pyramid, budget: Budget::default(), best: None };
    let mut located = Vec::new();
    for (overview, scale) in &overviews {
        if located.is_empty() {
            watch.done("frame", || quality::copy(overview));
        }
        let rows = rows::rows(&ink::marks(overview), overview.width, overview.height);
        if located.is_empty() {
            watch.done("zone", || quality::drawn(overview, &rows));
        }
        search.look(&rows, *scale, Ink::Dark, MOST_CANDIDATES);
        // A picture without any row has none that is too small either: an empty desk costs one look.
        let empty = rows.is_empty();
        located.push(rows);
        if empty || search.over() || search.certainty() > 0.7 {
            break;
        }
    }
    // Light print on dark paper, only where no dark print looks like a zone.
    if let Some((overview, scale)) = overviews.first().filter(|_| !search.over() && search.certainty() < 0.5) {
        let negative = quality::negative(overview);
        let rows = rows::rows(&ink::marks(&negative), negative.width, negative.height);
        search.look(&rows, *scale, Ink::Light, MOST_LIGHT_CANDIDATES);
    }
    let Search { best, budget, .. } = search;

    let Some((overview, scale)) = overviews.first().map(|(o, s)| (&**o, *s)) else {
        return Err(nothing(Reason::NoZone, None));
    };
    let Some(best) = best else {
        let found = located.iter().any(|rows| !rows.is_empty());
        return Err(quality::nothing_found(overview, found, &budget));
    };
    watch.done("rectified", || best.plane.picture(&pyramid, best.width()));
    watch.done("cells", || best.picture(&pyramid, networks.reader.wide()));
    let lines: Lines =
        best.decoded.lines.iter().map(|l| PersonalText::new(l.iter().map(|&c| c as char).collect())).collect();
    let quad = best.plane.quad(best.width());
    watch.done("read", || quality::outlined(overview, scale, &quad));
    if best.accepted() {
        return Ok(MrzReading {
            format: best.decoded.format,
            lines,
            confidence: best.decoded.lowest(),
            characters: best.decoded.confidence,
            quad,
            check_digits_used: best.decoded.check_digits_used,
        });
    }
    let (reason, advice) = quality::why(&pyramid, &best, &quad);
    Err(NotRead { reason, advice, guess: Some(Guess { lines, characters: best.decoded.confidence, quad }) })
}

/// The attempts at one picture.
struct Search<'a> {
    networks: &'a Networks,
    pyramid: &'a Pyramid<'a>,
    budget: Budget,
    best: Option<Attempt>,
}

impl Search<'_> {
    /// Tries the likeliest zones among rows found at `scale`, until one is accepted.
    fn look(&mut self, rows: &[rows::Row], scale: f32, ink: Ink, most: usize) {
        for candidate in rows::candidates(rows).iter().take(most) {
            for ends in [zone::Ends::Found, zone::Ends::Outermost] {
                let Some(plane) = zone::Plane::new(candidate, scale, ends, ink) else { continue };
                for plane in plane.segment(self.pyramid) {
                    let attempt = attempt::attempt(self.networks, self.pyramid, plane, &mut self.budget);
                    if let Some(attempt) = attempt.filter(|a| self.best.as_ref().is_none_or(|b| a.merit() > b.merit()))
                    {
                        self.best = Some(attempt);
                    }
                    if self.over() {
                        return;
                    }
                }
            }
        }
    }

    fn over(&self) -> bool {
        self.budget.spent() || self.best.as_ref().is_some_and(Attempt::accepted)
    }

    fn certainty(&self) -> f32 {
        self.best.as_ref().map_or(0.0, |b| b.certainty)
    }
}

/// Time between stages, and pictures only if they are wanted.
struct Watch<'a> {
    stages: &'a mut dyn Stages,
    last: Duration,
}

impl Watch<'_> {
    fn done(&mut self, name: &'static str, picture: impl FnOnce() -> LumaImage) {
        let now = self.stages.now();
        let took = now.saturating_sub(self.last);
        if self.stages.wants_pictures() {
            self.stages.stage(name, &picture(), took);
        } else {
            self.stages.stage(name, &LumaImage { width: 0, height: 0, pixels: Vec::new() }, took);
        }
        self.last = self.stages.now();
    }
}
