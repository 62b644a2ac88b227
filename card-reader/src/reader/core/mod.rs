//! What the reader decides, without devices, threads or a clock: which device is armed for what, what a try is, when
//! it failed, and what a read is worth. Inputs come with the time; answers are [`Do`]s for the shell.

mod camera;
mod check;
mod faults;
mod serial;
#[cfg(test)]
mod tests;
mod witness;

use super::judge::Failure;
use super::watch::Watch;
use super::{
    Accept, CameraConfig, Command, DeviceId, DeviceStatus, Event, Fault, PresentationNo, ReaderConfig, Reading,
    SerialConfig,
};
use crate::barcode::{Barcode, Effort};
use crate::serial::{SerialCommand, Verdict};
use std::time::{Duration, Instant};

/// What the shell is to do.
pub(super) enum Do {
    Tell(Event),
    Serial(usize, SerialCommand),
    /// Read the newest picture of a camera, if the worker is idle.
    Recognise {
        camera: usize,
        presentation: PresentationNo,
        /// Whether a zone is looked for as well.
        zone: bool,
        effort: Effort,
    },
}

/// Everything the reader knows.
pub(super) struct Core {
    armed: Option<Arming>,
    /// The newest number, under which the camera senses also while nothing is armed.
    newest: PresentationNo,
    serials: Vec<Serial>,
    cameras: Vec<Camera>,
    /// The serial readers' first, then the cameras'.
    status: Vec<DeviceStatus>,
    try_limit: Duration,
    /// Somebody is asked to put a document down, where, since when.
    interactive: Option<(Tested, Instant)>,
    out: Vec<Do>,
}

/// A device under an interactive test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tested {
    Serial(usize),
    Camera(usize),
}

struct Arming {
    presentation: PresentationNo,
    accept: Accept,
    announced: bool,
    /// An accepted read was taken: nothing more is, but the removal is still told.
    taken: bool,
    /// What was taken, if it was a document: its other codes, and the zone of a licence, may still come.
    document: Option<witness::Taken>,
    /// Barcodes read so far, to be held against a zone, whichever comes first and by whichever device.
    codes: Vec<Barcode>,
    /// A licence's barcode that would do alone, kept back for a moment: the same document may be about to go through a reader
    /// of zones, and then the two are compared.
    held: Option<Held>,
}

struct Held {
    reading: Reading,
    by: usize,
    until: Instant,
}

struct Serial {
    id: DeviceId,
    ready: bool,
    /// Armed while it was not ready: told as soon as it is. Cleared by a loss, because the session then decides.
    waiting: bool,
    /// What it was told to read under since it came up.
    armed_as: Option<PresentationNo>,
    testing: Option<Instant>,
    /// Reads barcodes as well, so it can be armed for codes and badges.
    reads_codes: bool,
    /// Holds the card while others read; a failed try gives it back.
    moves_cards: bool,
    /// Such a one took a card in for the presentation that is armed: a try that others may end.
    try_since: Option<Instant>,
    /// Standing ones that it goes on with.
    faults: Vec<Fault>,
}

struct Camera {
    id: DeviceId,
    watch: Watch,
    /// Standing ones that it goes on with.
    faults: Vec<Fault>,
    /// What it said of itself, and how many of its frames were none.
    facts: String,
    bad_frames: u64,
    /// A self-test waits for its next picture.
    testing: Option<Instant>,
}

/// A self-test that takes longer has failed.
const TEST_LIMIT: Duration = Duration::from_secs(2);
/// So long somebody has to put a document down.
const INTERACTIVE_LIMIT: Duration = Duration::from_secs(30);
/// The presentation of an interactive self-test. The kiosk never gets that far.
const TEST_PRESENTATION: PresentationNo = PresentationNo(u64::MAX);

/// So long a licence's barcode waits for a zone.
const HELD: Duration = Duration::from_millis(1200);
/// A document has two or three; more are somebody's pile of papers.
const CODES: usize = 8;

impl Arming {
    const fn new(presentation: PresentationNo, accept: Accept) -> Self {
        Self { presentation, accept, announced: false, taken: false, document: None, codes: Vec::new(), held: None }
    }

