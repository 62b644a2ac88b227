//! An officer takes over at the kiosk.

use kiosk_tests::harness::people::{ANNA, STRANGER};
use kiosk_tests::harness::post::{BADGE, Options, Post, SOON};
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};

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
    kiosk_tests::harness::wait::until_true("the journal's word", SOON, || {
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
