//! Known ways in which issuers depart from ICAO 9303, by name. A deviation changes no verdict: it explains one.

use super::{Check, CheckField, Format, Mrz, Verdict};
use crate::date::TwoDigitDate;

/// A row of the table. A zone shows the deviation if issuer and layout fit and `shows` says so.
struct Known {
    name: &'static str,
    /// `None`: met with several issuers.
    issuer: Option<&'static str>,
    /// `None`: in every layout.
    format: Option<Format>,
    shows: fn(&Mrz) -> bool,
}

const PERSONAL_NUMBER_DIGIT_FILLER: &str = "personal_number_digit_filler";

const TABLE: &[Known] = &[
    // ICAO 9303-4 allows `<` in position 43 only when the personal number is all fillers.
    Known {
        name: PERSONAL_NUMBER_DIGIT_FILLER,
        issuer: None,
        format: Some(Format::Td3),
        shows: |mrz| {
            check(mrz, CheckField::PersonalNumber).is_some_and(|c| c.printed == '<' && c.verdict == Verdict::Disagrees)
        },
    },
    // `X` belongs in the visual zone only (ICAO 9303-5 §4.2.2 note f).
    Known { name: "sex_x", issuer: None, format: None, shows: |mrz| mrz.fields.sex == Some(crate::document::Sex::X) },
    // ICAO 9303-3 §4.8 lets parts of a birth date be unknown; an expiry date of fillers is the issuer's own.
    Known {
        name: "no_expiry_date",
        issuer: None,
        format: None,
        shows: |mrz| mrz.fields.expiry_date_raw.as_ref().is_some_and(|raw| raw.expose(|t| t == "<<<<<<")),
    },
    // A date that cannot be one, whatever its digit says: the date is given as absent.
    Known {
        name: "birth_date_impossible",
        issuer: None,
        format: None,
        shows: |mrz| mrz.fields.birth_date_raw.expose(|t| TwoDigitDate::parse(t).is_none()),
    },
    Known {
        name: "expiry_date_impossible",
        issuer: None,
        format: None,
        shows: |mrz| {
            mrz.fields.expiry_date_raw.as_ref().is_some_and(|raw| raw.expose(|t| TwoDigitDate::parse(t).is_none()))
        },
    },
    // The layout of the French card before 2021 is no ICAO layout at all.
    Known { name: "fr_id_layout", issuer: Some("FRA"), format: Some(Format::FrId), shows: |_| true },
];

fn check(mrz: &Mrz, field: CheckField) -> Option<&Check> {
    mrz.checks.iter().find(|c| c.field == field)
}

/// Names of the deviations that `mrz` shows.
pub(super) fn of(mrz: &Mrz) -> Vec<&'static str> {
    TABLE
        .iter()
        .filter(|known| known.format.is_none_or(|f| f == mrz.format))
        .filter(|known| known.issuer.is_none_or(|i| i == mrz.fields.issuer))
        .filter(|known| (known.shows)(mrz))
        .map(|known| known.name)
        .collect()
}

/// Whether every digit is `ok` or absent, or a named deviation accounts for it.
///
/// A `<` for the personal number's digit is accounted for only while the composite, which runs over the same
/// characters and over that position, agrees.
#[must_use]
pub fn all_agree_or_covered(checks: &[Check], deviations: &[&str]) -> bool {
    let composite_ok = checks.iter().any(|c| c.field == CheckField::Composite && c.verdict == Verdict::Ok);
    checks.iter().all(|c| match (c.verdict, c.field) {
        (Verdict::Ok | Verdict::Absent, _) => true,
        (Verdict::Disagrees, CheckField::PersonalNumber) => {
            composite_ok && c.printed == '<' && deviations.contains(&PERSONAL_NUMBER_DIGIT_FILLER)
        }
        (Verdict::Disagrees, _) => false,
    })
}
