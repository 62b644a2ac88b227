//! Words for the vocabulary of readers and of the record service, and how numbers and times are written.

use crate::effect::MustAct;
use crate::i18n::{Line, Msg};
use crate::kiosk::Site;
use crate::session::answers::{DocumentStatus, Record};
use crate::session::state::{Contrast, Language, ReferralReason, TextSize};
use card_reader::barcode::bcbp::BoardingPass;
use card_reader::document::{Document, DocumentType};
use card_reader::fusion::LicenceFacts;
use card_reader::mrz::{CheckField, Verdict};
use card_reader::ocr::{Advice, Reason};
use card_reader::reader::{Fault, Reading};
use std::time::Duration;
use verification_api::personal::PersonalText;

pub(super) const fn document(kind: DocumentType) -> Msg {
    match kind {
        DocumentType::Passport => Msg::DocumentPassport,
        DocumentType::PassportCard => Msg::DocumentPassportCard,
        DocumentType::PermanentResidentCard => Msg::DocumentPermanentResidentCard,
        DocumentType::EmploymentAuthorization => Msg::DocumentEmploymentAuthorization,
        DocumentType::Visa => Msg::DocumentVisa,
        DocumentType::ReentryPermit => Msg::DocumentReentryPermit,
        DocumentType::RefugeeTravelDocument => Msg::DocumentRefugeeTravelDocument,
        DocumentType::DriverLicence => Msg::DocumentDriverLicence,
        DocumentType::NationalId => Msg::DocumentNationalId,
        DocumentType::CrewCertificate => Msg::DocumentCrewCertificate,
        DocumentType::EmergencyTravelDocument => Msg::DocumentEmergencyTravelDocument,
        DocumentType::Other => Msg::DocumentOther,
    }
}

/// What to do about what the camera sees: what it is, and how.
pub(super) const fn advice(advice: Advice) -> (Msg, Msg) {
    match advice {
        Advice::Closer => (Msg::AdviceCloser, Msg::AdviceCloserHelp),
        Advice::Farther => (Msg::AdviceFarther, Msg::AdviceFartherHelp),
        Advice::HoldStill => (Msg::AdviceHoldStill, Msg::AdviceHoldStillHelp),
        Advice::Tilt => (Msg::AdviceTilt, Msg::AdviceTiltHelp),
        Advice::MoreLight => (Msg::AdviceMoreLight, Msg::AdviceMoreLightHelp),
        Advice::WholeCard => (Msg::AdviceWholeCard, Msg::AdviceWholeCardHelp),
        Advice::TurnOver => (Msg::AdviceTurnOver, Msg::AdviceTurnOverHelp),
        Advice::RemoveCover => (Msg::AdviceRemoveCover, Msg::AdviceRemoveCoverHelp),
        Advice::AnotherDocument => (Msg::AdviceAnotherDocument, Msg::AdviceAnotherDocumentHelp),
    }
}

pub(super) const fn reason(reason: Reason) -> Msg {
    match reason {
        Reason::NoZone => Msg::ReasonNoZone,
        Reason::TooSmall => Msg::ReasonTooSmall,
        Reason::TooClose => Msg::ReasonTooClose,
        Reason::WrongSide => Msg::ReasonWrongSide,
        Reason::Blurred => Msg::ReasonBlurred,
        Reason::Moving => Msg::ReasonMoving,
        Reason::Glare => Msg::ReasonGlare,
        Reason::TooDark => Msg::ReasonTooDark,
        Reason::CutOff => Msg::ReasonCutOff,
        Reason::LowConfidence => Msg::ReasonLowConfidence,
        Reason::NotMrzText => Msg::ReasonNotMrzText,
    }
}

pub(super) const fn check_field(field: CheckField) -> Msg {
    match field {
        CheckField::DocumentNumber => Msg::FieldDocumentNumber,
        CheckField::BirthDate => Msg::FieldBirthDate,
        CheckField::ExpiryDate => Msg::FieldExpiryDate,
        CheckField::PersonalNumber => Msg::FieldPersonalNumber,
        CheckField::Composite => Msg::FieldComposite,
    }
}

pub(super) const fn verdict(verdict: Verdict) -> Msg {
    match verdict {
        Verdict::Ok => Msg::VerdictOk,
        Verdict::Disagrees => Msg::VerdictDisagrees,
        Verdict::Absent => Msg::VerdictAbsent,
    }
}

pub(super) const fn record(record: Record) -> Msg {
    match record {
        Record::Found => Msg::RecordFound,
        Record::NotFound => Msg::RecordNotFound,
        Record::Refer => Msg::RecordRefer,
    }
}

pub(super) const fn status(status: DocumentStatus) -> Msg {
    match status {
        DocumentStatus::Valid => Msg::StatusValid,
        DocumentStatus::Expired => Msg::StatusExpired,
        DocumentStatus::ReportedLost => Msg::StatusReportedLost,
        DocumentStatus::Unknown => Msg::StatusUnknown,
    }
}

/// For officers only.
pub(super) const fn why(reason: ReferralReason) -> Msg {
    match reason {
        ReferralReason::DocumentUnreadable => Msg::WhyDocumentUnreadable,
        ReferralReason::CheckDocument => Msg::WhyCheckDocument,
        ReferralReason::CodeNotVerified => Msg::WhyCodeNotVerified,
        ReferralReason::Technical => Msg::WhyTechnical,
        ReferralReason::AskedForOfficer => Msg::WhyAskedForOfficer,
        ReferralReason::Complete => Msg::WhyComplete,
    }
}

