//! The conversation against a fake clock.

use super::codec::encode;
use super::codec::tests::{DUMPS, from_scanner, segments};
use super::{Options, Ssi, parameter};
use crate::reader::{Fault, PresentationNo};
use crate::serial::scanner::{Scanner, Timing};
use crate::serial::testing::{Bench, dump, pieces, through};
use crate::serial::{SerialCommand, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

fn ack(bench: &mut Bench<Scanner<Ssi>>) {
    bench.hear(&dump(DUMPS, "dev ACK"));
}

fn ready() -> Bench<Scanner<Ssi>> {
    let options = Options { parameters: vec![(238, 1)] };
    let mut bench = Bench::up(|now| Scanner::new(Ssi::new(options), Timing::DEFAULT, now));
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.sent(), [vec![0], encode(0xd2, &[], false), dump(DUMPS, "REQ_REV")].concat());
    bench.hear(&from_scanner(0xa4, 0, 0x80, b"PAABLS00 NBRPUCAM SE4500"));
    assert_eq!(bench.sent(), encode(0xc6, &[0xff, 238, 1], false));
    ack(&mut bench);
    assert_eq!(bench.sent(), dump(DUMPS, "SCAN_DISABLE"));
    ack(&mut bench);
    assert_eq!(bench.said(), ["ready PAABLS00 NBRPUCAM SE4500 "]);
    bench
}

fn armed() -> Bench<Scanner<Ssi>> {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(PresentationNo(5))).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "SCAN_ENABLE"));
    ack(&mut bench);
    assert_eq!(bench.sent(), encode(0xe8, &[3], false));
    ack(&mut bench);
    assert_eq!(bench.sent(), dump(DUMPS, "START"));
    ack(&mut bench);
    assert_eq!(bench.said(), ["armed 5"]);
    bench
}

#[test]
fn a_code_is_acknowledged_and_read_and_the_light_turns_green() {
    let mut bench = armed();
    bench.hear(&dump(DUMPS, "dev DECODE new Code128"));
    assert_eq!(bench.sent(), dump(DUMPS, "ACK"));
    assert_eq!(bench.said(), ["present 5", "Code128 5 of 6 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    bench.sent();
    ack(&mut bench);
    assert_eq!(bench.sent(), dump(DUMPS, "LED_ON 1"));
    ack(&mut bench);
    assert_eq!(bench.sent(), dump(DUMPS, "STOP"));
}

#[test]
fn a_retransmission_is_acknowledged_and_read_once() {
    let mut bench = armed();
    let text = [&[0x03][..], b"ABC123"].concat();
    bench.hear(&from_scanner(0xf3, 0, 0, &text));
    bench.hear(&from_scanner(0xf3, 0, 0x21, &text));
    assert_eq!(bench.sent(), dump(DUMPS, "ACK").repeat(2));
    assert_eq!(bench.said(), ["present 5", "Code128 5 of 6 bytes"]);
}

#[test]
fn a_long_code_is_acknowledged_segment_by_segment() {
    let mut bench = armed();
    for segment in segments() {
        bench.hear(&segment);
        assert_eq!(bench.sent(), encode(0x74, &[], false));
    }
    assert_eq!(bench.said(), ["present 5", "QR 5 of 500 bytes"]);
}

#[test]
fn a_damaged_packet_is_asked_for_again() {
    let mut bench = armed();
    let mut damaged = dump(DUMPS, "dev DECODE new Code128");
    damaged[9] ^= 1;
    bench.hear(&damaged);
    assert!(bench.sent().starts_with(&dump(DUMPS, "NAK resend")));
    bench.wait(Duration::from_millis(600));
    assert!(bench.said().is_empty());
    bench.hear(&dump(DUMPS, "dev DECODE new Code128"));
    assert_eq!(bench.said(), ["present 5", "Code128 5 of 6 bytes"]);
}

#[test]
fn an_unanswered_command_is_repeated_as_a_retransmission_and_then_named() {
    let mut bench = ready();
    bench.tell(SerialCommand::SelfTest).unwrap();
    assert_eq!(bench.sent(), dump(DUMPS, "REQ_REV"));
    bench.wait(Duration::from_millis(950));
    assert_eq!(bench.sent(), encode(0xa3, &[], true));
    bench.wait(Duration::from_millis(950));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
}

#[test]
fn a_refused_parameter_is_a_named_fault() {
    let options = Options { parameters: vec![(238, 1)] };
    let mut bench = Bench::up(|now| Scanner::new(Ssi::new(options), Timing::DEFAULT, now));
    bench.wait(Duration::from_millis(300));
    bench.hear(&from_scanner(0xa4, 0, 0, b"X"));
    bench.hear(&from_scanner(0xd1, 0, 0, &[6]));
    ack(&mut bench);
    assert_eq!(bench.said(), ["config rejected true (ACK)", "ready X "]);
}

#[test]
fn large_parameter_numbers_are_escaped() {
    assert_eq!(parameter(238, 1), [0xff, 238, 1]);
    assert_eq!(parameter(318, 4), [0xff, 0xf0, 62, 4]);
    assert_eq!(parameter(716, 1), [0xff, 0xf1, 204, 1]);
}

crate::serial::testing::hostile!(
    Scanner::new(Ssi::new(Options::default()), Timing::DEFAULT, crate::clock::now()),
    zebra
);

/// Codes in both layouts, a long one in segments, sent again, answers and events; one that is damaged.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let old = |again: u8| {
        (prop::sample::select(vec![0x11, 0x1c, 0x03]), prop::collection::vec(any::<u8>(), 1..200))
            .prop_map(move |(kind, text)| from_scanner(0xf3, 0, again, &[&[kind][..], &text].concat()))
    };
    prop_oneof![
        old(0),
        old(1),
        Just(dump(DUMPS, "dev DECODE new Code128")),
        Just(segments().concat()),
        Just(dump(DUMPS, "dev ACK")),
        Just(from_scanner(0xf6, 0, 0, &[1])),
        old(0).prop_map(|mut packet| {
            let last = packet.len() - 1;
            packet[last] ^= 1;
            packet
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_of_packets_tells_and_acknowledges_the_same_through_the_whole_machine(
        packets in prop::collection::vec(packet(), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let stream = packets.concat();
        prop_assert_eq!(through(armed(), &pieces(&stream, &cuts)), through(armed(), &[&stream]));
    }
}
