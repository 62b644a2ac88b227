//! Recognise: the networks that name the character in a patch, run forward only.
//!
//! A patch of [`HIGH`] rows goes through 3×3 convolutions, each cut at zero and some followed by the largest of each
//! 2×2, then through one hidden layer to 40 outputs: 37 characters, "refused", and the offsets (across, down) of the
//! character from the patch's middle, in pitches. Two networks: the *scout* is cheap and finds the grid, on which
//! every cell is looked at several times; the *reader* sees both neighbours and names the characters.
//! `card-reader/training` makes the weights (`make train`).

use std::sync::OnceLock;

/// Rows of a patch, in pixels.
pub const HIGH: usize = 20;
/// Pixels of a patch for one pitch (the width of a character's cell).
pub const PITCH: f32 = 14.0;
/// Height of a capital letter in a patch, in pixels: OCR-B's 2.4 mm at a pitch of 2.54 mm.
pub const CAPITAL: f32 = 0.94 * PITCH;
/// The alphabet of the zone in the order of the classes.
pub const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// The class of everything that is not a character of the zone in the middle of its patch.
pub const REFUSED: usize = 37;

const CLASSES: usize = 38;
const OUTPUTS: usize = 40;
const MAGIC: &[u8; 8] = b"MRZNET02";

static MODEL: &[u8] = include_bytes!("../../../assets/mrz.net");

/// A network's shape.
struct Shape {
    /// Columns of its patch.
    wide: usize,
    /// Channels of each convolution, and whether the largest of each 2×2 is taken behind it.
    convolutions: &'static [(usize, bool)],
    hidden: usize,
}

const SCOUT: Shape = Shape { wide: 20, convolutions: &[(16, true), (32, true)], hidden: 96 };
const READER: Shape = Shape { wide: 28, convolutions: &[(16, true), (32, true), (64, false)], hidden: 128 };

/// What a network says of one patch.
#[derive(Clone)]
pub struct Answer {
    /// Probability of each class, `REFUSED` the last.
    pub classes: [f32; CLASSES],
    /// How far the character lies right of and below the patch's middle, in pitches.
    pub offset: [f32; 2],
}

impl Answer {
    /// Probability of the likeliest character, and its class; "refused" does not count.
    pub fn best(&self) -> (usize, f32) {
        let mut best = (0, f32::MIN);
        for (c, &p) in self.classes[..REFUSED].iter().enumerate() {
            if p > best.1 {
                best = (c, p);
            }
        }
        best
    }

    pub fn refused(&self) -> f32 {
        self.classes[REFUSED]
    }

    /// Takes another opinion in: the weighted geometric mean of the probabilities.
    pub fn weigh(&mut self, other: &Self, share: f32) {
        let mut sum = 0.0;
        for (own, other) in self.classes.iter_mut().zip(&other.classes) {
            *own = own.max(1e-7).powf(1.0 - share) * other.max(1e-4).powf(share);
            sum += *own;
        }
        self.classes.iter_mut().for_each(|c| *c /= sum);
    }
}

/// Both networks.
pub struct Networks {
    pub scout: Network,
    pub reader: Network,
}

impl Networks {
    /// The embedded model; `None` only if the embedded file is not one (a test reads it).
    pub fn embedded() -> Option<&'static Self> {
        static NETWORKS: OnceLock<Option<Networks>> = OnceLock::new();
        NETWORKS.get_or_init(|| Self::parse(MODEL)).as_ref()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (floats, rest) = bytes.strip_prefix(MAGIC)?.as_chunks::<4>();
        let mut floats = floats.iter().map(|b| f32::from_le_bytes(*b));
        let scout = Network::take(&SCOUT, &mut floats)?;
        let reader = Network::take(&READER, &mut floats)?;
        (rest.is_empty() && floats.next().is_none()).then_some(Self { scout, reader })
    }
}

