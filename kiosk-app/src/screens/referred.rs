//! Referred and Held: one neutral wording for every reason; the reason is for officers only.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Picture, Place, Role, ScreenContent, Tone};
use crate::screens::words;
use crate::session::state::{Language, Reference};

pub(super) fn content(kiosk: &Kiosk, language: Language, reference: &Reference) -> ScreenContent {
    let gate = &kiosk.site.gate;
    ScreenContent::new(Place::Step { step: 4, done: false }, Msg::ReferredTitle)
        .help(words::at(gate, Msg::ReferredHelp.with("gate", gate.clone()), Msg::ReferredHelpAnywhere))
        .item(Item::Sign(Tone::Plain))
        .maybe(words::directions(&kiosk.site, language).map(Item::Directions))
        .item(Item::Reference { reference: Some(reference.0.clone()), help: Msg::ReferredReference.into() })
        .item(Item::Picture(Picture::ToOfficer))
        .item(Item::Notice { tone: Tone::Care, title: Msg::TakeCard.into(), help: None })
        .action(Action::new(Role::Forward, Msg::Finish, Intent::Finish))
}

/// The referral is not stored yet, so the traveler stays with what was read.
pub(super) fn held(kiosk: &Kiosk, storing: bool, officer_called: bool) -> ScreenContent {
    if storing {
        return ScreenContent::new(Place::Step { step: 3, done: false }, Msg::StoringTitle)
            .help(Msg::StoringHelp)
            .item(Item::Picture(Picture::WaitHere))
            .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver));
    }
    let help = if officer_called {
        Msg::HeldHelpCalled.into()
    } else {
        let counter = &kiosk.site.counter;
        words::at(counter, Msg::HeldHelp.with("counter", counter.clone()), Msg::HeldHelpAnywhere)
    };
    let content = ScreenContent::new(Place::Step { step: 3, done: false }, Msg::HeldTitle)
        .help(help)
        .item(Item::Picture(Picture::WaitHere))
        .item(Item::Notice { tone: Tone::Plain, title: Msg::HeldSaving.into(), help: Some(Msg::HeldSavingHelp.into()) })
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver));
    if officer_called {
        content.item(Item::Status { tone: Tone::Good, line: Msg::OfficerCalled.into() })
    } else {
        content.action(Action::new(Role::Forward, Msg::CallOfficer, Intent::CallOfficer))
    }
}
