//! The index key, under which numbers, documents, badges and user names are found again, and how it is changed.
//!
//! While it is changed there are two: the older one, and the newer one from a time on. A row stands under either; what is
//! new, and what is moved, goes under the one that is used now. So whoever looks something up looks in both places.

use crate::random::{self, NoRandom, Random};
use crate::secrets::{SECRET_LEN, SecretError, SecretLine, aad, derived, parse_lines, read};
use aws_lc_rs::hmac;
use std::collections::BTreeMap;
use std::path::Path;
use verification_api::wire::Timestamp;
use zeroize::Zeroizing;

/// Before the only line that is no key of its own: what requests' bodies are compared with stays when the key is changed.
const BODIES: &str = "bodies ";

/// A blind index: equal for equal values, tells nothing without the index key. While there are two keys, both places
/// where a row may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blind {
    at: [u8; 32],
    kid: u8,
    other: Option<(u8, [u8; 32])>,
}

impl Blind {
    /// A place under one key only.
    #[must_use]
    pub const fn only(kid: u8, at: [u8; 32]) -> Self {
        Self { at, kid, other: None }
    }

    /// Where a new row is put.
    #[must_use]
    pub const fn at(&self) -> [u8; 32] {
        self.at
    }

    /// Number of the key of [`Blind::at`].
    #[must_use]
    pub fn kid(&self) -> i64 {
        i64::from(self.kid)
    }

    /// Where a row may stand instead, while there are two keys.
    #[must_use]
    pub fn other(&self) -> Option<[u8; 32]> {
        self.other.map(|(_, at)| at)
    }

    /// Whether rows may move to [`Blind::at`]: the newer key is used, and the older one is known.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.other.is_some_and(|(kid, _)| kid < self.kid)
    }

    /// Whether this is one of its places.
    #[must_use]
    pub fn stands_at(&self, place: &[u8; 32]) -> bool {
        self.at == *place || self.other() == Some(*place)
    }

    /// Its places, by the number of the key: in this order everybody locks them.
    #[must_use]
    pub fn in_order(&self) -> [Option<[u8; 32]>; 2] {
        match self.other {
            Some((kid, other)) if kid < self.kid => [Some(other), Some(self.at)],
            _ => [Some(self.at), self.other()],
        }
    }

    /// For the audit log.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.at)
    }

    fn under(&self, kid: u8) -> Option<[u8; 32]> {
        if kid == self.kid { Some(self.at) } else { self.other.filter(|(other, _)| *other == kid).map(|(_, at)| at) }
    }
}

/// The one or two keys that are known.
pub struct IndexRing {
    keys: BTreeMap<u8, hmac::Key>,
    used: u8,
    bodies: Zeroizing<[u8; SECRET_LEN]>,
    /// From when on the newer one is used.
    from: Option<Timestamp>,
}

impl IndexRing {
    /// Reads the file of `[secrets] index_key`: 32 bytes, which are key 1, or lines.
    ///
    /// # Errors
    /// [`SecretError`], naming the file.
    pub fn read(path: &Path, now: Timestamp) -> Result<Self, SecretError> {
        let parsed = parse(&read(path)?).ok_or_else(|| SecretError::NotAnIndexKey { path: path.into() })?;
        let is_used = |from: &Option<Timestamp>| from.is_none_or(|from| from.unix_millis() <= now.unix_millis());
        let used = parsed.keys.iter().filter(|(_, (_, from))| is_used(from)).map(|(kid, _)| *kid).next_back();
        let oldest = parsed.keys.keys().next().copied();
        let from = parsed.keys.values().next_back().and_then(|(_, from)| *from);
        let used = used.or(oldest).ok_or_else(|| SecretError::NotAnIndexKey { path: path.into() })?;
        Ok(Self {
            keys: parsed.keys.iter().map(|(kid, (key, _))| (*kid, hmac_key(key))).collect(),
            used,
            bodies: parsed.bodies,
            from,
        })
    }

    /// One key, number 1.
    #[must_use]
    pub fn of(key: &[u8; SECRET_LEN]) -> Self {
        Self { keys: BTreeMap::from([(1, hmac_key(key))]), used: 1, bodies: bodies_of(key), from: None }
    }

