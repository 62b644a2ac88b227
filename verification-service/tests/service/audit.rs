//! Every change behind the service's back is found.

use crate::officers::{decision, put_override};
use crate::support::{A_NUMBER, Site, id, other_than};
use verification_service::clock::{Clock, SystemClock};

#[tokio::test]
async fn edits_deletions_and_swaps_are_found() {
    let site = Site::new();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let serving = site.serve();
    let client = serving.client(&kiosk);
    client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await;
    client.verify(id(), ("a_number", A_NUMBER), &code).await;
    serving.kill();
    let rows = site.cli(&["audit", "verify"])["rows"].as_i64().unwrap();
    assert!(rows >= 5, "{rows}");
    let database = site.path("svc/service.db");
    site.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let whole = std::fs::read(&database).unwrap();
    for (tampering, named) in [
        ("DELETE FROM verification WHERE result = 'not_verified'", "not stored any more"),
        ("UPDATE verification SET result = 'verified', code = 'x' WHERE result = 'not_verified'", "that tells it"),
        (
            "PRAGMA foreign_keys = OFF; UPDATE code SET state = 'used', id = '01980000-0000-7000-8000-00000000ffff'",
            "without a verification",
        ),
    ] {
        found(&site, tampering, named, &whole).await;
    }
    site.cli(&["audit", "verify"]);
}

/// A change behind the service's back is named; then the database is as it was.
async fn found(site: &Site, tampering: &str, named: &str, whole: &[u8]) {
    assert!(site.sql(tampering).await > 0, "{tampering}");
    let why = site.refusal(&["audit", "verify"], "");
    assert!(why.contains(named), "{tampering}: {why}");
    for log in ["svc/service.db-wal", "svc/service.db-shm"] {
        let _ = std::fs::remove_file(site.path(log));
    }
    std::fs::write(site.path("svc/service.db"), whole).unwrap();
}

/// An override's body is sealed, and the log holds only what it was signed with: whoever has the pepper and the database,
/// but no kiosk's key, is found.
#[tokio::test]
async fn an_override_that_is_not_what_its_kiosk_signed_is_found() {
    let site = Site::new();
    site.add_officer("B1");
    let kiosk = site.add_kiosk("K07");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut body = decision(SystemClock.now());
    body["officer_session"] = serde_json::json!(client.sign_in("B1").await);
    body["decided_at"] = serde_json::json!(SystemClock.now());
    let (one, two) = (id(), id());
    assert_eq!(put_override(&client, &kiosk, one, &body).await.status, 200);
    assert_eq!(put_override(&client, &kiosk, two, &body).await.status, 200);
    serving.kill();
    site.cli(&["audit", "verify"]);
    site.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let whole = std::fs::read(site.path("svc/service.db")).unwrap();

    // Sealed anew by someone who has the pepper.
    let secrets = verification_service::config::Config::load(&site.config()).unwrap().secrets;
    let keys =
        verification_service::secrets::Keys::load(&secrets.pepper, &secrets.index_key, SystemClock.now()).unwrap();
    let random = verification_service::random::SystemRandomness::new();
    body["note"] = serde_json::json!("added later");
    let raw = body.to_string().into_bytes();
    let sealed = keys.seal(&random, &[kiosk.id.as_bytes(), one.as_bytes(), b"override"], &raw).unwrap();
    let sealed = format!("X'{}'", hex::encode(sealed));
    let own = kiosk.signature(one, &raw);
    for (tampering, named) in [
        (format!("UPDATE override SET sealed = {sealed} WHERE id = '{one}'"), "is not what its kiosk signed"),
        (format!("UPDATE override SET sealed = (SELECT sealed FROM override WHERE id = '{two}')"), "does not open"),
        ("UPDATE override SET sealed = X'00'".to_owned(), "does not open"),
        (format!("UPDATE override SET sealed = {sealed}, signature = '{own}' WHERE id = '{one}'"), "that tells it"),
        (
            format!("UPDATE kiosk_key SET public_key = X'04' WHERE kiosk = '{}'", kiosk.id),
            "is not what its kiosk signed",
        ),
        (
            format!("PRAGMA foreign_keys = OFF; DELETE FROM kiosk_key WHERE kiosk = '{}'", kiosk.id),
            "is signed by a key that is not stored",
        ),
    ] {
        found(&site, &tampering, named, &whole).await;
    }
    site.cli(&["audit", "verify"]);
}
