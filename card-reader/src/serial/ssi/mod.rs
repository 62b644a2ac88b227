//! Zebra/Symbol *Simple Serial Interface*: small packets with a checksum, each acknowledged. Vendor's manual pages, and an open
//! driver's tests for what newer units send (`testdata/ssi.txt` names them). Unknown status bits are ignored, as that driver found
//! necessary.
//!
//! The scanner must be set to send decode data in packets; which parameter does that is the model's, so it is a setting
//! (`parameters`).

pub mod codec;

use super::scanner::{Answer, Ask, Dialect, Item, Need, Part, Status};
use super::{Content, Verdict};
use codec::{Codec, Decoded, Packet, encode};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A torn packet or code is given up after this: the host's answer time-out is 2 s.
const STALL: Duration = Duration::from_millis(500);

const START: u8 = 0xe4;
const STOP: u8 = 0xe5;
const LED_ON: u8 = 0xe7;
const LED_OFF: u8 = 0xe8;
const SCAN_ENABLE: u8 = 0xe9;
const SCAN_DISABLE: u8 = 0xea;
const REQUEST_REVISION: u8 = 0xa3;
const SEGMENT_ACK: u8 = 0x74;
/// Send it again.
const RESEND: u8 = 1;
const GREEN: u8 = 1;
const RED: u8 = 2;

/// What may be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Number and value, sent volatile at each connection. Numbers from 240 on are escaped as the protocol wants it.
    pub parameters: Vec<(u16, u8)>,
}

/// See [`super::scanner::Scanner`].
pub struct Ssi {
    options: Options,
    codec: Codec,
    parts: Vec<codec::Item>,
    keyed: RandomState,
    /// Of the last code, to know a retransmission.
    last: Option<u64>,
}

impl Ssi {
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, codec: Codec::default(), parts: Vec::new(), keyed: RandomState::new(), last: None }
    }

    fn packet(&mut self, packet: Packet, items: &mut Vec<Item>, tx: &mut Vec<u8>) {
        let said = |key: &str, status| {
            let text = String::from_utf8_lossy(&packet.data).into_owned();
            Item::Answer(Answer { key: key.to_owned(), text, status })
        };
        match packet.opcode {
            codec::ACK => items.push(said("ACK", Status::Done)),
            // A refusal does not say of what: of what was asked last.
            codec::NAK => items.push(said("", Status::Refused)),
            codec::REVISION => items.push(said("REVISION", Status::Done)),
            codec::CAPABILITIES => items.push(said("CAPABILITIES", Status::Done)),
            codec::DECODE => {
                tx.extend_from_slice(&encode(codec::ACK, &[], false));
                let fingerprint = self.keyed.hash_one(packet.data.as_slice());
                let known = self.last.replace(fingerprint) == Some(fingerprint);
                match Decoded::of(&packet.data) {
                    // Its acknowledgement was lost.
                    Some(_) if packet.again && known => {}
                    Some(decoded) => items.push(read(decoded)),
                    None => items.push(Item::Garbage),
                }
            }
            // Events and parameters are acknowledged and mean nothing to us.
            _ => tx.extend_from_slice(&encode(codec::ACK, &[], false)),
        }
    }
}

fn read(decoded: Decoded) -> Item {
    let content = decoded.symbology.map(|symbology| Content::Barcode(Some(symbology)));
    Item::Read { data: decoded.text, content }
}

fn acked(opcode: u8, data: &[u8], need: Need) -> Ask {
    Ask { need, ..Ask::must(encode(opcode, data, false), "ACK") }
}

/// `FF` (no beep), then number and value.
fn parameter(number: u16, value: u8) -> Vec<u8> {
    let mut data = vec![0xff];
    match u8::try_from(number) {
        Ok(number) if number < 0xf0 => data.push(number),
        _ => {
            let [page, rest] = number.to_be_bytes();
            data.extend_from_slice(&[0xef_u8.saturating_add(page), rest]);
        }
    }
    data.push(value);
    data
}

impl Dialect for Ssi {
    fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>, tx: &mut Vec<u8>) {
        let mut parts = std::mem::take(&mut self.parts);
        self.codec.feed(rx, &mut parts);
        for part in parts.drain(..) {
            match part {
                codec::Item::Packet(packet) => self.packet(packet, items, tx),
                codec::Item::Long(decoded) => items.push(read(decoded)),
                codec::Item::Segment => tx.extend_from_slice(&encode(SEGMENT_ACK, &[], false)),
                codec::Item::Damaged => tx.extend_from_slice(&encode(codec::NAK, &[RESEND], false)),
                codec::Item::Garbage => items.push(Item::Garbage),
            }
        }
        self.parts = parts;
    }

    fn unfinished(&self) -> Option<Duration> {
        self.codec.unfinished().then_some(STALL)
    }

    fn silence(&mut self, items: &mut Vec<Item>) {
        self.codec.clear();
        items.push(Item::Garbage);
    }

    fn clear(&mut self) {
        self.codec.clear();
        self.last = None;
    }

    fn again(&self, tx: &[u8]) -> Vec<u8> {
        codec::retransmission(tx).unwrap_or_else(|| tx.to_vec())
    }

    /// A zero wakes it; then its queue is flushed.
    fn wake(&self) -> &'static [u8] {
        b"\x00\x04\xd2\x04\x00\xff\x26"
    }

    fn identify(&self) -> Vec<Ask> {
        vec![Ask::must(encode(REQUEST_REVISION, &[], false), "REVISION").filling(Part::Firmware)]
    }

    fn configure(&self) -> Vec<Ask> {
        let parameters = self.options.parameters.iter();
        let mut asks: Vec<Ask> = parameters
            .map(|(number, value)| acked(codec::PARAMETERS, &parameter(*number, *value), Need::Must))
            .collect();
        asks.push(acked(SCAN_DISABLE, &[], Need::May));
        asks
    }

    fn arm(&self) -> Vec<Ask> {
        // What must be answered comes first, so that a hang is named in time.
        vec![acked(SCAN_ENABLE, &[], Need::Must), acked(LED_OFF, &[GREEN | RED], Need::May)]
    }

    fn look(&self) -> Vec<Ask> {
        vec![acked(START, &[], Need::Must)]
    }

    fn rest(&self) -> Vec<Ask> {
        vec![acked(STOP, &[], Need::Must)]
    }

    fn disarm(&self) -> Vec<Ask> {
        vec![acked(STOP, &[], Need::Must), acked(SCAN_DISABLE, &[], Need::Must)]
    }

    fn verdict(&self, verdict: Verdict) -> Vec<Ask> {
        let (off, on) = match verdict {
            Verdict::Good => (RED, GREEN),
            Verdict::Bad => (GREEN, RED),
            Verdict::Ignore => return Vec::new(),
        };
        vec![acked(LED_OFF, &[off], Need::May), acked(LED_ON, &[on], Need::May)]
    }

    fn ping(&self) -> Option<Ask> {
        Some(Ask::must(encode(REQUEST_REVISION, &[], false), "REVISION"))
    }
}

#[cfg(test)]
mod tests;
