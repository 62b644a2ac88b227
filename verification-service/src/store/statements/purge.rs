//! What is past its time, a few rows at a time: whoever else writes gets their turn in between.

use super::columns::{id, text};
use crate::store::connection::sql;
use crate::store::rows::Purged;
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

/// A kind of row that goes by its time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Open referrals: the service's most personal rows.
    Referral,
    ReferralOpening,
    /// Stored replies: the request's id stays, so that it is not evaluated again.
    Reply,
    PinThrottle,
    Rate,
    FailingIdentifier,
    OfficerSession,
    PortalSession,
    PortalInvitation,
    AssistanceCall,
    Activity,
}

/// Deletes at most `$2` rows for which the condition holds. It is asked twice: on PostgreSQL a row may be used in between.
macro_rules! some {
    ($table:literal, $keys:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $condition,
            " AND (",
            $keys,
            ") IN (SELECT ",
            $keys,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " LIMIT $2)"
        )
    };
}

impl Kind {
    const fn statement(self) -> &'static str {
        match self {
            Self::Referral => some!("referral", "visit", "stored_at < $1"),
            Self::ReferralOpening => some!("referral_opening", "visit, session", "at < $1"),
            Self::Reply => {
                "UPDATE put SET state = 'purged', reply = NULL, charge = NULL \
                 WHERE state IN ('pending', 'done') AND begun_at < $1 AND (kiosk, scope, id) IN (SELECT kiosk, scope, id \
                 FROM put WHERE state IN ('pending', 'done') AND begun_at < $1 LIMIT $2)"
            }
            Self::PinThrottle => some!("pin_throttle", "subject", "last_at < $1"),
            Self::Rate => some!("rate", "subject", "arrival < $1 * 1000"),
            Self::FailingIdentifier => some!("failing_identifier", "kiosk, subject", "at < $1"),
            Self::OfficerSession => some!("officer_session", "hash", "begun_at < $1"),
            Self::PortalSession => some!("portal_session", "hash", "last_used < $1"),
            Self::PortalInvitation => some!("invitation", "hash", "expires_at < $1"),
            Self::AssistanceCall => some!("assistance", "id", "at < $1"),
            Self::Activity => some!("activity", "id", "at < $1"),
        }
    }
}

/// Decisions of one table whose audit rows are among those before the leaf `$1`. Their subject is kiosk and id.
macro_rules! told_before {
    ($event:literal) => {
        concat!(
            "(kiosk, id) IN (SELECT SUBSTR(subject, 1, 36), SUBSTR(subject, 38) FROM audit WHERE leaf < $1 AND event = '",
            $event,
            "')"
        )
    };
}

/// The codes that verifications used up whose audit rows are before the leaf `$1`.
macro_rules! used_before {
    () => {
        concat!("(SELECT code FROM verification WHERE code IS NOT NULL AND ", told_before!("verification"), ")")
    };
}

