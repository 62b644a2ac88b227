//! Sessions of the portal.

use super::columns::{fixed, id, text};
use crate::portal::rows::{Session, Stage};
use crate::store::connection::{Row, sql};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    pub async fn add_portal_session(&mut self, session: &Session) -> Answer<()> {
        let query = sql!(
            "INSERT INTO portal_session (hash, id, stage, login, registration, agent, begun_at, last_used, fresh_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            session.hash.to_vec(),
            text(session.id),
            session.stage.name(),
            session.login.map(text),
            session.registration.clone(),
            session.agent.clone(),
            session.begun_at,
            session.last_used,
            session.fresh_at
        );
        self.run(query).await.map(drop)
    }

    pub async fn portal_session(&mut self, hash: &[u8; 32]) -> Answer<Option<Session>> {
        let query = sql!("SELECT * FROM portal_session WHERE hash = $1", hash.to_vec());
        self.one(query).await?.as_ref().map(session_row).transpose()
    }

    /// Those not ended; the newest first.
    pub async fn portal_sessions_of(&mut self, login: Uuid) -> Answer<Vec<Session>> {
        let query = sql!(
            "SELECT * FROM portal_session WHERE login = $1 AND stage = 'signed_in' AND ended_at IS NULL \
             ORDER BY last_used DESC LIMIT 100",
            text(login)
        );
        self.all(query, session_row).await
    }

    pub async fn touch_portal_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE portal_session SET last_used = CASE WHEN last_used > $2 THEN last_used ELSE $2 END WHERE hash = $1",
            hash.to_vec(),
            now
        );
        self.run(query).await.map(drop)
    }

    pub async fn freshen_portal_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query = sql!("UPDATE portal_session SET fresh_at = $2 WHERE hash = $1", hash.to_vec(), now);
        self.run(query).await.map(drop)
    }

    /// Keeps a step of a registration, from when on the next one has its time.
    pub async fn set_registration(&mut self, hash: &[u8; 32], registration: Vec<u8>, now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE portal_session SET registration = $2, last_used = $3 WHERE hash = $1 AND ended_at IS NULL",
            hash.to_vec(),
            registration,
            now
        );
        self.run(query).await.map(drop)
    }

    pub async fn set_ceremony(&mut self, hash: &[u8; 32], ceremony: Vec<u8>) -> Answer<()> {
        let query = sql!("UPDATE portal_session SET ceremony = $2 WHERE hash = $1", hash.to_vec(), ceremony);
        self.run(query).await.map(drop)
    }

    /// Ends a ceremony; false if it is another one, or was ended already.
    pub async fn take_ceremony(&mut self, hash: &[u8; 32], ceremony: Vec<u8>) -> Answer<bool> {
        let query = sql!(
            "UPDATE portal_session SET ceremony = NULL WHERE hash = $1 AND ceremony = $2",
            hash.to_vec(),
            ceremony
        );
        Ok(self.run(query).await? == 1)
    }

    pub async fn end_portal_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE portal_session SET ended_at = $2, registration = NULL, ceremony = NULL \
             WHERE hash = $1 AND ended_at IS NULL",
            hash.to_vec(),
            now
        );
        Ok(self.run(query).await? == 1)
    }

    /// Ends a session of this login by its id.
    pub async fn end_portal_session_of(&mut self, login: Uuid, session: Uuid, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE portal_session SET ended_at = $3, ceremony = NULL WHERE login = $1 AND id = $2 AND ended_at IS NULL",
            text(login),
            text(session),
            now
        );
        Ok(self.run(query).await? == 1)
    }

    /// Ends every session of this login but one; how many.
    pub async fn end_portal_sessions_of(&mut self, login: Uuid, but: &[u8; 32], now: i64) -> Answer<u64> {
        let query = sql!(
            "UPDATE portal_session SET ended_at = $3, ceremony = NULL WHERE login = $1 AND hash <> $2 AND ended_at IS NULL",
            text(login),
            but.to_vec(),
            now
        );
        self.run(query).await
    }
}

fn session_row(row: &Row) -> Answer<Session> {
    let login = row.get::<Option<String>>("login")?;
    Ok(Session {
        hash: fixed(row, "hash")?,
        id: id(row, "id")?,
        stage: Stage::from_name(&row.get::<String>("stage")?).ok_or(StoreError::NotUnderstood("stage of a session"))?,
        login: login.and_then(|text| Uuid::parse_str(&text).ok()),
        registration: row.get("registration")?,
        ceremony: row.get("ceremony")?,
        agent: row.get("agent")?,
        begun_at: row.get("begun_at")?,
        last_used: row.get("last_used")?,
        fresh_at: row.get("fresh_at")?,
        ended_at: row.get("ended_at")?,
    })
}
