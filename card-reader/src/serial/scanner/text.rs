//! A line on which framed messages and plain data follow each other, and plain data ends by silence only. What is
//! framed is the protocol's to say; the buffer, its bound and the order of things are here.

use super::Item;
use crate::serial::MAX_FRAME;
use zeroize::{Zeroize, Zeroizing};

/// What a protocol recognises at the beginning of what is held, or at the end of plain data.
pub enum Found {
    /// Not enough bytes to tell.
    More,
    /// A whole frame of so many bytes, and what it means, if anything.
    Frame { length: usize, item: Option<Item> },
    /// A byte that cannot begin anything.
    Drop,
    /// The beginning of plain data.
    Plain,
}

/// The rules of one protocol.
pub trait Framing {
    /// What the first bytes are. `held` is never empty.
    fn first(&self, held: &[u8]) -> Found;
    /// Whether the plain data held ends with a framed message that came without a pause: its length.
    fn frame_at_end(&self, _held: &[u8]) -> Option<usize> {
        None
    }
    /// What plain data is that silence has ended; `None`: garbage.
    fn plain(&self, data: Zeroizing<Vec<u8>>) -> Option<Item>;
}

/// Bytes held until they mean something.
#[derive(Default)]
pub struct Buffer {
    held: Zeroizing<Vec<u8>>,
    plain: bool,
    /// Longer than anything may be: dropped up to the next silence.
    overlong: bool,
    in_garbage: bool,
    dropped: u64,
}

impl Buffer {
    pub fn feed(&mut self, framing: &impl Framing, rx: &[u8], items: &mut Vec<Item>) {
        for &byte in rx {
            if self.overlong {
                self.dropped += 1;
                continue;
            }
            self.grow();
            self.held.push(byte);
            self.scan(framing, items);
            if self.held.len() >= MAX_FRAME {
                self.dropped += self.held.len() as u64;
                self.empty();
                self.overlong = true;
                self.garbage(items);
            }
        }
    }

    /// Whether plain data has begun, and whether anything has.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.held.is_empty() && !self.overlong, self.plain || self.overlong) {
            (true, _) => State::Empty,
            (false, true) => State::Plain,
            (false, false) => State::Frame,
        }
    }

    /// Silence: plain data is whole, a frame is broken.
    pub fn silence(&mut self, framing: &impl Framing, items: &mut Vec<Item>) {
        self.overlong = false;
        if self.held.is_empty() {
            return;
        }
        let data = std::mem::take(&mut self.held);
        let item = if self.plain { framing.plain(data) } else { None };
        self.plain = false;
        match item {
            Some(item) => self.found(item, items),
            None => self.garbage(items),
        }
        self.in_garbage = false;
    }

    pub fn clear(&mut self) {
        self.dropped += self.held.len() as u64;
        self.empty();
        self.overlong = false;
        self.in_garbage = false;
    }

    /// Bytes held now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// A vector that grows leaves its old bytes behind; so it never does by itself.
    fn grow(&mut self) {
        if self.held.capacity() == 0 {
            self.held = Zeroizing::new(Vec::with_capacity(512));
        } else if self.held.len() == self.held.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(MAX_FRAME));
            larger.extend_from_slice(&self.held);
            self.held = larger;
        }
    }

    fn scan(&mut self, framing: &impl Framing, items: &mut Vec<Item>) {
        while !self.held.is_empty() {
            if self.plain {
                let Some(length) = framing.frame_at_end(&self.held) else { return };
                let at = self.held.len().saturating_sub(length);
                let frame = Zeroizing::new(self.held.split_off(at));
                self.plain = false;
                let data = std::mem::take(&mut self.held);
                self.held = frame;
                if !data.is_empty() {
                    match framing.plain(data) {
                        Some(item) => self.found(item, items),
                        None => self.garbage(items),
                    }
                }
            }
            match framing.first(&self.held) {
                Found::More => return,
                Found::Frame { length, item } => {
                    self.consume(length);
                    match item {
                        Some(item) => self.found(item, items),
                        None => self.in_garbage = false,
                    }
                }
                Found::Drop => {
                    self.consume(1);
                    self.dropped += 1;
                    self.garbage(items);
                }
                Found::Plain => {
                    self.plain = true;
                    if framing.frame_at_end(&self.held).is_none() {
                        return;
                    }
                }
            }
        }
    }

    fn found(&mut self, item: Item, items: &mut Vec<Item>) {
        self.in_garbage = false;
        items.push(item);
    }

    fn garbage(&mut self, items: &mut Vec<Item>) {
        if !self.in_garbage {
            self.in_garbage = true;
            items.push(Item::Garbage);
        }
    }

    fn consume(&mut self, count: usize) {
        let rest = self.held.len().saturating_sub(count);
        let from = self.held.len() - rest;
        self.held.copy_within(from.., 0);
        self.held[rest..].zeroize();
        self.held.truncate(rest);
    }

    fn empty(&mut self) {
        self.held.zeroize();
        self.plain = false;
    }
}

/// What a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    Plain,
    Frame,
}
