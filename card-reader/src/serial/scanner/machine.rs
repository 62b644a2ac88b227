//! The state machine of a scan engine. See [`crate::serial::Protocol`] and [`super`].
//!
//! A device with a sensor tells when a document comes and goes. Without one both are inferred: it came when it was
//! read, it went when it has not been read again for a second.

use super::rows::{Rows, classify};
use super::{Answer, Ask, Dialect, Item, Need, Part, Status};
use crate::barcode::MAX_PAYLOAD;
use crate::reader::{Fault, PresentationNo};
use crate::serial::errors::ErrorWindow;
use crate::serial::{Content, Identity, NotReady, Out, Protocol, SerialCommand, SerialEvent, Verdict, shown};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Every delay of the conversation, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Silence after the port was opened.
    pub settle: Duration,
    /// Input ignored after the waking bytes.
    pub drain: Duration,
    /// For one of two tries of a command; a hang is named after both.
    pub reply: Duration,
    /// A message must end within this after its first byte, however slowly it drips.
    pub message: Duration,
    /// The trigger is renewed this often: the device's own time-out is longer.
    pub look: Duration,
    /// The same of a device with a sensor, which is set to look for two seconds.
    pub look_sensed: Duration,
    /// Between a read that was not accepted and the next look.
    pub pause: Duration,
    /// Without a sensor, a document is gone when it has not been read for this long.
    pub gone: Duration,
    /// A sensed document that is not read within this is a failed try. The reader's own limit of a try takes its place.
    pub read: Duration,
    /// For a verdict on a read; then it is as if it were ignored.
    pub verdict: Duration,
    /// A sensor covered for longer is dirty or blocked.
    pub covered: Duration,
    /// Silence after which the device is asked whether it lives.
    pub ping: Duration,
}

impl Timing {
    pub const DEFAULT: Self = Self {
        settle: Duration::from_millis(100),
        drain: Duration::from_millis(200),
        reply: Duration::from_millis(950),
        message: Duration::from_secs(10),
        look: Duration::from_secs(20),
        look_sensed: Duration::from_millis(2100),
        pause: Duration::from_millis(300),
        gone: Duration::from_secs(1),
        read: Duration::from_secs(8),
        verdict: Duration::from_millis(1900),
        covered: Duration::from_secs(60),
        ping: Duration::from_secs(10),
    };
}

const TRIES: u8 = 2;

struct Pending {
    ask: Ask,
    sent: Instant,
    deadline: Instant,
    tries: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Down,
    Settling {
        until: Instant,
    },
    Draining {
        until: Instant,
    },
    Identifying,
    Configuring,
    Idle,
    Arming,
    Armed,
}

/// A document of the armed presentation, told as present.
struct Lying {
    /// Keyed, and only for comparing with the next read.
    fingerprint: Option<u64>,
    /// When it was last read, or sensed.
    heard: Instant,
    /// A read or a failure of it has been told.
    judged: bool,
    /// A verdict is awaited until then.
    verdict_by: Option<Instant>,
    accepted: bool,
}

/// The state machine of one device.
pub struct Scanner<D> {
    dialect: D,
    timing: Timing,
    /// Tells another unit from this one, over connections.
    last_unit: Option<String>,
    heard: Instant,
    keyed: RandomState,
    items: Vec<Item>,
    link: Link,
}

/// Everything that a lost connection takes with it.
#[derive(Default)]
struct Link {
    phase: Phase,
    pending: Option<Pending>,
    queue: VecDeque<Ask>,
    identity: Identity,
    identified: bool,
    presentation: Option<PresentationNo>,
    announced: bool,
    lying: Option<Lying>,
    /// What lies there was accepted; what else it says is read as well.
    goes_on: bool,
    rows: Rows,
    /// The sensor has been covered since.
    sensed: Option<Instant>,
    covered_named: bool,
    rejected_named: bool,
    /// When to trigger next.
    look_at: Option<Instant>,
    /// The device still looks, as far as we know.
    looking: bool,
    /// A sensed document that is not read by then is a failed try.
    read_by: Option<Instant>,
    self_test: bool,
    /// When the unfinished message began.
    begun: Option<Instant>,
    errors: ErrorWindow,
}

impl<D: Dialect> Scanner<D> {
    /// `now` only starts the clock.
    #[must_use]
    pub fn new(dialect: D, timing: Timing, now: Instant) -> Self {
        Self {
            dialect,
            timing,
            last_unit: None,
            heard: now,
            keyed: RandomState::new(),
            items: Vec::new(),
            link: Link::default(),
        }
    }

