//! The conversation with the device, without I/O: settle, drain, identify; arm, read, wait for the removal; notice
//! silence. Time comes in as an argument, and [`Machine::deadline`] says when to come back.
//!
//! Inferences, named because the vendor's text leaves them open: that a document was removed is found by asking
//! again (its presence messages are not published: if the command that switches them on is set, one of them means only that it
//! is time to look); an empty zone means *no document* and is never a failed try.

use super::codec::{Codec, Frame, Item, Kind, RESYNC, encode};
use crate::reader::{Fault, PresentationNo};
use crate::serial::errors::ErrorWindow;
use crate::serial::{Content, Identity, NotReady, Out, Protocol, SerialCommand, SerialEvent, Verdict, shown};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Every delay of the conversation, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Silence after the port was opened: the vendor's SDK waits 2 s after a USB connection.
    pub settle: Duration,
    /// Input ignored after the resynchronising byte.
    pub drain: Duration,
    /// For one of two tries of a command; a hang is named after both.
    pub reply: Duration,
    /// A started frame must go on within this.
    pub stall: Duration,
    /// Between two looks for the removal.
    pub poll: Duration,
    /// Silence after which the device is asked whether it lives.
    pub ping: Duration,
}

impl Timing {
    /// USB (CDC-ACM).
    pub const CDC: Self = Self { settle: Duration::from_secs(2), ..Self::UART };
    /// A serial line.
    pub const UART: Self = Self {
        settle: Duration::from_millis(100),
        drain: Duration::from_millis(500),
        reply: Duration::from_millis(950),
        stall: Duration::from_millis(500),
        poll: Duration::from_millis(700),
        ping: Duration::from_secs(10),
    };
}

const TRIES: u8 = 2;
/// Empty answers in a row that mean removal.
const EMPTIES: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    ModeOff,
    ModeOn,
    Inquire,
    Version,
    Engine,
    SerialNumber,
    PartNumber,
}

impl Ask {
    const IDENTITY: [Self; 4] = [Self::Version, Self::Engine, Self::SerialNumber, Self::PartNumber];
    const ARM: [Self; 3] = [Self::ModeOff, Self::ModeOn, Self::Inquire];

    const fn kind(self) -> Kind {
        match self {
            Self::ModeOff | Self::ModeOn => Kind::Continuous,
            Self::Inquire => Kind::Inquire,
            Self::Version => Kind::Version,
            Self::Engine => Kind::Engine,
            Self::SerialNumber => Kind::SerialNumber,
            Self::PartNumber => Kind::PartNumber,
        }
    }

    const fn data(self) -> &'static [u8] {
        match self {
            Self::ModeOff => &[0],
            Self::ModeOn => &[1],
            _ => &[],
        }
    }

    /// The answer repeats the type; that to a mode also its state. An answer is never just "the next frame": one may
    /// cross an unasked zone.
    fn is_answered_by(self, frame: &Frame) -> bool {
        self.kind() == frame.kind && (self.kind() != Kind::Continuous || frame.data.as_slice() == self.data())
    }
}

struct Pending {
    ask: Ask,
    sent: Instant,
    deadline: Instant,
    tries: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    Settling {
        until: Instant,
    },
    /// Input is ignored; then the part of the conversation that was under way begins anew.
    Draining {
        until: Instant,
    },
    Identifying,
    Idle,
    Arming,
    Armed,
    /// A document was read; looking for its removal.
    Removal {
        next: Instant,
        empties: u8,
    },
}

/// The state machine of one device. See [`Protocol`].
pub struct Machine {
    timing: Timing,
    /// Sent to have presence messages, whose type is its first byte; the device switches them off after a removal.
    presence_command: Vec<u8>,
    codec: Codec,
    phase: Phase,
    pending: Option<Pending>,
    queue: VecDeque<Ask>,
    identity: Identity,
    identified: bool,
    last_unit: Option<String>,
    /// What the session armed, until disarmed.
    presentation: Option<PresentationNo>,
    /// The session knows that it is armed.
    announced: bool,
    /// Armed anew once the document is gone; false after an accepted read.
    rearm: bool,
    /// A document of this presentation has been read and not been removed.
    present: bool,
    self_test: bool,
    heard: Instant,
    errors: ErrorWindow,
    items: Vec<Item>,
}

