//! What happens in the technician's mode.

use super::{Diagnostics, Effect as Wanted, Event as Told, Intent, MockStage, Page, Report, TestId};
use crate::effect::{Effect, Entry, JournalEvent, MustAct};
use crate::event::{Event, Intent as Touch};
use crate::kiosk::{Kiosk, Mode, Moment};
use card_reader::reader::{self, Accept, Reading};
use std::time::Duration;
use verification_api::personal::PersonalText;
use verification_api::wire::TECHNICIAN_PIN;

/// A technician looks into the machine with both hands: left alone after ten minutes, a sign-in after one.
const IDLE: Duration = Duration::from_secs(600);
const SIGN_IN_IDLE: Duration = Duration::from_secs(60);

impl Diagnostics {
    #[must_use]
    pub fn new(credential: Option<PersonalText>, now: Duration) -> Self {
        Self {
            page: Page::SignIn { credential, pin: PersonalText::default(), waiting: false },
            notice: None,
            last_input: now,
            report: Report::default(),
            running: None,
        }
    }
}

impl Kiosk {
    pub(crate) fn diagnostics_step(&mut self, event: Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        let Mode::Diagnostics(mode) = &mut self.mode else { return Vec::new() };
        match event {
            Event::Tick => {
                let limit = if mode.page.technician().is_some() { IDLE } else { SIGN_IN_IDLE };
                if moment.now.saturating_sub(mode.last_input) >= limit {
                    return self.leave_diagnostics();
                }
                Vec::new()
            }
            Event::Activity => {
                mode.last_input = moment.now;
                Vec::new()
            }
            Event::Reader(event) => self.diagnostics_read(event, moment),
            Event::Diagnostics(told) => self.diagnostics_told(told),
            Event::Intent(intent) => {
                mode.last_input = moment.now;
                match intent {
                    Touch::Diagnostics(intent) => self.technician_asked(intent),
                    Touch::Key(c) => self.technician_asked(Intent::Key(c)),
                    Touch::Delete => self.technician_asked(Intent::Delete),
                    Touch::Forward => self.technician_asked(Intent::SignIn),
                    Touch::Back | Touch::StartOver => self.technician_asked(Intent::Leave),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn technician_asked(&mut self, intent: Intent) -> Vec<Effect> {
        let Mode::Diagnostics(mode) = &mut self.mode else { return Vec::new() };
        mode.notice = None;
        if let Page::SignIn { credential, pin, waiting } = &mut mode.page {
            match intent {
                Intent::Key(c) if c.is_ascii_digit() && pin.chars() < *TECHNICIAN_PIN.end() => pin.push(c),
                Intent::Delete => pin.pop(),
                Intent::SignIn if !*waiting && !pin.is_empty() => {
                    if let Some(credential) = credential {
                        *waiting = true;
                        let (credential, pin) = (credential.clone(), std::mem::take(pin));
                        return vec![Effect::Diagnostics(Wanted::Admit { credential, pin })];
                    }
                }
                Intent::Leave => return self.leave_diagnostics(),
                _ => {}
            }
            return Vec::new();
        }
        let Some(technician) = mode.page.technician().map(str::to_owned) else { return Vec::new() };
        match intent {
            Intent::Leave => self.leave_diagnostics(),
            Intent::Test(test) => {
                mode.running = Some(test.clone());
                vec![
                    by(&technician, JournalEvent::SelfTestRun, Some(test_name(&test))),
                    Effect::Diagnostics(Wanted::Test(test)),
                ]
            }
            Intent::ShowCamera => {
                mode.page = Page::Camera { technician };
                vec![self.arm(Accept::Documents), Effect::Preview(true)]
            }
            Intent::ShowOverview => {
                mode.page = Page::Overview { technician };
                vec![Effect::Disarm, Effect::Preview(false)]
            }
            Intent::MockVisit => {
                mode.page = Page::Mock { technician, stage: MockStage::PresentCard };
                vec![self.arm(Accept::Documents), Effect::Preview(true)]
            }
            Intent::Key(_) | Intent::Delete | Intent::SignIn => Vec::new(),
        }
    }

    fn diagnostics_read(&mut self, event: reader::Event, moment: &mut Moment<'_>) -> Vec<Effect> {
        let newest = reader::PresentationNo(self.presentations);
        let Mode::Diagnostics(mode) = &mut self.mode else { return Vec::new() };
        match (event, &mut mode.page) {
            (reader::Event::Read { presentation, .. } | reader::Event::Failed { presentation, .. }, _)
                if presentation < newest =>
            {
                Vec::new()
            }
            (
                reader::Event::Read { reading: Reading::Staff(text), .. },
                Page::SignIn { credential, waiting: false, .. },
            ) => {
                mode.last_input = moment.now;
                if text.expose(|t| t.starts_with("TC1:")) {
                    *credential = Some(text);
                }
                // Another one takes its place.
                vec![self.arm(Accept::Staff)]
            }
            (reader::Event::Read { reading: Reading::Zone(zone), .. }, Page::Mock { stage, .. })
                if *stage == MockStage::PresentCard =>
            {
                // No personal data on a diagnostics page: what was read is told by its kind.
                let read = format!("{} {}", zone.format.name(), zone.document.document_type.name());
                *stage = MockStage::Asking { read };
                let request = moment.request();
                let inspect = Wanted::MockInspect {
                    request,
                    document: Box::new(zone.document.clone()),
                    checks: zone.checks.clone(),
                };
                vec![Effect::Disarm, Effect::Diagnostics(inspect)]
            }
            (reader::Event::Read { .. } | reader::Event::Failed { .. }, Page::Camera { .. } | Page::Mock { .. }) => {
                // Keep looking: a technician tries card after card.
                vec![self.arm(Accept::Documents)]
            }
            _ => Vec::new(),
        }
    }

    fn diagnostics_told(&mut self, told: Told) -> Vec<Effect> {
        let Mode::Diagnostics(mode) = &mut self.mode else { return Vec::new() };
        match told {
            Told::Admitted { technician } => {
                let entered = by(&technician, JournalEvent::TechnicianEntered, None);
                mode.page = Page::Overview { technician };
                vec![entered, Effect::Disarm]
            }
            Told::Refused(notice) => {
                mode.notice = Some(notice);
                let Page::SignIn { credential, waiting, .. } = &mut mode.page else { return Vec::new() };
                *credential = None;
                *waiting = false;
                vec![
                    crate::kiosk::entry(JournalEvent::TechnicianRefused, None, "technician", None, MustAct::Technician),
                    self.arm(Accept::Staff),
                ]
            }
            Told::Report(report) => {
                let tests = std::mem::take(&mut mode.report.tests);
                mode.report = *report;
                if mode.report.tests.is_empty() {
                    mode.report.tests = tests;
                }
                Vec::new()
            }
            Told::Tested(rows) => {
                mode.running = None;
                for row in rows {
                    mode.report.tests.retain(|known| known.name != row.name);
                    mode.report.tests.push(row);
                }
                Vec::new()
            }
            Told::MockAnswered { answered, detail } => {
                if let Page::Mock { stage, .. } = &mut mode.page
                    && let MockStage::Asking { read } = stage
                {
                    *stage = MockStage::Done { read: std::mem::take(read), answered, detail };
                }
                Vec::new()
            }
        }
    }

    fn leave_diagnostics(&mut self) -> Vec<Effect> {
        let Mode::Diagnostics(mode) = std::mem::replace(&mut self.mode, Mode::Traveler) else { return Vec::new() };
        let mut effects = vec![Effect::Disarm, Effect::Preview(false), Effect::Diagnostics(Wanted::Watch(false))];
        if let Some(technician) = mode.page.technician() {
            effects.push(by(technician, JournalEvent::TechnicianLeft, None));
        }
        effects
    }
}

fn test_name(test: &TestId) -> &str {
    match test {
        TestId::Device(device) | TestId::Interactive(device) => &device.0,
        TestId::Service => "service",
        TestId::Journal => "journal",
        TestId::All => "all",
    }
}

fn by(technician: &str, event: JournalEvent, cause: Option<&str>) -> Effect {
    Effect::Journal(Entry {
        event,
        visit: None,
        role: "technician",
        actor: Some(technician.to_owned()),
        cause: cause.map(str::to_owned),
        must_act: MustAct::Nobody,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Notice, Row};
    use crate::officer;
    use crate::test_bench::{Bench, CARD, zone};
    use card_reader::reader::{Event as Heard, PresentationNo};

    fn at_sign_in() -> Bench {
        let mut bench = Bench::new();
        bench.touch(Touch::Officer(officer::Intent::Enter)).touch(Touch::Officer(officer::Intent::Technician));
        bench
    }

    fn shown(bench: &mut Bench, text: &str) {
        let presentation = PresentationNo(bench.kiosk.presentations);
        let reading = Reading::Staff(PersonalText::from(text));
        bench.event(Event::Reader(Heard::Read { presentation, reading }));
    }

    fn admitted() -> Bench {
        let mut bench = at_sign_in();
        shown(&mut bench, "TC1:x.y");
        for c in "12345678".chars() {
            bench.touch(Touch::Key(c));
        }
        bench.touch(Touch::Diagnostics(Intent::SignIn));
        assert!(bench.has(|e| matches!(e, Effect::Diagnostics(Wanted::Admit { .. }))));
        bench.event(Event::Diagnostics(Told::Admitted { technician: "t-1".into() }));
        bench
    }

    fn page(bench: &Bench) -> &Page {
        match &bench.kiosk.mode {
            Mode::Diagnostics(mode) => &mode.page,
            _ => panic!("not in diagnostics"),
        }
    }

    #[test]
    fn without_a_credential_a_pin_alone_asks_nothing() {
        let mut bench = at_sign_in();
        for c in "12345678".chars() {
            bench.touch(Touch::Key(c));
        }
        bench.touch(Touch::Diagnostics(Intent::SignIn));
        assert!(bench.effects.is_empty());
        assert!(matches!(page(&bench), Page::SignIn { .. }));
    }

    #[test]
    fn a_technician_is_admitted_only_by_the_answer() {
        let bench = admitted();
        assert_eq!(page(&bench).technician(), Some("t-1"));
        assert!(bench.journaled(JournalEvent::TechnicianEntered));
    }

    #[test]
    fn a_refused_credential_is_dropped_and_journaled() {
        let mut bench = at_sign_in();
        shown(&mut bench, "TC1:x.y");
        bench.event(Event::Diagnostics(Told::Refused(Notice::CredentialRefused)));
        assert!(matches!(page(&bench), Page::SignIn { credential: None, .. }));
        assert!(bench.journaled(JournalEvent::TechnicianRefused));
    }

    #[test]
    fn a_second_credential_can_be_shown_after_the_first() {
        let mut bench = at_sign_in();
        for text in ["TC1:x.y", "B-1", "TC1:z.z"] {
            shown(&mut bench, text);
            assert!(bench.has(|e| matches!(e, Effect::Arm { accept: Accept::Staff, .. })), "deaf after {text}");
        }
        let Page::SignIn { credential: Some(newest), .. } = page(&bench) else { panic!("none taken") };
        assert!(newest.expose(|text| text == "TC1:z.z"));
    }

    #[test]
    fn a_running_visit_keeps_the_technician_out() {
        let mut bench = Bench::new();
        bench.at_present().touch(Touch::Officer(officer::Intent::Enter));
        bench.touch(Touch::Officer(officer::Intent::Technician));
        assert!(matches!(bench.kiosk.mode, Mode::Officer(_)));
        assert!(bench.kiosk.visit.is_some());
    }

    #[test]
    fn a_mock_visit_ends_on_its_page_and_never_in_complete() {
        let mut bench = admitted();
        bench.touch(Touch::Diagnostics(Intent::MockVisit));
        let presentation = PresentationNo(bench.kiosk.presentations);
        bench.event(Event::Reader(Heard::Read { presentation, reading: zone(CARD) }));
        assert!(bench.has(|e| matches!(e, Effect::Diagnostics(Wanted::MockInspect { .. }))));
        bench.event(Event::Diagnostics(Told::MockAnswered { answered: true, detail: "refer".into() }));
        assert!(matches!(page(&bench), Page::Mock { stage: MockStage::Done { answered: true, .. }, .. }));
        assert!(bench.kiosk.visit.is_none());
    }

    #[test]
    fn test_results_replace_those_of_the_same_row() {
        let mut bench = admitted();
        let row = |ok| Row { name: "journal".into(), facts: String::new(), ok, must_act: MustAct::Nobody };
        bench.touch(Touch::Diagnostics(Intent::Test(TestId::Journal)));
        bench.event(Event::Diagnostics(Told::Tested(vec![row(false)])));
        bench.event(Event::Diagnostics(Told::Tested(vec![row(true)])));
        let Mode::Diagnostics(mode) = &bench.kiosk.mode else { panic!("left") };
        assert_eq!(mode.report.tests, [row(true)]);
        assert_eq!(mode.running, None);
    }

    #[test]
    fn a_reader_is_tried_with_a_document_and_journaled_by_its_name() {
        let mut bench = admitted();
        let device = card_reader::reader::DeviceId("scanner".into());
        bench.touch(Touch::Diagnostics(Intent::Test(TestId::Interactive(device.clone()))));
        let asked = Wanted::Test(TestId::Interactive(device.clone()));
        assert!(
            bench.has(|e| matches!((e, &asked), (Effect::Diagnostics(Wanted::Test(a)), Wanted::Test(b)) if a == b))
        );
        assert!(bench.journaled(JournalEvent::SelfTestRun));
        let Mode::Diagnostics(mode) = &bench.kiosk.mode else { panic!("left") };
        assert_eq!(mode.running, Some(TestId::Interactive(device)));
    }

    #[test]
    fn left_alone_it_goes_back_to_the_traveler() {
        let mut bench = admitted();
        bench.wait(600);
        assert!(matches!(bench.kiosk.mode, Mode::Traveler));
        assert!(bench.journaled(JournalEvent::TechnicianLeft));
    }
}
