//! `POST /kiosk/v1/certificate`: renewal.

use super::caller::{Caller, PeerIdentity};
use super::edge::{ok, parse, whole};
use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::pki::{self, Subject};
use crate::put_once::{Reply, take};
use crate::refusal::Refusal;
use crate::store::Locked;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use serde_json::json as object;
use std::sync::Arc;
use verification_api::wire::{CertificateReply, CertificateRequest, ProblemType};

/// The caller's next certificate. A lost reply is simply asked again with the same key.
pub async fn renew(
    State(app): State<Arc<App>>,
    Caller(kiosk): Caller,
    Extension(identity): Extension<PeerIdentity>,
    body: Body,
) -> Result<Reply, Refusal> {
    let request: CertificateRequest = parse(&whole(body).await?)?;
    let key = pki::requested_key(&request.csr).map_err(|why| Refusal::malformed(why.to_string()))?;
    let now = app.now();
    let days = app.config.kiosks.certificate_days;
    let subject = Subject { id: kiosk.id, name: &kiosk.number, role: kiosk.role };
    let certificate = pki::certify(&app.config.tls.dir, &subject, &key, days, &*app.random, now).map_err(|why| {
        tracing::error!(cause = %why, "a certificate could not be made");
        Refusal::new(ProblemType::Unavailable)
    })?;
    let (chain, not_after) = (certificate.chain_pem.clone(), certificate.not_after);
    let shared = Arc::clone(&app);
    let stored = app.write_of(kiosk.id, "renew a certificate", move |tx| {
        Box::pin(async move {
            tx.lock(Locked::Kiosk, kiosk.id.as_bytes()).await?;
            let rate = shared.config.limits.renewals();
            if let Err(wait) = take(tx, &format!("certificates/{}", kiosk.id), rate, now).await? {
                return Ok(Err(Refusal::limited(wait)));
            }
            let key = certificate.key();
            if !tx.renew_key(kiosk.id, &identity.spki, &key, shared.now().unix_millis()).await? {
                return Ok(Err(Refusal::malformed("This key was in use before: make a new one")));
            }
            let detail = object!({ "spki": hex::encode(key.spki), "serial": hex::encode(&key.serial) });
            let (actor, subject) = (Actor::Kiosk(kiosk.id), kiosk.id.to_string());
            audit::append(tx, now, actor, Event::CertificateRenewed, &subject, &detail).await?;
            Ok(Ok(()))
        })
    });
    stored.await??;
    ok(&CertificateReply { chain, not_after, checkpoint: app.checkpoint(), server_time: now })
}
