//! Any text as an A-Number or a receipt number: the canonical form, which reads back alike, or a sentence.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verification_api::identifiers::{Identifier, IdentifierType, WireIdentifier};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for kind in [IdentifierType::ANumber, IdentifierType::Receipt] {
        match Identifier::parse(kind, &text) {
            Ok(identifier) => {
                let length = identifier.canonical().chars();
                assert!(length == 10 || (length == 13 || length == 14) && kind == IdentifierType::Receipt);
                assert!(identifier.canonical().expose(|text| Identifier::parse(kind, text)) == Ok(identifier.clone()));
                assert!(identifier.display().expose(|text| Identifier::parse(kind, text)) == Ok(identifier.clone()));
                assert!(WireIdentifier::from(&identifier).to_identifier() == Ok(identifier));
            }
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
});
