//! Security → Backup code: what state it is in, a new one, the present one again, its end, every use and try.

use super::activity::{About, Deed, line, note};
use super::confirm::{self, Confirmed, confirm};
use super::page::{self, Filled, Frame};
use super::qr;
use super::rows::{CodeStatus, Number, Representation};
use super::second::Ways;
use super::tries::{self, Attempts};
use super::view::{self, VIEW_COST, ViewKey};
use super::visitor::{Signed, SignedPost};
use super::{Fault, Portal};
use crate::audit::{self, Actor, Event};
use crate::clock::DAY;
use crate::codes;
use crate::random;
use crate::secrets::{Blind, Keys, SealError};
use crate::store::rows::{Code, CodeState};
use crate::store::{Answer, Locked, StoreError, Tx};
use crate::throttle::Throttle;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::backup_code::BackupCode;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::personal::PersonalText;

/// One number and its code, as shown.
pub struct Card {
    /// In paths: `a-number`, `receipt`.
    pub path: &'static str,
    /// Message: which number.
    pub label: &'static str,
    pub number: PersonalText,
    /// Message: the state; and how it looks.
    pub state: &'static str,
    pub look: &'static str,
    pub active: bool,
    /// Used up, disabled or expired: a new one is asked for.
    pub wants_new: bool,
    pub made: Option<String>,
    pub expires: Option<String>,
    pub ended: Option<String>,
    pub last_used: Option<String>,
    pub hint: Option<PersonalText>,
    pub can_show: bool,
    /// Tries are not taken until then.
    pub locked_until: Option<String>,
    pub attempts: Attempts,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    f: Frame,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "backup_code.html")]
struct Page {
    f: Frame,
    cards: Vec<Card>,
}

/// Before a code is made, shown or ended: what will happen, and the form that confirms it.
#[derive(Template)]
#[template(path = "backup_code_confirm.html")]
struct ConfirmPage {
    f: Frame,
    form: Filled,
    ways: Ways,
    number: PersonalText,
    label: &'static str,
    text: &'static str,
    button: &'static str,
}

#[derive(Template)]
#[template(path = "backup_code_revoke.html")]
struct RevokePage {
    f: Frame,
    number: PersonalText,
    label: &'static str,
}

/// The code itself, with the card to print.
#[derive(Template)]
#[template(path = "backup_code_shown.html")]
pub(super) struct ShownPage {
    pub f: Frame,
    pub code: PersonalText,
    pub qr: String,
    pub number: PersonalText,
    pub label: &'static str,
    pub expires: String,
    pub back: &'static str,
    /// A delegated code has no card: it is no holder's.
    pub card: bool,
    pub new: bool,
}

/// `GET /account`
pub(super) async fn home(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "home-title");
    let cards = cards(&portal, &signed, &f).await?;
    page::html(&portal, &signed.visitor, &HomePage { f, cards })
}

/// `GET /backup-code`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "backup-code-title");
    let cards = cards(&portal, &signed, &f).await?;
    page::html(&portal, &signed.visitor, &Page { f, cards })
}

/// `GET /backup-code/{number}/new`
pub(super) async fn new(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let number = number_of(&portal, &signed, &which).await?;
    let f = signed.visitor.frame(&portal, "code-new-title");
    let ways = confirm::ways(&portal, &signed).await?;
    page::html(
        &portal,
        &signed.visitor,
        &number.confirm(f, Filled::default(), ways, ["code-new-text", "code-new-button"]),
    )
}

/// `POST /backup-code/{number}/new`: ends the old code, shows the new one.
pub(super) async fn make(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let number = number_of(&portal, &signed, &which).await?;
    let f = signed.visitor.frame(&portal, "code-new-title");
    let mut filled = Filled::default();
    let Some(confirmed) = confirm(&portal, &signed, &form, &f, &mut filled).await? else {
        let ways = confirm::ways(&portal, &signed).await?;
        let again = number.confirm(f.wrong(true), filled, ways, ["code-new-text", "code-new-button"]);
        return page::html_wrong(&portal, &signed.visitor, &again);
    };
    let about = About { account: Some(signed.holder()?), representation: None };
    let (code, expires_at) = make_code(&portal, &signed, &confirmed, number.blind, about).await?;
    let f = signed.visitor.frame(&portal, "code-shown-title");
    shown(&portal, &signed, f, &code, &number, expires_at, true)
}

