//! The pictures of a demo: numbered in the order in which they were taken.

use crate::display::Screen;
use crate::harness::{OrTrouble, Outcome};
use std::path::{Path, PathBuf};

pub struct Album {
    folder: PathBuf,
    taken: usize,
}

impl Album {
    /// An empty one; pictures of an earlier demo are removed.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn open(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder).or_trouble(|| format!("{} not made", folder.display()))?;
        for entry in std::fs::read_dir(folder).or_trouble(|| format!("{} not read", folder.display()))?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "png") {
                std::fs::remove_file(&path).or_trouble(|| format!("{} not removed", path.display()))?;
            }
        }
        Ok(Self { folder: folder.to_owned(), taken: 0 })
    }

    /// Keeps what the screen shows once it is quiet: `07-complete.png`.
    ///
    /// # Errors
    /// The screen is gone or does not come to rest, or the file cannot be written.
    pub fn take(&mut self, screen: &Screen, name: &str) -> Outcome {
        self.taken += 1;
        screen.settled()?.save(&self.folder.join(format!("{:02}-{name}.png", self.taken)))
    }
}
