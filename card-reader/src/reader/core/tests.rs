//! The reader's decisions about cameras, with a fake clock and made-up findings. Serial readers are tested against the
//! simulator, end to end.

use super::super::recognise::Found;
use super::super::{
    Accept, CameraConfig, CameraSource, Command, DeviceId, Event, Fault, PresentationNo, ReaderConfig, Reading,
    SelfTestLevel, SerialConfig, SerialProtocol,
};
use super::{Core, Do};
use crate::barcode::{Barcode, Kind, Symbology};
use crate::camera::capture::CameraEvent;
use crate::camera::gate::Seen;
use crate::clock::now;
use crate::date::Date;
use crate::mrz::Format;
use crate::ocr::{Advice, MrzReading, NotRead, Point, Reason};
use crate::serial::port::PortEvent;
use crate::serial::{Identity, SerialCommand, SerialEvent, Verdict, elyctis, synm};
use std::time::{Duration, Instant};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

const QUAD: [Point; 4] = [Point { x: 0.0, y: 0.0 }; 4];

struct Bench {
    core: Core,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let camera = CameraConfig::new("camera", CameraSource::Node("/dev/video0".into()));
        let config = ReaderConfig { cameras: vec![camera], ..ReaderConfig::default() };
        let mut bench = Self { core: Core::new(&config), now: now() };
        bench.core.camera(bench.now, 0, CameraEvent::Ready { name: "cam".to_owned(), facts: String::new() });
        bench.said();
        bench
    }

    fn arm(&mut self, number: u64, accept: Accept) {
        self.core.command(self.now, Command::Arm { presentation: PresentationNo(number), accept });
    }

    fn see(&mut self, present: bool) {
        self.now += Duration::from_millis(60);
        let seen = Seen { present, still: true, frozen: false, black: false, brightness: 90 };
        self.core.camera(self.now, 0, CameraEvent::Seen(seen));
    }

    fn find(&mut self, number: u64, zone: Option<Result<MrzReading, NotRead>>, barcodes: Vec<Barcode>) {
        let found = Found::for_tests(0, PresentationNo(number), zone, barcodes);
        self.core.found(found, self.now, Date::new(2026, 11, 25).unwrap());
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.core.timeout(self.now);
    }

    fn said(&mut self) -> Vec<String> {
        let told = self.core.take().into_iter().filter_map(|work| match work {
            Do::Tell(event) => Some(event),
            Do::Serial(..) | Do::Recognise { .. } => None,
        });
        told.map(|event| match event {
            Event::Armed { presentation } => format!("armed {}", presentation.0),
            Event::Disarmed { presentation } => format!("disarmed {}", presentation.0),
            Event::Sensed { presentation } => format!("sensed {}", presentation.0),
            Event::Removed { presentation } => format!("removed {}", presentation.0),
            Event::Read { presentation, reading } => {
                let what = match reading {
                    Reading::Zone(zone) => zone.document.document_type.name().to_owned(),
                    Reading::Barcode(barcode) => barcode.document.document_type.name().to_owned(),
                    Reading::BackupCode(_) => "code".to_owned(),
                    Reading::Staff(_) => "badge".to_owned(),
                };
                format!("read {} {what}", presentation.0)
            }
            Event::Failed { presentation, reason, .. } => format!("failed {} {}", presentation.0, reason.name()),
            Event::Advice { advice, .. } => format!("advice {}", advice.map_or("none", Advice::name)),
            Event::SelfTest { report, .. } => format!("self-test {} {} ms", report.passed, report.millis),
            Event::Witness { presentation, fusion } => {
                let fields: Vec<&str> = fusion.disagreements().collect();
                format!("witness {} {:?} {}", presentation.0, fusion.agrees(), fields.join(" "))
            }
            _ => "other".to_owned(),
        })
        .collect()
    }

    fn zones_wanted(&mut self) -> usize {
        self.core.take().iter().filter(|work| matches!(work, Do::Recognise { zone: true, .. })).count()
    }

    fn reads_wanted(&mut self) -> usize {
        self.core.take().iter().filter(|work| matches!(work, Do::Recognise { .. })).count()
    }
}

