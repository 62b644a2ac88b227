//! What an operator sees: metrics, readiness, the log, an orderly end, copies of the database.

use crate::inspections::inspect;
use crate::support::{A_NUMBER, Site, http, id, other_than, roots, verification};
use futures::future::join_all;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use verification_service::clock::{Clock, DAY, SystemClock, plus_millis};

/// A port that is free now.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Opens the port of the metrics in the configuration.
pub fn watched(site: &Site) -> u16 {
    let port = free_port();
    let text = std::fs::read_to_string(site.config()).unwrap();
    let text = text.replace("[listen]\n", &format!("[listen]\nmetrics = \"127.0.0.1:{port}\"\n"));
    std::fs::write(site.config(), text).unwrap();
    port
}

pub async fn ask(port: u16, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The value of a metric, by the start of its line.
pub fn value(text: &str, start: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn logs_and_metrics_tell_of_requests_and_never_of_people() {
    let site = Site::new();
    let port = watched(&site);
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    site.add_officer("BADGE77");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let visit = id();
    client.verify(visit, ("a_number", A_NUMBER), other_than(&code)).await;
    client.verify(id(), ("a_number", A_NUMBER), &code).await;
    client.sign_in("BADGE77").await;
    inspect(&client, |_| ()).await;
    assert_eq!(client.get(&format!("/kiosk/v1/verifications/{}", id())).await.status, 404);
    assert_eq!(client.get("/nothing/A000000701").await.status, 404);

    let (status, text) = ask(port, "/metrics").await;
    assert_eq!(status, 200);
    let put = "verification_requests_total{port=\"kiosk\",method=\"PUT\",route=\"/kiosk/v1/verifications/{id}\",status=\"200\"}";
    assert!((value(&text, put) - 2.0).abs() < f64::EPSILON);
    let verified = "verification_verifications_total{result=\"verified\",purpose=\"inspection\"}";
    assert!((value(&text, verified) - 1.0).abs() < f64::EPSILON);
    let refused = "verification_verifications_total{result=\"not_verified\",purpose=\"inspection\"}";
    assert!((value(&text, refused) - 1.0).abs() < f64::EPSILON);
    assert!((value(&text, "verification_inspections_total{record=\"found\"}") - 1.0).abs() < f64::EPSILON);
    assert!((value(&text, "verification_problems_total{type=\"not-found\"}") - 2.0).abs() < f64::EPSILON);
    assert!(value(&text, "verification_connections{port=\"kiosk\"}") >= 1.0);
    assert!(value(&text, "verification_log_leaves") >= 3.0);
    assert!(value(&text, "verification_log_unsealed_seconds") < 5.0);
    assert!(value(&text, "verification_transaction_seconds_count{name=\"redeem\"}") >= 2.0);
    assert!(text.contains("verification_connection_wait_seconds_count"));

    let log = std::fs::read_to_string(site.path("log")).unwrap();
    let line = log.lines().find(|line| line.contains("/kiosk/v1/verifications/{id}")).expect("a line for the request");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["client"], kiosk.id.to_string(), "{line}");
    assert_eq!((&fields["status"], &fields["method"], &fields["port"]), (&200.into(), &"PUT".into(), &"kiosk".into()));
    assert!(fields["ms"].is_u64() && fields["request"].as_str().is_some_and(|id| id.len() == 16), "{line}");
    // Without the values: digits of a measured time mean nobody.
    let names: String = text.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned() + "\n")).collect();
    for planted in [A_NUMBER, "000000701", &code, other_than(&code), "SPECIMEN", "ANNA", "1974", "BADGE77", "123456"] {
        assert!(!log.contains(planted), "{planted} is in the log");
        assert!(!names.contains(planted), "{planted} is in the metrics");
    }
    assert!(!log.contains(&visit.to_string()), "a request's own id is in the log");
}

/// Whether a folder's sources hold a function of this name.
fn holds(folder: &Path, name: &str) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, name);
        }
        let source = path.extension().is_some_and(|e| e == "rs").then(|| std::fs::read_to_string(&path).unwrap());
        source.is_some_and(|text| text.contains(&format!("fn {name}(")))
    })
}

#[test]
fn the_page_about_security_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let names: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.rsplit_once("::"))
        .map(|(_, name)| name)
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names.into_iter().filter(|name| name.contains('_')) {
        let found =
            ["verification-service", "verification-api", "tests"].iter().any(|part| holds(&root.join(part), name));
        assert!(found, "docs/security.md names {name}, which is no test");
    }
}

