//! The record service, as the kiosk asks it: who is this, does the code hold, keep this referral, let this officer in.
//!
//! [`transport`] does one call (mutual TLS, deadlines, tries, circuit), [`convert`] turns the kiosk's words into the wire's
//! and back, [`officers`] lets an officer in who signed in lately while the service is away, [`probe`] measures the
//! connection for diagnostics, [`witness`] judges its audit log. Nothing here decides about a visit: an answer is an answer of the service or it is none.

pub mod circuit;
mod convert;
pub mod failure;
pub mod identity;
mod officers;
pub mod probe;
pub mod renewal;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
pub mod transport;
pub mod witness;

pub use failure::Failure;

use crate::clock::{Clock, pause};
use crate::config::Service;
use crate::effect::{Closing, Handover, Inspection, Override, Verification};
use crate::event::{HandoverAnswer, StaffAnswer};
use crate::journal::Head;
use crate::lockout::KeptLockout;
use crate::session::answers::{CallFailure, CodeAnswer, OpenedReferral, RecordAnswer};
use crate::session::state::{Reference, RequestId, VisitId};
use officers::{Admission, OfflineOfficers};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use transport::{NoReply, Reply, Request, Transport};
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::{self, ProblemType};
use witness::Witness;
use zeroize::Zeroizing;

/// An unknown outcome is asked for again this long after the last try, and as often; only then is "not there" final.
pub const SETTLE_AFTER: Duration = Duration::from_secs(30);
/// The service keeps its replies for a day; afterwards it still keeps the result.
const SETTLE_FOR: u32 = 24 * 60 * 2;

/// The one client of the record service.
#[derive(Clone)]
pub struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    lane: String,
    officers: OfflineOfficers,
    barred: watch::Sender<bool>,
    last_failure: watch::Sender<Option<Failure>>,
    witness: Option<Witness>,
}

/// What became of a verification whose outcome was unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Used at the service, but not honoured here.
    Verified,
    NotVerified,
    /// The service never had it.
    Never,
    /// The service did not answer for a day.
    Unsettled,
}

/// An override ready to be sent: the bytes and their signature, made when it was decided.
pub struct SignedOverride {
    pub id: Uuid,
    pub body: Zeroizing<Vec<u8>>,
    pub signature: String,
}

