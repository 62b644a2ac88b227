//! `PUT /kiosk/v1/overrides/{id}`: an officer's decision over a failed scan, signed by its kiosk, never refused for being
//! late.

use super::caller::Caller;
use super::edge::{Part, checked_v7, parse, uuid_v7, whole};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::officers::{OFFLINE, hash_of};
use crate::put_once::{self, OVERRIDE, Once, Reply, Work, json};
use crate::refusal::Refusal;
use crate::store::rows::{KioskKey, Override, PutKey};
use crate::store::{Answer, Tx};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json as object;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::{
    KIOSK_SIGNATURE_HEADER, KioskSignature, OverrideReason, OverrideReply, OverrideRequest, ProblemType, Reading,
    override_signed_bytes,
};

pub async fn store(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Part(id): Part,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Refusal> {
    let id = uuid_v7(&id)?;
    let raw = whole(body).await?;
    let once = Once::new(&app, PutKey { kiosk: kiosk.id, scope: "request", id }, OVERRIDE, &raw);
    let request: OverrideRequest = parse(&raw)?;
    checked(&request)?;
    let header = headers.get(KIOSK_SIGNATURE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signature = KioskSignature::parse(header)
        .ok_or_else(|| Refusal::malformed("The header Kiosk-Signature must be SPKI-SHA256-hex:base64"))?;
    let spki = hex::decode(&signature.spki_sha256).unwrap_or_default();
    let key = app.store.read().await?.kiosk_key(kiosk.id, &spki).await?;
    if !key.is_some_and(|key| signs(&key, &signature, id, &raw, request.decided_at.unix_millis())) {
        return Err(Refusal::because(
            ProblemType::Role,
            "The signature is not by a key that was this kiosk's at decided_at",
        ));
    }

    let shared = Arc::clone(&app);
    put_once::run(&app, once, None, move |tx, now| {
        Box::pin(async move {
            let (officer, flags) = match confirmed(tx, kiosk.id, &request).await? {
                Ok(confirmed) => confirmed,
                Err(refusal) => return Ok(Work::Refused(refusal)),
            };
            let bound_to: [&[u8]; 3] = [kiosk.id.as_bytes(), id.as_bytes(), b"override"];
            let sealed = shared.keys.seal(&*shared.random, &bound_to, &raw)?;
            let detail = object!({
                "officer": officer,
                "reason": request.reason.name(),
                "decided_at": request.decided_at,
                "visit": request.visit,
                "flags": flags,
                "signature": signature.header(),
                "body": hex::encode(shared.keys.body_mac(&raw)),
            });
            let (actor, subject) = (Actor::Kiosk(kiosk.id), format!("{}/{id}", kiosk.id));
            let audit_seq = audit::append(tx, now, actor, Event::Override, &subject, &detail).await?;
            if !flags.is_empty() {
                tracing::warn!(kiosk = %kiosk.id, override_id = %id, ?flags, "ALARM: a person must look at this override");
            }
            let row = Override {
                kiosk: kiosk.id,
                id,
                visit: request.visit,
                officer,
                reason: request.reason.name(),
                decided_at: request.decided_at.unix_millis(),
                received_at: now.unix_millis(),
                sealed,
                signature: signature.header(),
                audit_seq,
                flags,
            };
            tx.add_override(&row).await?;
            let reply =
                OverrideReply { flagged: !row.flags.is_empty(), checkpoint: shared.checkpoint(), server_time: now };
            Ok(Work::Stored(Reply { status: 200, body: json(&reply)? }))
        })
    })
    .await
}

/// Who decided, and why a person must look at it.
async fn confirmed(
    tx: &mut Tx,
    kiosk: Uuid,
    request: &OverrideRequest,
) -> Answer<Result<(Option<String>, Vec<&'static str>), Refusal>> {
    let mut flags = vec![];
    let session = request.officer_session.as_ref().map(hash_of);
    if let Some(referral) = tx.referral(request.visit).await?
        && referral.kiosk != kiosk
    {
        let opened = match &session {
            Some(hash) => tx.has_opened(request.visit, hash).await?,
            None => false,
        };
        if !opened {
            let why = "Another kiosk's visit is overridden only from the session that opened its referral";
            return Ok(Err(Refusal::because(ProblemType::OfficerSession, why)));
        }
    }
    let officer = match (session, &request.officer, request.offline_since) {
        (Some(hash), ..) => {
            let session = tx.session(&hash).await?.filter(|session| session.kiosk == kiosk);
            if !session.as_ref().is_some_and(|session| session.live_at(request.decided_at.unix_millis())) {
                flags.push("session_not_live");
            }
            session.map(|session| session.officer.to_string())
        }
        (None, Some(officer), Some(since)) => {
            let since = since.unix_millis();
            let signed_in = match Uuid::try_parse(officer) {
                Ok(id) => tx.signed_in(id, kiosk, since - OFFLINE, since).await?,
                Err(_) => false,
            };
            if !signed_in {
                flags.push("no_recent_sign_in");
            }
            Uuid::try_parse(officer).ok().map(|id| id.to_string())
        }
        _ => None,
    };
    Ok(Ok((officer, flags)))
}

fn checked(request: &OverrideRequest) -> Result<(), Refusal> {
    checked_v7(request.visit)?;
    checked_reading(&request.reading)?;
    let online = request.officer_session.is_some();
    let offline = request.officer.is_some() && request.offline_since.is_some();
    let either = (online && request.officer.is_none() && request.offline_since.is_none()) || (offline && !online);
    if !either {
        return Err(Refusal::malformed("An override names officer_session, or officer and offline_since"));
    }
    if request.reason == OverrideReason::Other && request.note.as_ref().is_none_or(|note| note.is_empty()) {
        return Err(Refusal::malformed("The reason other needs a note"));
    }
    Ok(())
}

/// A reading has the rows of a zone or the payload of a barcode.
///
/// # Errors
/// `malformed`.
pub fn checked_reading(reading: &Reading) -> Result<(), Refusal> {
    if reading.lines.is_empty() == reading.payload_hex.is_none() {
        return Err(Refusal::malformed("A reading has either lines or payload_hex"));
    }
    Ok(())
}

fn signs(key: &KioskKey, signature: &KioskSignature, id: Uuid, body: &[u8], decided_at: i64) -> bool {
    let until = key.ended_at.map_or(key.not_after, |ended| ended.min(key.not_after));
    (key.not_before..=until).contains(&decided_at) && is_signed(&key.public_key, signature, id, body)
}

/// Whether an override's body is what a key signed.
#[must_use]
pub fn is_signed(public_key: &[u8], signature: &KioskSignature, id: Uuid, body: &[u8]) -> bool {
    let Ok(bytes) = STANDARD.decode(&signature.signature) else { return false };
    let signed = zeroize::Zeroizing::new(override_signed_bytes(id, body));
    // r ‖ s as JOSE writes it, or ASN.1 as OpenSSL and X.509 write it.
    let fixed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key).verify(&signed, &bytes).is_ok();
    let asn1 = || UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key).verify(&signed, &bytes).is_ok();
    fixed || asn1()
}
