//! What goes wrong with a device behind its line, by a seed, and what the simulators can and cannot be asked.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with tests that hear more")]
mod ears;

use card_reader::barcode::Symbology;
use card_reader::reader::{
    Accept, Command, Event, Fault, PresentationNo, Reader, ReaderConfig, Reading, SerialConfig, SerialProtocol,
};
use card_reader::serial::synm;
use ears::{Ears, names};
use kiosk_tests::harness::reader_sim::ReaderSim;
use kiosk_tests::harness::wait::{now, until_true};
use kiosk_tests::sim::line::{Fault as Kind, Faults};
use kiosk_tests::sim::{Act, Lamp, Model, Protocol, Simulator, control};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

struct Bench {
    sim: Simulator,
    ears: Ears,
    _folder: TempDir,
}

impl Bench {
    fn new(protocol: Protocol, spoken: SerialProtocol) -> Self {
        let folder = TempDir::new().expect("a folder");
        let link = folder.path().join("scanner");
        let sim = Simulator::start(protocol, &link, Model::default()).expect("a pseudo-terminal");
        let ears = listen(&link, spoken);
        Self { sim, ears, _folder: folder }
    }

    fn arm(&self, number: u64) {
        self.ears.tell(Command::Arm { presentation: PresentationNo(number), accept: Accept::Documents });
    }

    fn misbehave(&self, only: Kind) {
        self.sim.act(Act::Faults(Some(Faults { seed: 1, rate: 1.0, only: Some(only) })));
    }

    /// On a good line again everything works.
    fn recovers(&mut self) {
        self.sim.act(Act::Faults(None));
        let reader = self.ears.reader.clone();
        let mut number = 50;
        until_true("a good read", Duration::from_secs(30), || {
            number += 1;
            if !reader.status()[0].ready {
                return false;
            }
            self.arm(number);
            self.sim.insert(&PASSPORT);
            let read = until_true("a read", Duration::from_secs(3), || {
                while let Ok(event) = self.ears.events.try_recv() {
                    if let Event::Read { presentation, reading: Reading::Zone(zone) } = event {
                        let rows: Vec<String> = zone.lines.iter().map(|line| line.expose(str::to_owned)).collect();
                        assert_eq!((presentation.0, rows), (number, PASSPORT.map(str::to_owned).to_vec()));
                        return true;
                    }
                }
                false
            });
            self.sim.remove();
            read.is_ok()
        })
        .expect("it recovers");
    }
}

fn listen(link: &Path, spoken: SerialProtocol) -> Ears {
    let serial = vec![SerialConfig::new("scanner", link, spoken).hurried()];
    let (reader, events) = Reader::start(ReaderConfig { serial, ..ReaderConfig::default() }).expect("a thread");
    let mut ears = Ears { reader, events };
    ears.hear("ready", |event| matches!(event, Event::Ready { .. }));
    ears
}

fn honeywell() -> Bench {
    Bench::new(Protocol::Honeywell, SerialProtocol::synm(synm::Maker::Honeywell))
}

#[test]
fn a_device_that_vanishes_in_the_middle_of_a_frame_is_told_and_comes_back() {
    for kind in [Kind::Vanish, Kind::Stale, Kind::Elsewhere, Kind::AnotherUnit] {
        let mut bench = honeywell();
        let before = std::fs::read_link(bench.sim.path()).expect("a link");
        bench.sim.insert(&PASSPORT);
        bench.arm(1);
        bench.ears.hear("armed", |event| matches!(event, Event::Armed { .. }));
        bench.misbehave(kind);
        let heard = bench.ears.hear_all("the loss", |event| matches!(event, Event::Lost { .. }));
        assert!(matches!(heard.last(), Some(Event::Lost { fault: Fault::NotReachable, .. })), "{kind:?}");
        bench.sim.act(Act::Faults(None));
        let back = bench.ears.hear_all("ready", |event| matches!(event, Event::Ready { .. }));
        // Half a frame is none, and what an old one says before anybody has asked is nobody's.
        assert!(!names(&heard).contains(&"read") && !names(&back).contains(&"read"), "{kind:?}");
        let another = back.iter().any(|event| matches!(event, Event::AnotherUnit { .. }));
        assert_eq!(another, kind == Kind::AnotherUnit, "{kind:?}");
        if kind == Kind::Elsewhere {
            assert_ne!(std::fs::read_link(bench.sim.path()).expect("a link"), before);
        }
        bench.recovers();
    }
}

