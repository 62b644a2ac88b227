//! Short strips of a zone as a camera or scanner would see them, and the patches cut from them: the training data.
//!
//! Everything is drawn; no picture is needed. Lengths are in *pitches* (the width of a character's cell) unless they
//! say pixels.

use crate::glyphs::{ALPHABET, FINE, FOREIGN, MASK, Typeface};
use crate::random::Random;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, ExtendedColorType};

/// A patch in pixels, and pixels of a patch for one pitch: as in `card-reader`'s `ocr::network`.
pub const WIDE: usize = 28;
pub const HIGH: usize = 20;
pub const PITCH: f32 = 14.0;
/// The class of everything that is not a character in the middle of its patch.
pub const REFUSED: u8 = 37;
const CHARACTERS: usize = 9;

/// One training example: the grey values of a patch, its class, and how far the character lies from its middle.
pub struct Example {
    pub patch: [f32; WIDE * HIGH],
    pub class: u8,
    pub offset: [f32; 2],
}

impl Example {
    /// The middle `wide` columns, mean 0 and deviation 1, ink positive, with a border of zeros; a patch without
    /// contrast stays small. As in `ocr::network`.
    pub fn input(&self, wide: usize, into: &mut [f32]) {
        let left = (WIDE - wide) / 2;
        let rows = || self.patch.chunks_exact(WIDE).map(|row| &row[left..left + wide]);
        let n = (wide * HIGH) as f32;
        let mean = rows().flatten().sum::<f32>() / n;
        let variance = rows().flatten().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
        let scale = 1.0 / (variance.sqrt() + 2.0);
        for (y, row) in rows().enumerate() {
            for (to, v) in into[(y + 1) * (wide + 2) + 1..].iter_mut().zip(row) {
                *to = (mean - v) * scale;
            }
        }
    }
}

/// What the strip shows.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Zone,
    UpsideDown,
    Sideways,
    Foreign,
    Bars,
    Nothing,
    BetweenRows,
}

pub struct Artist {
    faces: Vec<Typeface>,
    random: Random,
}

/// Where a point of the strip lies on the glyphs, and how they are laid out.
struct Layout {
    subject: Subject,
    face: usize,
    stroke: usize,
    text: [Option<usize>; CHARACTERS],
    ink: [f32; CHARACTERS],
    /// Each character's own displacement and size, as worn or cheap printers leave them.
    own: [[f32; 4]; CHARACTERS],
    slant: f32,
    tilt: f32,
    width: f32,
    height: f32,
    bars: Vec<(f32, f32)>,
    warp: Option<Warp>,
    /// Strokes thicker (or, negative, thinner) in one direction only, in pitches.
    press: Option<(f32, f32)>,
}

/// A typeface that nobody cut: every character bent a little, the same one always alike.
struct Warp {
    strength: f32,
    waves: [[f32; 3]; 2],
}

impl Warp {
    fn bend(&self, character: usize, u: f32, v: f32) -> (f32, f32) {
        let own = character as f32 * 2.4;
        let wave = |w: &[f32; 3]| self.strength * (w[0] * u + w[1] * v + w[2] + own).sin();
        (u + wave(&self.waves[0]), v + wave(&self.waves[1]))
    }
}

impl Artist {
    pub fn new(faces: Vec<Typeface>, seed: u64) -> Self {
        Self { faces, random: Random::new(seed) }
    }

    /// Draws one strip and appends the examples cut from it.
    pub fn draw(&mut self, into: &mut Vec<Example>) {
        let layout = self.layout();
        let r = &mut self.random;
        // Most captures are small; the zone is rarely sampled finer than 24 pixels a pitch.
        let pitch = 5.3 * (24.0f32 / 5.3).powf(r.unit());
        let (width, height) = ((CHARACTERS as f32 * pitch).ceil() as usize, (2.3 * pitch).ceil() as usize);
        let ink = self.ink(&layout, pitch, width, height);
        // The same print before two cameras: printing costs the most.
        for _ in 0..2 {
            let r = &mut self.random;
            let mut ink = ink.clone();
            wear(&mut ink, width, height, pitch, r);
            blur(&mut ink, width, height, pitch, r);
            let pixels = expose(&ink, width, height, pitch, r);
            for i in 1..CHARACTERS - 1 {
                if let Some(example) = self.cut(&layout, i, pitch, &pixels, width, height) {
                    into.push(example);
                }
            }
        }
    }

