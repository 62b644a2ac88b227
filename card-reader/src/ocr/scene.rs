//! The frame as a whole: is a document there, where does light hide it, how sharp is it. For advice only; coarse, so
//! that an empty desk stays cheap.

use super::pixels::Pyramid;
use super::{LumaImage, Point};

/// Longer side of the picture looked at.
const SIDE: usize = 160;
/// How far paper must stand out from the desk.
const STANDS_OUT: i32 = 20;
/// A document fills its rectangle, and has the shape of one.
const RECTANGULAR: f32 = 0.8;
const SHAPES: std::ops::Range<f32> = 1.2..1.9;
/// It takes at least this share of the frame.
const SMALLEST: f32 = 0.004;
/// Paper as bright as this is white by itself.
const OVEREXPOSED: u8 = 243;
/// So long a piece of a frame's side, as a share of it, is crossed by a document that goes on outside.
const CROSSED: f32 = 0.1;

/// Something card-shaped on a desk.
pub struct Document {
    /// Length of its longer side in pixels of the frame, and that side's ratio to the shorter.
    pub length: f32,
    pub shape: f32,
    /// Grey of its paper.
    pub paper: u8,
    /// Sides of the frame that it crosses: left, right, top, bottom.
    pub crosses: [bool; 4],
}

impl Document {
    pub fn cut(&self) -> bool {
        self.crosses.contains(&true)
    }

    /// It goes on beyond opposite sides of the frame.
    pub fn overflows(&self) -> bool {
        let [left, right, top, bottom] = self.crosses;
        (left && right) || (top && bottom)
    }

    /// Pixels of one character of its zone, if it has one: 10 an inch, on a card 85.6 mm or a page 105 mm and more wide.
    pub fn pitch(&self) -> f32 {
        self.length / if self.shape > 1.5 { 33.7 } else { 43.0 }
    }
}

/// What a coarse look at the frame says.
pub struct Scene {
    small: LumaImage,
    /// Pixels of the frame for one of the small picture.
    scale: f32,
    pub document: Option<Document>,
    /// Deviation of the whole frame's grey: a desk alone is even.
    pub unrest: f32,
}

impl Scene {
    pub fn look(pyramid: &Pyramid<'_>) -> Self {
        let level = pyramid.level(pyramid.levels() - 1);
        let by = (level.width.max(level.height) / SIDE).max(1);
        let small = shrunk(level, by);
        let scale = pyramid.level(0).width as f32 / small.width.max(1) as f32;
        let n = small.pixels.len().max(1) as f32;
        let mean = small.pixels.iter().map(|&p| f32::from(p)).sum::<f32>() / n;
        let unrest = (small.pixels.iter().map(|&p| (f32::from(p) - mean).powi(2)).sum::<f32>() / n).sqrt();
        let document = document(&small, scale);
        Self { small, scale, document, unrest }
    }

    /// The middle of a spot where the picture is white, brighter than everything around it.
    pub fn glare(&self) -> Option<Point> {
        let (w, pixels) = (self.small.width, &self.small.pixels);
        if self.document.as_ref().is_some_and(|d| d.paper > OVEREXPOSED) {
            return None;
        }
        let white: Vec<usize> = (0..pixels.len()).filter(|&i| pixels[i] >= 250).collect();
        let share = white.len() as f32 / pixels.len().max(1) as f32;
        // A little white is a highlight of no matter, much of it an overexposed page.
        if !(0.004..0.3).contains(&share) {
            return None;
        }
        let n = white.len() as f32;
        let (x, y) = white.iter().fold((0.0, 0.0), |(x, y), i| (x + (i % w) as f32 / n, y + (i / w) as f32 / n));
        let spread = white.iter().map(|i| ((i % w) as f32 - x).powi(2) + ((i / w) as f32 - y).powi(2)).sum::<f32>() / n;
        // One spot: as compact as a disc or an ellipse of its area.
        let compact = spread < 1.2 * n / std::f32::consts::PI;
        let full = |v: f32| (v + 0.5) * self.scale - 0.5;
        compact.then(|| Point { x: full(x), y: full(y) })
    }
}

