//! Devices that are not there: each speaks its protocol byte for byte, written from the protocol's description and
//! not from the driver, so that a mistake of one does not hide in the other.

pub mod control;
pub mod elyctis;
mod pty;
