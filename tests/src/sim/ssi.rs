//! A Zebra scanner: packets with checksums, each of which must be acknowledged or is sent again.

use super::outbox::{Moods, Outbox};
use super::{Act, Card, Model};
use card_reader::barcode::Symbology;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Without an acknowledgement a packet is sent again, and given up after so many tries.
const ACKNOWLEDGE: Duration = Duration::from_millis(600);
const TRIES: u8 = 3;
/// Text that fits the packet of a short code, and the segments of a long one.
const SHORT: usize = 247;
const FIRST: usize = 241;
const NEXT: usize = 250;

pub(super) struct Device {
    model: Model,
    slot: Option<Card>,
    enabled: bool,
    looking: bool,
    reading: Option<Instant>,
    heard: Vec<u8>,
    outbox: Outbox,
    moods: Moods,
    /// Packets waiting for their acknowledgements, the first of them sent.
    unacknowledged: VecDeque<Vec<u8>>,
    again: Option<(Instant, u8)>,
}

impl Device {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            slot: None,
            enabled: true,
            looking: false,
            reading: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            moods: Moods::default(),
            unacknowledged: VecDeque::new(),
            again: None,
        }
    }

    fn look(&mut self, now: Instant) {
        let visible = self.slot.as_ref().is_some_and(|card| *card != Card::Invisible);
        if self.enabled && self.looking && visible && self.reading.is_none() {
            self.reading = Some(now + self.model.read_time);
        }
    }

    fn obey(&mut self, now: Instant, opcode: u8, data: &[u8]) {
        match opcode {
            0xd0 | 0x74 => return self.acknowledged(now),
            0xd1 => {
                self.again = self.again.map(|(_, tries)| (now, tries));
                return;
            }
            _ => {}
        }
        if self.moods.ignores() {
            return;
        }
        if self.moods.refuses() {
            return self.reply(now, packet(0xd1, 0, 0x80, &[6]));
        }
        match opcode {
            0xa3 => {
                let text = format!("{} SIMBOARD {}", self.model.firmware.replace(' ', "-"), self.model.serial_number);
                return self.reply(now, packet(0xa4, 0, 0x80, text.as_bytes()));
            }
            0xe4 if !self.enabled => return self.reply(now, packet(0xd1, 0, 0x80, &[6])),
            0xe4 => self.looking = true,
            0xe5 => {
                self.looking = false;
                self.reading = None;
            }
            0xe9 => self.enabled = true,
            0xea => {
                self.enabled = false;
                self.reading = None;
            }
            0xc6 | 0xd2 | 0xe6 | 0xe7 | 0xe8 => {}
            _ => return self.reply(now, packet(0xd1, 0, 0x80, &[2])),
        }
        let _ = data;
        self.reply(now, packet(0xd0, 0, 0x80, &[]));
        self.look(now);
    }

    fn reply(&mut self, now: Instant, packet: Vec<u8>) {
        self.outbox.put(now + self.model.latency, packet);
    }

    fn acknowledged(&mut self, now: Instant) {
        self.unacknowledged.pop_front();
        self.again = None;
        self.send_first(now, 1);
    }

    fn send_first(&mut self, now: Instant, tries: u8) {
        let Some(first) = self.unacknowledged.front() else { return };
        let mut frame = first.clone();
        if tries > 1 {
            // Sent again: its bit, and the checksum with it.
            let length = frame.len() - 2;
            frame = packet(frame[1], frame[2], frame[3] | 1, &frame[4..length]);
        }
        let frame = self.moods.perhaps_die(frame);
        self.outbox.put(now, frame);
        self.again = Some((now + ACKNOWLEDGE, tries));
    }

    fn decoded(&self) -> Option<(u8, Vec<u8>)> {
        let separator = self.model.separator();
        Some(match self.slot.as_ref()? {
            // The type of a zone is not published; this one is of no symbology.
            Card::Rows(rows) => (0x7e, rows.join(separator).into_bytes()),
            Card::Barcode(symbology, payload) => (kind(*symbology), payload.clone()),
            Card::Unreadable => (0x7e, b"P<UTOER?KSS0N<<?".to_vec()),
            Card::Invisible => return None,
        })
    }
}

