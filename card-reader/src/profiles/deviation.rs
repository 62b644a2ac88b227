//! Known ways in which issuers depart from ICAO 9303, by name: rows of the table of documents. What a row can ask of a
//! zone is a closed set of rules; which issuers and layouts show it under which name is data.
//!
//! A deviation changes no verdict: it explains one.

use super::{code_fits, formats};
use crate::date::TwoDigitDate;
use crate::document::Sex;
use crate::mrz::{Check, CheckField, Format, Mrz, Verdict};
use serde::Deserialize;
use serde::de::Error;
use verification_api::personal::PersonalText;

/// A departure that a zone shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Its word in the contract (`docs/commands.md`).
    pub name: String,
    /// The field whose digit it accounts for.
    covers: Option<CheckField>,
}

/// A row of the table.
#[derive(Deserialize)]
#[serde(try_from = "Row")]
pub(super) struct Known {
    name: String,
    formats: Vec<Format>,
    codes: Vec<String>,
    issuers: Vec<String>,
    rule: Rule,
    covers: bool,
}

/// What a zone must show.
enum Rule {
    /// `<` as the check digit of a field that is not empty.
    DigitIsFiller(CheckField),
    /// A date of nothing but fillers.
    DateIsFiller(DateField),
    /// A date that cannot be one, whatever its digit says: the document gives it as absent.
    DateImpossible(DateField),
    Sex(Sex),
    /// The layout itself is the departure.
    Layout,
}

#[derive(Clone, Copy)]
enum DateField {
    Birth,
    Expiry,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default, deserialize_with = "formats")]
    formats: Vec<Format>,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    issuers: Vec<String>,
    rule: RuleName,
    field: Option<String>,
    value: Option<String>,
    #[serde(default)]
    covers: bool,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RuleName {
    DigitIsFiller,
    DateIsFiller,
    DateImpossible,
    SexIs,
    Layout,
}

impl TryFrom<Row> for Known {
    type Error = serde::de::value::Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let Row { name, formats, codes, issuers, rule, field, value, covers, _source } = row;
        let wrong = |what: &str| Self::Error::custom(format!("deviation {name}: {what}"));
        let date = match field.as_deref() {
            Some("birth_date") => Some(DateField::Birth),
            Some("expiry_date") => Some(DateField::Expiry),
            _ => None,
        };
        let a_date = || date.ok_or_else(|| wrong("`field` must be birth_date or expiry_date under this `rule`"));
        let takes_field = matches!(rule, RuleName::DigitIsFiller | RuleName::DateIsFiller | RuleName::DateImpossible);
        if field.is_some() && !takes_field {
            return Err(wrong("`field` has no meaning under this `rule`"));
        }
        if value.is_some() && rule != RuleName::SexIs {
            return Err(wrong("`value` has no meaning under this `rule`"));
        }
        let rule = match rule {
            RuleName::DigitIsFiller => {
                let digit = CheckField::ALL.into_iter().find(|known| Some(known.name()) == field.as_deref());
                Rule::DigitIsFiller(digit.ok_or_else(|| wrong("`field` must name a check digit, as personal_number"))?)
            }
            RuleName::DateIsFiller => Rule::DateIsFiller(a_date()?),
            RuleName::DateImpossible => Rule::DateImpossible(a_date()?),
            RuleName::SexIs => Rule::Sex(match value.as_deref() {
                Some("X") => Sex::X,
                Some("F") => Sex::F,
                Some("M") => Sex::M,
                _ => return Err(wrong("`value` must be X, F or M")),
            }),
            RuleName::Layout if formats.is_empty() => return Err(wrong("`formats` must name the layout")),
            RuleName::Layout => Rule::Layout,
        };
        // What a visit may complete with in spite of a digit is not left to the table alone: a digit that is there and
        // disagrees is never accounted for, nor is the composite, which vouches for the rest.
        if covers && !matches!(rule, Rule::DigitIsFiller(digit) if digit != CheckField::Composite) {
            return Err(wrong("`covers` is for the rule digit_is_filler, and never for the composite"));
        }
        Ok(Self { name, formats, codes, issuers, rule, covers })
    }
}

