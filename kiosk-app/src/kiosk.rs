//! The whole kiosk, as pure as a visit: what mode it is in, and what happens outside a visit.

use crate::diagnostics::Diagnostics;
use crate::officer::Desk;
use crate::session::policy::Policy;
use crate::session::state::Session;
use card_reader::reader::{DeviceId, Fault};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whose turn it is.
pub enum Mode {
    /// Attract, or a visit.
    Traveler,
    Officer(Box<Desk>),
    Diagnostics(Box<Diagnostics>),
    OutOfService(Why),
}

/// Why the kiosk takes no visits; it heals by itself once the cause is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    NoReader,
    JournalNotWritable,
    /// Quarantined or revoked by the service: the agency acts.
    Barred,
}

/// What the site's operator configured: shown to travelers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Site {
    /// `K07`.
    pub number: String,
    pub lane: String,
    pub gate: String,
    /// The counter to use instead.
    pub counter: String,
    /// Directions for each language tag.
    pub directions: BTreeMap<String, String>,
}

/// State of a configured device as the kiosk sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    Starting,
    Ready { identity: String },
    Lost { fault: Fault },
}

pub struct Kiosk {
    pub mode: Mode,
    pub visit: Option<Session>,
    pub site: Site,
    pub policy: Policy,
    pub devices: BTreeMap<DeviceId, Device>,
    pub journal_writable: bool,
    pub barred: bool,
    /// Monotonic time of the newest step.
    pub now: Duration,
}

/// What a step may ask of the world: time and randomness are arguments.
pub struct Moment<'a> {
    /// Monotonic time of this run of the program.
    pub now: Duration,
    /// Wall clock, milliseconds since 1970, for UUIDv7 only.
    pub unix_millis: u64,
    pub entropy: &'a mut dyn FnMut(&mut [u8]),
}
