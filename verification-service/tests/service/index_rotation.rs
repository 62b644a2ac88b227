//! A newer index key while the service runs: nobody is turned away, nothing is forgotten, nothing counts twice.

#[path = "../hurt/population.rs"]
mod population;

use crate::inspections::inspect;
use crate::rotation::said;
use crate::support::{A_NUMBER, Answer, Client, RECEIPT, Site, id, other_than};
use population::{Holder, populate};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const UNKNOWN: &str = "A099999999";

fn rotate(site: &Site, after: &str) {
    let added = site.cli(&["secrets", "rotate-index-key", "--after", after]);
    assert_eq!(added["index_key"], 2);
}

/// Takes the older key out of the file.
fn forget(site: &Site, file: &str) {
    let path = site.path(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let left: String = text.lines().filter(|line| !line.starts_with("1 ")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, left).unwrap();
}

fn count(status: &Value, kid: &str, table: &str) -> i64 {
    status["index_keys"][kid][table].as_i64().unwrap_or(0)
}

fn reindexing(site: &Site) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verification-service"));
    command.args(["--json", "--config", site.config().to_str().unwrap(), "secrets", "reindex"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

async fn moved_so_far(site: &Site) -> i64 {
    site.text("SELECT CAST(COUNT(*) AS TEXT) FROM identifier WHERE index_kid = 2").await.parse().unwrap()
}

/// `n` and `locked_until` of a number.
fn tries(site: &Site, number: &str) -> Value {
    site.cli(&["throttle", "show", "--a-number", number])
}

async fn wrong(client: &Client, number: &str, times: usize) {
    for _ in 0..times {
        let answer = client.verify(id(), ("a_number", number), "00001-00002-00003-00004").await;
        assert_eq!((answer.status.as_u16(), answer.result()), (200, "not_verified".to_owned()));
    }
}

/// A reply without what differs between any two.
fn masked(answer: &Answer) -> (Vec<(String, String)>, usize, Value) {
    let mut json = answer.json();
    json["server_time"] = Value::Null;
    json["checkpoint"] = Value::Null;
    (answer.headers.clone(), answer.bytes.len(), json)
}

/// An unknown number, a known one, and one that is locked get the same reply.
async fn same(client: &Client, known: &str, locked: &str) {
    let mut replies = vec![];
    for number in [UNKNOWN, known, locked] {
        replies.push(masked(&client.verify(id(), ("a_number", number), "00001-00002-00003-00004").await));
    }
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[2]);
}

/// Redeems these codes, each once, with a wrong try at another number, an inspection and a sign-in now and then; whatever
/// is not as it must be.
async fn load(client: Client, holders: Vec<Holder>, done: Arc<AtomicBool>) -> (usize, Vec<String>) {
    let (mut redeemed, mut failed) = (0, vec![]);
    let mut left = holders.into_iter();
    while !done.load(Ordering::Relaxed) {
        let Some(holder) = left.next() else { break };
        let answer = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
        if answer.status != 200 || answer.result() != "verified" {
            failed.push(format!("{}: {}", holder.a_number, answer.json()));
        }
        let again = client.verify(id(), ("a_number", &holder.a_number), &holder.code).await;
        if again.status != 200 || again.result() != "not_verified" {
            failed.push(format!("{} a second time: {}", holder.a_number, again.json()));
        }
        redeemed += 1;
        if redeemed % 8 == 0 {
            let (found, status, _) = inspect(&client, |_| ()).await;
            if (found.as_str(), status.as_str()) != ("found", "valid") {
                failed.push(format!("inspection: {found} {status}"));
            }
            let signed = client.post("/kiosk/v1/officers/sign-in", &json!({ "badge": "B1", "pin": "123456" })).await;
            if signed.status != 200 {
                failed.push(format!("sign-in: {}", signed.json()));
            }
        }
    }
    (redeemed, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_index_key_is_taken_under_load_and_a_move_that_is_cut_off_is_begun_again() {
    let site = Site::new();
    site.raise_limits();
    site.set("disable_after", "1000001").set("pin_failures", "1000000");
    let (badge, kiosk, other) = (site.add_officer("B1"), site.add_kiosk("K07"), site.add_kiosk("K08"));
    // An officer from before badges were kept.
    site.add_officer("B2");
    assert_eq!(site.sql("UPDATE officer SET sealed = NULL").await, 2);
    let holders = populate(&site, 0, 300).await;
    let (fixed, moving) = holders.split_at(60);
    let [locked, tried, used, late] = [&fixed[0], &fixed[1], &fixed[2], &fixed[3]];
    let serving = site.serve();
    let client = serving.client(&other);
    wrong(&client, &locked.a_number, 6).await;
    wrong(&client, &tried.a_number, 3).await;
    wrong(&client, UNKNOWN, 2).await;
    assert_eq!(client.verify(id(), ("a_number", &used.a_number), &used.code).await.result(), "verified");
    let before = tries(&site, &locked.a_number);
    assert_eq!((&before["n"], before["locked_until"].is_string()), (&json!(5), true));
    same(&client, &fixed[4].a_number, &locked.a_number).await;

    let done = Arc::new(AtomicBool::new(false));
    let loaded = tokio::spawn(load(serving.client(&kiosk), moving.to_vec(), Arc::clone(&done)));
    rotate(&site, "0");
    serving.signal("HUP");
    said(&site, "the index keys were read again").await;
    let refused = site.refusal(&["secrets", "rotate-index-key"], "");
    assert!(refused.contains("two index keys already"), "{refused}");
    same(&client, &fixed[5].a_number, &locked.a_number).await;
    // Cut off again and again, each time a little later.
    let mut cuts = 0;
    for wanted in [1, 60, 120, 180] {
        let mut child = reindexing(&site);
        let begun = async {
            let mut tick = tokio::time::interval(Duration::from_millis(5));
            while moved_so_far(&site).await < wanted {
                tick.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), begun).await.expect("it moves numbers");
        child.kill().unwrap();
        child.wait().unwrap();
        cuts += usize::from(moved_so_far(&site).await < 302);
        same(&client, &fixed[6].a_number, &locked.a_number).await;
    }
    let half = site.cli(&["secrets", "status"]);
    let moved = site.cli(&["secrets", "reindex"]);
    done.store(true, Ordering::Relaxed);
    let (redeemed, failed) = loaded.await.unwrap();
    assert!(failed.is_empty(), "{failed:#?}");
    println!(
        "{cuts} cuts, then {} numbers were under the older key and {} under the newer; {redeemed} codes redeemed meanwhile; {moved}",
        count(&half, "1", "identifier"),
        count(&half, "2", "identifier")
    );
    assert!(cuts == 4 && redeemed > 5, "{cuts} cuts, {redeemed} redeemed");

    let status = site.cli(&["secrets", "reindex"]);
    assert_eq!(status["moved"]["identifiers"], 0, "nothing was left: {status}");
    let status = site.cli(&["secrets", "status"]);
    assert_eq!(status["index_key"], 2);
    for table in ["identifier", "document", "login"] {
        assert_eq!(count(&status, "1", table), 0, "{status}");
    }
    assert_eq!(count(&status, "2", "identifier"), 302, "{status}");
    // The one who has signed in since is moved, the other one not: nothing is kept that his place could be made of.
    assert_eq!((count(&status, "1", "officer"), count(&status, "2", "officer")), (1, 1), "{status}");
    assert_eq!(tries(&site, &locked.a_number), before, "locked before, locked after");
    assert_eq!(tries(&site, &tried.a_number)["n"], 3);
    let unknown = site.sql("UPDATE throttle SET n = n WHERE n > 2 AND locked_until = 0").await;
    assert!(unknown >= 2, "tries with a number that nobody has go on being counted: {unknown}");
    client.sign_in("B2").await;
    assert_eq!(count(&site.cli(&["secrets", "status"]), "1", "officer"), 0);
    site.cli(&["audit", "verify"]);
    let copy = site.path("copy");
    site.cli(&["backup", "--to", copy.to_str().unwrap()]);

    forget(&site, "svc/secrets/index_key");
    serving.signal("HUP");
    again(&site, 2).await;
    same(&client, &fixed[7].a_number, &locked.a_number).await;
    assert_eq!(client.verify(id(), ("a_number", &locked.a_number), &locked.code).await.result(), "not_verified");
    wrong(&client, &tried.a_number, 1).await;
    assert_eq!(tries(&site, &tried.a_number)["n"], 4);
    assert_eq!(client.verify(id(), ("a_number", &used.a_number), &used.code).await.result(), "not_verified");
    assert_eq!(client.verify(id(), ("a_number", &late.a_number), &late.code).await.result(), "verified");
    assert_eq!(inspect(&client, |_| ()).await.0, "found");
    assert_eq!(
        client.post("/kiosk/v1/officers/sign-in", &json!({ "badge": "B1", "pin": "123456" })).await.json()["officer"],
        badge
    );
    let code = site.cli(&["code", "new", "--receipt", RECEIPT])["code"].as_str().unwrap().to_owned();
    assert_eq!(client.verify(id(), ("receipt", RECEIPT), &code).await.result(), "verified");
    site.cli(&["throttle", "clear", "--a-number", &locked.a_number]);
    assert_eq!(client.verify(id(), ("a_number", &locked.a_number), &locked.code).await.result(), "verified");
    site.cli(&["audit", "verify"]);
    drop(serving);

    let site = site.with_empty_database();
    site.cli(&["restore", "--from", copy.to_str().unwrap()]);
    let serving = site.serve();
    let client = serving.client(&kiosk);
    assert_eq!(client.verify(id(), ("a_number", &late.a_number), &late.code).await.result(), "verified");
    assert_eq!(client.verify(id(), ("a_number", &used.a_number), &used.code).await.result(), "not_verified");
}

#[tokio::test]
async fn a_number_cannot_be_added_a_second_time_while_there_are_two_keys() {
    let site = Site::new();
    site.add_officer("B1");
    rotate(&site, "0");
    let document = "permanent_resident_card:USA:000000701:2035-01-01:valid";
    let add = |number: &str, document: &str| {
        let add = ["account", "add", "--name", "SPECIMEN<<EVE", "--birth-date", "1974-05-02", "--document", document];
        site.try_cli(&[&add[..], &["--a-number", number]].concat(), "").status.success()
    };
    assert!(!add(A_NUMBER, "passport:UTO:1:2035-01-01:valid"), "the number is another's");
    assert!(!add("A000000709", document), "the document is another's");
    assert!(!site.try_cli(&["officer", "add", "--badge", "b1"], "123456\n").status.success());
    assert!(add("A000000709", "passport:UTO:1:2035-01-01:valid"));
    let moved = site.cli(&["secrets", "reindex"]);
    // Of documents from before, the issuer is not kept: it is found.
    assert_eq!((&moved["moved"]["documents"], &moved["moved"]["left"]), (&json!(1), &json!(0)), "{moved}");
}

#[tokio::test]
async fn a_document_whose_issuer_is_not_kept_is_moved_all_the_same() {
    let site = Site::new();
    let config = verification_service::config::Config::load(&site.config()).unwrap();
    let now = verification_service::clock::Clock::now(&verification_service::clock::SystemClock);
    let keys =
        verification_service::secrets::Keys::load(&config.secrets.pepper, &config.secrets.index_key, now).unwrap();
    let random = verification_service::random::SystemRandomness::new();
    let account: String = site.text("SELECT id FROM account").await;
    let account = uuid::Uuid::parse_str(&account).unwrap();
    // As it was kept before.
    let plain = br#"{"number":"000000701","expiry_date":"2035-01-01","card_number":"LIN0000000703"}"#;
    let sealed = keys.seal(&random, &[account.as_bytes(), b"document"], plain).unwrap();
    let kind = verification_api::wire::DocumentType::PermanentResidentCard;
    let at = verification_service::inspect::blind_document(&keys, "UTO", kind, "000000701").hex();
    let literal = |hex: &str| if crate::ON_POSTGRES { format!("'\\x{hex}'") } else { format!("X'{hex}'") };
    let change = format!("UPDATE document SET sealed = {}, blind = {}", literal(&hex::encode(sealed)), literal(&at));
    assert_eq!(site.sql(&change).await, 1);
    rotate(&site, "0");
    let moved = site.cli(&["secrets", "reindex"]);
    assert_eq!((&moved["moved"]["documents"], &moved["moved"]["left"]), (&json!(1), &json!(0)), "{moved}");
    forget(&site, "svc/secrets/index_key");
    let (kiosk, serving) = (site.add_kiosk("K07"), site.serve());
    let found = inspect(&serving.client(&kiosk), |document| document["issuer"] = json!("UTO")).await;
    assert_eq!((found.0.as_str(), found.1.as_str()), ("found", "valid"));
}

#[tokio::test]
async fn a_key_that_is_still_needed_cannot_be_given_up_and_one_that_is_lacking_is_named() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    rotate(&site, "0");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let whole = std::fs::read(site.path("svc/secrets/index_key")).unwrap();
    forget(&site, "svc/secrets/index_key");
    serving.signal("HUP");
    said(&site, "stand under index key 1, which is not in the file").await;
    assert_eq!(client.verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified", "it goes on with both");
    let why = site.refusal(&["serve"], "");
    assert!(why.contains("index key 1, which is not in the file"), "{why}");
    std::fs::write(site.path("svc/secrets/index_key"), whole).unwrap();
    site.cli(&["audit", "verify"]);
}

#[tokio::test]
async fn a_key_that_is_not_used_yet_is_waited_for() {
    let site = Site::new();
    rotate(&site, "3600");
    let why = site.refusal(&["secrets", "reindex"], "");
    assert!(why.contains("wait until then"), "{why}");
    site.new_code();
    let status = site.cli(&["secrets", "status"]);
    assert_eq!((&status["index_key"], count(&status, "2", "identifier")), (&json!(1), 0), "{status}");
}

/// Two instances share the tries of a number, whichever of the keys each of them knows at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_count_together_while_one_does_not_know_the_key_yet_or_any_more() {
    let site = Site::new();
    site.raise_limits().set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    // The second instance has a file of its own, as on another machine.
    std::fs::copy(site.path("svc/secrets/index_key"), site.path("svc/secrets/second")).unwrap();
    let text = std::fs::read_to_string(site.config()).unwrap().replace("secrets/index_key\"", "secrets/second\"");
    std::fs::write(site.path("svc/second.toml"), text).unwrap();
    let two = [site.serve(), site.serve_from(&site.path("svc/second.toml"), &[])];
    let clients = two.iter().map(|serving| serving.client(&kiosk)).collect::<Vec<_>>();
    let together = async |so_far: i64| {
        let tries = (0..40).map(|nth| {
            let client = clients[nth % 2].clone();
            async move { client.verify(id(), ("a_number", A_NUMBER), other_than("")).await.result() }
        });
        assert!(futures::future::join_all(tries).await.iter().all(|result| result == "not_verified"));
        let n = tries_of(&site).await;
        assert_eq!(n, so_far + 40, "a try was lost");
        n
    };
    let mut n = together(0).await;
    // Known to the first alone, and not used.
    rotate(&site, "3600");
    two[0].signal("HUP");
    said(&site, "the index keys were read again").await;
    n = together(n).await;
    // Used by the first, known to the second.
    let path = site.path("svc/secrets/index_key");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(site.path("svc/secrets/second"), &text).unwrap();
    two[1].signal("HUP");
    again(&site, 2).await;
    let used: String = text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ") + "\n").collect();
    std::fs::write(&path, &used).unwrap();
    two[0].signal("HUP");
    again(&site, 3).await;
    n = together(n).await;
    site.cli(&["secrets", "reindex"]);
    n = together(n).await;
    // Not known to the first any more, and known to the second.
    std::fs::write(site.path("svc/secrets/second"), &used).unwrap();
    two[1].signal("HUP");
    again(&site, 4).await;
    // What the second wrote under the older key after the number had moved.
    let moved = site.cli(&["secrets", "reindex"]);
    assert_eq!((&moved["moved"]["identifiers"], &moved["moved"]["histories"]), (&json!(0), &json!(1)), "{moved}");
    let status = site.cli(&["secrets", "status"]);
    assert_eq!((count(&status, "1", "verification"), count(&status, "1", "throttle")), (0, 0), "{status}");
    forget(&site, "svc/secrets/index_key");
    two[0].signal("HUP");
    again(&site, 5).await;
    together(n).await;
    let code = site.new_code();
    assert_eq!(clients[1].verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
    assert_eq!(clients[0].verify(id(), ("a_number", A_NUMBER), &code).await.result(), "not_verified");
    site.cli(&["audit", "verify"]);
}

async fn tries_of(site: &Site) -> i64 {
    site.text("SELECT CAST(MAX(n) AS TEXT) FROM throttle").await.parse().unwrap()
}

async fn again(site: &Site, times: usize) {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let waiting = async {
        while std::fs::read_to_string(site.path("log")).unwrap().matches("the index keys were read again").count()
            < times
        {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("not read {times} times"));
}

/// A verification that was moved is still told by its audit row, and no other one is.
#[tokio::test]
async fn a_moved_verification_that_is_given_to_another_number_is_found() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    assert_eq!(serving.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
    serving.kill();
    rotate(&site, "0");
    assert_eq!(site.cli(&["secrets", "reindex"])["moved"]["identifiers"], 2);
    site.cli(&["audit", "verify"]);
    let own = "(SELECT identifier FROM code)";
    let other = format!("(SELECT blind FROM identifier WHERE blind <> {own})");
    assert_eq!(site.sql(&format!("UPDATE verification SET identifier = {other}")).await, 1);
    let why = site.refusal(&["audit", "verify"], "");
    assert!(why.contains("that tells it"), "{why}");
    assert_eq!(site.sql(&format!("UPDATE verification SET identifier = {own}")).await, 1);
    site.cli(&["audit", "verify"]);
}
