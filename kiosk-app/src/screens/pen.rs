//! What every part of a screen is drawn with: words, colours, sizes and the direction of writing.

use crate::event::Intent;
use crate::i18n::{Catalog, Line, Msg};
use crate::screens::content::{Label, Value};
use crate::session::state::TextSize;
use crate::theme::{Palette, Type, UNIT_MM};
use iced::alignment::Horizontal;
use iced::widget::{Column, Row, Text, column, container, row, text};
use iced::{Center, Color, Element, Fill, Shrink};

pub type Part<'a> = Element<'a, Intent>;

/// The hand that draws a screen.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    pub words: &'a Catalog,
    pub palette: Palette,
    pub size: TextSize,
    /// Logical pixels of one design unit.
    pub unit: f32,
    /// Keys leave little room: what is read beside them grows only to the middle size.
    pub dense: bool,
}

impl<'a> Pen<'a> {
    /// Design units to logical pixels.
    #[must_use]
    pub fn u(&self, units: f32) -> f32 {
        (units * self.unit).round()
    }

    /// Millimetres to logical pixels.
    #[must_use]
    pub fn mm(&self, millimetres: f32) -> f32 {
        self.u(millimetres / UNIT_MM)
    }

    #[must_use]
    pub fn rtl(&self) -> bool {
        self.words.language.right_to_left()
    }

    /// Space between parts in logical pixels: larger text takes some of it.
    #[must_use]
    pub fn gap(&self, units: f32) -> f32 {
        let share = match self.size {
            TextSize::Normal => 1.0,
            TextSize::Large => 0.84,
            TextSize::Largest => 0.68,
        };
        self.u(units * share)
    }

    /// The side where reading starts.
    #[must_use]
    pub fn start(&self) -> Horizontal {
        if self.rtl() { Horizontal::Right } else { Horizontal::Left }
    }

    /// The side where reading ends.
    #[must_use]
    pub fn end(&self) -> Horizontal {
        if self.rtl() { Horizontal::Left } else { Horizontal::Right }
    }

    /// A row in reading order: the only way in which this project puts things side by side, numbers and codes apart.
    #[must_use]
    pub fn row(&self, mut parts: Vec<Part<'a>>) -> Row<'a, Intent> {
        if self.rtl() {
            parts.reverse();
        }
        row(parts).align_y(Center)
    }

    /// A column whose parts begin where reading starts.
    #[must_use]
    pub fn column(&self, parts: Vec<Part<'a>>) -> Column<'a, Intent> {
        column(parts).align_x(self.start())
    }

    /// Font size of a kind of text, in logical pixels.
    #[must_use]
    pub fn type_size(&self, kind: Type) -> f32 {
        let size = match (self.dense, kind) {
            (true, Type::Body | Type::Strong | Type::Small | Type::SmallStrong) => self.size.min(TextSize::Large),
            _ => self.size,
        };
        kind.size(size) * self.unit
    }

    /// Text at its own width. It is never told to align itself: iced 0.14 draws a right-to-left line outside its box
    /// then. Align the container around it.
    #[must_use]
    pub fn text(&self, kind: Type, words: impl Into<String>, color: Color) -> Text<'a> {
        text(words.into())
            .size(self.type_size(kind))
            .font(kind.font())
            .line_height(if kind == Type::Title { 1.18 } else { 1.3 })
            .color(color)
            .width(Shrink)
    }

    /// Text that wraps in the width it is given and begins where reading starts.
    #[must_use]
    pub fn paragraph(&self, kind: Type, words: impl Into<String>, color: Color) -> Part<'a> {
        container(self.text(kind, words, color)).width(Fill).align_x(self.start()).into()
    }

    /// A centred paragraph. Only where text runs left to right may the lines themselves be centred (see [`Pen::text`]);
    /// elsewhere the block is.
    #[must_use]
    pub fn centred(&self, kind: Type, words: impl Into<String>, color: Color) -> Part<'a> {
        let words = self.text(kind, words, color);
        let words = if self.rtl() { words } else { words.align_x(Center) };
        container(words).center_x(Fill).into()
    }

    #[must_use]
    pub fn line(&self, line: &Line) -> String {
        self.words.line(line)
    }

    #[must_use]
    pub fn msg(&self, message: Msg) -> String {
        self.words.text(message)
    }

    #[must_use]
    pub fn label(&self, label: &Label) -> String {
        match label {
            Label::Line(line) => self.line(line),
            Label::Text(text) => text.clone(),
        }
    }

    #[must_use]
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Line(line) => self.line(line),
            Value::Text(text) => text.clone(),
            Value::Personal(text) => text.expose(ToOwned::to_owned),
        }
    }
}
