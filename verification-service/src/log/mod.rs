//! The log over the audit rows: an RFC 6962 tree whose leaves are the rows, kept as tiles, told by signed checkpoints.
//!
//! [`seal`] makes leaves of the rows that were committed since, [`keeper`] does so while the service runs, [`export`]
//! takes the newest checkpoint off this host. The mathematics is [`verification_api::log`].

pub mod export;
pub mod keeper;
pub mod seal;

use crate::pki::{self, PkiError};
use crate::store::{Answer, Tx};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use verification_api::log::checkpoint::CheckpointError;
use verification_api::log::{Checkpoint, SigningKey, VerifierKey};
use verification_api::wire::Timestamp;

/// While the oldest row that is not sealed is older than this, nothing is verified. Milliseconds.
pub const FRESH_FOR: i64 = 5_000;

/// Why the log is not continued: somebody must look, and nothing is verified meanwhile.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    #[error("the log has leaves but no head: the database was changed")]
    NoHead,
    #[error("the log's newest checkpoint is not signed by its key ({0}): the database was changed, or log.key was")]
    NotOurs(#[from] CheckpointError),
    #[error("the log's head says {head} leaves, its checkpoint {checkpoint}: the database was changed")]
    Head { head: i64, checkpoint: u64 },
    #[error("{0} of the log is missing or has another length: the database was changed")]
    Tile(String),
    #[error("the log's tiles do not lead to the root of its checkpoint: the database was changed")]
    Root,
    #[error("the log was {seen} leaves long and is now {now}: an older copy of the database was put back")]
    Shrunk { seen: u64, now: u64 },
    #[error("the log of {0} leaves is another than it was: the database was changed")]
    Changed(u64),
    #[error("there is no log.key in [tls] dir: make it with `verification-service pki log --dir DIR --name NAME`")]
    NoKey,
}

/// The keys of the log and its newest checkpoint, as this instance knows it.
pub struct Log {
    keys: RwLock<Arc<LogKeys>>,
    newest: RwLock<Option<Newest>>,
}

/// What signs the log, and who is believed.
pub struct LogKeys {
    key: Option<SigningKey>,
    /// While the key is being changed: the one to come, which signs as well.
    next: Option<SigningKey>,
    trusted: Vec<VerifierKey>,
}

impl LogKeys {
    /// Reads `log.key`, `log.next.key` and `log.pub` of the folder. A folder from before there was a log has none: then no
    /// command but `serve` needs them.
    ///
    /// # Errors
    /// [`PkiError`], naming the file.
    pub fn read(dir: &Path) -> Result<Self, PkiError> {
        let trusted = pki::log_verifiers(dir)?;
        let (key, next) = (pki::log_signer(dir, &trusted)?, pki::next_log_signer(dir, &trusted)?);
        Ok(Self { key, next, trusted })
    }

    /// The key that signs checkpoints.
    ///
    /// # Errors
    /// [`LogFault::NoKey`].
    pub fn key(&self) -> Result<&SigningKey, LogFault> {
        self.key.as_ref().ok_or(LogFault::NoKey)
    }

    /// A checkpoint, signed by all that sign now.
    ///
    /// # Errors
    /// [`LogFault::NoKey`].
    pub fn signed(&self, tree: &Checkpoint) -> Result<String, LogFault> {
        let key = self.key()?;
        Ok(self.next.as_ref().map_or_else(|| tree.signed(key), |next| tree.signed_by_both(key, next)))
    }

    /// Whether all that sign now have signed this note.
    #[must_use]
    pub fn have_signed(&self, note: &str) -> bool {
        let signed = |key: &SigningKey| Checkpoint::open(note, std::slice::from_ref(key.verifier())).is_ok();
        self.key.iter().chain(&self.next).all(signed)
    }
}

#[derive(Clone)]
struct Newest {
    note: Arc<str>,
    tree: Checkpoint,
}

impl Log {
    /// Reads the keys of the folder: see [`LogKeys::read`].
    ///
    /// # Errors
    /// [`PkiError`], naming the file.
    pub fn open(dir: &Path) -> Result<Self, PkiError> {
        Ok(Self { keys: RwLock::new(Arc::new(LogKeys::read(dir)?)), newest: RwLock::new(None) })
    }

    /// Reads the keys again, while the service runs.
    ///
    /// # Errors
    /// [`PkiError`], naming the file; what was known stays.
    pub fn reload(&self, dir: &Path) -> Result<(), PkiError> {
        let new = LogKeys::read(dir)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    /// The keys as they are now.
    #[must_use]
    pub fn keys(&self) -> Arc<LogKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys whose checkpoints are believed.
    #[must_use]
    pub fn trusted(&self) -> Vec<VerifierKey> {
        self.keys().trusted.clone()
    }

    /// The newest checkpoint that this instance has seen; empty before the first.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.newest().map_or_else(String::new, |newest| newest.note.to_string())
    }

    /// Leaves of the newest tree that this instance has seen.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.newest().map_or(0, |newest| newest.tree.size)
    }

    /// Judges a checkpoint of the database by what this instance has seen, and remembers it.
    ///
    /// # Errors
    /// [`LogFault`] if it is not ours, or older than one that was seen.
    pub fn learn(&self, note: &str) -> Result<Checkpoint, LogFault> {
        if let Some(newest) = self.newest().filter(|newest| &*newest.note == note) {
            return Ok(newest.tree);
        }
        let tree = Checkpoint::open(note, &self.trusted())?;
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = newest.as_ref().map(|newest| &newest.tree) {
            if tree.size < seen.size {
                return Err(LogFault::Shrunk { seen: seen.size, now: tree.size });
            }
            if tree.size == seen.size && tree != *seen {
                return Err(LogFault::Changed(tree.size));
            }
        }
        *newest = Some(Newest { note: note.into(), tree: tree.clone() });
        Ok(tree)
    }

    fn newest(&self) -> Option<Newest> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether the rows are being sealed: no row waits for longer than [`FRESH_FOR`]. One that tells a time still to come says
/// nothing of how long it has been waiting, because the clock was set back: it is not believed either. Where rows are sealed
/// it is gone within a second.
///
/// # Errors
/// Of the store.
pub async fn is_fresh(tx: &mut Tx, now: Timestamp) -> Answer<bool> {
    let waits = |since: i64| now.unix_millis().saturating_sub(since).saturating_abs();
    Ok(tx.unsealed_since().await?.is_none_or(|since| waits(since) <= FRESH_FOR))
}