/// Each pixel the mean of `by`×`by`.
fn shrunk(image: &LumaImage, by: usize) -> LumaImage {
    let (width, height) = (image.width / by, image.height / by);
    if width == 0 || height == 0 {
        return LumaImage { width: 0, height: 0, pixels: Vec::new() };
    }
    let mut pixels = Vec::with_capacity(width * height);
    let mut sums = vec![0u32; width];
    for y in 0..height {
        sums.fill(0);
        for row in image.pixels[y * by * image.width..].chunks_exact(image.width).take(by) {
            for (sum, part) in sums.iter_mut().zip(row.chunks_exact(by)) {
                *sum += part.iter().map(|&p| u32::from(p)).sum::<u32>();
            }
        }
        pixels.extend(sums.iter().map(|s| (s / (by * by) as u32) as u8));
    }
    LumaImage { width, height, pixels }
}

/// The largest piece that stands out from the frame's border, if it is rectangular.
fn document(small: &LumaImage, scale: f32) -> Option<Document> {
    let (w, h) = (small.width, small.height);
    if w < 16 || h < 16 {
        return None;
    }
    let border = (0..w).flat_map(|x| [x, (h - 1) * w + x]).chain((0..h).flat_map(|y| [y * w, y * w + w - 1]));
    let mut border: Vec<u8> = border.map(|i| small.pixels[i]).collect();
    let middle = border.len() / 2;
    let desk = i32::from(*border.select_nth_unstable(middle).1);
    let mut mask: Vec<bool> = small.pixels.iter().map(|&p| (i32::from(p) - desk).abs() > STANDS_OUT).collect();
    let piece = largest(&mut mask, w, h);
    if (piece.len() as f32) < SMALLEST * (w * h) as f32 {
        return None;
    }
    // What is printed on it belongs to it: each row and each column from its first to its last pixel.
    let (mut rows, mut columns) = (vec![(w, 0usize); h], vec![(h, 0usize); w]);
    for &i in &piece {
        let (x, y) = (i % w, i / w);
        rows[y] = (rows[y].0.min(x), rows[y].1.max(x));
        columns[x] = (columns[x].0.min(y), columns[x].1.max(y));
    }
    let full = rows.iter().filter(|r| r.0 <= r.1).map(|r| r.1 - r.0 + 1).sum::<usize>() as f32;
    let (mut area, mut sides) = (f32::MAX, (0.0, 0.0));
    for degrees in 0..45 {
        let (sin, cos) = (2.0 * degrees as f32).to_radians().sin_cos();
        let mut reach = [(f32::MAX, f32::MIN); 2];
        for (y, row) in rows.iter().enumerate().filter(|(_, r)| r.0 <= r.1) {
            for x in [row.0, row.1] {
                let (x, y) = (x as f32, y as f32);
                for (r, v) in reach.iter_mut().zip([x * cos + y * sin, y * cos - x * sin]) {
                    *r = (r.0.min(v), r.1.max(v));
                }
            }
        }
        let (a, b) = (reach[0].1 - reach[0].0 + 1.0, reach[1].1 - reach[1].0 + 1.0);
        if a * b < area {
            (area, sides) = (a * b, (a.max(b), a.min(b)));
        }
    }
    let along = |values: &[(usize, usize)], test: &dyn Fn(&(usize, usize)) -> bool| {
        values.iter().filter(|v| v.0 <= v.1 && test(v)).count() as f32 > CROSSED * values.len() as f32
    };
    let crosses = [
        along(&rows, &|r| r.0 == 0),
        along(&rows, &|r| r.1 == w - 1),
        along(&columns, &|c| c.0 == 0),
        along(&columns, &|c| c.1 == h - 1),
    ];
    let shape = sides.0 / sides.1.max(1.0);
    let cut = crosses.contains(&true);
    // A document that is cut has any shape.
    let fits = full / area > RECTANGULAR && (cut || SHAPES.contains(&shape));
    let grey: Vec<u8> = piece.iter().map(|&i| small.pixels[i]).collect();
    fits.then(|| Document { length: sides.0 * scale, shape, paper: quantile(&grey, 0.6), crosses })
}

/// The largest connected piece (four neighbours) of a mask, which is used up.
fn largest(mask: &mut [bool], w: usize, h: usize) -> Vec<usize> {
    let mut best = Vec::new();
    let mut open = Vec::new();
    for start in 0..mask.len() {
        if !std::mem::take(&mut mask[start]) {
            continue;
        }
        let mut piece = Vec::new();
        open.push(start);
        while let Some(i) = open.pop() {
            piece.push(i);
            let (x, y) = (i % w, i / w);
            let near = [(x > 0, i.wrapping_sub(1)), (x + 1 < w, i + 1), (y > 0, i.wrapping_sub(w)), (y + 1 < h, i + w)];
            open.extend(near.into_iter().filter(|&(inside, n)| inside && std::mem::take(&mut mask[n])).map(|n| n.1));
        }
        if piece.len() > best.len() {
            best = piece;
        }
    }
    best
}

