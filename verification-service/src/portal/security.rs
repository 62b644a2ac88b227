//! How one signs in: password, authenticator app, passkeys. Each change asks for password and second factor, in the same
//! form or within the last ten minutes.

use super::activity::{About, Deed, note};
use super::backup_code::{self, Card};
use super::confirm;
use super::page::{self, Filled, Frame};
use super::passkeys::{self, Ceremony};
use super::passwords::{self, PASSWORD_COST};
use super::register::shortest;
use super::rows::StoredPasskey;
use super::second::Ways;
use super::view::{self, VIEW_COST, ViewKey};
use super::visitor::{Signed, SignedPost};
use super::{Fault, Portal, totp};
use crate::clock::MINUTE;
use crate::random::{self, uuid_v7};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A shown secret may be confirmed within so long.
const SHOWN_FOR: i64 = 30 * MINUTE;

struct PasskeyLine {
    id: Uuid,
    made: String,
    last_used: Option<String>,
}

#[derive(Template)]
#[template(path = "security.html")]
struct Page {
    f: Frame,
    /// Of a holder: the numbers and the state of their codes.
    codes: Vec<Card>,
    password_at: String,
    app: bool,
    passkeys: Vec<PasskeyLine>,
    can_add_passkey: bool,
    /// Removing the last way to sign in is not offered.
    can_remove: bool,
}

#[derive(Template)]
#[template(path = "security_confirm.html")]
struct ConfirmPage {
    f: Frame,
    form: Filled,
    ways: Ways,
    then: &'static str,
}

#[derive(Template)]
#[template(path = "security_password.html")]
struct PasswordPage {
    f: Frame,
    form: Filled,
    ways: Ways,
    shortest: i64,
}

#[derive(Template)]
#[template(path = "security_app.html")]
struct AppPage {
    f: Frame,
    form: Filled,
    qr: String,
    key: Zeroizing<String>,
    /// The secret, sealed for this login: nothing is kept until a code proves that the app has it.
    sealed: String,
}

#[derive(Template)]
#[template(path = "security_passkey.html")]
struct PasskeyPage {
    f: Frame,
    form: Filled,
}

/// `GET /security`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "security-title");
    let rows = portal.app.store.read().await?.passkeys_of(signed.login.id).await?;
    let app = signed.login.totp.is_some();
    let passkeys: Vec<PasskeyLine> = rows
        .iter()
        .map(|row| PasskeyLine {
            id: row.id,
            made: f.when(&row.made_at),
            last_used: row.last_used.map(|at| f.when(&at)),
        })
        .collect();
    let codes = if signed.holder().is_ok() { backup_code::cards(&portal, &signed, &f).await? } else { vec![] };
    let page = Page {
        codes,
        password_at: f.when(&signed.login.password_at),
        app,
        can_add_passkey: portal.passkeys.is_some(),
        can_remove: app || passkeys.len() > 1,
        passkeys,
        f,
    };
    page::html(&portal, &signed.visitor, &page)
}

/// `GET /security/confirm?then=…`
pub(super) async fn confirm_page(portal: &Arc<Portal>, signed: &Signed, then: &'static str) -> Result<Response, Fault> {
    let f = signed.visitor.frame(portal, "confirm-title");
    let ways = confirm::ways(portal, signed).await?;
    page::html(portal, &signed.visitor, &ConfirmPage { f, form: Filled::default(), ways, then })
}

pub(super) async fn confirm(
    State(portal): State<Arc<Portal>>,
    RawQuery(query): RawQuery,
    signed: Signed,
) -> Result<Response, Fault> {
    confirm_page(&portal, &signed, after(query.as_deref().unwrap_or_default())).await
}

/// `POST /security/confirm`
pub(super) async fn confirmed(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let then = form.get("then").expose(after);
    let f = signed.visitor.frame(&portal, "confirm-title");
    let mut filled = Filled::default();
    if confirm::confirm(&portal, &signed, &form, &f, &mut filled).await?.is_some() {
        return Ok(page::go(then));
    }
    let ways = confirm::ways(&portal, &signed).await?;
    page::html_wrong(&portal, &signed.visitor, &ConfirmPage { f: f.wrong(true), form: filled, ways, then })
}

/// `GET /security/password`
pub(super) async fn password(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "password-title");
    let ways = confirm::ways(&portal, &signed).await?;
    page::html(&portal, &signed.visitor, &PasswordPage { f, form: Filled::default(), ways, shortest: shortest() })
}

