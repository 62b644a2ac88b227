//! The visit as it stands: the reading with its doubtful characters, every verdict, the record's answer, and what an
//! officer can do about it. A referral of another kiosk opens on the same page.

use super::{ask, page, zone};
use crate::event::Intent;
use crate::i18n::{Line, Msg};
use crate::kiosk::Kiosk;
use crate::officer::{Desk, Intent as Ask, OverrideReason};
use crate::screens::content::{
    Action, ChoiceStyle, Fact, Item, KeySize, Label, Picture, Role, ScreenContent, Tone, Value,
};
use crate::screens::words;
use crate::session::answers::{CodeAnswer, DocumentStatus, OpenedReferral, Record};
use crate::session::state::{Session, State};
use card_reader::fusion::{Fusion, Hint};
use card_reader::mrz::{Check, Verdict};
use card_reader::reader::{Reading, Source};
use card_reader::seal::Status;
use verification_api::personal::PersonalText;

/// Letters of a note.
const NOTE_KEYS: [&str; 3] = ["QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM.,"];

/// The override as far as it is decided.
pub(super) struct Deciding<'a> {
    pub(super) reason: Option<OverrideReason>,
    pub(super) note: &'a PersonalText,
    /// It is being written down: nothing else can be touched meanwhile.
    pub(super) waiting: bool,
}

pub(super) fn content(kiosk: &Kiosk, desk: &Desk, deciding: &Deciding<'_>) -> ScreenContent {
    let offline = desk.officer.as_ref().is_some_and(|officer| officer.offline_since.is_some());
    let offline = offline.then(|| Item::Status { tone: Tone::Care, line: Msg::OfficerOffline.into() });
    match (&desk.opened, &kiosk.visit) {
        (Some(referral), _) => of_visit(kiosk, Some(referral), deciding, offline),
        (None, Some(_)) => of_visit(kiosk, None, deciding, offline),
        (None, None) => page(Msg::OfficerNoVisitTitle)
            .help(Msg::OfficerNoVisitHelp)
            .maybe(offline)
            .item(Item::Picture(Picture::ToOfficer))
            .choices(ChoiceStyle::Quick, 2, card_reader(kiosk).into_iter().collect())
            .action(Action::new(Role::Forward, Msg::OpenReferral, ask(Ask::OpenReferral))),
    }
}

fn of_visit(
    kiosk: &Kiosk,
    referral: Option<&OpenedReferral>,
    &Deciding { reason, note, waiting }: &Deciding<'_>,
    offline: Option<Item>,
) -> ScreenContent {
    let Some(visit) = &kiosk.visit else { return page(Msg::OfficerNoVisitTitle) };
    let other = reason == Some(OverrideReason::Other);
    let content = match referral {
        // What was read here since it was opened comes before what another kiosk read.
        Some(referral) if visit.reading.is_none() => opened(referral).maybe(offline),
        _ => page(Msg::OfficerVisitTitle)
            .maybe(offline)
            .item(reading(kiosk, visit))
            .item(Item::Facts(facts(visit, other))),
    };
    let offered = visit.override_offered();
    let mut content = if offered {
        let reasons = OverrideReason::ALL.map(|each| {
            Action::new(Role::Choice, reason_words(each), ask(Ask::ChooseReason(each))).chosen(reason == Some(each))
        });
        content.item(Item::Caption(Msg::OverrideReason.into())).choices(ChoiceStyle::Quick, 2, reasons.into())
    } else {
        content.item(Item::Status { tone: Tone::Care, line: Msg::OverrideClosed.into() })
    };
    if other && offered {
        content = content
            .item(Item::Field {
                label: Msg::OverrideNote.into(),
                text: note.clone(),
                masked: false,
                active: true,
                action: None,
            })
            .keypad(
                KeySize::Compact,
                &NOTE_KEYS,
                Intent::Key,
                vec![
                    Action::key(' ', Intent::Key(' ')).id("key-space").worded(Msg::SpaceKey),
                    Action::new(Role::Key, Msg::Delete, Intent::Delete),
                ],
            );
    } else {
        let last = match referral {
            Some(_) => Action::new(Role::Choice, Msg::CloseReferral, ask(Ask::CloseReferral)),
            None => Action::new(Role::Choice, Msg::EndVisit, ask(Ask::EndVisit)),
        };
        let pull_up = Action::new(Role::Choice, Msg::PullUp, ask(Ask::PullUpRecord));
        let choices = [pull_up, last].into_iter().chain(card_reader(kiosk)).collect();
        content = content.item(Item::Fill).choices(ChoiceStyle::Quick, 2, choices);
    }
    let ready = reason.is_some() && offered && !(other && note.is_empty());
    let mut content = content
        .action(Action::new(Role::Secondary, Msg::Retry, ask(Ask::Retry)))
        .action(Action::new(Role::Secondary, Msg::KeyIn, ask(Ask::KeyIn)))
        .action(Action::new(Role::Grave, Msg::Refer, ask(Ask::Refer)))
        .action(Action::new(Role::Forward, Msg::Override, ask(Ask::Override)).enabled(ready));
    if waiting {
        content.actions.iter_mut().for_each(|action| action.enabled = false);
    }
    content
}

