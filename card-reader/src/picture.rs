//! A picture file's bytes to grey pixels, within limits: what is too large is refused before it is decoded.

use crate::ocr::LumaImage;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Pictures of more pixels are refused.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Files of more bytes are refused: no picture within [`MAX_PIXELS`] that a camera or a scanner writes has as many.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What a decoded picture may take: 40 megapixels of 8-bit RGBA. The grey picture takes its place.
const MAX_DECODED: u64 = 160_000_000;
/// TIFF's decoder holds the picture twice.
const MAX_DECODED_TIFF: u64 = MAX_DECODED * 5 / 8;

/// Why a file gives no picture. Each reads after the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    #[error("is not a picture this program can open (PNG, JPEG, TIFF, PNM, WebP)")]
    NotAPicture,
    #[error("is a picture that ends early or is damaged: copy it again from where it came")]
    Damaged,
    #[error("has {width}×{height} pixels; pictures of more than 40 megapixels are refused: scale it down")]
    TooManyPixels { width: u32, height: u32 },
    #[error("needs more memory to open than is allowed: save it as JPEG or PNG with 8 bits a colour")]
    TooMuchMemory,
    #[error("is larger than 256 MB: save it as PNG or JPEG")]
    TooManyBytes,
    #[error("has no pixels")]
    Empty,
}

/// Decodes a picture, turned as its EXIF orientation says, transparency over white.
///
/// # Errors
/// [`PictureError`].
pub fn decode(bytes: &[u8]) -> Result<LumaImage, PictureError> {
    // The decoders are other people's: should one panic on hostile bytes, the file is damaged and the program goes on.
    catch_unwind(AssertUnwindSafe(|| decode_within_limits(bytes))).unwrap_or(Err(PictureError::Damaged))
}

fn decode_within_limits(bytes: &[u8]) -> Result<LumaImage, PictureError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes);
    }
    let format = image::guess_format(bytes).map_err(|_| PictureError::NotAPicture)?;
    let known =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Pnm, ImageFormat::WebP].contains(&format);
    if !known {
        return Err(PictureError::NotAPicture);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MAX_DECODED);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| why(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 {
        return Err(PictureError::Empty);
    }
    if decoder.total_bytes() > if format == ImageFormat::Tiff { MAX_DECODED_TIFF } else { MAX_DECODED } {
        return Err(PictureError::TooMuchMemory);
    }
    // The JPEG decoder fills a missing rest with grey: a zone may be missing with it.
    if format == ImageFormat::Jpeg && !jpeg_has_its_end(bytes) {
        return Err(PictureError::Damaged);
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let color = decoder.color_type();
    let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| PictureError::TooMuchMemory)?];
    decoder.read_image(&mut pixels).map_err(|error| why(&error))?;
    to_grey(&mut pixels, color)?;
    let grey = GrayImage::from_raw(width, height, pixels).ok_or(PictureError::Damaged)?;
    let mut grey = DynamicImage::ImageLuma8(grey);
    grey.apply_orientation(orientation);
    let grey = grey.into_luma8();
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    Ok(LumaImage { width, height, pixels: grey.into_raw() })
}

fn why(error: &image::ImageError) -> PictureError {
    match error {
        image::ImageError::Limits(_) => PictureError::TooMuchMemory,
        _ => PictureError::Damaged,
    }
}

/// Makes grey pixels of coloured ones where they lie (a second picture of 40 megapixels would cost as much again), and
/// gives the rest of the memory back.
fn to_grey(pixels: &mut Vec<u8>, color: ColorType) -> Result<(), PictureError> {
    let channels = usize::from(color.channel_count());
    // One channel's bytes to 8 bits. The decoder writes the machine's own order of bytes.
    let (bytes, eight): (usize, fn(&[u8]) -> u8) = match color {
        ColorType::L8 => return Ok(()),
        ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => (1, |b| b[0]),
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            (2, |b| ((u32::from(u16::from_ne_bytes([b[0], b[1]])) + 128) / 257) as u8)
        }
        ColorType::Rgb32F | ColorType::Rgba32F => {
            (4, |b| (f32::from_ne_bytes([b[0], b[1], b[2], b[3]]).clamp(0.0, 1.0) * 255.0).round() as u8)
        }
        // Nothing that the known formats give.
        _ => return Err(PictureError::NotAPicture),
    };
    let step = channels * bytes;
    let count = pixels.len() / step;
    for i in 0..count {
        let value = |channel: usize| u32::from(eight(&pixels[i * step + channel * bytes..][..bytes]));
        // ITU-R BT.709.
        let luma = if channels < 3 { value(0) } else { (value(0) * 2126 + value(1) * 7152 + value(2) * 722) / 10_000 };
        let alpha = if channels.is_multiple_of(2) { value(channels - 1) } else { 255 };
        pixels[i] = ((luma * alpha + 255 * (255 - alpha)) / 255) as u8;
    }
    pixels.truncate(count);
    pixels.shrink_to_fit();
    Ok(())
}

