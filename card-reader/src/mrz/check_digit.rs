//! The check digit of ICAO 9303-3 §4.9: weights 7, 3, 1 from the left, letters from 10, fillers 0, modulo 10.

/// The value of a character: digits 0 to 9, `A` to `Z` 10 to 35, `<` 0; `None` outside the alphabet.
#[must_use]
pub const fn value(c: u8) -> Option<u32> {
    match c {
        b'0'..=b'9' => Some((c - b'0') as u32),
        b'A'..=b'Z' => Some((c - b'A') as u32 + 10),
        b'<' => Some(0),
        _ => None,
    }
}

/// The digit over `text`. Characters outside the alphabet count as fillers: text that may hold such is not a zone.
///
/// Characters whose values agree modulo 10 (`0 < A K U`, `1 B L V`, `6 G Q` …) are invisible to it, and so are
/// neighbours that differ by five and change places. An agreeing digit is evidence, never proof.
#[must_use]
pub fn check_digit(text: &str) -> char {
    check_digit_of(text.bytes())
}

/// The same over bytes that may come from several fields, as the composite's do.
pub(crate) fn check_digit_of(bytes: impl Iterator<Item = u8>) -> char {
    let sum: u32 = bytes.zip([7, 3, 1].into_iter().cycle()).map(|(c, weight)| value(c).unwrap_or(0) * weight).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::check_digit;

    #[test]
    fn the_examples_of_part_3_agree() {
        // ICAO 9303-3 §4.9 and appendix A, examples 1 and 2.
        assert_eq!(check_digit("520727"), '3');
        assert_eq!(check_digit("AB2134<<<"), '5');
        assert_eq!(check_digit("HA672242<"), '6');
    }

    #[test]
    fn the_filler_of_a_long_number_is_left_out() {
        assert_eq!(check_digit("600001795015"), '2');
        assert_eq!(check_digit("600001795<015"), '0');
    }

    #[test]
    fn nothing_at_all_gives_zero() {
        assert_eq!(check_digit(""), '0');
        assert_eq!(check_digit("<<<<<<"), '0');
    }
}
