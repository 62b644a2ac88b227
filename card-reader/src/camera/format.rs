//! What a camera can deliver: encoding, size, rate; which of several offers reads best; its bytes to a [`Picture`].

use super::pixels::MAX_PIXELS;
use super::{Layout, Picture, SourceError};
use crate::reader::Fault;
use std::cmp::Reverse;
use std::fmt;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// How a camera encodes its pictures; those that are understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A JPEG each, perhaps without the tables that every JPEG of a camera shares.
    Mjpeg,
    Yuyv,
    Nv12,
    Grey,
    Rgb,
    Bgr,
}

impl Encoding {
    pub const ALL: [Self; 6] = [Self::Mjpeg, Self::Yuyv, Self::Nv12, Self::Grey, Self::Rgb, Self::Bgr];

    /// V4L2's four letters for it.
    #[must_use]
    pub const fn four_letters(self) -> [u8; 4] {
        *match self {
            Self::Mjpeg => b"MJPG",
            Self::Yuyv => b"YUYV",
            Self::Nv12 => b"NV12",
            Self::Grey => b"GREY",
            Self::Rgb => b"RGB3",
            Self::Bgr => b"BGR3",
        }
    }

    /// The encoding with these letters; `None` for one that is not understood.
    #[must_use]
    pub fn of(letters: [u8; 4]) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.four_letters() == letters)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mjpeg => "MJPEG",
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
            Self::Grey => "GREY",
            Self::Rgb => "RGB",
            Self::Bgr => "BGR",
        }
    }

    const fn layout(self) -> Option<Layout> {
        match self {
            Self::Mjpeg => None,
            Self::Yuyv => Some(Layout::Yuyv),
            Self::Nv12 => Some(Layout::Nv12),
            Self::Grey => Some(Layout::Grey),
            Self::Rgb => Some(Layout::Rgb),
            Self::Bgr => Some(Layout::Bgr),
        }
    }

    /// The picture in `bytes`; `None` if they are no whole picture. A JPEG has its own size, which counts.
    #[must_use]
    pub fn picture(self, width: usize, height: usize, bytes: &[u8]) -> Option<Picture> {
        match self.layout() {
            Some(layout) => Picture::new(width, height, layout, bytes.to_vec()),
            None => jpeg(bytes),
        }
    }

    /// As [`Encoding::picture`], of rows that begin `stride` bytes apart.
    #[must_use]
    pub fn picture_with_stride(self, width: usize, height: usize, stride: usize, bytes: &[u8]) -> Option<Picture> {
        let Some((row, rows)) = self.rows(width, height) else { return jpeg(bytes) };
        if stride <= row {
            return self.picture(width, height, bytes);
        }
        let tight: Vec<u8> =
            bytes.chunks(stride).take(rows).flat_map(|line| &line[..row.min(line.len())]).copied().collect();
        self.picture(width, height, &tight)
    }

    /// Bytes in a row and how many rows there are; `None` of a JPEG.
    const fn rows(self, width: usize, height: usize) -> Option<(usize, usize)> {
        match self {
            Self::Mjpeg => None,
            Self::Yuyv => Some((width * 2, height)),
            Self::Nv12 => Some((width, height + height.div_ceil(2))),
            Self::Grey => Some((width, height)),
            Self::Rgb | Self::Bgr => Some((width * 3, height)),
        }
    }
}

/// Larger than any camera that is used here.
const MAX_SIDE: usize = 10_000;

/// Of a JPEG with more pixels only the grey is decoded: its colours would take three times the memory, for a small preview
/// alone.
const COLOUR_PIXELS: usize = 4_000_000;

fn jpeg(bytes: &[u8]) -> Option<Picture> {
    jpeg_in_colour_up_to(bytes, COLOUR_PIXELS)
}

fn jpeg_in_colour_up_to(bytes: &[u8], most: usize) -> Option<Picture> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(MAX_SIDE).set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    let pixels = width.checked_mul(height).filter(|pixels| *pixels <= MAX_PIXELS)?;
    let grey_within = matches!(decoder.input_colorspace()?, ColorSpace::YCbCr | ColorSpace::Luma);
    let (colours, layout) =
        if pixels > most && grey_within { (ColorSpace::Luma, Layout::Grey) } else { (ColorSpace::RGB, Layout::Rgb) };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    Picture::new(width, height, layout, decoder.decode().ok()?)
}

/// Drivers round up to whole pages.
const PAGE: usize = 4096;

/// One offer of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub width: u32,
    pub height: u32,
    pub encoding: Encoding,
    /// Seconds from frame to frame, numerator and denominator; never 0.
    pub interval: (u32, u32),
}

