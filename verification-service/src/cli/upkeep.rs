//! `audit verify`, `migrate`, `purge`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit;
use crate::config::Config;
use crate::store::sqlite::SqliteStore;
use clap::Subcommand;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Re-derive the whole log, and that every decision is told in it.
    Verify,
}

pub(super) async fn audit_verify(app: App) -> Result<Done, CommandError> {
    let app = Arc::new(app);
    let shared = Arc::clone(&app);
    // In the writer's turn, so that nothing changes meanwhile.
    let verified = app
        .store
        .write("verify the audit log", move |tx| Box::pin(async move { Ok(audit::verify(tx, &shared.keys).await) }));
    let report = verified.await?.map_err(|why| CommandError::refused(why.to_string()))?;
    let hash = hex::encode(report.hash);
    let text = format!("whole: {} rows, head {} {hash}", report.rows, report.seq);
    Ok(Done::new(text, json!({ "rows": report.rows, "head": { "seq": report.seq, "hash": hash } })))
}

pub(super) async fn migrate(config: &Path) -> Result<Done, CommandError> {
    let config = Config::load(config)?;
    let file = config.database_file();
    let versions = SqliteStore::migrate(&file).await?;
    Ok(Done::new(format!("{versions} schema versions added"), json!({ "database": file, "added": versions })))
}

pub(super) async fn purge(app: App) -> Result<Done, CommandError> {
    let gone = crate::serve::purge(&Arc::new(app)).await?;
    let text = format!(
        "deleted: {} replies, {} throttles, {} referrals, {} audit rows",
        gone.replies, gone.throttles, gone.referrals, gone.audit
    );
    Ok(Done::new(text, json!(gone)))
}
