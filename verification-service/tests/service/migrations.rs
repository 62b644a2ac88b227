//! A database of every earlier version becomes one of this version and goes on serving: with everything that was in it.

use crate::inspections::{card, inspection};
use crate::log::until;
use crate::officers::decision;
use crate::support::{A_NUMBER, Answer, Client, Kiosk, RECEIPT, Site, id, other_than, verification};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::collections::BTreeSet;
use std::time::Duration;
use verification_service::clock::{Clock, SystemClock};
use verification_service::store::{postgres, sqlite};

/// Every table, each after those that it refers to. An older version has not all of them.
const TABLES: [&str; 33] = [
    "kiosk",
    "kiosk_key",
    "account",
    "identifier",
    "document",
    "code",
    "throttle",
    "pin_throttle",
    "rate",
    "failing_identifier",
    "put",
    "verification",
    "inspection",
    "referral",
    "referral_opening",
    "officer",
    "officer_session",
    "override",
    "assistance",
    "technician",
    "audit",
    "log_tile",
    "log_head",
    "login",
    "passkey",
    "representation",
    "invitation",
    "portal_session",
    "code_hint",
    "locked_code",
    "activity",
    "kiosk_certificate",
    "kiosk_invitation",
];

/// Of the portal, whose rows this suite does not make by its pages.
const PORTAL: [&str; 7] = [
    "login (id, kind, name, user_name, kid, salt, nonce, tag, password_at, totp_step, made_at) \
     VALUES ('login', 'holder', BLOB, BLOB, 1, BLOB, BLOB, BLOB, 1, 0, 1)",
    "representation (id, account, login, sealed, delegation, made_at) \
     VALUES ('representation', (SELECT id FROM account), 'login', BLOB, (SELECT blind FROM identifier LIMIT 1), 1)",
    "activity (id, at, event, login) VALUES ('activity', 2000000000000, 'signed_in', 'login')",
    "passkey (id, login, sealed, made_at) VALUES ('passkey', 'login', BLOB, 1)",
    "invitation (hash, kind, account, made_at, expires_at, tries) \
     VALUES (BLOB, 'holder', (SELECT id FROM account), 1, 2000000000000, 3)",
    "portal_session (hash, id, stage, login, agent, begun_at, last_used, fresh_at) \
     VALUES (BLOB, 'session', 'signed_in', 'login', '{}', 2000000000000, 2000000000000, 1)",
    "locked_code (code, login, salt, sealed) VALUES ((SELECT id FROM code LIMIT 1), 'login', BLOB, BLOB)",
];

/// A referral, for officers.
const LOOK: &str = "/kiosk/v1/referrals/by-reference/K07-7KQ2";

/// A request that was answered before the migration.
struct Past {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    answer: Answer,
}

