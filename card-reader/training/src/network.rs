//! The network and its gradient: the same shape as `card-reader`'s `ocr::network`, which only runs it forward.
//!
//! 20×20 patch → 3×3 convolution, 16 → largest of 2×2 → 3×3 convolution, 32 → largest of 2×2 → 96 → 40 outputs:
//! 37 characters, "refused", and the two offsets of the character from the patch's middle.

use crate::gemm::{add_scaled, multiply, transpose};
use crate::random::Random;
use crate::strips::{Example, REFUSED, SIDE};

pub const C1: usize = 16;
pub const C2: usize = 32;
pub const HIDDEN: usize = 96;
pub const OUTPUTS: usize = 40;
const CLASSES: usize = 38;
const HALF: usize = SIDE / 2;
const QUARTER: usize = SIDE / 4;
const FLAT: usize = QUARTER * QUARTER * C2;
const K2: usize = 9 * C1;
/// Lengths of the blocks of weights, in the order of the file.
const LENGTHS: [usize; 8] = [9 * C1, C1, K2 * C2, C2, FLAT * HIDDEN, HIDDEN, HIDDEN * OUTPUTS, OUTPUTS];

/// All weights or all gradients.
pub type Blocks = [Vec<f32>; 8];

pub fn zeros() -> Blocks {
    LENGTHS.map(|n| vec![0.0; n])
}

pub fn initial(r: &mut Random) -> Blocks {
    let fan = [9.0, 0.0, K2 as f32, 0.0, FLAT as f32, 0.0, HIDDEN as f32, 0.0f32];
    let mut blocks = zeros();
    for (b, f) in blocks.iter_mut().zip(fan) {
        if f > 0.0 {
            b.iter_mut().for_each(|w| *w = r.normal() * (2.0 / f).sqrt());
        }
    }
    blocks
}

/// What forward leaves for backward, for one patch.
#[derive(Default)]
struct Trace {
    padded: Vec<f32>,
    columns: Vec<f32>,
    largest1: Vec<u16>,
    pooled1: Vec<f32>,
    largest2: Vec<u16>,
}

/// A batch on its way; kept between steps so that its memory is.
#[derive(Default)]
pub struct Batch {
    traces: Vec<Trace>,
    flat: Vec<f32>,
    hidden: Vec<f32>,
    pub outputs: Vec<f32>,
}

/// Sums over a batch.
#[derive(Default, Clone, Copy)]
pub struct Score {
    pub loss: f32,
    pub right: usize,
    pub seen: usize,
}

pub fn forward(w: &Blocks, examples: &[Example], batch: &mut Batch) {
    let n = examples.len();
    let Batch { traces, flat, hidden, outputs } = batch;
    traces.resize_with(n, Trace::default);
    flat.resize(n * FLAT, 0.0);
    hidden.resize(n * HIDDEN, 0.0);
    outputs.resize(n * OUTPUTS, 0.0);
    let mut raw1 = vec![0.0; SIDE * SIDE * C1];
    let mut raw2 = vec![0.0; HALF * HALF * C2];
    let mut taps = vec![0.0; SIDE * SIDE * 9];
    for ((e, flat), trace) in examples.iter().zip(flat.chunks_exact_mut(FLAT)).zip(traces) {
        let Trace { padded, columns, largest1, pooled1, largest2 } = trace;
        padded.resize((SIDE + 2) * (SIDE + 2), 0.0);
        columns.resize(HALF * HALF * K2, 0.0);
        largest1.resize(HALF * HALF * C1, 0);
        pooled1.resize((HALF + 2) * (HALF + 2) * C1, 0.0);
        largest2.resize(FLAT, 0);
        for y in 0..SIDE {
            padded[(y + 1) * (SIDE + 2) + 1..][..SIDE].copy_from_slice(&e.patch[y * SIDE..][..SIDE]);
        }
        unfold(padded, SIDE, 1, &mut taps);
        spread(&w[1], &mut raw1);
        multiply(&taps, SIDE * SIDE, 9, &w[0], C1, &mut raw1, true);
        pool(&raw1, SIDE, C1, largest1, |y, x| ((y + 1) * (HALF + 2) + x + 1) * C1, pooled1);
        unfold(pooled1, HALF, C1, columns);
        spread(&w[3], &mut raw2);
        multiply(columns, HALF * HALF, K2, &w[2], C2, &mut raw2, true);
        pool(&raw2, HALF, C2, largest2, |y, x| (y * QUARTER + x) * C2, flat);
    }
    spread(&w[5], hidden);
    multiply(flat, n, FLAT, &w[4], HIDDEN, hidden, true);
    hidden.iter_mut().for_each(|h| *h = h.max(0.0));
    spread(&w[7], outputs);
    multiply(hidden, n, HIDDEN, &w[6], OUTPUTS, outputs, true);
}

/// Loss and, into `outputs`, its derivative: cross-entropy for the class, squared error for the offset in pitches.
pub fn score(outputs: &mut [f32], examples: &[Example]) -> Score {
    let mut total = Score { seen: examples.len(), ..Score::default() };
    let share = 1.0 / examples.len() as f32;
    for (out, e) in outputs.chunks_exact_mut(OUTPUTS).zip(examples) {
        let top = out[..CLASSES].iter().copied().fold(f32::MIN, f32::max);
        let best = out[..CLASSES].iter().position(|&v| v == top).unwrap_or(0);
        let sum: f32 = out[..CLASSES].iter().map(|v| (v - top).exp()).sum();
        let class = usize::from(e.class);
        total.loss += (sum.ln() + top - out[class]) * share;
        total.right += usize::from(best == class);
        for (c, o) in out[..CLASSES].iter_mut().enumerate() {
            *o = ((*o - top).exp() / sum - if c == class { 1.0 } else { 0.0 }) * share;
        }
        for (o, &d) in out[CLASSES..].iter_mut().zip(&e.offset) {
            let error = *o - d;
            *o = if e.class == REFUSED { 0.0 } else { 4.0 * error * share };
        }
    }
    total
}

