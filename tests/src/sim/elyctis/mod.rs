//! An Elyctis IDBOX One: a slot into which cards are put.

mod device;

pub use super::{Act, Card, Control, Model};
pub(super) use device::Device;

use super::{Protocol, Simulator};
use std::io;
use std::path::Path;

/// Starts one.
pub struct Elyctis;

impl Elyctis {
    /// As [`Simulator::start`].
    ///
    /// # Errors
    /// As there.
    pub fn start(link: &Path, model: Model) -> io::Result<Simulator> {
        Simulator::start(Protocol::Elyctis, link, model)
    }
}