fn passport() -> Option<Result<MrzReading, NotRead>> {
    let rows = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    Some(Ok(MrzReading {
        format: Format::Td3,
        lines: rows.map(PersonalText::from).to_vec(),
        confidence: 0.99,
        characters: Vec::new(),
        quad: QUAD,
        check_digits_used: false,
    }))
}

/// The specimen card of `fusion.rs`, and a licence's barcode that says the same.
fn card() -> Option<Result<MrzReading, NotRead>> {
    let rows = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F3204153UTO<<<<<<<<<<<2", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
    let lines = rows.map(PersonalText::from).to_vec();
    passport().map(|zone| zone.map(|zone| MrzReading { format: Format::Td1, lines, ..zone }))
}

const LICENCE: &str = "@\n\x1e\rANSI 636038080001DL00310073DLDAQD23145890\nDCSERIKSSON\nDACANNA\nDADMARIA\nDBB08121974\nDBA04152032\nDBC2\r";

#[test]
fn a_barcode_that_is_decoded_after_the_zone_is_held_against_it_while_the_card_lies_there() {
    let born_later = LICENCE.replace("08121974", "08121975");
    for (payload, told) in [(LICENCE, "witness 4 Some(true) "), (&born_later, "witness 4 Some(false) birth_date")] {
        let licence = || vec![barcode(Kind::Aamva, payload)];
        let mut bench = Bench::new();
        bench.arm(4, Accept::Documents);
        bench.see(true);
        bench.find(4, card(), Vec::new());
        bench.said();
        bench.wait(Duration::from_millis(300));
        bench.see(true);
        assert_eq!(bench.reads_wanted(), 1, "its codes are still looked for");
        bench.find(4, None, vec![barcode(Kind::Other, "B-1042")]);
        assert!(bench.said().is_empty(), "a code that says nothing of a document");
        bench.find(4, None, licence());
        bench.find(4, None, licence());
        assert_eq!(bench.said(), [told], "once");
        bench.see(false);
        bench.wait(Duration::from_millis(300));
        bench.see(true);
        assert_eq!((bench.reads_wanted(), bench.said()), (0, vec![]), "another card is none of this presentation");
    }
}

#[test]
fn what_comes_late_counts_for_one_presentation_only() {
    let mut bench = Bench::new();
    bench.arm(4, Accept::Documents);
    bench.see(true);
    bench.find(4, card(), Vec::new());
    bench.see(false);
    bench.said();
    bench.find(4, None, vec![barcode(Kind::Aamva, LICENCE)]);
    assert!(bench.said().is_empty(), "the card had gone before its picture was read");
    bench.core.command(bench.now, Command::Disarm);
    bench.arm(5, Accept::Documents);
    bench.see(true);
    bench.find(5, card(), Vec::new());
    bench.said();
    bench.find(4, None, vec![barcode(Kind::Aamva, LICENCE)]);
    bench.core.command(bench.now, Command::Disarm);
    bench.find(5, None, vec![barcode(Kind::Aamva, LICENCE)]);
    assert!(bench.said().is_empty());
}

#[test]
fn a_zone_that_is_read_after_the_licence_s_barcode_is_held_against_it() {
    for (payload, told) in [(LICENCE.to_owned(), "Some(true) "), (LICENCE.replace("DBC2", "DBC1"), "Some(false) sex")] {
        let mut bench = Bench::new();
        bench.arm(4, Accept::Documents);
        bench.see(true);
        bench.find(4, not_read(Reason::Glare, Advice::Tilt), vec![barcode(Kind::Aamva, &payload)]);
        assert_eq!(bench.said(), ["armed 4", "sensed 4", "read 4 driver_licence", "disarmed 4"]);
        bench.wait(Duration::from_millis(300));
        bench.see(true);
        assert_eq!(bench.zones_wanted(), 1);
        bench.find(4, card(), Vec::new());
        assert_eq!(bench.said(), [format!("witness 4 {told}")]);
        bench.wait(Duration::from_millis(300));
        bench.see(true);
        assert_eq!(bench.zones_wanted(), 0, "it has been read");
    }
}

