//! When to try again to open a port: every 250 ms for 30 s, then doubling up to 5 s, a fifth more or less, so that the
//! devices of one hub do not all come back in the same instant.

use std::time::{Duration, Instant};

const QUICK: Duration = Duration::from_millis(250);
const QUICK_FOR: Duration = Duration::from_secs(30);
const MAX: Duration = Duration::from_secs(5);
/// Of a pause, up and down.
const JITTER: f64 = 0.2;

/// A source of numbers in [0, 1), passed in by the shell.
pub type Random = Box<dyn FnMut() -> f64 + Send>;

/// The attempts since one loss.
pub struct Backoff {
    since: Instant,
    pause: Duration,
    attempts: u32,
}

impl Backoff {
    #[must_use]
    pub const fn new(since: Instant) -> Self {
        Self { since, pause: QUICK, attempts: 0 }
    }

    /// The instant of the next attempt. Only long pauses are jittered: a replugged reader is taken back at once.
    pub fn next(&mut self, now: Instant, random: &mut dyn FnMut() -> f64) -> Instant {
        self.attempts = self.attempts.saturating_add(1);
        if now.saturating_duration_since(self.since) < QUICK_FOR {
            return now + QUICK;
        }
        self.pause = (self.pause * 2).min(MAX);
        let factor = JITTER.mul_add(random().mul_add(2.0, -1.0), 1.0);
        now + self.pause.mul_f64(factor)
    }

    /// Attempts so far.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use crate::clock::now;
    use std::time::Duration;

    fn pauses(draw: f64) -> Vec<Duration> {
        let mut at = now();
        let mut backoff = Backoff::new(at);
        let mut pauses = Vec::new();
        for _ in 0..140 {
            let next = backoff.next(at, &mut || draw);
            pauses.push(next.duration_since(at));
            at = next;
        }
        assert_eq!(backoff.attempts(), 140);
        pauses
    }

    #[test]
    fn it_tries_quickly_for_thirty_seconds_and_then_ever_more_slowly() {
        let pauses = pauses(0.5);
        assert!(pauses[..120].iter().all(|pause| *pause == Duration::from_millis(250)));
        assert_eq!(pauses[120..125].iter().map(Duration::as_millis).collect::<Vec<_>>(), [500, 1000, 2000, 4000, 5000]);
        assert!(pauses[125..].iter().all(|pause| *pause == Duration::from_secs(5)));
    }

    #[test]
    fn long_pauses_vary_by_a_fifth() {
        assert_eq!(pauses(0.0)[130], Duration::from_secs(4));
        assert!(pauses(0.999)[130] > Duration::from_millis(5990));
    }
}
