//! For whoever watches over the service: is it alive, can it do its work, what has it counted. `[listen] metrics` is plain
//! HTTP, meant for this machine and its load balancer only: to answer `/ready` the database is written, which nobody else
//! may ask for.

use crate::app::App;
use crate::codes;
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

/// Said in the log too, once a day.
pub const RENEW_SERVER: &str = "the server's certificate expires within 30 days, and then nobody is served: make a new one with `pki server`, \
     which needs root.key beside root.pem";
/// From then on somebody is reminded.
pub const RENEW_SERVER_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Seconds without an export that are too many: it is tried every minute.
const EXPORT_OVERDUE: i64 = 300;
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
    if let Ok(mut tx) = app.store.read().await
        && codes::lacking_pepper(&mut tx, &app.keys).await.is_ok_and(|lacking| lacking.is_some())
    {
        found.push("codes stand under a pepper that is not in the file: copy it from where it was changed");
    }
    let (dir, now) = (&app.config.tls.dir, app.now());
    if portal_tls(&app.config, now).is_err() || kiosk_tls(dir, now).is_err() {
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
    let now = app.now();
    if app.config.log.export.is_none() {
        found.push(NO_EXPORT);
    } else if now.unix_millis() / 1000 - METRICS.last_exported().max(app.started.unix_millis() / 1000) > EXPORT_OVERDUE
    {
        found.push("the audit log's checkpoint has not left this host for five minutes: see the service's log");
    }
    if certificate_left(app).is_some_and(|left| left < RENEW_SERVER_WITHIN) {
        found.push(RENEW_SERVER);
    }
    if unpurged(app) > purge::OVERDUE {
        found.push(PURGE_OVERDUE);
    }
    found
}

/// How long the server's certificate is still good.
pub fn certificate_left(app: &App) -> Option<Duration> {
    let expires = pki::server_expires(&app.config.tls.dir).ok()?;
    let left = expires.unix_millis().saturating_sub(app.now().unix_millis());
    Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
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
    if let Some(left) = certificate_left(&app) {
        METRICS.certificate(left);
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
