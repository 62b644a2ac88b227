//! One line of the journal: its members, its canonical bytes, its hash.

use super::MAX_LINE;
use crate::clock::{Stamp, wire_time};
use crate::effect::{Entry, JournalEvent};
use aws_lc_rs::digest;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The hash before the first line.
pub const FIRST_PREVIOUS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    /// Lower-case hex SHA-256.
    pub hash: String,
    /// The line as it stands in the file, without its newline.
    pub line: String,
}

impl Record {
    /// Chains `entry` to `previous` (the hash of the line before).
    ///
    /// # Errors
    /// The line would be longer than [`MAX_LINE`].
    pub fn chain(seq: u64, previous: &str, entry: &Entry, stamp: &Stamp) -> Result<Self, TooLong> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        put("actor", entry.actor.as_deref().map_or(Value::Null, Value::from));
        put("boot", Value::from(&*stamp.boot_id));
        put("cause", entry.cause.as_deref().map_or(Value::Null, Value::from));
        put("clock", Value::from(stamp.quality.name()));
        put("disposition", Value::from(disposition(entry.event)));
        put("event", Value::from(entry.event.name()));
        put("monotonic_ms", json!(stamp.boot_ms));
        put("must_act", Value::from(entry.must_act.name()));
        put("role", Value::from(entry.role));
        put("seq", json!(seq));
        put("time", Value::from(wire_time(stamp.unix_ms)));
        put("version", Value::from(env!("CARGO_PKG_VERSION")));
        put("visit", entry.visit.map_or(Value::Null, |visit| Value::from(visit.0.to_string())));
        let hash = hash(previous, &canonical(&Value::Object(members.clone())));
        members.insert("hash".to_owned(), Value::from(hash.as_str()));
        let line = canonical(&Value::Object(members));
        if line.len() > MAX_LINE {
            return Err(TooLong);
        }
        Ok(Self { seq, hash, line })
    }

    /// Reads a line back and checks it by itself and against the hash before it.
    ///
    /// # Errors
    /// One phrase that says what is wrong with the line.
    pub fn check(line: &[u8], previous: &str, seq: u64) -> Result<Self, &'static str> {
        let record = Self::parse(line)?;
        if record.seq != seq {
            return Err("its sequence number does not follow the line before");
        }
        if record.rehash(previous)? != record.hash {
            return Err("its hash does not follow from its contents and the line before");
        }
        Ok(record)
    }

    /// Reads a line back: canonical JSON with a sequence number and a hash. The chain is not checked.
    ///
    /// # Errors
    /// One phrase that says what is wrong with the line.
    pub fn parse(line: &[u8]) -> Result<Self, &'static str> {
        if line.len() > MAX_LINE {
            return Err("it is longer than 4096 bytes");
        }
        let text = std::str::from_utf8(line).map_err(|_| "it is not text")?;
        let value: Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
        // Byte for byte: blanks, order and doubled members would else be places to change without a trace.
        if canonical(&value) != text {
            return Err("it is not in the journal's form");
        }
        let seq = value.get("seq").and_then(Value::as_u64).ok_or("it has no sequence number")?;
        let hash = value.get("hash").and_then(Value::as_str).ok_or("it has no hash")?.to_owned();
        Ok(Self { seq, hash, line: text.to_owned() })
    }

    /// A text member of the line.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<String> {
        let value: Value = serde_json::from_str(&self.line).ok()?;
        value.get(name)?.as_str().map(str::to_owned)
    }

    fn rehash(&self, previous: &str) -> Result<String, &'static str> {
        let Ok(Value::Object(mut members)) = serde_json::from_str(&self.line) else {
            return Err("it is not a JSON object");
        };
        members.remove("hash");
        Ok(hash(previous, &canonical(&Value::Object(members))))
    }
}

/// A cause or actor too long for a line of [`MAX_LINE`] bytes.
#[derive(Debug, thiserror::Error)]
#[error("a journal line may have 4096 bytes; the cause or the actor is too long")]
pub struct TooLong;