    fn layout(&mut self) -> Layout {
        let total: f32 = self.faces.iter().map(|f| f.weight).sum();
        let r = &mut self.random;
        let subject = match r.below(100) {
            0..=85 => Subject::Zone,
            86..=89 => Subject::UpsideDown,
            90 => Subject::Sideways,
            91..=92 => Subject::Foreign,
            93 => Subject::Bars,
            94..=96 => Subject::Nothing,
            _ => Subject::BetweenRows,
        };
        let mut at = r.between(0.0, total);
        let face = self
            .faces
            .iter()
            .position(|f| {
                at -= f.weight;
                at < 0.0
            })
            .unwrap_or(0);
        let mut text = [None; CHARACTERS];
        let fillers = if r.chance(0.25) { 0.7 } else { 0.08 };
        for t in &mut text {
            *t = Some(match subject {
                Subject::UpsideDown => index(*r.pick(b"ACDEFGJKLPQRTUVY1347<<<<B")),
                Subject::Sideways => index(*r.pick(b"ABDFGJKLPQRTUY2457")),
                Subject::Foreign => ALPHABET.len() + r.below(FOREIGN.len()),
                _ if r.chance(fillers) => 36,
                _ => r.below(36),
            });
        }
        // The ends of a row: nothing beyond the first or last character.
        if r.chance(0.12) {
            text[0] = None;
        }
        if r.chance(0.12) {
            text[CHARACTERS - 1] = None;
        }
        let bars = (0..14).map(|_| (r.between(0.0, CHARACTERS as f32), r.between(0.05, 0.5))).collect();
        Layout {
            subject,
            face,
            stroke: r.below(Typeface::strokes()),
            text,
            ink: std::array::from_fn(|_| 1.0 - 0.25 * r.unit() * r.unit()),
            own: std::array::from_fn(|_| {
                [0.015 * r.normal(), 0.015 * r.normal(), 1.0 + 0.02 * r.normal(), 1.0 + 0.02 * r.normal()]
            }),
            slant: 0.07 * r.normal(),
            tilt: 0.012 * r.normal(),
            width: r.between(0.88, 1.08),
            height: r.between(0.86, 1.14),
            bars,
            warp: r.chance(0.4).then(|| Warp {
                strength: r.between(0.01, 0.05),
                waves: std::array::from_fn(|_| {
                    [r.between(2.0, 8.0), r.between(2.0, 8.0) * r.normal().signum(), r.between(0.0, 6.3)]
                }),
            }),
            press: r.chance(0.3).then(|| {
                let by = r.between(-0.035, 0.045);
                if r.chance(0.5) { (by, 0.0) } else { (0.0, by) }
            }),
        }
    }

