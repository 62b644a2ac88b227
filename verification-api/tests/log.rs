//! The audit log's mathematics against published vectors and against the definitions of RFC 6962, word for word.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use verification_api::log::checkpoint::CheckpointError;
use verification_api::log::leaf::Entry;
use verification_api::log::note::{self, NoteError};
use verification_api::log::proof::{
    ProofError, consistency_ranges, hashes, inclusion_ranges, verify_consistency, verify_inclusion,
};
use verification_api::log::tile::{self, append};
use verification_api::log::tree::{empty_root, leaf_hash, node_hash, root};
use verification_api::log::witness::{Breach, Follows, follows, judge};
use verification_api::log::{Checkpoint, Hash, SigningKey, Tile, Tiles, VerifierKey};

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn hash(text: &str) -> Hash {
    unhex(text).try_into().unwrap()
}

/// The tree of the reference tests of Certificate Transparency (merkletree, google/certificate-transparency).
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn reference_leaves() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| leaf_hash(&unhex(leaf))).collect()
}

#[test]
fn roots_are_those_of_the_reference_tree() {
    assert_eq!(empty_root(), hash(EMPTY));
    let leaves = reference_leaves();
    assert_eq!(root(0, &leaves[..]), Some(hash(EMPTY)));
    for (n, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(n as u64 + 1, &leaves[..]), Some(hash(expected)), "{} leaves", n + 1);
    }
}

#[test]
fn proofs_are_those_of_the_reference_tests() {
    const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    let leaves = reference_leaves();
    // Numbers of leaves count from 1 there, from 0 in RFC 6962.
    let inclusion: [(u64, u64, &[&str]); 5] =
        [(0, 1, &[]), (0, 8, &[A, B, C]), (5, 8, &[D, E, ROOTS[3]]), (2, 3, &[ROOTS[1]]), (1, 5, &[ROOTS[0], B, D])];
    for (index, size, expected) in inclusion {
        let expected: Vec<Hash> = expected.iter().map(|h| hash(h)).collect();
        assert_eq!(hashes(&inclusion_ranges(index, size), &leaves[..]), Some(expected.clone()), "{index} of {size}");
        let leaf = unhex(LEAVES[index as usize]);
        let of = hash(ROOTS[size as usize - 1]);
        assert_eq!(verify_inclusion(&leaf, index, size, &expected, &of), Ok(()));
        assert!(verify_inclusion(b"WrongLeaf", index, size, &expected, &of).is_err());
        assert!(verify_inclusion(&leaf, index, size, &expected, &hash(EMPTY)).is_err());
    }
    let consistency: [(u64, u64, &[&str]); 4] =
        [(1, 1, &[]), (1, 8, &[A, B, C]), (6, 8, &[F, E, ROOTS[3]]), (2, 5, &[B, D])];
    for (older, newer, expected) in consistency {
        let expected: Vec<Hash> = expected.iter().map(|h| hash(h)).collect();
        let ranges = consistency_ranges(older, newer);
        assert_eq!(hashes(&ranges, &leaves[..]), Some(expected.clone()), "{older} to {newer}");
        let of = |size: u64| (size, hash(ROOTS[size as usize - 1]));
        let ((older, older_root), (newer, newer_root)) = (of(older), of(newer));
        assert_eq!(verify_consistency((older, &older_root), (newer, &newer_root), &expected), Ok(()));
        let longer = [&expected[..], &[older_root]].concat();
        assert!(verify_consistency((older, &older_root), (newer, &newer_root), &longer).is_err());
    }
}

/// RFC 6962 §2.1: MTH.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let k = largest_power_of_two_below(leaves.len());
            node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}

fn largest_power_of_two_below(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// RFC 6962 §2.1.1: PATH(m, D[n]).
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return vec![];
    }
    let k = largest_power_of_two_below(leaves.len());
    let (mut inner, other) =
        if m < k { (path(m, &leaves[..k]), mth(&leaves[k..])) } else { (path(m - k, &leaves[k..]), mth(&leaves[..k])) };
    inner.push(other);
    inner
}

/// RFC 6962 §2.1.2: SUBPROOF(m, D[n], b).
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { vec![] } else { vec![mth(leaves)] };
    }
    let k = largest_power_of_two_below(leaves.len());
    let (mut inner, other) = if m <= k {
        (subproof(m, &leaves[..k], whole), mth(&leaves[k..]))
    } else {
        (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
    };
    inner.push(other);
    inner
}

