//! `audit verify`, `migrate`, `purge`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit::{self, AuditReport};
use crate::config::Config;
use crate::log::{self, LogFault};
use clap::Subcommand;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use verification_api::log::Checkpoint;

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Re-derive the whole log: signature, tiles, rows, and that every decision is told in it.
    Verify {
        /// A checkpoint that left this host, which the log must continue; without it, that of [log] export.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
}

pub(super) async fn audit_verify(app: App, checkpoint: Option<PathBuf>) -> Result<Done, CommandError> {
    let exported = exported(&app, checkpoint)?;
    let (trusted, against) = (app.log.trusted(), exported.as_ref().map(|tree| tree.size));
    // On one view of everything, in which nothing changes meanwhile.
    let app = Arc::new(app);
    let shared = Arc::clone(&app);
    let verified = app.store.snapshot("verify the audit log", |tx| {
        Box::pin(async move { Ok(audit::verify(tx, &trusted, &shared.keys, exported.as_ref()).await) })
    });
    let report = verified.await?.map_err(|why| CommandError::refused(why.to_string()))?;
    let AuditReport { rows, seq, leaves, purged, unsealed } = report;
    let mut text = format!(
        "whole: {rows} rows, the newest is {seq}; {leaves} leaves in the log, of {purged} the rows were purged"
    );
    if unsealed > 0 {
        let _ = write!(text, "; {unsealed} rows are not sealed yet (serve seals them within a second)");
    }
    if let Some(size) = against {
        let _ = write!(text, "; it continues the exported checkpoint of {size} leaves");
    }
    let object = json!({
        "rows": rows, "seq": seq, "leaves": leaves, "purged": purged, "unsealed": unsealed, "continues": against,
    });
    Ok(Done::new(text, object))
}

fn exported(app: &App, checkpoint: Option<PathBuf>) -> Result<Option<Checkpoint>, CommandError> {
    let asked = checkpoint.is_some();
    let Some(path) = checkpoint.or_else(|| app.config.log.export.clone()) else { return Ok(None) };
    let path = if path.is_dir() { path.join(log::export::FILE) } else { path };
    let refused = |why: String| CommandError::refused(format!("{}: {why}", path.display()));
    match std::fs::read_to_string(&path) {
        Ok(note) => Ok(Some(Checkpoint::open(&note, &app.log.trusted()).map_err(|why| refused(why.to_string()))?)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound && !asked => Ok(None),
        Err(why) => Err(refused(why.to_string())),
    }
}

/// Makes leaves of the rows that a command wrote; nothing without `log.key`: `serve` does it then.
pub(super) async fn seal(app: App) -> Result<(), CommandError> {
    match log::seal::seal(&Arc::new(app)).await? {
        Ok(_) | Err(LogFault::NoKey) => Ok(()),
        Err(fault) => Err(CommandError::refused(fault.to_string())),
    }
}

pub(super) async fn migrate(config: &Path) -> Result<Done, CommandError> {
    let config = Config::load(config)?;
    let versions = crate::store::migrate(&config.database_at()).await?;
    Ok(Done::new(format!("{versions} schema versions added"), json!({ "added": versions })))
}

pub(super) async fn purge(app: App) -> Result<Done, CommandError> {
    let gone = crate::purge::purge(&Arc::new(app)).await?;
    let kinds = json!(gone);
    let counted =
        kinds.as_object().into_iter().flatten().filter(|(name, _)| !["leaves", "last_seq"].contains(&name.as_str()));
    let some = counted.filter(|(_, count)| **count != json!(0));
    let some: Vec<String> = some.map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
    let text =
        if some.is_empty() { "nothing was past its time".to_owned() } else { format!("gone: {}", some.join(", ")) };
    Ok(Done::new(text, kinds))
}
