//! `kiosk-app devices`: the configured devices and whether they answer, and what else is plugged in.

use super::selftest::{self, as_json, print};
use super::{DONE, NOT_ALL, USAGE};
use crate::config::{Config, DEFAULT_FILE};
use crate::devices;
use card_reader::devices as plugged;
use clap::Args;
use serde_json::json;
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
pub fn run(arguments: &Arguments, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
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
    let (ports, cameras) = (plugged::serial_ports(), plugged::cameras());
    if arguments.json {
        let ports: Vec<_> =
            ports.iter().map(|p| json!({"path": p.path, "stable": p.stable, "problem": p.problem})).collect();
        let cameras: Vec<_> = cameras
            .iter()
            .map(|c| json!({"path": c.path, "name": c.name, "best": c.best, "offers": c.offers, "problem": c.problem}))
            .collect();
        let mut told = as_json(&rows);
        told["ports"] = ports.into();
        told["cameras"] = cameras.into();
        writeln!(out, "{told}")?;
    } else {
        print(&rows, &mut out)?;
        for port in ports {
            let name = port.stable.unwrap_or(port.path);
            writeln!(out, "port    {}  {}", name.display(), port.problem.as_deref().unwrap_or("usable"))?;
        }
        for camera in cameras {
            let use_ = camera.best.or(camera.problem).unwrap_or_default();
            writeln!(out, "camera  {}  {}  {use_}", camera.path.display(), camera.name)?;
        }
    }
    Ok(if rows.iter().all(|row| row.ok) { DONE } else { NOT_ALL })
}
