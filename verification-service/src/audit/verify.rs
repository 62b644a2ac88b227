//! Re-derives the whole log: the checkpoint's signature, the tiles up to its root, each row that is kept against its
//! leaf, that every stored decision has the row that tells it and every such row its decision, and that every override is
//! what its kiosk signed.

use super::Event;
use crate::kiosk_api::overrides::is_signed;
use crate::log::LogFault;
use crate::log::export::continues;
use crate::log::seal::hash_of;
use crate::secrets::Keys;
use crate::store::rows::{AuditRow, Decision, StoredTile};
use crate::store::statements::decisions::Decided;
use crate::store::{StoreError, Tx};
use std::collections::BTreeMap;
use uuid::Uuid;
use verification_api::log::tree::{Subtree, Subtrees, root};
use verification_api::log::witness::Breach;
use verification_api::log::{Checkpoint, Hash, Tile, Tiles, VerifierKey, tile};
use verification_api::wire::KioskSignature;

/// Rows and tiles that are looked at in one go.
const PAGE: i64 = 1000;

/// A whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Rows checked.
    pub rows: i64,
    /// Sequence number of the newest row.
    pub seq: i64,
    /// Leaves of the log.
    pub leaves: u64,
    /// Leaves whose rows were purged.
    pub purged: u64,
    /// Rows that are no leaves yet: not protected before they are.
    pub unsealed: i64,
}

