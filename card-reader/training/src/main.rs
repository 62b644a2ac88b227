//! `mrz-training MODEL [--scout N] [--reader N] [--from MODEL]`: draws characters, trains the two networks on N
//! examples each, writes the model file. `--from` goes on from an earlier model, at half the rate; a network of 0
//! examples is taken over from it.
//!
//! `mrz-training MODEL --from A --mix B SHARE` writes the weights between two trainings of the same start: SHARE of B,
//! the rest of A.
//!
//! `mrz-training --sheet FILE.png` shows what the training data look like instead.
//!
//! Fixed seed: the same machine type gives the same model. One thread draws while another trains. Progress goes to
//! standard error.

mod gemm;
mod glyphs;
mod network;
mod random;
mod strips;

use glyphs::Typeface;
use network::{Batch, Blocks, OUTPUTS, READER, SCOUT, Score, Shape};
use random::Random;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use strips::{Artist, Example};

const SEED: u64 = 9303;
const BATCH: usize = 64;
const PEAK_RATE: f32 = 1.5e-3;
/// The magic at the start of a model file; `ocr::network` checks it.
const MAGIC: &[u8; 8] = b"MRZNET02";

/// Typefaces and how often each is drawn: the zone's own in its cuts (without the outlined and inverted ones), and
/// others that some issuers' zones resemble.
const FACES: &[(&str, f32)] = &[
    ("opentype/ocr-b/OCRB.otf", 6.0),
    ("opentype/ocr-b/OCRBS.otf", 4.0),
    ("opentype/ocr-b/OCRBL.otf", 1.0),
    ("truetype/dejavu/DejaVuSansMono.ttf", 0.8),
    ("truetype/noto/NotoSansMono-Regular.ttf", 0.5),
    ("truetype/freefont/FreeMonoBold.ttf", 0.4),
    ("truetype/liberation/LiberationMono-Regular.ttf", 0.4),
    ("truetype/dejavu/DejaVuSans.ttf", 0.5),
    ("truetype/noto/NotoSans-Regular.ttf", 0.4),
    ("truetype/liberation/LiberationSans-Regular.ttf", 0.4),
];

