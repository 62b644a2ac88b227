//! How long `secrets reindex` takes for many accounts, and what a redemption waits beside it.

use crate::population::account;
use crate::support::{Site, id, other_than};
use crate::table::Table;
use std::time::Instant;
use verification_service::clock::{Clock, SystemClock};
use verification_service::config::Config;
use verification_service::random::SystemRandomness;
use verification_service::secrets::Keys;
use verification_service::store;

const ACCOUNTS: u32 = 100_000;
const IN_ONE: u32 = 1_000;

pub async fn run(table: &Table) {
    let site = Site::new();
    site.raise_limits().set("lock_after", "1000000000");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    accounts(&site).await;
    site.cli(&["secrets", "rotate-index-key", "--after", "0"]);
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let begun = Instant::now();
    let moving = std::thread::scope(|scope| {
        let moving = scope.spawn(|| {
            let done = site.cli(&["secrets", "reindex"]);
            (done, begun.elapsed().as_secs_f64())
        });
        let mut slowest = 0_f64;
        tokio::task::block_in_place(|| {
            while !moving.is_finished() {
                let asked = Instant::now();
                let answer = tokio::runtime::Handle::current().block_on(client.verify(
                    id(),
                    ("a_number", "A000000701"),
                    other_than(&code),
                ));
                assert_eq!(answer.result(), "not_verified");
                slowest = slowest.max(asked.elapsed().as_secs_f64());
            }
        });
        moving.join().map(|(done, took)| (done, took, slowest)).unwrap()
    });
    let (done, took, slowest) = moving;
    assert_eq!(done["moved"]["identifiers"], ACCOUNTS + 2, "{done}");
    table.tell("reindex of 100,000 accounts, service running", took, "s");
    table.tell("for each account", took * 1e6 / f64::from(ACCOUNTS), "us");
    table.tell("slowest verification meanwhile", slowest * 1000.0, "ms");
}

/// Accounts as the command line makes them, without codes.
async fn accounts(site: &Site) {
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let random = SystemRandomness::new();
    for from in (0..ACCOUNTS).step_by(IN_ONE as usize) {
        let now = SystemClock.now();
        let made: Vec<_> = (from..from + IN_ONE)
            .map(|nth| account(&keys, &random, &format!("A{:09}", 300_000_000 + nth), now))
            .collect();
        let added = store.write("accounts", move |tx| {
            Box::pin(async move {
                for (account, identifier) in made {
                    assert!(tx.add_account(&account, &[identifier], &[]).await?);
                }
                Ok(())
            })
        });
        added.await.unwrap();
    }
}
