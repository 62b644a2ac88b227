//! A traveler whose document is read, and what may keep it from being enough.

use card_reader::barcode::Symbology;
use kiosk_tests::harness::line::State;
use kiosk_tests::harness::people::{ANNA, CLARA, Person, STRANGER};
use kiosk_tests::harness::pictures::document;
use kiosk_tests::harness::post::{Options, Post, SOON, Site};
use kiosk_tests::harness::{OrTrouble, Outcome, ensure, wait};
use kiosk_tests::sim::{Act, Card, Model, Protocol, Simulator};

fn at_confirm(person: &Person) -> Outcome<Post> {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.insert(person.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    Ok(post)
}

#[test]
fn a_card_that_reads_completes_and_the_next_traveler_finds_nothing_of_it() -> Outcome {
    let mut post = at_confirm(&ANNA)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("document") && visit.inspections == ["found valid []"], || format!("{visit:?}"))?;
    post.hand()?.press("finish")?;
    post.kiosk.attract(SOON)?;

    // The same kiosk, another traveler with another kind of document. Anna's card still lies in the scanner.
    post.remove()?;
    post.begin("es")?;
    post.insert(CLARA.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    let visits = post.site.visits()?;
    ensure(visits.len() == 2 && visits[1].inspections == ["found valid []"], || format!("{visits:?}"))
}

#[test]
fn a_passport_held_before_the_camera_is_read() -> Outcome {
    let mut post = Post::open(&Options { camera: true, scanner: false, ..Options::default() })?;
    post.begin("en")?;
    post.site.tray.show(&document(&CLARA)?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("document") && visit.inspections == ["found valid []"], || format!("{visit:?}"))
}

#[test]
fn a_document_that_the_service_does_not_know_is_referred() -> Outcome {
    let mut post = at_confirm(&STRANGER)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Referred", SOON)?;
    let visit = post.site.visit("the referral", |visit| visit.reference.is_some())?;
    ensure(visit.never_completed() && visit.journal.contains(&"visit_referred check_document".to_owned()), || {
        format!("{visit:?}")
    })
}

#[test]
fn without_the_service_nobody_is_completed_and_the_traveler_is_asked_to_stay() -> Outcome {
    let mut post = at_confirm(&ANNA)?;
    post.site.line.set(State::Refusing);
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Held", SOON)?;
    let visit = post.site.visit("an officer called", |visit| visit.count("visit_held") == 1)?;
    ensure(visit.never_completed() && visit.count("record_not_answered") == 1, || format!("{visit:?}"))?;
    // Back again: the referral that was held is stored, nothing is approved afterwards.
    post.site.line.set(State::Up);
    post.kiosk.visit("Referred", SOON)?;
    let visit = post.site.visit("the referral", |visit| visit.reference.is_some())?;
    ensure(visit.never_completed() && visit.inspections.is_empty(), || format!("{visit:?}"))
}

#[test]
fn a_document_of_somebody_else_starts_over() -> Outcome {
    let mut post = at_confirm(&ANNA)?;
    post.hand()?.press("confirm-no")?;
    post.kiosk.attract(SOON)?;
    let visit = post.site.visit("its end", |visit| visit.count("visit_ended") == 1)?;
    ensure(visit.inspections.is_empty() && visit.never_completed(), || format!("{visit:?}"))
}

#[test]
fn a_scanner_pulled_out_between_visits_closes_the_kiosk_until_it_is_back() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    let scanner = post.site.scanner()?;
    scanner.act(kiosk_tests::sim::elyctis::Act::Unplug);
    post.kiosk.wait("out of service", SOON, |now| now.mode == "OutOfService")?;
    scanner.act(kiosk_tests::sim::elyctis::Act::Replug(None));
    post.kiosk.attract(SOON).map(|_| ())
}

