//! Counts what the reader makes of drawn pictures: exact, refused, accepted wrong, and what it costs.
//!
//! Pictures are drawn and read in this process, one after the other or by several threads; each comes from its set and
//! seed alone, so that any can be had again. All names and numbers on them are made up.

use crate::specimen::{Faces, Picture, harsh, plain, zoneless};
use card_reader::ocr::{LumaImage, MrzReading, NotRead, read};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Which pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// With a zone, as a good kiosk sees them.
    Plain,
    /// With a zone, each under one condition at a random severity, up to unreadable.
    Harsh,
    /// Without a zone.
    None,
}

impl FromStr for Set {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(Self::Plain),
            "harsh" => Ok(Self::Harsh),
            "none" => Ok(Self::None),
            _ => Err("the sets are plain, harsh and none".to_owned()),
        }
    }
}

impl Set {
    /// The picture of a seed.
    #[must_use]
    pub fn picture(self, faces: &Faces, seed: u64) -> Picture {
        match self {
            Self::Plain => plain(faces, seed),
            Self::Harsh => harsh(faces, seed),
            Self::None => zoneless(faces, seed),
        }
    }
}

/// What became of one picture.
struct Sight {
    condition: &'static str,
    verdict: Verdict,
    /// Processor time of the reading thread, in milliseconds; what drawing took, alike.
    reading: f64,
    drawing: f64,
}

enum Verdict {
    Exact,
    Refused { reason: &'static str, guessed: bool },
    Wrong(Wrong),
}

/// An accepted reading that is not what is printed.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub seed: u64,
    pub condition: &'static str,
    pub expected: Vec<String>,
    pub read: Vec<String>,
    pub confidence: f32,
}

