//! Bytes to frames and back. No I/O, no clock: that a started frame never ends is the machine's business.
//!
//! With neither start byte nor checksum, a frame is recognised by a known type and a credible length only; anything
//! else costs one byte and a rescan.

use zeroize::{Zeroize, Zeroizing};

/// Longest data taken for real: a zone is at most 98 bytes, a version text is short.
pub const MAX_DATA: usize = 512;
const HEADER: usize = 3;

/// First byte of a frame; the reply repeats the command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `I`: read the zone now; also sent unasked in continuous mode.
    Inquire,
    /// `L`: read a one-line area.
    InquireLine,
    /// `C`: continuous reading on or off.
    Continuous,
    /// `V`: version of the OCR firmware.
    Version,
    /// `W`: version of the recognition network.
    Engine,
    /// `R`: serial number.
    SerialNumber,
    /// `T`: part number.
    PartNumber,
    /// The configurable presence message; its bytes are not published.
    Presence(u8),
}

impl Kind {
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Inquire => b'I',
            Self::InquireLine => b'L',
            Self::Continuous => b'C',
            Self::Version => b'V',
            Self::Engine => b'W',
            Self::SerialNumber => b'R',
            Self::PartNumber => b'T',
            Self::Presence(byte) => byte,
        }
    }

    fn of(byte: u8, presence: Option<u8>) -> Option<Self> {
        Some(match byte {
            b'I' => Self::Inquire,
            b'L' => Self::InquireLine,
            b'C' => Self::Continuous,
            b'V' => Self::Version,
            b'W' => Self::Engine,
            b'R' => Self::SerialNumber,
            b'T' => Self::PartNumber,
            other if presence == Some(other) => Self::Presence(other),
            _ => return None,
        })
    }
}

/// One whole frame. Its data may be a person's zone: zeroed on drop, and never formatted.
pub struct Frame {
    pub kind: Kind,
    pub data: Zeroizing<Vec<u8>>,
}

/// What the stream yields.
pub enum Item {
    Frame(Frame),
    /// A run of bytes that belong to no frame has begun.
    Garbage,
}

/// The receiving side. Holds at most one unfinished frame.
pub struct Codec {
    held: [u8; HEADER + MAX_DATA],
    len: usize,
    presence: Option<u8>,
    in_garbage: bool,
    dropped: u64,
}

impl Codec {
    /// `presence`: the configured type of the device's presence message, if any.
    #[must_use]
    pub const fn new(presence: Option<u8>) -> Self {
        Self { held: [0; HEADER + MAX_DATA], len: 0, presence, in_garbage: false, dropped: 0 }
    }

    /// Takes bytes as they come, in pieces of any size, and appends what they complete.
    pub fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>) {
        for &byte in rx {
            // `scan` never leaves the buffer full: a whole frame is taken out at once.
            self.held[self.len] = byte;
            self.len += 1;
            self.scan(items);
        }
    }

    /// Whether a frame has begun and not ended.
    #[must_use]
    pub const fn mid_frame(&self) -> bool {
        self.len > 0
    }

    /// Forgets the unfinished frame, if any.
    pub fn clear(&mut self) {
        self.dropped += self.len as u64;
        self.held.zeroize();
        self.len = 0;
        self.in_garbage = false;
    }

    /// Bytes that belonged to no frame, since the beginning.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn scan(&mut self, items: &mut Vec<Item>) {
        while self.len > 0 {
            let Some(kind) = Kind::of(self.held[0], self.presence) else {
                self.drop_one(items);
                continue;
            };
            if self.len < HEADER {
                return;
            }
            let size = usize::from(u16::from_be_bytes([self.held[1], self.held[2]]));
            if size > MAX_DATA {
                self.drop_one(items);
                continue;
            }
            if self.len < HEADER + size {
                return;
            }
            let data = Zeroizing::new(self.held[HEADER..HEADER + size].to_vec());
            self.consume(HEADER + size);
            self.in_garbage = false;
            items.push(Item::Frame(Frame { kind, data }));
        }
    }

    fn drop_one(&mut self, items: &mut Vec<Item>) {
        self.consume(1);
        self.dropped += 1;
        if !self.in_garbage {
            self.in_garbage = true;
            items.push(Item::Garbage);
        }
    }

    fn consume(&mut self, count: usize) {
        self.held.copy_within(count..self.len, 0);
        let rest = self.len - count;
        self.held[rest..self.len].zeroize();
        self.len = rest;
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

/// Appends a command to the bytes to send. Commands carry at most a byte of data.
pub fn encode(kind: Kind, data: &[u8], tx: &mut Vec<u8>) {
    let size = u16::try_from(data.len()).unwrap_or(u16::MAX);
    tx.push(kind.byte());
    tx.extend_from_slice(&size.to_be_bytes());
    tx.extend_from_slice(&data[..usize::from(size)]);
}

/// Sent alone, it makes the device forget a half-received command (the vendor's SDK does this before it drains).
pub const RESYNC: u8 = 0x00;

#[cfg(test)]
pub(crate) mod tests;
