//! Ink: what is darker than its surroundings, as separate marks. The first half of locating.

use super::LumaImage;

/// A mark: the middle of a connected piece of ink (or of a part of a long one), and its size, in pixels.
#[derive(Clone, Copy)]
pub struct Mark {
    pub x: f32,
    pub y: f32,
    /// Its longer side.
    pub size: f32,
    /// How it is spread about its middle: squares across and down, and their product, in pixels².
    pub spread: [f32; 3],
    /// How much it counts, at most [`FULL`]: strong ink more than faint, a character more than a part of a line.
    pub weight: u8,
}

impl Mark {
    /// Its length in a direction, were it a bar.
    pub fn length(&self, x: f32, y: f32) -> f32 {
        let [xx, yy, xy] = self.spread;
        (12.0 * (xx * x * x + yy * y * y + 2.0 * xy * x * y).max(0.0)).sqrt()
    }
}

/// The weight of a separate mark as dark as the picture's dark marks.
pub const FULL: u8 = 8;
/// Half the side of the surroundings a pixel is compared with.
const REACH: usize = 10;
/// A larger piece of ink is not one character: it is taken apart.
const LARGEST: usize = 30;
/// A part of a large piece counts so much of a character: lines and edges are commoner than merged characters.
const PART_COUNTS: f32 = 0.4;
/// Side of the parts of a large piece.
const PART: usize = 9;
/// No picture has more characters; beyond it, the faintest marks are dropped.
const MOST: usize = 2500;

/// The marks of a picture. Works in one pass over running sums: about 10 ns a pixel.
pub fn marks(image: &LumaImage) -> Vec<Mark> {
    let ink = darker(image);
    let mut found = pieces(&ink, image.width, image.height);
    if found.is_empty() {
        return Vec::new();
    }
    if found.len() > MOST {
        found.select_nth_unstable_by(MOST, |a, b| b.1.total_cmp(&a.1));
        found.truncate(MOST);
    }
    // A zone is printed as dark as anything on a document: faint marks are its background.
    let mut strengths: Vec<f32> = found.iter().map(|f| f.1).collect();
    let at = strengths.len() * 4 / 5;
    let dark = *strengths.select_nth_unstable_by(at, f32::total_cmp).1;
    for (mark, strength) in &mut found {
        mark.weight = (f32::from(FULL) * (*strength / dark).clamp(0.12, 1.0)) as u8;
    }
    found.into_iter().map(|f| f.0).filter(|m| m.weight > 0).collect()
}

/// How much darker a pixel is than the mean of its surroundings; 0 unless by more than their unrest and the picture's.
fn darker(image: &LumaImage) -> Vec<u8> {
    let (w, h) = (image.width, image.height);
    let mut mask = vec![0u8; w * h];
    let mut columns = vec![0u32; w];
    let mut squares = vec![0u32; w];
    let add = |columns: &mut [u32], squares: &mut [u32], y: usize, sign: bool| {
        for ((c, s), &p) in columns.iter_mut().zip(squares.iter_mut()).zip(&image.pixels[y * w..(y + 1) * w]) {
            let (p, q) = (u32::from(p), u32::from(p) * u32::from(p));
            if sign {
                *c += p;
                *s += q;
            } else {
                *c -= p;
                *s -= q;
            }
        }
    };
    for y in 0..REACH.min(h) {
        add(&mut columns, &mut squares, y, true);
    }
    let floor = unrest(image);
    for y in 0..h {
        if y + REACH < h {
            add(&mut columns, &mut squares, y + REACH, true);
        }
        if y > REACH {
            add(&mut columns, &mut squares, y - REACH - 1, false);
        }
        let rows = (y + REACH).min(h - 1) - y.saturating_sub(REACH) + 1;
        let (mut sum, mut square) = (0u32, 0u32);
        for x in 0..REACH.min(w) {
            sum += columns[x];
            square += squares[x];
        }
        for x in 0..w {
            if x + REACH < w {
                sum += columns[x + REACH];
                square += squares[x + REACH];
            }
            if x > REACH {
                sum -= columns[x - REACH - 1];
                square -= squares[x - REACH - 1];
            }
            let n = (rows * ((x + REACH).min(w - 1) - x.saturating_sub(REACH) + 1)) as f32;
            let mean = sum as f32 / n;
            let below = mean - f32::from(image.pixels[y * w + x]);
            if below > floor {
                let variance = square as f32 / n - mean * mean;
                if below * below > 0.3 * variance {
                    mask[y * w + x] = below as u8;
                }
            }
        }
    }
    mask
}

