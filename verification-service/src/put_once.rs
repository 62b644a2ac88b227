//! Every PUT counts once: the same bytes get the stored reply, other bytes under the same id are refused. And it counts
//! soon or never: what cannot be committed within ten seconds of its last byte is rolled back, so that a kiosk that waits
//! three times as long may take "there is no such request" for final.

use crate::app::App;
use crate::failpoint;
use crate::random::bytes;
use crate::refusal::Refusal;
use crate::secrets::same;
use crate::store::rows::{Put, PutKey, PutState};
use crate::store::{Answer, Locked, StoreError, Tx};
use crate::throttle::Rate;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use verification_api::wire::{ProblemType, Timestamp};
use zeroize::Zeroizing;

/// A pending request older than this is taken over.
pub const OWNED_FOR: i64 = 10_000;
/// So many milliseconds after its last byte a PUT is committed or rolled back.
pub const ENDS_WITHIN: i64 = 10_000;
/// Of these so many are left for the commit itself.
const FOR_THE_COMMIT: i64 = 1_000;

/// One PUT as it came in.
#[derive(Clone)]
pub struct Once {
    pub key: PutKey,
    /// What is asked for: one id cannot be two things.
    pub kind: &'static str,
    pub body_mac: [u8; 32],
    /// Nothing is written for it after this, whatever the clock is set to meanwhile: a [`Clock::elapsed`].
    ///
    /// [`Clock::elapsed`]: crate::clock::Clock::elapsed
    pub until: Duration,
}

/// A reply as it goes out.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
}

/// What is known of a PUT.
pub enum Seen {
    Never,
    Pending(Box<Put>),
    /// Sealed.
    Done {
        status: u16,
        reply: Vec<u8>,
    },
}

impl Once {
    /// A PUT whose last byte has come just now.
    #[must_use]
    pub fn new(app: &App, key: PutKey, kind: &'static str, raw: &[u8]) -> Self {
        Self { key, kind, body_mac: app.keys.body_mac(raw), until: last_write(app.clock.elapsed()) }
    }

    /// The time, if there is still enough of it: asked first and last in every transaction that writes for this PUT.
    ///
    /// # Errors
    /// [`StoreError::TooLate`], which rolls the transaction back.
    pub fn in_time(&self, app: &App) -> Answer<Timestamp> {
        let now = app.now();
        if app.clock.elapsed() > self.until { Err(StoreError::TooLate) } else { Ok(now) }
    }

    /// How long may still be waited.
    #[must_use]
    pub fn left(&self, app: &App) -> Duration {
        self.until.saturating_sub(app.clock.elapsed())
    }

    /// Looks the request up.
    ///
    /// # Errors
    /// Of the store; inside, the refusal of other bytes or of a purged reply.
    pub async fn seen(&self, tx: &mut Tx) -> Answer<Result<Seen, Refusal>> {
        let Some(put) = tx.put(&self.key).await? else { return Ok(Ok(Seen::Never)) };
        if put.kind != self.kind || !same(&put.body_mac, &self.body_mac) {
            return Ok(Err(Refusal::new(ProblemType::IdConflict)));
        }
        Ok(match put.state {
            PutState::Pending => Ok(Seen::Pending(Box::new(put))),
            PutState::Done { status, reply } => Ok(Seen::Done { status, reply }),
            PutState::Purged => Err(Refusal::new(ProblemType::ReplyExpired)),
        })
    }

    /// Seals a reply for its place.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn seal(&self, app: &App, body: &[u8]) -> Answer<Vec<u8>> {
        Ok(app.keys.seal(&*app.random, &self.bound_to(), body)?)
    }

    /// Opens a stored reply.
    ///
    /// # Errors
    /// If it was sealed for another place or under another pepper.
    pub fn open(&self, app: &App, status: u16, sealed: &[u8]) -> Answer<Reply> {
        Ok(Reply { status, body: app.keys.open(&self.bound_to(), sealed)? })
    }

    fn bound_to(&self) -> [&[u8]; 4] {
        [b"reply", self.key.kiosk.as_bytes(), self.key.scope.as_bytes(), self.key.id.as_bytes()]
    }
}

/// What the work of a PUT ended in.
pub enum Work {
    /// Stored, and the same for ever after.
    Stored(Reply),
    /// Not stored: the id stays free.
    Refused(Refusal),
}

/// Runs a PUT whose work fits in one transaction: looks it up, takes one of the kiosk's rate (`limit`, for stored
/// replies nothing), works, and stores the reply with the work.
///
/// # Errors
/// [`Refusal`].
pub async fn run<F>(app: &Arc<App>, once: Once, limit: Option<(&'static str, Rate)>, work: F) -> Result<Reply, Refusal>
where
    F: for<'t> FnOnce(&'t mut Tx, Timestamp) -> BoxFuture<'t, Answer<Work>> + Send + 'static,
{
    let shared = Arc::clone(app);
    let name = once.kind;
    let done = app.write_of(once.key.kiosk, name, move |tx| {
        Box::pin(async move {
            // Requests of one kiosk take turns: the same id twice, and its rate.
            tx.lock(Locked::Kiosk, once.key.kiosk.as_bytes()).await?;
            match once.seen(tx).await? {
                Err(refusal) => return Ok(Err(refusal)),
                Ok(Seen::Done { status, reply }) => return once.open(&shared, status, &reply).map(Ok),
                // Only work of several transactions is ever pending, and its kind is another.
                Ok(Seen::Pending(_)) => return Ok(Err(Refusal::new(ProblemType::Unavailable))),
                Ok(Seen::Never) => {}
            }
            let now = once.in_time(&shared)?;
            if let Some((class, rate)) = limit
                && let Err(wait) = take(tx, &format!("{class}/{}", once.key.kiosk), rate, now).await?
            {
                return Ok(Err(Refusal::limited(wait)));
            }
            let reply = match work(tx, now).await? {
                Work::Stored(reply) => reply,
                Work::Refused(refusal) => return Ok(Err(refusal)),
            };
            let put = Put {
                kind: once.kind.to_owned(),
                body_mac: once.body_mac,
                owner: bytes(&*shared.random)?,
                begun_at: now.unix_millis(),
                charge: None,
                state: PutState::Done { status: reply.status, reply: once.seal(&shared, &reply.body)? },
            };
            tx.add_put(&once.key, &put).await?;
            once.in_time(&shared)?;
            failpoint::reach("once.before_commit");
            Ok(Ok(reply))
        })
    });
    let done = done.await?;
    failpoint::reach("once.committed");
    done
}

/// When a PUT that came at that time is written for at the latest.
const fn last_write(arrived: Duration) -> Duration {
    arrived.saturating_add(Duration::from_millis((ENDS_WITHIN - FOR_THE_COMMIT).unsigned_abs()))
}

/// Takes one from a rate; the milliseconds to wait if there is none.
///
/// # Errors
/// Of the store.
pub async fn take(tx: &mut Tx, subject: &str, rate: Rate, now: Timestamp) -> Answer<Result<(), i64>> {
    match rate.take(tx.arrival(subject).await?, now.unix_millis()) {
        Err(wait) => Ok(Err(wait)),
        Ok(arrival) => {
            tx.set_arrival(subject, arrival).await?;
            Ok(Ok(()))
        }
    }
}

/// A value as the JSON of a reply.
///
/// # Errors
/// [`StoreError::NotUnderstood`], which wire types never are.
pub fn json<T: serde::Serialize>(value: &T) -> Answer<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| StoreError::NotUnderstood("reply"))
}
