//! The cameras' half of the core: from what the gate sees and the decoders find to events.

use super::super::recognise::Found;
use super::super::watch::{Change, Looking};
use super::super::{Accept, DecoderFailure, Event, Fault, PresentationNo, Reading, SelfTestReport, judge};
use super::faults::noted;
use super::{Arming, Camera, Core, Do, TEST_PRESENTATION, Tested};
use crate::barcode::{Barcode, Effort, Kind};
use crate::camera::capture::CameraEvent;
use crate::camera::gate::Seen;
use crate::date::Date;
use crate::ocr::{Advice, MrzReading, NotRead, Reason};
use crate::reader::Decoder;
use judge::Failure;
use std::time::{Duration, Instant};

/// A camera whose last picture is older than this does not see.
const FRESH: Duration = Duration::from_millis(1500);

impl Core {
    pub(in crate::reader) fn camera(&mut self, now: Instant, at: usize, event: CameraEvent) {
        match event {
            CameraEvent::Ready { name, facts } => self.camera_ready(at, name, facts),
            CameraEvent::Lost(fault) => self.camera_lost(now, at, fault),
            CameraEvent::Degraded { fault, standing } => self.camera_fault(at, fault, standing),
            CameraEvent::BadFrame => {
                self.cameras[at].bad_frames += 1;
                self.camera_facts(at);
            }
            CameraEvent::Seen(seen) => self.camera_saw(now, at, seen),
        }
    }

    fn camera_ready(&mut self, at: usize, name: String, facts: String) {
        let status = self.serials.len() + at;
        let status = &mut self.status[status];
        status.ready = true;
        status.fault = None;
        status.identity.clone_from(&name);
        let camera = &mut self.cameras[at];
        camera.facts = facts;
        camera.faults.clear();
        camera.watch.ready = true;
        let device = camera.id.clone();
        self.camera_facts(at);
        self.tell(Event::Ready { device, identity: name });
        if self.armed.is_some() {
            self.announce();
        }
    }

    fn camera_lost(&mut self, now: Instant, at: usize, fault: Fault) {
        let status = self.serials.len() + at;
        let status = &mut self.status[status];
        status.reconnects += u64::from(status.ready);
        status.ready = false;
        status.fault = Some(fault);
        status.faults += 1;
        let camera = &mut self.cameras[at];
        camera.faults.clear();
        camera.watch.lost();
        let (device, testing) = (camera.id.clone(), camera.testing.is_some());
        if testing {
            self.camera_tested(now, at);
        }
        if self.interactive.is_some_and(|(tested, _)| tested == Tested::Camera(at)) {
            self.interactive_ended(Err("the camera was lost"), now);
        }
        self.tell(Event::Lost { device, fault });
    }

    /// A fault that the camera goes on with has come or gone.
    fn camera_fault(&mut self, at: usize, fault: Fault, standing: bool) {
        let status = &mut self.status[self.serials.len() + at];
        let camera = &mut self.cameras[at];
        if !status.ready || camera.faults.contains(&fault) == standing {
            return;
        }
        if standing {
            tracing::warn!(device = camera.id.0, fault = fault.name(), "camera fault");
        }
        let told = noted(&mut camera.faults, status, fault, standing);
        self.out.extend(told.map(Do::Tell));
    }

    fn camera_facts(&mut self, at: usize) {
        let Camera { facts, bad_frames, .. } = &self.cameras[at];
        self.status[self.serials.len() + at].facts = match bad_frames {
            0 => facts.clone(),
            count => format!("{facts}, {count} bad frames"),
        };
    }

    fn camera_saw(&mut self, now: Instant, at: usize, seen: Seen) {
        self.camera_fault(at, Fault::Black, seen.black);
        let change = self.cameras[at].watch.look(now, seen);
        if self.cameras[at].testing.is_some() {
            self.camera_tested(now, at);
        }
        if self.interactive.is_some_and(|(tested, _)| tested == Tested::Camera(at)) {
            if self.cameras[at].watch.wants_reading(now, Looking::Document).is_some() {
                let (presentation, effort) = (TEST_PRESENTATION, Effort::FullFrame);
                self.out.push(Do::Recognise { camera: at, presentation, zone: true, effort });
            }
            return;
        }
        let armed = self.armed.as_ref().map(|arming| (arming.presentation, arming.accept, arming.taken));
        match (change, armed) {
            // The try begins. Codes and badges have none.
            (Change::Came, Some((presentation, Accept::Documents, false))) => {
                self.cameras[at].watch.begin_try(now);
                self.tell(Event::Sensed { presentation });
            }
            (Change::Came, None) => {
                let presentation = self.newest;
                self.tell(Event::Sensed { presentation });
            }
            (Change::Went, Some((presentation, Accept::Documents, _))) => self.tell(Event::Removed { presentation }),
            _ => {}
        }
        self.wants_reading(now, at);
    }

