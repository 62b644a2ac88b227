//! For the tests of all protocols: events as words, published dumps, streams cut in pieces.

use super::{Content, NotReady, Out, Protocol, SerialCommand, SerialEvent, Verdict};
use crate::clock::now;
use crate::reader::PresentationNo;
use proptest::sample::Index;
use std::time::{Duration, Instant};

/// What a step told, one line an event; data only by its length.
pub(crate) fn told(out: &mut Out) -> Vec<String> {
    let number = |no: Option<crate::reader::PresentationNo>| no.map_or_else(|| "-".to_owned(), |no| no.0.to_string());
    out.events
        .drain(..)
        .map(|event| match event {
            SerialEvent::Ready { identity, changed_unit } => {
                let changed = if changed_unit { " (another unit)" } else { "" };
                format!("ready {} {}{changed}", identity.firmware, identity.serial_number)
            }
            SerialEvent::Armed(no) => format!("armed {}", no.0),
            SerialEvent::Sensed => "sensed".to_owned(),
            SerialEvent::DocumentPresent(no) => format!("present {}", no.0),
            SerialEvent::Read { presentation, raw, content, again } => {
                let again = if again { " again" } else { "" };
                let what = match content {
                    Content::Zone => "zone".to_owned(),
                    Content::Barcode(symbology) => symbology.map_or("barcode", |symbology| symbology.name()).to_owned(),
                };
                format!("{what} {} of {} bytes{again}", presentation.0, raw.len())
            }
            SerialEvent::NotRead(no) => format!("not read {}", no.0),
            SerialEvent::DocumentRemoved(no) => format!("removed {}", no.0),
            SerialEvent::Offered(no) => format!("offered {}", number(no)),
            SerialEvent::NotTaken(no) => format!("not taken {}", number(no)),
            SerialEvent::Captured(no) => format!("captured {}", number(no)),
            SerialEvent::Fault { fault, standing, code } => {
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                format!("{} {standing}{code}", fault.name().replace('_', " "))
            }
            SerialEvent::SelfTested { millis: Some(millis) } => format!("self-test {millis} ms"),
            SerialEvent::SelfTested { millis: None } => "self-test not possible".to_owned(),
        })
        .collect()
}

/// The bytes of a dump in a file of `name | hex hex …` lines.
pub(crate) fn dump(file: &str, name: &str) -> Vec<u8> {
    let line = file
        .lines()
        .find_map(|line| line.split_once('|').filter(|(key, _)| key.trim() == name))
        .unwrap_or_else(|| panic!("there is no dump named {name}"));
    line.1.split_whitespace().map(|hex| u8::from_str_radix(hex, 16).expect("a hex byte")).collect()
}

/// A stream cut at random places, in order.
pub(crate) fn pieces<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    ends.push(stream.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter()
        .map(|end| {
            let piece = &stream[start..end];
            start = end;
            piece
        })
        .collect()
}

/// A machine with its clock, and everything that it sent and said since it was last asked.
pub(crate) struct Bench<M> {
    pub machine: M,
    pub now: Instant,
    pub out: Out,
    pub sent: Vec<u8>,
}

impl<M: Protocol> Bench<M> {
    /// A machine whose port has just been opened.
    pub(crate) fn up(make: impl FnOnce(Instant) -> M) -> Self {
        let now = now();
        let mut bench = Self { machine: make(now), now, out: Out::default(), sent: Vec::new() };
        bench.machine.link_up(now, &mut bench.out);
        bench
    }

    /// The port is lost and opened again.
    pub(crate) fn reconnect(&mut self) {
        self.machine.link_down(self.now);
        self.machine.link_up(self.now, &mut self.out);
        self.sent();
    }

    pub(crate) fn hear(&mut self, rx: &[u8]) {
        self.machine.bytes(self.now, rx, &mut self.out);
        self.collect();
    }

    pub(crate) fn tell(&mut self, command: SerialCommand) -> Result<(), NotReady> {
        let told = self.machine.command(self.now, command, &mut self.out);
        self.collect();
        told
    }

