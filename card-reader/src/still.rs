//! One picture, read for everything that is on it: the zone, the barcodes, and the document that they make.

use crate::barcode::{self, Barcode, Effort};
use crate::date::Date;
use crate::document::Document;
use crate::fusion::Fusion;
use crate::mrz::{self, Mrz};
use crate::ocr::{self, LumaImage, MrzReading, NotRead, Reason, Stages};
use crate::profiles::{Deviation, Profiles};
use crate::seal::TrustStore;

/// What was found on one picture.
pub struct Still {
    /// The best accepted zone, and what it says.
    pub zone: Result<(MrzReading, Mrz), NotRead>,
    pub barcodes: Vec<Barcode>,
    /// The zone's document; without a zone that of a barcode which stands for a document.
    pub document: Option<Document>,
    /// Known departures of the zone's issuer.
    pub deviations: Vec<Deviation>,
}

impl Still {
    /// A zone was accepted, or a barcode decoded.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.zone.is_ok() || !self.barcodes.is_empty()
    }

    /// What barcodes and seals say, held against the zone.
    #[must_use]
    pub fn others(&self, profiles: &Profiles, trust: &TrustStore, today: Date) -> Fusion {
        let zone = self.zone.as_ref().ok().map(|(_, mrz)| mrz).zip(self.document.as_ref());
        Fusion::of(zone, &self.barcodes, profiles, trust, today)
    }
}

/// Reads a picture. Pure: `today` decides the century of a birth date.
#[must_use]
pub fn read(picture: &LumaImage, profiles: &Profiles, today: Date) -> Still {
    with_zone(picture, parsed(ocr::read(picture), today), profiles)
}

/// [`read`], the stages of reading the zone watched.
#[must_use]
pub fn read_with(picture: &LumaImage, profiles: &Profiles, today: Date, stages: &mut dyn Stages) -> Still {
    with_zone(picture, parsed(ocr::read_with(picture, stages), today), profiles)
}

/// What the rows of an accepted zone say.
///
/// # Errors
/// The zone was not read; or no zone has such rows, though accepted rows have the shape of one.
pub fn parsed(zone: Result<MrzReading, NotRead>, today: Date) -> Result<(MrzReading, Mrz), NotRead> {
    zone.and_then(|reading| match mrz::parse_lines(reading.lines.clone(), today) {
        Ok(mrz) => Ok((reading, mrz)),
        // Accepted rows have the shape of a zone; rows that no zone could have are none.
        Err(_) => Err(NotRead::because(Reason::NotMrzText, None)),
    })
}

/// The rest of a picture whose zone was looked for: barcodes, and the document.
#[must_use]
pub fn with_zone(picture: &LumaImage, zone: Result<(MrzReading, Mrz), NotRead>, profiles: &Profiles) -> Still {
    // Beside a zone that was read a barcode is a second witness; without one it may be all there is.
    let barcodes = barcode::read(picture, if zone.is_ok() { Effort::Frame } else { Effort::Still });
    let document = match &zone {
        Ok((_, mrz)) => Some(mrz.document(profiles)),
        Err(_) => barcodes.iter().find_map(Barcode::licence).map(|licence| licence.document(profiles)),
    };
    let deviations = zone.as_ref().map(|(_, mrz)| profiles.deviations(mrz)).unwrap_or_default();
    Still { zone, barcodes, document, deviations }
}
