//! What is past its time goes: in small steps, with everything that tells of it, and never so that it could count again.

use crate::inspections::inspect;
use crate::officers::{decision, put_override};
use crate::operations::{ask, value};
use crate::puts::{Held, instance, request};
use crate::support::{A_NUMBER, Site, id, other_than, verification};
use std::sync::Arc;
use verification_service::app::App;
use verification_service::clock::{Clock, DAY, HOUR, SystemClock};
use verification_service::log::seal::seal;
use verification_service::monitor;
use verification_service::purge::purge;
use verification_service::verify;

async fn count(site: &Site, what: &str) -> i64 {
    site.text(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {what}")).await.parse().unwrap()
}

#[tokio::test]
async fn decisions_go_with_the_audit_rows_that_tell_of_them() {
    let site = Site::new();
    site.raise_limits();
    let kiosk = site.add_kiosk("K07");
    site.add_officer("B1");
    let (code, serving, once) = (site.new_code(), site.serve(), id());
    let client = serving.client(&kiosk);
    client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await;
    assert_eq!(client.verify(once, ("a_number", A_NUMBER), &code).await.result(), "verified");
    inspect(&client, |_| ()).await;
    let mut body = decision(SystemClock.now());
    body["officer_session"] = client.sign_in("B1").await.into();
    assert_eq!(put_override(&client, &kiosk, id(), &body).await.status, 200);
    // One that is replaced, and one that goes on.
    site.new_code();
    let newest = site.new_code();
    serving.kill();
    let clock = Held::new();
    let app = instance(&site, &clock).await;
    seal(&app).await.unwrap().unwrap();

    clock.goes_on(729 * DAY);
    let early = purge(&app).await.unwrap();
    assert_eq!((early.audit, early.verifications, early.overrides, early.request_ids), (0, 0, 0, 0), "{early:?}");
    assert_eq!(early.replies, 4, "{early:?}");
    // The newest code does not expire before its time is over: a year.
    clock.goes_on(2 * DAY);
    let gone = purge(&app).await.unwrap();
    assert_eq!((gone.verifications, gone.inspections, gone.overrides), (2, 1, 1), "{gone:?}");
    assert_eq!((gone.codes, gone.request_ids), (2, 4), "used up and replaced: {gone:?}");
    for nothing in ["verification", "inspection", "override", "put", "code WHERE state <> 'active'"] {
        assert_eq!(count(&site, nothing).await, 0, "{nothing}");
    }
    assert_eq!((count(&site, "code").await, count(&site, "code_hint").await), (1, 1), "the one that is good");
    seal(&app).await.unwrap().unwrap();
    let report = site.cli(&["audit", "verify"]);
    assert_eq!(report["purged"].as_i64(), gone.leaves, "{report}");
    // Nothing is remembered of an id from then, and none is refused for its age: a kiosk whose clock is years behind is served.
    let late = verify::verify(Arc::clone(&app), request(&app, kiosk.id, once, other_than(&newest))).await;
    assert!(late.is_ok());
    assert_eq!(count(&site, "verification").await, 1);

    let serving = site.serve();
    assert_eq!(
        serving.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &newest).await.result(),
        "verified",
        "whatever is past its time, this is not"
    );
    serving.kill();
    site.cli(&["audit", "verify"]);
}

/// The port of the metrics of an instance inside the test.
async fn served(app: &Arc<App>) -> u16 {
    let socket = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    // Never stopped: it ends with the test.
    std::mem::forget(stop);
    tokio::spawn(monitor::serve(socket, Arc::clone(app), stopping));
    port
}

#[tokio::test]
async fn two_that_purge_at_once_tell_one_truth() {
    let site = Site::new();
    for number in 0..8 {
        site.add_kiosk(&format!("K{number:02}"));
    }
    let clocks = [Held::new(), Held::new()];
    let (one, other) = (instance(&site, &clocks[0]).await, instance(&site, &clocks[1]).await);
    seal(&one).await.unwrap().unwrap();
    clocks.iter().for_each(|clock| clock.goes_on(731 * DAY));
    let (a, b) = futures::join!(purge(&one), purge(&other));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.audit + b.audit >= 8, "{a:?} {b:?}");
    seal(&one).await.unwrap().unwrap();
    site.cli(&["audit", "verify"]);
}

