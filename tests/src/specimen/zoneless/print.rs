//! Print for people: pages, listings, tables, receipts, screens.

use super::super::face::{Face, Faces};
use super::super::sheet::Sheet;
use super::super::{Random, surface};

fn ink(r: &mut Random) -> u8 {
    r.between(5.0, 80.0) as u8
}

fn fixed<'a>(faces: &'a Faces, r: &mut Random) -> &'a Face {
    if r.chance(0.5) { r.pick(&faces.ocr_b) } else { r.pick(&faces.mono) }
}

/// Lines of words down to the lower edge, sometimes in columns.
fn lines(sheet: &mut Sheet, face: &Face, size: f32, capitals: f32, r: &mut Random) {
    let (width, height) = sheet.size();
    let (ink, apart) = (ink(r), size * r.between(1.5, 2.4));
    let columns = 1 + r.below(2);
    let column = (width - 10.0) / columns as f32;
    let mut y = 5.0;
    while y < height - 4.0 {
        for c in 0..columns {
            let letters = ((column - 4.0) / size * r.between(0.8, 1.05)) as usize;
            let mut text = surface::words(r, letters, capitals);
            text.truncate(letters);
            sheet.text(face, &text, 5.0 + c as f32 * column, y, size, ink);
        }
        y += apart * if r.chance(0.08) { 2.0 } else { 1.0 };
    }
}

pub(super) fn page(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, size) = (r.pick(&faces.page), r.between(1.6, 3.5));
    let capitals = if r.chance(0.3) { 1.0 } else { 0.1 };
    lines(sheet, face, size, capitals, r);
}

pub(super) fn typewritten(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, size) = (fixed(faces, r), r.between(1.6, 3.0));
    let capitals = if r.chance(0.5) { 1.0 } else { 0.2 };
    lines(sheet, face, size, capitals, r);
}

pub(super) fn code(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, size, ink) = (fixed(faces, r), r.between(1.5, 2.6), ink(r));
    let (_, height) = sheet.size();
    let mut y = 4.0;
    let mut depth = 0usize;
    while y < height - 3.0 {
        let name: String = surface::words(r, 6, 0.1).split_whitespace().next().unwrap_or("x").to_owned();
        let line = match r.below(7) {
            0 => format!("if {name} << {} > 0x{:08X} {{", r.below(32), r.bits() as u32),
            1 => format!("{name}[{}] = {name} <<< {};", r.below(99), r.below(9)),
            2 => format!("while ({name} < {}) {{", r.below(10_000)),
            3 => format!("std::cout << \"{name}\" << {} << std::endl;", r.below(100)),
            4 => format!("{:016X} {:016X} {:016X}", r.bits(), r.bits(), r.bits()),
            5 => "}".to_owned(),
            _ => format!("return {name}({}, {});", r.below(100), r.below(100)),
        };
        depth = if line == "}" { depth.saturating_sub(1) } else { depth };
        sheet.text(face, &line, 4.0 + 4.0 * size * depth as f32 * 0.7, y, size, ink);
        depth = (depth + usize::from(line.ends_with('{'))).min(5);
        y += size * 1.7;
    }
}

pub(super) fn table(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let face = if r.chance(0.6) { fixed(faces, r) } else { r.pick(&faces.page) };
    let (size, ink) = (r.between(1.6, 3.0), ink(r));
    let (width, height) = sheet.size();
    let digits = 2 + r.below(8);
    let column = (digits as f32 + r.between(0.5, 2.0)) * size;
    let ruled = r.chance(0.5);
    let mut y = 5.0;
    while y < height - 4.0 {
        let mut x = 5.0;
        while x + column < width - 4.0 {
            let text: String = (0..digits).map(|_| char::from(b'0' + r.below(10) as u8)).collect();
            sheet.text(face, &text, x, y, size, ink);
            x += column;
        }
        if ruled {
            sheet.block(4.0, y + size, width - 8.0, 0.15, ink);
        }
        y += size * 2.0;
    }
}