/// `T --test NAME FILTER`: the filter must lead to a test.
#[test]
fn the_track_record_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/track-record.md")).unwrap();
    let commands = page.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.strip_prefix("T "));
    let filters: Vec<&str> =
        commands.filter_map(|command| command.split(" -- ").next()?.split(' ').next_back()).collect();
    assert!(filters.len() > 8, "{filters:?}");
    for filter in filters {
        let leads = match filter.strip_suffix("::") {
            Some(module) => root.join(format!("verification-service/tests/service/{module}.rs")).exists(),
            None => {
                let name = filter.rsplit("::").next().unwrap();
                ["verification-service", "kiosk-app", "tests"].iter().any(|part| names(&root.join(part), name))
            }
        };
        assert!(leads, "docs/track-record.md names {filter}, which is no test");
    }
}

/// Whether a folder's sources have a function whose name has this in it.
fn names(folder: &Path, part: &str) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return names(&path, part);
        }
        let source = path.extension().is_some_and(|e| e == "rs").then(|| std::fs::read_to_string(&path).unwrap());
        let has =
            |line: &str| line.split_once("fn ").is_some_and(|(_, name)| name.split('(').next().unwrap().contains(part));
        source.is_some_and(|text| text.lines().any(has))
    })
}

#[tokio::test]
async fn ready_says_what_hinders_and_health_goes_on() {
    let site = Site::new();
    let port = watched(&site);
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let (status, facts) = ask(port, "/ready").await;
    assert_eq!(status, 200);
    let warned = |text: &str| text.contains("[log] export");
    let log = std::fs::read_to_string(site.path("log")).unwrap();
    assert!(warned(&facts) && warned(&log), "without an export of the checkpoint it warns: {facts}");
    // Not on the portal's port, where anybody could have the database written.
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let tls = tls.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let tls = tls.with_root_certificates(roots(&kiosk.dir.join("root.pem"))).with_no_client_auth();
    let url = format!("https://localhost:{}", serving.portal_port);
    for (path, status) in [("/ready", 404), ("/metrics", 404), ("/", 200)] {
        let answer = http(tls.clone()).get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    assert_eq!(ask(port, "/health").await, (200, "ok\n".to_owned()));
    // A tree that cannot be continued: what is written from now on stays unsealed.
    site.sql("CREATE TABLE kept AS SELECT * FROM log_tile").await;
    site.sql("DELETE FROM log_tile").await;
    serving.client(&kiosk).verify(id(), ("a_number", A_NUMBER), other_than(&code)).await;
    let until = async |wanted: u16| {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tick.tick().await;
            let (status, text) = ask(port, "/ready").await;
            if status == wanted {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(10), until(503)).await.expect("not ready within 10 s");
    assert!(text.contains("the audit log is not sealed"), "{text}");
    assert_eq!(ask(port, "/health").await.0, 200, "alive");
    let (_, metrics) = ask(port, "/metrics").await;
    assert!(value(&metrics, "verification_log_faults_total") >= 1.0);
    site.sql("INSERT INTO log_tile SELECT * FROM kept").await;
    site.sql("DROP TABLE kept").await;
    tokio::time::timeout(Duration::from_secs(5), until(200)).await.expect("ready again within 5 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_end_answers_what_is_under_way_and_seals_it() {
    let site = Site::new();
    site.raise_limits();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    // Connections that are open before the end begins.
    let clients: Vec<_> = (0..16).map(|_| serving.client(&kiosk)).collect();
    join_all(clients.iter().map(|client| client.get("/kiosk/v1/health"))).await;
    let asked = clients.iter().map(|client| {
        let (path, body) =
            (format!("/kiosk/v1/verifications/{}", id()), verification(("a_number", A_NUMBER), other_than(&code)));
        async move { client.try_call(reqwest::Method::PUT, &path, &[], body.to_string().into_bytes()).await }
    });
    let ending = async {
        tokio::time::timeout(Duration::from_millis(4), std::future::pending::<()>()).await.unwrap_err();
        serving.signal("TERM");
    };
    let (answers, ()) = futures::join!(join_all(asked), ending);
    // Whole answers, or none because the request was not taken any more: never half of one.
    let whole = answers.iter().flatten().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().flatten() {
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        assert_eq!(answer.result(), "not_verified");
    }
    assert!(whole > 0, "nothing was under way");
    assert!(serving.ended(Duration::from_secs(20)).success());
    let report = site.cli(&["audit", "verify"]);
    assert_eq!(report["unsealed"], 0, "{report}");
}

#[tokio::test]
async fn a_copy_made_while_the_service_runs_restores_to_a_service_that_answers() {
    let site = Site::new();
    let (kiosk, used) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &used).await.result(), "verified");
    let code = site.new_code();
    let copy = site.path("copy");
    let made = site.cli(&["backup", "--to", copy.to_str().unwrap()]);
    assert_eq!(made["file"], copy.to_str().unwrap());
    assert!(site.refusal(&["backup", "--to", copy.to_str().unwrap()], "").contains("nothing is overwritten"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    // After the copy: lost with the database.
    client.verify(id(), ("a_number", A_NUMBER), &code).await;
    drop(serving);
    assert!(site.refusal(&["restore", "--from", copy.to_str().unwrap()], "").len() > 20, "over what is there");

    let site = site.with_empty_database();
    let restored = site.cli(&["restore", "--from", copy.to_str().unwrap()]);
    assert!(restored["rows"].as_i64().unwrap() >= 4, "{restored}");
    site.cli(&["audit", "verify"]);
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(
        client.verify(id(), ("a_number", A_NUMBER), &used).await.result(),
        "not_verified",
        "used before the copy"
    );
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
}

/// One old row of each kind that is purged, by statements that both engines take: `BLOB` is a binary value.
const OLD_ROWS: [(&str, &str); 15] = [
    (
        "replies",
        "INSERT INTO put (kiosk, scope, id, kind, body_mac, owner, begun_at, state, status, reply) \
         VALUES ('k', 'request', 'i', 'inspection', BLOB, BLOB, 1, 'done', 200, BLOB)",
    ),
    ("throttles", "INSERT INTO throttle (identifier, n, locked_until, last_at) VALUES (BLOB, 1, 1, 1)"),
    ("pin_throttles", "INSERT INTO pin_throttle (subject, n, locked_until, last_at) VALUES (BLOB, 1, 1, 1)"),
    ("rates", "INSERT INTO rate (subject, arrival) VALUES ('s', 1)"),
    ("failing_identifiers", "INSERT INTO failing_identifier (kiosk, subject, at) VALUES ('k', BLOB, 1)"),
    (
        "officer_sessions",
        "INSERT INTO officer_session (hash, officer, kiosk, begun_at, last_used) \
         VALUES (BLOB, (SELECT id FROM officer), 'k', 1, 1)",
    ),
    ("referrals", "INSERT INTO referral (visit, kiosk, reference, sealed, stored_at) VALUES ('v', 'k', 'r', BLOB, 1)"),
    ("referral_openings", "INSERT INTO referral_opening (visit, session, kiosk, at) VALUES ('v', BLOB, 'k', 1)"),
    (
        "portal_sessions",
        "INSERT INTO portal_session (hash, id, stage, agent, begun_at, last_used, fresh_at) \
         VALUES (BLOB, 'i', 'register', '{}', 1, 1, 1)",
    ),
    (
        "portal_invitations",
        "INSERT INTO invitation (hash, kind, account, made_at, expires_at, tries) \
         VALUES (BLOB, 'holder', (SELECT id FROM account), 1, 1, 0)",
    ),
    ("assistance_calls", "INSERT INTO assistance (kiosk, at, lane) VALUES ('k', 1, '7')"),
    ("activity", "INSERT INTO activity (id, at, event) VALUES ('i', 1, 'signed_in')"),
    (
        "locked_codes",
        "INSERT INTO login (id, kind, name, user_name, kid, salt, nonce, tag, password_at, totp_step, made_at) \
         VALUES ('l', 'holder', BLOB, BLOB, 1, BLOB, BLOB, BLOB, 1, 0, 1); \
         INSERT INTO locked_code (code, login, salt, sealed) VALUES ((SELECT id FROM code), 'l', BLOB, BLOB)",
    ),
    (
        "request_ids",
        "INSERT INTO put (kiosk, scope, id, kind, body_mac, owner, begun_at, state) \
         VALUES ('k', 'request', '0', 'inspection', BLOB, BLOB, 1, 'purged')",
    ),
    (
        "codes",
        "INSERT INTO code (id, account, identifier, alg, kid, salt, nonce, tag, state, version, made_at, expires_at, ended_at) \
         SELECT '00000000-0000-7000-8000-000000000001', account, identifier, alg, kid, salt, nonce, tag, 'revoked', 2, 1, 1, 1 \
         FROM code; \
         INSERT INTO code_hint (code, sealed) VALUES ('00000000-0000-7000-8000-000000000001', BLOB)",
    ),
];

#[tokio::test]
async fn whatever_is_purged_is_counted_and_audited_in_one_row() {
    let site = Site::new();
    site.add_officer("B1");
    site.new_code();
    site.cli(&["code", "revoke", "--a-number", A_NUMBER]);
    let purges = async || -> i64 {
        let count = site.text("SELECT CAST(COUNT(*) AS TEXT) FROM audit WHERE event = 'purged'").await;
        count.parse().unwrap()
    };
    let none = site.cli(&["purge"]);
    assert!(none.as_object().unwrap().values().all(|count| *count == 0), "{none}");
    assert_eq!(purges().await, 0, "nothing was purged, so nothing is told");
    let blob = if site.database.is_some() { "'\\x00'::bytea" } else { "x'00'" };
    for (nth, (kind, statements)) in OLD_ROWS.iter().enumerate() {
        for statement in statements.split("; ") {
            site.sql(&statement.replace("BLOB", blob)).await;
        }
        let gone = site.cli(&["purge"]);
        let mut wanted = none.clone();
        wanted[kind] = 1.into();
        assert_eq!(gone, wanted, "{kind} alone");
        assert_eq!(purges().await, nth as i64 + 1, "{kind}: one row");
        let told = site.text("SELECT detail FROM audit WHERE event = 'purged' ORDER BY seq DESC LIMIT 1").await;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), wanted, "{kind} is told");
        assert_eq!(site.cli(&["purge"]), none, "{kind}: once");
    }
    assert_eq!(purges().await, OLD_ROWS.len() as i64);
    // These go together: `retention::decisions_go_with_the_audit_rows_that_tell_of_them`.
    let together = ["audit", "verifications", "inspections", "overrides"];
    let kinds = none.as_object().unwrap().keys().filter(|kind| !together.contains(&kind.as_str())).count();
    assert_eq!(kinds, OLD_ROWS.len(), "every kind is in this test");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn with_an_export_of_the_checkpoint_there_is_nothing_to_warn_of() {
    let site = Site::new();
    let port = watched(&site);
    site.export_to(&site.path("elsewhere"));
    std::fs::create_dir(site.path("elsewhere")).unwrap();
    let _serving = site.serve();
    let (status, facts) = ask(port, "/ready").await;
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    assert_eq!((status, &facts["warnings"]), (200, &serde_json::json!([])), "{facts}");
    assert!(!std::fs::read_to_string(site.path("log")).unwrap().contains("[log] export"));
}

#[tokio::test]
async fn a_server_certificate_that_expires_soon_is_warned_of_in_time() {
    let site = Site::new();
    let port = watched(&site);
    let serving = site.serve();
    let left = async || value(&ask(port, "/metrics").await.1, "verification_server_certificate_expires_seconds");
    assert!(left().await > 80.0 * 86_400.0);
    assert!(!ask(port, "/ready").await.1.contains("30 days"));
    serving.kill();
    let (folder, random) = (site.path("svc"), verification_service::random::SystemRandomness::new());
    let made = plus_millis(SystemClock.now(), -65 * DAY);
    verification_service::pki::renew_server(&folder, &["localhost".to_owned()], &random, made).unwrap();
    let _serving = site.serve();
    assert!(left().await < 26.0 * 86_400.0);
    let (status, facts) = ask(port, "/ready").await;
    assert!(status == 200 && facts.contains("expires within 30 days"), "{facts}");
    let said =
        || std::fs::read_to_string(site.path("log")).unwrap().contains("ALARM: the server's certificate expires");
    tokio::time::timeout(Duration::from_secs(5), async {
        while !said() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("an alarm");
    // The root's key is kept elsewhere, as it should be.
    std::fs::rename(folder.join("root.key"), site.path("root.key")).unwrap();
    let dir = folder.display().to_string();
    let why = site.refusal(&["pki", "server", "--dir", &dir, "--server-name", "localhost"], "");
    assert!(why.contains("bring the root's key back"), "{why}");
}

#[tokio::test]
async fn codes_under_a_pepper_that_is_not_in_the_file_are_noticed() {
    let site = Site::new();
    let port = watched(&site);
    let pepper = site.path("svc/secrets/pepper");
    let first = std::fs::read(&pepper).unwrap();
    let serving = site.serve();
    site.new_code();
    assert_eq!(ask(port, "/ready").await.0, 200);
    // Somebody changes it elsewhere, and this machine does not get the file.
    site.cli(&["secrets", "rotate-pepper", "--after", "0"]);
    site.new_code();
    std::fs::write(&pepper, first).unwrap();
    let (status, facts) = ask(port, "/ready").await;
    assert!(status == 503 && facts.contains("a pepper that is not in the file"), "{facts}");
    serving.kill();
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("codes stand under pepper 2") && why.contains("secrets/pepper"), "{why}");
}

#[tokio::test]
async fn what_a_kiosk_may_store_is_limited() {
    let site = Site::new();
    site.set("records_per_minute", "1").set("records_burst", "2");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let client = serving.client(&kiosk);
    for nth in 0..3 {
        let referral = serde_json::json!({
            "reference": format!("K07-7KQ{nth}"), "lane": "7", "reason": "technical", "verification_ids": [],
        });
        let answer = client.put(&format!("/kiosk/v1/referrals/{}", id()), &referral).await;
        let call = client.post("/kiosk/v1/assistance", &serde_json::json!({ "lane": "7" })).await;
        if nth < 2 {
            assert_eq!((answer.status.as_u16(), call.status.as_u16()), (200, 200));
        } else {
            assert_eq!((answer.problem(), call.problem()), ("rate-limited".to_owned(), "rate-limited".to_owned()));
        }
    }
}
