//! Backup codes over the wire.

use crate::support::{A_NUMBER, Answer, RECEIPT, Site, id, other_than, verification};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

const A: (&str, &str) = ("a_number", A_NUMBER);

#[tokio::test]
async fn a_code_verifies_once_never_twice_never_with_another_identifier() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for wrong in [("receipt", RECEIPT), ("a_number", "A000000702")] {
        assert_eq!(client.verify(id(), wrong, &code).await.result(), "not_verified", "{wrong:?}");
    }
    assert_eq!(client.verify(id(), A, other_than(&code)).await.result(), "not_verified");
    let lower = code.to_lowercase().replace('-', "");
    let answer = client.verify(id(), A, &lower).await;
    assert_eq!((answer.status, answer.result().as_str()), (StatusCode::OK, "verified"));
    assert_eq!(answer.json()["record_status"], "clear");
    assert!(answer.json().get("holder").is_none(), "the holder is told to officers only");
    assert_eq!(answer.bytes.len() % 1024, 0);
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_replay_is_byte_identical_also_after_kill_9_and_restart() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let (yes, no) = (id(), id());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let refused = client.verify(no, A, other_than(&code)).await;
    let verified = client.verify(yes, A, &code).await;
    assert_eq!(client.verify(yes, A, &code).await, verified);
    serving.kill();

    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.verify(yes, A, &code).await, verified);
    assert_eq!(client.verify(no, A, other_than(&code)).await, refused);
    assert_eq!(client.get(&format!("/kiosk/v1/verifications/{yes}")).await, verified, "GET settles alike");
    assert_eq!(client.verify(yes, A, other_than(&code)).await.problem(), "id-conflict");
    assert_eq!(client.get(&format!("/kiosk/v1/verifications/{}", id())).await.problem(), "not-found");
    let other = serving.client(&site.add_kiosk("K08"));
    assert_eq!(other.get(&format!("/kiosk/v1/verifications/{yes}")).await.problem(), "not-found");
}

#[tokio::test]
async fn sixteen_kiosks_at_once_get_one_verified() {
    let site = Site::new();
    site.set("lock_after", "1000").set("disable_after", "1000");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let tries = (0..16).map(|_| {
        let (client, code) = (client.clone(), code.clone());
        tokio::spawn(async move { client.verify(id(), A, &code).await.result() })
    });
    let mut verified = 0;
    for answer in futures::future::join_all(tries).await {
        verified += usize::from(answer.unwrap() == "verified");
    }
    assert_eq!(verified, 1);
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn one_request_sent_many_times_at_once_is_charged_once_and_answered_alike() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let one = id();
    let wrong = other_than(&code);
    let sent = (0..8).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.verify(one, A, wrong).await })
    });
    let answers: Vec<Answer> = futures::future::join_all(sent).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(site.cli(&["throttle", "show", "--a-number", A_NUMBER])["n"], 1);
}

#[tokio::test]
async fn the_fifth_try_is_evaluated_and_the_sixth_is_locked() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for _ in 0..4 {
        assert_eq!(client.verify(id(), A, other_than(&code)).await.result(), "not_verified");
    }
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified", "the fifth is evaluated");
    assert_eq!(site.cli(&["throttle", "show", "--a-number", A_NUMBER])["n"], 0, "and refunded");

    let code = site.new_code();
    for _ in 0..5 {
        assert_eq!(client.verify(id(), A, other_than(&code)).await.result(), "not_verified");
    }
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified", "locked, whatever the code");
    let state = site.cli(&["throttle", "show", "--a-number", A_NUMBER]);
    assert_eq!(state["n"], 5, "a locked try is not counted");
    assert!(state["locked_until"].is_string());
    serving.kill();

    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified", "the lock survives a restart");
    site.cli(&["throttle", "clear", "--a-number", A_NUMBER]);
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified");
}

#[tokio::test]
async fn parallel_wrong_codes_are_evaluated_five_times() {
    let site = Site::new();
    site.set("verifications_burst", "100");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let tries = (0..32).map(|_| {
        let client = client.clone();
        let wrong = other_than(&code);
        tokio::spawn(async move { client.verify(id(), A, wrong).await.result() })
    });
    for answer in futures::future::join_all(tries).await {
        assert_eq!(answer.unwrap(), "not_verified");
    }
    assert_eq!(site.cli(&["throttle", "show", "--a-number", A_NUMBER])["n"], 5);
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
}

#[tokio::test]
async fn twenty_tries_without_success_disable_the_code() {
    let site = Site::new();
    site.set("lock_after", "1000").set("verifications_burst", "100");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for _ in 0..20 {
        assert_eq!(client.verify(id(), A, other_than(&code)).await.result(), "not_verified");
    }
    assert_eq!(client.verify(id(), A, &code).await.result(), "not_verified");
    let code = site.new_code();
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified", "a new code clears the slate");
}

