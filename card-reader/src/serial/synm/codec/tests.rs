//! Published dumps, and streams in pieces.

use super::{Grammar, SYN};
use crate::barcode::Symbology;
use crate::serial::scanner::text::Buffer;
use crate::serial::scanner::{Item, Status};
use crate::serial::testing::{dump, pieces};
use crate::serial::{Content, MAX_FRAME};
use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) const DUMPS: &str = include_str!("../../../../testdata/synm.txt");

const PACKETS: Grammar = Grammar { packets: true, suffix: None };
const PLAIN: Grammar = Grammar { packets: false, suffix: None };

/// An item as words; data as it is, because there is no person in it.
pub(crate) fn word(item: &Item) -> String {
    match item {
        Item::Answer(answer) => format!("{} {:?} {}", answer.key, answer.status, answer.text),
        Item::Read { data, content } => {
            let what = match content {
                Some(Content::Zone) => "zone",
                Some(Content::Barcode(symbology)) => symbology.map_or("barcode", Symbology::name),
                None => "data",
            };
            format!("{what} {}", String::from_utf8_lossy(data))
        }
        Item::Present(present) => format!("present {present}"),
        Item::Garbage => "garbage".to_owned(),
    }
}

fn words(grammar: &Grammar, pieces: &[&[u8]]) -> Vec<String> {
    let (mut buffer, mut items) = (Buffer::default(), Vec::new());
    for piece in pieces {
        buffer.feed(grammar, piece, &mut items);
    }
    buffer.silence(grammar, &mut items);
    items.iter().map(word).collect()
}

pub(crate) fn packet(id: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() + 1;
    let mut packet = vec![SYN, 0xfe];
    packet.extend_from_slice(&u32::try_from(length + 14).unwrap().to_le_bytes());
    packet.extend_from_slice(format!("\rMSGGET{length:04}").as_bytes());
    packet.extend_from_slice(&[id, b'C', b'0', 0x1d]);
    packet.extend_from_slice(data);
    packet.push(b'\r');
    packet
}

#[test]
fn the_published_packet_is_a_code_128() {
    assert_eq!(words(&PACKETS, &[&dump(DUMPS, "packet ABC123")]), ["Code128 ABC123"]);
    assert_eq!(packet(b'j', b"ABC123"), dump(DUMPS, "packet ABC123"));
}

#[test]
fn published_replies_are_understood_in_both_modes() {
    for grammar in [PACKETS, PLAIN] {
        assert_eq!(words(&grammar, &[&dump(DUMPS, "device reply")]), ["CBRENA Done 1"]);
        assert_eq!(words(&grammar, &[&dump(DUMPS, "device trigger mode")]), ["TRGMOD Done 3"]);
        assert_eq!(words(&grammar, &[b"CBRENA1\x06,SSX0\x05."]), ["CBRENA Unknown 1"]);
        assert_eq!(words(&grammar, &[b"trgmod9\x15!"]), ["TRGMOD Refused 9"]);
        assert_eq!(words(&grammar, &[b"REVINF: Software Rev. 1.2!x\x06."]), ["REVINF Done Software Rev. 1.2!x"]);
        assert_eq!(words(&grammar, &[&dump(DUMPS, "device TRIG:1")]), ["present true"]);
        assert_eq!(words(&grammar, &[b"\x16\x0dTRIG:0\x16\x0a"]), ["present false"]);
    }
    assert!(Status::Refused > Status::Unknown && Status::Unknown > Status::Done);
}

#[test]
fn plain_data_ends_by_silence_and_is_cut_off_by_what_the_sensor_says() {
    let stream = [b"]L2@\n\x1e\rANSI \rDAC\r".as_slice(), b"\x16\x0dTRIG:0\x16\x0a"].concat();
    assert_eq!(words(&PLAIN, &[&stream]), ["PDF417 @\n\u{1e}\rANSI \rDAC", "present false"]);
    assert_eq!(
        words(&PLAIN, &[b"@\n\x1e\rANSI DAC\r"]),
        ["data @\n\u{1e}\rANSI DAC\r"],
        "a licence's last CR is its own"
    );
}

