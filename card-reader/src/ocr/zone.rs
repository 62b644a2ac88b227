//! Rectify and segment: from a candidate to a flat plane, and on it the grid of equally wide cells.
//!
//! Plane coordinates: (0, 0) is where the middle line of the first row starts; a row is [`WIDTH`] long; the unit is
//! the same across and down. A zone prints 10 characters an inch in every row (ICAO 9303-3 §4.4), so one pitch fits
//! all its rows.

use super::network::{CAPITAL, HIGH, PITCH};
use super::pixels::{Ink, Projection, Pyramid};
use super::rows::{Candidate, Row};
use super::{LumaImage, Point};

/// Length of a row on the plane: a pitch is 14 if the row has 36 characters.
pub const WIDTH: f32 = 36.0 * PITCH;
const MARGIN: f32 = 2.0 * PITCH;
/// A row of 44 characters whose ends were found two characters too far out, and one of 30 found four too short.
const PITCHES: std::ops::Range<f32> = 9.8..19.6;

/// A candidate on its plane.
#[derive(Clone)]
pub struct Plane {
    pub map: Projection,
    pub ink: Ink,
    /// From the middle line of the first row to that of the last.
    pub depth: f32,
    /// Pixels of the picture for one unit, about.
    pub scale: f32,
    pub lines: Vec<Line>,
    /// Width of a cell.
    pub pitch: f32,
    /// Height of a capital letter.
    pub capital: f32,
}

/// Where a character was seen: how far right of and below the middle of its cell, in pitches, and how surely.
pub struct Sighting {
    pub cell: isize,
    pub across: f32,
    pub down: f32,
    pub weight: f32,
}

/// From where a cell is looked at.
#[derive(Clone, Copy)]
pub struct Look {
    /// Right of and below the cell's middle, in pitches.
    pub across: f32,
    pub down: f32,
    /// How much more than a cell is seen.
    pub stretch: f32,
}

impl Look {
    /// Straight at it.
    pub const STRAIGHT: Self = Self { across: 0.0, down: 0.0, stretch: 1.0 };
}

/// Where the rows of a candidate end.
#[derive(Clone, Copy, PartialEq)]
pub enum Ends {
    /// Where they were found, unless they disagree by more than perspective explains.
    Found,
    /// All at the outermost.
    Outermost,
}

/// A row on the plane.
#[derive(Clone, Default)]
pub struct Line {
    /// Middle of cell 0, and how the middles of the others stray from even steps: constant, linear, quadratic, in
    /// units, over the cell's number.
    pub start: f32,
    pub middle: f32,
    pub across: [f32; 3],
    pub down: [f32; 3],
    pub marks: usize,
}

impl Plane {
    /// Lays a candidate flat. `overview` is the scale of the candidate's pixels to the picture's. `None` if it makes no
    /// plane, or the same as with the ends as they were found.
    pub fn new(candidate: &Candidate, overview: f32, ends: Ends, ink: Ink) -> Option<Self> {
        let rows = &candidate.rows;
        let (first, last) = (rows.first()?, rows.last()?);
        let full = |p: Point| Point { x: (p.x + 0.5) / overview - 0.5, y: (p.y + 0.5) / overview - 0.5 };
        let corners = corners(first, last, ends)?;
        let length = (first.length() + last.length()) / 2.0;
        let apart = {
            let (a, b) = (first.point((first.from + first.to) / 2.0), last.point((last.from + last.to) / 2.0));
            ((b.y - a.y) * first.along.x - (b.x - a.x) * first.along.y).abs()
        };
        let depth = apart * WIDTH / length;
        let map = Projection::onto(WIDTH, depth, &corners.map(full))?;
        let steps = (rows.len() - 1) as f32;
        let lines = rows
            .iter()
            .enumerate()
            .map(|(i, r)| Line { middle: depth * i as f32 / steps, marks: r.marks, ..Line::default() })
            .collect();
        Some(Self { map, ink, depth, scale: length / overview / WIDTH, lines, pitch: PITCH, capital: CAPITAL })
    }

