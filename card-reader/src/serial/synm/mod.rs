//! SYN-M menu commands: Honeywell (HHP) imagers and the many that took over their language, and Access-IS readers for
//! airports. `16 4D 0D`, tag, subtag, data, and `!` for what is forgotten without power; `16 54 0D` triggers. Vendors'
//! manual pages, and for the packet envelope an open driver's tests (`testdata/synm.txt` names them). The tags of symbologies are
//! those that several open host programs send.
//!
//! Inferred: the trigger and verdict of Access-IS take the prefix and storage character of every other command; a
//! `TRIG` message whose digit is not 1 is a removal. Reading is not switched off while idle (`AIS_BO0`), because it is not
//! known whether the sensor would go on telling; in interactive mode nothing is read without our trigger.

pub mod codec;

use super::Verdict;
use super::scanner::text::{Buffer, State};
use super::scanner::{Ask, Dialect, Item, Need, Part};
use codec::Grammar;
use std::time::Duration;

/// A torn packet or reply is given up after this.
const STALL: Duration = Duration::from_millis(500);

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Honeywell,
    AccessIs,
}

/// What may be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub maker: Maker,
    /// Zones are wanted of it. A Honeywell without OCR refuses that, and is told as having refused a setting.
    pub ocr: bool,
    /// `DECHDR1`: data in packets that cannot be mistaken. Honeywell only.
    pub packets: bool,
    /// What ends plain data; `None`: silence alone.
    pub suffix: Option<Vec<u8>>,
    /// Silence that ends plain data: 50 ms at 115200 baud, 100 ms at 9600.
    pub silence: Duration,
    /// Further settings, sent volatile at each connection: `PDFENA1`.
    pub settings: Vec<String>,
}

impl Options {
    #[must_use]
    pub fn new(maker: Maker) -> Self {
        Self {
            maker,
            ocr: true,
            packets: maker == Maker::Honeywell,
            suffix: None,
            silence: Duration::from_millis(50),
            settings: Vec::new(),
        }
    }
}

/// See [`super::scanner::Scanner`].
pub struct SynM {
    options: Options,
    grammar: Grammar,
    buffer: Buffer,
}

impl SynM {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let packets = options.packets && options.maker == Maker::Honeywell;
        let grammar = Grammar { packets, suffix: options.suffix.clone() };
        Self { options, grammar, buffer: Buffer::default() }
    }

    /// What decides whether we understand the device, and whether it reads only when asked.
    fn essential(&self) -> Vec<Ask> {
        match self.options.maker {
            Maker::Honeywell => {
                let mut asks = vec![set("TRGMOD0", Need::Must)];
                if self.grammar.packets {
                    asks.push(set("DECHDR1", Need::Must));
                }
                asks
            }
            Maker::AccessIs => vec![set("AISOMD2", Need::Must)],
        }
    }
}

/// `SYN M CR`, the body, `!`.
#[must_use]
pub fn menu(body: &str, storage: char) -> Vec<u8> {
    let mut command = b"\x16M\r".to_vec();
    command.extend_from_slice(body.as_bytes());
    command.extend_from_slice(storage.encode_utf8(&mut [0; 4]).as_bytes());
    command
}

fn set(body: &str, need: Need) -> Ask {
    let key: String = body.chars().take(6).collect();
    Ask { need, ..Ask::must(menu(body, '!'), key.to_ascii_uppercase()) }
}

impl Dialect for SynM {
    fn feed(&mut self, rx: &[u8], items: &mut Vec<Item>, _tx: &mut Vec<u8>) {
        self.buffer.feed(&self.grammar, rx, items);
    }

    fn unfinished(&self) -> Option<Duration> {
        match self.buffer.state() {
            State::Empty => None,
            State::Plain if !self.grammar.packets => Some(self.options.silence),
            State::Plain | State::Frame => Some(STALL),
        }
    }

    fn silence(&mut self, items: &mut Vec<Item>) {
        self.buffer.silence(&self.grammar, items);
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Ends a half-typed menu command.
    fn wake(&self) -> &'static [u8] {
        b"!"
    }

    fn identify(&self) -> Vec<Ask> {
        match self.options.maker {
            Maker::Honeywell => vec![
                Ask::must(menu("REVINF", '.'), "REVINF").filling(Part::Firmware),
                Ask::may(menu("P_INFO", '.'), "P_INFO").filling(Part::PartNumber),
            ],
            Maker::AccessIs => vec![Ask::must(menu("AISFWV?", '.'), "AISFWV").filling(Part::Firmware)],
        }
    }

    fn configure(&self) -> Vec<Ask> {
        let mut asks = self.essential();
        let mut also = |need, bodies: &[&str]| asks.extend(bodies.iter().map(|body| set(body, need)));
        match self.options.maker {
            Maker::Honeywell => {
                // The device's own time-out is longer than ours; the same code again after half a second.
                also(Need::May, &["TRGSTO30000", "DLYRRD500"]);
                // Licences, and backup codes; then seals and labels, which not every model knows.
                also(Need::Must, &["PDFENA1", "QRCENA1"]);
                also(Need::May, &["IDMENA1", "AZTENA1", "128ENA1", "C39ENA1"]);
                if self.options.ocr {
                    // Zones, by the predefined templates.
                    also(Need::Must, &["OCRENA1", "OCRATS2"]);
                }
            }
            Maker::AccessIs => also(Need::May, &["AIS_BO1", "AISTST2000"]),
        }
        asks.extend(self.options.settings.iter().map(|body| set(body, Need::Must)));
        asks
    }

    fn arm(&self) -> Vec<Ask> {
        self.essential()
    }

    fn look(&self) -> Vec<Ask> {
        let trigger: &[u8] = match self.options.maker {
            Maker::Honeywell => b"\x16T\r",
            Maker::AccessIs => b"\x16t\r",
        };
        vec![Ask::tell(trigger.to_vec())]
    }

    fn rest(&self) -> Vec<Ask> {
        let untrigger: &[u8] = match self.options.maker {
            Maker::Honeywell => b"\x16U\r",
            Maker::AccessIs => b"\x16u\r",
        };
        vec![Ask::tell(untrigger.to_vec())]
    }

    fn verdict(&self, verdict: Verdict) -> Vec<Ask> {
        let body = match (self.options.maker, verdict) {
            (Maker::Honeywell, _) => return Vec::new(),
            (Maker::AccessIs, Verdict::Good) => "AISXXR0",
            (Maker::AccessIs, Verdict::Bad) => "AISXXR1",
            (Maker::AccessIs, Verdict::Ignore) => "AISXXR2",
        };
        // Whether it is answered is not published; an answer is passed over as stale.
        vec![Ask::tell(menu(body, '!'))]
    }

    fn ping(&self) -> Option<Ask> {
        Some(match self.options.maker {
            Maker::Honeywell => Ask::must(menu("REVINF", '.'), "REVINF"),
            Maker::AccessIs => Ask::must(menu("AISFWV?", '.'), "AISFWV"),
        })
    }

    fn senses(&self) -> bool {
        self.options.maker == Maker::AccessIs
    }
}

#[cfg(test)]
mod tests;
