//! Hashes of the tree (RFC 6962 §2.1) and how a range of leaves is made of whole subtrees.

use aws_lc_rs::digest::{Context, SHA256, digest};
use std::ops::Range;

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256(0x00 ‖ its bytes).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    prefixed(0, &[leaf])
}

/// The hash of a node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    prefixed(1, &[left, right])
}

/// The root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    to_hash(digest(&SHA256, b"").as_ref())
}

fn prefixed(prefix: u8, parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[prefix]);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

fn to_hash(digest: &[u8]) -> Hash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest) {
        *to = *from;
    }
    hash
}

/// A whole subtree: the leaves `index · 2^level` up to, and without, `(index + 1) · 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    pub level: u8,
    pub index: u64,
}

impl Subtree {
    #[must_use]
    pub const fn leaves(self) -> Range<u64> {
        let start = self.index << self.level;
        start..start + (1 << self.level)
    }
}

/// Where the hashes of whole subtrees come from: tiles, or all leaves.
pub trait Subtrees {
    /// The hash of a whole subtree; `None` if it is not known here.
    fn subtree(&self, subtree: Subtree) -> Option<Hash>;
}

/// All leaves of a tree.
impl Subtrees for [Hash] {
    fn subtree(&self, subtree: Subtree) -> Option<Hash> {
        let leaves = subtree.leaves();
        let leaves = self.get(usize::try_from(leaves.start).ok()?..usize::try_from(leaves.end).ok()?)?;
        Some(fold_whole(leaves.to_vec()))
    }
}

/// The root over a power of two of hashes of one level.
pub(super) fn fold_whole(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(pair_hash).collect();
    }
    hashes.first().copied().unwrap_or_else(empty_root)
}

fn pair_hash(pair: &[Hash]) -> Hash {
    match pair {
        [left, right] => node_hash(left, right),
        [alone] => *alone,
        _ => empty_root(),
    }
}

/// The whole subtrees, from left to right and from large to small, that the RFC's recursion makes `leaves` of. `leaves`
/// begins where such a recursion can begin: at a multiple of the smallest power of two that is not less than its length.
#[must_use]
pub fn subtrees(leaves: Range<u64>) -> Vec<Subtree> {
    let mut at = leaves.start;
    let mut found = Vec::new();
    while at < leaves.end {
        let level = (leaves.end - at).ilog2();
        found.push(Subtree { level: u8::try_from(level).unwrap_or(63), index: at >> level });
        at += 1 << level;
    }
    found
}

/// The Merkle tree hash of such a range; `None` if a subtree is not known.
#[must_use]
pub fn range_hash(leaves: Range<u64>, known: &(impl Subtrees + ?Sized)) -> Option<Hash> {
    let mut parts = subtrees(leaves).into_iter().rev();
    let Some(last) = parts.next() else { return Some(empty_root()) };
    let mut hash = known.subtree(last)?;
    for part in parts {
        hash = node_hash(&known.subtree(part)?, &hash);
    }
    Some(hash)
}

/// The root of the tree of the first `size` leaves; `None` if a subtree is not known.
#[must_use]
pub fn root(size: u64, known: &(impl Subtrees + ?Sized)) -> Option<Hash> {
    range_hash(0..size, known)
}
