//! The real programs, started in a folder of their own and ended when dropped.
//!
//! [`records`] makes the service's folder with its own command line, [`service`] runs it, [`kiosk`] runs the kiosk,
//! [`line`] is the network between the two, which can be cut. [`wait`] is the only place that waits.

pub mod cutter;
pub mod judge;
pub mod kiosk;
pub mod line;
pub mod people;
pub mod pictures;
pub mod post;
pub mod process;
pub mod processor;
pub mod programs;
pub mod reader_sim;
pub mod records;
pub mod service;
pub mod touch;
pub mod tray;
pub mod wait;

use std::fmt;

/// Why a step did not work: one sentence, for whoever runs the test or the demo.
///
/// `Debug` prints the sentence too, because that is what a failing `fn test() -> Result<(), Trouble>` shows.
#[derive(Clone)]
pub struct Trouble(pub String);

pub type Outcome<T = ()> = Result<T, Trouble>;

impl Trouble {
    /// Says what was being done before what went wrong.
    #[must_use]
    pub fn during(self, what: &str) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// Turns an error into [`Trouble`] with what was being done: `file.read().or_trouble(|| "could not read …")?`.
pub trait OrTrouble<T> {
    /// # Errors
    /// The error or absence, as a sentence that begins with `what`.
    fn or_trouble<S: Into<String>>(self, what: impl FnOnce() -> S) -> Outcome<T>;
}

impl<T, E: fmt::Display> OrTrouble<T> for Result<T, E> {
    fn or_trouble<S: Into<String>>(self, what: impl FnOnce() -> S) -> Outcome<T> {
        self.map_err(|error| Trouble(format!("{}: {error}", what().into())))
    }
}

impl<T> OrTrouble<T> for Option<T> {
    fn or_trouble<S: Into<String>>(self, what: impl FnOnce() -> S) -> Outcome<T> {
        self.ok_or_else(|| Trouble(what().into()))
    }
}

/// `ensure(condition, || "sentence")?`: an assertion that fails with a sentence.
///
/// # Errors
/// The sentence, if `holds` is false.
pub fn ensure<S: Into<String>>(holds: bool, sentence: impl FnOnce() -> S) -> Outcome {
    if holds { Ok(()) } else { Err(Trouble(sentence().into())) }
}
