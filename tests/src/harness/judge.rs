//! How visits ended: by the kiosk's journal and by the service's database, never by what a test itself did.

use super::kiosk::journal;
use super::{OrTrouble, Outcome, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::path::Path;

/// One visit as both sides wrote it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    pub id: String,
    /// The kiosk's events with their causes, in order: `visit_completed document`, `read_failed glare`.
    pub journal: Vec<String>,
    /// What the service said of documents: `found valid []`.
    pub inspections: Vec<String>,
    /// What it said of codes: `verified`, `not_verified`.
    pub verifications: Vec<String>,
    /// Reasons of officers' overrides that it holds.
    pub overrides: Vec<String>,
    /// The hand-over that it holds, by its reference.
    pub reference: Option<String>,
}

impl Visit {
    /// How often the journal has an event, whatever its cause.
    #[must_use]
    pub fn count(&self, event: &str) -> usize {
        self.journal.iter().filter(|entry| entry.split(' ').next() == Some(event)).count()
    }

    /// The visit was completed by `document`, `code` or `officer`.
    #[must_use]
    pub fn completed(&self, by: &str) -> bool {
        self.count("visit_completed") == 1 && self.journal.contains(&format!("visit_completed {by}"))
    }

    /// The visit was never completed, by whatever.
    #[must_use]
    pub fn never_completed(&self) -> bool {
        self.count("visit_completed") == 0
    }
}

/// Every visit in a kiosk's journal, in the order in which they began.
///
/// # Errors
/// The journal or the database cannot be read.
pub fn visits(journal_folder: &Path, database: &Path) -> Outcome<Vec<Visit>> {
    let mut visits: Vec<Visit> = Vec::new();
    for entry in journal(journal_folder)? {
        let text = |member: &str| entry.get(member).and_then(Value::as_str);
        let (Some(id), Some(event)) = (text("visit"), text("event")) else { continue };
        let line = text("cause").map_or_else(|| event.to_owned(), |cause| format!("{event} {cause}"));
        match visits.iter_mut().find(|visit| visit.id == id) {
            Some(visit) => visit.journal.push(line),
            None => visits.push(Visit { id: id.to_owned(), journal: vec![line], ..Visit::default() }),
        }
    }
    let mut read = || {
        let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        visits.iter_mut().try_for_each(|visit| look_up(&database, visit))
    };
    read().or_trouble(|| format!("{} not read", database.display()))?;
    Ok(visits)
}

/// Shared by the demo and the tests: the newest visit.
///
/// # Errors
/// There is none, or [`visits`] fails.
pub fn newest(journal_folder: &Path, database: &Path) -> Outcome<Visit> {
    visits(journal_folder, database)?.pop().or_trouble(|| "the journal knows no visit")
}

/// Compares what is with what should be, and says both.
///
/// # Errors
/// They differ.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Outcome {
    ensure(is == should, || format!("{what} is {is:?}, but should be {should:?}"))
}

fn look_up(database: &Connection, visit: &mut Visit) -> rusqlite::Result<()> {
    let column = |query: &str| -> rusqlite::Result<Vec<String>> {
        database.prepare(query)?.query_map([&visit.id], |row| row.get(0))?.collect()
    };
    let said = column(
        "SELECT record || ' ' || document_status || ' ' || mismatch FROM inspection WHERE visit = ? ORDER BY audit_seq",
    )?;
    let verifications = column("SELECT result FROM verification WHERE visit = ? ORDER BY audit_seq")?;
    let overrides = column("SELECT reason FROM override WHERE visit = ? ORDER BY audit_seq")?;
    let reference = column("SELECT reference FROM referral WHERE visit = ?")?.pop();
    // Each column holds a JSON value.
    visit.inspections = said.iter().map(|words| words.replace('"', "")).collect();
    (visit.verifications, visit.overrides, visit.reference) = (verifications, overrides, reference);
    Ok(())
}
