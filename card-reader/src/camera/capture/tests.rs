//! The watchdog over a camera that a test plays, and the second light.

use super::{CameraEvent, Events, Fault, Open, Opened, Orders, Patience, Views, watch_over};
use crate::camera::light::{Lamp, Switch};
use crate::camera::{FrameSource, Layout, Picture, SourceError};
use crate::clock::now;
use crate::reader::CameraSource;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Plays a camera by what the test sends: a picture of this grey, or `None` for an error. It waits as long as
/// nothing is sent, as a driver does.
struct Played(Receiver<Option<u8>>, u32);

impl FrameSource for Played {
    fn next(&mut self) -> Result<Picture, SourceError> {
        let grey = self.0.recv().ok().flatten();
        let grey = grey.ok_or_else(|| SourceError::new(Fault::NotReachable, "pulled out"))?;
        self.1 += 1;
        let mut pixels = vec![grey; 320 * 240];
        // Print on it, and a trace of noise, as every sensor has.
        pixels.iter_mut().enumerate().filter(|(at, _)| at / 8 % 2 == 0).for_each(|(_, pixel)| *pixel += 40);
        let at = self.1 as usize * 977 % pixels.len();
        pixels[at..].iter_mut().take(400).for_each(|pixel| *pixel = pixel.wrapping_add(1));
        Picture::new(320, 240, Layout::Grey, pixels).ok_or_else(|| SourceError::new(Fault::Unsupported, "no picture"))
    }

    fn facts(&self) -> String {
        "played".to_owned()
    }

    fn name(&self) -> String {
        "played".to_owned()
    }
}

struct Bench {
    events: mpsc::Receiver<(usize, CameraEvent)>,
    orders: Arc<Orders>,
    views: Views,
    opened: Arc<AtomicU32>,
    /// To the camera as it was opened last.
    frames: Arc<Mutex<Option<Sender<Option<u8>>>>>,
}

impl Bench {
    fn new(patience: Patience, led: Option<&Path>) -> Self {
        let (to, events) = mpsc::channel(64);
        let views = Views { frame: watch::channel(None).0, preview: watch::channel(None).0 };
        let (orders, opened) = (Arc::new(Orders::default()), Arc::new(AtomicU32::new(0)));
        let frames = Arc::new(Mutex::new(None));
        let (count, here, led) = (Arc::clone(&opened), Arc::clone(&frames), led.map(Path::to_owned));
        let open: Open = Arc::new(move || {
            let (sender, receiver) = channel();
            *here.lock().unwrap() = Some(sender);
            count.fetch_add(1, Ordering::SeqCst);
            let nowhere = CameraSource::Node("/dev/no-such-camera".into());
            let lamp = led.clone().map(|led| Lamp::open(&Switch::Led(led), &nowhere));
            Ok(Opened { source: Box::new(Played(receiver, 0)), lamp })
        });
        let events_to = Events { camera: 0, to };
        tokio::spawn(watch_over(open, patience, Arc::clone(&orders), views.clone(), events_to));
        Self { events, orders, views, opened, frames }
    }

    fn send(&self, frame: Option<u8>) {
        if let Some(sender) = &*self.frames.lock().unwrap() {
            let _ = sender.send(frame);
        }
    }

    /// Frames every 20 ms until the event comes.
    async fn film_until(&mut self, grey: u8, wanted: impl Fn(&CameraEvent) -> bool) -> CameraEvent {
        let end = now() + Duration::from_secs(10);
        loop {
            self.send(Some(grey));
            let pause = tokio::time::timeout(Duration::from_millis(20), self.events.recv()).await;
            match pause {
                Ok(Some((_, event))) if wanted(&event) => return event,
                _ => assert!(now() < end, "in time"),
            }
        }
    }

    async fn next(&mut self) -> CameraEvent {
        let next = tokio::time::timeout(Duration::from_secs(10), self.events.recv()).await;
        next.expect("an event in time").expect("the watchdog runs").1
    }
}

fn patience() -> Patience {
    Patience {
        silent: Duration::from_millis(600),
        first_frame: Duration::from_secs(2),
        abandon: Duration::from_millis(1500),
    }
}

fn is_ready(event: &CameraEvent) -> bool {
    matches!(event, CameraEvent::Ready { .. })
}

