//! Several instances behind one PostgreSQL: what one knows, all know; one may die at any moment.

use crate::numbers::Numbers;
use crate::support::{A_NUMBER, Client, Serving, Site, id, other_than, verification};
use futures::future::join_all;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use uuid::Uuid;
use verification_service::clock::{Clock, SystemClock};

/// Who redeem at once behind HAProxy.
const HOLDERS: usize = 12;

/// From `HURT_SEED`, or else from the clock; the seed is printed, so that a failure can be run again.
fn numbers(what: &str) -> Numbers {
    let given = std::env::var("HURT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| SystemClock.now().unix_millis().unsigned_abs());
    println!("{what}: HURT_SEED={seed}");
    Numbers::new(seed)
}

/// 256 wrong codes for one identifier at once, over two instances: exactly 5 are evaluated, whoever gets them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_out_is_common_to_all_instances_and_survives_a_restart() {
    let site = Site::new();
    site.raise_limits();
    let (kiosk, code) = (site.add_kiosk("K07"), site.new_code());
    let two = [site.serve(), site.serve()];
    let clients: Vec<Client> = two.iter().map(|serving| serving.client(&kiosk)).collect();
    let tries = (0..256).map(|nth| {
        let (client, wrong) = (clients[nth % 2].clone(), other_than(&code));
        async move {
            let id = id();
            for _ in 0..4 {
                // A machine that is busy with something else may put some off: they are asked again, as kiosks do.
                let answer = client.verify(id, ("a_number", A_NUMBER), wrong).await;
                if answer.status != 503 {
                    return answer.result();
                }
            }
            panic!("{id} is not settled")
        }
    });
    let results = join_all(tries).await;
    assert!(results.iter().all(|result| result == "not_verified"));
    let evaluated = |state: &serde_json::Value| state["n"].as_i64().unwrap();
    assert_eq!(evaluated(&site.cli(&["throttle", "show", "--a-number", A_NUMBER])), 5);
    // The right code is refused as well, also by an instance that starts now.
    two.into_iter().for_each(Serving::kill);
    let later = site.serve();
    let answer = later.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &code).await;
    assert_eq!(answer.result(), "not_verified");
    assert_eq!(evaluated(&site.cli(&["throttle", "show", "--a-number", A_NUMBER])), 5);
    site.cli(&["throttle", "clear", "--a-number", A_NUMBER]);
    assert_eq!(later.client(&kiosk).verify(id(), ("a_number", A_NUMBER), &code).await.result(), "verified");
    site.cli(&["audit", "verify"]);
}

/// The same code, 64 requests at once over two instances, some with the same id: one verified, and each id has one
/// answer for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_verifies_once_whatever_the_instances_do() {
    let site = Site::new();
    site.raise_limits();
    site.set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    let two = [site.serve(), site.serve()];
    let clients: Vec<Client> = two.iter().map(|serving| serving.client(&kiosk)).collect();
    for _ in 0..4 {
        let code = site.new_code();
        let ids: Vec<Uuid> = (0..32).map(|_| id()).collect();
        let requests = (0..64).map(|nth| {
            let (client, id, code) = (clients[nth % 2].clone(), ids[nth / 2], code.clone());
            async move { (id, client.verify(id, ("a_number", A_NUMBER), &code).await) }
        });
        let answers = join_all(requests).await;
        let verified: Vec<Uuid> =
            answers.iter().filter(|(_, a)| a.status == 200 && a.result() == "verified").map(|(id, _)| *id).collect();
        let first = *verified.first().expect("one of them verified");
        assert!(verified.iter().all(|id| *id == first), "two ids verified with one code");
        for (id, answer) in &answers {
            assert_eq!(answer.status, 200, "{}", answer.json());
            let path = format!("/kiosk/v1/verifications/{id}");
            for client in &clients {
                let again = client.put(&path, &verification(("a_number", A_NUMBER), &code)).await;
                assert_eq!(again.bytes, answer.bytes, "a replay differs");
            }
        }
    }
    site.cli(&["audit", "verify"]);
}

