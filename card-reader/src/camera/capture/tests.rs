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

/// What a test has the camera do next.
#[derive(Clone, Copy)]
enum Shot {
    /// A picture of this grey.
    Picture(u8),
    /// The picture before, to the last bit.
    Same,
    /// What is no picture.
    Bad(Fault),
    /// A picture of another size than was set.
    Smaller,
    Gone,
}

/// Plays a camera by what the test sends. It waits as long as nothing is sent, as a driver does.
struct Played(Receiver<Shot>, u32);

impl FrameSource for Played {
    fn next(&mut self) -> Result<Picture, SourceError> {
        let (grey, width, height) = match self.0.recv().unwrap_or(Shot::Gone) {
            Shot::Picture(grey) => {
                self.1 += 1;
                (grey, 320, 240)
            }
            Shot::Same => (100, 320, 240),
            Shot::Bad(fault) => return Err(SourceError::of_frame(fault, "no picture")),
            Shot::Smaller => {
                self.1 += 1;
                (100, 160, 120)
            }
            Shot::Gone => return Err(SourceError::new(Fault::NotReachable, "pulled out")),
        };
        let mut pixels = vec![grey; width * height];
        // Print on it, and a trace of noise, as every sensor has.
        pixels.iter_mut().enumerate().filter(|(at, _)| at / 8 % 2 == 0).for_each(|(_, pixel)| *pixel += 40);
        let at = self.1 as usize * 977 % pixels.len();
        pixels[at..].iter_mut().take(400).for_each(|pixel| *pixel = pixel.wrapping_add(2));
        Picture::new(width, height, Layout::Grey, pixels)
            .ok_or_else(|| SourceError::new(Fault::Unsupported, "no picture"))
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some((320, 240))
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
    frames: Arc<Mutex<Option<Sender<Shot>>>>,
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

    fn send(&self, frame: Shot) {
        if let Some(sender) = &*self.frames.lock().unwrap() {
            let _ = sender.send(frame);
        }
    }

    /// Frames every 20 ms until the event comes.
    async fn film_until(&mut self, grey: u8, wanted: impl Fn(&CameraEvent) -> bool) -> CameraEvent {
        let end = now() + Duration::from_secs(10);
        loop {
            self.send(Shot::Picture(grey));
            let pause = tokio::time::timeout(Duration::from_millis(20), self.events.recv()).await;
            match pause {
                Ok(Some((_, event))) if wanted(&event) => return event,
                _ => assert!(now() < end, "in time"),
            }
        }
    }

    /// These in turn, one every `pause`, for as long as `time` or until the event comes; all that was told but for what
    /// was seen.
    async fn shoot(
        &mut self,
        shots: &[Shot],
        pause: Duration,
        time: Duration,
        wanted: impl Fn(&CameraEvent) -> bool,
    ) -> Vec<CameraEvent> {
        let (end, mut told) = (now() + time, Vec::new());
        for shot in shots.iter().cycle() {
            self.send(*shot);
            let next = now() + pause;
            while let Ok(Some((_, event))) = tokio::time::timeout_at(next.into(), self.events.recv()).await {
                let found = wanted(&event);
                if !matches!(event, CameraEvent::Seen(_)) {
                    told.push(event);
                }
                if found {
                    return told;
                }
            }
            if now() >= end {
                break;
            }
        }
        told
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
        bad: Duration::from_millis(400),
        thaw: Duration::from_millis(500),
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
    old.unwrap().send(Shot::Picture(7)).unwrap();
    let next = bench.film_until(100, |_| true).await;
    assert!(matches!(next, CameraEvent::Seen(_)), "{next:?}");
}

#[tokio::test]
async fn a_camera_pulled_out_is_told_once_and_opened_again() {
    let mut bench = Bench::new(patience(), None);
    bench.film_until(100, is_ready).await;
    bench.send(Shot::Gone);
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

const OFTEN: Duration = Duration::from_millis(20);
const SOON: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_frozen_camera_is_lost_once_and_ready_again_once_its_picture_has_changed() {
    let mut bench = Bench::new(patience(), None);
    bench.film_until(100, is_ready).await;
    let lost = CameraEvent::Lost(Fault::Frozen);
    let told = bench.shoot(&[Shot::Same], OFTEN, SOON, |event| *event == lost).await;
    assert_eq!(told, std::slice::from_ref(&lost));
    let told = bench.shoot(&[Shot::Same], OFTEN, Duration::from_secs(3), |_| false).await;
    assert!(told.is_empty(), "{told:?}");
    assert!(bench.opened.load(Ordering::SeqCst) > 2, "opening it again may help");
    assert!(bench.views.preview.borrow().is_none() && bench.views.frame.borrow().is_none());
    bench.film_until(100, is_ready).await;
    let told = bench.shoot(&[Shot::Picture(100)], OFTEN, Duration::from_millis(2500), |_| false).await;
    assert!(told.is_empty(), "{told:?}");
    bench.send(Shot::Gone);
    while bench.next().await != CameraEvent::Lost(Fault::NotReachable) {}
}

#[tokio::test]
async fn a_frozen_camera_that_is_pulled_out_is_told_as_that() {
    let mut bench = Bench::new(patience(), None);
    bench.film_until(100, is_ready).await;
    bench.shoot(&[Shot::Same], OFTEN, SOON, |event| *event == CameraEvent::Lost(Fault::Frozen)).await;
    let told = bench.shoot(&[Shot::Gone], OFTEN, SOON, |event| matches!(event, CameraEvent::Lost(_))).await;
    assert_eq!(told, [CameraEvent::Lost(Fault::NotReachable)]);
}

#[tokio::test]
async fn a_few_bad_frames_are_counted_and_nothing_but_bad_ones_is_a_loss_that_says_what_they_are() {
    for fault in [Fault::ProtocolErrors, Fault::WrongSize] {
        let mut bench = Bench::new(patience(), None);
        bench.film_until(100, is_ready).await;
        let poor = [Shot::Bad(fault), Shot::Bad(fault), Shot::Bad(fault), Shot::Picture(100)];
        let told = bench.shoot(&poor, OFTEN, Duration::from_secs(2), |_| false).await;
        assert!(told.len() > 20 && told.iter().all(|event| *event == CameraEvent::BadFrame), "{told:?}");
        let start = now();
        let is_lost = |event: &CameraEvent| matches!(event, CameraEvent::Lost(_));
        let told = bench.shoot(&[Shot::Bad(fault)], OFTEN, SOON, is_lost).await;
        assert_eq!(told.last(), Some(&CameraEvent::Lost(fault)));
        let took = now() - start;
        assert!(took < patience().bad + Duration::from_millis(500), "{took:?}");
        let told = bench.shoot(&[Shot::Bad(fault)], OFTEN, Duration::from_secs(2), is_lost).await;
        assert!(told.iter().all(|event| *event == CameraEvent::BadFrame), "told once: {told:?}");
        bench.film_until(100, is_ready).await;
    }
    // As delivered: before silence would be told, and within two seconds.
    assert!(super::PATIENCE.bad < super::PATIENCE.silent && super::PATIENCE.silent < Duration::from_secs(2));
}

#[tokio::test]
async fn pictures_of_another_size_and_slow_ones_are_named_while_they_last() {
    let of = |fault, standing| CameraEvent::Degraded { fault, standing };
    let mut bench = Bench::new(Patience { silent: super::PATIENCE.silent, ..patience() }, None);
    bench.film_until(100, is_ready).await;
    let told =
        bench.shoot(&[Shot::Smaller], OFTEN, SOON, |event| *event != of(Fault::Slow, true) && !seen(event)).await;
    assert_eq!(told, [of(Fault::WrongSize, true)]);
    let told = bench.shoot(&[Shot::Picture(100)], OFTEN, SOON, |event| !seen(event)).await;
    assert_eq!(told, [of(Fault::WrongSize, false)]);
    let told = bench.shoot(&[Shot::Picture(100)], OFTEN, Duration::from_secs(2), |_| false).await;
    assert!(told.is_empty(), "{told:?}");

    for pause in [Duration::from_millis(1000), Duration::from_millis(450)] {
        let slowed = now();
        let told = bench.shoot(&[Shot::Picture(100)], pause, SOON, |event| !seen(event)).await;
        assert_eq!(told, [of(Fault::Slow, true)]);
        let took = now() - slowed;
        assert!(took <= Duration::from_secs(2), "{took:?}");
        let told = bench.shoot(&[Shot::Picture(100)], pause, Duration::from_secs(3), |_| false).await;
        assert!(told.is_empty(), "{told:?}");
        let told = bench.shoot(&[Shot::Picture(100)], OFTEN, SOON, |event| !seen(event)).await;
        assert_eq!(told, [of(Fault::Slow, false)]);
        bench.shoot(&[Shot::Picture(100)], OFTEN, Duration::from_secs(2), |_| false).await;
    }
}

fn seen(event: &CameraEvent) -> bool {
    matches!(event, CameraEvent::Seen(_))
}
