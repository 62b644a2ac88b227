//! ConfirmDocument: enough for its owner to recognise, too little for a stranger behind.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::screens::content::{Action, Fact, Item, Place, Role, ScreenContent, Tone, Value};
use crate::screens::words;
use crate::session::state::Session;

/// Characters of the number that a traveler's screen shows.
const SHOWN: usize = 4;

pub(super) fn content(visit: &Session) -> ScreenContent {
    let document = visit.reading.as_ref().and_then(words::document_of);
    let mut facts = Vec::new();
    if let Some(document) = document {
        let name = words::masked_name(document);
        if !name.is_empty() {
            facts.push(fact(Msg::ConfirmName, Value::Personal(name)));
        }
        facts.push(fact(Msg::ConfirmType, Value::Line(words::document(document.document_type).into())));
        if let Some(number) = &document.document_number {
            facts.push(fact(Msg::ConfirmNumber, Value::Personal(number.masked(SHOWN))));
        }
    }
    ScreenContent::new(Place::Step { step: 2, done: false }, Msg::ConfirmTitle)
        .help(Msg::ConfirmHelp)
        .item(Item::MaskedCard(facts))
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::ConfirmNo, Intent::NotMe))
        .action(Action::new(Role::Forward, Msg::ConfirmYes, Intent::ConfirmYes))
}

fn fact(label: Msg, value: Value) -> Fact {
    Fact { label: label.into(), value, tone: Tone::Plain }
}