pub(super) fn receipt(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, ink, size) = (fixed(faces, r), r.between(40.0, 120.0) as u8, r.between(1.8, 2.6));
    let (width, height) = sheet.size();
    let cells = ((width - 8.0) / (size * 1.06)) as usize;
    let mut y = 5.0;
    while y < height - 10.0 {
        let text = match r.below(9) {
            0 => "<".repeat(cells),
            1 => "*".repeat(cells),
            2 => "-".repeat(cells),
            3 => format!("{:<<cells$}", "TOTAL"),
            4 => format!("REF {:<<width$}", r.bits() % 1_000_000_000_000, width = cells.saturating_sub(4)),
            _ => {
                let mut what = surface::words(r, 14, 1.0).replace([',', '.', '/'], "");
                what.truncate(16);
                format!("{what:<18}{:>w$}.{:02}", r.below(1000), r.below(100), w = cells.saturating_sub(21).max(1))
            }
        };
        sheet.text(face, &text, 4.0, y, size, ink);
        y += size * 1.75;
    }
    surface::barcode(sheet, (8.0, height - 9.0, width - 16.0, 6.0), ink, r);
}

pub(super) fn screen(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (width, height) = sheet.size();
    let (light, dark) = if r.chance(0.5) { (245, 30) } else { (28, 225) };
    sheet.block(0.0, 0.0, width, height, light);
    let face = r.pick(&faces.page);
    for _ in 0..2 + r.below(4) {
        let (x, y) = (r.between(0.0, 0.6) * width, r.between(0.0, 0.6) * height);
        let (w, h) = (r.between(30.0, 90.0), r.between(25.0, 60.0));
        sheet.block(x, y, w, h, light.wrapping_add(if light > 100 { 246 } else { 14 }));
        sheet.frame(x, y, w, h, 0.3, dark);
        sheet.block(x, y, w, 4.0, if r.chance(0.5) { 110 } else { 70 });
        sheet.text(face, &surface::words(r, 12, 0.2), x + 2.0, y + 2.0, 1.6, 240);
        let mut row = y + 7.0;
        while row < y + h - 3.0 {
            if r.chance(0.3) {
                sheet.frame(x + 2.0, row - 1.5, w * 0.4, 3.2, 0.2, dark);
            }
            let mut text = surface::words(r, (w / 2.2) as usize, 0.2);
            text.truncate((w / 2.0) as usize);
            sheet.text(face, &text, x + 3.0, row, 1.5, dark);
            row += r.between(3.0, 5.0);
        }
    }
}

pub(super) fn keyboard(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let face = r.pick(&faces.page);
    let (cap, letter) = if r.chance(0.5) { (40, 230) } else { (220, 30) };
    for (row, keys) in ["1234567890-=", "QWERTYUIOP[]", "ASDFGHJKL;'<", "<ZXCVBNM,./<"].into_iter().enumerate() {
        for (i, key) in keys.chars().enumerate() {
            let (x, y) = (4.0 + i as f32 * 11.5 + row as f32 * 2.5, 4.0 + row as f32 * 12.5);
            sheet.block(x, y, 10.0, 11.0, cap);
            sheet.text(face, &key.to_string(), x + 2.0, y + 4.0, 3.2, letter);
        }
    }
}

pub(super) fn form(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let face = r.pick(&faces.page);
    let filled = fixed(faces, r);
    let (ink, box_width) = (ink(r), r.between(2.6, 4.2));
    let (width, height) = sheet.size();
    let mut y = 5.0;
    while y < height - 8.0 {
        let label = surface::words(r, 20, 0.2);
        sheet.text(face, &label, 5.0, y, 1.5, ink);
        let boxes = ((width - 10.0) / box_width) as usize;
        for i in 0..boxes {
            let x = 5.0 + i as f32 * box_width;
            sheet.frame(x, y + 2.0, box_width, 4.6, 0.15, ink.saturating_add(60));
            if r.chance(0.8) {
                let c = *r.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") as char;
                sheet.text(filled, &c.to_string(), x + 0.25 * box_width, y + 4.3, 0.55 * box_width.min(4.0), ink);
            }
        }
        y += 9.5;
    }
}
