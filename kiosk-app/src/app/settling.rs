//! What goes on although the visit may be over: codes whose outcome is not known, hand-overs that take back another. Both
//! are on the disk before the service is asked, and the next start goes on with what this one leaves.

use super::App;
use crate::clock::pause;
use crate::effect::{Entry, Handover, JournalEvent, MustAct, Verification};
use crate::event::{Event, HandoverAnswer};
use crate::kiosk::Moment;
use crate::message::Message;
use crate::session::answers::{CallFailure, CodeAnswer};
use crate::session::state::{Reference, RequestId, State, VisitId};
use crate::unfinished::Unfinished;
use crate::verifier::{SETTLE_AFTER, Settled, Verifier};
use iced::Task;
use std::sync::Arc;
use std::time::Duration;

/// Between two tries to take back a hand-over whose visit is over.
const TAKE_BACK_EVERY: Duration = Duration::from_secs(10);

impl App {
    /// Never recalled: cancelling makes its outcome unknown, and it is settled.
    pub(super) fn verify(&self, asked: Verification) -> Task<Message> {
        let (visit, request) = (asked.visit, asked.request);
        let call = send_code(Arc::clone(&self.unfinished), self.verifier.clone(), asked);
        Task::perform(call, move |answer| Message::Verified { visit, request, answer })
    }

    /// An answer that the visit no longer waits for changes no screen, but it is not forgotten.
    pub(super) fn code_answered(
        &mut self,
        visit: VisitId,
        request: RequestId,
        answer: Result<CodeAnswer, CallFailure>,
    ) -> Task<Message> {
        let awaited = self.kiosk.visit.as_ref().is_some_and(|session| {
            session.id == visit && matches!(session.state, State::Verifying { request: asked, .. } if asked == request)
        });
        let unknown = matches!(answer, Err(CallFailure::Unknown));
        match &answer {
            Ok(CodeAnswer::Verified { .. }) if !awaited => self.journal_settled(visit, Settled::Verified),
            Ok(CodeAnswer::NotVerified) if !awaited => self.journal_settled(visit, Settled::NotVerified),
            Ok(_) | Err(_) => {}
        }
        let step = self.step(Event::Verified { visit, request, answer });
        let then = if unknown { self.settle(visit, request) } else { self.forget_code(request) };
        Task::batch([step, then])
    }

    pub(super) fn settled(&self, visit: VisitId, request: RequestId, outcome: Settled) -> Task<Message> {
        self.journal_settled(visit, outcome);
        self.forget_code(request)
    }

    /// Goes on with what the last run left. Its last try is at least as long ago as this program runs.
    pub(super) fn resume(&self) -> Task<Message> {
        let codes = self.unfinished.codes().into_iter().map(|(visit, request)| self.settle(visit, request));
        let now_ms = self.verifier.clock().unix_ms();
        let take_backs = self.unfinished.take_backs(now_ms).into_iter().map(|asked| self.take_back(asked));
        Task::batch(codes.chain(take_backs))
    }

    /// A hand-over of a visit that is over takes back another: asked again until the service has it, or would have
    /// deleted the other by itself.
    pub(super) fn take_back(&self, asked: Handover) -> Task<Message> {
        let number = self.kiosk.site.number.clone();
        let taking = take_back(Arc::clone(&self.unfinished), self.verifier.clone(), asked, number, TAKE_BACK_EVERY);
        Task::future(taking).discard()
    }

    fn settle(&self, visit: VisitId, request: RequestId) -> Task<Message> {
        let verifier = self.verifier.clone();
        let asked = async move { verifier.settle(request, SETTLE_AFTER).await };
        Task::perform(asked, move |outcome| Message::Settled { visit, request, outcome })
    }

    /// Once what became of it is on the disk.
    fn forget_code(&self, request: RequestId) -> Task<Message> {
        let (noted, unfinished) = (self.journal.noted(), Arc::clone(&self.unfinished));
        let forgotten = async move {
            // A journal that has ended has written what it could.
            let _ = noted.await;
            let _ = tokio::task::spawn_blocking(move || unfinished.answered(request)).await;
        };
        Task::future(forgotten).discard()
    }

