//! One checkpoint after another: whether the log only ever grew.
//!
//! [`follows`] says which tiles are needed to judge, [`judge`] judges with them. Neither fetches anything. [`keys_after`]
//! follows the log from one key to the next.

use super::checkpoint::Checkpoint;
use super::note::VerifierKey;
use super::proof::{ProofError, consistency_ranges, hashes, verify_consistency};
use super::tile::{Tile, Tiles};
use std::collections::BTreeSet;

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    #[error(
        "the log has shrunk from {from} to {to} entries: an older copy of its database was put back, or entries were cut"
    )]
    Shrunk { from: u64, to: u64 },
    #[error("the log of {size} entries is not the log of {size} entries that was seen before: its history was changed")]
    Changed { size: u64 },
    #[error(
        "the log of {to} entries does not continue the log of {from} entries that was seen before ({why}): its history was changed"
    )]
    Forked { from: u64, to: u64, why: ProofError },
    #[error("this log calls itself \"{now}\", but it was \"{before}\"")]
    AnotherLog { before: String, now: String },
}

/// What a newer checkpoint is, before any tile is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follows {
    /// The same tree.
    Same,
    /// A larger tree: [`judge`] it with these tiles of it.
    Grown(BTreeSet<Tile>),
}

/// Compares what can be compared without tiles.
///
/// # Errors
/// [`Breach`]: it does not follow, whatever the tiles say.
pub fn follows(before: &Checkpoint, now: &Checkpoint) -> Result<Follows, Breach> {
    if before.origin != now.origin {
        return Err(Breach::AnotherLog { before: before.origin.clone(), now: now.origin.clone() });
    }
    if now.size < before.size {
        return Err(Breach::Shrunk { from: before.size, to: now.size });
    }
    if now.size == before.size {
        return if now.root == before.root { Ok(Follows::Same) } else { Err(Breach::Changed { size: now.size }) };
    }
    Ok(Follows::Grown(Tile::needed(consistency_ranges(before.size, now.size), now.size)))
}

/// Judges a larger tree with the tiles that [`follows`] named; `None` if one of them is missing.
#[must_use]
pub fn judge(before: &Checkpoint, now: &Checkpoint, tiles: &Tiles) -> Option<Result<(), Breach>> {
    let proof = hashes(&consistency_ranges(before.size, now.size), tiles)?;
    let verified = verify_consistency((before.size, &before.root), (now.size, &now.root), &proof);
    Some(verified.map_err(|why| Breach::Forked { from: before.size, to: now.size, why }))
}

/// The keys to believe after a checkpoint that held, where they are others than before: one more if a key that is believed
/// names it as the one to come; fewer if the log is signed by a later one and no longer by those before it. The oldest
/// stands first.
#[must_use]
pub fn keys_after(trusted: &[VerifierKey], note: &str) -> Option<Vec<VerifierKey>> {
    let signs = |key: &VerifierKey| Checkpoint::open(note, std::slice::from_ref(key)).is_ok();
    if let Ok(Some(next)) = Checkpoint::next_key(note, trusted)
        && !trusted.contains(&next)
    {
        return Some(trusted.iter().cloned().chain([next]).collect());
    }
    let last = trusted.iter().rposition(signs)?;
    let kept: Vec<VerifierKey> =
        trusted.iter().enumerate().filter(|(at, key)| *at >= last || signs(key)).map(|(_, key)| key.clone()).collect();
    (kept.len() < trusted.len()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::keys_after;
    use crate::log::tree::empty_root;
    use crate::log::{Checkpoint, SigningKey, VerifierKey};

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn a_witness_follows_the_log_from_one_key_to_the_next_and_nobody_else() {
        let (old, new, stranger) = (key("log", 1), key("log", 2), key("log", 3));
        let [old_only, both, new_only]: [Vec<VerifierKey>; 3] = [vec![&old], vec![&old, &new], vec![&new]]
            .map(|keys| keys.into_iter().map(|k| k.verifier().clone()).collect());
        let tree = Checkpoint { origin: "log".to_owned(), size: 0, root: empty_root() };
        let changing = tree.signed_by_both(&old, &new);
        for keys in [&old_only, &both, &new_only] {
            assert_eq!(Checkpoint::open(&changing, keys), Ok(tree.clone()), "who knows either believes it");
        }
        assert_eq!(keys_after(&old_only, &tree.signed(&old)), None, "nothing has changed");
        assert_eq!(keys_after(&old_only, &changing), Some(both.clone()), "the old key vouches for the new one");
        assert_eq!(keys_after(&both, &changing), None);
        assert_eq!(keys_after(&both, &tree.signed(&old)), None, "an instance that does not know the new one yet");
        assert_eq!(keys_after(&both, &tree.signed(&new)), Some(new_only.clone()), "the old one signs no longer");
        assert_eq!(keys_after(&new_only, &changing), None, "nor does it come back");
        // A stranger may name whom he likes.
        assert_eq!(keys_after(&old_only, &tree.signed_by_both(&stranger, &new)), None);
        assert_eq!(keys_after(&both, &tree.signed_by_both(&stranger, &stranger)), None);
        let elsewhere = key("another", 4);
        assert_eq!(keys_after(&old_only, &tree.signed_by_both(&old, &elsewhere)), None, "a key of another log");
    }
}
