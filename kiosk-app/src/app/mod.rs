//! The thin shell around the pure core: iced's program. [`perform`] runs the core's effects, [`listen`] brings the world's
//! events in, and the screens are drawn by [`crate::screens`]. Nothing is decided here.

mod listen;
mod perform;
mod repaint;
mod settling;
pub mod stages;
#[cfg(feature = "simulated")]
mod state_file;

use crate::config::Config;
use crate::credential::Credentials;
use crate::diagnostics::{self, Row};
use crate::effect::{Entry, JournalEvent, MustAct};
use crate::event::Event;
use crate::i18n::Catalogs;
use crate::journal::Writer;
use crate::kiosk::{Fitted, Kiosk, Mode, Moment};
use crate::message::Message;
use crate::screens::{self, Look, Preview, Stage};
use crate::service_loop::Told;
use crate::session::state::{Language, VisitId};
use crate::unfinished::Unfinished;
use crate::verifier::Verifier;
use crate::{devices, selftest};
use card_reader::reader::{self, DeviceId, PreviewFrame, ReaderHandle};
use iced::widget::image::Handle;
use iced::widget::mouse_area;
use iced::{Element, Size, Task, mouse, task, window};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// What the shell holds of the world. Made by `main` before the window opens, so that everything that can be wrong with
/// the configuration is told in a sentence.
pub struct World {
    pub config: Config,
    pub verifier: Verifier,
    pub journal: Writer,
    pub reader: ReaderHandle,
    pub reader_events: mpsc::Receiver<reader::Event>,
    pub outbox: Option<Arc<crate::outbox::Outbox>>,
    /// `None`: no technician can enter.
    pub credentials: Option<Arc<Credentials>>,
    pub catalogs: Catalogs,
    /// Where the program says what is on the screen (feature `simulated`).
    pub state_file: Option<std::path::PathBuf>,
    /// Set when the program ends in order to start anew.
    pub restart: Arc<AtomicBool>,
}

/// The program's state.
pub struct App {
    pub kiosk: Kiosk,
    look: Look,
    config: Config,
    verifier: Verifier,
    journal: Writer,
    reader: ReaderHandle,
    reader_events: Arc<Mutex<Option<mpsc::Receiver<reader::Event>>>>,
    outbox: Option<Arc<crate::outbox::Outbox>>,
    unfinished: Arc<Unfinished>,
    credentials: Option<Arc<Credentials>>,
    /// Calls that end with their visit.
    calls: Vec<(VisitId, task::Handle)>,
    previewing: bool,
    /// The technician looks: a report is due every second.
    watching: bool,
    reported: Duration,
    testing: Option<Testing>,
    /// Stages of the newest picture are being drawn, or were drawn at that time.
    staging: bool,
    staged: Duration,
    repaint: repaint::Repaint,
    stage_times: Vec<(String, u32)>,
    restart: Arc<AtomicBool>,
    #[cfg(feature = "simulated")]
    state_file: Option<state_file::StateFile>,
}

/// Tests under way: they are told together.
struct Testing {
    rows: Vec<Row>,
    devices: Vec<DeviceId>,
    /// The tests that are not a device's own.
    others: bool,
    until: Duration,
}

/// A device's self-test that has not ended by then is told as failed.
const TESTED_WITHIN: Duration = Duration::from_secs(15);

/// With a document in a hand.
const TRIED_WITHIN: Duration = Duration::from_secs(35);

/// The whole program, as `main` runs it.
///
/// # Errors
/// The window system refuses.
pub fn run(world: World) -> iced::Result {
    let display = world.config.display.clone();
    #[expect(clippy::cast_precision_loss, reason = "a panel's pixels")]
    let size = Size::new(display.width as f32, display.height as f32);
    let settings = window::Settings {
        size,
        fullscreen: display.fullscreen,
        decorations: !display.fullscreen,
        resizable: !display.fullscreen,
        exit_on_close_request: false,
        ..window::Settings::default()
    };
    let ready = Mutex::new(Some(App::new(world, size)));
    let boot = move || {
        let app = ready.lock().unwrap_or_else(PoisonError::into_inner).take();
        let app = app.unwrap_or_else(|| unreachable!("the program boots once"));
        let resumed = app.resume();
        (app, resumed)
    };
    iced::application(boot, App::update, App::view)
        .title("Inspection Kiosk")
        .subscription(App::subscription)
        .scale_factor(move |_: &App| display.scale)
        .style(|app: &App, _| app.repaint.style())
        .default_font(crate::theme::SANS)
        .window(settings)
        .run()
}

