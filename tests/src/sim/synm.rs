//! A Honeywell imager, or an Access-IS reader with its sensor: settings in RAM and flash, what they change, the sensor, the
//! verdict and its two seconds.

use super::outbox::{Moods, Outbox};
use super::synm_settings::Settings;
use super::{Act, Card, Lamp, Model, Protocol};
use card_reader::barcode::Symbology;
use std::time::{Duration, Instant};

/// Between rows that are sent one message each.
const ROW_PAUSE: Duration = Duration::from_millis(60);
/// So long the host may say what data is worth.
const VERDICT: Duration = Duration::from_secs(2);

pub(super) struct Device {
    protocol: Protocol,
    model: Model,
    settings: Settings,
    slot: Option<Card>,
    /// Triggered until then, and nothing read since; `None` within: without end.
    looking: Option<Option<Instant>>,
    reading: Option<Instant>,
    /// What lies there was read then.
    last_read: Option<Instant>,
    lamp: Lamp,
    verdict_by: Option<Instant>,
    heard: Vec<u8>,
    outbox: Outbox,
    moods: Moods,
}

impl Device {
    pub(super) fn new(protocol: Protocol, model: Model) -> Self {
        Self {
            protocol,
            model,
            settings: Settings::of(protocol),
            slot: None,
            looking: None,
            reading: None,
            last_read: None,
            lamp: Lamp::Dark,
            verdict_by: None,
            heard: Vec::new(),
            outbox: Outbox::default(),
            moods: Moods::default(),
        }
    }

    const fn senses(&self) -> bool {
        matches!(self.protocol, Protocol::AccessIs)
    }

    /// Reads without being triggered: an Access-IS in its modes 0 and 1, a Honeywell that is not in the manual mode.
    fn reads_by_itself(&self) -> bool {
        if self.senses() {
            self.settings.is("AISOMD", 0) || self.settings.is("AISOMD", 1)
        } else {
            !self.settings.is("TRGMOD", 0)
        }
    }

    /// Whether it can make data of what lies there, as it is set.
    fn reads_this(&self) -> bool {
        let enabled = |key| self.senses() || !self.settings.is(key, 0);
        match &self.slot {
            // OCR and a template must both be on.
            Some(Card::Rows(_)) => enabled("OCRENA") && enabled("OCRATS"),
            Some(Card::Barcode(symbology, _)) => enabled(match symbology {
                Symbology::Pdf417 => "PDFENA",
                Symbology::Qr => "QRCENA",
                Symbology::Aztec => "AZTENA",
                Symbology::DataMatrix => "IDMENA",
                Symbology::Code128 => "128ENA",
                Symbology::Code39 => "C39ENA",
            }),
            // The sensor tells of it, the imager makes nothing of it.
            Some(Card::Unreadable) => !self.senses() && enabled("OCRENA"),
            Some(Card::Invisible) | None => false,
        }
    }

    fn look(&mut self, now: Instant) {
        let may = if self.senses() { self.settings.is("AIS_BO", 1) } else { true };
        let looks = self.looking.is_some() || (self.reads_by_itself() && self.last_read.is_none());
        if may && looks && self.reads_this() && self.reading.is_none() && !self.moods.dead {
            // The same is not read again at once.
            let pause = Duration::from_millis(self.settings.number("DLYRRD").unwrap_or(0).into());
            let again = self.last_read.map_or(now, |last| last + pause);
            self.reading = Some(again.max(now + self.model.read_time));
        }
    }

    fn trigger(&mut self, now: Instant) {
        let limit = self.settings.number(if self.senses() { "AISTST" } else { "TRGSTO" }).unwrap_or(0);
        self.looking = Some((limit > 0).then(|| now + Duration::from_millis(limit.into())));
        self.look(now);
    }

    fn untrigger(&mut self) {
        self.looking = None;
        if !self.reads_by_itself() {
            self.reading = None;
        }
    }

