//! The command contract as JSON (`docs/commands.md`): the one place that renders what was read. Field order is the
//! contract's; what is absent is null.

use crate::barcode::Barcode;
use crate::document::Document;
use crate::fusion::Fusion;
use crate::mrz::{Check, CheckField, Malformed, Mrz, Verdict};
use crate::ocr::{Guess, MrzReading, Point, Quad};
use crate::profiles::{Deviation, Profiles};
use crate::still::Still;
use serde::Serialize;
use verification_api::personal::{self, PersonalText};
use verification_api::wire;

/// One line of `kiosk-app read --json`. It is about a person: write it where its caller asked for it, nowhere else.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ReadLine {
    Read(Box<ReadObject>),
    NotRead(NotReadObject),
    Error(ErrorObject),
}

#[derive(Serialize)]
pub struct ReadObject {
    file: String,
    status: &'static str,
    ms: f64,
    mrz: Option<MrzObject>,
    barcodes: Vec<BarcodeObject>,
    document: Option<wire::Document>,
    #[serde(skip_serializing_if = "Option::is_none")]
    others: Option<OthersObject>,
}

/// What barcodes and seals say beside the zone.
#[derive(Serialize)]
struct OthersObject {
    agrees: Option<bool>,
    disagreements: Vec<&'static str>,
    /// Words of ICAO 9303-13 Appendix D.
    seals: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct NotReadObject {
    file: String,
    status: &'static str,
    reason: &'static str,
    advice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<[f64; 2]>,
    ms: f64,
    guess: Option<GuessObject>,
}

#[derive(Serialize)]
pub struct ErrorObject {
    file: String,
    status: &'static str,
    error: String,
}

#[derive(Serialize)]
struct MrzObject {
    format: &'static str,
    #[serde(with = "personal::wire::list")]
    lines: Vec<PersonalText>,
    confidence: f64,
    quad: [[f64; 2]; 4],
    checks: Vec<wire::Check>,
    deviations: Vec<String>,
}

#[derive(Serialize)]
struct BarcodeObject {
    symbology: &'static str,
    kind: &'static str,
    #[serde(with = "personal::wire")]
    payload_hex: PersonalText,
    quad: [[f64; 2]; 4],
}

#[derive(Serialize)]
struct GuessObject {
    #[serde(with = "personal::wire::list")]
    lines: Vec<PersonalText>,
}

/// One object of `kiosk-app parse --json`.
#[derive(Serialize)]
pub struct ParseObject {
    status: &'static str,
    format: Option<&'static str>,
    checks: Vec<wire::Check>,
    deviations: Vec<String>,
    document: Option<wire::Document>,
    error: Option<String>,
}

impl ReadLine {
    /// What a picture gave; `ms` from decoded pixels to the result.
    #[must_use]
    pub fn of(file: &str, still: &Still, ms: f64) -> Self {
        let ms = rounded(ms, 10.0);
        match &still.zone {
            Err(not_read) if still.barcodes.is_empty() => Self::NotRead(NotReadObject {
                file: file.to_owned(),
                status: "not_read",
                reason: not_read.reason.name(),
                advice: not_read.advice.map(crate::ocr::Advice::name),
                at: not_read.at.map(corner),
                ms,
                guess: not_read.guess.as_ref().map(GuessObject::of),
            }),
            zone => Self::Read(Box::new(ReadObject {
                file: file.to_owned(),
                status: "read",
                ms,
                mrz: zone.as_ref().ok().map(|(reading, mrz)| MrzObject::of(reading, mrz, &still.deviations)),
                barcodes: still.barcodes.iter().map(BarcodeObject::of).collect(),
                document: still.document.as_ref().map(wire_document),
                others: None,
            })),
        }
    }

    /// With what barcodes and seals say beside the zone.
    #[must_use]
    pub fn with_others(mut self, fusion: &Fusion) -> Self {
        if let Self::Read(read) = &mut self {
            read.others = Some(OthersObject {
                agrees: fusion.agrees(),
                disagreements: fusion.disagreements().collect(),
                seals: fusion.seals.iter().map(|seal| seal.status.name()).collect(),
            });
        }
        self
    }

