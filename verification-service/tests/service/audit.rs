//! Every change behind the service's back is found.

use crate::support::{A_NUMBER, Site, id, other_than};

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
        assert!(site.sql(tampering).await > 0, "{tampering}");
        let why = site.refusal(&["audit", "verify"], "");
        assert!(why.contains(named), "{tampering}: {why}");
        for log in ["svc/service.db-wal", "svc/service.db-shm"] {
            let _ = std::fs::remove_file(site.path(log));
        }
        std::fs::write(&database, &whole).unwrap();
    }
    site.cli(&["audit", "verify"]);
}
