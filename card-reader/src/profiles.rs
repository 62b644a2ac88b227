//! Which document is this, and what do its fields mean: a data table (`config/documents.toml`), because half of it
//! is not in any standard and changes without a release of ours.

mod deviation;
mod signed;

pub use deviation::{Deviation, all_agree_or_covered};
pub use signed::{SignatureError, SigningKey};

use crate::document::{Document, DocumentType};
use crate::mrz::{Format, Mrz, PartialDate};
use serde::Deserialize;
use std::sync::{LazyLock, OnceLock};
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::personal::PersonalText;

/// The table that the program carries.
#[must_use]
pub fn builtin() -> &'static Profiles {
    static BUILTIN: LazyLock<Profiles> = LazyLock::new(|| {
        // A test reads the same text; should it ever fail, every document is an `other` and goes to an officer.
        Profiles::from_toml(include_str!("../../config/documents.toml")).unwrap_or_default()
    });
    &BUILTIN
}

static CONFIGURED: OnceLock<Profiles> = OnceLock::new();

/// Puts a configured table into use for as long as the program runs. `false`: one is already.
pub fn use_configured(profiles: Profiles) -> bool {
    CONFIGURED.set(profiles).is_ok()
}

/// The table that devices are read with: the configured one, else the one that the program carries.
#[must_use]
pub fn in_use() -> &'static Profiles {
    CONFIGURED.get().unwrap_or_else(|| builtin())
}

/// A table of profiles, in the order in which they are tried, of published specimens, and of issuers' deviations.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    version: u32,
    #[serde(default, rename = "profile")]
    profiles: Vec<Profile>,
    #[serde(default, rename = "specimen")]
    specimens: Vec<Specimen>,
    #[serde(default, rename = "deviation")]
    deviations: Vec<deviation::Known>,
}

/// The text is no table of profiles: where, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the table of documents cannot be read: {0}")]
pub struct ProfilesError(#[from] toml::de::Error);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    name: String,
    #[serde(default, deserialize_with = "formats")]
    formats: Vec<Format>,
    codes: Vec<String>,
    #[serde(default)]
    issuers: Vec<String>,
    #[serde(default)]
    nationalities: Vec<String>,
    #[serde(rename = "type", deserialize_with = "document_type")]
    document_type: DocumentType,
    #[serde(default)]
    document_number: NumberMeans,
    #[serde(default)]
    optional: OptionalMeans,
    #[serde(default)]
    nationality: NationalityMeans,
    #[serde(default)]
    after_secondary: AfterSecondaryMeans,
    /// The document's code is in no profile of its own: an officer is told.
    #[serde(default)]
    general: bool,
    #[serde(rename = "confidence")]
    _confidence: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NumberMeans {
    #[default]
    Number,
    ANumber,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OptionalMeans {
    #[default]
    Ignored,
    CardNumber,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NationalityMeans {
    #[default]
    Nationality,
    BirthCountry,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AfterSecondaryMeans {
    #[default]
    Names,
    ParentsInitials,
}

/// All members that are given must agree.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specimen {
    issuer: Option<String>,
    document_number: Option<String>,
    primary_identifier: Option<String>,
    secondary_identifier: Option<String>,
}

/// The issuer and nationality that exist in test documents only (ICAO 9303-3 section 5).
const UTOPIA: &str = "UTO";

impl Profiles {
    /// Reads a table.
    ///
    /// # Errors
    /// [`ProfilesError`]: no TOML, an unknown key, an unknown format or type.
    pub fn from_toml(text: &str) -> Result<Self, ProfilesError> {
        Ok(toml::from_str(text)?)
    }

    /// Grows with each published table.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The name of the profile that `mrz` falls under.
    #[must_use]
    pub fn name_of(&self, mrz: &Mrz) -> Option<&str> {
        self.find(mrz).map(|profile| profile.name.as_str())
    }

    fn find(&self, mrz: &Mrz) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.fits(mrz))
    }

    /// Known departures of issuers that `mrz` shows, in the order of the table.
    #[must_use]
    pub fn deviations(&self, mrz: &Mrz) -> Vec<Deviation> {
        self.deviations.iter().filter_map(|known| known.shown_by(mrz)).collect()
    }

    /// Whether the document is Utopia's or a published specimen; the kiosk refuses these outside test mode.
    #[must_use]
    pub fn is_specimen(&self, document: &Document) -> bool {
        let is = |field: &Option<PersonalText>, wanted: &str| field.as_ref().is_some_and(|t| t.expose(|t| t == wanted));
        let agrees = |field, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| is(field, wanted));
        [&document.issuer, &document.nationality, &document.birth_country].into_iter().any(|code| is(code, UTOPIA))
            || self.specimens.iter().any(|specimen| {
                agrees(&document.issuer, &specimen.issuer)
                    && agrees(&document.document_number, &specimen.document_number)
                    && agrees(&document.primary_identifier, &specimen.primary_identifier)
                    && agrees(&document.secondary_identifier, &specimen.secondary_identifier)
            })
    }
}

