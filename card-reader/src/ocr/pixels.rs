//! Pictures at several sizes, sampling between pixels, and projective maps.

use super::{LumaImage, Point};

impl LumaImage {
    /// A picture from its pixels; `None` if their number is not `width * height`.
    #[must_use]
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        (width.checked_mul(height) == Some(pixels.len())).then_some(Self { width, height, pixels })
    }

    /// Grey value between pixels; (0, 0) is the middle of the first pixel. Outside, the border's value.
    #[inline(always)]
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let (x0, y0) = (x as usize, y as usize);
        if x >= 0.0 && y >= 0.0 && x0 + 1 < self.width && y0 + 1 < self.height {
            self.mean_of_four([x0, x0 + 1], [y0, y0 + 1], x - x0 as f32, y - y0 as f32)
        } else {
            let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
            let (x0, y0) = (x as usize, y as usize);
            let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
            self.mean_of_four([x0, x1], [y0, y1], x - x0 as f32, y - y0 as f32)
        }
    }

    /// Four pixels, weighed by how far right and down between them a point lies.
    #[inline(always)]
    fn mean_of_four(&self, x: [usize; 2], y: [usize; 2], right: f32, down: f32) -> f32 {
        let across = |y: usize| {
            let p = |x: usize| f32::from(self.pixels[y * self.width + x]);
            p(x[0]) + right * (p(x[1]) - p(x[0]))
        };
        let (upper, lower) = (across(y[0]), across(y[1]));
        upper + down * (lower - upper)
    }

    /// Half the size, each pixel the mean of four; an odd last row or column is dropped.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let upper = &self.pixels[2 * y * self.width..][..2 * width];
            let lower = &self.pixels[(2 * y + 1) * self.width..][..2 * width];
            pixels.extend(
                upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(u, l)| {
                    ((u16::from(u[0]) + u16::from(u[1]) + u16::from(l[0]) + u16::from(l[1]) + 2) / 4) as u8
                }),
            );
        }
        Self { width, height, pixels }
    }

    /// Twice the size, between pixels.
    fn doubled(&self) -> Self {
        let (width, height) = (self.width * 2, self.height * 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                pixels.push(self.at(x as f32 / 2.0 - 0.25, y as f32 / 2.0 - 0.25).round() as u8);
            }
        }
        Self { width, height, pixels }
    }
}

/// What is printed: darker than the paper, or lighter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Dark,
    Light,
}

/// A picture, and the same at half, a quarter … of its size, as far as they were needed.
pub struct Pyramid<'a> {
    full: &'a LumaImage,
    smaller: Vec<LumaImage>,
}

/// Levels go down to one whose longer side is shorter than this.
const OVERVIEW: usize = 800;

impl<'a> Pyramid<'a> {
    pub fn new(full: &'a LumaImage) -> Self {
        let mut pyramid = Self { full, smaller: Vec::new() };
        while pyramid.level(pyramid.smaller.len()).width.max(pyramid.level(pyramid.smaller.len()).height) >= OVERVIEW {
            let next = pyramid.level(pyramid.smaller.len()).halved();
            pyramid.smaller.push(next);
        }
        pyramid
    }

    /// Level 0 is the picture; a level that does not exist is the smallest one.
    pub fn level(&self, level: usize) -> &LumaImage {
        match level.min(self.smaller.len()) {
            0 => self.full,
            n => &self.smaller[n - 1],
        }
    }

    pub fn levels(&self) -> usize {
        self.smaller.len() + 1
    }

    /// Pictures to look for text in, in this order, each with its pixels for one pixel of the full picture: the
    /// smallest level (400 to 800 pixels), where a zone usually has 5 to 20 pixels a character, then the next finer,
    /// for a zone that is small in the picture. A small picture is doubled.
    pub fn overviews(&self) -> Vec<(Overview<'_>, f32)> {
        let last = self.smaller.len();
        let smallest = self.level(last);
        if smallest.width.max(smallest.height) < OVERVIEW / 2 {
            return vec![(Overview::Made(smallest.doubled()), 2.0)];
        }
        let at = |level: usize| (Overview::Level(self.level(level)), 0.5f32.powi(level as i32));
        if last == 0 { vec![at(0)] } else { vec![at(last), at(last - 1)] }
    }
}

/// A level of the pyramid, or a picture made for the purpose.
pub enum Overview<'a> {
    Level(&'a LumaImage),
    Made(LumaImage),
}

impl std::ops::Deref for Overview<'_> {
    type Target = LumaImage;

    fn deref(&self) -> &LumaImage {
        match self {
            Self::Level(image) => image,
            Self::Made(image) => image,
        }
    }
}

/// A projective map of the plane, row by row.
#[derive(Clone, Copy)]
pub struct Projection([f32; 9]);

