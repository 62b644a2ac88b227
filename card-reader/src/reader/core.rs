//! What the reader decides, without devices, threads or a clock: which device is armed for what, what a try is, when
//! it failed, and what a read is worth. Inputs come with the time; answers are [`Do`]s for the shell.

use super::judge::{self, Failure};
use super::{Accept, Command, DeviceId, DeviceStatus, Event, Fault, PresentationNo, Reading, SelfTestReport};
use crate::date::Date;
use crate::serial::port::PortEvent;
use crate::serial::{Identity, SerialCommand, SerialEvent};
use std::time::{Duration, Instant};

/// What the shell is to do.
pub(super) enum Do {
    Tell(Event),
    Serial(usize, SerialCommand),
}

/// Everything the reader knows.
pub(super) struct Core {
    armed: Option<Arming>,
    serials: Vec<Serial>,
    status: Vec<DeviceStatus>,
    out: Vec<Do>,
}

struct Arming {
    presentation: PresentationNo,
    accept: Accept,
    announced: bool,
    /// An accepted read was taken: nothing more is, but the removal is still told.
    taken: bool,
}

struct Serial {
    id: DeviceId,
    ready: bool,
    /// Armed while it was not ready: told as soon as it is. Cleared by a loss, because the session then decides.
    waiting: bool,
    testing: Option<Instant>,
}

/// A self-test that takes longer has failed.
const TEST_LIMIT: Duration = Duration::from_secs(2);

