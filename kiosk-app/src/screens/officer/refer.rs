//! Refer to secondary with a code of the Automated Passport Control vocabulary; the traveler never sees it.

use super::{ask, page};
use crate::i18n::Msg;
use crate::officer::Intent as Ask;
use crate::screens::content::{Action, ChoiceStyle, Item, Role, ScreenContent};

/// Every code but PG ("passage granted"), which refers nobody.
const CODES: [(&str, Msg); 8] = [
    ("CD", Msg::ReferCd),
    ("TR", Msg::ReferTr),
    ("RR", Msg::ReferRr),
    ("ER", Msg::ReferEr),
    ("DR", Msg::ReferDr),
    ("AP", Msg::ReferAp),
    ("EA", Msg::ReferEa),
    ("BF", Msg::ReferBf),
];

pub(super) fn content(code: Option<&str>) -> ScreenContent {
    let codes = CODES
        .into_iter()
        .map(|(each, words)| {
            Action::new(Role::Choice, words, ask(Ask::ChooseReferCode(each.to_owned()))).chosen(code == Some(each))
        })
        .collect();
    page(Msg::ReferTitle)
        .help(Msg::ReferHelp)
        .choices(ChoiceStyle::Listed, 1, codes)
        .item(Item::Fill)
        .action(Action::new(Role::WayOut, Msg::Back, ask(Ask::Back)))
        .action(Action::new(Role::Forward, Msg::ReferSubmit, ask(Ask::SubmitRefer)).enabled(code.is_some()))
}
