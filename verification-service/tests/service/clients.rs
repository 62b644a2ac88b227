//! Who may call what; how a client comes to its certificate and to the next one.

use crate::support::{A_NUMBER, Client, Kiosk, Serving, Site, http, id, roots, verification};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Method, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;
use verification_service::roles::{ROUTES, Role};

fn add_client(site: &Site, name: &str, role: &str) -> Kiosk {
    let added = site.cli(&["client", "add", "--name", name, "--role", role]);
    let id = Uuid::parse_str(added["client"].as_str().unwrap()).unwrap();
    Kiosk { id, dir: PathBuf::from(added["dir"].as_str().unwrap()) }
}

/// Every route of the table, asked by every role: who is in its rule gets past the rule, who is not gets `role`.
#[tokio::test]
async fn every_route_answers_exactly_its_roles() {
    let site = Site::new();
    let clients = [
        (Role::Kiosk, site.add_kiosk("K07")),
        (Role::OnlineFiling, add_client(&site, "filing-1", "online_filing")),
        (Role::RepresentativeAccess, add_client(&site, "cases-1", "representative_access")),
    ];
    let serving = site.serve();
    for (role, client) in &clients {
        let http = serving.client(client);
        for (method, path, rule) in ROUTES {
            let path = path.replace("{id}", &id().to_string()).replace("{visit}", &id().to_string());
            let path = path.replace("{level}", "0").replace("{*index}", "000.p/1");
            let path = path.replace("{reference}", "K07-AAAA");
            let answer = http.try_call(method.clone(), &path, &[], b"{}".to_vec()).await.unwrap();
            let refused = !answer.status.is_success() && answer.problem() == "role";
            assert_eq!(refused, !rule.roles.contains(role), "{} at {method} {path}: {}", role.name(), answer.status);
        }
        // What is not in the table is there for nobody.
        let answer = http.try_call(Method::GET, "/kiosk/v1/policies", &[], vec![]).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn each_client_verifies_for_its_own_purpose_only() {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let filing = add_client(&site, "filing-1", "online_filing");
    let cases = add_client(&site, "cases-1", "representative_access");
    let code = site.new_code();
    let serving = site.serve();
    let body = |purpose: &str, representative: Option<&str>| {
        let mut body = verification(("a_number", A_NUMBER), &code);
        body["purpose"] = json!(purpose);
        if let Some(number) = representative {
            body["representative"] = json!(number);
        }
        body
    };
    let ask = |client: &Kiosk, body: Value| {
        let http = serving.client(client);
        async move { http.put(&format!("/kiosk/v1/verifications/{}", id()), &body).await }
    };
    for (client, own) in [(&kiosk, "inspection"), (&filing, "online_filing"), (&cases, "representative_access")] {
        for purpose in ["inspection", "online_filing", "representative_access"] {
            if purpose != own {
                assert_eq!(ask(client, body(purpose, None)).await.problem(), "role", "{own} asked for {purpose}");
            }
        }
    }
    // The client's own code is of no use to a representative: only one that was delegated.
    assert_eq!(ask(&cases, body("representative_access", None)).await.problem(), "malformed");
    assert_eq!(ask(&cases, body("representative_access", Some("12/34"))).await.problem(), "malformed");
    assert_eq!(ask(&cases, body("representative_access", Some("AB123456"))).await.result(), "not_verified");
    assert_eq!(ask(&filing, body("online_filing", Some("AB123456"))).await.problem(), "malformed");
    assert_eq!(ask(&filing, body("online_filing", None)).await.result(), "verified");
    assert_eq!(ask(&kiosk, body("inspection", None)).await.result(), "not_verified", "it was used");
}

fn request(key: &KeyPair) -> String {
    CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
}

/// A client of the same service with another key and chain.
fn with(serving: &Serving, kiosk: &Kiosk, chain: &str, key: &KeyPair) -> Client {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let builder = builder.with_root_certificates(roots(&kiosk.dir.join("root.pem")));
    Client::new(http(builder.with_client_auth_cert(chain, key).unwrap()), serving.kiosk_port)
}

#[tokio::test]
async fn the_old_key_ends_with_the_first_request_of_the_new_one() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let old = serving.client(&kiosk);
    let key = KeyPair::generate().unwrap();
    let ask = json!({ "csr": request(&key) });
    let first = old.post("/kiosk/v1/certificate", &ask).await.json();
    // A lost reply is asked again with the same key; both certificates are good.
    let second = old.post("/kiosk/v1/certificate", &ask).await.json();
    assert_ne!(first["chain"], second["chain"]);
    assert_eq!(old.get("/kiosk/v1/health").await.status, StatusCode::OK, "the old key is still good");

    let new = with(&serving, &kiosk, second["chain"].as_str().unwrap(), &key);
    assert_eq!(new.get("/kiosk/v1/health").await.status, StatusCode::OK);
    assert_eq!(old.get("/kiosk/v1/health").await.problem(), "revoked");
    let earlier = with(&serving, &kiosk, first["chain"].as_str().unwrap(), &key);
    assert_eq!(earlier.get("/kiosk/v1/health").await.status, StatusCode::OK, "the same key, the lost certificate");
    // The old key cannot come back.
    let old_key = KeyPair::from_pem(&std::fs::read_to_string(kiosk.dir.join("key.pem")).unwrap()).unwrap();
    let back = new.post("/kiosk/v1/certificate", &json!({ "csr": request(&old_key) })).await;
    assert_eq!(back.problem(), "malformed");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn only_a_p256_request_signed_by_its_own_key_is_certified() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    let good = request(&KeyPair::generate().unwrap());
    let mut forged =
        CertificateParams::default().serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    use base64::Engine as _;
    let forged = base64::engine::general_purpose::STANDARD.encode(&forged);
    let forged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{forged}\n-----END CERTIFICATE REQUEST-----\n");
    let other = request(&KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap());
    for csr in ["", "x", &good.replace("REQUEST", "NOTHING"), &forged, &other] {
        assert_eq!(client.post("/kiosk/v1/certificate", &json!({ "csr": csr })).await.problem(), "malformed");
    }
    assert_eq!(client.post("/kiosk/v1/certificate", &json!({ "csr": good })).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_ten_minutes() {
    let site = Site::new();
    let (other, serving) = (site.add_kiosk("K07"), site.serve());
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let tls = builder.with_root_certificates(roots(&other.dir.join("root.pem"))).with_no_client_auth();
    let people = Client::new(http(tls), serving.portal_port);
    let invite = |number: &str| {
        let invited = site.cli(&["kiosk", "invite", "--number", number, "--lane", "8"]);
        invited["code"].as_str().unwrap().to_owned()
    };
    let (key, foreign) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let enrol_with = |code: &str, key: &KeyPair| {
        let body = json!({ "code": code, "csr": request(key) });
        let people = people.clone();
        async move { people.post("/enroll", &body).await }
    };
    let enrol = |code: &str| enrol_with(code, &key);
    let code = invite("K08");
    assert_eq!(enrol("0000-0000-0000-0000-0000-000").await.problem(), "not-found");
    assert_eq!(enrol("0000").await.problem(), "malformed");
    // Anybody may try as often as they like without keeping this kiosk out: nothing is counted, or written.
    let before = site.text("SELECT CAST(COUNT(*) AS TEXT) FROM rate").await;
    let guesses = futures::future::join_all((0..64).map(|_| enrol("0000-0000-0000-0000-0000-000"))).await;
    assert!(guesses.iter().all(|answer| answer.problem() == "not-found"));
    assert_eq!(site.text("SELECT CAST(COUNT(*) AS TEXT) FROM rate").await, before);
    let reply = enrol(&code.to_lowercase().replace('-', " ")).await.json();
    assert_eq!((reply["number"].as_str(), reply["lane"].as_str()), (Some("K08"), Some("8")));
    let enrolled = with(&serving, &other, reply["chain"].as_str().unwrap(), &key);
    assert_eq!(enrolled.get("/kiosk/v1/health").await.status, StatusCode::OK);
    assert_eq!(enrol_with(&code, &foreign).await.problem(), "not-found", "a second time, by somebody else");
    // The reply was lost: the same key is the same kiosk.
    let again = enrol(&code).await.json();
    assert_eq!(again["kiosk"], reply["kiosk"]);
    let again = with(&serving, &other, again["chain"].as_str().unwrap(), &key);
    assert_eq!(again.get("/kiosk/v1/health").await.status, StatusCode::OK);

    let late = invite("K09");
    site.sql("UPDATE kiosk_invitation SET expires_at = expires_at - 600001").await;
    assert_eq!(enrol(&late).await.problem(), "not-found", "after ten minutes");
    site.sql("UPDATE kiosk_invitation SET expires_at = 1 WHERE number = 'K08'").await;
    assert_eq!(enrol(&code).await.problem(), "not-found", "the same key, after ten minutes");
    // Eight kiosks with one code at the same moment: one of them.
    let code = invite("K10");
    let keys: Vec<_> = (0..8).map(|_| KeyPair::generate().unwrap()).collect();
    let all = futures::future::join_all(keys.iter().map(|key| enrol_with(&code, key))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_number_is_free_again_once_its_kiosk_is_revoked_or_its_certificate_has_expired() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let old = serving.client(&kiosk);
    assert_eq!(old.get("/kiosk/v1/health").await.status, StatusCode::OK);
    let again = ["kiosk", "add", "--number", "K07", "--lane", "9"];
    for command in ["add", "invite"] {
        let why = site.refusal(&["kiosk", command, "--number", "K07", "--lane", "9"], "");
        assert!(why.contains("already") && why.contains(&format!("kiosk revoke {}", kiosk.id)), "{why}");
    }
    // Revoked: the same kiosk with another key. What the old key signed before stays its own; it is never accepted again.
    site.cli(&["kiosk", "revoke", &kiosk.id.to_string()]);
    let replaced = site.cli(&again);
    assert_eq!(replaced["kiosk"], json!(kiosk.id));
    let new = serving.client(&Kiosk { id: kiosk.id, dir: kiosk.dir.clone() });
    assert_eq!(new.get("/kiosk/v1/health").await.status, StatusCode::OK, "its files are the new ones");
    assert_eq!(old.get("/kiosk/v1/health").await.problem(), "revoked");
    let listed = site.cli(&["kiosk", "list"])["kiosks"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["state"], &listed[0]["lane"]), (&json!("active"), &json!("9")));

    // Expired, as of a kiosk that was off for longer.
    assert!(site.refusal(&again, "").contains("already"));
    site.sql("UPDATE kiosk_key SET not_after = 1").await;
    assert_eq!(site.cli(&again)["kiosk"], json!(kiosk.id));
    assert_eq!(new.get("/kiosk/v1/health").await.problem(), "revoked");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_kiosk_whose_files_cannot_be_made_is_not_added() {
    let site = Site::new();
    std::fs::write(site.path("svc/kiosks"), "no folder").unwrap();
    let why = site.refusal(&["kiosk", "add", "--number", "K07", "--lane", "7"], "");
    assert!(why.contains("svc/kiosks/") && why.contains("cannot be made"), "{why}");
    assert_eq!(site.cli(&["kiosk", "list"])["kiosks"], json!([]));
    std::fs::remove_file(site.path("svc/kiosks")).unwrap();
    site.add_kiosk("K07");
}
