//! From what a person, a file or a serial reader delivers to the rows of a zone: separators, joined rows, padding.
//! Characters are never corrected here or anywhere else.

use super::{Format, Lines, Malformed};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Rows of a zone as a serial reader sends them: framing characters stripped, cut at CR, LF or CRLF, empty rows
/// dropped, trailing `_` padding stripped, one joined row of 88, 90 or 72 characters cut into its rows.
///
/// # Errors
/// [`Malformed`] if what remains is not 2×44, 2×36 or 3×30 characters of `A-Z`, `0-9` and `<`.
pub fn normalise(bytes: &[u8]) -> Result<Lines, Malformed> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    for &byte in bytes {
        match byte {
            0x00 | 0x02 | 0x03 => {} // NUL, STX, ETX
            b'\r' | b'\n' => text.push('\n'),
            // What is not ASCII is kept as a character outside the alphabet, so that it is refused with its place.
            0x20..=0x7e => text.push(char::from(byte)),
            _ => text.push('\u{fffd}'),
        }
    }
    let rows: Vec<&str> =
        text.split('\n').map(|row| row.trim_end_matches('_')).filter(|row| !row.trim().is_empty()).collect();
    assemble(&rows)
}

/// Rows of a zone as a person or a file gives them: as [`normalise`], and lower case becomes upper case, and blanks
/// stand for fillers, but only in rows whose length is then exact; other blanks around a row are dropped.
pub(super) fn from_text(text: &str) -> Result<Lines, Malformed> {
    let mut upper = Zeroizing::new(String::with_capacity(text.len()));
    upper.extend(text.chars().map(|c| c.to_ascii_uppercase()));
    let mut filled: Vec<Zeroizing<String>> = Vec::new();
    for row in upper.split(['\r', '\n']) {
        if row.trim().is_empty() {
            continue;
        }
        let row = if is_row_length(row.chars().count()) { row } else { row.trim().trim_end_matches('_') };
        let exact = is_row_length(row.chars().count());
        filled.push(Zeroizing::new(row.chars().map(|c| if exact && c == ' ' { '<' } else { c }).collect()));
    }
    let rows: Vec<&str> = filled.iter().map(|row| row.as_str()).collect();
    assemble(&rows)
}

const fn is_row_length(length: usize) -> bool {
    matches!(length, 30 | 36 | 44 | 72 | 88 | 90)
}

/// The format of rows that are as they must be.
pub(super) fn format_of(rows: &[&str]) -> Result<Format, Malformed> {
    characters(rows)?;
    Format::of_rows(rows).ok_or_else(|| wrong_shape(rows))
}

/// Cuts a joined row, then insists on characters, number and length.
fn assemble(rows: &[&str]) -> Result<Lines, Malformed> {
    if rows.is_empty() {
        return Err(Malformed::whole("there is no machine-readable text".to_owned()));
    }
    characters(rows)?;
    // From here on every character is one byte.
    let joined = match rows {
        [one] => match one.len() {
            88 => one.split_at_checked(44).map(|(a, b)| vec![a, b]),
            72 => one.split_at_checked(36).map(|(a, b)| vec![a, b]),
            90 => one.get(..30).zip(one.get(30..60)).zip(one.get(60..)).map(|((a, b), c)| vec![a, b, c]),
            _ => None,
        },
        _ => None,
    };
    let rows = joined.as_deref().unwrap_or(rows);
    format_of(rows)?;
    Ok(rows.iter().map(|row| PersonalText::from(*row)).collect())
}

fn characters(rows: &[&str]) -> Result<(), Malformed> {
    for (line, row) in rows.iter().enumerate() {
        if let Some((column, c)) = row.chars().enumerate().find(|(_, c)| !matches!(c, 'A'..='Z' | '0'..='9' | '<')) {
            let what = format!("{} is not a character of the zone (A-Z, 0-9, <)", describe(c));
            return Err(Malformed::at(line, column, what));
        }
    }
    Ok(())
}

fn wrong_shape(rows: &[&str]) -> Malformed {
    const SHAPES: &str = "a zone has 2 lines of 44, 2 of 36 or 3 of 30";
    let expected = match rows.len() {
        2 => {
            let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
            let near = if longest > 40 { 44 } else { 36 };
            Some(near)
        }
        3 => Some(30),
        _ => None,
    };
    if let Some(width) = expected
        && let Some((line, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != width)
    {
        let column = row.len().min(width);
        return Malformed::at(line, column, format!("the line has {} characters, not {width}; {SHAPES}", row.len()));
    }
    match rows {
        [one] => Malformed::whole(format!("there is one line of {} characters; {SHAPES}", one.len())),
        many => Malformed::whole(format!("there are {} lines; {SHAPES}", many.len())),
    }
}

/// A character by its look if it has one, else by its number.
fn describe(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '\u{fffd}' => "a byte outside ASCII".to_owned(),
        c if c.is_control() => format!("U+{:04X}", u32::from(c)),
        c => format!("“{c}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    const LINE_1: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const LINE_2: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn rows(bytes: &[u8]) -> Option<Vec<String>> {
        Some(normalise(bytes).ok()?.iter().map(|row| row.expose(str::to_owned)).collect())
    }

    #[test]
    fn separators_and_framing_of_serial_readers_are_taken_off() {
        let expected = Some(vec![LINE_1.to_owned(), LINE_2.to_owned()]);
        for text in [
            format!("{LINE_1}\r{LINE_2}\r"),
            format!("{LINE_1}\r\n{LINE_2}\r\n"),
            format!("\u{2}{LINE_1}\n{LINE_2}\u{3}"),
            format!("{LINE_1}{LINE_2}"),
            format!("{LINE_1}\r\r{LINE_2}\0\0"),
            format!("{LINE_1}____\r{LINE_2}__\r"),
        ] {
            assert_eq!(rows(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn joined_rows_are_cut_by_their_length() {
        assert_eq!(rows("<".repeat(90).as_bytes()).unwrap().len(), 3);
        assert_eq!(rows("<".repeat(72).as_bytes()).unwrap().len(), 2);
        assert_eq!(rows("<".repeat(60).as_bytes()), None);
    }

    #[test]
    fn a_serial_row_is_not_corrected() {
        assert_eq!(rows(format!("{}\r{LINE_2}", LINE_1.to_lowercase()).as_bytes()), None);
        assert_eq!(rows(format!("{}\r{LINE_2}", LINE_1.replace('<', " ")).as_bytes()), None);
        assert_eq!(rows(b"\xff\xfe\x00garbage"), None);
        assert_eq!(rows(b""), None);
    }
}
