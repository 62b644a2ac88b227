//! Published dumps, and streams in pieces.

use super::{Codec, Decoded, Item, checksum, encode, retransmission};
use crate::barcode::Symbology;
use crate::serial::MAX_FRAME;
use crate::serial::testing::{dump, pieces};
use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) const DUMPS: &str = include_str!("../../../../testdata/ssi.txt");

/// A packet from the scanner.
pub(crate) fn from_scanner(opcode: u8, source: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![u8::try_from(4 + data.len()).unwrap(), opcode, source, status];
    packet.extend_from_slice(data);
    let sum = checksum(&packet);
    packet.extend_from_slice(&sum.to_be_bytes());
    packet
}

/// The published code of 500 letters, in three packets.
pub(crate) fn segments() -> [Vec<u8>; 3] {
    [(1, 241), (2, 250), (3, 9)].map(|(number, letters)| {
        let mut packet = dump(DUMPS, &format!("multi {number} head"));
        packet.extend(std::iter::repeat_n(b'Z', letters));
        packet.extend(dump(DUMPS, &format!("multi {number} check")));
        packet
    })
}

fn words(pieces: &[&[u8]]) -> Vec<String> {
    let (mut codec, mut items) = (Codec::default(), Vec::new());
    for piece in pieces {
        codec.feed(piece, &mut items);
    }
    items
        .iter()
        .map(|item| match item {
            Item::Packet(packet) => format!("{:02x} {:02x?}", packet.opcode, packet.data.as_slice()),
            Item::Long(Decoded { symbology, text }) => {
                format!("{} of {}", symbology.map_or("?", Symbology::name), text.len())
            }
            Item::Segment => "segment".to_owned(),
            Item::Damaged => "damaged".to_owned(),
            Item::Garbage => "garbage".to_owned(),
        })
        .collect()
}

#[test]
fn commands_are_encoded_as_published() {
    for (name, opcode, data) in [
        ("ACK", 0xd0, &[][..]),
        ("NAK resend", 0xd1, &[1][..]),
        ("START", 0xe4, &[]),
        ("STOP", 0xe5, &[]),
        ("SCAN_ENABLE", 0xe9, &[]),
        ("SCAN_DISABLE", 0xea, &[]),
        ("REQ_REV", 0xa3, &[]),
        ("CAP_REQ", 0xd3, &[]),
        ("BEEP 0", 0xe6, &[0]),
        ("LED_ON 1", 0xe7, &[1]),
        ("LED_OFF 1", 0xe8, &[1]),
    ] {
        assert_eq!(encode(opcode, data, false), dump(DUMPS, name), "{name}");
    }
    assert_eq!(retransmission(&dump(DUMPS, "START")), Some(dump(DUMPS, "START retry")));
}

#[test]
fn published_packets_are_understood() {
    assert_eq!(words(&[&dump(DUMPS, "dev ACK")]), ["d0 []"]);
    for name in ["dev DECODE old Code128", "dev DECODE new Code128"] {
        let (mut codec, mut items) = (Codec::default(), Vec::new());
        codec.feed(&dump(DUMPS, name), &mut items);
        let [Item::Packet(packet)] = items.as_slice() else { panic!("{name}: one packet") };
        let decoded = Decoded::of(&packet.data).expect("decode data");
        assert_eq!(decoded.symbology, Some(Symbology::Code128), "{name}");
        assert_eq!(decoded.text.as_slice(), b"ABC123", "{name}");
    }
}

#[test]
fn the_published_segments_are_one_code() {
    let [one, two, three] = segments();
    let whole = ["segment", "segment", "segment", "QR of 500"];
    assert_eq!(words(&[&one, &two, &three]), whole);
    assert_eq!(words(&[&one, &two, &two, &three]).last().map(String::as_str), Some("QR of 500"), "one sent again");
    assert_eq!(words(&[&one, &three]), ["segment", "segment", "garbage"], "one is missing");
    assert_eq!(words(&[&two]), ["segment", "garbage"]);
}

#[test]
fn a_damaged_packet_is_named_and_what_follows_is_found() {
    let mut damaged = dump(DUMPS, "dev DECODE old Code128");
    damaged[6] ^= 0x10;
    let heard = words(&[&damaged, &dump(DUMPS, "dev ACK")]);
    assert_eq!(heard.first().map(String::as_str), Some("damaged"));
    assert_eq!(heard.last().map(String::as_str), Some("d0 []"));
    assert!(!heard.iter().any(|word| word.starts_with("f3")));
}

proptest! {
    #[test]
    fn any_split_of_valid_packets_gives_each_of_them_once(
        packets in prop::collection::vec((prop::sample::select(vec![0xd0, 0xf3, 0xf6, 0xa4]), prop::collection::vec(any::<u8>(), 0..200)), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let stream: Vec<u8> = packets.iter().flat_map(|(opcode, data)| from_scanner(*opcode, 0, 0, data)).collect();
        let whole = words(&[&stream]);
        prop_assert_eq!(whole.len(), packets.len());
        prop_assert_eq!(words(&pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn one_flipped_bit_is_never_taken_for_data(at in any::<Index>(), bit in 0_u8..8) {
        let mut packet = dump(DUMPS, "dev DECODE new Code128");
        let at = at.index(packet.len());
        packet[at] ^= 1 << bit;
        let taken = words(&[&packet]).into_iter().any(|word| word.starts_with("f3"));
        prop_assert!(!taken);
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_past_the_bound(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xff), Just(0x73), Just(0x00), Just(0x02)], 0..4000),
    ) {
        let (mut codec, mut items) = (Codec::default(), Vec::new());
        codec.feed(&bytes, &mut items);
        prop_assert!(codec.len() <= 257 + MAX_FRAME);
    }
}
