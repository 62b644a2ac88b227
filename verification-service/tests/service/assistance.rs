//! A traveler calls an officer: who watches the service sees it until somebody has come.

use crate::operations::{ask, value, watched};
use crate::support::{Site, id};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/kiosk/v1/assistance";

fn calls(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let listed = site.cli(&[&["assistance", "list"], arguments].concat());
    listed["calls"].as_array().unwrap().clone()
}

async fn open(port: u16) -> (f64, f64) {
    let (_, text) = ask(port, "/metrics").await;
    (value(&text, "verification_assistance_open "), value(&text, "verification_assistance_waiting_seconds "))
}

#[tokio::test]
async fn a_call_is_listed_counted_and_alarmed_until_an_operator_closes_it() {
    let site = Site::new();
    let port = watched(&site);
    let (first, second) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let serving = site.serve();
    assert_eq!(open(port).await, (0.0, 0.0));
    let visit = id();
    let call = json!({ "lane": "7", "visit": visit });
    assert!(serving.client(&first).post(PATH, &call).await.status.is_success());
    assert!(serving.client(&second).post(PATH, &json!({ "lane": "8" })).await.status.is_success());

    let open_now = calls(&site, &["--open"]);
    let told = |call: &Value| json!([call["number"], call["lane"], call["visit"], call["closed_at"]]);
    let told: Vec<Value> = open_now.iter().map(told).collect();
    assert_eq!(told, [json!(["K07", "7", true, null]), json!(["K08", "8", false, null])]);
    assert_eq!(open_now[0]["at"].as_str().map(str::len), Some(24), "when");
    let (count, waiting) = open(port).await;
    assert!((count - 2.0).abs() < f64::EPSILON && (0.0..300.0).contains(&waiting), "{count} {waiting}");
    let log = std::fs::read_to_string(site.path("log")).unwrap();
    let alarms: Vec<&str> = log.lines().filter(|line| line.contains("ALARM: a traveler calls an officer")).collect();
    assert_eq!(alarms.len(), 2, "{log}");
    assert!(alarms[0].contains("K07") && !log.contains(&visit.to_string()), "{log}");

    let number = open_now[0]["call"].to_string();
    site.cli(&["assistance", "close", &number]);
    assert!(site.refusal(&["assistance", "close", &number], "").contains("is open"), "it is over");
    assert!(site.refusal(&["assistance", "close", "4711"], "").contains("no call 4711"));
    assert_eq!(calls(&site, &["--open"]), open_now[1..]);
    assert!((open(port).await.0 - 1.0).abs() < f64::EPSILON);
    let all = calls(&site, &[]);
    assert_eq!((all.len(), all[0]["closed_at"].is_string()), (2, true));
    assert_eq!(calls(&site, &["--since", "2000-01-01T00:00:00.000Z"]), all);
    assert_eq!(calls(&site, &["--since", "9000-01-01T00:00:00.000Z"]), [Value::Null; 0]);
    assert_eq!(site.try_cli(&["assistance", "list", "--since", "yesterday"], "").status.code(), Some(2));
    let row = "SELECT detail FROM audit WHERE event = 'assistance_closed' AND actor = 'operator'";
    assert_eq!(site.text(row).await, format!("{{\"call\":{number}}}"));
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn an_officer_who_signs_in_at_the_kiosk_answers_its_calls() {
    let site = Site::new();
    let (here, elsewhere) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let officer = site.add_officer("B1");
    let serving = site.serve();
    for kiosk in [&here, &here, &elsewhere] {
        assert!(serving.client(kiosk).post(PATH, &json!({ "lane": "7" })).await.status.is_success());
    }
    let client = serving.client(&here);
    let wrong = json!({ "badge": "B1", "pin": "000000" });
    assert_eq!(client.post("/kiosk/v1/officers/sign-in", &wrong).await.problem(), "officer-session");
    assert_eq!(calls(&site, &["--open"]).len(), 3, "whoever is no officer has not come");
    client.sign_in("B1").await;
    let open = calls(&site, &["--open"]);
    assert_eq!((open.len(), &open[0]["number"]), (1, &json!("K08")));
    let rows =
        format!("WHERE event = 'assistance_closed' AND actor = 'kiosk:{}' AND detail LIKE '%{officer}%'", here.id);
    assert_eq!(site.text(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM audit {rows}")).await, "2");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn an_officer_who_opens_the_visits_referral_elsewhere_answers_its_call() {
    let site = Site::new();
    let (here, elsewhere) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    site.add_officer("B1");
    let serving = site.serve();
    let (client, visit) = (serving.client(&here), id());
    let referral = json!({
        "reference": "K07-4M2P", "lane": "7", "reason": "asked_for_officer", "reading": null, "identifier": null,
        "verification_ids": [],
    });
    assert_eq!(client.put(&format!("/kiosk/v1/referrals/{visit}"), &referral).await.status, 200);
    for visit in [visit, id()] {
        client.post(PATH, &json!({ "lane": "7", "visit": visit })).await;
    }
    let desk = serving.client(&elsewhere);
    let session = desk.sign_in("B1").await;
    assert_eq!(calls(&site, &["--open"]).len(), 2, "the officer is at another kiosk");
    let path = "/kiosk/v1/referrals/by-reference/K07-4M2P";
    let opened = desk.try_call(Method::GET, path, &[("Officer-Session", &session)], vec![]).await.unwrap();
    assert_eq!(opened.status, 200);
    let open = calls(&site, &["--open"]);
    assert_eq!(open.len(), 1, "only that visit's: {open:?}");
}

#[tokio::test]
async fn calls_are_kept_as_long_as_the_audit_log() {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    for _ in 0..2 {
        serving.client(&kiosk).post(PATH, &json!({ "lane": "7" })).await;
    }
    // 730 days and a minute ago.
    let old = "UPDATE assistance SET at = at - 63072060000 WHERE id = (SELECT MIN(id) FROM assistance)";
    assert_eq!(site.sql(old).await, 1);
    site.cli(&["purge"]);
    assert_eq!(calls(&site, &[]).len(), 1);
}