impl Known {
    /// The deviation, if `mrz` shows it.
    pub(super) fn shown_by(&self, mrz: &Mrz) -> Option<Deviation> {
        let fits = (self.formats.is_empty() || self.formats.contains(&mrz.format))
            && (self.codes.is_empty() || self.codes.iter().any(|code| code_fits(code, &mrz.fields.document_code)))
            && (self.issuers.is_empty() || self.issuers.contains(&mrz.fields.issuer));
        let covers = match self.rule {
            Rule::DigitIsFiller(field) if self.covers => Some(field),
            _ => None,
        };
        (fits && self.rule.holds(mrz)).then(|| Deviation { name: self.name.clone(), covers })
    }
}

impl Rule {
    fn holds(&self, mrz: &Mrz) -> bool {
        match self {
            Self::DigitIsFiller(field) => mrz.checks.iter().any(|check| check.field == *field && is_filler(check)),
            Self::DateIsFiller(date) => date.of(mrz).is_some_and(|raw| raw.expose(|t| t.bytes().all(|c| c == b'<'))),
            Self::DateImpossible(date) => {
                date.of(mrz).is_some_and(|raw| raw.expose(|t| TwoDigitDate::parse(t).is_none()))
            }
            Self::Sex(sex) => mrz.fields.sex == Some(*sex),
            Self::Layout => true,
        }
    }
}

impl DateField {
    const fn of(self, mrz: &Mrz) -> Option<&PersonalText> {
        match self {
            Self::Birth => Some(&mrz.fields.birth_date_raw),
            Self::Expiry => mrz.fields.expiry_date_raw.as_ref(),
        }
    }
}

fn is_filler(check: &Check) -> bool {
    check.printed == '<' && check.verdict == Verdict::Disagrees
}

