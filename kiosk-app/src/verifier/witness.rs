//! The kiosk as a witness of the service's audit log: it keeps the newest checkpoint that a heartbeat told, and sees
//! when the log shrinks or no longer continues what was seen before. Others keep the log honest by asking each other;
//! here every kiosk remembers for itself, so that whoever puts an older database back meets one that knows better.
//!
//! Only a heartbeat's checkpoint is judged: those in stored replies are as old as the replies. The proof is made here,
//! from tiles that are fetched; nothing that the service says of itself is believed but hashes that fit.

use super::Verifier;
use super::transport::Request;
use crate::config::io_cause;
use crate::effect::MustAct;
use crate::journal::disk::write_whole;
use reqwest::Method;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use verification_api::log::checkpoint::CheckpointError;
use verification_api::log::witness::{Follows, follows, judge, keys_after};
use verification_api::log::{Checkpoint, Tile, Tiles, VerifierKey};
use verification_api::wire::{DeviceHealth, DeviceState, WhoMustAct};

/// The log's name among the devices of a heartbeat.
pub const DEVICE: &str = "audit-log";

/// The file that a technician takes away once the agency knows of the alarm.
pub const ALARM_FILE: &str = "log-alarm";

/// The newest checkpoint that held.
const KEPT_FILE: &str = "log-checkpoint";

/// What this kiosk knows of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// No heartbeat has been answered yet.
    Nothing,
    /// The newest checkpoint continues all that were seen.
    Whole { size: u64 },
    /// The newest one could not be judged, and is judged again at the next heartbeat.
    NotJudged { cause: String },
    /// The log is not what it was. Stays until [`ALARM_FILE`] is taken away.
    Alarm { sentence: String },
}

/// Keeps the newest checkpoint and judges the next.
pub struct Witness {
    /// `[service] log`: the keys that may sign the log, read again each time.
    keys: PathBuf,
    kept_file: PathBuf,
    alarm_file: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    kept: Option<Checkpoint>,
    newest: Judged,
    /// An alarm, and whether its file could be written.
    alarm: Option<(String, bool)>,
}

/// What the judging of one checkpoint came to.
enum Outcome {
    /// To be kept, unless it is kept already.
    Holds(Checkpoint),
    NotJudged(String),
    Breach(String),
}

impl Witness {
    /// `state`: the folder where the newest checkpoint and an alarm are kept.
    #[must_use]
    pub fn open(keys: &Path, state: &Path) -> Self {
        let (kept_file, alarm_file) = (state.join(KEPT_FILE), state.join(ALARM_FILE));
        let kept = std::fs::read_to_string(&kept_file).ok();
        let kept = kept.and_then(|note| {
            let opened = read_keys(keys).and_then(|keys| Checkpoint::open(&note, &keys).map_err(|e| e.to_string()));
            opened.inspect_err(|cause| tracing::error!("{}: {cause}; the log is judged anew", kept_file.display())).ok()
        });
        let alarm = std::fs::read_to_string(&alarm_file).ok();
        let alarm = alarm.map(|text| (text.lines().next().unwrap_or_default().to_owned(), true));
        let known = Mutex::new(Known { kept, newest: Judged::Nothing, alarm });
        Self { keys: keys.to_owned(), kept_file, alarm_file, known }
    }

    /// What is known now.
    #[must_use]
    pub fn judged(&self) -> Judged {
        let known = self.known();
        match &known.alarm {
            Some((sentence, _)) => Judged::Alarm { sentence: sentence.clone() },
            None => known.newest.clone(),
        }
    }

    /// Facts and who must act, for the technician's screen: whether all is well.
    #[must_use]
    pub fn facts(&self) -> (String, bool, MustAct) {
        match self.judged() {
            Judged::Nothing => match read_keys(&self.keys) {
                Ok(_) => ("no checkpoint yet".to_owned(), true, MustAct::Nobody),
                Err(cause) => (cause, false, MustAct::Technician),
            },
            Judged::Whole { size } => (format!("{size} entries, each continues what was seen"), true, MustAct::Nobody),
            Judged::NotJudged { cause } => (cause, false, MustAct::Technician),
            Judged::Alarm { sentence } => {
                let file = self.alarm_file.display();
                (format!("ALARM: {sentence}; tell the agency, then delete {file}"), false, MustAct::Technician)
            }
        }
    }

    /// As a device of a heartbeat.
    #[must_use]
    pub fn health(&self) -> DeviceHealth {
        let (state, who) = match self.judged() {
            Judged::Nothing => (DeviceState::Busy, WhoMustAct::Nobody),
            Judged::Whole { .. } => (DeviceState::Ready, WhoMustAct::Nobody),
            Judged::NotJudged { .. } => (DeviceState::Degraded, WhoMustAct::Technician),
            Judged::Alarm { .. } => (DeviceState::Failed, WhoMustAct::Technician),
        };
        DeviceHealth { device: DEVICE.to_owned(), state, who }
    }

