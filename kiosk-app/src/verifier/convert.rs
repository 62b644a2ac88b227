//! The kiosk's words to the wire's, and back.

use crate::clock::parse_wire_time;
use crate::effect::{Closing, HandedReading, Handover, Inspection, Override, Verification};
use crate::session::answers::{CodeAnswer, DocumentStatus, Holder, OpenedReferral, Record, RecordAnswer};
use crate::session::state::{IdentifierKind, Reference, VisitId};
use card_reader::contract;
use card_reader::mrz::{Check, CheckField, Verdict};
use card_reader::reader::Source;
use verification_api::identifiers::{IdentifierType, WireIdentifier};
use verification_api::personal::PersonalText;
use verification_api::wire;

pub(super) fn inspection(asked: &Inspection, lane: &str, device_time: wire::Timestamp) -> wire::InspectionRequest {
    wire::InspectionRequest {
        visit: asked.visit.0,
        lane: lane.to_owned(),
        device_time,
        how: how(asked.how),
        document: contract::wire_document(&asked.document),
        checks: checks(&asked.checks),
        barcode_agrees: asked.barcode_agrees,
        officer_session: session(asked.officer_session.as_ref()),
        mock: asked.mock,
    }
}

pub(super) fn record_answer(reply: wire::InspectionReply) -> RecordAnswer {
    RecordAnswer { gate: reply.gate, ..answer(reply.record, reply.document_status, &reply.mismatch) }
}

fn answer(record: wire::RecordFound, status: wire::DocumentStatus, mismatch: &[wire::DocumentMember]) -> RecordAnswer {
    RecordAnswer {
        record: match record {
            wire::RecordFound::Found => Record::Found,
            wire::RecordFound::NotFound => Record::NotFound,
            wire::RecordFound::Refer => Record::Refer,
        },
        document_status: match status {
            wire::DocumentStatus::Valid => DocumentStatus::Valid,
            wire::DocumentStatus::Expired => DocumentStatus::Expired,
            wire::DocumentStatus::ReportedLost => DocumentStatus::ReportedLost,
            wire::DocumentStatus::Unknown => DocumentStatus::Unknown,
        },
        mismatch: mismatch.iter().copied().map(member).map(str::to_owned).collect(),
        gate: None,
    }
}

pub(super) fn verification(
    asked: &Verification,
    lane: &str,
    device_time: wire::Timestamp,
) -> wire::VerificationRequest {
    let officer_session = session(asked.officer_session.as_ref());
    wire::VerificationRequest {
        visit: asked.visit.0,
        identifier: identifier(asked.kind, &asked.identifier),
        code: asked.code.clone(),
        purpose: if officer_session.is_some() { wire::Purpose::Interview } else { wire::Purpose::Inspection },
        representative: None,
        officer_session,
        lane: lane.to_owned(),
        device_time,
    }
}

pub(super) fn code_answer(reply: wire::VerificationReply) -> CodeAnswer {
    match reply.result {
        wire::VerificationResult::NotVerified => CodeAnswer::NotVerified,
        wire::VerificationResult::Verified => CodeAnswer::Verified {
            // Only the explicit word completes a visit.
            clear: reply.record_status == Some(wire::RecordStatus::Clear),
            holder: reply.holder.map(|holder| Holder {
                primary_identifier: holder.primary_identifier,
                secondary_identifier: holder.secondary_identifier,
                birth_date: holder.birth_date,
            }),
        },
    }
}

pub(super) fn referral(asked: &Handover, lane: &str) -> wire::ReferralRequest {
    wire::ReferralRequest {
        reference: asked.reference.0.clone(),
        lane: lane.to_owned(),
        reason: asked.reason,
        reading: asked.reading.as_ref().map(reading),
        identifier: asked.identifier.as_ref().map(|(kind, value)| identifier(*kind, value)),
        verification_ids: asked.verifications.iter().map(|request| request.0).collect(),
        supersedes: asked.supersedes.map(|earlier| earlier.0),
    }
}

