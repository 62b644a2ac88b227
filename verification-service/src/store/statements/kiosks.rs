//! Kiosks, their keys, what they tell.

use super::columns::{fixed, id, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::{Kiosk, KioskKey, Peer};
use crate::store::{Answer, Tx};
use uuid::Uuid;

impl Tx {
    pub async fn peer(&mut self, kiosk: Uuid, spki: &[u8; 32]) -> Answer<Option<Peer>> {
        let query = sql!(
            "SELECT k.id, k.number, k.lane, k.added_at, k.revoked_at, k.quarantined_at, k.last_seen, \
             CASE WHEN p.spki IS NOT NULL AND p.ended_at IS NULL THEN 1 ELSE 0 END AS pinned \
             FROM kiosk k LEFT JOIN kiosk_key p ON p.kiosk = k.id AND p.spki = $2 WHERE k.id = $1",
            text(kiosk),
            spki.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(Peer { kiosk: kiosk_row(&row)?, pinned: row.get::<i32>("pinned")? == 1 }))
    }

    pub async fn kiosks(&mut self) -> Answer<Vec<Kiosk>> {
        self.all(sql!("SELECT * FROM kiosk ORDER BY number"), kiosk_row).await
    }

    pub async fn add_kiosk(&mut self, kiosk: &Kiosk, key: &KioskKey) -> Answer<bool> {
        let added = self
            .run(sql!(
                "INSERT INTO kiosk (id, number, lane, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                text(kiosk.id),
                kiosk.number.clone(),
                kiosk.lane.clone(),
                kiosk.added_at
            ))
            .await?;
        if added == 0 {
            return Ok(false);
        }
        self.run(sql!(
            "INSERT INTO kiosk_key (kiosk, spki, public_key, serial, not_before, not_after) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            text(kiosk.id),
            key.spki.to_vec(),
            key.public_key.clone(),
            key.serial.clone(),
            key.not_before,
            key.not_after
        ))
        .await?;
        Ok(true)
    }

    pub async fn revoke_kiosk(&mut self, kiosk: Uuid, now: i64) -> Answer<bool> {
        let query = sql!("UPDATE kiosk SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", text(kiosk), now);
        Ok(self.run(query).await? == 1)
    }

    pub async fn set_quarantine(&mut self, kiosk: Uuid, since: Option<i64>) -> Answer<bool> {
        let query = sql!("UPDATE kiosk SET quarantined_at = $2 WHERE id = $1", text(kiosk), since);
        let found = self.run(query).await? == 1;
        if since.is_none() {
            self.run(sql!("DELETE FROM failing_identifier WHERE kiosk = $1", text(kiosk))).await?;
        }
        Ok(found)
    }

    pub async fn kiosk_key(&mut self, kiosk: Uuid, spki: &[u8]) -> Answer<Option<KioskKey>> {
        let query = sql!("SELECT * FROM kiosk_key WHERE kiosk = $1 AND spki = $2", text(kiosk), spki.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(KioskKey {
            spki: fixed(&row, "spki")?,
            public_key: row.get("public_key")?,
            serial: row.get("serial")?,
            not_before: row.get("not_before")?,
            not_after: row.get("not_after")?,
            ended_at: row.get("ended_at")?,
        }))
    }

    pub async fn revoked_keys(&mut self) -> Answer<Vec<(Vec<u8>, i64)>> {
        let query = sql!(
            "SELECT p.serial, COALESCE(k.revoked_at, p.ended_at) AS since FROM kiosk_key p JOIN kiosk k ON k.id = p.kiosk \
             WHERE k.revoked_at IS NOT NULL OR p.ended_at IS NOT NULL ORDER BY p.serial"
        );
        self.all(query, |row| Ok((row.get("serial")?, row.get("since")?))).await
    }

    pub async fn heartbeat(&mut self, kiosk: Uuid, now: i64, json: &str) -> Answer<()> {
        let query =
            sql!("UPDATE kiosk SET last_seen = $2, heartbeat = $3 WHERE id = $1", text(kiosk), now, json.to_owned());
        self.run(query).await.map(drop)
    }

    pub async fn assistance(&mut self, kiosk: Uuid, now: i64, lane: &str, visit: Option<Uuid>) -> Answer<()> {
        let query = sql!(
            "INSERT INTO assistance (kiosk, at, lane, visit) VALUES ($1, $2, $3, $4)",
            text(kiosk),
            now,
            lane.to_owned(),
            visit.map(text)
        );
        self.run(query).await.map(drop)
    }
}

fn kiosk_row(row: &Row) -> Answer<Kiosk> {
    Ok(Kiosk {
        id: id(row, "id")?,
        number: row.get("number")?,
        lane: row.get("lane")?,
        added_at: row.get("added_at")?,
        revoked_at: row.get("revoked_at")?,
        quarantined_at: row.get("quarantined_at")?,
        last_seen: row.get("last_seen")?,
    })
}
