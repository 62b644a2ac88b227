//! Time left, as a ring that empties around the seconds.

use crate::screens::pen::{Part, Pen};
use crate::theme::{BOLD, Palette};
use crate::widgets::picture::Cached;
use iced::widget::canvas::{self, Frame, LineCap, Path, Stroke};
use iced::widget::{container, stack, text};
use iced::{Fill, Point, Radians};

/// Seconds left of `of`.
pub fn countdown<'a>(pen: &Pen<'a>, seconds: u64, of: u64, side: f32) -> Part<'a> {
    let palette = pen.palette;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a countdown")]
    let share = if of == 0 { 0.0 } else { seconds.min(of) as f32 / of as f32 };
    let ring = Cached::new((seconds, of, palette_key(&palette)), move |frame: &mut Frame| {
        let centre = Point::new(frame.width() / 2.0, frame.height() / 2.0);
        let thick = frame.width() * 0.07;
        let radius = frame.width() / 2.0 - thick;
        let stroke = Stroke::default().with_width(thick).with_line_cap(LineCap::Round);
        frame.stroke(&Path::circle(centre, radius), stroke.with_color(palette.line));
        if share > 0.0 {
            let arc = Path::new(|path| {
                path.arc(canvas::path::Arc {
                    center: centre,
                    radius,
                    start_angle: Radians(-std::f32::consts::FRAC_PI_2),
                    end_angle: Radians(-std::f32::consts::FRAC_PI_2 + std::f32::consts::TAU * share),
                });
            });
            frame.stroke(&arc, stroke.with_color(palette.action));
        }
    });
    let number = text(seconds.to_string()).size(side * 0.34).font(BOLD).color(palette.ink);
    stack![canvas::Canvas::new(ring).width(side).height(side), container(number).center(Fill)]
        .width(side)
        .height(side)
        .into()
}

/// What tells two palettes apart in a cache's key.
#[must_use]
pub fn palette_key(palette: &Palette) -> [u8; 8] {
    let [r, g, b, _] = palette.ground.into_rgba8();
    let [x, y, z, _] = palette.ink.into_rgba8();
    let [p, q, _, _] = palette.action.into_rgba8();
    [r, g, b, x, y, z, p, q]
}
