//! Documents as the camera sees them.

use super::people::Person;
use super::{OrTrouble, Outcome};
use crate::specimen::scene::{View, photograph};
use crate::specimen::{DEFAULT_FOLDER, Fonts, Print, Specimen, draw};
use image::GrayImage;
use std::path::Path;

/// A person's document as the camera sees it: flat, sharp, a little askew.
///
/// # Errors
/// A font is missing, or the zone cannot be written.
pub fn document(person: &Person) -> Outcome<GrayImage> {
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
    let picture = photograph(&draw(&specimen, &fonts, &Print::default()), &view);
    Ok(image::imageops::grayscale(&picture))
}
