//! From the card in the hand to the record service's answer.

use super::answers::{CallFailure, DocumentStatus, Record, RecordAnswer};
use super::state::{CompletedBy, ReferralReason, RequestId, Session, State};
use super::{Context, JournalEvent, MustAct};
use crate::effect::{Effect, HandedReading, Inspection};
use card_reader::document::DocumentType;
use card_reader::fusion::Fusion;
use card_reader::mrz;
use card_reader::ocr::{Advice, Guess, Reason};
use card_reader::profiles;
use card_reader::reader::{self, Accept, PresentationNo, Reading, Source};
use verification_api::personal::PersonalText;

impl Session {
    /// To PresentDocument under a new presentation; without any reader, to Identifier.
    pub(super) fn present(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        if !context.can_read {
            return self.identify(context);
        }
        self.state = State::PresentDocument { advice: None, quad: None };
        vec![self.arm(Accept::Documents, context), Effect::Preview(true)]
    }

    /// An officer wants another look at the document: what was read before is dropped. What the record service said of it
    /// stays until it says something else, or a second look would open the way to an override against it.
    pub(crate) fn retry(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.reading = None;
        self.guess = None;
        self.last_failure = None;
        self.present(context)
    }

    /// A zone keyed in by an officer: looked up like a read one.
    pub(crate) fn keyed(&mut self, reading: Reading, context: &mut Context<'_, '_>) -> Vec<Effect> {
        self.reading = Some(reading);
        self.look_up(context)
    }

