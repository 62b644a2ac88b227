//! Random changes behind the service's back, each of which `audit verify` must find: 200 in the normal run, as many as
//! TAMPERINGS says in the long one (`make audit-tamper`: 10,000).

use crate::numbers::Numbers;
use crate::officers::{decision, put_override};
use crate::support::{A_NUMBER, Site, id, other_than};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use verification_service::app::App;
use verification_service::audit::{self, Actor, Event};
use verification_service::clock::{Clock, SystemClock};
use verification_service::config::Config;
use verification_service::log::seal::{hash_of, seal};
use verification_service::random::SystemRandomness;
use verification_service::secrets::Keys;
use verification_service::store;

/// The application of a site, inside the test.
pub async fn app(site: &Site) -> Arc<App> {
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    Arc::new(App::new(store, keys, config, Arc::new(SystemClock), Arc::new(SystemRandomness::new())).unwrap())
}

/// Appends so many rows that tell nothing in particular, and seals them.
pub async fn append(app: &Arc<App>, rows: usize) {
    app.store
        .write("rows", move |tx| {
            Box::pin(async move {
                for n in 0..rows {
                    let detail = serde_json::json!({ "n": n });
                    let now = SystemClock.now();
                    audit::append(tx, now, Actor::Operator, Event::ThrottleCleared, &n.to_string(), &detail).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    seal(app).await.unwrap().unwrap();
}

fn one<'a>(numbers: &mut Numbers, of: &[&'a str]) -> &'a str {
    of[usize::try_from(numbers.below(of.len() as u64)).unwrap()]
}

const TEXTS: [(&str, &str); 17] = [
    ("audit", "actor"),
    ("audit", "event"),
    ("audit", "subject"),
    ("audit", "detail"),
    ("log_head", "checkpoint"),
    ("verification", "id"),
    ("verification", "kiosk"),
    ("verification", "visit"),
    ("verification", "result"),
    ("verification", "purpose"),
    ("verification", "code"),
    ("inspection", "record"),
    ("inspection", "mismatch"),
    ("inspection", "visit"),
    ("override", "reason"),
    ("override", "flags"),
    ("override", "signature"),
];
const NUMBERS: [(&str, &str); 12] = [
    ("audit", "seq"),
    ("audit", "at"),
    ("audit", "leaf"),
    ("log_head", "size"),
    ("log_tile", "level"),
    ("log_tile", "number"),
    ("verification", "at"),
    ("verification", "audit_seq"),
    ("inspection", "at"),
    ("inspection", "audit_seq"),
    ("override", "decided_at"),
    ("override", "received_at"),
];
const BYTES: [(&str, &str); 6] = [
    ("log_tile", "hashes"),
    ("log_tile", "hashes"),
    ("log_tile", "hashes"),
    ("verification", "identifier"),
    ("override", "sealed"),
    ("override", "sealed"),
];
const TABLES: [&str; 6] = ["audit", "log_tile", "log_head", "verification", "inspection", "override"];

struct Database {
    connection: Connection,
    dice: Numbers,
}

impl Database {
    fn number(&mut self, sql: &str) -> i64 {
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The row id of a random row.
    fn row(&mut self, table: &str) -> i64 {
        let rows = self.number(&format!("SELECT COUNT(*) FROM pristine.{table}"));
        let nth = self.dice.below(u64::try_from(rows).unwrap());
        self.number(&format!("SELECT rowid FROM pristine.{table} ORDER BY rowid LIMIT 1 OFFSET {nth}"))
    }

    /// A random change: its kind, its table, its statements.
    fn draw(&mut self) -> (&'static str, &'static str, String) {
        match self.dice.below(12) {
            0..3 => self.edit_text(),
            3 | 4 => self.edit_number(),
            5 => self.edit_bytes(),
            6 | 7 => {
                let table = one(&mut self.dice, &TABLES);
                let row = self.row(table);
                ("delete", table, format!("DELETE FROM {table} WHERE rowid = {row}"))
            }
            8 => {
                let first = 1 + self.dice.below(700);
                (
                    "cut",
                    "audit",
                    match self.dice.below(2) {
                        0 => format!("DELETE FROM audit WHERE leaf < {first}"),
                        _ => format!("DELETE FROM audit WHERE leaf > {first}"),
                    },
                )
            }
            9 => self.swap(),
            10 => self.insert(),
            _ => self.edit_with_its_leaf(),
        }
    }

    fn edit_text(&mut self) -> (&'static str, &'static str, String) {
        let at = usize::try_from(self.dice.below(TEXTS.len() as u64)).unwrap();
        // The log's own rows are most of what there is to change.
        let (table, column) = if self.dice.below(2) == 0 { TEXTS[at % 5] } else { TEXTS[at] };
        let (row, place) = (self.row(table), self.dice.below(400));
        let letter = one(&mut self.dice, &["a", "0", "7", "Z", " ", "\"", "é", ""]);
        let within = format!("({place} % MAX(LENGTH({column}), 1))");
        let value = format!("SUBSTR({column}, 1, {within}) || '{letter}' || SUBSTR({column}, {within} + 2)");
        ("edit", table, format!("UPDATE {table} SET {column} = {value} WHERE rowid = {row}"))
    }

    fn edit_number(&mut self) -> (&'static str, &'static str, String) {
        let at = usize::try_from(self.dice.below(NUMBERS.len() as u64)).unwrap();
        let (table, column) = NUMBERS[at];
        let (row, by) = (self.row(table), self.dice.below(1_000_000));
        let value = match self.dice.below(4) {
            0 => format!("{column} + 1"),
            1 => format!("{column} - 1"),
            2 => format!("{column} + {by}"),
            _ if column == "leaf" => "NULL".to_owned(),
            _ => format!("-{column} - 1"),
        };
        ("edit", table, format!("UPDATE {table} SET {column} = {value} WHERE rowid = {row}"))
    }

    fn edit_bytes(&mut self) -> (&'static str, &'static str, String) {
        let (table, column) = BYTES[usize::try_from(self.dice.below(BYTES.len() as u64)).unwrap()];
        let (row, place, byte) = (self.row(table), self.dice.below(9000), self.dice.below(256));
        let within = format!("({place} % LENGTH({column}))");
        let value = match self.dice.below(4) {
            0 => format!("SUBSTR({column}, 1, LENGTH({column}) - 32)"),
            1 => format!("CAST({column} || ZEROBLOB(32) AS BLOB)"),
            _ => format!(
                "CAST(SUBSTR({column}, 1, {within}) || X'{byte:02x}' || SUBSTR({column}, {within} + 2) AS BLOB)"
            ),
        };
        ("edit", table, format!("UPDATE {table} SET {column} = {value} WHERE rowid = {row}"))
    }

    /// Two rows change their places, or a part of what they say.
    fn swap(&mut self) -> (&'static str, &'static str, String) {
        let (table, column) = match self.dice.below(5) {
            0 => ("log_tile", "hashes"),
            4 => ("override", one(&mut self.dice, &["sealed", "signature"])),
            1 => ("audit", "leaf"),
            2 => ("audit", one(&mut self.dice, &["detail", "subject", "event", "at", "actor"])),
            _ => ("verification", one(&mut self.dice, &["result", "visit", "audit_seq", "id"])),
        };
        let (a, b) = (self.row(table), self.row(table));
        let value = |row: i64| format!("(SELECT {column} FROM pristine.{table} WHERE rowid = {row})");
        // What is unique must be free first.
        let free = match column {
            "leaf" => format!("UPDATE {table} SET {column} = NULL WHERE rowid IN ({a}, {b}); "),
            "id" => format!("UPDATE {table} SET {column} = {column} || 'x' WHERE rowid IN ({a}, {b}); "),
            _ => String::new(),
        };
        let (to_a, to_b) = (value(b), value(a));
        let sql = format!(
            "{free}UPDATE {table} SET {column} = {to_a} WHERE rowid = {a}; \
             UPDATE {table} SET {column} = {to_b} WHERE rowid = {b}"
        );
        ("swap", table, sql)
    }

    fn insert(&mut self) -> (&'static str, &'static str, String) {
        let (row, far) = (self.row("audit"), self.dice.below(1_000_000));
        match self.dice.below(4) {
            0 => {
                let leaf = match self.dice.below(2) {
                    0 => format!("(SELECT MAX(leaf) + 1 + {far} % 3 FROM audit)"),
                    _ => format!("-1 - {far}"),
                };
                let copied = format!("SELECT at, actor, event, subject, detail, {leaf} FROM audit WHERE seq = {row}");
                ("insert", "audit", format!("INSERT INTO audit (at, actor, event, subject, detail, leaf) {copied}"))
            }
            // A decision that nobody made, told by a row that is not sealed yet.
            1 => {
                let told =
                    "SELECT at, actor, event, subject || 'x', detail FROM audit WHERE event = 'verification' LIMIT 1";
                ("insert", "audit", format!("INSERT INTO audit (at, actor, event, subject, detail) {told}"))
            }
            2 => {
                let (level, number) = (self.dice.below(3), self.dice.below(6));
                let hashes = "(SELECT hashes FROM pristine.log_tile LIMIT 1)";
                ("insert", "log_tile", format!("INSERT INTO log_tile VALUES ({level}, {number}, {hashes})"))
            }
            _ => {
                let seq = if self.dice.below(2) == 0 { "audit_seq".to_owned() } else { format!("audit_seq + {far}") };
                let columns = "kiosk, id, visit, identifier, code, result, purpose, at, audit_seq";
                let copied = format!(
                    "SELECT kiosk, id || '{far}', visit, identifier, NULL, result, purpose, at, {seq} \
                     FROM pristine.verification LIMIT 1"
                );
                ("insert", "verification", format!("INSERT INTO verification ({columns}) {copied}"))
            }
        }
    }

    /// Whoever can write the database can also make the leaf fit, but has not the log's key.
    fn edit_with_its_leaf(&mut self) -> (&'static str, &'static str, String) {
        let row = self.row("audit");
        let query = "SELECT seq, at, actor, event, subject, detail, leaf FROM pristine.audit WHERE seq = ?1";
        let found = self.connection.query_row(query, [row], |found| {
            Ok(verification_service::store::rows::AuditRow {
                seq: found.get(0)?,
                at: found.get(1)?,
                actor: found.get(2)?,
                event: found.get(3)?,
                subject: found.get(4)?,
                detail: found.get(5)?,
                leaf: found.get(6)?,
            })
        });
        let mut changed = found.unwrap();
        changed.at += 1;
        let (leaf, hash) = (changed.leaf.unwrap(), hex::encode(hash_of(&changed)));
        let (tile, place) = (leaf / 256, leaf % 256 * 32);
        let sql = format!(
            "UPDATE audit SET at = at + 1 WHERE seq = {row}; UPDATE log_tile SET hashes = CAST(SUBSTR(hashes, 1, {place}) \
             || X'{hash}' || SUBSTR(hashes, {place} + 33) AS BLOB) WHERE level = 0 AND number = {tile}"
        );
        ("edit with its leaf", "audit", sql)
    }

    /// Whether the engine took it and anything is different.
    fn apply(&mut self, sql: &str, table: &str) -> bool {
        let done = self.connection.execute_batch(&format!("BEGIN; {sql}; COMMIT"));
        if done.is_err() {
            self.connection.execute_batch("ROLLBACK").unwrap();
            return false;
        }
        let differs = format!(
            "SELECT (SELECT COUNT(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM pristine.{table})) \
             + (SELECT COUNT(*) FROM (SELECT * FROM pristine.{table} EXCEPT SELECT * FROM {table}))"
        );
        self.number(&differs) > 0
    }

    fn restore(&mut self, table: &str) {
        for table in [table, "log_tile"] {
            let sql = format!("BEGIN; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM pristine.{table}; COMMIT");
            self.connection.execute_batch(&sql).unwrap();
        }
    }
}

async fn verified(app: &Arc<App>) -> Result<audit::AuditReport, String> {
    let (trusted, shared) = (app.log.trusted(), Arc::clone(app));
    let verified = app
        .store
        .snapshot("verify", |tx| Box::pin(async move { Ok(audit::verify(tx, &trusted, &shared.keys, None).await) }));
    verified.await.unwrap().map_err(|why| why.to_string())
}

#[tokio::test]
async fn every_random_edit_deletion_swap_and_insertion_is_found() {
    let wanted: usize = std::env::var("TAMPERINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let seed: u64 = std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_261_126);
    let site = Site::new();
    let kiosk = site.add_kiosk("K07");
    site.add_officer("B1");
    let serving = site.serve();
    let client = serving.client(&kiosk);
    for _ in 0..3 {
        let code = site.new_code();
        client.verify(id(), ("a_number", A_NUMBER), other_than(&code)).await;
        client.verify(id(), ("a_number", A_NUMBER), &code).await;
        crate::inspections::inspect(&client, |_| ()).await;
        crate::inspections::inspect(&client, |document| document["birth_date"] = "1975-05-02".into()).await;
        let mut body = decision(SystemClock.now());
        body["officer_session"] = client.sign_in("B1").await.into();
        body["decided_at"] = serde_json::json!(SystemClock.now());
        assert_eq!(put_override(&client, &kiosk, id(), &body).await.status, 200);
    }
    serving.kill();
    let app = app(&site).await;
    append(&app, 600).await;
    let report = verified(&app).await.unwrap();
    assert!(report.leaves > 2 * 256 && report.unsealed == 0, "{report:?}");

    let pristine = site.path("pristine.db");
    let connection = Connection::open(site.path("svc/service.db")).unwrap();
    let aside = format!(
        "VACUUM INTO '{0}'; ATTACH '{0}' AS pristine; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF",
        pristine.display()
    );
    connection.execute_batch(&aside).unwrap();
    let mut database = Database { connection, dice: Numbers::new(seed) };
    let (mut kinds, mut missed): (BTreeMap<&str, usize>, Vec<String>) = (BTreeMap::new(), vec![]);
    let mut done = 0;
    while done < wanted {
        let (kind, table, sql) = database.draw();
        if !database.apply(&sql, table) {
            database.restore(table);
            continue;
        }
        done += 1;
        *kinds.entry(kind).or_default() += 1;
        if verified(&app).await.is_ok() {
            missed.push(sql);
        }
        database.restore(table);
    }
    verified(&app).await.unwrap();
    println!("{done} changes (seed {seed}): {} found, {} missed; {kinds:?}", done - missed.len(), missed.len());
    assert!(missed.is_empty(), "not found: {missed:#?}");
}
