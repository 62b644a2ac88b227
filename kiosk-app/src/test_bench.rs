//! For tests: a kiosk driven through [`Kiosk::step`] as the shell drives it, with made-up time and randomness.

use crate::effect::{Effect, JournalEvent};
use crate::event::{Event, HandoverAnswer, Intent, StaffAnswer, StaffId};
use crate::kiosk::{Fitted, Kiosk, Mode, Moment, Site};
use crate::officer;
use crate::session::answers::{CallFailure, CodeAnswer, DocumentStatus, OpenedReferral, Record, RecordAnswer};
use crate::session::policy::Policy;
use crate::session::state::{CompletedBy, Language, Reference, ReferralReason, RequestId, State, StateKind, VisitId};
use card_reader::date::Date;
use card_reader::mrz;
use card_reader::ocr::{Advice, Reason};
use card_reader::reader::{
    Decoder, DecoderFailure, DeviceId, Event as Heard, PresentationNo, Reading, Source, ZoneReading,
};
use std::time::Duration;
use verification_api::personal::PersonalText;

/// I-551 layout with a fictitious holder; digits by ICAO 9303-3 §4.9 (a block of the published-layout vectors).
pub(crate) const CARD: &str =
    "C1USA0000007010SRC0000000701<<\n8001014F3001019UTO<<<<<<<<<<<7\nSPECIMEN<<TEST<VOID<<<<<<<<<<<";
/// The same with a composite digit that disagrees.
pub(crate) const CARD_WRONG_DIGIT: &str =
    "C1USA0000007010SRC0000000701<<\n8001014F3001019UTO<<<<<<<<<<<8\nSPECIMEN<<TEST<VOID<<<<<<<<<<<";
/// Published vector of the backup code.
pub(crate) const CODE: [&str; 4] = ["7KQ25", "M4PXX", "9ABCG", "WXYZF"];

