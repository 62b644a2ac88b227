//! Documents that do not exist, drawn in grey before a camera, with one defect at a time at any strength. Needs Debian's
//! fonts-ocr-b and fonts-dejavu-core. The same seed draws the same picture.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test uses its part, and fails by panicking")]

use ab_glyph::{Font, FontVec, ScaleFont, point};
use card_reader::mrz::check_digit;
use card_reader::ocr::{LumaImage, Point};

/// Splitmix64.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Sum of four: near enough to normal, deviation 1.
    pub fn normal(&mut self) -> f32 {
        ((0..4).map(|_| self.unit()).sum::<f32>() - 2.0) * 1.732
    }

    pub fn text(&mut self, set: &[u8], n: usize) -> String {
        (0..n).map(|_| char::from(set[self.below(set.len())])).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Passport,
    Card,
    LargeCard,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Passport, Self::Card, Self::LargeCard];

    /// Millimetres.
    pub fn size(self) -> (f32, f32) {
        match self {
            Self::Passport => (125.0, 88.0),
            Self::Card => (85.6, 54.0),
            Self::LargeCard => (105.0, 74.0),
        }
    }
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
const BOTH: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn checked(field: &str) -> String {
    format!("{field}{}", check_digit(field))
}

/// The rows of a made-up holder's zone.
pub fn rows(kind: Kind, r: &mut Random) -> Vec<String> {
    let states = ["UTO", "USA", "D<<", "FRA", "BRA", "JPN", "XXA"];
    let issuer = states[r.below(states.len())];
    let (a, b, c) = (4 + r.below(8), 3 + r.below(6), 3 + r.below(5));
    let names = format!("{}<<{}<{}", r.text(LETTERS, a), r.text(LETTERS, b), r.text(LETTERS, c));
    let number = checked(&r.text(BOTH, 9));
    let date = |r: &mut Random, century: usize| {
        format!("{:02}{:02}{:02}", century + r.below(30), 1 + r.below(12), 1 + r.below(28))
    };
    let (birth, expiry) = (checked(&date(r, 50)), checked(&date(r, 27)));
    let sex = if r.below(2) == 0 { 'F' } else { 'M' };
    let optional = if r.below(2) == 0 { r.text(DIGITS, 8) } else { String::new() };
    match kind {
        Kind::Passport => {
            let personal = checked(&format!("{optional:<<14}"));
            let composite = check_digit(&format!("{number}{birth}{expiry}{personal}"));
            vec![
                format!("{:<<44}", format!("P<{issuer}{names}")),
                format!("{number}{issuer}{birth}{sex}{expiry}{personal}{composite}"),
            ]
        }
        Kind::LargeCard => {
            let optional = format!("{:<<7}", &optional[..optional.len().min(7)]);
            let composite = check_digit(&format!("{number}{birth}{expiry}{optional}"));
            vec![
                format!("{:<<36}", format!("I<{issuer}{names}")),
                format!("{number}{issuer}{birth}{sex}{expiry}{optional}{composite}"),
            ]
        }
        Kind::Card => {
            let (one, two) = (format!("{optional:<<15}"), "<".repeat(11));
            let composite = check_digit(&format!("{number}{one}{birth}{expiry}{two}"));
            vec![
                format!("I<{issuer}{number}{one}"),
                format!("{birth}{sex}{expiry}{issuer}{two}{composite}"),
                format!("{names:<<30}"),
            ]
        }
    }
}

pub struct Fonts {
    zone: FontVec,
    page: FontVec,
}