    pub(super) fn reader_said(&mut self, event: reader::Event, context: &mut Context<'_, '_>) -> Vec<Effect> {
        use reader::Event::{Advice as Advises, Failed, Lost, Read, Removed, Sensed, Witness};
        match event {
            Sensed { presentation } if self.takes(presentation) => {
                // A card that passes where none is wanted is not the traveler's answer to the idle warning.
                if !self.wants_document() {
                    return Vec::new();
                }
                let effects = self.input(context);
                if let State::PresentDocument { advice, quad } = self.state {
                    self.state = State::Reading { since: context.moment.now, advice, quad };
                }
                effects
            }
            // A lone code held up is not a document, and not a try: the clock of the try stops.
            Advises { presentation, advice: Some(Advice::AnotherDocument), .. } if self.takes(presentation) => {
                if let State::PresentDocument { .. } | State::Reading { .. } = self.state {
                    self.state = State::PresentDocument { advice: Some(Advice::AnotherDocument), quad: None };
                }
                Vec::new()
            }
            Advises { presentation, advice: seen, quad: outline, .. } if self.takes(presentation) => {
                if let State::PresentDocument { advice, quad } | State::Reading { advice, quad, .. } = &mut self.state {
                    *advice = seen;
                    *quad = outline;
                }
                Vec::new()
            }
            Read { presentation, reading } if self.takes(presentation) => {
                let mut effects = if self.wants_document() { self.input(context) } else { Vec::new() };
                effects.extend(self.read(reading, context));
                effects
            }
            Witness { presentation, fusion } if presentation == self.presentation => self.witnessed(fusion, context),
            Failed { presentation, reason, advice, guess } if self.takes(presentation) => match self.state {
                State::PresentDocument { .. } | State::Reading { .. } => {
                    self.try_failed(reason, advice, guess, context)
                }
                _ => Vec::new(),
            },
            Removed { presentation } if self.takes(presentation) => match self.state {
                State::Reading { advice, .. } => {
                    self.try_failed(Reason::CutOff, advice.or(Some(Advice::HoldStill)), None, context)
                }
                _ => Vec::new(),
            },
            Lost { .. } => match self.state {
                State::PresentDocument { .. } | State::Reading { .. } if !context.can_read && !self.with_officer => {
                    self.identify(context)
                }
                // Perhaps that was the one that had the document: it can neither read it nor tell of its removal any more.
                State::Reading { .. } => {
                    self.state = State::PresentDocument { advice: None, quad: None };
                    Vec::new()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// A document is asked for, or was before the idle warning.
    fn wants_document(&self) -> bool {
        let state: &State = match &self.state {
            State::StillThere { holds, .. } => holds,
            state => state,
        };
        matches!(state, State::PresentDocument { .. } | State::Reading { .. })
    }

    /// Whether an event of this presentation is for the document lying there now. A newer number is a document put
    /// down after the last one; an older one is dropped.
    fn takes(&mut self, presentation: PresentationNo) -> bool {
        if presentation >= self.presentation {
            self.presentation = presentation;
            true
        } else {
            false
        }
    }

    fn read(&mut self, reading: Reading, context: &mut Context<'_, '_>) -> Vec<Effect> {
        match (&self.state, reading) {
            (
                State::PresentDocument { .. } | State::Reading { .. },
                reading @ (Reading::Zone(_) | Reading::Barcode(_)),
            ) => {
                // Not disarmed: the reader takes no other document, but a barcode or a seal of this one may still come.
                let mut effects =
                    vec![self.journal(JournalEvent::DocumentRead, None, MustAct::Nobody), Effect::Preview(false)];
                if others_agree(&reading) == Some(false) {
                    effects.push(self.journal(JournalEvent::DocumentDisagrees, None, MustAct::Officer));
                }
                self.reading = Some(reading);
                if self.with_officer {
                    effects.extend(self.look_up(context));
                } else {
                    self.state = State::ConfirmDocument;
                }
                effects
            }
            // A backup code or a badge is not a document: said, not counted as a try.
            (State::PresentDocument { .. } | State::Reading { .. }, _) => {
                self.state = State::PresentDocument { advice: Some(Advice::AnotherDocument), quad: None };
                vec![self.arm(Accept::Documents, context)]
            }
            (State::BackupCode(_), Reading::BackupCode(code)) => {
                self.last_input = context.moment.now;
                self.code_scanned(&code, context)
            }
            // Under the idle warning a code is dropped as well; it can be held up again after it.
            (State::StillThere { holds, .. }, Reading::BackupCode(_)) if matches!(**holds, State::BackupCode(_)) => {
                vec![self.arm(Accept::BackupCode, context)]
            }
            // Anything else read here was not asked for: dropped, and with it zeroed.
            _ => Vec::new(),
        }
    }

    /// A barcode, a seal or a zone of the document that was read came after it. Whatever the visit has come to since, a
    /// disagreement refers it; agreement changes nothing but what an officer sees.
    fn witnessed(&mut self, fusion: Fusion, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let Some(reading) = self.reading.as_mut().filter(|_| !self.over) else { return Vec::new() };
        let disagreed = others_agree(reading) == Some(false);
        let agrees = fusion.agrees();
        match reading {
            Reading::Zone(zone) => (zone.barcode_agrees, zone.fusion) = (agrees, fusion),
            Reading::Barcode(barcode) => (barcode.others_agree, barcode.fusion) = (agrees, fusion),
            Reading::BackupCode(_) | Reading::Staff(_) => return Vec::new(),
        }
        if disagreed || agrees != Some(false) {
            return Vec::new();
        }
        let mut effects = vec![self.journal(JournalEvent::DocumentDisagrees, None, MustAct::Officer)];
        // Before the answer it is enough to know: `record_answered` completes nothing that disagrees.
        if matches!(self.state, State::Complete { by: CompletedBy::Document, .. }) {
            effects.extend(self.take_back(context));
        }
        effects
    }

    pub(super) fn try_failed(
        &mut self,
        reason: Reason,
        advice: Option<Advice>,
        guess: Option<Guess>,
        context: &mut Context<'_, '_>,
    ) -> Vec<Effect> {
        self.last_failure = Some(reason);
        if guess.is_some() {
            self.guess = guess;
        }
        let mut effects = vec![self.journal(JournalEvent::ReadFailed, Some(reason.name()), MustAct::Traveler)];
        if !self.with_officer {
            self.failed_tries += 1;
        }
        if self.failed_tries >= context.policy.max_tries && !self.with_officer {
            effects.extend(self.identify(context));
        } else {
            self.state = State::PresentDocument { advice, quad: None };
            effects.push(self.arm(Accept::Documents, context));
        }
        effects
    }

    /// Asks the record service; a specimen outside test mode is not asked about, it is referred.
    pub(super) fn look_up(&mut self, context: &mut Context<'_, '_>) -> Vec<Effect> {
        let Some(reading) = &self.reading else { return self.refer(ReferralReason::Technical, context) };
        let (how, document, checks, barcode_agrees) = match reading {
            Reading::Zone(zone) => (zone.source, &zone.document, zone.checks.clone(), zone.barcode_agrees),
            Reading::Barcode(barcode) => (barcode.source, &barcode.document, Vec::new(), barcode.others_agree),
            Reading::BackupCode(_) | Reading::Staff(_) => return self.refer(ReferralReason::Technical, context),
        };
        if document.specimen && !context.policy.test_mode {
            return self.refer(ReferralReason::CheckDocument, context);
        }
        let request = context.moment.request();
        let inspection = Inspection {
            visit: self.id,
            request,
            how,
            document: document.clone(),
            checks,
            barcode_agrees,
            officer_session: context.officer_session.clone(),
            mock: false,
        };
        self.state = State::LookingUp { request, since: context.moment.now };
        vec![Effect::Inspect(Box::new(inspection))]
    }

    /// An answer counts only while it is waited for: a late one changes nothing.
    pub(super) fn record_answered(
        &mut self,
        request: RequestId,
        answer: Result<RecordAnswer, CallFailure>,
        context: &mut Context<'_, '_>,
    ) -> Vec<Effect> {
        if !matches!(self.state, State::LookingUp { request: asked, .. } if asked == request) {
            return Vec::new();
        }
        let Ok(answer) = answer else {
            let mut effects =
                vec![self.journal(JournalEvent::RecordNotAnswered, Some("no_answer"), MustAct::Technician)];
            effects.extend(self.refer(self.unanswered(), context));
            return effects;
        };
        let completes =
            self.reading.as_ref().is_some_and(|reading| completes(reading, &answer, context.policy.test_mode));
        let mut effects = vec![self.journal(
            JournalEvent::RecordAnswered,
            Some(match answer.record {
                Record::Found => "found",
                Record::NotFound => "not_found",
                Record::Refer => "refer",
            }),
            MustAct::Nobody,
        )];
        self.record = Some(answer);
        effects.extend(if completes {
            self.complete(CompletedBy::Document, context)
        } else {
            self.refer(ReferralReason::CheckDocument, context)
        });
        effects
    }

    /// Why a visit whose record was not answered is referred.
    pub(super) fn unanswered(&self) -> ReferralReason {
        if self.reading.as_ref().is_some_and(|reading| others_agree(reading) == Some(false)) {
            ReferralReason::CheckDocument
        } else {
            ReferralReason::Technical
        }
    }

    /// An override is for a failed scan: not offered against what the record service said, a mismatch of the name apart.
    #[must_use]
    pub fn override_offered(&self) -> bool {
        if matches!(self.state, State::Complete { .. } | State::LookingUp { .. } | State::Verifying { .. }) {
            return false;
        }
        self.record.as_ref().is_none_or(|answer| {
            answer.record == Record::Found
                && matches!(answer.document_status, DocumentStatus::Valid | DocumentStatus::Unknown)
                && answer
                    .mismatch
                    .iter()
                    .all(|member| member == "primary_identifier" || member == "secondary_identifier")
        })
    }

    /// The reading, or the guess of the last failed try, unedited, as it goes to the service.
    #[must_use]
    pub fn handed_reading(&self) -> Option<HandedReading> {
        match (&self.reading, &self.guess) {
            (Some(Reading::Zone(zone)), _) => Some(HandedReading {
                source: zone.source,
                lines: zone.lines.clone(),
                checks: zone.checks.clone(),
                accepted: true,
            }),
            (Some(Reading::Barcode(barcode)), _) => Some(HandedReading {
                source: barcode.source,
                lines: vec![barcode.payload.clone()],
                checks: Vec::new(),
                accepted: true,
            }),
            (_, Some(guess)) => Some(HandedReading {
                source: Source::Camera,
                lines: guess.lines.clone(),
                checks: guess_checks(&guess.lines),
                accepted: false,
            }),
            _ => None,
        }
    }
}

/// What the other marks of the same presentation say of a reading.
const fn others_agree(reading: &Reading) -> Option<bool> {
    match reading {
        Reading::Zone(zone) => zone.barcode_agrees,
        Reading::Barcode(barcode) => barcode.others_agree,
        Reading::BackupCode(_) | Reading::Staff(_) => None,
    }
}

/// Everything that must hold for "Your record was found" (`docs/architecture.md`, "When a visit completes").
fn completes(reading: &Reading, answer: &RecordAnswer, test_mode: bool) -> bool {
    let (document, sound) = match reading {
        Reading::Zone(zone) => (
            &zone.document,
            profiles::all_agree_or_covered(&zone.checks, &zone.deviations) && zone.barcode_agrees != Some(false),
        ),
        Reading::Barcode(barcode) => {
            let licence = barcode.document.document_type == DocumentType::DriverLicence;
            (&barcode.document, barcode.whole && licence && barcode.others_agree != Some(false))
        }
        Reading::BackupCode(_) | Reading::Staff(_) => return false,
    };
    sound
        && (test_mode || !document.specimen)
        && answer.record == Record::Found
        && answer.document_status == DocumentStatus::Valid
        && answer.mismatch.is_empty()
}

/// Verdicts of a guess's digits, for the officer; none if it has not the shape of a zone.
fn guess_checks(lines: &[PersonalText]) -> Vec<mrz::Check> {
    // The day matters only for the century of dates, which no digit covers.
    card_reader::date::Date::new(2000, 1, 1)
        .and_then(|day| mrz::parse_lines(lines.to_vec(), day).ok())
        .map(|zone| zone.checks)
        .unwrap_or_default()
}
