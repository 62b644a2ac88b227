//! The PDF417 of a North American driver licence or identification card (AAMVA DL/ID Card Design Standard, 2000 to
//! 2025): header, subfiles, elements, and what they say as a [`Document`].
//!
//! Real cards declare wrong lengths, and keyboard-mode readers change separators. So the declared places are tried
//! first, and where they do not hold the elements are looked for; [`Licence::notes`] says that it was so.

use crate::date::{Date, PartialDate};
use crate::document::{Document, DocumentType, Sex};
use crate::profiles::Profiles;
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// Elements that every card since version 2 must carry; those of a driving privilege only licences.
const MANDATORY: [&str; 19] = [
    "DBA", "DCS", "DAC", "DAD", "DBD", "DBB", "DBC", "DAY", "DAU", "DAG", "DAI", "DAJ", "DAK", "DAQ", "DCF", "DCG",
    "DDE", "DDF", "DDG",
];
const MANDATORY_OF_LICENCES: [&str; 3] = ["DCA", "DCB", "DCD"];

/// Why a payload is no licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALicence {
    #[error("the barcode does not begin as a licence's does (@, then ANSI or AAMVA)")]
    NoComplianceIndicator,
    #[error("the licence's header has letters where numbers must stand")]
    HeaderNotNumeric,
    #[error("the licence's header says that it has no subfile, or more than there is room for")]
    BadSubfileCount,
    #[error("an entry of the licence's table of subfiles is no number")]
    BadDesignator,
    #[error("the licence is in compact encoding, which this program does not read")]
    CompactEncoding,
}

impl NotALicence {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoComplianceIndicator => "no_compliance_indicator",
            Self::HeaderNotNumeric => "header_not_numeric",
            Self::BadSubfileCount => "bad_subfile_count",
            Self::BadDesignator => "bad_designator",
            Self::CompactEncoding => "compact_encoding",
        }
    }
}

/// What was mended, or is old, in a payload that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Bytes of a reader stood before the `@`.
    LeadingBytes,
    /// LF, RS and CR of the header are not what the standard says.
    SeparatorsAltered,
    /// Declared offsets or lengths do not hold: elements were looked for.
    OffsetsWrong,
    /// `AAMVA` in place of `ANSI `, as old cards have it.
    OldFileType,
}

impl Note {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeadingBytes => "leading_bytes",
            Self::SeparatorsAltered => "separators_altered",
            Self::OffsetsWrong => "offsets_wrong",
            Self::OldFileType => "old_file_type",
        }
    }
}

/// A subfile as the header declares it: `DL`, `ID`, or `Z` and a letter for the jurisdiction's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subfile {
    pub kind: String,
    /// Bytes from the `@`.
    pub offset: usize,
    /// Bytes, the two of the type and the closing CR counted.
    pub length: usize,
}

/// A licence as read. The elements are personal.
#[derive(Clone)]
pub struct Licence {
    /// Issuer identification number, six digits.
    pub issuer_number: String,
    pub version: u8,
    /// `None` in version 1, whose header has none.
    pub jurisdiction_version: Option<u8>,
    pub subfiles: Vec<Subfile>,
    elements: Vec<(String, PersonalText)>,
    /// Mandatory elements that are not there; an enhanced licence may lack most.
    pub missing: Vec<&'static str>,
    pub notes: Vec<Note>,
    /// Offsets and lengths of the standard's own subfiles are as declared.
    standard_places_hold: bool,
}

