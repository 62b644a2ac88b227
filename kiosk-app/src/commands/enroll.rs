//! `kiosk-app enroll URL --root-sha256 HEX`: this machine becomes a kiosk of that service.
//!
//! The key is made here and never leaves. The code, on standard input, is sent only to a service whose chain ends in the
//! root with that hash. Until the answer is there the key is kept apart: with it a request whose answer was lost is repeated.

use super::{DONE, NOT_ALL, USAGE};
use crate::journal::disk::{write_private, write_whole};
use crate::verifier::renewal::request_for;
use clap::Args;
use rcgen::KeyPair;
use reqwest::{StatusCode, Url};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use verification_api::personal::PersonalText;
use verification_api::provisioning::kiosk_toml;
use verification_api::wire::{EnrolReply, EnrolRequest, Problem, ProblemType};
use zeroize::Zeroizing;

const WITHIN: Duration = Duration::from_secs(20);
/// Told apart from the rest: before there is a connection the code cannot have been used.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const MAX_REPLY: usize = 256 * 1024;

#[derive(Args)]
pub struct Arguments {
    /// Address of the service's portal port, as `verification-service kiosk invite` printed it
    url: String,
    /// SHA-256 of the service's root certificate, as `kiosk invite` printed it
    #[arg(long, value_name = "HEX")]
    root_sha256: String,
    /// Where the kiosk's files are made
    #[arg(long, value_name = "FOLDER", default_value = "/etc/inspection-kiosk")]
    dir: PathBuf,
    /// This machine was enrolled before, and its certificate has expired or was revoked: makes key and certificate anew
    /// and keeps kiosk.toml, journal and outbox
    #[arg(long)]
    again: bool,
}

/// The new key until it has a certificate.
const NEW_KEY: &str = "key.new.pem";

/// Its certificate until the key is in place: as a renewal leaves it, so that a kiosk that starts in between ends it.
const NEXT_CHAIN: &str = "chain.pem.next";

/// Why this machine is no kiosk of the service yet; each a sentence that says who must act.
#[derive(Debug, thiserror::Error)]
enum EnrolError {
    #[error("\"{0}\" is not an address; write https://host:port as kiosk invite printed it")]
    NotAnAddress(String),
    #[error("--root-sha256 has 64 hexadecimal digits, as kiosk invite printed them")]
    NotAHash,
    #[error("give the one-time code on standard input")]
    NoCode,
    #[error("{} is there already: this machine is enrolled, and nothing is overwritten. With --again it gets a new certificate", .0.display())]
    Exists(PathBuf),
    #[error("{} is not there: this machine was not enrolled before; leave --again out", .0.display())]
    NotEnrolled(PathBuf),
    #[error("{}: {cause}; delete it and ask the agency for a new code (`kiosk invite`)", path.display())]
    NotAKey { path: PathBuf, cause: String },
    #[error("{}: {cause}; run this as a user who may write there", path.display())]
    NotWritten { path: PathBuf, cause: io::Error },
    #[error(
        "{0} does not show the root certificate with that hash: the code was not sent. Compare the hash; if it is right, tell the agency: somebody may be in between"
    )]
    OtherRoot(String),
    #[error("{0} cannot be reached: {1}. Check network and address; the code was not used")]
    Unreachable(String, String),
    #[error(
        "{0} was reached, but its answer did not come: {1}. The code may have been used. Run this once more with the same code; if it is not taken, ask the agency to invite this kiosk again under the same number (`kiosk invite`)"
    )]
    Unanswered(String, String),
    #[error("the service did not take the code: {0}. Ask the agency for a new one (`kiosk invite`)")]
    Refused(String),
    #[error("the service's answer was not understood; ask the agency to revoke this kiosk and to invite it again")]
    NotUnderstood,
    #[error("a key could not be made: {0}")]
    NoKey(#[from] rcgen::Error),
}

/// Runs the command.
///
/// # Errors
/// `out` or `err` cannot be written.
pub fn run(arguments: &Arguments, input: impl BufRead, mut out: impl Write, mut err: impl Write) -> io::Result<u8> {
    match enrol(arguments, input) {
        Ok(enrolled) => {
            writeln!(out, "enrolled as {} (lane {}), kiosk {}", enrolled.number, enrolled.lane, enrolled.kiosk)?;
            let file = arguments.dir.join("kiosk.toml");
            if arguments.again {
                writeln!(out, "{} is as it was; its [site] number must be {}", file.display(), enrolled.number)?;
                writeln!(out, "next: kiosk-app selftest")?;
            } else {
                writeln!(
                    out,
                    "next: add gate, counter, readers and camera to {}, then kiosk-app selftest",
                    file.display()
                )?;
            }
            Ok(DONE)
        }
        Err(error) => {
            writeln!(err, "kiosk-app: {error}")?;
            Ok(if matches!(error, EnrolError::NotAHash | EnrolError::NotAnAddress(_)) { USAGE } else { NOT_ALL })
        }
    }
}

