//! Identifier: which number, typed and echoed in the groups of the card, then confirmed.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, ChoiceStyle, Item, KeySize, Picture, Place, Role, ScreenContent, Tone};
use crate::session::state::{IdentifierEntry, IdentifierKind};
use verification_api::personal::PersonalText;

const STEP: Place = Place::Step { step: 3, done: false };
/// Three letters and ten digits.
const RECEIPT_KEYS: [&str; 4] = ["012345678", "9ABCDEFGH", "IJKLMNOPQ", "RSTUVWXYZ"];

pub(super) fn content(kiosk: &Kiosk, entry: &IdentifierEntry) -> ScreenContent {
    match &entry.confirming {
        Some(number) => confirming(entry.kind, number),
        None => typing(kiosk, entry),
    }
}

fn typing(kiosk: &Kiosk, entry: &IdentifierEntry) -> ScreenContent {
    let kinds = [(IdentifierKind::ANumber, Msg::IdentifierANumber), (IdentifierKind::Receipt, Msg::IdentifierReceipt)];
    let (help, picture, refused) = match entry.kind {
        IdentifierKind::ANumber => (Msg::IdentifierHelpANumber, Picture::WhereANumber, Msg::IdentifierRefusedANumber),
        IdentifierKind::Receipt => (Msg::IdentifierHelpReceipt, Picture::WhereReceipt, Msg::IdentifierRefusedReceipt),
    };
    let tone = if entry.refused { Tone::Care } else { Tone::Plain };
    let typed = entry.typed.expose(|typed| PersonalText::from(typed.trim_start_matches('A')));
    let shown = if entry.kind == IdentifierKind::ANumber { &typed } else { &entry.typed };
    let (groups, lengths) = grouped(entry.kind, shown);
    let mut content = ScreenContent::new(STEP, Msg::IdentifierTitle).help(help).choices(
        ChoiceStyle::Segment,
        2,
        kinds
            .map(|(kind, label)| {
                Action::new(Role::Choice, label, Intent::ChooseIdentifier(kind)).chosen(kind == entry.kind)
            })
            .into(),
    );
    content = content.item(Item::Entry { groups, lengths, tone });
    content = if entry.refused {
        content.item(Item::Notice {
            tone: Tone::Care,
            title: Msg::IdentifierRefused.into(),
            help: Some(refused.into()),
        })
    } else {
        content.item(Item::Picture(picture))
    };
    let clear = Action::new(Role::Key, Msg::Clear, Intent::ClearGroup);
    let delete = Action::new(Role::Key, Msg::Delete, Intent::Delete);
    content = match entry.kind {
        IdentifierKind::ANumber => {
            let mut rows: Vec<_> = ["123", "456", "789"]
                .into_iter()
                .map(|row| content.place(row.chars().map(|c| Action::key(c, Intent::Key(c))).collect()))
                .collect();
            rows.push(content.place(vec![clear, Action::key('0', Intent::Key('0')), delete]));
            content.item(Item::Keypad { rows, size: KeySize::Large })
        }
        IdentifierKind::Receipt => content.keypad(KeySize::Normal, &RECEIPT_KEYS, Intent::Key, vec![clear, delete]),
    };
    content
        .choices(ChoiceStyle::Button, 1, vec![Action::new(Role::Choice, Msg::NoCode, Intent::NoCode)])
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::Back, Intent::Back).enabled(kiosk.can_read()))
        .action(Action::new(Role::Forward, Msg::IdentifierNext, Intent::Forward).enabled(!entry.typed.is_empty()))
}

fn confirming(kind: IdentifierKind, number: &PersonalText) -> ScreenContent {
    let digits = number.expose(|number| match kind {
        IdentifierKind::ANumber => PersonalText::from(number.trim_start_matches('A')),
        IdentifierKind::Receipt => PersonalText::from(number),
    });
    let (groups, lengths) = grouped(kind, &digits);
    let picture = match kind {
        IdentifierKind::ANumber => Picture::WhereANumber,
        IdentifierKind::Receipt => Picture::WhereReceipt,
    };
    ScreenContent::new(STEP, Msg::IdentifierTitleConfirm)
        .help(Msg::IdentifierHelpConfirm)
        .item(Item::Entry { groups, lengths, tone: Tone::Good })
        .item(Item::Picture(picture))
        .action(Action::new(Role::WayOut, Msg::StartOver, Intent::StartOver))
        .action(Action::new(Role::Secondary, Msg::IdentifierChange, Intent::Back))
        .action(Action::new(Role::Forward, Msg::IdentifierRight, Intent::Forward))
}

/// The groups in which the card or notice prints the number: `A 000-000-701`, `SRC-00-000-00701`, `IOE 0912345678`.
fn grouped(kind: IdentifierKind, typed: &PersonalText) -> (Vec<PersonalText>, Vec<usize>) {
    let online = typed.expose(|typed| typed.starts_with("IOE"));
    let lengths = match (kind, online) {
        (IdentifierKind::ANumber, _) => vec![3, 3, 3],
        (IdentifierKind::Receipt, true) => vec![3, 10],
        (IdentifierKind::Receipt, false) => vec![3, 2, 3, 5],
    };
    let mut groups = typed.expose(|typed| {
        let mut rest: Vec<char> = typed.chars().collect();
        let mut groups = Vec::new();
        for length in &lengths {
            let more = rest.split_off((*length).min(rest.len()));
            let mut group = PersonalText::default();
            rest.iter().for_each(|c| group.push(*c));
            groups.push(group);
            rest = more;
        }
        groups
    });
    if kind == IdentifierKind::ANumber {
        groups.insert(0, PersonalText::from("A"));
        return (groups, [vec![1], lengths].concat());
    }
    (groups, lengths)
}
