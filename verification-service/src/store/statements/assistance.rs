//! Calls for an officer.

use super::columns::{id, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::AssistanceCall;
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    /// Notes a call; its number.
    ///
    /// # Errors
    /// Of the store.
    pub async fn add_call(&mut self, kiosk: Uuid, now: i64, lane: &str, visit: Option<Uuid>) -> Answer<i64> {
        let query = sql!(
            "INSERT INTO assistance (kiosk, at, lane, visit) VALUES ($1, $2, $3, $4) RETURNING id",
            text(kiosk),
            now,
            lane.to_owned(),
            visit.map(text)
        );
        self.one(query).await?.ok_or(StoreError::NotUnderstood("call"))?.get("id")
    }

    /// The calls since a time, the oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub async fn calls_since(&mut self, since: i64) -> Answer<Vec<AssistanceCall>> {
        let query = sql!(
            "SELECT a.*, k.number FROM assistance a JOIN kiosk k ON k.id = a.kiosk WHERE a.at >= $1 ORDER BY a.id",
            since
        );
        self.all(query, call_row).await
    }

    /// The calls that nobody has answered, the oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub async fn open_calls(&mut self) -> Answer<Vec<AssistanceCall>> {
        let query = sql!(
            "SELECT a.*, k.number FROM assistance a JOIN kiosk k ON k.id = a.kiosk WHERE a.closed_at IS NULL ORDER BY a.id"
        );
        self.all(query, call_row).await
    }

    /// How many calls nobody has answered, and when the oldest of them came.
    ///
    /// # Errors
    /// Of the store.
    pub async fn waiting_calls(&mut self) -> Answer<(i64, Option<i64>)> {
        let query = sql!("SELECT COUNT(*) AS n, MIN(at) AS at FROM assistance WHERE closed_at IS NULL");
        let Some(row) = self.one(query).await? else { return Ok((0, None)) };
        Ok((row.get("n")?, row.get("at")?))
    }

    /// Closes a call that is open; the kiosk that it came from.
    ///
    /// # Errors
    /// Of the store.
    pub async fn close_call(&mut self, call: i64, now: i64) -> Answer<Option<Uuid>> {
        let query =
            sql!("UPDATE assistance SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL RETURNING kiosk", call, now);
        self.one(query).await?.map(|row| id(&row, "kiosk")).transpose()
    }

    /// Closes every open call from a kiosk or out of a visit; number and kiosk of each.
    ///
    /// # Errors
    /// Of the store.
    pub async fn close_calls(&mut self, kiosk: Uuid, visit: Option<Uuid>, now: i64) -> Answer<Vec<(i64, Uuid)>> {
        let query = sql!(
            "UPDATE assistance SET closed_at = $3 WHERE (kiosk = $1 OR visit = $2) AND closed_at IS NULL \
             RETURNING id, kiosk",
            text(kiosk),
            visit.map(text),
            now
        );
        self.all(query, |row| Ok((row.get("id")?, id(row, "kiosk")?))).await
    }
}

fn call_row(row: &Row) -> Answer<AssistanceCall> {
    Ok(AssistanceCall {
        id: row.get("id")?,
        kiosk: id(row, "kiosk")?,
        number: row.get("number")?,
        lane: row.get("lane")?,
        at: row.get("at")?,
        in_visit: row.get::<Option<String>>("visit")?.is_some(),
        closed_at: row.get("closed_at")?,
    })
}
