//! The service's secrets and what is made with them: sealing, blind indexes, authentication codes.
//!
//! They come from files (or systemd credentials), never from the database: whoever has only the database can neither
//! read a record nor try codes offline.

use crate::index_keys::IndexRing;
use crate::random::{self, NoRandom, Random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hmac};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use verification_api::wire::Timestamp;
use zeroize::Zeroizing;

pub use crate::index_keys::Blind;

/// Bytes of every secret.
pub const SECRET_LEN: usize = 32;

/// A secret file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read {}: {cause}. Give its path in [secrets] of the configuration, or make the files with `init`", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{} must hold exactly 32 bytes", path.display())]
    NotASecret { path: PathBuf },
    #[error("{} must hold lines of a number from 1 to 255, a blank and 64 hex digits, perhaps with the time from which it is used", path.display())]
    NotAPepper { path: PathBuf },
    #[error(
        "{} must hold exactly 32 bytes, or one or two lines of a number, a blank and 64 hex digits, and the line that begins with `bodies`, as `secrets rotate-index-key` writes it", path.display()
    )]
    NotAnIndexKey { path: PathBuf },
}

/// What a sealed text says when it cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error(
        "a stored secret does not open with the pepper of the configuration: the database belongs to another pepper, or was changed"
    )]
    DoesNotOpen,
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// All keys, derived once. Peppers and index keys may be read again while the service runs.
pub struct Keys {
    ring: RwLock<Arc<Ring>>,
    index: RwLock<Arc<IndexRing>>,
    bodies: hmac::Key,
    forms: hmac::Key,
}

struct Ring {
    peppers: BTreeMap<u8, PepperKeys>,
    /// What is made from now on is made under this one.
    current: u8,
}

struct PepperKeys {
    codes: LessSafeKey,
    seal: LessSafeKey,
}

impl Keys {
    /// Reads the files of `[secrets]`. Of the peppers that are used by now the highest is the current one.
    ///
    /// # Errors
    /// [`SecretError`], naming the file.
    pub fn load(pepper: &Path, index_key: &Path, now: Timestamp) -> Result<Self, SecretError> {
        Ok(Self::with(Ring::read(pepper, now)?, Self::read_index(index_key, now)?))
    }

    /// Reads the file of `[secrets] index_key`.
    ///
    /// # Errors
    /// [`SecretError`], naming the file.
    pub fn read_index(path: &Path, now: Timestamp) -> Result<IndexRing, SecretError> {
        IndexRing::read(path, now)
    }

    /// Puts what was read in the place of the index keys that were known.
    pub fn take_index(&self, new: IndexRing) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// The index keys that are known now.
    #[must_use]
    pub fn index(&self) -> Arc<IndexRing> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the peppers again: a newer one may have been added, or have come into use. Whether anything is different.
    ///
    /// # Errors
    /// [`SecretError`]; what was known stays.
    pub fn reload(&self, pepper: &Path, now: Timestamp) -> Result<bool, SecretError> {
        let new = Ring::read(pepper, now)?;
        let known = self.ring();
        let same = new.current == known.current && new.peppers.keys().eq(known.peppers.keys());
        if !same {
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        }
        Ok(!same)
    }

    /// From the secrets themselves; `None` without a pepper. The highest number is used for what is made from now on.
    #[must_use]
    pub fn new(peppers: &BTreeMap<u8, Zeroizing<[u8; SECRET_LEN]>>, index: &[u8; SECRET_LEN]) -> Option<Self> {
        let current = *peppers.keys().next_back()?;
        Some(Self::with(Ring::new(peppers, current)?, IndexRing::of(index)))
    }

