//! Accounts: records, their identifiers and documents.

use super::columns::{fixed, id, json, parse, text};
use super::places::{elsewhere, placed};
use crate::secrets::Blind;
use crate::store::connection::{Row, sql};
use crate::store::rows::{Account, NewDocument, NewIdentifier, StoredDocument};
use crate::store::{Answer, Tx};
use uuid::Uuid;
use verification_api::wire::RecordStatus;

impl Tx {
    pub async fn add_account(
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
                "INSERT INTO identifier (blind, account, type, sealed, index_kid) SELECT $1, $2, $3, $4, $5 \
                 WHERE NOT EXISTS (SELECT 1 FROM identifier WHERE blind = $6) ON CONFLICT DO NOTHING",
                new.blind.at(),
                id.clone(),
                new.kind,
                new.sealed.clone(),
                new.blind.kid(),
                elsewhere(&new.blind)
            );
            added += self.run(query).await?;
        }
        for new in documents {
            let query = sql!(
                "INSERT INTO document (blind, account, type, sealed, status, index_kid) SELECT $1, $2, $3, $4, $5, $6 \
                 WHERE NOT EXISTS (SELECT 1 FROM document WHERE blind = $7) ON CONFLICT DO NOTHING",
                new.blind.at(),
                id.clone(),
                new.kind.name(),
                new.sealed.clone(),
                json(&new.status)?,
                new.blind.kid(),
                elsewhere(&new.blind)
            );
            added += self.run(query).await?;
        }
        Ok(usize::try_from(added) == Ok(identifiers.len() + documents.len()))
    }

    /// Whose identifier it is. Where it is nobody's, the table's first account stands in and is read as far, as with
    /// [`Tx::newest_code`].
    ///
    /// # Errors
    /// Of the store.
    pub async fn account_of(&mut self, identifier: Blind) -> Answer<Option<Account>> {
        let query = placed!(
            identifier,
            [
                "SELECT * FROM (SELECT 0 AS stand_in, a.* FROM account a JOIN identifier i ON i.account = a.id WHERE i.blind",
                "$2",
                ") AS own UNION ALL SELECT * FROM (SELECT 1 AS stand_in, a.* FROM account a \
                 JOIN identifier i ON i.account = a.id ORDER BY i.blind LIMIT 1) AS other LIMIT 1"
            ]
        );
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let account = account_row(&row)?;
        Ok((row.get::<i32>("stand_in")? == 0).then_some(account))
    }

    pub async fn account(&mut self, id: Uuid) -> Answer<Option<Account>> {
        self.one(sql!("SELECT * FROM account WHERE id = $1", text(id))).await?.as_ref().map(account_row).transpose()
    }

    pub async fn document(&mut self, document: Blind) -> Answer<Option<StoredDocument>> {
        let query = placed!(document, ["SELECT * FROM document WHERE blind", "$2", ""]);
        self.one(query).await?.as_ref().map(document_row).transpose()
    }

    pub async fn documents_of(&mut self, account: Uuid) -> Answer<Vec<StoredDocument>> {
        self.all(sql!("SELECT * FROM document WHERE account = $1 ORDER BY rowid", text(account)), document_row).await
    }
}

fn account_row(row: &Row) -> Answer<Account> {
    let refer = row.get::<String>("record_status")? == "refer";
    Ok(Account {
        id: id(row, "id")?,
        name: row.get("name")?,
        birth_date: row.get("birth_date")?,
        record_status: if refer { RecordStatus::Refer } else { RecordStatus::Clear },
        made_at: row.get("made_at")?,
    })
}

fn document_row(row: &Row) -> Answer<StoredDocument> {
    Ok(StoredDocument {
        at: fixed(row, "blind")?,
        account: id(row, "account")?,
        kind: row.get("type")?,
        sealed: row.get("sealed")?,
        status: parse(&row.get::<String>("status")?)?,
    })
}
