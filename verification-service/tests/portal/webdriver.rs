//! A thin WebDriver client (W3C WebDriver, and WebAuthn §11 for the virtual authenticator) for Debian's Chromium.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// The element reference's key in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a page may take to become what is waited for.
const WITHIN: Duration = Duration::from_secs(60);

/// One chromedriver for all tests. It ends when its standard input does, which is with this process.
struct Driver {
    port: u16,
    _shell: Child,
}

static DRIVER: OnceLock<Driver> = OnceLock::new();

fn driver() -> &'static Driver {
    DRIVER.get_or_init(|| {
        let started = (0..STARTS).find_map(|_| start());
        started.expect("chromedriver did not start: `make packages-test` installs chromium and chromium-driver")
    })
}

/// It takes a port that is free on one of the two families of addresses, and ends if it is not on the other.
const STARTS: usize = 20;

fn start() -> Option<Driver> {
    // Ends with our end of its standard input, and when chromedriver does.
    let script =
        "exec 3<&0; chromedriver --port=0 & driver=$!; { read _ <&3; kill $driver; } >/dev/null & wait $driver";
    let mut shell = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
    });
    match port {
        Some(port) => Some(Driver { port, _shell: shell }),
        None => {
            let _ = shell.wait();
            None
        }
    }
}

/// One browser with a profile of its own. Ends with its value.
pub struct Browser {
    http: reqwest::Client,
    session: String,
    origin: String,
    _profile: TempDir,
}

/// What a browser is like.
#[derive(Clone, Copy)]
pub struct Kind {
    pub language: &'static str,
    pub scripts: bool,
}

