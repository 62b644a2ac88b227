//! Self-tests in three levels, and what they say to a technician.

use super::{Core, Do, INTERACTIVE_LIMIT, TEST_PRESENTATION, Tested};
use crate::date::Date;
use crate::reader::recognise::Found;
use crate::reader::{DeviceId, Event, Fault, SelfTestLevel, SelfTestReport, judge};
use crate::serial::{Content, SerialCommand, SerialEvent};
use std::time::Instant;

impl Core {
    pub(super) fn self_test(&mut self, now: Instant, device: &DeviceId, level: SelfTestLevel) {
        if let Some(at) = self.serials.iter().position(|serial| serial.id == *device) {
            if !self.serials[at].ready {
                return self.tested(at, None);
            }
            match level {
                SelfTestLevel::Internal => {
                    let status = &self.status[at];
                    let detail = match status.fault {
                        None => format!("connected, {}", status.facts),
                        Some(fault) => format!("connected, with a fault: {}", fault.name().replace('_', " ")),
                    };
                    let report = SelfTestReport { passed: status.fault.is_none(), detail, millis: 0 };
                    self.tell(Event::SelfTest { device: device.clone(), report });
                }
                SelfTestLevel::External => {
                    self.serials[at].testing = Some(now);
                    self.out.push(Do::Serial(at, SerialCommand::SelfTest));
                }
                SelfTestLevel::Interactive if self.armed.is_some() => self.visit_under_way(device),
                SelfTestLevel::Interactive => {
                    self.interactive_ended(Err("another test began"), now);
                    self.interactive = Some((Tested::Serial(at), now));
                    self.out.push(Do::Serial(at, SerialCommand::Arm(TEST_PRESENTATION)));
                }
            }
        } else if let Some(at) = self.cameras.iter().position(|camera| camera.id == *device) {
            match level {
                // What is known of a camera, or what its next picture shows.
                _ if !self.cameras[at].watch.ready => self.camera_tested(now, at),
                SelfTestLevel::Internal => self.camera_tested(now, at),
                SelfTestLevel::External => self.cameras[at].testing = Some(now),
                SelfTestLevel::Interactive if self.armed.is_some() => self.visit_under_way(device),
                SelfTestLevel::Interactive => {
                    self.interactive_ended(Err("another test began"), now);
                    self.cameras[at].watch.arm();
                    self.interactive = Some((Tested::Camera(at), now));
                }
            }
        } else {
            let detail = format!("no device named {} is configured; `kiosk-app devices` lists what there is", device.0);
            let report = SelfTestReport { passed: false, detail, millis: 0 };
            self.tell(Event::SelfTest { device: device.clone(), report });
        }
    }

    fn visit_under_way(&mut self, device: &DeviceId) {
        let detail = "a visit is under way; end it first".to_owned();
        let report = SelfTestReport { passed: false, detail, millis: 0 };
        self.tell(Event::SelfTest { device: device.clone(), report });
    }

    /// Why an interactive test has failed when its time is over.
    pub(super) fn nothing_read(&self) -> &'static str {
        match self.interactive {
            Some((Tested::Camera(at), _)) if self.cameras[at].watch.seen.is_some_and(|(_, seen)| seen.present) => {
                "sees something and has read nothing of it: put a document down flat, in the middle, without glare"
            }
            _ => "no document was put down within half a minute",
        }
    }

    /// What was found in a picture that was taken for an interactive test. It is thrown away.
    pub(super) fn interactive_filmed(&mut self, found: Found, now: Instant) {
        if self.interactive.is_none_or(|(tested, _)| tested != Tested::Camera(found.camera)) {
            return;
        }
        let zone = found.zone.and_then(|zone| self.cameras[found.camera].watch.tracker.take(zone).ok());
        if zone.is_some() {
            self.interactive_ended(Ok("read a zone"), now);
        } else if !found.barcodes.is_empty() {
            self.interactive_ended(Ok("read a barcode"), now);
        }
    }

    /// An event of the reader that somebody was asked to try; whether it was one.
    pub(super) fn interactive_heard(&mut self, now: Instant, at: usize, event: &SerialEvent, today: Date) -> bool {
        if self.interactive.is_none_or(|(tested, _)| tested != Tested::Serial(at)) {
            return false;
        }
        match event {
            SerialEvent::Read { presentation, raw, content, .. } if *presentation == TEST_PRESENTATION => {
                let outcome = match content {
                    Content::Zone if judge::serial_zone(raw, &[], today).is_ok() => {
                        Ok("read a zone whose check digits agree")
                    }
                    Content::Zone => Err("read a zone, but its check digits disagree or its rows are not whole"),
                    Content::Barcode(_) => Ok("read a barcode"),
                };
                self.interactive_ended(outcome, now);
            }
            SerialEvent::NotRead(_) => self.interactive_ended(Err("sensed a document and could not read it"), now),
            SerialEvent::DocumentPresent(_) if self.serials[at].moves_cards => {
                self.interactive_ended(Ok("took a card in and gives it back"), now);
            }
            _ => return false,
        }
        true
    }

    /// Tells the outcome of the interactive test that runs, if one does.
    pub(super) fn interactive_ended(&mut self, outcome: Result<&str, &str>, now: Instant) {
        let Some((tested, since)) = self.interactive.take() else { return };
        let device = match tested {
            Tested::Serial(at) => {
                self.out.push(Do::Serial(at, SerialCommand::Disarm));
                self.serials[at].id.clone()
            }
            Tested::Camera(at) => {
                self.cameras[at].watch.taken(false);
                self.cameras[at].id.clone()
            }
        };
        let (passed, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        let waited = now.saturating_duration_since(since).min(INTERACTIVE_LIMIT);
        let millis = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        let report = SelfTestReport { passed, detail: detail.to_owned(), millis };
        self.tell(Event::SelfTest { device, report });
    }

    /// The device has answered (`None` within: it cannot be asked), or not.
    pub(super) fn tested(&mut self, at: usize, answer: Option<Option<u64>>) {
        self.serials[at].testing = None;
        let device = self.serials[at].id.clone();
        let status = &self.status[at];
        let report = match answer {
            Some(Some(millis)) => {
                SelfTestReport { passed: true, detail: format!("answers in {millis} ms, {}", status.facts), millis }
            }
            Some(None) => SelfTestReport {
                passed: true,
                detail: "the port is open; this kind of reader cannot be asked, so try it with a document".to_owned(),
                millis: 0,
            },
            None => SelfTestReport {
                passed: false,
                detail: match status.fault {
                    Some(Fault::NotReachable) => {
                        "the port cannot be opened: check the cable, the path in kiosk.toml and the permissions"
                            .to_owned()
                    }
                    _ => "the device does not answer: check the cable and its power, then unplug and replug it"
                        .to_owned(),
                },
                millis: 0,
            },
        };
        self.tell(Event::SelfTest { device, report });
    }
}