/// A convolution on its map.
struct Layer {
    wide: usize,
    high: usize,
    from: usize,
    to: usize,
    pooled: bool,
}

impl Layer {
    const fn taps(&self) -> usize {
        9 * self.from
    }

    const fn out(&self) -> (usize, usize) {
        if self.pooled { (self.wide / 2, self.high / 2) } else { (self.wide, self.high) }
    }
}

/// Weights in the order of the model file: those of each convolution and its biases, then of the hidden layer and of
/// the outputs.
pub struct Network {
    wide: usize,
    hidden: usize,
    flat: usize,
    layers: Vec<Layer>,
    weights: Vec<Vec<f32>>,
}

impl Network {
    /// `None` if there are not enough weights.
    fn take(shape: &Shape, floats: &mut impl Iterator<Item = f32>) -> Option<Self> {
        let (mut wide, mut high, mut from) = (shape.wide, HIGH, 1);
        let mut layers = Vec::new();
        for &(to, pooled) in shape.convolutions {
            let layer = Layer { wide, high, from, to, pooled };
            ((wide, high), from) = (layer.out(), to);
            layers.push(layer);
        }
        let flat = wide * high * from;
        let lengths = layers.iter().flat_map(|l| [l.taps() * l.to, l.to]);
        let lengths = lengths.chain([flat * shape.hidden, shape.hidden, shape.hidden * OUTPUTS, OUTPUTS]);
        let weights: Vec<Vec<f32>> = lengths
            .map(|n| Some(floats.by_ref().take(n).collect()).filter(|w: &Vec<f32>| w.len() == n))
            .collect::<Option<_>>()?;
        Some(Self { wide: shape.wide, hidden: shape.hidden, flat, layers, weights })
    }

    /// Columns of its patches.
    pub const fn wide(&self) -> usize {
        self.wide
    }

