//! `audit verify`, `migrate`, `purge`.

use super::{CommandError, Done};
use crate::app::App;
use crate::audit;
use crate::config::Config;
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
    // On one view of everything, in which nothing changes meanwhile.
    let verified =
        app.store.snapshot("verify the audit log", |tx| Box::pin(async move { Ok(audit::verify(tx).await) }));
    let report = verified.await?.map_err(|why| CommandError::refused(why.to_string()))?;
    let text = format!("whole: {} rows, the newest is {}", report.rows, report.seq);
    Ok(Done::new(text, json!({ "rows": report.rows, "seq": report.seq })))
}

pub(super) async fn migrate(config: &Path) -> Result<Done, CommandError> {
    let config = Config::load(config)?;
    let versions = crate::store::migrate(&config.database_at()).await?;
    Ok(Done::new(format!("{versions} schema versions added"), json!({ "added": versions })))
}

pub(super) async fn purge(app: App) -> Result<Done, CommandError> {
    let gone = crate::serve::purge(&Arc::new(app)).await?;
    let text = format!(
        "deleted: {} replies, {} throttles, {} referrals, {} audit rows",
        gone.replies, gone.throttles, gone.referrals, gone.audit
    );
    Ok(Done::new(text, json!(gone)))
}
