//! What a barcode's payload is: told by its first bytes and its shape, never by its symbology alone.

use super::aamva::Licence;
use super::bcbp::BoardingPass;
use verification_api::backup_code::QR_PREFIX;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::wire::CREDENTIAL_PREFIX;
use zeroize::Zeroizing;

/// What a payload is; [`Kind::name`] is its word in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Driver licence or identification card.
    Aamva,
    /// Visible digital seal (ICAO 9303-13).
    Vds,
    /// Visible digital seal for non-constrained environments: JSON.
    VdsNc,
    /// W3C verifiable credential barcode.
    Vcb,
    /// `BC1:` and a backup code.
    BackupCode,
    /// A receipt (case) number.
    Receipt,
    /// Boarding pass.
    Bcbp,
    /// A technician's `TC1:` credential; the contract calls it `other`.
    Technician,
    Other,
}

impl Kind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aamva => "aamva",
            Self::Vds => "vds",
            Self::VdsNc => "vds_nc",
            Self::Vcb => "vcb",
            Self::BackupCode => "backup_code",
            Self::Receipt => "receipt",
            Self::Bcbp => "bcbp",
            Self::Technician | Self::Other => "other",
        }
    }

    /// The kind of `payload`, as decoded or as a serial reader sends it.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        if is_seal(payload) || latin_1(payload).is_some() {
            return Self::Vds;
        }
        if Licence::parse(payload).is_ok() {
            return Self::Aamva;
        }
        let Ok(text) = std::str::from_utf8(payload) else { return Self::Other };
        let text = text.trim();
        if text.starts_with(QR_PREFIX) {
            Self::BackupCode
        } else if text.starts_with(CREDENTIAL_PREFIX) {
            Self::Technician
        } else if text.starts_with("VC1-") {
            Self::Vcb
        } else if is_vds_nc(text) {
            Self::VdsNc
        } else if BoardingPass::parse(text.as_bytes()).is_some() {
            Self::Bcbp
        } else if is_receipt(text) {
            Self::Receipt
        } else {
            Self::Other
        }
    }
}

fn is_seal(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0xdc) && bytes.get(1).is_some_and(|version| matches!(version, 0x02 | 0x03))
}

/// A seal whose bytes were written as text: each byte a character, in UTF-8. `None` for anything else.
pub(super) fn latin_1(payload: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !payload.starts_with(&[0xc3, 0x9c]) {
        return None;
    }
    let text = std::str::from_utf8(payload).ok()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(payload.len()));
    for c in text.chars() {
        bytes.push(u8::try_from(u32::from(c)).ok()?);
    }
    is_seal(&bytes).then_some(bytes)
}

/// `{"data":{"hdr":…,"msg":…},"sig":…}`, members in any order.
fn is_vds_nc(text: &str) -> bool {
    text.starts_with('{') && ["\"data\"", "\"hdr\"", "\"msg\"", "\"sig\""].iter().all(|member| text.contains(member))
}

/// Three letters of a service centre and ten digits, dashes and blanks aside.
fn is_receipt(text: &str) -> bool {
    let bare: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !matches!(c, '-' | ' ')).collect());
    bare.len() == 13 && Identifier::parse(IdentifierType::Receipt, &bare).is_ok()
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn payloads_are_told_apart() {
        for (payload, kind) in [
            (&b"BC1:7KQ25-M4PXX-9ABCG-WXYZF"[..], "backup_code"),
            (b"SRC0000000701", "receipt"),
            (b"SRC-00-000-00701", "receipt"),
            (b"SRC000000701", "other"),
            (b"\xdc\x03\xd9\xc5", "vds"),
            (b"\xdc\x09\xd9\xc5", "other"),
            (b"\xc3\x9c\x03\xc3\x99\xc3\x85", "vds"),
            (b"\xc3\x9c\x09\xc3\x99", "other"),
            (b"{\"data\":{\"hdr\":{\"is\":\"UTO\"},\"msg\":{}},\"sig\":{}}", "vds_nc"),
            (b"VC1-RSJRPWCR803A3P0", "vcb"),
            (b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000", "bcbp"),
            (b"M1", "other"),
            (b"TC1:e30.AAAA", "other"),
            (b"", "other"),
            (b"\xff\xfe\xfd", "other"),
        ] {
            assert_eq!(Kind::of(payload).name(), kind, "{}", String::from_utf8_lossy(payload));
        }
        assert_eq!(Kind::of(b"TC1:e30.AAAA"), Kind::Technician);
        let licence =
            b"]L2@\n\x1e\rANSI 636038080001DL00310056DLDAQE000000000001\nDCSSPECIMEN\nDACTEST\nDADQ\nDBB01011980\r";
        assert_eq!(Kind::of(licence), Kind::Aamva);
    }
}
