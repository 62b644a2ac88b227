//! What a zone may say: every layout, any state, names of all lengths, at random.

use super::Random;
use super::zone::{check_digit, row};

/// The rows of a zone as printed.
#[derive(Clone, Debug)]
pub struct Content {
    pub format: &'static str,
    pub lines: Vec<String>,
}

const FORMATS: [&str; 6] = ["TD1", "TD2", "TD3", "MRV-A", "MRV-B", "FR-ID"];

/// ISO 3166-1 alpha-3 and ICAO 9303-3 §5, as printed.
const STATES: &str = "ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR \
BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI \
CUB CUW CXR CYM CYP CZE D DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA \
GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM \
JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAR MCO MDA MDG MDV MEX \
MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN \
PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT ROU RUS RWA SAU SDN SEN SGP SHN SLB SLE SLV SMR SOM SPM \
SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR URY USA \
UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE RKS EUE UNO UNA GBD GBN GBO GBP GBS XXA XXB XXC XXX UTO XOM";

impl Content {
    /// A made-up holder's zone. One in 25 carries a digit that disagrees, as worn or specimen documents do.
    #[must_use]
    pub fn made_up(r: &mut Random) -> Self {
        let format = FORMATS[[0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5][r.below(13)]];
        let lines = match format {
            "TD1" => td1(r),
            "FR-ID" => fr_id(r),
            _ => two_rows(r, format),
        };
        Self { format, lines }
    }

    /// Exchanges one printed check digit for another.
    pub fn misprint(&mut self, r: &mut Random) {
        let (line, at) = match self.format {
            "TD1" => *r.pick(&[(0, 14), (1, 6), (1, 14), (1, 29)]),
            "FR-ID" => *r.pick(&[(1, 12), (1, 33), (1, 35)]),
            "MRV-A" | "MRV-B" => *r.pick(&[(1, 9), (1, 19), (1, 27)]),
            _ => (1, *r.pick(&[9, 19, 27, self.lines[1].len() - 1])),
        };
        let digit = char::from(b'0' + r.below(10) as u8).to_string();
        self.lines[line].replace_range(at..=at, &digit);
    }
}

fn state(r: &mut Random) -> &'static str {
    let states: Vec<&'static str> = STATES.split(' ').collect();
    states[r.below(states.len())]
}

fn with_digit(text: String) -> String {
    let digit = check_digit(&text);
    text + &digit.to_string()
}

fn digits(r: &mut Random, length: usize) -> String {
    (0..length).map(|_| char::from(b'0' + r.below(10) as u8)).collect()
}

fn mixed(r: &mut Random, length: usize, letters: f32) -> String {
    (0..length)
        .map(|_| {
            if r.chance(letters) { char::from(b'A' + r.below(26) as u8) } else { char::from(b'0' + r.below(10) as u8) }
        })
        .collect()
}

fn number(r: &mut Random, longest: usize) -> String {
    let length = if r.chance(0.75) { longest } else { 6 + r.below(longest - 5) };
    match r.below(4) {
        0 => digits(r, length),
        1 => mixed(r, 1, 1.0) + &digits(r, length - 1),
        2 => mixed(r, 2, 1.0) + &digits(r, length - 2),
        _ => mixed(r, length, 0.45),
    }
}

fn optional(r: &mut Random, room: usize) -> String {
    match r.below(5) {
        0 | 1 => String::new(),
        2 => {
            let length = 1 + r.below(room);
            digits(r, length)
        }
        3 => {
            let length = 1 + r.below(room);
            mixed(r, length, 0.4)
        }
        _ => {
            let first = 1 + r.below(room / 2);
            let second = r.below(room - first);
            mixed(r, first, 0.3) + "<" + &digits(r, second)
        }
    }
}

fn date(r: &mut Random, from: usize, to: usize) -> String {
    let year = (from + r.below(to - from)) % 100;
    format!("{year:02}{:02}{:02}", 1 + r.below(12), 1 + r.below(28))
}

/// Now and then the day, or the month too, is not known.
fn birth(r: &mut Random) -> String {
    let whole = date(r, 1930, 2022);
    match r.below(40) {
        0 => whole[..4].to_owned() + "<<",
        1 => whole[..2].to_owned() + "<<<<",
        _ => whole,
    }
}

/// Names in the manner of several languages; all letters occur.
fn word(r: &mut Random) -> String {
    const ONSETS: [&str; 40] = [
        "B", "C", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "QU", "R", "S", "T", "V", "W", "X", "Y", "Z",
        "SCH", "CH", "TR", "KR", "ST", "PH", "TH", "BR", "GL", "NG", "", "", "", "SH", "ZH", "DZ", "KW", "LL", "RH",
    ];
    const NUCLEI: [&str; 16] = ["A", "E", "I", "O", "U", "Y", "AE", "OE", "UE", "IA", "EI", "OU", "AA", "A", "E", "O"];
    const CODAS: [&str; 20] =
        ["", "", "", "", "N", "R", "L", "S", "T", "K", "NG", "M", "X", "Z", "RD", "FF", "CK", "W", "V", "I"];
    let mut text = String::new();
    for _ in 0..[1, 2, 2, 2, 3, 3, 4][r.below(7)] {
        for part in [r.pick::<&str>(&ONSETS), r.pick::<&str>(&NUCLEI), r.pick::<&str>(&CODAS)] {
            text += part;
        }
    }
    text
}