    /// Keeps what a barcode says until the presentation is over; whether it was new.
    fn keep(&mut self, code: &Barcode) -> bool {
        let known = self.codes.iter().any(|known| *known.payload == *code.payload);
        let new = self.accept == Accept::Documents && !known && self.codes.len() < CODES;
        if new {
            self.codes.push(code.clone());
        }
        new
    }
}

impl Core {
    pub(super) fn new(config: &ReaderConfig) -> Self {
        let serial = |serial: &SerialConfig| Serial {
            id: serial.id.clone(),
            ready: false,
            waiting: false,
            armed_as: None,
            testing: None,
            reads_codes: serial.protocol.reads_codes(),
            moves_cards: serial.protocol.moves_cards(),
            try_since: None,
            faults: Vec::new(),
        };
        let camera = |camera: &CameraConfig| Camera {
            id: camera.id.clone(),
            watch: Watch::default(),
            faults: Vec::new(),
            facts: String::new(),
            bad_frames: 0,
            testing: None,
        };
        let readers = config
            .serial
            .iter()
            .map(|serial| fresh_status(serial.id.clone(), serial.protocol.name(), serial.protocol.reads_documents()));
        let cameras = config.cameras.iter().map(|camera| fresh_status(camera.id.clone(), "camera", true));
        Self {
            armed: None,
            newest: PresentationNo::default(),
            serials: config.serial.iter().map(serial).collect(),
            cameras: config.cameras.iter().map(camera).collect(),
            status: readers.chain(cameras).collect(),
            try_limit: config.try_limit,
            interactive: None,
            out: Vec::new(),
        }
    }

    /// State and counters of every device, the serial readers first.
    pub(super) fn status(&self) -> &[DeviceStatus] {
        &self.status
    }

