//! The look: colours, type, sizes and fonts. One design unit is one pixel of the 21.5" panel (0.248 mm), so every size
//! is a size in millimetres whatever the panel.

use crate::session::state::{Contrast, TextSize};
use iced::advanced::graphics::text::cosmic_text::{self, fontdb};
use iced::advanced::graphics::text::font_system;
use iced::font::Weight;
use iced::{Color, Font};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Millimetres of a design unit.
pub const UNIT_MM: f32 = 0.248;
/// The panel that the screens are drawn for, in design units.
pub const PANEL: (f32, f32) = (1080.0, 1920.0);
/// The least side of a touch target (ergonomics of standing users at a kiosk: 20 mm).
pub const TARGET_MM: f32 = 20.0;

/// The text face.
pub const SANS: Font = Font::with_name("Noto Sans");
/// The text face, bold.
pub const BOLD: Font = Font { weight: Weight::Bold, ..SANS };
/// The face of zones and codes.
pub const MONO: Font = Font::with_name("Noto Sans Mono");

/// The kinds of text; [`Type::units`] is the size at normal text size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// The one question of a screen.
    Title,
    /// A sheet's or a staff page's heading.
    Heading,
    /// The line of help under the title, and what is read at leisure.
    Body,
    /// Body text that carries weight.
    Strong,
    /// Button faces.
    Button,
    /// Captions; its capital I is at least 4.8 mm high.
    Small,
    /// Captions that carry weight.
    SmallStrong,
    /// Keys of the keypad and typed characters.
    Key,
    /// A reference or number to be read across a desk.
    Large,
    /// Rows of a zone.
    Mono,
}

impl Type {
    const fn units(self) -> f32 {
        match self {
            Self::Title => 68.0,
            Self::Heading => 48.0,
            Self::Body | Self::Strong => 38.0,
            Self::Button => 36.0,
            Self::Small | Self::SmallStrong => 29.0,
            Self::Key => 46.0,
            Self::Large => 64.0,
            Self::Mono => 44.0,
        }
    }

    /// How far it grows with the text size: what is large already grows less.
    const fn growth(self, size: TextSize) -> f32 {
        match (self, size) {
            (_, TextSize::Normal) | (Self::Mono, _) => 1.0,
            (Self::Title | Self::Large, TextSize::Large) => 1.08,
            (Self::Title | Self::Large, TextSize::Largest) => 1.15,
            (Self::Key | Self::Button, TextSize::Large) => 1.1,
            (Self::Key | Self::Button, TextSize::Largest) => 1.2,
            (_, TextSize::Large) => 1.18,
            (_, TextSize::Largest) => 1.35,
        }
    }

    /// Size in design units.
    #[must_use]
    pub fn size(self, size: TextSize) -> f32 {
        self.units() * self.growth(size)
    }

    #[must_use]
    pub const fn font(self) -> Font {
        match self {
            Self::Title | Self::Heading | Self::Strong | Self::Button | Self::SmallStrong | Self::Key | Self::Large => {
                BOLD
            }
            Self::Body | Self::Small => SANS,
            Self::Mono => MONO,
        }
    }
}

/// Colours by what they are for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    pub ground: Color,
    /// The header and the sheets.
    pub bar: Color,
    pub card: Color,
    /// Behind a picture.
    pub panel: Color,
    pub ink: Color,
    pub ink_soft: Color,
    pub ink_faint: Color,
    pub line: Color,
    pub line_strong: Color,
    pub action: Color,
    pub action_pressed: Color,
    pub on_action: Color,
    /// Words that act, on the ground.
    pub link: Color,
    pub pressed: Color,
    pub good: Color,
    pub good_ground: Color,
    pub on_good: Color,
    pub care: Color,
    pub care_ground: Color,
    pub care_line: Color,
    pub care_sign: Color,
    pub bad: Color,
    pub bad_ground: Color,
    pub bad_line: Color,
    /// Body of the drawn reader and other dark shapes.
    pub picture_dark: Color,
    pub picture_mid: Color,
    pub picture_light: Color,
    pub picture_accent: Color,
    pub picture_paper: Color,
    pub picture_ink: Color,
}

