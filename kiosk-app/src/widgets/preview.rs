//! The camera's live picture with the zone found, outlined.

use crate::screens::Preview;
use crate::screens::pen::{Part, Pen};
use card_reader::ocr::Quad;
use iced::mouse;
use iced::widget::canvas::{self, Canvas, Geometry, LineJoin, Path, Stroke};
use iced::widget::image::{FilterMethod, Image};
use iced::widget::{container, stack};
use iced::{Border, Color, ContentFit, Fill, Point, Rectangle, Renderer, Theme};

/// Width and height of the preview in design units: drawn one to one, because stretching costs ten times as much.
pub const SIZE: (f32, f32) = (640.0, 480.0);

/// The newest frame, and `quad` (in pixels of the full frame) over it.
pub fn preview<'a>(pen: &Pen<'a>, preview: &Preview, quad: Option<&Quad>) -> Part<'a> {
    let (width, height) = (pen.u(SIZE.0), pen.u(SIZE.1));
    let picture = Image::new(preview.handle.clone())
        .width(width)
        .height(height)
        .content_fit(ContentFit::Cover)
        .filter_method(FilterMethod::Nearest);
    let outline = Outline {
        quad: quad.copied(),
        frame: preview.frame,
        colour: pen.palette.picture_accent,
        thick: pen.u(6.0).max(2.0),
    };
    let dark = pen.palette.picture_dark;
    container(stack![picture, Canvas::new(outline).width(width).height(height)])
        .style(move |_| container::Style {
            background: Some(dark.into()),
            border: Border { color: dark, width: 0.0, radius: 12.0.into() },
            ..container::Style::default()
        })
        .width(width)
        .height(height)
        .into()
}

struct Outline {
    quad: Option<Quad>,
    /// Width and height of the frame that the quadrilateral is measured in.
    frame: (f32, f32),
    colour: Color,
    thick: f32,
}

impl<Message> canvas::Program<Message> for Outline {
    type State = ();

    fn draw(
        &self,
        (): &(),
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let mut frame = canvas::Frame::new(renderer, bounds.size());
        let stroke = Stroke::default().with_width(self.thick).with_color(self.colour).with_line_join(LineJoin::Round);
        if let Some(quad) = self.quad {
            let scale = (bounds.width / self.frame.0).max(bounds.height / self.frame.1);
            let across = (bounds.width - self.frame.0 * scale) / 2.0;
            let down = (bounds.height - self.frame.1 * scale) / 2.0;
            let at = |index: usize| Point::new(across + quad[index].x * scale, down + quad[index].y * scale);
            let path = Path::new(|path| {
                path.move_to(at(0));
                for index in 1..4 {
                    path.line_to(at(index));
                }
                path.close();
            });
            frame.stroke(&path, stroke);
        } else {
            corners(&mut frame, bounds, stroke);
        }
        vec![frame.into_geometry()]
    }
}

/// Four corner marks: put the card here.
fn corners(frame: &mut canvas::Frame, bounds: Rectangle, stroke: Stroke<'_>) {
    let (margin, arm) = (bounds.width * 0.06, bounds.width * 0.09);
    let (left, right) = (margin, bounds.width - margin);
    let (top, bottom) = (margin, bounds.height - margin);
    for (x, y, dx, dy) in
        [(left, top, 1.0, 1.0), (right, top, -1.0, 1.0), (right, bottom, -1.0, -1.0), (left, bottom, 1.0, -1.0)]
    {
        let path = Path::new(|path| {
            path.move_to(Point::new(x + dx * arm, y));
            path.line_to(Point::new(x, y));
            path.line_to(Point::new(x, y + dy * arm));
        });
        frame.stroke(&path, stroke);
    }
}

/// A picture stage of diagnostics, fitted into its box.
pub fn stage<'a>(handle: iced::widget::image::Handle) -> Part<'a> {
    Image::new(handle).width(Fill).height(Fill).content_fit(ContentFit::Contain).into()
}