impl Licence {
    /// Reads a payload as it was decoded, or as a reader in keyboard mode sent it.
    ///
    /// # Errors
    /// [`NotALicence`].
    pub fn parse(payload: &[u8]) -> Result<Self, NotALicence> {
        let mut notes = Vec::new();
        let head = Header::find(payload, &mut notes)?;
        let from_at = payload.get(head.at..).unwrap_or_default();
        let subfiles = head.subfiles(from_at)?;
        let altered = notes.contains(&Note::SeparatorsAltered);

        let mut elements = Vec::new();
        let places_hold = !altered && subfiles.iter().all(|subfile| subfile.place_holds(from_at));
        // A jurisdiction's own subfiles (Z and a letter) may hold anything, ciphertext included: that their lengths
        // are wrong is noted and spoils nothing.
        let standard_places_hold =
            !altered && subfiles.iter().filter(|s| !s.kind.starts_with('Z')).all(|s| s.place_holds(from_at));
        if standard_places_hold {
            for subfile in subfiles.iter().filter(|s| s.place_holds(from_at)) {
                let start = subfile.offset + 2;
                let body = from_at.get(start..subfile.offset + subfile.length).unwrap_or_default();
                elements.extend(split_elements(body));
            }
        }
        if !places_hold {
            notes.push(Note::OffsetsWrong);
        }
        if !standard_places_hold {
            let table_end = head.table + head.entries * 10;
            elements = scan_elements(from_at.get(table_end..).unwrap_or_default(), &subfiles);
        }
        let mut licence = Self {
            issuer_number: head.issuer_number,
            version: head.version,
            jurisdiction_version: head.jurisdiction_version,
            subfiles,
            elements,
            missing: Vec::new(),
            notes,
            standard_places_hold,
        };
        licence.missing = licence.mandatory().filter(|id| licence.raw(id).is_none()).collect();
        Ok(licence)
    }

    /// The value of an element as it stands there, blanks included.
    #[must_use]
    pub fn raw(&self, id: &str) -> Option<&PersonalText> {
        self.elements.iter().find(|(name, _)| name == id).map(|(_, value)| value)
    }

    /// Header, lengths and mandatory elements are right: nothing of the standard's own was mended or is missing.
    #[must_use]
    pub fn whole(&self) -> bool {
        let altered = self.notes.iter().any(|note| matches!(note, Note::SeparatorsAltered | Note::OldFileType));
        self.missing.is_empty() && self.standard_places_hold && !altered
    }

    /// The 2025 standard's flag of an enhanced credential.
    #[must_use]
    pub fn is_enhanced(&self) -> bool {
        self.raw("DDO").is_some_and(|v| v.expose(|v| v.trim() == "1"))
    }

    fn mandatory(&self) -> impl Iterator<Item = &'static str> + use<> {
        let version_1: [&'static str; 3] = ["DAA", "DAQ", "DBB"];
        let is_licence = self.subfiles.iter().any(|s| s.kind == "DL");
        let old = self.version < 2;
        let common = MANDATORY.into_iter().filter(move |_| !old);
        let of_licences = MANDATORY_OF_LICENCES.into_iter().filter(move |_| !old && is_licence);
        let given = self.raw("DCT").is_some();
        let names_the_old_way = matches!(self.version, 2 | 3);
        version_1
            .into_iter()
            .filter(move |_| old)
            .chain(common.filter(move |id| match *id {
                // Versions 2 and 3: DCT holds all given names; truncation flags came with version 4.
                "DAC" | "DAD" => !(names_the_old_way && given),
                "DDE" | "DDF" | "DDG" => !names_the_old_way,
                _ => true,
            }))
            .chain(of_licences)
    }

    /// The value of an element, trimmed; `None` for the sentinels `NONE` and `unavl`.
    fn value(&self, id: &str) -> Option<PersonalText> {
        let trimmed = self.raw(id)?.expose(|v| PersonalText::from(v.trim()));
        let absent =
            trimmed.expose(|v| v.is_empty() || v.eq_ignore_ascii_case("NONE") || v.eq_ignore_ascii_case("unavl"));
        (!absent).then_some(trimmed)
    }

    /// What the licence says, in the product's words. The jurisdiction is no issuing state: the country is.
    #[must_use]
    pub fn document(&self, profiles: &Profiles) -> Document {
        let licence = self.subfiles.iter().any(|s| s.kind == "DL");
        let (primary, secondary) = self.names();
        let sex = self.value("DBC").and_then(|sex| {
            sex.expose(|sex| match sex {
                "1" | "M" => Some(Sex::M),
                "2" | "F" => Some(Sex::F),
                "9" | "X" => Some(Sex::X),
                _ => None,
            })
        });
        let mut document = Document {
            document_type: if licence { DocumentType::DriverLicence } else { DocumentType::Other },
            document_number: self.value("DAQ"),
            primary_identifier: primary,
            secondary_identifier: secondary,
            name_truncated: ["DDE", "DDF", "DDG"]
                .iter()
                .any(|id| self.value(id).is_some_and(|v| v.expose(|v| v == "T"))),
            issuer: self.value("DCG").or_else(|| self.country_by_issuer_number()),
            nationality: None,
            birth_country: None,
            birth_date: self.date("DBB"),
            sex,
            expiry_date: self.date("DBA"),
            a_number: None,
            card_number: None,
            specimen: false,
            general: false,
        };
        document.specimen = profiles.is_specimen(&document);
        document
    }

