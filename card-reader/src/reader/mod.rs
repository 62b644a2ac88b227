//! The one handle that the kiosk holds: commands in, events out, whatever devices stand behind it.
//!
//! A *presentation* is one document put down once. The reader numbers presentations; every event of a document
//! carries its number, and whoever listens drops what belongs to an older one.

mod config;
mod core;
mod handle;
mod judge;
mod recognise;
mod watch;

pub use config::{CameraConfig, CameraSource, ReaderConfig, SerialConfig, SerialProtocol};
pub use handle::{Reader, ReaderHandle};

use crate::document::Document;
use crate::fusion::Fusion;
use crate::mrz::{Check, Format, Lines, Mrz};
use crate::ocr::{Advice, Guess, LumaImage, Point, Quad, Reason};
use crate::profiles::{self, Deviation};
use verification_api::personal::PersonalText;

/// Numbers one document put down once; grows by one with each, and with each [`Command::Arm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PresentationNo(pub u64);

/// Names a configured device (`"scanner"`, `"camera"`): the key of its table in `kiosk.toml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub String);

/// What an armed reader may take; anything else that is read is dropped and zeroed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accept {
    /// Zones and barcodes of documents.
    Documents,
    /// Only a `BC1:` backup-code QR.
    BackupCode,
    /// Only an officer's badge or a technician's `TC1:` credential.
    Staff,
}

/// What the kiosk tells the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens presentation `PresentationNo` (chosen by the kiosk, growing) and takes at most one accepted read. After
    /// a code it disarms by itself; after a document it goes on looking for what else the same document says
    /// ([`Event::Witness`]) until [`Command::Disarm`].
    Arm {
        presentation: PresentationNo,
        accept: Accept,
    },
    /// Arms a device that has come back ([`Event::Ready`]) for the presentation that is armed, if nothing was taken under it
    /// yet. The other devices go on undisturbed: what lies in one of them stays the same try.
    Join {
        device: DeviceId,
        presentation: PresentationNo,
    },
    Disarm,
    /// Answered by [`Event::SelfTest`], also when the device is not there.
    SelfTest {
        device: DeviceId,
        level: SelfTestLevel,
    },
    /// A motorised reader gives its card back.
    Eject {
        device: DeviceId,
    },
    /// A motorised reader keeps its card in the bin. Only staff may want this; it is told by [`Event::Card`].
    Capture {
        device: DeviceId,
    },
    /// The preview wanted, in pixels on the screen (at most 640×480 are given); `None` stops it and drops the picture.
    Preview {
        size: Option<(u32, u32)>,
    },
}

/// How far a self-test goes (the three levels of `UnifiedPOS`' *CheckHealth*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelfTestLevel {
    /// What is known already; nothing is sent.
    Internal,
    /// The device is asked something and its answer timed.
    External,
    /// Somebody puts a document down within half a minute. What it says is thrown away.
    Interactive,
}

/// How a document was taken in; the wire's `how`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Serial,
    Camera,
    Keyed,
}

/// What was read under one presentation.
#[derive(Clone)]
pub enum Reading {
    Zone(Box<ZoneReading>),
    /// A document's barcode without a zone (a driver licence).
    Barcode(Box<BarcodeReading>),
    /// The text behind `BC1:`.
    BackupCode(PersonalText),
    /// A badge's number, or a whole `TC1:` text.
    Staff(PersonalText),
}

/// A machine-readable zone, accepted.
#[derive(Clone)]
pub struct ZoneReading {
    pub source: Source,
    pub format: Format,
    pub lines: Lines,
    pub checks: Vec<Check>,
    /// Known departures of its issuer, by the table of documents.
    pub deviations: Vec<Deviation>,
    pub document: Document,
    /// Confidence of each character; empty for a serial reader, which gives none.
    pub characters: Vec<Vec<f32>>,
    pub quad: Option<Quad>,
    /// Whether the barcodes and seals of the same presentation say the same; `None` without one that could.
    pub barcode_agrees: Option<bool>,
    /// Which, and in what.
    pub fusion: Fusion,
}

impl ZoneReading {
    /// A zone whose characters are certain, with what they mean; no picture, no barcode beside it.
    #[must_use]
    pub fn of(zone: Mrz, source: Source) -> Self {
        let (document, deviations) = (zone.document(profiles::in_use()), profiles::in_use().deviations(&zone));
        Self {
            source,
            format: zone.format,
            lines: zone.lines,
            checks: zone.checks,
            deviations,
            document,
            characters: Vec::new(),
            quad: None,
            barcode_agrees: None,
            fusion: Fusion::default(),
        }
    }
}

/// A barcode that stands for a document by itself.
#[derive(Clone)]
pub struct BarcodeReading {
    pub source: Source,
    pub document: Document,
    /// Header, lengths and mandatory elements are right; without that it completes no visit.
    pub whole: bool,
    /// Whether the zone and the seals of the same presentation say the same; `None` without one that could.
    pub others_agree: Option<bool>,
    /// Which, and in what.
    pub fusion: Fusion,
    pub payload: PersonalText,
}