fn enrol(arguments: &Arguments, input: impl BufRead) -> Result<EnrolReply, EnrolError> {
    let not_an_address = || EnrolError::NotAnAddress(arguments.url.clone());
    let url = Url::parse(&arguments.url).map_err(|_| not_an_address())?;
    if url.scheme() != "https" || url.host_str().is_none() {
        return Err(not_an_address());
    }
    let url = url.join("/enroll").map_err(|_| not_an_address())?;
    let mut root = [0; 32];
    hex::decode_to_slice(arguments.root_sha256.trim(), &mut root).map_err(|_| EnrolError::NotAHash)?;
    let code = code_from(input)?;

    // What can go wrong here must go wrong before the code is used.
    let files = Files::new(&arguments.dir, arguments.again)?;
    let key = files.new_key()?;
    let request = EnrolRequest { code, csr: request_for(&key)? };
    let sent = send(&url, root, &request);
    if !matches!(sent, Ok(_) | Err(EnrolError::Unanswered(..) | EnrolError::NotUnderstood)) {
        // No certificate can come for it any more.
        let _ = std::fs::remove_file(arguments.dir.join(NEW_KEY));
    }
    let (reply, root_der) = sent?;

    let pepper = reply.technician_pepper.expose(|text| hex::decode(text).map(Zeroizing::new));
    let pepper = pepper.map_err(|_| EnrolError::NotUnderstood)?;
    files.write("root.pem", pem("CERTIFICATE", &root_der).as_bytes())?;
    files.write(NEXT_CHAIN, reply.chain.as_bytes())?;
    files.write("log.pub", reply.log.as_bytes())?;
    files.write("technician.pub", reply.technician_public_key.as_bytes())?;
    files.write_private("technician_pepper", &pepper)?;
    files.put_in_place(NEW_KEY, "key.pem")?;
    files.put_in_place(NEXT_CHAIN, "chain.pem")?;
    if !arguments.again {
        files.write("kiosk.toml", kiosk_toml(&reply.url, &reply.number, &reply.lane).as_bytes())?;
    }
    Ok(reply)
}

fn code_from(mut input: impl BufRead) -> Result<PersonalText, EnrolError> {
    let mut line = Zeroizing::new(String::new());
    let read = input.read_line(&mut line);
    let typed = line.trim();
    if read.is_err() || typed.is_empty() {
        return Err(EnrolError::NoCode);
    }
    Ok(PersonalText::from(typed))
}

/// The kiosk's folder: empty of a kiosk's files, or with those of before.
struct Files<'a> {
    dir: &'a Path,
}

impl<'a> Files<'a> {
    fn new(dir: &'a Path, again: bool) -> Result<Self, EnrolError> {
        if again {
            let config = dir.join("kiosk.toml");
            return if config.exists() { Ok(Self { dir }) } else { Err(EnrolError::NotEnrolled(config)) };
        }
        std::fs::create_dir_all(dir).map_err(|cause| EnrolError::NotWritten { path: dir.to_owned(), cause })?;
        for name in ["key.pem", "chain.pem", "root.pem", "log.pub", "technician.pub", "technician_pepper", "kiosk.toml"]
        {
            let path = dir.join(name);
            if path.exists() {
                return Err(EnrolError::Exists(path));
            }
        }
        Ok(Self { dir })
    }

    /// The key of a request whose answer was lost, or else a new one.
    fn new_key(&self) -> Result<KeyPair, EnrolError> {
        let path = self.dir.join(NEW_KEY);
        match std::fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(|why| EnrolError::NotAKey { path, cause: why.to_string() }),
            Err(_) => {
                let key = KeyPair::generate()?;
                self.write_private(NEW_KEY, Zeroizing::new(key.serialize_pem()).as_bytes())?;
                Ok(key)
            }
        }
    }

    fn put_in_place(&self, new: &str, name: &str) -> Result<(), EnrolError> {
        let path = self.dir.join(name);
        std::fs::rename(self.dir.join(new), &path).map_err(|cause| EnrolError::NotWritten { path, cause })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), EnrolError> {
        let path = self.dir.join(name);
        write_whole(&path, bytes).map_err(|cause| EnrolError::NotWritten { path, cause })
    }

    fn write_private(&self, name: &str, bytes: &[u8]) -> Result<(), EnrolError> {
        let path = self.dir.join(name);
        write_private(&path, bytes).map_err(|cause| EnrolError::NotWritten { path, cause })
    }
}

