//! The parts that screens are made of. Each is a function of its arguments; none holds state of a visit.

pub mod button;
pub mod code_entry;
pub mod countdown;
pub mod keypad;
pub mod long_press;
pub mod picture;
pub mod preview;
pub mod qr;
pub mod step_indicator;
