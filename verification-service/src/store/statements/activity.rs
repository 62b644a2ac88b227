//! People's own log.

use super::columns::{id, text};
use crate::portal::rows::Activity;
use crate::store::connection::{Row, sql};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

impl Tx {
    pub async fn add_activity(&mut self, row: &Activity) -> Answer<()> {
        let query = sql!(
            "INSERT INTO activity (id, at, event, account, login, representation) VALUES ($1, $2, $3, $4, $5, $6)",
            text(row.id),
            row.at,
            row.event.clone(),
            row.account.map(text),
            row.login.map(text),
            row.representation.map(text)
        );
        self.run(query).await.map(drop)
    }

    /// What this login did, and what happened to the record it holds; the newest first.
    pub async fn activity_of(&mut self, account: Option<Uuid>, login: Uuid, limit: i64) -> Answer<Vec<Activity>> {
        let query = sql!(
            "SELECT * FROM activity WHERE account = $1 OR login = $2 ORDER BY at DESC, id DESC LIMIT $3",
            account.map(text),
            text(login),
            limit
        );
        self.all(query, activity_row).await
    }

    pub async fn activity_of_representation(&mut self, representation: Uuid, limit: i64) -> Answer<Vec<Activity>> {
        let query = sql!(
            "SELECT * FROM activity WHERE representation = $1 ORDER BY at DESC, id DESC LIMIT $2",
            text(representation),
            limit
        );
        self.all(query, activity_row).await
    }
}

fn activity_row(row: &Row) -> Answer<Activity> {
    let optional = |column: &str| -> Answer<Option<Uuid>> {
        let text = row.get::<Option<String>>(column)?;
        text.map(|text| Uuid::parse_str(&text).map_err(|_| StoreError::NotUnderstood("id"))).transpose()
    };
    Ok(Activity {
        id: id(row, "id")?,
        at: row.get("at")?,
        event: row.get("event")?,
        account: optional("account")?,
        login: optional("login")?,
        representation: optional("representation")?,
    })
}
