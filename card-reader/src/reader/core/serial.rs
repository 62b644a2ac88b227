//! The serial readers' half of the core.

use super::super::{Event, Fault, Reading, judge};
use super::{Core, Do};
use crate::date::Date;
use crate::serial::port::PortEvent;
use crate::serial::{Identity, SerialCommand, SerialEvent};

impl Core {
    pub(in crate::reader) fn serial(&mut self, at: usize, event: PortEvent, today: Date) {
        match event {
            PortEvent::Lost(fault) => self.serial_lost(at, fault),
            PortEvent::Said(SerialEvent::Ready { identity, changed_unit }) => {
                self.serial_ready(at, &identity, changed_unit);
            }
            PortEvent::Said(SerialEvent::Armed(presentation)) if self.takes(presentation) => self.announce(),
            PortEvent::Said(SerialEvent::DocumentPresent(presentation)) if self.takes(presentation) => {
                self.announce();
                self.tell(Event::Sensed { presentation });
            }
            PortEvent::Said(SerialEvent::ZoneRead { presentation, raw, again }) if self.takes(presentation) => {
                match judge::serial_zone(&raw, today) {
                    Ok(zone) => {
                        self.status[at].good_reads += 1;
                        self.taken(presentation, Reading::Zone(Box::new(zone)), Some(at));
                    }
                    // What still lies there after a failed try is no second one.
                    Err(_) if again => {}
                    Err(failure) => {
                        self.status[at].failed_reads += 1;
                        self.failed(presentation, failure);
                    }
                }
            }
            PortEvent::Said(SerialEvent::DocumentRemoved(presentation)) => {
                if self.armed.as_ref().is_some_and(|arming| arming.presentation == presentation) {
                    self.tell(Event::Removed { presentation });
                }
            }
            PortEvent::Said(SerialEvent::ProtocolErrors(standing)) => {
                let fault = standing.then_some(Fault::ProtocolErrors);
                self.status[at].fault = fault;
                let device = self.serials[at].id.clone();
                self.tell(Event::Degraded { device, fault });
            }
            PortEvent::Said(SerialEvent::SelfTested { millis }) => self.tested(at, Some(millis)),
            // Of an older presentation, or of one that has its read: dropped, and zeroed by its type.
            PortEvent::Said(SerialEvent::Armed(_) | SerialEvent::DocumentPresent(_) | SerialEvent::ZoneRead { .. }) => {
            }
        }
    }

    fn serial_ready(&mut self, at: usize, identity: &Identity, changed_unit: bool) {
        let status = &mut self.status[at];
        status.ready = true;
        status.fault = None;
        status.identity = identity.part_number.clone();
        if !identity.serial_number.is_empty() {
            status.identity = format!("{} {}", status.identity, identity.serial_number).trim().to_owned();
        }
        status.facts = format!("firmware {}, engine {}", known(&identity.firmware), known(&identity.engine));
        let said = status.identity.clone();
        let serial = &mut self.serials[at];
        serial.ready = true;
        let device = serial.id.clone();
        if changed_unit {
            tracing::warn!(device = device.0, "another unit answers on this port");
            self.out.push(Do::Tell(Event::AnotherUnit { device: device.clone() }));
        }
        let armed = std::mem::take(&mut serial.waiting).then(|| self.armed.as_ref().filter(|arming| !arming.taken));
        if let Some(arming) = armed.flatten() {
            self.out.push(Do::Serial(at, SerialCommand::Arm(arming.presentation)));
        }
        self.tell(Event::Ready { device, identity: said });
    }

    fn serial_lost(&mut self, at: usize, fault: Fault) {
        let status = &mut self.status[at];
        let was_ready = std::mem::take(&mut status.ready);
        status.fault = Some(fault);
        let serial = &mut self.serials[at];
        serial.ready = false;
        if was_ready {
            status.reconnects += 1;
            serial.waiting = false;
        }
        let device = serial.id.clone();
        tracing::warn!(device = device.0, fault = fault.name(), "reader lost; it is being reopened");
        if self.serials[at].testing.is_some() {
            self.tested(at, None);
        }
        self.tell(Event::Lost { device, fault });
    }
}

fn known(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
