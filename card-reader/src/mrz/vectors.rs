//! Published zones, misread zones and names, and properties that hold for every zone.

use super::{CheckField, Content, Date, Format, Mrz, Verdict, check_digit, parse, value, write};
use crate::profiles::{all_agree_or_covered, builtin};
use proptest::prelude::*;

fn today() -> Date {
    Date::new(2026, 11, 25).unwrap()
}

fn failing(mrz: &Mrz) -> Vec<&'static str> {
    mrz.checks.iter().filter(|c| c.verdict == Verdict::Disagrees).map(|c| c.field.name()).collect()
}

fn text(t: Option<&verification_api::personal::PersonalText>) -> String {
    t.map(|t| t.expose(str::to_owned)).unwrap_or_default()
}

/// (id, format, failing digits, rows) of every block.
fn blocks() -> Vec<(String, String, Vec<String>, Vec<String>)> {
    let files = [include_str!("../../testdata/mrz_icao.txt"), include_str!("../../testdata/mrz_us.txt")];
    let blocks = files.iter().flat_map(|file| file.split("\n\n"));
    let lines = |block: &str| -> Vec<String> {
        block.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(str::to_owned).collect()
    };
    blocks
        .map(lines)
        .filter(|lines| !lines.is_empty())
        .map(|lines| {
            let mut head = lines[0].trim_start_matches('@').split('|').map(|part| part.trim().to_owned());
            let (id, format, failing) = (head.next().unwrap(), head.next().unwrap(), head.next().unwrap());
            let failing = if failing == "OK" { vec![] } else { failing.split(' ').map(str::to_owned).collect() };
            (id, format, failing, lines[1..].to_vec())
        })
        .collect()
}

fn block(id: &str) -> Mrz {
    let (_, _, _, rows) = blocks().into_iter().find(|b| b.0 == id).unwrap();
    parse(&rows.join("\n"), today()).unwrap()
}

#[test]
fn every_published_zone_has_its_format_and_its_verdicts() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 42);
    for (id, format, expected, rows) in blocks {
        for joined in [rows.join("\n"), rows.join("\r\n"), rows.join("\r") + "\r", rows.concat()] {
            let mrz = parse(&joined, today()).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert_eq!(mrz.format.name(), format, "{id}");
            assert_eq!(failing(&mrz), expected, "{id}");
            assert_eq!(mrz.all_agree(), expected.is_empty(), "{id}");
            let visa = matches!(mrz.format, Format::MrvA | Format::MrvB);
            assert_eq!(visa, mrz.checks.iter().all(|c| c.field != CheckField::Composite), "{id}");
        }
    }
}

#[test]
fn a_long_number_is_put_together_and_its_rest_is_no_optional_data() {
    for (id, number) in [
        ("icao-td1-stevenson-long", "D23145890734"),
        ("icao-td2-stevenson-long", "D23145890734"),
        ("utopia-td2-long", "AB1234567890"),
        ("be-td1-long", "600001795015"),
        ("utopia-td1-long-max", "AB12345678901234567890"),
    ] {
        let mrz = block(id);
        assert_eq!(text(mrz.fields.document_number.as_ref()), number, "{id}");
        assert_eq!(text(mrz.fields.optional.as_ref()), "", "{id}");
    }
    assert_eq!(text(block("be-td1-long").fields.optional_2.as_ref()), "13010198739");
}

#[test]
fn a_filler_digit_with_empty_optional_data_is_no_long_number() {
    let rows = "I<UTO<<<<<<<<<<<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<4\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    let mrz = parse(rows, today()).unwrap();
    assert!(mrz.fields.document_number.is_none());
    assert_eq!(mrz.checks[0].verdict, Verdict::Absent);
    let rows = "I<UTOD23145890<<734<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<4\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    let mrz = parse(rows, today()).unwrap();
    assert_eq!(text(mrz.fields.document_number.as_ref()), "D23145890");
    assert_eq!(mrz.checks[0].verdict, Verdict::Disagrees, "a filled field with a filler for its digit disagrees");
    assert_eq!(text(mrz.fields.optional.as_ref()), "734");
}