impl Machine {
    /// `presence_command`: the whole command that switches presence messages on, if it is known; they are then understood as
    /// frames, and answered by a look. Nothing is sent if it is empty. `now` only starts the clock.
    #[must_use]
    pub fn new(timing: Timing, presence_command: Vec<u8>, now: Instant) -> Self {
        Self {
            timing,
            codec: Codec::new(presence_command.first().copied()),
            presence_command,
            phase: Phase::Down,
            pending: None,
            queue: VecDeque::new(),
            identity: Identity::default(),
            identified: false,
            last_unit: None,
            presentation: None,
            announced: false,
            rearm: false,
            present: false,
            self_test: false,
            heard: now,
            errors: ErrorWindow::default(),
            items: Vec::new(),
        }
    }

    fn ask(&mut self, now: Instant, ask: Ask, out: &mut Out) {
        if self.pending.is_some() {
            self.queue.push_back(ask);
        } else {
            encode(ask.kind(), ask.data(), &mut out.tx);
            self.pending = Some(Pending { ask, sent: now, deadline: now + self.timing.reply, tries: 1 });
        }
    }

    fn begin_identifying(&mut self, now: Instant, out: &mut Out) {
        self.phase = Phase::Identifying;
        self.identity = Identity::default();
        for ask in Ask::IDENTITY {
            self.ask(now, ask, out);
        }
    }

    fn begin_arming(&mut self, now: Instant, out: &mut Out) {
        self.phase = Phase::Arming;
        self.rearm = true;
        self.queue.clear();
        for ask in Ask::ARM {
            self.ask(now, ask, out);
        }
    }

    fn begin_draining(&mut self, now: Instant, out: &mut Out) {
        self.codec.clear();
        self.pending = None;
        self.queue.clear();
        out.tx.push(RESYNC);
        self.phase = Phase::Draining { until: now + self.timing.drain };
    }

    fn after_draining(&mut self, now: Instant, out: &mut Out) {
        if !self.identified {
            self.begin_identifying(now, out);
        } else if self.presentation.is_none() {
            self.phase = Phase::Idle;
        } else if self.present {
            self.phase = Phase::Removal { next: now, empties: 0 };
        } else {
            self.begin_arming(now, out);
        }
    }

    fn frame(&mut self, now: Instant, frame: Frame, out: &mut Out) {
        let answered = self.pending.take_if(|pending| pending.ask.is_answered_by(&frame));
        match frame.kind {
            Kind::Inquire => self.zone(now, frame, answered.is_some(), out),
            Kind::Version => self.identity.firmware = shown(&frame.data),
            Kind::Engine => self.identity.engine = shown(&frame.data),
            Kind::SerialNumber => self.identity.serial_number = shown(&frame.data),
            Kind::PartNumber => self.identity.part_number = shown(&frame.data),
            Kind::Presence(_) => self.stirred(now, out),
            Kind::Continuous | Kind::InquireLine => {}
        }
        if let Some(done) = answered {
            if done.ask == Ask::ModeOn && self.phase == Phase::Arming && !self.announced {
                self.announced = true;
                out.events.extend(self.presentation.map(SerialEvent::Armed));
            }
            if done.ask == Ask::Version && std::mem::take(&mut self.self_test) {
                let millis = u64::try_from(now.saturating_duration_since(done.sent).as_millis()).unwrap_or(u64::MAX);
                out.events.push(SerialEvent::SelfTested { millis: Some(millis) });
            }
            self.go_on(now, out);
        }
    }