/// The first thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    #[error(transparent)]
    Log(#[from] LogFault),
    #[error("audit row {0} was changed: it is not what was sealed as leaf {1}")]
    Changed(i64, u64),
    #[error("the audit row of leaf {0} is missing")]
    Missing(u64),
    #[error("the rows of {found} leaves are gone, but the newest purge tells of {told}")]
    Purged { found: u64, told: u64 },
    #[error("tile/{level}/{number} does not belong to a log of {leaves} leaves")]
    StrayTile { level: i64, number: i64, leaves: u64 },
    #[error("the log does not continue the checkpoint that left this host: {0}")]
    Exported(#[from] Breach),
    #[error("the decision {1} has no audit row {0} that tells it")]
    Untold(i64, String),
    #[error("audit row {0} tells a decision that is not stored any more")]
    Lost(i64),
    #[error("the override {0} {1}")]
    Override(String, &'static str),
    #[error("the code {0} is used up without a verification")]
    UsedWithoutVerification(Uuid),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks everything that the database holds of the log. `trusted`: the keys that may sign it; `keys` open the overrides;
/// `exported`: a checkpoint that left this host earlier.
///
/// # Errors
/// [`AuditFault`], the first one found.
pub async fn verify(
    tx: &mut Tx,
    trusted: &[VerifierKey],
    keys: &Keys,
    exported: Option<&Checkpoint>,
) -> Result<AuditReport, AuditFault> {
    let tree = head(tx, trusted).await?;
    tiles(tx, &tree).await?;
    if let Some(exported) = exported {
        continues(tx, exported, &tree).await??;
    }
    let mut report = AuditReport { rows: 0, seq: 0, leaves: tree.size, purged: 0, unsealed: 0 };
    let (mut told, mut deciding, mut next, mut sealed) = (Purge::default(), 0, None, Sealed::default());
    loop {
        // From the lowest number on: none may hide below the first leaf.
        let from = next.map_or(Ok(i64::MIN), number)?;
        let page = tx.leaves(from, PAGE).await?;
        for row in &page {
            let leaf = row.leaf.and_then(|leaf| u64::try_from(leaf).ok()).unwrap_or(u64::MAX);
            let expected = next.unwrap_or(leaf);
            if leaf != expected {
                return Err(AuditFault::Missing(expected));
            }
            if sealed.leaf(tx, leaf).await? != Some(hash_of(row)) {
                return Err(AuditFault::Changed(row.seq, leaf));
            }
            if next.is_none() {
                report.purged = leaf;
            }
            next = leaf.checked_add(1);
            report.note(row);
            told.note(row);
            deciding += u64::from(decides(row));
        }
        if page.is_empty() {
            break;
        }
    }
    match next {
        Some(next) if next != tree.size => return Err(AuditFault::Missing(next)),
        None if tree.size > 0 => return Err(AuditFault::Missing(tree.size - 1)),
        _ => {}
    }
    let mut after = 0;
    loop {
        let page = tx.no_leaves(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in &page {
            report.note(row);
            report.unsealed += 1;
            told.note(row);
            deciding += u64::from(decides(row));
        }
    }
    if told.leaves != report.purged {
        return Err(AuditFault::Purged { found: report.purged, told: told.leaves });
    }
    // Each decision has a row of its own, so that there are no more rows than decisions unless one was lost.
    if decisions(tx, &told).await? != deciding {
        return Err(AuditFault::Lost(tx.lost_decision().await?.unwrap_or(0)));
    }
    overrides(tx, keys).await?;
    if let Some(code) = tx.used_without_verification().await? {
        return Err(AuditFault::UsedWithoutVerification(code));
    }
    Ok(report)
}

/// Whether a row tells a decision that must be stored.
fn decides(row: &AuditRow) -> bool {
    [Event::Verification, Event::Inspection, Event::Override].iter().any(|event| event.name() == row.event)
}

/// Whether every decision is told by the row that it names, or that row was purged; how many have theirs. A row tells one
/// decision: it names its table, kiosk and id.
async fn decisions(tx: &mut Tx, purged: &Purge) -> Result<u64, AuditFault> {
    let (moves, mut told) = (Moves::read(tx).await?, 0);
    for table in Decided::ALL {
        let (mut kiosk, mut id) = (String::new(), String::new());
        loop {
            let page = tx.decisions_after(table, (&kiosk, &id), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            let (of, nth) = last.subject.split_once('/').ok_or(StoreError::NotUnderstood("decision"))?;
            (kiosk, id) = (of.to_owned(), nth.to_owned());
            for (decision, row) in page {
                let is_told = match &row {
                    Some(row) => tells(row, &decision, &moves),
                    None => (1..=purged.last_seq).contains(&decision.audit_seq),
                };
                if !is_told {
                    return Err(AuditFault::Untold(decision.audit_seq, decision.subject));
                }
                told += u64::from(row.is_some());
            }
        }
    }
    Ok(told)
}

/// Whether each override opens, is what its kiosk signed, and is what its audit row names.
async fn overrides(tx: &mut Tx, keys: &Keys) -> Result<(), AuditFault> {
    let (mut kiosk, mut id) = (String::new(), String::new());
    loop {
        let page = tx.overrides_after(&kiosk, &id, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        (kiosk, id) = (last.kiosk.hyphenated().to_string(), last.id.hyphenated().to_string());
        for row in &page {
            let wrong = |what| AuditFault::Override(format!("{}/{}", row.kiosk, row.id), what);
            let body = keys.open(&[row.kiosk.as_bytes(), row.id.as_bytes(), b"override"], &row.sealed);
            let body = body.map_err(|_| wrong("does not open: it was changed, or is sealed under another pepper"))?;
            let signature = KioskSignature::parse(&row.signature).ok_or_else(|| wrong("has no signature"))?;
            let spki = hex::decode(&signature.spki_sha256).unwrap_or_default();
            let key = tx.kiosk_key(row.kiosk, &spki).await?;
            let key = key.ok_or_else(|| wrong("is signed by a key that is not stored as its kiosk's"))?;
            if !is_signed(&key.public_key, &signature, row.id, &body) {
                return Err(wrong("is not what its kiosk signed"));
            }
            let detail: serde_json::Value =
                row.detail.as_ref().and_then(|detail| serde_json::from_str(detail).ok()).unwrap_or_default();
            // Rows from before it was told have none.
            if detail.get("body").is_some_and(|told| *told != hex::encode(keys.body_mac(&body))) {
                return Err(wrong("is not what its audit row names"));
            }
        }
    }
}

impl AuditReport {
    fn note(&mut self, row: &AuditRow) {
        self.rows += 1;
        self.seq = self.seq.max(row.seq);
    }
}

async fn head(tx: &mut Tx, trusted: &[VerifierKey]) -> Result<Checkpoint, AuditFault> {
    if trusted.is_empty() {
        return Err(LogFault::NoKey.into());
    }
    let head = tx.log_head().await?.ok_or(LogFault::NoHead)?;
    let tree = Checkpoint::open(&head.checkpoint, trusted).map_err(LogFault::from)?;
    if i64::try_from(tree.size) != Ok(head.size) {
        return Err(LogFault::Head { head: head.size, checkpoint: tree.size }.into());
    }
    Ok(tree)
}

/// Whether the tiles that are stored are those of the checkpoint's tree, no more and no less. Of each level only the roots of
/// its tiles are held.
async fn tiles(tx: &mut Tx, tree: &Checkpoint) -> Result<(), AuditFault> {
    let needed = Tile::needed(std::iter::once(0..tree.size), tree.size);
    let mut edge = Tiles::new(tree.size);
    let (mut at, mut level) = ((0, -1), Level::default());
    loop {
        let page = tx.tiles_after(at.0, at.1, PAGE).await?;
        for stored in &page {
            if stored.level != at.0 {
                level = level.above(at.0, tree)?;
                if stored.level != at.0 + 1 {
                    return Err(stray(stored, tree));
                }
            }
            let expected = if stored.level == at.0 { at.1 + 1 } else { 0 };
            let wanted = tile_of(stored.level, expected, tree.size).ok_or_else(|| stray(stored, tree))?;
            if stored.number != expected {
                return Err(LogFault::Tile(wanted.path()).into());
            }
            let hashes = tile::hashes(&stored.hashes).filter(|hashes| hashes.len() == usize::from(wanted.width));
            let hashes = hashes.ok_or_else(|| LogFault::Tile(wanted.path()))?;
            level.add(&hashes)?;
            if needed.contains(&wanted) {
                edge.insert(wanted, &stored.hashes);
            }
            at = (stored.level, stored.number);
        }
        if page.is_empty() {
            break;
        }
    }
    let above = level.above(at.0, tree)?;
    if above.expected.is_some_and(|hashes| !hashes.is_empty()) {
        return Err(LogFault::Tile(format!("tile/{}", at.0 + 1)).into());
    }
    if root(tree.size, &edge) != Some(tree.root) {
        return Err(LogFault::Root.into());
    }
    Ok(())
}

/// A level of tiles, as far as it has been read.
#[derive(Default)]
struct Level {
    /// What each hash must be, made of the level below; of the leaves nothing is known.
    expected: Option<Vec<Hash>>,
    /// Hashes so far.
    count: usize,
    /// The roots of the full tiles so far: the level above.
    roots: Vec<Hash>,
}

impl Level {
    /// The next tile.
    fn add(&mut self, hashes: &[Hash]) -> Result<(), AuditFault> {
        let end = self.count + hashes.len();
        if self.expected.as_ref().is_some_and(|expected| expected.get(self.count..end) != Some(hashes)) {
            return Err(LogFault::Root.into());
        }
        self.count = end;
        if hashes.len() as u64 == tile::WIDTH {
            self.roots.extend(hashes.subtree(Subtree { level: 8, index: 0 }));
        }
        Ok(())
    }

    /// Ends it, and it must be complete; the level above.
    fn above(self, number: i64, tree: &Checkpoint) -> Result<Self, AuditFault> {
        if self.count as u64 != Tile::hashes_of_level(u8::try_from(number).unwrap_or(u8::MAX), tree.size) {
            return Err(LogFault::Tile(format!("the end of tile/{number}")).into());
        }
        Ok(Self { expected: Some(self.roots), ..Self::default() })
    }
}

/// The leaves' hashes, of one tile at a time.
#[derive(Default)]
struct Sealed {
    number: Option<u64>,
    hashes: Vec<Hash>,
}

impl Sealed {
    async fn leaf(&mut self, tx: &mut Tx, leaf: u64) -> Result<Option<Hash>, StoreError> {
        let number = leaf / tile::WIDTH;
        if self.number != Some(number) {
            let stored = tx.tile(0, i64::try_from(number).unwrap_or(i64::MAX)).await?;
            self.hashes = stored.as_deref().and_then(tile::hashes).unwrap_or_default();
            self.number = Some(number);
        }
        Ok(usize::try_from(leaf % tile::WIDTH).ok().and_then(|at| self.hashes.get(at)).copied())
    }
}

fn tile_of(level: i64, index: i64, size: u64) -> Option<Tile> {
    let (level, index) = (u8::try_from(level).ok()?, u64::try_from(index).ok()?);
    let left = Tile::hashes_of_level(level, size).checked_sub(index * tile::WIDTH)?;
    let width = u16::try_from(left.min(tile::WIDTH)).ok().filter(|width| *width > 0)?;
    Some(Tile { level, index, width })
}

fn stray(stored: &StoredTile, tree: &Checkpoint) -> AuditFault {
    AuditFault::StrayTile { level: stored.level, number: stored.number, leaves: tree.size }
}

/// What the purges of audit rows tell, the furthest of them: instances of an earlier version did not take turns.
#[derive(Default)]
struct Purge {
    leaves: u64,
    last_seq: i64,
}

impl Purge {
    fn note(&mut self, row: &AuditRow) {
        if row.event != Event::Purged.name() {
            return;
        }
        let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let member = |name: &str| detail.get(name).and_then(serde_json::Value::as_i64);
        if let (Some(leaves), Some(last_seq)) = (member("leaves"), member("last_seq")) {
            self.leaves = self.leaves.max(u64::try_from(leaves).unwrap_or(0));
            self.last_seq = self.last_seq.max(last_seq);
        }
    }
}

/// Where identifiers were moved to when the index key was changed: earlier rows tell where they were.
struct Moves(BTreeMap<String, String>);

impl Moves {
    async fn read(tx: &mut Tx) -> Result<Self, AuditFault> {
        let mut moves = BTreeMap::new();
        for detail in tx.told_moves().await? {
            let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
            let moved = detail.get("moved").and_then(serde_json::Value::as_object).into_iter().flatten();
            moves.extend(moved.filter_map(|(from, to)| Some((from.clone(), to.as_str()?.to_owned()))));
        }
        Ok(Self(moves))
    }

    /// Whether `now` is where `told` stands, or stood since.
    fn lead(&self, told: &str, now: &str) -> bool {
        // There are 255 keys at the most.
        let mut at = Some(told);
        for _ in 0..=255 {
            match at {
                Some(place) if place == now => return true,
                Some(place) => at = self.0.get(place).map(String::as_str),
                None => return false,
            }
        }
        false
    }
}

fn tells(row: &AuditRow, decision: &Decision, moves: &Moves) -> bool {
    let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
    row.event == decision.event
        && row.subject == decision.subject
        && row.at == decision.at
        && decision.told.iter().all(|(member, value)| match (*member, detail.get(member), value) {
            ("identifier", Some(serde_json::Value::String(told)), serde_json::Value::String(now)) => {
                moves.lead(told, now)
            }
            (_, told, value) => told == Some(value),
        })
}

fn number(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::NotUnderstood("number of a leaf"))
}
