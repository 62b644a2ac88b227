//! The edge: bytes to wire types, and replies or problem documents back to bytes.

use super::strict::Strict;
use crate::put_once::Reply;
use crate::refusal::Refusal;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::{Uuid, Variant};
use verification_api::wire::{MAX_BODY, Problem, ProblemType};
use zeroize::Zeroizing;

/// How long a body may take to come in.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The one part of a path that varies.
pub struct Part(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let part = Path::<String>::from_request_parts(parts, state).await;
        part.map(|Path(part)| Self(part)).map_err(|_| Refusal::malformed("The path is not text (UTF-8)"))
    }
}

/// The whole body, at most 64 KiB.
///
/// # Errors
/// `too-large`; `malformed` if it broke off or came too slowly.
pub async fn whole(body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    match tokio::time::timeout(BODY_WITHIN, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(collected)) => Ok(Zeroizing::new(collected.to_bytes().to_vec())),
        Ok(Err(why)) if why.downcast_ref::<LengthLimitError>().is_some() => Err(Refusal::new(ProblemType::TooLarge)),
        Ok(Err(_)) => Err(Refusal::malformed("The body broke off")),
        Err(_) => Err(Refusal::malformed("The body did not come within 10 seconds")),
    }
}

/// The JSON of a request.
///
/// # Errors
/// `malformed`, with the place, and the member if one is unknown or missing; never a value.
pub fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(raw);
    T::deserialize(Strict(&mut json)).and_then(|value| json.end().map(|()| value)).map_err(|why| {
        let (line, column) = (why.line(), why.column());
        let message = why.to_string();
        let named = ["unknown field", "missing field", "duplicate field"].iter().any(|m| message.starts_with(m));
        let what = match (named, message.split(['`']).nth(1)) {
            (true, Some(member)) if member.len() <= 40 && !member.chars().any(char::is_control) => {
                format!("{} \"{member}\"", message.split(" field").next().unwrap_or("wrong"))
            }
            _ if why.is_data() => "a member has the wrong type or a value that is not in its list".to_owned(),
            _ => "this is not JSON".to_owned(),
        };
        Refusal::malformed(format!("Line {line}, column {column}: {what}"))
    })
}

/// An id of a path, hyphenated.
///
/// # Errors
/// `malformed` unless it is a `UUIDv7`.
pub fn uuid_v7(text: &str) -> Result<Uuid, Refusal> {
    let id = Some(text).filter(|text| text.len() == 36).and_then(|text| Uuid::try_parse(text).ok());
    checked_v7(id.ok_or_else(not_v7)?)
}

/// # Errors
/// `malformed` unless it is a `UUIDv7`.
pub fn checked_v7(id: Uuid) -> Result<Uuid, Refusal> {
    let v7 = id.get_version_num() == 7 && id.get_variant() == Variant::RFC4122;
    if v7 { Ok(id) } else { Err(not_v7()) }
}

fn not_v7() -> Refusal {
    Refusal::malformed("Ids and visits must be UUIDs of version 7")
}

/// A lane as configured: short and printable.
///
/// # Errors
/// `malformed`.
pub fn checked_lane(lane: &str) -> Result<(), Refusal> {
    if lane.is_empty() || lane.chars().count() > 32 || lane.chars().any(char::is_control) {
        return Err(Refusal::malformed("A lane has 1 to 32 characters"));
    }
    Ok(())
}

/// A value as a reply.
///
/// # Errors
/// `unavailable`, which wire types never are.
pub fn ok<T: serde::Serialize>(value: &T) -> Result<Reply, Refusal> {
    Ok(Reply { status: 200, body: crate::put_once::json(value)? })
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        crate::failpoint::reach("reply");
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        (status, headers, self.body.to_vec()).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem::new(self.problem, self.detail.map(std::borrow::Cow::into_owned));
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store")];
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, headers, body).into_response();
        // For the log and the counts.
        response.extensions_mut().insert(self.problem);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A path of ours, asked with a method that it does not have: 405, with `Allow`. The problem is `about:blank` (RFC 9457
/// §4.2.1), because the status says all: it needs no type in the list.
pub fn not_allowed(allowed: &str) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let problem = Problem {
        r#type: "about:blank".to_owned(),
        title: "Method Not Allowed".to_owned(),
        status: status.as_u16(),
        detail: Some(format!("This path answers {allowed} only")),
    };
    let headers = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store"), (ALLOW, allowed)];
    (status, headers, serde_json::to_vec(&problem).unwrap_or_default()).into_response()
}

#[cfg(test)]
mod tests {
    use super::{parse, uuid_v7};
    use verification_api::wire::SignInRequest;

    fn detail(json: &str) -> String {
        parse::<SignInRequest>(json.as_bytes()).err().and_then(|r| r.detail).unwrap_or_default().into_owned()
    }

    #[test]
    fn a_refused_body_is_explained_without_its_values() {
        assert!(detail(r#"{"badge":"B1","pin":"1","colour":1}"#).ends_with("unknown \"colour\""));
        assert!(detail(r#"{"badge":"B1"}"#).ends_with("missing \"pin\""));
        assert!(!detail(r#"{"badge":"B1","pin":7654321}"#).contains("7654321"));
        assert!(detail("{").ends_with("this is not JSON"));
    }

    #[test]
    fn ids_are_of_version_7() {
        assert!(uuid_v7("01980000-0000-7000-8000-000000000001").is_ok());
        assert!(uuid_v7("01980000-0000-4000-8000-000000000001").is_err(), "version 4");
        assert!(uuid_v7("01980000-0000-7000-c000-000000000001").is_err(), "another variant");
        assert!(uuid_v7("01980000000070008000000000000001").is_err(), "without hyphens");
        assert!(uuid_v7("x").is_err());
    }
}
