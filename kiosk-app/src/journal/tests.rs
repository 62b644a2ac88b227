//! The journal through its public surface: crashes at every byte, edits, full disks.

use super::chain::{HEAD_FILE, Head, Verdict, verify};
use super::disk::{Disk, Files, LastRun, Medium, Tail};
use super::record::tests::{entry, stamp};
use super::{segments, writer};
use crate::clock::Clock;
use crate::effect::{Entry, JournalEvent, MustAct};
use crate::session::state::VisitId;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

const BOOT: &str = "boot-a";

fn filled(dir: &Path, lines: u64, segment_bytes: u64) -> Disk {
    let (mut disk, _) = Disk::open_on(Box::new(Files), dir, BOOT, segment_bytes).expect("opens");
    for n in 0..lines {
        let cause = Some(format!("n{n}"));
        disk.append(&Entry { cause, ..entry(JournalEvent::DeviceReady) }, &stamp(n)).expect("appends");
    }
    disk
}

fn whole(dir: &Path) -> Head {
    match verify(dir, None).expect("readable") {
        Verdict::Whole { head, .. } => head,
        Verdict::Broken { segment, line, cause } => panic!("{}, line {line}: {cause}", segment.display()),
    }
}

fn visit(n: u128) -> VisitId {
    VisitId(Uuid::from_u128(n))
}

#[test]
fn what_is_appended_is_whole_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().expect("folder");
    drop(filled(dir.path(), 3, 1024 * 1024));
    assert_eq!(whole(dir.path()).seq, 3);
    drop(filled(dir.path(), 2, 1024 * 1024));
    assert_eq!(whole(dir.path()).seq, 5);
}

#[test]
fn a_full_segment_is_closed_and_the_chain_goes_on_in_the_next() {
    let dir = tempfile::tempdir().expect("folder");
    drop(filled(dir.path(), 20, 1200));
    let found = segments(dir.path()).expect("listed");
    assert!(found.len() > 5, "{found:?}");
    assert!(found.iter().all(|s| std::fs::metadata(s).expect("there").len() <= 1200));
    assert_eq!(whole(dir.path()).seq, 20);
    std::fs::remove_file(&found[2]).expect("removed");
    assert!(matches!(verify(dir.path(), None), Ok(Verdict::Broken { cause, .. }) if cause.contains("missing")));
}

#[test]
fn two_programs_cannot_write_one_journal() {
    let dir = tempfile::tempdir().expect("folder");
    let first = filled(dir.path(), 1, 1024 * 1024);
    let second = Disk::open(dir.path(), BOOT).err().expect("refused").to_string();
    assert!(second.ends_with("another kiosk-app is writing this journal; stop it first"), "{second}");
    drop(first);
    assert!(Disk::open(dir.path(), BOOT).is_ok());
}

#[test]
fn the_acknowledged_head_must_be_in_the_chain() {
    let dir = tempfile::tempdir().expect("folder");
    let mut disk = filled(dir.path(), 4, 1024 * 1024);
    let head = disk.head().clone();
    disk.append(&entry(JournalEvent::DeviceLost), &stamp(9)).expect("appends");
    disk.acknowledge(&head).expect("kept");
    assert_eq!(std::fs::read_to_string(dir.path().join(HEAD_FILE)).expect("there"), format!("{head}\n"));
    assert!(matches!(verify(dir.path(), None), Ok(Verdict::Whole { against: Some(a), .. }) if a == head));
    let other = Head { hash: "f".repeat(64), ..head.clone() };
    assert!(matches!(verify(dir.path(), Some(other)), Ok(Verdict::Broken { line: 4, .. })));
    // Cut the last three lines away: the chain is whole, but the acknowledged line is gone.
    let segment = &segments(dir.path()).expect("listed")[0];
    let text = std::fs::read_to_string(segment).expect("there");
    std::fs::write(segment, text.lines().take(2).map(|l| format!("{l}\n")).collect::<String>()).expect("written");
    assert!(
        matches!(verify(dir.path(), None), Ok(Verdict::Broken { cause, .. }) if cause.contains("lines are missing"))
    );
    drop(disk);
    let (_, opened) = Disk::open(dir.path(), BOOT).expect("never refuses to start");
    assert!(opened.lines_missing);
}