    /// A strip of the plane around a row, one pixel a unit, `half` units above and below.
    fn strip(&self, pyramid: &Pyramid<'_>, middle: f32, half: usize) -> LumaImage {
        let level = (self.scale.log2().floor().max(0.0) as usize).min(pyramid.levels() - 1);
        let (image, shrink) = (pyramid.level(level), 0.5f32.powi(level as i32));
        let (width, height) = ((WIDTH + 2.0 * MARGIN) as usize, 2 * half + 1);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            self.map.sample(
                (image, self.ink),
                shrink,
                (-MARGIN, middle + y as f32 - half as f32),
                1.0,
                width,
                &mut values,
            );
        }
        LumaImage { width, height, pixels: values.into_iter().map(|v| v as u8).collect() }
    }

    /// Finds the rows' middles and heights, then the likeliest pitches and where cells begin: the plane once for
    /// each pitch, the likeliest first.
    pub fn segment(mut self, pyramid: &Pyramid<'_>) -> Vec<Self> {
        const HALF: usize = 13;
        let strips: Vec<LumaImage> = self.lines.iter().map(|l| self.strip(pyramid, l.middle, HALF)).collect();
        let mut capital = 0.0f32;
        for (line, strip) in self.lines.iter_mut().zip(&strips) {
            let (top, bottom) = band(strip);
            line.middle += (top + bottom) / 2.0 - HALF as f32;
            capital = capital.max(bottom - top);
        }
        let profiles: Vec<Vec<f32>> = strips.iter().map(profile).collect();
        spectrum(&profiles)
            .into_iter()
            .map(|frequency| {
                let mut plane = self.clone();
                plane.pitch = 1.0 / frequency;
                plane.capital = capital.clamp(0.80 * 0.94 * plane.pitch, 1.12 * 0.94 * plane.pitch);
                let mut reference = None;
                for (line, profile) in plane.lines.iter_mut().zip(&profiles) {
                    let (re, im) = component(profile, frequency);
                    // The middle of the cell nearest the row's start; all rows start in the same column.
                    let phase = -im.atan2(re) / std::f32::consts::TAU;
                    let column: f32 = reference.unwrap_or(0.5);
                    let offset = (phase - MARGIN * frequency) - column;
                    line.start = (offset - offset.round() + column) / frequency;
                    reference = Some(line.start * frequency);
                }
                plane
            })
            .collect()
    }

    /// Middle of a cell on the plane.
    pub fn cell(&self, line: usize, cell: isize) -> (f32, f32) {
        let l = &self.lines[line];
        let k = cell as f32;
        let bend = |c: &[f32; 3]| c[0] + c[1] * k + c[2] * k * k;
        (l.start + k * self.pitch + bend(&l.across), l.middle + bend(&l.down))
    }

    /// Appends the grey values of a cell and its surroundings, [`HIGH`] rows of `wide`; `shift` (across, down) and
    /// `stretch` in pitches and shares.
    pub fn patch(&self, pyramid: &Pyramid<'_>, at: (usize, isize), look: Look, wide: usize, into: &mut Vec<f32>) {
        let (u, v) = self.cell(at.0, at.1);
        let (u, v) = (u + look.across * self.pitch, v + look.down * self.pitch);
        // Between 10 and 20 pixels of the sampled level for one pitch, where the picture has them.
        let level = ((self.scale * self.pitch / 11.0).log2().floor().max(0.0) as usize).min(pyramid.levels() - 1);
        let (image, shrink) = (pyramid.level(level), 0.5f32.powi(level as i32));
        let (across, down) = (self.pitch / PITCH * look.stretch, self.capital / CAPITAL * look.stretch);
        let (left, top) = (u - (wide - 1) as f32 / 2.0 * across, v - (HIGH - 1) as f32 / 2.0 * down);
        for y in 0..HIGH {
            self.map.sample((image, self.ink), shrink, (left, top + y as f32 * down), across, wide, into);
        }
    }

    /// The same plane read from the other side of the table.
    pub fn turned(&self) -> Self {
        let mut turned = self.clone();
        turned.map = self.map.upside_down(WIDTH, self.depth);
        turned.lines.reverse();
        let last = self.lines.first().map_or(0.0, |l| ((WIDTH - l.start) / self.pitch).floor());
        for line in &mut turned.lines {
            line.start = WIDTH - (line.start + last * self.pitch);
            line.middle = self.depth - line.middle;
        }
        turned
    }

    /// Moves the origin of cells, so that what was cell `by` is cell 0.
    pub fn renumber(&mut self, by: isize) {
        let b = by as f32;
        let moved = |c: &[f32; 3]| [c[0] + c[1] * b + c[2] * b * b, c[1] + 2.0 * c[2] * b, c[2]];
        for line in &mut self.lines {
            line.start += b * self.pitch;
            (line.across, line.down) = (moved(&line.across), moved(&line.down));
        }
    }

    /// The plane laid out anew with the grid's outermost cells in the corners of a rectangle: what was sheared stands
    /// upright, what was bent by perspective is straight.
    pub fn squared(&self, cells: usize) -> Option<Self> {
        let (last, end) = (self.lines.len().checked_sub(1)?, cells as isize - 1);
        let corners = [(0, 0), (0, end), (last, end), (last, 0)].map(|(l, c)| self.cell(l, c));
        let quad = corners.map(|(u, v)| self.map.apply(u, v));
        let (width, ratio) = (end as f32 * PITCH, PITCH / self.pitch);
        let depth = (corners[3].1 - corners[0].1) * ratio;
        let map = Projection::onto(width, depth, &quad)?;
        let lines = self
            .lines
            .iter()
            .map(|l| Line { middle: (l.middle + l.down[0] - corners[0].1) * ratio, marks: l.marks, ..Line::default() })
            .collect();
        Some(Self {
            map,
            ink: self.ink,
            depth,
            scale: self.scale / ratio,
            lines,
            pitch: PITCH,
            capital: self.capital * ratio,
        })
    }

    /// How far the grid is from a rectangle: the shear and the bend of its rows, in pitches.
    pub fn askew(&self, cells: usize) -> f32 {
        let (last, end) = (self.lines.len().saturating_sub(1), cells as isize - 1);
        let shear = |cell: isize| (self.cell(0, cell).0 - self.cell(last, cell).0).abs();
        let bend = |line: usize| {
            let (a, b, c) = (self.cell(line, 0).0, self.cell(line, end / 2).0, self.cell(line, end).0);
            (a + (c - a) * (end / 2) as f32 / end.max(1) as f32 - b).abs()
        };
        shear(0).max(shear(end)).max(bend(0)).max(bend(last)) / self.pitch
    }

    /// Bends the grid towards where the characters were seen.
    pub fn bend(&mut self, line: usize, seen: &[Sighting]) {
        let pitch = self.pitch;
        let fit = |offset: fn(&Sighting) -> f32| {
            let points: Vec<(f32, f32, f32)> =
                seen.iter().map(|s| (s.cell as f32, offset(s) * pitch, s.weight)).collect();
            quadratic(&points)
        };
        let (across, down) = (fit(|s| s.across), fit(|s| s.down));
        let l = &mut self.lines[line];
        for i in 0..3 {
            l.across[i] += across[i];
            l.down[i] += down[i];
        }
    }

    /// The zone's outline in the picture, a fifth of a pitch around its characters.
    pub fn quad(&self, cells: usize) -> [Point; 4] {
        let last = self.lines.len() - 1;
        let (side, edge) = (0.7 * self.pitch, self.capital / 2.0 + 0.2 * self.pitch);
        let corner = |line: usize, cell: isize, du: f32, dv: f32| {
            let (u, v) = self.cell(line, cell);
            self.map.apply(u + du, v + dv)
        };
        let end = cells as isize - 1;
        [
            corner(0, 0, -side, -edge),
            corner(0, end, side, -edge),
            corner(last, end, side, edge),
            corner(last, 0, -side, edge),
        ]
    }

    /// A flat picture of the zone, for people to look at: [`PITCH`] pixels a cell.
    pub fn picture(&self, pyramid: &Pyramid<'_>, cells: usize) -> LumaImage {
        let (side, row) = (PITCH as usize, HIGH + 2);
        let width = cells * side;
        let mut image =
            LumaImage { width, height: row * self.lines.len(), pixels: vec![255; width * row * self.lines.len()] };
        let mut patch = Vec::with_capacity(side * HIGH);
        for line in 0..self.lines.len() {
            for cell in 0..cells {
                patch.clear();
                self.patch(pyramid, (line, cell as isize), Look::STRAIGHT, side, &mut patch);
                for (y, values) in patch.chunks_exact(side).enumerate() {
                    let to = (line * row + y) * width + cell * side;
                    for (out, v) in image.pixels[to..to + side].iter_mut().zip(values) {
                        *out = *v as u8;
                    }
                }
            }
        }
        image
    }
}