impl Verifier {
    /// `state`: where the count of wrong PINs and the newest checkpoint of the log are kept.
    ///
    /// # Errors
    /// `[service] url` is no address.
    pub fn new(service: &Service, lane: &str, state: &Path, clock: Clock) -> Result<Self, transport::NotAnAddress> {
        let shared = Shared {
            transport: Transport::new(service, clock)?,
            lane: lane.to_owned(),
            officers: OfflineOfficers::new(KeptLockout::open(&state.join("officer-pins"))),
            barred: watch::Sender::new(false),
            last_failure: watch::Sender::new(None),
            witness: service.log.as_deref().map(|keys| Witness::open(keys, state)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Has a read document looked up.
    ///
    /// # Errors
    /// No answer: whether it was sent does not matter to the visit, which goes to an officer.
    pub async fn inspect(&self, asked: &Inspection) -> Result<RecordAnswer, CallFailure> {
        let body = convert::inspection(asked, &self.shared.lane, self.device_time());
        let path = format!("kiosk/v1/inspections/{}", asked.request.0);
        let reply: Result<wire::InspectionReply, _> = self.put(path, &body).await;
        reply.map(convert::record_answer).map_err(|e| e.failure.call_failure(e.uncertain))
    }

    /// Has a backup code checked.
    ///
    /// # Errors
    /// [`CallFailure::Unknown`] if the service may have used the code: settle it with [`Verifier::settle`].
    pub async fn verify(&self, asked: &Verification) -> Result<CodeAnswer, CallFailure> {
        let body = convert::verification(asked, &self.shared.lane, self.device_time());
        let path = format!("kiosk/v1/verifications/{}", asked.request.0);
        let reply: Result<wire::VerificationReply, _> = self.put(path, &body).await;
        reply.map(convert::code_answer).map_err(|e| e.failure.call_failure(e.uncertain))
    }

    /// Asks what became of a verification whose outcome is unknown, until the service tells: first after `every`
    /// ([`SETTLE_AFTER`]), then as often.
    pub async fn settle(&self, request: RequestId, every: Duration) -> Settled {
        let ask = Request::new(Method::GET, format!("kiosk/v1/verifications/{}", request.0));
        for _ in 0..SETTLE_FOR {
            pause(every).await;
            match self.call(&ask).await {
                Ok(reply) if reply.status == StatusCode::OK => {
                    match serde_json::from_slice::<wire::Settlement>(&reply.body).map(|s| s.result) {
                        Ok(wire::VerificationResult::Verified) => return Settled::Verified,
                        Ok(wire::VerificationResult::NotVerified) => return Settled::NotVerified,
                        Err(_) => {}
                    }
                }
                Err(NoReply { failure: Failure::Problem(ProblemType::NotFound), .. }) => return Settled::Never,
                // 202: pending. Anything else: ask again.
                Ok(_) | Err(_) => {}
            }
        }
        Settled::Unsettled
    }

    /// Has the service keep a referral. One operation: whoever needs it stored asks again.
    pub async fn hand_over(&self, asked: &Handover) -> HandoverAnswer {
        let body = convert::referral(asked, &self.shared.lane);
        match self.put::<wire::Receipt>(format!("kiosk/v1/referrals/{}", asked.id.0), &body).await {
            Ok(_) => HandoverAnswer::Stored,
            Err(NoReply { failure: Failure::Problem(ProblemType::ReferenceTaken), .. }) => {
                HandoverAnswer::ReferenceTaken
            }
            Err(NoReply { failure: Failure::Problem(ProblemType::IdConflict), .. }) => HandoverAnswer::IdConflict,
            Err(_) => HandoverAnswer::NotStored,
        }
    }

    /// Opens the referral of any kiosk.
    ///
    /// # Errors
    /// [`CallFailure::Refused`]: there is none, or the session is over.
    pub async fn open_referral(
        &self,
        session: &PersonalText,
        reference: &PersonalText,
    ) -> Result<OpenedReferral, CallFailure> {
        let Reference(safe) = Reference::written(reference);
        let mut ask = Request::new(Method::GET, format!("kiosk/v1/referrals/by-reference/{safe}"));
        ask.headers.push((wire::OFFICER_SESSION_HEADER, session.expose(|s| Zeroizing::new(s.to_owned()))));
        let reply = self.call(&ask).await.and_then(|reply| understood::<wire::OpenedReferral>(&reply));
        reply.map(convert::opened_referral).map_err(|e| e.failure.call_failure(false))
    }

    /// Closes a referral. Whether the service took it.
    pub async fn close_referral(&self, session: &PersonalText, closing: &Closing) -> bool {
        let Some(body) = convert::closed(session, closing) else { return false };
        self.put::<wire::Receipt>(format!("kiosk/v1/referrals/{}/closed", closing.visit.0), &body).await.is_ok()
    }

    /// Lets an officer in: by the service, or, while it is away, against what it said within the last twelve hours.
    pub async fn sign_in(&self, badge: PersonalText, pin: PersonalText) -> StaffAnswer {
        let asked = wire::SignInRequest { badge, pin };
        let reply: Result<wire::SignInReply, NoReply> =
            self.send(Request::new(Method::POST, "kiosk/v1/officers/sign-in"), &asked).await;
        let stamp = self.clock().stamp();
        let now = self.clock().now();
        let officers = self.clone();
        match reply {
            Ok(reply) => {
                let pseudonym = reply.officer.clone();
                offload(move || officers.shared.officers.remember(&asked, &pseudonym, now)).await;
                StaffAnswer::SignedIn { session: reply.officer_session, pseudonym: reply.officer, offline_since: None }
            }
            Err(refused) if refused.failure.is_answer() => StaffAnswer::Refused,
            Err(_) => match offload(move || officers.shared.officers.admit(&asked, now, &stamp)).await {
                Some(Admission::Admitted { pseudonym }) => StaffAnswer::SignedIn {
                    session: PersonalText::default(),
                    pseudonym,
                    offline_since: Some(self.clock().service_ms() / 1000),
                },
                Some(Admission::Refused) => StaffAnswer::Refused,
                Some(Admission::Unknown) | None => StaffAnswer::Unavailable,
            },
        }
    }

    /// Ends an officer's session at the service.
    pub async fn sign_out(&self, session: &PersonalText) {
        if session.is_empty() {
            return;
        }
        let mut ask = Request::new(Method::DELETE, "kiosk/v1/officers/session");
        ask.headers.push((wire::OFFICER_SESSION_HEADER, session.expose(|s| Zeroizing::new(s.to_owned()))));
        // The session ends by itself five minutes after its last use.
        let _ = self.call(&ask).await;
    }

    /// Calls an officer to the lane. Whether the service passed it on.
    pub async fn assist(&self, visit: Option<VisitId>) -> bool {
        let body = wire::AssistanceRequest { lane: self.shared.lane.clone(), visit: visit.map(|v| v.0) };
        self.send::<serde_json::Value>(Request::new(Method::POST, "kiosk/v1/assistance"), &body).await.is_ok()
    }

    /// Puts an override into its final bytes and signs them, with the key valid now. It is dated by the service's clock as
    /// far as that is known: the service judges by it which key and which session were good then.
    #[must_use]
    pub fn sign_override(&self, decided: &Override) -> Option<SignedOverride> {
        let request = convert::decided_override(decided, timestamp(self.clock().service_ms()));
        let body = Zeroizing::new(serde_json::to_vec(&request).ok()?);
        let signature = self.shared.transport.identity()?.sign_override(decided.id.0, &body)?;
        Some(SignedOverride { id: decided.id.0, body, signature })
    }

    /// Sends a signed override.
    ///
    /// # Errors
    /// The service has not confirmed it.
    pub async fn send_override(&self, signed: &SignedOverride) -> Result<(), Failure> {
        let mut ask = Request::new(Method::PUT, format!("kiosk/v1/overrides/{}", signed.id));
        ask.headers.push((wire::KIOSK_SIGNATURE_HEADER, Zeroizing::new(signed.signature.clone())));
        ask.body = Some(signed.body.clone());
        match self.call(&ask).await {
            // It was stored, and so long ago that the reply to it is gone.
            Ok(_) | Err(NoReply { failure: Failure::Problem(ProblemType::ReplyExpired), .. }) => Ok(()),
            Err(no) => Err(no.failure),
        }
    }

    /// Tells the service how the kiosk is, and gives the checkpoint of its audit log.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn heartbeat(
        &self,
        devices: Vec<wire::DeviceHealth>,
        head: &Head,
        policy_version: Option<String>,
    ) -> Result<String, Failure> {
        let journal = (head.seq > 0).then(|| wire::JournalHead { seq: head.seq, hash: head.hash.clone() });
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let body = wire::HeartbeatRequest { devices, journal, version, policy_version };
        let reply = self.send::<wire::Receipt>(Request::new(Method::POST, "kiosk/v1/heartbeats"), &body).await;
        reply.map(|receipt| receipt.checkpoint).map_err(|e| e.failure)
    }

    /// Judges the checkpoint that a heartbeat gave. The sentence of an alarm that was not known before.
    pub async fn judge(&self, checkpoint: &str) -> Option<String> {
        self.shared.witness.as_ref()?.judge(checkpoint, self).await
    }

    /// The witness of the service's audit log, if `[service] log` names its keys.
    #[must_use]
    pub fn witness(&self) -> Option<&Witness> {
        self.shared.witness.as_ref()
    }

    /// The service's settings for every kiosk.
    ///
    /// # Errors
    /// It did not answer.
    pub async fn policy(&self) -> Result<wire::Policy, Failure> {
        let reply = self.call(&Request::new(Method::GET, "kiosk/v1/policy")).await;
        let policy = reply.and_then(|reply| understood::<wire::Policy>(&reply)).map_err(|e| e.failure)?;
        self.shared.officers.forget(&policy.disabled_officers);
        Ok(policy)
    }

    /// Whether the service answers at all.
    ///
    /// # Errors
    /// It does not.
    pub async fn health(&self) -> Result<(), Failure> {
        self.call(&Request::new(Method::GET, "kiosk/v1/health")).await.map(|_| ()).map_err(|e| e.failure)
    }

    /// Looks whether a barred kiosk has been released, by a call that nothing comes of.
    pub async fn knock(&self) {
        let mut random = [0; 10];
        // Without randomness the id is only easier to guess, and it names nothing.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let id = uuid::Builder::from_unix_timestamp_millis(self.clock().unix_ms(), &random).into_uuid();
        // `call` notes what the answer says about this kiosk.
        let _ = self.call(&Request::new(Method::GET, format!("kiosk/v1/verifications/{id}"))).await;
    }

    /// Quarantined or revoked by the service.
    #[must_use]
    pub fn barred(&self) -> watch::Receiver<bool> {
        self.shared.barred.subscribe()
    }

    /// Why the newest call had no answer; `None` after one that had.
    #[must_use]
    pub fn last_failure(&self) -> Option<Failure> {
        *self.shared.last_failure.borrow()
    }

    /// What happened and what to do, with a doubt about the clock where a date was judged by it.
    #[must_use]
    pub fn explain(&self, failure: Failure) -> String {
        let dated = matches!(
            failure,
            Failure::ServiceExpired | Failure::ServiceNotYetValid | Failure::KioskExpired | Failure::KioskNotYetValid
        );
        if dated && self.clock().is_doubtful() {
            return format!("{}; or this machine's clock is wrong", failure.sentence());
        }
        failure.sentence().to_owned()
    }

    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    /// Renews this kiosk's certificate once it has passed two thirds of its life; whether there is a new one.
    ///
    /// # Errors
    /// [`renewal::RenewalError`]: the present one stays in use.
    pub async fn renew_if_due(&self) -> Result<bool, renewal::RenewalError> {
        renewal::renew_if_due(self, self.shared.transport.service()).await
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.shared.transport.clock()
    }

    async fn put<R: DeserializeOwned>(&self, path: String, body: &impl Serialize) -> Result<R, NoReply> {
        self.send(Request::new(Method::PUT, path), body).await
    }

    async fn send<R: DeserializeOwned>(&self, mut request: Request, body: &impl Serialize) -> Result<R, NoReply> {
        let bytes = serde_json::to_vec(body).map_err(|_| not_understood())?;
        request.body = Some(Zeroizing::new(bytes));
        let reply = self.call(&request).await?;
        understood(&reply)
    }

    async fn call(&self, request: &Request) -> Result<Reply, NoReply> {
        let outcome = self.shared.transport.call(request).await;
        let failure = outcome.as_ref().err().map(|e| e.failure);
        self.shared.last_failure.send_replace(failure.filter(|f| !f.is_answer()));
        let barred = match failure {
            None | Some(Failure::Problem(ProblemType::NotFound)) => {
                open_to_released_kiosks(&request.path).then_some(false)
            }
            Some(Failure::Problem(ProblemType::Quarantined | ProblemType::Revoked) | Failure::KioskRevoked) => {
                Some(true)
            }
            Some(_) => None,
        };
        if let Some(barred) = barred {
            self.shared.barred.send_if_modified(|known| std::mem::replace(known, barred) != barred);
        }
        if let Ok(reply) = &outcome
            && let Some(server_ms) = convert::server_time(&reply.body)
            && is_made_at_the_time(request)
        {
            self.clock().agree(server_ms);
        }
        outcome
    }

    fn device_time(&self) -> wire::Timestamp {
        timestamp(self.clock().unix_ms())
    }
}

/// A wall clock beyond the year 9999 is told as the last moment of it: the service judges by its own clock.
fn timestamp(unix_ms: u64) -> wire::Timestamp {
    const LAST: i64 = 253_402_300_799_999;
    let millis = i64::try_from(unix_ms).map_or(LAST, |ms| ms.min(LAST));
    wire::Timestamp::from_unix_millis(millis).unwrap_or(wire::Timestamp::EPOCH)
}

/// A quarantined kiosk is still answered on these paths, so an answer there says nothing about it.
fn open_to_released_kiosks(path: &str) -> bool {
    const ALWAYS: [&str; 5] =
        ["kiosk/v1/health", "kiosk/v1/policy", "kiosk/v1/heartbeats", "kiosk/v1/officers/", "log/"];
    !ALWAYS.iter().any(|open| path.starts_with(open))
}

/// A stored reply is as old as its request: one to a PUT that is sent again, and one that a GET of a verification settles.
fn is_made_at_the_time(request: &Request) -> bool {
    request.method != Method::PUT && !request.path.starts_with("kiosk/v1/verifications/")
}

fn understood<R: DeserializeOwned>(reply: &Reply) -> Result<R, NoReply> {
    serde_json::from_slice(&reply.body).map_err(|_| not_understood())
}

/// A 2xx that is no answer of ours: what was asked may well have happened.
const fn not_understood() -> NoReply {
    NoReply { failure: Failure::NotUnderstood, uncertain: true }
}

/// Stretching a PIN takes too long for a thread that serves others.
async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
