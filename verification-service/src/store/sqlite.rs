//! SQLite, the embedded default: WAL, `synchronous=FULL`, one writer task, `BEGIN IMMEDIATE`, group commit.
//!
//! Writes queue for the writer, which runs all that wait in one transaction, each in a savepoint of its own, and answers
//! them after the one commit. Other programs (the command line) may write at the same time: SQLite's lock orders them.

use super::connection::{Column, Connection, Value};
use super::{Answer, Job, OpenError, Ran, Store, StoreError, Tx};
use crate::metrics::{METRICS, Stopwatch};
use futures::FutureExt;
use futures::future::{BoxFuture, select_all};
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};

/// Every version of the schema, oldest first; `PRAGMA user_version` says how many a file has.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/sqlite/0001_first_light.sql"),
    include_str!("migrations/sqlite/0002_audit_rows.sql"),
    include_str!("migrations/sqlite/0003_log.sql"),
    include_str!("migrations/sqlite/0004_portal.sql"),
    include_str!("migrations/sqlite/0005_clients.sql"),
    include_str!("migrations/sqlite/0006_index_keys.sql"),
    include_str!("migrations/sqlite/0007_assistance.sql"),
    include_str!("migrations/sqlite/0008_superseded.sql"),
    include_str!("migrations/sqlite/0009_purge.sql"),
];

/// How the writer works. Lookups go by blind indexes, which lie anywhere: a batch dirties hundreds of pages, which must fit
/// in its cache, and copying them from the WAL into the database is put off until there are many.
const WRITER: &[&str] = &["PRAGMA cache_size = -16384", "PRAGMA wal_autocheckpoint = 8192"];

/// Most writes in one commit.
const BATCH: usize = 64;

/// Connections for reading.
const READERS: usize = 4;

/// Statements that a connection keeps prepared: all there are, or nearly.
const PREPARED: usize = 256;

/// The store.
pub struct SqliteStore {
    /// At least one.
    readers: Vec<Arc<Mutex<rusqlite::Connection>>>,
    writer: mpsc::Sender<Job>,
}

impl SqliteStore {
    /// Opens a database whose schema is this program's. Needs a running tokio.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.into()));
        }
        let connection = connect(path, false)?;
        for pragma in WRITER {
            connection.execute_batch(pragma).map_err(|why| not_writable(path, &why))?;
        }
        let found = user_version(&connection, path)?;
        if usize::try_from(found) != Ok(MIGRATIONS.len()) {
            return Err(OpenError::OtherSchema { at: path.display().to_string(), found, known: MIGRATIONS.len() });
        }
        // A file that can be read but not written must be named now, not at the first traveler.
        connection
            .execute_batch("BEGIN IMMEDIATE; UPDATE kiosk SET number = number; ROLLBACK")
            .map_err(|why| not_writable(path, &why))?;
        let readers = (0..READERS).map(|_| connect(path, false).map(shared)).collect::<Result<_, _>>()?;
        let (writer, jobs) = mpsc::channel(1024);
        // A thread of its own: it waits for the disk at every commit.
        let (runtime, connection) = (Handle::current(), shared(connection));
        let spawned = std::thread::Builder::new().name("sqlite writer".to_owned()).spawn(move || {
            runtime.block_on(async {
                let connection = Connection::Sqlite(connection.lock_owned().await);
                write_all(Tx::new(connection), jobs).await;
            });
        });
        spawned.map_err(|why| OpenError::NotWritable {
            at: path.display().to_string(),
            cause: why.to_string(),
            hint: "The system gives no thread to the service",
        })?;
        Ok(Self { readers, writer })
    }

    /// Copies a database into a new file, as it is at one moment, also while others write.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
        if !from.exists() {
            return Err(OpenError::Missing(from.into()));
        }
        let connection = connect(from, false)?;
        // Of the source: whoever copies a file that is no database of ours is told so.
        user_version(&connection, from)?;
        let copied = connection.execute("VACUUM INTO ?1", [to.display().to_string()]);
        copied.map_err(|why| not_writable(to, &why))?;
        Ok(())
    }

    /// Makes the file if need be and brings its schema up to date; how many versions were added.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn migrate(path: &Path) -> Result<usize, OpenError> {
        let connection = connect(path, true)?;
        let found = user_version(&connection, path)?;
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        let Some(missing) = MIGRATIONS.get(done..) else {
            return Err(OpenError::OtherSchema { at: path.display().to_string(), found, known: MIGRATIONS.len() });
        };
        for (at, sql) in missing.iter().enumerate() {
            let version = done + at + 1;
            let whole = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {version}; COMMIT");
            connection.execute_batch(&whole).map_err(|why| not_writable(path, &why))?;
        }
        Ok(missing.len())
    }

    /// A connection for reading, when one is free.
    async fn reader(&self) -> Tx {
        let watch = Stopwatch::start();
        let (free, ..) = select_all(self.readers.iter().map(|reader| Box::pin(Arc::clone(reader).lock_owned()))).await;
        METRICS.connection_wait(watch.read());
        Tx::new(Connection::Sqlite(free))
    }
}

