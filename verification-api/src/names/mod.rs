//! ICAO names: the name field of a machine-readable zone, how a printed name becomes one, and when two agree.
//!
//! Names are compared component by component, by prefix and never by equality: ICAO Doc 9303-3 §4.6 allows three ways
//! to truncate, and a character may have several transliterations (§6).

mod translit;
mod write;

pub use write::write_field;

use crate::personal::PersonalText;
use zeroize::Zeroizing;

/// A name as split from a zone, or as a record holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    primary: Vec<PersonalText>,
    secondary: Vec<PersonalText>,
    truncated: bool,
}

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name needs a primary identifier (what comes before <<)")]
    NoPrimary,
    #[error("a name has no digits")]
    Digit,
    #[error("a name has a character that no transliteration is known for")]
    Unknown,
}

impl Name {
    /// Splits a name field of a zone, with its fillers: `<<` between the identifiers, `<` between components. Without
    /// `<<` there is a primary identifier only. A letter in the last position means: assume that it was truncated.
    #[must_use]
    pub fn split(field: &str) -> Self {
        let truncated = field.chars().next_back().is_some_and(|c| c != '<');
        let (primary, secondary) = match field.trim_end_matches('<').split_once("<<") {
            Some((primary, secondary)) => (primary, secondary),
            None => (field.trim_end_matches('<'), ""),
        };
        Self { primary: components(primary), secondary: components(secondary), truncated }
    }

    /// A record's name, `MÜLLER-LÜDENSCHEIDT<<HANS JÖRG` (no `<<`: primary identifier only), in any script that has
    /// transliterations.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn of_record(text: &str) -> Result<Self, NameError> {
        let (primary, secondary) = text.split_once("<<").unwrap_or((text, ""));
        let name = Self { primary: components(primary), secondary: components(secondary), truncated: false };
        if name.primary.is_empty() {
            return Err(NameError::NoPrimary);
        }
        for component in name.primary.iter().chain(&name.secondary) {
            component.expose(|text| {
                text.chars().try_for_each(|c| if c.is_numeric() { Err(NameError::Digit) } else { known(c) })
            })?;
        }
        Ok(name)
    }

    /// Printed identifiers as a document carries them: components divided by blanks.
    #[must_use]
    pub fn of_identifiers(primary: &PersonalText, secondary: Option<&PersonalText>) -> Self {
        let secondary = secondary.map(|s| s.expose(components)).unwrap_or_default();
        Self { primary: primary.expose(components), secondary, truncated: false }
    }

    /// The primary identifier, components divided by a blank.
    #[must_use]
    pub fn primary(&self) -> PersonalText {
        joined(&self.primary)
    }

    /// The secondary identifier; `None` when the field has no `<<`, or nothing after it.
    #[must_use]
    pub fn secondary(&self) -> Option<PersonalText> {
        if self.secondary.is_empty() { None } else { Some(joined(&self.secondary)) }
    }

    /// A letter stands in the last position of the field.
    #[must_use]
    pub const fn truncated(&self) -> bool {
        self.truncated
    }
}

/// Whether what was read can be the record's name, for each identifier apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAgreement {
    pub primary: bool,
    pub secondary: bool,
}

/// Compares a name that was read with a record's. Each component that was read must be non-empty and a prefix of the
/// record's component in the same place, under any allowed transliteration; trailing components may be missing, but
/// not all of them.
#[must_use]
pub fn agree(read: &Name, record: &Name) -> NameAgreement {
    NameAgreement {
        primary: components_agree(&read.primary, &record.primary),
        secondary: components_agree(&read.secondary, &record.secondary),
    }
}

fn components_agree(read: &[PersonalText], record: &[PersonalText]) -> bool {
    read.len() <= record.len()
        && read.is_empty() == record.is_empty()
        && read.iter().zip(record).all(|(r, full)| r.expose(|r| full.expose(|full| is_prefix(r, full))))
}

