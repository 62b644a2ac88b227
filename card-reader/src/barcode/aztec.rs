//! A finder for Aztec codes: the library looks for the bullseye in the middle of a picture only, and samples a binarised
//! picture. Here the bullseye is looked for everywhere; a grid of modules is laid over it and fitted outwards; and what
//! the grid samples is drawn anew, upright and crisp, for the library to decode.
//!
//! A line through the middle of concentric squares crosses them in equal steps at any angle: that finds the candidates.
//! A candidate must then correlate with the drawn bullseye (ISO/IEC 24778 §4.2: rings dark and light in turn), which
//! keeps text and other codes out. Error correction has the last word.

use super::region::{bilinear, mean};
use crate::ocr::{LumaImage, Point};

/// Candidates looked at in one picture. A large symbol's reference grid gives one every sixteen modules.
const MOST_CANDIDATES: usize = 48;

/// Symbols sampled in one picture.
const MOST_SYMBOLS: usize = 2;

/// Correlation with the drawn bullseye from which a candidate is one.
const LIKE_A_BULLSEYE: f32 = 0.7;

/// Modules from the middle to the edge of the largest symbol (151 modules).
const LARGEST_RADIUS: i32 = 75;

/// Pixels a module of the redrawn symbol.
const DRAWN: usize = 4;

/// Modules of white around the redrawn symbol.
const QUIET: usize = 2;

/// How much a module's difference from its neighbours is raised before it is called dark or light: blur mixes them.
pub(super) const EQUALISERS: [f32; 3] = [0.0, 1.0, 2.5];

/// Where the modules of a symbol lie in a picture; module (0, 0) is the middle of the bullseye.
#[derive(Clone, Copy)]
struct Grid {
    /// x and y of the middle, of a step along the rows, of a step down the columns; then the perspective's two terms.
    terms: [f32; 8],
}

impl Grid {
    fn at(&self, column: f32, row: f32) -> (f32, f32) {
        let [x, y, across_x, across_y, down_x, down_y, tilt_across, tilt_down] = self.terms;
        let depth = 1.0 + tilt_across * column + tilt_down * row;
        (x + (across_x * column + down_x * row) / depth, y + (across_y * column + down_y * row) / depth)
    }

    /// Pixels a module.
    fn module(&self) -> f32 {
        (self.terms[2].hypot(self.terms[3]) + self.terms[4].hypot(self.terms[5])) / 2.0
    }
}

/// A symbol's modules, sampled.
pub(super) struct Symbol {
    grid: Grid,
    radius: i32,
    /// Row by row, `2 × radius + 1` each way.
    levels: Vec<f32>,
}