const fn rgb(hex: u32) -> Color {
    #[expect(clippy::cast_possible_truncation, reason = "three bytes of a colour")]
    Color::from_rgb8((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The traveler's colours.
const NORMAL: Palette = Palette {
    ground: rgb(0xF4F6F9),
    bar: rgb(0xFFFFFF),
    card: rgb(0xFFFFFF),
    panel: rgb(0xEAF1F9),
    ink: rgb(0x0B1F33),
    ink_soft: rgb(0x33475B),
    ink_faint: rgb(0x5A6B7D),
    line: rgb(0xDCE3EB),
    line_strong: rgb(0xB9C5D2),
    action: rgb(0x0A5FD1),
    action_pressed: rgb(0x084CA8),
    on_action: rgb(0xFFFFFF),
    link: rgb(0x0A5FD1),
    pressed: rgb(0xE3EAF2),
    good: rgb(0x0B7A4B),
    good_ground: rgb(0xE6F4ED),
    on_good: rgb(0xFFFFFF),
    care: rgb(0x8A3F06),
    care_ground: rgb(0xFFF8E6),
    care_line: rgb(0xE8B93C),
    care_sign: rgb(0xF3D98B),
    bad: rgb(0xB3261E),
    bad_ground: rgb(0xFDECEA),
    bad_line: rgb(0xE2A5A0),
    picture_dark: rgb(0x0B1F33),
    picture_mid: rgb(0x8FB1DA),
    picture_light: rgb(0xCFE0F3),
    picture_accent: rgb(0x5AADFA),
    picture_paper: rgb(0xFFFFFF),
    picture_ink: rgb(0x0B1F33),
};

/// Black, white, one yellow.
const HIGH: Palette = Palette {
    ground: rgb(0x000000),
    bar: rgb(0x000000),
    card: rgb(0x000000),
    panel: rgb(0x000000),
    ink: rgb(0xFFFFFF),
    ink_soft: rgb(0xFFFFFF),
    ink_faint: rgb(0xFFFFFF),
    line: rgb(0xFFFFFF),
    line_strong: rgb(0xFFFFFF),
    action: rgb(0xFFE000),
    action_pressed: rgb(0xFFFFFF),
    on_action: rgb(0x000000),
    link: rgb(0xFFE000),
    pressed: rgb(0x555555),
    good: rgb(0xFFFFFF),
    good_ground: rgb(0x000000),
    on_good: rgb(0x000000),
    care: rgb(0xFFE000),
    care_ground: rgb(0x000000),
    care_line: rgb(0xFFE000),
    care_sign: rgb(0x000000),
    bad: rgb(0xFFE000),
    bad_ground: rgb(0x000000),
    bad_line: rgb(0xFFE000),
    picture_dark: rgb(0x000000),
    picture_mid: rgb(0xFFFFFF),
    picture_light: rgb(0x000000),
    picture_accent: rgb(0xFFE000),
    picture_paper: rgb(0x000000),
    picture_ink: rgb(0xFFFFFF),
};

/// For eyes that glare hurts: warm dark grey, so that it is not mistaken for a staff screen.
const DARK: Palette = Palette {
    ground: rgb(0x1B1B1D),
    bar: rgb(0x242427),
    card: rgb(0x2A2A2E),
    panel: rgb(0x242427),
    ink: rgb(0xF5F3EE),
    ink_soft: rgb(0xD6D3CB),
    ink_faint: rgb(0xAFACA5),
    line: rgb(0x414146),
    line_strong: rgb(0x6B6B72),
    action: rgb(0x8ABEFF),
    action_pressed: rgb(0xBFDCFF),
    on_action: rgb(0x0B1F33),
    link: rgb(0x8ABEFF),
    pressed: rgb(0x3A3A40),
    good: rgb(0x6FD6A4),
    good_ground: rgb(0x1E3329),
    on_good: rgb(0x0B2418),
    care: rgb(0xFFCE7A),
    care_ground: rgb(0x362B17),
    care_line: rgb(0x8C6A24),
    care_sign: rgb(0x5C4516),
    bad: rgb(0xFFA8A0),
    bad_ground: rgb(0x3B1E1C),
    bad_line: rgb(0x8A403A),
    picture_dark: rgb(0x0C0C0D),
    picture_mid: rgb(0x7C9CC4),
    picture_light: rgb(0x3D4B5E),
    picture_accent: rgb(0x8ABEFF),
    picture_paper: rgb(0xF5F3EE),
    picture_ink: rgb(0x1B1B1D),
};

/// Officers and technicians: dark blue, so that nobody mistakes whose turn it is.
pub const STAFF: Palette = Palette {
    ground: rgb(0x0E1621),
    bar: rgb(0x131F2E),
    card: rgb(0x131F2E),
    panel: rgb(0x131F2E),
    ink: rgb(0xF2F6FA),
    ink_soft: rgb(0xC6D3E0),
    ink_faint: rgb(0x9DB0C3),
    line: rgb(0x22344A),
    line_strong: rgb(0x37516E),
    action: rgb(0x0A5FD1),
    action_pressed: rgb(0x084CA8),
    on_action: rgb(0xFFFFFF),
    link: rgb(0x8FC2FF),
    pressed: rgb(0x253A52),
    good: rgb(0x7FD6BE),
    good_ground: rgb(0x122E2C),
    on_good: rgb(0x0E1621),
    care: rgb(0xF5BF63),
    care_ground: rgb(0x332713),
    care_line: rgb(0x7A5A1E),
    care_sign: rgb(0x554017),
    bad: rgb(0xF5A39B),
    bad_ground: rgb(0x3A1C1C),
    bad_line: rgb(0x7E3B1F),
    picture_dark: rgb(0x070D15),
    picture_mid: rgb(0x5D80A8),
    picture_light: rgb(0x243B55),
    picture_accent: rgb(0x5AADFA),
    picture_paper: rgb(0xE6EEF6),
    picture_ink: rgb(0x0E1621),
};

/// Attract and OutOfService: the deep blue that calls from across the hall.
pub const NIGHT: Palette = Palette {
    ground: rgb(0x0A1F36),
    bar: rgb(0x0A1F36),
    ink: rgb(0xFFFFFF),
    ink_soft: rgb(0xBFD6EE),
    ink_faint: rgb(0xBFD6EE),
    picture_dark: rgb(0x05121F),
    picture_mid: rgb(0x7FA3CC),
    picture_light: rgb(0xC4D8EE),
    picture_accent: rgb(0x7FB2E8),
    ..NORMAL
};

/// The colours of a traveler's screens.
#[must_use]
pub const fn traveler(contrast: Contrast) -> Palette {
    match contrast {
        Contrast::Normal => NORMAL,
        Contrast::High => HIGH,
        Contrast::Dark => DARK,
    }
}

/// A face that the screens need is not there.
#[derive(Debug, thiserror::Error)]
pub enum FontMissing {
    #[error("font file {} cannot be read ({why}); install the Debian package {package}, or name another file under [fonts] in kiosk.toml", file.display())]
    Unreadable { file: PathBuf, why: std::io::Error, package: &'static str },
    #[error("{} holds no font; install the Debian package {package} again", file.display())]
    NotAFont { file: PathBuf, package: &'static str },
    #[error(
        "none of the configured fonts is {family}; add the files of the Debian package {package} under [fonts] in kiosk.toml"
    )]
    FamilyMissing { family: &'static str, package: &'static str },
}

/// Where Debian keeps the faces that the screens need.
pub const DEBIAN_FONTS: [&str; 4] = [
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansMono-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansMono-Bold.ttf",
];

/// Replaces the program's fonts by exactly these files, so that the same words give the same pixels on every machine
/// and no start scans the system's fonts for a match.
///
/// # Errors
/// A file that is missing or is no font, or a family that no file provides, with the package that has it.
pub fn load_fonts<P: AsRef<Path>>(files: &[P]) -> Result<(), FontMissing> {
    let mut faces = fontdb::Database::new();
    for file in files {
        let file = file.as_ref();
        let bytes = std::fs::read(file).map_err(|why| FontMissing::Unreadable {
            file: file.to_owned(),
            why,
            package: package(file),
        })?;
        if faces.load_font_source(fontdb::Source::Binary(Arc::new(bytes))).is_empty() {
            return Err(FontMissing::NotAFont { file: file.to_owned(), package: package(file) });
        }
    }
    for (family, package) in [("Noto Sans", "fonts-noto-core"), ("Noto Sans Mono", "fonts-noto-mono")] {
        if !faces.faces().any(|face| face.families.iter().any(|(name, _)| name == family)) {
            return Err(FontMissing::FamilyMissing { family, package });
        }
    }
    faces.set_sans_serif_family("Noto Sans");
    faces.set_monospace_family("Noto Sans Mono");
    let mut system = font_system().write().unwrap_or_else(std::sync::PoisonError::into_inner);
    *system.raw() = cosmic_text::FontSystem::new_with_locale_and_db("en-US".to_owned(), faces);
    Ok(())
}

fn package(file: &Path) -> &'static str {
    if file.to_string_lossy().contains("Mono") { "fonts-noto-mono" } else { "fonts-noto-core" }
}
