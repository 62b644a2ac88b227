//! Decode: from each cell's probabilities to the text of a zone, and how certain each character is.
//!
//! Three kinds of evidence, the pixels always first: what may stand in a field (a prior, never a mask: published
//! specimens print digits where letters belong), the check digits, and the list of states. The last two only choose
//! among characters that the pixels support. `K` for `<`, `1` for `L`, `6` for `G` agree with every check digit
//! (ICAO 9303-3 §4.9 counts modulo 10), so such pairs stay with the pixels.

use super::network::{ALPHABET, REFUSED};
use super::states;
use crate::mrz::{Format, value};

/// Probabilities of the characters of one cell, "refused" the last.
pub type Cell = [f32; REFUSED + 1];

/// A zone's text with the probability of each character.
pub struct Decoded {
    pub format: Format,
    pub lines: Vec<Vec<u8>>,
    pub confidence: Vec<Vec<f32>>,
    pub check_digits_used: bool,
    /// Whether the text has a zone's structure: document code, dates, digits where digits belong.
    pub plausible: bool,
    /// Check digits that agree, and that do not.
    pub agreeing: usize,
    pub disagreeing: usize,
}

impl Decoded {
    pub fn lowest(&self) -> f32 {
        self.confidence.iter().flatten().copied().fold(1.0, f32::min)
    }

    /// How many characters are expected to be wrong.
    pub fn expected_errors(&self) -> f32 {
        self.confidence.iter().flatten().map(|c| 1.0 - c).sum()
    }
}

/// What may stand in a position.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Any,
    Letter,
    Digit,
    CheckDigit,
    Sex,
    Code,
    /// The second letter of the document code: a digit on few cards (`C1`, `C2`).
    SecondCode,
}

/// How likely a character is in a position before looking at it, up to a factor.
fn prior(kind: Kind, c: u8) -> f32 {
    match (kind, c) {
        (Kind::Any, _) | (Kind::Letter, b'A'..=b'Z' | b'<') | (Kind::Digit | Kind::CheckDigit, b'0'..=b'9') => 1.0,
        (Kind::Sex, b'F' | b'M' | b'<') | (Kind::Code, b'A' | b'C' | b'I' | b'P' | b'V') => 1.0,
        (Kind::CheckDigit, b'<') => 0.3,
        (Kind::Sex, b'X') => 0.1,
        (Kind::Digit, b'<') | (Kind::Code, b'A'..=b'Z') => 0.05,
        (Kind::SecondCode, b'0'..=b'9') => 0.1,
        (Kind::SecondCode, _) => 1.0,
        (Kind::Letter | Kind::Digit, _) => 0.01,
        (Kind::CheckDigit | Kind::Sex | Kind::Code, _) => 0.004,
    }
}

/// A position in the zone.
type At = (usize, usize);

/// A check digit: what it covers, in the order of the weights, and where it stands.
struct Sum {
    covers: Vec<At>,
    digit: At,
    composite: bool,
}

/// Reads a zone of two or three rows of 30, 36 or 44 cells; `None` for any other shape.
pub fn decode(cells: &[Vec<Cell>]) -> Option<Decoded> {
    let plain: Vec<String> = cells.iter().map(|l| l.iter().map(|c| likeliest(c) as char).collect()).collect();
    let rows: Vec<&str> = plain.iter().map(String::as_str).collect();
    let format = Format::of_rows(&rows)?;
    let kinds = kinds(format, &rows);
    let mut posterior: Vec<Vec<Cell>> = cells
        .iter()
        .zip(&kinds)
        .map(|(line, kinds)| line.iter().zip(kinds).map(|(c, &k)| weigh(c, |b| prior(k, b))).collect())
        .collect();
    fill_tails(format, &mut posterior);
    let mut text: Vec<Vec<u8>> = posterior.iter().map(|l| l.iter().map(likeliest).collect()).collect();
    let by_pixels = text.clone();
    let sums = sums(format, &text);
    let mut confidence: Vec<Vec<f32>> = posterior.iter().map(|l| l.iter().map(top).collect()).collect();
    let before = confidence.clone();
    let states = [Some(format.layout().issuer), format.layout().nationality];
    let states: Vec<At> = states.into_iter().flatten().map(|s| (s.line, s.start)).collect();
    weigh_sums(&posterior, &sums, &states, &mut text, &mut confidence);
    for (line, cells) in confidence.iter_mut().zip(cells) {
        for (c, cell) in line.iter_mut().zip(cells) {
            let refused = REFUSED_IN_A_ZONE * cell[REFUSED];
            *c *= 1.0 - refused / (refused + 1.0 - cell[REFUSED]).max(1e-6);
        }
    }
    let check_digits_used = text != by_pixels
        || before.iter().flatten().zip(confidence.iter().flatten()).any(|(b, c)| *b < 0.8 && *c > 0.9);
    let (agreeing, disagreeing) = verdicts(&sums, &text);
    let plausible = plausible(format, &text);
    Some(Decoded { format, lines: text, confidence, check_digits_used, plausible, agreeing, disagreeing })
}

