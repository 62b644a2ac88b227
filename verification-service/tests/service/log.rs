//! The log while the service runs: sealed within a second, in every reply, served as tiles, and nothing without it.

use crate::puts::{Held, instance};
use crate::support::{A_NUMBER, Answer, Client, Kiosk, Serving, Site, id, other_than};
use serde_json::json;
use std::time::Duration;
use verification_api::log::tree::root;
use verification_api::log::witness::{Follows, follows, judge};
use verification_api::log::{Checkpoint, Tile, Tiles, VerifierKey};
use verification_service::clock::DAY;
use verification_service::log::seal::seal;
use verification_service::purge::purge;

fn keys(kiosk: &Kiosk) -> Vec<VerifierKey> {
    VerifierKey::parse_all(&std::fs::read_to_string(kiosk.dir.join("log.pub")).unwrap()).unwrap()
}

async fn newest(client: &Client, kiosk: &Kiosk) -> Checkpoint {
    let answer = client.get("/log/v1/checkpoint").await;
    assert_eq!(answer.status, 200);
    Checkpoint::open(std::str::from_utf8(&answer.bytes).unwrap(), &keys(kiosk)).unwrap()
}

/// Asks every 100 ms until the answer is as wanted.
pub async fn until<T>(what: &str, within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let asking = async {
        loop {
            tick.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    };
    tokio::time::timeout(within, asking).await.unwrap_or_else(|_| panic!("not within {within:?}: {what}"))
}

async fn tiles(client: &Client, wanted: impl IntoIterator<Item = Tile>, size: u64) -> Tiles {
    let mut tiles = Tiles::new(size);
    for tile in wanted {
        let answer = client.get(&format!("/log/v1/{}", tile.path())).await;
        assert_eq!(answer.status, 200, "{}", tile.path());
        assert!(tiles.insert(tile, &answer.bytes), "{}: {} bytes", tile.path(), answer.bytes.len());
    }
    tiles
}

#[tokio::test]
async fn a_row_is_a_leaf_within_a_second_and_tiles_lead_to_the_signed_root() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let before = newest(&client, &kiosk).await;
    client.verify(id(), ("a_number", A_NUMBER), &code).await;
    let after = until("the verification is a leaf", Duration::from_secs(1), async || {
        Some(newest(&client, &kiosk).await).filter(|now| now.size > before.size)
    })
    .await;
    let everything = tiles(&client, Tile::needed(std::iter::once(0..after.size), after.size), after.size).await;
    assert_eq!(root(after.size, &everything), Some(after.root));
    let Ok(Follows::Grown(wanted)) = follows(&before, &after) else { panic!("it has grown") };
    assert_eq!(judge(&before, &after, &tiles(&client, wanted, after.size).await), Some(Ok(())));
}

#[tokio::test]
async fn the_newest_checkpoint_travels_in_every_reply() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    site.add_officer("B1");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let heartbeat = json!({ "devices": [], "journal": null, "version": "1", "policy_version": null });
    let replies: Vec<Answer> = vec![
        client.get("/kiosk/v1/health").await,
        client.get("/kiosk/v1/policy").await,
        client.post("/kiosk/v1/heartbeats", &heartbeat).await,
        client.post("/kiosk/v1/assistance", &json!({ "lane": "7" })).await,
        client.post("/kiosk/v1/officers/sign-in", &json!({ "badge": "B1", "pin": "123456" })).await,
        client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await,
        client.verify(id(), ("a_number", A_NUMBER), &code).await,
    ];
    for reply in replies {
        let json = reply.json();
        let note = json["checkpoint"].as_str().unwrap_or_else(|| panic!("{json}"));
        let told = Checkpoint::open(note, &keys(&kiosk)).unwrap();
        assert_eq!(told.origin, "localhost/log/v1");
    }
}

#[tokio::test]
async fn an_address_that_is_no_tile_or_a_tile_that_is_not_there_is_not_found() {
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for path in
        ["0/000", "0/001.p/1", "1/000.p/1", "0/0", "64/000", "0/x000/000", "0/000.p/255", "x/000", "0/000.p/0", "0/%FF"]
    {
        assert_eq!(client.get(&format!("/log/v1/tile/{path}")).await.problem(), "not-found", "{path}");
    }
    let answer = client.get("/log/v1/tile/0/000.p/1").await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (200, 32), "the first leaf alone");
    site.cli(&["kiosk", "revoke", &kiosk.id.to_string()]);
    assert_eq!(client.get("/log/v1/checkpoint").await.problem(), "revoked");
}

async fn verify(client: &Client, code: &str) -> Answer {
    client.verify(id(), ("a_number", A_NUMBER), other_than(code)).await
}

