//! The conversation against a fake clock.

use super::{Machine, Timing};
use crate::reader::{Fault, PresentationNo};
use crate::serial::crt571::codec::tests::DUMPS;
use crate::serial::crt571::codec::{encode, frame};
use crate::serial::testing::{Bench, dump, pieces, through};
use crate::serial::{NotReady, SerialCommand, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

const N: PresentationNo = PresentationNo(4);
const ACK: &[u8] = &[6];

/// The device acknowledges, then answers.
fn answer(bench: &mut Bench<Machine>, text: &[u8]) {
    bench.hear(ACK);
    bench.hear(&frame(0, text));
}

fn up() -> Bench<Machine> {
    let mut bench = Bench::up(|now| Machine::new(Timing::DEFAULT, now));
    bench.hear(b"boot");
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.sent(), dump(DUMPS, "C03"), "initialised without moving anything");
    bench
}

/// `card`: the position byte at start.
fn started(card: u8) -> Bench<Machine> {
    let mut bench = up();
    answer(&mut bench, &[&b"P03"[..], &[card], b"00"].concat());
    assert_eq!(bench.sent(), [ACK, &dump(DUMPS, "C A4 0")].concat());
    answer(&mut bench, &[&b"P\xa40"[..], &[card], b"00V2.01"].concat());
    answer(&mut bench, &[&b"P\xa20"[..], &[card], b"00SN-7"].concat());
    answer(&mut bench, &[&b"P31"[..], &[card], b"00"].concat());
    bench.sent();
    answer(&mut bench, &[&b"P10"[..], &[card], b"00"].concat());
    bench.sent();
    bench
}

fn ready() -> Bench<Machine> {
    let mut bench = started(b'0');
    assert_eq!(bench.said(), ["ready V2.01 SN-7"]);
    bench
}

/// The next look at the position finds this.
fn poll(bench: &mut Bench<Machine>, name: &str) {
    for _ in 0..10 {
        if bench.sent.is_empty() {
            bench.wait(Duration::from_millis(50));
        }
    }
    assert_eq!(bench.sent(), dump(DUMPS, "C10"));
    bench.hear(ACK);
    bench.hear(&dump(DUMPS, name));
    assert!(bench.sent().starts_with(ACK), "a reply is acknowledged");
}

fn armed() -> Bench<Machine> {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(N)).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "C30"));
    bench.hear(ACK);
    bench.hear(&dump(DUMPS, "P30000"));
    assert_eq!(bench.said(), ["armed 4"]);
    bench.sent();
    bench
}

fn holding() -> Bench<Machine> {
    let mut bench = armed();
    poll(&mut bench, "P10220");
    assert_eq!(bench.said(), ["present 4"]);
    bench
}

#[test]
fn a_card_goes_in_is_held_and_given_back_after_a_good_read() {
    let mut bench = holding();
    poll(&mut bench, "P10220");
    assert!(bench.said().is_empty(), "it is held");
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "C31"));
    answer(&mut bench, b"P31200");
    assert_eq!(bench.sent(), [ACK, &dump(DUMPS, "C29")].concat());
    bench.hear(ACK);
    bench.wait(Duration::from_secs(3));
    assert!(bench.sent().is_empty(), "a movement takes its time");
    bench.hear(&frame(0, b"P29100"));
    assert_eq!(bench.said(), ["offered 4"]);
    bench.sent();
    poll(&mut bench, "P10000");
    assert_eq!(bench.said(), ["removed 4"]);
}

#[test]
fn after_a_failed_try_the_card_comes_back_and_the_next_one_is_awaited() {
    let mut bench = holding();
    bench.tell(SerialCommand::Verdict(Verdict::Bad)).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "C29"));
    answer(&mut bench, b"P29100");
    bench.sent();
    poll(&mut bench, "P10000");
    assert_eq!(bench.said(), ["offered 4", "removed 4"]);
    bench.hear(ACK);
    bench.hear(&dump(DUMPS, "P30000"));
    bench.sent();
    poll(&mut bench, "P10220");
    assert_eq!(bench.said(), ["present 4"]);
}

#[test]
fn a_card_that_is_not_taken_is_told_and_never_captured_by_itself() {
    let mut bench = holding();
    bench.tell(SerialCommand::Disarm).unwrap();
    bench.sent();
    answer(&mut bench, b"P31200");
    answer(&mut bench, b"P29100");
    bench.sent();
    assert_eq!(bench.said(), ["offered 4"]);
    let mut sent = Vec::new();
    for _ in 0..160 {
        bench.wait(Duration::from_millis(200));
        sent.extend(bench.sent());
        bench.hear(ACK);
        bench.hear(&dump(DUMPS, "P10100"));
    }
    assert_eq!(bench.said(), ["not taken 4", "card left true"]);
    assert!(!sent.windows(9).any(|bytes| bytes == dump(DUMPS, "C23")));
    bench.sent();
    bench.tell(SerialCommand::Capture).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "C23"));
    answer(&mut bench, b"P23000");
    assert_eq!(bench.said(), ["captured 4", "card left false"]);
}

