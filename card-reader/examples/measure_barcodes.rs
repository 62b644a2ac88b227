//! How many barcodes of a folder of pictures are read right, and what it costs.
//!
//! `cargo run --release -p card-reader --example measure_barcodes -- FOLDER [frame|full|still] [-v]`, where
//! `FOLDER/truth.jsonl` holds `{"file", "symbology", "payload_hex"}` a line. A picture is right if one of its barcodes has
//! the payload of the truth; a *phantom* is a barcode whose payload is not the truth's. With `repeat` each picture is read
//! 20 times, and those that are not read alike each time are named.
//!
//! `… -- none FOLDER [frame|full|still]`: pictures without a barcode, in all folders below; everything read is a phantom.
//! `… -- drawn N [SEED]`: N drawn frames of 1280×960 without a barcode: noise, text, rulings, stripes, documents' furniture.
//! Exit status 1 if anything was read (`make phantoms`).
//! `… -- cost N`: what the proposals and the full pass cost on N frames of an empty tray, and on N of those.

use card_reader::barcode::{Barcode, Effort, read};
use card_reader::ocr::LumaImage;
use card_reader::picture::decode;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("none") => return without_barcodes(&arguments),
        Some("drawn") => return drawn(&arguments),
        Some("cost") => return cost(&arguments),
        _ => {}
    }
    let folder = Path::new(arguments.first().ok_or("which folder?")?);
    let effort = effort(arguments.get(1));
    let repeat = arguments.iter().any(|a| a == "repeat");
    let verbose = arguments.iter().any(|a| a == "-v");
    let mut by_symbology: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut phantoms, mut times) = (0, Vec::new());
    for line in std::fs::read_to_string(folder.join("truth.jsonl"))?.lines() {
        let truth: serde_json::Value = serde_json::from_str(line)?;
        let text = |member: &str| truth[member].as_str().unwrap_or_default().to_owned();
        let picture = decode(&std::fs::read(folder.join(text("file")))?)?;
        let started = cpu_ms();
        let found = read(&picture, effort);
        times.push(cpu_ms() - started);
        let wanted = text("payload_hex");
        if repeat {
            let payloads = |found: Vec<Barcode>| found.into_iter().map(|b| b.payload.to_vec()).collect::<Vec<_>>();
            let first = payloads(read(&picture, effort));
            let alike = (1..20).filter(|_| payloads(read(&picture, effort)) == first).count() + 1;
            if alike < 20 {
                println!("{} read alike {alike} times of 20", text("file"));
            }
        }
        let right = found.iter().filter(|b| is(&b.payload, &wanted)).count();
        phantoms += found.len() - right;
        let right = right > 0;
        let entry = by_symbology.entry(text("symbology")).or_default();
        entry.0 += usize::from(right);
        entry.1 += 1;
        if verbose {
            println!("{} {} {right} {:.1} ms", text("file"), text("id"), times.last().copied().unwrap_or_default());
        }
    }
    times.sort_by(f64::total_cmp);
    let (right, all) = by_symbology.values().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    for (symbology, (right, all)) in &by_symbology {
        println!("{symbology:12} {right:4} of {all}");
    }
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!(
        "all          {right:4} of {all}; phantoms {phantoms}; median {:.1} ms, p95 {:.1} ms of processor",
        at(50),
        at(95)
    );
    Ok(())
}

fn effort(word: Option<&String>) -> Effort {
    match word.map(String::as_str) {
        Some("frame") => Effort::Frame,
        Some("full") => Effort::FullFrame,
        _ => Effort::Still,
    }
}

fn without_barcodes(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let effort = effort(arguments.get(2));
    let mut folders = vec![PathBuf::from(arguments.get(1).ok_or("which folder?")?)];
    let mut tally = Tally::default();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(picture) = decode(&std::fs::read(&path)?) {
                tally.look(&picture, effort, &path.display().to_string());
            }
        }
    }
    tally.print();
    Ok(())
}

#[derive(Default)]
struct Tally {
    times: Vec<f64>,
    phantoms: usize,
}

impl Tally {
    fn look(&mut self, picture: &LumaImage, effort: Effort, name: &str) {
        let started = cpu_ms();
        let found = read(picture, effort);
        self.times.push(cpu_ms() - started);
        self.phantoms += found.len();
        for barcode in found {
            println!("{name}: {} {}", barcode.symbology.name(), barcode.kind.name());
        }
    }

    fn print(&mut self) {
        self.times.sort_by(f64::total_cmp);
        let at = |share: usize| self.times.get(self.times.len() * share / 100).copied().unwrap_or_default();
        let mean = self.times.iter().sum::<f64>() / self.times.len().max(1) as f64;
        println!(
            "{} pictures, {} phantoms; mean {mean:.1} ms, median {:.1} ms, p95 {:.1} ms of processor",
            self.times.len(),
            self.phantoms,
            at(50),
            at(95)
        );
    }
}

