//! How a visit ends for the traveler: complete, referred, or held until the referral is stored.

use super::state::{CompletedBy, Reference, ReferralReason, Session, State, VisitId};
use super::{Context, JournalEvent, MustAct};
use crate::effect::{Effect, Handover};
use card_reader::reader::Accept;

impl Session {
    /// Already with an officer, or on the way there.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        matches!(self.state, State::Complete { .. } | State::Referred { .. } | State::Held { .. })
    }

    /// "Your record was found." The only caller of this with `Document` and `Code` are the two answers of the service.
    pub(super) fn complete(&mut self, by: CompletedBy, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.overlay = None;
        let stored = self.reference_stored.then(|| self.reference.clone()).flatten();
        self.state = State::Complete { by, since: context.moment.now, reference: stored };
        let cause = match by {
            CompletedBy::Document => "document",
            CompletedBy::Code => "code",
            CompletedBy::Officer => "officer",
        };
        let mut effects =
            vec![self.journal(JournalEvent::VisitCompleted, Some(cause), MustAct::Nobody), Effect::Preview(false)];
        // A barcode of the document may still come, and contradict it.
        if by != CompletedBy::Document {
            effects.push(Effect::Disarm);
        }
        // One hand-over a visit: after an earlier one the service has what it needs.
        if self.reference.is_none() {
            effects.push(self.hand_over(ReferralReason::Complete, context));
        }
        effects
    }

    pub(super) fn complete_by_officer(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if self.override_offered() { self.complete(CompletedBy::Officer, context) } else { Vec::new() }
    }

    /// To an officer. The reference is shown only once the service has it: until then the visit is held.
    pub(crate) fn refer(&mut self, reason: ReferralReason, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.overlay = None;
        let mut effects = vec![
            self.journal(JournalEvent::VisitReferred, Some(reason.name()), MustAct::Officer),
            Effect::Disarm,
            Effect::Preview(false),
        ];
        let now = context.moment.now;
        match (&self.reference, self.reference_stored) {
            (Some(reference), true) => {
                self.state = State::Referred { reason, since: now, reference: reference.clone() };
            }
            (Some(_), false) => self.hold(reason, now),
            // The officer is here already: handed over only if the officer leaves.
            (None, _) if self.with_officer => self.hold(reason, now),
            (None, _) => {
                effects.push(self.hand_over(reason, context));
                self.hold(reason, now);
            }
        }
        effects
    }

    /// A visit that was complete is referred after all. The service has stored, or is about to store, that it was
    /// complete, and a hand-over is stored once: so this is another one, under an id and a reference of its own, which takes
    /// the place of the first: no officer finds "complete" under the old reference.
    pub(super) fn take_back(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.taken_back = Some(std::mem::replace(&mut self.handover, VisitId(context.moment.uuid())));
        self.reference = None;
        self.reference_stored = false;
        self.refer(ReferralReason::CheckDocument, context)
    }

    /// The visit is over, but the service may still have it as complete: what takes that back goes on without the traveler.
    pub(crate) fn left_to_take_back(&mut self, context: &mut Context<'_, '_>) -> Option<Effect> {
        let supersedes = self.taken_back.filter(|_| !self.reference_stored)?;
        let reference = self.reference.clone().unwrap_or_else(|| context.moment.reference(&context.site.number));
        Some(Effect::TakeBack(Box::new(Handover {
            visit: self.id,
            id: self.handover,
            reference,
            reason: ReferralReason::CheckDocument,
            reading: None,
            identifier: None,
            verifications: self.verifications.clone(),
            supersedes: Some(supersedes),
        })))
    }

    fn hold(&mut self, reason: ReferralReason, now: std::time::Duration) {
        self.state = State::Held { reason, since: now, storing: true, officer_called: self.officer_called };
    }

    fn hand_over(&mut self, reason: ReferralReason, context: &mut Context<'_, '_>) -> Effect {
        let reference = context.moment.reference(&context.site.number);
        self.reference = Some(reference.clone());
        self.reference_stored = false;
        Effect::Handover(Box::new(Handover {
            visit: self.id,
            id: self.handover,
            reference,
            reason,
            reading: self.handed_reading(),
            identifier: self.identifier.clone(),
            verifications: self.verifications.clone(),
            supersedes: self.taken_back,
        }))
    }

    pub(super) fn handover_stored(&mut self, stored: &Reference, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if self.reference.as_ref() != Some(stored) {
            return Vec::new();
        }
        self.reference_stored = true;
        match &mut self.state {
            State::Complete { reference, .. } => *reference = Some(stored.clone()),
            State::Held { reason, .. } if !self.with_officer => {
                let reason = *reason;
                self.state = State::Referred { reason, since: context.moment.now, reference: stored.clone() };
                return vec![Effect::Disarm];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Another open referral has this reference: draw another and hand over again.
    pub(super) fn draw_another_reference(&mut self, taken: &Reference, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if self.reference.as_ref() != Some(taken) || self.reference_stored {
            return Vec::new();
        }
        let reason = match &self.state {
            State::Held { reason, .. } => *reason,
            _ => ReferralReason::Complete,
        };
        vec![self.hand_over(reason, context)]
    }

    /// Five seconds without a stored referral: the traveler is asked to stay, and an officer is called.
    pub(super) fn stay_here(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if let State::Held { storing, .. } = &mut self.state {
            *storing = false;
        }
        vec![
            self.journal(JournalEvent::VisitHeld, None, MustAct::Officer),
            Effect::Assist { visit: Some(self.id) },
            // A badge here opens the officer's desk.
            self.arm(Accept::Staff, context),
        ]
    }

    pub(super) fn call_officer(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let mut effects = vec![
            self.journal(JournalEvent::AssistanceCalled, None, MustAct::Officer),
            Effect::Assist { visit: Some(self.id) },
        ];
        if !self.hands_over() {
            let reason = ReferralReason::AskedForOfficer;
            effects.extend(if matches!(self.state, State::Verifying { .. }) {
                self.outcome_unknown("asked_for_officer", context)
            } else {
                self.refer(reason, context)
            });
        }
        effects
    }

    /// Staff sign in: the readers take badges from now on, so a try of reading is over, and does not count.
    pub(crate) fn staff_comes(&mut self) {
        if let State::Reading { advice, .. } = self.state {
            self.state = State::PresentDocument { advice, quad: None };
        }
    }

    /// An officer has signed in on this visit: its timers stand still; a try of reading waits for the officer's retry.
    pub(crate) fn officer_arrived(&mut self) {
        self.with_officer = true;
        self.overlay = None;
        if let State::StillThere { holds, .. } = &mut self.state {
            self.state = std::mem::replace(holds, State::Language);
        }
    }

    /// Nobody signed in after all: the readers take again what they took before, also under the idle warning.
    pub(crate) fn back_from_staff(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if let State::StillThere { holds, .. } = &mut self.state {
            self.state = std::mem::replace(holds, State::Language);
        }
        match &self.state {
            State::PresentDocument { .. } | State::Reading { .. } => self.present(context),
            State::BackupCode(_) => vec![self.arm(Accept::BackupCode, context)],
            State::Held { storing: false, .. } => vec![self.arm(Accept::Staff, context)],
            _ => Vec::new(),
        }
    }

    /// "Pull up the record": the officer takes a number and a code from the traveler.
    pub(crate) fn pull_up(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.code_answer = None;
        self.identify(context)
    }

    /// The officer has left: a visit that is not complete goes where it belongs.
    pub(crate) fn officer_left(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.with_officer = false;
        let now = context.moment.now;
        self.last_input = now;
        match &mut self.state {
            State::Complete { since, .. } | State::Referred { since, .. } => {
                *since = now;
                Vec::new()
            }
            State::Held { reason, .. } => {
                let reason = *reason;
                self.refer(reason, context)
            }
            State::Verifying { .. } => self.outcome_unknown("officer_left", context),
            _ => self.refer(ReferralReason::AskedForOfficer, context),
        }
    }
}
