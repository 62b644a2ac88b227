//! The conversation that all scan engines share, whatever they call things: identify, configure anew at each
//! connection, look while armed, judge, notice silence. A protocol gives its words as a [`Dialect`]; the order of
//! things, every delay and every presentation number are [`machine`]'s.

pub mod machine;
mod rows;
pub mod text;

pub use machine::{Scanner, Timing};

use super::{Content, Verdict};
use std::time::Duration;
use zeroize::Zeroizing;

/// The words of one protocol. What it wants sent, and what the bytes that come mean.
pub trait Dialect: Send {
    /// Takes bytes as they come, in pieces of any size. What the protocol must answer at once (an acknowledgement of
    /// the link) goes to `tx`.
    fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>, tx: &mut Vec<u8>);
    /// How much silence ends what has begun; `None` if nothing has.
    fn unfinished(&self) -> Option<Duration>;
    /// That silence has come.
    fn silence(&mut self, items: &mut Vec<Item>);
    /// Forgets what has begun.
    fn clear(&mut self);

    /// What is sent when no answer came.
    fn again(&self, tx: &[u8]) -> Vec<u8> {
        tx.to_vec()
    }

    /// Sent after opening, before the input is drained: ends a half-typed command.
    fn wake(&self) -> &'static [u8] {
        &[]
    }
    fn identify(&self) -> Vec<Ask>;
    /// Volatile, at every connection: it survives a swapped unit and wears no flash.
    fn configure(&self) -> Vec<Ask>;
    /// Before looking begins: what counts of the configuration, once more, and something that is answered.
    fn arm(&self) -> Vec<Ask>;
    fn look(&self) -> Vec<Ask>;
    fn rest(&self) -> Vec<Ask>;
    fn disarm(&self) -> Vec<Ask> {
        self.rest()
    }
    /// Shows a verdict, if the device has lights.
    fn verdict(&self, _verdict: Verdict) -> Vec<Ask> {
        Vec::new()
    }
    /// Asks whether it lives; `None` if it cannot be asked.
    fn ping(&self) -> Option<Ask>;
    /// Whether it tells by a sensor that a document came and went.
    fn senses(&self) -> bool {
        false
    }
}

/// One thing sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub tx: Vec<u8>,
    /// Beginning of the answer's key; `None` if nothing comes back.
    pub awaits: Option<String>,
    pub fills: Option<Part>,
    pub need: Need,
}

/// What silence and refusal mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Silence ends the connection. A refused setting is a fault.
    Must,
    /// Not every model knows it.
    May,
}

/// A part of the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Firmware,
    Engine,
    SerialNumber,
    PartNumber,
}

impl Ask {
    /// Sent, and nothing comes back.
    #[must_use]
    pub fn tell(tx: Vec<u8>) -> Self {
        Self { tx, awaits: None, fills: None, need: Need::May }
    }

    #[must_use]
    pub fn must(tx: Vec<u8>, awaits: impl Into<String>) -> Self {
        Self { tx, awaits: Some(awaits.into()), fills: None, need: Need::Must }
    }

    #[must_use]
    pub fn may(tx: Vec<u8>, awaits: impl Into<String>) -> Self {
        Self { need: Need::May, ..Self::must(tx, awaits) }
    }

    #[must_use]
    pub fn filling(mut self, part: Part) -> Self {
        self.fills = Some(part);
        self
    }
}

/// What the stream yields.
pub enum Item {
    Answer(Answer),
    /// `None`: the device does not say what it is.
    Read {
        data: Zeroizing<Vec<u8>>,
        content: Option<Content>,
    },
    /// The sensor: something came or went.
    Present(bool),
    /// A run of bytes that belong to nothing has begun.
    Garbage,
}

/// A reply to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it answers, in capitals; empty: whatever was asked last.
    pub key: String,
    pub text: String,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Done,
    /// The device does not know the command.
    Unknown,
    /// It knows it and will not: out of range, wrong moment.
    Refused,
}
