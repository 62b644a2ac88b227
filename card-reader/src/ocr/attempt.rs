//! One candidate, from its plane to a text: recognise, settle the grid, decode.

use super::LumaImage;
use super::decode::{Cell, Decoded, decode};
use super::network::{Answer, HIGH, Network, Networks};
use super::pixels::Pyramid;
use super::twins;
use super::zone::{Look, Plane, Sighting, WIDTH};
use crate::mrz::Format;

/// Characters in a row of any layout.
const WIDTHS: [usize; 3] = [30, 36, 44];
/// Cells looked at to see whether a candidate is text of a zone at all, and which way up.
const PROBES: isize = 12;
/// Mean certainty of the probes below which a candidate is dropped.
const TEXT: f32 = 0.4;
/// Cells looked at beyond an end that turned out to be none.
const BEYOND: isize = 8;
/// All patches that one picture may cost: bounds the time of any picture.
const MOST_PATCHES: usize = 1500;

/// No character may be less certain than this in an accepted reading, and no more errors may be expected.
const LOWEST: f32 = 0.85;
const MOST_ERRORS: f32 = 0.3;

/// Farthest a character may lie from the middle of its cell, and the rows' cells from each other's column, in pitches.
const OFF_CENTRE: f32 = 0.3;
const OUT_OF_COLUMN: f32 = 0.6;

/// How much the scout's opinion of a character counts beside the reader's: two networks seldom make the same mistake.
const SCOUT_COUNTS: f32 = 0.5;

/// A grid this far from a rectangle is laid out anew, in pitches.
const ASKEW: f32 = 0.2;

/// What a picture may still cost, and the best probe so far.
#[derive(Default)]
pub struct Budget {
    patches: usize,
    pub best_probe: f32,
}

impl Budget {
    pub fn spent(&self) -> bool {
        self.patches > MOST_PATCHES
    }
}

/// A candidate that was recognised and decoded.
pub struct Attempt {
    pub plane: Plane,
    pub decoded: Decoded,
    /// What the pixels said of each cell, before decoding.
    pub cells: Vec<Vec<Cell>>,
    /// Mean certainty of the cells before decoding.
    pub certainty: f32,
    /// Whether the grid lies as a zone's does: no cell's character far from its middle, the rows' cells in columns.
    /// A grid that skips a character or reads one twice does not.
    pub straight: bool,
    /// Whether this is the whole zone. Two rows of 36 at the edge of the picture may be the beginning of two rows of
    /// 44: a visa of format A and one of format B say the same in the same cells.
    pub whole: bool,
}

impl Attempt {
    /// Whether every character is certain: pixels first, and a zone's structure around them.
    pub fn accepted(&self) -> bool {
        self.straight && self.whole && certain(&self.decoded)
    }

    /// For choosing the best of several.
    pub fn merit(&self) -> f32 {
        let d = &self.decoded;
        f32::from(u8::from(self.accepted())) * 10.0
            + self.certainty
            + 0.1 * d.agreeing as f32
            + if d.plausible { 0.3 } else { 0.0 }
    }

    pub fn width(&self) -> usize {
        self.decoded.lines.first().map_or(0, Vec::len)
    }

    /// The patches as the reader sees them, each framed, for people to look at.
    pub fn picture(&self, pyramid: &Pyramid<'_>, wide: usize) -> LumaImage {
        let cells = self.width();
        let (across, down) = (wide + 2, HIGH + 2);
        let mut image = LumaImage { width: cells * across, height: self.plane.lines.len() * down, pixels: Vec::new() };
        image.pixels = vec![0; image.width * image.height];
        let mut patch = Vec::with_capacity(wide * HIGH);
        for line in 0..self.plane.lines.len() {
            for cell in 0..cells {
                patch.clear();
                self.plane.patch(pyramid, (line, cell as isize), Look::STRAIGHT, wide, &mut patch);
                let (low, high) = patch.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
                // The frame's grey is the certainty: white is certain.
                let frame = (255.0 * self.decoded.confidence[line][cell]) as u8;
                for y in 0..down {
                    for x in 0..across {
                        let inside = (1..=wide).contains(&x) && (1..=HIGH).contains(&y);
                        let value = if inside {
                            ((patch[(y - 1) * wide + x - 1] - low) / (high - low).max(1.0) * 255.0) as u8
                        } else {
                            frame
                        };
                        image.pixels[(line * down + y) * image.width + cell * across + x] = value;
                    }
                }
            }
        }
        image
    }
}

