//! The mock visit: a test card from the reader to the service's answer. It ends here, never in Complete.

use super::{ask, page};
use crate::diagnostics::{Intent as Ask, MockStage};
use crate::i18n::{Line, Msg};
use crate::screens::content::{Action, Item, Picture, Role, ScreenContent, StepState, Tone};

pub(super) fn content(stage: &MockStage) -> ScreenContent {
    let (at, read) = match stage {
        MockStage::PresentCard => (0, None),
        MockStage::Asking { read } => (1, Some(read)),
        MockStage::Done { read, .. } => (3, Some(read)),
    };
    let state = |step: usize| match step.cmp(&at) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => StepState::Now,
        std::cmp::Ordering::Greater => StepState::Later,
    };
    let first: Line = match read {
        Some(read) => Msg::MockRead.with("read", read.clone()),
        None => Msg::MockPresent.into(),
    };
    let steps = vec![(first, state(0)), (Msg::MockAsking.into(), state(1)), (Msg::MockAnswered.into(), state(2))];
    let (steps, result) = match stage {
        MockStage::Done { answered, detail, .. } => {
            let title = if *answered { Msg::MockAnswered } else { Msg::MockSilent };
            let tone = if *answered { Tone::Good } else { Tone::Care };
            let help = Some(Msg::MockAnsweredHelp.with("detail", detail.clone()));
            let mut steps = steps;
            if !*answered {
                steps.truncate(2);
            }
            (steps, Some(Item::Notice { tone, title: title.into(), help }))
        }
        MockStage::PresentCard | MockStage::Asking { .. } => (steps, None),
    };
    let picture = match stage {
        MockStage::PresentCard => Picture::CardIntoReader { travel: 0.0 },
        MockStage::Asking { .. } => Picture::Asking { asked: 0.5 },
        MockStage::Done { .. } => Picture::Asking { asked: 1.0 },
    };
    page(Msg::MockTitle)
        .help(Msg::MockHelp)
        .item(Item::Steps { steps, progress: None })
        .maybe(result)
        .item(Item::Picture(picture))
        .action(Action::new(Role::WayOut, Msg::TechOverview, ask(Ask::ShowOverview)))
        .action(Action::new(Role::Forward, Msg::MockAgain, ask(Ask::MockVisit)))
}
