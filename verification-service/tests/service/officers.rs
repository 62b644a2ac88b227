//! Sign-in, sessions, overrides and technicians' credentials.

use crate::support::{A_NUMBER, Answer, Client, Kiosk, Site, id, other_than, verification};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use verification_api::wire::{TechnicianCredential, Timestamp, split_credential};
use verification_service::clock::{Clock, HOUR, MINUTE, SystemClock, plus_millis};
use verification_service::codes;

async fn sign_in(client: &Client, badge: &str, pin: &str) -> Answer {
    client.post("/kiosk/v1/officers/sign-in", &json!({ "badge": badge, "pin": pin })).await
}

#[tokio::test]
async fn five_wrong_pins_lock_and_an_unknown_badge_is_told_the_same() {
    let site = Site::new();
    site.add_officer("B1");
    let (one, two) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let serving = site.serve();
    let (client, other) = (serving.client(&one), serving.client(&two));
    let wrong = sign_in(&client, "B1", "654321").await;
    let unknown = sign_in(&other, "B2", "654321").await;
    assert_eq!(wrong.problem(), "officer-session");
    assert_eq!(wrong, unknown);
    for _ in 0..4 {
        assert_eq!(sign_in(&client, "B1", "654321").await.problem(), "officer-session");
    }
    let locked = sign_in(&client, "B1", "123456").await;
    assert_eq!(locked.problem(), "rate-limited");
    assert!(locked.headers.iter().any(|(name, value)| name == "retry-after" && value.parse::<u32>().unwrap() <= 15));
    assert_eq!(sign_in(&other, "B1", "123456").await.problem(), "rate-limited", "the badge is locked everywhere");
    assert_eq!(sign_in(&client, "B9", "123456").await.problem(), "rate-limited", "the kiosk is locked for all");
}

/// Milliseconds until a lock of `throttle show` ends.
fn left(state: &Value) -> i64 {
    let until = Timestamp::parse(state["locked_until"].as_str().unwrap_or_else(|| panic!("{state}"))).unwrap();
    until.unix_millis() - SystemClock.now().unix_millis()
}

#[tokio::test]
async fn locks_last_as_long_as_the_configuration_says() {
    let site = Site::new();
    site.set("pin_failures", "2").set("pin_lock_seconds", "700").set("pin_lock_longest_seconds", "1000");
    site.set("lock_after", "1").set("lock_minutes", "[2, 100, 200]").set("renewals_burst", "1");
    site.add_officer("B1");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for _ in 0..2 {
        assert_eq!(sign_in(&client, "B1", "654321").await.problem(), "officer-session");
    }
    assert_eq!(sign_in(&client, "B1", "123456").await.problem(), "rate-limited");
    let show = ["throttle", "show", "--badge", "B1"];
    assert!((640_000..=700_000).contains(&left(&site.cli(&show))), "{}", site.cli(&show));
    site.sql("UPDATE pin_throttle SET locked_until = 1").await;
    assert_eq!(sign_in(&client, "B1", "654321").await.problem(), "officer-session");
    assert!((940_000..=1_000_000).contains(&left(&site.cli(&show))), "twice as long, but no longer than the longest");

    let show = ["throttle", "show", "--a-number", A_NUMBER];
    for minutes in [2, 100, 200, 200] {
        client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await;
        let (left, whole) = (left(&site.cli(&show)), minutes * MINUTE);
        assert!((whole - MINUTE..=whole).contains(&left), "{minutes} minutes: {left}");
        site.sql("UPDATE throttle SET locked_until = 1").await;
    }

    let csr = || {
        let key = KeyPair::generate().unwrap();
        CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap()
    };
    let renew = async || client.post("/kiosk/v1/certificate", &json!({ "csr": csr() })).await;
    assert_eq!(renew().await.status, StatusCode::OK);
    assert_eq!(renew().await.problem(), "rate-limited");
}

