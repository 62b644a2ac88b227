//! What is counted and measured, for Prometheus. No label is about a person, a code or a single kiosk: routes, results and
//! names of transactions only.
//!
//! One set a process: whoever counts needs no handle.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use verification_api::wire::Timestamp;

/// Of this process.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

type Labels<const N: usize> = [(&'static str, String); N];
type Timed<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All metrics; [`Metrics::text`] writes them down.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<4>, Counter>,
    request_seconds: Timed<2>,
    problems: Family<Labels<1>, Counter>,
    verifications: Family<Labels<2>, Counter>,
    inspections: Family<Labels<1>, Counter>,
    locked: Counter,
    quarantines: Counter,
    transaction_seconds: Timed<1>,
    connection_wait_seconds: Histogram,
    connections: Family<Labels<1>, Gauge>,
    handshakes_failed: Counter,
    derivations: Gauge,
    log_leaves: Gauge,
    log_unsealed_seconds: Gauge<f64, AtomicU64>,
    log_faults: Counter,
    log_alarms: Counter,
    log_exported: Gauge,
    certificate_seconds: Gauge<f64, AtomicU64>,
    calls_open: Gauge,
    calls_waiting_seconds: Gauge<f64, AtomicU64>,
    purge_age_seconds: Gauge<f64, AtomicU64>,
}

impl Metrics {
    fn new() -> Self {
        // 0.5 ms to 16 s.
        let timed: fn() -> Histogram = || Histogram::new((0..16).map(|n| 0.0005 * f64::from(1 << n)));
        let mut metrics = Self {
            registry: Registry::with_prefix("verification"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(timed),
            problems: Family::default(),
            verifications: Family::default(),
            inspections: Family::default(),
            locked: Counter::default(),
            quarantines: Counter::default(),
            transaction_seconds: Family::new_with_constructor(timed),
            connection_wait_seconds: timed(),
            connections: Family::default(),
            handshakes_failed: Counter::default(),
            derivations: Gauge::default(),
            log_leaves: Gauge::default(),
            log_unsealed_seconds: Gauge::default(),
            log_faults: Counter::default(),
            log_alarms: Counter::default(),
            log_exported: Gauge::default(),
            certificate_seconds: Gauge::default(),
            calls_open: Gauge::default(),
            calls_waiting_seconds: Gauge::default(),
            purge_age_seconds: Gauge::default(),
        };
        let mut registry = std::mem::take(&mut metrics.registry);
        let r = &mut registry;
        r.register("requests", "Requests by port, method, route and status", metrics.requests.clone());
        let what = "Time to answer by port and route";
        r.register_with_unit("request", what, Unit::Seconds, metrics.request_seconds.clone());
        r.register("problems", "Requests that were refused, by type of problem", metrics.problems.clone());
        let what = "Verifications by result and purpose";
        r.register("verifications", what, metrics.verifications.clone());
        r.register("inspections", "Inspections by what was found", metrics.inspections.clone());
        r.register("locked", "Tries with an identifier that is locked", metrics.locked.clone());
        r.register("quarantines", "Kiosks that were quarantined", metrics.quarantines.clone());
        let what = "Transactions by name, with the wait for their turn";
        r.register_with_unit("transaction", what, Unit::Seconds, metrics.transaction_seconds.clone());
        let what = "Wait for a connection for reading";
        r.register_with_unit("connection_wait", what, Unit::Seconds, metrics.connection_wait_seconds.clone());
        r.register("connections", "Open connections by port", metrics.connections.clone());
        let what = "TLS handshakes that failed: wrong, expired or revoked certificates, or no TLS 1.3";
        r.register("handshakes_failed", what, metrics.handshakes_failed.clone());
        r.register("derivations", "Derivations under way or waiting", metrics.derivations.clone());
        r.register("log_leaves", "Leaves of the audit log", metrics.log_leaves.clone());
        let what = "Age of the oldest audit row that is not sealed; above 5 nothing is verified";
        r.register_with_unit("log_unsealed", what, Unit::Seconds, metrics.log_unsealed_seconds.clone());
        let what = "Turns of the sealer that failed";
        r.register("log_faults", what, metrics.log_faults.clone());
        let what = "Heartbeats in which a kiosk says that the audit log shrank or forked";
        r.register("log_alarms", what, metrics.log_alarms.clone());
        let what = "When a checkpoint last left this host, in seconds since 1970; 0 if none has since the start";
        r.register_with_unit("log_exported_timestamp", what, Unit::Seconds, metrics.log_exported.clone());
        let what = "Until the server's certificate expires";
        r.register_with_unit("server_certificate_expires", what, Unit::Seconds, metrics.certificate_seconds.clone());
        let what = "Travelers who called an officer, and none has come";
        r.register("assistance_open", what, metrics.calls_open.clone());
        let what = "How long the first of them has been waiting";
        r.register_with_unit("assistance_waiting", what, Unit::Seconds, metrics.calls_waiting_seconds.clone());
        let what = "Time since everything that was past its time had been deleted; above two days somebody must look";
        r.register_with_unit("purge_age", what, Unit::Seconds, metrics.purge_age_seconds.clone());
        metrics.registry = registry;
        metrics
    }

    /// One answered request.
    pub fn request(&self, port: &str, method: &str, route: &str, status: u16, took: Duration) {
        let labels = [
            ("port", port.to_owned()),
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        self.requests.get_or_create(&labels).inc();
        let labels = [("port", port.to_owned()), ("route", route.to_owned())];
        self.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A request that ended in a problem document.
    pub fn problem(&self, kind: &str) {
        self.problems.get_or_create(&[("type", kind.to_owned())]).inc();
    }

    /// A verification that was evaluated; `locked` if its identifier was.
    pub fn verification(&self, result: &str, purpose: &str, locked: bool) {
        let labels = [("result", result.to_owned()), ("purpose", purpose.to_owned())];
        self.verifications.get_or_create(&labels).inc();
        if locked {
            self.locked.inc();
        }
    }

    pub fn inspection(&self, record: &str) {
        self.inspections.get_or_create(&[("record", record.to_owned())]).inc();
    }

    pub fn quarantine(&self) {
        self.quarantines.inc();
    }

    /// One transaction, with the wait for its turn.
    pub fn transaction(&self, name: &str, took: Duration) {
        self.transaction_seconds.get_or_create(&[("name", name.to_owned())]).observe(took.as_secs_f64());
    }

    /// A wait for a connection for reading.
    pub fn connection_wait(&self, took: Duration) {
        self.connection_wait_seconds.observe(took.as_secs_f64());
    }

    /// A connection, counted until the answer is dropped.
    #[must_use]
    pub fn connection(&self, port: &str) -> Counted {
        Counted::one(self.connections.get_or_create_owned(&[("port", port.to_owned())]))
    }

    pub fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    /// A derivation, counted until the answer is dropped.
    #[must_use]
    pub fn derivation(&self) -> Counted {
        Counted::one(self.derivations.clone())
    }

    /// The state of the log at the time of a scrape.
    pub fn log(&self, leaves: i64, unsealed: Duration) {
        self.log_leaves.set(leaves);
        self.log_unsealed_seconds.set(unsealed.as_secs_f64());
    }

    /// Calls for an officer at the time of a scrape, and the wait of the oldest.
    pub fn calls(&self, open: i64, waiting: Duration) {
        self.calls_open.set(open);
        self.calls_waiting_seconds.set(waiting.as_secs_f64());
    }

    /// How long ago everything that was past its time had been deleted.
    pub fn purge_age(&self, age: Duration) {
        self.purge_age_seconds.set(age.as_secs_f64());
    }

    pub fn log_fault(&self) {
        self.log_faults.inc();
    }

    /// The newest checkpoint left this host.
    pub fn log_exported(&self, at: Timestamp) {
        self.log_exported.set(at.unix_millis() / 1000);
    }

    /// When a checkpoint last left this host, in seconds since 1970; 0 if none has since the start.
    pub fn last_exported(&self) -> i64 {
        self.log_exported.get()
    }

    /// The server's certificate at the time of a scrape.
    pub fn certificate(&self, left: Duration) {
        self.certificate_seconds.set(left.as_secs_f64());
    }

    pub fn log_alarm(&self) {
        self.log_alarms.inc();
    }

    /// OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts one as long as it lives.
pub struct Counted(Gauge);

impl Counted {
    fn one(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Measures how long something takes; nothing is decided by it.
#[derive(Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a measurement that no behaviour depends on")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    #[must_use]
    pub fn read(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Metrics};

    #[test]
    fn what_is_counted_is_told_under_its_name() {
        let metrics = Metrics::new();
        metrics.request("kiosk", "PUT", "/kiosk/v1/verifications/{id}", 200, Duration::from_millis(3));
        metrics.verification("verified", "inspection", false);
        metrics.verification("not_verified", "inspection", true);
        let open = metrics.connection("kiosk");
        let text = metrics.text();
        for line in [
            "verification_requests_total{port=\"kiosk\",method=\"PUT\",route=\"/kiosk/v1/verifications/{id}\",status=\"200\"} 1",
            "verification_verifications_total{result=\"verified\",purpose=\"inspection\"} 1",
            "verification_locked_total 1",
            "verification_connections{port=\"kiosk\"} 1",
            "verification_request_seconds_count{port=\"kiosk\",route=\"/kiosk/v1/verifications/{id}\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        drop(open);
        assert!(metrics.text().contains("verification_connections{port=\"kiosk\"} 0"));
        assert!(text.ends_with("# EOF\n"));
    }
}
