//! Tests that hurt: processes killed, requests raced and cut, databases gone. Each compares what was answered with what is
//! stored. `HURT=full` makes them as long as docs/track-record.md says (`make soak-service`); without it they are short.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must stop")]

mod checker;
#[path = "../service/cluster.rs"]
mod cluster;
mod crash;
mod fail_closed;
mod falsified;
mod history;
#[path = "../service/numbers.rs"]
mod numbers;
mod population;
mod race;
mod reseal;
mod revoke;
mod sameness;
#[path = "../service/support.rs"]
#[allow(dead_code, reason = "shared with the suite, which uses the rest")]
mod support;
mod vanished;

use numbers::Numbers;

/// Sites here say which engine they have.
const ON_POSTGRES: bool = false;

/// How often: the short form of `make test`, or the long one.
fn times(short: usize, long: usize) -> usize {
    if std::env::var("HURT").is_ok_and(|how| how == "full") { long } else { short }
}

/// From `HURT_SEED`, or else from the clock; the seed is printed, so that a failure can be run again.
fn numbers(what: &str) -> Numbers {
    use verification_service::clock::{Clock, SystemClock};
    let given = std::env::var("HURT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| SystemClock.now().unix_millis().unsigned_abs());
    println!("{what}: HURT_SEED={seed}");
    Numbers::new(seed)
}

/// Waits so long, for things that tell nothing of themselves.
async fn pause(millis: u64) {
    let _ = tokio::time::timeout(std::time::Duration::from_millis(millis), std::future::pending::<()>()).await;
}