impl App {
    /// `window`: its size in logical pixels.
    #[must_use]
    pub fn new(world: World, window: Size) -> Self {
        let devices: Vec<Fitted> = world
            .reader
            .status()
            .into_iter()
            .map(|status| Fitted { device: status.device, reads: status.reads })
            .collect();
        let pitch = world.config.display.pixel_pitch_mm;
        let mut look = Look::new(world.catalogs, Language::English, pitch, window);
        look.motion = screens::MOTION;
        Self {
            kiosk: Kiosk::new(world.config.site(), world.config.policy(), devices),
            look,
            #[cfg(feature = "simulated")]
            state_file: world.state_file.map(|path| state_file::StateFile::new(path, world.config.display.scale)),
            restart: world.restart,
            unfinished: Arc::new(Unfinished::open(world.journal.dir())),
            config: world.config,
            verifier: world.verifier,
            journal: world.journal,
            reader: world.reader,
            reader_events: Arc::new(Mutex::new(Some(world.reader_events))),
            outbox: world.outbox,
            credentials: world.credentials,
            calls: Vec::new(),
            previewing: false,
            watching: false,
            reported: Duration::ZERO,
            testing: None,
            staging: false,
            repaint: repaint::Repaint::default(),
            staged: Duration::ZERO,
            stage_times: Vec::new(),
        }
    }

