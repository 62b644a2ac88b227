//! Sealing: the rows that were committed since become leaves, the tiles grow, a checkpoint is signed.
//!
//! One transaction does it all, one instance at a time. Before a tree is continued its checkpoint and its right edge
//! are checked: nothing is ever signed on top of what was changed behind our back.

use super::{Log, LogFault};
use crate::app::App;
use crate::store::rows::{AuditRow, LogHead};
use crate::store::{Answer, Locked, StoreError, Tx};
use std::sync::Arc;
use verification_api::log::leaf::Entry;
use verification_api::log::tree::{empty_root, leaf_hash, root};
use verification_api::log::{Checkpoint, Hash, Tile, Tiles, tile};

/// Most rows that are sealed in one transaction.
const BATCH: i64 = 2048;

/// Seals everything that waits; the first time, the empty tree. How many rows became leaves.
///
/// # Errors
/// Of the store; inside, why the log cannot be continued.
pub async fn seal(app: &Arc<App>) -> Answer<Result<u64, LogFault>> {
    let mut sealed = 0;
    loop {
        let shared = Arc::clone(app);
        let some = app.store.write("seal", move |tx| Box::pin(async move { seal_some(tx, &shared.log).await }));
        match some.await? {
            Ok(Some((note, count))) => {
                sealed += count;
                if let Err(fault) = app.log.learn(&note) {
                    return Ok(Err(fault));
                }
                if count < u64::try_from(BATCH).unwrap_or(0) {
                    return Ok(Ok(sealed));
                }
            }
            Ok(None) => return Ok(Ok(sealed)),
            Err(fault) => return Ok(Err(fault)),
        }
    }
}

/// One transaction: the new checkpoint and how many rows were sealed, or nothing to do.
async fn seal_some(tx: &mut Tx, log: &Log) -> Answer<Result<Option<(String, u64)>, LogFault>> {
    tx.lock(Locked::Log, b"head").await?;
    let keys = log.keys();
    let origin = match keys.key() {
        Ok(key) => key.verifier().name(),
        Err(fault) => return Ok(Err(fault)),
    };
    let head = tx.log_head().await?;
    let before = match &head {
        None if tx.has_leaves().await? => return Ok(Err(LogFault::NoHead)),
        None => Checkpoint { origin: origin.to_owned(), size: 0, root: empty_root() },
        Some(head) => match told(head, log) {
            Ok(tree) => tree,
            Err(fault) => return Ok(Err(fault)),
        },
    };
    // The same tree is signed anew when a key has come.
    let signed = head.as_ref().is_some_and(|head| keys.have_signed(&head.checkpoint));
    if signed && tx.unsealed_since().await?.is_none() {
        return Ok(Ok(None));
    }
    let edge = match edge(tx, &before).await? {
        Ok(edge) => edge,
        Err(fault) => return Ok(Err(fault)),
    };
    // From here on everything is undone if something fails.
    let rows = tx.make_leaves(number(before.size)?, BATCH).await?;
    let leaves: Vec<Hash> = rows.iter().map(hash_of).collect();
    let after = grow(tx, origin, &before, &edge, &leaves).await?;
    let note = match keys.signed(&after) {
        Ok(note) => note,
        Err(fault) => return Ok(Err(fault)),
    };
    let newer = LogHead { size: number(after.size)?, checkpoint: note.clone() };
    if !tx.set_log_head(head.map(|head| head.size), &newer).await? {
        return Err(StoreError::TakenOver);
    }
    Ok(Ok(Some((note, leaves.len() as u64))))
}

/// The leaf of a row.
#[must_use]
pub fn hash_of(row: &AuditRow) -> Hash {
    let (actor, event, subject, detail) = (&*row.actor, &*row.event, &*row.subject, &*row.detail);
    leaf_hash(&Entry { seq: row.seq, at: row.at, actor, event, subject, detail }.bytes())
}

/// The tree that a head tells, if its checkpoint is ours and agrees.
fn told(head: &LogHead, log: &Log) -> Result<Checkpoint, LogFault> {
    let tree = log.learn(&head.checkpoint)?;
    if i64::try_from(tree.size) != Ok(head.size) {
        return Err(LogFault::Head { head: head.size, checkpoint: tree.size });
    }
    Ok(tree)
}

/// The tiles on the right edge of a tree, which lead to its root.
async fn edge(tx: &mut Tx, tree: &Checkpoint) -> Answer<Result<Vec<(Tile, Vec<u8>)>, LogFault>> {
    let mut tiles = Tiles::new(tree.size);
    let mut edge = Vec::new();
    for tile in Tile::needed(std::iter::once(0..tree.size), tree.size) {
        let bytes = tx.tile(tile.level, number(tile.index)?).await?.unwrap_or_default();
        if bytes.len() != usize::from(tile.width) * 32 || !tiles.insert(tile, &bytes) {
            return Ok(Err(LogFault::Tile(tile.path())));
        }
        edge.push((tile, bytes));
    }
    if root(tree.size, &tiles) != Some(tree.root) {
        return Ok(Err(LogFault::Root));
    }
    Ok(Ok(edge))
}

/// Appends leaves and writes the tiles that changed.
async fn grow(
    tx: &mut Tx,
    origin: &str,
    before: &Checkpoint,
    edge: &[(Tile, Vec<u8>)],
    leaves: &[Hash],
) -> Answer<Checkpoint> {
    let wrong = || StoreError::NotUnderstood("tile of the log");
    let known = |wanted: Tile| edge.iter().find(|(tile, _)| *tile == wanted).and_then(|(_, bytes)| tile::hashes(bytes));
    let changed = tile::append(before.size, leaves, known).ok_or_else(wrong)?;
    let size = before.size + leaves.len() as u64;
    let mut tiles = Tiles::new(size);
    for (tile, bytes) in edge {
        tiles.insert(*tile, bytes);
    }
    for (tile, hashes) in changed {
        let bytes = hashes.concat();
        tiles.insert(tile, &bytes);
        tx.set_tile(tile.level, number(tile.index)?, bytes).await?;
    }
    let root = root(size, &tiles).ok_or_else(wrong)?;
    Ok(Checkpoint { origin: origin.to_owned(), size, root })
}

/// A number of a tree, as the database keeps it.
fn number(n: u64) -> Answer<i64> {
    i64::try_from(n).map_err(|_| StoreError::NotUnderstood("number of a leaf"))
}
