//! A swipe reader in the native mode of a 3M RTE6701: it sends a block at each swipe and hears nothing.

use super::outbox::{Moods, Outbox};
use super::{Act, Card, Model};
use std::time::Instant;

pub(super) struct Device {
    model: Model,
    outbox: Outbox,
    moods: Moods,
}

impl Device {
    pub(super) fn new(model: Model) -> Self {
        Self { model, outbox: Outbox::default(), moods: Moods::default() }
    }
}

impl super::Device for Device {
    fn power_on(&mut self, now: Instant) {
        self.outbox.put(now, self.model.power_on.clone());
    }

    fn power_cycle(&mut self, now: Instant, serial_number: Option<String>) {
        let model = self.model.unit(serial_number);
        *self = Self::new(model);
        self.power_on(now);
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Insert(Card::Rows(rows)) if !self.moods.dead => {
                let frame = self.moods.perhaps_die(block(&rows));
                self.outbox.put(now + self.model.read_time, frame);
            }
            Act::Insert(Card::Unreadable) if !self.moods.dead => {
                self.outbox.put(now + self.model.read_time, block(&["P<UTOER_KSS0N<<".to_owned()]));
            }
            Act::DieMidFrame(bytes) => self.moods.die_after = Some(bytes),
            _ => {}
        }
    }

    fn hear(&mut self, _now: Instant, _rx: &[u8]) {}

    fn say(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.outbox.take(now)
    }

    fn due(&self) -> Option<Instant> {
        self.outbox.due()
    }
}

/// Three rows, the bottom one last, padded to their width; the length counts what lies behind it, the check byte all.
fn block(rows: &[String]) -> Vec<u8> {
    let width = if rows.len() == 3 { 30 } else { 44 };
    let mut text = String::new();
    for missing in 0..3_usize.saturating_sub(rows.len()) {
        let _ = missing;
        text.push('\r');
    }
    for row in rows.iter().take(3) {
        text.push_str(&format!("{row:_<width$.width$}\r"));
    }
    let mut whole = vec![0x01];
    whole.extend_from_slice(&u16::try_from(text.len() + 6).unwrap_or(u16::MAX).to_le_bytes());
    whole.extend_from_slice(b"OU\x020");
    whole.extend_from_slice(text.as_bytes());
    whole.push(0x03);
    whole.push(whole.iter().fold(0, |sum, byte| sum ^ byte));
    whole
}

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn a_passport_leaves_the_first_row_empty() {
        let block = block(&["A".repeat(44), "B".repeat(40)]);
        assert_eq!(block[..8], [0x01, 97, 0, b'O', b'U', 0x02, b'0', b'\r']);
        assert!(block.windows(6).any(|bytes| bytes == b"B____\r"));
    }
}