#[test]
fn fields_of_published_zones_are_read() {
    let eriksson = block("icao-td3-eriksson").fields;
    assert_eq!((eriksson.document_code.as_str(), eriksson.issuer.as_str()), ("P", "UTO"));
    assert_eq!(text(eriksson.document_number.as_ref()), "L898902C3");
    assert_eq!(text(eriksson.name.primary.as_ref()), "ERIKSSON");
    assert_eq!(text(eriksson.name.secondary.as_ref()), "ANNA MARIA");
    assert_eq!(text(eriksson.birth_date.map(super::PartialDate::iso).as_ref()), "1974-08-12");
    assert_eq!(text(eriksson.expiry_date.map(super::PartialDate::iso).as_ref()), "2012-04-15");
    assert_eq!(text(eriksson.optional.as_ref()), "ZE184226B");
    assert_eq!(block("de-td3-mustermann").fields.issuer, "D");
    assert_eq!(block("utopia-td3-refugee").fields.document_code, "PR");
    assert!(block("utopia-td3-sex-unspecified-stateless").fields.sex.is_none());
    let parents = block("us-prc-i551-parents-made").fields.name;
    assert_eq!(
        (text(parents.secondary.as_ref()), text(parents.after_secondary.as_ref())),
        ("TEST".into(), "J M".into())
    );
    let unknown = block("utopia-td1-dob-unknown-all").fields.birth_date.map(super::PartialDate::iso);
    assert_eq!(text(unknown.as_ref()), "----------");
    assert_eq!(text(block("be-td1-velden").fields.name.primary.as_ref()), "VAN DER VELDEN");
}

/// By the table that the program carries.
fn deviations(mrz: &Mrz) -> Vec<String> {
    builtin().deviations(mrz).into_iter().map(|deviation| deviation.name).collect()
}

fn covered(mrz: &Mrz) -> bool {
    all_agree_or_covered(&mrz.checks, &builtin().deviations(mrz))
}

#[test]
fn deviations_are_named_and_change_no_verdict() {
    let dutch = block("nl-td3-personalno-filler");
    assert_eq!(deviations(&dutch), ["personal_number_digit_filler"]);
    assert_eq!(failing(&dutch), ["personal_number"]);
    assert!(covered(&dutch));
    let old = block("us-prc-i551-noexpiry-made");
    assert_eq!(deviations(&old), ["no_expiry_date"]);
    assert!(old.all_agree() && old.fields.expiry_date.is_none());
    let ead = block("us-ead-i766-specimen");
    assert!(deviations(&ead).is_empty() && !covered(&ead));
    let composite = ead.checks.last().unwrap();
    assert_eq!((composite.printed, composite.computed), ('5', '7'));
    let x = parse(
        "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122X1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        today(),
    )
    .unwrap();
    assert!(x.all_agree());
    assert_eq!(deviations(&x), ["sex_x"]);
}

#[test]
fn an_empty_personal_number_may_have_either_digit() {
    let personal = |mrz: &Mrz| mrz.checks.iter().find(|c| c.field == CheckField::PersonalNumber).unwrap().verdict;
    assert_eq!(personal(&block("utopia-td3-no-personalno-filler")), Verdict::Absent);
    assert_eq!(personal(&block("utopia-td3-no-personalno-zero")), Verdict::Ok);
}