/// Walks the segments to the first scan and looks for the end-of-image marker after it (ITU-T T.81 annex B): inside
/// coded data a 0xFF byte is always stuffed, so that FF D9 can only be the marker.
fn jpeg_has_its_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2).and_then(|b| <&[u8; 2]>::try_from(b).ok()) {
        match marker {
            0xff => at += 1, // padding
            0xda => return bytes.get(at..).unwrap_or_default().windows(2).any(|pair| pair == [0xff, 0xd9]),
            0x01 | 0xd0..=0xd7 => at += 2, // without a length
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4).and_then(|b| <&[u8; 2]>::try_from(b).ok()) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PictureError, decode};
    use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat, Luma};
    use std::io::Cursor;

    fn sample() -> DynamicImage {
        DynamicImage::ImageLuma8(GrayImage::from_fn(40, 20, |x, y| Luma([(x * 5 + y) as u8])))
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = if format == ImageFormat::Jpeg { sample().to_rgb8().into() } else { sample() };
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_format_of_the_contract_is_opened() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Pnm, ImageFormat::WebP] {
            let picture = decode(&encoded(format)).unwrap_or_else(|e| panic!("{format:?} {e}"));
            assert_eq!((picture.width, picture.height), (40, 20));
            assert_eq!(picture.pixels.len(), 800);
        }
    }

    #[test]
    fn a_picture_cut_short_is_damaged_wherever_it_is_cut() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Pnm] {
            let whole = encoded(format);
            for part in [4, 3, 2] {
                let cut = &whole[..whole.len() - whole.len() / part];
                assert_eq!(decode(cut).err(), Some(PictureError::Damaged), "{format:?} 1/{part}");
            }
        }
    }

    #[test]
    fn what_is_no_picture_is_named_so() {
        for bytes in [&b""[..], b"P<UTOERIKSSON<<ANNA", b"%PDF-1.7", b"GIF89a\x01\x00\x01\x00", b"\x00\x01\x02"] {
            assert_eq!(decode(bytes).err(), Some(PictureError::NotAPicture));
        }
    }

    #[test]
    fn a_huge_picture_is_refused_by_its_header() {
        let header = b"P5\n100000 100000\n255\n";
        assert_eq!(decode(header).err(), Some(PictureError::TooManyPixels { width: 100_000, height: 100_000 }));
    }

    #[test]
    fn the_orientation_of_the_camera_is_undone() {
        // TIFF header, one entry: orientation (0x0112) = 6, turn by 90 degrees.
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
        encoder.set_exif_metadata(exif[6..].to_vec()).unwrap();
        encoder.write_image(sample().to_luma8().as_raw(), 40, 20, ExtendedColorType::L8).unwrap();
        let picture = decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (20, 40));
    }

    #[test]
    fn every_depth_and_colour_gives_the_same_grey() {
        let grey = |picture: DynamicImage, format| {
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            decode(&bytes.into_inner()).unwrap().pixels
        };
        let expected = sample().to_luma8().into_raw();
        for picture in [
            sample().to_luma8().into(),
            sample().to_luma_alpha8().into(),
            sample().to_rgb8().into(),
            sample().to_rgba8().into(),
            sample().to_luma16().into(),
            sample().to_luma_alpha16().into(),
            sample().to_rgb16().into(),
            DynamicImage::from(sample().to_rgba16()),
        ] {
            let color = picture.color();
            assert_eq!(grey(picture, ImageFormat::Png), expected, "{color:?}");
        }
        assert_eq!(grey(sample().to_rgb32f().into(), ImageFormat::Tiff), expected);
    }

    #[test]
    fn transparency_is_paper() {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(image::RgbaImage::new(3, 2)).write_to(&mut bytes, ImageFormat::Png).unwrap();
        assert_eq!(decode(&bytes.into_inner()).unwrap().pixels, [255; 6]);
    }
}
