//! The tests that a technician runs on the screen and `kiosk-app selftest` on the command line: one [`Row`] each, with
//! who must act. They look at everything that the configuration names. Most of them block.

use crate::clock::{Clock, Quality};
use crate::config::Config;
use crate::credential::Credentials;
use crate::diagnostics::Row;
use crate::effect::MustAct;
use crate::journal::chain::{Verdict, verify_until};
use crate::outbox::Outbox;
use crate::verifier::{Verifier, probe};
use crate::{documents, theme};
use std::path::Path;

/// Less room than this for the journal is a fault: the reserve and a day's entries.
const ROOM_BYTES: u64 = 16 * 1024 * 1024;

/// Everything but the devices. `until`: the newest line of a journal that is being written.
#[must_use]
pub fn all(config: &Config, verifier: &Verifier, until: Option<u64>) -> Vec<Row> {
    let rows = vec![
        service(verifier),
        certificate(verifier),
        journal(&config.journal.dir, until),
        disk(&config.journal.dir),
        outbox(config),
        technician(config),
        documents(config),
        fonts(config),
        clock(verifier.clock()),
    ];
    rows.into_iter().chain(log(verifier)).collect()
}

/// The service's audit log, as far as this kiosk has witnessed it; none if it is no witness.
#[must_use]
pub fn log(verifier: &Verifier) -> Option<Row> {
    let (facts, ok, must_act) = verifier.witness()?.facts();
    Some(Row { name: "log".to_owned(), facts, ok, must_act })
}

/// The way to the service, each step with its time.
#[must_use]
pub fn service(verifier: &Verifier) -> Row {
    match probe::probe(verifier) {
        Ok(times) => passed("service", times.facts()),
        Err((times, failure)) => {
            let mut facts = vec![verifier.explain(failure)];
            facts.extend(Some(times.facts()).filter(|facts| !facts.is_empty()));
            failed("service", facts.join("; "), failure.must_act())
        }
    }
}

/// The state of the connection without asking: what the last calls met.
#[must_use]
pub fn service_state(verifier: &Verifier) -> Row {
    match verifier.last_failure() {
        None => passed("service", verifier.transport().address()),
        Some(failure) => failed("service", verifier.explain(failure), failure.must_act()),
    }
}

/// The kiosk's own certificate: its files, its origin, the days it has left.
#[must_use]
pub fn certificate(verifier: &Verifier) -> Row {
    let transport = verifier.transport();
    if let Some(fault) = transport.fault() {
        return failed("certificate", fault.to_string(), MustAct::Technician);
    }
    match transport.identity() {
        Some(identity) => passed("certificate", format!("{} days left", identity.days_left(transport.clock()))),
        None => failed("certificate", "not read yet".to_owned(), MustAct::Technician),
    }
}

