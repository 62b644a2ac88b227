//! Referrals: stored by the kiosk that refers, opened at any kiosk by an officer, closed with an outcome.

use super::caller::Caller;
use super::edge::{Part, checked_lane, checked_v7, ok, parse, uuid_v7, whole};
use super::officers::session_of;
use super::overrides::checked_reading;
use crate::app::App;
use crate::assistance;
use crate::audit::{self, Actor, Event};
use crate::officers::{self, hash_of};
use crate::put_once::{self, Once, Reply, Work, json, take};
use crate::refusal::Refusal;
use crate::store::rows::{PutKey, Referral};
use crate::store::{Answer, Locked, StoreError, Tx};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::backup_code;
use verification_api::wire::{
    ClosedRequest, OpenedReferral, ProblemType, ReferralOutcome, ReferralRequest, ReferredInspection,
    ReferredVerification, VerificationOutcome, VerificationResult,
};

/// Most verifications of one visit: three codes, and some that were never settled.
const MAX_VERIFICATIONS: usize = 16;

pub async fn store(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(visit): Part,
    body: Body,
) -> Result<Reply, Refusal> {
    let visit = uuid_v7(&visit)?;
    let raw = whole(body).await?;
    let request: ReferralRequest = parse(&raw)?;
    checked_lane(&request.lane)?;
    checked_reference(&request.reference, &kiosk.number)?;
    if let Some(identifier) = &request.identifier {
        identifier.to_identifier().map_err(|why| Refusal::malformed(why.to_string()))?;
    }
    if let Some(reading) = &request.reading {
        checked_reading(reading)?;
    }
    if request.verification_ids.len() > MAX_VERIFICATIONS {
        return Err(Refusal::malformed("A referral names at most 16 verifications"));
    }
    for id in &request.verification_ids {
        checked_v7(*id)?;
    }
    if let Some(earlier) = request.supersedes {
        checked_v7(earlier)?;
        if earlier == visit {
            return Err(Refusal::malformed("A hand-over cannot take its own place"));
        }
    }
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "referral", id: visit }, "referral", &raw);
    let shared = Arc::clone(&app);
    let limit = Some(("referrals", app.config.limits.records()));
    put_once::run(&app, once, limit, move |tx, now| {
        Box::pin(async move {
            // For another kiosk than the one that bound it, the visit's referral does not exist.
            if let Some(other) = tx.referral(visit).await? {
                let problem = if other.kiosk == kiosk.id { ProblemType::IdConflict } else { ProblemType::NotFound };
                return Ok(Work::Refused(Refusal::new(problem)));
            }
            if tx.is_superseded(kiosk.id, visit).await? {
                return Ok(Work::Refused(Refusal::new(ProblemType::IdConflict)));
            }
            let actor = Actor::Kiosk(kiosk.id);
            if let Some(earlier) = request.supersedes {
                // Not stored yet, or closed already: nothing to delete, and nothing comes after it.
                match tx.referral(earlier).await? {
                    Some(other) if other.kiosk != kiosk.id => {
                        return Ok(Work::Refused(Refusal::new(ProblemType::NotFound)));
                    }
                    Some(_) => {
                        tx.delete_referral(earlier).await?;
                        let detail = object!({ "superseded_by": visit });
                        audit::append(tx, now, actor, Event::ReferralClosed, &earlier.to_string(), &detail).await?;
                    }
                    None => {}
                }
            }
            let sealed = shared.keys.seal(&*shared.random, &[visit.as_bytes(), b"referral"], &raw)?;
            let reference = request.reference.clone();
            let (stored_at, supersedes) = (now.unix_millis(), request.supersedes);
            let row = Referral { visit, kiosk: kiosk.id, reference, sealed, stored_at, supersedes };
            if !tx.set_referral(&row).await? {
                return Ok(Work::Refused(Refusal::new(ProblemType::ReferenceTaken)));
            }
            let detail = object!({ "reference": request.reference, "reason": request.reason.name() });
            audit::append(tx, now, actor, Event::ReferralStored, &visit.to_string(), &detail).await?;
            Ok(Work::Stored(Reply { status: 200, body: json(&shared.receipt(now))? }))
        })
    })
    .await
}

pub async fn open(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(reference): Part,
    headers: HeaderMap,
) -> Result<Reply, Refusal> {
    let session = session_of(&headers)?;
    let reference = reference.to_ascii_uppercase();
    let shared = Arc::clone(&app);
    let opened = app.write_of(kiosk.id, "open a referral", move |tx| {
        Box::pin(async move {
            tx.lock(Locked::Kiosk, kiosk.id.as_bytes()).await?;
            let now = shared.now();
            let Some(officer) = officers::live(tx, &session, kiosk.id, now).await? else {
                return Ok(Err(Refusal::new(ProblemType::OfficerSession)));
            };
            let subject = format!("looks/{}", hex::encode(officer.hash));
            if let Err(wait) = take(tx, &subject, shared.config.limits.looks(), now).await? {
                return Ok(Err(Refusal::limited(wait)));
            }
            let found = tx.referral_by_reference(&reference).await?;
            // Every look is audited, also one that finds nothing; a guessed text is not kept.
            let subject = found.as_ref().map_or_else(|| "none".to_owned(), |referral| referral.visit.to_string());
            let detail = object!({ "officer": officer.officer, "found": found.is_some() });
            let actor = Actor::Kiosk(kiosk.id);
            audit::append(tx, now, actor, Event::ReferralOpened, &subject, &detail).await?;
            let Some(referral) = found else { return Ok(Err(Refusal::new(ProblemType::NotFound))) };
            tx.open_referral(referral.visit, &officer.hash, kiosk.id, now.unix_millis()).await?;
            assistance::answered(tx, now, kiosk.id, Some(referral.visit), officer.officer).await?;
            told(tx, &shared, &referral, now).await.map(Ok)
        })
    });
    ok(&opened.await??)
}