    fn sensor(&mut self, now: Instant, present: bool) {
        if self.senses() && (self.settings.is("AISOMD", 2) || self.settings.is("AISIOP", 1)) {
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
        let said = |text: String| [text.as_bytes(), &[0x06]].concat();
        let reply = match body.as_str() {
            _ if self.moods.refuses() => [body.as_bytes(), &[0x15]].concat(),
            "REVINF" if !self.senses() => said(format!("REVINF: {}", self.model.firmware)),
            "P_INFO" if !self.senses() => said(format!("P_INFO: SIM {}", self.model.serial_number)),
            "AISFWV?" if self.senses() => said(format!("AISFWV{}", self.model.firmware)),
            _ => self.settings.obey(&body, storage == b'.'),
        };
        for verdict in body.split([',', ';']).filter_map(|entry| entry.strip_prefix("AISXXR")) {
            self.judged(verdict);
        }
        self.outbox.put(now + self.model.latency, [&reply[..], &[storage]].concat());
        self.look(now);
    }

    fn judged(&mut self, verdict: &str) {
        // Too late: it has been shown that nobody said anything.
        if self.verdict_by.take().is_none() {
            return;
        }
        self.lamp = match verdict {
            "0" => Lamp::Good,
            "1" => Lamp::Bad,
            _ => Lamp::Ignored,
        };
    }

    /// What was read, in as many messages as it takes.
    fn messages(&self) -> Vec<Vec<u8>> {
        let (id, parts) = match &self.slot {
            Some(Card::Rows(rows)) if self.model.one_by_one => {
                (b'O', rows.iter().map(|row| row.clone().into_bytes()).collect())
            }
            Some(Card::Rows(rows)) => (b'O', vec![rows.join(self.model.separator()).into_bytes()]),
            Some(Card::Barcode(symbology, payload)) => (letter(*symbology), vec![payload.clone()]),
            Some(Card::Unreadable) => (b'O', vec![b"P<UTOER?KSS0N<<?".to_vec()]),
            Some(Card::Invisible) | None => return Vec::new(),
        };
        let packets = self.settings.is("DECHDR", 1);
        let wrap = |data: Vec<u8>| if packets { packet(id, &data) } else { [data, b"\r".to_vec()].concat() };
        parts.into_iter().map(wrap).collect()
    }
}

impl super::Device for Device {
    fn lamp(&self) -> Lamp {
        self.lamp
    }

    fn power_on(&mut self, now: Instant) {
        self.outbox.put(now, self.model.power_on.clone());
        if self.slot.is_some() {
            self.sensor(now, true);
        }
        self.look(now);
    }