    fn push(&mut self, now: Instant, asks: Vec<Ask>, out: &mut Out) {
        self.link.queue.extend(asks);
        self.pump(now, out);
    }

    /// Sends what waits, up to the next that must be answered; closes the phase that has nothing left to send.
    fn pump(&mut self, now: Instant, out: &mut Out) {
        while self.link.pending.is_none() {
            let Some(ask) = self.link.queue.pop_front() else { break };
            out.tx.extend_from_slice(&ask.tx);
            if ask.awaits.is_some() {
                self.link.pending = Some(Pending { ask, sent: now, deadline: now + self.timing.reply, tries: 1 });
            }
        }
        if self.link.pending.is_none() {
            self.all_said(now, out);
        }
    }

    fn all_said(&mut self, now: Instant, out: &mut Out) {
        match self.link.phase {
            Phase::Identifying => {
                self.link.phase = Phase::Configuring;
                let asks = self.dialect.configure();
                self.push(now, asks, out);
            }
            Phase::Configuring => {
                self.link.identified = true;
                self.link.phase = Phase::Idle;
                let unit = self.link.identity.unit().to_owned();
                let changed_unit = self.last_unit.as_ref().is_some_and(|last| *last != unit);
                self.last_unit = Some(unit);
                out.events.push(SerialEvent::Ready { identity: self.link.identity.clone(), changed_unit });
            }
            Phase::Arming => {
                self.link.phase = Phase::Armed;
                self.link.announced = true;
                out.events.extend(self.link.presentation.map(SerialEvent::Armed));
                if self.link.goes_on || !self.dialect.senses() {
                    self.look(now, out);
                } else if self.link.sensed.is_some() {
                    self.begin_try(now, out);
                }
            }
            _ => {}
        }
    }

    fn begin_arming(&mut self, now: Instant, out: &mut Out) {
        self.link.phase = Phase::Arming;
        self.link.announced = false;
        self.link.queue.clear();
        let asks = self.dialect.arm();
        self.push(now, asks, out);
    }

    fn look(&mut self, now: Instant, out: &mut Out) {
        let mut asks = if self.link.looking && !self.dialect.senses() { self.dialect.rest() } else { Vec::new() };
        asks.extend(self.dialect.look());
        self.link.looking = true;
        let again = if self.dialect.senses() { self.timing.look_sensed } else { self.timing.look };
        self.link.look_at = Some(now + again);
        self.push(now, asks, out);
    }

    /// The sensor noticed a document while armed.
    fn begin_try(&mut self, now: Instant, out: &mut Out) {
        self.link.lying =
            Some(Lying { fingerprint: None, heard: now, judged: false, verdict_by: None, accepted: false });
        self.link.read_by = Some(now + self.timing.read);
        out.events.extend(self.link.presentation.map(SerialEvent::DocumentPresent));
        self.link.looking = false;
        self.look(now, out);
    }

    fn item(&mut self, now: Instant, item: Item, out: &mut Out) {
        match item {
            Item::Garbage => self.link.errors.note(now, out),
            Item::Answer(answer) => self.answer(now, answer, out),
            Item::Present(true) => self.came(now, out),
            Item::Present(false) => self.went(now, out),
            Item::Read { data, .. } if data.len() > MAX_PAYLOAD => self.overlong(now, out),
            Item::Read { data, content } => match content.unwrap_or_else(|| classify(&data)) {
                Content::Zone => {
                    if let Some(whole) = self.link.rows.add(now, data) {
                        self.deliver(now, whole, Content::Zone, out);
                    }
                }
                barcode @ Content::Barcode(_) => self.deliver(now, data, barcode, out),
            },
        }
    }

    fn answer(&mut self, now: Instant, answer: Answer, out: &mut Out) {
        let matches = |pending: &mut Pending| {
            pending.ask.awaits.as_ref().is_some_and(|awaits| answer.key.is_empty() || answer.key.starts_with(awaits))
        };
        // Anything else is stale, and means nothing.
        let Some(done) = self.link.pending.take_if(matches) else { return };
        if answer.status == Status::Done {
            let text = shown(answer.text.as_bytes());
            match done.ask.fills {
                Some(Part::Firmware) => self.link.identity.firmware = text,
                Some(Part::Engine) => self.link.identity.engine = text,
                Some(Part::SerialNumber) => self.link.identity.serial_number = text,
                Some(Part::PartNumber) => self.link.identity.part_number = text,
                None => {}
            }
        } else if done.ask.need == Need::Must && matches!(self.link.phase, Phase::Configuring | Phase::Arming) {
            self.rejected(done.ask.awaits, out);
        }
        if self.link.self_test && self.dialect.ping().is_some_and(|ping| ping.tx == done.ask.tx) {
            self.link.self_test = false;
            let millis = u64::try_from(now.saturating_duration_since(done.sent).as_millis()).unwrap_or(u64::MAX);
            out.events.push(SerialEvent::SelfTested { millis: Some(millis) });
        }
        self.pump(now, out);
    }

