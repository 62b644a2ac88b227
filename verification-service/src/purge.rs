//! What is past its time goes, in small transactions, each with the audit row that tells of it. A kind that cannot be deleted
//! keeps no other from it; what holds persons' data goes first.

use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::batches::{batches, rest};
use crate::clock::HOUR;
use crate::store::rows::Purged;
use crate::store::statements::purge::Kind;
use crate::store::{Answer, Locked, StoreError, Tx};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// Rows of one transaction.
const CHUNK: u16 = 500;
/// Rows that are looked at in one go, outside of any transaction.
const PAGE: i64 = 2000;
/// What is kept for hours goes so often, and everything else at the first of these after a day.
const EVERY: Duration = Duration::from_secs(600);
const EVERYTHING_EVERY: i64 = 24 * HOUR;
/// When nothing was deleted for so long somebody must look. Milliseconds.
pub const OVERDUE: i64 = 48 * HOUR;

/// Deletes everything that is past its time, while the service runs.
///
/// # Errors
/// The first one of the store; everything else was deleted all the same.
pub async fn purge(app: &Arc<App>) -> Answer<Purged> {
    let mut run = Run { app, gone: Purged::default(), failed: None };
    run.hours().await;
    run.days().await;
    let gone = run.end()?;
    app.purged_at.store(app.now().unix_millis(), Ordering::Relaxed);
    Ok(gone)
}

/// Deletes now and then, for as long as the service runs.
pub async fn now_and_then(app: Arc<App>) {
    let mut tick = tokio::time::interval(EVERY);
    let mut last: Option<i64> = None;
    loop {
        tick.tick().await;
        let now = app.now().unix_millis();
        // Also after the clock was set back.
        let due = last.is_none_or(|last| (now - last).abs() >= EVERYTHING_EVERY);
        let done = if due {
            purge(&app).await
        } else {
            let mut run = Run { app: &app, gone: Purged::default(), failed: None };
            run.hours().await;
            run.end()
        };
        match done {
            Ok(_) if due => last = Some(now),
            Ok(_) => {}
            Err(why) => tracing::error!(cause = %why, "what is past its time could not be deleted"),
        }
    }
}

/// One run over what there is.
struct Run<'a> {
    app: &'a Arc<App>,
    gone: Purged,
    failed: Option<StoreError>,
}