/// Three instances; one of them, whichever, is killed with -9 at any moment while requests are on their way to all. Every
/// request that was answered is stored as it was answered; every other one is settled by asking another instance with the
/// same bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_instances_dies_and_nothing_is_lost() {
    let mut numbers = numbers("instances");
    let site = Site::new();
    site.raise_limits();
    site.set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    let mut instances: Vec<Serving> = (0..3).map(|_| site.serve()).collect();
    for round in 0..4 {
        let code = site.new_code();
        let doomed = usize::try_from(numbers.below(3)).unwrap();
        let wait = Duration::from_millis(numbers.below(40));
        let clients: Vec<Client> = instances.iter().map(|serving| serving.client(&kiosk)).collect();
        let survivor = clients[(doomed + 1) % 3].clone();
        let ids: Vec<Uuid> = (0..24).map(|_| id()).collect();
        let requests = ids.iter().enumerate().map(|(nth, id)| {
            let (client, code) = (clients[nth % 3].clone(), code.clone());
            let path = format!("/kiosk/v1/verifications/{id}");
            async move {
                let body = verification(("a_number", A_NUMBER), &code).to_string().into_bytes();
                client.try_call(reqwest::Method::PUT, &path, &[], body).await.ok()
            }
        });
        let mut requests = Box::pin(join_all(requests));
        let early = tokio::time::timeout(wait, &mut requests).await;
        instances.remove(doomed).kill();
        let answers = match early {
            Ok(answers) => answers,
            Err(_) => requests.await,
        };
        let mut verified = 0;
        for (id, answer) in ids.iter().zip(answers) {
            // Pending requests of the dead instance are taken over after 10 s: until then 503.
            let path = format!("/kiosk/v1/verifications/{id}");
            let body = verification(("a_number", A_NUMBER), &code);
            let mut settled = survivor.put(&path, &body).await;
            for _ in 0..4 {
                if settled.status != 503 {
                    break;
                }
                settled = survivor.put(&path, &body).await;
            }
            assert_eq!(settled.status, 200, "{}", settled.json());
            if let Some(answer) = answer.filter(|answer| answer.status == 200) {
                assert_eq!(answer.bytes, settled.bytes, "answered one way, stored another");
            }
            verified += u32::from(settled.result() == "verified");
        }
        assert_eq!(verified, 1, "round {round}: instance {doomed} killed after {wait:?}");
        instances.insert(doomed, site.serve());
    }
    site.cli(&["audit", "verify"]);
}

/// A statement that takes longer than the service's may (6 s), as at real size: the head of the log comes late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_goes_through_everything_may_take_its_time() {
    let site = Site::new();
    site.sql("ALTER TABLE log_head RENAME TO kept").await;
    site.sql("CREATE VIEW log_head AS SELECT one, size, checkpoint FROM kept, pg_sleep(6.5)").await;
    let report = site.cli(&["audit", "verify"]);
    assert!(report["rows"].as_i64() >= Some(1), "{report}");
}

/// HAProxy with the configuration that operators are given, at other ports.
struct Proxy {
    child: Child,
    kiosk_port: u16,
}

