//! The statements: one method, one thing.

use super::SqliteTx;
use crate::secrets::{Blind, Tag};
use crate::store::rows::{
    Account, AuditHead, AuditRow, Charged, Code, CodeState, Decision, Inspection, Kiosk, KioskKey, NewDocument,
    NewIdentifier, Officer, OfficerSession, Override, Peer, Purged, Put, PutKey, PutState, Referral, StoredDocument,
    Technician, Verification,
};
use crate::store::{Answer, StoreError, Tx};
use crate::throttle::{PinThrottle, Throttle};
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};
use uuid::Uuid;
use verification_api::wire::{RecordStatus, VerificationResult};

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

const KIOSK: &str = "id, number, lane, added_at, revoked_at, quarantined_at, last_seen";

impl SqliteTx {
    /// Runs a statement; how many rows it changed.
    async fn run(&mut self, query: Query) -> Answer<u64> {
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }

    async fn one(&mut self, query: Query) -> Answer<Option<SqliteRow>> {
        Ok(query.fetch_optional(&mut *self.connection).await?)
    }

    async fn all<T>(&mut self, query: Query, read: impl Fn(&SqliteRow) -> Answer<T>) -> Answer<Vec<T>> {
        query.fetch_all(&mut *self.connection).await?.iter().map(read).collect()
    }
}

/// A statement with its arguments, all owned.
macro_rules! sql {
    ($text:expr $(, $argument:expr)* $(,)?) => { sqlx::query($text)$(.bind($argument))* };
}

impl Tx for SqliteTx {
    async fn peer(&mut self, kiosk: Uuid, spki: &[u8; 32]) -> Answer<Option<Peer>> {
        let query = sql!(
            "SELECT k.id, k.number, k.lane, k.added_at, k.revoked_at, k.quarantined_at, k.last_seen, \
             p.spki IS NOT NULL AND p.ended_at IS NULL AS pinned \
             FROM kiosk k LEFT JOIN kiosk_key p ON p.kiosk = k.id AND p.spki = $2 WHERE k.id = $1",
            text(kiosk),
            spki.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(Peer { kiosk: kiosk_row(&row)?, pinned: row.try_get::<i64, _>("pinned")? == 1 }))
    }

    async fn kiosks(&mut self) -> Answer<Vec<Kiosk>> {
        self.all(sql!(sqlx::AssertSqlSafe(format!("SELECT {KIOSK} FROM kiosk ORDER BY number"))), kiosk_row).await
    }

    async fn add_kiosk(&mut self, kiosk: &Kiosk, key: &KioskKey) -> Answer<bool> {
        let added = self
            .run(sql!(
                "INSERT INTO kiosk (id, number, lane, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                text(kiosk.id),
                kiosk.number.clone(),
                kiosk.lane.clone(),
                kiosk.added_at
            ))
            .await?;
        if added == 0 {
            return Ok(false);
        }
        self.run(sql!(
            "INSERT INTO kiosk_key (kiosk, spki, public_key, serial, not_before, not_after) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            text(kiosk.id),
            key.spki.to_vec(),
            key.public_key.clone(),
            key.serial.clone(),
            key.not_before,
            key.not_after
        ))
        .await?;
        Ok(true)
    }

    async fn revoke_kiosk(&mut self, kiosk: Uuid, now: i64) -> Answer<bool> {
        let query = sql!("UPDATE kiosk SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", text(kiosk), now);
        Ok(self.run(query).await? == 1)
    }

    async fn set_quarantine(&mut self, kiosk: Uuid, since: Option<i64>) -> Answer<bool> {
        let query = sql!("UPDATE kiosk SET quarantined_at = $2 WHERE id = $1", text(kiosk), since);
        let found = self.run(query).await? == 1;
        if since.is_none() {
            self.run(sql!("DELETE FROM failing_identifier WHERE kiosk = $1", text(kiosk))).await?;
        }
        Ok(found)
    }

