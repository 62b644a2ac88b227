//! The first step of registering: the code of a letter, and what shows that one is its receiver. What cannot be right is told
//! without a charge; only a whole try that is wrong counts against the letter.

use super::cookies::Token;
use super::forms::Form;
use super::invitations::{BirthDate, InvitationCode, MAX_TRIES};
use super::page::{self, Filled, Frame};
use super::register::Registration;
use super::representatives::Details;
use super::rows::{Invitation, Login, LoginKind, Session, Stage};
use super::visitor::{Posted, Visitor};
use super::{Fault, Portal};
use crate::random::uuid_v7;
use crate::secrets::same;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use std::sync::Arc;
use verification_api::personal::PersonalText;

#[derive(Template)]
#[template(path = "register_letter.html")]
struct LetterPage {
    f: Frame,
    form: Filled,
    /// Led back here: the time was over, or the letter was used meanwhile.
    ended: bool,
    /// The part for representatives is open.
    represents: bool,
    no_birth_date: bool,
}

/// What became of a letter and a proof.
pub(super) enum Received {
    /// The invitation, with the login that gets a new password, if there is one.
    By(Box<(Invitation, Option<Login>)>),
    /// The letter asks for what was not given at all: not charged.
    Missing(Proof),
    /// No live letter, or it is somebody else's. A wrong proof was charged.
    Wrong,
}

/// What shows that a letter is one's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    BirthDate,
    RollNumber,
}

/// `GET /register`
pub(super) async fn letter(
    State(portal): State<Arc<Portal>>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let f = visitor.frame(&portal, "register-title");
    let ended = query.as_deref() == Some("ended");
    let page = LetterPage { f, form: Filled::default(), ended, represents: false, no_birth_date: false };
    page::html(&portal, &visitor, &page)
}

/// `POST /register`: the letter's code, and the birth date (of a representative: the roll number) that it belongs to.
pub(super) async fn check_letter(State(portal): State<Arc<Portal>>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, form } = posted;
    let f = visitor.frame(&portal, "register-title");
    let mut filled = Filled::default();
    let mut found = None;
    if let Some((code, date, roll_number)) = read(&f, &form, &mut filled) {
        match receiver(&portal, &code.hash(), date.as_ref(), &roll_number).await? {
            Received::By(whom) => found = Some(*whom),
            Received::Missing(Proof::BirthDate) => filled.wrong("birth-day", f.t("birth-date-needed")),
            Received::Missing(Proof::RollNumber) => filled.wrong("roll-number", f.t("roll-number-needed")),
            Received::Wrong if date.is_some() => filled.wrong("letter-code", f.t("letter-wrong")),
            Received::Wrong => filled.wrong("letter-code", f.t("letter-wrong-number")),
        }
    }
    let Some((invitation, existing)) = found else {
        for field in ["letter-code", "birth-year", "birth-month", "birth-day", "roll-number"] {
            filled.keep(field, form.trimmed(field));
        }
        let represents = !form.trimmed("roll-number").is_empty()
            || filled.error("roll-number").is_some()
            || filled.error("birth-day").is_some_and(|_| DATE.iter().all(|field| form.trimmed(field).is_empty()));
        let no_birth_date = has_no_birth_date(&form);
        let page = LetterPage { f: f.wrong(true), form: filled, ended: false, represents, no_birth_date };
        return page::html_wrong(&portal, &visitor, &page);
    };
    let now = portal.app.now();
    let (at, id) = (now.unix_millis(), uuid_v7(&*portal.app.random, now)?);
    let registration = Registration::begin(&portal, &invitation, existing.as_ref(), now)?;
    let token = Token::new(&*portal.app.random)?;
    let session = Session {
        registration: Some(registration.seal(&portal, id)?),
        ..Session::begun(token.hash(), id, Stage::Register, visitor.agent.clone(), at)
    };
    let old = visitor.session.as_ref().map(|session| session.hash);
    let begun = portal.app.store.write("begin a registration", move |tx| {
        Box::pin(async move {
            if let Some(old) = old {
                tx.end_portal_session(&old, at).await?;
            }
            tx.add_portal_session(&session).await
        })
    });
    begun.await?;
    let mut response = page::go("/register/account");
    page::set_cookie(&mut response, token.set_session());
    Ok(response)
}

