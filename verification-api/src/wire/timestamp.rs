//! RFC 3339 UTC with milliseconds, always 24 characters: `2026-11-25T20:04:05.006Z`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// An instant in whole milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// A text that is not of this form, or a time outside the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time must look like 2026-11-25T20:04:05.006Z")]
pub struct NotATimestamp;

impl Timestamp {
    /// 1970-01-01.
    pub const EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// The same instant, cut to milliseconds.
    ///
    /// # Errors
    /// [`NotATimestamp`] outside the years that can be written.
    pub fn new(instant: OffsetDateTime) -> Result<Self, NotATimestamp> {
        let utc = instant.to_offset(UtcOffset::UTC);
        if !(1..=9999).contains(&utc.year()) {
            return Err(NotATimestamp);
        }
        utc.replace_millisecond(utc.millisecond()).map(Self).map_err(|_| NotATimestamp)
    }

    /// From milliseconds since 1970.
    ///
    /// # Errors
    /// [`NotATimestamp`] outside the years that can be written.
    pub fn from_unix_millis(millis: i64) -> Result<Self, NotATimestamp> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .map_err(|_| NotATimestamp)
            .and_then(Self::new)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        // Years 1 to 9999 are far inside an i64 of milliseconds.
        i64::try_from(self.0.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }

    /// # Errors
    /// [`NotATimestamp`] unless the text has exactly this form.
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        if text.len() != 24 {
            return Err(NotATimestamp);
        }
        PrimitiveDateTime::parse(text, FORMAT).map(|t| Self(t.assume_utc())).map_err(|_| NotATimestamp)
    }

    #[must_use]
    pub const fn instant(self) -> OffsetDateTime {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(FORMAT).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_time_has_24_characters_and_reads_back() {
        let t = Timestamp::from_unix_millis(1_764_100_000_006).unwrap();
        assert_eq!(t.to_string(), "2025-11-25T19:46:40.006Z");
        assert_eq!(Timestamp::parse(&t.to_string()).map(Timestamp::unix_millis), Ok(1_764_100_000_006));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in ["2025-11-25T19:46:40Z", "2025-11-25T19:46:40.006+00:00", "2025-13-25T19:46:40.006Z", ""] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