impl Projection {
    /// The map that takes the corners of the rectangle (0, 0)–(width, height), clockwise from the origin, to `quad`.
    /// `None` if three corners are on a line.
    pub fn onto(width: f32, height: f32, quad: &[Point; 4]) -> Option<Self> {
        // Heckbert, "Fundamentals of texture mapping and image warping" (1989) §2.2.3: unit square to quadrilateral.
        let [p0, p1, p2, p3] = *quad;
        let (dx1, dx2, dx3) = (p1.x - p2.x, p3.x - p2.x, p0.x - p1.x + p2.x - p3.x);
        let (dy1, dy2, dy3) = (p1.y - p2.y, p3.y - p2.y, p0.y - p1.y + p2.y - p3.y);
        let determinant = dx1 * dy2 - dx2 * dy1;
        if determinant.abs() < 1e-6 || width <= 0.0 || height <= 0.0 {
            return None;
        }
        let g = (dx3 * dy2 - dx2 * dy3) / determinant;
        let h = (dx1 * dy3 - dx3 * dy1) / determinant;
        let (a, b) = (p1.x - p0.x + g * p1.x, p3.x - p0.x + h * p3.x);
        let (d, e) = (p1.y - p0.y + g * p1.y, p3.y - p0.y + h * p3.y);
        let map = Self([a / width, b / height, p0.x, d / width, e / height, p0.y, g / width, h / height, 1.0]);
        map.0.iter().all(|v| v.is_finite()).then_some(map)
    }

    pub fn apply(&self, u: f32, v: f32) -> Point {
        let m = &self.0;
        let w = m[6] * u + m[7] * v + m[8];
        let w = if w.abs() < 1e-6 { 1e-6 } else { w };
        Point { x: (m[0] * u + m[1] * v + m[2]) / w, y: (m[3] * u + m[4] * v + m[5]) / w }
    }

    /// Appends the grey values of a picture at `count` places of the plane: from `start` on, `step` apart across.
    /// `shrink` is the size of one of the full picture's pixels in the given one.
    pub fn sample(
        &self,
        (image, ink): (&LumaImage, Ink),
        shrink: f32,
        start: (f32, f32),
        step: f32,
        count: usize,
        into: &mut Vec<f32>,
    ) {
        let m = &self.0;
        // Along a row, numerators and denominator change evenly: one division for each place.
        let at = |i: usize| m[i] * start.0 + m[i + 1] * start.1 + m[i + 2];
        let (mut x, mut y, mut w) = (at(0), at(3), at(6));
        let (dx, dy, dw) = (m[0] * step, m[3] * step, m[6] * step);
        let edge = 0.5 * shrink - 0.5;
        into.extend((0..count).map(|_| {
            let scale = shrink / if w.abs() < 1e-6 { 1e-6 } else { w };
            let value = image.at(x * scale + edge, y * scale + edge);
            (x, y, w) = (x + dx, y + dy, w + dw);
            if ink == Ink::Light { 255.0 - value } else { value }
        }));
    }

    /// The same map for a plane turned by half a turn about the middle of the rectangle (0, 0)–(width, height).
    pub fn upside_down(&self, width: f32, height: f32) -> Self {
        let m = &self.0;
        let row = |i: usize| [-m[i], -m[i + 1], m[i] * width + m[i + 1] * height + m[i + 2]];
        let ([a, b, c], [d, e, f], [g, h, i]) = (row(0), row(3), row(6));
        Self([a, b, c, d, e, f, g, h, i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_meets_its_corners() {
        let quad = [(10.0, 20.0), (110.0, 25.0), (100.0, 80.0), (5.0, 70.0)].map(|(x, y)| Point { x, y });
        let map = Projection::onto(50.0, 30.0, &quad).unwrap();
        for ((u, v), p) in [(0.0, 0.0), (50.0, 0.0), (50.0, 30.0), (0.0, 30.0)].into_iter().zip(quad) {
            let q = map.apply(u, v);
            assert!((q.x - p.x).abs() < 1e-2 && (q.y - p.y).abs() < 1e-2);
            let turned = map.upside_down(50.0, 30.0).apply(50.0 - u, 30.0 - v);
            assert!((turned.x - p.x).abs() < 1e-2 && (turned.y - p.y).abs() < 1e-2);
        }
        assert!(Projection::onto(1.0, 1.0, &[Point { x: 0.0, y: 0.0 }; 4]).is_none());
    }

    #[test]
    fn halves_and_doubles() {
        let image = LumaImage::new(3, 2, vec![0, 4, 9, 8, 4, 9]).unwrap();
        let half = image.halved();
        assert_eq!((half.width, half.height, half.pixels), (1, 1, vec![4]));
        assert_eq!(image.doubled().pixels.len(), 24);
        assert!(LumaImage::new(3, 2, vec![0]).is_none());
        assert!(LumaImage::new(usize::MAX, 2, vec![0]).is_none());
    }
}
