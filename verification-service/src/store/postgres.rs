//! PostgreSQL: any number of instances of the service share one database.
//!
//! Each job is one transaction (READ COMMITTED) on a connection of the pool. Where a job reads what it then writes, it
//! takes a [`Tx::lock`] first; what must happen once is a unique index or a conditional `UPDATE` besides, as on SQLite.
//! Commits are synchronous whatever the server's default is.

use super::connection::Connection;
use super::{Answer, Job, OpenError, Ran, Store, StoreError, Tx};
use crate::metrics::{METRICS, Stopwatch};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgPool, Postgres, Row};
use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::time::Duration;

/// Every version of the schema, oldest first; the table `schema_version` says how many a database has.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/postgres/0001_first_light.sql"),
    include_str!("migrations/postgres/0002_audit_rows.sql"),
    include_str!("migrations/postgres/0003_log.sql"),
    include_str!("migrations/postgres/0004_portal.sql"),
    include_str!("migrations/postgres/0005_clients.sql"),
    include_str!("migrations/postgres/0006_index_keys.sql"),
];

/// Connections of one instance.
const CONNECTIONS: u32 = 16;
/// How long a job waits for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Connections that broke while idle are found out when they are used: so many may be broken at once.
const BROKEN_AT_MOST: usize = CONNECTIONS as usize + 1;
/// Two programs that migrate at once take turns by this lock.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(5421902447)";

/// The store.
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects to a database whose schema is this program's.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?;
        let at = place(&options);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT_WITHIN)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let mut connection = pool.acquire().await.map_err(|why| no_server(&at, &why))?;
        let found = version(&mut connection, &at).await?;
        if usize::try_from(found) != Ok(MIGRATIONS.len()) {
            return Err(OpenError::OtherSchema { at, found, known: MIGRATIONS.len() });
        }
        // A user that may read but not write must be named now, not at the first traveler.
        for sql in ["BEGIN", "UPDATE kiosk SET number = number WHERE id = ''", "ROLLBACK"] {
            connection.execute(sql).await.map_err(|why| OpenError::NotWritable {
                at: at.clone(),
                cause: cause(&why),
                hint: "The service's database user needs to own the tables, and the server must not be a standby",
            })?;
        }
        drop(connection);
        Ok(Self { pool })
    }

    /// Brings the schema of a database up to date; how many versions were added.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn migrate(url: &str) -> Result<usize, OpenError> {
        let options = options(url)?;
        let at = place(&options);
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_WITHIN).connect_lazy_with(options);
        let mut connection = pool.acquire().await.map_err(|why| no_server(&at, &why))?;
        let failed = |why: sqlx::Error| OpenError::NotWritable {
            at: at.clone(),
            cause: cause(&why),
            hint: "The service's database user needs to own the database's tables",
        };
        connection.execute("SET statement_timeout = 0; SET lock_timeout = 0").await.map_err(failed)?;
        connection.execute(MIGRATION_LOCK).await.map_err(failed)?;
        let found = version(&mut connection, &at).await?;
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        let Some(missing) = MIGRATIONS.get(done..) else {
            return Err(OpenError::OtherSchema { at, found, known: MIGRATIONS.len() });
        };
        for (nth, sql) in missing.iter().enumerate() {
            let version = done + nth + 1;
            let whole = format!(
                "BEGIN; {sql}; CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY); \
                 INSERT INTO schema_version VALUES ({version}); COMMIT"
            );
            connection.execute(AssertSqlSafe(whole)).await.map_err(failed)?;
        }
        // The lock ends with its connection.
        connection.close().await.map_err(failed)?;
        Ok(missing.len())
    }

    /// Runs a job as a task of its own: whoever asked may go away, the transaction still comes to its end.
    fn run_in(&self, begin: &'static str, keep: bool, job: Job) -> BoxFuture<'_, Answer<()>> {
        let task = tokio::spawn(transaction(self.pool.clone(), begin, keep, job));
        let ended = |_| StoreError::NotWritten("its task ended".to_owned());
        Box::pin(async move { task.await.map_err(ended)? })
    }
}

impl Store for PostgresStore {
    fn run(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        self.run_in("BEGIN", true, job)
    }

    fn view(&self, job: Job) -> BoxFuture<'_, Answer<()>> {
        self.run_in("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", false, job)
    }

    fn read(&self) -> BoxFuture<'_, Answer<Tx>> {
        // One statement at a time needs no transaction, but a live connection.
        Box::pin(async move { Ok(Tx::new(Connection::Postgres(alive(&self.pool, None).await?))) })
    }
}

