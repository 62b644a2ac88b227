//! Recognise: the network that names the character in a patch, run forward only.
//!
//! 20×20 patch → 3×3 convolution, 16 → largest of 2×2 → 3×3 convolution, 32 → largest of 2×2 → 96 → 40 outputs:
//! 37 characters, "refused", and the offsets (across, down) of the character from the patch's middle, in pitches.
//! `card-reader/training` makes the weights (`make train`).

use std::sync::OnceLock;

/// Side of a patch in pixels.
pub const SIDE: usize = 20;
/// Pixels of a patch for one pitch (the width of a character's cell).
pub const PITCH: f32 = 14.0;
/// Height of a capital letter in a patch, in pixels: OCR-B's 2.4 mm at a pitch of 2.54 mm.
pub const CAPITAL: f32 = 0.94 * PITCH;
/// The alphabet of the zone in the order of the classes.
pub const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// The class of everything that is not a character of the zone in the middle of its patch.
pub const REFUSED: usize = 37;

const CLASSES: usize = 38;
const C1: usize = 16;
const C2: usize = 32;
const HIDDEN: usize = 96;
const OUTPUTS: usize = 40;
const HALF: usize = SIDE / 2;
const QUARTER: usize = SIDE / 4;
const FLAT: usize = QUARTER * QUARTER * C2;
const K2: usize = 9 * C1;
const LENGTHS: [usize; 8] = [9 * C1, C1, K2 * C2, C2, FLAT * HIDDEN, HIDDEN, HIDDEN * OUTPUTS, OUTPUTS];
const MAGIC: &[u8; 8] = b"MRZNET01";

static MODEL: &[u8] = include_bytes!("../../../assets/mrz.net");

/// Grey values of a patch, row by row.
pub type Patch = [f32; SIDE * SIDE];

/// What the network says of one patch.
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
}

/// The weights, in the order of the model file.
pub struct Network {
    weights: [Vec<f32>; 8],
}

