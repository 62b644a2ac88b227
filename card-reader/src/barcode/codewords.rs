//! The bytes in a Data Matrix (ISO/IEC 16022 §5.2), from its corrected codewords. The library makes text of them, and where a
//! symbol names a character set (an ECI), text that the bytes cannot be got back from. A seal is bytes.

use zeroize::Zeroizing;

/// `None`: no sequence of codewords that the standard allows, or a part of a message in several symbols.
pub(super) fn data_matrix(codewords: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(codewords.len() * 2));
    let mut at = 0;
    let mut trailer: &[u8] = b"";
    while let Some(&codeword) = codewords.get(at) {
        at += 1;
        match codeword {
            1..=128 => bytes.push(codeword - 1),
            // Padding: the message has ended.
            129 => break,
            130..=229 => {
                let pair = codeword - 130;
                bytes.extend([b'0' + pair / 10, b'0' + pair % 10]);
            }
            230 | 239 => at = c40_or_text(codewords, at, codeword == 239, &mut bytes)?,
            231 => at = base_256(codewords, at, &mut bytes)?,
            // A group separator, but at the very beginning, where it says that GS1's rules hold.
            232 => {
                if at > 1 {
                    bytes.push(0x1d);
                }
            }
            // Reader programming changes nothing of the message.
            234 => {}
            235 => {
                let next = *codewords.get(at)?;
                bytes.push(next.checked_add(127)?);
                at += 1;
            }
            236 | 237 => {
                bytes.extend(if codeword == 236 { b"[)>\x1e05\x1d" } else { b"[)>\x1e06\x1d" });
                trailer = b"\x1e\x04";
            }
            238 => at = x12(codewords, at, &mut bytes)?,
            240 => at = edifact(codewords, at, &mut bytes)?,
            // The number of a character set: one to three codewords.
            241 => {
                at += match *codewords.get(at)? {
                    1..=127 => 1,
                    128..=191 => 2,
                    192..=207 => 3,
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    bytes.extend_from_slice(trailer);
    Some(bytes)
}

/// Three values of two codewords.
fn triple(codewords: &[u8], at: usize) -> Option<[u16; 3]> {
    let value = (u16::from(*codewords.get(at)?) * 256 + u16::from(*codewords.get(at + 1)?)).checked_sub(1)?;
    Some([value / 1600, value / 40 % 40, value % 40])
}

/// Whether the mode goes on at `at`: unlatched by 254, or by what is left being less than a pair.
fn goes_on(codewords: &[u8], at: &mut usize) -> bool {
    match codewords.get(*at) {
        Some(254) => {
            *at += 1;
            false
        }
        Some(_) => codewords.len() - *at >= 2,
        None => false,
    }
}

fn c40_or_text(codewords: &[u8], mut at: usize, text: bool, bytes: &mut Vec<u8>) -> Option<usize> {
    const SHIFT_2: &[u8; 27] = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_";
    let (mut shift, mut upper) = (0u16, false);
    while goes_on(codewords, &mut at) {
        for value in triple(codewords, at)? {
            let small = u8::try_from(value).ok()?;
            let byte = match (shift, small) {
                (0, 0..=2) => {
                    shift = value + 1;
                    continue;
                }
                (0, 3) => b' ',
                (0, 4..=13) => b'0' + small - 4,
                (0, 14..=39) => (if text { b'a' } else { b'A' }) + small - 14,
                (1, 0..=31) => small,
                (2, 0..=26) => *SHIFT_2.get(usize::from(small))?,
                (2, 27) => 0x1d,
                (2, 30) => {
                    (shift, upper) = (0, true);
                    continue;
                }
                (3, 0) => b'`',
                (3, 1..=26) => (if text { b'A' } else { b'a' }) + small - 1,
                (3, 27..=31) => b'{' + small - 27,
                _ => return None,
            };
            bytes.push(if upper { byte.checked_add(128)? } else { byte });
            (shift, upper) = (0, false);
        }
        at += 2;
    }
    Some(at)
}

fn x12(codewords: &[u8], mut at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    while goes_on(codewords, &mut at) {
        for value in triple(codewords, at)? {
            let small = u8::try_from(value).ok()?;
            bytes.push(match small {
                0 => b'\r',
                1 => b'*',
                2 => b'>',
                3 => b' ',
                4..=13 => b'0' + small - 4,
                14..=39 => b'A' + small - 14,
                _ => return None,
            });
        }
        at += 2;
    }
    Some(at)
}

/// Four characters of six bits in three codewords; 31 unlatches.
fn edifact(codewords: &[u8], mut at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    // One or two codewords left over are plain ASCII.
    while codewords.len().saturating_sub(at) > 2 {
        let three = codewords.get(at..at + 3)?;
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for n in 0..4u32 {
            let value = u8::try_from(bits >> (18 - 6 * n) & 63).ok()?;
            if value == 31 {
                return Some(at + (6 * (n as usize + 1)).div_ceil(8));
            }
            bytes.push(if value < 32 { value + 64 } else { value });
        }
        at += 3;
    }
    Some(at)
}

/// Bytes as they are, each hidden by a number that depends on its place.
fn base_256(codewords: &[u8], mut at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    let plain = |at: usize| -> Option<u8> {
        let hiding = 149 * (at + 1) % 255 + 1;
        Some(codewords.get(at)?.wrapping_sub(u8::try_from(hiding & 0xff).ok()?))
    };
    let first = usize::from(plain(at)?);
    at += 1;
    let count = match first {
        0 => codewords.len() - at,
        1..=249 => first,
        _ => {
            let second = usize::from(plain(at)?);
            at += 1;
            250 * (first - 249) + second
        }
    };
    for n in at..at + count {
        bytes.push(plain(n)?);
    }
    Some(at + count)
}

#[cfg(test)]
mod tests {
    use super::data_matrix;
    use proptest::prelude::*;

    fn read(codewords: &[u8]) -> Option<Vec<u8>> {
        data_matrix(codewords).map(|bytes| bytes.to_vec())
    }

    /// Hides bytes as Base 256 does, from codeword `at` on (0 is the first of the symbol).
    fn hidden(at: usize, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().enumerate().map(|(n, b)| b.wrapping_add((149 * (at + n + 1) % 255 + 1) as u8)).collect()
    }

    #[test]
    fn each_mode_gives_its_bytes() {
        // ISO/IEC 16022 Annex O: "123456".
        assert_eq!(read(&[142, 164, 186]).unwrap(), b"123456");
        assert_eq!(read(&[66, 67, 129, 200]).unwrap(), b"AB", "padding ends it");
        // C40, "AIMAIMAIM" in three pairs (ISO/IEC 16022 §5.2.5.2), then ASCII again.
        assert_eq!(read(&[230, 91, 11, 91, 11, 91, 11, 254, 66]).unwrap(), b"AIMAIMAIMA");
        assert_eq!(read(&[239, 91, 11, 254]).unwrap(), b"aim");
        assert_eq!(read(&[238, 91, 11, 254, 50]).unwrap(), b"AIM1");
        // EDIFACT "ABC" and its unlatch in three codewords: 000001 000010 000011 011111.
        assert_eq!(read(&[240, 0b0000_0100, 0b0010_0000, 0b1101_1111, 66]).unwrap(), b"ABCA");
        assert_eq!(read(&[235, 61, 232, 50]).unwrap(), b"\xbc\x1d1");
        assert_eq!(read(&[232, 50]).unwrap(), b"1");
        assert_eq!(read(&[236, 66]).unwrap(), b"[)>\x1e05\x1dA\x1e\x04");
        for wrong in [&[255u8][..], &[233, 1, 2], &[242], &[231], &[230, 255, 255, 1, 1], &[241, 255, 66]] {
            assert!(read(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn bytes_over_127_under_a_named_character_set_come_out_as_they_went_in() {
        let seal = [0xdc, 0x03, 0xd9, 0xc5, 0xff, 0x00];
        let mut symbol = vec![241, 27, 231];
        symbol.extend(hidden(3, &[seal.len() as u8]));
        symbol.extend(hidden(4, &seal));
        symbol.push(129);
        assert_eq!(read(&symbol).unwrap(), seal);
        let long: Vec<u8> = (0..=255).cycle().take(600).collect();
        let mut symbol = vec![231];
        symbol.extend(hidden(1, &[(600 / 250 + 249) as u8, (600 % 250) as u8]));
        symbol.extend(hidden(3, &long));
        assert_eq!(read(&symbol).unwrap(), long);
    }

    proptest! {
        #[test]
        fn any_codewords_are_read_or_refused(codewords in any::<Vec<u8>>()) {
            let _ = data_matrix(&codewords);
        }
    }
}
