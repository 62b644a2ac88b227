//! How fast the kiosk starts and answers, and how little it needs. Debug builds draw slower: their bounds are wider.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ears;

use card_reader::reader::{Accept, CameraConfig, CameraSource, Command, Event, PresentationNo, Reader, ReaderConfig};
use ears::Ears;
use image::{DynamicImage, RgbImage};
use kiosk_tests::harness::post::{Options, Post, SOON, Site};
use kiosk_tests::harness::tray::Tray;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure, processor, wait};
use kiosk_tests::specimen::{DEFAULT_FOLDER, Fonts, Holder, Kind, Print, Specimen, draw, scene};
use std::path::Path;
use std::time::Duration;

const RELEASE: bool = !cfg!(debug_assertions);

#[test]
fn the_first_frame_is_on_the_screen_within_a_second() -> Outcome {
    let site = Site::make(&Options::default())?;
    let screen = site.screen.as_ref().map(|screen| &screen.name).cloned();
    let start = wait::now();
    let mut kiosk = site.start()?;
    let shown = site.screen.as_ref().map(|screen| {
        wait::until("a first frame", SOON, || {
            screen.picture().ok().filter(kiosk_tests::display::Picture::shows_something)
        })
    });
    let took = wait::now().duration_since(start);
    ensure(screen.is_some() && matches!(shown, Some(Ok(_))), || "nothing was drawn")?;
    println!("first frame after {} ms", took.as_millis());
    let bound = Duration::from_millis(if RELEASE { 1000 } else { 3000 });
    ensure(took <= bound, || format!("the first frame took {} ms", took.as_millis()))?;
    kiosk.attract(SOON).map(|_| ())
}

#[test]
fn at_rest_it_needs_next_to_no_processor_and_little_memory() -> Outcome {
    let post = Post::open(&Options::default())?;
    // Devices and the service are up, the first heartbeat is sent.
    wait::pause(Duration::from_secs(3));
    let (before, start) = (post.kiosk.processor_time()?, wait::now());
    wait::pause(Duration::from_secs(12));
    let used = post.kiosk.processor_time()?.saturating_sub(before);
    let share = used.as_secs_f64() / wait::now().duration_since(start).as_secs_f64();
    let resident = post.kiosk.resident()? / 1_000_000;
    println!("idle {:.2} % of a core, {resident} MB resident", share * 100.0);
    ensure(resident <= 150, || format!("{resident} MB are resident"))?;
    ensure(share <= if RELEASE { 0.01 } else { 0.03 }, || format!("{:.2} % of a core while idle", share * 100.0))
}

/// What a traveler typed must not be written to the disk by a crash.
#[test]
fn a_crash_leaves_no_core_file() -> Outcome {
    let post = Post::open(&Options::default())?;
    let limits =
        std::fs::read_to_string(format!("/proc/{}/limits", post.kiosk.process_id())).or_trouble(|| "limits")?;
    let core =
        limits.lines().find_map(|line| line.strip_prefix("Max core file size")).or_trouble(|| "no such limit")?;
    let (soft, hard) = core.trim().split_once(' ').or_trouble(|| "no such limit")?;
    ensure(soft == "0" && hard.trim_start().starts_with("0 "), || format!("cores of{core}"))
}

/// The whole loop over a camera of 1280×960: gate, zone, barcodes, preview. What it needs is counted by its threads' names,
/// because other tests run in this process.
#[test]
fn searching_needs_less_than_half_a_core_and_a_document_is_answered_at_once() -> Outcome {
    let folder = tempfile::tempdir().or_trouble(|| "a folder")?;
    let tray = Tray::new(&folder.path().join("tray"))?;
    let source = CameraSource::Replay { path: tray.folder.clone(), frames_per_second: 30 };
    let cameras = vec![CameraConfig::new("camera", source)];
    // Nothing here is about the end of a try, nor about a busy machine.
    let config = ReaderConfig { cameras, try_limit: SOON * 4, decode_limit: SOON, ..ReaderConfig::default() };
    let (reader, events) = Reader::start(config).or_trouble(|| "a thread")?;
    let mut ears = Ears { reader, events };
    ears.hear("ready", |event| matches!(event, Event::Ready { .. }));
    ears.tell(Command::Preview { size: Some((640, 480)) });

    let fonts = Fonts::load(Path::new(DEFAULT_FOLDER)).or_trouble(|| "Debian's fonts")?;
    let filmed = |page: &RgbImage, seed| {
        DynamicImage::ImageRgb8(scene::photograph(page, &scene::View::flatbed(page, seed))).into_luma8()
    };
    let page = |kind, seed| draw(&Specimen::of(kind, &Holder::made_up(kind, seed)), &fonts, &Print::default());
    let mut without_zone = page(Kind::Passport, 7);
    let paper = *without_zone.get_pixel(4, 4);
    let (width, height) = without_zone.dimensions();
    for (x, y) in (height * 7 / 10..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        without_zone.put_pixel(x, y, paper);
    }

    let bound = if RELEASE { 0.5 } else { 1.5 };
    for (what, lying) in [("an empty tray", None), ("a page that cannot be read", Some(filmed(&without_zone, 7)))] {
        ears.tell(Command::Arm { presentation: PresentationNo(1), accept: Accept::Documents });
        if let Some(picture) = lying {
            tray.show(&picture)?;
            ears.hear("sensed", |event| matches!(event, Event::Sensed { .. }));
        }
        wait::pause(Duration::from_secs(1));
        let (before, start) = (processor::of_threads(&THREADS)?, wait::now());
        wait::pause(Duration::from_secs(5));
        let used = processor::of_threads(&THREADS)?.saturating_sub(before);
        let share = used.as_secs_f64() / wait::now().duration_since(start).as_secs_f64();
        println!("searching over {what}: {:.0} % of a core", share * 100.0);
        ensure(share > 0.0 && share <= bound, || format!("{what}: {:.0} % of a core", share * 100.0))?;
    }
    tray.clear();
    ears.hear("the removal", |event| matches!(event, Event::Removed { .. }));

    let mut took = Vec::new();
    for (number, kind) in (2..).zip([Kind::Passport, Kind::ResidentCard, Kind::LargeCard].repeat(3)) {
        let picture = filmed(&page(kind, 100 + number), number);
        ears.tell(Command::Arm { presentation: PresentationNo(number), accept: Accept::Documents });
        ears.hear("armed", |event| matches!(event, Event::Armed { .. }));
        let start = wait::now();
        tray.show(&picture)?;
        let (read, _) = ears.read();
        took.push(wait::now().duration_since(start));
        ensure(read == number, || format!("{} was not read", kind.name()))?;
        tray.clear();
        ears.hear("the removal", |event| matches!(event, Event::Removed { .. }));
    }
    took.sort_unstable();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "a document that lies still is answered after {median:?}, at most {slowest:?}, its picture's file included"
    );
    let bound = Duration::from_millis(if RELEASE { 300 } else { 3000 });
    ensure(median <= bound, || format!("answered after {took:?}"))
}

/// Of one camera's way: pictures, decoders, the core.
const THREADS: [&str; 3] = ["camera", "recognise", "reader"];
