//! Pictures of documents that do not exist: made by drawing, never copied in.
//!
//! [`Specimen`] is what a document says, [`draw`] prints it on paper or plastic at some resolution ([`Print`]), and
//! [`scene::photograph`] lays it on a desk before a camera. Everyone on them is made up; states are Utopia or, in the
//! layouts of US cards, the United States with numbers that were never issued. The same seed gives the same picture.
//!
//! For measuring, tens of thousands of grey pictures are drawn fast: [`plain`] and [`harsh`] with a zone, [`zoneless`]
//! without.
//!
//! Depends on `ab_glyph`, `image` and `qrcode` only, and not on the product: what it prints is computed here, so that
//! a test that reads it back checks the product against something else.

mod canvas;
mod content;
mod face;
mod fonts;
mod harsh;
mod holder;
mod lens;
mod noise;
mod random;
pub mod scene;
mod sheet;
mod surface;
mod zone;
mod zoneless;

pub use content::Content;
pub use face::Faces;
pub use fonts::{DEFAULT_FOLDER, Fonts, MissingFont};
pub use harsh::{CONDITIONS, harsh, plain};
pub use holder::Holder;
pub use random::Random;
pub use zone::{Field, check_digit, lines};
pub use zoneless::{kinds as zoneless_kinds, zoneless};

use canvas::Canvas;
use image::{GrayImage, RgbImage};

/// A picture for measuring: [`plain`], [`harsh`] or [`zoneless`].
pub struct Picture {
    pub pixels: GrayImage,
    /// The zone's rows as printed; none on a picture without a zone.
    pub lines: Vec<String>,
    /// What is special about it.
    pub condition: &'static str,
}

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Data page of a passport: TD3, 125×88 mm.
    Passport,
    /// Front of a card with its zone: TD1, 85.6×54 mm.
    Card,
    /// Larger card: TD2, 105×74 mm.
    LargeCard,
    /// Visa of 120×80 mm: MRV-A.
    VisaA,
    /// Visa of 105×74 mm: MRV-B.
    VisaB,
    /// Back of a US permanent resident card: TD1, `C1USA`.
    ResidentCard,
    /// Back of a US employment authorization card: TD1, `IAUSA`.
    EmploymentCard,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Passport,
        Self::Card,
        Self::LargeCard,
        Self::VisaA,
        Self::VisaB,
        Self::ResidentCard,
        Self::EmploymentCard,
    ];

    /// For file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::Card => "card",
            Self::LargeCard => "large-card",
            Self::VisaA => "visa-a",
            Self::VisaB => "visa-b",
            Self::ResidentCard => "resident-card",
            Self::EmploymentCard => "employment-card",
        }
    }

    /// Width and height in millimetres.
    #[must_use]
    pub const fn size(self) -> (f32, f32) {
        match self {
            Self::Passport => (125.0, 88.0),
            Self::Card | Self::ResidentCard | Self::EmploymentCard => (85.6, 54.0),
            Self::LargeCard | Self::VisaB => (105.0, 74.0),
            Self::VisaA => (120.0, 80.0),
        }
    }

    /// From the lower edge to the middle of the zone's last row, and from row to row, in millimetres: within the
    /// tolerances of ICAO 9303-4 to -7.
    const fn rows(self) -> (f32, f32) {
        match self {
            Self::Passport | Self::LargeCard | Self::VisaA | Self::VisaB => (7.4, 6.35),
            Self::Card | Self::ResidentCard | Self::EmploymentCard => (5.6, 4.23),
        }
    }
}

/// What a document says.
#[derive(Clone, Debug)]
pub struct Specimen {
    pub kind: Kind,
    /// Rows of the zone, as printed.
    pub lines: Vec<String>,
    /// What is printed for people: label and value.
    pub fields: Vec<(String, String)>,
}

impl Specimen {
    /// A made-up holder's document.
    #[must_use]
    pub fn of(kind: Kind, holder: &Holder) -> Self {
        Self { kind, lines: zone::lines(kind, holder), fields: holder.fields(kind) }
    }

    /// A document whose zone is given; the rest of the page is made to fit.
    #[must_use]
    pub fn with_lines(kind: Kind, lines: Vec<String>, fields: Vec<(String, String)>) -> Self {
        Self { kind, lines, fields }
    }
}

/// How a document is printed and scanned.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    pub dots_per_inch: f32,
    /// Grey of paper and of ink, 0 to 255.
    pub paper: u8,
    pub ink: u8,
    /// How strongly the guilloche shows, 0 to 1.
    pub guilloche: f32,
    /// How much thicker than usual the zone's strokes are, in millimetres; may be negative.
    pub stroke: f32,
    pub seed: u64,
}

impl Default for Print {
    fn default() -> Self {
        Self { dots_per_inch: 300.0, paper: 236, ink: 28, guilloche: 0.25, stroke: 0.0, seed: 1 }
    }
}