#[tokio::test]
async fn a_session_belongs_to_its_kiosk_and_ends() {
    let site = Site::new();
    let officer = site.add_officer("B1");
    let (one, two) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let serving = site.serve();
    let (client, other) = (serving.client(&one), serving.client(&two));
    let signed_in = sign_in(&client, " b1 ", "123456").await.json();
    assert_eq!(signed_in["officer"], officer.as_str());
    let session = signed_in["officer_session"].as_str().unwrap().to_owned();
    assert_eq!(session.len(), 32);
    let look = |client: Client, session: String| async move {
        let headers = [("officer-session", session.as_str())];
        let path = "/kiosk/v1/referrals/by-reference/K07-0000";
        client.try_call(Method::GET, path, &headers, vec![]).await.unwrap().problem()
    };
    assert_eq!(look(client.clone(), session.clone()).await, "not-found", "live");
    assert_eq!(look(other, session.clone()).await, "officer-session", "not at another kiosk");
    let headers = [("officer-session", session.as_str())];
    let out = client.try_call(Method::DELETE, "/kiosk/v1/officers/session", &headers, vec![]).await.unwrap();
    assert_eq!(out.status, StatusCode::OK);
    assert_eq!(look(client.clone(), session).await, "officer-session", "signed out");

    let session = client.sign_in("B1").await;
    site.sql("UPDATE officer_session SET last_used = last_used - 301000").await;
    assert_eq!(look(client.clone(), session).await, "officer-session", "idle for 5 minutes");

    let session = client.sign_in("B1").await;
    site.cli(&["officer", "disable", "--badge", "B1"]);
    assert_eq!(look(client.clone(), session).await, "officer-session", "disabled");
    assert_eq!(sign_in(&client, "B1", "123456").await.problem(), "officer-session");
    assert_eq!(client.get("/kiosk/v1/policy").await.json()["disabled_officers"], json!([officer]));
}

pub async fn put_override(client: &Client, kiosk: &Kiosk, id: Uuid, body: &Value) -> Answer {
    let raw = body.to_string().into_bytes();
    let header = kiosk.signature(id, &raw);
    let path = format!("/kiosk/v1/overrides/{id}");
    client.try_call(Method::PUT, &path, &[("kiosk-signature", &header)], raw).await.unwrap()
}

pub fn decision(decided_at: Timestamp) -> Value {
    json!({
        "visit": id(), "decided_at": decided_at, "reason": "worn_document",
        "reading": { "source": "serial", "lines": ["I<UTOD231458907<<<<<<<<<<<<<<<"], "checks": [] }
    })
}

