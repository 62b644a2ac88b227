//! The four visits of the demo. Each is walked through with a pointer, and judged by what kiosk and service wrote down.

use super::album::Album;
use crate::harness::judge::Visit;
use crate::harness::kiosk::{State, journal};
use crate::harness::line;
use crate::harness::people::{ANNA, BRUNO, CLARA};
use crate::harness::pictures::document;
use crate::harness::post::{Post, SOON, TECHNICIAN_PIN};
use crate::harness::process::run;
use crate::harness::{OrTrouble, Outcome, ensure, wait};
use serde_json::Value;
use std::time::Duration;

/// A code of the right form that nobody has.
const NOBODYS_CODE: &str = "7KQ25-M4PXX-9ABCG-WXYZF";
const NOBODYS_OTHER_CODE: &str = "01230-4567M-89AB9-CDEFS";

type Step = fn(&mut Walk<'_>) -> Outcome<String>;

/// Walks through all of them; a visit that fails does not keep the next from being tried.
/// Each outcome is told to `say` as it comes; gives how many failed.
pub fn all(post: &mut Post, album: Album, say: impl Fn(&str, &Outcome<String>)) -> usize {
    let mut walk = Walk { post, album };
    let steps: [(&str, Step); 4] = [
        ("a card that reads", by_document),
        ("a card that does not read, then the backup code", by_code),
        ("a wrong code, then the officer", by_officer),
        ("the technician", technician),
    ];
    steps
        .into_iter()
        .map(|(name, step)| {
            let outcome = step(&mut walk);
            if outcome.is_err() {
                // What it looked like when it failed; the next one begins afresh.
                let _ = walk.picture("failed");
                let _ = walk.start_again();
            }
            say(name, &outcome);
            outcome
        })
        .filter(Result::is_err)
        .count()
}

struct Walk<'a> {
    post: &'a mut Post,
    album: Album,
}

fn by_document(walk: &mut Walk<'_>) -> Outcome<String> {
    walk.picture("attract")?;
    walk.touch("attract-title")?;
    walk.reach("Language")?;
    walk.picture("language")?;
    walk.touch("language-en")?;
    walk.reach("PresentDocument")?;
    walk.picture("present")?;
    walk.post.insert(ANNA.zone()?)?;
    walk.reach("ConfirmDocument")?;
    walk.picture("confirm")?;
    walk.slowly("confirm-yes", "LookingUp", "looking-up")?;
    walk.reach("Complete")?;
    let visit = walk.handed_over()?;
    walk.picture("complete")?;
    walk.post.remove()?;
    walk.leave()?;
    ensure(
        visit.completed("document") && visit.inspections == ["found valid []"] && visit.verifications.is_empty(),
        || format!("not completed by document alone: {visit:?}"),
    )?;
    Ok(format!("completed by document, handed over as {}", visit.reference.unwrap_or_default()))
}

fn by_code(walk: &mut Walk<'_>) -> Outcome<String> {
    // In Spanish, to see that too.
    walk.post.begin("es")?;
    walk.post.fail_to_read(&BRUNO, 1)?;
    walk.picture("present-again")?;
    walk.post.fail_to_read(&BRUNO, 2)?;
    walk.reach("Identifier")?;
    walk.post.hand()?.type_text("00000")?;
    walk.picture("identifier")?;
    walk.post.hand()?.type_text("0703")?;
    walk.touch("identifier-next")?;
    walk.picture("identifier-confirm")?;
    walk.post.confirm_number()?;
    let code = walk.post.site.code(&BRUNO)?;
    let (begun, rest) = code.split_at_checked(14).or_trouble(|| "a code of another form")?;
    walk.post.hand()?.type_text(begun)?;
    walk.picture("code")?;
    walk.post.hand()?.type_text(rest)?;
    walk.picture("code-whole")?;
    walk.slowly("code-check", "Verifying", "verifying")?;
    walk.reach("Complete")?;
    let visit = walk.handed_over()?;
    walk.picture("complete-by-code")?;
    walk.leave()?;
    ensure(visit.completed("code") && visit.verifications == ["verified"] && visit.count("read_failed") == 3, || {
        format!("not completed by code: {visit:?}")
    })?;
    Ok(format!("three tries failed, completed by code, handed over as {}", visit.reference.unwrap_or_default()))
}

