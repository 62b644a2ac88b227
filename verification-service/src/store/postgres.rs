//! PostgreSQL: any number of instances of the service share one database.
//!
//! Each job is one transaction (READ COMMITTED) in a session of its own. Where a job reads what it then writes, it
//! takes a [`Tx::lock`] first; what must happen once is a unique index or a conditional `UPDATE` besides, as on SQLite.
//! Commits are synchronous whatever the server's default is.

use super::connection::Connection;
use super::sessions::{Sessions, within};
use super::{Answer, Job, OpenError, Ran, Store, StoreError, Tx};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor, PgConnection, Row};
use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Every version of the schema, oldest first; the table `schema_version` says how many a database has.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/postgres/0001_first_light.sql"),
    include_str!("migrations/postgres/0002_audit_rows.sql"),
    include_str!("migrations/postgres/0003_log.sql"),
    include_str!("migrations/postgres/0004_portal.sql"),
    include_str!("migrations/postgres/0005_clients.sql"),
    include_str!("migrations/postgres/0006_index_keys.sql"),
    include_str!("migrations/postgres/0007_assistance.sql"),
    include_str!("migrations/postgres/0008_superseded.sql"),
    include_str!("migrations/postgres/0009_purge.sql"),
];

/// How long the first connection waits for the server.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer to a statement is waited for. The server itself gives up earlier, if it is there: then its word is heard.
const ANSWERS_WITHIN: Duration = Duration::from_secs(8);
/// A PUT ends within 10 s: a statement that takes longer than its share is given up by the server too.
const IN_SERVICE: [(&str, &str); 3] =
    [("statement_timeout", "6000"), ("lock_timeout", "5000"), ("idle_in_transaction_session_timeout", "8000")];
/// A command that goes through everything takes its time, but does not keep the service waiting for what it wants to lock.
const LONG_WORK: [(&str, &str); 3] =
    [("statement_timeout", "0"), ("lock_timeout", "5000"), ("idle_in_transaction_session_timeout", "0")];
/// Two programs that migrate at once take turns by this lock.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(5421902447)";

/// The store.
pub struct PostgresStore {
    sessions: Arc<Sessions>,
}

impl PostgresStore {
    /// Connects to a database whose schema is this program's.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(options(url)?.options(IN_SERVICE), Some(ANSWERS_WITHIN)).await
    }

    /// As [`PostgresStore::open`], without limits on how long a statement or a transaction may take.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_for_long_work(url: &str) -> Result<Self, OpenError> {
        Self::open_with(options(url)?.options(LONG_WORK), None).await
    }

    async fn open_with(options: PgConnectOptions, limit: Option<Duration>) -> Result<Self, OpenError> {
        let at = place(&options);
        let mut connection = connect(&options, &at).await?;
        let found = tokio::time::timeout(ANSWERS_WITHIN, version(&mut connection, &at)).await;
        let found = found.unwrap_or_else(|_| Err(no_server(&at, &sqlx::Error::PoolTimedOut)))?;
        if usize::try_from(found) != Ok(MIGRATIONS.len()) {
            return Err(OpenError::OtherSchema { at, found, known: MIGRATIONS.len() });
        }
        // A user that may read but not write must be named now, not at the first traveler.
        for sql in ["BEGIN", "UPDATE kiosk SET number = number WHERE id = ''", "ROLLBACK"] {
            let ran = within(Some(ANSWERS_WITHIN), connection.execute(sql)).await;
            ran.map_err(|why| OpenError::NotWritable {
                at: at.clone(),
                cause: cause(&why),
                hint: "The service's database user needs to own the tables, and the server must not be a standby",
            })?;
        }
        Ok(Self { sessions: Sessions::new(options, limit) })
    }

    /// Brings the schema of a database up to date; how many versions were added.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn migrate(url: &str) -> Result<usize, OpenError> {
        let options = options(url)?;
        let at = place(&options);
        let mut connection = connect(&options, &at).await?;
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
        let task = tokio::spawn(transaction(Arc::clone(&self.sessions), begin, keep, job));
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
        // One statement at a time needs no transaction.
        Box::pin(async move { Ok(Tx::new(Connection::Postgres(self.sessions.lend().await?))) })
    }
}

async fn transaction(sessions: Arc<Sessions>, begin: &'static str, keep: bool, job: Job) -> Answer<()> {
    let mut session = sessions.lend().await?;
    session.begin(begin);
    let mut tx = Tx::new(Connection::Postgres(session));
    // A job that panics is undone like one that fails; the one who asked hears that it was not run.
    let ran = AssertUnwindSafe(job(&mut tx)).catch_unwind().await;
    match ran {
        Ok(Ran::Keep(tell)) => {
            let ended = end(&mut tx, if keep { "COMMIT" } else { "ROLLBACK" }).await;
            if let Err(why) = &ended {
                tracing::error!(cause = %why, "the database could not commit");
            }
            tell(ended.map_err(|why| StoreError::NotWritten(why.to_string())));
        }
        Ok(Ran::Undo(tell)) => {
            // What the server does not hear it undoes by itself.
            let _ = end(&mut tx, "ROLLBACK").await;
            tell();
        }
        Err(_) => {
            tracing::error!("a job panicked and was undone");
            if let Connection::Postgres(session) = &mut tx.connection {
                session.put_away();
            }
        }
    }
    Ok(())
}

/// Ends a transaction, if one has begun. A session on which it could not be ended is put away.
async fn end(tx: &mut Tx, with: &'static str) -> Answer<()> {
    let Connection::Postgres(session) = &mut tx.connection else { return Ok(()) };
    if session.has_not_begun() {
        return Ok(());
    }
    let limit = session.limit();
    let ended = within(limit, session.connection().await?.execute(with)).await;
    // Whatever the reason: what is open on it must not stay.
    if ended.is_err() {
        session.put_away();
    }
    session.heard(ended).map(drop)
}

/// One connection outside of the store's.
async fn connect(options: &PgConnectOptions, at: &str) -> Result<PgConnection, OpenError> {
    let connected = tokio::time::timeout(CONNECT_WITHIN, options.connect()).await;
    connected.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|why| no_server(at, &why))
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|why| OpenError::NotOurs {
        at: "[database] url".to_owned(),
        cause: format!("it is not understood ({why}); it looks like postgres://USER@HOST/DATABASE"),
    })?;
    let options = options.options([("synchronous_commit", "on")]);
    Ok(options.application_name("verification-service").disable_statement_logging())
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

async fn version(connection: &mut PgConnection, at: &str) -> Result<i64, OpenError> {
    let not_ours = |why: sqlx::Error| OpenError::NotOurs { at: at.to_owned(), cause: cause(&why) };
    let table = sqlx::query("SELECT to_regclass('schema_version') IS NOT NULL AS there");
    let there: bool = table.fetch_one(&mut *connection).await.and_then(|row| row.try_get("there")).map_err(not_ours)?;
    if !there {
        return Ok(0);
    }
    let newest = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version");
    newest.fetch_one(&mut *connection).await.and_then(|row| row.try_get("version")).map_err(not_ours)
}

/// What the server says, without the wrapping.
fn cause(why: &sqlx::Error) -> String {
    match why {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    }
}
