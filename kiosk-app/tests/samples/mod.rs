//! A kiosk in every mode and state, with made-up people: for the tests of the screens and for looking at them.

#![allow(dead_code, clippy::expect_used, reason = "shared by a test and an example, which use different parts")]

use card_reader::document::{Document, DocumentType, Sex};
use card_reader::mrz::{Check, CheckField, Format, Verdict};
use card_reader::ocr::{Advice, Evidence, Guess, Point, Reason};
use card_reader::reader::{DeviceId, DeviceStatus, Fault, Reading, Source, ZoneReading};
use iced::Size;
use iced::widget::image::Handle;
use kiosk_app::diagnostics::{self, Diagnostics, MockStage, Report, Row};
use kiosk_app::effect::MustAct;
use kiosk_app::event::StaffId;
use kiosk_app::i18n::Catalogs;
use kiosk_app::kiosk::{Device, Fitted, Kiosk, Mode, Site, Why};
use kiosk_app::officer::{self, Desk, KeyIn, OverrideReason, SignIn, SignInField, SignedIn};
use kiosk_app::screens::{Look, Preview, Stage};
use kiosk_app::session::answers::{DocumentStatus, OpenedReferral, Record, RecordAnswer};
use kiosk_app::session::policy::Policy;
use kiosk_app::session::state::{
    CodeEntry, CompletedBy, IdentifierEntry, IdentifierKind, Language, Overlay, Reference, ReferralReason, RequestId,
    Session, Settings, State, VisitId,
};
use std::time::Duration;
use uuid::Uuid;
use verification_api::personal::PersonalText;

const NOW: Duration = Duration::from_secs(1000);
/// A card of the layout of I-551 with a fictitious holder.
const ROWS: [&str; 3] =
    ["C1USA0000007010SRC0000000701<<", "8001014F3001019UTO<<<<<<<<<<<7", "SPECIMEN<<ANNA<MARIA<<<<<<<<<<"];

/// A kiosk with a name for its picture.
pub struct Sample {
    pub name: &'static str,
    pub kiosk: Kiosk,
    /// With a camera's picture.
    pub camera: bool,
    /// While the card slides in.
    pub moving: bool,
}

/// The look of the 21.5" panel.
pub fn look() -> Look {
    let catalogs = Catalogs::load().expect("the catalogues parse");
    let mut look = Look::new(catalogs, Language::English, 0.248, Size::new(1080.0, 1920.0));
    look.stages = ["frame", "zone", "rectified", "cells"]
        .into_iter()
        .enumerate()
        .map(|(at, name)| Stage { name: name.to_owned(), handle: picture(220, 150, at as u32) })
        .collect();
    look
}

/// What a sample needs of the look.
pub fn prepare(look: &mut Look, sample: &Sample) {
    look.preview = sample.camera.then(preview);
    look.motion = if sample.moving { Duration::from_millis(800) } else { kiosk_app::screens::MOTION };
}

/// The camera's picture, for samples that have one.
pub fn preview() -> Preview {
    Preview { handle: picture(640, 480, 9), frame: (1280.0, 960.0) }
}

/// A picture of a card on a desk, or of stripes as the stages show them.
fn picture(width: u32, height: u32, kind: u32) -> Handle {
    let mut pixels = Vec::with_capacity((width * height * 4) as usize);
    for y in 0..height {
        for x in 0..width {
            let grey = if kind == 9 {
                let on_card = (90..550).contains(&x) && (95..385).contains(&y);
                let on_zone = (110..530).contains(&x) && (300..370).contains(&y) && y % 24 < 14 && x % 14 < 9;
                match (on_card, on_zone) {
                    (_, true) => 40,
                    (true, _) => 225,
                    _ => 70 + (x * y / 4000 % 30) as u8,
                }
            } else if (x / (4 + 22 / (kind + 1))).is_multiple_of(2) {
                60
            } else {
                180
            };
            pixels.extend([grey, grey, grey.saturating_add(8), 255]);
        }
    }
    Handle::from_rgba(width, height, pixels)
}

