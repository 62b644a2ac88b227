//! Which devices there are and how patient to be with them.

use super::DeviceId;
use crate::camera::light::Switch;
use crate::serial::port::Line;
use crate::serial::{Protocol, crt571, elyctis, newland, scanner, ssi, swipe, synm};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Everything a [`super::Reader`] is started with. An empty one is fine: a kiosk without a reader.
#[derive(Clone, Debug)]
pub struct ReaderConfig {
    pub serial: Vec<SerialConfig>,
    pub cameras: Vec<CameraConfig>,
    /// A try ends after this long, at whatever device.
    pub try_limit: Duration,
    /// A decoder is abandoned after this long.
    pub decode_limit: Duration,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            serial: Vec::new(),
            cameras: Vec::new(),
            try_limit: Duration::from_secs(8),
            decode_limit: Duration::from_secs(1),
        }
    }
}

/// One reader on a serial line.
#[derive(Clone, Debug)]
pub struct SerialConfig {
    pub id: DeviceId,
    pub protocol: SerialProtocol,
    /// A stable name: `/dev/serial/by-id/…`, or one of our udev rules.
    pub path: PathBuf,
    /// Of no matter on USB.
    pub line: Line,
    /// Input thrown away after opening.
    pub drain: Duration,
}

impl SerialConfig {
    /// A reader with its protocol's usual delays, on a line with its usual settings.
    #[must_use]
    pub fn new(id: &str, path: impl Into<PathBuf>, protocol: SerialProtocol) -> Self {
        let line = Line::at(protocol.usual_baud());
        Self { id: DeviceId(id.to_owned()), protocol, path: path.into(), line, drain: Duration::from_millis(200) }
    }

    /// An Elyctis reader with the delays of its USB interface at `path`.
    #[must_use]
    pub fn elyctis(id: &str, path: impl Into<PathBuf>) -> Self {
        Self::new(id, path, SerialProtocol::Elyctis { timing: elyctis::Timing::CDC, presence_command: Vec::new() })
    }

    /// The pause between opening and the first command: 2 s on USB, 100 ms on a UART, next to nothing in tests.
    #[must_use]
    pub const fn settling(mut self, settle: Duration) -> Self {
        match &mut self.protocol {
            SerialProtocol::Elyctis { timing, .. } => timing.settle = settle,
            SerialProtocol::SynM { timing, .. }
            | SerialProtocol::Newland { timing, .. }
            | SerialProtocol::Ssi { timing, .. }
            | SerialProtocol::Swipe { timing, .. } => timing.settle = settle,
            SerialProtocol::Crt571 { timing } => timing.settle = settle,
        }
        self
    }

    /// Delays for a simulated device, which needs no rest.
    #[must_use]
    pub const fn hurried(mut self) -> Self {
        self.drain = Duration::from_millis(20);
        match &mut self.protocol {
            SerialProtocol::Elyctis { timing, .. } => {
                timing.drain = Duration::from_millis(50);
                timing.poll = Duration::from_millis(150);
            }
            SerialProtocol::SynM { timing, .. }
            | SerialProtocol::Newland { timing, .. }
            | SerialProtocol::Ssi { timing, .. }
            | SerialProtocol::Swipe { timing, .. } => timing.drain = Duration::from_millis(50),
            SerialProtocol::Crt571 { timing } => timing.drain = Duration::from_millis(50),
        }
        self.settling(Duration::from_millis(20))
    }
}

/// The language that a serial reader speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SerialProtocol {
    Elyctis {
        timing: elyctis::Timing,
        /// The whole command that switches its presence messages on (its first byte is their type), where you know it; the
        /// vendor has not published it.
        presence_command: Vec<u8>,
    },
    /// Honeywell or Access-IS, by its options.
    SynM {
        options: synm::Options,
        timing: scanner::Timing,
    },
    Newland {
        options: newland::Options,
        timing: scanner::Timing,
    },
    Ssi {
        options: ssi::Options,
        timing: scanner::Timing,
    },
    /// Unverified.
    Swipe {
        block: swipe::Block,
        timing: scanner::Timing,
    },
    Crt571 {
        timing: crt571::Timing,
    },
}

impl SerialProtocol {
    /// Honeywell or Access-IS with usual options.
    #[must_use]
    pub fn synm(maker: synm::Maker) -> Self {
        Self::SynM { options: synm::Options::new(maker), timing: scanner::Timing::DEFAULT }
    }

    #[must_use]
    pub fn newland() -> Self {
        Self::Newland { options: newland::Options::default(), timing: scanner::Timing::DEFAULT }
    }

    #[must_use]
    pub fn ssi() -> Self {
        Self::Ssi { options: ssi::Options::default(), timing: scanner::Timing::DEFAULT }
    }

    #[must_use]
    pub const fn swipe(block: swipe::Block) -> Self {
        Self::Swipe { block, timing: scanner::Timing::DEFAULT }
    }

    #[must_use]
    pub const fn crt571() -> Self {
        Self::Crt571 { timing: crt571::Timing::DEFAULT }
    }

