//! `PUT /kiosk/v1/inspections/{id}`.

use super::caller::Caller;
use super::edge::{Part, checked_lane, checked_v7, ok, parse, uuid_v7, whole};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::inspect::{self, KIND};
use crate::metrics::METRICS;
use crate::put_once::{self, Once, Reply, Work, json};
use crate::refusal::Refusal;
use crate::store::rows::{Inspection, PutKey};
use crate::store::{Answer, Tx};
use crate::verify::count_failing;
use axum::body::Body;
use axum::extract::State;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::{
    DocumentStatus, How, InspectionReply, InspectionRequest, ProblemType, RecordFound, Timestamp,
};

pub async fn store(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(id): Part,
    body: Body,
) -> Result<Reply, Refusal> {
    let id = uuid_v7(&id)?;
    let raw = whole(body).await?;
    let request: InspectionRequest = parse(&raw)?;
    checked_v7(request.visit)?;
    checked_lane(&request.lane)?;
    if request.how == How::Keyed && request.officer_session.is_none() {
        return Err(Refusal::because(ProblemType::OfficerSession, "A keyed document needs an officer's session"));
    }
    if request.mock {
        return mock(&app, kiosk.id, id, request.visit).await;
    }
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "request", id }, KIND, &raw);
    let shared = Arc::clone(&app);
    let limit = Some(("inspections", app.config.limits.inspections()));
    put_once::run(&app, once, limit, move |tx, now| {
        Box::pin(async move { decide(tx, &shared, kiosk.id, id, &request, now).await })
    })
    .await
}

async fn decide(
    tx: &mut Tx,
    app: &App,
    kiosk: Uuid,
    id: Uuid,
    request: &InspectionRequest,
    now: Timestamp,
) -> Answer<Work> {
    let findings = match inspect::inspect(tx, app, kiosk, request, now).await? {
        Ok(findings) => findings,
        Err(refusal) => return Ok(Work::Refused(refusal)),
    };
    let detail = object!({
        "record": findings.record,
        "document_status": findings.document_status,
        "mismatch": findings.mismatch,
        "how": request.how,
        "visit": request.visit,
    });
    let subject = format!("{kiosk}/{id}");
    let audit_seq = audit::append(tx, now, Actor::Kiosk(kiosk), Event::Inspection, &subject, &detail).await?;
    let row = Inspection {
        kiosk,
        id,
        visit: request.visit,
        record: findings.record,
        document_status: findings.document_status,
        mismatch: findings.mismatch.clone(),
        at: now.unix_millis(),
        audit_seq,
    };
    tx.add_inspection(&row).await?;
    if let Some(failing) = findings.failing {
        count_failing(tx, app, kiosk, failing, now).await?;
    }
    METRICS.inspection(match findings.record {
        RecordFound::Found => "found",
        RecordFound::NotFound => "not_found",
        RecordFound::Refer => "refer",
    });
    let reply = InspectionReply {
        record: findings.record,
        document_status: findings.document_status,
        mismatch: findings.mismatch,
        gate: None,
        checkpoint: app.checkpoint(),
        server_time: now,
    };
    Ok(Work::Stored(Reply { status: 200, body: json(&reply)? }))
}

/// A technician's mock visit: its audit row and nothing else; `record` is always `refer`.
async fn mock(app: &Arc<App>, kiosk: Uuid, id: Uuid, visit: Uuid) -> Result<Reply, Refusal> {
    let shared = Arc::clone(app);
    let written = app.store.write("mock inspection", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            let (subject, detail) = (format!("{kiosk}/{id}"), object!({ "visit": visit }));
            audit::append(tx, now, Actor::Kiosk(kiosk), Event::MockInspection, &subject, &detail).await?;
            Ok(now)
        })
    });
    ok(&InspectionReply {
        record: RecordFound::Refer,
        document_status: DocumentStatus::Unknown,
        mismatch: vec![],
        gate: None,
        checkpoint: app.checkpoint(),
        server_time: written.await?,
    })
}
