//! `secrets rotate-pepper|reseal|rotate-index-key|reindex|status`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::clock::plus_millis;
use crate::index_keys::with_new_key;
use crate::pki;
use crate::reindex;
use crate::rotate;
use crate::secrets::with_new_pepper;
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
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
    },
    /// Move what is stored to the pepper that is used now, in batches, while the service runs.
    Reseal,
    /// Add a newer index key to the file; running instances look under it within 30 s and use it after 2 minutes.
    RotateIndexKey {
        /// Use it after so many seconds, as for peppers.
        #[arg(long)]
        after: Option<u32>,
    },
    /// Move numbers, documents, badges and user names to the index key that is used now, while the service runs. Begin it
    /// again if it was cut off.
    Reindex,
    /// What is stored under each pepper and each index key.
    Status,
}

pub(super) async fn run(app: App, command: SecretsCommand) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    match command {
        SecretsCommand::RotatePepper { after } => rotate_pepper(&app, after).await,
        SecretsCommand::Reseal => {
            let moved = rotate::reseal(&app).await?;
            let text = format!("{moved} values moved to pepper {}", app.keys.current());
            Ok(Done::new(text, json!({ "moved": moved, "pepper": app.keys.current() })))
        }
        SecretsCommand::RotateIndexKey { after } => rotate_index_key(&app, after).await,
        SecretsCommand::Reindex => reindex(&app).await,
        SecretsCommand::Status => status(&app).await,
    }
}

async fn rotate_pepper(app: &Arc<App>, after: Option<u32>) -> Result<Done, CommandError> {
    let path = &app.config.secrets.pepper;
    let (now, from) = used_from(app, after);
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let full = || CommandError::refused("there are 255 peppers already: take those away that nothing is stored under");
    let (text, number) = with_new_pepper(&text, from, &*app.random)?.ok_or_else(full)?;
    pki::replace(path, text.as_bytes(), 0o600)?;
    let told = app.store.write("rotate the pepper", move |tx| {
        let detail = json!({ "pepper": number, "used_from": from });
        Box::pin(async move { audit::append(tx, now, Actor::Operator, Event::PepperAdded, "secrets", &detail).await })
    });
    told.await?;
    let text = format!(
        "pepper {number} is used from {from} on. Copy {} to every other instance's machine before that, then run `secrets reseal`",
        path.display()
    );
    Ok(Done::new(text, json!({ "pepper": number, "used_from": from })))
}

/// Now, and from when on a new secret is used.
fn used_from(app: &App, after: Option<u32>) -> (Timestamp, Timestamp) {
    let after = after.unwrap_or_else(|| USED_AFTER.max(app.config.tls.reload_seconds.saturating_mul(2)));
    let now = app.now();
    (now, plus_millis(now, i64::from(after) * 1000))
}

async fn rotate_index_key(app: &Arc<App>, after: Option<u32>) -> Result<Done, CommandError> {
    let path = &app.config.secrets.index_key;
    let (now, from) = used_from(app, after);
    let file = Zeroizing::new(std::fs::read(path)?);
    let added = with_new_key(&file, from, &*app.random);
    let (text, number) = added.map_err(|why| CommandError::refused(why.to_string()))?;
    pki::replace(path, text.as_bytes(), 0o600)?;
    let told = app.store.write("rotate the index key", move |tx| {
        let detail = json!({ "index_key": number, "used_from": from });
        Box::pin(async move { audit::append(tx, now, Actor::Operator, Event::IndexKeyAdded, "secrets", &detail).await })
    });
    told.await?;
    let text = format!(
        "index key {number} is used from {from} on. Copy {} to every other instance's machine before that; a minute after \
         that run `secrets reindex`",
        path.display()
    );
    Ok(Done::new(text, json!({ "index_key": number, "used_from": from })))
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
