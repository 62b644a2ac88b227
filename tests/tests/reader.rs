//! The reader handle against simulated devices on real pseudo-terminals: what the kiosk hears when cards come and go,
//! and when the line misbehaves.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ears;

use card_reader::document::DocumentType;
use card_reader::ocr::Reason;
use card_reader::reader::{
    Accept, Command, DeviceId, Event, Fault, PresentationNo, Reader, ReaderConfig, Reading, SelfTestLevel, SerialConfig,
};
use ears::{Ears, name, names};
use kiosk_tests::harness::reader_sim::ReaderSim;
use kiosk_tests::harness::wait::{now, until_true};
use kiosk_tests::sim::elyctis::Elyctis;
use kiosk_tests::sim::{Act, Card, Model, Simulator};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const CARD: [&str; 3] =
    ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
/// One digit of the document number changed: the check digits disagree.
const DAMAGED: [&str; 2] = [PASSPORT[0], "L898903C36UTO7408122F1204159ZE184226B<<<<<10"];

const SOON: Duration = Duration::from_secs(15);

/// A simulated reader and a handle over it.
struct Bench {
    sim: Simulator,
    ears: Ears,
    _folder: TempDir,
}

impl std::ops::Deref for Bench {
    type Target = Ears;

    fn deref(&self) -> &Ears {
        &self.ears
    }
}

impl std::ops::DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut Ears {
        &mut self.ears
    }
}

impl Bench {
    fn new(model: Model) -> Self {
        let folder = TempDir::new().expect("a folder");
        let sim = Elyctis::start(&folder.path().join("scanner"), model).expect("a pseudo-terminal");
        let serial = vec![SerialConfig::elyctis("scanner", sim.path()).hurried()];
        let (reader, events) = Reader::start(ReaderConfig { serial, ..ReaderConfig::default() }).expect("a thread");
        Self { sim, ears: Ears { reader, events }, _folder: folder }
    }

    fn ready(model: Model) -> Self {
        let mut bench = Self::new(model);
        bench.hear("ready", |event| matches!(event, Event::Ready { .. }));
        bench
    }

    fn armed(number: u64) -> Self {
        let mut bench = Self::ready(Model::default());
        bench.arm(number);
        bench
    }

    fn arm(&mut self, number: u64) {
        let presentation = PresentationNo(number);
        self.tell(Command::Arm { presentation, accept: Accept::Documents });
        self.hear("armed", |event| matches!(event, Event::Armed { presentation } if presentation.0 == number));
    }

    fn lost(&mut self) -> Fault {
        match self.hear("the loss", |event| matches!(event, Event::Lost { .. })) {
            Event::Lost { fault, .. } => fault,
            _ => unreachable!(),
        }
    }
}

fn is_removed(event: &Event) -> bool {
    matches!(event, Event::Removed { .. })
}

fn since(start: Instant) -> Duration {
    now().duration_since(start)
}

#[test]
fn a_passport_is_read_taken_once_and_its_removal_told() {
    let mut bench = Bench::armed(3);
    bench.sim.insert(&PASSPORT);
    let heard = bench.hear_all("a read", |event| matches!(event, Event::Read { .. }));
    assert_eq!(names(&heard), ["sensed", "read"]);
    let Some(Event::Read { presentation, reading: Reading::Zone(zone) }) = heard.last() else { panic!("a zone") };
    assert_eq!(presentation.0, 3);
    assert_eq!(zone.document.document_type, DocumentType::Passport);
    assert!(zone.document.document_number.as_ref().is_some_and(|n| n.expose(|n| n == "L898902C3")));
    assert!(zone.document.primary_identifier.as_ref().is_some_and(|n| n.expose(|n| n == "ERIKSSON")));
    assert!(zone.document.birth_date.as_ref().is_some_and(|d| d.expose(|d| d == "1974-08-12")));
    assert!(zone.document.specimen, "Utopia");

    bench.sim.remove();
    let after = bench.hear_all("the removal", is_removed);
    assert_eq!(names(&after), ["disarmed", "removed"]);
    bench.sim.insert(&CARD);
    bench.tell(Command::Disarm);
    bench.tell(Command::SelfTest { device: DeviceId("scanner".to_owned()), level: SelfTestLevel::External });
    let rest = bench.hear_all("the self-test", |event| matches!(event, Event::SelfTest { .. }));
    assert_eq!(names(&rest), ["self-test"], "disarmed, nothing is read");
}