/// The symbols that may be in `picture`, the likeliest first.
pub(super) fn find(picture: &LumaImage) -> Vec<Symbol> {
    if picture.width < 16 || picture.height < 16 {
        return Vec::new();
    }
    let relief = Relief::of(picture, 10);
    let mut found: Vec<(f32, Grid)> = Vec::new();
    for (score, grid) in candidates(&relief).iter().filter_map(|candidate| bullseye(&relief, candidate)) {
        let near =
            |other: &Grid| (other.terms[0] - grid.terms[0]).hypot(other.terms[1] - grid.terms[1]) < 2.0 * grid.module();
        if !found.iter().any(|(_, other)| near(other)) {
            found.push((score, grid));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MOST_SYMBOLS);
    found
        .into_iter()
        .map(|(_, grid)| {
            let (grid, radius) = grow(picture, grid);
            Symbol { grid, radius, levels: sample(picture, &grid, radius) }
        })
        .collect()
}

impl Symbol {
    /// The symbol upright, black on white; `equaliser` as in [`EQUALISERS`].
    pub(super) fn drawn(&self, equaliser: f32) -> LumaImage {
        let modules = (2 * self.radius + 1) as usize;
        let level = |column: usize, row: usize| self.levels[row * modules + column];
        let mut steep = Vec::with_capacity(modules * modules);
        for row in 0..modules {
            for column in 0..modules {
                let around = level(column.saturating_sub(1), row)
                    + level((column + 1).min(modules - 1), row)
                    + level(column, row.saturating_sub(1))
                    + level(column, (row + 1).min(modules - 1));
                steep.push(level(column, row) + equaliser * (level(column, row) - around / 4.0));
            }
        }
        let thresholds = around_means(&steep, modules, 5);
        let side = (modules + 2 * QUIET) * DRAWN;
        let mut pixels = vec![255u8; side * side];
        for row in 0..modules {
            for column in 0..modules {
                if steep[row * modules + column] >= thresholds[row * modules + column] {
                    continue;
                }
                for y in 0..DRAWN {
                    let start = ((row + QUIET) * DRAWN + y) * side + (column + QUIET) * DRAWN;
                    pixels[start..start + DRAWN].fill(0);
                }
            }
        }
        LumaImage { width: side, height: side, pixels }
    }

    /// A point of the drawn symbol, in pixels of the picture.
    pub(super) fn point_in_picture(&self, x: f32, y: f32) -> Point {
        let module = |v: f32| v / DRAWN as f32 - QUIET as f32 - self.radius as f32 - 0.5;
        let (x, y) = self.grid.at(module(x), module(y));
        Point { x, y }
    }
}

/// A picture as its differences from the mean around each pixel: light is positive whatever the lighting.
struct Relief {
    width: usize,
    height: usize,
    heights: Vec<f32>,
}

impl Relief {
    /// `radius`: pixels to each side over which the mean is taken.
    fn of(picture: &LumaImage, radius: usize) -> Self {
        let means = mean(picture, radius);
        let heights = picture.pixels.iter().zip(&means).map(|(p, m)| f32::from(*p) - f32::from(*m)).collect();
        Self { width: picture.width, height: picture.height, heights }
    }

    fn pixel(&self, x: usize, y: usize) -> f32 {
        self.heights[y * self.width + x]
    }

    /// Between pixels; flat outside the picture.
    fn at(&self, x: f32, y: f32) -> f32 {
        if x < 0.0 || y < 0.0 || x >= (self.width - 1) as f32 || y >= (self.height - 1) as f32 {
            return 0.0;
        }
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let top = self.pixel(x0, y0) * (1.0 - fx) + self.pixel(x0 + 1, y0) * fx;
        let bottom = self.pixel(x0, y0 + 1) * (1.0 - fx) + self.pixel(x0 + 1, y0 + 1) * fx;
        top * (1.0 - fy) + bottom * fy
    }
}

/// Differences smaller than this are noise, no edge.
const FLAT: f32 = 4.0;

struct Candidate {
    x: f32,
    y: f32,
    /// Pixels between two edges along the rows and columns of the picture.
    step: f32,
    votes: usize,
}

/// Middles of seven equal runs along a row and down a column, the middle one dark.
fn candidates(relief: &Relief) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut edges = Vec::new();
    for y in 0..relief.height {
        let row = &relief.heights[y * relief.width..(y + 1) * relief.width];
        edges_along(row.iter().copied(), &mut edges);
        for window in edges.windows(8) {
            // The middle run lies between edges 3 and 4, and edge 3 must go down into the dark.
            let Some((middle, step)) = middle_of(window) else { continue };
            let x = middle.round() as usize;
            let Some((y, step_down)) = down_the_column(relief, x.min(relief.width - 1), y, step) else { continue };
            if step_down > 1.6 * step || step > 1.6 * step_down {
                continue;
            }
            let step = (step + step_down) / 2.0;
            match found.iter_mut().find(|c| (c.x - middle).hypot(c.y - y) < 1.5 * step) {
                Some(known) => {
                    let votes = known.votes as f32;
                    known.x = (known.x * votes + middle) / (votes + 1.0);
                    known.y = (known.y * votes + y) / (votes + 1.0);
                    known.step = (known.step * votes + step) / (votes + 1.0);
                    known.votes += 1;
                }
                None => found.push(Candidate { x: middle, y, step, votes: 1 }),
            }
        }
    }
    found.sort_by_key(|c| std::cmp::Reverse(c.votes));
    found.truncate(MOST_CANDIDATES);
    found
}

/// An edge along a line: where, to a part of a pixel, and whether it goes down into the dark.
#[derive(Clone, Copy)]
struct Edge {
    at: f32,
    into_dark: bool,
}

