//! The journal's files: append and make durable, recover after a crash, keep a reserve for the last words.
//!
//! Only one line is ever under way, so after a crash at most one line at the end is torn: it was never acknowledged, is
//! dropped and reported. Anything else that does not follow from the line before is *damage*: it is left as it stands for
//! [`super::verify`] to name, and writing goes on in a new segment. Opening never refuses because of what the files hold.

use super::chain::{HEAD_FILE, Head};
use super::record::{Record, TooLong};
use super::{MAX_LINE, segment_number, segment_path, segments};
use crate::clock::Stamp;
use crate::config::io_cause;
use crate::effect::{Entry, JournalEvent};
use crate::session::state::VisitId;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A segment is closed before it grows beyond this.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Kept free for the last words of a full disk.
pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// How much of the end is looked at when opening: thousands of lines, many more than the longest visit has.
const WINDOW: u64 = 1024 * 1024;

/// The journal of one kiosk, open for writing by this process alone.
pub struct Disk {
    dir: PathBuf,
    medium: Box<dyn Medium>,
    segment: u32,
    file: Box<dyn Tail>,
    /// Bytes of whole, durable lines in the segment.
    length: u64,
    head: Head,
    reserve_held: bool,
    /// The last write failed half-way and could not be undone yet.
    unclean: bool,
    segment_bytes: u64,
    /// Held locked for as long as the journal is open.
    _lock: File,
}

/// What was found when opening.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    pub last_run: LastRun,
    /// Bytes of a torn last line that were dropped.
    pub torn_bytes: u64,
    /// Lines that do not follow from the one before were found near the end; they were left for `journal verify`.
    pub damaged: bool,
    /// The service acknowledged a later line than the last one here.
    pub lines_missing: bool,
    /// Visits that were open when the last run ended.
    pub open_visits: Vec<VisitId>,
}

/// How the run before this one ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastRun {
    #[default]
    None,
    Clean,
    /// Without a word, in the same boot.
    Crash,
    /// Without a word, and the machine has booted since.
    PowerLoss,
}

impl Opened {
    /// The word for the journal: how the last run ended, and what had to be mended.
    #[must_use]
    pub fn cause(&self) -> String {
        let mut words = vec![self.last_run.name()];
        words.extend((self.torn_bytes > 0).then_some("torn_line_dropped"));
        words.extend(self.damaged.then_some("lines_damaged"));
        words.extend(self.lines_missing.then_some("lines_missing"));
        words.join(",")
    }
}

impl LastRun {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "first_start",
            Self::Clean => "clean",
            Self::Crash => "crash",
            Self::PowerLoss => "power_loss",
        }
    }
}

/// Why a line is not in the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{0}: another kiosk-app is writing this journal; stop it first")]
    InUse(String),
    #[error("{path}: the journal cannot be written, {cause}; give this program a folder it may write in, with room")]
    NotWritable { path: String, cause: String },
    #[error("{path}: the journal cannot be written, the disk is full; make room (16 MB or more)")]
    Full { path: String },
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The end of an open segment.
pub trait Tail: Send {
    /// Writes `bytes` at the end and makes them durable.
    ///
    /// # Errors
    /// As the system says; the file may then hold a part of them.
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()>;
    /// Cuts the file to `length` and makes that durable.
    ///
    /// # Errors
    /// As the system says.
    fn cut(&mut self, length: u64) -> std::io::Result<()>;
}

/// Where the files lie; a test puts a small disk in its place.
pub trait Medium: Send {
    /// Opens a segment for appending, making it (and its name durable) if it is not there.
    ///
    /// # Errors
    /// As the system says.
    fn open(&mut self, path: &Path) -> std::io::Result<Box<dyn Tail>>;
    /// Takes the reserve.
    ///
    /// # Errors
    /// As the system says; mostly that there is no room.
    fn take_reserve(&mut self, path: &Path) -> std::io::Result<()>;
    /// Gives it back.
    ///
    /// # Errors
    /// As the system says.
    fn free_reserve(&mut self, path: &Path) -> std::io::Result<()>;
}

/// The machine's own disk.
pub struct Files;

impl Disk {
    /// Opens the journal in `dir`, making the folder if it is not there. `boot_id` is that of the running boot.
    ///
    /// # Errors
    /// The folder cannot be made or written, or another process writes this journal. Never because of what the files hold.
    pub fn open(dir: &Path, boot_id: &str) -> Result<(Self, Opened), JournalError> {
        Self::open_on(Box::new(Files), dir, boot_id, SEGMENT_BYTES)
    }