fn not_read(reason: Reason, advice: Advice) -> Option<Result<MrzReading, NotRead>> {
    Some(Err(NotRead::because(reason, Some(advice))))
}

fn barcode(kind: Kind, payload: &str) -> Barcode {
    Barcode { symbology: Symbology::Qr, kind, payload: Zeroizing::new(payload.as_bytes().to_vec()), quad: QUAD }
}

#[test]
fn a_card_is_sensed_read_once_and_its_removal_told() {
    let mut bench = Bench::new();
    bench.arm(4, Accept::Documents);
    bench.see(false);
    bench.see(true);
    assert_eq!(bench.said(), ["armed 4", "sensed 4"]);
    bench.find(4, passport(), Vec::new());
    bench.find(4, passport(), Vec::new());
    assert_eq!(bench.said(), ["read 4 passport", "disarmed 4"]);
    bench.see(true);
    assert_eq!(bench.zones_wanted(), 0, "no zone is read after an accepted one");
    bench.see(false);
    assert_eq!(bench.said(), ["removed 4"]);
}

#[test]
fn a_late_answer_of_an_older_presentation_is_dropped() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::Documents);
    bench.see(true);
    bench.arm(2, Accept::Documents);
    bench.said();
    bench.find(1, passport(), Vec::new());
    assert!(bench.said().is_empty());
    bench.core.command(bench.now, Command::Disarm);
    assert_eq!(bench.said(), ["disarmed 2"]);
    bench.find(2, passport(), Vec::new());
    assert!(bench.said().is_empty());
}

#[test]
fn a_try_fails_after_eight_seconds_with_the_best_reason() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::Documents);
    bench.see(true);
    bench.said();
    bench.find(1, not_read(Reason::Blurred, Advice::HoldStill), Vec::new());
    bench.find(1, not_read(Reason::Blurred, Advice::HoldStill), Vec::new());
    assert_eq!(bench.said(), ["advice hold_still"], "told when it changes");
    bench.wait(Duration::from_millis(7900));
    assert!(bench.said().is_empty());
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.said(), ["failed 1 blurred"]);
    bench.arm(2, Accept::Documents);
    bench.see(true);
    assert_eq!(bench.said(), ["armed 2"], "what has just failed is left alone for a while");
    bench.wait(Duration::from_secs(3));
    bench.see(true);
    assert_eq!(bench.said(), ["sensed 2"]);
}

#[test]
fn a_code_without_a_document_is_no_try_and_never_handed_over_as_one() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::Documents);
    bench.see(true);
    bench.said();
    for _ in 0..20 {
        bench.wait(Duration::from_secs(1));
        bench.find(1, not_read(Reason::NoZone, Advice::Closer), vec![barcode(Kind::BackupCode, "BC1:7KQ25-XXXXX")]);
    }
    assert_eq!(bench.said(), ["advice another_document"]);
}

#[test]
fn armed_for_a_code_only_a_code_is_taken() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::BackupCode);
    bench.see(true);
    assert_eq!(bench.said(), ["armed 1"]);
    bench.find(1, None, vec![barcode(Kind::Other, "K-1"), barcode(Kind::Technician, "TC1:x.y")]);
    assert!(bench.said().is_empty());
    bench.find(1, None, vec![barcode(Kind::BackupCode, "BC1:7KQ25-XXXXX")]);
    assert_eq!(bench.said(), ["read 1 code", "disarmed 1"]);

    bench.arm(2, Accept::Staff);
    bench.find(2, None, vec![barcode(Kind::BackupCode, "BC1:7KQ25-XXXXX")]);
    assert_eq!(bench.said(), ["armed 2"]);
    bench.find(2, None, vec![barcode(Kind::Technician, "TC1:x.y")]);
    assert_eq!(bench.said(), ["read 2 badge", "disarmed 2"]);
}

