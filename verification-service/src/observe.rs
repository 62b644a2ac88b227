//! One line in the log and one count for each request: request id, client, route, status, milliseconds. Never a path as
//! it was asked for, a body or an answer: paths hold ids of visits, bodies hold people.

use crate::kiosk_api::PeerIdentity;
use crate::metrics::{METRICS, Stopwatch};
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use verification_api::wire::ProblemType;

/// Runs the rest and tells of it. `port`: `kiosk` or `portal`.
pub async fn observe(port: &'static str, request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let client = request.extensions().get::<PeerIdentity>().map(|peer| peer.client.to_string()).unwrap_or_default();
    let method = known(request.method().as_str());
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), watch.read());
    let problem = response
        .extensions()
        .get::<ProblemType>()
        .map_or("", |problem| problem.urn().rsplit(':').next().unwrap_or_default());
    METRICS.request(port, method, &route, status, took);
    if !problem.is_empty() {
        METRICS.problem(problem);
    }
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request = %id(), port, %client, method, %route, status, problem, ms = millis, "answered");
    response
}

/// 64 random bits, to find the line again.
fn id() -> String {
    let mut bytes = [0; 8];
    // Without randomness the lines are only harder to tell apart.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    hex::encode(bytes)
}

/// A method of HTTP; anybody may send any word.
fn known(method: &str) -> &'static str {
    ["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
