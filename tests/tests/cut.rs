//! Requests cut at a random byte, and certificates renewed under load: kiosk and service always agree.
//!
//! `HURT=full` makes them as long as the design asks for (`make soak-service`).

use kiosk_app::clock::Clock;
use kiosk_app::config::{Config, Service as ServiceTable};
use kiosk_app::effect::Verification;
use kiosk_app::session::answers::{CallFailure, CodeAnswer};
use kiosk_app::session::state::{IdentifierKind, RequestId, VisitId};
use kiosk_app::verifier::{Settled, Verifier};
use kiosk_tests::harness::cutter::Cutter;
use kiosk_tests::harness::records::{Holder, Records, temporary, text};
use kiosk_tests::harness::service::Service;
use kiosk_tests::harness::{OrTrouble, Outcome, Trouble, ensure};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use uuid::Uuid;
use verification_api::personal::PersonalText;

const WORKERS: usize = 16;
/// What is asked again this long after the last try is final: the kiosk itself waits 30 s, a quiet service needs less.
const SETTLE_AFTER: Duration = Duration::from_millis(1500);
/// A handshake, the request and the answer are about so many bytes.
const BYTES: u64 = 7000;

fn times(short: usize, long: usize) -> usize {
    if std::env::var("HURT").is_ok_and(|how| how == "full") { long } else { short }
}

/// A service with raised limits.
fn serve(more: &[(&str, &str)]) -> Outcome<(tempfile::TempDir, Records, Service)> {
    let folder = temporary()?;
    let records = Records::init(&folder.path().join("service"))?;
    let mut toml = std::fs::read_to_string(records.config()).or_trouble(|| "service.toml")?;
    let raised =
        ["verifications_per_minute", "verifications_burst", "failing_identifiers", "lock_after", "disable_after"];
    for (key, value) in raised.map(|key| (key, "1000000")).iter().chain(more) {
        let line = toml.lines().find(|line| line.starts_with(&format!("{key} = "))).or_trouble(|| *key)?.to_owned();
        toml = toml.replace(&line, &format!("{key} = {value}"));
    }
    std::fs::write(records.config(), toml).or_trouble(|| "service.toml")?;
    let service = Service::serve(&records)?;
    Ok((folder, records, service))
}

/// `[service]` of an enrolled kiosk, at another port.
fn table(folder: &Path, port: u16) -> ServiceTable {
    ServiceTable {
        url: format!("https://localhost:{port}"),
        root: folder.join("root.pem"),
        chain: folder.join("chain.pem"),
        key: folder.join("key.pem"),
        log: Some(folder.join("log.pub")),
    }
}

/// Numbers that look random (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }

    fn uuid(&mut self, unix_ms: u64) -> Uuid {
        let mut bytes = [0; 10];
        bytes.iter_mut().for_each(|byte| *byte = u8::try_from(self.below(256)).unwrap_or(0));
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &bytes).into_uuid()
    }
}

#[test]
fn a_request_cut_at_any_byte_has_one_outcome_for_both() -> Outcome {
    let (_folder, records, service) = serve(&[])?;
    let kiosk = records.add_kiosk("K07", "7")?;
    let each = times(96, 10_000).div_ceil(WORKERS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.or_trouble(|| "runtime")?;
    let records = Arc::new(records);
    let seed = Clock::start(0).unix_ms();
    println!("cut: seed {seed}");
    let counts = runtime.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for nth in 0..WORKERS {
            let number = format!("A{:09}", 200_000_000 + nth);
            let holder = Holder {
                a_number: Some(&number),
                receipt: None,
                name: "SPECIMEN<<ANNA",
                birth_date: "1974-05-02",
                document: &format!("passport:UTO:L{nth:08}:2035-01-01:valid"),
            };
            records.add_account(holder)?;
            let worker = Worker {
                number: number.clone(),
                records: Arc::clone(&records),
                direct: table(&kiosk.folder, service.kiosk.port()),
                folder: kiosk.folder.clone(),
                target: service.kiosk,
                numbers: Numbers(seed.wrapping_add(nth as u64 * 7919) | 1),
            };
            workers.spawn(worker.run(each));
        }
        let mut counts = Counts::default();
        while let Some(done) = workers.join_next().await {
            counts.add(&done.or_trouble(|| "a worker")??);
        }
        Ok::<_, Trouble>(counts)
    })?;
    println!("cut: {counts:?}");
    ensure(counts.asked == each * WORKERS, || "not all were asked")?;
    ensure(counts.unknown > 0 && counts.verified > 0 && counts.never > 0, || format!("too tame: {counts:?}"))?;
    records.ask(&["audit", "verify"], "").map(drop)
}

#[derive(Debug, Default)]
struct Counts {
    asked: usize,
    /// No answer came although the request may have arrived.
    unknown: usize,
    verified: usize,
    not_verified: usize,
    never: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.unknown += other.unknown;
        self.verified += other.verified;
        self.not_verified += other.not_verified;
        self.never += other.never;
    }
}

struct Worker {
    number: String,
    records: Arc<Records>,
    direct: ServiceTable,
    folder: std::path::PathBuf,
    target: std::net::SocketAddr,
    numbers: Numbers,
}

