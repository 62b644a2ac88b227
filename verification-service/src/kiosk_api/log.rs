//! `GET /log/v1/checkpoint` and `GET /log/v1/tile/…` (C2SP tlog-tiles), for the kiosks that witness the log.

use super::caller::Caller;
use crate::app::App;
use crate::refusal::Refusal;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use verification_api::log::Tile;
use verification_api::wire::ProblemType;

/// A tile's path.
pub struct Wanted(Tile);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let tile = path.ok().and_then(|Path((level, index))| Tile::parse(&level, &index));
        tile.map(Self).ok_or_else(|| Refusal::because(ProblemType::NotFound, "This is no address of a tile"))
    }
}

pub async fn checkpoint(State(app): State<Arc<App>>, Caller(_): Caller) -> Result<Response, Refusal> {
    let head = app.store.read().await?.log_head().await?;
    let note = head.ok_or_else(|| Refusal::new(ProblemType::Unavailable))?.checkpoint;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], note).into_response())
}

pub async fn tile(State(app): State<Arc<App>>, Caller(_): Caller, Wanted(tile): Wanted) -> Result<Response, Refusal> {
    let none = || Refusal::because(ProblemType::NotFound, "The log has no such tile, or not yet so wide");
    let number = i64::try_from(tile.index).map_err(|_| none())?;
    let hashes = app.store.read().await?.tile(tile.level, number).await?.ok_or_else(none)?;
    // The tile may have grown since the checkpoint that asks for it.
    let wanted = hashes.get(..usize::from(tile.width) * 32).ok_or_else(none)?;
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "private, max-age=31536000, immutable")];
    Ok((headers, wanted.to_vec()).into_response())
}