    /// Ink, 0 to 1, at every pixel of the capture, before the lens.
    fn ink(&mut self, layout: &Layout, pitch: f32, width: usize, height: usize) -> Vec<f32> {
        let fine = if pitch < 10.0 {
            3
        } else if pitch < 18.0 {
            2
        } else {
            1
        };
        let face = &self.faces[layout.face];
        let step = 1.0 / (pitch * fine as f32);
        let middle = height as f32 / pitch / 2.0;
        let mut ink = vec![0.0f32; width * height];
        if layout.subject == Subject::Nothing {
            return ink;
        }
        let share = 1.0 / (fine * fine) as f32;
        let (narrow, flat) = (FINE / layout.width, FINE / layout.height);
        for y in 0..height * fine {
            for x in 0..width * fine {
                let (u, v) = ((x as f32 + 0.5) * step, (y as f32 + 0.5) * step - middle);
                let v = v - layout.tilt * (u - CHARACTERS as f32 / 2.0);
                let u = u + layout.slant * v;
                let value = if layout.subject == Subject::Bars {
                    if layout.bars.iter().any(|&(at, wide)| (u - at).abs() < wide * 0.5) { 1.0 } else { 0.0 }
                } else {
                    // A neighbour of a wide typeface may reach over the cell's edge: only the own glyph is looked up.
                    let cell = u.floor();
                    let Some(Some(character)) = layout.text.get(cell as isize as usize).copied() else { continue };
                    let own = layout.own[cell as usize];
                    let (mut gu, mut gv) = ((u - cell - 0.5 - own[0]) * narrow * own[2], (v - own[1]) * flat * own[3]);
                    match layout.subject {
                        Subject::UpsideDown => (gu, gv) = (-gu, -gv),
                        Subject::Sideways => (gu, gv) = (gv, -gu),
                        _ => {}
                    }
                    if let Some(warp) = &layout.warp {
                        let (bu, bv) = warp.bend(character, gu / FINE, gv / FINE);
                        (gu, gv) = (bu * FINE, bv * FINE);
                    }
                    let mask = face.mask(layout.stroke, character);
                    let look = |du: f32, dv: f32| {
                        let (mx, my) = (gu + du + MASK as f32 / 2.0, gv + dv + MASK as f32 / 2.0);
                        let inside = (0.0..MASK as f32).contains(&mx) && (0.0..MASK as f32).contains(&my);
                        if inside { mask[my as usize * MASK + mx as usize] } else { 0.0 }
                    };
                    let covered = match layout.press {
                        Some((du, dv)) => {
                            let (du, dv) = (du * FINE, dv * FINE);
                            let (a, b) = (look(du, dv), look(-du, -dv));
                            if du + dv > 0.0 { a.max(b) } else { a.min(b) }
                        }
                        None => look(0.0, 0.0),
                    };
                    covered * layout.ink[cell as usize]
                };
                ink[y / fine * width + x / fine] += value * share;
            }
        }
        ink
    }

    /// The patch around the middle of cell `i`, displaced at random.
    fn cut(
        &mut self,
        layout: &Layout,
        i: usize,
        pitch: f32,
        pixels: &[u8],
        width: usize,
        height: usize,
    ) -> Option<Example> {
        let r = &mut self.random;
        let (dx, mut dy) = if r.chance(0.75) {
            (0.05 * r.normal(), 0.04 * r.normal())
        } else {
            (r.between(-0.44, 0.44), r.between(-0.2, 0.2))
        };
        if layout.subject == Subject::BetweenRows {
            dy = if r.chance(0.5) { r.between(0.55, 0.9) } else { -r.between(0.55, 0.9) };
        }
        let class = match layout.subject {
            Subject::Zone => layout.text[i]? as u8,
            _ => REFUSED,
        };
        let (wide, high) = (1.0 + 0.03 * r.normal(), 1.0 + 0.04 * r.normal());
        let cell = i as f32 + 0.5;
        let centre_v = height as f32 / pitch / 2.0 + layout.tilt * (cell - CHARACTERS as f32 / 2.0);
        let mut patch = [0.0; WIDE * HIGH];
        for (y, row) in patch.chunks_exact_mut(WIDE).enumerate() {
            for (x, out) in row.iter_mut().enumerate() {
                let u = cell - dx + (x as f32 - (WIDE - 1) as f32 / 2.0) / PITCH * wide;
                let v = centre_v - dy + (y as f32 - (HIGH - 1) as f32 / 2.0) / PITCH * high;
                *out = bilinear(pixels, width, height, u * pitch - 0.5, v * pitch - 0.5);
            }
        }
        Some(Example { patch, class, offset: [dx, dy] })
    }
}

fn index(c: u8) -> usize {
    ALPHABET.iter().position(|&a| a == c).unwrap_or(36)
}

fn bilinear(pixels: &[u8], width: usize, height: usize, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let p = |x: usize, y: usize| f32::from(pixels[y * width + x]);
    (p(x0, y0) * (1.0 - fx) + p(x1, y0) * fx) * (1.0 - fy) + (p(x0, y1) * (1.0 - fx) + p(x1, y1) * fx) * fy
}

