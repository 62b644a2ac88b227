//! The rows of a specimen's zone (ICAO 9303 parts 3 to 7), written here and not by the product that is tested on them.

use super::{Holder, Kind};

/// Ten characters an inch (ICAO 9303-3 §4.4), in millimetres.
pub(super) const PITCH: f32 = 2.54;

/// A field of a zone and its width.
pub type Field<'a> = (&'a str, usize);

/// ICAO 9303-3 §4.9: weights 7, 3, 1, letters from 10, fillers 0, modulo 10.
#[must_use]
pub fn check_digit(text: &str) -> char {
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    let sum: u32 = text.chars().zip([7, 3, 1].into_iter().cycle()).map(|(c, w)| value(c) * w).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

/// Fields side by side, each filled or cut to its width.
pub(super) fn row(fields: &[Field<'_>]) -> String {
    fields.iter().map(|(text, width)| format!("{text:<<width$.width$}")).collect()
}

/// A holder's rows in a document.
#[must_use]
pub fn lines(kind: Kind, holder: &Holder) -> Vec<String> {
    let with_digit = |text: String| {
        let digit = check_digit(&text);
        text + &digit.to_string()
    };
    let name = format!("{}<<{}", holder.surname, holder.given).replace([' ', '-'], "<").replace('\'', "");
    let number = with_digit(row(&[(&holder.number, 9)]));
    let (birth, expiry) = (with_digit(holder.birth.clone()), with_digit(holder.expiry.clone()));
    let sex = holder.sex.to_string();
    let (code, issuer) = (holder.code(kind), holder.issuer(kind));
    match kind {
        Kind::Card | Kind::ResidentCard | Kind::EmploymentCard => {
            let first = row(&[(code, 2), (issuer, 3), (&number, 10), (&holder.optional, 15)]);
            let second = row(&[(&birth, 7), (&sex, 1), (&expiry, 7), (&holder.nationality, 3), ("", 11)]);
            let composite = check_digit(&(first[5..].to_owned() + &second[..7] + &second[8..15] + &second[18..]));
            vec![first, second + &composite.to_string(), row(&[(&name, 30)])]
        }
        Kind::LargeCard | Kind::Passport => {
            let width = if kind == Kind::Passport { 44 } else { 36 };
            let first = row(&[(code, 2), (issuer, 3), (&name, width - 5)]);
            let mut second = row(&[(&number, 10), (&holder.nationality, 3), (&birth, 7), (&sex, 1), (&expiry, 7)]);
            if kind == Kind::Passport {
                second += &with_digit(row(&[(&holder.optional, 14)]));
            } else {
                second += &row(&[(&holder.optional, 7)]);
            }
            let composite = check_digit(&(second[..10].to_owned() + &second[13..20] + &second[21..]));
            vec![first, second + &composite.to_string()]
        }
        Kind::VisaA | Kind::VisaB => {
            let width = if kind == Kind::VisaA { 44 } else { 36 };
            let first = row(&[(code, 2), (issuer, 3), (&name, width - 5)]);
            let second = [
                (number.as_str(), 10),
                (&holder.nationality, 3),
                (&birth, 7),
                (&sex, 1),
                (&expiry, 7),
                (&holder.optional, width - 28),
            ];
            vec![first, row(&second)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passport_of_part_4_is_written_again() {
        let holder = Holder {
            surname: "ERIKSSON".into(),
            given: "ANNA MARIA".into(),
            number: "L898902C3".into(),
            nationality: "UTO".into(),
            birth: "740812".into(),
            sex: 'F',
            expiry: "120415".into(),
            optional: "ZE184226B".into(),
        };
        // ICAO 9303-4 appendix B.
        let expected = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
        assert_eq!(lines(Kind::Passport, &holder), expected);
    }

    #[test]
    fn rows_have_their_widths() {
        for kind in Kind::ALL {
            for seed in 0..50 {
                let rows = lines(kind, &Holder::made_up(kind, seed));
                let width = match kind {
                    Kind::Passport | Kind::VisaA => 44,
                    Kind::LargeCard | Kind::VisaB => 36,
                    _ => 30,
                };
                assert!(rows.iter().all(|r| r.len() == width), "{kind:?} {rows:?}");
                assert!(
                    rows.iter().all(|r| r.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<'))
                );
            }
        }
    }
}
