//! A line between the device and the host: its speed, and seeded faults. The same seed misbehaves in the same way as long as the
//! same frames go through.

use crate::specimen::Random;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a line misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    pub seed: u64,
    /// The part of all frames that something happens to, 0 to 1.
    pub rate: f32,
}

/// Between the two writes of a frame that is always split.
const SPLIT_PAUSE: Duration = Duration::from_millis(15);

#[derive(Clone, Copy)]
enum Fault {
    Split,
    /// Leaves together with the next frame.
    Merge,
    Delay,
    Duplicate,
    /// A byte is damaged. Without a checksum it becomes one that no document has, because nobody could notice another.
    Damage,
    Garbage,
    /// The frame ends in its middle.
    Vanish,
    /// Byte by byte.
    Drip,
    Lose,
}

const FAULTS: [Fault; 9] = [
    Fault::Split,
    Fault::Merge,
    Fault::Delay,
    Fault::Duplicate,
    Fault::Damage,
    Fault::Garbage,
    Fault::Vanish,
    Fault::Drip,
    Fault::Lose,
];

pub(super) struct Line {
    baud: Option<u32>,
    split_at: Option<usize>,
    faults: Option<(Random, f32)>,
    checksum: bool,
    /// Pieces, and when their last byte has left.
    pieces: VecDeque<(Instant, Vec<u8>)>,
    free_at: Option<Instant>,
    held: Vec<u8>,
}

impl Line {
    pub(super) fn new(baud: Option<u32>, split_at: Option<usize>, faults: Option<Faults>, checksum: bool) -> Self {
        let mut line =
            Self { baud, split_at, faults: None, checksum, pieces: VecDeque::new(), free_at: None, held: Vec::new() };
        line.misbehave(faults);
        line
    }

    pub(super) fn misbehave(&mut self, faults: Option<Faults>) {
        self.faults = faults.map(|faults| (Random::new(faults.seed), faults.rate));
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.free_at = None;
        self.held.clear();
    }

    /// Frames go onto the line.
    pub(super) fn take(&mut self, now: Instant, frames: Vec<Vec<u8>>) {
        for frame in frames {
            let mut frame = if self.held.is_empty() { frame } else { [std::mem::take(&mut self.held), frame].concat() };
            let fault =
                self.faults.as_mut().and_then(|(random, rate)| random.chance(*rate).then(|| *random.pick(&FAULTS)));
            let Some(((random, _), fault)) = self.faults.as_mut().zip(fault) else {
                self.send(now, frame);
                continue;
            };
            match fault {
                Fault::Split => {
                    let cut = random.below(frame.len() + 1);
                    let gap = Duration::from_millis(1 + random.below(30) as u64);
                    let rest = frame.split_off(cut);
                    self.send(now, frame);
                    self.send(now + gap, rest);
                }
                Fault::Merge => self.held = frame,
                Fault::Delay => {
                    let gap = Duration::from_millis(50 + random.below(250) as u64);
                    self.send(now + gap, frame);
                }
                Fault::Duplicate => {
                    self.send(now, frame.clone());
                    self.send(now, frame);
                }
                Fault::Damage => {
                    let at = random.below(frame.len());
                    frame[at] = if self.checksum { frame[at] ^ (1 << random.below(8)) } else { 0xff };
                    self.send(now, frame);
                }
                Fault::Garbage => {
                    let garbage: Vec<u8> = (0..=random.below(12)).map(|_| random.below(256) as u8).collect();
                    self.send(now, [garbage, frame].concat());
                }
                Fault::Vanish => {
                    let keep = random.below(frame.len());
                    frame.truncate(keep);
                    self.send(now, frame);
                }
                Fault::Drip => {
                    let gap = Duration::from_millis(1 + random.below(25) as u64);
                    for (number, byte) in frame.into_iter().enumerate() {
                        self.send(now + gap * u32::try_from(number).unwrap_or(0), vec![byte]);
                    }
                }
                Fault::Lose => {}
            }
        }
    }

    fn send(&mut self, at: Instant, mut bytes: Vec<u8>) {
        if let Some(cut) = self.split_at.filter(|cut| (1..bytes.len()).contains(cut)) {
            let rest = bytes.split_off(cut);
            self.put(at, bytes);
            self.put(at + SPLIT_PAUSE, rest);
        } else {
            self.put(at, bytes);
        }
    }

    /// Ten bits a byte, in pieces as a UART's buffer delivers them.
    fn put(&mut self, at: Instant, bytes: Vec<u8>) {
        let start = self.free_at.map_or(at, |free| free.max(at));
        let Some(baud) = self.baud else {
            self.free_at = Some(start);
            self.pieces.push_back((start, bytes));
            return;
        };
        let mut time = start;
        for piece in bytes.chunks(16) {
            time += Duration::from_secs_f64(piece.len() as f64 * 10.0 / f64::from(baud));
            self.pieces.push_back((time, piece.to_vec()));
        }
        self.free_at = Some(time);
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.pieces.front().map(|(at, _)| *at)
    }

    /// What has left by now.
    pub(super) fn leave(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut left = Vec::new();
        while self.pieces.front().is_some_and(|(at, _)| now >= *at) {
            left.extend(self.pieces.pop_front().map(|(_, piece)| piece));
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, Line};
    use crate::harness::wait::now;
    use std::time::Duration;

    #[test]
    fn bytes_take_their_time() {
        let start = now();
        let mut line = Line::new(Some(9600), None, None, false);
        line.take(start, vec![vec![b'x'; 96]]);
        assert!(line.leave(start).is_empty());
        assert_eq!(line.leave(start + Duration::from_millis(51)).concat().len(), 48);
        assert_eq!(line.leave(start + Duration::from_millis(101)).concat().len(), 48);
    }

    #[test]
    fn the_same_seed_misbehaves_in_the_same_way() {
        let run = |seed| {
            let start = now();
            let mut line = Line::new(None, None, Some(Faults { seed, rate: 0.9 }), true);
            for number in 0..40_u8 {
                line.take(start, vec![vec![number; 20]]);
            }
            line.leave(start + Duration::from_secs(60))
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
