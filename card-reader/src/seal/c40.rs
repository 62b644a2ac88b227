//! C40 as seals use it (ICAO 9303-13 §2.5.3): three characters of `A-Z 0-9 <` in two bytes.

use super::Malformed;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// The characters in `bytes`, a filler as a blank.
pub(super) fn decode(bytes: &[u8]) -> Result<PersonalText, Malformed> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    for pair in bytes.chunks(2) {
        let [first, second] = *pair else { return Err(Malformed::C40) };
        if first == 0xfe {
            // One character is left over: its ASCII value and one.
            let byte = second.checked_sub(1).ok_or(Malformed::C40)?;
            text.push(if is_printable(byte) { char::from(byte) } else { return Err(Malformed::C40) });
            continue;
        }
        let value = u32::from(first) * 256 + u32::from(second);
        let triple = value.checked_sub(1).ok_or(Malformed::C40)?;
        for value in [triple / 1600, triple / 40 % 40, triple % 40] {
            match value {
                // Shift 1: fills up the last pair where two characters were left over.
                0 => {}
                3 => text.push(' '),
                4..=13 => text.push(char::from(b'0' + (value - 4) as u8)),
                14..=39 => text.push(char::from(b'A' + (value - 14) as u8)),
                _ => return Err(Malformed::C40),
            }
        }
    }
    Ok(PersonalText::from(text.as_str()))
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' ' | b'<' | b'0'..=b'9' | b'A'..=b'Z')
}

/// The bytes of `text`, blanks for fillers; `None` for a character that C40 has not here.
#[cfg(test)]
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| match c {
        b' ' | b'<' => Some(3u16),
        b'0'..=b'9' => Some(u16::from(c - b'0') + 4),
        b'A'..=b'Z' => Some(u16::from(c - b'A') + 14),
        _ => None,
    };
    let mut bytes = Vec::new();
    for triple in text.as_bytes().chunks(3) {
        match *triple {
            [only] => bytes.extend([0xfe, if only == b'<' { b' ' } else { only } + 1]),
            [a, b] => bytes.extend((1600 * value(a)? + 40 * value(b)? + 1).to_be_bytes()),
            [a, b, c] => bytes.extend((1600 * value(a)? + 40 * value(b)? + value(c)? + 1).to_be_bytes()),
            _ => {}
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use proptest::prelude::*;

    #[test]
    fn the_standards_examples_decode_and_encode() {
        for (text, bytes) in [
            ("XK CD", &[0xeb, 0x04, 0x66, 0xa9][..]),
            ("XKCD", &[0xeb, 0x11, 0xfe, 0x45]),
            ("VISA01", &[0xde, 0x51, 0x58, 0x26]),
        ] {
            decode(bytes).unwrap().expose(|t| assert_eq!(t, text));
            assert_eq!(encode(text).unwrap(), bytes);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(text in "[A-Z0-9 ]{0,60}") {
            decode(&encode(&text).unwrap()).unwrap().expose(|t| assert_eq!(t, text));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }
    }
}
