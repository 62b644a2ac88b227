//! Signing in and out: the password first, then the second factor. An unknown user name costs the same work and gets the
//! same reply as a wrong password.

use super::activity::{About, Deed, note};
use super::confirm::password_is_right;
use super::cookies::{self, Known, Token};
use super::page::{self, Filled, Frame};
use super::passwords::PASSWORD_COST;
use super::rows::{Login, LoginKind, Session, Stage};
use super::second::{self, Ways};
use super::visitor::{Posted, SignedPost, Visitor};
use super::{Fault, Portal};
use crate::audit::{self, Actor, Event};
use crate::put_once::take;
use crate::random::uuid_v7;
use crate::secrets::{Blind, Keys, SealError};
use crate::store::Locked;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;
use verification_api::personal::PersonalText;
use verification_api::wire::Timestamp;

/// Whose rate all sign-ins share.
const SIGN_INS: &str = "portal sign-ins";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    f: Frame,
    form: Filled,
    ended: bool,
}

#[derive(Template)]
#[template(path = "sign_in_second.html")]
struct SecondPage {
    f: Frame,
    form: Filled,
    ways: Ways,
}

/// Where a user name is looked up: case does not matter.
#[must_use]
pub fn name_of(keys: &Keys, user_name: &PersonalText) -> Blind {
    user_name.expose(|name| keys.blind("portal user name", &name.trim().to_lowercase()))
}

impl Login {
    /// Where the user name stands, under every index key that is known.
    ///
    /// # Errors
    /// [`SealError`] if it does not open.
    pub fn name(&self, keys: &Keys) -> Result<Blind, SealError> {
        let name = keys.open_text(&[self.id.as_bytes(), b"user name"], &self.user_name)?;
        Ok(name_of(keys, &PersonalText::from(name.as_str())))
    }
}

/// `GET /sign-in`
pub(super) async fn show(
    State(portal): State<Arc<Portal>>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    // Also a page whose own timer has ended, while another one was used.
    if let (Some(_), Some(login)) = (visitor.at_stage(Stage::SignedIn), visitor.login()) {
        return Ok(page::go(home_of(login)));
    }
    let f = visitor.frame(&portal, "sign-in-title");
    let ended = query.as_deref() == Some("ended");
    page::html(&portal, &visitor, &Page { f, form: Filled::default(), ended })
}

/// `POST /sign-in`
pub(super) async fn password(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let f = visitor.frame(&portal, "sign-in-title");
    let mut filled = Filled::default();
    let (user_name, password) = (form.trimmed("user-name"), form.get("password"));
    if user_name.is_empty() {
        filled.wrong("user-name", f.t("user-name-missing"));
    }
    if password.is_empty() {
        filled.wrong("password", f.t("password-missing"));
    }
    let mut login = None;
    if !filled.is_wrong() {
        let name = name_of(&portal.app.keys, &user_name);
        let named = portal.app.store.read().await?.login_named(name).await?;
        let known = named.as_ref().is_some_and(|login| visitor.is_known_to(&portal, login));
        if !known && !admitted(&portal).await? {
            filled.wrong("user-name", f.t("sign-ins-busy"));
            filled.keep("user-name", user_name);
            let page = Page { f: f.wrong(true), form: filled, ended: false };
            let mut response = page::html_with(&portal, &visitor, StatusCode::TOO_MANY_REQUESTS, &page)?;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
            return Ok(response);
        }
        match second::charge(&portal, second::password_tries(&portal, name, known)).await? {
            Err(wait) => filled.wrong("user-name", f.count("locked", &second::minutes(wait))),
            Ok(()) => {
                login = right_login(&portal, (name, named), &password).await?;
                if login.is_none() {
                    filled.wrong("user-name", f.t("sign-in-wrong"));
                }
            }
        }
    }
    let Some(login) = login else {
        filled.keep("user-name", user_name);
        return page::html_wrong(&portal, &visitor, &Page { f: f.wrong(true), form: filled, ended: false });
    };
    let now = portal.app.now();
    let (token, session) = next(&portal, &visitor, Stage::SecondStep, &login, now)?;
    let old = visitor.session.as_ref().map(|session| session.hash);
    let begun = portal.app.store.write("password was right", move |tx| {
        Box::pin(async move {
            if let Some(old) = old {
                tx.end_portal_session(&old, now.unix_millis()).await?;
            }
            tx.add_portal_session(&session).await
        })
    });
    begun.await?;
    let mut response = page::go("/sign-in/second-step");
    page::set_cookie(&mut response, token.set_session());
    Ok(response)
}