/// The referral as it was stored, and what the service knows of its visit.
async fn told(
    tx: &mut Tx,
    app: &App,
    referral: &Referral,
    now: verification_api::wire::Timestamp,
) -> Answer<OpenedReferral> {
    let plain = app.keys.open(&[referral.visit.as_bytes(), b"referral"], &referral.sealed)?;
    let stored: ReferralRequest = serde_json::from_slice(&plain).map_err(|_| StoreError::NotUnderstood("referral"))?;
    let mut verifications = Vec::with_capacity(stored.verification_ids.len());
    for id in &stored.verification_ids {
        let result = match tx.verification(referral.kiosk, *id).await? {
            Some(VerificationResult::Verified) => VerificationOutcome::Verified,
            Some(VerificationResult::NotVerified) => VerificationOutcome::NotVerified,
            None => VerificationOutcome::Unknown,
        };
        verifications.push(ReferredVerification { id: *id, result });
    }
    // A hand-over that took another's place has an id of its own; the visit's is the first one's.
    let visit = referral.supersedes.unwrap_or(referral.visit);
    let inspection = tx.last_inspection(referral.kiosk, visit).await?.map(|inspection| ReferredInspection {
        id: inspection.id,
        record: inspection.record,
        document_status: inspection.document_status,
        mismatch: inspection.mismatch,
    });
    let kiosks = tx.kiosks().await?;
    let kiosk = kiosks.into_iter().find(|k| k.id == referral.kiosk).map(|k| k.number).unwrap_or_default();
    Ok(OpenedReferral {
        visit: referral.visit,
        reference: stored.reference,
        lane: stored.lane,
        reason: stored.reason,
        reading: stored.reading,
        identifier: stored.identifier,
        verification_ids: stored.verification_ids,
        kiosk,
        verifications,
        inspection,
        checkpoint: app.checkpoint(),
        server_time: now,
    })
}

pub async fn close(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(visit): Part,
    body: Body,
) -> Result<Reply, Refusal> {
    let visit = uuid_v7(&visit)?;
    let raw = whole(body).await?;
    let request: ClosedRequest = parse(&raw)?;
    if request.outcome == ReferralOutcome::Secondary && request.code.is_none() {
        return Err(Refusal::malformed("The outcome secondary needs a code"));
    }
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "closed", id: visit }, "close a referral", &raw);
    let shared = Arc::clone(&app);
    let limit = Some(("closures", app.config.limits.records()));
    put_once::run(&app, once, limit, move |tx, now| {
        Box::pin(async move {
            let Some(officer) = officers::live(tx, &request.officer_session, kiosk.id, now).await? else {
                return Ok(Work::Refused(Refusal::new(ProblemType::OfficerSession)));
            };
            if !may_close(tx, visit, kiosk.id, &hash_of(&request.officer_session)).await? {
                return Ok(Work::Refused(Refusal::new(ProblemType::NotFound)));
            }
            tx.delete_referral(visit).await?;
            let detail = object!({
                "officer": officer.officer,
                "outcome": request.outcome.name(),
                "code": request.code.map(verification_api::wire::ReferralCode::name),
            });
            let (actor, subject) = (Actor::Kiosk(kiosk.id), visit.to_string());
            audit::append(tx, now, actor, Event::ReferralClosed, &subject, &detail).await?;
            Ok(Work::Stored(Reply { status: 200, body: json(&shared.receipt(now))? }))
        })
    })
    .await
}

/// A referral is closed at the kiosk that referred, or from the session that opened it.
async fn may_close(tx: &mut Tx, visit: Uuid, kiosk: Uuid, session: &[u8; 32]) -> Answer<bool> {
    match tx.referral(visit).await? {
        Some(referral) if referral.kiosk == kiosk => Ok(true),
        Some(_) => tx.has_opened(visit, session).await,
        None => Ok(false),
    }
}

fn checked_reference(reference: &str, number: &str) -> Result<(), Refusal> {
    let symbols = reference.strip_prefix(number).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    if symbols.len() == 4 && symbols.bytes().all(|b| backup_code::ALPHABET.contains(&b)) {
        return Ok(());
    }
    Err(Refusal::malformed("A reference is this kiosk's number, a dash, and four symbols of Crockford's alphabet"))
}