#[tokio::test]
async fn an_override_is_taken_with_its_kiosks_signature_only() {
    let site = Site::new();
    site.add_officer("B1");
    let (kiosk, stranger) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut body = decision(SystemClock.now());
    body["officer_session"] = json!(client.sign_in("B1").await);
    body["decided_at"] = json!(SystemClock.now());
    let one = id();
    let path = format!("/kiosk/v1/overrides/{one}");
    assert_eq!(client.put(&path, &body).await.problem(), "malformed", "no signature");
    assert_eq!(put_override(&client, &stranger, one, &body).await.problem(), "role", "another kiosk's key");
    let raw = body.to_string().into_bytes();
    let moved = kiosk.signature(id(), &raw);
    let answer = client.try_call(Method::PUT, &path, &[("kiosk-signature", &moved)], raw).await.unwrap();
    assert_eq!(answer.problem(), "role", "the signature of another id");
    let mut early = body.clone();
    early["decided_at"] = json!(plus_millis(SystemClock.now(), -HOUR));
    assert_eq!(put_override(&client, &kiosk, one, &early).await.problem(), "role", "the key was not valid then");

    let stored = put_override(&client, &kiosk, one, &body).await;
    assert_eq!((stored.status, &stored.json()["flagged"]), (StatusCode::OK, &json!(false)));
    assert_eq!(put_override(&client, &kiosk, one, &body).await, stored, "a replay is the same");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_late_or_unconfirmed_override_is_stored_and_flagged() {
    let site = Site::new();
    let officer = site.add_officer("B1");
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut body = decision(SystemClock.now());
    body["officer_session"] = json!("00");
    assert_eq!(put_override(&client, &kiosk, id(), &body).await.json()["flagged"], true, "no such session");
    let mut body = decision(SystemClock.now());
    body["officer"] = json!(officer);
    body["offline_since"] = json!(SystemClock.now());
    assert_eq!(put_override(&client, &kiosk, id(), &body).await.json()["flagged"], true, "never signed in here");
    client.sign_in("B1").await;
    body["offline_since"] = json!(plus_millis(SystemClock.now(), MINUTE));
    assert_eq!(put_override(&client, &kiosk, id(), &body).await.json()["flagged"], false, "signed in before");
    for (member, value) in [("officer_session", json!("00")), ("reason", json!("other")), ("reading", json!({}))] {
        let mut wrong = body.clone();
        wrong[member] = value;
        assert_eq!(put_override(&client, &kiosk, id(), &wrong).await.problem(), "malformed", "{member}");
    }
}

/// A kiosk that was offline renews its certificate before it delivers what it signed with the older key.
#[tokio::test]
async fn an_override_signed_before_a_renewal_is_taken_after_it() {
    let site = Site::new();
    site.add_officer("B1");
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let session = client.sign_in("B1").await;
    let mut body = decision(SystemClock.now());
    body["officer_session"] = json!(session);
    body["decided_at"] = json!(SystemClock.now());
    let raw = body.to_string().into_bytes();
    let (one, late) = (id(), id());
    let signed = kiosk.signature(one, &raw);

    let key = KeyPair::generate().unwrap();
    let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let renewed = client.post("/kiosk/v1/certificate", &json!({ "csr": csr })).await.json();
    let newer = Kiosk { id: kiosk.id, dir: site.path("newer") };
    std::fs::create_dir(&newer.dir).unwrap();
    std::fs::write(newer.dir.join("chain.pem"), renewed["chain"].as_str().unwrap()).unwrap();
    std::fs::write(newer.dir.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::copy(kiosk.dir.join("root.pem"), newer.dir.join("root.pem")).unwrap();
    let with_newer = serving.client(&newer);
    assert_eq!(with_newer.get("/kiosk/v1/health").await.status, StatusCode::OK);
    assert_eq!(client.get("/kiosk/v1/health").await.problem(), "revoked", "the older key has ended");

    let path = format!("/kiosk/v1/overrides/{one}");
    let deliver = async |signed: &str| {
        with_newer.try_call(Method::PUT, &path, &[("kiosk-signature", signed)], raw.clone()).await.unwrap()
    };
    let stored = deliver(&signed).await;
    assert_eq!((stored.status, &stored.json()["flagged"]), (StatusCode::OK, &json!(false)));
    assert_eq!(deliver(&signed).await, stored, "a replay is the same");
    // Decided after the older key had ended: that key signs for it no more, the newer one does.
    body["decided_at"] = json!(plus_millis(SystemClock.now(), 1000));
    assert_eq!(put_override(&with_newer, &kiosk, late, &body).await.problem(), "role");
    assert_eq!(put_override(&with_newer, &newer, late, &body).await.status, StatusCode::OK);
    // And the newer one does not sign for what was decided long before it was made.
    body["decided_at"] = json!(plus_millis(SystemClock.now(), -HOUR));
    assert_eq!(put_override(&with_newer, &newer, id(), &body).await.problem(), "role");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn another_kiosks_visit_is_overridden_only_from_the_session_that_opened_it() {
    let site = Site::new();
    site.add_officer("B1");
    let (one, two) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let serving = site.serve();
    let (client, other) = (serving.client(&one), serving.client(&two));
    let visit = id();
    let referral = json!({ "reference": "K07-7KQ2", "lane": "7", "reason": "technical", "verification_ids": [] });
    assert!(client.put(&format!("/kiosk/v1/referrals/{visit}"), &referral).await.status.is_success());
    let session = other.sign_in("B1").await;
    let mut body = decision(SystemClock.now());
    body["visit"] = json!(visit);
    body["officer_session"] = json!(session);
    assert_eq!(put_override(&other, &two, id(), &body).await.problem(), "officer-session");
    let headers = [("officer-session", session.as_str())];
    let path = "/kiosk/v1/referrals/by-reference/K07-7KQ2";
    assert!(other.try_call(Method::GET, path, &headers, vec![]).await.unwrap().status.is_success());
    assert_eq!(put_override(&other, &two, id(), &body).await.json()["flagged"], false);
}

#[tokio::test]
async fn a_technicians_credential_verifies_offline_and_is_revoked_by_policy() {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let issued = site.cli_with(&["technician", "issue", "--name", "Tess", "--days", "60"], "12345678\n");
    let (payload, signature) = split_credential(issued["credential"].as_str().unwrap()).unwrap();
    let (payload, signature) = (URL_SAFE_NO_PAD.decode(payload).unwrap(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    // Everything that a kiosk has: the public key and the pepper beside its configuration.
    let pem = std::fs::read_to_string(kiosk.dir.join("technician.pub")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = STANDARD.decode(base64).unwrap();
    let key = &spki[spki.len() - 32..];
    UnparsedPublicKey::new(&ED25519, key).verify(&payload, &signature).unwrap();
    let credential: TechnicianCredential = serde_json::from_slice(&payload).unwrap();
    assert!(credential.expiry > plus_millis(SystemClock.now(), 59 * 24 * HOUR));
    assert!(!String::from_utf8_lossy(&payload).contains("Tess"));
    let pepper = std::fs::read(kiosk.dir.join("technician_pepper")).unwrap();
    let salt = hex::decode(&credential.salt).unwrap();
    let hash = |pin: &str| hex::encode(*codes::derive(pin, &salt, codes::TECHNICIAN_COST, &pepper).unwrap());
    assert_eq!(hash("12345678"), credential.pin_hash);
    assert_ne!(hash("12345679"), credential.pin_hash);

    site.cli(&["technician", "revoke", "--id", &credential.id.to_string()]);
    let serving = site.serve();
    let policy = serving.client(&kiosk).get("/kiosk/v1/policy").await.json();
    assert_eq!(policy["revoked_technicians"], json!([credential.id]));
    assert!(site.refusal(&["technician", "issue", "--name", "T"], "1234567\n").contains("from 8 to 16 digits"));
    assert!(site.refusal(&["officer", "add", "--badge", "B3"], "12345\n").contains("from 6 to 12 digits"));
}

#[tokio::test]
async fn nothing_personal_is_logged_or_stored_in_clear() {
    let site = Site::new();
    site.add_officer("BADGE77");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    client.sign_in("BADGE77").await;
    client.verify(id(), ("a_number", "A000000701"), &code).await;
    let mut wrong = verification(("a_number", "A000000701"), &code);
    wrong["purpose"] = json!("PLANTED");
    client.put(&format!("/kiosk/v1/verifications/{}", id()), &wrong).await;
    let referral = json!({
        "reference": "K07-7KQ2", "lane": "7", "reason": "technical", "verification_ids": [],
        "identifier": { "type": "a_number", "value": "A000000701" },
        "reading": { "source": "serial", "lines": ["PLANTEDROW<<<"], "checks": [] }
    });
    assert!(client.put(&format!("/kiosk/v1/referrals/{}", id()), &referral).await.status.is_success());
    serving.kill();
    let secret = code.replace('-', "");
    let planted = ["SPECIMEN", "1974-05-02", "A000000701", "000000701", "PLANTED", "BADGE77", &code, &secret];
    for file in ["log", "svc/service.db", "svc/service.db-wal"] {
        let bytes = std::fs::read(site.path(file)).unwrap_or_default();
        for text in planted {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} is in {file}");
        }
    }
}

#[tokio::test]
async fn a_locked_badge_is_listed_and_can_be_cleared() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    site.add_officer("B7");
    let client = serving.client(&kiosk);
    for _ in 0..5 {
        let wrong = json!({ "badge": "B7", "pin": "000000" });
        assert_eq!(client.post("/kiosk/v1/officers/sign-in", &wrong).await.problem(), "officer-session");
    }
    let right = json!({ "badge": "B7", "pin": "123456" });
    assert_eq!(client.post("/kiosk/v1/officers/sign-in", &right).await.problem(), "rate-limited");
    let locks = site.cli(&["throttle", "list"]);
    assert_eq!(locks["locks"].as_array().unwrap().len(), 2, "the badge's and the kiosk's: {locks}");
    assert_eq!(site.cli(&["throttle", "show", "--badge", "B7"])["n"], 5);
    site.cli(&["throttle", "clear", "--badge", "B7"]);
    site.cli(&["throttle", "clear", "--kiosk", &kiosk.id.to_string()]);
    assert_eq!(site.cli(&["throttle", "list"])["locks"], json!([]));
    client.sign_in("B7").await;
}