    /// Version 1: one element `LAST,FIRST,MIDDLE`; versions 2 and 3: DCS and DCT; later DCS, DAC, DAD.
    fn names(&self) -> (Option<PersonalText>, Option<PersonalText>) {
        let joined = |parts: Vec<PersonalText>| -> Option<PersonalText> {
            let mut text = Zeroizing::new(String::with_capacity(96));
            for part in parts {
                part.expose(|part| {
                    for word in part.split([' ', ',']).filter(|word| !word.is_empty()) {
                        if !text.is_empty() {
                            text.push(' ');
                        }
                        text.push_str(word);
                    }
                });
            }
            (!text.is_empty()).then(|| PersonalText::from(text.as_str()))
        };
        let primary = self.value("DCS").or_else(|| self.value("DAB"));
        if primary.is_none()
            && let Some(full) = self.value("DAA")
        {
            return full.expose(|full| {
                let (last, rest) = full.split_once([',', '$']).unwrap_or((full, ""));
                let part = |text: &str| vec![PersonalText::new(text.replace('$', ","))];
                (joined(part(last)), joined(part(rest)))
            });
        }
        let given = match self.value("DCT") {
            Some(given) if self.value("DAC").is_none() => vec![given],
            _ => [self.value("DAC"), self.value("DAD")].into_iter().flatten().collect(),
        };
        (joined(primary.into_iter().collect()), joined(given))
    }

    /// MMDDCCYY, but CCYYMMDD in versions 1 and 2 and in Canada. A date that is possible in one order only is taken
    /// in that order.
    fn date(&self, id: &str) -> Option<PersonalText> {
        let year_first = self.version < 3 || self.value("DCG").is_some_and(|c| c.expose(|c| c == "CAN"));
        self.value(id)?.expose(|text| {
            if text.len() != 8 || !text.bytes().all(|c| c.is_ascii_digit()) {
                return None;
            }
            let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u16>().ok());
            let in_order = |year_first: bool| -> Option<PartialDate> {
                let (year, month, day) = if year_first {
                    (number(0, 4)?, number(4, 6)?, number(6, 8)?)
                } else {
                    (number(4, 8)?, number(0, 2)?, number(2, 4)?)
                };
                let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
                Date::new(year, month, day).filter(|_| (1900..2200).contains(&year))?;
                Some(PartialDate { year: Some(year), month: Some(month), day: Some(day) })
            };
            in_order(year_first).or_else(|| in_order(!year_first)).map(PartialDate::iso)
        })
    }

    /// Issuer numbers 636000 to 636062 are of states of the USA but for Canadian ones, which carry DCG themselves.
    fn country_by_issuer_number(&self) -> Option<PersonalText> {
        const CANADIAN: [&str; 13] = [
            "604426", "604428", "604429", "604432", "604433", "604434", "636012", "636013", "636016", "636017",
            "636028", "636044", "636048",
        ];
        if CANADIAN.contains(&self.issuer_number.as_str()) {
            Some(PersonalText::from("CAN"))
        } else if self.issuer_number.starts_with("6360") || self.issuer_number.starts_with("6044") {
            Some(PersonalText::from("USA"))
        } else {
            None
        }
    }
}

/// What stands before the subfiles.
struct Header {
    /// Where the `@` stands.
    at: usize,
    issuer_number: String,
    version: u8,
    jurisdiction_version: Option<u8>,
    entries: usize,
    /// Where the table of subfiles begins, from the `@`.
    table: usize,
}

