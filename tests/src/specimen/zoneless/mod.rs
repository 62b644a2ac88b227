//! Pictures without a zone: pages, screens, faces, barcodes, materials, tickets, tables, and rows of OCR-B that are as
//! long as a zone's and none. Nothing on them may be accepted.

mod paper;
mod print;
mod rows;

use super::face::Faces;
use super::lens::{Desk, Glare, Shot};
use super::sheet::Sheet;
use super::{Picture, Random, surface};

type Draw = fn(&mut Sheet, &Faces, &mut Random);

/// Nothing but a desk.
const MATERIAL: &str = "material";

/// Each kind: its name, the size of its sheet in millimetres, how it is drawn.
const KINDS: [(&str, (f32, f32), Draw); 28] = [
    ("page of text", (120.0, 90.0), print::page),
    ("page, fixed pitch", (120.0, 90.0), print::typewritten),
    ("code listing", (130.0, 95.0), print::code),
    ("table of numbers", (120.0, 90.0), print::table),
    ("receipt", (80.0, 110.0), print::receipt),
    ("screen", (160.0, 100.0), print::screen),
    ("keyboard", (150.0, 60.0), print::keyboard),
    ("form", (120.0, 90.0), print::form),
    ("ticket", (140.0, 75.0), rows::ticket),
    ("boarding pass", (150.0, 75.0), rows::boarding_pass),
    ("serial numbers", (120.0, 80.0), rows::serials),
    ("rows of zone length", (120.0, 60.0), rows::wrong_structure),
    ("three rows of 30", (86.0, 54.0), rows::three_rows),
    ("one row of a zone", (125.0, 60.0), rows::one_row),
    ("rows of another length", (140.0, 70.0), rows::other_length),
    ("fillers", (125.0, 60.0), rows::fillers),
    ("rows of words", (125.0, 60.0), rows::words),
    ("bank giro", (148.0, 80.0), rows::giro),
    ("faces", (120.0, 90.0), paper::faces),
    ("linear barcodes", (110.0, 80.0), paper::barcodes),
    ("stacked barcodes", (110.0, 80.0), paper::stacked),
    ("QR symbols", (110.0, 80.0), paper::qr),
    ("bars", (120.0, 90.0), paper::bars),
    ("card without a zone", (85.6, 54.0), paper::card),
    ("upper part of a passport", (125.0, 66.0), paper::visual_part),
    ("security paper", (120.0, 90.0), paper::security),
    (MATERIAL, (20.0, 15.0), paper::nothing),
    ("things on a desk", (140.0, 100.0), paper::things),
];

/// The names of all kinds.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|k| k.0).collect()
}

/// One kind after the other, by seed; each under another light and angle.
#[must_use]
pub fn zoneless(faces: &Faces, seed: u64) -> Picture {
    let mut r = Random::new(seed ^ 0x20_e1e5);
    let (condition, (width, height), draw) = KINDS[(seed % KINDS.len() as u64) as usize];
    let frame = *r.pick(&[(1280, 960), (1280, 960), (1280, 960), (640, 480), (1920, 1080)]);
    let share = r.between(0.5, 1.15);
    let scale = frame.0 as f32 * share / width;
    let mut sheet = Sheet::new(width, height, (scale * 1.2).clamp(2.0, 22.0), r.between(180.0, 252.0) as u8);
    if r.chance(0.25) {
        let depth = r.between(5.0, 60.0);
        sheet.guilloche(depth, &mut r);
    }
    draw(&mut sheet, faces, &mut r);
    if r.chance(0.06) {
        sheet.grey.iter_mut().for_each(|g| *g = 255 - *g);
    }
    let mut shot = shot((width, height), frame, scale, &mut r);
    if condition == MATERIAL {
        shot.desk = Desk::Seen(surface::desk(frame, &mut r));
        shot.at = (-1e5, 0.0);
        shot.tilt.0 = 0.0;
    }
    Picture { pixels: shot.take(&sheet), lines: Vec::new(), condition }
}

fn shot((width, height): (f32, f32), frame: (usize, usize), scale: f32, r: &mut Random) -> Shot {
    let centre = (frame.0 as f32 / 2.0, frame.1 as f32 / 2.0);
    let textured = r.chance(0.35);
    let most_blur = if r.chance(0.25) { 3.0 } else { 0.9 };
    let most_noise = if r.chance(0.2) { 25.0 } else { 6.0 };
    Shot {
        width: frame.0,
        height: frame.1,
        point: (width * r.between(0.4, 0.6), height * r.between(0.4, 0.6)),
        at: (centre.0 * r.between(0.85, 1.15), centre.1 * r.between(0.85, 1.15)),
        scale,
        turn: if r.chance(0.5) { r.between(-10.0, 10.0) } else { r.between(-180.0, 180.0) },
        tilt: (r.between(0.0, 20.0), r.between(0.0, 360.0)),
        desk: if textured { Desk::Seen(surface::desk(frame, r)) } else { Desk::Grey(r.between(5.0, 250.0) as u8) },
        blur: r.between(0.3, most_blur),
        motion: (if r.chance(0.1) { r.between(2.0, 14.0) } else { 0.0 }, r.between(0.0, 360.0)),
        contrast: r.between(0.3, 1.0),
        light: r.between(0.4, 1.05),
        shade: r.between(0.0, 0.35),
        shadow: None,
        glare: r.chance(0.15).then(|| Glare {
            at: (frame.0 as f32 * r.unit(), frame.1 as f32 * r.unit()),
            radii: (r.between(30.0, 200.0), r.between(30.0, 200.0)),
            strength: r.between(50.0, 500.0),
        }),
        noise: r.between(0.5, most_noise),
        coarse: r.chance(0.4),
        jpeg: r.chance(0.4).then(|| r.between(15.0, 95.0) as u8),
        seed: r.bits(),
    }
}
