//! From what a device delivers to a [`Reading`] that may be taken, or to a failed try.

use super::{Source, ZoneReading};
use crate::date::Date;
use crate::mrz::{self, Lines, Mrz};
use crate::ocr::{Advice, Guess, Point, Reason};
use crate::profiles;

/// A try that failed, as [`super::Event::Failed`] tells it.
pub(super) struct Failure {
    pub reason: Reason,
    pub advice: Option<Advice>,
    pub guess: Option<Guess>,
}

/// A serial reader gives no confidence, so its zone is taken only if every check digit agrees or a named deviation
/// accounts for it.
pub(super) fn serial_zone(raw: &[u8], today: Date) -> Result<ZoneReading, Failure> {
    let wrong = |reason, guess| Failure { reason, advice: Some(Advice::WholeCard), guess };
    let lines = mrz::normalise(raw).map_err(|_| wrong(Reason::NotMrzText, None))?;
    let zone = mrz::parse_lines(lines.clone(), today).map_err(|_| wrong(Reason::NotMrzText, None))?;
    if !mrz::all_agree_or_covered(&zone.checks, &zone.deviations) {
        return Err(wrong(Reason::LowConfidence, Some(guess(lines))));
    }
    Ok(zone_reading(zone, Source::Serial))
}

/// For an officer's eyes. There was no picture, so no place in it.
fn guess(lines: Lines) -> Guess {
    Guess { lines, characters: Vec::new(), quad: [Point { x: 0.0, y: 0.0 }; 4] }
}

/// A zone whose characters are certain, with what they mean.
pub(super) fn zone_reading(zone: Mrz, source: Source) -> ZoneReading {
    let document = zone.document(profiles::builtin());
    ZoneReading {
        source,
        format: zone.format,
        lines: zone.lines,
        checks: zone.checks,
        deviations: zone.deviations,
        document,
        characters: Vec::new(),
        quad: None,
        barcode_agrees: None,
    }
}
