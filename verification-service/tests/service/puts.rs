//! A PUT counts once, and soon or never: with the clock in the test's hand, inside the service.

use crate::support::{A_NUMBER, Site, id, other_than};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use uuid::Uuid;
use verification_api::backup_code::BackupCode;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::wire::{ProblemType, Purpose, Timestamp};
use verification_service::app::App;
use verification_service::audit::{self, Actor, Event};
use verification_service::clock::{Clock, DAY, HOUR, SystemClock, plus_millis};
use verification_service::config::Config;
use verification_service::log::seal::seal;
use verification_service::put_once::{self, ENDS_WITHIN, OWNED_FOR, Once, Reply, Work};
use verification_service::random::SystemRandomness;
use verification_service::refusal::Refusal;
use verification_service::secrets::Keys;
use verification_service::store;
use verification_service::store::rows::PutKey;
use verification_service::verify::{self, Request};

/// At which look; to say that it came, and to be let go on.
type Gate = (usize, mpsc::Sender<()>, mpsc::Receiver<()>);

/// A clock that stands still until it is told to go, and that may hold whoever looks at it.
pub struct Held {
    base: Timestamp,
    /// Milliseconds after `base`.
    at: AtomicI64,
    /// How often it was looked at.
    looks: AtomicUsize,
    /// At this look and from then on it has gone on by so much.
    jump: Mutex<Option<(usize, i64)>>,
    /// Milliseconds by which the time was set, but not the clock's even going.
    set_by: AtomicI64,
    /// What the last look saw, without that.
    seen: AtomicI64,
    /// At this look it tells that it is looked at, and waits until it may answer.
    gate: Mutex<Option<Gate>>,
}

impl Held {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            base: SystemClock.now(),
            at: AtomicI64::new(0),
            looks: AtomicUsize::new(0),
            jump: Mutex::new(None),
            set_by: AtomicI64::new(0),
            seen: AtomicI64::new(0),
            gate: Mutex::new(None),
        })
    }

    /// Looks are counted anew, and at this one and later it has gone on by so much.
    fn jumps_at(&self, look: usize, millis: i64) {
        self.looks.store(0, Ordering::SeqCst);
        *self.jump.lock().unwrap() = Some((look, millis));
    }

    /// The time is set, by so much.
    pub fn is_set(&self, by: i64) {
        self.set_by.fetch_add(by, Ordering::SeqCst);
    }

    pub fn goes_on(&self, millis: i64) {
        self.looks.store(0, Ordering::SeqCst);
        *self.jump.lock().unwrap() = None;
        let at = self.at.fetch_add(millis, Ordering::SeqCst) + millis;
        self.seen.store(at, Ordering::SeqCst);
    }
}

