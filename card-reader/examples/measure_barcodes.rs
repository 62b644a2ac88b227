//! How many barcodes of a folder of pictures are read right, and what it costs.
//!
//! `cargo run --release -p card-reader --example measure_barcodes -- FOLDER [frame|full|still] [-v]`, where
//! `FOLDER/truth.jsonl` holds `{"file", "symbology", "payload_hex"}` a line. A picture is right if one of its barcodes has
//! the payload of the truth; a *phantom* is a barcode whose payload is not the truth's.

use card_reader::barcode::{Effort, read};
use card_reader::picture::decode;
use std::collections::BTreeMap;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(arguments.first().ok_or("which folder?")?);
    let effort = match arguments.get(1).map(String::as_str) {
        Some("frame") => Effort::Frame,
        Some("full") => Effort::FullFrame,
        _ => Effort::Still,
    };
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

/// Milliseconds that this thread has run: other work on the machine does not count.
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

/// The truth of a seal may have been written as text: each byte a character, in UTF-8.
fn is(payload: &[u8], wanted: &str) -> bool {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let as_text: String = payload.iter().map(|b| char::from(*b)).collect();
    hex(payload) == wanted || hex(as_text.as_bytes()) == wanted
}
