//! The conversation: one command at a time, acknowledged, then answered; the card's position is asked for again and again,
//! and what it did since the last time is what is told.

use super::codec::{ACK, Codec, Item, Outcome, Position, Reply, encode};
use crate::reader::{Fault, PresentationNo};
use crate::serial::errors::ErrorWindow;
use crate::serial::{Identity, NotReady, Out, Protocol, SerialCommand, SerialEvent, Verdict, shown};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Every delay of the conversation, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Silence after the port was opened.
    pub settle: Duration,
    /// Input ignored before the first command.
    pub drain: Duration,
    /// For the acknowledgement of one of three tries.
    pub ack: Duration,
    /// For the answer to a command that moves nothing.
    pub answer: Duration,
    /// For the answer to one that moves a card.
    pub movement: Duration,
    /// A started frame must go on within this.
    pub stall: Duration,
    /// Between two looks at the position: idle, and while a card is expected or held.
    pub poll: Duration,
    pub poll_armed: Duration,
    /// A card held out for longer is told as not taken.
    pub not_taken: Duration,
    /// Between two attempts to leave a jam or another fault behind.
    pub recover: Duration,
}

impl Timing {
    pub const DEFAULT: Self = Self {
        settle: Duration::from_millis(100),
        drain: Duration::from_millis(200),
        ack: Duration::from_millis(300),
        answer: Duration::from_millis(1900),
        movement: Duration::from_secs(20),
        stall: Duration::from_millis(500),
        poll: Duration::from_millis(500),
        poll_armed: Duration::from_millis(200),
        not_taken: Duration::from_secs(30),
        recover: Duration::from_secs(2),
    };
}

const ACK_TRIES: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// Whatever is inside stays where it is.
    Initialise,
    Version,
    SerialNumber,
    EntryOn,
    EntryOff,
    Status,
    ToGate,
    ToBin,
}

impl Ask {
    const START: [Self; 5] = [Self::Initialise, Self::Version, Self::SerialNumber, Self::EntryOff, Self::Status];

    const fn command(self) -> [u8; 2] {
        match self {
            Self::Initialise => [b'0', b'3'],
            Self::Version => [0xa4, b'0'],
            Self::SerialNumber => [0xa2, b'0'],
            Self::EntryOn => [b'3', b'0'],
            Self::EntryOff => [b'3', b'1'],
            Self::Status => [b'1', b'0'],
            Self::ToGate => [b'2', b'9'],
            Self::ToBin => [b'2', b'3'],
        }
    }

    const fn moves(self) -> bool {
        matches!(self, Self::Initialise | Self::ToGate | Self::ToBin)
    }
}

struct Pending {
    ask: Ask,
    sent: Instant,
    deadline: Instant,
    tries: u8,
    acked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    Settling { until: Instant },
    Draining { until: Instant },
    Starting,
    Running,
}

/// A card in the reader.
#[derive(Clone, Copy, Debug)]
struct Card {
    /// `None`: nobody here put it there.
    presentation: Option<PresentationNo>,
    /// Held out since, once it was told as offered.
    offered: Option<Instant>,
    not_taken: bool,
}

/// The state machine of one device. See [`Protocol`].
pub struct Machine {
    timing: Timing,
    codec: Codec,
    phase: Phase,
    pending: Option<Pending>,
    queue: VecDeque<Ask>,
    identity: Identity,
    identified: bool,
    last_unit: Option<String>,
    presentation: Option<PresentationNo>,
    /// The session knows that it is armed.
    announced: bool,
    accepted: bool,
    position: Position,
    card: Option<Card>,
    /// At the gate while nothing is armed: told once.
    sensed: bool,
    /// A standing fault of the mechanics.
    fault: Option<Fault>,
    bin_full: bool,
    next_poll: Instant,
    recover_at: Option<Instant>,
    self_test: bool,
    heard: Instant,
    errors: ErrorWindow,
    items: Vec<Item>,
}

