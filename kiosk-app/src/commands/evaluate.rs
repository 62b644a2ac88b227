//! `kiosk-app read --eval TRUTH.tsv`: pictures whose zones are known, and how many are read as they are.
//!
//! A table has a line for each picture: its file (relative to the table), a tab, the zone's rows joined by `|`, nothing
//! behind the tab where the picture has no zone; blank lines and lines that begin with `#` are left out. The counts name
//! no person; rows are shown only if they are asked for.

use super::read::{Arguments, Outcome, Run};
use super::{NOT_ALL, USAGE};
use card_reader::mrz::Lines;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use verification_api::personal::PersonalText;

/// Reads the pictures of a table. The counts go to `output`; with `--json`, whose lines go there, to `notes`.
///
/// # Errors
/// `output` or `notes` failed.
pub(super) fn run(
    table: &Path,
    arguments: &Arguments,
    run: &mut Run<'_>,
    mut output: impl Write,
    mut notes: impl Write,
) -> io::Result<u8> {
    let bytes = match std::fs::read(table) {
        Ok(bytes) => bytes,
        Err(error) => {
            writeln!(notes, "The table {} cannot be read: {error}", table.display())?;
            return Ok(USAGE);
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut tally = Tally::default();
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let Some(truth) = Truth::of(line, table) else {
            run.status = NOT_ALL;
            tally.errors += 1;
            writeln!(
                notes,
                "{}, line {}: there is no tab between the file and the rows of its zone",
                table.display(),
                number + 1
            )?;
            continue;
        };
        let outcome = run.evaluated(&truth.name, &truth.path, &mut output)?;
        tally.count(&truth, &outcome, arguments, &mut notes)?;
    }
    output.flush()?;
    if arguments.json {
        tally.print(&mut notes)?
    } else {
        tally.print(&mut output)?
    }
    Ok(run.status)
}

/// One line of a table.
struct Truth {
    name: String,
    path: PathBuf,
    /// None on a picture without a zone.
    lines: Vec<PersonalText>,
}

impl Truth {
    fn of(line: &str, table: &Path) -> Option<Self> {
        let (file, lines) = line.split_once('\t')?;
        let lines = lines.split('\t').next().unwrap_or_default().trim();
        Some(Self {
            name: file.to_owned(),
            path: table.parent().unwrap_or_else(|| Path::new("")).join(file),
            lines: lines.split('|').filter(|l| !l.is_empty()).map(PersonalText::from).collect(),
        })
    }

    fn folder(&self) -> String {
        Path::new(&self.name).parent().map(|p| p.display().to_string()).filter(|p| !p.is_empty()).unwrap_or(".".into())
    }
}

/// How a run against a table went: by folder, and in all.
#[derive(Default)]
struct Tally {
    folders: BTreeMap<String, Counts>,
    all: Counts,
    /// Lines that name no picture.
    errors: usize,
}

#[derive(Default)]
struct Counts {
    pictures: usize,
    exact: usize,
    /// Accepted with any character wrong, or where there is no zone.
    accepted_wrong: usize,
    not_read: usize,
    guessed_exact: usize,
    /// Pictures without a zone that were taken for none.
    without_zone: usize,
    errors: usize,
    /// Milliseconds of processor time, of each picture.
    times: Vec<f64>,
}

impl Tally {
    fn count(
        &mut self,
        truth: &Truth,
        outcome: &Outcome,
        arguments: &Arguments,
        notes: &mut impl Write,
    ) -> io::Result<()> {
        let verdict = Verdict::of(truth, outcome);
        self.folders.entry(truth.folder()).or_default().add(&verdict, outcome);
        self.all.add(&verdict, outcome);
        let name = &truth.name;
        let (sentence, seen) = match (&verdict, outcome) {
            (_, Outcome::Error(sentence)) => (sentence.clone(), None),
            (Verdict::Wrong(characters), Outcome::Zone(Ok(reading), _)) if truth.lines.is_empty() => (
                format!("{name}: accepted wrong: {characters} characters where there is no zone"),
                Some(&reading.lines),
            ),
            (Verdict::Wrong(characters), Outcome::Zone(Ok(reading), _)) => {
                (format!("{name}: accepted wrong: {characters} characters differ"), Some(&reading.lines))
            }
            (Verdict::NotRead { guessed }, Outcome::Zone(Err(refused), _)) if arguments.list || arguments.rows => {
                let guess = if *guessed { ", but guessed right" } else { "" };
                let rows = refused.guess.as_ref().map(|guess| &guess.lines);
                (format!("{name}: not read: {}{guess}", refused.reason.name()), rows)
            }
            _ => return Ok(()),
        };
        writeln!(notes, "{sentence}")?;
        if arguments.rows {
            show(&truth.lines, "printed", notes)?;
            seen.map_or(Ok(()), |lines| show(lines, "seen", notes))?;
        }
        Ok(())
    }

    fn print(&mut self, to: &mut impl Write) -> io::Result<()> {
        writeln!(
            to,
            "{:<24} {:>8} {:>7} {:>7} {:>9} {:>9} {:>8} {:>7} {:>8} {:>8}",
            "folder", "pictures", "exact", "wrong", "not read", "(guessed)", "no zone", "errors", "ms p50", "ms p95"
        )?;
        for (folder, counts) in &mut self.folders {
            counts.row(folder, to)?;
        }
        self.all.errors += self.errors;
        self.all.row("all", to)?;
        let peak = peak_memory().map_or("unknown".to_owned(), |megabytes| format!("{megabytes} MB"));
        writeln!(to, "ms: processor time of one thread, from decoded pixels to the zone. Peak memory: {peak}")
    }
}

enum Verdict {
    Exact,
    /// How many characters differ.
    Wrong(usize),
    NotRead {
        guessed: bool,
    },
    WithoutZone,
    Error,
}

impl Verdict {
    fn of(truth: &Truth, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Error(_) => Self::Error,
            Outcome::Zone(Ok(reading), _) if reading.lines == truth.lines => Self::Exact,
            Outcome::Zone(Ok(reading), _) => Self::Wrong(differing(&reading.lines, &truth.lines)),
            Outcome::Zone(Err(_), _) if truth.lines.is_empty() => Self::WithoutZone,
            Outcome::Zone(Err(refused), _) => {
                Self::NotRead { guessed: refused.guess.as_ref().is_some_and(|guess| guess.lines == truth.lines) }
            }
        }
    }
}

