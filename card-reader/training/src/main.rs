//! `mrz-training MODEL [--examples N] [--from MODEL]`: draws characters, trains the network, writes the model file.
//! `--from` goes on from an earlier model, at half the rate.
//!
//! `mrz-training --sheet FILE.png` shows what the training data look like instead.
//!
//! One thread, fixed seed: the same machine type gives the same model. Progress goes to standard error.

mod gemm;
mod glyphs;
mod network;
mod random;
mod strips;

use glyphs::Typeface;
use network::{Blocks, Score};
use random::Random;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use strips::{Artist, Example};

const SEED: u64 = 9303;
const BATCH: usize = 64;
const PEAK_RATE: f32 = 2e-3;
/// The magic at the start of a model file; `ocr::network` checks it.
const MAGIC: &[u8; 8] = b"MRZNET01";

/// Typefaces and how often each is drawn: the zone's own in its cuts (without the outlined and inverted ones), and
/// two others that some issuers' zones resemble.
const FACES: &[(&str, f32)] = &[
    ("opentype/ocr-b/OCRB.otf", 6.0),
    ("opentype/ocr-b/OCRBS.otf", 4.0),
    ("opentype/ocr-b/OCRBL.otf", 1.0),
    ("truetype/dejavu/DejaVuSansMono.ttf", 1.2),
    ("truetype/noto/NotoSansMono-Regular.ttf", 0.6),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut model, mut examples, mut fonts) = (None, 8_000_000usize, PathBuf::from("/usr/share/fonts"));
    let (mut picture, mut from) = (None, None);
    while let Some(a) = arguments.next() {
        match a.as_str() {
            "--examples" => examples = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(examples),
            "--from" => from = arguments.next().map(PathBuf::from),
            "--sheet" => picture = arguments.next().map(PathBuf::from),
            "--fonts" => fonts = arguments.next().map_or(fonts, PathBuf::from),
            _ => model = Some(PathBuf::from(a)),
        }
    }
    let done = match (&picture, &model) {
        (Some(file), _) => sheet(file, &fonts),
        (None, Some(model)) => train(model, &fonts, examples, from.as_deref()),
        (None, None) => {
            eprintln!("usage: mrz-training MODEL [--examples N] [--from MODEL] [--fonts DIR]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn faces(fonts: &Path) -> Result<Vec<Typeface>, String> {
    FACES.iter().map(|(name, weight)| Typeface::load(&fonts.join(name), *weight)).collect()
}

fn train(model: &Path, fonts: &Path, examples: usize, from: Option<&Path>) -> Result<(), String> {
    let mut judge = Artist::new(faces(fonts)?, SEED + 1);
    let mut test = Vec::new();
    while test.len() < 20_000 {
        judge.draw(&mut test);
    }
    let mut random = Random::new(SEED + 2);
    let mut weights = match from {
        Some(earlier) => load(earlier)?,
        None => network::initial(&mut random),
    };
    let peak = if from.is_some() { PEAK_RATE / 2.0 } else { PEAK_RATE };
    // Going on, the same characters again would teach nothing new.
    let mut artist = Artist::new(faces(fonts)?, if from.is_some() { SEED + 100 } else { SEED });
    let mut adam = Adam::new();
    let mut mean = network::zeros();
    let steps = (examples / BATCH).max(1);
    let mut pool: Vec<Example> = Vec::new();
    let mut running = Score::default();
    let mut pass = network::Batch::default();
    for step in 0..steps {
        // Examples of one strip resemble each other: batches are drawn from a pool of many strips.
        while pool.len() < 4096 {
            artist.draw(&mut pool);
        }
        let batch: Vec<Example> = (0..BATCH).map(|_| pool.swap_remove(random.below(pool.len()))).collect();
        network::forward(&weights, &batch, &mut pass);
        let score = network::score(&mut pass.outputs, &batch);
        let gradient = network::backward(&weights, &pass);
        let progress = step as f32 / steps as f32;
        let rate = peak * (step as f32 / 300.0).min(1.0) * (0.5 + 0.5 * (progress * std::f32::consts::PI).cos()) + 1e-6;
        adam.step(&mut weights, &gradient, rate);
        // The mean of the last tenth's weights generalises better than the last weights.
        if step * 10 >= steps * 9 {
            let share = 1.0 / (step - steps * 9 / 10 + 1) as f32;
            for (m, w) in mean.iter_mut().zip(&weights) {
                m.iter_mut().zip(w).for_each(|(m, w)| *m += (w - *m) * share);
            }
        }
        running.loss += score.loss;
        running.right += score.right;
        running.seen += score.seen;
        if (step + 1) % 2000 == 0 || step + 1 == steps {
            let batches = (running.seen / BATCH) as f32;
            eprintln!(
                "{:>9} examples  loss {:.4}  right {:.2} %",
                (step + 1) * BATCH,
                running.loss / batches,
                100.0 * running.right as f32 / running.seen as f32
            );
            running = Score::default();
        }
        if (step + 1) % 20_000 == 0 {
            write(model, &weights)?;
        }
    }
    report(&mean, &test);
    write(model, &mean)
}

/// A picture of the first 40×30 examples.
fn sheet(file: &Path, fonts: &Path) -> Result<(), String> {
    let mut artist = Artist::new(faces(fonts)?, SEED);
    let mut examples = Vec::new();
    while examples.len() < 1200 {
        artist.draw(&mut examples);
    }
    let picture = image::GrayImage::from_fn(40 * 21, 30 * 21, |x, y| {
        let (column, row, x, y) = (x as usize / 21, y as usize / 21, x as usize % 21, y as usize % 21);
        let inside = x < strips::SIDE && y < strips::SIDE;
        image::Luma([if inside {
            (140.0 - 45.0 * examples[row * 40 + column].patch[y * strips::SIDE + x]).clamp(0.0, 255.0) as u8
        } else {
            0
        }])
    });
    picture.save(file).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn report(weights: &Blocks, test: &[Example]) {
    let (mut total, mut error) = (Score::default(), 0.0f32);
    let mut confusions = std::collections::BTreeMap::new();
    let mut characters = 0usize;
    let mut pass = network::Batch::default();
    for batch in test.chunks(BATCH) {
        network::forward(weights, batch, &mut pass);
        for (out, e) in pass.outputs.chunks_exact(network::OUTPUTS).zip(batch) {
            let best = (0..38).max_by(|&a, &b| out[a].total_cmp(&out[b])).unwrap_or(0);
            if best != usize::from(e.class) {
                *confusions.entry((e.class, best as u8)).or_insert(0) += 1;
            }
            if e.class != strips::REFUSED {
                characters += 1;
                error += (out[38] - e.offset[0]).powi(2) + (out[39] - e.offset[1]).powi(2);
            }
        }
        let score = network::score(&mut pass.outputs, batch);
        total.loss += score.loss * batch.len() as f32;
        total.right += score.right;
        total.seen += batch.len();
    }
    eprintln!(
        "held out: {} of {} right, loss {:.4}, offset error {:.4} pitches",
        total.right,
        total.seen,
        total.loss / total.seen as f32,
        (error / characters as f32 / 2.0).sqrt()
    );
    let name = |c: u8| glyphs::ALPHABET.get(usize::from(c)).map_or('?', |&c| c as char);
    let mut worst: Vec<_> = confusions.into_iter().collect();
    worst.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
    let line: Vec<String> = worst.iter().take(24).map(|&((a, b), n)| format!("{}>{} {n}", name(a), name(b))).collect();
    eprintln!("most confused: {}", line.join(", "));
}

fn write(path: &Path, weights: &Blocks) -> Result<(), String> {
    let mut bytes = MAGIC.to_vec();
    for w in weights.iter().flatten() {
        bytes.extend_from_slice(&w.to_le_bytes());
    }
    std::fs::write(path, bytes).map_err(|e| format!("cannot write the model {}: {e}", path.display()))
}

fn load(path: &Path) -> Result<Blocks, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the model {}: {e}", path.display()))?;
    let mut floats = bytes.strip_prefix(MAGIC).unwrap_or_default().chunks_exact(4);
    let mut blocks = network::zeros();
    if floats.len() != blocks.iter().map(Vec::len).sum() {
        return Err(format!("{} is no model of this network", path.display()));
    }
    for (w, b) in blocks.iter_mut().flatten().zip(&mut floats) {
        *w = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    }
    Ok(blocks)
}

struct Adam {
    first: Blocks,
    second: Blocks,
    steps: i32,
}

impl Adam {
    fn new() -> Self {
        Self { first: network::zeros(), second: network::zeros(), steps: 0 }
    }

    fn step(&mut self, weights: &mut Blocks, gradient: &Blocks, rate: f32) {
        self.steps += 1;
        let (b1, b2) = (0.9f32, 0.999f32);
        let (c1, c2) = (1.0 - b1.powi(self.steps), 1.0 - b2.powi(self.steps));
        for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(&mut self.first).zip(&mut self.second) {
            for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                *m = b1 * *m + (1.0 - b1) * g;
                *v = b2 * *v + (1.0 - b2) * g * g;
                *w -= rate * (*m / c1) / ((*v / c2).sqrt() + 1e-8);
            }
        }
    }
}
