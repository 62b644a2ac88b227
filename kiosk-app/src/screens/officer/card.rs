//! The card in a motorised reader: given back, or kept in its bin, which is asked twice.

use super::{ask, page};
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::officer::Intent as Ask;
use crate::screens::content::{Action, ChoiceStyle, Item, Role, ScreenContent, Tone};

pub(super) fn content(kiosk: &Kiosk, keep_asked: bool) -> ScreenContent {
    let answers = kiosk.ready_movers().next().is_some();
    let status = match (answers, kiosk.cards_left.is_empty()) {
        (false, _) => Some((Tone::Bad, Msg::CardReaderGone)),
        (true, false) => Some((Tone::Care, Msg::CardLeftInside)),
        (true, true) => None,
    };
    let content = page(if keep_asked { Msg::CardKeepTitle } else { Msg::CardTitle })
        .help(if keep_asked { Msg::CardKeepHelp } else { Msg::CardHelp })
        .maybe(status.map(|(tone, line)| Item::Status { tone, line: line.into() }));
    if keep_asked {
        return content
            .item(Item::Fill)
            .action(Action::new(Role::WayOut, Msg::Back, ask(Ask::Back)))
            .action(Action::new(Role::Grave, Msg::CardKeepSurely, ask(Ask::KeepCardSurely)).enabled(answers));
    }
    let choices = vec![
        Action::new(Role::Choice, Msg::CardGiveBack, ask(Ask::GiveCardBack)).enabled(answers),
        Action::new(Role::Choice, Msg::CardKeep, ask(Ask::KeepCard)).enabled(answers),
    ];
    content.choices(ChoiceStyle::Listed, 1, choices).item(Item::Fill).action(Action::new(
        Role::WayOut,
        Msg::Back,
        ask(Ask::Back),
    ))
}
