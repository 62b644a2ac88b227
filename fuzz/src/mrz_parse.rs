//! Any text: a zone or a sentence about what is wrong.
#![no_main]

use card_reader::date::Date;
use card_reader::mrz::{normalise, parse};
use card_reader::profiles::builtin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = normalise(bytes);
    let text = String::from_utf8_lossy(bytes);
    let today = Date::new(2026, 11, 25).unwrap();
    match parse(&text, today) {
        Ok(mrz) => {
            let (lines, characters) = mrz.format.size();
            assert!(mrz.lines.len() == lines && mrz.lines.iter().all(|l| l.chars() == characters));
            drop(mrz.document(builtin()));
        }
        Err(malformed) => assert!(!malformed.to_string().is_empty()),
    }
});
