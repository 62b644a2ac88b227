//! The witness against a log inside the test: one that grows, shrinks, forks, is signed by another, or hides its tiles.

use super::{Pki, React, problem, serve};
use crate::clock::Clock;
use crate::config::Service;
use crate::verifier::Verifier;
use crate::verifier::witness::{ALARM_FILE, DEVICE, Judged};
use std::path::Path;
use verification_api::log::tree::{leaf_hash, root};
use verification_api::log::{Checkpoint, Hash, SigningKey};
use verification_api::wire::{DeviceState, WhoMustAct};

const ORIGIN: &str = "records.example/log/v1";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).expect("key")
}

/// A log whose leaf `n` is `n` up to `fork`, and something else beyond.
fn leaves(size: usize, fork: usize) -> Vec<Hash> {
    (0..size).map(|n| leaf_hash(format!("{n}{}", if n < fork { "" } else { "'" }).as_bytes())).collect()
}

fn checkpoint(leaves: &[Hash], key: &SigningKey) -> String {
    let size = leaves.len() as u64;
    let root = root(size, leaves).expect("all leaves are there");
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.signed(key)
}

fn tile(leaves: &[Hash]) -> React {
    React::Bytes(leaves.concat())
}

struct Kiosk {
    pki: Pki,
}

impl Kiosk {
    fn new() -> Self {
        let pki = Pki::new();
        std::fs::write(pki.dir.path().join("log.pub"), format!("{}\n", key().verifier())).expect("written");
        Self { pki }
    }

    /// Starts it anew on the same folder, with a service that answers so.
    async fn start(&self, answers: Vec<React>) -> (Verifier, super::Log) {
        let (port, log) = serve(self.pki.server(), &self.pki, answers).await;
        let dir = self.pki.dir.path();
        let service = Service { log: Some(dir.join("log.pub")), ..self.pki.service(port) };
        (Verifier::new(&service, "7", dir, Clock::start(0)).expect("address"), log)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.pki.dir.path().join(name)
    }
}

fn judged(verifier: &Verifier) -> Judged {
    verifier.witness().expect("a witness").judged()
}

fn state(verifier: &Verifier) -> (DeviceState, WhoMustAct) {
    let health = verifier.witness().expect("a witness").health();
    assert_eq!(health.device, DEVICE);
    (health.state, health.who)
}

#[tokio::test]
async fn a_log_that_grows_is_followed_over_restarts() {
    let kiosk = Kiosk::new();
    let all = leaves(300, 300);
    let (verifier, _) = kiosk.start(vec![tile(&all[..20])]).await;
    assert_eq!((judged(&verifier), state(&verifier).0), (Judged::Nothing, DeviceState::Busy));
    for size in [0, 7, 7, 20] {
        assert_eq!(verifier.judge(&checkpoint(&all[..size], &key())).await, None);
        assert_eq!(judged(&verifier), Judged::Whole { size: size as u64 });
    }
    assert_eq!(state(&verifier), (DeviceState::Ready, WhoMustAct::Nobody));
    // The next run knows what the last one saw. A tree of 300 leaves: the first 256 are in a tile of their own.
    let (verifier, asked) = kiosk.start(vec![tile(&all[..256]), tile(&all[256..])]).await;
    assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
    assert_eq!(judged(&verifier), Judged::Whole { size: 300 });
    let lines: Vec<String> = asked.lock().expect("log").iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(lines, ["GET /log/v1/tile/0/000 HTTP/1.1", "GET /log/v1/tile/0/001.p/44 HTTP/1.1"]);
}

#[tokio::test]
async fn a_log_that_shrank_raises_one_alarm_that_stays_until_a_technician_takes_it_away() {
    let kiosk = Kiosk::new();
    let all = leaves(20, 20);
    let (verifier, _) = kiosk.start(vec![tile(&all)]).await;
    assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
    let sentence = verifier.judge(&checkpoint(&all[..12], &key())).await.expect("an alarm");
    assert!(sentence.contains("shrunk from 20 to 12"), "{sentence}");
    assert_eq!(verifier.judge(&checkpoint(&all[..12], &key())).await, None, "told once");
    assert_eq!(state(&verifier), (DeviceState::Failed, WhoMustAct::Technician));
    // The evidence is kept, and the newest checkpoint that held too.
    let evidence = std::fs::read_to_string(kiosk.file(ALARM_FILE)).expect("kept");
    assert!(evidence.starts_with(&sentence) && evidence.ends_with(&checkpoint(&all[..12], &key())), "{evidence}");

    let (verifier, _) = kiosk.start(vec![tile(&all)]).await;
    assert_eq!(judged(&verifier), Judged::Alarm { sentence: sentence.clone() }, "after a restart");
    assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
    assert_eq!(judged(&verifier), Judged::Alarm { sentence }, "the log is whole again, but it was not");
    std::fs::remove_file(kiosk.file(ALARM_FILE)).expect("there");
    assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
    assert_eq!(judged(&verifier), Judged::Whole { size: 20 });
    assert!(verifier.judge(&checkpoint(&all[..19], &key())).await.is_some(), "and the next one is told again");
}

