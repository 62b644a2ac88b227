//! The thread that takes pictures, and the watchdog over it.
//!
//! The thread waits in the camera's driver, perhaps for ever; it hands over the newest frame and never waits for
//! anybody. The supervisor notices when nothing comes, says so, and opens the camera again.

use super::gate::{Gate, Seen, WIDTH, is_dark};
use super::light::{Lamp, Light, Turns};
use super::{FrameSource, Picture, SourceError};
use crate::clock::now;
use crate::ocr::LumaImage;
use crate::reader::{CameraConfig, Fault, Frame, PreviewFrame};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;

/// Between two looks of the gate: at rest, and while something is wanted.
const LOOK_IDLE: Duration = Duration::from_millis(500);
const LOOK_ACTIVE: Duration = Duration::from_millis(60);
/// Between two preview frames: twelve a second.
const PREVIEW: Duration = Duration::from_millis(80);
/// Threads that hang in the driver and are left behind; no more than these.
const ABANDONED_MAX: u32 = 3;
const RETRY: Duration = Duration::from_millis(250);
const RETRY_QUICK: u32 = 120;
const RETRY_SLOW: Duration = Duration::from_secs(5);

/// What a camera reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraEvent {
    /// The first frame is there.
    Ready {
        name: String,
        facts: String,
    },
    /// No frames; it is being opened again.
    Lost(Fault),
    /// A fault that it goes on with has come or gone: slow, or of a wrong size.
    Degraded {
        fault: Fault,
        standing: bool,
    },
    /// One frame that was no picture. The next may be one.
    BadFrame,
    Seen(Seen),
}

/// What is wanted of a camera; shared with its thread.
#[derive(Default)]
pub struct Orders {
    active: AtomicBool,
    stop: AtomicBool,
    preview: Mutex<Option<(u32, u32)>>,
}

impl Orders {
    /// Whether full frames are wanted, and quick looks.
    pub fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Relaxed);
    }

    pub fn set_preview(&self, size: Option<(u32, u32)>) {
        *self.preview.lock().unwrap_or_else(PoisonError::into_inner) = size;
    }

    /// The thread ends with its next frame.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn preview(&self) -> Option<(u32, u32)> {
        *self.preview.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where pictures go: always the newest, never a queue.
#[derive(Clone)]
pub struct Views {
    pub frame: watch::Sender<Option<Frame>>,
    pub preview: watch::Sender<Option<PreviewFrame>>,
}

/// One camera of several: its events carry its number.
#[derive(Clone)]
pub struct Events {
    pub camera: usize,
    pub to: mpsc::Sender<(usize, CameraEvent)>,
}

/// How long the watchdog waits.
#[derive(Clone, Copy)]
struct Patience {
    /// No frame for this long is a loss.
    silent: Duration,
    /// Opening and the first frame take longer.
    first_frame: Duration,
    /// A thread that hangs in the driver is left behind after this long.
    abandon: Duration,
    /// Bad frames and no good one among them for this long are a loss, named as what they are.
    bad: Duration,
    /// A camera that still gives the picture it froze with is opened again this often.
    thaw: Duration,
}

const PATIENCE: Patience = Patience {
    silent: Duration::from_millis(1700),
    first_frame: Duration::from_secs(5),
    abandon: Duration::from_secs(15),
    bad: Duration::from_millis(1500),
    thaw: Duration::from_secs(5),
};

/// Fewer frames than the first within this time are slow, as many as the second no longer.
const PACE: Duration = Duration::from_millis(1500);
const PACE_SLOW: usize = 4;
const PACE_WELL: usize = 6;
/// Whoever has been silent for this long may not be slow but gone.
const PACE_RECENT: Duration = Duration::from_millis(700);

/// Opens the camera, and its second light if there is one; again after each loss.
type Open = Arc<dyn Fn() -> Result<Opened, SourceError> + Send + Sync>;

struct Opened {
    source: Box<dyn FrameSource>,
    lamp: Option<Result<Lamp, String>>,
}

