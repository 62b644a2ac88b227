//! What a simulated device is about to send, and when.

use super::Act;
use std::collections::VecDeque;
use std::time::Instant;

#[derive(Default)]
pub(super) struct Outbox(VecDeque<(Instant, Vec<u8>)>);

impl Outbox {
    pub(super) fn put(&mut self, at: Instant, frame: Vec<u8>) {
        if !frame.is_empty() {
            self.0.push_back((at, frame));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.0.front().map(|(at, _)| *at)
    }

    pub(super) fn take(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while self.0.front().is_some_and(|(at, _)| now >= *at) {
            frames.extend(self.0.pop_front().map(|(_, frame)| frame));
        }
        frames
    }
}

/// Commands that are not answered, or refused, as asked for.
#[derive(Default)]
pub(super) struct Moods {
    pub ignore: u32,
    pub refuse: u32,
    pub die_after: Option<usize>,
    pub dead: bool,
}

impl Moods {
    /// Takes up what an act asks of them; other acts ask nothing.
    pub(super) fn act(&mut self, act: &Act) {
        match *act {
            Act::Ignore(count) => self.ignore = count,
            Act::Refuse(count) => self.refuse = count,
            Act::DieMidFrame(bytes) => self.die_after = Some(bytes),
            _ => {}
        }
    }

    /// Whether the command that has just come is not answered.
    pub(super) fn ignores(&mut self) -> bool {
        let ignored = self.dead || self.ignore > 0;
        self.ignore = self.ignore.saturating_sub(1);
        ignored
    }

    pub(super) fn refuses(&mut self) -> bool {
        let refused = self.refuse > 0;
        self.refuse = self.refuse.saturating_sub(1);
        refused
    }

    /// Cuts a frame with which the device dies.
    pub(super) fn perhaps_die(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        if let Some(bytes) = self.die_after.take() {
            frame.truncate(bytes);
            self.dead = true;
        }
        frame
    }
}
