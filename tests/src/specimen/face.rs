//! Typefaces as measuring pictures use them, from Debian's packages.

use super::fonts::{MissingFont, font};
use ab_glyph::{Font, FontVec, PxScale, ScaleFont};
use std::path::Path;

/// One typeface, with the measures that print in millimetres needs.
pub struct Face {
    pub(super) font: FontVec,
    /// Of the capital H, for a scale of 1.
    capital: f32,
    advance: f32,
    /// Number within its set: the key of drawn glyphs.
    pub(super) number: u16,
}

impl Face {
    fn new(font: FontVec, number: u16) -> Self {
        const PROBE: f32 = 100.0;
        let h = font.glyph_id('H');
        let advance = font.as_scaled(PROBE).h_advance(h) / PROBE;
        let outline = font.outline_glyph(h.with_scale(PROBE));
        let capital = outline.map_or(0.7, |o| o.px_bounds().height() / PROBE);
        Self { font, capital, advance, number }
    }

    /// The scale at which capitals are `height` pixels tall.
    pub(super) fn running(&self, height: f32) -> PxScale {
        PxScale::from(height / self.capital)
    }

    /// The scale at which a capital advances by `pitch` and is `height` tall.
    pub(super) fn celled(&self, pitch: f32, height: f32) -> PxScale {
        PxScale { x: pitch / self.advance, y: height / self.capital }
    }
}

/// All of them.
pub struct Faces {
    /// The cuts of OCR-B that print dark strokes: standard, sharp, letterpress.
    pub ocr_b: Vec<Face>,
    /// Others of fixed pitch.
    pub mono: Vec<Face>,
    /// Others.
    pub page: Vec<Face>,
}

impl Faces {
    /// From a folder laid out as Debian's.
    ///
    /// # Errors
    /// [`MissingFont`] names the file and the package that brings it.
    pub fn load(folder: &Path) -> Result<Self, MissingFont> {
        let mut number = 0;
        let mut all = |files: &[(&str, &'static str)]| {
            files
                .iter()
                .map(|(file, package)| {
                    number += 1;
                    Ok(Face::new(font(folder.join(file), package)?, number))
                })
                .collect::<Result<Vec<_>, MissingFont>>()
        };
        Ok(Self {
            ocr_b: all(&[
                ("opentype/ocr-b/OCRB.otf", "fonts-ocr-b"),
                ("opentype/ocr-b/OCRBS.otf", "fonts-ocr-b"),
                ("opentype/ocr-b/OCRBL.otf", "fonts-ocr-b"),
            ])?,
            mono: all(&[
                ("truetype/noto/NotoMono-Regular.ttf", "fonts-noto-mono"),
                ("truetype/dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core"),
                ("truetype/dejavu/DejaVuSansMono-Bold.ttf", "fonts-dejavu-core"),
            ])?,
            page: all(&[
                ("truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
                ("truetype/dejavu/DejaVuSans-Bold.ttf", "fonts-dejavu-core"),
                ("truetype/dejavu/DejaVuSerif.ttf", "fonts-dejavu-core"),
                ("truetype/noto/NotoSans-Regular.ttf", "fonts-noto-core"),
                ("truetype/noto/NotoSerif-Regular.ttf", "fonts-noto-core"),
                ("truetype/noto/NotoSerif-Italic.ttf", "fonts-noto-core"),
                ("truetype/noto/NotoSansArmenian-Regular.ttf", "fonts-noto-core"),
            ])?,
        })
    }
}
