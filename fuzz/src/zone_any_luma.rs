//! Any grey picture: an answer, and no reading but of characters. The first byte chooses how the rest becomes pixels.
#![no_main]

use card_reader::ocr::{LumaImage, read};
use libfuzzer_sys::fuzz_target;

/// At most this many pixels: a run must be quick to find much.
const MOST: usize = 1 << 19;

fuzz_target!(|bytes: &[u8]| {
    let [how, w0, w1, h0, h1, rest @ ..] = bytes else { return };
    let (width, height) = (usize::from(u16::from_be_bytes([*w0, *w1])), usize::from(u16::from_be_bytes([*h0, *h1])));
    // The whole range of one side, or two that make a picture as cameras do.
    let (width, height) = if how & 1 == 0 { (width, height) } else { (width % 1281, height % 961) };
    let height = height.min(MOST / width.max(1));
    let mut picture = LumaImage { width, height, pixels: vec![200; width * height] };
    match how >> 1 & 3 {
        0 => picture.pixels.iter_mut().zip(rest.iter().cycle()).for_each(|(p, b)| *p = *b),
        1 => picture.pixels.iter_mut().enumerate().for_each(|(i, p)| *p = scattered(i, rest)),
        2 => picture.pixels.fill(rest.first().copied().unwrap_or(0)),
        _ => {}
    }
    if how & 0x80 != 0 {
        rows(&mut picture, rest);
    }
    if let Ok(reading) = read(&picture) {
        let (lines, characters) = reading.format.size();
        assert_eq!(reading.lines.len(), lines);
        assert!(reading.lines.iter().all(|l| l.chars() == characters));
    }
});

fn scattered(i: usize, seed: &[u8]) -> u8 {
    let mut z = (i as u64).wrapping_add(seed.iter().fold(7, |h, b| h * 31 + u64::from(*b) & 0xffff_ffff));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 56) as u8
}

/// Rows of marks as even as a zone's: pitch, size, slope, spacing and the marks' strokes from the input.
fn rows(picture: &mut LumaImage, seed: &[u8]) {
    let at = |i: usize| usize::from(seed.get(i % seed.len().max(1)).copied().unwrap_or(0));
    let (pitch, apart, cells) = (3 + at(0) % 40, 4 + at(1) % 90, 20 + at(2) % 60);
    let (left, top, slope) = (at(3), at(4), at(5) as f32 / 128.0 - 1.0);
    for row in 0..1 + at(6) % 24 {
        for cell in 0..cells {
            for part in 0..5 {
                let strokes = at(7 + 5 * cell + part + row);
                for stroke in (0..8).filter(|s| strokes >> s & 1 == 1) {
                    let (u, v) = (cell * pitch + part * pitch / 7, row * apart + stroke * pitch / 9);
                    let (x, y) = (left + u, (top + v) as f32 + slope * u as f32);
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        let (x, y) = (x + dx, y as isize + dy);
                        if x < picture.width && y >= 0 && (y as usize) < picture.height {
                            picture.pixels[y as usize * picture.width + x] = 30;
                        }
                    }
                }
            }
        }
    }
}
