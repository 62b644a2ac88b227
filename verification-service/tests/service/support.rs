//! A service in a folder of its own, kiosks, and their HTTP clients.

#[path = "described.rs"]
mod described;

use crate::cluster::cluster;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use reqwest::{Method, StatusCode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use sqlx::Connection;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;
use verification_api::wire::override_signed_bytes;

pub const A_NUMBER: &str = "A000000701";
pub const RECEIPT: &str = "SRC0000000701";
pub const TIME: &str = "2026-11-25T20:04:05.006Z";

/// A fresh `UUIDv7`.
pub fn id() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let text = format!("01980000-0000-7000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed));
    Uuid::parse_str(&text).unwrap()
}

/// Runs the program; standard input is `input`.
pub fn program(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_verification-service"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A folder of `init` with one account and one officer, not yet serving.
pub struct Site {
    pub folder: TempDir,
    /// The PostgreSQL database, in the suite of that engine.
    pub database: Option<String>,
}

impl Site {
    pub fn new() -> Self {
        Self::on(crate::ON_POSTGRES)
    }

    /// On PostgreSQL, or else SQLite.
    pub fn on(postgres: bool) -> Self {
        Self::made(postgres.then(|| cluster().database()))
    }

    /// On this PostgreSQL database.
    pub fn with_database(url: String) -> Self {
        Self::made(Some(url))
    }

    fn made(database: Option<String>) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), database };
        let dir = site.path("svc");
        let mut arguments = vec!["init", "--dir", dir.to_str().unwrap()];
        arguments.extend(["--server-name", "localhost", "--server-name", "127.0.0.1"]);
        arguments.extend(["--kiosk-listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0"]);
        if let Some(url) = &site.database {
            arguments.extend(["--database", url]);
        }
        let made = program(&arguments, "");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        site.cli(&[
            "account",
            "add",
            "--a-number",
            A_NUMBER,
            "--receipt",
            RECEIPT,
            "--name",
            "SPECIMEN<<ANNA MARIA",
            "--birth-date",
            "1974-05-02",
            "--document",
            "permanent_resident_card:USA:000000701:2035-01-01:valid:LIN0000000703",
        ]);
        site
    }

    /// The same site with a database that is not there, or is empty: for `restore`.
    pub fn with_empty_database(self) -> Self {
        match &self.database {
            None => {
                for name in ["svc/service.db", "svc/service.db-wal", "svc/service.db-shm"] {
                    let _ = std::fs::remove_file(self.path(name));
                }
                self
            }
            Some(_) => {
                let url = cluster().database();
                self.set("url", &format!("\"{url}\""));
                Self { database: Some(url), ..self }
            }
        }
    }

    /// A path below the temporary folder; `svc` is the folder of `init`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("svc/service.toml")
    }

    /// Changes a line of the configuration: `key = …` to `key = value`.
    pub fn set(&self, key: &str, value: &str) -> &Self {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let start = format!("{key} = ");
        let lines: Vec<String> = text
            .lines()
            .map(|line| if line.starts_with(&start) { format!("{start}{value}") } else { line.to_owned() })
            .collect();
        assert_ne!(lines.join("\n") + "\n", text, "no key {key}, or no change");
        std::fs::write(self.config(), lines.join("\n") + "\n").unwrap();
        self
    }

    /// Has the newest checkpoint put into this folder: the key stands commented out.
    pub fn export_to(&self, folder: &Path) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let line = text.lines().find(|line| line.starts_with("# export = ")).expect("the key in the template");
        let text = text.replace(line, &format!("export = {:?}", folder.display().to_string()));
        std::fs::write(self.config(), text).unwrap();
    }

    /// Limits that no test reaches; the lock-out stays as it is.
    pub fn raise_limits(&self) -> &Self {
        for key in ["verifications_per_minute", "inspections_per_minute"] {
            self.set(key, "1000000");
        }
        for key in ["verifications_burst", "inspections_burst", "failing_identifiers", "disable_after"] {
            self.set(key, "1000000");
        }
        self
    }

    /// Runs a command with `--json`; its object.
    pub fn cli(&self, arguments: &[&str]) -> Value {
        self.cli_with(arguments, "")
    }

    pub fn cli_with(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.try_cli(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn try_cli(&self, arguments: &[&str], input: &str) -> Output {
        let config = self.config();
        program(&[&["--json", "--config", config.to_str().unwrap()], arguments].concat(), input)
    }

    /// The sentence with which a command is refused.
    pub fn refusal(&self, arguments: &[&str], input: &str) -> String {
        let config = self.config();
        let output = program(&[&["--config", config.to_str().unwrap()], arguments].concat(), input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?} must be refused");
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn add_kiosk(&self, number: &str) -> Kiosk {
        let added = self.cli(&["kiosk", "add", "--number", number, "--lane", "7"]);
        Kiosk {
            id: Uuid::parse_str(added["kiosk"].as_str().unwrap()).unwrap(),
            dir: PathBuf::from(added["dir"].as_str().unwrap()),
        }
    }

    pub fn new_code(&self) -> String {
        self.cli(&["code", "new", "--a-number", A_NUMBER])["code"].as_str().unwrap().to_owned()
    }

    pub fn add_officer(&self, badge: &str) -> String {
        let added = self.cli_with(&["officer", "add", "--badge", badge], "123456\n");
        added["officer"].as_str().unwrap().to_owned()
    }

    /// Writes to the database behind the service's back; how many rows changed.
    pub async fn sql(&self, statement: &str) -> u64 {
        match &self.database {
            None => {
                let connection = self.sqlite();
                // One, or several of which the last one's rows are counted.
                connection.execute_batch(statement).unwrap();
                connection.changes()
            }
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let statement = sqlx::AssertSqlSafe(statement.to_owned());
                let rows = sqlx::query(statement).execute(&mut connection).await.unwrap().rows_affected();
                connection.close().await.unwrap();
                rows
            }
        }
    }

    /// The first column of the one row of a query, as text.
    pub async fn text(&self, query: &str) -> String {
        match &self.database {
            None => self.sqlite().query_row(query, [], |row| row.get(0)).unwrap(),
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let query = sqlx::query(sqlx::AssertSqlSafe(query.to_owned()));
                sqlx::Row::get(&query.fetch_one(&mut connection).await.unwrap(), 0)
            }
        }
    }

    /// All rows of a query of so many columns, each of them text or nothing.
    pub async fn rows(&self, query: &str, columns: usize) -> Vec<Vec<Option<String>>> {
        match &self.database {
            None => {
                let connection = self.sqlite();
                let mut query = connection.prepare(query).unwrap();
                let rows = query.query_map([], |row| (0..columns).map(|nth| row.get(nth)).collect());
                rows.unwrap().map(Result::unwrap).collect()
            }
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let query = sqlx::query(sqlx::AssertSqlSafe(query.to_owned()));
                let rows = query.fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|row| (0..columns).map(|nth| sqlx::Row::get(row, nth)).collect()).collect()
            }
        }
    }

    fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("svc/service.db")).unwrap()
    }

    pub fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    /// With variables in its environment.
    pub fn serve_with(&self, environment: &[(&str, &str)]) -> Serving {
        self.serve_from(&self.config(), environment)
    }

    /// From a configuration of its own.
    pub fn serve_from(&self, config: &Path, environment: &[(&str, &str)]) -> Serving {
        let mut child = Command::new(env!("CARGO_BIN_EXE_verification-service"))
            .envs(environment.iter().copied())
            .args(["--json", "--config", config.to_str().unwrap(), "serve"])
            .stdout(Stdio::piped())
            .stderr(std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("not ready: {line}{}", std::fs::read_to_string(self.path("log")).unwrap_or_default())
        });
        let port = |name: &str| {
            let address = ready["ready"][name].as_str().unwrap_or_else(|| panic!("not ready: {line}"));
            address.rsplit(':').next().unwrap().parse().unwrap()
        };
        Serving { child, kiosk_port: port("kiosk"), portal_port: port("portal") }
    }
}

