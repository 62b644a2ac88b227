//! `specimen [--count N] [--seed N] [--dpi N] [--view flatbed|camera|none|page] [--fonts DIR] OUT`: draws documents that
//! do not exist into the folder OUT, with `truth.tsv` (file, tab, the zone's rows joined by `|`).

use kiosk_tests::specimen::{DEFAULT_FOLDER, Fonts, Holder, Kind, Print, Specimen, draw, scene};
use std::path::PathBuf;
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
    /// `page` (as printed), `flatbed`, `camera`, or `none`: a camera picture without a zone.
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
    let fonts = Fonts::load(&arguments.fonts).map_err(|e| e.to_string())?;
    let out = &arguments.out;
    let cannot = |e: &dyn std::fmt::Display| format!("cannot write into {}: {e}", out.display());
    std::fs::create_dir_all(out).map_err(|e| cannot(&e))?;
    let mut truth = String::new();
    for seed in arguments.seed..arguments.seed + arguments.count {
        let kind = Kind::ALL[seed as usize % Kind::ALL.len()];
        let specimen = Specimen::of(kind, &Holder::made_up(kind, seed));
        let page = draw(&specimen, &fonts, &Print::varied(arguments.dpi, seed));
        let (picture, lines) = match arguments.view.as_str() {
            "page" => (page, specimen.lines.join("|")),
            "flatbed" => (scene::photograph(&page, &scene::View::flatbed(&page, seed)), specimen.lines.join("|")),
            "camera" => (scene::photograph(&page, &scene::View::camera(seed)), specimen.lines.join("|")),
            "none" => (scene::without_zone(&fonts, seed), String::new()),
            other => return Err(format!("--view {other}: page, flatbed, camera and none are known")),
        };
        let name = format!("{:05}-{}.png", seed, if lines.is_empty() { "none" } else { kind.name() });
        picture.save(out.join(&name)).map_err(|e| cannot(&e))?;
        truth += &format!("{name}\t{lines}\n");
    }
    std::fs::write(out.join("truth.tsv"), truth).map_err(|e| cannot(&e))
}
