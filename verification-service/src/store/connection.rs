//! One connection of either engine: statements with owned arguments in, rows out.

use super::Answer;
use super::sessions::{Session, within};
use super::sqlite::{self, SqliteRow};
use rusqlite::types::{FromSql, ValueRef};
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};
use tokio::sync::OwnedMutexGuard;

/// A statement and its arguments. It is written with `$1`, `$2`, …, which both engines take.
pub struct Query {
    text: &'static str,
    values: Vec<Value>,
}

/// An argument. A missing one keeps its type: PostgreSQL asks for it.
pub enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A statement with its arguments, all owned.
macro_rules! sql {
    ($text:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::connection::Query::new($text, vec![$($crate::store::connection::Value::from($argument)),*])
    };
}
pub(crate) use sql;

/// A connection, inside a transaction or not.
pub enum Connection {
    /// Its statements run where they are called: each takes microseconds, less than handing it to another thread.
    Sqlite(OwnedMutexGuard<rusqlite::Connection>),
    Postgres(Session),
}

/// A row of either engine.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A column's type that both engines give.
pub trait Column: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl<T> Column for T where T: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl Query {
    #[must_use]
    pub fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self { text, values }
    }
}

impl Value {
    /// As SQLite takes it.
    pub(super) fn sqlite(&self) -> ValueRef<'_> {
        match self {
            Self::Integer(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Text(value) => value.as_deref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Self::Bytes(value) => value.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
        }
    }
}

/// Binds every argument of a [`Query`] for PostgreSQL.
macro_rules! bound {
    ($query:expr) => {{
        let Query { text, values } = $query;
        let mut bound = sqlx::query(text);
        for value in values {
            bound = match value {
                Value::Integer(value) => bound.bind(value),
                Value::Text(value) => bound.bind(value),
                Value::Bytes(value) => bound.bind(value),
            };
        }
        bound
    }};
}

impl Connection {
    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn run(&mut self, query: Query) -> Answer<u64> {
        Ok(match self {
            Self::Sqlite(connection) => sqlite::run(connection, query.text, &query.values)?,
            Self::Postgres(session) => {
                let limit = session.limit();
                let ran = within(limit, bound!(query).execute(session.connection().await?)).await;
                session.heard(ran)?.rows_affected()
            }
        })
    }

    /// Its first row, if there is one.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn one(&mut self, query: Query) -> Answer<Option<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => {
                sqlite::rows(connection, query.text, &query.values, 1)?.into_iter().next().map(Row::Sqlite)
            }
            Self::Postgres(session) => {
                let limit = session.limit();
                let found = within(limit, bound!(query).fetch_optional(session.connection().await?)).await;
                session.heard(found)?.map(Row::Postgres)
            }
        })
    }

    /// All its rows.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn all(&mut self, query: Query) -> Answer<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => {
                sqlite::rows(connection, query.text, &query.values, usize::MAX)?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(session) => {
                let limit = session.limit();
                let found = within(limit, bound!(query).fetch_all(session.connection().await?)).await;
                session.heard(found)?.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

impl Row {
    /// A column, by its name.
    ///
    /// # Errors
    /// If there is no such column, or its type is another.
    pub fn get<T: Column>(&self, column: &str) -> Answer<T> {
        Ok(match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
}

macro_rules! value_from {
    ($($kind:ident: $($from:ty => |$value:ident| $into:expr),+;)+) => {
        $($(
            impl From<$from> for Value {
                fn from($value: $from) -> Self {
                    Self::$kind(Some($into))
                }
            }

            impl From<Option<$from>> for Value {
                fn from(value: Option<$from>) -> Self {
                    Self::$kind(value.map(|$value| $into))
                }
            }
        )+)+
    };
}

value_from! {
    Integer: i64 => |value| value, u32 => |value| i64::from(value);
    Text: String => |value| value, &str => |value| value.to_owned();
    Bytes: Vec<u8> => |value| value, &[u8] => |value| value.to_vec();
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}