    /// Names the characters of patches of [`Network::wide`] × [`HIGH`] grey values, one behind the other; they are
    /// normalised on the way.
    pub fn classify(&self, patches: &mut [f32]) -> Vec<Answer> {
        let length = self.wide * HIGH;
        patches.chunks_exact_mut(length).for_each(normalise);
        let mut outputs = vec![0.0; patches.len() / length * OUTPUTS];
        self.forward(patches, &mut outputs);
        outputs.chunks_exact(OUTPUTS).map(answer).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn forward(&self, patches: &[f32], outputs: &mut [f32]) {
        #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
        fn widest(network: &Network, patches: &[f32], outputs: &mut [f32]) {
            network.run::<true, 8>(patches, outputs);
        }
        #[target_feature(enable = "avx2,fma")]
        fn wide(network: &Network, patches: &[f32], outputs: &mut [f32]) {
            network.run::<true, 3>(patches, outputs);
        }
        let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if fused && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            #[expect(unsafe_code, reason = "the processor was just asked for these features; six times the speed")]
            unsafe {
                widest(self, patches, outputs);
            }
        } else if fused {
            #[expect(unsafe_code, reason = "the processor was just asked for both features; four times the speed")]
            unsafe {
                wide(self, patches, outputs);
            }
        } else {
            self.run::<false, 3>(patches, outputs);
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn forward(&self, patches: &[f32], outputs: &mut [f32]) {
        self.run::<false, 3>(patches, outputs);
    }

    #[inline(always)]
    fn run<const FUSED: bool, const TALL: usize>(&self, patches: &[f32], outputs: &mut [f32]) {
        let n = outputs.len() / OUTPUTS;
        let count = self.layers.len();
        let mut maps: Vec<Vec<f32>> =
            self.layers.iter().map(|l| vec![0.0; (l.wide + 2) * (l.high + 2) * l.from]).collect();
        let mut columns: Vec<Vec<f32>> = self.layers.iter().map(|l| vec![0.0; l.wide * l.high * l.taps()]).collect();
        let mut raws: Vec<Vec<f32>> = self.layers.iter().map(|l| vec![0.0; l.wide * l.high * l.to]).collect();
        let mut flat = vec![0.0; n * self.flat];
        let length = self.wide * HIGH;
        for (patch, flat) in patches.chunks_exact(length).zip(flat.chunks_exact_mut(self.flat)) {
            for (y, row) in patch.chunks_exact(self.wide).enumerate() {
                if let Some(map) = maps.first_mut() {
                    map[(y + 1) * (self.wide + 2) + 1..][..self.wide].copy_from_slice(row);
                }
            }
            for (i, l) in self.layers.iter().enumerate() {
                let (columns, raw) = (&mut columns[i], &mut raws[i]);
                unfold(&maps[i], l, columns);
                multiply::<FUSED, TALL>(columns, l.taps(), &self.weights[2 * i], &self.weights[2 * i + 1], raw);
                let (wide, to) = (l.out().0, l.to);
                if i + 1 == count {
                    behind(raw, l, |y, x| (y * wide + x) * to, flat);
                } else {
                    behind(raw, l, |y, x| ((y + 1) * (wide + 2) + x + 1) * to, &mut maps[i + 1]);
                }
            }
        }
        let [w3, b3, w4, b4] = &self.weights[2 * count..] else { return };
        let mut hidden = vec![0.0; n * self.hidden];
        multiply::<FUSED, TALL>(&flat, self.flat, w3, b3, &mut hidden);
        hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        multiply::<FUSED, TALL>(&hidden, self.hidden, w4, b4, outputs);
    }
}

/// Mean 0 and deviation 1, ink positive; a patch without contrast stays small.
fn normalise(patch: &mut [f32]) {
    let n = patch.len() as f32;
    let mean = patch.iter().sum::<f32>() / n;
    let variance = patch.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
    let scale = 1.0 / (variance.sqrt() + 2.0);
    for v in patch {
        *v = (mean - *v) * scale;
    }
}

fn answer(outputs: &[f32]) -> Answer {
    let top = outputs[..CLASSES].iter().copied().fold(f32::MIN, f32::max);
    let mut classes = [0.0; CLASSES];
    let mut sum = 0.0;
    for (c, &o) in classes.iter_mut().zip(outputs) {
        *c = (o - top).exp();
        sum += *c;
    }
    classes.iter_mut().for_each(|c| *c /= sum);
    Answer { classes, offset: [outputs[CLASSES].clamp(-0.6, 0.6), outputs[CLASSES + 1].clamp(-0.6, 0.6)] }
}

/// The 3×3 surroundings of each position of a padded map, as rows.
#[inline(always)]
fn unfold(padded: &[f32], l: &Layer, into: &mut [f32]) {
    // Lengths that the compiler knows are copied in registers.
    match l.from {
        1 => unfold_runs::<3>(padded, l, into),
        16 => unfold_runs::<48>(padded, l, into),
        _ => unfold_runs::<96>(padded, l, into),
    }
}

/// `RUN`: three positions' channels.
#[inline(always)]
fn unfold_runs<const RUN: usize>(padded: &[f32], l: &Layer, into: &mut [f32]) {
    for (p, row) in into.chunks_exact_mut(3 * RUN).enumerate() {
        let (y, x) = (p / l.wide, p % l.wide);
        for (k, to) in row.as_chunks_mut::<RUN>().0.iter_mut().enumerate() {
            let from = ((y + k) * (l.wide + 2) + x) * (RUN / 3);
            if let Some(run) = padded[from..].first_chunk::<RUN>() {
                *to = *run;
            }
        }
    }
}

/// What is behind a convolution: cut at zero, and the largest of each 2×2 where it pools.
#[inline(always)]
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

/// `out[r] = bias + a[r] · w`: rows of `k` by `k`×`bias.len()`, a multiple of 8. `TALL` rows of 32 columns fill the
/// processor's registers.
#[inline(always)]
fn multiply<const FUSED: bool, const TALL: usize>(a: &[f32], k: usize, w: &[f32], bias: &[f32], out: &mut [f32]) {
    let n = bias.len();
    let mut column = 0;
    while column < n {
        let step = if n - column >= 32 {
            32
        } else if n - column >= 16 {
            16
        } else {
            8
        };
        let mut row = 0;
        let rows = out.len() / n;
        while row < rows {
            let (a, w, out, bias) = (&a[row * k..], &w[column..], &mut out[row * n + column..], &bias[column..]);
            let left = rows - row;
            row += match step {
                32 if left >= TALL => block::<FUSED, 32, TALL>(a, k, w, n, bias, out),
                32 => block::<FUSED, 32, 1>(a, k, w, n, bias, out),
                16 if left >= 8 => block::<FUSED, 16, 8>(a, k, w, n, bias, out),
                16 => block::<FUSED, 16, 1>(a, k, w, n, bias, out),
                _ if left >= 8 => block::<FUSED, 8, 8>(a, k, w, n, bias, out),
                _ => block::<FUSED, 8, 1>(a, k, w, n, bias, out),
            };
        }
        column += step;
    }
}

/// `R` rows by `N` columns, the sums in registers; answers `R`.
#[inline(always)]
fn block<const FUSED: bool, const N: usize, const R: usize>(
    a: &[f32],
    k: usize,
    w: &[f32],
    n: usize,
    bias: &[f32],
    out: &mut [f32],
) -> usize {
    let mut sum = [[0.0f32; N]; R];
    for s in &mut sum {
        s.copy_from_slice(&bias[..N]);
    }
    for i in 0..k {
        let row = &w[i * n..i * n + N];
        for (r, s) in sum.iter_mut().enumerate() {
            let x = a[r * k + i];
            for (s, &v) in s.iter_mut().zip(row) {
                *s = if FUSED { x.mul_add(v, *s) } else { x * v + *s };
            }
        }
    }
    for (r, s) in sum.iter().enumerate() {
        out[r * n..r * n + N].copy_from_slice(s);
    }
    R
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_model_is_one() {
        assert!(Networks::parse(MODEL).is_some());
        assert!(Networks::parse(&MODEL[..MODEL.len() - 4]).is_none());
        assert!(Networks::parse(&[MODEL, &[0; 4]].concat()).is_none());
        assert!(Networks::parse(b"MRZNET02").is_none());
        assert!(Networks::parse(b"").is_none());
    }

    #[test]
    fn probabilities_sum_to_one_and_a_blank_patch_is_refused() {
        let networks = Networks::embedded().unwrap();
        for network in [&networks.scout, &networks.reader] {
            let answers = network.classify(&mut vec![128.0; 5 * network.wide() * HIGH]);
            assert_eq!(answers.len(), 5);
            for a in &answers {
                assert!((a.classes.iter().sum::<f32>() - 1.0).abs() < 1e-4);
                assert!(a.refused() > 0.5, "a blank patch was taken for a character");
            }
        }
    }

    #[test]
    fn wide_and_plain_arithmetic_agree() {
        let networks = Networks::embedded().unwrap();
        for network in [&networks.scout, &networks.reader] {
            let length = network.wide() * HIGH;
            let mut patches: Vec<f32> = (0..17 * length).map(|p| ((p * 37 + p / length * 101) % 255) as f32).collect();
            patches.chunks_exact_mut(length).for_each(normalise);
            let (mut plain, mut wide) = (vec![0.0; 17 * OUTPUTS], vec![0.0; 17 * OUTPUTS]);
            network.run::<false, 3>(&patches, &mut plain);
            network.forward(&patches, &mut wide);
            for (a, b) in plain.iter().zip(&wide) {
                assert!((a - b).abs() < 1e-2 * (1.0 + a.abs()), "{a} and {b}");
            }
        }
    }
}
