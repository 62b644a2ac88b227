//! kill -9 at random instants and at each failpoint, while codes are redeemed, documents inspected, visits referred and
//! scans overridden: no code verifies twice, no answer is without its row, no request has two answers, the service always
//! starts again.

use crate::history::{Asked, check};
use crate::numbers::Numbers;
use crate::population::populate;
use crate::support::{Client, Kiosk, Serving, Site, other_than};
use crate::{numbers, pause, times};
use futures::future::join_all;
use std::collections::BTreeMap;
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

/// In every one of so many rounds the service is killed at a failpoint instead of at a random instant.
const ROUNDS_PER_POINT: usize = 4;

async fn crash(postgres: bool, kills: usize) {
    let mut numbers = numbers("crash");
    let site = Site::on(postgres);
    site.raise_limits().set("lock_after", "100000");
    let kiosks: Vec<Kiosk> = (0..KIOSKS).map(|nth| site.add_kiosk(&format!("K{nth}"))).collect();
    let holders = populate(&site, 0, kills).await;
    let mut asked: Vec<Asked> = vec![];
    let mut points = Points::default();
    for (round, holder) in holders.iter().enumerate() {
        let mut nth = || usize::try_from(numbers.below(KIOSKS as u64)).unwrap();
        // Three requests with the right code and one with a wrong one; a document, a referral and an officer's decision;
        // and some of what is not answered yet: all of it would be more each round than is answered before the next kill.
        let before = asked.len();
        let wrong = other_than(&holder.code);
        for code in [&holder.code, &holder.code, &holder.code, wrong] {
            asked.push(Asked::new(nth(), holder, code));
        }
        asked.push(Asked::inspection(nth(), holder, if round % 2 == 0 { "SPECIMEN" } else { "SPECIMENS" }));
        let (referring, overriding) = (nth(), nth());
        asked.push(Asked::referral(referring, &format!("K{referring}"), round));
        asked.push(Asked::overriding(overriding, &kiosks[overriding]));
        let point = (round % ROUNDS_PER_POINT == ROUNDS_PER_POINT - 1).then(|| points.next());
        // Three requests of the ones in a single transaction, four of the others, come by their points for the first time.
        let armed = point.map(|name| format!("{name}:{}", 1 + numbers.below(3)));
        let environment: Vec<(&str, &str)> = armed.iter().map(|armed| ("SERVICE_FAILPOINT", armed.as_str())).collect();
        let mut serving = site.serve_with(&environment);
        let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
        let wait = 1 + numbers.below(60);
        let sent = send_some(&mut asked, before, &mut numbers, &clients);
        if let Some(point) = point {
            sent.await;
            // It ends by itself; or nobody came by its point, which ends the round too.
            if ends(&mut serving).await {
                points.reached(point);
            }
            serving.kill();
        } else {
            cut_off_after(sent, wait, serving).await;
        }
    }
    settle(&site, &kiosks, &mut asked).await;
    let verified = check(&site, &kiosks, &asked).await;
    assert_eq!(verified, kills, "every code was asked for rightly, so every code verified");
    println!(
        "crash on {}: {kills} kills, {} requests, {verified} codes verified once; at failpoints (reached of armed): {points}",
        if postgres { "PostgreSQL" } else { "SQLite" },
        asked.len()
    );
    points.check();
}

/// How often each failpoint was armed, and how often the service ended there.
#[derive(Default)]
struct Points {
    armed: usize,
    reached: BTreeMap<&'static str, usize>,
}

impl Points {
    /// Each in turn.
    fn next(&mut self) -> &'static str {
        self.armed += 1;
        failpoint::ALL[(self.armed - 1) % failpoint::ALL.len()]
    }

    fn reached(&mut self, point: &'static str) {
        *self.reached.entry(point).or_default() += 1;
    }

    fn each(&self) -> impl Iterator<Item = (&'static str, usize, usize)> {
        let all = failpoint::ALL.len();
        failpoint::ALL.into_iter().enumerate().map(move |(nth, name)| {
            let armed = self.armed / all + usize::from(nth < self.armed % all);
            (name, self.reached.get(name).copied().unwrap_or_default(), armed)
        })
    }

    /// Each was reached, and most often when it was armed.
    fn check(&self) {
        for (name, reached, armed) in self.each() {
            assert!(reached >= 1 && reached * 4 >= armed * 3, "{name} was reached {reached} times of {armed}");
        }
    }
}

impl std::fmt::Display for Points {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.each().try_for_each(|(name, reached, armed)| write!(f, "{name} {reached} of {armed} "))
    }
}

/// Whether it has ended by itself; the end of its connections is seen before its own.
async fn ends(serving: &mut Serving) -> bool {
    for _ in 0..50 {
        if serving.has_ended() {
            return true;
        }
        pause(10).await;
    }
    false
}

/// So many of those that earlier rounds left open are sent again in a round.
const AGAIN: u64 = 16;

/// Sends what is asked from `new` on, and some of what has no answer yet.
fn send_some<'a>(
    asked: &'a mut [Asked],
    new: usize,
    numbers: &mut Numbers,
    clients: &'a [Client],
) -> impl Future<Output = ()> + 'a {
    let (before, fresh) = asked.split_at_mut(new);
    let open: Vec<&mut Asked> = before.iter_mut().filter(|one| !one.is_answered()).collect();
    let left = open.len() as u64;
    let chosen = open.into_iter().filter(|_| left <= AGAIN || numbers.below(left) < AGAIN).collect::<Vec<_>>();
    send(chosen.into_iter().chain(fresh).collect(), clients)
}

/// Each twice at once.
async fn send(open: Vec<&mut Asked>, clients: &[Client]) {
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

/// In the end so many are asked at once: fewer than would be put off.
const AT_ONCE: usize = 32;

/// Asks until everything is answered, then asks for every answer once more.
async fn settle(site: &Site, kiosks: &[Kiosk], asked: &mut [Asked]) {
    let serving = site.serve();
    let clients: Vec<Client> = kiosks.iter().map(|kiosk| serving.client(kiosk)).collect();
    // What a killed instance left pending is taken over 10 s later; each try waits 5 s.
    for _ in 0..6 {
        let mut open: Vec<&mut Asked> = asked.iter_mut().filter(|one| !one.is_answered()).collect();
        while !open.is_empty() {
            let rest = open.split_off(open.len().min(AT_ONCE));
            send(std::mem::replace(&mut open, rest), &clients).await;
        }
    }
    for one in asked.iter_mut() {
        let again = one.send(&clients[one.kiosk]).await.unwrap_or_else(|| panic!("{} is not settled", one.id));
        one.answered(again);
    }
}
