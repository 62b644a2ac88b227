//! Tables that come from outside are signed: a detached Ed25519 signature over the file's bytes. How the keys are made
//! and a table is signed is in `docs/documents.md`.

use super::{Profiles, ProfilesError};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The public half of the key that tables are signed with.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

/// A table is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("the key for the table of documents is no Ed25519 public key in PEM")]
    Key,
    #[error("the signature of the table of documents has {0} bytes, not 64")]
    Length(usize),
    #[error("the table of documents is not signed by its key: it was changed, or signed with another")]
    Signature,
    #[error("the table of documents is no UTF-8 text")]
    Text,
    #[error(transparent)]
    Table(#[from] ProfilesError),
}

/// Ed25519's object identifier (RFC 8410).
const ED25519_OID: &str = "1.3.101.112";

impl SigningKey {
    /// Reads a public key as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`SignatureError::Key`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, SignatureError> {
        let (_, pem) = parse_x509_pem(pem).map_err(|_| SignatureError::Key)?;
        let (rest, key) = SubjectPublicKeyInfo::from_der(&pem.contents).map_err(|_| SignatureError::Key)?;
        let point = <[u8; 32]>::try_from(key.subject_public_key.data.as_ref()).map_err(|_| SignatureError::Key)?;
        let fits = rest.is_empty() && key.algorithm.algorithm.to_id_string() == ED25519_OID;
        if fits { Ok(Self(point)) } else { Err(SignatureError::Key) }
    }
}

impl Profiles {
    /// Reads a table whose signature holds.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn signed(table: &[u8], signature: &[u8], key: &SigningKey) -> Result<Self, SignatureError> {
        if signature.len() != 64 {
            return Err(SignatureError::Length(signature.len()));
        }
        UnparsedPublicKey::new(&ED25519, key.0).verify(table, signature).map_err(|_| SignatureError::Signature)?;
        Self::unsigned(table)
    }

    /// Reads a table that nobody vouches for.
    ///
    /// # Errors
    /// [`SignatureError::Text`], [`SignatureError::Table`].
    pub fn unsigned(table: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(table).map_err(|_| SignatureError::Text)?;
        Ok(Self::from_toml(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::builtin;
    use super::{Profiles, SignatureError, SigningKey};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    const TABLE: &[u8] = include_bytes!("../../../config/documents.toml");

    fn key(pair: &Ed25519KeyPair) -> SigningKey {
        SigningKey(pair.public_key().as_ref().try_into().unwrap())
    }

    #[test]
    fn a_signed_table_is_taken_and_a_changed_one_is_not() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let signature = pair.sign(TABLE);
        let table = Profiles::signed(TABLE, signature.as_ref(), &key(&pair)).unwrap();
        assert_eq!(table.version(), builtin().version());
        let mut changed = TABLE.to_vec();
        changed[10] ^= 1;
        assert!(matches!(Profiles::signed(&changed, signature.as_ref(), &key(&pair)), Err(SignatureError::Signature)));
        let another = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
        assert!(matches!(Profiles::signed(TABLE, signature.as_ref(), &key(&another)), Err(SignatureError::Signature)));
        assert!(matches!(Profiles::signed(TABLE, b"", &key(&pair)), Err(SignatureError::Length(0))));
    }

    /// Key and signature as the commands of `docs/documents.md` made them (OpenSSL 3), over the line below.
    #[test]
    fn what_openssl_signs_verifies() {
        let key = SigningKey::from_pem(include_bytes!("../../testdata/profiles/key.pub")).unwrap();
        let (table, signature) = (
            &include_bytes!("../../testdata/profiles/small.toml")[..],
            &include_bytes!("../../testdata/profiles/small.toml.sig")[..],
        );
        assert_eq!(Profiles::signed(table, signature, &key).unwrap().version(), 7);
        for wrong in [&b""[..], b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"] {
            assert!(SigningKey::from_pem(wrong).is_err());
        }
    }
}