/// The eight kinds: unknown, wrong, used, revoked, expired, disabled, locked, someone else's.
#[tokio::test]
async fn not_verified_is_one_answer_for_all_kinds() {
    let site = Site::new();
    site.set("verifications_burst", "100");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let mut answers = vec![];

    let code = site.new_code();
    answers.push(("unknown", client.verify(id(), ("a_number", "A000000799"), &code).await));
    answers.push(("wrong", client.verify(id(), A, other_than(&code)).await));
    answers.push(("someone else's", client.verify(id(), ("receipt", RECEIPT), &code).await));
    assert_eq!(client.verify(id(), A, &code).await.result(), "verified");
    answers.push(("used", client.verify(id(), A, &code).await));
    let code = site.new_code();
    site.cli(&["code", "revoke", "--a-number", A_NUMBER]);
    answers.push(("revoked", client.verify(id(), A, &code).await));
    let code = site.new_code();
    assert_eq!(site.sql("UPDATE code SET expires_at = 1 WHERE state = 'active'").await, 1);
    answers.push(("expired", client.verify(id(), A, &code).await));
    let code = site.new_code();
    assert_eq!(site.sql("UPDATE code SET state = 'disabled' WHERE state = 'active'").await, 1);
    answers.push(("disabled", client.verify(id(), A, &code).await));
    let code = site.new_code();
    site.sql("UPDATE throttle SET locked_until = 4102444800000").await;
    answers.push(("locked", client.verify(id(), A, &code).await));

    let masked = |answer: &Answer| {
        let mut json = answer.json();
        json["server_time"] = json!("");
        json["checkpoint"] = json!("");
        (answer.status, answer.headers.clone(), answer.bytes.len(), json.to_string())
    };
    assert_eq!(answers.len(), 8);
    for (kind, answer) in &answers {
        assert_eq!(masked(answer), masked(&answers[0].1), "{kind}");
        assert_eq!(answer.result(), "not_verified", "{kind}");
    }
}

#[tokio::test]
async fn a_malformed_request_is_explained_and_not_counted() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let typed_wrong = format!("{}{}", &code[..4], if code.as_bytes()[4] == b'0' { "1" } else { "0" }) + &code[5..];
    let answer = client.verify(id(), A, &typed_wrong).await;
    assert_eq!(answer.problem(), "malformed");
    assert!(answer.json()["detail"].as_str().unwrap().contains("Group 1"));
    assert_eq!(client.verify(id(), ("a_number", "A12"), &code).await.problem(), "malformed");
    let mut more = verification(A, &code);
    more["colour"] = json!("blue");
    let path = format!("/kiosk/v1/verifications/{}", id());
    let answer = client.put(&path, &more).await;
    assert_eq!(answer.problem(), "malformed");
    assert!(answer.json()["detail"].as_str().unwrap().contains("colour"));
    assert_eq!(client.put("/kiosk/v1/verifications/1", &verification(A, &code)).await.problem(), "malformed");
    let version_4 = "/kiosk/v1/verifications/01980000-0000-4000-8000-000000000001";
    assert_eq!(client.put(version_4, &verification(A, &code)).await.problem(), "malformed");
    let mut large = verification(A, &code);
    large["lane"] = json!("x".repeat(64 * 1024));
    assert_eq!(client.put(&path, &large).await.problem(), "too-large");
    assert_eq!(client.get("/kiosk/v1/nothing").await.problem(), "not-found");
    assert_eq!(client.get("/kiosk/v1/verifications/%ff").await.problem(), "malformed");
    assert_eq!(site.cli(&["throttle", "show", "--a-number", A_NUMBER])["n"], 0);
}

#[tokio::test]
async fn a_kiosk_has_a_burst_of_twenty_and_replays_are_free() {
    let site = Site::new();
    site.set("failing_identifiers", "1000");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let code = "00001-00002-00003-00004";
    let first = id();
    let mut answers = vec![];
    for n in 0..21 {
        let number = format!("A0000008{n:02}");
        let once = if n == 0 { first } else { id() };
        answers.push(client.verify(once, ("a_number", &number), code).await);
    }
    let limited: Vec<&Answer> = answers.iter().filter(|a| a.status == StatusCode::TOO_MANY_REQUESTS).collect();
    assert_eq!(answers[20].problem(), "rate-limited");
    assert!(limited.iter().all(|answer| answer.headers.iter().any(|(name, _)| name == "retry-after")));
    assert_eq!(limited.len(), 1);
    assert_eq!(client.verify(first, ("a_number", "A000000800"), code).await, answers[0], "a replay is free");
    let other = serving.client(&site.add_kiosk("K08"));
    assert_eq!(other.verify(id(), A, code).await.result(), "not_verified", "the limit is each kiosk's own");
}

