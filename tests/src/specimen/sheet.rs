//! Grey sheets, drawn in millimetres and fast: what measuring pictures show. (Pages in colour, for people to look at,
//! are `canvas`'s.)

use super::face::Face;
use super::{Random, noise};
use ab_glyph::{Font, GlyphId, PxScale, ScaleFont};
use std::collections::HashMap;
use std::rc::Rc;

/// Paper and what is on it.
pub(super) struct Sheet {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Pixels a millimetre.
    pub(super) scale: f32,
    pub(super) grey: Vec<u8>,
    glyphs: HashMap<Key, Rc<Mask>>,
}

/// Typeface, glyph, scale in both directions (hundredths of a pixel), quarters of a pixel to the right.
type Key = (u16, u16, u32, u32, u8);

/// A glyph's coverage, 0 to 1; its corner from the pen.
struct Mask {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
    cover: Vec<f32>,
}

/// How the rows of a zone come out of the printer. Lengths in millimetres.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) pitch: f32,
    pub(super) capital: f32,
    pub(super) grey: u8,
    /// How much wider than drawn a stroke is; may be negative.
    pub(super) weight: f32,
    /// Across for each up.
    pub(super) slant: f32,
    /// How far a character may lie off its place, across and up.
    pub(super) jitter: (f32, f32),
    /// How far the baseline wanders along a row, and over what length.
    pub(super) wander: (f32, f32),
    /// Share of the ink that is missing, in blots of this size.
    pub(super) missing: (f32, f32),
    pub(super) seed: u64,
}

impl Default for Ink {
    fn default() -> Self {
        Self {
            pitch: 2.54,
            capital: 2.4,
            grey: 28,
            weight: 0.0,
            slant: 0.0,
            jitter: (0.0, 0.0),
            wander: (0.0, 50.0),
            missing: (0.0, 0.3),
            seed: 1,
        }
    }
}

impl Sheet {
    pub(super) fn new(width: f32, height: f32, scale: f32, paper: u8) -> Self {
        let pixels = |length: f32| (length * scale).round().max(1.0) as usize;
        let (width, height) = (pixels(width), pixels(height));
        Self { width, height, scale, grey: vec![paper; width * height], glyphs: HashMap::new() }
    }

    /// In millimetres.
    pub(super) fn size(&self) -> (f32, f32) {
        (self.width as f32 / self.scale, self.height as f32 / self.scale)
    }

