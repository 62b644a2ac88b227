//! The circuit breaker: after five failures in a row nothing is tried but one probe every ten seconds, so that a traveler
//! is not kept waiting for a service that is away. Pure: time is an argument.

use std::time::Duration;

const FAILURES_TO_OPEN: u32 = 5;
const PROBE_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    /// Open, and when the last probe was let through.
    last_probe: Option<Duration>,
}

impl Circuit {
    /// Whether a call may be tried now. While open this lets one probe through every ten seconds.
    pub fn admits(&mut self, now: Duration) -> bool {
        match &mut self.last_probe {
            None => true,
            Some(last) if now.saturating_sub(*last) >= PROBE_EVERY => {
                *last = now;
                true
            }
            Some(_) => false,
        }
    }

    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_TO_OPEN && self.last_probe.is_none() {
            self.last_probe = Some(now);
        }
    }

    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.last_probe.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Circuit;
    use std::time::Duration;

    #[test]
    fn it_opens_after_five_failures_probes_every_ten_seconds_and_closes_with_a_success() {
        let at = Duration::from_secs;
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            circuit.failed(at(1));
        }
        assert!(circuit.admits(at(1)), "four failures are not five");
        circuit.failed(at(2));
        assert!(circuit.is_open());
        assert!(!circuit.admits(at(11)));
        assert!(circuit.admits(at(12)), "the probe");
        assert!(!circuit.admits(at(13)), "one probe at a time");
        circuit.failed(at(14));
        assert!(!circuit.admits(at(21)));
        assert!(circuit.admits(at(22)));
        circuit.succeeded();
        assert!(circuit.admits(at(22)) && !circuit.is_open());
    }

    #[test]
    fn a_success_forgets_earlier_failures() {
        let mut circuit = Circuit::default();
        for _ in 0..10 {
            for _ in 0..4 {
                circuit.failed(Duration::ZERO);
            }
            circuit.succeeded();
        }
        assert!(!circuit.is_open());
    }
}
