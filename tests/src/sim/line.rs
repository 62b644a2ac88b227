//! A line between the device and the host: its speed, and seeded faults. The same seed misbehaves in the same way as long as the
//! same frames go through.

use crate::specimen::Random;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a line, and the device behind it, misbehave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    pub seed: u64,
    /// The part of all frames that something happens to, 0 to 1.
    pub rate: f32,
    /// Only this happens; `None`: anything.
    pub only: Option<Fault>,
}

impl Faults {
    /// Anything may happen to this part of all frames.
    #[must_use]
    pub const fn any(seed: u64, rate: f32) -> Self {
        Self { seed, rate, only: None }
    }
}

/// Between the two writes of a frame that is always split.
const SPLIT_PAUSE: Duration = Duration::from_millis(15);

/// What happens to a frame, or with it to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Split,
    /// Leaves together with the next frame.
    Merge,
    Delay,
    Duplicate,
    /// A byte is damaged. Without a checksum it becomes one that no document has, because nobody could notice another.
    Damage,
    Garbage,
    /// The frame ends in its middle.
    Tear,
    /// Byte by byte.
    Drip,
    Lose,
    /// The device refuses the next command; of those that can.
    Refuse,
    /// The device takes no notice of anything for a while.
    Hang,
    /// The plug is pulled in the middle of the frame, and comes back.
    Vanish,
    /// As [`Fault::Vanish`]; an old frame lies on the line before anybody has opened it again.
    Stale,
    /// As [`Fault::Vanish`]; the kernel gives another name to it.
    Elsewhere,
    /// As [`Fault::Vanish`]; another unit comes back.
    AnotherUnit,
}

impl Fault {
    pub const ALL: [Self; 15] = [
        Self::Split,
        Self::Merge,
        Self::Delay,
        Self::Duplicate,
        Self::Damage,
        Self::Garbage,
        Self::Tear,
        Self::Drip,
        Self::Lose,
        Self::Refuse,
        Self::Hang,
        Self::Vanish,
        Self::Stale,
        Self::Elsewhere,
        Self::AnotherUnit,
    ];
    /// So many of them, from the first, are the line's; they are three times as frequent as the device's.
    const OF_LINE: usize = 9;

    /// The word for it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Merge => "merge",
            Self::Delay => "delay",
            Self::Duplicate => "double",
            Self::Damage => "damage",
            Self::Garbage => "garbage",
            Self::Tear => "tear",
            Self::Drip => "drip",
            Self::Lose => "lose",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
            Self::Vanish => "vanish",
            Self::Stale => "stale",
            Self::Elsewhere => "elsewhere",
            Self::AnotherUnit => "another-unit",
        }
    }

    fn drawn(random: &mut Random) -> Self {
        let (line, device) = Self::ALL.split_at(Self::OF_LINE);
        let at = random.below(line.len() * 3 + device.len());
        if at < line.len() * 3 { line[at / 3] } else { device[at - line.len() * 3] }
    }
}

/// What happens to the device behind the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    Refuse,
    Hang(Duration),
    /// Once the bytes that are on their way have left.
    Pull {
        back_after: Duration,
        serial_number: Option<String>,
        elsewhere: bool,
        stale: Vec<u8>,
    },
}

pub(super) struct Line {
    baud: Option<u32>,
    split_at: Option<usize>,
    faults: Option<(Random, Faults)>,
    refuses: bool,
    checksum: bool,
    /// Pieces, and when their last byte has left.
    pieces: VecDeque<(Instant, Vec<u8>)>,
    free_at: Option<Instant>,
    held: Vec<u8>,
}

impl Line {
    /// `checksum`: a damaged byte shows. `refuses`: the device can refuse a command.
    pub(super) fn new(
        baud: Option<u32>,
        split_at: Option<usize>,
        faults: Option<Faults>,
        checksum: bool,
        refuses: bool,
    ) -> Self {
        let mut line = Self {
            baud,
            split_at,
            faults: None,
            refuses,
            checksum,
            pieces: VecDeque::new(),
            free_at: None,
            held: Vec::new(),
        };
        line.misbehave(faults);
        line
    }

    /// From the host to the device: only as slow as it is.
    pub(super) fn inward(baud: Option<u32>) -> Self {
        Self::new(baud, None, None, true, false)
    }

    pub(super) fn misbehave(&mut self, faults: Option<Faults>) {
        self.faults = faults.map(|faults| (Random::new(faults.seed), faults));
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.free_at = None;
        self.held.clear();
    }

