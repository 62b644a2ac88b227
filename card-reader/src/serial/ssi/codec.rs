//! Packets and back: `length, opcode, source, status, data, checksum`; the length counts all but the checksum, which is the two's
//! complement of the 16-bit sum. Long codes come in segments, which are put together here.

use crate::barcode::Symbology;
use crate::serial::MAX_FRAME;
use zeroize::{Zeroize, Zeroizing};

pub const ACK: u8 = 0xd0;
pub const NAK: u8 = 0xd1;
pub const DECODE: u8 = 0xf3;
pub const EVENT: u8 = 0xf6;
pub const REVISION: u8 = 0xa4;
pub const CAPABILITIES: u8 = 0xd4;
pub const PARAMETERS: u8 = 0xc6;
pub const SEGMENT: u8 = 0x73;

const HOST: u8 = 0x04;
const HEADER: usize = 4;
const CHECKSUM: usize = 2;
/// Sent again, because no acknowledgement came.
const RETRANSMIT: u8 = 0x01;
/// `type, ?, length (2 bytes)` before the text.
const NEW_HEADER: usize = 4;

/// A packet from the host.
#[must_use]
pub fn encode(opcode: u8, data: &[u8], again: bool) -> Vec<u8> {
    let length = u8::try_from(HEADER + data.len()).unwrap_or(u8::MAX);
    let mut packet = vec![length, opcode, HOST, if again { RETRANSMIT } else { 0 }];
    packet.extend_from_slice(data);
    let sum = checksum(&packet);
    packet.extend_from_slice(&sum.to_be_bytes());
    packet
}

/// The same packet marked as sent again.
#[must_use]
pub fn retransmission(packet: &[u8]) -> Option<Vec<u8>> {
    let (opcode, data) = (*packet.get(1)?, packet.get(HEADER..packet.len().checked_sub(CHECKSUM)?)?);
    Some(encode(opcode, data, true))
}

fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).wrapping_neg()
}

/// A packet from the scanner.
pub struct Packet {
    pub opcode: u8,
    pub again: bool,
    pub data: Zeroizing<Vec<u8>>,
}

/// What the stream yields.
pub enum Item {
    Packet(Packet),
    /// A code whose segments are complete.
    Long(Decoded),
    /// A segment of a code: to be acknowledged as such.
    Segment,
    /// What looked like a packet has a wrong checksum: it should be sent again.
    Damaged,
    Garbage,
}

/// A code and its symbology, if it is one of ours.
pub struct Decoded {
    pub symbology: Option<Symbology>,
    pub text: Zeroizing<Vec<u8>>,
}

impl Decoded {
    /// The two layouts of decode data: `type, text`, and newer `type, ?, length, text`. The newer one is taken if its length
    /// is that of the rest.
    #[must_use]
    pub fn of(data: &[u8]) -> Option<Self> {
        let (kind, rest) = data.split_first()?;
        let new = match data.get(2..NEW_HEADER) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])) == data.len() - NEW_HEADER,
            _ => false,
        };
        let text = if new { data.get(NEW_HEADER..)? } else { rest };
        (!text.is_empty()).then(|| Self { symbology: symbology(*kind), text: Zeroizing::new(text.to_vec()) })
    }
}

/// The receiving side. Holds at most one unfinished packet and one unfinished code.
#[derive(Default)]
pub struct Codec {
    held: Zeroizing<Vec<u8>>,
    in_garbage: bool,
    code: Option<Code>,
}

/// A code that comes in segments.
struct Code {
    symbology: Option<Symbology>,
    wanted: usize,
    next: u8,
    text: Zeroizing<Vec<u8>>,
}

