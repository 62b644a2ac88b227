//! Things without rows of text: faces, barcodes, bars, cards, materials.

use super::super::face::Faces;
use super::super::sheet::Sheet;
use super::super::{Random, surface};

pub(super) fn faces(sheet: &mut Sheet, _: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let across = 1 + r.below(4);
    let side = width / across as f32;
    let down = ((height / side) as usize).max(1);
    for i in 0..across * down {
        let (x, y) = ((i % across) as f32 * side, (i / across) as f32 * side);
        surface::portrait(sheet, (x + 1.0, y + 1.0, side - 2.0, (side - 2.0).min(height - y - 2.0)), r);
    }
}

pub(super) fn barcodes(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let mut y = 4.0;
    while y < height - 8.0 {
        let tall = r.between(3.0, 14.0);
        let ink = r.between(0.0, 60.0) as u8;
        surface::barcode(sheet, (6.0, y, width - 12.0, tall), ink, r);
        let digits: String = (0..8 + r.below(14)).map(|_| char::from(b'0' + r.below(10) as u8)).collect();
        sheet.text(r.pick(&faces.ocr_b), &digits, 14.0, y + tall + 2.2, 2.2, ink);
        y += tall + 6.0;
    }
}

pub(super) fn stacked(sheet: &mut Sheet, _: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let ink = r.between(0.0, 60.0) as u8;
    for i in 0..1 + r.below(3) {
        let tall = r.between(8.0, 22.0);
        surface::stacked(sheet, (8.0, 5.0 + 25.0 * i as f32, width - 16.0, tall.min(height - 8.0)), ink, r);
    }
}

pub(super) fn qr(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    for i in 0..1 + r.below(4) {
        let length = 20 + r.below(200);
        let text = surface::words(r, length, 0.5);
        let side = r.between(20.0, 36.0);
        let (x, y) = (4.0 + 50.0 * (i % 2) as f32, 4.0 + 38.0 * (i / 2) as f32);
        surface::qr(sheet, (x, y, side, side), &text, r.between(0.0, 60.0) as u8);
    }
    let code: String = (0..24).map(|_| *r.pick(b"ABCDEFGHJKMNPQRSTVWXYZ0123456789") as char).collect();
    sheet.text(&faces.ocr_b[0], &code, 5.0, 77.0, 2.4, 30);
}

/// Regular bars, dashes and grids: the frequencies of a zone without its characters.
pub(super) fn bars(sheet: &mut Sheet, _: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let (pitch, ink, kind) = (r.between(1.2, 4.0), r.between(0.0, 90.0) as u8, r.below(4));
    let mut y = 5.0;
    while y < height - 4.0 {
        let mut x = 5.0;
        while x < width - 5.0 {
            match kind {
                0 => sheet.block(x, y, pitch * 0.45, 2.4, ink),
                1 => sheet.stroke((x, y), (x + 0.6 * pitch, y + 1.2), 0.35, ink),
                2 => sheet.frame(x, y, pitch * 0.8, 2.4, 0.3, ink),
                _ => {
                    sheet.stroke((x + 0.7 * pitch, y), (x, y + 1.1), 0.35, ink);
                    sheet.stroke((x, y + 1.1), (x + 0.7 * pitch, y + 2.2), 0.35, ink);
                }
            }
            x += pitch;
        }
        y += r.between(3.5, 7.0);
    }
}

/// The front of a card whose zone is on its back.
pub(super) fn card(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    fields(sheet, faces, 48.0, r);
    sheet.block(62.0, 36.0, 12.0, 9.0, 165);
    sheet.frame(62.0, 36.0, 12.0, 9.0, 0.3, 90);
}

/// A data page down to its zone.
pub(super) fn visual_part(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    fields(sheet, faces, 62.0, r);
}

fn fields(sheet: &mut Sheet, faces: &Faces, bottom: f32, r: &mut Random) {
    let (width, _) = sheet.size();
    let (ink, face) = (r.between(10.0, 70.0) as u8, r.pick(&faces.page[..5]));
    surface::portrait(sheet, (4.0, 12.0, 0.26 * width, (bottom - 14.0).min(0.36 * width)), r);
    sheet.text(face, "UTOPIA   IDENTITY CARD / CARTE D'IDENTITÉ", 5.0, 5.0, 2.6, ink);
    let value = if r.chance(0.4) { r.pick(&faces.ocr_b) } else { face };
    let mut y = 13.0;
    while y < bottom {
        let label = surface::words(r, 12, 0.1);
        sheet.text(face, &label, 0.34 * width, y, 1.1, ink.saturating_add(50));
        let length = 6 + r.below(16);
        let text: String = if r.chance(0.5) {
            (0..length).map(|_| *r.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") as char).collect()
        } else {
            surface::words(r, length, 1.0)
        };
        sheet.text(value, &text, 0.34 * width, y + 2.8, 1.9, ink);
        y += r.between(5.5, 7.5);
    }
}

pub(super) fn security(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    for _ in 0..1 + r.below(3) {
        let depth = r.between(40.0, 160.0);
        sheet.guilloche(depth, r);
    }
    let (width, height) = sheet.size();
    let (size, grey) = (r.between(0.8, 2.2), r.between(90.0, 190.0) as u8);
    let mut y = 3.0;
    while r.chance(0.97) && y < height {
        let text = "UTOPIA".repeat((width / size / 5.0) as usize);
        sheet.text(&faces.page[0], &text, 2.0, y, size, grey);
        y += size * r.between(2.0, 5.0);
    }
}

pub(super) fn nothing(_: &mut Sheet, _: &Faces, _: &mut Random) {}

/// Several things at once.
pub(super) fn things(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let desk = r.between(30.0, 200.0) as u8;
    sheet.block(0.0, 0.0, width, height, desk);
    for _ in 0..3 + r.below(6) {
        let (w, h) = (r.between(20.0, 70.0), r.between(12.0, 40.0));
        let (x, y) = (r.between(0.0, width - w), r.between(0.0, height - h));
        let (paper, ink) = (r.between(150.0, 250.0) as u8, r.between(5.0, 90.0) as u8);
        sheet.block(x, y, w, h, paper);
        match r.below(6) {
            0 => surface::portrait(sheet, (x + 1.0, y + 1.0, (w - 2.0).min(h), h - 2.0), r),
            1 => surface::barcode(sheet, (x + 2.0, y + 2.0, w - 4.0, h - 4.0), ink, r),
            2 => surface::stacked(sheet, (x + 3.0, y + 2.0, w - 7.0, h - 4.0), ink, r),
            3 => surface::qr(sheet, (x + 1.0, y + 1.0, h.min(w) - 2.0, 0.0), "https://example.org/visit", ink),
            4 => sheet.oval((x + w / 2.0, y + h / 2.0), (w / 3.0, h / 3.0), ink),
            _ => {
                let face = if r.chance(0.5) { r.pick(&faces.ocr_b) } else { r.pick(&faces.page) };
                let mut row = y + 3.0;
                while row < y + h - 2.0 {
                    let mut text = surface::words(r, 30, 0.7);
                    text.truncate((w / 2.4) as usize);
                    sheet.text(face, &text, x + 2.0, row, 1.8, ink);
                    row += 3.4;
                }
            }
        }
    }
}