/// The way to the card in a motorised reader, where there is one.
fn card_reader(kiosk: &Kiosk) -> Option<Action> {
    (!kiosk.movers.is_empty()).then(|| Action::new(Role::Choice, Msg::CardTitle, ask(Ask::Card)))
}

/// The zone as read or guessed, with what became of it.
fn reading(kiosk: &Kiosk, visit: &Session) -> Item {
    let tries =
        Msg::OfficerReading.with("tries", u64::from(visit.failed_tries)).with("max", u64::from(kiosk.policy.max_tries));
    let failed = |visit: &Session| {
        visit.last_failure.map(|reason| (Msg::OfficerNotAccepted.with("reason", words::reason(reason)), Tone::Care))
    };
    match (&visit.reading, &visit.guess) {
        (Some(Reading::Zone(read)), _) => Item::Zone {
            caption: if read.source == Source::Keyed { Msg::OfficerReadingKeyed.into() } else { tries },
            verdict: Some((Msg::OfficerAccepted.into(), Tone::Good)),
            rows: zone::marked(&read.lines, &read.characters, Some(read.format), &read.checks, false),
            row: None,
        },
        (Some(Reading::Barcode(_)), _) => Item::Zone {
            caption: tries,
            verdict: Some((Msg::OfficerAccepted.into(), Tone::Good)),
            rows: Vec::new(),
            row: None,
        },
        (_, Some(guess)) => Item::Zone {
            caption: tries,
            verdict: failed(visit),
            rows: zone::marked(
                &guess.lines,
                &guess.characters,
                zone::layout(&guess.lines),
                &zone::verdicts(&guess.lines),
                false,
            ),
            row: None,
        },
        _ => Item::Zone {
            caption: tries,
            verdict: failed(visit).or(Some((Msg::OfficerReadingNone.into(), Tone::Plain))),
            rows: Vec::new(),
            row: None,
        },
    }
}

/// Verdicts, then what the document and the service say; with a note being typed there is room for little.
fn facts(visit: &Session, brief: bool) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(Reading::Zone(read)) = &visit.reading {
        facts.extend(read.checks.iter().filter(|_| !brief).map(verdict));
        facts.extend(name_confidence(&read.characters, zone::name_row(read.format)));
        facts.extend(
            read.deviations
                .iter()
                .filter(|_| !brief)
                .map(|deviation| fact(Msg::FieldDeviation, Value::Text(deviation.name.replace('_', " ")), Tone::Care)),
        );
        facts.extend(witnesses(&read.fusion));
    } else if let Some(Reading::Barcode(read)) = &visit.reading {
        facts.extend(witnesses(&read.fusion));
    } else if let Some(guess) = &visit.guess {
        facts.extend(zone::verdicts(&guess.lines).iter().filter(|_| !brief).map(verdict));
        let row = zone::layout(&guess.lines).map_or(0, zone::name_row);
        facts.extend(name_confidence(&guess.characters, row));
    }
    facts.push(match &visit.record {
        Some(answer) => {
            let tone = if answer.record == Record::Found { Tone::Good } else { Tone::Care };
            fact(Msg::FieldRecord, Value::Line(words::record(answer.record).into()), tone)
        }
        None => fact(Msg::FieldRecord, Value::Line(Msg::RecordNone.into()), Tone::Plain),
    });
    if brief {
        return facts;
    }
    if let Some(answer) = &visit.record {
        let tone = if answer.document_status == DocumentStatus::Valid { Tone::Good } else { Tone::Care };
        facts.push(fact(Msg::FieldStatus, Value::Line(words::status(answer.document_status).into()), tone));
        if !answer.mismatch.is_empty() {
            facts.push(fact(Msg::FieldMismatch, Value::Text(answer.mismatch.join(", ")), Tone::Care));
        }
    }
    if let Some(answer) = &visit.code_answer {
        let (words, tone) = match answer {
            CodeAnswer::Verified { clear: true, .. } => (Msg::CodeAnswerVerified, Tone::Good),
            CodeAnswer::Verified { clear: false, .. } => (Msg::CodeAnswerRefer, Tone::Care),
            CodeAnswer::NotVerified => (Msg::CodeAnswerNot, Tone::Care),
        };
        facts.push(fact(Msg::FieldCode, Value::Line(words.into()), tone));
        if let CodeAnswer::Verified { holder: Some(holder), .. } = answer {
            facts.push(fact(Msg::ConfirmName, Value::Personal(holder.primary_identifier.clone()), Tone::Plain));
        }
    }
    if let Some((_, number)) = &visit.identifier {
        facts.push(fact(Msg::FieldIdentifier, Value::Personal(number.clone()), Tone::Plain));
    }
    if let Some(document) = visit.reading.as_ref().and_then(words::document_of) {
        let name = Value::Personal(words::full_name(document));
        facts.insert(0, fact(words::document(document.document_type), name, Tone::Plain));
    }
    if visit.reading.as_ref().and_then(words::document_of).is_some_and(|document| document.general) {
        facts.push(fact(Msg::FieldLayout, Value::Line(Msg::LayoutGeneral.into()), Tone::Care));
    }
    facts.push(fact(Msg::FieldWhy, Value::Line(why(&visit.state).into()), Tone::Plain));
    facts
}

