//! What happens at the officer's desk.

use super::{Desk, Intent, KeyIn, Notice, OverrideReason, Page, SignIn, SignInField, SignedIn};
use crate::diagnostics::Diagnostics;
use crate::effect::{Closing, Effect, Entry, JournalEvent, MustAct, Override};
use crate::event::{Event, Intent as Touch, StaffAnswer, StaffId};
use crate::kiosk::{Kiosk, Mode, Moment};
use crate::session::answers::{CallFailure, OpenedReferral};
use crate::session::state::{CompletedBy, ReferralReason, Session, Settings, State};
use card_reader::date::Date;
use card_reader::mrz::Format;
use card_reader::reader::{self, Accept, CardMove, Reading};
use std::time::Duration;
use verification_api::personal::PersonalText;
use verification_api::wire::{OFFICER_PIN, ReferralOutcome};

const LONGEST_BADGE: usize = 16;
const LONGEST_NOTE: usize = 200;
/// `K07-4M2P`, with room for a longer kiosk number.
const LONGEST_REFERENCE: usize = 12;

impl Kiosk {
    /// From the traveler's screen to the officer's sign-in; a technician's credential goes to diagnostics.
    pub(crate) fn enter_staff(
        &mut self,
        intent: &Intent,
        badge: Option<PersonalText>,
        moment: &mut Moment<'_>,
    ) -> Vec<Effect> {
        let technician = badge.as_ref().is_some_and(|text| text.expose(|t| t.starts_with("TC1:")));
        if technician || matches!(intent, Intent::Technician) {
            return self.enter_diagnostics(badge, moment);
        }
        if !matches!(intent, Intent::Enter) {
            return Vec::new();
        }
        self.staff += 1;
        if let Some(visit) = &mut self.visit {
            visit.staff_comes();
        }
        let field = if badge.is_some() { SignInField::Pin } else { SignInField::Badge };
        let sign_in = SignIn { badge: badge.unwrap_or_default(), pin: PersonalText::default(), field, waiting: false };
        self.mode = Mode::Officer(Box::new(Desk {
            staff: StaffId(self.staff),
            page: Page::SignIn(sign_in),
            officer: None,
            last_input: moment.now,
            notice: None,
            opened: None,
        }));
        vec![Effect::Preview(false), self.arm(Accept::Staff)]
    }

    /// A technician's sign-in; a running visit is ended by an officer first.
    pub(crate) fn enter_diagnostics(
        &mut self,
        credential: Option<PersonalText>,
        moment: &mut Moment<'_>,
    ) -> Vec<Effect> {
        if self.visit.is_some() {
            // The scan has used up what was armed; an officer's badge must still be read.
            return vec![self.arm(Accept::Staff)];
        }
        self.mode = Mode::Diagnostics(Box::new(Diagnostics::new(credential, moment.now)));
        // The header tells version and start before anybody has signed in.
        vec![self.arm(Accept::Staff), Effect::Diagnostics(crate::diagnostics::Effect::Watch(true))]
    }

    pub(crate) fn officer_step(&mut self, event: Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        let signing_in = self.is_signing_in();
        let mut effects = match event {
            Event::Tick => {
                let mut effects = self.visit_step(Event::Tick, moment);
                if self.desk_idle(moment.now) {
                    effects.extend(self.leave_desk("idle", None, moment));
                }
                effects
            }
            Event::Activity => {
                if let Mode::Officer(desk) = &mut self.mode {
                    desk.last_input = moment.now;
                }
                self.visit_step(Event::Activity, moment)
            }
            Event::Intent(intent) => self.desk_asked(intent, moment),
            Event::Reader(reader::Event::Read { reading: Reading::Staff(badge), .. }) => self.badge_read(badge, moment),
            // The readers take badges here; a document put down now is none of the visit's.
            Event::Reader(
                reader::Event::Sensed { .. }
                | reader::Event::Advice { .. }
                | reader::Event::Read { .. }
                | reader::Event::Failed { .. }
                | reader::Event::Removed { .. },
            ) if signing_in => Vec::new(),
            Event::Staff { staff, answer } => self.staff_answered(staff, answer, moment),
            Event::Reader(reader::Event::Card { what, .. }) => {
                match what {
                    CardMove::Offered => self.notice(Notice::CardOffered),
                    CardMove::Captured => self.notice(Notice::CardKept),
                    CardMove::NotTaken => {}
                }
                Vec::new()
            }
            Event::OverrideJournaled { visit, written } => {
                if let Mode::Officer(desk) = &mut self.mode
                    && let Page::Visit { waiting, .. } = &mut desk.page
                {
                    *waiting = false;
                }
                if !written {
                    self.notice(Notice::JournalNotWritable);
                }
                self.visit_step(Event::OverrideJournaled { visit, written }, moment)
            }
            other => self.visit_step(other, moment),
        };
        effects.extend(self.after_desk(moment));
        if signing_in && self.is_signing_in() && !self.visit.as_ref().is_some_and(|visit| visit.over) {
            // The visit goes on meanwhile, but the readers are the officer's.
            effects.retain(|effect| match effect {
                Effect::Disarm | Effect::Preview(true) => false,
                Effect::Arm { accept, .. } => matches!(accept, Accept::Staff),
                _ => true,
            });
        }
        effects
    }