#[test]
fn a_card_from_before_stays_until_staff_decide_and_is_no_presentation() {
    let mut bench = started(b'2');
    assert_eq!(bench.said(), ["ready V2.01 SN-7", "card left true"]);
    bench.tell(SerialCommand::Arm(N)).unwrap();
    assert_eq!(bench.said(), ["armed 4"]);
    assert!(bench.sent().is_empty(), "not offered to the next traveler");
    poll(&mut bench, "P10220");
    assert!(bench.said().is_empty());
    bench.tell(SerialCommand::Eject).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "C29"));
    answer(&mut bench, b"P29100");
    bench.sent();
    poll(&mut bench, "P10000");
    assert_eq!(bench.said(), ["offered -", "card left false"]);
}

#[test]
fn a_jam_is_named_and_left_behind_when_it_is_cleared() {
    let mut bench = holding();
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    answer(&mut bench, b"P31200");
    bench.sent();
    answer(&mut bench, b"N2910");
    assert_eq!(bench.said(), ["jammed true (10)"]);
    bench.sent();
    let mut initialised = 0;
    for _ in 0..60 {
        bench.wait(Duration::from_millis(100));
        let sent = bench.sent();
        if sent.ends_with(&dump(DUMPS, "C03")) {
            initialised += 1;
            answer(&mut bench, if initialised < 2 { b"N0310" } else { b"P03200" });
        } else if sent.ends_with(&dump(DUMPS, "C10")) {
            answer(&mut bench, b"P10200");
        }
    }
    assert_eq!(initialised, 2);
    assert_eq!(bench.said(), ["jammed false"]);
}

#[test]
fn a_card_at_the_gate_wakes_the_kiosk_once() {
    let mut bench = ready();
    poll(&mut bench, "P10100");
    poll(&mut bench, "P10100");
    assert_eq!(bench.said(), ["sensed"]);
    poll(&mut bench, "P10000");
    poll(&mut bench, "P10100");
    assert_eq!(bench.said(), ["sensed"]);
}

#[test]
fn an_unacknowledged_command_is_said_three_times_and_the_hang_named_within_two_seconds() {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.wait(Duration::from_millis(899));
    assert_eq!(bench.sent(), dump(DUMPS, "C30").repeat(3));
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn an_acknowledged_question_is_answered_within_two_seconds_and_a_movement_within_twenty() {
    let mut bench = ready();
    bench.wait(Duration::from_millis(500));
    bench.hear(ACK);
    bench.wait(Duration::from_millis(1900));
    assert_eq!(bench.out.drop_link.take(), Some(Fault::NotResponding));

    let mut bench = holding();
    bench.tell(SerialCommand::Verdict(Verdict::Bad)).unwrap();
    bench.hear(ACK);
    bench.wait(Duration::from_millis(19_900));
    assert_eq!(bench.out.drop_link, None);
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn a_refused_byte_is_said_again_and_a_late_answer_means_nothing() {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(N)).unwrap();
    bench.hear(&dump(DUMPS, "P10220"));
    bench.hear(&[0x15]);
    bench.wait(Duration::ZERO);
    assert_eq!(bench.sent(), [&dump(DUMPS, "C30")[..], ACK, &dump(DUMPS, "C30")].concat());
    assert!(bench.said().is_empty());
}

#[test]
fn the_full_bin_is_told_and_nothing_is_asked_of_what_is_not_ready() {
    let mut bench = ready();
    bench.wait(Duration::from_millis(500));
    answer(&mut bench, b"P10001");
    assert_eq!(bench.said(), ["bin full true"]);
    assert_eq!(up().tell(SerialCommand::Eject), Err(NotReady));
    assert_eq!(encode([b'2', b'9']), dump(DUMPS, "C29"));
}

/// What the device may say to the looks at its card: acknowledged answers, refusals, damage.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let position = |card: u8| [ACK, &frame(0, &[b"P10", &[card][..], b"00"].concat())].concat();
    prop_oneof![
        prop::sample::select(b"012".to_vec()).prop_map(position),
        Just([ACK, &frame(0, b"P29100")].concat()),
        Just([ACK, &frame(0, b"N1010")].concat()),
        Just(vec![0x15]),
        prop::sample::select(b"012".to_vec()).prop_map(move |card| {
            let mut damaged = position(card);
            damaged[8] ^= 0x40;
            damaged
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_of_answers_tells_the_same_through_the_whole_machine(
        replies in prop::collection::vec(reply(), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        // Asked where the card is.
        let asked = || {
            let mut bench = armed();
            while bench.sent.is_empty() {
                bench.wait(Duration::from_millis(50));
            }
            bench
        };
        let stream = replies.concat();
        let (whole, cut) = (through(asked(), &[&stream]), through(asked(), &pieces(&stream, &cuts)));
        prop_assert_eq!((cut.0, cut.1), (whole.0, whole.1));
    }
}

crate::serial::testing::hostile!(Machine::new(Timing::DEFAULT, crate::clock::now()), motorised);
