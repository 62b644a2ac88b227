//! Cameras that nokhwa cannot serve, on the `v4l` crate that it stands on: it drops every frame interval whose
//! numerator is not 1 (so a camera with only 1001/30000 s has nothing for it), and it looks for grey pictures under
//! letters that no driver uses. Every wait here ends after [`TIMEOUT`].

use super::format::{Encoding, Format, best};
use super::{FrameSource, Picture, SourceError};
use crate::reader::Fault;
use std::io;
use std::path::Path;
use std::time::Duration;
use v4l::buffer::{Flags, Type};
use v4l::format::FourCC;
use v4l::fraction::Fraction;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::io::mmap::Stream;
use v4l::io::traits::CaptureStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;

/// A camera that gives nothing for so long is lost. The first frame may take as long, too.
const TIMEOUT: Duration = Duration::from_secs(5);
const BUFFERS: u32 = 4;
/// Sizes and rates that are looked at; more is a broken driver.
const MOST: usize = 256;

/// An open camera; tests bring a stream of their own.
pub struct Direct<S = Stream<'static>> {
    stream: S,
    format: Format,
    stride: usize,
    name: String,
}

/// Everything that the camera behind `node` offers and we understand. Of sizes in steps the one nearest to what reads
/// best.
///
/// # Errors
/// The node cannot be opened or asked.
pub fn offers(node: &Path) -> Result<Vec<Format>, SourceError> {
    let device = v4l::Device::with_path(node).map_err(|error| cannot(node, "cannot be opened", &error))?;
    let kinds = device.enum_formats().map_err(|error| cannot(node, "does not say what it offers", &error))?;
    let mut offered = Vec::new();
    for encoding in kinds.iter().filter_map(|kind| Encoding::of(kind.fourcc.repr)) {
        let letters = FourCC::new(&encoding.four_letters());
        let sizes = device.enum_framesizes(letters).unwrap_or_default();
        for (width, height) in sizes.iter().take(MOST).map(|size| nearest(&size.size)) {
            let intervals = device.enum_frameintervals(letters, width, height).unwrap_or_default();
            let intervals = intervals.iter().take(MOST).map(|interval| usual(&interval.interval));
            offered.extend(
                intervals
                    .filter(|interval| interval.numerator > 0 && interval.denominator > 0)
                    .map(|Fraction { numerator, denominator }| (numerator, denominator))
                    .map(|interval| Format { width, height, encoding, interval }),
            );
        }
    }
    Ok(offered)
}

/// The size of a range that is nearest to 1280×960.
fn nearest(size: &FrameSizeEnum) -> (u32, u32) {
    let step = |wanted: u32, min: u32, max: u32, step: u32| {
        let wanted = wanted.clamp(min.min(max), max);
        min.min(max) + (wanted - min.min(max)) / step.max(1) * step.max(1)
    };
    match size {
        FrameSizeEnum::Discrete(size) => (size.width, size.height),
        FrameSizeEnum::Stepwise(range) => (
            step(1280, range.min_width, range.max_width, range.step_width),
            step(960, range.min_height, range.max_height, range.step_height),
        ),
    }
}

/// Of a range of intervals: a fifteenth of a second if that lies in it, else the end that is nearer.
fn usual(interval: &FrameIntervalEnum) -> Fraction {
    let seconds = |part: &Fraction| f64::from(part.numerator) / f64::from(part.denominator.max(1));
    match interval {
        FrameIntervalEnum::Discrete(interval) => *interval,
        FrameIntervalEnum::Stepwise(range) => {
            let wanted = Fraction::new(1, 15);
            if seconds(&wanted) < seconds(&range.min) {
                range.min
            } else if seconds(&wanted) > seconds(&range.max) {
                range.max
            } else {
                wanted
            }
        }
    }
}

