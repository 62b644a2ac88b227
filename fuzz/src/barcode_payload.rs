//! Any payload of a barcode: what it is is told, and each parser gives an answer. A flipped bit of a signed seal never verifies.
#![no_main]

use card_reader::barcode::Kind;
use card_reader::barcode::aamva::Licence;
use card_reader::barcode::bcbp::BoardingPass;
use card_reader::date::Date;
use card_reader::profiles::builtin;
use card_reader::seal::{Seal, TrustStore, VdsNc, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Kind::of(bytes).name();
    if let Ok(licence) = Licence::parse(bytes) {
        let _ = licence.whole();
        drop(licence.document(builtin()));
    }
    let _ = BoardingPass::parse(bytes);
    let _ = VdsNc::parse(bytes);
    if let Ok(seal) = Seal::parse(bytes) {
        let today = Date::new(2026, 11, 25).unwrap();
        // Nobody is trusted: nothing that a fuzzer writes is valid.
        assert!(!check(&seal, &TrustStore::nobody(), today).is_valid());
        let _ = (seal.zone(), seal.passport_number());
    }
});
