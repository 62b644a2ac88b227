//! Doubtful characters compared with certain ones of the same zone.
//!
//! `0` and `O`, `1` and `I` differ less between each other than between two printers. Within one zone they differ
//! clearly, and the zone holds samples of both: digits in its dates, letters in its names. A doubtful cell is compared
//! with the mean of the certain cells of each of its two likeliest characters; this is evidence of the pixels, before
//! any check digit.

use super::decode::{Cell, Decoded};
use super::network::{ALPHABET, Answer, HIGH, REFUSED};
use super::pixels::Pyramid;
use super::zone::{Look, Plane};

/// A character and its surroundings, evened out.
type Patch = [f32; SIDE * SIDE];
const SIDE: usize = HIGH;

/// From this certainty on a cell is a sample; below `DOUBTFUL` it is compared.
const CERTAIN: f32 = 0.97;
const DOUBTFUL: f32 = 0.95;
/// A comparison multiplies odds by at most this, and only if the nearer character is nearer by so much.
const STRONGEST: f32 = 30.0;
const CLEARLY: f32 = 1.5;
/// How far from the mean of its own kind a character may be, in the usual distance.
const LIKE_ITS_KIND: f32 = 2.2;

/// Sharpens the probabilities of doubtful cells; whether any changed.
pub fn compare(
    plane: &Plane,
    pyramid: &Pyramid<'_>,
    answers: &[Vec<Answer>],
    decoded: &Decoded,
    cells: &mut [Vec<Cell>],
) -> bool {
    let places = || (0..answers.len()).flat_map(|l| (0..answers[l].len()).map(move |c| (l, c)));
    let doubtful: Vec<(usize, usize, usize, usize)> = places()
        .filter(|&(l, c)| decoded.confidence[l][c] < DOUBTFUL)
        .map(|(l, c)| {
            let (first, second) = likeliest_two(&cells[l][c]);
            (l, c, first, second)
        })
        .collect();
    if doubtful.is_empty() {
        return false;
    }
    // The character in the middle of its patch, its contrast evened out.
    let look = |l: usize, c: usize| {
        let offset = answers[l][c].offset;
        let look = Look { across: offset[0], down: offset[1], stretch: 1.0 };
        let mut values = Vec::with_capacity(SIDE * SIDE);
        plane.patch(pyramid, (l, c as isize), look, SIDE, &mut values);
        let mut patch = [0.0; SIDE * SIDE];
        patch.copy_from_slice(&values);
        even(&mut patch);
        patch
    };
    let mut kinds: Vec<Option<Kind>> = (0..REFUSED).map(|_| None).collect();
    let mut sample = |class: usize| {
        kinds[class]
            .get_or_insert_with(|| {
                let certain = places()
                    .filter(|&(l, c)| decoded.confidence[l][c] >= CERTAIN && decoded.lines[l][c] == ALPHABET[class]);
                Kind::of(&certain.take(12).map(|(l, c)| look(l, c)).collect::<Vec<_>>())
            })
            .clone()
    };
    // How far characters usually are from the mean of their kind, from the commonest kinds of this zone.
    let spreads: Vec<f32> = (0..REFUSED).map(&mut sample).filter(|k| k.samples >= 3).map(|k| k.spread).collect();
    if spreads.is_empty() {
        return false;
    }
    let usual = spreads.iter().sum::<f32>() / spreads.len() as f32;
    let mut changed = false;
    for (l, c, first, second) in doubtful {
        let (a, b) = (sample(first), sample(second));
        if a.samples == 0 || b.samples == 0 {
            continue;
        }
        let patch = look(l, c);
        let (to_a, to_b) = (a.distance(&patch), b.distance(&patch));
        let (near, ratio) = if to_a < to_b { (to_a, to_b / to_a.max(1e-6)) } else { (to_b, to_a / to_b.max(1e-6)) };
        if near > LIKE_ITS_KIND * usual || ratio < CLEARLY {
            continue;
        }
        let odds = (ratio * ratio * ratio).min(STRONGEST);
        let loser = if to_a < to_b { second } else { first };
        cells[l][c][loser] /= odds;
        let sum: f32 = cells[l][c].iter().sum();
        cells[l][c].iter_mut().for_each(|p| *p /= sum);
        changed = true;
    }
    changed
}

/// The samples of one character in a zone: their mean, and their mean distance from it.
#[derive(Clone)]
struct Kind {
    samples: usize,
    mean: Patch,
    spread: f32,
}

impl Kind {
    fn of(samples: &[Patch]) -> Self {
        let mut mean = [0.0; SIDE * SIDE];
        let n = samples.len().max(1) as f32;
        for sample in samples {
            mean.iter_mut().zip(sample).for_each(|(m, s)| *m += s / n);
        }
        let mut kind = Self { samples: samples.len(), mean, spread: 0.0 };
        // A mean lies nearer to its own samples than to others: n / (n - 1).
        let correction = n / (n - 1.0).max(1.0);
        kind.spread = samples.iter().map(|s| kind.distance(s)).sum::<f32>() / n * correction;
        kind
    }

    /// Squared distance over the character itself, without its neighbours.
    fn distance(&self, patch: &Patch) -> f32 {
        let inner = 4..SIDE - 4;
        let mut sum = 0.0;
        for (y, (m, p)) in self.mean.chunks_exact(SIDE).zip(patch.chunks_exact(SIDE)).enumerate() {
            if (2..SIDE - 2).contains(&y) {
                sum += m[inner.clone()].iter().zip(&p[inner.clone()]).map(|(m, p)| (m - p) * (m - p)).sum::<f32>();
            }
        }
        sum
    }
}

/// Mean 0, deviation 1 over the character itself.
fn even(patch: &mut Patch) {
    let inside = |i: usize| (4..SIDE - 4).contains(&(i % SIDE));
    let values = || patch.iter().enumerate().filter(|(i, _)| inside(*i)).map(|(_, v)| *v);
    let n = values().count() as f32;
    let mean = values().sum::<f32>() / n;
    let deviation = (values().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n).sqrt() + 1.0;
    patch.iter_mut().for_each(|v| *v = (*v - mean) / deviation);
}

fn likeliest_two(cell: &Cell) -> (usize, usize) {
    let (mut first, mut second) = (0, 1);
    for c in 0..REFUSED {
        if cell[c] > cell[first] {
            (first, second) = (c, first);
        } else if c != first && cell[c] > cell[second] || second == first {
            second = c;
        }
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_two_are_found_wherever_they_stand() {
        for (a, b) in [(0, 1), (1, 0), (5, 30), (36, 0), (30, 5)] {
            let mut cell = [0.001; REFUSED + 1];
            (cell[a], cell[b]) = (0.6, 0.3);
            assert_eq!(likeliest_two(&cell), (a, b));
        }
    }

    #[test]
    fn a_sample_is_nearer_to_its_own_kind() {
        let bar = |at: usize| -> Patch { std::array::from_fn(|i| if i % SIDE == at { 1.0 } else { 0.0 }) };
        let (left, right) = (Kind::of(&[bar(7), bar(7)]), Kind::of(&[bar(12)]));
        assert!(left.distance(&bar(7)) < right.distance(&bar(7)));
        assert_eq!((left.samples, Kind::of(&[]).samples), (2, 0));
    }
}