    fn put(&mut self, x: i32, y: i32, cover: f32, grey: f32) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            let pixel = &mut self.grey[y as usize * self.width + x as usize];
            let was = f32::from(*pixel);
            *pixel = (was + (grey - was) * cover + 0.5) as u8;
        }
    }

    /// Changes every pixel of a rectangle, given in millimetres.
    pub(super) fn within(
        &mut self,
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        mut change: impl FnMut(f32, f32, u8) -> u8,
    ) {
        let edge = |v: f32, most: usize| (v * self.scale).round().clamp(0.0, most as f32) as usize;
        let (left, right) = (edge(x, self.width), edge(x + width, self.width));
        for py in edge(y, self.height)..edge(y + height, self.height) {
            let my = (py as f32 + 0.5) / self.scale;
            for (px, pixel) in (left..).zip(&mut self.grey[py * self.width..][left..right.max(left)]) {
                *pixel = change((px as f32 + 0.5) / self.scale, my, *pixel);
            }
        }
    }

    pub(super) fn block(&mut self, x: f32, y: f32, width: f32, height: f32, grey: u8) {
        self.within(x, y, width, height, |_, _, _| grey);
    }

    /// A rectangle's outline.
    pub(super) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, thick: f32, grey: u8) {
        self.block(x, y, width, thick, grey);
        self.block(x, y + height - thick, width, thick, grey);
        self.block(x, y, thick, height, grey);
        self.block(x + width - thick, y, thick, height, grey);
    }

    /// A straight stroke.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32), thick: f32, grey: u8) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1e-3);
        let (left, top) = (from.0.min(to.0) - thick, from.1.min(to.1) - thick);
        let soft = 1.0 / self.scale;
        self.within(left, top, dx.abs() + 2.0 * thick, dy.abs() + 2.0 * thick, |x, y, was| {
            let away = ((x - from.0) * dy - (y - from.1) * dx).abs() / length;
            let along = ((x - from.0) * dx + (y - from.1) * dy) / length;
            if !(0.0..=length).contains(&along) {
                return was;
            }
            let cover = ((thick / 2.0 - away) / soft + 0.5).clamp(0.0, 1.0);
            (f32::from(was) + (f32::from(grey) - f32::from(was)) * cover) as u8
        });
    }

    /// An oval, filled.
    pub(super) fn oval(&mut self, centre: (f32, f32), radii: (f32, f32), grey: u8) {
        self.within(centre.0 - radii.0, centre.1 - radii.1, 2.0 * radii.0, 2.0 * radii.1, |x, y, was| {
            let r = ((x - centre.0) / radii.0).powi(2) + ((y - centre.1) / radii.1).powi(2);
            if r < 1.0 { grey } else { was }
        });
    }

    /// Fine wavy lines, as on security paper: each darkens by up to `depth`.
    pub(super) fn guilloche(&mut self, depth: f32, r: &mut Random) {
        for _ in 0..1 + r.below(3) {
            let (period, apart) = (r.between(8.0, 30.0), r.between(0.9, 2.4));
            let (height, phase, slope) = (r.between(0.5, 3.0), r.between(0.0, 6.3), r.between(-0.3, 0.3));
            let dark = depth * r.between(0.5, 1.0);
            let thick = r.between(0.1, 0.25);
            let columns: Vec<f32> = (0..self.width)
                .map(|x| {
                    let mx = x as f32 / self.scale;
                    (slope * mx + height * (mx / period * std::f32::consts::TAU + phase).sin()) / apart + 1000.0
                })
                .collect();
            for (y, row) in self.grey.chunks_exact_mut(self.width).enumerate() {
                let at = y as f32 / self.scale / apart;
                for (pixel, column) in row.iter_mut().zip(&columns) {
                    let v = at + column;
                    let away = (v - (v + 0.5) as i32 as f32).abs() * apart;
                    let line = (1.0 - away / thick).max(0.0) * dark;
                    *pixel = (f32::from(*pixel) - line).max(0.0) as u8;
                }
            }
        }
    }

    fn glyph(&mut self, face: &Face, c: char, scale: PxScale, quarter: u8) -> Rc<Mask> {
        let id = face.font.glyph_id(c);
        let key = (face.number, id.0, (scale.x * 100.0) as u32, (scale.y * 100.0) as u32, quarter);
        let drawn = self.glyphs.entry(key).or_insert_with(|| {
            let at = ab_glyph::point(f32::from(quarter) / 4.0, 0.0);
            let mut mask = Mask { left: 0, top: 0, width: 0, height: 0, cover: Vec::new() };
            if let Some(outline) = face.font.outline_glyph(id.with_scale_and_position(scale, at)) {
                let bounds = outline.px_bounds();
                (mask.left, mask.top) = (bounds.min.x as i32, bounds.min.y as i32);
                (mask.width, mask.height) = (bounds.width() as usize, bounds.height() as usize);
                mask.cover = vec![0.0; mask.width * mask.height];
                outline.draw(|x, y, cover| {
                    if let Some(pixel) = mask.cover.get_mut(y as usize * mask.width + x as usize) {
                        *pixel = cover.min(1.0);
                    }
                });
            }
            Rc::new(mask)
        });
        Rc::clone(drawn)
    }

    /// Running text whose capitals are `height` tall, their middle at `y`; where it ends.
    pub(super) fn text(&mut self, face: &Face, text: &str, x: f32, y: f32, height: f32, grey: u8) -> f32 {
        let scale = face.running(height * self.scale);
        let baseline = ((y + height / 2.0) * self.scale).round() as i32;
        let mut at = x * self.scale;
        let mut last: Option<GlyphId> = None;
        for c in text.chars() {
            if at > self.width as f32 {
                break;
            }
            let id = face.font.glyph_id(c);
            let scaled = face.font.as_scaled(scale);
            at += last.map_or(0.0, |l| scaled.kern(l, id));
            let advance = scaled.h_advance(id);
            let whole = at.floor();
            let mask = self.glyph(face, c, scale, ((at - whole) * 4.0) as u8);
            self.stamp(&mask, whole as i32, baseline, f32::from(grey));
            at += advance;
            last = Some(id);
        }
        at / self.scale
    }

    fn stamp(&mut self, mask: &Mask, x: i32, y: i32, grey: f32) {
        for (row, covers) in mask.cover.chunks_exact(mask.width.max(1)).enumerate() {
            for (column, &cover) in covers.iter().enumerate() {
                if cover > 0.0 {
                    self.put(x + mask.left + column as i32, y + mask.top + row as i32, cover, grey);
                }
            }
        }
    }

    /// A row of a zone: every character in a cell of its own, the first's left edge at `x`, the capitals' middle at `y`.
    pub(super) fn row(&mut self, face: &Face, text: &str, x: f32, y: f32, ink: &Ink) {
        let mut r = Random::new(ink.seed);
        let scale = face.celled(ink.pitch * self.scale, ink.capital * self.scale);
        let phase = r.between(0.0, std::f32::consts::TAU);
        for (i, c) in text.chars().enumerate() {
            let along = i as f32 * ink.pitch;
            let turn = along / ink.wander.1.max(1.0) * std::f32::consts::TAU + phase;
            let across = along + ink.jitter.0 * r.between(-1.0, 1.0);
            let up = ink.wander.0 * turn.sin() + ink.jitter.1 * r.between(-1.0, 1.0);
            let left = (x + across) * self.scale;
            let baseline = (y + ink.capital / 2.0 - up) * self.scale;
            let whole = left.floor();
            let plain = self.glyph(face, c, scale, ((left - whole) * 4.0) as u8);
            if plain.cover.is_empty() {
                continue;
            }
            let strength = 1.0 - 0.1 * r.unit();
            let mut mask = plain.leaning(ink.slant);
            mask.reweigh(ink.weight * self.scale / 2.0);
            let (px, py) = (whole as i32 + mask.left, baseline.round() as i32 + mask.top);
            for (row, covers) in mask.cover.chunks_exact_mut(mask.width).enumerate() {
                for (column, cover) in covers.iter_mut().enumerate().filter(|(_, c)| **c > 0.0) {
                    let (sx, sy) = (px + column as i32, py + row as i32);
                    if ink.missing.0 > 0.0 {
                        let blot = self.scale * ink.missing.1;
                        let n = noise::smooth(sx as f32 / blot, sy as f32 / blot, ink.seed);
                        *cover *= ((n - ink.missing.0) * 6.0 + 0.5).clamp(0.0, 1.0);
                    }
                    self.put(sx, sy, *cover * strength, f32::from(ink.grey));
                }
            }
        }
    }
}

