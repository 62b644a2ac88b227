//! Commands and what they say when something is wrong.

use crate::support::{A_NUMBER, Site, id, program};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use verification_service::clock::{Clock, DAY, SystemClock, plus_millis};
use verification_service::pki;
use verification_service::random::SystemRandomness;

fn stderr_of(arguments: &[&str], status: i32) -> String {
    let output = program(arguments, "");
    assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn usage_errors_are_2_and_help_is_0() {
    assert!(stderr_of(&["serv"], 2).contains("serve"));
    assert!(stderr_of(&["code", "new"], 2).contains("--a-number"));
    assert_eq!(program(&["--help"], "").status.code(), Some(0));
}

#[test]
fn init_makes_secrets_that_only_their_owner_reads_and_overwrites_nothing() {
    let site = Site::new();
    let secret = ["service.db", "root.key", "kiosk-ca.key", "server.key", "technician.key"].map(|n| format!("svc/{n}"));
    let kiosk = site.add_kiosk("K07");
    for file in secret.iter().map(String::as_str).chain(["svc/secrets/pepper", "svc/secrets/index_key"]) {
        let mode = std::fs::metadata(site.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    assert_eq!(std::fs::metadata(kiosk.dir.join("key.pem")).unwrap().permissions().mode() & 0o077, 0);
    let dir = site.path("svc");
    let again = stderr_of(&["init", "--dir", dir.to_str().unwrap(), "--server-name", "localhost"], 1);
    assert!(again.contains("is not empty"), "{again}");
    assert!(site.refusal(&["kiosk", "add", "--number", "K07", "--lane", "1"], "").contains("already"));
    let toml: toml::Table = std::fs::read_to_string(kiosk.dir.join("kiosk.toml")).unwrap().parse().unwrap();
    assert_eq!(toml["site"]["number"].as_str(), Some("K07"));
    assert_eq!(toml["service"]["key"].as_str(), Some("key.pem"));
}

#[test]
fn a_wrong_configuration_is_one_sentence() {
    let site = Site::new();
    site.set("failing_minutes", "10 #").set("audit_days", "3650");
    let text = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), text.replace("audit_days", "audit_day")).unwrap();
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("service.toml, line "), "{why}");
    assert!(why.contains("did you mean `audit_days`?"), "{why}");
    assert_eq!(why.trim_end().lines().count(), 1, "{why}");
    assert!(stderr_of(&["--config", "/nowhere/service.toml", "serve"], 1).contains("cannot read the configuration"));
}

#[test]
fn a_taken_port_is_named_with_its_key() {
    let site = Site::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    site.set("portal", &format!("\"{address}\""));
    let why = site.refusal(&["serve"], "");
    assert!(why.contains(&address) && why.contains("[listen] portal") && why.contains("taken"), "{why}");
}

#[test]
fn certificates_that_cannot_serve_are_named_with_what_to_do() {
    let random = SystemRandomness::new();
    let now = SystemClock.now();
    let names = ["localhost".to_owned()];
    for (file, said) in [
        ("server.pem", "cannot read"),
        ("server.key", "cannot read"),
        ("crl.pem", "cannot read"),
        ("kiosk-ca.pem", "cannot read"),
    ] {
        let site = Site::new();
        std::fs::remove_file(site.path("svc").join(file)).unwrap();
        let why = site.refusal(&["serve"], "");
        assert!(why.contains(file) && why.contains(said), "{why}");
    }
    let (site, other) = (Site::new(), Site::new());
    let dir = site.path("svc");
    std::fs::copy(other.path("svc/server.pem"), dir.join("server.pem")).unwrap();
    std::fs::copy(other.path("svc/server.key"), dir.join("server.key")).unwrap();
    assert!(site.refusal(&["serve"], "").contains("was not issued by"), "wrong CA");
    pki::renew_server(&dir, &names, &random, plus_millis(now, -100 * DAY)).unwrap();
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("has expired") && why.contains("pki server"), "{why}");
    pki::renew_server(&dir, &names, &random, plus_millis(now, 2 * DAY)).unwrap();
    assert!(site.refusal(&["serve"], "").contains("clock"), "not valid yet");
    let renewed = program(&["pki", "server", "--dir", dir.to_str().unwrap(), "--server-name", "localhost"], "");
    assert!(renewed.status.success());
    drop(site.serve());
}