/// `POST /security/password`: ends other sessions, and locks the copies of codes anew.
pub(super) async fn set_password(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let f = signed.visitor.frame(&portal, "password-title");
    let mut filled = Filled::default();
    let new = form.get("new-password");
    let user_name = signed.visitor.user.clone().map(|(name, _)| name).unwrap_or_default();
    match passwords::weigh(&portal, &new, &user_name, signed.login.account).await? {
        Err(weak) => filled.wrong("new-password", f.count(weak.message(), &shortest())),
        Ok(()) if new != form.get("repeated-password") => {
            filled.wrong("repeated-password", f.t("password-not-repeated"));
        }
        Ok(()) => {}
    }
    let confirmed =
        if filled.is_wrong() { None } else { confirm::confirm(&portal, &signed, &form, &f, &mut filled).await? };
    let Some(confirmed) = confirmed else {
        let ways = confirm::ways(&portal, &signed).await?;
        let again = PasswordPage { f: f.wrong(true), form: filled, ways, shortest: shortest() };
        return page::html_wrong(&portal, &signed.visitor, &again);
    };
    let (app, id, account) = (&portal.app, signed.login.id, signed.login.account);
    let salt = random::bytes(&*app.random)?;
    let derived = portal.derive(&new, salt, PASSWORD_COST).await?;
    let tag = app.keys.tag(&*app.random, &[id.as_bytes(), b"password"], &*derived)?;
    let mut copies = vec![];
    for copy in app.store.read().await?.locked_codes_of(id).await? {
        let old = ViewKey { salt: copy.salt, key: portal.derive(&confirmed.password, copy.salt, VIEW_COST).await? };
        if let Some(code) = view::open(&app.keys, &old, &copy)? {
            let salt = random::bytes(&*app.random)?;
            let key = ViewKey { salt, key: portal.derive(&new, salt, VIEW_COST).await? };
            copies.push(view::lock(&app.keys, &*app.random, &key, (id, copy.code), &code.text())?);
        }
    }
    let (shared, here) = (Arc::clone(&portal), signed.session.hash);
    let changed = app.store.write("change a password", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            tx.set_password(id, salt, &tag, now.unix_millis()).await?;
            for copy in &copies {
                tx.set_locked_code(copy).await?;
            }
            tx.end_portal_sessions_of(id, &here, now.unix_millis()).await?;
            let about = About { account, representation: None };
            note(tx, &shared.app, now, id, Deed::PasswordChanged, about).await
        })
    });
    changed.await?;
    Ok(page::go("/security"))
}

/// `GET /security/app`
pub(super) async fn app(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let now = portal.app.now().unix_millis();
    if !signed.is_fresh(now) {
        return Ok(page::go("/security/confirm?then=app"));
    }
    let secret = totp::new_secret(&*portal.app.random)?;
    let mut plain = Zeroizing::new(now.to_be_bytes().to_vec());
    plain.extend_from_slice(&*secret);
    let sealed = portal.app.keys.seal(&*portal.app.random, &[signed.login.id.as_bytes(), b"new totp"], &plain)?;
    let f = signed.visitor.frame(&portal, "app-title");
    page::html(&portal, &signed.visitor, &app_page(&signed, f, Filled::default(), &*secret, hex::encode(sealed))?)
}

/// `POST /security/app`
pub(super) async fn set_app(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let now = portal.app.now();
    let at = now.unix_millis();
    if !signed.is_fresh(at) {
        return Ok(page::go("/security/confirm?then=app"));
    }
    let id = signed.login.id;
    let sealed_text = form.get("secret").expose(ToOwned::to_owned);
    let sealed = hex::decode(&sealed_text).map_err(|_| Fault::Malformed)?;
    let plain = portal.app.keys.open(&[id.as_bytes(), b"new totp"], &sealed).map_err(|_| Fault::Malformed)?;
    let (shown_at, secret) = plain.split_at_checked(8).ok_or(Fault::Malformed)?;
    let shown_at = shown_at.try_into().map_or(0, i64::from_be_bytes);
    if at > shown_at + SHOWN_FOR {
        return Ok(page::go("/security/app"));
    }
    let Some(step) = form.get("one-time-code").expose(|typed| totp::step_of(secret, typed, at, 0)) else {
        let f = signed.visitor.frame(&portal, "app-title");
        let mut filled = Filled::default();
        filled.wrong("one-time-code", f.t("second-step-wrong"));
        let again = app_page(&signed, f.wrong(true), filled, secret, sealed_text)?;
        return page::html_wrong(&portal, &signed.visitor, &again);
    };
    let totp = portal.app.keys.seal(&*portal.app.random, &[id.as_bytes(), b"totp"], secret)?;
    let (shared, account) = (Arc::clone(&portal), signed.login.account);
    let set = portal.app.store.write("another app", move |tx| {
        Box::pin(async move {
            tx.set_totp(id, Some(totp), step).await?;
            note(tx, &shared.app, now, id, Deed::AppReplaced, About { account, representation: None }).await
        })
    });
    set.await?;
    Ok(page::go("/security"))
}

