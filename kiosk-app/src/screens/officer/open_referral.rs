//! A referral of any kiosk, opened by the reference that the traveler shows.

use super::{ALPHANUMERIC, ask, page};
use crate::event::Intent;
use crate::i18n::Msg;
use crate::officer::Intent as Ask;
use crate::screens::content::{Action, Item, KeySize, Role, ScreenContent, Tone};
use verification_api::personal::PersonalText;

pub(super) fn content(typed: &PersonalText, waiting: bool) -> ScreenContent {
    page(Msg::OpenTitle)
        .help(Msg::OpenHelp)
        .item(Item::Field {
            label: Msg::OpenReference.into(),
            text: typed.clone(),
            masked: false,
            active: true,
            action: None,
        })
        .maybe(waiting.then(|| Item::Status { tone: Tone::Plain, line: Msg::OpenWaiting.into() }))
        .keypad(
            KeySize::Normal,
            &ALPHANUMERIC,
            Intent::Key,
            vec![
                Action::new(Role::Key, Msg::Delete, Intent::Delete),
                Action::new(Role::Key, Msg::Clear, Intent::ClearGroup),
            ],
        )
        .action(Action::new(Role::WayOut, Msg::Back, ask(Ask::Back)))
        .action(
            Action::new(Role::Forward, Msg::OpenSubmit, ask(Ask::SubmitReference))
                .enabled(!typed.is_empty() && !waiting),
        )
}
