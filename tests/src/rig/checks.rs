//! What the rig asserts, one line each.

use super::film::{self, SIZE, TRAY};
use super::machine::{Machine, Parts};
use crate::harness::wait::{now, pause};
use crate::harness::{OrTrouble, Outcome, Trouble};
use crate::sim::{Act, Model, Protocol, Simulator};
use crate::specimen::{DEFAULT_FOLDER, Fonts, Holder, Kind, Print, Specimen, draw as print, scene};
use card_reader::camera::format::Encoding;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The example of ICAO Doc 9303-5, and a TD3 of 9303-4.
const CARD: [&str; 3] =
    ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

/// What is filmed, in which encoding: the kinds of documents by name of their picture.
const FILMED: [(&str, Kind, Encoding); 4] = [
    ("passport", Kind::Passport, Encoding::Yuyv),
    ("resident-card", Kind::ResidentCard, Encoding::Nv12),
    ("large-card", Kind::LargeCard, Encoding::Grey),
    ("employment-card", Kind::EmploymentCard, Encoding::Mjpeg),
];

const SOON: Duration = Duration::from_secs(15);
/// `reliability.md` §1.
const LOSS_TOLD: Duration = Duration::from_secs(1);
const CAMERA_NAMED: Duration = Duration::from_secs(2);
/// What an emulated processor and the lines around it add.
const EMULATION: Duration = Duration::from_millis(600);
/// Reopening, 2 s of rest after opening a USB reader, drain, identify.
const ELYCTIS_READY: Duration = Duration::from_secs(4);
const SCANNER_READY: Duration = Duration::from_secs(2);

/// Draws the documents that are filmed into `folder`, each with its rows in a text file beside it.
///
/// # Errors
/// No fonts, or the folder cannot be written.
pub fn draw(folder: &Path) -> Outcome {
    let fonts = Fonts::load(Path::new(DEFAULT_FOLDER)).or_trouble(|| "no fonts")?;
    for (seed, (name, kind, encoding)) in (1..).zip(FILMED) {
        let specimen = specimen(kind, seed);
        let page = print(&specimen, &fonts, &Print::default());
        let view = scene::View {
            width: SIZE.0,
            height: SIZE.1,
            turn: 4.0,
            lean: (0.02, -0.03),
            fill: 0.75,
            blur: 0.6,
            noise: 2.0,
            contrast: 0.9,
            shade: 0.1,
            desk: 70,
            ..scene::View::camera(seed)
        };
        let picture = scene::photograph(&page, &view);
        film::write_tray(folder, encoding)?;
        film::write(folder, name, encoding, &picture)?;
    }
    Ok(())
}

fn specimen(kind: Kind, seed: u64) -> Specimen {
    Specimen::of(kind, &Holder::made_up(kind, seed))
}

/// Runs every check in a fresh machine and prints a line for each; whether all passed.
///
/// # Errors
/// The machine does not start.
pub fn run(parts: &Parts, folder: &Path) -> Outcome<bool> {
    let begun = now();
    let sims: Vec<Simulator> = LINES
        .iter()
        .map(|(name, protocol)| Simulator::start(*protocol, &folder.join(name), Model::default()))
        .collect::<Result<_, _>>()
        .or_trouble(|| "no pseudo-terminal")?;
    let terminals: Vec<_> = LINES.iter().zip(&sims).map(|((name, _), sim)| (*name, sim.path().to_owned())).collect();
    let machine = Machine::start(parts, folder, &terminals)?;
    let mut rig = Rig { machine, sims, begun, step: now(), passed: 0, failed: 0 };
    println!("ok      {:6.1} s  the machine runs", now().duration_since(begun).as_secs_f32());
    rig.serial();
    rig.webcam();
    rig.filmed();
    let Rig { passed, failed, .. } = rig;
    let took = now().duration_since(begun).as_secs_f32();
    println!("{}  {passed} passed, {failed} failed, {took:.0} s", if failed == 0 { "PASSED" } else { "FAILED" });
    Ok(failed == 0)
}

struct Rig {
    machine: Machine,
    /// Scanner, slot reader, motorised reader.
    sims: Vec<Simulator>,
    begun: Instant,
    step: Instant,
    passed: u32,
    failed: u32,
}

/// The simulated readers, each behind the adapter of its name.
const LINES: [(&str, Protocol); 3] =
    [("scanner", Protocol::Honeywell), ("slot", Protocol::Elyctis), ("motor", Protocol::Crt571)];
