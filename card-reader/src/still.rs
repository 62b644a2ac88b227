//! One picture, read for everything that is on it: the zone, the barcodes, and the document that they make.

use crate::barcode::{self, Barcode, Effort};
use crate::date::Date;
use crate::document::Document;
use crate::mrz::{self, Mrz};
use crate::ocr::{self, LumaImage, MrzReading, NotRead, Reason, Stages};
use crate::profiles::Profiles;

/// What was found on one picture.
pub struct Still {
    /// The best accepted zone, and what it says.
    pub zone: Result<(MrzReading, Mrz), NotRead>,
    pub barcodes: Vec<Barcode>,
    /// The zone's document; without a zone that of a barcode which stands for a document.
    pub document: Option<Document>,
}

impl Still {
    /// A zone was accepted, or a barcode decoded.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.zone.is_ok() || !self.barcodes.is_empty()
    }
}

/// Reads a picture. Pure: `today` decides the century of a birth date.
#[must_use]
pub fn read(picture: &LumaImage, profiles: &Profiles, today: Date) -> Still {
    finish(picture, ocr::read(picture), profiles, today)
}

/// [`read`], the stages of reading the zone watched.
#[must_use]
pub fn read_with(picture: &LumaImage, profiles: &Profiles, today: Date, stages: &mut dyn Stages) -> Still {
    finish(picture, ocr::read_with(picture, stages), profiles, today)
}

fn finish(picture: &LumaImage, zone: Result<MrzReading, NotRead>, profiles: &Profiles, today: Date) -> Still {
    let zone = zone.and_then(|reading| match mrz::parse_lines(reading.lines.clone(), today) {
        Ok(mrz) => Ok((reading, mrz)),
        // Accepted rows have the shape of a zone; rows that no zone could have are none.
        Err(_) => Err(NotRead::because(Reason::NotMrzText, None)),
    });
    // Beside a zone that was read a barcode is a second witness; without one it may be all there is.
    let barcodes = barcode::read(picture, if zone.is_ok() { Effort::Frame } else { Effort::Still });
    let document = match &zone {
        Ok((_, mrz)) => Some(mrz.document(profiles)),
        Err(_) => barcodes.iter().find_map(Barcode::licence).map(|licence| licence.document(profiles)),
    };
    Still { zone, barcodes, document }
}
