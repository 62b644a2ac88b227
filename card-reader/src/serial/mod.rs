//! Serial readers in three layers, one folder a protocol: *codec* (bytes to frames; no I/O, no clock), *machine*
//! (frames, commands and deadlines to bytes and events; time is an argument) and the [`port`] actor, which owns the
//! file descriptor and is the same for every protocol.
//!
//! | protocol | folder | conversation |
//! |---|---|---|
//! | Elyctis IDBOX One | [`elyctis`] | its own |
//! | SYN-M menu commands: Honeywell, Access-IS | [`synm`] | [`scanner`] |
//! | Newland | [`newland`] | [`scanner`] |
//! | Zebra SSI | [`ssi`] | [`scanner`] |
//! | swipe blocks (3M, DESKO); unverified | [`swipe`] | [`scanner`] |
//! | Creator CRT-571, which moves cards and reads nothing | [`crt571`] | its own |

pub mod backoff;
pub mod crt571;
pub mod elyctis;
mod errors;
pub mod newland;
pub mod port;
pub mod scanner;
pub mod ssi;
pub mod swipe;
pub mod synm;
#[cfg(test)]
pub(crate) mod testing;

use crate::barcode::Symbology;
use crate::reader::{Fault, PresentationNo};
use std::time::Instant;
use zeroize::Zeroizing;

/// Longest frame taken from any line, in bytes; what claims to be longer is garbage.
pub const MAX_FRAME: usize = 8 * 1024;

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
    /// What became of the last read; a device with lights shows it.
    Verdict(Verdict),
    /// Ask it something and time the answer.
    SelfTest,
    /// Give the card back. Of a motorised reader only.
    Eject,
    /// Keep the card in the bin. Only ever by an explicit wish of staff, and always told.
    Capture,
}

/// What a read was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken: nothing more is read under this presentation.
    Good,
    /// A failed try: the device goes on looking.
    Bad,
    /// Neither: a code that is not a document, or the same once more.
    Ignore,
}

/// What a serial reader tells. What belongs to a document carries the presentation it was armed for.
pub enum SerialEvent {
    /// Identified and configured.
    Ready {
        identity: Identity,
        changed_unit: bool,
    },
    Armed(PresentationNo),
    /// A sensor noticed something while nothing was armed.
    Sensed,
    DocumentPresent(PresentationNo),
    /// What the device sent, separators and all. `again`: the last one was not accepted and something still lies
    /// there; this is a chance, not a new try.
    Read {
        presentation: PresentationNo,
        raw: Zeroizing<Vec<u8>>,
        content: Content,
        again: bool,
    },
    /// A document was sensed and looked at, and nothing was read.
    NotRead(PresentationNo),
    DocumentRemoved(PresentationNo),
    /// The card is being held out; it can be taken.
    Offered(Option<PresentationNo>),
    /// It has been held out for long and is still there.
    NotTaken(Option<PresentationNo>),
    /// The card lies in the bin.
    Captured(Option<PresentationNo>),
    /// A fault that the device goes on with has come (`standing`) or gone; `code` is the vendor's own.
    Fault {
        fault: Fault,
        standing: bool,
        code: Option<String>,
    },
    /// Milliseconds until it answered; `None` from a device that cannot be asked.
    SelfTested {
        millis: Option<u64>,
    },
}

/// What a device says its data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Rows of a machine-readable zone.
    Zone,
    /// A barcode's payload; the symbology where it is told and one of ours.
    Barcode(Option<Symbology>),
}

/// What a device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub firmware: String,
    pub engine: String,
    pub serial_number: String,
    pub part_number: String,
}

impl Identity {
    /// What tells this unit from another of its kind: the serial number, or else whatever it says of itself.
    #[must_use]
    pub fn unit(&self) -> &str {
        if self.serial_number.is_empty() { &self.part_number } else { &self.serial_number }
    }
}

/// Printable ASCII, trimmed and cut to 64 characters: it ends up on screens and in logs.
fn shown(data: &[u8]) -> String {
    let text: String =
        data.iter().take(64).map(|byte| if matches!(byte, 0x20..=0x7e) { char::from(*byte) } else { ' ' }).collect();
    text.trim().to_owned()
}
