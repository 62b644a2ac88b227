//! Any texts as names: split, transliterated, compared, written into a field of a zone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verification_api::names::{Name, agree, write_field};
use verification_api::personal::PersonalText;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (one, two) = text.split_once('\n').unwrap_or((&text, ""));
    let read = Name::split(one);
    let identifiers = Name::of_identifiers(&PersonalText::from(one), Some(&PersonalText::from(two)));
    for record in [Name::of_record(one), Name::of_record(two)] {
        match record {
            Ok(record) => {
                let _ = (agree(&read, &record), agree(&identifiers, &record), agree(&record, &record));
                let _ = (record.primary(), record.secondary());
                for width in [0, 1, 30, 31, 39] {
                    if let Ok(field) = write_field(&record, width) {
                        assert_eq!(field.chars().count(), width);
                        assert!(field.bytes().all(|b| b.is_ascii_uppercase() || b == b'<'), "{field}");
                    }
                }
            }
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
});
