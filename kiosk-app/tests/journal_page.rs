//! The page about the journal lists exactly the events that there are.

use kiosk_app::effect::JournalEvent;
use std::collections::BTreeSet;

#[test]
fn the_page_lists_every_event_and_no_other() {
    let page = include_str!("../../docs/journal.md");
    let listed: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next()).collect();
    let existing: BTreeSet<&str> = JournalEvent::ALL.iter().map(|event| event.name()).collect();
    assert_eq!(listed, existing);
}