    /// A setting that counts was refused: the device may read what it should not, or never what it should.
    fn rejected(&mut self, code: Option<String>, out: &mut Out) {
        if !self.link.rejected_named {
            self.link.rejected_named = true;
            out.events.push(SerialEvent::Fault { fault: Fault::ConfigRejected, standing: true, code });
        }
    }

    fn came(&mut self, now: Instant, out: &mut Out) {
        if self.link.sensed.is_some() {
            return;
        }
        self.link.sensed = Some(now);
        match self.link.phase {
            Phase::Armed if self.link.lying.is_none() && self.link.presentation.is_some() => self.begin_try(now, out),
            Phase::Idle => out.events.push(SerialEvent::Sensed),
            _ => {}
        }
    }

    fn went(&mut self, now: Instant, out: &mut Out) {
        self.link.sensed = None;
        if std::mem::take(&mut self.link.covered_named) {
            out.events.push(SerialEvent::Fault { fault: Fault::SensorCovered, standing: false, code: None });
        }
        self.removed(now, out);
    }

    fn removed(&mut self, now: Instant, out: &mut Out) {
        let Some(lying) = self.link.lying.take() else { return };
        self.link.rows.clear();
        self.link.read_by = None;
        out.events.extend(self.link.presentation.map(SerialEvent::DocumentRemoved));
        if lying.accepted {
            self.link.presentation = None;
            self.link.look_at = None;
            self.link.phase = Phase::Idle;
            if std::mem::take(&mut self.link.goes_on) {
                self.link.queue.clear();
                let asks = self.dialect.disarm();
                self.push(now, asks, out);
            }
        } else if self.dialect.senses() {
            self.link.look_at = None;
            let asks = self.dialect.rest();
            self.push(now, asks, out);
        }
    }

    fn deliver(&mut self, now: Instant, raw: Zeroizing<Vec<u8>>, content: Content, out: &mut Out) {
        self.link.looking = false;
        let Some(presentation) =
            self.link.presentation.filter(|_| self.link.phase == Phase::Armed && self.link.announced)
        else {
            // Not asked for: dropped, and zeroed by its type.
            return;
        };
        let fingerprint = Some(self.keyed.hash_one(raw.as_slice()));
        let sensor = self.dialect.senses();
        let fresh = || Lying { fingerprint: None, heard: now, judged: false, verdict_by: None, accepted: false };
        let lying = self.link.lying.get_or_insert_with(|| {
            out.events.push(SerialEvent::DocumentPresent(presentation));
            fresh()
        });
        let same = lying.fingerprint == fingerprint;
        if lying.accepted {
            lying.heard = now;
            if self.link.goes_on {
                self.link.look_at = Some(now + self.timing.pause);
                lying.fingerprint = fingerprint;
                if !same {
                    out.events.push(SerialEvent::Read { presentation, raw, content, again: true });
                }
            }
            return;
        }
        if lying.verdict_by.is_some() && same {
            return;
        }
        if lying.judged && !same && !sensor {
            // Another document, before the last was found to be gone.
            *lying = fresh();
            out.events.push(SerialEvent::DocumentPresent(presentation));
        }
        let again = lying.judged;
        *lying = Lying {
            fingerprint,
            heard: now,
            judged: true,
            verdict_by: Some(now + self.timing.verdict),
            accepted: false,
        };
        self.link.read_by = None;
        self.link.look_at = None;
        out.events.push(SerialEvent::Read { presentation, raw, content, again });
    }

    /// Something longer than any document's code: seen, and not read. Its data is dropped, and zeroed by its type.
    fn overlong(&mut self, now: Instant, out: &mut Out) {
        self.link.looking = false;
        let armed = self.link.phase == Phase::Armed && self.link.announced;
        let Some(presentation) = self.link.presentation.filter(|_| armed) else { return };
        self.link.look_at = Some(now + self.timing.pause);
        let lying = self.link.lying.get_or_insert_with(|| {
            out.events.push(SerialEvent::DocumentPresent(presentation));
            Lying { fingerprint: None, heard: now, judged: false, verdict_by: None, accepted: false }
        });
        lying.heard = now;
        if !lying.accepted {
            self.not_read(out);
        }
    }

