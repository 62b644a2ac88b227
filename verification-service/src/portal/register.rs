//! Registering with the code of a letter: after the letter ([`super::letter`]) user name and password, then the second factor. The account
//! exists only once all three are done. The same way with a later letter sets a new password: it ends the old password,
//! second factors, sessions and the copies of codes.

use super::activity::{About, Deed, note};
use super::cookies::Known;
use super::page::{self, Filled, Frame};
use super::passkeys::{self, Ceremony};
use super::passwords::{self, PASSWORD_COST};
use super::rows::{Invitation, Login, LoginKind, Session, Stage, StoredPasskey};
use super::second;
use super::sign_in::{home_of, name_of, next};
use super::visitor::{Posted, Visitor};
use super::{Fault, Portal, totp};
use crate::random::{self, uuid_v7};
use crate::secrets::Tag;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::Timestamp;
use zeroize::Zeroizing;

#[derive(Template)]
#[template(path = "register_account.html")]
struct AccountPage {
    f: Frame,
    form: Filled,
    /// For a new password: the user name that stays.
    user_name: Option<PersonalText>,
    shortest: i64,
}

#[derive(Template)]
#[template(path = "register_second.html")]
struct SecondPage {
    f: Frame,
    form: Filled,
    qr: String,
    key: Zeroizing<String>,
    passkeys: bool,
}

/// What a registration has so far; sealed in its session.
#[derive(Serialize, Deserialize)]
pub struct Registration {
    invitation: [u8; 32],
    representative: bool,
    account: Uuid,
    representation: Option<Uuid>,
    /// Of the login that is made, or that gets a new password.
    pub login: Uuid,
    reset: bool,
    #[serde(with = "verification_api::personal::wire")]
    pub user_name: PersonalText,
    password: Option<Password>,
}

#[derive(Serialize, Deserialize)]
struct Password {
    salt: [u8; 16],
    kid: u8,
    nonce: [u8; 12],
    tag: Vec<u8>,
    totp: [u8; totp::SECRET_LEN],
}

impl Drop for Password {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.totp);
    }
}

impl Registration {
    /// Of a letter's receiver, who may have a login already.
    pub(super) fn begin(
        portal: &Portal,
        invitation: &Invitation,
        existing: Option<&Login>,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let (login, user_name) = match existing {
            Some(login) => {
                let name = portal.app.keys.open_text(&[login.id.as_bytes(), b"user name"], &login.user_name)?;
                (login.id, PersonalText::from(name.as_str()))
            }
            None => (uuid_v7(&*portal.app.random, now)?, PersonalText::default()),
        };
        Ok(Self {
            invitation: invitation.hash,
            representative: invitation.kind == LoginKind::Representative,
            account: invitation.account,
            representation: invitation.representation,
            login,
            reset: existing.is_some(),
            user_name,
            password: None,
        })
    }

    pub(super) fn open(portal: &Portal, session: &Session) -> Result<Option<Self>, Fault> {
        let Some(sealed) = session.registration.as_ref().filter(|_| session.stage == Stage::Register) else {
            return Ok(None);
        };
        let plain = portal.app.keys.open(&[session.id.as_bytes(), b"registration"], sealed)?;
        Ok(serde_json::from_slice(&plain).ok())
    }

    pub(super) fn seal(&self, portal: &Portal, session: Uuid) -> Result<Vec<u8>, Fault> {
        let plain = crate::put_once::json(self)?;
        Ok(portal.app.keys.seal(&*portal.app.random, &[session.as_bytes(), b"registration"], &plain)?)
    }
}

/// `GET /register/account`; with `?taken` if somebody else took the user name meanwhile.
pub(super) async fn account(
    State(portal): State<Arc<Portal>>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let Some((_, registration)) = open(&portal, &visitor)? else { return Ok(page::go("/register?ended")) };
    let f = visitor.frame(&portal, "register-account-title");
    let mut filled = Filled::default();
    if query.as_deref() == Some("taken") && !registration.reset {
        filled.wrong("user-name", f.t("user-name-taken"));
        filled.keep("user-name", registration.user_name.clone());
    }
    let f = f.wrong(filled.is_wrong());
    page::html(&portal, &visitor, &account_page(f, filled, &registration))
}

