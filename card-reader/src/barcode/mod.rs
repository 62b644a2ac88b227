//! Barcodes: rxing behind region proposals, and what the payloads are.
//!
//! The decoder is called in one way only: grey pixels, hybrid binarizer, one reader after the other in a fixed order,
//! never "try harder", never all formats at once: that is what keeps it fast and free of phantom reads
//! (`docs/barcodes.md`). It is other people's code fed with hostile pictures, so a panic is caught here. Callers that must
//! answer in time run it in a worker thread.

pub mod aamva;
mod aztec;
pub mod bcbp;
mod binary;
mod codewords;
mod kind;
mod region;
#[cfg(test)]
mod tests;

pub use kind::Kind;

use crate::ocr::{LumaImage, Point, Quad};
use aamva::Licence;
use binary::{Binary, turns_of_pdf417};
use region::{Crop, Region, Shape};
use rxing::common::HybridBinarizer;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Luma8Source, RXingResult, Reader};
use rxing::{RXingResultMetadataType, RXingResultMetadataValue};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use verification_api::personal::PersonalText;
use zeroize::Zeroizing;

/// The symbologies that documents carry; [`Symbology::name`] is the word in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    Pdf417,
    Qr,
    DataMatrix,
    Aztec,
    Code128,
    Code39,
}

impl Symbology {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf417 => "PDF417",
            Self::Qr => "QR",
            Self::DataMatrix => "DataMatrix",
            Self::Aztec => "Aztec",
            Self::Code128 => "Code128",
            Self::Code39 => "Code39",
        }
    }

    const fn of(format: &BarcodeFormat) -> Option<Self> {
        match format {
            BarcodeFormat::PDF_417 => Some(Self::Pdf417),
            BarcodeFormat::QR_CODE => Some(Self::Qr),
            BarcodeFormat::DATA_MATRIX => Some(Self::DataMatrix),
            BarcodeFormat::AZTEC => Some(Self::Aztec),
            BarcodeFormat::CODE_128 => Some(Self::Code128),
            BarcodeFormat::CODE_39 => Some(Self::Code39),
            _ => None,
        }
    }

    const fn is_linear(self) -> bool {
        matches!(self, Self::Code128 | Self::Code39)
    }
}

/// One barcode as decoded.
#[derive(Clone)]
pub struct Barcode {
    pub symbology: Symbology,
    pub kind: Kind,
    /// Zeroed on drop.
    pub payload: Zeroizing<Vec<u8>>,
    /// Around what was decoded, in pixels of the picture.
    pub quad: Quad,
}

impl Barcode {
    /// The licence in it, if it is one.
    #[must_use]
    pub fn licence(&self) -> Option<Licence> {
        if self.kind == Kind::Aamva { Licence::parse(&self.payload).ok() } else { None }
    }

    /// The payload as text; `None` if it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<PersonalText> {
        std::str::from_utf8(&self.payload).ok().map(PersonalText::from)
    }

    /// The bytes of a seal. Some writers put them into the symbol as text: each byte a character, in UTF-8.
    #[must_use]
    pub fn seal_bytes(&self) -> Zeroizing<Vec<u8>> {
        kind::latin_1(&self.payload).unwrap_or_else(|| self.payload.clone())
    }

    /// What an officer's or a technician's sign-in takes: a whole `TC1:` text, or a badge's number (a short printable
    /// text in a linear code or a QR that is nothing else we know).
    #[must_use]
    pub fn staff(&self) -> Option<PersonalText> {
        let text = self.text()?;
        let badge = self.kind == Kind::Other
            && (self.symbology.is_linear() || self.symbology == Symbology::Qr)
            && text.expose(|t| (1..=32).contains(&t.len()) && t.bytes().all(|c| c.is_ascii_graphic()));
        (badge || self.kind == Kind::Technician).then_some(text)
    }
}

/// How much to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A camera frame: proposals only, within a pixel budget.
    Frame,
    /// Every few frames: proposals, then the frame as a whole.
    FullFrame,
    /// A still that is looked at once: more proposals, larger crops, the whole picture.
    Still,
}