pub(super) const fn must_act(who: MustAct) -> Msg {
    match who {
        MustAct::Nobody => Msg::MustActNobody,
        MustAct::Traveler => Msg::MustActTraveler,
        MustAct::Officer => Msg::MustActOfficer,
        MustAct::Technician => Msg::MustActTechnician,
        MustAct::Vendor => Msg::MustActVendor,
    }
}

pub(super) const fn fault(fault: Fault) -> Msg {
    match fault {
        Fault::NotReachable => Msg::FaultNotReachable,
        Fault::NotResponding => Msg::FaultNotResponding,
        Fault::ProtocolErrors => Msg::FaultProtocol,
        Fault::Frozen => Msg::FaultFrozen,
        Fault::Black => Msg::FaultBlack,
        Fault::WrongSize => Msg::FaultWrongSize,
        Fault::Slow => Msg::FaultSlow,
        Fault::Unsupported => Msg::FaultUnsupported,
        Fault::ConfigRejected => Msg::FaultConfigRejected,
        Fault::SensorCovered => Msg::FaultSensorCovered,
        Fault::Jammed => Msg::FaultJammed,
        Fault::CardLeft => Msg::FaultCardLeft,
        Fault::BinFull => Msg::FaultBinFull,
        Fault::Mechanism => Msg::FaultMechanism,
    }
}

/// What a licence says of itself, in one line.
pub(super) fn licence(facts: &LicenceFacts) -> Line {
    let real_id = match facts.real_id {
        Some(true) => Msg::LicenceRealId,
        Some(false) => Msg::LicenceNoRealId,
        None => Msg::LicenceRealIdUnsaid,
    };
    let kind = if facts.enhanced { Msg::LicenceEnhanced } else { Msg::LicenceOrdinary };
    let term = if facts.limited { Msg::LicenceLimited } else { Msg::LicenceUnlimited };
    Msg::LicenceFacts.with("kind", kind).with("real_id", real_id).with("term", term)
}

pub(super) const fn text_size(size: TextSize) -> Msg {
    match size {
        TextSize::Normal => Msg::SizeNormal,
        TextSize::Large => Msg::SizeLarge,
        TextSize::Largest => Msg::SizeLargest,
    }
}

pub(super) const fn contrast(contrast: Contrast) -> Msg {
    match contrast {
        Contrast::Normal => Msg::ContrastNormal,
        Contrast::High => Msg::ContrastHigh,
        Contrast::Dark => Msg::ContrastDark,
    }
}

/// `07` of `K07`: the message says "Kiosk" itself.
pub(super) fn kiosk_number(site: &Site) -> String {
    site.number.strip_prefix('K').unwrap_or(&site.number).to_owned()
}

/// The site's directions in a language; the site's own order of languages is the fallback.
pub(super) fn directions(site: &Site, language: Language) -> Option<String> {
    site.directions.get(language.tag()).or_else(|| site.directions.values().next()).cloned()
}

/// A sentence with a place in it, or the one without if the site does not say where that is.
pub(super) fn at(place: &str, there: Line, anywhere: Msg) -> Line {
    if place.is_empty() { anywhere.into() } else { there }
}

/// `1:42`.
pub(super) fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// `12 d 04:11`.
pub(super) fn days(time: Duration) -> String {
    let seconds = time.as_secs();
    let clock = format!("{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60);
    if seconds < 86_400 { clock } else { format!("{} d {clock}", seconds / 86_400) }
}

/// Whole seconds from `now` to `until`, rounded up: a countdown ends with 1.
pub(super) fn seconds_left(now: Duration, until: Duration) -> u64 {
    until.saturating_sub(now).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// The document of a reading, if it is one of a document.
pub(super) fn document_of(reading: &Reading) -> Option<&Document> {
    match reading {
        Reading::Zone(zone) => Some(&zone.document),
        Reading::Barcode(barcode) => Some(&barcode.document),
        Reading::BackupCode(_) | Reading::Staff(_) => None,
    }
}

/// Name and first flight of a boarding pass.
pub(super) fn boarding_pass(pass: &BoardingPass) -> PersonalText {
    let flight = pass
        .legs
        .first()
        .map(|leg| leg.flight.expose(|flight| PersonalText::new(format!("{flight} {}-{}", leg.from, leg.to))));
    joined([Some(&pass.name), flight.as_ref()].into_iter().flatten(), false)
}

/// The whole name as an officer reads it.
pub(super) fn full_name(document: &Document) -> PersonalText {
    joined([document.secondary_identifier.as_ref(), document.primary_identifier.as_ref()].into_iter().flatten(), false)
}

/// A name that its owner recognises and a stranger cannot read: first letters, then dots.
pub(super) fn masked_name(document: &Document) -> PersonalText {
    joined([document.secondary_identifier.as_ref(), document.primary_identifier.as_ref()].into_iter().flatten(), true)
}

fn joined<'a>(parts: impl Iterator<Item = &'a PersonalText>, masked: bool) -> PersonalText {
    let mut name = PersonalText::default();
    for part in parts {
        part.expose(|part| {
            for word in part.split([' ', '<']).filter(|word| !word.is_empty()) {
                if !name.is_empty() {
                    name.push(' ');
                }
                for (at, letter) in word.chars().enumerate() {
                    match (masked, at) {
                        (false, _) | (true, 0) => name.push(letter),
                        // The number of dots does not give the length away.
                        (true, 1..=3) => name.push('•'),
                        (true, _) => {}
                    }
                }
            }
        });
    }
    name
}
