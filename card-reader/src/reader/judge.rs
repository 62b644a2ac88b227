//! From what a device delivers to a [`Reading`] that may be taken, or to a failed try.

use super::{BarcodeReading, Source, ZoneReading};
use crate::barcode::Barcode;
use crate::barcode::aamva::Licence;
use crate::date::Date;
use crate::fusion::{Comparison, Fusion};
use crate::mrz::{self, Lines, Mrz};
use crate::ocr::{Advice, Evidence, Guess, MrzReading, NotRead, Point, Reason};
use crate::profiles;
use crate::seal;
use verification_api::personal::PersonalText;

/// A try that failed, as [`super::Event::Failed`] tells it.
pub(super) struct Failure {
    pub reason: Reason,
    pub advice: Option<Advice>,
    pub guess: Option<Guess>,
}

/// A serial reader gives no confidence, so its zone is taken only if every check digit agrees or a named deviation
/// accounts for it.
/// `codes`: the barcodes that were read under the same presentation, by whichever device.
pub(super) fn serial_zone(raw: &[u8], codes: &[Barcode], today: Date) -> Result<ZoneReading, Failure> {
    let wrong = |reason, guess| Failure { reason, advice: Some(Advice::WholeCard), guess };
    let lines = mrz::normalise(raw).map_err(|_| wrong(Reason::NotMrzText, None))?;
    let zone = mrz::parse_lines(lines.clone(), today).map_err(|_| wrong(Reason::NotMrzText, None))?;
    let mut read = ZoneReading::of(zone.clone(), Source::Serial);
    if !profiles::all_agree_or_covered(&read.checks, &read.deviations) {
        return Err(wrong(Reason::LowConfidence, Some(guess(lines))));
    }
    compare(&mut read, &zone, codes, today);
    Ok(read)
}

/// What the codes of a document say, held against its zone where that is known. A filmed zone's characters are certain:
/// if its digits disagree, that is a disagreement as well.
pub(super) fn fused(zone: Option<&Lines>, codes: &[Barcode], today: Date) -> Fusion {
    let profiles = profiles::in_use();
    let zone = zone.and_then(|lines| mrz::parse_lines(lines.clone(), today).ok());
    let zone = zone.map(|zone| (zone.document(profiles), zone));
    let mut fusion = Fusion::of(
        zone.as_ref().map(|(document, zone)| (zone, document)),
        codes,
        profiles,
        seal::trust_in_use(),
        today,
    );
    if let Some((_, zone)) = &zone
        && !profiles::all_agree_or_covered(&zone.checks, &profiles.deviations(zone))
    {
        fusion.fields.push(Comparison { field: "check_digits", agrees: false });
    }
    fusion
}

fn compare(read: &mut ZoneReading, zone: &Mrz, codes: &[Barcode], today: Date) {
    read.fusion = Fusion::of(Some((zone, &read.document)), codes, profiles::in_use(), seal::trust_in_use(), today);
    read.barcode_agrees = read.fusion.agrees();
}

/// For an officer's eyes. There was no picture, so no place in it.
fn guess(lines: Lines) -> Guess {
    Guess { lines, characters: Vec::new(), quad: [Point { x: 0.0, y: 0.0 }; 4], evidence: Evidence::default() }
}

/// A zone filmed by the camera, with what the barcodes of the same presentation say of it. What its check digits say is
/// told, not judged: its characters are certain.
pub(super) fn filmed_zone(reading: MrzReading, barcodes: &[Barcode], today: Date) -> Result<ZoneReading, NotRead> {
    let MrzReading { lines, characters, quad, .. } = reading;
    match mrz::parse_lines(lines, today) {
        Ok(zone) => {
            let mut read = ZoneReading::of(zone.clone(), Source::Camera);
            read.characters = characters;
            read.quad = Some(quad);
            compare(&mut read, &zone, barcodes, today);
            Ok(read)
        }
        // Rows that no zone could have are none.
        Err(_) => Err(NotRead::because(Reason::NotMrzText, None)),
    }
}

/// A licence's barcode that stands for a document by itself. `codes`: what else was decoded under the same presentation.
pub(super) fn licence_reading(barcode: &Barcode, licence: &Licence, codes: &[Barcode], today: Date) -> BarcodeReading {
    let fusion = fused(None, codes, today);
    BarcodeReading {
        source: Source::Camera,
        document: licence.document(profiles::in_use()),
        whole: licence.whole(),
        others_agree: fusion.agrees(),
        fusion,
        // AAMVA text is ASCII or ISO 8859-1.
        payload: PersonalText::new(barcode.payload.iter().map(|byte| char::from(*byte)).collect()),
    }
}
