//! Wrong PINs: the fifth in a row locks for 15 seconds, each further one twice as long, up to 15 minutes. Pure; the
//! counter lies in a file, so that it survives a power cut, and is charged before the PIN is looked at.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const FREE_TRIES: u32 = 4;
const FIRST_LOCK_MS: u64 = 15_000;
const LONGEST_LOCK_MS: u64 = 15 * 60_000;

/// Tries charged so far, and when the lock ends in milliseconds of a boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Lockout {
    failures: u32,
    locked_until_ms: u64,
    boot: String,
}

impl Lockout {
    /// Charges a try at `now_ms` of boot `boot`. `false`: locked, the PIN must not be looked at.
    pub fn charge(&mut self, boot: &str, now_ms: u64) -> bool {
        if self.boot != boot {
            // Another boot has another monotonic time: a lock that was running starts again in full.
            let running = if self.locked_until_ms > 0 { lock_ms(self.failures) } else { 0 };
            boot.clone_into(&mut self.boot);
            self.locked_until_ms = if running > 0 { now_ms + running } else { 0 };
        }
        if now_ms < self.locked_until_ms {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let lock = lock_ms(self.failures);
        self.locked_until_ms = if lock > 0 { now_ms + lock } else { 0 };
        true
    }

    /// The PIN was right.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

const fn lock_ms(failures: u32) -> u64 {
    if failures <= FREE_TRIES {
        return 0;
    }
    let doublings = failures - FREE_TRIES - 1;
    let doublings = if doublings > 6 { 6 } else { doublings };
    let lock = FIRST_LOCK_MS << doublings;
    if lock < LONGEST_LOCK_MS { lock } else { LONGEST_LOCK_MS }
}

/// A [`Lockout`] kept in a file.
pub struct KeptLockout {
    file: PathBuf,
    lockout: Mutex<Lockout>,
}

impl KeptLockout {
    /// What an earlier run left in `file`; nothing if it cannot be read.
    #[must_use]
    pub fn open(file: &Path) -> Self {
        let kept = std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file: file.to_owned(), lockout: Mutex::new(kept) }
    }

    /// Charges a try and keeps the count before saying so. `false`: locked, or the count cannot be kept.
    #[must_use]
    pub fn charge(&self, boot: &str, now_ms: u64) -> bool {
        let mut lockout = self.lockout.lock().unwrap_or_else(PoisonError::into_inner);
        lockout.charge(boot, now_ms) && self.keep(&lockout)
    }

    /// The PIN was right.
    pub fn clear(&self) {
        let mut lockout = self.lockout.lock().unwrap_or_else(PoisonError::into_inner);
        lockout.clear();
        // A count that stays behind locks earlier, never later.
        self.keep(&lockout);
    }

    fn keep(&self, lockout: &Lockout) -> bool {
        let kept = serde_json::to_vec(lockout).map_err(std::io::Error::from);
        let kept = kept.and_then(|bytes| crate::journal::disk::write_whole(&self.file, &bytes));
        if let Err(error) = &kept {
            tracing::error!(
                "{}: the count of wrong PINs cannot be kept ({error}); no PIN is taken",
                self.file.display()
            );
        }
        kept.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptLockout, Lockout};

    #[test]
    fn the_fifth_wrong_pin_locks_for_15_s_and_each_further_one_twice_as_long() {
        let mut lockout = Lockout::default();
        for _ in 0..5 {
            assert!(lockout.charge("a", 1000));
        }
        assert!(!lockout.charge("a", 15_999));
        assert!(lockout.charge("a", 16_000), "the sixth");
        assert!(!lockout.charge("a", 16_000 + 29_999));
        assert!(lockout.charge("a", 16_000 + 30_000));
        lockout.clear();
        assert!(lockout.charge("a", 0));
    }

    #[test]
    fn a_lock_never_grows_beyond_15_minutes() {
        let mut lockout = Lockout::default();
        let mut now = 0;
        for _ in 0..40 {
            assert!(lockout.charge("a", now));
            now += 900_000;
        }
    }

    #[test]
    fn the_count_survives_a_power_cut_and_a_running_lock_starts_again() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("lockout");
        let kept = KeptLockout::open(&file);
        for _ in 0..5 {
            assert!(kept.charge("a", 0));
        }
        let kept = KeptLockout::open(&file);
        assert!(!kept.charge("a", 14_999));
        let kept = KeptLockout::open(&file);
        assert!(!kept.charge("b", 3), "in another boot the lock begins again");
        assert!(!kept.charge("b", 14_999));
        assert!(kept.charge("b", 15_003));
    }
}