    fn with(ring: Ring, index: IndexRing) -> Self {
        let bodies = hmac::Key::new(hmac::HMAC_SHA256, index.bodies());
        let forms = hmac::Key::new(hmac::HMAC_SHA256, &*derived(index.bodies(), b"forms v1"));
        Self { ring: RwLock::new(Arc::new(ring)), index: RwLock::new(Arc::new(index)), bodies, forms }
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Number of the pepper under which things are made now.
    #[must_use]
    pub fn current(&self) -> u8 {
        self.ring().current
    }

    /// Numbers of all peppers that are known.
    #[must_use]
    pub fn peppers(&self) -> Vec<u8> {
        self.ring().peppers.keys().copied().collect()
    }

    /// Where something is looked up: HMAC(index key, type ‖ normalised), the type preceded by its length.
    #[must_use]
    pub fn blind(&self, kind: &str, normalised: &str) -> Blind {
        self.index().blind(kind, normalised)
    }

    /// Where something is counted that belongs to what is looked up elsewhere.
    #[must_use]
    pub fn blind_again(&self, kind: &str, inner: &Blind) -> Blind {
        self.index().blind_again(kind, inner)
    }

    /// HMAC of a request's raw bytes. Its key stays when the index key is changed.
    #[must_use]
    pub fn body_mac(&self, raw: &[u8]) -> [u8; 32] {
        to_array(hmac::sign(&self.bodies, raw).as_ref())
    }

    /// HMAC of what binds a page's forms to its browser. Its key stays as well.
    #[must_use]
    pub fn form_mac(&self, token: &str) -> [u8; 32] {
        to_array(hmac::sign(&self.forms, token.as_bytes()).as_ref())
    }

    /// Seals `plain` for the place that `bound_to` names: number of the pepper, nonce, ciphertext and tag.
    ///
    /// # Errors
    /// [`SealError::NoRandom`].
    pub fn seal(&self, random: &dyn Random, bound_to: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let ring = self.ring();
        let pair = ring.peppers.get(&ring.current).ok_or(SealError::DoesNotOpen)?;
        let (nonce, boxed) = encrypt(&pair.seal, random, bound_to, plain)?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + boxed.len());
        out.push(ring.current);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&boxed);
        Ok(out)
    }

    /// Opens what [`Keys::seal`] made for the same place.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open(&self, bound_to: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (kid, rest) = sealed.split_first().ok_or(SealError::DoesNotOpen)?;
        let (nonce, boxed) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::DoesNotOpen)?;
        decrypt(&self.ring().peppers.get(kid).ok_or(SealError::DoesNotOpen)?.seal, nonce, bound_to, boxed)
    }

    /// As [`Keys::open`], for text.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_text(&self, bound_to: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<String>, SealError> {
        let plain = self.open(bound_to, sealed)?;
        String::from_utf8(plain.to_vec()).map(Zeroizing::new).map_err(|_| SealError::DoesNotOpen)
    }

    /// The tag of a derived code or PIN, under the newest pepper: (number of the pepper, nonce, tag).
    ///
    /// # Errors
    /// [`SealError::NoRandom`].
    pub fn tag(&self, random: &dyn Random, bound_to: &[&[u8]], derived: &[u8]) -> Result<Tag, SealError> {
        let ring = self.ring();
        let pair = ring.peppers.get(&ring.current).ok_or(SealError::DoesNotOpen)?;
        let (nonce, tag) = encrypt(&pair.codes, random, bound_to, derived)?;
        Ok(Tag { kid: ring.current, nonce, tag })
    }

    /// The same tag under the current pepper.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn retag(&self, random: &dyn Random, bound_to: &[&[u8]], tag: &Tag) -> Result<Tag, SealError> {
        let ring = self.ring();
        let pair = ring.peppers.get(&tag.kid).ok_or(SealError::DoesNotOpen)?;
        self.tag(random, bound_to, &decrypt(&pair.codes, &tag.nonce, bound_to, &tag.tag)?)
    }

    /// Whether a tag holds `derived`, in constant time.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn tag_holds(&self, tag: &Tag, bound_to: &[&[u8]], derived: &[u8]) -> Result<bool, SealError> {
        let ring = self.ring();
        let pair = ring.peppers.get(&tag.kid).ok_or(SealError::DoesNotOpen)?;
        let stored = decrypt(&pair.codes, &tag.nonce, bound_to, &tag.tag)?;
        Ok(bool::from(subtle::ConstantTimeEq::ct_eq(stored.as_slice(), derived)))
    }
}

/// What is stored of a code or a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Number of the pepper.
    pub kid: u8,
    pub nonce: [u8; NONCE_LEN],
    pub tag: Vec<u8>,
}

