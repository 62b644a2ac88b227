//! Backup codes.

use super::columns::{fixed, id, tag, text};
use super::places::{elsewhere, placed};
use crate::secrets::Blind;
use crate::store::connection::sql;
use crate::store::rows::{Code, CodeState};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    /// The code that counts: the active one, or else the one made last. Clocks differ and are set back, so that an ended one
    /// may tell a later time. One row is read, whatever there is: where there is none, the table's first one stands in, and is
    /// read as far, so that nobody learns from the time it takes which identifiers have a code.
    pub async fn newest_code(&mut self, identifier: Blind) -> Answer<Option<Code>> {
        let query = placed!(
            identifier,
            [
                "SELECT * FROM (SELECT 0 AS stand_in, c.* FROM code c WHERE c.identifier",
                "$2",
                " ORDER BY CASE WHEN state = 'active' THEN 1 ELSE 0 END DESC, made_at DESC, rowid DESC LIMIT 1) AS own \
                 UNION ALL SELECT * FROM (SELECT 1 AS stand_in, c.* FROM code c ORDER BY c.id LIMIT 1) AS other LIMIT 1"
            ]
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let state: String = row.get("state")?;
        let code = Code {
            id: id(&row, "id")?,
            account: id(&row, "account")?,
            identifier,
            alg: row.get("alg")?,
            salt: fixed(&row, "salt")?,
            tag: tag(&row)?,
            state: CodeState::from_name(&state).ok_or(StoreError::NotUnderstood("state of a code"))?,
            version: row.get("version")?,
            made_at: row.get("made_at")?,
            expires_at: row.get("expires_at")?,
        };
        Ok((row.get::<i32>("stand_in")? == 0).then_some(code))
    }

    /// The peppers of the oldest and of the newest code and login: both ends of what is kept.
    ///
    /// # Errors
    /// Of the store.
    pub async fn peppers_in_use(&mut self) -> Answer<Vec<i64>> {
        let mut found = vec![];
        for query in [
            "SELECT kid FROM code ORDER BY id LIMIT 1",
            "SELECT kid FROM code ORDER BY id DESC LIMIT 1",
            "SELECT kid FROM login ORDER BY id LIMIT 1",
            "SELECT kid FROM login ORDER BY id DESC LIMIT 1",
        ] {
            if let Some(row) = self.one(sql!(query)).await? {
                found.push(row.get("kid")?);
            }
        }
        Ok(found)
    }

    /// Adds a code where its identifier stands. It tells a later time than those before it.
    pub async fn add_code(&mut self, code: &Code) -> Answer<()> {
        let last = placed!(code.identifier, ["SELECT MAX(made_at) AS at FROM code WHERE identifier", "$2", ""]);
        let last: Option<i64> = self.one(last).await?.map_or(Ok(None), |row| row.get("at"))?;
        let made_at = last.map_or(code.made_at, |last| code.made_at.max(last.saturating_add(1)));
        let query = sql!(
            "INSERT INTO code (id, account, identifier, alg, kid, salt, nonce, tag, state, version, made_at, expires_at) \
             VALUES ($1, $2, (SELECT blind FROM identifier WHERE blind IN ($3, $13)), $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            text(code.id),
            text(code.account),
            code.identifier.at(),
            code.alg.clone(),
            i64::from(code.tag.kid),
            code.salt.to_vec(),
            code.tag.nonce.to_vec(),
            code.tag.tag.clone(),
            code.state.name(),
            code.version,
            made_at,
            code.expires_at,
            elsewhere(&code.identifier)
        );
        self.run(query).await.map(drop)
    }

    /// Ends the active code of an identifier; false if there is none.
    pub async fn end_code(&mut self, identifier: Blind, state: CodeState, now: i64) -> Answer<bool> {
        let query = placed!(
            identifier,
            [
                "UPDATE code SET state = $2, version = version + 1, ended_at = $3 WHERE identifier",
                "$4",
                " AND state = 'active'"
            ],
            state.name(),
            now
        );
        Ok(self.run(query).await? > 0)
    }

    /// Ends this code if it is still what it was; false if it is not.
    pub async fn end_this_code(&mut self, id: Uuid, version: i64, state: CodeState, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE code SET state = $3, version = version + 1, ended_at = $4 \
             WHERE id = $1 AND version = $2 AND state = 'active'",
            text(id),
            version,
            state.name(),
            now
        );
        Ok(self.run(query).await? == 1)
    }

    /// Uses the code up if it is still what it was; true if this changed exactly that row.
    pub async fn use_code(&mut self, id: Uuid, version: i64, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE code SET state = 'used', version = version + 1, ended_at = $3 \
             WHERE id = $1 AND version = $2 AND state = 'active' AND expires_at > $3",
            text(id),
            version,
            now
        );
        Ok(self.run(query).await? == 1)
    }
}