/// The gradient of a batch whose `outputs` hold the loss's derivative.
pub fn backward(w: &Blocks, batch: &Batch) -> Blocks {
    let n = batch.traces.len();
    let mut g = zeros();
    let d_out = &batch.outputs;
    multiply(&transpose(&batch.hidden, n, HIDDEN), HIDDEN, n, d_out, OUTPUTS, &mut g[6], false);
    d_out.chunks_exact(OUTPUTS).for_each(|d| add_scaled(&mut g[7], 1.0, d));
    let mut d_hidden = vec![0.0; n * HIDDEN];
    multiply(d_out, n, OUTPUTS, &transpose(&w[6], HIDDEN, OUTPUTS), HIDDEN, &mut d_hidden, false);
    d_hidden.iter_mut().zip(&batch.hidden).for_each(|(d, &h)| {
        if h <= 0.0 {
            *d = 0.0;
        }
    });
    multiply(&transpose(&batch.flat, n, FLAT), FLAT, n, &d_hidden, HIDDEN, &mut g[4], false);
    d_hidden.chunks_exact(HIDDEN).for_each(|d| add_scaled(&mut g[5], 1.0, d));
    let mut d_flat = vec![0.0; n * FLAT];
    multiply(&d_hidden, n, HIDDEN, &transpose(&w[4], FLAT, HIDDEN), FLAT, &mut d_flat, false);

    // Only the largest of each four carries a gradient, so the convolutions' products are sparse.
    let w2 = transpose(&w[2], K2, C2);
    let mut g2 = vec![0.0; K2 * C2];
    let mut g1 = vec![0.0; 9 * C1];
    let mut d_columns = vec![0.0; HALF * HALF * K2];
    let mut d_pooled = vec![0.0; (HALF + 2) * (HALF + 2) * C1];
    for (t, (d_flat, flat)) in batch.traces.iter().zip(d_flat.chunks_exact(FLAT).zip(batch.flat.chunks_exact(FLAT))) {
        d_columns.fill(0.0);
        for (i, (&d, &at)) in d_flat.iter().zip(&t.largest2).enumerate() {
            if d == 0.0 || flat[i] <= 0.0 {
                continue;
            }
            let (c, position) = (i % C2, usize::from(at));
            add_scaled(&mut g2[c * K2..(c + 1) * K2], d, &t.columns[position * K2..][..K2]);
            g[3][c] += d;
            add_scaled(&mut d_columns[position * K2..(position + 1) * K2], d, &w2[c * K2..][..K2]);
        }
        d_pooled.fill(0.0);
        for y in 0..HALF {
            for x in 0..HALF {
                let row = &d_columns[(y * HALF + x) * K2..][..K2];
                for k in 0..3 {
                    add_scaled(
                        &mut d_pooled[((y + k) * (HALF + 2) + x) * C1..][..3 * C1],
                        1.0,
                        &row[k * 3 * C1..][..3 * C1],
                    );
                }
            }
        }
        for (i, &at) in t.largest1.iter().enumerate() {
            let (c, cell) = (i % C1, i / C1);
            let inside = ((cell / HALF + 1) * (HALF + 2) + cell % HALF + 1) * C1 + c;
            if t.pooled1[inside] <= 0.0 {
                continue;
            }
            let d = d_pooled[inside];
            g[1][c] += d;
            let (y, x) = (usize::from(at) / SIDE, usize::from(at) % SIDE);
            for k in 0..9 {
                g1[k * C1 + c] += d * t.padded[(y + k / 3) * (SIDE + 2) + x + k % 3];
            }
        }
    }
    g[2] = transpose(&g2, C2, K2);
    g[0] = g1;
    g
}

fn spread(bias: &[f32], into: &mut [f32]) {
    into.chunks_exact_mut(bias.len()).for_each(|o| o.copy_from_slice(bias));
}

/// The 3×3 surroundings of each position of a padded map, as rows.
fn unfold(padded: &[f32], side: usize, channels: usize, into: &mut [f32]) {
    let run = 3 * channels;
    for (p, row) in into.chunks_exact_mut(3 * run).enumerate() {
        let (y, x) = (p / side, p % side);
        for k in 0..3 {
            row[k * run..(k + 1) * run].copy_from_slice(&padded[((y + k) * (side + 2) + x) * channels..][..run]);
        }
    }
}

/// The largest of each 2×2, cut at zero, and the position it came from.
fn pool(
    raw: &[f32],
    side: usize,
    channels: usize,
    largest: &mut [u16],
    place: impl Fn(usize, usize) -> usize,
    into: &mut [f32],
) {
    let half = side / 2;
    for y in 0..half {
        for x in 0..half {
            let to = place(y, x);
            let from = [
                (2 * y) * side + 2 * x,
                (2 * y) * side + 2 * x + 1,
                (2 * y + 1) * side + 2 * x,
                (2 * y + 1) * side + 2 * x + 1,
            ];
            for c in 0..channels {
                let mut best = from[0];
                for &p in &from[1..] {
                    if raw[p * channels + c] > raw[best * channels + c] {
                        best = p;
                    }
                }
                largest[(y * half + x) * channels + c] = best as u16;
                into[to + c] = raw[best * channels + c].max(0.0);
            }
        }
    }
}
