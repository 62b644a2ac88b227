//! A Honeywell imager, or an Access-IS reader with its sensor. Settings are kept in RAM only, as they are sent to it.

use super::outbox::{Moods, Outbox};
use super::{Act, Card, Model, Protocol};
use card_reader::barcode::Symbology;
use std::time::{Duration, Instant};

/// Tags that the device knows beside those that change how it is played.
const KNOWN: [&str; 14] = [
    "TRGMOD", "DECHDR", "TRGSTO", "DLYRRD", "OCRENA", "OCRATS", "PDFENA", "QRCENA", "AISOMD", "AIS_BO", "AISTST",
    "AISXXR", "SCNLED", "SCNAIM",
];
/// Between rows that are sent one message each.
const ROW_PAUSE: Duration = Duration::from_millis(60);

pub(super) struct Device {
    protocol: Protocol,
    model: Model,
    slot: Option<Card>,
    packets: bool,
    /// Triggered, and nothing read since.
    looking: bool,
    reading: Option<Instant>,
    heard: Vec<u8>,
    outbox: Outbox,
    moods: Moods,
}

impl Device {
    pub(super) fn new(protocol: Protocol, model: Model) -> Self {
        Self {
            protocol,
            model,
            slot: None,
            packets: false,
            looking: false,
            reading: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            moods: Moods::default(),
        }
    }

    const fn senses(&self) -> bool {
        matches!(self.protocol, Protocol::AccessIs)
    }

    fn look(&mut self, now: Instant) {
        let readable = match &self.slot {
            Some(Card::Rows(_) | Card::Barcode(..)) => true,
            // The sensor tells of it, the imager makes nothing of it.
            Some(Card::Unreadable) => !self.senses(),
            Some(Card::Invisible) | None => false,
        };
        if self.looking && readable && self.reading.is_none() {
            self.reading = Some(now + self.model.read_time);
        }
    }

    fn sensor(&mut self, now: Instant, present: bool) {
        if self.senses() {
            let digit = if present { b'1' } else { b'0' };
            let message = [&b"\x16\x0dTRIG:"[..], &[digit], b"\x16\x0a"].concat();
            self.outbox.put(now + self.model.latency, message);
        }
    }

    fn obey(&mut self, now: Instant, body: &[u8], storage: u8) {
        if self.moods.ignores() {
            return;
        }
        let body = String::from_utf8_lossy(body).to_ascii_uppercase();
        let refused = self.moods.refuses();
        let (text, status) = match body.as_str() {
            _ if refused => (body.clone(), 0x15),
            "REVINF" => (format!("REVINF: {}", self.model.firmware), 0x06),
            "P_INFO" => (format!("P_INFO: SIM {}", self.model.serial_number), 0x06),
            "AISFWV?" if self.senses() => (format!("AISFWV{}", self.model.firmware), 0x06),
            other => {
                let ours = other.get(..6).is_some_and(|tag| KNOWN.contains(&tag));
                let aside = self.senses() != other.starts_with("AIS");
                if other.starts_with("DECHDR") {
                    self.packets = other.ends_with('1');
                }
                (other.to_owned(), if ours && !aside { 0x06 } else { 0x05 })
            }
        };
        let reply = [text.as_bytes(), &[status, storage]].concat();
        self.outbox.put(now + self.model.latency, reply);
    }

    /// What was read, in as many messages as it takes.
    fn messages(&self) -> Vec<Vec<u8>> {
        let separator = if self.model.crlf { "\r\n" } else { "\r" };
        let (id, parts) = match &self.slot {
            Some(Card::Rows(rows)) if self.model.one_by_one => {
                (b'O', rows.iter().map(|row| row.clone().into_bytes()).collect())
            }
            Some(Card::Rows(rows)) => (b'O', vec![rows.join(separator).into_bytes()]),
            Some(Card::Barcode(symbology, payload)) => (letter(*symbology), vec![payload.clone()]),
            Some(Card::Unreadable) => (b'O', vec![b"P<UTOER?KSS0N<<?".to_vec()]),
            Some(Card::Invisible) | None => return Vec::new(),
        };
        let wrap = |data: Vec<u8>| if self.packets { packet(id, &data) } else { [data, b"\r".to_vec()].concat() };
        parts.into_iter().map(wrap).collect()
    }
}

