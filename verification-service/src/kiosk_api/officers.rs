//! `POST /kiosk/v1/officers/sign-in`, `DELETE /kiosk/v1/officers/session`.

use super::caller::Caller;
use super::edge::{ok, parse, whole};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::officers::{hash_of, sign_in as domain_sign_in};
use crate::put_once::Reply;
use crate::refusal::Refusal;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;
use verification_api::personal::PersonalText;
use verification_api::wire::{OFFICER_SESSION_HEADER, ProblemType, SignInRequest};

pub async fn sign_in(State(app): State<Arc<App>>, Caller(kiosk): Caller, body: Body) -> Result<Reply, Refusal> {
    let request: SignInRequest = parse(&whole(body).await?)?;
    if [&request.badge, &request.pin].iter().any(|text| text.is_empty() || text.chars() > 64) {
        return Err(Refusal::malformed("Badge and PIN have 1 to 64 characters"));
    }
    let task = tokio::spawn(domain_sign_in(app, kiosk.id, request.badge, request.pin));
    let signed_in = task.await.unwrap_or_else(|why| {
        tracing::error!(cause = %why, "a sign-in ended unexpectedly");
        Err(Refusal::new(ProblemType::Unavailable))
    });
    ok(&signed_in?)
}

pub async fn sign_out(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    headers: HeaderMap,
) -> Result<Reply, Refusal> {
    let hash = hash_of(&session_of(&headers)?);
    let shared = Arc::clone(&app);
    let ended = app.write_of(kiosk.id, "sign out", move |tx| {
        Box::pin(async move {
            let now = shared.now();
            // Signing out twice, or with a session that is over, is no error: the wish is fulfilled.
            let open = tx.session(&hash).await?.filter(|s| s.kiosk == kiosk.id && s.ended_at.is_none());
            if let Some(session) = open {
                tx.end_session(&hash, now.unix_millis()).await?;
                let (actor, officer) = (Actor::Kiosk(kiosk.id), session.officer.to_string());
                let none = serde_json::json!({});
                audit::append(tx, now, actor, Event::OfficerSignedOut, &officer, &none).await?;
            }
            Ok(now)
        })
    });
    ok(&app.receipt(ended.await?))
}

/// The session of the header `Officer-Session`.
///
/// # Errors
/// `officer-session` without it, or if it does not have the form of one.
pub fn session_of(headers: &HeaderMap) -> Result<PersonalText, Refusal> {
    let header = headers.get(OFFICER_SESSION_HEADER).and_then(|value| value.to_str().ok());
    let session = header.filter(|text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()));
    let missing = || Refusal::because(ProblemType::OfficerSession, "The header Officer-Session must be 32 hex digits");
    session.map(PersonalText::from).ok_or_else(missing)
}
