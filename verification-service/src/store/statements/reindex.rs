//! Moving what stands at a blind index to the index key that is used now.

use super::columns::{fixed, id, text};
use crate::secrets::Blind;
use crate::store::connection::{Row, sql};
use crate::store::{Answer, StoreError, Tx};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something that stands at a blind index, with the sealed text that its index is made of.
pub struct Standing {
    pub at: [u8; 32],
    pub index_kid: i64,
    /// Whose it is: what the seal is bound to.
    pub owner: Uuid,
    /// Of an identifier or a document: its type.
    pub kind: String,
    pub sealed: Vec<u8>,
}

/// Every table with rows at blind indexes, and how many there are under each key.
const COUNTS: [(&str, &str); 7] = [
    ("identifier", "SELECT index_kid AS kid, COUNT(*) AS n FROM identifier GROUP BY index_kid"),
    ("document", "SELECT index_kid AS kid, COUNT(*) AS n FROM document GROUP BY index_kid"),
    ("login", "SELECT index_kid AS kid, COUNT(*) AS n FROM login GROUP BY index_kid"),
    ("officer", "SELECT index_kid AS kid, COUNT(*) AS n FROM officer GROUP BY index_kid"),
    ("throttle", "SELECT index_kid AS kid, COUNT(*) AS n FROM throttle GROUP BY index_kid"),
    ("pin_throttle", "SELECT index_kid AS kid, COUNT(*) AS n FROM pin_throttle GROUP BY index_kid"),
    ("verification", "SELECT index_kid AS kid, COUNT(*) AS n FROM verification GROUP BY index_kid"),
];

