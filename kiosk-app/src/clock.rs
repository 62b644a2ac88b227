//! The one place that asks the machine for the time. Everything else takes time as an argument.
//!
//! Three times are kept apart: the *monotonic* time of this run (timers), the monotonic time of this *boot* (journal,
//! lock-outs) and the *wall* time (names of records, never a decision by itself). What the wall clock is worth is told by
//! the record service: [`Clock::agree`] takes the `server_time` of each authenticated reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

/// RFC 3339, UTC, milliseconds: 24 characters, on the wire and in the journal.
const WIRE_TIME: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A difference to the service larger than this is named, and the technician acts.
const TOLERATED_DIFFERENCE_MS: i64 = 5 * 60 * 1000;

/// No authenticated reply yet.
const UNCHECKED: i64 = i64::MIN;

/// Clones share what the service told.
#[derive(Clone)]
pub struct Clock {
    started: Instant,
    /// Monotonic time of the boot at `started`.
    boot_offset: Duration,
    boot_id: Arc<str>,
    told: Arc<Told>,
}

struct Told {
    /// Wall clock minus service, milliseconds; [`UNCHECKED`] before the first reply.
    difference_ms: AtomicI64,
    /// Largest `server_time` seen, milliseconds since 1970, and the monotonic milliseconds of this run then.
    server_ms: AtomicU64,
    server_at_ms: AtomicU64,
    /// The newest `server_time` minus the monotonic milliseconds of this run then; nothing before the first reply.
    service_zero_ms: AtomicI64,
}

/// What the wall clock is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// No authenticated reply in this run.
    Unchecked,
    /// Within five minutes of the service.
    Agrees,
    /// Off by this many milliseconds (positive: fast).
    Differs(i64),
}

impl Quality {
    /// The word in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unchecked => "unchecked",
            Self::Agrees => "agrees",
            Self::Differs(_) => "differs",
        }
    }
}

/// One moment in all three times: what a journal entry is stamped with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub boot_id: Arc<str>,
    /// Milliseconds since the machine's boot.
    pub boot_ms: u64,
    /// Milliseconds since 1970.
    pub unix_ms: u64,
    pub quality: Quality,
}

impl Clock {
    /// Starts the monotonic time of this run. `last_seen_ms`: the newest `server_time` that an earlier run kept, 0 if none.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is where the machine is asked for the time")]
    pub fn start(last_seen_ms: u64) -> Self {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned());
        let uptime = std::fs::read_to_string("/proc/uptime")
            .ok()
            .and_then(|text| text.split_ascii_whitespace().next().and_then(|seconds| seconds.parse::<f64>().ok()))
            .unwrap_or(0.0);
        Self {
            started: Instant::now(),
            boot_offset: Duration::from_secs_f64(uptime.clamp(0.0, 1e9)),
            boot_id: boot_id.into(),
            told: Arc::new(Told {
                difference_ms: AtomicI64::new(UNCHECKED),
                server_ms: AtomicU64::new(last_seen_ms),
                server_at_ms: AtomicU64::new(0),
                service_zero_ms: AtomicI64::new(UNCHECKED),
            }),
        }
    }

    /// Monotonic time of this run.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Processor time of the calling thread so far: what other threads and programs do does not count.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
    }

    /// Wall clock, milliseconds since 1970.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is where the machine is asked for the time")]
    pub fn unix_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            boot_id: Arc::clone(&self.boot_id),
            boot_ms: millis(self.boot_offset + self.now()),
            unix_ms: self.unix_ms(),
            quality: self.quality(),
        }
    }

    /// Takes the `server_time` of an authenticated reply.
    pub fn agree(&self, server_ms: u64) {
        let difference = i128::from(self.unix_ms()) - i128::from(server_ms);
        let difference = i64::try_from(difference).unwrap_or(i64::MAX).max(UNCHECKED + 1);
        self.told.difference_ms.store(difference, Ordering::Relaxed);
        let zero = i128::from(server_ms) - i128::from(millis(self.now()));
        self.told.service_zero_ms.store(i64::try_from(zero).unwrap_or(UNCHECKED), Ordering::Relaxed);
        if server_ms >= self.told.server_ms.load(Ordering::Relaxed) {
            self.told.server_ms.store(server_ms, Ordering::Relaxed);
            self.told.server_at_ms.store(millis(self.now()), Ordering::Relaxed);
        }
    }

    /// The service's clock, milliseconds since 1970: what it told last, advanced by the monotonic clock, so that a wall
    /// clock that is off (or is set meanwhile) dates nothing that the service will judge. The wall clock before it told any.
    #[must_use]
    pub fn service_ms(&self) -> u64 {
        match self.told.service_zero_ms.load(Ordering::Relaxed) {
            UNCHECKED => self.unix_ms(),
            zero => u64::try_from(i128::from(zero) + i128::from(millis(self.now()))).unwrap_or(0),
        }
    }

    #[must_use]
    pub fn quality(&self) -> Quality {
        match self.told.difference_ms.load(Ordering::Relaxed) {
            UNCHECKED => Quality::Unchecked,
            ms if ms.abs() <= TOLERATED_DIFFERENCE_MS => Quality::Agrees,
            ms => Quality::Differs(ms),
        }
    }

    /// The lower bound of the true time that does not rest on the local clock: the later of the time this program was
    /// built and the newest `server_time`, advanced by the monotonic clock of this run. Milliseconds since 1970.
    #[must_use]
    pub fn last_seen_ms(&self) -> u64 {
        let server = self.told.server_ms.load(Ordering::Relaxed);
        let told = if self.told.difference_ms.load(Ordering::Relaxed) == UNCHECKED {
            server
        } else {
            let since = millis(self.now()).saturating_sub(self.told.server_at_ms.load(Ordering::Relaxed));
            server.saturating_add(since)
        };
        told.max(built_ms())
    }

    /// The wall clock is before what was seen, or more than a week past it: an expiry judged by it may be its own fault.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        const WEEK_MS: u64 = 7 * 86_400_000;
        let (wall, seen) = (self.unix_ms(), self.last_seen_ms());
        wall < seen || wall - seen > WEEK_MS
    }

    /// The newest `server_time` itself, to be kept for the next run.
    #[must_use]
    pub fn newest_server_ms(&self) -> u64 {
        self.told.server_ms.load(Ordering::Relaxed)
    }
}

