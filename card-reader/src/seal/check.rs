//! What a seal's check comes to, in the words of ICAO 9303-13 Appendix D.

use super::definitions::Sealed;
use super::trust::{Lookup, TrustStore};
use super::{Malformed, Seal};
use crate::date::Date;
use crate::mrz::Format;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Valid,
    /// Valid, with a feature that this program has no definition of.
    ValidUnknownFeature,
    /// There is nobody to trust: no trust folder is configured. Neither valid nor invalid.
    NotChecked,
    Invalid(Reason),
}

/// Why a seal is INVALID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    ReadError,
    ExpiredCertificate,
    WrongFormat,
    UnknownCertificate,
    UntrustedCertificate,
    InvalidDocumentType,
    RevokedCertificate,
    InvalidSignature,
    InvalidVisaMrz,
    SealVisaMismatch,
    InvalidPassportMrz,
    SealPassportMismatch,
    /// The same as the two for a document that Appendix D does not speak of; the word is ours.
    SealDocumentMismatch,
}

impl Status {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::ValidUnknownFeature => "VALID+UNKNOWN_FEATURE",
            Self::NotChecked => "NOT_CHECKED",
            Self::Invalid(reason) => reason.name(),
        }
    }

    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid | Self::ValidUnknownFeature)
    }

    #[must_use]
    pub const fn is_invalid(self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

impl Reason {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadError => "READ_ERROR",
            Self::ExpiredCertificate => "EXPIRED_CERTIFICATE",
            Self::WrongFormat => "WRONG_FORMAT",
            Self::UnknownCertificate => "UNKNOWN_CERTIFICATE",
            Self::UntrustedCertificate => "UNTRUSTED_CERTIFICATE",
            Self::InvalidDocumentType => "INVALID_DOCUMENTTYPE",
            Self::RevokedCertificate => "REVOKED_CERTIFICATE",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::InvalidVisaMrz => "INVALID_VISA_MRZ",
            Self::SealVisaMismatch => "SEAL_VISA_MISMATCH",
            Self::InvalidPassportMrz => "INVALID_PASSPORT_MRZ",
            Self::SealPassportMismatch => "SEAL_PASSPORT_MISMATCH",
            Self::SealDocumentMismatch => "SEAL_DOCUMENT_MISMATCH",
        }
    }
}

impl From<Malformed> for Status {
    fn from(_: Malformed) -> Self {
        Self::Invalid(Reason::WrongFormat)
    }
}

/// Checks the seal by itself: its features, its certificate, its signature.
#[must_use]
pub fn check(seal: &Seal, trust: &TrustStore, today: Date) -> Status {
    let tags = seal.features.iter().map(|(tag, _)| *tag);
    let definition = seal.definition();
    if definition.is_some_and(|definition| !definition.complete(tags.clone())) {
        return Status::Invalid(Reason::WrongFormat);
    }
    if trust.is_empty() {
        return Status::NotChecked;
    }
    let signer = match trust.find(&seal.signer, &seal.certificate) {
        Lookup::Found(signer) => signer,
        Lookup::Unknown => return Status::Invalid(Reason::UnknownCertificate),
        Lookup::Untrusted => return Status::Invalid(Reason::UntrustedCertificate),
        Lookup::Revoked => return Status::Invalid(Reason::RevokedCertificate),
    };
    if !signer.key.verify(signer.key.hash(), &seal.message, &seal.signature) {
        return Status::Invalid(Reason::InvalidSignature);
    }
    if let Some((from, to)) = signer.validity {
        if today > to {
            return Status::Invalid(Reason::ExpiredCertificate);
        }
        // Signed before there was the certificate, or tomorrow.
        if today < from || seal.signed < from {
            return Status::Invalid(Reason::UntrustedCertificate);
        }
    }
    match definition {
        Some(definition) if tags.clone().all(|tag| definition.knows(tag)) => Status::Valid,
        _ => Status::ValidUnknownFeature,
    }
}

/// Holds the seal against the zone of the document it was found on: `None` if they agree, or if the seal says nothing
/// about a zone. `digits_agree`: every check digit of the zone does.
#[must_use]
pub fn against_zone(seal: &Seal, format: Format, lines: &[PersonalText], digits_agree: bool) -> Option<Reason> {
    let definition = seal.definition()?;
    let is_visa = matches!(format, Format::MrvA | Format::MrvB);
    let is_passport = format == Format::Td3;
    let (mismatch, bad_zone) = match (definition.sealed, is_visa, is_passport) {
        (Sealed::Visa, true, _) => (Reason::SealVisaMismatch, Reason::InvalidVisaMrz),
        // The passport in which a visa or a permit is: its number is in the seal, its zone is not.
        (Sealed::Visa | Sealed::ResidencePermit, _, true) => {
            let same = passport_number_is(seal, lines)?;
            return match (digits_agree, same) {
                (_, true) => None,
                (false, false) => Some(Reason::InvalidPassportMrz),
                (true, false) => Some(Reason::SealPassportMismatch),
            };
        }
        (Sealed::Visa, _, _) => return Some(Reason::InvalidDocumentType),
        (Sealed::EmergencyTravelDocument, true, _) | (Sealed::EmergencyTravelDocument, _, true) => {
            return Some(Reason::InvalidDocumentType);
        }
        _ => (Reason::SealDocumentMismatch, Reason::SealDocumentMismatch),
    };
    let sealed = seal.zone()?;
    let agrees = sealed.expose(|sealed| {
        let joined = joined(lines, covered(format));
        // Fillers at the end may be left off.
        sealed.trim_end_matches('<') == joined.trim_end_matches('<')
    });
    match (agrees, digits_agree) {
        (true, _) => None,
        (false, true) => Some(mismatch),
        (false, false) => Some(bad_zone),
    }
}

/// How many characters of the second line a seal repeats: of visas the first 28 only (ICAO 9303-7 §9).
const fn covered(format: Format) -> usize {
    match format {
        Format::MrvA | Format::MrvB => 28,
        _ => usize::MAX,
    }
}

fn joined(lines: &[PersonalText], of_the_second: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(96));
    for (n, line) in lines.iter().enumerate() {
        line.expose(|line| {
            let most = if n == 1 { of_the_second } else { usize::MAX };
            text.push_str(line.get(..most.min(line.len())).unwrap_or(line));
        });
    }
    text
}

/// The number of a TD3 zone is the first nine characters of its second line.
fn passport_number_is(seal: &Seal, lines: &[PersonalText]) -> Option<bool> {
    let number = seal.passport_number()?;
    let second = lines.get(1)?;
    Some(number.expose(|number| {
        second.expose(|line| line.get(..9).unwrap_or_default().trim_end_matches('<') == number.trim_end_matches('<'))
    }))
}
