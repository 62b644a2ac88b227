//! Newland scan engines: the same tags as SYN-M between `7E 01 "0000"` and `; 03`, answered by `02 01 "0000" … ; 03` with a status
//! byte before each separator. Manual pages and the vendor's Android SDK (`testdata/newland.txt` names them). Data has no frame
//! and ends by silence.
//!
//! Not known: tags that select symbologies and the zone's typeface; they are settings.

use super::scanner::text::{Buffer, Found, Framing, State};
use super::scanner::{Answer, Ask, Dialect, Item, Need, Part, Status};
use std::time::Duration;
use zeroize::Zeroizing;

const REPLY: &[u8] = b"\x02\x010000";
const END: &[u8] = b";\x03";
/// Storage character, tag and subtag.
const KEY: usize = 7;
/// A longer reply is none.
const MAX_REPLY: usize = 512;
const STALL: Duration = Duration::from_millis(500);

/// What may be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What ends data; `None`: silence alone.
    pub suffix: Option<Vec<u8>>,
    /// Silence that ends data: 50 ms at 115200 baud, 100 ms at 9600.
    pub silence: Duration,
    /// Further settings, sent temporary at each connection.
    pub settings: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { suffix: None, silence: Duration::from_millis(100), settings: Vec::new() }
    }
}

/// See [`super::scanner::Scanner`].
pub struct Newland {
    options: Options,
    grammar: Grammar,
    buffer: Buffer,
}

impl Newland {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let grammar = Grammar { suffix: options.suffix.clone() };
        Self { options, grammar, buffer: Buffer::default() }
    }
}

/// `~ SOH 0000`, `#` (temporary), the body, `; ETX`.
#[must_use]
pub fn command(body: &str) -> Vec<u8> {
    let mut command = b"\x7e\x010000#".to_vec();
    command.extend_from_slice(body.as_bytes());
    command.extend_from_slice(END);
    command
}

fn ask(body: &str, need: Need) -> Ask {
    let key: String = body.chars().take(6).collect();
    Ask { need, ..Ask::must(command(body), key.to_ascii_uppercase()) }
}

impl Dialect for Newland {
    fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>, _tx: &mut Vec<u8>) {
        self.buffer.feed(&self.grammar, rx, items);
    }

    fn unfinished(&self) -> Option<Duration> {
        match self.buffer.state() {
            State::Empty => None,
            State::Plain => Some(self.options.silence),
            State::Frame => Some(STALL),
        }
    }

    fn silence(&mut self, items: &mut Vec<Item>) {
        self.buffer.silence(&self.grammar, items);
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn identify(&self) -> Vec<Ask> {
        vec![ask("QRYSYS", Need::Must).filling(Part::Firmware)]
    }

    fn configure(&self) -> Vec<Ask> {
        let mut asks = self.arm();
        asks.extend(self.options.settings.iter().map(|body| ask(body, Need::Must)));
        asks
    }

    /// Reads only when triggered.
    fn arm(&self) -> Vec<Ask> {
        vec![ask("SCNMOD0", Need::Must)]
    }

    fn look(&self) -> Vec<Ask> {
        vec![ask("SCNTRG1", Need::Must)]
    }

    fn rest(&self) -> Vec<Ask> {
        vec![ask("SCNTRG0", Need::Must)]
    }

    fn ping(&self) -> Option<Ask> {
        Some(ask("DEVQRY*", Need::Must))
    }
}

struct Grammar {
    suffix: Option<Vec<u8>>,
}

impl Framing for Grammar {
    fn first(&self, held: &[u8]) -> Found {
        let known = held.len().min(REPLY.len());
        if held[..known] != REPLY[..known] {
            return if held[0] == REPLY[0] { Found::Drop } else { Found::Plain };
        }
        if held.len() > REPLY.len() && held.ends_with(END) {
            let body = &held[REPLY.len()..held.len() - END.len()];
            return Found::Frame { length: held.len(), item: answer(body).map(Item::Answer) };
        }
        if held.len() >= MAX_REPLY { Found::Drop } else { Found::More }
    }

    fn frame_at_end(&self, held: &[u8]) -> Option<usize> {
        held.ends_with(REPLY).then_some(REPLY.len())
    }

    fn plain(&self, mut data: Zeroizing<Vec<u8>>) -> Option<Item> {
        if let Some(suffix) = &self.suffix {
            let length = data.strip_suffix(suffix.as_slice())?.len();
            data.truncate(length);
        } else if data.first() != Some(&b'@') {
            // The last CR of a licence is its own.
            while matches!(data.last(), Some(b'\r' | b'\n')) {
                data.pop();
            }
        }
        // A control character begins nothing that is read: a torn reply.
        data.first().is_some_and(|byte| *byte >= b' ').then_some(Item::Read { data, content: None })
    }
}

/// `#SCNTRG1<status>`, perhaps with more entries behind commas.
fn answer(body: &[u8]) -> Option<Answer> {
    let of = |byte: u8| match byte {
        0x06 => Some(Status::Done),
        0x05 => Some(Status::Unknown),
        0x15 => Some(Status::Refused),
        _ => None,
    };
    let status = body.iter().filter_map(|byte| of(*byte)).max()?;
    let first = body.split(|byte| of(*byte).is_some()).next().unwrap_or_default();
    let (key, text) = first.split_at(first.len().min(KEY));
    let key = key.strip_prefix(b"#").or_else(|| key.strip_prefix(b"@"))?;
    Some(Answer {
        key: String::from_utf8_lossy(key).to_ascii_uppercase(),
        text: String::from_utf8_lossy(text).into_owned(),
        status,
    })
}

#[cfg(test)]
mod tests;