    /// Its name in `kiosk.toml` and in the device's status.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Elyctis { .. } => "elyctis",
            Self::SynM { options, .. } => match options.maker {
                synm::Maker::Honeywell => "honeywell",
                synm::Maker::AccessIs => "access-is",
            },
            Self::Newland { .. } => "newland",
            Self::Ssi { .. } => "ssi",
            Self::Swipe { .. } => "swipe",
            Self::Crt571 { .. } => "crt571",
        }
    }

    /// Whether it can read a backup code or a badge.
    #[must_use]
    pub const fn reads_codes(&self) -> bool {
        matches!(self, Self::SynM { .. } | Self::Newland { .. } | Self::Ssi { .. })
    }

    /// Whether it reads documents by itself.
    #[must_use]
    pub const fn reads_documents(&self) -> bool {
        !self.moves_cards()
    }

    /// Whether it moves cards: it holds one while others read, and gives it back.
    #[must_use]
    pub const fn moves_cards(&self) -> bool {
        matches!(self, Self::Crt571 { .. })
    }

    /// What the device leaves the factory with, as far as is known.
    #[must_use]
    pub const fn usual_baud(&self) -> u32 {
        match self {
            Self::Elyctis { .. } | Self::SynM { .. } => 115_200,
            Self::Newland { .. } | Self::Ssi { .. } | Self::Swipe { .. } | Self::Crt571 { .. } => 9600,
        }
    }

    /// The state machine that speaks it. `try_limit`: a document that a sensor noticed must be read within it.
    pub(super) fn machine(&self, now: Instant, try_limit: Duration) -> Box<dyn Protocol> {
        let within = |timing: scanner::Timing| scanner::Timing { read: try_limit, ..timing };
        match self {
            Self::Elyctis { timing, presence_command } => {
                Box::new(elyctis::Machine::new(*timing, presence_command.clone(), now))
            }
            Self::SynM { options, timing } => {
                Box::new(scanner::Scanner::new(synm::SynM::new(options.clone()), within(*timing), now))
            }
            Self::Newland { options, timing } => {
                Box::new(scanner::Scanner::new(newland::Newland::new(options.clone()), within(*timing), now))
            }
            Self::Ssi { options, timing } => {
                Box::new(scanner::Scanner::new(ssi::Ssi::new(options.clone()), within(*timing), now))
            }
            Self::Swipe { block, timing } => {
                Box::new(scanner::Scanner::new(swipe::Swipe::new(block.clone()), within(*timing), now))
            }
            Self::Crt571 { timing } => Box::new(crt571::Machine::new(*timing, now)),
        }
    }
}

/// One camera.
#[derive(Clone, Debug)]
pub struct CameraConfig {
    pub id: DeviceId,
    pub source: CameraSource,
    /// A second light, tried first and then in turn with the usual one.
    pub infrared: Option<Switch>,
}

impl CameraConfig {
    /// A camera with the light that is there.
    #[must_use]
    pub fn new(id: &str, source: CameraSource) -> Self {
        Self { id: DeviceId(id.to_owned()), source, infrared: None }
    }
}

/// Where a camera's pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraSource {
    /// A V4L2 node, `/dev/video0` or a stable link to it.
    Node(PathBuf),
    /// Pictures instead of a camera: a picture file, or a folder whose `current.png` (or `.jpg`) is what the camera
    /// sees (or a folder `current`, whose pictures it sees in turn); without it an empty tray. Rename into place, so that no half-written picture is seen.
    #[cfg(feature = "simulated")]
    Replay { path: PathBuf, frames_per_second: u32 },
}

#[cfg(test)]
mod tests {
    use super::{SerialProtocol, scanner, synm};
    use crate::clock::now;
    use crate::reader::PresentationNo;
    use crate::serial::testing::told;
    use crate::serial::{Out, SerialCommand};
    use std::time::Duration;

    /// `[session] try_for` counts for what a sensor noticed as well.
    #[test]
    fn the_limit_of_a_try_reaches_a_reader_with_a_sensor() {
        for seconds in [3, 8] {
            let timing = scanner::Timing { settle: Duration::ZERO, drain: Duration::ZERO, ..scanner::Timing::DEFAULT };
            let options = synm::Options::new(synm::Maker::AccessIs);
            let mut now = now();
            let mut machine = SerialProtocol::SynM { options, timing }.machine(now, Duration::from_secs(seconds));
            let mut out = Out::default();
            machine.link_up(now, &mut out);
            // Whatever it asks is answered by a status alone, like all else that it has asked.
            while told(&mut out).iter().all(|event| !event.starts_with("ready")) {
                machine.timeout(now, &mut out);
                let sent = std::mem::take(&mut out.tx);
                if let Some(body) = sent.strip_prefix(b"\x16M\r") {
                    let (_, body) = body.split_last().unwrap();
                    machine.bytes(now, &[body, b"\x06!"].concat(), &mut out);
                }
            }
            machine.command(now, SerialCommand::Arm(PresentationNo(1)), &mut out).unwrap();
            machine.bytes(now, b"AISOMD2\x06!\x16\x0dTRIG:1\x16\x0a", &mut out);
            assert_eq!(told(&mut out), ["armed 1", "present 1"]);
            let end = now + Duration::from_secs(seconds);
            while told(&mut out) != ["not read 1"] {
                now = machine.deadline().unwrap();
                assert!(now <= end, "too late");
                machine.timeout(now, &mut out);
            }
            assert_eq!(now, end);
        }
    }
}