/// `POST /register/account`
pub(super) async fn set_account(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let Some((session, mut registration)) = open(&portal, &visitor)? else { return Ok(page::go("/register?ended")) };
    let f = visitor.frame(&portal, "register-account-title");
    let mut filled = Filled::default();
    if !registration.reset {
        registration.user_name = form.trimmed("user-name");
        if let Some(message) = wrong_user_name(&registration.user_name) {
            filled.wrong("user-name", f.t(message));
        } else {
            let name = name_of(&portal.app.keys, &registration.user_name);
            if portal.app.store.read().await?.login_named(name).await?.is_some() {
                filled.wrong("user-name", f.t("user-name-taken"));
            }
        }
    }
    let password = form.get("new-password");
    let account = (!registration.representative).then_some(registration.account);
    match passwords::weigh(&portal, &password, &registration.user_name, account).await? {
        Err(weak) => filled.wrong("new-password", f.count(weak.message(), &shortest())),
        Ok(()) if password != form.get("repeated-password") => {
            filled.wrong("repeated-password", f.t("password-not-repeated"));
        }
        Ok(()) => {}
    }
    if filled.is_wrong() {
        if !registration.reset {
            filled.keep("user-name", registration.user_name.clone());
        }
        return page::html_wrong(&portal, &visitor, &account_page(f.wrong(true), filled, &registration));
    }
    let salt = random::bytes(&*portal.app.random)?;
    let derived = portal.derive(&password, salt, PASSWORD_COST).await?;
    let tag = portal.app.keys.tag(&*portal.app.random, &[registration.login.as_bytes(), b"password"], &*derived)?;
    // Back from the next step, an app that was set up there need not be set up again.
    let totp = match &registration.password {
        Some(password) => password.totp,
        None => *totp::new_secret(&*portal.app.random)?,
    };
    registration.password = Some(Password { salt, kid: tag.kid, nonce: tag.nonce, tag: tag.tag, totp });
    let sealed = registration.seal(&portal, session.id)?;
    let at = portal.app.now().unix_millis();
    let kept = portal.app.store.write("keep a registration", move |tx| {
        Box::pin(async move { tx.set_registration(&session.hash, sealed, at).await })
    });
    kept.await?;
    Ok(page::go("/register/second-step"))
}

