//! A method that a path does not have: 405, and `Allow` says which it has (RFC 9110 §15.5.6), on both ports.

use crate::support::{Site, http, roots};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;
use verification_service::openapi::document;

const METHODS: [&str; 9] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"];

/// A path of the document with its examples in it.
fn example(template: &str) -> String {
    let values = [
        ("{id}", "01980000-0000-7000-8000-000000000001"),
        ("{visit}", "01980000-0000-7000-8000-000000000002"),
        ("{reference}", "K07-7KQ2"),
        ("{level}", "0"),
        ("{index}", "000.p/1"),
    ];
    values.iter().fold(template.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// Asks with each method that the path does not have; the replies.
async fn refused(client: &Client, port: u16, path: &str, has: &BTreeSet<&str>) -> Vec<(&'static str, Response)> {
    let mut replies = vec![];
    for method in METHODS.into_iter().filter(|method| !has.contains(method)) {
        let url = format!("https://localhost:{port}{path}");
        let reply = client.request(Method::from_bytes(method.as_bytes()).unwrap(), url).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        let allow = reply.headers().get("allow").map(|allow| allow.to_str().unwrap()).unwrap_or_default();
        let allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
        assert_eq!(&allowed, has, "{method} {path}");
        replies.push((method, reply));
    }
    replies
}

/// A client of the portal's port.
fn people(site: &Site) -> Client {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    http(tls.with_root_certificates(roots(&site.path("svc/root.pem"))).with_no_client_auth())
}

#[tokio::test]
async fn every_call_of_the_api_refuses_every_method_that_it_does_not_have() {
    let site = Site::new();
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let (kiosks, people) = (http(kiosk.tls(&[&rustls::version::TLS13])), people(&site));
    let mut refusals = 0;
    for (template, operations) in document()["paths"].as_object().unwrap() {
        let has: BTreeSet<String> = operations.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
        let has: BTreeSet<&str> = has.iter().map(String::as_str).collect();
        let (client, port) =
            if template == "/enroll" { (&people, serving.portal_port) } else { (&kiosks, serving.kiosk_port) };
        for (method, reply) in refused(client, port, &example(template), &has).await {
            assert_eq!(reply.headers()["content-type"], "application/problem+json", "{method} {template}");
            if method != "HEAD" {
                let problem: Value = reply.json().await.unwrap();
                assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &405.into()));
            }
            refusals += 1;
        }
    }
    assert!(refusals > 100, "{refusals}");
}

#[tokio::test]
async fn the_portals_pages_do_so_too() {
    let site = Site::new();
    let (people, serving) = (people(&site), site.serve());
    let (page, form, deed) =
        (BTreeSet::from(["GET", "HEAD"]), BTreeSet::from(["GET", "HEAD", "POST"]), BTreeSet::from(["POST"]));
    for (path, has) in [
        ("/", &page),
        ("/backup-code", &page),
        ("/sign-in", &form),
        ("/sign-out", &deed),
        ("/representatives/x/remove", &form),
    ] {
        refused(&people, serving.portal_port, path, has).await;
    }
}