/// Whether every character of a text is certain, and the text has a zone's structure.
pub fn certain(d: &Decoded) -> bool {
    // A zone whose digits mostly disagree must be the more certain in its pixels.
    let (lowest, errors) = if d.disagreeing > 0 { (0.97, MOST_ERRORS / 5.0) } else { (LOWEST, MOST_ERRORS) };
    d.plausible && d.lowest() >= lowest && d.expected_errors() <= errors
}

/// Recognises a candidate; `None` if it is no text of a zone.
pub fn attempt(networks: &Networks, pyramid: &Pyramid<'_>, plane: Plane, budget: &mut Budget) -> Option<Attempt> {
    let network = &networks.scout;
    let mut plane = upright(network, pyramid, plane, budget)?;
    let (mut first, mut last) = extent(&plane);
    let mut answers = see(network, pyramid, &plane, first..last, budget);
    // The grid bends towards the characters until it lies still: at most four looks.
    for _ in 0..3 {
        let moved = settle(&mut plane, &answers, first);
        if moved < 0.12 {
            break;
        }
        answers = see(network, pyramid, &plane, first..last, budget);
    }
    let (mut width, mut from) = window(&answers)?;
    // Characters up to the edge of what was looked at: there may be more beyond.
    for _ in 0..3 {
        let cells = answers.first().map_or(0, Vec::len);
        let (before, behind) = (from == 0, from + width == cells);
        if !(before || behind) || cells > 80 {
            break;
        }
        let more =
            see(network, pyramid, &plane, if before { first - BEYOND..first } else { last..last + BEYOND }, budget);
        for (line, more) in answers.iter_mut().zip(more) {
            if before {
                line.splice(0..0, more);
            } else {
                line.extend(more);
            }
        }
        if before {
            first -= BEYOND;
        } else {
            last += BEYOND;
        }
        (width, from) = window(&answers)?;
    }
    let inside = answers.iter().flat_map(|l| &l[from..from + width]).map(|a| a.best().1).sum::<f32>();
    if inside < 0.35 * (width * answers.len()) as f32 {
        return None;
    }
    plane.renumber(first + from as isize);
    for line in &mut answers {
        line.drain(..from);
        line.truncate(width);
    }
    if width == 30 && answers.len() == 2 {
        third_row(network, pyramid, &mut plane, &mut answers, budget);
    } else if width > 30 && answers.len() == 3 {
        drop_row(&mut plane, &mut answers);
    }
    // A grid that hardly moves needs no further look.
    let moved = settle(&mut plane, &answers, 0);
    let squared = if plane.askew(width) > ASKEW { plane.squared(width) } else { None };
    if moved > 0.07 || squared.is_some() {
        plane = squared.unwrap_or(plane);
        answers = see(network, pyramid, &plane, 0..width as isize, budget);
    }
    for _ in 0..3 {
        if straight(&plane, &answers) {
            break;
        }
        settle(&mut plane, &answers, 0);
        answers = see(network, pyramid, &plane, 0..width as isize, budget);
    }
    // The grid lies: now the reader names what is in it, and has a say where it lies.
    let reader = &networks.reader;
    let scouted = answers;
    let mut answers = see(reader, pyramid, &plane, 0..width as isize, budget);
    if settle(&mut plane, &answers, 0) > 0.1 {
        answers = see(reader, pyramid, &plane, 0..width as isize, budget);
    }
    for (answer, scout) in answers.iter_mut().flatten().zip(scouted.iter().flatten()) {
        answer.weigh(scout, SCOUT_COUNTS);
    }
    let mut cells = look_again(reader, pyramid, &plane, &answers, budget);
    let seen: Vec<f32> = answers.iter().flatten().map(|a| a.best().1).collect();
    let certainty = seen.iter().sum::<f32>() / seen.len().max(1) as f32;
    let mut decoded = decode(&cells)?;
    if decoded.plausible && twins::compare(&plane, pyramid, &answers, &decoded, &mut cells) {
        decoded = decode(&cells)?;
    }
    let straight = straight(&plane, &answers);
    // A composite digit at the end says so too.
    let closed = matches!(decoded.format, Format::Td2 | Format::FrId) && decoded.disagreeing == 0;
    let short = width == 36 && answers.len() == 2;
    let whole = !short || closed || (room(&plane, pyramid, width) && blank_beyond(pyramid, &plane, width));
    Some(Attempt { plane, decoded, cells, certainty, straight, whole })
}

