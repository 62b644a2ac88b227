//! Rows of marks, and the zones that two or three of them make. The second half of locating.
//!
//! A zone's row is a straight line of many marks of one size: votes of all marks over all directions (a Hough
//! transform) find it at any angle.

use super::Point;
use super::ink::{FULL, Mark};

/// A straight row of marks.
#[derive(Clone, Copy)]
pub struct Row {
    /// A point of the middle line, and its direction (unit length).
    pub origin: Point,
    pub along: Point,
    /// From where to where the marks reach along it, measured from `origin`, pixels.
    pub from: f32,
    pub to: f32,
    /// Usual size of its marks, about the height of a capital letter.
    pub size: f32,
    pub marks: usize,
    /// Sum of the marks' weights, in full marks.
    pub weight: f32,
    /// Share of marks whose distance to the next is the usual one.
    pub evenness: f32,
}

impl Row {
    pub fn length(&self) -> f32 {
        self.to - self.from
    }

    pub fn point(&self, t: f32) -> Point {
        Point { x: self.origin.x + t * self.along.x, y: self.origin.y + t * self.along.y }
    }

    /// Signed distance of a point to the left of the row's direction (downwards in a picture, for a row to the right).
    fn beside(&self, p: Point) -> f32 {
        (p.y - self.origin.y) * self.along.x - (p.x - self.origin.x) * self.along.y
    }

    fn before(&self, p: Point) -> f32 {
        (p.x - self.origin.x) * self.along.x + (p.y - self.origin.y) * self.along.y
    }

    /// How high a mark stands in the row: its size, unless it is several characters run together.
    fn height(&self, m: &Mark) -> f32 {
        let across = m.length(-self.along.y, self.along.x);
        if m.length(self.along.x, self.along.y) > 1.4 * across { m.size.min(1.3 * across) } else { m.size }
    }

    /// How far a mark of several characters run together reaches beyond one character's half width.
    fn beyond(&self, m: &Mark) -> f32 {
        ((m.length(self.along.x, self.along.y) - self.size) / 2.0).max(0.0)
    }

    fn reversed(&self) -> Self {
        Self { along: Point { x: -self.along.x, y: -self.along.y }, from: -self.to, to: -self.from, ..*self }
    }
}

/// Two or three rows that may be a zone, from the top in their own direction (or turned by half a turn: only the
/// characters can tell).
#[derive(Clone)]
pub struct Candidate {
    pub rows: Vec<Row>,
    pub score: f32,
}

const ANGLES: usize = 180;
const BIN: f32 = 2.0;
const MOST_ROWS: usize = 16;
const FEWEST_MARKS: usize = 9;
const LIGHTEST: i32 = FULL as i32 * 5;

/// The rows of a picture, the fullest first.
pub fn rows(marks: &[Mark], width: usize, height: usize) -> Vec<Row> {
    if marks.len() < FEWEST_MARKS {
        return Vec::new();
    }
    let table: Vec<(f32, f32)> = (0..ANGLES).map(|a| (a as f32).to_radians().sin_cos()).collect();
    let reach = ((width * width + height * height) as f32).sqrt();
    let bins = (2.0 * reach / BIN) as usize + 3;
    let mut votes = vec![0i32; ANGLES * bins];
    let bin = |m: &Mark, (sin, cos): (f32, f32)| ((m.y * cos - m.x * sin + reach) / BIN) as usize;
    let vote = |votes: &mut [i32], m: &Mark, sign: i32| {
        let by = sign * i32::from(m.weight);
        for (a, &direction) in table.iter().enumerate() {
            votes[a * bins + bin(m, direction)] += by;
        }
    };
    for m in marks {
        vote(&mut votes, m, 1);
    }
    let mut free = vec![true; marks.len()];
    let mut rows = Vec::new();
    for _ in 0..3 * MOST_ROWS {
        if rows.len() >= MOST_ROWS {
            break;
        }
        let mut best = (0i32, 0usize, 0usize);
        for (a, line) in votes.chunks_exact(bins).enumerate() {
            for (b, w) in line.windows(2).enumerate() {
                let sum = w[0] + w[1];
                if sum > best.0 {
                    best = (sum, a, b);
                }
            }
        }
        if best.0 < LIGHTEST {
            break;
        }
        let (sin, cos) = table[best.1];
        let distance = (best.2 + 1) as f32 * BIN - reach;
        let line = Row {
            origin: Point { x: -distance * sin, y: distance * cos },
            along: Point { x: cos, y: sin },
            from: 0.0,
            to: 0.0,
            size: 0.0,
            marks: 0,
            weight: 0.0,
            evenness: 0.0,
        };
        let found = fill(&line, marks, &free);
        let taken: Vec<usize> = match &found {
            Some((_, members)) => members.clone(),
            // Votes without a row in them would be found again and again.
            None => (0..marks.len()).filter(|&i| free[i] && bin(&marks[i], (sin, cos)).abs_diff(best.2) <= 1).collect(),
        };
        for &i in &taken {
            if free[i] {
                free[i] = false;
                vote(&mut votes, &marks[i], -1);
            }
        }
        if let Some((row, _)) = found {
            rows.push(row);
        } else if taken.is_empty() {
            break;
        }
    }
    rows.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    rows
}