impl Proxy {
    fn before(site: &Site, instances: &[(u16, Serving)]) -> Self {
        let [kiosk_port, portal_port] = [free_port(), free_port()];
        let mut text = include_str!("../../../config/service/haproxy.cfg").to_owned();
        let mut replace = |from: String, to: String| {
            assert!(text.contains(&from), "{from} is not in haproxy.cfg");
            text = text.replace(&from, &to);
        };
        replace("bind :8443".to_owned(), format!("bind 127.0.0.1:{kiosk_port}"));
        replace("bind :8444".to_owned(), format!("bind 127.0.0.1:{portal_port}"));
        for (nth, (metrics, serving)) in instances.iter().enumerate() {
            let nth = nth + 1;
            replace(
                format!("127.0.0.1:{nth}8443 port {nth}9464"),
                format!("127.0.0.1:{} port {metrics}", serving.kiosk_port),
            );
            replace(
                format!("127.0.0.1:{nth}8444 port {nth}9464"),
                format!("127.0.0.1:{} port {metrics}", serving.portal_port),
            );
        }
        let file = site.path("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("/usr/sbin/haproxy");
        command.arg("-db").arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("HAProxy is missing: `make test` installs it");
        while std::net::TcpStream::connect(("127.0.0.1", kiosk_port)).is_err() {
            std::thread::yield_now();
        }
        Self { child, kiosk_port }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The site's configuration with a metrics port of its own.
fn instance(site: &Site, nth: usize, metrics: u16) -> PathBuf {
    let text = std::fs::read_to_string(site.config()).unwrap();
    let text = text.replacen("[listen]\n", &format!("[listen]\nmetrics = \"127.0.0.1:{metrics}\"\n"), 1);
    let file = site.path(&format!("svc/service-{nth}.toml"));
    std::fs::write(&file, text).unwrap();
    file
}

/// Three instances behind HAProxy, which passes TLS through: the service sees the kiosk's certificate. One of them is killed
/// while twelve requests are under way; a kiosk that asks again, as kiosks do, always gets its answer, and every code
/// verifies once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_dead_instance_costs_no_answer() {
    let mut numbers = numbers("haproxy");
    let site = Site::new();
    site.raise_limits().set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    let holders: Vec<(String, String)> = (0..HOLDERS)
        .map(|nth| {
            let a_number = format!("A0000009{nth:02}");
            site.cli(&[
                "account",
                "add",
                "--a-number",
                &a_number,
                "--name",
                "SPECIMEN<<ANNA",
                "--birth-date",
                "1974-05-02",
            ]);
            let code = site.cli(&["code", "new", "--a-number", &a_number])["code"].as_str().unwrap().to_owned();
            (a_number, code)
        })
        .collect();
    let mut instances: Vec<(u16, Serving)> = (0..3)
        .map(|nth| {
            let metrics = free_port();
            (metrics, site.serve_from(&instance(&site, nth, metrics), &[]))
        })
        .collect();
    let proxy = Proxy::before(&site, &instances);
    let tries = AtomicUsize::new(0);
    // A connection for each try: they are spread over the instances.
    let redeem = async |(a_number, code): &(String, String)| {
        let path = format!("/kiosk/v1/verifications/{}", id());
        let body = verification(("a_number", a_number), code).to_string().into_bytes();
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        let asking = async {
            loop {
                tick.tick().await;
                tries.fetch_add(1, Ordering::Relaxed);
                let client = Client::new(crate::support::http(kiosk.tls(&[&rustls::version::TLS13])), proxy.kiosk_port);
                let answer = client.try_call(reqwest::Method::PUT, &path, &[], body.clone()).await;
                if let Some(answer) = answer.ok().filter(|answer| answer.status == 200) {
                    return answer;
                }
            }
        };
        // What the dead instance left pending is taken over after 10 s; a kiosk settles it after 30 s.
        let answer = tokio::time::timeout(Duration::from_secs(30), asking).await.expect("an answer within 30 s");
        (path, body, answer)
    };
    let (doomed, wait) = (usize::try_from(numbers.below(3)).unwrap(), Duration::from_millis(numbers.below(60)));
    let mut requests = Box::pin(join_all(holders.iter().map(&redeem)));
    let early = tokio::time::timeout(wait, &mut requests).await;
    instances.remove(doomed).1.kill();
    let answers = match early {
        Ok(answers) => answers,
        Err(_) => requests.await,
    };
    let after = Client::new(crate::support::http(kiosk.tls(&[&rustls::version::TLS13])), instances[0].1.kiosk_port);
    for (path, body, answer) in answers {
        assert_eq!(answer.result(), "verified", "instance {doomed} killed after {wait:?}");
        let again = after.try_call(reqwest::Method::PUT, &path, &[], body).await.unwrap();
        assert_eq!(again.bytes, answer.bytes, "a replay differs");
    }
    let verified = site.text("SELECT CAST(COUNT(*) AS TEXT) FROM verification WHERE result = 'verified'").await;
    assert_eq!(verified, HOLDERS.to_string());
    println!(
        "behind HAProxy: {HOLDERS} redemptions, {} tries, instance {doomed} killed after {wait:?}",
        tries.load(Ordering::Relaxed)
    );
    site.cli(&["audit", "verify"]);
}
