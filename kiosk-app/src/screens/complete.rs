//! Complete: what happens next and where to walk. It says that a record was found, never that anybody is admitted.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Picture, Place, Role, ScreenContent, Tone};
use crate::screens::words;
use crate::session::state::{CompletedBy, Reference, Session};

pub(super) fn content(kiosk: &Kiosk, visit: &Session, by: CompletedBy, reference: Option<&Reference>) -> ScreenContent {
    let title = match by {
        CompletedBy::Document | CompletedBy::Code => Msg::CompleteTitle,
        CompletedBy::Officer => Msg::CompleteTitleOfficer,
    };
    let gate = visit.record.as_ref().and_then(|record| record.gate.clone()).unwrap_or_else(|| kiosk.site.gate.clone());
    let directions = words::directions(&kiosk.site, visit.settings.language);
    let help = if reference.is_some() { Msg::CompleteReference } else { Msg::CompleteStoring };
    let next = Item::Reference { reference: reference.map(|reference| reference.0.clone()), help: help.into() };
    ScreenContent::new(Place::Step { step: 4, done: true }, title)
        .help(words::at(&gate, Msg::CompleteHelp.with("gate", gate.clone()), Msg::CompleteHelpAnywhere))
        .item(Item::Sign(Tone::Good))
        .maybe(directions.map(Item::Directions))
        .item(next)
        .item(Item::Picture(Picture::ToOfficer))
        .item(Item::Notice { tone: Tone::Care, title: Msg::TakeCard.into(), help: None })
        .action(Action::new(Role::Forward, Msg::Finish, Intent::Finish))
}
