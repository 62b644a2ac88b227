//! TLS 1.3 in front of the routers: accept loop, client certificate to [`PeerIdentity`], bounded connections.
//!
//! Three traps of rustls 0.23 are closed here (kiosk port): no tickets and no session storage, because a resumed session
//! carries the old client certificate unverified; CRLs whose expiry is enforced; and connections that end after some
//! minutes, because identity is otherwise only checked at their start (the rows are checked on every request).

use crate::config::Config;
use crate::kiosk_api::PeerIdentity;
use crate::metrics::METRICS;
use crate::roles::Role;
use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use uuid::Uuid;
use verification_api::wire::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Connections that may be at their handshake at once, on each port: who opens connections and says nothing keeps others
/// from connecting, but not those who are connected from what they ask.
const HANDSHAKES: usize = 256;
const HEADERS_WITHIN: Duration = Duration::from_secs(60);
/// How long a connection may finish its request when it is told to end.
const FINISH_WITHIN: Duration = Duration::from_secs(15);

/// Files that cannot serve; each sentence names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}: {cause}. `verification-service pki init` makes it", path.display())]
    Unreadable { path: PathBuf, cause: String },
    #[error("{} has expired: make a new one with `verification-service pki server --dir DIR --server-name NAME`", .0.display())]
    Expired(PathBuf),
    #[error("{} is not valid yet: is this machine's clock right?", .0.display())]
    NotYet(PathBuf),
    #[error("{} was not issued by {}: they belong to different folders of `pki init`", path.display(), root.display())]
    WrongAuthority { path: PathBuf, root: PathBuf },
    #[error("{} cannot be used: {cause}", path.display())]
    Wrong { path: PathBuf, cause: String },
}

/// TLS for kiosks: our CA's client certificates only, TLS 1.3 only, never a resumed session.
///
/// # Errors
/// [`TlsError`].
pub fn kiosk_tls(dir: &Path, now: Timestamp) -> Result<ServerConfig, TlsError> {
    let (chain, key) = server_identity(dir, now)?;
    let (ca, crl) = (dir.join("kiosk-ca.pem"), dir.join("crl.pem"));
    let crls = CertificateRevocationListDer::pem_file_iter(&crl).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&ca)?), provider())
        .with_crls(crls.map_err(|why| unreadable(&crl, &why))?)
        .only_check_end_entity_revocation()
        .enforce_revocation_expiration()
        .build()
        .map_err(|why| TlsError::Wrong { path: crl, cause: why.to_string() })?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| wrong(dir, &why))?;
    let config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key);
    let mut config = config.map_err(|why| wrong(&dir.join("server.key"), &why))?;
    never_resume(&mut config);
    Ok(config)
}

/// TLS for people: no client certificate. New kiosks come here too, and want the server's own certificate.
///
/// # Errors
/// [`TlsError`].
pub fn portal_tls(config: &Config, now: Timestamp) -> Result<ServerConfig, TlsError> {
    let dir = &config.tls.dir;
    let (chain, key) = server_identity(dir, now)?;
    let own = certified(chain, key, &dir.join("server.key"))?;
    let public = match (&config.portal.certificate, &config.portal.key) {
        (Some(certificate), Some(key)) => Some(public(certificate, key)?),
        _ => None,
    };
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| wrong(dir, &why))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(ByName { own, public }));
    never_resume(&mut config);
    Ok(config)
}

/// The certificate that fits the name which a client asks for.
#[derive(Debug)]
struct ByName {
    own: Arc<CertifiedKey>,
    /// And the names that it is for.
    public: Option<(Vec<String>, Arc<CertifiedKey>)>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name();
        let public = self
            .public
            .as_ref()
            .filter(|(names, _)| asked.is_some_and(|asked| names.iter().any(|name| is_for(name, asked))));
        Some(Arc::clone(public.map_or(&self.own, |(_, certified)| certified)))
    }
}

/// Whether a name of a certificate is for a name that was asked for (RFC 6125, 6.4: a star is one whole label).
fn is_for(name: &str, asked: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(rest) => asked.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
        None => name.eq_ignore_ascii_case(asked),
    }
}

/// The certificate of `[portal]` and the names that it is for. Who issued it, browsers judge.
fn public(path: &Path, key_path: &Path) -> Result<(Vec<String>, Arc<CertifiedKey>), TlsError> {
    let chain = certificates(path)?;
    let wrong = |cause: &str| TlsError::Wrong { path: path.into(), cause: cause.to_owned() };
    let leaf = chain.first().ok_or_else(|| wrong("it holds no certificate"))?;
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| wrong("it is no certificate"))?;
    let names: Vec<String> = match parsed.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().filter_map(dns_name).collect(),
        _ => vec![],
    };
    if names.is_empty() {
        return Err(wrong("it names no host"));
    }
    let key = PrivateKeyDer::from_pem_file(key_path).map_err(|why| unreadable(key_path, &why))?;
    Ok((names, certified(chain, key, key_path)?))
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}

/// A chain with its key, if they belong together.
fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    key_path: &Path,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|why| wrong(key_path, &why))?;
    Ok(Arc::new(certified))
}

/// One port.
pub struct Listener {
    pub socket: TcpListener,
    /// Newest TLS configuration; taken at each handshake.
    pub tls: watch::Receiver<Arc<ServerConfig>>,
    pub router: Router,
    /// Whether a connection must name a kiosk.
    pub kiosks: bool,
    pub connections: usize,
    pub age: Duration,
}

