//! A client of the portal that is no browser.

use crate::people::{PASSWORD, Portal};
use crate::support::roots;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use std::collections::BTreeMap;

/// A client with its cookies in its hand.
pub struct Caller {
    pub http: Client,
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Caller {
    pub fn new(portal: &Portal) -> Self {
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots(&portal.site.path("svc/root.pem")))
            .with_no_client_auth();
        let http =
            Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(Policy::none()).build().unwrap();
        let origin = format!("https://localhost:{}", portal.serving.portal_port);
        Self { http, origin, cookies: BTreeMap::new() }
    }

    pub async fn call(&mut self, request: reqwest::RequestBuilder) -> Reply {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let reply = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        let (status, headers) = (reply.status(), reply.headers().clone());
        for set in headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Reply { status, headers, body: reply.text().await.unwrap() }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let request = self.http.get(format!("{}{path}", self.origin));
        self.call(request).await
    }

    /// Sends a form as a browser would; with the token of the page before it, if `csrf` is given.
    pub async fn post(&mut self, path: &str, csrf: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = format!("csrf={csrf}");
        for (name, value) in fields {
            let value: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
            body += &format!("&{name}={value}");
        }
        let request = self.http.post(format!("{}{path}", self.origin));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        self.call(request).await
    }

    /// Signs in with password and app.
    pub async fn sign_in(&mut self, portal: &Portal, key: &str) {
        let csrf = self.csrf("/sign-in").await;
        let reply = self.post("/sign-in", &csrf, &[("user-name", "anna"), ("password", PASSWORD)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        let csrf = self.csrf("/sign-in/second-step").await;
        let code = portal.code(key).await;
        let reply = self.post("/sign-in/second-step", &csrf, &[("one-time-code", &code)]).await;
        assert_eq!(reply.headers["location"], "/account");
    }

    /// The token in the form of a page.
    pub async fn csrf(&mut self, path: &str) -> String {
        let page = self.get(path).await.body;
        token(&page)
    }
}

fn token(page: &str) -> String {
    let at = page.find("name=\"csrf\" value=\"").expect("a form with a token") + 19;
    page[at..at + 64].to_owned()
}
