//! The serial readers' half of the core.

use super::super::{Accept, CardMove, Event, Fault, PresentationNo, Reading, judge};
use super::faults::{gravest, noted};
use super::{Core, Do, HELD, Held, Serial, Tested};
use crate::barcode::{Barcode, Kind, Symbology};
use crate::date::Date;
use crate::ocr::{Advice, Point, Reason};
use crate::reader::Source;
use crate::reader::judge::Failure;
use crate::serial::port::PortEvent;
use crate::serial::{Content, Identity, SerialCommand, SerialEvent, Verdict};
use std::time::Instant;
use zeroize::Zeroizing;

impl Core {
    pub(in crate::reader) fn serial(&mut self, now: Instant, at: usize, event: PortEvent, today: Date) {
        let said = match event {
            PortEvent::Lost(fault) => return self.serial_lost(now, at, fault),
            PortEvent::Said(said) => said,
        };
        if self.interactive_heard(now, at, &said, today) {
            return;
        }
        match said {
            SerialEvent::Ready { identity, changed_unit } => self.serial_ready(at, &identity, changed_unit),
            SerialEvent::Armed(presentation) if self.takes(presentation) => self.announce(),
            SerialEvent::Sensed if self.armed.is_none() => {
                let presentation = self.newest;
                self.tell(Event::Sensed { presentation });
            }
            SerialEvent::DocumentPresent(presentation) if self.takes(presentation) => {
                self.announce();
                // Codes and badges have no tries.
                if self.accepts(Accept::Documents) {
                    self.tell(Event::Sensed { presentation });
                    let serial = &mut self.serials[at];
                    serial.try_since = serial.moves_cards.then_some(now);
                }
            }
            SerialEvent::Read { presentation, raw, content, again } if self.takes(presentation) => {
                // A read that was taken has told every reader already.
                if let Some(verdict) = self.serial_read(now, at, presentation, raw, content, again, today) {
                    self.out.push(Do::Serial(at, SerialCommand::Verdict(verdict)));
                }
            }
            SerialEvent::Read { presentation, raw, content, .. } if self.awaits_witnesses(presentation) => {
                let verdict = self.late_read(raw, content, today);
                self.out.push(Do::Serial(at, SerialCommand::Verdict(verdict)));
            }
            SerialEvent::NotRead(presentation) if self.takes(presentation) => {
                if self.accepts(Accept::Documents) {
                    self.status[at].failed_reads += 1;
                    let advice = Some(Advice::TurnOver);
                    self.failed(presentation, Failure { reason: Reason::NoZone, advice, guess: None });
                }
            }
            SerialEvent::DocumentRemoved(presentation) => {
                self.serials[at].try_since = None;
                if self.reads_documents(presentation) {
                    self.tell(Event::Removed { presentation });
                }
                self.gone_from(at, presentation);
            }
            SerialEvent::Offered(presentation) => self.card(at, presentation, CardMove::Offered),
            SerialEvent::NotTaken(presentation) => self.card(at, presentation, CardMove::NotTaken),
            SerialEvent::Captured(presentation) => self.card(at, presentation, CardMove::Captured),
            SerialEvent::Fault { fault, standing, code } => self.serial_fault(at, fault, standing, code),
            SerialEvent::SelfTested { millis } => self.tested(at, Some(millis)),
            // Of an older presentation, or of one that has its read: dropped, and zeroed by its type.
            SerialEvent::Armed(_)
            | SerialEvent::Sensed
            | SerialEvent::DocumentPresent(_)
            | SerialEvent::NotRead(_)
            | SerialEvent::Read { .. } => {}
        }
    }

    fn accepts(&self, accept: Accept) -> bool {
        self.armed.as_ref().is_some_and(|arming| arming.accept == accept)
    }

