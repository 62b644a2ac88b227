//! A representative's "My clients": whom they represent, a code of their own for each, what happened.

use super::activity::{About, Deed, Line, note};
use super::backup_code::{ShownPage, end_code, make_code, qr_of, state_of};
use super::confirm::{self, confirm};
use super::invitations::InvitationCode;
use super::letter::{Received, receiver};
use super::page::{self, Filled, Frame};
use super::representatives::{history, place, place_of};
use super::rows::{LoginKind, Representation};
use super::second::Ways;
use super::tries::Attempts;
use super::visitor::{Signed, SignedPost};
use super::{Fault, Portal};
use crate::store::StoreError;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use std::sync::Arc;
use uuid::Uuid;
use verification_api::names::Name;
use verification_api::personal::PersonalText;

struct Client {
    id: Uuid,
    name: PersonalText,
    since: String,
    state: &'static str,
    look: &'static str,
    active: bool,
    expires: Option<String>,
}

#[derive(Template)]
#[template(path = "clients.html")]
struct Page {
    f: Frame,
    form: Filled,
    clients: Vec<Client>,
}

#[derive(Template)]
#[template(path = "client.html")]
struct OnePage {
    f: Frame,
    client: Client,
    uses: Attempts,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "client_code.html")]
struct CodePage {
    f: Frame,
    form: Filled,
    ways: Ways,
    client: Client,
}

/// `GET /clients`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let page = list(&portal, &signed, Filled::default()).await?;
    page::html(&portal, &signed.visitor, &page)
}

/// `POST /clients/accept`: a further client's invitation.
pub(super) async fn accept(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let SignedPost { mut signed, form } = post;
    let login = signed.representative()?;
    let (typed, number) = (form.trimmed("letter-code"), form.trimmed("roll-number"));
    let f = signed.visitor.frame(&portal, "clients-title");
    let mut filled = Filled::default();
    let code = InvitationCode::parse(&typed);
    if code.is_none() {
        filled.wrong("letter-code", f.t(if typed.is_empty() { "letter-code-missing" } else { "letter-code-form" }));
    }
    if number.is_empty() {
        filled.wrong("roll-number", f.t("roll-number-missing"));
    }
    // What is not whole is not charged.
    let found = match code.filter(|_| !filled.is_wrong()) {
        Some(code) => receiver(&portal, &code.hash(), None, &number).await?,
        None => Received::Wrong,
    };
    let new = match found {
        Received::By(whom) if whom.0.kind == LoginKind::Representative && whom.1.is_none() => Some(*whom),
        _ => None,
    };
    let accepted = match new.and_then(|(row, _)| row.representation.map(|id| (row, id))) {
        Some((invitation, id)) => {
            let shared = Arc::clone(&portal);
            let accepted = portal.app.store.write("accept a client", move |tx| {
                Box::pin(async move {
                    let now = shared.app.now();
                    let at = now.unix_millis();
                    let whole =
                        tx.use_letter(&invitation.hash, at).await? && tx.accept_representation(id, login, at).await?;
                    if whole {
                        let about = About { account: Some(invitation.account), representation: Some(id) };
                        note(tx, &shared.app, now, login, Deed::RepresentativeAccepted, about).await?;
                    }
                    Ok(whole)
                })
            });
            accepted.await?
        }
        None => false,
    };
    if accepted {
        return Ok(page::go("/clients"));
    }
    if !filled.is_wrong() {
        filled.wrong("letter-code", f.t("letter-wrong-number"));
    }
    signed.visitor.path = "/clients".to_owned();
    let f = signed.visitor.frame(&portal, "clients-title");
    filled.keep("letter-code", typed);
    filled.keep("roll-number", number);
    let mut page = list(&portal, &signed, filled).await?;
    page.f = f.wrong(true);
    page::html_wrong(&portal, &signed.visitor, &page)
}

/// `GET /clients/{id}`
pub(super) async fn one(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = own(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "client-title");
    let client = client(&portal, &f, &row).await?;
    let (uses, lines) = history(&portal, &f, &row).await?;
    page::html(&portal, &signed.visitor, &OnePage { f, client, uses, lines })
}

