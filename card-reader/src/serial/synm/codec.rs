//! Bytes to items. Three things share the line: replies to menu commands, packets (`DECHDR1`) or plain data, and the
//! sensor's `TRIG` messages of Access-IS.
//!
//! A reply is told from plain data by its end: a status byte (ACK, ENQ, NAK), then the storage character. Plain data
//! has no frame at all; silence ends it.

use crate::barcode::Symbology;
use crate::serial::Content;
use crate::serial::MAX_FRAME;
use crate::serial::scanner::text::{Found, Framing};
use crate::serial::scanner::{Answer, Item, Status};
use zeroize::Zeroizing;

const SYN: u8 = 0x16;
const CR: u8 = 0x0d;
const ACK: u8 = 0x06;
const ENQ: u8 = 0x05;
const NAK: u8 = 0x15;

/// `16 FE`, length, `0D`, `MSGGET`, four digits, HonID, AIM identifier, `1D`.
const ENVELOPE: usize = 21;
/// What the 32-bit length counts beside the data.
const COUNTED: usize = 14;
/// `16 0D "TRIG:" x 16 0A`
const TRIG: usize = 10;
/// Tag and subtag.
const KEY: usize = 6;

/// How data arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar {
    /// `DECHDR1`: data in packets only. Without it data is plain.
    pub packets: bool,
    /// What must end plain data, so that a torn message is not taken for a whole one.
    pub suffix: Option<Vec<u8>>,
}

impl Framing for Grammar {
    fn first(&self, held: &[u8]) -> Found {
        match (held[0], held.get(1)) {
            (SYN, None) => Found::More,
            (SYN, Some(0xfe)) if self.packets => packet(held),
            (SYN, Some(&CR)) => trig(held),
            (SYN, Some(_)) => Found::Drop,
            _ if is_reply(held) => Found::Frame { length: held.len(), item: Some(Item::Answer(answer(held))) },
            _ => Found::Plain,
        }
    }

    fn frame_at_end(&self, held: &[u8]) -> Option<usize> {
        if is_reply(held) {
            return Some(held.len());
        }
        // In text that is no reply (yet) a packet may begin; in plain data only a whole TRIG message is believed.
        if self.packets && held.ends_with(&[SYN, 0xfe]) {
            return Some(2);
        }
        let end = held.len().checked_sub(TRIG).and_then(|start| held.get(start..))?;
        matches!(trig(end), Found::Frame { .. }).then_some(TRIG)
    }

    fn plain(&self, mut data: Zeroizing<Vec<u8>>) -> Option<Item> {
        if self.packets {
            return None;
        }
        match &self.suffix {
            Some(suffix) => {
                let length = data.strip_suffix(suffix.as_slice())?.len();
                data.truncate(length);
            }
            // The last CR of a licence is its own.
            None if data.first() != Some(&b'@') => {
                while matches!(data.last(), Some(b'\r' | b'\n')) {
                    data.pop();
                }
            }
            None => {}
        }
        let content = match data.as_slice() {
            [b']', letter, _, ..] => {
                let symbology = aim(*letter);
                data.drain(..3);
                symbology.map(|symbology| Content::Barcode(Some(symbology)))
            }
            _ => None,
        };
        // A control character begins nothing that is read: a torn message.
        data.first().is_some_and(|byte| *byte >= b' ').then_some(Item::Read { data, content })
    }
}

/// `SYN FE …`, checked byte by byte as far as it has come: what cannot be a packet costs one byte.
fn packet(held: &[u8]) -> Found {
    let Some(length) = held.get(2..6).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else { return Found::More };
    let counted = u32::from_le_bytes(length) as usize;
    let fits = counted > COUNTED && counted - COUNTED + ENVELOPE < MAX_FRAME;
    let digits = held.get(13..held.len().min(17)).unwrap_or_default();
    let so_far = fits
        && held.get(6).is_none_or(|byte| *byte == CR)
        && held.get(7..held.len().min(13)).is_none_or(|tag| b"MSGGET".starts_with(tag))
        && digits.iter().all(u8::is_ascii_digit)
        && held.get(20).is_none_or(|byte| *byte == 0x1d);
    if !so_far {
        return Found::Drop;
    }
    let data = counted - COUNTED;
    if digits.len() == 4 {
        let said = digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
        if said != data {
            return Found::Drop;
        }
    }
    let length = ENVELOPE + data;
    if held.len() < length {
        return Found::More;
    }
    if held[length - 1] != CR {
        return Found::Drop;
    }
    let content = match held[17] {
        b'O' => Content::Zone,
        id => Content::Barcode(honeywell(id)),
    };
    let data = Zeroizing::new(held[ENVELOPE..length - 1].to_vec());
    let item = (!data.is_empty()).then_some(Item::Read { data, content: Some(content) });
    Found::Frame { length, item }
}

fn trig(held: &[u8]) -> Found {
    let known = held.len().min(7);
    if !b"\x16\x0dTRIG:".starts_with(&held[..known]) {
        return Found::Drop;
    }
    if held.get(8).is_some_and(|byte| *byte != SYN) || held.get(9).is_some_and(|byte| *byte != b'\n') {
        return Found::Drop;
    }
    if held.len() < TRIG {
        return Found::More;
    }
    // The digit of a removal is not published: whatever is not 1 is one.
    Found::Frame { length: TRIG, item: Some(Item::Present(held[7] == b'1')) }
}

fn is_reply(held: &[u8]) -> bool {
    let [rest @ .., status, storage] = held else { return false };
    matches!(storage, b'.' | b'!')
        && matches!(*status, ACK | ENQ | NAK)
        && rest.len() >= 3
        && rest[..3].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && rest.iter().all(|byte| matches!(*byte, 0x20..=0x7e | ACK | ENQ | NAK | b'\r' | b'\n'))
}

/// The first entry's key and text, and the worst status of all entries.
fn answer(held: &[u8]) -> Answer {
    let status = held
        .iter()
        .filter_map(|byte| match *byte {
            ACK => Some(Status::Done),
            ENQ => Some(Status::Unknown),
            NAK => Some(Status::Refused),
            _ => None,
        })
        .max();
    let first = held.split(|byte| matches!(*byte, ACK | ENQ | NAK)).next().unwrap_or_default();
    let (key, text) = first.split_at(first.len().min(KEY));
    Answer {
        key: String::from_utf8_lossy(key).to_ascii_uppercase(),
        text: String::from_utf8_lossy(text).trim_start_matches([':', ' ']).to_owned(),
        status: status.unwrap_or(Status::Done),
    }
}

/// The letter by which Honeywell names a symbology.
const fn honeywell(id: u8) -> Option<Symbology> {
    Some(match id {
        b'r' => Symbology::Pdf417,
        b's' => Symbology::Qr,
        b'z' => Symbology::Aztec,
        b'w' => Symbology::DataMatrix,
        b'j' => Symbology::Code128,
        b'b' => Symbology::Code39,
        _ => return None,
    })
}

/// The letter of an AIM identifier.
const fn aim(letter: u8) -> Option<Symbology> {
    Some(match letter {
        b'L' => Symbology::Pdf417,
        b'Q' => Symbology::Qr,
        b'z' => Symbology::Aztec,
        b'd' => Symbology::DataMatrix,
        b'C' => Symbology::Code128,
        b'A' => Symbology::Code39,
        _ => return None,
    })
}

#[cfg(test)]
pub(crate) mod tests;
