//! The portal's port. Account pages come with the portal; until then one page says so, and `/health` answers.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Account portal</title>\
<meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>Account portal</h1>\
<p>Accounts and backup codes are kept by the operator of this service. Pages to manage your own are not part of this \
version.</p>\
<p>We will never ask for your backup code by e-mail, text or phone.</p></body></html>\n";

/// The routes of the portal.
pub fn router() -> Router {
    Router::new().route("/", get(landing)).route("/health", get(|| async { "ok\n" }))
}

async fn landing() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (headers, PAGE).into_response()
}