pub(super) fn opened_referral(reply: wire::OpenedReferral) -> OpenedReferral {
    let (lines, checks) = reply.reading.map_or_else(Default::default, |reading| {
        let words =
            reading.checks.iter().map(|c| (field(c.field).name().to_owned(), verdict(c.verdict).name().to_owned()));
        (reading.lines.clone(), words.collect())
    });
    OpenedReferral {
        visit: VisitId(reply.visit),
        reference: Reference(reply.reference),
        kiosk: reply.kiosk,
        lane: reply.lane,
        reason: reply.reason.name().to_owned(),
        lines,
        checks,
        identifier: reply.identifier.map(|identifier| identifier.value),
        inspection: reply.inspection.as_ref().map(|i| answer(i.record, i.document_status, &i.mismatch)),
        failure: reply.inspection.map(|inspection| {
            let mut words = vec![found(inspection.record), status(inspection.document_status)];
            words.extend(inspection.mismatch.into_iter().map(member));
            words.join(", ")
        }),
        verifications: reply
            .verifications
            .into_iter()
            .map(|v| match v.result {
                wire::VerificationOutcome::Verified => "verified",
                wire::VerificationOutcome::NotVerified => "not_verified",
                wire::VerificationOutcome::Unknown => "unknown",
            })
            .map(str::to_owned)
            .collect(),
    }
}

/// `None` if the code is no word of the wire.
pub(super) fn closed(officer_session: &PersonalText, closing: &Closing) -> Option<wire::ClosedRequest> {
    let code = match closing.code.as_deref() {
        Some(code) => Some(wire::ReferralCode::ALL.into_iter().find(|c| c.name() == code)?),
        None => None,
    };
    Some(wire::ClosedRequest { officer_session: officer_session.clone(), outcome: closing.outcome, code })
}

pub(super) fn decided_override(decided: &Override, decided_at: wire::Timestamp) -> wire::OverrideRequest {
    let offline_since = decided
        .offline_since
        .and_then(|seconds| i64::try_from(seconds).ok())
        .and_then(|seconds| wire::Timestamp::from_unix_millis(seconds.saturating_mul(1000)).ok());
    let online = offline_since.is_none();
    wire::OverrideRequest {
        visit: decided.visit.0,
        officer_session: online.then(|| decided.officer_session.clone()),
        officer: (!online).then(|| decided.pseudonym.clone()),
        offline_since,
        decided_at,
        reason: decided.reason,
        note: decided.note.clone(),
        // Nothing at all was read: an empty payload says so.
        reading: decided.reading.as_ref().map_or_else(
            || wire::Reading {
                source: wire::How::Camera,
                lines: Vec::new(),
                payload_hex: Some(PersonalText::default()),
                checks: Vec::new(),
            },
            reading,
        ),
    }
}

/// The `server_time` that every reply carries, milliseconds since 1970.
pub(super) fn server_time(body: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Timed {
        server_time: String,
    }
    parse_wire_time(&serde_json::from_slice::<Timed>(body).ok()?.server_time)
}

/// Rows of a zone as they are; what is no zone (a barcode's payload) in hex, because it may hold any character.
fn reading(read: &HandedReading) -> wire::Reading {
    let (source, checks) = (how(read.source), checks(&read.checks));
    let is_row = |line: &PersonalText| {
        line.expose(|text| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<'))
    };
    if !read.lines.is_empty() && read.lines.iter().all(is_row) {
        return wire::Reading { source, lines: read.lines.clone(), payload_hex: None, checks };
    }
    let mut payload = PersonalText::default();
    for line in &read.lines {
        line.expose(|text| text.bytes().for_each(|b| hex_digits(b).into_iter().for_each(|digit| payload.push(digit))));
    }
    wire::Reading { source, lines: Vec::new(), payload_hex: Some(payload), checks }
}

fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or('0'))
}