impl Direct {
    /// Opens `node` in `format`; the driver may change its size and rate.
    ///
    /// # Errors
    /// No such node, in use by another program, or the format is refused; the text says what to do.
    pub fn open(node: &Path, format: Format) -> Result<Self, SourceError> {
        let device = v4l::Device::with_path(node).map_err(|error| cannot(node, "cannot be opened", &error))?;
        let refuses = |error| cannot(node, "refuses its own format; it may be in use by another program", &error);
        let wanted = v4l::Format::new(format.width, format.height, FourCC::new(&format.encoding.four_letters()));
        let given = device.set_format(&wanted).map_err(refuses)?;
        let Some(encoding) = Encoding::of(given.fourcc.repr) else {
            return Err(SourceError::new(Fault::Unsupported, format!("{} gives another format", node.display())));
        };
        // A camera with one rate may refuse to be told even that one.
        let parameters = Parameters::new(Fraction::new(format.interval.0, format.interval.1));
        let interval = device.set_params(&parameters).or_else(|_| device.params()).map(|given| given.interval);
        let interval = interval
            .ok()
            .filter(|interval| interval.numerator > 0 && interval.denominator > 0)
            .map_or(format.interval, |interval| (interval.numerator, interval.denominator));
        let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(refuses)?;
        stream.set_timeout(TIMEOUT);
        let name = device.query_caps().map_or_else(|_| node.display().to_string(), |caps| caps.card);
        let format = Format { width: given.width, height: given.height, encoding, interval };
        Ok(Self { stream, format, stride: given.stride as usize, name })
    }
}

impl<S> FrameSource for Direct<S>
where
    S: v4l::io::traits::Stream<Item = [u8]> + for<'a> CaptureStream<'a>,
{
    fn next(&mut self) -> Result<Picture, SourceError> {
        let (bytes, about) = self.stream.next().map_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                let waited = TIMEOUT.as_secs();
                SourceError::new(Fault::NotResponding, format!("the camera gave no frame for {waited} s"))
            } else {
                SourceError::new(Fault::NotReachable, format!("the camera gave no frame: {error}"))
            }
        })?;
        if about.flags.contains(Flags::ERROR) {
            return Err(SourceError::of_frame(Fault::ProtocolErrors, "the driver says that the frame is damaged"));
        }
        let filled = bytes.get(..about.bytesused as usize).filter(|bytes| !bytes.is_empty()).unwrap_or(bytes);
        self.format.picture_filled(self.stride, filled)
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some((self.format.width as usize, self.format.height as usize))
    }

    fn facts(&self) -> String {
        let why = if self.format.is_whole() { "" } else { ", no whole-number frame rate" };
        format!("{}{why}", self.format)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Opens the camera in the best of `offered`.
///
/// # Errors
/// As [`Direct::open`], or nothing is offered.
pub(super) fn open_best(node: &Path, offered: &[Format]) -> Result<Direct, SourceError> {
    match best(offered) {
        Some(format) => Direct::open(node, format),
        None => Err(SourceError::new(Fault::Unsupported, nothing_usable(node))),
    }
}

/// What `devices` and the log say of a camera that cannot be used.
#[must_use]
pub fn nothing_usable(node: &Path) -> String {
    format!(
        "{} offers no format that is understood here (MJPEG, YUYV, NV12, grey, RGB); use another camera",
        node.display()
    )
}

fn cannot(node: &Path, what: &str, error: &io::Error) -> SourceError {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => "; connect the camera, or correct the path",
        io::ErrorKind::PermissionDenied => "; add this user to the group video",
        _ => "",
    };
    SourceError::new(Fault::NotReachable, format!("{} {what} ({error}){advice}", node.display()))
}

#[cfg(test)]
mod tests {
    use super::{Direct, TIMEOUT, nearest, offers, usual};
    use crate::camera::FrameSource;
    use crate::camera::format::{Encoding, Format};
    use crate::clock::now;
    use crate::reader::Fault;
    use std::io::{self, Write};
    use std::os::fd::AsRawFd;
    use std::path::Path;
    use std::time::Duration;
    use v4l::buffer::Metadata;
    use v4l::fraction::Fraction;
    use v4l::frameinterval::{FrameIntervalEnum, Stepwise as Intervals};
    use v4l::framesize::{Discrete, FrameSizeEnum, Stepwise};

