//! `secrets rotate-pepper|reseal|status`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::clock::plus_millis;
use crate::pki;
use crate::rotate;
use crate::secrets::with_new_pepper;
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
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
    /// What is stored under each pepper.
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
        SecretsCommand::Status => status(&app).await,
    }
}

async fn rotate_pepper(app: &Arc<App>, after: Option<u32>) -> Result<Done, CommandError> {
    let path = &app.config.secrets.pepper;
    let now = app.now();
    let after = after.unwrap_or_else(|| USED_AFTER.max(app.config.tls.reload_seconds.saturating_mul(2)));
    let from = plus_millis(now, i64::from(after) * 1000);
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
    Ok(Done::new(text, json!({ "current": app.keys.current(), "peppers": found })))
}