impl Clock for Held {
    fn now(&self) -> Timestamp {
        let look = self.looks.fetch_add(1, Ordering::SeqCst);
        let gate = self.gate.lock().unwrap().take_if(|(at, ..)| *at == look);
        if let Some((_, here, go)) = gate {
            here.send(()).unwrap();
            go.recv().unwrap();
        }
        let jumped = self.jump.lock().unwrap().map_or(0, |(at, millis)| if look >= at { millis } else { 0 });
        let seen = self.at.load(Ordering::SeqCst) + jumped;
        self.seen.store(seen, Ordering::SeqCst);
        plus_millis(self.base, seen + self.set_by.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        // Never below nothing: a week after it began to run.
        let millis = 7 * DAY + self.seen.load(Ordering::SeqCst);
        Duration::from_millis(millis.unsigned_abs())
    }
}

/// An instance inside the test.
pub async fn instance(site: &Site, clock: &Arc<Held>) -> Arc<App> {
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, clock.now()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Arc::new(App::new(store, keys, config, clock, Arc::new(SystemRandomness::new())).unwrap())
}

/// The request with this id, as if its last byte had come just now.
pub fn request(app: &App, kiosk: Uuid, id: Uuid, code: &str) -> Request {
    let identifier = Identifier::parse(IdentifierType::ANumber, A_NUMBER).unwrap();
    let blind = verify::blind_of(&app.keys, &identifier);
    Request {
        once: Once::new(app, PutKey { kiosk, scope: "request", id }, verify::KIND, code.as_bytes()),
        visit: id,
        identifier: blind,
        record: blind,
        code: BackupCode::parse(code).unwrap(),
        purpose: Purpose::Inspection,
        officer_session: None,
    }
}

fn is_verified(reply: &Reply) -> bool {
    serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap()["result"] == "verified"
}

fn refused(answer: Result<Reply, Refusal>) -> ProblemType {
    match answer {
        Ok(reply) => panic!("not refused: {}", String::from_utf8_lossy(&reply.body)),
        Err(refusal) => refusal.problem,
    }
}

async fn count(site: &Site, what: &str) -> u64 {
    site.text(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {what}")).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whenever_its_ten_seconds_end_a_verification_is_undone_and_charged_once() {
    let site = Site::new();
    site.raise_limits();
    let (kiosk, clock) = (site.add_kiosk("K07").id, Held::new());
    let app = instance(&site, &clock).await;
    seal(&app).await.unwrap().unwrap();
    let code = site.new_code();
    // How often the clock is looked at when nothing is late.
    let wrong = request(&app, kiosk, id(), other_than(&code));
    clock.goes_on(0);
    assert!(!is_verified(&verify::verify(Arc::clone(&app), wrong).await.unwrap()));
    let looks = clock.looks.load(Ordering::SeqCst);
    assert!(looks >= 4, "two transactions, looked at first and last: {looks}");
    for late in 0..looks {
        seal(&app).await.unwrap().unwrap();
        site.sql("DELETE FROM throttle").await;
        let (code, id) = (site.new_code(), id());
        seal(&app).await.unwrap().unwrap();
        let before = count(&site, "verification").await;
        let asked = request(&app, kiosk, id, &code);
        clock.jumps_at(late, ENDS_WITHIN);
        assert_eq!(refused(verify::verify(Arc::clone(&app), asked).await), ProblemType::Unavailable, "late at {late}");
        assert_eq!(count(&site, "verification").await, before, "late at {late}");
        assert_eq!(count(&site, "code WHERE state = 'active'").await, 1, "late at {late}: the code is not used up");
        let charged = count(&site, &format!("put WHERE id = '{id}'")).await;
        assert_eq!(count(&site, "throttle WHERE n = 1").await, charged, "charged with the row, or not at all");

        // The same bytes again, when whatever was left pending may be taken over.
        clock.goes_on(OWNED_FOR + ENDS_WITHIN);
        seal(&app).await.unwrap().unwrap();
        let again = request(&app, kiosk, id, &code);
        assert!(is_verified(&verify::verify(Arc::clone(&app), again).await.unwrap()), "late at {late}, then in time");
        assert_eq!(count(&site, "verification").await, before + 1);
        assert_eq!(count(&site, "throttle WHERE n = 0").await, 1, "the refund");
    }
}

#[tokio::test]
async fn whenever_its_ten_seconds_end_any_other_put_is_undone() {
    let site = Site::new();
    let (kiosk, clock) = (site.add_kiosk("K07").id, Held::new());
    let app = instance(&site, &clock).await;
    let put = async |id: Uuid| {
        let once = Once::new(&app, PutKey { kiosk, scope: "request", id }, "inspection", b"bytes");
        let (shared, body) = (Arc::clone(&app), b"{}".to_vec());
        (once, shared, body)
    };
    let run = async |id: Uuid, late: Option<usize>| {
        let (once, shared, body) = put(id).await;
        clock.goes_on(0);
        if let Some(look) = late {
            clock.jumps_at(look, ENDS_WITHIN);
        }
        put_once::run(&shared, once, None, move |tx, _| {
            Box::pin(async move {
                tx.add_call(kiosk, 1, "7", None).await?;
                Ok(Work::Stored(Reply { status: 200, body: body.into() }))
            })
        })
        .await
    };
    assert_eq!(run(id(), None).await.map(|reply| reply.status), Ok(200));
    let looks = clock.looks.load(Ordering::SeqCst);
    assert!(looks >= 2, "first and last: {looks}");
    for late in 0..looks {
        let id = id();
        assert_eq!(refused(run(id, Some(late)).await), ProblemType::Unavailable, "late at {late}");
        assert_eq!((count(&site, "put").await, count(&site, "assistance").await), (late as u64 + 1, late as u64 + 1));
        assert!(run(id, None).await.is_ok(), "the id stayed free");
    }
}

/// The owner of a request sleeps between charge and redemption for longer than it may; meanwhile another instance takes the
/// request over.
async fn taken_over(right: bool) {
    let site = Site::new();
    site.raise_limits();
    let (kiosk, clocks) = (site.add_kiosk("K07").id, [Held::new(), Held::new()]);
    let (old, new) = (instance(&site, &clocks[0]).await, instance(&site, &clocks[1]).await);
    let code = site.new_code();
    let tried = if right { code.as_str() } else { other_than(&code) };
    seal(&old).await.unwrap().unwrap();
    let other = request(&old, kiosk, id(), other_than(&code));
    clocks[0].goes_on(0);
    verify::verify(Arc::clone(&old), other).await.unwrap();
    let looks = clocks[0].looks.load(Ordering::SeqCst);
    seal(&old).await.unwrap().unwrap();
    site.sql("DELETE FROM throttle").await;

    let one = id();
    let asked = request(&old, kiosk, one, tried);
    clocks[0].goes_on(0);
    let ((here, reached), (go, wait)) = (mpsc::channel(), mpsc::channel());
    // The last two looks are in the second transaction: the one before is after the derivation.
    *clocks[0].gate.lock().unwrap() = Some((looks - 3, here, wait));
    let owner = tokio::spawn(verify::verify(Arc::clone(&old), asked));
    tokio::task::spawn_blocking(move || reached.recv().unwrap()).await.unwrap();
    assert_eq!(count(&site, "throttle WHERE n = 1").await, 1, "it is charged");
    assert_eq!(count(&site, &format!("put WHERE id = '{one}' AND state = 'pending'")).await, 1);

    clocks[1].goes_on(OWNED_FOR + 1 + clocks[0].now().unix_millis() - clocks[1].now().unix_millis());
    clocks[0].gate.lock().unwrap().take();
    let again = request(&new, kiosk, one, tried);
    let reply = verify::verify(Arc::clone(&new), again).await.unwrap();
    assert_eq!(is_verified(&reply), right);

    // The old owner wakes, with its clock still in time: its transaction must fail all the same.
    go.send(()).unwrap();
    assert_eq!(refused(owner.await.unwrap()), ProblemType::Unavailable);
    let rows = format!("verification WHERE id = '{one}'");
    assert_eq!(count(&site, &rows).await, 1);
    assert_eq!(count(&site, &format!("audit WHERE event = 'verification' AND subject = '{kiosk}/{one}'")).await, 1);
    let n = site.text("SELECT CAST(n AS TEXT) FROM throttle").await;
    assert_eq!(n, if right { "0" } else { "1" }, "charged once, refunded when it verified");
    assert_eq!(count(&site, "code WHERE state = 'used'").await, u64::from(right));
    let replay = verify::verify(Arc::clone(&old), request(&old, kiosk, one, tried)).await.unwrap();
    assert!(replay == reply, "the old owner's instance replays the new one's reply");
    site.cli(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_takes_a_request_over_charges_nothing_and_the_old_owner_fails() {
    taken_over(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_is_taken_over_verifies_once() {
    taken_over(true).await;
}

/// Lets the owner of a wrong try sleep between charge and redemption, and lets `meanwhile` happen.
async fn wrong_while(site: &Site, kiosk: Uuid, meanwhile: impl AsyncFnOnce()) {
    let clock = Held::new();
    let app = instance(site, &clock).await;
    let code = site.new_code();
    seal(&app).await.unwrap().unwrap();
    let other = request(&app, kiosk, id(), other_than(&code));
    clock.goes_on(0);
    verify::verify(Arc::clone(&app), other).await.unwrap();
    let looks = clock.looks.load(Ordering::SeqCst);
    let code = site.new_code();
    seal(&app).await.unwrap().unwrap();
    let asked = request(&app, kiosk, id(), other_than(&code));
    clock.goes_on(0);
    let ((here, reached), (go, wait)) = (mpsc::channel(), mpsc::channel());
    *clock.gate.lock().unwrap() = Some((looks - 3, here, wait));
    let owner = tokio::spawn(verify::verify(Arc::clone(&app), asked));
    tokio::task::spawn_blocking(move || reached.recv().unwrap()).await.unwrap();
    meanwhile().await;
    go.send(()).unwrap();
    assert!(!is_verified(&owner.await.unwrap().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_wrong_try_disables_its_own_code_and_none_that_was_made_meanwhile() {
    let site = Site::new();
    site.set("disable_after", "1").set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07").id;
    wrong_while(&site, kiosk, async || ()).await;
    assert_eq!(count(&site, "code WHERE state = 'active'").await, 0, "disabled");
    assert_eq!(count(&site, "code WHERE state = 'disabled'").await, 2);
    wrong_while(&site, kiosk, async || drop(site.new_code())).await;
    assert_eq!(count(&site, "code WHERE state = 'active'").await, 1, "the newer code is not the one that was tried");
    assert_eq!(count(&site, "code WHERE state = 'disabled'").await, 3, "the older one had been replaced");
    site.cli(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_is_set_neither_ends_a_request_nor_keeps_it_open() {
    let site = Site::new();
    site.raise_limits();
    let (kiosk, clock) = (site.add_kiosk("K07").id, Held::new());
    let app = instance(&site, &clock).await;
    seal(&app).await.unwrap().unwrap();
    for by in [HOUR, -HOUR] {
        let code = site.new_code();
        let asked = request(&app, kiosk, id(), &code);
        clock.is_set(by);
        let reply = verify::verify(Arc::clone(&app), asked).await.unwrap();
        assert!(is_verified(&reply), "set by {by} while it was under way");
        seal(&app).await.unwrap().unwrap();
        clock.goes_on(1);
    }
    let code = site.new_code();
    let asked = request(&app, kiosk, id(), &code);
    clock.is_set(-HOUR);
    clock.goes_on(ENDS_WITHIN);
    assert_eq!(refused(verify::verify(Arc::clone(&app), asked).await), ProblemType::Unavailable, "ten seconds passed");
    // Pending since a time that is still to come.
    let one = id();
    let asked = request(&app, kiosk, one, &code);
    clock.goes_on(1);
    clock.jumps_at(3, ENDS_WITHIN);
    assert_eq!(refused(verify::verify(Arc::clone(&app), asked).await), ProblemType::Unavailable);
    assert_eq!(count(&site, &format!("put WHERE id = '{one}' AND state = 'pending'")).await, 1);
    clock.goes_on(0);
    clock.is_set(-HOUR);
    let again = request(&app, kiosk, one, &code);
    assert!(is_verified(&verify::verify(Arc::clone(&app), again).await.unwrap()), "taken over");
}

#[tokio::test]
async fn a_row_from_a_time_to_come_that_is_not_sealed_stops_verifications() {
    let site = Site::new();
    let (kiosk, clock) = (site.add_kiosk("K07").id, Held::new());
    let app = instance(&site, &clock).await;
    let code = site.new_code();
    seal(&app).await.unwrap().unwrap();
    let told = plus_millis(clock.now(), HOUR);
    let row = app.store.write("row", move |tx| {
        Box::pin(async move {
            let nothing = serde_json::json!({});
            audit::append(tx, told, Actor::Operator, Event::ThrottleCleared, "x", &nothing).await
        })
    });
    row.await.unwrap();
    let asked = request(&app, kiosk, id(), &code);
    assert_eq!(refused(verify::verify(Arc::clone(&app), asked).await), ProblemType::Unavailable);
    seal(&app).await.unwrap().unwrap();
    let asked = request(&app, kiosk, id(), &code);
    assert!(is_verified(&verify::verify(Arc::clone(&app), asked).await.unwrap()), "sealed, it hinders nobody");
}