/// The likeliest character of a cell; "refused" is none.
fn likeliest(cell: &Cell) -> u8 {
    let mut best = 0;
    for c in 1..REFUSED {
        if cell[c] > cell[best] {
            best = c;
        }
    }
    ALPHABET[best]
}

fn top(cell: &Cell) -> f32 {
    cell[..REFUSED].iter().copied().fold(0.0, f32::max)
}

/// The cell's characters times a prior, summing to one; "refused" keeps its share apart.
fn weigh(cell: &Cell, prior: impl Fn(u8) -> f32) -> Cell {
    let mut out = *cell;
    for (p, &c) in out.iter_mut().zip(ALPHABET) {
        *p *= prior(c);
    }
    let sum: f32 = out[..REFUSED].iter().sum::<f32>().max(1e-12);
    out[..REFUSED].iter_mut().for_each(|p| *p /= sum);
    out
}

fn kinds(format: Format, rows: &[&str]) -> Vec<Vec<Kind>> {
    let layout = format.layout();
    let mut kinds: Vec<Vec<Kind>> = rows.iter().map(|r| vec![Kind::Any; r.len()]).collect();
    let mut set = |line: usize, start: usize, end: usize, kind: Kind| kinds[line][start..end].fill(kind);
    for span in [Some(layout.issuer), Some(layout.name), layout.given_names, layout.nationality].into_iter().flatten() {
        set(span.line, span.start, span.end, Kind::Letter);
    }
    let code = layout.document_code;
    set(code.line, code.start, code.start + 1, Kind::Code);
    set(code.line, code.start + 1, code.end, Kind::SecondCode);
    set(layout.sex.line, layout.sex.start, layout.sex.end, Kind::Sex);
    for checked in [Some(layout.birth_date), layout.expiry_date].into_iter().flatten() {
        set(checked.field.line, checked.field.start, checked.field.end, Kind::Digit);
        set(checked.digit.line, checked.digit.start, checked.digit.end, Kind::CheckDigit);
    }
    let digits = [Some(layout.document_number.digit), layout.personal_number_digit, layout.composite.map(|c| c.digit)];
    for digit in digits.into_iter().flatten() {
        set(digit.line, digit.start, digit.end, Kind::CheckDigit);
    }
    // The back of a US permanent resident card and employment authorisation: an A-Number, then a receipt number of
    // three letters and ten digits.
    if format == Format::Td1 && ["C1USA", "C2USA", "IAUSA"].iter().any(|p| rows[0].starts_with(p)) {
        set(0, 5, 14, Kind::Digit);
        set(0, 15, 18, Kind::Letter);
        set(0, 18, 28, Kind::Digit);
    }
    kinds
}

/// Behind three fillers a name is over: what follows in the field is fillers unless the pixels insist.
fn fill_tails(format: Format, posterior: &mut [Vec<Cell>]) {
    let layout = format.layout();
    for span in [Some(layout.name), layout.given_names].into_iter().flatten() {
        let field = &mut posterior[span.line][span.start..span.end];
        let mut run = 0;
        for cell in field.iter_mut() {
            if run >= 3 {
                *cell = weigh(cell, |c| if c == b'<' { 1.0 } else { 0.02 });
            }
            run = if likeliest(cell) == b'<' { run + 1 } else { 0 };
        }
    }
}