fn words(r: &mut Random, more: f32) -> String {
    let mut text = word(r);
    while text.len() < 40 && r.chance(more) {
        text = text + "<" + &word(r);
    }
    text
}

/// Both identifiers, cut to the room; some people have only one name.
fn name(r: &mut Random, room: usize) -> String {
    let surname = words(r, 0.2);
    let whole = if r.chance(0.05) {
        surname
    } else {
        let given = words(r, 0.45);
        surname + "<<" + &given
    };
    // A cut name never ends with a filler: the last letter moves up.
    if whole.len() > room { whole[..room].trim_end_matches('<').to_owned() } else { whole }
}

fn sex(r: &mut Random) -> &'static str {
    r.pick::<&str>(&["F", "M", "F", "M", "F", "M", "<"])
}

fn td1(r: &mut Random) -> Vec<String> {
    let code = r.pick::<&str>(&["I<", "ID", "IR", "AR", "AC", "C<", "C1", "IP", "IT", "I<", "ID"]);
    let issuer = state(r);
    let middle = if r.chance(0.08) {
        // A number of more than nine characters goes on in the optional data (ICAO 9303-5 §4.2.4).
        let length = 10 + r.below(4);
        let long = mixed(r, length, 0.2);
        let digit = check_digit(&long);
        row(&[(&long[..9], 9), ("<", 1), (&(long[9..].to_owned() + &digit.to_string()), 15)])
    } else {
        let number = with_digit(row(&[(&number(r, 9), 9)]));
        row(&[(&number, 10), (&optional(r, 15), 15)])
    };
    let first = row(&[(code, 2), (issuer, 3), (&middle, 25)]);
    let (born, until) = (with_digit(birth(r)), with_digit(date(r, 2012, 2045)));
    let nationality = if r.chance(0.7) { issuer } else { state(r) };
    let second = row(&[(&born, 7), (sex(r), 1), (&until, 7), (nationality, 3), (&optional(r, 11), 11)]);
    let composite = check_digit(&(first[5..].to_owned() + &second[..7] + &second[8..15] + &second[18..29]));
    vec![first, second + &composite.to_string(), row(&[(&name(r, 30), 30)])]
}

fn two_rows(r: &mut Random, format: &str) -> Vec<String> {
    let wide = matches!(format, "TD3" | "MRV-A");
    let width = if wide { 44 } else { 36 };
    let codes: &[&str] = match format {
        "TD3" => &["P<", "P<", "P<", "PD", "PO", "PS", "PP", "PM", "PN", "PE"],
        "TD2" => &["I<", "ID", "AC", "C<", "IR", "IE", "PI"],
        _ => &["V<", "V<", "V<", "VC", "VD", "VB", "VN"],
    };
    let issuer = state(r);
    let first = row(&[(r.pick::<&str>(codes), 2), (issuer, 3), (&name(r, width - 5), width - 5)]);
    let number = with_digit(row(&[(&number(r, 9), 9)]));
    let nationality = if r.chance(0.7) { issuer } else { state(r) };
    let (born, until) = (with_digit(birth(r)), with_digit(date(r, 2012, 2045)));
    let common = row(&[(&number, 10), (nationality, 3), (&born, 7), (sex(r), 1), (&until, 7)]);
    let second = match format {
        "TD3" => {
            let personal = row(&[(&optional(r, 14), 14)]);
            let empty = personal.bytes().all(|c| c == b'<') && r.chance(0.5);
            let body = common + &if empty { personal + "<" } else { with_digit(personal) };
            let composite = check_digit(&(body[..10].to_owned() + &body[13..20] + &body[21..43]));
            body + &composite.to_string()
        }
        "TD2" => {
            let body = common + &row(&[(&optional(r, 7), 7)]);
            let composite = check_digit(&(body[..10].to_owned() + &body[13..20] + &body[21..35]));
            body + &composite.to_string()
        }
        _ => row(&[(&common, 28), (&optional(r, width - 28), width - 28)]),
    };
    vec![first, second]
}

/// The French national identity card before 2021.
fn fr_id(r: &mut Random) -> Vec<String> {
    let surname: String = words(r, 0.2).chars().take(25).collect();
    let office = digits(r, 6);
    let first = row(&[("IDFRA", 5), (&surname, 25), (&office, 6)]);
    let made = format!(
        "{:02}{:02}{}{}",
        4 + r.below(16),
        1 + r.below(12),
        r.pick::<&str>(&["75", "13", "2A", "69", "92"]),
        digits(r, 6)
    );
    let given: String = words(r, 0.5).replace('<', "<<").chars().take(14).collect();
    let number = with_digit(row(&[(&made, 12)]));
    let second =
        row(&[(&number, 13), (&given, 14), (&with_digit(date(r, 1930, 2015)), 7), (r.pick::<&str>(&["F", "M"]), 1)]);
    let composite = check_digit(&(first.clone() + &second));
    vec![first, second + &composite.to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_widths_of_their_layout_and_only_its_characters() {
        let mut r = Random::new(3);
        for _ in 0..3000 {
            let mut content = Content::made_up(&mut r);
            content.misprint(&mut r);
            let (rows, width) = match content.format {
                "TD1" => (3, 30),
                "TD3" | "MRV-A" => (2, 44),
                _ => (2, 36),
            };
            let known = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<';
            assert_eq!(content.lines.len(), rows);
            assert!(content.lines.iter().all(|l| l.len() == width && l.bytes().all(known)), "{content:?}");
        }
    }
}