impl Effort {
    const fn regions(self) -> usize {
        match self {
            Self::Frame => 3,
            Self::FullFrame => 4,
            Self::Still => 8,
        }
    }

    /// Pixels of all crops of one picture together.
    const fn crop_pixels(self) -> usize {
        match self {
            Self::Frame => 2_500_000,
            Self::FullFrame => 4_000_000,
            Self::Still => 24_000_000,
        }
    }
}

/// One way to look at a region: how large, and whether its edges are steepened.
#[derive(Clone, Copy)]
struct Look {
    scale: f32,
    sharpened: bool,
}

/// In this order, cheap ones first.
const LOOKS: [Look; 5] = [
    Look { scale: 1.0, sharpened: false },
    Look { scale: 1.5, sharpened: true },
    Look { scale: 2.0, sharpened: false },
    Look { scale: 2.0, sharpened: true },
    Look { scale: 3.0, sharpened: false },
];

/// A square region with a longer side, in pixels, is made so small first.
const LARGE_SQUARE: f32 = 500.0;

/// The picture as a whole is looked at with at most so many pixels along its longer side.
const WHOLE_SIDE: usize = 2_000;

/// Longest payload taken from any code, in bytes. The largest QR of digits holds more; no document does.
pub const MAX_PAYLOAD: usize = 4 * 1024;

/// All barcodes found, each once.
#[must_use]
pub fn read(picture: &LumaImage, effort: Effort) -> Vec<Barcode> {
    let mut found: Vec<Barcode> = Vec::new();
    let shaped = picture.width > 0 && picture.width.checked_mul(picture.height) == Some(picture.pixels.len());
    if !shaped {
        return found;
    }
    let mut budget = effort.crop_pixels();
    let mut regions = region::propose(picture, effort.regions());
    // All regions in one way before any in the next: a paragraph must not eat up the budget of the code beside it.
    for look in LOOKS {
        regions.retain(|region| {
            let known = found.iter().any(|barcode| contains(&barcode.quad, region.centre));
            !known && !found_in_region(picture, region, look, effort, &mut budget, &mut found)
        });
    }
    if effort != Effort::Frame {
        // Codes so large that they fill the picture; fine detail is the proposals' business.
        let factor = picture.width.max(picture.height).div_ceil(WHOLE_SIDE).max(1);
        let smaller = (factor > 1).then(|| region::shrink(picture, factor));
        let whole = smaller.as_ref().unwrap_or(picture);
        let known = found.iter().any(|barcode| barcode.symbology == Symbology::Pdf417);
        for result in decode(whole, Shape::Any, effort, known) {
            add(&mut found, &result, None, |x, y| Point { x: x * factor as f32, y: y * factor as f32 });
        }
    }
    found
}

/// Tries a region upright in one way, if the budget allows; whether anything was read.
fn found_in_region(
    picture: &LumaImage,
    region: &Region,
    look: Look,
    effort: Effort,
    budget: &mut usize,
    found: &mut Vec<Barcode>,
) -> bool {
    // Code 39 has no check character: what only shows when steepened is not believed of bars.
    if look.sharpened && region.shape == Shape::Bars {
        return false;
    }
    // Fine codes are small ones: what fills half the picture has large modules.
    let scale = look.scale * (LARGE_SQUARE / (2.0 * region.half_width.max(region.half_height))).min(1.0);
    let scale = if region.shape == Shape::Square { scale } else { look.scale };
    let Some(crop) = Crop::cut(picture, region, scale, (*budget).min(6_000_000)) else { return false };
    *budget -= crop.image.pixels.len();
    let before = found.len();
    let mut results = if look.sharpened {
        decode(&crop.sharpened(), region.shape, effort, false)
    } else {
        decode(&crop.image, region.shape, effort, false)
    };
    // The finder of our own samples between pixels and steepens by itself: it gains nothing from the other looks.
    if region.shape == Shape::Square && !look.sharpened && look.scale < 2.5 {
        results.extend(guarded(|| aztec(&crop.image)));
    }
    for result in results {
        add(found, &result, Some(region.corners()), |x, y| crop.point_in_picture(x, y));
    }
    found.len() > before
}

