//! Officers who signed in lately, for as long as the service is away: at most twelve hours, in memory only.
//!
//! The service remains the judge: it is told `offline_since` with every decision and flags what it cannot confirm.

use crate::clock::Stamp;
use crate::lockout::KeptLockout;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, rand};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use verification_api::wire::SignInRequest;
use zeroize::Zeroizing;

const KEPT_FOR: Duration = Duration::from_secs(12 * 3600);
/// argon2id as at the service: 19 MiB, two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

pub(super) struct OfflineOfficers {
    known: Mutex<Vec<Known>>,
    lockout: KeptLockout,
}

struct Known {
    salt: [u8; 16],
    /// Of badge and PIN together.
    stretched: Zeroizing<[u8; 32]>,
    pseudonym: String,
    at: Duration,
}

pub(super) enum Admission {
    Admitted {
        pseudonym: String,
    },
    Refused,
    /// Nobody has signed in within twelve hours: the service must be asked.
    Unknown,
}

impl OfflineOfficers {
    pub(super) fn new(lockout: KeptLockout) -> Self {
        Self { known: Mutex::default(), lockout }
    }

    /// The service let this officer in at `now`.
    pub(super) fn remember(&self, asked: &SignInRequest, pseudonym: &str, now: Duration) {
        let mut salt = [0; 16];
        if rand::fill(&mut salt).is_err() {
            return;
        }
        let Some(stretched) = stretch(asked, &salt) else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|k| k.pseudonym != pseudonym);
        known.push(Known { salt, stretched, pseudonym: pseudonym.to_owned(), at: now });
        self.lockout.clear();
    }

    /// The service does not answer: is this an officer whom it let in lately?
    pub(super) fn admit(&self, asked: &SignInRequest, now: Duration, stamp: &Stamp) -> Admission {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|k| now.saturating_sub(k.at) < KEPT_FOR);
        if known.is_empty() {
            return Admission::Unknown;
        }
        if !self.lockout.charge(&stamp.boot_id, stamp.boot_ms) {
            return Admission::Refused;
        }
        // Every row is tried, so that the time tells nothing about the badge.
        let mut found = None;
        for k in known.iter() {
            let same = stretch(asked, &k.salt)
                .is_some_and(|s| constant_time::verify_slices_are_equal(&*s, &*k.stretched).is_ok());
            if same {
                found = Some(k.pseudonym.clone());
            }
        }
        found.map_or(Admission::Refused, |pseudonym| {
            self.lockout.clear();
            Admission::Admitted { pseudonym }
        })
    }

    /// These officers have been disabled.
    pub(super) fn forget(&self, disabled: &[String]) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|k| !disabled.contains(&k.pseudonym));
    }
}

fn stretch(asked: &SignInRequest, salt: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let text =
        Zeroizing::new(asked.badge.expose(|badge| asked.pin.expose(|pin| format!("{}:{badge}{pin}", badge.len()))));
    let mut out = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(text.as_bytes(), salt, &mut *out)
        .ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Admission, Duration, KeptLockout, OfflineOfficers, SignInRequest};
    use crate::clock::Clock;
    use verification_api::personal::PersonalText;

    fn asked(badge: &str, pin: &str) -> SignInRequest {
        SignInRequest { badge: PersonalText::from(badge), pin: PersonalText::from(pin) }
    }

    #[test]
    fn only_who_signed_in_within_twelve_hours_is_let_in_and_wrong_pins_lock() {
        let dir = tempfile::tempdir().expect("folder");
        let officers = OfflineOfficers::new(KeptLockout::open(&dir.path().join("pins")));
        let stamp = Clock::start(0).stamp();
        let hour = |h: u64| Duration::from_secs(h * 3600);
        assert!(matches!(officers.admit(&asked("B1", "123456"), hour(0), &stamp), Admission::Unknown));
        officers.remember(&asked("B1", "123456"), "officer-a", hour(0));
        let admitted = officers.admit(&asked("B1", "123456"), hour(11), &stamp);
        assert!(matches!(admitted, Admission::Admitted { pseudonym } if pseudonym == "officer-a"));
        assert!(matches!(officers.admit(&asked("B11", "23456"), hour(11), &stamp), Admission::Refused));
        for _ in 0..4 {
            assert!(matches!(officers.admit(&asked("B1", "000000"), hour(11), &stamp), Admission::Refused));
        }
        assert!(matches!(officers.admit(&asked("B1", "123456"), hour(11), &stamp), Admission::Refused), "locked");
        officers.forget(&["officer-a".to_owned()]);
        assert!(matches!(officers.admit(&asked("B1", "123456"), hour(11), &stamp), Admission::Unknown));
        officers.remember(&asked("B1", "123456"), "officer-a", hour(0));
        assert!(matches!(officers.admit(&asked("B1", "123456"), hour(12), &stamp), Admission::Unknown));
    }
}