impl Machine {
    /// `now` only starts the clock.
    #[must_use]
    pub fn new(timing: Timing, now: Instant) -> Self {
        Self {
            timing,
            codec: Codec::default(),
            phase: Phase::Down,
            pending: None,
            queue: VecDeque::new(),
            identity: Identity::default(),
            identified: false,
            last_unit: None,
            presentation: None,
            announced: false,
            accepted: false,
            position: Position::None,
            card: None,
            sensed: false,
            fault: None,
            bin_full: false,
            next_poll: now,
            recover_at: None,
            self_test: false,
            heard: now,
            errors: ErrorWindow::default(),
            items: Vec::new(),
        }
    }

    fn ask(&mut self, now: Instant, ask: Ask, out: &mut Out) {
        if !self.queue.contains(&ask) {
            self.queue.push_back(ask);
        }
        self.pump(now, out);
    }

    fn pump(&mut self, now: Instant, out: &mut Out) {
        if self.pending.is_some() {
            return;
        }
        if let Some(ask) = self.queue.pop_front() {
            out.tx.extend_from_slice(&encode(ask.command()));
            self.pending = Some(Pending { ask, sent: now, deadline: now + self.timing.ack, tries: 1, acked: false });
        } else if self.phase == Phase::Starting {
            self.identified = true;
            self.phase = Phase::Running;
            "CRT-571".clone_into(&mut self.identity.part_number);
            let unit = self.identity.unit().to_owned();
            let changed_unit = self.last_unit.as_ref().is_some_and(|last| *last != unit);
            self.last_unit = Some(unit);
            out.events.push(SerialEvent::Ready { identity: self.identity.clone(), changed_unit });
            if self.position == Position::Inside {
                self.left_inside(out);
            }
        }
    }

    /// A card that nobody here put there: the last traveler's, from before a power cut. It stays until staff decide.
    fn left_inside(&mut self, out: &mut Out) {
        self.card = Some(Card { presentation: None, offered: None, not_taken: false });
        self.stand(Fault::CardLeft, None, out);
    }

    fn stand(&mut self, fault: Fault, code: Option<[u8; 2]>, out: &mut Out) {
        if self.fault == Some(fault) {
            return;
        }
        self.clear_fault(out);
        self.fault = Some(fault);
        let code = code.map(|code| shown(&code));
        out.events.push(SerialEvent::Fault { fault, standing: true, code });
    }

    fn clear_fault(&mut self, out: &mut Out) {
        self.recover_at = None;
        if let Some(fault) = self.fault.take() {
            out.events.push(SerialEvent::Fault { fault, standing: false, code: None });
        }
    }

    fn acked(&mut self, now: Instant) {
        let timing = self.timing;
        if let Some(pending) = self.pending.as_mut().filter(|pending| !pending.acked) {
            pending.acked = true;
            pending.deadline = now + if pending.ask.moves() { timing.movement } else { timing.answer };
        }
    }

    fn reply(&mut self, now: Instant, reply: Reply, out: &mut Out) {
        out.tx.push(ACK);
        // Anything else is stale.
        let Some(done) = self.pending.take_if(|pending| pending.ask.command() == reply.command) else { return };
        if self.self_test && done.ask == Ask::Status {
            self.self_test = false;
            let millis = u64::try_from(now.saturating_duration_since(done.sent).as_millis()).unwrap_or(u64::MAX);
            out.events.push(SerialEvent::SelfTested { millis: Some(millis) });
        }
        match reply.outcome {
            Outcome::Done { card, bin_full, data } => {
                match done.ask {
                    Ask::Version => self.identity.firmware = shown(&data),
                    Ask::SerialNumber => self.identity.serial_number = shown(&data),
                    Ask::EntryOn => self.announce(out),
                    Ask::ToBin => self.captured(card, out),
                    Ask::Initialise if matches!(self.fault, Some(Fault::Jammed | Fault::Mechanism)) => {
                        self.clear_fault(out);
                    }
                    _ => {}
                }
                if self.bin_full != bin_full {
                    self.bin_full = bin_full;
                    out.events.push(SerialEvent::Fault { fault: Fault::BinFull, standing: bin_full, code: None });
                }
                self.seen(now, card, out);
            }
            Outcome::Refused(code) => self.refused(now, done.ask, code, out),
        }
        let poll =
            if self.presentation.is_some() || self.card.is_some() { self.timing.poll_armed } else { self.timing.poll };
        self.next_poll = now + poll;
        self.pump(now, out);
    }