/// Whether every digit is `ok` or absent, or a named deviation accounts for it.
///
/// A `<` in the place of a field's digit is accounted for only while the composite, which runs over the same characters
/// and over that position, agrees.
#[must_use]
pub fn all_agree_or_covered(checks: &[Check], deviations: &[Deviation]) -> bool {
    let composite_ok = checks.iter().any(|c| c.field == CheckField::Composite && c.verdict == Verdict::Ok);
    checks.iter().all(|check| {
        check.verdict != Verdict::Disagrees
            || (composite_ok
                && is_filler(check)
                && deviations.iter().any(|deviation| deviation.covers == Some(check.field)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Profiles, builtin};
    use super::all_agree_or_covered;
    use crate::mrz::{Date, Mrz, parse};

    fn zone(rows: &str) -> Mrz {
        parse(rows, Date::new(2026, 11, 25).unwrap()).unwrap()
    }

    fn names(profiles: &Profiles, mrz: &Mrz) -> Vec<String> {
        profiles.deviations(mrz).into_iter().map(|deviation| deviation.name).collect()
    }

    /// `nl-td3-personalno-filler` of `mrz_icao.txt`: the personal number's digit is a filler, all others agree.
    const DUTCH: &str = "P<NLDMEULENDIJK<<LOES<ALBERTINE<<<<<<<<<<<<<\nXX00000000NLD7110195F1108280123456782<<<<<<2";

    #[test]
    fn a_site_s_table_says_which_issuers_deviate_and_how() {
        let table = |rest: &str| Profiles::from_toml(&format!("version = 9\n[[deviation]]\n{rest}\n")).unwrap();
        let card = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122X1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
        for (row, shown) in [
            ("name = \"a\"\nrule = \"sex_is\"\nvalue = \"X\"\nsource = \"-\"", true),
            ("name = \"a\"\nrule = \"sex_is\"\nvalue = \"F\"\nsource = \"-\"", false),
            ("name = \"a\"\nissuers = [\"FRA\"]\nrule = \"sex_is\"\nvalue = \"X\"\nsource = \"-\"", false),
            (
                "name = \"a\"\nissuers = [\"UTO\"]\ncodes = [\"I*\"]\nrule = \"sex_is\"\nvalue = \"X\"\nsource = \"-\"",
                true,
            ),
            ("name = \"a\"\ncodes = [\"P*\"]\nrule = \"sex_is\"\nvalue = \"X\"\nsource = \"-\"", false),
            ("name = \"a\"\nformats = [\"TD1\"]\nrule = \"layout\"\nsource = \"-\"", true),
            ("name = \"a\"\nformats = [\"TD2\"]\nrule = \"layout\"\nsource = \"-\"", false),
            ("name = \"a\"\nrule = \"date_impossible\"\nfield = \"expiry_date\"\nsource = \"-\"", false),
        ] {
            assert_eq!(!names(&table(row), &zone(card)).is_empty(), shown, "{row}");
        }
        let month_13 = card.replace("1204159", "1213151");
        let impossible = "name = \"a\"\nrule = \"date_impossible\"\nfield = \"expiry_date\"\nsource = \"-\"";
        assert_eq!(names(&table(impossible), &zone(&month_13)), ["a"]);
    }

    #[test]
    fn only_a_digit_that_is_missing_is_accounted_for_and_only_if_the_table_says_so() {
        const ROW: &str = "version = 9\n[[deviation]]\nname = \"a\"\nrule = \"digit_is_filler\"\n\
                           field = \"personal_number\"\nsource = \"-\"\n";
        let covered = |table: &str, mrz: &Mrz| {
            all_agree_or_covered(&mrz.checks, &Profiles::from_toml(table).unwrap().deviations(mrz))
        };
        let covering = format!("{ROW}covers = true\n");
        let dutch = zone(DUTCH);
        assert!(covered(&covering, &dutch));
        assert!(!covered(ROW, &dutch), "named, but the table does not say that it accounts for the digit");
        assert!(!covered("version = 9", &dutch));
        // A digit that is there and wrong (2 is right), and a filler under a composite that disagrees (2 is right).
        assert!(!covered(&covering, &zone(&DUTCH.replace("2<<<<<<2", "2<<<<<32"))));
        assert!(!covered(&covering, &zone(&DUTCH.replace("2<<<<<<2", "2<<<<<<3"))));
    }

    #[test]
    fn a_row_that_means_nothing_is_refused_with_its_line_and_key() {
        for (row, words) in [
            ("name = \"a\"\nrule = \"sometimes\"\nsource = \"-\"", ["line 4", "rule"]),
            ("name = \"a\"\nrule = \"layout\"\nforms = [\"TD1\"]\nsource = \"-\"", ["line 5", "forms"]),
            ("name = \"a\"\nrule = \"layout\"\nformats = [\"TD9\"]\nsource = \"-\"", ["line 5", "formats"]),
            ("name = \"a\"\nrule = \"digit_is_filler\"\nfield = \"sex\"\nsource = \"-\"", ["line 2", "`field`"]),
            ("name = \"a\"\nrule = \"date_is_filler\"\nsource = \"-\"", ["line 2", "`field`"]),
            ("name = \"a\"\nrule = \"sex_is\"\nvalue = \"Q\"\nsource = \"-\"", ["line 2", "`value`"]),
            ("name = \"a\"\nrule = \"sex_is\"\nvalue = \"X\"\nfield = \"sex\"\nsource = \"-\"", ["line 2", "`field`"]),
            ("name = \"a\"\nrule = \"layout\"\nsource = \"-\"", ["line 2", "`formats`"]),
            (
                "name = \"a\"\nrule = \"digit_is_filler\"\nfield = \"composite\"\ncovers = true\nsource = \"-\"",
                ["line 2", "`covers`"],
            ),
            (
                "name = \"a\"\nrule = \"date_is_filler\"\nfield = \"birth_date\"\ncovers = true\nsource = \"-\"",
                ["line 2", "`covers`"],
            ),
        ] {
            let error = Profiles::from_toml(&format!("version = 9\n[[deviation]]\n{row}\n")).err().unwrap().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{row}:\n{error}");
        }
    }

    #[test]
    fn the_carried_table_names_what_is_known() {
        let known: Vec<&str> = builtin().deviations.iter().map(|known| known.name.as_str()).collect();
        assert_eq!(
            known,
            [
                "personal_number_digit_filler",
                "sex_x",
                "no_expiry_date",
                "birth_date_impossible",
                "expiry_date_impossible",
                "fr_id_layout"
            ]
        );
    }
}