fn numbered(n: usize) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut changed = *hash;
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

#[test]
fn all_proofs_of_trees_of_up_to_130_leaves_are_the_rfc_s_and_no_other_holds() {
    let leaves = numbered(130);
    let roots: Vec<Hash> = (0..=130).map(|n| mth(&leaves[..n])).collect();
    let (mut held, mut refused) = (0, 0);
    for n in 1..=130_usize {
        let tree = &leaves[..n];
        assert_eq!(root(n as u64, tree), Some(roots[n]));
        for m in 0..n {
            let proof = hashes(&inclusion_ranges(m as u64, n as u64), tree).unwrap();
            assert_eq!(proof, path(m, tree), "leaf {m} of {n}");
            let holds =
                |proof: &[Hash]| verify_inclusion(&m.to_be_bytes(), m as u64, n as u64, proof, &roots[n]).is_ok();
            assert!(holds(&proof));
            held += 1;
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at] = flipped(&wrong[at], (at * 37 + m + n) % 256);
                assert!(!holds(&wrong) && !holds(&proof[..at]), "leaf {m} of {n}, hash {at}");
                refused += 2;
            }
            // The same proof proves no other leaf, and no other size but with another root.
            assert!(verify_inclusion(&(m + 1).to_be_bytes(), m as u64, n as u64, &proof, &roots[n]).is_err());
            assert!(verify_inclusion(&m.to_be_bytes(), n as u64, n as u64, &proof, &roots[n]).is_err());
        }
        for m in 0..=n {
            let proof = hashes(&consistency_ranges(m as u64, n as u64), tree).unwrap();
            let expected = if m == 0 { vec![] } else { subproof(m, tree, true) };
            assert_eq!(proof, expected, "{m} to {n}");
            let verified = |older: &Hash, newer: &Hash, proof: &[Hash]| {
                verify_consistency((m as u64, older), (n as u64, newer), proof)
            };
            assert_eq!(verified(&roots[m], &roots[n], &proof), Ok(()), "{m} to {n}");
            held += 1;
            if m == 0 {
                continue;
            }
            let bit = (m * 31 + n) % 256;
            assert!(verified(&flipped(&roots[m], bit), &roots[n], &proof).is_err(), "{m} to {n}");
            assert!(verified(&roots[m], &flipped(&roots[n], bit), &proof).is_err(), "{m} to {n}");
            assert!(verified(&roots[m], &roots[n], &[&proof[..], &[roots[m]]].concat()).is_err(), "{m} to {n}");
            refused += 3;
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at] = flipped(&wrong[at], (at * 41 + m + n) % 256);
                assert!(verified(&roots[m], &roots[n], &wrong).is_err(), "{m} to {n}, hash {at}");
                assert!(verified(&roots[m], &roots[n], &proof[..at]).is_err(), "{m} to {n}, cut at {at}");
                refused += 2;
            }
        }
    }
    assert_eq!(verify_consistency((2, &roots[2]), (1, &roots[1]), &[]), Err(ProofError::Numbers));
    assert_eq!(verify_consistency((0, &roots[0]), (9, &roots[9]), &[roots[1]]), Err(ProofError::Length));
    println!("{held} proofs held, {refused} changed ones were refused");
}

#[test]
fn every_bit_of_a_proof_counts() {
    let leaves = numbered(77);
    let (older, newer) = (mth(&leaves[..43]), mth(&leaves));
    let proof = subproof(43, &leaves, true);
    for at in 0..proof.len() {
        for bit in 0..256 {
            let mut wrong = proof.clone();
            wrong[at] = flipped(&wrong[at], bit);
            assert!(verify_consistency((43, &older), (77, &newer), &wrong).is_err(), "hash {at}, bit {bit}");
        }
    }
}