impl Codec {
    pub fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>) {
        for &byte in rx {
            if self.held.capacity() == 0 {
                self.held = Zeroizing::new(Vec::with_capacity(usize::from(u8::MAX) + CHECKSUM));
            }
            self.held.push(byte);
            self.scan(items);
        }
    }

    #[must_use]
    pub fn unfinished(&self) -> bool {
        !self.held.is_empty() || self.code.is_some()
    }

    /// Bytes held now, of packet and code.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len() + self.code.as_ref().map_or(0, |code| code.text.len())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn clear(&mut self) {
        self.held.zeroize();
        self.code = None;
        self.in_garbage = false;
    }

    fn scan(&mut self, items: &mut Vec<Item>) {
        while let [length, rest @ ..] = self.held.as_slice() {
            let length = usize::from(*length);
            if length < HEADER || !begins_well(rest) {
                self.drop_one(items);
                continue;
            }
            let whole = length + CHECKSUM;
            if self.held.len() < whole {
                return;
            }
            let said = u16::from_be_bytes([self.held[length], self.held[length + 1]]);
            if said != checksum(&self.held[..length]) {
                items.push(Item::Damaged);
                self.drop_one(items);
                continue;
            }
            let (opcode, status) = (self.held[1], self.held[3]);
            let data = Zeroizing::new(self.held[HEADER..length].to_vec());
            let first = self.held[2] == 0x02;
            self.consume(whole);
            self.in_garbage = false;
            if opcode == SEGMENT {
                self.segment(first, &data, items);
            } else {
                items.push(Item::Packet(Packet { opcode, again: status & RETRANSMIT != 0, data }));
            }
        }
    }

    /// First `seq, F3, length (4 bytes), type, ?, length (2 bytes), text…`, then `seq, text…`.
    fn segment(&mut self, first: bool, data: &[u8], items: &mut Vec<Item>) {
        items.push(Item::Segment);
        if first {
            self.code = match data {
                [0, DECODE, _, _, _, _, kind, _, high, low, text @ ..] => {
                    let wanted = usize::from(u16::from_be_bytes([*high, *low]));
                    (wanted <= MAX_FRAME && text.len() <= wanted).then(|| {
                        let mut held = Zeroizing::new(Vec::with_capacity(wanted));
                        held.extend_from_slice(text);
                        Code { symbology: symbology(*kind), wanted, next: 1, text: held }
                    })
                }
                _ => None,
            };
            if self.code.is_none() {
                items.push(Item::Garbage);
            }
        } else {
            let (Some(code), Some((seq, text))) = (self.code.as_mut(), data.split_first()) else {
                items.push(Item::Garbage);
                return;
            };
            if seq.wrapping_add(1) == code.next {
                // Sent again: its acknowledgement was lost.
                return;
            }
            if *seq != code.next || code.text.len() + text.len() > code.wanted {
                self.code = None;
                items.push(Item::Garbage);
                return;
            }
            code.text.extend_from_slice(text);
            code.next = code.next.wrapping_add(1);
        }
        if let Some(code) = self.code.take_if(|code| code.text.len() == code.wanted) {
            items.push(Item::Long(Decoded { symbology: code.symbology, text: code.text }));
        }
    }

    fn drop_one(&mut self, items: &mut Vec<Item>) {
        // A lone zero is only a waking byte.
        let zero = self.held.first() == Some(&0);
        self.consume(1);
        if !self.in_garbage && !zero {
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
}

/// An opcode that scanners send, and their source byte (a first segment has its own).
fn begins_well(rest: &[u8]) -> bool {
    let Some(&opcode) = rest.first() else { return true };
    let known = matches!(opcode, ACK | NAK | DECODE | EVENT | REVISION | CAPABILITIES | PARAMETERS | SEGMENT);
    known && rest.get(1).is_none_or(|source| *source == 0 || (*source == 0x02 && opcode == SEGMENT))
}

const fn symbology(kind: u8) -> Option<Symbology> {
    Some(match kind {
        0x11 => Symbology::Pdf417,
        0x1c => Symbology::Qr,
        0x2d => Symbology::Aztec,
        0x1b => Symbology::DataMatrix,
        0x03 => Symbology::Code128,
        0x01 => Symbology::Code39,
        _ => return None,
    })
}

#[cfg(test)]
pub(crate) mod tests;
