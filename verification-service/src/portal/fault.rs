//! What goes wrong, as pages; and the headers that guard every reply.

use super::Portal;
use super::page::{self, Frame};
use super::visitor::Visitor;
use crate::store::StoreError;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Why a request gets another page than it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not signed in, or not any more.
    SignInFirst,
    /// A form that this browser was not shown in this session.
    Forged,
    /// No form at all.
    Malformed,
    NotFound,
    /// A page of ours, but not with this method; the router adds `Allow`.
    WrongMethod,
    /// The database or the derivations; it was logged where it happened.
    Unavailable,
}

impl From<StoreError> for Fault {
    fn from(why: StoreError) -> Self {
        tracing::error!(cause = %why, "a page was not made");
        Self::Unavailable
    }
}

impl From<crate::secrets::SealError> for Fault {
    fn from(why: crate::secrets::SealError) -> Self {
        StoreError::from(why).into()
    }
}

impl From<crate::random::NoRandom> for Fault {
    fn from(why: crate::random::NoRandom) -> Self {
        StoreError::from(why).into()
    }
}

impl Fault {
    const fn status(self) -> StatusCode {
        match self {
            Self::SignInFirst => StatusCode::SEE_OTHER,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Messages: title, and what to do.
    const fn messages(self) -> [&'static str; 2] {
        match self {
            Self::SignInFirst | Self::Forged => ["forged-title", "forged-text"],
            Self::Malformed => ["malformed-title", "malformed-text"],
            Self::NotFound | Self::WrongMethod => ["not-found-title", "not-found-text"],
            Self::Unavailable => ["unavailable-title", "unavailable-text"],
        }
    }
}

/// [`guard`] turns this into a page in the visitor's language.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct Page {
    f: Frame,
    text: &'static str,
}

/// "Go on", which browsers do by themselves.
#[derive(Template)]
#[template(path = "arrival.html")]
struct Arrival {
    f: Frame,
    to: String,
}

pub(super) async fn nothing_here() -> Fault {
    Fault::NotFound
}

pub(super) async fn wrong_method() -> Fault {
    Fault::WrongMethod
}

/// Around every request: faults become pages, and every reply gets its guards.
pub(super) async fn guard(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let mut response = match arrival(&portal, &request) {
        Some(arrival) => arrival,
        None => next.run(request).await,
    };
    if let Some(fault) = response.extensions().get::<Fault>().copied() {
        response = match fault {
            Fault::SignInFirst => page::go("/sign-in?ended"),
            fault => told(&portal, fault, &headers, &path).unwrap_or_else(|_| fault.status().into_response()),
        };
    }
    let guards: [(HeaderName, &'static str); 9] = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
             publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ];
    for (name, value) in guards {
        // A browser would apply it to every other service of a developer's machine.
        if name != STRICT_TRANSPORT_SECURITY || !portal.is_local() {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Who follows a link on another site brings no `SameSite=Strict` cookie, and would be a stranger here. A page that leads to
/// the same place once more, from here, is all that such a request gets.
fn arrival(portal: &Arc<Portal>, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|header| header == value);
    let led = says("sec-fetch-site", "cross-site") && says("sec-fetch-mode", "navigate");
    if request.method() != Method::GET || !led {
        return None;
    }
    // Only to pages of this portal, which are plain letters; never to another host.
    let to = request.uri().path_and_query()?.as_str();
    if to.starts_with("//") || !to.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-?=&".contains(&b)) {
        return None;
    }
    let mut visitor = Visitor::stranger(portal, headers, "/").ok()?;
    visitor.token_is_new = false;
    let f = visitor.frame(portal, "arrival-title");
    page::html(portal, &visitor, &Arrival { f, to: to.to_owned() }).ok()
}

fn told(portal: &Arc<Portal>, fault: Fault, headers: &axum::http::HeaderMap, path: &str) -> Result<Response, Fault> {
    let [title, text] = fault.messages();
    let mut visitor = Visitor::stranger(portal, headers, path)?;
    visitor.path = "/".to_owned();
    // There is no form on it.
    visitor.token_is_new = false;
    let f = visitor.frame(portal, title);
    page::html_with(portal, &visitor, fault.status(), &Page { f, text })
}