/// A log that keeps its tiles as the service does.
#[derive(Default)]
struct Kept {
    size: u64,
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Kept {
    fn append(&mut self, leaves: &[Hash]) {
        let changed = append(self.size, leaves, |tile| self.tiles.get(&(tile.level, tile.index)).cloned()).unwrap();
        for (tile, hashes) in changed {
            assert_eq!(hashes.len(), usize::from(tile.width));
            self.tiles.insert((tile.level, tile.index), hashes);
        }
        self.size += leaves.len() as u64;
    }

    /// What a client reads: only the tiles that are named, only as wide as they are named.
    fn serve(&self, wanted: impl IntoIterator<Item = Tile>) -> Tiles {
        let mut tiles = Tiles::new(self.size);
        for tile in wanted {
            let hashes = &self.tiles[&(tile.level, tile.index)][..usize::from(tile.width)];
            assert!(tiles.insert(tile, &hashes.concat()));
        }
        tiles
    }

    fn root(&self) -> Hash {
        let everything = self.serve(Tile::needed(std::iter::once(0..self.size), self.size));
        root(self.size, &everything).unwrap()
    }
}

#[test]
fn a_tree_of_70_000_leaves_has_the_tiles_of_the_specification_s_example() {
    // C2SP tlog-tiles, "Partial Tiles".
    let mut log = Kept::default();
    for chunk in numbered(70_000).chunks(997) {
        log.append(chunk);
    }
    let count = |level: u8, full: bool| {
        log.tiles.iter().filter(|((l, _), hashes)| *l == level && (hashes.len() == 256) == full).count()
    };
    let width = |level: u8, index: u64| log.tiles[&(level, index)].len();
    assert_eq!((count(0, true), count(0, false), width(0, 273)), (273, 1, 112));
    assert_eq!((count(1, true), count(1, false), width(1, 1)), (1, 1, 17));
    assert_eq!((count(2, true), count(2, false), width(2, 0)), (0, 1, 1));
    assert_eq!(log.root(), mth(&numbered(70_000)));
    let mut small = Kept::default();
    small.append(&numbered(256));
    assert_eq!((small.tiles[&(0, 0)].len(), small.tiles[&(1, 0)].len()), (256, 1));
}

#[test]
fn tiles_are_addressed_as_the_specification_says() {
    let path = |level, index, width| Tile { level, index, width }.path();
    // C2SP tlog-tiles: "index 1234067 will be encoded as x001/x234/067".
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(0, 0, 256), "tile/0/000");
    assert_eq!(path(63, 999, 1), "tile/63/999.p/1");
    assert_eq!(path(2, 1000, 255), "tile/2/x001/000.p/255");
    for (level, index) in [
        ("0", "1"),
        ("0", "0000"),
        ("00", "000"),
        ("64", "000"),
        ("0", "x000/001"),
        ("0", "001/002"),
        ("0", "x001"),
        ("0", "000.p/0"),
        ("0", "000.p/256"),
        ("0", "000.p/01"),
        ("0", "000.p/"),
        ("0", "+01"),
        ("0", ""),
        ("", "000"),
        ("-1", "000"),
        ("0", "x999/x999/x999/x999/x999/x999/x999/999"),
    ] {
        assert_eq!(Tile::parse(level, index), None, "{level} {index}");
    }
}

#[test]
fn a_tile_of_another_length_is_not_taken() {
    let mut tiles = Tiles::new(300);
    let partial = Tile { level: 0, index: 1, width: 44 };
    assert!(!tiles.insert(partial, &[0; 43 * 32]));
    assert!(!tiles.insert(partial, &[0; 44 * 32 + 1]));
    assert!(!tiles.insert(partial, &[0; 257 * 32]));
    assert!(tiles.insert(partial, &[0; 256 * 32]), "a full tile in place of the partial one");
    assert_eq!(tile::hashes(&[0; 31]), None);
}