/// Places in it.
const SCANNER: usize = 0;
const SLOT: usize = 1;
const MOTOR: usize = 2;

impl Rig {
    /// Runs a check and prints what became of it.
    fn check(&mut self, what: &str, check: impl FnOnce(&mut Self) -> Outcome<String>) {
        self.step = now();
        let outcome = check(self);
        let at = now().duration_since(self.begun).as_secs_f32();
        match outcome {
            Ok(detail) => {
                self.passed += 1;
                let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
                println!("ok      {at:6.1} s  {what}{detail}");
            }
            Err(trouble) => {
                self.failed += 1;
                println!("FAILED  {at:6.1} s  {what}: {trouble}");
            }
        }
        let _ = std::io::Write::flush(&mut std::io::stdout());
    }

    fn hear(&mut self, wanted: &str) -> Outcome<(String, Instant)> {
        self.machine.hear(wanted, SOON, |line| line.starts_with(&format!("! {wanted}")))
    }

    /// Waits for a line, and that it came soon enough after `since`.
    fn within(&mut self, wanted: &str, since: Instant, limit: Duration) -> Outcome<String> {
        let (_, at) = self.hear(wanted)?;
        let took = at.saturating_duration_since(since);
        if took > limit {
            return Err(Trouble(format!("“{wanted}” came after {took:?}, not within {limit:?}")));
        }
        Ok(format!("{wanted} after {} ms", took.as_millis()))
    }

    fn ask(&mut self, command: &str) -> Outcome<Vec<String>> {
        self.machine.ask(command)
    }

    fn arm(&mut self, number: u32) -> Outcome {
        self.machine.forget();
        self.ask(&format!("arm {number}"))?;
        self.hear(&format!("armed {number}")).map(drop)
    }

    /// Pulls the adapter of a simulated reader out, and tells when. Its line is quiet meanwhile: QEMU 7.2 itself falls over
    /// if a byte arrives in the turn of its loop in which a `usb-serial` is taken away (`usb_wakeup` without a bus).
    fn pull_out(&mut self, sim: usize) -> Outcome<Instant> {
        self.sims[sim].act(Act::Hang);
        pause(Duration::from_millis(200));
        let start = now();
        self.machine.unplug(LINES[sim].0)?;
        self.sims[sim].act(Act::Wake);
        Ok(start)
    }

    /// A document put into a simulated reader is read, character by character as it is printed.
    fn reads(&mut self, sim: usize, number: u32, rows: &[&str]) -> Outcome<String> {
        self.arm(number)?;
        let start = now();
        self.sims[sim].insert(rows);
        let (line, at) = self.hear("read ")?;
        let wanted = format!("! read {number} {}", rows.join("|"));
        if line != wanted {
            return Err(Trouble(format!("read “{line}” instead of “{wanted}”")));
        }
        self.sims[sim].remove();
        Ok(format!("{} characters, {} ms", rows.concat().len(), at.saturating_duration_since(start).as_millis()))
    }

