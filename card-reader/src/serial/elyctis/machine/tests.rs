//! The conversation against a fake clock: what is sent when, and what each answer and each silence leads to.

use super::{Machine, Timing};
use crate::reader::{Fault, PresentationNo};
use crate::serial::elyctis::codec::tests::dump;
use crate::serial::testing;
use crate::serial::{NotReady, Out, Protocol, SerialCommand, Verdict};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const N: PresentationNo = PresentationNo(7);
const OFF: &[u8] = b"C\0\x01\0";
const ON: &[u8] = b"C\0\x01\x01";
const INQUIRE: &[u8] = b"I\0\0";
const VERSION: &[u8] = b"V\0\0";

/// A machine with its clock, and everything that it said since it was last asked.
struct Bench {
    machine: Machine,
    now: Instant,
    out: Out,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "a fake clock needs a beginning")]
    fn new() -> Self {
        let now = Instant::now();
        let mut bench = Self { machine: Machine::new(Timing::UART, Vec::new(), now), now, out: Out::default() };
        bench.machine.link_up(now, &mut bench.out);
        bench
    }

    fn ready() -> Self {
        let mut bench = Self::new();
        bench.wait(Duration::from_millis(700));
        for answer in [&b"V\0\x04OCR1"[..], b"W\0\x02N1", b"R\0\x03S-1", b"T\0\x01P"] {
            bench.hear(answer);
        }
        assert_eq!(bench.said(), ["ready OCR1 S-1"]);
        bench.sent();
        bench
    }

    fn armed() -> Self {
        let mut bench = Self::ready();
        bench.tell(SerialCommand::Arm(N)).unwrap();
        assert_eq!(bench.sent(), OFF);
        bench.hear(OFF);
        assert_eq!(bench.sent(), ON);
        bench.hear(ON);
        assert_eq!(bench.sent(), INQUIRE);
        bench.hear(&dump("no-doc"));
        assert_eq!(bench.said(), ["armed 7"]);
        bench
    }

    fn hear(&mut self, rx: &[u8]) {
        self.machine.bytes(self.now, rx, &mut self.out);
    }

    fn tell(&mut self, command: SerialCommand) -> Result<(), NotReady> {
        self.machine.command(self.now, command, &mut self.out)
    }

    /// Lets time pass, stopping at every deadline on the way.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.machine.timeout(self.now, &mut self.out);
            if self.out.drop_link.is_some() {
                return;
            }
        }
        self.now = end;
    }

    fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out.tx)
    }

    fn said(&mut self) -> Vec<String> {
        testing::told(&mut self.out)
    }
}

/// The bytes are made up: the vendor's are not published.
#[test]
fn a_configured_presence_command_is_sent_at_each_arming_and_a_presence_message_is_looked_into_at_once() {
    const COMMAND: &[u8] = &[0x50, 0, 1, 1];
    let mut bench = Bench::new();
    bench.machine = Machine::new(Timing::UART, COMMAND.to_vec(), bench.now);
    bench.machine.link_up(bench.now, &mut bench.out);
    for connection in 0..2 {
        bench.wait(Duration::from_millis(700));
        for answer in [&b"V\0\x04OCR1"[..], b"W\0\x02N1", b"R\0\x03S-1", b"T\0\x01P"] {
            bench.hear(answer);
        }
        bench.tell(SerialCommand::Arm(N)).unwrap();
        for answer in [OFF, ON] {
            bench.hear(answer);
        }
        bench.sent();
        bench.hear(&dump("no-doc"));
        assert_eq!(bench.sent(), COMMAND);
        bench.said();
        bench.hear(&[0x50, 0, 1, 1]);
        assert_eq!(bench.sent(), INQUIRE);
        bench.hear(&dump("TD3"));
        assert_eq!(bench.said(), ["present 7", "zone 7 of 91 bytes"]);
        bench.hear(OFF);
        bench.sent();
        // Without a message it would be asked 700 ms after the read.
        bench.hear(&[0x50, 0, 1, 0]);
        bench.wait(Duration::ZERO);
        assert_eq!(bench.sent(), INQUIRE);
        bench.hear(&dump("no-doc"));
        bench.wait(Duration::from_millis(700));
        bench.hear(&dump("no-doc"));
        assert_eq!(bench.said(), ["removed 7"]);
        if connection == 0 {
            bench.machine.link_down(bench.now);
            bench.machine.link_up(bench.now, &mut bench.out);
            bench.sent();
        }
    }
}