/// The check digits of a layout. A document number that goes on in the optional data (ICAO 9303-5 §4.2.2 note j) has
/// its digit there.
fn sums(format: Format, text: &[Vec<u8>]) -> Vec<Sum> {
    let layout = format.layout();
    let span = |s: crate::mrz::Span| (s.start..s.end).map(move |c| (s.line, c));
    let mut sums = Vec::new();
    let number = layout.document_number;
    let at = |(l, c): At| text[l][c];
    let digit = (number.digit.line, number.digit.start);
    let long = layout.long_number && at(digit) == b'<';
    match layout.optional {
        Some(optional) if long => {
            let rest: Vec<At> = span(optional).take_while(|&p| at(p) != b'<').collect();
            if let Some((&digit, rest)) = rest.split_last() {
                sums.push(Sum {
                    covers: span(number.field).chain(rest.iter().copied()).collect(),
                    digit,
                    composite: false,
                });
            }
        }
        _ => sums.push(Sum { covers: span(number.field).collect(), digit, composite: false }),
    }
    for checked in [Some(layout.birth_date), layout.expiry_date].into_iter().flatten() {
        sums.push(Sum {
            covers: span(checked.field).collect(),
            digit: (checked.digit.line, checked.digit.start),
            composite: false,
        });
    }
    if let (Some(digit), Some(optional)) = (layout.personal_number_digit, layout.optional) {
        let covers = span(optional).filter(|&(_, c)| c < digit.start).collect();
        sums.push(Sum { covers, digit: (digit.line, digit.start), composite: false });
    }
    if let Some(composite) = layout.composite {
        let covers = composite.covers.iter().flat_map(|&s| span(s)).collect();
        sums.push(Sum { covers, digit: (composite.digit.line, composite.digit.start), composite: true });
    }
    sums
}

/// Whether a check digit agrees; a filler agrees where all it covers are fillers.
fn agrees(sum: &Sum, text: &[Vec<u8>]) -> bool {
    let printed = text[sum.digit.0][sum.digit.1];
    if printed == b'<' {
        return sum.covers.iter().all(|&(l, c)| text[l][c] == b'<');
    }
    // ICAO 9303-3 §4.9, over positions that may lie in several fields.
    let weighted = sum.covers.iter().zip([7, 3, 1].into_iter().cycle());
    let total: u32 = weighted.map(|(&(l, c), weight)| value(text[l][c]).unwrap_or(0) * weight).sum();
    value(printed) == Some(total % 10)
}

fn verdicts(sums: &[Sum], text: &[Vec<u8>]) -> (usize, usize) {
    let agreeing = sums.iter().filter(|s| agrees(s, text)).count();
    (agreeing, sums.len() - agreeing)
}

/// In training every seventh patch was none of the characters; in the grid of a zone hardly one is.
const REFUSED_IN_A_ZONE: f32 = 0.1;

/// How much likelier a genuine zone makes a reading whose digit agrees than one whose digit does not: some published
/// specimens print wrong ones, so the pixels can overrule it.
const DISAGREES: f32 = 0.02;
const COMPOSITE_DISAGREES: f32 = 0.1;
const UNLISTED_STATE: f32 = 0.05;
/// A character is supported by the pixels from this probability on.
const SUPPORTED: f32 = 0.01;
/// Cells that are not certain, and readings of them together, that are weighed at once.
const MOST_UNCERTAIN: usize = 16;
const MOST_READINGS: usize = 500;