    /// What a read is worth; `None`: it was taken, or is kept back. `again`: what still lies there after a failed try is no
    /// second one.
    #[expect(clippy::too_many_arguments, reason = "the parts of one event, with the time and the day")]
    fn serial_read(
        &mut self,
        now: Instant,
        at: usize,
        presentation: PresentationNo,
        raw: Zeroizing<Vec<u8>>,
        content: Content,
        again: bool,
        today: Date,
    ) -> Option<Verdict> {
        let accept = self.armed.as_ref().map(|arming| arming.accept);
        let codes = self.armed.as_ref().map_or(&[][..], |arming| &arming.codes);
        let failure = match (content, accept) {
            (Content::Zone, Some(Accept::Documents)) => match judge::serial_zone(&raw, codes, today) {
                Ok(zone) => {
                    self.serial_taken(at, presentation, Reading::Zone(Box::new(zone)));
                    return None;
                }
                Err(failure) => failure,
            },
            (Content::Barcode(symbology), Some(accept)) => {
                let barcode = barcode(raw, symbology);
                if let Some(arming) = self.armed.as_mut() {
                    arming.keep(&barcode);
                }
                let reading = match accept {
                    Accept::Documents => barcode.licence().map(|licence| {
                        let codes = self.armed.as_ref().map_or(&[][..], |arming| &arming.codes);
                        let mut reading = judge::licence_reading(&barcode, &licence, codes, today);
                        reading.source = Source::Serial;
                        Reading::Barcode(Box::new(reading))
                    }),
                    Accept::BackupCode if barcode.kind == Kind::BackupCode => barcode.text().map(Reading::BackupCode),
                    Accept::BackupCode => None,
                    Accept::Staff => barcode.staff().map(Reading::Staff),
                };
                match reading {
                    Some(reading) if accept == Accept::Documents && self.reads_zones_elsewhere(at) => {
                        self.hold(now, at, reading);
                        return None;
                    }
                    Some(reading) => {
                        self.serial_taken(at, presentation, reading);
                        return None;
                    }
                    None => {}
                }
                if accept == Accept::Documents && !again {
                    // A code without a document is said, and is no try.
                    let advice = Some(Advice::AnotherDocument);
                    self.tell(Event::Advice { presentation, advice, quad: None, at: None });
                }
                return Some(Verdict::Ignore);
            }
            (Content::Zone, _) | (_, None) => return Some(Verdict::Ignore),
        };
        if again {
            return Some(Verdict::Ignore);
        }
        self.status[at].failed_reads += 1;
        self.failed(presentation, failure);
        Some(Verdict::Bad)
    }

    fn serial_taken(&mut self, at: usize, presentation: PresentationNo, reading: Reading) {
        self.status[at].good_reads += 1;
        self.taken(presentation, reading, Some(at));
    }

    /// Whether another serial reader may be about to read the zone of the same document.
    fn reads_zones_elsewhere(&self, at: usize) -> bool {
        self.serials.iter().enumerate().any(|(other, serial)| other != at && serial.ready && !serial.moves_cards)
    }

    fn hold(&mut self, now: Instant, by: usize, reading: Reading) {
        if let Some(arming) = self.armed.as_mut() {
            arming.held.get_or_insert(Held { reading, by, until: now + HELD });
        }
    }

    /// No zone came in time: the licence stands for itself.
    pub(super) fn end_hold(&mut self, now: Instant) {
        let Some(arming) = self.armed.as_mut().filter(|arming| !arming.taken) else { return };
        let presentation = arming.presentation;
        if let Some(Held { reading, by, .. }) = arming.held.take_if(|held| now >= held.until) {
            self.serial_taken(by, presentation, reading);
        }
    }

