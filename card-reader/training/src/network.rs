//! A small convolutional network and its gradient: the same shapes as `card-reader`'s `ocr::network`, which only runs
//! them forward.
//!
//! A patch of [`HIGH`] rows goes through 3×3 convolutions, each cut at zero and some followed by the largest of each
//! 2×2, then through one hidden layer to 40 outputs: 37 characters, "refused", and the two offsets of the character
//! from the patch's middle.

use crate::gemm::{add_scaled, multiply, transpose};
use crate::random::Random;
use crate::strips::{Example, HIGH, REFUSED, WIDE};

pub const OUTPUTS: usize = 40;
const CLASSES: usize = 38;

/// A network's shape.
#[derive(Clone, Copy)]
pub struct Shape {
    pub name: &'static str,
    /// Columns of its patch, in the middle of a drawn one.
    pub wide: usize,
    /// Channels of each convolution, and whether the largest of each 2×2 is taken behind it.
    pub convolutions: &'static [(usize, bool)],
    pub hidden: usize,
}

/// Finds the grid: cheap, because every cell is looked at several times while the grid settles.
pub const SCOUT: Shape = Shape { name: "scout", wide: 20, convolutions: &[(16, true), (32, true)], hidden: 96 };
/// Names the characters: sees both neighbours, so that it knows what a blur has mixed in.
pub const READER: Shape =
    Shape { name: "reader", wide: WIDE, convolutions: &[(16, true), (32, true), (64, false)], hidden: 128 };

/// A convolution on its map.
#[derive(Clone, Copy)]
struct Layer {
    wide: usize,
    high: usize,
    from: usize,
    to: usize,
    pooled: bool,
}

impl Layer {
    /// Length of the surroundings of one position.
    const fn taps(&self) -> usize {
        9 * self.from
    }

    /// The map behind it.
    const fn out(&self) -> (usize, usize) {
        if self.pooled { (self.wide / 2, self.high / 2) } else { (self.wide, self.high) }
    }
}

impl Shape {
    fn layers(&self) -> Vec<Layer> {
        let (mut wide, mut high, mut from) = (self.wide, HIGH, 1);
        self.convolutions
            .iter()
            .map(|&(to, pooled)| {
                let layer = Layer { wide, high, from, to, pooled };
                (wide, high) = layer.out();
                from = to;
                layer
            })
            .collect()
    }

    /// What the hidden layer gets.
    fn flat(&self) -> usize {
        self.layers().last().map_or(self.wide * HIGH, |l| l.out().0 * l.out().1 * l.to)
    }

    /// Rows and columns of each block of weights, in the order of the file; the biases between them have one row.
    fn blocks(&self) -> Vec<(usize, usize)> {
        let mut blocks = Vec::new();
        for l in self.layers() {
            blocks.extend([(l.taps(), l.to), (1, l.to)]);
        }
        blocks.extend([(self.flat(), self.hidden), (1, self.hidden), (self.hidden, OUTPUTS), (1, OUTPUTS)]);
        blocks
    }
}

/// All weights or all gradients.
pub type Blocks = Vec<Vec<f32>>;

pub fn zeros(shape: &Shape) -> Blocks {
    shape.blocks().iter().map(|(r, c)| vec![0.0; r * c]).collect()
}

pub fn initial(shape: &Shape, r: &mut Random) -> Blocks {
    shape
        .blocks()
        .iter()
        .map(|&(rows, columns)| {
            // He's initialisation; biases start at 0.
            let scale = if rows == 1 { 0.0 } else { (2.0 / rows as f32).sqrt() };
            (0..rows * columns).map(|_| r.normal() * scale).collect()
        })
        .collect()
}

/// What forward leaves for backward, for one patch: the map before each convolution with a border of zeros, the
/// surroundings of its positions, and what the convolution made of them.
#[derive(Default)]
struct Trace {
    maps: Vec<Vec<f32>>,
    columns: Vec<Vec<f32>>,
    raw: Vec<Vec<f32>>,
}

/// A batch on its way; kept between steps so that its memory is.
pub struct Batch {
    shape: Shape,
    layers: Vec<Layer>,
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

impl Batch {
    pub fn new(shape: Shape) -> Self {
        let layers = shape.layers();
        Self { shape, layers, traces: Vec::new(), flat: Vec::new(), hidden: Vec::new(), outputs: Vec::new() }
    }