#[test]
fn a_database_that_cannot_be_used_is_named_with_what_to_do() {
    let site = Site::new();
    let database = site.path("svc/service.db");
    std::fs::remove_file(&database).unwrap();
    assert!(site.refusal(&["serve"], "").contains("verification-service migrate"));
    let added = site.cli(&["migrate"])["added"].as_i64().unwrap();
    assert!(added >= 2, "every version of the schema, {added}");
    drop(site.serve());
    std::fs::write(&database, vec![b'x'; 8192]).unwrap();
    for log in ["svc/service.db-wal", "svc/service.db-shm"] {
        let _ = std::fs::remove_file(site.path(log));
    }
    assert!(site.refusal(&["serve"], "").contains("is not a database"));
    std::fs::remove_file(&database).unwrap();
    std::fs::create_dir(&database).unwrap();
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("service.db"), "{why}");
}

#[tokio::test]
async fn a_read_only_database_is_named() {
    let site = Site::new();
    site.sql("PRAGMA journal_mode = DELETE").await;
    let database = site.path("svc/service.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o400)).unwrap();
    std::fs::set_permissions(site.path("svc"), std::fs::Permissions::from_mode(0o500)).unwrap();
    let output = site.try_cli(&["audit", "verify"], "");
    std::fs::set_permissions(site.path("svc"), std::fs::Permissions::from_mode(0o700)).unwrap();
    // The superuser may write everything: then there is nothing to name.
    if !output.status.success() {
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("cannot be written"), "{said}");
    }
}

#[test]
fn a_wrong_secret_is_named() {
    let site = Site::new();
    std::fs::write(site.path("svc/secrets/index_key"), b"short").unwrap();
    assert!(site.refusal(&["serve"], "").contains("must hold exactly 32 bytes"));
    let site = Site::new();
    std::fs::write(site.path("svc/secrets/pepper"), b"no pepper").unwrap();
    assert!(site.refusal(&["serve"], "").contains("64 hex digits"));
}

#[test]
fn numbers_and_names_are_checked() {
    let site = Site::new();
    assert!(site.refusal(&["code", "new", "--a-number", "A12"], "").contains("too short"));
    assert!(site.refusal(&["code", "new", "--a-number", "A000000702"], "").contains("account add"));
    assert!(site.refusal(&["code", "revoke", "--a-number", A_NUMBER], "").contains("no active backup code"));
    let account = ["account", "add", "--birth-date", "1974-05-02", "--name"];
    let refused = |extra: &[&str]| site.refusal(&[&account[..], extra].concat(), "");
    assert!(refused(&["ANNA", "--a-number", A_NUMBER]).contains("another account"));
    assert!(refused(&["4NN4", "--a-number", "A000000702"]).contains("no digits"));
    let document = ["ANNA", "--a-number", "A000000702", "--document"];
    assert!(refused(&[&document[..], &["card:USA:1:2030-01-01:valid"]].concat()).contains("permanent_resident_card"));
    assert!(refused(&[&document[..], &["passport:USA:1:2030-13-01:valid"]].concat()).contains("YYYY-MM-DD"));
    assert!(site.refusal(&["kiosk", "revoke", &id().to_string()], "").contains("kiosk list"));
}

/// As `| head` is.
#[test]
fn a_reader_that_goes_early_is_no_fault() {
    let site = Site::new();
    let config = site.config();
    for arguments in [&["openapi"][..], &["--config", config.to_str().unwrap(), "kiosk", "list"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_verification-service"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(
            (ended.status.code(), String::from_utf8(ended.stderr).unwrap()),
            (Some(0), String::new()),
            "{arguments:?}"
        );
    }
}
