//! The two numbers that a record is looked up by: A-Number and receipt (case) number.
//!
//! [`Identifier::parse`] takes what a person typed and gives the canonical form, or says what is wrong in words that can
//! be shown. A letter that looks like a digit is never swapped silently: the correction is offered.

use crate::personal::{self, PersonalText};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// Which number it is; the words of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IdentifierType {
    /// `A` and nine digits; printed on cards as "USCIS#".
    ANumber,
    /// Three letters and ten digits, printed on every notice about a case.
    Receipt,
}

impl IdentifierType {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ANumber => "a_number",
            Self::Receipt => "receipt",
        }
    }
}

/// Letters that begin a receipt number: the service centers, the National Benefits Center and online filing. The table
/// is a setting; an unknown beginning is worth a warning, not a wrong format.
pub const RECEIPT_PREFIXES: &[&str] =
    &["EAC", "VSC", "WAC", "CSC", "LIN", "NSC", "SRC", "TSC", "MSC", "NBC", "YSC", "IOE", "MCT", "ZAR"];

/// An identifier in canonical form: `A000000701`, `SRC0000000701`, `IOE*0912345678`.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    kind: IdentifierType,
    canonical: PersonalText,
}

/// Why a typed identifier was not taken. The text never repeats what was typed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdentifierError {
    #[error("Nothing was typed")]
    Empty,
    #[error("This number is too short: {wanted} are needed")]
    TooShort { wanted: &'static str },
    #[error("This number is too long: {wanted} are needed")]
    TooLong { wanted: &'static str },
    #[error("A receipt number begins with three letters, for example IOE")]
    NoPrefix,
    #[error("Character {position} must be a digit")]
    NotADigit {
        /// Counted from 1, without blanks and dashes.
        position: usize,
    },
    /// Letters stand where digits must be, and each looks like a digit. Show the correction and let the person choose.
    #[error("A letter stands where a digit must be; check the corrected number")]
    LooksLike { correction: Identifier },
    #[error("This number cannot be all zeros")]
    AllZeros,
    /// The format is right, but the beginning is in no table: ask the person to compare it with the notice.
    #[error("The first three letters are not a known beginning of a receipt number")]
    UnknownPrefix { identifier: Identifier },
}

impl Identifier {
    /// What a person typed, in any case, with blanks, dashes and `#` left out.
    ///
    /// # Errors
    /// [`IdentifierError`], each a sentence for the person who typed.
    pub fn parse(kind: IdentifierType, typed: &str) -> Result<Self, IdentifierError> {
        Self::parse_with(kind, typed, RECEIPT_PREFIXES)
    }

    /// As [`Identifier::parse`], with another table of receipt beginnings.
    ///
    /// # Errors
    /// As [`Identifier::parse`].
    pub fn parse_with(kind: IdentifierType, typed: &str, prefixes: &[&str]) -> Result<Self, IdentifierError> {
        let kept: String = typed.chars().filter(|c| !is_decoration(*c)).map(|c| c.to_ascii_uppercase()).collect();
        let kept = Zeroizing::new(kept);
        if kept.is_empty() {
            return Err(IdentifierError::Empty);
        }
        match kind {
            IdentifierType::ANumber => a_number(&kept),
            IdentifierType::Receipt => receipt(&kept, prefixes),
        }
    }

    #[must_use]
    pub const fn kind(&self) -> IdentifierType {
        self.kind
    }

    /// The form that is sent, stored and compared.
    #[must_use]
    pub const fn canonical(&self) -> &PersonalText {
        &self.canonical
    }

    /// Grouped as printed: `A012-345-678`, `SRC-00-000-00701`. Online-filing numbers (`IOE`) are printed in one piece.
    #[must_use]
    pub fn display(&self) -> PersonalText {
        self.canonical.expose(|text| {
            let groups: &[usize] = match self.kind {
                IdentifierType::ANumber => &[4, 3, 3],
                IdentifierType::Receipt if text.starts_with("IOE") || text.contains('*') => &[],
                IdentifierType::Receipt => &[3, 2, 3, 5],
            };
            PersonalText::new(grouped(text, groups))
        })
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identifier").field(&self.kind.name()).finish()
    }
}

/// An identifier as it travels: `{"type": "a_number", "value": "A000000701"}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WireIdentifier {
    pub r#type: IdentifierType,
    #[serde(with = "personal::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = crate::wire::schema::IdentifierValue))]
    pub value: PersonalText,
}

