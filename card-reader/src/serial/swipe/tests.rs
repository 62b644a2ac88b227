//! Blocks as the vendors' pages describe them, made here: no dump was published.

use super::{Block, Check, Swipe};
use crate::reader::PresentationNo;
use crate::serial::scanner::{Dialect, Scanner, Timing};
use crate::serial::synm::codec::tests::word;
use crate::serial::testing::{Bench, Wakes, pieces, through};
use crate::serial::{MAX_FRAME, SerialCommand, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// Three rows, the last at the bottom: a passport's first is empty.
fn rte(rows: [&str; 3]) -> Vec<u8> {
    let text: String = rows.iter().flat_map(|row| [*row, "\r"]).collect();
    let mut block = vec![0x01];
    block.extend_from_slice(&u16::try_from(text.len() + 4).unwrap().to_le_bytes());
    block.extend_from_slice(b"OU\x020");
    block.extend_from_slice(text.as_bytes());
    block.push(0x03);
    block.push(block.iter().fold(0, |sum, byte| sum ^ byte));
    block
}

fn words(block: &Block, pieces: &[&[u8]]) -> Vec<String> {
    let (mut swipe, mut items) = (Swipe::new(block.clone()), Vec::new());
    for piece in pieces {
        swipe.feed(piece, &mut items, &mut Vec::new());
    }
    swipe.silence(&mut items);
    items.iter().map(word).collect()
}

#[test]
fn an_rte_block_gives_its_rows() {
    let block = rte(["", FIRST, SECOND]);
    let zone = format!("zone \r{FIRST}\r{SECOND}\r");
    assert_eq!(words(&Block::rte(), &[&block]), [zone.as_str()]);
    for (check, last) in [(Check::XorFromStart, true), (Check::XorFromStart, false), (Check::XorAfterStx, true)] {
        let mut block = block.clone();
        if check == Check::XorAfterStx {
            *block.last_mut().unwrap() = block[6..block.len() - 1].iter().fold(0, |sum, byte| sum ^ byte);
        }
        if !last {
            *block.last_mut().unwrap() ^= 1;
        }
        let heard = words(&Block { check, ..Block::rte() }, &[&block]);
        assert_eq!(heard == [zone.as_str()], last, "{heard:?}");
    }
}

#[test]
fn a_desko_block_is_found_between_whatever_delimits_it() {
    let stream = format!("\x1c\x02{FIRST}\r{SECOND}\r\x03\x1d\r\n");
    assert_eq!(words(&Block::desko(), &[stream.as_bytes()]), [format!("zone {FIRST}\r{SECOND}\r")]);
}

fn armed() -> Bench<Scanner<Swipe>> {
    let mut bench = Bench::up(|now| Scanner::new(Swipe::new(Block::rte()), Timing::DEFAULT, now));
    bench.wait(Duration::from_millis(300));
    bench.tell(SerialCommand::Arm(PresentationNo(2))).unwrap();
    bench
}

#[test]
fn a_swipe_is_read_while_armed_and_a_bad_one_is_a_failed_try() {
    let mut bench = Bench::up(|now| Scanner::new(Swipe::new(Block::rte()), Timing::DEFAULT, now));
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.said(), ["ready  "]);
    bench.hear(&rte(["", FIRST, SECOND]));
    assert!(bench.said().is_empty(), "not armed");
    bench.tell(SerialCommand::Arm(PresentationNo(2))).unwrap();
    bench.hear(&rte(["", "", ""]));
    assert_eq!(bench.said(), ["armed 2", "present 2", "zone 2 of 3 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Bad)).unwrap();
    bench.wait(Duration::from_secs(2));
    bench.hear(&rte(["", FIRST, SECOND]));
    assert_eq!(bench.said(), ["removed 2", "present 2", "zone 2 of 91 bytes"]);
    bench.tell(SerialCommand::Verdict(Verdict::Good)).unwrap();
    bench.wait(Duration::from_secs(120));
    assert_eq!(bench.out.drop_link, None, "it cannot be asked, so silence means nothing");
    bench.tell(SerialCommand::SelfTest).unwrap();
    assert_eq!(bench.said(), ["removed 2", "self-test not possible"]);
    assert!(bench.sent().is_empty(), "it takes no commands");
    assert!(bench.machine.deadline_within(bench.now, Duration::from_secs(60)));
}

#[test]
fn a_block_up_to_the_bound_is_taken_and_one_byte_more_is_not() {
    let block = |rows: usize| [&b"\x02"[..], &vec![b'A'; rows], b"\x03"].concat();
    assert!(words(&Block::desko(), &[&block(MAX_FRAME - 3)])[0].starts_with("zone AAA"));
    assert!(!words(&Block::desko(), &[&block(MAX_FRAME - 2)]).iter().any(|word| word.starts_with("zone")));
}

proptest! {
    #[test]
    fn any_split_of_swipes_tells_the_same_through_the_whole_machine(
        swipes in prop::collection::vec(prop_oneof![
            Just(rte(["", FIRST, SECOND])),
            Just(rte(["", "", ""])),
            Just(rte(["", SECOND, FIRST])),
            prop::collection::vec(any::<u8>(), 0..6),
        ], 0..5),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let stream = swipes.concat();
        prop_assert_eq!(through(armed(), &pieces(&stream, &cuts)), through(armed(), &[&stream]));
    }

    #[test]
    fn any_split_of_blocks_gives_each_of_them_once(
        rows in prop::collection::vec("[A-Z0-9<]{0,44}", 0..5),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let stream: Vec<u8> = rows.iter().flat_map(|row| rte(["", row, row])).collect();
        let whole = words(&Block::rte(), &[&stream]);
        prop_assert_eq!(whole.len(), rows.len());
        prop_assert_eq!(words(&Block::rte(), &pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_past_the_bound(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(1), Just(2), Just(b'A')], 0..2000),
    ) {
        for block in [Block::rte(), Block::desko(), Block { check: Check::XorFromStart, ..Block::rte() }] {
            let (mut swipe, mut items) = (Swipe::new(block), Vec::new());
            swipe.feed(&bytes, &mut items, &mut Vec::new());
            prop_assert!(swipe.held.len() < MAX_FRAME);
        }
    }
}

crate::serial::testing::hostile!(
    Scanner::new(Swipe::new(Block::rte()), Timing::DEFAULT, crate::clock::now()),
    rte_reader
);
