//! A Creator CRT-571: a slot with a motor. A card is pulled in if entry is allowed, held, pushed out, or dropped into the bin.

use super::outbox::{Moods, Outbox};
use super::{Act, Model};
use std::time::{Duration, Instant};

/// From gate to inside, and back.
const TRAVEL: Duration = Duration::from_millis(300);
/// Nobody acknowledges its answer: it is sent again so often.
const ACKNOWLEDGE: Duration = Duration::from_millis(300);
const TRIES: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    None,
    Gate,
    Inside,
}

pub(super) struct Device {
    model: Model,
    card: Place,
    entry: bool,
    jammed: bool,
    bin_full: bool,
    /// A card on its way, and when it is there.
    travel: Option<(Instant, Place)>,
    /// The answer to a movement, when it has ended.
    answer: Option<(Instant, [u8; 2])>,
    heard: Vec<u8>,
    outbox: Outbox,
    moods: Moods,
    again: Option<(Instant, u8, Vec<u8>)>,
    /// Since its power came it was not initialised.
    reset: bool,
}

impl Device {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            card: Place::None,
            entry: false,
            jammed: false,
            bin_full: false,
            travel: None,
            answer: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            moods: Moods::default(),
            again: None,
            reset: true,
        }
    }

    fn pull(&mut self, now: Instant) {
        if self.entry && self.card == Place::Gate && !self.jammed && self.travel.is_none() {
            self.travel = Some((now + TRAVEL, Place::Inside));
        }
    }

    fn obey(&mut self, now: Instant, command: [u8; 2]) {
        if self.moods.ignores() {
            return;
        }
        if self.moods.refuses() {
            return self.outbox.put(now, vec![0x15]);
        }
        self.outbox.put(now + self.model.latency, vec![0x06]);
        let soon = now + self.model.latency * 2;
        if self.reset && command != *b"03" {
            return self.refuse(soon, command, *b"B0");
        }
        match &command {
            // Initialise, and don't move.
            b"03" if self.jammed => self.refuse(soon, command, *b"10"),
            b"03" => {
                self.reset = false;
                self.done(soon, command, b"");
            }
            b"10" => self.done(soon, command, b""),
            b"29" | b"23" if self.jammed => self.refuse(soon, command, *b"10"),
            b"29" | b"23" => {
                let there = if command == *b"29" && self.card != Place::None { Place::Gate } else { Place::None };
                self.travel = Some((now + TRAVEL, there));
                self.entry = false;
                self.answer = Some((now + TRAVEL, command));
            }
            b"30" | b"31" => {
                self.entry = command[1] == b'0';
                self.pull(now);
                self.done(soon, command, b"");
            }
            [0xa4, b'0'] => {
                let version = self.model.firmware.clone().into_bytes();
                self.done(soon, command, &version);
            }
            [0xa2, b'0'] => {
                let number = self.model.serial_number.clone().into_bytes();
                self.done(soon, command, &number);
            }
            _ => self.refuse(soon, command, *b"03"),
        }
    }

    fn done(&mut self, at: Instant, command: [u8; 2], data: &[u8]) {
        let card = match self.card {
            Place::None => b'0',
            Place::Gate => b'1',
            Place::Inside => b'2',
        };
        let bin = if self.bin_full { b'1' } else { b'0' };
        self.reply(at, &[&[b'P', command[0], command[1], card, b'0', bin][..], data].concat());
    }

    fn refuse(&mut self, at: Instant, command: [u8; 2], code: [u8; 2]) {
        self.reply(at, &[b'N', command[0], command[1], code[0], code[1]]);
    }

    fn reply(&mut self, at: Instant, text: &[u8]) {
        let whole = self.moods.perhaps_die(frame(text));
        self.again = Some((at + ACKNOWLEDGE, 1, whole.clone()));
        self.outbox.put(at, whole);
    }
}

