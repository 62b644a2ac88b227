//! One-time codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 s, which every app understands).

use super::qr;
use crate::random::{self, NoRandom, Random};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

const STEP: u64 = 30;
/// 160 bits, as RFC 4226 §4 recommends.
pub const SECRET_LEN: usize = 20;

/// A new secret.
///
/// # Errors
/// [`NoRandom`].
pub fn new_secret(random: &dyn Random) -> Result<Zeroizing<[u8; SECRET_LEN]>, NoRandom> {
    random::bytes(random).map(Zeroizing::new)
}

/// The step of time whose code was typed, if it is the present one or a neighbour and newer than `last`: no code is taken
/// twice (RFC 6238 §5.2). The caller stores the step, and must find it still newer when it does.
#[must_use]
pub fn step_of(secret: &[u8], typed: &str, now_millis: i64, last: i64) -> Option<i64> {
    let digits: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace()).collect());
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now_millis / 1000).ok()?;
    let step = totp(secret).check(&digits, seconds)?;
    i64::try_from(step).ok().filter(|step| *step > last)
}

/// What a person types into an app that cannot scan: base 32 in groups of four.
#[must_use]
pub fn typed_secret(secret: &[u8]) -> Zeroizing<String> {
    let base32 = Zeroizing::new(Secret::from(secret).to_base32());
    let mut out = Zeroizing::new(String::with_capacity(base32.len() * 2));
    for (at, c) in base32.chars().filter(|c| *c != '=').enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// The QR that an app scans. `issuer` and `user_name` name the entry in the app.
#[must_use]
pub fn svg(secret: &[u8], issuer: &str, user_name: &str) -> Option<String> {
    let key = Zeroizing::new(typed_secret(secret).replace(' ', ""));
    let (issuer, user_name) = (escaped(issuer), escaped(user_name));
    let url = format!("otpauth://totp/{issuer}:{user_name}?secret={}&issuer={issuer}", *key);
    qr::svg(&Zeroizing::new(url))
}

fn totp(secret: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_secret(secret)
        .build_noncompliant()
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{step_of, svg, typed_secret};

    /// The secret and times of RFC 6238 appendix B (SHA-1); the last six of its eight digits.
    const SECRET: &[u8; 20] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(SECRET, code, seconds * 1000, 0), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_the_neighbours_and_only_once() {
        let (at, step) = (1_111_111_109_000, 1_111_111_109 / 30);
        assert_eq!(step_of(SECRET, "081 804", at + 30_000, 0), Some(step));
        assert_eq!(step_of(SECRET, "081804", at + 61_000, 0), None);
        assert_eq!(step_of(SECRET, "081804", at, step), None, "taken already");
        assert_eq!(step_of(SECRET, "081805", at, 0), None);
        for wrong in ["", "08180", "0818040", "08180a", "٠٨١٨٠٤"] {
            assert_eq!(step_of(SECRET, wrong, at, 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_shown_to_type_and_to_scan() {
        assert_eq!(*typed_secret(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert!(svg(SECRET, "Account portal", "anna@home").unwrap().starts_with("<svg"));
    }
}
