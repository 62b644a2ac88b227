//! "Confirm that it is you": the password and a second factor, given just now.

use super::activity::{About, Deed, note};
use super::forms::Form;
use super::page::{Filled, Frame};
use super::passwords::PASSWORD_COST;
use super::rows::Login;
use super::second::{self, Ways};
use super::visitor::Signed;
use super::{Fault, Portal};
use crate::clock::MINUTE;
use std::sync::Arc;
use verification_api::personal::PersonalText;

/// How long a confirmation counts for changes of how one signs in.
pub const FRESH_FOR: i64 = 10 * MINUTE;

/// Proof that the password and a second factor were given in this very request. Only [`confirm`] makes one.
pub struct Confirmed {
    /// Right, for keys that only it makes.
    pub password: PersonalText,
}

/// Ways to confirm, for the form.
pub(super) async fn ways(portal: &Portal, signed: &Signed) -> Result<Ways, Fault> {
    let passkeys = portal.app.store.read().await?.passkeys_of(signed.login.id).await?;
    Ok(Ways::of(&signed.login, &passkeys))
}

/// Checks the form's password and second factor. Charged first, as a sign-in; what is wrong goes into `filled`.
pub(super) async fn confirm(
    portal: &Arc<Portal>,
    signed: &Signed,
    form: &Form,
    frame: &Frame,
    filled: &mut Filled,
) -> Result<Option<Confirmed>, Fault> {
    let login = &signed.login;
    let tries = second::factor_tries(portal, login.id);
    if let Err(wait) = second::charge(portal, tries).await? {
        filled.wrong("password", frame.count("locked", &second::minutes(wait)));
        return Ok(None);
    }
    let password = form.get("password");
    let right = password_is_right(portal, login, &password).await?;
    let passkeys = portal.app.store.read().await?.passkeys_of(login.id).await?;
    let proof = second::proof(portal, login, &passkeys, &signed.session, form)?;
    let (shared, login_id, account, hash) = (Arc::clone(portal), login.id, login.account, signed.session.hash);
    let proof = proof.filter(|_| right);
    let confirmed = portal.app.store.write("confirm", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            let at = now.unix_millis();
            let spent = match proof {
                Some(proof) => second::spend(tx, login_id, &hash, proof, at).await?,
                None => false,
            };
            if spent {
                second::refund(tx, tries, at).await?;
                tx.freshen_portal_session(&hash, at).await?;
            } else {
                let about = About { account, representation: None };
                note(tx, &shared.app, now, login_id, Deed::ConfirmationFailed, about).await?;
            }
            Ok(spent)
        })
    });
    if confirmed.await? {
        return Ok(Some(Confirmed { password }));
    }
    // One sentence for all: which of the two was wrong is not told.
    filled.wrong("password", frame.t("confirm-wrong"));
    Ok(None)
}

/// Whether this is the login's password.
pub(super) async fn password_is_right(portal: &Portal, login: &Login, password: &PersonalText) -> Result<bool, Fault> {
    let derived = portal.derive(password, login.salt, PASSWORD_COST).await?;
    Ok(portal.app.keys.tag_holds(&login.tag, &[login.id.as_bytes(), b"password"], &*derived)?)
}

impl Signed {
    /// Whether password and second factor were given lately enough to change how one signs in.
    #[must_use]
    pub fn is_fresh(&self, now: i64) -> bool {
        now < self.session.fresh_at + FRESH_FOR
    }
}
