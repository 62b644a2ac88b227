//! The name field (ICAO 9303-3 §4.6): `<<` between primary and secondary identifier, `<` between components.

use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// A name as a zone holds it; components are parted by one blank.
#[derive(Clone, Default)]
pub struct ZoneName {
    pub primary: Option<PersonalText>,
    /// `None` when the field has no `<<` followed by anything: no given name is invented.
    pub secondary: Option<PersonalText>,
    /// What follows a further `<<`. ICAO has no such thing; some US cards put the parents' initials there.
    pub after_secondary: Option<PersonalText>,
    /// The last position is filled: assume that the name was cut, even if it just fits.
    pub truncated: bool,
}

/// Splits the whole name field, fillers included.
pub(super) fn split_name_field(field: &str) -> ZoneName {
    let mut identifiers = field.trim_end_matches('<').splitn(3, "<<");
    ZoneName {
        primary: identifiers.next().and_then(components),
        secondary: identifiers.next().and_then(components),
        after_secondary: identifiers.next().and_then(components),
        truncated: !field.is_empty() && !field.ends_with('<'),
    }
}

impl ZoneName {
    /// For a layout whose given names have a field of their own.
    pub(super) fn with_given_names(mut self, field: &str) -> Self {
        self.truncated |= !field.ends_with('<');
        self.secondary = components(field);
        self
    }
}

/// Components parted by any run of fillers.
fn components(text: &str) -> Option<PersonalText> {
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    for component in text.split('<').filter(|component| !component.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(component);
    }
    (!joined.is_empty()).then(|| PersonalText::from(joined.as_str()))
}

/// Fits a name into `width` positions, cut if it must be: then the last position is filled.
///
/// Of the ways to cut that ICAO 9303-4 §4.2.3 allows this is the plainest: the end goes first, but at least the first
/// character of the secondary identifier stays.
pub(super) fn write_name_field(primary: &str, secondary: &str, width: usize) -> Zeroizing<String> {
    let joined = |text: &str| -> Zeroizing<String> {
        Zeroizing::new(text.split_ascii_whitespace().collect::<Vec<_>>().join("<"))
    };
    let (primary, secondary) = (joined(primary), joined(secondary));
    // Positions beside the primary identifier: `<<` and one letter.
    let beside = if secondary.is_empty() { 0 } else { 3 };
    let mut kept = primary.len().min(width.saturating_sub(beside));
    loop {
        let mut field = Zeroizing::new(String::with_capacity(width));
        field.push_str(primary.get(..kept).unwrap_or_default().trim_end_matches('<'));
        if !secondary.is_empty() {
            field.push_str("<<");
            let room = width.saturating_sub(field.len());
            field.push_str(secondary.get(..room).unwrap_or(&secondary));
            if room < secondary.len() && field.ends_with('<') && kept > 1 {
                // The cut fell on a filler, which would hide it: one letter less of the primary identifier.
                kept -= 1;
                continue;
            }
        }
        while field.len() < width {
            field.push('<');
        }
        return field;
    }
}

#[cfg(test)]
mod tests {
    use super::{split_name_field, write_name_field};

    fn split(field: &str) -> (Option<String>, Option<String>, Option<String>, bool) {
        let name = split_name_field(field);
        let text = |t: Option<super::PersonalText>| t.map(|t| t.expose(str::to_owned));
        (text(name.primary), text(name.secondary), text(name.after_secondary), name.truncated)
    }

    #[test]
    fn a_name_without_two_fillers_is_primary_only() {
        assert_eq!(split("SATRIYA<SUDARPA<<<<<"), (Some("SATRIYA SUDARPA".into()), None, None, false));
        assert_eq!(split("<<<<"), (None, None, None, false));
        assert_eq!(split("<<ANNA<<<"), (None, Some("ANNA".into()), None, false));
        assert_eq!(split("A<<B<<J<M<<"), (Some("A".into()), Some("B".into()), Some("J M".into()), false));
    }

    #[test]
    fn a_name_that_fits_is_written_with_fillers() {
        assert_eq!(write_name_field("VAN DER MUELLEN", "MARTIN", 30).as_str(), "VAN<DER<MUELLEN<<MARTIN<<<<<<<");
        assert_eq!(write_name_field("ARKFREITH", "", 12).as_str(), "ARKFREITH<<<");
    }

    #[test]
    fn a_name_that_is_cut_ends_in_a_letter() {
        assert_eq!(
            write_name_field("NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG", 30).as_str(),
            "NILAVADHANANANDA<<CHAYAPA<DEJT"
        );
        assert_eq!(write_name_field("ABCDEF", "GH IJ", 11).as_str(), "ABCDE<<GH<I");
        assert_eq!(write_name_field("BENNELONG WOOLOOMOOLOO", "DINGO", 12).as_str(), "BENNELONG<<D");
    }
}