    fn judged(&mut self, now: Instant, verdict: Verdict, out: &mut Out) {
        let Some(lying) = self.link.lying.as_mut().filter(|lying| !lying.accepted) else { return };
        lying.verdict_by = None;
        let mut asks = self.dialect.verdict(verdict);
        if verdict == Verdict::Good {
            lying.accepted = true;
            lying.heard = now;
            self.link.look_at = None;
            self.link.read_by = None;
            self.link.queue.clear();
            asks.extend(self.dialect.disarm());
        } else {
            self.link.look_at = Some(now + self.timing.pause);
        }
        self.push(now, asks, out);
    }

    fn not_read(&mut self, out: &mut Out) {
        self.link.read_by = None;
        if let Some(lying) = self.link.lying.as_mut().filter(|lying| !lying.judged) {
            lying.judged = true;
            out.events.extend(self.link.presentation.map(SerialEvent::NotRead));
        }
    }

    fn take_items(&mut self, now: Instant, mut items: Vec<Item>, out: &mut Out) {
        for item in items.drain(..) {
            self.item(now, item, out);
        }
        self.items = items;
    }

    const fn talks(&self) -> bool {
        !matches!(self.link.phase, Phase::Down | Phase::Settling { .. } | Phase::Draining { .. })
    }

    /// When the document without a sensor is taken for gone.
    fn gone_at(&self) -> Option<Instant> {
        let lying = self.link.lying.as_ref().filter(|lying| !self.dialect.senses() && lying.verdict_by.is_none())?;
        Some(lying.heard + self.timing.gone)
    }

    fn unanswered(&mut self, now: Instant, out: &mut Out) {
        let Some(pending) = self.link.pending.as_mut() else { return };
        if pending.tries < TRIES {
            pending.tries += 1;
            pending.deadline = now + self.timing.reply;
            out.tx.extend_from_slice(&self.dialect.again(&pending.ask.tx));
        } else if pending.ask.need == Need::May {
            self.link.pending = None;
            self.pump(now, out);
        } else {
            out.drop_link = Some(Fault::NotResponding);
        }
    }
}

impl<D: Dialect> Protocol for Scanner<D> {
    fn link_up(&mut self, now: Instant, _out: &mut Out) {
        self.dialect.clear();
        self.heard = now;
        self.link.phase = Phase::Settling { until: now + self.timing.settle };
    }

    fn bytes(&mut self, now: Instant, rx: &[u8], out: &mut Out) {
        self.heard = now;
        if !self.talks() {
            return;
        }
        let mut items = std::mem::take(&mut self.items);
        self.dialect.feed(rx, &mut items, &mut out.tx);
        let begun = self.link.begun.filter(|_| items.is_empty()).unwrap_or(now);
        self.take_items(now, items, out);
        self.link.begun = self.dialect.unfinished().map(|_| begun);
    }