impl Mask {
    /// A copy with room around it, its rows pushed across.
    fn leaning(&self, slant: f32) -> Self {
        let room = 3 + (slant.abs() * self.height as f32).ceil() as usize;
        let (width, height) = (self.width + 2 * room, self.height + 6);
        let mut cover = vec![0.0; width * height];
        for y in 0..self.height {
            // The baseline stays where it is.
            let push = -slant * (self.top + y as i32) as f32 + room as f32;
            let (whole, part) = (push.floor().max(0.0) as usize, push - push.floor());
            for x in 0..self.width {
                let v = self.cover[y * self.width + x];
                let at = (y + 3) * width + x + whole;
                if x + whole + 1 < width {
                    cover[at] += v * (1.0 - part);
                    cover[at + 1] += v * part;
                }
            }
        }
        Self { left: self.left - room as i32, top: self.top - 3, width, height, cover }
    }

    /// Strokes wider (or narrower) by so many pixels on either side.
    fn reweigh(&mut self, pixels: f32) {
        let mut left = pixels.abs().min(3.0);
        while left > 0.02 {
            let share = left.min(1.0);
            let from = self.cover.clone();
            for y in 1..self.height - 1 {
                for x in 1..self.width - 1 {
                    let at = y * self.width + x;
                    let near = [from[at - 1], from[at + 1], from[at - self.width], from[at + self.width]];
                    let reached = if pixels > 0.0 {
                        near.into_iter().fold(from[at], f32::max)
                    } else {
                        near.into_iter().fold(from[at], f32::min)
                    };
                    self.cover[at] += (reached - from[at]) * share;
                }
            }
            left -= 1.0;
        }
    }
}