    fn is_signing_in(&self) -> bool {
        matches!(&self.mode, Mode::Officer(desk) if matches!(desk.page, Page::SignIn(_)))
    }

    /// The visit is over: the officer is signed out with it.
    pub(crate) fn close_desk(&mut self) -> Vec<Effect> {
        let Mode::Officer(desk) = std::mem::replace(&mut self.mode, Mode::Traveler) else {
            // Diagnostics and OutOfService have no visit to end; Traveler stays.
            return Vec::new();
        };
        signed_out(*desk, "visit_ended", None)
    }

    /// The visit is complete while an officer stands here: the traveler's screen says so, or, for a referral opened
    /// from elsewhere, the referral is closed.
    fn after_desk(&mut self, moment: &mut Moment<'_>) -> Vec<Effect> {
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        if matches!(desk.page, Page::PullUp)
            && self.visit.as_ref().is_some_and(|visit| visit.hands_over() || matches!(visit.state, State::NotVerified))
        {
            desk.page = Page::visit();
        }
        let completed = self.visit.as_ref().and_then(|visit| match visit.state {
            State::Complete { by, .. } => Some(by),
            _ => None,
        });
        let (Some(_), Some(by)) = (&desk.officer, completed) else { return Vec::new() };
        let outcome = match by {
            CompletedBy::Officer => ReferralOutcome::Overridden,
            CompletedBy::Document | CompletedBy::Code => ReferralOutcome::Ended,
        };
        let mut effects = Vec::new();
        let mut closing = None;
        let stored = self.visit.as_ref().filter(|visit| visit.reference_stored || desk.opened.is_some());
        if let (Some(visit), Some(officer)) = (stored, &desk.officer) {
            closing = Some(Closing { visit: visit.handover, outcome, code: None });
            effects.push(note(JournalEvent::ReferralClosed, Some(visit.id.0), officer, Some(outcome.name())));
        }
        effects.extend(self.leave_desk("visit_complete", closing, moment));
        effects
    }

    /// The sign-in `staff` is still waited for.
    pub(crate) fn awaits_sign_in(&self, staff: StaffId) -> bool {
        matches!(&self.mode, Mode::Officer(desk) if desk.staff == staff && matches!(desk.page, Page::SignIn(_)))
    }

    /// The service has disabled these officers: one of them who stands here is signed out now.
    pub(crate) fn dismiss(&mut self, disabled: &[String], moment: &mut Moment<'_>) -> Vec<Effect> {
        let here = match &self.mode {
            Mode::Officer(desk) => desk.officer.as_ref().is_some_and(|officer| disabled.contains(&officer.pseudonym)),
            _ => false,
        };
        if here { self.leave_desk("disabled", None, moment) } else { Vec::new() }
    }

    fn desk_idle(&self, now: Duration) -> bool {
        matches!(&self.mode, Mode::Officer(desk)
            if now.saturating_sub(desk.last_input) >= self.policy.officer_idle && !desk.is_deciding())
    }

