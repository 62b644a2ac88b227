//! What is kept, behind one trait: [`Store`] runs named transactions over a [`Tx`], whose methods are single statements.
//!
//! The domain (`verify.rs`, `codes.rs`, …) is written against [`Tx`] alone, and its statements are written once, so that
//! every engine runs the same rules. [`sqlite`] is the embedded default, [`postgres`] serves any number of instances.

pub mod connection;
pub mod postgres;
pub mod rows;
mod sessions;
pub mod sqlite;
pub mod statements;

use crate::config::DatabaseAt;
use crate::metrics::{METRICS, Stopwatch};
use crate::secrets::SealError;
use connection::{Connection, Query, Row};
use futures::future::BoxFuture;
use sqlx::Executor;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Why the store did not do it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not answer: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database does not answer: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("the database holds a {0} that this program does not understand; was it made by a newer version?")]
    NotUnderstood(&'static str),
    #[error("the database was not written: {0}")]
    NotWritten(String),
    /// Another request took this one over; its transaction must not count.
    #[error("another request has taken this one over")]
    TakenOver,
    #[error("its ten seconds were over before it could be written")]
    TooLate,
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<crate::random::NoRandom> for StoreError {
    fn from(why: crate::random::NoRandom) -> Self {
        Self::Seal(why.into())
    }
}

/// The answer of a statement.
pub type Answer<T> = Result<T, StoreError>;

/// Why a database cannot be opened; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no database {}: make it with `verification-service migrate --config FILE`", .0.display())]
    Missing(PathBuf),
    #[error("the database {at} cannot be written: {cause}. {hint}")]
    NotWritable { at: String, cause: String, hint: &'static str },
    #[error("{at} is not a database of this program: {cause}")]
    NotOurs { at: String, cause: String },
    #[error(
        "the database {at} has schema {found}, this program knows {known}: run `verification-service migrate`, or the newer program"
    )]
    OtherSchema { at: String, found: i64, known: usize },
    #[error("the database server of {at} does not answer: {cause}. Is it running, and may this user connect?")]
    NoServer { at: String, cause: String },
}

/// An engine.
pub trait Store: Send + Sync {
    /// Runs a job in one transaction, which is durable when the job is told so.
    fn run(&self, job: Job) -> BoxFuture<'_, Answer<()>>;
    /// Runs a job on one view of everything, in which nothing changes meanwhile. What it writes is undone.
    fn view(&self, job: Job) -> BoxFuture<'_, Answer<()>>;
    /// Lends a connection for reading, in no transaction.
    fn read(&self) -> BoxFuture<'_, Answer<Tx>>;
}

/// What runs in a transaction.
pub type Job = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Ran> + Send>;

/// What a job left: to be told after the commit, or to be undone.
pub enum Ran {
    Keep(Box<dyn FnOnce(Answer<()>) + Send>),
    Undo(Box<dyn FnOnce() + Send>),
}

