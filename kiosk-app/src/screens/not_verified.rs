//! NotVerified: one wording whatever the cause, so that nobody learns which part was wrong.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::screens::content::{Action, Item, Picture, Place, Role, ScreenContent, Tone};

pub(super) fn content() -> ScreenContent {
    ScreenContent::new(Place::Step { step: 3, done: false }, Msg::NotVerifiedTitle)
        .help(Msg::NotVerifiedHelp)
        .item(Item::Picture(Picture::TryAgain))
        .item(Item::Notice {
            tone: Tone::Plain,
            title: Msg::NotVerifiedHint.into(),
            help: Some(Msg::NotVerifiedHintHelp.into()),
        })
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::SeeOfficer, Intent::SeeOfficer))
        .action(Action::new(Role::Forward, Msg::TryAgain, Intent::TryAgain))
}