/// Whether `read` is a non-empty prefix of one of the transliterations of `full`.
fn is_prefix(read: &str, full: &str) -> bool {
    let read: Zeroizing<Vec<char>> = Zeroizing::new(read.chars().flat_map(char::to_uppercase).collect());
    if read.is_empty() {
        return false;
    }
    // Every position of `read` that the characters of `full` seen so far can have led to, with the last letter written
    // there (the shadda doubles it).
    let mut at: Vec<usize> = vec![0];
    for c in full.chars().flat_map(char::to_uppercase) {
        let mut next = Vec::with_capacity(at.len());
        for start in at {
            for form in forms(c, start.checked_sub(1).and_then(|last| read.get(last)).copied()).iter() {
                match consume(&read, start, form) {
                    Some(end) if end == read.len() => return true,
                    Some(end) if !next.contains(&end) => next.push(end),
                    _ => {}
                }
            }
        }
        if next.is_empty() {
            return false;
        }
        at = next;
    }
    false
}

/// Where `form` ends in `read`, which may end before it does.
fn consume(read: &[char], start: usize, form: &str) -> Option<usize> {
    let mut at = start;
    for c in form.chars() {
        match read.get(at) {
            None => return Some(at),
            Some(r) if *r == c => at += 1,
            Some(_) => return None,
        }
    }
    Some(at)
}

/// The default transliteration of a printed identifier into components of the zone; `None` if a character has none.
fn transliterate(component: &str) -> Option<String> {
    let mut out = String::with_capacity(component.len());
    for c in component.chars().flat_map(char::to_uppercase) {
        out.push_str(forms(c, out.chars().next_back()).first()?);
    }
    Some(out)
}

/// What a character may become, the default first. Empty: not known. `last` is the letter written before it.
fn forms(c: char, last: Option<char>) -> Forms {
    const SHADDA: char = '\u{0651}';
    if c.is_ascii_uppercase() {
        return Forms::Letter(c.to_string());
    }
    if c == SHADDA {
        return last.map_or(Forms::Table(&[""]), |last| Forms::Letter(last.to_string()));
    }
    match translit::FORMS.binary_search_by_key(&c, |(key, _)| *key) {
        Ok(at) => Forms::Table(translit::FORMS[at].1),
        Err(_) => Forms::Table(&[]),
    }
}

enum Forms {
    Letter(String),
    Table(&'static [&'static str]),
}

impl Forms {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, many): (Option<&str>, &[&str]) = match self {
            Self::Letter(letter) => (Some(letter), &[]),
            Self::Table(forms) => (None, forms),
        };
        one.into_iter().chain(many.iter().copied())
    }

    fn first(&self) -> Option<&str> {
        self.iter().next()
    }
}

fn known(c: char) -> Result<(), NameError> {
    if c.to_uppercase().all(|c| forms(c, None).first().is_some()) { Ok(()) } else { Err(NameError::Unknown) }
}

/// Components of an identifier: divided by fillers, blanks, hyphens and commas; apostrophes and full stops vanish.
fn components(identifier: &str) -> Vec<PersonalText> {
    identifier
        .split(|c: char| c == '<' || c == '-' || c == ',' || c.is_whitespace())
        .map(|part| part.chars().filter(|c| !matches!(c, '\'' | '\u{2019}' | '`' | '\u{b4}' | '.')).collect::<String>())
        .filter(|part| !part.is_empty())
        .map(PersonalText::new)
        .collect()
}