impl Fonts {
    pub fn load() -> Self {
        let font = |path: &str| {
            let bytes = std::fs::read(path)
                .unwrap_or_else(|e| panic!("{path}: {e}; apt-get install fonts-ocr-b fonts-dejavu-core"));
            FontVec::try_from_vec(bytes).unwrap()
        };
        Self {
            zone: font("/usr/share/fonts/opentype/ocr-b/OCRB.otf"),
            page: font("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        }
    }
}

/// A document as printed.
pub struct Page {
    width: usize,
    height: usize,
    grey: Vec<f32>,
    scale: f32,
    kind: Kind,
    /// Middle of the zone, millimetres.
    zone: (f32, f32),
}

impl Page {
    /// `zone`: the rows, or `None` for the side of a document that has none.
    pub fn print(kind: Kind, zone: Option<&[String]>, fonts: &Fonts, seed: u64, scale: f32) -> Self {
        let mut r = Random(seed ^ 0xabcd);
        let (mm_w, mm_h) = kind.size();
        let (width, height) = ((mm_w * scale) as usize, (mm_h * scale) as usize);
        let (paper, ink) = (r.between(205.0, 245.0), r.between(15.0, 60.0));
        let mut page = Self { width, height, grey: vec![paper; width * height], scale, kind, zone: (0.0, 0.0) };
        let (period, apart, depth) = (r.between(9.0, 30.0), r.between(1.2, 2.4), r.between(4.0, 20.0));
        for y in 0..height {
            for x in 0..width {
                let (mx, my) = (x as f32 / scale, y as f32 / scale);
                let at = (my + 2.0 * (mx / period * std::f32::consts::TAU).sin()) / apart;
                let away = (at - at.round()).abs() * apart;
                page.grey[y * width + x] -= depth * (1.0 - away / 0.15).max(0.0);
            }
        }
        let (face_w, face_h) = (0.24 * mm_w, 0.40 * mm_h);
        page.portrait(4.0, 0.14 * mm_h, face_w, face_h, &mut r);
        page.text(&fonts.page, "UTOPIA   SPECIMEN", 0.34 * mm_w, 0.09 * mm_h, 3.2, ink);
        for i in 0..if zone.is_some() { 4 } else { 7 } {
            let y = (0.17 + 0.1 * i as f32) * mm_h;
            page.text(&fonts.page, &r.text(b"abcdefgh noprstuv", 12), 0.34 * mm_w, y, 1.4, ink + 40.0);
            page.text(&fonts.page, &r.text(LETTERS, 11), 0.34 * mm_w, y + 0.045 * mm_h, 2.2, ink);
        }
        if let Some(rows) = zone {
            let (last, apart) = if kind == Kind::Card { (5.6, 4.23) } else { (7.4, 6.35) };
            let left = (mm_w - rows[0].len() as f32 * 2.54) / 2.0;
            for (i, row) in rows.iter().rev().enumerate() {
                page.row(&fonts.zone, row, left, mm_h - last - i as f32 * apart, ink);
            }
            page.zone = (mm_w / 2.0, mm_h - last - (rows.len() - 1) as f32 * apart / 2.0);
        }
        page
    }

    fn put(&mut self, x: i32, y: i32, coverage: f32, grey: f32) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            let p = &mut self.grey[y as usize * self.width + x as usize];
            *p += (grey - *p) * coverage.min(1.0);
        }
    }

    fn portrait(&mut self, x: f32, y: f32, w: f32, h: f32, r: &mut Random) {
        let skin = r.between(90.0, 170.0);
        for py in (y * self.scale) as i32..((y + h) * self.scale) as i32 {
            for px in (x * self.scale) as i32..((x + w) * self.scale) as i32 {
                let (u, v) = ((px as f32 / self.scale - x) / w - 0.5, (py as f32 / self.scale - y) / h);
                let inside = |cv: f32, ru: f32, rv: f32| (u / ru).powi(2) + ((v - cv) / rv).powi(2) < 1.0;
                let grey = if inside(0.47, 0.25, 0.28) {
                    skin - 25.0 * u
                } else if inside(0.38, 0.33, 0.3) {
                    45.0
                } else if inside(1.05, 0.46, 0.32) {
                    80.0
                } else {
                    185.0
                };
                self.put(px, py, 1.0, grey);
            }
        }
    }

    fn text(&mut self, font: &FontVec, text: &str, x: f32, y: f32, height: f32, grey: f32) {
        let scale = height * self.scale * 1.37;
        let mut at = x * self.scale;
        for c in text.chars() {
            let id = font.glyph_id(c);
            self.glyph(font, id.with_scale_and_position(scale, point(at, (y + height / 2.0) * self.scale)), grey);
            at += font.as_scaled(scale).h_advance(id);
        }
    }