/// A running service, killed with -9 when dropped.
pub struct Serving {
    child: Child,
    pub kiosk_port: u16,
    pub portal_port: u16,
}

impl Serving {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "kill -s {name}");
    }

    /// Waits for its end.
    pub fn ended(mut self, within: std::time::Duration) -> std::process::ExitStatus {
        let (send, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let status = self.child.wait().unwrap();
            send.send(status).unwrap();
        });
        ended.recv_timeout(within).expect("it ends in time")
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn client(&self, kiosk: &Kiosk) -> Client {
        Client { http: http(kiosk.tls(&[&rustls::version::TLS13])), port: self.kiosk_port }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `kiosk add` made.
#[derive(Clone)]
pub struct Kiosk {
    pub id: Uuid,
    pub dir: PathBuf,
}

impl Kiosk {
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        certificates(&self.dir.join("chain.pem"))
    }

    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_file(self.dir.join("key.pem")).unwrap()
    }

    /// The header `Kiosk-Signature` of an override.
    pub fn signature(&self, id: Uuid, body: &[u8]) -> String {
        let key = KeyPair::from_pem(&std::fs::read_to_string(self.dir.join("key.pem")).unwrap()).unwrap();
        let spki = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
        let signed = key.sign(&override_signed_bytes(id, body)).unwrap();
        format!("{}:{}", hex::encode(spki.as_ref()), STANDARD.encode(signed))
    }

    pub fn tls(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        self.tls_trusting(&self.dir.join("root.pem"), versions)
    }

    /// With another root: to speak to a service that this kiosk does not belong to.
    pub fn tls_trusting(&self, root: &Path, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots(root));
        builder.with_client_auth_cert(self.chain(), self.key()).unwrap()
    }
}