fn edges_along(line: impl Iterator<Item = f32>, edges: &mut Vec<Edge>) {
    edges.clear();
    let mut dark: Option<bool> = None;
    let mut previous = 0.0f32;
    let mut last_crossing = 0.0f32;
    for (n, value) in line.enumerate() {
        if n > 0 && (value < 0.0) != (previous < 0.0) {
            last_crossing = (n - 1) as f32 + previous / (previous - value);
        }
        previous = value;
        // A side is taken only once it is clear of the noise; the edge is where zero was last crossed.
        let side = if value < -FLAT {
            true
        } else if value > FLAT {
            false
        } else {
            continue;
        };
        if dark.is_some_and(|dark| dark != side) {
            edges.push(Edge { at: last_crossing, into_dark: side });
        }
        dark = Some(side);
    }
}

/// The middle and the mean length of seven runs of about one length, the fourth of them dark. Neighbours are summed:
/// where ink has spread, dark runs are longer and light ones shorter by the same.
fn middle_of(edges: &[Edge]) -> Option<(f32, f32)> {
    let [first, .., last] = edges else { return None };
    if !edges.get(3)?.into_dark {
        return None;
    }
    let step = (last.at - first.at) / 7.0;
    if step < 1.1 {
        return None;
    }
    let even = edges.windows(3).all(|pair| {
        let [a, _, c] = pair else { return false };
        ((c.at - a.at) / (2.0 * step) - 1.0).abs() < 0.35
    });
    let middle = edges.iter().map(|e| e.at).sum::<f32>() / edges.len() as f32;
    even.then_some((middle, step))
}

/// The same down the column through (`x`, `y`), near `y`.
fn down_the_column(relief: &Relief, x: usize, y: usize, step: f32) -> Option<(f32, f32)> {
    let reach = (step * 8.0).ceil() as usize;
    let (top, bottom) = (y.saturating_sub(reach), (y + reach).min(relief.height - 1));
    let mut edges = Vec::new();
    edges_along((top..=bottom).map(|y| relief.pixel(x, y)), &mut edges);
    edges.windows(8).filter_map(middle_of).find_map(|(middle, step_down)| {
        let middle = top as f32 + middle;
        ((middle - y as f32).abs() <= step.max(1.5)).then_some((middle, step_down))
    })
}

/// Lays a grid over a candidate, turned as it fits best; its correlation with the drawn bullseye.
fn bullseye(relief: &Relief, candidate: &Candidate) -> Option<(f32, Grid)> {
    const TURNS: usize = 12;
    let turned = (0..TURNS).map(|n| {
        let angle = (n as f32 / TURNS as f32 - 0.5) * std::f32::consts::FRAC_PI_2;
        let (sin, cos) = angle.sin_cos();
        // A line along the picture's rows crosses squares that are turned at longer steps.
        let module = candidate.step * cos.abs().max(sin.abs());
        let terms = [candidate.x, candidate.y, module * cos, module * sin, -module * sin, module * cos, 0.0, 0.0];
        let grid = Grid { terms };
        (likeness(relief, &grid), grid)
    });
    let (score, grid) = turned.max_by(|a, b| a.0.total_cmp(&b.0))?;
    if score < 0.3 {
        return None;
    }
    let module = grid.module();
    let steps = [0.4, 0.4, 0.08, 0.08, 0.08, 0.08].map(|s| s * module);
    let (score, grid) = climb(grid, score, &steps, 5, |grid| likeness(relief, grid));
    (score >= LIKE_A_BULLSEYE).then_some((score, grid))
}

/// Correlation of the nine by nine modules around the middle with rings dark and light in turn.
fn likeness(relief: &Relief, grid: &Grid) -> f32 {
    // 49 dark modules and 32 light ones, weighed so that both count the same.
    let (mut dark, mut light, mut squares) = (0.0f32, 0.0f32, 0.0f32);
    for row in -4i32..=4 {
        for column in -4i32..=4 {
            let (x, y) = grid.at(column as f32, row as f32);
            let value = relief.at(x, y);
            squares += value * value;
            if row.abs().max(column.abs()) % 2 == 0 { dark += value } else { light += value }
        }
    }
    if squares <= 81.0 * FLAT * FLAT {
        return 0.0;
    }
    (light / 32.0 - dark / 49.0) / 2.0 / (squares / 81.0).sqrt()
}

