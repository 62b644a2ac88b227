//! Read documents against their records.

use crate::support::{A_NUMBER, Client, Site, TIME, id};
use serde_json::{Value, json};

pub fn card() -> Value {
    json!({
        "type": "permanent_resident_card", "document_number": "000000701", "primary_identifier": "SPECIMEN",
        "secondary_identifier": "ANNA", "issuer": "USA", "birth_date": "1974-05-02", "expiry_date": "2035-01-01",
        "a_number": "A000000701", "card_number": "LIN0000000703"
    })
}

pub fn inspection(document: &Value) -> Value {
    json!({ "visit": id(), "lane": "7", "device_time": TIME, "how": "serial", "document": document, "checks": [] })
}

pub async fn inspect(client: &Client, change: impl Fn(&mut Value)) -> (String, String, Value) {
    let mut document = card();
    change(&mut document);
    let answer = client.put(&format!("/kiosk/v1/inspections/{}", id()), &inspection(&document)).await.json();
    let text = |member: &str| answer[member].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (text("record"), text("document_status"), answer["mismatch"].clone())
}

#[tokio::test]
async fn a_document_is_found_by_its_number_and_compared_by_prefix() {
    let site = Site::new();
    site.set("inspections_burst", "100");
    for (number, a_number, status) in
        [("000000801", "A000000801", "2020-01-01:valid"), ("000000802", "A000000802", "2035-01-01:reported_lost")]
    {
        let document = format!("permanent_resident_card:USA:{number}:{status}");
        let name = ["--name", "SPECIMEN<<ANNA", "--birth-date", "1974-05-02", "--document", &document];
        site.cli(&[&["account", "add", "--a-number", a_number][..], &name[..]].concat());
    }
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let none = json!([]);
    let is = |record: &str, status: &str, mismatch: &Value| (record.to_owned(), status.to_owned(), mismatch.clone());

    assert_eq!(inspect(&client, |_| {}).await, is("found", "valid", &none));
    assert_eq!(inspect(&client, |d| d["secondary_identifier"] = json!("ANNA MAR")).await, is("found", "valid", &none));
    let other = json!(["secondary_identifier"]);
    assert_eq!(inspect(&client, |d| d["secondary_identifier"] = json!("EVE")).await, is("found", "valid", &other));
    assert_eq!(inspect(&client, |d| d["secondary_identifier"] = Value::Null).await, is("found", "valid", &other));
    let both = json!(["primary_identifier", "birth_date"]);
    let changed = inspect(&client, |d| {
        d["primary_identifier"] = json!("SPECIMENT");
        d["birth_date"] = json!("1974-05---");
    });
    assert_eq!(changed.await, is("found", "valid", &both));
    let unknown = inspect(&client, |d| d["card_number"] = json!("LIN0000000704")).await;
    assert_eq!(unknown, is("found", "unknown", &none), "another card of the same A-Number");
    assert_eq!(inspect(&client, |d| d["document_number"] = json!("000000709")).await, is("found", "unknown", &none));
    let stranger = inspect(&client, |d| {
        d["document_number"] = json!("000000709");
        d["a_number"] = json!("A000000709");
    });
    assert_eq!(stranger.await, is("not_found", "unknown", &none));
    for (number, status, expiry) in [("801", "expired", "2020-01-01"), ("802", "reported_lost", "2035-01-01")] {
        let known = inspect(&client, |d| {
            d["document_number"] = json!(format!("000000{number}"));
            d["a_number"] = json!(format!("A000000{number}"));
            d["expiry_date"] = json!(expiry);
        });
        assert_eq!(known.await, is("found", status, &none));
    }
}

#[tokio::test]
async fn a_record_may_ask_for_an_officer() {
    let site = Site::new();
    let document = "passport:UTO:L898902C3:2035-04-15:valid";
    let name = ["--name", "ERIKSSON<<ANNA MARIA", "--birth-date", "1974-08-12", "--document", document];
    site.cli(&[&["account", "add", "--a-number", "A000000810", "--record-status", "refer"][..], &name[..]].concat());
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let document = json!({
        "type": "passport", "document_number": "L898902C3", "primary_identifier": "ERIKSSON",
        "secondary_identifier": "ANNA MARIA", "issuer": "UTO", "birth_date": "1974-08-12"
    });
    let answer = client.put(&format!("/kiosk/v1/inspections/{}", id()), &inspection(&document)).await.json();
    assert_eq!((&answer["record"], &answer["document_status"]), (&json!("refer"), &json!("valid")));
}

#[tokio::test]
async fn a_keyed_document_needs_an_officer_and_a_replay_is_the_same() {
    let site = Site::new();
    site.add_officer("B1");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let mut keyed = inspection(&card());
    keyed["how"] = json!("keyed");
    let path = format!("/kiosk/v1/inspections/{}", id());
    assert_eq!(client.put(&path, &keyed).await.problem(), "officer-session");
    keyed["officer_session"] = json!(client.sign_in("B1").await);
    let answer = client.put(&path, &keyed).await;
    assert_eq!(answer.json()["record"], "found");
    assert_eq!(client.put(&path, &keyed).await, answer);
    keyed["lane"] = json!("8");
    assert_eq!(client.put(&path, &keyed).await.problem(), "id-conflict");
}

#[tokio::test]
async fn a_mock_stores_nothing_but_its_audit_row() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let mut mock = inspection(&card());
    mock["mock"] = json!(true);
    let answer = client.put(&format!("/kiosk/v1/inspections/{}", id()), &mock).await.json();
    assert_eq!(answer["record"], "refer");
    assert_eq!(site.sql("DELETE FROM inspection").await, 0);
    assert_eq!(site.sql("UPDATE audit SET event = event WHERE event = 'mock_inspection'").await, 1);
}

