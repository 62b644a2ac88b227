//! A camera that films what it is shown: writes frames into a `v4l2loopback`, from whose other end the kiosk takes them. The
//! frames are made beforehand ([`write`]): an emulated processor takes seconds for one.

use crate::harness::wait::pause;
use crate::harness::{OrTrouble, Outcome, Trouble};
use card_reader::camera::format::Encoding;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Rgb, RgbImage};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;
use v4l::format::FourCC;
use v4l::video::Output;
use v4l::video::output::Parameters;

/// What every frame measures.
pub const SIZE: (u32, u32) = (1280, 960);
const RATE: u32 = 15;
/// What lies under the camera if nothing does, and its grey.
pub const TRAY: &str = "tray";
const GREY: u8 = 70;

/// A picture twice, the second time with a trace of noise: no sensor gives the same picture twice.
type Frames = [Vec<u8>; 2];

/// A running camera. Dropped, it is gone, and so is the format of its node.
pub struct Film {
    encoding: Encoding,
    pictures: Sender<Frames>,
}

impl Film {
    /// Films the empty tray of `folder` into `node`.
    ///
    /// # Errors
    /// There is no such node, it refuses the format, or there are no frames of a tray.
    pub fn start(node: &Path, encoding: Encoding, folder: &Path) -> Outcome<Self> {
        let cannot = || format!("{} takes no film", node.display());
        let mut device = v4l::Device::with_path(node).or_trouble(cannot)?;
        let format = v4l::Format::new(SIZE.0, SIZE.1, FourCC::new(&encoding.four_letters()));
        let given = Output::set_format(&device, &format).or_trouble(cannot)?;
        if given.fourcc.repr != encoding.four_letters() || (given.width, given.height) != SIZE {
            return Err(Trouble(format!("{} stays with its old format: {given}", node.display())));
        }
        Output::set_params(&device, &Parameters::with_fps(RATE)).or_trouble(cannot)?;
        let (pictures, shown) = channel();
        let tray = read(folder, TRAY, encoding)?;
        std::thread::Builder::new()
            .name("film".to_owned())
            .spawn(move || film(&mut device, tray, &shown))
            .or_trouble(cannot)?;
        Ok(Self { encoding, pictures })
    }

    /// Lays the picture `name` of `folder` under the camera.
    ///
    /// # Errors
    /// There are no frames of it.
    pub fn show(&self, folder: &Path, name: &str) -> Outcome {
        let frames = read(folder, name, self.encoding)?;
        self.pictures.send(frames).or_trouble(|| "the film has ended; the console says why")
    }
}

fn film(device: &mut v4l::Device, mut current: Frames, shown: &Receiver<Frames>) {
    for turn in 0_usize.. {
        match shown.try_recv() {
            Ok(frames) => current = frames,
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return,
        }
        if let Err(error) = device.write_all(&current[turn % 2]) {
            eprintln!("film: {error}");
            return;
        }
        pause(Duration::from_secs(1) / RATE);
    }
}

fn read(folder: &Path, name: &str, encoding: Encoding) -> Outcome<Frames> {
    let file = |turn| {
        let file = folder.join(format!("{name}.{}.{turn}", encoding.name()));
        std::fs::read(&file).or_trouble(|| format!("{} cannot be read", file.display()))
    };
    Ok([file(0)?, file(1)?])
}

/// Writes the frames of a picture into `folder`.
///
/// # Errors
/// It has another size, or the folder cannot be written.
pub fn write(folder: &Path, name: &str, encoding: Encoding, picture: &RgbImage) -> Outcome {
    for (turn, frame) in frames(picture, encoding)?.iter().enumerate() {
        let file = folder.join(format!("{name}.{}.{turn}", encoding.name()));
        std::fs::write(&file, frame).or_trouble(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// Writes the frames of an empty tray into `folder`.
///
/// # Errors
/// The folder cannot be written.
pub fn write_tray(folder: &Path, encoding: Encoding) -> Outcome {
    write(folder, TRAY, encoding, &RgbImage::from_pixel(SIZE.0, SIZE.1, Rgb([GREY; 3])))
}

fn frames(picture: &RgbImage, encoding: Encoding) -> Outcome<Frames> {
    if picture.dimensions() != SIZE {
        return Err(Trouble(format!("the picture measures {:?}, not {SIZE:?}", picture.dimensions())));
    }
    let mut noisy = picture.clone();
    for (at, pixel) in noisy.pixels_mut().enumerate() {
        if at % 97 < 9 {
            pixel.0 = pixel.0.map(|part| part.saturating_add(2));
        }
    }
    Ok([encode(picture, encoding)?, encode(&noisy, encoding)?])
}

/// BT.601, full range, as cameras and JPEG have it.
fn encode(picture: &RgbImage, encoding: Encoding) -> Outcome<Vec<u8>> {
    let luma = |Rgb([r, g, b]): &Rgb<u8>| {
        (0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b)).round() as u8
    };
    let chroma = |pixel: &Rgb<u8>| {
        let (y, Rgb([r, _, b])) = (f32::from(luma(pixel)), pixel);
        [128.0 + 0.564 * (f32::from(*b) - y), 128.0 + 0.713 * (f32::from(*r) - y)].map(|part| part.round() as u8)
    };
    Ok(match encoding {
        Encoding::Rgb => picture.as_raw().clone(),
        Encoding::Bgr => picture.pixels().flat_map(|Rgb([r, g, b])| [*b, *g, *r]).collect(),
        Encoding::Grey => picture.pixels().map(luma).collect(),
        Encoding::Yuyv => {
            let pixels: Vec<&Rgb<u8>> = picture.pixels().collect();
            let pairs = pixels.chunks_exact(2);
            pairs
                .flat_map(|pair| {
                    let [u, v] = chroma(pair[0]);
                    [luma(pair[0]), u, luma(pair[1]), v]
                })
                .collect()
        }
        Encoding::Nv12 => {
            let rows = (0..SIZE.1).step_by(2).flat_map(|y| (0..SIZE.0).step_by(2).map(move |x| (x, y)));
            let colours = rows.flat_map(|(x, y)| chroma(picture.get_pixel(x, y)));
            picture.pixels().map(luma).chain(colours).collect()
        }
        Encoding::Mjpeg => {
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, 92)
                .encode(picture.as_raw(), SIZE.0, SIZE.1, ExtendedColorType::Rgb8)
                .or_trouble(|| "no JPEG")?;
            bytes
        }
    })
}
