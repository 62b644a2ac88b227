//! A newer pepper: thousands of values move to it while holders use their codes.

use crate::population::{account, populate};
use crate::support::{Site, id};
use crate::{pause, times};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use verification_service::clock::{Clock, SystemClock};
use verification_service::config::Config;
use verification_service::random::SystemRandomness;
use verification_service::secrets::Keys;
use verification_service::store;

/// Nobody waits for longer while values are moved: on a machine that is busy with other tests.
const AT_THE_MOST: Duration = Duration::from_secs(2);
const HOLDERS: usize = 40;

/// Accounts without codes, in one transaction each thousand.
async fn fill(site: &Site, count: usize) {
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let store = store::open_for_long_work(&config.database_at()).await.unwrap();
    let (random, now) = (SystemRandomness::new(), SystemClock.now());
    let made: Vec<_> =
        (0..count).map(|nth| account(&keys, &random, &format!("A{:09}", 200_000_000 + nth), now)).collect();
    for some in made.chunks(1000).map(<[_]>::to_vec) {
        let added = store.write("fill", move |tx| {
            Box::pin(async move {
                for (account, identifier) in some {
                    assert!(tx.add_account(&account, &[identifier], &[]).await?);
                }
                Ok(())
            })
        });
        added.await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn beside_a_running_service(postgres: bool) {
    let accounts = times(3_000, 100_000);
    let site = Site::on(postgres);
    site.raise_limits();
    let kiosk = site.add_kiosk("K07");
    fill(&site, accounts).await;
    let mut holders = populate(&site, accounts, HOLDERS).await.into_iter().cycle();
    let serving = site.serve();
    let client = serving.client(&kiosk);
    site.cli(&["secrets", "rotate-pepper", "--after", "0"]);
    serving.signal("HUP");
    let log = site.path("log");
    while !std::fs::read_to_string(&log).unwrap().contains("the peppers were read again") {
        pause(20).await;
    }
    let (config, begun) = (site.config(), Instant::now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_verification-service"));
    command.args(["--json", "--config", config.to_str().unwrap(), "secrets", "reseal"]);
    let mut resealing = command.stdout(Stdio::null()).spawn().unwrap();
    let (mut slowest, mut verified, mut answered) = (Duration::ZERO, 0, 0);
    let status = loop {
        let holder = holders.next().unwrap();
        let asked = Instant::now();
        let answer = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
        slowest = slowest.max(asked.elapsed());
        verified += usize::from(answer.result() == "verified");
        answered += 1;
        if let Some(status) = resealing.try_wait().unwrap() {
            break status;
        }
        pause(10).await;
    };
    assert!(status.success(), "{status}");
    let took = begun.elapsed();
    println!(
        "reseal ({}): {accounts} accounts in {took:?}; {answered} verifications, the slowest {slowest:?}",
        if postgres { "PostgreSQL" } else { "SQLite" }
    );
    assert!(answered > HOLDERS && verified == HOLDERS, "{verified} of {answered}: each code once");
    assert!(slowest < AT_THE_MOST, "{slowest:?}");
    let after = site.cli(&["secrets", "status"]);
    let left: i64 = after["peppers"]["1"].as_object().unwrap().values().map(|count| count.as_i64().unwrap()).sum();
    assert_eq!(left, 0, "{after}");
    assert!(after["peppers"]["2"]["account.name"].as_i64().unwrap() >= i64::try_from(accounts + HOLDERS).unwrap());
    site.cli(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_move_to_a_newer_pepper_while_codes_are_used_on_sqlite() {
    beside_a_running_service(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_move_to_a_newer_pepper_while_codes_are_used_on_postgresql() {
    beside_a_running_service(true).await;
}