impl Counts {
    fn add(&mut self, verdict: &Verdict, outcome: &Outcome) {
        self.pictures += 1;
        match verdict {
            Verdict::Exact => self.exact += 1,
            Verdict::Wrong(_) => self.accepted_wrong += 1,
            Verdict::NotRead { guessed } => {
                self.not_read += 1;
                self.guessed_exact += usize::from(*guessed);
            }
            Verdict::WithoutZone => self.without_zone += 1,
            Verdict::Error => self.errors += 1,
        }
        if let Outcome::Zone(_, ms) = outcome {
            self.times.push(*ms);
        }
    }

    fn row(&mut self, name: &str, to: &mut impl Write) -> io::Result<()> {
        self.times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            self.times.get((self.times.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or_default()
        };
        writeln!(
            to,
            "{name:<24} {:>8} {:>7} {:>7} {:>9} {:>9} {:>8} {:>7} {:>8.1} {:>8.1}",
            self.pictures,
            self.exact,
            self.accepted_wrong,
            self.not_read,
            self.guessed_exact,
            self.without_zone,
            self.errors,
            at(0.5),
            at(0.95)
        )
    }
}

/// Characters that differ, a missing or an additional one counted too.
fn differing(read: &Lines, printed: &[PersonalText]) -> usize {
    let joined = |lines: &[PersonalText]| lines.iter().map(|l| l.expose(str::to_owned)).collect::<Vec<_>>();
    let (read, printed) = (joined(read), joined(printed));
    (0..read.len().max(printed.len()))
        .map(|i| {
            let row = |lines: &[String]| lines.get(i).map(String::as_bytes).unwrap_or_default().to_vec();
            let (a, b) = (row(&read), row(&printed));
            (0..a.len().max(b.len())).filter(|&c| a.get(c) != b.get(c)).count()
        })
        .sum()
}

fn show(lines: &[PersonalText], what: &str, to: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| line.expose(|text| writeln!(to, "  {what:<8}{text}")))
}

/// Most memory that this process ever had, in megabytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1000)
}
