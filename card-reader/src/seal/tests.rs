//! The published and the made seals, their statuses, and that no corrupted one is ever valid.

use super::c40::encode;
use super::{Malformed, Reason, Seal, Status, TrustStore, against_zone, check};
use crate::date::Date;
use crate::mrz::{self, Format};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use proptest::prelude::*;
use std::sync::LazyLock;
use verification_api::personal::PersonalText;

fn today() -> Date {
    Date::new(2026, 11, 25).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

fn lines(file: &str) -> Vec<serde_json::Value> {
    file.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vectors() -> Vec<serde_json::Value> {
    lines(include_str!("../../testdata/seals/vds.jsonl"))
}

fn vector(id: &str) -> serde_json::Value {
    vectors().into_iter().find(|v| v["id"] == id).unwrap()
}

fn bytes(vector: &serde_json::Value) -> Vec<u8> {
    unhex(vector["seal"].as_str().unwrap())
}

/// A key as a PEM file, its point after the head that names the curve.
fn key_file(curve: &str, point: &[u8]) -> Vec<u8> {
    let head = match curve {
        "secp256r1" => "3059301306072a8648ce3d020106082a8648ce3d030107034200",
        "brainpoolP256r1" => "305a301406072a8648ce3d020106092b2403030208010107034200",
        other => panic!("{other}"),
    };
    let der = [unhex(head), point.to_vec()].concat();
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    pem.push_str(&base64(&der));
    pem.push_str("\n-----END PUBLIC KEY-----\n");
    pem.into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |n, at| n << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn trust(vector: &serde_json::Value) -> TrustStore {
    let key = unhex(vector["key"].as_str().unwrap());
    let curve = vector["curve"].as_str().unwrap();
    TrustStore::of_files(&[("UTTS0001.pem".to_owned(), key_file(curve, &key))]).unwrap()
}

#[test]
fn every_vector_is_parsed_and_judged_as_it_says() {
    assert_eq!(vectors().len(), 19);
    let mut judged = 0;
    for vector in vectors() {
        let id = vector["id"].as_str().unwrap();
        let verdict = vector["verdict"].as_str().unwrap();
        let seal = match Seal::parse(&bytes(&vector)) {
            Ok(seal) => seal,
            Err(malformed) => {
                assert!(verdict.starts_with(Status::from(malformed).name()), "{id}: {malformed}");
                continue;
            }
        };
        assert!(!verdict.starts_with("WRONG_FORMAT"), "{id}");
        let expect = &vector["expect"];
        if expect.is_object() {
            assert_eq!(u64::from(seal.version), expect["version"].as_u64().unwrap(), "{id}");
            assert_eq!(seal.country, expect["country"].as_str().unwrap(), "{id}");
            assert_eq!(seal.signer, expect["signer"].as_str().unwrap(), "{id}");
            assert_eq!(seal.certificate, expect["cert"].as_str().unwrap(), "{id}");
            let date = |text: &serde_json::Value| {
                let parts: Vec<u16> = text.as_str().unwrap().split('-').map(|p| p.parse().unwrap()).collect();
                Date::new(parts[0], parts[1] as u8, parts[2] as u8).unwrap()
            };
            assert_eq!((seal.issued, seal.signed), (date(&expect["issued"]), date(&expect["signed"])), "{id}");
            let category = (u64::from(seal.category.0), u64::from(seal.category.1));
            assert_eq!(category, (expect["feature"].as_u64().unwrap(), expect["type"].as_u64().unwrap()), "{id}");
        }
        for (tag, value) in vector["fields"].as_object().into_iter().flatten() {
            let tag = u8::from_str_radix(tag, 16).unwrap();
            assert_eq!(seal.feature(tag).unwrap(), unhex(value.as_str().unwrap()), "{id} {tag}");
        }
        for (tag, value) in vector["text"].as_object().into_iter().flatten() {
            let text = super::c40::decode(seal.feature(u8::from_str_radix(tag, 16).unwrap()).unwrap()).unwrap();
            text.expose(|text| assert_eq!(text, value.as_str().unwrap(), "{id} {tag}"));
        }
        if vector["key"].is_string() {
            judged += 1;
            let status = check(&seal, &trust(&vector), today());
            let expected = match verdict {
                "VALID" | "VALID seal, SEAL_VISA_MISMATCH against the MRZ" => "VALID",
                "VALID with UNKNOWN_FEATURE" => "VALID+UNKNOWN_FEATURE",
                "INVALID_SIGNATURE" => "INVALID_SIGNATURE",
                "VALID signature, WRONG_FORMAT (mandatory feature 04 absent)" => "WRONG_FORMAT",
                other => panic!("{id}: {other}"),
            };
            assert_eq!(status.name(), expected, "{id}");
        }
        if let Some(rows) = vector["mrz"].as_array() {
            let rows: Vec<PersonalText> = rows.iter().map(|r| PersonalText::from(r.as_str().unwrap())).collect();
            let zone = mrz::parse_lines(rows, today()).unwrap();
            let found = against_zone(&seal, zone.format, &zone.lines, zone.all_agree());
            let expected = verdict.contains("SEAL_VISA_MISMATCH").then_some(Reason::SealVisaMismatch);
            let tampered = id == "utopia-visa-tampered";
            assert!(found == expected || (tampered && found == Some(Reason::SealVisaMismatch)), "{id}: {found:?}");
        }
    }
    assert_eq!(judged, 10);
}

#[test]
fn published_seals_verify_with_the_published_keys_and_with_no_other() {
    let key = |name: &str| match name {
        "bks_utts5b_0" => &include_bytes!("../../testdata/seals/k_bks_utts5b_0.pem")[..],
        "bks_dets32_0" => include_bytes!("../../testdata/seals/k_bks_dets32_0.pem"),
        "bks_dets27" => include_bytes!("../../testdata/seals/k_bks_dets27.pem"),
        other => panic!("{other}"),
    };
    let (mut verified, mut parsed) = (0, 0);
    for published in lines(include_str!("../../testdata/seals/published.jsonl")) {
        let name = published["name"].as_str().unwrap();
        let Ok(seal) = Seal::parse(&bytes(&published)) else { continue };
        parsed += 1;
        let Some(with) = published["verified_with"].as_str() else { continue };
        let with = with.split(' ').next().unwrap();
        let file = format!("{}{}.pem", seal.signer, seal.certificate);
        let status =
            |key: &[u8]| check(&seal, &TrustStore::of_files(&[(file.clone(), key.to_vec())]).unwrap(), today());
        assert!(status(key(with)).is_valid(), "{name}: {}", status(key(with)).name());
        let another = if with == "bks_dets27" { "bks_utts5b_0" } else { "bks_dets27" };
        assert_eq!(status(key(another)), Status::Invalid(Reason::InvalidSignature), "{name}");
        verified += 1;
    }
    assert!(verified >= 13 && parsed >= 15, "{verified} of {parsed}");
}

#[test]
fn certificates_are_found_by_signer_and_serial_and_expire() {
    let certificate = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    let store = TrustStore::of_files(&[
        certificate("a.crt", include_bytes!("../../testdata/seals/sealgen_DETS32.crt")),
        certificate("b.der", include_bytes!("../../testdata/seals/sealgen_UTTS5B.crt")),
        certificate("readme.txt", b"not looked at"),
    ])
    .unwrap();
    assert_eq!(store.len(), 2);
    // The visa was signed in 2023 under a certificate of 2020 to 2025.
    let visa = Seal::parse(&bytes(&vector("icao-visa-mrvb-published"))).unwrap();
    assert_eq!(check(&visa, &store, Date::new(2024, 1, 1).unwrap()), Status::Valid);
    assert_eq!(check(&visa, &store, today()), Status::Invalid(Reason::ExpiredCertificate));
    let etd = Seal::parse(&bytes(&vector("icao-etd-published"))).unwrap();
    assert_eq!(check(&etd, &store, today()), Status::Valid);
    let made = Seal::parse(&bytes(&vector("utopia-visa-mrvb-v4"))).unwrap();
    assert_eq!(check(&made, &store, today()), Status::Invalid(Reason::UnknownCertificate));
    assert_eq!(check(&made, &TrustStore::default(), today()), Status::NotChecked);
    for (name, bytes) in [
        ("x.crt", &b"nothing"[..]),
        ("y.der", &[0x30, 0]),
        ("UT.pem", b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"),
    ] {
        let error = TrustStore::of_files(&[certificate(name, bytes)]).err().unwrap();
        assert!(error.to_string().starts_with(name), "{error}");
    }
}

#[test]
fn a_visas_seal_is_held_against_the_visa_and_against_the_passport() {
    let seal = Seal::parse(&bytes(&vector("utopia-visa-mrvb-v4"))).unwrap();
    let passport = |number: &str| -> mrz::Mrz {
        let rows = format!(
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n{number}{}UTO7408122F1204159ZE184226B<<<<<10",
            mrz::check_digit(number)
        );
        mrz::parse(&rows, today()).unwrap()
    };
    let found = |zone: &mrz::Mrz, digits| against_zone(&seal, zone.format, &zone.lines, digits);
    assert_eq!(found(&passport("L898902C<"), true), None);
    assert_eq!(found(&passport("L898902D<"), true), Some(Reason::SealPassportMismatch));
    assert_eq!(found(&passport("L898902D<"), false), Some(Reason::InvalidPassportMrz));
    let card = mrz::parse(
        "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        today(),
    )
    .unwrap();
    assert_eq!(card.format, Format::Td1);
    assert_eq!(found(&card, true), Some(Reason::InvalidDocumentType));
}

/// A good seal, and the trust in its signer.
static GOOD: LazyLock<(Vec<u8>, TrustStore)> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let mut seal = vec![0xdc, 0x03];
    for text in ["UTO", "UTTS04", "0001"] {
        seal.extend(encode(text).unwrap());
    }
    for _ in 0..2 {
        seal.extend(&1_152_026u32.to_be_bytes()[1..]);
    }
    seal.extend([0x5d, 0x01, 0x02, 44]);
    let visa = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<L898902C<3UTO6908061F9406236ZE18";
    let zone = encode(&visa[..64]).unwrap();
    seal.extend(&zone);
    seal.extend([0x04, 3, 90, 0, 0, 0x05, 6]);
    seal.extend(encode("L898902C").unwrap());
    let signature = pair.sign(&SystemRandom::new(), &seal).unwrap();
    seal.extend([0xff, 64]);
    seal.extend(signature.as_ref());
    let key = key_file("secp256r1", pair.public_key().as_ref());
    (seal, TrustStore::of_files(&[("UTTS0001.pem".to_owned(), key)]).unwrap())
});

#[test]
fn no_single_bit_of_a_good_seal_can_be_flipped() {
    let (good, trust) = &*GOOD;
    let status = |bytes: &[u8]| Seal::parse(bytes).map_or_else(Status::from, |seal| check(&seal, trust, today()));
    assert_eq!(status(good), Status::Valid);
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(status(&flipped).is_invalid(), "bit {bit}");
    }
    for cut in 0..good.len() {
        assert_eq!(status(&good[..cut]), Status::Invalid(Reason::WrongFormat), "cut at {cut}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(Seal::parse(&longer).err(), Some(Malformed::Trailing));
}

proptest! {
    #[test]
    fn random_and_mangled_bytes_are_refused_without_a_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (good, trust) = &*GOOD;
        let mut seal_like = vec![0xdc, 0x03];
        seal_like.extend(&noise);
        let mut mangled = good.clone();
        for (at, byte) in changes {
            let len = mangled.len();
            mangled[at.index(len)] = byte;
        }
        for bytes in [&noise, &seal_like, &mangled] {
            let Ok(seal) = Seal::parse(bytes) else { continue };
            let valid = check(&seal, trust, today()).is_valid();
            prop_assert!(!valid || bytes == good);
            let _ = (seal.zone().is_some(), seal.passport_number().is_some());
        }
    }
}
