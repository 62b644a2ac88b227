//! Redemptions over the wire, by the number of derivations that both cores can do.

use crate::population::populate;
use crate::support::{Client, Kiosk, Serving, Site, id};
use crate::table::Table;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use verification_service::codes::{CODE_COST, derive};

const CLIENTS: usize = 32;
const CODES: usize = 3000;

pub async fn run(table: &mut Table) {
    let ceiling = ceiling();
    table.tell("argon2id, 4 MiB, both cores", ceiling, "/s");
    for postgres in [false, true] {
        let engine = if postgres { "PostgreSQL" } else { "SQLite" };
        let redeemed = redemptions(postgres).await;
        table.tell(&format!("redemptions, 32 clients, {engine}"), redeemed, "/s");
        table.at_least(&format!("redemptions by argon2id, {engine}"), redeemed / ceiling, 0.5);
    }
}

/// Derivations a second of as many threads as there are cores.
pub fn ceiling() -> f64 {
    let cores = std::thread::available_parallelism().unwrap().get();
    let begun = Instant::now();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            std::thread::spawn(move || {
                let mut count = 0_u32;
                while begun.elapsed() < Duration::from_secs(3) {
                    derive("0123456789ABCDEF", &[7; 16], CODE_COST, &[]).unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let total: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    f64::from(total) / begun.elapsed().as_secs_f64()
}

async fn redemptions(postgres: bool) -> f64 {
    let site = Site::on(postgres);
    site.raise_limits();
    let kiosks: Vec<Kiosk> = (0..CLIENTS).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    let holders = populate(&site, 0, CODES).await;
    let serving: Serving = site.serve();
    let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
    for client in &clients {
        client.get("/kiosk/v1/health").await;
    }
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let each = clients.iter().map(|client| {
        let (next, holders) = (&next, &holders);
        async move {
            while let Some(holder) = holders.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
                assert_eq!(answer.result(), "verified");
            }
        }
    });
    futures::future::join_all(each).await;
    CODES as f64 / begun.elapsed().as_secs_f64()
}
