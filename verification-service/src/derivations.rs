//! A bounded number of argon2id derivations at once: one thread a core, each with memory of its own that it keeps, off the
//! threads that serve connections.

use crate::codes::{Cost, NotDerived, derive_in};
use crate::metrics::METRICS;
use argon2::Block;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// A derivation's result.
type Derived = Result<Zeroizing<[u8; 32]>, NotDerived>;

struct Job {
    text: PersonalText,
    salt: [u8; 16],
    cost: Cost,
    answer: oneshot::Sender<Derived>,
}

/// The pool. Its threads end with it.
pub struct Derivations {
    jobs: mpsc::Sender<Job>,
    #[cfg(feature = "simulated")]
    stub: Option<[u8; 32]>,
}

impl Derivations {
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("derive".to_owned()).spawn(move || work(&queue))?;
        }
        Ok(Self {
            jobs,
            #[cfg(feature = "simulated")]
            stub: None,
        })
    }

    /// Answers every derivation with the same bytes, at once: to measure everything else.
    #[cfg(feature = "simulated")]
    #[must_use]
    pub fn stubbed(self, answer: [u8; 32]) -> Self {
        Self { stub: Some(answer), ..self }
    }

    /// As [`crate::codes::derive`], in the pool.
    ///
    /// # Errors
    /// [`NotDerived`].
    pub async fn derive(&self, text: PersonalText, salt: [u8; 16], cost: Cost) -> Derived {
        let _counted = METRICS.derivation();
        #[cfg(feature = "simulated")]
        if let Some(stub) = self.stub {
            return Ok(Zeroizing::new(stub));
        }
        let (answer, derived) = oneshot::channel();
        self.jobs.send(Job { text, salt, cost, answer }).map_err(|_| NotDerived)?;
        derived.await.map_err(|_| NotDerived)?
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    let mut memory: Vec<Block> = vec![];
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { text, salt, cost, answer }) = next else { return };
        if answer.is_closed() {
            // Whoever asked has given up.
            continue;
        }
        let derived = text.expose(|text| derive_in(&mut memory, text, &salt, cost, &[]));
        // Whoever asked may have gone.
        let _ = answer.send(derived);
    }
}

#[cfg(test)]
mod tests {
    use super::Derivations;
    use crate::codes::{CODE_COST, PIN_COST, derive};
    use verification_api::personal::PersonalText;

    #[tokio::test]
    async fn the_pool_derives_what_a_single_derivation_does_whatever_came_before() {
        let pool = Derivations::new(1).unwrap();
        for (text, cost) in [("A", CODE_COST), ("B", PIN_COST), ("A", CODE_COST)] {
            let derived = pool.derive(PersonalText::from(text), [7; 16], cost).await.unwrap();
            assert_eq!(*derived, *derive(text, &[7; 16], cost, &[]).unwrap());
        }
    }
}
