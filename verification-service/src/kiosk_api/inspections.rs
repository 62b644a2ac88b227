//! `PUT /kiosk/v1/inspections/{id}`.

use super::caller::Caller;
use super::edge::{Part, checked_lane, checked_v7, ok, parse, uuid_v7, whole};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::inspect::{self, KIND};
use crate::metrics::METRICS;
use crate::put_once::{self, Once, Reply, Work, json, take};
use crate::refusal::Refusal;
use crate::store::rows::{Inspection, PutKey};
use crate::store::{Answer, Locked, Tx};
use crate::verify::count_failing;
use axum::body::Body;
use axum::extract::State;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::{
    DocumentStatus, How, InspectionReply, InspectionRequest, ProblemType, RecordFound, Timestamp,
};

/// What its rate is counted as.
const LIMIT: &str = "inspections";

pub async fn store(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(id): Part,
    body: Body,
) -> Result<Reply, Refusal> {
    let id = uuid_v7(&id)?;
    let raw = whole(body).await?;
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "request", id }, KIND, &raw);
    let request: InspectionRequest = parse(&raw)?;
    checked_v7(request.visit)?;
    checked_lane(&request.lane)?;
    if request.how == How::Keyed && request.officer_session.is_none() {
        return Err(Refusal::because(ProblemType::OfficerSession, "A keyed document needs an officer's session"));
    }
    if request.mock {
        return mock(&app, once, request).await;
    }
    let shared = Arc::clone(&app);
    let limit = Some((LIMIT, app.config.limits.inspections()));
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

/// A technician's mock visit: limited and allowed like any other, then its audit row and nothing else; `record` is always
/// `refer`.
async fn mock(app: &Arc<App>, once: Once, request: InspectionRequest) -> Result<Reply, Refusal> {
    let shared = Arc::clone(app);
    let written = app.write_of(once.key.kiosk, "mock inspection", move |tx| {
        Box::pin(async move {
            let kiosk = once.key.kiosk;
            tx.lock(Locked::Kiosk, kiosk.as_bytes()).await?;
            let now = once.in_time(&shared)?;
            if let Err(wait) = take(tx, &format!("{LIMIT}/{kiosk}"), shared.config.limits.inspections(), now).await? {
                return Ok(Err(Refusal::limited(wait)));
            }
            if let Err(refusal) = inspect::allowed(tx, kiosk, &request, now).await? {
                return Ok(Err(refusal));
            }
            let (subject, detail) = (format!("{kiosk}/{}", once.key.id), object!({ "visit": request.visit }));
            audit::append(tx, now, Actor::Kiosk(kiosk), Event::MockInspection, &subject, &detail).await?;
            once.in_time(&shared)?;
            Ok(Ok(now))
        })
    });
    ok(&InspectionReply {
        record: RecordFound::Refer,
        document_status: DocumentStatus::Unknown,
        mismatch: vec![],
        gate: None,
        checkpoint: app.checkpoint(),
        server_time: written.await??,
    })
}
