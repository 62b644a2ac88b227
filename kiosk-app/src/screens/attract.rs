//! Attract: nobody is there. The languages take turns; the card goes in once in a while and then rests.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Action, Item, Label, Picture, Place, Role, ScreenContent};
use crate::screens::pen::{Part, Pen};
use crate::screens::{Look, frame, words};
use crate::session::state::Language;
use crate::theme::Type;
use crate::widgets::button;
use crate::widgets::picture::picture;
use iced::widget::{Column, column, container, space, text};
use iced::{Border, Color, Fill, FillPortion};

/// Letters of a headline that stand in one line at full size.
const LONG_TITLE: usize = 15;

/// Whose turn it is.
pub(super) fn language(look: &Look) -> Language {
    let first = Language::ALL.iter().position(|language| *language == look.default_language).unwrap_or(0);
    Language::ALL[(first + look.turn) % Language::ALL.len()]
}

pub(super) fn content(kiosk: &Kiosk, look: &Look) -> ScreenContent {
    let kiosk_and_lane =
        Msg::AttractKiosk.with("number", words::kiosk_number(&kiosk.site)).with("lane", kiosk.site.lane.clone());
    ScreenContent::new(Place::Attract, Msg::AttractTitle)
        .help(Msg::AttractHelp)
        .item(Item::Picture(Picture::CardIntoReader { travel: look.travel() }))
        .item(Item::Small(kiosk_and_lane))
        .maybe(kiosk.policy.test_mode.then(|| Item::Small(Msg::TestMode.into())))
        .maybe(kiosk.policy.unsigned_profiles.then(|| Item::Small(Msg::UnsignedProfiles.into())))
        .action(Action::new(Role::Forward, Msg::AttractTitle, Intent::Begin))
}

pub(super) fn view<'a>(pen: &Pen<'a>, look: &'a Look, content: &ScreenContent) -> Part<'a> {
    let palette = pen.palette;
    // One line in every language, in a box of one height, so that nothing jumps when the language changes.
    let title = pen.line(&content.title);
    let size = if title.chars().count() > LONG_TITLE { 86.0 } else { 112.0 };
    let headline = text(title).size(pen.u(size)).font(crate::theme::BOLD).color(palette.ink);
    let headline = container(headline).center_x(Fill).center_y(pen.u(150.0));
    // The other languages in their own words, in a fixed order, so that nothing jumps.
    let others = Language::ALL.into_iter().filter(|language| *language != pen.words.language).map(|language| {
        let words = look.catalogs.get(language).text(Msg::AttractTitle);
        container(text(words).size(pen.u(54.0)).font(crate::theme::SANS).color(palette.ink_soft)).center_x(Fill).into()
    });
    let names = Language::ALL.map(|language| language_name(pen, language));
    let help = content.help.as_ref().map(|help| pen.centred(Type::Body, pen.line(help), palette.ink_soft));
    let pictures = content.items.iter().find_map(|item| match item {
        Item::Picture(which) => Some(*which),
        _ => None,
    });
    let place = content.items.iter().find_map(|item| match item {
        Item::Small(line) => Some(pen.line(line)),
        _ => None,
    });
    let small = content.items.iter().filter_map(|item| match item {
        Item::Small(line) => Some(pen.line(line)),
        _ => None,
    });
    // After kiosk and lane: what must never go unseen.
    let mut parts: Vec<Part<'a>> = small.skip(1).map(|line| frame::banner(pen, line)).collect();
    parts.push(space().height(FillPortion(3)).into());
    if let Some(which) = pictures {
        let drawn = picture(pen, which, pen.u(780.0).into());
        parts.push(container(drawn).center_x(Fill).padding([0.0, pen.u(72.0)]).into());
    }
    parts.push(space().height(FillPortion(2)).into());
    parts.push(headline.into());
    parts.push(container(Column::with_children(others).spacing(pen.u(12.0))).padding([pen.u(20.0), 0.0]).into());
    parts.push(space().height(FillPortion(1)).into());
    parts.extend(help);
    parts.push(space().height(FillPortion(2)).into());
    let foot = pen.row(vec![
        pen.row(names.into_iter().collect()).spacing(pen.u(16.0)).into(),
        space().width(Fill).into(),
        pen.text(Type::Small, place.unwrap_or_default(), palette.ink_soft).into(),
    ]);
    parts.push(container(foot).padding([pen.u(48.0), pen.u(56.0)]).into());
    let whole = frame::night(pen, column(parts).width(Fill).height(Fill).into());
    match content.actions.first() {
        Some(action) => button::bare(action, whole),
        None => whole,
    }
}

/// The name of a language that can be chosen.
fn language_name<'a>(pen: &Pen<'a>, language: Language) -> Part<'a> {
    let label = Label::Text(language.own_name().to_owned());
    let line = Color { a: 0.55, ..pen.palette.picture_mid };
    let border = Border { color: line, width: pen.u(2.0).max(1.0), radius: pen.u(40.0).into() };
    container(pen.text(Type::Small, pen.label(&label), pen.palette.ink))
        .padding([pen.u(12.0), pen.u(28.0)])
        .style(move |_| container::Style { border, ..container::Style::default() })
        .into()
}
