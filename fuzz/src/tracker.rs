//! Any sequence of frames: an answer to each, and a text of several frames only if every character is certain.
#![no_main]

use card_reader::mrz::Format;
use card_reader::ocr::{Evidence, Guess, MrzReading, NotRead, Point, Reason, Tracker};
use libfuzzer_sys::fuzz_target;
use verification_api::personal::PersonalText;

const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
const ROWS: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

fuzz_target!(|bytes: &[u8]| {
    let mut tracker = Tracker::default();
    let mut bytes = bytes.iter().copied();
    for _ in 0..24 {
        let Some(how) = bytes.next() else { break };
        let format = Format::ALL[usize::from(how >> 4) % 6];
        let (lines, width) = format.size();
        // Most frames are of one passport, with changes; some of anything, of any length.
        let width = if how & 1 == 0 { width } else { width + usize::from(how >> 1 & 3) };
        let mut rows: Vec<Vec<u8>> = vec![vec![b'<'; width]; lines];
        if how & 2 == 0 {
            rows = ROWS.iter().map(|r| r.as_bytes().to_vec()).collect();
        }
        let mut confidences: Vec<Vec<f32>> = rows.iter().map(|r| vec![if how & 4 == 0 { 0.99 } else { 0.6 }; r.len()]).collect();
        for _ in 0..how & 15 {
            let (Some(at), Some(what), Some(how)) = (bytes.next(), bytes.next(), bytes.next()) else { break };
            let line = usize::from(at >> 7) % rows.len();
            let cell = usize::from(at & 127) % rows[line].len();
            rows[line][cell] = if what == 255 { 0x7f } else { ALPHABET[usize::from(what) % 37] };
            confidences[line][cell] = match how {
                255 => f32::NAN,
                254 => -1.0,
                253 => f32::INFINITY,
                252 => 0.0,
                _ => f32::from(how) / 250.0,
            };
        }
        let ragged = how & 0x48 == 0x48;
        if ragged {
            rows[0].pop();
        }
        let lines: Vec<PersonalText> =
            rows.iter().map(|r| PersonalText::new(String::from_utf8_lossy(r).into_owned())).collect();
        let quad = [Point { x: f32::from(how), y: 0.0 }; 4];
        let accepted = how & 0x30 == 0x30;
        let frame = if accepted {
            Ok(MrzReading { format, lines, confidence: 0.9, characters: confidences, quad, check_digits_used: false })
        } else {
            let evidence = Evidence::of_text(&lines, &confidences);
            let guess = Some(Guess { lines, characters: Vec::new(), quad, evidence });
            Err(NotRead { guess, ..NotRead::because(Reason::LowConfidence, None) })
        };
        if let (Ok(reading), false) = (tracker.take(frame), accepted) {
            let (lines, width) = reading.format.size();
            assert!(reading.lines.len() == lines && reading.lines.iter().all(|l| l.chars() == width));
            assert!(reading.confidence >= 0.85);
        }
    }
});
