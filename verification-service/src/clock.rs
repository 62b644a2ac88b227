//! The clock, as an argument: everything that needs the time is given a [`Clock`] or a [`Timestamp`].

use crate::metrics::Stopwatch;
use std::sync::OnceLock;
use std::time::Duration;
use verification_api::wire::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time now. It may be set back.
    fn now(&self) -> Timestamp;
    /// How long this clock runs: it goes on evenly, whatever the time is set to.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where this program asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let millis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
        Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(0)).unwrap_or(EPOCH)
    }

    fn elapsed(&self) -> Duration {
        static STARTED: OnceLock<Stopwatch> = OnceLock::new();
        STARTED.get_or_init(Stopwatch::start).read()
    }
}

/// 1970, for a machine whose clock tells a year that cannot be written.
const EPOCH: Timestamp = Timestamp::EPOCH;

/// `t` plus so many milliseconds; unchanged where that cannot be written.
#[must_use]
pub fn plus_millis(t: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(t.unix_millis().saturating_add(millis)).unwrap_or(t)
}

/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;
