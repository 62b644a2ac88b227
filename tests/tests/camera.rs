//! The reader handle over a replay camera: cards and codes put under it as pictures, the way the demo does it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ears;

use card_reader::ocr::Advice;
use card_reader::reader::{
    Accept, CameraConfig, CameraSource, Command, DeviceId, Event, Fault, PresentationNo, Reader, ReaderConfig, Reading,
    SelfTestLevel,
};
use ears::{Ears, names};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma};
use kiosk_tests::harness::tray::Tray;
use kiosk_tests::harness::wait::{now, until, until_true};
use kiosk_tests::specimen::{DEFAULT_FOLDER, Fonts, Holder, Kind, Print, Specimen, draw, scene};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(15);
const CODE: &str = "BC1:7KQ25-MMFXE-0R1T9-5WZCA";

/// A replay camera over an empty tray, and a handle over it.
struct Bench {
    tray: Tray,
    ears: Ears,
    _folder: TempDir,
}

impl Bench {
    fn new(try_limit: Duration) -> Self {
        let folder = TempDir::new().expect("a folder");
        let tray = Tray::new(&folder.path().join("tray")).expect("a tray");
        let source = CameraSource::Replay { path: tray.folder.clone(), frames_per_second: 15 };
        let cameras = vec![CameraConfig::new("camera", source)];
        // Tests run beside other work on few cores: a slow decoder is not what they are about.
        let patient = Duration::from_secs(20);
        let config = ReaderConfig { cameras, try_limit, decode_limit: patient, ..ReaderConfig::default() };
        let (reader, events) = Reader::start(config).expect("a thread");
        let mut bench = Self { tray, ears: Ears { reader, events }, _folder: folder };
        bench.ears.hear("ready", |event| matches!(event, Event::Ready { .. }));
        bench
    }

    fn arm(&mut self, number: u64, accept: Accept) {
        self.ears.tell(Command::Arm { presentation: PresentationNo(number), accept });
        self.ears.hear("armed", |event| matches!(event, Event::Armed { .. }));
    }
}

/// A blank sheet of paper on the tray.
fn sheet() -> GrayImage {
    GrayImage::from_fn(1280, 960, |x, y| {
        Luma([if (320..960).contains(&x) && (180..780).contains(&y) { 230 } else { 70 }])
    })
}

/// A made-up document as a flatbed camera sees it, and the rows of its zone.
fn document(kind: Kind, seed: u64) -> (GrayImage, Vec<String>) {
    let fonts = Fonts::load(Path::new(DEFAULT_FOLDER)).expect("Debian's fonts-ocr-b and fonts-noto-core");
    let specimen = Specimen::of(kind, &Holder::made_up(kind, seed));
    let page = draw(&specimen, &fonts, &Print::default());
    let picture = scene::photograph(&page, &scene::View::flatbed(&page, seed));
    (DynamicImage::ImageRgb8(picture).into_luma8(), specimen.lines)
}

#[test]
fn documents_laid_under_the_camera_one_after_the_other_are_read_each_once() {
    let mut bench = Bench::new(Duration::from_secs(30));
    for (number, kind) in (1..).zip([Kind::Passport, Kind::ResidentCard, Kind::LargeCard]) {
        let (picture, rows) = document(kind, 40 + number);
        bench.arm(number, Accept::Documents);
        bench.tray.show(&picture).unwrap();
        let heard = bench.ears.hear_all("a read", |event| matches!(event, Event::Read { .. } | Event::Failed { .. }));
        let Some(Event::Read { presentation, reading: Reading::Zone(zone) }) = heard.last() else {
            panic!("{} was not read: {:?}", kind.name(), names(&heard));
        };
        assert_eq!(presentation.0, number);
        assert!(names(&heard).contains(&"sensed"));
        for (read, printed) in zone.lines.iter().zip(&rows) {
            assert!(read.expose(|read| read == printed), "{}", kind.name());
        }
        assert!(zone.quad.is_some() && zone.characters.len() == rows.len());
        bench.tray.clear();
        let after = bench.ears.hear_all("the removal", |event| matches!(event, Event::Removed { .. }));
        assert_eq!(names(&after), ["disarmed", "removed"], "read once");
    }
    assert_eq!(bench.ears.reader.status()[0].good_reads, 3);
}

#[test]
fn a_document_put_down_for_a_self_test_is_read_and_thrown_away() {
    let mut bench = Bench::new(Duration::from_secs(30));
    let (picture, _) = document(Kind::Passport, 41);
    bench.ears.tell(Command::SelfTest { device: DeviceId("camera".to_owned()), level: SelfTestLevel::Interactive });
    bench.tray.show(&picture).unwrap();
    let heard = bench.ears.hear_all("the self-test", |event| matches!(event, Event::SelfTest { .. }));
    assert_eq!(names(&heard), ["self-test"], "nothing of the document is told");
    assert!(
        matches!(heard.last(), Some(Event::SelfTest { report, .. }) if report.passed && report.detail == "read a zone")
    );
    until_true("no frame is kept", SOON, || bench.ears.reader.newest_frame().is_none()).unwrap();
    assert_eq!(bench.ears.reader.status()[0].good_reads, 0);
}

