//! How long a redemption takes when 50 a second come in, whether or not the last one has been answered.

use crate::population::populate;
use crate::support::{Client, Kiosk, Site, id};
use crate::table::Table;
use std::time::{Duration, Instant};

const A_SECOND: usize = 50;
const SECONDS: usize = 20;

pub async fn run(table: &mut Table) {
    let site = Site::new();
    site.raise_limits();
    let kiosks: Vec<Kiosk> = (0..A_SECOND).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    let holders = populate(&site, 0, A_SECOND * SECONDS).await;
    let serving = site.serve();
    let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
    for client in &clients {
        client.get("/kiosk/v1/health").await;
    }
    let begun = Instant::now();
    let each = holders.into_iter().enumerate().map(|(nth, holder)| {
        let client = clients[nth % clients.len()].clone();
        let due = begun + Duration::from_millis(1000 * nth as u64 / A_SECOND as u64);
        tokio::spawn(async move {
            tokio::time::sleep_until(due.into()).await;
            let sent = Instant::now();
            let answer = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
            assert_eq!(answer.result(), "verified");
            sent.elapsed()
        })
    });
    let mut took: Vec<Duration> = futures::future::join_all(each).await.into_iter().map(Result::unwrap).collect();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    table.at_most("50 redemptions a second: p50", at(0.5), 25.0, "ms");
    table.at_most("50 redemptions a second: p99", at(0.99), 100.0, "ms");
}
