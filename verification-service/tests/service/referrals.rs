//! A visit handed over to an officer.

use crate::support::{Answer, Client, Site, id, other_than};
use reqwest::{Method, StatusCode};
use serde_json::json;

async fn open(client: &Client, reference: &str, session: &str) -> Answer {
    let path = format!("/kiosk/v1/referrals/by-reference/{reference}");
    client.try_call(Method::GET, &path, &[("officer-session", session)], vec![]).await.unwrap()
}

#[tokio::test]
async fn a_referral_is_opened_at_another_kiosk_with_nothing_to_retype_and_closed() {
    let site = Site::new();
    site.add_officer("B1");
    let (one, two, code) = (site.add_kiosk("K07"), site.add_kiosk("K08"), site.new_code());
    let serving = site.serve();
    let (client, other) = (serving.client(&one), serving.client(&two));
    let (visit, wrong, right, lost) = (id(), id(), id(), id());
    let a = ("a_number", "A000000701");
    assert_eq!(client.verify(wrong, a, other_than(&code)).await.result(), "not_verified");
    assert_eq!(client.verify(right, a, &code).await.result(), "verified");
    let reading = json!({
        "source": "camera", "lines": ["C1USA0000007019"],
        "checks": [{ "field": "composite", "verdict": "disagrees", "printed": "5", "computed": "7" }]
    });
    let identifier = json!({ "type": "a_number", "value": "A000000701" });
    let referral = json!({
        "reference": "K07-7KQ2", "lane": "7", "reason": "code_not_verified", "reading": reading,
        "identifier": identifier, "verification_ids": [wrong, right, lost]
    });
    let path = format!("/kiosk/v1/referrals/{visit}");
    let stored = client.put(&path, &referral).await;
    assert_eq!(stored.status, StatusCode::OK);
    assert_eq!(client.put(&path, &referral).await, stored, "a replay is the same");
    assert_eq!(
        other
            .put(
                &path,
                &json!({
                    "reference": "K08-7KQ2", "lane": "8", "reason": "technical", "verification_ids": []
                })
            )
            .await
            .problem(),
        "not-found",
        "for another kiosk it does not exist"
    );

    assert_eq!(open(&other, "K07-7KQ2", "00").await.problem(), "officer-session");
    let session = other.sign_in("B1").await;
    assert_eq!(open(&other, "K07-7KQ3", &session).await.problem(), "not-found");
    let opened = open(&other, "k07-7kq2", &session).await.json();
    assert_eq!(opened["visit"], json!(visit));
    assert_eq!(opened["kiosk"], "K07");
    assert_eq!(opened["reading"], reading);
    assert_eq!(opened["identifier"], identifier);
    assert_eq!(
        opened["verifications"],
        json!([
            { "id": wrong, "result": "not_verified" },
            { "id": right, "result": "verified" },
            { "id": lost, "result": "unknown" }
        ])
    );

    let closed_path = format!("{path}/closed");
    let no_code = json!({ "officer_session": session, "outcome": "secondary" });
    assert_eq!(other.put(&closed_path, &no_code).await.problem(), "malformed");
    let closing = json!({ "officer_session": session, "outcome": "secondary", "code": "CD" });
    let closed = other.put(&closed_path, &closing).await;
    assert_eq!(closed.status, StatusCode::OK);
    assert_eq!(other.put(&closed_path, &closing).await, closed, "a replay is the same");
    assert_eq!(open(&other, "K07-7KQ2", &session).await.problem(), "not-found");
    assert_eq!(client.put(&path, &referral).await, stored, "the kiosk that lost the reply still gets it");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_reference_is_the_kiosks_own_and_unique_while_open() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let referral = |reference: &str| json!({ "reference": reference, "lane": "7", "reason": "asked_for_officer", "verification_ids": [] });
    for wrong in ["K08-7KQ2", "K07-7KQ", "K07-7KQU", "K077KQ2", "K07-7kq2"] {
        let answer = client.put(&format!("/kiosk/v1/referrals/{}", id()), &referral(wrong)).await;
        assert_eq!(answer.problem(), "malformed", "{wrong}");
    }
    let (first, second) = (format!("/kiosk/v1/referrals/{}", id()), format!("/kiosk/v1/referrals/{}", id()));
    assert!(client.put(&first, &referral("K07-7KQ2")).await.status.is_success());
    assert_eq!(client.put(&second, &referral("K07-7KQ2")).await.problem(), "reference-taken");
    assert!(client.put(&second, &referral("K07-7KQ3")).await.status.is_success(), "another one is drawn");
    assert_eq!(client.put(&first, &referral("K07-7KQ4")).await.problem(), "id-conflict");
}

