//! A traveler whose card does not read types the backup code.

use kiosk_tests::harness::line::State;
use kiosk_tests::harness::people::{ANNA, BRUNO};
use kiosk_tests::harness::post::{Options, Post, SOON};
use kiosk_tests::harness::wait::until_true;
use kiosk_tests::harness::{Outcome, ensure};
use std::time::Duration;

/// Right by its check symbols, and nobody's.
const NOBODYS: &str = "7KQ25-M4PXX-9ABCG-WXYZF";

fn at_number() -> Outcome<Post> {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.hand()?.press("present-cannot")?;
    Ok(post)
}

#[test]
fn three_failed_tries_lead_to_the_number_and_the_code_completes_once() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    let code = post.site.code(&BRUNO)?;
    post.begin("en")?;
    post.fail_to_read(&BRUNO, 3)?;
    post.type_number(&BRUNO)?;
    post.type_code(&code)?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("code") && visit.verifications == ["verified"], || format!("{visit:?}"))?;
    post.hand()?.press("finish")?;
    post.kiosk.attract(SOON)?;

    // The same code a second time is worth nothing.
    post.begin("en")?;
    post.hand()?.press("present-cannot")?;
    post.type_number(&BRUNO)?;
    post.type_code(&code)?;
    post.kiosk.visit("NotVerified", SOON)?;
    let visit = post.site.visit("the answer", |visit| visit.count("code_not_verified") == 1)?;
    ensure(visit.never_completed() && visit.verifications == ["not_verified"], || format!("{visit:?}"))
}

#[test]
fn a_code_with_somebody_elses_number_is_not_verified_and_stays_good() -> Outcome {
    let mut post = at_number()?;
    let code = post.site.code(&BRUNO)?;
    post.type_number(&ANNA)?;
    post.type_code(&code)?;
    post.kiosk.visit("NotVerified", SOON)?;
    post.hand()?.press("try-again")?;
    // The number is kept for confirming; this traveler sees that it is the wrong one.
    post.hand()?.press("identifier-change")?;
    post.hand()?.press("clear")?;
    post.type_number(&BRUNO)?;
    post.type_code(&code)?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the answers", |visit| visit.reference.is_some())?;
    ensure(visit.completed("code") && visit.verifications == ["not_verified", "verified"], || format!("{visit:?}"))
}

#[test]
fn a_mistyped_group_is_refused_here_and_costs_nothing() -> Outcome {
    let mut post = at_number()?;
    let code = post.site.code(&ANNA)?;
    post.type_number(&ANNA)?;
    let first: String = code.chars().take(4).collect();
    let check = code.chars().nth(4).unwrap_or('0');
    let wrong = if check == '0' { '1' } else { '0' };
    post.hand()?.type_text(&format!("{first}{wrong}"))?;
    // The next key changes nothing until the group is mended.
    ensure(!post.kiosk.state().targets.contains_key("code-check"), || "a code with a wrong group can be sent")?;
    post.hand()?.press("code-clear")?;
    post.type_code(&code)?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("code") && visit.verifications == ["verified"], || format!("{visit:?}"))
}

#[test]
fn three_wrong_codes_lead_to_an_officer() -> Outcome {
    let mut post = at_number()?;
    post.type_number(&ANNA)?;
    for _ in 0..2 {
        post.type_code(NOBODYS)?;
        post.kiosk.visit("NotVerified", SOON)?;
        post.hand()?.press("try-again")?;
        post.confirm_number()?;
    }
    post.type_code(NOBODYS)?;
    post.kiosk.visit("Referred", SOON)?;
    let visit = post.site.visit("the referral", |visit| visit.reference.is_some())?;
    let referred = visit.journal.contains(&"visit_referred code_not_verified".to_owned());
    ensure(referred && visit.never_completed() && visit.verifications == ["not_verified"; 3], || format!("{visit:?}"))
}

#[test]
fn the_code_can_be_shown_to_the_camera_instead_of_typed() -> Outcome {
    let mut post = Post::open(&Options { camera: true, ..Options::default() })?;
    post.begin("en")?;
    post.hand()?.press("present-cannot")?;
    post.type_number(&ANNA)?;
    post.site.tray.show_qr(&format!("BC1:{}", post.site.code(&ANNA)?))?;
    post.kiosk.wait("a whole code", SOON, |now| now.targets.contains_key("code-check"))?;
    post.hand()?.press("code-check")?;
    post.kiosk.visit("Complete", SOON)?;
    let visit = post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    ensure(visit.completed("code") && visit.verifications == ["verified"], || format!("{visit:?}"))
}

#[test]
fn a_code_on_its_way_when_the_kiosk_ends_is_settled_after_the_next_start() -> Outcome {
    let mut post = at_number()?;
    let code = post.site.code(&ANNA)?;
    post.type_number(&ANNA)?;
    post.site.line.set(State::Silent);
    post.type_code(&code)?;
    post.kiosk.visit("Verifying", SOON)?;
    post.kiosk.process.kill();
    post.site.line.set(State::Up);
    post.kiosk = post.site.start()?;
    post.kiosk.attract(SOON)?;
    // Half a minute after the last try that it is not there is final.
    let settled = Duration::from_secs(40) + SOON;
    until_true("the settled outcome", settled, || {
        post.site.visits().is_ok_and(|visits| {
            visits.iter().any(|visit| visit.journal.contains(&"code_outcome_unknown never_arrived".to_owned()))
        })
    })?;
    let visits = post.site.visits()?;
    ensure(visits.len() == 1 && visits[0].never_completed() && visits[0].count("visit_aborted") == 1, || {
        format!("{visits:?}")
    })
}
