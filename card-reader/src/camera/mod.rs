//! Cameras: where pictures come from ([`FrameSource`]), what is in them before anything is read ([`gate`]), and the
//! thread that takes them ([`capture`]). Preview and recognition are separate: the preview is scaled in that thread,
//! recognition takes the newest full frame when it is idle.

pub mod capture;
pub mod direct;
pub mod format;
pub mod gate;
pub mod light;
pub mod pixels;
#[cfg(feature = "simulated")]
pub mod replay;
pub mod v4l;

pub use pixels::{Layout, Picture};

use crate::reader::{CameraSource, Fault};

/// Gives pictures one after the other. Lives in a thread of its own: waiting for the next one may take for ever, and
/// a watchdog outside notices that.
pub trait FrameSource {
    /// Waits for the next picture.
    ///
    /// # Errors
    /// The camera is gone; or what it gave is no picture ([`SourceError::passing`]), and the next may be one.
    fn next(&mut self) -> Result<Picture, SourceError>;

    /// (width, height) that the camera was set to; `None`: any will do.
    fn size(&self) -> Option<(usize, usize)> {
        None
    }

    /// One line of facts: format, size and rate.
    fn facts(&self) -> String;

    /// What the camera calls itself.
    fn name(&self) -> String;
}

/// Why a camera gives no pictures, for a technician.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SourceError {
    pub fault: Fault,
    pub what: String,
    /// One frame is bad; the camera may be well.
    pub passing: bool,
}

impl SourceError {
    pub(crate) fn new(fault: Fault, what: impl Into<String>) -> Self {
        Self { fault, what: what.into(), passing: false }
    }

    pub(crate) fn of_frame(fault: Fault, what: impl Into<String>) -> Self {
        Self { passing: true, ..Self::new(fault, what) }
    }
}

/// Opens what the configuration names.
///
/// # Errors
/// There is no such camera, it is in use, or it offers nothing that can be used; the text says what to do.
pub fn open(source: &CameraSource) -> Result<Box<dyn FrameSource>, SourceError> {
    match source {
        CameraSource::Node(node) => v4l::open(node),
        #[cfg(feature = "simulated")]
        CameraSource::Replay { path, frames_per_second } => {
            Ok(Box::new(replay::Replay::new(path.clone(), *frames_per_second)))
        }
    }
}
