//! The device behind the line: slot, modes, commands and replies. Time is an argument.

use super::{Act, Card, Model};
use std::collections::VecDeque;
use std::time::Instant;

pub(in crate::sim) struct Device {
    model: Model,
    slot: Option<Card>,
    /// Continuous reading is on.
    continuous: bool,
    /// The card in the slot was not read since the mode was switched on.
    fresh: bool,
    /// When the card being looked at will have been read.
    reading: Option<Instant>,
    heard: Vec<u8>,
    /// What to send, and when.
    outbox: VecDeque<(Instant, Vec<u8>)>,
    ignore: u32,
    die_after: Option<usize>,
    dead: bool,
    cross_ping: bool,
    crossing: Option<Vec<u8>>,
}

impl Device {
    pub(in crate::sim) fn new(model: Model) -> Self {
        Self {
            model,
            slot: None,
            continuous: false,
            fresh: false,
            reading: None,
            heard: Vec::new(),
            outbox: VecDeque::new(),
            ignore: 0,
            die_after: None,
            dead: false,
            cross_ping: false,
            crossing: None,
        }
    }

    /// Starts reading a card that continuous mode has not read yet.
    fn look(&mut self, now: Instant) {
        let noticed = self.slot.as_ref().is_some_and(|card| !matches!(card, Card::Invisible | Card::Barcode(..)));
        if self.continuous && self.fresh && noticed {
            self.reading = Some(now + self.model.read_time);
        }
    }

    fn obey(&mut self, now: Instant, command: u8, data: &[u8]) {
        if self.dead {
            return;
        }
        if self.ignore > 0 {
            self.ignore -= 1;
            return;
        }
        match command {
            b'I' => {
                let zone = self.zone();
                self.fresh = false;
                self.reading = None;
                self.reply(now, b'I', &zone);
            }
            b'L' => self.reply(now, b'L', b""),
            b'C' => {
                self.continuous = data == [1];
                self.reply(now, b'C', data);
                // Switching the mode makes the standing card a new one.
                self.fresh = self.slot.is_some();
                self.reading = None;
                self.look(now);
            }
            b'V' => {
                let version = self.model.firmware.clone().into_bytes();
                if let Some(mut both) = self.crossing.take() {
                    both.extend(frame(b'V', &version));
                    self.outbox.push_back((now, both));
                } else {
                    self.reply(now, b'V', &version);
                }
            }
            b'W' => self.reply(now, b'W', b"NNA 2.1"),
            b'R' => {
                let number = self.model.serial_number.clone().into_bytes();
                self.reply(now, b'R', &number);
            }
            b'T' => self.reply(now, b'T', b"IDBOX-ONE-SIM"),
            _ => {}
        }
    }

    fn reply(&mut self, now: Instant, kind: u8, data: &[u8]) {
        self.outbox.push_back((now + self.model.latency, frame(kind, data)));
    }

    /// Three rows, each ended by the separator, missing ones empty.
    fn zone(&self) -> Vec<u8> {
        let separator = self.model.separator().as_bytes();
        let rubbish = ["P<UTOER?KSS0N<<?".to_owned()];
        let rows: &[String] = match &self.slot {
            Some(Card::Rows(rows)) => rows,
            Some(Card::Unreadable) => &rubbish,
            Some(Card::Invisible | Card::Barcode(..)) | None => &[],
        };
        let mut data = Vec::new();
        for at in 0..3 {
            data.extend_from_slice(rows.get(at).map(String::as_bytes).unwrap_or_default());
            data.extend_from_slice(separator);
        }
        data
    }
}