async fn transaction(pool: PgPool, begin: &'static str, keep: bool, job: Job) -> Answer<()> {
    let mut tx = Tx::new(Connection::Postgres(alive(&pool, Some(begin)).await?));
    // A job that panics is undone like one that fails; the one who asked hears that it was not run.
    let ran = AssertUnwindSafe(job(&mut tx)).catch_unwind().await;
    match ran {
        Ok(Ran::Keep(tell)) => {
            let ended = tx.execute(if keep { "COMMIT" } else { "ROLLBACK" }).await;
            if let Err(why) = &ended {
                tracing::error!(cause = %why, "the database could not commit");
                put_away(tx);
            }
            tell(ended.map_err(|why| StoreError::NotWritten(why.to_string())));
        }
        Ok(Ran::Undo(tell)) => {
            if tx.execute("ROLLBACK").await.is_err() {
                put_away(tx);
            }
            tell();
        }
        Err(_) => {
            tracing::error!("a job panicked and was undone");
            put_away(tx);
        }
    }
    Ok(())
}

/// A connection that answers: on which a transaction has begun, or without `begin` one for reading. Idle connections that
/// the server has closed are put away.
async fn alive(pool: &PgPool, begin: Option<&'static str>) -> Answer<PoolConnection<Postgres>> {
    let mut last = None;
    for _ in 0..BROKEN_AT_MOST {
        let watch = Stopwatch::start();
        let mut connection = pool.acquire().await?;
        let answered = match begin {
            Some(begin) => connection.execute(begin).await.map(drop),
            None => {
                METRICS.connection_wait(watch.read());
                connection.ping().await
            }
        };
        match answered {
            Ok(()) => return Ok(connection),
            Err(why @ sqlx::Error::Database(_)) if !ended_by_server(&why) => return Err(why.into()),
            Err(why) => {
                drop(connection.detach());
                last = Some(why);
            }
        }
    }
    Err(last.map_or_else(|| StoreError::NotWritten("no connection".to_owned()), StoreError::from))
}

/// Closes the connection: the server then undoes what was open on it.
fn put_away(tx: Tx) {
    if let Connection::Postgres(connection) = tx.connection {
        drop(connection.detach());
    }
}

/// 57P01–57P03: the server shuts down, or has ended this connection.
fn ended_by_server(why: &sqlx::Error) -> bool {
    matches!(why, sqlx::Error::Database(database) if database.code().is_some_and(|code| code.starts_with("57P")))
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|why| OpenError::NotOurs {
        at: "[database] url".to_owned(),
        cause: format!("it is not understood ({why}); it looks like postgres://USER@HOST/DATABASE"),
    })?;
    // A PUT ends within 10 s: a statement that takes longer than its share is given up by the server too.
    let options = options.options([
        ("synchronous_commit", "on"),
        ("statement_timeout", "6000"),
        ("lock_timeout", "5000"),
        ("idle_in_transaction_session_timeout", "8000"),
    ]);
    Ok(options.application_name("verification-service"))
}

/// Host and database, without user and password.
fn place(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(
        || format!("{}:{}", options.get_host(), options.get_port()),
        |socket| socket.display().to_string(),
    );
    format!("{} at {host}", options.get_database().unwrap_or_else(|| options.get_username()))
}

fn no_server(at: &str, why: &sqlx::Error) -> OpenError {
    OpenError::NoServer { at: at.to_owned(), cause: cause(why) }
}

async fn version(connection: &mut PoolConnection<Postgres>, at: &str) -> Result<i64, OpenError> {
    let not_ours = |why: sqlx::Error| OpenError::NotOurs { at: at.to_owned(), cause: cause(&why) };
    let table = sqlx::query("SELECT to_regclass('schema_version') IS NOT NULL AS there");
    let there: bool =
        table.fetch_one(&mut **connection).await.and_then(|row| row.try_get("there")).map_err(not_ours)?;
    if !there {
        return Ok(0);
    }
    let newest = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version");
    newest.fetch_one(&mut **connection).await.and_then(|row| row.try_get("version")).map_err(not_ours)
}

/// What the server says, without the wrapping.
fn cause(why: &sqlx::Error) -> String {
    match why {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    }
}
