//! SQLite, the embedded default: WAL, `synchronous=FULL`, one writer task, `BEGIN IMMEDIATE`, group commit.
//!
//! Writes queue for the writer, which runs all that wait in one transaction, each in a savepoint of its own, and answers
//! them after the one commit. Other programs (the command line) may write at the same time: SQLite's lock orders them.

mod statements;

use super::{Answer, StoreError};
use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor, Row, Sqlite, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Every version of the schema, oldest first; `PRAGMA user_version` says how many a file has.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/sqlite/0001_first_light.sql")];

/// Most writes in one commit.
const BATCH: usize = 64;

/// Why a database cannot be opened; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no database {}: make it with `verification-service migrate --config FILE`", .0.display())]
    Missing(PathBuf),
    #[error("the database {} cannot be written: {cause}. The service's user needs to write the file and its folder", path.display())]
    NotWritable { path: PathBuf, cause: String },
    #[error("{} is not a database of this program: {cause}", path.display())]
    NotOurs { path: PathBuf, cause: String },
    #[error("the database {} has schema {found}, this program knows {known}: run `verification-service migrate`, or the newer program", path.display())]
    OtherSchema { path: PathBuf, found: i64, known: usize },
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Job>,
}

/// One connection inside a transaction (or, for reads, a snapshot per statement).
pub struct SqliteTx {
    connection: PoolConnection<Sqlite>,
}

type Job = Box<dyn for<'t> FnOnce(&'t mut SqliteTx) -> BoxFuture<'t, Ran> + Send>;

/// What a job left: to be told after the commit, or to be undone.
enum Ran {
    Keep(Box<dyn FnOnce(Answer<()>) + Send>),
    Undo(Box<dyn FnOnce() + Send>),
}

impl SqliteStore {
    /// Opens a database whose schema is this program's. Needs a running tokio.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.into()));
        }
        let mut connection = connect(path, false).await?;
        let found = user_version(&mut connection, path).await?;
        if usize::try_from(found) != Ok(MIGRATIONS.len()) {
            return Err(OpenError::OtherSchema { path: path.into(), found, known: MIGRATIONS.len() });
        }
        // A file that can be read but not written must be named now, not at the first traveler.
        for sql in ["BEGIN IMMEDIATE", "UPDATE audit_head SET one = 1", "ROLLBACK"] {
            let not_writable = |why: sqlx::Error| OpenError::NotWritable { path: path.into(), cause: cause(&why) };
            connection.execute(sql).await.map_err(not_writable)?;
        }
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options(path, false));
        let (writer, jobs) = mpsc::channel(1024);
        tokio::spawn(write_all(SqliteTx { connection }, jobs));
        Ok(Self { readers, writer })
    }

    /// Makes the file if need be and brings its schema up to date; how many versions were added.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn migrate(path: &Path) -> Result<usize, OpenError> {
        let mut connection = connect(path, true).await?;
        let found = user_version(&mut connection, path).await?;
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        let Some(missing) = MIGRATIONS.get(done..) else {
            return Err(OpenError::OtherSchema { path: path.into(), found, known: MIGRATIONS.len() });
        };
        for (at, sql) in missing.iter().enumerate() {
            let version = done + at + 1;
            let whole = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {version}; COMMIT");
            let failed = |why: sqlx::Error| OpenError::NotWritable { path: path.into(), cause: cause(&why) };
            connection.execute(sqlx::AssertSqlSafe(whole)).await.map_err(failed)?;
        }
        Ok(missing.len())
    }

    /// Runs `f` in one transaction, which is durable when this returns `Ok`. `name` is for logs.
    ///
    /// # Errors
    /// What `f` answers, or that the database could not be written; nothing has changed then.
    pub async fn write<T, F>(&self, name: &'static str, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut SqliteTx) -> BoxFuture<'t, Answer<T>> + Send + 'static,
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
        let gone = || StoreError::NotWritten(format!("{name} was not run"));
        self.writer.send(job).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Lends a connection for reading.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn read(&self) -> Answer<SqliteTx> {
        Ok(SqliteTx { connection: self.readers.acquire().await? })
    }
}

async fn write_all(mut tx: SqliteTx, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        if let Err(why) = tx.connection.execute("BEGIN IMMEDIATE").await {
            tracing::error!(cause = %cause(&why), "the database cannot be written");
            batch.clear();
            continue;
        }
        let mut kept = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            if let Some(tell) = run_one(&mut tx, job).await {
                kept.push(tell);
            }
        }
        let committed = tx.connection.execute("COMMIT").await;
        if let Err(why) = &committed {
            tracing::error!(cause = %cause(why), "the database could not commit");
            // Fails when SQLite has already rolled back by itself.
            let _ = tx.connection.execute("ROLLBACK").await;
        }
        let failed = committed.err().map(|why| cause(&why));
        for tell in kept {
            tell(failed.clone().map_or(Ok(()), |why| Err(StoreError::NotWritten(why))));
        }
    }
}

async fn run_one(tx: &mut SqliteTx, job: Job) -> Option<Box<dyn FnOnce(Answer<()>) + Send>> {
    // Without its savepoint a job would not be alone: it is dropped, which tells the one who asked.
    tx.connection.execute("SAVEPOINT job").await.ok()?;
    let (undo, outcome) = match job(tx).await {
        Ran::Keep(tell) => (false, Some(tell)),
        Ran::Undo(tell) => {
            tell();
            (true, None)
        }
    };
    let mut ended = Ok(());
    if undo {
        ended = tx.connection.execute("ROLLBACK TO job").await.map(|_| ());
    }
    let released = tx.connection.execute("RELEASE job").await.map(|_| ());
    match ended.and(released) {
        Ok(()) => outcome,
        Err(why) => {
            tracing::error!(cause = %cause(&why), "a savepoint could not be ended");
            None
        }
    }
}

fn options(path: &Path, create: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
}

async fn connect(path: &Path, create: bool) -> Result<PoolConnection<Sqlite>, OpenError> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options(path, create));
    pool.acquire().await.map_err(|why| match &why {
        sqlx::Error::Database(database) if database.code().as_deref() == Some("26") => {
            OpenError::NotOurs { path: path.into(), cause: cause(&why) }
        }
        _ => OpenError::NotWritable { path: path.into(), cause: cause(&why) },
    })
}

async fn user_version(connection: &mut PoolConnection<Sqlite>, path: &Path) -> Result<i64, OpenError> {
    let not_ours = |why: sqlx::Error| OpenError::NotOurs { path: path.into(), cause: cause(&why) };
    let row = sqlx::query("PRAGMA user_version").fetch_one(&mut **connection).await.map_err(not_ours)?;
    row.try_get(0).map_err(not_ours)
}

/// What the engine says, without the wrapping.
fn cause(why: &sqlx::Error) -> String {
    match why {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    }
}
