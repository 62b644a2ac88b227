//! What pictures have besides a zone: words, portraits, barcodes, the grain of a desk.

use super::sheet::Sheet;
use super::{Random, noise};

/// Left, top, width, height, in millimetres.
pub(super) type Place = (f32, f32, f32, f32);

/// Made-up words with blanks; a share of the letters is capital, in whole words.
pub(super) fn words(r: &mut Random, length: usize, capitals: f32) -> String {
    const COMMON: [&str; 48] = [
        "the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not", "he",
        "his", "but", "at", "are", "this", "have", "from", "or", "had", "an", "they", "which", "one", "would", "all",
        "there", "been", "their", "we", "him", "has", "when", "who", "will", "no", "more", "if", "out", "so", "up",
        "I",
    ];
    let mut text = String::new();
    while text.len() < length {
        let word = match r.below(8) {
            0..4 => (*r.pick(&COMMON)).to_owned(),
            4 => format!("{}", r.below(100_000)),
            _ => {
                let letters = 3 + r.below(9);
                (0..letters)
                    .map(|i| char::from(if i % 2 == 0 { *r.pick(b"bcdfghklmnprstvwz") } else { *r.pick(b"aeiouy") }))
                    .collect()
            }
        };
        text += &if r.chance(capitals) { word.to_uppercase() } else { word };
        text += r.pick::<&str>(&[" ", " ", " ", " ", " ", ", ", ". ", " / ", "-"]);
    }
    text
}

/// A face, more or less.
pub(super) fn portrait(sheet: &mut Sheet, (x, y, width, height): Place, r: &mut Random) {
    let (skin, hair, behind) = (r.between(60.0, 210.0), r.between(10.0, 150.0) as u8, r.between(150.0, 235.0) as u8);
    sheet.block(x, y, width, height, behind);
    let at = |u: f32, v: f32| (x + u * width, y + v * height);
    let size = |u: f32, v: f32| (u * width, v * height);
    let dress = r.between(20.0, 220.0) as u8;
    let bottom = y + height;
    sheet.oval(at(0.5, 0.36), size(r.between(0.27, 0.4), 0.33), hair);
    sheet.oval(at(0.5, 0.47), size(0.26, 0.3), skin as u8);
    for side in [0.39, 0.61] {
        sheet.oval(at(side, 0.43), size(0.055, 0.03), 245);
        sheet.oval(at(side, 0.43), size(0.022, 0.027), 20);
        sheet.block(x + (side - 0.06) * width, y + 0.37 * height, 0.12 * width, 0.012 * height, hair);
    }
    sheet.oval(at(0.5, 0.53), size(0.03, 0.03), (skin * 0.8) as u8);
    sheet.oval(at(0.5, 0.63), size(r.between(0.06, 0.12), 0.02), (skin * 0.5) as u8);
    let shoulders = at(0.5, 1.05);
    sheet.within(x, y + 0.7 * height, width, 0.3 * height, |px, py, was| {
        let inside =
            ((px - shoulders.0) / (0.48 * width)).powi(2) + ((py - shoulders.1) / (0.32 * height)).powi(2) < 1.0;
        if inside && py < bottom { dress } else { was }
    });
}

/// Bars as of a linear symbol, sometimes with digits below.
pub(super) fn barcode(sheet: &mut Sheet, (x, y, width, height): Place, ink: u8, r: &mut Random) {
    let module = r.between(0.25, 0.6);
    let mut at = x;
    while at < x + width {
        let wide = module * (1 + r.below(3)) as f32;
        sheet.block(at, y, wide.min(x + width - at), height, ink);
        at += wide + module * (1 + r.below(3)) as f32;
    }
}

/// Rows of bars one above the other, as of PDF417.
pub(super) fn stacked(sheet: &mut Sheet, (x, y, width, height): Place, ink: u8, r: &mut Random) {
    let (module, row) = (r.between(0.2, 0.5), r.between(0.6, 1.6));
    let mut at = y;
    while at + row < y + height {
        let mut across = x;
        while across < x + width {
            let wide = module * (1 + r.below(5)) as f32;
            sheet.block(across, at, wide, row, ink);
            across += wide + module * (1 + r.below(4)) as f32;
        }
        at += row;
    }
    sheet.block(x - 3.0 * module, y, 2.0 * module, at - y, ink);
    sheet.block(x + width + 2.0 * module, y, 2.0 * module, at - y, ink);
}

/// A QR symbol of some text.
pub(super) fn qr(sheet: &mut Sheet, (x, y, side, _): Place, text: &str, ink: u8) {
    let Ok(code) = qrcode::QrCode::new(text.as_bytes()) else { return };
    let modules = code.width();
    let module = side / modules as f32;
    for (i, color) in code.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            sheet.block(x + (i % modules) as f32 * module, y + (i / modules) as f32 * module, module, module, ink);
        }
    }
}

/// A material over a whole picture: wood, cloth, checks, stripes, stone.
pub(super) fn desk((width, height): (usize, usize), r: &mut Random) -> Vec<u8> {
    let mut picture = vec![0u8; width * height];
    let (base, depth) = (r.between(50.0, 190.0), r.between(10.0, 60.0));
    let (size, turn, seed) = (r.between(3.0, 40.0), r.between(-0.6, 0.6), r.bits());
    let kind = r.below(6);
    let (sin, cos) = turn.sin_cos();
    // Materials are drawn in half resolution: they are behind, and time is dear.
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            let (u, v) = ((x as f32 * cos + y as f32 * sin) / size, (y as f32 * cos - x as f32 * sin) / size);
            let (iu, iv) = ((u + 1e4) as i32, (v + 1e4) as i32);
            let part = |t: f32| (t + 1e4).fract();
            let level = match kind {
                0 => {
                    // Rings of wood: long along the grain.
                    let ring = part((v + 4.0 * noise::smooth(u / 30.0, v / 3.0, seed)) * 0.7);
                    (ring - 0.5).abs() * 2.0
                }
                1 => f32::from(u8::from((iu + iv) % 2 == 0)),
                2 => {
                    // Woven: over and under.
                    let over = (iu + iv) % 2 == 0;
                    let t = if over { part(v) } else { part(u) };
                    (1.0 - (2.0 * t - 1.0).abs()) * if over { 1.0 } else { 0.7 }
                }
                3 => f32::from(u8::from(part(u) < 0.5)),
                4 => noise::smooth(u, v, seed),
                _ => (0.5 * (part(u) - 0.5).abs() + 0.5 * (part(v) - 0.5).abs()) * 2.0,
            };
            let grey = (base + depth * (level - 0.5)).clamp(0.0, 255.0) as u8;
            let (right, below) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
            for at in [y * width + x, y * width + right, below * width + x, below * width + right] {
                picture[at] = grey;
            }
        }
    }
    picture
}
