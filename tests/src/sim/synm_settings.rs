//! The settings of a SYN-M device: what it knows, what each may be, in RAM and in flash.

use super::Protocol;
use std::collections::BTreeMap;

/// Tag and subtag, factory value, smallest and largest. Values that no vendor's page gives are made up.
type Known = (&'static str, u32, u32, u32);

const HONEYWELL: [Known; 18] = [
    ("128ENA", 1, 0, 1),
    ("AZTENA", 1, 0, 1),
    ("C39ENA", 1, 0, 1),
    ("CBRENA", 1, 0, 1),
    ("CBRSSX", 0, 0, 1),
    ("CBRCK2", 0, 0, 2),
    ("DECHDR", 0, 0, 1),
    ("DLYRRD", 750, 0, 30_000),
    ("IDMENA", 1, 0, 1),
    ("OCRATS", 0, 0, 31),
    ("OCRENA", 0, 0, 3),
    ("PDFENA", 1, 0, 1),
    ("QRCENA", 1, 0, 1),
    ("SCNAIM", 2, 0, 2),
    ("SCNLED", 1, 0, 1),
    ("TRGMOD", 3, 0, 5),
    ("TRGSTO", 30_000, 0, 300_000),
    ("ALLENA", 0, 0, 1),
];

const ACCESS_IS: [Known; 14] = [
    ("AISBAU", 9, 0, 9),
    ("AISBDT", 8, 0, 255),
    ("AISGDT", 5, 0, 255),
    ("AISINF", 0, 0, 3),
    ("AISIOP", 0, 0, 1),
    ("AISLCM", 0, 0, 3),
    ("AISLCT", 0, 0, 7),
    ("AISOMD", 0, 0, 2),
    ("AISSCP", 2, 0, 9),
    ("AISTST", 2000, 0, 25_000),
    ("AISTUT", 0, 0, 25_000),
    ("AISXXR", 2, 0, 2),
    ("AIS_BO", 1, 0, 1),
    ("SNSSMO", 600, 0, 9999),
];

const ACK: u8 = 0x06;
const ENQ: u8 = 0x05;
const NAK: u8 = 0x15;

#[derive(Clone)]
pub(super) struct Settings {
    known: &'static [Known],
    ram: BTreeMap<&'static str, u32>,
    flash: BTreeMap<&'static str, u32>,
}

impl Settings {
    /// As delivered.
    pub(super) fn of(protocol: Protocol) -> Self {
        let known: &'static [Known] = if protocol == Protocol::AccessIs { &ACCESS_IS } else { &HONEYWELL };
        let flash: BTreeMap<_, _> = known.iter().map(|(key, factory, ..)| (*key, *factory)).collect();
        Self { known, ram: flash.clone(), flash }
    }

    pub(super) fn power_cycle(&mut self) {
        self.ram = self.flash.clone();
    }

    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.ram.get(key).copied()
    }

    pub(super) fn is(&self, key: &str, value: u32) -> bool {
        self.number(key) == Some(value)
    }

    /// `TAGSUBdata,SUBdata;TAGSUBdata` in capitals: the echo, a status before each separator and at the end. `stored`: in
    /// flash as well.
    pub(super) fn obey(&mut self, body: &str, stored: bool) -> Vec<u8> {
        let mut reply = Vec::new();
        let mut tag = String::new();
        let mut rest = body;
        loop {
            let end = rest.find([',', ';']).unwrap_or(rest.len());
            let (entry, more) = rest.split_at(end);
            let whole = if tag.is_empty() { entry.to_owned() } else { format!("{tag}{entry}") };
            let (said, status) = self.entry(&whole, stored);
            reply.extend_from_slice(&said.as_bytes()[tag.len().min(said.len())..]);
            reply.push(status);
            let Some(separator) = more.chars().next() else { return reply };
            reply.push(separator as u8);
            tag = if separator == ',' { whole.chars().take(3).collect() } else { String::new() };
            rest = &more[1..];
        }
    }

    fn entry(&mut self, entry: &str, stored: bool) -> (String, u8) {
        if let Some(tag) = entry.strip_suffix('?').filter(|tag| tag.len() == 3) {
            return self.whole_tag(tag);
        }
        let (Some(key), Some(data)) = (entry.get(..6), entry.get(6..)) else { return (entry.to_owned(), ENQ) };
        let Some((key, factory, least, most)) = self.known.iter().find(|known| known.0 == key).copied() else {
            return (entry.to_owned(), ENQ);
        };
        match data {
            "?" => (format!("{key}{}", self.ram.get(key).copied().unwrap_or(factory)), ACK),
            "^" => (format!("{key}{factory}"), ACK),
            "*" => (format!("{key}{least}-{most}"), ACK),
            _ => match data.parse() {
                Ok(value) if (least..=most).contains(&value) => {
                    self.set(key, value, stored);
                    (entry.to_owned(), ACK)
                }
                _ => (entry.to_owned(), NAK),
            },
        }
    }

    fn set(&mut self, key: &'static str, value: u32, stored: bool) {
        // All symbologies at once; OCR is none of them.
        let all = |known: &&Known| key == "ALLENA" && known.0.ends_with("ENA") && known.0 != "OCRENA";
        let also = self.known.iter().filter(all).map(|known| known.0);
        for key in std::iter::once(key).chain(also) {
            self.ram.insert(key, value);
            if stored {
                self.flash.insert(key, value);
            }
        }
    }

    /// Every entry of a tag: the first with it, the others without.
    fn whole_tag(&self, tag: &str) -> (String, u8) {
        let of_tag = self.known.iter().filter(|known| known.0.starts_with(tag));
        let entries: Vec<String> = of_tag
            .enumerate()
            .map(|(number, (key, factory, ..))| {
                let value = self.ram.get(key).copied().unwrap_or(*factory);
                format!("{}{value}", &key[if number == 0 { 0 } else { 3 }..])
            })
            .collect();
        if entries.is_empty() {
            return (format!("{tag}?"), ENQ);
        }
        (entries.join("\x06,"), ACK)
    }
}