    fn command(&mut self, now: Instant, command: SerialCommand, out: &mut Out) -> Result<(), NotReady> {
        if !self.link.identified || self.link.phase == Phase::Down {
            return Err(NotReady);
        }
        match command {
            SerialCommand::Arm(presentation)
                if self.link.presentation == Some(presentation)
                    && self.link.lying.as_ref().is_some_and(|lying| lying.accepted) =>
            {
                self.link.goes_on = true;
                self.link.look_at = None;
                self.begin_arming(now, out);
            }
            SerialCommand::Arm(presentation) => {
                self.link.presentation = Some(presentation);
                self.link.goes_on = false;
                if self.link.phase == Phase::Armed
                    && self.link.lying.as_ref().is_some_and(|lying| lying.judged && !lying.accepted)
                {
                    // What failed still lies there and would only fail again: the new try begins once it is gone.
                    out.events.push(SerialEvent::Armed(presentation));
                    return Ok(());
                }
                self.link.lying = None;
                self.link.rows.clear();
                self.link.look_at = None;
                self.link.read_by = None;
                self.begin_arming(now, out);
            }
            SerialCommand::Disarm => {
                self.link.lying = None;
                self.link.goes_on = false;
                self.link.rows.clear();
                self.link.look_at = None;
                self.link.read_by = None;
                if self.link.presentation.take().is_some() {
                    self.link.queue.clear();
                    self.link.phase = Phase::Idle;
                    let asks = self.dialect.disarm();
                    self.push(now, asks, out);
                }
            }
            SerialCommand::Verdict(verdict) => self.judged(now, verdict, out),
            SerialCommand::SelfTest => match self.dialect.ping() {
                Some(ping) => {
                    self.link.self_test = true;
                    self.push(now, vec![ping], out);
                }
                None => out.events.push(SerialEvent::SelfTested { millis: None }),
            },
            // Nothing moves in it.
            SerialCommand::Eject | SerialCommand::Capture => {}
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        match self.link.phase {
            Phase::Down => return None,
            Phase::Settling { until } | Phase::Draining { until } => return Some(until),
            _ => {}
        }
        let reply = self.link.pending.as_ref().map(|pending| pending.deadline);
        let silence = self.dialect.unfinished().map(|silence| self.heard + silence);
        let message = self.link.begun.map(|begun| begun + self.timing.message);
        let idle = self.link.pending.is_none();
        let look = self.link.look_at.filter(|_| idle);
        let verdict = self.link.lying.as_ref().and_then(|lying| lying.verdict_by);
        let covered = self.link.sensed.filter(|_| !self.link.covered_named).map(|since| since + self.timing.covered);
        let ping = idle.then(|| self.heard + self.timing.ping);
        [
            reply,
            silence,
            message,
            look,
            verdict,
            covered,
            ping,
            self.link.rows.until(),
            self.link.read_by,
            self.gone_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn timeout(&mut self, now: Instant, out: &mut Out) {
        match self.link.phase {
            Phase::Down => return,
            Phase::Settling { until } => {
                if now >= until {
                    self.dialect.clear();
                    out.tx.extend_from_slice(self.dialect.wake());
                    self.link.phase = Phase::Draining { until: now + self.timing.drain };
                }
                return;
            }
            Phase::Draining { until } => {
                if now >= until {
                    self.link.phase = Phase::Identifying;
                    self.link.identity = Identity::default();
                    self.heard = now;
                    let asks = self.dialect.identify();
                    self.push(now, asks, out);
                }
                return;
            }
            _ => {}
        }
        self.link.errors.weigh(now, out);
        if self.link.begun.is_some_and(|begun| now >= begun + self.timing.message) {
            self.link.begun = None;
            self.dialect.clear();
            self.link.errors.note(now, out);
        }
        if self.dialect.unfinished().is_some_and(|silence| now >= self.heard + silence) {
            self.link.begun = None;
            let mut items = std::mem::take(&mut self.items);
            self.dialect.silence(&mut items);
            self.take_items(now, items, out);
        }
        if self.link.rows.until().is_some_and(|until| now >= until) {
            let part = self.link.rows.take();
            self.deliver(now, part, Content::Zone, out);
        }
        if let Some(lying) = &mut self.link.lying
            && lying.verdict_by.is_some_and(|by| now >= by)
        {
            lying.verdict_by = None;
            self.link.look_at = Some(now + self.timing.pause);
        }
        if self.gone_at().is_some_and(|at| now >= at) {
            self.removed(now, out);
        }
        if self.link.read_by.is_some_and(|by| now >= by) {
            self.not_read(out);
        }
        if !self.link.covered_named && self.link.sensed.is_some_and(|since| now >= since + self.timing.covered) {
            self.link.covered_named = true;
            out.events.push(SerialEvent::Fault { fault: Fault::SensorCovered, standing: true, code: None });
        }
        if self.link.pending.as_ref().is_some_and(|pending| now >= pending.deadline) {
            self.unanswered(now, out);
        } else if self.link.pending.is_none() && self.link.look_at.is_some_and(|at| now >= at) {
            self.look(now, out);
        } else if self.link.pending.is_none() && now >= self.heard + self.timing.ping {
            match self.dialect.ping() {
                Some(ping) => {
                    let looks = self.link.phase == Phase::Armed && self.link.look_at.is_some();
                    let mut asks = if looks { self.dialect.rest() } else { Vec::new() };
                    asks.push(ping);
                    if looks {
                        asks.extend(self.dialect.look());
                        self.link.look_at = Some(now + self.timing.look);
                    }
                    self.push(now, asks, out);
                }
                // A device that cannot be asked may be silent for ever.
                None => self.heard = now,
            }
        }
    }

    fn link_down(&mut self, _now: Instant) {
        self.dialect.clear();
        self.link = Link::default();
    }
}