impl Header {
    /// `@` LF RS CR, file type, issuer number, version, jurisdiction version (not in version 1), number of entries.
    fn find(bytes: &[u8], notes: &mut Vec<Note>) -> Result<Self, NotALicence> {
        let at = bytes.iter().take(16).position(|b| *b == b'@').ok_or(NotALicence::NoComplianceIndicator)?;
        if at > 0 {
            notes.push(Note::LeadingBytes);
        }
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let separators = rest.iter().take_while(|b| matches!(b, b'\n' | 0x1e | 0x1c..=0x1d | b'\r')).count();
        if rest.get(..separators) != Some(b"\n\x1e\r") {
            notes.push(Note::SeparatorsAltered);
        }
        let mut next = at + 1 + separators;
        let file_type = bytes.get(next..next + 5).ok_or(NotALicence::NoComplianceIndicator)?;
        match file_type {
            b"ANSI " => {}
            // The blank is lost where a reader or an issuer drops blanks.
            [b'A', b'N', b'S', b'I', b'0'..=b'9'] => {
                next -= 1;
                if !notes.contains(&Note::SeparatorsAltered) {
                    notes.push(Note::SeparatorsAltered);
                }
            }
            b"AAMVA" => notes.push(Note::OldFileType),
            b"COMPC" => return Err(NotALicence::CompactEncoding),
            _ => return Err(NotALicence::NoComplianceIndicator),
        }
        next += 5;
        let issuer_number = digits(bytes, next, 6).ok_or(NotALicence::HeaderNotNumeric)?;
        let version = number(bytes, next + 6, 2).ok_or(NotALicence::HeaderNotNumeric)?;
        next += 8;
        let jurisdiction_version = if version >= 2 {
            let own = number(bytes, next, 2).ok_or(NotALicence::HeaderNotNumeric)?;
            next += 2;
            u8::try_from(own).ok()
        } else {
            None
        };
        let entries = number(bytes, next, 2).ok_or(NotALicence::HeaderNotNumeric)?;
        next += 2;
        Ok(Self {
            at,
            issuer_number: issuer_number.to_owned(),
            version: u8::try_from(version).unwrap_or(u8::MAX),
            jurisdiction_version,
            entries,
            table: next - at,
        })
    }

    /// The table: type, offset and length of each subfile, ten bytes an entry.
    fn subfiles(&self, from_at: &[u8]) -> Result<Vec<Subfile>, NotALicence> {
        if self.entries == 0 {
            return Err(NotALicence::BadSubfileCount);
        }
        (0..self.entries)
            .map(|entry| {
                let start = self.table + entry * 10;
                let kind = from_at.get(start..start + 2).ok_or(NotALicence::BadSubfileCount)?;
                if !kind.iter().all(u8::is_ascii_uppercase) {
                    return Err(NotALicence::BadDesignator);
                }
                let offset = number(from_at, start + 2, 4).ok_or(NotALicence::BadDesignator)?;
                let length = number(from_at, start + 6, 4).ok_or(NotALicence::BadDesignator)?;
                Ok(Subfile { kind: kind.iter().map(|b| char::from(*b)).collect(), offset, length })
            })
            .collect()
    }
}

impl Subfile {
    /// Its type stands where it should begin and a CR where it should end.
    fn place_holds(&self, from_at: &[u8]) -> bool {
        let Some(body) = from_at.get(self.offset..self.offset + self.length) else { return false };
        body.starts_with(self.kind.as_bytes()) && body.ends_with(b"\r") && self.length >= 3
    }
}

fn digits(bytes: &[u8], at: usize, count: usize) -> Option<&str> {
    let text = bytes.get(at..at + count)?;
    if text.iter().all(u8::is_ascii_digit) { std::str::from_utf8(text).ok() } else { None }
}

fn number(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    digits(bytes, at, count)?.parse().ok()
}

/// Elements of one subfile's body: three characters of name, the value, LF; the last ends at the CR.
fn split_elements(body: &[u8]) -> Vec<(String, PersonalText)> {
    body.split(|b| matches!(b, b'\n' | b'\r')).filter_map(element).collect()
}

fn element(line: &[u8]) -> Option<(String, PersonalText)> {
    let (name, value) = line.split_at_checked(3)?;
    let shaped =
        name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) && matches!(name.first(), Some(b'D' | b'Z'));
    shaped.then(|| {
        let value = PersonalText::new(value.iter().map(|b| char::from(*b)).collect());
        (name.iter().map(|b| char::from(*b)).collect(), value)
    })
}