    /// The pending command is done: send the next, or close the phase that has none left.
    fn go_on(&mut self, now: Instant, out: &mut Out) {
        if let Some(next) = self.queue.pop_front() {
            self.ask(now, next, out);
        } else if self.phase == Phase::Identifying {
            self.identified = true;
            self.phase = Phase::Idle;
            let unit = &self.identity.serial_number;
            let changed_unit = self.last_unit.as_ref().is_some_and(|last| last != unit);
            self.last_unit = Some(unit.clone());
            out.events.push(SerialEvent::Ready { identity: self.identity.clone(), changed_unit });
        } else if self.phase == Phase::Arming {
            self.phase = Phase::Armed;
            // Whether it is answered is not published; an answer would be taken for a message.
            out.tx.extend_from_slice(&self.presence_command);
        }
    }

    fn zone(&mut self, now: Instant, frame: Frame, answer: bool, out: &mut Out) {
        let empty = frame.data.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        match self.phase {
            // Before the mode is on it is a leftover; the inquiry that follows reads what still lies there.
            Phase::Arming | Phase::Armed if !empty && self.announced => {
                let Some(presentation) = self.presentation else { return };
                self.present = true;
                out.events.push(SerialEvent::DocumentPresent(presentation));
                out.events.push(SerialEvent::Read {
                    presentation,
                    raw: frame.data,
                    content: Content::Zone,
                    again: false,
                });
                self.queue.clear();
                self.phase = Phase::Removal { next: now + self.timing.poll, empties: 0 };
                // After an inquiry the mode is still on, after an unasked zone it is off: off in any case.
                self.ask(now, Ask::ModeOff, out);
            }
            Phase::Removal { empties, .. } => {
                let empties = if !empty {
                    0
                } else if answer {
                    empties + 1
                } else {
                    empties
                };
                self.phase = Phase::Removal { next: now + self.timing.poll, empties };
                if empties >= EMPTIES {
                    self.removed(now, out);
                } else if !empty && self.rearm {
                    // Turned over too quickly for a removal to be seen, or read better this time.
                    let read = |presentation| SerialEvent::Read {
                        presentation,
                        raw: frame.data,
                        content: Content::Zone,
                        again: true,
                    };
                    out.events.extend(self.presentation.map(read));
                }
            }
            // What was not asked for is dropped here, and zeroed by its type.
            Phase::Arming
            | Phase::Armed
            | Phase::Down
            | Phase::Settling { .. }
            | Phase::Draining { .. }
            | Phase::Identifying
            | Phase::Idle => {}
        }
    }

    /// Something came or went: what, its message does not say in a way that is published. It is looked at sooner.
    fn stirred(&mut self, now: Instant, out: &mut Out) {
        match &mut self.phase {
            Phase::Removal { next, .. } => *next = now,
            Phase::Armed if self.pending.is_none() => self.ask(now, Ask::Inquire, out),
            _ => {}
        }
    }

    fn removed(&mut self, now: Instant, out: &mut Out) {
        self.present = false;
        out.events.extend(self.presentation.map(SerialEvent::DocumentRemoved));
        if self.rearm {
            self.begin_arming(now, out);
        } else {
            self.presentation = None;
            self.phase = Phase::Idle;
        }
    }

    const fn talks(&self) -> bool {
        !matches!(self.phase, Phase::Down | Phase::Settling { .. } | Phase::Draining { .. })
    }
}

impl Protocol for Machine {
    fn link_up(&mut self, now: Instant, _out: &mut Out) {
        self.codec.clear();
        self.heard = now;
        self.phase = Phase::Settling { until: now + self.timing.settle };
    }

    fn bytes(&mut self, now: Instant, rx: &[u8], out: &mut Out) {
        self.heard = now;
        if !self.talks() {
            return;
        }
        let mut items = std::mem::take(&mut self.items);
        self.codec.feed(rx, &mut items);
        for item in items.drain(..) {
            match item {
                Item::Frame(frame) => self.frame(now, frame, out),
                Item::Garbage => self.errors.note(now, out),
            }
        }
        self.items = items;
    }

