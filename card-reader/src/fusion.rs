//! The zone, the barcodes and the seals of one presentation, held against each other. Each is printed by the same
//! issuer on the same card: where they differ, one of them was changed or belongs to another document. A disagreement
//! decides nothing: an officer sees it, and the traveler is referred.

use crate::barcode::aamva::Licence;
use crate::barcode::bcbp::BoardingPass;
use crate::barcode::{Barcode, Kind};
use crate::date::Date;
use crate::document::Document;
use crate::mrz::{Format, Mrz, parse_lines};
use crate::profiles::{self, Profiles};
use crate::seal::{self, Seal, Status, TrustStore, VdsNc};
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::names::{self, Name};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// What else than the zone was on the document, and whether it says the same.
#[derive(Clone, Default)]
pub struct Fusion {
    /// Fields that zone and licence barcode both have.
    pub fields: Vec<Comparison>,
    pub seals: Vec<SealFinding>,
    pub hints: Vec<Hint>,
}

/// One field of the zone and of a barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// A member of the document, as the contract calls it.
    pub field: &'static str,
    pub agrees: bool,
}

/// A seal's check: by itself, then against the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealFinding {
    pub status: Status,
    /// Of a seal that does not belong to the zone, the fields in which the zone that it repeats is another.
    pub differing: Vec<&'static str>,
}

impl From<Status> for SealFinding {
    fn from(status: Status) -> Self {
        Self { status, differing: Vec::new() }
    }
}

/// What a licence's barcode says of the licence itself (AAMVA DL/ID Card Design Standard); of nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceFacts {
    /// An enhanced licence (DDO), which borders take.
    pub enhanced: bool,
    /// Whether it meets the REAL ID Act (DDA); `None` if it does not say.
    pub real_id: Option<bool>,
    /// Its term follows a status that ends (DDD).
    pub limited: bool,
    /// Mandatory elements that are not there.
    pub missing: Vec<&'static str>,
}

/// What an officer may want to know and nothing is decided on.
#[derive(Clone)]
pub enum Hint {
    BoardingPass(BoardingPass),
    /// A receipt (case) number on another paper.
    Receipt(PersonalText),
    /// W3C verifiable credential barcode: present, not verified.
    Vcb,
    /// Present, not verified, and no identity document.
    VdsNc(VdsNc),
    Licence(LicenceFacts),
}

impl Fusion {
    /// Holds what `barcodes` say against the zone, if one was read.
    #[must_use]
    pub fn of(
        zone: Option<(&Mrz, &Document)>,
        barcodes: &[Barcode],
        profiles: &Profiles,
        trust: &TrustStore,
        today: Date,
    ) -> Self {
        let mut fusion = Self::default();
        for barcode in barcodes {
            match barcode.kind {
                Kind::Aamva => {
                    let Some(licence) = barcode.licence() else { continue };
                    if let Some((_, document)) = zone {
                        fusion.fields.extend(compare(document, &licence.document(profiles)));
                    }
                    fusion.hints.push(Hint::Licence(LicenceFacts::of(&licence)));
                }
                Kind::Vds => fusion.seals.push(judge(barcode, zone, profiles, trust, today)),
                Kind::VdsNc => fusion.hints.extend(VdsNc::parse(&barcode.payload).map(Hint::VdsNc)),
                Kind::Vcb => fusion.hints.push(Hint::Vcb),
                Kind::Receipt => fusion.hints.extend(receipt(barcode).map(Hint::Receipt)),
                Kind::Bcbp => fusion.hints.extend(BoardingPass::parse(&barcode.payload).map(Hint::BoardingPass)),
                Kind::BackupCode | Kind::Technician | Kind::Other => {}
            }
        }
        fusion
    }

    /// `Some(false)`: something disagrees or a seal is INVALID; `None`: nothing was there that could have agreed.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let disagrees =
            self.fields.iter().any(|field| !field.agrees) || self.seals.iter().any(|seal| seal.status.is_invalid());
        let agrees = !self.fields.is_empty() || self.seals.iter().any(|seal| seal.status.is_valid());
        if disagrees { Some(false) } else { agrees.then_some(true) }
    }

    /// The names of the fields that disagree.
    pub fn disagreements(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.fields.iter().filter(|field| !field.agrees).map(|field| field.field)
    }
}

