//! Readers that send a block at each swipe and take no commands: 3M/Thales *RTE Native*, DESKO and the CUTE *Misc. Reader
//! Interface*. **Unverified**: the vendors' pages that could be read leave open which bytes a length counts, how the check byte
//! is formed, and the line's settings. So everything that differs is a setting, and what is read is believed only as far as
//! its check digits go.
//!
//! Such a reader cannot be asked whether it lives: only a line that is gone is noticed.

use super::scanner::{Ask, Dialect, Item};
use crate::serial::{Content, MAX_FRAME};
use std::time::Duration;
use zeroize::{Zeroize, Zeroizing};

/// A block that does not go on is given up.
const STALL: Duration = Duration::from_millis(500);

/// What a block looks like: `start`, `header` bytes, `stx`, `flags` bytes, rows, `etx`, and perhaps a check byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What precedes the header; may be empty.
    pub start: Vec<u8>,
    /// Bytes between start and `stx` that are passed over: a length of unknown meaning, a device name.
    pub header: usize,
    pub stx: u8,
    /// Bytes behind `stx` that belong to no row.
    pub flags: usize,
    pub etx: u8,
    pub check: Check,
}

/// The byte behind `etx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    None,
    /// There is one, and it is not known how it is formed.
    Unchecked,
    /// Exclusive or of everything from the first byte of the block to `etx`.
    XorFromStart,
    /// Exclusive or of everything behind `stx` to `etx`.
    XorAfterStx,
}

impl Block {
    /// 3M/Thales RTE6701 in its native mode: `01`, length, `OU`, `02`, flag, three rows, `03`, BCC.
    #[must_use]
    pub fn rte() -> Self {
        Self { start: vec![0x01], header: 4, stx: 0x02, flags: 1, etx: 0x03, check: Check::Unchecked }
    }

    /// DESKO and CUTE: what stands before `02` and behind `03` differs and is passed over.
    #[must_use]
    pub const fn desko() -> Self {
        Self { start: Vec::new(), header: 0, stx: 0x02, flags: 0, etx: 0x03, check: Check::None }
    }

    const fn before_rows(&self) -> usize {
        self.start.len() + self.header + 1 + self.flags
    }
}

/// See [`super::scanner::Scanner`].
pub struct Swipe {
    block: Block,
    held: Zeroizing<Vec<u8>>,
    in_garbage: bool,
}

impl Swipe {
    #[must_use]
    pub fn new(block: Block) -> Self {
        Self { block, held: Zeroizing::new(Vec::with_capacity(MAX_FRAME)), in_garbage: false }
    }

    fn scan(&mut self, items: &mut Vec<Item>) {
        while !self.held.is_empty() {
            match self.look() {
                Look::More => return,
                Look::Drop => self.drop_one(items),
                Look::Block { rows, length } => {
                    self.in_garbage = false;
                    let data = Zeroizing::new(self.held[rows].to_vec());
                    self.consume(length);
                    // A block without rows says that the swipe was not read.
                    items.push(Item::Read { data, content: Some(Content::Zone) });
                }
            }
        }
    }

    fn look(&self) -> Look {
        let Block { start, header, stx, flags, etx, check } = &self.block;
        let known = self.held.len().min(start.len());
        if self.held[..known] != start[..known] {
            return Look::Drop;
        }
        let at = start.len() + header;
        if self.held.get(at).is_some_and(|byte| byte != stx) {
            return Look::Drop;
        }
        let from = at + 1 + flags;
        let Some(rows) = self.held.get(from..) else { return Look::More };
        let Some(end) = rows.iter().position(|byte| byte == etx).map(|end| from + end) else {
            // Rows are printable; anything else shows that this was no block.
            let odd = rows.iter().any(|byte| !matches!(byte, 0x20..=0x7e | b'\r' | b'\n'));
            return if odd || self.held.len() >= MAX_FRAME - 1 { Look::Drop } else { Look::More };
        };
        let range = match check {
            Check::None => return Look::Block { rows: from..end, length: end + 1 },
            Check::Unchecked => end + 1..end + 1,
            Check::XorFromStart => 0..end + 1,
            Check::XorAfterStx => at + 1..end + 1,
        };
        let Some(said) = self.held.get(end + 1) else { return Look::More };
        let sum = self.held[range].iter().fold(0, |sum, byte| sum ^ byte);
        if *check == Check::Unchecked || sum == *said {
            Look::Block { rows: from..end, length: end + 2 }
        } else {
            Look::Drop
        }
    }

    fn drop_one(&mut self, items: &mut Vec<Item>) {
        self.consume(1);
        // Without a start of its own, what lies between two blocks is not ours to judge.
        if !self.in_garbage && !self.block.start.is_empty() {
            items.push(Item::Garbage);
        }
        self.in_garbage = true;
    }

    fn consume(&mut self, count: usize) {
        let rest = self.held.len().saturating_sub(count);
        let from = self.held.len() - rest;
        self.held.copy_within(from.., 0);
        self.held[rest..].zeroize();
        self.held.truncate(rest);
    }
}

enum Look {
    More,
    Drop,
    Block { rows: std::ops::Range<usize>, length: usize },
}

impl Dialect for Swipe {
    fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>, _tx: &mut Vec<u8>) {
        for &byte in rx {
            self.held.push(byte);
            self.scan(items);
        }
    }

    fn unfinished(&self) -> Option<Duration> {
        (!self.held.is_empty()).then_some(STALL)
    }

    fn silence(&mut self, items: &mut Vec<Item>) {
        let began = self.held.len() >= self.block.before_rows();
        self.held.zeroize();
        if began {
            items.push(Item::Garbage);
        }
        self.in_garbage = false;
    }

    fn clear(&mut self) {
        self.held.zeroize();
        self.in_garbage = false;
    }

    fn identify(&self) -> Vec<Ask> {
        Vec::new()
    }

    fn configure(&self) -> Vec<Ask> {
        Vec::new()
    }

    fn arm(&self) -> Vec<Ask> {
        Vec::new()
    }

    fn look(&self) -> Vec<Ask> {
        Vec::new()
    }

    fn rest(&self) -> Vec<Ask> {
        Vec::new()
    }

    fn ping(&self) -> Option<Ask> {
        None
    }
}

#[cfg(test)]
mod tests;
