//! What is held before the camera: a person's document, or paper with a QR on it.

use super::people::Person;
use super::{OrTrouble, Outcome};
use crate::specimen::scene::{View, photograph};
use crate::specimen::{DEFAULT_FOLDER, Fonts, Print, Specimen, draw};
use image::{DynamicImage, GrayImage, Luma};
use std::path::Path;

/// A camera's usual size.
const SIZE: (u32, u32) = (1280, 960);

/// A person's document as the camera sees it: flat, sharp, a little askew.
///
/// # Errors
/// A font is missing, or the zone cannot be written.
pub fn document(person: &Person) -> Outcome<DynamicImage> {
    let fonts = Fonts::load(Path::new(DEFAULT_FOLDER)).or_trouble(|| "the document cannot be drawn")?;
    let specimen = Specimen::with_lines(person.kind, person.zone()?, person.printed());
    let view = View {
        turn: 2.0,
        lean: (0.02, 0.0),
        fill: 0.72,
        blur: 0.5,
        noise: 2.0,
        contrast: 0.9,
        shade: 0.05,
        desk: 70,
        ..View::camera(7)
    };
    Ok(DynamicImage::ImageRgb8(photograph(&draw(&specimen, &fonts, &Print::default()), &view)))
}

/// White paper with a QR of `text`.
///
/// # Errors
/// The text does not fit into a QR.
pub fn qr(text: &str) -> Outcome<DynamicImage> {
    let code = qrcode::QrCode::new(text.as_bytes()).or_trouble(|| "no QR of this text")?;
    let side = u32::try_from(code.width()).or_trouble(|| "no QR of this size")?;
    // As large as fits with its quiet zone of four modules.
    let module = (SIZE.1 / (side + 10)).max(1);
    let (left, top) = ((SIZE.0 - side * module) / 2, (SIZE.1 - side * module) / 2);
    let colors = code.to_colors();
    Ok(DynamicImage::ImageLuma8(GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let at = x.checked_sub(left).zip(y.checked_sub(top)).map(|(x, y)| (x / module, y / module));
        let dark = at
            .filter(|(column, row)| *column < side && *row < side)
            .is_some_and(|(column, row)| colors[(row * side + column) as usize] == qrcode::Color::Dark);
        Luma([if dark { 24 } else { 236 }])
    })))
}