impl Browser {
    /// A browser that takes the server's own certificate (`server.pem`), and no other that it does not know.
    pub async fn new(port: u16, certificate: &Path, kind: Kind) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut prefs = json!({ "intl.accept_languages": kind.language });
        if !kind.scripts {
            prefs["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let arguments = [
            "--headless=new".to_owned(),
            // Chromium's own sandbox does not start for root, as in a container.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--lang={}", kind.language),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--ignore-certificate-errors-spki-list={}", spki(certificate)),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // A busy machine is slow, not broken.
            "timeouts": { "script": 120_000, "pageLoad": 120_000 },
            "goog:chromeOptions": { "args": arguments, "prefs": prefs },
            "webauthn:virtualAuthenticators": true,
        } } });
        let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls()).no_proxy().build().unwrap();
        let url = format!("http://127.0.0.1:{}/session", driver().port);
        let reply: Value = http.post(url).json(&wanted).send().await.unwrap().json().await.unwrap();
        let session = reply["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {reply}")).to_owned();
        let origin = format!("https://localhost:{port}");
        Self { http, session, origin, _profile: profile }
    }

    async fn try_call(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}/session/{}{path}", driver().port, self.session);
        let mut request = self.http.request(method.clone(), url);
        if method == Method::POST {
            request = request.json(&body);
        }
        let reply: Value = request.send().await.unwrap().json().await.unwrap();
        let value = reply["value"].clone();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        match self.try_call(method, path, body).await {
            Ok(value) => value,
            Err(why) => panic!("{path}: {why}\non the page:\n{}", self.page().await),
        }
    }

    async fn page(&self) -> String {
        let url = self.try_call(Method::GET, "/url", json!(null)).await.unwrap_or_default();
        match self.try_call(Method::POST, "/element", json!({ "using": "css selector", "value": "main" })).await {
            Ok(element) => {
                let id = element[ELEMENT].as_str().unwrap_or_default().to_owned();
                let text = self.try_call(Method::GET, &format!("/element/{id}/text"), json!(null)).await;
                format!("{url}\n{}", text.unwrap_or_default().as_str().unwrap_or_default())
            }
            Err(_) => url.to_string(),
        }
    }

    /// Loads a page of the portal.
    pub async fn go(&self, path: &str) {
        self.call(Method::POST, "/url", json!({ "url": format!("{}{path}", self.origin) })).await;
    }

    /// Follows a link to a page of the portal, from a page of another site.
    pub async fn come_from_elsewhere(&self, path: &str) {
        let url = format!("data:text/html,<a href='{}{path}'>A link</a>", self.origin);
        self.call(Method::POST, "/url", json!({ "url": url })).await;
        self.click("a").await;
    }

    /// The path of the page, with its query.
    pub async fn path(&self) -> String {
        let url = self.call(Method::GET, "/url", json!(null)).await;
        url.as_str().unwrap().strip_prefix(&self.origin).unwrap_or(url.as_str().unwrap()).to_owned()
    }

    pub async fn title(&self) -> String {
        self.call(Method::GET, "/title", json!(null)).await.as_str().unwrap().to_owned()
    }

    async fn find(&self, css: &str) -> Option<String> {
        let found = self.try_call(Method::POST, "/element", json!({ "using": "css selector", "value": css })).await;
        found.ok().and_then(|element| element[ELEMENT].as_str().map(ToOwned::to_owned))
    }

    async fn element(&self, css: &str) -> String {
        match self.find(css).await {
            Some(id) => id,
            None => panic!("nothing is {css}\non the page:\n{}", self.page().await),
        }
    }

    pub async fn has(&self, css: &str) -> bool {
        self.find(css).await.is_some()
    }

    /// What a person reads there.
    pub async fn text(&self, css: &str) -> String {
        let id = self.element(css).await;
        let text = self.call(Method::GET, &format!("/element/{id}/text"), json!(null)).await;
        text.as_str().unwrap().to_owned()
    }

    pub async fn attribute(&self, css: &str, name: &str) -> String {
        let id = self.element(css).await;
        let value = self.call(Method::GET, &format!("/element/{id}/attribute/{name}"), json!(null)).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Types into a field, in place of what it holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let id = self.element(css).await;
        self.call(Method::POST, &format!("/element/{id}/clear"), json!({})).await;
        if !text.is_empty() {
            self.call(Method::POST, &format!("/element/{id}/value"), json!({ "text": text })).await;
        }
    }

    pub async fn click(&self, css: &str) {
        let id = self.element(css).await;
        self.call(Method::POST, &format!("/element/{id}/click"), json!({})).await;
        // A click that leads to another page is over when its element is gone; one that does not has two seconds.
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..40 {
            tick.tick().await;
            if self.try_call(Method::GET, &format!("/element/{id}/name"), json!(null)).await.is_err() {
                return;
            }
        }
    }

    /// Waits until an element is there: for pages that scripts lead to.
    pub async fn wait_for(&self, css: &str) {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        let found = tokio::time::timeout(WITHIN, async {
            while !self.has(css).await {
                tick.tick().await;
            }
        });
        if found.await.is_err() {
            panic!("{css} did not come within {WITHIN:?}\non the page:\n{}", self.page().await);
        }
    }

    /// Runs a script in the page; its value.
    pub async fn script(&self, source: &str) -> Value {
        self.call(Method::POST, "/execute/sync", json!({ "script": source, "args": [] })).await
    }

    /// Runs a script that calls its last argument when it has done.
    pub async fn script_async(&self, source: &str) -> Value {
        self.call(Method::POST, "/execute/async", json!({ "script": source, "args": [] })).await
    }

    /// The inner size of the page, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The whole page as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let shot = json!({ "format": "png", "captureBeyondViewport": true });
        let reply = self.devtools("Page.captureScreenshot", shot).await;
        STANDARD.decode(reply["data"].as_str().unwrap()).unwrap()
    }

    /// The page as paper shows it (`print`), or as a screen does again (an empty word).
    pub async fn medium(&self, medium: &str) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": medium })).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.call(Method::POST, "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Plugs in an authenticator that verifies its user.
    pub async fn add_authenticator(&self) {
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
        });
        self.call(Method::POST, "/webauthn/authenticator", authenticator).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Nothing here can wait on the runtime, which may be ending.
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", driver().port)) else { return };
        let head = format!("DELETE /session/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", self.session);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
        if stream.write_all(head.as_bytes()).is_ok() {
            let _ = stream.read(&mut [0; 256]);
        }
    }
}

/// base64(SHA-256(SubjectPublicKeyInfo)) of a certificate.
fn spki(path: &Path) -> String {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use x509_parser::prelude::{FromDer, X509Certificate};
    let certificate = CertificateDer::pem_file_iter(path).unwrap().next().unwrap().unwrap();
    let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parsed.public_key().raw);
    STANDARD.encode(digest.as_ref())
}

/// chromedriver speaks plain HTTP on this machine only; a client without any TLS cannot be made, so one that trusts nobody.
fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}