    /// Back to the traveler's side: signed out, and the visit goes where it belongs.
    fn leave_desk(&mut self, why: &'static str, closing: Option<Closing>, moment: &mut Moment<'_>) -> Vec<Effect> {
        let Mode::Officer(desk) = std::mem::replace(&mut self.mode, Mode::Traveler) else { return Vec::new() };
        let from_elsewhere = desk.opened.is_some();
        let was_signed_in = desk.officer.is_some();
        let mut effects = vec![Effect::Disarm];
        effects.extend(signed_out(*desk, why, closing));
        effects.extend(
            self.with_visit(moment, |visit, context| {
                if from_elsewhere {
                    // Nobody stands here for it: the referral stays open at the service, or was closed.
                    visit.over = true;
                    vec![Effect::Wipe { visit: visit.id }]
                } else if was_signed_in {
                    visit.officer_left(context)
                } else {
                    visit.back_from_staff(context)
                }
            })
            .unwrap_or_default(),
        );
        effects
    }

    fn notice(&mut self, notice: Notice) {
        if let Mode::Officer(desk) = &mut self.mode {
            desk.notice = Some(notice);
        }
    }

    fn desk_asked(&mut self, intent: Touch, moment: &mut Moment<'_>) -> Vec<Effect> {
        let today = moment.today();
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        desk.last_input = moment.now;
        if desk.is_deciding() {
            // It is on its way to the disk: neither twice nor against it.
            return Vec::new();
        }
        desk.notice = None;
        match (&mut desk.page, intent) {
            (_, Touch::Officer(intent)) => self.officer_asked(intent, moment),
            (Page::PullUp, Touch::Back)
                if !self.visit.as_ref().is_some_and(|v| matches!(v.state, State::BackupCode(_))) =>
            {
                self.officer_asked(Intent::Back, moment)
            }
            (Page::PullUp, intent) => self.visit_step(Event::Intent(intent), moment),
            (Page::SignIn(sign_in), intent) => {
                let (text, longest) = match sign_in.field {
                    SignInField::Badge => (&mut sign_in.badge, LONGEST_BADGE),
                    SignInField::Pin => (&mut sign_in.pin, *OFFICER_PIN.end()),
                };
                edit(text, &intent, longest);
                match intent {
                    Touch::Forward => self.officer_asked(Intent::SignIn, moment),
                    Touch::Back | Touch::StartOver => self.leave_desk("cancelled", None, moment),
                    _ => Vec::new(),
                }
            }
            (Page::Visit { note, .. }, intent) => {
                edit(note, &intent, LONGEST_NOTE);
                Vec::new()
            }
            (Page::OpenReferral { typed, waiting }, intent) => {
                if !*waiting {
                    edit(typed, &intent, LONGEST_REFERENCE);
                }
                match intent {
                    Touch::Forward => self.officer_asked(Intent::SubmitReference, moment),
                    Touch::Back => self.officer_asked(Intent::Back, moment),
                    _ => Vec::new(),
                }
            }
            (Page::KeyIn(keyed), intent) => {
                match intent {
                    Touch::Key(c) => keyed.key(c, today),
                    Touch::Delete => keyed.delete(today),
                    Touch::ClearGroup => keyed.clear_row(today),
                    Touch::Forward => return self.officer_asked(Intent::SubmitKeyed, moment),
                    Touch::Back => return self.officer_asked(Intent::Back, moment),
                    _ => {}
                }
                Vec::new()
            }
            (Page::Card { .. }, Touch::Back) => self.officer_asked(Intent::Back, moment),
            (Page::Card { .. }, _) => Vec::new(),
            (Page::Refer { .. }, Touch::Forward) => self.officer_asked(Intent::SubmitRefer, moment),
            (Page::Refer { .. }, Touch::Back) => self.officer_asked(Intent::Back, moment),
            (Page::Refer { .. }, _) => Vec::new(),
        }
    }

