//! `kiosk-app journal verify|export|tail [DIR]`: is the journal whole, all of it, its end.

use super::{DONE, NOT_ALL, USAGE};
use crate::config::Config;
use crate::journal::{Head, Verdict, segments, verify};
use clap::{Args, Subcommand};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Re-derive every hash: exit status 0 if the journal is whole, 1 if not
    Verify {
        /// The line that must be in it; without it, the last one that the service acknowledged
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Print every entry, one JSON object a line
    Export {
        #[command(flatten)]
        place: Place,
    },
    /// Print the newest entries
    Tail {
        #[arg(long, default_value_t = 20, value_name = "N")]
        lines: usize,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Place {
    /// The journal's folder; without it, that of the configuration
    dir: Option<PathBuf>,
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// `out` cannot be written.
pub fn run(arguments: &Arguments, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    let (What::Verify { place, .. } | What::Export { place } | What::Tail { place, .. }) = &arguments.what;
    let dir = match place.dir() {
        Ok(dir) => dir,
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            return Ok(USAGE);
        }
    };
    if !dir.is_dir() {
        writeln!(err, "kiosk-app: {}: there is no such folder; name the journal's folder", dir.display())?;
        return Ok(USAGE);
    }
    match &arguments.what {
        What::Verify { head, .. } => {
            let wanted = match head.as_deref().map(Head::parse) {
                Some(None) => {
                    writeln!(err, "kiosk-app: --head must be SEQ:HASH, a number and 64 lower-case hex digits")?;
                    return Ok(USAGE);
                }
                Some(wanted) => wanted,
                None => None,
            };
            verified(&dir, wanted, out, err)
        }
        What::Export { .. } => {
            for segment in segments(&dir)? {
                io::copy(&mut std::fs::File::open(segment)?, &mut out)?;
            }
            Ok(DONE)
        }
        What::Tail { lines, .. } => {
            for line in newest(&dir, *lines)? {
                writeln!(out, "{line}")?;
            }
            Ok(DONE)
        }
    }
}

fn verified(dir: &Path, wanted: Option<Head>, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    match verify(dir, wanted)? {
        Verdict::Whole { head, against } => {
            writeln!(out, "whole: {} entries, head {head}", head.seq)?;
            match against {
                Some(against) => writeln!(out, "checked against {against}; a cut after that cannot be seen")?,
                None => writeln!(out, "no acknowledged head to check against: a cut at the end cannot be seen")?,
            }
            Ok(DONE)
        }
        Verdict::Broken { segment, line, cause } => {
            writeln!(err, "broken: {}, line {line}: {cause}", segment.display())?;
            Ok(NOT_ALL)
        }
    }
}

fn newest(dir: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for segment in segments(dir)?.into_iter().rev() {
        let lines: Vec<String> = BufReader::new(std::fs::File::open(segment)?).lines().map_while(Result::ok).collect();
        found.splice(0..0, lines);
        if found.len() >= count {
            break;
        }
    }
    Ok(found.split_off(found.len().saturating_sub(count)))
}

impl Place {
    fn dir(&self) -> Result<PathBuf, crate::config::ConfigError> {
        match &self.dir {
            Some(dir) => Ok(dir.clone()),
            None => Ok(Config::load(&self.config)?.journal.dir),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, run};
    use crate::effect::JournalEvent;
    use crate::journal::record::tests::{entry, stamp};
    use crate::journal::{Disk, segments};
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn ran(words: &[&str]) -> (u8, String, String) {
        let line = Line::try_parse_from([&["journal"], words].concat()).unwrap_or_else(|e| panic!("{e}"));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&line.arguments, &mut out, &mut err).expect("writes");
        (status, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
    }

    #[test]
    fn verify_export_and_tail_do_what_they_say() {
        let folder = tempfile::tempdir().expect("folder");
        let dir = folder.path().to_str().expect("text").to_owned();
        let (mut disk, _) = Disk::open(folder.path(), "boot").expect("opens");
        for n in 0..5 {
            disk.append(&entry(JournalEvent::DeviceReady), &stamp(n)).expect("appends");
        }
        let head = disk.head().to_string();
        drop(disk);
        let (status, out, _) = ran(&["verify", &dir]);
        assert_eq!(status, 0);
        assert!(out.starts_with("whole: 5 entries") && out.contains("a cut at the end cannot be seen"), "{out}");
        assert_eq!(ran(&["verify", "--head", &head, &dir]).0, 0);
        assert_eq!(ran(&["verify", "--head", "5:zz", &dir]).0, 2);
        let (_, exported, _) = ran(&["export", &dir]);
        assert_eq!(exported.lines().count(), 5);
        let (_, tail, _) = ran(&["tail", "--lines", "2", &dir]);
        assert!(exported.ends_with(&tail) && tail.lines().count() == 2);
        let segment = &segments(folder.path()).expect("listed")[0];
        std::fs::write(segment, exported.replacen("device_ready", "device_lost", 1)).expect("written");
        let (status, _, err) = ran(&["verify", &dir]);
        assert_eq!(status, 1);
        assert!(err.contains("journal-000001.jsonl, line 1: its hash does not follow"), "{err}");
        assert_eq!(ran(&["verify", "/nowhere"]).0, 2);
    }
}