impl Store for SqliteStore {
    fn run(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        let gone = |_| StoreError::NotWritten("the writer has ended".to_owned());
        Box::pin(async move { self.writer.send(job).await.map_err(gone) })
    }

    fn view(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        Box::pin(async move {
            let (tx, runtime) = (self.reader().await, Handle::current());
            // Long readings, on a thread that may wait. Whoever asked may go away, the transaction still ends.
            let task = tokio::task::spawn_blocking(move || runtime.block_on(view(tx, job)));
            task.await.map_err(|_| StoreError::NotWritten("its task ended".to_owned()))?
        })
    }

    fn read(&self) -> BoxFuture<'_, Answer<Tx>> {
        Box::pin(async move { Ok(self.reader().await) })
    }
}

async fn view(mut tx: Tx, job: Job) -> Answer<()> {
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

/// Runs a statement; how many rows it changed.
pub(super) fn run(connection: &rusqlite::Connection, text: &str, values: &[Value]) -> Answer<u64> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
}

/// A statement's first rows, at most so many.
pub(super) fn rows(
    connection: &rusqlite::Connection,
    text: &str,
    values: &[Value],
    most: usize,
) -> Answer<Vec<SqliteRow>> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    let columns: Arc<[Box<str>]> = statement.column_names().into_iter().map(Box::from).collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while found.len() < most
        && let Some(row) = rows.next()?
    {
        let values = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        found.push(SqliteRow { columns: Arc::clone(&columns), values });
    }
    Ok(found)
}

/// A row, out of its statement.
pub struct SqliteRow {
    columns: Arc<[Box<str>]>,
    values: Vec<rusqlite::types::Value>,
}

impl SqliteRow {
    /// A column, by its name.
    pub(super) fn get<T: Column>(&self, column: &str) -> Answer<T> {
        let no_column = || rusqlite::Error::InvalidColumnName(column.to_owned());
        let at = self.columns.iter().position(|name| **name == *column).ok_or_else(no_column)?;
        let value = self.values.get(at).map_or(ValueRef::Null, ValueRef::from);
        let wrong = |_| rusqlite::Error::InvalidColumnType(at, column.to_owned(), value.data_type());
        Ok(T::column_result(value).map_err(wrong)?)
    }
}

/// `$1`, `$2`, … are names to SQLite: the first argument is the value of `$1` wherever that stands.
fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> Answer<()> {
    for at in 1..=statement.parameter_count() {
        let number = statement.parameter_name(at).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), at))?;
        statement.raw_bind_parameter(at, rusqlite::types::ToSqlOutput::Borrowed(value.sqlite()))?;
    }
    Ok(())
}

fn shared(connection: rusqlite::Connection) -> Arc<Mutex<rusqlite::Connection>> {
    Arc::new(Mutex::new(connection))
}

fn connect(path: &Path, create: bool) -> Result<rusqlite::Connection, OpenError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let open = || {
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // WAL is written in the file; the others are a connection's own.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
        Ok(connection)
    };
    open().map_err(|why: rusqlite::Error| match why.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotOurs { at: path.display().to_string(), cause: cause(&why) },
        _ => not_writable(path, &why),
    })
}

fn user_version(connection: &rusqlite::Connection, path: &Path) -> Result<i64, OpenError> {
    let not_ours = |why: rusqlite::Error| OpenError::NotOurs { at: path.display().to_string(), cause: cause(&why) };
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(not_ours)
}

fn not_writable(path: &Path, why: &rusqlite::Error) -> OpenError {
    let hint = "The service's user needs to write the file and its folder";
    OpenError::NotWritable { at: path.display().to_string(), cause: cause(why), hint }
}

/// What SQLite says, without the wrapping.
fn cause(why: &rusqlite::Error) -> String {
    match why {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
