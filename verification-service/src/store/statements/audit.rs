//! The audit rows, and what is past its time.

use crate::store::connection::{Query, Row, sql};
use crate::store::rows::{AuditRow, NewAuditRow, PurgeBefore, Purged};
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

    /// Takes away what is past its time; how much of each kind.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge(&mut self, before: &PurgeBefore) -> Answer<Purged> {
        let &PurgeBefore { replies, throttles, referrals, audit } = before;
        let audit = self.purge_audit(audit).await?;
        Ok(Purged {
            replies: self
                .gone(sql!(
                    "UPDATE put SET state = 'purged', reply = NULL, charge = NULL \
                     WHERE state <> 'purged' AND begun_at < $1",
                    replies
                ))
                .await?,
            throttles: self
                .gone(sql!("DELETE FROM throttle WHERE last_at < $1 AND locked_until < $1", throttles))
                .await?,
            pin_throttles: self.gone(sql!("DELETE FROM pin_throttle WHERE last_at < $1", throttles)).await?,
            rates: self.gone(sql!("DELETE FROM rate WHERE arrival < $1 * 1000", throttles)).await?,
            failing_identifiers: self.gone(sql!("DELETE FROM failing_identifier WHERE at < $1", throttles)).await?,
            officer_sessions: self.gone(sql!("DELETE FROM officer_session WHERE begun_at < $1", throttles)).await?,
            referrals: self.gone(sql!("DELETE FROM referral WHERE stored_at < $1", referrals)).await?,
            referral_openings: self.gone(sql!("DELETE FROM referral_opening WHERE at < $1", replies)).await?,
            portal_sessions: self.gone(sql!("DELETE FROM portal_session WHERE last_used < $1", throttles)).await?,
            portal_invitations: self.gone(sql!("DELETE FROM invitation WHERE expires_at < $1", throttles)).await?,
            assistance_calls: self.gone(sql!("DELETE FROM assistance WHERE at < $1", before.audit)).await?,
            activity: self.gone(sql!("DELETE FROM activity WHERE at < $1", before.audit)).await?,
            locked_codes: self
                .gone(sql!("DELETE FROM locked_code WHERE code IN (SELECT id FROM code WHERE state <> 'active')"))
                .await?,
            ..audit
        })
    }

    async fn gone(&mut self, query: Query) -> Answer<i64> {
        Ok(i64::try_from(self.run(query).await?).unwrap_or(i64::MAX))
    }

    /// Deletes the rows before a time that are leaves, from the first leaf on and without gaps. The newest row stays.
    async fn purge_audit(&mut self, before: i64) -> Answer<Purged> {
        // In the order of the leaves (`+at`: not of the times), so that only what goes is looked at.
        let kept = self
            .one(sql!("SELECT leaf FROM audit WHERE leaf IS NOT NULL AND +at >= $1 ORDER BY leaf LIMIT 1", before))
            .await?;
        let kept: Option<i64> = kept.map_or(Ok(None), |row| row.get("leaf"))?;
        let newest = self.one(sql!("SELECT MAX(leaf) AS leaf FROM audit")).await?;
        let newest: Option<i64> = newest.map_or(Ok(None), |row| row.get("leaf"))?;
        let Some(first) = kept.or(newest) else { return Ok(Purged::default()) };
        let last = self.one(sql!("SELECT MAX(seq) AS seq FROM audit WHERE leaf < $1", first)).await?;
        let last_seq: Option<i64> = last.map_or(Ok(None), |row| row.get("seq"))?;
        let audit = self.gone(sql!("DELETE FROM audit WHERE leaf < $1", first)).await?;
        let leaves = last_seq.map(|_| first);
        Ok(Purged { audit, leaves, last_seq, ..Purged::default() })
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
