//! What comes after the read: the barcode, the seal or the zone of the same presentation that was decoded a moment later.
//! The traveler does not wait for it, and it decides nothing by itself; but what was read is held against it, and the
//! visit is told.
//!
//! It is awaited while the document still lies before the device that would read it, until somebody disarms.

use super::{Core, Do};
use crate::barcode::{Barcode, Kind};
use crate::date::Date;
use crate::mrz::Lines;
use crate::ocr::{MrzReading, NotRead};
use crate::reader::{Accept, Event, PresentationNo, Reading, judge};
use crate::serial::{Content, SerialCommand, Verdict};
use zeroize::Zeroizing;

/// The document that was taken, for comparing with what comes late.
pub(super) struct Taken {
    /// Rows of its zone, once they are known.
    zone: Option<Lines>,
}

impl Taken {
    pub(super) fn of(reading: &Reading) -> Option<Self> {
        match reading {
            Reading::Zone(zone) => Some(Self { zone: Some(zone.lines.clone()) }),
            Reading::Barcode(_) => Some(Self { zone: None }),
            Reading::BackupCode(_) | Reading::Staff(_) => None,
        }
    }
}

impl Core {
    /// Whether the document of this presentation was taken, and what else it says still counts.
    pub(super) fn awaits_witnesses(&self, presentation: PresentationNo) -> bool {
        self.armed.as_ref().is_some_and(|arming| arming.presentation == presentation && arming.document.is_some())
    }

    /// Whether a zone would still say something new.
    pub(super) fn awaits_zone(&self) -> bool {
        let document = self.armed.as_ref().and_then(|arming| arming.document.as_ref());
        document.is_some_and(|document| document.zone.is_none())
    }

    /// After a document was taken: a reader of codes goes on looking for the others of the same document, and any reader
    /// for its zone if it was a licence's barcode. `by` read it. The others rest.
    pub(super) fn go_on(&mut self, by: Option<usize>, presentation: PresentationNo) {
        let (codes, zone) = (self.awaits_witnesses(presentation), self.awaits_zone());
        for (at, serial) in self.serials.iter_mut().enumerate() {
            serial.waiting = false;
            if !serial.ready {
                continue;
            }
            let wanted = !serial.moves_cards && ((codes && serial.reads_codes) || zone);
            if by == Some(at) || serial.moves_cards {
                self.out.push(Do::Serial(at, SerialCommand::Verdict(Verdict::Good)));
            } else if !wanted {
                self.out.push(Do::Serial(at, SerialCommand::Disarm));
            }
            if by == Some(at) && wanted {
                self.out.push(Do::Serial(at, SerialCommand::Arm(presentation)));
            }
        }
    }

    /// A late read of a serial reader; what it is worth.
    pub(super) fn late_read(&mut self, raw: Zeroizing<Vec<u8>>, content: Content, today: Date) -> Verdict {
        let told = match content {
            Content::Zone if self.awaits_zone() => {
                // A reader that gives no confidence may have misread a zone whose digits disagree: it is no witness.
                let zone = judge::serial_zone(&raw, &[], today).ok().map(|zone| zone.lines);
                zone.is_some_and(|lines| self.late_zone(lines, today))
            }
            Content::Zone => false,
            Content::Barcode(symbology) => self.late_codes(&[super::serial::barcode(raw, symbology)], today),
        };
        // One a device: it need not light its lamp any longer.
        if told { Verdict::Good } else { Verdict::Ignore }
    }

    /// What a camera found late.
    pub(super) fn late_picture(
        &mut self,
        at: usize,
        zone: Option<Result<MrzReading, NotRead>>,
        barcodes: &[Barcode],
        today: Date,
    ) {
        if !self.cameras[at].watch.witnesses {
            return;
        }
        if let Some(zone) = zone.filter(|_| self.awaits_zone())
            && let Ok(zone) = self.cameras[at].watch.tracker.take(zone)
        {
            self.late_zone(zone.lines, today);
        }
        self.late_codes(barcodes, today);
    }

    fn late_zone(&mut self, lines: Lines, today: Date) -> bool {
        if let Some(document) = self.armed.as_mut().and_then(|arming| arming.document.as_mut()) {
            document.zone = Some(lines);
        }
        self.tell_witnesses(today)
    }

    /// Whether any of them says something new.
    fn late_codes(&mut self, barcodes: &[Barcode], today: Date) -> bool {
        let Some(arming) = self.armed.as_mut() else { return false };
        let speaks = |code: &&Barcode| !matches!(code.kind, Kind::Other | Kind::BackupCode | Kind::Technician);
        // Each is kept, whether or not one before it was new.
        let new = barcodes.iter().filter(speaks).filter(|code| arming.keep(code)).count();
        new > 0 && self.tell_witnesses(today)
    }

    fn tell_witnesses(&mut self, today: Date) -> bool {
        let Some(arming) = self.armed.as_ref() else { return false };
        let Some(document) = &arming.document else { return false };
        let fusion = judge::fused(document.zone.as_ref(), &arming.codes, today);
        let presentation = arming.presentation;
        self.tell(Event::Witness { presentation, fusion });
        true
    }

    /// The document has gone from a serial reader: what lies there next is another one.
    pub(super) fn gone_from(&mut self, at: usize, presentation: PresentationNo) {
        if self.awaits_witnesses(presentation) && self.serials[at].ready {
            self.out.push(Do::Serial(at, SerialCommand::Disarm));
        }
    }

    pub(super) fn reads_documents(&self, presentation: PresentationNo) -> bool {
        let armed = self.armed.as_ref();
        armed.is_some_and(|arming| arming.presentation == presentation && arming.accept == Accept::Documents)
    }
}
