//! The service's secrets and what is made with them: sealing, blind indexes, authentication codes.
//!
//! They come from files (or systemd credentials), never from the database: whoever has only the database can neither
//! read a record nor try codes offline.

use crate::random::{self, NoRandom, Random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hmac};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of every secret.
pub const SECRET_LEN: usize = 32;

/// A secret file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read {}: {cause}. Give its path in [secrets] of the configuration, or make the files with `init`", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{} must hold exactly 32 bytes", path.display())]
    NotASecret { path: PathBuf },
    #[error("{} must hold lines of a number from 1 to 255, a blank and 64 hex digits", path.display())]
    NotAPepper { path: PathBuf },
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

/// All keys, derived once.
pub struct Keys {
    peppers: BTreeMap<u8, PepperKeys>,
    current: u8,
    index: hmac::Key,
    bodies: hmac::Key,
}

struct PepperKeys {
    codes: LessSafeKey,
    seal: LessSafeKey,
}

impl Keys {
    /// Reads the files of `[secrets]`.
    ///
    /// # Errors
    /// [`SecretError`], naming the file.
    pub fn load(pepper: &Path, index_key: &Path) -> Result<Self, SecretError> {
        let read = |path: &Path| {
            std::fs::read(path)
                .map(Zeroizing::new)
                .map_err(|cause| SecretError::Unreadable { path: path.into(), cause })
        };
        let text = read(pepper)?;
        let peppers = parse_peppers(&text).ok_or_else(|| SecretError::NotAPepper { path: pepper.into() })?;
        let index = read(index_key)?;
        let index = <&[u8; SECRET_LEN]>::try_from(index.as_slice())
            .map_err(|_| SecretError::NotASecret { path: index_key.into() })?;
        Self::new(&peppers, index).ok_or_else(|| SecretError::NotAPepper { path: pepper.into() })
    }

    /// From the secrets themselves; `None` without a pepper. The highest number is used for what is made from now on.
    #[must_use]
    pub fn new(peppers: &BTreeMap<u8, Zeroizing<[u8; SECRET_LEN]>>, index: &[u8; SECRET_LEN]) -> Option<Self> {
        let derived = |secret: &[u8], label: &[u8]| {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), label);
            let mut key = Zeroizing::new([0; SECRET_LEN]);
            key.copy_from_slice(tag.as_ref());
            key
        };
        let aes = |key: &[u8]| UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok();
        let mut keys = BTreeMap::new();
        for (kid, pepper) in peppers {
            let pair = PepperKeys { codes: aes(&**pepper)?, seal: aes(&*derived(&**pepper, b"seal v1"))? };
            keys.insert(*kid, pair);
        }
        let mac = |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, &*derived(index, label));
        Some(Self {
            current: *keys.keys().next_back()?,
            peppers: keys,
            index: hmac::Key::new(hmac::HMAC_SHA256, index),
            bodies: mac(b"request bodies v1"),
        })
    }

    /// Where something is looked up: HMAC(index key, type ‖ normalised), the type preceded by its length.
    #[must_use]
    pub fn blind(&self, kind: &str, normalised: &str) -> Blind {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(&aad(&[kind.as_bytes()]));
        context.update(normalised.as_bytes());
        Blind(to_array(context.sign().as_ref()))
    }

    /// HMAC of a request's raw bytes.
    #[must_use]
    pub fn body_mac(&self, raw: &[u8]) -> [u8; 32] {
        to_array(hmac::sign(&self.bodies, raw).as_ref())
    }

    /// Seals `plain` for the place that `bound_to` names: number of the pepper, nonce, ciphertext and tag.
    ///
    /// # Errors
    /// [`SealError::NoRandom`].
    pub fn seal(&self, random: &dyn Random, bound_to: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let pair = self.peppers.get(&self.current).ok_or(SealError::DoesNotOpen)?;
        let (nonce, boxed) = encrypt(&pair.seal, random, bound_to, plain)?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + boxed.len());
        out.push(self.current);
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
        decrypt(&self.peppers.get(kid).ok_or(SealError::DoesNotOpen)?.seal, nonce, bound_to, boxed)
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
        let pair = self.peppers.get(&self.current).ok_or(SealError::DoesNotOpen)?;
        let (nonce, tag) = encrypt(&pair.codes, random, bound_to, derived)?;
        Ok(Tag { kid: self.current, nonce, tag })
    }

    /// Whether a tag holds `derived`, in constant time.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn tag_holds(&self, tag: &Tag, bound_to: &[&[u8]], derived: &[u8]) -> Result<bool, SealError> {
        let pair = self.peppers.get(&tag.kid).ok_or(SealError::DoesNotOpen)?;
        let stored = decrypt(&pair.codes, &tag.nonce, bound_to, &tag.tag)?;
        Ok(bool::from(subtle::ConstantTimeEq::ct_eq(stored.as_slice(), derived)))
    }
}

/// A blind index: equal for equal values, tells nothing without the index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blind(pub [u8; 32]);

impl Blind {
    /// For the audit log.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
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

fn parse_peppers(text: &[u8]) -> Option<BTreeMap<u8, Zeroizing<[u8; SECRET_LEN]>>> {
    let mut peppers = BTreeMap::new();
    for line in std::str::from_utf8(text).ok()?.lines().filter(|l| !l.trim().is_empty()) {
        let (kid, digits) = line.split_once(' ')?;
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        hex::decode_to_slice(digits.trim(), &mut *secret).ok()?;
        peppers.insert(kid.parse().ok().filter(|k| *k > 0)?, secret);
    }
    (!peppers.is_empty()).then_some(peppers)
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
    use super::{Keys, SealError, aad};
    use crate::random::SystemRandomness;
    use std::collections::BTreeMap;
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
    fn parts_cannot_run_into_each_other() {
        assert_ne!(aad(&[b"ab", b"c"]), aad(&[b"a", b"bc"]));
        assert_eq!(aad(&[b"ab"]), [0, 0, 0, 2, b'a', b'b']);
        let keys = keys(&[1]);
        assert_ne!(keys.blind("a", "b1"), keys.blind("ab", "1"));
    }
}
