//! Security-relevant dependencies are never older than the versions whose fixes we rely on.

use std::path::Path;

/// (crate, lowest version of that line, why).
const LOWEST: [(&str, [u64; 3], &str); 2] = [
    ("rustls", [0, 23, 46], "mutual TLS: client certificates and revocation are checked as docs/api.md says"),
    ("rustls-webpki", [0, 103, 13], "revocation lists and name constraints are enforced"),
];

#[test]
fn the_lock_file_holds_no_older_tls_than_we_rely_on() {
    let lock = lock_file();
    for (name, lowest, why) in LOWEST {
        let versions = versions_of(&lock, name);
        assert!(!versions.is_empty(), "{name} is not in Cargo.lock");
        for version in versions {
            assert!(version >= lowest, "{name} {version:?} is older than {lowest:?}: {why}");
        }
    }
}

#[test]
fn there_is_one_tls_library_and_it_is_not_openssl() {
    let lock = lock_file();
    assert_eq!(versions_of(&lock, "rustls").len(), 1, "rustls is in Cargo.lock once");
    assert!(versions_of(&lock, "openssl").is_empty());
}

fn lock_file() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    // Not there: then it holds no version of anything, and each test says so.
    std::fs::read_to_string(path).unwrap_or_default()
}

fn versions_of(lock: &str, name: &str) -> Vec<[u64; 3]> {
    let heading = format!("name = \"{name}\"");
    let lines: Vec<&str> = lock.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == heading)
        .filter_map(|pair| pair[1].strip_prefix("version = \"")?.strip_suffix('"'))
        .map(|version| {
            let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
            std::array::from_fn(|_| parts.next().unwrap_or(0))
        })
        .collect()
}