/// A checkpoint with a reader of barcodes beside the slot, and Anna's card just read there.
fn at_confirm_with_barcodes() -> Outcome<(Post, Simulator)> {
    let mut site = Site::make(&Options::default())?;
    let path = site.folder().join("barcodes");
    let barcodes =
        Simulator::start(Protocol::Honeywell, &path, Model::default()).or_trouble(|| "no reader of barcodes")?;
    site.setup.more = format!(
        "[readers.barcodes]\nprotocol = \"honeywell\"\npath = {:?}\nsettle_ms = 50\n",
        path.display().to_string()
    );
    let mut post = site.open()?;
    wait::until_true("both readers", SOON, || {
        let is = |entry: &&serde_json::Value| entry["event"] == "device_ready";
        post.kiosk.journal().is_ok_and(|entries| entries.iter().filter(is).count() == 2)
    })?;
    post.begin("en")?;
    post.insert(ANNA.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    Ok((post, barcodes))
}

/// A licence's barcode as it would stand on Anna's card, with a birth date.
fn show(barcodes: &Simulator, born: &str) {
    let text = format!(
        "@\n\x1e\rANSI 636038080001DL00310073DLDAQ000000701\nDCSSPECIMEN\nDACANNA\nDADMARIA\nDBB{born}\nDBA11302035\nDBC2\r"
    );
    barcodes.act(Act::Insert(Card::Barcode(Symbology::Pdf417, text.into_bytes())));
}

#[test]
fn a_barcode_that_is_read_after_the_zone_and_disagrees_refers_the_traveler() -> Outcome {
    let (mut post, barcodes) = at_confirm_with_barcodes()?;
    show(&barcodes, "01021980");
    post.site.visit("the disagreement", |visit| visit.count("document_disagrees") == 1)?;
    ensure(post.kiosk.state().visit.as_deref() == Some("ConfirmDocument"), || "the traveler was made to wait")?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Referred", SOON)?;
    let visit = post.site.visit("the referral", |visit| visit.reference.is_some())?;
    let referred = visit.journal.contains(&"visit_referred check_document".to_owned());
    ensure(visit.never_completed() && referred && visit.inspections == ["found valid []"], || format!("{visit:?}"))
}

#[test]
fn a_barcode_that_disagrees_takes_back_a_visit_that_was_complete() -> Outcome {
    let (mut post, barcodes) = at_confirm_with_barcodes()?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    show(&barcodes, "01021980");
    post.kiosk.visit("Referred", SOON)?;
    let visit = post.site.visit("the referral", |visit| visit.count("visit_referred") == 1)?;
    let order = |event: &str| visit.journal.iter().position(|entry| entry == event);
    ensure(order("visit_completed document") < order("visit_referred check_document"), || format!("{visit:?}"))?;
    // The hand-over that said "complete" is gone with the one that took its place.
    ensure(visit.reference.is_none(), || format!("{visit:?}"))?;
    post.hand()?.press("finish")?;
    post.kiosk.attract(SOON).map(|_| ())
}

#[test]
fn a_barcode_that_is_read_after_the_zone_and_agrees_changes_nothing() -> Outcome {
    let (mut post, barcodes) = at_confirm_with_barcodes()?;
    show(&barcodes, "01011980");
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("document") && visit.count("document_disagrees") == 0, || format!("{visit:?}"))
}

/// A decoder that hangs cannot be ended, only left behind; the second one ends in a start anew, which the traveler of the
/// running visit does not see.
#[test]
fn two_decoders_left_behind_restart_the_kiosk_between_visits() -> Outcome {
    let mut site = Site::make(&Options { scanner: false, ..Options::default() })?;
    site.setup.more = format!("[camera]\nreplay = {:?}\ndecode_limit_ms = 1\n", site.tray.folder.display().to_string());
    let mut post = site.open()?;
    let process = post.kiosk.process_id();
    post.begin("en")?;
    post.site.tray.show(&document(&CLARA)?)?;
    let journaled = |post: &Post, event: &str| {
        post.kiosk.journal().is_ok_and(|entries| entries.iter().filter(|entry| entry["event"] == event).count() >= 2)
    };
    wait::until_true("two decoders left behind", SOON, || journaled(&post, "decoder_failed"))?;
    ensure(!journaled(&post, "kiosk_started"), || "restarted during a visit")?;
    post.kiosk.visit("PresentDocument", SOON).or_else(|_| post.kiosk.visit("Reading", SOON))?;
    post.site.tray.clear();
    // The touch has no answer to wait for: the program that would give it starts anew.
    drop(post.hand()?.press("start-over"));
    wait::until_true("the start anew", SOON, || journaled(&post, "kiosk_started"))?;
    post.kiosk.attract(SOON)?;
    ensure(post.kiosk.process_id() == process, || "another process")?;
    let entries = post.kiosk.journal()?;
    let causes: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["event"] == "kiosk_started")
        .filter_map(|entry| entry["cause"].as_str())
        .collect();
    ensure(causes.last() == Some(&"clean"), || format!("{causes:?}"))
}
