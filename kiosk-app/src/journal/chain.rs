//! Re-derives the chain of a journal and says where it is broken.

use super::record::{FIRST_PREVIOUS, Record};
use super::{MAX_LINE, segments};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The file with the last head that the service acknowledged.
pub const HEAD_FILE: &str = "journal-head";

/// The end of a chain: what a heartbeat carries. `SEQ:HASH` as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: String,
}

impl Head {
    /// Before the first line.
    #[must_use]
    pub fn empty() -> Self {
        Self { seq: 0, hash: FIRST_PREVIOUS.to_owned() }
    }

    /// Reads `SEQ:HASH`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.trim().split_once(':')?;
        let whole = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        Some(Self { seq: seq.parse().ok()?, hash: whole.then(|| hash.to_owned())? })
    }

    /// The head that the service acknowledged last, if any.
    #[must_use]
    pub fn acknowledged(dir: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(dir.join(HEAD_FILE)).ok()?)
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line follows from the one before. `against` is the head that was looked for and found.
    Whole {
        head: Head,
        against: Option<Head>,
    },
    Broken {
        segment: PathBuf,
        line: u64,
        cause: String,
    },
}

/// Checks every line from the first segment on, and that `head` (else the acknowledged one) is in the chain.
///
/// # Errors
/// The folder or a segment cannot be read.
pub fn verify(dir: &Path, head: Option<Head>) -> std::io::Result<Verdict> {
    verify_until(dir, head, u64::MAX)
}

/// The same up to line `until`: a journal that is being written has a last line that may not be whole yet.
///
/// # Errors
/// The folder or a segment cannot be read.
pub fn verify_until(dir: &Path, head: Option<Head>, until: u64) -> std::io::Result<Verdict> {
    let wanted = head.or_else(|| Head::acknowledged(dir));
    let mut last = Head::empty();
    let mut met = wanted.as_ref().is_none_or(|wanted| *wanted == last);
    'journal: for (expected, segment) in (1..).zip(segments(dir)?) {
        let broken = |line, cause: &str| Verdict::Broken { segment: segment.clone(), line, cause: cause.to_owned() };
        if super::segment_number(&segment) != Some(expected) {
            return Ok(broken(0, &format!("segment {expected} is missing before it")));
        }
        let mut lines = Lines::open(&segment)?;
        while let Some(line) = lines.read()? {
            if last.seq >= until {
                break 'journal;
            }
            let number = lines.number;
            let Some(line) = line else {
                return Ok(broken(number, "it has no end (a torn line, or longer than 4096 bytes)"));
            };
            match Record::check(&line, &last.hash, last.seq + 1) {
                Ok(record) => last = Head { seq: record.seq, hash: record.hash },
                Err(cause) => return Ok(broken(number, cause)),
            }
            match &wanted {
                Some(wanted) if wanted.seq == last.seq && wanted.hash != last.hash => {
                    return Ok(broken(number, "it is not the line that the service acknowledged (another hash)"));
                }
                Some(wanted) if wanted.seq == last.seq => met = true,
                _ => {}
            }
        }
    }
    if let Some(wanted) = &wanted
        && !met
    {
        let segment = segments(dir)?.pop().unwrap_or_else(|| dir.to_owned());
        let cause = format!("the journal ends at {}, but {} was acknowledged: lines are missing", last.seq, wanted.seq);
        return Ok(Verdict::Broken { segment, line: 0, cause });
    }
    Ok(Verdict::Whole { head: last, against: wanted })
}

/// Lines of a segment with a bound on their length.
pub(super) struct Lines {
    file: BufReader<std::fs::File>,
    /// Of the line given last; from 1.
    pub(super) number: u64,
}

impl Lines {
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: BufReader::with_capacity(64 * 1024, std::fs::File::open(path)?), number: 0 })
    }

    /// The next line without its newline; `Some(None)` if it does not end within the bound.
    pub(super) fn read(&mut self) -> std::io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE + 1).unwrap_or(u64::MAX);
        if self.file.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((line.pop() == Some(b'\n')).then_some(line)))
    }
}
