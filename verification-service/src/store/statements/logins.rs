//! Who signs in to the portal: passwords, authenticator apps, passkeys, and the invitations that lead there.

use super::columns::{count, fixed, id, tag, text};
use super::places::{elsewhere, placed};
use crate::portal::rows::{Invitation, Login, LoginKind, Representation, StoredPasskey};
use crate::secrets::{Blind, Tag};
use crate::store::connection::{Row, sql};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    /// False if the user name is taken, or the account has a login.
    pub async fn add_login(&mut self, login: &Login, name: Blind) -> Answer<bool> {
        let query = sql!(
            "INSERT INTO login (id, kind, account, name, user_name, kid, salt, nonce, tag, password_at, totp, totp_step, \
             made_at, index_kid) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
             WHERE NOT EXISTS (SELECT 1 FROM login WHERE name = $15) ON CONFLICT DO NOTHING",
            text(login.id),
            login.kind.name(),
            login.account.map(text),
            name.at(),
            login.user_name.clone(),
            i64::from(login.tag.kid),
            login.salt.to_vec(),
            login.tag.nonce.to_vec(),
            login.tag.tag.clone(),
            login.password_at,
            login.totp.clone(),
            login.totp_step,
            login.made_at,
            name.kid(),
            elsewhere(&name)
        );
        Ok(self.run(query).await? == 1)
    }

    pub async fn login(&mut self, id: Uuid) -> Answer<Option<Login>> {
        self.one(sql!("SELECT * FROM login WHERE id = $1", text(id))).await?.as_ref().map(login_row).transpose()
    }

    pub async fn login_named(&mut self, name: Blind) -> Answer<Option<Login>> {
        self.one(placed!(name, ["SELECT * FROM login WHERE name", "$2", ""])).await?.as_ref().map(login_row).transpose()
    }

    pub async fn login_of(&mut self, account: Uuid) -> Answer<Option<Login>> {
        self.one(sql!("SELECT * FROM login WHERE account = $1", text(account)))
            .await?
            .as_ref()
            .map(login_row)
            .transpose()
    }

    pub async fn set_password(&mut self, login: Uuid, salt: [u8; 16], tag: &Tag, now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE login SET kid = $2, salt = $3, nonce = $4, tag = $5, password_at = $6 WHERE id = $1",
            text(login),
            i64::from(tag.kid),
            salt.to_vec(),
            tag.nonce.to_vec(),
            tag.tag.clone(),
            now
        );
        self.run(query).await.map(drop)
    }

    /// Another app, or none; `step` is the last step of it that was taken.
    pub async fn set_totp(&mut self, login: Uuid, totp: Option<Vec<u8>>, step: i64) -> Answer<()> {
        let query = sql!("UPDATE login SET totp = $2, totp_step = $3 WHERE id = $1", text(login), totp, step);
        self.run(query).await.map(drop)
    }

    /// Takes the code of a step; false if it, or a later one, was taken meanwhile.
    pub async fn take_totp_step(&mut self, login: Uuid, step: i64) -> Answer<bool> {
        let query = sql!("UPDATE login SET totp_step = $2 WHERE id = $1 AND totp_step < $2", text(login), step);
        Ok(self.run(query).await? == 1)
    }

    pub async fn passkeys_of(&mut self, login: Uuid) -> Answer<Vec<StoredPasskey>> {
        let query = sql!("SELECT * FROM passkey WHERE login = $1 ORDER BY made_at, id", text(login));
        self.all(query, |row| {
            Ok(StoredPasskey {
                id: id(row, "id")?,
                login: id(row, "login")?,
                sealed: row.get("sealed")?,
                made_at: row.get("made_at")?,
                last_used: row.get("last_used")?,
            })
        })
        .await
    }

    pub async fn add_passkey(&mut self, passkey: &StoredPasskey) -> Answer<()> {
        let query = sql!(
            "INSERT INTO passkey (id, login, sealed, made_at) VALUES ($1, $2, $3, $4)",
            text(passkey.id),
            text(passkey.login),
            passkey.sealed.clone(),
            passkey.made_at
        );
        self.run(query).await.map(drop)
    }

    /// Notes a use, with the new counter; false if the passkey was removed meanwhile.
    pub async fn use_passkey(&mut self, passkey: Uuid, sealed: Vec<u8>, now: i64) -> Answer<bool> {
        let query = sql!("UPDATE passkey SET sealed = $2, last_used = $3 WHERE id = $1", text(passkey), sealed, now);
        Ok(self.run(query).await? == 1)
    }

    pub async fn remove_passkey(&mut self, login: Uuid, passkey: Uuid) -> Answer<bool> {
        let query = sql!("DELETE FROM passkey WHERE id = $1 AND login = $2", text(passkey), text(login));
        Ok(self.run(query).await? == 1)
    }

    pub async fn remove_passkeys(&mut self, login: Uuid) -> Answer<()> {
        self.run(sql!("DELETE FROM passkey WHERE login = $1", text(login))).await.map(drop)
    }

    /// Adds an invitation; older ones to the same end.
    pub async fn add_letter(&mut self, new: &Invitation) -> Answer<()> {
        let end = match new.representation {
            Some(representation) => sql!(
                "UPDATE invitation SET ended_at = $2 WHERE representation = $1 AND ended_at IS NULL",
                text(representation),
                new.made_at
            ),
            None => sql!(
                "UPDATE invitation SET ended_at = $2 \
                 WHERE account = $1 AND representation IS NULL AND ended_at IS NULL",
                text(new.account),
                new.made_at
            ),
        };
        self.run(end).await?;
        let query = sql!(
            "INSERT INTO invitation (hash, kind, account, representation, made_at, expires_at, tries) \
             VALUES ($1, $2, $3, $4, $5, $6, 0)",
            new.hash.to_vec(),
            new.kind.name(),
            text(new.account),
            new.representation.map(text),
            new.made_at,
            new.expires_at
        );
        self.run(query).await.map(drop)
    }

    pub async fn letter(&mut self, hash: &[u8; 32]) -> Answer<Option<Invitation>> {
        let query = sql!("SELECT * FROM invitation WHERE hash = $1", hash.to_vec());
        self.one(query).await?.as_ref().map(invitation_row).transpose()
    }

    /// The newest invitation to represent.
    pub async fn letter_for(&mut self, representation: &Representation) -> Answer<Option<Invitation>> {
        // By the account, which has an index.
        let query = sql!(
            "SELECT * FROM invitation WHERE account = $1 AND representation = $2 ORDER BY made_at DESC LIMIT 1",
            text(representation.account),
            text(representation.id)
        );
        self.one(query).await?.as_ref().map(invitation_row).transpose()
    }

    /// A wrong try; the last one of `most` ends the invitation.
    pub async fn try_letter(&mut self, hash: &[u8; 32], most: u32, now: i64) -> Answer<()> {
        let query = sql!(
            "UPDATE invitation SET tries = tries + 1, \
             ended_at = CASE WHEN tries + 1 >= $2 THEN COALESCE(ended_at, $3) ELSE ended_at END WHERE hash = $1",
            hash.to_vec(),
            i64::from(most),
            now
        );
        self.run(query).await.map(drop)
    }

    /// Uses an invitation up; false if it is not live any more.
    pub async fn use_letter(&mut self, hash: &[u8; 32], now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE invitation SET ended_at = $2 WHERE hash = $1 AND ended_at IS NULL AND expires_at > $2",
            hash.to_vec(),
            now
        );
        Ok(self.run(query).await? == 1)
    }
}

fn kind(row: &Row) -> Answer<LoginKind> {
    LoginKind::from_name(&row.get::<String>("kind")?).ok_or(StoreError::NotUnderstood("kind of a login"))
}

fn invitation_row(row: &Row) -> Answer<Invitation> {
    let representation = row.get::<Option<String>>("representation")?;
    Ok(Invitation {
        hash: fixed(row, "hash")?,
        kind: kind(row)?,
        account: id(row, "account")?,
        representation: representation.and_then(|text| Uuid::parse_str(&text).ok()),
        made_at: row.get("made_at")?,
        expires_at: row.get("expires_at")?,
        ended_at: row.get("ended_at")?,
        tries: count(row, "tries")?,
    })
}

fn login_row(row: &Row) -> Answer<Login> {
    let account = row.get::<Option<String>>("account")?;
    Ok(Login {
        id: id(row, "id")?,
        kind: kind(row)?,
        account: account.and_then(|text| Uuid::parse_str(&text).ok()),
        user_name: row.get("user_name")?,
        salt: fixed(row, "salt")?,
        tag: tag(row)?,
        password_at: row.get("password_at")?,
        totp: row.get("totp")?,
        totp_step: row.get("totp_step")?,
        made_at: row.get("made_at")?,
    })
}