    fn command(&mut self, now: Instant, command: SerialCommand, out: &mut Out) -> Result<(), NotReady> {
        if !self.identified || self.phase == Phase::Down {
            return Err(NotReady);
        }
        match command {
            SerialCommand::Arm(presentation) => {
                self.presentation = Some(presentation);
                if self.present && self.rearm {
                    // What failed still lies there and would only fail again: the new try begins once it is gone.
                    out.events.push(SerialEvent::Armed(presentation));
                    return Ok(());
                }
                self.announced = false;
                self.present = false;
                if self.talks() {
                    self.begin_arming(now, out);
                }
            }
            SerialCommand::Disarm => {
                let was = self.presentation.take();
                self.rearm = false;
                self.present = false;
                if was.is_some() && self.talks() {
                    self.queue.clear();
                    self.phase = Phase::Idle;
                    self.ask(now, Ask::ModeOff, out);
                }
            }
            SerialCommand::Verdict(Verdict::Good) => self.rearm = false,
            // It has no lights to show a verdict with, and nothing that moves.
            SerialCommand::Verdict(Verdict::Bad | Verdict::Ignore) | SerialCommand::Eject | SerialCommand::Capture => {}
            SerialCommand::SelfTest => {
                self.self_test = true;
                if self.talks() {
                    self.ask(now, Ask::Version, out);
                }
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Down => return None,
            Phase::Settling { until } | Phase::Draining { until } => return Some(until),
            Phase::Removal { next, .. } if self.pending.is_none() => Some(next),
            Phase::Identifying | Phase::Idle | Phase::Arming | Phase::Armed | Phase::Removal { .. } => None,
        };
        let reply = self.pending.as_ref().map(|pending| pending.deadline);
        let stall = self.codec.mid_frame().then(|| self.heard + self.timing.stall);
        // While an answer is awaited there is nothing to ping for.
        let ping = self.pending.is_none().then(|| self.heard + self.timing.ping);
        [phase, reply, stall, ping].into_iter().flatten().min()
    }

    fn timeout(&mut self, now: Instant, out: &mut Out) {
        match self.phase {
            Phase::Down => return,
            Phase::Settling { until } => {
                if now >= until {
                    self.begin_draining(now, out);
                }
                return;
            }
            Phase::Draining { until } => {
                if now >= until {
                    self.after_draining(now, out);
                }
                return;
            }
            Phase::Identifying | Phase::Idle | Phase::Arming | Phase::Armed | Phase::Removal { .. } => {}
        }
        self.errors.weigh(now, out);
        if self.codec.mid_frame() && now >= self.heard + self.timing.stall {
            self.errors.note(now, out);
            self.begin_draining(now, out);
            return;
        }
        if let Some(pending) = self.pending.as_mut() {
            if now < pending.deadline {
                return;
            }
            if pending.tries < TRIES {
                pending.tries += 1;
                pending.deadline = now + self.timing.reply;
                encode(pending.ask.kind(), pending.ask.data(), &mut out.tx);
            } else if self.phase == Phase::Identifying && pending.ask != Ask::Version {
                // Not every firmware knows every question.
                self.pending = None;
                self.go_on(now, out);
            } else {
                out.drop_link = Some(Fault::NotResponding);
            }
            return;
        }
        if let Phase::Removal { next, .. } = self.phase
            && now >= next
        {
            self.ask(now, Ask::Inquire, out);
        } else if now >= self.heard + self.timing.ping {
            self.ask(now, Ask::Version, out);
        }
    }

    fn link_down(&mut self, now: Instant) {
        self.codec.clear();
        // Everything begins anew, but for what tells another unit from this one.
        *self = Self {
            last_unit: self.last_unit.take(),
            ..Self::new(self.timing, std::mem::take(&mut self.presence_command), now)
        };
    }
}

#[cfg(test)]
mod tests;
