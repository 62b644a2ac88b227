//! What the replayed camera sees: an empty tray, or a picture laid into it.

use super::{OrTrouble, Outcome};
use image::{GrayImage, Luma};
use std::path::{Path, PathBuf};

/// The folder that the kiosk's replayed camera looks at.
pub struct Tray {
    pub folder: PathBuf,
}

/// A camera's usual size.
const SIZE: (u32, u32) = (1280, 960);

impl Tray {
    /// An empty one.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder).or_trouble(|| format!("{} not made", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Shows a picture to the camera.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn show(&self, picture: &GrayImage) -> Outcome {
        // Renamed into place, so that no half-written picture is seen.
        let fresh = self.folder.join("next.png");
        picture.save(&fresh).or_trouble(|| format!("{} not written", fresh.display()))?;
        std::fs::rename(&fresh, self.current()).or_trouble(|| "the picture was not shown")
    }

    /// Shows a QR of `text`, as on a slip of paper.
    ///
    /// # Errors
    /// The text does not fit into a QR; or as [`Tray::show`].
    pub fn show_qr(&self, text: &str) -> Outcome {
        self.show(&slip(text)?)
    }

    /// Takes away what lies there.
    pub fn clear(&self) {
        let _ = std::fs::remove_file(self.current());
    }

    fn current(&self) -> PathBuf {
        self.folder.join("current.png")
    }
}

/// A camera's picture of white paper with a QR on it.
fn slip(text: &str) -> Outcome<GrayImage> {
    let code = qrcode::QrCode::new(text.as_bytes()).or_trouble(|| "no QR of this text")?;
    let side = u32::try_from(code.width()).or_trouble(|| "no QR of this size")?;
    // As large as fits with its quiet zone of four modules.
    let module = (SIZE.1 / (side + 10)).max(1);
    let (left, top) = ((SIZE.0 - side * module) / 2, (SIZE.1 - side * module) / 2);
    let colors = code.to_colors();
    Ok(GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let at = x.checked_sub(left).zip(y.checked_sub(top)).map(|(x, y)| (x / module, y / module));
        let dark = at
            .filter(|(column, row)| *column < side && *row < side)
            .is_some_and(|(column, row)| colors[(row * side + column) as usize] == qrcode::Color::Dark);
        Luma([if dark { 24 } else { 236 }])
    }))
}