    /// Asks for the newest picture to be read, if something is armed and it is time.
    fn wants_reading(&mut self, now: Instant, at: usize) {
        let Some(Arming { presentation, accept, taken, .. }) = self.armed else { return };
        let (looking, zone) = match accept {
            _ if taken => (Looking::Witness, self.awaits_zone()),
            Accept::Documents => (Looking::Document, true),
            Accept::BackupCode | Accept::Staff => (Looking::Code, false),
        };
        if let Some(thorough) = self.cameras[at].watch.wants_reading(now, looking) {
            let effort = if thorough { Effort::FullFrame } else { Effort::Frame };
            self.out.push(Do::Recognise { camera: at, presentation, zone, effort });
        }
    }

    /// What the decoders made of a picture.
    pub(in crate::reader) fn found(&mut self, found: Found, now: Instant, today: Date) {
        if let Some(decoder) = found.panicked {
            self.decoder_failed(found.camera, decoder, DecoderFailure::Panicked);
        }
        if found.presentation == TEST_PRESENTATION {
            return self.interactive_filmed(found, now);
        }
        let Found { camera, presentation, zone, barcodes, .. } = found;
        if self.awaits_witnesses(presentation) {
            return self.late_picture(camera, zone, &barcodes, today);
        }
        let accept = match &self.armed {
            Some(arming) if arming.presentation == presentation && !arming.taken => arming.accept,
            // Of an older presentation, or too late: dropped, and zeroed by its types.
            _ => return,
        };
        match accept {
            Accept::Documents => self.document_found(camera, presentation, zone, &barcodes, now, today),
            Accept::BackupCode => {
                let code = barcodes.iter().filter(|barcode| barcode.kind == Kind::BackupCode).find_map(Barcode::text);
                if let Some(code) = code {
                    self.filmed(camera, presentation, Reading::BackupCode(code));
                }
            }
            Accept::Staff => {
                if let Some(badge) = barcodes.iter().find_map(Barcode::staff) {
                    self.filmed(camera, presentation, Reading::Staff(badge));
                }
            }
        }
    }

    fn document_found(
        &mut self,
        at: usize,
        presentation: PresentationNo,
        zone: Option<Result<MrzReading, NotRead>>,
        barcodes: &[Barcode],
        now: Instant,
        today: Date,
    ) {
        if let Some(arming) = self.armed.as_mut() {
            for barcode in barcodes {
                arming.keep(barcode);
            }
        }
        // Those of earlier pictures and of other devices, too.
        let codes = self.armed.as_ref().map_or(barcodes, |arming| &arming.codes);
        let licence = barcodes.iter().find_map(|barcode| Some((barcode, barcode.licence()?)));
        // One frame may hide what another shows: the presentation's tracker answers for all of them.
        let zone = zone.map(|zone| {
            let zone = self.cameras[at].watch.tracker.take(zone);
            zone.and_then(|zone| judge::filmed_zone(zone, codes, today))
        });
        let failure = match zone {
            Some(Ok(zone)) => {
                self.sense(now, at, presentation);
                return self.filmed(at, presentation, Reading::Zone(Box::new(zone)));
            }
            Some(Err(failure)) => Some(failure),
            None => None,
        };
        if let Some((barcode, licence)) = licence {
            let reading = Reading::Barcode(Box::new(judge::licence_reading(barcode, &licence, codes, today)));
            self.sense(now, at, presentation);
            return self.filmed(at, presentation, reading);
        }
        let Some(mut failure) = failure else { return };
        let quad = failure.guess.as_ref().map(|guess| guess.quad);
        let code = barcodes.iter().any(|barcode| barcode.kind == Kind::BackupCode);
        if code || (failure.guess.is_none() && !barcodes.is_empty()) {
            // A code without a document is said, and is no try: its time starts anew.
            failure.advice = Some(Advice::AnotherDocument);
            if let Some(attempt) = &mut self.cameras[at].watch.attempt {
                attempt.since = now;
            }
        }
        let (watch, place) = (&mut self.cameras[at].watch, failure.at);
        let advice = if watch.attempt.is_some() || failure.reason != Reason::NoZone { failure.advice } else { None };
        let anew = watch.advises_anew(advice, place, quad);
        watch.note_failure(failure);
        if anew {
            self.tell(Event::Advice { presentation, advice, at: place, quad });
        }
    }

