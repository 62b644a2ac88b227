//! A corner that staff know of: held for a moment it opens the sign-in; a short touch is a touch on what lies there.

use crate::event::Intent;
use crate::screens::pen::Part;
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::time::Instant;
use iced::{Event, Length, Rectangle, Renderer, Size, Theme, touch, window};
use std::time::Duration;

/// How long the corner is held.
pub const HOLD: Duration = Duration::from_millis(1500);

/// An invisible square that tells a long press from a short one. The time comes with the window's redraws.
pub struct LongPress {
    side: f32,
    held: Intent,
    tapped: Option<Intent>,
}

impl LongPress {
    /// A square of `side` logical pixels; `held` after [`HOLD`], `tapped` when let go before.
    #[must_use]
    pub fn new(side: f32, held: Intent, tapped: Option<Intent>) -> Self {
        Self { side, held, tapped }
    }
}

#[derive(Default)]
enum Press {
    #[default]
    None,
    /// Down, the time is not known yet.
    Down,
    Since(Instant),
}

impl Widget<Intent, Theme, Renderer> for LongPress {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(self.side), Length::Fixed(self.side))
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, self.side, self.side)
    }

    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Press>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Press::default())
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Intent>,
        _viewport: &Rectangle,
    ) {
        let press = tree.state.downcast_mut::<Press>();
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left))
            | Event::Touch(touch::Event::FingerPressed { .. })
                if cursor.is_over(layout.bounds()) =>
            {
                *press = Press::Down;
                shell.request_redraw();
                shell.capture_event();
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left))
            | Event::Touch(touch::Event::FingerLifted { .. })
                if !matches!(press, Press::None) =>
            {
                *press = Press::None;
                if cursor.is_over(layout.bounds())
                    && let Some(tapped) = &self.tapped
                {
                    shell.publish(tapped.clone());
                }
                shell.capture_event();
            }
            Event::Touch(touch::Event::FingerLost { .. }) => *press = Press::None,
            Event::Window(window::Event::RedrawRequested(now)) => match *press {
                Press::None => {}
                Press::Down => {
                    *press = Press::Since(*now);
                    shell.request_redraw_at(*now + HOLD);
                }
                Press::Since(since) if now.saturating_duration_since(since) >= HOLD => {
                    *press = Press::None;
                    shell.publish(self.held.clone());
                }
                Press::Since(since) => shell.request_redraw_at(since + HOLD),
            },
            _ => {}
        }
    }

    fn draw(
        &self,
        _tree: &Tree,
        _renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        _layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
    }
}

impl From<LongPress> for Part<'_> {
    fn from(corner: LongPress) -> Self {
        Self::new(corner)
    }
}