/// How far a pixel must stand out: above the noise of the picture's calmer half.
fn unrest(image: &LumaImage) -> f32 {
    const TILE: usize = 8;
    let mut deviations = Vec::new();
    for ty in (0..image.height.saturating_sub(TILE)).step_by(2 * TILE) {
        for tx in (0..image.width.saturating_sub(TILE)).step_by(2 * TILE) {
            let (mut sum, mut square) = (0u32, 0u32);
            for y in ty..ty + TILE {
                for &p in &image.pixels[y * image.width + tx..][..TILE] {
                    sum += u32::from(p);
                    square += u32::from(p) * u32::from(p);
                }
            }
            let n = (TILE * TILE) as f32;
            let mean = sum as f32 / n;
            deviations.push((square as f32 / n - mean * mean).max(0.0).sqrt());
        }
    }
    let at = deviations.len() / 3;
    if deviations.is_empty() {
        return 5.0;
    }
    let (_, calm, _) = deviations.select_nth_unstable_by(at, f32::total_cmp);
    (1.7 * *calm).clamp(5.0, 40.0)
}

/// Connected pieces (eight neighbours), by runs and union-find.
fn pieces(mask: &[u8], w: usize, h: usize) -> Vec<(Mark, f32)> {
    struct Run {
        y: usize,
        from: usize,
        to: usize,
        piece: u32,
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut parent: Vec<u32> = Vec::new();
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    let mut above = 0..0;
    for y in 0..h {
        let row = &mask[y * w..(y + 1) * w];
        let first = runs.len();
        let mut x = 0;
        let mut candidate = above.start;
        while x < w {
            if row[x] == 0 {
                x += 1;
                continue;
            }
            let from = x;
            while x < w && row[x] != 0 {
                x += 1;
            }
            let piece = parent.len() as u32;
            parent.push(piece);
            while candidate < above.end && runs[candidate].to < from {
                candidate += 1;
            }
            let mut touching = candidate;
            while touching < above.end && runs[touching].from <= x {
                let (a, b) = (root(&mut parent, runs[touching].piece), root(&mut parent, piece));
                parent[a.max(b) as usize] = a.min(b);
                touching += 1;
            }
            runs.push(Run { y, from, to: x, piece });
        }
        above = first..runs.len();
    }

    #[derive(Clone, Copy)]
    struct Box {
        left: usize,
        right: usize,
        top: usize,
        bottom: usize,
        area: usize,
        ink: usize,
        /// Sums of x, y, x², y², x·y over its pixels, from its first run on.
        sums: [f32; 5],
        origin: (usize, usize),
    }
    let none =
        Box { left: usize::MAX, right: 0, top: usize::MAX, bottom: 0, area: 0, ink: 0, sums: [0.0; 5], origin: (0, 0) };
    let mut boxes = vec![none; parent.len()];
    for run in &mut runs {
        run.piece = root(&mut parent, run.piece);
        let b = &mut boxes[run.piece as usize];
        b.left = b.left.min(run.from);
        b.right = b.right.max(run.to);
        b.top = b.top.min(run.y);
        b.bottom = b.bottom.max(run.y + 1);
        if b.area == 0 {
            b.origin = (run.from, run.y);
        }
        b.area += run.to - run.from;
        // A run's sums from its ends: no pixel is visited.
        let (n, y) = ((run.to - run.from) as f32, run.y as f32 - b.origin.1 as f32);
        let middle = (run.from + run.to - 1) as f32 / 2.0 - b.origin.0 as f32;
        b.sums[0] += n * middle;
        b.sums[1] += n * y;
        b.sums[2] += n * (middle * middle + (n * n - 1.0) / 12.0);
        b.sums[3] += n * y * y;
        b.sums[4] += n * middle * y;
        b.ink += mask[run.y * w + run.from..run.y * w + run.to].iter().map(|&v| usize::from(v)).sum::<usize>();
    }
    let mut marks: Vec<(Mark, f32)> = boxes
        .iter()
        .filter(|b| b.area >= 5 && (b.right - b.left).max(b.bottom - b.top) <= LARGEST)
        .filter(|b| (b.right - b.left).max(b.bottom - b.top) >= 3)
        .map(|b| {
            let mark = Mark {
                x: (b.left + b.right) as f32 / 2.0 - 0.5,
                y: (b.top + b.bottom) as f32 / 2.0 - 0.5,
                size: (b.right - b.left).max(b.bottom - b.top) as f32,
                spread: spread(b.area as f32, &b.sums),
                weight: FULL,
            };
            (mark, b.ink as f32 / b.area as f32)
        })
        .collect();

    // A large piece may be a row whose characters touch: its ink, in parts.
    let across = w / PART + 1;
    let mut parts = vec![[0u32; 4]; across * (h / PART + 1)];
    for run in &runs {
        let b = &boxes[run.piece as usize];
        if (b.right - b.left).max(b.bottom - b.top) <= LARGEST {
            continue;
        }
        for x in run.from..run.to {
            let part = &mut parts[run.y / PART * across + x / PART];
            part[0] += 1;
            part[1] += x as u32;
            part[2] += run.y as u32;
            part[3] += u32::from(mask[run.y * w + x]);
        }
    }
    let full = (PART * PART) as u32;
    marks.extend(parts.iter().filter(|p| p[0] >= full / 8 && p[0] <= full * 4 / 5).map(|p| {
        let n = p[0] as f32;
        (
            Mark { x: p[1] as f32 / n, y: p[2] as f32 / n, size: PART as f32, spread: EVEN, weight: FULL },
            PART_COUNTS * p[3] as f32 / n,
        )
    }));
    marks
}

/// The spread of a part, a full square.
const EVEN: [f32; 3] = [(PART * PART) as f32 / 12.0, (PART * PART) as f32 / 12.0, 0.0];

/// Variances and covariance of `n` pixels (each a unit square) from their sums.
fn spread(n: f32, [x, y, xx, yy, xy]: &[f32; 5]) -> [f32; 3] {
    let (mx, my) = (x / n, y / n);
    [xx / n - mx * mx + 1.0 / 12.0, yy / n - my * my + 1.0 / 12.0, xy / n - mx * my]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, dark: &[(usize, usize, usize, usize)]) -> LumaImage {
        let mut pixels = vec![220; width * height];
        for &(x, y, w, h) in dark {
            for py in y..y + h {
                pixels[py * width + x..][..w].fill(40);
            }
        }
        LumaImage { width, height, pixels }
    }

    #[test]
    fn separate_strokes_are_separate_marks_in_their_middles() {
        let marks = marks(&picture(120, 60, &[(10, 20, 3, 9), (30, 20, 3, 9)]));
        assert_eq!(marks.len(), 2);
        assert!((marks[0].x - 11.0).abs() < 0.1 && (marks[0].y - 24.0).abs() < 0.1);
        assert!((marks[0].size - 9.0).abs() < 0.1);
    }

    #[test]
    fn a_mark_knows_its_length_in_every_direction() {
        let mark = marks(&picture(120, 60, &[(10, 20, 18, 6)]))[0];
        assert!((mark.length(1.0, 0.0) - 18.0).abs() < 0.1 && (mark.length(0.0, 1.0) - 6.0).abs() < 0.1);
    }

    #[test]
    fn a_long_stroke_is_taken_apart() {
        let marks = marks(&picture(120, 60, &[(10, 20, 90, 4)]));
        assert!(marks.len() >= 8, "{}", marks.len());
        assert!(marks.iter().all(|m| (19.0..25.0).contains(&m.y)));
    }

    #[test]
    fn empty_and_tiny_pictures_have_no_marks() {
        for (w, h) in [(1, 1), (5, 3), (40, 40), (1, 300)] {
            assert!(marks(&picture(w, h, &[])).is_empty());
        }
    }
}
