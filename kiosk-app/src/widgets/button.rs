//! Touch targets. Hovered looks like active, because a finger leaves the cursor where it was lifted.

use crate::event::Intent;
use crate::screens::content::Action;
use crate::screens::pen::{Part, Pen};
use crate::theme::{Palette, Type};
use iced::widget::{button, container};
use iced::{Background, Border, Color, Fill, Length, Shrink};

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The way forward.
    Primary,
    /// A bordered button.
    Plain,
    /// Words only: the way out.
    Quiet,
    /// A consequence.
    Grave,
    /// The choice in force.
    Chosen,
    /// A key.
    Key,
    /// In the header: round ends.
    Pill,
}

/// Background, words and border of a face.
#[must_use]
pub fn colours(palette: &Palette, face: Face, enabled: bool) -> (Color, Color, Color) {
    let Palette { card, ink, line, line_strong, action, on_action, link, .. } = *palette;
    match (face, enabled) {
        (Face::Quiet, true) => (Color::TRANSPARENT, link, Color::TRANSPARENT),
        (Face::Quiet, false) => (Color::TRANSPARENT, faded(palette), Color::TRANSPARENT),
        (_, false) => (palette.panel, faded(palette), line),
        (Face::Primary | Face::Chosen, true) => (action, on_action, action),
        (Face::Plain | Face::Pill | Face::Key, true) => (card, ink, line_strong),
        (Face::Grave, true) => (palette.bad_ground, palette.bad, palette.bad_line),
    }
}

/// Ink of what cannot be touched now.
fn faded(palette: &Palette) -> Color {
    mix(palette.ink_faint, palette.ground, 0.35)
}

/// `a` with a `share` of `b`.
#[must_use]
pub fn mix(a: Color, b: Color, share: f32) -> Color {
    Color {
        r: a.r + (b.r - a.r) * share,
        g: a.g + (b.g - a.g) * share,
        b: a.b + (b.b - a.b) * share,
        a: a.a + (b.a - a.a) * share,
    }
}

/// A button of an action with any content. It sits in a container that carries the action's id.
pub fn target<'a>(
    pen: &Pen<'a>,
    action: &Action,
    face: Face,
    radius: f32,
    width: Length,
    height: Length,
    content: Part<'a>,
) -> Part<'a> {
    let palette = pen.palette;
    let enabled = action.enabled;
    let border = (2.0 * pen.unit).max(1.0);
    let touch = button(content)
        .width(Fill.min_of(width))
        .height(Fill.min_of(height))
        .padding(0)
        .on_press_maybe(enabled.then(|| action.intent.clone()))
        .style(move |_, status| {
            let (ground, ink, line) = colours(&palette, face, enabled);
            let ground = match (status, face) {
                (button::Status::Pressed, Face::Primary | Face::Chosen) => palette.action_pressed,
                (button::Status::Pressed, _) => palette.pressed,
                _ => ground,
            };
            button::Style {
                background: Some(Background::Color(ground)),
                text_color: ink,
                border: Border { color: line, width: border, radius: radius.into() },
                ..button::Style::default()
            }
        });
    container(touch).id(iced::widget::Id::from(action.id.clone())).width(width).height(height).into()
}

trait MinOf {
    fn min_of(self, outer: Length) -> Length;
}

impl MinOf for Length {
    /// Fill a container that has a size of its own, shrink in one that has not.
    fn min_of(self, outer: Length) -> Length {
        if outer == Shrink { Shrink } else { self }
    }
}

/// A button with its label, as wide as its words.
pub fn labelled<'a>(pen: &Pen<'a>, action: &Action, face: Face) -> Part<'a> {
    let (_, ink, _) = colours(&pen.palette, face, action.enabled);
    let words = pen.text(Type::Button, pen.label(&action.label), ink);
    let side = if face == Face::Quiet { 16.0 } else { 40.0 };
    let content = container(words).padding([pen.u(26.0), pen.u(side)]).center_y(Shrink);
    let content = container(content).center_y(pen.u(110.0)).height(Shrink);
    target(pen, action, face, pen.u(22.0), Shrink, Shrink, content.into())
}

/// A button with its label centred in the room it is given.
pub fn filled<'a>(pen: &Pen<'a>, action: &Action, face: Face, kind: Type, height: Length) -> Part<'a> {
    let (_, ink, _) = colours(&pen.palette, face, action.enabled);
    let words = pen.centred(kind, pen.label(&action.label), ink);
    let content = container(words).padding([pen.u(8.0), pen.u(16.0)]).center_y(Fill);
    target(pen, action, face, pen.u(22.0), Fill, height, content.into())
}

/// The face of an action by its role.
#[must_use]
pub fn face_of(action: &Action) -> Face {
    use crate::screens::content::Role;
    match action.role {
        Role::Forward => Face::Primary,
        Role::Secondary => Face::Plain,
        Role::Grave => Face::Grave,
        Role::WayOut => Face::Quiet,
        Role::Header | Role::Corner => Face::Pill,
        Role::Choice if action.chosen => Face::Chosen,
        Role::Choice => Face::Plain,
        Role::Key => Face::Key,
    }
}

/// Nothing but the touch: the whole area begins.
pub fn bare<'a>(action: &Action, content: Part<'a>) -> Part<'a> {
    let touch: iced::widget::Button<'a, Intent> = button(content)
        .width(Fill)
        .height(Fill)
        .padding(0)
        .on_press(action.intent.clone())
        .style(|_, _| button::Style { background: None, text_color: Color::WHITE, ..button::Style::default() });
    container(touch).id(iced::widget::Id::from(action.id.clone())).width(Fill).height(Fill).into()
}
