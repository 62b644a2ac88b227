//! Rows of a zone that arrive one message each, put together again.

use crate::serial::Content;
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// The next row must follow within this.
const JOIN: Duration = Duration::from_millis(300);

/// Rows waiting for the rest of their zone.
#[derive(Default)]
pub(super) struct Rows {
    held: Zeroizing<Vec<u8>>,
    count: usize,
    length: usize,
    until: Option<Instant>,
}

impl Rows {
    /// A message that is a zone or a part of one. Gives the zone once it is whole.
    pub(super) fn add(&mut self, now: Instant, message: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
        let rows = rows_of(&message);
        let [row] = rows.as_slice() else { return Some(self.with_held(message)) };
        if !matches!(row.len(), 30 | 36 | 44) {
            return Some(self.with_held(message));
        }
        if self.count > 0 && self.length != row.len() {
            self.clear();
        }
        // No zone has the same row twice in a row: a message sent again.
        if self.held.strip_suffix(b"\r").is_some_and(|held| held.ends_with(row)) {
            return None;
        }
        self.held.extend_from_slice(row);
        self.held.push(b'\r');
        self.count += 1;
        self.length = row.len();
        self.until = Some(now + JOIN);
        (self.count == if self.length == 30 { 3 } else { 2 }).then(|| self.take())
    }

    /// When what is held is all that will come.
    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// What came, whole or not.
    pub(super) fn take(&mut self) -> Zeroizing<Vec<u8>> {
        let held = std::mem::take(&mut self.held);
        self.clear();
        held
    }

    pub(super) fn clear(&mut self) {
        self.held.zeroize();
        self.count = 0;
        self.length = 0;
        self.until = None;
    }

    /// A message that does not continue what is held makes that worthless.
    fn with_held(&mut self, message: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
        self.clear();
        message
    }
}

fn rows_of(message: &[u8]) -> Vec<&[u8]> {
    message
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(|row| {
            let end = row.iter().rposition(|byte| *byte != b'_').map_or(0, |last| last + 1);
            &row[..end]
        })
        .filter(|row| !row.is_empty())
        .collect()
}

/// What data is whose device does not say: rows of a zone's alphabet and lengths (or, badly read, at least its fillers), or
/// else a barcode.
pub(super) fn classify(data: &[u8]) -> Content {
    let rows = rows_of(data);
    let whole = |row: &&[u8]| {
        matches!(row.len(), 30 | 36 | 44 | 72 | 88 | 90)
            && row.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'<'))
    };
    let poor = rows.iter().any(|row| row.windows(2).any(|pair| pair == b"<<"))
        && rows.iter().all(|row| row.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'<' | b'?' | b'_')));
    if poor || (!rows.is_empty() && rows.iter().all(whole)) { Content::Zone } else { Content::Barcode(None) }
}

#[cfg(test)]
mod tests {
    use super::{Rows, classify};
    use crate::clock::now;
    use crate::serial::Content;
    use std::time::Duration;
    use zeroize::Zeroizing;

    const FIRST: &[u8] = b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SECOND: &[u8] = b"L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn message(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(bytes.to_vec())
    }

    #[test]
    fn rows_that_come_one_by_one_are_one_zone_and_a_repeated_one_counts_once() {
        let start = now();
        let mut rows = Rows::default();
        assert!(rows.add(start, message(FIRST)).is_none());
        assert!(rows.add(start, message(FIRST)).is_none());
        assert_eq!(rows.until(), Some(start + Duration::from_millis(300)));
        let whole = rows.add(start, message(SECOND)).unwrap();
        assert_eq!(*whole, [FIRST, b"\r", SECOND, b"\r"].concat());
        assert_eq!(rows.until(), None);
    }

    #[test]
    fn a_card_needs_three_rows_and_another_length_begins_anew() {
        let start = now();
        let mut rows = Rows::default();
        for row in [&FIRST[..30], &SECOND[..30]] {
            assert!(rows.add(start, message(row)).is_none());
        }
        assert!(rows.add(start, message(FIRST)).is_none(), "a passport's row after two of a card");
        assert_eq!(*rows.take(), [FIRST, b"\r"].concat());
        assert!(rows.add(start, message(&[FIRST, b"\r", SECOND].concat())).is_some(), "whole by itself");
    }

    #[test]
    fn data_of_unknown_kind_is_told_apart_by_its_shape() {
        assert_eq!(classify(&[FIRST, b"\r\n", SECOND, b"\r\n"].concat()), Content::Zone);
        assert_eq!(classify(b"BC1:7KQ25-M4PXX-9ABCG-WXYZF"), Content::Barcode(None));
        assert_eq!(classify(b"P<UTOER?KSS0N<<?"), Content::Zone, "badly read");
        assert_eq!(classify(b"\r\n"), Content::Barcode(None));
    }
}
