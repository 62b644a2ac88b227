//! The holder's representatives: who they are, an invitation for each, what each did, and their end.

use super::activity::{About, Deed, Line, lines, note};
use super::backup_code::end_code_within;
use super::confirm::{self, confirm};
use super::invitations::InvitationCode;
use super::page::{self, Filled, Frame};
use super::rows::{Invitation, LoginKind, Number, Representation};
use super::second::Ways;
use super::tries::{self, Attempts};
use super::visitor::{Signed, SignedPost};
use super::{Fault, Portal};
use crate::clock::DAY;
use crate::codes;
use crate::random::uuid_v7;
use crate::secrets::{Blind, Keys, SealError, same};
use crate::store::{Answer, Locked, StoreError, Tx};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;
use verification_api::identifiers::{IdentifierType, WireIdentifier};
use verification_api::personal::PersonalText;

/// Representatives at once: each is one more code to compare with.
pub const MOST: usize = 5;
/// An invitation of a representative is good for so long, in days.
pub const INVITED_FOR: i64 = 14;
/// Longest name, firm and number, in characters.
const LONGEST: usize = 80;

/// Who represents: sealed for (representation, "representative").
#[derive(Clone, Serialize, Deserialize)]
pub struct Details {
    #[serde(with = "verification_api::personal::wire")]
    pub name: PersonalText,
    #[serde(with = "verification_api::personal::wire")]
    pub firm: PersonalText,
    /// EOIR ID or bar number.
    #[serde(with = "verification_api::personal::wire")]
    pub number: PersonalText,
}

impl Details {
    pub(super) fn open(keys: &Keys, row: &Representation) -> Result<Self, Fault> {
        let plain = keys.open(&[row.id.as_bytes(), b"representative"], &row.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::NotUnderstood("representative").into())
    }

    /// Whether this is the number; case, blanks and dashes do not matter.
    #[must_use]
    pub fn has_number(&self, typed: &PersonalText) -> bool {
        let plain = |text: &PersonalText| {
            text.expose(|text| {
                PersonalText::new(
                    text.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_uppercase).collect(),
                )
            })
        };
        plain(&self.number).expose(|a| plain(typed).expose(|b| !a.is_empty() && same(a.as_bytes(), b.as_bytes())))
    }
}

/// One representative, as shown.
struct Entry {
    id: Uuid,
    details: Details,
    /// Message: invited, active, removed.
    state: &'static str,
    look: &'static str,
    since: String,
    /// Not yet registered: may be invited again.
    waiting: bool,
    ended: bool,
}

#[derive(Template)]
#[template(path = "representatives.html")]
struct Page {
    f: Frame,
    entries: Vec<Entry>,
    room: bool,
}

#[derive(Template)]
#[template(path = "representative_add.html")]
struct AddPage {
    f: Frame,
    form: Filled,
    ways: Ways,
}

/// The invitation, shown once.
#[derive(Template)]
#[template(path = "representative_invited.html")]
struct InvitedPage {
    f: Frame,
    name: PersonalText,
    code: PersonalText,
    expires: String,
    origin: String,
}

/// Before another invitation is made in place of one that is lost or has ended.
#[derive(Template)]
#[template(path = "representative_again.html")]
struct AgainPage {
    f: Frame,
    form: Filled,
    ways: Ways,
    entry: Entry,
}

#[derive(Template)]
#[template(path = "representative.html")]
struct OnePage {
    f: Frame,
    entry: Entry,
    uses: Attempts,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "representative_remove.html")]
struct RemovePage {
    f: Frame,
    entry: Entry,
}

/// `GET /representatives`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let account = signed.holder()?;
    let f = signed.visitor.frame(&portal, "representatives-title");
    let rows = portal.app.store.read().await?.representations_of(account).await?;
    let mut entries = vec![];
    for row in &rows {
        entries.push(entry(&portal, &f, row).await?);
    }
    let room = live(&rows) < MOST;
    page::html(&portal, &signed.visitor, &Page { f, entries, room })
}

/// `GET /representatives/add`
pub(super) async fn new(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    signed.holder()?;
    let f = signed.visitor.frame(&portal, "representative-add-title");
    let ways = confirm::ways(&portal, &signed).await?;
    page::html(&portal, &signed.visitor, &AddPage { f, form: Filled::default(), ways })
}