const DATE: [&str; 3] = ["birth-year", "birth-month", "birth-day"];

/// "My record has no date of birth".
fn has_no_birth_date(form: &Form) -> bool {
    form.get("no-birth-date").expose(|said| said == "yes")
}

/// Letter's code, birth date and roll number, if they may be right; what cannot be is told in `filled`. No birth date is given
/// by leaving it empty, or by saying that there is none.
fn read(f: &Frame, form: &Form, filled: &mut Filled) -> Option<(InvitationCode, Option<PersonalText>, PersonalText)> {
    let typed = form.trimmed("letter-code");
    let code = InvitationCode::parse(&typed);
    if code.is_none() {
        filled.wrong("letter-code", f.t(if typed.is_empty() { "letter-code-missing" } else { "letter-code-form" }));
    }
    let roll_number = form.trimmed("roll-number");
    let [year, month, day] = DATE.map(|field| form.trimmed(field));
    let date = match BirthDate::read(&year, &month, &day) {
        BirthDate::Known(date) => Some(date),
        BirthDate::Empty if has_no_birth_date(form) => Some(BirthDate::none()),
        BirthDate::Empty => {
            if roll_number.is_empty() {
                filled.wrong("birth-day", f.t("birth-date-missing"));
            }
            None
        }
        BirthDate::Impossible { field, message } => {
            filled.wrong(field, f.t(message));
            None
        }
    };
    code.filter(|_| !filled.is_wrong()).map(|code| (code, date, roll_number))
}

/// Whose letter it is, if it is live and what was typed belongs to it. A wrong try is counted, one that is not whole is not.
pub(super) async fn receiver(
    portal: &Arc<Portal>,
    hash: &[u8; 32],
    date: Option<&PersonalText>,
    roll_number: &PersonalText,
) -> Result<Received, Fault> {
    let at = portal.app.now().unix_millis();
    let mut tx = portal.app.store.read().await?;
    let Some(invitation) = tx.letter(hash).await?.filter(|invitation| invitation.live_at(at)) else {
        return Ok(Received::Wrong);
    };
    let (belongs, existing) = match (invitation.kind, invitation.representation) {
        (LoginKind::Holder, _) => {
            let Some(account) = tx.account(invitation.account).await? else { return Ok(Received::Wrong) };
            let Some(date) = date else { return Ok(Received::Missing(Proof::BirthDate)) };
            let recorded = portal.app.keys.open_text(&[account.id.as_bytes(), b"birth_date"], &account.birth_date)?;
            let belongs = date.expose(|date| same(date.as_bytes(), recorded.as_bytes()));
            (belongs, tx.login_of(account.id).await?)
        }
        (LoginKind::Representative, Some(id)) => {
            let Some(representation) = tx.representation(id).await?.filter(|row| row.ended_at.is_none()) else {
                return Ok(Received::Wrong);
            };
            if roll_number.is_empty() {
                return Ok(Received::Missing(Proof::RollNumber));
            }
            let details = Details::open(&portal.app.keys, &representation)?;
            let existing = match representation.login {
                Some(login) => tx.login(login).await?,
                None => None,
            };
            (details.has_number(roll_number), existing)
        }
        (LoginKind::Representative, None) => return Ok(Received::Wrong),
    };
    drop(tx);
    if belongs {
        return Ok(Received::By(Box::new((invitation, existing))));
    }
    let hash = invitation.hash;
    let tried = portal
        .app
        .store
        .write("try an invitation", move |tx| Box::pin(async move { tx.try_letter(&hash, MAX_TRIES, at).await }));
    tried.await?;
    Ok(Received::Wrong)
}
