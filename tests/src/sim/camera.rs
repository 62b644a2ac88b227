//! What lies under a camera that is not there: a folder whose `current.png` the kiosk's replay camera looks at
//! (`[camera] replay = "DIR"`).

use image::DynamicImage;
use std::io;
use std::path::{Path, PathBuf};

/// The tray of a replay camera, in this process or another.
#[derive(Clone, Debug)]
pub struct Tray {
    folder: PathBuf,
}

impl Tray {
    /// Makes `folder` if it is not there. The tray is left as it is.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder to configure as the camera's `replay`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Puts a picture under the camera, all at once.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, picture: &DynamicImage) -> io::Result<()> {
        let fresh = self.folder.join("coming.png");
        picture.save(&fresh).map_err(io::Error::other)?;
        std::fs::rename(fresh, self.current())
    }

    /// Puts a picture file under the camera.
    ///
    /// # Errors
    /// If it is no picture, or cannot be written.
    pub fn put_file(&self, file: &Path) -> io::Result<()> {
        self.put(&image::open(file).map_err(io::Error::other)?)
    }

    /// Takes away what lies there.
    ///
    /// # Errors
    /// If it cannot be removed; that nothing lies there is none.
    pub fn clear(&self) -> io::Result<()> {
        match std::fs::remove_file(self.current()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn current(&self) -> PathBuf {
        self.folder.join("current.png")
    }
}