    pub fn forward(&mut self, w: &Blocks, examples: &[Example]) {
        let n = examples.len();
        let Self { shape, layers, traces, flat, hidden, outputs } = self;
        let count = layers.len();
        while traces.len() < n {
            let mut trace = Trace::default();
            for l in layers.iter() {
                trace.columns.push(vec![0.0; l.wide * l.high * l.taps()]);
                trace.maps.push(vec![0.0; (l.wide + 2) * (l.high + 2) * l.from]);
                trace.raw.push(vec![0.0; l.wide * l.high * l.to]);
            }
            traces.push(trace);
        }
        let length = shape.flat();
        flat.resize(n * length, 0.0);
        hidden.resize(n * shape.hidden, 0.0);
        outputs.resize(n * OUTPUTS, 0.0);
        for ((e, flat), trace) in examples.iter().zip(flat.chunks_exact_mut(length)).zip(traces) {
            e.input(shape.wide, &mut trace.maps[0]);
            for (i, l) in layers.iter().enumerate() {
                unfold(&trace.maps[i], l, &mut trace.columns[i]);
                let raw = &mut trace.raw[i];
                spread(&w[2 * i + 1], raw);
                multiply(&trace.columns[i], l.wide * l.high, l.taps(), &w[2 * i], l.to, raw, true);
                let (wide, to) = (l.out().0, l.to);
                if i + 1 == count {
                    behind(raw, l, |y, x| (y * wide + x) * to, flat);
                } else {
                    let into = &mut trace.maps[i + 1];
                    behind(raw, l, |y, x| ((y + 1) * (wide + 2) + x + 1) * to, into);
                }
            }
        }
        let at = 2 * count;
        spread(&w[at + 1], hidden);
        multiply(flat, n, length, &w[at], shape.hidden, hidden, true);
        hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        spread(&w[at + 3], outputs);
        multiply(hidden, n, shape.hidden, &w[at + 2], OUTPUTS, outputs, true);
    }