/// `GET /backup-code/{number}/view`
pub(super) async fn view(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let number = number_of(&portal, &signed, &which).await?;
    let f = signed.visitor.frame(&portal, "code-view-title");
    let ways = confirm::ways(&portal, &signed).await?;
    let texts = ["code-view-text", "code-view-button"];
    page::html(&portal, &signed.visitor, &number.confirm(f, Filled::default(), ways, texts))
}

/// `POST /backup-code/{number}/view`: shows the code again.
pub(super) async fn open(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let number = number_of(&portal, &signed, &which).await?;
    let account = signed.holder()?;
    let f = signed.visitor.frame(&portal, "code-view-title");
    let mut filled = Filled::default();
    let opened = match confirm(&portal, &signed, &form, &f, &mut filled).await? {
        Some(confirmed) => {
            let opened = open_code(&portal, &signed, &confirmed, number.blind).await?;
            if opened.is_none() {
                filled.wrong("password", f.t("code-copy-gone"));
            }
            opened
        }
        None => None,
    };
    let Some((code, status)) = opened else {
        let ways = confirm::ways(&portal, &signed).await?;
        let again = number.confirm(f.wrong(true), filled, ways, ["code-view-text", "code-view-button"]);
        return page::html_wrong(&portal, &signed.visitor, &again);
    };
    let (shared, login) = (Arc::clone(&portal), signed.login.id);
    let noted = portal.app.store.write("a code was shown", move |tx| {
        Box::pin(async move {
            let about = About { account: Some(account), representation: None };
            note(tx, &shared.app, shared.app.now(), login, Deed::CodeShown, about).await
        })
    });
    noted.await?;
    let f = signed.visitor.frame(&portal, "code-shown-title");
    shown(&portal, &signed, f, &code, &number, status.expires_at, false)
}

/// `GET /backup-code/{number}/revoke`
pub(super) async fn end(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let number = number_of(&portal, &signed, &which).await?;
    let f = signed.visitor.frame(&portal, "code-revoke-title");
    page::html(&portal, &signed.visitor, &RevokePage { f, number: number.masked, label: number.label })
}

/// `POST /backup-code/{number}/revoke`: asks for nothing more, since it must be quick when a code was seen by others.
pub(super) async fn revoke(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let number = number_of(&portal, &post.signed, &which).await?;
    let about = About { account: Some(post.signed.holder()?), representation: None };
    end_code(&portal, &post.signed, number.blind, about, Deed::CodeRevoked).await?;
    Ok(page::go("/backup-code"))
}

/// Ends the code of an identifier, if there is an active one.
pub(super) async fn end_code(
    portal: &Arc<Portal>,
    signed: &Signed,
    identifier: Blind,
    about: About,
    deed: Deed,
) -> Result<(), Fault> {
    let (shared, login) = (Arc::clone(portal), signed.login.id);
    let ended = portal.app.store.write("revoke a code", move |tx| {
        Box::pin(async move { end_code_within(tx, &shared, login, identifier, about, deed).await })
    });
    Ok(ended.await?)
}

/// As [`end_code`], in a transaction that is open; from then on until it ends nobody makes a code there.
pub(super) async fn end_code_within(
    tx: &mut Tx,
    portal: &Portal,
    login: Uuid,
    identifier: Blind,
    about: About,
    deed: Deed,
) -> Answer<()> {
    tx.lock_place(Locked::Identifier, &identifier).await?;
    let now = portal.app.now();
    if tx.end_code(identifier, CodeState::Revoked, now.unix_millis()).await? {
        let (actor, subject) = (Actor::Account(login), identifier.hex());
        audit::append(tx, now, actor, Event::CodeRevoked, &subject, &json!({})).await?;
        line(tx, &portal.app, now, Some(login), deed, about).await?;
    }
    Ok(())
}