#[test]
fn a_card_that_lies_there_already_is_read_when_armed() {
    let mut bench = Bench::ready(Model { crlf: true, ..Model::default() });
    bench.sim.insert(&CARD);
    bench.arm(1);
    let (number, Reading::Zone(zone)) = bench.read() else { panic!("a zone") };
    assert_eq!(number, 1);
    assert_eq!(zone.lines.len(), 3);
    assert!(zone.checks.iter().all(|check| check.verdict.name() == "ok"));
}

#[test]
fn an_unreadable_card_fails_and_the_next_one_is_read_without_arming_again() {
    let mut bench = Bench::armed(1);
    bench.sim.insert_unreadable();
    let failed = bench.hear("the failure", |event| matches!(event, Event::Failed { .. }));
    assert!(matches!(failed, Event::Failed { reason: Reason::NotMrzText, .. }));
    bench.sim.remove();
    bench.hear("the removal", is_removed);
    bench.sim.insert(&CARD);
    assert_eq!(bench.read().0, 1);
}

#[test]
fn check_digits_that_disagree_are_a_failed_try_with_a_guess_for_the_officer() {
    let mut bench = Bench::armed(1);
    bench.sim.insert(&DAMAGED);
    let failed = bench.hear("the failure", |event| matches!(event, Event::Failed { .. } | Event::Read { .. }));
    let Event::Failed { reason: Reason::LowConfidence, guess: Some(guess), .. } = failed else {
        panic!("{}", name(&failed))
    };
    assert!(guess.lines[1].expose(|row| row == DAMAGED[1]));
}

#[test]
fn arming_again_while_the_failed_card_lies_there_costs_no_try_and_a_better_look_is_taken() {
    let mut bench = Bench::armed(1);
    bench.sim.insert_unreadable();
    bench.hear("the failure", |event| matches!(event, Event::Failed { .. }));
    bench.arm(2);
    // Turned over so quickly that no removal is seen.
    bench.sim.insert(&PASSPORT);
    let heard = bench.hear_all("a read", |event| matches!(event, Event::Read { .. }));
    assert_eq!(names(&heard), ["read"]);
}

#[test]
fn what_the_reader_does_not_notice_is_no_try() {
    let mut bench = Bench::armed(1);
    bench.sim.control().act(Act::Insert(Card::Invisible));
    bench.sim.remove();
    bench.sim.insert(&CARD);
    let heard = bench.hear_all("a read", |event| matches!(event, Event::Read { .. }));
    assert_eq!(names(&heard), ["sensed", "read"]);
}

#[test]
fn a_split_frame_and_power_on_garbage_are_read_all_the_same() {
    for split_at in [1, 2, 40] {
        let model = Model { split_at: Some(split_at), power_on: b"\xffV\x00\x09half".to_vec(), ..Model::default() };
        let mut bench = Bench::ready(model);
        bench.arm(1);
        bench.sim.insert(&PASSPORT);
        assert_eq!(bench.read().0, 1);
    }
}

