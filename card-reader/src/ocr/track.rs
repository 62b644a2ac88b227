//! Several frames of one presentation, read as one: what one frame hides another may show.
//!
//! A [`Tracker`] keeps what the pixels said of each cell in every frame ([`Evidence`], before any check digit) and
//! decodes their sum as a single frame is decoded, by the same thresholds. Two things make that honest:
//!
//! - *Frames are not independent witnesses.* Two blurred pictures of one pose make the same error, and averaging does
//!   not mend it. What counts is how far the frames' odds scatter: odds that calibrated noise alone made doubtful have a
//!   variance of twice their mean (as for every log-likelihood ratio of normal noise), so the share of that variance
//!   which is seen *between* the frames is the share that further frames can take away. With a share `r` seen, `n` frames
//!   weigh as `1 / (1 - r + r / n)` of them: one, if they all say the same; never more than 2.5, because print, lens and
//!   network stay the same however often one looks.
//! - *What a frame is certain of stands.* A text that contradicts it in one cell is never accepted: the tracker forgets
//!   what it has and starts over. It does so too when the frames no longer show the same text, so that two documents
//!   are not mixed although the gate missed the change.

#[cfg(test)]
mod tests;

use super::attempt::certain;
use super::decode::{Cell, Decoded, decode};
use super::network::{ALPHABET, REFUSED};
use super::{Advice, Guess, MrzReading, NotRead, Quad, Reason};
use crate::mrz::Lines;
use verification_api::personal::PersonalText;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What the pixels of one frame say of each cell of a zone, before grammar and check digits. Zeroed on drop; cannot be
/// formatted.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Evidence {
    cells: Vec<Vec<Cell>>,
    /// Whether the grid skipped no character and read none twice: without that the cells mean nothing.
    straight: bool,
}

impl Evidence {
    /// `straight`: whether the grid skipped no character and read none twice.
    pub(super) fn of_cells(cells: Vec<Vec<Cell>>, straight: bool) -> Self {
        let even = cells.windows(2).all(|rows| rows[0].len() == rows[1].len());
        Self { cells, straight: straight && even }
    }

    /// A text as certain in each cell as `characters` says; nothing is known of the other characters.
    #[must_use]
    pub fn of_text(lines: &Lines, characters: &[Vec<f32>]) -> Self {
        let rows = lines.iter().zip(characters);
        let cells = rows.map(|(line, confidences)| {
            let certainty = |(c, &p): (u8, &f32)| {
                let mut cell = [(1.0 - p) / 36.0; REFUSED + 1];
                cell[REFUSED] = 0.0;
                if let Some(k) = ALPHABET.iter().position(|&a| a == c) {
                    cell[k] = p;
                }
                cell
            };
            line.expose(|line| line.bytes().zip(confidences).map(certainty).collect())
        });
        Self::of_cells(cells.collect(), true)
    }

    fn shape(&self) -> (usize, usize) {
        (self.cells.len(), self.cells.first().map_or(0, Vec::len))
    }

    fn flat(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().flatten()
    }

    /// The same with every character `by` cells further right; what comes in at the edge was not seen.
    fn shifted(&self, by: isize) -> Self {
        let mut unseen = [0.0; REFUSED + 1];
        unseen[REFUSED] = 1.0;
        let moved = |line: &Vec<Cell>| {
            let from = |c: usize| c.checked_add_signed(-by).and_then(|c| line.get(c)).copied().unwrap_or(unseen);
            (0..line.len()).map(from).collect()
        };
        Self { cells: self.cells.iter().map(moved).collect(), straight: self.straight }
    }
}

/// From this probability on a frame is certain of a character.
const CERTAIN: f32 = 0.9;
/// Frames kept; what an older one was certain of stays.
const MOST_FRAMES: usize = 12;
/// How much more likely the frame's text is the tracker's than another, in nats, to be counted with it; and at least
/// this share of what it would be if both were equally sure of the same.
const SAME_TEXT: f32 = 20.0;
const SAME_SHARE: f32 = 0.45;
/// A frame that could not even tell its own text from another by so much says nothing.
const SAYS_SOMETHING: f32 = 25.0;
/// The largest share of doubt that frames may take away: print, lens and network make the rest in every frame.
const MOST_SCATTER: f32 = 0.6;
/// Odds are not believed beyond this probability.
const LEAST: f32 = 1e-4;
/// A grid may have been laid this many cells too far left or right.
const SHIFTS: [isize; 5] = [0, 1, -1, 2, -2];
/// One in so many certain characters differs from those of another document at least.
const ANOTHER_TEXT: usize = 4;
/// Corners that moved farther than this between two frames, in characters: the document moves.
const MOVED: f32 = 0.7;