fn joined(components: &[PersonalText]) -> PersonalText {
    let mut out = PersonalText::default();
    for (at, component) in components.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        component.expose(|text| text.chars().for_each(|c| out.push(c)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Name, NameError, agree, write_field};
    use crate::personal::PersonalText;

    /// layout, primary, secondary, field, note of each published example.
    fn examples() -> impl Iterator<Item = [&'static str; 5]> {
        include_str!("../../testdata/names.tsv").lines().filter(|l| !l.starts_with('#')).map(|line| {
            let mut columns = line.split('\t');
            [(); 5].map(|()| columns.next().unwrap_or_else(|| panic!("too few columns: {line}")))
        })
    }

    fn record(primary: &str, secondary: &str) -> Name {
        Name::of_record(&format!("{primary}<<{secondary}")).unwrap_or_else(|why| panic!("{primary}: {why}"))
    }

    #[test]
    fn every_published_field_agrees_with_its_printed_name() {
        let mut seen = 0;
        for [_, primary, secondary, field, note] in examples() {
            let read = Name::split(field);
            let agreement = agree(&read, &record(primary, secondary));
            assert!(agreement.primary && agreement.secondary, "{field}");
            assert_eq!(read.truncated(), !note.is_empty(), "{field}");
            seen += 1;
        }
        assert_eq!(seen, 52);
    }

    #[test]
    fn a_name_that_fits_is_written_as_published() {
        for [_, primary, secondary, field, note] in examples() {
            let written = write_field(&record(primary, secondary), field.len()).unwrap();
            assert_eq!(written.len(), field.len());
            if note.starts_with("truncated") {
                let read = Name::split(&written);
                assert!(read.truncated(), "{written}");
                let agreement = agree(&read, &record(primary, secondary));
                assert!(agreement.primary && agreement.secondary, "{written}");
            } else {
                assert_eq!(written, field);
            }
        }
    }

    #[test]
    fn without_a_separator_there_is_no_given_name() {
        let name = Name::split("SATRIYA<SUDARPA<<<<<<<<<<<<<<<");
        name.primary().expose(|t| assert_eq!(t, "SATRIYA SUDARPA"));
        assert!(name.secondary().is_none());
    }

    #[test]
    fn another_name_does_not_agree() {
        let record = record("SPECIMEN", "ANNA MARIA");
        for (field, primary, secondary) in [
            ("SPECIMEN<<ANNA<MARIA<<<<", true, true),
            ("SPECIMEN<<ANNA<<<<<<<<<<", true, true),
            ("SPECIMENS<<ANNA<<<<<<<<<", false, true),
            ("SPECIMEN<<MARIA<<<<<<<<<", true, false),
            ("SPECIMEN<<ANNA<MARIA<EVE", true, false),
            ("SPECIMEN<<<<<<<<<<<<<<<<", true, false),
            ("<<<<<<<<<<<<<<<<<<<<<<<<", false, false),
        ] {
            let agreement = agree(&Name::split(field), &record);
            assert_eq!((agreement.primary, agreement.secondary), (primary, secondary), "{field}");
        }
    }

    #[test]
    fn any_allowed_transliteration_agrees() {
        let record = record("Müller-Ñandú", "Jörg");
        for field in ["MUELLER<NANDU<<JOERG<", "MUXXLLER<NXXANDU<<JORG", "MULLER<NANDU<<JOE"] {
            let agreement = agree(&Name::split(field), &record);
            assert!(agreement.primary && agreement.secondary, "{field}");
        }
        assert!(!agree(&Name::split("MILLER<NANDU<<JOERG"), &record).primary);
        assert_eq!(write_field(&record, 24).unwrap(), "MUELLER<NANDU<<JOERG<<<<");
    }

    #[test]
    fn a_record_needs_letters() {
        assert_eq!(Name::of_record("<<ANNA").err(), Some(NameError::NoPrimary));
        assert_eq!(Name::of_record("SPEC1MEN<<ANNA").err(), Some(NameError::Digit));
        assert_eq!(Name::of_record("☃<<ANNA").err(), Some(NameError::Unknown));
    }

    #[test]
    fn identifiers_of_a_document_are_components_divided_by_blanks() {
        let read = Name::of_identifiers(&PersonalText::from("VAN DER MUELLEN"), Some(&PersonalText::from("MARTIN")));
        assert!(read == Name::split("VAN<DER<MUELLEN<<MARTIN<<<"));
    }
}
