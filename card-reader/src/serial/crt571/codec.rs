//! `F2 | address | length (2 bytes, big-endian) | text | 03 | BCC`, the BCC being the exclusive or of all before it. The length
//! counts the text, so an `03` in it ends nothing. Beside frames there are single bytes: ACK, NAK.

use crate::serial::MAX_FRAME;
use zeroize::{Zeroize, Zeroizing};

pub const ACK: u8 = 0x06;
pub const NAK: u8 = 0x15;
const START: u8 = 0xf2;
const END: u8 = 0x03;
const HEADER: usize = 4;
const TRAILER: usize = 2;
/// Type, command, parameter.
const SHORTEST: usize = 3;

/// A frame from the host: `C`, command, parameter.
#[must_use]
pub fn encode(command: [u8; 2]) -> Vec<u8> {
    frame(0, &[b'C', command[0], command[1]])
}

/// Any text as a frame.
#[must_use]
pub fn frame(address: u8, text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut frame = vec![START, address];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&text[..usize::from(length)]);
    frame.push(END);
    frame.push(frame.iter().fold(0, |sum, byte| sum ^ byte));
    frame
}

/// What the stream yields.
pub enum Item {
    Ack,
    Nak,
    Reply(Reply),
    /// A frame whose check byte is wrong.
    Damaged,
    Garbage,
}

/// A reply, done or refused.
pub struct Reply {
    pub command: [u8; 2],
    pub outcome: Outcome,
}

pub enum Outcome {
    /// `P`: where the card is, how the bin is, and what was asked for.
    Done { card: Position, bin_full: bool, data: Zeroizing<Vec<u8>> },
    /// `N` (or `E`): two digits of the vendor's.
    Refused([u8; 2]),
}

/// Where the card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    None,
    Gate,
    Inside,
}

/// The receiving side. Holds at most one unfinished frame.
#[derive(Default)]
pub struct Codec {
    held: Zeroizing<Vec<u8>>,
    in_garbage: bool,
}

impl Codec {
    pub fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>) {
        for &byte in rx {
            if self.held.capacity() == 0 {
                self.held = Zeroizing::new(Vec::with_capacity(MAX_FRAME));
            }
            self.held.push(byte);
            self.scan(items);
        }
    }

    #[must_use]
    pub fn unfinished(&self) -> bool {
        !self.held.is_empty()
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

    pub fn clear(&mut self) {
        self.held.zeroize();
        self.in_garbage = false;
    }

    fn scan(&mut self, items: &mut Vec<Item>) {
        while let Some(&first) = self.held.first() {
            match first {
                ACK => self.single(Item::Ack, items),
                NAK => self.single(Item::Nak, items),
                START => {
                    let Some(&[address, high, low]) = self.held.get(1..HEADER) else { return };
                    let text = usize::from(u16::from_be_bytes([high, low]));
                    let whole = HEADER + text + TRAILER;
                    if address > 0x0f || text < SHORTEST || whole >= MAX_FRAME {
                        self.drop_one(Item::Garbage, items);
                        continue;
                    }
                    if self.held.get(HEADER).is_some_and(|kind| !b"PNE".contains(kind)) {
                        self.drop_one(Item::Garbage, items);
                        continue;
                    }
                    if self.held.len() < whole {
                        return;
                    }
                    let sum = self.held[..whole - 1].iter().fold(0, |sum, byte| sum ^ byte);
                    if self.held[whole - TRAILER] != END || self.held[whole - 1] != sum {
                        self.drop_one(Item::Damaged, items);
                        continue;
                    }
                    let reply = reply(&self.held[HEADER..HEADER + text]);
                    self.consume(whole);
                    self.in_garbage = false;
                    items.push(reply.map_or(Item::Damaged, Item::Reply));
                }
                _ => self.drop_one(Item::Garbage, items),
            }
        }
    }

    fn single(&mut self, item: Item, items: &mut Vec<Item>) {
        self.consume(1);
        self.in_garbage = false;
        items.push(item);
    }

    fn drop_one(&mut self, why: Item, items: &mut Vec<Item>) {
        self.consume(1);
        if !self.in_garbage {
            self.in_garbage = true;
            items.push(why);
        }
    }

    fn consume(&mut self, count: usize) {
        let rest = self.held.len().saturating_sub(count);
        let from = self.held.len() - rest;
        self.held.copy_within(from.., 0);
        self.held[rest..].zeroize();
        self.held.truncate(rest);
    }
}

/// `P cm pm st0 st1 st2 data`, or `N cm pm e1 e0`.
fn reply(text: &[u8]) -> Option<Reply> {
    match *text {
        [b'P', command, parameter, card, _, bin, ref data @ ..] => {
            let card = match card {
                b'0' => Position::None,
                b'1' => Position::Gate,
                b'2' => Position::Inside,
                _ => return None,
            };
            let data = Zeroizing::new(data.to_vec());
            Some(Reply { command: [command, parameter], outcome: Outcome::Done { card, bin_full: bin == b'1', data } })
        }
        [b'N' | b'E', command, parameter, e1, e0, ..] => {
            Some(Reply { command: [command, parameter], outcome: Outcome::Refused([e1, e0]) })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