impl super::Device for Device {
    fn power_on(&mut self, now: Instant) {
        self.outbox.put(now, self.model.power_on.clone());
        if self.slot.is_some() {
            self.sensor(now, true);
        }
    }

    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>) {
        let slot = self.slot.take();
        let model = self.model.unit(serial_number);
        *self = Self::new(self.protocol, model);
        self.slot = slot;
        self.power_on(now);
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Insert(card) => {
                let noticed = card != Card::Invisible;
                let empty = self.slot.is_none();
                self.slot = Some(card);
                self.reading = None;
                if noticed && empty {
                    self.sensor(now, true);
                }
                self.look(now);
            }
            Act::Remove => {
                if self.slot.take().is_some_and(|card| card != Card::Invisible) {
                    self.sensor(now, false);
                }
                self.reading = None;
            }
            other => self.moods.act(&other),
        }
    }

    fn hear(&mut self, now: Instant, rx: &[u8]) {
        self.heard.extend_from_slice(rx);
        while let Some(start) = self.heard.iter().position(|byte| *byte == 0x16) {
            // A half-typed command, a flushing "!": nothing.
            self.heard.drain(..start);
            match self.heard.as_slice() {
                [_, b'M', b'\r', rest @ ..] => {
                    let Some(end) = rest.iter().position(|byte| matches!(byte, b'!' | b'.')) else { return };
                    let command: Vec<u8> = self.heard.drain(..end + 4).collect();
                    self.obey(now, &command[3..end + 3], command[end + 3]);
                }
                [_, b'T' | b't', b'\r', ..] => {
                    self.heard.drain(..3);
                    self.looking = !self.moods.dead;
                    self.look(now);
                }
                [_, b'U' | b'u', b'\r', ..] => {
                    self.heard.drain(..3);
                    self.looking = false;
                    self.reading = None;
                }
                [_] | [_, b'M' | b'T' | b't' | b'U' | b'u'] => return,
                _ => {
                    self.heard.drain(..1);
                }
            }
        }
        self.heard.clear();
    }

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.reading.is_some_and(|at| now >= at) {
            self.reading = None;
            self.looking = false;
            for (number, message) in self.messages().into_iter().enumerate() {
                let message = self.moods.perhaps_die(message);
                self.outbox.put(now + ROW_PAUSE * u32::try_from(number).unwrap_or(0), message);
            }
        }
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        self.reading.into_iter().chain(self.outbox.due()).min()
    }
}

/// `16 FE`, length, `0D MSGGET`, digits, Honeywell's letter, AIM identifier, `1D`, data, `0D`.
fn packet(id: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() + 1;
    let mut whole = vec![0x16, 0xfe];
    whole.extend_from_slice(&u32::try_from(length + 14).unwrap_or(u32::MAX).to_le_bytes());
    whole.extend_from_slice(format!("\rMSGGET{length:04}").as_bytes());
    whole.extend_from_slice(&[id, b'X', b'0', 0x1d]);
    whole.extend_from_slice(data);
    whole.push(b'\r');
    whole
}

const fn letter(symbology: Symbology) -> u8 {
    match symbology {
        Symbology::Pdf417 => b'r',
        Symbology::Qr => b's',
        Symbology::Aztec => b'z',
        Symbology::DataMatrix => b'w',
        Symbology::Code128 => b'j',
        Symbology::Code39 => b'b',
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Card, Device as _, Model, Protocol};
    use super::Device;
    use crate::harness::wait::now;
    use card_reader::barcode::Symbology;
    use std::time::Duration;

    fn hurried() -> Model {
        Model { read_time: Duration::ZERO, latency: Duration::ZERO, ..Model::default() }
    }

    #[test]
    fn a_triggered_imager_sends_the_published_packet() {
        let now = now();
        let mut device = Device::new(Protocol::Honeywell, hurried());
        device.hear(now, b"!\x16M\rDECHDR1!\x16M\rNOSUCH1!");
        assert_eq!(device.say(now), [b"DECHDR1\x06!".to_vec(), b"NOSUCH1\x05!".to_vec()]);
        device.act(now, Act::Insert(Card::Barcode(Symbology::Code128, b"ABC123".to_vec())));
        assert!(device.say(now).is_empty(), "not triggered");
        device.hear(now, b"\x16T\r");
        let said = device.say(now).concat();
        assert_eq!(said[..6], [0x16, 0xfe, 0x15, 0, 0, 0]);
        assert!(said.ends_with(b"\x1dABC123\r") && said.len() == 28);
    }

    #[test]
    fn the_sensor_tells_of_coming_and_going() {
        let now = now();
        let mut device = Device::new(Protocol::AccessIs, hurried());
        device.act(now, Act::Insert(Card::Rows(vec!["A".to_owned()])));
        assert_eq!(device.say(now), [b"\x16\x0dTRIG:1\x16\x0a".to_vec()]);
        device.act(now, Act::Remove);
        assert_eq!(device.say(now), [b"\x16\x0dTRIG:0\x16\x0a".to_vec()]);
    }
}
