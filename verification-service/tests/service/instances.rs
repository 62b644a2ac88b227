//! Several instances behind one PostgreSQL: what one knows, all know; one may die at any moment.

use crate::support::{A_NUMBER, Client, Serving, Site, id, other_than, verification};
use futures::future::join_all;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use uuid::Uuid;

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
        async move { client.verify(id(), ("a_number", A_NUMBER), wrong).await.result() }
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

/// Three instances; one is killed with -9 while requests are on their way. Every request that was answered is stored as
/// it was answered; every other one is settled by asking another instance with the same bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_instances_dies_and_nothing_is_lost() {
    let site = Site::new();
    site.raise_limits();
    site.set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    let mut instances: Vec<Serving> = (0..3).map(|_| site.serve()).collect();
    let survivor = Arc::new(instances[0].client(&kiosk));
    for round in 0..3_u32 {
        let code = site.new_code();
        let doomed = instances.pop().unwrap();
        let victim = doomed.client(&kiosk);
        let ids: Vec<Uuid> = (0..24).map(|_| id()).collect();
        let requests = ids.iter().enumerate().map(|(nth, id)| {
            let (client, code) = (if nth % 2 == 0 { victim.clone() } else { (*survivor).clone() }, code.clone());
            let path = format!("/kiosk/v1/verifications/{id}");
            async move {
                let body = verification(("a_number", A_NUMBER), &code).to_string().into_bytes();
                client.try_call(reqwest::Method::PUT, &path, &[], body).await.ok()
            }
        });
        // Killed when the first of them is answered, while most are under way.
        let mut requests = Box::pin(join_all(requests));
        let wait = std::time::Duration::from_millis(u64::from(3 + 11 * round));
        let early = tokio::time::timeout(wait, &mut requests).await;
        doomed.kill();
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
        assert_eq!(verified, 1, "round {round}");
        instances.push(site.serve());
    }
    site.cli(&["audit", "verify"]);
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

/// Three instances behind HAProxy, which passes TLS through: the service sees the kiosk's certificate. One is killed; a
/// kiosk that asks again, as kiosks do, always gets its answer, and every code verifies once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_dead_instance_costs_no_answer() {
    let site = Site::new();
    site.raise_limits().set("lock_after", "1000");
    let kiosk = site.add_kiosk("K07");
    let mut instances: Vec<(u16, Serving)> = (0..3)
        .map(|nth| {
            let metrics = free_port();
            (metrics, site.serve_from(&instance(&site, nth, metrics), &[]))
        })
        .collect();
    let proxy = Proxy::before(&site, &instances);
    let mut tries = 0;
    for round in 0..24 {
        if round == 8 {
            instances.remove(1).1.kill();
        }
        let (id, code) = (id(), site.new_code());
        let body = verification(("a_number", A_NUMBER), &code).to_string().into_bytes();
        let path = format!("/kiosk/v1/verifications/{id}");
        let mut answer = None;
        // A connection each: they are spread over the instances.
        for _ in 0..3 {
            let client = Client::new(crate::support::http(kiosk.tls(&[&rustls::version::TLS13])), proxy.kiosk_port);
            tries += 1;
            answer = client.try_call(reqwest::Method::PUT, &path, &[], body.clone()).await.ok();
            if answer.as_ref().is_some_and(|answer| answer.status == 200) {
                break;
            }
        }
        assert_eq!(answer.expect("an answer within three tries").result(), "verified", "round {round}");
    }
    println!("behind HAProxy: 24 redemptions, {tries} tries, one of three instances killed");
    site.cli(&["audit", "verify"]);
}