    fn serial(&mut self) {
        self.check("serial: ftdi_sio gives a tty to each adapter that is plugged in", |rig| {
            let mut nodes = String::new();
            for (port, name) in ["scanner", "slot", "motor"].into_iter().enumerate() {
                let port = (port + 1).to_string();
                rig.ask(&format!("cable {name} {port}"))?;
                rig.hear(&format!("node {name} gone"))?;
                rig.machine.plug(name, &port)?;
                let (line, _) = rig.hear(&format!("node {name} ttyUSB"))?;
                let _ = write!(nodes, "{} ", line.trim_start_matches("! node "));
            }
            Ok(nodes.trim_end().to_owned())
        });
        self.check("serial: three readers behind it are identified and configured by one handle", |rig| {
            rig.machine.forget();
            rig.ask("reader honeywell:scanner elyctis:slot crt571:motor")?;
            let mut ready = Vec::new();
            for _ in 0..3 {
                let (line, _) = rig.hear("ready")?;
                ready.push(line.trim_start_matches("! ready ").to_owned());
            }
            ready.sort();
            let names: Vec<&str> = ready.iter().filter_map(|line| line.split(' ').next()).collect();
            if names == ["motor", "scanner", "slot"] { Ok(ready.join("; ")) } else { Err(Trouble(ready.join("; "))) }
        });
        self.check("serial: a card in the slot reader is read", |rig| rig.reads(SLOT, 1, &CARD));
        self.check("serial: a passport at the scanner is read", |rig| rig.reads(SCANNER, 2, &PASSPORT));
        self.check("serial: the motorised reader takes a card in and holds it out again", |rig| {
            rig.arm(3)?;
            rig.sims[MOTOR].insert(&CARD);
            rig.hear("sensed 3")?;
            rig.ask("disarm")?;
            rig.hear("card motor offered")?;
            rig.sims[MOTOR].remove();
            Ok(String::new())
        });
        self.check("serial: the scanner's adapter is pulled out while it is armed: the loss is told in time", |rig| {
            rig.arm(4)?;
            let start = rig.pull_out(SCANNER)?;
            rig.within("lost scanner not_reachable", start, LOSS_TOLD)
        });
        self.check("serial: the other readers go on meanwhile", |rig| {
            rig.sims[SLOT].insert(&CARD);
            let wanted = format!("! read 4 {}", CARD.join("|"));
            let (line, _) = rig.hear("read 4")?;
            rig.sims[SLOT].remove();
            if line == wanted { Ok(String::new()) } else { Err(Trouble(line)) }
        });
        self.check("serial: plugged in again it is ready in time, and not armed by itself", |rig| {
            // Armed, lost, and back.
            rig.machine.plug("scanner", "1")?;
            rig.hear("ready scanner")?;
            rig.arm(5)?;
            rig.pull_out(SCANNER)?;
            rig.hear("lost scanner")?;
            let start = now();
            rig.machine.plug("scanner", "1")?;
            let took = rig.within("ready scanner", start, SCANNER_READY)?;
            rig.sims[SCANNER].insert(&PASSPORT);
            let heard = rig.machine.quiet_for(Duration::from_secs(1));
            rig.sims[SCANNER].remove();
            match heard.iter().find(|line| line.starts_with("! read ") || line.starts_with("! armed")) {
                Some(line) => Err(Trouble(format!("“{line}” although nobody armed it"))),
                None => Ok(took),
            }
        });
        self.check("serial: armed anew it reads", |rig| rig.reads(SCANNER, 6, &PASSPORT));
        self.check("serial: two adapters return under each other's names", |rig| {
            let before = rig.tty_of("scanner")?;
            rig.machine.forget();
            rig.pull_out(SLOT)?;
            rig.pull_out(SCANNER)?;
            rig.hear("node scanner gone")?;
            rig.machine.plug("slot", "2")?;
            rig.hear("node slot ttyUSB")?;
            let start = now();
            rig.machine.plug("scanner", "1")?;
            rig.hear("node scanner ttyUSB")?;
            rig.within("ready", start, ELYCTIS_READY)?;
            rig.within("ready", start, ELYCTIS_READY)?;
            let after = rig.tty_of("scanner")?;
            if before == after {
                Err(Trouble(format!("both times {before}")))
            } else {
                Ok(format!("{before}, now {after}"))
            }
        });
        self.check("serial: and both read again", |rig| {
            rig.reads(SLOT, 7, &CARD)?;
            rig.reads(SCANNER, 8, &PASSPORT)
        });
        self.check("serial: pulled out in the middle of a zone: nothing is read, then all of it", |rig| {
            rig.arm(9)?;
            rig.sims[SCANNER].act(Act::DieMidFrame(20));
            rig.sims[SCANNER].insert(&PASSPORT);
            rig.machine.quiet_for(Duration::from_millis(500));
            let start = rig.pull_out(SCANNER)?;
            rig.within("lost scanner", start, LOSS_TOLD + Duration::from_secs(1))?;
            // The reader itself was dead, too; the adapter's power is not its power.
            rig.machine.plug("scanner", "1")?;
            rig.hear("node scanner ttyUSB").map(|_| String::new())
        });
        self.check("serial: five losses and returns later it still reads", |rig| {
            let mut worst = Duration::ZERO;
            for _ in 0..5 {
                rig.machine.forget();
                rig.pull_out(SLOT)?;
                rig.hear("lost slot")?;
                let start = now();
                rig.machine.plug("slot", "2")?;
                let (_, at) = rig.hear("ready slot")?;
                worst = worst.max(at.saturating_duration_since(start));
            }
            if worst > ELYCTIS_READY {
                return Err(Trouble(format!("the slowest return took {worst:?}")));
            }
            rig.reads(SLOT, 10, &CARD)?;
            Ok(format!("ready again after at most {} ms", worst.as_millis()))
        });
        self.check("serial: kiosk-app devices lists the adapters by what they say of themselves", |rig| {
            let lines = rig.ask("do /bin/kiosk-app devices --config /etc/kiosk.toml")?;
            let ports: Vec<&String> =
                lines.iter().filter(|line| line.starts_with("port") && line.contains("0403:6001")).collect();
            if ports.len() == 3 { Ok(ports[0].clone()) } else { Err(Trouble(lines.join("; "))) }
        });
        let _ = self.ask("stop");
    }

