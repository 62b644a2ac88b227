//! The log over the audit rows: its head, its tiles, and the rows that become its leaves.

use super::audit::audit_row;
use crate::store::connection::{Row, sql};
use crate::store::rows::{AuditRow, LogHead, StoredTile};
use crate::store::{Answer, Tx};

impl Tx {
    /// The newest tree; `None` before the first one was sealed.
    ///
    /// # Errors
    /// Of the store.
    pub async fn log_head(&mut self) -> Answer<Option<LogHead>> {
        let Some(row) = self.one(sql!("SELECT * FROM log_head WHERE one = 1")).await? else { return Ok(None) };
        Ok(Some(LogHead { size: row.get("size")?, checkpoint: row.get("checkpoint")? }))
    }

    /// Puts a newer tree in the place of one of `before` leaves (`None`: of no tree); false if there is another by now.
    ///
    /// # Errors
    /// Of the store.
    pub async fn set_log_head(&mut self, before: Option<i64>, head: &LogHead) -> Answer<bool> {
        let query = match before {
            None => sql!(
                "INSERT INTO log_head (one, size, checkpoint) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
                head.size,
                head.checkpoint.clone()
            ),
            Some(before) => sql!(
                "UPDATE log_head SET size = $1, checkpoint = $2 WHERE one = 1 AND size = $3",
                head.size,
                head.checkpoint.clone(),
                before
            ),
        };
        Ok(self.run(query).await? == 1)
    }

    /// Writes the head as it is, to know that it can be written.
    ///
    /// # Errors
    /// Of the store.
    pub async fn touch_log(&mut self) -> Answer<()> {
        self.run(sql!("UPDATE log_head SET size = size WHERE one = 1")).await.map(drop)
    }

    /// Gives the oldest rows that are no leaves yet the places from `first` on, in their order; the rows.
    ///
    /// # Errors
    /// Of the store.
    pub async fn make_leaves(&mut self, first: i64, limit: i64) -> Answer<Vec<AuditRow>> {
        let query = sql!(
            "UPDATE audit SET leaf = $1 + next.nth FROM (SELECT seq, ROW_NUMBER() OVER (ORDER BY seq) - 1 AS nth FROM \
             (SELECT seq FROM audit WHERE leaf IS NULL ORDER BY seq LIMIT $2) AS oldest) AS next \
             WHERE audit.seq = next.seq \
             RETURNING audit.seq, audit.at, audit.actor, audit.event, audit.subject, audit.detail, audit.leaf",
            first,
            limit
        );
        let mut rows = self.all(query, audit_row).await?;
        rows.sort_by_key(|row| row.leaf);
        Ok(rows)
    }

    /// When the first row was written that is no leaf yet.
    ///
    /// # Errors
    /// Of the store.
    pub async fn unsealed_since(&mut self) -> Answer<Option<i64>> {
        let oldest = self.one(sql!("SELECT at FROM audit WHERE leaf IS NULL ORDER BY seq LIMIT 1")).await?;
        oldest.map(|row| row.get("at")).transpose()
    }

    /// How many rows are no leaves yet.
    ///
    /// # Errors
    /// Of the store.
    pub async fn unsealed(&mut self) -> Answer<i64> {
        let count = self.one(sql!("SELECT COUNT(*) AS n FROM audit WHERE leaf IS NULL")).await?;
        count.map_or(Ok(0), |row| row.get("n"))
    }

    /// Whether anything of a tree is stored beside its head.
    ///
    /// # Errors
    /// Of the store.
    pub async fn has_leaves(&mut self) -> Answer<bool> {
        let query = sql!(
            "SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM log_tile) OR EXISTS (SELECT 1 FROM audit WHERE leaf IS NOT NULL)"
        );
        Ok(self.one(query).await?.is_some())
    }

    /// Rows that are leaves, from this place on.
    ///
    /// # Errors
    /// Of the store.
    pub async fn leaves(&mut self, from: i64, limit: i64) -> Answer<Vec<AuditRow>> {
        let query = sql!("SELECT * FROM audit WHERE leaf >= $1 ORDER BY leaf LIMIT $2", from, limit);
        self.all(query, audit_row).await
    }

    /// Rows that are no leaves yet, after this one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn no_leaves(&mut self, after_seq: i64, limit: i64) -> Answer<Vec<AuditRow>> {
        let query = sql!("SELECT * FROM audit WHERE leaf IS NULL AND seq > $1 ORDER BY seq LIMIT $2", after_seq, limit);
        self.all(query, audit_row).await
    }

    /// The hashes of a tile, all that there are.
    ///
    /// # Errors
    /// Of the store.
    pub async fn tile(&mut self, level: u8, number: i64) -> Answer<Option<Vec<u8>>> {
        let query = sql!("SELECT hashes FROM log_tile WHERE level = $1 AND number = $2", i64::from(level), number);
        self.one(query).await?.map(|row| row.get("hashes")).transpose()
    }

    /// # Errors
    /// Of the store.
    pub async fn set_tile(&mut self, level: u8, number: i64, hashes: Vec<u8>) -> Answer<()> {
        let query = sql!(
            "INSERT INTO log_tile (level, number, hashes) VALUES ($1, $2, $3) \
             ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
            i64::from(level),
            number,
            hashes
        );
        self.run(query).await.map(drop)
    }

    /// Tiles in the order of level and number, after this one.
    ///
    /// # Errors
    /// Of the store.
    pub async fn tiles_after(&mut self, level: i64, number: i64, limit: i64) -> Answer<Vec<StoredTile>> {
        let query = sql!(
            "SELECT * FROM log_tile WHERE (level, number) > ($1, $2) ORDER BY level, number LIMIT $3",
            level,
            number,
            limit
        );
        let read = |row: &Row| {
            Ok(StoredTile { level: row.get("level")?, number: row.get("number")?, hashes: row.get("hashes")? })
        };
        self.all(query, read).await
    }
}