/// `GET /clients/{id}/code`
pub(super) async fn new(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = own(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "client-code-title");
    let client = client(&portal, &f, &row).await?;
    let ways = confirm::ways(&portal, &signed).await?;
    page::html(&portal, &signed.visitor, &CodePage { f, form: Filled::default(), ways, client })
}

/// `POST /clients/{id}/code`: a code of the representative's own, for this client.
pub(super) async fn make(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let SignedPost { signed, form } = post;
    let row = own(&portal, &signed, &id).await?;
    let f = signed.visitor.frame(&portal, "client-code-title");
    let client = client(&portal, &f, &row).await?;
    let mut filled = Filled::default();
    let Some(confirmed) = confirm(&portal, &signed, &form, &f, &mut filled).await? else {
        let ways = confirm::ways(&portal, &signed).await?;
        return page::html_wrong(&portal, &signed.visitor, &CodePage { f: f.wrong(true), form: filled, ways, client });
    };
    let about = About::of(&row);
    let place = place(&portal, &row).await?;
    let (code, expires_at) = make_code(&portal, &signed, &confirmed, place, about).await?;
    let f = signed.visitor.frame(&portal, "client-code-shown-title");
    let expires = f.day(&expires_at);
    let shown = ShownPage {
        qr: qr_of(&code)?,
        f,
        code: code.text(),
        number: client.name,
        label: "client-of-code",
        expires,
        back: "/clients",
        card: false,
        new: true,
    };
    page::html(&portal, &signed.visitor, &shown)
}

/// `POST /clients/{id}/revoke`
pub(super) async fn revoke(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let row = own(&portal, &post.signed, &id).await?;
    let about = About::of(&row);
    let place = place(&portal, &row).await?;
    end_code(&portal, &post.signed, place, about, Deed::DelegatedCodeRevoked).await?;
    Ok(page::go(&format!("/clients/{}", row.id)))
}

async fn list(portal: &Arc<Portal>, signed: &Signed, form: Filled) -> Result<Page, Fault> {
    let login = signed.representative()?;
    let f = signed.visitor.frame(portal, "clients-title");
    let rows = portal.app.store.read().await?.clients_of(login).await?;
    let mut clients = vec![];
    for row in &rows {
        clients.push(client(portal, &f, row).await?);
    }
    Ok(Page { f, form, clients })
}

/// The representative's own live representation of that id.
pub(super) async fn own(portal: &Portal, signed: &Signed, id: &str) -> Result<Representation, Fault> {
    let login = signed.representative()?;
    let id = Uuid::try_parse(id).map_err(|_| Fault::NotFound)?;
    let row = portal.app.store.read().await?.representation(id).await?;
    row.filter(|row| row.login == Some(login) && row.ended_at.is_none()).ok_or(Fault::NotFound)
}

/// A client's name, as people say it.
pub(super) async fn name_of(portal: &Portal, row: &Representation) -> Result<PersonalText, Fault> {
    let account = portal.app.store.read().await?.account(row.account).await?.ok_or(Fault::NotFound)?;
    let name = portal.app.keys.open_text(&[account.id.as_bytes(), b"name"], &account.name)?;
    let name = Name::of_record(&name).map_err(|_| StoreError::NotUnderstood("name"))?;
    let given = name.secondary().unwrap_or_default();
    let whole = given.expose(|given| name.primary().expose(|family| format!("{given} {family}")));
    Ok(PersonalText::new(whole.trim().to_owned()))
}

async fn client(portal: &Portal, f: &Frame, row: &Representation) -> Result<Client, Fault> {
    let mut tx = portal.app.store.read().await?;
    let place = place_of(&mut tx, &portal.app.keys, row).await?;
    let status = tx.code_status(place).await?;
    drop(tx);
    let name = name_of(portal, row).await?;
    let (state, look) = state_of(status.as_ref(), portal.app.now().unix_millis());
    let active = state == "code-kind-active";
    Ok(Client {
        id: row.id,
        name,
        since: f.day(&row.accepted_at.unwrap_or(row.made_at)),
        state,
        look,
        active,
        expires: status.filter(|_| active).map(|status| f.day(&status.expires_at)),
    })
}