#[test]
fn it_settles_drains_identifies_and_is_ready() {
    let mut bench = Bench::new();
    bench.hear(b"V\0\x01x power-on garbage");
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.sent(), [0], "the resynchronising byte after the settling");
    bench.hear(b"more of it");
    bench.wait(Duration::from_millis(500));
    assert_eq!(bench.sent(), VERSION);
    bench.hear(b"V\0\x0bOCR 1.02.03");
    assert_eq!(bench.sent(), b"W\0\0");
    assert_eq!(bench.tell(SerialCommand::Arm(N)), Err(NotReady));
}

#[test]
fn a_firmware_that_does_not_know_every_question_is_ready_all_the_same() {
    let mut bench = Bench::new();
    bench.wait(Duration::from_millis(600));
    bench.hear(b"V\0\x01v");
    bench.wait(Duration::from_secs(6));
    assert_eq!(bench.said(), ["ready v "]);
}

#[test]
fn a_zone_sent_unasked_is_a_read_and_then_it_looks_for_the_removal() {
    let mut bench = Bench::armed();
    bench.wait(Duration::from_secs(3));
    bench.hear(&dump("TD3"));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 91 bytes"]);
    assert_eq!(bench.sent(), OFF);
    bench.hear(OFF);
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();

    bench.wait(Duration::from_millis(700));
    assert_eq!(bench.sent(), INQUIRE);
    bench.hear(&dump("TD3"));
    assert!(bench.said().is_empty(), "what a poll reads is dropped");
    for _ in 0..2 {
        bench.wait(Duration::from_millis(700));
        assert_eq!(bench.sent(), INQUIRE);
        bench.hear(&dump("no-doc"));
    }
    assert_eq!(bench.said(), ["removed 7"]);
    assert!(bench.sent().is_empty(), "an accepted read is not armed again");
}

#[test]
fn after_a_read_that_was_not_accepted_it_arms_again_once_the_document_is_gone() {
    let mut bench = Bench::armed();
    bench.hear(b"I\0\x05?????");
    assert_eq!(bench.said(), ["present 7", "zone 7 of 5 bytes"]);
    bench.sent();
    bench.hear(OFF);
    for _ in 0..2 {
        bench.wait(Duration::from_millis(700));
        assert_eq!(bench.sent(), INQUIRE);
        bench.hear(&dump("no-doc"));
    }
    assert_eq!(bench.said(), ["removed 7"]);
    assert_eq!(bench.sent(), OFF);
    bench.hear(OFF);
    bench.hear(ON);
    bench.hear(&dump("no-doc"));
    bench.hear(&dump("TD1"));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 93 bytes"]);
}

#[test]
fn a_new_presentation_while_the_failed_card_still_lies_there_is_not_a_new_try() {
    let mut bench = Bench::armed();
    bench.hear(b"I\0\x05?????");
    bench.hear(OFF);
    bench.said();
    bench.tell(SerialCommand::Arm(PresentationNo(8))).unwrap();
    assert_eq!(bench.said(), ["armed 8"]);
    bench.sent();
    bench.wait(Duration::from_millis(700));
    assert_eq!(bench.sent(), INQUIRE, "it goes on looking for the removal");
    bench.hear(b"I\0\x05??!??");
    assert_eq!(bench.said(), ["zone 8 of 5 bytes again"]);
}

