//! Passkeys (WebAuthn level 3, user verification required). A ceremony's state is sealed in the session's row: its second
//! half may reach another instance. It counts once, and only for five minutes.

use super::register::Registration;
use super::rows::{Login, Session, Stage, StoredPasskey};
use super::visitor::Posted;
use super::{Fault, Portal};
use crate::clock::MINUTE;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
};

const GOOD_FOR: i64 = 5 * MINUTE;

/// The first half of a ceremony.
#[derive(Serialize, Deserialize)]
pub struct Ceremony {
    begun_at: i64,
    state: Half,
}

#[derive(Serialize, Deserialize)]
enum Half {
    Make(PasskeyRegistration),
    Use(PasskeyAuthentication),
}

impl Ceremony {
    /// The one that this session began, if it is young enough.
    pub(super) fn of(portal: &Portal, session: &Session) -> Result<Option<Self>, Fault> {
        let Some(sealed) = &session.ceremony else { return Ok(None) };
        let plain = portal.app.keys.open(&[session.id.as_bytes(), b"ceremony"], sealed)?;
        let ceremony: Option<Self> = serde_json::from_slice(&plain).ok();
        let now = portal.app.now().unix_millis();
        Ok(ceremony.filter(|ceremony| now < ceremony.begun_at + GOOD_FOR))
    }
}

/// `POST /passkey/challenge`: the options of `navigator.credentials`, as JSON. `ceremony` is `make` or `use`.
pub(super) async fn challenge(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let webauthn = portal.passkeys.as_ref().ok_or(Fault::NotFound)?;
    let session = visitor.session.clone().ok_or(Fault::SignInFirst)?;
    let make = form.get("ceremony").expose(|kind| kind == "make");
    let failed = |why| {
        tracing::error!(cause = ?why, "a passkey's ceremony did not begin");
        Fault::Unavailable
    };
    let stored = match visitor.login() {
        Some(login) => portal.app.store.read().await?.passkeys_of(login.id).await?,
        None => vec![],
    };
    let known = stored.iter().map(|passkey| open(&portal, passkey)).collect::<Result<Vec<_>, _>>()?;
    let (options, state) = if make {
        let (id, name) = match (session.stage, visitor.login()) {
            (Stage::Register, _) => {
                let registration = Registration::open(&portal, &session)?.ok_or(Fault::SignInFirst)?;
                (registration.login, registration.user_name)
            }
            (Stage::SignedIn, Some(login)) => {
                let (name, _) = visitor.user.clone().ok_or(Fault::SignInFirst)?;
                (login.id, name)
            }
            _ => return Err(Fault::SignInFirst),
        };
        let exclude = known.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let (options, state) =
            name.expose(|name| webauthn.start_passkey_registration(id, name, name, Some(exclude))).map_err(failed)?;
        (serde_json::to_value(options), Half::Make(state))
    } else {
        if known.is_empty() {
            return Err(Fault::NotFound);
        }
        let (options, state) = webauthn.start_passkey_authentication(&known).map_err(failed)?;
        (serde_json::to_value(options), Half::Use(state))
    };
    let options = options.map_err(|_| Fault::Unavailable)?;
    let ceremony = Ceremony { begun_at: portal.app.now().unix_millis(), state };
    let plain = crate::put_once::json(&ceremony)?;
    let sealed = portal.app.keys.seal(&*portal.app.random, &[session.id.as_bytes(), b"ceremony"], &plain)?;
    let begun = portal
        .app
        .store
        .write("begin a ceremony", move |tx| Box::pin(async move { tx.set_ceremony(&session.hash, sealed).await }));
    begun.await?;
    Ok(Json(options).into_response())
}

/// The second half of a use: the passkey's row, with its new counter.
pub(super) fn check(
    portal: &Portal,
    login: &Login,
    stored: &[StoredPasskey],
    ceremony: &Ceremony,
    reply: &PersonalText,
) -> Result<Option<(Uuid, Vec<u8>)>, Fault> {
    let (Some(webauthn), Half::Use(state)) = (&portal.passkeys, &ceremony.state) else { return Ok(None) };
    let Some(reply) = reply.expose(|json| serde_json::from_str::<PublicKeyCredential>(json).ok()) else {
        return Ok(None);
    };
    let Ok(result) = webauthn.finish_passkey_authentication(&reply, state) else { return Ok(None) };
    for row in stored {
        let mut passkey = open(portal, row)?;
        if passkey.update_credential(&result).is_some() {
            return Ok(Some((row.id, seal(portal, login.id, &passkey)?)));
        }
    }
    Ok(None)
}

/// The second half of making one: sealed for `login`.
pub(super) fn made(
    portal: &Portal,
    login: Uuid,
    ceremony: &Ceremony,
    reply: &PersonalText,
) -> Result<Option<Vec<u8>>, Fault> {
    let (Some(webauthn), Half::Make(state)) = (&portal.passkeys, &ceremony.state) else { return Ok(None) };
    let reply = reply.expose(|json| serde_json::from_str::<RegisterPublicKeyCredential>(json).ok());
    let Some(reply) = reply else { return Ok(None) };
    match webauthn.finish_passkey_registration(&reply, state) {
        Ok(passkey) => seal(portal, login, &passkey).map(Some),
        Err(_) => Ok(None),
    }
}

fn open(portal: &Portal, row: &StoredPasskey) -> Result<Passkey, Fault> {
    let plain = portal.app.keys.open(&[row.login.as_bytes(), b"passkey"], &row.sealed)?;
    serde_json::from_slice(&plain).map_err(|_| crate::store::StoreError::NotUnderstood("passkey").into())
}

fn seal(portal: &Portal, login: Uuid, passkey: &Passkey) -> Result<Vec<u8>, Fault> {
    let plain = crate::put_once::json(passkey)?;
    Ok(portal.app.keys.seal(&*portal.app.random, &[login.as_bytes(), b"passkey"], &plain)?)
}
