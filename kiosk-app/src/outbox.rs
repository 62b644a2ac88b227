//! Officers' overrides that the service has not confirmed yet: sealed on the disk, deleted once confirmed.
//!
//! A decision is kept in three steps, so that neither a full disk nor a power cut loses it: [`Outbox::keep`] (sealed, but
//! not sent), the journal's entry, [`Outbox::decided`] (waits for the service). Without the entry it is withdrawn.
//!
//! One file an override, AES-256-GCM under the outbox key, bound to its id. The bytes and the signature inside are those
//! of the decision; they are sent again as they are until the service has them.

use crate::config::{Outbox as Settings, io_cause};
use crate::credential::read_secret;
use crate::journal::disk::write_whole;
use crate::verifier::SignedOverride;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use std::path::{Path, PathBuf};
use uuid::Uuid;
use zeroize::Zeroizing;

const WAITING: &str = ".sealed";
const UNDECIDED: &str = ".undecided";

/// The folder of waiting overrides.
pub struct Outbox {
    dir: PathBuf,
    key: RandomizedNonceKey,
}

/// What is wrong with the outbox; each a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error("{path}: {cause}; [outbox] key must name a file of 32 bytes that this program may read")]
    Key { path: String, cause: String },
    #[error("{path}: overrides cannot wait here, {cause}; give [outbox] dir a folder that this program may write in")]
    Folder { path: String, cause: String },
    #[error("this machine has no random numbers; restart it")]
    NoRandom,
}

impl Outbox {
    /// Opens the folder, making it if it is not there. Without a configured key one is made beside it, once.
    ///
    /// # Errors
    /// The key is missing or none, or the folder cannot be made.
    pub fn open(settings: &Settings) -> Result<Self, OutboxError> {
        let folder =
            |e: std::io::Error| OutboxError::Folder { path: settings.dir.display().to_string(), cause: io_cause(&e) };
        std::fs::create_dir_all(&settings.dir).map_err(folder)?;
        let path = settings.key.clone().unwrap_or_else(|| settings.dir.with_extension("key"));
        if settings.key.is_none() && !path.exists() {
            make_key(&path)?;
        }
        let broken = |cause: String| OutboxError::Key { path: path.display().to_string(), cause };
        let secret = read_secret(&path).map_err(|e| broken(io_cause(&e)))?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &secret).map_err(|_| broken("it is no key".to_owned()))?;
        Ok(Self { dir: settings.dir.clone(), key })
    }

    /// Seals an override; it is on the disk when this returns, and is sent only once it is [`Outbox::decided`].
    ///
    /// # Errors
    /// It cannot be written: there is no override.
    pub fn keep(&self, signed: &SignedOverride) -> Result<(), OutboxError> {
        let mut text = Zeroizing::new(Vec::with_capacity(signed.signature.len() + 1 + signed.body.len() + 16));
        text.extend_from_slice(signed.signature.as_bytes());
        text.push(b'\n');
        text.extend_from_slice(&signed.body);
        let aad = Aad::from(signed.id.into_bytes());
        let nonce = self.key.seal_in_place_append_tag(aad, &mut *text).map_err(|_| OutboxError::NoRandom)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        let path = self.undecided(signed.id);
        write_whole(&path, &sealed)
            .map_err(|e| OutboxError::Folder { path: self.dir.display().to_string(), cause: io_cause(&e) })
    }

    /// The journal has it: from now on it waits for the service.
    pub fn decided(&self, id: Uuid) {
        if let Err(error) = std::fs::rename(self.undecided(id), self.path(id)) {
            tracing::error!(%id, %error, "a decided override is sent only after the next start");
        }
    }

    /// The journal could not take it: there was no override.
    pub fn withdraw(&self, id: Uuid) {
        if let Err(error) = std::fs::remove_file(self.undecided(id)) {
            tracing::warn!(%id, %error, "a withdrawn override could not be deleted");
        }
    }

    /// At the start of the program: what a crash left between keeping and deciding was an officer's decision, and the
    /// service is to know of it.
    pub fn adopt_undecided(&self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if let Some(id) = id_of(&entry.path(), UNDECIDED) {
                self.decided(id);
            }
        }
    }

    /// The overrides that wait, oldest first (their ids begin with the time).
    #[must_use]
    pub fn waiting(&self) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = std::fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| id_of(&entry.ok()?.path(), WAITING))
            .collect();
        ids.sort();
        ids
    }

    /// Opens one that waits; `None` if the file is gone or does not open with this key.
    #[must_use]
    pub fn open_one(&self, id: Uuid) -> Option<SignedOverride> {
        let sealed = std::fs::read(self.path(id)).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let plain = self.key.open_in_place(nonce, Aad::from(id.into_bytes()), &mut text).ok()?;
        let at = plain.iter().position(|&b| b == b'\n')?;
        let signature = std::str::from_utf8(&plain[..at]).ok()?.to_owned();
        Some(SignedOverride { id, body: Zeroizing::new(plain[at + 1..].to_vec()), signature })
    }

    /// Those that wait but do not open with this key: the service never gets them unless the key that sealed them is back.
    #[must_use]
    pub fn sealed_otherwise(&self) -> Vec<Uuid> {
        let mut waiting = self.waiting();
        waiting.retain(|id| self.open_one(*id).is_none() && self.path(*id).exists());
        waiting
    }

    /// The service has it: gone from here.
    pub fn confirmed(&self, id: Uuid) {
        match std::fs::remove_file(self.path(id)) {
            // The first try and the service loop may both have sent it.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%id, %error, "a confirmed override could not be deleted");
            }
            _ => {}
        }
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.dir.join(format!("{id}{WAITING}"))
    }

    fn undecided(&self, id: Uuid) -> PathBuf {
        self.dir.join(format!("{id}{UNDECIDED}"))
    }
}