/// Start and end of the first and the last row. Where the two disagree by more than perspective explains, the
/// outermost of the two counts for both: missed characters are commoner than invented ones.
fn corners(first: &Row, last: &Row, trusted: Ends) -> Option<[Point; 4]> {
    let before = |p: Point| (p.x - first.origin.x) * first.along.x + (p.y - first.origin.y) * first.along.y;
    let size = first.size.max(last.size);
    let shear = if trusted == Ends::Found { 0.9 * size } else { 0.0 };
    let (starts, ends) = ((first.from, before(last.point(last.from))), (first.to, before(last.point(last.to))));
    let apart = (starts.0 - starts.1).abs().max((ends.0 - ends.1).abs());
    if trusted == Ends::Outermost && !(0.3 * size..0.9 * size).contains(&apart) {
        return None;
    }
    let mut shift = [0.0f32; 4];
    if (starts.0 - starts.1).abs() > shear {
        let outer = starts.0.min(starts.1);
        (shift[0], shift[3]) = (outer - starts.0, outer - starts.1);
    }
    if (ends.0 - ends.1).abs() > shear {
        let outer = ends.0.max(ends.1);
        (shift[1], shift[2]) = (outer - ends.0, outer - ends.1);
    }
    let (start, end) = (first.point(first.from + shift[0]), first.point(first.to + shift[1]));
    Some([start, end, last.point(last.to + shift[2]), last.point(last.from + shift[3])])
}

