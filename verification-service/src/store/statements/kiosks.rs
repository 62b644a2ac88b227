//! Kiosks, their keys, what they tell.

use super::columns::{fixed, id, text};
use crate::roles::Role;
use crate::store::connection::{Row, sql};
use crate::store::rows::{Invitation, Kiosk, KioskKey, Peer};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    /// A client by its id, and what holds of one of its keys.
    ///
    /// # Errors
    /// Of the store.
    pub async fn peer(&mut self, kiosk: Uuid, spki: &[u8; 32]) -> Answer<Option<Peer>> {
        let query = sql!(
            "SELECT k.id, k.role, k.number, k.lane, k.added_at, k.revoked_at, k.quarantined_at, k.last_seen, \
             CASE WHEN p.spki IS NOT NULL AND p.ended_at IS NULL THEN 1 ELSE 0 END AS pinned, \
             COALESCE(p.not_after, 0) AS not_after, \
             CASE WHEN EXISTS (SELECT 1 FROM kiosk_key o WHERE o.kiosk = k.id AND o.spki <> p.spki \
             AND o.ended_at IS NULL AND o.not_before < p.not_before) THEN 1 ELSE 0 END AS supersedes \
             FROM kiosk k LEFT JOIN kiosk_key p ON p.kiosk = k.id AND p.spki = $2 WHERE k.id = $1",
            text(kiosk),
            spki.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(Peer {
            kiosk: kiosk_row(&row)?,
            pinned: row.get::<i32>("pinned")? == 1,
            not_after: row.get("not_after")?,
            supersedes: row.get::<i32>("supersedes")? == 1,
        }))
    }

    pub async fn kiosks(&mut self) -> Answer<Vec<Kiosk>> {
        self.all(sql!("SELECT * FROM kiosk ORDER BY number"), kiosk_row).await
    }

    pub async fn add_kiosk(&mut self, kiosk: &Kiosk, key: &KioskKey) -> Answer<bool> {
        let added = self
            .run(sql!(
                "INSERT INTO kiosk (id, role, number, lane, added_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT DO NOTHING",
                text(kiosk.id),
                kiosk.role.name(),
                kiosk.number.clone(),
                kiosk.lane.clone(),
                kiosk.added_at
            ))
            .await?;
        if added == 0 {
            return Ok(false);
        }
        self.set_key(kiosk.id, key).await
    }

    /// The client that has a number or name, and until when its newest certificate is good, if any of its keys has not ended.
    ///
    /// # Errors
    /// Of the store.
    pub async fn client_of_number(&mut self, number: &str) -> Answer<Option<(Kiosk, Option<i64>)>> {
        let query = sql!(
            "SELECT k.*, (SELECT MAX(p.not_after) FROM kiosk_key p WHERE p.kiosk = k.id AND p.ended_at IS NULL) AS good_until \
             FROM kiosk k WHERE k.number = $1",
            number.to_owned()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some((kiosk_row(&row)?, row.get("good_until")?)))
    }

    /// Admits a client anew, with another key. The older ones end: when it was revoked, or else now. A quarantine stays.
    ///
    /// # Errors
    /// Of the store.
    pub async fn admit_again(&mut self, kiosk: &Kiosk, key: &KioskKey) -> Answer<bool> {
        if !self.set_key(kiosk.id, key).await? {
            return Ok(false);
        }
        let ended = sql!(
            "UPDATE kiosk_key SET ended_at = COALESCE((SELECT revoked_at FROM kiosk WHERE id = $1), $3) \
             WHERE kiosk = $1 AND spki <> $2 AND ended_at IS NULL",
            text(kiosk.id),
            key.spki.to_vec(),
            kiosk.added_at
        );
        self.run(ended).await?;
        let admitted =
            sql!("UPDATE kiosk SET revoked_at = NULL, lane = $2 WHERE id = $1", text(kiosk.id), kiosk.lane.clone());
        Ok(self.run(admitted).await? == 1)
    }

    /// Pins a key, or takes note of a pinned key's newest certificate; false if the key has ended.
    async fn set_key(&mut self, kiosk: Uuid, key: &KioskKey) -> Answer<bool> {
        let pinned = self
            .run(sql!(
                "INSERT INTO kiosk_key (kiosk, spki, public_key, serial, not_before, not_after) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kiosk, spki) DO UPDATE SET serial = excluded.serial, \
                 not_after = excluded.not_after WHERE kiosk_key.ended_at IS NULL",
                text(kiosk),
                key.spki.to_vec(),
                key.public_key.clone(),
                key.serial.clone(),
                key.not_before,
                key.not_after
            ))
            .await?;
        if pinned == 0 {
            return Ok(false);
        }
        self.run(sql!(
            "INSERT INTO kiosk_certificate (serial, kiosk, spki, not_before, not_after) VALUES ($1, $2, $3, $4, $5)",
            key.serial.clone(),
            text(kiosk),
            key.spki.to_vec(),
            key.not_before,
            key.not_after
        ))
        .await?;
        Ok(true)
    }

    /// Pins a client's next key. Of its other keys only the one that asks stays. False if the key has ended.
    ///
    /// # Errors
    /// Of the store.
    pub async fn renew_key(&mut self, kiosk: Uuid, asking: &[u8; 32], key: &KioskKey, now: i64) -> Answer<bool> {
        if !self.set_key(kiosk, key).await? {
            return Ok(false);
        }
        let query = sql!(
            "UPDATE kiosk_key SET ended_at = $4 WHERE kiosk = $1 AND spki <> $2 AND spki <> $3 AND ended_at IS NULL",
            text(kiosk),
            asking.to_vec(),
            key.spki.to_vec(),
            now
        );
        self.run(query).await?;
        Ok(true)
    }

    /// Ends every key of a client but this one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn end_older_keys(&mut self, kiosk: Uuid, spki: &[u8; 32], now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE kiosk_key SET ended_at = $3 WHERE kiosk = $1 AND spki <> $2 AND ended_at IS NULL",
            text(kiosk),
            spki.to_vec(),
            now
        );
        self.run(query).await.map(drop)
    }

    pub async fn add_invitation(&mut self, hash: &[u8; 32], invitation: &Invitation, now: i64) -> Answer<()> {
        let query = sql!(
            "INSERT INTO kiosk_invitation (hash, number, lane, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            hash.to_vec(),
            invitation.number.clone(),
            invitation.lane.clone(),
            now,
            invitation.expires_at
        );
        self.run(query).await.map(drop)
    }

    pub async fn invitation(&mut self, hash: &[u8; 32]) -> Answer<Option<Invitation>> {
        let query = sql!("SELECT * FROM kiosk_invitation WHERE hash = $1", hash.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let kiosk = row.get::<Option<String>>("kiosk")?.map(|id| Uuid::parse_str(&id));
        Ok(Some(Invitation {
            number: row.get("number")?,
            lane: row.get("lane")?,
            expires_at: row.get("expires_at")?,
            kiosk: kiosk.transpose().map_err(|_| StoreError::NotUnderstood("id"))?,
        }))
    }

    /// Uses an invitation up; false if it was used or has expired.
    ///
    /// # Errors
    /// Of the store.
    pub async fn use_invitation(&mut self, hash: &[u8; 32], kiosk: Uuid, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE kiosk_invitation SET kiosk = $2 WHERE hash = $1 AND kiosk IS NULL AND expires_at > $3",
            hash.to_vec(),
            text(kiosk),
            now
        );
        Ok(self.run(query).await? == 1)
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

    /// Serial numbers of certificates that are revoked and would not have expired, and since when.
    ///
    /// # Errors
    /// Of the store.
    pub async fn revoked_keys(&mut self, now: i64) -> Answer<Vec<(Vec<u8>, i64)>> {
        let query = sql!(
            "SELECT c.serial, COALESCE(k.revoked_at, p.ended_at) AS since FROM kiosk_certificate c \
             JOIN kiosk k ON k.id = c.kiosk JOIN kiosk_key p ON p.kiosk = c.kiosk AND p.spki = c.spki \
             WHERE (k.revoked_at IS NOT NULL OR p.ended_at IS NOT NULL) AND c.not_after > $1 ORDER BY c.serial",
            now
        );
        self.all(query, |row| Ok((row.get("serial")?, row.get("since")?))).await
    }

    pub async fn heartbeat(&mut self, kiosk: Uuid, now: i64, json: &str) -> Answer<()> {
        let query =
            sql!("UPDATE kiosk SET last_seen = $2, heartbeat = $3 WHERE id = $1", text(kiosk), now, json.to_owned());
        self.run(query).await.map(drop)
    }
}

fn kiosk_row(row: &Row) -> Answer<Kiosk> {
    let role = Role::from_name(&row.get::<String>("role")?).ok_or(StoreError::NotUnderstood("role"))?;
    Ok(Kiosk {
        id: id(row, "id")?,
        role,
        number: row.get("number")?,
        lane: row.get("lane")?,
        added_at: row.get("added_at")?,
        revoked_at: row.get("revoked_at")?,
        quarantined_at: row.get("quarantined_at")?,
        last_seen: row.get("last_seen")?,
    })
}