impl From<&Identifier> for WireIdentifier {
    fn from(identifier: &Identifier) -> Self {
        Self { r#type: identifier.kind, value: identifier.canonical.clone() }
    }
}

impl WireIdentifier {
    /// Reads the value again. A beginning that is in no table is taken: to the service it is merely unknown.
    ///
    /// # Errors
    /// [`IdentifierError`] except `UnknownPrefix`.
    pub fn to_identifier(&self) -> Result<Identifier, IdentifierError> {
        match self.value.expose(|text| Identifier::parse(self.r#type, text)) {
            Err(IdentifierError::UnknownPrefix { identifier }) => Ok(identifier),
            other => other,
        }
    }
}

fn is_decoration(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '#' | '\u{2010}'..='\u{2015}')
}

fn a_number(kept: &str) -> Result<Identifier, IdentifierError> {
    const WANTED: &str = "7 to 9 digits";
    let digits = kept.strip_prefix('A').unwrap_or(kept);
    let offset = kept.len() - digits.len();
    let count = digits.chars().count();
    if count < 7 {
        return Err(IdentifierError::TooShort { wanted: WANTED });
    }
    if count > 9 {
        return Err(IdentifierError::TooLong { wanted: WANTED });
    }
    // USCIS: a number of 7 or 8 digits gets its zeros after the A.
    let canonical = |digits: &str| Identifier {
        kind: IdentifierType::ANumber,
        canonical: PersonalText::new(format!("A{digits:0>9}")),
    };
    digits_or_offer(digits, offset, canonical)
}

fn receipt(kept: &str, prefixes: &[&str]) -> Result<Identifier, IdentifierError> {
    const WANTED: &str = "3 letters and 10 digits";
    let Some((prefix, rest)) = kept.split_at_checked(3).filter(|(p, _)| p.bytes().all(|b| b.is_ascii_uppercase()))
    else {
        return Err(IdentifierError::NoPrefix);
    };
    // An asterisk on the notice belongs to the number (USCIS: keep every character but the dashes).
    let (star, digits) = match rest.strip_prefix('*') {
        Some(digits) => ("*", digits),
        None => ("", rest),
    };
    let count = digits.chars().count();
    if count < 10 {
        return Err(IdentifierError::TooShort { wanted: WANTED });
    }
    if count > 10 {
        return Err(IdentifierError::TooLong { wanted: WANTED });
    }
    let canonical = |digits: &str| Identifier {
        kind: IdentifierType::Receipt,
        canonical: PersonalText::new(format!("{prefix}{star}{digits}")),
    };
    let identifier = digits_or_offer(digits, 3 + star.len(), canonical)?;
    if prefixes.contains(&prefix) { Ok(identifier) } else { Err(IdentifierError::UnknownPrefix { identifier }) }
}

/// The digits as they are; or, where letters only look like digits, the corrected number as an offer.
fn digits_or_offer(
    digits: &str,
    offset: usize,
    canonical: impl Fn(&str) -> Identifier,
) -> Result<Identifier, IdentifierError> {
    let mut corrected = Zeroizing::new(String::with_capacity(digits.len()));
    let mut swapped = false;
    for (at, c) in digits.chars().enumerate() {
        let digit = match c {
            '0'..='9' => c,
            'O' => '0',
            'I' | 'L' => '1',
            _ => return Err(IdentifierError::NotADigit { position: offset + at + 1 }),
        };
        swapped |= digit != c;
        corrected.push(digit);
    }
    if corrected.bytes().all(|b| b == b'0') {
        return Err(IdentifierError::AllZeros);
    }
    let identifier = canonical(&corrected);
    if swapped { Err(IdentifierError::LooksLike { correction: identifier }) } else { Ok(identifier) }
}

fn grouped(text: &str, groups: &[usize]) -> String {
    let mut out = String::with_capacity(text.len() + groups.len());
    let mut ends = groups.iter().scan(0, |end, n| {
        *end += n;
        Some(*end)
    });
    let mut end = ends.next();
    for (at, c) in text.chars().enumerate() {
        if end == Some(at) {
            out.push('-');
            end = ends.next();
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Identifier, IdentifierError, IdentifierType, WireIdentifier};
    use proptest::prelude::*;

    fn kind(word: &str) -> IdentifierType {
        if word == "a_number" { IdentifierType::ANumber } else { IdentifierType::Receipt }
    }

    #[test]
    fn published_cases_give_their_canonical_and_display_forms() {
        let mut cases = 0;
        for line in include_str!("../testdata/identifiers.tsv").lines().filter(|l| !l.starts_with('#')) {
            let [word, typed, canonical, display] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("not four columns: {line}")
            };
            cases += 1;
            match Identifier::parse(kind(word), typed) {
                Ok(identifier) => {
                    identifier.canonical().expose(|t| assert_eq!(t, canonical, "{typed}"));
                    identifier.display().expose(|t| assert_eq!(t, display, "{typed}"));
                }
                Err(why) => assert_eq!(canonical, "-", "{typed} was refused: {why}"),
            }
        }
        assert_eq!(cases, 17);
    }

    #[test]
    fn a_letter_that_looks_like_a_digit_is_offered_never_swapped() {
        for (kind, typed, offered) in [
            (IdentifierType::Receipt, "SRC00000007O1", "SRC0000000701"),
            (IdentifierType::Receipt, "ioe091234567l", "IOE0912345671"),
            (IdentifierType::ANumber, "A00000070I", "A000000701"),
        ] {
            match Identifier::parse(kind, typed) {
                Err(IdentifierError::LooksLike { correction }) => {
                    correction.canonical().expose(|t| assert_eq!(t, offered));
                }
                other => panic!("{typed}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_unknown_beginning_is_a_warning_and_travels() {
        match Identifier::parse(IdentifierType::Receipt, "ABC0000000701") {
            Err(IdentifierError::UnknownPrefix { identifier }) => {
                assert!(WireIdentifier::from(&identifier).to_identifier().is_ok());
            }
            other => panic!("{other:?}"),
        }
        assert!(Identifier::parse_with(IdentifierType::Receipt, "ABC0000000701", &["ABC"]).is_ok());
    }

    #[test]
    fn debug_output_hides_the_number() {
        let text = format!("{:?}", Identifier::parse(IdentifierType::ANumber, "A12345678"));
        assert!(!text.contains("12345678"), "{text}");
    }

    proptest! {
        #[test]
        fn any_typed_text_gives_an_answer(typed in ".{0,40}") {
            let _ = Identifier::parse(IdentifierType::ANumber, &typed);
            let _ = Identifier::parse(IdentifierType::Receipt, &typed);
        }

        #[test]
        fn the_display_form_reads_back_to_the_same_number(digits in "[0-9]{7,9}", receipt in "(SRC|IOE|LIN|MSC)[0-9]{10}") {
            for (kind, typed) in [(IdentifierType::ANumber, digits), (IdentifierType::Receipt, receipt)] {
                if let Ok(first) = Identifier::parse(kind, &typed) {
                    let again = first.display().expose(|t| Identifier::parse(kind, t));
                    prop_assert!(again == Ok(first));
                }
            }
        }
    }
}
