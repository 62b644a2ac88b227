//! The backup code, group by group; and a number in the groups of the card.

use crate::screens::content::{Group, GroupState, Tone};
use crate::screens::pen::{Part, Pen};
use crate::theme::{MONO, SANS, Type};
use iced::font::Weight;
use iced::widget::{Row, column, container, row, text};
use iced::{Border, Center, Color, Fill, Font, Shrink};
use verification_api::personal::PersonalText;

/// Characters of a group of a code.
const GROUP: usize = 5;
/// Typed characters stand in cells of one width.
const CELL: Font = Font { weight: Weight::Bold, ..MONO };
/// Width of a cell in ems.
const CELL_EM: f32 = 0.72;

/// Boxes of a code, up to four in a row, always left to right: a code is not mirrored.
pub fn code<'a>(pen: &Pen<'a>, groups: &[Group]) -> Part<'a> {
    let across = if groups.len() > 4 { 3 } else { groups.len().max(1) };
    let rows = groups.chunks(across).map(|chunk| {
        row(chunk.iter().map(|group| code_box(pen, group, groups.len()))).spacing(pen.u(20.0)).width(Fill).into()
    });
    column(rows).spacing(pen.u(18.0)).into()
}

fn code_box<'a>(pen: &Pen<'a>, group: &Group, of: usize) -> Part<'a> {
    // Four boxes in a row leave room for characters of the normal size only.
    let size = if of > 4 { pen.type_size(Type::Key) } else { pen.u(46.0) };
    let height = if of > 4 { 116.0 } else { 148.0 };
    let palette = pen.palette;
    let (ground, line, ink) = match group.state {
        GroupState::Right => (palette.good_ground, palette.good, palette.ink),
        GroupState::Open => (palette.card, palette.action, palette.ink),
        GroupState::Wrong => (palette.care_ground, palette.care, palette.ink),
        GroupState::Later => (palette.panel, palette.line_strong, palette.ink_faint),
    };
    let face: Part<'a> = match group.state {
        GroupState::Right => dots(pen, GROUP, 15.0, ink),
        GroupState::Later => dots(pen, GROUP, 8.0, ink),
        GroupState::Open | GroupState::Wrong => cells(pen, &group.shown, GROUP, size, ink),
    };
    let border = Border { color: line, width: pen.u(4.0).max(2.0), radius: pen.u(22.0).into() };
    container(container(face).center(Fill))
        .width(Fill)
        .height(pen.u(height))
        .style(move |_| container::Style { background: Some(ground.into()), border, ..container::Style::default() })
        .into()
}

/// Round dots in place of characters.
fn dots<'a>(pen: &Pen<'a>, count: usize, size: f32, ink: Color) -> Part<'a> {
    let side = pen.u(size);
    let dot = move || -> Part<'a> {
        container("")
            .width(side)
            .height(side)
            .style(move |_| container::Style {
                background: Some(ink.into()),
                border: iced::border::rounded(side / 2.0),
                ..container::Style::default()
            })
            .into()
    };
    Row::with_children((0..count).map(|_| dot())).spacing(pen.u(14.0)).align_y(Center).into()
}

/// Typed characters in cells of one width, the missing ones as a low line, the next one marked.
fn cells<'a>(pen: &Pen<'a>, shown: &PersonalText, count: usize, size: f32, ink: Color) -> Part<'a> {
    let typed = shown.chars();
    let action = pen.palette.action;
    let faint = pen.palette.line_strong;
    let cells = (0..count).map(|at| -> Part<'a> {
        let character = shown.expose(|text| text.chars().nth(at).map(String::from));
        let face = text(character.unwrap_or_default()).size(size).font(CELL).color(ink);
        let under = if at == typed { action } else { faint };
        let thick = pen.u(if at == typed { 5.0 } else { 3.0 }).max(1.0);
        let line = container("").width(Fill).height(thick).style(move |_| {
            let shown = if at < typed { Color::TRANSPARENT } else { under };
            container::Style { background: Some(shown.into()), ..container::Style::default() }
        });
        column![container(face).center_x(Fill).height(size * 1.3), line].width(size * CELL_EM).into()
    });
    Row::with_children(cells).spacing(pen.u(5.0)).align_y(Center).into()
}

/// A number in its groups, as printed on the card.
pub fn number<'a>(pen: &Pen<'a>, groups: &[PersonalText], lengths: &[usize], tone: Tone) -> Part<'a> {
    let palette = pen.palette;
    let line = match tone {
        Tone::Plain => palette.action,
        Tone::Good => palette.good,
        Tone::Care | Tone::Bad => palette.care,
    };
    let ground = match tone {
        Tone::Good => palette.good_ground,
        Tone::Care | Tone::Bad => palette.care_ground,
        Tone::Plain => palette.card,
    };
    // A receipt number is thirteen characters wide.
    let long = lengths.iter().sum::<usize>() > 10;
    let size = if long { pen.u(56.0) } else { pen.type_size(Type::Large) };
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut open = true;
    for (at, length) in lengths.iter().enumerate() {
        if at > 0 {
            parts.push(text("–").size(pen.u(44.0)).font(SANS).color(palette.ink_faint).into());
        }
        let empty = PersonalText::default();
        let group = groups.get(at).unwrap_or(&empty);
        let ink = palette.ink;
        parts.push(if open { cells(pen, group, *length, size, ink) } else { cells_later(pen, *length, size) });
        open = open && group.chars() >= *length;
    }
    let border = Border { color: line, width: pen.u(4.0).max(2.0), radius: pen.u(24.0).into() };
    container(container(Row::with_children(parts).spacing(pen.u(16.0)).align_y(Center)).center(Fill).width(Shrink))
        .center_x(Fill)
        .height(pen.u(156.0))
        .style(move |_| container::Style { background: Some(ground.into()), border, ..container::Style::default() })
        .into()
}

fn cells_later<'a>(pen: &Pen<'a>, count: usize, size: f32) -> Part<'a> {
    let faint = pen.palette.line_strong;
    let thick = pen.u(3.0).max(1.0);
    let cells = (0..count).map(|_| -> Part<'a> {
        let line = container("")
            .width(Fill)
            .height(thick)
            .style(move |_| container::Style { background: Some(faint.into()), ..container::Style::default() });
        column![container("").height(size * 1.3), line].width(size * CELL_EM).into()
    });
    Row::with_children(cells).spacing(pen.u(5.0)).align_y(Center).into()
}
