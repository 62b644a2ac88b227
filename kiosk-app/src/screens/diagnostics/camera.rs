//! The live picture with the zone found, and the stages of the last reading with their times.

use super::{ask, page};
use crate::diagnostics::{Intent as Ask, Report, TestId};
use crate::i18n::Msg;
use crate::screens::Look;
use crate::screens::content::{Action, Fact, Item, Label, Role, ScreenContent, Tone, Value};
use card_reader::reader::DeviceId;

pub(super) fn content(look: &Look, report: &Report, running: Option<&TestId>) -> ScreenContent {
    let test = TestId::Device(DeviceId("camera".to_owned()));
    let picture = if look.preview.is_some() {
        Item::Preview { quad: None }
    } else {
        Item::Status { tone: Tone::Care, line: Msg::CameraNone.into() }
    };
    let facts: Vec<Fact> = report
        .devices
        .iter()
        .filter(|status| status.device.0 == "camera")
        .flat_map(|status| status.facts.split(" · "))
        .filter(|fact| !fact.is_empty())
        .map(|fact| {
            let (label, value) = fact.split_once(' ').unwrap_or((fact, ""));
            Fact { label: Label::Text(label.to_owned()), value: Value::Text(value.to_owned()), tone: Tone::Plain }
        })
        .collect();
    page(Msg::CameraTitle)
        .help(Msg::CameraHelp)
        .item(picture)
        .maybe((!facts.is_empty()).then_some(Item::Facts(facts)))
        .item(Item::Stages(report.stages.clone()))
        .item(Item::Fill)
        .action(Action::new(Role::WayOut, Msg::TechOverview, ask(Ask::ShowOverview)))
        .action(Action::new(Role::Forward, Msg::TechTest, ask(Ask::Test(test))).enabled(running.is_none()))
}