    /// Frames go onto the line; what happens to the device meanwhile.
    pub(super) fn take(&mut self, now: Instant, frames: Vec<Vec<u8>>) -> Vec<Mishap> {
        let mut mishaps = Vec::new();
        for frame in frames {
            let mut frame = if self.held.is_empty() { frame } else { [std::mem::take(&mut self.held), frame].concat() };
            let fault = self.faults.as_mut().and_then(|(random, faults)| {
                random.chance(faults.rate).then(|| faults.only.unwrap_or_else(|| Fault::drawn(random)))
            });
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
                Fault::Tear => {
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
                Fault::Refuse => {
                    if self.refuses {
                        mishaps.push(Mishap::Refuse);
                    }
                    self.send(now, frame);
                }
                Fault::Hang => {
                    mishaps.push(Mishap::Hang(Duration::from_millis(300 + random.below(4000) as u64)));
                    self.send(now, frame);
                }
                Fault::Vanish | Fault::Stale | Fault::Elsewhere | Fault::AnotherUnit => {
                    let stale = if fault == Fault::Stale { frame.clone() } else { Vec::new() };
                    let number = 1000 + random.below(9000);
                    let back_after = Duration::from_millis(100 + random.below(900) as u64);
                    frame.truncate(random.below(frame.len()));
                    mishaps.push(Mishap::Pull {
                        back_after,
                        serial_number: (fault == Fault::AnotherUnit).then(|| format!("SIM-{number}")),
                        elsewhere: fault == Fault::Elsewhere,
                        stale,
                    });
                    self.send(now, frame);
                }
            }
        }
        mishaps
    }

    /// Bytes go onto the line as they are, but for its speed.
    pub(super) fn send(&mut self, at: Instant, mut bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
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
    use super::{Fault, Faults, Line, Mishap};
    use crate::harness::wait::now;
    use std::time::Duration;

    #[test]
    fn bytes_take_their_time() {
        let start = now();
        let mut line = Line::new(Some(9600), None, None, false, false);
        line.take(start, vec![vec![b'x'; 96]]);
        assert!(line.leave(start).is_empty());
        assert_eq!(line.leave(start + Duration::from_millis(51)).concat().len(), 48);
        assert_eq!(line.leave(start + Duration::from_millis(101)).concat().len(), 48);
    }

    #[test]
    fn the_same_seed_misbehaves_in_the_same_way() {
        let run = |seed| {
            let start = now();
            let mut line = Line::new(None, None, Some(Faults::any(seed, 0.9)), true, true);
            let mut mishaps = Vec::new();
            for number in 0..40_u8 {
                mishaps.extend(line.take(start, vec![vec![number; 20]]));
            }
            (line.leave(start + Duration::from_secs(60)), mishaps)
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn every_fault_is_drawn_and_each_does_what_its_name_says() {
        let mut random = crate::specimen::Random::new(5);
        let drawn: Vec<Fault> = (0..2000).map(|_| Fault::drawn(&mut random)).collect();
        for fault in Fault::ALL {
            assert!(drawn.contains(&fault), "{fault:?}");
            let start = now();
            let mut line = Line::new(None, None, Some(Faults { seed: 3, rate: 1.0, only: Some(fault) }), true, true);
            let mishaps = line.take(start, vec![vec![b'a'; 20], vec![b'b'; 20]]);
            let left = line.leave(start + Duration::from_secs(60));
            let bytes = left.concat();
            match fault {
                Fault::Split => assert!(left.len() >= 3 && bytes.len() == 40),
                Fault::Merge => assert!(left.is_empty(), "held back"),
                Fault::Delay => assert!(bytes.len() == 40 && line.free_at >= Some(start + Duration::from_millis(50))),
                Fault::Duplicate => assert_eq!(bytes.len(), 80),
                Fault::Damage => assert!(bytes.len() == 40 && bytes.iter().any(|byte| !b"ab".contains(byte))),
                Fault::Garbage => assert!(bytes.len() > 40),
                Fault::Tear => assert!(bytes.len() < 40 && mishaps.is_empty()),
                Fault::Drip => assert_eq!(left.len(), 40),
                Fault::Lose => assert!(bytes.is_empty()),
                Fault::Refuse => assert_eq!((bytes.len(), mishaps), (40, vec![Mishap::Refuse, Mishap::Refuse])),
                Fault::Hang => assert!(matches!(mishaps[..], [Mishap::Hang(_), Mishap::Hang(_)])),
                Fault::Vanish | Fault::Stale | Fault::Elsewhere | Fault::AnotherUnit => {
                    assert!(bytes.len() < 40, "the frame ends in its middle");
                    let Mishap::Pull { serial_number, elsewhere, stale, .. } = &mishaps[0] else { panic!("pulled") };
                    assert_eq!(serial_number.is_some(), fault == Fault::AnotherUnit);
                    assert_eq!(*elsewhere, fault == Fault::Elsewhere);
                    assert_eq!(*stale == [b'a'; 20], fault == Fault::Stale);
                }
            }
        }
        let mut without =
            Line::new(None, None, Some(Faults { seed: 3, rate: 1.0, only: Some(Fault::Refuse) }), true, false);
        assert!(without.take(now(), vec![vec![1]]).is_empty(), "a device that cannot refuse");
    }
}