    /// The gradient of a batch whose `outputs` hold the loss's derivative.
    pub fn backward(&self, w: &Blocks) -> Blocks {
        let (shape, count) = (&self.shape, self.layers.len());
        let (hidden, length) = (shape.hidden, shape.flat());
        let n = self.outputs.len() / OUTPUTS;
        let mut g = zeros(shape);
        let d_out = &self.outputs;
        let at = 2 * count;
        multiply(&transpose(&self.hidden, n, hidden), hidden, n, d_out, OUTPUTS, &mut g[at + 2], false);
        d_out.chunks_exact(OUTPUTS).for_each(|d| add_scaled(&mut g[at + 3], 1.0, d));
        let mut d_hidden = vec![0.0; n * hidden];
        multiply(d_out, n, OUTPUTS, &transpose(&w[at + 2], hidden, OUTPUTS), hidden, &mut d_hidden, false);
        d_hidden.iter_mut().zip(&self.hidden).for_each(|(d, &h)| {
            if h <= 0.0 {
                *d = 0.0;
            }
        });
        multiply(&transpose(&self.flat, n, length), length, n, &d_hidden, hidden, &mut g[at], false);
        d_hidden.chunks_exact(hidden).for_each(|d| add_scaled(&mut g[at + 1], 1.0, d));
        let mut d_flat = vec![0.0; n * length];
        multiply(&d_hidden, n, hidden, &transpose(&w[at], length, hidden), length, &mut d_flat, false);

        // Only what was the largest of its four, and above zero, carries a gradient: the products are sparse.
        let transposed: Vec<Vec<f32>> =
            self.layers.iter().enumerate().map(|(i, l)| transpose(&w[2 * i], l.taps(), l.to)).collect();
        let mut g_transposed: Vec<Vec<f32>> = transposed.iter().map(|t| vec![0.0; t.len()]).collect();
        let mut d_columns: Vec<Vec<f32>> = self.layers.iter().map(|l| vec![0.0; l.wide * l.high * l.taps()]).collect();
        let mut d_maps: Vec<Vec<f32>> =
            self.layers.iter().map(|l| vec![0.0; (l.wide + 2) * (l.high + 2) * l.from]).collect();
        let flats = d_flat.chunks_exact(length).zip(self.flat.chunks_exact(length));
        for (trace, (d_flat, flat)) in self.traces.iter().zip(flats) {
            for (i, l) in self.layers.iter().enumerate().rev() {
                let (taps, (wide, high)) = (l.taps(), l.out());
                let first = i == 0;
                d_columns[i].fill(0.0);
                for y in 0..high {
                    for x in 0..wide {
                        let padded = ((y + 1) * (wide + 2) + x + 1) * l.to;
                        for c in 0..l.to {
                            let (d, value) = if i + 1 == count {
                                let p = (y * wide + x) * l.to + c;
                                (d_flat[p], flat[p])
                            } else {
                                (d_maps[i + 1][padded + c], trace.maps[i + 1][padded + c])
                            };
                            if d == 0.0 || value <= 0.0 {
                                continue;
                            }
                            let position = source(&trace.raw[i], l, y, x, c);
                            let seen = &trace.columns[i][position * taps..][..taps];
                            add_scaled(&mut g_transposed[i][c * taps..][..taps], d, seen);
                            g[2 * i + 1][c] += d;
                            if !first {
                                let into = &mut d_columns[i][position * taps..][..taps];
                                add_scaled(into, d, &transposed[i][c * taps..][..taps]);
                            }
                        }
                    }
                }
                if !first {
                    fold(&d_columns[i], l, &mut d_maps[i]);
                }
            }
        }
        for (i, l) in self.layers.iter().enumerate() {
            g[2 * i] = transpose(&g_transposed[i], l.to, l.taps());
        }
        g
    }
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

fn spread(bias: &[f32], into: &mut [f32]) {
    into.chunks_exact_mut(bias.len()).for_each(|o| o.copy_from_slice(bias));
}

/// The 3×3 surroundings of each position of a padded map, as rows.
fn unfold(padded: &[f32], l: &Layer, into: &mut [f32]) {
    let run = 3 * l.from;
    for (p, row) in into.chunks_exact_mut(3 * run).enumerate() {
        let (y, x) = (p / l.wide, p % l.wide);
        for (k, to) in row.chunks_exact_mut(run).enumerate() {
            to.copy_from_slice(&padded[((y + k) * (l.wide + 2) + x) * l.from..][..run]);
        }
    }
}

/// The reverse of [`unfold`]: sums.
fn fold(columns: &[f32], l: &Layer, into: &mut [f32]) {
    into.fill(0.0);
    let run = 3 * l.from;
    for (p, row) in columns.chunks_exact(3 * run).enumerate() {
        let (y, x) = (p / l.wide, p % l.wide);
        for (k, from) in row.chunks_exact(run).enumerate() {
            add_scaled(&mut into[((y + k) * (l.wide + 2) + x) * l.from..][..run], 1.0, from);
        }
    }
}

/// What is behind a convolution: cut at zero, and the largest of each 2×2 where it pools.
fn behind(raw: &[f32], l: &Layer, place: impl Fn(usize, usize) -> usize, into: &mut [f32]) {
    let ((wide, high), to) = (l.out(), l.to);
    let row = l.wide * to;
    for y in 0..high {
        for x in 0..wide {
            let out = &mut into[place(y, x)..][..to];
            if l.pooled {
                let from = 2 * y * row + 2 * x * to;
                let (upper, lower) = (&raw[from..][..2 * to], &raw[from + row..][..2 * to]);
                for c in 0..to {
                    out[c] = upper[c].max(upper[c + to]).max(lower[c].max(lower[c + to])).max(0.0);
                }
            } else {
                for (o, r) in out.iter_mut().zip(&raw[y * row + x * to..]) {
                    *o = r.max(0.0);
                }
            }
        }
    }
}

/// The position that a value behind a convolution came from.
fn source(raw: &[f32], l: &Layer, y: usize, x: usize, c: usize) -> usize {
    if !l.pooled {
        return y * l.wide + x;
    }
    let mut best = 2 * y * l.wide + 2 * x;
    for p in [best + 1, best + l.wide, best + l.wide + 1] {
        if raw[p * l.to + c] > raw[best * l.to + c] {
            best = p;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivative of the loss by a weight, from two losses.
    fn slope(shape: &Shape, w: &Blocks, examples: &[Example], block: usize, index: usize) -> f32 {
        let loss = |nudge: f32| {
            let mut w = w.clone();
            w[block][index] += nudge;
            let mut batch = Batch::new(*shape);
            batch.forward(&w, examples);
            let offsets: f32 = batch
                .outputs
                .chunks_exact(OUTPUTS)
                .zip(examples)
                .filter(|(_, e)| e.class != REFUSED)
                .map(|(o, e)| (0..2).map(|i| 2.0 * (o[CLASSES + i] - e.offset[i]).powi(2)).sum::<f32>())
                .sum();
            score(&mut batch.outputs, examples).loss + offsets / examples.len() as f32
        };
        (loss(1e-2) - loss(-1e-2)) / 2e-2
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut r = Random::new(3);
        let examples: Vec<Example> = (0..4)
            .map(|i| Example {
                patch: std::array::from_fn(|_| 128.0 + 60.0 * r.normal()),
                class: if i == 0 { REFUSED } else { 5 * i },
                offset: [0.1, -0.05],
            })
            .collect();
        for shape in [SCOUT, READER] {
            let w = initial(&shape, &mut r);
            let mut batch = Batch::new(shape);
            batch.forward(&w, &examples);
            score(&mut batch.outputs, &examples);
            let g = batch.backward(&w);
            for (block, gradient) in g.iter().enumerate() {
                // The weights with the largest gradients: small ones drown in rounding.
                let larger = |a: &usize, b: &usize| gradient[*a].abs().total_cmp(&gradient[*b].abs());
                let index = (0..gradient.len()).max_by(larger).unwrap();
                let (expected, got) = (slope(&shape, &w, &examples, block, index), gradient[index]);
                assert!(
                    (expected - got).abs() < 0.08 * expected.abs() + 2e-3,
                    "{} {block}: {expected} {got}",
                    shape.name
                );
            }
        }
    }
}
