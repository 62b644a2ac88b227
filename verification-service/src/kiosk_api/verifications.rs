//! `PUT` and `GET /kiosk/v1/verifications/{id}`.

use super::caller::Caller;
use super::edge::{Part, checked_lane, checked_v7, parse, uuid_v7, whole};
use crate::app::App;
use crate::codes;
use crate::put_once::{Once, Reply, json};
use crate::refusal::Refusal;
use crate::roles::Role;
use crate::secrets::Blind;
use crate::store::rows::{PutKey, PutState};
use crate::verify::{self, KIND, Request, padded};
use axum::body::Body;
use axum::extract::State;
use std::sync::Arc;
use verification_api::backup_code::BackupCode;
use verification_api::identifiers::Identifier;
use verification_api::wire::{ProblemType, Purpose, Settlement, VerificationRequest, VerificationResult};

pub async fn store(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(id): Part,
    body: Body,
) -> Result<Reply, Refusal> {
    let id = uuid_v7(&id)?;
    let raw = whole(body).await?;
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "request", id }, KIND, &raw);
    let wire: VerificationRequest = parse(&raw)?;
    let visit = checked_v7(wire.visit)?;
    checked_lane(&wire.lane)?;
    let identifier = wire.identifier.to_identifier().map_err(|why| Refusal::malformed(why.to_string()))?;
    let code = wire.code.expose(BackupCode::parse).map_err(|why| Refusal::malformed(why.to_string()))?;
    let subject = subject(&app, kiosk.role, &wire, &identifier)?;
    let request = Request {
        once,
        visit,
        identifier: subject,
        record: verify::blind_of(&app.keys, &identifier),
        code,
        purpose: wire.purpose,
        officer_session: wire.officer_session,
    };
    // A kiosk that hangs up must not leave the work half done: the task goes on.
    let task = tokio::spawn(verify::verify(app, request));
    task.await.unwrap_or_else(|why| {
        tracing::error!(cause = %why, "a verification ended unexpectedly");
        Err(Refusal::new(ProblemType::Unavailable))
    })
}

/// Whose code it must be: the identifier's own, or the one delegated to a representative. Every role has its purposes.
fn subject(app: &App, role: Role, wire: &VerificationRequest, identifier: &Identifier) -> Result<Blind, Refusal> {
    let refused = |why: &'static str| Err(Refusal::because(ProblemType::Role, why));
    if wire.officer_session.is_some() && role != Role::Kiosk {
        return refused("Officers sign in at kiosks only");
    }
    if wire.representative.is_some() && wire.purpose != Purpose::RepresentativeAccess {
        return Err(Refusal::malformed("Only representative_access names a representative"));
    }
    match (role, wire.purpose) {
        (Role::Kiosk, Purpose::Inspection) | (Role::OnlineFiling, Purpose::OnlineFiling) => {
            Ok(verify::blind_of(&app.keys, identifier))
        }
        (Role::Kiosk, Purpose::Interview) if wire.officer_session.is_some() => {
            Ok(verify::blind_of(&app.keys, identifier))
        }
        (Role::Kiosk, Purpose::Interview) => refused("An interview needs an officer's session"),
        (Role::RepresentativeAccess, Purpose::RepresentativeAccess) => match &wire.representative {
            Some(representative) => representative
                .expose(|number| codes::delegation_of(&app.keys, number, identifier))
                .ok_or_else(|| Refusal::malformed("A representative's number has 1 to 32 letters, digits and dashes")),
            None => Err(Refusal::malformed("representative_access names the representative")),
        },
        (Role::Kiosk, _) => refused("A kiosk verifies for inspection and interview only"),
        (Role::OnlineFiling, _) => refused("This client verifies for online_filing only"),
        (Role::RepresentativeAccess, _) => refused("This client verifies for representative_access only"),
    }
}

/// Settles an outcome that the kiosk does not know.
pub async fn settle(State(app): State<Arc<App>>, Caller(kiosk): Caller, Part(id): Part) -> Result<Reply, Refusal> {
    // Of its body nothing is known here, and nothing is written.
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "request", id: uuid_v7(&id)? }, KIND, &[]);
    let mut tx = app.store.read().await?;
    let put = tx.put(&once.key).await?.filter(|put| put.kind == KIND);
    let begun_at = put.as_ref().map_or(0, |put| put.begun_at);
    match put.map(|put| put.state) {
        None => Err(Refusal::new(ProblemType::NotFound)),
        Some(PutState::Done { status, reply }) => Ok(once.open(&app, status, &reply)?),
        Some(PutState::Pending) => {
            Ok(Reply { status: 202, body: padded(json(&serde_json::json!({ "pending": true }))?) })
        }
        Some(PutState::Purged) => {
            let result = match tx.verification(once.key.kiosk, once.key.id).await? {
                Some(result) => result,
                // What became of it is forgotten.
                None if begun_at < app.now().unix_millis().saturating_sub(app.config.retention.spans()[3]) => {
                    return Err(Refusal::new(ProblemType::NotFound));
                }
                // A request that never ended was not redeemed.
                None => VerificationResult::NotVerified,
            };
            let settlement = Settlement { result, purged: true };
            Ok(Reply { status: 200, body: padded(json(&settlement)?) })
        }
    }
}