/// Weighs the readings of the uncertain cells by check digits and states, and takes the likeliest of each cell.
fn weigh_sums(posterior: &[Vec<Cell>], sums: &[Sum], states: &[At], text: &mut [Vec<u8>], confidence: &mut [Vec<f32>]) {
    let mut covered: Vec<At> = sums.iter().flat_map(|s| s.covers.iter().copied().chain([s.digit])).collect();
    covered.extend(states.iter().flat_map(|&(l, c)| (0..3).map(move |i| (l, c + i))));
    covered.sort_unstable();
    covered.dedup();
    covered.retain(|&(l, c)| confidence[l][c] < 0.998);
    covered.sort_by(|a, b| confidence[a.0][a.1].total_cmp(&confidence[b.0][b.1]));
    covered.truncate(MOST_UNCERTAIN);
    if covered.is_empty() {
        return;
    }
    // The likeliest readings by the pixels alone, cell by cell.
    let mut readings: Vec<(f32, Vec<u8>)> = vec![(1.0, Vec::new())];
    for &(l, c) in &covered {
        let mut options: Vec<(f32, u8)> = posterior[l][c][..REFUSED]
            .iter()
            .copied()
            .zip(ALPHABET.iter().copied())
            .filter(|o| o.0 > SUPPORTED)
            .collect();
        options.sort_by(|a, b| b.0.total_cmp(&a.0));
        options.truncate(5);
        readings = readings
            .iter()
            .flat_map(|(p, chosen)| {
                options.iter().map(move |&(q, o)| {
                    let mut longer = chosen.clone();
                    longer.push(o);
                    (p * q, longer)
                })
            })
            .collect();
        if readings.len() > MOST_READINGS {
            readings.sort_by(|a, b| b.0.total_cmp(&a.0));
            readings.truncate(MOST_READINGS);
        }
    }
    let mut trial = text.to_vec();
    for (p, chosen) in &mut readings {
        for (&(l, c), &o) in covered.iter().zip(chosen.iter()) {
            trial[l][c] = o;
        }
        for sum in sums {
            if !agrees(sum, &trial) {
                *p *= if sum.composite { COMPOSITE_DISAGREES } else { DISAGREES };
            }
        }
        for &(l, c) in states {
            if !states::listed(&trial[l][c..c + 3]) {
                *p *= UNLISTED_STATE;
            }
        }
    }
    let total: f32 = readings.iter().map(|r| r.0).sum::<f32>().max(1e-30);
    for (i, &(l, c)) in covered.iter().enumerate() {
        let mut weights = [0.0f32; 256];
        for (p, chosen) in &readings {
            weights[usize::from(chosen[i])] += p / total;
        }
        let best =
            ALPHABET.iter().copied().max_by(|&a, &b| weights[usize::from(a)].total_cmp(&weights[usize::from(b)]));
        if let Some(best) = best {
            text[l][c] = best;
            confidence[l][c] = weights[usize::from(best)].min(1.0);
        }
    }
}

/// The structure that every zone has.
fn plausible(format: Format, text: &[Vec<u8>]) -> bool {
    let layout = format.layout();
    let digits =
        |line: usize, start: usize, end: usize| text[line][start..end].iter().all(|c| c.is_ascii_digit() || *c == b'<');
    let dates = [Some(layout.birth_date), layout.expiry_date]
        .into_iter()
        .flatten()
        .all(|d| digits(d.field.line, d.field.start, d.field.end) && digits(d.digit.line, d.digit.start, d.digit.end));
    let dates = dates
        && [Some(layout.birth_date), layout.expiry_date].into_iter().flatten().all(|d| {
            let at = d.field.start;
            let row = &text[d.field.line];
            // Parts of a date may be unknown: fillers (ICAO 9303-3 §4.8), on some documents zeros.
            within(&row[at + 2..at + 4], 12) && within(&row[at + 4..at + 6], 31)
        });
    let name = &text[layout.name.line][layout.name.start..layout.name.end];
    let letters = name.iter().all(|c| c.is_ascii_uppercase() || *c == b'<');
    dates
        && letters
        && name[0].is_ascii_uppercase()
        && matches!(text[0][0], b'A' | b'C' | b'I' | b'P' | b'V')
        && text[0][layout.issuer.start].is_ascii_uppercase()
        && matches!(text[layout.sex.line][layout.sex.start], b'F' | b'M' | b'<' | b'X')
}

