//! What happened at this kiosk: append-only, hash-chained, on the disk before it is acknowledged.
//!
//! Segments `journal-000001.jsonl`, … of 64 MiB hold one JSON object a line ([`record`]); [`chain`] re-derives the hashes
//! and says where a journal is broken; [`disk`] appends, recovers a torn tail and keeps a reserve for the last words;
//! [`writer`] is the thread through which the kiosk writes. Never a name, number, date of birth or code.

pub mod chain;
pub mod disk;
pub mod record;
#[cfg(test)]
mod tests;
pub mod writer;

pub use chain::{Head, Verdict, verify};
pub use disk::{Disk, JournalError, Opened};
pub use record::Record;
pub use writer::Writer;

use std::path::{Path, PathBuf};

/// A line longer than this is not written, and not believed when read.
pub const MAX_LINE: usize = 4096;

/// The segments of a journal in their order.
///
/// # Errors
/// The folder cannot be listed.
pub fn segments(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if segment_number(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// 1 for `journal-000001.jsonl`.
fn segment_number(path: &Path) -> Option<u32> {
    let digits = path.file_name()?.to_str()?.strip_prefix("journal-")?.strip_suffix(".jsonl")?;
    (digits.len() == 6).then(|| digits.parse().ok()).flatten()
}

fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("journal-{number:06}.jsonl"))
}
