//! What the kiosk does with the service in the background, visit or not: heartbeats, policy, renewed certificates,
//! waiting overrides, a knock while it is barred.

use crate::clock::pause;
use crate::devices;
use crate::effect::{Entry, JournalEvent, MustAct};
use crate::event::Event;
use crate::journal::Writer;
use crate::journal::disk::write_whole;
use crate::outbox::Outbox;
use crate::verifier::Verifier;
use crate::verifier::witness::Witness;
use card_reader::reader::ReaderHandle;
use futures::Sink;
use futures::SinkExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// After one that the service did not confirm.
const OVERRIDES_AGAIN: Duration = Duration::from_secs(60);
/// Whether the certificate is due for renewal is looked at so often.
const RENEW_EVERY: Duration = Duration::from_secs(60);
/// The newest `server_time` is written down when it has moved on by this.
const KEEP_TIME_EVERY_MS: u64 = 3_600_000;

/// What the loop needs; clones share everything.
#[derive(Clone)]
pub struct ServiceLoop {
    pub verifier: Verifier,
    pub journal: Writer,
    pub reader: ReaderHandle,
    pub outbox: Option<Arc<Outbox>>,
}

/// How often the loop does what; an argument, so that a test need not wait.
#[derive(Clone, Copy)]
struct Pace {
    /// Between two looks at what is due.
    step: Duration,
    heartbeat: Duration,
    /// After one that was not taken.
    heartbeat_again: Duration,
    /// While the service bars this kiosk.
    knock: Duration,
}

const PACE: Pace = Pace {
    step: Duration::from_secs(5),
    heartbeat: Duration::from_secs(60),
    heartbeat_again: Duration::from_secs(10),
    knock: Duration::from_secs(30),
};

/// What the loop tells.
pub enum Told {
    Kiosk(Event),
    /// Ids of technicians' credentials that are no longer taken.
    RevokedTechnicians(Vec<Uuid>),
}

/// The file with the newest `server_time` of earlier runs.
#[must_use]
pub fn last_seen_file(state: &Path) -> PathBuf {
    state.join("last-seen")
}

