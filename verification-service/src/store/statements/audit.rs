//! The audit rows, and what is past its time.

use crate::store::connection::{Row, sql};
use crate::store::rows::{AuditRow, NewAuditRow, Purged};
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

    pub async fn audit_rows(&mut self, from_seq: i64, limit: i64) -> Answer<Vec<AuditRow>> {
        self.all(sql!("SELECT * FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2", from_seq, limit), audit_row).await
    }

    pub async fn purge(&mut self, before: &Purged, _now: i64) -> Answer<Purged> {
        let replies = self
            .run(sql!(
                "UPDATE put SET state = 'purged', reply = NULL, charge = NULL WHERE state <> 'purged' AND begun_at < $1",
                before.replies
            ))
            .await?;
        let throttles =
            self.run(sql!("DELETE FROM throttle WHERE last_at < $1 AND locked_until < $1", before.throttles)).await?;
        self.run(sql!("DELETE FROM pin_throttle WHERE last_at < $1", before.throttles)).await?;
        self.run(sql!("DELETE FROM rate WHERE arrival < $1 * 1000", before.throttles)).await?;
        self.run(sql!("DELETE FROM failing_identifier WHERE at < $1", before.throttles)).await?;
        self.run(sql!("DELETE FROM officer_session WHERE begun_at < $1", before.throttles)).await?;
        let referrals = self.run(sql!("DELETE FROM referral WHERE stored_at < $1", before.referrals)).await?;
        self.run(sql!("DELETE FROM referral_opening WHERE at < $1", before.replies)).await?;
        let audit = self.run(sql!("DELETE FROM audit WHERE at < $1 AND leaf IS NOT NULL", before.audit)).await?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(Purged {
            replies: number(replies),
            throttles: number(throttles),
            referrals: number(referrals),
            audit: number(audit),
        })
    }
}

fn audit_row(row: &Row) -> Answer<AuditRow> {
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