/// The journal from its first line to its head.
#[must_use]
pub fn journal(dir: &Path, until: Option<u64>) -> Row {
    match verify_until(dir, None, until.unwrap_or(u64::MAX)) {
        Ok(Verdict::Whole { head, .. }) => passed("journal", format!("whole, {} entries", head.seq)),
        Ok(Verdict::Broken { segment, line, cause }) => {
            let facts = format!("{}, line {line}: {cause}; keep a copy and tell the agency", segment.display());
            failed("journal", facts, MustAct::Vendor)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => passed("journal", "not begun".to_owned()),
        Err(error) => failed("journal", format!("{}: {error}", dir.display()), MustAct::Technician),
    }
}

/// Room and permission to write where the journal lies (or will lie).
#[must_use]
pub fn disk(dir: &Path) -> Row {
    let existing = dir.ancestors().find(|folder| folder.exists()).unwrap_or(dir);
    let path = dir.display();
    match rustix::fs::statvfs(existing) {
        Ok(_) if rustix::fs::access(existing, rustix::fs::Access::WRITE_OK).is_err() => failed(
            "disk",
            format!("{path}: this program may not write here; correct owner or path"),
            MustAct::Technician,
        ),
        Ok(fs) => {
            let room = fs.f_bavail.saturating_mul(fs.f_frsize);
            let facts = format!("{} MB free", room / 1_000_000);
            if room < ROOM_BYTES {
                failed("disk", format!("{path}: only {facts}; make room"), MustAct::Technician)
            } else {
                passed("disk", facts)
            }
        }
        Err(error) => failed("disk", format!("{path}: {error}"), MustAct::Technician),
    }
}

/// Whether overrides can wait for the service.
#[must_use]
pub fn outbox(config: &Config) -> Row {
    match Outbox::open(&config.outbox) {
        Ok(outbox) => waiting(Some(&outbox)),
        Err(error) => failed("outbox", error.to_string(), MustAct::Technician),
    }
}

/// The overrides that wait in the outbox; without one the running kiosk cannot take any.
#[must_use]
pub fn waiting(outbox: Option<&Outbox>) -> Row {
    let Some(outbox) = outbox else {
        let facts = "there is none, so there are no overrides; correct [outbox] and start the kiosk again";
        return failed("outbox", facts.to_owned(), MustAct::Technician);
    };
    let (all, sealed) = (outbox.waiting().len(), outbox.sealed_otherwise().len());
    if sealed == 0 {
        return passed("outbox", format!("{all} waiting"));
    }
    let facts = format!(
        "{sealed} of {all} overrides do not open with this key; put back the [outbox] key that sealed them, or tell the agency"
    );
    failed("outbox", facts, MustAct::Technician)
}

/// Whether technicians' credentials can be verified; without any keys configured that is no fault.
#[must_use]
pub fn technician(config: &Config) -> Row {
    if config.technician.public_key.is_none() && config.technician.pepper.is_none() {
        return passed("technician", "no keys configured: nobody can enter".to_owned());
    }
    match Credentials::load(&config.technician, &config.journal.dir) {
        Ok(_) => passed("technician", "keys read".to_owned()),
        Err(error) => failed("technician", error.to_string(), MustAct::Technician),
    }
}

/// Whether the table of documents and the trust folder can be used.
#[must_use]
pub fn documents(config: &Config) -> Row {
    match documents::load(config) {
        Ok(loaded) => {
            let table = match (&loaded.profiles, loaded.unsigned) {
                (None, _) => "carried table".to_owned(),
                (Some(table), false) => format!("signed table, version {}", table.version()),
                (Some(table), true) => format!("UNSIGNED table, version {}", table.version()),
            };
            let seals =
                loaded.trust.map_or_else(|| "seals not checked".to_owned(), |t| format!("{} seal signers", t.len()));
            passed("documents", format!("{table}; {seals}"))
        }
        Err(error) => failed("documents", error, MustAct::Technician),
    }
}

/// The fonts that the screens need. Loads them, which changes nothing if they are loaded.
#[must_use]
pub fn fonts(config: &Config) -> Row {
    match theme::load_fonts(&config.fonts.files) {
        Ok(()) => passed("fonts", format!("{} files", config.fonts.files.len())),
        Err(error) => failed("fonts", error.to_string(), MustAct::Technician),
    }
}

/// The wall clock against the service's.
#[must_use]
pub fn clock(clock: &Clock) -> Row {
    match clock.quality() {
        Quality::Unchecked => passed("clock", "not compared yet".to_owned()),
        Quality::Agrees => passed("clock", "agrees with the service".to_owned()),
        Quality::Differs(ms) => {
            let facts = format!("{} s off; check the machine's time service", ms / 1000);
            failed("clock", facts, MustAct::Technician)
        }
    }
}

fn passed(name: &str, facts: String) -> Row {
    Row { name: name.to_owned(), facts, ok: true, must_act: MustAct::Nobody }
}

fn failed(name: &str, facts: String, must_act: MustAct) -> Row {
    Row { name: name.to_owned(), facts, ok: false, must_act }
}

#[cfg(test)]
mod tests {
    use super::{MustAct, disk, journal};
    use crate::journal::Disk;
    use crate::journal::record::tests::{entry, stamp};
    use crate::journal::segments;

    #[test]
    fn a_changed_journal_is_the_agencys_business_and_the_line_is_named() {
        let dir = tempfile::tempdir().expect("folder");
        let (mut disk, _) = Disk::open(dir.path(), "boot").expect("opens");
        disk.append(&entry(crate::effect::JournalEvent::KioskStarted), &stamp(0)).expect("appends");
        drop(disk);
        assert!(journal(dir.path(), None).ok);
        let segment = &segments(dir.path()).expect("listed")[0];
        let text = std::fs::read_to_string(segment).expect("there");
        std::fs::write(segment, text.replace("kiosk_started", "kiosk_stopped")).expect("written");
        let row = journal(dir.path(), None);
        assert!(!row.ok && row.must_act == MustAct::Vendor && row.facts.contains("line 1: "), "{}", row.facts);
    }

    #[test]
    fn a_folder_to_come_is_judged_by_the_one_it_will_lie_in() {
        let dir = tempfile::tempdir().expect("folder");
        assert!(disk(&dir.path().join("a/b/c")).facts.ends_with("MB free"));
    }
}