/// As instances of an earlier version left it, which did not take turns: the smaller one was told later.
#[tokio::test]
async fn a_purge_that_was_told_late_is_no_tampering() {
    let site = Site::new();
    for number in 0..3 {
        site.add_kiosk(&format!("K{number:02}"));
    }
    let clock = Held::new();
    let app = instance(&site, &clock).await;
    seal(&app).await.unwrap().unwrap();
    clock.goes_on(731 * DAY);
    let gone = purge(&app).await.unwrap();
    assert!(gone.leaves.unwrap() > 1, "{gone:?}");
    let detail = serde_json::json!({ "audit": 1, "leaves": 1, "last_seq": 1 }).to_string();
    let late = format!(
        "INSERT INTO audit (at, actor, event, subject, detail) VALUES (1, 'service', 'purged', 'database', '{detail}')"
    );
    site.sql(&late).await;
    seal(&app).await.unwrap().unwrap();
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn much_is_deleted_in_steps_and_what_cannot_be_keeps_nothing_else() {
    let site = Site::new();
    let blob = if site.database.is_some() { "'\\x00'::bytea" } else { "x'00'" };
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3200) \
         INSERT INTO put (kiosk, scope, id, kind, body_mac, owner, begun_at, state, status, reply) \
         SELECT 'k', 'request', CAST(i AS TEXT), 'inspection', {blob}, {blob}, 1, 'done', 200, {blob} FROM n"
    );
    assert_eq!(site.sql(&rows).await, 3200);
    site.sql(
        "INSERT INTO referral (visit, kiosk, reference, sealed, stored_at) VALUES ('v', 'k', 'r', BLOB, 1)"
            .replace("BLOB", blob)
            .as_str(),
    )
    .await;
    // One kind cannot be deleted.
    site.sql("ALTER TABLE activity RENAME TO away").await;
    let why = site.refusal(&["purge"], "");
    assert!(why.contains("activity"), "{why}");
    assert_eq!(count(&site, "put WHERE state = 'done'").await, 0);
    assert_eq!(count(&site, "referral").await, 0);
    let steps = count(&site, "audit WHERE event = 'purged'").await;
    assert!(steps >= 7, "{steps} transactions");
    site.sql("ALTER TABLE away RENAME TO activity").await;
    assert_eq!(site.cli(&["purge"])["replies"], 0);
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn when_nothing_was_deleted_for_two_days_somebody_is_told() {
    let site = Site::new();
    let clock = Held::new();
    let app = instance(&site, &clock).await;
    seal(&app).await.unwrap().unwrap();
    let port = served(&app).await;
    let warned = async || ask(port, "/ready").await.1.contains("has not been deleted for two days");
    clock.goes_on(47 * HOUR);
    assert!(!warned().await);
    clock.goes_on(2 * HOUR);
    assert!(warned().await);
    let age = value(&ask(port, "/metrics").await.1, "verification_purge_age_seconds");
    assert!((age - 49.0 * 3600.0).abs() < 1.0, "{age}");
    purge(&app).await.unwrap();
    assert!(!warned().await);
}

/// Rates that a kiosk has used up are given back by an operator.
#[tokio::test]
async fn a_kiosks_rates_are_cleared_with_its_throttle() {
    let site = Site::new();
    site.set("verifications_burst", "1").set("verifications_per_minute", "1");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let put = async || {
        let path = format!("/kiosk/v1/verifications/{}", id());
        client.put(&path, &verification(("a_number", A_NUMBER), other_than(&code))).await.status.as_u16()
    };
    assert_eq!((put().await, put().await), (200, 429));
    site.cli(&["throttle", "clear", "--kiosk", &kiosk.id.to_string()]);
    assert_eq!(put().await, 200);
}
