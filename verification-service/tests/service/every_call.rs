//! Every call of the table: what a quarantined client may do, and the checkpoint in every reply.

use crate::inspections::{card, inspection};
use crate::officers::{decision, put_override};
use crate::support::{A_NUMBER, Answer, Client, Kiosk, Site, id, verification};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use verification_api::log::{Checkpoint, VerifierKey};
use verification_service::clock::{Clock, SystemClock};
use verification_service::roles::{ROUTES, Role};

/// What a quarantined client may do: what the design names, and what a witness of the log needs.
const OPEN: [(&str, &str); 6] = [
    ("POST", "/kiosk/v1/officers/sign-in"),
    ("POST", "/kiosk/v1/heartbeats"),
    ("GET", "/kiosk/v1/health"),
    ("GET", "/kiosk/v1/policy"),
    ("GET", "/log/v1/checkpoint"),
    ("GET", "/log/v1/tile/{level}/{*index}"),
];

fn heartbeat() -> Value {
    json!({ "devices": [], "journal": { "seq": 1, "hash": "0".repeat(64) }, "version": "0.1.0", "policy_version": "x" })
}

#[tokio::test]
async fn a_quarantined_client_may_call_what_is_open_and_nothing_else() {
    let site = Site::new();
    site.add_officer("B1");
    let kiosk = site.add_kiosk("K07");
    let added = site.cli(&["client", "add", "--name", "filing-1", "--role", "online_filing"]);
    let filing =
        Kiosk { id: added["client"].as_str().unwrap().parse().unwrap(), dir: added["dir"].as_str().unwrap().into() };
    let serving = site.serve();
    let clients = [(Role::Kiosk, serving.client(&kiosk)), (Role::OnlineFiling, serving.client(&filing))];
    for quarantined in [false, true, false] {
        if quarantined {
            assert_eq!(site.sql("UPDATE kiosk SET quarantined_at = 1").await, 2);
        }
        for (role, client) in &clients {
            for (method, route, rule) in ROUTES.iter().filter(|(.., rule)| rule.roles.contains(role)) {
                let path = route.replace("{id}", &id().to_string()).replace("{visit}", &id().to_string());
                let path = path.replace("{level}", "0").replace("{*index}", "000.p/1");
                let path = path.replace("{reference}", "K07-AAAA");
                let answer = client.try_call(method.clone(), &path, &[], b"{}".to_vec()).await.unwrap();
                let open = OPEN.contains(&(method.as_str(), *route));
                assert_eq!(rule.quarantined, open, "{method} {route}");
                let refused = answer.status == 403 && answer.problem() == "quarantined";
                assert_eq!(refused, quarantined && !open, "{} at {method} {route}: {}", role.name(), answer.status);
            }
        }
        if quarantined {
            // What is open does its work.
            let client = &clients[0].1;
            client.sign_in("B1").await;
            assert_eq!(client.post("/kiosk/v1/heartbeats", &heartbeat()).await.status, 200);
            for path in ["/kiosk/v1/health", "/kiosk/v1/policy", "/log/v1/checkpoint", "/log/v1/tile/0/000.p/1"] {
                assert_eq!(client.get(path).await.status, 200, "{path}");
            }
            for client in [&kiosk, &filing] {
                site.cli(&["kiosk", "release", &client.id.to_string()]);
            }
        }
    }
}

/// Size of the tree that a checkpoint tells, which must be signed.
fn size(checkpoint: &str, keys: &[VerifierKey], what: &str) -> u64 {
    Checkpoint::open(checkpoint, keys).unwrap_or_else(|_| panic!("{what}: {checkpoint}")).size
}

struct Calls {
    client: Client,
    keys: Vec<VerifierKey>,
    made: BTreeSet<(String, String)>,
}

impl Calls {
    /// The log's own, from the database.
    async fn newest(&self) -> String {
        String::from_utf8(self.client.get("/log/v1/checkpoint").await.bytes).unwrap()
    }

    /// The one that the instance knows: it learns of a newer one just after that is in the database.
    async fn known(&self) -> String {
        self.client.get("/kiosk/v1/health").await.json()["checkpoint"].as_str().unwrap().to_owned()
    }

    /// Makes a call that must succeed; its checkpoint is not older than what was known before it, nor newer than the newest
    /// after it.
    async fn call(
        &mut self,
        method: Method,
        route: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let before = size(&self.known().await, &self.keys, "before");
        let body = if method == Method::GET { vec![] } else { body.to_string().into_bytes() };
        let answer = self.client.try_call(method.clone(), path, headers, body).await.unwrap();
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.json());
        self.judge(method, route, before, &answer).await;
        answer
    }

    async fn judge(&mut self, method: Method, route: &str, before: u64, answer: &Answer) {
        let told = answer.json()["checkpoint"].as_str().unwrap_or_else(|| panic!("none: {method} {route}")).to_owned();
        let told = size(&told, &self.keys, route);
        let after = size(&self.newest().await, &self.keys, "after");
        assert!((before..=after).contains(&told), "{method} {route}: {told} is not from {before} to {after}");
        self.made.insert((method.to_string(), route.to_owned()));
    }
}

