//! Published dumps, and the two properties that matter of a stream: pieces do not change it, garbage does not hurt it.

use super::{Codec, Frame, Item, Kind, MAX_DATA, encode};
use proptest::prelude::*;

/// The dumps of the public protocol notes (rows are ICAO Doc 9303 specimens).
const DUMPS: &str = include_str!("../../../../testdata/elyctis.txt");

pub(crate) fn dump(name: &str) -> Vec<u8> {
    let line = DUMPS
        .lines()
        .find_map(|line| line.split_once('|').filter(|(key, _)| key.trim() == name))
        .unwrap_or_else(|| panic!("testdata/elyctis.txt has no dump named {name}"));
    line.1.split_whitespace().map(|hex| u8::from_str_radix(hex, 16).expect("a hex byte")).collect()
}

/// A frame's kind and data; garbage is `None`.
type Plain = Option<(Kind, Vec<u8>)>;

fn decode(pieces: &[&[u8]]) -> (Vec<Plain>, Codec) {
    let mut codec = Codec::new(None);
    let mut items = Vec::new();
    for piece in pieces {
        codec.feed(piece, &mut items);
    }
    let plain = items
        .into_iter()
        .map(|item| match item {
            Item::Frame(Frame { kind, data }) => Some((kind, data.to_vec())),
            Item::Garbage => None,
        })
        .collect();
    (plain, codec)
}

#[test]
fn the_published_passport_is_one_frame_of_two_rows_and_an_empty_one() {
    let (items, codec) = decode(&[&dump("TD3")]);
    let [Some((Kind::Inquire, data))] = items.as_slice() else { panic!("one inquiry frame") };
    let rows: Vec<&[u8]> = data.split(|b| *b == b'\r').collect();
    assert_eq!(rows.iter().map(|row| row.len()).collect::<Vec<_>>(), [44, 44, 0, 0]);
    assert!(rows[0].starts_with(b"P<UTOERIKSSON<<ANNA<MARIA"));
    assert!(!codec.mid_frame());
}

#[test]
fn the_published_card_is_three_rows_of_thirty() {
    let (items, _) = decode(&[&dump("TD1")]);
    let [Some((Kind::Inquire, data))] = items.as_slice() else { panic!("one inquiry frame") };
    assert_eq!(data.split(|b| *b == b'\r').map(<[u8]>::len).collect::<Vec<_>>(), [30, 30, 30, 0]);
}

#[test]
fn commands_are_encoded_as_published() {
    for (name, kind, data) in [
        ("host inquire", Kind::Inquire, &[][..]),
        ("host continuous on", Kind::Continuous, &[1][..]),
        ("host continuous off", Kind::Continuous, &[0][..]),
        ("host version", Kind::Version, &[][..]),
    ] {
        let mut tx = Vec::new();
        encode(kind, data, &mut tx);
        assert_eq!(tx, dump(name), "{name}");
    }
}

#[test]
fn data_of_512_bytes_is_a_frame_and_of_513_is_not() {
    let mut stream = vec![b'V', 2, 0];
    stream.extend_from_slice(&[b'x'; MAX_DATA]);
    let (items, _) = decode(&[&stream]);
    assert!(matches!(items.as_slice(), [Some((Kind::Version, data))] if data.len() == MAX_DATA));

    let mut stream = vec![b'V', 2, 1];
    stream.extend_from_slice(&[b'x'; MAX_DATA + 1]);
    let (items, codec) = decode(&[&stream]);
    assert_eq!(items, [None]);
    assert_eq!(codec.dropped(), 3 + MAX_DATA as u64 + 1);
}

#[test]
fn a_frame_behind_garbage_is_found() {
    let mut stream = b"\xff\xfe boot 1.0".to_vec();
    stream.extend_from_slice(&dump("no-doc"));
    let (items, _) = decode(&[&stream]);
    assert_eq!(items, [None, Some((Kind::Inquire, b"\r\r\r".to_vec()))]);
}

#[test]
fn an_unknown_type_becomes_a_frame_only_where_it_is_configured() {
    let mut items = Vec::new();
    Codec::new(Some(b'P')).feed(b"P\x00\x01\x01", &mut items);
    assert!(matches!(items.as_slice(), [Item::Frame(Frame { kind: Kind::Presence(b'P'), .. })]));
}

proptest! {
    #[test]
    fn any_split_of_any_stream_gives_the_same_items(
        frames in prop::collection::vec((prop::sample::select(b"ILCVWRT".to_vec()), prop::collection::vec(any::<u8>(), 0..120)), 0..6),
        noise in prop::collection::vec(any::<u8>(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut stream = noise;
        for (kind, data) in &frames {
            stream.push(*kind);
            stream.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
            stream.extend_from_slice(data);
        }
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for end in ends {
            pieces.push(&stream[start..end]);
            start = end;
        }
        prop_assert_eq!(decode(&pieces).0, decode(&[&stream]).0);
    }

    #[test]
    fn valid_frames_come_out_as_they_went_in(
        frames in prop::collection::vec((prop::sample::select(b"ILCVWRT".to_vec()), prop::collection::vec(any::<u8>(), 0..MAX_DATA)), 0..4),
    ) {
        let mut stream = Vec::new();
        for (kind, data) in &frames {
            stream.push(*kind);
            stream.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
            stream.extend_from_slice(data);
        }
        let back: Vec<(u8, Vec<u8>)> = decode(&[&stream]).0.into_iter().flatten().map(|(kind, data)| (kind.byte(), data)).collect();
        prop_assert_eq!(back, frames);
    }

    #[test]
    fn random_bytes_never_panic_and_never_hold_more_than_a_frame(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let (_, codec) = decode(&[&bytes]);
        prop_assert!(codec.len < super::HEADER + MAX_DATA);
    }
}
