//! Who may connect, and for how long a certificate is believed.

use crate::puts::{Held, instance};
use crate::support::{Kiosk, Serving, Site, http, roots};
use rcgen::KeyPair;
use reqwest::StatusCode;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use verification_service::clock::{Clock, DAY, SystemClock, plus_millis};
use verification_service::config::Config;
use verification_service::enrol::{self, Newcomer};
use verification_service::{listener, pki, store};

/// Asks for `/kiosk/v1/health`; the status line, or why there is none; and how the handshake went.
async fn ask(port: u16, tls: Arc<ClientConfig>) -> Result<(String, Option<HandshakeKind>), std::io::Error> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(tls).connect(name, tcp).await?;
    stream.write_all(b"GET /kiosk/v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut reply = vec![];
    stream.read_to_end(&mut reply).await?;
    let kind = stream.get_ref().1.handshake_kind();
    Ok((String::from_utf8_lossy(&reply).lines().next().unwrap_or_default().to_owned(), kind))
}

async fn refused(serving: &Serving, tls: ClientConfig) -> bool {
    ask(serving.kiosk_port, Arc::new(tls)).await.is_err()
}

#[tokio::test]
async fn without_a_certificate_of_our_ca_or_with_tls_1_2_there_is_no_answer() {
    let (site, elsewhere) = (Site::new(), Site::new());
    let (kiosk, stranger) = (site.add_kiosk("K07"), elsewhere.add_kiosk("K07"));
    let serving = site.serve();
    let root = kiosk.dir.join("root.pem");
    let tls13 = [&rustls::version::TLS13];
    assert!(!refused(&serving, kiosk.tls(&tls13)).await);
    assert!(refused(&serving, kiosk.tls(&[&rustls::version::TLS12])).await, "TLS 1.2");
    assert!(refused(&serving, stranger.tls_trusting(&root, &tls13)).await, "another CA");
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&tls13).unwrap().with_root_certificates(roots(&root));
    assert!(refused(&serving, builder.with_no_client_auth()).await, "no certificate");
    let server = Kiosk { id: kiosk.id, dir: site.path("as-server") };
    std::fs::create_dir(&server.dir).unwrap();
    std::fs::copy(site.path("svc/server.pem"), server.dir.join("chain.pem")).unwrap();
    std::fs::copy(site.path("svc/server.key"), server.dir.join("key.pem")).unwrap();
    assert!(refused(&serving, server.tls_trusting(&root, &tls13)).await, "a server's certificate is no kiosk's");
}

#[tokio::test]
async fn a_session_is_never_resumed() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let mut tls = kiosk.tls(&[&rustls::version::TLS13]);
    tls.resumption = Resumption::in_memory_sessions(8);
    let tls = Arc::new(tls);
    for n in 0..3 {
        let (status, kind) = ask(serving.kiosk_port, Arc::clone(&tls)).await.unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert_eq!(kind, Some(HandshakeKind::Full), "handshake {n}");
    }
}

#[tokio::test]
async fn revoking_acts_on_an_open_connection_and_in_the_crl() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    assert_eq!(client.get("/kiosk/v1/health").await.status, StatusCode::OK);
    site.cli(&["kiosk", "revoke", &kiosk.id.to_string()]);
    assert_eq!(client.get("/kiosk/v1/health").await.problem(), "revoked");
    serving.kill();
    let serving = site.serve();
    assert!(refused(&serving, kiosk.tls(&[&rustls::version::TLS13])).await, "a new connection is refused by the CRL");
}

/// Two instances on one database, each with a copy of the TLS folder: `kiosk revoke` writes the CRL of one of them only.
#[tokio::test]
async fn revoking_at_one_instance_reaches_the_crl_of_every_running_one() {
    let site = Site::new();
    site.set("reload_seconds", "1");
    let (gone, stays) = (site.add_kiosk("K07"), site.add_kiosk("K08"));
    let second = site.path("second");
    std::fs::create_dir(&second).unwrap();
    for file in std::fs::read_dir(site.path("svc")).unwrap().map(Result::unwrap) {
        if file.path().is_file() {
            std::fs::copy(file.path(), second.join(file.file_name())).unwrap();
        }
    }
    let text = std::fs::read_to_string(site.config()).unwrap();
    let elsewhere = site.path("svc/second.toml");
    let text = text.replace("dir = \".\"", &format!("dir = \"{}\"", second.display()));
    std::fs::write(&elsewhere, text).unwrap();
    let both = [site.serve(), site.serve_from(&elsewhere, &[])];
    let tls13 = [&rustls::version::TLS13];
    for serving in &both {
        assert!(!refused(serving, gone.tls(&tls13)).await);
    }
    let before = std::fs::read(second.join("crl.pem")).unwrap();
    site.cli(&["kiosk", "revoke", &gone.id.to_string()]);
    for serving in &both {
        let tls = || gone.tls(&tls13);
        within("new connections to be refused", async || refused(serving, tls()).await.then_some(())).await;
        assert!(!refused(serving, stays.tls(&tls13)).await, "another kiosk goes on");
    }
    let signed = std::fs::read(second.join("crl.pem")).unwrap();
    assert_ne!(signed, before);
    // It names what the rows revoke, so it is not signed again at every look.
    let config = Config::load(&elsewhere).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let revoked = store.read().await.unwrap().revoked_keys(SystemClock.now().unix_millis()).await.unwrap();
    assert_eq!(revoked.len(), 1);
    assert!(!pki::crl_is_due(&second, &revoked, SystemClock.now()).unwrap());
    assert!(pki::crl_is_due(&second, &[], SystemClock.now()).unwrap(), "also when fewer are revoked, after a restore");
}