fn why(state: &State) -> Msg {
    match state {
        State::Referred { reason, .. } | State::Held { reason, .. } => words::why(*reason),
        State::StillThere { holds, .. } => why(holds),
        _ => Msg::WhyOpen,
    }
}

fn verdict(check: &Check) -> Fact {
    let tone = match check.verdict {
        Verdict::Ok => Tone::Good,
        Verdict::Disagrees => Tone::Bad,
        Verdict::Absent => Tone::Plain,
    };
    fact(words::check_field(check.field), Value::Line(words::verdict(check.verdict).into()), tone)
}

/// What barcodes and seals beside the zone say: a difference first of all, then what nothing is decided on.
fn witnesses(fusion: &Fusion) -> Vec<Fact> {
    let mut facts = Vec::new();
    if !fusion.fields.is_empty() {
        let differing: Vec<&str> = fusion.disagreements().collect();
        facts.push(if differing.is_empty() {
            fact(Msg::FieldBarcode, Value::Line(Msg::BarcodeAgrees.into()), Tone::Good)
        } else {
            let line = Msg::BarcodeDiffers.with("fields", differing.join(", "));
            fact(Msg::FieldBarcode, Value::Line(line), Tone::Bad)
        });
    }
    facts.extend(fusion.seals.iter().map(|seal| match seal.status {
        Status::NotChecked => fact(Msg::FieldSeal, Value::Line(Msg::SealNotChecked.into()), Tone::Plain),
        // The words of ICAO 9303-13 Appendix D, as they are.
        status => {
            let tone = if status.is_valid() { Tone::Good } else { Tone::Bad };
            let fields =
                if seal.differing.is_empty() { String::new() } else { format!(": {}", seal.differing.join(", ")) };
            fact(Msg::FieldSeal, Value::Text(format!("{}{fields}", status.name())), tone)
        }
    }));
    facts.extend(fusion.hints.iter().map(|hint| match hint {
        Hint::BoardingPass(pass) => {
            fact(Msg::FieldBoardingPass, Value::Personal(words::boarding_pass(pass)), Tone::Plain)
        }
        Hint::Receipt(number) => fact(Msg::FieldReceipt, Value::Personal(number.clone()), Tone::Plain),
        Hint::Vcb => fact(Msg::FieldOtherCode, Value::Line(Msg::CodeNotVerified.into()), Tone::Plain),
        Hint::VdsNc(seal) => {
            let line = Msg::CodeNoIdentity.with("kind", seal.kind.clone()).with("issuer", seal.issuer.clone());
            fact(Msg::FieldOtherCode, Value::Line(line), Tone::Plain)
        }
        Hint::Licence(licence) => fact(Msg::FieldLicence, Value::Line(words::licence(licence)), Tone::Plain),
    }));
    facts.extend(fusion.hints.iter().filter_map(|hint| match hint {
        Hint::Licence(licence) if !licence.missing.is_empty() => {
            Some(fact(Msg::FieldLicenceMissing, Value::Text(licence.missing.join(", ")), Tone::Care))
        }
        _ => None,
    }));
    facts
}

/// How certain the least certain character of the name is: no check digit covers it.
fn name_confidence(characters: &[Vec<f32>], row: usize) -> Option<Fact> {
    let least = characters.get(row)?.iter().copied().reduce(f32::min)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of one in hundredths")]
    let share = (least.clamp(0.0, 1.0) * 100.0).floor() as u64;
    let tone = if share >= 95 { Tone::Good } else { Tone::Care };
    Some(fact(Msg::FieldName, Value::Line(Msg::Percent.with("share", share)), tone))
}

