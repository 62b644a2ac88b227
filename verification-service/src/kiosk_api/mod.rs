//! The kiosks' API, version 1: thin handlers over the domain. One file for each resource.

mod caller;
mod certificates;
pub(crate) mod edge;
mod inspections;
mod log;
mod officers;
pub(crate) mod overrides;
mod referrals;
mod status;
mod strict;
mod verifications;

pub use caller::PeerIdentity;

use crate::app::App;
use crate::observe::observe;
use crate::refusal::Refusal;
use axum::Router;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use std::sync::Arc;
use verification_api::wire::ProblemType;

/// All routes. Requests must carry a [`PeerIdentity`] extension, which the listener takes from the TLS connection.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/kiosk/v1/inspections/{id}", put(inspections::store))
        .route("/kiosk/v1/verifications/{id}", put(verifications::store).get(verifications::settle))
        .route("/kiosk/v1/referrals/{visit}", put(referrals::store))
        .route("/kiosk/v1/referrals/{visit}/closed", put(referrals::close))
        .route("/kiosk/v1/referrals/by-reference/{reference}", get(referrals::open))
        .route("/kiosk/v1/officers/sign-in", post(officers::sign_in))
        .route("/kiosk/v1/officers/session", delete(officers::sign_out))
        .route("/kiosk/v1/overrides/{id}", put(overrides::store))
        .route("/kiosk/v1/heartbeats", post(status::heartbeat))
        .route("/kiosk/v1/assistance", post(status::call_officer))
        .route("/kiosk/v1/health", get(status::health))
        .route("/kiosk/v1/policy", get(status::policy))
        .route("/log/v1/checkpoint", get(log::checkpoint))
        .route("/log/v1/tile/{level}/{*index}", get(log::tile))
        .route("/kiosk/v1/certificate", post(certificates::renew))
        .route_layer(from_fn_with_state(Arc::clone(&app), caller::admit))
        .fallback(nothing_here)
        .method_not_allowed_fallback(caller::wrong_method)
        .layer(from_fn(|request, next| observe("kiosk", request, next)))
        .with_state(app)
}

async fn nothing_here(method: Method) -> Refusal {
    Refusal::because(ProblemType::NotFound, format!("No call of this API answers {method} here"))
}