/// Combines the readings of the frames of one presentation. A new presentation, a new `Tracker`. Pure: the same frames
/// in the same order give the same answers.
#[derive(Default)]
pub struct Tracker {
    frames: Vec<Evidence>,
    /// The frames together.
    common: Evidence,
    /// What any frame since the last start was certain of.
    certain: Vec<Vec<Option<u8>>>,
    /// The same since the presentation began: starting over forgets no certainty.
    ever: Vec<Vec<Option<u8>>>,
    /// Whether a frame's text stood where a zone's text stands.
    anchored: bool,
    /// The last frame showed another text, but vaguely.
    stranger: bool,
    quad: Option<Quad>,
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.certain.zeroize();
        self.ever.zeroize();
    }
}

impl Tracker {
    /// Takes what one frame gave, and answers for the presentation: accepted as soon as every character is certain in
    /// one frame or in all of them together.
    ///
    /// # Errors
    /// [`NotRead`] of this frame, its guess replaced by the common one.
    pub fn take(&mut self, frame: Result<MrzReading, NotRead>) -> Result<MrzReading, NotRead> {
        match frame {
            Ok(reading) => self.take_accepted(reading),
            Err(not_read) => self.take_guess(not_read),
        }
    }

    /// Frames that count at present.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    fn take_accepted(&mut self, reading: MrzReading) -> Result<MrzReading, NotRead> {
        let evidence = Evidence::of_text(&reading.lines, &reading.characters);
        self.quad = Some(reading.quad);
        let refused = self.contradicts(&evidence);
        self.forget();
        if evidence.straight {
            self.start_over(evidence.clone());
        }
        if !refused {
            return Ok(reading);
        }
        let MrzReading { lines, characters, quad, .. } = reading;
        let guess = Some(Guess { lines, characters, quad, evidence });
        Err(NotRead { guess, ..NotRead::because(Reason::LowConfidence, Some(Advice::HoldStill)) })
    }

    fn take_guess(&mut self, mut not_read: NotRead) -> Result<MrzReading, NotRead> {
        let Some(guess) = &mut not_read.guess else { return Err(not_read) };
        let (quad, evidence) = (guess.quad, std::mem::take(&mut guess.evidence));
        let moved = self.quad.replace(quad).is_some_and(|old| moved(&old, &quad, evidence.shape().1));
        if moved && matches!(not_read.reason, Reason::Blurred | Reason::LowConfidence) {
            (not_read.reason, not_read.advice) = (Reason::Moving, Some(Advice::HoldStill));
        }
        if !evidence.straight || !self.joins(evidence) {
            return Err(not_read);
        }
        let Some(decoded) = decode(&self.common.cells) else { return Err(not_read) };
        let lines =
            decoded.lines.iter().map(|l| PersonalText::new(l.iter().map(|&c| char::from(c)).collect())).collect();
        if certain(&decoded) {
            if self.stands_against(&decoded) {
                self.forget();
            } else {
                return Ok(MrzReading {
                    format: decoded.format,
                    lines,
                    confidence: decoded.lowest(),
                    characters: decoded.confidence,
                    quad,
                    check_digits_used: decoded.check_digits_used,
                });
            }
        } else if let Some(guess) = &mut not_read.guess {
            (guess.lines, guess.characters) = (lines, decoded.confidence);
        }
        Err(not_read)
    }

    /// Counts a frame with those before it, or starts over with it; whether there is more than one frame now.
    fn joins(&mut self, evidence: Evidence) -> bool {
        if sameness(&evidence, &evidence) < SAYS_SOMETHING {
            return false;
        }
        let Some(first) = self.frames.first() else {
            self.start_over(evidence);
            return false;
        };
        if first.shape() != evidence.shape() {
            self.start_over(evidence);
            return false;
        }
        let (said, known) = (sameness(&evidence, &evidence), sameness(&self.common, &self.common));
        let by_shift = SHIFTS.map(|by| (by, sameness(&self.common, &evidence.shifted(by))));
        let (by, same) = by_shift.into_iter().fold((0, f32::MIN), |best, s| if s.1 > best.1 { s } else { best });
        let most = known.min(said);
        let stands = (by != 0 || !self.anchored) && stands_as_a_zone(&evidence);
        if same < SAME_TEXT || same < SAME_SHARE * most || (by != 0 && stands && self.anchored) {
            // One garbled frame among good ones is left out. A clear one, or a second, is another document.
            let vague = clarity(&evidence) < 0.8 * clarity(&self.common);
            if vague && !self.stranger {
                self.stranger = true;
            } else {
                self.start_over(evidence);
            }
            return false;
        }
        self.stranger = false;
        let evidence = if by != 0 && stands {
            // This frame's grid is the right one: the others move to it.
            self.frames.iter_mut().for_each(|f| *f = f.shifted(-by));
            self.remember_anew();
            evidence
        } else {
            evidence.shifted(by)
        };
        if self.contradicts(&evidence) {
            // One of the two is wrong, and nothing tells which.
            self.forget();
            return false;
        }
        self.anchored |= stands;
        self.remember(&evidence);
        self.frames.push(evidence);
        if self.frames.len() > MOST_FRAMES {
            self.frames.remove(0);
        }
        self.common = Evidence::of_cells(pooled(&self.frames), true);
        true
    }

    fn start_over(&mut self, evidence: Evidence) {
        self.stranger = false;
        self.common = evidence.clone();
        self.frames.clear();
        self.frames.push(evidence);
        self.remember_anew();
    }

    fn forget(&mut self) {
        self.frames.clear();
        self.common = Evidence::default();
        self.certain.zeroize();
        self.certain.clear();
        (self.anchored, self.stranger) = (false, false);
    }

    fn remember_anew(&mut self) {
        self.certain.zeroize();
        let (lines, width) = self.frames.first().map_or((0, 0), Evidence::shape);
        self.certain = vec![vec![None; width]; lines];
        self.anchored = self.frames.iter().any(stands_as_a_zone);
        for frame in std::mem::take(&mut self.frames) {
            self.remember(&frame);
            self.frames.push(frame);
        }
    }

    fn remember(&mut self, evidence: &Evidence) {
        let (lines, width) = evidence.shape();
        if (self.ever.len(), self.ever.first().map_or(0, Vec::len)) != (lines, width) {
            self.ever.zeroize();
            self.ever = vec![vec![None; width]; lines];
        }
        for (known, cell) in self.ever.iter_mut().flatten().zip(evidence.flat()) {
            *known = certain_of(cell).or(*known);
        }
        for (known, cell) in self.certain.iter_mut().flatten().zip(evidence.flat()) {
            *known = known.or(certain_of(cell));
        }
    }

    /// Whether a frame is certain of another character than a frame before it.
    fn contradicts(&self, evidence: &Evidence) -> bool {
        self.certain.len() == evidence.cells.len()
            && self.certain.first().map_or(0, Vec::len) == evidence.shape().1
            && self
                .certain
                .iter()
                .flatten()
                .zip(evidence.flat())
                .any(|(known, cell)| known.zip(certain_of(cell)).is_some_and(|(a, b)| a != b))
    }

    /// Whether a frame was certain of another character than the text has.
    fn stands_against(&self, text: &Decoded) -> bool {
        let characters = text.lines.iter().flatten();
        if self.certain.iter().flatten().zip(characters.clone()).any(|(known, c)| known.is_some_and(|k| k != *c)) {
            return true;
        }
        // Of frames before a start, a few certain characters that differ say that this text is wrong; many, that it is
        // another document's.
        let told = self.ever.iter().flatten().zip(characters).filter_map(|(known, c)| known.map(|known| known != *c));
        let (differ, all) = told.fold((0, 0), |(differ, all), d| (differ + usize::from(d), all + 1));
        differ > 0 && differ * ANOTHER_TEXT < all
    }
}

