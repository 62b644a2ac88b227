//! `kiosk-app devices`: the configured devices and whether they answer, what else is plugged in, and, watching, what they do.

use super::selftest::{self, Opened, as_json, print};
use super::{DONE, NOT_ALL, USAGE};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_FILE};
use crate::devices;
use crate::effect::{Entry, JournalEvent, MustAct};
use crate::journal::{Disk, JournalError};
use crate::kiosk::card_order;
use card_reader::devices as plugged;
use card_reader::profiles;
use card_reader::reader::{Accept, CardMove, Command, DeviceId, Event, PresentationNo, Reading};
use clap::Args;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
pub struct Arguments {
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Then read documents for so many seconds and tell what the devices do; nothing of what a document says is shown
    #[arg(long, value_name = "SECONDS")]
    watch: Option<u64>,
    /// Give back the card in this motorised reader
    #[arg(long, value_name = "NAME")]
    eject: Option<String>,
    /// Put the card in this motorised reader into its bin
    #[arg(long, value_name = "NAME", conflicts_with = "eject")]
    capture: Option<String>,
}

/// A motorised reader moves a card within this.
const MOVED_WITHIN: Duration = Duration::from_secs(22);

/// Opens every configured device and tells how it is. Exit status 0 if all of them answer, 1 if one does not, 2 for a bad
/// configuration. With a card to be moved: 0 if it was.
///
/// # Errors
/// `out` cannot be written, or the system gives no thread.
pub fn run(arguments: &Arguments, clock: &Clock, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            return Ok(USAGE);
        }
    };
    let order = match (&arguments.eject, &arguments.capture) {
        (Some(name), _) => Some((DeviceId(name.clone()), false)),
        (_, Some(name)) => Some((DeviceId(name.clone()), true)),
        _ => None,
    };
    if let Some((device, keep)) = order {
        // Without a record no document is kept. The lock on the journal also says that no kiosk runs, which has the port.
        let mut journal = match Journal::open(&config.journal.dir, clock) {
            Ok(journal) => journal,
            Err(error) => {
                writeln!(err, "kiosk-app: no card is moved: {error}")?;
                return Ok(NOT_ALL);
            }
        };
        let (mut opened, _) = selftest::opened(&config)?;
        return match move_card(&mut opened, &mut journal, (device, keep), clock, out) {
            Ok(status) => status,
            Err(error) => {
                writeln!(err, "kiosk-app: {error}")?;
                Ok(NOT_ALL)
            }
        };
    }
    let (mut opened, status) = selftest::opened(&config)?;
    let rows: Vec<_> = status.iter().map(devices::row).collect();
    if rows.is_empty() {
        writeln!(err, "kiosk-app: no device is configured; add a [readers.NAME] or [camera] table to kiosk.toml")?;
    }
    let (ports, cameras) = (plugged::serial_ports(), plugged::cameras());
    if arguments.json {
        let ports: Vec<_> = ports
            .iter()
            .map(|p| {
                json!({"path": p.path, "stable": p.stable, "usb": p.usb, "protocol": p.protocol, "problem": p.problem})
            })
            .collect();
        let cameras: Vec<_> = cameras
            .iter()
            .map(|c| json!({"path": c.path, "stable": c.stable, "name": c.name, "best": c.best, "note": c.note, "offers": c.offers, "problem": c.problem}))
            .collect();
        let mut told = as_json(&rows);
        told["ports"] = ports.into();
        told["cameras"] = cameras.into();
        writeln!(out, "{told}")?;
    } else {
        print(&rows, &mut out)?;
        for port in ports {
            let name = port.stable.unwrap_or(port.path);
            let usb = port.usb.map_or_else(String::new, |usb| format!("  {usb}"));
            let speaks = port.protocol.map_or_else(String::new, |name| format!(" (protocol = \"{name}\")"));
            let state = port.problem.as_deref().unwrap_or("usable");
            writeln!(out, "port    {}{usb}{speaks}  {state}", name.display())?;
        }
        for camera in cameras {
            let use_ = camera.best.or(camera.problem).unwrap_or_default();
            let note = camera.note.map_or_else(String::new, |note| format!("; {note}"));
            let path = camera.stable.unwrap_or(camera.path);
            writeln!(out, "camera  {}  {}  {use_}{note}", path.display(), camera.name)?;
        }
    }
    if let Some(seconds) = arguments.watch {
        watch(&mut opened, Duration::from_secs(seconds), clock, &mut out)?;
    }
    Ok(if rows.iter().all(|row| row.ok) { DONE } else { NOT_ALL })
}

/// The kiosk's journal, while no kiosk runs.
struct Journal<'a> {
    disk: Disk,
    clock: &'a Clock,
}

