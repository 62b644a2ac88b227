//! Visible digital seals (ICAO 9303-13, versions 3 and 4 of the header): what they say, whether their signature holds,
//! and whether they belong to the document that they are on.
//!
//! A genuine seal on another document verifies all the same: only the comparison with the zone tells.

mod c40;
#[cfg(test)]
mod chain_tests;
mod check;
mod curve;
mod definitions;
#[cfg(test)]
mod tests;
mod trust;
mod vds_nc;

pub use check::{Reason, Status, against_zone, check};
pub use curve::{Hash, PublicKey};
pub use trust::{TrustError, TrustStore};
pub use vds_nc::VdsNc;

use crate::date::Date;
use definitions::Definition;
use std::sync::OnceLock;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

static CONFIGURED: OnceLock<TrustStore> = OnceLock::new();

/// Puts a trust folder into use for as long as the program runs. `false`: one is already.
pub fn use_trust(trust: TrustStore) -> bool {
    CONFIGURED.set(trust).is_ok()
}

/// Whom devices' readings trust: nobody until a folder was configured.
#[must_use]
pub fn trust_in_use() -> &'static TrustStore {
    static NOBODY: TrustStore = TrustStore::nobody();
    CONFIGURED.get().unwrap_or(&NOBODY)
}

/// Why bytes are no seal. Its status word is WRONG_FORMAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a seal begins with DC")]
    Magic,
    #[error("the seal's header has a version that this program does not know (it knows 3 and 4)")]
    Version,
    #[error("the seal is cut off, or one of its lengths is wrong")]
    Length,
    #[error("the seal has no signature")]
    NoSignature,
    #[error("the seal's header is not in C40")]
    C40,
    #[error("the seal's header has a date that is no day")]
    Date,
    #[error("bytes follow the seal's signature")]
    Trailing,
}

/// One feature: its tag and its bytes.
type Feature = (u8, Zeroizing<Vec<u8>>);

/// A seal as read; nothing in it is believed until [`check`] says so.
#[derive(Clone)]
pub struct Seal {
    /// Of the header: 3 or 4.
    pub version: u8,
    /// Issuing country, three letters without fillers.
    pub country: String,
    /// Signer: two letters of country, two of its own.
    pub signer: String,
    /// Which of the signer's certificates: its serial number in hexadecimal.
    pub certificate: String,
    pub issued: Date,
    pub signed: Date,
    /// Feature definition and type of document, as the header has them.
    pub category: (u8, u8),
    features: Vec<Feature>,
    /// Header and features.
    message: Zeroizing<Vec<u8>>,
    /// r, then s.
    signature: Vec<u8>,
}

/// The tag of the signature.
const SIGNATURE: u8 = 0xff;

/// A signer that writes the length of its certificate reference in decimal, against ICAO 9303-13 (BSI TR-03171).
const DECIMAL_SIGNER: &str = "DEZV";

