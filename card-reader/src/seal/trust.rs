//! Whom to believe: the certificates of a folder.
//!
//! - `*.crt`, `*.cer`, `*.der`, `*.pem`: certificates of signers and of their authorities (CSCA), DER or PEM. If the folder
//!   holds an authority at all, every signer's certificate must be signed by one; else what lies there is trusted.
//! - `*.pem` with a bare public key, named by signer and certificate reference (`UTTS0001.pem`): without a validity.
//! - `*.crl`: revocation lists of those authorities.
//!
//! An authority signs with ECDSA or RSA (PKCS #1 v1.5 or PSS).

use super::curve::{Hash, PublicKey};
use crate::date::Date;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use std::path::Path;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

/// Certificates of signers, ready to be asked for.
#[derive(Clone, Default)]
pub struct TrustStore {
    signers: Vec<Signer>,
}

#[derive(Clone)]
pub(super) struct Signer {
    id: String,
    reference: String,
    pub(super) key: PublicKey,
    /// First and last day; `None` for a bare key.
    pub(super) validity: Option<(Date, Date)>,
    standing: Standing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Trusted,
    Untrusted,
    Revoked,
}

pub(super) enum Lookup<'a> {
    Found(&'a Signer),
    Unknown,
    Untrusted,
    Revoked,
}

/// A file of the folder is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("the trust folder {folder} cannot be read: {source}")]
    Folder { folder: String, source: std::io::Error },
    #[error("{file} in the trust folder {why}; replace it or take it out")]
    File { file: String, why: &'static str },
}

impl TrustStore {
    #[must_use]
    pub const fn nobody() -> Self {
        Self { signers: Vec::new() }
    }

    /// Reads a folder; files with other endings are passed over.
    ///
    /// # Errors
    /// [`TrustError`]: a file that should be a certificate, a key or a revocation list is none that can be used.
    pub fn load(folder: &Path) -> Result<Self, TrustError> {
        let at_folder = |source| TrustError::Folder { folder: folder.display().to_string(), source };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(at_folder)? {
            let path = entry.map_err(at_folder)?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_file() {
                files.push((name, std::fs::read(&path).map_err(at_folder)?));
            }
        }
        files.sort();
        Self::of_files(&files)
    }

    /// The same of names and contents.
    ///
    /// # Errors
    /// [`TrustError::File`].
    pub fn of_files(files: &[(String, Vec<u8>)]) -> Result<Self, TrustError> {
        let mut signers = Vec::new();
        let mut certificates: Vec<(&str, Vec<u8>)> = Vec::new();
        let mut lists: Vec<(&str, Vec<u8>)> = Vec::new();
        for (file, bytes) in files {
            let at_file = |why| TrustError::File { file: file.clone(), why };
            let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
            if !["crt", "cer", "der", "pem", "crl"].contains(&ending) {
                continue;
            }
            let (label, der) = unwrapped(bytes).ok_or_else(|| at_file("is neither PEM nor DER"))?;
            match (ending, label.as_str()) {
                (_, "PUBLIC KEY") => signers.push(bare_key(stem, &der).map_err(at_file)?),
                ("crl", _) | (_, "X509 CRL") => lists.push((file.as_str(), der)),
                _ => certificates.push((file.as_str(), der)),
            }
        }
        let mut authorities = Vec::new();
        let mut of_signers = Vec::new();
        for (file, der) in &certificates {
            let at_file = |why| TrustError::File { file: (*file).to_owned(), why };
            let (_, certificate) = X509Certificate::from_der(der).map_err(|_| at_file("is no X.509 certificate"))?;
            let is_authority = certificate.is_ca();
            if is_authority { authorities.push(certificate) } else { of_signers.push((*file, certificate)) }
        }
        let mut revoked: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (file, der) in &lists {
            let at_file = |why| TrustError::File { file: (*file).to_owned(), why };
            let (_, list) =
                CertificateRevocationList::from_der(der).map_err(|_| at_file("is no certificate revocation list"))?;
            if !signed_by_one(
                &authorities,
                list.issuer(),
                list.tbs_cert_list.as_ref(),
                &list.signature_algorithm,
                &list.signature_value.data,
            ) {
                return Err(at_file("is signed by no authority of the folder"));
            }
            let issuer = list.issuer().as_raw().to_vec();
            revoked.extend(list.iter_revoked_certificates().map(|r| (issuer.clone(), r.raw_serial().to_vec())));
        }
        for (file, certificate) in &of_signers {
            let at_file = |why| TrustError::File { file: (*file).to_owned(), why };
            let mut signer = signer(certificate).map_err(at_file)?;
            let by_authority = signed_by_one(
                &authorities,
                certificate.issuer(),
                certificate.tbs_certificate.as_ref(),
                &certificate.signature_algorithm,
                &certificate.signature_value.data,
            );
            let is_revoked = revoked.iter().any(|(issuer, serial)| {
                issuer.as_slice() == certificate.issuer().as_raw() && serial.as_slice() == certificate.raw_serial()
            });
            signer.standing = match (is_revoked, authorities.is_empty() || by_authority) {
                (true, _) => Standing::Revoked,
                (false, true) => Standing::Trusted,
                (false, false) => Standing::Untrusted,
            };
            signers.push(signer);
        }
        Ok(Self { signers })
    }