/// When this program was built, milliseconds since 1970: the source date that the build was given, else the release date
/// written here (a lower bound is all that is needed).
#[must_use]
pub fn built_ms() -> u64 {
    const RELEASED: u64 = 1_763_942_400; // 2025-11-24
    let seconds = option_env!("SOURCE_DATE_EPOCH").and_then(|text| text.parse().ok()).unwrap_or(RELEASED);
    seconds.saturating_mul(1000)
}

/// The time as on the wire: `2026-11-25T20:00:00.000Z`.
#[must_use]
pub fn wire_time(unix_ms: u64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
        .ok()
        .and_then(|t| t.format(WIRE_TIME).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned())
}

/// The reverse of [`wire_time`]; any RFC 3339 time is understood.
#[must_use]
pub fn parse_wire_time(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

/// A pause of a background loop (a retry, the next heartbeat).
#[expect(clippy::disallowed_methods, reason = "this file is where the machine is asked for the time")]
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Clock, Quality, built_ms, parse_wire_time, wire_time};

    #[test]
    fn the_wire_time_has_24_characters_and_comes_back() {
        let text = wire_time(1_764_100_800_123);
        assert_eq!(text, "2025-11-25T20:00:00.123Z");
        assert_eq!(parse_wire_time(&text), Some(1_764_100_800_123));
        assert_eq!(parse_wire_time("yesterday"), None);
    }

    #[test]
    fn the_service_says_what_the_wall_clock_is_worth() {
        let clock = Clock::start(0);
        assert_eq!(clock.quality(), Quality::Unchecked);
        let now = clock.unix_ms();
        clock.agree(now);
        assert_eq!(clock.quality(), Quality::Agrees);
        clock.agree(now - 600_000);
        assert!(matches!(clock.quality(), Quality::Differs(ms) if ms >= 600_000));
        assert!(clock.last_seen_ms() >= now, "an older server time does not turn last seen back");
    }

    #[test]
    fn what_the_service_dates_is_dated_by_its_clock_as_soon_as_it_is_known() {
        let clock = Clock::start(4_000_000_000_000);
        let wall = clock.unix_ms();
        assert!((wall..wall + 60_000).contains(&clock.service_ms()), "nothing better is known yet");
        for told in [wall - 3_600_000, wall + 3_600_000, wall - 60_000_000] {
            clock.agree(told);
            assert!((told..told + 60_000).contains(&clock.service_ms()));
        }
    }

    #[test]
    fn last_seen_is_never_before_the_build() {
        assert!(Clock::start(0).last_seen_ms() >= built_ms());
        assert_eq!(Clock::start(4_000_000_000_000).last_seen_ms(), 4_000_000_000_000);
    }
}
