//! The credential by reader, then the PIN: checked offline, because a technician comes when the network is down.

use super::{ask, page};
use crate::diagnostics::Intent as Ask;
use crate::i18n::Msg;
use crate::screens::content::{Action, Item, KeySize, Role, ScreenContent, Tone};
use verification_api::personal::PersonalText;

pub(super) fn content(credential: bool, pin: &PersonalText, waiting: bool) -> ScreenContent {
    let status = if credential {
        Item::Status { tone: Tone::Good, line: Msg::TechCredentialRead.into() }
    } else {
        Item::Status { tone: Tone::Plain, line: Msg::TechCredentialWaiting.into() }
    };
    let mut content = page(Msg::TechSignInTitle)
        .help(Msg::TechSignInHelp)
        .item(status)
        .item(Item::Field { label: Msg::Pin.into(), text: pin.clone(), masked: true, active: credential, action: None })
        .maybe(waiting.then(|| Item::Status { tone: Tone::Plain, line: Msg::SigningIn.into() }));
    let mut rows: Vec<_> = ["123", "456", "789"]
        .into_iter()
        .map(|row| content.place(row.chars().map(|c| Action::key(c, ask(Ask::Key(c)))).collect()))
        .collect();
    rows.push(
        content
            .place(vec![Action::key('0', ask(Ask::Key('0'))), Action::new(Role::Key, Msg::Delete, ask(Ask::Delete))]),
    );
    content.item(Item::Keypad { rows, size: KeySize::Large }).action(
        Action::new(Role::Forward, Msg::SignIn, ask(Ask::SignIn)).enabled(credential && !pin.is_empty() && !waiting),
    )
}