#[tokio::test]
async fn a_driver_that_never_gives_the_next_frame_is_named_and_its_frames_are_taken_when_they_come_again() {
    let mut bench = Bench::new(patience(), None);
    bench.orders.set_active(true);
    bench.film_until(100, is_ready).await;
    bench.film_until(100, |event| matches!(event, CameraEvent::Seen(_))).await;
    let start = now();
    while bench.next().await != CameraEvent::Lost(Fault::NotResponding) {}
    let took = now() - start;
    assert!(took < Duration::from_millis(1500), "{took:?}");
    assert!(bench.views.frame.borrow().is_none(), "an old frame is nobody's");
    bench.film_until(100, is_ready).await;
    assert_eq!(bench.opened.load(Ordering::SeqCst), 1, "the same opening: it was only slow");
}

#[tokio::test]
async fn a_thread_that_hangs_for_good_is_left_behind_and_the_camera_opened_anew() {
    let mut bench = Bench::new(patience(), None);
    bench.film_until(100, is_ready).await;
    let old = bench.frames.lock().unwrap().clone();
    while bench.next().await != CameraEvent::Lost(Fault::NotResponding) {}
    while bench.opened.load(Ordering::SeqCst) < 2 {
        let _ = tokio::time::timeout(Duration::from_millis(20), bench.events.recv()).await;
    }
    bench.film_until(100, is_ready).await;
    // The one left behind wakes up: it ends, and says nothing.
    old.unwrap().send(Some(7)).unwrap();
    let next = bench.film_until(100, |_| true).await;
    assert!(matches!(next, CameraEvent::Seen(_)), "{next:?}");
}

#[tokio::test]
async fn a_camera_pulled_out_is_told_once_and_opened_again() {
    let mut bench = Bench::new(patience(), None);
    bench.film_until(100, is_ready).await;
    bench.send(None);
    while bench.next().await != CameraEvent::Lost(Fault::NotReachable) {}
    bench.film_until(100, is_ready).await;
    assert_eq!(bench.opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_newest_frame_takes_the_place_of_the_one_before() {
    let mut bench = Bench::new(patience(), None);
    bench.orders.set_active(true);
    bench.film_until(10, is_ready).await;
    for grey in [10, 200] {
        let end = now() + Duration::from_secs(5);
        let mut newest = None;
        while newest != Some(grey) {
            assert!(now() < end, "{grey}: {newest:?}");
            bench.film_until(grey, |event| matches!(event, CameraEvent::Seen(_))).await;
            newest = bench.views.frame.borrow().as_ref().map(|frame| frame.pixels[8]);
        }
    }
    bench.orders.set_active(false);
    bench.film_until(200, |event| matches!(event, CameraEvent::Seen(_))).await;
    let end = now() + Duration::from_secs(5);
    while bench.views.frame.borrow().is_some() {
        assert!(now() < end, "nothing is kept at rest");
        bench.film_until(200, |event| matches!(event, CameraEvent::Seen(_))).await;
    }
}

#[tokio::test]
async fn the_second_light_burns_while_a_document_is_read_and_is_put_out_after_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("max_brightness"), "9").unwrap();
    let brightness = || std::fs::read_to_string(folder.path().join("brightness")).unwrap();
    let mut bench = Bench::new(patience(), Some(folder.path()));
    let ready = bench.film_until(100, is_ready).await;
    assert!(matches!(ready, CameraEvent::Ready { facts, .. } if facts == "played, infrared first"));
    assert_eq!(brightness(), "0");
    bench.orders.set_active(true);
    let mut seen = Vec::new();
    let end = now() + Duration::from_secs(10);
    while seen != ["9", "0", "9"] {
        assert!(now() < end, "{seen:?}");
        bench.film_until(100, |event| matches!(event, CameraEvent::Seen(_))).await;
        let lit = brightness();
        if seen.last().is_none_or(|last| *last != lit) && (lit == "9" || !seen.is_empty()) {
            seen.push(lit);
        }
    }
    bench.orders.set_active(false);
    while brightness() != "0" {
        assert!(now() < end, "out");
        bench.film_until(100, |event| matches!(event, CameraEvent::Seen(_))).await;
    }
}