/// The longest run of marks without a gap along a line, and the line fitted to it.
fn fill(line: &Row, marks: &[Mark], free: &[bool]) -> Option<(Row, Vec<usize>)> {
    let mut row = *line;
    let mut members: Vec<usize> = Vec::new();
    for round in 0..3 {
        let tolerance = if round == 0 { 4.0 } else { (0.35 * row.size).max(2.0) };
        let mut near: Vec<(f32, usize)> = marks
            .iter()
            .enumerate()
            .filter(|&(i, m)| free[i] && row.beside(Point { x: m.x, y: m.y }).abs() <= tolerance)
            .filter(|(_, m)| round == 0 || (m.size > 0.4 * row.size && row.height(m) < 2.2 * row.size))
            .map(|(i, m)| (row.before(Point { x: m.x, y: m.y }), i))
            .collect();
        if near.len() < FEWEST_MARKS {
            return None;
        }
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sizes: Vec<f32> = near.iter().map(|&(_, i)| row.height(&marks[i])).collect();
        let middle = sizes.len() / 2;
        row.size = *sizes.select_nth_unstable_by(middle, f32::total_cmp).1;
        let gap = (2.9 * row.size).max(12.0);
        let (mut start, mut best) = (0, 0..0);
        for k in 1..=near.len() {
            if k == near.len()
                || near[k].0 - near[k - 1].0 - row.beyond(&marks[near[k].1]) - row.beyond(&marks[near[k - 1].1]) > gap
            {
                if k - start > best.len() {
                    best = start..k;
                }
                start = k;
            }
        }
        let run = &near[best];
        if run.len() < FEWEST_MARKS {
            return None;
        }
        members = run.iter().map(|&(_, i)| i).collect();
        let half = row.size * 0.35;
        let (first, last) = (run[0], run[run.len() - 1]);
        let (before, behind) = (row.beyond(&marks[first.1]), row.beyond(&marks[last.1]));
        (row.from, row.to) = (first.0 - half - before, last.0 + half + behind);
        row.marks = run.len();
        row.weight = members.iter().map(|&i| f32::from(marks[i].weight)).sum::<f32>() / f32::from(FULL);
        row.evenness = evenness(run);
        refit(&mut row, run, marks);
    }
    (row.length() > 9.0 * row.size).then_some((row, members))
}

/// Share of neighbours whose distance is near the usual one: high in a zone, low in words and lines.
fn evenness(run: &[(f32, usize)]) -> f32 {
    let mut steps: Vec<f32> = run.windows(2).map(|w| w[1].0 - w[0].0).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let usual = *steps.select_nth_unstable_by(middle, f32::total_cmp).1;
    steps.iter().filter(|&&s| (s - usual).abs() <= 0.22 * usual).count() as f32 / steps.len() as f32
}

/// Least squares across the row; `from` and `to` keep their places.
fn refit(row: &mut Row, run: &[(f32, usize)], marks: &[Mark]) {
    let n = run.len() as f32;
    let (mut st, mut sd, mut stt, mut std) = (0.0, 0.0, 0.0, 0.0);
    for &(t, i) in run {
        let d = row.beside(Point { x: marks[i].x, y: marks[i].y });
        st += t;
        sd += d;
        stt += t * t;
        std += t * d;
    }
    let spread = stt - st * st / n;
    if spread <= 0.0 {
        return;
    }
    let slope = (std - st * sd / n) / spread;
    let offset = (sd - slope * st) / n;
    let (a, o) = (row.along, row.origin);
    row.origin = Point { x: o.x - offset * a.y, y: o.y + offset * a.x };
    let along = Point { x: a.x - slope * a.y, y: a.y + slope * a.x };
    let length = along.x.hypot(along.y);
    row.along = Point { x: along.x / length, y: along.y / length };
}