impl super::super::Device for Device {
    fn power_on(&mut self, now: Instant) {
        if !self.model.power_on.is_empty() {
            self.outbox.push_back((now, self.model.power_on.clone()));
        }
    }

    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>) {
        let slot = self.slot.take();
        let model = self.model.unit(serial_number);
        *self = Self::new(model);
        self.slot = slot;
        self.power_on(now);
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Insert(card) => {
                self.slot = Some(card);
                self.fresh = true;
                self.look(now);
            }
            Act::Remove => {
                self.slot = None;
                self.reading = None;
            }
            Act::Ignore(count) => self.ignore = count,
            Act::DieMidFrame(bytes) => self.die_after = Some(bytes),
            Act::CrossPing => self.cross_ping = true,
            // Of the cable, not of the device.
            _ => {}
        }
    }

    fn due(&self) -> Option<Instant> {
        self.reading.into_iter().chain(self.outbox.front().map(|(at, _)| *at)).min()
    }

    fn hear(&mut self, now: Instant, rx: &[u8]) {
        self.heard.extend_from_slice(rx);
        // A command is a type, two bytes of length and the data; a byte that begins none is passed over.
        while let Some(&first) = self.heard.first() {
            if !b"ILCVWRT".contains(&first) {
                self.heard.remove(0);
                continue;
            }
            let [_, high, low, ..] = self.heard[..] else { return };
            let length = usize::from(high) * 256 + usize::from(low);
            if length > 16 {
                self.heard.remove(0);
                continue;
            }
            if self.heard.len() < 3 + length {
                return;
            }
            let command: Vec<u8> = self.heard.drain(..3 + length).collect();
            self.obey(now, first, &command[3..]);
        }
    }

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.reading.is_some_and(|at| now >= at) {
            self.reading = None;
            self.fresh = false;
            // After one read the mode is off; the host must ask for it again.
            self.continuous = false;
            let mut whole = frame(b'I', &self.zone());
            if let Some(bytes) = self.die_after.take() {
                whole.truncate(bytes);
                self.dead = true;
                self.outbox.push_back((now, whole));
            } else if std::mem::take(&mut self.cross_ping) {
                self.crossing = Some(whole);
            } else {
                self.outbox.push_back((now, whole));
            }
        }
        let mut pieces = Vec::new();
        while self.outbox.front().is_some_and(|(at, _)| now >= *at) {
            pieces.extend(self.outbox.pop_front().map(|(_, bytes)| bytes));
        }
        pieces
    }
}

fn frame(kind: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len();
    let mut whole = vec![kind, u8::try_from(length / 256).unwrap_or(0xff), u8::try_from(length % 256).unwrap_or(0xff)];
    whole.extend_from_slice(data);
    whole
}

#[cfg(test)]
mod tests {
    use super::super::super::Device as _;
    use super::{Card, Device, Model};
    use crate::harness::wait::now;
    use crate::sim::elyctis::Act;
    use std::time::Duration;

    /// The specimen of ICAO Doc 9303-4, whose dump is published in CR form (0x5b bytes) and CR LF form (0x5e).
    const PASSPORT: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

    fn device() -> Device {
        Device::new(Model { read_time: Duration::ZERO, latency: Duration::ZERO, ..Model::default() })
    }

    fn passport() -> Act {
        Act::Insert(Card::Rows(PASSPORT.iter().map(|row| (*row).to_owned()).collect()))
    }

    #[test]
    fn an_inquiry_is_answered_as_published() {
        let now = now();
        let mut device = device();
        device.hear(now, &[0x49, 0, 0]);
        assert_eq!(device.say(now), [vec![0x49, 0, 3, 0x0d, 0x0d, 0x0d]], "no document");
        device.act(now, passport());
        device.hear(now, &[0x49, 0, 0]);
        let said = device.say(now).concat();
        assert_eq!(said[..8], [0x49, 0x00, 0x5b, 0x50, 0x3c, 0x55, 0x54, 0x4f]);
        assert_eq!(said[said.len() - 4..], [0x31, 0x30, 0x0d, 0x0d]);
        assert_eq!(said.len(), 3 + 0x5b);
    }

    #[test]
    fn continuous_mode_reads_once_and_a_standing_card_again_only_after_a_reset() {
        let now = now();
        let mut device = device();
        device.hear(now, &[0x43, 0, 1, 1]);
        assert_eq!(device.say(now), [vec![0x43, 0, 1, 1]]);
        device.act(now, passport());
        assert_eq!(device.say(now).concat().len(), 94);
        assert!(device.say(now).is_empty());
        device.hear(now, &[0x43, 0, 1, 0, 0x43, 0, 1, 1]);
        assert_eq!(device.say(now).concat().len(), 4 + 4 + 94);
    }

    #[test]
    fn the_other_row_separator_makes_a_frame_of_94() {
        let now = now();
        let mut device = Device::new(Model { crlf: true, latency: Duration::ZERO, ..Model::default() });
        device.act(now, passport());
        device.hear(now, &[0x00, 0xff, 0x49, 0, 0]);
        assert_eq!(device.say(now).concat()[..3], [0x49, 0x00, 0x5e]);
    }
}
