//! Long work over many rows, a few at a time, while the service runs: whoever else writes gets their turn in between.

use std::time::Duration;

/// After a transaction others get their turn: on SQLite a service that is another process.
const REST: Duration = Duration::from_millis(20);

/// The rows of one transaction after the other, so many at the most.
pub fn batches<T>(rows: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || Some(rows.by_ref().take(size).collect::<Vec<_>>()).filter(|batch| !batch.is_empty()))
}

/// Waits after a transaction.
pub async fn rest() {
    let _ = tokio::time::timeout(REST, std::future::pending::<()>()).await;
}