    /// A card that is held for others to read, and that none of them has read in time, is a failed try: it is given back.
    /// While the camera tries, the try is the camera's.
    pub(super) fn end_motorised_try(&mut self, now: Instant) {
        let limit = self.try_limit;
        let over = |serial: &Serial| serial.try_since.is_some_and(|since| now >= since + limit);
        let Some(at) = self.serials.iter().position(over) else { return };
        self.serials[at].try_since = None;
        if self.cameras.iter().any(|camera| camera.watch.attempt.is_some()) {
            return;
        }
        if let Some(presentation) = self.armed.as_ref().filter(|arming| !arming.taken).map(|arming| arming.presentation)
        {
            self.status[at].failed_reads += 1;
            self.failed(presentation, Failure { reason: Reason::NoZone, advice: Some(Advice::TurnOver), guess: None });
        }
    }

    fn card(&mut self, at: usize, presentation: Option<PresentationNo>, what: CardMove) {
        let device = self.serials[at].id.clone();
        tracing::info!(device = device.0, what = what.name(), "card");
        self.tell(Event::Card { device, presentation, what });
    }

    /// A fault that the reader goes on with has come or gone.
    fn serial_fault(&mut self, at: usize, fault: Fault, standing: bool, code: Option<String>) {
        let serial = &mut self.serials[at];
        if standing {
            let code = code.unwrap_or_default();
            tracing::warn!(device = serial.id.0, fault = fault.name(), code, "reader fault");
        }
        let told = noted(&mut serial.faults, &mut self.status[at], fault, standing);
        self.out.extend(told.map(Do::Tell));
    }

    fn serial_ready(&mut self, at: usize, identity: &Identity, changed_unit: bool) {
        let serial = &mut self.serials[at];
        serial.ready = true;
        let status = &mut self.status[at];
        status.ready = true;
        // A setting may have been refused on the way here.
        status.fault = gravest(&serial.faults);
        status.identity = identity.part_number.clone();
        if !identity.serial_number.is_empty() {
            status.identity = format!("{} {}", status.identity, identity.serial_number).trim().to_owned();
        }
        status.facts = format!("firmware {}", known(&identity.firmware));
        if !identity.engine.is_empty() {
            status.facts = format!("{}, engine {}", status.facts, identity.engine);
        }
        let said = status.identity.clone();
        let device = serial.id.clone();
        if changed_unit {
            tracing::warn!(device = device.0, "another unit answers on this port");
            self.out.push(Do::Tell(Event::AnotherUnit { device: device.clone() }));
        }
        let armed = std::mem::take(&mut serial.waiting).then(|| self.armed.as_ref().filter(|arming| !arming.taken));
        if let Some(presentation) = armed.flatten().map(|arming| arming.presentation) {
            self.arm_serial(at, presentation);
        }
        self.tell(Event::Ready { device, identity: said });
    }

    fn serial_lost(&mut self, now: Instant, at: usize, fault: Fault) {
        let status = &mut self.status[at];
        let was_ready = std::mem::take(&mut status.ready);
        status.fault = Some(fault);
        status.faults += 1;
        let serial = &mut self.serials[at];
        serial.ready = false;
        serial.try_since = None;
        serial.faults.clear();
        if was_ready {
            status.reconnects += 1;
            serial.waiting = false;
            serial.armed_as = None;
        }
        let device = serial.id.clone();
        tracing::warn!(device = device.0, fault = fault.name(), "reader lost; it is being reopened");
        if self.serials[at].testing.is_some() {
            self.tested(at, None);
        }
        if self.interactive.is_some_and(|(tested, _)| tested == Tested::Serial(at)) {
            self.interactive_ended(Err("the reader was lost"), now);
        }
        self.tell(Event::Lost { device, fault });
    }
}

/// A reader that does not say what kind of code it was read most likely a QR: what the kiosk asks for are those.
pub(super) fn barcode(payload: Zeroizing<Vec<u8>>, symbology: Option<Symbology>) -> Barcode {
    Barcode {
        symbology: symbology.unwrap_or(Symbology::Qr),
        kind: Kind::of(&payload),
        payload,
        quad: [Point { x: 0.0, y: 0.0 }; 4],
    }
}

fn known(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
