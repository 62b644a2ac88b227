//! The store alone: redemptions without TLS and without the derivation, by SQLite one at a time and by pgbench with
//! statements of the same shape.

use crate::cluster::Cluster;
use crate::support::{Site, id};
use crate::table::Table;
use rusqlite::{Connection, Params, params};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use verification_api::backup_code::BackupCode;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::wire::{Purpose, RecordStatus};
use verification_service::app::App;
use verification_service::clock::{Clock, DAY, SystemClock};
use verification_service::config::Config;
use verification_service::put_once::Once;
use verification_service::random::{SystemRandomness, uuid_v7};
use verification_service::secrets::Keys;
use verification_service::store::rows::{Account, NewIdentifier, PutKey};
use verification_service::verify::{self, Request};
use verification_service::{codes, log, store};

const CLIENTS: usize = 32;
const CODES: usize = 20_000;
const DERIVED: [u8; 32] = [7; 32];
/// Two transactions make one redemption: the charge, and the rest.
const EACH: f64 = 2.0;

pub async fn run(table: &mut Table) {
    let site = Site::new();
    let ours = redemptions(&site).await;
    let single = unbatched(&site);
    table.tell("store alone, SQLite, 32 at once", ours * EACH, "tx/s");
    table.tell("SQLite FULL, one at a time, the same shape", single, "tx/s");
    table.at_least("store by SQLite", ours * EACH / single, 1.5);

    // A cluster that flushes, as one in service does.
    let cluster = Cluster::durable();
    let site = Site::with_database(cluster.database());
    let ours = redemptions(&site).await;
    let theirs = pgbench(&site);
    table.tell("store alone, PostgreSQL, 32 at once", ours * EACH, "tx/s");
    table.tell("pgbench, 32 clients, the same shape", theirs, "tx/s");
    table.at_least("store by pgbench", ours * EACH / theirs, 0.6);
}

/// Redemptions a second through the domain, with the derivation stubbed.
async fn redemptions(site: &Site) -> f64 {
    site.raise_limits();
    let kiosks: Vec<_> = (0..CLIENTS).map(|nth| site.add_kiosk(&format!("K{nth}")).id).collect();
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let mut app = App::new(store, keys, config, Arc::new(SystemClock), Arc::new(SystemRandomness::new())).unwrap();
    app.derivations = app.derivations.stubbed(DERIVED);
    let app = Arc::new(app);
    fill(&app).await;
    // Without a sealed log nothing is verified.
    log::seal::seal(&app).await.unwrap().unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let keeper = tokio::spawn(log::keeper::run(Arc::clone(&app), stopping));

    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let each = kiosks.iter().map(|kiosk| {
        let (next, app) = (&next, &app);
        async move {
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= CODES {
                    return;
                }
                let identifier = verify::blind_of(&app.keys, &number(nth));
                let key = PutKey { kiosk: *kiosk, scope: "request", id: id() };
                let request = Request {
                    once: Once::new(app, key, verify::KIND, &[]),
                    visit: id(),
                    identifier,
                    record: identifier,
                    code: BackupCode::parse("00001-00002-00003-00004").unwrap(),
                    purpose: Purpose::Inspection,
                    officer_session: None,
                };
                let reply = tokio::spawn(verify::verify(Arc::clone(app), request)).await.unwrap();
                let reply = reply.unwrap_or_else(|_| panic!("a redemption was refused"));
                assert!(reply.body.windows(10).any(|part| part == b"\"verified\""));
            }
        }
    });
    futures::future::join_all(each).await;
    let redeemed = CODES as f64 / begun.elapsed().as_secs_f64();
    stop.send(true).unwrap();
    keeper.await.unwrap();
    redeemed
}

fn number(nth: usize) -> Identifier {
    Identifier::parse(IdentifierType::ANumber, &format!("A{:09}", 100_000_000 + nth)).unwrap()
}

/// Accounts and codes, a thousand in each transaction.
async fn fill(app: &Arc<App>) {
    for from in (0..CODES).step_by(1000) {
        let shared = Arc::clone(app);
        let filled = app.store.write("fill", move |tx| {
            Box::pin(async move {
                let (random, now) = (SystemRandomness::new(), SystemClock.now());
                for nth in from..from + 1000 {
                    let account = uuid_v7(&random, now)?;
                    let blind = verify::blind_of(&shared.keys, &number(nth));
                    let sealed = shared.keys.seal(&random, &[b"x"], b"SPECIMEN<<ANNA MARIA")?;
                    let (name, birth_date) = (sealed.clone(), sealed.clone());
                    let (record_status, made_at) = (RecordStatus::Clear, now.unix_millis());
                    let row = Account { id: account, name, birth_date, record_status, made_at };
                    let identifiers = [NewIdentifier { blind, kind: IdentifierType::ANumber.name(), sealed }];
                    assert!(tx.add_account(&row, &identifiers, &[]).await?);
                    let times = (now, now.unix_millis() + DAY);
                    tx.add_code(&codes::row(&shared.keys, &random, (account, blind), ([1; 16], &DERIVED), times)?)
                        .await?;
                }
                Ok(())
            })
        });
        filled.await.unwrap();
    }
}