/// Parts, each preceded by its length as u32 big-endian.
#[must_use]
pub fn aad(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 4).sum());
    for part in parts {
        // No part comes near 4 GiB: bodies end at 64 KiB.
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Whether two codes are equal, in constant time.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// The file of `[secrets] pepper` with one new pepper.
///
/// # Errors
/// [`NoRandom`].
pub fn new_pepper_file(random: &dyn Random) -> Result<Zeroizing<String>, NoRandom> {
    let pepper = Zeroizing::new(random::bytes::<SECRET_LEN>(random)?);
    Ok(Zeroizing::new(format!("1 {}\n", hex::encode(*pepper))))
}

/// The file with one more pepper, which is used from a time on: the text and the number; `None` if there are 255.
///
/// # Errors
/// [`NoRandom`].
pub fn with_new_pepper(
    text: &str,
    from: Timestamp,
    random: &dyn Random,
) -> Result<Option<(Zeroizing<String>, u8)>, NoRandom> {
    let numbers = text.lines().filter_map(|line| line.split_once(' ')?.0.parse::<u8>().ok());
    let Some(number) = numbers.max().unwrap_or(0).checked_add(1) else { return Ok(None) };
    let pepper = Zeroizing::new(random::bytes::<SECRET_LEN>(random)?);
    let digits = Zeroizing::new(hex::encode(*pepper));
    // Large enough at once: growing would leave copies behind.
    let mut new = Zeroizing::new(String::with_capacity(text.len() + 128));
    new.push_str(text.trim_end());
    new.push_str(&format!("\n{number} "));
    new.push_str(&digits);
    new.push_str(&format!(" {from}\n"));
    Ok(Some((new, number)))
}

impl Ring {
    fn read(path: &Path, now: Timestamp) -> Result<Self, SecretError> {
        let not_a_pepper = || SecretError::NotAPepper { path: path.into() };
        let file = read(path)?;
        let text = std::str::from_utf8(&file).map_err(|_| not_a_pepper())?;
        let lines = parse_lines(text.lines()).ok_or_else(not_a_pepper)?;
        let used =
            lines.iter().filter(|(_, (_, from))| from.is_none_or(|from| from.unix_millis() <= now.unix_millis()));
        // If none is used yet, the oldest is.
        let current = used.map(|(kid, _)| *kid).next_back().or_else(|| lines.keys().next().copied());
        let peppers = lines.into_iter().map(|(kid, (secret, _))| (kid, secret)).collect();
        current.and_then(|current| Self::new(&peppers, current)).ok_or_else(not_a_pepper)
    }

    fn new(peppers: &BTreeMap<u8, Zeroizing<[u8; SECRET_LEN]>>, current: u8) -> Option<Self> {
        let aes = |key: &[u8]| UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok();
        let mut keys = BTreeMap::new();
        for (kid, pepper) in peppers {
            let pair = PepperKeys { codes: aes(&**pepper)?, seal: aes(&*derived(&**pepper, b"seal v1"))? };
            keys.insert(*kid, pair);
        }
        Some(Self { peppers: keys, current })
    }
}

pub(crate) fn derived(secret: &[u8], label: &[u8]) -> Zeroizing<[u8; SECRET_LEN]> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), label);
    let mut key = Zeroizing::new([0; SECRET_LEN]);
    key.copy_from_slice(tag.as_ref());
    key
}

pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    std::fs::read(path).map(Zeroizing::new).map_err(|cause| SecretError::Unreadable { path: path.into(), cause })
}

/// A secret and the time from which it is used.
pub(crate) type SecretLine = (Zeroizing<[u8; SECRET_LEN]>, Option<Timestamp>);

/// Lines of a number, a blank, 64 hex digits, and perhaps a blank and the time from which it is used.
pub(crate) fn parse_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Option<BTreeMap<u8, SecretLine>> {
    let mut secrets = BTreeMap::new();
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let (kid, rest) = line.split_once(' ')?;
        let (digits, from) = match rest.trim().split_once(' ') {
            Some((digits, from)) => (digits, Some(Timestamp::parse(from.trim()).ok()?)),
            None => (rest.trim(), None),
        };
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        hex::decode_to_slice(digits, &mut *secret).ok()?;
        secrets.insert(kid.parse().ok().filter(|k| *k > 0)?, (secret, from));
    }
    (!secrets.is_empty()).then_some(secrets)
}

fn encrypt(
    key: &LessSafeKey,
    random: &dyn Random,
    bound_to: &[&[u8]],
    plain: &[u8],
) -> Result<([u8; NONCE_LEN], Vec<u8>), SealError> {
    let nonce = random::bytes::<NONCE_LEN>(random)?;
    let mut boxed = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
    boxed.extend_from_slice(plain);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad(bound_to)), &mut boxed)
        .map_err(|_| SealError::DoesNotOpen)?;
    Ok((nonce, boxed))
}

