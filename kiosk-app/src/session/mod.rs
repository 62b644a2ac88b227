//! The traveler's visit, from touch to wipe: pure, without iced, tokio, a clock or I/O.
//!
//! [`Session::step`] is the whole behaviour; all personal data of a visit lives in the [`Session`] value, and dropping
//! it is the wipe. [`state`] says where a visit can be, [`answers`] what services and readers say to it, [`policy`]
//! the times and limits.

pub mod answers;
pub mod policy;
pub mod state;
