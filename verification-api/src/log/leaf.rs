//! The bytes of a leaf: a version, then each part of a row preceded by its length, so that no two rows have the same
//! bytes. A row holds neither a code nor an identifier in clear.

/// The first byte of a leaf.
pub const VERSION: u8 = 1;

/// A row of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'r> {
    pub seq: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    pub actor: &'r str,
    pub event: &'r str,
    pub subject: &'r str,
    /// JSON, byte for byte as stored.
    pub detail: &'r str,
}

impl Entry<'_> {
    /// 0x01, then `seq` and `at` as 8 bytes and the texts as UTF-8, each preceded by its length as u32; all numbers
    /// big-endian.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (seq, at) = (self.seq.to_be_bytes(), self.at.to_be_bytes());
        let texts = [self.actor, self.event, self.subject, self.detail].map(str::as_bytes);
        let mut out = vec![VERSION];
        for part in [&seq[..], &at].into_iter().chain(texts) {
            // A row is far from 4 GiB.
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}
