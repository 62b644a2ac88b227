//! `backup` and `restore`: a copy of the database, made while the service runs and checked before it is called one.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, AuditReport, Event};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DatabaseAt};
use crate::log::Log;
use crate::secrets::Keys;
use crate::store::{self, Store, sqlite::SqliteStore};
use serde_json::json;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Copies the database into a new file. Keys and secrets are not in it: they are kept apart.
pub(super) async fn backup(app: App, to: PathBuf) -> Result<Done, CommandError> {
    if to.exists() {
        return Err(CommandError::refused(format!("{} is there already: nothing is overwritten", to.display())));
    }
    let app = Arc::new(app);
    let now = app.now();
    // Told in the copy as well.
    audit::tell(&app, "backup", Event::BackupMade, "database", json!({})).await?;
    crate::log::seal::seal(&app).await?.map_err(|fault| CommandError::refused(fault.to_string()))?;
    let rows = match app.config.database_at() {
        DatabaseAt::Sqlite(file) => {
            private(&to)?;
            SqliteStore::copy(&file, &to).inspect_err(|_| drop(std::fs::remove_file(&to)))?;
            let copy: Arc<dyn Store> = Arc::new(SqliteStore::open(&to)?);
            let keys = Keys::load(&app.config.secrets.pepper, &app.config.secrets.index_key, now)?;
            let report = verified(&copy, &app.log, keys).await;
            drop(copy);
            let report = report.inspect_err(|_| drop(std::fs::remove_file(&to)))?;
            let _ = std::fs::remove_file(with_suffix(&to, "-wal"));
            let _ = std::fs::remove_file(with_suffix(&to, "-shm"));
            Some(report.rows)
        }
        DatabaseAt::Postgres(url) => {
            private(&to)?;
            let dumped = postgres("pg_dump", &url, |command| {
                command.args(["--format=custom", "--no-owner"]).arg("--file").arg(&to)
            });
            dumped.inspect_err(|_| drop(std::fs::remove_file(&to)))?;
            None
        }
    };
    let checked =
        rows.map_or_else(|| "restore it somewhere to check it".to_owned(), |rows| format!("whole: {rows} audit rows"));
    Ok(Done::new(format!("{}: {checked}", to.display()), json!({ "file": to, "rows": rows })))
}

/// Puts a copy in the place of a database that is not there.
pub(super) async fn restore(config: &Path, from: &Path) -> Result<Done, CommandError> {
    let config = Config::load(config)?;
    if !from.is_file() {
        return Err(CommandError::refused(format!("{} is no file that `backup` made", from.display())));
    }
    match config.database_at() {
        DatabaseAt::Sqlite(file) => {
            if file.exists() {
                let why = format!("{} is there: move it away first, nothing is overwritten", file.display());
                return Err(CommandError::refused(why));
            }
            private(&file)?;
            SqliteStore::copy(from, &file).inspect_err(|_| drop(std::fs::remove_file(&file)))?;
        }
        DatabaseAt::Postgres(url) => postgres("pg_restore", &url, |command| {
            command.args(["--no-owner", "--exit-on-error", "--single-transaction"]).arg(from)
        })?,
    }
    store::migrate(&config.database_at()).await?;
    let store = store::open_for_long_work(&config.database_at()).await?;
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now())?;
    let AuditReport { rows, seq, leaves, .. } = verified(&store, &Log::open(&config.tls.dir)?, keys).await?;
    let text = format!(
        "restored and whole: {rows} audit rows, the newest is {seq}, {leaves} leaves. Kiosks that have seen a newer log raise \
         their alarm: see docs/operations.md, \"After a restore\""
    );
    Ok(Done::new(text, json!({ "rows": rows, "seq": seq, "leaves": leaves })))
}

async fn verified(store: &Arc<dyn Store>, log: &Log, keys: Keys) -> Result<AuditReport, CommandError> {
    let trusted = log.trusted();
    let verified = store
        .snapshot("verify a copy", |tx| Box::pin(async move { Ok(audit::verify(tx, &trusted, &keys, None).await) }));
    verified.await?.map_err(|why| CommandError::refused(format!("the copy is not whole: {why}")))
}

/// Runs one of PostgreSQL's own programs on the database. Its password is not shown to other users of this machine.
fn postgres(
    program: &str,
    url: &str,
    arguments: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<(), CommandError> {
    let (url, password) = without_password(url);
    let mut command = Command::new(program);
    arguments(command.arg(format!("--dbname={url}")));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command.output().map_err(|why| {
        CommandError::refused(format!("{program} could not be run: {why}. Install Debian's package postgresql-client"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(CommandError::refused(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// `postgres://user:password@host/…` without the password, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let parts = url.split_once("//").and_then(|(scheme, rest)| {
        let (user, host) = rest.split_once('@')?;
        let (user, password) = user.split_once(':')?;
        Some((format!("{scheme}//{user}@{host}"), decoded(password)))
    });
    match parts {
        Some((url, password)) => (url, Some(password)),
        None => (url.to_owned(), None),
    }
}

/// Percent-encoding undone.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Makes the file, so that nobody else can read it from its first byte on.
fn private(path: &Path) -> Result<(), CommandError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let refused = |why| CommandError::refused(format!("{} cannot be made: {why}", path.display()));
    made.map(drop).map_err(refused)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_leaves_the_command_line() {
        let (url, password) = without_password("postgres://svc:p%40ss%2Fword@db.example/records?sslmode=require");
        assert_eq!(
            (url.as_str(), password.as_deref()),
            ("postgres://svc@db.example/records?sslmode=require", Some("p@ss/word"))
        );
        let url = "postgres://svc@%2Frun%2Fpostgresql/records";
        assert_eq!(without_password(url), (url.to_owned(), None));
    }
}