    async fn kiosk_key(&mut self, kiosk: Uuid, spki: &[u8]) -> Answer<Option<KioskKey>> {
        let query = sql!("SELECT * FROM kiosk_key WHERE kiosk = $1 AND spki = $2", text(kiosk), spki.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(KioskKey {
            spki: fixed(&row, "spki")?,
            public_key: row.try_get("public_key")?,
            serial: row.try_get("serial")?,
            not_before: row.try_get("not_before")?,
            not_after: row.try_get("not_after")?,
            ended_at: row.try_get("ended_at")?,
        }))
    }

    async fn revoked_keys(&mut self) -> Answer<Vec<(Vec<u8>, i64)>> {
        let query = sql!(
            "SELECT p.serial, COALESCE(k.revoked_at, p.ended_at) AS since FROM kiosk_key p JOIN kiosk k ON k.id = p.kiosk \
             WHERE k.revoked_at IS NOT NULL OR p.ended_at IS NOT NULL ORDER BY p.serial"
        );
        self.all(query, |row| Ok((row.try_get("serial")?, row.try_get("since")?))).await
    }

    async fn heartbeat(&mut self, kiosk: Uuid, now: i64, json: &str) -> Answer<()> {
        let query =
            sql!("UPDATE kiosk SET last_seen = $2, heartbeat = $3 WHERE id = $1", text(kiosk), now, json.to_owned());
        self.run(query).await.map(drop)
    }

    async fn assistance(&mut self, kiosk: Uuid, now: i64, lane: &str, visit: Option<Uuid>) -> Answer<()> {
        let query = sql!(
            "INSERT INTO assistance (kiosk, at, lane, visit) VALUES ($1, $2, $3, $4)",
            text(kiosk),
            now,
            lane.to_owned(),
            visit.map(text)
        );
        self.run(query).await.map(drop)
    }

    async fn add_account(
        &mut self,
        account: &Account,
        identifiers: &[NewIdentifier],
        documents: &[NewDocument],
    ) -> Answer<bool> {
        let id = text(account.id);
        self.run(sql!(
            "INSERT INTO account (id, name, birth_date, record_status, made_at) VALUES ($1, $2, $3, $4, $5)",
            id.clone(),
            account.name.clone(),
            account.birth_date.clone(),
            if account.record_status == RecordStatus::Refer { "refer" } else { "clear" },
            account.made_at
        ))
        .await?;
        let mut added = 0;
        for new in identifiers {
            let query = sql!(
                "INSERT INTO identifier (blind, account, type, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                new.blind.0.to_vec(),
                id.clone(),
                new.kind,
                new.sealed.clone()
            );
            added += self.run(query).await?;
        }
        for new in documents {
            let query = sql!(
                "INSERT INTO document (blind, account, type, sealed, status) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT DO NOTHING",
                new.blind.0.to_vec(),
                id.clone(),
                new.kind.name(),
                new.sealed.clone(),
                json(&new.status)?
            );
            added += self.run(query).await?;
        }
        Ok(usize::try_from(added) == Ok(identifiers.len() + documents.len()))
    }

    async fn account_of(&mut self, identifier: Blind) -> Answer<Option<Account>> {
        let query = sql!(
            "SELECT a.* FROM account a JOIN identifier i ON i.account = a.id WHERE i.blind = $1",
            identifier.0.to_vec()
        );
        self.one(query).await?.as_ref().map(account_row).transpose()
    }

    async fn account(&mut self, id: Uuid) -> Answer<Option<Account>> {
        self.one(sql!("SELECT * FROM account WHERE id = $1", text(id))).await?.as_ref().map(account_row).transpose()
    }

    async fn document(&mut self, document: Blind) -> Answer<Option<StoredDocument>> {
        let query = sql!("SELECT * FROM document WHERE blind = $1", document.0.to_vec());
        self.one(query).await?.as_ref().map(document_row).transpose()
    }

    async fn documents_of(&mut self, account: Uuid) -> Answer<Vec<StoredDocument>> {
        self.all(sql!("SELECT * FROM document WHERE account = $1 ORDER BY rowid", text(account)), document_row).await
    }