    /// Number of the key that is used now.
    #[must_use]
    pub const fn used(&self) -> u8 {
        self.used
    }

    /// Numbers of all that are known.
    #[must_use]
    pub fn known(&self) -> Vec<u8> {
        self.keys.keys().copied().collect()
    }

    /// From when on the newest is used, if it was not always.
    #[must_use]
    pub const fn used_from(&self) -> Option<Timestamp> {
        self.from
    }

    pub(crate) fn bodies(&self) -> &[u8; SECRET_LEN] {
        &self.bodies
    }

    /// HMAC(index key, type ‖ normalised), the type preceded by its length, under each key.
    pub(crate) fn blind(&self, kind: &str, normalised: &str) -> Blind {
        self.each(|_| Some(Zeroizing::new(normalised.to_owned())), kind)
    }

    /// The same of a blind index itself: under each key of what stands under that key.
    pub(crate) fn blind_again(&self, kind: &str, inner: &Blind) -> Blind {
        self.each(|kid| inner.under(kid).map(|at| Zeroizing::new(hex::encode(at))), kind)
    }

    fn each(&self, text: impl Fn(u8) -> Option<Zeroizing<String>>, kind: &str) -> Blind {
        let place = |kid: u8| {
            let mut context = hmac::Context::with_key(self.keys.get(&kid)?);
            context.update(&aad(&[kind.as_bytes()]));
            context.update(text(kid)?.as_bytes());
            let mut at = [0; 32];
            at.copy_from_slice(context.sign().as_ref());
            Some((kid, at))
        };
        let other = self.keys.keys().copied().filter(|kid| *kid != self.used).find_map(place);
        match (place(self.used), other) {
            (Some((kid, at)), other) => Blind { at, kid, other },
            (None, Some((kid, at))) => Blind::only(kid, at),
            (None, None) => Blind::only(self.used, [0; 32]),
        }
    }
}

impl PartialEq for IndexRing {
    fn eq(&self, other: &Self) -> bool {
        self.used == other.used && self.keys.keys().eq(other.keys.keys())
    }
}

/// Why a newer key cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error(
        "there are two index keys already: run `secrets reindex`, and take the older one out of the file when `secrets status` says so"
    )]
    TwoAlready,
    #[error("the file of [secrets] index_key is not understood")]
    NotUnderstood,
    #[error("there were 255 index keys already")]
    Numbers,
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// The file with a newer key, which is used from a time on: its text, and the key's number.
///
/// # Errors
/// [`AddError`].
pub fn with_new_key(file: &[u8], from: Timestamp, random: &dyn Random) -> Result<(Zeroizing<String>, u8), AddError> {
    let parsed = parse(file).ok_or(AddError::NotUnderstood)?;
    let (older, secret) = match parsed.keys.iter().next() {
        Some((kid, (secret, _))) if parsed.keys.len() == 1 => (*kid, secret),
        _ => return Err(AddError::TwoAlready),
    };
    let newer = older.checked_add(1).ok_or(AddError::Numbers)?;
    let key = Zeroizing::new(random::bytes::<SECRET_LEN>(random)?);
    // Large enough at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(512));
    for (before, secret, after) in [
        (format!("{older} "), &**secret, String::new()),
        (format!("{newer} "), &*key, format!(" {from}")),
        (BODIES.to_owned(), &*parsed.bodies, String::new()),
    ] {
        text.push_str(&before);
        text.push_str(&Zeroizing::new(hex::encode(secret)));
        text.push_str(&after);
        text.push('\n');
    }
    Ok((text, newer))
}

struct Parsed {
    keys: BTreeMap<u8, SecretLine>,
    bodies: Zeroizing<[u8; SECRET_LEN]>,
}

fn parse(file: &[u8]) -> Option<Parsed> {
    if let Ok(key) = <&[u8; SECRET_LEN]>::try_from(file) {
        let keys = BTreeMap::from([(1, (Zeroizing::new(*key), None))]);
        return Some(Parsed { keys, bodies: bodies_of(key) });
    }
    let text = std::str::from_utf8(file).ok()?;
    let (lines, bodies): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| !line.starts_with(BODIES));
    let keys = parse_lines(lines.into_iter()).filter(|keys| keys.len() <= 2)?;
    let [digits] = bodies.as_slice() else { return None };
    let mut bodies = Zeroizing::new([0; SECRET_LEN]);
    hex::decode_to_slice(digits.strip_prefix(BODIES)?.trim(), &mut *bodies).ok()?;
    Some(Parsed { keys, bodies })
}