/// Makes a code in place of an older one; the copy to show again is locked with the password just given.
pub(super) async fn make_code(
    portal: &Arc<Portal>,
    signed: &Signed,
    confirmed: &Confirmed,
    identifier: Blind,
    about: About,
) -> Result<(BackupCode, i64), Fault> {
    let (app, login) = (&portal.app, signed.login.id);
    let account = about.account.ok_or(Fault::NotFound)?;
    let salt = random::bytes(&*app.random)?;
    let key = ViewKey { salt, key: portal.derive(&confirmed.password, salt, VIEW_COST).await? };
    let now = app.now();
    let expires_at = now.unix_millis() + i64::from(app.config.code.expires) * DAY;
    let groups = app.config.groups();
    let made = codes::make(&app.keys, &*app.random, groups, account, identifier, (now, expires_at));
    let (code, row) = made.map_err(|why| {
        tracing::error!(cause = %why, "a code was not made");
        Fault::Unavailable
    })?;
    let hint = codes::seal_hint(&app.keys, &*app.random, row.id, &code)?;
    let copy = view::lock(&app.keys, &*app.random, &key, (login, row.id), &code.text())?;
    let shared = Arc::clone(portal);
    let deed = if about.representation.is_some() { Deed::DelegatedCodeMade } else { Deed::CodeMade };
    let stored = app.store.write("new code", move |tx| {
        Box::pin(async move {
            tx.lock_place(Locked::Identifier, &identifier).await?;
            // It may have been ended since the page was asked for: then its code has been, too.
            if let Some(id) = about.representation {
                let live = |row: &Representation| row.login == Some(login) && row.ended_at.is_none();
                if !tx.representation(id).await?.as_ref().is_some_and(live) {
                    return Ok(false);
                }
            }
            let now = shared.app.now();
            let at = now.unix_millis();
            let row = Code { made_at: at, ..row };
            let replaced = tx.end_code(identifier, CodeState::Replaced, at).await?;
            tx.add_code(&row).await?;
            tx.set_code_hint(row.id, hint).await?;
            tx.set_locked_code(&copy).await?;
            tx.set_throttle(identifier, Throttle { last_at: at, ..Throttle::default() }).await?;
            let detail = json!({ "identifier": identifier.hex(), "account": row.account, "replaced": replaced });
            let (actor, subject) = (Actor::Account(login), row.id.to_string());
            audit::append(tx, now, actor, Event::CodeMade, &subject, &detail).await?;
            line(tx, &shared.app, now, Some(login), deed, about).await?;
            Ok(true)
        })
    });
    if stored.await? { Ok((code, expires_at)) } else { Err(Fault::NotFound) }
}

/// The copy of the active code, opened with the password just given.
async fn open_code(
    portal: &Arc<Portal>,
    signed: &Signed,
    confirmed: &Confirmed,
    identifier: Blind,
) -> Result<Option<(BackupCode, CodeStatus)>, Fault> {
    let mut tx = portal.app.store.read().await?;
    let status = tx.code_status(identifier).await?;
    let copies = tx.locked_codes_of(signed.login.id).await?;
    drop(tx);
    let now = portal.app.now().unix_millis();
    let Some(status) = status.filter(|status| status.state == CodeState::Active && now < status.expires_at) else {
        return Ok(None);
    };
    let Some(copy) = copies.into_iter().find(|copy| copy.code == status.id) else { return Ok(None) };
    let key = ViewKey { salt: copy.salt, key: portal.derive(&confirmed.password, copy.salt, VIEW_COST).await? };
    Ok(view::open(&portal.app.keys, &key, &copy)?.map(|code| (code, status)))
}

/// A number that a page is about.
pub(super) struct Chosen {
    pub blind: Blind,
    pub label: &'static str,
    pub masked: PersonalText,
}

impl Chosen {
    fn confirm(&self, f: Frame, form: Filled, ways: Ways, [text, button]: [&'static str; 2]) -> ConfirmPage {
        ConfirmPage { f, form, ways, number: self.masked.clone(), label: self.label, text, button }
    }
}

pub(super) async fn number_of(portal: &Portal, signed: &Signed, which: &str) -> Result<Chosen, Fault> {
    let account = signed.holder()?;
    let numbers = portal.app.store.read().await?.numbers_of(account).await?;
    let kinds = IdentifierType::from_path(which).ok_or(Fault::NotFound)?;
    let number = numbers.into_iter().find(|number| number.kind == kinds.name()).ok_or(Fault::NotFound)?;
    let blind = place_of(&portal.app.keys, account, &number)?;
    Ok(Chosen { blind, label: label(kinds), masked: masked(&portal.app.keys, account, kinds, &number)? })
}

/// The words of a type in paths.
trait InPaths: Sized {
    fn from_path(path: &str) -> Option<Self>;
    fn path(&self) -> &'static str;
}

impl InPaths for IdentifierType {
    fn from_path(path: &str) -> Option<Self> {
        match path {
            "a-number" => Some(Self::ANumber),
            "receipt" => Some(Self::Receipt),
            _ => None,
        }
    }

    fn path(&self) -> &'static str {
        match self {
            Self::ANumber => "a-number",
            Self::Receipt => "receipt",
        }
    }
}

