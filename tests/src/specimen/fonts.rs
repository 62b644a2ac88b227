//! The typefaces of specimens, from Debian's packages.

use ab_glyph::FontVec;
use std::path::{Path, PathBuf};

/// Where Debian keeps fonts.
pub const DEFAULT_FOLDER: &str = "/usr/share/fonts";

/// A font file that is not there, or is none.
#[derive(Debug)]
pub struct MissingFont {
    pub file: PathBuf,
    pub package: &'static str,
    pub reason: String,
}

impl std::fmt::Display for MissingFont {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "cannot use the font {} ({}); install it with: apt-get install {}",
            self.file.display(),
            self.reason,
            self.package
        )
    }
}

impl std::error::Error for MissingFont {}

/// OCR-B for zones, a sans serif for the rest of the page.
pub struct Fonts {
    pub zone: FontVec,
    pub page: FontVec,
}

impl Fonts {
    /// From a folder laid out as [`DEFAULT_FOLDER`] is.
    ///
    /// # Errors
    /// [`MissingFont`] names the file and the package that brings it.
    pub fn load(folder: &Path) -> Result<Self, MissingFont> {
        Ok(Self {
            zone: font(folder.join("opentype/ocr-b/OCRB.otf"), "fonts-ocr-b")?,
            page: font(folder.join("truetype/dejavu/DejaVuSans.ttf"), "fonts-dejavu-core")?,
        })
    }
}

pub(super) fn font(file: PathBuf, package: &'static str) -> Result<FontVec, MissingFont> {
    match std::fs::read(&file) {
        Ok(bytes) => FontVec::try_from_vec(bytes).map_err(|e| MissingFont { file, package, reason: e.to_string() }),
        Err(e) => Err(MissingFont { file, package, reason: e.to_string() }),
    }
}