/// How the matter ended, as far as the event tells.
#[must_use]
pub const fn disposition(event: JournalEvent) -> &'static str {
    use JournalEvent as E;
    match event {
        E::VisitCompleted
        | E::DocumentRead
        | E::RecordAnswered
        | E::CodeVerified
        | E::OfficerSignedIn
        | E::OverrideDecided
        | E::ReferralOpened
        | E::ReferralClosed
        | E::TechnicianEntered
        | E::DeviceReady
        | E::DeviceWell
        | E::BackInService => "done",
        E::VisitReferred | E::VisitHeld | E::AssistanceCalled => "handed_over",
        E::CodeNotVerified | E::OfficerRefused | E::TechnicianRefused => "refused",
        E::ReadFailed
        | E::DocumentDisagrees
        | E::RecordNotAnswered
        | E::DeviceLost
        | E::DeviceDegraded
        | E::DecoderFailed
        | E::OutOfService
        | E::LogAlarm => "failed",
        E::CodeOutcomeUnknown => "unknown",
        E::CodeUsedNotHonoured => "not_honoured",
        E::VisitTimedOut | E::VisitAborted => "abandoned",
        E::KioskStarted
        | E::DeviceReplaced
        | E::CardNotTaken
        | E::CardOrdered
        | E::CardCaptured
        | E::RestartPlanned
        | E::KioskStopped
        | E::VisitStarted
        | E::VisitEnded
        | E::OfficerSignedOut
        | E::TechnicianLeft
        | E::SelfTestRun => "noted",
    }
}

/// SHA-256 of the previous hash (64 ASCII characters) and the line without its hash, lower-case hex.
#[must_use]
pub fn hash(previous: &str, line: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(previous.as_bytes());
    context.update(line.as_bytes());
    hex::encode(context.finish())
}

/// Compact JSON with the members sorted by their bytes at every level.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            // serde_json keeps its own order if some crate of the build asks for it, so sort here.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (i, (name, member)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(&Value::from(name.as_str()), out);
                out.push(':');
                write_canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        // Writing to a String cannot fail.
        scalar => drop(write!(out, "{scalar}")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{FIRST_PREVIOUS, Record, canonical, hash};
    use crate::clock::{Quality, Stamp};
    use crate::effect::{Entry, JournalEvent, MustAct};

    pub(crate) fn stamp(ms: u64) -> Stamp {
        Stamp { boot_id: "boot-a".into(), boot_ms: ms, unix_ms: 1_764_100_800_000 + ms, quality: Quality::Unchecked }
    }

    pub(crate) fn entry(event: JournalEvent) -> Entry {
        Entry { event, visit: None, role: "system", actor: None, cause: None, must_act: MustAct::Nobody }
    }

    #[test]
    fn the_form_is_compact_and_sorted_at_every_level() {
        let value: serde_json::Value =
            serde_json::from_str("{ \"b\": [1, {\"z\":null,\"a\":\"\\u00e9\"}], \"a\": 2 }").expect("JSON");
        assert_eq!(canonical(&value), "{\"a\":2,\"b\":[1,{\"a\":\"é\",\"z\":null}]}");
    }

    #[test]
    fn the_hash_covers_the_previous_one_and_the_line_without_its_own() {
        let record = Record::chain(1, FIRST_PREVIOUS, &entry(JournalEvent::KioskStarted), &stamp(5)).expect("short");
        let expected = concat!(
            "{\"actor\":null,\"boot\":\"boot-a\",\"cause\":null,\"clock\":\"unchecked\",\"disposition\":\"noted\",",
            "\"event\":\"kiosk_started\",\"monotonic_ms\":5,\"must_act\":\"nobody\",\"role\":\"system\",\"seq\":1,",
            "\"time\":\"2025-11-25T20:00:00.005Z\",\"version\":\"0.1.0\",\"visit\":null}"
        );
        assert_eq!(record.hash, hash(FIRST_PREVIOUS, expected));
        let without = record.line.replace(&format!("\"hash\":\"{}\",", record.hash), "");
        assert_eq!(without, expected);
        assert_eq!(Record::check(record.line.as_bytes(), FIRST_PREVIOUS, 1), Ok(record));
    }

    #[test]
    fn sha_256_is_that_of_the_standard() {
        // FIPS 180-4, "abc".
        assert_eq!(hash("a", "bc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_line_of_4096_bytes_is_written_and_a_longer_one_is_refused() {
        let mut long = entry(JournalEvent::DeviceLost);
        let bare = Record::chain(1, FIRST_PREVIOUS, &Entry { cause: Some(String::new()), ..long.clone() }, &stamp(0))
            .expect("short")
            .line
            .len();
        long.cause = Some("x".repeat(4096 - bare));
        let record = Record::chain(1, FIRST_PREVIOUS, &long, &stamp(0)).expect("just short enough");
        assert_eq!(record.line.len(), 4096);
        long.cause = Some("x".repeat(4097 - bare));
        assert!(Record::chain(1, FIRST_PREVIOUS, &long, &stamp(0)).is_err());
    }
}