impl Tx {
    /// How many rows of each table stand under each index key.
    ///
    /// # Errors
    /// Of the store.
    pub async fn count_places(&mut self) -> Answer<BTreeMap<i64, BTreeMap<&'static str, i64>>> {
        let mut found: BTreeMap<i64, BTreeMap<&'static str, i64>> = BTreeMap::new();
        for (table, query) in COUNTS {
            for (kid, count) in self.all(sql!(query), |row| Ok((row.get("kid")?, row.get("n")?))).await? {
                found.entry(kid).or_default().insert(table, count);
            }
        }
        Ok(found)
    }

    /// Lowest and highest number of the index keys under which identifiers and logins stand.
    ///
    /// # Errors
    /// Of the store.
    pub async fn index_kids(&mut self) -> Answer<Option<(i64, i64)>> {
        let mut found: Option<(i64, i64)> = None;
        // One aggregate each: both engines then read only an end of the index.
        for query in [
            "SELECT MIN(index_kid) AS kid FROM identifier",
            "SELECT MAX(index_kid) AS kid FROM identifier",
            "SELECT MIN(index_kid) AS kid FROM login",
            "SELECT MAX(index_kid) AS kid FROM login",
        ] {
            let kid: Option<i64> = self.one(sql!(query)).await?.map_or(Ok(None), |row| row.get("kid"))?;
            if let Some(kid) = kid {
                found = Some(found.map_or((kid, kid), |(low, high)| (low.min(kid), high.max(kid))));
            }
        }
        Ok(found)
    }

    /// Identifiers in the order of their places, after this one: those that do not stand under key `kid`, or (`None`) all.
    ///
    /// # Errors
    /// Of the store.
    pub async fn identifiers_after(
        &mut self,
        after: &[u8],
        not_under: Option<i64>,
        limit: i64,
    ) -> Answer<Vec<Standing>> {
        let query = sql!(
            "SELECT blind, index_kid, account AS owner, type, sealed FROM identifier \
             WHERE blind > $1 AND index_kid <> $2 ORDER BY blind LIMIT $3",
            after.to_vec(),
            not_under.unwrap_or(0),
            limit
        );
        self.all(query, standing).await
    }

    /// # Errors
    /// Of the store.
    pub async fn documents_after(&mut self, after: &[u8], not_under: i64, limit: i64) -> Answer<Vec<Standing>> {
        let query = sql!(
            "SELECT blind, index_kid, account AS owner, type, sealed FROM document \
             WHERE blind > $1 AND index_kid <> $2 ORDER BY blind LIMIT $3",
            after.to_vec(),
            not_under,
            limit
        );
        self.all(query, standing).await
    }

    /// # Errors
    /// Of the store.
    pub async fn logins_after(&mut self, after: &[u8], limit: i64) -> Answer<Vec<Standing>> {
        let query = sql!(
            "SELECT name AS blind, index_kid, id AS owner, kind AS type, user_name AS sealed FROM login \
             WHERE name > $1 ORDER BY name LIMIT $2",
            after.to_vec(),
            limit
        );
        self.all(query, standing).await
    }

    /// Officers whose badges are kept.
    ///
    /// # Errors
    /// Of the store.
    pub async fn badges_after(&mut self, after: &[u8], limit: i64) -> Answer<Vec<Standing>> {
        let query = sql!(
            "SELECT badge AS blind, index_kid, id AS owner, '' AS type, sealed FROM officer \
             WHERE badge > $1 AND sealed IS NOT NULL ORDER BY badge LIMIT $2",
            after.to_vec(),
            limit
        );
        self.all(query, standing).await
    }

    /// Moves an identifier, with its codes and representations, from its other place to the one that is used; whether it
    /// stood there.
    ///
    /// # Errors
    /// Of the store.
    pub async fn move_identifier(&mut self, place: &Blind, from: &[u8; 32]) -> Answer<bool> {
        let (from, to) = (from.to_vec(), place.at());
        let copied = sql!(
            "INSERT INTO identifier (blind, account, type, sealed, index_kid) \
             SELECT $2, account, type, sealed, $3 FROM identifier WHERE blind = $1",
            from.clone(),
            to,
            place.kid()
        );
        if self.run(copied).await? == 0 {
            return Ok(false);
        }
        self.run(sql!("UPDATE code SET identifier = $2 WHERE identifier = $1", from.clone(), to)).await?;
        self.run(sql!("UPDATE representation SET delegation = $2 WHERE delegation = $1", from.clone(), to)).await?;
        self.run(sql!("DELETE FROM identifier WHERE blind = $1", from)).await?;
        Ok(true)
    }

    /// Moves the verifications of an identifier; how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn move_verifications(&mut self, place: &Blind, from: &[u8; 32]) -> Answer<u64> {
        let query = sql!(
            "UPDATE verification SET identifier = $2, index_kid = $3 WHERE identifier = $1",
            from.to_vec(),
            place.at(),
            place.kid()
        );
        self.run(query).await
    }

    /// # Errors
    /// Of the store.
    pub async fn move_document(&mut self, place: &Blind, from: &[u8; 32]) -> Answer<()> {
        let query = sql!(
            "UPDATE document SET blind = $2, index_kid = $3 WHERE blind = $1",
            from.to_vec(),
            place.at(),
            place.kid()
        );
        self.run(query).await.map(drop)
    }

    /// # Errors
    /// Of the store.
    pub async fn move_login(&mut self, login: Uuid, name: &Blind) -> Answer<()> {
        let query =
            sql!("UPDATE login SET name = $2, index_kid = $3 WHERE id = $1", text(login), name.at(), name.kid());
        self.run(query).await.map(drop)
    }

    /// # Errors
    /// Of the store.
    pub async fn move_badge(&mut self, officer: Uuid, badge: &Blind) -> Answer<()> {
        let query =
            sql!("UPDATE officer SET badge = $2, index_kid = $3 WHERE id = $1", text(officer), badge.at(), badge.kid());
        self.run(query).await.map(drop)
    }

    /// Whether tries or verifications of an identifier stand at one place alone.
    ///
    /// # Errors
    /// Of the store.
    pub async fn has_history_at(&mut self, at: &[u8; 32]) -> Answer<bool> {
        let query = sql!(
            "SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM verification WHERE identifier = $1) \
             OR EXISTS (SELECT 1 FROM throttle WHERE identifier = $1)",
            at.to_vec()
        );
        Ok(self.one(query).await?.is_some())
    }

    /// Whether tries with PINs or passwords stand at a subject's other place.
    ///
    /// # Errors
    /// Of the store.
    pub async fn has_pins_elsewhere(&mut self, subject: &Blind) -> Answer<bool> {
        let Some(other) = subject.other() else { return Ok(false) };
        Ok(self.one(sql!("SELECT 1 AS found FROM pin_throttle WHERE subject = $1", other)).await?.is_some())
    }

    /// Whether tries with an identifier stand at one place.
    ///
    /// # Errors
    /// Of the store.
    pub async fn has_throttle_at(&mut self, at: &[u8; 32]) -> Answer<bool> {
        Ok(self.one(sql!("SELECT 1 AS found FROM throttle WHERE identifier = $1", at.to_vec())).await?.is_some())
    }

    /// What the rows about moves tell, the oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub async fn told_moves(&mut self) -> Answer<Vec<String>> {
        self.all(sql!("SELECT detail FROM audit WHERE event = 'reindexed' ORDER BY seq"), |row| row.get("detail")).await
    }
}

fn standing(row: &Row) -> Answer<Standing> {
    let sealed: Option<Vec<u8>> = row.get("sealed")?;
    Ok(Standing {
        at: fixed(row, "blind")?,
        index_kid: row.get("index_kid")?,
        owner: id(row, "owner")?,
        kind: row.get("type")?,
        sealed: sealed.ok_or(StoreError::NotUnderstood("sealed text"))?,
    })
}
