//! One checkpoint after another: whether the log only ever grew.
//!
//! [`follows`] says which tiles are needed to judge, [`judge`] judges with them. Neither fetches anything.

use super::checkpoint::Checkpoint;
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
