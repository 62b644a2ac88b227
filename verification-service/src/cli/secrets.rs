//! `secrets rotate-pepper|reseal|rotate-index-key|reindex|rotate-log-key|status`.

use super::{CommandError, Done, read};
use crate::app::App;
use crate::audit::{self, Event};
use crate::clock::plus_millis;
use crate::index_keys::with_new_key;
use crate::log;
use crate::pki;
use crate::reindex;
use crate::roles::Role;
use crate::rotate;
use crate::secrets::with_new_pepper;
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use verification_api::log::Checkpoint;
use verification_api::wire::Timestamp;
use zeroize::Zeroizing;

/// So many seconds after it was made a pepper is used: until then every instance has read it.
const USED_AFTER: u32 = 120;

#[derive(Subcommand)]
pub(super) enum SecretsCommand {
    /// Add a pepper to the file; running instances know it within 30 s and use it after 2 minutes.
    RotatePepper {
        /// Use it after so many seconds, by default 120 or twice [tls] reload_seconds. Less only if every instance is told
        /// at once (SIGHUP), or none runs.
        #[arg(long)]
        after: Option<u32>,
        /// The file, if the configuration names a copy of it, as systemd credentials are.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Move what is stored to the pepper that is used now, in batches, while the service runs.
    Reseal,
    /// Add a newer index key to the file; running instances look under it within 30 s and use it after 2 minutes.
    RotateIndexKey {
        /// Use it after so many seconds, as for peppers.
        #[arg(long)]
        after: Option<u32>,
        /// The file, if the configuration names a copy of it, as systemd credentials are.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Move numbers, documents, badges and user names to the index key that is used now, while the service runs. Begin it
    /// again if it was cut off.
    Reindex,
    /// Change the key that signs the audit log. Begins: a key to come signs as well, and kiosks learn it from their
    /// heartbeats. With --finish the older one signs no longer.
    RotateLogKey {
        /// End the change, once every kiosk was heard of since it began.
        #[arg(long)]
        finish: bool,
        /// End it although kiosks were not heard of: they raise their alarm until `log.pub` is brought to them.
        #[arg(long, requires = "finish")]
        leave_kiosks_behind: bool,
    },
    /// What is stored under each pepper and each index key.
    Status,
}

pub(super) async fn run(app: App, command: SecretsCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        SecretsCommand::RotatePepper { after, file } => rotate_pepper(&app, after, file).await,
        SecretsCommand::Reseal => {
            let moved = rotate::reseal(&app).await?;
            let text = format!("{moved} values moved to pepper {}", app.keys.current());
            Ok(Done::new(text, json!({ "moved": moved, "pepper": app.keys.current() })))
        }
        SecretsCommand::RotateIndexKey { after, file } => rotate_index_key(&app, after, file).await,
        SecretsCommand::Reindex => reindex(&app).await,
        SecretsCommand::RotateLogKey { finish: false, .. } => rotate_log_key(&app).await,
        SecretsCommand::RotateLogKey { finish: true, leave_kiosks_behind } => {
            finish_log_key(&app, leave_kiosks_behind).await
        }
        SecretsCommand::Status => status(&app).await,
    }
}

async fn rotate_pepper(app: &Arc<App>, after: Option<u32>, file: Option<PathBuf>) -> Result<Done, CommandError> {
    let path = &source(&app.config.secrets.pepper, file)?;
    let from = used_from(app, after);
    let text = Zeroizing::new(String::from_utf8_lossy(&read(path)?).into_owned());
    let full = || CommandError::refused("there are 255 peppers already: take those away that nothing is stored under");
    let (text, number) = with_new_pepper(&text, from, &*app.random)?.ok_or_else(full)?;
    pki::replace(path, text.as_bytes(), 0o600)?;
    let detail = json!({ "pepper": number, "used_from": from });
    audit::tell(app, "rotate the pepper", Event::PepperAdded, "secrets", detail.clone()).await?;
    let text = format!(
        "pepper {number} is used from {from} on. Copy {} to every other instance's machine before that, then run `secrets reseal`",
        path.display()
    );
    Ok(Done::new(text, detail))
}

/// The file to change. What systemd hands a service is a copy made at its start: nothing can be added to it.
fn source(configured: &Path, given: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    match given {
        Some(file) => Ok(file),
        None if configured.starts_with("/run/credentials") => Err(CommandError::refused(format!(
            "{} is systemd's copy: name the file that LoadCredential= copies with --file, and restart every instance before the \
             new secret is used (--after SECONDS)",
            configured.display()
        ))),
        None => Ok(configured.to_owned()),
    }
}

/// From when on a new secret is used.
fn used_from(app: &App, after: Option<u32>) -> Timestamp {
    let after = after.unwrap_or_else(|| USED_AFTER.max(app.config.tls.reload_seconds.saturating_mul(2)));
    plus_millis(app.now(), i64::from(after) * 1000)
}

async fn rotate_index_key(app: &Arc<App>, after: Option<u32>, file: Option<PathBuf>) -> Result<Done, CommandError> {
    let path = &source(&app.config.secrets.index_key, file)?;
    let from = used_from(app, after);
    let old = read(path)?;
    let added = with_new_key(&old, from, &*app.random);
    let (text, number) = added.map_err(|why| CommandError::refused(why.to_string()))?;
    pki::replace(path, text.as_bytes(), 0o600)?;
    let detail = json!({ "index_key": number, "used_from": from });
    audit::tell(app, "rotate the index key", Event::IndexKeyAdded, "secrets", detail.clone()).await?;
    let text = format!(
        "index key {number} is used from {from} on. Copy {} to every other instance's machine before that; a minute after \
         that run `secrets reindex`",
        path.display()
    );
    Ok(Done::new(text, detail))
}

async fn rotate_log_key(app: &Arc<App>) -> Result<Done, CommandError> {
    let dir = &app.config.tls.dir;
    let detail = json!({ "key": pki::add_log_key(dir)?.to_string() });
    audit::tell(app, "rotate the log's key", Event::LogKeyAdded, "log", detail.clone()).await?;
    let text = format!(
        "the log's next key signs as well from now on. Copy log.pub and {} of {} to every other instance's machine; kiosks \
         learn the key from their heartbeats. When `kiosk list` shows that each was seen since, \
         `secrets rotate-log-key --finish`",
        pki::NEXT_LOG_KEY,
        dir.display()
    );
    Ok(Done::new(text, detail))
}

async fn finish_log_key(app: &Arc<App>, leave_behind: bool) -> Result<Done, CommandError> {
    let (dir, now) = (&app.config.tls.dir, app.now());
    let mut tx = app.store.read().await?;
    // Until then every instance has read its files, and has signed with both.
    let known = i64::from(app.config.tls.reload_seconds) * 2000;
    let since = tx.last_told(Event::LogKeyAdded.name()).await?.map_or(0, |at| at + known);
    if now.unix_millis() < since {
        return Err(CommandError::refused(
            "the change has only begun: instances read their keys every [tls] reload_seconds",
        ));
    }
    let behind: Vec<String> = tx
        .kiosks()
        .await?
        .into_iter()
        .filter(|kiosk| kiosk.role == Role::Kiosk && kiosk.revoked_at.is_none() && kiosk.added_at < since)
        .filter(|kiosk| kiosk.last_seen.is_none_or(|seen| seen < since))
        .map(|kiosk| kiosk.number)
        .collect();
    if !behind.is_empty() && !leave_behind {
        return Err(CommandError::refused(format!(
            "kiosks {} were not heard of since the change began and do not know the new key: wait for them, or with \
             --leave-kiosks-behind bring log.pub to each by hand",
            behind.join(", ")
        )));
    }
    // What others keep of the log must be signed by the key that stays.
    if let Some(next) = pki::next_log_signer(dir, &app.log.trusted())? {
        let next = [next.verifier().clone()];
        let head = tx.log_head().await?.map(|head| head.checkpoint);
        let exported =
            app.config.log.export.as_ref().and_then(|path| std::fs::read_to_string(log::export::file_of(path)).ok());
        for (what, note) in [("newest checkpoint", head), ("exported checkpoint", exported)] {
            if note.is_some_and(|note| Checkpoint::open(&note, &next).is_err()) {
                let why = format!("the {what} is not signed by the new key yet: is `serve` running with it?");
                return Err(CommandError::refused(why));
            }
        }
    }
    drop(tx);
    let nothing = || CommandError::refused("no change of the log's key has begun: `secrets rotate-log-key`");
    let key = pki::end_log_key(dir)?.ok_or_else(nothing)?.to_string();
    let detail = json!({ "key": key, "left_behind": behind });
    audit::tell(app, "rotate the log's key", Event::LogKeyChanged, "log", detail.clone()).await?;
    let text = format!(
        "the log is signed by its new key alone. Copy log.key and log.pub of {} to every other instance's machine, and delete \
         {} there",
        dir.display(),
        pki::NEXT_LOG_KEY
    );
    Ok(Done::new(text, detail))
}

async fn reindex(app: &Arc<App>) -> Result<Done, CommandError> {
    let index = app.keys.index();
    if let Some(from) = index.used_from().filter(|_| Some(&index.used()) != index.known().last()) {
        return Err(CommandError::refused(format!("the newer index key is used from {from} on: wait until then")));
    }
    let moved = reindex::reindex(app).await?;
    let reindex::Moved { identifiers, documents, logins, officers, histories, left } = moved;
    let mut text = format!(
        "moved to index key {}: {identifiers} numbers, {documents} documents, {logins} user names, {officers} badges",
        index.used()
    );
    if histories > 0 {
        let _ = write!(text, ", the history of {histories} more numbers");
    }
    if left > 0 {
        let _ = write!(text, "; {left} rows stay where they are, because their place cannot be made anew");
    }
    let _ = write!(text, ". `secrets status` tells when the older key may leave the file");
    Ok(Done::new(text, json!({ "index_key": index.used(), "moved": moved })))
}

async fn status(app: &Arc<App>) -> Result<Done, CommandError> {
    let found = rotate::status(app).await?;
    let mut text = format!("pepper {} is used now", app.keys.current());
    for (kid, places) in &found {
        let total: i64 = places.values().sum();
        let _ = write!(text, "\n{kid:3}  {total} values");
        for (place, count) in places.iter().filter(|(_, count)| **count > 0) {
            let _ = write!(text, "\n     {count:8} {place}");
        }
    }
    let (places, index) = (reindex::status(app).await?, app.keys.index());
    let _ = write!(text, "\nindex key {} is used now", index.used());
    for (kid, tables) in &places {
        let _ = write!(text, "\n{kid:3}  {} rows", tables.values().sum::<i64>());
        for (table, count) in tables {
            let _ = write!(text, "\n     {count:8} {table}");
        }
        let needed = ["identifier", "document", "login", "officer"].iter().any(|table| tables.contains_key(table));
        if *kid < i64::from(index.used()) && !needed {
            let _ = write!(text, "\n     may leave {}", app.config.secrets.index_key.display());
        }
    }
    let object = json!({
        "current": app.keys.current(), "peppers": found, "index_key": index.used(), "index_keys": places,
    });
    Ok(Done::new(text, object))
}

#[cfg(test)]
mod tests {
    use super::source;
    use std::path::{Path, PathBuf};

    #[test]
    fn systemds_copy_of_a_secret_is_not_what_is_changed() {
        let copy = Path::new("/run/credentials/verification-service@1.service/pepper");
        assert!(source(copy, None).is_err_and(|why| why.message.contains("--file")));
        let given = PathBuf::from("/etc/verification-service/secrets/pepper");
        assert_eq!(source(copy, Some(given.clone())).ok(), Some(given.clone()));
        assert_eq!(source(&given, None).ok(), Some(given));
    }
}