#[test]
fn a_device_that_hangs_is_named_and_one_that_refuses_a_setting_too() {
    let mut bench = honeywell();
    bench.misbehave(Kind::Hang);
    bench.arm(1);
    bench.ears.hear("the loss", |event| matches!(event, Event::Lost { fault: Fault::NotResponding, .. }));
    bench.recovers();

    let mut bench = honeywell();
    bench.misbehave(Kind::Refuse);
    bench.arm(1);
    bench.ears.hear("the refusal", |event| matches!(event, Event::Degraded { fault: Some(Fault::ConfigRejected), .. }));
    bench.recovers();
}

#[test]
fn a_simulator_says_what_its_device_cannot_do() {
    for (protocol, cannot, can) in [
        (Protocol::Elyctis, &["refuse 1", "jam", "barcode qr X"][..], "ignore 1"),
        (Protocol::Swipe, &["refuse 1", "ignore 1", "cross-ping"], "insert-unreadable"),
        (Protocol::Honeywell, &["bin full", "cross-ping"], "refuse 1"),
        (Protocol::Crt571, &["cross-ping"], "jam"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let socket = folder.path().join("control");
        let sim = Simulator::start(protocol, &folder.path().join("scanner"), Model::default()).expect("a terminal");
        let (here, served) = (socket.clone(), sim.control());
        let server = std::thread::spawn(move || control::serve(&here, &served));
        until_true("the socket", Duration::from_secs(10), || socket.exists()).unwrap();
        for command in cannot {
            let error = control::ask(&socket, command).expect_err(command).to_string();
            assert!(error.starts_with("error: ") && error.contains(protocol.name()), "{command}: {error}");
        }
        assert_eq!(control::ask(&socket, can).unwrap(), "");
        assert_eq!(control::ask(&socket, "lamp").unwrap(), "dark");
        control::ask(&socket, "quit").unwrap();
        server.join().expect("no panic").expect("served");
    }
}

#[test]
fn the_verdict_lights_the_lamp() {
    let mut bench = Bench::new(Protocol::AccessIs, SerialProtocol::synm(synm::Maker::AccessIs));
    let control = bench.sim.control();
    let shows = |lamp| until_true("the lamp", Duration::from_secs(5), || control.lamp() == lamp).unwrap();
    bench.arm(1);
    let wrong = PASSPORT[1].replace("10", "19");
    bench.sim.insert(&[PASSPORT[0], &wrong]);
    bench.ears.hear("the failure", |event| matches!(event, Event::Failed { .. }));
    shows(Lamp::Bad);
    bench.sim.remove();
    bench.ears.hear("the removal", |event| matches!(event, Event::Removed { .. }));
    bench.sim.insert(&PASSPORT);
    bench.ears.hear("a read", |event| matches!(event, Event::Read { .. }));
    shows(Lamp::Good);
}

/// What the device hears is as slow as what it says: 480 bytes at 9600 baud take half a second.
#[test]
fn the_line_has_its_speed_in_both_directions() {
    let folder = TempDir::new().expect("a folder");
    let link = folder.path().join("scanner");
    let model = Model { baud: Some(9600), latency: Duration::ZERO, ..Model::default() };
    let _sim = Simulator::start(Protocol::Elyctis, &link, model).expect("a terminal");
    let mut line = std::fs::File::options().read(true).write(true).open(&link).expect("the other end");
    let start = now();
    line.write_all(&[&[0xff; 477][..], b"V\0\0"].concat()).expect("written");
    let mut answer = [0; 1];
    line.read_exact(&mut answer).expect("an answer");
    let took = now() - start;
    assert!(answer == *b"V" && took >= Duration::from_millis(500), "{took:?}");
}

#[test]
fn the_simulator_as_a_process_is_as_slow_as_its_line_unless_told_otherwise() {
    let code =
        [b"@\n\x1e\rANSI 636038080001DL00310056DLDAQE000000000001\nDCSSPECIMEN\nDACTEST\nZZZ", &[b'Q'; 2000][..]];
    for (more, at_least, at_most) in [(&[][..], 2000, 20_000), (&["--no-pacing"], 0, 2000)] {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("code");
        std::fs::write(&file, [&code.concat()[..], b"\r"].concat()).expect("a file");
        let sim = ReaderSim::start(folder.path(), &[&["--protocol", "newland"], more].concat()).unwrap();
        let mut ears = listen(&sim.link, SerialProtocol::newland());
        ears.tell(Command::Arm { presentation: PresentationNo(1), accept: Accept::Documents });
        ears.hear("armed", |event| matches!(event, Event::Armed { .. }));
        let start = now();
        let name = Symbology::Pdf417.name().to_lowercase();
        sim.ask(&format!("barcode {name} @{}", file.display())).unwrap();
        ears.hear("a read", |event| matches!(event, Event::Read { .. }));
        let took = (now() - start).as_millis();
        assert!((at_least..at_most).contains(&took), "{more:?}: {took} ms");
        sim.quit().unwrap();
    }
}
