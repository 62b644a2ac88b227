//! kill -9 at random instants and at each failpoint: no code verifies twice, no answer is without its row, no request has
//! two answers, the service always starts again.

use crate::history::{Asked, check};
use crate::population::populate;
use crate::support::{Client, Kiosk, Serving, Site, other_than};
use crate::{numbers, pause, times};
use futures::future::join_all;
use verification_service::failpoint;

const KIOSKS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_on_sqlite() {
    crash(false, times(100, 1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_on_postgres() {
    crash(true, times(100, 1000)).await;
}

async fn crash(postgres: bool, kills: usize) {
    let mut numbers = numbers("crash");
    let site = Site::on(postgres);
    site.raise_limits().set("lock_after", "100000");
    let kiosks: Vec<Kiosk> = (0..KIOSKS).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    let holders = populate(&site, 0, kills).await;
    let mut asked: Vec<Asked> = vec![];
    let mut failpoints = 0;
    for (round, holder) in holders.iter().enumerate() {
        // Three requests with the right code and one with a wrong one; and whatever is not answered yet.
        let wrong = other_than(&holder.code);
        for code in [&holder.code, &holder.code, &holder.code, wrong] {
            let kiosk = usize::try_from(numbers.below(KIOSKS as u64)).unwrap();
            asked.push(Asked::new(kiosk, holder, code));
        }
        let point = (round % 4 == 3).then(|| {
            // Inspections have points of their own, which these requests do not come by.
            let points = failpoint::ALL.map(|name| name).into_iter().filter(|name| !name.starts_with("once."));
            let points: Vec<&str> = points.collect();
            format!("{}:{}", points[(round / 4) % points.len()], 1 + numbers.below(4))
        });
        let environment: Vec<(&str, &str)> = point.iter().map(|point| ("SERVICE_FAILPOINT", point.as_str())).collect();
        let mut serving = site.serve_with(&environment);
        let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
        let wait = 1 + numbers.below(60);
        let sent = send_all(&mut asked, &clients);
        if point.is_some() {
            // It ends by itself; or nobody came by its point, which ends the round too.
            sent.await;
            failpoints += usize::from(serving.has_ended());
            serving.kill();
        } else {
            cut_off_after(sent, wait, serving).await;
        }
    }
    settle(&site, &kiosks, &mut asked).await;
    let verified = check(&site, &asked).await;
    assert_eq!(verified, kills, "every code was asked for rightly, so every code verified");
    println!(
        "crash on {}: {kills} kills, {failpoints} of them at failpoints, {} requests, {verified} codes verified once",
        if postgres { "PostgreSQL" } else { "SQLite" },
        asked.len()
    );
    assert!(failpoints * 8 >= kills, "too few failpoints were reached: {failpoints}");
}

/// Sends whatever has no answer yet, each twice at once.
async fn send_all(asked: &mut [Asked], clients: &[Client]) {
    let open: Vec<&mut Asked> = asked.iter_mut().filter(|one| one.answer.is_none()).collect();
    join_all(open.into_iter().map(|one| async move {
        let client = &clients[one.kiosk];
        let (first, second) = futures::join!(one.send(client), one.send(client));
        for bytes in [first, second].into_iter().flatten() {
            one.answered(bytes);
        }
    }))
    .await;
}

async fn cut_off_after(sent: impl Future<Output = ()>, millis: u64, serving: Serving) {
    let mut sent = std::pin::pin!(sent);
    tokio::select! {
        () = sent.as_mut() => {}
        () = pause(millis) => {}
    }
    serving.kill();
    sent.await;
}

/// Asks until everything is answered, then asks for every answer once more.
async fn settle(site: &Site, kiosks: &[Kiosk], asked: &mut [Asked]) {
    let serving = site.serve();
    let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
    // What a killed instance left pending is taken over 10 s later; each try waits 5 s.
    for _ in 0..6 {
        send_all(asked, &clients).await;
    }
    for one in asked.iter_mut() {
        let again = one.send(&clients[one.kiosk]).await.unwrap_or_else(|| panic!("{} is not settled", one.id));
        one.answered(again);
    }
}
