//! Pages for everyone: the landing page, advice, the choice of language.

use super::cookies;
use super::page::{self, Frame};
use super::visitor::Visitor;
use super::words::Language;
use super::{Fault, Portal};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    f: Frame,
}

#[derive(Template)]
#[template(path = "advice.html")]
struct Advice {
    f: Frame,
}

/// `GET /`
pub(super) async fn landing(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Result<Response, Fault> {
    let f = visitor.frame(&portal, "landing-title");
    page::html(&portal, &visitor, &Landing { f })
}

/// `GET /advice`
pub(super) async fn advice(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Result<Response, Fault> {
    let f = visitor.frame(&portal, "advice-title");
    page::html(&portal, &visitor, &Advice { f })
}

#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    back: String,
}

/// `GET /language/{tag}?back=/path`: remembers the language and goes back.
pub(super) async fn language(Path(tag): Path<String>, Query(Back { back }): Query<Back>) -> Result<Response, Fault> {
    let language = Language::from_tag(&tag).ok_or(Fault::NotFound)?;
    // Only to a page of this portal: a path of plain letters, never another host.
    let plain = back.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b));
    let back = if plain && back.starts_with('/') && !back.starts_with("//") { back } else { "/".to_owned() };
    let mut response = page::go(&back);
    page::set_cookie(&mut response, cookies::remember_language(language));
    Ok(response)
}
