//! Any text as the header `Kiosk-Signature`, and any bytes as what was signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verification_api::wire::KioskSignature;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Some(signature) = KioskSignature::parse(&text) {
        assert_eq!(signature.spki_sha256.len(), 64);
        assert!(KioskSignature::parse(&signature.header()) == Some(signature));
    }
});