/// Use: scratches and rubbed places that took ink away, strokes and dirt that brought some, print that did not take.
/// What is left of a character may look like another, and the network must know that.
fn wear(ink: &mut [f32], width: usize, height: usize, pitch: f32, r: &mut Random) {
    if r.chance(0.14) {
        for _ in 0..1 + r.below(4) {
            let (sin, cos) = r.between(0.0, std::f32::consts::PI).sin_cos();
            let (x, y) = (r.between(0.0, width as f32), height as f32 * 0.5 + pitch * r.between(-0.6, 0.6));
            let (half, length) = (pitch * r.between(0.03, 0.22), pitch * r.between(0.1, 3.0));
            let taken = r.chance(0.6);
            let strength = r.between(0.5, 1.0);
            for py in 0..height {
                for px in 0..width {
                    let (dx, dy) = (px as f32 - x, py as f32 - y);
                    let (along, beside) = ((dx * cos + dy * sin).abs(), (dy * cos - dx * sin).abs());
                    let share =
                        (half - beside + 0.5).clamp(0.0, 1.0) * (length - along + 0.5).clamp(0.0, 1.0) * strength;
                    let i = &mut ink[py * width + px];
                    *i = if taken { *i * (1.0 - share) } else { i.max(share) };
                }
            }
        }
    }
    if r.chance(0.1) {
        // Spots, larger or smaller than a stroke is wide.
        let step = pitch * r.between(0.07, 0.35);
        let (across, down) = ((width as f32 / step) as usize + 2, (height as f32 / step) as usize + 2);
        let spots: Vec<f32> = (0..across * down).map(|_| r.unit()).collect();
        let (level, taken) = (r.between(0.08, 0.4), r.chance(0.75));
        let level = if taken { level } else { level * 0.5 };
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f32 / step, y as f32 / step);
                let (i, j, fu, fv) = (u as usize, v as usize, u.fract(), v.fract());
                let at = |i: usize, j: usize| spots[j * across + i];
                let value = (at(i, j) * (1.0 - fu) + at(i + 1, j) * fu) * (1.0 - fv)
                    + (at(i, j + 1) * (1.0 - fu) + at(i + 1, j + 1) * fu) * fv;
                let share = ((level - value) / 0.08 + 0.5).clamp(0.0, 1.0);
                let p = &mut ink[y * width + x];
                *p = if taken { *p * (1.0 - share) } else { p.max(0.8 * share) };
            }
        }
    }
}

/// Lens and movement.
fn blur(ink: &mut [f32], width: usize, height: usize, pitch: f32, r: &mut Random) {
    let across;
    let down;
    match r.below(16) {
        // A hand that moves: along the row, across it, or both.
        0 | 14 | 15 => {
            across = box_taps(r.between(0.15, 1.15) * pitch);
            down = if r.chance(0.3) { box_taps(r.between(0.1, 0.4) * pitch) } else { vec![1.0] };
        }
        1 => {
            across = vec![1.0];
            down = box_taps(r.between(0.1, 0.5) * pitch);
        }
        2 | 3 => {
            let sigma = r.between(0.1, 0.2) * pitch;
            across = gauss_taps(sigma);
            down = gauss_taps(sigma * r.between(0.8, 1.2));
        }
        _ => {
            let sigma = (r.between(0.0, 0.12) * pitch).max(r.between(0.0, 0.8));
            across = gauss_taps(sigma);
            down = across.clone();
        }
    }
    let mut line = vec![0.0; width.max(height)];
    if across.len() > 1 {
        for row in ink.chunks_exact_mut(width) {
            convolve(row, &across, &mut line[..width]);
            row.copy_from_slice(&line[..width]);
        }
    }
    if down.len() > 1 {
        let mut column = vec![0.0; height];
        for x in 0..width {
            for y in 0..height {
                column[y] = ink[y * width + x];
            }
            convolve(&column, &down, &mut line[..height]);
            for y in 0..height {
                ink[y * width + x] = line[y];
            }
        }
    }
}

fn convolve(from: &[f32], taps: &[f32], into: &mut [f32]) {
    let half = taps.len() as isize / 2;
    let last = from.len() as isize - 1;
    for (i, out) in into.iter_mut().enumerate() {
        *out = taps
            .iter()
            .enumerate()
            .map(|(k, t)| t * from[(i as isize + k as isize - half).clamp(0, last) as usize])
            .sum();
    }
}

