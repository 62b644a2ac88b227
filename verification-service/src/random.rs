//! Randomness, as an argument.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;
use verification_api::wire::Timestamp;

/// The generator did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random generator does not answer")]
pub struct NoRandom;

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`NoRandom`].
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandom>;
}

/// The operating system's generator, through aws-lc.
#[derive(Debug, Default)]
pub struct SystemRandomness(SystemRandom);

impl SystemRandomness {
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Random for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandom> {
        self.0.fill(bytes).map_err(|_| NoRandom)
    }
}

/// `N` random bytes.
///
/// # Errors
/// [`NoRandom`].
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandom> {
    let mut out = [0; N];
    random.fill(&mut out)?;
    Ok(out)
}

/// A `UUIDv7` of that time.
///
/// # Errors
/// [`NoRandom`].
pub fn uuid_v7(random: &dyn Random, now: Timestamp) -> Result<Uuid, NoRandom> {
    let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes(random)?).into_uuid())
}
