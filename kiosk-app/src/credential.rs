//! A technician's credential (`TC1:` and a PIN), verified without a network: the technician comes when it is down.
//!
//! The signature says who issued it; the PIN is stretched with a secret that only the kiosks have, so that a photographed
//! QR gives nothing away. Expiry is judged by the best lower bound of the true time, never by the local clock.

use crate::clock::Clock;
use crate::config::{Technician, io_cause};
use crate::diagnostics::Notice;
use crate::journal::disk::write_whole;
use crate::lockout::KeptLockout;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, signature};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use uuid::Uuid;
use verification_api::personal::PersonalText;
use verification_api::wire::{TechnicianCredential, split_credential};
use zeroize::Zeroizing;

/// argon2id, 64 MiB, three passes: about 150 ms on a kiosk, and as much for each guess of a thief.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// One id a line.
const REVOKED_FILE: &str = "revoked-technicians";

/// Judges credentials; the keys are read once.
pub struct Credentials {
    public_key: [u8; 32],
    pepper: Zeroizing<Vec<u8>>,
    pin_digits: usize,
    lockout: KeptLockout,
    revoked: RwLock<Vec<Uuid>>,
    /// The same over a restart: a revoked technician comes when the network is down.
    revoked_file: PathBuf,
}

/// What is wrong with the files of `[technician]`; each a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error(
        "[technician] {key} is not set, so no technician can enter; set it to the file that \"verification-service init\" made"
    )]
    NotSet { key: &'static str },
    #[error("{file}: {cause}; [technician] {key} must name the file that \"verification-service init\" made")]
    Unreadable { file: String, key: &'static str, cause: String },
    #[error(
        "{0} cannot be read, so that nobody knows which technicians are revoked; delete it once the kiosk reaches the service, and start the kiosk again"
    )]
    Revoked(String),
    #[error("{file} is not {what}; copy the file that \"verification-service init\" made again")]
    NotAKey { file: String, what: &'static str },
}

impl Credentials {
    /// Reads the files of `[technician]`; the count of wrong PINs and the revoked ids are kept in `state`.
    ///
    /// # Errors
    /// A file is not set, missing, or not a key; or what is kept of the revoked ids cannot be read.
    pub fn load(technician: &Technician, state: &Path) -> Result<Self, CredentialsError> {
        let (file, bytes) = read(technician.public_key.as_deref(), "public_key")?;
        let public_key = public_key(&bytes)
            .ok_or(CredentialsError::NotAKey { file, what: "an Ed25519 public key (PEM, or 32 bytes)" })?;
        let (file, bytes) = read(technician.pepper.as_deref(), "pepper")?;
        let pepper = secret(&bytes).ok_or(CredentialsError::NotAKey { file, what: "a secret of 32 bytes" })?;
        let revoked_file = state.join(REVOKED_FILE);
        let revoked =
            kept_revoked(&revoked_file).ok_or_else(|| CredentialsError::Revoked(revoked_file.display().to_string()))?;
        Ok(Self {
            public_key,
            pepper,
            pin_digits: technician.pin_digits,
            lockout: KeptLockout::open(&state.join("technician-pins")),
            revoked: RwLock::new(revoked),
            revoked_file,
        })
    }

    /// Takes the revoked ids of the service's policy, and keeps them for the next run; blocks for a write to the disk.
    pub fn revoke(&self, ids: Vec<Uuid>) {
        let mut revoked = self.revoked.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *revoked == ids {
            return;
        }
        let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
        if let Err(error) = write_whole(&self.revoked_file, lines.as_bytes()) {
            let file = self.revoked_file.display();
            tracing::error!("{file}: {}; a restart forgets which technicians are revoked", io_cause(&error));
        }
        *revoked = ids;
    }