fn site() -> Site {
    Site {
        number: "K07".into(),
        lane: "B".into(),
        gate: "Gate 3".into(),
        counter: "counter 2".into(),
        directions: [
            ("en".to_owned(), "Follow the blue line on the floor.".to_owned()),
            ("es".to_owned(), "Siga la línea azul del suelo.".to_owned()),
        ]
        .into(),
    }
}

pub fn kiosk() -> Kiosk {
    let mut kiosk = Kiosk::new(site(), Policy::default(), [Fitted { device: DeviceId("scanner".into()), reads: true }]);
    kiosk.devices.insert(DeviceId("scanner".into()), Device::Ready { identity: "Elyctis IDBOX One".into() });
    kiosk.now = NOW;
    kiosk
}

fn visit(state: State) -> Session {
    let mut visit =
        Session::new(VisitId(Uuid::from_u128(0x0193_5B1C_7777_7000_8000_0000_0000_4A2C)), Settings::default(), NOW);
    visit.state = state;
    visit
}

fn document() -> Document {
    Document {
        document_type: DocumentType::PermanentResidentCard,
        document_number: Some("000000701".into()),
        primary_identifier: Some("SPECIMEN".into()),
        secondary_identifier: Some("ANNA MARIA".into()),
        name_truncated: false,
        issuer: Some("USA".into()),
        nationality: None,
        birth_country: Some("UTO".into()),
        birth_date: Some("1980-01-01".into()),
        sex: Some(Sex::F),
        expiry_date: Some("2030-01-01".into()),
        a_number: Some("A000000701".into()),
        card_number: Some("SRC0000000701".into()),
        specimen: true,
        general: false,
    }
}

fn checks() -> Vec<Check> {
    [CheckField::DocumentNumber, CheckField::BirthDate, CheckField::ExpiryDate, CheckField::Composite]
        .map(|field| Check { field, verdict: Verdict::Ok, printed: '7', computed: '7' })
        .into()
}

fn read() -> Reading {
    Reading::Zone(Box::new(ZoneReading {
        source: Source::Camera,
        format: Format::Td1,
        lines: ROWS.map(PersonalText::from).into(),
        checks: checks(),
        deviations: Vec::new(),
        document: document(),
        characters: confidences(&[]),
        quad: None,
        barcode_agrees: None,
        fusion: card_reader::fusion::Fusion::default(),
    }))
}

fn confidences(doubtful: &[usize]) -> Vec<Vec<f32>> {
    (0..3).map(|row| (0..30).map(|at| if row == 2 && doubtful.contains(&at) { 0.61 } else { 0.99 }).collect()).collect()
}

fn quad() -> card_reader::ocr::Quad {
    let at = |x: f32, y: f32| Point { x, y };
    [at(210.0, 590.0), at(1070.0, 596.0), at(1068.0, 748.0), at(208.0, 742.0)]
}

fn with(name: &'static str, visit: Session) -> Sample {
    let mut kiosk = kiosk();
    kiosk.visit = Some(visit);
    Sample { name, kiosk, camera: false, moving: false }
}

fn of(name: &'static str, state: State) -> Sample {
    with(name, visit(state))
}

fn seen(mut sample: Sample) -> Sample {
    sample.camera = true;
    sample
}

fn read_visit(state: State) -> Session {
    let mut visit = visit(state);
    visit.reading = Some(read());
    visit
}

