//! `kiosk-demo`: the project in two minutes. With a display, a kiosk to play with; without, four visits and their
//! pictures.

use clap::Parser;
use kiosk_tests::demo::{Wanted, run};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows the inspection kiosk with made-up people, a simulated scanner and a throw-away record service.
#[derive(Parser)]
struct Line {
    /// Walk through four visits on a virtual display, even if there is a real one
    #[arg(long)]
    headless: bool,
    /// Folder for the pictures of the four visits
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

fn main() -> ExitCode {
    let line = Line::parse();
    match run(&Wanted { headless: line.headless, pictures: line.pictures }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}