    async fn newest_code(&mut self, identifier: Blind) -> Answer<Option<Code>> {
        let query = sql!(
            "SELECT * FROM code WHERE identifier = $1 ORDER BY made_at DESC, rowid DESC LIMIT 1",
            identifier.0.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let state: String = row.try_get("state")?;
        Ok(Some(Code {
            id: id(&row, "id")?,
            account: id(&row, "account")?,
            identifier: Blind(fixed(&row, "identifier")?),
            alg: row.try_get("alg")?,
            salt: fixed(&row, "salt")?,
            tag: tag(&row)?,
            state: CodeState::from_name(&state).ok_or(StoreError::NotUnderstood("state of a code"))?,
            version: row.try_get("version")?,
            made_at: row.try_get("made_at")?,
            expires_at: row.try_get("expires_at")?,
        }))
    }

    async fn add_code(&mut self, code: &Code) -> Answer<()> {
        let query = sql!(
            "INSERT INTO code (id, account, identifier, alg, kid, salt, nonce, tag, state, version, made_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            text(code.id),
            text(code.account),
            code.identifier.0.to_vec(),
            code.alg.clone(),
            i64::from(code.tag.kid),
            code.salt.to_vec(),
            code.tag.nonce.to_vec(),
            code.tag.tag.clone(),
            code.state.name(),
            code.version,
            code.made_at,
            code.expires_at
        );
        self.run(query).await.map(drop)
    }

    async fn end_code(&mut self, identifier: Blind, state: CodeState, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE code SET state = $2, version = version + 1, ended_at = $3 WHERE identifier = $1 AND state = 'active'",
            identifier.0.to_vec(),
            state.name(),
            now
        );
        Ok(self.run(query).await? > 0)
    }

