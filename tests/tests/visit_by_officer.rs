//! An officer takes over at the kiosk.

use kiosk_tests::harness::line::State;
use kiosk_tests::harness::people::{ANNA, STRANGER};
use kiosk_tests::harness::post::{BADGE, Options, Post, SOON, Site};
use kiosk_tests::harness::process::run;
use kiosk_tests::harness::programs::program;
use kiosk_tests::harness::wait::until_true;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use kiosk_tests::sim::{Act, Card, Model, Protocol, Simulator};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

#[test]
fn an_officer_overrides_a_failed_scan_with_a_reason() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.fail_to_read(&ANNA, 1)?;
    post.sign_in()?;
    ensure(!post.kiosk.state().targets.contains_key("override"), || "an override without a reason is offered")?;
    post.hand()?.press("override-worn")?;
    post.hand()?.press("override")?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the override at the service", |visit| visit.overrides == ["worn_document"])?;
    let decided = visit.journal.iter().position(|line| line.starts_with("override_decided"));
    let completed = visit.journal.iter().position(|line| line == "visit_completed officer");
    ensure(decided.is_some() && decided < completed, || format!("completed before it was decided: {visit:?}"))
}

#[test]
fn an_override_is_done_before_the_network_has_it() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.fail_to_read(&ANNA, 1)?;
    post.sign_in()?;
    post.hand()?.press("override-worn")?;
    post.site.line.set(State::Silent);
    post.hand()?.press("override")?;
    // A call that nobody answers takes twelve seconds.
    post.kiosk.visit("Complete", Duration::from_secs(6))?;
    ensure(post.site.visit("the visit", |_| true)?.overrides.is_empty(), || "the service has it through a dead line")?;
    post.site.line.set(State::Up);
    until_true("the override at the service", Duration::from_secs(80) + SOON, || {
        post.site.visits().is_ok_and(|visits| visits.iter().any(|visit| visit.overrides == ["worn_document"]))
    })
}

#[test]
fn no_override_is_offered_against_the_record() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.insert(STRANGER.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Referred", SOON)?;
    post.sign_in()?;
    let targets = post.kiosk.state().targets;
    ensure(!targets.contains_key("override-worn") && targets.contains_key("refer"), || {
        format!("offered: {:?}", targets.keys().collect::<Vec<_>>())
    })
}

#[test]
fn a_wrong_pin_opens_nothing() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.hold_corner()?;
    post.hand()?.type_text(BADGE)?;
    post.hand()?.press("pin")?;
    post.hand()?.type_text("135791")?;
    post.hand()?.press("sign-in")?;
    post.kiosk.wait("the refusal", SOON, |now| {
        now.mode == "Officer" && now.targets.contains_key("badge") && !now.targets.contains_key("sign-in")
    })?;
    until_true("the journal's word", SOON, || {
        post.kiosk.journal().is_ok_and(|entries| entries.iter().any(|entry| entry["event"] == "officer_refused"))
    })?;
    ensure(!post.kiosk.state().targets.contains_key("open-referral"), || "the desk opened")
}

#[test]
fn an_officer_keys_the_zone_in_by_hand() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.fail_to_read(&ANNA, 1)?;
    post.sign_in()?;
    post.hand()?.press("key-in")?;
    let rows = ANNA.zone()?;
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            post.hand()?.press(&format!("row-{at}"))?;
        }
        post.hand()?.type_text(row)?;
    }
    post.hand()?.press("key-in-submit")?;
    let visit = post.site.visit("the inspection", |visit| visit.completed("document"))?;
    ensure(visit.inspections == ["found valid []"] && visit.overrides.is_empty(), || format!("{visit:?}"))
}

#[test]
fn a_referral_is_opened_by_its_reference_with_nothing_to_retype() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.fail_to_read(&ANNA, 1)?;
    post.hand()?.press("present-cannot")?;
    post.hand()?.press("no-code")?;
    post.kiosk.visit("Referred", SOON)?;
    let referred = post.site.visit("the referral", |visit| visit.reference.is_some())?;
    let reference = referred.reference.or_trouble(|| "no reference")?;
    post.hand()?.press("finish")?;
    post.kiosk.attract(SOON)?;

    // Without a visit the desk asks for a reference at once.
    post.sign_in()?;
    // Typed with its dash, as the traveler shows it.
    for key in reference.chars() {
        post.hand()?.press(&format!("key-{key}"))?;
    }
    post.hand()?.press("open-submit")?;
    post.kiosk.wait("the referral's page", SOON, |now| now.targets.contains_key("close-referral"))?;
    post.hand()?.press("override-worn")?;
    post.hand()?.press("override")?;
    let visits = post.site.visit("the override", |visit| visit.overrides == ["worn_document"])?;
    ensure(visits.id == referred.id, || format!("overridden under another visit: {visits:?}"))
}

