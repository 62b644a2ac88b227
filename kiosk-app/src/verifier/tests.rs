//! The client against a record service inside the test: every way in which a service can fail, over real TLS.

mod witness;

use super::transport::Request;
use super::{Failure, Settled, SignedOverride, Verifier};
use crate::clock::{Clock, Quality, parse_wire_time, wire_time};
use crate::config::Service;
use crate::effect::{Handover, Override, Verification};
use crate::event::{HandoverAnswer, StaffAnswer};
use crate::journal::Head;
use crate::session::answers::{CallFailure, CodeAnswer};
use crate::session::state::{IdentifierKind, Reference, ReferralReason, RequestId, VisitId};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, ExtendedKeyUsagePurpose,
    IsCa, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use reqwest::Method;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::{Duration as Span, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::{OverrideReason, ProblemType};

/// What the service does with a request.
#[derive(Clone)]
pub(crate) enum React {
    Reply(u16, String),
    Bytes(Vec<u8>),
    /// Takes the request and closes without a word.
    Cut,
    Silent,
}

pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) body: String,
}

pub(crate) type Log = Arc<Mutex<Vec<Seen>>>;

pub(crate) struct Pki {
    dir: tempfile::TempDir,
    root: CertifiedIssuer<'static, KeyPair>,
    now: OffsetDateTime,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("root");
        let millis = i128::from(Clock::start(0).unix_ms());
        let now = OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).expect("time");
        let pki = Self { dir, root, now };
        std::fs::write(pki.dir.path().join("root.pem"), pki.root.pem()).expect("written");
        pki.kiosk(-1, 7);
        pki
    }

    /// Valid from `from` to `to` days from now.
    fn leaf(&self, name: &str, usage: ExtendedKeyUsagePurpose, from: i64, to: i64) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("params");
        params.extended_key_usages = vec![usage];
        params.not_before = self.now + Span::days(from);
        params.not_after = self.now + Span::days(to);
        let key = KeyPair::generate().expect("key");
        (params.signed_by(&key, &self.root).expect("signed").pem(), key.serialize_pem())
    }

    fn kiosk(&self, from: i64, to: i64) {
        let (chain, key) = self.leaf("kiosk", ExtendedKeyUsagePurpose::ClientAuth, from, to);
        std::fs::write(self.dir.path().join("chain.pem"), chain).expect("written");
        std::fs::write(self.dir.path().join("key.pem"), key).expect("written");
    }

    /// Names the kiosk's present certificate.
    fn crl_of_the_kiosk(&self) -> CertificateRevocationListDer<'static> {
        let chain = std::fs::read(self.dir.path().join("chain.pem")).expect("read");
        let chain = CertificateDer::from_pem_slice(&chain).expect("PEM");
        let (_, certificate) = x509_parser::parse_x509_certificate(&chain).expect("certificate");
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from_slice(certificate.raw_serial()),
            revocation_time: self.now,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: self.now - Span::hours(1),
            next_update: self.now + Span::days(1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.root).expect("signed").into()
    }

    pub(crate) fn server(&self) -> (String, String) {
        self.leaf("localhost", ExtendedKeyUsagePurpose::ServerAuth, -1, 7)
    }

    fn service(&self, port: u16) -> Service {
        let file = |name: &str| self.dir.path().join(name);
        Service {
            url: format!("https://localhost:{port}"),
            root: file("root.pem"),
            chain: file("chain.pem"),
            key: file("key.pem"),
            log: None,
        }
    }

    pub(crate) fn verifier(&self, port: u16) -> Verifier {
        Verifier::new(&self.service(port), "7", self.dir.path(), Clock::start(0)).expect("address")
    }
}

/// Serves one reaction a request, the last one for ever; requires certificates of `clients`.
pub(crate) async fn serve(own: (String, String), clients: &Pki, script: Vec<React>) -> (u16, Log) {
    serve_with(own, clients, None, script).await
}

