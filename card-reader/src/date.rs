//! Calendar dates as documents print them: possibly without a day, a month or a century.

use verification_api::personal::PersonalText;

/// A day of the Gregorian calendar. "Today" enters the century rule as an argument of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// `None` if there is no such day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month) {
            Some(Self { year, month, day })
        } else {
            None
        }
    }

    /// The UTC day that holds `seconds` since 1970-01-01 (the proleptic Gregorian day count, after Fliegel).
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        let shifted = seconds / 86_400 + 719_468; // days since 0000-03-01
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { year: year as u16, month: month as u8, day: day as u8 }
    }

    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A date of which parts may be unknown (ICAO 9303-3 §4.8). Never all digits and impossible: such text is no date.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    pub year: Option<u16>,
    pub month: Option<u8>,
    pub day: Option<u8>,
}

/// What the six characters of a zone's date say before a century is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TwoDigitDate {
    pub year: Option<u8>,
    pub month: Option<u8>,
    pub day: Option<u8>,
}

impl TwoDigitDate {
    /// `YYMMDD`, each pair digits or `<<`. `None` if it is neither (also month 13, day 32).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pair = |at: usize| -> Option<Option<u8>> {
            match text.as_bytes().get(at..at + 2)? {
                b"<<" => Some(None),
                [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(Some((tens - b'0') * 10 + ones - b'0')),
                _ => None,
            }
        };
        let date = Self { year: pair(0)?, month: pair(2)?, day: pair(4)? };
        // A leap year lets 29 February pass until the century is known.
        let possible = Date::new(2000, date.month.unwrap_or(1), date.day.unwrap_or(1)).is_some();
        (text.len() == 6 && possible).then_some(date)
    }

    /// With the years of `century` (1900, 2000); `None` for 29 February of a year that has none.
    fn in_century(self, century: u16) -> Option<PartialDate> {
        let date = PartialDate { year: self.year.map(|y| century + u16::from(y)), month: self.month, day: self.day };
        date.earliest().map(|_| date)
    }

    /// Birth: the latest century that is not in the future. ICAO sets no century rule; this one is ours.
    #[must_use]
    pub fn as_birth(self, today: Date) -> Option<PartialDate> {
        self.birth_candidates(today).first().copied()
    }

    /// Every birth date the text may mean for a person of at most 120 years, the latest first: a 104-year-old
    /// reads as 4. For an officer to see; admission is never decided on it.
    #[must_use]
    pub fn birth_candidates(self, today: Date) -> Vec<PartialDate> {
        if self.year.is_none() {
            return self.in_century(2000).into_iter().collect();
        }
        [2000, 1900]
            .into_iter()
            .filter_map(|century| self.in_century(century))
            .filter(|date| date.earliest().is_some_and(|first| first <= today))
            .filter(|date| date.year.is_some_and(|year| year + 120 >= today.year() || year >= 2000))
            .collect()
    }

    /// Expiry: this century.
    #[must_use]
    pub fn as_expiry(self) -> Option<PartialDate> {
        self.in_century(2000)
    }
}

impl PartialDate {
    /// The first day that it may mean; `None` if there is no such day.
    #[must_use]
    pub fn earliest(self) -> Option<Date> {
        Date::new(self.year.unwrap_or(2000), self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    /// `1974-05-02`, unknown parts as `--` (`1974-05---`), an unknown year as `----`.
    #[must_use]
    pub fn iso(self) -> PersonalText {
        use std::fmt::Write;
        let mut text = String::with_capacity(10);
        // Writing to a String does not fail.
        let _ = match self.year {
            Some(year) => write!(text, "{year:04}"),
            None => text.write_str("----"),
        };
        for part in [self.month, self.day] {
            let _ = match part {
                Some(part) => write!(text, "-{part:02}"),
                None => text.write_str("---"),
            };
        }
        PersonalText::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, TwoDigitDate};

    fn today() -> Date {
        Date::new(2026, 11, 25).unwrap()
    }

    fn birth(text: &str) -> Option<String> {
        TwoDigitDate::parse(text)?.as_birth(today()).map(|d| d.iso().expose(str::to_owned))
    }

    #[test]
    fn a_birth_is_never_in_the_future() {
        assert_eq!(birth("740812").as_deref(), Some("1974-08-12"));
        assert_eq!(birth("261125").as_deref(), Some("2026-11-25"));
        assert_eq!(birth("261126").as_deref(), Some("1926-11-26"));
        assert_eq!(birth("000229").as_deref(), Some("2000-02-29"));
    }

    #[test]
    fn unknown_parts_are_dashes() {
        assert_eq!(birth("7408<<").as_deref(), Some("1974-08---"));
        assert_eq!(birth("74<<<<").as_deref(), Some("1974------"));
        assert_eq!(birth("<<<<<<").as_deref(), Some("----------"));
        assert_eq!(birth("<<0812").as_deref(), Some("-----08-12"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["741312", "740832", "740B12", "74081", "7408123", "7<0812", "740230"] {
            assert_eq!(birth(text), None, "{text}");
        }
    }

    #[test]
    fn a_very_old_person_is_a_candidate() {
        let both = TwoDigitDate::parse("220101").unwrap().birth_candidates(today());
        assert_eq!(both.iter().map(|d| d.year).collect::<Vec<_>>(), [Some(2022), Some(1922)]);
        let one = TwoDigitDate::parse("030101").unwrap().birth_candidates(today());
        assert_eq!(one.iter().map(|d| d.year).collect::<Vec<_>>(), [Some(2003)]);
    }

    #[test]
    fn seconds_become_days() {
        assert_eq!(Date::from_unix_seconds(0), Date::new(1970, 1, 1).unwrap());
        assert_eq!(Date::from_unix_seconds(951_782_400), Date::new(2000, 2, 29).unwrap());
        assert_eq!(Date::from_unix_seconds(1_795_564_799), Date::new(2026, 11, 24).unwrap());
        assert_eq!(Date::from_unix_seconds(1_795_564_800), today());
    }
}