/// `POST /representatives/add`
pub(super) async fn add(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let account = signed.holder()?;
    let f = signed.visitor.frame(&portal, "representative-add-title");
    let mut filled = Filled::default();
    let fields = [
        ("representative-name", "representative-name-missing"),
        ("firm", "firm-missing"),
        ("roll-number", "roll-number-missing"),
    ];
    let [name, firm, number] = fields.map(|(field, missing)| {
        let value = form.trimmed(field);
        if value.is_empty() {
            filled.wrong(field, f.t(missing));
        } else if value.chars() > LONGEST || value.expose(|text| text.chars().any(char::is_control)) {
            filled.wrong(field, f.t("too-long"));
        }
        filled.keep(field, value.clone());
        value
    });
    let rows = portal.app.store.read().await?.representations_of(account).await?;
    if live(&rows) >= MOST {
        filled.wrong("representative-name", f.t("representatives-full"));
    }
    let delegation = delegation(&portal, account, &number).await?;
    match delegation {
        None if !number.is_empty() => filled.wrong("roll-number", f.t("roll-number-form")),
        Some(delegation) if rows.iter().any(|row| row.ended_at.is_none() && delegation.stands_at(&row.delegation)) => {
            filled.wrong("roll-number", f.t("representative-known"));
        }
        _ => {}
    }
    let confirmed = if filled.is_wrong() { None } else { confirm(&portal, &signed, &form, &f, &mut filled).await? };
    let (Some(_), Some(delegation)) = (confirmed, delegation) else {
        let ways = confirm::ways(&portal, &signed).await?;
        return page::html_wrong(&portal, &signed.visitor, &AddPage { f: f.wrong(true), form: filled, ways });
    };
    let (app, login) = (&portal.app, signed.login.id);
    let now = app.now();
    let (at, id) = (now.unix_millis(), uuid_v7(&*app.random, now)?);
    let details = Details { name: name.clone(), firm, number };
    let plain = crate::put_once::json(&details)?;
    let row = Representation {
        id,
        account,
        login: None,
        sealed: app.keys.seal(&*app.random, &[id.as_bytes(), b"representative"], &plain)?,
        delegation: delegation.at(),
        made_at: at,
        accepted_at: None,
        ended_at: None,
    };
    let sealed_id = app.keys.seal(&*app.random, &[account.as_bytes(), b"identifier"], id.to_string().as_bytes())?;
    let (code, invitation) = new_invitation(&portal, &row)?;
    let expires_at = invitation.expires_at;
    let shared = Arc::clone(&portal);
    let added = app.store.write("invite a representative", move |tx| {
        Box::pin(async move {
            tx.lock_place(Locked::Identifier, &delegation).await?;
            tx.add_representation(&row, delegation, sealed_id).await?;
            tx.add_letter(&invitation).await?;
            let about = About { account: Some(account), representation: Some(id) };
            note(tx, &shared.app, now, login, Deed::RepresentativeInvited, about).await
        })
    });
    added.await?;
    invited(&portal, &signed, name, &code, expires_at)
}

/// `GET /representatives/{id}/invite`
pub(super) async fn again(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = waiting(&portal, &signed, &id).await?;
    invite_page(&portal, &signed, &row, Filled::default()).await
}

/// `POST /representatives/{id}/invite`: another invitation in place of the last one, which ends.
pub(super) async fn invite(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let row = waiting(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "representative-again-title");
    let mut filled = Filled::default();
    if confirm(&portal, &signed, &form, &f, &mut filled).await?.is_none() {
        return invite_page(&portal, &signed, &row, filled).await;
    }
    let name = Details::open(&portal.app.keys, &row)?.name;
    let (code, invitation) = new_invitation(&portal, &row)?;
    let (expires_at, about, id) = (invitation.expires_at, About::of(&row), row.id);
    let (shared, login) = (Arc::clone(&portal), signed.login.id);
    let made = portal.app.store.write("invite a representative again", move |tx| {
        Box::pin(async move {
            // Accepted or removed meanwhile: nothing to be invited to.
            if tx.representation(id).await?.is_none_or(|row| row.login.is_some() || row.ended_at.is_some()) {
                return Ok(false);
            }
            tx.add_letter(&invitation).await?;
            note(tx, &shared.app, shared.app.now(), login, Deed::RepresentativeInvited, about).await?;
            Ok(true)
        })
    });
    if !made.await? {
        return Ok(page::go(&format!("/representatives/{id}")));
    }
    invited(&portal, &signed, name, &code, expires_at)
}