/// `GET /security/passkeys/add`
pub(super) async fn passkey(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    if portal.passkeys.is_none() {
        return Err(Fault::NotFound);
    }
    if !signed.is_fresh(portal.app.now().unix_millis()) {
        return Ok(page::go("/security/confirm?then=passkey"));
    }
    let f = signed.visitor.frame(&portal, "passkey-title");
    page::html(&portal, &signed.visitor, &PasskeyPage { f, form: Filled::default() })
}

/// `POST /security/passkeys/add`
pub(super) async fn add_passkey(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let now = portal.app.now();
    if !signed.is_fresh(now.unix_millis()) {
        return Ok(page::go("/security/confirm?then=passkey"));
    }
    let id = signed.login.id;
    let made = match (Ceremony::of(&portal, &signed.session)?, signed.session.ceremony.clone()) {
        (Some(ceremony), Some(sealed)) => {
            passkeys::made(&portal, id, &ceremony, &form.get("passkey"))?.map(|passkey| (passkey, sealed))
        }
        _ => None,
    };
    let Some((sealed, ceremony)) = made else {
        let f = signed.visitor.frame(&portal, "passkey-title");
        let mut filled = Filled::default();
        filled.wrong("passkey-button", f.t("passkey-failed"));
        return page::html_wrong(&portal, &signed.visitor, &PasskeyPage { f: f.wrong(true), form: filled });
    };
    let row = uuid_v7(&*portal.app.random, now)?;
    let passkey = StoredPasskey { id: row, login: id, sealed, made_at: now.unix_millis(), last_used: None };
    let (shared, account, hash) = (Arc::clone(&portal), signed.login.account, signed.session.hash);
    let added = portal.app.store.write("add a passkey", move |tx| {
        Box::pin(async move {
            if tx.take_ceremony(&hash, ceremony).await? {
                tx.add_passkey(&passkey).await?;
                note(tx, &shared.app, now, id, Deed::PasskeyAdded, About { account, representation: None }).await?;
            }
            Ok(())
        })
    });
    added.await?;
    Ok(page::go("/security"))
}

/// `POST /security/passkeys/{id}/remove`
pub(super) async fn remove_passkey(
    State(portal): State<Arc<Portal>>,
    Path(passkey): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let passkey = Uuid::try_parse(&passkey).map_err(|_| Fault::NotFound)?;
    let signed = post.signed;
    let now = portal.app.now();
    if !signed.is_fresh(now.unix_millis()) {
        return Ok(page::go("/security/confirm?then=security"));
    }
    let (id, account, app) = (signed.login.id, signed.login.account, signed.login.totp.is_some());
    let shared = Arc::clone(&portal);
    let removed = portal.app.store.write("remove a passkey", move |tx| {
        Box::pin(async move {
            // One way to sign in must stay.
            if (app || tx.passkeys_of(id).await?.len() > 1) && tx.remove_passkey(id, passkey).await? {
                note(tx, &shared.app, now, id, Deed::PasskeyRemoved, About { account, representation: None }).await?;
            }
            Ok(())
        })
    });
    removed.await?;
    Ok(page::go("/security"))
}

/// Where a confirmation leads: only to these pages.
fn after(query: &str) -> &'static str {
    match query.strip_prefix("then=").unwrap_or(query) {
        "app" | "/security/app" => "/security/app",
        "passkey" | "/security/passkeys/add" => "/security/passkeys/add",
        _ => "/security",
    }
}

fn app_page(signed: &Signed, f: Frame, form: Filled, secret: &[u8], sealed: String) -> Result<AppPage, Fault> {
    let issuer = f.t("service-name");
    let (name, _) = signed.visitor.user.clone().ok_or(Fault::SignInFirst)?;
    let qr = name.expose(|name| totp::svg(secret, &issuer, name)).ok_or(Fault::Unavailable)?;
    Ok(AppPage { f, form, qr, key: totp::typed_secret(secret), sealed })
}
