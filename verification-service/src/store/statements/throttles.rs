//! What slows guessing down: tries with an identifier, wrong PINs, rates, failing identifiers.

use super::columns::{count, fixed, text};
use super::places::placed;
use crate::secrets::Blind;
use crate::store::connection::{Row, sql};
use crate::store::rows::Lock;
use crate::store::{Answer, Tx};
use crate::throttle::{PinThrottle, Throttle};
use uuid::Uuid;

impl Tx {
    pub async fn throttle(&mut self, identifier: Blind) -> Answer<Throttle> {
        let query = placed!(
            identifier,
            ["SELECT n, locked_until, last_at FROM throttle WHERE identifier", "$2", " ORDER BY n DESC LIMIT 1"]
        );
        let Some(row) = self.one(query).await? else { return Ok(Throttle::default()) };
        Ok(Throttle { n: count(&row, "n")?, locked_until: row.get("locked_until")?, last_at: row.get("last_at")? })
    }

    pub async fn set_throttle(&mut self, identifier: Blind, state: Throttle) -> Answer<()> {
        let query = sql!(
            "INSERT INTO throttle (identifier, n, locked_until, last_at, index_kid) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (identifier) DO UPDATE SET n = excluded.n, locked_until = excluded.locked_until, \
             last_at = excluded.last_at",
            identifier.at(),
            i64::from(state.n),
            state.locked_until,
            state.last_at,
            identifier.kid()
        );
        self.run(query).await?;
        // While there are two index keys it moves to the one that is used, whosever it is.
        match identifier.other() {
            Some(other) => self.run(sql!("DELETE FROM throttle WHERE identifier = $1", other)).await.map(drop),
            None => Ok(()),
        }
    }

    pub async fn pin_throttle(&mut self, subject: Blind) -> Answer<PinThrottle> {
        let query = placed!(
            subject,
            ["SELECT n, locked_until, last_at FROM pin_throttle WHERE subject", "$2", " ORDER BY n DESC LIMIT 1"]
        );
        let Some(row) = self.one(query).await? else { return Ok(PinThrottle::default()) };
        Ok(PinThrottle { n: count(&row, "n")?, locked_until: row.get("locked_until")?, last_at: row.get("last_at")? })
    }

    pub async fn set_pin_throttle(&mut self, subject: Blind, state: PinThrottle) -> Answer<()> {
        let query = sql!(
            "INSERT INTO pin_throttle (subject, n, locked_until, last_at, index_kid) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (subject) DO UPDATE SET n = excluded.n, locked_until = excluded.locked_until, \
             last_at = excluded.last_at",
            subject.at(),
            i64::from(state.n),
            state.locked_until,
            state.last_at,
            subject.kid()
        );
        self.run(query).await?;
        // While there are two index keys it moves to the one that is used, whosever it is.
        match subject.other() {
            Some(other) => self.run(sql!("DELETE FROM pin_throttle WHERE subject = $1", other)).await.map(drop),
            None => Ok(()),
        }
    }

    /// Every lock that has not ended: of backup codes and of PINs.
    ///
    /// # Errors
    /// Of the store.
    pub async fn locks(&mut self, now: i64) -> Answer<Vec<Lock>> {
        let query = sql!(
            "SELECT 'code' AS kind, identifier AS subject, n, locked_until FROM throttle WHERE locked_until > $1 \
             UNION ALL SELECT 'pin', subject, n, locked_until FROM pin_throttle WHERE locked_until > $1 ORDER BY 4",
            now
        );
        let read = |row: &Row| {
            let subject = hex::encode(fixed::<32>(row, "subject")?);
            Ok(Lock { kind: row.get("kind")?, subject, n: count(row, "n")?, until: row.get("locked_until")? })
        };
        self.all(query, read).await
    }

    pub async fn arrival(&mut self, subject: &str) -> Answer<i64> {
        let row = self.one(sql!("SELECT arrival FROM rate WHERE subject = $1", subject.to_owned())).await?;
        Ok(row.map(|row| row.get("arrival")).transpose()?.unwrap_or(0))
    }

    pub async fn set_arrival(&mut self, subject: &str, arrival: i64) -> Answer<()> {
        let query = sql!(
            "INSERT INTO rate (subject, arrival) VALUES ($1, $2) \
             ON CONFLICT (subject) DO UPDATE SET arrival = excluded.arrival",
            subject.to_owned(),
            arrival
        );
        self.run(query).await.map(drop)
    }

    /// Forgets every rate of a client: whatever it is a rate of, its subject ends with the client's id.
    pub async fn clear_rates(&mut self, client: Uuid) -> Answer<()> {
        self.run(sql!("DELETE FROM rate WHERE subject LIKE $1", format!("%/{client}"))).await.map(drop)
    }

    /// Notes a failing identifier; how many distinct ones this kiosk has had since `since`.
    pub async fn failing(&mut self, kiosk: Uuid, subject: Blind, now: i64, since: i64) -> Answer<u32> {
        let kiosk = text(kiosk);
        // The same one is not counted twice because the index key was changed in between.
        let stale = match subject.other() {
            None => sql!("DELETE FROM failing_identifier WHERE kiosk = $1 AND at < $2", kiosk.clone(), since),
            Some(other) => sql!(
                "DELETE FROM failing_identifier WHERE kiosk = $1 AND (at < $2 OR subject = $3)",
                kiosk.clone(),
                since,
                other
            ),
        };
        self.run(stale).await?;
        self.run(sql!(
            "INSERT INTO failing_identifier (kiosk, subject, at) VALUES ($1, $2, $3) \
             ON CONFLICT (kiosk, subject) DO UPDATE SET at = excluded.at",
            kiosk.clone(),
            subject.at(),
            now
        ))
        .await?;
        let row = self.one(sql!("SELECT COUNT(*) AS n FROM failing_identifier WHERE kiosk = $1", kiosk)).await?;
        row.map_or(Ok(0), |row| count(&row, "n"))
    }
}
