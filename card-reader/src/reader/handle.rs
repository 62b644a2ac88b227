//! The shell: one thread with its own small runtime, in which the devices' actors live. The screens never wait for
//! it, and it never waits for them unless they leave hundreds of events unread.

use super::core::{Core, Do};
use super::recognise::{Decoders, Found, Job, Worker};
use super::{Command, DecoderFailure, DeviceStatus, Event, Frame, PreviewFrame, ReaderConfig, SerialConfig};
use crate::camera::capture::{self, CameraEvent, Orders, Views};
use crate::clock::{now, today};
use crate::serial::SerialCommand;
use crate::serial::port::{self, PortConfig, PortEvent};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

/// Events that may lie unread before the reader waits.
const UNREAD: usize = 512;

/// All readers and cameras of a kiosk. Started once; see [`Reader::start`].
pub struct Reader;

/// Commands in, pictures and status out. Cheap to clone; the devices are closed once the last clone is gone.
#[derive(Clone)]
pub struct ReaderHandle {
    commands: mpsc::UnboundedSender<Command>,
    preview: watch::Receiver<Option<PreviewFrame>>,
    frame: watch::Receiver<Option<Frame>>,
    status: Arc<Mutex<Vec<DeviceStatus>>>,
}

impl ReaderHandle {
    /// Never waits.
    pub fn send(&self, command: Command) {
        // An error means that the reader's thread has ended, which only a dropped event receiver brings about.
        let _ = self.commands.send(command);
    }

    /// The newest preview frame while [`Command::Preview`] wants one.
    #[must_use]
    pub fn preview(&self) -> watch::Receiver<Option<PreviewFrame>> {
        self.preview.clone()
    }

    /// The newest full frame of the first camera while something is armed, for the stages on the diagnostics screen
    /// ([`crate::ocr::read_with`]). Not kept here: the next frame takes its place, and disarming drops it.
    #[must_use]
    pub fn newest_frame(&self) -> Option<Frame> {
        self.frame.borrow().clone()
    }

    /// State and counters of every configured device, the serial readers first.
    #[must_use]
    pub fn status(&self) -> Vec<DeviceStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Reader {
    /// Opens the devices, and goes on opening those that are not there. Needs no runtime around it.
    ///
    /// # Errors
    /// Only if the system gives no thread or no event queue.
    pub fn start(config: ReaderConfig) -> io::Result<(ReaderHandle, mpsc::Receiver<Event>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (commands, commands_in) = mpsc::unbounded_channel();
        let (events_out, events) = mpsc::channel(UNREAD);
        let (preview_out, preview) = watch::channel(None);
        let (first_frame, frame) = watch::channel(None);
        let status = Arc::new(Mutex::new(Vec::new()));
        let core = Core::new(&config);
        publish(&status, &core);
        let (found_out, found) = mpsc::unbounded_channel();
        let worker = Worker::start(Decoders::OURS, config.decode_limit, found_out)?;
        // Each camera has its own frames; the preview is that of the first.
        let cameras = (0..config.cameras.len())
            .map(|at| Camera {
                orders: Arc::new(Orders::default()),
                views: Views {
                    frame: if at == 0 { first_frame.clone() } else { watch::channel(None).0 },
                    preview: if at == 0 { preview_out.clone() } else { watch::channel(None).0 },
                },
            })
            .collect();
        let shell = Shell {
            config,
            core,
            worker,
            found,
            cameras,
            commands: commands_in,
            events: events_out,
            status: Arc::clone(&status),
        };
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || runtime.block_on(shell.run()))?;
        Ok((ReaderHandle { commands, preview, frame, status }, events))
    }
}

struct Camera {
    orders: Arc<Orders>,
    views: Views,
}

struct Shell {
    config: ReaderConfig,
    core: Core,
    worker: Worker,
    found: mpsc::UnboundedReceiver<Found>,
    cameras: Vec<Camera>,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<Event>,
    status: Arc<Mutex<Vec<DeviceStatus>>>,
}

