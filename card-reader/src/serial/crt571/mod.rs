//! Creator CRT-571 and CRT-591, the motorised card reader of many kiosks. It moves cards and tells where they are; it reads
//! no zone, so somebody else does while it holds the card. No document of the vendor could be read: two open drivers are the
//! source (`testdata/crt571.txt`), so it is **unverified against a device**.
//!
//! Rules of ours: it is initialised with *don't move*; a movement is never repeated blindly; a card is put into the bin only
//! when somebody asks for exactly that, and then it is told.

pub mod codec;
pub mod machine;

pub use machine::{Machine, Timing};
