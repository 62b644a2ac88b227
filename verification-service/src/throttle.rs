//! Lock-out and limits, as pure functions of a state and a time in milliseconds.

use crate::clock::MINUTE;

/// What is kept of the tries with one identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Tries charged and not refunded.
    pub n: u32,
    /// Later charges are locked until then.
    pub locked_until: i64,
    pub last_at: i64,
}

/// Whether a charged try is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    Evaluate,
    Locked,
}

/// When tries with one identifier lock it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locks {
    /// Every so many tries.
    pub after: u32,
    /// For so many minutes: the first time, the second, and every further one.
    pub minutes: [u32; 3],
}

impl Throttle {
    /// Charges one try before it is evaluated. Every `after`-th sets a lock, which binds later charges only. A locked try
    /// changes nothing but `last_at`.
    #[must_use]
    pub fn charged(self, now: i64, locks: Locks) -> (Self, Charge) {
        if now < self.locked_until {
            return (Self { last_at: now, ..self }, Charge::Locked);
        }
        let n = self.n.saturating_add(1);
        let [first, second, further] = locks.minutes;
        let locked_until = match (n.checked_rem(locks.after), n.checked_div(locks.after)) {
            (Some(0), Some(nth)) => {
                let minutes = match nth {
                    1 => first,
                    2 => second,
                    _ => further,
                };
                now.saturating_add(MINUTE * i64::from(minutes))
            }
            _ => self.locked_until,
        };
        (Self { n, locked_until, last_at: now }, Charge::Evaluate)
    }
}

/// What is kept of wrong PINs of one badge, or at one kiosk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinThrottle {
    pub n: u32,
    pub locked_until: i64,
    pub last_at: i64,
}

/// When wrong PINs lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinLocks {
    /// The so many-th, and every further one.
    pub after: u32,
    /// For so many seconds, twice as long each time.
    pub seconds: u32,
    /// But not for longer than this.
    pub longest_seconds: u32,
}

impl PinThrottle {
    /// Charges one sign-in before it is evaluated. While locked nothing is charged: the answer is the lock's end.
    ///
    /// # Errors
    /// Milliseconds until the lock ends.
    pub fn charged(self, now: i64, locks: PinLocks) -> Result<Self, i64> {
        if now < self.locked_until {
            return Err(self.locked_until.saturating_sub(now));
        }
        let n = self.n.saturating_add(1);
        let locked_until = match n.checked_sub(locks.after) {
            Some(over) => {
                let seconds = i64::from(locks.seconds).saturating_mul(1 << over.min(30));
                now.saturating_add(1000 * seconds.min(locks.longest_seconds.into()))
            }
            None => 0,
        };
        Ok(Self { n, locked_until, last_at: now })
    }
}

/// A rate: so many a minute, after a burst (generic cell rate algorithm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_minute: u32,
    pub burst: u32,
}

impl Rate {
    /// Takes one request: the new state (theoretical arrival time, in microseconds, so that high rates are exact), from
    /// the old one; `now` in milliseconds.
    ///
    /// # Errors
    /// Milliseconds until one more is allowed.
    pub fn take(self, arrival: i64, now: i64) -> Result<i64, i64> {
        let now = now.saturating_mul(1000);
        let interval = (MINUTE * 1000 / i64::from(self.per_minute.max(1))).max(1);
        let tolerance = interval.saturating_mul(i64::from(self.burst.max(1)) - 1);
        // A state that cannot be reached by now is of a time still to come: the clock was set back. It counts as a burst of
        // which one is left, so that a new state is stored at once.
        let most = now.saturating_add(tolerance);
        let arrival = if arrival > most.saturating_add(interval) { most } else { arrival.max(now) };
        let early = arrival.saturating_sub(now).saturating_sub(tolerance);
        if early > 0 { Err(early.saturating_add(999) / 1000) } else { Ok(arrival.saturating_add(interval)) }
    }
}

