//! Drawn codes, tilted as in a hand, and pictures without any.

use super::{Barcode, Effort, Kind, Symbology, read};
use crate::ocr::LumaImage;
use crate::profiles;
use proptest::prelude::*;

/// Modules of a licence's PDF417 (the fictitious `v11-edl-made` of `testdata/aamva.jsonl`), a row a line, `1` dark.
const LICENCE: &str = include_str!("../../testdata/licence_pdf417.txt");

/// A code of modules, `module` pixels wide and `height` high, turned by `degrees` in the middle of a grey frame of
/// 1280×960 with a white label around it.
fn frame(rows: &[Vec<bool>], module: f32, height: f32, degrees: f32) -> LumaImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (columns, lines) = (rows[0].len() as f32, rows.len() as f32);
    let shade = |x: f32, y: f32| -> u32 {
        let (dx, dy) = (x - 640.0, y - 480.0);
        let column = (dx * cos + dy * sin) / module + columns / 2.0;
        let line = (dy * cos - dx * sin) / height + lines / 2.0;
        let (quiet_x, quiet_y) = (10.0, 10.0 * module / height);
        if column < -quiet_x || line < -quiet_y || column > columns + quiet_x || line > lines + quiet_y {
            return 120;
        }
        let inside = column >= 0.0 && line >= 0.0 && column < columns && line < lines;
        if inside && rows[line as usize][column as usize] { 30 } else { 230 }
    };
    let pixels = (0..1280 * 960)
        .map(|at| {
            let (x, y) = ((at % 1280) as f32, (at / 1280) as f32);
            let sum: u32 = (0..9).map(|n| shade(x + (n % 3) as f32 / 3.0, y + (n / 3) as f32 / 3.0)).sum();
            (sum / 9) as u8
        })
        .collect();
    LumaImage { width: 1280, height: 960, pixels }
}

/// Code 39 (ISO/IEC 16388): nine elements a character, three of them wide; a narrow gap between characters.
fn code_39(text: &str) -> Vec<Vec<bool>> {
    let pattern = |c: char| match c {
        '0' => "nnnwwnwnn",
        '1' => "wnnwnnnnw",
        '7' => "nnnwnnwnw",
        'C' => "wnwnnwnnn",
        'R' => "wnnnnnwwn",
        'S' => "nnwnnnwwn",
        '*' => "nwnnwnwnn",
        other => panic!("{other} is not needed here"),
    };
    let mut row = Vec::new();
    for c in format!("*{text}*").chars() {
        for (n, element) in pattern(c).chars().enumerate() {
            row.extend(std::iter::repeat_n(n % 2 == 0, if element == 'w' { 3 } else { 1 }));
        }
        row.push(false);
    }
    vec![row]
}

/// Code 128 in set B (ISO/IEC 15417): start, characters, the check character, stop; six widths a character.
fn code_128(text: &str) -> Vec<Vec<bool>> {
    let pattern = |value: usize| match value {
        13 => "122132",
        16 => "123122",
        17 => "123221",
        18 => "223211",
        20 => "221231",
        34 => "131123",
        75 => "241211",
        104 => "211214",
        other => panic!("{other} is not needed here"),
    };
    let values: Vec<usize> = text.bytes().map(|byte| usize::from(byte - b' ')).collect();
    let check = values.iter().enumerate().fold(104, |sum, (n, value)| sum + (n + 1) * value) % 103;
    let characters = [104].into_iter().chain(values).chain([check]);
    let widths: String = characters.map(pattern).chain(["2331112"]).collect();
    let row = widths.bytes().enumerate().flat_map(|(n, width)| vec![n % 2 == 0; usize::from(width - b'0')]);
    vec![row.collect()]
}

fn licence() -> Vec<Vec<bool>> {
    let rows = LICENCE.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.chars().map(|c| c == '1').collect()).collect()
}

/// Symbols as modules, by name (`testdata/symbols.txt`).
fn symbol(name: &str) -> Vec<Vec<bool>> {
    let file = include_str!("../../testdata/symbols.txt");
    let rows = file.lines().skip_while(|line| !line.starts_with(&format!("@{name}:"))).skip(1);
    rows.take_while(|line| !line.is_empty()).map(|line| line.chars().map(|c| c == '1').collect()).collect()
}

