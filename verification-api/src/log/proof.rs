//! Proofs of RFC 6962 §2.1.1 (a leaf is in a tree) and §2.1.2 (a tree continues an older one): made from any
//! [`Subtrees`], verified from the proof alone with the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2.

use super::tree::{Hash, Subtrees, leaf_hash, node_hash, range_hash};
use std::ops::Range;

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the proof has too few or too many hashes for trees of these sizes")]
    Length,
    #[error("there is no such proof for these numbers")]
    Numbers,
    #[error("the proof does not lead to the root of the older tree")]
    OlderRoot,
    #[error("the proof does not lead to the root of the tree")]
    Root,
}

/// The ranges whose hashes prove that leaf `index` is in the tree of `size` leaves, from the leaf upwards; none if the
/// tree has no such leaf.
#[must_use]
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut tree, mut ranges) = (0..size, Vec::new());
    while index < size && tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            ranges.push(middle..tree.end);
            tree = tree.start..middle;
        } else {
            ranges.push(tree.start..middle);
            tree = middle..tree.end;
        }
    }
    ranges.reverse();
    ranges
}

/// The ranges whose hashes prove that the tree of `newer` leaves continues that of `older`, in the proof's order; none
/// where nothing needs to be proven (`older` is 0, or both are equal) and none if `older` is larger.
#[must_use]
pub fn consistency_ranges(older: u64, newer: u64) -> Vec<Range<u64>> {
    let (mut tree, mut ranges, mut whole) = (0..newer, Vec::new(), true);
    if older == 0 || older >= newer {
        return ranges;
    }
    while tree.end != older {
        let middle = tree.start + split(tree.end - tree.start);
        if older <= middle {
            ranges.push(middle..tree.end);
            tree = tree.start..middle;
        } else {
            ranges.push(tree.start..middle);
            tree = middle..tree.end;
            whole = false;
        }
    }
    if !whole {
        ranges.push(tree);
    }
    ranges.reverse();
    ranges
}

/// The hashes of a proof's ranges; `None` if a subtree is not known.
#[must_use]
pub fn hashes(ranges: &[Range<u64>], known: &(impl Subtrees + ?Sized)) -> Option<Vec<Hash>> {
    ranges.iter().map(|range| range_hash(range.clone(), known)).collect()
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Whether `leaf` is number `index` of the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`].
pub fn verify_inclusion(leaf: &[u8], index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Numbers);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf_hash(leaf));
    for step in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, step);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Whether the tree of `newer` leaves continues that of `older`.
///
/// # Errors
/// [`ProofError`].
pub fn verify_consistency(
    (older, older_root): (u64, &Hash),
    (newer, newer_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if older > newer {
        return Err(ProofError::Numbers);
    }
    if older == newer || older == 0 {
        return match proof {
            [] if older == 0 || older_root == newer_root => Ok(()),
            [] => Err(ProofError::OlderRoot),
            _ => Err(ProofError::Length),
        };
    }
    // A tree of a power of two is itself the first step of its proof.
    let (first, steps) =
        if older.is_power_of_two() { (older_root, proof) } else { proof.split_first().ok_or(ProofError::Length)? };
    let (mut node, mut last) = (older - 1, newer - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut of_older, mut of_newer) = (*first, *first);
    for step in steps {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            (of_older, of_newer) = (node_hash(step, &of_older), node_hash(step, &of_newer));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            of_newer = node_hash(&of_newer, step);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    match (last, of_older == *older_root, of_newer == *newer_root) {
        (0, true, true) => Ok(()),
        (0, false, _) => Err(ProofError::OlderRoot),
        (0, ..) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}