proptest! {
    #[test]
    fn a_tile_s_path_is_read_back(level in 0_u8..64, index in 0_u64..u64::MAX / 1000, width in 1_u16..=256) {
        let tile = Tile { level, index, width };
        prop_assert_eq!(Tile::parse(&level.to_string(), &tile.index_path()), Some(tile));
    }

    #[test]
    fn any_path_is_read_or_refused(level in "\\PC{0,4}", index in "[x0-9./p+]{0,24}") {
        if let Some(tile) = Tile::parse(&level, &index) {
            prop_assert_eq!(tile.path(), format!("tile/{level}/{index}"));
        }
    }

    #[test]
    fn a_witness_needs_only_the_tiles_that_are_named(parts in prop::collection::vec(1_usize..700, 1..6)) {
        let leaves = numbered(parts.iter().sum());
        let mut log = Kept::default();
        let mut before: Option<Checkpoint> = None;
        let mut at = 0;
        for part in parts {
            log.append(&leaves[at..at + part]);
            at += part;
            let now = Checkpoint { origin: "log".to_owned(), size: log.size, root: log.root() };
            prop_assert_eq!(now.root, mth(&leaves[..at]));
            if let Some(before) = before {
                let Ok(Follows::Grown(wanted)) = follows(&before, &now) else { panic!("it has grown") };
                let tiles = log.serve(wanted);
                prop_assert_eq!(judge(&before, &now, &tiles), Some(Ok(())));
                prop_assert_eq!(judge(&before, &now, &Tiles::new(now.size)), None);
                let other = Checkpoint { root: leaf_hash(b"another"), ..before.clone() };
                prop_assert!(judge(&other, &now, &tiles).is_some_and(|judged| judged.is_err()));
            }
            before = Some(now);
        }
    }

    #[test]
    fn any_text_is_a_note_or_refused(text in "\\PC{0,200}", tail in "[ \n—a-z0-9+/=]{0,80}") {
        let key = SigningKey::from_seed("log", &[7; 32]).unwrap();
        prop_assert!(note::open(&(text.clone() + &tail), &[key.verifier().clone()]).is_err());
        let signed = key.sign(&format!("{}\n", text.replace(|c: char| c.is_control(), "")));
        prop_assert!(note::open(&signed, &[key.verifier().clone()]).is_ok());
    }

    #[test]
    fn different_rows_have_different_leaves(a in prop::collection::vec("[a-c]{0,3}", 4), b in prop::collection::vec("[a-c]{0,3}", 4)) {
        let bytes = |t: &[String]| Entry { seq: 1, at: 2, actor: &t[0], event: &t[1], subject: &t[2], detail: &t[3] }.bytes();
        prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
    }
}

#[test]
fn a_leaf_is_a_version_and_parts_with_their_lengths() {
    let entry = Entry { seq: 7, at: 258, actor: "service", event: "purged", subject: "", detail: "{}" };
    let expected = concat!(
        "01",
        "000000080000000000000007",
        "000000080000000000000102",
        "0000000773657276696365",
        "00000006707572676564",
        "00000000",
        "000000027b7d"
    );
    assert_eq!(entry.bytes(), unhex(expected));
}

#[test]
fn a_witness_sees_what_shrank_and_what_changed() {
    let of = |size: u64, root: Hash| Checkpoint { origin: "log".to_owned(), size, root };
    let (three, four) = (of(3, hash(ROOTS[2])), of(4, hash(ROOTS[3])));
    assert_eq!(follows(&four, &four), Ok(Follows::Same));
    assert_eq!(follows(&four, &three), Err(Breach::Shrunk { from: 4, to: 3 }));
    assert_eq!(follows(&four, &of(4, hash(ROOTS[2]))), Err(Breach::Changed { size: 4 }));
    let elsewhere = Checkpoint { origin: "other".to_owned(), ..four.clone() };
    assert!(matches!(follows(&three, &elsewhere), Err(Breach::AnotherLog { .. })));
    // Nothing can contradict an empty tree: no tile is needed.
    let empty = of(0, empty_root());
    assert_eq!(follows(&empty, &four), Ok(Follows::Grown(std::collections::BTreeSet::new())));
    assert_eq!(judge(&empty, &four, &Tiles::new(4)), Some(Ok(())));
}

/// The examples of golang.org/x/mod/sumdb/note.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE: &str =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// A private key as that package writes it: base64 of 01 and the seed.
fn signing_key(name: &str, encoded: &str) -> SigningKey {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    SigningKey::from_seed(name, &bytes[1..].try_into().unwrap()).unwrap()
}

