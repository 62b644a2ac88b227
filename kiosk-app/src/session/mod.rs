//! The traveler's visit, from touch to wipe: pure, without iced, tokio, a clock or I/O.
//!
//! [`Session::step`] is the whole behaviour; all personal data of a visit lives in the [`Session`] value, and dropping
//! it is the wipe. [`state`] says where a visit can be, [`answers`] what services say to it, [`policy`] the times and
//! limits. The steps themselves: `document` (put down, read, confirmed, looked up), `code` (number and backup code),
//! `handover` (complete, referred, held), `timers` (idle warning, deadlines).

pub mod answers;
mod code;
mod document;
mod handover;
pub mod policy;
pub mod state;
#[cfg(test)]
mod tests;
mod timers;

use crate::effect::{Effect, Entry, JournalEvent, MustAct};
use crate::event::{Event, HandoverAnswer, Intent};
use crate::kiosk::{Moment, Site};
use card_reader::reader::{Accept, PresentationNo};
use policy::Policy;
use state::{
    IdentifierEntry, IdentifierKind, Overlay, Reference, ReferralReason, RequestId, Session, Settings, State, VisitId,
};
use verification_api::personal::PersonalText;

/// What a step may look at and ask for, beside the session itself.
pub struct Context<'a, 'm> {
    pub moment: &'a mut Moment<'m>,
    pub policy: &'a Policy,
    pub site: &'a Site,
    /// At least one configured reader answers, or may still come up.
    pub can_read: bool,
    /// Grows with each presentation, over all visits of this run.
    pub presentations: &'a mut u64,
    /// The signed-in officer's session, if an officer stands at this visit.
    pub officer_session: Option<PersonalText>,
}

impl Session {
    #[must_use]
    pub fn new(id: VisitId, settings: Settings, now: std::time::Duration) -> Self {
        Self {
            id,
            state: State::Language,
            overlay: None,
            settings,
            presentation: PresentationNo::default(),
            failed_tries: 0,
            codes_sent: 0,
            reading: None,
            guess: None,
            last_failure: None,
            record: None,
            identifier: None,
            code_answer: None,
            verifications: Vec::new(),
            handover: id,
            taken_back: None,
            reference: None,
            reference_stored: false,
            last_input: now,
            extensions: 0,
            officer_called: false,
            with_officer: false,
            over: false,
        }
    }

    /// The whole behaviour of a visit. Events of another visit or an older presentation change nothing.
    pub fn step(&mut self, event: Event, context: &mut Context<'_, '_>) -> Vec<Effect> {
        match event {
            Event::Tick => self.tick(context),
            // A press under the idle warning becomes an intent when it is released: MoreTime or EndVisit.
            Event::Activity => {
                if matches!(self.state, State::StillThere { .. }) {
                    Vec::new()
                } else {
                    self.input(context)
                }
            }
            Event::Intent(Intent::EndVisit) if matches!(self.state, State::StillThere { .. }) || self.with_officer => {
                self.end(JournalEvent::VisitEnded, Some("ended"))
            }
            Event::Intent(intent) => {
                let mut effects = self.input(context);
                effects.extend(self.asked(intent, context));
                effects
            }
            Event::Reader(event) => self.reader_said(event, context),
            Event::Inspected { visit, request, answer } if visit == self.id => {
                self.record_answered(request, answer, context)
            }
            Event::Verified { visit, request, answer } if visit == self.id => {
                self.code_answered(request, answer, context)
            }
            Event::Handover { visit, reference, answer } if visit == self.id => match answer {
                HandoverAnswer::Stored => self.handover_stored(&reference, context),
                HandoverAnswer::ReferenceTaken => self.draw_another_reference(&reference, context),
                HandoverAnswer::IdConflict | HandoverAnswer::NotStored => Vec::new(),
            },
            Event::Assistance { visit: Some(visit), called: true } if visit == self.id => {
                self.officer_called = true;
                if let State::Held { officer_called, .. } = &mut self.state {
                    *officer_called = true;
                }
                Vec::new()
            }
            Event::OverrideJournaled { visit, written: true } if visit == self.id => self.complete_by_officer(context),
            _ => Vec::new(),
        }
    }