    /// What has been decided since the last call.
    pub(super) fn take(&mut self) -> Vec<Do> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let testing = self.serials.iter().map(|serial| serial.testing);
        let testing = testing.chain(self.cameras.iter().map(|camera| camera.testing));
        let tests = testing.flatten().map(|since| since + TEST_LIMIT);
        let tries = self.cameras.iter().filter_map(|camera| camera.watch.attempt.as_ref());
        let interactive = self.interactive.map(|(_, since)| since + INTERACTIVE_LIMIT);
        let motorised = self.serials.iter().filter_map(|serial| serial.try_since).map(|since| since + self.try_limit);
        let held = self.armed.as_ref().and_then(|arming| arming.held.as_ref()).map(|held| held.until);
        tests
            .chain(interactive)
            .chain(held)
            .chain(motorised)
            .chain(tries.map(|attempt| attempt.since + self.try_limit))
            .min()
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        for at in 0..self.serials.len() {
            if self.serials[at].testing.is_some_and(|since| now >= since + TEST_LIMIT) {
                self.tested(at, None);
            }
        }
        if self.interactive.is_some_and(|(_, since)| now >= since + INTERACTIVE_LIMIT) {
            self.interactive_ended(Err(self.nothing_read()), now);
        }
        for at in 0..self.cameras.len() {
            if self.cameras[at].testing.is_some_and(|since| now >= since + TEST_LIMIT) {
                self.camera_tested(now, at);
            }
            self.end_try(now, at);
        }
        self.end_motorised_try(now);
        self.end_hold(now);
    }

    /// Whether full frames are wanted of the cameras, and quick looks.
    pub(super) fn is_watching(&self) -> bool {
        self.armed.is_some() || matches!(self.interactive, Some((Tested::Camera(_), _)))
    }

    pub(super) fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Arm { presentation, accept } => self.arm(now, presentation, accept),
            Command::Join { device, presentation } => self.join(&device, presentation),
            Command::Disarm => self.disarm(),
            Command::SelfTest { device, level } => self.self_test(now, &device, level),
            Command::Eject { device } => self.order(&device, SerialCommand::Eject),
            Command::Capture { device } => self.order(&device, SerialCommand::Capture),
            // The shell scales pictures; nothing is decided by it.
            Command::Preview { .. } => {}
        }
    }

    fn order(&mut self, device: &DeviceId, command: SerialCommand) {
        if let Some(at) = self.serials.iter().position(|serial| serial.id == *device) {
            self.out.push(Do::Serial(at, command));
        }
    }

    fn arm(&mut self, now: Instant, presentation: PresentationNo, accept: Accept) {
        self.interactive_ended(Err("a visit began"), now);
        self.newest = self.newest.max(presentation);
        self.armed = Some(Arming::new(presentation, accept));
        for (at, serial) in self.serials.iter_mut().enumerate() {
            // A slot reader reads zones only: armed for a code or a badge it would only drop what it reads.
            let wanted = accept == Accept::Documents || serial.reads_codes;
            serial.waiting = wanted && !serial.ready;
            serial.try_since = None;
            if serial.ready {
                serial.armed_as = wanted.then_some(presentation);
                let command = if wanted { SerialCommand::Arm(presentation) } else { SerialCommand::Disarm };
                self.out.push(Do::Serial(at, command));
            }
        }
        let mut sees = false;
        for camera in &mut self.cameras {
            camera.watch.arm();
            sees |= camera.watch.ready;
        }
        if sees {
            self.announce();
        }
    }

    fn join(&mut self, device: &DeviceId, presentation: PresentationNo) {
        let Some(accept) = self.armed.as_ref().map(|arming| arming.accept).filter(|_| self.takes(presentation)) else {
            return;
        };
        // A camera looks by itself as soon as it is ready while something is armed.
        let Some(at) = self.serials.iter().position(|serial| serial.id == *device) else { return };
        let serial = &self.serials[at];
        let wanted = accept == Accept::Documents || serial.reads_codes;
        if wanted && serial.ready && serial.armed_as != Some(presentation) {
            self.arm_serial(at, presentation);
        }
    }

    fn arm_serial(&mut self, at: usize, presentation: PresentationNo) {
        self.serials[at].armed_as = Some(presentation);
        self.out.push(Do::Serial(at, SerialCommand::Arm(presentation)));
    }

    fn disarm(&mut self) {
        for (at, serial) in self.serials.iter_mut().enumerate() {
            serial.waiting = false;
            serial.armed_as = None;
            serial.try_since = None;
            if serial.ready {
                self.out.push(Do::Serial(at, SerialCommand::Disarm));
            }
        }
        for camera in &mut self.cameras {
            camera.watch.taken(false);
        }
        if let Some(Arming { presentation, taken: false, .. }) = self.armed.take() {
            self.tell(Event::Disarmed { presentation });
        }
    }

    fn announce(&mut self) {
        if let Some(arming) = self.armed.as_mut().filter(|arming| !arming.announced) {
            arming.announced = true;
            let presentation = arming.presentation;
            self.tell(Event::Armed { presentation });
        }
    }

    fn tell(&mut self, event: Event) {
        self.out.push(Do::Tell(event));
    }

    /// Whether a document's event belongs to what is armed and may still be taken.
    fn takes(&self, presentation: PresentationNo) -> bool {
        self.armed.as_ref().is_some_and(|arming| arming.presentation == presentation && !arming.taken)
    }

    fn taken(&mut self, presentation: PresentationNo, reading: Reading, by: Option<usize>) {
        if let Some(arming) = self.armed.as_mut() {
            arming.taken = true;
            arming.document = witness::Taken::of(&reading);
            arming.held = None;
            if arming.document.is_none() {
                arming.codes.clear();
            }
        }
        self.serials.iter_mut().for_each(|serial| serial.try_since = None);
        let goes_on = self.awaits_witnesses(presentation);
        for camera in &mut self.cameras {
            camera.watch.taken(goes_on);
        }
        self.tell(Event::Read { presentation, reading });
        self.go_on(by, presentation);
        self.tell(Event::Disarmed { presentation });
    }

    fn failed(&mut self, presentation: PresentationNo, failure: Failure) {
        self.serials.iter_mut().for_each(|serial| serial.try_since = None);
        let Failure { reason, advice, guess } = failure;
        self.tell(Event::Failed { presentation, reason, advice, guess });
        // Whoever holds the card gives it back, for the next try.
        let movers = self.serials.iter().enumerate().filter(|(_, serial)| serial.ready && serial.moves_cards);
        self.out.extend(movers.map(|(at, _)| Do::Serial(at, SerialCommand::Verdict(Verdict::Bad))));
    }
}

fn fresh_status(device: DeviceId, kind: &'static str, reads: bool) -> DeviceStatus {
    DeviceStatus {
        device,
        kind,
        reads,
        fault: None,
        ready: false,
        identity: String::new(),
        good_reads: 0,
        failed_reads: 0,
        reconnects: 0,
        faults: 0,
        facts: String::new(),
    }
}