#[tokio::test]
async fn the_newest_checkpoint_travels_in_the_reply_of_every_call() {
    let site = Site::new();
    site.raise_limits();
    site.add_officer("B1");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let keys = std::fs::read_to_string(kiosk.dir.join("log.pub")).unwrap();
    let client = serving.client(&kiosk);
    let mut calls = Calls { client, keys: VerifierKey::parse_all(&keys).unwrap(), made: BTreeSet::new() };
    let (visit, one) = (id(), id());
    let of = |call: &str, id: &dyn std::fmt::Display| format!("/kiosk/v1/{call}/{id}");
    let none = json!({});

    calls.call(Method::GET, "/kiosk/v1/health", "/kiosk/v1/health", &[], &none).await;
    calls.call(Method::GET, "/kiosk/v1/policy", "/kiosk/v1/policy", &[], &none).await;
    calls.call(Method::POST, "/kiosk/v1/heartbeats", "/kiosk/v1/heartbeats", &[], &heartbeat()).await;
    let assistance = json!({ "lane": "7", "visit": visit });
    calls.call(Method::POST, "/kiosk/v1/assistance", "/kiosk/v1/assistance", &[], &assistance).await;
    let pin = json!({ "badge": "B1", "pin": "123456" });
    let sign_in = "/kiosk/v1/officers/sign-in";
    let session = calls.call(Method::POST, sign_in, sign_in, &[], &pin).await.json()["officer_session"].clone();
    let held = session.as_str().unwrap().to_owned();
    let held = [("officer-session", held.as_str())];

    let inspections = "/kiosk/v1/inspections/{id}";
    calls.call(Method::PUT, inspections, &of("inspections", &id()), &[], &inspection(&card())).await;
    let mut mock = inspection(&card());
    mock["mock"] = json!(true);
    calls.call(Method::PUT, inspections, &of("inspections", &id()), &[], &mock).await;
    let verifications = "/kiosk/v1/verifications/{id}";
    let body = verification(("a_number", A_NUMBER), &code);
    calls.call(Method::PUT, verifications, &of("verifications", &one), &[], &body).await;
    // A stored reply has the checkpoint of its own time.
    let stored = calls.client.get(&of("verifications", &one)).await;
    calls.judge(Method::GET, verifications, 0, &stored).await;

    let referral = json!({ "reference": "K07-7KQ2", "lane": "7", "reason": "technical", "verification_ids": [one] });
    calls.call(Method::PUT, "/kiosk/v1/referrals/{visit}", &of("referrals", &visit), &[], &referral).await;
    let look = "/kiosk/v1/referrals/by-reference/{reference}";
    calls.call(Method::GET, look, "/kiosk/v1/referrals/by-reference/K07-7KQ2", &held, &none).await;
    let mut decided = decision(SystemClock.now());
    decided["officer_session"] = session.clone();
    let before = size(&calls.known().await, &calls.keys, "before");
    let answer = put_override(&calls.client, &kiosk, id(), &decided).await;
    calls.judge(Method::PUT, "/kiosk/v1/overrides/{id}", before, &answer).await;
    let closing = json!({ "officer_session": session, "outcome": "ended" });
    let closed = "/kiosk/v1/referrals/{visit}/closed";
    calls.call(Method::PUT, closed, &format!("{}/closed", of("referrals", &visit)), &[], &closing).await;
    let session_path = "/kiosk/v1/officers/session";
    calls.call(Method::DELETE, session_path, session_path, &held, &none).await;
    let request = CertificateParams::default().serialize_request(&KeyPair::generate().unwrap()).unwrap();
    let csr = json!({ "csr": request.pem().unwrap() });
    calls.call(Method::POST, "/kiosk/v1/certificate", "/kiosk/v1/certificate", &[], &csr).await;

    let wanted: BTreeSet<(String, String)> = ROUTES
        .iter()
        .filter(|(_, route, _)| !route.starts_with("/log/"))
        .map(|(method, route, _)| (method.to_string(), (*route).to_owned()))
        .collect();
    assert_eq!(calls.made, wanted, "every call but the log's own");
    // What is told becomes the newest.
    let same = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
        while calls.known().await != calls.newest().await {
            tick.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), same).await.expect("the newest is told within a moment");
}