    /// Judges the checkpoint of a heartbeat's reply. The sentence of an alarm that was not known before.
    pub async fn judge(&self, note: &str, service: &Verifier) -> Option<String> {
        let outcome = self.outcome(note, service).await;
        let mut known = self.known();
        if known.alarm.as_ref().is_some_and(|(_, written)| *written) && !self.alarm_file.exists() {
            tracing::warn!("the alarm about the audit log was taken away");
            known.alarm = None;
        }
        match outcome {
            Outcome::Holds(checkpoint) => {
                known.newest = Judged::Whole { size: checkpoint.size };
                let keys = read_keys(&self.keys).ok().and_then(|keys| keys_after(&keys, note));
                // Before its keys: what is kept must be signed by one that is believed after a restart.
                if known.kept.as_ref() != Some(&checkpoint) || keys.is_some() {
                    if let Err(error) = write_whole(&self.kept_file, note.as_bytes()) {
                        tracing::error!("{}: {}", self.kept_file.display(), io_cause(&error));
                    }
                    known.kept = Some(checkpoint);
                }
                if let Some(keys) = keys {
                    self.believe(&keys);
                }
                None
            }
            Outcome::NotJudged(cause) => {
                tracing::warn!("the audit log could not be judged: {cause}");
                known.newest = Judged::NotJudged { cause };
                None
            }
            Outcome::Breach(sentence) if known.alarm.is_none() => {
                tracing::error!("ALARM: {sentence}");
                // The checkpoint that was refused is the evidence: it is signed.
                let written = write_whole(&self.alarm_file, format!("{sentence}\n\n{note}").as_bytes());
                if let Err(error) = &written {
                    tracing::error!("{}: {}", self.alarm_file.display(), io_cause(error));
                }
                known.alarm = Some((sentence.clone(), written.is_ok()));
                Some(sentence)
            }
            Outcome::Breach(_) => None,
        }
    }

    /// The service changes the key of its log.
    fn believe(&self, keys: &[VerifierKey]) {
        let lines: String = keys.iter().map(|key| format!("{key}\n")).collect();
        match write_whole(&self.keys, lines.as_bytes()) {
            Ok(()) => tracing::info!("{}: the log's key changes, {} are believed now", self.keys.display(), keys.len()),
            Err(error) => tracing::error!("{}: {}", self.keys.display(), io_cause(&error)),
        }
    }

    async fn outcome(&self, note: &str, service: &Verifier) -> Outcome {
        if note.is_empty() {
            return Outcome::NotJudged("the service tells no checkpoint of its log".to_owned());
        }
        let keys = match read_keys(&self.keys) {
            Ok(keys) => keys,
            Err(cause) => return Outcome::NotJudged(cause),
        };
        let now = match Checkpoint::open(note, &keys) {
            Ok(now) => now,
            Err(CheckpointError::Note(why)) => {
                return Outcome::Breach(format!("the checkpoint is not signed by the log: {why}"));
            }
            Err(why) => return Outcome::Breach(why.to_string()),
        };
        let Some(kept) = self.known().kept.clone() else { return Outcome::Holds(now) };
        match follows(&kept, &now) {
            Err(breach) => Outcome::Breach(breach.to_string()),
            Ok(Follows::Same) => Outcome::Holds(now),
            Ok(Follows::Grown(wanted)) => match fetch(service, &wanted, now.size).await {
                Err(cause) => Outcome::NotJudged(cause),
                Ok(tiles) => match judge(&kept, &now, &tiles) {
                    Some(Ok(())) => Outcome::Holds(now),
                    Some(Err(breach)) => Outcome::Breach(breach.to_string()),
                    None => Outcome::NotJudged("a tile of the log is missing".to_owned()),
                },
            },
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_keys(file: &Path) -> Result<Vec<VerifierKey>, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| {
        format!(
            "{name}: {}; [service] log must name the file that \"verification-service kiosk add\" made",
            io_cause(&e)
        )
    })?;
    VerifierKey::parse_all(&text).map_err(|why| format!("{name}: {why}"))
}

async fn fetch(service: &Verifier, wanted: impl IntoIterator<Item = &Tile>, size: u64) -> Result<Tiles, String> {
    let mut tiles = Tiles::new(size);
    for tile in wanted {
        let path = tile.path();
        let reply = service.call(&Request::new(Method::GET, format!("log/v1/{path}"))).await;
        let reply = reply.map_err(|no| format!("{path} of the log could not be fetched: {}", no.failure.sentence()))?;
        if !tiles.insert(*tile, &reply.body) {
            return Err(format!("{path} of the log has another length than it must have"));
        }
    }
    Ok(tiles)
}