impl Shell {
    async fn run(mut self) {
        let (ports, mut said) = self.start_ports();
        let mut seen = self.start_cameras();
        loop {
            let far = now() + Duration::from_secs(3600);
            let deadline = self.core.deadline().into_iter().chain(self.worker.deadline()).min().unwrap_or(far);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => return,
                },
                Some((at, event)) = said.recv() => self.core.serial(now(), at, event, today()),
                Some((at, event)) = seen.recv() => self.core.camera(now(), at, event),
                Some(found) = self.found.recv() => {
                    if self.worker.finished(&found) {
                        self.core.found(found, now(), today());
                    }
                }
                () = sleep_until(deadline.into()) => {
                    if let Some((camera, decoder)) = self.worker.abandon_overrun(now()) {
                        self.core.decoder_failed(camera, decoder, DecoderFailure::Overran);
                    }
                    self.core.timeout(now());
                }
            }
            // First the status, so that whoever hears an event finds it true.
            publish(&self.status, &self.core);
            for camera in &self.cameras {
                camera.orders.set_active(self.core.is_watching());
            }
            for work in self.core.take() {
                match work {
                    Do::Tell(event) => {
                        if self.events.send(event).await.is_err() {
                            return;
                        }
                    }
                    Do::Serial(at, command) => {
                        if let Some(port) = ports.get(at) {
                            let _ = port.send(command);
                        }
                    }
                    Do::Recognise { camera, presentation, zone, effort } => {
                        let frame = self.cameras.get(camera).and_then(|camera| camera.views.frame.borrow().clone());
                        if let Some(frame) = frame.filter(|_| !self.worker.is_busy()) {
                            self.worker.read(now(), Job { camera, presentation, zone, effort, frame });
                        }
                    }
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        if let (Command::Preview { size }, Some(camera)) = (&command, self.cameras.first()) {
            camera.orders.set_preview(*size);
            if size.is_none() {
                camera.views.preview.send_replace(None);
            }
        }
        self.core.command(now(), command);
        if !self.core.is_watching() {
            for camera in &self.cameras {
                camera.views.frame.send_replace(None);
            }
        }
    }

    fn start_ports(&self) -> (Vec<mpsc::UnboundedSender<SerialCommand>>, mpsc::Receiver<(usize, PortEvent)>) {
        let (to, said) = mpsc::channel(64);
        let start = |(port, serial): (usize, &SerialConfig)| {
            let (commands, inbox) = mpsc::unbounded_channel();
            let protocol = serial.protocol.machine(now(), self.config.try_limit);
            let place = PortConfig { path: serial.path.clone(), line: serial.line, drain: serial.drain };
            let random = Box::new(system_random());
            tokio::spawn(port::run(place, protocol, inbox, port::Events { port, to: to.clone() }, random));
            commands
        };
        (self.config.serial.iter().enumerate().map(start).collect(), said)
    }

    fn start_cameras(&self) -> mpsc::Receiver<(usize, CameraEvent)> {
        let (to, seen) = mpsc::channel(64);
        for (camera, (config, started)) in self.config.cameras.iter().zip(&self.cameras).enumerate() {
            let events = capture::Events { camera, to: to.clone() };
            tokio::spawn(capture::run(config.clone(), Arc::clone(&started.orders), started.views.clone(), events));
        }
        seen
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for camera in &self.cameras {
            camera.orders.stop();
            camera.views.frame.send_replace(None);
            camera.views.preview.send_replace(None);
        }
    }
}

/// Numbers in [0, 1) for the pauses between attempts; the system's random keys are all the chance that takes.
fn system_random() -> impl FnMut() -> f64 + Send {
    let keys = RandomState::new();
    let mut drawn = 0_u64;
    move || {
        drawn += 1;
        f64::from((keys.hash_one(drawn) >> 32) as u32) / f64::from(u32::MAX)
    }
}

fn publish(status: &Mutex<Vec<DeviceStatus>>, core: &Core) {
    core.status().clone_into(&mut status.lock().unwrap_or_else(PoisonError::into_inner));
}
