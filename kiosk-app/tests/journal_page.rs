//! The page about the journal lists exactly the events and the members of a line that there are.

use kiosk_app::clock::Clock;
use kiosk_app::effect::{Entry, JournalEvent, MustAct};
use kiosk_app::journal::record::{FIRST_PREVIOUS, Record};
use std::collections::BTreeSet;

/// The first cells of a section's table, without their marks.
fn listed(section: &str) -> BTreeSet<String> {
    let page = include_str!("../../docs/journal.md");
    let rows = page.lines().skip_while(|line| *line != section).skip(1).take_while(|line| !line.starts_with("## "));
    let cells = rows.filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let cells = cells.filter(|cell| cell.starts_with(['`', '*']));
    cells.flat_map(|cell| cell.split(", ")).map(|cell| cell.trim_matches(['`', '*']).to_owned()).collect()
}

#[test]
fn the_page_lists_every_event_and_no_other() {
    let existing: BTreeSet<String> = JournalEvent::ALL.iter().map(|event| event.name().to_owned()).collect();
    assert_eq!(listed("## Events"), existing);
}

#[test]
fn the_page_lists_every_member_of_a_line_and_no_other() {
    let (event, must_act) = (JournalEvent::KioskStarted, MustAct::Nobody);
    let entry = Entry { event, visit: None, role: "system", actor: None, cause: None, must_act };
    let record = Record::chain(1, FIRST_PREVIOUS, &entry, &Clock::start(0).stamp()).expect("a short line");
    let line: serde_json::Value = serde_json::from_str(&record.line).expect("JSON");
    let members: BTreeSet<String> = line.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(listed("## A line"), members);
}