#[test]
fn a_document_that_comes_while_nothing_is_armed_is_sensed_and_not_read() {
    let mut bench = Bench::new();
    bench.see(false);
    bench.see(true);
    bench.see(true);
    assert_eq!(bench.said(), ["sensed 0"]);
    assert_eq!(bench.reads_wanted(), 0);
    bench.find(0, passport(), Vec::new());
    assert!(bench.said().is_empty());
}

#[test]
fn a_zone_that_the_gate_did_not_sense_is_read_all_the_same() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::Documents);
    bench.see(false);
    assert_eq!(bench.reads_wanted(), 1);
    bench.find(1, passport(), Vec::new());
    assert_eq!(bench.said(), ["sensed 1", "read 1 passport", "disarmed 1"]);
}

#[test]
fn a_lost_camera_ends_its_try_without_a_failure() {
    let mut bench = Bench::new();
    bench.arm(1, Accept::Documents);
    bench.see(true);
    bench.core.camera(bench.now, 0, CameraEvent::Lost(crate::reader::Fault::NotResponding));
    bench.said();
    bench.wait(Duration::from_secs(20));
    assert!(bench.said().is_empty());
    bench.core.command(
        bench.now,
        Command::SelfTest { device: DeviceId("camera".to_owned()), level: SelfTestLevel::External },
    );
    assert_eq!(bench.said(), ["self-test false 0 ms"]);
}

#[test]
fn a_motorised_reader_alone_reads_nothing() {
    let serial = |id: &str, protocol| SerialConfig::new(id, "/dev/null", protocol);
    let config = ReaderConfig {
        serial: vec![
            serial("card", SerialProtocol::crt571()),
            serial("slot", SerialProtocol::Elyctis { timing: elyctis::Timing::CDC, presence_command: Vec::new() }),
            serial("codes", SerialProtocol::synm(synm::Maker::Honeywell)),
        ],
        cameras: vec![CameraConfig::new("camera", CameraSource::Node("/dev/video0".into()))],
        ..ReaderConfig::default()
    };
    let core = Core::new(&config);
    let reads: Vec<_> = core.status().iter().map(|status| (status.device.0.as_str(), status.reads)).collect();
    assert_eq!(reads, [("card", false), ("slot", true), ("codes", true), ("camera", true)]);
}

#[test]
fn a_card_that_the_motorised_reader_holds_and_nobody_reads_is_a_failed_try_and_is_given_back() {
    let serial = vec![SerialConfig::new("card", "/dev/null", SerialProtocol::crt571())];
    let mut bench = Bench { core: Core::new(&ReaderConfig { serial, ..ReaderConfig::default() }), now: now() };
    let today = Date::new(2026, 11, 25).unwrap();
    let says = |bench: &mut Bench, event| bench.core.serial(bench.now, 0, PortEvent::Said(event), today);
    says(&mut bench, SerialEvent::Ready { identity: Identity::default(), changed_unit: false });
    bench.arm(6, Accept::Documents);
    says(&mut bench, SerialEvent::Armed(PresentationNo(6)));
    says(&mut bench, SerialEvent::DocumentPresent(PresentationNo(6)));
    bench.said();
    bench.wait(Duration::from_millis(7900));
    assert!(bench.core.take().is_empty());
    assert_eq!(bench.core.deadline(), Some(bench.now + Duration::from_millis(100)));
    bench.now += Duration::from_millis(100);
    bench.core.timeout(bench.now);
    let done = bench.core.take();
    assert!(done.iter().any(|work| matches!(work, Do::Serial(0, SerialCommand::Verdict(Verdict::Bad)))));
    assert!(done.iter().any(|work| matches!(work, Do::Tell(Event::Failed { reason: Reason::NoZone, .. }))));
    bench.wait(Duration::from_secs(20));
    assert!(bench.core.take().is_empty(), "once");
}