/// Runs until nobody takes its events any more.
pub async fn run(config: CameraConfig, orders: Arc<Orders>, views: Views, events: Events) {
    let open: Open = Arc::new(move || {
        let source = super::open(&config.source)?;
        Ok(Opened { source, lamp: config.infrared.as_ref().map(|switch| Lamp::open(switch, &config.source)) })
    });
    watch_over(open, PATIENCE, orders, views, events).await;
}

async fn watch_over(open: Open, patience: Patience, orders: Arc<Orders>, views: Views, events: Events) {
    let mut failures = 0;
    let mut abandoned = 0;
    // What the loss was told as.
    let mut told = None;
    let frozen = Arc::new(AtomicBool::new(false));
    loop {
        let pulse = Arc::new(Pulse::new(now()));
        let (ending, mut ended) = oneshot::channel();
        let thread = Thread {
            open: Arc::clone(&open),
            orders: Arc::clone(&orders),
            views: views.clone(),
            events: events.clone(),
            pulse: Arc::clone(&pulse),
            patience,
            frozen: Arc::clone(&frozen),
        };
        let spawned = std::thread::Builder::new().name("camera".to_owned()).spawn(move || {
            let end = thread.run();
            let _ = ending.send(end);
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for the camera");
            return;
        }
        let (mut silent, mut slow) = (false, false);
        let error = loop {
            let look = now() + Duration::from_millis(100);
            tokio::select! {
                end = &mut ended => match end {
                    Ok(End::Stopped) => return,
                    Ok(End::Lost(error)) => break error,
                    Err(_) => break SourceError::new(Fault::NotResponding, "the camera's thread panicked"),
                },
                () = sleep_until(look.into()) => {}
            }
            if events.to.is_closed() {
                orders.stop();
                return;
            }
            let quiet = pulse.quiet_for(now());
            let limit = if pulse.has_beaten() { patience.silent } else { patience.first_frame };
            if quiet >= limit && !silent {
                silent = true;
                told = Some(Fault::NotResponding);
                slow = false;
                pulse.measure_anew();
                clear(&views);
                let _ = events.to.send((events.camera, CameraEvent::Lost(Fault::NotResponding))).await;
            } else if quiet < limit && silent {
                // It was only slow: its thread says Ready again with the next frame.
                silent = false;
                pulse.announce_again();
            }
            if let Some(frames) = pulse.pace(now()).filter(|_| !silent && quiet < PACE_RECENT && pulse.was_announced())
            {
                let now_slow = frames < if slow { PACE_WELL } else { PACE_SLOW };
                if now_slow != slow {
                    slow = now_slow;
                    let event = CameraEvent::Degraded { fault: Fault::Slow, standing: slow };
                    let _ = events.to.send((events.camera, event)).await;
                }
            }
            if quiet >= patience.abandon && abandoned < ABANDONED_MAX {
                abandoned += 1;
                pulse.abandon();
                break SourceError::new(Fault::NotResponding, "the camera hangs; its thread is left behind");
            }
        };
        clear(&views);
        if pulse.was_announced() {
            (failures, told) = (0, told.filter(|_| silent));
        }
        failures += 1;
        if told != Some(error.fault) {
            told = Some(error.fault);
            tracing::warn!(camera = events.camera, %error, "camera lost; it is being opened again");
            if events.to.send((events.camera, CameraEvent::Lost(error.fault))).await.is_err() {
                return;
            }
        }
        let pause = if failures > RETRY_QUICK { RETRY_SLOW } else { RETRY };
        sleep_until((now() + pause).into()).await;
        if events.to.is_closed() {
            return;
        }
    }
}

fn clear(views: &Views) {
    views.frame.send_replace(None);
    views.preview.send_replace(None);
}

/// The thread's sign of life.
struct Pulse {
    start: Instant,
    /// Milliseconds after `start`, plus one; 0 before the first frame.
    last: AtomicU64,
    abandoned: AtomicBool,
    announced: AtomicBool,
    /// It has been told as ready since it was opened.
    was_announced: AtomicBool,
    /// When the last frames came, the oldest first, and since when they are counted.
    recent: Mutex<(Option<Instant>, VecDeque<Instant>)>,
}

impl Pulse {
    fn new(start: Instant) -> Self {
        Self {
            start,
            last: AtomicU64::new(0),
            abandoned: AtomicBool::new(false),
            announced: AtomicBool::new(false),
            was_announced: AtomicBool::new(false),
            recent: Mutex::default(),
        }
    }

    fn beat(&self, now: Instant) {
        let millis = u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX - 1);
        self.last.store(millis + 1, Ordering::Relaxed);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.0.get_or_insert(now);
        recent.1.push_back(now);
        if recent.1.len() > PACE_WELL {
            recent.1.pop_front();
        }
    }

    /// Frames within the last [`PACE`], at most [`PACE_WELL`]; `None` before they have been counted for as long.
    fn pace(&self, now: Instant) -> Option<usize> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.0.filter(|since| now.saturating_duration_since(*since) >= PACE)?;
        Some(recent.1.iter().filter(|at| now.saturating_duration_since(**at) < PACE).count())
    }

    fn measure_anew(&self) {
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = (None, VecDeque::new());
    }

    fn has_beaten(&self) -> bool {
        self.last.load(Ordering::Relaxed) > 0
    }

    fn quiet_for(&self, now: Instant) -> Duration {
        let last = self.last.load(Ordering::Relaxed).saturating_sub(1);
        now.saturating_duration_since(self.start + Duration::from_millis(last))
    }

    fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    fn announce_again(&self) {
        self.announced.store(false, Ordering::Relaxed);
    }

    /// Whether this frame is the first since the last announcement.
    fn to_announce(&self) -> bool {
        self.was_announced.store(true, Ordering::Relaxed);
        !self.announced.swap(true, Ordering::Relaxed)
    }

    fn was_announced(&self) -> bool {
        self.was_announced.load(Ordering::Relaxed)
    }
}