    /// A file that could not be opened.
    #[must_use]
    pub fn error(file: &str, error: String) -> Self {
        Self::Error(ErrorObject { file: file.to_owned(), status: "error", error })
    }
}

impl ParseObject {
    #[must_use]
    pub fn of(parsed: Result<&Mrz, &Malformed>, profiles: &Profiles) -> Self {
        match parsed {
            Ok(mrz) => Self {
                status: if mrz.all_agree() { "valid" } else { "check_digit_disagrees" },
                format: Some(mrz.format.name()),
                checks: mrz.checks.iter().map(wire_check).collect(),
                deviations: names(&profiles.deviations(mrz)),
                document: Some(wire_document(&mrz.document(profiles))),
                error: None,
            },
            Err(malformed) => Self {
                status: "malformed",
                format: None,
                checks: Vec::new(),
                deviations: Vec::new(),
                document: None,
                error: Some(malformed.to_string()),
            },
        }
    }
}

impl MrzObject {
    fn of(reading: &MrzReading, mrz: &Mrz, deviations: &[Deviation]) -> Self {
        Self {
            format: mrz.format.name(),
            lines: mrz.lines.clone(),
            confidence: rounded(f64::from(reading.confidence), 10_000.0),
            quad: corners(&reading.quad),
            checks: mrz.checks.iter().map(wire_check).collect(),
            deviations: names(deviations),
        }
    }
}

impl BarcodeObject {
    fn of(barcode: &Barcode) -> Self {
        Self {
            symbology: barcode.symbology.name(),
            kind: barcode.kind.name(),
            payload_hex: hex(&barcode.payload),
            quad: corners(&barcode.quad),
        }
    }
}

impl GuessObject {
    fn of(guess: &Guess) -> Self {
        Self { lines: guess.lines.clone() }
    }
}

/// A document as the wire and the contract show it.
#[must_use]
pub fn wire_document(document: &Document) -> wire::Document {
    wire::Document {
        r#type: document.document_type,
        document_number: document.document_number.clone(),
        primary_identifier: document.primary_identifier.clone(),
        secondary_identifier: document.secondary_identifier.clone(),
        issuer: document.issuer.clone(),
        nationality: document.nationality.clone(),
        birth_country: document.birth_country.clone(),
        birth_date: document.birth_date.clone(),
        sex: document.sex,
        expiry_date: document.expiry_date.clone(),
        a_number: document.a_number.clone(),
        card_number: document.card_number.clone(),
    }
}

/// A check digit's verdict as the wire and the contract show it: the characters only where they disagree.
#[must_use]
pub fn wire_check(check: &Check) -> wire::Check {
    let disagrees = check.verdict == Verdict::Disagrees;
    wire::Check {
        field: match check.field {
            CheckField::DocumentNumber => wire::CheckField::DocumentNumber,
            CheckField::BirthDate => wire::CheckField::BirthDate,
            CheckField::ExpiryDate => wire::CheckField::ExpiryDate,
            CheckField::PersonalNumber => wire::CheckField::PersonalNumber,
            CheckField::Composite => wire::CheckField::Composite,
        },
        verdict: match check.verdict {
            Verdict::Ok => wire::Verdict::Ok,
            Verdict::Disagrees => wire::Verdict::Disagrees,
            Verdict::Absent => wire::Verdict::Absent,
        },
        printed: disagrees.then_some(check.printed),
        computed: disagrees.then_some(check.computed),
    }
}

fn names(deviations: &[Deviation]) -> Vec<String> {
    deviations.iter().map(|deviation| deviation.name.clone()).collect()
}

/// Lower-case hexadecimal, personal as the bytes are.
#[must_use]
pub fn hex(bytes: &[u8]) -> PersonalText {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    PersonalText::new(text)
}

fn corners(quad: &Quad) -> [[f64; 2]; 4] {
    quad.map(corner)
}

fn corner(point: Point) -> [f64; 2] {
    [point.x, point.y].map(|value| rounded(f64::from(value), 10.0))
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::{ParseObject, ReadLine};
    use crate::barcode::{Barcode, Kind, Symbology};
    use crate::date::Date;
    use crate::mrz::{CheckField, Format, Verdict, parse};
    use crate::ocr::{Advice, Evidence, Guess, MrzReading, NotRead, Point, Reason};
    use crate::profiles::builtin;
    use crate::still::Still;
    use verification_api::personal::PersonalText;
    use verification_api::wire::DocumentType;
    use zeroize::Zeroizing;

    const QUAD: [Point; 4] =
        [Point { x: 1.04, y: 2.0 }, Point { x: 9.0, y: 2.0 }, Point { x: 9.0, y: 5.0 }, Point { x: 1.0, y: 5.0 }];

    fn today() -> Date {
        Date::new(2026, 11, 25).unwrap()
    }

    fn json(line: &impl serde::Serialize) -> String {
        serde_json::to_string(line).unwrap()
    }

    /// Who integrates goes by the page: a word that is not on it is none of the contract's.
    #[test]
    fn the_page_of_the_contract_has_every_word() {
        let page = include_str!("../../docs/commands.md");
        let mut words: Vec<&str> = Format::ALL.map(Format::name).to_vec();
        words.extend(CheckField::ALL.map(CheckField::name));
        words.extend([Verdict::Ok, Verdict::Disagrees, Verdict::Absent].map(Verdict::name));
        words.extend(DocumentType::ALL.map(DocumentType::name));
        words.extend(
            [Reason::NoZone, Reason::TooSmall, Reason::TooClose, Reason::WrongSide, Reason::Blurred].map(Reason::name),
        );
        words.extend(
            [Reason::Moving, Reason::Glare, Reason::TooDark, Reason::CutOff, Reason::LowConfidence].map(Reason::name),
        );
        words.push(Reason::NotMrzText.name());
        words.extend(
            [Advice::Closer, Advice::Farther, Advice::HoldStill, Advice::Tilt, Advice::MoreLight].map(Advice::name),
        );
        words.extend(
            [Advice::WholeCard, Advice::TurnOver, Advice::RemoveCover, Advice::AnotherDocument].map(Advice::name),
        );
        words.extend([Symbology::Pdf417, Symbology::Qr, Symbology::DataMatrix].map(Symbology::name));
        words.extend([Symbology::Aztec, Symbology::Code128, Symbology::Code39].map(Symbology::name));
        words.extend([Kind::Aamva, Kind::Vds, Kind::VdsNc, Kind::Vcb].map(Kind::name));
        words.extend([Kind::BackupCode, Kind::Receipt, Kind::Bcbp, Kind::Other].map(Kind::name));
        words.extend(["valid", "check_digit_disagrees", "malformed", "read", "not_read", "error"]);
        for word in words {
            assert!(page.contains(&format!("`{word}`")), "{word} is not in docs/commands.md");
        }
    }

    #[test]
    fn an_accepted_zone_is_rendered_in_the_order_of_the_contract() {
        let rows = "IAUSA0000007032SRC0000000703<<\n2001012M1105108BRA<<<<<<<<<<<5\nSPECIMEN<<TEST<VOID<<<<<<<<<<<";
        let mrz = parse(rows, today()).unwrap();
        let reading = MrzReading {
            format: mrz.format,
            lines: mrz.lines.clone(),
            confidence: 0.999_31,
            characters: vec![],
            quad: QUAD,
            check_digits_used: false,
        };
        let (document, deviations) = (Some(mrz.document(builtin())), builtin().deviations(&mrz));
        let still = Still { document, deviations, zone: Ok((reading, mrz)), barcodes: vec![] };
        assert_eq!(
            json(&ReadLine::of("a.jpg", &still, 31.24)),
            r#"{"file":"a.jpg","status":"read","ms":31.2,"mrz":{"format":"TD1","lines":["IAUSA0000007032SRC0000000703<<","2001012M1105108BRA<<<<<<<<<<<5","SPECIMEN<<TEST<VOID<<<<<<<<<<<"],"confidence":0.9993,"quad":[[1.0,2.0],[9.0,2.0],[9.0,5.0],[1.0,5.0]],"checks":[{"field":"document_number","verdict":"ok"},{"field":"birth_date","verdict":"ok"},{"field":"expiry_date","verdict":"ok"},{"field":"composite","verdict":"disagrees","printed":"5","computed":"7"}],"deviations":[]},"barcodes":[],"document":{"type":"employment_authorization","document_number":"000000703","primary_identifier":"SPECIMEN","secondary_identifier":"TEST VOID","issuer":"USA","nationality":"BRA","birth_country":null,"birth_date":"2020-01-01","sex":"M","expiry_date":"2011-05-10","a_number":"A000000703","card_number":"SRC0000000703"}}"#
        );
    }

    #[test]
    fn what_is_not_read_and_what_is_no_picture_are_lines_too() {
        let guess = Guess {
            lines: vec![PersonalText::from("P<UTO")],
            characters: vec![],
            quad: QUAD,
            evidence: Evidence::default(),
        };
        let not_read = NotRead { guess: Some(guess), ..NotRead::because(Reason::Blurred, Some(Advice::HoldStill)) };
        let still = Still { zone: Err(not_read), barcodes: vec![], document: None, deviations: vec![] };
        assert_eq!(
            json(&ReadLine::of("b.jpg", &still, 18.0)),
            r#"{"file":"b.jpg","status":"not_read","reason":"blurred","advice":"hold_still","ms":18.0,"guess":{"lines":["P<UTO"]}}"#
        );
        let glare = NotRead { at: Some(QUAD[1]), ..NotRead::because(Reason::Glare, Some(Advice::Tilt)) };
        let still = Still { zone: Err(glare), barcodes: vec![], document: None, deviations: vec![] };
        assert_eq!(
            json(&ReadLine::of("g.jpg", &still, 18.0)),
            r#"{"file":"g.jpg","status":"not_read","reason":"glare","advice":"tilt","at":[9.0,2.0],"ms":18.0,"guess":null}"#
        );
        assert_eq!(
            json(&ReadLine::error("c.txt", "c.txt is no picture".to_owned())),
            r#"{"file":"c.txt","status":"error","error":"c.txt is no picture"}"#
        );
    }

    #[test]
    fn a_barcode_alone_is_read_with_a_null_zone() {
        let not_read = NotRead::because(Reason::NoZone, None);
        let barcode = Barcode {
            symbology: Symbology::Qr,
            kind: Kind::Other,
            payload: Zeroizing::new(vec![0x40, 0x0a, 0xff]),
            quad: QUAD,
        };
        let still = Still { zone: Err(not_read), barcodes: vec![barcode], document: None, deviations: vec![] };
        assert_eq!(
            json(&ReadLine::of("d.png", &still, 4.0)),
            r#"{"file":"d.png","status":"read","ms":4.0,"mrz":null,"barcodes":[{"symbology":"QR","kind":"other","payload_hex":"400aff","quad":[[1.0,2.0],[9.0,2.0],[9.0,5.0],[1.0,5.0]]}],"document":null}"#
        );
    }

    #[test]
    fn parsing_tells_valid_from_disagreeing_from_malformed() {
        let object = |text: &str| -> serde_json::Value {
            let parsed = parse(text, today());
            serde_json::to_value(ParseObject::of(parsed.as_ref(), builtin())).unwrap()
        };
        let valid =
            object("I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<");
        assert_eq!((valid["status"].as_str(), valid["format"].as_str()), (Some("valid"), Some("TD1")));
        assert_eq!(valid["document"]["birth_date"], "1974-08-12");
        assert!(valid["error"].is_null());
        let wrong =
            object("I<UTOD231458907<<<<<<<<<<<<<<<\n7408132F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<");
        assert_eq!(wrong["status"], "check_digit_disagrees");
        let malformed = object("I<UTO");
        assert_eq!(malformed["status"], "malformed");
        assert!(malformed["document"].is_null() && malformed["error"].is_string());
    }
}
