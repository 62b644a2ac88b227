//! The zone keyed in by hand; check digits are judged as typed, the wrong group is marked.

use super::{ask, page, zone};
use crate::event::Intent;
use crate::i18n::Msg;
use crate::officer::{Intent as Ask, KeyIn};
use crate::screens::content::{Action, ChoiceStyle, Fact, Item, KeySize, Label, Role, ScreenContent, Tone, Value};
use crate::screens::words;
use card_reader::mrz::{Format, Verdict};

/// The 37 characters of a zone.
const KEYS: [&str; 4] = ["1234567890", "QWERTYUIOP", "ASDFGHJKL<", "ZXCVBNM"];

pub(super) fn content(keyed: &KeyIn) -> ScreenContent {
    let formats = Format::ALL.map(|format| {
        Action::new(Role::Choice, Msg::KeyInTitle, ask(Ask::ChooseFormat(format)))
            .id(format!("format-{}", format.name()))
            .labelled(format.name())
            .chosen(format == keyed.format)
    });
    let of = u64::try_from(keyed.rows.len()).unwrap_or(1);
    let named = |row: usize| Msg::KeyInCaption.with("row", u64::try_from(row + 1).unwrap_or(1)).with("rows", of);
    let rows = (0..keyed.rows.len())
        .map(|row| {
            Action::new(Role::Choice, Msg::KeyInCaption, ask(Ask::Row(row))).worded(named(row)).id(format!("row-{row}"))
        })
        .collect();
    let mut content = page(Msg::KeyInTitle).help(Msg::KeyInHelp).choices(ChoiceStyle::Quick, 6, formats.into());
    let rows = content.place(rows);
    let verdict = match (&keyed.malformed, keyed.waiting) {
        (_, true) => Some((Msg::KeyInWaiting.into(), Tone::Plain)),
        (Some(_), false) => None,
        (None, false) => Some((Msg::KeyInWhole.into(), Tone::Good)),
    };
    content = content.item(Item::Zone {
        caption: named(keyed.row),
        verdict,
        rows: zone::marked(&keyed.rows, &[], Some(keyed.format), &keyed.checks, true),
        row: Some((keyed.row, rows)),
    });
    let facts: Vec<Fact> = keyed
        .checks
        .iter()
        .map(|check| Fact {
            label: Label::from(words::check_field(check.field)),
            value: Value::Line(words::verdict(check.verdict).into()),
            tone: match check.verdict {
                Verdict::Ok => Tone::Good,
                Verdict::Disagrees => Tone::Bad,
                Verdict::Absent => Tone::Plain,
            },
        })
        .collect();
    let whole = keyed.malformed.is_none() && !keyed.waiting;
    content
        .maybe((!facts.is_empty()).then_some(Item::Facts(facts)))
        .keypad(
            KeySize::Compact,
            &KEYS,
            Intent::Key,
            vec![
                Action::new(Role::Key, Msg::Delete, Intent::Delete),
                Action::new(Role::Key, Msg::KeyInClear, Intent::ClearGroup),
            ],
        )
        .action(Action::new(Role::WayOut, Msg::Back, ask(Ask::Back)))
        .action(Action::new(Role::Forward, Msg::KeyInSubmit, ask(Ask::SubmitKeyed)).enabled(whole))
}
