//! What the kiosk's commands print: a contract for scripts.

use kiosk_tests::harness::people::PEOPLE;
use kiosk_tests::harness::process::{Said, run};
use kiosk_tests::harness::programs::program;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use kiosk_tests::sim::{Act, Card, Model, Protocol, Simulator};
use std::process::Command;

fn kiosk(words: &[&str], input: &str) -> Outcome<Said> {
    run(Command::new(program("kiosk-app")?).args(words), input)
}

#[test]
fn parse_reads_documents_parted_by_blank_lines() -> Outcome {
    let zones: Vec<String> =
        PEOPLE.iter().filter_map(|person| person.zone().ok()).map(|rows| rows.join("\n")).collect();
    let said = kiosk(&["parse", "--json"], &zones.join("\n\n"))?.success()?;
    let lines: Vec<serde_json::Value> =
        said.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    ensure(lines.len() == PEOPLE.len(), || said.stdout.clone())?;
    for (person, line) in PEOPLE.iter().zip(&lines) {
        let document = &line["document"];
        let right = line["status"] == "valid"
            && document["type"] == person.document
            && document["primary_identifier"] == "SPECIMEN"
            && document["secondary_identifier"] == person.given
            && document["birth_date"] == person.birth_date
            && document["expiry_date"] == person.expiry_date;
        ensure(right, || format!("{} is read as {line}", person.given))?;
    }
    Ok(())
}

#[test]
fn parse_says_when_a_check_digit_disagrees_and_when_it_is_no_zone() -> Outcome {
    let worn = kiosk(&["parse", "--json"], &PEOPLE[0].worn_zone()?.join("\n"))?;
    ensure(worn.status == Some(1) && worn.json()?["status"] == "check_digit_disagrees", || worn.stdout.clone())?;
    let none = kiosk(&["parse", "--json"], "no zone at all")?;
    ensure(none.status == Some(1) && none.json()?["status"] == "malformed", || none.stdout.clone())
}

#[test]
fn devices_watches_what_readers_do_and_shows_nothing_of_a_document() -> Outcome {
    let folder = tempfile::tempdir().or_trouble(|| "no folder")?;
    let link = folder.path().join("scanner");
    let simulator =
        Simulator::start(Protocol::Honeywell, &link, Model::default()).or_trouble(|| "no simulated scanner")?;
    simulator.act(Act::Insert(Card::Rows(PEOPLE[0].zone()?)));
    let file = folder.path().join("kiosk.toml");
    let text = format!(
        "[service]\nurl = \"https://localhost:1\"\nroot = \"r\"\nchain = \"c\"\nkey = \"k\"\n\n\
         [readers.scanner]\nprotocol = \"honeywell\"\npath = {:?}\n",
        link.display().to_string()
    );
    std::fs::write(&file, text).or_trouble(|| "kiosk.toml not written")?;
    let file = file.display().to_string();
    let said = kiosk(&["devices", "--watch", "4", "--config", &file], "")?.success()?;
    for wanted in ["scanner", "honeywell", "document 1: sensed", "document 1: read, zone TD1, check digits agree"] {
        ensure(said.stdout.contains(wanted), || format!("no “{wanted}” in {}", said.stdout))?;
    }
    ensure(!said.stdout.contains("SPECIMEN") && !said.stdout.contains(PEOPLE[0].given), || said.stdout.clone())
}