impl Run<'_> {
    fn end(self) -> Answer<Purged> {
        self.failed.map_or(Ok(self.gone), Err)
    }

    /// What is kept for hours.
    async fn hours(&mut self) {
        let [replies, _, referrals, _] = self.app.config.retention.spans();
        self.kind(Kind::Referral, referrals).await;
        self.kind(Kind::ReferralOpening, replies).await;
        self.kind(Kind::Reply, replies).await;
    }

    /// What is kept for days.
    async fn days(&mut self) {
        let [_, throttles, _, audit] = self.app.config.retention.spans();
        self.in_chunks(audit, |tx, before| Box::pin(async move { tx.purge_audit(before, CHUNK.into()).await })).await;
        self.in_chunks(audit, |tx, before| {
            Box::pin(
                async move { Ok(Purged { codes: tx.purge_codes(before, CHUNK.into()).await?, ..Purged::default() }) },
            )
        })
        .await;
        self.copies_of_codes().await;
        self.in_chunks(audit, |tx, before| {
            Box::pin(async move {
                Ok(Purged { request_ids: tx.purge_request_ids(before, CHUNK.into()).await?, ..Purged::default() })
            })
        })
        .await;
        self.kind(Kind::AssistanceCall, audit).await;
        self.kind(Kind::Activity, audit).await;
        self.throttles(throttles).await;
        for kind in [
            Kind::PinThrottle,
            Kind::Rate,
            Kind::FailingIdentifier,
            Kind::OfficerSession,
            Kind::PortalSession,
            Kind::PortalInvitation,
        ] {
            self.kind(kind, throttles).await;
        }
    }

    async fn kind(&mut self, kind: Kind, span: i64) {
        self.in_chunks(span, move |tx, before| {
            Box::pin(async move {
                let mut gone = Purged::default();
                *gone.of(kind) = tx.purge_some(kind, before, CHUNK.into()).await?;
                Ok(gone)
            })
        })
        .await;
    }

    /// Repeats a transaction until it finds nothing more. `span`: how long is kept, in milliseconds.
    async fn in_chunks<F>(&mut self, span: i64, some: F)
    where
        F: for<'t> Fn(&'t mut Tx, i64) -> BoxFuture<'t, Answer<Purged>> + Send + Sync + Copy + 'static,
    {
        loop {
            let before = self.app.now().unix_millis().saturating_sub(span);
            match transaction(self.app, move |tx| some(tx, before)).await {
                Ok(part) if part == Purged::default() => return,
                Ok(part) => self.gone.add(&part),
                Err(why) => return self.fail(why),
            }
            rest().await;
        }
    }

    /// Found by reading, because an index by time would cost every request.
    async fn throttles(&mut self, span: i64) {
        let before = self.app.now().unix_millis().saturating_sub(span);
        self.page_by_page(
            |tx, after: Option<Vec<u8>>| {
                Box::pin(async move { tx.idle_throttles(&after.unwrap_or_default(), before, PAGE).await })
            },
            move |tx, place| {
                Box::pin(async move {
                    Ok(Purged { throttles: tx.purge_throttle(place, before).await?, ..Purged::default() })
                })
            },
        )
        .await;
    }

    /// Copies of codes that have ended, whenever that was.
    async fn copies_of_codes(&mut self) {
        self.page_by_page(
            |tx, after: Option<Uuid>| Box::pin(async move { tx.copies_of_codes(after, PAGE).await }),
            |tx, code| {
                Box::pin(async move { Ok(Purged { locked_codes: tx.purge_copy(code).await?, ..Purged::default() }) })
            },
        )
        .await;
    }

    /// Reads all rows of a table, each with whether it is past its time, and deletes those that are. `read`: the page after
    /// a key; `delete` looks again, because a row may be used in between.
    async fn page_by_page<K, R, D>(&mut self, read: R, delete: D)
    where
        K: Clone + Send + Sync + 'static,
        R: for<'t> Fn(&'t mut Tx, Option<K>) -> BoxFuture<'t, Answer<Vec<(K, bool)>>>,
        D: for<'t> Fn(&'t mut Tx, K) -> BoxFuture<'t, Answer<Purged>> + Send + Sync + Copy + 'static,
    {
        let mut after = None;
        loop {
            let page = match self.app.store.read().await {
                Ok(mut tx) => read(&mut tx, after).await,
                Err(why) => Err(why),
            };
            let page = match page {
                Ok(page) => page,
                Err(why) => return self.fail(why),
            };
            let Some((last, _)) = page.last() else { return };
            after = Some(last.clone());
            let past: Vec<K> = page.into_iter().filter(|(_, past)| *past).map(|(key, _)| key).collect();
            for batch in batches(past, CHUNK.into()) {
                let done = transaction(self.app, move |tx| {
                    Box::pin(async move {
                        let mut gone = Purged::default();
                        for key in batch {
                            gone.add(&delete(tx, key).await?);
                        }
                        Ok(gone)
                    })
                });
                match done.await {
                    Ok(part) => self.gone.add(&part),
                    Err(why) => return self.fail(why),
                }
                rest().await;
            }
        }
    }

    fn fail(&mut self, why: StoreError) {
        self.failed.get_or_insert(why);
    }
}

/// One transaction, and what it took away.
async fn transaction<F>(app: &Arc<App>, some: F) -> Answer<Purged>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Answer<Purged>> + Send + 'static,
{
    let shared = Arc::clone(app);
    let deleted = app.store.write("purge", move |tx| {
        Box::pin(async move {
            // Instances take turns: each tells how far the log is purged once it has been.
            tx.lock(Locked::Purge, b"").await?;
            let gone = some(tx).await?;
            if gone != Purged::default() {
                let detail = serde_json::to_value(gone).unwrap_or_default();
                audit::append(tx, shared.now(), Actor::Service, Event::Purged, "database", &detail).await?;
            }
            Ok(gone)
        })
    });
    deleted.await
}