#[test]
fn a_card_that_lies_there_already_is_read_by_the_inquiry() {
    let mut bench = Bench::ready();
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.hear(OFF);
    bench.hear(ON);
    bench.hear(&dump("TD1"));
    assert_eq!(bench.said(), ["armed 7", "present 7", "zone 7 of 93 bytes"]);
    bench.hear(&dump("TD1"));
    assert_eq!(bench.said(), ["zone 7 of 93 bytes again"], "the same card's second zone is no new try");
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    bench.hear(&dump("TD1"));
    assert!(bench.said().is_empty(), "nor anything after an accepted one");
}

#[test]
fn no_document_is_not_a_read() {
    let mut bench = Bench::armed();
    bench.hear(&dump("no-doc"));
    bench.hear(b"I\0\x06\r\n\r\n\r\n");
    assert!(bench.said().is_empty());
}

#[test]
fn what_is_read_while_disarmed_is_dropped() {
    let mut bench = Bench::ready();
    bench.hear(&dump("TD3"));
    assert!(bench.said().is_empty());

    let mut bench = Bench::armed();
    bench.tell(SerialCommand::Disarm).unwrap();
    assert_eq!(bench.sent(), OFF);
    bench.hear(&dump("TD3"));
    bench.hear(OFF);
    assert!(bench.said().is_empty());
}

#[test]
fn a_zone_that_crosses_the_answer_to_a_ping_is_a_zone() {
    let mut bench = Bench::armed();
    bench.sent();
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.sent(), VERSION, "silence is broken by a ping");
    bench.hear(&dump("TD3"));
    bench.hear(b"V\0\x04OCR1");
    assert_eq!(bench.said(), ["present 7", "zone 7 of 91 bytes"]);
    assert!(bench.out.drop_link.is_none());
}

#[test]
fn a_hang_is_named_within_2_s_of_a_command_and_15_s_of_idling() {
    let mut bench = Bench::ready();
    let asked = bench.now;
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
    assert!(bench.now - asked <= Duration::from_secs(2), "{:?}", bench.now - asked);

    let mut bench = Bench::ready();
    let heard = bench.now;
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
    assert!(bench.now - heard <= Duration::from_secs(15), "{:?}", bench.now - heard);
}

#[test]
fn one_ignored_command_is_sent_again_and_forgiven() {
    let mut bench = Bench::ready();
    bench.tell(SerialCommand::Arm(N)).unwrap();
    assert_eq!(bench.sent(), OFF);
    bench.wait(Duration::from_millis(950));
    assert_eq!(bench.sent(), OFF);
    bench.hear(OFF);
    bench.hear(OFF);
    assert_eq!(bench.sent(), ON, "a doubled echo is not taken for the next one");
}

#[test]
fn a_frame_that_never_ends_is_given_up_and_the_card_is_read_again() {
    let mut bench = Bench::armed();
    bench.sent();
    bench.hear(&dump("TD3")[..40]);
    bench.wait(Duration::from_millis(500));
    assert_eq!(bench.sent(), [0]);
    bench.wait(Duration::from_millis(500));
    assert_eq!(bench.sent(), OFF);
    bench.hear(OFF);
    bench.hear(ON);
    bench.hear(&dump("TD3"));
    assert_eq!(bench.said(), ["present 7", "zone 7 of 91 bytes"], "armed is said once");
}

#[test]
fn three_errors_in_ten_seconds_are_named_ten_end_the_link_and_quiet_clears_them() {
    let mut bench = Bench::ready();
    let noise: Vec<u8> = [b"\xff\xff".as_slice(), b"V\0\x01v"].concat();
    for _ in 0..3 {
        bench.hear(&noise);
    }
    assert_eq!(bench.said(), ["protocol errors true"]);
    for _ in 0..4 {
        bench.wait(Duration::from_secs(5));
        bench.hear(b"V\0\x01v");
    }
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.said(), ["protocol errors false"]);
    for _ in 0..10 {
        bench.hear(&noise);
    }
    assert_eq!(bench.out.drop_link, Some(Fault::ProtocolErrors));
}

