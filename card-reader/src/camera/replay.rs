//! Pictures in place of a camera, for tests and the demo: what lies under it is a file that is put there and taken
//! away while it runs.

use super::{FrameSource, Layout, Picture, SourceError};
use crate::clock::now;
use crate::reader::Fault;
use image::{ImageReader, RgbImage};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Names looked for in a folder, the first one counts.
const CURRENT: [&str; 3] = ["current.png", "current.jpg", "current.jpeg"];
/// Without one of them: a folder of pictures, shown one after the other in the order of their names, over and over.
const SEQUENCE: &str = "current";
/// What an empty tray looks like.
const TRAY: (u32, u32, u8) = (1280, 960, 70);
/// No sensor gives the same picture twice, and a watchdog knows it: one patch is brightened by a trace each time.
const PATCH: u32 = 32;

/// See [`crate::reader::CameraSource::Replay`].
pub struct Replay {
    path: PathBuf,
    pause: Duration,
    next_at: Option<Instant>,
    shown: Option<(Stamp, RgbImage)>,
    count: u32,
}

/// Tells one file from another that took its place.
#[derive(PartialEq, Eq)]
struct Stamp {
    file: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Replay {
    /// `path` is a picture, or a folder in which `current.png` is looked for, or a folder `current` of pictures;
    /// neither must exist yet.
    #[must_use]
    pub fn new(path: PathBuf, frames_per_second: u32) -> Self {
        let pause = Duration::from_secs(1) / frames_per_second.clamp(1, 60);
        Self { path, pause, next_at: None, shown: None, count: 0 }
    }

    fn refresh(&mut self) {
        let stamp = if self.path.is_dir() {
            let single = CURRENT.iter().find_map(|name| Stamp::of(&self.path.join(name)));
            single.or_else(|| Stamp::of(&self.nth(&self.path.join(SEQUENCE))?))
        } else {
            Stamp::of(&self.path)
        };
        match stamp {
            None => self.shown = None,
            Some(stamp) if self.shown.as_ref().is_some_and(|(shown, _)| *shown == stamp) => {}
            Some(stamp) => match decode(&stamp.file) {
                Ok(picture) => self.shown = Some((stamp, picture)),
                Err(error) => {
                    tracing::warn!(file = %stamp.file.display(), %error, "not a picture; the tray stays empty");
                    let (width, height, grey) = TRAY;
                    self.shown = Some((stamp, RgbImage::from_pixel(width, height, image::Rgb([grey; 3]))));
                }
            },
        }
    }

    /// The picture of a sequence whose turn it is.
    fn nth(&self, folder: &Path) -> Option<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let turn = self.count as usize % files.len().max(1);
        files.into_iter().nth(turn)
    }

    fn wait(&mut self) {
        let due = self.next_at.unwrap_or_else(now);
        loop {
            let left = due.saturating_duration_since(now());
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
        self.next_at = Some(now() + self.pause);
    }
}

impl FrameSource for Replay {
    fn next(&mut self) -> Result<Picture, SourceError> {
        self.wait();
        self.refresh();
        self.count = self.count.wrapping_add(1);
        let (width, height, grey) = TRAY;
        let mut picture = match &self.shown {
            Some((_, picture)) => picture.clone(),
            None => RgbImage::from_pixel(width, height, image::Rgb([grey; 3])),
        };
        let (width, height) = picture.dimensions();
        let (left, top) = ((self.count * 7) % width.max(1), (self.count * 13) % height.max(1));
        for y in top..(top + PATCH).min(height) {
            for x in left..(left + PATCH).min(width) {
                picture.get_pixel_mut(x, y).0 = picture.get_pixel(x, y).0.map(|part| part.saturating_add(2));
            }
        }
        Picture::new(width as usize, height as usize, Layout::Rgb, picture.into_raw())
            .ok_or_else(|| SourceError::new(Fault::Unsupported, "the picture is empty or larger than 40 megapixels"))
    }

    fn facts(&self) -> String {
        format!("replay of {}, {} frames a second", self.path.display(), 1000 / self.pause.as_millis().max(1))
    }

    fn name(&self) -> String {
        "replay".to_owned()
    }
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let facts = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
        Some(Self {
            file: file.to_owned(),
            modified: facts.modified().ok(),
            length: facts.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&facts),
        })
    }
}

fn decode(file: &Path) -> Result<RgbImage, image::ImageError> {
    let mut reader = ImageReader::open(file)?.with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(256 << 20);
    reader.limits(limits);
    Ok(reader.decode()?.into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::{FrameSource, Replay, TRAY};

    #[test]
    fn the_tray_is_empty_until_a_picture_is_put_there_and_again_after_it_was_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut camera = Replay::new(folder.path().to_owned(), 60);
        assert_eq!(camera.next().unwrap().size(), (TRAY.0 as usize, TRAY.1 as usize));

        let current = folder.path().join("current.png");
        image::RgbImage::new(320, 200).save(folder.path().join("fresh.png")).unwrap();
        std::fs::rename(folder.path().join("fresh.png"), &current).unwrap();
        assert_eq!(camera.next().unwrap().size(), (320, 200));

        image::RgbImage::new(100, 50).save(&current).unwrap();
        assert_eq!(camera.next().unwrap().size(), (100, 50));
        std::fs::write(&current, b"no picture").unwrap();
        assert_eq!(camera.next().unwrap().size(), (TRAY.0 as usize, TRAY.1 as usize));
        std::fs::remove_file(&current).unwrap();
        assert_eq!(camera.next().unwrap().size(), (TRAY.0 as usize, TRAY.1 as usize));
    }

    #[test]
    fn a_folder_of_pictures_is_played_in_order_over_and_over() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("fresh");
        std::fs::create_dir(&fresh).unwrap();
        for side in [30, 31, 32] {
            image::RgbImage::new(side, side).save(fresh.join(format!("{side}.png"))).unwrap();
        }
        std::fs::rename(&fresh, folder.path().join("current")).unwrap();
        let mut camera = Replay::new(folder.path().to_owned(), 60);
        let sides: Vec<usize> = (0..6).map(|_| camera.next().unwrap().size().0).collect();
        assert_eq!(sides, [30, 31, 32, 30, 31, 32]);
    }
}
