//! Renewing the kiosk's certificate at two thirds of its life: a new key, a certificate request, and files that change
//! together.
//!
//! The new key waits in `KEY.next`; it is the same in every try, so that a lost reply is simply asked for again. The new
//! chain becomes `CHAIN.next` once it is known to be good: from then on both are in place, or are put in place at the
//! next start. The service takes both keys until the new one has been used.

use super::identity::{self, Identity, IdentityError};
use super::transport::Request;
use super::{Failure, Verifier};
use crate::clock::Clock;
use crate::config::Service;
use crate::journal::disk::{write_private, write_whole};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use std::io;
use std::path::{Path, PathBuf};
use verification_api::wire::{CertificateReply, CertificateRequest};
use zeroize::Zeroizing;

/// Why there is no new certificate yet.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    #[error("the service did not renew this kiosk's certificate: {}", .0.sentence())]
    NotRenewed(Failure),
    #[error("the service sent a certificate that is not for this kiosk's key, or older than the present one")]
    NotOurs,
    #[error("the service sent a certificate that cannot be used: {0}")]
    Unusable(#[from] IdentityError),
    #[error("{path}: {cause}; the kiosk's user needs to write this folder")]
    NotWritten { path: String, cause: io::Error },
    #[error("a key could not be made: {0}")]
    NoKey(#[from] rcgen::Error),
}

/// Whether a certificate has passed two thirds of its life.
#[must_use]
pub fn is_due(identity: &Identity, clock: &Clock) -> bool {
    let now = clock.unix_ms().max(clock.last_seen_ms());
    let life = identity.not_after_ms.saturating_sub(identity.not_before_ms);
    now >= identity.not_before_ms.saturating_add(life / 3 * 2)
}

/// Renews the certificate if it is due; whether there is a new one.
///
/// # Errors
/// [`RenewalError`]; the present certificate stays in use, and the next try goes on where this one stopped.
pub async fn renew_if_due(verifier: &Verifier, service: &Service) -> Result<bool, RenewalError> {
    let Some(present) = verifier.transport().identity().filter(|identity| is_due(identity, verifier.clock())) else {
        return Ok(false);
    };
    let request = CertificateRequest { csr: request_for(&next_key(service)?)? };
    let reply: Result<CertificateReply, _> =
        verifier.send(Request::new(Method::POST, "kiosk/v1/certificate"), &request).await;
    let reply = reply.map_err(|e| RenewalError::NotRenewed(e.failure))?;
    take(service, &reply.chain, &present, verifier.clock())?;
    verifier.transport().reload();
    Ok(true)
}

/// Puts a new key and chain in place that were complete when an earlier run ended.
///
/// # Errors
/// The files cannot be renamed.
pub fn finish(service: &Service) -> io::Result<()> {
    let (key, chain) = (next(&service.key), next(&service.chain));
    if !chain.exists() {
        return Ok(());
    }
    if key.exists() {
        std::fs::rename(&key, &service.key)?;
    }
    std::fs::rename(&chain, &service.chain)
}

/// Judges the new chain before any file in use is touched.
fn take(service: &Service, chain: &str, present: &Identity, clock: &Clock) -> Result<(), RenewalError> {
    let candidate = beside(&service.chain, ".candidate");
    let written = |path: &Path| {
        let path = path.display().to_string();
        move |cause| RenewalError::NotWritten { path, cause }
    };
    write_whole(&candidate, chain.as_bytes()).map_err(written(&candidate))?;
    let files = Service { chain: candidate.clone(), key: next(&service.key), ..service.clone() };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let new = match Identity::load(&files, &provider) {
        Err(IdentityError::KeyOfAnother { .. }) => return Err(RenewalError::NotOurs),
        other => other?,
    };
    new.judge(&files, identity::roots(service)?, clock)?;
    if new.not_after_ms < present.not_after_ms {
        return Err(RenewalError::NotOurs);
    }
    let chain = next(&service.chain);
    std::fs::rename(&candidate, &chain).map_err(written(&chain))?;
    finish(service).map_err(written(&service.chain))
}

/// The key that waits for its certificate; made if there is none.
fn next_key(service: &Service) -> Result<KeyPair, RenewalError> {
    let path = next(&service.key);
    if let Ok(pem) = std::fs::read_to_string(&path).map(Zeroizing::new)
        && let Ok(key) = KeyPair::from_pem(&pem)
    {
        return Ok(key);
    }
    let key = KeyPair::generate()?;
    let pem = Zeroizing::new(key.serialize_pem());
    let not_written = |cause| RenewalError::NotWritten { path: path.display().to_string(), cause };
    write_private(&path, pem.as_bytes()).map_err(not_written)?;
    Ok(key)
}

/// PKCS #10, PEM. Only its public key counts at the service.
///
/// # Errors
/// The request cannot be signed.
pub fn request_for(key: &KeyPair) -> Result<String, rcgen::Error> {
    CertificateParams::default().serialize_request(key)?.pem()
}

fn next(path: &Path) -> PathBuf {
    beside(path, ".next")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
