//! Waiting for a condition with a deadline: the only place of the tests and the demo that sleeps or asks the time.

use super::{Outcome, Trouble};
use std::time::{Duration, Instant};

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something.
///
/// # Errors
/// `what` did not happen within `deadline`.
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Outcome<T> {
    let start = now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if now().duration_since(start) > deadline {
            return Err(Trouble(format!("{what} did not happen within {} s", deadline.as_secs_f32())));
        }
        pause(STEP);
    }
}

/// Looks for a condition.
///
/// # Errors
/// `what` did not happen within `deadline`.
pub fn until_true(what: &str, deadline: Duration, mut look: impl FnMut() -> bool) -> Outcome {
    until(what, deadline, || look().then_some(()))
}

/// The machine's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "tests measure real programs in real time")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Lets `time` pass: between two looks, and for what must stay as it is for a while (a long press, an idle kiosk).
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