#[test]
fn notes_and_keys_are_those_of_other_implementations() {
    let peter = VerifierKey::parse(PETER).unwrap();
    assert_eq!((peter.name(), peter.to_string().as_str()), ("PeterNeumann", PETER));
    let note = format!("{PETER_TEXT}\n{PETER_LINE}");
    assert_eq!(note::open(&note, std::slice::from_ref(&peter)), Ok(PETER_TEXT));
    let own = signing_key("PeterNeumann", PETER_SEED);
    assert_eq!(own.verifier(), &peter);
    assert_eq!(own.sign(PETER_TEXT), note);
    // C2SP signed-note, the example of a verifier key.
    let foo = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let example = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    assert_eq!(note::open(example, std::slice::from_ref(&foo)), Ok("This is an example message.\n"));
    // A second signature, of a key that nobody here knows, is passed over.
    let both = format!("{note}{}", example.rsplit_once('\n').unwrap().0.rsplit_once('\n').unwrap().1.to_owned() + "\n");
    assert_eq!(note::open(&both, std::slice::from_ref(&peter)), Ok(PETER_TEXT));
    assert_eq!(note::open(&both, &[peter, foo]), Err(NoteError::BadSignature));
}

#[test]
fn what_is_no_note_or_no_key_is_refused() {
    let peter = [VerifierKey::parse(PETER).unwrap()];
    let note = format!("{PETER_TEXT}\n{PETER_LINE}");
    for (changed, expected) in [
        (note.replace("problem is", "problem was"), NoteError::BadSignature),
        (note.replace("wJnAM=", "wJnAN="), NoteError::Form),
        (note.replace("— PeterNeumann", "— PeterNeuman"), NoteError::Unsigned),
        (note.replace("— ", "- "), NoteError::Form),
        (note.replace("\n\n", "\n"), NoteError::Form),
        (note.trim_end().to_owned(), NoteError::Form),
        (note.replace("you", "y\tu"), NoteError::Form),
        (format!("{PETER_TEXT}\n"), NoteError::Form),
        (String::new(), NoteError::Form),
        ("x".repeat(note::MAX_BYTES + 1), NoteError::Form),
    ] {
        assert_eq!(note::open(&changed, &peter), Err(expected), "{changed}");
    }
    for wrong in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a+00000000+AQ=="] {
        assert_eq!(VerifierKey::parse(wrong), Err(NoteError::Key), "{wrong}");
    }
    assert_eq!(VerifierKey::new("a b", [0; 32]), Err(NoteError::Name));
    assert_eq!(VerifierKey::parse_all("# none\n"), Err(NoteError::Key));
    assert_eq!(VerifierKey::parse_all(&format!("# a key\n{PETER}\n\n")), Ok(peter.to_vec()));
}

#[test]
fn checkpoints_and_their_proof_are_those_of_other_implementations() {
    // github.com/transparency-dev/witness, internal/witness/witness_test.go.
    let monkeys = [VerifierKey::parse("monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT").unwrap()];
    let five = "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n";
    let eight = "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n— monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n";
    let proof = [
        "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
        "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
        "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
        "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
    ]
    .map(hash);
    let older = Checkpoint::open(five, &monkeys).unwrap();
    let newer = Checkpoint::open(eight, &monkeys).unwrap();
    assert_eq!((older.size, newer.size), (5, 8));
    assert_eq!(verify_consistency((5, &older.root), (8, &newer.root), &proof), Ok(()));
    let own = signing_key("monkeys", "ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6");
    assert_eq!(older.signed(&own), five);
    assert_eq!(newer.signed(&own), eight);
    let elsewhere = Checkpoint { origin: "apes".to_owned(), ..older };
    assert_eq!(Checkpoint::open(&elsewhere.signed(&own), &monkeys), Err(CheckpointError::AnotherLog));
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    // C2SP tlog-checkpoint, the example's text.
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let sofa = Checkpoint::parse(text).unwrap();
    assert_eq!((sofa.origin.as_str(), sofa.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(sofa.text(), text);
    assert!(Checkpoint::parse(&format!("{text}an extension\n")).is_ok());
    for wrong in [
        text.replace("20852163", "020852163"),
        text.replace("20852163", "-1"),
        text.replace("20852163", "20852163x"),
        text.replace("20852163", "99999999999999999999"),
        text.replace("20852163", "0"),
        text.replace("xq2I=", "xq2I"),
        text.replace("CsUY", ""),
        text.replace("example.com/behind-the-sofa", ""),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        String::new(),
    ] {
        assert_eq!(Checkpoint::parse(&wrong), Err(CheckpointError::NotACheckpoint), "{wrong}");
    }
}
