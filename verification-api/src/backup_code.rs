//! The backup code: four (or six) groups of four random symbols and one check symbol, `7KQ25-M4PXX-9ABCG-WXYZF`.
//!
//! Symbols are Crockford's alphabet, values 0–31, elements of GF(32) with x⁵+x²+1 and α = 2. For group g = 1, 2, …
//! the check symbol is g ⊕ α·d1 ⊕ α²·d2 ⊕ α³·d3 ⊕ α⁴·d4, so that every substitution, every neighbouring swap and a
//! group in another group's place is found before an attempt is spent.

use crate::personal::PersonalText;
use zeroize::Zeroizing;

/// Crockford's base 32: no I, L, O, U.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What precedes the code in its QR.
pub const QR_PREFIX: &str = "BC1:";

/// Symbols in a group, the check symbol included.
pub const GROUP_SYMBOLS: usize = 5;

/// How many groups a code has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Groups {
    /// 80 random bits.
    Four,
    /// 120 random bits.
    Six,
}

impl Groups {
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Six => 6,
        }
    }

    /// 4 or 6, as in the configuration and on the wire.
    #[must_use]
    pub const fn from_count(count: usize) -> Option<Self> {
        match count {
            4 => Some(Self::Four),
            6 => Some(Self::Six),
            _ => None,
        }
    }
}

/// Why a text is no backup code. The text never repeats what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("A backup code has 20 or 30 characters; this one has {symbols}")]
    Length { symbols: usize },
    #[error("Character {position} cannot be part of a backup code")]
    NotASymbol {
        /// Counted from 1, without dashes and blanks.
        position: usize,
    },
    #[error("Group {group} has a typing error: check these 5 characters")]
    CheckSymbol {
        /// Counted from 1.
        group: usize,
    },
    #[error("This QR code does not hold a backup code")]
    NotOurQr,
}

/// A code whose check symbols are all right.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupCode {
    groups: Groups,
    /// The random symbols only, upper case.
    secret: PersonalText,
}

impl BackupCode {
    /// What a person typed: case, dashes and blanks ignored; i and l are 1, o is 0.
    ///
    /// # Errors
    /// [`CodeError`]; a wrong check symbol names its group.
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        let mut values = Zeroizing::new(Vec::with_capacity(30));
        for c in typed.chars().filter(|c| !is_decoration(*c)) {
            let value = symbol_value(c).ok_or(CodeError::NotASymbol { position: values.len() + 1 })?;
            values.push(value);
        }
        let groups = match values.len() {
            20 => Groups::Four,
            30 => Groups::Six,
            symbols => return Err(CodeError::Length { symbols }),
        };
        let mut secret = String::with_capacity(24);
        for (at, group) in values.chunks_exact(GROUP_SYMBOLS).enumerate() {
            let [d1, d2, d3, d4, check] = *group else { return Err(CodeError::Length { symbols: values.len() }) };
            if check_value(at + 1, [d1, d2, d3, d4]) != check {
                return Err(CodeError::CheckSymbol { group: at + 1 });
            }
            secret.extend([d1, d2, d3, d4].map(symbol));
        }
        Ok(Self { groups, secret: PersonalText::new(secret) })
    }

    /// The payload of a QR: the same text after `BC1:`.
    ///
    /// # Errors
    /// [`CodeError::NotOurQr`] without the prefix, else as [`BackupCode::parse`].
    pub fn from_qr(payload: &str) -> Result<Self, CodeError> {
        Self::parse(payload.strip_prefix(QR_PREFIX).ok_or(CodeError::NotOurQr)?)
    }

    /// Makes a code from 15 bytes of the operating system's random generator (four groups use the first 10).
    #[must_use]
    pub fn generate(groups: Groups, random: &[u8; 15]) -> Self {
        let mut secret = String::with_capacity(24);
        for eight_symbols in random.chunks_exact(5).take(groups.count() / 2) {
            let bits = eight_symbols.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            secret.extend((0..8).rev().map(|n| symbol((bits >> (5 * n) & 31) as u8)));
        }
        Self { groups, secret: PersonalText::new(secret) }
    }

    #[must_use]
    pub const fn groups(&self) -> Groups {
        self.groups
    }

    /// What is derived and compared: the 16 or 24 random symbols, upper case, without check symbols and dashes.
    #[must_use]
    pub const fn secret(&self) -> &PersonalText {
        &self.secret
    }

    /// As shown to its holder: `XXXXC-XXXXC-XXXXC-XXXXC`.
    #[must_use]
    pub fn text(&self) -> PersonalText {
        self.secret.expose(|secret| {
            let mut out = String::with_capacity(36);
            for (at, group) in secret.as_bytes().chunks_exact(4).enumerate() {
                if at > 0 {
                    out.push('-');
                }
                let mut values = [0; 4];
                for (value, byte) in values.iter_mut().zip(group) {
                    *value = symbol_value(char::from(*byte)).unwrap_or(0);
                    out.push(char::from(*byte));
                }
                out.push(symbol(check_value(at + 1, values)));
            }
            PersonalText::new(out)
        })
    }

    /// The text of its QR.
    #[must_use]
    pub fn qr_text(&self) -> PersonalText {
        self.text().expose(|text| {
            let mut out = String::with_capacity(QR_PREFIX.len() + text.len());
            out.push_str(QR_PREFIX);
            out.push_str(text);
            PersonalText::new(out)
        })
    }
}