fn identifier(kind: IdentifierKind, value: &PersonalText) -> WireIdentifier {
    let kind = match kind {
        IdentifierKind::ANumber => IdentifierType::ANumber,
        IdentifierKind::Receipt => IdentifierType::Receipt,
    };
    WireIdentifier { r#type: kind, value: value.clone() }
}

const fn how(source: Source) -> wire::How {
    match source {
        Source::Serial => wire::How::Serial,
        Source::Camera => wire::How::Camera,
        Source::Keyed => wire::How::Keyed,
    }
}

fn checks(checks: &[Check]) -> Vec<wire::Check> {
    checks.iter().map(contract::wire_check).collect()
}

const fn field(field: wire::CheckField) -> CheckField {
    match field {
        wire::CheckField::DocumentNumber => CheckField::DocumentNumber,
        wire::CheckField::BirthDate => CheckField::BirthDate,
        wire::CheckField::ExpiryDate => CheckField::ExpiryDate,
        wire::CheckField::PersonalNumber => CheckField::PersonalNumber,
        wire::CheckField::Composite => CheckField::Composite,
    }
}

const fn verdict(verdict: wire::Verdict) -> Verdict {
    match verdict {
        wire::Verdict::Ok => Verdict::Ok,
        wire::Verdict::Disagrees => Verdict::Disagrees,
        wire::Verdict::Absent => Verdict::Absent,
    }
}

const fn member(member: wire::DocumentMember) -> &'static str {
    match member {
        wire::DocumentMember::PrimaryIdentifier => "primary_identifier",
        wire::DocumentMember::SecondaryIdentifier => "secondary_identifier",
        wire::DocumentMember::BirthDate => "birth_date",
    }
}

const fn found(record: wire::RecordFound) -> &'static str {
    match record {
        wire::RecordFound::Found => "found",
        wire::RecordFound::NotFound => "not_found",
        wire::RecordFound::Refer => "refer",
    }
}

const fn status(status: wire::DocumentStatus) -> &'static str {
    match status {
        wire::DocumentStatus::Valid => "valid",
        wire::DocumentStatus::Expired => "expired",
        wire::DocumentStatus::ReportedLost => "reported_lost",
        wire::DocumentStatus::Unknown => "unknown",
    }
}

/// An officer signed in offline has no session of the service.
fn session(session: Option<&PersonalText>) -> Option<PersonalText> {
    session.filter(|text| !text.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::{DocumentStatus, HandedReading, PersonalText, Record, Source, opened_referral, reading, wire};

    fn read(line: &str) -> wire::Reading {
        let lines = vec![PersonalText::from(line)];
        reading(&HandedReading { source: Source::Camera, lines, checks: Vec::new(), accepted: true })
    }

    #[test]
    fn rows_travel_as_rows_and_any_other_payload_in_hex() {
        assert!(read("C1USA0000007019<<").payload_hex.is_none());
        let barcode = read("@\nANSI é");
        assert!(barcode.lines.is_empty());
        barcode.payload_hex.expect("hex").expose(|hex| assert_eq!(hex, "400a414e534920c3a9"));
    }

    #[test]
    fn an_opened_referral_brings_what_the_service_said_of_the_document() {
        let text = concat!(
            "{\"visit\":\"00000000-0000-7000-8000-000000000001\",\"reference\":\"K03-9X1C\",\"lane\":\"A\",",
            "\"reason\":\"check_document\",\"verification_ids\":[],\"kiosk\":\"K03\",\"verifications\":[],",
            "\"inspection\":{\"id\":\"00000000-0000-7000-8000-000000000002\",\"record\":\"found\",",
            "\"document_status\":\"reported_lost\",\"mismatch\":[\"birth_date\"]},",
            "\"checkpoint\":\"\",\"server_time\":\"2026-11-25T20:00:00.000Z\"}"
        );
        let opened = opened_referral(serde_json::from_str(text).expect("as the wire has it"));
        let said = opened.inspection.expect("the inspection");
        assert_eq!((said.record, said.document_status), (Record::Found, DocumentStatus::ReportedLost));
        assert_eq!(said.mismatch, ["birth_date"]);
    }
}