impl Print {
    /// A print as they differ: paper, ink, guilloche and stroke at random, at the given resolution.
    #[must_use]
    pub fn varied(dots_per_inch: f32, seed: u64) -> Self {
        let mut r = Random::new(seed);
        Self {
            dots_per_inch,
            paper: r.between(205.0, 250.0) as u8,
            ink: r.between(10.0, 75.0) as u8,
            guilloche: r.between(0.0, 0.55),
            stroke: r.between(-0.05, 0.09),
            seed: seed ^ 0x5eed,
        }
    }
}

/// Prints a document; the picture ends at its edges.
#[must_use]
pub fn draw(specimen: &Specimen, fonts: &Fonts, print: &Print) -> RgbImage {
    let (width, height) = specimen.kind.size();
    let mut canvas = Canvas::new(width, height, print);
    canvas.guilloche(print);
    match specimen.kind {
        Kind::ResidentCard | Kind::EmploymentCard => back(&mut canvas, specimen, fonts),
        _ => front(&mut canvas, specimen, fonts, print),
    }
    let (last, apart) = specimen.kind.rows();
    let left = (width - specimen.lines.first().map_or(0, String::len) as f32 * zone::PITCH) / 2.0;
    for (i, line) in specimen.lines.iter().rev().enumerate() {
        canvas.row(&fonts.zone, line, left, height - last - i as f32 * apart, zone::PITCH, print);
    }
    canvas.finish()
}

/// A wallet card: a code's QR symbol and the code in groups for people (`BC1:` and the code, as the portal prints it).
#[must_use]
pub fn wallet_card(payload: &str, fonts: &Fonts, print: &Print) -> Option<RgbImage> {
    let code = qrcode::QrCode::new(payload.as_bytes()).ok()?;
    let modules = code.width();
    let colors = code.to_colors();
    let mut canvas = Canvas::new(85.6, 54.0, print);
    canvas.text(&fonts.page, "Backup code", 48.0, 16.0, 4.2, print.ink);
    let printed = payload.strip_prefix("BC1:").unwrap_or(payload);
    for (i, group) in printed.as_bytes().chunks(12).enumerate() {
        canvas.text(&fonts.zone, &String::from_utf8_lossy(group), 48.0, 24.0 + 5.0 * i as f32, 3.4, print.ink);
    }
    canvas.text(&fonts.page, "Keep it apart from your document.", 8.0, 50.5, 2.4, print.ink);
    let module = 36.0 / modules as f32;
    for y in 0..modules {
        for x in 0..modules {
            if colors[y * modules + x] == qrcode::Color::Dark {
                canvas.block(7.0 + x as f32 * module, 8.0 + y as f32 * module, module, module, print.ink);
            }
        }
    }
    Some(canvas.finish())
}

/// A page with a portrait and labelled fields.
fn front(canvas: &mut Canvas, specimen: &Specimen, fonts: &Fonts, print: &Print) {
    let (width, height) = specimen.kind.size();
    let (last, apart) = specimen.kind.rows();
    let zone_top = height - last - apart * (specimen.lines.len() as f32 - 0.2);
    let title = match specimen.kind {
        Kind::Passport => "UTOPIA   PASSPORT / PASSEPORT",
        Kind::VisaA | Kind::VisaB => "UTOPIA   VISA",
        _ => "UTOPIA   IDENTITY CARD",
    };
    canvas.text(&fonts.page, title, 0.3 * width, 0.09 * height, 3.4, print.ink);
    canvas.portrait(4.5, 0.14 * height, 0.25 * width, (zone_top - 0.17 * height).min(0.36 * width));
    let step = ((zone_top - 0.16 * height) / specimen.fields.len().max(1) as f32).min(6.5);
    for (i, (label, value)) in specimen.fields.iter().enumerate() {
        let y = 0.17 * height + i as f32 * step;
        canvas.text(&fonts.page, label, 0.33 * width, y, 0.28 * step, print.ink.saturating_add(50));
        canvas.text(&fonts.page, value, 0.33 * width, y + 0.45 * step, 0.42 * step, print.ink);
    }
}

/// The back of a US card: a stripe, a linear barcode, small print.
fn back(canvas: &mut Canvas, specimen: &Specimen, fonts: &Fonts) {
    let mut r = Random::new(
        specimen.lines.iter().flat_map(|l| l.bytes()).fold(7_u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b))),
    );
    canvas.block(0.0, 7.5, 85.6, 9.0, 40);
    let mut x = 46.0;
    while x < 81.0 {
        let wide = if r.chance(0.3) { 0.8 } else { 0.35 };
        canvas.block(x, 1.5, wide, 4.5, 35);
        x += wide + if r.chance(0.3) { 0.8 } else { 0.4 };
    }
    let form = if specimen.kind == Kind::ResidentCard { "FORM I-551" } else { "FORM I-766" };
    canvas.text(&fonts.page, "SPECIMEN: this card was never issued and proves nothing.", 4.5, 20.5, 2.0, 60);
    canvas.text(&fonts.page, form, 4.5, 24.0, 2.0, 60);
    for (i, (label, value)) in specimen.fields.iter().take(3).enumerate() {
        canvas.text(&fonts.page, &format!("{label}: {value}"), 4.5 + 27.0 * i as f32, 28.0, 2.0, 60);
    }
}
