//! `kiosk-app config check [FILE]`: is the configuration right, and are the files it names there and good.

use super::{DONE, NOT_ALL};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_FILE};
use crate::diagnostics::Row;
use crate::selftest;
use crate::verifier::Verifier;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Look at the file and at every file it names: exit status 0 if all is well, 1 if not
    Check {
        file: Option<PathBuf>,
        #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
        config: PathBuf,
    },
}

/// Runs the command. Nothing is asked of the network or the devices: that is `selftest`.
///
/// # Errors
/// `out` cannot be written.
pub fn run(arguments: &Arguments, clock: &Clock, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    let What::Check { file, config } = &arguments.what;
    let file = file.as_ref().unwrap_or(config);
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            return Ok(NOT_ALL);
        }
    };
    let wrong: Vec<Row> = looked_at(&config, clock).into_iter().filter(|row| !row.ok).collect();
    for row in &wrong {
        writeln!(err, "kiosk-app: {}", row.facts)?;
    }
    if wrong.is_empty() {
        writeln!(out, "{}: all is well", file.display())?;
        return Ok(DONE);
    }
    Ok(NOT_ALL)
}

fn looked_at(config: &Config, clock: &Clock) -> Vec<Row> {
    let verifier = Verifier::new(&config.service, &config.site.lane, &config.journal.dir, clock.clone());
    let service = match verifier {
        Ok(verifier) => [Some(selftest::certificate(&verifier)), selftest::log(&verifier)],
        Err(error) => {
            let (facts, must_act) = (error.to_string(), crate::effect::MustAct::Technician);
            [Some(Row { name: "certificate".to_owned(), facts, ok: false, must_act }), None]
        }
    };
    let files = [
        selftest::fonts(config),
        selftest::disk(&config.journal.dir),
        selftest::outbox(config),
        selftest::technician(config),
        selftest::documents(config),
    ];
    service.into_iter().flatten().chain(files).collect()
}