#[test]
fn how_the_last_run_ended_is_known() {
    let dir = tempfile::tempdir().expect("folder");
    let (mut disk, opened) = Disk::open(dir.path(), BOOT).expect("opens");
    assert_eq!(opened.last_run, LastRun::None);
    disk.append(&entry(JournalEvent::KioskStopped), &stamp(1)).expect("appends");
    drop(disk);
    let (mut disk, opened) = Disk::open(dir.path(), BOOT).expect("opens");
    assert_eq!(opened.last_run, LastRun::Clean);
    disk.append(&entry(JournalEvent::KioskStarted), &stamp(2)).expect("appends");
    drop(disk);
    assert_eq!(Disk::open(dir.path(), BOOT).expect("opens").1.last_run, LastRun::Crash);
    assert_eq!(Disk::open(dir.path(), "boot-b").expect("opens").1.last_run, LastRun::PowerLoss);
}

#[test]
fn visits_that_were_open_at_a_crash_are_found_even_across_segments() {
    let dir = tempfile::tempdir().expect("folder");
    let (mut disk, _) = Disk::open_on(Box::new(Files), dir.path(), BOOT, 600).expect("opens");
    for (event, n) in [
        (JournalEvent::VisitStarted, 1),
        (JournalEvent::VisitEnded, 1),
        (JournalEvent::VisitStarted, 2),
        (JournalEvent::VisitTimedOut, 2),
        (JournalEvent::VisitStarted, 3),
        (JournalEvent::DocumentRead, 3),
        (JournalEvent::CodeUsedNotHonoured, 1),
    ] {
        disk.append(&Entry { visit: Some(visit(n)), ..entry(event) }, &stamp(1)).expect("appends");
    }
    drop(disk);
    assert_eq!(Disk::open(dir.path(), BOOT).expect("opens").1.open_visits, [visit(3)]);
}

#[test]
fn the_writer_journals_the_start_the_aborted_visit_and_the_stop() {
    let dir = tempfile::tempdir().expect("folder");
    let (mut disk, _) = Disk::open(dir.path(), BOOT).expect("opens");
    disk.append(&Entry { visit: Some(visit(7)), ..entry(JournalEvent::VisitStarted) }, &stamp(1)).expect("appends");
    drop(disk);
    let (writer, thread) = writer::Writer::start(dir.path(), Clock::start(0)).expect("starts");
    let override_decided = Entry { role: "officer", must_act: MustAct::Nobody, ..entry(JournalEvent::OverrideDecided) };
    assert_eq!(writer.append(override_decided).blocking_recv(), Ok(true));
    assert!(writer.state().borrow().writable);
    writer.stop();
    thread.join().expect("ends");
    assert_eq!(whole(dir.path()).seq, 5);
    let text = std::fs::read_to_string(&segments(dir.path()).expect("listed")[0]).expect("there");
    let events: Vec<&str> = text.lines().filter_map(|l| l.split("\"event\":\"").nth(1)?.split('"').next()).collect();
    assert_eq!(events, ["visit_started", "kiosk_started", "visit_aborted", "override_decided", "kiosk_stopped"]);
    assert!(text.contains("\"cause\":\"power_loss\""), "{text}");
    assert!(
        writer.append(entry(JournalEvent::DeviceLost)).blocking_recv().is_err(),
        "after the stop nothing is written"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_one_clear_sentence() {
    let dir = tempfile::tempdir().expect("folder");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    let error = Disk::open(&file.join("journal"), BOOT).err().expect("refused").to_string();
    assert!(error.contains("the journal cannot be written, a part of its path is not a folder"), "{error}");
}

/// A disk with room for so many bytes; a write that does not fit leaves a part of itself behind.
struct SmallDisk {
    free: Arc<AtomicU64>,
}

struct SmallTail {
    free: Arc<AtomicU64>,
    tail: Box<dyn Tail>,
    length: u64,
}

impl Medium for SmallDisk {
    fn open(&mut self, path: &Path) -> std::io::Result<Box<dyn Tail>> {
        let length = std::fs::metadata(path).map_or(0, |m| m.len());
        Ok(Box::new(SmallTail { free: Arc::clone(&self.free), tail: Files.open(path)?, length }))
    }

    fn take_reserve(&mut self, path: &Path) -> std::io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(2000))
            .map_err(|_| std::io::ErrorKind::StorageFull)?;
        std::fs::write(path, "")
    }

    fn free_reserve(&mut self, path: &Path) -> std::io::Result<()> {
        self.free.fetch_add(2000, Ordering::Relaxed);
        std::fs::remove_file(path)
    }
}