    /// The same on another medium and with smaller segments, for tests.
    ///
    /// # Errors
    /// As [`Disk::open`].
    pub fn open_on(
        mut medium: Box<dyn Medium>,
        dir: &Path,
        boot_id: &str,
        segment_bytes: u64,
    ) -> Result<(Self, Opened), JournalError> {
        let fail = |e: std::io::Error| failure(dir, &e);
        std::fs::create_dir_all(dir).map_err(fail)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock")).map_err(fail)?;
        if rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(JournalError::InUse(dir.display().to_string()));
        }
        let found = segments(dir).map_err(fail)?;
        let scan = scan_last(&found).map_err(fail)?;
        let mut opened = scan.report(boot_id);
        opened.lines_missing = Head::acknowledged(dir).is_some_and(|head| head.seq > scan.head.seq);
        let last = found.last().and_then(|path| segment_number(path)).unwrap_or(0);
        let (segment, length) = match () {
            () if last == 0 => (1, 0),
            () if scan.damaged => (last + 1, 0),
            () => (last, scan.good_bytes),
        };
        let mut file = medium.open(&segment_path(dir, segment)).map_err(fail)?;
        let unclean = scan.torn_bytes > 0 && file.cut(length).is_err();
        let reserve_held = medium.take_reserve(&dir.join("reserve")).is_ok();
        let dir = dir.to_owned();
        let head = scan.head;
        let disk = Self { dir, medium, segment, file, length, head, reserve_held, unclean, segment_bytes, _lock: lock };
        Ok((disk, opened))
    }

    /// Appends `entry`; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk is full even of the reserve, or fails. The chain then stands as before.
    pub fn append(&mut self, entry: &Entry, stamp: &Stamp) -> Result<&Head, JournalError> {
        let record = Record::chain(self.head.seq + 1, &self.head.hash, entry, stamp)?;
        let line = format!("{}\n", record.line);
        if let Err(first) = self.try_append(&line) {
            if !is_full(&first) || !self.reserve_held {
                return Err(failure(&self.dir, &first));
            }
            // The last words: give the reserve back and try once more. The kiosk is told through `writable`.
            self.medium.free_reserve(&self.dir.join("reserve")).map_err(|e| failure(&self.dir, &e))?;
            self.reserve_held = false;
            self.try_append(&line).map_err(|e| failure(&self.dir, &e))?;
        }
        self.head = Head { seq: record.seq, hash: record.hash };
        Ok(&self.head)
    }

    /// Whether a visit may be begun: the last write was clean and the reserve is there.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.reserve_held && !self.unclean
    }

    /// Tries to become writable again.
    pub fn mend(&mut self) -> bool {
        if self.unclean {
            self.unclean = self.file.cut(self.length).is_err();
        }
        if !self.reserve_held {
            self.reserve_held = self.medium.take_reserve(&self.dir.join("reserve")).is_ok();
        }
        self.writable()
    }

    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Keeps the head that the service acknowledged.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn acknowledge(&self, head: &Head) -> std::io::Result<()> {
        write_whole(&self.dir.join(HEAD_FILE), format!("{head}\n").as_bytes())
    }

    fn try_append(&mut self, line: &str) -> std::io::Result<()> {
        if self.unclean {
            self.file.cut(self.length)?;
            self.unclean = false;
        }
        let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.length > 0 && self.length + bytes > self.segment_bytes {
            self.file = self.medium.open(&segment_path(&self.dir, self.segment + 1))?;
            self.segment += 1;
            self.length = 0;
        }
        if let Err(error) = self.file.append(line.as_bytes()) {
            self.unclean = self.file.cut(self.length).is_err();
            return Err(error);
        }
        self.length += bytes;
        Ok(())
    }
}

impl Medium for Files {
    fn open(&mut self, path: &Path) -> std::io::Result<Box<dyn Tail>> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.sync_all()?;
        sync_folder_of(path)?;
        Ok(Box::new(file))
    }

    fn take_reserve(&mut self, path: &Path) -> std::io::Result<()> {
        if std::fs::metadata(path).is_ok_and(|m| m.len() == RESERVE_BYTES) {
            return Ok(());
        }
        let taken = (|| {
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
            // Written, not only allocated: some file systems cannot allocate, and on those a hole reserves nothing.
            let block = [0_u8; 64 * 1024];
            for _ in 0..RESERVE_BYTES / 65_536 {
                file.write_all(&block)?;
            }
            file.sync_all()?;
            sync_folder_of(path)
        })();
        if taken.is_err() {
            std::fs::remove_file(path).ok();
        }
        taken
    }

    fn free_reserve(&mut self, path: &Path) -> std::io::Result<()> {
        std::fs::remove_file(path)?;
        sync_folder_of(path)
    }
}

impl Tail for File {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write_all(bytes)?;
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.set_len(length)?;
        self.sync_data()
    }
}

