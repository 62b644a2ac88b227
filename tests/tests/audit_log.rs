//! A kiosk is a witness of the service's audit log: whoever puts an older database back meets one that knows better.

use card_reader::reader::{Reader, ReaderConfig};
use kiosk_app::clock::Clock;
use kiosk_app::config;
use kiosk_app::journal::Writer;
use kiosk_app::journal::chain::Head;
use kiosk_app::service_loop::ServiceLoop;
use kiosk_app::verifier::Verifier;
use kiosk_app::verifier::witness::{ALARM_FILE, Judged};
use kiosk_tests::harness::people::ANNA;
use kiosk_tests::harness::records::{Enrolled, Records, temporary};
use kiosk_tests::harness::service::Service;
use kiosk_tests::harness::{OrTrouble, Outcome, Trouble, ensure, wait};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

struct World {
    folder: tempfile::TempDir,
    records: Records,
    kiosk: Enrolled,
    runtime: Runtime,
}

impl World {
    fn new() -> Outcome<Self> {
        let folder = temporary()?;
        let records = Records::init(&folder.path().join("service"))?;
        let kiosk = records.add_kiosk("K07", "7")?;
        records.add_account(ANNA.account().holder())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.or_trouble(|| "no runtime")?;
        Ok(Self { folder, records, kiosk, runtime })
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The kiosk's client, as a fresh start of the kiosk makes it.
    fn verifier(&self, service: &Service) -> Outcome<Verifier> {
        self.verifier_of(&self.kiosk, &self.state(), service)
    }

    fn verifier_of(&self, kiosk: &Enrolled, state: &Path, service: &Service) -> Outcome<Verifier> {
        std::fs::create_dir_all(state).or_trouble(|| "no folder for the state")?;
        let file = |name: &str| kiosk.folder.join(name);
        let settings = config::Service {
            url: format!("https://localhost:{}", service.kiosk.port()),
            root: file("root.pem"),
            chain: file("chain.pem"),
            key: file("key.pem"),
            log: Some(file("log.pub")),
        };
        Verifier::new(&settings, "7", state, Clock::start(0)).or_trouble(|| "no client")
    }

    /// One heartbeat, whose checkpoint is judged: the sentence of a new alarm.
    fn beat(&self, verifier: &Verifier) -> Outcome<Option<String>> {
        self.runtime.block_on(async {
            let health = verifier.witness().map(|witness| witness.health());
            let checkpoint = verifier.heartbeat(health.into_iter().collect(), &Head::empty(), None).await;
            let checkpoint = checkpoint.map_err(|why| Trouble(why.sentence().to_owned()))?;
            Ok(verifier.judge(&checkpoint).await)
        })
    }

    /// Files of the database, while nothing runs.
    fn copy(&self, from: &Path, to: &Path) -> Outcome {
        std::fs::create_dir_all(to).or_trouble(|| "no folder")?;
        for name in ["service.db", "service.db-wal", "service.db-shm"] {
            let _ = std::fs::remove_file(to.join(name));
            if from.join(name).exists() {
                std::fs::copy(from.join(name), to.join(name)).or_trouble(|| "the database was not copied")?;
            }
        }
        Ok(())
    }
}

fn judged(verifier: &Verifier) -> Outcome<Judged> {
    verifier.witness().map(|witness| witness.judged()).or_trouble(|| "this kiosk is no witness")
}

fn size(verifier: &Verifier) -> Outcome<u64> {
    match judged(verifier)? {
        Judged::Whole { size } => Ok(size),
        other => Err(Trouble(format!("the log is not whole: {other:?}"))),
    }
}

#[test]
fn an_older_database_put_back_is_found_by_one_kiosk_s_checkpoint() -> Outcome {
    let world = World::new()?;
    let older = world.folder.path().join("older");
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    ensure(world.beat(&verifier)?.is_none(), || "an alarm about a log that is whole")?;
    let before = size(&verifier)?;
    service.process.stop()?;
    world.copy(&world.records.folder, &older)?;

    // The log grows: the kiosk proves it from the service's tiles, also after a restart of its own.
    world.records.new_code("--a-number", ANNA.a_number)?;
    world.records.new_code("--a-number", ANNA.a_number)?;
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    ensure(world.beat(&verifier)?.is_none(), || "an alarm about a log that grew")?;
    ensure(size(&verifier)? >= before + 2, || "the log did not grow")?;
    service.process.stop()?;
    let newer = world.folder.path().join("newer");
    world.copy(&world.records.folder, &newer)?;

    // The older copy is put back: by itself it is whole, but it is shorter than what was seen.
    world.copy(&older, &world.records.folder)?;
    world.records.ask(&["audit", "verify"], "")?;
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    let sentence = world.beat(&verifier)?.or_trouble(|| "the older copy was not found")?;
    ensure(sentence.contains("shrunk"), || sentence.clone())?;
    // The next heartbeat tells the service, which tells its operators.
    ensure(world.beat(&verifier)?.is_none(), || "the alarm is raised again and again")?;
    service.process.line("the alarm in the service's own log", Duration::from_secs(5), |line| {
        line.contains("this kiosk says that the audit log shrank").then_some(())
    })?;
    service.process.stop()?;

    // Other changes on top of the older copy, until it is longer than what was seen: another history.
    std::fs::remove_file(world.state().join(ALARM_FILE)).or_trouble(|| "no file of the alarm")?;
    for _ in 0..6 {
        world.records.new_code("--a-number", ANNA.a_number)?;
    }
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    let sentence = world.beat(&verifier)?.or_trouble(|| "the other history was not found")?;
    ensure(sentence.contains("does not continue the log"), || sentence.clone())?;
    service.process.stop()?;

    // With the right database back and the alarm taken away, all is well again.
    world.copy(&newer, &world.records.folder)?;
    std::fs::remove_file(world.state().join(ALARM_FILE)).or_trouble(|| "no file of the alarm")?;
    let service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    ensure(world.beat(&verifier)?.is_none(), || "an alarm about the right database")?;
    size(&verifier).map(|_| ())
}

#[test]
fn the_alarm_is_in_the_kiosk_s_journal() -> Outcome {
    let world = World::new()?;
    let older = world.folder.path().join("older");
    let mut service = Service::serve(&world.records)?;
    service.process.stop()?;
    world.copy(&world.records.folder, &older)?;
    world.records.new_code("--a-number", ANNA.a_number)?;
    let mut service = Service::serve(&world.records)?;
    world.beat(&world.verifier(&service)?)?;
    service.process.stop()?;
    world.copy(&older, &world.records.folder)?;

    let service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    let (journal, _thread) = Writer::start(&world.state(), verifier.clock().clone()).or_trouble(|| "no journal")?;
    let (reader, _events) = Reader::start(ReaderConfig::default()).or_trouble(|| "no reader")?;
    let running = ServiceLoop { verifier, journal: journal.clone(), reader, outbox: None };
    let running = world.runtime.spawn(running.run(futures::sink::drain()));
    let entry = wait::until("the alarm in the journal", Duration::from_secs(10), || {
        let text = std::fs::read_to_string(world.state().join("journal-000001.jsonl")).ok()?;
        text.lines().find(|line| line.contains("\"event\":\"log_alarm\"")).map(str::to_owned)
    });
    running.abort();
    journal.stop();
    let entry = entry?;
    ensure(entry.contains("shrunk") && entry.contains("\"must_act\":\"technician\""), || entry)
}

/// The keys that a file names, one a line.
fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// A rehearsal of docs/operations.md, "The log's key".
#[test]
fn the_log_changes_its_key_and_its_witnesses_follow() -> Outcome {
    let world = World::new()?;
    let away = world.records.add_kiosk("K08", "8")?;
    let config = world.records.config();
    let text = std::fs::read_to_string(&config).or_trouble(|| "no configuration")?;
    std::fs::write(&config, text.replace("reload_seconds = 30", "reload_seconds = 1")).or_trouble(|| "not written")?;
    let (own, theirs) = (world.records.folder.join("log.pub"), world.kiosk.folder.join("log.pub"));
    let [old] = lines(&own).try_into().map_err(|_| Trouble("one key to begin with".to_owned()))?;
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    ensure(world.beat(&verifier)?.is_none(), || "an alarm about a log that is whole")?;
    let finish = ["secrets", "rotate-log-key", "--finish"];
    let refused = |words: &[&str]| {
        let said = world.records.said(words, "")?;
        ensure(said.status == Some(1), || "it was not refused")?;
        Ok::<_, Trouble>(said.stdout)
    };
    ensure(refused(&finish)?.contains("no change of the log's key has begun"), || "there is nothing to end")?;

    // The old key vouches for the new one; nothing is restarted, neither the service nor the kiosk.
    let new = world.records.ask(&["secrets", "rotate-log-key"], "")?;
    let new = kiosk_tests::harness::records::text(&new, "key")?;
    ensure(lines(&own) == [old.clone(), new.clone()], || "log.pub has both, the old one first")?;
    ensure(refused(&finish).is_ok(), || "it cannot end as soon as it begins")?;
    wait::until_true("the kiosk learns the key", Duration::from_secs(20), || {
        matches!(world.beat(&verifier), Ok(None)) && lines(&theirs) == [old.clone(), new.clone()]
    })?;
    wait::until_true("K08 alone is waited for", Duration::from_secs(20), || {
        let _ = world.beat(&verifier);
        refused(&finish).is_ok_and(|why| why.contains("kiosks K08 were not heard of"))
    })?;
    world.records.ask(&["audit", "verify"], "")?;

    world.records.ask(&["secrets", "rotate-log-key", "--finish", "--leave-kiosks-behind"], "")?;
    ensure(lines(&own) == [new.clone()], || "the old key is believed no longer")?;
    // The next tree is signed by the new key alone; until its files are read the service may sign one more with both.
    wait::until_true("the kiosk gives the old key up", Duration::from_secs(20), || {
        let grown = world.records.new_code("--a-number", ANNA.a_number).is_ok();
        grown && matches!(world.beat(&verifier), Ok(None)) && lines(&theirs) == [new.clone()]
    })?;
    let before = size(&verifier)?;
    let report = world.records.ask(&["audit", "verify"], "")?;
    ensure(report["leaves"].as_u64() >= Some(before), || "the log is whole")?;
    service.process.stop()?;

    // After restarts everybody still knows what was seen; an older database is still found.
    let (older, newer) = (world.folder.path().join("older"), world.folder.path().join("newer"));
    world.copy(&world.records.folder, &older)?;
    world.records.new_code("--a-number", ANNA.a_number)?;
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    ensure(world.beat(&verifier)?.is_none(), || "an alarm after the change")?;
    ensure(size(&verifier)? > before, || "the log did not grow")?;

    // The one who was away does not believe the new key, until log.pub is brought to it.
    let state = world.folder.path().join("away");
    let late = world.verifier_of(&away, &state, &service)?;
    let sentence = world.beat(&late)?.or_trouble(|| "a stranger's key was believed")?;
    ensure(sentence.contains("not signed by the log"), || sentence.clone())?;
    std::fs::copy(&own, away.folder.join("log.pub")).or_trouble(|| "not copied")?;
    std::fs::remove_file(state.join(ALARM_FILE)).or_trouble(|| "no file of the alarm")?;
    ensure(world.beat(&late)?.is_none(), || "an alarm after the file was brought")?;
    size(&late)?;
    service.process.stop()?;

    world.copy(&world.records.folder, &newer)?;
    world.copy(&older, &world.records.folder)?;
    let mut service = Service::serve(&world.records)?;
    let verifier = world.verifier(&service)?;
    let sentence = world.beat(&verifier)?.or_trouble(|| "the older copy was not found")?;
    ensure(sentence.contains("shrunk"), || sentence.clone())?;
    service.process.stop().map(|_| ())
}
