//! One row a device or service: a dot, its name, one line of facts, who must act, a test.

use super::{ask, page};
use crate::devices;
use crate::diagnostics::{Diagnostics, Intent as Ask, Row, TestId};
use crate::effect::MustAct;
use crate::i18n::Msg;
use crate::screens::content::{Action, Item, Label, Role, ScreenContent, Tone};
use crate::screens::words;
use card_reader::reader::DeviceStatus;

/// Results of tests that are shown, newest last; fewer where the rows take their room.
const RESULTS: usize = 3;
/// Rows beside which all results find room.
const FEW: usize = 5;
/// Rows beside which the stages of the last reading find room; they are on the camera's page too.
const SOME: usize = 6;

pub(super) fn content(diagnostics: &Diagnostics, technician: &str) -> ScreenContent {
    let report = &diagnostics.report;
    let running = diagnostics.running.as_ref();
    let mut content = page(Msg::TechOverviewTitle).help(
        Msg::TechSigned
            .with("technician", technician)
            .with("machine", report.machine_id.clone())
            .with("clock", report.clock.clone()),
    );
    for status in &report.devices {
        let id = next_test(status, &report.tests);
        let at = content.place(vec![test(id, running)]).start;
        content = content.item(device(status, at));
    }
    for (name, row, id) in [
        (Msg::DeviceService, &report.service, Some(TestId::Service)),
        (Msg::DeviceCertificate, &report.certificate, None),
        (Msg::DeviceJournal, &report.journal, Some(TestId::Journal)),
        (Msg::DeviceLog, &report.log, None),
        (Msg::DeviceOutbox, &report.outbox, None),
    ] {
        let Some(row) = row else { continue };
        let at = id.map(|id| content.place(vec![test(id, running)]).start);
        content = content.item(Item::Device {
            name: name.into(),
            facts: vec![Label::Text(row.facts.clone())],
            tone: tone(row),
            who: words::must_act(row.must_act).into(),
            test: at,
        });
    }
    let rows = content.items.len();
    if rows <= SOME {
        content = content.item(Item::Stages(report.stages.clone()));
    }
    let results = if rows <= FEW { RESULTS } else { 1 };
    for row in report.tests.iter().rev().take(results).rev() {
        let line = Msg::TestResult.with("name", row.name.clone()).with("facts", row.facts.clone());
        content = content.item(Item::Status { tone: if row.ok { Tone::Good } else { Tone::Care }, line });
    }
    let all = running.is_none();
    content
        .action(Action::new(Role::Secondary, Msg::TechMock, ask(Ask::MockVisit)))
        .action(Action::new(Role::Secondary, Msg::TechCamera, ask(Ask::ShowCamera)))
        .action(Action::new(Role::Forward, Msg::TechTestAll, ask(Ask::Test(TestId::All))).enabled(all))
}

/// What has answered is next tried with a document.
fn next_test(status: &DeviceStatus, tests: &[Row]) -> TestId {
    let device = status.device.clone();
    let answered = tests.iter().any(|row| row.ok && row.name == device.0);
    if answered && status.reads { TestId::Interactive(device) } else { TestId::Device(device) }
}

/// A row's test; while one runs, its row says so and no other starts.
fn test(id: TestId, running: Option<&TestId>) -> Action {
    let name = match &id {
        TestId::Device(device) => format!("test-{}", device.0),
        TestId::Interactive(device) => format!("try-{}", device.0),
        TestId::Service => "test-service".to_owned(),
        TestId::Journal => "test-journal".to_owned(),
        TestId::All => "test-all".to_owned(),
    };
    let busy = running.is_some_and(|at| *at == id || *at == TestId::All);
    let label = match (&id, busy) {
        (TestId::Interactive(_), true) => Msg::TechTryNow,
        (TestId::Interactive(_), false) => Msg::TechTry,
        (_, true) => Msg::TechTesting,
        (_, false) => Msg::TechTest,
    };
    Action::new(Role::Choice, label, ask(Ask::Test(id))).id(name).enabled(running.is_none())
}

fn tone(row: &Row) -> Tone {
    match (row.ok, row.must_act) {
        (true, MustAct::Nobody) => Tone::Good,
        (true, _) => Tone::Care,
        (false, _) => Tone::Bad,
    }
}

fn device(status: &DeviceStatus, test: usize) -> Item {
    let name = match status.device.0.as_str() {
        "scanner" => Label::from(Msg::DeviceScanner),
        "camera" => Label::from(Msg::DeviceCamera),
        other => Label::Text(other.to_owned()),
    };
    let (tone, who) = match (status.fault, status.ready) {
        (Some(fault), _) => (Tone::Bad, words::must_act(devices::must_act(fault))),
        (None, true) => (Tone::Good, words::must_act(MustAct::Nobody)),
        (None, false) => (Tone::Care, Msg::DeviceStarting),
    };
    let known = [&status.identity, &status.facts].into_iter().filter(|fact| !fact.is_empty());
    let mut facts: Vec<Label> = status.fault.map(|fault| words::fault(fault).into()).into_iter().collect();
    facts.extend(known.map(|fact| Label::Text(fact.clone())));
    if status.good_reads + status.failed_reads > 0 {
        facts.push(Msg::DeviceReads.with("good", status.good_reads).with("failed", status.failed_reads).into());
    }
    if status.reconnects > 0 {
        facts.push(Msg::DeviceReconnects.with("count", status.reconnects).into());
    }
    Item::Device { name, facts, tone, who: who.into(), test: Some(test) }
}

#[cfg(test)]
mod tests {
    use super::{device, next_test};
    use crate::diagnostics::{Row, TestId};
    use crate::effect::MustAct;
    use crate::i18n::Msg;
    use crate::screens::content::{Item, Label, Tone};
    use card_reader::reader::{DeviceId, DeviceStatus, Fault};

    fn status(kind: &'static str) -> DeviceStatus {
        DeviceStatus {
            device: DeviceId("scanner".into()),
            kind,
            reads: true,
            fault: None,
            ready: true,
            identity: String::new(),
            good_reads: 0,
            failed_reads: 0,
            reconnects: 0,
            faults: 0,
            facts: String::new(),
        }
    }

    #[test]
    fn a_faulty_device_says_what_is_wrong_and_who_must_act() {
        let status = DeviceStatus { fault: Some(Fault::Frozen), ready: false, reconnects: 2, ..status("camera") };
        let Item::Device { facts, tone, who, .. } = device(&status, 0) else { panic!("a device") };
        assert_eq!((tone, who.message), (Tone::Bad, Msg::MustActVendor));
        assert!(matches!(&facts[..], [Label::Line(what), Label::Line(counts)]
            if what.message == Msg::FaultFrozen && counts.message == Msg::DeviceReconnects));
    }

    #[test]
    fn a_reader_that_answered_is_next_tried_with_a_document() {
        let row = |ok| Row { name: "scanner".into(), facts: String::new(), ok, must_act: MustAct::Nobody };
        let device = DeviceId("scanner".into());
        assert_eq!(next_test(&status("honeywell"), &[]), TestId::Device(device.clone()));
        assert_eq!(next_test(&status("honeywell"), &[row(false)]), TestId::Device(device.clone()));
        assert_eq!(next_test(&status("honeywell"), &[row(true)]), TestId::Interactive(device.clone()));
        assert_eq!(next_test(&status("camera"), &[row(true)]), TestId::Interactive(device.clone()));
        let motor = DeviceStatus { reads: false, ..status("crt571") };
        assert_eq!(next_test(&motor, &[row(true)]), TestId::Device(device), "it reads nothing");
    }
}
