//! Any text as a technician's credential, up to its signature.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use verification_api::wire::{CREDENTIAL_PREFIX, TechnicianCredential, split_credential};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((json, signature)) = split_credential(&text) {
        assert_eq!(format!("{CREDENTIAL_PREFIX}{json}.{signature}"), text);
        let _ = URL_SAFE_NO_PAD.decode(signature);
        if let Ok(json) = URL_SAFE_NO_PAD.decode(json) {
            let _ = serde_json::from_slice::<TechnicianCredential>(&json);
        }
    }
    // What a signer might sign.
    if let Ok(credential) = serde_json::from_slice::<TechnicianCredential>(bytes) {
        let text = credential.expiry.to_string();
        assert_eq!(text.len(), 24);
    }
});
