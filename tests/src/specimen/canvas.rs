//! Drawing in millimetres.

use super::{Print, Random};
use ab_glyph::{Font, FontVec, Glyph, GlyphId, PxScale, ScaleFont};
use image::{Rgb, RgbImage};

/// Where a page is drawn: ink, 0 to 1, over paper whose colour may vary.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    /// Pixels a millimetre.
    scale: f32,
    paper: Vec<[f32; 3]>,
    random: Random,
}

impl Canvas {
    pub(super) fn new(width: f32, height: f32, print: &Print) -> Self {
        let scale = print.dots_per_inch / 25.4;
        let (w, h) = ((width * scale).round().max(1.0) as usize, (height * scale).round().max(1.0) as usize);
        let mut random = Random::new(print.seed);
        let paper = f32::from(print.paper);
        let tint: [f32; 3] = [random.between(-6.0, 4.0), random.between(-3.0, 4.0), random.between(-6.0, 4.0)];
        Self { width: w, height: h, scale, paper: vec![tint.map(|t| paper + t); w * h], random }
    }

    /// Fine wavy lines in a light colour, as on security paper.
    pub(super) fn guilloche(&mut self, print: &Print) {
        if print.guilloche <= 0.0 {
            return;
        }
        let r = &mut self.random;
        for _ in 0..3 {
            let color: [f32; 3] = [r.between(20.0, 90.0), r.between(20.0, 90.0), r.between(20.0, 90.0)];
            let (period, apart) = (r.between(8.0, 30.0), r.between(1.0, 2.4));
            let (depth, phase, slope) = (r.between(0.5, 3.0), r.between(0.0, 6.3), r.between(-0.2, 0.2));
            for y in 0..self.height {
                for x in 0..self.width {
                    let (mx, my) = (x as f32 / self.scale, y as f32 / self.scale);
                    let at = (my + slope * mx + depth * (mx / period * std::f32::consts::TAU + phase).sin()) / apart;
                    let away = (at - at.round()).abs() * apart;
                    let line = (1.0 - away / 0.14).max(0.0) * print.guilloche;
                    let pixel = &mut self.paper[y * self.width + x];
                    for (p, c) in pixel.iter_mut().zip(color) {
                        *p -= line * c;
                    }
                }
            }
        }
    }

    fn put(&mut self, x: i64, y: i64, coverage: f32, grey: f32) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            for p in &mut self.paper[y as usize * self.width + x as usize] {
                *p += (grey - *p) * coverage;
            }
        }
    }

    pub(super) fn block(&mut self, x: f32, y: f32, width: f32, height: f32, grey: u8) {
        let edge = |v: f32| (v * self.scale).round() as i64;
        let (left, right, top, bottom) = (edge(x), edge(x + width), edge(y), edge(y + height));
        for py in top..bottom {
            for px in left..right {
                self.put(px, py, 1.0, f32::from(grey));
            }
        }
    }

    /// A face, more or less.
    pub(super) fn portrait(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.block(x, y, width, height, 186);
        let skin = self.random.between(70.0, 170.0);
        let oval = |u: f32, v: f32, cu: f32, cv: f32, ru: f32, rv: f32| {
            ((u - cu) / ru).powi(2) + ((v - cv) / rv).powi(2) < 1.0
        };
        for py in (y * self.scale) as i64..((y + height) * self.scale) as i64 {
            for px in (x * self.scale) as i64..((x + width) * self.scale) as i64 {
                let (u, v) = ((px as f32 / self.scale - x) / width, (py as f32 / self.scale - y) / height);
                let grey = if oval(u, v, 0.38, 0.42, 0.05, 0.025)
                    || oval(u, v, 0.62, 0.42, 0.05, 0.025)
                    || oval(u, v, 0.5, 0.62, 0.1, 0.02)
                {
                    30.0
                } else if oval(u, v, 0.5, 0.45, 0.26, 0.3) {
                    skin - 20.0 * u
                } else if oval(u, v, 0.5, 0.36, 0.34, 0.32) {
                    45.0
                } else if oval(u, v, 0.5, 1.05, 0.48, 0.32) {
                    80.0
                } else {
                    continue;
                };
                self.put(px, py, 1.0, grey);
            }
        }
    }

    /// Running text whose capitals are `height` tall, its middle line at `y`.
    pub(super) fn text(&mut self, font: &FontVec, text: &str, x: f32, y: f32, height: f32, grey: u8) {
        let scale = PxScale::from(height * self.scale * 1.37);
        let mut at = x * self.scale;
        let baseline = (y + height / 2.0) * self.scale;
        let mut last: Option<GlyphId> = None;
        for c in text.chars() {
            let id = font.glyph_id(c);
            let scaled = font.as_scaled(scale);
            at += last.map_or(0.0, |l| scaled.kern(l, id));
            let glyph = id.with_scale_and_position(scale, ab_glyph::point(at, baseline));
            self.glyph(font, glyph, f32::from(grey), 1.0);
            at += scaled.h_advance(id);
            last = Some(id);
        }
    }

    /// A row of a zone: every character in a cell of `pitch`, the middle of the capitals at `y`.
    pub(super) fn row(&mut self, font: &FontVec, text: &str, x: f32, y: f32, pitch: f32, print: &Print) {
        let probe = font.as_scaled(100.0);
        let advance = probe.h_advance(font.glyph_id('A'));
        let scale = PxScale::from(100.0 * pitch * self.scale / advance);
        let capital = font.outline_glyph(font.glyph_id('H').with_scale(scale)).map_or(0.0, |o| o.px_bounds().height());
        let baseline = y * self.scale + capital / 2.0;
        let heavier = print.stroke * self.scale;
        for (i, c) in text.chars().enumerate() {
            let at = (x + i as f32 * pitch) * self.scale;
            let strength = 1.0 - 0.12 * self.random.unit();
            let id = font.glyph_id(c);
            // Thicker strokes: the glyph again, a little to each side. Thinner ones: paler.
            let shifts: &[f32] = if heavier > 0.05 { &[-0.5, 0.0, 0.5] } else { &[0.0] };
            let strength = if heavier < 0.0 { (strength + heavier * 0.4).max(0.5) } else { strength };
            for s in shifts {
                let glyph = id.with_scale_and_position(scale, ab_glyph::point(at + s * heavier, baseline));
                self.glyph(font, glyph, f32::from(print.ink), strength);
            }
        }
    }

    fn glyph(&mut self, font: &FontVec, glyph: Glyph, grey: f32, strength: f32) {
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
            outline.draw(|gx, gy, coverage| {
                self.put(left + i64::from(gx), top + i64::from(gy), coverage.min(1.0) * strength, grey);
            });
        }
    }

    pub(super) fn finish(self) -> RgbImage {
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            Rgb(self.paper[y as usize * self.width + x as usize].map(|v| v.clamp(0.0, 255.0).round() as u8))
        })
    }
}
