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
mod synm_settings;

use crate::harness::wait::now;
use card_reader::barcode::Symbology;
use line::{Faults, Line, Mishap};
use pty::{Pty, Wake};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
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

    /// Whether it can refuse a command. An Elyctis knows no refusal, a swipe reader hears nothing.
    #[must_use]
    pub const fn can_refuse(self) -> bool {
        !matches!(self, Self::Elyctis | Self::Swipe)
    }

    /// The speed of its line as it leaves the factory; `None`: it is a USB device.
    #[must_use]
    pub const fn nominal_baud(self) -> Option<u32> {
        match self {
            Self::Elyctis => None,
            Self::Honeywell | Self::AccessIs => Some(115_200),
            Self::Newland | Self::Ssi | Self::Swipe | Self::Crt571 => Some(9600),
        }
    }

    /// Why this device cannot do what is asked of it; `None`: it can.
    #[must_use]
    pub const fn cannot(self, act: &Act) -> Option<&'static str> {
        match (act, self) {
            (Act::Refuse(_), Self::Elyctis) => Some("an Elyctis has no answer that refuses; try `ignore`"),
            (Act::Refuse(_) | Act::Ignore(_), Self::Swipe) => Some("a swipe reader takes no commands"),
            (Act::CrossPing, Self::Elyctis) => None,
            (Act::CrossPing, _) => Some("only an Elyctis sends zones unasked"),
            (Act::Jam | Act::Unjam | Act::Bin { .. }, Self::Crt571) => None,
            (Act::Jam | Act::Unjam | Act::Bin { .. }, _) => Some("only the crt571 has a motor and a bin"),
            (Act::Insert(Card::Barcode(..)), Self::Elyctis | Self::Swipe) => Some("it reads no barcodes"),
            _ => None,
        }
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
    /// Nothing at all between rows.
    pub joined: bool,
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
    /// Bytes leave and arrive no faster than this; `None`: at once.
    pub baud: Option<u32>,
    /// The line misbehaves.
    pub faults: Option<Faults>,
}

impl Model {
    /// What stands between two rows of a zone.
    const fn separator(&self) -> &'static str {
        match (self.joined, self.crlf) {
            (true, _) => "",
            (false, true) => "\r\n",
            (false, false) => "\r",
        }
    }

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
            joined: false,
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

/// What a device with lights shows of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lamp {
    #[default]
    Dark,
    /// Data has been sent; the host may say what it is worth.
    Busy,
    Good,
    Bad,
    /// The host has said that it means nothing.
    Ignored,
    /// The host has said nothing in time.
    NoVerdict,
}

impl Lamp {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Busy => "busy",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Ignored => "ignored",
            Self::NoVerdict => "no-verdict",
        }
    }
}

/// A device behind the line. Time is an argument.
trait Device: Send {
    /// What its lights show, if it has any.
    fn lamp(&self) -> Lamp {
        Lamp::Dark
    }

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
    protocol: Protocol,
    acts: Sender<Act>,
    wake: Arc<Wake>,
    lamp: Arc<Mutex<Lamp>>,
}

impl Control {
    /// Which device is played.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What its lamp shows now.
    #[must_use]
    pub fn lamp(&self) -> Lamp {
        *self.lamp.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
        let line = Line::new(model.baud, model.split_at, model.faults, protocol.has_checksum(), protocol.can_refuse());
        let inward = Line::inward(model.baud);
        let lamp = Arc::new(Mutex::new(Lamp::Dark));
        let device = protocol.device(model);
        let pty = Pty::plug(link)?;
        let cable = Cable {
            link: link.to_owned(),
            plugged: Some(pty),
            device,
            line,
            inward,
            lamp: Arc::clone(&lamp),
            wake: Arc::clone(&wake),
            hung: false,
            wake_at: None,
            pull: None,
            replug_at: None,
            last_name: PathBuf::new(),
        };
        let name = format!("{} sim", protocol.name());
        let thread = std::thread::Builder::new().name(name).spawn(move || cable.run(&inbox))?;
        Ok(Self { control: Control { protocol, acts, wake, lamp }, thread: Some(thread), link: link.to_owned() })
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
    /// The other direction.
    inward: Line,
    lamp: Arc<Mutex<Lamp>>,
    wake: Arc<Wake>,
    hung: bool,
    /// When it takes notice again by itself.
    wake_at: Option<Instant>,
    /// The plug is about to be pulled: once the line is empty.
    pull: Option<(Duration, Return)>,
    replug_at: Option<(Instant, Return)>,
    /// The kernel's name of the terminal that was there last.
    last_name: PathBuf,
}

/// How a device comes back.
#[derive(Default)]
struct Return {
    serial_number: Option<String>,
    /// Sent before anybody has opened the line.
    stale: Vec<u8>,
    elsewhere: bool,
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
            if let Some((_, back)) = self.replug_at.take_if(|(at, _)| now() >= *at) {
                self.replug(back);
            }
            if self.wake_at.take_if(|at| now() >= *at).is_some() {
                self.hung = false;
            }
            let mut rx = Vec::new();
            let replug_at = self.replug_at.as_ref().map(|(at, _)| *at);
            let own = if self.hung { [None; 3] } else { [self.device.due(), self.line.due(), self.inward.due()] };
            let due = own.into_iter().chain([replug_at, self.wake_at]).flatten().min();
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
        self.inward.send(now, rx.to_vec());
        for piece in self.inward.leave(now) {
            self.device.hear(now, &piece);
        }
        let mishaps = self.line.take(now, self.device.say(now));
        *self.lamp.lock().unwrap_or_else(PoisonError::into_inner) = self.device.lamp();
        if let Some(pty) = &self.plugged {
            for piece in self.line.leave(now) {
                pty.send(&piece);
            }
        }
        for mishap in mishaps {
            match mishap {
                Mishap::Refuse => self.device.act(now, Act::Refuse(1)),
                Mishap::Hang(time) => (self.hung, self.wake_at) = (true, Some(now + time)),
                Mishap::Pull { back_after, serial_number, elsewhere, stale } => {
                    self.pull = Some((back_after, Return { serial_number, stale, elsewhere }));
                }
            }
        }
        if self.line.due().is_none()
            && let Some((back_after, back)) = self.pull.take()
        {
            self.unplug();
            self.replug_at = Some((now + back_after, back));
        }
    }

    fn replug(&mut self, back: Return) {
        self.line.clear();
        self.inward.clear();
        self.pull = None;
        self.device.power_cycle(now(), back.serial_number);
        (self.hung, self.wake_at) = (false, None);
        self.plugged = Pty::plug(&self.link).ok();
        let mut taken = Vec::new();
        while back.elsewhere && self.plugged.as_ref().is_some_and(|pty| pty.name() == self.last_name) {
            taken.extend(self.plugged.take());
            self.plugged = Pty::plug(&self.link).ok();
        }
        if let Some(pty) = &self.plugged {
            pty.send(&back.stale);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Unplug => self.unplug(),
            Act::UnplugFor(time) => {
                self.unplug();
                self.replug_at = Some((now() + time, Return::default()));
            }
            Act::Replug(serial_number) => {
                self.replug_at = None;
                self.replug(Return { serial_number, ..Return::default() });
            }
            Act::Hang => (self.hung, self.wake_at) = (true, None),
            Act::Wake => (self.hung, self.wake_at) = (false, None),
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
            self.last_name = pty.name().to_owned();
            pty.unplug();
        }
    }
}