    async fn use_code(&mut self, id: Uuid, version: i64, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE code SET state = 'used', version = version + 1, ended_at = $3 \
             WHERE id = $1 AND version = $2 AND state = 'active' AND expires_at > $3",
            text(id),
            version,
            now
        );
        Ok(self.run(query).await? == 1)
    }

    async fn throttle(&mut self, identifier: Blind) -> Answer<Throttle> {
        let query = sql!("SELECT n, locked_until, last_at FROM throttle WHERE identifier = $1", identifier.0.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(Throttle::default()) };
        Ok(Throttle { n: count(&row, "n")?, locked_until: row.try_get(1)?, last_at: row.try_get(2)? })
    }

    async fn set_throttle(&mut self, identifier: Blind, state: Throttle) -> Answer<()> {
        let query = sql!(
            "INSERT INTO throttle (identifier, n, locked_until, last_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (identifier) DO UPDATE SET n = excluded.n, locked_until = excluded.locked_until, \
             last_at = excluded.last_at",
            identifier.0.to_vec(),
            i64::from(state.n),
            state.locked_until,
            state.last_at
        );
        self.run(query).await.map(drop)
    }

    async fn pin_throttle(&mut self, subject: Blind) -> Answer<PinThrottle> {
        let query = sql!("SELECT n, locked_until, last_at FROM pin_throttle WHERE subject = $1", subject.0.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(PinThrottle::default()) };
        Ok(PinThrottle { n: count(&row, "n")?, locked_until: row.try_get(1)?, last_at: row.try_get(2)? })
    }

    async fn set_pin_throttle(&mut self, subject: Blind, state: PinThrottle) -> Answer<()> {
        let query = sql!(
            "INSERT INTO pin_throttle (subject, n, locked_until, last_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (subject) DO UPDATE SET n = excluded.n, locked_until = excluded.locked_until, \
             last_at = excluded.last_at",
            subject.0.to_vec(),
            i64::from(state.n),
            state.locked_until,
            state.last_at
        );
        self.run(query).await.map(drop)
    }

    async fn arrival(&mut self, subject: &str) -> Answer<i64> {
        let row = self.one(sql!("SELECT arrival FROM rate WHERE subject = $1", subject.to_owned())).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    }

    async fn set_arrival(&mut self, subject: &str, arrival: i64) -> Answer<()> {
        let query = sql!(
            "INSERT INTO rate (subject, arrival) VALUES ($1, $2) \
             ON CONFLICT (subject) DO UPDATE SET arrival = excluded.arrival",
            subject.to_owned(),
            arrival
        );
        self.run(query).await.map(drop)
    }

    async fn failing(&mut self, kiosk: Uuid, subject: Blind, now: i64, since: i64) -> Answer<u32> {
        let kiosk = text(kiosk);
        self.run(sql!("DELETE FROM failing_identifier WHERE kiosk = $1 AND at < $2", kiosk.clone(), since)).await?;
        self.run(sql!(
            "INSERT INTO failing_identifier (kiosk, subject, at) VALUES ($1, $2, $3) \
             ON CONFLICT (kiosk, subject) DO UPDATE SET at = excluded.at",
            kiosk.clone(),
            subject.0.to_vec(),
            now
        ))
        .await?;
        let row = self.one(sql!("SELECT COUNT(*) AS n FROM failing_identifier WHERE kiosk = $1", kiosk)).await?;
        row.map_or(Ok(0), |row| count(&row, "n"))
    }

    async fn put(&mut self, key: &PutKey) -> Answer<Option<Put>> {
        let query = sql!(
            "SELECT * FROM put WHERE kiosk = $1 AND scope = $2 AND id = $3",
            text(key.kiosk),
            key.scope,
            text(key.id)
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let state = match row.try_get::<String, _>("state")?.as_str() {
            "pending" => PutState::Pending,
            "purged" => PutState::Purged,
            "done" => {
                let status = u16::try_from(row.try_get::<i64, _>("status")?);
                let status = status.map_err(|_| StoreError::NotUnderstood("status of a reply"))?;
                PutState::Done { status, reply: row.try_get("reply")? }
            }
            _ => return Err(StoreError::NotUnderstood("state of a request")),
        };
        Ok(Some(Put {
            kind: row.try_get("kind")?,
            body_mac: fixed(&row, "body_mac")?,
            owner: fixed(&row, "owner")?,
            begun_at: row.try_get("begun_at")?,
            charge: row.try_get::<Option<String>, _>("charge")?.map(|json| parse::<Charged>(&json)).transpose()?,
            state,
        }))
    }

    async fn add_put(&mut self, key: &PutKey, put: &Put) -> Answer<()> {
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

    async fn take_over(&mut self, key: &PutKey, owner: &[u8; 16], now: i64) -> Answer<()> {
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

    async fn finish_put(&mut self, key: &PutKey, owner: &[u8; 16], status: u16, reply: &[u8]) -> Answer<bool> {
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

    async fn add_verification(&mut self, row: &Verification) -> Answer<()> {
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

    async fn verification(&mut self, kiosk: Uuid, id: Uuid) -> Answer<Option<VerificationResult>> {
        let query = sql!("SELECT result FROM verification WHERE kiosk = $1 AND id = $2", text(kiosk), text(id));
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(if row.try_get::<String, _>(0)? == "verified" {
            VerificationResult::Verified
        } else {
            VerificationResult::NotVerified
        }))
    }

    async fn add_inspection(&mut self, row: &Inspection) -> Answer<()> {
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

    async fn last_inspection(&mut self, kiosk: Uuid, visit: Uuid) -> Answer<Option<Inspection>> {
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
            record: parse(&row.try_get::<String, _>("record")?)?,
            document_status: parse(&row.try_get::<String, _>("document_status")?)?,
            mismatch: parse(&row.try_get::<String, _>("mismatch")?)?,
            at: row.try_get("at")?,
            audit_seq: row.try_get("audit_seq")?,
        }))
    }

    async fn add_override(&mut self, row: &Override) -> Answer<()> {
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

    async fn referral(&mut self, visit: Uuid) -> Answer<Option<Referral>> {
        let query = sql!("SELECT * FROM referral WHERE visit = $1", text(visit));
        self.one(query).await?.as_ref().map(referral_row).transpose()
    }

    async fn referral_by_reference(&mut self, reference: &str) -> Answer<Option<Referral>> {
        let query = sql!("SELECT * FROM referral WHERE reference = $1", reference.to_owned());
        self.one(query).await?.as_ref().map(referral_row).transpose()
    }

    async fn set_referral(&mut self, referral: &Referral) -> Answer<bool> {
        let query = sql!(
            "INSERT INTO referral (visit, kiosk, reference, sealed, stored_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            text(referral.visit),
            text(referral.kiosk),
            referral.reference.clone(),
            referral.sealed.clone(),
            referral.stored_at
        );
        Ok(self.run(query).await? == 1)
    }

    async fn open_referral(&mut self, visit: Uuid, session: &[u8; 32], kiosk: Uuid, now: i64) -> Answer<()> {
        let query = sql!(
            "INSERT INTO referral_opening (visit, session, kiosk, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            text(visit),
            session.to_vec(),
            text(kiosk),
            now
        );
        self.run(query).await.map(drop)
    }

    async fn has_opened(&mut self, visit: Uuid, session: &[u8; 32]) -> Answer<bool> {
        let query =
            sql!("SELECT 1 FROM referral_opening WHERE visit = $1 AND session = $2", text(visit), session.to_vec());
        Ok(self.one(query).await?.is_some())
    }

    async fn delete_referral(&mut self, visit: Uuid) -> Answer<()> {
        self.run(sql!("DELETE FROM referral WHERE visit = $1", text(visit))).await.map(drop)
    }

    async fn officer(&mut self, badge: Blind) -> Answer<Option<Officer>> {
        let Some(row) = self.one(sql!("SELECT * FROM officer WHERE badge = $1", badge.0.to_vec())).await? else {
            return Ok(None);
        };
        Ok(Some(Officer {
            id: id(&row, "id")?,
            salt: fixed(&row, "salt")?,
            tag: tag(&row)?,
            disabled: row.try_get::<Option<i64>, _>("disabled_at")?.is_some(),
        }))
    }

    async fn add_officer(&mut self, badge: Blind, officer: &Officer, now: i64) -> Answer<bool> {
        let query = sql!(
            "INSERT INTO officer (id, badge, kid, salt, nonce, tag, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT DO NOTHING",
            text(officer.id),
            badge.0.to_vec(),
            i64::from(officer.tag.kid),
            officer.salt.to_vec(),
            officer.tag.nonce.to_vec(),
            officer.tag.tag.clone(),
            now
        );
        Ok(self.run(query).await? == 1)
    }

    async fn disable_officer(&mut self, badge: Blind, now: i64) -> Answer<Option<Uuid>> {
        let query = sql!(
            "UPDATE officer SET disabled_at = COALESCE(disabled_at, $2) WHERE badge = $1 RETURNING id",
            badge.0.to_vec(),
            now
        );
        self.one(query).await?.as_ref().map(|row| id(row, "id")).transpose()
    }

    async fn disabled_officers(&mut self) -> Answer<Vec<String>> {
        let query = sql!("SELECT id FROM officer WHERE disabled_at IS NOT NULL ORDER BY id");
        self.all(query, |row| Ok(row.try_get(0)?)).await
    }

    async fn add_session(&mut self, session: &OfficerSession) -> Answer<()> {
        let query = sql!(
            "INSERT INTO officer_session (hash, officer, kiosk, begun_at, last_used) VALUES ($1, $2, $3, $4, $5)",
            session.hash.to_vec(),
            text(session.officer),
            text(session.kiosk),
            session.begun_at,
            session.last_used
        );
        self.run(query).await.map(drop)
    }

    async fn session(&mut self, hash: &[u8; 32]) -> Answer<Option<OfficerSession>> {
        let query = sql!(
            "SELECT s.*, o.disabled_at FROM officer_session s JOIN officer o ON o.id = s.officer WHERE s.hash = $1",
            hash.to_vec()
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        Ok(Some(OfficerSession {
            hash: *hash,
            officer: id(&row, "officer")?,
            kiosk: id(&row, "kiosk")?,
            begun_at: row.try_get("begun_at")?,
            last_used: row.try_get("last_used")?,
            ended_at: row.try_get("ended_at")?,
            officer_disabled_at: row.try_get("disabled_at")?,
        }))
    }

    async fn touch_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query =
            sql!("UPDATE officer_session SET last_used = MAX(last_used, $2) WHERE hash = $1", hash.to_vec(), now);
        self.run(query).await.map(drop)
    }

    async fn end_session(&mut self, hash: &[u8; 32], now: i64) -> Answer<()> {
        let query =
            sql!("UPDATE officer_session SET ended_at = COALESCE(ended_at, $2) WHERE hash = $1", hash.to_vec(), now);
        self.run(query).await.map(drop)
    }

    async fn signed_in(&mut self, officer: Uuid, kiosk: Uuid, from: i64, to: i64) -> Answer<bool> {
        let query = sql!(
            "SELECT 1 FROM officer_session WHERE officer = $1 AND kiosk = $2 AND begun_at BETWEEN $3 AND $4 LIMIT 1",
            text(officer),
            text(kiosk),
            from,
            to
        );
        Ok(self.one(query).await?.is_some())
    }

    async fn add_technician(&mut self, technician: &Technician) -> Answer<()> {
        let query = sql!(
            "INSERT INTO technician (id, name, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
            text(technician.id),
            technician.name.clone(),
            technician.issued_at,
            technician.expires_at
        );
        self.run(query).await.map(drop)
    }

    async fn revoke_technician(&mut self, technician: Uuid, now: i64) -> Answer<bool> {
        let query =
            sql!("UPDATE technician SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", text(technician), now);
        Ok(self.run(query).await? == 1)
    }

    async fn revoked_technicians(&mut self, now: i64) -> Answer<Vec<Uuid>> {
        let query = sql!("SELECT id FROM technician WHERE revoked_at IS NOT NULL AND expires_at > $1 ORDER BY id", now);
        self.all(query, |row| id(row, "id")).await
    }

    async fn audit_head(&mut self) -> Answer<AuditHead> {
        let row = self.one(sql!("SELECT * FROM audit_head")).await?.ok_or(StoreError::NotUnderstood("audit head"))?;
        Ok(AuditHead {
            seq: row.try_get("seq")?,
            hash: fixed(&row, "hash")?,
            first_seq: row.try_get("first_seq")?,
            first_prev: fixed(&row, "first_prev")?,
        })
    }

    async fn append_audit(&mut self, row: &AuditRow) -> Answer<()> {
        self.run(sql!(
            "INSERT INTO audit (seq, at, actor, event, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            row.seq,
            row.at,
            row.actor.clone(),
            row.event.clone(),
            row.subject.clone(),
            row.detail.clone(),
            row.hash.to_vec()
        ))
        .await?;
        self.run(sql!("UPDATE audit_head SET seq = $1, hash = $2", row.seq, row.hash.to_vec())).await.map(drop)
    }

    async fn audit_rows(&mut self, from_seq: i64, limit: i64) -> Answer<Vec<AuditRow>> {
        self.all(sql!("SELECT * FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2", from_seq, limit), audit_row).await
    }

    async fn decisions(&mut self) -> Answer<Vec<Decision>> {
        let first = self.audit_head().await?.first_seq;
        let query = sql!(
            "SELECT audit_seq, 'verification' AS event, kiosk || '/' || id AS subject, result FROM verification \
             WHERE audit_seq >= $1 \
             UNION ALL SELECT audit_seq, 'inspection', kiosk || '/' || id, '' FROM inspection WHERE audit_seq >= $1 \
             UNION ALL SELECT audit_seq, 'override', kiosk || '/' || id, '' FROM override WHERE audit_seq >= $1 \
             ORDER BY audit_seq",
            first
        );
        let read = |row: &SqliteRow| {
            let event = match row.try_get::<String, _>("event")?.as_str() {
                "verification" => "verification",
                "inspection" => "inspection",
                _ => "override",
            };
            let (audit_seq, subject, result) =
                (row.try_get("audit_seq")?, row.try_get("subject")?, row.try_get("result")?);
            Ok(Decision { audit_seq, event, subject, result })
        };
        self.all(query, read).await
    }

    async fn used_codes(&mut self) -> Answer<Vec<Uuid>> {
        let query = sql!(
            "SELECT id FROM code WHERE state = 'used' AND id NOT IN \
             (SELECT code FROM verification WHERE code IS NOT NULL AND result = 'verified')"
        );
        self.all(query, |row| id(row, "id")).await
    }

    async fn purge(&mut self, before: &Purged, _now: i64) -> Answer<Purged> {
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
        // The audit log is cut at a row, and where it was cut is kept.
        let newest = sql!("SELECT seq, hash FROM audit WHERE at < $1 ORDER BY seq DESC LIMIT 1", before.audit);
        let mut audit = 0;
        if let Some(row) = self.one(newest).await? {
            let (seq, hash): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            audit = self.run(sql!("DELETE FROM audit WHERE seq <= $1", seq)).await?;
            self.run(sql!("UPDATE audit_head SET first_seq = $1, first_prev = $2", seq + 1, hash)).await?;
        }
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(Purged {
            replies: number(replies),
            throttles: number(throttles),
            referrals: number(referrals),
            audit: number(audit),
        })
    }
}

fn text(id: Uuid) -> String {
    id.hyphenated().to_string()
}

fn id(row: &SqliteRow, column: &str) -> Answer<Uuid> {
    Uuid::parse_str(&row.try_get::<String, _>(column)?).map_err(|_| StoreError::NotUnderstood("id"))
}

fn fixed<const N: usize>(row: &SqliteRow, column: &str) -> Answer<[u8; N]> {
    row.try_get::<Vec<u8>, _>(column)?.try_into().map_err(|_| StoreError::NotUnderstood("hash or key"))
}

fn count(row: &SqliteRow, column: &str) -> Answer<u32> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}

fn json<T: serde::Serialize>(value: &T) -> Answer<String> {
    serde_json::to_string(value).map_err(|_| StoreError::NotUnderstood("value"))
}

fn parse<T: DeserializeOwned>(json: &str) -> Answer<T> {
    serde_json::from_str(json).map_err(|_| StoreError::NotUnderstood("value"))
}

fn tag(row: &SqliteRow) -> Answer<Tag> {
    let kid = u8::try_from(row.try_get::<i64, _>("kid")?).map_err(|_| StoreError::NotUnderstood("pepper number"))?;
    Ok(Tag { kid, nonce: fixed(row, "nonce")?, tag: row.try_get("tag")? })
}

fn kiosk_row(row: &SqliteRow) -> Answer<Kiosk> {
    Ok(Kiosk {
        id: id(row, "id")?,
        number: row.try_get("number")?,
        lane: row.try_get("lane")?,
        added_at: row.try_get("added_at")?,
        revoked_at: row.try_get("revoked_at")?,
        quarantined_at: row.try_get("quarantined_at")?,
        last_seen: row.try_get("last_seen")?,
    })
}

fn account_row(row: &SqliteRow) -> Answer<Account> {
    let refer = row.try_get::<String, _>("record_status")? == "refer";
    Ok(Account {
        id: id(row, "id")?,
        name: row.try_get("name")?,
        birth_date: row.try_get("birth_date")?,
        record_status: if refer { RecordStatus::Refer } else { RecordStatus::Clear },
        made_at: row.try_get("made_at")?,
    })
}

fn document_row(row: &SqliteRow) -> Answer<StoredDocument> {
    Ok(StoredDocument {
        account: id(row, "account")?,
        kind: row.try_get("type")?,
        sealed: row.try_get("sealed")?,
        status: parse(&row.try_get::<String, _>("status")?)?,
    })
}

fn referral_row(row: &SqliteRow) -> Answer<Referral> {
    Ok(Referral {
        visit: id(row, "visit")?,
        kiosk: id(row, "kiosk")?,
        reference: row.try_get("reference")?,
        sealed: row.try_get("sealed")?,
        stored_at: row.try_get("stored_at")?,
    })
}

fn audit_row(row: &SqliteRow) -> Answer<AuditRow> {
    Ok(AuditRow {
        seq: row.try_get("seq")?,
        at: row.try_get("at")?,
        actor: row.try_get("actor")?,
        event: row.try_get("event")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        hash: fixed(row, "hash")?,
    })
}
