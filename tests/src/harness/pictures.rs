//! Documents as the camera sees them.

use super::people::Person;
use super::{OrTrouble, Outcome};
use crate::specimen::scene::{View, photograph};
use crate::specimen::{DEFAULT_FOLDER, Fonts, Kind, Print, Specimen, draw};
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

/// A page with a zone and, beside the portrait, a symbol of the card reader's test data (`testdata/symbols.txt`), as the camera
/// sees it.
///
/// # Errors
/// A font or the symbol is missing.
pub fn sealed(kind: Kind, rows: &[&str], symbol: &str) -> Outcome<GrayImage> {
    /// Pixels of a module on the page (300 an inch), and where the symbol's upper left lies.
    const MODULE: u32 = 6;
    const PLACE: (u32, u32) = (870, 200);
    const QUIET: u32 = 4 * MODULE;
    let fonts = Fonts::load(Path::new(DEFAULT_FOLDER)).or_trouble(|| "the document cannot be drawn")?;
    let rows = rows.iter().map(|row| (*row).to_owned()).collect();
    let mut page = draw(&Specimen::with_lines(kind, rows, Vec::new()), &fonts, &Print::default());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-reader/testdata/symbols.txt");
    let symbols = std::fs::read_to_string(&file).or_trouble(|| format!("{} not read", file.display()))?;
    let modules: Vec<&str> = symbols
        .lines()
        .skip_while(|line| !line.starts_with(&format!("@{symbol}:")))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    let side = u32::try_from(modules.len()).or_trouble(|| "the symbol is too large")?;
    for y in 0..side * MODULE + 2 * QUIET {
        for x in 0..side * MODULE + 2 * QUIET {
            let (column, row) = (x.wrapping_sub(QUIET) / MODULE, y.wrapping_sub(QUIET) / MODULE);
            let dark =
                modules.get(row as usize).is_some_and(|line| line.as_bytes().get(column as usize) == Some(&b'1'));
            page.put_pixel(PLACE.0 + x - QUIET, PLACE.1 + y - QUIET, image::Rgb([if dark { 30 } else { 240 }; 3]));
        }
    }
    let view = View {
        width: 1920,
        height: 1440,
        turn: 2.0,
        lean: (0.02, 0.0),
        fill: 0.8,
        blur: 0.5,
        noise: 2.0,
        ..View::camera(7)
    };
    Ok(image::imageops::grayscale(&photograph(&page, &view)))
}
