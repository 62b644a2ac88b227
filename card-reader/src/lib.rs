//! Everything between the glass and a [`document::Document`]: serial readers, cameras, the machine-readable zone,
//! barcodes. No screens, no network, no clock of its own: time is an argument, except in the shells of the devices.

pub mod barcode;
pub mod camera;
mod clock;
pub mod contract;
pub mod date;
pub mod devices;
pub mod document;
pub mod fusion;
pub mod mrz;
pub mod ocr;
pub mod picture;
pub mod profiles;
pub mod reader;
pub mod seal;
pub mod serial;
pub mod still;