    fn row(&mut self, font: &FontVec, text: &str, x: f32, y: f32, grey: f32) {
        let scale = 100.0 * 2.54 * self.scale / font.as_scaled(100.0).h_advance(font.glyph_id('A'));
        let capital = font.outline_glyph(font.glyph_id('H').with_scale(scale)).map_or(0.0, |o| o.px_bounds().height());
        for (i, c) in text.chars().enumerate() {
            let at = point((x + i as f32 * 2.54) * self.scale, y * self.scale + capital / 2.0);
            self.glyph(font, font.glyph_id(c).with_scale_and_position(scale, at), grey);
        }
    }

    fn glyph(&mut self, font: &FontVec, glyph: ab_glyph::Glyph, grey: f32) {
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
            outline.draw(|x, y, coverage| self.put(left + x as i32, top + y as i32, coverage, grey));
        }
    }

    fn at(&self, x: f32, y: f32) -> Option<f32> {
        let (x0, y0) = (x.floor(), y.floor());
        if x0 < 0.0 || y0 < 0.0 || x0 as usize + 1 >= self.width || y0 as usize + 1 >= self.height {
            return None;
        }
        let (fx, fy, i) = (x - x0, y - y0, y0 as usize * self.width + x0 as usize);
        let g = &self.grey;
        Some(
            (g[i] * (1.0 - fx) + g[i + 1] * fx) * (1.0 - fy)
                + (g[i + self.width] * (1.0 - fx) + g[i + self.width + 1] * fx) * fy,
        )
    }
}

/// Where a document lies before the camera.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    pub width: usize,
    pub height: usize,
    /// Degrees, clockwise.
    pub turn: f32,
    pub lean: (f32, f32),
    /// The document's width in the frame, as a share of the frame's; and how far its middle lies from the frame's, in
    /// pixels.
    pub fill: f32,
    pub shift: (f32, f32),
    pub desk: f32,
}

impl Pose {
    pub fn usual(r: &mut Random) -> Self {
        Self {
            width: 1280,
            height: 960,
            turn: r.between(-8.0, 8.0),
            lean: (r.between(-0.06, 0.06), r.between(-0.06, 0.06)),
            fill: r.between(0.60, 0.78),
            shift: (r.between(-40.0, 40.0), r.between(-30.0, 30.0)),
            desk: r.between(30.0, 110.0),
        }
    }

    fn onto(&self, page: &Page, x: f32, y: f32) -> (f32, f32) {
        let scale = self.fill * self.width as f32 / page.width as f32;
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let px = x - self.width as f32 / 2.0 - self.shift.0;
        let py = y - self.height as f32 / 2.0 - self.shift.1;
        let (u, v) = ((px * cos + py * sin) / scale, (py * cos - px * sin) / scale);
        let depth = 1.0 + 2.0 * (self.lean.0 * v / page.height as f32 + self.lean.1 * u / page.width as f32);
        (u / depth + page.width as f32 / 2.0, v / depth + page.height as f32 / 2.0)
    }

    /// Light before the lens.
    pub fn see(&self, page: &Page) -> Vec<f32> {
        let mut light = vec![0.0; self.width * self.height];
        for (i, l) in light.iter_mut().enumerate() {
            let (x, y) = ((i % self.width) as f32, (i / self.width) as f32);
            for (dx, dy) in [(-0.25, -0.25), (0.25, 0.25)] {
                let (u, v) = self.onto(page, x + dx, y + dy);
                *l += page.at(u, v).unwrap_or(self.desk) / 2.0;
            }
        }
        light
    }

    /// Where the middle of the zone is in the frame, about (without the lean), and the length of a character there.
    pub fn zone(&self, page: &Page) -> (Point, f32) {
        let scale = self.fill * self.width as f32 / page.width as f32;
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let (u, v) = (
            (page.zone.0 * page.scale - page.width as f32 / 2.0) * scale,
            (page.zone.1 * page.scale - page.height as f32 / 2.0) * scale,
        );
        let middle = Point {
            x: self.width as f32 / 2.0 + self.shift.0 + u * cos - v * sin,
            y: self.height as f32 / 2.0 + self.shift.1 + u * sin + v * cos,
        };
        (middle, 2.54 * page.scale * scale)
    }
}

