//! The commands that need no screen: each a file, each with its arguments and `run(…) -> exit status`.
//!
//! Exit statuses are the contract's (`docs/commands.md`): 0 all went well, 1 something did not, 2 a usage error.

pub mod config;
pub mod devices;
pub mod enroll;
mod evaluate;
pub mod journal;
pub mod parse;
pub mod read;
pub mod run;
pub mod selftest;

use crate::clock::Clock;
use card_reader::date::Date;

/// Every document or file was as it should be.
pub const DONE: u8 = 0;
/// At least one was not.
pub const NOT_ALL: u8 = 1;
/// The command line cannot be understood.
pub const USAGE: u8 = 2;

/// Today in UTC by the wall clock: decides only the century of a birth date.
fn today(clock: &Clock) -> Date {
    Date::from_unix_seconds(clock.unix_ms() / 1000)
}