    /// Judges a credential and its PIN; takes about 150 ms.
    ///
    /// # Errors
    /// Refused (one notice for whatever is wrong), expired, or locked after wrong PINs.
    pub fn admit(&self, credential: &PersonalText, pin: &PersonalText, clock: &Clock) -> Result<Uuid, Notice> {
        let issued = self.verify(credential).ok_or(Notice::CredentialRefused)?;
        if self.revoked.read().unwrap_or_else(std::sync::PoisonError::into_inner).contains(&issued.id) {
            return Err(Notice::CredentialRefused);
        }
        if i128::from(issued.expiry.unix_millis()) <= i128::from(clock.last_seen_ms()) {
            return Err(Notice::CredentialExpired);
        }
        let digits = pin.expose(|p| p.len() >= self.pin_digits && p.bytes().all(|b| b.is_ascii_digit()));
        if !digits {
            return Err(Notice::CredentialRefused);
        }
        let stamp = clock.stamp();
        if !self.lockout.charge(&stamp.boot_id, stamp.boot_ms) {
            return Err(Notice::Locked);
        }
        let (Ok(salt), Ok(expected)) = (hex::decode(&issued.salt), hex::decode(&issued.pin_hash)) else {
            return Err(Notice::CredentialRefused);
        };
        let mut derived = Zeroizing::new([0_u8; 32]);
        let stretched = Params::new(MEMORY_KIB, PASSES, 1, Some(32))
            .and_then(|params| Argon2::new_with_secret(&self.pepper, Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon2| pin.expose(|p| argon2.hash_password_into(p.as_bytes(), &salt, &mut *derived)));
        if stretched.is_err() || constant_time::verify_slices_are_equal(&*derived, &expected).is_err() {
            return Err(Notice::CredentialRefused);
        }
        self.lockout.clear();
        Ok(issued.id)
    }

    fn verify(&self, credential: &PersonalText) -> Option<TechnicianCredential> {
        credential.expose(|text| {
            let (json, signed) = split_credential(text).ok()?;
            let json = URL_SAFE_NO_PAD.decode(json).ok()?;
            let signed = URL_SAFE_NO_PAD.decode(signed).ok()?;
            let key = signature::UnparsedPublicKey::new(&signature::ED25519, &self.public_key);
            key.verify(&json, &signed).ok()?;
            serde_json::from_slice(&json).ok()
        })
    }
}

/// The ids that an earlier run kept; `None` if the file is there and does not hold ids.
fn kept_revoked(file: &Path) -> Option<Vec<Uuid>> {
    match std::fs::read_to_string(file) {
        Ok(text) => text.lines().map(|line| Uuid::try_parse(line).ok()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Vec::new()),
        Err(_) => None,
    }
}

/// Reads a file of 32 secret bytes, or of 64 hex digits.
///
/// # Errors
/// The system's, or `InvalidData` if it holds something else.
pub fn read_secret(file: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(std::fs::read(file)?);
    secret(&bytes).ok_or_else(|| std::io::Error::other("it does not hold 32 bytes (or 64 hex digits)"))
}

fn secret(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if bytes.len() == 32 {
        return Some(Zeroizing::new(bytes.to_vec()));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    hex::decode(text).ok().filter(|decoded| decoded.len() == 32).map(Zeroizing::new)
}

/// A PEM block (SubjectPublicKeyInfo), 32 raw bytes, hex or base64 of them.
fn public_key(bytes: &[u8]) -> Option<[u8; 32]> {
    if let Ok(raw) = bytes.try_into() {
        return Some(raw);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let decoded =
        if body.len() == 64 { hex::decode(&body).ok() } else { None }.or_else(|| STANDARD.decode(&body).ok())?;
    // RFC 8410: the key is the last 32 of the 44 bytes of its SubjectPublicKeyInfo.
    let raw = match decoded.len() {
        32 => decoded.as_slice(),
        44 => decoded.get(12..)?,
        _ => return None,
    };
    raw.try_into().ok()
}

fn read(file: Option<&Path>, key: &'static str) -> Result<(String, Zeroizing<Vec<u8>>), CredentialsError> {
    let file = file.ok_or(CredentialsError::NotSet { key })?;
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|e| CredentialsError::Unreadable {
        file: name.clone(),
        key,
        cause: io_cause(&e),
    })?;
    Ok((name, Zeroizing::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::{Argon2, Credentials, Notice, URL_SAFE_NO_PAD};
    use crate::clock::Clock;
    use crate::config::Technician;
    use argon2::{Algorithm, Params, Version};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine as _;
    use uuid::Uuid;
    use verification_api::personal::PersonalText;
    use verification_api::wire::{TechnicianCredential, Timestamp};

    const PIN: &str = "12345678";

    struct Issuer {
        dir: tempfile::TempDir,
        key: Ed25519KeyPair,
        clock: Clock,
    }

    impl Issuer {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("folder");
            let key = Ed25519KeyPair::generate().expect("key");
            std::fs::write(dir.path().join("technician.pub"), hex::encode(key.public_key())).expect("written");
            std::fs::write(dir.path().join("pepper"), [7_u8; 32]).expect("written");
            Self { dir, key, clock: Clock::start(0) }
        }

        fn technician(&self) -> Technician {
            Technician {
                public_key: Some(self.dir.path().join("technician.pub")),
                pepper: Some(self.dir.path().join("pepper")),
                pin_digits: 8,
            }
        }

        fn credentials(&self) -> Credentials {
            Credentials::load(&self.technician(), self.dir.path()).expect("loads")
        }

        fn issue(&self, id: Uuid, expires_in_ms: i64) -> PersonalText {
            let salt = [3_u8; 16];
            let mut pin_hash = [0_u8; 32];
            let params = Params::new(64 * 1024, 3, 1, Some(32)).expect("params");
            Argon2::new_with_secret(&[7; 32], Algorithm::Argon2id, Version::V0x13, params)
                .and_then(|a| a.hash_password_into(PIN.as_bytes(), &salt, &mut pin_hash))
                .expect("hashes");
            let now = i64::try_from(self.clock.last_seen_ms()).expect("fits");
            let credential = TechnicianCredential {
                id,
                expiry: Timestamp::from_unix_millis(now + expires_in_ms).expect("time"),
                salt: hex::encode(salt),
                pin_hash: hex::encode(pin_hash),
            };
            let json = serde_json::to_vec(&credential).expect("json");
            let signed = self.key.sign(&json);
            PersonalText::new(format!("TC1:{}.{}", URL_SAFE_NO_PAD.encode(&json), URL_SAFE_NO_PAD.encode(signed)))
        }
    }

    #[test]
    fn the_right_pin_admits_and_five_wrong_ones_lock_even_after_a_restart() {
        let issuer = Issuer::new();
        let id = Uuid::from_u128(9);
        let credential = issuer.issue(id, 60_000);
        let credentials = issuer.credentials();
        assert_eq!(credentials.admit(&credential, &PersonalText::from(PIN), &issuer.clock), Ok(id));
        let wrong = PersonalText::from("87654321");
        for _ in 0..5 {
            assert_eq!(credentials.admit(&credential, &wrong, &issuer.clock), Err(Notice::CredentialRefused));
        }
        let right = PersonalText::from(PIN);
        assert_eq!(credentials.admit(&credential, &right, &issuer.clock), Err(Notice::Locked));
        assert_eq!(issuer.credentials().admit(&credential, &right, &issuer.clock), Err(Notice::Locked));
    }

    #[test]
    fn forged_expired_revoked_and_short_pinned_credentials_are_refused() {
        let issuer = Issuer::new();
        let credentials = issuer.credentials();
        let right = PersonalText::from(PIN);
        let id = Uuid::from_u128(9);
        let forged = Issuer::new().issue(id, 60_000);
        assert_eq!(credentials.admit(&forged, &right, &issuer.clock), Err(Notice::CredentialRefused));
        for text in ["TC1:", "TC1:a.b", "XX1:e30.e30", ""] {
            let text = PersonalText::from(text);
            assert_eq!(credentials.admit(&text, &right, &issuer.clock), Err(Notice::CredentialRefused));
        }
        let expired = issuer.issue(id, -1);
        assert_eq!(credentials.admit(&expired, &right, &issuer.clock), Err(Notice::CredentialExpired));
        let good = issuer.issue(id, 60_000);
        let short = PersonalText::from("1234567");
        assert_eq!(credentials.admit(&good, &short, &issuer.clock), Err(Notice::CredentialRefused));
        credentials.revoke(vec![id]);
        assert_eq!(credentials.admit(&good, &right, &issuer.clock), Err(Notice::CredentialRefused));
    }

    #[test]
    fn a_revoked_technician_is_refused_after_a_restart_without_the_service_too() {
        let issuer = Issuer::new();
        let (id, right) = (Uuid::from_u128(9), PersonalText::from(PIN));
        let good = issuer.issue(id, 60_000);
        issuer.credentials().revoke(vec![Uuid::from_u128(8), id]);
        assert_eq!(issuer.credentials().admit(&good, &right, &issuer.clock), Err(Notice::CredentialRefused));
        // The agency's policy is the newest word, also when it takes one back.
        issuer.credentials().revoke(vec![Uuid::from_u128(8)]);
        assert_eq!(issuer.credentials().admit(&good, &right, &issuer.clock), Ok(id));
        // What cannot be read admits nobody, and says what to do.
        std::fs::write(issuer.dir.path().join("revoked-technicians"), "garbage\n").expect("written");
        let error = Credentials::load(&issuer.technician(), issuer.dir.path()).err().expect("refused").to_string();
        assert!(error.contains("revoked-technicians") && error.contains("delete it once"), "{error}");
    }

    #[test]
    fn expiry_follows_the_service_and_not_the_local_clock() {
        let issuer = Issuer::new();
        let credential = issuer.issue(Uuid::from_u128(1), 60_000);
        issuer.clock.agree(issuer.clock.last_seen_ms() + 120_000);
        let admitted = issuer.credentials().admit(&credential, &PersonalText::from(PIN), &issuer.clock);
        assert_eq!(admitted, Err(Notice::CredentialExpired));
    }
}
