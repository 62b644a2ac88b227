//! A checkpoint (C2SP tlog-checkpoint): origin, size and root of the tree, as the text of a signed note.

use super::note::{self, NoteError, SigningKey, VerifierKey};

use super::tree::{Hash, empty_root};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The extension line with which a log whose key is being changed names the one to come.
const NEXT_KEY: &str = "next-key ";

/// What a checkpoint tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of.
    pub origin: String,
    /// Leaves of the tree.
    pub size: u64,
    pub root: Hash,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("this note is no checkpoint: its lines must be a log's name, the size of its tree and the root")]
    NotACheckpoint,
    #[error("this checkpoint is of another log")]
    AnotherLog,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The signed note.
    #[must_use]
    pub fn signed(&self, key: &SigningKey) -> String {
        key.sign(&self.text())
    }

    /// The signed note of a log whose key is being changed: signed by both, and so that the older key vouches for it, it names
    /// the one to come.
    #[must_use]
    pub fn signed_by_both(&self, key: &SigningKey, next: &SigningKey) -> String {
        note::sign(&format!("{}{NEXT_KEY}{}\n", self.text(), next.verifier()), &[key, next])
    }

    /// The key that a signed note names as the one to come, if there is one of the same log.
    ///
    /// # Errors
    /// [`CheckpointError`], as [`Checkpoint::open`].
    pub fn next_key(note: &str, trusted: &[VerifierKey]) -> Result<Option<VerifierKey>, CheckpointError> {
        let checkpoint = Self::open(note, trusted)?;
        let text = note::open(note, trusted)?;
        let named = text.lines().skip(3).find_map(|line| line.strip_prefix(NEXT_KEY));
        Ok(named.and_then(|key| VerifierKey::parse(key).ok()).filter(|key| key.name() == checkpoint.origin))
    }

    /// Reads a signed note. Its origin must be the name of the key that signed it; extension lines are passed over.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, trusted: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note::open(note, trusted)?)?;
        // Of several trusted keys, one of this log must have signed.
        let own: Vec<VerifierKey> = trusted.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
        match note::open(note, &own) {
            Ok(_) => Ok(checkpoint),
            Err(NoteError::Unsigned) => Err(CheckpointError::AnotherLog),
            Err(why) => Err(why.into()),
        }
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`CheckpointError::NotACheckpoint`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        Self::of_lines(text).ok_or(CheckpointError::NotACheckpoint)
    }

    fn of_lines(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let number: u64 = size.parse().ok()?;
        let root: Hash = STANDARD.decode(root).ok()?.try_into().ok()?;
        let canonical = number.to_string() == size && (number > 0 || root == empty_root());
        canonical.then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}
