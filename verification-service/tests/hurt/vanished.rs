//! The database's host vanishes without a word, as when its machine loses power: connections stay open and never answer again.
//! Then another host has its address.

use crate::cluster::Cluster;
use crate::history::{Asked, check};
use crate::pause;
use crate::population::populate;
use crate::support::Site;
use futures::future::join_all;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After the database can be reached again: the longest that an answer is waited for, and five seconds.
const HEALS_WITHIN: Duration = Duration::from_secs(13);

/// Forwards TCP connections to PostgreSQL's socket. A connection that was open, or was opened, while the host was away is
/// silent for ever.
struct Host {
    port: u16,
    /// Odd while it is away.
    times: Arc<AtomicU64>,
}

impl Host {
    fn before(socket: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (port, times) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let (now, socket) = (Arc::clone(&times), socket.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&socket).unwrap();
                let born = now.load(Ordering::SeqCst);
                pump(client.try_clone().unwrap(), server.try_clone().unwrap(), born, Arc::clone(&now));
                pump(server, client, born, Arc::clone(&now));
            }
        });
        Self { port, times }
    }

    fn vanishes(&self) {
        assert_eq!(self.times.fetch_add(1, Ordering::SeqCst) % 2, 0);
    }

    fn returns(&self) {
        assert_eq!(self.times.fetch_add(1, Ordering::SeqCst) % 2, 1);
    }
}

/// One direction. What comes after the host went is swallowed, and nothing is closed.
fn pump<R: Read + Send + 'static, W: Write + Send + 'static>(mut from: R, mut to: W, born: u64, now: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 16384];
        while let Ok(count) = from.read(&mut bytes) {
            let silent = born % 2 == 1 || now.load(Ordering::SeqCst) != born;
            if silent {
                // Neither an answer nor an end.
                if count == 0 {
                    std::mem::forget(to);
                    return;
                }
                continue;
            }
            if count == 0 || to.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
    });
}

/// The socket of a cluster's URL, and the URL by way of `port`.
fn by_way_of(url: &str) -> (std::path::PathBuf, impl Fn(u16) -> String + use<>) {
    let (folder, database) = url.split_once('@').unwrap().1.split_once('/').unwrap();
    let (socket, database) = (Path::new(&folder.replace("%2F", "/")).join(".s.PGSQL.5432"), database.to_owned());
    (socket, move |port| format!("postgres://service@127.0.0.1:{port}/{database}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn a_database_host_that_vanishes_verifies_nothing_and_heals() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let site = Site::with_database(url.clone());
    site.raise_limits().set("lock_after", "100000");
    let kiosk = site.add_kiosk("K07");
    let holders = populate(&site, 0, 30).await;
    let (socket, by_way_of) = by_way_of(&url);
    let host = Host::before(&socket);
    site.set("url", &format!("\"{}\"", by_way_of(host.port)));
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut asked: Vec<Asked> = holders.iter().map(|holder| Asked::new(0, holder, &holder.code)).collect();
    let (before, after) = asked.split_at_mut(10);
    for one in before {
        let bytes = one.send(&client).await.expect("there is no trouble yet");
        one.answered(bytes);
    }
    host.vanishes();
    let begun = Instant::now();
    let answers = join_all(after.iter().map(|one| one.send(&client))).await;
    assert!(answers.iter().all(Option::is_none), "verified without a database");
    assert!(begun.elapsed() < Duration::from_secs(12), "who asks is told in time: {:?}", begun.elapsed());
    host.returns();
    let begun = Instant::now();
    let first = after.first_mut().unwrap();
    loop {
        if let Some(bytes) = first.send(&client).await {
            first.answered(bytes);
            break;
        }
        assert!(begun.elapsed() < HEALS_WITHIN, "not healed");
        pause(20).await;
    }
    println!("vanished: healed after {} ms", begun.elapsed().as_millis());
    for one in after.iter_mut().skip(1) {
        let mut answer = None;
        for _ in 0..4 {
            answer = one.send(&client).await;
            if answer.is_some() {
                break;
            }
        }
        one.answered(answer.unwrap_or_else(|| panic!("{} is not settled", one.id)));
    }
    assert_eq!(check(&site, &[kiosk], &asked).await, 30);
}