impl Format {
    /// Frames in a thousand seconds.
    #[must_use]
    pub fn millihertz(self) -> u64 {
        u64::from(self.interval.1) * 1000 / u64::from(self.interval.0.max(1))
    }

    /// The picture in a frame whose rows begin `stride` bytes apart (0: without a gap). A JPEG has its own size.
    ///
    /// # Errors
    /// The frame is none ([`SourceError::passing`]): broken, or of another size than was set.
    pub fn picture(self, stride: usize, frame: &[u8]) -> Result<Picture, SourceError> {
        let picture = self.encoding.picture_with_stride(self.width as usize, self.height as usize, stride, frame);
        picture.ok_or_else(|| match self.encoding {
            Encoding::Mjpeg => {
                SourceError::of_frame(Fault::ProtocolErrors, "the camera gave a frame that is no whole picture")
            }
            _ => self.wrong_size(frame.len()),
        })
    }

    /// As [`Format::picture`], of exactly the bytes that the driver says it has filled.
    ///
    /// # Errors
    /// As there; also if they are more than a picture of this size has.
    pub fn picture_filled(self, stride: usize, filled: &[u8]) -> Result<Picture, SourceError> {
        let rows = self.encoding.rows(self.width as usize, self.height as usize);
        if rows.is_some_and(|(row, rows)| filled.len() >= row.max(stride) * rows + PAGE) {
            return Err(self.wrong_size(filled.len()));
        }
        self.picture(stride, filled)
    }

    fn wrong_size(self, bytes: usize) -> SourceError {
        let Self { width, height, encoding, .. } = self;
        let what = format!("the camera gave a frame of {bytes} bytes for {width}x{height} {}", encoding.name());
        SourceError::of_frame(Fault::WrongSize, what)
    }

    /// Whether the interval is one second divided by a whole number, written like that. nokhwa drops all others, also
    /// 1000/25000.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.interval.0 == 1
    }
}

impl fmt::Display for Format {
    /// `1280x960 YUYV, 15 frames a second`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millihertz = self.millihertz();
        write!(f, "{}x{} {}, ", self.width, self.height, self.encoding.name())?;
        if millihertz.is_multiple_of(1000) {
            write!(f, "{} frames a second", millihertz / 1000)
        } else {
            write!(f, "{:.2} frames a second", millihertz as f64 / 1000.0)
        }
    }
}