    fn tty_of(&mut self, name: &str) -> Outcome<String> {
        let lines = self.ask(&format!("do /bin/busybox readlink /dev/kiosk/{name}"))?;
        lines.first().cloned().or_trouble(|| format!("{name} has no tty"))
    }

    /// What `kiosk-app devices` says of the camera at `node`.
    fn devices_line(&mut self, node: &str) -> Outcome<String> {
        let lines = self.ask("do /bin/kiosk-app devices --config /etc/kiosk.toml")?;
        let line = lines.iter().find(|line| line.starts_with("camera") && line.contains(node)).cloned();
        line.or_trouble(|| format!("no line of {node} in {lines:?}"))
    }

    fn webcam(&mut self) {
        self.check("vivid: its webcam input is listed with the format that reads best", |rig| {
            // One device with one input, a webcam.
            rig.ask("do /bin/busybox insmod /modules/vivid.ko n_devs=1 node_types=1 num_inputs=1 input_types=0")?;
            rig.devices_line("/dev/video0")
        });
        self.check("vivid: pictures arrive through nokhwa", |rig| {
            rig.machine.forget();
            rig.ask("reader camera:/dev/video0")?;
            rig.hear("ready camera")?;
            Ok(rig.ask("facts")?.join(" "))
        });
        self.check("vivid: the preview has the size that was asked for", |rig| {
            rig.ask("preview 320 240")?;
            rig.machine.quiet_for(Duration::from_secs(2));
            let shown = rig.ask("shown")?.join(" ");
            rig.ask("preview off")?;
            if shown.starts_with("320x") { Ok(shown) } else { Err(Trouble(shown)) }
        });
        self.check(
            "vivid: a driver that gives no more frames is named in time, and they are taken when they come again",
            |rig| {
                rig.machine.forget();
                let start = now();
                rig.ask("control /dev/video0 100 Percentage of Dropped Buffers")?;
                let took = rig.within("lost camera not_responding", start, CAMERA_NAMED + EMULATION)?;
                rig.ask("control /dev/video0 0 Percentage of Dropped Buffers")?;
                rig.hear("ready camera")?;
                Ok(took)
            },
        );
        self.check("vivid: a black picture is named in time", |rig| {
            rig.ask("arm 20")?;
            // Without the text that runs over the picture.
            rig.ask("control /dev/video0 2 OSD Text Mode")?;
            rig.machine.forget();
            let start = now();
            rig.ask("control /dev/video0 5 Test Pattern")?;
            let took = rig.within("degraded camera black", start, CAMERA_NAMED + EMULATION);
            rig.ask("control /dev/video0 0 OSD Text Mode")?;
            rig.ask("control /dev/video0 0 Test Pattern")?;
            let took = took?;
            rig.hear("degraded camera well")?;
            Ok(took)
        });
        self.check("vivid: the same picture again and again is named in time", |rig| {
            rig.machine.forget();
            let start = now();
            rig.ask("control /dev/video0 2 OSD Text Mode")?;
            let took = rig.within("lost camera frozen", start, CAMERA_NAMED + EMULATION);
            rig.ask("control /dev/video0 0 OSD Text Mode")?;
            let took = took?;
            rig.hear("ready camera")?;
            Ok(took)
        });
        self.check("vivid: unplugged and plugged in again", |rig| {
            rig.machine.forget();
            let start = now();
            rig.ask("control /dev/video0 1 Disconnect")?;
            let took = rig.within("lost camera not_reachable", start, CAMERA_NAMED + EMULATION)?;
            // Closed by everybody the driver comes back.
            rig.hear("ready camera")?;
            Ok(took)
        });
        let _ = self.ask("stop");
        self.check("vivid: a camera with 30000/1001 frames a second only is named by kiosk-app devices", |rig| {
            // One input, S-Video.
            rig.unload("vivid")?;
            rig.load("vivid n_devs=1 node_types=1 num_inputs=1 input_types=2")?;
            rig.ask("ntsc /dev/video0")?;
            let line = rig.devices_line("/dev/video0")?;
            if line.contains("29.97") && line.contains("no whole-number frame rate") {
                Ok(line)
            } else {
                Err(Trouble(line))
            }
        });
        self.check("vivid: and served by the fall-back", |rig| {
            rig.machine.forget();
            rig.ask("reader camera:/dev/video0")?;
            rig.hear("ready camera")?;
            let facts = rig.ask("facts")?.join(" ");
            if facts.contains("29.97") { Ok(facts) } else { Err(Trouble(facts)) }
        });
        self.check("vivid: whose waits end", |rig| {
            rig.machine.forget();
            let start = now();
            rig.ask("control /dev/video0 100 Percentage of Dropped Buffers")?;
            let took = rig.within("lost camera not_responding", start, CAMERA_NAMED + EMULATION)?;
            // Its own time-out opens it anew, which the log says.
            rig.machine.quiet_for(Duration::from_secs(6));
            rig.ask("control /dev/video0 0 Percentage of Dropped Buffers")?;
            rig.hear("ready camera")?;
            Ok(took)
        });
        let _ = self.ask("stop");
    }