/// What an earlier run kept of the service's time, milliseconds since 1970; 0 if nothing.
#[must_use]
pub fn kept_last_seen(state: &Path) -> u64 {
    std::fs::read_to_string(last_seen_file(state)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

impl ServiceLoop {
    /// Never ends. `out` takes what the kiosk should know.
    pub async fn run(self, out: impl Sink<Told> + Unpin) {
        self.run_at(PACE, out).await;
    }

    async fn run_at(self, pace: Pace, mut out: impl Sink<Told> + Unpin) {
        let clock = self.verifier.clock().clone();
        let mut barred = self.verifier.barred();
        if *barred.borrow() {
            // A call before this loop may have learned it: it is told all the same.
            barred.mark_changed();
        }
        let mut due = Due::default();
        let mut policy_version = None;
        let mut kept = clock.newest_server_ms();
        loop {
            let now = clock.now();
            if now >= due.reload {
                due.reload = now + RELOAD_EVERY;
                let verifier = self.verifier.clone();
                // Reading files blocks, shortly.
                let _ = tokio::task::spawn_blocking(move || verifier.transport().reload()).await;
            }
            if now >= due.heartbeat {
                let taken = self.heartbeat(&mut policy_version, &mut out).await;
                due.heartbeat = clock.now() + if taken { pace.heartbeat } else { pace.heartbeat_again };
            }
            if now >= due.renewal {
                due.renewal = now + RENEW_EVERY;
                match self.verifier.renew_if_due().await {
                    Ok(true) => tracing::info!("the kiosk's certificate was renewed"),
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "the kiosk's certificate was not renewed"),
                }
            }
            // Only looked at: a change stays unseen until it is told below.
            let closed = *barred.borrow();
            if closed && now >= due.knock {
                due.knock = now + pace.knock;
                self.verifier.knock().await;
            }
            if now >= due.overrides && !self.send_waiting().await {
                due.overrides = clock.now() + OVERRIDES_AGAIN;
            }
            if clock.newest_server_ms().saturating_sub(kept) >= KEEP_TIME_EVERY_MS {
                kept = clock.newest_server_ms();
                keep_last_seen(self.journal.dir(), kept);
            }
            // A change of the bar is told at once, the rest has time.
            tokio::select! {
                () = pause(pace.step) => {}
                Ok(()) = barred.changed() => {
                    let barred = *barred.borrow_and_update();
                    due.knock = clock.now() + pace.knock;
                    if out.send(Told::Kiosk(Event::Barred(barred))).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn heartbeat(&self, version: &mut Option<String>, out: &mut (impl Sink<Told> + Unpin)) -> bool {
        let head = self.journal.state().borrow().head.clone();
        let mut devices: Vec<_> = self.reader.status().iter().map(devices::health).collect();
        devices.extend(self.verifier.witness().map(Witness::health));
        let Ok(checkpoint) = self.verifier.heartbeat(devices, &head, version.clone()).await else { return false };
        if let Some(sentence) = self.verifier.judge(&checkpoint).await {
            self.journal.note(Entry {
                event: JournalEvent::LogAlarm,
                visit: None,
                role: "system",
                actor: None,
                cause: Some(sentence),
                must_act: MustAct::Technician,
            });
        }
        if head.seq > 0 {
            self.journal.acknowledge(head);
        }
        let Ok(policy) = self.verifier.policy().await else { return false };
        if version.as_ref() != Some(&policy.version) {
            *version = Some(policy.version);
            // The receiver is the program itself: gone only when it ends.
            let told = Event::Policy {
                code_groups: policy.groups,
                timers: policy.timers,
                disabled_officers: policy.disabled_officers,
            };
            let _ = out.send(Told::Kiosk(told)).await;
            let _ = out.send(Told::RevokedTechnicians(policy.revoked_technicians)).await;
        }
        true
    }

    /// Overrides that wait, oldest first. Whether all of them are confirmed. What the service refuses stays here: it is a
    /// decision that somebody must look at.
    async fn send_waiting(&self) -> bool {
        let Some(outbox) = &self.outbox else { return true };
        let mut all = true;
        for id in outbox.waiting() {
            let Some(signed) = outbox.open_one(id) else {
                // Gone meanwhile, or sealed with another key. The self-test and the technician's screen say what to do.
                tracing::warn!(%id, "an override that waits cannot be opened with [outbox] key: run \"kiosk-app selftest\"");
                all = false;
                continue;
            };
            match self.verifier.send_override(&signed).await {
                Ok(()) => outbox.confirmed(id),
                Err(failure) => {
                    tracing::warn!(%id, cause = failure.name(), "an override waits for the service");
                    all = false;
                    if !failure.is_answer() {
                        break;
                    }
                }
            }
        }
        all
    }
}

/// Keeps the service's time for the next run.
pub fn keep_last_seen(state: &Path, server_ms: u64) {
    if server_ms > 0
        && let Err(error) = write_whole(&last_seen_file(state), server_ms.to_string().as_bytes())
    {
        tracing::warn!(%error, "the service's time could not be kept");
    }
}

#[derive(Default)]
struct Due {
    reload: Duration,
    heartbeat: Duration,
    renewal: Duration,
    knock: Duration,
    overrides: Duration,
}

#[cfg(test)]
mod tests {
    use super::{Pace, ServiceLoop, Told};
    use crate::event::Event;
    use crate::journal::Writer;
    use crate::verifier::tests::{Pki, problem, serve};
    use card_reader::reader::{Reader, ReaderConfig};
    use futures::StreamExt as _;
    use futures::channel::mpsc;
    use std::time::Duration;

    const QUICK: Pace = Pace {
        step: Duration::from_millis(20),
        heartbeat: Duration::from_millis(50),
        heartbeat_again: Duration::from_millis(50),
        knock: Duration::from_millis(50),
    };

    /// The next that the loop tells of the bar.
    async fn told_bar(told: &mut mpsc::Receiver<Told>) -> bool {
        let next = async {
            loop {
                if let Some(Told::Kiosk(Event::Barred(barred))) = told.next().await {
                    return barred;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next).await.expect("the loop tells nothing of the bar")
    }

    #[tokio::test]
    async fn a_kiosk_that_a_heartbeat_finds_revoked_is_told_so_and_that_it_is_released() {
        let pki = Pki::new();
        // The heartbeat, then the first knocks; the next one finds it released (404: answered as anybody).
        let script = vec![problem("revoked", 403), problem("revoked", 403), problem("not-found", 404)];
        let (port, _) = serve(pki.server(), &pki, script).await;
        let state = tempfile::tempdir().expect("folder");
        let verifier = pki.verifier(port);
        let (journal, _thread) = Writer::start(state.path(), verifier.clock().clone()).expect("journal");
        let (reader, _events) = Reader::start(ReaderConfig::default()).expect("reader");
        let service = ServiceLoop { verifier, journal: journal.clone(), reader, outbox: None };
        let (out, mut told) = mpsc::channel(8);
        let running = tokio::spawn(service.run_at(QUICK, out));
        assert!(told_bar(&mut told).await, "revoked");
        assert!(!told_bar(&mut told).await, "released");
        running.abort();
        journal.stop();
    }
}
