//! A name into a name field of fixed width. Of the three legal ways to truncate (ICAO Doc 9303-4 §4.2.3) one is used:
//! long primary components are shortened until a secondary one fits, then the rest is cut.

use super::{Name, NameError, transliterate};
use crate::personal::PersonalText;

/// The name field of `width` characters: default transliterations, fillers to the end. Where the name does not fit, the
/// last position holds a letter, which tells a reader that it was truncated.
///
/// # Errors
/// [`NameError::Unknown`] for a character without transliteration, [`NameError::NoPrimary`] where nothing is left of the
/// primary identifier.
pub fn write_field(name: &Name, width: usize) -> Result<String, NameError> {
    let mut primary = zone_components(&name.primary)?;
    let mut secondary = zone_components(&name.secondary)?;
    if primary.is_empty() {
        return Err(NameError::NoPrimary);
    }
    let whole = field(&primary, &secondary);
    if whole.len() <= width {
        return Ok(format!("{whole:<<width$}"));
    }
    // Room for `<<` and at least one letter of the secondary identifier.
    let room = if secondary.is_empty() { width } else { width.saturating_sub(3) };
    while primary.join("<").len() > room && shorten_longest(&mut primary) {}
    loop {
        let cut: String = field(&primary, &secondary).chars().take(width).collect();
        // A cut that ends in a filler would look like a whole name: bring the next letter in.
        if cut.len() < width || !cut.ends_with('<') {
            return Ok(format!("{cut:<<width$}"));
        }
        let kept = field(&primary, &[]).len() + 2;
        let shortened = if kept < width && secondary.iter().any(|c| c.len() > 1) {
            shorten_longest(&mut secondary)
        } else {
            shorten_longest(&mut primary)
        };
        if !shortened {
            return Ok(cut);
        }
    }
}

fn zone_components(components: &[PersonalText]) -> Result<Vec<String>, NameError> {
    let written = components.iter().map(|c| c.expose(transliterate).ok_or(NameError::Unknown));
    written.filter(|c| c.as_ref().map_or(true, |c| !c.is_empty())).collect()
}

fn field(primary: &[String], secondary: &[String]) -> String {
    let mut out = primary.join("<");
    if !secondary.is_empty() {
        out.push_str("<<");
        out.push_str(&secondary.join("<"));
    }
    out
}

/// Takes a letter off the longest component; false if none has two.
fn shorten_longest(components: &mut [String]) -> bool {
    match components.iter_mut().max_by_key(|c| c.len()) {
        Some(longest) if longest.len() > 1 => longest.pop().is_some(),
        _ => false,
    }
}
