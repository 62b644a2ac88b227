//! Any text as what a witness of the audit log reads: signed notes, checkpoints, verifier keys, addresses of tiles.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verification_api::log::{Checkpoint, Tile, VerifierKey, note};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let keys = VerifierKey::parse_all(&text).unwrap_or_default();
    for key in &keys {
        assert!(VerifierKey::parse(&key.to_string()).as_ref() == Ok(key));
    }
    // Nobody has signed it.
    assert!(note::open(&text, &[]).is_err());
    let _ = note::open(&text, &keys);
    if let Ok(checkpoint) = Checkpoint::parse(&text) {
        assert!(Checkpoint::parse(&checkpoint.text()) == Ok(checkpoint));
    }
    if let Some((level, index)) = text.split_once('/')
        && let Some(tile) = Tile::parse(level, index)
    {
        assert_eq!(tile.path(), format!("tile/{level}/{index}"));
    }
});