    /// Another unit has its own flash.
    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>) {
        let another = serial_number.is_some();
        let (slot, mut settings) = (self.slot.take(), self.settings.clone());
        let model = self.model.unit(serial_number);
        *self = Self::new(self.protocol, model);
        self.slot = slot;
        if !another {
            settings.power_cycle();
            self.settings = settings;
        }
        self.power_on(now);
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Insert(card) => {
                let noticed = card != Card::Invisible;
                let empty = self.slot.is_none();
                self.slot = Some(card);
                self.reading = None;
                self.last_read = None;
                if noticed && empty {
                    self.lamp = Lamp::Dark;
                    self.sensor(now, true);
                }
                self.look(now);
            }
            Act::Remove => {
                if self.slot.take().is_some_and(|card| card != Card::Invisible) {
                    self.sensor(now, false);
                }
                self.reading = None;
                self.last_read = None;
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
                    if !self.moods.dead {
                        self.trigger(now);
                    }
                }
                [_, b'U' | b'u', b'\r', ..] => {
                    self.heard.drain(..3);
                    // An Access-IS cannot be stopped while something lies there.
                    if !(self.senses() && self.slot.is_some()) {
                        self.untrigger();
                    }
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
            self.looking = None;
            self.last_read = Some(now);
            for (number, message) in self.messages().into_iter().enumerate() {
                let message = self.moods.perhaps_die(message);
                self.outbox.put(now + ROW_PAUSE * u32::try_from(number).unwrap_or(0), message);
            }
            if self.senses() && !self.settings.is("AISOMD", 0) {
                self.lamp = Lamp::Busy;
                self.verdict_by = Some(now + VERDICT);
            }
        }
        if self.verdict_by.take_if(|by| now >= *by).is_some() {
            self.lamp = Lamp::NoVerdict;
        }
        // Nothing is said when a trigger's time is over.
        if self.looking.flatten().is_some_and(|until| now >= until) {
            self.untrigger();
        }
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        [self.reading, self.outbox.due(), self.verdict_by, self.looking.flatten()].into_iter().flatten().min()
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
    use super::super::{Act, Card, Device as _, Lamp, Model, Protocol};
    use super::Device;
    use crate::harness::wait::now;
    use card_reader::barcode::Symbology;
    use std::time::{Duration, Instant};

    fn hurried() -> Model {
        Model { read_time: Duration::ZERO, latency: Duration::ZERO, ..Model::default() }
    }

    fn asked(device: &mut Device, now: Instant, command: &str) -> String {
        device.hear(now, format!("\x16M\r{command}").as_bytes());
        device.say(now).iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    fn rows() -> Card {
        Card::Rows(vec!["A".to_owned(), "B".to_owned()])
    }

    #[test]
    fn a_triggered_imager_sends_the_published_packet() {
        let now = now();
        let mut device = Device::new(Protocol::Honeywell, hurried());
        device.hear(now, b"!\x16M\rTRGMOD0!\x16M\rDECHDR1!\x16M\rNOSUCH1!");
        assert_eq!(device.say(now), [b"TRGMOD0\x06!".to_vec(), b"DECHDR1\x06!".to_vec(), b"NOSUCH1\x05!".to_vec()]);
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
        assert_eq!(asked(&mut device, now, "AISOMD2!"), "AISOMD2\x06!");
        device.act(now, Act::Insert(rows()));
        assert_eq!(device.say(now), [b"\x16\x0dTRIG:1\x16\x0a".to_vec()]);
        device.act(now, Act::Remove);
        assert_eq!(device.say(now), [b"\x16\x0dTRIG:0\x16\x0a".to_vec()]);
    }

    /// The query answers of the Honeywell manuals' own examples.
    #[test]
    fn queries_are_answered_as_published() {
        let now = now();
        let mut device = Device::new(Protocol::Honeywell, hurried());
        assert_eq!(asked(&mut device, now, "cbrena*."), "CBRENA0-1\x06.");
        assert_eq!(asked(&mut device, now, "cbrena^."), "CBRENA1\x06.");
        assert_eq!(asked(&mut device, now, "cbrena?."), "CBRENA1\x06.");
        assert!(asked(&mut device, now, "cbr?.").starts_with("CBRENA1\x06,SSX0\x06"));
        assert_eq!(asked(&mut device, now, "CBRENA0!"), "CBRENA0\x06!");
        assert_eq!(asked(&mut device, now, "cbrena?."), "CBRENA0\x06.");
        assert_eq!(asked(&mut device, now, "cbrena^."), "CBRENA1\x06.");
        assert_eq!(asked(&mut device, now, "CBRENA7!"), "CBRENA7\x15!", "out of range");
        assert_eq!(asked(&mut device, now, "QQQENA1!"), "QQQENA1\x05!", "no such tag");
        assert_eq!(asked(&mut device, now, "TRGMOD0,STO3000;DECHDR1!"), "TRGMOD0\x06,STO3000\x06;DECHDR1\x06!");
        assert_eq!(asked(&mut device, now, "TRGSTO?."), "TRGSTO3000\x06.");
    }

    #[test]
    fn what_is_stored_survives_without_power_and_what_is_volatile_does_not() {
        let now = now();
        let mut device = Device::new(Protocol::Honeywell, hurried());
        asked(&mut device, now, "TRGSTO4000.");
        asked(&mut device, now, "DLYRRD900!");
        device.power_cycle(now, None);
        assert_eq!(asked(&mut device, now, "TRGSTO?."), "TRGSTO4000\x06.");
        assert_eq!(asked(&mut device, now, "DLYRRD?."), asked(&mut device, now, "DLYRRD^."));
        device.power_cycle(now, Some("another".to_owned()));
        assert_eq!(asked(&mut device, now, "TRGSTO?."), "TRGSTO30000\x06.");
    }

    #[test]
    fn it_reads_what_it_is_set_to_read_and_stops_looking_when_its_time_is_over() {
        let start = now();
        let mut device = Device::new(Protocol::Honeywell, hurried());
        device.act(start, Act::Insert(rows()));
        assert!(device.say(start).is_empty(), "no OCR as delivered");
        asked(&mut device, start, "TRGMOD0!");
        asked(&mut device, start, "OCRENA1!");
        device.hear(start, b"\x16T\r");
        assert!(device.say(start).is_empty(), "no template");
        asked(&mut device, start, "TRGSTO3000!");
        device.hear(start, b"\x16U\r\x16T\r");
        let late = start + Duration::from_secs(3);
        assert_eq!(device.due(), Some(late));
        assert!(device.say(late).is_empty(), "silently");
        asked(&mut device, late, "OCRATS2!");
        assert!(device.say(late).is_empty(), "it has stopped looking");
        device.hear(late, b"\x16T\r");
        assert_eq!(device.say(late), [b"A\rB\r".to_vec()]);
        let mut joined = Device::new(Protocol::Honeywell, Model { joined: true, ..hurried() });
        for setting in ["TRGMOD3!", "OCRENA1!", "OCRATS2!"] {
            asked(&mut joined, start, setting);
        }
        joined.act(start, Act::Insert(rows()));
        assert_eq!(joined.say(start), [b"AB\r".to_vec()], "by itself, in presentation mode");
    }

    #[test]
    fn the_host_has_two_seconds_for_its_verdict() {
        let start = now();
        for (mode, verdict, lamp) in [
            ("1", Some("AISXXR0!"), Lamp::Good),
            ("1", Some("AISXXR1!"), Lamp::Bad),
            ("1", Some("AISXXR2!"), Lamp::Ignored),
            ("1", None, Lamp::NoVerdict),
            ("2", None, Lamp::NoVerdict),
            ("0", None, Lamp::Dark),
        ] {
            let mut device = Device::new(Protocol::AccessIs, hurried());
            asked(&mut device, start, &format!("AISOMD{mode}!"));
            device.act(start, Act::Insert(rows()));
            device.hear(start, b"\x16t\r");
            assert!(device.say(start).concat().ends_with(b"A\rB\r"), "mode {mode}");
            assert_eq!(device.lamp(), if mode == "0" { Lamp::Dark } else { Lamp::Busy });
            let then = start + Duration::from_millis(1999);
            device.say(then);
            if let Some(verdict) = verdict {
                assert!(asked(&mut device, then, verdict).contains('\x06'));
            }
            let late = start + Duration::from_secs(2);
            device.say(late);
            assert_eq!(device.lamp(), lamp, "mode {mode}");
            asked(&mut device, late, "AISXXR0!");
            assert_eq!(device.lamp(), lamp, "too late");
        }
    }
}