#[tokio::test]
async fn sixteen_failing_identifiers_quarantine_a_kiosk_until_it_is_released() {
    let site = Site::new();
    site.set("verifications_burst", "100");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    for n in 0..16 {
        let number = format!("A0000008{n:02}");
        let answer = client.verify(id(), ("a_number", &number), "00001-00002-00003-00004").await;
        assert_eq!(answer.result(), "not_verified", "{n}");
    }
    assert_eq!(client.verify(id(), A, "00001-00002-00003-00004").await.problem(), "quarantined");
    for path in ["/kiosk/v1/health", "/kiosk/v1/policy"] {
        assert_eq!(client.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(site.cli(&["kiosk", "list"])["kiosks"][0]["state"], "quarantined");
    site.cli(&["kiosk", "release", &kiosk.id.to_string()]);
    assert_eq!(client.verify(id(), A, "00001-00002-00003-00004").await.result(), "not_verified");
}

#[tokio::test]
async fn a_purged_reply_is_never_evaluated_again() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let once = id();
    assert_eq!(client.verify(once, A, &code).await.result(), "verified");
    site.sql("UPDATE put SET begun_at = 1").await;
    assert_eq!(site.cli(&["purge"])["replies"], 1);
    assert_eq!(client.verify(once, A, &code).await.problem(), "reply-expired");
    let settled = client.get(&format!("/kiosk/v1/verifications/{once}")).await.json();
    assert_eq!((settled["result"].as_str(), settled["purged"].as_bool()), (Some("verified"), Some(true)));
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_purpose_must_be_a_kiosks_and_officers_are_told_the_holder() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    site.add_officer("B1");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for (purpose, session, problem) in [
        ("interview", None, "role"),
        ("online_filing", None, "role"),
        ("representative_access", None, "role"),
        ("interview", Some("00"), "officer-session"),
        ("inspection", Some("00"), "officer-session"),
    ] {
        let mut body = verification(A, &code);
        body["purpose"] = json!(purpose);
        if let Some(session) = session {
            body["officer_session"] = json!(session);
        }
        let answer = client.put(&format!("/kiosk/v1/verifications/{}", id()), &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::FORBIDDEN, problem), "{purpose}");
    }
    let mut body = verification(A, &code);
    body["purpose"] = json!("interview");
    body["officer_session"] = json!(client.sign_in("B1").await);
    let answer = client.put(&format!("/kiosk/v1/verifications/{}", id()), &body).await.json();
    assert_eq!(answer["result"], "verified");
    assert_eq!(
        answer["holder"],
        json!({ "primary_identifier": "SPECIMEN", "secondary_identifier": "ANNA MARIA", "birth_date": "1974-05-02" })
    );
    assert_eq!(answer["record"], json!({ "type": "permanent_resident_card", "status": "valid" }));
}

/// Requests in flight when the service is killed: afterwards every one has an outcome, and one code was used once.
#[tokio::test]
async fn a_kill_in_the_middle_of_verifying_never_verifies_twice() {
    let site = Site::new();
    site.set("lock_after", "1000").set("disable_after", "1000").set("verifications_burst", "1000");
    let kiosk = site.add_kiosk("K07");
    for round in 0..4 {
        let code = site.new_code();
        let serving = site.serve();
        let client = serving.client(&kiosk);
        let ids: Vec<_> = (0..6).map(|_| id()).collect();
        let sent: Vec<_> = ids
            .iter()
            .map(|one| {
                let (client, code, path) = (client.clone(), code.clone(), format!("/kiosk/v1/verifications/{one}"));
                let body = verification(A, &code).to_string().into_bytes();
                tokio::spawn(async move { client.try_call(reqwest::Method::PUT, &path, &[], body).await.ok() })
            })
            .collect();
        // The instant differs from round to round: after so many milliseconds of work.
        let pause = Duration::from_millis(5 * round);
        let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
        serving.kill();
        let before: Vec<Option<Answer>> =
            futures::future::join_all(sent).await.into_iter().map(Result::unwrap).collect();

        let serving = site.serve();
        let client = serving.client(&kiosk);
        let settle = ids.iter().zip(before).map(|(one, before)| {
            let (client, code, one) = (client.clone(), code.clone(), *one);
            async move {
                let mut tries = 0;
                loop {
                    let answer = client.verify(one, A, &code).await;
                    tries += 1;
                    // A pending request is taken over 10 s after it began; each answer waits up to 5 s.
                    if answer.status != StatusCode::SERVICE_UNAVAILABLE || tries == 6 {
                        if let Some(before) = before.filter(|before| before.status == StatusCode::OK) {
                            assert_eq!(answer, before, "what was answered before the kill stands");
                        }
                        return answer.result();
                    }
                }
            }
        });
        let results = futures::future::join_all(settle).await;
        assert_eq!(results.iter().filter(|result| *result == "verified").count(), 1, "round {round}: {results:?}");
    }
    site.cli(&["audit", "verify"]);
}
