//! Rows of OCR-B, capitals, digits and fillers that are no zone, though some are as long as one and lie alike.

use super::super::content::Content;
use super::super::face::{Face, Faces};
use super::super::sheet::{Ink, Sheet};
use super::super::{Random, surface};

const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn random(r: &mut Random, set: &[u8], length: usize) -> String {
    (0..length).map(|_| *r.pick(set) as char).collect()
}

fn ink(r: &mut Random) -> Ink {
    Ink {
        grey: r.between(5.0, 70.0) as u8,
        weight: r.between(-0.05, 0.12),
        jitter: (0.02, 0.02),
        seed: r.bits(),
        ..Ink::default()
    }
}

fn face<'a>(faces: &'a Faces, r: &mut Random) -> &'a Face {
    if r.chance(0.8) { r.pick(&faces.ocr_b) } else { r.pick(&faces.mono) }
}

/// Rows at the lower edge, as a zone's, with some print above.
fn low(sheet: &mut Sheet, faces: &Faces, rows: &[String], apart: f32, r: &mut Random) {
    let (width, height) = sheet.size();
    let (face, ink) = (face(faces, r), ink(r));
    let longest = rows.iter().map(String::len).max().unwrap_or(0) as f32;
    let left = (width - longest * ink.pitch) / 2.0;
    let top = height - 6.5 - (rows.len() as f32 - 1.0) * apart;
    for (i, row) in rows.iter().enumerate() {
        sheet.row(face, row, left, top + i as f32 * apart, &Ink { seed: ink.seed ^ i as u64, ..ink });
    }
    let mut y = 5.0;
    while y < top - 6.0 {
        let text = surface::words(r, 40, 0.4);
        sheet.text(&faces.page[0], &text, 6.0, y, 2.0, ink.grey);
        y += 4.5;
    }
}