/// Whether two characters are a number up to `most`, or one that is not wholly known.
fn within(digits: &[u8], most: u8) -> bool {
    match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => (tens - b'0') * 10 + (ones - b'0') <= most,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells that are certain of `rows`, but for `doubts`: (line, cell, the other character, its probability).
    fn cells(rows: &[&str], doubts: &[(usize, usize, u8, f32)]) -> Vec<Vec<Cell>> {
        let class = |c: u8| ALPHABET.iter().position(|&a| a == c).unwrap();
        let mut all: Vec<Vec<Cell>> = rows
            .iter()
            .map(|r| {
                r.bytes()
                    .map(|c| {
                        let mut cell = [1e-5; REFUSED + 1];
                        cell[class(c)] = 1.0 - 37e-5;
                        cell
                    })
                    .collect()
            })
            .collect();
        for &(l, k, other, p) in doubts {
            let own = class(rows[l].as_bytes()[k]);
            all[l][k][class(other)] = p;
            all[l][k][own] = 1.0 - p - 36e-5;
        }
        all
    }

    fn text(d: &Decoded) -> Vec<String> {
        d.lines.iter().map(|l| String::from_utf8(l.clone()).unwrap()).collect()
    }

    const TD3: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

    #[test]
    fn certain_cells_are_read_as_they_stand() {
        let d = decode(&cells(&TD3, &[])).unwrap();
        assert_eq!(text(&d), TD3);
        assert_eq!((d.agreeing, d.disagreeing), (5, 0));
        assert!(d.plausible && !d.check_digits_used && d.lowest() > 0.99);
    }

    #[test]
    fn a_check_digit_decides_between_what_the_pixels_support_and_says_so() {
        // The 8 of the number looks a little more like a B.
        let d = decode(&cells(&TD3, &[(1, 1, b'B', 0.6)])).unwrap();
        assert_eq!(text(&d), TD3);
        assert!(d.check_digits_used);
        assert!(d.lowest() > 0.9);
    }

    #[test]
    fn a_check_digit_never_overrules_certain_pixels() {
        let wrong = [TD3[0], "L898902C37UTO7408122F1204159ZE184226B<<<<<10"];
        let d = decode(&cells(&wrong, &[])).unwrap();
        assert_eq!(text(&d), wrong);
        assert_eq!(d.disagreeing, 2);
        assert!(!d.check_digits_used);
    }

    #[test]
    fn what_no_digit_sees_stays_uncertain() {
        // G and 6 have the same value modulo 10.
        let rows = [TD3[0], "L898902G46UTO7408122F1204159ZE184226B<<<<<10"];
        let d = decode(&cells(&rows, &[(1, 7, b'6', 0.5)])).unwrap();
        assert!(d.lowest() < 0.8, "{}", d.lowest());
    }

    #[test]
    fn letters_are_preferred_in_names_and_digits_in_dates() {
        let d = decode(&cells(&TD3, &[(0, 8, b'1', 0.7), (1, 14, b'A', 0.7), (1, 18, b'I', 0.8)])).unwrap();
        assert_eq!(text(&d), TD3);
    }

    #[test]
    fn a_date_that_no_calendar_has_is_no_structure_of_a_zone() {
        let with_birth = |date: &str| {
            let row = format!("L898902C36UTO{date}2F1204159ZE184226B<<<<<10");
            decode(&cells(&[TD3[0], &row], &[])).unwrap().plausible
        };
        assert!(with_birth("740812") && with_birth("7408<<") && with_birth("740000") && with_birth("<<<<<<"));
        assert!(!with_birth("741312") && !with_birth("740832"));
    }

    #[test]
    fn other_shapes_are_no_zone() {
        assert!(decode(&cells(&["P<UTO", "L8989"], &[])).is_none());
        assert!(decode(&[]).is_none());
    }

    #[test]
    fn a_long_document_number_has_its_digit_in_the_optional_data() {
        let rows =
            ["IDBEL600001795<0152<<<<<<<<<<<", "1301014F2311207BEL130101987398", "SPECIMEN<<SPECIMEN<<<<<<<<<<<<"];
        let d = decode(&cells(&rows, &[])).unwrap();
        assert_eq!(text(&d), rows);
        assert_eq!(d.agreeing, 4, "of {}", d.agreeing + d.disagreeing);
    }
}
