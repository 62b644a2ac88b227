//! Glyphs of the training typefaces as fine masks, in several stroke widths.

use ab_glyph::{Font, FontVec, ScaleFont};
use std::path::Path;

/// Pixels of a mask for one pitch (the width of a character's cell).
pub const FINE: f32 = 32.0;
/// A mask is square and centred on the cell: the middle of the advance, the middle of the capitals' height.
pub const MASK: usize = 48;
const STROKES: usize = 5;

/// The alphabet in the order of the network's classes; class 37 means "none of these, or not in the middle".
pub const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// Lower-case letters that look like no capital: what surrounds a zone and must be refused.
pub const FOREIGN: &[u8; 12] = b"abdefghmqrty";

/// Coverage, 0 to 1, row by row.
pub type Mask = Vec<f32>;

pub struct Typeface {
    /// `masks[stroke][character]`, the alphabet first, then `FOREIGN`.
    masks: Vec<Vec<Mask>>,
    /// How often it is drawn, relative to the others.
    pub weight: f32,
}

impl Typeface {
    /// # Errors
    /// A sentence naming the file, if it is missing or no font.
    pub fn load(path: &Path, weight: f32) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| {
            format!(
                "cannot read the font {} ({e}); install Debian's fonts-ocr-b, fonts-dejavu-core, fonts-noto-core, fonts-noto-mono, fonts-liberation and fonts-freefont-ttf",
                path.display()
            )
        })?;
        let font = FontVec::try_from_vec(bytes).map_err(|e| format!("{} is not a font: {e}", path.display()))?;
        let plain: Vec<Mask> = ALPHABET.iter().chain(FOREIGN).map(|&c| draw(&font, c as char)).collect();
        let masks = (0..STROKES).map(|s| plain.iter().map(|m| restroke(m, s)).collect()).collect();
        Ok(Self { masks, weight })
    }

    pub fn mask(&self, stroke: usize, character: usize) -> &Mask {
        &self.masks[stroke.min(STROKES - 1)][character]
    }

    pub const fn strokes() -> usize {
        STROKES
    }
}

/// One glyph, scaled so that its advance is one pitch and the capital H is as tall as OCR-B's (2.4 of 2.54 mm). A
/// letter of a proportional typeface stands in the middle of its cell, narrowed where it is wider.
fn draw(font: &FontVec, c: char) -> Mask {
    const PROBE: f32 = 100.0;
    let probe = font.as_scaled(PROBE);
    let advance = |c: char| probe.h_advance(font.glyph_id(c));
    let capital = font.outline_glyph(font.glyph_id('H').with_scale(PROBE)).map_or(PROBE, |o| o.px_bounds().height());
    let down = PROBE * (FINE * 0.94) / capital;
    let fixed = (advance('I') - advance('W')).abs() < 0.01;
    let across = if fixed { PROBE * FINE / advance('H') } else { down.min(PROBE * FINE / advance(c)) };
    let scale = ab_glyph::PxScale { x: across, y: down };
    let mut mask = vec![0.0; MASK * MASK];
    let glyph = font.glyph_id(c).with_scale(scale);
    if let Some(outline) = font.outline_glyph(glyph) {
        let bounds = outline.px_bounds();
        let middle = MASK as f32 / 2.0;
        let left = if fixed { middle - FINE / 2.0 + bounds.min.x } else { middle - bounds.width() / 2.0 };
        let top = middle + FINE * 0.47 + bounds.min.y;
        outline.draw(|x, y, coverage| {
            let (px, py) = ((left.round() + x as f32) as isize, (top.round() + y as f32) as isize);
            if (0..MASK as isize).contains(&px) && (0..MASK as isize).contains(&py) {
                mask[py as usize * MASK + px as usize] = coverage.min(1.0);
            }
        });
    }
    mask
}

/// Thins or thickens strokes: a blurred mask cut again at another level.
fn restroke(mask: &Mask, stroke: usize) -> Mask {
    let level = [0.68, 0.58, 0.48, 0.36, 0.24][stroke];
    let blurred = blur(&blur(mask));
    blurred.iter().map(|&v| ((v - level) / 0.35 + 0.5).clamp(0.0, 1.0)).collect()
}

/// Five-tap binomial blur in both directions.
fn blur(mask: &Mask) -> Mask {
    const TAPS: [f32; 5] = [0.0625, 0.25, 0.375, 0.25, 0.0625];
    let at = |m: &Mask, x: isize, y: isize| {
        if (0..MASK as isize).contains(&x) && (0..MASK as isize).contains(&y) {
            m[y as usize * MASK + x as usize]
        } else {
            0.0
        }
    };
    let mut across = vec![0.0; MASK * MASK];
    let mut out = vec![0.0; MASK * MASK];
    for y in 0..MASK as isize {
        for x in 0..MASK as isize {
            across[y as usize * MASK + x as usize] = TAPS.iter().zip(-2..=2).map(|(t, d)| t * at(mask, x + d, y)).sum();
        }
    }
    for y in 0..MASK as isize {
        for x in 0..MASK as isize {
            out[y as usize * MASK + x as usize] = TAPS.iter().zip(-2..=2).map(|(t, d)| t * at(&across, x, y + d)).sum();
        }
    }
    out
}
