//! What the end-to-end tests and the demo stand on: the real programs in a folder of their own ([`harness`]), and a
//! virtual display with a pointer and a camera of its own ([`display`]). [`sim`] simulates devices, [`specimen`] draws
//! documents that do not exist. The demo itself is [`demo`].
//!
//! Nothing here looks inside the programs: they are started by their command lines, touched by pointer events, and
//! judged by what they show, journal and store.

pub mod demo;
pub mod display;
pub mod harness;
pub mod measure;
pub mod rig;
pub mod sim;
pub mod specimen;