    fn announce(&mut self, out: &mut Out) {
        if !self.announced {
            self.announced = true;
            out.events.extend(self.presentation.map(SerialEvent::Armed));
        }
    }

    fn captured(&mut self, card: Position, out: &mut Out) {
        if card == Position::None
            && let Some(taken) = self.card.take()
        {
            out.events.push(SerialEvent::Captured(taken.presentation));
            if self.fault == Some(Fault::CardLeft) {
                self.clear_fault(out);
            }
        }
    }

    fn refused(&mut self, now: Instant, ask: Ask, code: [u8; 2], out: &mut Out) {
        match &code {
            // Not every model has everything.
            b"03" => {}
            // Moved by hand: where it is now is asked anyway.
            b"16" | b"40" | b"45" => {}
            b"B0" => {
                if ask == Ask::Initialise {
                    self.stand(Fault::Mechanism, Some(code), out);
                }
                self.recover_at = Some(now + if ask == Ask::Initialise { self.timing.recover } else { Duration::ZERO });
            }
            b"10" => {
                self.stand(Fault::Jammed, Some(code), out);
                self.recover_at = Some(now + self.timing.recover);
            }
            _ => {
                self.stand(Fault::Mechanism, Some(code), out);
                self.recover_at = Some(now + self.timing.recover);
            }
        }
    }

    /// Where the card is now: what happened since is told.
    fn seen(&mut self, now: Instant, position: Position, out: &mut Out) {
        self.position = position;
        if self.phase != Phase::Running {
            return;
        }
        match (position, self.card) {
            (Position::Inside, None) => match self.presentation.filter(|_| self.announced && !self.accepted) {
                Some(presentation) => {
                    self.card = Some(Card { presentation: Some(presentation), offered: None, not_taken: false });
                    out.events.push(SerialEvent::DocumentPresent(presentation));
                }
                None => self.left_inside(out),
            },
            (Position::Inside, Some(card)) if card.offered.is_some() => {
                // Pushed back in, or pulled in again.
                self.card = Some(Card { offered: None, ..card });
            }
            (Position::Gate, None) if self.presentation.is_none() && !self.sensed => {
                self.sensed = true;
                out.events.push(SerialEvent::Sensed);
            }
            (Position::Gate, Some(card)) if card.offered.is_none() => {
                self.card = Some(Card { offered: Some(now), ..card });
                out.events.push(SerialEvent::Offered(card.presentation));
            }
            (Position::None, Some(card)) => {
                self.card = None;
                out.events.extend(card.presentation.map(SerialEvent::DocumentRemoved));
                if self.fault == Some(Fault::CardLeft) {
                    self.clear_fault(out);
                }
                self.after_removal(now, out);
            }
            _ => {}
        }
        if position != Position::Gate {
            self.sensed = false;
        }
    }

    fn after_removal(&mut self, now: Instant, out: &mut Out) {
        if self.accepted {
            self.presentation = None;
            self.accepted = false;
        } else if self.presentation.is_some() {
            // The next try under the same number.
            self.ask(now, Ask::EntryOn, out);
        }
    }

    /// Gives the card back, if one is inside.
    fn give_back(&mut self, now: Instant, out: &mut Out) {
        if self.card.is_some() && self.position == Position::Inside {
            self.ask(now, Ask::ToGate, out);
        }
    }

    /// A card whose owner the last traveler was is not given to the next one.
    fn give_back_own(&mut self, now: Instant, out: &mut Out) {
        if self.card.is_some_and(|card| card.presentation.is_some()) {
            self.give_back(now, out);
        }
    }

