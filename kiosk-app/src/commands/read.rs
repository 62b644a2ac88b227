//! `kiosk-app read`: picture files, one JSON object a line, in the order in which they were named.

use super::{DONE, NOT_ALL, USAGE, today};
use crate::clock::Clock;
use card_reader::contract::ReadLine;
use card_reader::date::Date;
use card_reader::ocr::{LumaImage, Stages};
use card_reader::picture::{self, MAX_FILE_BYTES, PictureError};
use card_reader::profiles;
use card_reader::still::{self, Still};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Reads pictures of documents.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// One JSON object a file, instead of text for people
    #[arg(long)]
    pub json: bool,
    /// Saves a picture of each stage of reading into this folder
    #[arg(long, value_name = "DIR")]
    pub stages: Option<PathBuf>,
    /// Reads the pictures that this table names and counts what is right: file, tab, lines joined by |
    #[arg(long, value_name = "TRUTH.tsv")]
    pub eval: Option<PathBuf>,
    /// Pictures (PNG, JPEG, TIFF, PNM, WebP)
    #[arg(value_name = "FILE", required_unless_present = "eval")]
    pub files: Vec<PathBuf>,
}

/// Reads all files. Lines go to `output`, what concerns the run as a whole to `notes`.
///
/// # Errors
/// `output` or `notes` failed.
pub fn run(arguments: &Arguments, clock: &Clock, mut output: impl Write, mut notes: impl Write) -> io::Result<u8> {
    if let Some(folder) = &arguments.stages
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        writeln!(notes, "The folder {} for the stages cannot be made: {error}", folder.display())?;
        return Ok(USAGE);
    }
    let truths = match arguments.eval.as_deref().map(read_truths).transpose() {
        Ok(truths) => truths.unwrap_or_default(),
        Err(sentence) => {
            writeln!(notes, "{sentence}")?;
            return Ok(USAGE);
        }
    };
    let mut run =
        Run { json: arguments.json, stages: arguments.stages.as_deref(), clock, today: today(clock), status: DONE };
    let mut tally = Tally::default();
    for truth in &truths {
        let outcome = run.file(&truth.name, &truth.path, &mut output)?;
        tally.count(truth, &outcome, &mut notes)?;
    }
    for file in &arguments.files {
        run.file(&file.to_string_lossy(), file, &mut output)?;
    }
    output.flush()?;
    if arguments.eval.is_some() {
        tally.print(&mut notes)?;
    }
    Ok(run.status)
}

struct Run<'a> {
    json: bool,
    stages: Option<&'a Path>,
    clock: &'a Clock,
    today: Date,
    status: u8,
}

/// What became of one file, for the tally.
enum Outcome {
    Still(Box<Still>, f64),
    Error,
}

impl Run<'_> {
    fn file(&mut self, name: &str, path: &Path, output: &mut impl Write) -> io::Result<Outcome> {
        let picture = match open(path) {
            Ok(picture) => picture,
            Err(why) => {
                self.status = NOT_ALL;
                self.line(&ReadLine::error(name, format!("{name} {why}")), output)?;
                return Ok(Outcome::Error);
            }
        };
        let started = self.clock.now();
        let still = match self.stages {
            None => still::read(&picture, profiles::builtin(), self.today),
            Some(folder) => {
                let mut saved = SavedStages { folder, stem: stem(path), clock: self.clock, at: 0, failed: None };
                let still = still::read_with(&picture, profiles::builtin(), self.today, &mut saved);
                if let Some(error) = saved.failed {
                    return Err(error);
                }
                still
            }
        };
        let ms = (self.clock.now() - started).as_secs_f64() * 1000.0;
        if !still.is_read() {
            self.status = NOT_ALL;
        }
        self.line(&ReadLine::of(name, &still, ms), output)?;
        Ok(Outcome::Still(Box::new(still), ms))
    }

    fn line(&self, line: &ReadLine, output: &mut impl Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *output, line)?;
            writeln!(output)?;
            // A caller that pipes sees each line as soon as its file is read.
            return output.flush();
        }
        for_people(&serde_json::to_value(line)?, output)
    }
}

fn open(path: &Path) -> Result<LumaImage, String> {
    let why = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user: check its permissions".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder: name the pictures in it".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let file = File::open(path).map_err(|e| why(&e))?;
    let mut bytes = Zeroizing::new(Vec::new());
    // One byte more than allowed tells a file that is too large, also where its length is unknown (a pipe).
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| why(&e))?;
    picture::decode(&bytes).map_err(|error: PictureError| error.to_string())
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `read --stages DIR`: each stage as `STEM-1-frame.png`.
struct SavedStages<'a> {
    folder: &'a Path,
    stem: String,
    clock: &'a Clock,
    at: usize,
    failed: Option<io::Error>,
}