/// The character that a cell is certain of.
fn certain_of(cell: &Cell) -> Option<u8> {
    let best = (0..REFUSED).max_by(|&a, &b| cell[a].total_cmp(&cell[b]))?;
    (cell[best] >= CERTAIN).then_some(ALPHABET[best])
}

fn stands_as_a_zone(evidence: &Evidence) -> bool {
    decode(&evidence.cells).is_some_and(|d| d.plausible)
}

/// How likely a character is in a cell of which nothing is known: a zone is a quarter fillers and more.
fn unseen(class: usize) -> f32 {
    if ALPHABET[class] == b'<' { 0.28 } else { 0.02 }
}

/// The characters' probabilities, as far as the cell was seen at all.
fn believed(cell: &Cell) -> impl Fn(usize) -> f32 {
    let seen = 1.0 - cell[REFUSED];
    let cell = *cell;
    move |k| cell[k].max(0.0) + (1.0 - seen) * unseen(k)
}

/// How much likelier it is that two frames show one text than two, in nats: the sum over the cells.
fn sameness(a: &Evidence, b: &Evidence) -> f32 {
    a.flat()
        .zip(b.flat())
        .map(|(a, b)| {
            let (a, b) = (believed(a), believed(b));
            let ratio: f32 = (0..REFUSED).map(|k| a(k) * b(k) / unseen(k)).sum();
            ratio.max(0.02).ln()
        })
        .sum()
}

