//! Time in a visit: the idle warning, the deadlines of each state. Time is an argument.

use super::state::{Session, State, TextSize};
use super::{Context, JournalEvent, MustAct};
use crate::effect::Effect;
use card_reader::ocr::{Advice, Reason};
use std::time::Duration;

impl Session {
    /// Any input: the warning goes away, the idle clock starts anew. If the last reader went meanwhile, what the warning held
    /// goes where it would have gone.
    pub(super) fn input(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.last_input = context.moment.now;
        let State::StillThere { holds, .. } = &mut self.state else { return Vec::new() };
        self.extensions += 1;
        self.state = std::mem::replace(holds, State::Language);
        if matches!(self.state, State::PresentDocument { .. }) && !context.can_read {
            return self.identify(context);
        }
        Vec::new()
    }

    pub(super) fn tick(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        // While an officer is signed in the visit's timers stand still; calls keep their deadline.
        let now = context.moment.now;
        let policy = context.policy;
        match &self.state {
            State::LookingUp { since, .. } if now.saturating_sub(*since) >= policy.answer_deadline => {
                let mut effects =
                    vec![self.journal(JournalEvent::RecordNotAnswered, Some("time_out"), MustAct::Technician)];
                effects.extend(self.refer(self.unanswered(), context));
                return effects;
            }
            State::Verifying { since, .. } if now.saturating_sub(*since) >= policy.answer_deadline => {
                return self.outcome_unknown("time_out", context);
            }
            _ if self.with_officer => return Vec::new(),
            _ => {}
        }
        let given = |time: Duration| if self.settings.text_size == TextSize::Normal { time } else { time * 2 };
        match &self.state {
            State::Language
            | State::PresentDocument { .. }
            | State::ConfirmDocument
            | State::Identifier(_)
            | State::BackupCode(_)
            | State::NotVerified
                if now.saturating_sub(self.last_input) >= given(policy.warn_after) =>
            {
                let until = now + given(policy.answer_within);
                let holds = Box::new(std::mem::replace(&mut self.state, State::Language));
                self.overlay = None;
                self.state = State::StillThere { holds, until };
                Vec::new()
            }
            State::Reading { since, advice, .. } if now.saturating_sub(*since) >= policy.try_for => {
                let advice = advice.or(Some(Advice::HoldStill));
                self.try_failed(Reason::LowConfidence, advice, None, context)
            }
            State::StillThere { until, .. } if now >= *until => self.end(JournalEvent::VisitTimedOut, Some("no_input")),
            State::Complete { since, .. } if now.saturating_sub(*since) >= given(policy.complete_for) => {
                self.end(JournalEvent::VisitEnded, Some("shown"))
            }
            State::Referred { since, .. } if now.saturating_sub(*since) >= given(policy.referred_for) => {
                self.end(JournalEvent::VisitEnded, Some("shown"))
            }
            State::Held { since, storing: true, .. } if now.saturating_sub(*since) >= policy.reference_within => {
                self.stay_here(context)
            }
            State::Held { since, .. } if now.saturating_sub(*since) >= policy.held_for => {
                self.end(JournalEvent::VisitEnded, Some("held"))
            }
            _ => Vec::new(),
        }
    }
}
