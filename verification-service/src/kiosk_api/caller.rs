//! Who calls: the key of the TLS connection against the kiosk's row, on every request.

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::rows::Kiosk;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::wire::ProblemType;

/// What the client certificate of a connection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// Of the SAN URI `urn:poe:kiosk:<uuid>`.
    pub kiosk: Uuid,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub spki: [u8; 32],
}

/// A kiosk that may call.
pub struct Caller(pub Kiosk);

/// A kiosk that may call even while it is quarantined.
pub struct QuarantinedToo(pub Kiosk);

impl FromRequestParts<Arc<App>> for QuarantinedToo {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let unknown = || Refusal::because(ProblemType::Revoked, "This certificate belongs to no kiosk of this service");
        let peer = *parts.extensions.get::<PeerIdentity>().ok_or_else(unknown)?;
        let row = app.store.read().await?.peer(peer.kiosk, &peer.spki).await?.ok_or_else(unknown)?;
        if row.kiosk.revoked_at.is_some() {
            return Err(Refusal::because(ProblemType::Revoked, "This kiosk has been revoked"));
        }
        if !row.pinned {
            return Err(Refusal::because(ProblemType::Revoked, "This key is not one of this kiosk's keys"));
        }
        Ok(Self(row.kiosk))
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let QuarantinedToo(kiosk) = QuarantinedToo::from_request_parts(parts, app).await?;
        if kiosk.quarantined_at.is_some() { Err(Refusal::new(ProblemType::Quarantined)) } else { Ok(Self(kiosk)) }
    }
}