fn box_taps(length: f32) -> Vec<f32> {
    let half = ((length - 1.0) / 2.0).max(0.0);
    let reach = half.ceil() as isize;
    let taps: Vec<f32> = (-reach..=reach).map(|d| (half + 1.0 - (d as f32).abs()).clamp(0.0, 1.0)).collect();
    let sum: f32 = taps.iter().sum();
    taps.iter().map(|t| t / sum).collect()
}

fn gauss_taps(sigma: f32) -> Vec<f32> {
    if sigma < 0.2 {
        return vec![1.0];
    }
    let reach = (2.5 * sigma).ceil() as isize;
    let taps: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = taps.iter().sum();
    taps.iter().map(|t| t / sum).collect()
}

/// Paper, light, printing underneath, sensor noise, compression: from ink to the pixels that a program gets.
fn expose(ink: &[f32], width: usize, height: usize, pitch: f32, r: &mut Random) -> Vec<u8> {
    let contrast = 22.0 * (210.0f32 / 22.0).powf(r.unit().sqrt());
    let paper = r.between(contrast + 5.0, 262.0f32.max(contrast + 6.0));
    let noise = contrast * 0.15 * r.unit() * r.unit() + r.between(0.3, 1.5);
    let (slope_x, slope_y) =
        (0.15 * contrast * r.normal() / width as f32, 0.15 * contrast * r.normal() / height as f32);
    let waves: Vec<[f32; 6]> = if r.chance(0.35) {
        let strength = contrast * r.between(0.03, 0.33);
        (0..1 + r.below(6))
            .map(|_| {
                [
                    r.between(0.0, height as f32),
                    r.normal() * 0.35,
                    r.between(0.02, 0.5) * pitch,
                    r.between(0.3, 2.5) / pitch,
                    r.between(0.0, 6.3),
                    strength * r.between(0.4, 1.0),
                ]
            })
            .collect()
    } else {
        Vec::new()
    };
    // A weave, or the dots of a printed picture.
    let weave = if r.chance(0.17) {
        (r.between(0.5, 3.0), r.between(0.5, 3.0), contrast * r.between(0.02, 0.22))
    } else {
        (0.0, 0.0, 0.0)
    };
    let blotch = if r.chance(0.12) {
        Some((
            r.between(0.0, width as f32),
            r.between(0.0, height as f32),
            pitch * r.between(0.6, 3.0),
            contrast * r.between(-0.5, 0.9),
        ))
    } else {
        None
    };
    // The edge of a box, a card or a photograph beside the row.
    let edge = if r.chance(0.1) {
        Some((
            r.between(0.62, 1.1) * if r.chance(0.5) { 1.0 } else { -1.0 },
            contrast * r.between(0.2, 1.0),
            r.chance(0.5),
        ))
    } else {
        None
    };
    let scratch = if r.chance(0.06) {
        Some((r.between(0.0, height as f32), r.normal() * 0.1, r.between(0.03, 0.12) * pitch))
    } else {
        None
    };
    let gamma_ink = r.between(0.75, 1.0);
    let veil = r.chance(0.14).then(|| Veil::across(width, height, pitch, contrast, r));
    // Lines that a printing head missed or a worn ribbon left out.
    let missed = r.chance(0.06).then(|| (r.chance(0.5), r.between(0.25, 1.2) * pitch, r.between(0.04, 0.14), r.unit()));
    let curve = r.chance(0.3).then(|| r.between(0.6, 1.7));
    let mut pixels = vec![0u8; width * height];
    for y in 0..height {
        for x in 0..width {
            let (fx, fy) = (x as f32, y as f32);
            let mut i = ink[y * width + x];
            if let Some((at, slope, thick)) = scratch {
                let d = (fy - at - slope * fx).abs();
                if d < thick {
                    i *= 0.3;
                }
            }
            if let Some((down, every, wide, phase)) = missed {
                let at = (if down { fy } else { fx }) / every + phase;
                if at.fract() < wide {
                    i *= 0.25;
                }
            }
            let mut value = paper - contrast * i.powf(gamma_ink) + slope_x * fx + slope_y * fy;
            for w in &waves {
                let line = w[0] + w[1] * fx + w[2] * (fx * w[3] + w[4]).sin();
                let d = (fy - line).abs();
                if d < 1.4 {
                    value -= w[5] * (1.4 - d).min(1.0);
                }
            }
            if weave.2 > 0.0 {
                value -= weave.2 * ((fx * weave.0).sin() * (fy * weave.1).cos());
            }
            if let Some((bx, by, radius, strength)) = blotch {
                let d2 = ((fx - bx).powi(2) + (fy - by).powi(2)) / (radius * radius);
                if d2 < 9.0 {
                    value += strength * (-0.5 * d2).exp();
                }
            }
            if let Some((at, strength, filled)) = edge {
                let v = (fy - height as f32 / 2.0) / pitch;
                let beyond = (v - at) * at.signum();
                if beyond > 0.0 && (filled || beyond < 0.12) {
                    value -= strength;
                }
            }
            if let Some(veil) = &veil {
                value = veil.over(value, fx, fy);
            }
            if let Some(power) = curve {
                value = 255.0 * (value.clamp(0.0, 255.0) / 255.0).powf(power);
            }
            value += noise * r.normal();
            pixels[y * width + x] = value.clamp(0.0, 255.0) as u8;
        }
    }
    if r.chance(0.15) {
        sharpen(&mut pixels, width, height, r.between(0.3, 1.6));
    }
    if r.chance(0.3) {
        let quality = 15 + r.below(70) as u8;
        if let Some(again) = compress(&pixels, width, height, quality) {
            return again;
        }
    }
    pixels
}

