//! One connection of either engine: statements with owned arguments in, rows out.

use super::Answer;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

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
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// A row of either engine.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A column's type that both engines give.
pub trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}

impl Query {
    #[must_use]
    pub fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self { text, values }
    }
}

/// Binds every argument of a [`Query`], in the engine's own type.
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
            Self::Sqlite(connection) => bound!(query).execute(&mut **connection).await?.rows_affected(),
            Self::Postgres(connection) => bound!(query).execute(&mut **connection).await?.rows_affected(),
        })
    }

    /// Its first row, if there is one.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn one(&mut self, query: Query) -> Answer<Option<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => bound!(query).fetch_optional(&mut **connection).await?.map(Row::Sqlite),
            Self::Postgres(connection) => bound!(query).fetch_optional(&mut **connection).await?.map(Row::Postgres),
        })
    }

    /// All its rows.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn all(&mut self, query: Query) -> Answer<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => {
                bound!(query).fetch_all(&mut **connection).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                bound!(query).fetch_all(&mut **connection).await?.into_iter().map(Row::Postgres).collect()
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
            Self::Sqlite(row) => row.try_get(column)?,
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