    /// Takes a driver away, which nobody may have open any more: a stopped reader has let go of its camera.
    fn unload(&mut self, module: &str) -> Outcome {
        let start = now();
        while now().duration_since(start) < SOON {
            let removed = self.ask(&format!("do /bin/busybox rmmod {module}"))?;
            if removed.last().is_some_and(|line| line == "exit 0") {
                return Ok(());
            }
            self.machine.quiet_for(Duration::from_millis(300));
        }
        Err(Trouble(format!("{module} cannot be unloaded: somebody still has its node open")))
    }

    fn load(&mut self, module: &str) -> Outcome {
        let (name, settings) = module.split_once(' ').unwrap_or((module, ""));
        let loaded = self.ask(&format!("do /bin/busybox insmod /modules/{name}.ko {settings}"))?;
        if loaded.last().is_some_and(|line| line == "exit 0") { Ok(()) } else { Err(Trouble(loaded.join(" "))) }
    }

    fn filmed(&mut self) {
        const LOOPBACK: &str = "v4l2loopback devices=1 video_nr=9 exclusive_caps=0";
        self.check("loopback: the driver that was compiled for this kernel", |rig| {
            rig.unload("vivid")?;
            rig.load(LOOPBACK).map(|()| String::new())
        });
        for (at, (name, kind, encoding)) in FILMED.into_iter().enumerate() {
            let number = 30 + at as u32;
            let encoding = encoding.name();
            self.check(&format!("loopback: a {} filmed in {encoding} is read", kind.name()), |rig| {
                rig.ask(&format!("film /dev/video9 {encoding}"))?;
                rig.machine.forget();
                rig.ask("reader camera:/dev/video9")?;
                rig.hear("ready camera")?;
                let facts = rig.ask("facts")?.join(" ");
                if !facts.contains(encoding) {
                    return Err(Trouble(facts));
                }
                rig.arm(number)?;
                // The gate learns the empty tray.
                rig.machine.quiet_for(Duration::from_secs(1));
                let start = now();
                rig.ask(&format!("show {name}"))?;
                let limit = Duration::from_secs(60);
                let (line, at) = rig
                    .machine
                    .hear("a read", limit, |line| line.starts_with("! read ") || line.starts_with("! failed"))?;
                let wanted = format!("! read {number} {}", specimen(kind, u64::from(number - 29)).lines.join("|"));
                if line != wanted {
                    return Err(Trouble(format!("“{line}” instead of “{wanted}”")));
                }
                rig.ask(&format!("show {TRAY}"))?;
                rig.hear(&format!("removed {number}"))?;
                Ok(format!("{:.1} s, {facts}", at.saturating_duration_since(start).as_secs_f32()))
            });
            self.check("loopback: and its camera let go", |rig| {
                // With its next frame; then the film, and the format of the node, end.
                rig.ask("stop")?;
                rig.machine.quiet_for(Duration::from_millis(500));
                rig.ask("film off")?;
                rig.unload("v4l2loopback")?;
                rig.load(LOOPBACK).map(|()| String::new())
            });
        }
        self.check("loopback: a camera whose source ends is told and awaited", |rig| {
            rig.ask("film /dev/video9 YUYV")?;
            rig.machine.forget();
            rig.ask("reader camera:/dev/video9")?;
            rig.hear("ready camera")?;
            let start = now();
            rig.ask("film off")?;
            let took = rig.within("lost camera", start, CAMERA_NAMED + EMULATION)?;
            rig.ask("film /dev/video9 YUYV")?;
            rig.hear("ready camera")?;
            rig.ask("stop")?;
            Ok(took)
        });
        let _ = self.ask("film off");
    }
}