    /// A later "verified" is used but not honoured: nobody was let through by it.
    fn journal_settled(&self, visit: VisitId, outcome: Settled) {
        let (event, cause) = match outcome {
            Settled::Verified => (JournalEvent::CodeUsedNotHonoured, "settled"),
            Settled::NotVerified => (JournalEvent::CodeNotVerified, "settled"),
            Settled::Never => (JournalEvent::CodeOutcomeUnknown, "never_arrived"),
            Settled::Unsettled => (JournalEvent::CodeOutcomeUnknown, "not_settled"),
        };
        let must_act = if outcome == Settled::Verified { MustAct::Officer } else { MustAct::Nobody };
        let cause = Some(cause.to_owned());
        self.journal.note(Entry { event, visit: Some(visit), role: "system", actor: None, cause, must_act });
    }
}

/// A code whose request cannot be kept is not sent: its outcome could be forgotten.
async fn send_code(
    unfinished: Arc<Unfinished>,
    verifier: Verifier,
    asked: Verification,
) -> Result<CodeAnswer, CallFailure> {
    let (visit, request) = (asked.visit, asked.request);
    match tokio::task::spawn_blocking(move || unfinished.sent(visit, request)).await {
        Ok(Ok(())) => verifier.verify(&asked).await,
        kept => {
            if let Ok(Err(error)) = kept {
                tracing::error!("a code is not sent, because its request cannot be kept: {error}; make room");
            }
            Err(CallFailure::NotSent)
        }
    }
}

async fn take_back(
    unfinished: Arc<Unfinished>,
    verifier: Verifier,
    mut asked: Handover,
    number: String,
    every: Duration,
) {
    loop {
        let now_ms = verifier.clock().unix_ms();
        keep_take_back(&unfinished, &asked, now_ms).await;
        let answer = verifier.hand_over(&asked).await;
        match answer {
            // With other bytes under this id it has the one of the visit itself, which takes back the same.
            HandoverAnswer::Stored | HandoverAnswer::IdConflict => break,
            HandoverAnswer::ReferenceTaken => asked.reference = another_reference(&verifier, &number),
            HandoverAnswer::NotStored => {}
        }
        pause(every).await;
        let (known, id, now_ms) = (Arc::clone(&unfinished), asked.id, verifier.clock().unix_ms());
        if !tokio::task::spawn_blocking(move || known.is_to_take_back(id, now_ms)).await.unwrap_or(false) {
            tracing::warn!("a completed visit that was contradicted was not taken back within four hours");
            return;
        }
    }
    let id = asked.id;
    let _ = tokio::task::spawn_blocking(move || unfinished.taken_back(id)).await;
}

/// Keeps a hand-over that takes back another, so that a restart does not forget it.
pub(super) async fn keep_take_back(unfinished: &Arc<Unfinished>, asked: &Handover, now_ms: u64) {
    let bare = asked.without_traveler();
    let unfinished = Arc::clone(unfinished);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(move || unfinished.takes_back(&bare, now_ms)).await {
        tracing::error!("a hand-over is forgotten if this program ends now: {error}; make room");
    }
}

fn another_reference(verifier: &Verifier, number: &str) -> Reference {
    let mut entropy = |bytes: &mut [u8]| {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            tracing::error!("this machine has no random numbers; restart it");
        }
    };
    let clock = verifier.clock();
    Moment { now: clock.now(), unix_millis: clock.unix_ms(), entropy: &mut entropy }.reference(number)
}

