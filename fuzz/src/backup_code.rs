//! Any text as a backup code: a code that is written back alike, or the place of what is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verification_api::backup_code::{BackupCode, group_agrees, typed_symbol};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match BackupCode::parse(&text) {
        Ok(code) => {
            assert!(code.text().expose(BackupCode::parse) == Ok(code.clone()));
            assert!(code.qr_text().expose(BackupCode::from_qr) == Ok(code.clone()));
            code.text().expose(|text| {
                assert!(text.split('-').enumerate().all(|(at, group)| group_agrees(at + 1, group)));
            });
            code.secret().expose(|secret| assert_eq!(secret.len(), code.groups().count() * 4));
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
    let _ = BackupCode::from_qr(&text);
    for number in 0..8 {
        let _ = group_agrees(number, &text);
    }
    let _ = text.chars().next().and_then(typed_symbol);
});
