//! Officers, their sessions, and technicians.

use super::columns::{fixed, id, tag, text};
use super::places::{elsewhere, placed};
use crate::secrets::Blind;
use crate::store::connection::sql;
use crate::store::rows::{Officer, OfficerSession, Technician};
use crate::store::{Answer, Tx};
use uuid::Uuid;

impl Tx {
    pub async fn officer(&mut self, badge: Blind) -> Answer<Option<Officer>> {
        let Some(row) = self.one(placed!(badge, ["SELECT * FROM officer WHERE badge", "$2", ""])).await? else {
            return Ok(None);
        };
        Ok(Some(Officer {
            id: id(&row, "id")?,
            sealed: row.get("sealed")?,
            index_kid: row.get("index_kid")?,
            salt: fixed(&row, "salt")?,
            tag: tag(&row)?,
            disabled: row.get::<Option<i64>>("disabled_at")?.is_some(),
        }))
    }

    pub async fn add_officer(&mut self, badge: Blind, officer: &Officer, now: i64) -> Answer<bool> {
        let query = sql!(
            "INSERT INTO officer (id, badge, kid, salt, nonce, tag, added_at, sealed, index_kid) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE NOT EXISTS (SELECT 1 FROM officer WHERE badge = $10) \
             ON CONFLICT DO NOTHING",
            text(officer.id),
            badge.at(),
            i64::from(officer.tag.kid),
            officer.salt.to_vec(),
            officer.tag.nonce.to_vec(),
            officer.tag.tag.clone(),
            now,
            officer.sealed.clone(),
            badge.kid(),
            elsewhere(&badge)
        );
        Ok(self.run(query).await? == 1)
    }

    /// Puts an officer's badge under the index key that is used now, and keeps it sealed.
    pub async fn place_officer(&mut self, officer: Uuid, badge: Blind, sealed: Vec<u8>) -> Answer<()> {
        let query = sql!(
            "UPDATE officer SET badge = $2, index_kid = $3, sealed = $4 WHERE id = $1",
            text(officer),
            badge.at(),
            badge.kid(),
            sealed
        );
        self.run(query).await.map(drop)
    }

    pub async fn disable_officer(&mut self, badge: Blind, now: i64) -> Answer<Option<Uuid>> {
        let query = placed!(
            badge,
            ["UPDATE officer SET disabled_at = COALESCE(disabled_at, $2) WHERE badge", "$3", " RETURNING id"],
            now
        );
        self.one(query).await?.as_ref().map(|row| id(row, "id")).transpose()
    }

    pub async fn disabled_officers(&mut self) -> Answer<Vec<String>> {
        let query = sql!("SELECT id FROM officer WHERE disabled_at IS NOT NULL ORDER BY id");
        self.all(query, |row| row.get("id")).await
    }

    pub async fn add_session(&mut self, session: &OfficerSession) -> Answer<()> {
        let query = sql!(
            "INSERT INTO officer_session (hash, officer, kiosk, begun_at, last_used) VALUES ($1, $2, $3, $4, $5)",
            session.hash.to_vec(),
            text(session.officer),
            text(session.kiosk),
            session.begun_at,
            session.last_used
        );
        self.run(query).await.map(drop)
    }

    pub async fn session(&mut self, hash: &[u8; 32]) -> Answer<Option<OfficerSession>> {
        let query = sql!(
            "SELECT s.*, o.disabled_at FROM officer_session s JOIN officer o ON o.id = s.officer WHERE s.hash = $1",
            hash.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(OfficerSession {
            hash: *hash,
            officer: id(&row, "officer")?,
            kiosk: id(&row, "kiosk")?,
            begun_at: row.get("begun_at")?,
            last_used: row.get("last_used")?,
            ended_at: row.get("ended_at")?,
            officer_disabled_at: row.get("disabled_at")?,
        }))
    }

    pub async fn touch_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE officer_session SET last_used = CASE WHEN last_used > $2 THEN last_used ELSE $2 END WHERE hash = $1",
            hash.to_vec(),
            now
        );
        self.run(query).await.map(drop)
    }

    pub async fn end_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query =
            sql!("UPDATE officer_session SET ended_at = COALESCE(ended_at, $2) WHERE hash = $1", hash.to_vec(), now);
        self.run(query).await.map(drop)
    }

    /// Whether the officer signed in at the kiosk between the two times.
    pub async fn signed_in(&mut self, officer: Uuid, kiosk: Uuid, from: i64, to: i64) -> Answer<bool> {
        let query = sql!(
            "SELECT 1 FROM officer_session WHERE officer = $1 AND kiosk = $2 AND begun_at BETWEEN $3 AND $4 LIMIT 1",
            text(officer),
            text(kiosk),
            from,
            to
        );
        Ok(self.one(query).await?.is_some())
    }

    pub async fn add_technician(&mut self, technician: &Technician) -> Answer<()> {
        let query = sql!(
            "INSERT INTO technician (id, name, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
            text(technician.id),
            technician.name.clone(),
            technician.issued_at,
            technician.expires_at
        );
        self.run(query).await.map(drop)
    }

    pub async fn revoke_technician(&mut self, technician: Uuid, now: i64) -> Answer<bool> {
        let query =
            sql!("UPDATE technician SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", text(technician), now);
        Ok(self.run(query).await? == 1)
    }

    pub async fn revoked_technicians(&mut self, now: i64) -> Answer<Vec<Uuid>> {
        let query = sql!("SELECT id FROM technician WHERE revoked_at IS NOT NULL AND expires_at > $1 ORDER BY id", now);
        self.all(query, |row| id(row, "id")).await
    }
}
