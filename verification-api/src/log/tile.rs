//! Tiles of height 8 (C2SP tlog-tiles): where 256 hashes of one level are served, and a tree that is read from them.

use super::tree::{Hash, Subtree, Subtrees, fold_whole, subtrees};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Hashes of a full tile.
pub const WIDTH: u64 = 256;
/// Levels of the tree that a tile spans.
const HEIGHT: u8 = 8;
/// Bytes of a hash.
const HASH: usize = 32;

/// A tile's place: number `index` of level `level`, of which the first `width` hashes are meant (256: it is full).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    pub level: u8,
    pub index: u64,
    /// 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The path below the log's address: `tile/0/x001/x234/067`, `tile/1/000.p/17`.
    #[must_use]
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.index_path())
    }

    /// The path's part behind the level.
    #[must_use]
    pub fn index_path(self) -> String {
        let mut elements = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            elements.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        elements.reverse();
        let width = if u64::from(self.width) == WIDTH { String::new() } else { format!(".p/{}", self.width) };
        elements.join("/") + &width
    }

    /// Reads level and the part behind it; `None` unless they are written exactly as [`Tile::path`] writes them.
    #[must_use]
    pub fn parse(level: &str, index: &str) -> Option<Self> {
        let (number_path, width) = match index.split_once(".p/") {
            Some((number_path, width)) => (number_path, width.parse::<u8>().ok()?.into()),
            None => (index, 256),
        };
        let mut number = 0_u64;
        for element in number_path.split('/') {
            let digits = element.strip_prefix('x').unwrap_or(element);
            number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { level: level.parse().ok()?, index: number, width };
        let canonical = tile.index_path() == index && tile.level.to_string() == level;
        (canonical && tile.level < 64 && width > 0).then_some(tile)
    }

    /// How many hashes of level `level` a tree of `size` leaves has.
    #[must_use]
    pub const fn hashes_of_level(level: u8, size: u64) -> u64 {
        match size.checked_shr(HEIGHT as u32 * level as u32) {
            Some(hashes) => hashes,
            None => 0,
        }
    }

    /// The tile that holds a whole subtree of a tree of `size` leaves, and the place of its hashes in that tile.
    #[must_use]
    pub fn of(subtree: Subtree, size: u64) -> (Self, Range<usize>) {
        let level = subtree.level / HEIGHT;
        let below = subtree.level % HEIGHT;
        let first = subtree.index << below;
        let index = first / WIDTH;
        let known = Self::hashes_of_level(level, size).saturating_sub(index * WIDTH).min(WIDTH);
        let at = usize::try_from(first % WIDTH).unwrap_or(0);
        (Self { level, index, width: u16::try_from(known).unwrap_or(256) }, at..at + (1 << below))
    }

    /// The tiles of a tree of `size` leaves that hold everything of these ranges (see [`super::proof`]).
    #[must_use]
    pub fn needed(ranges: impl IntoIterator<Item = Range<u64>>, size: u64) -> BTreeSet<Self> {
        ranges.into_iter().flat_map(subtrees).map(|subtree| Self::of(subtree, size).0).collect()
    }
}

/// Fetched tiles of a tree of one size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles {
    size: u64,
    fetched: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles {
    /// `size`: leaves of the tree.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, fetched: BTreeMap::new() }
    }

    /// Takes a tile's bytes; false if they are not so many hashes as the tile has. More than asked for (a full tile in
    /// place of a partial one) is taken too.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> bool {
        let Some(hashes) = hashes(bytes) else { return false };
        if hashes.len() < usize::from(tile.width) || hashes.len() as u64 > WIDTH {
            return false;
        }
        self.fetched.insert((tile.level, tile.index), hashes);
        true
    }
}

impl Subtrees for Tiles {
    fn subtree(&self, subtree: Subtree) -> Option<Hash> {
        let (tile, at) = Tile::of(subtree, self.size);
        let hashes = self.fetched.get(&(tile.level, tile.index))?;
        Some(fold_whole(hashes.get(at)?.to_vec()))
    }
}

/// The hashes of a tile's bytes.
#[must_use]
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// What appending leaves changes: the tiles on the tree's right edge, each as (level, index, all its hashes).
///
/// `edge` gives the tile of a level that is partial in the tree of `size` leaves; it is asked for those levels only.
///
/// # Errors
/// What `edge` gave, if it does not fit the tree: `None`.
pub fn append(
    size: u64,
    leaves: &[Hash],
    mut edge: impl FnMut(Tile) -> Option<Vec<Hash>>,
) -> Option<Vec<(Tile, Vec<Hash>)>> {
    let mut changed = Vec::new();
    let mut new = leaves.to_vec();
    for level in 0..HEIGHT {
        if new.is_empty() {
            break;
        }
        let had = Tile::hashes_of_level(level, size);
        let (mut index, partial) = (had / WIDTH, had % WIDTH);
        let mut open = match u16::try_from(partial).ok()? {
            0 => Vec::new(),
            width => {
                let hashes = edge(Tile { level, index, width })?;
                if hashes.len() != usize::from(width) {
                    return None;
                }
                hashes
            }
        };
        let mut above = Vec::new();
        for hash in new {
            open.push(hash);
            if open.len() as u64 == WIDTH {
                above.push(fold_whole(open.clone()));
                changed.push((Tile { level, index, width: 256 }, std::mem::take(&mut open)));
                index += 1;
            }
        }
        if !open.is_empty() {
            changed.push((Tile { level, index, width: u16::try_from(open.len()).ok()? }, open));
        }
        new = above;
    }
    Some(changed)
}
