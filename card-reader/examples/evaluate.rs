//! `evaluate [--list] [--stages DIR] TRUTH.tsv`: reads every picture that a truth file names and counts.
//!
//! A truth file has a line for each picture: file (relative to the truth file), tab, the zone's lines joined by `|`;
//! a picture without a zone has nothing behind the tab. Prints, for each folder and in all: pictures, exact, accepted
//! wrong, and the milliseconds of processor time a picture
//! takes (median, 95th percentile; one thread; other programs on the machine do not count).

use card_reader::ocr::{LumaImage, Stages, read, read_with};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Count {
    pictures: usize,
    exact: usize,
    wrong: usize,
    milliseconds: Vec<f64>,
}

impl Count {
    fn print(&mut self, name: &str) {
        self.milliseconds.sort_by(f64::total_cmp);
        let at = |share: f64| self.milliseconds[((self.milliseconds.len() - 1) as f64 * share) as usize];
        println!(
            "{name:<14} {:>4} pictures  {:>4} exact  {:>3} accepted wrong  {:>6.1} ms median  {:>6.1} ms p95",
            self.pictures,
            self.exact,
            self.wrong,
            at(0.5),
            at(0.95)
        );
    }
}

fn main() -> ExitCode {
    let mut list = false;
    let mut stages = None;
    let mut truth = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(a) = arguments.next() {
        match a.as_str() {
            "--list" => list = true,
            "--stages" => stages = arguments.next().map(PathBuf::from),
            _ => truth = Some(PathBuf::from(a)),
        }
    }
    let Some(truth) = truth else {
        eprintln!("usage: evaluate [--list] [--stages DIR] TRUTH.tsv");
        return ExitCode::from(2);
    };
    match evaluate(&truth, list, stages.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn evaluate(truth: &Path, list: bool, stages: Option<&Path>) -> Result<(), String> {
    let text = std::fs::read_to_string(truth).map_err(|e| format!("cannot read {}: {e}", truth.display()))?;
    let folder = truth.parent().unwrap_or(Path::new("."));
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.is_empty()) {
        let (name, expected) = line.split_once('\t').unwrap_or((line, ""));
        let picture = image::open(folder.join(name)).map_err(|e| format!("{name}: {e}"))?.into_luma8();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let image = LumaImage::new(width, height, picture.into_raw()).ok_or("a picture without its pixels")?;
        if let Some(dir) = stages {
            drop(read_with(&image, &mut Folder { dir: dir.join(name.replace('/', "-")), start: now() }));
        }
        let before = processor_milliseconds();
        let result = read(&image);
        let milliseconds = processor_milliseconds() - before;
        let (got, confidence, outcome) = match &result {
            Ok(r) => (joined(&r.lines), lowest(&r.characters), "read".to_owned()),
            Err(n) => {
                let guess = n.guess.as_ref();
                (
                    guess.map_or(String::new(), |g| joined(&g.lines)),
                    guess.map_or(0.0, |g| lowest(&g.characters)),
                    n.reason.name().to_owned(),
                )
            }
        };
        let (exact, wrong) = (result.is_ok() && got == expected, result.is_ok() && got != expected);
        let group = Path::new(name).parent().map_or(String::new(), |p| p.display().to_string());
        for group in [group, "all".to_owned()] {
            let count = counts.entry(group).or_default();
            count.pictures += 1;
            count.exact += usize::from(exact);
            count.wrong += usize::from(wrong);
            count.milliseconds.push(milliseconds);
        }
        if wrong || (list && !exact) {
            println!(
                "{} {name}: {outcome}, lowest {confidence:.3}\n  {expected}\n  {got}",
                if wrong { "WRONG" } else { "     " }
            );
        }
    }
    for (name, count) in &mut counts {
        count.print(name);
    }
    Ok(())
}

/// Processor time of this thread so far (Linux's scheduler statistics; 0 where there are none).
fn processor_milliseconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

fn joined(lines: &[verification_api::personal::PersonalText]) -> String {
    lines.iter().map(|l| l.expose(str::to_owned)).collect::<Vec<_>>().join("|")
}

fn lowest(characters: &[Vec<f32>]) -> f32 {
    characters.iter().flatten().copied().fold(1.0, f32::min)
}

#[expect(clippy::disallowed_methods, reason = "a measuring program is a shell: it may ask the clock")]
fn now() -> Instant {
    Instant::now()
}

/// Writes the pictures of the stages.
struct Folder {
    dir: PathBuf,
    start: Instant,
}

impl Stages for Folder {
    fn now(&mut self) -> Duration {
        self.start.elapsed()
    }

    fn wants_pictures(&self) -> bool {
        true
    }

    fn stage(&mut self, name: &'static str, picture: &LumaImage, took: Duration) {
        let saved = std::fs::create_dir_all(&self.dir).map_err(|e| e.to_string()).and_then(|()| {
            image::save_buffer(
                self.dir.join(format!("{name}.png")),
                &picture.pixels,
                picture.width as u32,
                picture.height as u32,
                image::ExtendedColorType::L8,
            )
            .map_err(|e| e.to_string())
        });
        match saved {
            Ok(()) => println!("{} {name} {:.1} ms", self.dir.display(), took.as_secs_f64() * 1e3),
            Err(e) => println!("{}: {e}", self.dir.display()),
        }
    }
}
