//! A database of every earlier version becomes one of this version and goes on serving.

use crate::support::{A_NUMBER, Site, id};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use verification_service::store::{postgres, sqlite};

/// What the first version knew of these tables; every later one knows it too.
const TABLES: [(&str, &str); 6] = [
    ("kiosk", "id, number, lane, added_at"),
    ("kiosk_key", "kiosk, spki, public_key, serial, not_before, not_after"),
    ("account", "id, name, birth_date, record_status, made_at"),
    ("identifier", "blind, account, type, sealed"),
    ("document", "blind, account, type, sealed, status"),
    ("code", "id, account, identifier, alg, kid, salt, nonce, tag, state, version, made_at, expires_at"),
];

/// Audit rows as versions 1 and 2 have them.
const OLD_AUDIT: [&str; 2] = [
    "INSERT INTO audit (seq, at, actor, event, subject, detail, hash) VALUES (1, 1, 'operator', 'kiosk_added', 'x', '{}', ",
    "INSERT INTO audit (at, actor, event, subject, detail) VALUES (1, 'operator', 'kiosk_added', 'x', '{}')",
];

#[tokio::test]
async fn every_version_of_the_schema_becomes_this_one() {
    let known = if crate::ON_POSTGRES { postgres::MIGRATIONS.len() } else { sqlite::MIGRATIONS.len() };
    assert_eq!(postgres::MIGRATIONS.len(), sqlite::MIGRATIONS.len(), "the engines have the same versions");
    for version in 1..=known {
        let site = Site::new();
        let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
        let url = if crate::ON_POSTGRES { old_postgres(&site, version).await } else { old_sqlite(&site, version) };
        site.set("url", &format!("\"{url}\""));
        if version < known {
            let why = site.refusal(&["serve"], "");
            assert!(why.contains(&format!("has schema {version}, this program knows {known}")), "{why}");
        }
        assert_eq!(site.cli(&["migrate"])["added"], known - version);
        assert_eq!(site.cli(&["migrate"])["added"], 0, "a second time");
        let serving = site.serve();
        let answer = serving.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &code).await;
        let log = || std::fs::read_to_string(site.path("log")).unwrap();
        assert_eq!(answer.status.as_u16(), 200, "from version {version}: {}", log());
        assert_eq!(answer.result(), "verified", "from version {version}");
        drop(serving);
        site.cli(&["audit", "verify"]);
    }
}

fn copy(from: &str) -> String {
    TABLES
        .map(|(table, columns)| format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table};"))
        .concat()
}

fn old_sqlite(site: &Site, version: usize) -> String {
    let path = site.path("old.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    for (nth, sql) in sqlite::MIGRATIONS.iter().take(version).enumerate() {
        connection.execute_batch(&format!("{sql}; PRAGMA user_version = {}", nth + 1)).unwrap();
    }
    let now = site.path("svc/service.db");
    let audit = if version == 1 { format!("{} zeroblob(32))", OLD_AUDIT[0]) } else { OLD_AUDIT[1].to_owned() };
    let fill = format!("ATTACH '{}' AS now; {} {audit}", now.display(), copy("now"));
    connection.execute_batch(&fill).unwrap();
    format!("sqlite:{}", path.display())
}

/// In a schema of its own beside the present one.
async fn old_postgres(site: &Site, version: usize) -> String {
    let url = format!("{}?options=-csearch_path%3Dold", site.database.as_ref().unwrap());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("CREATE SCHEMA old").await.unwrap();
    connection.execute("CREATE TABLE schema_version (version BIGINT PRIMARY KEY)").await.unwrap();
    for (nth, sql) in postgres::MIGRATIONS.iter().take(version).enumerate() {
        let sql = format!("{sql}; INSERT INTO schema_version VALUES ({})", nth + 1);
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    connection.execute(AssertSqlSafe(copy("public"))).await.unwrap();
    let audit = if version == 1 { format!("{} sha256('x'))", OLD_AUDIT[0]) } else { OLD_AUDIT[1].to_owned() };
    connection.execute(AssertSqlSafe(audit)).await.unwrap();
    connection.close().await.unwrap();
    url
}