#[tokio::test]
async fn a_mock_is_limited_and_allowed_like_any_other() {
    let site = Site::new();
    site.add_officer("B1");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let mut mock = inspection(&card());
    mock["mock"] = json!(true);
    mock["how"] = json!("keyed");
    let put = async |mock: &Value| client.put(&format!("/kiosk/v1/inspections/{}", id()), mock).await;
    assert_eq!(put(&mock).await.problem(), "officer-session", "keyed without a session");
    mock["officer_session"] = json!("00112233445566778899aabbccddeeff");
    assert_eq!(put(&mock).await.problem(), "officer-session", "a session that never was");
    mock["how"] = json!("serial");
    assert_eq!(put(&mock).await.problem(), "officer-session", "and whoever names one must have it");
    mock["how"] = json!("keyed");
    mock["officer_session"] = json!(client.sign_in("B1").await);
    assert_eq!(put(&mock).await.json()["record"], "refer");
    assert_eq!(site.sql("UPDATE audit SET event = event WHERE event = 'mock_inspection'").await, 1);
    let mut taken = 0;
    let limited = loop {
        let answer = put(&mock).await;
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
        assert!(taken < 30, "no limit");
    };
    assert_eq!(limited.problem(), "rate-limited");
    let seconds: u32 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&seconds), "{seconds}");
    assert_eq!(put(&inspection(&card())).await.problem(), "rate-limited", "it is the same rate");
}

#[tokio::test]
async fn inspections_have_a_rate_of_their_own() {
    let site = Site::new();
    let (kiosk, code, serving) = (site.add_kiosk("K07"), site.new_code(), site.serve());
    let client = serving.client(&kiosk);
    let first = format!("/kiosk/v1/inspections/{}", id());
    let body = inspection(&card());
    let stored = client.put(&first, &body).await;
    assert_eq!(stored.status, 200);
    // 20 at once, then one every 6 seconds: a slow machine gets one or two more.
    let mut taken = 1;
    while client.put(&format!("/kiosk/v1/inspections/{}", id()), &inspection(&card())).await.status == 200 {
        taken += 1;
        assert!(taken < 30, "no limit");
    }
    assert!((20..=24).contains(&taken), "{taken}");
    let limited = client.put(&format!("/kiosk/v1/inspections/{}", id()), &inspection(&card())).await;
    assert_eq!(limited.problem(), "rate-limited");
    assert_eq!(client.put(&first, &body).await, stored, "a stored reply is free");
    let verified = client.verify(id(), ("a_number", A_NUMBER), &code).await;
    assert_eq!(verified.result(), "verified", "codes are counted apart");
}

#[tokio::test]
async fn who_is_not_found_and_who_differs_is_a_failing_identifier() {
    let site = Site::new();
    site.set("failing_identifiers", "2");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let stranger = |number: &str| {
        let number = number.to_owned();
        move |document: &mut Value| {
            document["document_number"] = json!(number);
            document["a_number"] = json!(format!("A{number}"));
        }
    };
    let other_name = |document: &mut Value| document["primary_identifier"] = json!("ANOTHER");
    for _ in 0..3 {
        // The same one again is no further one.
        assert_eq!(inspect(&client, stranger("000000991")).await.0, "not_found");
        assert_eq!(inspect(&client, other_name).await.2, json!(["primary_identifier"]));
        assert_eq!(inspect(&client, |_| {}).await.2, json!([]), "and this one does not fail");
    }
    assert_eq!(inspect(&client, stranger("000000992")).await.0, "not_found", "the third is evaluated");
    let answer = client.put(&format!("/kiosk/v1/inspections/{}", id()), &inspection(&card())).await;
    assert_eq!(answer.problem(), "quarantined");
    assert_eq!(site.cli(&["kiosk", "list"])["kiosks"][0]["state"], "quarantined");
}

#[tokio::test]
async fn status_calls_answer() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let policy = client.get("/kiosk/v1/policy").await.json();
    assert_eq!(policy["groups"], 4);
    let beat = json!({
        "devices": [{ "device": "scanner", "state": "ready", "who": "nobody" }],
        "journal": { "seq": 12, "hash": "0".repeat(64) }, "version": "0.1.0", "policy_version": policy["version"]
    });
    let answer = client.post("/kiosk/v1/heartbeats", &beat).await.json();
    assert_eq!(answer["server_time"].as_str().map(str::len), Some(24));
    assert!(site.cli(&["kiosk", "list"])["kiosks"][0]["last_seen"].is_string());
    let call = json!({ "lane": "7", "visit": id() });
    assert!(client.post("/kiosk/v1/assistance", &call).await.status.is_success());
    assert_eq!(site.sql("DELETE FROM assistance").await, 1);
}

#[tokio::test]
async fn the_agencys_times_travel_in_the_policy() {
    let site = Site::new();
    let timers = "\n[timers]\nwarn_s = 90\nanswer_s = 40\ncomplete_s = 20\nreferred_s = 30\nheld_s = 120\n";
    let before = std::fs::read_to_string(site.config()).unwrap();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let none = serving.client(&kiosk).get("/kiosk/v1/policy").await.json();
    assert!(none.get("timers").is_none(), "each kiosk has its own: {none}");
    drop(serving);
    std::fs::write(site.config(), before + timers).unwrap();
    let policy = site.serve().client(&kiosk).get("/kiosk/v1/policy").await.json();
    assert_eq!((&policy["timers"]["warn_s"], &policy["timers"]["answer_s"]), (&json!(90), &json!(40)));
    assert_ne!(policy["version"], none["version"], "a new version, so that kiosks take it");
}
