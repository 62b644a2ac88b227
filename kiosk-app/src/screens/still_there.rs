//! StillThere: nobody has touched anything for a while. What lies under it is covered, in case the person has left.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Place, Role, ScreenContent};
use crate::screens::words;
use crate::session::state::{State, StateKind};
use std::time::Duration;

pub(super) fn content(kiosk: &Kiosk, holds: &State, until: Duration) -> ScreenContent {
    let step = match holds.kind() {
        StateKind::Language => 1,
        StateKind::PresentDocument | StateKind::Reading | StateKind::ConfirmDocument => 2,
        _ => 3,
    };
    ScreenContent::new(Place::Step { step, done: false }, Msg::StillTitle)
        .help(Msg::StillHelp)
        .item(Item::Fill)
        .item(Item::Countdown {
            seconds: words::seconds_left(kiosk.now, until),
            of: kiosk.policy.answer_within.as_secs(),
        })
        .item(Item::Fill)
        .action(Action::new(Role::WayOut, Msg::StillEnd, Intent::EndVisit))
        .action(Action::new(Role::Forward, Msg::StillMore, Intent::MoreTime))
}