fn by_officer(walk: &mut Walk<'_>) -> Outcome<String> {
    walk.post.begin("en")?;
    walk.post.fail_to_read(&CLARA, 1)?;
    walk.touch("present-cannot")?;
    walk.post.type_number(&CLARA)?;
    walk.post.type_code(NOBODYS_CODE)?;
    walk.reach("NotVerified")?;
    walk.picture("not-verified")?;
    walk.touch("try-again")?;
    walk.post.confirm_number()?;
    walk.post.type_code(NOBODYS_OTHER_CODE)?;
    walk.reach("NotVerified")?;
    walk.touch("see-officer")?;
    walk.reach("Referred")?;
    walk.picture("referred")?;
    walk.post.hold_corner()?;
    walk.picture("officer-sign-in")?;
    walk.post.sign_in_here()?;
    walk.picture("officer-visit")?;
    walk.touch("override-worn")?;
    walk.picture("officer-override")?;
    walk.touch("override")?;
    walk.reach("Complete")?;
    let visit = walk.post.site.visit("the override at the service", |visit| !visit.overrides.is_empty())?;
    walk.picture("complete-by-officer")?;
    walk.leave()?;
    let as_it_should = visit.completed("officer")
        && visit.verifications == ["not_verified", "not_verified"]
        && visit.overrides == ["worn_document"]
        && visit.count("override_decided") == 1;
    ensure(as_it_should, || format!("not completed by the officer: {visit:?}"))?;
    Ok("two codes not verified, completed by officer: worn_document".to_owned())
}

fn technician(walk: &mut Walk<'_>) -> Outcome<String> {
    walk.post.hold_corner()?;
    walk.touch("technician")?;
    walk.post.site.tray.show_qr(&walk.post.site.credential)?;
    // Signing in is offered once the credential is read and a PIN is typed.
    walk.post.hand()?.type_text(TECHNICIAN_PIN)?;
    walk.offers("sign-in")?;
    walk.picture("technician-sign-in")?;
    walk.post.site.tray.show(&document(&ANNA)?)?;
    walk.touch("sign-in")?;
    walk.offers("test-journal")?;
    walk.picture("diagnostics")?;
    walk.post.test_all()?;
    walk.picture("diagnostics-tested")?;
    walk.touch("tech-camera")?;
    walk.offers("tech-overview")?;
    // The first pictures of the camera arrive, and are read.
    wait::pause(Duration::from_secs(3));
    walk.picture("diagnostics-camera")?;
    walk.post.site.tray.clear();
    walk.touch("tech-leave")?;
    walk.post.kiosk.attract(SOON)?;
    let entries = journal(&walk.post.site.setup.journal())?;
    let said = |event: &str| entries.iter().any(|entry| entry.get("event").and_then(Value::as_str) == Some(event));
    for event in ["technician_entered", "self_test_run", "technician_left"] {
        ensure(said(event), || format!("the journal has no {event}"))?;
    }
    // The same tests once more, from the command line, with the scanner free.
    walk.post.kiosk.process.stop()?;
    let tested = run(&mut walk.post.site.setup.command(&["selftest", "--json"])?, "")?.success();
    tested.map_err(|trouble| trouble.during("kiosk-app selftest"))?;
    Ok("signed in by credential, every device and service tested, journal whole".to_owned())
}

impl Walk<'_> {
    fn picture(&mut self, name: &str) -> Outcome {
        let screen = self.post.site.screen.as_ref().or_trouble(|| "there is no virtual display")?;
        self.album.take(screen, name)
    }

    fn touch(&mut self, id: &str) -> Outcome<State> {
        self.post.hand()?.press(id)
    }

    fn reach(&mut self, state: &str) -> Outcome<State> {
        self.post.kiosk.visit(state, SOON)
    }

    fn offers(&mut self, id: &str) -> Outcome<State> {
        self.post.kiosk.wait(&format!("the button {id}"), SOON, |now| now.targets.contains_key(id))
    }

    /// Touches what asks the service while the network is slow, to have a picture of the waiting.
    fn slowly(&mut self, id: &str, state: &str, name: &str) -> Outcome {
        self.post.site.line.set(line::State::Waiting);
        self.touch(id)?;
        self.reach(state)?;
        let taken = self.picture(name);
        self.post.site.line.set(line::State::Up);
        taken
    }

    /// Waits until the service holds the hand-over of this visit.
    fn handed_over(&mut self) -> Outcome<Visit> {
        self.post.site.visit("the hand-over at the service", |visit| visit.reference.is_some())
    }

    fn start_again(&mut self) -> Outcome {
        self.post.site.line.set(line::State::Up);
        self.post.site.tray.clear();
        self.post.remove()?;
        self.post.kiosk.process.kill();
        self.post.kiosk = self.post.site.start()?;
        self.post.kiosk.attract(SOON).map(|_| ())
    }

    fn leave(&mut self) -> Outcome {
        self.touch("finish")?;
        self.post.kiosk.attract(SOON).map(|_| ())
    }
}
