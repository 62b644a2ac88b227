//! The second factor: a code of an authenticator app, or a passkey. Checked first, spent in the transaction that relies on
//! it, so that neither serves twice.

use super::forms::Form;
use super::passkeys::{self, Ceremony};
use super::rows::{Login, Session, StoredPasskey};
use super::{Fault, Portal, totp};
use crate::secrets::{Blind, Keys};
use crate::store::{Answer, Locked, Tx};
use crate::throttle::PinThrottle;
use uuid::Uuid;

/// What a person can give, for forms.
#[derive(Clone, Copy)]
pub struct Ways {
    pub app: bool,
    pub passkey: bool,
}

/// A second factor that was right, not yet spent.
#[derive(Clone)]
pub enum Proof {
    App { step: i64 },
    Passkey { id: Uuid, sealed: Vec<u8>, ceremony: Vec<u8> },
}

impl Ways {
    pub(super) fn of(login: &Login, passkeys: &[StoredPasskey]) -> Self {
        Self { app: login.totp.is_some(), passkey: !passkeys.is_empty() }
    }
}

/// What the form proves; `None` if it proves nothing.
pub(super) fn proof(
    portal: &Portal,
    login: &Login,
    passkeys: &[StoredPasskey],
    session: &Session,
    form: &Form,
) -> Result<Option<Proof>, Fault> {
    let reply = form.get("passkey");
    if !reply.is_empty() {
        let Some(ceremony) = Ceremony::of(portal, session)? else { return Ok(None) };
        let Some((id, sealed)) = passkeys::check(portal, login, passkeys, &ceremony, &reply)? else { return Ok(None) };
        return Ok(session.ceremony.clone().map(|ceremony| Proof::Passkey { id, sealed, ceremony }));
    }
    let Some(sealed) = &login.totp else { return Ok(None) };
    let secret = portal.app.keys.open(&[login.id.as_bytes(), b"totp"], sealed)?;
    let now = portal.app.now().unix_millis();
    let step = form.get("one-time-code").expose(|typed| totp::step_of(&secret, typed, now, login.totp_step));
    Ok(step.map(|step| Proof::App { step }))
}

/// Spends a proof; false if another request has spent it meanwhile.
pub(super) async fn spend(tx: &mut Tx, login: Uuid, session: &[u8; 32], proof: Proof, now: i64) -> Answer<bool> {
    match proof {
        Proof::App { step } => tx.take_totp_step(login, step).await,
        Proof::Passkey { id, sealed, ceremony } => {
            Ok(tx.take_ceremony(session, ceremony).await? && tx.use_passkey(id, sealed, now).await?)
        }
    }
}

/// Charges one try before it is evaluated; the milliseconds to wait while locked.
pub(super) async fn charge(portal: &Portal, subject: Blind) -> Result<Result<(), i64>, Fault> {
    let locks = portal.app.config.limits.pin_locks();
    let clock = std::sync::Arc::clone(&portal.app.clock);
    let charged = portal.app.store.write("charge a sign-in", move |tx| {
        Box::pin(async move {
            tx.lock_place(Locked::Pin, &subject).await?;
            match tx.pin_throttle(subject).await?.charged(clock.now().unix_millis(), locks) {
                Ok(state) => tx.set_pin_throttle(subject, state).await.map(Ok),
                Err(wait) => Ok(Err(wait)),
            }
        })
    });
    Ok(charged.await?)
}

/// The refund of a try that was right.
pub(super) async fn refund(tx: &mut Tx, subject: Blind, now: i64) -> Answer<()> {
    tx.set_pin_throttle(subject, PinThrottle { last_at: now, ..PinThrottle::default() }).await
}

/// Where tries with a user name are counted, whether it exists or not. Browsers that are known to the login have a count of
/// their own: a stranger's tries do not keep them out.
pub(super) fn password_tries(portal: &Portal, name: Blind, known: bool) -> Blind {
    if known { known_of(&portal.app.keys, name) } else { passwords_of(&portal.app.keys, name) }
}

/// Where tries with a login's second factor are counted.
pub(super) fn factor_tries(portal: &Portal, login: Uuid) -> Blind {
    factors_of(&portal.app.keys, login)
}

/// Where tries with a login are counted: with its user name, with it in browsers that are known, with its second factor.
#[must_use]
pub fn tries_of(keys: &Keys, name: Blind, login: Uuid) -> [Blind; 3] {
    let [strangers, known] = tries_with(keys, name);
    [strangers, known, factors_of(keys, login)]
}

/// The first two of [`tries_of`]: with a user name, whether it exists or not.
#[must_use]
pub fn tries_with(keys: &Keys, name: Blind) -> [Blind; 2] {
    [passwords_of(keys, name), known_of(keys, name)]
}

fn passwords_of(keys: &Keys, name: Blind) -> Blind {
    keys.blind_again("portal passwords", &name)
}

fn known_of(keys: &Keys, name: Blind) -> Blind {
    keys.blind_again("portal passwords in known browsers", &name)
}

fn factors_of(keys: &Keys, login: Uuid) -> Blind {
    keys.blind("portal second factors", &login.to_string())
}

/// Whole minutes for a sentence, at least one.
pub(super) const fn minutes(millis: i64) -> i64 {
    (millis + 59_999) / 60_000
}
