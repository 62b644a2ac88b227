//! A traveler whose document is read, and what may keep it from being enough.

use kiosk_tests::harness::line::State;
use kiosk_tests::harness::people::{ANNA, CLARA, Person, STRANGER};
use kiosk_tests::harness::pictures::document;
use kiosk_tests::harness::post::{Options, Post, SOON};
use kiosk_tests::harness::{Outcome, ensure};

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
