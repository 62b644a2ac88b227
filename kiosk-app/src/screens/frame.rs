//! The frame that never moves: header, body, footer; the sheet over it; the staff's dark frame.

use crate::event::Intent;
use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::officer;
use crate::screens::content::{Action, Item, Place, Role, ScreenContent};
use crate::screens::pen::{Part, Pen};
use crate::screens::{Look, attract, items};
use crate::session::state::Session;
use crate::theme::{TARGET_MM, Type};
use crate::widgets::button::{self, Face};
use crate::widgets::long_press::LongPress;
use crate::widgets::picture::{Sign, sign};
use crate::widgets::step_indicator::step_indicator;
use iced::widget::{Column, column, container, opaque, space, stack};
use iced::{Border, Center, Color, Fill, Shrink};

/// Space at the sides, in design units.
const SIDE: f32 = 72.0;
/// The header's height.
const HEADER: f32 = 148.0;
/// On a panel larger than the one drawn for, the content keeps to a column of this width.
const WIDEST: f32 = 1240.0;

/// Adds what the frame of every traveler's screen offers: language (with text size and colours), help, and the corner
/// that staff hold down.
pub(super) fn with_frame(content: ScreenContent, visit: Option<&Session>) -> ScreenContent {
    let corner = Action::new(Role::Corner, Msg::StaffCorner, Intent::Officer(officer::Intent::Enter));
    match (content.place, visit) {
        (Place::Step { .. }, Some(visit)) => content
            .action(
                Action::new(Role::Header, Msg::SettingsOpen, Intent::OpenSettings)
                    .labelled(visit.settings.language.own_name()),
            )
            .action(Action::new(Role::Header, Msg::Help, Intent::OpenHelp))
            .action(corner),
        (Place::Attract | Place::OutOfService, _) => content.action(corner),
        _ => content,
    }
}

/// A whole screen.
pub(super) fn screen<'a>(pen: &Pen<'a>, kiosk: &Kiosk, look: &'a Look, content: &ScreenContent) -> Part<'a> {
    let drawn = match content.place {
        Place::Attract => attract::view(pen, look, content),
        Place::OutOfService => {
            let mut parts = vec![body(pen, look, content)];
            parts.extend(banners(pen, kiosk));
            night(pen, column(parts).into())
        }
        Place::Step { step, done } => {
            let bar = pen.row(vec![
                step_indicator(pen, step, done),
                space().width(Fill).into(),
                pen.row(content.role(Role::Header).map(|action| header_button(pen, action)).collect())
                    .spacing(pen.u(20.0))
                    .into(),
            ]);
            page(pen, kiosk, bar.into(), look, content)
        }
        Place::Officer | Place::Technician | Place::Sheet => {
            let mut lines: Vec<Part<'a>> = Vec::new();
            if let Some((first, second)) = &content.header {
                lines.push(pen.text(Type::Strong, pen.line(first), pen.palette.ink).into());
                lines.push(pen.text(Type::Small, pen.line(second), pen.palette.ink_faint).into());
            }
            let bar = pen.row(vec![
                pen.column(lines).width(Fill).spacing(pen.u(2.0)).into(),
                pen.row(content.role(Role::Header).map(|action| header_button(pen, action)).collect())
                    .spacing(pen.u(20.0))
                    .into(),
            ]);
            page(pen, kiosk, bar.into(), look, content)
        }
    };
    let Some(corner) = content.role(Role::Corner).next() else { return drawn };
    // A touch of the corner on Attract begins like a touch anywhere else.
    let tapped = (content.place == Place::Attract).then_some(Intent::Begin);
    let touch = LongPress::new(pen.mm(TARGET_MM), corner.intent.clone(), tapped);
    let touch = container(touch).id(iced::widget::Id::from(corner.id.clone()));
    stack![drawn, container(touch).width(Fill).align_x(pen.start())].into()
}

fn page<'a>(pen: &Pen<'a>, kiosk: &Kiosk, bar: Part<'a>, look: &'a Look, content: &ScreenContent) -> Part<'a> {
    let palette = pen.palette;
    let bar = container(container(bar).max_width(pen.u(WIDEST + 32.0)))
        .center_x(Fill)
        .padding([0.0, pen.u(56.0)])
        .center_y(pen.u(HEADER))
        .width(Fill)
        .style(move |_| container::Style { background: Some(palette.bar.into()), ..container::Style::default() });
    let mut parts: Vec<Part<'a>> = vec![bar.into(), ruled(palette.line, pen.u(2.0).max(1.0))];
    if content.place != Place::Technician {
        parts.extend(banners(pen, kiosk));
    }
    parts.push(body(pen, look, content));
    parts.push(footer(pen, content));
    container(column(parts))
        .width(Fill)
        .height(Fill)
        .style(move |_| container::Style {
            background: Some(palette.ground.into()),
            text_color: Some(palette.ink),
            ..container::Style::default()
        })
        .into()
}

