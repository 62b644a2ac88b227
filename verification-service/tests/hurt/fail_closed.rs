//! Without a durable row there is no `verified`: the disk full, the database gone. Both heal within five seconds.

use crate::cluster::Cluster;
use crate::history::{Asked, check};
use crate::pause;
use crate::population::populate;
use crate::support::{Client, Site};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const HEALS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_verifies_nothing_and_heals() {
    let site = Site::on(false);
    site.raise_limits().set("lock_after", "100000");
    let Some(disk) = SmallDisk::at(&site.path("disk"), "16m") else {
        println!("skipped: only root may mount the small disk that this test fills");
        return;
    };
    let kiosk = site.add_kiosk("K07");
    let holders = populate(&site, 0, 60).await;
    site.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    std::fs::copy(site.path("svc/service.db"), disk.0.join("service.db")).unwrap();
    site.set("url", &format!("\"sqlite:{}\"", disk.0.join("service.db").display()));
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut asked: Vec<Asked> = holders.iter().map(|holder| Asked::new(0, holder, &holder.code)).collect();
    // Some before, the others while the disk is full: of these, none may be verified without its row.
    let (before, after) = asked.split_at_mut(10);
    all_answered(before, &client).await;
    disk.fill();
    let mut refused = 0;
    for one in after.iter_mut() {
        match one.send(&client).await {
            // A few fit into what the files had left.
            Some(bytes) => one.answered(bytes),
            None => refused += 1,
        }
    }
    assert!(refused > 0, "the disk was never full");
    disk.empty();
    heals_and_settles(after, &client).await;
    serving.kill();
    std::fs::copy(disk.0.join("service.db"), site.path("svc/service.db")).unwrap();
    for log in ["service.db-wal", "service.db-shm"] {
        let _ = std::fs::copy(disk.0.join(log), site.path("svc").join(log));
    }
    assert_eq!(check(&site, &[kiosk], &asked).await, 60);
    println!("fail closed: disk full: {refused} of 50 put off, none lost, none verified without its row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_verifies_nothing_and_heals() {
    let cluster = Cluster::start();
    let site = Site::with_database(cluster.database());
    site.raise_limits().set("lock_after", "100000");
    let kiosk = site.add_kiosk("K07");
    let holders = populate(&site, 0, 30).await;
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut asked: Vec<Asked> = holders.iter().map(|holder| Asked::new(0, holder, &holder.code)).collect();
    let (before, after) = asked.split_at_mut(10);
    all_answered(before, &client).await;
    cluster.stop();
    for one in after.iter() {
        assert!(one.send(&client).await.is_none(), "verified without a database");
    }
    cluster.resume();
    heals_and_settles(after, &client).await;
    assert_eq!(check(&site, &[kiosk], &asked).await, 30);
}

/// The database server's disk. Where it has room left it may still write; whatever it can not write was not verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_database_server_verifies_nothing_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let Some(disk) = SmallDisk::at(&folder.path().join("disk"), "160m") else {
        println!("skipped: only root may mount the small disk that this test fills");
        return;
    };
    let cluster = Cluster::below(&disk.0);
    let site = Site::with_database(cluster.database());
    site.raise_limits().set("lock_after", "100000");
    let kiosk = site.add_kiosk("K07");
    let holders = populate(&site, 0, 110).await;
    let serving = site.serve();
    let client = serving.client(&kiosk);
    let mut asked: Vec<Asked> = holders.iter().map(|holder| Asked::new(0, holder, &holder.code)).collect();
    let (before, after) = asked.split_at_mut(10);
    all_answered(before, &client).await;
    disk.fill();
    let mut refused = 0;
    for one in after.iter_mut() {
        match one.send(&client).await {
            Some(bytes) => one.answered(bytes),
            None => refused += 1,
        }
        // A few are enough: each waits for what the one before left pending.
        if refused == 10 {
            break;
        }
    }
    assert!(refused > 0, "the disk was never full");
    disk.empty();
    heals_and_settles(after, &client).await;
    assert_eq!(check(&site, &[kiosk], &asked).await, 110);
    println!("fail closed: the server's disk full: {refused} put off, none lost, none verified without its row");
}

/// Before the trouble each is answered at once.
async fn all_answered(asked: &mut [Asked], client: &Client) {
    for one in asked {
        let bytes = one.send(client).await.expect("there is no trouble yet");
        one.answered(bytes);
    }
}

/// After it the first of those that are still open is answered in time, and then all of them.
async fn heals_and_settles(asked: &mut [Asked], client: &Client) {
    heals(client, asked.iter_mut().find(|one| !one.is_answered()).unwrap()).await;
    for one in asked.iter_mut().filter(|one| !one.is_answered()) {
        let bytes = settled(one, client).await;
        one.answered(bytes);
    }
}

/// Sends until it is answered; the service must be back in time.
#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn heals(client: &Client, one: &mut Asked) {
    let begun = Instant::now();
    loop {
        if let Some(bytes) = one.send(client).await {
            println!("fail closed: healed after {} ms", begun.elapsed().as_millis());
            return one.answered(bytes);
        }
        assert!(begun.elapsed() < HEALS_WITHIN, "not healed");
        pause(20).await;
    }
}

/// What was charged while the disk was full may be pending: it is taken over after 10 s.
async fn settled(one: &Asked, client: &Client) -> Vec<u8> {
    for _ in 0..4 {
        if let Some(bytes) = one.send(client).await {
            return bytes;
        }
    }
    panic!("{} is not settled", one.id)
}

/// A small disk, until dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` without the right to mount one.
    fn at(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"])
            .arg(folder)
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
