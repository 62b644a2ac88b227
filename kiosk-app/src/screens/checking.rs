//! LookingUp and Verifying: the record service is being asked. What is done is ticked off; the bar fills up to the
//! moment when waiting ends.

use crate::event::Intent;
use crate::i18n::{Line, Msg};
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Picture, Place, Role, ScreenContent, StepState, Tone};
use crate::screens::words;
use crate::session::state::Session;
use std::time::Duration;

/// After this the screen says how long it will wait.
const SLOW: Duration = Duration::from_secs(4);

pub(super) fn looking_up(kiosk: &Kiosk, visit: &Session, since: Duration) -> ScreenContent {
    let kind = visit.reading.as_ref().and_then(words::document_of).map(|document| document.document_type);
    let read = match kind {
        Some(kind) => Msg::LookingRead.with("document", words::document(kind)),
        None => Msg::LookingRead.with("document", Msg::DocumentOther),
    };
    let steps = vec![
        (read, StepState::Done),
        (Msg::LookingLines.into(), StepState::Done),
        (Msg::LookingAsking.into(), StepState::Now),
        (Msg::LookingComparing.into(), StepState::Later),
    ];
    asking(kiosk, Msg::LookingTitle, steps, since)
}

pub(super) fn verifying(kiosk: &Kiosk, visit: &Session, since: Duration) -> ScreenContent {
    let number = visit.identifier.as_ref().map(|(_, number)| number.masked(4)).unwrap_or_default();
    let steps = vec![
        (Msg::VerifyingNumber.with("number", number), StepState::Done),
        (Msg::VerifyingCode.into(), StepState::Done),
        (Msg::VerifyingAsking.into(), StepState::Now),
        (Msg::VerifyingAnswer.into(), StepState::Later),
    ];
    asking(kiosk, Msg::VerifyingTitle, steps, since)
}

fn asking(kiosk: &Kiosk, title: Msg, steps: Vec<(Line, StepState)>, since: Duration) -> ScreenContent {
    let deadline = kiosk.policy.answer_deadline;
    let passed = kiosk.now.saturating_sub(since);
    let waited = (passed.as_secs_f32() / deadline.as_secs_f32().max(0.1)).clamp(0.0, 1.0);
    // Two of the four steps are behind; the rest fills with the time that the answer may take.
    let progress = 0.5 + 0.5 * waited;
    let left = words::seconds_left(kiosk.now, since + deadline);
    ScreenContent::new(Place::Step { step: 3, done: false }, title)
        .help(Msg::LookingHelp)
        .item(Item::Steps { steps, progress: Some(progress) })
        .maybe(
            (passed >= SLOW).then(|| Item::Status { tone: Tone::Plain, line: Msg::LookingSlow.with("seconds", left) }),
        )
        .item(Item::Picture(Picture::Asking { asked: progress }))
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::Cancel, Intent::Cancel))
}