/// A document that had completed a visit was contradicted: no officer finds "complete" any more.
#[tokio::test]
async fn a_hand_over_that_was_taken_back_is_found_no_more_whether_it_came_before_or_comes_after() {
    let site = Site::new();
    site.add_officer("B1");
    let (kiosk, another, serving) = (site.add_kiosk("K07"), site.add_kiosk("K08"), site.serve());
    let (client, other) = (serving.client(&kiosk), serving.client(&another));
    let session = client.sign_in("B1").await;
    let referral = |reference: &str, reason: &str| json!({ "reference": reference, "lane": "7", "reason": reason, "verification_ids": [] });
    let instead_of = |earlier: uuid::Uuid, reference: &str| {
        let mut body = referral(reference, "check_document");
        body["supersedes"] = json!(earlier);
        body
    };
    let put = |visit: uuid::Uuid| format!("/kiosk/v1/referrals/{visit}");

    let (visit, second) = (id(), id());
    let stored = client.put(&put(visit), &referral("K07-7KQ2", "complete")).await;
    assert!(stored.status.is_success());
    assert_eq!(
        other
            .put(&put(id()), &{
                let mut body = instead_of(visit, "K08-7KQ3");
                body["lane"] = json!("8");
                body
            })
            .await
            .problem(),
        "not-found",
        "another kiosk's hand-over is none of its business"
    );
    assert_eq!(open(&client, "K07-7KQ2", &session).await.json()["reason"], "complete");
    assert!(client.put(&put(second), &instead_of(visit, "K07-7KQ3")).await.status.is_success());
    assert_eq!(open(&client, "K07-7KQ2", &session).await.problem(), "not-found");
    assert_eq!(open(&client, "K07-7KQ3", &session).await.json()["reason"], "check_document");
    assert_eq!(client.put(&put(visit), &referral("K07-7KQ2", "complete")).await, stored, "a replay is the same");
    assert_eq!(open(&client, "K07-7KQ2", &session).await.problem(), "not-found", "and brings nothing back");

    let (late, first) = (id(), id());
    assert!(client.put(&put(first), &instead_of(late, "K07-7KQ4")).await.status.is_success());
    assert_eq!(client.put(&put(late), &referral("K07-7KQ5", "complete")).await.problem(), "id-conflict");
    assert_eq!(open(&client, "K07-7KQ5", &session).await.problem(), "not-found");
    assert_eq!(client.put(&put(late), &instead_of(late, "K07-7KQ6")).await.problem(), "malformed");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn thirty_looks_a_minute() {
    let site = Site::new();
    site.add_officer("B1");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let session = client.sign_in("B1").await;
    let mut limited = 0;
    for _ in 0..33 {
        let answer = open(&client, "K07-0000", &session).await;
        limited += usize::from(answer.problem() == "rate-limited");
    }
    assert!((1..=3).contains(&limited), "{limited}");
    let looks = site.sql("UPDATE audit SET at = at WHERE event = 'referral_opened'").await;
    assert_eq!(looks, 33 - limited as u64, "each look is audited");
}

#[tokio::test]
async fn an_old_referral_is_deleted() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let referral = json!({ "reference": "K07-7KQ2", "lane": "7", "reason": "technical", "verification_ids": [] });
    assert!(client.put(&format!("/kiosk/v1/referrals/{}", id()), &referral).await.status.is_success());
    assert_eq!(site.cli(&["purge"])["referrals"], 0);
    site.sql("UPDATE referral SET stored_at = stored_at - 4 * 3600000 - 1000").await;
    assert_eq!(site.cli(&["purge"])["referrals"], 1);
    site.cli(&["audit", "verify"]);
}
