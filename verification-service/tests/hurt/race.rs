//! Many requests for one code at the same moment: one verifies. Many wrong codes for one identifier: five are evaluated.

use crate::history::{Asked, check};
use crate::population::populate;
use crate::support::{Client, Kiosk, Serving, Site, other_than};
use crate::times;
use futures::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_on_sqlite() {
    race(false, 1, times(20, 1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_postgres() {
    race(true, 2, times(20, 1000)).await;
}

/// 64 requests per code, each with an id of its own.
async fn race(postgres: bool, instances: usize, codes: usize) {
    let site = Site::on(postgres);
    site.raise_limits().set("lock_after", "100000");
    let kiosks: Vec<Kiosk> = (0..8).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    let holders = populate(&site, 0, codes).await;
    let serving: Vec<Serving> = (0..instances).map(|_| site.serve()).collect();
    let clients: Vec<Vec<Client>> =
        serving.iter().map(|serving| kiosks.iter().map(|kiosk| serving.client(kiosk)).collect()).collect();
    let mut all = vec![];
    for holder in &holders {
        let mut asked: Vec<Asked> = (0..64).map(|nth| Asked::new(nth % kiosks.len(), holder, &holder.code)).collect();
        let clients = &clients;
        join_all(asked.iter_mut().enumerate().map(|(nth, one)| async move {
            // A queue of 64 behind one kiosk's turn may be put off: then it is asked again.
            for _ in 0..4 {
                if let Some(bytes) = one.send(&clients[nth % clients.len()][one.kiosk]).await {
                    return one.answered(bytes);
                }
            }
        }))
        .await;
        all.extend(asked);
    }
    assert_eq!(check(&site, &kiosks, &all).await, codes);
    println!("race: {codes} codes, {} requests, {instances} instances: {codes} verified", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_256_wrong_codes_at_once_five_are_evaluated() {
    let site = Site::on(false);
    site.raise_limits();
    let kiosk = site.add_kiosk("K07");
    let holders = populate(&site, 0, 1).await;
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let wrong: Vec<Asked> = (0..256).map(|_| Asked::new(0, &holders[0], other_than(&holders[0].code))).collect();
    let answers = join_all(wrong.iter().map(|one| async {
        // A machine that is busy with something else may put some off: they are asked again, as kiosks do.
        for _ in 0..4 {
            if let Some(bytes) = one.send(&client).await {
                return Some(bytes);
            }
        }
        None
    }))
    .await;
    assert_eq!(answers.iter().flatten().count(), 256);
    let show = ["throttle", "show", "--a-number", &holders[0].a_number];
    assert_eq!(site.cli(&show)["n"], 5);
    serving.kill();
    let serving = site.serve();
    let right = Asked::new(0, &holders[0], &holders[0].code);
    let answer = right.send(&serving.client(&kiosk)).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("not_verified"), "locked, also after a restart");
    assert_eq!(site.cli(&show)["n"], 5);
}
