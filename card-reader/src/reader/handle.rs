//! The shell: one thread with its own small runtime, in which the devices' actors live. The screens never wait for
//! it, and it never waits for them unless they leave hundreds of events unread.

use super::core::{Core, Do};
use super::{Command, DeviceStatus, Event, PreviewFrame, ReaderConfig, SerialProtocol};
use crate::clock::{now, today};
use crate::serial::elyctis;
use crate::serial::port::{self, PortConfig, PortEvent};
use crate::serial::{Protocol, SerialCommand};
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

    /// State and counters of every configured device.
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
        let (_preview_out, preview) = watch::channel(None);
        let status = Arc::new(Mutex::new(Vec::new()));
        let core = Core::new(config.serial.iter().map(|serial| (serial.id.clone(), serial.protocol.name())));
        publish(&status, &core);
        let shell = Shell { config, core, commands: commands_in, events: events_out, status: Arc::clone(&status) };
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || runtime.block_on(shell.run()))?;
        Ok((ReaderHandle { commands, preview, status }, events))
    }
}

struct Shell {
    config: ReaderConfig,
    core: Core,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<Event>,
    status: Arc<Mutex<Vec<DeviceStatus>>>,
}

impl Shell {
    async fn run(mut self) {
        let (said, mut port_events) = mpsc::channel::<(usize, PortEvent)>(64);
        let ports: Vec<mpsc::UnboundedSender<SerialCommand>> = self
            .config
            .serial
            .iter()
            .enumerate()
            .map(|(port, serial)| {
                let (to, commands) = mpsc::unbounded_channel();
                let protocol: Box<dyn Protocol> = match serial.protocol {
                    SerialProtocol::Elyctis { timing, presence } => {
                        Box::new(elyctis::Machine::new(timing, presence, now()))
                    }
                };
                let place = PortConfig { path: serial.path.clone(), baud: serial.baud, drain: serial.drain };
                tokio::spawn(port::run(place, protocol, commands, port::Events { port, to: said.clone() }));
                to
            })
            .collect();
        loop {
            let deadline = self.core.deadline().unwrap_or_else(|| now() + Duration::from_secs(3600));
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.core.command(now(), command),
                    None => return,
                },
                Some((at, event)) = port_events.recv() => self.core.serial(at, event, today()),
                () = sleep_until(deadline.into()) => self.core.timeout(now()),
            }
            // First the status, so that whoever hears an event finds it true.
            publish(&self.status, &self.core);
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
                }
            }
        }
    }
}

fn publish(status: &Mutex<Vec<DeviceStatus>>, core: &Core) {
    core.status().clone_into(&mut status.lock().unwrap_or_else(PoisonError::into_inner));
}
