//! `kiosk-app read`: picture files, one JSON object a line, in the order in which they were named.

use super::{DONE, NOT_ALL, USAGE, evaluate, today};
use crate::clock::Clock;
use card_reader::contract::ReadLine;
use card_reader::date::Date;
use card_reader::ocr::{self, LumaImage, MrzReading, NotRead, Stages};
use card_reader::picture::{self, MAX_FILE_BYTES, PictureError};
use card_reader::profiles;
use card_reader::seal::TrustStore;
use card_reader::still;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
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
    /// Reads the pictures that this table names and counts what is right, by folder: file, tab, lines joined by |
    /// (nothing where the picture has no zone)
    #[arg(long, value_name = "TRUTH.tsv", conflicts_with = "files")]
    pub eval: Option<PathBuf>,
    /// With --eval: names each picture that was not read exactly, and why
    #[arg(long, requires = "eval")]
    pub list: bool,
    /// With --eval: shows the rows of each picture that was not read exactly (they may be about a person)
    #[arg(long, requires = "eval")]
    pub rows: bool,
    /// Checks digital seals against the certificates in this folder, and tells (with --json, as `others`) whether
    /// barcodes and seals say the same as the zone
    #[arg(long, value_name = "DIR")]
    pub trust: Option<PathBuf>,
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
    let trust = match arguments.trust.as_deref().map(TrustStore::load).transpose() {
        Ok(trust) => trust,
        Err(error) => {
            writeln!(notes, "--trust: {error}")?;
            return Ok(USAGE);
        }
    };
    let mut run = Run {
        json: arguments.json,
        stages: arguments.stages.as_deref(),
        trust,
        clock,
        today: today(clock),
        status: DONE,
    };
    if let Some(table) = &arguments.eval {
        return evaluate::run(table, arguments, &mut run, output, notes);
    }
    for file in &arguments.files {
        run.file(&file.to_string_lossy(), file, &mut output)?;
    }
    output.flush()?;
    Ok(run.status)
}

pub(super) struct Run<'a> {
    json: bool,
    stages: Option<&'a Path>,
    trust: Option<TrustStore>,
    pub(super) clock: &'a Clock,
    today: Date,
    pub(super) status: u8,
}

/// What became of one file.
pub(super) enum Outcome {
    /// Its zone, and the milliseconds of this thread's processor that looking for it took.
    Zone(Result<MrzReading, NotRead>, f64),
    /// It is no picture: why, as a sentence that begins with the file's name.
    Error(String),
}

impl Run<'_> {
    /// Reads all that is on a file and prints its line.
    fn file(&mut self, name: &str, path: &Path, output: &mut impl Write) -> io::Result<Outcome> {
        let picture = match open(path) {
            Ok(picture) => picture,
            Err(why) => {
                self.status = NOT_ALL;
                let sentence = format!("{name} {why}");
                self.line(&ReadLine::error(name, sentence.clone()), output)?;
                return Ok(Outcome::Error(sentence));
            }
        };
        let started = self.clock.now();
        let (zone, ms_processor) = self.zone(path, &picture)?;
        let still = still::with_zone(&picture, still::parsed(zone.clone(), self.today), profiles::builtin());
        let ms = (self.clock.now() - started).as_secs_f64() * 1000.0;
        if !still.is_read() {
            self.status = NOT_ALL;
        }
        let mut line = ReadLine::of(name, &still, ms);
        // The contract's line is without it, unless it is asked for.
        if self.trust.is_some() || (!self.json && !still.barcodes.is_empty()) {
            let nobody = TrustStore::nobody();
            let trust = self.trust.as_ref().unwrap_or(&nobody);
            line = line.with_others(&still.others(profiles::builtin(), trust, self.today));
        }
        self.line(&line, output)?;
        Ok(Outcome::Zone(still.zone.map(|(reading, _)| reading), ms_processor))
    }

    /// [`Run::file`] without its line, its barcodes and its document.
    fn counted(&mut self, name: &str, path: &Path) -> io::Result<Outcome> {
        let picture = match open(path) {
            Ok(picture) => picture,
            Err(why) => {
                self.status = NOT_ALL;
                return Ok(Outcome::Error(format!("{name} {why}")));
            }
        };
        let (zone, ms) = self.zone(path, &picture)?;
        let zone = still::parsed(zone, self.today).map(|(reading, _)| reading);
        if zone.is_err() {
            self.status = NOT_ALL;
        }
        Ok(Outcome::Zone(zone, ms))
    }

    /// The file of a table of truths: with its line if lines are wanted.
    pub(super) fn evaluated(&mut self, name: &str, path: &Path, output: &mut impl Write) -> io::Result<Outcome> {
        if self.json { self.file(name, path, output) } else { self.counted(name, path) }
    }

    fn zone(&self, path: &Path, picture: &LumaImage) -> io::Result<(Result<MrzReading, NotRead>, f64)> {
        let before = self.clock.processor_time();
        let zone = match self.stages {
            None => ocr::read(picture),
            Some(folder) => {
                let mut saved = SavedStages { folder, stem: stem(path), clock: self.clock, at: 0, failed: None };
                let zone = ocr::read_with(picture, &mut saved);
                if let Some(error) = saved.failed {
                    return Err(error);
                }
                zone
            }
        };
        Ok((zone, self.clock.processor_time().saturating_sub(before).as_secs_f64() * 1000.0))
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
            for seal in line["others"]["seals"].as_array().into_iter().flatten() {
                writeln!(output, "  seal                  {}", text(seal))?;
            }
            match line["others"]["agrees"].as_bool() {
                Some(true) => writeln!(output, "  barcode and zone      agree")?,
                Some(false) => {
                    let fields: Vec<String> =
                        line["others"]["disagreements"].as_array().into_iter().flatten().map(text).collect();
                    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
                    writeln!(output, "  barcode and zone      DISAGREE{fields}")?;
                }
                None => {}
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
