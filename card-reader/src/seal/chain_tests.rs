//! A seal from its authority down to the zone it is printed beside: RSA-signed signers, revocation, and each pairing of a
//! visa's seal with a zone, through [`Fusion`]. The certificates are made by `testdata/seals/chain/make` (OpenSSL).

use super::c40::encode;
use super::{Reason, Seal, Status, TrustStore, check};
use crate::barcode::{Barcode, Kind, Symbology};
use crate::date::Date;
use crate::fusion::Fusion;
use crate::mrz::{self, Mrz};
use crate::ocr::Point;
use crate::profiles::builtin;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use std::sync::LazyLock;

macro_rules! chain {
    ($file:literal) => {
        ($file.to_owned(), include_bytes!(concat!("../../testdata/seals/chain/", $file)).to_vec())
    };
}

fn today() -> Date {
    Date::new(2026, 11, 25).unwrap()
}

/// The visa of Doc 9303-7, appendix A, in two rows of 36 characters, but without a date that has passed.
const VISA: [&str; 2] = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226"];

/// A visa's seal (9303-13 §3): its zone, and the number of the passport it is in; signed by UTTS 0001.
static SEAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = include_bytes!("../../testdata/seals/chain/signer.key.der");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key).unwrap();
    let mut seal = vec![0xdc, 0x03];
    for text in ["UTO", "UTTS04", "0001"] {
        seal.extend(encode(text).unwrap());
    }
    for _ in 0..2 {
        seal.extend(&1_152_026u32.to_be_bytes()[1..]);
    }
    seal.extend([0x5d, 0x01, 0x02, 44]);
    seal.extend(encode(&[VISA[0], &VISA[1][..28]].concat()).unwrap());
    seal.extend([0x04, 3, 90, 0, 0, 0x05, 6]);
    seal.extend(encode("L898902C").unwrap());
    let signature = pair.sign(&SystemRandom::new(), &seal).unwrap();
    seal.extend([0xff, 64]);
    seal.extend(signature.as_ref());
    seal
});

fn status(files: &[(String, Vec<u8>)]) -> Status {
    check(&Seal::parse(&SEAL).unwrap(), &TrustStore::of_files(files).unwrap(), today())
}

#[test]
fn a_signer_under_an_authority_with_an_rsa_key_is_believed() {
    assert_eq!(status(&[chain!("csca-rsa.crt"), chain!("signer-rsa.crt")]), Status::Valid);
    assert_eq!(status(&[chain!("csca-pss.crt"), chain!("signer-pss.crt")]), Status::Valid);
    // Two authorities of one name: whichever signed counts.
    assert_eq!(status(&[chain!("csca-pss.crt"), chain!("csca-rsa.crt"), chain!("signer-pss.crt")]), Status::Valid);
    assert_eq!(status(&[chain!("signer-rsa.crt")]), Status::Valid, "without any authority what lies there is trusted");
}

#[test]
fn a_signer_under_another_authority_of_the_same_name_is_not() {
    let untrusted = Status::Invalid(Reason::UntrustedCertificate);
    assert_eq!(status(&[chain!("csca-stranger.crt"), chain!("signer-rsa.crt")]), untrusted);
    assert_eq!(status(&[chain!("csca-rsa.crt"), chain!("signer-pss.crt")]), untrusted, "another key, another scheme");
    let (name, mut forged): (String, Vec<u8>) = chain!("signer-rsa.crt");
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(status(&[chain!("csca-rsa.crt"), (name, forged)]), untrusted);
    // The true one beside it is found all the same.
    let both = [chain!("csca-rsa.crt"), chain!("signer-stranger.crt"), chain!("signer-rsa.crt")];
    assert_eq!(status(&both), Status::Valid);
}