    pub fn update(&mut self, message: Message) -> Task<Message> {
        #[cfg(feature = "simulated")]
        let quiet = matches!(
            message,
            Message::Tick | Message::Frame | Message::Preview(_) | Message::Activity | Message::Targets(_)
        );
        #[cfg(feature = "simulated")]
        let touched = matches!(message, Message::Ui(_));
        let task = self.understand(message);
        self.repaint.look(&self.kiosk, &self.look);
        #[cfg(feature = "simulated")]
        if let Some(file) = &mut self.state_file {
            file.touched(touched);
            let task = Task::batch([task, file.look(&self.kiosk, &self.look, quiet)]);
            return task;
        }
        task
    }

    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        let mut screen = screens::view(&self.kiosk, &self.look);
        if self.config.display.fullscreen {
            // A touchscreen has no pointer; the last touch would leave one standing.
            screen = mouse_area(screen).interaction(mouse::Interaction::Hidden).into();
        }
        screen.map(Message::Ui)
    }

    fn understand(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Ui(intent) => self.step(Event::Intent(intent)),
            Message::Kiosk(event) => self.step(event),
            Message::Reader(reader::Event::SelfTest { device, report }) => self.device_tested(&device, &report),
            Message::Reader(event) => self.step(Event::Reader(event)),
            Message::Verified { visit, request, answer } => self.code_answered(visit, request, answer),
            Message::Settled { visit, request, outcome } => self.settled(visit, request, outcome),
            Message::Service(Told::Kiosk(event)) => self.step(event),
            Message::Service(Told::RevokedTechnicians(ids)) => {
                let Some(credentials) = self.credentials.clone() else { return Task::none() };
                Task::future(tokio::task::spawn_blocking(move || credentials.revoke(ids))).discard()
            }
            Message::Journal(state) if state.opened.is_some() || state.fault.is_some() => {
                self.step(Event::Journal { writable: state.writable })
            }
            Message::Journal(_) => Task::none(),
            Message::Preview(frame) => {
                self.show_preview(&frame);
                Task::none()
            }
            Message::Stages(stages) => {
                self.show_stages(stages);
                Task::none()
            }
            Message::Report(report) => self.step(Event::Diagnostics(diagnostics::Event::Report(report))),
            Message::Tested(rows) => self.others_tested(rows),
            Message::Activity => self.step(Event::Activity),
            Message::Resized(size) => {
                self.look.window = size;
                Task::none()
            }
            Message::Tick => self.tick(),
            Message::Frame => {
                self.look.motion = screens::motion_at(self.verifier.clock().now());
                Task::none()
            }
            #[cfg(feature = "simulated")]
            Message::Targets(targets) => {
                if let Some(file) = &mut self.state_file {
                    file.found(&self.kiosk, targets);
                }
                Task::none()
            }
            Message::Stop => self.stop(),
        }
    }

    /// One step of the core, and what it wants done.
    fn step(&mut self, event: Event) -> Task<Message> {
        let clock = self.verifier.clock();
        let mut entropy = |bytes: &mut [u8]| {
            if aws_lc_rs::rand::fill(bytes).is_err() {
                tracing::error!("this machine has no random numbers; restart it");
            }
        };
        let mut moment = Moment { now: clock.now(), unix_millis: clock.unix_ms(), entropy: &mut entropy };
        let effects = self.kiosk.step(event, &mut moment);
        let tasks: Vec<_> = effects.into_iter().map(|effect| self.perform(effect)).collect();
        Task::batch(tasks)
    }

    fn tick(&mut self) -> Task<Message> {
        let now = self.verifier.clock().now();
        // Held still, with every language on it, if so configured: each change redraws the whole window.
        let moves = self.config.attract.motion;
        self.look.turn = if moves { screens::turn_at(now) } else { 0 };
        self.look.motion = if moves { screens::motion_at(now) } else { screens::MOTION };
        let mut tasks = vec![self.step(Event::Tick)];
        if self.watching && now.saturating_sub(self.reported) >= Duration::from_secs(1) {
            self.reported = now;
            let report = Box::new(self.report());
            tasks.push(self.step(Event::Diagnostics(diagnostics::Event::Report(report))));
        }
        if self.on_camera_page() && !self.staging && now.saturating_sub(self.staged) >= Duration::from_secs(1) {
            self.staged = now;
            tasks.push(self.draw_stages());
        }
        if self.testing.as_ref().is_some_and(|testing| now >= testing.until) {
            tasks.push(self.give_up_testing());
        }
        Task::batch(tasks)
    }

    /// Whether the picture of Attract moves just now, or will before the next tick: else its first second would be lost.
    fn moving(&self) -> bool {
        let soon = screens::MOTION_CYCLE.saturating_sub(Duration::from_millis(1100));
        let motion = self.look.motion;
        self.at_rest() && self.config.attract.motion && (screens::is_moving(motion) || motion >= soon)
    }

    /// Attract, or out of service: nobody stands here.
    fn at_rest(&self) -> bool {
        self.kiosk.visit.is_none() && matches!(self.kiosk.mode, Mode::Traveler | Mode::OutOfService(_))
    }

    fn on_camera_page(&self) -> bool {
        matches!(&self.kiosk.mode, Mode::Diagnostics(mode) if matches!(mode.page, diagnostics::Page::Camera { .. }))
    }

    fn draw_stages(&mut self) -> Task<Message> {
        let Some(frame) = self.reader.newest_frame() else { return Task::none() };
        self.staging = true;
        let clock = self.verifier.clock().clone();
        let drawn = tokio::task::spawn_blocking(move || stages::staged(&frame, &clock));
        Task::perform(drawn, |drawn| Message::Stages(drawn.unwrap_or_default()))
    }

    fn show_stages(&mut self, drawn: Vec<stages::Staged>) {
        self.staging = false;
        if !self.on_camera_page() {
            return;
        }
        self.stage_times = drawn.iter().map(|stage| (stage.name.to_owned(), stage.millis)).collect();
        let pictures = drawn.into_iter().map(|stage| Stage { name: stage.name.to_owned(), handle: stage.handle });
        self.look.stages = pictures.collect();
    }

    fn show_preview(&mut self, frame: &PreviewFrame) {
        if !self.previewing {
            return;
        }
        let handle = Handle::from_rgba(frame.width, frame.height, frame.rgba.to_vec());
        // The zone's corners are told in pixels of the whole frame.
        let whole = self.reader.newest_frame();
        #[expect(clippy::cast_precision_loss, reason = "a picture's pixels")]
        let size = match whole {
            Some(whole) => (whole.width as f32, whole.height as f32),
            None => (frame.width as f32, frame.height as f32),
        };
        self.look.preview = Some(Preview { handle, frame: size });
    }

    fn device_tested(&mut self, device: &DeviceId, report: &reader::SelfTestReport) -> Task<Message> {
        let row = devices::tested(device, report);
        let Some(testing) = &mut self.testing else { return Task::none() };
        testing.devices.retain(|waiting| waiting != device);
        testing.rows.push(row);
        self.tell_if_tested()
    }

    fn others_tested(&mut self, rows: Vec<Row>) -> Task<Message> {
        let Some(testing) = &mut self.testing else { return Task::none() };
        testing.others = false;
        testing.rows.extend(rows);
        self.tell_if_tested()
    }

    fn give_up_testing(&mut self) -> Task<Message> {
        if let Some(testing) = &mut self.testing {
            let silent = reader::SelfTestReport {
                passed: false,
                detail: "no answer to the test; unplug it and plug it in again".to_owned(),
                millis: 15_000,
            };
            testing.rows.extend(std::mem::take(&mut testing.devices).iter().map(|d| devices::tested(d, &silent)));
            testing.others = false;
        }
        self.tell_if_tested()
    }

    fn tell_if_tested(&mut self) -> Task<Message> {
        match self.testing.take() {
            Some(testing) if testing.devices.is_empty() && !testing.others => {
                self.step(Event::Diagnostics(diagnostics::Event::Tested(testing.rows)))
            }
            unfinished => {
                self.testing = unfinished;
                Task::none()
            }
        }
    }

    /// What the technician's screen shows; cheap, and without a question to anybody.
    fn report(&self) -> diagnostics::Report {
        let clock = self.verifier.clock();
        let state = self.journal.state().borrow().clone();
        let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let journal = match &state.fault {
            Some(fault) => {
                Row { name: "journal".to_owned(), facts: fault.clone(), ok: false, must_act: MustAct::Technician }
            }
            None => Row {
                name: "journal".to_owned(),
                facts: format!("{} entries, head {}", state.head.seq, state.head.hash.get(..8).unwrap_or_default()),
                ok: state.writable,
                must_act: MustAct::Nobody,
            },
        };
        diagnostics::Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("GIT_COMMIT").unwrap_or("unknown").to_owned(),
            machine_id: machine.trim().chars().take(8).collect(),
            clock: selftest::clock(clock).facts,
            uptime: clock.now(),
            last_boot: state.opened.map_or_else(String::new, |opened| opened.last_run.name().to_owned()),
            devices: self.reader.status(),
            service: Some(selftest::service_state(&self.verifier)),
            certificate: Some(selftest::certificate(&self.verifier)),
            journal: Some(journal),
            log: selftest::log(&self.verifier),
            outbox: Some(selftest::waiting(self.outbox.as_deref())).filter(|row| !row.ok),
            tests: Vec::new(),
            stages: self.stage_times.clone(),
        }
    }

    /// SIGTERM, a closed window or a planned restart: the visit ends here, and the journal says so.
    fn stop(&mut self) -> Task<Message> {
        if let Some(visit) = self.kiosk.visit.take() {
            let event = JournalEvent::VisitAborted;
            let cause = Some("kiosk_stopped".to_owned());
            let entry =
                Entry { event, visit: Some(visit.id), role: "system", actor: None, cause, must_act: MustAct::Nobody };
            self.journal.note(entry);
        }
        crate::service_loop::keep_last_seen(self.journal.dir(), self.verifier.clock().newest_server_ms());
        self.journal.stop();
        iced::exit()
    }
}
