//! The audit log as others can check it: an RFC 6962 Merkle tree of SHA-256, signed checkpoints (C2SP signed-note and
//! tlog-checkpoint) and tiles (C2SP tlog-tiles). Mathematics and text only: the service keeps the tree, a kiosk is its
//! witness.
//!
//! [`tree`] hashes, [`proof`] shows that a leaf or an older tree is in a tree, [`tile`] says where the hashes that a
//! proof needs are served, [`note`] signs and verifies text, [`checkpoint`] is the text that tells a tree, [`witness`]
//! judges one checkpoint after another, [`leaf`] turns a row of the log into the bytes of a leaf.

pub mod checkpoint;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use note::{SigningKey, VerifierKey};
pub use tile::{Tile, Tiles};
pub use tree::Hash;
