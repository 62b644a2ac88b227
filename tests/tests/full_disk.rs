//! A journal without room: no visit is taken that cannot be written down, and the kiosk heals by itself.

use kiosk_tests::harness::post::{Options, Post, SOON};
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk of eight megabytes, until dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` without the right to mount one.
    fn at(folder: &Path) -> Outcome<Option<Self>> {
        std::fs::create_dir_all(folder).or_trouble(|| "no folder")?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder).output();
        let mounted = mounted.or_trouble(|| "no mount command")?.status.success();
        Ok(mounted.then(|| Self(folder.to_owned())))
    }

    /// Leaves no byte free.
    fn fill(&self) -> Outcome {
        use std::io::Write;
        let mut file = std::fs::File::create(self.0.join("filler")).or_trouble(|| "no filler")?;
        let block = [0_u8; 4096];
        while file.write_all(&block).is_ok() {}
        Ok(())
    }

    fn empty(&self) -> Outcome {
        std::fs::remove_file(self.0.join("filler")).or_trouble(|| "the filler stays")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_closes_the_kiosk_until_there_is_room_again() -> Outcome {
    let site = kiosk_tests::harness::post::Site::make(&Options::default())?;
    let Some(disk) = SmallDisk::at(&site.setup.journal())? else {
        println!("skipped: only root may mount the small disk that this test fills");
        return Ok(());
    };
    let mut post: Post = site.open()?;
    // Already there; the journal's own reserve takes the last words.
    disk.fill()?;
    // What is left of the file's last block takes a few more lines.
    for _ in 0..40 {
        if post.kiosk.state().mode == "OutOfService" || post.hand()?.press("attract-title").is_err() {
            break;
        }
        if post.hand()?.press("start-over").is_err() {
            break;
        }
    }
    post.kiosk.wait("out of service", SOON, |now| now.mode == "OutOfService" && now.visit.is_none())?;
    disk.empty()?;
    post.kiosk.attract(SOON)?;
    post.begin("en")?;
    let entries = post.kiosk.journal()?;
    ensure(entries.iter().any(|entry| entry["event"] == "out_of_service"), || "the journal does not say why")?;
    // Whatever the disk had room for, no visit but the one just begun is without its end.
    let of = |events: &[&str]| -> Vec<String> {
        let told = entries.iter().filter(|entry| events.iter().any(|event| entry["event"] == *event));
        told.filter_map(|entry| entry["visit"].as_str().map(str::to_owned)).collect()
    };
    let ended = of(&["visit_ended", "visit_aborted", "visit_timed_out"]);
    let open = of(&["visit_started"]).into_iter().filter(|visit| !ended.contains(visit)).count();
    ensure(open == 1, || format!("{open} visits without an end"))
}