impl Listener {
    /// Accepts until `stop` turns true, then lets open requests finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (room, handshakes) =
            (Arc::new(Semaphore::new(self.connections)), Arc::new(Semaphore::new(HANDSHAKES.min(self.connections))));
        let everyone = u32::try_from(self.connections).unwrap_or(u32::MAX);
        let shared = Arc::new(self);
        loop {
            let Ok(handshake) = Arc::clone(&handshakes).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = shared.socket.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (listener, room, stop) = (Arc::clone(&shared), Arc::clone(&room), stop.clone());
                    tokio::spawn(async move { listener.connection(stream, handshake, room, stop).await });
                }
                Err(why) => {
                    tracing::warn!(cause = %why, "a connection could not be accepted");
                    // Out of descriptors: give the open connections a moment to end.
                    let _ = tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>()).await;
                }
            }
        }
        let _ = tokio::time::timeout(FINISH_WITHIN, room.acquire_many(everyone)).await;
    }

    /// `handshake` is given back once there is room for the connection.
    async fn connection(
        &self,
        stream: TcpStream,
        handshake: OwnedSemaphorePermit,
        room: Arc<Semaphore>,
        mut stop: watch::Receiver<bool>,
    ) {
        // Replies are one segment or a few: waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let _counted = METRICS.connection(if self.kiosks { "kiosk" } else { "portal" });
        let acceptor = TlsAcceptor::from(Arc::clone(&self.tls.borrow()));
        let tls = match tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(why)) => {
                METRICS.handshake_failed();
                return tracing::info!(cause = %why, "a TLS handshake failed");
            }
            Err(_) => return tracing::info!("a TLS handshake took too long"),
        };
        let Ok(Ok(_place)) = tokio::time::timeout(HANDSHAKE_WITHIN, room.acquire_owned()).await else {
            return tracing::warn!("there was no room for a connection: see [limits] connections");
        };
        drop(handshake);
        let peer = tls.get_ref().1.peer_certificates().and_then(|chain| chain.first()).and_then(identity);
        if self.kiosks && peer.is_none() {
            return tracing::warn!("a client certificate of our own CA names no client");
        }
        let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            self.router.clone().oneshot(request)
        });
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_buf_size(32 * 1024)
            .serve_connection(TokioIo::new(tls), service);
        let mut http = std::pin::pin!(http);
        let old = tokio::time::timeout(self.age, std::future::pending::<()>());
        tokio::select! {
            ended = http.as_mut() => return if let Err(why) = ended { tracing::debug!(cause = %why, "a connection broke off") },
            _ = old => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        http.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(FINISH_WITHIN, http).await;
    }
}

/// Client and key of a client certificate.
fn identity(certificate: &CertificateDer<'_>) -> Option<PeerIdentity> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    let mut clients = names.value.general_names.iter().filter_map(|name| {
        let GeneralName::URI(uri) = name else { return None };
        let urn = Role::ALL.map(Role::urn).into_iter().find(|urn| uri.starts_with(urn))?;
        Some((urn, Uuid::try_parse(uri.strip_prefix(urn)?).ok()?))
    });
    let (Some((urn, client)), None) = (clients.next(), clients.next()) else { return None };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parsed.public_key().raw);
    Some(PeerIdentity { client, urn, spki: digest.as_ref().try_into().ok()? })
}

fn never_resume(config: &mut ServerConfig) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
}

/// The server's chain and key, after a check that a client with `root.pem` will take them.
fn server_identity(
    dir: &Path,
    now: Timestamp,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let (path, key_path, root) = (dir.join("server.pem"), dir.join("server.key"), dir.join("root.pem"));
    let chain = certificates(&path)?;
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(|why| unreadable(&key_path, &why))?;
    let wrong = |cause: String| TlsError::Wrong { path: path.clone(), cause };
    let (leaf, rest) = chain.split_first().ok_or_else(|| wrong("it holds no certificate".to_owned()))?;
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots(&root)?), provider())
        .build()
        .map_err(|why| TlsError::Wrong { path: root.clone(), cause: why.to_string() })?;
    let name = server_name(leaf).ok_or_else(|| wrong("it names no server".to_owned()))?;
    let seconds = u64::try_from(now.unix_millis() / 1000).unwrap_or(0);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let checked = verifier.verify_server_cert(leaf, rest, &name, &[], at);
    match checked {
        Ok(_) => Ok((chain, key)),
        Err(rustls::Error::InvalidCertificate(why)) => Err(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsError::Expired(path),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsError::NotYet(path),
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsError::WrongAuthority { path, root },
            other => wrong(other.to_string()),
        }),
        Err(other) => Err(wrong(other.to_string())),
    }
}

/// The first name of a certificate.
fn server_name(leaf: &CertificateDer<'_>) -> Option<ServerName<'static>> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    parsed.subject_alternative_name().ok()??.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(dns) => ServerName::try_from((*dns).to_owned()).ok(),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from)).ok().map(ServerName::from)
        }
        _ => None,
    })
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|why| wrong(path, &why))?;
    }
    if roots.is_empty() {
        return Err(TlsError::Wrong { path: path.into(), cause: "it holds no certificate".to_owned() });
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &rustls::pki_types::pem::Error) -> TlsError {
    match why {
        rustls::pki_types::pem::Error::Io(cause) => {
            TlsError::Unreadable { path: path.into(), cause: cause.to_string() }
        }
        other => TlsError::Wrong { path: path.into(), cause: format!("it is not PEM ({other:?})") },
    }
}

fn wrong(path: &Path, why: &rustls::Error) -> TlsError {
    TlsError::Wrong { path: path.into(), cause: why.to_string() }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