impl LicenceFacts {
    fn of(licence: &Licence) -> Self {
        let real_id = licence.raw("DDA").and_then(|value| {
            value.expose(|value| match value.trim() {
                "F" => Some(true),
                "N" => Some(false),
                _ => None,
            })
        });
        let limited = licence.raw("DDD").is_some_and(|value| value.expose(|value| value.trim() == "1"));
        Self { enhanced: licence.is_enhanced(), real_id, limited, missing: licence.missing.clone() }
    }
}

/// The fields that both documents have.
#[must_use]
pub fn compare(zone: &Document, barcode: &Document) -> Vec<Comparison> {
    let mut fields = Vec::new();
    let mut note = |field, agrees: Option<bool>| fields.extend(agrees.map(|agrees| Comparison { field, agrees }));
    let both = |a: &Option<PersonalText>, b: &Option<PersonalText>, same: fn(&PersonalText, &PersonalText) -> bool| {
        Some(same(a.as_ref()?, b.as_ref()?))
    };
    note("document_number", both(&zone.document_number, &barcode.document_number, same_letters_and_digits));
    let names = names_agree(zone, barcode);
    note("primary_identifier", names.map(|agreement| agreement.primary));
    note("secondary_identifier", names.map(|agreement| agreement.secondary));
    note("birth_date", both(&zone.birth_date, &barcode.birth_date, same_date));
    note("expiry_date", both(&zone.expiry_date, &barcode.expiry_date, same_date));
    note("sex", zone.sex.zip(barcode.sex).map(|(a, b)| a == b));
    fields
}

/// Either may be the shorter one: a zone cuts names, a licence writes initials.
fn names_agree(zone: &Document, barcode: &Document) -> Option<names::NameAgreement> {
    let name = |document: &Document| {
        let primary = document.primary_identifier.as_ref()?;
        Some(Name::of_identifiers(primary, document.secondary_identifier.as_ref()))
    };
    let (zone, barcode) = (name(zone)?, name(barcode)?);
    let (one, other) = (names::agree(&zone, &barcode), names::agree(&barcode, &zone));
    Some(names::NameAgreement { primary: one.primary || other.primary, secondary: one.secondary || other.secondary })
}

fn same_letters_and_digits(a: &PersonalText, b: &PersonalText) -> bool {
    let bare = |text: &PersonalText| -> Zeroizing<String> {
        text.expose(|text| Zeroizing::new(text.chars().filter(char::is_ascii_alphanumeric).collect()))
    };
    bare(a) == bare(b)
}

/// Unknown parts (`--`) agree with anything.
fn same_date(a: &PersonalText, b: &PersonalText) -> bool {
    a.expose(|a| {
        b.expose(|b| a.len() == b.len() && a.chars().zip(b.chars()).all(|(a, b)| a == b || a == '-' || b == '-'))
    })
}

fn judge(
    barcode: &Barcode,
    zone: Option<(&Mrz, &Document)>,
    profiles: &Profiles,
    trust: &TrustStore,
    today: Date,
) -> SealFinding {
    let seal = match Seal::parse(&barcode.seal_bytes()) {
        Ok(seal) => seal,
        Err(malformed) => return Status::from(malformed).into(),
    };
    let by_itself = seal::check(&seal, trust, today);
    let Some((mrz, document)) = zone.filter(|_| !by_itself.is_invalid()) else { return by_itself.into() };
    // A genuine seal on another document verifies all the same.
    let digits = profiles::all_agree_or_covered(&mrz.checks, &profiles.deviations(mrz));
    let Some(reason) = seal::against_zone(&seal, mrz.format, &mrz.lines, digits) else { return by_itself.into() };
    let sealed = sealed_document(&seal, mrz.format, profiles, today);
    let fields = sealed.map(|sealed| compare(document, &sealed)).unwrap_or_default();
    let differing = fields.iter().filter(|field| !field.agrees).map(|field| field.field).collect();
    SealFinding { status: Status::Invalid(reason), differing }
}