#[test]
fn an_unplugged_reader_is_named_at_once_comes_back_and_is_not_armed_by_itself() {
    let mut bench = Bench::armed(1);
    for round in 0..3 {
        let pulled = now();
        bench.sim.unplug();
        assert_eq!(bench.lost(), Fault::NotReachable);
        assert!(since(pulled) <= Duration::from_secs(1), "loss shown after {:?}", since(pulled));

        let back = now();
        bench.sim.replug();
        let heard = bench.hear_all("ready again", |event| matches!(event, Event::Ready { .. }));
        assert_eq!(names(&heard), ["ready"]);
        assert!(since(back) <= Duration::from_secs(4), "ready after {:?}", since(back));
        assert_eq!(bench.reader.status()[0].reconnects, round + 1);

        bench.sim.insert(&CARD);
        bench.tell(Command::SelfTest { device: DeviceId("scanner".to_owned()), level: SelfTestLevel::External });
        let heard = bench.hear_all("the self-test", |event| matches!(event, Event::SelfTest { .. }));
        assert_eq!(names(&heard), ["self-test"]);
        bench.arm(round + 2);
        assert_eq!(bench.read().0, round + 2);
        bench.sim.remove();
    }
}

#[test]
fn coming_and_going_leaks_neither_descriptors_nor_threads() {
    comes_and_goes(20);
}

#[test]
#[ignore = "takes minutes: cargo test -p kiosk-tests --test reader -- --ignored"]
fn coming_and_going_five_hundred_times_leaks_neither_descriptors_nor_threads() {
    comes_and_goes(500);
}

fn comes_and_goes(times: usize) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).map_or(0, Iterator::count);
    let mut bench = Bench::ready(Model::default());
    let cycle = |bench: &mut Bench| {
        bench.sim.unplug();
        bench.lost();
        bench.sim.replug();
        bench.hear("ready again", |event| matches!(event, Event::Ready { .. }));
    };
    cycle(&mut bench);
    // Tests beside this one open and close their own; what leaks here would add up to more than they can.
    let before = (count("fd"), count("task"));
    for _ in 0..times {
        cycle(&mut bench);
    }
    let after = (count("fd"), count("task"));
    assert!(after.0 < before.0 + 20 && after.1 < before.1 + 20, "from {before:?} to {after:?}");
}

#[test]
fn another_unit_on_the_same_port_is_told() {
    let mut bench = Bench::armed(1);
    bench.sim.unplug();
    bench.lost();
    bench.sim.control().act(Act::Replug(Some("SIM-0002".to_owned())));
    let heard = bench.hear_all("ready again", |event| matches!(event, Event::Ready { .. }));
    assert_eq!(names(&heard), ["another unit", "ready"]);
    assert!(matches!(heard.last(), Some(Event::Ready { identity, .. }) if identity.contains("SIM-0002")));
}

#[test]
fn a_reader_that_is_not_there_yet_is_awaited_and_then_armed_as_asked() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("scanner");
    let serial = vec![SerialConfig::elyctis("scanner", &path).hurried()];
    let (reader, events) = Reader::start(ReaderConfig { serial, ..ReaderConfig::default() }).expect("a thread");
    reader.send(Command::Arm { presentation: PresentationNo(5), accept: Accept::Documents });
    until_true("the fault", SOON, || reader.status()[0].fault == Some(Fault::NotReachable)).unwrap();
    let sim = Elyctis::start(&path, Model::default()).expect("a pseudo-terminal");
    let mut bench = Bench { sim, ears: Ears { reader, events }, _folder: folder };
    bench.sim.insert(&PASSPORT);
    assert_eq!(bench.read().0, 5);
}

#[test]
fn a_hang_is_named_within_two_seconds_of_a_command() {
    let mut bench = Bench::ready(Model::default());
    bench.sim.control().act(Act::Hang);
    let asked = now();
    bench.tell(Command::Arm { presentation: PresentationNo(1), accept: Accept::Documents });
    assert_eq!(bench.lost(), Fault::NotResponding);
    assert!(since(asked) <= Duration::from_millis(2500), "named after {:?}", since(asked));
    assert!(!bench.reader.status()[0].ready);
    bench.sim.control().act(Act::Wake);
    bench.hear("ready again", |event| matches!(event, Event::Ready { .. }));
}