fn bodies_of(first: &[u8; SECRET_LEN]) -> Zeroizing<[u8; SECRET_LEN]> {
    derived(first, b"request bodies v1")
}

fn hmac_key(key: &[u8; SECRET_LEN]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

#[cfg(test)]
mod tests {
    use super::{AddError, Blind, with_new_key};
    use crate::random::SystemRandomness;
    use crate::secrets::{Keys, new_pepper_file};
    use verification_api::wire::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_764_100_000_000 + second * 1000).unwrap()
    }

    #[test]
    fn a_newer_key_is_looked_under_before_anything_is_put_there() {
        let (folder, random) = (tempfile::tempdir().unwrap(), SystemRandomness::new());
        let (pepper, index) = (folder.path().join("pepper"), folder.path().join("index"));
        std::fs::write(&pepper, new_pepper_file(&random).unwrap().as_bytes()).unwrap();
        std::fs::write(&index, [9; 32]).unwrap();
        let keys = Keys::load(&pepper, &index, at(0)).unwrap();
        let (alone, body, form) = (keys.blind("receipt", "X"), keys.body_mac(b"body"), keys.form_mac("token"));
        let again = keys.blind_again("passwords", &alone);
        assert_eq!((alone.kid(), alone.other()), (1, None));
        assert_eq!(again, keys.blind("passwords", &alone.hex()), "as it was before there were two");

        let (text, number) = with_new_key(&[9; 32], at(120), &random).unwrap();
        assert_eq!(number, 2);
        std::fs::write(&index, text.as_bytes()).unwrap();
        keys.take_index(Keys::read_index(&index, at(119)).unwrap());
        let known = keys.blind("receipt", "X");
        assert_eq!((known.at(), known.kid()), (alone.at(), 1), "not used yet");
        let newer = known.other().unwrap();
        keys.take_index(Keys::read_index(&index, at(120)).unwrap());
        let used = keys.blind("receipt", "X");
        assert_eq!((used.at(), used.kid(), used.other()), (newer, 2, Some(alone.at())));
        assert!(used.stands_at(&alone.at()) && used.stands_at(&newer) && !used.stands_at(&[0; 32]));
        assert_eq!(used.in_order(), known.in_order(), "everybody locks in the same order");
        let both = keys.blind_again("passwords", &used);
        assert_eq!(both.other(), Some(again.at()));
        assert_eq!(keys.blind_again("passwords", &alone), Blind::only(1, again.at()), "of a place that knows one");
        assert_eq!((keys.body_mac(b"body"), keys.form_mac("token")), (body, form), "these stay");

        assert!(matches!(with_new_key(text.as_bytes(), at(0), &random), Err(AddError::TwoAlready)));
        let alone: String =
            text.lines().filter(|line| !line.starts_with("1 ")).map(|line| format!("{line}\n")).collect();
        std::fs::write(&index, &alone).unwrap();
        let keys = Keys::load(&pepper, &index, at(121)).unwrap();
        assert_eq!(keys.blind("receipt", "X"), Blind::only(2, newer));
        assert_eq!(keys.body_mac(b"body"), body);
        assert_eq!(with_new_key(alone.as_bytes(), at(0), &random).unwrap().1, 3);
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        let random = SystemRandomness::new();
        let line = |kid: u8| format!("{kid} {}\n", hex::encode([kid; 32]));
        let bodies = format!("bodies {}\n", hex::encode([7; 32]));
        for wrong in [
            String::new(),
            "short".to_owned(),
            line(1),
            bodies.clone(),
            [line(1), line(2), line(3), bodies.clone()].concat(),
            [line(0), bodies.clone()].concat(),
            [line(1), "bodies 00".to_owned()].concat(),
        ] {
            assert!(with_new_key(wrong.as_bytes(), at(0), &random).is_err(), "{wrong}");
        }
        assert!(with_new_key([line(1), bodies].concat().as_bytes(), at(0), &random).is_ok());
    }
}