/// A checkpoint whose motorised reader holds a card from before a power cut, and is at rest.
fn with_a_card_left_inside() -> Outcome<(Post, Simulator)> {
    let mut site = Site::make(&Options::default())?;
    let path = site.folder().join("motor");
    let motor = Simulator::start(Protocol::Crt571, &path, Model::default()).or_trouble(|| "no motorised reader")?;
    site.setup.more = format!("[readers.motor]\nprotocol = \"crt571\"\npath = {:?}\n", path.display().to_string());
    let mut post = site.open()?;
    until_true("both devices", SOON, || times(&post, "device_ready", "") == 2)?;
    post.begin("en")?;
    motor.act(Act::Insert(Card::Rows(ANNA.zone()?)));
    post.kiosk.visit("Reading", SOON)?;
    motor.act(Act::Unplug);
    until_true("the power cut", SOON, || times(&post, "device_lost", "motor: not_reachable") == 1)?;
    motor.act(Act::Replug(None));
    until_true("the card that is left", SOON, || times(&post, "device_degraded", "motor: card_left") >= 1)?;
    post.hand()?.press("start-over")?;
    post.kiosk.attract(SOON)?;
    Ok((post, motor))
}

/// How often something is in the journal, with this beginning of its cause.
fn times(post: &Post, event: &str, cause: &str) -> usize {
    let is = |entry: &&Value| entry["event"] == event && entry["cause"].as_str().unwrap_or_default().starts_with(cause);
    post.kiosk.journal().map_or(0, |entries| entries.iter().filter(is).count())
}

#[test]
fn an_officer_keeps_a_card_that_was_left_in_the_motorised_reader() -> Outcome {
    let (mut post, _motor) = with_a_card_left_inside()?;
    post.sign_in()?;
    post.hand()?.press("card-keep")?;
    ensure(times(&post, "card_ordered", "") == 0, || "kept without asking twice")?;
    post.hand()?.press("card-keep-surely")?;
    until_true("the card in the bin", SOON, || times(&post, "card_captured", "motor") == 1)?;
    let entries = post.kiosk.journal()?;
    let at = |event: &str| entries.iter().position(|entry| entry["event"] == event);
    let ordered = at("card_ordered").and_then(|at| entries.get(at)).or_trouble(|| "no order in the journal")?;
    ensure(ordered["cause"] == "motor: keep" && ordered["actor"].is_string(), || ordered.to_string())?;
    ensure(at("card_ordered") < at("card_captured"), || "captured before it was ordered")
}

#[test]
fn a_card_is_kept_from_the_command_line_only_with_a_record_and_without_a_kiosk() -> Outcome {
    let (mut post, _motor) = with_a_card_left_inside()?;
    let config = post.site.setup.file().display().to_string();
    let capture = || {
        let words = ["devices", "--capture", "motor", "--config", &config];
        run(Command::new(program("kiosk-app")?).args(words), "")
    };
    let refused = capture()?;
    ensure(refused.status == Some(1) && refused.stderr.contains("no card is moved"), || refused.stderr.clone())?;
    post.kiosk.stop()?;
    let kept = capture()?;
    ensure(kept.status == Some(0) && kept.stdout.contains("captured"), || kept.stdout + &kept.stderr)?;
    ensure(
        times(&post, "card_ordered", "motor: keep") == 1 && times(&post, "card_captured", "motor") == 1,
        || "the journal does not have it once",
    )?;
    let journal = post.site.setup.journal().display().to_string();
    let verified = run(Command::new(program("kiosk-app")?).args(["journal", "verify", &journal]), "")?;
    ensure(verified.status == Some(0), || verified.stdout + &verified.stderr)?;
    // What the command wrote is no crash of the kiosk.
    post.kiosk = post.site.start()?;
    post.kiosk.attract(SOON)?;
    ensure(times(&post, "kiosk_started", "clean") == 1, || "not told as a clean start")
}