enum End {
    Stopped,
    Lost(SourceError),
}

struct Thread {
    open: Open,
    orders: Arc<Orders>,
    views: Views,
    events: Events,
    pulse: Arc<Pulse>,
    patience: Patience,
    /// It was lost because it gave the same picture again and again, and no other has come since.
    frozen: Arc<AtomicBool>,
}

impl Thread {
    fn run(self) -> End {
        // Foreign code on foreign hardware: a panic in it is a lost camera, nothing more.
        catch_unwind(AssertUnwindSafe(|| self.take_pictures())).unwrap_or_else(|_| {
            End::Lost(SourceError::new(Fault::NotResponding, "the camera's driver library panicked"))
        })
    }

    fn take_pictures(&self) -> End {
        let Opened { mut source, lamp } = match (self.open)() {
            Ok(opened) => opened,
            Err(error) => return End::Lost(error),
        };
        let mut second = SecondLight::new(lamp);
        let mut gate = Gate::default();
        let (mut look_at, mut preview_at) = (now(), now());
        let mut last = None;
        let (opened, mut ice, mut bad_since, mut wrong_size) = (now(), None, None, false);
        loop {
            let given = source.next();
            if self.pulse.is_abandoned() || self.orders.stop.load(Ordering::Relaxed) || self.events.to.is_closed() {
                return End::Stopped;
            }
            let now = now();
            let picture = match given {
                Ok(picture) => picture,
                Err(error) if error.passing => {
                    self.tell(CameraEvent::BadFrame);
                    if now.saturating_duration_since(*bad_since.get_or_insert(now)) >= self.patience.bad {
                        return End::Lost(error);
                    }
                    continue;
                }
                Err(error) => return End::Lost(error),
            };
            bad_since = None;
            self.pulse.beat(now);
            if self.frozen.load(Ordering::Relaxed) {
                if !thaws(&mut ice, picture.overview(WIDTH)) {
                    if now.saturating_duration_since(opened) >= self.patience.thaw {
                        return End::Lost(SourceError::new(Fault::Frozen, FROZEN));
                    }
                    continue;
                }
                self.frozen.store(false, Ordering::Relaxed);
            }
            if self.pulse.to_announce() {
                wrong_size = false;
                self.tell(CameraEvent::Ready { name: source.name(), facts: second.facts(source.facts()) });
            }
            let differs = source.size().is_some_and(|size| size != picture.size());
            if differs != wrong_size && self.tell(CameraEvent::Degraded { fault: Fault::WrongSize, standing: differs })
            {
                wrong_size = differs;
            }
            let active = self.orders.active.load(Ordering::Relaxed);
            let light = second.step(now, active && last.is_some_and(|seen: Seen| seen.present));
            if light == Light::Changing {
                continue;
            }
            // The preview does not flicker.
            if light == Light::Usual {
                preview_at = self.show(&picture, now, preview_at);
            }
            if now >= look_at {
                look_at = now + if active { LOOK_ACTIVE } else { LOOK_IDLE };
                let overview = picture.overview(WIDTH);
                let seen = match (light, last) {
                    // What lies there was seen in the usual light, and so will its removal be.
                    (Light::Infrared, Some(last)) => Seen { still: second.gate.look(now, overview).still, ..last },
                    _ => gate.look(now, overview),
                };
                last = Some(seen);
                if seen.frozen {
                    self.frozen.store(true, Ordering::Relaxed);
                    return End::Lost(SourceError::new(Fault::Frozen, FROZEN));
                }
                if active {
                    self.views.frame.send_replace(Some(Arc::new(picture.into_luma())));
                } else if self.views.frame.borrow().is_some() {
                    self.views.frame.send_replace(None);
                }
                self.tell(CameraEvent::Seen(seen));
            }
        }
    }