/// Transactions a second of one connection that commits each by itself: half of them of the charge's shape, half of the
/// redemption's.
fn unbatched(site: &Site) -> f64 {
    let connection = Connection::open(site.path("unbatched.db")).unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    connection.execute_batch("PRAGMA synchronous = FULL").unwrap();
    connection.execute_batch(include_str!("../../src/store/migrations/sqlite/0001_first_light.sql")).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").unwrap();
    for nth in 0..20_000_i64 {
        let text = "INSERT INTO code (id, account, identifier, alg, kid, salt, nonce, tag, state, version, made_at, \
                    expires_at) VALUES (?1, 'a', ?2, 'x', 1, zeroblob(16), zeroblob(12), zeroblob(48), 'active', 1, 1, 9)";
        write(&connection, text, params![format!("code-{nth}"), blind(nth)]);
    }
    connection.execute_batch("COMMIT").unwrap();
    let begun = Instant::now();
    let mut count = 0_i64;
    while begun.elapsed() < Duration::from_secs(4) {
        charge(&connection, count);
        redeem(&connection, count);
        count += 1;
    }
    EACH * count as f64 / begun.elapsed().as_secs_f64()
}

fn blind(nth: i64) -> Vec<u8> {
    let mut out = vec![0; 32];
    out[..8].copy_from_slice(&nth.to_be_bytes());
    out
}

fn charge(connection: &Connection, nth: i64) {
    let id = format!("put-{nth}");
    write(connection, "BEGIN IMMEDIATE", []);
    look(connection, "SELECT * FROM put WHERE kiosk = 'k' AND scope = 'request' AND id = ?1", [&id]);
    look(connection, "SELECT * FROM code WHERE identifier = ?1 ORDER BY made_at DESC LIMIT 1", [blind(nth)]);
    look(connection, "SELECT arrival FROM rate WHERE subject = 'k'", []);
    let text = "INSERT INTO rate VALUES ('k', ?1) ON CONFLICT (subject) DO UPDATE SET arrival = excluded.arrival";
    write(connection, text, [nth]);
    look(connection, "SELECT n FROM throttle WHERE identifier = ?1", [blind(nth)]);
    let text = "INSERT INTO throttle VALUES (?1, 1, 0, 1) ON CONFLICT (identifier) DO UPDATE SET n = excluded.n";
    write(connection, text, [blind(nth)]);
    let text = "INSERT INTO put VALUES ('k', 'request', ?1, 'verification', zeroblob(32), zeroblob(16), 1, 'pending', \
                 '{\"locked\":false,\"n\":1}', NULL, NULL)";
    write(connection, text, [&id]);
    let text = "SELECT a.* FROM account a JOIN identifier i ON i.account = a.id WHERE i.blind = ?1";
    look(connection, text, [blind(nth)]);
    write(connection, "COMMIT", []);
}

fn redeem(connection: &Connection, nth: i64) {
    let id = format!("put-{nth}");
    write(connection, "BEGIN IMMEDIATE", []);
    let text = "UPDATE code SET state = 'used', version = version + 1, ended_at = 1 WHERE id = ?1 AND state = 'active'";
    write(connection, text, [format!("code-{nth}")]);
    let text = "UPDATE put SET state = 'done', status = 200, reply = zeroblob(1100) \
                 WHERE kiosk = 'k' AND scope = 'request' AND id = ?1 AND state = 'pending'";
    write(connection, text, [&id]);
    let text =
        "INSERT INTO audit VALUES (?1, 1, 'kiosk:x', 'verification', ?2, '{\"result\":\"verified\"}', zeroblob(32))";
    write(connection, text, params![nth + 1, id]);
    let text = "INSERT INTO verification VALUES ('k', ?1, 'v', ?2, ?3, 'verified', 'inspection', 1, ?4)";
    write(connection, text, params![id, blind(nth), format!("code-{nth}"), nth + 1]);
    let text = "INSERT INTO throttle VALUES (?1, 0, 0, 1) ON CONFLICT (identifier) DO UPDATE SET n = excluded.n";
    write(connection, text, [blind(nth)]);
    write(connection, "COMMIT", []);
}

fn write(connection: &Connection, text: &str, values: impl Params) {
    connection.prepare_cached(text).unwrap().execute(values).unwrap();
}

/// The first row, if there is one.
fn look(connection: &Connection, text: &str, values: impl Params) {
    let mut statement = connection.prepare_cached(text).unwrap();
    let _ = statement.query(values).unwrap().next().unwrap().is_some();
}

/// The same shape for pgbench, on the site's own tables: transactions a second.
fn pgbench(site: &Site) -> f64 {
    let script = site.path("redeem.sql");
    std::fs::write(&script, include_str!("redeem.sql")).unwrap();
    let url = site.database.clone().unwrap();
    let mut command = Command::new("pgbench");
    command.args(["-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", "8", "-f"]).arg(&script).arg(url);
    let output = command.output().expect("pgbench comes with Debian's postgresql");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    // One run of the script is two transactions.
    EACH * tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}