/// What a keypad does with a group that has just been closed: whether its five symbols agree. `number` counts from 1.
/// Anything but five symbols of the alphabet (in typed form) does not agree.
#[must_use]
pub fn group_agrees(number: usize, typed: &str) -> bool {
    let mut values = Zeroizing::new([0_u8; GROUP_SYMBOLS]);
    let mut count = 0;
    for c in typed.chars().filter(|c| !is_decoration(*c)) {
        let (Some(value), Some(slot)) = (symbol_value(c), values.get_mut(count)) else { return false };
        *slot = value;
        count += 1;
    }
    let [d1, d2, d3, d4, check] = *values;
    count == GROUP_SYMBOLS && (1..=6).contains(&number) && check_value(number, [d1, d2, d3, d4]) == check
}

/// The symbol that a typed character stands for, upper case; `None` if it stands for none. For echoing on a keypad.
#[must_use]
pub fn typed_symbol(c: char) -> Option<char> {
    symbol_value(c).map(symbol)
}

fn is_decoration(c: char) -> bool {
    c == '-' || c.is_whitespace()
}

fn symbol_value(c: char) -> Option<u8> {
    let canonical = match c.to_ascii_uppercase() {
        'I' | 'L' => b'1',
        'O' => b'0',
        c => u8::try_from(c).ok()?,
    };
    ALPHABET.iter().position(|symbol| *symbol == canonical).and_then(|at| u8::try_from(at).ok())
}

