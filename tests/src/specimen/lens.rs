//! A grey sheet before a camera: where it lies, the lens, the light, the sensor, the file. Fast: tens of thousands of
//! pictures are measured (`scene` does the same in colour, finer and slower).

use super::sheet::Sheet;
use super::{Random, noise};
use image::GrayImage;

/// What lies around the sheet.
#[derive(Clone, Debug)]
pub(super) enum Desk {
    Grey(u8),
    /// A picture of the frame's size.
    Seen(Vec<u8>),
}

/// How a sheet is seen. Pixels are the picture's, angles are in degrees.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The point of the sheet (millimetres) that lies at a point of the picture (pixels).
    pub(super) point: (f32, f32),
    pub(super) at: (f32, f32),
    /// Pixels a millimetre, at that point.
    pub(super) scale: f32,
    /// Clockwise.
    pub(super) turn: f32,
    /// How far the sheet is tilted, and about which direction of the picture.
    pub(super) tilt: (f32, f32),
    pub(super) desk: Desk,
    /// Deviation of the lens's blur.
    pub(super) blur: f32,
    /// Length and direction of a movement.
    pub(super) motion: (f32, f32),
    /// 1 as printed; brightness of the whole, 1 as printed.
    pub(super) contrast: f32,
    pub(super) light: f32,
    /// How much darker the far corner is, 0 to 1.
    pub(super) shade: f32,
    pub(super) shadow: Option<Shadow>,
    pub(super) glare: Option<Glare>,
    /// Deviation of the noise in grey levels; `coarse`: over several pixels, as cameras leave it behind.
    pub(super) noise: f32,
    pub(super) coarse: bool,
    /// Quality, if the picture went through a JPEG file.
    pub(super) jpeg: Option<u8>,
    pub(super) seed: u64,
}

/// The edge of a shadow through a point of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shadow {
    pub(super) through: (f32, f32),
    pub(super) direction: f32,
    /// How much darker, 0 to 1, and over how many pixels.
    pub(super) depth: f32,
    pub(super) soft: f32,
}

/// A lamp's reflection around a point of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glare {
    pub(super) at: (f32, f32),
    pub(super) radii: (f32, f32),
    /// Grey levels added in the middle; over 255 it is all white there.
    pub(super) strength: f32,
}

type Matrix = [[f64; 3]; 3];

impl Shot {
    /// Sheet (millimetres) to picture (pixels).
    fn matrix(&self) -> Matrix {
        let (sin, cos) = f64::from(self.turn).to_radians().sin_cos();
        let s = f64::from(self.scale);
        let (px, py) = (f64::from(self.point.0), f64::from(self.point.1));
        let plane = [
            [s * cos, -s * sin, -s * (cos * px - sin * py)],
            [s * sin, s * cos, -s * (sin * px + cos * py)],
            [0.0, 0.0, 1.0],
        ];
        let (tilt_sin, tilt_cos) = f64::from(self.tilt.0).to_radians().sin_cos();
        let (b, a) = f64::from(self.tilt.1).to_radians().sin_cos();
        // A focal length of 1.2 widths: about 45 degrees.
        let far = 1.0 / (1.2 * self.width.max(self.height) as f64);
        let to_axis = [[a, b, 0.0], [-b, a, 0.0], [0.0, 0.0, 1.0]];
        let lean = [[1.0, 0.0, 0.0], [0.0, tilt_cos, 0.0], [0.0, tilt_sin * far, 1.0]];
        let back = [[a, -b, f64::from(self.at.0)], [b, a, f64::from(self.at.1)], [0.0, 0.0, 1.0]];
        product(&back, &product(&lean, &product(&to_axis, &plane)))
    }