/// Turns the plane the right way up by reading a few cells both ways.
fn upright(network: &Network, pyramid: &Pyramid<'_>, plane: Plane, budget: &mut Budget) -> Option<Plane> {
    let busiest = (0..plane.lines.len()).max_by_key(|&l| plane.lines[l].marks)?;
    let across = (WIDTH / plane.pitch) as isize;
    let mut patches = Vec::new();
    for i in 0..PROBES {
        let cell = 2 + i * (across - 4).max(1) / PROBES;
        plane.patch(pyramid, (busiest, cell), Look::STRAIGHT, network.wide(), &mut patches);
    }
    // Half a turn reverses the order of a patch's pixels; of all patches, also the patches' order, which is all one.
    let mut turned = patches.clone();
    turned.reverse();
    patches.extend(turned);
    budget.patches += 2 * PROBES as usize;
    let answers = network.classify(&mut patches);
    let mean = |a: &[Answer]| a.iter().map(|a| a.best().1).sum::<f32>() / a.len() as f32;
    let (up, down) = (mean(&answers[..PROBES as usize]), mean(&answers[PROBES as usize..]));
    budget.best_probe = budget.best_probe.max(up).max(down);
    if up.max(down) < TEXT {
        return None;
    }
    Some(if up >= down { plane } else { plane.turned() })
}

/// The cells to look at: a row's, and some before and behind, where its ends were missed.
fn extent(plane: &Plane) -> (isize, isize) {
    let start = plane.lines.first().map_or(0.0, |l| l.start);
    let first = ((-3.6 * plane.pitch - start) / plane.pitch).ceil() as isize;
    let last = ((WIDTH + 3.6 * plane.pitch - start) / plane.pitch).floor() as isize;
    (first, last.min(first + 64))
}

fn see(
    network: &Network,
    pyramid: &Pyramid<'_>,
    plane: &Plane,
    cells: std::ops::Range<isize>,
    budget: &mut Budget,
) -> Vec<Vec<Answer>> {
    let places: Vec<(usize, isize)> = (0..plane.lines.len()).flat_map(|l| cells.clone().map(move |c| (l, c))).collect();
    let mut patches = Vec::with_capacity(places.len() * network.wide() * HIGH);
    for &place in &places {
        plane.patch(pyramid, place, Look::STRAIGHT, network.wide(), &mut patches);
    }
    budget.patches += places.len();
    let answers = network.classify(&mut patches);
    answers.chunks(cells.len().max(1)).map(<[Answer]>::to_vec).collect()
}

/// Bends every line towards its characters; the largest movement of a cell, in pitches.
fn settle(plane: &mut Plane, answers: &[Vec<Answer>], first: isize) -> f32 {
    (0..answers.len()).map(|line| settle_line(plane, line, &answers[line], first)).fold(0.0, f32::max)
}

fn settle_line(plane: &mut Plane, line: usize, answers: &[Answer], first: isize) -> f32 {
    let mut seen: Vec<Sighting> = answers
        .iter()
        .enumerate()
        .filter(|(_, a)| a.best().1 > 0.3)
        .map(|(i, a)| Sighting { cell: first + i as isize, across: a.offset[0], down: a.offset[1], weight: a.best().1 })
        .collect();
    if seen.len() < 5 {
        return 0.0;
    }
    // Far from the middle the grid may be off by more than half a pitch, where the network sees the neighbour: from
    // the middle outwards, an offset is the one near its predecessors'.
    let middle = seen.len() / 2;
    for forwards in [true, false] {
        let (mut at, mut expected) = (seen[middle].cell, seen[middle].across);
        let mut slope = 0.0f32;
        for step in 1..=seen.len() {
            let i = if forwards { middle + step } else { middle.wrapping_sub(step) };
            let Some(s) = seen.get_mut(i) else { break };
            let steps = (s.cell - at).abs() as f32;
            expected += slope * steps;
            at = s.cell;
            s.across += (expected - s.across).round();
            let error = (s.across - expected).clamp(-0.3, 0.3);
            expected += 0.5 * error;
            slope = (slope + 0.12 * error / steps.max(1.0)).clamp(-0.3, 0.3);
        }
    }
    let ends = [first, first + answers.len() as isize - 1];
    let before = ends.map(|c| plane.cell(line, c));
    plane.bend(line, &seen);
    let after = ends.map(|c| plane.cell(line, c));
    before.iter().zip(&after).map(|(b, a)| (b.0 - a.0).abs().max((b.1 - a.1).abs()) / plane.pitch).fold(0.0, f32::max)
}