/// Two rows of 30, 36 or 44 cells whose structure is no zone's.
pub(super) fn wrong_structure(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let width = *r.pick(&[30, 36, 44, 44]);
    let row = |r: &mut Random| match r.below(5) {
        0 => random(r, b"0123456789", width),
        1 => random(r, CAPITALS, width),
        2 => random(r, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<<<<<<<<<", width),
        3 => format!("{:<<width$.width$}", random(r, CAPITALS, 20)),
        _ => format!("{:<<width$.width$}", random(r, b"ABCDEFGHIJKLMNOPRSTUVW", 12) + "<<" + &random(r, CAPITALS, 9)),
    };
    let rows = [row(r), row(r)];
    let apart = r.between(4.2, 6.6);
    low(sheet, faces, &rows, apart, r);
}

/// As the back of a card has them.
pub(super) fn three_rows(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let set: &[u8] = if r.chance(0.5) { b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<<<<<<" } else { CAPITALS };
    let rows: Vec<String> = (0..3).map(|_| random(r, set, 30)).collect();
    low(sheet, faces, &rows, 4.23, r);
}

/// Half of a zone proves nothing, and neither does the same row twice.
pub(super) fn one_row(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let content = Content::made_up(r);
    let row = r.pick(&content.lines).clone();
    let rows = if r.chance(0.3) { vec![row.clone(), row] } else { vec![row] };
    low(sheet, faces, &rows, 6.35, r);
}

/// Rows that are a few characters longer or shorter than a zone's.
pub(super) fn other_length(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let width = *r.pick(&[24, 26, 28, 32, 33, 34, 38, 40, 41, 42, 46, 48, 50]);
    let rows: Vec<String> =
        (0..2 + r.below(3)).map(|_| random(r, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<<<<<<", width)).collect();
    low(sheet, faces, &rows, 5.0, r);
}

pub(super) fn fillers(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let width = *r.pick(&[30, 36, 44]);
    let rows: Vec<String> = (0..2 + r.below(2))
        .map(|_| {
            let mut row = vec![b'<'; width];
            for _ in 0..r.below(8) {
                row[r.below(width)] = *r.pick(CAPITALS);
            }
            String::from_utf8_lossy(&row).into_owned()
        })
        .collect();
    low(sheet, faces, &rows, 5.5, r);
}

/// Sentences in capitals with fillers for blanks.
pub(super) fn words(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let width = *r.pick(&[30, 36, 44]);
    let rows: Vec<String> = (0..2)
        .map(|_| {
            let text: String = surface::words(r, width, 1.0)
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == ' ')
                .map(|c| if c == ' ' { '<' } else { c })
                .collect();
            format!("{text:<<width$.width$}")
        })
        .collect();
    low(sheet, faces, &rows, 6.35, r);
}

/// Serial numbers below each other, numbered or not.
pub(super) fn serials(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, mut ink) = (face(faces, r), ink(r));
    ink.capital = r.between(2.0, 2.6);
    let length: usize = *r.pick(&[10, 15, 20, 30, 30, 36, 44, 44]);
    let first = r.bits() % 1_000_000_000;
    let prefix = random(r, CAPITALS, length.saturating_sub(10));
    let (width, height) = sheet.size();
    let left = ((width - length as f32 * ink.pitch) / 2.0).max(2.0);
    let apart = r.between(3.8, 7.0);
    for i in 0..(height / apart) as u64 {
        let row = if r.chance(0.7) { format!("{prefix}{:010}", first + i) } else { random(r, CAPITALS, length) };
        let row: String = row.chars().take(length).collect();
        sheet.row(face, &row, left, 4.0 + i as f32 * apart, &Ink { seed: ink.seed ^ i, ..ink });
    }
}

pub(super) fn ticket(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, ink) = (face(faces, r), r.between(10.0, 80.0) as u8);
    let (width, height) = sheet.size();
    sheet.frame(2.0, 2.0, width - 4.0, height - 4.0, 0.4, ink);
    let mut y = 8.0;
    while y < height - 6.0 {
        let text = match r.below(6) {
            0 => format!("<<<<<< {} <<<<<<", random(r, CAPITALS, 8)),
            1 => format!("{}<<<{}<<<{}", random(r, CAPITALS, 5), random(r, CAPITALS, 5), random(r, CAPITALS, 5)),
            2 => "<".repeat(20 + r.below(24)),
            3 => format!("ADMIT ONE  ROW {} SEAT {:02}", random(r, b"ABCDEFGHJK", 1), r.below(60)),
            4 => format!(
                "{:02}.{:02}.{} {:02}:{:02}",
                1 + r.below(28),
                1 + r.below(12),
                2020 + r.below(9),
                r.below(24),
                r.below(60)
            ),
            _ => surface::words(r, 25, 1.0),
        };
        let size = r.between(1.8, 3.2);
        sheet.text(face, &text, 6.0, y, size, ink);
        y += r.between(4.5, 7.0);
    }
    if r.chance(0.6) {
        surface::barcode(sheet, (0.7 * width, 6.0, 0.25 * width, 14.0), ink, r);
    }
}

pub(super) fn boarding_pass(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (face, ink) = (face(faces, r), r.between(10.0, 60.0) as u8);
    let (width, height) = sheet.size();
    let name = surface::words(r, 8, 1.0).replace([' ', ',', '.', '-'], "");
    for (i, (label, value)) in [
        ("NAME OF PASSENGER", format!("{name}/{}", random(r, b"AEIOULMNRST", 6))),
        ("FROM", random(r, b"ABCDEFGHIJKLMNOPRST", 3)),
        ("TO", random(r, b"ABCDEFGHIJKLMNOPRST", 3)),
        ("FLIGHT", format!("{}{:04}", random(r, b"ABCDEFLKSU", 2), r.below(9999))),
        ("SEAT", format!("{:02}{}", 1 + r.below(60), random(r, b"ABCDEF", 1))),
        ("SEQ", format!("{:03}", r.below(300))),
    ]
    .into_iter()
    .enumerate()
    {
        let (x, y) = (5.0 + 45.0 * (i % 3) as f32, 8.0 + 13.0 * (i / 3) as f32);
        sheet.text(&faces.page[0], label, x, y, 1.4, ink);
        sheet.text(face, &value, x, y + 4.5, 2.6, ink);
    }
    surface::stacked(sheet, (8.0, 36.0, 0.6 * width, 16.0), ink, r);
    let code = format!("M1{name:<<18.18}E{}<{:04}{:03}", random(r, CAPITALS, 20), r.below(9999), r.below(366));
    let ink = Ink { grey: ink, seed: r.bits(), pitch: 2.54, ..Ink::default() };
    sheet.row(face, &code, 5.0, height - 12.0, &ink);
    let ticket = random(r, b"0123456789", 13) + "<<" + &random(r, CAPITALS, 29);
    sheet.row(face, &ticket, 5.0, height - 6.0, &ink);
}

/// The reading line of a payment slip: OCR-B of zone pitch, with other signs.
pub(super) fn giro(sheet: &mut Sheet, faces: &Faces, r: &mut Random) {
    let (_, height) = sheet.size();
    let mut rows = vec![format!(
        "{}>{}+ {}>",
        random(r, b"0123456789", 13),
        random(r, b"0123456789", 27),
        random(r, b"0123456789", 9)
    )];
    if r.chance(0.6) {
        rows.push(format!(
            "<{}<  {}> {}",
            random(r, b"0123456789", 12),
            random(r, b"0123456789", 9),
            random(r, b"0123456789", 8)
        ));
    }
    let (face, ink) = (face(faces, r), ink(r));
    for (i, row) in rows.iter().rev().enumerate() {
        sheet.row(face, row, 6.0, height - 8.0 - 8.0 * i as f32, &ink);
    }
    for i in 0..6 {
        let text = surface::words(r, 30, 0.3);
        sheet.text(&faces.page[0], &text, 6.0 + 70.0 * (i % 2) as f32, 8.0 + 9.0 * (i / 2) as f32, 2.2, ink.grey);
        sheet.frame(5.0 + 70.0 * (i % 2) as f32, 4.0 + 9.0 * (i / 2) as f32, 64.0, 8.0, 0.2, ink.grey);
    }
}
