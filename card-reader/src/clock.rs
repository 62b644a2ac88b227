//! The one place of this crate that asks the machine for the time: the shells around the pure parts pass it on.

use crate::date::Date;
use std::time::{Instant, SystemTime};

/// Monotonic now.
#[expect(
    clippy::disallowed_methods,
    reason = "the shells of the devices take the time here and hand it to the pure parts"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Today in UTC, for the century of a birth date; the day of the epoch if the clock stands before it.
#[expect(
    clippy::disallowed_methods,
    reason = "the shells of the devices take the time here and hand it to the pure parts"
)]
pub(crate) fn today() -> Date {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Date::from_unix_seconds(since_epoch.as_secs())
}
