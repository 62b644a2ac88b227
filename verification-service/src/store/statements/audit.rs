//! The audit rows.

use crate::store::connection::{Row, sql};
use crate::store::rows::{AuditRow, NewAuditRow};
use crate::store::{Answer, StoreError, Tx};

impl Tx {
    /// Appends an audit row, not yet a leaf of the log; its sequence number.
    ///
    /// # Errors
    /// Of the store.
    pub async fn append_audit(&mut self, row: &NewAuditRow) -> Answer<i64> {
        let query = sql!(
            "INSERT INTO audit (at, actor, event, subject, detail) VALUES ($1, $2, $3, $4, $5) RETURNING seq",
            row.at,
            row.actor.clone(),
            row.event,
            row.subject.clone(),
            row.detail.clone()
        );
        self.one(query).await?.ok_or(StoreError::NotUnderstood("audit row"))?.get("seq")
    }

    /// When this happened last; none if its row was purged.
    ///
    /// # Errors
    /// Of the store.
    pub async fn last_told(&mut self, event: &'static str) -> Answer<Option<i64>> {
        let last = self.one(sql!("SELECT MAX(at) AS at FROM audit WHERE event = $1", event)).await?;
        last.map_or(Ok(None), |row| row.get("at"))
    }
}

pub(super) fn audit_row(row: &Row) -> Answer<AuditRow> {
    Ok(AuditRow {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        event: row.get("event")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
        leaf: row.get("leaf")?,
    })
}