impl Network {
    /// The embedded model; `None` only if the embedded file is not one (a test reads it).
    pub fn embedded() -> Option<&'static Self> {
        static NETWORK: OnceLock<Option<Network>> = OnceLock::new();
        NETWORK.get_or_init(|| Self::parse(MODEL)).as_ref()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut floats = bytes.strip_prefix(MAGIC)?.chunks_exact(4);
        if floats.len() != LENGTHS.iter().sum::<usize>() {
            return None;
        }
        let weights = LENGTHS.map(|n| {
            floats.by_ref().take(n).map(|b| b.try_into().map_or(0.0, f32::from_le_bytes)).collect::<Vec<f32>>()
        });
        Some(Self { weights })
    }

    /// Names the characters of `patches`, which are normalised on the way.
    pub fn classify(&self, patches: &mut [Patch]) -> Vec<Answer> {
        patches.iter_mut().for_each(normalise);
        let mut outputs = vec![0.0; patches.len() * OUTPUTS];
        self.forward(patches, &mut outputs);
        outputs.chunks_exact(OUTPUTS).map(answer).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn forward(&self, patches: &[Patch], outputs: &mut [f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn wide(network: &Network, patches: &[Patch], outputs: &mut [f32]) {
            network.run::<true>(patches, outputs);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            #[expect(unsafe_code, reason = "the processor was just asked for both features; four times the speed")]
            unsafe {
                wide(self, patches, outputs);
            }
        } else {
            self.run::<false>(patches, outputs);
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn forward(&self, patches: &[Patch], outputs: &mut [f32]) {
        self.run::<false>(patches, outputs);
    }

    #[inline(always)]
    fn run<const FUSED: bool>(&self, patches: &[Patch], outputs: &mut [f32]) {
        let [w1, b1, w2, b2, w3, b3, w4, b4] = &self.weights;
        let mut padded = vec![0.0; (SIDE + 2) * (SIDE + 2)];
        let mut taps = vec![0.0; SIDE * SIDE * 9];
        let mut raw1 = vec![0.0; SIDE * SIDE * C1];
        let mut pooled = vec![0.0; (HALF + 2) * (HALF + 2) * C1];
        let mut columns = vec![0.0; HALF * HALF * K2];
        let mut raw2 = vec![0.0; HALF * HALF * C2];
        let mut flat = vec![0.0; patches.len() * FLAT];
        for (patch, flat) in patches.iter().zip(flat.chunks_exact_mut(FLAT)) {
            for (y, row) in patch.chunks_exact(SIDE).enumerate() {
                padded[(y + 1) * (SIDE + 2) + 1..][..SIDE].copy_from_slice(row);
            }
            unfold(&padded, SIDE, 1, &mut taps);
            multiply::<FUSED>(&taps, 9, w1, b1, &mut raw1);
            pool(&raw1, SIDE, C1, |y, x| ((y + 1) * (HALF + 2) + x + 1) * C1, &mut pooled);
            unfold(&pooled, HALF, C1, &mut columns);
            multiply::<FUSED>(&columns, K2, w2, b2, &mut raw2);
            pool(&raw2, HALF, C2, |y, x| (y * QUARTER + x) * C2, flat);
        }
        let mut hidden = vec![0.0; patches.len() * HIDDEN];
        multiply::<FUSED>(&flat, FLAT, w3, b3, &mut hidden);
        hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        multiply::<FUSED>(&hidden, HIDDEN, w4, b4, outputs);
    }
}

/// Mean 0 and deviation 1, ink positive; a patch without contrast stays small.
fn normalise(patch: &mut Patch) {
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
fn unfold(padded: &[f32], side: usize, channels: usize, into: &mut [f32]) {
    let run = 3 * channels;
    for (p, row) in into.chunks_exact_mut(3 * run).enumerate() {
        let (y, x) = (p / side, p % side);
        for (k, to) in row.chunks_exact_mut(run).enumerate() {
            to.copy_from_slice(&padded[((y + k) * (side + 2) + x) * channels..][..run]);
        }
    }
}

/// The largest of each 2×2, cut at zero.
#[inline(always)]
fn pool(raw: &[f32], side: usize, channels: usize, place: impl Fn(usize, usize) -> usize, into: &mut [f32]) {
    let row = side * channels;
    for y in 0..side / 2 {
        for x in 0..side / 2 {
            let from = 2 * y * row + 2 * x * channels;
            let (upper, lower) = (&raw[from..][..2 * channels], &raw[from + row..][..2 * channels]);
            let to = &mut into[place(y, x)..][..channels];
            for c in 0..channels {
                to[c] = upper[c].max(upper[c + channels]).max(lower[c].max(lower[c + channels])).max(0.0);
            }
        }
    }
}

/// `out[r] = bias + a[r] · w`: rows of `k` by `k`×`bias.len()`, a multiple of 8.
#[inline(always)]
fn multiply<const FUSED: bool>(a: &[f32], k: usize, w: &[f32], bias: &[f32], out: &mut [f32]) {
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
            row += match (step, rows - row) {
                (32, 3..) => block::<FUSED, 32, 3>(a, k, w, n, bias, out),
                (32, _) => block::<FUSED, 32, 1>(a, k, w, n, bias, out),
                (16, 4..) => block::<FUSED, 16, 4>(a, k, w, n, bias, out),
                (16, _) => block::<FUSED, 16, 1>(a, k, w, n, bias, out),
                (_, 4..) => block::<FUSED, 8, 4>(a, k, w, n, bias, out),
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
        assert!(Network::embedded().is_some());
        assert!(Network::parse(b"MRZNET01").is_none());
        assert!(Network::parse(b"").is_none());
    }

    #[test]
    fn probabilities_sum_to_one_and_a_blank_patch_is_refused() {
        let network = Network::embedded().unwrap();
        let answers = network.classify(&mut [[128.0; SIDE * SIDE]; 5]);
        assert_eq!(answers.len(), 5);
        for a in &answers {
            assert!((a.classes.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            assert!(a.refused() > 0.5, "a blank patch was taken for a character");
        }
    }

    #[test]
    fn wide_and_plain_arithmetic_agree() {
        let network = Network::embedded().unwrap();
        let mut patches: Vec<Patch> =
            (0..7).map(|i| std::array::from_fn(|p| ((p * 37 + i * 101) % 255) as f32)).collect();
        patches.iter_mut().for_each(normalise);
        let (mut plain, mut wide) = (vec![0.0; 7 * OUTPUTS], vec![0.0; 7 * OUTPUTS]);
        network.run::<false>(&patches, &mut plain);
        network.forward(&patches, &mut wide);
        for (a, b) in plain.iter().zip(&wide) {
            assert!((a - b).abs() < 1e-2 * (1.0 + a.abs()), "{a} and {b}");
        }
    }
}
