//! A display without a screen: a virtual X server ([`Screen`]), its pointer ([`Pointer`]) and pictures of it.

mod pointer;
mod screen;

pub use pointer::Pointer;
pub use screen::{Picture, Screen};