    /// Where a point of the sheet is in the picture.
    pub(super) fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let m = self.matrix();
        let [u, v, w] = m.map(|r| r[0] * f64::from(x) + r[1] * f64::from(y) + r[2]);
        ((u / w) as f32, (v / w) as f32)
    }

    pub(super) fn take(&self, sheet: &Sheet) -> GrayImage {
        let mut r = Random::new(self.seed);
        let mut seen = self.warp(sheet);
        seen = moved(seen, self.width, self.motion);
        blur(&mut seen, self.width, self.blur);
        self.lit(&mut seen);
        if self.coarse {
            let mut grain = vec![0.0; seen.len()];
            grain.chunks_exact_mut(self.width).for_each(|row| noise::add(row, self.noise * 2.2, &mut r));
            blur(&mut grain, self.width, 0.8);
            seen.iter_mut().zip(&grain).for_each(|(s, g)| *s += g);
        } else {
            seen.chunks_exact_mut(self.width).for_each(|row| noise::add(row, self.noise, &mut r));
        }
        let pixels: Vec<u8> = seen.iter().map(|v| (v.clamp(0.0, 255.0) + 0.5) as u8).collect();
        let picture = GrayImage::from_raw(self.width as u32, self.height as u32, pixels).unwrap_or_default();
        self.jpeg.map_or_else(|| picture.clone(), |quality| compressed(&picture, quality).unwrap_or(picture.clone()))
    }

    fn warp(&self, sheet: &Sheet) -> Vec<f32> {
        let inverse = inverted(&self.matrix());
        let scale = f64::from(sheet.scale);
        let mut seen = vec![0.0f32; self.width * self.height];
        let (most_x, most_y) = (sheet.width as f32 - 1.0, sheet.height as f32 - 1.0);
        for (y, row) in seen.chunks_exact_mut(self.width).enumerate() {
            // Centres of pixels; the sheet's samples lie at theirs.
            let start = inverse.map(|r| r[0] * 0.5 + r[1] * (y as f64 + 0.5) + r[2]);
            let (u0, du) = ((start[0] * scale) as f32, (inverse[0][0] * scale) as f32);
            let (v0, dv) = ((start[1] * scale) as f32, (inverse[1][0] * scale) as f32);
            let (w0, dw) = (start[2] as f32, inverse[2][0] as f32);
            for (x, pixel) in row.iter_mut().enumerate() {
                let i = x as f32;
                let w = 1.0 / (w0 + dw * i);
                let (u, v) = ((u0 + du * i) * w - 0.5, (v0 + dv * i) * w - 0.5);
                *pixel = if u >= 0.0 && v >= 0.0 && u < most_x && v < most_y && w > 0.0 {
                    let (ix, iy) = (u as usize, v as usize);
                    let (fx, fy) = (u - ix as f32, v - iy as f32);
                    let at = iy * sheet.width + ix;
                    let (upper, lower) = (&sheet.grey[at..at + 2], &sheet.grey[at + sheet.width..at + sheet.width + 2]);
                    let mix = |p: &[u8]| f32::from(p[0]) + (f32::from(p[1]) - f32::from(p[0])) * fx;
                    let (a, b) = (mix(upper), mix(lower));
                    a + (b - a) * fy
                } else {
                    match &self.desk {
                        Desk::Grey(grey) => f32::from(*grey),
                        Desk::Seen(picture) => picture.get(y * self.width + x).copied().map_or(128.0, f32::from),
                    }
                };
            }
        }
        seen
    }

    fn lit(&self, seen: &mut [f32]) {
        let (across, down) = (self.shade / 2.0 / self.width as f32, self.shade / 2.0 / self.height as f32);
        let shadow = self.shadow.map(|s| {
            let (sin, cos) = s.direction.to_radians().sin_cos();
            (-sin, cos, s)
        });
        for (y, row) in seen.chunks_exact_mut(self.width).enumerate() {
            let y = y as f32;
            for (x, pixel) in row.iter_mut().enumerate() {
                let light = self.light * (1.0 - across * x as f32 - down * y);
                *pixel = (128.0 + (*pixel - 128.0) * self.contrast) * light;
            }
            if let Some((nx, ny, s)) = shadow {
                let start = (-s.through.0) * nx + (y - s.through.1) * ny;
                for (x, pixel) in row.iter_mut().enumerate() {
                    let side = ((start + nx * x as f32) / s.soft.max(1.0) + 0.5).clamp(0.0, 1.0);
                    *pixel *= 1.0 - s.depth * side;
                }
            }
            if let Some(g) = self.glare {
                let up = ((y - g.at.1) / g.radii.1).powi(2);
                if up < 1.0 {
                    for (x, pixel) in row.iter_mut().enumerate() {
                        let near = (1.0 - up - ((x as f32 - g.at.0) / g.radii.0).powi(2)).max(0.0);
                        *pixel += g.strength * near * near;
                    }
                }
            }
        }
    }
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn inverted(m: &Matrix) -> Matrix {
    let minor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let whole: f64 = (0..3).map(|j| m[0][j] * minor(0, j)).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / whole))
}

