//! Each type of problem, provoked on the real service: what an integrator's error handling will meet.

use crate::support::{A_NUMBER, Answer, Client, Kiosk, Serving, Site, id, other_than, verification};
use reqwest::Method;
use serde_json::json;
use verification_api::wire::{MAX_BODY, ProblemType};
use verification_service::clock::HOUR;

const A: (&str, &str) = ("a_number", A_NUMBER);

/// A service with one kiosk, K07.
struct Scene {
    site: Site,
    /// Runs until it is dropped.
    _serving: Serving,
    kiosk: Kiosk,
    client: Client,
}

impl Scene {
    fn new(settings: &[(&str, &str)]) -> Self {
        let site = Site::new();
        for (key, value) in settings {
            site.set(key, value);
        }
        let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
        let client = serving.client(&kiosk);
        Self { site, _serving: serving, kiosk, client }
    }

    async fn refer(&self, reference: &str) -> Answer {
        let body = json!({ "reference": reference, "lane": "7", "reason": "technical", "verification_ids": [] });
        self.client.put(&format!("/kiosk/v1/referrals/{}", id()), &body).await
    }
}

/// Provokes the type. A new type does not compile until it has its case here.
async fn provoke(problem: ProblemType) -> Answer {
    match problem {
        ProblemType::Malformed => {
            let scene = Scene::new(&[]);
            let mut body = verification(A, "00001-00002-00003-00004");
            body["colour"] = json!("blue");
            scene.client.put(&format!("/kiosk/v1/verifications/{}", id()), &body).await
        }
        ProblemType::IdConflict => {
            let scene = Scene::new(&[]);
            let code = scene.site.new_code();
            let one = id();
            assert_eq!(scene.client.verify(one, A, other_than(&code)).await.result(), "not_verified");
            scene.client.verify(one, A, &code).await
        }
        ProblemType::ReferenceTaken => {
            let scene = Scene::new(&[]);
            assert!(scene.refer("K07-7KQ2").await.status.is_success());
            scene.refer("K07-7KQ2").await
        }
        ProblemType::ReplyExpired => {
            let scene = Scene::new(&[]);
            let (code, one) = (scene.site.new_code(), id());
            assert_eq!(scene.client.verify(one, A, &code).await.result(), "verified");
            let age = 25 * HOUR;
            scene.site.sql(&format!("UPDATE put SET begun_at = begun_at - {age}")).await;
            assert_eq!(scene.site.cli(&["purge"])["replies"], 1);
            scene.client.verify(one, A, &code).await
        }
        ProblemType::RateLimited => {
            let scene = Scene::new(&[("verifications_per_minute", "1"), ("verifications_burst", "1")]);
            let first = scene.client.verify(id(), A, "00001-00002-00003-00004").await;
            assert_eq!(first.result(), "not_verified");
            let limited = scene.client.verify(id(), A, "00001-00002-00003-00004").await;
            let wait: u32 = limited.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            limited
        }
        ProblemType::Quarantined => {
            let scene = Scene::new(&[("failing_identifiers", "1")]);
            for number in ["A000000001", "A000000002"] {
                let tried = scene.client.verify(id(), ("a_number", number), "00001-00002-00003-00004").await;
                assert_eq!(tried.result(), "not_verified");
            }
            assert!(scene.client.get("/kiosk/v1/health").await.status.is_success(), "health is answered all the same");
            scene.client.verify(id(), A, "00001-00002-00003-00004").await
        }
        ProblemType::Revoked => {
            let scene = Scene::new(&[]);
            assert!(scene.client.get("/kiosk/v1/health").await.status.is_success());
            scene.site.cli(&["kiosk", "revoke", &scene.kiosk.id.to_string()]);
            scene.client.get("/kiosk/v1/health").await
        }
        ProblemType::Role => {
            let scene = Scene::new(&[]);
            let mut body = verification(A, "00001-00002-00003-00004");
            body["purpose"] = json!("online_filing");
            scene.client.put(&format!("/kiosk/v1/verifications/{}", id()), &body).await
        }
        ProblemType::OfficerSession => {
            let scene = Scene::new(&[]);
            scene.client.get("/kiosk/v1/referrals/by-reference/K07-7KQ2").await
        }
        ProblemType::NotFound => {
            let scene = Scene::new(&[]);
            scene.client.get(&format!("/kiosk/v1/verifications/{}", id())).await
        }
        ProblemType::TooLarge => {
            let scene = Scene::new(&[]);
            let path = format!("/kiosk/v1/verifications/{}", id());
            scene.client.try_call(Method::PUT, &path, &[], vec![b' '; MAX_BODY + 1]).await.unwrap()
        }
        ProblemType::Unavailable => {
            let scene = Scene::new(&[]);
            // A request that another instance began and is still at work on.
            let (code, one) = (scene.site.new_code(), id());
            let first = scene.client.verify(one, A, &code).await;
            assert_eq!(first.result(), "verified");
            pending(&scene.site).await;
            scene.client.verify(one, A, &code).await
        }
    }
}