#[test]
fn another_unit_on_the_same_port_is_noticed_and_nothing_is_armed_by_itself() {
    let mut bench = Bench::armed();
    bench.machine.link_down(bench.now);
    bench.sent();
    bench.machine.link_up(bench.now, &mut bench.out);
    bench.wait(Duration::from_millis(600));
    for answer in [&b"V\0\x04OCR1"[..], b"W\0\x02N1", b"R\0\x03S-2", b"T\0\x01P"] {
        bench.hear(answer);
    }
    assert_eq!(bench.said(), ["ready OCR1 S-2 (another unit)"]);
    assert_eq!(bench.sent(), b"\0V\0\0W\0\0R\0\0T\0\0");
}

#[test]
fn the_self_test_times_an_answer() {
    let mut bench = Bench::ready();
    bench.tell(SerialCommand::SelfTest).unwrap();
    assert_eq!(bench.sent(), VERSION);
    bench.wait(Duration::from_millis(12));
    bench.hear(b"V\0\x04OCR1");
    assert_eq!(bench.said(), ["self-test 12 ms"]);
}

proptest! {
    #[test]
    fn random_bytes_and_any_timing_never_panic_and_never_leave_it_without_a_deadline(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 0..3000_u64), 0..40),
        armed in any::<bool>(),
    ) {
        let mut bench = if armed { Bench::armed() } else { Bench::ready() };
        for (bytes, millis) in pieces {
            bench.hear(&bytes);
            bench.wait(Duration::from_millis(millis));
            bench.out.drop_link = None;
            let due = bench.machine.deadline().expect("a link that is up has a deadline");
            prop_assert!(due <= bench.now + Timing::UART.ping);
            prop_assert!(bench.machine.queue.len() <= 8);
            bench.sent();
            bench.said();
        }
    }

    #[test]
    fn any_split_of_a_read_gives_the_same_events(cuts in prop::collection::vec(0..95_usize, 0..6)) {
        let mut stream = dump("TD3");
        stream.extend_from_slice(OFF);
        let mut whole = Bench::armed();
        whole.hear(&stream);
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let mut split = Bench::armed();
        let mut start = 0;
        for end in ends {
            split.hear(&stream[start..end]);
            split.wait(Duration::from_millis(20));
            start = end;
        }
        prop_assert_eq!(split.said(), whole.said());
    }
}

/// An armed machine on the bench that all protocols share.
fn armed() -> testing::Bench<Machine> {
    let mut bench = testing::Bench::up(|now| Machine::new(Timing::UART, Vec::new(), now));
    bench.wait(Duration::from_millis(700));
    for answer in [&b"V\0\x04OCR1"[..], b"W\0\x02N1", b"R\0\x03S-1", b"T\0\x01P"] {
        bench.hear(answer);
    }
    bench.tell(SerialCommand::Arm(N)).unwrap();
    for answer in [OFF, ON, &dump("no-doc")] {
        bench.hear(answer);
    }
    assert!(bench.said().ends_with(&["armed 7".to_owned()]));
    bench
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_of_zones_echoes_and_answers_tells_the_same_through_the_whole_machine(
        frames in prop::collection::vec(prop_oneof![
            Just(dump("TD3")),
            Just(dump("no-doc")),
            Just(OFF.to_vec()),
            Just(ON.to_vec()),
            Just(b"V\0\x04OCR1".to_vec()),
            prop::collection::vec(prop::sample::select(b"\x00\xff\x80".to_vec()), 1..4),
        ], 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream = frames.concat();
        prop_assert_eq!(
            testing::through(armed(), &testing::pieces(&stream, &cuts)),
            testing::through(armed(), &[&stream])
        );
    }
}

crate::serial::testing::hostile!(Machine::new(Timing::UART, Vec::new(), crate::clock::now()), slot_reader);
