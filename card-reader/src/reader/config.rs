//! Which devices there are and how patient to be with them.

use super::DeviceId;
use crate::serial::elyctis;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a [`super::Reader`] is started with. An empty one is fine: a kiosk without a reader.
#[derive(Clone, Debug)]
pub struct ReaderConfig {
    pub serial: Vec<SerialConfig>,
    pub cameras: Vec<CameraConfig>,
    /// A try of the camera ends after this long.
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
    pub baud: u32,
    /// Input thrown away after opening.
    pub drain: Duration,
}

impl SerialConfig {
    /// An Elyctis reader with the delays of its USB interface at `path`.
    #[must_use]
    pub fn elyctis(id: &str, path: impl Into<PathBuf>) -> Self {
        Self {
            id: DeviceId(id.to_owned()),
            protocol: SerialProtocol::Elyctis { timing: elyctis::Timing::CDC, presence: None },
            path: path.into(),
            baud: 115_200,
            drain: Duration::from_millis(200),
        }
    }

    /// The pause between opening and the first command: 2 s on USB, 100 ms on a UART, next to nothing in tests.
    #[must_use]
    pub const fn settling(mut self, settle: Duration) -> Self {
        match &mut self.protocol {
            SerialProtocol::Elyctis { timing, .. } => timing.settle = settle,
        }
        self
    }

    /// Delays for a simulated device, which needs no rest.
    #[must_use]
    pub const fn hurried(mut self) -> Self {
        self.drain = Duration::from_millis(20);
        match &mut self.protocol {
            SerialProtocol::Elyctis { timing, .. } => {
                timing.settle = Duration::from_millis(20);
                timing.drain = Duration::from_millis(50);
                timing.poll = Duration::from_millis(150);
            }
        }
        self
    }
}

/// The language that a serial reader speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialProtocol {
    Elyctis {
        timing: elyctis::Timing,
        /// Type byte of its presence messages, if it is known; they are then understood as frames.
        presence: Option<u8>,
    },
}

impl SerialProtocol {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elyctis { .. } => "elyctis",
        }
    }
}

/// One camera.
#[derive(Clone, Debug)]
pub struct CameraConfig {
    pub id: DeviceId,
    pub source: CameraSource,
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
