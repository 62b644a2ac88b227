//! What the kiosk and the service must agree on: identifiers, the backup code, ICAO names and the wire types.
//!
//! Nothing here does I/O, reads a clock or draws random numbers: those are arguments.

pub mod backup_code;
pub mod identifiers;
pub mod log;
pub mod names;
pub mod personal;
pub mod provisioning;
pub mod wire;