impl Past {
    async fn put(client: &Client, path: String, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Self {
        let answer = ask(client, &path, &headers, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        Self { path, headers, body, answer }
    }

    async fn again(&self, client: &Client) -> Answer {
        ask(client, &self.path, &self.headers, &self.body).await
    }
}

async fn ask(client: &Client, path: &str, headers: &[(&'static str, String)], body: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.try_call(Method::PUT, path, &headers, body.to_vec()).await.unwrap()
}

/// Uses the service a little, so that every table has rows; what was answered, and an officer's session.
async fn live(site: &Site, kiosk: &Kiosk) -> (Vec<Past>, String) {
    site.add_officer("B1");
    let used = site.new_code();
    site.cli(&["kiosk", "invite", "--number", "K99", "--lane", "9"]);
    site.cli_with(&["technician", "issue", "--name", "Tess", "--days", "60"], "12345678\n");
    let serving = site.serve();
    let client = serving.client(kiosk);
    let session = client.sign_in("B1").await;
    let body = |value: &Value| value.to_string().into_bytes();
    let of = |call: &str| format!("/kiosk/v1/{call}/{}", id());
    let mut past = vec![];
    for code in [other_than(&used), &used, other_than(&used)] {
        let bytes = body(&verification(("a_number", A_NUMBER), code));
        past.push(Past::put(&client, of("verifications"), vec![], bytes).await);
    }
    // Tries with this one stay counted.
    let bytes = body(&verification(("receipt", RECEIPT), other_than(&used)));
    past.push(Past::put(&client, of("verifications"), vec![], bytes).await);
    past.push(Past::put(&client, of("inspections"), vec![], body(&inspection(&card()))).await);
    let referral = json!({ "reference": "K07-7KQ2", "lane": "7", "reason": "technical", "verification_ids": [] });
    past.push(Past::put(&client, of("referrals"), vec![], body(&referral)).await);
    let opened = client.try_call(Method::GET, LOOK, &[("officer-session", &session)], vec![]).await.unwrap();
    assert_eq!(opened.status, 200);
    let mut decided = decision(SystemClock.now());
    decided["officer_session"] = json!(session);
    let (one, bytes) = (id(), body(&decided));
    let signed = vec![("kiosk-signature", kiosk.signature(one, &bytes))];
    past.push(Past::put(&client, format!("/kiosk/v1/overrides/{one}"), signed, bytes).await);
    assert_eq!(client.post("/kiosk/v1/assistance", &json!({ "lane": "7" })).await.status, 200);
    until("all is sealed", Duration::from_secs(5), async || {
        (site.cli(&["audit", "verify"])["unsealed"] == 0).then_some(())
    })
    .await;
    serving.kill();
    let blob = if crate::ON_POSTGRES { "'\\x0102'::bytea" } else { "x'0102'" };
    for row in PORTAL {
        assert_eq!(site.sql(&format!("INSERT INTO {}", row.replace("BLOB", blob))).await, 1, "{row}");
    }
    (past, session)
}

#[tokio::test]
async fn the_suite_knows_every_table() {
    let site = Site::new();
    let names = if crate::ON_POSTGRES {
        "SELECT string_agg(table_name::text, ' ') FROM information_schema.tables \
         WHERE table_schema = 'public' AND table_name <> 'schema_version'"
    } else {
        "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    };
    site.cli(&["migrate"]);
    let names = site.text(names).await;
    let known: BTreeSet<&str> = TABLES.into_iter().collect();
    assert_eq!(names.split(' ').collect::<BTreeSet<_>>(), known);
}

#[tokio::test]
async fn every_version_of_the_schema_becomes_this_one() {
    let known = if crate::ON_POSTGRES { postgres::MIGRATIONS.len() } else { sqlite::MIGRATIONS.len() };
    assert_eq!(postgres::MIGRATIONS.len(), sqlite::MIGRATIONS.len(), "the engines have the same versions");
    for version in 1..=known {
        let site = Site::new();
        site.raise_limits();
        let kiosk = site.add_kiosk("K07");
        let (past, session) = live(&site, &kiosk).await;
        let code = site.new_code();
        let url =
            if crate::ON_POSTGRES { old_postgres(&site, version).await } else { old_sqlite(&site, version).await };
        site.set("url", &format!("\"{url}\""));
        if version < known {
            let why = site.refusal(&["serve"], "");
            assert!(why.contains(&format!("has schema {version}, this program knows {known}")), "{why}");
        }
        let kept = kept(&site, &url).await;
        let before = contents(&url, &kept).await;
        assert_eq!(site.cli(&["migrate"])["added"], known - version);
        for ((table, before), (_, after)) in before.into_iter().zip(contents(&url, &kept).await) {
            assert!(!before.is_empty(), "version {version}: nothing of {table} could be lost");
            assert_eq!(after, before, "from version {version}: {table}");
        }
        assert_eq!(site.cli(&["migrate"])["added"], 0, "a second time");
        let serving = site.serve();
        let client = serving.client(&kiosk);
        for one in &past {
            assert_eq!(one.again(&client).await, one.answer, "from version {version}: {}", one.path);
        }
        let settled = client.get(&past[1].path).await;
        assert_eq!(settled.bytes, past[1].answer.bytes, "from version {version}");
        assert_eq!(site.cli(&["throttle", "show", "--receipt", RECEIPT])["n"], 1, "from version {version}");
        let opened = client.try_call(Method::GET, LOOK, &[("officer-session", &session)], vec![]).await.unwrap();
        assert_eq!(opened.json()["kiosk"], "K07", "from version {version}: the session and the referral");
        client.sign_in("B1").await;
        let answer = client.verify(id(), ("a_number", A_NUMBER), &code).await;
        let log = || std::fs::read_to_string(site.path("log")).unwrap();
        assert_eq!(answer.status.as_u16(), 200, "from version {version}: {}", log());
        assert_eq!(answer.result(), "verified", "from version {version}");
        if version >= 4 {
            let login = "SELECT CAST(COUNT(*) AS TEXT) FROM login WHERE index_kid = 1";
            assert_eq!(read(&url, login).await, "1", "from version {version}");
        }
        drop(serving);
        site.cli(&["audit", "verify"]);
    }
}

/// The tables of a database, and of each the columns that this version still knows.
async fn kept(site: &Site, url: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut kept = vec![];
    for table in TABLES {
        let (here, today) = (columns(url, table).await, columns(&today(site), table).await);
        assert!(!today.is_empty(), "{table} is no more");
        if !here.is_empty() {
            kept.push((table, here.into_iter().filter(|column| today.contains(column)).collect()));
        }
    }
    kept
}

/// All rows of each of these tables, in these columns.
async fn contents(url: &str, of: &[(&'static str, Vec<String>)]) -> Vec<(&'static str, String)> {
    let mut contents = vec![];
    for (table, columns) in of {
        let (rows, columns) = if crate::ON_POSTGRES {
            ("string_agg(r::text, ' ' ORDER BY r::text)", columns.join(", "))
        } else {
            let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
            ("group_concat(r, ' ' ORDER BY r)", format!("{} AS r", quoted.join("||','||")))
        };
        let rows = format!("SELECT COALESCE({rows}, '') FROM (SELECT {columns} FROM {table}) AS r");
        contents.push((*table, read(url, &rows).await));
    }
    contents
}

async fn columns(url: &str, table: &str) -> Vec<String> {
    let names = if crate::ON_POSTGRES {
        format!(
            "SELECT COALESCE(string_agg(column_name::text, ' ' ORDER BY ordinal_position), '') \
             FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}'"
        )
    } else {
        format!("SELECT COALESCE(group_concat(name, ' '), '') FROM pragma_table_info('{table}')")
    };
    read(url, &names).await.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The first value of the first row.
async fn read(url: &str, query: &str) -> String {
    if crate::ON_POSTGRES {
        let mut connection = PgConnection::connect(url).await.unwrap();
        return connection.fetch_one(AssertSqlSafe(query.to_owned())).await.unwrap().get(0);
    }
    let path = url.strip_prefix("sqlite:").unwrap();
    rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}

/// Where this version's own database is.
fn today(site: &Site) -> String {
    site.database.clone().unwrap_or_else(|| format!("sqlite:{}", site.path("svc/service.db").display()))
}

/// Copies a table from today's database, as an older version knew it.
fn copy(from: &str, version: usize, table: &str, columns: &[String]) -> String {
    // Numbers of rows in the order they were made are the database's own.
    let own: Vec<&str> = columns.iter().map(String::as_str).filter(|column| *column != "rowid").collect();
    let values = own.iter().map(|column| match (*column, version) {
        // Before there was a log, rows had a hash, then no place in it yet.
        ("hash", 1) if table == "audit" => HASH,
        ("leaf", 2) => "NULL",
        (column, _) => column,
    });
    let (values, own) = (values.collect::<Vec<_>>().join(", "), own.join(", "));
    let own_numbers = if crate::ON_POSTGRES { "OVERRIDING SYSTEM VALUE " } else { "" };
    format!("INSERT INTO {table} ({own}) {own_numbers}SELECT {values} FROM {from}.{table}")
}

const HASH: &str = if crate::ON_POSTGRES { "sha256('x')" } else { "zeroblob(32)" };

async fn old_sqlite(site: &Site, version: usize) -> String {
    let path = site.path("old.db");
    let url = format!("sqlite:{}", path.display());
    let connection = rusqlite::Connection::open(&path).unwrap();
    for (nth, sql) in sqlite::MIGRATIONS.iter().take(version).enumerate() {
        connection.execute_batch(&format!("{sql}; PRAGMA user_version = {}", nth + 1)).unwrap();
    }
    let today = today(site);
    connection.execute("ATTACH ?1 AS today", [today.strip_prefix("sqlite:")]).unwrap();
    for table in TABLES {
        let columns = columns(&url, table).await;
        if !columns.is_empty() {
            connection.execute_batch(&copy("today", version, table, &columns)).unwrap();
        }
    }
    url
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
    for table in TABLES {
        let columns = columns(&url, table).await;
        if !columns.is_empty() {
            connection.execute(AssertSqlSafe(copy("public", version, table, &columns))).await.unwrap();
        }
    }
    if version > 1 {
        let next = "SELECT setval(pg_get_serial_sequence('audit', 'seq'), (SELECT MAX(seq) FROM audit))";
        connection.execute(next).await.unwrap();
    }
    connection.close().await.unwrap();
    url
}