impl Tail for SmallTail {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let free = self.free.load(Ordering::Relaxed);
        let fits = usize::try_from(free).unwrap_or(usize::MAX).min(bytes.len());
        self.tail.append(&bytes[..fits])?;
        self.length += fits as u64;
        self.free.store(free - fits as u64, Ordering::Relaxed);
        if fits < bytes.len() { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.tail.cut(length)?;
        self.free.fetch_add(self.length - length, Ordering::Relaxed);
        self.length = length;
        Ok(())
    }
}

#[test]
fn a_full_disk_takes_the_last_words_then_refuses_and_heals_by_itself() {
    let dir = tempfile::tempdir().expect("folder");
    let free = Arc::new(AtomicU64::new(4000));
    let medium = Box::new(SmallDisk { free: Arc::clone(&free) });
    let (mut disk, _) = Disk::open_on(medium, dir.path(), BOOT, 1024 * 1024).expect("opens");
    let mut written = 0;
    while disk.writable() {
        disk.append(&entry(JournalEvent::DeviceLost), &stamp(written)).expect("the reserve takes it");
        written += 1;
    }
    let mut last_words = 0;
    let full = loop {
        match disk.append(&entry(JournalEvent::OutOfService), &stamp(0)) {
            Ok(_) => last_words += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert!(last_words >= 3, "{last_words} lines after the disk was full");
    assert!(full.contains("the disk is full; make room"), "{full}");
    assert!(!disk.mend());
    assert_eq!(whole(dir.path()).seq, written + last_words, "what was refused left no trace");
    free.store(10_000, Ordering::Relaxed);
    assert!(disk.mend() && disk.writable());
    disk.append(&entry(JournalEvent::BackInService), &stamp(0)).expect("appends");
    assert_eq!(whole(dir.path()).seq, written + last_words + 1);
}

#[test]
fn the_writer_comes_back_when_the_folder_does() {
    let dir = tempfile::tempdir().expect("folder");
    let blocked = dir.path().join("journal");
    std::fs::write(&blocked, "a file in its place").expect("written");
    let (writer, thread) = writer::Writer::start(&blocked, Clock::start(0)).expect("starts");
    assert_eq!(writer.append(entry(JournalEvent::DeviceLost)).blocking_recv(), Ok(false));
    assert!(writer.state().borrow().fault.is_some());
    std::fs::remove_file(&blocked).expect("removed");
    let mut state = writer.state();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
    runtime.block_on(async {
        let healed = tokio::time::timeout(Duration::from_secs(20), state.wait_for(|s| s.writable)).await;
        assert!(healed.is_ok_and(|h| h.is_ok()));
    });
    writer.stop();
    thread.join().expect("ends");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A power cut while a line was under way: any part of it may be there, and its block may hold anything.
    #[test]
    fn no_acknowledged_line_is_lost_whatever_the_last_block_holds(
        lines in 0_u64..12,
        segment_bytes in prop::sample::select(vec![600_u64, 2000, 1_000_000]),
        torn in prop_oneof![
            (0_usize..400).prop_map(|n| (n, Vec::new())),
            (0_usize..400, prop::collection::vec(any::<u8>(), 0..512)),
            Just((400, b"\nand more".to_vec())),
        ],
    ) {
        let dir = tempfile::tempdir().expect("folder");
        let disk = filled(dir.path(), lines, segment_bytes);
        let head = disk.head().clone();
        drop(disk);
        // The line under way: a part of what would have been written, then whatever was in the block.
        let (part, garbage) = torn;
        let next = super::Record::chain(head.seq + 1, &head.hash, &entry(JournalEvent::VisitStarted), &stamp(1)).expect("short").line;
        let mut under_way = next.clone().into_bytes();
        under_way.truncate(part);
        under_way.extend(garbage);
        // All of it and a line's end: never acknowledged, but a line like any other, and kept.
        let arrived = under_way.starts_with(format!("{next}\n").as_bytes());
        let kept = if arrived { next.len() + 1 } else { 0 };
        let last = segments(dir.path()).expect("listed").pop().expect("one");
        let mut bytes = std::fs::read(&last).expect("there");
        let good = bytes.len();
        bytes.extend(&under_way);
        std::fs::write(&last, &bytes).expect("written");

        let (mut disk, opened) = Disk::open_on(Box::new(Files), dir.path(), BOOT, segment_bytes).expect("never refuses");
        prop_assert_eq!(disk.head().seq, head.seq + u64::from(arrived));
        if !arrived {
            prop_assert_eq!(disk.head(), &head);
        }
        prop_assert_eq!(opened.torn_bytes, (bytes.len() - good - kept) as u64);
        disk.append(&entry(JournalEvent::KioskStarted), &stamp(2)).expect("appends");
        prop_assert_eq!(whole(dir.path()).seq, lines + u64::from(arrived) + 1);
    }

    /// The file at every prefix: opens, keeps every whole line, drops the torn one.
    #[test]
    fn every_prefix_of_the_file_opens(lines in 1_u64..8, cut in 0.0_f64..=1.0) {
        let dir = tempfile::tempdir().expect("folder");
        drop(filled(dir.path(), lines, 1_000_000));
        let segment = segments(dir.path()).expect("listed").pop().expect("one");
        let mut bytes = std::fs::read(&segment).expect("there");
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        let complete = bytes.iter().filter(|&&b| b == b'\n').count() as u64;
        std::fs::write(&segment, &bytes).expect("written");
        let (disk, _) = Disk::open(dir.path(), BOOT).expect("never refuses");
        prop_assert_eq!(disk.head().seq, complete);
        drop(disk);
        prop_assert_eq!(whole(dir.path()).seq, complete);
    }

    /// Any byte changed, put in or taken out of an acknowledged line is found, and the kiosk starts all the same.
    #[test]
    fn every_edit_is_found_and_the_kiosk_starts_all_the_same(
        lines in 2_u64..8,
        at in 0.0_f64..1.0,
        byte in any::<u8>(),
        kind in 0..3,
    ) {
        let dir = tempfile::tempdir().expect("folder");
        let disk = filled(dir.path(), lines, 1_000_000);
        let head = disk.head().clone();
        disk.acknowledge(&head).expect("kept");
        drop(disk);
        let segment = segments(dir.path()).expect("listed").pop().expect("one");
        let before = std::fs::read(&segment).expect("there");
        let mut bytes = before.clone();
        let at = (bytes.len() as f64 * at) as usize;
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => { bytes.remove(at); }
        }
        prop_assume!(bytes != before);
        std::fs::write(&segment, &bytes).expect("written");
        let verdict = verify(dir.path(), None).expect("readable");
        let broken = matches!(verdict, Verdict::Broken { .. });
        prop_assert!(broken, "{:?}", verdict);
        prop_assert!(Disk::open(dir.path(), BOOT).is_ok());
    }
}