pub(crate) struct Bench {
    pub(crate) kiosk: Kiosk,
    pub(crate) now: Duration,
    pub(crate) drawn: u8,
    pub(crate) effects: Vec<Effect>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let site = Site { number: "K07".into(), lane: "7".into(), ..Site::default() };
        let policy = Policy { test_mode: true, ..Policy::default() };
        let scanner = Fitted { device: DeviceId("scanner".into()), reads: true };
        let mut bench = Self {
            kiosk: Kiosk::new(site, policy, [scanner]),
            now: Duration::from_secs(10),
            drawn: 0,
            effects: Vec::new(),
        };
        bench.event(Event::Reader(Heard::Ready { device: DeviceId("scanner".into()), identity: "test".into() }));
        bench
    }

    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        let drawn = &mut self.drawn;
        let mut entropy = |bytes: &mut [u8]| {
            *drawn = drawn.wrapping_add(1);
            bytes.fill(*drawn);
        };
        let mut moment = Moment { now: self.now, unix_millis: 1_790_000_000_000, entropy: &mut entropy };
        self.effects = self.kiosk.step(event, &mut moment);
        self
    }

    pub(crate) fn touch(&mut self, intent: Intent) -> &mut Self {
        self.event(Event::Intent(intent))
    }

    pub(crate) fn wait(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self.event(Event::Tick)
    }

    pub(crate) fn kind(&self) -> Option<StateKind> {
        self.kiosk.visit.as_ref().map(|visit| visit.state.kind())
    }

    pub(crate) fn presentation(&self) -> PresentationNo {
        self.kiosk.visit.as_ref().map(|visit| visit.presentation).unwrap_or_default()
    }

    pub(crate) fn card(&mut self, text: &str) -> &mut Self {
        let presentation = self.presentation();
        self.event(Event::Reader(Heard::Read { presentation, reading: zone(text) }))
    }

    pub(crate) fn decoder_failed(&mut self, how: DecoderFailure) -> &mut Self {
        let device = DeviceId("scanner".into());
        self.event(Event::Reader(Heard::DecoderFailed { device, decoder: Decoder::Barcode, how }))
    }

    pub(crate) fn failed_try(&mut self) -> &mut Self {
        let presentation = self.presentation();
        self.event(Event::Reader(Heard::Sensed { presentation }));
        self.event(Event::Reader(Heard::Failed {
            presentation,
            reason: Reason::Glare,
            advice: Some(Advice::Tilt),
            guess: None,
        }))
    }

    pub(crate) fn request(&self) -> RequestId {
        match self.kiosk.visit.as_ref().map(|visit| &visit.state) {
            Some(State::LookingUp { request, .. } | State::Verifying { request, .. }) => *request,
            _ => panic!("nothing is being asked"),
        }
    }

    pub(crate) fn record(&mut self, answer: Result<RecordAnswer, CallFailure>) -> &mut Self {
        let (visit, request) = (self.kiosk.visit.as_ref().unwrap().id, self.request());
        self.event(Event::Inspected { visit, request, answer })
    }

    pub(crate) fn code_answer(&mut self, answer: Result<CodeAnswer, CallFailure>) -> &mut Self {
        let (visit, request) = (self.kiosk.visit.as_ref().unwrap().id, self.request());
        self.event(Event::Verified { visit, request, answer })
    }

    pub(crate) fn stored(&mut self) -> &mut Self {
        let visit = self.kiosk.visit.as_ref().unwrap();
        let (id, reference) = (visit.id, visit.reference.clone().unwrap());
        self.event(Event::Handover { visit: id, reference, answer: HandoverAnswer::Stored })
    }

    pub(crate) fn at_present(&mut self) -> &mut Self {
        self.touch(Intent::Begin).touch(Intent::ChooseLanguage(Language::English))
    }

    pub(crate) fn at_looking_up(&mut self) -> &mut Self {
        self.at_present().card(CARD).touch(Intent::ConfirmYes)
    }

    pub(crate) fn at_code(&mut self) -> &mut Self {
        self.at_present().touch(Intent::CannotUseCard);
        for c in "A000000701".chars() {
            self.touch(Intent::Key(c));
        }
        self.touch(Intent::Forward).touch(Intent::Forward)
    }

    pub(crate) fn type_code(&mut self) -> &mut Self {
        for c in CODE.concat().chars() {
            self.touch(Intent::Key(c));
        }
        self
    }

    pub(crate) fn at_verifying(&mut self) -> &mut Self {
        self.at_code().type_code().touch(Intent::Forward)
    }

    pub(crate) fn sign_in(&mut self) -> &mut Self {
        self.touch(Intent::Officer(officer::Intent::Enter));
        assert!(matches!(self.kiosk.mode, Mode::Officer(_)), "not at the desk");
        self.signed_in()
    }

    /// The service lets the officer of the last sign-in in.
    pub(crate) fn signed_in(&mut self) -> &mut Self {
        let answer = StaffAnswer::SignedIn {
            session: PersonalText::from("s"),
            pseudonym: "officer-1".into(),
            offline_since: None,
        };
        let staff = self.staff();
        self.event(Event::Staff { staff, answer })
    }

    /// The last sign-in.
    pub(crate) fn staff(&self) -> StaffId {
        StaffId(self.kiosk.staff)
    }

    pub(crate) fn ask(&mut self, intent: officer::Intent) -> &mut Self {
        self.touch(Intent::Officer(intent))
    }

    /// Types a reference at the desk, asks for it and is answered.
    pub(crate) fn open_referral(&mut self, opened: OpenedReferral) -> &mut Self {
        let reference = opened.reference.0.clone();
        self.ask_for(&reference).answer_referral(&reference, Ok(opened))
    }

    pub(crate) fn ask_for(&mut self, reference: &str) -> &mut Self {
        for c in reference.chars() {
            self.touch(Intent::Key(c));
        }
        self.ask(officer::Intent::SubmitReference)
    }

    pub(crate) fn answer_referral(&mut self, asked: &str, answer: Result<OpenedReferral, CallFailure>) -> &mut Self {
        let answer = StaffAnswer::Referral { asked: PersonalText::from(asked), answer: answer.map(Box::new) };
        let staff = self.staff();
        self.event(Event::Staff { staff, answer })
    }

    /// Drives a fresh kiosk to a state by the ways a person has.
    pub(crate) fn at(kind: StateKind) -> Self {
        let mut bench = Self::new();
        match kind {
            StateKind::Language => bench.touch(Intent::Begin),
            StateKind::PresentDocument => bench.at_present(),
            StateKind::Reading => {
                bench.at_present();
                let presentation = bench.presentation();
                bench.event(Event::Reader(Heard::Sensed { presentation }))
            }
            StateKind::ConfirmDocument => bench.at_present().card(CARD),
            StateKind::LookingUp => bench.at_looking_up(),
            StateKind::Identifier => bench.at_present().touch(Intent::CannotUseCard),
            StateKind::BackupCode => bench.at_code(),
            StateKind::Verifying => bench.at_verifying(),
            StateKind::NotVerified => bench.at_verifying().code_answer(Ok(CodeAnswer::NotVerified)),
            StateKind::Complete => bench.at_looking_up().record(Ok(found())),
            StateKind::Held => bench.at_looking_up().record(Err(CallFailure::NotSent)),
            StateKind::Referred => bench.at_looking_up().record(Err(CallFailure::NotSent)).stored(),
            StateKind::StillThere => bench.touch(Intent::Begin).wait(60),
        };
        assert_eq!(bench.kind(), Some(kind), "the way to {kind:?} is broken");
        bench
    }

    pub(crate) fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(wanted)
    }

    pub(crate) fn journaled(&self, event: JournalEvent) -> bool {
        self.has(|effect| matches!(effect, Effect::Journal(entry) if entry.event == event))
    }

    pub(crate) fn completed_by(&self) -> Option<CompletedBy> {
        match self.kiosk.visit.as_ref().map(|visit| &visit.state) {
            Some(State::Complete { by, .. }) => Some(*by),
            _ => None,
        }
    }

    pub(crate) fn held_for(&self) -> Option<ReferralReason> {
        match self.kiosk.visit.as_ref().map(|visit| &visit.state) {
            Some(State::Held { reason, .. } | State::Referred { reason, .. }) => Some(*reason),
            _ => None,
        }
    }
}

pub(crate) fn zone(text: &str) -> Reading {
    let zone = mrz::parse(text, Date::new(2026, 11, 25).unwrap()).unwrap();
    Reading::Zone(Box::new(ZoneReading::of(zone, Source::Serial)))
}

pub(crate) fn found() -> RecordAnswer {
    RecordAnswer {
        record: Record::Found,
        document_status: DocumentStatus::Valid,
        mismatch: Vec::new(),
        gate: Some("3".into()),
    }
}

/// A referral of another kiosk.
pub(crate) fn referral(reference: &str, inspection: Option<RecordAnswer>) -> OpenedReferral {
    OpenedReferral {
        visit: VisitId(uuid::Uuid::from_u128(7)),
        reference: Reference(reference.to_owned()),
        kiosk: "K03".into(),
        lane: "A".into(),
        reason: "check_document".into(),
        lines: CARD.lines().map(PersonalText::from).collect(),
        checks: Vec::new(),
        identifier: None,
        failure: None,
        inspection,
        verifications: Vec::new(),
    }
}