/// The same where declared places do not hold: every line of `body`, a subfile's type taken off its first element
/// (`DLDAQ…`, `ZVZVA…`). The last line is left out if nothing ended it: it may have been cut in the middle of a value.
fn scan_elements(body: &[u8], subfiles: &[Subfile]) -> Vec<(String, PersonalText)> {
    let ended = body.iter().rposition(|b| matches!(b, b'\n' | b'\r')).unwrap_or(0);
    let lines = body.get(..ended).unwrap_or_default().split(|b| matches!(b, b'\n' | b'\r'));
    let without_type = |line: &[u8]| -> usize {
        let begins = |s: &&Subfile| {
            line.strip_prefix(s.kind.as_bytes()).is_some_and(|rest| matches!(rest.first(), Some(b'D' | b'Z')))
        };
        subfiles.iter().find(begins).map_or(0, |s| s.kind.len())
    };
    lines.filter_map(|line| element(line.get(without_type(line)..).unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Licence, NotALicence};
    use crate::document::Document;
    use crate::profiles;
    use proptest::prelude::*;
    use verification_api::personal::PersonalText;

    /// (id, payload, what is expected) of every vector.
    fn vectors() -> Vec<(String, Vec<u8>, serde_json::Value)> {
        include_str!("../../testdata/aamva.jsonl")
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| {
                let vector: serde_json::Value = serde_json::from_str(line).unwrap();
                let payload = vector["data"].as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
                (vector["id"].as_str().unwrap().to_owned(), payload, vector["expect"].clone())
            })
            .collect()
    }

    fn vector(id: &str) -> Vec<u8> {
        vectors().into_iter().find(|v| v.0 == id).unwrap().1
    }

    fn document(id: &str) -> (Licence, Document) {
        let licence = Licence::parse(&vector(id)).unwrap_or_else(|e| panic!("{id}: {e}"));
        let document = licence.document(profiles::builtin());
        (licence, document)
    }

    fn text(t: &Option<PersonalText>) -> String {
        t.as_ref().map(|t| t.expose(str::to_owned)).unwrap_or_default()
    }

    fn strings(list: &serde_json::Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect()
    }

    #[test]
    fn every_vector_is_read_or_refused_as_it_says() {
        assert_eq!(vectors().len(), 25);
        for (id, payload, expect) in vectors() {
            let licence = match (Licence::parse(&payload), expect["error"].as_str()) {
                (Err(error), Some(expected)) => {
                    assert_eq!(error.name(), expected, "{id}");
                    continue;
                }
                (Err(error), None) => panic!("{id}: {error}"),
                (Ok(_), Some(expected)) => panic!("{id} should be refused: {expected}"),
                (Ok(licence), None) => licence,
            };
            if let Some(issuer) = expect["iin"].as_str() {
                assert_eq!(licence.issuer_number, issuer, "{id}");
            }
            assert_eq!(u64::from(licence.version), expect["version"].as_u64().unwrap(), "{id}");
            if let Some(own) = expect["jver"].as_u64() {
                assert_eq!(licence.jurisdiction_version.map(u64::from), Some(own), "{id}");
            }
            if expect["subfiles"].is_array() {
                let found: Vec<_> =
                    licence.subfiles.iter().map(|s| serde_json::json!([s.kind, s.offset, s.length])).collect();
                assert_eq!(serde_json::Value::from(found), expect["subfiles"], "{id}");
            }
            if expect["missing"].is_array() {
                assert_eq!(licence.missing, strings(&expect["missing"]), "{id}");
            }
            if expect["notes"].is_array() {
                let notes: Vec<_> = licence.notes.iter().map(|n| n.name()).collect();
                assert_eq!(notes, strings(&expect["notes"]), "{id}");
            }
            for (name, value) in expect["elements"].as_object().into_iter().flatten() {
                let found = licence.raw(name).unwrap_or_else(|| panic!("{id} has no {name}"));
                found.expose(|found| assert_eq!(Some(found), value.as_str(), "{id} {name}"));
            }
        }
    }

    #[test]
    fn a_whole_licence_becomes_a_document() {
        let (licence, document) = document("v10-standard-example");
        assert!(licence.whole());
        assert_eq!(document.document_type.name(), "driver_licence");
        assert_eq!(text(&document.document_number), "T64235789");
        assert_eq!(text(&document.primary_identifier), "SAMPLE");
        assert_eq!(text(&document.secondary_identifier), "MICHAEL JOHN");
        assert_eq!(text(&document.birth_date), "1986-06-06");
        assert_eq!(text(&document.expiry_date), "2024-12-10");
        assert_eq!(text(&document.issuer), "USA");
        assert!(document.sex.is_some_and(|s| s == crate::document::Sex::M) && document.nationality.is_none());
    }

    #[test]
    fn dates_and_names_follow_version_and_country() {
        let (_, canadian) = document("v09-canada-made");
        assert_eq!((text(&canadian.birth_date), text(&canadian.issuer)), ("1980-01-01".into(), "CAN".into()));
        assert_eq!(text(&canadian.secondary_identifier), "TEST", "NONE is no name");
        let (first, old) = document("v01-standard-example");
        assert_eq!(first.jurisdiction_version, None);
        assert_eq!(
            (text(&old.primary_identifier), text(&old.secondary_identifier)),
            ("PUBLIC".into(), "JOHN Q".into())
        );
        assert_eq!((text(&old.birth_date), text(&old.expiry_date)), ("1976-11-23".into(), "2001-12-01".into()));
        assert_eq!(document("v10-id-card-made").1.document_type.name(), "other");
    }

    /// Given names moved from DCT (versions 2 and 3) to DAC and DAD, which brought truncation flags; dates turned at version 3,
    /// but not in Canada. The holder is the same in all.
    #[test]
    fn every_version_says_the_same_of_the_same_holder() {
        for (id, issuer) in [
            ("v02-made", "USA"),
            ("v03-made", "USA"),
            ("v03-canada-made", "CAN"),
            ("v04-made", "USA"),
            ("v05-made", "USA"),
            ("v06-made", "USA"),
            ("v07-made", "USA"),
        ] {
            let (licence, document) = document(id);
            assert!(licence.whole(), "{id}");
            assert_eq!(document.document_type.name(), "driver_licence", "{id}");
            assert_eq!(text(&document.primary_identifier), "SAMPLE", "{id}");
            assert_eq!(text(&document.secondary_identifier), "MICHELLE JO ANN", "{id}");
            assert_eq!(text(&document.birth_date), "1986-07-13", "{id}");
            assert_eq!(text(&document.expiry_date), "2014-12-10", "{id}");
            assert_eq!(text(&document.issuer), issuer, "{id}");
            assert_eq!(document.name_truncated, licence.version >= 4, "{id}");
        }
        let (sparse, document) = document("v04-without-flags-made");
        assert!(!sparse.whole());
        assert_eq!(text(&document.secondary_identifier), "MICHELLE JO ANN", "read all the same");
    }

    #[test]
    fn what_is_mended_cut_or_sparse_is_not_whole() {
        for id in ["v10-crlf-mangled", "v10-truncated", "v08-edl-sparse-made", "md-old-file-type-made"] {
            let (licence, document) = document(id);
            assert!(!licence.whole(), "{id}");
            assert!(document.document_number.is_some(), "{id} is still read");
        }
        assert_eq!(document("v08-edl-sparse-made").0.missing.len(), 17);
        let (cut, _) = document("v10-truncated");
        assert!(cut.raw("DAG").is_none(), "a value that was cut is not taken for a whole one");
        for id in ["v10-leading-noise", "v11-edl-made", "v10-z-encrypted-made", "v09-w3c-vcb-utopia-base64"] {
            assert!(document(id).0.whole(), "{id}");
        }
        assert!(document("v11-edl-made").0.is_enhanced());
        assert!(document("v09-w3c-vcb-utopia-base64").1.specimen, "Utopia is a specimen");
    }

    #[test]
    fn a_header_without_its_blank_is_read_and_not_whole() {
        let mut payload = vector("v11-edl-made");
        payload.remove(8);
        let licence = Licence::parse(&payload).unwrap();
        assert!(!licence.whole() && licence.raw("DAQ").is_some() && licence.missing.is_empty());
    }

    #[test]
    fn compact_encoding_is_refused_with_its_reason() {
        let compact = b"@\n\x1e\rCOMPC6360001001";
        assert_eq!(Licence::parse(compact).err(), Some(NotALicence::CompactEncoding));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), byte: u8) {
            let _ = Licence::parse(&bytes);
            let mut whole = vector("v10-standard-example");
            let len = whole.len();
            whole[at.index(len)] = byte;
            if let Ok(licence) = Licence::parse(&whole) {
                let _ = licence.document(profiles::builtin());
            }
            whole.truncate(cut.index(len));
            let _ = Licence::parse(&whole);
        }
    }
}
