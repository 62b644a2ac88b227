//! V4L2 cameras through nokhwa, and through [`super::direct`] where nokhwa leaves out what reads best.
//!
//! nokhwa's `frame()` has no time-out; that is the watchdog's business ([`super::capture`]).

use super::direct::{self, nothing_usable};
use super::format::{Encoding, Format, best};
use super::{FrameSource, Picture, SourceError};
use crate::reader::Fault;
use nokhwa::Camera;
use nokhwa::utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution};
use std::path::Path;

/// Opens `node` with the format that reads best.
///
/// # Errors
/// No such node, in use by another program, or nothing usable offered; the text says what to do.
pub fn open(node: &Path) -> Result<Box<dyn FrameSource>, SourceError> {
    let index = index_of(node)?;
    let offered = direct::offers(node)?;
    let Some(best) = best(&offered) else {
        return Err(SourceError::new(Fault::Unsupported, nothing_usable(node)));
    };
    match for_nokhwa(best) {
        Some(format) => match V4l::open(node, index, format) {
            Ok(camera) => Ok(Box::new(camera)),
            // It also wants the rate that the camera happens to stand at to be a whole one.
            Err(error) if error.fault == Fault::Unsupported => Ok(Box::new(direct::open_best(node, &offered)?)),
            Err(error) => Err(error),
        },
        None => Ok(Box::new(direct::open_best(node, &offered)?)),
    }
}

/// The format in nokhwa's terms, if it has any for it.
#[must_use]
pub fn for_nokhwa(format: Format) -> Option<CameraFormat> {
    let encoding = match format.encoding {
        Encoding::Mjpeg => FrameFormat::MJPEG,
        Encoding::Yuyv => FrameFormat::YUYV,
        Encoding::Nv12 => FrameFormat::NV12,
        Encoding::Rgb => FrameFormat::RAWRGB,
        Encoding::Bgr => FrameFormat::RAWBGR,
        // Its letters for it are GRAY, the kernel's GREY.
        Encoding::Grey => return None,
    };
    let size = Resolution::new(format.width, format.height);
    format.is_whole().then(|| CameraFormat::new(size, encoding, format.interval.1))
}

/// An open camera.
struct V4l {
    camera: Camera,
    format: Format,
    name: String,
}

impl V4l {
    fn open(node: &Path, index: u32, wanted: CameraFormat) -> Result<Self, SourceError> {
        let request = RequestedFormat::with_formats(RequestedFormatType::Exact(wanted), &FORMATS);
        let mut camera = Camera::new(CameraIndex::Index(index), request).map_err(|error| open_problem(node, &error))?;
        camera.open_stream().map_err(|error| open_problem(node, &error))?;
        let given = camera.camera_format();
        let format = from_nokhwa(given).ok_or_else(|| {
            SourceError::new(Fault::Unsupported, format!("{} gives {given} instead of {wanted}", node.display()))
        })?;
        let name = camera.info().human_name();
        Ok(Self { camera, format, name })
    }
}

const FORMATS: [FrameFormat; 5] =
    [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::RAWRGB, FrameFormat::RAWBGR];

fn from_nokhwa(format: CameraFormat) -> Option<Format> {
    let encoding = match format.format() {
        FrameFormat::MJPEG => Encoding::Mjpeg,
        FrameFormat::YUYV => Encoding::Yuyv,
        FrameFormat::NV12 => Encoding::Nv12,
        FrameFormat::GRAY => Encoding::Grey,
        FrameFormat::RAWRGB => Encoding::Rgb,
        FrameFormat::RAWBGR => Encoding::Bgr,
    };
    let (width, height) = (format.width(), format.height());
    (format.frame_rate() > 0).then_some(Format { width, height, encoding, interval: (1, format.frame_rate()) })
}

/// Why nokhwa does not open a camera. [`Fault::Unsupported`]: it leaves out what the camera has.
fn open_problem(node: &Path, error: &nokhwa::NokhwaError) -> SourceError {
    let text = error.to_string();
    // Without any format that it understands nokhwa cannot fulfil the request.
    let unsupported = text.contains("Fufill") || text.contains("not whole number") || text.contains("unsupported");
    let fault = if unsupported { Fault::Unsupported } else { Fault::NotReachable };
    SourceError::new(fault, format!("{} cannot be opened: {text}", node.display()))
}

/// The number that the kernel gave the node, also behind a stable link.
fn index_of(node: &Path) -> Result<u32, SourceError> {
    let real = node.canonicalize().map_err(|error| {
        SourceError::new(Fault::NotReachable, format!("{} is not there ({error}); connect the camera", node.display()))
    })?;
    real.file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_prefix("video"))
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| {
            SourceError::new(Fault::Unsupported, format!("{} is not a camera (/dev/videoN)", node.display()))
        })
}

impl FrameSource for V4l {
    fn next(&mut self) -> Result<Picture, SourceError> {
        let frame = self
            .camera
            .frame()
            .map_err(|error| SourceError::new(Fault::NotReachable, format!("the camera gave no frame: {error}")))?;
        self.format.picture(0, frame.buffer())
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some((self.format.width as usize, self.format.height as usize))
    }

    fn facts(&self) -> String {
        self.format.to_string()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Format, for_nokhwa, index_of};
    use std::path::Path;

    #[test]
    fn a_missing_node_says_what_to_do() {
        let error = index_of(Path::new("/dev/no-such-camera")).unwrap_err();
        assert!(error.what.contains("/dev/no-such-camera") && error.what.contains("connect"), "{}", error.what);
        assert!(index_of(Path::new("/dev/null")).unwrap_err().what.contains("not a camera"));
    }

    #[test]
    fn nokhwa_gets_whole_rates_and_colour_only() {
        let format = |encoding, interval| Format { width: 1280, height: 960, encoding, interval };
        assert!(for_nokhwa(format(Encoding::Yuyv, (1, 30))).is_some_and(|format| format.frame_rate() == 30));
        assert!(for_nokhwa(format(Encoding::Yuyv, (1001, 30_000))).is_none());
        assert!(for_nokhwa(format(Encoding::Yuyv, (1000, 25_000))).is_none());
        assert!(for_nokhwa(format(Encoding::Grey, (1, 30))).is_none());
    }
}