impl<'a> Journal<'a> {
    fn open(dir: &Path, clock: &'a Clock) -> Result<Self, JournalError> {
        Disk::open(dir, &clock.stamp().boot_id).map(|(disk, _)| Self { disk, clock })
    }

    fn write(&mut self, event: JournalEvent, cause: String) -> Result<(), JournalError> {
        let entry = Entry {
            event,
            visit: None,
            role: "technician",
            actor: None,
            cause: Some(cause),
            must_act: MustAct::Nobody,
        };
        self.disk.append(&entry, &self.clock.stamp()).map(drop)
    }
}

/// What was ordered is in the journal before the card moves, what became of it before the program ends.
fn move_card(
    opened: &mut Opened,
    journal: &mut Journal<'_>,
    (device, keep): (DeviceId, bool),
    clock: &Clock,
    mut out: impl Write,
) -> Result<io::Result<u8>, JournalError> {
    journal.write(JournalEvent::CardOrdered, card_order(&device, keep))?;
    opened.handle.send(if keep { Command::Capture { device } } else { Command::Eject { device } });
    let end = clock.now() + MOVED_WITHIN;
    while let Some(event) = opened.next(end.saturating_sub(clock.now())) {
        if let Event::Card { device, what, .. } = event {
            if what == CardMove::Captured {
                journal.write(JournalEvent::CardCaptured, device.0.clone())?;
            }
            let said = writeln!(out, "{}: the card is {}", device.0, what.name().replace('_', " "));
            return Ok(said.map(|()| DONE));
        }
    }
    let said = writeln!(out, "no card was moved; is there one inside, and is the name right?");
    Ok(said.map(|()| NOT_ALL))
}

/// Reads one document after the other, each under a number of its own.
fn watch(opened: &mut Opened, time: Duration, clock: &Clock, mut out: impl Write) -> io::Result<()> {
    let mut number = 1;
    let arm = |opened: &Opened, number| {
        opened.handle.send(Command::Arm { presentation: PresentationNo(number), accept: Accept::Documents });
    };
    writeln!(out, "watching for {} s: put documents down", time.as_secs())?;
    out.flush()?;
    arm(opened, number);
    let end = clock.now() + time;
    while let Some(event) = opened.next(end.saturating_sub(clock.now())) {
        if let Some(line) = told(&event) {
            writeln!(out, "{line}")?;
            out.flush()?;
        }
        match event {
            // What was read must go before the next is awaited, or it would be read again.
            Event::Removed { .. } => {
                number += 1;
                arm(opened, number);
            }
            Event::Ready { device, .. } => {
                opened.handle.send(Command::Join { device, presentation: PresentationNo(number) });
            }
            _ => {}
        }
    }
    Ok(())
}

/// An event as a line, without anything that a document says.
fn told(event: &Event) -> Option<String> {
    Some(match event {
        Event::Ready { device, identity } => format!("{}: ready, {identity}", device.0),
        Event::AnotherUnit { device } => format!("{}: another unit answers", device.0),
        Event::Lost { device, fault } => format!("{}: {}", device.0, devices::sentence(*fault)),
        Event::Degraded { device, fault: Some(fault) } => format!("{}: {}", device.0, devices::sentence(*fault)),
        Event::Degraded { device, fault: None } => format!("{}: well again", device.0),
        Event::Sensed { presentation } => format!("document {}: sensed", presentation.0),
        Event::Removed { presentation } => format!("document {}: gone", presentation.0),
        Event::Read { presentation, reading } => {
            let what = match reading {
                Reading::Zone(zone) if profiles::all_agree_or_covered(&zone.checks, &zone.deviations) => {
                    format!("zone {}, check digits agree", zone.format.name())
                }
                Reading::Zone(zone) => format!("zone {}, check digits disagree", zone.format.name()),
                Reading::Barcode(barcode) if barcode.whole => "barcode of a licence, whole".to_owned(),
                Reading::Barcode(_) => "barcode of a licence, not whole".to_owned(),
                Reading::BackupCode(_) => "backup code".to_owned(),
                Reading::Staff(_) => "badge".to_owned(),
            };
            format!("document {}: read, {what}", presentation.0)
        }
        Event::Witness { presentation, fusion } => {
            let what = match fusion.agrees() {
                Some(true) => "agrees with what was read",
                Some(false) => "DISAGREES with what was read",
                None => "says nothing of what was read",
            };
            format!("document {}: another code of it {what}", presentation.0)
        }
        Event::Failed { presentation, reason, .. } => {
            format!("document {}: not read, {}", presentation.0, reason.name().replace('_', " "))
        }
        Event::Card { device, what, .. } => format!("{}: card {}", device.0, what.name().replace('_', " ")),
        Event::Armed { .. }
        | Event::Disarmed { .. }
        | Event::Advice { .. }
        | Event::SelfTest { .. }
        | Event::DecoderFailed { .. } => return None,
    })
}
