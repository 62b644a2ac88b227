//! `kiosk-app devices`: what is plugged in, and whether it answers.

use super::selftest::{self, print};
use super::{DONE, NOT_ALL, USAGE};
use crate::config::{Config, DEFAULT_FILE};
use crate::devices;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

/// Opens every configured device and tells how it is. Exit status 0 if all of them answer, 1 if one does not, 2 for a bad
/// configuration.
///
/// # Errors
/// `out` cannot be written, or the system gives no thread.
pub fn run(arguments: &Arguments, out: impl Write, mut err: impl Write) -> io::Result<u8> {
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            return Ok(USAGE);
        }
    };
    let rows: Vec<_> = selftest::opened(&config)?.1.iter().map(devices::row).collect();
    if rows.is_empty() {
        writeln!(err, "kiosk-app: no device is configured; add a [readers.NAME] or [camera] table to kiosk.toml")?;
    }
    print(&rows, arguments.json, out)?;
    Ok(if rows.iter().all(|row| row.ok) { DONE } else { NOT_ALL })
}
