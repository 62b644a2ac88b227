//! The stages of reading, one by one: for `benches` only, no part of the interface.

use super::decode::{Cell, decode};
use super::ink::{self, Mark};
use super::network::{ALPHABET, HIGH, Networks, REFUSED};
use super::pixels::{Ink, Pyramid};
use super::rows::{self, Candidate};
use super::{LumaImage, zone};

/// The picture's smaller sizes; how many pictures are searched.
#[must_use]
pub fn frame(image: &LumaImage) -> usize {
    Pyramid::new(image).overviews().len()
}

/// A picture on which the stages after `frame` can be run.
pub struct Prepared<'a> {
    pyramid: Pyramid<'a>,
}

/// What `locate` found on the overview of a scale.
pub struct Located {
    candidates: Vec<Candidate>,
    scale: f32,
}

impl<'a> Prepared<'a> {
    #[must_use]
    pub fn new(image: &'a LumaImage) -> Self {
        Self { pyramid: Pyramid::new(image) }
    }

    /// Marks, rows, candidates; on the first overview.
    #[must_use]
    pub fn locate(&self) -> Located {
        let overviews = self.pyramid.overviews();
        let Some((overview, scale)) = overviews.first() else {
            return Located { candidates: Vec::new(), scale: 1.0 };
        };
        let marks: Vec<Mark> = ink::marks(overview);
        let rows = rows::rows(&marks, overview.width, overview.height);
        Located { candidates: rows::candidates(&rows), scale: *scale }
    }

    /// Rectifies the first candidate and finds its pitch; how many readings of it there are.
    #[must_use]
    pub fn segment(&self, located: &Located) -> usize {
        let plane =
            located.candidates.first().and_then(|c| zone::Plane::new(c, located.scale, zone::Ends::Found, Ink::Dark));
        plane.map_or(0, |plane| plane.segment(&self.pyramid).len())
    }
}

/// Patches of stripes, as many as a passport's zone has cells.
#[must_use]
pub fn patches() -> Vec<f32> {
    let Some(networks) = Networks::embedded() else { return Vec::new() };
    (0..88 * HIGH * networks.reader.wide()).map(|i| (i % 17 * 9 + i % 5 * 20) as f32).collect()
}

/// Names the characters of patches.
#[must_use]
pub fn recognise(patches: &mut [f32]) -> usize {
    Networks::embedded().map_or(0, |networks| networks.reader.classify(patches).len())
}

/// The cells of a zone, each with the character that is printed most likely.
#[must_use]
pub fn cells(lines: &[&str]) -> Vec<Vec<Cell>> {
    let cell = |c: u8| {
        let mut cell = [0.02 / REFUSED as f32; REFUSED + 1];
        if let Some(class) = ALPHABET.iter().position(|&a| a == c) {
            cell[class] = 0.98;
        }
        cell
    };
    lines.iter().map(|line| line.bytes().map(cell).collect()).collect()
}

/// Characters of the decoded zone.
#[must_use]
pub fn decoded(cells: &[Vec<Cell>]) -> usize {
    decode(cells).map_or(0, |decoded| decoded.lines.iter().map(Vec::len).sum())
}
