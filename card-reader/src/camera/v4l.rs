//! V4L2 cameras through nokhwa: which format to ask for, and its bytes to a [`Picture`].
//!
//! nokhwa's `frame()` has no time-out and drops frame intervals whose numerator is not 1; the first is the watchdog's
//! business ([`super::capture`]), the second is named here.

use super::{FrameSource, Layout, Picture, SourceError};
use crate::reader::Fault;
use nokhwa::Camera;
use nokhwa::utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use std::path::Path;

/// The formats that can be decoded here.
pub const FORMATS: [FrameFormat; 6] = [
    FrameFormat::MJPEG,
    FrameFormat::YUYV,
    FrameFormat::NV12,
    FrameFormat::GRAY,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
];

/// An open camera.
pub struct V4l {
    camera: Camera,
    format: CameraFormat,
    name: String,
}

impl V4l {
    /// Opens `node` with the format that reads best.
    ///
    /// # Errors
    /// No such node, in use by another program, or nothing usable offered; the text says what to do.
    pub fn open(node: &Path) -> Result<Self, SourceError> {
        let index = index_of(node)?;
        let request = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
        let mut camera = Camera::new(CameraIndex::Index(index), request).map_err(|error| open_problem(node, &error))?;
        let refused = |error: nokhwa::NokhwaError| {
            SourceError::new(Fault::NotReachable, format!("{} refuses: {error}", node.display()))
        };
        let offered = camera.compatible_camera_formats().map_err(refused)?;
        let Some(best) = best(&offered) else {
            return Err(SourceError::new(Fault::Unsupported, nothing_usable(node)));
        };
        if best != camera.camera_format() {
            camera
                .set_camera_requset(RequestedFormat::with_formats(RequestedFormatType::Exact(best), &FORMATS))
                .map_err(refused)?;
        }
        camera.open_stream().map_err(refused)?;
        let name = camera.info().human_name();
        Ok(Self { format: camera.camera_format(), camera, name })
    }
}

/// Why a camera does not open.
pub(crate) fn open_problem(node: &Path, error: &nokhwa::NokhwaError) -> SourceError {
    // Without any format that it understands nokhwa cannot fulfil the request.
    let text = error.to_string();
    if text.contains("Fufill") || text.contains("not whole number") {
        SourceError::new(Fault::Unsupported, nothing_usable(node))
    } else {
        SourceError::new(Fault::NotReachable, format!("{} cannot be opened: {text}", node.display()))
    }
}

pub(crate) fn nothing_usable(node: &Path) -> String {
    format!(
        "{} offers no whole-number frame rate in a format that is understood here (MJPEG, YUYV, NV12, grey, RGB); use another camera",
        node.display()
    )
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

/// Near 1280×960 at ten frames or more; among these without the artefacts of compression, then the faster one.
#[must_use]
pub fn best(offered: &[CameraFormat]) -> Option<CameraFormat> {
    const WANTED: i64 = 1280 * 960;
    offered.iter().filter(|format| FORMATS.contains(&format.format()) && format.frame_rate() > 0).copied().min_by_key(
        |format| {
            let pixels = i64::from(format.width()) * i64::from(format.height());
            // Too small loses characters, too large only time.
            let size = if pixels < WANTED { (WANTED - pixels) * 2 } else { (pixels - WANTED) / 2 };
            let slow = format.frame_rate() < 10;
            let compressed = format.format() == FrameFormat::MJPEG;
            (slow, size, compressed, std::cmp::Reverse(format.frame_rate().min(30)))
        },
    )
}

impl FrameSource for V4l {
    fn next(&mut self) -> Result<Picture, SourceError> {
        let frame = self
            .camera
            .frame()
            .map_err(|error| SourceError::new(Fault::NotReachable, format!("the camera gave no frame: {error}")))?;
        let (width, height) = (self.format.width() as usize, self.format.height() as usize);
        let bytes = frame.buffer();
        let picture = match self.format.format() {
            FrameFormat::MJPEG => image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg)
                .ok()
                .map(image::DynamicImage::into_rgb8)
                .and_then(|rgb| Picture::new(rgb.width() as usize, rgb.height() as usize, Layout::Rgb, rgb.into_raw())),
            FrameFormat::YUYV => Picture::new(width, height, Layout::Yuyv, bytes.to_vec()),
            FrameFormat::NV12 => Picture::new(width, height, Layout::Nv12, bytes.to_vec()),
            FrameFormat::GRAY => Picture::new(width, height, Layout::Grey, bytes.to_vec()),
            FrameFormat::RAWRGB => Picture::new(width, height, Layout::Rgb, bytes.to_vec()),
            FrameFormat::RAWBGR => Picture::new(width, height, Layout::Bgr, bytes.to_vec()),
        };
        picture
            .ok_or_else(|| SourceError::new(Fault::NotResponding, "the camera gave a frame that is no whole picture"))
    }

    fn facts(&self) -> String {
        facts(self.format)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// `1280x960 YUYV, 15 frames a second`.
#[must_use]
pub fn facts(format: CameraFormat) -> String {
    format!("{}x{} {}, {} frames a second", format.width(), format.height(), format.format(), format.frame_rate())
}

#[cfg(test)]
mod tests {
    use super::{best, index_of};
    use nokhwa::utils::{CameraFormat, FrameFormat, Resolution};
    use std::path::Path;

    fn format(width: u32, height: u32, format: FrameFormat, rate: u32) -> CameraFormat {
        CameraFormat::new(Resolution::new(width, height), format, rate)
    }

    #[test]
    fn the_format_that_reads_best_is_chosen() {
        let offered = [
            format(640, 480, FrameFormat::YUYV, 30),
            format(1280, 960, FrameFormat::YUYV, 5),
            format(1280, 960, FrameFormat::MJPEG, 30),
            format(1920, 1080, FrameFormat::MJPEG, 30),
        ];
        assert_eq!(best(&offered), Some(offered[2]), "ten frames a second count more than no compression");
        assert_eq!(best(&offered[..2]), Some(offered[0]));
        let uncompressed = format(1280, 960, FrameFormat::NV12, 15);
        assert_eq!(best(&[offered[2], uncompressed]), Some(uncompressed));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn a_missing_node_says_what_to_do() {
        let error = index_of(Path::new("/dev/no-such-camera")).unwrap_err();
        assert!(error.what.contains("/dev/no-such-camera") && error.what.contains("connect"), "{}", error.what);
        assert!(index_of(Path::new("/dev/null")).unwrap_err().what.contains("not a camera"));
    }
}
