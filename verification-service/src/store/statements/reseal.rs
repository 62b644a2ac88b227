//! Everything that is kept under a pepper for longer than a day, so that it can be moved to a newer one. Stored replies, open
//! referrals and registrations half done are gone before that.

use super::columns::{fixed, text};
use crate::secrets::Tag;
use crate::store::connection::{Row, sql};
use crate::store::{Answer, StoreError, Tx};
use uuid::Uuid;

/// A sealed column: whose it is and what it is bound to, besides those ids.
#[derive(Clone, Copy, Debug)]
pub struct Sealed {
    /// For people: table and column.
    pub name: &'static str,
    /// What stands behind the ids in the binding.
    pub label: &'static str,
    count: &'static str,
    select: &'static str,
    update: &'static str,
}

/// A column with a tag: number of its pepper, nonce, tag.
#[derive(Clone, Copy, Debug)]
pub struct Tagged {
    pub name: &'static str,
    /// Bound to a backup code (account, code, algorithm) where there is none, else to the id and this.
    pub label: Option<&'static str>,
    count: &'static str,
    select: &'static str,
    update: &'static str,
}

/// A sealed column of `table` that is bound to the UUID in `id` and `label`.
macro_rules! sealed {
    ($table:literal, $column:literal, $id:literal, $label:literal) => {
        Sealed {
            name: concat!($table, ".", $column),
            label: $label,
            count: concat!("SELECT COUNT(*) AS n FROM ", $table, " WHERE SUBSTR(", $column, ", 1, 1) = $1"),
            select: concat!(
                "SELECT ",
                $id,
                " AS first, '' AS second, ",
                $column,
                " AS sealed FROM ",
                $table,
                " WHERE ",
                $id,
                " > $2 AND '' = $3 AND SUBSTR(",
                $column,
                ", 1, 1) <> $1 ORDER BY ",
                $id,
                " LIMIT $4"
            ),
            update: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $1 WHERE ",
                $id,
                " = $2 AND '' = $3 AND ",
                $column,
                " = $4"
            ),
        }
    };
}

/// Every sealed column. A table that seals something for good belongs here.
pub const SEALED: &[Sealed] = &[
    sealed!("account", "name", "id", "name"),
    sealed!("account", "birth_date", "id", "birth_date"),
    sealed!("identifier", "sealed", "account", "identifier"),
    sealed!("document", "sealed", "account", "document"),
    sealed!("officer", "sealed", "id", "badge"),
    sealed!("technician", "name", "id", "technician"),
    sealed!("login", "user_name", "id", "user name"),
    sealed!("login", "totp", "id", "totp"),
    sealed!("passkey", "sealed", "login", "passkey"),
    sealed!("representation", "sealed", "id", "representative"),
    sealed!("code_hint", "sealed", "code", "hint"),
    sealed!("locked_code", "sealed", "code", "view"),
    Sealed {
        name: "override.sealed",
        label: "override",
        count: "SELECT COUNT(*) AS n FROM override WHERE SUBSTR(sealed, 1, 1) = $1",
        select: "SELECT kiosk AS first, id AS second, sealed FROM override WHERE (kiosk, id) > ($2, $3) \
                 AND SUBSTR(sealed, 1, 1) <> $1 ORDER BY kiosk, id LIMIT $4",
        update: "UPDATE override SET sealed = $1 WHERE kiosk = $2 AND id = $3 AND sealed = $4",
    },
];

/// Every tag.
pub const TAGGED: &[Tagged] = &[
    Tagged {
        name: "code.tag",
        label: None,
        count: "SELECT COUNT(*) AS n FROM code WHERE kid = $1",
        select: "SELECT id, account, alg, kid, nonce, tag FROM code WHERE id > $2 AND kid <> $1 ORDER BY id LIMIT $3",
        update: "UPDATE code SET kid = $1, nonce = $2, tag = $3 WHERE id = $4 AND tag = $5",
    },
    Tagged {
        name: "officer.tag",
        label: Some("pin"),
        count: "SELECT COUNT(*) AS n FROM officer WHERE kid = $1",
        select: "SELECT id, id AS account, '' AS alg, kid, nonce, tag FROM officer WHERE id > $2 AND kid <> $1 \
                 ORDER BY id LIMIT $3",
        update: "UPDATE officer SET kid = $1, nonce = $2, tag = $3 WHERE id = $4 AND tag = $5",
    },
    Tagged {
        name: "login.tag",
        label: Some("password"),
        count: "SELECT COUNT(*) AS n FROM login WHERE kid = $1",
        select: "SELECT id, id AS account, '' AS alg, kid, nonce, tag FROM login WHERE id > $2 AND kid <> $1 \
                 ORDER BY id LIMIT $3",
        update: "UPDATE login SET kid = $1, nonce = $2, tag = $3 WHERE id = $4 AND tag = $5",
    },
];

