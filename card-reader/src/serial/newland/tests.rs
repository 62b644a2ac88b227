//! Published dumps, streams in pieces, and the conversation against a fake clock.

use super::{Grammar, Newland, Options, command};
use crate::reader::{Fault, PresentationNo};
use crate::serial::scanner::text::Buffer;
use crate::serial::scanner::{Item, Scanner, Timing};
use crate::serial::synm::codec::tests::word;
use crate::serial::testing::{Bench, Wakes, dump, pieces, through};
use crate::serial::{MAX_FRAME, SerialCommand, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

const DUMPS: &str = include_str!("../../../testdata/newland.txt");
const CARD: &[u8] =
    b"I<UTOD231458907<<<<<<<<<<<<<<<\r\n7408122F1204159UTO<<<<<<<<<<<6\r\nERIKSSON<<ANNA<MARIA<<<<<<<<<<\r\n";

fn reply(body: &str, status: u8) -> Vec<u8> {
    [b"\x02\x010000#", body.as_bytes(), &[status], b";\x03"].concat()
}

fn words(pieces: &[&[u8]]) -> Vec<String> {
    let (mut buffer, mut items) = (Buffer::default(), Vec::<Item>::new());
    let grammar = Grammar { suffix: None };
    for piece in pieces {
        buffer.feed(&grammar, piece, &mut items);
    }
    buffer.silence(&grammar, &mut items);
    items.iter().map(word).collect()
}

fn ready() -> Bench<Scanner<Newland>> {
    let mut bench = Bench::up(|now| Scanner::new(Newland::new(Options::default()), Timing::DEFAULT, now));
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.sent(), command("QRYSYS"));
    bench.hear(&reply("QRYSYSV1.2", 6));
    assert_eq!(bench.sent(), command("SCNMOD0"));
    bench.hear(&reply("SCNMOD0", 6));
    assert_eq!(bench.said(), ["ready V1.2 "]);
    bench
}

fn armed() -> Bench<Scanner<Newland>> {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(PresentationNo(3))).unwrap();
    bench.sent();
    bench.hear(&reply("SCNMOD0", 6));
    assert_eq!(bench.sent(), dump(DUMPS, "host trigger on"));
    bench.hear(&dump(DUMPS, "device trigger on"));
    assert_eq!(bench.said(), ["armed 3"]);
    bench
}

#[test]
fn the_published_reply_is_understood() {
    assert_eq!(words(&[&dump(DUMPS, "device trigger on")]), ["SCNTRG Done 1"]);
    assert_eq!(words(&[&reply("SCNTRG7", 0x15)]), ["SCNTRG Refused 7"]);
    assert_eq!(words(&[b"ABC123\r\n", &reply("SCNTRG1", 6)]), ["data ABC123", "SCNTRG Done 1"]);
    assert_eq!(words(&[b"\x02\x01", &reply("SCNTRG1", 6)]), ["garbage", "SCNTRG Done 1"]);
}

#[test]
fn a_card_is_read_and_the_trigger_rests() {
    let mut bench = armed();
    bench.hear(CARD);
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.said(), ["present 3", "zone 3 of 94 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    assert_eq!(bench.sent(), command("SCNTRG0"));
}

#[test]
fn an_unanswered_trigger_is_named_within_two_seconds() {
    let mut bench = ready();
    bench.tell(SerialCommand::Arm(PresentationNo(3))).unwrap();
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.out.drop_link, Some(Fault::NotResponding));
    assert!(bench.machine.deadline_within(bench.now, Duration::from_secs(60)));
}

proptest! {
    #[test]
    fn any_split_of_valid_replies_gives_each_of_them_once(
        bodies in prop::collection::vec("[A-Z]{6}[0-9]{0,9}", 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let stream: Vec<u8> = bodies.iter().flat_map(|body| reply(body, 6)).collect();
        let whole = words(&[&stream]);
        prop_assert_eq!(whole.len(), bodies.len());
        prop_assert_eq!(words(&pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn any_split_of_replies_and_plain_data_tells_the_same_through_the_whole_machine(
        bodies in prop::collection::vec("[A-Z]{6}[0-9]{0,9}", 0..4),
        zone in any::<bool>(),
        text in "[A-Za-z0-9:]{1,200}",
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let mut stream: Vec<u8> = bodies.iter().flat_map(|body| reply(body, 6)).collect();
        stream.extend_from_slice(if zone { CARD } else { text.as_bytes() });
        let whole = through(armed(), &[&stream]);
        prop_assert_eq!(whole.1.len(), 1);
        prop_assert_eq!(through(armed(), &pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_past_the_bound(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(2), Just(1), Just(b'0')], 0..3000),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
    ) {
        let (mut buffer, mut items) = (Buffer::default(), Vec::new());
        for piece in pieces(&bytes, &cuts) {
            buffer.feed(&Grammar { suffix: None }, piece, &mut items);
            prop_assert!(buffer.len() < MAX_FRAME);
        }
        prop_assert_eq!(words(&pieces(&bytes, &cuts)), words(&[&bytes]));
    }
}

crate::serial::testing::hostile!(
    Scanner::new(Newland::new(Options::default()), Timing::DEFAULT, crate::clock::now()),
    newland
);
