//! Inside the virtual machine: one reader handle over real device nodes, commanded by lines.

use super::film::Film;
use crate::harness::wait::pause;
use crate::harness::{OrTrouble, Outcome, Trouble};
use card_reader::camera::format::Encoding;
use card_reader::camera::light::Switch;
use card_reader::reader::{
    Accept, CameraConfig, CameraSource, Command, Event, PresentationNo, Reader, ReaderConfig, ReaderHandle, Reading,
    SerialConfig, SerialProtocol,
};
use card_reader::serial::synm;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Where the frames to be filmed are.
const PICTURES: &str = "/pictures";

/// Every command.
///
/// ```text
/// cable NAME PORT          keep /dev/kiosk/NAME at whatever tty the USB port PORT has
/// reader DEVICE…           start a reader over serial ports KIND:NAME and cameras camera:NODE[:CONTROL=ON,OFF]
/// arm N | disarm | stop    of that reader
/// preview W H | preview off
/// shown                    size and mean grey of the newest preview
/// facts                    what each device's status says
/// do PROGRAM ARGUMENTS     run it; its output comes as lines that begin with >
/// control NODE VALUE NAME  set a control of a camera
/// ntsc NODE                set a camera's standard to NTSC: 30000/1001 frames a second
/// film NODE ENCODING       film an empty tray into a v4l2loopback; film off
/// show NAME                lay a picture under it, or the `tray`
/// quit
/// ```
pub fn serve(commands: impl BufRead) -> Outcome {
    let mut guest = Guest::default();
    say("! hello");
    for line in commands.lines() {
        let line = line.or_trouble(|| "the line from outside is gone")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["quit"] {
            return Ok(());
        }
        match guest.obey(&words) {
            Ok(()) => say("= ok"),
            Err(trouble) => say(&format!("= error: {trouble}")),
        }
    }
    Ok(())
}

/// One line, whole, whichever thread says it.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the machine is about to be stopped.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

#[derive(Default)]
struct Guest {
    cables: Option<Cables>,
    reader: Option<ReaderHandle>,
    film: Option<Film>,
}

impl Guest {
    fn obey(&mut self, words: &[&str]) -> Outcome {
        match words {
            ["cable", name, port] => self.cables.get_or_insert_with(Cables::watch).lay(name, port),
            ["reader", devices @ ..] => self.start(devices)?,
            ["arm", number] => {
                let presentation = PresentationNo(number.parse().or_trouble(|| "a number is needed")?);
                self.tell(Command::Arm { presentation, accept: Accept::Documents })?;
            }
            ["disarm"] => self.tell(Command::Disarm)?,
            ["stop"] => self.reader = None,
            ["preview", "off"] => self.tell(Command::Preview { size: None })?,
            ["preview", width, height] => {
                let number = |text: &str| text.parse().or_trouble(|| "a size is needed");
                self.tell(Command::Preview { size: Some((number(width)?, number(height)?)) })?;
            }
            ["shown"] => self.shown()?,
            ["facts"] => {
                for status in self.reader()?.status() {
                    say(&format!("> {} {} | {}", status.device.0, status.identity, status.facts));
                }
            }
            ["do", program, arguments @ ..] => run(program, arguments)?,
            ["control", node, value, name @ ..] => control(node, value, &name.join(" "))?,
            ["ntsc", node] => standard_ntsc(Path::new(node))?,
            ["film", "off"] => self.film = None,
            ["film", node, encoding] => {
                let encoding = Encoding::ALL.into_iter().find(|known| known.name() == *encoding);
                let encoding = encoding.or_trouble(|| "no such encoding")?;
                // The old one lets go of the node first.
                self.film = None;
                pause(Duration::from_millis(300));
                self.film = Some(Film::start(Path::new(node), encoding, Path::new(PICTURES))?);
            }
            ["show", picture] => {
                self.film.as_ref().or_trouble(|| "nothing is filmed")?.show(Path::new(PICTURES), picture)?;
            }
            _ => return Err(Trouble(format!("what is “{}”?", words.join(" ")))),
        }
        Ok(())
    }