impl Tx {
    /// Takes away some rows of one kind that are older than `before`; how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_some(&mut self, kind: Kind, before: i64, limit: i64) -> Answer<i64> {
        gone(self.run(sql!(kind.statement(), before, limit)).await?)
    }

    /// Forgets that requests were there whose replies are gone, if they came before a time and their ids (`UUIDv7`) tell a
    /// time before it as well.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_request_ids(&mut self, before: i64, limit: i64) -> Answer<i64> {
        let query = sql!(
            "DELETE FROM put WHERE (kiosk, scope, id) IN (SELECT kiosk, scope, id FROM put \
             WHERE state = 'purged' AND begun_at < $1 AND id < $3 LIMIT $2)",
            before,
            limit,
            first_id_of(before)
        );
        gone(self.run(query).await?)
    }

    /// Deletes the oldest leaves' rows that are from before a time, at most so many and without gaps, with the decisions
    /// that they tell and the codes that were used up by them. The newest leaf's row stays.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_audit(&mut self, before: i64, limit: i64) -> Answer<Purged> {
        let query = sql!("SELECT seq, leaf, at FROM audit WHERE leaf IS NOT NULL ORDER BY leaf LIMIT $1", limit + 1);
        let oldest: Vec<(i64, i64, i64)> =
            self.all(query, |row| Ok((row.get("seq")?, row.get("leaf")?, row.get("at")?))).await?;
        let Some(newest) = oldest.last() else { return Ok(Purged::default()) };
        let kept = oldest.iter().find(|(.., at)| *at >= before).unwrap_or(newest).1;
        let Some(last_seq) = oldest.iter().filter(|(_, leaf, _)| *leaf < kept).map(|(seq, ..)| *seq).max() else {
            return Ok(Purged::default());
        };
        self.run(sql!(concat!("DELETE FROM code_hint WHERE code IN ", used_before!()), kept)).await?;
        self.run(sql!(concat!("DELETE FROM locked_code WHERE code IN ", used_before!()), kept)).await?;
        let codes = sql!(concat!("DELETE FROM code WHERE state = 'used' AND id IN ", used_before!()), kept);
        let codes = gone(self.run(codes).await?)?;
        let verifications = sql!(concat!("DELETE FROM verification WHERE ", told_before!("verification")), kept);
        let verifications = gone(self.run(verifications).await?)?;
        let inspections = sql!(concat!("DELETE FROM inspection WHERE ", told_before!("inspection")), kept);
        let inspections = gone(self.run(inspections).await?)?;
        let overrides = sql!(concat!("DELETE FROM override WHERE ", told_before!("override")), kept);
        let overrides = gone(self.run(overrides).await?)?;
        let audit = gone(self.run(sql!("DELETE FROM audit WHERE leaf < $1", kept)).await?)?;
        let (leaves, last_seq) = (Some(kept), Some(last_seq));
        Ok(Purged { codes, verifications, inspections, overrides, audit, leaves, last_seq, ..Purged::default() })
    }

    /// Deletes codes that ended, or expired, before a time. Those that were used up go with their verifications.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_codes(&mut self, before: i64, limit: i64) -> Answer<i64> {
        let query = sql!(
            "SELECT id FROM code WHERE COALESCE(ended_at, expires_at) < $1 AND state <> 'used' LIMIT $2",
            before,
            limit
        );
        let mut count = 0;
        for code in self.all(query, |row| id(row, "id")).await? {
            self.run(sql!("DELETE FROM code_hint WHERE code = $1", text(code))).await?;
            self.run(sql!("DELETE FROM locked_code WHERE code = $1", text(code))).await?;
            let query = sql!("DELETE FROM code WHERE id = $1 AND state <> 'used'", text(code));
            count += gone(self.run(query).await?)?;
        }
        Ok(count)
    }

    /// Throttles in the order of their places, after this one: each place, and whether nothing has happened there since.
    ///
    /// # Errors
    /// Of the store.
    pub async fn idle_throttles(&mut self, after: &[u8], before: i64, limit: i64) -> Answer<Vec<(Vec<u8>, bool)>> {
        let query = sql!(
            "SELECT identifier, last_at, locked_until FROM throttle WHERE identifier > $1 ORDER BY identifier LIMIT $2",
            after.to_vec(),
            limit
        );
        self.all(query, |row| {
            let (last, locked): (i64, i64) = (row.get("last_at")?, row.get("locked_until")?);
            Ok((row.get("identifier")?, last < before && locked < before))
        })
        .await
    }

    /// Deletes a throttle if nothing has happened there since; how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_throttle(&mut self, place: Vec<u8>, before: i64) -> Answer<i64> {
        let query =
            sql!("DELETE FROM throttle WHERE identifier = $1 AND last_at < $2 AND locked_until < $2", place, before);
        gone(self.run(query).await?)
    }

    /// Copies of codes to show again, in the order of the codes, after this one: each code, and whether it has ended.
    ///
    /// # Errors
    /// Of the store.
    pub async fn copies_of_codes(&mut self, after: Option<Uuid>, limit: i64) -> Answer<Vec<(Uuid, bool)>> {
        let query = sql!(
            "SELECT l.code, c.state FROM locked_code l JOIN code c ON c.id = l.code WHERE l.code > $1 \
             ORDER BY l.code LIMIT $2",
            after.map(text).unwrap_or_default(),
            limit
        );
        self.all(query, |row| Ok((id(row, "code")?, row.get::<String>("state")? != "active"))).await
    }

    /// Deletes the copy of a code that has ended; how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn purge_copy(&mut self, code: Uuid) -> Answer<i64> {
        let query = sql!(
            "DELETE FROM locked_code WHERE code = $1 \
             AND NOT EXISTS (SELECT 1 FROM code WHERE id = $1 AND state = 'active')",
            text(code)
        );
        gone(self.run(query).await?)
    }
}

/// The first `UUIDv7` of a millisecond, as text: ids from before it are less.
fn first_id_of(millis: i64) -> String {
    let millis = u128::try_from(millis.max(0)).unwrap_or(0) & 0xFFFF_FFFF_FFFF;
    text(Uuid::from_u128(millis << 80))
}

fn gone(rows: u64) -> Answer<i64> {
    i64::try_from(rows).map_err(|_| StoreError::NotUnderstood("count"))
}

#[cfg(test)]
mod tests {
    use super::first_id_of;

    /// RFC 9562, appendix A.6: 2022-02-22T14:22:22-05:00 is 0x017F22E279B0.
    #[test]
    fn ids_are_compared_by_the_time_that_they_tell() {
        let example = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        assert!(*first_id_of(0x017F_22E2_79B0) < *example);
        assert!(*first_id_of(0x017F_22E2_79B1) > *example);
        assert!(*first_id_of(-1) < *example);
    }
}