/// `GET /register/second-step`
pub(super) async fn second_step(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Result<Response, Fault> {
    let Some((_, registration)) = open(&portal, &visitor)? else { return Ok(page::go("/register?ended")) };
    let f = visitor.frame(&portal, "register-second-title");
    match second_page(&portal, f, Filled::default(), &registration) {
        Some(second) => page::html(&portal, &visitor, &second),
        None => Ok(page::go("/register/account")),
    }
}

/// `POST /register/second-step`: with a right code, or a passkey, the account is made.
pub(super) async fn finish(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let Some((half, registration)) = open(&portal, &visitor)? else { return Ok(page::go("/register?ended")) };
    let Some(password) = &registration.password else { return Ok(page::go("/register/account")) };
    let f = visitor.frame(&portal, "register-second-title");
    let now = portal.app.now();
    let (at, id) = (now.unix_millis(), registration.login);
    let reply = form.get("passkey");
    let (mut passkey, mut step) = (None, None);
    if reply.is_empty() {
        step = form.get("one-time-code").expose(|typed| totp::step_of(&password.totp, typed, at, 0));
    } else if let Some(ceremony) = Ceremony::of(&portal, &half)?
        && let Some(sealed) = passkeys::made(&portal, id, &ceremony, &reply)?
    {
        let row = uuid_v7(&*portal.app.random, now)?;
        passkey = Some(StoredPasskey { id: row, login: id, sealed, made_at: at, last_used: None });
    }
    if step.is_none() && passkey.is_none() {
        let mut filled = Filled::default();
        let message = if reply.is_empty() { "second-step-wrong" } else { "passkey-failed" };
        filled.wrong("one-time-code", f.t(message));
        let again = second_page(&portal, f.wrong(true), filled, &registration).ok_or(Fault::Unavailable)?;
        return page::html_wrong(&portal, &visitor, &again);
    }
    let sealed = |what: &[u8], plain: &[u8]| portal.app.keys.seal(&*portal.app.random, &[id.as_bytes(), what], plain);
    let totp = match step {
        Some(_) => Some(sealed(b"totp", &password.totp)?),
        None => None,
    };
    let kind = if registration.representative { LoginKind::Representative } else { LoginKind::Holder };
    let login = Login {
        id,
        kind,
        account: (!registration.representative).then_some(registration.account),
        user_name: registration.user_name.expose(|name| sealed(b"user name", name.as_bytes()))?,
        salt: password.salt,
        tag: Tag { kid: password.kid, nonce: password.nonce, tag: password.tag.clone() },
        password_at: at,
        totp,
        totp_step: step.unwrap_or(0),
        made_at: at,
    };
    let (token, session) = next(&portal, &visitor, Stage::SignedIn, &login, now)?;
    let (home, name) = (home_of(&login), name_of(&portal.app.keys, &registration.user_name));
    let shared = Arc::clone(&portal);
    let made = portal.app.store.write("register", move |tx| {
        Box::pin(async move {
            let undone = || crate::store::StoreError::TakenOver;
            // Before anything else is written, so that one can choose another name.
            if !registration.reset && !tx.add_login(&login, name).await? {
                return if tx.login_named(name).await?.is_some() { Ok(false) } else { Err(undone()) };
            }
            if !tx.use_letter(&registration.invitation, at).await? || !tx.end_portal_session(&half.hash, at).await? {
                return Err(undone());
            }
            if registration.reset {
                tx.set_password(id, login.salt, &login.tag, at).await?;
                tx.set_totp(id, login.totp.clone(), login.totp_step).await?;
                tx.remove_passkeys(id).await?;
                tx.forget_locked_codes(id).await?;
                tx.end_portal_sessions_of(id, &session.hash, at).await?;
            }
            if let Some(passkey) = &passkey {
                tx.add_passkey(passkey).await?;
            }
            if let Some(representation) = registration.representation.filter(|_| !registration.reset) {
                if !tx.accept_representation(representation, id, at).await? {
                    return Err(undone());
                }
                let about = About { account: Some(registration.account), representation: Some(representation) };
                note(tx, &shared.app, now, id, Deed::RepresentativeAccepted, about).await?;
            }
            // Whatever was tried before, the letter's receiver is not kept out.
            for subject in second::tries_of(&shared.app.keys, name, id) {
                second::refund(tx, subject, at).await?;
            }
            tx.add_portal_session(&session).await?;
            let deed = if registration.reset { Deed::PasswordReset } else { Deed::Registered };
            note(tx, &shared.app, now, id, deed, About { account: login.account, representation: None }).await?;
            Ok(true)
        })
    });
    match made.await {
        Ok(true) => {
            let mut response = page::go(home);
            page::set_cookie(&mut response, token.set_session());
            page::set_cookie(&mut response, Known::set(&portal.app.keys, id, at, at));
            Ok(response)
        }
        // The user name was taken meanwhile.
        Ok(false) => Ok(page::go("/register/account?taken")),
        // The letter was used, or has ended, meanwhile: from the start.
        Err(crate::store::StoreError::TakenOver) => Ok(page::go("/register?ended")),
        Err(why) => Err(why.into()),
    }
}

fn open(portal: &Portal, visitor: &Visitor) -> Result<Option<(Session, Registration)>, Fault> {
    let Some(session) = visitor.at_stage(Stage::Register) else { return Ok(None) };
    Ok(Registration::open(portal, session)?.map(|registration| (session.clone(), registration)))
}

fn account_page(f: Frame, form: Filled, registration: &Registration) -> AccountPage {
    let user_name = registration.reset.then(|| registration.user_name.clone());
    AccountPage { f, form, user_name, shortest: shortest() }
}

fn second_page(portal: &Portal, f: Frame, form: Filled, registration: &Registration) -> Option<SecondPage> {
    let password = registration.password.as_ref()?;
    let issuer = f.t("service-name");
    let qr = registration.user_name.expose(|name| totp::svg(&password.totp, &issuer, name))?;
    let key = totp::typed_secret(&password.totp);
    Some(SecondPage { f, form, qr, key, passkeys: portal.passkeys.is_some() })
}

/// Fewest characters of a password, for messages.
pub(super) fn shortest() -> i64 {
    i64::try_from(passwords::SHORTEST).unwrap_or(i64::MAX)
}

/// Letters, digits and a few signs that every keyboard has.
fn wrong_user_name(user_name: &PersonalText) -> Option<&'static str> {
    user_name.expose(|name| match name.chars().count() {
        0 => Some("user-name-missing"),
        4..=64 if name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+".contains(c)) => None,
        _ => Some("user-name-form"),
    })
}