fn id_of(path: &Path, ending: &str) -> Option<Uuid> {
    Uuid::parse_str(path.file_name()?.to_str()?.strip_suffix(ending)?).ok()
}

fn make_key(path: &Path) -> Result<(), OutboxError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut key = Zeroizing::new([0; 32]);
    rand::fill(&mut *key).map_err(|_| OutboxError::NoRandom)?;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(&*key).and_then(|()| file.sync_all()));
    made.map_err(|e| OutboxError::Key { path: path.display().to_string(), cause: io_cause(&e) })
}

#[cfg(test)]
mod tests {
    use super::{Outbox, Settings, SignedOverride};
    use crate::effect::MustAct;
    use crate::selftest;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    fn signed(n: u128) -> SignedOverride {
        let body = Zeroizing::new(b"{\"reading\":\"SPECIMEN\"}".to_vec());
        SignedOverride { id: Uuid::from_u128(n), body, signature: "aa:bb".to_owned() }
    }

    #[test]
    fn an_override_waits_sealed_survives_a_restart_and_is_gone_once_confirmed() {
        let dir = tempfile::tempdir().expect("folder");
        let settings = Settings { dir: dir.path().join("outbox"), key: None };
        let outbox = Outbox::open(&settings).expect("opens");
        for n in [2, 1] {
            outbox.keep(&signed(n)).expect("kept");
            outbox.decided(signed(n).id);
        }
        let file = settings.dir.join(format!("{}.sealed", Uuid::from_u128(1)));
        let bytes = std::fs::read(&file).expect("there");
        assert!(!bytes.windows(8).any(|w| w == b"SPECIMEN"), "nothing is readable on the disk");
        let outbox = Outbox::open(&settings).expect("opens again with the same key");
        assert_eq!(outbox.waiting(), [Uuid::from_u128(1), Uuid::from_u128(2)]);
        let opened = outbox.open_one(Uuid::from_u128(1)).expect("opens");
        assert_eq!((&*opened.body, opened.signature.as_str()), (&*signed(1).body, "aa:bb"));
        std::fs::rename(&file, settings.dir.join(format!("{}.sealed", Uuid::from_u128(3)))).expect("renamed");
        assert!(outbox.open_one(Uuid::from_u128(3)).is_none(), "sealed for another id");
        outbox.confirmed(Uuid::from_u128(2));
        assert_eq!(outbox.waiting(), [Uuid::from_u128(3)]);
    }

    #[test]
    fn an_override_is_sent_only_once_decided_and_a_crash_before_that_does_not_lose_it() {
        let dir = tempfile::tempdir().expect("folder");
        let outbox = Outbox::open(&Settings { dir: dir.path().join("outbox"), key: None }).expect("opens");
        outbox.keep(&signed(1)).expect("kept");
        outbox.keep(&signed(2)).expect("kept");
        assert!(outbox.waiting().is_empty(), "nothing is decided yet");
        outbox.withdraw(Uuid::from_u128(1));
        outbox.adopt_undecided();
        assert_eq!(outbox.waiting(), [Uuid::from_u128(2)]);
        assert!(outbox.open_one(Uuid::from_u128(2)).is_some());
    }

    #[test]
    fn what_another_key_has_sealed_is_named_and_not_passed_over() {
        let dir = tempfile::tempdir().expect("folder");
        let settings = |key: &str| {
            std::fs::write(dir.path().join(key), [key.len() as u8; 32]).expect("written");
            Settings { dir: dir.path().join("outbox"), key: Some(dir.path().join(key)) }
        };
        let old = Outbox::open(&settings("old key")).expect("opens");
        old.keep(&signed(1)).expect("kept");
        old.decided(signed(1).id);
        assert!(selftest::waiting(Some(&old)).ok);
        let new = Outbox::open(&settings("key")).expect("opens");
        new.keep(&signed(2)).expect("kept");
        new.decided(signed(2).id);
        assert_eq!(new.sealed_otherwise(), [signed(1).id]);
        let row = selftest::waiting(Some(&new));
        assert!(!row.ok && row.must_act == MustAct::Technician, "{}", row.facts);
        assert!(row.facts.contains("1 of 2") && row.facts.contains("[outbox] key"), "{}", row.facts);
        assert!(!selftest::waiting(None).ok, "no outbox, no overrides");
    }

    #[test]
    fn a_configured_key_that_is_missing_or_short_is_one_clear_sentence() {
        let dir = tempfile::tempdir().expect("folder");
        let key = dir.path().join("key");
        let settings = Settings { dir: dir.path().join("outbox"), key: Some(key.clone()) };
        let error = Outbox::open(&settings).err().expect("refused").to_string();
        assert!(
            error.ends_with(
                "there is no such file; [outbox] key must name a file of 32 bytes that this program may read"
            )
        );
        std::fs::write(&key, [1; 31]).expect("written");
        assert!(Outbox::open(&settings).err().expect("refused").to_string().contains("32 bytes"));
    }
}
