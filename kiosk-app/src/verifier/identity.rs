//! This kiosk's certificate, chain and key: loaded, judged, used for TLS and for signing overrides.

use crate::clock::{Clock, wire_time};
use crate::config::{Service, io_cause};
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use verification_api::wire::{KioskSignature, override_signed_bytes};
use zeroize::Zeroizing;

/// The kiosk's own certificate and what can be done with its key.
pub struct Identity {
    pub certified: Arc<CertifiedKey>,
    signer: EcdsaKeyPair,
    spki_sha256: String,
    /// Milliseconds since 1970.
    pub not_before_ms: u64,
    pub not_after_ms: u64,
}

/// What is wrong with a certificate or key file; each a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("{file}: {cause}; [service] {key} must name the file that \"verification-service kiosk add\" made")]
    Unreadable { file: String, key: &'static str, cause: String },
    #[error("{file}: it holds no {what} (PEM); copy the file that \"verification-service kiosk add\" made again")]
    NotPem { file: String, what: &'static str },
    #[error("{key_file} is not the key of {chain_file}; copy both from the same folder again")]
    KeyOfAnother { chain_file: String, key_file: String },
    #[error("{file}: the kiosk's certificate expired at {at}; the technician must renew it")]
    Expired { file: String, at: String },
    #[error("{file}: the kiosk's certificate is valid only from {at}; the technician must check the clock or renew it")]
    NotYetValid { file: String, at: String },
    #[error(
        "{file}: the kiosk's certificate does not come from {root}; the technician must install certificate and root of the same service"
    )]
    WrongCa { file: String, root: String },
}

impl Identity {
    /// Reads the files of `[service]`. Dates are not judged here: an expired certificate must be loadable to be named so.
    ///
    /// # Errors
    /// A file is missing or is not what it should be, or key and certificate do not belong together.
    pub fn load(service: &Service, provider: &CryptoProvider) -> Result<Self, IdentityError> {
        let chain_file = service.chain.display().to_string();
        let key_file = service.key.display().to_string();
        let not_certificate = || IdentityError::NotPem { file: chain_file.clone(), what: "certificate" };
        let not_key = || IdentityError::NotPem { file: key_file.clone(), what: "private key (ECDSA P-256)" };
        let chain = certificates(&service.chain, "chain")?;
        let key = PrivateKeyDer::from_pem_slice(&read(&service.key, "key")?).map_err(|_| not_key())?;
        let signer = match &key {
            PrivateKeyDer::Pkcs8(der) => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_pkcs8_der())
            }
            other => EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, other.secret_der()),
        }
        .map_err(|_| not_key())?;
        let leaf = chain.first().cloned().ok_or_else(not_certificate)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).map_err(|_| not_certificate())?;
        let millis = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                IdentityError::KeyOfAnother { chain_file: chain_file.clone(), key_file: key_file.clone() }
            }
            _ => not_key(),
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            signer,
            spki_sha256: hex::encode(digest::digest(&digest::SHA256, parsed.public_key().raw)),
            not_before_ms: millis(parsed.validity().not_before.timestamp()),
            not_after_ms: millis(parsed.validity().not_after.timestamp()),
        })
    }

    /// Judges the dates by the best time there is, and the origin by our root.
    ///
    /// # Errors
    /// Expired, not yet valid, or from another authority.
    pub fn judge(&self, service: &Service, roots: RootCertStore, clock: &Clock) -> Result<(), IdentityError> {
        let file = service.chain.display().to_string();
        let now = best_ms(clock);
        if now > self.not_after_ms {
            return Err(IdentityError::Expired { file, at: wire_time(self.not_after_ms) });
        }
        if now < self.not_before_ms {
            return Err(IdentityError::NotYetValid { file, at: wire_time(self.not_before_ms) });
        }
        let wrong = || IdentityError::WrongCa { file: file.clone(), root: service.root.display().to_string() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| wrong())?;
        let (leaf, above) = self.certified.cert.split_first().ok_or_else(wrong)?;
        let time = UnixTime::since_unix_epoch(Duration::from_millis(now));
        verifier.verify_client_cert(leaf, above, time).map(|_| ()).map_err(|_| wrong())
    }

    /// The header `Kiosk-Signature` for an override; `None` only if the machine has no randomness.
    #[must_use]
    pub fn sign_override(&self, id: Uuid, body: &[u8]) -> Option<String> {
        let signature = self.signer.sign(&SystemRandom::new(), &override_signed_bytes(id, body)).ok()?;
        let signature = STANDARD.encode(signature.as_ref());
        Some(KioskSignature { spki_sha256: self.spki_sha256.clone(), signature }.header())
    }

    /// Whole days until the certificate expires; negative once it has.
    #[must_use]
    pub fn days_left(&self, clock: &Clock) -> i64 {
        let left = i128::from(self.not_after_ms) - i128::from(best_ms(clock));
        i64::try_from(left.div_euclid(86_400_000)).unwrap_or(i64::MIN)
    }
}

/// The roots that the service's certificate may come from.
///
/// # Errors
/// The file is missing or holds no certificate.
pub fn roots(service: &Service) -> Result<RootCertStore, IdentityError> {
    let mut store = RootCertStore::empty();
    for root in certificates(&service.root, "root")? {
        store.add(root).map_err(|_| IdentityError::NotPem {
            file: service.root.display().to_string(),
            what: "certificate of an authority",
        })?;
    }
    Ok(store)
}

fn best_ms(clock: &Clock) -> u64 {
    clock.unix_ms().max(clock.last_seen_ms())
}

fn certificates(file: &Path, key: &'static str) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let bytes = read(file, key)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if found.is_empty() {
        return Err(IdentityError::NotPem { file: file.display().to_string(), what: "certificate" });
    }
    Ok(found)
}

fn read(file: &Path, key: &'static str) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    std::fs::read(file).map(Zeroizing::new).map_err(|e| IdentityError::Unreadable {
        file: file.display().to_string(),
        key,
        cause: io_cause(&e),
    })
}