impl super::Device for Device {
    fn power_on(&mut self, now: Instant) {
        self.outbox.put(now, self.model.power_on.clone());
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
                self.reading = None;
                self.look(now);
            }
            Act::Remove => {
                self.slot = None;
                self.reading = None;
            }
            other => self.moods.act(&other),
        }
    }

    fn hear(&mut self, now: Instant, rx: &[u8]) {
        self.heard.extend_from_slice(rx);
        while let Some(&length) = self.heard.first() {
            let length = usize::from(length);
            // From the host only; a zero wakes it.
            if length < 4 || self.heard.get(2).is_some_and(|source| *source != 0x04) {
                self.heard.remove(0);
                continue;
            }
            if self.heard.len() < length + 2 {
                return;
            }
            let command: Vec<u8> = self.heard.drain(..length + 2).collect();
            if packet(command[1], command[2], command[3], &command[4..length]) == command {
                self.obey(now, command[1], &command[4..length]);
            }
        }
    }

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.reading.is_some_and(|at| now >= at) {
            self.reading = None;
            self.looking = false;
            if let Some((kind, text)) = self.decoded().filter(|_| self.unacknowledged.is_empty()) {
                self.unacknowledged = packets(kind, &text).into();
                self.send_first(now, 1);
            }
        }
        if let Some((_, tries)) = self.again.filter(|(at, _)| now >= *at) {
            if tries < TRIES && !self.moods.dead {
                self.send_first(now, tries + 1);
            } else {
                self.unacknowledged.clear();
                self.again = None;
            }
        }
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        self.reading.into_iter().chain(self.outbox.due()).chain(self.again.map(|(at, _)| at)).min()
    }
}

/// `length, opcode, source, status, data, checksum`.
fn packet(opcode: u8, source: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let mut whole = vec![u8::try_from(4 + data.len()).unwrap_or(u8::MAX), opcode, source, status];
    whole.extend_from_slice(data);
    let sum = whole.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).wrapping_neg();
    whole.extend_from_slice(&sum.to_be_bytes());
    whole
}

/// Decode data in the newer layout, in segments if it is long.
fn packets(kind: u8, text: &[u8]) -> Vec<Vec<u8>> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    if text.len() <= SHORT {
        return vec![packet(0xf3, 0, 0x20, &[&[kind, 0][..], &length, text].concat())];
    }
    let whole = u32::try_from(text.len() + 3).unwrap_or(u32::MAX).to_be_bytes();
    let first = [&[0, 0xf3][..], &whole, &[kind, 1], &length, &text[..FIRST]].concat();
    let mut packets = vec![packet(0x73, 2, 0, &first)];
    for (number, part) in text[FIRST..].chunks(NEXT).enumerate() {
        let seq = u8::try_from(number + 1).unwrap_or(u8::MAX);
        packets.push(packet(0x73, 0, 0, &[&[seq][..], part].concat()));
    }
    packets
}

const fn kind(symbology: Symbology) -> u8 {
    match symbology {
        Symbology::Pdf417 => 0x11,
        Symbology::Qr => 0x1c,
        Symbology::Aztec => 0x2d,
        Symbology::DataMatrix => 0x1b,
        Symbology::Code128 => 0x03,
        Symbology::Code39 => 0x01,
    }
}

#[cfg(test)]
mod tests {
    use super::packets;

    #[test]
    fn codes_are_packed_as_published() {
        assert_eq!(
            packets(0x03, b"ABC123"),
            [vec![0x0e, 0xf3, 0, 0x20, 3, 0, 0, 6, 0x41, 0x42, 0x43, 0x31, 0x32, 0x33, 0xfd, 0x7a]]
        );
        let long = packets(0x1c, &[b'Z'; 500]);
        assert_eq!(
            long.iter().map(|packet| packet[packet.len() - 2..].to_vec()).collect::<Vec<_>>(),
            [[0xa6, 0xd5], [0xa6, 0xa9], [0xfc, 0x53]]
        );
        assert_eq!(long[0][..14], [0xff, 0x73, 2, 0, 0, 0xf3, 0, 0, 1, 0xf7, 0x1c, 1, 1, 0xf4]);
    }
}