async fn invite_page(
    portal: &Arc<Portal>,
    signed: &Signed,
    row: &Representation,
    form: Filled,
) -> Result<Response, Fault> {
    let wrong = form.is_wrong();
    let f = signed.visitor.frame(portal, "representative-again-title").wrong(wrong);
    let ways = confirm::ways(portal, signed).await?;
    let entry = entry(portal, &f, row).await?;
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::html_with(portal, &signed.visitor, status, &AgainPage { f, form, ways, entry })
}

fn new_invitation(portal: &Portal, row: &Representation) -> Result<(InvitationCode, Invitation), Fault> {
    let code = InvitationCode::generate(&*portal.app.random)?;
    let at = portal.app.now().unix_millis();
    let invitation = Invitation {
        hash: code.hash(),
        kind: LoginKind::Representative,
        account: row.account,
        representation: Some(row.id),
        made_at: at,
        expires_at: at + INVITED_FOR * DAY,
        ended_at: None,
        tries: 0,
    };
    Ok((code, invitation))
}

/// The one page that shows an invitation.
fn invited(
    portal: &Arc<Portal>,
    signed: &Signed,
    name: PersonalText,
    code: &InvitationCode,
    expires_at: i64,
) -> Result<Response, Fault> {
    let f = signed.visitor.frame(portal, "representative-invited-title");
    let (expires, origin) = (f.day(&expires_at), portal.origin.clone());
    page::html(portal, &signed.visitor, &InvitedPage { f, name, code: code.text(), expires, origin })
}

/// `GET /representatives/{id}`
pub(super) async fn one(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = own(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "representative-title");
    let (uses, lines) = history(&portal, &f, &row).await?;
    let entry = entry(&portal, &f, &row).await?;
    page::html(&portal, &signed.visitor, &OnePage { f, entry, uses, lines })
}

/// `GET /representatives/{id}/remove`
pub(super) async fn end(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = own(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "representative-remove-title");
    let entry = entry(&portal, &f, &row).await?;
    page::html(&portal, &signed.visitor, &RemovePage { f, entry })
}

/// `POST /representatives/{id}/remove`: ends the representation, its invitation and its code.
pub(super) async fn remove(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let row = own(&portal, &post.signed, &id).await?;
    let about = About::of(&row);
    let place = place(&portal, &row).await?;
    let (shared, login, id) = (Arc::clone(&portal), post.signed.login.id, row.id);
    let removed = portal.app.store.write("remove a representative", move |tx| {
        Box::pin(async move {
            // One transaction: a code that is being made is ended too, or not made.
            end_code_within(tx, &shared, login, place, about, Deed::DelegatedCodeRevoked).await?;
            let now = shared.app.now();
            if tx.end_representation(id, now.unix_millis()).await? {
                note(tx, &shared.app, now, login, Deed::RepresentativeRemoved, about).await?;
            }
            Ok(())
        })
    });
    removed.await?;
    Ok(page::go("/representatives"))
}

/// What the holder and the representative see of each other: uses of the delegated code, and what was done.
pub(super) async fn history(portal: &Portal, f: &Frame, row: &Representation) -> Result<(Attempts, Vec<Line>), Fault> {
    let mut tx = portal.app.store.read().await?;
    let activity = tx.activity_of_representation(row.id, 100).await?;
    let place = place_of(&mut tx, &portal.app.keys, row).await?;
    let uses = tries::newest(&mut tx, f, place).await?;
    Ok((uses, lines(f, &activity)))
}

/// The holder's own representation of that id.
pub(super) async fn own(portal: &Portal, signed: &Signed, id: &str) -> Result<Representation, Fault> {
    let account = signed.holder()?;
    let id = Uuid::try_parse(id).map_err(|_| Fault::NotFound)?;
    let row = portal.app.store.read().await?.representation(id).await?;
    row.filter(|row| row.account == account).ok_or(Fault::NotFound)
}