/// Whole seconds for a `Retry-After`, at least 1.
#[must_use]
pub fn retry_after(millis: i64) -> u32 {
    u32::try_from(millis.max(1).saturating_add(999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Charge, Locks, PinLocks, PinThrottle, Rate, Throttle, retry_after};
    use crate::clock::MINUTE;
    use crate::config::Limits;
    use proptest::prelude::*;

    /// As they are by default.
    fn locks() -> Locks {
        Limits::default().locks()
    }

    #[test]
    fn the_fifth_try_is_evaluated_and_locks_the_next() {
        let mut state = Throttle::default();
        for n in 1..=5 {
            let (next, charge) = state.charged(1000, locks());
            assert_eq!((next.n, charge), (n, Charge::Evaluate));
            state = next;
        }
        let (next, charge) = state.charged(2000, locks());
        assert_eq!((next.n, next.last_at, charge), (5, 2000, Charge::Locked));
        assert_eq!(next.charged(1000 + 15 * MINUTE, locks()).1, Charge::Evaluate);
    }

    #[test]
    fn locks_grow_from_15_to_30_to_60_minutes() {
        let mut state = Throttle::default();
        let mut locked = vec![];
        let mut now = 0;
        for _ in 0..25 {
            now = now.max(state.locked_until);
            state = state.charged(now, locks()).0;
            if state.locked_until > now {
                locked.push((state.n, (state.locked_until - now) / MINUTE));
            }
        }
        assert_eq!(locked, [(5, 15), (10, 30), (15, 60), (20, 60), (25, 60)]);
    }

    /// Seconds that twelve wrong PINs lock, one after the other.
    fn pin_locks(locks: PinLocks) -> Vec<i64> {
        let (mut state, mut now, mut found) = (PinThrottle::default(), 0, vec![]);
        for _ in 0..12 {
            state = state.charged(now, locks).unwrap();
            if state.locked_until > now {
                assert_eq!(state.charged(now, locks), Err(state.locked_until - now));
                found.push((state.locked_until - now) / 1000);
                now = state.locked_until;
            }
        }
        found
    }

    #[test]
    fn wrong_pins_lock_15_seconds_and_double_up_to_15_minutes() {
        assert_eq!(pin_locks(Limits::default().pin_locks()), [15, 30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn every_time_is_as_it_is_set() {
        let locks = PinLocks { after: 10, seconds: 7, longest_seconds: 20 };
        assert_eq!(pin_locks(locks), [7, 14, 20]);
        assert_eq!(pin_locks(PinLocks { after: 3, seconds: u32::MAX, longest_seconds: u32::MAX }).len(), 10);
        let locks = Locks { after: 2, minutes: [1, 3, 7] };
        let (mut state, mut now, mut found) = (Throttle::default(), 0, vec![]);
        for _ in 0..8 {
            state = state.charged(now, locks).0;
            found.push(state.locked_until.saturating_sub(now) / MINUTE);
            now = now.max(state.locked_until);
        }
        assert_eq!(found, [0, 1, 0, 3, 0, 7, 0, 7]);
    }

    #[test]
    fn a_burst_of_20_then_10_a_minute() {
        let rate = Rate { per_minute: 10, burst: 20 };
        let mut state = 0;
        for _ in 0..20 {
            state = rate.take(state, 100_000).unwrap();
        }
        assert_eq!(rate.take(state, 100_000), Err(6000));
        assert_eq!(retry_after(6000), 6);
        assert_eq!(retry_after(5999), 6);
        state = rate.take(state, 106_000).unwrap();
        assert!(rate.take(state, 106_000).is_err());
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out() {
        let rate = Rate { per_minute: 10, burst: 20 };
        let hour = 60 * MINUTE;
        let mut state = 0;
        for _ in 0..20 {
            state = rate.take(state, 2 * hour).unwrap();
        }
        assert_eq!(rate.take(state, 2 * hour), Err(6000), "used up");
        state = rate.take(state, hour).unwrap();
        assert_eq!(rate.take(state, hour), Err(6000), "and the burst is not given back");
        assert!(rate.take(state, hour + 6000).is_ok());
    }

    #[test]
    fn a_raised_limit_is_what_it_says() {
        let rate = Rate { per_minute: 1_000_000, burst: 1000 };
        let mut state = 0;
        for _ in 0..1000 {
            state = rate.take(state, 100_000).unwrap();
        }
        assert!(rate.take(state, 100_000).is_err());
        assert_eq!((0..17).filter(|_| rate.take(state, 100_001).map(|s| state = s).is_ok()).count(), 16);
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_and_the_burst(gaps in prop::collection::vec(0..20_000_i64, 1..200)) {
            let rate = Rate { per_minute: 10, burst: 20 };
            let (mut state, mut now, mut taken) = (0, 1_000_000, 0_i64);
            let start = now;
            for gap in gaps {
                now += gap;
                if let Ok(next) = rate.take(state, now) {
                    state = next;
                    taken += 1;
                }
            }
            prop_assert!(taken <= 20 + (now - start) / 6000);
        }

        #[test]
        fn at_most_five_tries_are_evaluated_before_a_lock(times in prop::collection::vec(0..14 * MINUTE, 1..100)) {
            let mut times = times;
            times.sort_unstable();
            let mut state = Throttle::default();
            let mut evaluated = 0;
            for now in times {
                let (next, charge) = state.charged(now, locks());
                state = next;
                evaluated += u32::from(charge == Charge::Evaluate);
            }
            prop_assert!(evaluated <= 5);
        }
    }
}