/// And refuses those that a CRL names.
async fn serve_with(
    own: (String, String),
    clients: &Pki,
    crl: Option<CertificateRevocationListDer<'static>>,
    script: Vec<React>,
) -> (u16, Log) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(clients.root.der().clone()).expect("root");
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .with_crls(crl)
        .build()
        .expect("verifier");
    let chain = CertificateDer::pem_slice_iter(own.0.as_bytes()).map(|c| c.expect("PEM")).collect();
    let key = PrivateKeyDer::from_pem_slice(own.1.as_bytes()).expect("PEM");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .expect("certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("port");
    let port = listener.local_addr().expect("address").port();
    let log: Log = Arc::default();
    let (seen, script) = (Arc::clone(&log), Arc::new(script));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, seen, script) = (acceptor.clone(), Arc::clone(&seen), Arc::clone(&script));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                while let Some(request) = read_request(&mut stream).await {
                    let at = {
                        let mut seen = seen.lock().expect("log");
                        seen.push(request);
                        seen.len() - 1
                    };
                    match script.get(at).or(script.last()).cloned() {
                        Some(React::Reply(status, body)) => {
                            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                            if stream.write_all(head.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                                return;
                            }
                        }
                        Some(React::Bytes(body)) => {
                            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                            if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
                                return;
                            }
                        }
                        Some(React::Silent) => std::future::pending().await,
                        Some(React::Cut) | None => return,
                    }
                }
            });
        }
    });
    (port, log)
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok()))
                .unwrap_or(0);
            if body.len() >= length {
                return Some(Seen { line: head.lines().next()?.to_owned(), body: body.to_owned() });
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&part[..n]),
        }
    }
}

pub(crate) fn timed(members: &str) -> String {
    format!("{{{members}\"checkpoint\":\"\",\"server_time\":\"2026-11-25T20:00:00.000Z\"}}")
}

pub(crate) fn problem(kind: &str, status: u16) -> React {
    let body = format!("{{\"type\":\"urn:poe:problem:{kind}\",\"title\":\"\",\"status\":{status}}}");
    React::Reply(status, body)
}

pub(crate) fn code() -> Verification {
    Verification {
        visit: VisitId(Uuid::from_u128(1)),
        request: RequestId(Uuid::from_u128(2)),
        kind: IdentifierKind::ANumber,
        identifier: PersonalText::from("A000000701"),
        code: PersonalText::from("00001-00002-00003-00004"),
        officer_session: None,
    }
}

#[tokio::test]
async fn a_verified_code_is_sent_as_the_wire_says_and_only_clear_is_clear() {
    let pki = Pki::new();
    let script = vec![
        React::Reply(200, timed("\"result\":\"verified\",\"record_status\":\"clear\",")),
        React::Reply(200, timed("\"result\":\"verified\",\"record_status\":\"refer\",")),
        React::Reply(200, timed("\"result\":\"verified\",")),
        React::Reply(200, timed("\"result\":\"not_verified\",")),
    ];
    let (port, log) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    for expected in [Some(true), Some(false), Some(false), None] {
        let clear = match verifier.verify(&code()).await {
            Ok(CodeAnswer::Verified { clear, holder: None }) => Some(clear),
            Ok(CodeAnswer::NotVerified) => None,
            _ => panic!("no answer"),
        };
        assert_eq!(clear, expected);
    }
    let log = log.lock().expect("log");
    assert_eq!(log[0].line, "PUT /kiosk/v1/verifications/00000000-0000-0000-0000-000000000002 HTTP/1.1");
    let body: serde_json::Value = serde_json::from_str(&log[0].body).expect("JSON");
    assert_eq!(body["identifier"]["value"], "A000000701");
    assert_eq!((&body["purpose"], &body["lane"]), (&"inspection".into(), &"7".into()));
    assert_eq!(body["device_time"].as_str().map(str::len), Some(24));
}

#[tokio::test]
async fn a_cut_put_is_sent_again_with_the_same_bytes_and_its_outcome_is_unknown_if_never_answered() {
    let pki = Pki::new();
    let answered = React::Reply(200, timed("\"result\":\"not_verified\","));
    let (port, log) = serve(pki.server(), &pki, vec![React::Cut, React::Cut, answered]).await;
    assert!(matches!(pki.verifier(port).verify(&code()).await, Ok(CodeAnswer::NotVerified)));
    {
        let log = log.lock().expect("log");
        assert_eq!(log.len(), 3);
        assert!(log.iter().all(|seen| seen.body == log[0].body && seen.line == log[0].line));
    }
    let (port, log) = serve(pki.server(), &pki, vec![React::Cut]).await;
    assert!(matches!(pki.verifier(port).verify(&code()).await, Err(CallFailure::Unknown)));
    assert_eq!(log.lock().expect("log").len(), 3);
}