/// How sharp a picture is: the steepest steps, as shares of its contrast, in the softest of four directions and in the
/// sharpest. A sharp edge rises over its whole contrast within about two pixels.
pub struct Sharpness {
    pub softest: f32,
    pub sharpest: f32,
}

impl Sharpness {
    /// `steepest`: which share of the steps counts as less than the steepest.
    pub fn of(image: &LumaImage, steepest: f32) -> Self {
        let (w, h) = (image.width, image.height);
        let contrast = f32::from(quantile(&image.pixels, 0.95)) - f32::from(quantile(&image.pixels, 0.03));
        let directions = [(1usize, 0usize, 1.0f32), (0, 1, 1.0), (1, 1, 0.75), (usize::MAX, 1, 0.75)];
        let steps = directions.map(|(dx, dy, share)| {
            let mut counts = [0usize; 256];
            let mut n = 0;
            for y in 0..h.saturating_sub(dy) {
                for x in 1..w.saturating_sub(1) {
                    let there = (y + dy) * w + x.wrapping_add(dx);
                    counts[usize::from(image.pixels[y * w + x].abs_diff(image.pixels[there]))] += 1;
                    n += 1;
                }
            }
            share * f32::from(quantile_of(&counts, n, steepest)) / contrast.max(1.0)
        });
        Self {
            softest: steps.iter().copied().fold(f32::MAX, f32::min),
            sharpest: steps.iter().copied().fold(0.0, f32::max),
        }
    }

    /// Soft in one direction and not in another: it moved.
    pub fn one_sided(&self) -> bool {
        self.sharpest > 1.75 * self.softest
    }
}

pub fn quantile(pixels: &[u8], at: f32) -> u8 {
    let mut counts = [0usize; 256];
    pixels.iter().for_each(|&p| counts[usize::from(p)] += 1);
    quantile_of(&counts, pixels.len(), at)
}

fn quantile_of(counts: &[usize; 256], n: usize, at: f32) -> u8 {
    let mut left = (at * n as f32) as usize;
    for (value, &n) in counts.iter().enumerate() {
        if n > left {
            return value as u8;
        }
        left -= n;
    }
    255
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(width: usize, height: usize, card: (usize, usize, usize, usize)) -> LumaImage {
        let inside = |i: usize| {
            let (x, y) = (i % width, i / width);
            x >= card.0 && x < card.0 + card.2 && y >= card.1 && y < card.1 + card.3
        };
        let grey = |i: usize| if inside(i) { 220 - (i % 7) as u8 } else { 70 };
        LumaImage { width, height, pixels: (0..width * height).map(grey).collect() }
    }

    #[test]
    fn a_card_on_a_desk_is_seen_with_its_size_and_the_sides_that_cut_it() {
        let document = |card| Scene::look(&Pyramid::new(&desk(1280, 960, card))).document;
        let whole = document((300, 300, 640, 400)).unwrap();
        assert!((whole.length - 640.0).abs() < 30.0 && !whole.cut(), "{}", whole.length);
        let cut = document((800, 300, 640, 400)).unwrap();
        assert_eq!(cut.crosses, [false, true, false, false]);
        assert!(document((0, 300, 1280, 500)).unwrap().overflows());
        assert!(document((0, 0, 0, 0)).is_none());
        assert!(document((100, 100, 60, 900)).is_none(), "a ruler");
    }

    #[test]
    fn a_spot_of_light_is_placed() {
        let mut image = desk(1280, 960, (300, 300, 640, 400));
        for y in 400..500 {
            image.pixels[y * 1280 + 500..y * 1280 + 600].fill(255);
        }
        let at = Scene::look(&Pyramid::new(&image)).glare().unwrap();
        assert!((at.x - 550.0).abs() < 10.0 && (at.y - 450.0).abs() < 10.0);
        assert!(Scene::look(&Pyramid::new(&desk(1280, 960, (300, 300, 640, 400)))).glare().is_none());
    }

    #[test]
    fn pictures_of_any_size_are_looked_at() {
        for (w, h) in [(1, 1), (16, 16), (17, 400), (3000, 16), (1, 5000)] {
            let image = desk(w, h, (0, 0, w / 2, h));
            assert!(Scene::look(&Pyramid::new(&image)).glare().is_none());
            assert!(Sharpness::of(&image, 0.99).softest >= 0.0);
        }
    }
}
