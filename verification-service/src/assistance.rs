//! Travelers who call an officer: noted, told to whoever watches, over when an officer comes or an operator says so.

use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::put_once::take;
use crate::refusal::Refusal;
use crate::store::rows::Kiosk;
use crate::store::{Answer, Tx};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::{AssistanceRequest, Timestamp};

/// Notes a call, and raises the alarm once it is stored.
///
/// # Errors
/// [`Refusal`]: `rate-limited`, or of the store.
pub async fn call(app: &Arc<App>, kiosk: &Kiosk, request: AssistanceRequest) -> Result<Timestamp, Refusal> {
    let (shared, caller, lane) = (Arc::clone(app), kiosk.id, request.lane.clone());
    let called = app.write_of(kiosk.id, "assistance", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let rate = shared.config.limits.records();
            if let Err(wait) = take(tx, &format!("assistance/{caller}"), rate, now).await? {
                return Ok(Err(Refusal::limited(wait)));
            }
            let id = tx.add_call(caller, now.unix_millis(), &request.lane, request.visit).await?;
            let detail = json!({ "call": id, "lane": request.lane, "visit": request.visit });
            let subject = caller.to_string();
            audit::append(tx, now, Actor::Kiosk(caller), Event::AssistanceCalled, &subject, &detail).await?;
            Ok(Ok((id, now)))
        })
    });
    let (call, now) = called.await??;
    tracing::warn!(
        kiosk = %kiosk.number, %lane, call,
        "ALARM: a traveler calls an officer; it is over when one signs in there or opens the referral, or with `assistance close`"
    );
    Ok(now)
}

/// An officer is at a kiosk, and maybe has a visit in hand: the calls of both are over.
///
/// # Errors
/// Of the store.
pub async fn answered(tx: &mut Tx, now: Timestamp, kiosk: Uuid, visit: Option<Uuid>, officer: Uuid) -> Answer<()> {
    for (call, caller) in tx.close_calls(kiosk, visit, now.unix_millis()).await? {
        let (detail, subject) = (json!({ "call": call, "officer": officer }), caller.to_string());
        audit::append(tx, now, Actor::Kiosk(kiosk), Event::AssistanceClosed, &subject, &detail).await?;
    }
    Ok(())
}

/// An operator closes one; false if it is not open.
///
/// # Errors
/// Of the store.
pub async fn close(app: &Arc<App>, call: i64) -> Answer<bool> {
    let shared = Arc::clone(app);
    let closed = app.store.write("close a call", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let Some(kiosk) = tx.close_call(call, now.unix_millis()).await? else { return Ok(false) };
            let (event, subject) = (Event::AssistanceClosed, kiosk.to_string());
            audit::append(tx, now, Actor::Operator, event, &subject, &json!({ "call": call })).await?;
            Ok(true)
        })
    });
    closed.await
}
