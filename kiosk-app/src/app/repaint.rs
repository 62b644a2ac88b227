//! Draws the whole window anew when another screen appears.
//!
//! The software renderer draws only what it believes has changed, and leaves traces of text that moved or was cut. It
//! draws everything if the background colour is another; so each new screen, and each new sentence on it, gets one that
//! differs by less than a pixel can show. Within a screen (a key, a countdown) the small repaint is right and quick.

use crate::i18n::Msg;
use crate::kiosk::Kiosk;
use crate::screens::content::{Item, Place};
use crate::screens::{self, Look};
use crate::session::state::{Overlay, Settings, StateKind};
use iced::{Color, theme};
use std::mem::Discriminant;

#[derive(Default)]
pub(super) struct Repaint {
    other: bool,
    shown: Option<Screen>,
}

/// What makes a screen another one; its values (numbers, progress) do not.
#[derive(PartialEq)]
struct Screen {
    place: Place,
    title: Msg,
    help: Option<Msg>,
    state: Option<StateKind>,
    overlay: Option<Overlay>,
    settings: Option<Settings>,
    turn: usize,
    items: Vec<(Discriminant<Item>, Vec<Msg>)>,
    actions: Vec<String>,
}

impl Repaint {
    /// After each message.
    pub(super) fn look(&mut self, kiosk: &Kiosk, look: &Look) {
        let content = screens::content(kiosk, look);
        let visit = kiosk.visit.as_ref();
        let screen = Screen {
            place: content.place,
            title: content.title.message,
            help: content.help.as_ref().map(|line| line.message),
            state: visit.map(|visit| visit.state.kind()),
            overlay: visit.and_then(|visit| visit.overlay),
            settings: visit.map(|visit| visit.settings),
            // Of matter only while nobody is here: in a visit the languages do not take turns.
            turn: if visit.is_none() { look.turn } else { 0 },
            items: content.items.iter().map(|item| (std::mem::discriminant(item), said(item))).collect(),
            actions: content.actions.into_iter().map(|action| action.id).collect(),
        };
        if self.shown.as_ref() != Some(&screen) {
            self.shown = Some(screen);
            self.other = !self.other;
        }
    }

    pub(super) fn style(&self) -> theme::Style {
        let shade = if self.other { 0.0001 } else { 0.0 };
        theme::Style { background_color: Color::from_rgb(shade, 0.0, 0.0), text_color: Color::WHITE }
    }
}

/// The sentences of an item: another one may be longer than what is drawn anew by itself.
fn said(item: &Item) -> Vec<Msg> {
    match item {
        Item::Text(line) | Item::Small(line) | Item::Caption(line) | Item::Status { line, .. } => vec![line.message],
        Item::Notice { title, help, .. } => std::iter::once(title).chain(help).map(|line| line.message).collect(),
        Item::Reference { help, .. } => vec![help.message],
        Item::Promise { line, .. } => vec![line.message],
        Item::Steps { steps, .. } => steps.iter().map(|(line, _)| line.message).collect(),
        Item::Zone { caption, verdict, .. } => {
            std::iter::once(caption).chain(verdict.as_ref().map(|(line, _)| line)).map(|line| line.message).collect()
        }
        Item::Device { who, .. } => vec![who.message],
        Item::Field { label, .. } => vec![label.message],
        Item::Directions(_)
        | Item::Picture(_)
        | Item::Preview { .. }
        | Item::MaskedCard(_)
        | Item::Sign(_)
        | Item::Entry { .. }
        | Item::Code(_)
        | Item::Choices { .. }
        | Item::Keypad { .. }
        | Item::Countdown { .. }
        | Item::Facts(_)
        | Item::Stages(_)
        | Item::Fill => Vec::new(),
    }
}
