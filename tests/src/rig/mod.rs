//! The virtual hardware rig, `make test-hardware`: [`guest`] runs in a virtual machine, on Debian's kernel with its real
//! drivers, and does what [`checks`] ask of it from outside ([`machine`]). They talk in lines: a command, `= ok` or
//! `= error: …`, and `! …` for whatever the reader tells meanwhile.

pub mod checks;
pub mod film;
pub mod guest;
pub mod machine;