/// A line across.
fn ruled<'a>(colour: Color, thick: f32) -> Part<'a> {
    container("")
        .width(Fill)
        .height(thick)
        .style(move |_| container::Style { background: Some(colour.into()), ..container::Style::default() })
        .into()
}

/// Title, help and the parts of the screen.
fn body<'a>(pen: &Pen<'a>, look: &'a Look, content: &ScreenContent) -> Part<'a> {
    let dense = Pen { dense: items::has_keypad(content), ..*pen };
    let pen = &dense;
    let ended = content.items.iter().any(|item| matches!(item, Item::Sign(_)));
    let staff = matches!(content.place, Place::Officer | Place::Technician);
    let fills = content.items.iter().any(|item| items::fills(item, content));
    let mut parts: Vec<Part<'a>> = Vec::new();
    let title = pen.line(&content.title);
    let help = content.help.as_ref().map(|help| pen.line(help));
    if ended {
        for item in &content.items {
            if let Item::Sign(tone) = item {
                parts.push(items::large_sign(pen, *tone));
            }
        }
        let mut head: Vec<Part<'a>> = vec![pen.centred(Type::Title, title, pen.palette.ink)];
        let mut lines: Vec<Part<'a>> = Vec::new();
        lines.extend(help.map(|help| pen.centred(Type::Body, help, pen.palette.ink_soft)));
        for item in &content.items {
            if let Item::Directions(words) = item {
                lines.push(pen.centred(Type::Body, words.clone(), pen.palette.ink_soft));
            }
        }
        head.push(column(lines).spacing(pen.u(2.0)).into());
        parts.push(column(head).spacing(pen.u(20.0)).into());
    } else {
        let kind = if staff { Type::Heading } else { Type::Title };
        let mut head: Vec<Part<'a>> = vec![pen.paragraph(kind, title, pen.palette.ink)];
        let help_kind = if staff { Type::Small } else { Type::Body };
        head.extend(help.map(|help| pen.paragraph(help_kind, help, pen.palette.ink_soft)));
        parts.push(column(head).spacing(pen.gap(if staff { 8.0 } else { 20.0 })).into());
    }
    for item in &content.items {
        let in_head = matches!(item, Item::Sign(_)) || (ended && matches!(item, Item::Directions(_)));
        if !in_head {
            parts.push(items::item(pen, look, content, item, ended));
        }
    }
    if !fills {
        parts.push(space().height(Fill).into());
    }
    let (top, gap) = match content.place {
        Place::Officer => (40.0, 24.0),
        Place::Technician => (36.0, 20.0),
        Place::OutOfService => (220.0, 36.0),
        Place::Attract | Place::Step { .. } | Place::Sheet => (60.0, 36.0),
    };
    let parts = Column::with_children(parts).spacing(pen.gap(gap)).max_width(pen.u(WIDEST));
    container(parts)
        .center_x(Fill)
        .padding(iced::Padding { top: pen.gap(top), right: pen.u(SIDE), bottom: pen.u(24.0), left: pen.u(SIDE) })
        .height(Fill)
        .into()
}

fn footer<'a>(pen: &Pen<'a>, content: &ScreenContent) -> Part<'a> {
    let draw = |action: &Action| button::labelled(pen, action, button::face_of(action));
    let mut parts: Vec<Part<'a>> = content.role(Role::WayOut).map(draw).collect();
    if matches!(content.place, Place::Officer | Place::Technician) {
        parts.extend(content.role(Role::Secondary).map(draw));
        parts.extend(content.role(Role::Grave).map(draw));
        parts.push(space().width(Fill).into());
    } else {
        parts.push(space().width(Fill).into());
        parts.extend(content.role(Role::Secondary).map(draw));
        parts.extend(content.role(Role::Grave).map(draw));
    }
    parts.extend(content.role(Role::Forward).map(draw));
    if parts.len() == 1 {
        return space().height(pen.u(32.0)).into();
    }
    container(container(pen.row(parts).spacing(pen.u(20.0))).max_width(pen.u(WIDEST + 32.0)))
        .center_x(Fill)
        .padding(iced::Padding { top: pen.u(16.0), right: pen.u(56.0), bottom: pen.u(44.0), left: pen.u(56.0) })
        .width(Fill)
        .into()
}