/// One cell in all frames: weighted means of the logarithms, and how the frames scatter.
struct Sum {
    logarithms: [f32; REFUSED],
    /// How many frames saw the cell, each counted by how decided it was.
    frames: f32,
    refused: f32,
    /// The mean odds of the likeliest character against the second, and their variance between the frames.
    odds: f32,
    variance: f32,
}

impl Sum {
    fn of(cells: &[&Cell]) -> Self {
        let weights: Vec<f32> = cells.iter().map(|c| decidedness(c)).collect();
        let frames: f32 = weights.iter().sum();
        let share = |value: &dyn Fn(&Cell) -> f32| {
            cells.iter().zip(&weights).map(|(c, w)| w * value(c)).sum::<f32>() / frames.max(1e-6)
        };
        let log = |cell: &Cell, k: usize| {
            let seen: f32 = cell[..REFUSED].iter().sum::<f32>().max(1e-6);
            (cell[k] / seen).max(LEAST).ln()
        };
        let logarithms: [f32; REFUSED] = std::array::from_fn(|k| share(&|c| log(c, k)));
        let mut order: Vec<usize> = (0..REFUSED).collect();
        order.sort_by(|&a, &b| logarithms[b].total_cmp(&logarithms[a]));
        let odds_of = |c: &Cell| log(c, order[0]) - log(c, order[1]);
        let odds = share(&odds_of);
        let spread = share(&|c| (odds_of(c) - odds) * (odds_of(c) - odds));
        let variance = if frames > 1.5 { spread * frames / (frames - 1.0) } else { 0.0 };
        Self { logarithms, frames, refused: share(&|c| c[REFUSED]), odds, variance }
    }

    fn cell(&self, scatter: f32) -> Cell {
        let gain = if self.frames > 1.0 { 1.0 / (1.0 - scatter + scatter / self.frames) } else { 1.0 };
        let top = self.logarithms.iter().copied().fold(f32::MIN, f32::max);
        let mut cell = [0.0; REFUSED + 1];
        for (p, l) in cell.iter_mut().zip(self.logarithms) {
            *p = ((l - top) * gain).exp();
        }
        let sum: f32 = cell.iter().sum::<f32>() / (1.0 - self.refused).max(1e-6);
        cell.iter_mut().for_each(|p| *p /= sum);
        cell[REFUSED] = self.refused;
        cell
    }
}

/// The frames' evidence together.
fn pooled(frames: &[Evidence]) -> Vec<Vec<Cell>> {
    let (lines, width) = frames.first().map_or((0, 0), Evidence::shape);
    let sums: Vec<Vec<Sum>> = (0..lines)
        .map(|l| (0..width).map(|c| Sum::of(&frames.iter().map(|f| &f.cells[l][c]).collect::<Vec<_>>())).collect())
        .collect();
    // Scatter is a matter of the pictures, not of the cell: from all cells that are in doubt.
    let doubtful = || sums.iter().flatten().filter(|s| s.odds < 5.0 && s.frames > 1.5);
    let expected: f32 = doubtful().map(|s| 2.0 * s.odds).sum();
    let seen: f32 = doubtful().map(|s| s.variance).sum();
    let scatter = (seen / expected.max(1e-3)).min(MOST_SCATTER);
    sums.iter().map(|line| line.iter().map(|s| s.cell(scatter)).collect()).collect()
}

/// 0 for a cell that says nothing or was refused, 1 for one that names one character.
fn decidedness(cell: &Cell) -> f32 {
    let seen: f32 = cell[..REFUSED].iter().sum::<f32>().max(1e-6);
    let entropy: f32 = cell[..REFUSED].iter().map(|p| p / seen).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    ((1.0 - cell[REFUSED]) * (1.0 - entropy / (REFUSED as f32).ln())).clamp(0.0, 1.0)
}

/// How many cells name a character.
fn clarity(evidence: &Evidence) -> f32 {
    evidence.flat().map(decidedness).sum()
}

/// Whether the zone lies elsewhere than in the frame before.
fn moved(old: &Quad, new: &Quad, cells: usize) -> bool {
    let length = (new[1].x - new[0].x).hypot(new[1].y - new[0].y);
    let far = MOVED * length / cells.max(1) as f32;
    old.iter().zip(new).any(|(a, b)| (a.x - b.x).hypot(a.y - b.y) > far)
}