    fn reader(&self) -> Outcome<&ReaderHandle> {
        self.reader.as_ref().or_trouble(|| "no reader runs")
    }

    fn tell(&self, command: Command) -> Outcome {
        self.reader()?.send(command);
        Ok(())
    }

    fn start(&mut self, devices: &[&str]) -> Outcome {
        self.reader = None;
        // Without hardware acceleration a decoder takes ten times as long.
        let patient = Duration::from_secs(30);
        let mut config = ReaderConfig { try_limit: patient, decode_limit: patient, ..ReaderConfig::default() };
        for device in devices {
            let (kind, place) = device.split_once(':').or_trouble(|| "KIND:NAME is needed")?;
            if kind == "camera" {
                config.cameras.push(camera(place)?);
                continue;
            }
            let path = format!("/dev/kiosk/{place}");
            config.serial.push(match kind {
                "elyctis" => SerialConfig::elyctis(place, path),
                "honeywell" => SerialConfig::new(place, path, SerialProtocol::synm(synm::Maker::Honeywell)),
                "ssi" => SerialConfig::new(place, path, SerialProtocol::ssi()),
                "crt571" => SerialConfig::new(place, path, SerialProtocol::crt571()),
                _ => return Err(Trouble(format!("no such protocol: {kind}"))),
            });
        }
        let (reader, events) = Reader::start(config).or_trouble(|| "no reader")?;
        self.reader = Some(reader);
        std::thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || tell_all(events))
            .or_trouble(|| "no thread")
            .map(drop)
    }

    fn shown(&self) -> Outcome {
        let preview = self.reader()?.preview();
        let frame = preview.borrow().clone().or_trouble(|| "no preview")?;
        let sum: u64 = frame.rgba.chunks_exact(4).map(|pixel| u64::from(pixel[1])).sum();
        say(&format!("> {}x{} {}", frame.width, frame.height, sum * 4 / frame.rgba.len().max(1) as u64));
        Ok(())
    }
}

/// `NODE` or `NODE:CONTROL=ON,OFF`, the control with `_` for blanks.
fn camera(place: &str) -> Outcome<CameraConfig> {
    let (node, infrared) = match place.split_once(':') {
        None => (place, None),
        Some((node, control)) => {
            let (name, values) = control.split_once('=').or_trouble(|| "CONTROL=ON,OFF is needed")?;
            let (on, off) = values.split_once(',').or_trouble(|| "ON,OFF is needed")?;
            let number = |text: &str| text.parse().or_trouble(|| "a value is needed");
            (node, Some(Switch::Control { name: name.replace('_', " "), on: number(on)?, off: number(off)? }))
        }
    };
    Ok(CameraConfig { infrared, ..CameraConfig::new("camera", CameraSource::Node(node.into())) })
}

/// What is read is printed: nobody who is on these cards exists.
fn tell_all(mut events: Receiver<Event>) {
    while let Some(event) = events.blocking_recv() {
        say(&match event {
            Event::Ready { device, identity } => format!("! ready {} {identity}", device.0),
            Event::AnotherUnit { device } => format!("! another {}", device.0),
            Event::Lost { device, fault } => format!("! lost {} {}", device.0, fault.name()),
            Event::Degraded { device, fault } => {
                format!("! degraded {} {}", device.0, fault.map_or("well", card_reader::reader::Fault::name))
            }
            Event::DecoderFailed { device, decoder, how } => {
                format!("! decoder {} {} {how:?}", device.0, decoder.name())
            }
            Event::Armed { presentation } => format!("! armed {}", presentation.0),
            Event::Disarmed { presentation } => format!("! disarmed {}", presentation.0),
            Event::Sensed { presentation } => format!("! sensed {}", presentation.0),
            Event::Removed { presentation } => format!("! removed {}", presentation.0),
            Event::Read { presentation, reading: Reading::Zone(zone) } => {
                let rows: Vec<String> = zone.lines.iter().map(|row| row.expose(ToOwned::to_owned)).collect();
                format!("! read {} {}", presentation.0, rows.join("|"))
            }
            Event::Read { presentation, .. } => format!("! read {} another", presentation.0),
            Event::Witness { presentation, fusion } => format!("! witness {} {:?}", presentation.0, fusion.agrees()),
            Event::Failed { presentation, reason, .. } => format!("! failed {} {}", presentation.0, reason.name()),
            Event::Card { device, what, .. } => format!("! card {} {}", device.0, what.name()),
            Event::Advice { .. } | Event::SelfTest { .. } => continue,
        });
    }
}

