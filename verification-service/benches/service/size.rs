//! Memory with 500 kiosks connected, and the time to `ready` with a million accounts.

use crate::population::populate;
use crate::support::{Client, Kiosk, Site, id};
use crate::table::Table;
use futures::future::join_all;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CONNECTIONS: usize = 500;
/// Each derives once, with 4 MiB.
const REDEMPTIONS: usize = 800;

pub async fn run(table: &mut Table) {
    let site = Site::new();
    let kiosks: Vec<Kiosk> = (0..10).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    site.raise_limits();
    let holders = populate(&site, 0, REDEMPTIONS).await;
    let serving = site.serve();
    let clients: Vec<Client> = (0..CONNECTIONS).map(|nth| serving.client(&kiosks[nth % kiosks.len()])).collect();
    for some in clients.chunks(50) {
        join_all(some.iter().map(|client| client.get("/kiosk/v1/health"))).await;
    }
    table.at_most("resident with 500 connections", resident(serving.pid()), 64.0, "MiB");
    let next = AtomicUsize::new(0);
    let each = clients.iter().take(32).map(|client| {
        let (next, holders) = (&next, &holders);
        async move {
            while let Some(holder) = holders.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
                assert_eq!(answer.result(), "verified");
            }
        }
    });
    join_all(each).await;
    let what = format!("resident with them after {REDEMPTIONS} redemptions");
    table.at_most(&what, resident(serving.pid()), 64.0, "MiB");
    serving.kill();

    let connection = rusqlite::Connection::open(site.path("svc/service.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF; BEGIN; \
             INSERT INTO account (id, name, birth_date, record_status, made_at) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
             SELECT 'many-' || i, randomblob(45), randomblob(39), 'clear', i FROM n; \
             INSERT INTO identifier (blind, account, type, sealed) \
             SELECT randomblob(32), id, 'a_number', randomblob(39) FROM account WHERE id LIKE 'many-%'; COMMIT",
        )
        .unwrap();
    drop(connection);
    let begun = Instant::now();
    let serving = site.serve();
    table.at_most("ready with 1,000,000 accounts", begun.elapsed().as_secs_f64() * 1000.0, 300.0, "ms");
    table.tell("resident with 1,000,000 accounts", resident(serving.pid()), "MiB");
}

fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
