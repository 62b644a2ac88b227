//! A technician looks inside.

use kiosk_tests::harness::line::State;
use kiosk_tests::harness::people::ANNA;
use kiosk_tests::harness::post::{Options, Post, SOON, TECHNICIAN_PIN};
use kiosk_tests::harness::process::run;
use kiosk_tests::harness::wait::{now, pause};
use kiosk_tests::harness::{Outcome, ensure};
use std::time::Duration;

fn at_sign_in() -> Outcome<Post> {
    let mut post = Post::open(&Options { camera: true, ..Options::default() })?;
    post.hold_corner()?;
    post.hand()?.press("technician")?;
    post.site.tray.show_qr(&post.site.credential)?;
    Ok(post)
}

fn admitted(pin: &str) -> Outcome<Post> {
    let mut post = at_sign_in()?;
    post.hand()?.type_text(pin)?;
    post.kiosk.wait("the way in", SOON, |now| now.targets.contains_key("sign-in"))?;
    post.site.tray.clear();
    post.hand()?.press("sign-in")?;
    Ok(post)
}

#[test]
fn a_credential_opens_diagnostics_without_a_network_and_everything_can_be_tested() -> Outcome {
    let mut post = at_sign_in()?;
    post.site.line.set(State::Refusing);
    post.hand()?.type_text(TECHNICIAN_PIN)?;
    post.kiosk.wait("the way in", SOON, |now| now.targets.contains_key("sign-in"))?;
    post.hand()?.press("sign-in")?;
    post.kiosk.wait("diagnostics", SOON, |now| now.targets.contains_key("tech-test-all"))?;
    post.test_all()?;
    post.hand()?.press("tech-leave")?;
    post.kiosk.attract(SOON)?;
    let entries = post.kiosk.journal()?;
    let said = |event: &str| entries.iter().any(|entry| entry["event"] == event && entry["role"] == "technician");
    ensure(said("technician_entered") && said("self_test_run") && said("technician_left"), || format!("{entries:?}"))
}

#[test]
fn a_wrong_pin_is_refused() -> Outcome {
    let post = admitted("11112222")?;
    kiosk_tests::harness::wait::until_true("the journal's word", SOON, || {
        post.kiosk.journal().is_ok_and(|entries| entries.iter().any(|entry| entry["event"] == "technician_refused"))
    })?;
    ensure(!post.kiosk.state().targets.contains_key("tech-test-all"), || "diagnostics opened")
}

/// At the overview, the scanner has answered and somebody is asked to try it with a document.
fn trying() -> Outcome<Post> {
    let mut post = admitted(TECHNICIAN_PIN)?;
    post.kiosk.wait("diagnostics", SOON, |now| now.targets.contains_key("test-scanner"))?;
    post.hand()?.tap("test-scanner")?;
    post.kiosk.wait("its answer", SOON, |now| now.targets.contains_key("try-scanner"))?;
    post.hand()?.tap("try-scanner")?;
    post.kiosk.wait("the start of the try", SOON, |now| !now.targets.contains_key("tech-test-all"))?;
    Ok(post)
}

/// How the try ended: a reader that passed is offered to be tried again, one that failed to be asked again.
fn passed(post: &mut Post) -> Outcome<bool> {
    let deadline = Duration::from_secs(45);
    let now = post.kiosk.wait("the end of the try", deadline, |now| now.targets.contains_key("tech-test-all"))?;
    ensure(now.targets.contains_key("try-scanner") != now.targets.contains_key("test-scanner"), || format!("{now:?}"))?;
    Ok(now.targets.contains_key("try-scanner"))
}

#[test]
fn a_technician_tries_a_reader_with_a_document_and_sees_how_it_went() -> Outcome {
    let mut post = trying()?;
    post.insert(ANNA.zone()?)?;
    ensure(passed(&mut post)?, || "a good card did not pass")?;
    post.remove()?;
    pause(Duration::from_millis(2500));
    post.hand()?.tap("try-scanner")?;
    post.kiosk.wait("the start of the try", SOON, |now| !now.targets.contains_key("tech-test-all"))?;
    post.insert(ANNA.worn_zone()?)?;
    ensure(!passed(&mut post)?, || "a card whose check digits disagree passed")?;
    let entries = post.kiosk.journal()?;
    let tries = entries.iter().filter(|entry| entry["event"] == "self_test_run" && entry["cause"] == "scanner");
    ensure(tries.count() == 3, || format!("{entries:?}"))?;
    // What the card said is nobody's business here.
    let told = format!("{entries:?}");
    ensure(!told.contains("SPECIMEN") && !told.contains(ANNA.a_number), || told)
}

#[test]
fn a_try_without_a_document_fails_after_half_a_minute() -> Outcome {
    let mut post = trying()?;
    let asked = now();
    ensure(!passed(&mut post)?, || "nothing was put down, and it passed")?;
    let waited = now().duration_since(asked);
    ensure(waited >= Duration::from_secs(25), || format!("it gave up after {waited:?}"))?;
    // It is nobody's fault: the kiosk goes on, and the reader reads.
    post.hand()?.press("tech-leave")?;
    post.kiosk.attract(SOON)?;
    post.begin("en")?;
    post.insert(ANNA.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON).map(|_| ())
}

#[test]
fn the_same_tests_run_from_the_command_line() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.kiosk.process.stop()?;
    let said = run(&mut post.site.setup.command(&["selftest", "--json"])?, "")?.success()?;
    let report = said.json()?;
    ensure(report.is_object(), || format!("no report: {report}"))?;
    post.site.service.process.kill();
    let said = run(&mut post.site.setup.command(&["selftest", "--json"])?, "")?;
    ensure(said.status == Some(1), || format!("passes without a service: {}", said.stdout))
}