fn symbol(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

/// g ⊕ α·d1 ⊕ α²·d2 ⊕ α³·d3 ⊕ α⁴·d4, by Horner's rule.
fn check_value(group: usize, data: [u8; 4]) -> u8 {
    let sum = data.iter().rev().fold(0, |sum, digit| times_alpha(sum ^ digit));
    // At most six groups: the number is itself a field element.
    sum ^ (group & 31) as u8
}

/// Multiplication by α = 2 modulo x⁵+x²+1.
const fn times_alpha(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { (shifted ^ 0b10_0101) & 31 }
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, BackupCode, CodeError, Groups, check_value, group_agrees, typed_symbol};
    use proptest::prelude::*;

    const PUBLISHED: [&str; 5] = [
        "00001-00002-00003-00004",
        "7KQ25-M4PXX-9ABCG-WXYZF",
        "ZZZZC-ZZZZF-ZZZZE-ZZZZ9",
        "01230-4567M-89AB9-CDEFS",
        "GHJKP-MNPQ2-RSTVZ-WXYZF-00005-0001P",
    ];

    #[test]
    fn published_codes_are_right_and_written_back_alike() {
        for text in PUBLISHED {
            let code = BackupCode::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            code.text().expose(|t| assert_eq!(t, text));
            for (at, group) in text.split('-').enumerate() {
                assert!(group_agrees(at + 1, group), "{text} group {}", at + 1);
            }
        }
    }

    #[test]
    fn the_secret_is_the_random_symbols_alone() {
        for (text, secret) in [
            ("7kq25 m4pxx 9abcg wxyzf", "7KQ2M4PX9ABCWXYZ"),
            ("GHJKP-MNPQ2-RSTVZ-WXYZF-00005-0001P", "GHJKMNPQRSTVWXYZ00000001"),
        ] {
            let code = BackupCode::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            code.secret().expose(|t| assert_eq!(t, secret));
        }
    }

    #[test]
    fn i_and_l_are_one_and_o_is_zero() {
        assert_eq!(typed_symbol('i'), Some('1'));
        assert_eq!(typed_symbol('L'), Some('1'));
        assert_eq!(typed_symbol('o'), Some('0'));
        assert_eq!(typed_symbol('u'), None);
        assert!(BackupCode::parse("ooooi-oooo2-oooo3-oooo4") == BackupCode::parse(PUBLISHED[0]));
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(BackupCode::parse("7KQ25-M4PXX").err(), Some(CodeError::Length { symbols: 10 }));
        assert_eq!(BackupCode::parse("7KQ25-M4PX!").err(), Some(CodeError::NotASymbol { position: 10 }));
        assert_eq!(BackupCode::parse("7KQ25-M4PXX-9ABCF-WXYZF").err(), Some(CodeError::CheckSymbol { group: 3 }));
        assert!(!group_agrees(1, "7KQ2"));
        assert!(!group_agrees(1, "7KQ255"));
        assert!(!group_agrees(2, "7KQ25"), "a group in another group's place");
        assert!(!group_agrees(0, "7KQ25"));
    }

    #[test]
    fn the_qr_has_its_prefix_and_reads_back() {
        let code = BackupCode::parse(PUBLISHED[1]).unwrap();
        code.qr_text().expose(|t| {
            assert_eq!(t, "BC1:7KQ25-M4PXX-9ABCG-WXYZF");
            assert!(BackupCode::from_qr(t) == Ok(code.clone()));
        });
        assert_eq!(BackupCode::from_qr(PUBLISHED[1]).err(), Some(CodeError::NotOurQr));
    }

    #[test]
    fn generated_codes_use_all_their_random_bits() {
        let code = BackupCode::generate(Groups::Four, &[0xff; 15]);
        code.text().expose(|t| assert_eq!(t, PUBLISHED[2]));
        let mut random = [0_u8; 15];
        random[14] = 1;
        let code = BackupCode::generate(Groups::Six, &random);
        code.secret().expose(|t| assert_eq!(t, "000000000000000000000001"));
        let mut random = [0_u8; 15];
        random[0] = 0b1000_0000;
        BackupCode::generate(Groups::Four, &random).secret().expose(|t| assert_eq!(t, "G000000000000000"));
    }

    fn group() -> impl Strategy<Value = (usize, [u8; 5])> {
        (1..=6_usize, prop::array::uniform4(0..32_u8))
            .prop_map(|(number, [a, b, c, d])| (number, [a, b, c, d, check_value(number, [a, b, c, d])]))
    }

    fn text(values: [u8; 5]) -> String {
        values.map(|v| char::from(ALPHABET[usize::from(v)])).iter().collect()
    }

    proptest! {
        #[test]
        fn every_single_substitution_is_found((number, values) in group()) {
            for at in 0..5 {
                for other in (0..32).filter(|v| *v != values[at]) {
                    let mut wrong = values;
                    wrong[at] = other;
                    prop_assert!(!group_agrees(number, &text(wrong)));
                }
            }
        }

        #[test]
        fn every_swap_of_neighbours_is_found((number, values) in group()) {
            for at in 0..4 {
                let mut wrong = values;
                wrong.swap(at, at + 1);
                prop_assert_eq!(group_agrees(number, &text(wrong)), wrong == values);
            }
        }

        #[test]
        fn a_group_in_another_place_is_found((number, values) in group(), other in 1..=6_usize) {
            prop_assert_eq!(group_agrees(other, &text(values)), other == number);
        }

        #[test]
        fn what_is_generated_reads_back(random in prop::array::uniform15(any::<u8>()), six in any::<bool>()) {
            let code = BackupCode::generate(if six { Groups::Six } else { Groups::Four }, &random);
            prop_assert!(code.text().expose(BackupCode::parse) == Ok(code));
        }

        #[test]
        fn any_text_gives_an_answer(typed in ".{0,60}") {
            let _ = BackupCode::parse(&typed);
            let _ = BackupCode::from_qr(&typed);
            let _ = group_agrees(1, &typed);
        }
    }
}
