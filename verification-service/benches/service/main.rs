//! The service beside what it is made of: nginx for TLS, both cores' argon2id for redemptions, SQLite and pgbench for the
//! store. Everything in one run on one machine; ratios are what counts (docs/operations.md has them).
//!
//! Each row that has an aim (design §7) says whether it was reached; the exit status is not 0 if one was missed by more than
//! a tenth. `make bench-service`. Words after it choose: `tls`, `redeem`, `store`, `latency`, `size`; `reindex` only if it is
//! named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on must stop")]
#![expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]

#[path = "../../tests/service/cluster.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod cluster;
mod latency;
mod nginx;
#[path = "../../tests/hurt/population.rs"]
mod population;
mod redeem;
mod reindex;
mod size;
mod store;
#[path = "../../tests/service/support.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod support;
mod table;
mod tls;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::Table;

/// Sites here say which engine they have.
const ON_POSTGRES: bool = false;

/// How long each rate is measured.
const FOR: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |word: &str| chosen.is_empty() || chosen.iter().any(|one| one == word);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(async {
        if wanted("tls") {
            tls::run(&mut table).await;
        }
        if wanted("redeem") {
            redeem::run(&mut table).await;
        }
        if wanted("store") {
            store::run(&mut table).await;
        }
        if wanted("latency") {
            latency::run(&mut table).await;
        }
        if wanted("size") {
            size::run(&mut table).await;
        }
        // Two minutes by itself: only when asked for.
        if chosen.iter().any(|one| one == "reindex") {
            reindex::run(&table).await;
        }
    });
    if table.end() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Calls `once` from `workers` tasks for [`FOR`]; how often a second.
async fn rate<F>(workers: usize, once: impl Fn(usize) -> F) -> f64
where
    F: Future<Output = ()>,
{
    let begun = Instant::now();
    let each = (0..workers).map(|worker| {
        let once = &once;
        async move {
            let mut count = 0_u32;
            while begun.elapsed() < FOR {
                once(worker).await;
                count += 1;
            }
            count
        }
    });
    let total: u32 = futures::future::join_all(each).await.into_iter().sum();
    f64::from(total) / begun.elapsed().as_secs_f64()
}