impl Profile {
    fn fits(&self, mrz: &Mrz) -> bool {
        let fields = &mrz.fields;
        let listed = |list: &[String], code: &str| list.is_empty() || list.iter().any(|listed| listed == code);
        let nationality = fields.nationality.as_ref().map(|n| n.expose(str::to_owned)).unwrap_or_default();
        (self.formats.is_empty() || self.formats.contains(&mrz.format))
            && self.codes.iter().any(|pattern| code_fits(pattern, &fields.document_code))
            && listed(&self.issuers, &fields.issuer)
            && listed(&self.nationalities, &nationality)
    }
}

/// `code` comes without its filler, `pattern` with it.
fn code_fits(pattern: &str, code: &str) -> bool {
    let code = code.bytes().chain(std::iter::repeat(b'<')).take(2);
    pattern.len() == 2 && pattern.bytes().zip(code).all(|(p, c)| p == b'*' || p == c)
}

impl Mrz {
    /// What the zone's fields mean, by the first profile of `profiles` that fits.
    #[must_use]
    pub fn document(&self, profiles: &Profiles) -> Document {
        let fields = &self.fields;
        let profile = profiles.find(self);
        let means_a_number = profile.is_some_and(|p| p.document_number == NumberMeans::ANumber);
        let has_card_number = profile.is_some_and(|p| p.optional == OptionalMeans::CardNumber);
        let has_birth_country = profile.is_some_and(|p| p.nationality == NationalityMeans::BirthCountry);
        let has_initials = profile.is_some_and(|p| p.after_secondary == AfterSecondaryMeans::ParentsInitials);

        let secondary = match (&fields.name.secondary, &fields.name.after_secondary) {
            (Some(secondary), Some(more)) if !has_initials => {
                Some(PersonalText::new(secondary.expose(|s| more.expose(|m| format!("{s} {m}")))))
            }
            (secondary, _) => secondary.clone(),
        };
        let mut document = Document {
            document_type: profile.map_or(DocumentType::Other, |p| p.document_type),
            document_number: fields.document_number.clone(),
            primary_identifier: fields.name.primary.clone(),
            secondary_identifier: secondary,
            name_truncated: fields.name.truncated,
            issuer: (!fields.issuer.is_empty()).then(|| PersonalText::from(fields.issuer.as_str())),
            nationality: fields.nationality.clone().filter(|_| !has_birth_country),
            birth_country: fields.nationality.clone().filter(|_| has_birth_country),
            birth_date: fields.birth_date.map(PartialDate::iso),
            sex: fields.sex,
            expiry_date: fields.expiry_date.map(PartialDate::iso),
            a_number: fields.document_number.as_ref().filter(|_| means_a_number).and_then(as_a_number),
            card_number: fields.optional.as_ref().filter(|_| has_card_number).and_then(as_card_number),
            specimen: false,
            general: profile.is_none_or(|p| p.general),
        };
        document.specimen = profiles.is_specimen(&document);
        document
    }
}

/// Nine digits are the A-Number without its `A`; anything else in the field is not.
fn as_a_number(number: &PersonalText) -> Option<PersonalText> {
    number.expose(|text| {
        let nine_digits = text.len() == 9 && text.bytes().all(|c| c.is_ascii_digit());
        nine_digits.then(|| Identifier::parse(IdentifierType::ANumber, text).ok()).flatten()
    })?;
    Some(PersonalText::new(number.expose(|text| format!("A{text}"))))
}

/// Three letters and ten digits, the shape of a receipt number.
fn as_card_number(optional: &PersonalText) -> Option<PersonalText> {
    let fits = optional.expose(|text| {
        text.len() == 13
            && text.bytes().take(3).all(|c| c.is_ascii_uppercase())
            && text.bytes().skip(3).all(|c| c.is_ascii_digit())
    });
    fits.then(|| optional.clone())
}

