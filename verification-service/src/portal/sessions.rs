//! Where one is signed in.

use super::activity::{About, Deed, note};
use super::page::{self, Frame};
use super::visitor::{Signed, SignedPost};
use super::{Fault, Portal};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

struct Entry {
    id: Uuid,
    here: bool,
    with: String,
    begun: String,
    last_used: String,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    f: Frame,
    entries: Vec<Entry>,
    others: bool,
}

#[derive(Default, Deserialize)]
struct Agent {
    browser: String,
    system: String,
}

/// `GET /sessions`
pub(super) async fn show(State(portal): State<Arc<Portal>>, signed: Signed) -> Result<Response, Fault> {
    let f = signed.visitor.frame(&portal, "sessions-title");
    let now = portal.app.now().unix_millis();
    let rows = portal.app.store.read().await?.portal_sessions_of(signed.login.id).await?;
    let entries: Vec<Entry> = rows
        .iter()
        .filter(|row| row.live_at(now, portal.idle))
        .map(|row| {
            let agent: Agent = serde_json::from_str(&row.agent).unwrap_or_default();
            let with = match (agent.browser.as_str(), agent.system.as_str()) {
                ("", _) | (_, "") => f.t("session-with-unknown"),
                (browser, system) => f.with("session-with-browser", "agent", &format!("{browser}, {system}")),
            };
            let here = row.hash == signed.session.hash;
            Entry { id: row.id, here, with, begun: f.when(&row.begun_at), last_used: f.when(&row.last_used) }
        })
        .collect();
    let others = entries.len() > 1;
    page::html(&portal, &signed.visitor, &Page { f, entries, others })
}

/// `POST /sessions/{id}/end`
pub(super) async fn end(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    post: SignedPost,
) -> Result<Response, Fault> {
    let session = Uuid::try_parse(&id).map_err(|_| Fault::NotFound)?;
    let (login, account) = (post.signed.login.id, post.signed.login.account);
    let shared = Arc::clone(&portal);
    let ended = portal.app.store.write("end a session", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            let found = tx.end_portal_session_of(login, session, now.unix_millis()).await?;
            if found {
                let about = About { account, representation: None };
                note(tx, &shared.app, now, login, Deed::SessionEnded, about).await?;
            }
            Ok(found)
        })
    });
    ended.await?;
    Ok(page::go("/sessions"))
}

/// `POST /sessions/end-all`: every other one.
pub(super) async fn end_all(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let (login, account, here) = (post.signed.login.id, post.signed.login.account, post.signed.session.hash);
    let shared = Arc::clone(&portal);
    let ended = portal.app.store.write("end other sessions", move |tx| {
        Box::pin(async move {
            let now = shared.app.now();
            tx.end_portal_sessions_of(login, &here, now.unix_millis()).await?;
            let about = About { account, representation: None };
            note(tx, &shared.app, now, login, Deed::SessionsEnded, about).await
        })
    });
    ended.await?;
    Ok(page::go("/sessions"))
}

/// `POST /sessions/stay`: for the script that asks "are you still there?". Taking [`SignedPost`] has prolonged it.
pub(super) async fn stay(State(portal): State<Arc<Portal>>, post: SignedPost) -> Result<Response, Fault> {
    let (hash, now) = (post.signed.session.hash, portal.app.now().unix_millis());
    let stayed = portal
        .app
        .store
        .write("use a session", move |tx| Box::pin(async move { tx.touch_portal_session(&hash, now).await }));
    stayed.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