    /// A document that the gate did not sense but the decoders read was there all the same.
    fn sense(&mut self, now: Instant, at: usize, presentation: PresentationNo) {
        if self.cameras[at].watch.attempt.is_none() {
            self.cameras[at].watch.begin_try(now);
            self.tell(Event::Sensed { presentation });
        }
    }

    fn filmed(&mut self, at: usize, presentation: PresentationNo, reading: Reading) {
        let status = self.serials.len() + at;
        self.status[status].good_reads += 1;
        self.taken(presentation, reading, None);
    }

    /// Ends a try that has lasted too long.
    pub(super) fn end_try(&mut self, now: Instant, at: usize) {
        let limit = self.try_limit;
        if self.cameras[at].watch.attempt.as_ref().is_none_or(|attempt| now < attempt.since + limit) {
            return;
        }
        let best = self.cameras[at].watch.fail_try(now);
        let status = self.serials.len() + at;
        self.status[status].failed_reads += 1;
        let Some(presentation) = self.armed.as_ref().map(|arming| arming.presentation) else { return };
        let failure = match best {
            Some(NotRead { reason, advice, guess, .. }) => Failure { reason, advice, guess },
            None => Failure { reason: Reason::NoZone, advice: Some(Advice::TurnOver), guess: None },
        };
        self.failed(presentation, failure);
    }

    pub(in crate::reader) fn decoder_failed(&mut self, at: usize, decoder: Decoder, how: DecoderFailure) {
        let Some(device) = self.cameras.get(at).map(|camera| camera.id.clone()) else { return };
        tracing::error!(device = device.0, decoder = decoder.name(), ?how, "a decoder failed; its picture is lost");
        self.tell(Event::DecoderFailed { device, decoder, how });
    }

    /// Tells how a camera's self-test has ended: by what is known of it, and of the picture that was waited for.
    pub(super) fn camera_tested(&mut self, now: Instant, at: usize) {
        let waited_since = self.cameras[at].testing.take();
        let (camera, status) = (&self.cameras[at], &self.status[self.serials.len() + at]);
        let waited = waited_since.map(|since| now.saturating_duration_since(since));
        let millis = waited.map_or(0, |waited| u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        let fresh = camera.watch.seen.filter(|(when, _)| {
            waited_since.map_or(now.saturating_duration_since(*when) < FRESH, |since| *when > since)
        });
        let timed = waited.map_or_else(String::new, |_| format!(", the next after {millis} ms"));
        let (passed, detail) = match (status.fault, fresh) {
            (Some(Fault::Black), _) => {
                (false, "the picture is black: take off what covers the lens, and look at the lamp".to_owned())
            }
            (Some(Fault::Unsupported), _) => {
                (false, "the camera offers no format that can be used; `kiosk-app devices` says what it has".to_owned())
            }
            (Some(Fault::Slow), Some(_)) => (
                false,
                "fewer than three pictures a second arrive: give it light, and a USB port of its own".to_owned(),
            ),
            (Some(Fault::WrongSize), Some(_)) => (
                false,
                "pictures of another size than was set arrive: unplug the camera and plug it in again".to_owned(),
            ),
            (_, Some((_, seen))) => {
                (true, format!("pictures arrive{timed}, {}, brightness {} of 255", status.facts, seen.brightness))
            }
            (_, None) => (false, "no pictures: check the camera's cable and its node in kiosk.toml".to_owned()),
        };
        let device = camera.id.clone();
        self.tell(Event::SelfTest { device, report: SelfTestReport { passed, detail, millis } });
    }
}
