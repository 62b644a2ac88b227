//! A technician looks inside.

use kiosk_tests::harness::line::State;
use kiosk_tests::harness::post::{Options, Post, SOON, TECHNICIAN_PIN};
use kiosk_tests::harness::process::run;
use kiosk_tests::harness::{Outcome, ensure};

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