fn header_button<'a>(pen: &Pen<'a>, action: &Action) -> Part<'a> {
    let (_, ink, _) = button::colours(&pen.palette, Face::Pill, action.enabled);
    let side = pen.u(88.0).max(pen.mm(TARGET_MM) + 1.0);
    if action.id == Msg::Help.id() {
        let face = container(sign(Sign::Question, pen.u(40.0), ink)).center(Fill);
        return button::target(pen, action, Face::Pill, side / 2.0, side.into(), side.into(), face.into());
    }
    let mut parts: Vec<Part<'a>> = vec![pen.text(Type::SmallStrong, pen.label(&action.label), ink).into()];
    if action.id == Msg::SettingsOpen.id() {
        parts.push(sign(Sign::Down, pen.u(26.0), ink));
    }
    let face = container(pen.row(parts).spacing(pen.u(12.0))).padding([0.0, pen.u(34.0)]).center_y(Fill);
    button::target(pen, action, Face::Pill, side / 2.0, Shrink, side.into(), face.into())
}

/// What must never go unseen, on every screen but the technician's, who know: specimens are accepted, or nobody vouches
/// for the table that says what documents are.
fn banners<'a>(pen: &Pen<'a>, kiosk: &Kiosk) -> impl Iterator<Item = Part<'a>> {
    let test = kiosk.policy.test_mode.then(|| banner(pen, pen.msg(Msg::TestMode)));
    let unsigned = kiosk.policy.unsigned_profiles.then(|| banner(pen, pen.msg(Msg::UnsignedProfiles)));
    test.into_iter().chain(unsigned)
}

pub(super) fn banner<'a>(pen: &Pen<'a>, words: String) -> Part<'a> {
    let palette = pen.palette;
    container(pen.text(Type::SmallStrong, words, palette.care))
        .center_x(Fill)
        .padding(pen.u(8.0))
        .style(move |_| container::Style {
            background: Some(palette.care_ground.into()),
            ..container::Style::default()
        })
        .into()
}

/// The deep blue ground of a kiosk without a visit.
pub(super) fn night<'a>(pen: &Pen<'a>, content: Part<'a>) -> Part<'a> {
    let top = pen.palette.ground;
    let bottom = Color::from_rgb8(0x12, 0x3C, 0x66);
    let ground =
        iced::gradient::Linear::new(iced::Radians(std::f32::consts::PI)).add_stop(0.0, top).add_stop(1.0, bottom);
    container(content)
        .width(Fill)
        .height(Fill)
        .style(move |_| container::Style { background: Some(ground.into()), ..container::Style::default() })
        .into()
}

/// A sheet over the screen, which stays visible and cannot be touched.
pub(super) fn sheet<'a>(pen: &Pen<'a>, look: &'a Look, content: &ScreenContent) -> Part<'a> {
    let palette = pen.palette;
    let mut head: Vec<Part<'a>> = vec![pen.paragraph(Type::Heading, pen.line(&content.title), palette.ink)];
    head.extend(content.help.as_ref().map(|help| pen.paragraph(Type::Body, pen.line(help), palette.ink_soft)));
    let mut parts: Vec<Part<'a>> = vec![column(head).spacing(pen.u(18.0)).into()];
    parts.extend(content.items.iter().map(|item| items::item(pen, look, content, item, false)));
    let draw = |action: &Action| button::labelled(pen, action, button::face_of(action));
    let mut buttons: Vec<Part<'a>> = content.role(Role::WayOut).map(draw).collect();
    buttons.push(space().width(Fill).into());
    buttons.extend(content.role(Role::Secondary).map(draw));
    buttons.extend(content.role(Role::Forward).map(draw));
    parts.push(pen.row(buttons).spacing(pen.u(20.0)).into());
    let radius = pen.u(44.0);
    let border = Border {
        color: palette.line,
        width: pen.u(2.0).max(1.0),
        radius: iced::border::Radius { top_left: radius, top_right: radius, bottom_left: 0.0, bottom_right: 0.0 },
    };
    let panel = container(Column::with_children(parts).spacing(pen.gap(34.0)).max_width(pen.u(WIDEST)))
        .center_x(Fill)
        .padding(iced::Padding { top: pen.u(64.0), right: pen.u(SIDE), bottom: pen.u(44.0), left: pen.u(SIDE) })
        .style(move |_| container::Style {
            background: Some(palette.bar.into()),
            border,
            text_color: Some(palette.ink),
            ..container::Style::default()
        });
    let dim = Color { a: 0.62, ..Color::from_rgb8(0x05, 0x10, 0x1C) };
    opaque(
        container(panel)
            .width(Fill)
            .height(Fill)
            .align_x(Center)
            .align_y(iced::Bottom)
            .style(move |_| container::Style { background: Some(dim.into()), ..container::Style::default() }),
    )
}
