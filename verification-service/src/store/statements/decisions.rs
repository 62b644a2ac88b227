//! What was decided: verifications, inspections, overrides.

use super::columns::{id, json, parse, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::{AuditRow, Decision, Inspection, Override, StoredOverride, Verification};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;
use verification_api::wire::{Timestamp, VerificationResult};

/// The tables of decisions.
#[derive(Clone, Copy, Debug)]
pub enum Decided {
    Verification,
    Inspection,
    Override,
}

impl Decided {
    pub const ALL: [Self; 3] = [Self::Verification, Self::Inspection, Self::Override];
}

/// Rows of a table in the order of kiosk and id, with their audit rows.
macro_rules! told_by {
    ($table:literal) => {
        concat!(
            "SELECT d.*, a.seq AS told_seq, a.at AS told_at, a.actor AS told_actor, a.event AS told_event, \
             a.subject AS told_subject, a.detail AS told_detail, a.leaf AS told_leaf FROM ",
            $table,
            " d LEFT JOIN audit a ON a.seq = d.audit_seq WHERE (d.kiosk, d.id) > ($1, $2) \
             ORDER BY d.kiosk, d.id LIMIT $3"
        )
    };
}

impl Tx {
    pub async fn add_verification(&mut self, row: &Verification) -> Answer<()> {
        let query = sql!(
            "INSERT INTO verification (kiosk, id, visit, identifier, code, result, purpose, at, audit_seq, index_kid) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            text(row.kiosk),
            text(row.id),
            text(row.visit),
            row.identifier.at(),
            row.code.map(text),
            row.result.name(),
            row.purpose,
            row.at,
            row.audit_seq,
            row.identifier.kid()
        );
        self.run(query).await.map(drop)
    }

    pub async fn verification(&mut self, kiosk: Uuid, id: Uuid) -> Answer<Option<VerificationResult>> {
        let query = sql!("SELECT result FROM verification WHERE kiosk = $1 AND id = $2", text(kiosk), text(id));
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(if row.get::<String>("result")? == "verified" {
            VerificationResult::Verified
        } else {
            VerificationResult::NotVerified
        }))
    }

    pub async fn add_inspection(&mut self, row: &Inspection) -> Answer<()> {
        let query = sql!(
            "INSERT INTO inspection (kiosk, id, visit, record, document_status, mismatch, at, audit_seq) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            text(row.kiosk),
            text(row.id),
            text(row.visit),
            json(&row.record)?,
            json(&row.document_status)?,
            json(&row.mismatch)?,
            row.at,
            row.audit_seq
        );
        self.run(query).await.map(drop)
    }

    pub async fn last_inspection(&mut self, kiosk: Uuid, visit: Uuid) -> Answer<Option<Inspection>> {
        let query = sql!(
            "SELECT * FROM inspection WHERE kiosk = $1 AND visit = $2 ORDER BY at DESC, rowid DESC LIMIT 1",
            text(kiosk),
            text(visit)
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(Inspection {
            kiosk,
            id: id(&row, "id")?,
            visit,
            record: parse(&row.get::<String>("record")?)?,
            document_status: parse(&row.get::<String>("document_status")?)?,
            mismatch: parse(&row.get::<String>("mismatch")?)?,
            at: row.get("at")?,
            audit_seq: row.get("audit_seq")?,
        }))
    }

    pub async fn add_override(&mut self, row: &Override) -> Answer<()> {
        let query = sql!(
            "INSERT INTO override (kiosk, id, visit, officer, reason, decided_at, received_at, flags, sealed, signature, \
             audit_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            text(row.kiosk),
            text(row.id),
            text(row.visit),
            row.officer.clone(),
            row.reason,
            row.decided_at,
            row.received_at,
            json(&row.flags)?,
            row.sealed.clone(),
            row.signature.clone(),
            row.audit_seq
        );
        self.run(query).await.map(drop)
    }

    /// Overrides in the order of kiosk and id, after this one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn overrides_after(&mut self, kiosk: &str, id_text: &str, limit: i64) -> Answer<Vec<StoredOverride>> {
        let query = sql!(
            "SELECT o.kiosk, o.id, o.sealed, o.signature, a.detail FROM override o LEFT JOIN audit a ON a.seq = o.audit_seq \
             WHERE (o.kiosk, o.id) > ($1, $2) ORDER BY o.kiosk, o.id LIMIT $3",
            kiosk,
            id_text,
            limit
        );
        self.all(query, |row| {
            Ok(StoredOverride {
                kiosk: id(row, "kiosk")?,
                id: id(row, "id")?,
                sealed: row.get("sealed")?,
                signature: row.get("signature")?,
                detail: row.get("detail")?,
            })
        })
        .await
    }

    /// Decisions of one table in the order of kiosk and id, after this one: what the audit row must tell of each, and that
    /// row, if it is there.
    ///
    /// # Errors
    /// Of the store.
    pub async fn decisions_after(
        &mut self,
        table: Decided,
        (kiosk, id): (&str, &str),
        limit: i64,
    ) -> Answer<Vec<(Decision, Option<AuditRow>)>> {
        let (query, told): (_, fn(&Row) -> Answer<Decision>) = match table {
            Decided::Verification => (sql!(told_by!("verification"), kiosk, id, limit), verification_told),
            Decided::Inspection => (sql!(told_by!("inspection"), kiosk, id, limit), inspection_told),
            Decided::Override => (sql!(told_by!("override"), kiosk, id, limit), override_told),
        };
        self.all(query, |row| Ok((told(row)?, telling(row)?))).await
    }

    /// The first audit row that tells a decision which is not stored.
    ///
    /// # Errors
    /// Of the store.
    pub async fn lost_decision(&mut self) -> Answer<Option<i64>> {
        let query = sql!(
            "SELECT MIN(seq) AS seq FROM audit WHERE \
             (event = 'verification' AND seq NOT IN (SELECT audit_seq FROM verification)) \
             OR (event = 'inspection' AND seq NOT IN (SELECT audit_seq FROM inspection)) \
             OR (event = 'override' AND seq NOT IN (SELECT audit_seq FROM override))"
        );
        self.one(query).await?.map_or(Ok(None), |row| row.get("seq"))
    }

    /// A code that is used up without a verification that did it, if there is one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn used_without_verification(&mut self) -> Answer<Option<Uuid>> {
        let query = sql!(
            "SELECT id FROM code WHERE state = 'used' AND NOT EXISTS \
             (SELECT 1 FROM verification WHERE verification.code = code.id AND result = 'verified') LIMIT 1"
        );
        self.one(query).await?.as_ref().map(|row| id(row, "id")).transpose()
    }
}