impl Worker {
    async fn run(mut self, times: usize) -> Outcome<Counts> {
        let state = temporary()?;
        let clock = Clock::start(0);
        let verifier =
            |table: &ServiceTable| Verifier::new(table, "7", state.path(), clock.clone()).or_trouble(|| "verifier");
        let mut counts = Counts::default();
        for _ in 0..times {
            let right = self.numbers.below(3) > 0;
            let (records, number) = (Arc::clone(&self.records), self.number.clone());
            let code = tokio::task::spawn_blocking(move || records.new_code("--a-number", &number)).await;
            let code = code.or_trouble(|| "new code")??;
            let wrong =
                if code == "00001-00002-00003-00004" { "7KQ25-M4PXX-9ABCG-WXYZF" } else { "00001-00002-00003-00004" };
            let request = RequestId(self.numbers.uuid(clock.unix_ms()));
            let asked = Verification {
                visit: VisitId(self.numbers.uuid(clock.unix_ms())),
                request,
                kind: IdentifierKind::ANumber,
                identifier: PersonalText::from(self.number.as_str()),
                code: PersonalText::from(if right { code.as_str() } else { wrong }),
                officer_session: None,
            };
            let cutter = Cutter::to(self.target).await?;
            cutter.pass(self.numbers.below(BYTES));
            let answer = verifier(&table(&self.folder, cutter.address.port()))?.verify(&asked).await;
            counts.asked += 1;

            // What the kiosk believes, by itself or by asking what became of it.
            let direct = verifier(&self.direct)?;
            let believed = match answer {
                Ok(CodeAnswer::Verified { .. }) => Settled::Verified,
                Ok(CodeAnswer::NotVerified) => Settled::NotVerified,
                Err(CallFailure::NotSent) => Settled::Never,
                Err(CallFailure::Unknown) => {
                    counts.unknown += 1;
                    direct.settle(request, SETTLE_AFTER).await
                }
                Err(CallFailure::Refused) => return Err(Trouble("refused".to_owned())),
            };
            // What the service knows, a while later.
            let known = direct.settle(request, SETTLE_AFTER).await;
            ensure(believed == known, || format!("{}: the kiosk says {believed:?}, the service {known:?}", request.0))?;
            ensure(right || known != Settled::Verified, || format!("{}: a wrong code verified", request.0))?;
            match known {
                Settled::Verified => counts.verified += 1,
                Settled::NotVerified => counts.not_verified += 1,
                Settled::Never => counts.never += 1,
                Settled::Unsettled => return Err(Trouble("unsettled".to_owned())),
            }
        }
        Ok(counts)
    }
}

/// Four workers ask without pause while the kiosk's certificate is renewed again and again: no request fails.
#[test]
fn renewing_under_load_fails_no_request() -> Outcome {
    // As many renewals as the test wants, and certificates and CRL are looked at every second.
    let more = [
        ("certificate_days", "1"),
        ("renewals_per_minute", "1000000"),
        ("renewals_burst", "1000000"),
        ("reload_seconds", "1"),
    ];
    let (_folder, records, service) = serve(&more)?;
    let made = records.ask(&["kiosk", "add", "--number", "K07", "--lane", "7", "--days", "1"], "")?;
    let config = Config::load(Path::new(&text(&made, "config")?)).or_trouble(|| "configuration")?;
    let folder = config.service.chain.parent().or_trouble(|| "folder")?.to_owned();
    // Spread over all requests: each goes out with the newest certificate or the one before.
    let (wanted, renewals) = (times(1500, 10_000), times(15, 100));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let servers = runtime.or_trouble(|| "runtime")?.block_on(async {
        let state = temporary()?;
        // So late that a certificate of one day is due as soon as it is made.
        let late = Clock::start(Clock::start(0).unix_ms() + 17 * 3_600_000);
        let table = table(&folder, service.kiosk.port());
        let verifier = Verifier::new(&table, "7", state.path(), late).or_trouble(|| "verifier")?;
        let (asked, allowed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (verifier, asked, allowed) = (verifier.clone(), Arc::clone(&asked), Arc::clone(&allowed));
            workers.spawn(async move {
                loop {
                    let nth = asked.fetch_add(1, Ordering::Relaxed);
                    if nth >= wanted {
                        return Ok::<_, Trouble>(());
                    }
                    while nth >= allowed.load(Ordering::Relaxed) {
                        moment().await;
                    }
                    verifier.policy().await.map_err(|failure| Trouble(failure.sentence().to_owned()))?;
                }
            });
        }
        let mut servers = 0;
        for nth in 1..=renewals {
            // The requests of this share go on while the certificate is renewed.
            allowed.store(wanted * nth / renewals, Ordering::Relaxed);
            ensure(verifier.renew_if_due().await.or_trouble(|| "renewal")?, || "not due")?;
            if nth % 10 == 0 {
                // The server's own as well, which it reads within a second.
                let dir = records.folder.display().to_string();
                records.ask(&["pki", "server", "--dir", &dir, "--server-name", "localhost"], "")?;
                servers += 1;
            }
            while asked.load(Ordering::Relaxed) < (wanted * nth / renewals).min(wanted) {
                moment().await;
            }
        }
        while let Some(done) = workers.join_next().await {
            done.or_trouble(|| "a worker")??;
        }
        Ok::<_, Trouble>(servers)
    })?;
    println!("rotation: {wanted} requests, {renewals} renewals, {servers} of the server's certificate, 0 failed");
    ensure(servers > 0, || "the server's certificate was not renewed")
}

async fn moment() {
    let _ = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
}
