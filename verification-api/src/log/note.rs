//! Signed notes (C2SP signed-note) with Ed25519, signature type 0x01: text, an empty line, lines
//! `— name base64(key id ‖ signature)`; keys are written `name+hex key id+base64(0x01 ‖ public key)`.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// A note larger than this is not read.
pub const MAX_BYTES: usize = 64 * 1024;
/// More signatures than this are not looked at.
const MAX_SIGNATURES: usize = 64;
/// Signature type: Ed25519.
const ED25519_TYPE: u8 = 1;

/// Why a note is not believed, or a key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("this is not a signed note: text, an empty line, lines of signatures")]
    Form,
    #[error("no key that is trusted here has signed this note")]
    Unsigned,
    #[error("the signature of a trusted key does not fit this note")]
    BadSignature,
    #[error("this is no verifier key: it must be name+8 hex digits+base64 of 01 and an Ed25519 key")]
    Key,
    #[error("a log's name must not be empty and must hold neither blanks nor +")]
    Name,
}

/// A public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl VerifierKey {
    /// # Errors
    /// [`NoteError::Name`].
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteError::Name);
        }
        let mut signed = [name.as_bytes(), b"\n", &[ED25519_TYPE]].concat();
        signed.extend_from_slice(&key);
        let hash = digest(&SHA256, &signed);
        let id = hash.as_ref().first_chunk::<4>().copied().unwrap_or_default();
        Ok(Self { name: name.to_owned(), id, key })
    }

    /// Reads `name+id+key`; the id must be that of name and key.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519_TYPE, key)) = bytes.split_first() else { return Err(NoteError::Key) };
        let verifier = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?).map_err(|_| NoteError::Key)?;
        if verifier.id_hex() == id { Ok(verifier) } else { Err(NoteError::Key) }
    }

    /// Reads a file with a key in each line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`NoteError::Key`], also if there is none.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoteError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<Self> = lines.map(Self::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(NoteError::Key) } else { Ok(keys) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id_hex(&self) -> String {
        self.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend_from_slice(&self.key);
        write!(f, "{}+{}+{}", self.name, self.id_hex(), STANDARD.encode(bytes))
    }
}

/// A private key with its name.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// From PKCS#8 (DER).
    ///
    /// # Errors
    /// [`NoteError::Key`], [`NoteError::Name`].
    pub fn from_pkcs8(name: &str, der: &[u8]) -> Result<Self, NoteError> {
        Self::of(name, Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| NoteError::Key)?)
    }

    /// From the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// [`NoteError::Key`], [`NoteError::Name`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::of(name, Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?)
    }

    fn of(name: &str, pair: Ed25519KeyPair) -> Result<Self, NoteError> {
        let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { pair, verifier: VerifierKey::new(name, public)? })
    }

    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The note of a text that ends in a newline.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        sign(text, &[self])
    }
}

/// The note of a text that ends in a newline, signed by each of these.
#[must_use]
pub fn sign(text: &str, keys: &[&SigningKey]) -> String {
    let mut note = format!("{text}\n");
    for key in keys {
        let mut bytes = key.verifier.id.to_vec();
        bytes.extend_from_slice(key.pair.sign(text.as_bytes()).as_ref());
        note.push_str(&format!("— {} {}\n", key.verifier.name, STANDARD.encode(bytes)));
    }
    note
}

/// The text of a note that a trusted key has signed. Signatures of other keys are passed over; one that bears name and
/// id of a trusted key must fit.
///
/// # Errors
/// [`NoteError`].
pub fn open<'n>(note: &'n str, trusted: &[VerifierKey]) -> Result<&'n str, NoteError> {
    if note.len() > MAX_BYTES || note.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Form);
    }
    let end = note.rfind("\n\n").ok_or(NoteError::Form)? + 1;
    let (text, signatures) = (note.get(..end).unwrap_or_default(), note.get(end + 1..).unwrap_or_default());
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
    let mut signed = false;
    for (n, line) in lines.split('\n').enumerate() {
        let (name, encoded) = line.strip_prefix("— ").and_then(|l| l.split_once(' ')).ok_or(NoteError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Form)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        if name.is_empty() || signature.is_empty() || n >= MAX_SIGNATURES {
            return Err(NoteError::Form);
        }
        for key in trusted.iter().filter(|key| key.name == name && key.id == *id) {
            let fits = UnparsedPublicKey::new(&ED25519, key.key).verify(text.as_bytes(), signature);
            fits.map_err(|_| NoteError::BadSignature)?;
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned) }
}
