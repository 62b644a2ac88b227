//! Invitations: the code in a letter that lets its receiver make an account, or set a new password for one.

use crate::random::{self, NoRandom, Random};
use aws_lc_rs::digest;
use std::ops::RangeInclusive;
use verification_api::backup_code::{ALPHABET, typed_symbol};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Symbols, five bits each: 100 bits, so that a plain hash is enough at rest.
const SYMBOLS: usize = 20;
/// Tries with a wrong birth date (or roll number) that end an invitation.
pub const MAX_TRIES: u32 = 5;

/// `XXXX-XXXX-XXXX-XXXX-XXXX`, Crockford's alphabet.
pub struct InvitationCode(PersonalText);

impl InvitationCode {
    /// # Errors
    /// [`NoRandom`].
    pub fn generate(random: &dyn Random) -> Result<Self, NoRandom> {
        let bytes = Zeroizing::new(random::bytes::<SYMBOLS>(random)?);
        // 256 is a multiple of 32: every symbol is as likely.
        Ok(Self(PersonalText::new(
            bytes.iter().filter_map(|b| ALPHABET.get(usize::from(b % 32))).map(|s| char::from(*s)).collect(),
        )))
    }

    /// What a person typed: case, blanks and dashes ignored; i and l are 1, o is 0.
    #[must_use]
    pub fn parse(typed: &PersonalText) -> Option<Self> {
        let mut symbols = PersonalText::default();
        let all_known = typed.expose(|typed| {
            typed.chars().filter(|c| !c.is_whitespace() && *c != '-').all(|c| match typed_symbol(c) {
                Some(symbol) if symbols.chars() < SYMBOLS + 1 => {
                    symbols.push(symbol);
                    true
                }
                _ => false,
            })
        });
        (all_known && symbols.chars() == SYMBOLS).then_some(Self(symbols))
    }

    /// As printed in the letter.
    #[must_use]
    pub fn text(&self) -> PersonalText {
        let mut out = PersonalText::default();
        self.0.expose(|symbols| {
            for (at, symbol) in symbols.chars().enumerate() {
                if at > 0 && at % 4 == 0 {
                    out.push('-');
                }
                out.push(symbol);
            }
        });
        out
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut out = [0; 32];
        self.0.expose(|text| out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()));
        out
    }
}

/// A birth date typed in three fields.
pub enum BirthDate {
    /// In the form of records: `1974-05-02`, unknown parts as dashes.
    Known(PersonalText),
    /// Nothing was typed.
    Empty,
    /// What no birth date is: the field, and the message that says what is wrong with it.
    Impossible { field: &'static str, message: &'static str },
}

impl BirthDate {
    #[must_use]
    pub fn read(year: &PersonalText, month: &PersonalText, day: &PersonalText) -> Self {
        if [year, month, day].into_iter().all(PersonalText::is_empty) {
            return Self::Empty;
        }
        let parts = [
            part(year, 4..=4, 1..=9999).ok_or(("birth-year", "birth-year-form")),
            part(month, 1..=2, 1..=12).ok_or(("birth-month", "birth-month-form")),
            part(day, 1..=2, 1..=31).ok_or(("birth-day", "birth-day-form")),
        ];
        let [Ok(year), Ok(month), Ok(day)] = parts else {
            let (field, message) = parts.into_iter().find_map(Result::err).unwrap_or(("birth-day", "birth-day-form"));
            return Self::Impossible { field, message };
        };
        // Of an unknown month or year the longest that it may be.
        let longest = match (month.unwrap_or(1), year.unwrap_or(2000)) {
            (4 | 6 | 9 | 11, _) => 30,
            (2, year) if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            (2, _) => 28,
            _ => 31,
        };
        if day.is_some_and(|day| day > longest) {
            return Self::Impossible { field: "birth-day", message: "birth-day-not-in-month" };
        }
        let text = |part: Option<u32>, width: usize| match part {
            Some(part) => Zeroizing::new(format!("{part:0>width$}")),
            None => Zeroizing::new("-".repeat(width)),
        };
        Self::Known(PersonalText::new(format!("{}-{}-{}", *text(year, 4), *text(month, 2), *text(day, 2))))
    }

    /// Of a record that has none.
    #[must_use]
    pub fn none() -> PersonalText {
        PersonalText::from("----------")
    }
}

/// A part of a date that is empty, or digits of this many and this value.
fn part(typed: &PersonalText, digits: RangeInclusive<usize>, values: RangeInclusive<u32>) -> Option<Option<u32>> {
    typed.expose(|typed| {
        if typed.is_empty() {
            return Some(None);
        }
        let known = digits.contains(&typed.len()) && typed.bytes().all(|b| b.is_ascii_digit());
        typed.parse().ok().filter(|value| known && values.contains(value)).map(Some)
    })
}

#[cfg(test)]
mod tests {
    use super::{BirthDate, InvitationCode};
    use crate::random::SystemRandomness;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        let code = InvitationCode::generate(&SystemRandomness::new()).unwrap();
        let shown = code.text().expose(ToOwned::to_owned);
        assert_eq!(shown.len(), 24);
        for typed in
            [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "").replace('1', "l")]
        {
            assert_eq!(InvitationCode::parse(&typed.as_str().into()).unwrap().hash(), code.hash(), "{typed}");
        }
        for wrong in ["", "ABCD", "ABCD-EFGH-JKMN-PQRS-TVWU", "ABCD-EFGH-JKMN-PQRS-TVWX-Y"] {
            assert!(InvitationCode::parse(&wrong.into()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn dates_have_the_form_of_records_and_what_is_no_date_is_told_by_its_field() {
        let date = |y: &str, m: &str, d: &str| match BirthDate::read(&y.into(), &m.into(), &d.into()) {
            BirthDate::Known(date) => date.expose(ToOwned::to_owned),
            BirthDate::Empty => "empty".to_owned(),
            BirthDate::Impossible { field, .. } => field.to_owned(),
        };
        assert_eq!(date("1974", "5", "2"), "1974-05-02");
        assert_eq!(date("1974", "5", ""), "1974-05---");
        assert_eq!(date("1974", "", ""), "1974------");
        assert_eq!(date("", "02", "29"), "-----02-29");
        assert_eq!(date("2000", "2", "29"), "2000-02-29");
        assert_eq!(date("", "", ""), "empty");
        assert!(BirthDate::none().expose(|none| none == "----------"));
        for (year, field) in
            [("74", "birth-year"), ("19745", "birth-year"), ("0000", "birth-year"), ("197O", "birth-year")]
        {
            assert_eq!(date(year, "5", "2"), field, "{year}");
        }
        for month in ["0", "13", "May", "005", "+5"] {
            assert_eq!(date("1974", month, "2"), "birth-month", "{month}");
        }
        for (month, day) in [("5", "0"), ("5", "32"), ("4", "31"), ("2", "29"), ("5", "2nd")] {
            assert_eq!(date("1974", month, day), "birth-day", "{month} {day}");
        }
        assert_eq!(date("1900", "2", "29"), "birth-day");
    }
}
