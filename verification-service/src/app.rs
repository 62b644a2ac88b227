//! What every request has at hand.

use crate::clock::Clock;
use crate::codes::Dummy;
use crate::config::Config;
use crate::derivations::Derivations;
use crate::log::Log;
use crate::pki::PkiError;
use crate::random::Random;
use crate::secrets::{Keys, SealError};
use crate::store::{Answer, Store, Tx};
use crate::turns::Turns;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use uuid::Uuid;
use verification_api::wire::{Receipt, Timestamp};

/// The running service.
pub struct App {
    pub store: Arc<dyn Store>,
    pub keys: Keys,
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub derivations: Derivations,
    pub dummy: Dummy,
    pub log: Log,
    pub turns: Turns,
    /// When this process began.
    pub started: Timestamp,
    /// When everything that was past its time had been deleted, in milliseconds since 1970; before the first time, when this
    /// program began.
    pub purged_at: AtomicI64,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    #[error(transparent)]
    Log(#[from] PkiError),
}

impl App {
    /// # Errors
    /// If there is no randomness, no thread can be started, or the log's keys are not what they should be.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Keys,
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let dummy = Dummy::new(&keys, &*random)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let log = Log::open(&config.tls.dir)?;
        let (derivations, turns) = (Derivations::new(cores)?, Turns::new(config.limits.in_flight));
        let started = clock.now();
        let purged_at = AtomicI64::new(started.unix_millis());
        Ok(Self { store, keys, config, clock, random, derivations, dummy, log, turns, started, purged_at })
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// As [`Store::write`], when it is the client's turn.
    ///
    /// # Errors
    /// As there; `TooLate` if its turn does not come.
    ///
    /// [`Store::write`]: crate::store::Store
    pub async fn write_of<T, F>(&self, client: Uuid, name: &'static str, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Answer<T>> + Send + 'static,
    {
        let _turn = self.turns.of(client).await?;
        self.store.write(name, f).await
    }

    /// The audit log's newest checkpoint, as this instance knows it: `serve` seals before it is ready.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.log.checkpoint()
    }

    /// The reply of a call that has nothing else to tell.
    #[must_use]
    pub fn receipt(&self, now: Timestamp) -> Receipt {
        Receipt { checkpoint: self.checkpoint(), server_time: now }
    }
}
