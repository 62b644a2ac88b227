//! Any bytes at any endpoint: a problem document or a closed connection, never a 500, never a panic.

use crate::support::{Client, Kiosk, Serving, Site, id, roots};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Method, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use verification_api::wire::{MAX_BODY, ProblemType};

/// A service whose limits do not hide what is looked for.
struct Scene {
    site: Site,
    serving: Serving,
    kiosk: Kiosk,
    /// With the kiosk's certificate, and with none.
    tls: [Arc<ClientConfig>; 2],
}

/// Which port.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Port {
    Kiosk,
    Portal,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        for limit in ["verifications_per_minute", "verifications_burst", "inspections_per_minute", "inspections_burst"]
        {
            site.set(limit, "1000000");
        }
        for limit in ["looks_per_minute", "failing_identifiers", "pin_failures"] {
            site.set(limit, "1000000");
        }
        site.add_officer("B1");
        let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
        let nobody = builder.with_root_certificates(roots(&kiosk.dir.join("root.pem"))).with_no_client_auth();
        let tls = [Arc::new(kiosk.tls(&[&rustls::version::TLS13])), Arc::new(nobody)];
        Self { site, serving, kiosk, tls }
    }

    fn client(&self) -> Client {
        self.serving.client(&self.kiosk)
    }

    /// Sends bytes, and gives all that comes back until the service closes the connection. Bytes that may be the beginning
    /// of a request are followed by the end of the stream after a moment.
    async fn send(&self, port: Port, bytes: &[u8], patience: Duration) -> Vec<u8> {
        let (number, tls) = match port {
            Port::Kiosk => (self.serving.kiosk_port, &self.tls[0]),
            Port::Portal => (self.serving.portal_port, &self.tls[1]),
        };
        let tcp = TcpStream::connect(("127.0.0.1", number)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await.unwrap();
        let mut reply = vec![];
        // The service may close while we still write.
        if stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() {
            let read = async { while matches!(stream.read_buf(&mut reply).await, Ok(n) if n > 0) {} };
            if tokio::time::timeout(patience, read).await.is_ok() {
                return reply;
            }
            let _ = stream.shutdown().await;
        }
        let read = async { while matches!(stream.read_buf(&mut reply).await, Ok(n) if n > 0) {} };
        let closed = tokio::time::timeout(Duration::from_secs(20), read).await;
        assert!(closed.is_ok(), "the connection stays open after the end of {}", bytes.escape_ascii());
        reply
    }

    /// The service is there, unharmed, and nothing went wrong inside it.
    async fn is_well(&self) {
        assert_eq!(self.client().get("/kiosk/v1/health").await.status, StatusCode::OK);
        let log = std::fs::read_to_string(self.site.path("log")).unwrap();
        let bad = log.lines().find(|line| line.contains("panick") || line.contains("\"ERROR\""));
        assert_eq!(bad, None);
    }
}

/// What came back, in all.
#[derive(Default, Debug, PartialEq)]
struct Seen {
    replies: usize,
    problems: usize,
    /// HTTP's own refusals.
    empty: usize,
}