/// Puts the one stored reply back to *pending*, begun a while in the future so that it is not taken over.
async fn pending(site: &Site) {
    let age = HOUR;
    let back = "UPDATE put SET state = 'pending', status = NULL, reply = NULL";
    let changed = site.sql(&format!("{back}, begun_at = begun_at + {age}")).await;
    assert_eq!(changed, 1);
}

async fn is_told(problem: ProblemType) {
    let answer = provoke(problem).await;
    let expected = json!({ "type": problem.urn(), "title": problem.title(), "status": problem.status() });
    let mut told = answer.json();
    if let Some(detail) = told.as_object_mut().unwrap().remove("detail") {
        assert!(detail.as_str().is_some_and(|text| !text.is_empty() && !text.contains(A_NUMBER)), "{detail}");
    }
    assert_eq!(told, expected);
    assert_eq!(answer.status.as_u16(), problem.status());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("retry-after").is_some(), problem == ProblemType::RateLimited);
}

macro_rules! one_test_for_each_type {
    ($($name:ident: $problem:ident;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                is_told(ProblemType::$problem).await;
            }
        )+

        #[test]
        fn no_type_is_without_its_test() {
            let tested = [$(ProblemType::$problem),+];
            for problem in ProblemType::ALL {
                assert!(tested.contains(&problem), "{} has no test here", problem.urn());
            }
        }
    };
}

one_test_for_each_type! {
    malformed: Malformed;
    id_conflict: IdConflict;
    reference_taken: ReferenceTaken;
    reply_expired: ReplyExpired;
    rate_limited: RateLimited;
    quarantined: Quarantined;
    revoked: Revoked;
    role: Role;
    officer_session: OfficerSession;
    not_found: NotFound;
    too_large: TooLarge;
    unavailable: Unavailable;
}

#[test]
fn types_titles_and_statuses_are_those_of_the_design() {
    // docs/api.md: type and status.
    let known: [(&str, u16); 12] = [
        ("malformed", 422),
        ("id-conflict", 409),
        ("reference-taken", 409),
        ("reply-expired", 410),
        ("rate-limited", 429),
        ("quarantined", 403),
        ("revoked", 403),
        ("role", 403),
        ("officer-session", 403),
        ("not-found", 404),
        ("too-large", 413),
        ("unavailable", 503),
    ];
    let ours = ProblemType::ALL.map(|problem| (problem.urn(), problem.status()));
    for ((word, status), (urn, our_status)) in known.into_iter().zip(ours) {
        assert_eq!((urn, our_status), (format!("urn:poe:problem:{word}").as_str(), status));
    }
    let titles: std::collections::BTreeSet<&str> = ProblemType::ALL.map(ProblemType::title).into_iter().collect();
    assert_eq!(titles.len(), ProblemType::ALL.len(), "every type has a title of its own");
}
