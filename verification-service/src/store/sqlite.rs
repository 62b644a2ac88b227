//! SQLite, the embedded default: WAL, `synchronous=FULL`, one writer task, `BEGIN IMMEDIATE`, group commit.
//!
//! Writes queue for the writer, which runs all that wait in one transaction, each in a savepoint of its own, and answers
//! them after the one commit. Other programs (the command line) may write at the same time: SQLite's lock orders them.

use super::connection::Connection;
use super::{Answer, Job, OpenError, Ran, Store, StoreError, Tx, cause};
use crate::metrics::{METRICS, Stopwatch};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Executor, Row, Sqlite, SqlitePool};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// Every version of the schema, oldest first; `PRAGMA user_version` says how many a file has.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/sqlite/0001_first_light.sql"),
    include_str!("migrations/sqlite/0002_audit_rows.sql"),
    include_str!("migrations/sqlite/0003_log.sql"),
    include_str!("migrations/sqlite/0004_portal.sql"),
    include_str!("migrations/sqlite/0005_clients.sql"),
    include_str!("migrations/sqlite/0006_index_keys.sql"),
];

/// How the writer works. Lookups go by blind indexes, which lie anywhere: a batch dirties hundreds of pages, which must fit
/// in its cache, and copying them from the WAL into the database is put off until there are many.
const WRITER: &[&str] = &["PRAGMA cache_size = -16384", "PRAGMA wal_autocheckpoint = 8192"];

/// Most writes in one commit.
const BATCH: usize = 64;

/// The store.
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Job>,
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
        for pragma in WRITER {
            connection.execute(*pragma).await.map_err(|why| not_writable(path, &why))?;
        }
        let found = user_version(&mut connection, path).await?;
        if usize::try_from(found) != Ok(MIGRATIONS.len()) {
            return Err(OpenError::OtherSchema { at: path.display().to_string(), found, known: MIGRATIONS.len() });
        }
        // A file that can be read but not written must be named now, not at the first traveler.
        for sql in ["BEGIN IMMEDIATE", "UPDATE kiosk SET number = number", "ROLLBACK"] {
            connection.execute(sql).await.map_err(|why| not_writable(path, &why))?;
        }
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options(path, false));
        let (writer, jobs) = mpsc::channel(1024);
        tokio::spawn(write_all(Tx::new(Connection::Sqlite(connection)), jobs));
        Ok(Self { readers, writer })
    }

    /// Copies a database into a new file, as it is at one moment, also while others write.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
        if !from.exists() {
            return Err(OpenError::Missing(from.into()));
        }
        let mut connection = connect(from, false).await?;
        // Of the source: whoever copies a file that is no database of ours is told so.
        user_version(&mut connection, from).await?;
        let copied = sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut *connection).await;
        copied.map_err(|why| not_writable(to, &why))?;
        Ok(())
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
            return Err(OpenError::OtherSchema { at: path.display().to_string(), found, known: MIGRATIONS.len() });
        };
        for (at, sql) in missing.iter().enumerate() {
            let version = done + at + 1;
            let whole = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {version}; COMMIT");
            connection.execute(AssertSqlSafe(whole)).await.map_err(|why| not_writable(path, &why))?;
        }
        Ok(missing.len())
    }
}

impl Store for SqliteStore {
    fn run(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        let gone = |_| StoreError::NotWritten("the writer has ended".to_owned());
        Box::pin(async move { self.writer.send(job).await.map_err(gone) })
    }

    fn view(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        let readers = self.readers.clone();
        // A task of its own: whoever asked may go away, the connection goes back without a transaction.
        let task = tokio::spawn(async move {
            let mut tx = Tx::new(Connection::Sqlite(readers.acquire().await?));
            // SQLite's view begins with its first statement.
            tx.execute("BEGIN DEFERRED").await?;
            let ran = AssertUnwindSafe(job(&mut tx)).catch_unwind().await;
            tx.execute("ROLLBACK").await?;
            match ran {
                Ok(Ran::Keep(tell)) => tell(Ok(())),
                Ok(Ran::Undo(tell)) => tell(),
                Err(_) => tracing::error!("a job panicked"),
            }
            Ok(())
        });
        Box::pin(async move { task.await.map_err(|_| StoreError::NotWritten("its task ended".to_owned()))? })
    }

    fn read(&self) -> BoxFuture<'_, Answer<Tx>> {
        Box::pin(async move {
            let watch = Stopwatch::start();
            let connection = self.readers.acquire().await?;
            METRICS.connection_wait(watch.read());
            Ok(Tx::new(Connection::Sqlite(connection)))
        })
    }
}

async fn write_all(mut tx: Tx, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        if let Err(why) = tx.execute("BEGIN IMMEDIATE").await {
            tracing::error!(cause = %why, "the database cannot be written");
            batch.clear();
            continue;
        }
        let mut kept = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            if let Some(tell) = run_one(&mut tx, job).await {
                kept.push(tell);
            }
        }
        let committed = tx.execute("COMMIT").await;
        if let Err(why) = &committed {
            tracing::error!(cause = %why, "the database could not commit");
            // Fails when SQLite has already rolled back by itself.
            let _ = tx.execute("ROLLBACK").await;
        }
        let failed = committed.err().map(|why| why.to_string());
        for tell in kept {
            tell(failed.clone().map_or(Ok(()), |why| Err(StoreError::NotWritten(why))));
        }
    }
}

async fn run_one(tx: &mut Tx, job: Job) -> Option<Box<dyn FnOnce(Answer<()>) + Send>> {
    // Without its savepoint a job would not be alone: it is dropped, which tells the one who asked.
    tx.execute("SAVEPOINT job").await.ok()?;
    let (undo, outcome) = match AssertUnwindSafe(job(tx)).catch_unwind().await {
        Ok(Ran::Keep(tell)) => (false, Some(tell)),
        Ok(Ran::Undo(tell)) => {
            tell();
            (true, None)
        }
        // Undone like one that fails; the one who asked hears that it was not run.
        Err(_) => {
            tracing::error!("a job panicked and was undone");
            (true, None)
        }
    };
    let mut ended = Ok(());
    if undo {
        ended = tx.execute("ROLLBACK TO job").await;
    }
    let released = tx.execute("RELEASE job").await;
    match ended.and(released) {
        Ok(()) => outcome,
        Err(why) => {
            tracing::error!(cause = %why, "a savepoint could not be ended");
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
            OpenError::NotOurs { at: path.display().to_string(), cause: cause(&why) }
        }
        _ => not_writable(path, &why),
    })
}

async fn user_version(connection: &mut PoolConnection<Sqlite>, path: &Path) -> Result<i64, OpenError> {
    let not_ours = |why: sqlx::Error| OpenError::NotOurs { at: path.display().to_string(), cause: cause(&why) };
    let row = sqlx::query("PRAGMA user_version").fetch_one(&mut **connection).await.map_err(not_ours)?;
    row.try_get(0).map_err(not_ours)
}

fn not_writable(path: &Path, why: &sqlx::Error) -> OpenError {
    let hint = "The service's user needs to write the file and its folder";
    OpenError::NotWritable { at: path.display().to_string(), cause: cause(why), hint }
}