/// Frames drawn from a seed: what a camera over a tray sees when no barcode lies there, and worse.
fn drawn(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let count: u32 = arguments.get(1).ok_or("how many?")?.parse()?;
    let first: u32 = arguments.get(2).map_or(Ok(1), |seed| seed.parse())?;
    let mut tally = Tally::default();
    for seed in first..first + count {
        let picture = draw(seed);
        let effort = if seed % 4 == 0 { Effort::FullFrame } else { Effort::Frame };
        tally.look(&picture, effort, &format!("seed {seed}"));
    }
    tally.print();
    if tally.phantoms > 0 { Err("barcodes were read where there are none".into()) } else { Ok(()) }
}

/// The same frames with both efforts: what a frame without a barcode costs.
fn cost(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let count: u32 = arguments.get(1).ok_or("how many?")?.parse()?;
    for (name, effort) in [("proposals", Effort::Frame), ("full pass", Effort::FullFrame)] {
        for (kind, draw) in [("a tray, noise", tray as fn(u32) -> LumaImage), ("everything at once", draw)] {
            let mut tally = Tally::default();
            (1..=count).for_each(|seed| tally.look(&draw(seed), effort, kind));
            print!("{name}, {kind}: ");
            tally.print();
        }
    }
    Ok(())
}

/// An empty tray with the light of a lamp and a sensor's noise.
fn tray(seed: u32) -> LumaImage {
    let mut state = seed;
    let pixels = (0..1280 * 960_u32).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (at % 1280, at / 1280);
        (70 + x / 32 + y / 48 + (state >> 29)) as u8
    });
    LumaImage { width: 1280, height: 960, pixels: pixels.collect() }
}

fn draw(seed: u32) -> LumaImage {
    const WIDTH: usize = 1280;
    const HEIGHT: usize = 960;
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut random = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state >> 8) * u64::from(below)) >> 24) as i32
    };
    let background = 90 + random(140);
    let mut pixels = vec![background as u8; WIDTH * HEIGHT];
    for _ in 0..6 + random(14) {
        // A patch of something regular: rulings, bars of random widths, checks, letters' worth of blobs.
        let (left, top) = (random(1_150), random(880));
        let (width, height) = (20 + random(500), 8 + random(220));
        let (kind, step, slant) = (random(5), 2 + random(14), random(7) - 3);
        let ink = random(120);
        let widths: Vec<i32> = (0..64).map(|_| 1 + random(4)).collect();
        let bars: Vec<bool> =
            widths.iter().enumerate().flat_map(|(n, w)| (0..w * step / 2 + 1).map(move |_| n % 2 == 0)).collect();
        let cells: Vec<bool> = (0..1024).map(|_| random(2) == 0).collect();
        for y in top..(top + height).min(HEIGHT as i32) {
            for x in left..(left + width).min(WIDTH as i32) {
                let (u, v) = (x - left + slant * (y - top) / 8, y - top - slant * (x - left) / 8);
                let inked = match kind {
                    0 => u.div_euclid(step) % 2 == 0,
                    1 => bars[u.rem_euclid(bars.len() as i32) as usize],
                    2 => (u.div_euclid(step) + v.div_euclid(step)) % 2 == 0,
                    3 => cells[(u.div_euclid(step) * 31 + v.div_euclid(step) * 57).rem_euclid(1024) as usize],
                    // Lines of letters: blobs with gaps.
                    _ => {
                        v.rem_euclid(3 * step) < 2 * step
                            && u.rem_euclid(2 * step) < step + step / 2
                            && cells[(u * 7 / step + v.div_euclid(2) * 13).rem_euclid(1024) as usize]
                    }
                };
                if inked {
                    pixels[y as usize * WIDTH + x as usize] = ink as u8;
                }
            }
        }
    }
    let noise = random(24) as u32;
    if noise > 0 {
        for pixel in &mut pixels {
            *pixel = (i32::from(*pixel) + random(noise) - noise as i32 / 2).clamp(0, 255) as u8;
        }
    }
    LumaImage { width: WIDTH, height: HEIGHT, pixels }
}

/// Milliseconds that this thread has run: other work on the machine does not count.
fn cpu_ms() -> f64 {
    // The kernel counts when it schedules; without this it is up to a tick behind.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

/// The truth of a seal may have been written as text: each byte a character, in UTF-8.
fn is(payload: &[u8], wanted: &str) -> bool {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let as_text: String = payload.iter().map(|b| char::from(*b)).collect();
    hex(payload) == wanted || hex(as_text.as_bytes()) == wanted
}