    /// There is nobody to trust.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.signers.is_empty()
    }

    /// How many signers' certificates there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.signers.len()
    }

    pub(super) fn find(&self, id: &str, reference: &str) -> Lookup<'_> {
        let reference = without_zeros(reference);
        let mut same = self.signers.iter().filter(|s| s.id == id && s.reference == reference);
        let Some(first) = same.next() else { return Lookup::Unknown };
        // Of two of one name the trusted one counts, but a revoked one never comes back.
        match std::iter::once(first).chain(same).max_by_key(|s| match s.standing {
            Standing::Revoked => 2,
            Standing::Trusted => 1,
            Standing::Untrusted => 0,
        }) {
            Some(signer) if signer.standing == Standing::Trusted => Lookup::Found(signer),
            Some(signer) if signer.standing == Standing::Revoked => Lookup::Revoked,
            _ => Lookup::Untrusted,
        }
    }
}

/// What a PEM wraps and its label; DER has none.
fn unwrapped(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    if bytes.first() == Some(&0x30) {
        return Some((String::new(), bytes.to_vec()));
    }
    let (_, pem) = parse_x509_pem(bytes).ok()?;
    Some((pem.label, pem.contents))
}

fn bare_key(stem: &str, der: &[u8]) -> Result<Signer, &'static str> {
    let (_, key) = SubjectPublicKeyInfo::from_der(der).map_err(|_| "is no public key")?;
    let key = public_key(&key).ok_or("is a key on a curve that this program does not know")?;
    let (id, reference) = stem
        .split_at_checked(4)
        .filter(|(_, reference)| !reference.is_empty())
        .ok_or("is not named by the signer's four letters and the certificate's reference")?;
    Ok(Signer {
        id: id.to_ascii_uppercase(),
        reference: without_zeros(reference),
        key,
        validity: None,
        standing: Standing::Trusted,
    })
}

/// The signer's letters are country and common name; the reference is the serial number (ICAO 9303-13 §2.2.1).
fn signer(certificate: &X509Certificate<'_>) -> Result<Signer, &'static str> {
    let subject = certificate.subject();
    let text = |name: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| -> Option<String> {
        Some(name?.as_str().ok()?.to_ascii_uppercase())
    };
    let country = text(subject.iter_country().next()).ok_or("names no country as its subject")?;
    let name = text(subject.iter_common_name().next()).ok_or("has no common name")?;
    let key = public_key(certificate.public_key()).ok_or("has a key on a curve that this program does not know")?;
    let serial: String = certificate.raw_serial().iter().map(|byte| format!("{byte:02X}")).collect();
    let day = |time: &ASN1Time| Date::from_unix_seconds(u64::try_from(time.timestamp()).unwrap_or(0));
    Ok(Signer {
        id: format!("{country}{name}"),
        reference: without_zeros(&serial),
        key,
        validity: Some((day(&certificate.validity().not_before), day(&certificate.validity().not_after))),
        standing: Standing::Untrusted,
    })
}

fn without_zeros(reference: &str) -> String {
    reference.trim_start_matches('0').to_ascii_uppercase()
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Option<PublicKey> {
    let curve = info.algorithm.parameters.as_ref()?.as_oid().ok()?;
    PublicKey::new(&curve.to_id_string(), &info.subject_public_key.data)
}

fn signed_by_one(
    authorities: &[X509Certificate<'_>],
    issuer: &X509Name<'_>,
    signed: &[u8],
    algorithm: &AlgorithmIdentifier<'_>,
    signature: &[u8],
) -> bool {
    let Some(scheme) = Scheme::of(algorithm) else { return false };
    authorities
        .iter()
        .filter(|authority| authority.subject().as_raw() == issuer.as_raw())
        .any(|authority| scheme.verifies(authority.public_key(), signed, signature))
}

/// How an authority signs. Seals themselves are always signed with ECDSA (ICAO 9303-13 §2.2); many authorities have RSA keys
/// (9303-12 §7.1.3 allows both).
enum Scheme {
    Ecdsa(Hash),
    Rsa(&'static RsaParameters),
}

impl Scheme {
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        Some(match algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.10045.4.3.1" => Self::Ecdsa(Hash::Sha224),
            "1.2.840.10045.4.3.2" => Self::Ecdsa(Hash::Sha256),
            "1.2.840.10045.4.3.3" => Self::Ecdsa(Hash::Sha384),
            "1.2.840.10045.4.3.4" => Self::Ecdsa(Hash::Sha512),
            "1.2.840.113549.1.1.11" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "1.2.840.113549.1.1.12" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            "1.2.840.113549.1.1.13" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            "1.2.840.113549.1.1.10" => {
                let SignatureAlgorithm::RSASSA_PSS(pss) = SignatureAlgorithm::try_from(algorithm).ok()? else {
                    return None;
                };
                match pss.hash_algorithm_oid().to_id_string().as_str() {
                    "2.16.840.1.101.3.4.2.1" => Self::Rsa(&RSA_PSS_2048_8192_SHA256),
                    "2.16.840.1.101.3.4.2.2" => Self::Rsa(&RSA_PSS_2048_8192_SHA384),
                    "2.16.840.1.101.3.4.2.3" => Self::Rsa(&RSA_PSS_2048_8192_SHA512),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn verifies(&self, key: &SubjectPublicKeyInfo<'_>, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ecdsa(hash) => two_numbers(signature)
                .zip(public_key(key))
                .is_some_and(|((r, s), key)| key.verify_numbers(*hash, signed, r, s)),
            Self::Rsa(parameters) => {
                UnparsedPublicKey::new(*parameters, &key.subject_public_key.data).verify(signed, signature).is_ok()
            }
        }
    }
}

/// A DER sequence of two integers.
fn two_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, rest) = element(der, 0x30)?;
    let (r, more) = element(body, 0x02)?;
    let (s, end) = element(more, 0x02)?;
    (rest.is_empty() && end.is_empty()).then_some((r, s))
}

/// The contents of an element with `tag`, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (length, rest)
        }
        0x80.. => return None,
        short => (short, rest),
    };
    if first != tag { None } else { rest.split_at_checked(usize::from(length)) }
}
