//! The whole reader over a replayed camera: a sequence of frames of which none can be read alone.
#![cfg(feature = "simulated")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod drawn;

use card_reader::ocr::{Point, read};
use card_reader::reader::{
    Accept, CameraConfig, CameraSource, Command, Event, PresentationNo, Reader, ReaderConfig, Reading,
};
use drawn::{Camera, Fonts, Kind, Page, Pose, Random, rows};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// The next event that `wanted` takes, within a minute.
fn hear(events: &mut Receiver<Event>, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
    for _ in 0..6000 {
        while let Ok(event) = events.try_recv() {
            if wanted(&event) {
                return event;
            }
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

#[test]
fn frames_that_cannot_be_read_alone_are_read_together_by_the_camera() {
    let folder = tempfile::tempdir().unwrap();
    let mut r = Random(4);
    let text = rows(Kind::Passport, &mut r);
    let page = Page::print(Kind::Passport, Some(&text), &Fonts::load(), 4, 7.0);
    let pose = Pose { width: 720, height: 540, turn: 1.5, fill: 0.85, shift: (0.0, 0.0), ..Pose::usual(&mut r) };
    let light = pose.see(&page);
    let (zone, pitch) = pose.zone(&page);
    // The light's image wanders along the zone: it hides the start, then the middle, then the end.
    let fresh = folder.path().join("fresh");
    std::fs::create_dir(&fresh).unwrap();
    for n in 0..6 {
        let x = zone.x + [-14.0, -7.0, 0.0, 6.0, 11.0, 16.0][n] * pitch;
        let glare = Some((Point { x, y: zone.y }, 3.2 * pitch, 400.0));
        let frame = Camera { glare, ..Camera::good(&mut r) }.take(&light, pose.width, &mut r);
        assert!(read(&frame).is_err(), "frame {n} can be read alone");
        let picture = image::GrayImage::from_raw(frame.width as u32, frame.height as u32, frame.pixels).unwrap();
        picture.save(fresh.join(format!("{n}.png"))).unwrap();
    }

    let source = CameraSource::Replay { path: folder.path().to_owned(), frames_per_second: 10 };
    let cameras = vec![CameraConfig::new("camera", source)];
    let limit = Duration::from_secs(60);
    let config = ReaderConfig { cameras, try_limit: limit, decode_limit: limit, ..ReaderConfig::default() };
    let (reader, mut events) = Reader::start(config).unwrap();
    hear(&mut events, "ready", |event| matches!(event, Event::Ready { .. }));
    reader.send(Command::Arm { presentation: PresentationNo(3), accept: Accept::Documents });
    hear(&mut events, "armed", |event| matches!(event, Event::Armed { .. }));
    std::fs::rename(&fresh, folder.path().join("current")).unwrap();
    let told = hear(&mut events, "a read", |event| matches!(event, Event::Read { .. } | Event::Failed { .. }));
    let Event::Read { presentation: PresentationNo(3), reading: Reading::Zone(zone) } = told else {
        panic!("the try failed");
    };
    for (line, printed) in zone.lines.iter().zip(&text) {
        assert!(line.expose(|line| line == printed));
    }
}