/// Near 1280×960 at ten frames or more; among these without the artefacts of compression, then the markedly faster one,
/// then one in colour, which the preview shows, then one that nokhwa serves.
#[must_use]
pub fn best(offered: &[Format]) -> Option<Format> {
    const WANTED: i64 = 1280 * 960;
    offered.iter().filter(|format| format.millihertz() > 0).copied().min_by_key(|format| {
        let pixels = i64::from(format.width) * i64::from(format.height);
        // Too small loses characters, too large only time.
        let size = if pixels < WANTED { (WANTED - pixels) * 2 } else { (pixels - WANTED) / 2 };
        let slow = format.millihertz() < 9_900;
        let compressed = format.encoding == Encoding::Mjpeg;
        let rate = format.millihertz().min(29_900);
        // Ten, fifteen, twenty-five: nobody sees the difference between others.
        let pace = [9_900, 14_900, 24_900].iter().filter(|pace| rate >= **pace).count();
        let grey = format.encoding == Encoding::Grey;
        (slow, size, compressed, Reverse(pace), grey, !format.is_whole(), Reverse(rate))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Layout;
    use super::{Encoding, Format, best};
    use crate::reader::Fault;
    use image::{DynamicImage, ImageFormat, RgbImage};
    use std::io::Cursor;

    fn format(width: u32, height: u32, encoding: Encoding, rate: u32) -> Format {
        Format { width, height, encoding, interval: (1, rate) }
    }

    #[test]
    fn the_format_that_reads_best_is_chosen() {
        let offered = [
            format(640, 480, Encoding::Yuyv, 30),
            format(1280, 960, Encoding::Yuyv, 5),
            format(1280, 960, Encoding::Mjpeg, 30),
            format(1920, 1080, Encoding::Mjpeg, 30),
        ];
        assert_eq!(best(&offered), Some(offered[2]), "ten frames a second count more than no compression");
        assert_eq!(best(&offered[..2]), Some(offered[0]));
        let uncompressed = format(1280, 960, Encoding::Nv12, 15);
        assert_eq!(best(&[offered[2], uncompressed]), Some(uncompressed));
        let grey = format(1280, 960, Encoding::Grey, 15);
        assert_eq!(best(&[grey, uncompressed]), Some(uncompressed), "colour for the preview");
        assert_eq!(best(&[offered[0], grey]), Some(grey));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn a_fractional_rate_is_as_good_as_a_whole_one_and_a_whole_one_wins_a_tie() {
        let ntsc = Format { interval: (1001, 30_000), ..format(1280, 960, Encoding::Yuyv, 30) };
        assert_eq!(ntsc.to_string(), "1280x960 YUYV, 29.97 frames a second");
        assert!(!ntsc.is_whole());
        assert_eq!(best(&[ntsc, format(1280, 960, Encoding::Yuyv, 10)]), Some(ntsc));
        let whole = format(1280, 960, Encoding::Yuyv, 30);
        assert_eq!(best(&[ntsc, whole]), Some(whole));
        let half = Format { interval: (2, 25), ..ntsc };
        let ten = format(1280, 960, Encoding::Yuyv, 10);
        assert_eq!(best(&[half, ten]), Some(ten), "12.5 a second are hardly more");
        let slow = Format { interval: (1001, 10_000), ..ntsc };
        assert_eq!(best(&[slow, format(640, 480, Encoding::Yuyv, 30)]), Some(slow), "9.99 a second are ten");
        let stopped = Format { interval: (1, 0), ..ntsc };
        assert_eq!(best(&[stopped]), None);
        assert_eq!(format(640, 480, Encoding::Grey, 15).to_string(), "640x480 GREY, 15 frames a second");
    }

    #[test]
    fn letters_are_those_of_the_kernel() {
        assert_eq!(Encoding::of(*b"GREY"), Some(Encoding::Grey));
        assert_eq!(Encoding::of(*b"MJPG"), Some(Encoding::Mjpeg));
        assert_eq!(Encoding::of(*b"H264"), None);
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::of(encoding.four_letters()), Some(encoding));
        }
    }

    /// Full red, green and blue and mid grey in the conversion of BT.601 (full range, as cameras and JPEG have it):
    /// Y = 0.299 R + 0.587 G + 0.114 B, U = 128 + 0.564 (B − Y), V = 128 + 0.713 (R − Y).
    const COLOURS: [([u8; 3], [u8; 3]); 4] = [
        ([255, 0, 0], [76, 85, 255]),
        ([0, 255, 0], [150, 44, 21]),
        ([0, 0, 255], [29, 255, 107]),
        ([128, 128, 128], [128, 128, 128]),
    ];

    #[test]
    fn known_pixels_come_out_of_every_encoding() {
        for (rgb, [y, u, v]) in COLOURS {
            let (width, height) = (16, 8);
            let pixels = width * height;
            for encoding in Encoding::ALL {
                let bytes = match encoding {
                    Encoding::Grey => vec![y; pixels],
                    Encoding::Rgb => rgb.repeat(pixels),
                    Encoding::Bgr => [rgb[2], rgb[1], rgb[0]].repeat(pixels),
                    Encoding::Yuyv => [y, u, y, v].repeat(pixels / 2),
                    Encoding::Nv12 => [vec![y; pixels], [u, v].repeat(pixels / 4)].concat(),
                    Encoding::Mjpeg => jpeg_of(rgb, width, height),
                };
                let picture = encoding.picture(width, height, &bytes).expect("a whole picture");
                let luma = picture.luma();
                assert_eq!((luma.width, luma.height), (width, height));
                let near = |a: u8, b: u8| a.abs_diff(b) <= 3;
                assert!(
                    luma.pixels.iter().all(|pixel| near(*pixel, y)),
                    "{encoding:?} {rgb:?}: {:?}",
                    &luma.pixels[..4]
                );
                let wanted = if encoding == Encoding::Grey { [y; 3] } else { rgb };
                let preview = picture.preview((16, 8));
                let shown = &preview.rgba[4 * 50..4 * 50 + 3];
                assert!(shown.iter().zip(wanted).all(|(a, b)| near(*a, b)), "{encoding:?} {rgb:?}: {shown:?}");
            }
        }
    }

    fn jpeg_of(rgb: [u8; 3], width: usize, height: usize) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_pixel(width as u32, height as u32, image::Rgb(rgb));
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).expect("into memory");
        bytes.into_inner()
    }

    /// Cameras leave out the Huffman tables of the standard, put AVI1 into the header, and send what is left of a
    /// larger buffer behind the picture.
    #[test]
    fn a_cameras_jpeg_without_its_tables_and_with_bytes_behind_it_is_read() {
        let whole = jpeg_of([128; 3], 64, 32);
        let mut bare = Vec::from(&whole[..2]);
        bare.extend_from_slice(b"\xff\xe0\x00\x10AVI1\0\0\0\0\0\0\0\0\0\0");
        let mut at = 2;
        while whole[at + 1] != 0xda {
            let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
            if ![0xc4, 0xe0].contains(&whole[at + 1]) {
                bare.extend_from_slice(&whole[at..end]);
            }
            at = end;
        }
        bare.extend_from_slice(&whole[at..]);
        bare.extend_from_slice(&[0; 500]);
        let picture = Encoding::Mjpeg.picture(64, 32, &bare).expect("the tables of the standard");
        assert_eq!(picture.size(), (64, 32));
        assert!(picture.luma().pixels.iter().all(|pixel| pixel.abs_diff(128) <= 3));
    }

    /// Red to the left, blue to the right, white below, 72×40, with the colours at half the width, or half of both.
    const HALF_WIDTH: &[u8] = include_bytes!("../../testdata/camera_422.jpg");
    const HALF_OF_BOTH: &[u8] = include_bytes!("../../testdata/camera_420.jpg");

    #[test]
    fn the_grey_of_a_large_jpeg_is_that_of_its_colours() {
        let full = jpeg_of([255, 0, 0], 72, 40);
        for (name, bytes, right) in
            [("full", full.as_slice(), 76), ("4:2:2", HALF_WIDTH, 29), ("4:2:0", HALF_OF_BOTH, 29)]
        {
            let grey = super::jpeg_in_colour_up_to(bytes, 0).expect("a picture");
            assert_eq!((grey.layout(), grey.size()), (Layout::Grey, (72, 40)), "{name}");
            let colour = super::jpeg_in_colour_up_to(bytes, 72 * 40).expect("a picture");
            assert_eq!(colour.layout(), Layout::Rgb);
            for grey in [grey.into_luma(), colour.luma()] {
                let at = |x: usize, y: usize| grey.pixels[y * 72 + x];
                let below = if name == "full" { 76 } else { 255 };
                for (place, wanted) in
                    [((4, 4), 76), ((24, 20), 76), ((50, 4), right), ((70, 20), right), ((36, 38), below)]
                {
                    let found = at(place.0, place.1);
                    assert!(found.abs_diff(wanted) <= 4, "{name} at {place:?}: {found} for {wanted}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_whole_picture_is_refused() {
        for encoding in Encoding::ALL {
            assert!(encoding.picture(64, 32, &[]).is_none(), "{encoding:?}");
            assert!(encoding.picture(64, 32, &[7; 64]).is_none(), "{encoding:?}");
        }
        let mut huge = jpeg_of([9; 3], 16, 16);
        let size = huge.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("the frame header") + 5;
        huge[size..size + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        assert!(Encoding::Mjpeg.picture(16, 16, &huge).is_none(), "65535 pixels a side");
    }

    /// What a driver fills for 4×2 pixels: exactly that, or rounded up to a page, or it was another size.
    #[test]
    fn a_frame_of_another_size_than_was_set_is_called_that() {
        for (encoding, bytes) in [(Encoding::Grey, 8), (Encoding::Yuyv, 16), (Encoding::Nv12, 12), (Encoding::Rgb, 24)]
        {
            let small = format(4, 2, encoding, 30);
            let given = |bytes| small.picture_filled(0, &vec![7; bytes]).map(|picture| picture.size());
            assert_eq!(given(bytes), Ok((4, 2)));
            assert_eq!(given(bytes + 4095), Ok((4, 2)));
            for wrong in [bytes - 1, bytes + 4096] {
                assert!(given(wrong).is_err_and(|error| error.passing && error.fault == Fault::WrongSize), "{wrong}");
            }
        }
        let camera = format(16, 8, Encoding::Mjpeg, 30);
        let torn = camera.picture(0, &jpeg_of([9; 3], 16, 8)[..40]).map(|picture| picture.size());
        assert!(torn.is_err_and(|error| error.passing && error.fault == Fault::ProtocolErrors));
    }

    #[test]
    fn rows_with_something_between_them_are_put_together() {
        let padded = [vec![1, 2, 3, 4, 9, 9], vec![5, 6, 7, 8, 9, 9]].concat();
        let picture = Encoding::Grey.picture_with_stride(4, 2, 6, &padded).expect("two rows");
        assert_eq!(picture.luma().pixels, [1, 2, 3, 4, 5, 6, 7, 8]);
        let padded = [vec![1, 2, 0], vec![3, 4, 0], vec![128, 128, 0]].concat();
        let picture = Encoding::Nv12.picture_with_stride(2, 2, 3, &padded).expect("two rows and one of colour");
        assert_eq!(picture.luma().pixels, [1, 2, 3, 4]);
        assert!(Encoding::Grey.picture_with_stride(4, 2, 6, &padded[..5]).is_none());
    }
}