/// What the decoder read, and where, in pixels of the picture it was given.
struct Decoded {
    result: RXingResult,
    points: Vec<Point>,
}

impl From<RXingResult> for Decoded {
    fn from(result: RXingResult) -> Self {
        let points = result.getPoints().iter().map(|p| Point { x: p.x, y: p.y }).collect();
        Self { result, points }
    }
}

/// The readers in their fixed order. `known`: a PDF417 of the picture has been read already.
fn decode(picture: &LumaImage, shape: Shape, effort: Effort, known: bool) -> Vec<Decoded> {
    let Some(source) = source(picture) else { return Vec::new() };
    guarded(|| {
        let mut found: Vec<Decoded> = Vec::new();
        let mut bitmap = BinaryBitmap::new(Binary::new(&picture.pixels, source));
        let hints = DecodeHints::default();
        let mut take = |result: rxing::common::Result<RXingResult>| match result {
            Ok(result) => {
                found.push(result.into());
                true
            }
            Err(_) => false,
        };
        if shape != Shape::Bars {
            let _ = take(rxing::qrcode::QRCodeReader::new().decode_with_hints(&mut bitmap, &hints));
            // More lines are looked at for a code that is not in the middle; of the library's "try harder" this alone is used.
            let harder = DecodeHints { TryHarder: (effort == Effort::Still).then_some(true), ..hints.clone() };
            let _ = take(rxing::datamatrix::DataMatrixReader.decode_with_hints(&mut bitmap, &harder));
        }
        if shape != Shape::Square {
            // Bars stand upright in their crop.
            let turns =
                if known { Vec::new() } else { turns_of_pdf417(bitmap.get_black_matrix(), shape == Shape::Any) };
            if !turns.is_empty() {
                let _ = take(pdf417(&mut bitmap, &turns, &hints));
            }
            let _ = take(rxing::oned::Code128Reader.decode_with_hints(&mut bitmap, &hints));
            let _ = take(rxing::oned::Code39Reader::default().decode_with_hints(&mut bitmap, &hints));
        }
        found
    })
}

/// Runs a foreign decoder. A panic is counted and counts as *no barcode*.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> Vec<T>) -> Vec<T> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        HERE.set(HERE.get() + 1);
        tracing::warn!("the barcode decoder panicked; the picture counts as one without a barcode");
        Vec::new()
    })
}

/// How often the foreign decoder has panicked since the program started.
#[must_use]
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// How often it has done so in this thread: whoever asks before and after a picture learns whether it was this one.
#[must_use]
pub fn panics_in_this_thread() -> u64 {
    HERE.get()
}

static PANICS: AtomicU64 = AtomicU64::new(0);
thread_local! {
    static HERE: Cell<u64> = const { Cell::new(0) };
}

fn source(picture: &LumaImage) -> Option<Luma8Source<'_>> {
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    Luma8Source::new_with_slice(&picture.pixels, width, height).ok()
}

/// Whether (never what) the library reads a PDF417 that it has found depends on the order of its hash maps.
const PDF417_TRIES: usize = 5;

/// One PDF417, found once in the picture turned so, and decoded up to [`PDF417_TRIES`] times.
fn pdf417<B: Binarizer>(
    bitmap: &mut BinaryBitmap<B>,
    turns: &[u32],
    hints: &DecodeHints,
) -> rxing::common::Result<RXingResult> {
    use rxing::pdf417::detector::pdf_417_detector::detect;
    let matrix = bitmap.get_black_matrix();
    let found = turns.iter().any(|turn| {
        let turned = (*turn != 0).then(|| {
            let mut copy = matrix.clone();
            copy.rotate(*turn).map(|()| copy)
        });
        match turned {
            None => detect(false, matrix).is_some_and(|corners| !corners.is_empty()),
            Some(Ok(copy)) => detect(false, &copy).is_some_and(|corners| !corners.is_empty()),
            Some(Err(_)) => false,
        }
    });
    if !found {
        return Err(rxing::Exceptions::NOT_FOUND);
    }
    (0..PDF417_TRIES)
        .find_map(|_| rxing::pdf417::PDF417Reader::new().decode_with_hints(bitmap, hints).ok())
        .ok_or(rxing::Exceptions::NOT_FOUND)
}