/// Pairs and triples of rows as far apart, as parallel and as long as a zone's, the likeliest first.
pub fn candidates(rows: &[Row]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[i + 1..] {
            let b = if a.along.x * b.along.x + a.along.y * b.along.y < 0.0 { b.reversed() } else { *b };
            let Some(apart) = spacing(a, &b) else { continue };
            let (upper, lower) = if apart > 0.0 { (*a, b) } else { (b, *a) };
            let alike = upper.length().min(lower.length()) / upper.length().max(lower.length());
            let score = (worth(&upper) + worth(&lower)) * alike;
            found.push(Candidate { rows: vec![upper, lower], score });
        }
    }
    let mut triples = Vec::new();
    for p in &found {
        for q in &found {
            let (a, b, c) = (&p.rows[0], &p.rows[1], &q.rows[1]);
            let same = |x: &Row, y: &Row| (x.origin.x - y.origin.x).abs() + (x.origin.y - y.origin.y).abs() < 0.5;
            if !same(b, &q.rows[0]) || b.along.x * q.rows[0].along.x + b.along.y * q.rows[0].along.y < 0.0 {
                continue;
            }
            let (Some(above), Some(below)) = (spacing(a, b), spacing(b, c)) else { continue };
            if above > 0.0 && below > 0.0 && (0.72..1.38).contains(&(above / below)) {
                let lengths = [a.length(), b.length(), c.length()];
                let alike =
                    lengths.iter().copied().fold(f32::MAX, f32::min) / lengths.iter().copied().fold(0.0, f32::max);
                triples.push(Candidate { rows: vec![*a, *b, *c], score: (worth(a) + worth(b) + worth(c)) * alike });
            }
        }
    }
    found.extend(triples);
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

/// How much a row looks like a zone's.
fn worth(row: &Row) -> f32 {
    row.weight * (0.3 + row.evenness)
}

/// How far `b` lies beside `a` (positive: below), if the two may be neighbours in a zone. ICAO 9303-4 to 7 print rows
/// 1.6 to 2.5 pitches apart.
fn spacing(a: &Row, b: &Row) -> Option<f32> {
    let parallel = (a.along.x * b.along.y - a.along.y * b.along.x).abs();
    if parallel > 0.12 || a.size > 1.7 * b.size || b.size > 1.7 * a.size {
        return None;
    }
    let (start, end) = (a.before(b.point(b.from)), a.before(b.point(b.to)));
    let common = a.to.min(end) - a.from.max(start);
    if common < 0.6 * a.length().min(b.length()) || a.length().min(b.length()) < 0.4 * a.length().max(b.length()) {
        return None;
    }
    let middle = (a.from.max(start) + a.to.min(end)) / 2.0;
    let from_a = a.point(middle);
    let apart = -b.beside(from_a);
    let size = (a.size + b.size) / 2.0;
    let length = a.length().max(b.length());
    ((1.05 * size..4.2 * size).contains(&apart.abs()) && (5.5..38.0).contains(&(length / apart.abs()))).then_some(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(angle: f32, rows: usize) -> Vec<Mark> {
        let (sin, cos) = angle.to_radians().sin_cos();
        (0..rows * 36)
            .map(|i| {
                let (u, v) = ((i % 36) as f32 * 8.0 - 140.0, (i / 36) as f32 * 18.0);
                Mark {
                    x: 320.0 + u * cos - v * sin,
                    y: 240.0 + u * sin + v * cos,
                    size: 7.0,
                    spread: [4.0, 4.0, 0.0],
                    weight: FULL,
                }
            })
            .collect()
    }

    #[test]
    fn rows_are_found_at_any_angle() {
        for angle in (0..180).step_by(7) {
            let found = rows(&text(angle as f32 + 0.4, 2), 640, 480);
            assert!(found.len() >= 2 && found[1].marks >= 30, "{angle}: {} rows", found.len());
            let best = &candidates(&found)[0];
            assert_eq!(best.rows.len(), 2, "{angle}");
            assert!(best.rows.iter().all(|r| (r.length() - 285.0).abs() < 12.0));
        }
    }

    #[test]
    fn three_rows_make_one_candidate() {
        let found = rows(&text(20.0, 3), 640, 480);
        assert_eq!(candidates(&found)[0].rows.len(), 3);
    }

    #[test]
    fn few_marks_make_no_row() {
        assert!(rows(&text(0.0, 1)[..6], 640, 480).is_empty());
        assert!(rows(&[], 0, 0).is_empty());
    }
}