fn run(program: &str, arguments: &[&str]) -> Outcome {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .or_trouble(|| format!("{program} does not run"))?;
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().for_each(|line| say(&format!("> {line}")));
    say(&format!("> exit {}", output.status.code().unwrap_or(-1)));
    Ok(())
}

fn control(node: &str, value: &str, name: &str) -> Outcome {
    let device = v4l::Device::with_path(node).or_trouble(|| format!("{node} does not open"))?;
    let controls = device.query_controls().or_trouble(|| "no controls")?;
    let found = controls.iter().find(|control| control.name == name);
    let names = || controls.iter().map(|control| control.name.as_str()).collect::<Vec<_>>().join(", ");
    let id = found.or_trouble(|| format!("no “{name}” among {}", names()))?.id;
    let value = v4l::control::Value::Integer(value.parse().or_trouble(|| "a value is needed")?);
    device.set_control(v4l::control::Control { id, value }).or_trouble(|| format!("{name} is not set"))
}

/// `VIDIOC_S_STD`, which the library does not have.
#[expect(
    unsafe_code,
    reason = "one system call that no library wraps; the kernel reads eight bytes that live long enough"
)]
fn standard_ntsc(node: &Path) -> Outcome {
    /// `_IOW('V', 24, v4l2_std_id)`.
    const SET_STANDARD: u64 = 0x4008_5618;
    /// NTSC M of the kernel's `videodev2.h`.
    const NTSC_M: u64 = 0x1000;
    let device = v4l::Device::with_path(node).or_trouble(|| "the node does not open")?;
    let mut standard = NTSC_M;
    // SAFETY: the request reads one v4l2_std_id, a u64, from the pointer, which points to one.
    unsafe { v4l::v4l2::ioctl(device.handle().fd(), SET_STANDARD, std::ptr::from_mut(&mut standard).cast()) }
        .or_trouble(|| "the standard is not set")
}

/// Stable names for ttys, as udev rules give them on a real machine: by the USB port that each is plugged into.
struct Cables {
    laid: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Cables {
    fn watch() -> Self {
        let laid = Arc::new(Mutex::new(BTreeMap::new()));
        let watched = Arc::clone(&laid);
        std::thread::spawn(move || {
            let mut known = BTreeMap::new();
            loop {
                let cables: BTreeMap<String, String> = watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
                for (port, name) in cables {
                    let tty = tty_at(&port);
                    if known.get(&port) != Some(&tty) {
                        let link = Path::new("/dev/kiosk").join(&name);
                        let _ = fs::remove_file(&link);
                        if let Some(tty) = &tty {
                            let _ = std::os::unix::fs::symlink(Path::new("/dev").join(tty), &link);
                        }
                        say(&format!("! node {name} {}", tty.as_deref().unwrap_or("gone")));
                        known.insert(port, tty);
                    }
                }
                pause(Duration::from_millis(20));
            }
        });
        Self { laid }
    }

    fn lay(&self, name: &str, port: &str) {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner).insert(port.to_owned(), name.to_owned());
    }
}

/// The tty of the adapter in a USB port: its path in the system's tree of devices has a part like `1-PORT:1.0`.
fn tty_at(port: &str) -> Option<String> {
    let ttys = fs::read_dir("/sys/class/tty").ok()?;
    let wanted = format!("-{port}:");
    ttys.flatten().find_map(|tty| {
        let name = tty.file_name().into_string().ok().filter(|name| name.starts_with("ttyUSB"))?;
        let place = tty.path().join("device").canonicalize().ok()?;
        let here = place.components().any(|part| part.as_os_str().to_string_lossy().contains(&wanted));
        // The node is there a moment later than its entry.
        (here && Path::new("/dev").join(&name).exists()).then_some(name)
    })
}