/// One sealed value and whose it is.
pub struct SealedRow {
    pub first: Uuid,
    /// The second id of the binding, where there are two.
    pub second: Option<Uuid>,
    pub sealed: Vec<u8>,
}

/// One tag and whose it is.
pub struct TaggedRow {
    pub id: Uuid,
    pub account: Uuid,
    pub alg: String,
    pub tag: Tag,
}

impl Tx {
    /// How much is kept in a column under a pepper.
    ///
    /// # Errors
    /// Of the store.
    pub async fn count_sealed(&mut self, place: &Sealed, kid: u8) -> Answer<i64> {
        let count = self.one(sql!(place.count, vec![kid])).await?;
        count.map_or(Ok(0), |row| row.get("n"))
    }

    /// # Errors
    /// Of the store.
    pub async fn count_tagged(&mut self, place: &Tagged, kid: u8) -> Answer<i64> {
        let count = self.one(sql!(place.count, i64::from(kid))).await?;
        count.map_or(Ok(0), |row| row.get("n"))
    }

    /// What is sealed under another pepper, in the order of whose it is, after these.
    ///
    /// # Errors
    /// Of the store.
    pub async fn sealed_elsewhere(
        &mut self,
        place: &Sealed,
        kid: u8,
        (first, second): (&str, &str),
        limit: i64,
    ) -> Answer<Vec<SealedRow>> {
        self.all(sql!(place.select, vec![kid], first, second, limit), sealed_row).await
    }

    /// Puts a value in the place of that which was read; false if it is another by now.
    ///
    /// # Errors
    /// Of the store.
    pub async fn set_sealed(&mut self, place: &Sealed, row: &SealedRow, new: Vec<u8>) -> Answer<bool> {
        let second = row.second.map(text).unwrap_or_default();
        Ok(self.run(sql!(place.update, new, text(row.first), second, row.sealed.clone())).await? == 1)
    }

    /// The tags under another pepper, in the order of whose they are, after this one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn tagged_elsewhere(
        &mut self,
        place: &Tagged,
        kid: u8,
        after: &str,
        limit: i64,
    ) -> Answer<Vec<TaggedRow>> {
        self.all(sql!(place.select, i64::from(kid), after, limit), tagged_row).await
    }

    /// # Errors
    /// Of the store.
    pub async fn set_tag(&mut self, place: &Tagged, row: &TaggedRow, new: Tag) -> Answer<bool> {
        let query =
            sql!(place.update, i64::from(new.kid), new.nonce.to_vec(), new.tag, text(row.id), row.tag.tag.clone());
        Ok(self.run(query).await? == 1)
    }
}

fn sealed_row(row: &Row) -> Answer<SealedRow> {
    let id = |text: String| Uuid::parse_str(&text).map_err(|_| StoreError::NotUnderstood("id"));
    let second: String = row.get("second")?;
    let second = if second.is_empty() { None } else { Some(id(second)?) };
    Ok(SealedRow { first: id(row.get("first")?)?, second, sealed: row.get("sealed")? })
}

fn tagged_row(row: &Row) -> Answer<TaggedRow> {
    let id = |text: String| Uuid::parse_str(&text).map_err(|_| StoreError::NotUnderstood("id"));
    let kid = u8::try_from(row.get::<i64>("kid")?).map_err(|_| StoreError::NotUnderstood("pepper number"))?;
    let tag = Tag { kid, nonce: fixed(row, "nonce")?, tag: row.get("tag")? };
    Ok(TaggedRow { id: id(row.get("id")?)?, account: id(row.get("account")?)?, alg: row.get("alg")?, tag })
}

#[cfg(test)]
mod tests {
    use super::{SEALED, TAGGED};

    /// Gone within a day: never moved.
    const SHORT_LIVED: [&str; 4] =
        ["put.reply", "referral.sealed", "portal_session.registration", "portal_session.ceremony"];

    #[test]
    fn every_column_that_the_schema_calls_sealed_is_moved() {
        let schema = [
            include_str!("../migrations/sqlite/0001_first_light.sql"),
            include_str!("../migrations/sqlite/0004_portal.sql"),
            include_str!("../migrations/sqlite/0005_clients.sql"),
        ]
        .concat();
        let (mut table, mut found) = ("", 0);
        for line in schema.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.split(' ').next().unwrap();
            }
            let mut words = line.split_whitespace();
            let (Some(column), Some("BLOB")) = (words.next(), words.next()) else { continue };
            let name = format!("{table}.{column}");
            let comment = line.split_once("--").map_or("", |(_, comment)| comment);
            if (column == "sealed" || comment.contains("sealed")) && !SHORT_LIVED.contains(&name.as_str()) {
                assert!(SEALED.iter().any(|place| place.name == name), "{name} would stay under its pepper for ever");
                found += 1;
            }
            if column == "tag" {
                assert!(TAGGED.iter().any(|place| place.name == name), "{name} would stay under its pepper for ever");
            }
        }
        assert!(found > 8, "the schema was not understood: {found} sealed columns");
    }
}
