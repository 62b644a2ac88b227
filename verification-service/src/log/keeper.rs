//! What keeps the log while the service runs: it seals twice a second, learns what other instances sealed, and takes
//! the newest checkpoint off this host once a minute.

use super::{LogFault, export, seal};
use crate::app::App;
use crate::metrics::METRICS;
use crate::store::{Answer, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A row is a leaf within a second.
const SEAL_EVERY: Duration = Duration::from_millis(500);
/// The newest checkpoint leaves this host so often.
const EXPORT_EVERY: Duration = Duration::from_secs(60);
/// What the last export may take at the end.
const LAST_EXPORT: Duration = Duration::from_secs(3);

/// Runs until told to stop, and seals a last time then.
pub async fn run(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let (mut sealing, mut exporting) = (tokio::time::interval(SEAL_EVERY), tokio::time::interval(EXPORT_EVERY));
    sealing.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut said, mut export) = (None, None);
    loop {
        tokio::select! {
            _ = sealing.tick() => {
                let trouble = once(&app).await.map_or_else(|why| Some(why.to_string()), |kept| kept.err().map(|f| format!("ALARM: {f}")));
                // Each trouble once: this is asked twice a second.
                if trouble.is_some() {
                    METRICS.log_fault();
                }
                if trouble != said {
                    match &trouble {
                        Some(cause) => tracing::error!(%cause, "the audit log is not sealed; nothing is verified after 5 s"),
                        None => tracing::info!("the audit log is sealed again"),
                    }
                    said = trouble;
                }
            }
            _ = exporting.tick() => {
                if export.as_ref().is_none_or(JoinHandle::is_finished) {
                    export = Some(tokio::spawn(export::now(Arc::clone(&app))));
                } else {
                    tracing::error!("ALARM: [log] export does not answer: the newest checkpoint did not leave this host");
                }
            }
            // Also when the sender has gone.
            _ = stopping.changed() => break,
        }
    }
    if let Err(cause) = once(&app).await {
        tracing::error!(%cause, "the audit log was not sealed at the end; the next start does it");
    }
    if export.as_ref().is_none_or(JoinHandle::is_finished) {
        let _ = tokio::time::timeout(LAST_EXPORT, tokio::spawn(export::now(app))).await;
    }
}

/// Seals if something waits; else learns the newest checkpoint.
async fn once(app: &Arc<App>) -> Answer<Result<(), LogFault>> {
    let mut tx = app.store.read().await?;
    let (waits, head) = (tx.unsealed_since().await?.is_some(), tx.log_head().await?);
    drop(tx);
    match head {
        Some(head) if !waits && app.log.keys().have_signed(&head.checkpoint) => {
            Ok(app.log.learn(&head.checkpoint).map(drop))
        }
        _ => match seal::seal(app).await {
            // Another instance was faster: its tree is learnt at the next turn.
            Err(StoreError::TakenOver) => Ok(Ok(())),
            sealed => Ok(sealed?.map(drop)),
        },
    }
}