/// Top and bottom of the text in a strip: where neighbouring pixels differ.
fn band(strip: &LumaImage) -> (f32, f32) {
    let energy: Vec<f32> = strip
        .pixels
        .chunks_exact(strip.width)
        .map(|row| row.windows(3).map(|w| (f32::from(w[2]) - f32::from(w[0])).abs()).sum::<f32>())
        .collect();
    let middle = energy.len() / 2;
    let calm = energy.iter().copied().fold(f32::MAX, f32::min);
    let near = &energy[middle.saturating_sub(6)..(middle + 7).min(energy.len())];
    let top_value = near.iter().copied().fold(0.0, f32::max);
    let peak = energy.iter().position(|&e| e == top_value).unwrap_or(middle);
    let level = calm + 0.4 * (top_value - calm);
    // Between two rows of the strip, where the energy passes the level.
    let edge = |inner: usize, outer: usize| {
        let (i, o) = (energy[inner], energy[outer]);
        inner as f32 + (outer as f32 - inner as f32) * ((i - level) / (i - o).max(1e-3)).clamp(0.0, 1.0)
    };
    let mut top = peak;
    while top > 0 && energy[top - 1] > level {
        top -= 1;
    }
    let mut bottom = peak;
    while bottom + 1 < energy.len() && energy[bottom + 1] > level {
        bottom += 1;
    }
    (
        if top > 0 { edge(top, top - 1) } else { 0.0 },
        if bottom + 1 < energy.len() { edge(bottom, bottom + 1) } else { bottom as f32 },
    )
}

/// Ink of each column of a strip, without what changes slowly, and evened out so that a stain does not rule.
fn profile(strip: &LumaImage) -> Vec<f32> {
    let middle = strip.height / 2;
    let mut ink = vec![0.0f32; strip.width];
    for y in middle.saturating_sub(6)..(middle + 7).min(strip.height) {
        for (i, &p) in ink.iter_mut().zip(&strip.pixels[y * strip.width..][..strip.width]) {
            *i -= f32::from(p);
        }
    }
    const REACH: usize = 16;
    let mut sums = vec![0.0f32; ink.len() + 1];
    for (i, v) in ink.iter().enumerate() {
        sums[i + 1] = sums[i] + v;
    }
    let mut flat: Vec<f32> = (0..ink.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(REACH), (i + REACH + 1).min(ink.len()));
            ink[i] - (sums[b] - sums[a]) / (b - a) as f32
        })
        .collect();
    let usual = (flat.iter().map(|v| v * v).sum::<f32>() / flat.len() as f32).sqrt();
    flat.iter_mut().for_each(|v| *v = v.clamp(-2.0 * usual, 2.0 * usual) / usual.max(1e-3));
    flat
}

