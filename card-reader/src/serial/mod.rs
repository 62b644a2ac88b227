//! Serial readers in three layers, one folder a protocol: *codec* (bytes to frames; no I/O, no clock), *machine*
//! (frames, commands and deadlines to bytes and events; time is an argument) and the [`port`] actor, which owns the
//! file descriptor and is the same for every protocol.

pub mod elyctis;
pub mod port;

use crate::reader::{Fault, PresentationNo};
use std::time::Instant;
use zeroize::Zeroizing;

/// One protocol as a state machine without I/O. Each call may add to `out`: bytes to send, events, a wish to drop
/// the link. Whoever drives it calls [`Protocol::timeout`] once [`Protocol::deadline`] has passed.
pub trait Protocol: Send {
    /// The port is open and drained.
    fn link_up(&mut self, now: Instant, out: &mut Out);
    /// Bytes arrived.
    fn bytes(&mut self, now: Instant, rx: &[u8], out: &mut Out);
    /// # Errors
    /// [`NotReady`] while the device has not been identified.
    fn command(&mut self, now: Instant, command: SerialCommand, out: &mut Out) -> Result<(), NotReady>;
    /// When [`Protocol::timeout`] is due; `None` only while the link is down.
    fn deadline(&self) -> Option<Instant>;
    fn timeout(&mut self, now: Instant, out: &mut Out);
    /// The port is closed. What was armed stays disarmed: the session decides whether to arm again.
    fn link_down(&mut self, now: Instant);
}

/// What a step of a [`Protocol`] asks for.
#[derive(Default)]
pub struct Out {
    pub tx: Vec<u8>,
    pub events: Vec<SerialEvent>,
    pub drop_link: Option<Fault>,
}

/// The device has not been identified (yet): nothing can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady;

/// What a serial reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialCommand {
    Arm(PresentationNo),
    Disarm,
    /// The last read was accepted: do not arm again once the document is gone.
    Accepted,
    /// Ask it something and time the answer.
    SelfTest,
}

/// What a serial reader tells. What belongs to a document carries the presentation it was armed for.
pub enum SerialEvent {
    /// Identified and configured.
    Ready {
        identity: Identity,
        changed_unit: bool,
    },
    Armed(PresentationNo),
    DocumentPresent(PresentationNo),
    /// The rows as the device sent them, separators and all. `again`: the last one was not accepted and something
    /// still lies there; this is a chance, not a new try.
    ZoneRead {
        presentation: PresentationNo,
        raw: Zeroizing<Vec<u8>>,
        again: bool,
    },
    DocumentRemoved(PresentationNo),
    /// Garbage on the line: three errors in ten seconds (`true`), or quiet again (`false`).
    ProtocolErrors(bool),
    /// Milliseconds until it answered.
    SelfTested {
        millis: u64,
    },
}

/// What a device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub firmware: String,
    pub engine: String,
    pub serial_number: String,
    pub part_number: String,
}