/// Replaces a small file so that after a power cut either the old or the new contents are there.
///
/// # Errors
/// As the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_as(path, bytes, 0o644)
}

/// As [`write_whole`], readable for the kiosk's user alone.
///
/// # Errors
/// As the system says.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_as(path, bytes, 0o600)
}

fn write_as(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    // What an earlier run left would keep its own mode.
    let _ = std::fs::remove_file(&fresh);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

fn failure(dir: &Path, error: &std::io::Error) -> JournalError {
    let path = dir.display().to_string();
    if is_full(error) {
        JournalError::Full { path }
    } else {
        JournalError::NotWritable { path, cause: io_cause(error) }
    }
}

/// The end of a journal, as far as it follows from itself.
struct Scan {
    head: Head,
    /// Of the last segment.
    good_bytes: u64,
    torn_bytes: u64,
    damaged: bool,
    /// The good lines looked at, oldest first.
    records: Vec<Record>,
}

impl Scan {
    fn report(&self, boot_id: &str) -> Opened {
        let is = |record: &Record, event: JournalEvent| record.member("event").is_some_and(|e| e == event.name());
        // `kiosk-app devices --capture` writes of cards while no kiosk runs.
        let of_a_run = |record: &&Record| {
            ![JournalEvent::CardOrdered, JournalEvent::CardCaptured].into_iter().any(|event| is(record, event))
        };
        let last_run = match self.records.iter().rev().find(of_a_run) {
            None => LastRun::None,
            Some(last) if is(last, JournalEvent::KioskStopped) => LastRun::Clean,
            Some(last) if last.member("boot").is_some_and(|boot| boot == boot_id) => LastRun::Crash,
            Some(_) => LastRun::PowerLoss,
        };
        let mut open: Vec<String> = Vec::new();
        for record in &self.records {
            let Some(visit) = record.member("visit") else { continue };
            if is(record, JournalEvent::VisitStarted) {
                open.push(visit);
            } else if [JournalEvent::VisitEnded, JournalEvent::VisitTimedOut, JournalEvent::VisitAborted]
                .into_iter()
                .any(|end| is(record, end))
            {
                open.retain(|o| *o != visit);
            }
        }
        let open_visits = open.iter().filter_map(|v| uuid::Uuid::parse_str(v).ok()).map(VisitId).collect();
        Opened { last_run, torn_bytes: self.torn_bytes, damaged: self.damaged, lines_missing: false, open_visits }
    }
}

/// Looks at the end of the last segment; into the one before it only for the hash to follow from.
fn scan_last(found: &[PathBuf]) -> std::io::Result<Scan> {
    let Some((last, earlier)) = found.split_last() else {
        return Ok(Scan { head: Head::empty(), good_bytes: 0, torn_bytes: 0, damaged: false, records: Vec::new() });
    };
    let mut file = File::open(last)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(WINDOW);
    file.seek(SeekFrom::Start(from))?;
    let mut window = Vec::new();
    file.take(WINDOW).read_to_end(&mut window)?;
    let mut scan = if from == 0 {
        let before = scan_last(earlier)?;
        Scan { good_bytes: 0, torn_bytes: 0, damaged: before.damaged && before.records.is_empty(), ..before }
    } else {
        let skipped = window.iter().position(|&b| b == b'\n').map_or(window.len(), |n| n + 1);
        window.drain(..skipped);
        let good_bytes = from + u64::try_from(skipped).unwrap_or(0);
        Scan { head: Head::empty(), good_bytes, torn_bytes: 0, damaged: false, records: Vec::new() }
    };
    let anchored = from == 0;
    let mut rest = window.as_slice();
    while let Some(end) = rest.iter().position(|&b| b == b'\n') {
        let line = &rest[..end];
        let checked = if anchored || !scan.records.is_empty() {
            Record::check(line, &scan.head.hash, scan.head.seq + 1)
        } else {
            Record::parse(line)
        };
        let Ok(record) = checked else { break };
        scan.head = Head { seq: record.seq, hash: record.hash.clone() };
        scan.records.push(record);
        rest = &rest[end + 1..];
        scan.good_bytes += u64::try_from(end + 1).unwrap_or(0);
    }
    if !rest.is_empty() {
        // A whole line of the journal's form was acknowledged once: it is not torn, it is damage.
        let first = rest.split(|&b| b == b'\n').next().unwrap_or_default();
        let torn = rest.len() <= MAX_LINE + 1 && (first.len() == rest.len() || Record::parse(first).is_err());
        scan.damaged = !torn;
        scan.torn_bytes = if torn { u64::try_from(rest.len()).unwrap_or(0) } else { 0 };
    }
    Ok(scan)
}