    const fn talks(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Running)
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
                Item::Ack => self.acked(now),
                Item::Nak => {
                    // Sent again at once, as far as tries are left.
                    if let Some(pending) = self.pending.as_mut().filter(|pending| !pending.acked) {
                        pending.deadline = now;
                    }
                }
                Item::Reply(reply) => self.reply(now, reply, out),
                Item::Damaged | Item::Garbage => self.errors.note(now, out),
            }
        }
        self.items = items;
    }

    fn command(&mut self, now: Instant, command: SerialCommand, out: &mut Out) -> Result<(), NotReady> {
        if !self.identified || self.phase != Phase::Running {
            return Err(NotReady);
        }
        match command {
            SerialCommand::Arm(presentation) => {
                self.presentation = Some(presentation);
                self.accepted = false;
                self.announced = false;
                if self.card.is_some() {
                    // It goes back first: a card belongs to the number under which it was put in.
                    self.give_back_own(now, out);
                    self.announce(out);
                } else {
                    self.ask(now, Ask::EntryOn, out);
                }
            }
            SerialCommand::Disarm => {
                if self.presentation.take().is_some() {
                    self.accepted = false;
                    self.ask(now, Ask::EntryOff, out);
                    self.give_back_own(now, out);
                }
            }
            SerialCommand::Verdict(Verdict::Good) => {
                self.accepted = true;
                self.ask(now, Ask::EntryOff, out);
                self.give_back_own(now, out);
                if self.card.is_none() {
                    self.after_removal(now, out);
                }
            }
            SerialCommand::Verdict(Verdict::Bad) => self.give_back_own(now, out),
            SerialCommand::Verdict(Verdict::Ignore) => {}
            SerialCommand::SelfTest => {
                self.self_test = true;
                self.ask(now, Ask::Status, out);
            }
            SerialCommand::Eject => self.give_back(now, out),
            SerialCommand::Capture => {
                if self.card.is_some() {
                    self.ask(now, Ask::ToBin, out);
                }
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Down => return None,
            Phase::Settling { until } | Phase::Draining { until } => return Some(until),
            Phase::Starting | Phase::Running => {}
        }
        let pending = self.pending.as_ref().map(|pending| pending.deadline);
        let idle = self.pending.is_none();
        let poll = (idle && self.phase == Phase::Running).then_some(self.next_poll);
        let recover = self.recover_at.filter(|_| idle);
        let stall = self.codec.unfinished().then(|| self.heard + self.timing.stall);
        let offered = self.card.filter(|card| !card.not_taken).and_then(|card| card.offered);
        let taken = offered.map(|since| since + self.timing.not_taken);
        [pending, poll, recover, stall, taken].into_iter().flatten().min()
    }

    fn timeout(&mut self, now: Instant, out: &mut Out) {
        match self.phase {
            Phase::Down => return,
            Phase::Settling { until } => {
                if now >= until {
                    self.phase = Phase::Draining { until: now + self.timing.drain };
                }
                return;
            }
            Phase::Draining { until } => {
                if now >= until {
                    self.phase = Phase::Starting;
                    self.identity = Identity::default();
                    self.queue.extend(Ask::START);
                    self.pump(now, out);
                }
                return;
            }
            Phase::Starting | Phase::Running => {}
        }
        self.errors.weigh(now, out);
        if self.codec.unfinished() && now >= self.heard + self.timing.stall {
            self.codec.clear();
            self.errors.note(now, out);
        }
        if let Some(card) = self.card.as_mut()
            && !card.not_taken
            && card.offered.is_some_and(|since| now >= since + self.timing.not_taken)
        {
            card.not_taken = true;
            let presentation = card.presentation;
            out.events.push(SerialEvent::NotTaken(presentation));
            self.stand(Fault::CardLeft, None, out);
        }
        if let Some(pending) = self.pending.as_mut() {
            if now < pending.deadline {
                return;
            }
            // What may have moved a card is not said twice: the position tells.
            let again = !pending.acked && pending.tries < ACK_TRIES && pending.ask != Ask::ToBin;
            if again {
                pending.tries += 1;
                pending.deadline = now + self.timing.ack;
                out.tx.extend_from_slice(&encode(pending.ask.command()));
            } else if pending.ask == Ask::ToBin && !pending.acked {
                self.pending = None;
                self.ask(now, Ask::Status, out);
            } else {
                out.drop_link = Some(Fault::NotResponding);
            }
            return;
        }
        if self.recover_at.is_some_and(|at| now >= at) {
            self.recover_at = None;
            self.ask(now, Ask::Initialise, out);
        } else if self.phase == Phase::Running && now >= self.next_poll {
            self.ask(now, Ask::Status, out);
        }
    }

    fn link_down(&mut self, now: Instant) {
        self.codec.clear();
        // Everything begins anew, but for what tells another unit from this one.
        *self = Self { last_unit: self.last_unit.take(), ..Self::new(self.timing, now) };
    }
}

#[cfg(test)]
mod tests;