fn fact(label: Msg, value: Value, tone: Tone) -> Fact {
    Fact { label: label.into(), value, tone }
}

const fn reason_words(reason: OverrideReason) -> Msg {
    match reason {
        OverrideReason::WornDocument => Msg::OverrideWorn,
        OverrideReason::NameMisread => Msg::OverrideName,
        OverrideReason::ReaderFault => Msg::OverrideFault,
        OverrideReason::Other => Msg::OverrideOther,
    }
}

/// A referral of another kiosk: nothing to retype.
fn opened(referral: &OpenedReferral) -> ScreenContent {
    let mut facts = vec![fact(Msg::FieldWhy, Value::Text(referral.reason.replace('_', " ")), Tone::Plain)];
    for (name, verdict) in &referral.checks {
        let tone = match verdict.as_str() {
            "ok" => Tone::Good,
            "absent" => Tone::Plain,
            _ => Tone::Bad,
        };
        let label = Label::Text(sentence(name));
        facts.push(Fact { label, value: Value::Text(verdict.clone()), tone });
    }
    if let Some(failure) = &referral.failure {
        facts.push(fact(Msg::FieldRecord, Value::Text(failure.replace('_', " ")), Tone::Care));
    }
    if let Some(number) = &referral.identifier {
        facts.push(fact(Msg::FieldIdentifier, Value::Personal(number.clone()), Tone::Plain));
    }
    for result in &referral.verifications {
        facts.push(fact(Msg::FieldCode, Value::Text(result.replace('_', " ")), Tone::Plain));
    }
    let title: Line = Msg::OfficerOpenedTitle.with("reference", referral.reference.0.clone());
    page(title)
        .help(Msg::OfficerOpenedHelp.with("kiosk", referral.kiosk.clone()).with("lane", referral.lane.clone()))
        .item(Item::Zone {
            caption: if referral.lines.is_empty() { Msg::OfficerReadingNone.into() } else { Msg::FieldDocument.into() },
            verdict: None,
            rows: zone::marked(&referral.lines, &[], zone::layout(&referral.lines), &[], false),
            row: None,
        })
        .item(Item::Facts(facts))
}

/// `document_number` as "Document number".
fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::witnesses;
    use crate::i18n::{Catalogs, Msg};
    use crate::screens::content::{Tone, Value};
    use crate::session::state::Language;
    use card_reader::fusion::{Comparison, Fusion, Hint, LicenceFacts, SealFinding};
    use card_reader::seal::{Reason, Status, VdsNc};

    #[test]
    fn an_officer_sees_which_fields_differ_and_what_the_seal_is() {
        let fusion = Fusion {
            fields: vec![Comparison { field: "birth_date", agrees: false }, Comparison { field: "sex", agrees: true }],
            seals: [Status::Invalid(Reason::SealVisaMismatch), Status::Valid, Status::NotChecked]
                .map(SealFinding::from)
                .to_vec(),
            hints: vec![Hint::Vcb],
        };
        let mut fusion = fusion;
        fusion.seals[0].differing = vec!["document_number", "birth_date"];
        let vds_nc = VdsNc { kind: "icao.vacc".into(), version: 1, issuer: "UTO".into(), algorithm: "ES256".into() };
        let licence = LicenceFacts { enhanced: true, real_id: Some(false), limited: true, missing: vec!["DAG", "DAJ"] };
        fusion.hints.extend([Hint::VdsNc(vds_nc), Hint::Licence(licence)]);
        let facts = witnesses(&fusion);
        assert_eq!(facts.len(), 8);
        assert!(matches!(facts[0].tone, Tone::Bad));
        let catalogs = Catalogs::load().expect("the languages");
        let words = catalogs.get(Language::English);
        assert!(matches!(&facts[0].value, Value::Line(line) if words.line(line) == "differs: birth_date"));
        assert!(
            matches!((&facts[1].value, &facts[1].tone), (Value::Text(t), Tone::Bad) if t == "SEAL_VISA_MISMATCH: document_number, birth_date")
        );
        assert!(matches!((&facts[2].value, &facts[2].tone), (Value::Text(t), Tone::Good) if t == "VALID"));
        assert!(matches!(&facts[3].value, Value::Line(line) if words.line(line) == words.text(Msg::SealNotChecked)));
        assert!(matches!(facts[4].tone, Tone::Plain));
        let said = |nth: usize| match &facts[nth].value {
            Value::Line(line) => words.line(line),
            Value::Text(text) => text.clone(),
            Value::Personal(_) => String::new(),
        };
        assert_eq!(said(5), "not an identity document: icao.vacc, UTO");
        assert_eq!(said(6), "enhanced, not REAL ID, limited term");
        assert_eq!(said(7), "DAG, DAJ");
    }
}