/// Aztec codes by the finder of our own; the library decodes what the finder drew.
fn aztec(picture: &LumaImage) -> Vec<Decoded> {
    let hints = DecodeHints::default();
    let symbols = aztec::find(picture);
    symbols
        .iter()
        .filter_map(|symbol| {
            aztec::EQUALISERS.iter().find_map(|equaliser| {
                let drawn = symbol.drawn(*equaliser);
                let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source(&drawn)?));
                let result = rxing::aztec::AztecReader.decode_with_hints(&mut bitmap, &hints).ok()?;
                let points = result.getPoints().iter().map(|p| symbol.point_in_picture(p.x, p.y)).collect();
                Some(Decoded { result, points })
            })
        })
        .collect()
}

/// `region`: the corners of where it was found, for a linear code, of which the decoder knows one row only.
fn add(found: &mut Vec<Barcode>, decoded: &Decoded, region: Option<Quad>, to_picture: impl Fn(f32, f32) -> Point) {
    let Decoded { result, points } = decoded;
    let Some(symbology) = Symbology::of(result.getBarcodeFormat()) else { return };
    let payload = payload(result);
    if payload.len() > MAX_PAYLOAD {
        tracing::warn!(
            symbology = symbology.name(),
            bytes = payload.len(),
            "a code too long for any document is left out"
        );
        return;
    }
    if payload.is_empty() || found.iter().any(|b| b.symbology == symbology && b.payload == payload) {
        return;
    }
    let bound = |pick: fn(&Point) -> f32, choose: fn(f32, f32) -> f32| points.iter().map(pick).reduce(choose);
    let (left, right) = (bound(|p| p.x, f32::min), bound(|p| p.x, f32::max));
    let (top, bottom) = (bound(|p| p.y, f32::min), bound(|p| p.y, f32::max));
    let (Some(left), Some(right), Some(top), Some(bottom)) = (left, right, top, bottom) else { return };
    let decoded = [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| to_picture(x, y));
    let quad = region.filter(|_| symbology.is_linear()).unwrap_or(decoded);
    found.push(Barcode { symbology, kind: Kind::of(&payload), payload, quad });
}

/// The bytes that were encoded. Text that is not ASCII came from bytes whose character set the decoder guessed: the
/// bytes themselves are taken where it kept them, else one byte a character (ISO 8859-1, the symbologies' default).
fn payload(result: &RXingResult) -> Zeroizing<Vec<u8>> {
    let text = result.getText();
    if *result.getBarcodeFormat() == BarcodeFormat::DATA_MATRIX
        && let Some(bytes) = codewords::data_matrix(result.getRawBytes())
    {
        return bytes;
    }
    if text.is_ascii() {
        return Zeroizing::new(text.as_bytes().to_vec());
    }
    let segments = result.getRXingResultMetadata().get(&RXingResultMetadataType::BYTE_SEGMENTS);
    if let Some(RXingResultMetadataValue::ByteSegments(segments)) = segments
        && !segments.is_empty()
    {
        let ascii = text.chars().filter(char::is_ascii).count();
        let bytes = segments.concat();
        // A seal is bytes from end to end, whatever text the decoder made of them.
        if Kind::of(&bytes) == Kind::Vds {
            return Zeroizing::new(bytes);
        }
        // Only if everything was in byte segments: none of the text's ASCII came from another mode.
        if bytes.iter().filter(|b| b.is_ascii()).count() == ascii {
            return Zeroizing::new(bytes);
        }
    }
    let one_byte_each: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    Zeroizing::new(one_byte_each.unwrap_or_else(|| text.as_bytes().to_vec()))
}

/// Whether `point` lies in a convex quad.
fn contains(quad: &Quad, point: Point) -> bool {
    let mut sides = [0.0f32; 4];
    for (n, side) in sides.iter_mut().enumerate() {
        let (a, b) = (quad[n], quad[(n + 1) % 4]);
        *side = (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x);
    }
    sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0)
}