/// A spot of light: middle, radius, strength.
pub type Glare = (Point, f32, f32);

/// What lens, light and sensor do.
#[derive(Clone, Debug)]
pub struct Camera {
    pub blur: f32,
    /// Length in pixels and direction in degrees.
    pub motion: (f32, f32),
    pub noise: f32,
    pub gain: f32,
    pub contrast: f32,
    /// Light scattered evenly by a cover, in grey levels.
    pub veil: f32,
    pub glare: Option<Glare>,
}

impl Camera {
    pub fn good(r: &mut Random) -> Self {
        Self {
            blur: r.between(0.4, 0.9),
            motion: (0.0, 0.0),
            noise: r.between(1.0, 4.0),
            gain: r.between(0.8, 1.05),
            contrast: 1.0,
            veil: 0.0,
            glare: None,
        }
    }

    pub fn take(&self, light: &[f32], width: usize, r: &mut Random) -> LumaImage {
        let height = light.len() / width;
        let mut grey = blurred(light, width, self.blur);
        if self.motion.0 > 0.5 {
            grey = moved(&grey, width, self.motion);
        }
        let pixels = grey
            .iter()
            .enumerate()
            .map(|(i, g)| {
                let mut v = 128.0 + (g - 128.0) * self.contrast;
                v = v * (1.0 - self.veil / 255.0) + self.veil;
                if let Some((middle, radius, strength)) = self.glare {
                    let (dx, dy) = ((i % width) as f32 - middle.x, (i / width) as f32 - middle.y);
                    let d = (dx * dx + dy * dy) / (radius * radius);
                    if d < 6.0 {
                        v += strength * (-d * d).exp();
                    }
                }
                (v * self.gain + self.noise * r.normal()).round().clamp(0.0, 255.0) as u8
            })
            .collect();
        LumaImage::new(width, height, pixels).unwrap()
    }
}

fn blurred(light: &[f32], width: usize, sigma: f32) -> Vec<f32> {
    if sigma < 0.2 {
        return light.to_vec();
    }
    let reach = (2.6 * sigma).ceil() as isize;
    let taps: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = taps.iter().sum();
    let height = light.len() / width;
    let mut across = vec![0.0f32; light.len()];
    for (from, to) in light.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (x, to) in to.iter_mut().enumerate() {
            for (k, t) in taps.iter().enumerate() {
                let at = (x as isize + k as isize - reach).clamp(0, width as isize - 1);
                *to += t * from[at as usize];
            }
        }
    }
    let mut down = vec![0.0f32; light.len()];
    for y in 0..height {
        let to = &mut down[y * width..(y + 1) * width];
        for (k, t) in taps.iter().enumerate() {
            let at = (y as isize + k as isize - reach).clamp(0, height as isize - 1) as usize;
            for (to, from) in to.iter_mut().zip(&across[at * width..(at + 1) * width]) {
                *to += t * from;
            }
        }
        to.iter_mut().for_each(|v| *v /= sum * sum);
    }
    down
}

fn moved(light: &[f32], width: usize, (length, degrees): (f32, f32)) -> Vec<f32> {
    let height = light.len() / width;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let steps = (length * 1.5).ceil() as usize + 1;
    let mut out = vec![0.0; light.len()];
    for k in 0..steps {
        let t = (k as f32 / (steps - 1) as f32 - 0.5) * length;
        let (dx, dy) = ((t * cos).round() as isize, (t * sin).round() as isize);
        for y in 0..height {
            let from = (y as isize + dy).clamp(0, height as isize - 1) as usize * width;
            for x in 0..width {
                let at = (x as isize + dx).clamp(0, width as isize - 1) as usize;
                out[y * width + x] += light[from + at];
            }
        }
    }
    out.iter_mut().for_each(|v| *v /= steps as f32);
    out
}
