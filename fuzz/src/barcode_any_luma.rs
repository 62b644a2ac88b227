//! Any grey picture through the barcode decoders: no panic but those that are caught and counted, and codes of our symbologies.
#![no_main]

use card_reader::barcode::{Effort, panics, read};
use card_reader::ocr::LumaImage;
use libfuzzer_sys::fuzz_target;

/// At most this many pixels: a run must be quick to find much.
const MOST: usize = 1 << 17;

fuzz_target!(|bytes: &[u8]| {
    let [how, wide, high, rest @ ..] = bytes else { return };
    let module = 1 + usize::from(how >> 4);
    let (width, height) = ((1 + usize::from(*wide)) * module, (1 + usize::from(*high)) * module);
    let height = height.min(MOST / width);
    let mut pixels = vec![230; width * height];
    // Bits as modules, or bytes as greys.
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let cell = at / width / module * (1 + usize::from(*wide)) + at % width / module;
        if how & 1 == 0 {
            let byte = rest.get(cell / 8).copied().unwrap_or(0);
            if byte >> (cell % 8) & 1 == 1 {
                *pixel = 20;
            }
        } else if let Some(byte) = rest.get(cell) {
            *pixel = *byte;
        }
    }
    let effort = [Effort::Frame, Effort::FullFrame, Effort::Still][usize::from(how >> 1) % 3];
    let before = panics();
    for barcode in read(&LumaImage { width, height, pixels }, effort) {
        assert!(!barcode.payload.is_empty() && !barcode.symbology.name().is_empty());
    }
    assert_eq!(panics(), before, "the library panicked: to be told to its authors");
});
