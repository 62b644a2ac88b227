//! Every PUT once: its request, its owner, its reply.

use super::columns::{fixed, json, parse, text};
use crate::store::connection::sql;
use crate::store::rows::{Charged, Put, PutKey, PutState};
use crate::store::{Answer, StoreError, Tx};

impl Tx {
    pub async fn put(&mut self, key: &PutKey) -> Answer<Option<Put>> {
        let query = sql!(
            "SELECT * FROM put WHERE kiosk = $1 AND scope = $2 AND id = $3",
            text(key.kiosk),
            key.scope,
            text(key.id)
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let state = match row.get::<String>("state")?.as_str() {
            "pending" => PutState::Pending,
            "purged" => PutState::Purged,
            "done" => {
                let status = u16::try_from(row.get::<i64>("status")?);
                let status = status.map_err(|_| StoreError::NotUnderstood("status of a reply"))?;
                PutState::Done { status, reply: row.get("reply")? }
            }
            _ => return Err(StoreError::NotUnderstood("state of a request")),
        };
        Ok(Some(Put {
            kind: row.get("kind")?,
            body_mac: fixed(&row, "body_mac")?,
            owner: fixed(&row, "owner")?,
            begun_at: row.get("begun_at")?,
            charge: row.get::<Option<String>>("charge")?.map(|json| parse::<Charged>(&json)).transpose()?,
            state,
        }))
    }

    pub async fn add_put(&mut self, key: &PutKey, put: &Put) -> Answer<()> {
        let (state, status, reply) = match &put.state {
            PutState::Pending => ("pending", None, None),
            PutState::Purged => ("purged", None, None),
            PutState::Done { status, reply } => ("done", Some(i64::from(*status)), Some(reply.clone())),
        };
        let query = sql!(
            "INSERT INTO put (kiosk, scope, id, kind, body_mac, owner, begun_at, state, charge, status, reply) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            text(key.kiosk),
            key.scope,
            text(key.id),
            put.kind.clone(),
            put.body_mac.to_vec(),
            put.owner.to_vec(),
            put.begun_at,
            state,
            put.charge.as_ref().map(json).transpose()?,
            status,
            reply
        );
        self.run(query).await.map(drop)
    }

    pub async fn take_over(&mut self, key: &PutKey, owner: &[u8; 16], now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE put SET owner = $4, begun_at = $5 WHERE kiosk = $1 AND scope = $2 AND id = $3 AND state = 'pending'",
            text(key.kiosk),
            key.scope,
            text(key.id),
            owner.to_vec(),
            now
        );
        self.run(query).await.map(drop)
    }

    /// Stores the reply; false if `owner` no longer owns the row.
    pub async fn finish_put(&mut self, key: &PutKey, owner: &[u8; 16], status: u16, reply: &[u8]) -> Answer<bool> {
        let query = sql!(
            "UPDATE put SET state = 'done', status = $5, reply = $6 \
             WHERE kiosk = $1 AND scope = $2 AND id = $3 AND owner = $4 AND state = 'pending'",
            text(key.kiosk),
            key.scope,
            text(key.id),
            owner.to_vec(),
            i64::from(status),
            reply.to_vec()
        );
        Ok(self.run(query).await? == 1)
    }
}