fn decrypt(key: &LessSafeKey, nonce: &[u8], bound_to: &[&[u8]], boxed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
    let mut plain = Zeroizing::new(boxed.to_vec());
    let length =
        key.open_in_place(nonce, Aad::from(aad(bound_to)), &mut plain).map_err(|_| SealError::DoesNotOpen)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn to_array(tag: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(tag) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Keys, SealError, aad, new_pepper_file, with_new_pepper};
    use crate::random::SystemRandomness;
    use std::collections::BTreeMap;
    use verification_api::wire::Timestamp;
    use zeroize::Zeroizing;

    fn keys(peppers: &[u8]) -> Keys {
        let peppers: BTreeMap<_, _> = peppers.iter().map(|kid| (*kid, Zeroizing::new([*kid; 32]))).collect();
        Keys::new(&peppers, &[9; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place() {
        let (keys, random) = (keys(&[1]), SystemRandomness::new());
        let sealed = keys.seal(&random, &[b"account", b"name"], b"SPECIMEN").unwrap();
        assert_eq!(keys.open(&[b"account", b"name"], &sealed).unwrap().as_slice(), b"SPECIMEN");
        assert_eq!(keys.open(&[b"accountn", b"ame"], &sealed), Err(SealError::DoesNotOpen));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys.open(&[b"account", b"name"], &changed).is_err(), "byte {at}");
        }
        assert!(keys.open(&[], &[]).is_err());
    }

    #[test]
    fn an_older_pepper_still_opens_after_rotation() {
        let random = SystemRandomness::new();
        let tag = keys(&[1]).tag(&random, &[b"a"], &[7; 32]).unwrap();
        let rotated = keys(&[1, 2]);
        assert_eq!(rotated.tag_holds(&tag, &[b"a"], &[7; 32]), Ok(true));
        assert_eq!(rotated.tag_holds(&tag, &[b"a"], &[8; 32]), Ok(false));
        assert_eq!(rotated.tag(&random, &[b"a"], &[7; 32]).unwrap().kid, 2);
        assert!(keys(&[2]).tag_holds(&tag, &[b"a"], &[7; 32]).is_err());
    }

    #[test]
    fn a_pepper_is_used_from_its_time_on_and_known_before() {
        let (folder, random) = (tempfile::tempdir().unwrap(), SystemRandomness::new());
        let (pepper, index) = (folder.path().join("pepper"), folder.path().join("index"));
        std::fs::write(&index, [9; 32]).unwrap();
        let at = |second: i64| Timestamp::from_unix_millis(1_764_100_000_000 + second * 1000).unwrap();
        let first = new_pepper_file(&random).unwrap();
        std::fs::write(&pepper, first.as_bytes()).unwrap();
        let keys = Keys::load(&pepper, &index, at(0)).unwrap();
        let sealed = keys.seal(&random, &[b"a"], b"older").unwrap();
        let tag = keys.tag(&random, &[b"a"], &[7; 32]).unwrap();
        let (text, number) = with_new_pepper(&first, at(120), &random).unwrap().unwrap();
        assert_eq!(number, 2);
        std::fs::write(&pepper, text.as_bytes()).unwrap();
        assert_eq!(keys.reload(&pepper, at(119)).ok(), Some(true), "it is known");
        assert_eq!((keys.current(), keys.peppers()), (1, vec![1, 2]));
        assert_eq!(keys.reload(&pepper, at(120)).ok(), Some(true), "it is used");
        assert_eq!(keys.reload(&pepper, at(121)).ok(), Some(false));
        assert_eq!(keys.current(), 2);
        assert_eq!(keys.open(&[b"a"], &sealed).unwrap().as_slice(), b"older");
        let moved = keys.retag(&random, &[b"a"], &tag).unwrap();
        assert_eq!((moved.kid, keys.tag_holds(&moved, &[b"a"], &[7; 32])), (2, Ok(true)));
        assert!(keys.retag(&random, &[b"b"], &tag).is_err(), "of another place");
        std::fs::write(&pepper, "2 zz").unwrap();
        assert!(keys.reload(&pepper, at(122)).is_err());
        assert_eq!(keys.current(), 2, "what was known stays");
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(aad(&[b"ab", b"c"]), aad(&[b"a", b"bc"]));
        assert_eq!(aad(&[b"ab"]), [0, 0, 0, 2, b'a', b'b']);
        let keys = keys(&[1]);
        assert_ne!(keys.blind("a", "b1"), keys.blind("ab", "1"));
    }
}