#[cfg(test)]
mod tests {
    use super::{send_code, take_back};
    use crate::effect::Handover;
    use crate::session::answers::CallFailure;
    use crate::session::state::{Reference, ReferralReason, RequestId, VisitId};
    use crate::unfinished::Unfinished;
    use crate::verifier::tests::{Pki, React, code, problem, serve, timed};
    use std::sync::Arc;
    use std::time::Duration;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_code_is_kept_before_it_is_sent_and_not_sent_if_it_cannot_be_kept() {
        let pki = Pki::new();
        let (port, log) = serve(pki.server(), &pki, vec![React::Cut]).await;
        let state = tempfile::tempdir().expect("folder");
        let nowhere = Arc::new(Unfinished::open(&state.path().join("missing")));
        let refused = send_code(nowhere, pki.verifier(port), code()).await;
        assert!(matches!(refused, Err(CallFailure::NotSent)));
        assert!(log.lock().expect("log").is_empty());
        let unfinished = Arc::new(Unfinished::open(state.path()));
        let unknown = send_code(Arc::clone(&unfinished), pki.verifier(port), code()).await;
        assert!(matches!(unknown, Err(CallFailure::Unknown)));
        assert!(!log.lock().expect("log").is_empty());
        let left = Unfinished::open(state.path()).codes();
        assert_eq!(left, [(code().visit, code().request)], "the next start settles it");
    }

    fn taking_back() -> Handover {
        Handover {
            visit: VisitId(Uuid::from_u128(1)),
            id: VisitId(Uuid::from_u128(2)),
            reference: Reference("K07-4M2P".into()),
            reason: ReferralReason::CheckDocument,
            reading: None,
            identifier: None,
            verifications: vec![RequestId(Uuid::from_u128(3))],
            supersedes: Some(VisitId(Uuid::from_u128(1))),
        }
    }

    #[tokio::test]
    async fn what_takes_back_a_completed_visit_goes_on_until_the_service_has_it() {
        for (last, why) in [
            (React::Reply(200, timed("")), "stored"),
            (problem("id-conflict", 409), "the visit's own was stored, its reply was lost"),
        ] {
            let pki = Pki::new();
            let script = vec![problem("quarantined", 403), problem("reference-taken", 409), last];
            let (port, log) = serve(pki.server(), &pki, script).await;
            let state = tempfile::tempdir().expect("folder");
            let unfinished = Arc::new(Unfinished::open(state.path()));
            let verifier = pki.verifier(port);
            let now_ms = verifier.clock().unix_ms();
            let soon = Duration::from_millis(5);
            take_back(Arc::clone(&unfinished), verifier, taking_back(), "K07".into(), soon).await;
            let log = log.lock().expect("log");
            let bodies: Vec<serde_json::Value> =
                log.iter().map(|seen| serde_json::from_str(&seen.body).expect("JSON")).collect();
            assert_eq!(log.len(), 3, "{why}");
            assert!(
                log.iter()
                    .all(|seen| seen.line.starts_with(&format!("PUT /kiosk/v1/referrals/{} ", Uuid::from_u128(2))))
            );
            assert!(bodies.iter().all(|body| body["supersedes"] == Uuid::from_u128(1).to_string()));
            assert_eq!((&bodies[0]["reference"], &bodies[1]["reference"]), (&"K07-4M2P".into(), &"K07-4M2P".into()));
            assert_ne!(bodies[2]["reference"], "K07-4M2P", "taken: another is drawn");
            assert!(Unfinished::open(state.path()).take_backs(now_ms).is_empty(), "{why}");
        }
    }

    #[tokio::test]
    async fn what_takes_back_a_completed_visit_is_left_to_the_next_start_by_one_that_ends() {
        let pki = Pki::new();
        let (port, log) = serve(pki.server(), &pki, vec![problem("quarantined", 403)]).await;
        let state = tempfile::tempdir().expect("folder");
        let unfinished = Arc::new(Unfinished::open(state.path()));
        let verifier = pki.verifier(port);
        let now_ms = verifier.clock().unix_ms();
        let taking = take_back(unfinished, verifier, taking_back(), "K07".into(), Duration::from_secs(60));
        let ended = tokio::time::timeout(Duration::from_secs(1), taking).await;
        assert!(ended.is_err() && !log.lock().expect("log").is_empty());
        assert_eq!(Unfinished::open(state.path()).take_backs(now_ms).len(), 1);
    }
}
