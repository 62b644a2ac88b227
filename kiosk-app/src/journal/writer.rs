//! The thread through which the kiosk writes its journal: the screens never wait for the disk.
//!
//! While the journal cannot be written the thread tries to mend it every two seconds, so that the kiosk heals by itself.

use super::chain::Head;
use super::disk::{Disk, JournalError, Opened};
use crate::clock::{Clock, Stamp};
use crate::effect::{Entry, JournalEvent, MustAct};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

const MEND_EVERY: Duration = Duration::from_secs(2);

/// The journal as the rest of the kiosk sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub writable: bool,
    pub head: Head,
    /// What was found when opening; `None` until it could be opened.
    pub opened: Option<Opened>,
    /// Why it is not writable, for the technician.
    pub fault: Option<String>,
}

/// Clones share the thread, which ends when [`Writer::stop`] is called.
#[derive(Clone)]
pub struct Writer {
    dir: PathBuf,
    clock: Clock,
    sender: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
}

enum Command {
    Append { entry: Entry, stamp: Stamp, done: oneshot::Sender<bool> },
    Acknowledge(Head),
    Noted { done: oneshot::Sender<()> },
    Stop { stamp: Stamp },
}

impl Writer {
    /// Opens the journal in `dir` in its own thread and journals the start, and as aborted each visit that was open when
    /// the last run ended.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(dir: &Path, clock: Clock) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, commands) = mpsc::channel();
        let closed = State { writable: false, head: Head::empty(), opened: None, fault: None };
        let (told, state) = watch::channel(closed);
        let mut thread = Thread { dir: dir.to_owned(), clock: clock.clone(), disk: None, told };
        let handle = std::thread::Builder::new().name("journal".to_owned()).spawn(move || thread.run(&commands))?;
        Ok((Self { dir: dir.to_owned(), clock, sender, state }, handle))
    }

    /// Queues `entry`, stamped now; the receiver gets whether it is on the disk.
    #[must_use]
    pub fn append(&self, entry: Entry) -> oneshot::Receiver<bool> {
        let (done, written) = oneshot::channel();
        // A thread that has stopped drops `done`, which the receiver sees as not written.
        drop(self.sender.send(Command::Append { entry, stamp: self.clock.stamp(), done }));
        written
    }

    /// Queues `entry` without waiting for it.
    pub fn note(&self, entry: Entry) {
        drop(self.append(entry));
    }

    /// Resolves once everything queued before is on the disk, as far as the disk takes it.
    #[must_use]
    pub fn noted(&self) -> oneshot::Receiver<()> {
        let (done, noted) = oneshot::channel();
        drop(self.sender.send(Command::Noted { done }));
        noted
    }

    /// Keeps the head that the service acknowledged.
    pub fn acknowledge(&self, head: Head) {
        drop(self.sender.send(Command::Acknowledge(head)));
    }

    /// Journals the stop and ends the thread.
    pub fn stop(&self) {
        drop(self.sender.send(Command::Stop { stamp: self.clock.stamp() }));
    }

    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

struct Thread {
    dir: PathBuf,
    clock: Clock,
    disk: Option<Disk>,
    told: watch::Sender<State>,
}

impl Thread {
    fn run(&mut self, commands: &mpsc::Receiver<Command>) {
        self.mend();
        loop {
            let wait = if self.told.borrow().writable { Duration::MAX } else { MEND_EVERY };
            match commands.recv_timeout(wait) {
                Ok(Command::Append { entry, stamp, done }) => {
                    let written = self.append(&entry, &stamp);
                    // Nobody may be waiting for the answer.
                    let _ = done.send(written);
                }
                Ok(Command::Acknowledge(head)) => {
                    if let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.acknowledge(&head)) {
                        tracing::warn!(%error, "the acknowledged head of the journal could not be kept");
                    }
                }
                Ok(Command::Noted { done }) => {
                    // Nobody may be waiting for it.
                    let _ = done.send(());
                }
                Ok(Command::Stop { stamp }) => {
                    self.append(&system(JournalEvent::KioskStopped), &stamp);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => self.mend(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Opens the journal, or repairs it, so that it can be written.
    fn mend(&mut self) {
        if let Some(disk) = &mut self.disk {
            disk.mend();
            let (writable, head) = (disk.writable(), disk.head().clone());
            self.tell(writable, Some(head), None);
            return;
        }
        match Disk::open(&self.dir, &self.clock.stamp().boot_id) {
            Ok((disk, opened)) => {
                self.disk = Some(disk);
                self.told.send_modify(|state| state.opened = Some(opened.clone()));
                let start = Entry { cause: Some(opened.cause()), ..system(JournalEvent::KioskStarted) };
                self.append(&start, &self.clock.stamp());
                for visit in opened.open_visits {
                    let aborted = Entry { visit: Some(visit), ..system(JournalEvent::VisitAborted) };
                    self.append(&aborted, &self.clock.stamp());
                }
            }
            Err(error) => self.tell(false, None, Some(&error)),
        }
    }

    fn append(&mut self, entry: &Entry, stamp: &Stamp) -> bool {
        let Some(disk) = &mut self.disk else { return false };
        let outcome = disk.append(entry, stamp).map(|_| ());
        let (writable, head) = (disk.writable(), disk.head().clone());
        self.tell(writable && outcome.is_ok(), Some(head), outcome.as_ref().err());
        outcome.is_ok()
    }

    fn tell(&self, writable: bool, head: Option<Head>, error: Option<&JournalError>) {
        self.told.send_if_modified(|state| {
            let fault = match (error, writable) {
                (Some(error), _) => Some(error.to_string()),
                (None, true) => None,
                (None, false) => state.fault.clone().or_else(|| {
                    Some(format!("{}: the disk is full but for the last words; make room", self.dir.display()))
                }),
            };
            if fault != state.fault
                && let Some(fault) = &fault
            {
                tracing::error!("{fault}");
            }
            let new = State {
                writable,
                head: head.unwrap_or_else(|| state.head.clone()),
                opened: state.opened.clone(),
                fault,
            };
            let changed = new != *state;
            *state = new;
            changed
        });
    }
}

fn system(event: JournalEvent) -> Entry {
    Entry { event, visit: None, role: "system", actor: None, cause: None, must_act: MustAct::Nobody }
}