/// The audit row beside a decision.
fn telling(row: &Row) -> Answer<Option<AuditRow>> {
    let Some(seq) = row.get::<Option<i64>>("told_seq")? else { return Ok(None) };
    Ok(Some(AuditRow {
        seq,
        at: row.get("told_at")?,
        actor: row.get("told_actor")?,
        event: row.get("told_event")?,
        subject: row.get("told_subject")?,
        detail: row.get("told_detail")?,
        leaf: row.get("told_leaf")?,
    }))
}

fn verification_told(row: &Row) -> Answer<Decision> {
    let told = vec![
        ("result", row.get::<String>("result")?.into()),
        ("purpose", row.get::<String>("purpose")?.into()),
        ("visit", row.get::<String>("visit")?.into()),
        ("identifier", hex::encode(row.get::<Vec<u8>>("identifier")?).into()),
        ("code", row.get::<Option<String>>("code")?.into()),
    ];
    decision(row, "verification", row.get("at")?, told)
}

fn inspection_told(row: &Row) -> Answer<Decision> {
    let told = vec![
        ("record", parse(&row.get::<String>("record")?)?),
        ("document_status", parse(&row.get::<String>("document_status")?)?),
        ("mismatch", parse(&row.get::<String>("mismatch")?)?),
        ("visit", row.get::<String>("visit")?.into()),
    ];
    decision(row, "inspection", row.get("at")?, told)
}

fn override_told(row: &Row) -> Answer<Decision> {
    let decided_at = Timestamp::from_unix_millis(row.get("decided_at")?);
    let told = vec![
        ("officer", row.get::<Option<String>>("officer")?.into()),
        ("reason", row.get::<String>("reason")?.into()),
        ("decided_at", decided_at.map_err(|_| StoreError::NotUnderstood("time of an override"))?.to_string().into()),
        ("flags", parse(&row.get::<String>("flags")?)?),
        ("visit", row.get::<String>("visit")?.into()),
        ("signature", row.get::<String>("signature")?.into()),
    ];
    decision(row, "override", row.get("received_at")?, told)
}

fn decision(row: &Row, event: &'static str, at: i64, told: Vec<(&'static str, serde_json::Value)>) -> Answer<Decision> {
    let subject = format!("{}/{}", row.get::<String>("kiosk")?, row.get::<String>("id")?);
    Ok(Decision { audit_seq: row.get("audit_seq")?, event, subject, at, told })
}