impl Seal {
    /// Reads the bytes of a seal as they were encoded in its barcode.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = Reader { bytes, at: 0 };
        if rest.byte()? != 0xdc {
            return Err(Malformed::Magic);
        }
        let version = match rest.byte()? {
            2 => 3,
            3 => 4,
            _ => return Err(Malformed::Version),
        };
        let country = plain(&c40::decode(rest.take(2)?)?);
        let (signer, certificate) =
            if version == 3 { rest.signer_of_version_3()? } else { rest.signer_of_version_4()? };
        let (issued, signed) = (rest.date()?, rest.date()?);
        let category = (rest.byte()?, rest.byte()?);
        let mut features: Vec<Feature> = Vec::new();
        let (message, signature) = loop {
            let start = rest.at;
            let Ok(tag) = rest.byte() else { return Err(Malformed::NoSignature) };
            let length = rest.length(version)?;
            let value = rest.take(length)?;
            if tag == SIGNATURE {
                break (bytes.get(..start).unwrap_or_default(), value);
            }
            features.push((tag, Zeroizing::new(value.to_vec())));
        };
        if rest.at != bytes.len() {
            return Err(Malformed::Trailing);
        }
        if signature.is_empty() || signature.len() % 2 != 0 {
            return Err(Malformed::NoSignature);
        }
        Ok(Self {
            version,
            country,
            signer,
            certificate,
            issued,
            signed,
            category,
            features,
            message: Zeroizing::new(message.to_vec()),
            signature: signature.to_vec(),
        })
    }

    /// The bytes of a feature; the first if there are several.
    #[must_use]
    pub fn feature(&self, tag: u8) -> Option<&[u8]> {
        self.features.iter().find(|(t, _)| *t == tag).map(|(_, value)| value.as_slice())
    }

    /// What kind of document it seals; `None` for one that this program has no definition of.
    #[must_use]
    pub fn definition(&self) -> Option<&'static Definition> {
        definitions::of(self.category)
    }

    /// The zone that the seal repeats, fillers as `<`, lines joined; `None` without one (or not in C40).
    #[must_use]
    pub fn zone(&self) -> Option<PersonalText> {
        let tags = self.definition()?.zone_tags;
        let bytes = tags.iter().find_map(|tag| self.feature(*tag))?;
        Some(c40::decode(bytes).ok()?.expose(|text| PersonalText::new(text.replace(' ', "<"))))
    }

    /// The passport's number in a visa's or permit's seal.
    #[must_use]
    pub fn passport_number(&self) -> Option<PersonalText> {
        let bytes = self.feature(self.definition()?.passport_number_tag?)?;
        Some(c40::decode(bytes).ok()?.expose(|text| PersonalText::from(text.trim())))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(Malformed::Length)?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed::Length)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(*self.take(1)?.first().ok_or(Malformed::Length)?)
    }

    /// Nine characters: the signer, and five of certificate reference.
    fn signer_of_version_3(&mut self) -> Result<(String, String), Malformed> {
        let text = exactly(self.take(6)?, 9)?;
        let (signer, certificate) = text.split_at_checked(4).ok_or(Malformed::C40)?;
        Ok((signer.to_owned(), certificate.trim().to_owned()))
    }

    /// Four characters of signer, two hexadecimal digits n, n characters of certificate reference.
    fn signer_of_version_4(&mut self) -> Result<(String, String), Malformed> {
        let text = exactly(self.take(4)?, 6)?;
        let (signer, digits) = text.split_at_checked(4).ok_or(Malformed::C40)?;
        let base = if signer == DECIMAL_SIGNER { 10 } else { 16 };
        let count = usize::from_str_radix(digits, base).map_err(|_| Malformed::C40)?;
        if count == 0 {
            return Err(Malformed::Length);
        }
        let certificate = exactly(self.take(count.div_ceil(3) * 2)?, count)?;
        Ok((signer.to_owned(), certificate))
    }

    /// MMDDYYYY as a number of three bytes.
    fn date(&mut self) -> Result<Date, Malformed> {
        let number = self.take(3)?.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let part = |value: u32| u8::try_from(value).ok();
        let year = u16::try_from(number % 10_000).map_err(|_| Malformed::Date)?;
        let day = part(number / 10_000 % 100).ok_or(Malformed::Date)?;
        let month = part(number / 1_000_000).ok_or(Malformed::Date)?;
        Date::new(year, month, day).ok_or(Malformed::Date)
    }

    /// Version 3: one byte; version 4: as in DER, at most two bytes of it, and not longer than needed.
    fn length(&mut self, version: u8) -> Result<usize, Malformed> {
        let first = self.byte()?;
        match first {
            0x81 if version >= 4 => {
                let length = usize::from(self.byte()?);
                if length < 0x80 { Err(Malformed::Length) } else { Ok(length) }
            }
            0x82 if version >= 4 => {
                let length = usize::from(self.byte()?) << 8 | usize::from(self.byte()?);
                if length < 0x100 { Err(Malformed::Length) } else { Ok(length) }
            }
            0x80.. if version >= 4 => Err(Malformed::Length),
            _ => Ok(usize::from(first)),
        }
    }
}

/// A header's text, which is about nobody, of exactly `count` characters.
fn exactly(bytes: &[u8], count: usize) -> Result<String, Malformed> {
    let text = c40::decode(bytes)?.expose(str::to_owned);
    if text.len() == count { Ok(text) } else { Err(Malformed::C40) }
}

fn plain(text: &PersonalText) -> String {
    text.expose(|text| text.trim().to_owned())
}