/// Something half transparent across the row: a stamp, a printed word, a hologram's edge, a shadow, a reflection.
struct Veil {
    /// Distance from a line: `across · x + down · y - offset`, pixels.
    across: f32,
    down: f32,
    offset: f32,
    /// Half its width; a shadow has only one edge.
    half: f32,
    /// Added, and multiplied with.
    add: f32,
    times: f32,
}

impl Veil {
    fn across(width: usize, height: usize, pitch: f32, contrast: f32, r: &mut Random) -> Self {
        let (across, down) = r.between(0.0, std::f32::consts::TAU).sin_cos();
        let offset = across * r.between(0.0, width as f32) + down * r.between(0.0, height as f32);
        let band = Self { across, down, offset, half: r.between(0.1, 0.7) * pitch, add: 0.0, times: 1.0 };
        match r.below(4) {
            0 => Self { half: f32::MAX, times: r.between(0.4, 0.85), ..band },
            1 => Self { half: r.between(0.5, 2.5) * pitch, add: contrast * r.between(0.1, 0.8), times: 0.8, ..band },
            _ => Self { add: contrast * r.between(-0.6, 0.4), ..band },
        }
    }

    fn over(&self, value: f32, x: f32, y: f32) -> f32 {
        let beside = self.across * x + self.down * y - self.offset;
        // An edge takes a pixel.
        let share = if self.half == f32::MAX { beside } else { self.half - beside.abs() }.clamp(0.0, 1.0);
        value + share * (value * (self.times - 1.0) + self.add)
    }
}

/// What scanners do to look sharper: the difference to the mean of the 3×3 around is enlarged.
fn sharpen(pixels: &mut [u8], width: usize, height: usize, strength: f32) {
    let soft = pixels.to_vec();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let sum: u32 =
                (y - 1..=y + 1).flat_map(|y| &soft[y * width + x - 1..=y * width + x + 1]).map(|&p| u32::from(p)).sum();
            let value = f32::from(soft[y * width + x]);
            pixels[y * width + x] = (value + strength * (value - sum as f32 / 9.0)).clamp(0.0, 255.0) as u8;
        }
    }
}

fn compress(pixels: &[u8], width: usize, height: usize, quality: u8) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode(pixels, width as u32, height as u32, ExtendedColorType::L8)
        .ok()?;
    let decoder = JpegDecoder::new(std::io::Cursor::new(file)).ok()?;
    Some(DynamicImage::from_decoder(decoder).ok()?.into_luma8().into_raw())
}