impl super::Device for Device {
    fn power_on(&mut self, now: Instant) {
        self.outbox.put(now, self.model.power_on.clone());
    }

    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>) {
        let (card, jammed) = (self.card, self.jammed);
        let model = self.model.unit(serial_number);
        *self = Self::new(model);
        self.card = card;
        self.jammed = jammed;
        self.power_on(now);
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Insert(_) => {
                if self.card == Place::None {
                    self.card = Place::Gate;
                }
                self.pull(now);
            }
            // A hand reaches only what is held out.
            Act::Remove if self.card == Place::Gate => {
                self.card = Place::None;
                self.travel = None;
            }
            Act::Jam => self.jammed = true,
            Act::Unjam => {
                self.jammed = false;
                self.pull(now);
            }
            Act::Bin { full } => self.bin_full = full,
            other => self.moods.act(&other),
        }
    }

    fn hear(&mut self, now: Instant, rx: &[u8]) {
        self.heard.extend_from_slice(rx);
        while let Some(&first) = self.heard.first() {
            if first == 0x06 {
                self.again = None;
            }
            if first != 0xf2 {
                self.heard.remove(0);
                continue;
            }
            if self.heard.len() < 9 {
                return;
            }
            let command: Vec<u8> = self.heard.drain(..9).collect();
            if frame(&command[4..7]) == command {
                self.again = None;
                self.obey(now, [command[5], command[6]]);
            } else {
                self.outbox.put(now, vec![0x15]);
            }
        }
    }

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if let Some((_, there)) = self.travel.filter(|(at, _)| now >= *at) {
            self.travel = None;
            if !self.jammed {
                self.card = there;
            }
        }
        if let Some((at, command)) = self.answer.filter(|(at, _)| now >= *at) {
            self.answer = None;
            if self.jammed {
                self.refuse(at, command, *b"10");
            } else {
                self.done(at, command, b"");
            }
        }
        if let Some((_, tries, whole)) = self.again.take_if(|(at, ..)| now >= *at)
            && tries < TRIES
            && !self.moods.dead
        {
            self.outbox.put(now, whole.clone());
            self.again = Some((now + ACKNOWLEDGE, tries + 1, whole));
        }
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        let travel = self.travel.map(|(at, _)| at);
        let answer = self.answer.map(|(at, _)| at);
        let again = self.again.as_ref().map(|(at, ..)| *at);
        [travel, answer, again, self.outbox.due()].into_iter().flatten().min()
    }
}

/// `F2`, address 0, length, text, `03`, check byte.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut whole = vec![0xf2, 0];
    whole.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    whole.extend_from_slice(text);
    whole.push(0x03);
    whole.push(whole.iter().fold(0, |sum, byte| sum ^ byte));
    whole
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Card, Device as _, Model};
    use super::{Device, frame};
    use crate::harness::wait::now;
    use std::time::Duration;

    #[test]
    fn a_card_is_pulled_in_only_once_entry_is_allowed() {
        let start = now();
        let mut device = Device::new(Model { latency: Duration::ZERO, ..Model::default() });
        device.hear(start, &frame(b"C03"));
        assert_eq!(device.say(start), [vec![6], frame(b"P03000")]);
        device.act(start, Act::Insert(Card::Invisible));
        device.hear(start, &[&[6][..], &frame(b"C10")].concat());
        assert_eq!(device.say(start).concat(), [&[6][..], &frame(b"P10100")].concat(), "at the gate");
        device.hear(start, &[&[6][..], &frame(b"C30"), &[6]].concat());
        device.say(start);
        let later = start + Duration::from_millis(300);
        device.say(later);
        device.hear(later, &frame(b"C10"));
        assert_eq!(
            device.say(later).concat(),
            [&[6][..], &[0xf2, 0, 0, 6, 0x50, 0x31, 0x30, 0x32, 0x30, 0x30, 3, 0x94]].concat()
        );
    }
}
