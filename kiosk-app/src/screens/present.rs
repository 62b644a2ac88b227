//! PresentDocument and Reading: the card, the reader, what the camera sees, and advice that changes with it.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::{Device, Kiosk};
use crate::screens::content::{Action, Item, Picture, Place, Role, ScreenContent, StepState, Tone};
use crate::screens::{Look, words};
use crate::session::state::{Session, TextSize};
use card_reader::ocr::{Advice, Quad};
use std::time::Duration;

const STEP: Place = Place::Step { step: 2, done: false };

pub(super) fn content(
    kiosk: &Kiosk,
    look: &Look,
    visit: &Session,
    advice: Option<Advice>,
    quad: Option<Quad>,
) -> ScreenContent {
    let camera = look.preview.is_some();
    let reader = has_reader(kiosk);
    let (title, help) = match (reader, camera) {
        (false, true) => (Msg::PresentTitleCamera, Msg::PresentHelpCamera),
        (true, true) => (Msg::PresentTitle, Msg::PresentHelpEither),
        (_, false) => (Msg::PresentTitle, Msg::PresentHelp),
    };
    let picture =
        if reader || !camera { Picture::CardIntoReader { travel: look.travel() } } else { Picture::CardToCamera };
    // Beside a live picture, large text leaves no room for the drawn one.
    let pictured = !camera || visit.settings.text_size == TextSize::Normal;
    let (tone, (first, second)) = match advice {
        Some(advice) => (Tone::Care, words::advice(advice)),
        None if visit.failed_tries > 0 => (Tone::Care, (Msg::PresentAgain, Msg::PresentAgainHelp)),
        None => (Tone::Plain, (Msg::PresentPassport, Msg::PresentPassportHelp)),
    };
    ScreenContent::new(STEP, title)
        .help(help)
        .maybe(camera.then_some(Item::Preview { quad }))
        .maybe(pictured.then_some(Item::Picture(picture)))
        .item(Item::Notice { tone, title: first.into(), help: Some(second.into()) })
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::PresentCannot, Intent::CannotUseCard))
}

/// A document was sensed.
pub(super) fn reading(
    kiosk: &Kiosk,
    look: &Look,
    since: Duration,
    advice: Option<Advice>,
    quad: Option<Quad>,
) -> ScreenContent {
    let camera = look.preview.is_some();
    let found = quad.is_some();
    let steps = vec![
        (Msg::ReadingFound.into(), StepState::Done),
        (Msg::ReadingLines.into(), if found { StepState::Done } else { StepState::Now }),
        (Msg::ReadingRead.into(), if found { StepState::Now } else { StepState::Later }),
    ];
    let passed = kiosk.now.saturating_sub(since).as_secs_f32() / kiosk.policy.try_for.as_secs_f32().max(0.1);
    let picture = if has_reader(kiosk) || !camera { Picture::CardRead } else { Picture::CardToCamera };
    ScreenContent::new(STEP, Msg::ReadingTitle)
        .help(Msg::ReadingHelp)
        .maybe(camera.then_some(Item::Preview { quad }))
        .maybe((!camera).then_some(Item::Picture(picture)))
        .item(Item::Steps { steps, progress: Some(passed.clamp(0.0, 1.0)) })
        .maybe(advice.map(|advice| {
            let (title, help) = words::advice(advice);
            Item::Notice { tone: Tone::Care, title: title.into(), help: Some(help.into()) }
        }))
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
}

/// Whether something else than the camera takes documents.
fn has_reader(kiosk: &Kiosk) -> bool {
    kiosk.devices.iter().any(|(id, device)| id.0 != "camera" && !matches!(device, Device::Lost { .. }))
}
