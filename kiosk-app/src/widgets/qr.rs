//! A QR symbol of a reference, drawn with its quiet zone, dark on light in every contrast theme.

use crate::screens::pen::Part;
use crate::widgets::picture::Cached;
use iced::widget::canvas::{Canvas, Frame};
use iced::{Color, Point, Size};
use qrcode::{EcLevel, QrCode};

/// Modules of the quiet zone on each side (ISO/IEC 18004: four).
const QUIET: usize = 4;

/// The symbol of `text`, `side` logical pixels wide; nothing if the text does not fit one.
#[must_use]
pub fn qr<'a>(text: &str, side: f32) -> Option<Part<'a>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let symbol = Cached::new(text.to_owned(), move |frame: &mut Frame| {
        frame.fill_rectangle(Point::ORIGIN, frame.size(), Color::WHITE);
        #[expect(clippy::cast_precision_loss, reason = "a symbol has fewer than 200 modules a side")]
        let module = (frame.width() / (width + 2 * QUIET) as f32).floor().max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "a symbol has fewer than 200 modules a side")]
        let edge = ((frame.width() - module * width as f32) / 2.0).floor();
        for (y, row) in modules.chunks(width).enumerate() {
            for (x, colour) in row.iter().enumerate() {
                if *colour == qrcode::Color::Dark {
                    #[expect(clippy::cast_precision_loss, reason = "as above")]
                    let corner = Point::new(edge + x as f32 * module, edge + y as f32 * module);
                    frame.fill_rectangle(corner, Size::new(module, module), Color::BLACK);
                }
            }
        }
    });
    Some(Canvas::new(symbol).width(side).height(side).into())
}
