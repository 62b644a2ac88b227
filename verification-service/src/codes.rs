//! Backup codes at rest: argon2id, then AES-256-GCM under the pepper, bound to account, code and algorithm.

use crate::random::{self, NoRandom, Random};
use crate::secrets::{Blind, Keys, SealError, Tag};
use crate::store::rows::{Code, CodeState};
use crate::store::{Answer, Tx};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use uuid::Uuid;
use verification_api::backup_code::{BackupCode, Groups};
use verification_api::identifiers::Identifier;
use zeroize::Zeroizing;

/// Names the derivation and the encryption; part of what a tag is bound to.
pub const ALGORITHM: &str = "argon2id-v19-m4096-t1-p1/aes-256-gcm";

/// What one derivation costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// KiB.
    pub memory: u32,
    pub passes: u32,
}

/// Of a backup code: 80 random bits need no more.
pub const CODE_COST: Cost = Cost { memory: 4 * 1024, passes: 1 };
/// Of an officer's PIN.
pub const PIN_COST: Cost = Cost { memory: 19 * 1024, passes: 2 };
/// Of a technician's PIN, which is checked offline.
pub const TECHNICIAN_COST: Cost = Cost { memory: 64 * 1024, passes: 3 };

/// A derivation that did not come about: memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code could not be derived: there is not enough memory")]
pub struct NotDerived;

/// A pepper under which codes stand, and which the file does not have: none of them could be weighed.
///
/// # Errors
/// Of the store.
pub async fn lacking_pepper(tx: &mut Tx, keys: &Keys) -> Answer<Option<i64>> {
    let known = keys.peppers();
    let used = tx.peppers_in_use().await?;
    Ok(used.into_iter().find(|kid| !known.iter().any(|known| i64::from(*known) == *kid)))
}

/// argon2id, version 0x13, one lane, 32 bytes; `secret` is the optional secret input.
///
/// # Errors
/// [`NotDerived`].
pub fn derive(text: &str, salt: &[u8], cost: Cost, secret: &[u8]) -> Result<Zeroizing<[u8; 32]>, NotDerived> {
    derive_in(&mut vec![], text, salt, cost, secret)
}

/// As [`derive`], in memory that is kept from one derivation to the next and grows as needed.
///
/// # Errors
/// [`NotDerived`].
pub fn derive_in(
    memory: &mut Vec<Block>,
    text: &str,
    salt: &[u8],
    cost: Cost,
    secret: &[u8],
) -> Result<Zeroizing<[u8; 32]>, NotDerived> {
    let params = Params::new(cost.memory, cost.passes, 1, Some(32)).map_err(|_| NotDerived)?;
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.try_reserve_exact(blocks - memory.len()).map_err(|_| NotDerived)?;
        memory.resize(blocks, Block::new());
    }
    let argon2 = if secret.is_empty() {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    } else {
        Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).map_err(|_| NotDerived)?
    };
    let mut out = Zeroizing::new([0; 32]);
    let room = memory.get_mut(..blocks).ok_or(NotDerived)?;
    argon2.hash_password_into_with_memory(text.as_bytes(), salt, &mut *out, room).map_err(|_| NotDerived)?;
    Ok(out)
}