/// Where codes for this representative are kept: apart from the holder's own, and for the A-Number if there is one.
async fn delegation(portal: &Portal, account: Uuid, number: &PersonalText) -> Result<Option<Blind>, Fault> {
    // `a_number` comes before `receipt`.
    let numbers = portal.app.store.read().await?.numbers_of(account).await?;
    let Some(first) = numbers.first() else { return Ok(None) };
    Ok(delegated(&portal.app.keys, account, first, number)?)
}

/// Where this representative's codes for one of a client's numbers are kept.
fn delegated(keys: &Keys, account: Uuid, of: &Number, number: &PersonalText) -> Result<Option<Blind>, SealError> {
    let kind =
        if of.kind == IdentifierType::ANumber.name() { IdentifierType::ANumber } else { IdentifierType::Receipt };
    let value = keys.open_text(&[account.as_bytes(), b"identifier"], &of.sealed)?;
    let wire = WireIdentifier { r#type: kind, value: PersonalText::from(value.as_str()) };
    let Ok(identifier) = wire.to_identifier() else { return Ok(None) };
    Ok(number.expose(|number| codes::delegation_of(keys, number, &identifier)))
}

/// Where a representation's codes are kept, under every index key that is known: its row may move meanwhile.
///
/// # Errors
/// Of the store; if a sealed text does not open.
pub async fn place_of(tx: &mut Tx, keys: &Keys, row: &Representation) -> Answer<Blind> {
    let plain = keys.open(&[row.id.as_bytes(), b"representative"], &row.sealed)?;
    let details: Details = serde_json::from_slice(&plain).map_err(|_| StoreError::NotUnderstood("representative"))?;
    for number in tx.numbers_of(row.account).await? {
        if let Some(place) = delegated(keys, row.account, &number, &details.number)?
            && place.stands_at(&row.delegation)
        {
            return Ok(place);
        }
    }
    // Of a number that is not the client's any more: it stays where it is.
    Ok(Blind::only(keys.index().used(), row.delegation))
}

pub(super) async fn place(portal: &Portal, row: &Representation) -> Result<Blind, Fault> {
    let mut tx = portal.app.store.read().await?;
    Ok(place_of(&mut tx, &portal.app.keys, row).await?)
}

fn live(rows: &[Representation]) -> usize {
    rows.iter().filter(|row| row.ended_at.is_none()).count()
}

/// The same, if it waits for its representative.
async fn waiting(portal: &Portal, signed: &Signed, id: &str) -> Result<Representation, Fault> {
    let row = own(portal, signed, id).await?;
    if row.login.is_some() || row.ended_at.is_some() { Err(Fault::NotFound) } else { Ok(row) }
}

async fn entry(portal: &Portal, f: &Frame, row: &Representation) -> Result<Entry, Fault> {
    let (state, look, since) = match (row.ended_at, row.accepted_at) {
        (Some(ended), _) => ("representative-removed", "plain", ended),
        (None, Some(accepted)) => ("representative-active", "good", accepted),
        (None, None) => {
            let now = portal.app.now().unix_millis();
            let letter = portal.app.store.read().await?.letter_for(row).await?;
            match letter {
                Some(letter) if letter.live_at(now) => ("representative-waiting", "care", letter.made_at),
                Some(letter) => {
                    let ended = letter.ended_at.unwrap_or(letter.expires_at);
                    ("representative-invitation-ended", "care", ended)
                }
                // Long ago: it is not kept any more.
                None => ("representative-invitation-ended", "care", row.made_at + INVITED_FOR * DAY),
            }
        }
    };
    let details = Details::open(&portal.app.keys, row)?;
    let (waiting, ended) = (row.login.is_none() && row.ended_at.is_none(), row.ended_at.is_some());
    Ok(Entry { id: row.id, details, state, look, since: f.day(&since), waiting, ended })
}

#[cfg(test)]
mod tests {
    use super::Details;
    use verification_api::personal::PersonalText;

    #[test]
    fn a_number_is_compared_as_people_write_it() {
        let text = PersonalText::from;
        let details = Details { name: text("N"), firm: text("F"), number: text("AB 12-345") };
        assert!(details.has_number(&text("ab12345")));
        assert!(!details.has_number(&text("ab12346")));
        assert!(!details.has_number(&text("")));
        assert!(!Details { number: text("-"), ..details }.has_number(&text("")));
    }
}