/// The traveler's screens.
pub fn traveler() -> Vec<Sample> {
    let request = RequestId(Uuid::from_u128(1));
    let reference = Reference("K07-4M2P".into());
    let since = NOW - Duration::from_secs(3);
    let mut again = visit(State::PresentDocument { advice: None, quad: None });
    again.failed_tries = 1;
    let number = || PersonalText::from("A000000701");
    let mut verifying = visit(State::Verifying { request, since });
    verifying.identifier = Some((IdentifierKind::ANumber, number()));
    let code = |groups, closed: &[&str], open: &str, wrong| CodeEntry {
        groups,
        closed: closed.iter().map(|group| PersonalText::from(*group)).collect(),
        open: open.into(),
        wrong,
    };
    let number_entry = |kind, typed: &str, confirming: Option<&str>, refused| {
        State::Identifier(IdentifierEntry {
            kind,
            typed: typed.into(),
            confirming: confirming.map(PersonalText::from),
            refused,
        })
    };
    let overlaid = |name, overlay, state| {
        let mut visit = visit(state);
        visit.overlay = Some(overlay);
        with(name, visit)
    };
    let mut found =
        read_visit(State::Complete { by: CompletedBy::Document, since, reference: Some(reference.clone()) });
    found.record = Some(RecordAnswer {
        record: Record::Found,
        document_status: DocumentStatus::Valid,
        mismatch: Vec::new(),
        gate: Some("Gate 3".into()),
    });
    let present = |advice, quad| State::PresentDocument { advice, quad };
    let mut test_mode = of("02-language-test-mode", State::Language);
    test_mode.kiosk.policy.test_mode = true;
    let mut out = Sample { name: "19-out-of-service", kiosk: kiosk(), camera: false, moving: false };
    out.kiosk.mode = Mode::OutOfService(Why::NoReader);
    let held =
        |storing, officer_called| State::Held { reason: ReferralReason::Technical, since, storing, officer_called };
    vec![
        Sample { name: "01-attract", kiosk: kiosk(), camera: false, moving: false },
        Sample { name: "01-attract-moving", kiosk: kiosk(), camera: false, moving: true },
        of("02-language", State::Language),
        test_mode,
        of("03-present", present(None, None)),
        of("03-present-advice", present(Some(Advice::Tilt), None)),
        with("03-present-again", again),
        seen(of("03-present-camera", present(Some(Advice::HoldStill), Some(quad())))),
        of("04-reading", State::Reading { since, advice: None, quad: None }),
        seen(of("04-reading-camera", State::Reading { since, advice: Some(Advice::Tilt), quad: Some(quad()) })),
        with("05-confirm", read_visit(State::ConfirmDocument)),
        with("06-looking-up", read_visit(State::LookingUp { request, since })),
        with("06-looking-up-slow", read_visit(State::LookingUp { request, since: NOW - Duration::from_secs(7) })),
        of("07-a-number", number_entry(IdentifierKind::ANumber, "00000", None, false)),
        of("07-a-number-refused", number_entry(IdentifierKind::ANumber, "00000", None, true)),
        of("07-receipt", number_entry(IdentifierKind::Receipt, "SRC00000", None, false)),
        of("07-receipt-online", number_entry(IdentifierKind::Receipt, "IOE0912345", None, false)),
        of("08-confirm-number", number_entry(IdentifierKind::ANumber, "701", Some("A000000701"), false)),
        of("08-confirm-receipt", number_entry(IdentifierKind::Receipt, "SRC0000000701", Some("SRC0000000701"), false)),
        of("09-code", State::BackupCode(code(4, &["7KQ25", "M4PXX"], "9AB", false))),
        of("09-code-empty", State::BackupCode(CodeEntry::new(4))),
        of("09-code-wrong", State::BackupCode(code(4, &["7KQ25", "M4PXX"], "9ABCH", true))),
        of("09-code-six", State::BackupCode(code(6, &["7KQ25"], "M", false))),
        of("09-code-whole", State::BackupCode(code(4, &["7KQ25", "M4PXX", "9ABCG", "WXYZF"], "", false))),
        with("10-verifying", verifying),
        of("11-not-verified", State::NotVerified),
        with("12-complete", found),
        of("12-complete-storing", State::Complete { by: CompletedBy::Code, since, reference: None }),
        of(
            "12-complete-officer",
            State::Complete { by: CompletedBy::Officer, since, reference: Some(reference.clone()) },
        ),
        of("13-referred", State::Referred { reason: ReferralReason::CheckDocument, since, reference }),
        of("14-held-storing", held(true, false)),
        of("14-held", held(false, false)),
        of("14-held-called", held(false, true)),
        of(
            "15-still-there",
            State::StillThere { holds: Box::new(present(None, None)), until: NOW + Duration::from_secs(22) },
        ),
        overlaid("16-help", Overlay::Help, present(None, None)),
        overlaid("17-privacy", Overlay::Privacy, State::Language),
        overlaid("18-settings", Overlay::Settings, State::NotVerified),
        out,
    ]
}