fn formats<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Format>, D::Error> {
    let find = |name: &String| {
        Format::ALL
            .into_iter()
            .find(|f| f.name() == name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown format {name}")))
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(find).collect()
}

fn document_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DocumentType, D::Error> {
    let name = String::deserialize(deserializer)?;
    DocumentType::ALL
        .into_iter()
        .find(|t| t.name() == name)
        .ok_or_else(|| serde::de::Error::custom(format!("unknown document type {name}")))
}

#[cfg(test)]
mod tests {
    use super::{Profiles, builtin};
    use crate::document::Document;
    use crate::mrz::{Date, parse};

    fn document(rows: &str) -> (Option<String>, Document) {
        let mrz = parse(rows, Date::new(2026, 11, 25).unwrap()).unwrap();
        (builtin().name_of(&mrz).map(str::to_owned), mrz.document(builtin()))
    }

    fn text(t: &Option<verification_api::personal::PersonalText>) -> String {
        t.as_ref().map(|t| t.expose(str::to_owned)).unwrap_or_default()
    }

    #[test]
    fn the_carried_table_is_one() {
        let table = Profiles::from_toml(include_str!("../../config/documents.toml")).unwrap();
        assert_eq!(table.version(), 3);
        assert!(table.profiles.iter().all(|p| p.codes.iter().all(|code| code.len() == 2)));
        assert_eq!(builtin().profiles.len(), table.profiles.len());
    }

    #[test]
    fn a_permanent_resident_card_holds_an_a_number_a_card_number_and_a_country_of_birth() {
        let (name, card) =
            document("C1USA0000007021LIN0000000703<<\n8001014M3001019MEX<<<<<<<<<<<8\nSPECIMEN<<TEST<<J<M<<<<<<<<<<<");
        assert_eq!(name.as_deref(), Some("us-permanent-resident-card"));
        assert_eq!(card.document_type.name(), "permanent_resident_card");
        assert_eq!(text(&card.document_number), "000000702");
        assert_eq!(text(&card.a_number), "A000000702");
        assert_eq!(text(&card.card_number), "LIN0000000703");
        assert_eq!(text(&card.birth_country), "MEX");
        assert!(card.nationality.is_none());
        assert_eq!(text(&card.secondary_identifier), "TEST", "the parents' initials are no given names");
        assert!(card.specimen);
    }

    #[test]
    fn an_employment_authorization_is_an_a_number_too() {
        let (_, card) =
            document("IAUSA0000007032SRC0000000703<<\n2001012M1105108BRA<<<<<<<<<<<5\nSPECIMEN<<TEST<VOID<<<<<<<<<<<");
        assert_eq!(card.document_type.name(), "employment_authorization");
        assert_eq!((text(&card.a_number), text(&card.nationality)), ("A000000703".into(), "BRA".into()));
    }

    #[test]
    fn other_documents_are_told_by_code_issuer_and_nationality() {
        for (rows, kind, specimen) in [
            (
                "P<USATRAVELER<<HAPPY<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553USA6707046F1608078910000833<111920",
                "passport",
                true,
            ),
            (
                "P<USAEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553USA6707046F1608078910000833<111920",
                "passport",
                false,
            ),
            (
                "PPCANEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553CAN6707046F1608078910000833<111920",
                "passport",
                false,
            ),
            (
                "P<USASPECIMEN<<TEST<<<<<<<<<<<<<<<<<<<<<<<<<\nT000000173XXB8001014M2710316<<<<<<<<<<<<<<<4",
                "refugee_travel_document",
                true,
            ),
            (
                "PRUTOHAVEN<<MIRA<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nRF00000211XXB8507147F2807133<<<<<<<<<<<<<<<2",
                "refugee_travel_document",
                true,
            ),
            (
                "VNUSATRAVELER<<HAPPY<<<<<<<<<<<<<<<<<<<<<<<<\n1234567897CAN6612120M1407282B3XLC000FD142955",
                "visa",
                true,
            ),
            (
                "IPUSAC030049646<<10<30<B22<498\n8101017M1911297USA<<0754052296\nTRAVELER<<HAPPY<<<<<<<<<<<<<<<",
                "passport_card",
                true,
            ),
            (
                "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
                "national_id",
                true,
            ),
            (
                "IDBEL590330101085020100200<<<<\n8502016F0901015BEL<<<<<<<<<<<8\nVAN<DER<VELDEN<<GREET<HILDE<<<",
                "national_id",
                true,
            ),
            (
                "PUUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
                "emergency_travel_document",
                true,
            ),
            (
                "ACUTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
                "crew_certificate",
                true,
            ),
            (
                "CXUTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
                "other",
                true,
            ),
        ] {
            let (_, read) = document(rows);
            assert_eq!((read.document_type.name(), read.specimen), (kind, specimen), "{rows}");
        }
    }

    #[test]
    fn a_code_without_a_profile_of_its_own_falls_to_the_general_layout_and_says_so() {
        for (rows, general) in [
            // A border crossing card, NEXUS or SENTRI may look like this: nobody could source their letters.
            ("IBUSAD231458907<<<<<<<<<<<<<<<\n7408122F1204159MEX<<<<<<<<<<<6\nEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<", true),
            ("CXUTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<", true),
            ("I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<", false),
            ("C1USA0000007021LIN0000000703<<\n8001014M3001019MEX<<<<<<<<<<<8\nSPECIMEN<<TEST<<J<M<<<<<<<<<<<", false),
            ("PQUSAEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553USA6707046F1608078910000833<111920", true),
            ("P<USAEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553USA6707046F1608078910000833<111920", false),
            ("PPCANEXAMPLE<<PAT<<<<<<<<<<<<<<<<<<<<<<<<<<<\n3400079553CAN6707046F1608078910000833<111920", false),
        ] {
            assert_eq!(document(rows).1.general, general, "{rows}");
        }
    }

    #[test]
    fn a_table_with_an_unknown_word_is_refused_with_its_place() {
        let error =
            Profiles::from_toml("version = 1\n[[profile]]\nname = \"x\"\ncodes = [\"P<\"]\ntyp = \"passport\"\n")
                .err()
                .unwrap();
        assert!(error.to_string().contains("typ") && error.to_string().contains("line 5"), "{error}");
    }
}
