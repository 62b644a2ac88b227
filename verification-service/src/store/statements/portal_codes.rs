//! What holders and representatives see of codes: numbers, state, hint, the copy to show again, every use and try.

use super::columns::{fixed, id, text};
use super::places::placed;
use crate::portal::rows::{Attempt, CodeStatus, Number};
use crate::portal::view::LockedCode;
use crate::secrets::Blind;
use crate::store::connection::{Row, sql};
use crate::store::rows::CodeState;
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    /// The holder's own numbers: not those of delegated codes.
    pub async fn numbers_of(&mut self, account: Uuid) -> Answer<Vec<Number>> {
        let query = sql!(
            "SELECT * FROM identifier WHERE account = $1 AND type IN ('a_number', 'receipt') ORDER BY type, blind",
            text(account)
        );
        self.all(query, |row| Ok(Number { kind: row.get("type")?, sealed: row.get("sealed")? })).await
    }

    /// The code of an identifier that counts, as in [`Tx::newest_code`].
    pub async fn code_status(&mut self, identifier: Blind) -> Answer<Option<CodeStatus>> {
        let query = placed!(
            identifier,
            [
                "SELECT c.id, c.state, c.made_at, c.expires_at, c.ended_at, h.sealed AS hint, l.salt AS copy FROM code c \
                 LEFT JOIN code_hint h ON h.code = c.id LEFT JOIN locked_code l ON l.code = c.id WHERE c.identifier",
                "$2",
                " ORDER BY CASE WHEN c.state = 'active' THEN 1 ELSE 0 END DESC, c.made_at DESC, c.rowid DESC LIMIT 1"
            ]
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let state: String = row.get("state")?;
        Ok(Some(CodeStatus {
            id: id(&row, "id")?,
            state: CodeState::from_name(&state).ok_or(StoreError::NotUnderstood("state of a code"))?,
            made_at: row.get("made_at")?,
            expires_at: row.get("expires_at")?,
            ended_at: row.get("ended_at")?,
            hint: row.get("hint")?,
            copy: row.get::<Option<Vec<u8>>>("copy")?.is_some(),
        }))
    }

    pub async fn set_code_hint(&mut self, code: Uuid, sealed: Vec<u8>) -> Answer<()> {
        let query = sql!("INSERT INTO code_hint (code, sealed) VALUES ($1, $2)", text(code), sealed);
        self.run(query).await.map(drop)
    }

    pub async fn set_locked_code(&mut self, locked: &LockedCode) -> Answer<()> {
        let query = sql!(
            "INSERT INTO locked_code (code, login, salt, sealed) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (code) DO UPDATE SET salt = excluded.salt, sealed = excluded.sealed",
            text(locked.code),
            text(locked.login),
            locked.salt.to_vec(),
            locked.sealed.clone()
        );
        self.run(query).await.map(drop)
    }

    /// The copies of this login's codes that are still good.
    pub async fn locked_codes_of(&mut self, login: Uuid) -> Answer<Vec<LockedCode>> {
        let query = sql!(
            "SELECT l.* FROM locked_code l JOIN code c ON c.id = l.code WHERE l.login = $1 AND c.state = 'active'",
            text(login)
        );
        self.all(query, locked_row).await
    }

    pub async fn forget_locked_codes(&mut self, login: Uuid) -> Answer<()> {
        self.run(sql!("DELETE FROM locked_code WHERE login = $1", text(login))).await.map(drop)
    }

    /// When a code of an identifier was last used.
    pub async fn last_use_of(&mut self, identifier: Blind) -> Answer<Option<i64>> {
        let query = placed!(
            identifier,
            [
                "SELECT v.at FROM verification v WHERE v.result = 'verified' AND v.identifier",
                "$2",
                " ORDER BY v.at DESC LIMIT 1"
            ]
        );
        self.one(query).await?.map(|row| row.get("at")).transpose()
    }

    /// Uses and tries of codes of an identifier, the newest first: so many, without the first ones.
    pub async fn attempts_of(&mut self, identifier: Blind, limit: i64, without: i64) -> Answer<Vec<Attempt>> {
        let query = placed!(
            identifier,
            [
                "SELECT v.at, v.result, v.purpose, k.number AS kiosk FROM verification v \
                 LEFT JOIN kiosk k ON k.id = v.kiosk WHERE v.identifier",
                "$4",
                " ORDER BY v.at DESC, v.audit_seq DESC LIMIT $2 OFFSET $3"
            ],
            limit,
            without
        );
        self.all(query, |row| {
            Ok(Attempt {
                at: row.get("at")?,
                verified: row.get::<String>("result")? == "verified",
                purpose: row.get("purpose")?,
                kiosk: row.get("kiosk")?,
            })
        })
        .await
    }
}

fn locked_row(row: &Row) -> Answer<LockedCode> {
    Ok(LockedCode {
        code: id(row, "code")?,
        login: id(row, "login")?,
        salt: fixed(row, "salt")?,
        sealed: row.get("sealed")?,
    })
}