fn desk(page: officer::Page) -> Desk {
    Desk {
        staff: StaffId(1),
        page,
        officer: Some(SignedIn {
            session: "session".into(),
            pseudonym: "officer-7".into(),
            since: NOW - Duration::from_secs(102),
            offline_since: None,
        }),
        last_input: NOW - Duration::from_secs(62),
        notice: None,
        opened: None,
    }
}

fn at_desk(name: &'static str, desk: Desk, visit: Option<Session>) -> Sample {
    let mut kiosk = kiosk();
    kiosk.mode = Mode::Officer(Box::new(desk));
    kiosk.visit = visit;
    Sample { name, kiosk, camera: false, moving: false }
}

/// With a motorised reader in which a card was left.
fn with_motor(mut sample: Sample) -> Sample {
    let motor = DeviceId("motor".into());
    sample.kiosk.devices.insert(motor.clone(), Device::Ready { identity: "CRT-571".into() });
    sample.kiosk.movers.insert(motor.clone());
    sample.kiosk.cards_left.insert(motor);
    sample
}

/// The officer's screens.
pub fn officer() -> Vec<Sample> {
    let sign_in = |field, notice| {
        let page = officer::Page::SignIn(SignIn { badge: "40017".into(), pin: "1234".into(), field, waiting: false });
        Desk { officer: None, notice, ..desk(page) }
    };
    let page = |reason, note: &str| officer::Page::Visit { reason, note: note.into(), waiting: false };
    let failed = || {
        let mut visit = visit(State::Held {
            reason: ReferralReason::DocumentUnreadable,
            since: NOW,
            storing: false,
            officer_called: false,
        });
        visit.failed_tries = 3;
        visit.last_failure = Some(Reason::LowConfidence);
        visit.guess = Some(Guess {
            lines: ROWS.map(PersonalText::from).into(),
            characters: confidences(&[6, 13]),
            quad: quad(),
            evidence: Evidence::default(),
        });
        visit.reference = Some(Reference("K07-4M2P".into()));
        visit
    };
    let mut mismatch = read_visit(State::Referred {
        reason: ReferralReason::CheckDocument,
        since: NOW,
        reference: Reference("K07-4M2P".into()),
    });
    mismatch.record = Some(RecordAnswer {
        record: Record::Found,
        document_status: DocumentStatus::Expired,
        mismatch: vec!["expiry_date".into()],
        gate: None,
    });
    let keyed = |rows: [&str; 3], verdict, malformed: Option<&str>| {
        officer::Page::KeyIn(KeyIn {
            format: Format::Td1,
            rows: rows.map(PersonalText::from).into(),
            row: 1,
            checks: checks()
                .into_iter()
                .map(|check| if check.field == CheckField::BirthDate { Check { verdict, ..check } } else { check })
                .collect(),
            malformed: malformed.map(str::to_owned),
            waiting: false,
        })
    };
    let mut referral = desk(page(None, ""));
    referral.opened = Some(Box::new(OpenedReferral {
        visit: VisitId(Uuid::from_u128(7)),
        reference: Reference("K03-9X1C".into()),
        kiosk: "K03".into(),
        lane: "A".into(),
        reason: "document_unreadable".into(),
        lines: ROWS.map(PersonalText::from).into(),
        checks: ["document_number", "birth_date", "expiry_date", "composite"]
            .map(|field| (field.to_owned(), if field == "composite" { "disagrees" } else { "ok" }.to_owned()))
            .into(),
        identifier: Some("A000000701".into()),
        failure: Some("low_confidence".into()),
        inspection: None,
        verifications: vec!["not_verified".into()],
    }));
    let pull_up = visit(State::Identifier(IdentifierEntry {
        kind: IdentifierKind::ANumber,
        typed: "0000".into(),
        confirming: None,
        refused: false,
    }));
    let pull_up_code = visit(State::BackupCode(CodeEntry::new(4)));
    let mut offline = desk(page(None, ""));
    if let Some(officer) = &mut offline.officer {
        officer.offline_since = Some(1);
    }
    vec![
        at_desk("30-officer-sign-in", sign_in(SignInField::Badge, None), None),
        at_desk("30-officer-sign-in-refused", sign_in(SignInField::Pin, Some(officer::Notice::SignInRefused)), None),
        at_desk("31-officer-visit", desk(page(Some(OverrideReason::WornDocument), "")), Some(failed())),
        at_desk("31-officer-visit-note", desk(page(Some(OverrideReason::Other), "CHIP")), Some(failed())),
        at_desk(
            "31-officer-visit-deciding",
            desk(officer::Page::Visit {
                reason: Some(OverrideReason::WornDocument),
                note: PersonalText::default(),
                waiting: true,
            }),
            Some(failed()),
        ),
        at_desk("31-officer-visit-mismatch", desk(page(None, "")), Some(mismatch)),
        at_desk("31-officer-visit-offline", offline, Some(read_visit(State::ConfirmDocument))),
        at_desk("32-officer-no-visit", desk(page(None, "")), None),
        at_desk(
            "33-officer-key-in",
            desk(keyed([ROWS[0], "8001019F3001019", ""], Verdict::Disagrees, Some("row 2"))),
            Some(failed()),
        ),
        at_desk("33-officer-key-in-whole", desk(keyed(ROWS, Verdict::Ok, None)), Some(failed())),
        at_desk("34-officer-refer", desk(officer::Page::Refer { code: Some("CD".into()) }), Some(failed())),
        at_desk(
            "35-officer-open",
            Desk {
                notice: Some(officer::Notice::ReferralNotFound),
                ..desk(officer::Page::OpenReferral { typed: "K03-9X1".into(), waiting: false })
            },
            None,
        ),
        at_desk("36-officer-opened", referral, Some(visit(State::Language))),
        with_motor(at_desk("31-officer-visit-motor", desk(page(None, "")), Some(failed()))),
        with_motor(at_desk("32-officer-no-visit-motor", desk(page(None, "")), None)),
        with_motor(at_desk("38-officer-card", desk(officer::Page::Card { keep_asked: false }), None)),
        with_motor(at_desk("38-officer-card-keep", desk(officer::Page::Card { keep_asked: true }), Some(failed()))),
        at_desk("37-officer-pull-up", desk(officer::Page::PullUp), Some(pull_up)),
        at_desk("37-officer-pull-up-code", desk(officer::Page::PullUp), Some(pull_up_code)),
    ]
}