#[tokio::test]
async fn a_post_is_never_sent_twice() {
    let pki = Pki::new();
    let (port, log) = serve(pki.server(), &pki, vec![React::Cut]).await;
    assert!(!pki.verifier(port).assist(None).await);
    assert_eq!(log.lock().expect("log").len(), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_was_never_asked() {
    let pki = Pki::new();
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("port").local_addr().expect("address").port();
    let verifier = pki.verifier(free);
    assert!(matches!(verifier.verify(&code()).await, Err(CallFailure::NotSent)));
    assert_eq!(verifier.last_failure(), Some(Failure::ConnectionRefused));
    // Three tries here and three there: after the fifth failure the circuit is open and nothing is tried.
    assert!(matches!(verifier.verify(&code()).await, Err(CallFailure::NotSent)));
    assert!(verifier.transport().circuit_open());
    assert_eq!(verifier.health().await, Err(Failure::CircuitOpen));
}

#[tokio::test]
async fn each_certificate_fault_has_its_own_name() {
    let pki = Pki::new();
    let stranger = Pki::new();
    let usage = ExtendedKeyUsagePurpose::ServerAuth;
    let answer = || vec![React::Reply(200, timed("\"status\":\"ok\",\"version\":\"0\","))];
    for (own, expected) in [
        (pki.leaf("localhost", usage.clone(), -9, -1), Failure::ServiceExpired),
        (pki.leaf("localhost", usage.clone(), 1, 9), Failure::ServiceNotYetValid),
        (stranger.server(), Failure::ServiceWrongCa),
        (pki.leaf("elsewhere", usage, -1, 9), Failure::ServiceWrongName),
    ] {
        let (port, log) = serve(own, &pki, answer()).await;
        assert_eq!(pki.verifier(port).health().await, Err(expected));
        assert!(log.lock().expect("log").is_empty(), "nothing is said to a service that cannot show who it is");
    }
    let (port, _) = serve(pki.server(), &stranger, answer()).await;
    assert_eq!(pki.verifier(port).health().await, Err(Failure::KioskWrongCa));
    pki.kiosk(-9, -1);
    let (port, _) = serve(pki.server(), &pki, answer()).await;
    let verifier = pki.verifier(port);
    assert_eq!(verifier.health().await, Err(Failure::KioskExpired));
    assert!(verifier.transport().fault().is_some_and(|f| f.to_string().contains("the kiosk's certificate expired at")));
    // A renewed certificate is used without a restart.
    pki.kiosk(-1, 7);
    verifier.transport().reload();
    assert_eq!(verifier.health().await, Ok(()));
    assert_eq!(verifier.transport().fault(), None);
    // TLS has one word for both ends of a certificate's life; this kiosk knows which it is.
    pki.kiosk(1, 9);
    let (port, log) = serve(pki.server(), &pki, answer()).await;
    let verifier = pki.verifier(port);
    assert_eq!(verifier.health().await, Err(Failure::KioskNotYetValid));
    assert!(log.lock().expect("log").is_empty());
    let fault = verifier.transport().fault().expect("named").to_string();
    assert!(fault.contains("is valid only from"), "{fault}");
    pki.kiosk(-1, 7);
    let (port, log) = serve_with(pki.server(), &pki, Some(pki.crl_of_the_kiosk()), answer()).await;
    let verifier = pki.verifier(port);
    assert_eq!(verifier.health().await, Err(Failure::KioskRevoked));
    assert!(*verifier.barred().borrow(), "the agency must act");
    assert!(log.lock().expect("log").is_empty());
}

#[tokio::test]
async fn missing_and_mismatched_files_are_named_and_nothing_is_sent() {
    let pki = Pki::new();
    let (port, log) = serve(pki.server(), &pki, vec![React::Cut]).await;
    let (_, another_key) = pki.server();
    std::fs::write(pki.dir.path().join("key.pem"), another_key).expect("written");
    let verifier = pki.verifier(port);
    assert!(verifier.transport().fault().is_some_and(|f| f.to_string().contains("is not the key of")));
    assert!(matches!(verifier.verify(&code()).await, Err(CallFailure::NotSent)));
    std::fs::remove_file(pki.dir.path().join("chain.pem")).expect("removed");
    let verifier = pki.verifier(port);
    let fault = verifier.transport().fault().expect("named").to_string();
    assert!(fault.contains("chain.pem: there is no such file; [service] chain must name"), "{fault}");
    assert!(log.lock().expect("log").is_empty());
}

#[tokio::test]
async fn a_quarantined_kiosk_knows_it_and_knows_its_release() {
    let pki = Pki::new();
    let heartbeat = React::Reply(200, timed(""));
    let tile = React::Reply(200, String::new());
    let script =
        vec![problem("quarantined", 403), heartbeat, tile, problem("quarantined", 403), problem("not-found", 404)];
    let (port, _) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    let barred = verifier.barred();
    assert!(matches!(verifier.verify(&code()).await, Err(CallFailure::Refused)));
    assert!(*barred.borrow());
    assert_eq!(verifier.heartbeat(Vec::new(), &Head::empty(), None).await, Ok(String::new()));
    assert!(*barred.borrow(), "a heartbeat is answered to quarantined kiosks too");
    assert!(verifier.call(&Request::new(Method::GET, "log/v1/tile/0/000")).await.is_ok());
    assert!(*barred.borrow(), "and so is the log, which a heartbeat's checkpoint is judged by");
    verifier.knock().await;
    assert!(*barred.borrow());
    verifier.knock().await;
    assert!(!*barred.borrow());
}

#[tokio::test]
async fn a_taken_reference_is_told_apart_from_a_referral_that_is_not_stored() {
    let pki = Pki::new();
    let script = vec![problem("reference-taken", 409), React::Reply(200, timed("")), problem("role", 403)];
    let (port, _) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    let handover = Handover {
        visit: VisitId(Uuid::from_u128(1)),
        id: VisitId(Uuid::from_u128(1)),
        reference: Reference("K07-4M2P".to_owned()),
        reason: ReferralReason::Technical,
        reading: None,
        identifier: None,
        verifications: Vec::new(),
        supersedes: None,
    };
    assert_eq!(verifier.hand_over(&handover).await, HandoverAnswer::ReferenceTaken);
    assert_eq!(verifier.hand_over(&handover).await, HandoverAnswer::Stored);
    assert_eq!(verifier.hand_over(&handover).await, HandoverAnswer::NotStored);
}

#[tokio::test]
async fn an_officer_whom_the_service_let_in_is_let_in_while_it_is_away() {
    let pki = Pki::new();
    let session = "\"officer_session\":\"00ff\",\"officer\":\"officer-a\",\"expires_at\":\"2026-11-25T20:05:00.000Z\",";
    let script = vec![React::Reply(200, timed(session)), problem("officer-session", 403), React::Cut];
    let (port, _) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    let sign_in = |pin: &str| verifier.sign_in(PersonalText::from("B-1"), PersonalText::from(pin));
    let online = sign_in("123456").await;
    assert!(matches!(online, StaffAnswer::SignedIn { pseudonym, offline_since: None, .. } if pseudonym == "officer-a"));
    assert!(matches!(sign_in("000000").await, StaffAnswer::Refused), "a refusal of the service is final");
    let offline = sign_in("123456").await;
    assert!(matches!(offline, StaffAnswer::SignedIn { offline_since: Some(_), .. }));
    assert!(matches!(sign_in("000000").await, StaffAnswer::Refused));
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_for_until_the_service_tells() {
    let pki = Pki::new();
    let script = vec![
        React::Reply(202, timed("")),
        problem("unavailable", 503),
        problem("unavailable", 503),
        problem("unavailable", 503),
        React::Reply(200, "{\"result\":\"verified\",\"purged\":true}".to_owned()),
        problem("not-found", 404),
    ];
    let (port, log) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    let soon = Duration::from_millis(20);
    assert_eq!(verifier.settle(RequestId(Uuid::from_u128(2)), soon).await, Settled::Verified);
    assert_eq!(verifier.settle(RequestId(Uuid::from_u128(2)), soon).await, Settled::Never);
    let log = log.lock().expect("log");
    assert!(log.iter().all(|seen| seen.line.starts_with("GET /kiosk/v1/verifications/")));
    assert_eq!(log.len(), 6);
}

fn decided() -> Override {
    Override {
        visit: VisitId(Uuid::from_u128(1)),
        id: RequestId(Uuid::from_u128(2)),
        officer_session: PersonalText::from("00ff"),
        pseudonym: "officer-a".to_owned(),
        offline_since: None,
        reason: OverrideReason::WornDocument,
        note: None,
        reading: None,
    }
}

#[tokio::test]
async fn an_override_is_dated_by_the_clock_of_the_service() {
    let pki = Pki::new();
    // Half an hour behind this machine: a key or a session of that clock would not be good yet by ours.
    let service_ms = Clock::start(0).unix_ms() - 1_800_000;
    let body = format!("{{\"checkpoint\":\"\",\"server_time\":\"{}\"}}", wire_time(service_ms));
    let (port, _) = serve(pki.server(), &pki, vec![React::Reply(200, body)]).await;
    let verifier = pki.verifier(port);
    let decided_at = |signed: SignedOverride| {
        let body: serde_json::Value = serde_json::from_slice(&signed.body).expect("JSON");
        parse_wire_time(body["decided_at"].as_str().expect("a time")).expect("a time")
    };
    assert!(decided_at(verifier.sign_override(&decided()).expect("signed")) > service_ms + 1_700_000);
    assert_eq!(verifier.heartbeat(Vec::new(), &Head::empty(), None).await, Ok(String::new()));
    let dated = decided_at(verifier.sign_override(&decided()).expect("signed"));
    assert!((service_ms..service_ms + 60_000).contains(&dated), "{dated} for {service_ms}");
}

#[tokio::test]
async fn an_override_whose_stored_reply_is_gone_is_confirmed_and_a_refused_one_is_not() {
    let pki = Pki::new();
    let script = vec![problem("reply-expired", 410), problem("malformed", 422)];
    let (port, _) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    let signed = verifier.sign_override(&decided()).expect("signed");
    assert_eq!(verifier.send_override(&signed).await, Ok(()));
    assert_eq!(verifier.send_override(&signed).await, Err(Failure::Problem(ProblemType::Malformed)));
}

#[tokio::test]
async fn the_clock_is_not_judged_by_a_reply_that_was_stored_long_ago() {
    let pki = Pki::new();
    let now = format!("{{\"checkpoint\":\"\",\"server_time\":\"{}\"}}", wire_time(Clock::start(0).unix_ms()));
    let stored = |result: &str| {
        let yesterday = wire_time(Clock::start(0).unix_ms() - 86_400_000);
        format!("{{\"result\":\"{result}\",\"checkpoint\":\"\",\"server_time\":\"{yesterday}\"}}")
    };
    let script =
        vec![React::Reply(200, now), React::Reply(200, stored("not_verified")), React::Reply(200, stored("verified"))];
    let (port, _) = serve(pki.server(), &pki, script).await;
    let verifier = pki.verifier(port);
    assert_eq!(verifier.heartbeat(Vec::new(), &Head::empty(), None).await, Ok(String::new()));
    assert_eq!(verifier.clock().quality(), Quality::Agrees);
    assert!(matches!(verifier.verify(&code()).await, Ok(CodeAnswer::NotVerified)));
    assert_eq!(verifier.clock().quality(), Quality::Agrees);
    let settled = verifier.settle(RequestId(Uuid::from_u128(2)), Duration::from_millis(1)).await;
    assert_eq!((settled, verifier.clock().quality()), (Settled::Verified, Quality::Agrees));
}

#[tokio::test]
async fn the_way_to_the_service_is_measured_step_by_step() {
    let pki = Pki::new();
    let answer = vec![React::Reply(200, timed("\"status\":\"ok\",\"version\":\"0\","))];
    let (port, _) = serve(pki.server(), &pki, answer).await;
    let verifier = pki.verifier(port);
    let times =
        tokio::task::spawn_blocking(move || super::probe::probe(&verifier)).await.expect("ran").expect("reached");
    assert!(times.answer.is_some() && times.facts().contains("handshake"), "{}", times.facts());
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("port").local_addr().expect("address").port();
    let verifier = pki.verifier(free);
    let failed = tokio::task::spawn_blocking(move || super::probe::probe(&verifier)).await.expect("ran");
    assert!(
        matches!(failed, Err((times, Failure::ConnectionRefused)) if times.resolve.is_some() && times.connect.is_none())
    );
}

#[tokio::test]
async fn a_silent_service_ends_within_twelve_seconds() {
    let pki = Pki::new();
    let (port, log) = serve(pki.server(), &pki, vec![React::Silent]).await;
    let verifier = pki.verifier(port);
    let started = verifier.clock().now();
    assert!(matches!(verifier.verify(&code()).await, Err(CallFailure::Unknown)));
    assert!(verifier.clock().now().saturating_sub(started).as_millis() < 12_500);
    assert!(log.lock().expect("log").len() >= 2);
}
