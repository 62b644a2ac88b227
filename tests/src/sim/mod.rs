//! Simulated devices on pseudo-terminals: a place into which documents are put, the mechanics behind it, a line with its
//! speed, and every fault a line can have.
//!
//! [`Simulator::start`] runs one in a thread of this process; the binary `reader-sim` runs it as a process of its own. They play
//! what the published protocols say; none of them was compared with a device.

pub mod control;
mod crt571;
pub mod elyctis;
pub mod line;
mod newland;
mod outbox;
mod pty;
mod ssi;
mod swipe;
mod synm;

use crate::harness::wait::now;
use card_reader::barcode::Symbology;
use line::{Faults, Line};
use pty::{Pty, Wake};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Which device is played; the words of `kiosk.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Elyctis,
    Honeywell,
    AccessIs,
    Newland,
    Ssi,
    Swipe,
    Crt571,
}

impl Protocol {
    pub const ALL: [Self; 7] =
        [Self::Elyctis, Self::Honeywell, Self::AccessIs, Self::Newland, Self::Ssi, Self::Swipe, Self::Crt571];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elyctis => "elyctis",
            Self::Honeywell => "honeywell",
            Self::AccessIs => "access-is",
            Self::Newland => "newland",
            Self::Ssi => "ssi",
            Self::Swipe => "swipe",
            Self::Crt571 => "crt571",
        }
    }

    /// Whether a single damaged byte shows: the protocol has a checksum.
    #[must_use]
    pub const fn has_checksum(self) -> bool {
        matches!(self, Self::Ssi | Self::Crt571)
    }

    fn device(self, model: Model) -> Box<dyn Device> {
        match self {
            Self::Elyctis => Box::new(elyctis::Device::new(model)),
            Self::Honeywell | Self::AccessIs => Box::new(synm::Device::new(self, model)),
            Self::Newland => Box::new(newland::Device::new(model)),
            Self::Ssi => Box::new(ssi::Device::new(model)),
            Self::Swipe => Box::new(swipe::Device::new(model)),
            Self::Crt571 => Box::new(crt571::Device::new(model)),
        }
    }
}

/// What is put into the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Card {
    /// The rows of its zone, as printed.
    Rows(Vec<String>),
    /// A barcode.
    Barcode(Symbology, Vec<u8>),
    /// The reader sees that there is something and makes nothing of it: half a row of rubbish, or no data at all.
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
    /// Rows one message each, where the protocol has messages.
    pub one_by_one: bool,
    /// From the card's arrival to its zone.
    pub read_time: Duration,
    /// Before each reply.
    pub latency: Duration,
    /// Every frame is sent in two writes, cut behind this many bytes.
    pub split_at: Option<usize>,
    /// Sent as soon as it has power, whoever listens.
    pub power_on: Vec<u8>,
    /// Bytes leave no faster than this; `None`: at once.
    pub baud: Option<u32>,
    /// The line misbehaves.
    pub faults: Option<Faults>,
}

impl Model {
    /// The same model; another unit of it, if a serial number is given.
    fn unit(&self, serial_number: Option<String>) -> Self {
        let mut model = self.clone();
        model.serial_number = serial_number.unwrap_or(model.serial_number);
        model
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            serial_number: "SIM-0001".to_owned(),
            firmware: "OCR 1.02.03".to_owned(),
            crlf: false,
            one_by_one: false,
            read_time: Duration::from_millis(120),
            latency: Duration::from_millis(2),
            split_at: None,
            power_on: Vec::new(),
            baud: None,
            faults: None,
        }
    }
}

/// What is done to the device.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Insert(Card),
    Remove,
    /// A card is stuck; of a motorised reader.
    Jam,
    /// The stuck card is freed.
    Unjam,
    /// The bin of a motorised reader is full, or emptied.
    Bin {
        full: bool,
    },
    Unplug,
    /// Pulled, and plugged in again after a while.
    UnplugFor(Duration),
    /// Plugged in again, under a new terminal and the same name; with another serial number if given.
    Replug(Option<String>),
    /// Bytes that belong to no frame.
    Garbage(Vec<u8>),
    /// Takes no notice of anything until [`Act::Wake`].
    Hang,
    Wake,
    /// The next commands, this many, are not answered.
    Ignore(u32),
    /// The next commands, this many, are refused.
    Refuse(u32),
    /// The next zone stops behind this many bytes, and the device is dead until it is replugged.
    DieMidFrame(usize),
    /// The next zone waits for the next `V`, and leaves in the same write, before its reply. Elyctis only.
    CrossPing,
    /// From now on the line misbehaves like this, or behaves.
    Faults(Option<Faults>),
    Quit,
}

/// A device behind the line. Time is an argument.
trait Device: Send {
    fn power_on(&mut self, now: Instant);
    /// Without power modes are forgotten; a card stays where it is.
    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>);
    fn act(&mut self, now: Instant, act: Act);
    fn hear(&mut self, now: Instant, rx: &[u8]);
    /// What leaves now, one frame a piece.
    fn say(&mut self, now: Instant) -> Vec<Vec<u8>>;
    /// When there may be more to say.
    fn due(&self) -> Option<Instant>;
}

/// A running simulator. Dropping it pulls the plug.
pub struct Simulator {
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

impl Simulator {
    /// Plugs the device in under the name `link`.
    ///
    /// # Errors
    /// If the system gives no pseudo-terminal, or `link` cannot be made.
    pub fn start(protocol: Protocol, link: &Path, model: Model) -> io::Result<Self> {
        let wake = Arc::new(Wake::new()?);
        let (acts, inbox) = channel();
        let line = Line::new(model.baud, model.split_at, model.faults, protocol.has_checksum());
        let device = protocol.device(model);
        let pty = Pty::plug(link)?;
        let cable = Cable {
            link: link.to_owned(),
            plugged: Some(pty),
            device,
            line,
            wake: Arc::clone(&wake),
            hung: false,
            replug_at: None,
        };
        let name = format!("{} sim", protocol.name());
        let thread = std::thread::Builder::new().name(name).spawn(move || cable.run(&inbox))?;
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

    pub fn act(&self, act: Act) {
        self.control.act(act);
    }

    /// Puts a card with these rows into the reader.
    pub fn insert(&self, rows: &[&str]) {
        self.act(Act::Insert(Card::Rows(rows.iter().map(|row| (*row).to_owned()).collect())));
    }

    pub fn insert_unreadable(&self) {
        self.act(Act::Insert(Card::Unreadable));
    }

    pub fn remove(&self) {
        self.act(Act::Remove);
    }

    pub fn unplug(&self) {
        self.act(Act::Unplug);
    }

    pub fn replug(&self) {
        self.act(Act::Replug(None));
    }

    /// Waits until the simulator has quit by [`Act::Quit`].
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
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
    device: Box<dyn Device>,
    line: Line,
    wake: Arc<Wake>,
    hung: bool,
    replug_at: Option<Instant>,
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
            if self.replug_at.is_some_and(|at| now() >= at) {
                self.act(Act::Replug(None));
            }
            let mut rx = Vec::new();
            let due = [self.device.due(), self.line.due(), self.replug_at].into_iter().flatten().min();
            let pause = due.map_or(Duration::from_secs(1), |due| due.saturating_duration_since(now()));
            match &self.plugged {
                Some(pty) => {
                    if pty.wait(self.wake.fd(), pause, &mut rx).is_err() {
                        self.plugged = None;
                    }
                }
                None => self.wake.wait(pause),
            }
            self.exchange(now(), &rx);
        }
    }

    fn exchange(&mut self, now: Instant, rx: &[u8]) {
        if self.hung {
            return;
        }
        self.device.hear(now, rx);
        self.line.take(now, self.device.say(now));
        let Some(pty) = &self.plugged else { return };
        for piece in self.line.leave(now) {
            pty.send(&piece);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Unplug => self.unplug(),
            Act::UnplugFor(time) => {
                self.unplug();
                self.replug_at = Some(now() + time);
            }
            Act::Replug(serial_number) => {
                self.replug_at = None;
                self.line.clear();
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
            Act::Faults(faults) => self.line.misbehave(faults),
            other => self.device.act(now(), other),
        }
    }

    fn unplug(&mut self) {
        if let Some(pty) = self.plugged.take() {
            pty.unplug();
        }
    }
}
