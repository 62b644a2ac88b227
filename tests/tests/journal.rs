//! The journal survives what the kiosk does not, and says nothing about people.

use kiosk_tests::harness::people::ANNA;
use kiosk_tests::harness::post::{Options, Post, SOON};
use kiosk_tests::harness::process::run;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use std::path::Path;
use std::process::Command;

fn verify(post: &Post) -> Outcome<i32> {
    let mut command = Command::new(kiosk_tests::harness::programs::program("kiosk-app")?);
    command.args(["journal", "verify"]).arg(post.site.setup.journal());
    run(&mut command, "")?.status.or_trouble(|| "killed")
}

#[test]
fn a_kiosk_killed_in_a_visit_says_so_at_its_next_start() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.insert(ANNA.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    post.kiosk.process.kill();
    post.kiosk = post.site.start()?;
    post.kiosk.attract(SOON)?;
    let visit = post.site.visit("the abort", |visit| visit.count("visit_aborted") == 1)?;
    ensure(visit.never_completed(), || format!("{visit:?}"))?;
    post.kiosk.process.stop()?;
    ensure(verify(&post)? == 0, || "the journal is not whole")
}

#[test]
fn a_changed_line_is_found() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    post.begin("en")?;
    post.kiosk.process.stop()?;
    let file = post.site.setup.journal().join("journal-000001.jsonl");
    let text = std::fs::read_to_string(&file).or_trouble(|| "the journal was not read")?;
    std::fs::write(&file, text.replacen("visit_started", "visit_aborted", 1)).or_trouble(|| "not written")?;
    ensure(verify(&post)? == 1, || "a changed line passes")
}

#[test]
fn names_numbers_and_codes_are_in_no_file_and_no_line_that_the_kiosk_writes() -> Outcome {
    let mut post = Post::open(&Options::default())?;
    let code = post.site.code(&ANNA)?;
    post.begin("en")?;
    post.insert(ANNA.zone()?)?;
    post.kiosk.visit("ConfirmDocument", SOON)?;
    post.hand()?.press("confirm-yes")?;
    post.kiosk.visit("Complete", SOON)?;
    post.hand()?.press("finish")?;
    post.kiosk.attract(SOON)?;
    post.remove()?;
    post.begin("en")?;
    post.fail_to_read(&ANNA, 3)?;
    post.type_number(&ANNA)?;
    post.type_code(&code)?;
    post.kiosk.visit("Complete", SOON)?;
    post.site.visit("the hand-over", |visit| visit.reference.is_some())?;
    post.kiosk.process.stop()?;

    let mut planted = ANNA.planted();
    planted.push(code.clone());
    planted.push(code.replace('-', ""));
    planted.extend(ANNA.zone()?);
    let mut written = files_below(&post.site.setup.folder)?;
    written.push(("what it printed".to_owned(), post.kiosk.process.printed().join("\n").into_bytes()));
    written.push(("what the service printed".to_owned(), post.site.service.process.printed().join("\n").into_bytes()));
    ensure(written.len() > 4, || format!("only {} files looked at", written.len()))?;
    for (name, bytes) in &written {
        for text in &planted {
            let found = bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
            ensure(!found, || format!("{name} holds a planted text of {} characters", text.len()))?;
        }
    }
    Ok(())
}

/// Every file with its bytes.
fn files_below(folder: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).or_trouble(|| format!("{} not read", folder.display()))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).or_trouble(|| path.display().to_string())?));
        }
    }
    Ok(files)
}