    fn officer_asked(&mut self, intent: Intent, moment: &mut Moment<'_>) -> Vec<Effect> {
        let today = moment.today();
        let offered = self.visit.as_ref().is_some_and(Session::override_offered);
        let has_visit = self.visit.is_some();
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        // Before sign-in there is nothing but the sign-in.
        let Some(officer) = &desk.officer else {
            return match (intent, &mut desk.page) {
                (Intent::Field(field), Page::SignIn(sign_in)) => {
                    sign_in.field = field;
                    Vec::new()
                }
                (Intent::SignIn, Page::SignIn(sign_in)) => sign_in_now(desk.staff, sign_in),
                (Intent::Technician, _) if !has_visit => self.enter_diagnostics(None, moment),
                (Intent::Back | Intent::SignOut, _) => self.leave_desk("cancelled", None, moment),
                _ => Vec::new(),
            };
        };
        match (intent, &mut desk.page) {
            (Intent::SignOut, _) => return self.leave_desk("signed_out", None, moment),
            (Intent::EndVisit, _) if has_visit => return self.visit_step(Event::Intent(Touch::EndVisit), moment),
            (Intent::Back, Page::Card { keep_asked }) if *keep_asked => *keep_asked = false,
            (Intent::Back, _) => desk.page = Page::visit(),
            (Intent::Card, _) if !self.movers.is_empty() => desk.page = Page::Card { keep_asked: false },
            (Intent::GiveCardBack, Page::Card { keep_asked: false }) => return self.move_card(false),
            (Intent::KeepCard, Page::Card { keep_asked }) => *keep_asked = true,
            (Intent::KeepCardSurely, Page::Card { keep_asked }) if *keep_asked => {
                *keep_asked = false;
                return self.move_card(true);
            }
            (Intent::Retry, _) if has_visit => {
                desk.page = Page::visit();
                return self.with_visit(moment, |visit, context| visit.retry(context)).unwrap_or_default();
            }
            (Intent::KeyIn, _) if has_visit => desk.page = Page::KeyIn(KeyIn::new(Format::Td1)),
            (Intent::ChooseFormat(format), Page::KeyIn(keyed)) => *keyed = KeyIn::new(format),
            (Intent::Row(row), Page::KeyIn(keyed)) if row < keyed.rows.len() => keyed.row = row,
            (Intent::SubmitKeyed, Page::KeyIn(keyed)) if keyed.whole() => {
                let Some(reading) = keyed.reading(today) else { return Vec::new() };
                desk.page = Page::visit();
                return self.with_visit(moment, |visit, context| visit.keyed(reading, context)).unwrap_or_default();
            }
            (Intent::ChooseReason(chosen), Page::Visit { reason, .. }) => *reason = Some(chosen),
            (Intent::Override, Page::Visit { reason: Some(reason), note, waiting }) => {
                let (reason, note) = (*reason, (!note.is_empty()).then(|| note.clone()));
                if !offered {
                    desk.notice = Some(Notice::OverrideNotOffered);
                } else if reason == OverrideReason::Other && note.is_none() {
                    desk.notice = Some(Notice::NoteRequired);
                } else {
                    let decided = decide(officer, desk.opened.as_deref(), reason, note, self.visit.as_ref(), moment);
                    *waiting = decided.is_some();
                    return decided.into_iter().collect();
                }
            }
            (Intent::Refer, _) if has_visit => desk.page = Page::Refer { code: None },
            (Intent::ChooseReferCode(chosen), Page::Refer { code }) => *code = Some(chosen),
            (Intent::SubmitRefer, Page::Refer { code: Some(code) }) => {
                let code = code.clone();
                return self.close(ReferralOutcome::Secondary, Some(code), moment);
            }
            (Intent::PullUpRecord, _) if has_visit => {
                desk.page = Page::PullUp;
                return self.with_visit(moment, |visit, context| visit.pull_up(context)).unwrap_or_default();
            }
            (Intent::OpenReferral, _) if !has_visit => {
                desk.page = Page::OpenReferral { typed: PersonalText::default(), waiting: false };
            }
            (Intent::SubmitReference, Page::OpenReferral { typed, waiting }) if !*waiting && !typed.is_empty() => {
                *waiting = true;
                return vec![Effect::OpenReferral {
                    staff: desk.staff,
                    session: officer.session.clone(),
                    reference: typed.clone(),
                }];
            }
            (Intent::CloseReferral, _) if desk.opened.is_some() => {
                return self.close(ReferralOutcome::Ended, None, moment);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Has every motorised reader that answers give its card back, or keep it; who asked for that is in the journal.
    fn move_card(&mut self, keep: bool) -> Vec<Effect> {
        self.notice(Notice::CardAsked);
        let Mode::Officer(desk) = &self.mode else { return Vec::new() };
        let Some(officer) = &desk.officer else { return Vec::new() };
        let visit = self.visit.as_ref().map(|visit| visit.id.0);
        self.ready_movers()
            .flat_map(|device| {
                let cause = crate::kiosk::card_order(device, keep);
                let ordered = note(JournalEvent::CardOrdered, visit, officer, Some(&cause));
                [ordered, Effect::MoveCard { device: device.clone(), keep }]
            })
            .collect()
    }

    /// To secondary with a code of the referral vocabulary, or ended at this desk. The officer leaves; a traveler who
    /// stands here is referred.
    fn close(&mut self, outcome: ReferralOutcome, code: Option<String>, moment: &mut Moment<'_>) -> Vec<Effect> {
        let Mode::Officer(desk) = &self.mode else { return Vec::new() };
        let (Some(officer), Some(visit)) = (&desk.officer, &self.visit) else { return Vec::new() };
        let cause = code.as_deref().unwrap_or(outcome.name());
        let mut effects = vec![note(JournalEvent::ReferralClosed, Some(visit.id.0), officer, Some(cause))];
        let open = visit.reference_stored || desk.opened.is_some();
        let closing = open.then_some(Closing { visit: visit.handover, outcome, code });
        effects.extend(self.leave_desk("referred", closing, moment));
        effects
    }

    fn badge_read(&mut self, badge: PersonalText, moment: &mut Moment<'_>) -> Vec<Effect> {
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        let Page::SignIn(sign_in) = &mut desk.page else { return Vec::new() };
        if badge.expose(|text| text.starts_with("TC1:")) {
            return self.enter_diagnostics(Some(badge), moment);
        }
        desk.last_input = moment.now;
        sign_in.badge = badge;
        sign_in.field = SignInField::Pin;
        // Perhaps it was the wrong one: the next takes its place.
        vec![self.arm(Accept::Staff)]
    }

    fn staff_answered(&mut self, staff: StaffId, answer: StaffAnswer, moment: &mut Moment<'_>) -> Vec<Effect> {
        let has_visit = self.visit.is_some();
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        if desk.staff != staff {
            return Vec::new();
        }
        match (answer, &mut desk.page) {
            (StaffAnswer::SignedIn { session, pseudonym, offline_since }, Page::SignIn(_)) => {
                let officer = SignedIn { session, pseudonym, since: moment.now, offline_since };
                let entry = note(JournalEvent::OfficerSignedIn, self.visit.as_ref().map(|v| v.id.0), &officer, None);
                desk.officer = Some(officer);
                desk.last_input = moment.now;
                desk.page =
                    if self.cards_left.is_empty() { first_page(has_visit) } else { Page::Card { keep_asked: false } };
                if let Some(visit) = &mut self.visit {
                    visit.officer_arrived();
                }
                vec![entry, Effect::Disarm]
            }
            (StaffAnswer::Refused, Page::SignIn(sign_in)) => {
                sign_in.pin = PersonalText::default();
                sign_in.waiting = false;
                desk.notice = Some(Notice::SignInRefused);
                vec![
                    crate::kiosk::entry(JournalEvent::OfficerRefused, None, "officer", None, MustAct::Officer),
                    self.arm(Accept::Staff),
                ]
            }
            (StaffAnswer::Unavailable, Page::SignIn(sign_in)) => {
                sign_in.pin = PersonalText::default();
                sign_in.waiting = false;
                desk.notice = Some(Notice::SignInUnavailable);
                vec![self.arm(Accept::Staff)]
            }
            // Only what was typed last: an answer to an earlier reference must not open as the later one.
            (StaffAnswer::Referral { asked, answer }, Page::OpenReferral { typed, waiting })
                if *waiting && asked == *typed =>
            {
                *waiting = false;
                let failure = match answer {
                    Ok(opened) if opened.reference.is_typed_as(typed) => return self.referral_opened(opened, moment),
                    Ok(_) => CallFailure::Unknown,
                    Err(failure) => failure,
                };
                desk.notice = Some(match failure {
                    CallFailure::Refused => Notice::ReferralNotFound,
                    CallFailure::NotSent | CallFailure::Unknown => Notice::ServiceUnavailable,
                });
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A referral opened by its reference becomes a visit under its own id, with nothing to retype.
    fn referral_opened(&mut self, opened: Box<OpenedReferral>, moment: &Moment<'_>) -> Vec<Effect> {
        let Mode::Officer(desk) = &mut self.mode else { return Vec::new() };
        let mut visit = Session::new(opened.visit, Settings::default(), moment.now);
        visit.reference = Some(opened.reference.clone());
        visit.reference_stored = true;
        visit.with_officer = true;
        // What the service said of the document closes the way to an override here as it does there.
        visit.record.clone_from(&opened.inspection);
        visit.state = State::Held {
            reason: ReferralReason::AskedForOfficer,
            since: moment.now,
            storing: false,
            officer_called: false,
        };
        let journaled = desk
            .officer
            .as_ref()
            .map(|officer| note(JournalEvent::ReferralOpened, Some(opened.visit.0), officer, None));
        desk.page = Page::visit();
        desk.opened = Some(opened);
        self.visit = Some(visit);
        journaled.into_iter().collect()
    }
}

impl Desk {
    /// An override was asked for, and whether it is written down is not known yet.
    const fn is_deciding(&self) -> bool {
        matches!(self.page, Page::Visit { waiting: true, .. })
    }
}

impl Moment<'_> {
    /// The UTC day: decides the century of printed dates.
    #[must_use]
    pub fn today(&self) -> Date {
        Date::from_unix_seconds(self.unix_millis / 1000)
    }
}

fn first_page(has_visit: bool) -> Page {
    if has_visit { Page::visit() } else { Page::OpenReferral { typed: PersonalText::default(), waiting: false } }
}

fn sign_in_now(staff: StaffId, sign_in: &mut SignIn) -> Vec<Effect> {
    if sign_in.waiting || sign_in.badge.is_empty() {
        return Vec::new();
    }
    if sign_in.pin.is_empty() {
        sign_in.field = SignInField::Pin;
        return Vec::new();
    }
    sign_in.waiting = true;
    vec![Effect::SignIn { staff, badge: sign_in.badge.clone(), pin: sign_in.pin.clone() }]
}

/// An officer was let in after having left the sign-in: a session that nobody holds is ended at once.
pub(crate) fn came_too_late(session: PersonalText, pseudonym: String) -> Vec<Effect> {
    let cause = Some("left_before".to_owned());
    let (event, must_act) = (JournalEvent::OfficerSignedOut, MustAct::Nobody);
    let signed_out = Entry { event, visit: None, role: "officer", actor: Some(pseudonym), cause, must_act };
    vec![Effect::Journal(signed_out), Effect::SignOut { session, closing: None }]
}

fn signed_out(desk: Desk, why: &'static str, closing: Option<Closing>) -> Vec<Effect> {
    match desk.officer {
        Some(officer) => vec![
            note(JournalEvent::OfficerSignedOut, None, &officer, Some(why)),
            Effect::SignOut { session: officer.session, closing },
        ],
        None => Vec::new(),
    }
}

fn note(event: JournalEvent, visit: Option<uuid::Uuid>, officer: &SignedIn, cause: Option<&str>) -> Effect {
    Effect::Journal(Entry {
        event,
        visit: visit.map(crate::session::state::VisitId),
        role: "officer",
        actor: Some(officer.pseudonym.clone()),
        cause: cause.map(str::to_owned),
        must_act: MustAct::Nobody,
    })
}

/// The decision as it goes to the journal and the service: with the raw reading, unedited.
fn decide(
    officer: &SignedIn,
    opened: Option<&OpenedReferral>,
    reason: OverrideReason,
    note: Option<PersonalText>,
    visit: Option<&Session>,
    moment: &mut Moment<'_>,
) -> Option<Effect> {
    let visit = visit?;
    let reading = visit.handed_reading().or_else(|| {
        let opened = opened?;
        (!opened.lines.is_empty()).then(|| crate::effect::HandedReading {
            source: reader::Source::Camera,
            lines: opened.lines.clone(),
            checks: Vec::new(),
            accepted: false,
        })
    });
    Some(Effect::Override(Box::new(Override {
        visit: visit.id,
        id: moment.request(),
        officer_session: officer.session.clone(),
        pseudonym: officer.pseudonym.clone(),
        offline_since: officer.offline_since,
        reason,
        note,
        reading,
    })))
}

/// Typing into a field of the desk.
fn edit(text: &mut PersonalText, intent: &Touch, longest: usize) {
    match intent {
        Touch::Key(c) if text.chars() < longest => text.push(*c),
        Touch::Delete => text.pop(),
        Touch::ClearGroup => *text = PersonalText::default(),
        _ => {}
    }
}
