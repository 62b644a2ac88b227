//! The style sheet, the one script, the mark: embedded, and kept by browsers for as long as the build is the same.

use super::Fault;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("../../static/portal.css");
const SCRIPT: &str = include_str!("../../static/portal.js");
const MARK: &str = include_str!("../../static/mark.svg");

/// Names this build's files: the beginning of their hash.
pub(super) fn build() -> String {
    let all = [STYLE, SCRIPT, MARK].concat();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, all.as_bytes());
    hex::encode(digest.as_ref().get(..8).unwrap_or_default())
}

/// `GET /assets/{build}/{name}`
pub(super) async fn file(Path((_, name)): Path<(String, String)>) -> Result<Response, Fault> {
    let (kind, body) = match name.as_str() {
        "portal.css" => ("text/css; charset=utf-8", STYLE),
        "portal.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "mark.svg" => ("image/svg+xml", MARK),
        _ => return Err(Fault::NotFound),
    };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, body).into_response())
}