/// The Fourier component of a profile at a frequency (periods a unit).
fn component(profile: &[f32], frequency: f32) -> (f32, f32) {
    let (sin, cos) = (-std::f32::consts::TAU * frequency).sin_cos();
    let (mut re, mut im, mut c, mut s) = (0.0, 0.0, 1.0f32, 0.0f32);
    for &v in profile {
        re += v * c;
        im += v * s;
        (c, s) = (c * cos - s * sin, c * sin + s * cos);
    }
    (re, im)
}

/// The strongest frequencies that may be a pitch's, the strongest first, at most three.
fn spectrum(profiles: &[Vec<f32>]) -> Vec<f32> {
    let step = 0.2 / WIDTH;
    let (low, high) = (1.0 / PITCHES.end, 1.0 / PITCHES.start);
    let power: Vec<f32> = (0..=((high - low) / step) as usize)
        .map(|i| {
            profiles
                .iter()
                .map(|p| {
                    let (re, im) = component(p, low + i as f32 * step);
                    re * re + im * im
                })
                .sum()
        })
        .collect();
    let mut peaks: Vec<(f32, f32)> = (1..power.len().saturating_sub(1))
        .filter(|&i| power[i] >= power[i - 1] && power[i] > power[i + 1])
        .map(|i| {
            let (a, b, c) = (power[i - 1], power[i], power[i + 1]);
            let nudge = if (a - 2.0 * b + c).abs() > 1e-6 { 0.5 * (a - c) / (a - 2.0 * b + c) } else { 0.0 };
            (b, low + (i as f32 + nudge) * step)
        })
        .collect();
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let least = peaks.first().map_or(0.0, |p| 0.4 * p.0);
    peaks.into_iter().take(3).filter(|p| p.0 >= least).map(|p| p.1).collect()
}

/// Weighted least squares for c0 + c1·x + c2·x²; fewer terms where the points do not carry them.
fn quadratic(points: &[(f32, f32, f32)]) -> [f32; 3] {
    let weight: f32 = points.iter().map(|p| p.2).sum();
    if points.len() < 4 || weight < 2.0 {
        return [0.0; 3];
    }
    let (low, high) = points.iter().fold((f32::MAX, f32::MIN), |(l, h), p| (l.min(p.0), h.max(p.0)));
    let (middle, half) = ((low + high) / 2.0, ((high - low) / 2.0).max(1.0));
    // Normal equations over x scaled to ±1, with a little damping of the higher terms.
    let mut m = [[0.0f32; 4]; 3];
    for &(x, y, w) in points {
        let x = (x - middle) / half;
        let basis = [1.0, x, x * x];
        for i in 0..3 {
            for j in 0..3 {
                m[i][j] += w * basis[i] * basis[j];
            }
            m[i][3] += w * basis[i] * y;
        }
    }
    m[1][1] += 0.05;
    m[2][2] += 0.3;
    for i in 0..3 {
        if m[i][i].abs() < 1e-6 {
            return [0.0; 3];
        }
        for j in 0..3 {
            if j != i {
                let factor = m[j][i] / m[i][i];
                let pivot = m[i];
                for (to, from) in m[j][i..].iter_mut().zip(&pivot[i..]) {
                    *to -= factor * from;
                }
            }
        }
    }
    let [a, b, c] = [m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]];
    [
        a - b * middle / half + c * middle * middle / (half * half),
        b / half - 2.0 * c * middle / (half * half),
        c / (half * half),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_found_again() {
        let points: Vec<_> = (0..44).map(|x| (x as f32, 1.0 + 0.2 * x as f32 - 0.004 * (x * x) as f32, 1.0)).collect();
        let [a, b, c] = quadratic(&points);
        assert!((a - 1.0).abs() < 0.1 && (b - 0.2).abs() < 0.02 && (c + 0.004).abs() < 0.001, "{a} {b} {c}");
        assert_eq!(quadratic(&[]), [0.0; 3]);
    }

    #[test]
    fn the_pitch_of_a_comb_is_found() {
        for pitch in [11.5f32, 14.0, 16.7] {
            let profile: Vec<f32> =
                (0..560).map(|x| (std::f32::consts::TAU * (x as f32 - 3.0) / pitch).cos()).collect();
            let found = spectrum(&[profile]);
            assert!((1.0 / found[0] - pitch).abs() < 0.03, "{pitch}: {}", 1.0 / found[0]);
        }
    }
}
