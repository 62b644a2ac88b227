//! Badge and PIN.

use super::{ALPHANUMERIC, ask};
use crate::event::Intent;
use crate::i18n::Msg;
use crate::officer::{Intent as Ask, SignIn, SignInField};
use crate::screens::content::{Action, Item, KeySize, Place, Role, ScreenContent, Tone};

/// A technician comes in only while no visit runs.
pub(super) fn content(sign_in: &SignIn, technician: bool) -> ScreenContent {
    let mut content = ScreenContent::new(Place::Officer, Msg::OfficerSignInTitle).help(Msg::OfficerSignInHelp);
    let fields = content.place(vec![
        Action::new(Role::Choice, Msg::Badge, ask(Ask::Field(SignInField::Badge))),
        Action::new(Role::Choice, Msg::Pin, ask(Ask::Field(SignInField::Pin))),
    ]);
    let badge = sign_in.field == SignInField::Badge;
    content = content
        .item(Item::Field {
            label: Msg::Badge.into(),
            text: sign_in.badge.clone(),
            masked: false,
            active: badge,
            action: Some(fields.start),
        })
        .item(Item::Field {
            label: Msg::Pin.into(),
            text: sign_in.pin.clone(),
            masked: true,
            active: !badge,
            action: Some(fields.start + 1),
        })
        .maybe(sign_in.waiting.then(|| Item::Status { tone: Tone::Plain, line: Msg::SigningIn.into() }));
    let delete = Action::new(Role::Key, Msg::Delete, Intent::Delete);
    content = if badge {
        content.keypad(KeySize::Normal, &ALPHANUMERIC, Intent::Key, vec![delete])
    } else {
        let mut rows: Vec<_> = ["123", "456", "789"]
            .into_iter()
            .map(|row| content.place(row.chars().map(|c| Action::key(c, Intent::Key(c))).collect()))
            .collect();
        let clear = Action::new(Role::Key, Msg::Clear, Intent::ClearGroup);
        rows.push(content.place(vec![clear, Action::key('0', Intent::Key('0')), delete]));
        content.item(Item::Keypad { rows, size: KeySize::Large })
    };
    let whole = !sign_in.badge.is_empty() && !sign_in.pin.is_empty() && !sign_in.waiting;
    content
        .action(Action::new(Role::WayOut, Msg::Back, ask(Ask::SignOut)))
        .action(Action::new(Role::Secondary, Msg::Technician, ask(Ask::Technician)).enabled(technician))
        .action(Action::new(Role::Forward, Msg::SignIn, ask(Ask::SignIn)).enabled(whole))
}
