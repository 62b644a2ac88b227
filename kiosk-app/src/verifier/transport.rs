//! One call to the record service: deadlines, tries, circuit. What the calls mean is [`super`]'s business.

use super::circuit::Circuit;
use super::failure::Failure;
use super::identity::{self, Identity, IdentityError};
use super::renewal;
use super::tls;
use crate::clock::{Clock, pause};
use crate::config::Service;
use arc_swap::{ArcSwap, ArcSwapOption};
use aws_lc_rs::rand;
use reqwest::{Client, Method, StatusCode, Url};
use rustls::ClientConfig;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use verification_api::wire::{Problem, ProblemType};
use zeroize::Zeroizing;

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
const OPERATION_WITHIN: Duration = Duration::from_secs(12);
const TRIES: u32 = 3;
/// An answer larger than this is not one of ours.
const MAX_REPLY: usize = 256 * 1024;

/// The connection to the service; shared by all calls.
pub struct Transport {
    service: Service,
    base: Url,
    clock: Clock,
    identity: Arc<ArcSwapOption<Identity>>,
    connection: ArcSwap<Connection>,
    /// What is wrong with our own files, for the technician.
    fault: ArcSwapOption<IdentityError>,
    circuit: Mutex<Circuit>,
}

struct Connection {
    /// The root file's bytes: a change makes a new connection.
    root: Vec<u8>,
    /// `None` while the roots cannot be read.
    made: Option<(Client, Arc<ClientConfig>)>,
}

/// One request, with the bytes that every try sends.
pub struct Request {
    pub method: Method,
    /// Below the service's address, without a leading slash.
    pub path: String,
    pub body: Option<Zeroizing<Vec<u8>>>,
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
}

/// What came back: 2xx only.
pub struct Reply {
    pub status: StatusCode,
    pub body: Zeroizing<Vec<u8>>,
}

/// A call without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoReply {
    pub failure: Failure,
    /// A try may have arrived although no answer came.
    pub uncertain: bool,
}

impl Request {
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None, headers: Vec::new() }
    }

    /// POST is the one method that must not be sent twice.
    fn tries(&self) -> u32 {
        if self.method == Method::POST { 1 } else { TRIES }
    }
}

impl Transport {
    /// Reads the files of `[service]`; what cannot be read yet is tried again by [`Transport::reload`].
    ///
    /// # Errors
    /// The address is none.
    pub fn new(service: &Service, clock: Clock) -> Result<Self, NotAnAddress> {
        let mut base = Url::parse(&service.url).map_err(|_| NotAnAddress(service.url.clone()))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let transport = Self {
            service: service.clone(),
            base,
            clock,
            identity: Arc::default(),
            connection: ArcSwap::from_pointee(Connection { root: Vec::new(), made: None }),
            fault: ArcSwapOption::empty(),
            circuit: Mutex::default(),
        };
        if let Err(error) = renewal::finish(service) {
            tracing::error!(%error, "a renewed certificate could not be put in place");
        }
        transport.reload();
        Ok(transport)
    }

    /// Reads roots, chain and key again if they changed, so that a renewed certificate is used without a restart.
    pub fn reload(&self) {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut fault = None;
        let mut renewed = false;
        match Identity::load(&self.service, &provider) {
            Ok(new) => {
                let known = self.identity.load();
                if known.as_ref().is_none_or(|k| k.certified.cert != new.certified.cert) {
                    self.identity.store(Some(Arc::new(new)));
                    renewed = true;
                }
            }
            // What is loaded stays in use: files are replaced one after the other.
            Err(error) => fault = Some(error),
        }
        let root = std::fs::read(&self.service.root).unwrap_or_default();
        let known = self.connection.load();
        // Open connections carry the old certificate, which ends with the first request of the new one.
        if renewed || known.made.is_none() || known.root != root {
            match identity::roots(&self.service) {
                Ok(roots) => match self.connect(roots) {
                    Some(made) => self.connection.store(Arc::new(Connection { root, made: Some(made) })),
                    None => tracing::error!("the TLS library cannot be used"),
                },
                Err(error) => fault = Some(error),
            }
        }
        if fault.is_none()
            && let (Some(identity), Ok(roots)) = (self.identity.load().as_ref(), identity::roots(&self.service))
        {
            fault = identity.judge(&self.service, roots, &self.clock).err();
        }
        let known = self.fault.load();
        if known.as_deref() != fault.as_ref() {
            if let Some(error) = &fault {
                tracing::error!("{error}");
            }
            self.fault.store(fault.map(Arc::new));
        }
    }

    fn connect(&self, roots: rustls::RootCertStore) -> Option<(Client, Arc<ClientConfig>)> {
        let config = tls::client_config(roots, &self.identity, &self.clock).ok()?;
        let client = Client::builder()
            .tls_backend_preconfigured(config.clone())
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(REQUEST_WITHIN)
            // The service closes a connection after ten minutes; an idle one is closed here first.
            .pool_idle_timeout(Duration::from_secs(90))
            .build()
            .ok()?;
        Some((client, Arc::new(config)))
    }