#[tokio::test]
async fn a_log_that_forked_is_found_whatever_tiles_it_shows() {
    let (honest, forged) = (leaves(40, 40), leaves(40, 15));
    for shown in [&honest, &forged] {
        let kiosk = Kiosk::new();
        let (verifier, _) = kiosk.start(vec![tile(shown)]).await;
        assert_eq!(verifier.judge(&checkpoint(&honest[..20], &key())).await, None);
        let sentence = verifier.judge(&checkpoint(&forged, &key())).await.expect("an alarm");
        assert!(sentence.contains("does not continue the log of 20 entries"), "{sentence}");
    }
    let kiosk = Kiosk::new();
    let (verifier, _) = kiosk.start(vec![]).await;
    assert_eq!(verifier.judge(&checkpoint(&honest, &key())).await, None);
    let sentence = verifier.judge(&checkpoint(&forged, &key())).await.expect("an alarm");
    assert!(sentence.contains("history was changed"), "{sentence}");
}

#[tokio::test]
async fn a_checkpoint_of_another_key_or_a_changed_one_raises_an_alarm() {
    let all = leaves(3, 3);
    let stranger = SigningKey::from_seed(ORIGIN, &[8; 32]).expect("key");
    let changed = checkpoint(&all, &key()).replacen("\n3\n", "\n4\n", 1);
    for note in [checkpoint(&all, &stranger), changed, "no note".to_owned()] {
        let kiosk = Kiosk::new();
        let (verifier, _) = kiosk.start(vec![]).await;
        let sentence = verifier.judge(&note).await.expect("an alarm");
        assert!(sentence.starts_with("the checkpoint is not signed by the log"), "{sentence}");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_no_alarm_and_is_named() {
    let all = leaves(20, 20);
    let short = React::Bytes(all[..19].concat());
    for (answer, expected) in [
        (problem("not-found", 404), "could not be fetched"),
        (problem("quarantined", 403), "could not be fetched"),
        (React::Cut, "could not be fetched"),
        (short, "another length"),
    ] {
        let kiosk = Kiosk::new();
        let (verifier, _) = kiosk.start(vec![answer]).await;
        assert_eq!(verifier.judge(&checkpoint(&all[..11], &key())).await, None);
        assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
        let Judged::NotJudged { cause } = judged(&verifier) else { panic!("{:?}", judged(&verifier)) };
        assert!(cause.contains(expected), "{cause}");
        assert_eq!(state(&verifier), (DeviceState::Degraded, WhoMustAct::Technician));
        // What was seen is not forgotten meanwhile.
        assert!(verifier.judge(&checkpoint(&all[..10], &key())).await.is_some());
    }
    let kiosk = Kiosk::new();
    let (verifier, _) = kiosk.start(vec![]).await;
    assert_eq!(verifier.judge("").await, None);
    assert!(matches!(judged(&verifier), Judged::NotJudged { .. }));
}

#[tokio::test]
async fn without_its_keys_the_witness_says_which_file_is_missing() {
    let pki = Pki::new();
    let service = Service { log: Some(Path::new("/nowhere/log.pub").into()), ..pki.service(1) };
    let verifier = Verifier::new(&service, "7", pki.dir.path(), Clock::start(0)).expect("address");
    let (facts, ok, _) = verifier.witness().expect("a witness").facts();
    assert!(!ok && facts.starts_with("/nowhere/log.pub: there is no such file"), "{facts}");
    assert!(pki.verifier(1).witness().is_none(), "not configured");
}

#[tokio::test]
async fn a_key_that_the_log_names_is_believed_and_one_that_signs_no_longer_is_given_up() {
    let kiosk = Kiosk::new();
    let (all, new) = (leaves(20, 20), SigningKey::from_seed(ORIGIN, &[8; 32]).expect("key"));
    let keys = |keys: &[&SigningKey]| keys.iter().map(|key| format!("{}\n", key.verifier())).collect::<String>();
    let known = |kiosk: &Kiosk| std::fs::read_to_string(kiosk.file("log.pub")).expect("keys");
    let (verifier, _) = kiosk.start(vec![]).await;
    assert_eq!(verifier.judge(&checkpoint(&all, &key())).await, None);
    let tree = Checkpoint { origin: ORIGIN.to_owned(), size: 20, root: root(20, &all[..]).expect("root") };
    assert_eq!(verifier.judge(&tree.signed_by_both(&key(), &new)).await, None);
    assert_eq!(known(&kiosk), keys(&[&key(), &new]));
    // An instance of the service that does not know it yet.
    assert_eq!(verifier.judge(&tree.signed(&key())).await, None);
    assert_eq!(known(&kiosk), keys(&[&key(), &new]));
    assert_eq!(verifier.judge(&tree.signed(&new)).await, None);
    assert_eq!(known(&kiosk), keys(&[&new]));
    // What was seen is still known after a restart, although the tree has not grown since.
    let (verifier, _) = kiosk.start(vec![]).await;
    assert!(verifier.judge(&checkpoint(&all[..19], &new)).await.is_some_and(|why| why.contains("shrunk")));
    assert!(verifier.judge(&tree.signed(&key())).await.is_none(), "an alarm is raised once");
    assert!(matches!(judged(&verifier), Judged::Alarm { .. }));
}
