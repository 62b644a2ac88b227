//! Every use and every try of a code, a page at a time.

use super::backup_code::number_of;
use super::page::{self, Frame};
use super::representatives::{self, place_of};
use super::rows::{Attempt, Representation};
use super::visitor::Signed;
use super::{Fault, Portal, clients};
use crate::secrets::Blind;
use crate::store::{Answer, Tx};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use std::sync::Arc;
use verification_api::personal::PersonalText;

/// Uses and tries of a page.
const SHOWN: i64 = 50;
/// No page is further down: nobody turns so many.
const LAST_PAGE: i64 = 10_000;

/// A use or a try, in words.
pub struct AttemptLine {
    pub when: String,
    pub purpose: String,
    pub place: String,
    pub accepted: bool,
}

/// Some of them: the newest first.
pub struct Attempts {
    pub lines: Vec<AttemptLine>,
    /// Whether there are older ones.
    pub more: bool,
}

#[derive(Template)]
#[template(path = "tries.html")]
struct Page {
    f: Frame,
    /// Whose code they are of.
    of: PersonalText,
    /// Where one came from.
    back: String,
    attempts: Vec<AttemptLine>,
    /// Queries of the pages beside this one.
    newer: Option<i64>,
    older: Option<i64>,
}

/// The newest of an identifier.
pub(super) async fn newest(tx: &mut Tx, f: &Frame, place: Blind) -> Answer<Attempts> {
    nth(tx, f, place, 1).await
}

async fn nth(tx: &mut Tx, f: &Frame, place: Blind, page: i64) -> Answer<Attempts> {
    let mut rows = tx.attempts_of(place, SHOWN + 1, (page - 1) * SHOWN).await?;
    let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    Ok(Attempts { lines: rows.iter().map(|row| line(f, row)).collect(), more })
}

/// `GET /backup-code/{number}/tries?page=2`
pub(super) async fn of_number(
    State(portal): State<Arc<Portal>>,
    Path(which): Path<String>,
    RawQuery(query): RawQuery,
    signed: Signed,
) -> Result<Response, Fault> {
    let number = number_of(&portal, &signed, &which).await?;
    let label = signed.visitor.frame(&portal, "attempts-heading").t(number.label);
    let of = PersonalText::new(number.masked.expose(|number| format!("{label} {number}")));
    show(&portal, &signed, query, (number.blind, of, "/backup-code".to_owned())).await
}

/// `GET /representatives/{id}/tries?page=2`
pub(super) async fn of_representative(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = representatives::own(&portal, &signed, &id).await?;
    let name = representatives::Details::open(&portal.app.keys, &row)?.name;
    delegated(&portal, &signed, query, &row, (name, format!("/representatives/{}", row.id))).await
}

/// `GET /clients/{id}/tries?page=2`
pub(super) async fn of_client(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    signed: Signed,
) -> Result<Response, Fault> {
    let row = clients::own(&portal, &signed, &id).await?;
    let name = clients::name_of(&portal, &row).await?;
    delegated(&portal, &signed, query, &row, (name, format!("/clients/{}", row.id))).await
}

async fn delegated(
    portal: &Arc<Portal>,
    signed: &Signed,
    query: Option<String>,
    row: &Representation,
    (of, back): (PersonalText, String),
) -> Result<Response, Fault> {
    let mut tx = portal.app.store.read().await?;
    let place = place_of(&mut tx, &portal.app.keys, row).await?;
    drop(tx);
    show(portal, signed, query, (place, of, back)).await
}

async fn show(
    portal: &Arc<Portal>,
    signed: &Signed,
    query: Option<String>,
    (place, of, back): (Blind, PersonalText, String),
) -> Result<Response, Fault> {
    let page: Option<i64> = query.as_deref().and_then(|query| query.strip_prefix("page=")?.parse().ok());
    let page = page.unwrap_or(1).clamp(1, LAST_PAGE);
    let f = signed.visitor.frame(portal, "attempts-heading");
    let attempts = nth(&mut portal.app.store.read().await?, &f, place, page).await?;
    let (newer, older) = ((page > 1).then(|| page - 1), attempts.more.then(|| page + 1));
    page::html(portal, &signed.visitor, &Page { f, of, back, attempts: attempts.lines, newer, older })
}

fn line(f: &Frame, attempt: &Attempt) -> AttemptLine {
    AttemptLine {
        when: f.when(&attempt.at),
        purpose: f.t(&format!("purpose-{}", attempt.purpose.replace('_', "-"))),
        place: match (&attempt.kiosk, attempt.purpose.as_str()) {
            (Some(kiosk), "inspection" | "interview") => f.with("at-kiosk", "kiosk", kiosk),
            (Some(client), _) => client.clone(),
            (None, _) => f.t("at-elsewhere"),
        },
        accepted: attempt.verified,
    }
}
