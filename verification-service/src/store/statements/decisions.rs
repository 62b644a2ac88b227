//! What was decided: verifications, inspections, overrides.

use super::columns::{id, json, parse, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::{Decision, Inspection, Override, Verification};
use crate::store::{Answer, Tx};
use uuid::Uuid;
use verification_api::wire::VerificationResult;

impl Tx {
    pub async fn add_verification(&mut self, row: &Verification) -> Answer<()> {
        let query = sql!(
            "INSERT INTO verification (kiosk, id, visit, identifier, code, result, purpose, at, audit_seq) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            text(row.kiosk),
            text(row.id),
            text(row.visit),
            row.identifier.0.to_vec(),
            row.code.map(text),
            row.result.name(),
            row.purpose,
            row.at,
            row.audit_seq
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

    /// Rows of decisions, as (audit sequence, event, what the audit row's subject must be, code used up).
    pub async fn decisions(&mut self) -> Answer<Vec<Decision>> {
        let first = self.one(sql!("SELECT COALESCE(MIN(seq), 0) AS first FROM audit")).await?;
        let first: i64 = first.map_or(Ok(0), |row| row.get("first"))?;
        let query = sql!(
            "SELECT audit_seq, 'verification' AS event, kiosk || '/' || id AS subject, result FROM verification \
             WHERE audit_seq >= $1 \
             UNION ALL SELECT audit_seq, 'inspection', kiosk || '/' || id, '' FROM inspection WHERE audit_seq >= $1 \
             UNION ALL SELECT audit_seq, 'override', kiosk || '/' || id, '' FROM override WHERE audit_seq >= $1 \
             ORDER BY audit_seq",
            first
        );
        let read = |row: &Row| {
            let event = match row.get::<String>("event")?.as_str() {
                "verification" => "verification",
                "inspection" => "inspection",
                _ => "override",
            };
            let (audit_seq, subject, result) = (row.get("audit_seq")?, row.get("subject")?, row.get("result")?);
            Ok(Decision { audit_seq, event, subject, result })
        };
        self.all(query, read).await
    }

    pub async fn used_codes(&mut self) -> Answer<Vec<Uuid>> {
        let query = sql!(
            "SELECT id FROM code WHERE state = 'used' AND id NOT IN \
             (SELECT code FROM verification WHERE code IS NOT NULL AND result = 'verified')"
        );
        self.all(query, |row| id(row, "id")).await
    }
}
