//! Elyctis IDBOX One, the slot reader for machine-readable zones: *Scanner Command Set v1.7* and what public hosts of
//! it show. Frames are `type, length (2 bytes, big-endian), data`, without start byte or checksum.

pub mod codec;
pub mod machine;

pub use machine::{Machine, Timing};
