//! Health, policy, heartbeats, and a traveler's call for an officer.

use super::caller::Caller;
use super::edge::{checked_lane, checked_v7, ok, parse, whole};
use crate::app::App;
use crate::assistance;
use crate::metrics::METRICS;
use crate::put_once::Reply;
use crate::refusal::Refusal;
use aws_lc_rs::digest;
use axum::body::Body;
use axum::extract::State;
use std::sync::Arc;
use verification_api::wire::{AssistanceRequest, DeviceState, HealthReply, HeartbeatRequest, Policy, Receipt, Timers};

/// Most devices in a heartbeat.
const MAX_DEVICES: usize = 64;

/// The device of a heartbeat that is the kiosk as a witness of the log.
const LOG_WITNESS: &str = "audit-log";

pub async fn health(State(app): State<Arc<App>>, Caller(_): Caller) -> Result<Reply, Refusal> {
    ok(&HealthReply {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        checkpoint: app.checkpoint(),
        server_time: app.now(),
    })
}

pub async fn policy(State(app): State<Arc<App>>, Caller(_): Caller) -> Result<Reply, Refusal> {
    let now = app.now();
    let mut tx = app.store.read().await?;
    let revoked_technicians = tx.revoked_technicians(now.unix_millis()).await?;
    let disabled_officers = tx.disabled_officers().await?;
    let (groups, timers) = (app.config.code.groups, app.config.timers.map(Timers::from));
    let content = serde_json::json!([groups, timers, revoked_technicians, disabled_officers]).to_string();
    let hash = digest::digest(&digest::SHA256, content.as_bytes());
    ok(&Policy {
        version: hex::encode(hash.as_ref().get(..8).unwrap_or_default()),
        groups,
        timers,
        revoked_technicians,
        disabled_officers,
        checkpoint: app.checkpoint(),
        server_time: now,
    })
}

pub async fn heartbeat(State(app): State<Arc<App>>, Caller(kiosk): Caller, body: Body) -> Result<Reply, Refusal> {
    let request: HeartbeatRequest = parse(&whole(body).await?)?;
    let hash_is_hex = |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    if request.devices.len() > MAX_DEVICES || !request.journal.as_ref().is_none_or(|head| hash_is_hex(&head.hash)) {
        return Err(Refusal::malformed("A heartbeat names at most 64 devices; a journal's hash has 64 hex digits"));
    }
    if request.devices.iter().any(|device| device.device == LOG_WITNESS && device.state == DeviceState::Failed) {
        METRICS.log_alarm();
        tracing::error!(kiosk = %kiosk.number, "ALARM: this kiosk says that the audit log shrank or forked; look at its journal");
    }
    let shared = Arc::clone(&app);
    let seen = app.write_of(kiosk.id, "heartbeat", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let json = String::from_utf8(crate::put_once::json(&request)?.to_vec()).unwrap_or_default();
            tx.heartbeat(kiosk.id, now.unix_millis(), &json).await?;
            // Read here and now: kiosks judge the log by this one.
            let checkpoint = tx.log_head().await?.map_or_else(String::new, |head| head.checkpoint);
            Ok(Receipt { checkpoint, server_time: now })
        })
    });
    ok(&seen.await?)
}

pub async fn call_officer(State(app): State<Arc<App>>, Caller(kiosk): Caller, body: Body) -> Result<Reply, Refusal> {
    let request: AssistanceRequest = parse(&whole(body).await?)?;
    checked_lane(&request.lane)?;
    if let Some(visit) = request.visit {
        checked_v7(visit)?;
    }
    let called = assistance::call(&app, &kiosk, request).await?;
    ok(&app.receipt(called))
}
