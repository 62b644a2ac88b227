//! The running kiosk.