/// What the zone that a seal repeats says, read as a zone of `format`; what a seal leaves off is filler.
fn sealed_document(seal: &Seal, format: Format, profiles: &Profiles, today: Date) -> Option<Document> {
    let (rows, columns) = format.size();
    let lines = seal.zone()?.expose(|zone| {
        // As large as it will be: a text that moves leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(zone.len().max(rows * columns)));
        text.push_str(zone);
        text.extend(std::iter::repeat_n('<', (rows * columns).saturating_sub(zone.len())));
        let row = |n: usize| text.get(n * columns..(n + 1) * columns).map(PersonalText::from);
        (0..rows).map(row).collect::<Option<Vec<PersonalText>>>()
    })?;
    parse_lines(lines, today).ok().map(|mrz| mrz.document(profiles))
}

/// Three letters and ten digits, dashes and blanks aside.
fn receipt(barcode: &Barcode) -> Option<PersonalText> {
    barcode.text()?.expose(|text| {
        let bare: Zeroizing<String> = Zeroizing::new(text.chars().filter(char::is_ascii_alphanumeric).collect());
        Identifier::parse(IdentifierType::Receipt, &bare).ok().map(|_| PersonalText::from(bare.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Fusion, Hint, compare};
    use crate::barcode::{Barcode, Kind, Symbology};
    use crate::date::Date;
    use crate::mrz::{Mrz, parse};
    use crate::ocr::Point;
    use crate::profiles::builtin;
    use crate::seal::TrustStore;

    fn today() -> Date {
        Date::new(2026, 11, 25).unwrap()
    }

    fn barcode(payload: &[u8]) -> Barcode {
        Barcode {
            symbology: Symbology::Pdf417,
            kind: Kind::of(payload),
            payload: zeroize::Zeroizing::new(payload.to_vec()),
            quad: [Point { x: 0.0, y: 0.0 }; 4],
        }
    }

    fn fuse(zone: &str, payloads: &[&[u8]], trust: &TrustStore) -> Fusion {
        let mrz: Mrz = parse(zone, today()).unwrap();
        let document = mrz.document(builtin());
        let barcodes: Vec<Barcode> = payloads.iter().map(|payload| barcode(payload)).collect();
        Fusion::of(Some((&mrz, &document)), &barcodes, builtin(), trust, today())
    }

    const LICENCE: &str = "@\n\x1e\rANSI 636038080001DL00310073DLDAQD23145890\nDCSERIKSSON\nDACANNA\nDADMARIA\nDBB08121974\nDBA04152032\nDBC2\r";
    const CARD: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F3204153UTO<<<<<<<<<<<2\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";

    #[test]
    fn a_licence_that_says_the_same_agrees_field_by_field() {
        let fusion = fuse(CARD, &[LICENCE.as_bytes()], &TrustStore::default());
        assert_eq!(fusion.agrees(), Some(true), "{:?}", fusion.fields);
        assert_eq!(fusion.fields.len(), 6);
        let cut = LICENCE.replace("DACANNA\nDADMARIA", "DACANNA\nDADM");
        assert_eq!(fuse(CARD, &[cut.as_bytes()], &TrustStore::default()).agrees(), Some(true), "an initial");
    }

    #[test]
    fn each_field_that_differs_is_named() {
        for (from, to, field) in [
            ("D23145890", "D23145891", "document_number"),
            ("ERIKSSON", "ERIKSEN", "primary_identifier"),
            ("DACANNA", "DACINGE", "secondary_identifier"),
            ("08121974", "08121975", "birth_date"),
            ("04152032", "04152033", "expiry_date"),
            ("DBC2", "DBC1", "sex"),
        ] {
            let fusion = fuse(CARD, &[LICENCE.replace(from, to).as_bytes()], &TrustStore::default());
            assert_eq!(fusion.agrees(), Some(false), "{field}");
            assert_eq!(fusion.disagreements().collect::<Vec<_>>(), [field]);
        }
    }

    #[test]
    fn names_agree_under_any_transliteration() {
        let mrz = parse(
            "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F3204153UTO<<<<<<<<<<<2\nMUELLER<<JOERG<<<<<<<<<<<<<<<<",
            today(),
        )
        .unwrap();
        let zone = mrz.document(builtin());
        let mut other = zone.clone();
        other.primary_identifier = Some("MÜLLER".into());
        other.secondary_identifier = Some("JÖRG".into());
        assert!(compare(&zone, &other).iter().all(|field| field.agrees));
    }

    #[test]
    fn seals_count_by_their_status_and_against_the_zone() {
        let vectors = include_str!("../testdata/seals/vds.jsonl");
        let seal = |id: &str| -> (Vec<u8>, String) {
            let line = vectors.lines().find(|line| line.contains(&format!("\"{id}\""))).unwrap();
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let hex = vector["seal"].as_str().unwrap();
            let bytes = (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
            let rows: Vec<&str> = vector["mrz"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
            (bytes, rows.join("\n"))
        };
        let statuses = |id: &str| {
            let (bytes, rows) = seal(id);
            let fusion = fuse(&rows, &[&bytes], &TrustStore::default());
            (fusion.seals[0].status.name(), fusion.agrees())
        };
        // Nobody is trusted here: the zone is compared all the same.
        assert_eq!(statuses("utopia-visa-mrvb-v4"), ("NOT_CHECKED", None));
        assert_eq!(statuses("utopia-visa-mrva-v4"), ("NOT_CHECKED", None));
        assert_eq!(statuses("utopia-etd-td2-v4"), ("NOT_CHECKED", None));
        assert_eq!(statuses("utopia-visa-swapped-mrz"), ("SEAL_VISA_MISMATCH", Some(false)));
        let (bytes, rows) = seal("utopia-visa-swapped-mrz");
        let swapped = fuse(&rows, &[&bytes], &TrustStore::default());
        assert!(!swapped.seals[0].differing.is_empty(), "which fields");
        let (_, own) = seal("utopia-visa-mrva-v4");
        let (bytes, _) = seal("utopia-visa-mrva-v4");
        let other_birth = own.replacen(own.lines().nth(1).unwrap().get(13..20).unwrap(), "8001014", 1);
        let finding = &fuse(&other_birth, &[&bytes], &TrustStore::default()).seals[0];
        assert_eq!((finding.status.name(), &finding.differing[..]), ("SEAL_VISA_MISMATCH", &["birth_date"][..]));
        assert_eq!(statuses("utopia-visa-missing-duration"), ("WRONG_FORMAT", Some(false)));
    }

    #[test]
    fn what_a_licence_says_of_itself_is_a_hint() {
        let facts = |payload: &str| {
            let fusion = fuse(CARD, &[payload.as_bytes()], &TrustStore::default());
            fusion.hints.iter().find_map(|hint| match hint {
                Hint::Licence(facts) => Some(facts.clone()),
                _ => None,
            })
        };
        let plain = facts(LICENCE).unwrap();
        assert_eq!((plain.enhanced, plain.real_id, plain.limited), (false, None, false));
        assert!(plain.missing.contains(&"DAG") && !plain.missing.contains(&"DBB"));
        let marked = facts(&LICENCE.replace("DBC2", "DBC2\nDDAF\nDDD1\nDDO1")).unwrap();
        assert_eq!((marked.enhanced, marked.real_id, marked.limited), (true, Some(true), true));
        assert_eq!(facts(&LICENCE.replace("DBC2", "DBC2\nDDAN")).unwrap().real_id, Some(false));
    }

    #[test]
    fn what_is_no_witness_is_a_hint_and_never_disagrees() {
        let fusion = fuse(
            CARD,
            &[
                b"M1SPECIMEN/TEST       EABC123 YULFRAAC 0834 226F001A0025 106>60000",
                b"SRC-00-000-00701",
                b"VC1-RSJRPWCR803A3P0",
                b"B-1042",
            ],
            &TrustStore::default(),
        );
        assert_eq!((fusion.hints.len(), fusion.agrees()), (3, None));
        assert!(matches!(&fusion.hints[0], Hint::BoardingPass(pass) if pass.legs[0].to == "FRA"));
        assert!(matches!(&fusion.hints[1], Hint::Receipt(number) if number.expose(|n| n == "SRC0000000701")));
        assert!(matches!(fusion.hints[2], Hint::Vcb));
    }
}