impl Stages for SavedStages<'_> {
    fn now(&mut self) -> Duration {
        self.clock.now()
    }

    fn wants_pictures(&self) -> bool {
        true
    }

    fn stage(&mut self, name: &'static str, picture: &LumaImage, _took: Duration) {
        self.at += 1;
        let path = self.folder.join(format!("{}-{}-{name}.png", self.stem, self.at));
        let (Ok(width), Ok(height)) = (u32::try_from(picture.width), u32::try_from(picture.height)) else { return };
        if width == 0 || height == 0 {
            return;
        }
        let saved = image::save_buffer(&path, &picture.pixels, width, height, image::ExtendedColorType::L8);
        if let Err(error) = saved {
            self.failed.get_or_insert(io::Error::other(format!("{} cannot be written: {error}", path.display())));
        }
    }
}

/// One line of a table of truths.
struct Truth {
    name: String,
    path: PathBuf,
    lines: Vec<PersonalText>,
}

/// File, tab, lines joined by `|`; blank lines and lines that begin with `#` are left out.
fn read_truths(table: &Path) -> Result<Vec<Truth>, String> {
    let text = std::fs::read_to_string(table)
        .map_err(|error| format!("The table {} cannot be read: {error}", table.display()))?;
    let folder = table.parent().unwrap_or_else(|| Path::new(""));
    let mut truths = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let Some((file, lines)) = line.split_once('\t') else {
            return Err(format!("{}, line {}: there is no tab between file and lines", table.display(), number + 1));
        };
        let lines = lines.split('\t').next().unwrap_or_default();
        truths.push(Truth {
            name: file.to_owned(),
            path: folder.join(file),
            lines: lines.trim().split('|').map(PersonalText::from).collect(),
        });
    }
    Ok(truths)
}

/// How a run against a table went.
#[derive(Default)]
struct Tally {
    files: usize,
    exact: usize,
    accepted_wrong: usize,
    not_read: usize,
    guessed_exact: usize,
    errors: usize,
    times: Vec<f64>,
}

impl Tally {
    fn count(&mut self, truth: &Truth, outcome: &Outcome, notes: &mut impl Write) -> io::Result<()> {
        self.files += 1;
        let (still, ms) = match outcome {
            Outcome::Still(still, ms) => (still, *ms),
            Outcome::Error => {
                self.errors += 1;
                return Ok(());
            }
        };
        self.times.push(ms);
        match &still.zone {
            Ok((reading, _)) if reading.lines == truth.lines => self.exact += 1,
            Ok(_) => {
                self.accepted_wrong += 1;
                writeln!(notes, "accepted wrong: {}", truth.name)?;
            }
            Err(not_read) => {
                self.not_read += 1;
                let guessed = not_read.guess.as_ref().is_some_and(|guess| guess.lines == truth.lines);
                self.guessed_exact += usize::from(guessed);
            }
        }
        Ok(())
    }

    fn print(&mut self, notes: &mut impl Write) -> io::Result<()> {
        self.times.sort_by(f64::total_cmp);
        let at = |share: usize| self.times.get(self.times.len() * share / 100).copied().unwrap_or_default();
        writeln!(
            notes,
            "{} files: {} exact, {} accepted wrong, {} not read ({} of them guessed right), {} errors; \
             median {:.1} ms, p95 {:.1} ms",
            self.files,
            self.exact,
            self.accepted_wrong,
            self.not_read,
            self.guessed_exact,
            self.errors,
            at(50),
            at(95)
        )
    }
}

/// The members of a line that a person looks for.
fn for_people(line: &serde_json::Value, output: &mut impl Write) -> io::Result<()> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    match line["status"].as_str() {
        Some("read") => {
            writeln!(output, "{}: read in {} ms", text(&line["file"]), line["ms"])?;
            for row in line["mrz"]["lines"].as_array().into_iter().flatten() {
                writeln!(output, "  {}", text(row))?;
            }
            for check in line["mrz"]["checks"].as_array().into_iter().flatten() {
                writeln!(output, "  {:<21} {}", text(&check["field"]), text(&check["verdict"]))?;
            }
            for barcode in line["barcodes"].as_array().into_iter().flatten() {
                writeln!(
                    output,
                    "  barcode               {} ({})",
                    text(&barcode["symbology"]),
                    text(&barcode["kind"])
                )?;
            }
            for (name, value) in line["document"].as_object().into_iter().flatten().filter(|(_, v)| v.is_string()) {
                writeln!(output, "  {name:<21} {}", text(value))?;
            }
        }
        Some("not_read") => {
            let advice = line["advice"].as_str().map(|advice| format!(" (advice: {advice})")).unwrap_or_default();
            writeln!(output, "{}: not read, {}{advice}", text(&line["file"]), text(&line["reason"]))?;
        }
        _ => writeln!(output, "{}", text(&line["error"]))?,
    }
    writeln!(output)
}