#[test]
fn a_revoked_signer_is_refused_whatever_else_vouches_for_it() {
    let revoked = Status::Invalid(Reason::RevokedCertificate);
    assert_eq!(status(&[chain!("csca-rsa.crt"), chain!("signer-rsa.crt"), chain!("signer-rsa.crl")]), revoked);
    assert_eq!(status(&[chain!("csca-pss.crt"), chain!("signer-pss.crt"), chain!("signer-pss.crl")]), revoked);
    assert_eq!(status(&[chain!("csca-rsa.crt"), chain!("signer-rsa.crt"), chain!("nobody-rsa.crl")]), Status::Valid);
    assert_eq!(status(&[chain!("csca-pss.crt"), chain!("signer-pss.crt"), chain!("nobody-pss.crl")]), Status::Valid);
}

#[test]
fn a_list_that_no_authority_signed_is_named_and_not_taken() {
    for list in [chain!("signer-stranger.crl"), chain!("signer-pss.crl")] {
        let files = [chain!("csca-rsa.crt"), chain!("signer-rsa.crt"), list];
        let error = TrustStore::of_files(&files).err().unwrap().to_string();
        assert!(error.contains(".crl") && error.contains("signed by no authority"), "{error}");
    }
}

/// What the officer is told of the seal beside this zone, and whether the two agree.
fn beside(zone: &str) -> (Status, Option<bool>) {
    let trust = TrustStore::of_files(&[chain!("csca-rsa.crt"), chain!("signer-rsa.crt")]).unwrap();
    let zone: Mrz = mrz::parse(zone, today()).unwrap();
    let document = zone.document(builtin());
    let barcode = Barcode {
        symbology: Symbology::DataMatrix,
        kind: Kind::of(&SEAL),
        payload: zeroize::Zeroizing::new(SEAL.clone()),
        quad: [Point { x: 0.0, y: 0.0 }; 4],
    };
    let fusion = Fusion::of(Some((&zone, &document)), &[barcode], builtin(), &trust, today());
    assert_eq!(fusion.seals.len(), 1);
    (fusion.seals[0].status, fusion.agrees())
}

#[test]
fn a_visas_seal_agrees_with_its_own_visa_only() {
    assert_eq!(beside(&VISA.join("\n")), (Status::Valid, Some(true)));
    // Behind the 28th character a visa's zone is the issuer's own and not sealed.
    let optional = VISA.join("\n").replace("ZE184226", "ZE184227");
    assert_eq!(beside(&optional), (Status::Valid, Some(true)));
    let mismatch = (Status::Invalid(Reason::SealVisaMismatch), Some(false));
    assert_eq!(beside(&VISA.join("\n").replace("ANNA", "INGE")), mismatch);
    let other_number = VISA[1].replace("L898902C<3", &format!("L898902D<{}", mrz::check_digit("L898902D<")));
    assert_eq!(beside(&format!("{}\n{other_number}", VISA[0])), mismatch);
    // A digit that does not agree besides: perhaps the zone was misread, not the seal moved.
    let misread = VISA.join("\n").replace("L898902C<3", "L898902D<3");
    assert_eq!(beside(&misread), (Status::Invalid(Reason::InvalidVisaMrz), Some(false)));
}

#[test]
fn a_visas_seal_agrees_with_the_passport_that_it_is_in_only() {
    let passport = |number: &str| {
        let digit = mrz::check_digit(number);
        let optional = "ZE184226B<<<<<";
        let composite = mrz::check_digit(&format!("{number}{digit}74081221204159{optional}1"));
        format!("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n{number}{digit}UTO7408122F1204159{optional}1{composite}")
    };
    assert_eq!(beside(&passport("L898902C<")), (Status::Valid, Some(true)));
    assert_eq!(beside(&passport("L898902D<")), (Status::Invalid(Reason::SealPassportMismatch), Some(false)));
    let misread = passport("L898902C<").replace("L898902C<3", "L898902D<3");
    assert_eq!(beside(&misread), (Status::Invalid(Reason::InvalidPassportMrz), Some(false)));
    let card = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    assert_eq!(beside(card), (Status::Invalid(Reason::InvalidDocumentType), Some(false)));
}