#[test]
fn a_backup_code_held_into_the_camera_is_read_and_only_when_asked_for() {
    let mut bench = Bench::new(Duration::from_secs(8));
    bench.arm(1, Accept::BackupCode);
    bench.tray.show_qr(CODE).unwrap();
    let (number, Reading::BackupCode(code)) = bench.ears.read() else { panic!("a code") };
    assert_eq!(number, 1);
    assert!(code.expose(|code| code == CODE));

    bench.arm(2, Accept::Staff);
    bench.tray.show_qr("TC1:e30.AAAA").unwrap();
    let (number, Reading::Staff(badge)) = bench.ears.read() else { panic!("a badge") };
    assert_eq!(number, 2);
    assert!(badge.expose(|badge| badge == "TC1:e30.AAAA"));
}

#[test]
fn a_code_where_a_document_is_wanted_is_said_and_never_handed_over() {
    // Longer than the slowest first reading beside other tests: no try of it may end here.
    let mut bench = Bench::new(Duration::from_secs(30));
    bench.arm(1, Accept::Documents);
    bench.tray.show_qr(CODE).unwrap();
    let heard = bench
        .ears
        .hear_all("the advice", |event| matches!(event, Event::Advice { advice: Some(Advice::AnotherDocument), .. }));
    assert!(names(&heard).iter().all(|name| ["sensed", "advice"].contains(name)), "{:?}", names(&heard));
    bench.tray.clear();
    let heard = bench.ears.hear_all("the removal", |event| matches!(event, Event::Removed { .. }));
    assert!(!names(&heard).contains(&"read"));
}

#[test]
fn a_blank_sheet_is_a_failed_try_after_its_time() {
    let mut bench = Bench::new(Duration::from_secs(2));
    bench.arm(1, Accept::Documents);
    bench.tray.show(&sheet()).unwrap();
    bench.ears.hear("sensed", |event| matches!(event, Event::Sensed { .. }));
    let start = now();
    bench.ears.hear("the failure", |event| matches!(event, Event::Failed { .. }));
    let took = now().duration_since(start);
    assert!(took >= Duration::from_millis(1500) && took < Duration::from_secs(6), "{took:?}");
    assert_eq!(bench.ears.reader.status()[0].failed_reads, 1);
}

#[test]
fn a_document_wakes_the_attract_screen_although_nothing_is_armed() {
    let mut bench = Bench::new(Duration::from_secs(8));
    // The gate learns the empty tray with its first look.
    until_true("pictures", SOON, || {
        bench.ears.tell(Command::SelfTest { device: DeviceId("camera".to_owned()), level: SelfTestLevel::External });
        matches!(
            bench.ears.hear("the self-test", |event| matches!(event, Event::SelfTest { .. })),
            Event::SelfTest { report, .. } if report.passed
        )
    })
    .unwrap();
    bench.tray.show(&sheet()).unwrap();
    let heard = bench.ears.hear_all("sensed", |event| matches!(event, Event::Sensed { .. }));
    assert!(matches!(heard.last(), Some(Event::Sensed { presentation: PresentationNo(0) })));
    assert!(bench.ears.reader.newest_frame().is_none(), "no full frame is kept while nothing is armed");
}

#[test]
fn the_preview_runs_while_it_is_wanted_and_is_dropped_afterwards() {
    let bench = Bench::new(Duration::from_secs(8));
    let mut preview = bench.ears.reader.preview();
    assert!(preview.borrow().is_none());
    bench.ears.tell(Command::Preview { size: Some((400, 400)) });
    bench.tray.show(&sheet()).unwrap();
    let (width, height) = until("the sheet in the preview", SOON, || {
        let frame = preview.borrow_and_update().clone()?;
        let middle = (frame.height / 2 * frame.width + frame.width / 2) as usize * 4;
        (frame.rgba[middle] > 200).then_some((frame.width, frame.height))
    })
    .unwrap();
    assert_eq!((width, height), (400, 300));
    bench.ears.tell(Command::Preview { size: None });
    until_true("an empty preview", SOON, || preview.borrow_and_update().is_none()).unwrap();
}

#[test]
fn a_black_picture_is_named() {
    let mut bench = Bench::new(Duration::from_secs(8));
    bench.arm(1, Accept::Documents);
    bench.tray.show(&ImageBuffer::from_pixel(640, 480, Luma([0]))).unwrap();
    bench.ears.hear("black", |event| matches!(event, Event::Degraded { fault: Some(Fault::Black), .. }));
    bench.tray.clear();
    bench.ears.hear("light", |event| matches!(event, Event::Degraded { fault: None, .. }));
}

#[test]
fn a_camera_that_is_not_there_is_named_and_awaited() {
    let source = CameraSource::Node("/dev/no-such-camera".into());
    let cameras = vec![CameraConfig::new("camera", source)];
    let (reader, events) = Reader::start(ReaderConfig { cameras, ..ReaderConfig::default() }).expect("a thread");
    let mut ears = Ears { reader, events };
    let lost = ears.hear("lost", |event| matches!(event, Event::Lost { .. }));
    assert!(matches!(lost, Event::Lost { fault: Fault::NotReachable, .. }));
    ears.tell(Command::SelfTest { device: DeviceId("camera".to_owned()), level: SelfTestLevel::External });
    let test = ears.hear("the self-test", |event| matches!(event, Event::SelfTest { .. }));
    assert!(matches!(test, Event::SelfTest { report, .. } if !report.passed && report.detail.contains("kiosk.toml")));
}
