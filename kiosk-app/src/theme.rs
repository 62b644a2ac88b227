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
    ground: rgb(0xF4_F6_F9),
    bar: rgb(0xFF_FF_FF),
    card: rgb(0xFF_FF_FF),
    panel: rgb(0xEA_F1_F9),
    ink: rgb(0x0B_1F_33),
    ink_soft: rgb(0x33_47_5B),
    ink_faint: rgb(0x5A_6B_7D),
    line: rgb(0xDC_E3_EB),
    line_strong: rgb(0xB9_C5_D2),
    action: rgb(0x0A_5F_D1),
    action_pressed: rgb(0x08_4C_A8),
    on_action: rgb(0xFF_FF_FF),
    link: rgb(0x0A_5F_D1),
    pressed: rgb(0xE3_EA_F2),
    good: rgb(0x0B_7A_4B),
    good_ground: rgb(0xE6_F4_ED),
    on_good: rgb(0xFF_FF_FF),
    care: rgb(0x8A_3F_06),
    care_ground: rgb(0xFF_F8_E6),
    care_line: rgb(0xE8_B9_3C),
    care_sign: rgb(0xF3_D9_8B),
    bad: rgb(0xB3_26_1E),
    bad_ground: rgb(0xFD_EC_EA),
    bad_line: rgb(0xE2_A5_A0),
    picture_dark: rgb(0x0B_1F_33),
    picture_mid: rgb(0x8F_B1_DA),
    picture_light: rgb(0xCF_E0_F3),
    picture_accent: rgb(0x5A_AD_FA),
    picture_paper: rgb(0xFF_FF_FF),
    picture_ink: rgb(0x0B_1F_33),
};

/// Black, white, one yellow.
const HIGH: Palette = Palette {
    ground: rgb(0x00_00_00),
    bar: rgb(0x00_00_00),
    card: rgb(0x00_00_00),
    panel: rgb(0x00_00_00),
    ink: rgb(0xFF_FF_FF),
    ink_soft: rgb(0xFF_FF_FF),
    ink_faint: rgb(0xFF_FF_FF),
    line: rgb(0xFF_FF_FF),
    line_strong: rgb(0xFF_FF_FF),
    action: rgb(0xFF_E0_00),
    action_pressed: rgb(0xFF_FF_FF),
    on_action: rgb(0x00_00_00),
    link: rgb(0xFF_E0_00),
    pressed: rgb(0x55_55_55),
    good: rgb(0xFF_FF_FF),
    good_ground: rgb(0x00_00_00),
    on_good: rgb(0x00_00_00),
    care: rgb(0xFF_E0_00),
    care_ground: rgb(0x00_00_00),
    care_line: rgb(0xFF_E0_00),
    care_sign: rgb(0x00_00_00),
    bad: rgb(0xFF_E0_00),
    bad_ground: rgb(0x00_00_00),
    bad_line: rgb(0xFF_E0_00),
    picture_dark: rgb(0x00_00_00),
    picture_mid: rgb(0xFF_FF_FF),
    picture_light: rgb(0x00_00_00),
    picture_accent: rgb(0xFF_E0_00),
    picture_paper: rgb(0x00_00_00),
    picture_ink: rgb(0xFF_FF_FF),
};

/// For eyes that glare hurts: warm dark grey, so that it is not mistaken for a staff screen.
const DARK: Palette = Palette {
    ground: rgb(0x1B_1B_1D),
    bar: rgb(0x24_24_27),
    card: rgb(0x2A_2A_2E),
    panel: rgb(0x24_24_27),
    ink: rgb(0xF5_F3_EE),
    ink_soft: rgb(0xD6_D3_CB),
    ink_faint: rgb(0xAF_AC_A5),
    line: rgb(0x41_41_46),
    line_strong: rgb(0x6B_6B_72),
    action: rgb(0x8A_BE_FF),
    action_pressed: rgb(0xBF_DC_FF),
    on_action: rgb(0x0B_1F_33),
    link: rgb(0x8A_BE_FF),
    pressed: rgb(0x3A_3A_40),
    good: rgb(0x6F_D6_A4),
    good_ground: rgb(0x1E_33_29),
    on_good: rgb(0x0B_24_18),
    care: rgb(0xFF_CE_7A),
    care_ground: rgb(0x36_2B_17),
    care_line: rgb(0x8C_6A_24),
    care_sign: rgb(0x5C_45_16),
    bad: rgb(0xFF_A8_A0),
    bad_ground: rgb(0x3B_1E_1C),
    bad_line: rgb(0x8A_40_3A),
    picture_dark: rgb(0x0C_0C_0D),
    picture_mid: rgb(0x7C_9C_C4),
    picture_light: rgb(0x3D_4B_5E),
    picture_accent: rgb(0x8A_BE_FF),
    picture_paper: rgb(0xF5_F3_EE),
    picture_ink: rgb(0x1B_1B_1D),
};

/// Officers and technicians: dark blue, so that nobody mistakes whose turn it is.
pub const STAFF: Palette = Palette {
    ground: rgb(0x0E_16_21),
    bar: rgb(0x13_1F_2E),
    card: rgb(0x13_1F_2E),
    panel: rgb(0x13_1F_2E),
    ink: rgb(0xF2_F6_FA),
    ink_soft: rgb(0xC6_D3_E0),
    ink_faint: rgb(0x9D_B0_C3),
    line: rgb(0x22_34_4A),
    line_strong: rgb(0x37_51_6E),
    action: rgb(0x0A_5F_D1),
    action_pressed: rgb(0x08_4C_A8),
    on_action: rgb(0xFF_FF_FF),
    link: rgb(0x8F_C2_FF),
    pressed: rgb(0x25_3A_52),
    good: rgb(0x7F_D6_BE),
    good_ground: rgb(0x12_2E_2C),
    on_good: rgb(0x0E_16_21),
    care: rgb(0xF5_BF_63),
    care_ground: rgb(0x33_27_13),
    care_line: rgb(0x7A_5A_1E),
    care_sign: rgb(0x55_40_17),
    bad: rgb(0xF5_A3_9B),
    bad_ground: rgb(0x3A_1C_1C),
    bad_line: rgb(0x7E_3B_1F),
    picture_dark: rgb(0x07_0D_15),
    picture_mid: rgb(0x5D_80_A8),
    picture_light: rgb(0x24_3B_55),
    picture_accent: rgb(0x5A_AD_FA),
    picture_paper: rgb(0xE6_EE_F6),
    picture_ink: rgb(0x0E_16_21),
};

/// Attract and OutOfService: the deep blue that calls from across the hall.
pub const NIGHT: Palette = Palette {
    ground: rgb(0x0A_1F_36),
    bar: rgb(0x0A_1F_36),
    ink: rgb(0xFF_FF_FF),
    ink_soft: rgb(0xBF_D6_EE),
    ink_faint: rgb(0xBF_D6_EE),
    picture_dark: rgb(0x05_12_1F),
    picture_mid: rgb(0x7F_A3_CC),
    picture_light: rgb(0xC4_D8_EE),
    picture_accent: rgb(0x7F_B2_E8),
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
