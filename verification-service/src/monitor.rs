//! For whoever watches over the service: is it alive, can it do its work, what has it counted. `[listen] metrics` is plain
//! HTTP, meant for this machine and its load balancer only: to answer `/ready` the database is written, which nobody else
//! may ask for.

use crate::app::App;
use crate::listener::{kiosk_tls, portal_tls};
use crate::log;
use crate::metrics::METRICS;
use crate::pki;
use crate::purge;
use crate::reindex;
use crate::store::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Said at the start too.
pub const NO_EXPORT: &str = "the audit log's checkpoint does not leave this host: set [log] export to a folder that who can \
     write the database cannot write";

/// Nothing that is past its time was deleted for long.
pub const PURGE_OVERDUE: &str =
    "what is past its time has not been deleted for two days: see the service's log, and run `purge`";

/// The routes of `[listen] metrics`.
pub fn router(app: Arc<App>) -> Router {
    let alive = get(|| async { "ok\n" });
    Router::new().route("/metrics", get(metrics)).route("/health", alive).route("/ready", get(ready)).with_state(app)
}

/// Serves until `stop` turns true.
pub async fn serve(socket: TcpListener, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(cause) = axum::serve(socket, router(app)).with_graceful_shutdown(stopped).await {
        tracing::error!(%cause, "the port of the metrics ended");
    }
}

/// What keeps the service from its work; empty if nothing.
pub async fn hindrances(app: &Arc<App>) -> Vec<&'static str> {
    let mut found = vec![];
    match writable_and_fresh(app).await {
        Ok(true) => {}
        Ok(false) => found.push("the audit log is not sealed: see the service's log"),
        Err(_) => found.push("the database cannot be written: see the service's log"),
    }
    if let Ok(mut tx) = app.store.read().await
        && reindex::check(&mut tx, &app.keys.index().known()).await.is_err()
    {
        found.push("numbers stand under an index key that is not in the file: copy it from where it was changed");
    }
    let (dir, now) = (&app.config.tls.dir, app.now());
    if portal_tls(dir, now).is_err() || kiosk_tls(dir, now).is_err() {
        found.push("the server's certificate cannot be used: make a new one with `pki server`");
    }
    if !pki::crl_holds(dir, now) {
        found.push("crl.pem has expired: kiosk-ca.key must be readable to the service");
    }
    found
}

/// Writes a row for nothing, to know that it can be written; whether the log is sealed.
async fn writable_and_fresh(app: &Arc<App>) -> Answer<bool> {
    let shared = Arc::clone(app);
    let tried = app.store.write("ready", move |tx| {
        Box::pin(async move {
            tx.touch_log().await?;
            log::is_fresh(tx, shared.now()).await
        })
    });
    tried.await
}

/// What does not keep the service from its work, but should not stay so.
fn warnings(app: &App) -> Vec<&'static str> {
    let mut found = vec![];
    if app.config.log.export.is_none() {
        found.push(NO_EXPORT);
    }
    if unpurged(app) > purge::OVERDUE {
        found.push(PURGE_OVERDUE);
    }
    found
}

/// Milliseconds since everything that was past its time had been deleted.
fn unpurged(app: &App) -> i64 {
    app.now().unix_millis().saturating_sub(app.purged_at.load(Ordering::Relaxed))
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let hindrances = hindrances(&app).await;
    let status = if hindrances.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({
        "ready": hindrances.is_empty(), "hindrances": hindrances, "warnings": warnings(&app),
    });
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    // A database that does not answer leaves the last values standing; its failures are counted elsewhere.
    if let Ok(mut tx) = app.store.read().await
        && let (Ok(head), Ok(since)) = (tx.log_head().await, tx.unsealed_since().await)
    {
        METRICS.log(head.map_or(0, |head| head.size), age(&app, since));
    }
    if let Ok(mut tx) = app.store.read().await
        && let Ok((open, since)) = tx.waiting_calls().await
    {
        METRICS.calls(open, age(&app, since));
    }
    METRICS.purge_age(age(&app, Some(app.purged_at.load(Ordering::Relaxed))));
    let headers = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (headers, METRICS.text()).into_response()
}

/// How long ago it was; nothing if it was not.
fn age(app: &App, since: Option<i64>) -> Duration {
    let millis = since.map_or(0, |since| app.now().unix_millis().saturating_sub(since));
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