impl fmt::Display for Wrong {
    /// The rows, and below each a mark where they differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} ({}), least certain character {:.4}", self.seed, self.condition, self.confidence)?;
        for i in 0..self.expected.len().max(self.read.len()) {
            let row = |rows: &[String]| rows.get(i).cloned().unwrap_or_default();
            let (expected, read) = (row(&self.expected), row(&self.read));
            let marks: String = (0..expected.len().max(read.len()))
                .map(|c| if expected.as_bytes().get(c) == read.as_bytes().get(c) { ' ' } else { '^' })
                .collect();
            writeln!(f, "  printed {expected}\n  read    {read}")?;
            if !marks.trim().is_empty() {
                writeln!(f, "          {}", marks.trim_end())?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Group {
    pictures: usize,
    exact: usize,
    guessed: usize,
    refused: BTreeMap<&'static str, usize>,
    wrong: usize,
    reading: Vec<f64>,
}

impl Group {
    fn add(&mut self, sight: &Sight) {
        self.pictures += 1;
        self.reading.push(sight.reading);
        match &sight.verdict {
            Verdict::Exact => self.exact += 1,
            Verdict::Refused { reason, guessed } => {
                *self.refused.entry(reason).or_default() += 1;
                self.guessed += usize::from(*guessed);
            }
            Verdict::Wrong(_) => self.wrong += 1,
        }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let (median, p95) = (percentile(&self.reading, 0.5), percentile(&self.reading, 0.95));
        let mut refused: Vec<(&str, usize)> = self.refused.iter().map(|(r, n)| (*r, *n)).collect();
        refused.sort_by_key(|r| std::cmp::Reverse(r.1));
        let reasons: Vec<String> = refused.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
        writeln!(
            f,
            "{name:<24} {:>8} {:>8} {:>8} {:>8} {:>8} {median:>8.1} {p95:>8.1}  {}",
            self.pictures,
            self.exact,
            refused.iter().map(|r| r.1).sum::<usize>(),
            self.guessed,
            self.wrong,
            reasons.join(", ")
        )
    }
}

/// The counts of a run; [`fmt::Display`] is the table.
#[derive(Default)]
pub struct Tally {
    all: Group,
    groups: BTreeMap<&'static str, Group>,
    drawing: Vec<f64>,
    wrong: Vec<Wrong>,
}

impl Tally {
    fn add(&mut self, sight: Sight) {
        self.all.add(&sight);
        self.groups.entry(sight.condition).or_default().add(&sight);
        self.drawing.push(sight.drawing);
        if let Verdict::Wrong(wrong) = sight.verdict {
            self.wrong.push(wrong);
        }
    }

    #[must_use]
    pub const fn pictures(&self) -> usize {
        self.all.pictures
    }

    #[must_use]
    pub const fn exact(&self) -> usize {
        self.all.exact
    }

    /// All that was accepted wrong, in the order of seeds.
    #[must_use]
    pub fn wrong(&self) -> &[Wrong] {
        &self.wrong
    }

    /// Median milliseconds of processor time for drawing a picture.
    #[must_use]
    pub fn drawing(&self) -> f64 {
        percentile(&self.drawing, 0.5)
    }

    /// The share of wrong acceptances that is larger than the true one with 95 % confidence: 3 in n for none (the rule
    /// of three), else the Poisson bound by Wilson and Hilferty's approximation.
    #[must_use]
    pub fn bound(&self) -> f64 {
        let wrong = self.wrong.len() as f64;
        let most = if self.wrong.is_empty() {
            3.0
        } else {
            let k = wrong + 1.0;
            k * (1.0 - 1.0 / (9.0 * k) + 1.645 / (3.0 * k.sqrt())).powi(3)
        };
        most / self.all.pictures.max(1) as f64
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  refused because",
            "condition", "pictures", "exact", "refused", "guessed", "wrong", "ms p50", "ms p95"
        )?;
        for (name, group) in &self.groups {
            group.row(f, name)?;
        }
        self.all.row(f, "all")?;
        writeln!(
            f,
            "{} accepted wrong of {} pictures: with 95 % confidence fewer than {:.2} in 10,000",
            self.wrong.len(),
            self.pictures(),
            self.bound() * 1e4
        )?;
        for wrong in &self.wrong {
            write!(f, "accepted wrong: {wrong}")?;
        }
        Ok(())
    }
}

/// Draws and reads the pictures of the seeds from `first` on, on `jobs` threads. `progress` is told the count now and
/// then, and each wrong acceptance at once.
///
/// # Panics
/// A thread that draws or reads panicked.
pub fn measure(
    set: Set,
    faces: &Faces,
    first: u64,
    count: u64,
    jobs: usize,
    progress: &(dyn Fn(u64, Option<&Wrong>) + Sync),
) -> Tally {
    let next = AtomicU64::new(0);
    let work = || {
        let mut sights = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return sights;
            }
            let sight = sight(set, faces, first + at);
            let wrong = if let Verdict::Wrong(wrong) = &sight.verdict { Some(wrong) } else { None };
            if wrong.is_some() || (at + 1).is_multiple_of(1000) {
                progress(at + 1, wrong);
            }
            sights.push(sight);
        }
    };
    let sights = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked)))
            .collect::<Vec<_>>()
    });
    let mut tally = Tally::default();
    for sight in sights {
        tally.add(sight);
    }
    tally.wrong.sort_by_key(|w| w.seed);
    tally
}

fn sight(set: Set, faces: &Faces, seed: u64) -> Sight {
    let start = processor_time();
    let picture = set.picture(faces, seed);
    let (width, height) = (picture.pixels.width() as usize, picture.pixels.height() as usize);
    let image = LumaImage { width, height, pixels: picture.pixels.into_raw() };
    let drawn = processor_time();
    let result = read(&image);
    let done = processor_time();
    let milliseconds = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e3;
    Sight {
        condition: picture.condition,
        verdict: verdict(&result, seed, picture.condition, picture.lines),
        reading: milliseconds(drawn, done),
        drawing: milliseconds(start, drawn),
    }
}

fn verdict(result: &Result<MrzReading, NotRead>, seed: u64, condition: &'static str, expected: Vec<String>) -> Verdict {
    let rows = |lines: &card_reader::mrz::Lines| lines.iter().map(|l| l.expose(str::to_owned)).collect::<Vec<_>>();
    match result {
        Ok(reading) => {
            let read = rows(&reading.lines);
            if read == expected {
                Verdict::Exact
            } else {
                Verdict::Wrong(Wrong { seed, condition, expected, read, confidence: reading.confidence })
            }
        }
        Err(refused) => Verdict::Refused {
            reason: refused.reason.name(),
            guessed: refused.guess.as_ref().is_some_and(|guess| rows(&guess.lines) == expected),
        },
    }
}

/// Processor time of this thread so far: other programs on the machine do not count.
#[must_use]
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(0.0)
}