#[test]
fn with_a_suffix_a_torn_message_is_garbage() {
    let grammar = Grammar { packets: false, suffix: Some(b"\r".to_vec()) };
    assert_eq!(words(&grammar, &[b"12345678\r"]), ["data 12345678"]);
    assert_eq!(words(&grammar, &[b"1234"]), ["garbage"]);
}

#[test]
fn a_packet_behind_garbage_is_found_and_a_lying_one_is_not_taken() {
    let good = packet(b's', b"QR");
    assert_eq!(words(&PACKETS, &[b"\x00\xffboot", &good]), ["garbage", "QR QR"]);
    let mut lying = packet(b's', b"QR");
    lying[16] = b'9';
    let heard = words(&PACKETS, &[&lying, &good]);
    assert_eq!(heard.last().map(String::as_str), Some("QR QR"));
    assert!(!heard[..heard.len() - 1].iter().any(|word| word.starts_with("QR")), "{heard:?}");
    let mut torn = packet(b's', b"QR")[..24].to_vec();
    torn.extend_from_slice(&good);
    let heard = words(&PACKETS, &[&torn]);
    assert_eq!(heard.last().map(String::as_str), Some("QR QR"), "{heard:?}");
}

#[test]
fn the_longest_packet_is_taken_and_one_byte_more_is_not() {
    let room = MAX_FRAME - 23;
    assert_eq!(words(&PACKETS, &[&packet(b'r', &vec![b'x'; room])]).len(), 1);
    assert!(words(&PACKETS, &[&packet(b'r', &vec![b'x'; room])])[0].starts_with("PDF417 x"));
    assert!(words(&PACKETS, &[&packet(b'r', &vec![b'x'; room + 1])]).iter().all(|word| word == "garbage"));
}

#[test]
fn plain_data_up_to_the_bound_is_taken_and_longer_is_dropped_up_to_the_next_silence() {
    assert_eq!(words(&PLAIN, &[&vec![b'x'; MAX_FRAME - 1]])[0].len(), "data ".len() + MAX_FRAME - 1);
    assert_eq!(words(&PLAIN, &[&vec![b'x'; MAX_FRAME], b"and more"]), ["garbage"]);
}

fn message() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let data = prop::collection::vec(any::<u8>(), 1..200);
    prop_oneof![
        (prop::sample::select(b"OrszwjbdI".to_vec()), data).prop_map(|(id, data)| (packet(id, &data), true)),
        "[A-Z]{6}[0-9]{0,4}".prop_map(|body| ([body.as_bytes(), b"\x06."].concat(), false)),
        Just((b"\x16\x0dTRIG:1\x16\x0a".to_vec(), false)),
    ]
}

proptest! {
    #[test]
    fn any_split_of_valid_messages_gives_each_of_them_once(
        messages in prop::collection::vec(message(), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..14),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let whole = words(&PACKETS, &[&stream]);
        prop_assert_eq!(whole.len(), messages.len());
        prop_assert!(!whole.contains(&"garbage".to_owned()));
        prop_assert_eq!(words(&PACKETS, &pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_past_the_bound(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x16), Just(0xfe), Just(0x0d)], 0..4000),
        packets in any::<bool>(),
        cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let grammar = Grammar { packets, suffix: None };
        let (mut buffer, mut items) = (Buffer::default(), Vec::new());
        for piece in pieces(&bytes, &cuts) {
            buffer.feed(&grammar, piece, &mut items);
            prop_assert!(buffer.len() < MAX_FRAME);
        }
        prop_assert_eq!(words(&grammar, &pieces(&bytes, &cuts)), words(&grammar, &[&bytes]));
        buffer.silence(&grammar, &mut items);
        prop_assert!(buffer.is_empty());
    }
}
