//! What outlives the visit, and the program: codes that were sent and not answered, and hand-overs that take back what a
//! visit was handed over as. Ids and words of closed lists only, nothing of the traveler.
//!
//! One small file beside the journal, on the disk before the service is asked, so that a power cut forgets neither.

use crate::effect::Handover;
use crate::journal::disk::write_whole;
use crate::session::state::{Reference, ReferralReason, RequestId, VisitId};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

const FILE: &str = "unfinished.json";

/// A referral lives so long at the service: afterwards there is nothing left to take back.
const TAKEN_BACK_WITHIN: Duration = Duration::from_secs(4 * 3600);

/// The file and what is in it. Its calls block for a write to the disk.
pub struct Unfinished {
    file: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    codes: Vec<SentCode>,
    take_backs: Vec<TakeBack>,
}

#[derive(Clone, Serialize, Deserialize)]
struct SentCode {
    visit: Uuid,
    request: Uuid,
}

#[derive(Clone, Serialize, Deserialize)]
struct TakeBack {
    visit: Uuid,
    id: Uuid,
    reference: String,
    reason: ReferralReason,
    verifications: Vec<Uuid>,
    supersedes: Uuid,
    /// Milliseconds since 1970 by the clock of this machine.
    until_ms: u64,
}

impl Unfinished {
    /// What an earlier run left in the folder `state`.
    #[must_use]
    pub fn open(state: &Path) -> Self {
        let file = state.join(FILE);
        let kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!("{}: {error}; what the last run left unfinished is not known", file.display());
                Kept::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::error!("{}: {error}; what the last run left unfinished is not known", file.display());
                }
                Kept::default()
            }
        };
        Self { file, kept: Mutex::new(kept) }
    }

    /// A code is about to be sent.
    ///
    /// # Errors
    /// The disk refuses: then it must not be sent.
    pub fn sent(&self, visit: VisitId, request: RequestId) -> io::Result<()> {
        self.change(|kept| kept.codes.push(SentCode { visit: visit.0, request: request.0 }))
    }

    /// What became of it is known, and journaled.
    pub fn answered(&self, request: RequestId) {
        self.drop_where(|kept| kept.codes.retain(|code| code.request != request.0));
    }

    /// The codes whose outcome nobody knows.
    #[must_use]
    pub fn codes(&self) -> Vec<(VisitId, RequestId)> {
        self.kept().codes.iter().map(|code| (VisitId(code.visit), RequestId(code.request))).collect()
    }

    /// A hand-over that takes another's place is about to be sent, at `now_ms` (milliseconds since 1970). One that takes
    /// nobody's place is not kept: it ends with its visit.
    ///
    /// # Errors
    /// The disk refuses; it can be sent all the same, but a restart forgets it.
    pub fn takes_back(&self, asked: &Handover, now_ms: u64) -> io::Result<()> {
        let Some(supersedes) = asked.supersedes else { return Ok(()) };
        let within = u64::try_from(TAKEN_BACK_WITHIN.as_millis()).unwrap_or(u64::MAX);
        self.change(|kept| {
            let until_ms = kept.take_backs.iter().find(|known| known.id == asked.id.0).map(|known| known.until_ms);
            kept.take_backs.retain(|known| known.id != asked.id.0);
            kept.take_backs.push(TakeBack {
                visit: asked.visit.0,
                id: asked.id.0,
                reference: asked.reference.0.clone(),
                reason: asked.reason,
                verifications: asked.verifications.iter().map(|request| request.0).collect(),
                supersedes: supersedes.0,
                until_ms: until_ms.unwrap_or(now_ms.saturating_add(within)),
            });
        })
    }

    /// The service has it, or it is too late.
    pub fn taken_back(&self, id: VisitId) {
        self.drop_where(|kept| kept.take_backs.retain(|known| known.id != id.0));
    }

    /// Those that the service does not have yet and that are still of use at `now_ms`; the others are forgotten.
    #[must_use]
    pub fn take_backs(&self, now_ms: u64) -> Vec<Handover> {
        let within = u64::try_from(TAKEN_BACK_WITHIN.as_millis()).unwrap_or(u64::MAX);
        // One from further ahead than it can be was written by a clock that has been set since.
        let of_use = |until_ms: u64| (now_ms..=now_ms.saturating_add(within)).contains(&until_ms);
        self.drop_where(|kept| kept.take_backs.retain(|known| of_use(known.until_ms)));
        self.kept().take_backs.iter().map(TakeBack::handover).collect()
    }

    /// Whether it is still kept and of use.
    #[must_use]
    pub fn is_to_take_back(&self, id: VisitId, now_ms: u64) -> bool {
        self.take_backs(now_ms).iter().any(|known| known.id == id)
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        let mut kept = self.kept();
        let mut changed = kept.clone();
        change(&mut changed);
        write_whole(&self.file, &serde_json::to_vec(&changed)?)?;
        *kept = changed;
        Ok(())
    }

    /// What cannot be dropped on the disk is asked for once more after the next start, which does no harm.
    fn drop_where(&self, change: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept();
        let before = kept.codes.len() + kept.take_backs.len();
        change(&mut kept);
        if kept.codes.len() + kept.take_backs.len() == before {
            return;
        }
        let written =
            serde_json::to_vec(&*kept).map_err(io::Error::from).and_then(|text| write_whole(&self.file, &text));
        if let Err(error) = written {
            tracing::warn!(
                "{}: {error}; what is finished is asked for again after the next start",
                self.file.display()
            );
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TakeBack {
    fn handover(&self) -> Handover {
        Handover {
            visit: VisitId(self.visit),
            id: VisitId(self.id),
            reference: Reference(self.reference.clone()),
            reason: self.reason,
            reading: None,
            identifier: None,
            verifications: self.verifications.iter().copied().map(RequestId).collect(),
            supersedes: Some(VisitId(self.supersedes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Handover, Reference, ReferralReason, RequestId, Unfinished, VisitId};
    use crate::effect::HandedReading;
    use crate::session::state::IdentifierKind;
    use card_reader::reader::Source;
    use uuid::Uuid;
    use verification_api::personal::PersonalText;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn taking_back() -> Handover {
        Handover {
            visit: VisitId(id(1)),
            id: VisitId(id(2)),
            reference: Reference("K07-4M2P".into()),
            reason: ReferralReason::CheckDocument,
            reading: Some(HandedReading {
                source: Source::Camera,
                lines: vec![PersonalText::from("SPECIMEN")],
                checks: Vec::new(),
                accepted: true,
            }),
            identifier: Some((IdentifierKind::ANumber, PersonalText::from("A000000701"))),
            verifications: vec![RequestId(id(3))],
            supersedes: Some(VisitId(id(1))),
        }
    }

    #[test]
    fn a_code_that_was_sent_is_known_after_a_restart_until_it_is_answered() {
        let dir = tempfile::tempdir().expect("folder");
        let unfinished = Unfinished::open(dir.path());
        assert!(unfinished.codes().is_empty());
        unfinished.sent(VisitId(id(1)), RequestId(id(2))).expect("kept");
        unfinished.sent(VisitId(id(1)), RequestId(id(3))).expect("kept");
        unfinished.answered(RequestId(id(2)));
        assert_eq!(Unfinished::open(dir.path()).codes(), [(VisitId(id(1)), RequestId(id(3)))]);
        unfinished.answered(RequestId(id(3)));
        assert!(Unfinished::open(dir.path()).codes().is_empty());
    }

    #[test]
    fn a_code_that_cannot_be_kept_is_told_so_that_it_is_not_sent() {
        let dir = tempfile::tempdir().expect("folder");
        let nowhere = Unfinished::open(&dir.path().join("missing"));
        assert!(nowhere.sent(VisitId(id(1)), RequestId(id(2))).is_err());
        assert!(nowhere.codes().is_empty());
    }

    #[test]
    fn a_hand_over_that_takes_back_is_kept_for_four_hours_without_anything_of_the_traveler() {
        const HOUR_MS: u64 = 3_600_000;
        let now = 1_790_000_000_000;
        let dir = tempfile::tempdir().expect("folder");
        let unfinished = Unfinished::open(dir.path());
        unfinished.takes_back(&taking_back(), now).expect("kept");
        // Asked again later: its life is that of the first.
        unfinished.takes_back(&taking_back(), now + HOUR_MS).expect("kept");
        let text = std::fs::read_to_string(dir.path().join("unfinished.json")).expect("there");
        assert!(!text.contains("SPECIMEN") && !text.contains("A000000701"), "{text}");
        let unfinished = Unfinished::open(dir.path());
        let left = unfinished.take_backs(now + 4 * HOUR_MS);
        let [left] = left.as_slice() else { panic!("kept once") };
        assert_eq!(
            (left.id, left.supersedes, &left.reference.0),
            (VisitId(id(2)), Some(VisitId(id(1))), &"K07-4M2P".into())
        );
        assert!(left.reading.is_none() && left.identifier.is_none() && left.verifications == [RequestId(id(3))]);
        assert!(unfinished.take_backs(now + 4 * HOUR_MS + 1).is_empty(), "the service keeps none so long");
        assert!(Unfinished::open(dir.path()).take_backs(now).is_empty());
        unfinished.takes_back(&Handover { supersedes: None, ..taking_back() }, now).expect("nothing to do");
        assert!(unfinished.take_backs(now).is_empty(), "what takes nobody's place ends with its visit");
    }
}