    #[test]
    fn a_range_of_sizes_gives_the_one_that_reads_best() {
        let range = |min, max, step| {
            FrameSizeEnum::Stepwise(Stepwise {
                min_width: min,
                max_width: max,
                step_width: step,
                min_height: min,
                max_height: max,
                step_height: step,
            })
        };
        assert_eq!(nearest(&range(16, 4096, 2)), (1280, 960));
        assert_eq!(nearest(&range(48, 8192, 1)), (1280, 960));
        assert_eq!(nearest(&range(2, 640, 2)), (640, 640));
        assert_eq!(nearest(&range(16, 4096, 100)), (1216, 916), "16 and hundreds");
        assert_eq!(nearest(&range(2000, 4096, 0)), (2000, 2000), "a driver that gives no step");
        assert_eq!(nearest(&FrameSizeEnum::Discrete(Discrete { width: 720, height: 576 })), (720, 576));
    }

    #[test]
    fn a_range_of_rates_gives_fifteen_or_the_nearer_end() {
        let range = |min: (u32, u32), max: (u32, u32)| {
            let fraction = |(numerator, denominator)| Fraction::new(numerator, denominator);
            FrameIntervalEnum::Stepwise(Intervals { min: fraction(min), max: fraction(max), step: Fraction::new(1, 1) })
        };
        let usual = |interval| {
            let Fraction { numerator, denominator } = usual(&interval);
            (numerator, denominator)
        };
        assert_eq!(usual(range((1, 60), (1, 1))), (1, 15));
        assert_eq!(usual(range((1001, 10_000), (1, 1))), (1001, 10_000));
        assert_eq!(usual(range((1, 120), (1001, 30_000))), (1001, 30_000));
        assert_eq!(usual(FrameIntervalEnum::Discrete(Fraction::new(1001, 30_000))), (1001, 30_000));
    }

    /// A camera's node that is a pipe: readable once something was written into it. It waits as the crate's own stream does,
    /// by the crate's own handle; only the buffers are missing, which no driver is there to map.
    struct Piped {
        device: v4l::Device,
        wait: Duration,
        grey: [u8; 4],
        about: Metadata,
    }

    impl v4l::io::traits::Stream for Piped {
        type Item = [u8];

        fn start(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn stop(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl v4l::io::traits::CaptureStream<'_> for Piped {
        fn queue(&mut self, _index: usize) -> io::Result<()> {
            Ok(())
        }

        fn dequeue(&mut self) -> io::Result<usize> {
            const POLLIN: i16 = 1;
            match self.device.handle().poll(POLLIN, i32::try_from(self.wait.as_millis()).unwrap())? {
                0 => Err(io::ErrorKind::TimedOut.into()),
                _ => Ok(0),
            }
        }

        fn next(&mut self) -> io::Result<(&[u8], &Metadata)> {
            self.dequeue()?;
            Ok((&self.grey, &self.about))
        }
    }

    #[test]
    fn a_camera_that_gives_nothing_ends_the_wait_and_is_not_responding() {
        let (reads, mut writes) = io::pipe().unwrap();
        let node = format!("/proc/self/fd/{}", reads.as_raw_fd());
        let wait = Duration::from_millis(60);
        let device = v4l::Device::with_path(node).unwrap();
        let about = Metadata { bytesused: 4, ..Metadata::default() };
        let format = Format { width: 2, height: 2, encoding: Encoding::Grey, interval: (1001, 30_000) };
        let stream = Piped { device, wait, grey: [1, 2, 3, 4], about };
        let mut camera = Direct { stream, format, stride: 2, name: "piped".to_owned() };

        let asked = now();
        let Err(silent) = camera.next() else { panic!("nothing was there") };
        let waited = now().duration_since(asked);
        assert!(waited >= wait && waited < TIMEOUT, "{waited:?}");
        assert_eq!((silent.fault, silent.what.as_str()), (Fault::NotResponding, "the camera gave no frame for 5 s"));

        writes.write_all(b"a frame").unwrap();
        assert!(camera.next().is_ok(), "a frame ends the wait at once");
        drop(writes);
    }

    #[test]
    fn a_node_that_is_no_camera_says_what_to_do() {
        let missing = offers(Path::new("/dev/no-such-camera")).expect_err("nothing there");
        assert!(missing.fault == Fault::NotReachable && missing.what.contains("connect the camera"), "{missing}");
        let format = Format { width: 640, height: 480, encoding: Encoding::Yuyv, interval: (1001, 30_000) };
        let Err(error) = Direct::open(Path::new("/dev/null"), format) else { panic!("/dev/null is no camera") };
        assert!(error.what.contains("/dev/null"), "{error}");
    }
}
