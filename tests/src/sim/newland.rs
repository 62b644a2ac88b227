//! A Newland scan engine.

use super::outbox::{Moods, Outbox};
use super::{Act, Card, Model};
use std::time::Instant;

const PREFIX: &[u8] = b"\x7e\x010000";
const END: &[u8] = b";\x03";

pub(super) struct Device {
    model: Model,
    slot: Option<Card>,
    looking: bool,
    reading: Option<Instant>,
    heard: Vec<u8>,
    outbox: Outbox,
    moods: Moods,
}

impl Device {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            slot: None,
            looking: false,
            reading: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            moods: Moods::default(),
        }
    }

    fn look(&mut self, now: Instant) {
        let visible = self.slot.as_ref().is_some_and(|card| *card != Card::Invisible);
        if self.looking && visible && self.reading.is_none() {
            self.reading = Some(now + self.model.read_time);
        }
    }

    /// `#SCNTRG1`, and the like.
    fn obey(&mut self, now: Instant, body: &[u8]) {
        if self.moods.ignores() {
            return;
        }
        let text = String::from_utf8_lossy(body).into_owned();
        let refused = self.moods.refuses();
        let (text, status) = match text.get(1..).unwrap_or_default() {
            _ if refused => (text, 0x15),
            "QRYSYS" => (format!("{text}{}", self.model.firmware), 0x06),
            "DEVQRY*" => (format!("{}DEVQRY0", &text[..1]), 0x06),
            "SCNTRG1" => {
                self.looking = true;
                (text, 0x06)
            }
            "SCNTRG0" => {
                self.looking = false;
                self.reading = None;
                (text, 0x06)
            }
            "SCNMOD0" | "SCNMOD2" => (text, 0x06),
            _ => (text, 0x05),
        };
        let reply = [b"\x02\x010000", text.as_bytes(), &[status], END].concat();
        self.outbox.put(now + self.model.latency, reply);
        self.look(now);
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
        while let Some(start) = self.heard.windows(PREFIX.len()).position(|bytes| bytes == PREFIX) {
            let rest = &self.heard[start + PREFIX.len()..];
            let Some(end) = rest.windows(END.len()).position(|bytes| bytes == END) else { return };
            let body = rest[..end].to_vec();
            self.heard.drain(..start + PREFIX.len() + end + END.len());
            self.obey(now, &body);
        }
    }

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.reading.is_some_and(|at| now >= at) {
            self.reading = None;
            self.looking = false;
            let separator = self.model.separator();
            let data = match &self.slot {
                Some(Card::Rows(rows)) => rows.join(separator).into_bytes(),
                Some(Card::Barcode(_, payload)) => payload.clone(),
                Some(Card::Unreadable) => b"P<UTOER?KSS0N<<?".to_vec(),
                Some(Card::Invisible) | None => Vec::new(),
            };
            let whole = self.moods.perhaps_die([data, b"\r".to_vec()].concat());
            self.outbox.put(now, whole);
        }
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        self.reading.into_iter().chain(self.outbox.due()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Device as _, Model};
    use super::Device;
    use crate::harness::wait::now;
    use std::time::Duration;

    #[test]
    fn the_trigger_is_answered_as_published() {
        let now = now();
        let mut device = Device::new(Model { latency: Duration::ZERO, ..Model::default() });
        device.hear(now, b"junk\x7e\x010000#SCNTRG1;\x03");
        assert_eq!(device.say(now), [b"\x02\x010000#SCNTRG1\x06;\x03".to_vec()]);
    }
}
