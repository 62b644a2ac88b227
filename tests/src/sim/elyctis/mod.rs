//! An Elyctis IDBOX One on a pseudo-terminal: a slot into which cards are put, and every fault a line can have.
//!
//! [`Elyctis::start`] runs it in a thread of this process; the binary `reader-sim` runs it as a process of its own.

mod device;

use super::pty::{Pty, Wake};
use crate::harness::wait::now;
use device::Device;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What lies in the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Card {
    /// The rows of its zone, as printed.
    Rows(Vec<String>),
    /// The reader sees that there is something and makes nothing of it: half a row of rubbish.
    Unreadable,
    /// The reader does not even notice it: "no document".
    Invisible,
}

/// How the device is made, and its habits.
#[derive(Clone, Debug)]
pub struct Model {
    pub serial_number: String,
    pub firmware: String,
    /// CR LF instead of CR between rows.
    pub crlf: bool,
    /// From the card's arrival to its zone.
    pub read_time: Duration,
    /// Before each reply.
    pub latency: Duration,
    /// Every frame is sent in two writes, cut behind this many bytes.
    pub split_at: Option<usize>,
    /// Sent as soon as it has power, whoever listens.
    pub power_on: Vec<u8>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            serial_number: "SIM-0001".to_owned(),
            firmware: "OCR 1.02.03".to_owned(),
            crlf: false,
            read_time: Duration::from_millis(120),
            latency: Duration::from_millis(2),
            split_at: None,
            power_on: Vec::new(),
        }
    }
}

/// What is done to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Insert(Card),
    Remove,
    Unplug,
    /// Plugged in again, under a new terminal and the same name; with another serial number if given.
    Replug(Option<String>),
    /// Bytes that belong to no frame.
    Garbage(Vec<u8>),
    /// Takes no notice of anything until [`Act::Wake`].
    Hang,
    Wake,
    /// The next commands, this many, are not answered.
    Ignore(u32),
    /// The next zone stops behind this many bytes, and the device is dead until it is replugged.
    DieMidFrame(usize),
    /// The next zone waits for the next `V`, and leaves in the same write, before its reply.
    CrossPing,
    Quit,
}

/// A running simulator. Dropping it pulls the plug.
pub struct Elyctis {
    control: Control,
    thread: Option<JoinHandle<()>>,
    link: PathBuf,
}

/// Acts on a running simulator, from any thread.
#[derive(Clone)]
pub struct Control {
    acts: Sender<Act>,
    wake: Arc<Wake>,
}

impl Control {
    pub fn act(&self, act: Act) {
        // A simulator that has quit takes no more notice; that is what was asked for.
        let _ = self.acts.send(act);
        self.wake.ring();
    }
}

impl Elyctis {
    /// Plugs the device in under the name `link`.
    ///
    /// # Errors
    /// If the system gives no pseudo-terminal, or `link` cannot be made.
    pub fn start(link: &Path, model: Model) -> io::Result<Self> {
        let wake = Arc::new(Wake::new()?);
        let (acts, inbox) = channel();
        let device = Device::new(model.clone());
        let pty = Pty::plug(link)?;
        let cable = Cable { link: link.to_owned(), plugged: Some(pty), device, wake: Arc::clone(&wake), hung: false };
        let thread = std::thread::Builder::new().name("elyctis-sim".to_owned()).spawn(move || cable.run(&inbox))?;
        Ok(Self { control: Control { acts, wake }, thread: Some(thread), link: link.to_owned() })
    }

    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The name to configure as the reader's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.link
    }

    /// Puts a card with these rows into the slot.
    pub fn insert(&self, rows: &[&str]) {
        self.control.act(Act::Insert(Card::Rows(rows.iter().map(|row| (*row).to_owned()).collect())));
    }

    pub fn insert_unreadable(&self) {
        self.control.act(Act::Insert(Card::Unreadable));
    }

    pub fn remove(&self) {
        self.control.act(Act::Remove);
    }

    pub fn unplug(&self) {
        self.control.act(Act::Unplug);
    }

    pub fn replug(&self) {
        self.control.act(Act::Replug(None));
    }

    /// Waits until the simulator has quit by [`Act::Quit`].
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Elyctis {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.control.act(Act::Quit);
            let _ = thread.join();
        }
    }
}

/// The device and its line.
struct Cable {
    link: PathBuf,
    plugged: Option<Pty>,
    device: Device,
    wake: Arc<Wake>,
    hung: bool,
}

impl Cable {
    fn run(mut self, inbox: &Receiver<Act>) {
        self.device.power_on(now());
        loop {
            self.wake.clear();
            while let Ok(act) = inbox.try_recv() {
                if act == Act::Quit {
                    if let Some(pty) = self.plugged.take() {
                        pty.unplug();
                    }
                    return;
                }
                self.act(act);
            }
            let mut rx = Vec::new();
            let pause = self.device.due().map_or(Duration::from_secs(1), |due| due.saturating_duration_since(now()));
            match &self.plugged {
                Some(pty) => {
                    if pty.wait(self.wake.fd(), pause, &mut rx).is_err() {
                        self.plugged = None;
                    }
                }
                None => {
                    let Ok(act) = inbox.recv() else { return };
                    if act == Act::Quit {
                        return;
                    }
                    self.act(act);
                }
            }
            self.exchange(now(), &rx);
        }
    }

    fn exchange(&mut self, now: Instant, rx: &[u8]) {
        if self.hung {
            return;
        }
        self.device.hear(now, rx);
        let Some(pty) = &self.plugged else { return };
        for piece in self.device.say(now) {
            pty.send(&piece);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Unplug => {
                if let Some(pty) = self.plugged.take() {
                    pty.unplug();
                }
            }
            Act::Replug(serial_number) => {
                self.device.power_cycle(now(), serial_number);
                self.hung = false;
                self.plugged = Pty::plug(&self.link).ok();
            }
            Act::Hang => self.hung = true,
            Act::Wake => self.hung = false,
            Act::Garbage(bytes) => {
                if let Some(pty) = &self.plugged {
                    pty.send(&bytes);
                }
            }
            other => self.device.act(now(), other),
        }
    }
}