pub fn roots(path: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path) {
        roots.add(certificate).unwrap();
    }
    roots
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn http(tls: ClientConfig) -> reqwest::Client {
    // A request whose server is killed at the wrong moment may wait for ever inside of the library: seen once in many thousand
    // kills. Whoever asks must have a limit, as the kiosk has.
    let limit = std::time::Duration::from_secs(30);
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(limit).build().unwrap()
}

/// A kiosk's HTTP client.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    port: u16,
}

/// A reply: status, headers without the date, body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> String {
        let json = self.json();
        let urn = json["type"].as_str().unwrap_or_default();
        assert_eq!(json["status"], self.status.as_u16(), "{json}");
        urn.strip_prefix("urn:poe:problem:").unwrap_or_else(|| panic!("no problem: {json}")).to_owned()
    }

    pub fn result(&self) -> String {
        let json = self.json();
        json["result"].as_str().unwrap_or_else(|| panic!("no result: {json}")).to_owned()
    }
}

impl Client {
    pub fn new(http: reqwest::Client, port: u16) -> Self {
        Self { http, port }
    }

    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("https://localhost:{}{path}", self.port);
        let mut request = self.http.request(method.clone(), url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = request.send().await?;
        let mut headers: Vec<(String, String)> = reply
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        let answer = Answer { status: reply.status(), headers, bytes: reply.bytes().await?.to_vec() };
        described::check(&method, path, &answer);
        Ok(answer)
    }

    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.try_call(method, path, &[], body.to_string().into_bytes()).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_call(Method::GET, path, &[], vec![]).await.unwrap()
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub async fn verify(&self, id: Uuid, identifier: (&str, &str), code: &str) -> Answer {
        self.put(&format!("/kiosk/v1/verifications/{id}"), &verification(identifier, code)).await
    }

    /// Signs in with the PIN of [`Site::add_officer`]; the session.
    pub async fn sign_in(&self, badge: &str) -> String {
        let answer = self.post("/kiosk/v1/officers/sign-in", &json!({ "badge": badge, "pin": "123456" })).await;
        let json = answer.json();
        json["officer_session"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    }
}

/// The body of a verification, the same bytes each time.
pub fn verification((kind, value): (&str, &str), code: &str) -> Value {
    json!({
        "visit": "01980000-0000-7000-8000-000000000000",
        "identifier": { "type": kind, "value": value },
        "code": code, "purpose": "inspection", "lane": "7", "device_time": TIME,
    })
}

/// A code of the right form that is not `code`.
pub fn other_than(code: &str) -> &'static str {
    let others = ["00001-00002-00003-00004", "7KQ25-M4PXX-9ABCG-WXYZF"];
    if code == others[0] { others[1] } else { others[0] }
}