    /// Does the request, with at most three tries where that is safe.
    ///
    /// # Errors
    /// Why there is no 2xx, and whether the service may have acted all the same.
    pub async fn call(&self, request: &Request) -> Result<Reply, NoReply> {
        let started = self.clock.now();
        let mut uncertain = false;
        let mut tried = 0;
        loop {
            tried += 1;
            if !self.circuit().admits(self.clock.now()) {
                return Err(NoReply { failure: Failure::CircuitOpen, uncertain });
            }
            let left = OPERATION_WITHIN.saturating_sub(self.clock.now().saturating_sub(started));
            let connection = self.connection.load_full();
            let outcome = tokio::time::timeout(left, self.once(&connection, request)).await;
            let failure = match outcome.unwrap_or(Err(Failure::Silent)) {
                Ok(reply) => {
                    self.circuit().succeeded();
                    return Ok(reply);
                }
                Err(failure) => self.refine(failure),
            };
            // The old certificate ended while this request was on its way with it: it was not evaluated.
            if matches!(failure, Failure::Problem(ProblemType::Revoked) | Failure::KioskRevoked)
                && tried <= TRIES
                && !Arc::ptr_eq(&connection, &self.connection.load_full())
            {
                continue;
            }
            if failure.is_answer() {
                self.circuit().succeeded();
            } else {
                self.circuit().failed(self.clock.now());
                uncertain |= !failure.never_arrived();
            }
            let wait = backoff(tried);
            let left = OPERATION_WITHIN.saturating_sub(self.clock.now().saturating_sub(started));
            if !failure.worth_another_try() || tried >= request.tries() || left <= wait {
                tracing::warn!(cause = failure.name(), tried, "{}", failure.sentence());
                return Err(NoReply { failure, uncertain });
            }
            pause(wait).await;
        }
    }

    /// Whether the circuit is open.
    #[must_use]
    pub fn circuit_open(&self) -> bool {
        self.circuit().is_open()
    }

    #[must_use]
    pub fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.load_full()
    }

    /// What is wrong with our own files.
    #[must_use]
    pub fn fault(&self) -> Option<Arc<IdentityError>> {
        self.fault.load_full()
    }

    #[must_use]
    pub(super) const fn service(&self) -> &Service {
        &self.service
    }

    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Host and port of the service.
    #[must_use]
    pub fn address(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.connection.load().made.as_ref().map(|(_, config)| Arc::clone(config))
    }

    async fn once(&self, connection: &Connection, request: &Request) -> Result<Reply, Failure> {
        let Some((client, _)) = &connection.made else { return Err(Failure::NoIdentity) };
        if self.identity.load().is_none() {
            return Err(Failure::NoIdentity);
        }
        let url = self.base.join(&request.path).map_err(|_| Failure::NotUnderstood)?;
        let mut builder = client.request(request.method.clone(), url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value.as_str());
        }
        if let Some(body) = &request.body {
            builder = builder.header("content-type", "application/json").body(body.to_vec());
        }
        let mut response = builder.send().await.map_err(|e| Failure::of(&e))?;
        let status = response.status();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(part) = response.chunk().await.map_err(|e| Failure::of(&e))? {
            if body.len() + part.len() > MAX_REPLY {
                return Err(Failure::NotUnderstood);
            }
            body.extend_from_slice(&part);
        }
        if status.is_success() {
            return Ok(Reply { status, body });
        }
        Err(problem(status, &body))
    }

    /// Our own dates tell "expired" from "not yet valid", which an alert does not.
    fn refine(&self, failure: Failure) -> Failure {
        match (failure, self.identity.load().as_ref()) {
            (Failure::KioskExpired, Some(own)) if self.clock.unix_ms() < own.not_before_ms => Failure::KioskNotYetValid,
            _ => failure,
        }
    }

    fn circuit(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `[service] url` is no address.
#[derive(Debug, thiserror::Error)]
#[error("[service] url \"{0}\" is not an address; write https://host:port")]
pub struct NotAnAddress(pub String);

fn problem(status: StatusCode, body: &[u8]) -> Failure {
    let named = serde_json::from_slice::<Problem>(body).ok().and_then(|problem| problem.kind());
    match (named, status) {
        (Some(problem), _) => Failure::Problem(problem),
        (None, StatusCode::NOT_FOUND) => Failure::Problem(ProblemType::NotFound),
        (None, status) if status.is_server_error() => Failure::Problem(ProblemType::Unavailable),
        (None, _) => Failure::NotUnderstood,
    }
}

/// 200 to 400 ms after the first try, 400 to 800 ms after the second.
fn backoff(tried: u32) -> Duration {
    let mut byte = [0_u8; 1];
    // Without randomness the pause is only less scattered.
    let _ = rand::fill(&mut byte);
    let base = 200_u64 << (tried.min(4) - 1);
    Duration::from_millis(base + base * u64::from(byte[0]) / 255)
}