/// Whether every character lies near the middle of its cell, and the cells of all rows below each other.
fn straight(plane: &Plane, answers: &[Vec<Answer>]) -> bool {
    let centred = answers.iter().flatten().all(|a| a.offset[0].abs() < OFF_CENTRE || a.best().1 < 0.3);
    let width = answers.first().map_or(0, Vec::len) as isize;
    let in_columns = (0..width).all(|c| {
        let across = (0..plane.lines.len()).map(|l| plane.cell(l, c).0);
        let (low, high) = across.fold((f32::MAX, f32::MIN), |(l, h), u| (l.min(u), h.max(u)));
        high - low < OUT_OF_COLUMN * plane.pitch
    });
    centred && in_columns
}

/// Whether the picture goes on beyond both ends of every row, by so much that a further character would be seen.
fn room(plane: &Plane, pyramid: &Pyramid<'_>, width: usize) -> bool {
    const SEEN: f32 = 1.5;
    let picture = pyramid.level(0);
    (0..plane.lines.len()).all(|line| {
        [(0, -SEEN), (width as isize - 1, SEEN)].into_iter().all(|(cell, beyond)| {
            let (u, v) = plane.cell(line, cell);
            let p = plane.map.apply(u + beyond * plane.pitch, v);
            let (right, bottom) = (picture.width as f32 - 1.0, picture.height as f32 - 1.0);
            (0.0..=right).contains(&p.x) && (0.0..=bottom).contains(&p.y)
        })
    })
}

/// Whether beyond both ends of every row there is paper like that between the characters, and no ink. Glare and shadow
/// hide the rest of a row, and a text that goes on makes it longer.
fn blank_beyond(pyramid: &Pyramid<'_>, plane: &Plane, width: usize) -> bool {
    /// How far the paper beyond may differ from the paper within, in grey values.
    const LIKE_PAPER: f32 = 25.0;
    /// From here on the sensor saw only light.
    const WHITE: f32 = 250.0;
    /// Columns in the middle of a cell, where its neighbours' ink does not reach.
    const MIDDLE: usize = 10;
    // Paper and the darkest ink of a cell.
    let look = |line: usize, cell: isize| {
        let mut values = Vec::new();
        plane.patch(pyramid, (line, cell), Look::STRAIGHT, MIDDLE, &mut values);
        values.sort_unstable_by(f32::total_cmp);
        let at = |share: usize| values[values.len() * share / 100];
        (at(70), at(70) - at(6))
    };
    let last = width as isize - 1;
    (0..plane.lines.len()).all(|line| {
        [(-1, [0, 1, 2]), (last + 1, [last, last - 1, last - 2])].into_iter().all(|(beyond, inside)| {
            let inside = inside.map(|cell| look(line, cell));
            let mean = |of: fn(&(f32, f32)) -> f32| inside.iter().map(of).sum::<f32>() / 3.0;
            let (paper, ink) = (mean(|look| look.0), mean(|look| look.1));
            let (paper_beyond, ink_beyond) = look(line, beyond);
            (paper_beyond - paper).abs() < LIKE_PAPER
                && (paper_beyond < WHITE || paper >= WHITE)
                && ink_beyond < 0.5 * ink
        })
    })
}