#[tokio::test]
async fn a_key_that_is_not_pinned_is_refused_though_its_certificate_is_ours() {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.get("/kiosk/v1/health").await.status, StatusCode::OK);
    site.sql("UPDATE kiosk_key SET ended_at = 1").await;
    assert_eq!(client.get("/kiosk/v1/health").await.problem(), "revoked", "on the open connection");
    serving.kill();
    let serving = site.serve();
    assert!(refused(&serving, kiosk.tls(&[&rustls::version::TLS13])).await, "a new connection, by the CRL");
}

/// A certificate that expires while its connection is open: that is no revocation, so the connection ends, and the next
/// handshake tells what it is.
#[tokio::test]
async fn a_certificate_that_expires_on_an_open_connection_is_told_by_the_next_handshake() {
    let site = Site::new();
    let clock = Held::new();
    clock.goes_on(20_000 - DAY);
    let app = instance(&site, &clock).await;
    let (key, newcomer) = (KeyPair::generate().unwrap(), Newcomer::kiosk("K07".to_owned(), "7".to_owned()).unwrap());
    let candidate = enrol::certify(&app, newcomer, &key, 1).await.unwrap();
    assert!(enrol::admit(&app, &candidate, None).await.unwrap());
    let kiosk = Kiosk { id: candidate.id, dir: site.path("brief") };
    std::fs::create_dir(&kiosk.dir).unwrap();
    std::fs::write(kiosk.dir.join("chain.pem"), &candidate.certificate.chain_pem).unwrap();
    std::fs::write(kiosk.dir.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::copy(site.path("svc/root.pem"), kiosk.dir.join("root.pem")).unwrap();
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.get("/kiosk/v1/health").await.status, StatusCode::OK);
    let asking = async {
        loop {
            let answer = client.get("/kiosk/v1/health").await;
            if answer.status != StatusCode::OK {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(60), asking).await.expect("it expires");
    assert_eq!(answer.problem(), "unavailable");
    assert_eq!(answer.header("connection"), Some("close"));
    let next = client.try_call(reqwest::Method::GET, "/kiosk/v1/health", &[], vec![]).await;
    let why = format!("{:?}", next.expect_err("no answer on a new connection"));
    assert!(why.contains("CertificateExpired"), "{why}");
}

#[tokio::test]
async fn an_expired_crl_is_not_accepted() {
    let site = Site::new();
    let (kiosk, dir) = (site.add_kiosk("K07"), site.path("svc"));
    let now = SystemClock.now();
    for (signed, accepted) in [(now, true), (plus_millis(now, -8 * DAY), false)] {
        pki::renew_crl(&dir, &[], signed).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(listener::kiosk_tls(&dir, now).unwrap()));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let asked = tokio::spawn(ask(port, Arc::new(kiosk.tls(&[&rustls::version::TLS13]))));
        let (tcp, _) = socket.accept().await.unwrap();
        assert_eq!(acceptor.accept(tcp).await.is_ok(), accepted);
        let _ = asked.await;
    }
    assert!(pki::crl_is_due(&dir, &[], now).unwrap(), "serve signs it anew at its start");
}

#[tokio::test]
async fn the_portals_port_answers_people() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let tls = builder.with_root_certificates(roots(&kiosk.dir.join("root.pem"))).with_no_client_auth();
    let page = http(tls).get(format!("https://localhost:{}/", serving.portal_port)).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("<title>Your backup code"));
}