/// The seal that several symbols carry.
fn seal() -> Vec<u8> {
    let vectors = include_str!("../../testdata/seals/vds.jsonl");
    let line = vectors.lines().find(|line| line.contains("\"utopia-visa-mrvb-v4\"")).unwrap();
    let vector: serde_json::Value = serde_json::from_str(line).unwrap();
    let hex = vector["seal"].as_str().unwrap();
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// Means over squares of three pixels, `times`.
fn blurred(mut picture: LumaImage, times: usize) -> LumaImage {
    for _ in 0..times {
        picture.pixels = super::region::mean(&picture, 1);
    }
    picture
}

fn only(found: &[Barcode]) -> &Barcode {
    assert_eq!(found.len(), 1);
    &found[0]
}

#[test]
fn a_receipt_number_is_read_at_any_angle() {
    for degrees in [0.0, 20.0, 45.0, 90.0, 163.0] {
        let found = read(&frame(&code_39("SRC0000000701"), 2.5, 60.0, degrees), Effort::Frame);
        let barcode = only(&found);
        assert_eq!((barcode.symbology, barcode.kind), (Symbology::Code39, Kind::Receipt), "{degrees}");
        assert_eq!(barcode.payload.as_slice(), b"SRC0000000701");
        let middle = barcode.quad.iter().fold((0.0, 0.0), |m, p| (m.0 + p.x / 4.0, m.1 + p.y / 4.0));
        assert!((middle.0 - 640.0).hypot(middle.1 - 480.0) < 60.0, "{degrees}: {middle:?}");
    }
}

#[test]
fn a_licence_in_a_hand_is_read_and_is_whole() {
    for degrees in [0.0, 5.0, 30.0, 90.0, 200.0] {
        let found = read(&frame(&licence(), 2.5, 9.0, degrees), Effort::Frame);
        let barcode = only(&found);
        assert_eq!((barcode.symbology, barcode.kind), (Symbology::Pdf417, Kind::Aamva), "{degrees}");
        let licence = barcode.licence().unwrap();
        assert!(licence.whole() && licence.is_enhanced());
        let number = licence.document(profiles::builtin()).document_number.unwrap();
        number.expose(|number| assert_eq!(number, "S123456789012"));
    }
}

#[test]
fn an_aztec_code_is_read_wherever_and_however_it_lies() {
    const PASS: &[u8] = b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000";
    for (degrees, module, blur) in
        [(0.0, 4.0, 0), (7.0, 2.0, 0), (20.0, 2.5, 1), (30.0, 3.0, 2), (45.0, 3.0, 1), (90.0, 3.0, 1), (158.0, 5.0, 2)]
    {
        let found = read(&blurred(frame(&symbol("pass_aztec"), module, module, degrees), blur), Effort::Frame);
        let barcode = only(&found);
        assert_eq!((barcode.symbology, barcode.kind), (Symbology::Aztec, Kind::Bcbp), "{degrees}");
        assert_eq!(barcode.payload.as_slice(), PASS);
        let middle = barcode.quad.iter().fold((0.0, 0.0), |m, p| (m.0 + p.x / 4.0, m.1 + p.y / 4.0));
        assert!((middle.0 - 640.0).hypot(middle.1 - 480.0) < 3.0 * module, "{degrees}: {middle:?}");
    }
    for (degrees, module) in [(5.0, 3.0), (33.0, 3.0)] {
        let found = read(&blurred(frame(&symbol("long_pass_aztec"), module, module, degrees), 1), Effort::Frame);
        let pass = super::bcbp::BoardingPass::parse(&only(&found).payload).unwrap();
        assert_eq!(pass.legs.len(), 2, "{degrees}");
    }
}

#[test]
fn a_seals_bytes_come_out_of_every_symbology_as_they_went_in() {
    for (name, symbology) in
        [("seal_datamatrix", Symbology::DataMatrix), ("seal_qr", Symbology::Qr), ("seal_aztec", Symbology::Aztec)]
    {
        for degrees in [0.0, 12.0, 40.0, 101.0] {
            let found = read(&frame(&symbol(name), 3.0, 3.0, degrees), Effort::Frame);
            let barcode = only(&found);
            assert_eq!((barcode.symbology, barcode.kind), (symbology, Kind::Vds), "{name} {degrees}");
            assert_eq!(barcode.seal_bytes().as_slice(), seal(), "{name} {degrees}");
        }
    }
}

/// Splitmix64, as a number from 0 to 1.
fn unit(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
}

/// Every symbology of documents, 2 to 4 pixels a module, at any angle, blurred and noisy by a seed: how many of 24 are read in
/// one frame. Counted when this was written, less two: PDF417 and Aztec 22, the others 24.
#[test]
fn of_tilted_blurred_and_noisy_codes_no_fewer_are_read_than_before_and_none_wrongly() {
    const PASS: &[u8] = b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000";
    type Case = (Symbology, Vec<Vec<bool>>, Option<f32>, Option<Vec<u8>>, usize);
    let cases: [Case; 6] = [
        (Symbology::Pdf417, licence(), Some(3.5), None, 20),
        (Symbology::Qr, symbol("seal_qr"), None, Some(seal()), 22),
        (Symbology::DataMatrix, symbol("seal_datamatrix"), None, Some(seal()), 22),
        (Symbology::Aztec, symbol("pass_aztec"), None, Some(PASS.to_vec()), 20),
        (Symbology::Code128, code_128("B-1042"), Some(30.0), Some(b"B-1042".to_vec()), 22),
        (Symbology::Code39, code_39("SRC0000000701"), Some(30.0), Some(b"SRC0000000701".to_vec()), 22),
    ];
    let mut short = Vec::new();
    for (symbology, modules, rows, payload, least) in cases {
        let (mut state, mut right) = (417, 0);
        for number in 0..24 {
            let module = 2.0 + 2.0 * unit(&mut state);
            let degrees = 360.0 * unit(&mut state);
            let height = rows.map_or(module, |rows| rows * module);
            let mut picture = blurred(frame(&modules, module, height, degrees), number % 3);
            for pixel in &mut picture.pixels {
                // The sum of two is a triangle, up to 12 grey levels to each side.
                let noise = 12.0 * (unit(&mut state) + unit(&mut state) - 1.0);
                *pixel = (f32::from(*pixel) + noise).clamp(0.0, 255.0) as u8;
            }
            for barcode in read(&picture, Effort::Frame) {
                assert_eq!(barcode.symbology, symbology, "{number}");
                match &payload {
                    Some(payload) => assert_eq!(barcode.seal_bytes().as_slice(), payload, "{symbology:?} {number}"),
                    None => assert!(barcode.licence().is_some_and(|licence| licence.whole()), "{number}"),
                }
                right += 1;
            }
        }
        println!("{symbology:?}: {right} of 24");
        if right < least {
            short.push((symbology, right, least));
        }
    }
    assert!(short.is_empty(), "fewer than before: {short:?}");
}

#[test]
fn the_same_picture_gives_the_same_answer_twenty_times() {
    let picture = blurred(frame(&licence(), 2.2, 7.0, 11.0), 1);
    let answer = || read(&picture, Effort::Frame).first().map(|barcode| barcode.payload.clone());
    let first = answer();
    assert!(first.is_some());
    assert!((1..20).all(|_| answer() == first));
}

#[test]
fn a_badge_is_a_short_text_that_is_nothing_else() {
    let barcode = |kind, symbology, payload: &[u8]| Barcode {
        symbology,
        kind,
        payload: zeroize::Zeroizing::new(payload.to_vec()),
        quad: [crate::ocr::Point { x: 0.0, y: 0.0 }; 4],
    };
    let staff = |b: Barcode| b.staff().map(|t| t.expose(str::to_owned));
    assert_eq!(staff(barcode(Kind::Other, Symbology::Code128, b"B-1042")).as_deref(), Some("B-1042"));
    assert_eq!(staff(barcode(Kind::Technician, Symbology::Qr, b"TC1:e30.AA")).as_deref(), Some("TC1:e30.AA"));
    assert_eq!(staff(barcode(Kind::BackupCode, Symbology::Qr, b"BC1:7KQ25")), None);
    assert_eq!(staff(barcode(Kind::Receipt, Symbology::Code39, b"SRC0000000701")), None);
    assert_eq!(staff(barcode(Kind::Other, Symbology::Pdf417, b"B-1042")), None);
    assert_eq!(staff(barcode(Kind::Other, Symbology::Code128, b"two words")), None);
}

#[test]
fn a_picture_that_is_none_is_no_barcode() {
    for picture in [
        LumaImage { width: 0, height: 0, pixels: vec![] },
        LumaImage { width: 1, height: 1, pixels: vec![0] },
        LumaImage { width: 100, height: 100, pixels: vec![0; 5] },
        LumaImage { width: usize::MAX, height: 2, pixels: vec![] },
    ] {
        assert!(read(&picture, Effort::Still).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn noise_is_no_barcode(width in 1usize..200, height in 1usize..120, seed: u32) {
        // A linear congruential generator: any picture will do, as long as the seed tells which.
        let mut state = seed;
        let pixels = (0..width * height)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let picture = LumaImage { width, height, pixels };
        prop_assert!(read(&picture, Effort::Still).is_empty());
    }
}

/// Bounded by `MAX_PAYLOAD`, whatever a symbology could hold: a QR of version 40 takes 7,089 digits.
#[test]
fn a_code_with_more_than_four_kibibytes_is_left_out() {
    for (bytes, taken) in [(4096, true), (4097, false), (7089, false)] {
        let points = [(1.0, 1.0), (9.0, 1.0), (9.0, 9.0)].map(|(x, y)| rxing::Point { x, y });
        let result =
            rxing::RXingResult::new(&"7".repeat(bytes), Vec::new(), points.to_vec(), rxing::BarcodeFormat::QR_CODE);
        let mut found = Vec::new();
        super::add(&mut found, &result.into(), None, |x, y| super::Point { x, y });
        assert_eq!(found.first().map(|code| code.payload.len()), taken.then_some(bytes));
    }
}