fn report() -> Report {
    let device = |id: &str, kind, fault, ready, identity: &str, facts: &str, good, failed| DeviceStatus {
        device: DeviceId(id.into()),
        kind,
        reads: true,
        fault,
        ready,
        identity: identity.into(),
        good_reads: good,
        failed_reads: failed,
        reconnects: u64::from(fault.is_some()),
        faults: u64::from(fault.is_some()),
        facts: facts.into(),
    };
    let row =
        |name: &str, facts: &str, ok, must_act| Some(Row { name: name.into(), facts: facts.into(), ok, must_act });
    Report {
        version: "0.1.0".into(),
        commit: "3f9c2ab".into(),
        machine_id: "4f1e-77".into(),
        clock: "in step".into(),
        uptime: Duration::from_secs(12 * 86_400 + 4 * 3600 + 660),
        last_boot: "clean".into(),
        devices: vec![
            device("scanner", "elyctis", None, true, "Elyctis IDBOX One", "firmware 2.1.7", 4812, 37),
            device(
                "camera",
                "v4l2",
                None,
                true,
                "USB camera",
                "1280×960 MJPG 30/s · sharpness 0.82 · gap 41 ms",
                311,
                12,
            ),
            device("imager", "serial", Some(Fault::NotResponding), false, "Access-IS", "", 0, 0),
        ],
        service: row("service", "name 2 ms · connect 9 ms · handshake 24 ms · answer 31 ms", true, MustAct::Nobody),
        certificate: row("certificate", "5 days left, renews in 2 days", true, MustAct::Technician),
        journal: row("journal", "sequence 88412 · chain verified · 61 % free", true, MustAct::Nobody),
        log: None,
        outbox: None,
        tests: vec![Row {
            name: "scanner".into(),
            facts: "answered in 14 ms, version 2.1.7".into(),
            ok: true,
            must_act: MustAct::Nobody,
        }],
        stages: vec![("frame".into(), 0), ("zone".into(), 6), ("rectified".into(), 9), ("cells".into(), 11)],
    }
}