/// Movement: the mean of the picture along a stroke.
fn moved(seen: Vec<f32>, width: usize, (length, direction): (f32, f32)) -> Vec<f32> {
    let steps = length.round() as i32;
    if steps < 1 {
        return seen;
    }
    let height = (seen.len() / width) as i32;
    let (sin, cos) = direction.to_radians().sin_cos();
    let mut sum = vec![0.0; seen.len()];
    for step in 0..=steps {
        let along = length * (step as f32 / steps as f32 - 0.5);
        let (dx, dy) = ((along * cos).round() as i32, (along * sin).round() as i32);
        for y in 0..height {
            let from = &seen[(y + dy).clamp(0, height - 1) as usize * width..][..width];
            let to = &mut sum[y as usize * width..][..width];
            let skip = dx.unsigned_abs() as usize;
            if skip >= width {
                continue;
            }
            if dx >= 0 {
                to[..width - skip].iter_mut().zip(&from[skip..]).for_each(|(t, f)| *t += f);
                to[width - skip..].iter_mut().for_each(|t| *t += from[width - 1]);
            } else {
                to[skip..].iter_mut().zip(from).for_each(|(t, f)| *t += f);
                to[..skip].iter_mut().for_each(|t| *t += from[0]);
            }
        }
    }
    let share = 1.0 / (steps + 1) as f32;
    sum.iter_mut().for_each(|s| *s *= share);
    sum
}

fn blur(seen: &mut [f32], width: usize, deviation: f32) {
    if deviation < 0.25 {
        return;
    }
    let reach = (2.5 * deviation).ceil() as usize;
    let mut taps: Vec<f32> = (0..=reach).map(|d| (-0.5 * (d as f32 / deviation).powi(2)).exp()).collect();
    let sum = taps[0] + 2.0 * taps[1..].iter().sum::<f32>();
    taps.iter_mut().for_each(|t| *t /= sum);
    let height = seen.len() / width;
    let mut padded = vec![0.0; width + 2 * reach];
    for row in seen.chunks_exact_mut(width) {
        padded[..reach].fill(row[0]);
        padded[reach..reach + width].copy_from_slice(row);
        padded[reach + width..].fill(row[width - 1]);
        row.iter_mut().zip(&padded[reach..]).for_each(|(to, from)| *to = taps[0] * from);
        for (d, tap) in taps.iter().enumerate().skip(1) {
            let sides = padded[reach - d..].iter().zip(&padded[reach + d..]);
            row.iter_mut().zip(sides).for_each(|(to, (a, b))| *to += tap * (a + b));
        }
    }
    let from = seen.to_vec();
    let line = |y: usize| &from[y.min(height - 1) * width..][..width];
    for (y, row) in seen.chunks_exact_mut(width).enumerate() {
        row.iter_mut().for_each(|to| *to *= taps[0]);
        for (d, tap) in taps.iter().enumerate().skip(1) {
            let sides = line(y.saturating_sub(d)).iter().zip(line(y + d));
            row.iter_mut().zip(sides).for_each(|(to, (a, b))| *to += tap * (a + b));
        }
    }
}

fn compressed(picture: &GrayImage, quality: u8) -> Option<GrayImage> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.encode_image(picture).ok()?;
    image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).ok().map(image::DynamicImage::into_luma8)
}
