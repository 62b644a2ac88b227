//! Any bytes as a picture file: pixels within the limits, or a sentence.
#![no_main]

use card_reader::picture::{MAX_PIXELS, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match decode(bytes) {
        Ok(picture) => {
            assert_eq!(picture.pixels.len(), picture.width * picture.height);
            assert!(picture.pixels.len() as u64 <= MAX_PIXELS && !picture.pixels.is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
