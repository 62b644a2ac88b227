//! A picture file's bytes to grey pixels, within limits: what is too large is refused before it is decoded.

use crate::ocr::LumaImage;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Pictures of more pixels are refused.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Files of more bytes are refused: no picture within [`MAX_PIXELS`] that a camera or a scanner writes has as many.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What a decoder may allocate: 40 megapixels of 8-bit RGBA, and room to work.
const MAX_ALLOCATION: u64 = 320 * 1024 * 1024;

/// Why a file gives no picture. Each reads after the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    #[error("is not a picture this program can open (PNG, JPEG, TIFF, PNM, WebP)")]
    NotAPicture,
    #[error("is a picture that ends early or is damaged: copy it again from where it came")]
    Damaged,
    #[error("has {width}×{height} pixels; pictures of more than 40 megapixels are refused: scale it down")]
    TooManyPixels { width: u32, height: u32 },
    #[error("needs more memory to open than is allowed: save it with 8 bits a colour")]
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
    limits.max_alloc = Some(MAX_ALLOCATION);
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
    if decoder.total_bytes() > MAX_ALLOCATION {
        return Err(PictureError::TooMuchMemory);
    }
    // The JPEG decoder fills a missing rest with grey: a zone may be missing with it.
    if format == ImageFormat::Jpeg && !jpeg_has_its_end(bytes) {
        return Err(PictureError::Damaged);
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| why(&error))?;
    let mut grey = DynamicImage::ImageLuma8(to_grey(picture));
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

fn to_grey(picture: DynamicImage) -> image::GrayImage {
    let transparent = matches!(
        picture.color(),
        ColorType::La8 | ColorType::La16 | ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F
    );
    if !transparent {
        return picture.into_luma8();
    }
    let with_alpha = picture.into_luma_alpha8();
    let mut grey = image::GrayImage::new(with_alpha.width(), with_alpha.height());
    for (to, from) in grey.pixels_mut().zip(with_alpha.pixels()) {
        let [luma, alpha] = from.0.map(u16::from);
        to.0 = [((luma * alpha + 255 * (255 - alpha)) / 255) as u8];
    }
    grey
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
    fn transparency_is_paper() {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(image::RgbaImage::new(3, 2)).write_to(&mut bytes, ImageFormat::Png).unwrap();
        assert_eq!(decode(&bytes.into_inner()).unwrap().pixels, [255; 6]);
    }
}
