//! Published frames, and streams in pieces.

use super::{Codec, Item, Outcome, encode, frame};
use crate::serial::MAX_FRAME;
use crate::serial::testing::{dump, pieces};
use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) const DUMPS: &str = include_str!("../../../../testdata/crt571.txt");

fn words(pieces: &[&[u8]]) -> Vec<String> {
    let (mut codec, mut items) = (Codec::default(), Vec::new());
    for piece in pieces {
        codec.feed(piece, &mut items);
    }
    items
        .iter()
        .map(|item| match item {
            Item::Ack => "ack".to_owned(),
            Item::Nak => "nak".to_owned(),
            Item::Reply(reply) => match &reply.outcome {
                Outcome::Done { card, bin_full, data } => {
                    format!("{:02x?} {card:?} {bin_full} {:02x?}", reply.command, data.as_slice())
                }
                Outcome::Refused(code) => format!("{:02x?} refused {}", reply.command, String::from_utf8_lossy(code)),
            },
            Item::Damaged => "damaged".to_owned(),
            Item::Garbage => "garbage".to_owned(),
        })
        .collect()
}

#[test]
fn commands_are_encoded_as_published() {
    for (name, command) in [
        ("C00", [b'0', b'0']),
        ("C03", [b'0', b'3']),
        ("C10", [b'1', b'0']),
        ("C23", [b'2', b'3']),
        ("C29", [b'2', b'9']),
        ("C30", [b'3', b'0']),
        ("C31", [b'3', b'1']),
        ("C A2 0", [0xa2, b'0']),
        ("C A4 0", [0xa4, b'0']),
    ] {
        assert_eq!(encode(command), dump(DUMPS, name), "{name}");
    }
}

#[test]
fn published_replies_are_understood() {
    assert_eq!(words(&[&[6], &dump(DUMPS, "P10000")]), ["ack", "[31, 30] None false []"]);
    assert_eq!(words(&[&dump(DUMPS, "P10100")]), ["[31, 30] Gate false []"]);
    assert_eq!(words(&[&dump(DUMPS, "P10220")]), ["[31, 30] Inside false []"]);
    assert_eq!(words(&[&dump(DUMPS, "N2010")]), ["[32, 30] refused 10"]);
    assert_eq!(words(&[&dump(DUMPS, "N10B0")]), ["[31, 30] refused B0"]);
}

#[test]
fn a_03_in_the_text_ends_nothing_and_a_wrong_check_byte_is_named() {
    assert_eq!(words(&[&frame(0, b"P\xa20000\x03\x03")]), ["[a2, 30] None false [03, 03]"]);
    let mut damaged = dump(DUMPS, "P10220");
    *damaged.last_mut().unwrap() ^= 1;
    let heard = words(&[&damaged, &dump(DUMPS, "P10000")]);
    assert_eq!((heard[0].as_str(), heard.last().unwrap().as_str()), ("damaged", "[31, 30] None false []"));
}

#[test]
fn the_longest_frame_is_taken_and_one_byte_more_is_not() {
    let text = |length| [b"P10000".to_vec(), vec![b'x'; length - 6]].concat();
    assert_eq!(words(&[&frame(0, &text(MAX_FRAME - 7))]).len(), 1);
    assert!(words(&[&frame(0, &text(MAX_FRAME - 6))]).iter().all(|word| word == "garbage"));
}

proptest! {
    #[test]
    fn any_split_of_valid_frames_gives_each_of_them_once(
        texts in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40).prop_map(|data| [b"P10200".to_vec(), data].concat()),
            Just(b"N2010".to_vec()),
        ], 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let stream: Vec<u8> = texts.iter().flat_map(|text| [vec![6], frame(0, text)].concat()).collect();
        let whole = words(&[&stream]);
        prop_assert_eq!(whole.len(), texts.len() * 2);
        prop_assert_eq!(words(&pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn one_flipped_bit_is_never_taken_for_a_reply(at in any::<Index>(), bit in 0_u8..8) {
        let mut reply = dump(DUMPS, "P10220");
        let at = at.index(reply.len());
        reply[at] ^= 1 << bit;
        prop_assert!(!words(&[&reply]).iter().any(|word| word.contains("Inside") || word.contains("None")));
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_past_the_bound(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xf2), Just(0), Just(b'P')], 0..3000),
    ) {
        let (mut codec, mut items) = (Codec::default(), Vec::new());
        codec.feed(&bytes, &mut items);
        prop_assert!(codec.len() < MAX_FRAME);
    }
}
