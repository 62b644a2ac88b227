//! The pictures that are measured: two drawn ones kept as files (nobody on them exists), the others made from them or
//! computed, so that the measures compare from one revision to the next.
#![expect(clippy::expect_used, reason = "a bench without its pictures cannot run")]

use card_reader::ocr::LumaImage;

fn kept(bytes: &[u8]) -> LumaImage {
    card_reader::picture::decode(bytes).expect("the bench's own picture decodes")
}

/// A passport before a camera, 1280×960.
pub(crate) fn zone() -> LumaImage {
    kept(include_bytes!("zone.jpg"))
}

/// A page of typewritten capitals and digits, 1280×960: the costliest kind without a zone.
#[allow(dead_code, reason = "one of the two benches does not use it")]
pub(crate) fn text() -> LumaImage {
    kept(include_bytes!("text.jpg"))
}

/// An empty desk, 1280×960.
pub(crate) fn desk() -> LumaImage {
    let (width, height) = (1280usize, 960usize);
    let mut state = 1u32;
    let pixels = (0..width * height)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let light = 120 - (i % width) / 64 - (i / width) / 64;
            (light + (state >> 28) as usize % 8) as u8
        })
        .collect();
    LumaImage { width, height, pixels }
}

/// The passport at 12 megapixels, 4000×3000.
pub(crate) fn large() -> LumaImage {
    let small = zone();
    let small = image::GrayImage::from_raw(small.width as u32, small.height as u32, small.pixels).expect("whole rows");
    let large = image::imageops::resize(&small, 4000, 3000, image::imageops::FilterType::Triangle);
    LumaImage { width: 4000, height: 3000, pixels: large.into_raw() }
}
