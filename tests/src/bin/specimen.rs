//! `specimen [--count N] [--seed N] [--dpi N] [--view page|flatbed|camera|plain|harsh|none] [--fonts DIR] OUT`: draws documents that
//! do not exist into the folder OUT, with `truth.tsv` (file, tab, the zone's rows joined by `|`).

use image::DynamicImage;
use kiosk_tests::measure::Set;
use kiosk_tests::specimen::{DEFAULT_FOLDER, Faces, Fonts, Holder, Kind, Print, Specimen, draw, scene};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Parser)]
#[command(about = "Draws documents that do not exist")]
struct Arguments {
    /// How many pictures.
    #[arg(long, default_value_t = 14)]
    count: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Resolution of the print.
    #[arg(long, default_value_t = 300.0)]
    dpi: f32,
    /// `page` (as printed), `flatbed`, `camera`; or, as `measure-zone` measures them, `plain`, `harsh` and `none` (without
    /// a zone).
    #[arg(long, default_value = "page")]
    view: String,
    /// Folder of the fonts, laid out as Debian's.
    #[arg(long, default_value = DEFAULT_FOLDER)]
    fonts: PathBuf,
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = <Arguments as clap::Parser>::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let out = &arguments.out;
    let cannot = |e: &dyn std::fmt::Display| format!("cannot write into {}: {e}", out.display());
    std::fs::create_dir_all(out).map_err(|e| cannot(&e))?;
    let mut truth = String::new();
    let mut draw = drawer(&arguments.view, arguments.dpi, &arguments.fonts)?;
    for seed in arguments.seed..arguments.seed + arguments.count {
        let (picture, name, lines) = draw(seed);
        let name = format!("{seed:05}-{}.png", name.replace([' ', ','], "-"));
        picture.save(out.join(&name)).map_err(|e| cannot(&e))?;
        truth += &format!("{name}\t{}\n", lines.join("|"));
    }
    std::fs::write(out.join("truth.tsv"), truth).map_err(|e| cannot(&e))
}

/// A picture, what to call it, and the rows of its zone.
type Drawn = (DynamicImage, &'static str, Vec<String>);

/// What draws the picture of a seed.
fn drawer(view: &str, dpi: f32, folder: &Path) -> Result<Box<dyn FnMut(u64) -> Drawn>, String> {
    if let Ok(set) = view.parse::<Set>() {
        let faces = Faces::load(folder).map_err(|e| e.to_string())?;
        return Ok(Box::new(move |seed| {
            let picture = set.picture(&faces, seed);
            (picture.pixels.into(), picture.condition, picture.lines)
        }));
    }
    let fonts = Fonts::load(folder).map_err(|e| e.to_string())?;
    let page = move |seed: u64| {
        let kind = Kind::ALL[seed as usize % Kind::ALL.len()];
        let specimen = Specimen::of(kind, &Holder::made_up(kind, seed));
        (draw(&specimen, &fonts, &Print::varied(dpi, seed)), kind.name(), specimen.lines)
    };
    match view {
        "page" => Ok(Box::new(move |seed| {
            let (page, name, lines) = page(seed);
            (page.into(), name, lines)
        })),
        "flatbed" => Ok(Box::new(move |seed| {
            let (page, name, lines) = page(seed);
            (scene::photograph(&page, &scene::View::flatbed(&page, seed)).into(), name, lines)
        })),
        "camera" => Ok(Box::new(move |seed| {
            let (page, name, lines) = page(seed);
            (scene::photograph(&page, &scene::View::camera(seed)).into(), name, lines)
        })),
        other => Err(format!("--view {other}: page, flatbed, camera, plain, harsh and none are known")),
    }
}