#[tokio::test]
async fn while_rows_are_not_sealed_nothing_is_verified_and_it_recovers_by_itself() {
    let site = Site::new();
    site.set("verifications_per_minute", "10000")
        .set("verifications_burst", "10000")
        .set("failing_identifiers", "1000");
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(verify(&client, &code).await.result(), "not_verified");
    // Without its tiles the tree cannot be continued, and nothing is signed on top of what is wrong.
    until("all is sealed", Duration::from_secs(2), async || {
        (site.cli(&["audit", "verify"])["unsealed"] == 0).then_some(())
    })
    .await;
    site.sql("CREATE TABLE kept AS SELECT * FROM log_tile").await;
    site.sql("DELETE FROM log_tile").await;
    assert_eq!(verify(&client, &code).await.result(), "not_verified", "5 seconds are left");
    until("verifications are refused", Duration::from_secs(8), async || {
        let answer = verify(&client, &code).await;
        (answer.status == 503 && answer.problem() == "unavailable").then_some(())
    })
    .await;
    // Not even with the right code; and it is not used up.
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &code).await.problem(), "unavailable");
    assert_eq!(client.get("/kiosk/v1/health").await.status, 200, "the rest goes on");
    site.sql("INSERT INTO log_tile SELECT * FROM kept").await;
    site.sql("DROP TABLE kept").await;
    until("verifications are answered again", Duration::from_secs(5), async || {
        (verify(&client, &code).await.status == 200).then_some(())
    })
    .await;
    site.cli(&["throttle", "clear", "--a-number", A_NUMBER]);
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn purged_rows_leave_their_hashes_and_the_purge_is_told() {
    let site = Site::new();
    for number in 1..6 {
        site.add_kiosk(&format!("K0{number}"));
    }
    let kiosk = site.add_kiosk("K07");
    let clock = Held::new();
    let app = instance(&site, &clock).await;
    clock.goes_on(731 * DAY);
    let gone = purge(&app).await.unwrap();
    seal(&app).await.unwrap().unwrap();
    assert!(gone.audit >= 5, "{gone:?}");
    let report = site.cli(&["audit", "verify"]);
    assert_eq!(report["purged"].as_i64(), gone.leaves, "{report}");
    assert!(report["leaves"].as_i64() > report["purged"].as_i64(), "{report}");
    // The tree is whole: a witness who saw it before still has its proof.
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let now = newest(&client, &kiosk).await;
    let everything = tiles(&client, Tile::needed(std::iter::once(0..now.size), now.size), now.size).await;
    assert_eq!(root(now.size, &everything), Some(now.root));
    // Rows that go without a purge that tells of it are missed.
    serving.kill();
    assert!(site.sql("DELETE FROM audit WHERE leaf = (SELECT MIN(leaf) FROM audit)").await > 0);
    let why = site.refusal(&["audit", "verify"], "");
    assert!(why.contains("but the newest purge tells of") || why.contains("is missing"), "{why}");
}

#[tokio::test]
async fn the_exported_checkpoint_is_a_witness_too() {
    let site = Site::new();
    let folder = site.path("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    site.export_to(&folder);
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let file = folder.join("checkpoint");
    until("it is exported", Duration::from_secs(5), async || file.exists().then_some(())).await;
    let exported = Checkpoint::open(&std::fs::read_to_string(&file).unwrap(), &keys(&kiosk)).unwrap();
    assert!(exported.size >= 2, "{exported:?}");
    serving.kill();
    let report = site.cli(&["audit", "verify"]);
    assert_eq!(report["continues"].as_u64(), Some(exported.size), "{report}");
    // A checkpoint that the log does not continue, signed by its own key: as if an older copy had been put back.
    let signer = verification_service::pki::log_signer(&site.path("svc"), &keys(&kiosk)).unwrap().unwrap();
    let ahead = Checkpoint { size: exported.size + 40, ..exported.clone() }.signed(&signer);
    std::fs::write(&file, &ahead).unwrap();
    let why = site.refusal(&["audit", "verify"], "");
    assert!(why.contains("shrunk"), "{why}");
    let serving = site.serve();
    until("the alarm", Duration::from_secs(5), async || {
        std::fs::read_to_string(site.path("log")).unwrap().contains("the log has shrunk").then_some(())
    })
    .await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), ahead, "the evidence stays");
    drop::<Serving>(serving);
}

/// A share that hangs: here a pipe that nobody writes into, which whoever opens it waits for.
#[tokio::test]
async fn an_export_that_hangs_hinders_neither_sealing_nor_the_end() {
    let site = Site::new();
    let pipe = site.path("hangs");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    site.export_to(&pipe);
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for _ in 0..3 {
        let before = newest(&client, &kiosk).await.size;
        assert_eq!(client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await.result(), "not_verified");
        until("it is sealed", Duration::from_secs(2), async || {
            (newest(&client, &kiosk).await.size > before).then_some(())
        })
        .await;
    }
    serving.signal("TERM");
    assert!(serving.ended(Duration::from_secs(20)).success());
}