/// The certificate that the server shows to a new connection.
async fn shown(port: u16, tls: Arc<ClientConfig>) -> Vec<u8> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let stream = TlsConnector::from(tls).connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_new_server_certificate_is_taken_without_a_restart_and_a_wrong_one_is_not() {
    let site = Site::new();
    site.set("reload_seconds", "1");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let open = serving.client(&kiosk);
    assert_eq!(open.get("/kiosk/v1/health").await.status, StatusCode::OK);
    let tls = Arc::new(kiosk.tls(&[&rustls::version::TLS13]));
    let before = shown(serving.kiosk_port, Arc::clone(&tls)).await;

    // A chain of another authority is not taken: the old one goes on.
    let (own, other) = (std::fs::read(site.path("svc/server.pem")).unwrap(), Site::new());
    std::fs::copy(other.path("svc/server.pem"), site.path("svc/server.pem")).unwrap();
    let told = || std::fs::read_to_string(site.path("log")).unwrap().contains("the new certificates were not taken");
    within("the wrong chain to be named", async || told().then_some(())).await;
    assert_eq!(shown(serving.kiosk_port, Arc::clone(&tls)).await, before);
    std::fs::write(site.path("svc/server.pem"), own).unwrap();

    let dir = site.path("svc");
    site.cli(&["pki", "server", "--dir", dir.to_str().unwrap(), "--server-name", "localhost"]);
    for port in [serving.kiosk_port, serving.portal_port] {
        let (tls, before) = (&tls, &before);
        within("the new certificate", async || (shown(port, Arc::clone(tls)).await != *before).then_some(())).await;
    }
    assert_eq!(open.get("/kiosk/v1/health").await.status, StatusCode::OK, "the open connection went on");
}

/// Asks until there is an answer, for ten seconds.
async fn within<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(10), asking).await;
    answer.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// What `name` is shown by the portal's port, if whoever trusts this root takes it.
async fn portal_shows(port: u16, name: &str, root: &std::path::Path) -> Option<Vec<u8>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let tls = Arc::new(builder.with_root_certificates(roots(root)).with_no_client_auth());
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(tls).connect(name, tcp).await.ok()?;
    Some(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
}

/// Makes a root and a certificate of it, as a public authority would; their files.
fn public_certificate(folder: &std::path::Path, names: &[&str]) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(vec![]).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(folder.join("public-root.pem"), root.self_signed(&root_key).unwrap().pem()).unwrap();
    let (issuer, key) = (rcgen::Issuer::new(root, root_key), KeyPair::generate().unwrap());
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("people.pem"), leaf.pem()).unwrap();
    std::fs::write(folder.join("people.key"), key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn people_get_the_certificate_that_their_browsers_trust_and_new_kiosks_the_servers_own() {
    let site = Site::new();
    site.set("reload_seconds", "1");
    let folder = site.path("svc");
    public_certificate(&folder, &["people.example", "*.people.example"]);
    let text = std::fs::read_to_string(site.config()).unwrap();
    let text = text.replace("\n# certificate = ", "\ncertificate = ").replace("\n# key = ", "\nkey = ");
    std::fs::write(site.config(), text).unwrap();
    let serving = site.serve();
    let port = serving.portal_port;
    let (own, public) = (folder.join("root.pem"), folder.join("public-root.pem"));
    for (name, root, taken) in [
        ("people.example", &public, true),
        ("www.people.example", &public, true),
        ("PEOPLE.example", &public, true),
        ("a.b.people.example", &public, false),
        ("localhost", &public, false),
        ("localhost", &own, true),
        ("people.example", &own, false),
    ] {
        assert_eq!(portal_shows(port, name, root).await.is_some(), taken, "{name}, {}", root.display());
    }
    // A newer one is taken while the service runs; one whose key is another's is not.
    let first = portal_shows(port, "people.example", &public).await.unwrap();
    std::fs::write(folder.join("people.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    within("the refusal", async || {
        std::fs::read_to_string(site.path("log")).unwrap().contains("people.key").then_some(())
    })
    .await;
    assert_eq!(portal_shows(port, "people.example", &public).await, Some(first));
    public_certificate(&folder, &["people.example"]);
    within("the newer one", async || portal_shows(port, "people.example", &public).await.map(drop)).await;
    serving.kill();
    std::fs::remove_file(folder.join("people.key")).unwrap();
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("people.key"), "{why}");
}

/// A certificate that is not valid yet is refused once; its files do not change when it becomes valid.
#[tokio::test]
async fn what_was_not_taken_is_tried_again() {
    let site = Site::new();
    site.set("reload_seconds", "1");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let (folder, random) = (site.path("svc"), verification_service::random::SystemRandomness::new());
    let root = kiosk.dir.join("root.pem");
    let before = portal_shows(serving.portal_port, "localhost", &root).await.unwrap();
    // Certificates are valid from five minutes before they are made.
    let soon = plus_millis(SystemClock.now(), 5 * 60_000 + 4_000);
    pki::renew_server(&folder, &["localhost".to_owned()], &random, soon).unwrap();
    within("the refusal", async || {
        std::fs::read_to_string(site.path("log")).unwrap().contains("is not valid yet").then_some(())
    })
    .await;
    assert_eq!(portal_shows(serving.portal_port, "localhost", &root).await.unwrap(), before);
    within("the newer certificate", async || {
        portal_shows(serving.portal_port, "localhost", &root).await.filter(|newer| *newer != before).map(drop)
    })
    .await;
}