/// The service's answer, and the root that its chain ended in.
fn send(url: &Url, root: [u8; 32], request: &EnrolRequest) -> Result<(EnrolReply, Vec<u8>), EnrolError> {
    let address = url.host_str().unwrap_or_default().to_owned();
    let unreachable = |why: &dyn std::fmt::Display| EnrolError::Unreachable(address.clone(), why.to_string());
    let unanswered = |why: &reqwest::Error| EnrolError::Unanswered(address.clone(), cause(why));
    let pinned = Arc::new(PinnedRoot::new(root));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| unreachable(&why))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&pinned) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_WITHIN)
        .timeout(WITHIN)
        .build()
        .map_err(|why| unreachable(&why))?;
    let body = Zeroizing::new(serde_json::to_vec(request).map_err(|_| EnrolError::NotUnderstood)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| unreachable(&why))?;
    runtime.block_on(async {
        let sent = client.post(url.clone()).header("content-type", "application/json").body(body.to_vec()).send();
        let mut answer = match sent.await {
            Ok(answer) => answer,
            Err(_) if pinned.refused() => return Err(EnrolError::OtherRoot(address.clone())),
            // Without a connection nothing was sent; anything else may have happened after the code had arrived.
            Err(why) if why.is_connect() => return Err(unreachable(&cause(&why))),
            Err(why) => return Err(unanswered(&why)),
        };
        let status = answer.status();
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(part) = answer.chunk().await.map_err(|why| unanswered(&why))? {
            if bytes.len() + part.len() > MAX_REPLY {
                return Err(EnrolError::NotUnderstood);
            }
            bytes.extend_from_slice(&part);
        }
        if status != StatusCode::OK {
            let problem = serde_json::from_slice::<Problem>(&bytes).map_err(|_| EnrolError::NotUnderstood)?;
            let title = problem.kind().unwrap_or(ProblemType::Unavailable).title().to_owned();
            return Err(EnrolError::Refused(problem.detail.unwrap_or(title)));
        }
        let reply = serde_json::from_slice(&bytes).map_err(|_| EnrolError::NotUnderstood)?;
        Ok((reply, pinned.seen().ok_or(EnrolError::NotUnderstood)?))
    })
}

/// The innermost reason.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// Trusts a chain that holds the root with one hash, and that this root signed; nothing else.
#[derive(Debug)]
struct PinnedRoot {
    sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Vec<u8>>>,
    refused: Mutex<bool>,
}

impl PinnedRoot {
    fn new(sha256: [u8; 32]) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Self { sha256, provider, seen: Mutex::default(), refused: Mutex::default() }
    }

    fn seen(&self) -> Option<Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refused(&self) -> bool {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for PinnedRoot {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash = |der: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
        let Some(root) = intermediates.iter().find(|der| hash(der).as_ref() == self.sha256) else {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = true;
            return Err(CertificateError::UnknownIssuer.into());
        };
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider));
        let verifier = verifier.build().map_err(|_| rustls::Error::from(CertificateError::UnknownIssuer))?;
        let verified = verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(root.to_vec());
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, DONE, run};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    /// A service that takes one request, says `answer` and closes. Its port, and the hash of its root.
    fn service(answer: &'static str) -> (u16, String) {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("root");
        let key = KeyPair::generate().expect("key");
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("params");
        let leaf = leaf.signed_by(&key, &root).expect("signed");
        let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, root.der()));
        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone(), root.der().clone()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("PEM");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate");
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let port = listener.local_addr().expect("address").port();
        std::thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a caller");
            let connection = ServerConnection::new(Arc::new(config)).expect("TLS");
            let mut stream = StreamOwned::new(connection, socket);
            let mut request = Vec::new();
            // The body is one JSON object, and no brace comes before it.
            while !request.ends_with(b"}") {
                let mut part = [0; 4096];
                match stream.read(&mut part) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => request.extend_from_slice(&part[..n]),
                }
            }
            let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
        });
        (port, hash)
    }

    /// What the command says, and whether it left a key.
    fn enrolled(port: u16, root: &str) -> (u8, String, bool, bool) {
        let dir = tempfile::tempdir().expect("folder");
        let url = format!("https://localhost:{port}");
        let arguments = Arguments { url, root_sha256: root.to_owned(), dir: dir.path().to_owned(), again: false };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&arguments, &b"0000-0000\n"[..], &mut out, &mut err).expect("told");
        let there = |name| dir.path().join(name).exists();
        (status, String::from_utf8(err).expect("text"), there("key.pem"), there(super::NEW_KEY))
    }

    #[test]
    fn a_code_is_called_unused_only_if_it_cannot_have_arrived() {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"kiosk\":"] {
            let (port, root) = service(answer);
            let (status, said, key, kept) = enrolled(port, &root);
            assert!(status != DONE && !key && kept, "{said}");
            assert!(said.contains("may have been used") && said.contains("invite this kiosk again"), "{said}");
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("port").local_addr().expect("address").port();
        let (status, said, key, kept) = enrolled(free, &"ab".repeat(32));
        assert!(status != DONE && !key && !kept, "{said}");
        assert!(said.contains("the code was not used"), "{said}");
    }
}