fn technicians(name: &'static str, page: diagnostics::Page, notice: Option<diagnostics::Notice>) -> Sample {
    let mut kiosk = kiosk();
    let signed_in = !matches!(page, diagnostics::Page::SignIn { .. });
    let report =
        if signed_in { report() } else { Report { version: "0.1.0".into(), commit: "3f9c2ab".into(), ..report() } };
    kiosk.mode = Mode::Diagnostics(Box::new(Diagnostics { page, notice, last_input: NOW, report, running: None }));
    Sample { name, kiosk, camera: false, moving: false }
}

/// With overrides that another key has sealed.
fn with_sealed_overrides(mut sample: Sample) -> Sample {
    if let Mode::Diagnostics(mode) = &mut sample.kiosk.mode {
        let facts = "1 of 2 overrides do not open with this key; put back the [outbox] key that sealed them, or tell the agency";
        mode.report.outbox =
            Some(Row { name: "outbox".into(), facts: facts.into(), ok: false, must_act: MustAct::Technician });
    }
    sample
}

/// The technician's screens.
pub fn technician() -> Vec<Sample> {
    let name = || "technician-3".to_owned();
    let read = || "TD1 permanent_resident_card".to_owned();
    vec![
        technicians(
            "40-tech-sign-in",
            diagnostics::Page::SignIn { credential: None, pin: PersonalText::default(), waiting: false },
            None,
        ),
        technicians(
            "40-tech-sign-in-pin",
            diagnostics::Page::SignIn { credential: Some("TC1:x".into()), pin: "12345".into(), waiting: false },
            Some(diagnostics::Notice::CredentialRefused),
        ),
        technicians("41-tech-overview", diagnostics::Page::Overview { technician: name() }, None),
        with_sealed_overrides(technicians(
            "41-tech-overview-outbox",
            diagnostics::Page::Overview { technician: name() },
            None,
        )),
        seen(technicians("42-tech-camera", diagnostics::Page::Camera { technician: name() }, None)),
        technicians(
            "43-tech-mock",
            diagnostics::Page::Mock { technician: name(), stage: MockStage::PresentCard },
            None,
        ),
        technicians(
            "43-tech-mock-done",
            diagnostics::Page::Mock {
                technician: name(),
                stage: MockStage::Done { read: read(), answered: true, detail: "Answered in 31 ms: refer".into() },
            },
            None,
        ),
    ]
}

/// Every screen.
pub fn all() -> Vec<Sample> {
    [traveler(), officer(), technician()].into_iter().flatten().collect()
}
