//! Writes of one client take turns here, in memory, before any of them holds a session of the database: however many
//! requests a client sends at once, the others find sessions free.

use crate::store::{Answer, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// A turn that has not come by then does not come: the request may be sent again.
const WITHIN: Duration = Duration::from_secs(5);
/// Clients that ask for nothing are forgotten once there are so many.
const REMEMBERED: usize = 4096;

/// Who is writing.
pub struct Turns {
    at_once: usize,
    clients: Mutex<HashMap<Uuid, Weak<Semaphore>>>,
}

impl Turns {
    /// So many writes of each client at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { at_once, clients: Mutex::default() }
    }

    /// One of the client's turns, kept until it is dropped.
    ///
    /// # Errors
    /// [`StoreError::TooLate`] if none comes within five seconds.
    pub async fn of(&self, client: Uuid) -> Answer<OwnedSemaphorePermit> {
        self.within(client, WITHIN).await
    }

    async fn within(&self, client: Uuid, longest: Duration) -> Answer<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(longest, self.queue_of(client).acquire_owned()).await;
        turn.map_err(|_| StoreError::TooLate)?.map_err(|_| StoreError::TooLate)
    }

    fn queue_of(&self, client: Uuid) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = clients.get(&client).and_then(Weak::upgrade) {
            return queue;
        }
        if clients.len() >= REMEMBERED {
            clients.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(Semaphore::new(self.at_once));
        clients.insert(client, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, Turns};
    use crate::store::StoreError;
    use std::time::Duration;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_client_waits_for_its_own_turns_only() {
        let turns = Turns::new(2);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (first, _second) = (turns.of(one).await.unwrap(), turns.of(one).await.unwrap());
        assert!(matches!(turns.within(one, Duration::from_millis(1)).await, Err(StoreError::TooLate)));
        let _others = (turns.of(other).await.unwrap(), turns.of(other).await.unwrap());
        drop(first);
        drop(turns.of(one).await.unwrap());
    }

    #[tokio::test]
    async fn who_asks_for_nothing_is_forgotten() {
        let turns = Turns::new(1);
        let kept = turns.of(Uuid::from_u128(0)).await.unwrap();
        for client in 1..=REMEMBERED as u128 {
            drop(turns.of(Uuid::from_u128(client)).await.unwrap());
        }
        assert!(turns.clients.lock().unwrap().len() <= 2);
        assert!(turns.clients.lock().unwrap().contains_key(&Uuid::from_u128(0)));
        drop(kept);
    }
}