/// Which cells are the row: its width and its first cell. Inside, characters; outside, none.
fn window(answers: &[Vec<Answer>]) -> Option<(usize, usize)> {
    let cells = answers.iter().map(Vec::len).min()?;
    let mut inside = vec![0.0f32];
    for c in 0..cells {
        let gain: f32 =
            answers.iter().map(|l| (1.0 - l[c].refused()).max(0.03).ln() - l[c].refused().max(0.03).ln()).sum();
        inside.push(inside[c] + gain);
    }
    let mut best: Option<(f32, usize, usize)> = None;
    for width in WIDTHS {
        for from in 0..(cells + 1).saturating_sub(width) {
            let gain = inside[from + width] - inside[from];
            if best.is_none_or(|b| gain > b.0) {
                best = Some((gain, width, from));
            }
        }
    }
    best.map(|(_, width, from)| (width, from))
}

/// Two rows of 30 are two thirds of a TD1: the third lies above or below.
fn third_row(
    network: &Network,
    pyramid: &Pyramid<'_>,
    plane: &mut Plane,
    answers: &mut Vec<Vec<Answer>>,
    budget: &mut Budget,
) {
    let apart = plane.lines[1].middle - plane.lines[0].middle;
    let mut best: Option<(f32, bool, Vec<Answer>)> = None;
    for below in [false, true] {
        let mut trial = plane.clone();
        let mut line = if below { trial.lines[1].clone() } else { trial.lines[0].clone() };
        line.middle += if below { apart } else { -apart };
        trial.lines = vec![line];
        let seen = see(network, pyramid, &trial, 0..30, budget).remove(0);
        let certainty = seen.iter().map(|a| a.best().1).sum::<f32>() / 30.0;
        if certainty > 0.4 && best.as_ref().is_none_or(|b| certainty > b.0) {
            best = Some((certainty, below, seen));
        }
    }
    if let Some((_, below, seen)) = best {
        let mut line = plane.lines[usize::from(below)].clone();
        line.middle += if below { apart } else { -apart };
        let at = if below { 2 } else { 0 };
        plane.lines.insert(at, line);
        answers.insert(at, seen);
    }
}

/// Three rows of 36 or 44 are a zone and a line of something else.
fn drop_row(plane: &mut Plane, answers: &mut Vec<Vec<Answer>>) {
    let certainty = |l: &[Answer]| l.iter().map(|a| a.best().1).sum::<f32>();
    let at = if certainty(&answers[0]) < certainty(&answers[2]) { 0 } else { 2 };
    plane.lines.remove(at);
    answers.remove(at);
}

/// Cells that are not certain are looked at again from slightly other places; the mean is steadier.
fn look_again(
    network: &Network,
    pyramid: &Pyramid<'_>,
    plane: &Plane,
    answers: &[Vec<Answer>],
    budget: &mut Budget,
) -> Vec<Vec<Cell>> {
    const fn look(across: f32, down: f32, stretch: f32) -> Look {
        Look { across, down, stretch }
    }
    const PLACES: [Look; 4] =
        [look(0.05, 0.03, 1.0), look(-0.05, -0.03, 1.0), look(0.03, -0.04, 0.95), look(-0.03, 0.04, 1.05)];
    let mut cells: Vec<Vec<Cell>> = answers.iter().map(|l| l.iter().map(|a| a.classes).collect()).collect();
    let doubtful: Vec<(usize, usize)> = answers
        .iter()
        .enumerate()
        .flat_map(|(l, line)| line.iter().enumerate().map(move |(c, a)| (l, c, a)))
        .filter(|(_, _, a)| a.best().1 < 0.98)
        .map(|(l, c, _)| (l, c))
        .collect();
    let mut patches = Vec::with_capacity(doubtful.len() * PLACES.len() * network.wide() * HIGH);
    for &(l, c) in &doubtful {
        for look in PLACES {
            plane.patch(pyramid, (l, c as isize), look, network.wide(), &mut patches);
        }
    }
    budget.patches += doubtful.len() * PLACES.len();
    let again = network.classify(&mut patches);
    for (&(l, c), views) in doubtful.iter().zip(again.chunks(PLACES.len())) {
        let cell = &mut cells[l][c];
        for (k, share) in cell.iter_mut().enumerate() {
            *share = (*share + views.iter().map(|a| a.classes[k]).sum::<f32>()) / (PLACES.len() + 1) as f32;
        }
    }
    cells
}
