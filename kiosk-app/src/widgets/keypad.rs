//! Keys on the screen: at least 20 mm, 3 mm apart, acting when the finger is lifted inside.

use crate::screens::content::{Action, KeySize};
use crate::screens::pen::{Part, Pen};
use crate::theme::{TARGET_MM, Type};
use crate::widgets::button::{self, Face};
use crate::widgets::picture::{Sign, sign};
use iced::widget::{column, container, row};
use iced::{Center, Fill, FillPortion};

/// Millimetres between keys.
const GAP_MM: f32 = 3.0;

/// Rows of keys filling the room between their least and greatest height. Characters run left to right in every
/// language; only words are mirrored.
pub fn keypad<'a>(pen: &Pen<'a>, rows: &[&[Action]], size: KeySize) -> Part<'a> {
    let gap = pen.mm(GAP_MM);
    let tallest = match size {
        KeySize::Large => pen.u(168.0),
        KeySize::Normal => pen.u(138.0),
        KeySize::Compact => pen.u(112.0),
    };
    let least = pen.mm(TARGET_MM) + 1.0;
    let widest = rows.iter().map(|row| row.len()).max().unwrap_or(1);
    let lines = rows.iter().map(|actions| {
        let words = actions.iter().any(|action| action.label_is_words());
        let keys = actions.iter().map(|action| key(pen, action));
        // A short row of characters keeps the column width of the others.
        let missing = if words { 0 } else { widest.saturating_sub(actions.len()) };
        let keys = row(keys).spacing(gap).height(Fill);
        let keys: Part<'a> = if missing == 0 || actions.len() < 2 {
            keys.into()
        } else {
            let share = u16::try_from(actions.len() * 2).unwrap_or(2);
            let side = u16::try_from(missing).unwrap_or(0);
            row![
                container("").width(FillPortion(side)),
                container(keys).width(FillPortion(share)),
                container("").width(FillPortion(side))
            ]
            .into()
        };
        container(keys).height(Fill).max_height(tallest).into()
    });
    let count = u16::try_from(rows.len()).unwrap_or(1);
    let height = f32::from(count) * (tallest + gap) - gap;
    let floor = f32::from(count) * (least + gap) - gap;
    let keys = column(lines).spacing(gap).height(Fill);
    // The outer container takes the room, the inner one no more of it than keys should have.
    container(container(keys).width(Fill).max_height(height.max(floor))).width(Fill).height(Fill).into()
}

fn key<'a>(pen: &Pen<'a>, action: &Action) -> Part<'a> {
    if action.label_is_words() {
        let (_, ink, _) = button::colours(&pen.palette, Face::Key, action.enabled);
        let mut parts: Vec<Part<'a>> = Vec::new();
        if action.id == crate::i18n::Msg::Delete.id() {
            parts.push(sign(Sign::Delete, pen.u(40.0), ink));
        }
        parts.push(pen.text(Type::Button, pen.label(&action.label), ink).into());
        let words = container(pen.row(parts).spacing(pen.u(14.0)).align_y(Center)).center(Fill).padding(pen.u(6.0));
        return button::target(pen, action, Face::Key, pen.u(18.0), Fill, Fill, words.into());
    }
    let (_, ink, _) = button::colours(&pen.palette, Face::Key, action.enabled);
    let face = container(pen.text(Type::Key, pen.label(&action.label), ink)).center(Fill);
    button::target(pen, action, Face::Key, pen.u(18.0), Fill, Fill, face.into())
}

impl Action {
    /// Whether the face is words (to be laid out in the direction of writing) rather than a character.
    #[must_use]
    pub fn label_is_words(&self) -> bool {
        matches!(self.label, crate::screens::content::Label::Line(_))
    }
}