#[test]
fn a_camera_s_faults_are_told_the_gravest_first_and_its_bad_frames_counted() {
    let mut bench = Bench::new();
    let mut told = |event| {
        bench.core.camera(bench.now, 0, event);
        bench.core.take().into_iter().find_map(|work| match work {
            Do::Tell(Event::Degraded { fault, .. }) => Some(fault.map_or("well", Fault::name)),
            _ => None,
        })
    };
    let fault = |fault, standing| CameraEvent::Degraded { fault, standing };
    let seen = |black| CameraEvent::Seen(Seen { present: false, still: true, frozen: false, black, brightness: 9 });
    assert_eq!(told(fault(Fault::Slow, true)), Some("slow"));
    assert_eq!(told(fault(Fault::WrongSize, true)), Some("wrong_size"));
    assert_eq!(told(seen(true)), Some("black"));
    assert_eq!(told(fault(Fault::WrongSize, false)), None);
    assert_eq!(told(seen(false)), Some("slow"));
    assert_eq!(told(fault(Fault::Slow, false)), Some("well"));
    assert_eq!(told(CameraEvent::BadFrame), None);
    told(CameraEvent::BadFrame);
    let status = &bench.core.status()[0];
    assert_eq!((status.faults, status.fault, status.facts.as_str()), (3, None, ", 2 bad frames"));
}

#[test]
fn a_camera_s_self_test_has_three_levels() {
    let mut bench = Bench::new();
    let test = |bench: &mut Bench, level| {
        let device = DeviceId("camera".to_owned());
        bench.core.command(bench.now, Command::SelfTest { device, level });
    };
    test(&mut bench, SelfTestLevel::Internal);
    assert_eq!(bench.said(), ["self-test false 0 ms"], "ready, and no picture looked at yet");
    bench.see(false);
    bench.said();
    test(&mut bench, SelfTestLevel::Internal);
    assert_eq!(bench.said(), ["self-test true 0 ms"]);

    test(&mut bench, SelfTestLevel::External);
    assert!(bench.said().is_empty(), "a picture from before is none");
    bench.now += Duration::from_millis(340);
    bench.see(false);
    assert_eq!(bench.said(), ["self-test true 400 ms"]);
    test(&mut bench, SelfTestLevel::External);
    bench.wait(Duration::from_millis(1900));
    assert!(bench.said().is_empty());
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.said(), ["self-test false 2000 ms"], "no picture within two seconds");

    test(&mut bench, SelfTestLevel::Interactive);
    assert!(bench.core.is_watching());
    bench.see(true);
    assert_eq!(bench.zones_wanted(), 1);
    let number = super::TEST_PRESENTATION.0;
    bench.find(number, not_read(Reason::Blurred, Advice::HoldStill), Vec::new());
    assert!(bench.said().is_empty(), "no sensing, no advice, no try");
    bench.find(number, passport(), Vec::new());
    assert_eq!(bench.said(), ["self-test true 60 ms"], "and nothing of it is told");
    assert!(!bench.core.is_watching());
    bench.find(number, passport(), Vec::new());
    assert!(bench.said().is_empty());

    test(&mut bench, SelfTestLevel::Interactive);
    bench.see(false);
    bench.core.take();
    bench.wait(Duration::from_secs(30));
    assert_eq!(bench.said(), ["self-test false 30000 ms"]);
    test(&mut bench, SelfTestLevel::Interactive);
    bench.arm(3, Accept::Documents);
    assert_eq!(bench.said(), ["self-test false 0 ms", "armed 3"], "a visit comes first");
    test(&mut bench, SelfTestLevel::Interactive);
    assert_eq!(bench.said(), ["self-test false 0 ms"]);
    bench.core.command(bench.now, Command::Disarm);
    bench.said();
    test(&mut bench, SelfTestLevel::Interactive);
    bench.core.camera(bench.now, 0, CameraEvent::Lost(Fault::NotReachable));
    assert_eq!(bench.said(), ["self-test false 0 ms", "other"]);
}
