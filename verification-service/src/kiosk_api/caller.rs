//! Who calls, and whether they may: the key of the TLS connection against the client's row and the table of
//! [`crate::roles`], on every request, before its handler.

use super::edge::not_allowed;
use crate::app::App;
use crate::refusal::Refusal;
use crate::roles;
use crate::store::Answer;
use crate::store::rows::{Kiosk, Peer};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::ProblemType;

/// What the client certificate of a connection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The UUID of its one SAN URI.
    pub client: Uuid,
    /// What stands before the UUID: `urn:poe:kiosk:` or `urn:poe:client:`.
    pub urn: &'static str,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub spki: [u8; 32],
}

/// A client that may call this route.
#[derive(Clone)]
pub struct Caller(pub Kiosk);

/// Lets a request through to its handler, with a [`Caller`], or refuses it.
pub async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Result<Response, Refusal> {
    let identity = request.extensions().get::<PeerIdentity>().copied().ok_or_else(unknown)?;
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    // A route without a rule is nobody's. HEAD comes here too, with the handler of GET: no path of ours has it.
    let Some(rule) = roles::rule(request.method(), &path) else { return Ok(not_allowed_at(&path)) };
    let peer = app.store.read().await?.peer(identity.client, &identity.spki).await?.ok_or_else(unknown)?;
    if peer.kiosk.role.urn() != identity.urn {
        return Err(unknown());
    }
    if peer.kiosk.revoked_at.is_some() {
        return Err(Refusal::because(ProblemType::Revoked, "This client has been revoked"));
    }
    if !peer.pinned {
        return Err(Refusal::because(ProblemType::Revoked, "This key is not one of this client's keys"));
    }
    // In whole seconds, as certificates have it and TLS compares it: the next handshake must not think otherwise.
    if app.now().unix_millis() / 1000 > peer.not_after / 1000 {
        return Ok(expired());
    }
    if !rule.roles.contains(&peer.kiosk.role) {
        return Err(Refusal::new(ProblemType::Role));
    }
    if peer.kiosk.quarantined_at.is_some() && !rule.quarantined {
        return Err(Refusal::new(ProblemType::Quarantined));
    }
    if peer.supersedes {
        end_older(&app, &peer, identity.spki).await?;
    }
    request.extensions_mut().insert(Caller(peer.kiosk));
    Ok(next.run(request).await)
}

/// The reply to a method that a path does not have.
pub async fn wrong_method(path: MatchedPath) -> Response {
    not_allowed_at(path.as_str())
}

fn not_allowed_at(path: &str) -> Response {
    let methods: Vec<&str> = roles::methods(path).map(Method::as_str).collect();
    not_allowed(&methods.join(", "))
}

/// The first request with a renewed key ends the keys before it.
async fn end_older(app: &Arc<App>, peer: &Peer, spki: [u8; 32]) -> Answer<()> {
    let (shared, kiosk) = (Arc::clone(app), peer.kiosk.id);
    let ended = app.store.write("end older keys", move |tx| {
        Box::pin(async move { tx.end_older_keys(kiosk, &spki, shared.now().unix_millis()).await })
    });
    ended.await
}

/// Nobody took the certificate away: it expired while its connection was open. The connection ends with this reply, and the
/// next one is told so by TLS itself, which the kiosk explains as what it is.
fn expired() -> Response {
    let why = "This certificate has expired: connect again with a newer one";
    let mut response = Refusal::because(ProblemType::Unavailable, why).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn unknown() -> Refusal {
    Refusal::because(ProblemType::Revoked, "This certificate belongs to no client of this service")
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        // Only `admit` puts it there: a route outside of it has no caller.
        parts.extensions.get::<Self>().cloned().ok_or_else(unknown)
    }
}