/// Fits the grid to ever more modules around the bullseye: module middles differ most from the mean around them when
/// the grid lies right. The radius is that of the largest symbol there is room for.
fn grow(picture: &LumaImage, grid: Grid) -> (Grid, i32) {
    // Large modules are flat within: the mean must reach beyond them.
    let relief = &Relief::of(picture, (2.5 * grid.module()).ceil().max(4.0) as usize);
    let (width, height) = (relief.width as f32, relief.height as f32);
    let [x, y, ..] = grid.terms;
    // A symbol is as large on either side, and turned by at most an eighth.
    let room = (x.min(width - x).min(y.min(height - y)) * 1.1 / grid.module()).ceil() as i32;
    let most = room.clamp(7, LARGEST_RADIUS);
    let mut grid = grid;
    let mut radius = 7;
    loop {
        let (module, reach) = (grid.module(), radius as f32);
        // The bullseye has fixed the middle; at the edge the others move it by a quarter of a module at a time.
        let turn = 0.25 * module / reach;
        let tilt = if radius >= 9 { 0.15 / (reach * reach) } else { 0.0 };
        let steps = [0.05 * module, 0.05 * module, turn, turn, turn, turn, tilt, tilt];
        let score = |grid: &Grid| contrast(relief, grid, radius);
        let start = score(&grid);
        (_, grid) = climb(grid, start, &steps, 3, score);
        if radius >= most {
            return (grid, most);
        }
        radius = (radius + radius / 3 + 1).min(most);
    }
}

/// How far module middles are from the mean around them.
fn contrast(relief: &Relief, grid: &Grid, radius: i32) -> f32 {
    // A quarter of the modules tells as much once there are many.
    let every = if radius > 16 { 2 } else { 1 };
    let mut sum = 0.0;
    for row in (-radius..=radius).step_by(every) {
        for column in (-radius..=radius).step_by(every) {
            let (x, y) = grid.at(column as f32, row as f32);
            sum += relief.at(x, y).abs();
        }
    }
    sum
}

/// Turns one term after the other by its step while that helps, then by half the step, `halvings` times.
fn climb(grid: Grid, score: f32, steps: &[f32], halvings: u32, judge: impl Fn(&Grid) -> f32) -> (f32, Grid) {
    let (mut best, mut grid) = (score, grid);
    for halving in 0..halvings {
        let part = 0.5f32.powi(halving as i32);
        for _ in 0..2 {
            let mut better = false;
            for (term, step) in steps.iter().enumerate().filter(|(_, step)| **step > 0.0) {
                for step in [step * part, -step * part] {
                    let mut other = grid;
                    other.terms[term] += step;
                    let score = judge(&other);
                    if score > best {
                        (best, grid, better) = (score, other, true);
                        break;
                    }
                }
            }
            if !better {
                break;
            }
        }
    }
    (best, grid)
}

fn sample(picture: &LumaImage, grid: &Grid, radius: i32) -> Vec<f32> {
    let mut levels = Vec::with_capacity(((2 * radius + 1) * (2 * radius + 1)) as usize);
    for row in -radius..=radius {
        for column in -radius..=radius {
            let (x, y) = grid.at(column as f32, row as f32);
            levels.push(f32::from(bilinear(picture, x, y)));
        }
    }
    levels
}

/// Means over squares of `radius` modules to each side.
fn around_means(values: &[f32], side: usize, radius: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; (side + 1) * (side + 1)];
    for row in 0..side {
        let mut line = 0.0;
        for column in 0..side {
            line += f64::from(values[row * side + column]);
            sums[(row + 1) * (side + 1) + column + 1] = sums[row * (side + 1) + column + 1] + line;
        }
    }
    let mut means = Vec::with_capacity(side * side);
    for row in 0..side {
        let (top, bottom) = (row.saturating_sub(radius), (row + radius + 1).min(side));
        for column in 0..side {
            let (left, right) = (column.saturating_sub(radius), (column + radius + 1).min(side));
            let sum =
                sums[bottom * (side + 1) + right] - sums[top * (side + 1) + right] - sums[bottom * (side + 1) + left]
                    + sums[top * (side + 1) + left];
            means.push((sum / ((bottom - top) * (right - left)) as f64) as f32);
        }
    }
    means
}
