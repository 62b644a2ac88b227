//! BackupCode: group by group, each checked as it closes; a right one turns to dots.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::screens::content::{
    Action, ChoiceStyle, Group, GroupState, Item, KeySize, Place, Role, ScreenContent, Tone,
};
use crate::session::state::CodeEntry;
use verification_api::personal::PersonalText;

/// Crockford's alphabet: no I, L, O, U.
const KEYS: [&str; 4] = ["01234567", "89ABCDEF", "GHJKMNPQ", "RSTVWXYZ"];

pub(super) fn content(entry: &CodeEntry) -> ScreenContent {
    let groups = (0..usize::from(entry.groups)).map(|at| group(entry, at)).collect();
    let closed = u64::try_from(entry.closed.len()).unwrap_or(0);
    let (tone, line) = if entry.wrong {
        (Tone::Care, Msg::CodeWrong.into())
    } else if entry.complete() {
        (Tone::Good, Msg::CodeAllRight.into())
    } else if closed > 0 {
        (Tone::Good, Msg::CodeGroupsRight.with("count", closed))
    } else {
        (Tone::Plain, Msg::CodeStart.into())
    };
    let other = if entry.groups == 6 { Msg::CodeFourGroups } else { Msg::CodeSixGroups };
    ScreenContent::new(Place::Step { step: 3, done: false }, Msg::CodeTitle)
        .help(Msg::CodeHelp.with("characters", u64::from(entry.groups) * 5))
        .item(Item::Code(groups))
        .item(Item::Status { tone, line })
        .keypad(
            KeySize::Normal,
            &KEYS,
            Intent::Key,
            vec![
                Action::new(Role::Key, Msg::Delete, Intent::Delete),
                Action::new(Role::Key, Msg::CodeClear, Intent::ClearGroup),
            ],
        )
        .item(Item::Status { tone: Tone::Plain, line: Msg::CodeNever.into() })
        .choices(
            ChoiceStyle::Button,
            2,
            vec![
                Action::new(Role::Choice, other, Intent::OtherGroups),
                Action::new(Role::Choice, Msg::NoCode, Intent::NoCode),
            ],
        )
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::Back, Intent::Back))
        .action(Action::new(Role::Forward, Msg::CodeCheck, Intent::Forward).enabled(entry.complete()))
}

fn group(entry: &CodeEntry, at: usize) -> Group {
    let closed = entry.closed.len();
    let (shown, state) = match at.cmp(&closed) {
        std::cmp::Ordering::Less => (PersonalText::default(), GroupState::Right),
        std::cmp::Ordering::Equal if entry.wrong => (entry.open.clone(), GroupState::Wrong),
        std::cmp::Ordering::Equal => (entry.open.clone(), GroupState::Open),
        std::cmp::Ordering::Greater => (PersonalText::default(), GroupState::Later),
    };
    Group { shown, state }
}