/// What the reader tells the kiosk.
#[derive(Clone)]
pub enum Event {
    /// A device answers and is configured.
    ///
    /// Nothing is armed by this: after a [`Event::Lost`] whoever wants to go on reading arms again.
    Ready {
        device: DeviceId,
        identity: String,
    },
    /// Told just before [`Event::Ready`]: the device's own serial number is another than before.
    AnotherUnit {
        device: DeviceId,
    },
    /// A device is gone or silent; it is being reopened.
    Lost {
        device: DeviceId,
        fault: Fault,
    },
    /// A device goes on with a fault (garbage on the line, a black picture); `None`: no longer.
    Degraded {
        device: DeviceId,
        fault: Option<Fault>,
    },
    /// A decoder panicked or overran its time and was abandoned; the picture is lost, nothing else.
    DecoderFailed {
        device: DeviceId,
        decoder: Decoder,
        how: DecoderFailure,
    },
    Armed {
        presentation: PresentationNo,
    },
    Disarmed {
        presentation: PresentationNo,
    },
    /// A document lies there (camera gate, sensor): the try begins. From a reader that cannot sense it comes just
    /// before [`Event::Read`] or [`Event::Failed`]. The camera senses also while nothing is armed (under the last
    /// number), which may wake the attract screen.
    Sensed {
        presentation: PresentationNo,
    },
    Removed {
        presentation: PresentationNo,
    },
    Read {
        presentation: PresentationNo,
        reading: Reading,
    },
    /// After [`Event::Read`], of the same document: another code of it, or the zone of a licence, was decoded later. All
    /// that is known of them now, in the place of what the reading brought.
    Witness {
        presentation: PresentationNo,
        fusion: Fusion,
    },
    /// The try failed; the presentation stays armed.
    Failed {
        presentation: PresentationNo,
        reason: Reason,
        advice: Option<Advice>,
        guess: Option<Guess>,
    },
    /// What the camera sees just now; changes while searching.
    Advice {
        presentation: PresentationNo,
        advice: Option<Advice>,
        /// Where in the frame the trouble lies: the middle of the glare.
        at: Option<Point>,
        quad: Option<Quad>,
    },
    SelfTest {
        device: DeviceId,
        report: SelfTestReport,
    },
    /// A motorised reader did something with a card; `None`: a card that belongs to no presentation of this run.
    Card {
        device: DeviceId,
        presentation: Option<PresentationNo>,
        what: CardMove,
    },
}

/// What became of a card in a motorised reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardMove {
    /// It is held out and can be taken.
    Offered,
    /// It has been held out for half a minute and is still there.
    NotTaken,
    /// It was put into the bin, because somebody wanted it.
    Captured,
}

impl CardMove {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::NotTaken => "not_taken",
            Self::Captured => "captured",
        }
    }
}

/// What is wrong with a device, in the vocabulary of CUSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No such port or node.
    NotReachable,
    /// Open, but silent.
    NotResponding,
    /// Garbage on the line.
    ProtocolErrors,
    /// The camera gives the same picture again and again.
    Frozen,
    Black,
    /// The camera gives pictures of another size than it was set to.
    WrongSize,
    /// The camera gives fewer than three pictures a second.
    Slow,
    /// The camera offers nothing that we can use; the text of `devices` says what.
    Unsupported,
    /// A setting without which the reader cannot be trusted was refused.
    ConfigRejected,
    /// A sensor has been covered for a minute: dirt, or something left lying.
    SensorCovered,
    /// A card is stuck.
    Jammed,
    /// A card is in the reader that nobody here put there, or that was not taken.
    CardLeft,
    /// The bin for captured cards is full.
    BinFull,
    /// The reader's mechanics report an error.
    Mechanism,
}

impl Fault {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReachable => "not_reachable",
            Self::NotResponding => "not_responding",
            Self::ProtocolErrors => "protocol_errors",
            Self::Frozen => "frozen",
            Self::Black => "black",
            Self::WrongSize => "wrong_size",
            Self::Slow => "slow",
            Self::Unsupported => "unsupported",
            Self::ConfigRejected => "config_rejected",
            Self::SensorCovered => "sensor_covered",
            Self::Jammed => "jammed",
            Self::CardLeft => "card_left",
            Self::BinFull => "bin_full",
            Self::Mechanism => "mechanism",
        }
    }

    /// The lower the graver. A device tells only the gravest of those that stand at once.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::NotReachable => 0,
            Self::NotResponding => 1,
            Self::Jammed => 2,
            Self::Mechanism => 3,
            Self::CardLeft => 4,
            Self::ConfigRejected => 5,
            Self::ProtocolErrors => 6,
            Self::SensorCovered => 7,
            Self::BinFull => 8,
            Self::Frozen | Self::Black | Self::Unsupported => 9,
            Self::WrongSize => 10,
            Self::Slow => 11,
        }
    }
}

/// A stage of recognition that runs foreign or heavy code, named when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decoder {
    Zone,
    Barcode,
}

impl Decoder {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Barcode => "barcode",
        }
    }
}

/// How a decoder failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecoderFailure {
    Panicked,
    /// It took longer than its limit. Its thread cannot be stopped, only left behind.
    Overran,
}

impl DecoderFailure {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::Overran => "overran",
        }
    }
}

/// Outcome of a device's self-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfTestReport {
    pub passed: bool,
    /// One sentence for a technician; no personal data.
    pub detail: String,
    pub millis: u64,
}

/// Counters and state of one device, for heartbeats and diagnostics; no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceStatus {
    pub device: DeviceId,
    pub kind: &'static str,
    /// It reads documents by itself. A motorised reader does not: it holds a card while others read.
    pub reads: bool,
    pub fault: Option<Fault>,
    pub ready: bool,
    pub identity: String,
    pub good_reads: u64,
    pub failed_reads: u64,
    pub reconnects: u64,
    /// Faults named since the start, losses among them.
    pub faults: u64,
    /// One line of facts: format and rate of a camera, firmware of a scanner.
    pub facts: String,
}

/// The newest preview frame, scaled for the screen: RGBA, row by row. Zeroed by whoever drops it last.
#[derive(Clone)]
pub struct PreviewFrame {
    pub width: u32,
    pub height: u32,
    pub rgba: std::sync::Arc<Vec<u8>>,
}

/// The newest full frame, for recognition and diagnostics.
pub type Frame = std::sync::Arc<LumaImage>;
