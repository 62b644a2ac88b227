//! Any text as a certificate request, and any bytes as what is inside the PEM: a P-256 key, or a sentence.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use verification_service::pki::requested_key;

fuzz_target!(|bytes: &[u8]| {
    let framed =
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", STANDARD.encode(bytes));
    for text in [&*String::from_utf8_lossy(bytes), &framed] {
        if let Err(why) = requested_key(text) {
            assert!(!why.to_string().is_empty());
        }
    }
});