    /// What a person asked for. What does not fit the state is ignored: a late touch must not do anything.
    fn asked(&mut self, intent: Intent, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if self.over {
            return Vec::new();
        }
        match intent {
            Intent::OpenHelp => self.overlay = Some(Overlay::Help),
            Intent::OpenPrivacy => self.overlay = Some(Overlay::Privacy),
            Intent::OpenSettings => self.overlay = Some(Overlay::Settings),
            Intent::CloseOverlay => self.overlay = None,
            Intent::SetTextSize(size) => self.settings.text_size = size,
            Intent::SetContrast(contrast) => self.settings.contrast = contrast,
            Intent::ChooseLanguage(language) => {
                self.settings.language = language;
                self.overlay = None;
                if matches!(self.state, State::Language) {
                    return self.present(context);
                }
            }
            Intent::CallOfficer => {
                self.overlay = None;
                return self.call_officer(context);
            }
            Intent::StartOver | Intent::NotMe => return self.end(JournalEvent::VisitEnded, Some("start_over")),
            Intent::Finish if matches!(self.state, State::Complete { .. } | State::Referred { .. }) => {
                return self.end(JournalEvent::VisitEnded, Some("finished"));
            }
            Intent::CannotUseCard if matches!(self.state, State::PresentDocument { .. } | State::Reading { .. }) => {
                return self.identify(context);
            }
            Intent::ConfirmYes if matches!(self.state, State::ConfirmDocument) => return self.look_up(context),
            Intent::Cancel => match self.state {
                State::LookingUp { .. } => return self.refer(ReferralReason::AskedForOfficer, context),
                // Never recalls the request: its outcome is unknown and settled later.
                State::Verifying { .. } => return self.outcome_unknown("cancelled", context),
                _ => {}
            },
            Intent::TryAgain if matches!(self.state, State::NotVerified) => return self.identify(context),
            Intent::SeeOfficer if matches!(self.state, State::NotVerified) => {
                return self.refer(ReferralReason::CodeNotVerified, context);
            }
            Intent::NoCode if matches!(self.state, State::Identifier(_) | State::BackupCode(_)) => {
                return self.refer(ReferralReason::DocumentUnreadable, context);
            }
            typed => return self.typed(typed, context),
        }
        Vec::new()
    }

    /// To Identifier, with the number already confirmed kept for confirming again.
    fn identify(&mut self, _context: &mut Context<'_, '_>) -> Vec<Effect> {
        let (kind, typed, confirming) = match &self.identifier {
            Some((kind, number)) => (*kind, number.clone(), Some(number.clone())),
            None => (IdentifierKind::ANumber, PersonalText::default(), None),
        };
        self.state = State::Identifier(IdentifierEntry { kind, typed, confirming, refused: false });
        vec![Effect::Disarm, Effect::Preview(false)]
    }

    /// Opens a new presentation and arms for it.
    fn arm(&mut self, accept: Accept, context: &mut Context<'_, '_>) -> Effect {
        *context.presentations = (*context.presentations).max(self.presentation.0) + 1;
        self.presentation = PresentationNo(*context.presentations);
        Effect::Arm { presentation: self.presentation, accept }
    }

    /// The visit is over: whoever holds this value drops it now.
    fn end(&mut self, event: JournalEvent, cause: Option<&str>) -> Vec<Effect> {
        self.over = true;
        vec![
            self.journal(event, cause, MustAct::Nobody),
            Effect::Disarm,
            Effect::Preview(false),
            Effect::Wipe { visit: self.id },
        ]
    }

    fn journal(&self, event: JournalEvent, cause: Option<&str>, must_act: MustAct) -> Effect {
        let role = if self.with_officer { "officer" } else { "traveler" };
        Effect::Journal(Entry {
            event,
            visit: Some(self.id),
            role,
            actor: None,
            cause: cause.map(str::to_owned),
            must_act,
        })
    }
}

impl Moment<'_> {
    /// A new UUIDv7.
    pub fn uuid(&mut self) -> uuid::Uuid {
        let mut random = [0_u8; 10];
        (self.entropy)(&mut random);
        uuid::Builder::from_unix_timestamp_millis(self.unix_millis, &random).into_uuid()
    }

    pub fn request(&mut self) -> RequestId {
        RequestId(self.uuid())
    }

    /// `K07-4M2P`: four symbols of the Crockford alphabet after the kiosk's number.
    pub fn reference(&mut self, kiosk: &str) -> Reference {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut random = [0_u8; 4];
        (self.entropy)(&mut random);
        let symbols: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        Reference(format!("{kiosk}-{symbols}"))
    }
}