const fn label(kind: IdentifierType) -> &'static str {
    match kind {
        IdentifierType::ANumber => "a-number",
        IdentifierType::Receipt => "receipt-number",
    }
}

/// Where a number stands, under every index key that is known.
fn place_of(keys: &Keys, account: Uuid, number: &Number) -> Result<Blind, SealError> {
    let text = keys.open_text(&[account.as_bytes(), b"identifier"], &number.sealed)?;
    Ok(keys.blind(&number.kind, &text))
}

/// As printed, but for its last four characters: enough to know which it is.
fn masked(keys: &Keys, account: Uuid, kind: IdentifierType, number: &Number) -> Result<PersonalText, SealError> {
    let text = keys.open_text(&[account.as_bytes(), b"identifier"], &number.sealed)?;
    let shown = match Identifier::parse(kind, &text) {
        Ok(identifier) => identifier.canonical().clone(),
        Err(_) => PersonalText::from(text.as_str()),
    };
    Ok(shown.masked(4))
}

/// Every number of the holder, with the state of its code.
pub(super) async fn cards(portal: &Portal, signed: &Signed, f: &Frame) -> Result<Vec<Card>, Fault> {
    let account = signed.holder()?;
    let keys = &portal.app.keys;
    let now = portal.app.now().unix_millis();
    let mut tx = portal.app.store.read().await?;
    let mut cards = vec![];
    for number in tx.numbers_of(account).await? {
        let kind = if number.kind == IdentifierType::Receipt.name() {
            IdentifierType::Receipt
        } else {
            IdentifierType::ANumber
        };
        let place = place_of(keys, account, &number)?;
        let status = tx.code_status(place).await?;
        let attempts = tries::newest(&mut tx, f, place).await?;
        let last_used = tx.last_use_of(place).await?;
        let throttle = tx.throttle(place).await?;
        let (state, look) = state_of(status.as_ref(), now);
        let active = state == "code-kind-active";
        let hint = match status.as_ref().and_then(|status| status.hint.as_ref().map(|hint| (status.id, hint))) {
            Some((id, sealed)) if active => {
                Some(PersonalText::from(keys.open_text(&[id.as_bytes(), b"hint"], sealed)?.as_str()))
            }
            _ => None,
        };
        cards.push(Card {
            path: kind.path(),
            label: label(kind),
            number: masked(keys, account, kind, &number)?,
            state,
            look,
            active,
            wants_new: !active && status.is_some(),
            made: status.as_ref().map(|status| f.when(&status.made_at)),
            expires: status.as_ref().filter(|_| active).map(|status| f.day(&status.expires_at)),
            ended: status.as_ref().and_then(|status| status.ended_at).map(|at| f.when(&at)),
            last_used: last_used.map(|at| f.when(&at)),
            hint,
            can_show: active && status.as_ref().is_some_and(|status| status.copy),
            locked_until: (throttle.locked_until > now).then(|| f.when(&throttle.locked_until)),
            attempts,
        });
    }
    Ok(cards)
}

/// Message and look of a state.
pub(super) fn state_of(status: Option<&CodeStatus>, now: i64) -> (&'static str, &'static str) {
    match status {
        None => ("code-kind-none", "plain"),
        Some(status) => match status.state {
            CodeState::Active if now < status.expires_at => ("code-kind-active", "good"),
            CodeState::Active => ("code-kind-expired", "care"),
            CodeState::Used => ("code-kind-used", "care"),
            CodeState::Disabled => ("code-kind-disabled", "care"),
            CodeState::Replaced | CodeState::Revoked => ("code-kind-revoked", "plain"),
        },
    }
}

fn shown(
    portal: &Portal,
    signed: &Signed,
    f: Frame,
    code: &BackupCode,
    number: &Chosen,
    expires_at: i64,
    new: bool,
) -> Result<Response, Fault> {
    let expires = f.day(&expires_at);
    let (masked, label) = (number.masked.clone(), number.label);
    let shown = ShownPage {
        f,
        code: code.text(),
        qr: qr_of(code)?,
        number: masked,
        label,
        expires,
        back: "/backup-code",
        card: true,
        new,
    };
    page::html(portal, &signed.visitor, &shown)
}

/// `BC1:` and the code, for camera and scanner.
pub(super) fn qr_of(code: &BackupCode) -> Result<String, Fault> {
    code.qr_text().expose(qr::svg).ok_or_else(|| StoreError::NotUnderstood("code").into())
}
