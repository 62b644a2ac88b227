//! Columns to types: ids, hashes, JSON.

use crate::secrets::Tag;
use crate::store::connection::Row;
use crate::store::{Answer, StoreError};
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(super) fn text(id: Uuid) -> String {
    id.hyphenated().to_string()
}

pub(super) fn id(row: &Row, column: &str) -> Answer<Uuid> {
    Uuid::parse_str(&row.get::<String>(column)?).map_err(|_| StoreError::NotUnderstood("id"))
}

pub(super) fn fixed<const N: usize>(row: &Row, column: &str) -> Answer<[u8; N]> {
    row.get::<Vec<u8>>(column)?.try_into().map_err(|_| StoreError::NotUnderstood("hash or key"))
}

pub(super) fn count(row: &Row, column: &str) -> Answer<u32> {
    Ok(u32::try_from(row.get::<i64>(column)?).unwrap_or(u32::MAX))
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Answer<String> {
    serde_json::to_string(value).map_err(|_| StoreError::NotUnderstood("value"))
}

pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Answer<T> {
    serde_json::from_str(json).map_err(|_| StoreError::NotUnderstood("value"))
}

pub(super) fn tag(row: &Row) -> Answer<Tag> {
    let kid = u8::try_from(row.get::<i64>("kid")?).map_err(|_| StoreError::NotUnderstood("pepper number"))?;
    Ok(Tag { kid, nonce: fixed(row, "nonce")?, tag: row.get("tag")? })
}