impl Core {
    pub(super) fn new(serials: impl IntoIterator<Item = (DeviceId, &'static str)>) -> Self {
        let mut core = Self { armed: None, serials: Vec::new(), status: Vec::new(), out: Vec::new() };
        for (id, kind) in serials {
            core.status.push(fresh_status(id.clone(), kind));
            core.serials.push(Serial { id, ready: false, waiting: false, testing: None });
        }
        core
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
        self.serials.iter().filter_map(|serial| serial.testing).map(|since| since + TEST_LIMIT).min()
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        for at in 0..self.serials.len() {
            if self.serials[at].testing.is_some_and(|since| now >= since + TEST_LIMIT) {
                self.tested(at, None);
            }
        }
    }

    pub(super) fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Arm { presentation, accept } => self.arm(presentation, accept),
            Command::Disarm => self.disarm(),
            Command::SelfTest { device } => self.self_test(now, &device),
            // The shell scales pictures; nothing is decided by it.
            Command::Preview { .. } => {}
        }
    }

    fn arm(&mut self, presentation: PresentationNo, accept: Accept) {
        self.armed = Some(Arming { presentation, accept, announced: false, taken: false });
        for (at, serial) in self.serials.iter_mut().enumerate() {
            // A slot reader reads zones only: armed for a code or a badge it would only drop what it reads.
            let wanted = accept == Accept::Documents;
            serial.waiting = wanted && !serial.ready;
            if serial.ready {
                let command = if wanted { SerialCommand::Arm(presentation) } else { SerialCommand::Disarm };
                self.out.push(Do::Serial(at, command));
            }
        }
    }

    fn disarm(&mut self) {
        for (at, serial) in self.serials.iter_mut().enumerate() {
            serial.waiting = false;
            if serial.ready {
                self.out.push(Do::Serial(at, SerialCommand::Disarm));
            }
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
        }
        self.tell(Event::Read { presentation, reading });
        for (at, serial) in self.serials.iter_mut().enumerate() {
            serial.waiting = false;
            if serial.ready {
                let command = if by == Some(at) { SerialCommand::Accepted } else { SerialCommand::Disarm };
                self.out.push(Do::Serial(at, command));
            }
        }
        self.tell(Event::Disarmed { presentation });
    }

    fn failed(&mut self, presentation: PresentationNo, failure: Failure) {
        let Failure { reason, advice, guess } = failure;
        self.tell(Event::Failed { presentation, reason, advice, guess });
    }

    pub(super) fn serial(&mut self, at: usize, event: PortEvent, today: Date) {
        match event {
            PortEvent::Lost(fault) => self.serial_lost(at, fault),
            PortEvent::Said(SerialEvent::Ready { identity, changed_unit }) => {
                self.serial_ready(at, &identity, changed_unit);
            }
            PortEvent::Said(SerialEvent::Armed(presentation)) if self.takes(presentation) => self.announce(),
            PortEvent::Said(SerialEvent::DocumentPresent(presentation)) if self.takes(presentation) => {
                self.announce();
                self.tell(Event::Sensed { presentation });
            }
            PortEvent::Said(SerialEvent::ZoneRead { presentation, raw, again }) if self.takes(presentation) => {
                match judge::serial_zone(&raw, today) {
                    Ok(zone) => {
                        self.status[at].good_reads += 1;
                        self.taken(presentation, Reading::Zone(Box::new(zone)), Some(at));
                    }
                    // What still lies there after a failed try is no second one.
                    Err(_) if again => {}
                    Err(failure) => {
                        self.status[at].failed_reads += 1;
                        self.failed(presentation, failure);
                    }
                }
            }
            PortEvent::Said(SerialEvent::DocumentRemoved(presentation)) => {
                if self.armed.as_ref().is_some_and(|arming| arming.presentation == presentation) {
                    self.tell(Event::Removed { presentation });
                }
            }
            PortEvent::Said(SerialEvent::ProtocolErrors(standing)) => {
                let fault = standing.then_some(Fault::ProtocolErrors);
                self.status[at].fault = fault;
                let device = self.serials[at].id.clone();
                self.tell(Event::Degraded { device, fault });
            }
            PortEvent::Said(SerialEvent::SelfTested { millis }) => self.tested(at, Some(millis)),
            // Of an older presentation, or of one that has its read: dropped, and zeroed by its type.
            PortEvent::Said(SerialEvent::Armed(_) | SerialEvent::DocumentPresent(_) | SerialEvent::ZoneRead { .. }) => {
            }
        }
    }

    fn serial_ready(&mut self, at: usize, identity: &Identity, changed_unit: bool) {
        let status = &mut self.status[at];
        status.ready = true;
        status.fault = None;
        status.identity = identity.part_number.clone();
        if !identity.serial_number.is_empty() {
            status.identity = format!("{} {}", status.identity, identity.serial_number).trim().to_owned();
        }
        status.facts = format!("firmware {}, engine {}", known(&identity.firmware), known(&identity.engine));
        let said = status.identity.clone();
        let serial = &mut self.serials[at];
        serial.ready = true;
        let device = serial.id.clone();
        if changed_unit {
            tracing::warn!(device = device.0, "another unit answers on this port");
            self.out.push(Do::Tell(Event::AnotherUnit { device: device.clone() }));
        }
        let armed = std::mem::take(&mut serial.waiting).then(|| self.armed.as_ref().filter(|arming| !arming.taken));
        if let Some(arming) = armed.flatten() {
            self.out.push(Do::Serial(at, SerialCommand::Arm(arming.presentation)));
        }
        self.tell(Event::Ready { device, identity: said });
    }

    fn serial_lost(&mut self, at: usize, fault: Fault) {
        let status = &mut self.status[at];
        let was_ready = std::mem::take(&mut status.ready);
        status.fault = Some(fault);
        let serial = &mut self.serials[at];
        serial.ready = false;
        if was_ready {
            status.reconnects += 1;
            serial.waiting = false;
        }
        let device = serial.id.clone();
        tracing::warn!(device = device.0, fault = fault.name(), "reader lost; it is being reopened");
        if self.serials[at].testing.is_some() {
            self.tested(at, None);
        }
        self.tell(Event::Lost { device, fault });
    }

    fn self_test(&mut self, now: Instant, device: &DeviceId) {
        if let Some(at) = self.serials.iter().position(|serial| serial.id == *device) {
            if self.serials[at].ready {
                self.serials[at].testing = Some(now);
                self.out.push(Do::Serial(at, SerialCommand::SelfTest));
            } else {
                self.tested(at, None);
            }
        } else {
            let detail = format!("no device named {} is configured; `kiosk-app devices` lists what there is", device.0);
            let report = SelfTestReport { passed: false, detail, millis: 0 };
            self.tell(Event::SelfTest { device: device.clone(), report });
        }
    }

    fn tested(&mut self, at: usize, millis: Option<u64>) {
        self.serials[at].testing = None;
        let device = self.serials[at].id.clone();
        let status = &self.status[at];
        let report = match millis {
            Some(millis) => {
                SelfTestReport { passed: true, detail: format!("answers in {millis} ms, {}", status.facts), millis }
            }
            None => SelfTestReport {
                passed: false,
                detail: match status.fault {
                    Some(Fault::NotReachable) => {
                        "the port cannot be opened: check the cable, the path in kiosk.toml and the permissions"
                            .to_owned()
                    }
                    _ => "the device does not answer: check the cable and its power, then unplug and replug it"
                        .to_owned(),
                },
                millis: 0,
            },
        };
        self.tell(Event::SelfTest { device, report });
    }
}

fn fresh_status(device: DeviceId, kind: &'static str) -> DeviceStatus {
    DeviceStatus {
        device,
        kind,
        fault: None,
        ready: false,
        identity: String::new(),
        good_reads: 0,
        failed_reads: 0,
        reconnects: 0,
        facts: String::new(),
    }
}

fn known(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