/// `GET /sign-in/second-step`
pub(super) async fn second_step(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Result<Response, Fault> {
    let (Some(_), Some(login)) = (visitor.at_stage(Stage::SecondStep), visitor.login()) else {
        return Ok(page::go("/sign-in?ended"));
    };
    let passkeys = portal.app.store.read().await?.passkeys_of(login.id).await?;
    let ways = Ways::of(login, &passkeys);
    let f = visitor.frame(&portal, "second-step-title");
    page::html(&portal, &visitor, &SecondPage { f, form: Filled::default(), ways })
}

/// `POST /sign-in/second-step`
pub(super) async fn finish(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let (Some(half), Some(login)) = (visitor.at_stage(Stage::SecondStep).cloned(), visitor.login().cloned()) else {
        return Ok(page::go("/sign-in?ended"));
    };
    let f = visitor.frame(&portal, "second-step-title");
    let mut filled = Filled::default();
    let passkeys = portal.app.store.read().await?.passkeys_of(login.id).await?;
    let ways = Ways::of(&login, &passkeys);
    let tries = second::factor_tries(&portal, login.id);
    let field = if ways.app { "one-time-code" } else { "passkey-button" };
    if let Err(wait) = second::charge(&portal, tries).await? {
        filled.wrong(field, f.count("locked", &second::minutes(wait)));
        return page::html_wrong(&portal, &visitor, &SecondPage { f: f.wrong(true), form: filled, ways });
    }
    let proof = second::proof(&portal, &login, &passkeys, &half, &form)?;
    let now = portal.app.now();
    let (token, session) = next(&portal, &visitor, Stage::SignedIn, &login, now)?;
    let (shared, id, account) = (Arc::clone(&portal), login.id, login.account);
    // Only the count that was charged: a stranger's tries go on counting while the holder comes and goes.
    let known = visitor.is_known_to(&portal, &login);
    let passwords = second::password_tries(&portal, login.name(&portal.app.keys)?, known);
    let signed_in = portal.app.store.write("sign in to the portal", move |tx| {
        Box::pin(async move {
            let at = now.unix_millis();
            let about = About { account, representation: None };
            // The half session signs in once.
            let spent = match proof {
                Some(proof) => {
                    second::spend(tx, id, &half.hash, proof, at).await? && tx.end_portal_session(&half.hash, at).await?
                }
                None => false,
            };
            if !spent {
                note(tx, &shared.app, now, id, Deed::SignInFailed, about).await?;
                return Ok(false);
            }
            for subject in [tries, passwords] {
                second::refund(tx, subject, at).await?;
            }
            tx.add_portal_session(&session).await?;
            note(tx, &shared.app, now, id, Deed::SignedIn, about).await?;
            Ok(true)
        })
    });
    if !signed_in.await? {
        filled.wrong(field, f.t("second-step-wrong"));
        return page::html_wrong(&portal, &visitor, &SecondPage { f: f.wrong(true), form: filled, ways });
    }
    let mut response = page::go(home_of(&login));
    page::set_cookie(&mut response, token.set_session());
    page::set_cookie(&mut response, Known::set(&portal.app.keys, login.id, login.password_at, now.unix_millis()));
    Ok(response)
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let (hash, id, account) = (post.signed.session.hash, post.signed.login.id, post.signed.login.account);
    let shared = Arc::clone(&portal);
    let ended = portal.app.store.write("sign out of the portal", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            tx.end_portal_session(&hash, now.unix_millis()).await?;
            note(tx, &shared.app, now, id, Deed::SignedOut, About { account, representation: None }).await
        })
    });
    ended.await?;
    let mut response = page::go("/");
    page::set_cookie(&mut response, cookies::forget_session());
    Ok(response)
}

/// Where one arrives after signing in.
pub(super) const fn home_of(login: &Login) -> &'static str {
    match login.kind {
        LoginKind::Holder => "/account",
        LoginKind::Representative => "/clients",
    }
}

/// The next stage: another cookie, another row.
pub(super) fn next(
    portal: &Portal,
    visitor: &Visitor,
    stage: Stage,
    login: &Login,
    now: Timestamp,
) -> Result<(Token, Session), Fault> {
    let token = Token::new(&*portal.app.random)?;
    let id = uuid_v7(&*portal.app.random, now)?;
    let begun = Session::begun(token.hash(), id, stage, visitor.agent.clone(), now.unix_millis());
    Ok((token, Session { login: Some(login.id), ..begun }))
}

/// Takes one of the sign-ins that are weighed in a minute; false over that rate, and then nothing is written: each would cost a
/// derivation and rows, whoever it names.
async fn admitted(portal: &Arc<Portal>) -> Result<bool, Fault> {
    let rate = portal.app.config.limits.sign_ins();
    let arrival = portal.app.store.read().await?.arrival(SIGN_INS).await?;
    if rate.take(arrival, portal.app.now().unix_millis()).is_err() {
        return Ok(false);
    }
    let shared = Arc::clone(portal);
    let taken = portal.app.store.write("admit a sign-in", move |tx| {
        Box::pin(async move {
            tx.lock(Locked::Pin, SIGN_INS.as_bytes()).await?;
            take(tx, SIGN_INS, rate, shared.app.now()).await
        })
    });
    Ok(taken.await?.is_ok())
}

/// The login, if user name and password are right. Otherwise one derivation and one commit, whether the name exists or not.
async fn right_login(
    portal: &Arc<Portal>,
    (name, login): (Blind, Option<Login>),
    password: &PersonalText,
) -> Result<Option<Login>, Fault> {
    let right = match &login {
        Some(login) => password_is_right(portal, login, password).await?,
        None => {
            let derived = portal.derive(password, portal.app.dummy.salt, PASSWORD_COST).await?;
            portal.app.dummy.compare(&portal.app.keys, &derived);
            false
        }
    };
    if right {
        return Ok(login);
    }
    let shared = Arc::clone(portal);
    let known = login.map(|login| (login.id, login.account));
    let noted = portal.app.store.write("password was wrong", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            match known {
                Some((id, account)) => {
                    let about = About { account, representation: None };
                    note(tx, &shared.app, now, id, Deed::SignInFailed, about).await
                }
                None => {
                    let event = Event::Portal(Deed::SignInFailed);
                    audit::append(tx, now, Actor::Service, event, &name.hex(), &json!({})).await.map(drop)
                }
            }
        })
    });
    noted.await?;
    Ok(None)
}