/// What cannot be done when a code is made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    #[error(transparent)]
    Derive(#[from] NotDerived),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A new code for an identifier: the code to show once, and the row to keep.
///
/// # Errors
/// [`MakeError`].
pub fn make(
    keys: &Keys,
    random: &dyn Random,
    groups: Groups,
    account: Uuid,
    identifier: Blind,
    (now, expires_at): (verification_api::wire::Timestamp, i64),
) -> Result<(BackupCode, Code), MakeError> {
    let code = BackupCode::generate(groups, &Zeroizing::new(random::bytes(random)?));
    let salt = random::bytes(random)?;
    let derived = code.secret().expose(|secret| derive(secret, &salt, CODE_COST, &[]))?;
    let row = row(keys, random, (account, identifier), (salt, &derived), (now, expires_at))?;
    Ok((code, row))
}

/// The row of a code that was derived.
///
/// # Errors
/// [`SealError`].
pub fn row(
    keys: &Keys,
    random: &dyn Random,
    (account, identifier): (Uuid, Blind),
    (salt, derived): ([u8; 16], &[u8; 32]),
    (now, expires_at): (verification_api::wire::Timestamp, i64),
) -> Result<Code, SealError> {
    let id = random::uuid_v7(random, now)?;
    let tag = keys.tag(random, &BoundTo { account, code: id, alg: ALGORITHM }.parts(), derived)?;
    Ok(Code {
        id,
        account,
        identifier,
        alg: ALGORITHM.to_owned(),
        salt,
        tag,
        state: CodeState::Active,
        version: 1,
        made_at: now.unix_millis(),
        expires_at,
    })
}

/// The last two symbols, which tell a holder which code it is: sealed for (code, "hint").
///
/// # Errors
/// [`SealError`].
pub fn seal_hint(keys: &Keys, random: &dyn Random, id: Uuid, code: &BackupCode) -> Result<Vec<u8>, SealError> {
    code.text().expose(|text| {
        let last = text.get(text.len().saturating_sub(2)..).unwrap_or_default();
        keys.seal(random, &[id.as_bytes(), b"hint"], last.as_bytes())
    })
}

/// Where a code is kept that the holder of an identifier delegated to a representative: apart from the holder's own, with
/// tries of its own. Spaces and case of the representative's number do not count.
///
/// None if the number is not 1 to 32 letters, digits and dashes.
#[must_use]
pub fn delegation_of(keys: &Keys, representative: &str, identifier: &Identifier) -> Option<Blind> {
    let number = Zeroizing::new(representative.replace(' ', "").to_ascii_uppercase());
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if number.is_empty() || number.len() > 32 || !number.bytes().all(known) {
        return None;
    }
    // No part holds a slash.
    Some(identifier.canonical().expose(|value| {
        let text = Zeroizing::new(format!("{}/{}/{value}", *number, identifier.kind().name()));
        keys.blind("delegation", &text)
    }))
}

/// Whether the derived secret is that of the stored code, in constant time.
///
/// # Errors
/// [`SealError`] if the tag does not open: another pepper, or a changed row.
pub fn holds(keys: &Keys, code: &Code, derived: &[u8; 32]) -> Result<bool, SealError> {
    keys.tag_holds(&code.tag, &BoundTo { account: code.account, code: code.id, alg: &code.alg }.parts(), derived)
}

const NOBODY: BoundTo<'static> = BoundTo { account: Uuid::nil(), code: Uuid::nil(), alg: ALGORITHM };

/// A code that no one has, so that an unknown identifier costs the same work.
pub struct Dummy {
    pub salt: [u8; 16],
    tag: Tag,
}

impl Dummy {
    /// # Errors
    /// [`SealError`].
    pub fn new(keys: &Keys, random: &dyn Random) -> Result<Self, SealError> {
        let derived = Zeroizing::new(random::bytes::<32>(random)?);
        let tag = keys.tag(random, &NOBODY.parts(), &*derived)?;
        Ok(Self { salt: random::bytes(random)?, tag })
    }

    /// The same work as [`holds`]; the answer is of no use.
    pub fn compare(&self, keys: &Keys, derived: &[u8; 32]) {
        let answer = keys.tag_holds(&self.tag, &NOBODY.parts(), derived);
        std::hint::black_box(answer.is_ok_and(|holds| holds));
    }
}

/// account ‖ code id ‖ algorithm; [`crate::secrets::aad`] adds the lengths.
pub struct BoundTo<'a> {
    pub account: Uuid,
    pub code: Uuid,
    pub alg: &'a str,
}

impl BoundTo<'_> {
    /// As a tag is bound to them.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 3] {
        [self.account.as_bytes(), self.code.as_bytes(), self.alg.as_bytes()]
    }
}

#[cfg(test)]
mod tests {
    use super::{ALGORITHM, holds, make};
    use crate::random::SystemRandomness;
    use crate::secrets::{Blind, Keys};
    use std::collections::BTreeMap;
    use uuid::Uuid;
    use verification_api::backup_code::Groups;
    use verification_api::wire::Timestamp;
    use zeroize::Zeroizing;

    #[test]
    fn a_stored_code_holds_its_own_secret_only_and_cannot_be_moved() {
        let keys = Keys::new(&BTreeMap::from([(1, Zeroizing::new([1; 32]))]), &[2; 32]).unwrap();
        let random = SystemRandomness::new();
        let (code, row) =
            make(&keys, &random, Groups::Four, Uuid::from_u128(7), Blind::only(1, [0; 32]), (Timestamp::EPOCH, 1))
                .unwrap();
        let derive = |text: &str| super::derive(text, &row.salt, super::CODE_COST, &[]).unwrap();
        let right = code.secret().expose(derive);
        assert_eq!(holds(&keys, &row, &right), Ok(true));
        assert_eq!(holds(&keys, &row, &derive("0000000000000000")), Ok(false));
        let moved = super::Code { account: Uuid::from_u128(8), ..row.clone() };
        assert!(holds(&keys, &moved, &right).is_err(), "the tag is bound to its account");
        assert_eq!(row.alg, ALGORITHM);
    }

    /// RFC 9106 §5.3 uses more lanes than one; this is the reference implementation's test for argon2id, version 0x13,
    /// m = 2^16, t = 2, p = 1, password "password", salt "somesalt".
    #[test]
    fn derivation_is_argon2id_of_the_reference_implementation() {
        let out = super::derive("password", b"somesalt", super::Cost { memory: 65536, passes: 2 }, &[]).unwrap();
        assert_eq!(hex::encode(*out), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }
}
