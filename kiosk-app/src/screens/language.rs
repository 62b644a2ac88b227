//! Language: its name in itself, text size, colours, and the privacy notice one touch away.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::screens::content::{Action, ChoiceStyle, Item, Place, Role, ScreenContent};
use crate::screens::{CONTRASTS, SIZES, words};
use crate::session::state::{Language, Session, Settings};

pub(super) fn content(visit: &Session) -> ScreenContent {
    let content = ScreenContent::new(Place::Step { step: 1, done: false }, Msg::LanguageTitle)
        .help(Msg::LanguageHelp)
        .choices(ChoiceStyle::Large, 1, languages(None));
    let mut content = display(content, &visit.settings).item(Item::Fill);
    let more = content.place(vec![Action::new(Role::Choice, Msg::PrivacyOpen, Intent::OpenPrivacy)]).start;
    content.item(Item::Promise { line: Msg::LanguagePrivacy.into(), action: more }).action(Action::new(
        Role::WayOut,
        Msg::StartOver,
        Intent::StartOver,
    ))
}

/// Every language by its own name; the one in force ticked where there is one.
pub(super) fn languages(chosen: Option<Language>) -> Vec<Action> {
    Language::ALL
        .into_iter()
        .map(|language| {
            Action::new(Role::Choice, Msg::LanguageTitle, Intent::ChooseLanguage(language))
                .id(format!("language-{}", language.tag()))
                .labelled(language.own_name())
                .chosen(chosen == Some(language))
        })
        .collect()
}

/// Text size and colours.
pub(super) fn display(content: ScreenContent, settings: &Settings) -> ScreenContent {
    let sizes = SIZES.map(|size| {
        Action::new(Role::Choice, words::text_size(size), Intent::SetTextSize(size)).chosen(settings.text_size == size)
    });
    let contrasts = CONTRASTS.map(|contrast| {
        Action::new(Role::Choice, words::contrast(contrast), Intent::SetContrast(contrast))
            .chosen(settings.contrast == contrast)
    });
    content
        .item(Item::Caption(Msg::LanguageSize.into()))
        .choices(ChoiceStyle::Segment, 3, sizes.into())
        .item(Item::Caption(Msg::LanguageContrast.into()))
        .choices(ChoiceStyle::Segment, 3, contrasts.into())
}
