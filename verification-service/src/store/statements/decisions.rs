//! What was decided: verifications, inspections, overrides.

use super::columns::{id, json, parse, text};
use crate::store::connection::{Row, sql};
use crate::store::rows::{Decision, Inspection, Override, StoredOverride, Verification};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;
use verification_api::wire::{Timestamp, VerificationResult};

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
             WHERE o.kiosk > $1 OR (o.kiosk = $1 AND o.id > $2) ORDER BY o.kiosk, o.id LIMIT $3",
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

    /// Every decision, and what its audit row must tell of it.
    ///
    /// # Errors
    /// Of the store.
    pub async fn decisions(&mut self) -> Answer<Vec<Decision>> {
        let mut all = self.all(sql!("SELECT * FROM verification"), verification_told).await?;
        all.extend(self.all(sql!("SELECT * FROM inspection"), inspection_told).await?);
        all.extend(self.all(sql!("SELECT * FROM override"), override_told).await?);
        Ok(all)
    }

    pub async fn used_codes(&mut self) -> Answer<Vec<Uuid>> {
        let query = sql!(
            "SELECT id FROM code WHERE state = 'used' AND id NOT IN \
             (SELECT code FROM verification WHERE code IS NOT NULL AND result = 'verified')"
        );
        self.all(query, |row| id(row, "id")).await
    }
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
