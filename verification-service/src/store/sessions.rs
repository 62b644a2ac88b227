//! Sessions with the PostgreSQL server: kept open, lent one at a time.
//!
//! Every question to the server costs as much as a small statement. So a session that was used a moment ago is lent without
//! asking whether it is alive, and a transaction begins with the first statement that its job runs, in the same message if
//! that is a lock.
//!
//! A host may vanish without a word: its connections stay open and never answer again. So every answer is waited for so long
//! and no longer; then that session is closed, and with it all that are idle.

use super::{Answer, StoreError};
use crate::metrics::{METRICS, Stopwatch};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor, PgConnection};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of one instance.
const SESSIONS: usize = 16;
/// How long a job waits for a session.
const WITHIN: Duration = Duration::from_secs(3);
/// A session that was used so lately is lent unasked.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// An idle one that is asked whether it is alive answers within this.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);
/// Then it is closed and another opened: the server's memory of it grows, and a server that was added gets its share.
const LONGEST: Duration = Duration::from_secs(1800);

/// The open sessions of one instance.
pub struct Sessions {
    options: PgConnectOptions,
    /// How long an answer to a statement is waited for.
    limit: Option<Duration>,
    idle: Mutex<Vec<Idle>>,
    room: Arc<Semaphore>,
}

struct Idle {
    connection: PgConnection,
    age: Stopwatch,
    since: Stopwatch,
}

impl Sessions {
    pub fn new(options: PgConnectOptions, limit: Option<Duration>) -> Arc<Self> {
        Arc::new(Self { options, limit, idle: Mutex::default(), room: Arc::new(Semaphore::new(SESSIONS)) })
    }

    /// Lends a session, in no transaction.
    ///
    /// # Errors
    /// None is free in time, or the server does not answer.
    pub async fn lend(self: &Arc<Self>) -> Answer<Session> {
        let watch = Stopwatch::start();
        let found = tokio::time::timeout(WITHIN, async {
            let place = Arc::clone(&self.room).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let (connection, age) = self.live().await?;
            Ok((connection, age, place))
        });
        let (connection, age, place) = found.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        METRICS.connection_wait(watch.read());
        let sound = Some((connection, age));
        Ok(Session { sound, begin: None, sessions: Arc::clone(self), place: Some(place) })
    }

    /// The session that was used last, if it is alive, or a new one.
    async fn live(&self) -> sqlx::Result<(PgConnection, Stopwatch)> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(Idle { mut connection, age, since }) = idle else { break };
            if age.read() >= LONGEST {
                continue;
            }
            if since.read() < TRUSTED_FOR || within(Some(ALIVE_WITHIN), connection.ping()).await.is_ok() {
                return Ok((connection, age));
            }
            self.distrust();
        }
        Ok((self.options.connect().await?, Stopwatch::start()))
    }

    /// Closes all that are idle: what broke one has most likely broken all.
    fn distrust(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A session on loan. It goes back when dropped, unless it is no longer sound.
pub struct Session {
    sound: Option<(PgConnection, Stopwatch)>,
    /// What begins the transaction, until it has begun.
    begin: Option<&'static str>,
    sessions: Arc<Sessions>,
    place: Option<OwnedSemaphorePermit>,
}

impl Session {
    /// Lets the next statement begin a transaction.
    pub const fn begin(&mut self, with: &'static str) {
        self.begin = Some(with);
    }

    /// Whether a transaction was to begin and nothing has been done in it.
    pub const fn has_not_begun(&self) -> bool {
        self.begin.is_some()
    }

    /// How long an answer to a statement is waited for.
    pub fn limit(&self) -> Option<Duration> {
        self.sessions.limit
    }

    /// For a statement.
    ///
    /// # Errors
    /// The transaction cannot begin.
    pub async fn connection(&mut self) -> Answer<&mut PgConnection> {
        if self.begin.is_some() {
            self.start("").await?;
        }
        self.sound.as_mut().map(|(connection, _)| connection).ok_or_else(lost)
    }

    /// Waits for the advisory lock of this transaction.
    ///
    /// # Errors
    /// Of the server.
    pub async fn lock(&mut self, number: i64) -> Answer<()> {
        let lock = format!("SELECT pg_advisory_xact_lock({number})");
        if self.begin.is_some() {
            return self.start(&lock).await;
        }
        let limit = self.limit();
        let locked = within(limit, self.connection().await?.execute(AssertSqlSafe(lock))).await;
        self.heard(locked).map(drop)
    }

    /// Takes the answer to a statement. A session that gave none is put away.
    ///
    /// # Errors
    /// The answer's.
    pub fn heard<T>(&mut self, answer: sqlx::Result<T>) -> Answer<T> {
        if answer.as_ref().is_err_and(|why| !is_refusal(why)) {
            self.put_away();
            self.sessions.distrust();
        }
        Ok(answer?)
    }

    /// It is not lent again: the server undoes what is open on it.
    pub fn put_away(&mut self) {
        self.sound = None;
    }

    /// Begins the transaction; sessions that the server has closed meanwhile are put away.
    async fn start(&mut self, first: &str) -> Answer<()> {
        let Some(begin) = self.begin.take() else { return Ok(()) };
        let mut last = None;
        for _ in 0..=SESSIONS {
            if self.sound.is_none() {
                let live = tokio::time::timeout(WITHIN, self.sessions.live()).await;
                self.sound = Some(live.unwrap_or(Err(sqlx::Error::PoolTimedOut))?);
            }
            let limit = self.limit();
            let (connection, _) = self.sound.as_mut().ok_or_else(lost)?;
            match within(limit, connection.execute(AssertSqlSafe(format!("{begin}; {first}")))).await {
                Ok(_) => return Ok(()),
                Err(why) => {
                    // Also after a refusal: nothing may run on it outside of a transaction.
                    self.put_away();
                    if is_refusal(&why) {
                        return Err(why.into());
                    }
                    self.sessions.distrust();
                    // Whoever asked has waited long enough.
                    if is_silence(&why) {
                        return Err(why.into());
                    }
                    last = Some(why);
                }
            }
        }
        Err(last.map_or_else(lost, StoreError::from))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((connection, age)) = self.sound.take() {
            let idle = Idle { connection, age, since: Stopwatch::start() };
            self.sessions.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        }
        // Only now may another look for one.
        self.place.take();
    }
}

/// The answer, if it comes in time. What has not answered must not be asked again: its session is to be put away.
pub async fn within<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = sqlx::Result<T>> + Send,
) -> sqlx::Result<T> {
    let Some(limit) = limit else { return answer.await };
    let silent = |_| {
        let what = format!("no answer within {} s", limit.as_secs());
        sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, what))
    };
    tokio::time::timeout(limit, answer).await.map_err(silent)?
}

fn is_silence(why: &sqlx::Error) -> bool {
    matches!(why, sqlx::Error::Io(why) if why.kind() == io::ErrorKind::TimedOut)
}

fn lost() -> StoreError {
    StoreError::NotWritten("the session with the database is lost".to_owned())
}

/// An answer of a session that goes on, other than that the server ends it (57P01–57P03).
fn is_refusal(why: &sqlx::Error) -> bool {
    match why {
        sqlx::Error::Database(database) => database.code().is_none_or(|code| !code.starts_with("57P")),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::RowNotFound => true,
        _ => false,
    }
}