    fn show(&self, picture: &Picture, now: Instant, due: Instant) -> Instant {
        match self.orders.preview() {
            Some(size) if now >= due => {
                self.views.preview.send_replace(Some(picture.preview(size)));
                now + PREVIEW
            }
            Some(_) => due,
            None => {
                if self.views.preview.borrow().is_some() {
                    self.views.preview.send_replace(None);
                }
                due
            }
        }
    }

    /// A full queue means that nobody has looked for a while; the next look says the same again.
    /// Whether it was taken.
    fn tell(&self, event: CameraEvent) -> bool {
        let ready = matches!(event, CameraEvent::Ready { .. });
        let taken = self.events.to.try_send((self.events.camera, event)).is_ok();
        if ready && !taken {
            self.pulse.announce_again();
        }
        taken
    }
}

const FROZEN: &str = "the camera gives the same picture again and again";

/// Whether a camera that was frozen gives another picture than the one before, or none at all for want of light.
/// `before`: what it gave last.
fn thaws(before: &mut Option<LumaImage>, overview: LumaImage) -> bool {
    let moved = before.as_ref().is_some_and(|before| before.pixels != overview.pixels) || is_dark(&overview);
    *before = Some(overview);
    moved
}

/// The second light of a camera that has one.
struct SecondLight {
    lamp: Option<Lamp>,
    problem: Option<String>,
    turns: Turns,
    /// Looks at pictures in it, which have nothing in common with those in the usual light.
    gate: Gate,
}

impl SecondLight {
    fn new(lamp: Option<Result<Lamp, String>>) -> Self {
        let (lamp, problem) = match lamp {
            Some(Ok(lamp)) => (Some(lamp), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        if let Some(problem) = &problem {
            tracing::warn!(problem, "no second light");
        }
        Self { lamp, problem, turns: Turns::default(), gate: Gate::default() }
    }

    fn step(&mut self, now: Instant, wanted: bool) -> Light {
        let Some(lamp) = &self.lamp else { return Light::Usual };
        let (light, switch) = self.turns.step(now, wanted);
        if let Some(Err(error)) = switch.map(|lit| lamp.set(lit)) {
            tracing::warn!(%error, "the second light cannot be switched; pictures are taken without it");
            self.lamp = None;
            return Light::Usual;
        }
        light
    }

    fn facts(&self, facts: String) -> String {
        match (&self.lamp, &self.problem) {
            (Some(_), _) => format!("{facts}, infrared first"),
            (None, Some(problem)) => format!("{facts}, no second light: {problem}"),
            (None, None) => facts,
        }
    }
}

impl Drop for SecondLight {
    fn drop(&mut self) {
        if let Some(lamp) = &self.lamp {
            // The camera may be gone, and its light with it.
            let _ = lamp.set(false);
        }
    }
}

#[cfg(test)]
mod tests;