impl dyn Store {
    /// Runs `f` in one transaction, which is durable when this returns `Ok`. `name` is for logs.
    ///
    /// # Errors
    /// What `f` answers, or that the database could not be written; nothing has changed then.
    pub async fn write<T, F>(&self, name: &'static str, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Answer<T>> + Send + 'static,
    {
        let (watch, (job, answer)) = (Stopwatch::start(), job(f));
        self.run(job).await.map_err(|why| named(name, why))?;
        let answer = answer.await;
        METRICS.transaction(name, watch.read());
        answer.unwrap_or_else(|_| Err(StoreError::NotWritten(format!("{name} was not run"))))
    }

    /// Runs `f` on one view of everything, in which nothing changes meanwhile.
    ///
    /// # Errors
    /// What `f` answers, or that the database does not answer.
    pub async fn snapshot<T, F>(&self, name: &'static str, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Answer<T>> + Send + 'static,
    {
        let (watch, (job, answer)) = (Stopwatch::start(), job(f));
        self.view(job).await.map_err(|why| named(name, why))?;
        let answer = answer.await;
        METRICS.transaction(name, watch.read());
        answer.unwrap_or_else(|_| Err(StoreError::NotWritten(format!("{name} was not run"))))
    }
}

/// A closure as a job, and where its answer will come.
fn job<T, F>(f: F) -> (Job, oneshot::Receiver<Answer<T>>)
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Answer<T>> + Send + 'static,
{
    let (send, answer) = oneshot::channel::<Answer<T>>();
    let job: Job = Box::new(move |tx| {
        Box::pin(async move {
            match f(tx).await {
                Ok(value) => Ran::Keep(Box::new(move |committed| {
                    // The one who asked may have gone; the work is done all the same.
                    let _ = send.send(committed.map(|()| value));
                })),
                Err(why) => Ran::Undo(Box::new(move || {
                    let _ = send.send(Err(why));
                })),
            }
        })
    });
    (job, answer)
}

fn named(name: &'static str, why: StoreError) -> StoreError {
    match why {
        StoreError::NotWritten(cause) => StoreError::NotWritten(format!("{name}: {cause}")),
        other => other,
    }
}

/// One connection, most often in a transaction. Every change is made together with its audit row, or not at all.
pub struct Tx {
    connection: Connection,
}

/// What a [`Tx::lock`] is about.
#[derive(Clone, Copy, Debug)]
pub enum Locked {
    Identifier,
    Kiosk,
    Pin,
    Log,
    /// The moving of rows to another index key.
    Reindex,
    /// The deleting of what is past its time.
    Purge,
}

impl Tx {
    const fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Waits until no other transaction holds this, and holds it until this one ends. On SQLite, where one transaction
    /// writes at a time, there is nothing to wait for.
    ///
    /// # Errors
    /// Of the store.
    pub async fn lock(&mut self, what: Locked, key: &[u8]) -> Answer<()> {
        let Connection::Postgres(session) = &mut self.connection else { return Ok(()) };
        let mut bytes = vec![what as u8];
        bytes.extend_from_slice(key);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        let number = digest.as_ref().first_chunk::<8>().map_or(0, |eight| i64::from_be_bytes(*eight));
        session.lock(number).await
    }

    /// Runs a statement that takes no arguments and answers nothing.
    async fn execute(&mut self, text: &'static str) -> Answer<()> {
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::run(connection, text, &[]).map(drop)?,
            Connection::Postgres(session) => {
                let limit = session.limit();
                let ran = sessions::within(limit, session.connection().await?.execute(text)).await;
                session.heard(ran)?;
            }
        }
        Ok(())
    }

    async fn run(&mut self, query: Query) -> Answer<u64> {
        self.connection.run(query).await
    }

    async fn one(&mut self, query: Query) -> Answer<Option<Row>> {
        self.connection.one(query).await
    }

    async fn all<T>(&mut self, query: Query, read: impl Fn(&Row) -> Answer<T>) -> Answer<Vec<T>> {
        self.connection.all(query).await?.iter().map(read).collect()
    }
}

/// Opens the configured database, whose schema must be this program's. Needs a running tokio.
///
/// # Errors
/// [`OpenError`].
pub async fn open(at: &DatabaseAt) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match at {
        DatabaseAt::Sqlite(file) => Arc::new(sqlite::SqliteStore::open(file)?),
        DatabaseAt::Postgres(url) => Arc::new(postgres::PostgresStore::open(url).await?),
    })
}

/// As [`open`], for a command that reads much at a time: its statements may take as long as they need.
///
/// # Errors
/// [`OpenError`].
pub async fn open_for_long_work(at: &DatabaseAt) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match at {
        DatabaseAt::Sqlite(file) => Arc::new(sqlite::SqliteStore::open(file)?),
        DatabaseAt::Postgres(url) => Arc::new(postgres::PostgresStore::open_for_long_work(url).await?),
    })
}

/// Makes the database's schema, or brings it up to date; how many versions were added.
///
/// # Errors
/// [`OpenError`].
pub async fn migrate(at: &DatabaseAt) -> Result<usize, OpenError> {
    match at {
        DatabaseAt::Sqlite(file) => sqlite::SqliteStore::migrate(file),
        DatabaseAt::Postgres(url) => postgres::PostgresStore::migrate(url).await,
    }
}
