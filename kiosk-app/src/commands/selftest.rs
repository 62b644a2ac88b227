//! `kiosk-app selftest`: every test of the technician's screen, from the command line.

use super::{DONE, NOT_ALL, USAGE};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_FILE};
use crate::devices;
use crate::diagnostics::Row;
use crate::verifier::Verifier;
use card_reader::reader::{Command, DeviceStatus, Event, Reader, ReaderHandle, SelfTestLevel};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

/// A device that is not ready by then is told as it is.
const READY_WITHIN: Duration = Duration::from_secs(6);
/// Its self-test must end within this.
const TESTED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Args)]
pub struct Arguments {
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

/// Runs every test. Exit status 0 only if all pass, 1 if one does not, 2 for a bad configuration.
///
/// # Errors
/// `out` cannot be written, or the system gives no thread.
pub fn run(arguments: &Arguments, clock: &Clock, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    let loaded = Config::load(&arguments.config).map_err(|e| e.to_string()).and_then(|config| {
        let verifier = Verifier::new(&config.service, &config.site.lane, &config.journal.dir, clock.clone());
        Ok((verifier.map_err(|e| e.to_string())?, config))
    });
    let (verifier, config) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            return Ok(USAGE);
        }
    };
    let mut rows = devices_tested(&config)?;
    // An answer of the service tells what our clock is worth.
    let answered = runtime()?.block_on(verifier.health()).is_ok();
    tracing::debug!(answered, "asked for the service's health");
    rows.extend(crate::selftest::all(&config, &verifier, None));
    if arguments.json {
        writeln!(out, "{}", as_json(&rows))?;
    } else {
        print(&rows, &mut out)?;
    }
    Ok(if rows.iter().all(|row| row.ok) { DONE } else { NOT_ALL })
}

/// `{"ok": …, "rows": [{"name", "ok", "facts", "must_act"}]}`
pub(super) fn as_json(rows: &[Row]) -> Value {
    let told: Vec<_> = rows
        .iter()
        .map(|r| json!({"name": r.name, "ok": r.ok, "facts": r.facts, "must_act": r.must_act.name()}))
        .collect();
    json!({"ok": rows.iter().all(|r| r.ok), "rows": told})
}

/// One line a row; who must act where something is wrong.
pub(super) fn print(rows: &[Row], mut out: impl Write) -> io::Result<()> {
    for row in rows {
        let state = if row.ok { "ok  " } else { "FAIL" };
        write!(out, "{state}  {:<12} {}", row.name, row.facts)?;
        let who = if row.ok { String::new() } else { format!("  [{}]", row.must_act.name()) };
        writeln!(out, "{who}")?;
    }
    Ok(())
}

/// Starts the configured devices and waits until each is ready or has had its time.
pub(super) fn opened(config: &Config) -> io::Result<(Opened, Vec<DeviceStatus>)> {
    let (handle, mut events) = Reader::start(devices::reader_config(config))?;
    let runtime = runtime()?;
    let settled = |handle: &ReaderHandle| handle.status().iter().all(|device| device.ready);
    runtime.block_on(async {
        let all = async { while !settled(&handle) && events.recv().await.is_some() {} };
        // Running out of time is an answer too: the status tells.
        let _ = tokio::time::timeout(READY_WITHIN, all).await;
    });
    let status = handle.status();
    Ok((Opened { handle, events, runtime }, status))
}

pub(super) struct Opened {
    pub(super) handle: ReaderHandle,
    events: Receiver<Event>,
    runtime: Runtime,
}

impl Opened {
    /// The next event, if one comes within `time`.
    pub(super) fn next(&mut self, time: Duration) -> Option<Event> {
        let events = &mut self.events;
        self.runtime.block_on(async { tokio::time::timeout(time, events.recv()).await.ok().flatten() })
    }
}

fn devices_tested(config: &Config) -> io::Result<Vec<Row>> {
    let (Opened { handle, mut events, runtime }, status) = opened(config)?;
    let mut rows = Vec::new();
    for device in status {
        handle.send(Command::SelfTest { device: device.device.clone(), level: SelfTestLevel::External });
        let report = runtime.block_on(async {
            let answer = async {
                while let Some(event) = events.recv().await {
                    if let Event::SelfTest { device: of, report } = event
                        && of == device.device
                    {
                        return Some(report);
                    }
                }
                None
            };
            tokio::time::timeout(TESTED_WITHIN, answer).await.ok().flatten()
        });
        rows.push(report.map_or_else(|| devices::row(&device), |report| devices::tested(&device.device, &report)));
    }
    Ok(rows)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