    /// Lets time pass, stopping at every deadline on the way.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut steps = 0;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.machine.timeout(self.now, &mut self.out);
            self.collect();
            if self.out.drop_link.is_some() {
                return;
            }
            steps += 1;
            assert!(steps < 10_000, "a deadline that never passes");
        }
        self.now = end;
    }

    pub(crate) fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn said(&mut self) -> Vec<String> {
        told(&mut self.out)
    }

    fn collect(&mut self) {
        self.sent.append(&mut self.out.tx);
    }
}

/// Everything that a whole machine tells, sends, and hands on of a stream in these pieces, a millisecond apart, and of the
/// silence behind it.
pub(crate) fn through<M: Protocol>(mut bench: Bench<M>, pieces: &[&[u8]]) -> (Vec<String>, Vec<Vec<u8>>, Vec<u8>) {
    let (mut words, mut read) = (Vec::new(), Vec::new());
    let mut listen = |bench: &mut Bench<M>| {
        read.extend(bench.out.events.iter().filter_map(|event| match event {
            SerialEvent::Read { raw, .. } => Some(raw.to_vec()),
            _ => None,
        }));
        words.extend(bench.said());
    };
    bench.sent();
    bench.said();
    for piece in pieces {
        bench.hear(piece);
        listen(&mut bench);
        bench.wait(Duration::from_millis(1));
    }
    // Long enough for silence, a torn frame and rows that do not come; too short for a ping.
    bench.wait(Duration::from_millis(700));
    listen(&mut bench);
    if let Some(fault) = bench.out.drop_link {
        words.push(format!("dropped: {}", fault.name()));
    }
    (words, read, bench.sent())
}

/// Whether a machine is to be asked again soon: none sleeps for ever while its line is open.
pub(crate) trait Wakes {
    fn deadline_within(&self, now: Instant, time: Duration) -> bool;
}

impl<M: Protocol> Wakes for M {
    fn deadline_within(&self, now: Instant, time: Duration) -> bool {
        self.deadline().is_some_and(|due| due <= now + time)
    }
}

/// Feeds anything at any pace, with commands in between: nothing panics, nothing loops, a deadline is always set, and
/// what is sent stays in proportion to what was heard and asked.
pub(crate) fn survives<M: Protocol>(machine: M, steps: &[(Vec<u8>, u16, u8)]) {
    let mut bench = Bench::up(|_| machine);
    for (number, (bytes, pause, command)) in steps.iter().enumerate() {
        bench.hear(bytes);
        let _ = match command {
            0 => bench.tell(SerialCommand::Arm(PresentationNo(number as u64))),
            1 => bench.tell(SerialCommand::Disarm),
            2 => bench.tell(SerialCommand::Verdict(Verdict::Good)),
            3 => bench.tell(SerialCommand::Verdict(Verdict::Bad)),
            4 => bench.tell(SerialCommand::SelfTest),
            5 => bench.tell(SerialCommand::Eject),
            _ => Ok(()),
        };
        bench.wait(Duration::from_millis(u64::from(*pause)));
        if bench.out.drop_link.take().is_some() {
            bench.reconnect();
        }
        assert!(bench.machine.deadline_within(bench.now, Duration::from_secs(60)), "asleep for ever");
        assert!(bench.sent().len() < 2048, "sends without end");
        bench.said();
    }
}

/// A property test of [`survives`] for a machine.
macro_rules! hostile {
    ($machine:expr, $name:ident) => {
        mod $name {
            use super::*;

            proptest::proptest! {
                #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
                #[test]
                fn random_bytes_never_panic_nor_outlast_a_deadline(
                    steps in proptest::collection::vec(
                        (proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600), 0_u16..3000, 0_u8..12), 0..24),
                ) {
                    $crate::serial::testing::survives($machine, &steps);
                }
            }
        }
    };
}
pub(crate) use hostile;
