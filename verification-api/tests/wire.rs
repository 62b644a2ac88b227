//! The JSON of the wire, as an integrator would write it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]

use serde_json::{Value, json};
use verification_api::wire::{
    AssistanceRequest, ClosedRequest, Document, DocumentType, HeartbeatRequest, InspectionRequest, KioskSignature,
    OverrideRequest, ProblemType, ReferralCode, ReferralRequest, SignInRequest, TechnicianCredential, Timestamp,
    VerificationReply, VerificationRequest, override_signed_bytes, split_credential,
};

const VISIT: &str = "01980000-0000-7000-8000-000000000001";
const TIME: &str = "2026-11-25T20:04:05.006Z";

/// The value reads as `T`, is written back the same, and is refused with one more member.
fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{value}: {why}"));
    assert_eq!(&serde_json::to_value(&read).unwrap(), value);
    let mut more = value.clone();
    more["colour"] = json!("blue");
    assert!(serde_json::from_value::<T>(more).is_err(), "an unknown member must be refused");
}

fn document() -> Value {
    json!({
        "type": "permanent_resident_card", "document_number": "000000701", "primary_identifier": "SPECIMEN",
        "secondary_identifier": "ANNA", "issuer": "USA", "nationality": null, "birth_country": "UTO",
        "birth_date": "1974-05-02", "sex": "F", "expiry_date": "2030-01-01", "a_number": "A000000701",
        "card_number": null
    })
}

#[test]
fn every_request_reads_and_writes_alike_and_refuses_unknown_members() {
    let identifier = json!({"type": "a_number", "value": "A000000701"});
    let checks = json!([{"field": "composite", "verdict": "disagrees", "printed": "5", "computed": "7"}]);
    let reading = json!({"source": "serial", "lines": ["I<UTO", "X"], "checks": checks});
    round_trip::<Document>(&document());
    round_trip::<InspectionRequest>(&json!({
        "visit": VISIT, "lane": "7", "device_time": TIME, "how": "camera", "document": document(), "checks": checks,
        "barcode_agrees": true, "officer_session": "00", "mock": true
    }));
    round_trip::<VerificationRequest>(&json!({
        "visit": VISIT, "identifier": identifier, "code": "7KQ25-M4PXX-9ABCG-WXYZF", "purpose": "inspection",
        "lane": "7", "device_time": TIME
    }));
    round_trip::<ReferralRequest>(&json!({
        "reference": "K07-7KQ2", "lane": "7", "reason": "code_not_verified", "reading": reading,
        "identifier": identifier, "verification_ids": [VISIT], "supersedes": VISIT
    }));
    round_trip::<ClosedRequest>(&json!({"officer_session": "00", "outcome": "secondary", "code": "CD"}));
    round_trip::<SignInRequest>(&json!({"badge": "B1", "pin": "123456"}));
    round_trip::<OverrideRequest>(&json!({
        "visit": VISIT, "officer": "o1", "offline_since": TIME, "decided_at": TIME, "reason": "other", "note": "torn",
        "reading": {"source": "camera", "payload_hex": "400a", "checks": []}
    }));
    round_trip::<HeartbeatRequest>(&json!({
        "devices": [{"device": "reader", "state": "ready", "who": "nobody"}],
        "journal": {"seq": 3, "hash": "0".repeat(64)}, "version": "0.1.0", "policy_version": null
    }));
    round_trip::<AssistanceRequest>(&json!({"lane": "7", "visit": VISIT}));
    round_trip::<TechnicianCredential>(&json!({"id": VISIT, "expiry": TIME, "salt": "00", "pin_hash": "11"}));
}

#[test]
fn absent_members_of_a_document_are_null() {
    let value = serde_json::to_value(Document::empty(DocumentType::Visa)).unwrap();
    let members: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 12);
    assert_eq!(value["type"], "visa");
    assert!(value["card_number"].is_null());
    let short: Document = serde_json::from_value(json!({"type": "visa"})).unwrap();
    assert!(short == Document::empty(DocumentType::Visa));
}

#[test]
fn document_types_have_their_words() {
    for kind in DocumentType::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        assert_eq!(DocumentType::from_name(kind.name()), Some(kind));
    }
    for code in ReferralCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.name());
    }
}

#[test]
fn a_reply_may_grow_members() {
    let reply: VerificationReply = serde_json::from_value(json!({
        "result": "not_verified", "checkpoint": "", "server_time": TIME, "later": 1
    }))
    .unwrap();
    assert!(reply.holder.is_none());
}

#[test]
fn problem_types_have_distinct_urns() {
    for kind in ProblemType::ALL {
        assert_eq!(ProblemType::from_urn(kind.urn()), Some(kind));
        assert!(kind.urn().starts_with("urn:poe:problem:"));
    }
}

#[test]
fn an_override_is_signed_over_its_id_a_line_feed_and_its_bytes() {
    let id = uuid::Uuid::parse_str(&VISIT.to_uppercase()).unwrap();
    assert_eq!(override_signed_bytes(id, b"{}"), format!("{VISIT}\n{{}}").into_bytes());
    let header = format!("{}:{}", "ab".repeat(32), "MEUC");
    assert_eq!(KioskSignature::parse(&header).unwrap().header(), header);
    for bad in ["", "ab:MEUC", &"zz".repeat(32), &format!("{}:", "ab".repeat(32))] {
        assert!(KioskSignature::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_technicians_credential_has_two_parts() {
    assert_eq!(split_credential("TC1:YWI.c2ln"), Ok(("YWI", "c2ln")));
    for bad in ["TC2:a.b", "TC1:a", "TC1:.b", "TC1:a.b.c", "BC1:a.b"] {
        assert!(split_credential(bad).is_err(), "{bad}");
    }
}

#[test]
fn times_are_24_characters() {
    let time: Timestamp = serde_json::from_value(json!(TIME)).unwrap();
    assert_eq!(serde_json::to_value(time).unwrap(), TIME);
    assert!(serde_json::from_value::<Timestamp>(json!("2026-11-25T20:04:05Z")).is_err());
}
