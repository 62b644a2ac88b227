//! Points at which a test ends the process as a power cut would. Without the feature `simulated`, which no package has,
//! they are nothing.

/// Every point, in the order of a redemption.
pub const ALL: [&str; 8] = [
    "charge.before_commit",
    "charge.committed",
    "derived",
    "redeem.before_commit",
    "redeem.committed",
    "once.before_commit",
    "once.committed",
    "reply",
];

/// Ends the process if `SERVICE_FAILPOINT` is `NAME:N` and this is the N-th time that `name` is reached.
#[cfg(feature = "simulated")]
pub fn reach(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static WANTED: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
        let wanted = std::env::var("SERVICE_FAILPOINT").ok()?;
        let (name, nth) = wanted.split_once(':')?;
        Some((name.to_owned(), AtomicI64::new(nth.parse().ok()?)))
    });
    if let Some((wanted, left)) = &*WANTED
        && wanted == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "simulated"))]
pub const fn reach(_name: &str) {}