#[test]
fn a_reader_that_dies_in_the_middle_of_a_zone_is_named_and_survived() {
    let mut bench = Bench::armed(1);
    bench.sim.control().act(Act::DieMidFrame(50));
    bench.sim.insert(&PASSPORT);
    assert_eq!(bench.lost(), Fault::NotResponding);
    bench.sim.unplug();
    bench.sim.replug();
    bench.hear("ready again", |event| matches!(event, Event::Ready { .. }));
    bench.arm(2);
    assert_eq!(bench.read().0, 2);
}

#[test]
fn garbage_on_the_line_is_named_and_reading_goes_on() {
    let mut bench = Bench::armed(1);
    let noise = [b"\xff\xff".as_slice(), b"V\x00\x01v"].concat().repeat(4);
    bench.sim.control().act(Act::Garbage(noise));
    bench.hear("the fault", |event| matches!(event, Event::Degraded { fault: Some(Fault::ProtocolErrors), .. }));
    bench.sim.insert(&PASSPORT);
    assert_eq!(bench.read().0, 1);
}

#[test]
fn an_ignored_command_is_repeated() {
    let mut bench = Bench::ready(Model::default());
    bench.sim.control().act(Act::Ignore(1));
    bench.arm(1);
    bench.sim.insert(&PASSPORT);
    assert_eq!(bench.read().0, 1);
}

#[test]
fn armed_for_a_code_a_slot_reader_reads_nothing() {
    let mut bench = Bench::ready(Model::default());
    bench.tell(Command::Arm { presentation: PresentationNo(1), accept: Accept::BackupCode });
    bench.sim.insert(&PASSPORT);
    bench.tell(Command::SelfTest { device: DeviceId("scanner".to_owned()), level: SelfTestLevel::External });
    let heard = bench.hear_all("the self-test", |event| matches!(event, Event::SelfTest { .. }));
    assert_eq!(names(&heard), ["self-test"]);
}

#[test]
fn the_self_test_says_what_to_do() {
    let mut bench = Bench::ready(Model::default());
    let test = |bench: &mut Bench, device: &str| {
        bench.tell(Command::SelfTest { device: DeviceId(device.to_owned()), level: SelfTestLevel::External });
        match bench.hear("the self-test", |event| matches!(event, Event::SelfTest { .. })) {
            Event::SelfTest { report, .. } => report,
            _ => unreachable!(),
        }
    };
    let good = test(&mut bench, "scanner");
    assert!(good.passed && good.detail.contains("OCR 1.02.03"), "{}", good.detail);
    bench.sim.unplug();
    bench.lost();
    let bad = test(&mut bench, "scanner");
    assert!(!bad.passed && bad.detail.contains("kiosk.toml"), "{}", bad.detail);
    assert!(test(&mut bench, "scanmer").detail.contains("no device named scanmer"));
}

#[test]
fn the_simulator_as_a_process_obeys_its_control_socket() {
    let folder = TempDir::new().expect("a folder");
    let sim = ReaderSim::start(folder.path(), &["--crlf", "--garbage"]).unwrap();
    let serial = vec![SerialConfig::elyctis("scanner", &sim.link).hurried()];
    let (reader, events) = Reader::start(ReaderConfig { serial, ..ReaderConfig::default() }).expect("a thread");
    let mut ears = Ears { reader, events };
    ears.hear("ready", |event| matches!(event, Event::Ready { .. }));
    ears.tell(Command::Arm { presentation: PresentationNo(1), accept: Accept::Documents });
    ears.hear("armed", |event| matches!(event, Event::Armed { .. }));
    sim.ask(&format!("insert {}", CARD.join("|"))).unwrap();
    assert_eq!(ears.read().0, 1);
    sim.ask("remove").unwrap();
    ears.hear("the removal", is_removed);
    assert!(sim.ask("insert /no/such/file").is_err_and(|error| error.to_string().contains("/no/such/file")));
    // It tidies up, too.
    sim.quit().unwrap();
    ears.hear("the loss", |event| matches!(event, Event::Lost { .. }));
}
