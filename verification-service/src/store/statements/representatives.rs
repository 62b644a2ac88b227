//! Who represents whom.

use super::columns::{fixed, id, text};
use super::places::elsewhere;
use crate::portal::rows::Representation;
use crate::secrets::Blind;
use crate::store::connection::{Row, sql};
use crate::store::{Answer, Tx};
use uuid::Uuid;

impl Tx {
    /// Adds a representation, and the identifier to which its delegated codes belong, unless the same representative had it
    /// before. `sealed_id` is the representation's id, sealed for (account, "identifier").
    pub async fn add_representation(
        &mut self,
        new: &Representation,
        delegation: Blind,
        sealed_id: Vec<u8>,
    ) -> Answer<()> {
        self.run(sql!(
            "INSERT INTO identifier (blind, account, type, sealed, index_kid) SELECT $1, $2, 'delegation', $3, $4 \
             WHERE NOT EXISTS (SELECT 1 FROM identifier WHERE blind = $5) ON CONFLICT DO NOTHING",
            delegation.at(),
            text(new.account),
            sealed_id,
            delegation.kid(),
            elsewhere(&delegation)
        ))
        .await?;
        let query = sql!(
            "INSERT INTO representation (id, account, sealed, delegation, made_at) \
             VALUES ($1, $2, $3, (SELECT blind FROM identifier WHERE blind IN ($4, $6)), $5)",
            text(new.id),
            text(new.account),
            new.sealed.clone(),
            delegation.at(),
            new.made_at,
            elsewhere(&delegation)
        );
        self.run(query).await.map(drop)
    }

    /// Whose delegated codes stand at this place; every one of them has the same client and number.
    pub async fn representation_at(&mut self, delegation: &[u8; 32]) -> Answer<Option<Representation>> {
        let query = sql!("SELECT * FROM representation WHERE delegation = $1 LIMIT 1", delegation.to_vec());
        self.one(query).await?.as_ref().map(representation_row).transpose()
    }

    pub async fn representation(&mut self, id: Uuid) -> Answer<Option<Representation>> {
        let query = sql!("SELECT * FROM representation WHERE id = $1", text(id));
        self.one(query).await?.as_ref().map(representation_row).transpose()
    }

    /// Of a client, ended ones too; the newest first.
    pub async fn representations_of(&mut self, account: Uuid) -> Answer<Vec<Representation>> {
        let query = sql!(
            "SELECT * FROM representation WHERE account = $1 ORDER BY made_at DESC, id DESC LIMIT 50",
            text(account)
        );
        self.all(query, representation_row).await
    }

    /// A representative's clients: those that have not ended.
    pub async fn clients_of(&mut self, login: Uuid) -> Answer<Vec<Representation>> {
        let query = sql!(
            "SELECT * FROM representation WHERE login = $1 AND ended_at IS NULL ORDER BY accepted_at DESC, id DESC",
            text(login)
        );
        self.all(query, representation_row).await
    }

    /// False if it has ended, or was accepted already.
    pub async fn accept_representation(&mut self, representation: Uuid, login: Uuid, now: i64) -> Answer<bool> {
        let query = sql!(
            "UPDATE representation SET login = $2, accepted_at = $3 \
             WHERE id = $1 AND login IS NULL AND ended_at IS NULL",
            text(representation),
            text(login),
            now
        );
        Ok(self.run(query).await? == 1)
    }

    /// Ends it, with its invitation; false if it had ended.
    pub async fn end_representation(&mut self, representation: Uuid, now: i64) -> Answer<bool> {
        let of = text(representation);
        self.run(sql!(
            "UPDATE invitation SET ended_at = $2 WHERE representation = $1 AND ended_at IS NULL",
            of.clone(),
            now
        ))
        .await?;
        let query = sql!("UPDATE representation SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", of, now);
        Ok(self.run(query).await? == 1)
    }
}

fn representation_row(row: &Row) -> Answer<Representation> {
    let login = row.get::<Option<String>>("login")?;
    Ok(Representation {
        id: id(row, "id")?,
        account: id(row, "account")?,
        login: login.and_then(|text| Uuid::parse_str(&text).ok()),
        sealed: row.get("sealed")?,
        delegation: fixed(row, "delegation")?,
        made_at: row.get("made_at")?,
        accepted_at: row.get("accepted_at")?,
        ended_at: row.get("ended_at")?,
    })
}