#[test]
fn misread_zones_fail_where_they_can_and_pass_where_no_digit_can_see_it() {
    let mut cases = 0;
    for line in include_str!("../../testdata/mrz_misread.jsonl").lines().filter(|l| l.starts_with('{')) {
        cases += 1;
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let rows: Vec<&str> = case["lines"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
        let parsed = parse(&rows.join("\n"), today());
        match (case["failing"].as_array(), id) {
            (Some(expected), _) => {
                let mut expected: Vec<&str> = expected.iter().map(|f| f.as_str().unwrap()).collect();
                let mut found = failing(&parsed.unwrap_or_else(|e| panic!("{id}: {e}")));
                expected.sort_unstable();
                found.sort_unstable();
                assert_eq!(found, expected, "{id}");
            }
            (None, "form-lower-case" | "form-space-filler" | "form-merged" | "form-trailing-space") => {
                let mrz = parsed.unwrap_or_else(|e| panic!("{id}: {e}"));
                assert!(mrz.all_agree(), "{id}");
                assert_eq!(text(mrz.fields.name.secondary.as_ref()), "ANNA MARIA", "{id}");
            }
            (None, _) => {
                let Err(error) = parsed else { panic!("{id} is no zone") };
                let expected = match id {
                    "form-short-line" => "line 2, column 44: the line has 43 characters, not 44",
                    "form-long-line" => "line 1, column 45: the line has 45 characters, not 44",
                    "form-one-line" => "there is one line of 44 characters",
                    "form-guillemets" => "line 1, column 14: “«” is not a character of the zone",
                    "form-swapped" => "line 1, column 1: the lines are in the wrong order",
                    "form-bad-char" => "line 2, column 4: “*” is not a character of the zone",
                    other => panic!("no expectation for {other}"),
                };
                assert!(error.to_string().starts_with(expected), "{id}: {error}");
            }
        }
    }
    assert_eq!(cases, 24);
}

#[test]
fn names_of_the_standard_are_split_and_truncation_is_seen() {
    let mut rows = 0;
    for line in include_str!("../../testdata/names.tsv").lines().filter(|l| !l.starts_with('#')) {
        rows += 1;
        let [_, primary, secondary, field, truncated, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let name = super::names::split_name_field(field);
        assert_eq!(name.truncated, !truncated.is_empty(), "{line}");
        for (full, read) in [(primary, &name.primary), (secondary, &name.secondary)] {
            let full = full.replace('\'', "").replace('-', " ");
            let read = text(read.as_ref());
            // Each component that was written begins the one it stands for; none is left out unless it was cut.
            let pairs = full.split_whitespace().zip(read.split(' '));
            assert!(pairs.clone().all(|(whole, part)| whole.starts_with(part)), "{line}");
            assert!(read.split_whitespace().count() <= full.split_whitespace().count(), "{line}");
            if truncated != "yes" {
                assert_eq!(read, full, "{line}");
            }
        }
        if truncated != "yes" {
            let clean = |t: &str| t.replace('\'', "").replace('-', " ");
            let written = super::names::write_name_field(&clean(primary), &clean(secondary), field.len());
            assert_eq!(written.as_str(), field);
        }
    }
    assert_eq!(rows, 52);
}

#[test]
fn a_french_card_before_2021_is_known() {
    // The specimen card "BERTHIER, CORINNE" that the French administration published.
    let rows = "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n8806923102858CORINNE<<<<<<<6512068F6";
    let mrz = parse(rows, today()).unwrap();
    assert_eq!(mrz.format, Format::FrId);
    assert!(mrz.all_agree(), "{:?}", failing(&mrz));
    assert_eq!(text(mrz.fields.name.primary.as_ref()), "BERTHIER");
    assert_eq!(text(mrz.fields.name.secondary.as_ref()), "CORINNE");
    assert_eq!(text(mrz.fields.document_number.as_ref()), "880692310285");
    assert!(mrz.fields.expiry_date_raw.is_none());
}

fn content(format: Format) -> impl Strategy<Value = Content> {
    let visa = matches!(format, Format::MrvA | Format::MrvB);
    let code = match format {
        Format::Td3 => "P[A-Z]?",
        Format::MrvA | Format::MrvB => "V[A-Z]?",
        Format::FrId => "ID",
        Format::Td1 | Format::Td2 => "[ACI][A-UW-Z]?",
    };
    let issuer = if format == Format::FrId { "FRA" } else { "[A-EG-Z][A-Z]{2}" };
    let number = match format {
        Format::Td1 => "[A-Z0-9]{1,22}",
        Format::Td2 => "[A-Z0-9]{1,14}",
        Format::FrId => "[0-9]{12}",
        Format::Td3 | Format::MrvA | Format::MrvB => "[A-Z0-9]{1,9}",
    };
    let optional = match format {
        Format::Td1 | Format::Td2 => "",
        Format::FrId => "[A-Z0-9]{6}",
        _ if visa => "[A-Z0-9]{0,8}",
        _ => "[A-Z0-9]{0,14}",
    };
    let date =
        |years: std::ops::Range<u8>| (years, 1u8..13, 1u8..29).prop_map(|(y, m, d)| format!("{y:02}{m:02}{d:02}"));
    (
        (code, issuer, number, "[A-Z]{1,12}( [A-Z]{1,5})?", "([A-Z]{1,5}( [A-Z]{1,4})?)?"),
        ("[A-Z]{3}", date(0..100), "[FM<]", date(0..100), optional),
    )
        .prop_map(move |(a, b)| Content {
            document_code: a.0,
            issuer: a.1,
            document_number: a.2,
            primary: a.3,
            secondary: a.4,
            nationality: if format == Format::FrId { String::new() } else { b.0 },
            birth_date: b.1,
            sex: b.2,
            expiry_date: if format == Format::FrId { String::new() } else { b.3 },
            optional: b.4,
            optional_2: String::new(),
        })
}

fn any_zone() -> impl Strategy<Value = (Format, Content)> {
    proptest::sample::select(Format::ALL.to_vec()).prop_flat_map(|format| (Just(format), content(format)))
}

fn rows_of(format: Format, content: &Content) -> Vec<String> {
    write(format, content).unwrap().iter().map(|row| row.expose(str::to_owned)).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read((format, content) in any_zone()) {
        let rows = rows_of(format, &content);
        let (count, width) = format.size();
        prop_assert!(rows.len() == count && rows.iter().all(|row| row.len() == width));
        let mrz = parse(&rows.join("\n"), today()).unwrap();
        prop_assert_eq!(mrz.format, format);
        prop_assert_eq!(failing(&mrz), Vec::<&str>::new());
        let f = &mrz.fields;
        prop_assert_eq!(&f.document_code, &content.document_code);
        prop_assert_eq!(&f.issuer, &content.issuer);
        prop_assert_eq!(text(f.document_number.as_ref()), content.document_number.as_str());
        prop_assert_eq!(text(f.name.primary.as_ref()), content.primary.as_str());
        prop_assert_eq!(text(f.name.secondary.as_ref()), content.secondary.as_str());
        prop_assert_eq!(text(f.nationality.as_ref()), content.nationality.as_str());
        prop_assert_eq!(f.birth_date_raw.expose(str::to_owned), content.birth_date.as_str());
        prop_assert_eq!(text(f.optional.as_ref()), content.optional.as_str());
        if format != Format::FrId {
            prop_assert_eq!(text(f.expiry_date_raw.as_ref()), content.expiry_date.as_str());
        }
    }

    #[test]
    fn a_changed_character_of_a_covered_field_is_found_unless_its_class_is_the_same(
        (format, content) in any_zone(), pick in any::<prop::sample::Index>(), to in "[A-Z0-9<]",
    ) {
        let mut rows = rows_of(format, &content);
        let layout = format.layout();
        let mut covered: Vec<super::Span> = vec![layout.document_number.field, layout.birth_date.field];
        covered.extend(layout.expiry_date.map(|e| e.field));
        covered.extend(layout.composite.into_iter().flat_map(|c| c.covers.iter().copied()));
        let cells: Vec<(usize, usize)> =
            covered.iter().flat_map(|s| (s.start..s.end).map(|at| (s.line, at))).collect();
        let (line, at) = cells[pick.index(cells.len())];
        let (old, new) = (rows[line].as_bytes()[at], to.as_bytes()[0]);
        prop_assume!(value(old).unwrap() % 10 != value(new).unwrap() % 10);
        rows[line].replace_range(at..=at, &to);
        // A change of the first characters may make another layout of it: that is found too, in its own way.
        if let Ok(mrz) = parse(&rows.join("\n"), today()) {
            prop_assert!(mrz.format != format || !mrz.all_agree());
        }
    }

    #[test]
    fn no_text_at_all_makes_it_panic(text in ".*", noise in "[A-Z0-9< _\r\n«é]{0,100}", bytes in any::<Vec<u8>>()) {
        let _ = parse(&text, today());
        let _ = parse(&noise, today());
        let _ = super::normalise(&bytes);
        let _ = check_digit(&text);
    }

    #[test]
    fn any_rows_of_the_right_shape_are_a_zone_or_a_named_error(rows in "[A-Z0-9<]{88}|[A-Z0-9<]{72}|[A-Z0-9<]{90}") {
        match parse(&rows, today()) {
            Ok(mrz) => prop_assert!(mrz.checks.len() >= 3),
            Err(error) => prop_assert!(error.to_string().contains("wrong order")),
        }
    }
}
