//! Documents before a scanner or a camera: where they lie, the lens, the light, the sensor.

use super::Random;
use image::{Rgb, RgbImage};

/// How a document is seen. Angles in degrees.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Size of the picture.
    pub width: u32,
    pub height: u32,
    /// How far the document is turned, clockwise.
    pub turn: f32,
    /// How far its far edge leans away: 0 flat, 0.3 much; and its right edge.
    pub lean: (f32, f32),
    /// Share of the picture's width that the document's longer side takes.
    pub fill: f32,
    /// Deviation of the lens's blur in pixels, and the length of a movement along the picture's rows.
    pub blur: f32,
    pub motion: f32,
    /// Deviation of the sensor's noise in grey levels.
    pub noise: f32,
    /// Contrast, 1 as printed; and how much darker the far corner is, 0 to 1.
    pub contrast: f32,
    pub shade: f32,
    /// Grey of the desk.
    pub desk: u8,
    pub seed: u64,
}

impl View {
    /// On the glass of a scanner, a little askew, at the document's own resolution.
    #[must_use]
    pub fn flatbed(document: &RgbImage, seed: u64) -> Self {
        let mut r = Random::new(seed ^ 0xf1a7);
        let margin = r.between(1.02, 1.25);
        let (width, height) = ((document.width() as f32 * margin) as u32, (document.height() as f32 * margin) as u32);
        Self {
            width,
            height,
            turn: r.between(-2.5, 2.5),
            lean: (0.0, 0.0),
            fill: document.width() as f32 / width as f32,
            blur: r.between(0.0, 0.9),
            motion: 0.0,
            noise: r.between(0.5, 4.0),
            contrast: r.between(0.7, 1.0),
            shade: r.between(0.0, 0.15),
            desk: if r.chance(0.5) { 245 } else { r.between(10.0, 120.0) as u8 },
            seed,
        }
    }

    /// Held under a kiosk's camera of 1280×960, at any angle.
    #[must_use]
    pub fn camera(seed: u64) -> Self {
        let mut r = Random::new(seed ^ 0xca3e);
        let turn = if r.chance(0.5) { r.between(-12.0, 12.0) } else { r.between(-180.0, 180.0) };
        Self {
            width: 1280,
            height: 960,
            turn,
            lean: (r.between(-0.12, 0.12), r.between(-0.12, 0.12)),
            fill: r.between(0.48, 0.72),
            blur: r.between(0.2, 1.3),
            motion: 0.0,
            noise: r.between(1.0, 9.0),
            contrast: r.between(0.45, 1.0),
            shade: r.between(0.0, 0.35),
            desk: r.between(20.0, 160.0) as u8,
            seed,
        }
    }
}

/// The picture of a document; sampled finely, then blurred, so that it has no jagged edges.
#[must_use]
pub fn photograph(document: &RgbImage, view: &View) -> RgbImage {
    let mut r = Random::new(view.seed);
    let (width, height) = (view.width as usize, view.height as usize);
    let (dw, dh) = (document.width() as f32, document.height() as f32);
    let scale = view.fill * view.width as f32 / dw;
    let (sin, cos) = view.turn.to_radians().sin_cos();
    let finer = (1.0 / scale).ceil().clamp(2.0, 4.0) as usize;
    let mut sums = vec![[0.0f32; 3]; width * height];
    for y in 0..height * finer {
        for x in 0..width * finer {
            let px = (x as f32 + 0.5) / finer as f32 - width as f32 / 2.0;
            let py = (y as f32 + 0.5) / finer as f32 - height as f32 / 2.0;
            let (u, v) = ((px * cos + py * sin) / scale, (py * cos - px * sin) / scale);
            // The plane leans: what is farther is smaller.
            let depth = 1.0 + view.lean.0 * v / dh * 2.0 + view.lean.1 * u / dw * 2.0;
            let (u, v) = (u / depth + dw / 2.0, v / depth + dh / 2.0);
            let sum = &mut sums[y / finer * width + x / finer];
            if u >= 0.0 && v >= 0.0 && u < dw && v < dh {
                let pixel = document.get_pixel(u as u32, v as u32).0;
                for (s, p) in sum.iter_mut().zip(pixel) {
                    *s += f32::from(p);
                }
            } else {
                sum.iter_mut().for_each(|s| *s += f32::from(view.desk));
            }
        }
    }
    let share = 1.0 / (finer * finer) as f32;
    sums.iter_mut().flatten().for_each(|s| *s *= share);
    let taps = gauss(view.blur);
    let sums = convolve(&sums, width, height, &taps, false);
    let mut sums = convolve(&sums, width, height, &taps, true);
    if view.motion > 1.0 {
        let length = view.motion.round() as usize | 1;
        sums = convolve(&sums, width, height, &vec![1.0 / length as f32; length], false);
    }
    RgbImage::from_fn(view.width, view.height, |x, y| {
        let light = 1.0 - view.shade * (x as f32 / width as f32 + y as f32 / height as f32) / 2.0;
        let noise = view.noise * r.normal();
        Rgb(sums[y as usize * width + x as usize]
            .map(|v| ((128.0 + (v - 128.0) * view.contrast) * light + noise).clamp(0.0, 255.0).round() as u8))
    })
}

fn gauss(sigma: f32) -> Vec<f32> {
    if sigma < 0.2 {
        return vec![1.0];
    }
    let reach = (2.5 * sigma).ceil() as i32;
    let taps: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = taps.iter().sum();
    taps.iter().map(|t| t / sum).collect()
}

fn convolve(from: &[[f32; 3]], width: usize, height: usize, taps: &[f32], down: bool) -> Vec<[f32; 3]> {
    if taps.len() < 2 {
        return from.to_vec();
    }
    let half = taps.len() as isize / 2;
    let mut to = vec![[0.0f32; 3]; from.len()];
    for y in 0..height {
        for x in 0..width {
            let sum = &mut to[y * width + x];
            for (k, t) in taps.iter().enumerate() {
                let d = k as isize - half;
                let at = if down {
                    (y as isize + d).clamp(0, height as isize - 1) as usize * width + x
                } else {
                    y * width + (x as isize + d).clamp(0, width as isize - 1) as usize
                };
                for (s, f) in sum.iter_mut().zip(from[at]) {
                    *s += t * f;
                }
            }
        }
    }
    to
}