/// What the command line asks for.
struct Order {
    /// Examples for each network.
    scout: usize,
    reader: usize,
    from: Option<PathBuf>,
    fonts: PathBuf,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut order =
        Order { scout: 6_000_000, reader: 12_000_000, from: None, fonts: PathBuf::from("/usr/share/fonts") };
    let (mut picture, mut model, mut mixed) = (None, None, None);
    while let Some(a) = arguments.next() {
        let mut number = |n: &mut usize| *n = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(*n);
        match a.as_str() {
            "--scout" => number(&mut order.scout),
            "--reader" => number(&mut order.reader),
            "--from" => order.from = arguments.next().map(PathBuf::from),
            "--sheet" => picture = arguments.next().map(PathBuf::from),
            "--mix" => {
                let other = arguments.next().map(PathBuf::from);
                mixed = other.zip(arguments.next().and_then(|share| share.parse().ok()));
            }
            "--fonts" => order.fonts = arguments.next().map_or(order.fonts, PathBuf::from),
            _ => model = Some(PathBuf::from(a)),
        }
    }
    let done = match (&picture, &model) {
        (Some(file), _) => sheet(file, &order.fonts),
        (None, Some(model)) if mixed.is_some() => mix(model, &order, mixed.as_ref()),
        (None, Some(model)) => make(model, &order),
        (None, None) => {
            eprintln!(
                "usage: mrz-training MODEL [--scout N] [--reader N] [--from MODEL] [--fonts DIR]\n       mrz-training MODEL --from MODEL --mix MODEL SHARE\n       mrz-training --sheet FILE.png"
            );
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

/// Trains both networks, one after the other; the file is written after each, and now and then.
fn make(model: &Path, order: &Order) -> Result<(), String> {
    let earlier = order.from.as_deref().map(load).transpose()?;
    let mut random = Random::new(SEED + 2);
    let mut networks = earlier.clone().unwrap_or_else(|| [SCOUT, READER].map(|s| network::initial(&s, &mut random)));
    for (i, (shape, examples)) in [(SCOUT, order.scout), (READER, order.reader)].into_iter().enumerate() {
        if examples > 0 {
            train(model, &mut networks, i, shape, examples, order)?;
        }
    }
    Ok(())
}

/// Weights between two models: `share` of the second, the rest of the one that the order starts from.
fn mix(model: &Path, order: &Order, with: Option<&(PathBuf, f32)>) -> Result<(), String> {
    let (Some(from), Some((other, share))) = (&order.from, with) else {
        return Err("--mix needs --from: two models are mixed".into());
    };
    let (mut networks, other) = (load(from)?, load(other)?);
    for (w, o) in networks.iter_mut().flatten().flatten().zip(other.iter().flatten().flatten()) {
        *w += (o - *w) * share;
    }
    write(model, &networks)
}

/// Trains `networks[at]`.
fn train(
    model: &Path,
    networks: &mut [Blocks; 2],
    at: usize,
    shape: Shape,
    examples: usize,
    order: &Order,
) -> Result<(), String> {
    let mut judge = Artist::new(faces(&order.fonts)?, SEED + 1);
    let mut test = Vec::new();
    while test.len() < 20_000 {
        judge.draw(&mut test);
    }
    let mut random = Random::new(SEED + 3 + at as u64);
    let peak = if order.from.is_some() { PEAK_RATE / 2.0 } else { PEAK_RATE };
    // Going on, the same characters again would teach nothing new.
    let mut artist = Artist::new(faces(&order.fonts)?, SEED + if order.from.is_some() { 100 } else { 10 + at as u64 });
    let (send, drawn) = sync_channel::<Vec<Example>>(4);
    std::thread::spawn(move || {
        loop {
            let mut examples = Vec::with_capacity(1100);
            while examples.len() < 1024 {
                artist.draw(&mut examples);
            }
            if send.send(examples).is_err() {
                break;
            }
        }
    });
    let mut weights = networks[at].clone();
    let mut adam = Adam::new(&shape);
    let mut mean = network::zeros(&shape);
    let steps = (examples / BATCH).max(1);
    let mut pool: Vec<Example> = Vec::new();
    let mut running = Score::default();
    let mut pass = Batch::new(shape);
    for step in 0..steps {
        // Examples of one strip resemble each other: batches are drawn from a pool of many strips.
        while pool.len() < 8192 {
            pool.extend(drawn.recv().map_err(|_| "the drawing thread ended")?);
        }
        let batch: Vec<Example> = (0..BATCH).map(|_| pool.swap_remove(random.below(pool.len()))).collect();
        pass.forward(&weights, &batch);
        let score = network::score(&mut pass.outputs, &batch);
        let gradient = pass.backward(&weights);
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
                "{} {:>9} examples  loss {:.4}  right {:.2} %",
                shape.name,
                (step + 1) * BATCH,
                running.loss / batches,
                100.0 * running.right as f32 / running.seen as f32
            );
            running = Score::default();
        }
        if (step + 1) % 20_000 == 0 {
            networks[at].clone_from(&weights);
            write(model, networks)?;
        }
    }
    report(shape, &mean, &test);
    networks[at] = mean;
    write(model, networks)
}

/// A picture of the first 40×30 examples.
fn sheet(file: &Path, fonts: &Path) -> Result<(), String> {
    let mut artist = Artist::new(faces(fonts)?, SEED);
    let mut examples = Vec::new();
    while examples.len() < 1200 {
        artist.draw(&mut examples);
    }
    let picture = image::GrayImage::from_fn(40 * (strips::WIDE as u32 + 1), 30 * (strips::HIGH as u32 + 1), |x, y| {
        let (across, down) = (strips::WIDE + 1, strips::HIGH + 1);
        let (column, row) = (x as usize / across, y as usize / down);
        let (x, y) = (x as usize % across, y as usize % down);
        let inside = x < strips::WIDE && y < strips::HIGH;
        image::Luma([if inside { examples[row * 40 + column].patch[y * strips::WIDE + x] as u8 } else { 0 }])
    });
    picture.save(file).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn report(shape: Shape, weights: &Blocks, test: &[Example]) {
    let (mut total, mut error) = (Score::default(), 0.0f32);
    let mut confusions = std::collections::BTreeMap::new();
    let mut characters = 0usize;
    let mut pass = Batch::new(shape);
    for batch in test.chunks(BATCH) {
        pass.forward(weights, batch);
        for (out, e) in pass.outputs.chunks_exact(OUTPUTS).zip(batch) {
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

fn write(path: &Path, networks: &[Blocks; 2]) -> Result<(), String> {
    let mut bytes = MAGIC.to_vec();
    for w in networks.iter().flatten().flatten() {
        bytes.extend_from_slice(&w.to_le_bytes());
    }
    std::fs::write(path, bytes).map_err(|e| format!("cannot write the model {}: {e}", path.display()))
}

fn load(path: &Path) -> Result<[Blocks; 2], String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the model {}: {e}", path.display()))?;
    let mut floats = bytes.strip_prefix(MAGIC).unwrap_or_default().chunks_exact(4);
    let mut networks = [SCOUT, READER].map(|s| network::zeros(&s));
    if floats.len() != networks.iter().flatten().map(Vec::len).sum() {
        return Err(format!("{} is no model of these networks", path.display()));
    }
    for (w, b) in networks.iter_mut().flatten().flatten().zip(&mut floats) {
        *w = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    }
    Ok(networks)
}

struct Adam {
    first: Blocks,
    second: Blocks,
    steps: i32,
}

impl Adam {
    fn new(shape: &Shape) -> Self {
        Self { first: network::zeros(shape), second: network::zeros(shape), steps: 0 }
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
