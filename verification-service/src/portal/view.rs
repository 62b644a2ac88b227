//! "Show the code again": a copy of the code under a key that the server does not hold.
//!
//! The key is argon2id(password, a salt of its own). The copy is AES-256-GCM under that key, bound to account and code, and
//! then sealed as every secret text is: whoever has the database and the pepper must still find the password. A password
//! reset throws the copies away; a change of the password writes them anew.

use crate::codes::Cost;
use crate::random::{self, Random};
use crate::secrets::{Keys, SealError, aad};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uuid::Uuid;
use verification_api::backup_code::BackupCode;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Twice the work of signing in.
pub const VIEW_COST: Cost = Cost { memory: 19 * 1024, passes: 4 };

const LABEL: &[u8] = b"view v1";

/// A key derived from the holder's password, with the salt that it belongs to.
pub struct ViewKey {
    pub salt: [u8; 16],
    pub key: Zeroizing<[u8; 32]>,
}

/// A copy as stored.
#[derive(Clone)]
pub struct LockedCode {
    pub code: Uuid,
    pub login: Uuid,
    pub salt: [u8; 16],
    /// Sealed for (code, "view"): nonce, ciphertext and tag of the inner encryption.
    pub sealed: Vec<u8>,
}

/// Locks `code` away.
///
/// # Errors
/// [`SealError`].
pub fn lock(
    keys: &Keys,
    random: &dyn Random,
    view: &ViewKey,
    (login, id): (Uuid, Uuid),
    code: &PersonalText,
) -> Result<LockedCode, SealError> {
    let nonce = random::bytes::<NONCE_LEN>(random)?;
    let mut inner = Zeroizing::new(nonce.to_vec());
    let mut boxed = Zeroizing::new(code.expose(|text| text.as_bytes().to_vec()));
    aes(view)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound(login, id), &mut *boxed)
        .map_err(|_| SealError::DoesNotOpen)?;
    inner.extend_from_slice(&boxed);
    let sealed = keys.seal(random, &[id.as_bytes(), b"view"], &inner)?;
    Ok(LockedCode { code: id, login, salt: view.salt, sealed })
}

/// Opens a copy; `None` if the password is not the one it was locked with.
///
/// # Errors
/// [`SealError`] if the outer seal does not open: another pepper, or a changed row.
pub fn open(keys: &Keys, view: &ViewKey, copy: &LockedCode) -> Result<Option<BackupCode>, SealError> {
    let mut inner = keys.open(&[copy.code.as_bytes(), b"view"], &copy.sealed)?;
    let Some((nonce, boxed)) = inner.split_at_mut_checked(NONCE_LEN) else { return Ok(None) };
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
    let Ok(plain) = aes(view)?.open_in_place(nonce, bound(copy.login, copy.code), boxed) else { return Ok(None) };
    Ok(std::str::from_utf8(plain).ok().and_then(|text| BackupCode::parse(text).ok()))
}

fn aes(view: &ViewKey) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, &*view.key).map(LessSafeKey::new).map_err(|_| SealError::DoesNotOpen)
}

fn bound(login: Uuid, code: Uuid) -> Aad<Vec<u8>> {
    Aad::from(aad(&[login.as_bytes(), code.as_bytes(), LABEL]))
}

#[cfg(test)]
mod tests {
    use super::{LockedCode, VIEW_COST, ViewKey, lock, open};
    use crate::codes::derive;
    use crate::random::SystemRandomness;
    use crate::secrets::Keys;
    use std::collections::BTreeMap;
    use uuid::Uuid;
    use verification_api::backup_code::BackupCode;
    use zeroize::Zeroizing;

    #[test]
    fn the_copy_opens_with_the_password_that_locked_it_and_in_its_place_only() {
        let keys = Keys::new(&BTreeMap::from([(1, Zeroizing::new([1; 32]))]), &[2; 32]).unwrap();
        let random = SystemRandomness::new();
        let salt = [5; 16];
        let key = |password: &str| ViewKey { salt, key: derive(password, &salt, VIEW_COST, &[]).unwrap() };
        let (login, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let code = BackupCode::parse("7KQ25-M4PXX-9ABCG-WXYZF").unwrap();
        let right = key("gravel otter kite");
        let copy = lock(&keys, &random, &right, (login, id), &code.text()).unwrap();
        let opened = open(&keys, &right, &copy).unwrap().unwrap();
        opened.text().expose(|text| assert_eq!(text, "7KQ25-M4PXX-9ABCG-WXYZF"));
        assert!(open(&keys, &key("gravel otter kita"), &copy).unwrap().is_none());
        let moved = LockedCode { login: Uuid::from_u128(3), ..copy.clone() };
        assert!(open(&keys, &right, &moved).unwrap().is_none(), "bound to its account");
        assert!(open(&keys, &right, &LockedCode { code: Uuid::from_u128(3), ..copy }).is_err());
        let other = Keys::new(&BTreeMap::from([(1, Zeroizing::new([9; 32]))]), &[2; 32]).unwrap();
        let copy = lock(&keys, &random, &right, (login, id), &code.text()).unwrap();
        assert!(open(&other, &right, &copy).is_err(), "the password alone does not open it either");
    }
}