/// Checks everything that came back: replies of the API, problem documents, or HTTP's own empty refusals.
fn lawful(port: Port, sent: &[u8], mut reply: &[u8], seen: &mut Seen) -> Result<(), String> {
    let fail = |what: &str| {
        let shown = String::from_utf8_lossy(&reply[..reply.len().min(600)]).into_owned();
        Err(format!("{what}\nsent: {}\nreply: {shown}", sent[..sent.len().min(600)].escape_ascii()))
    };
    while !reply.is_empty() {
        let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { return fail("no end of headers") };
        let Ok(head) = std::str::from_utf8(&reply[..end]) else { return fail("headers are not text") };
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse::<u16>().ok());
        let headers: Vec<(String, &str)> =
            lines.filter_map(|line| line.split_once(':')).map(|(n, v)| (n.to_lowercase(), v.trim())).collect();
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
        let length = header("content-length").and_then(|n| n.parse::<usize>().ok()).unwrap_or_default();
        let rest = &reply[end + 4..];
        // A reply to HEAD has the length of a body that is not sent.
        let body = rest.get(..length).unwrap_or_default();
        match (status, header("content-type")) {
            (Some(100), _) => {}
            (Some(status), Some("application/problem+json")) => {
                let Ok(problem) = serde_json::from_slice::<Value>(body) else {
                    if body.is_empty() && sent.windows(4).any(|w| w == b"HEAD") {
                        return Ok(());
                    }
                    return fail("no JSON");
                };
                if status == 405 && problem["type"] == "about:blank" && header("allow").is_some() {
                    seen.problems += 1;
                    reply = rest.get(length..).unwrap_or_default();
                    continue;
                }
                let kind = problem["type"].as_str().and_then(ProblemType::from_urn);
                if kind.map(ProblemType::status) != Some(status) || kind == Some(ProblemType::Unavailable) {
                    return fail("no problem that bytes can cause");
                }
                seen.problems += 1;
            }
            (Some(200..=202), Some("application/json" | "text/plain; charset=utf-8" | "application/octet-stream"))
                if port == Port::Kiosk =>
            {
                seen.replies += 1;
            }
            // HTTP's own refusals, with nothing in them, and then no more.
            (Some(400 | 413 | 414 | 431 | 501 | 505), None) if length == 0 && header("connection") == Some("close") => {
                seen.empty += 1;
            }
            // The portal's pages are for people.
            (Some(200..=499), _) if port == Port::Portal => {}
            _ => return fail("neither a reply, nor a problem document, nor an empty refusal"),
        }
        reply = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The paths of both ports, and others.
fn path() -> impl Strategy<Value = String> {
    let id = "01980000-0000-7000-8000-0000000000aa";
    let known = [
        format!("/kiosk/v1/inspections/{id}"),
        format!("/kiosk/v1/verifications/{id}"),
        format!("/kiosk/v1/referrals/{id}"),
        format!("/kiosk/v1/referrals/{id}/closed"),
        "/kiosk/v1/referrals/by-reference/K07-7KQ2".to_owned(),
        "/kiosk/v1/officers/sign-in".to_owned(),
        "/kiosk/v1/officers/session".to_owned(),
        format!("/kiosk/v1/overrides/{id}"),
        "/kiosk/v1/heartbeats".to_owned(),
        "/kiosk/v1/assistance".to_owned(),
        "/kiosk/v1/health".to_owned(),
        "/kiosk/v1/policy".to_owned(),
        "/kiosk/v1/certificate".to_owned(),
        "/log/v1/checkpoint".to_owned(),
        "/log/v1/tile/0/000".to_owned(),
        "/enroll".to_owned(),
        "/".to_owned(),
    ];
    prop_oneof![
        6 => prop::sample::select(known.to_vec()),
        1 => Just("*".to_owned()),
        1 => "/kiosk/v1/(verifications|inspections|overrides|referrals)/[%0-9a-f./-]{0,40}",
        1 => "(http://elsewhere)?/[ -~]{0,60}",
        1 => "/[a-z]{9000}",
    ]
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    let text = |s: &'static str| Just(s.as_bytes().to_vec());
    prop_oneof![
        text("Content-Length: 18446744073709551616"),
        text("Content-Length: -1"),
        text("Content-Length: 5\r\nContent-Length: 6"),
        text("Content-Length: 65537"),
        text("Content-Length: 3\r\nTransfer-Encoding: chunked"),
        text("Transfer-Encoding: chunked, identity"),
        text("Transfer-Encoding: gzip"),
        text("Expect: 100-continue"),
        text("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
        text("Officer-Session: \u{e9}\u{0}"),
        text("Kiosk-Signature: 00:!!"),
        text("Host: a\r\nHost: b"),
        text(" folded: header"),
        text("no colon at all"),
        "[A-Za-z-]{1,20}: [ -~]{0,200}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        // More and longer headers than anyone needs.
        (1_usize..200).prop_map(|n| (0..n).map(|i| format!("X-{i}: y\r\n")).collect::<String>().into_bytes()),
        (1_usize..40_000).prop_map(|n| [b"X: ".to_vec(), vec![b'x'; n]].concat()),
    ]
}

/// A body, with or without a header that tells of it.
fn body() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let json = prop_oneof![
        "\\{(\"[a-z_]{1,12}\":(\"[^\"\\\\]{0,20}\"|[0-9]{1,20}|null|\\[\\])){0,4}\\}".prop_map(String::into_bytes),
        (1_usize..20_000).prop_map(|n| vec![b'['; n]),
        prop::collection::vec(any::<u8>(), 0..300),
        Just(vec![b' '; MAX_BODY + 1]),
    ];
    let sized = json.prop_map(|body| (format!("Content-Length: {}", body.len()).into_bytes(), body));
    let chunk = ("([0-9a-f]{1,3}|ffffffffffffffff|-1|0x5|)(;[ -~]{0,20})?", prop::collection::vec(any::<u8>(), 0..40));
    let chunked = prop::collection::vec(chunk, 0..5).prop_map(|chunks| {
        let mut body: Vec<u8> = chunks.iter().flat_map(|(n, b)| [n.as_bytes(), b"\r\n", b, b"\r\n"].concat()).collect();
        body.extend_from_slice(b"0\r\n\r\n");
        (b"Transfer-Encoding: chunked".to_vec(), body)
    });
    let short = prop::collection::vec(any::<u8>(), 0..50)
        .prop_map(|body| (format!("Content-Length: {}", body.len() + 10).into_bytes(), body));
    prop_oneof![4 => sized, 2 => chunked, 1 => short, 2 => Just((vec![], vec![]))]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        6 => prop::sample::select(vec!["GET", "PUT", "POST", "DELETE"]),
        1 => prop::sample::select(vec!["HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI", "get", "", "\u{0}"]),
    ];
    let version =
        prop_oneof![8 => Just("HTTP/1.1"), 1 => prop::sample::select(vec!["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""])];
    (method, path(), version, prop::collection::vec(header(), 0..3), body()).prop_map(
        |(method, path, version, headers, (told, body))| {
            let mut bytes =
                format!("{method} {path} {version}\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
            for header in headers.iter().chain([&told]).filter(|header| !header.is_empty()) {
                bytes.extend_from_slice(header);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&body);
            bytes
        },
    )
}

/// A request with some bytes changed, left out or doubled, or cut off.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>());
    (request(), prop::collection::vec(change, 1..6)).prop_map(|(mut bytes, changes)| {
        for (at, how, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..2000),
        4 => request(),
        3 => mangled(),
        // One after the other on one connection.
        1 => (request(), mangled()).prop_map(|(one, two)| [one, two].concat()),
    ]
}

#[test]
fn any_bytes_at_any_port_get_a_problem_document_or_a_closed_connection() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let scene = Scene::new();
    let ports = prop::sample::select(vec![Port::Kiosk, Port::Kiosk, Port::Portal]);
    // At once: most of the time is spent waiting for those that send too little.
    let at_once = prop::collection::vec((ports, bytes()), 16);
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let seen = std::cell::RefCell::new(Seen::default());
    let done = runner.run(&at_once, |all| {
        runtime.block_on(async {
            let replies = all.iter().map(|(port, bytes)| scene.send(*port, bytes, Duration::from_millis(300)));
            for ((port, bytes), reply) in all.iter().zip(join_all(replies).await) {
                lawful(*port, bytes, &reply, &mut seen.borrow_mut()).map_err(TestCaseError::fail)?;
            }
            Ok(())
        })
    });
    if let Err(why) = done {
        panic!("{why}");
    }
    // Each kind of answer is told apart, and chance met the common ones. A whole request at the right path it may never meet.
    let mut seen = seen.into_inner();
    assert!(seen.problems > 20 && seen.empty > 20, "{seen:?}");
    for (request, replies, problems, empty) in [
        ("GET /kiosk/v1/health HTTP/1.1", 1, 0, 0),
        ("GET /kiosk/v1/nowhere HTTP/1.1", 0, 1, 0),
        ("GET /kiosk/v1/health HTTP/9", 0, 0, 1),
    ] {
        let bytes = format!("{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes();
        let wanted =
            Seen { replies: seen.replies + replies, problems: seen.problems + problems, empty: seen.empty + empty };
        let reply = runtime.block_on(scene.send(Port::Kiosk, &bytes, Duration::from_secs(10)));
        lawful(Port::Kiosk, &bytes, &reply, &mut seen).unwrap();
        assert_eq!(seen, wanted, "{request}");
    }
    runtime.block_on(scene.is_well());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the time that passes is what is asserted")]
async fn a_body_that_does_not_come_is_waited_for_10_seconds() {
    let scene = Scene::new();
    let slow = |path: &str, told: &str| {
        format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{told}\r\n\r\n{{").into_bytes()
    };
    let path = format!("/kiosk/v1/verifications/{}", id());
    let enroll = String::from_utf8(slow("/enroll", "Content-Length: 9")).unwrap().replacen("PUT", "POST", 1);
    let cases = [
        (Port::Kiosk, slow(&path, "Content-Length: 9")),
        (Port::Kiosk, slow(&path, "Transfer-Encoding: chunked").into_iter().chain(*b"5\r\n1").collect()),
        (Port::Portal, enroll.into_bytes()),
    ];
    let begun = tokio::time::Instant::now();
    let replies = join_all(cases.iter().map(|(port, bytes)| scene.send(*port, bytes, Duration::from_secs(20)))).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    for ((port, bytes), reply) in cases.iter().zip(replies) {
        lawful(*port, bytes, &reply, &mut Seen::default()).unwrap();
        assert!(reply.starts_with(b"HTTP/1.1 422 "), "{}", reply.escape_ascii());
    }
    scene.is_well().await;
}

/// Texts that programs stumble over.
fn texts() -> Vec<Value> {
    let long = "x".repeat(60_000);
    [
        "",
        "\u{0}",
        "a\u{0}b",
        "\u{7f}\u{85}\u{200e}\u{202e}",
        "'; DROP TABLE account; --",
        "%s%n{}",
        "🂡🂡🂡",
        "-1",
        "1e999",
        &long,
    ]
    .into_iter()
    .map(Value::from)
    .chain([json!(null), json!(true), json!(-1), json!(1e300), json!([]), json!({}), json!([[]]), json!(u64::MAX)])
    .collect()
}

/// All places of a value that hold something: pointers as of RFC 6901.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found)),
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

/// Every member of every request of the OpenAPI document's examples, replaced by each hostile text. What comes back is
/// checked against the document by the client.
#[tokio::test]
async fn any_text_in_any_member_is_taken_or_refused_in_order() {
    let scene = Scene::new();
    let client = scene.client();
    let session = client.sign_in("B1").await;
    let document = verification_service::openapi::document();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let example = &operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"];
            if example.is_null() || path == "/enroll" {
                continue;
            }
            let mut example = example.clone();
            if !example["officer_session"].is_null() {
                example["officer_session"] = json!(session);
            }
            let mut found = vec![];
            places(&example, "", &mut found);
            for place in found {
                for text in texts() {
                    let mut body = example.clone();
                    *body.pointer_mut(&place).unwrap() = text;
                    let (one, raw) = (id(), body.to_string().into_bytes());
                    let path = path.replace("{id}", &one.to_string()).replace("{visit}", &one.to_string());
                    let signed = scene.kiosk.signature(one, &raw);
                    let headers: &[(&str, &str)] =
                        if path.contains("override") { &[("kiosk-signature", &signed)] } else { &[] };
                    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
                    let answer = client.try_call(method.clone(), &path, headers, raw).await.unwrap();
                    let status = answer.status.as_u16();
                    assert!(status < 500, "{method} {path} {place}: {status} {}", body);
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1000, "{asked}");
    scene.is_well().await;
}

/// What the derived code of serde takes besides: a list for an object, an object for a word.
#[tokio::test]
async fn an_object_is_no_list_and_a_word_is_a_text() {
    let scene = Scene::new();
    let client = scene.client();
    let heartbeat =
        |devices: Value| json!({ "devices": devices, "journal": null, "version": "1", "policy_version": null });
    let device = json!({ "device": "reader", "state": "ready", "who": "nobody" });
    let answer = client.post("/kiosk/v1/heartbeats", &heartbeat(json!([device]))).await;
    assert_eq!(answer.status, StatusCode::OK);
    for devices in [
        json!([["reader", "ready", "nobody"]]),
        json!([{ "device": "reader", "state": { "ready": null }, "who": "nobody" }]),
    ] {
        assert_eq!(client.post("/kiosk/v1/heartbeats", &heartbeat(devices)).await.problem(), "malformed");
    }
    assert_eq!(client.post("/kiosk/v1/heartbeats", &json!([[], null, "1", null])).await.problem(), "malformed");
}
