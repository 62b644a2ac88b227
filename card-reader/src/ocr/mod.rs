//! From a picture to the lines of a machine-readable zone: locate, rectify, segment, recognise, decode. Pure: no
//! I/O, no clock, no threads.

use crate::mrz::{Format, Lines};

/// An 8-bit grey picture, row by row, without padding: `pixels.len() == width * height`.
pub struct LumaImage {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// Pixels of the frame, after EXIF rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Clockwise from the start of line 1.
pub type Quad = [Point; 4];

/// Why nothing was accepted. These names are the only ones; [`Reason::name`] is the word in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    NoZone,
    TooSmall,
    TooClose,
    WrongSide,
    Blurred,
    Moving,
    Glare,
    TooDark,
    CutOff,
    LowConfidence,
    NotMrzText,
}

impl Reason {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoZone => "no_zone",
            Self::TooSmall => "too_small",
            Self::TooClose => "too_close",
            Self::WrongSide => "wrong_side",
            Self::Blurred => "blurred",
            Self::Moving => "moving",
            Self::Glare => "glare",
            Self::TooDark => "too_dark",
            Self::CutOff => "cut_off",
            Self::LowConfidence => "low_confidence",
            Self::NotMrzText => "not_mrz_text",
        }
    }
}

/// What the traveler can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    Closer,
    Farther,
    HoldStill,
    Tilt,
    MoreLight,
    WholeCard,
    TurnOver,
    RemoveCover,
    AnotherDocument,
}

impl Advice {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closer => "closer",
            Self::Farther => "farther",
            Self::HoldStill => "hold_still",
            Self::Tilt => "tilt",
            Self::MoreLight => "more_light",
            Self::WholeCard => "whole_card",
            Self::TurnOver => "turn_over",
            Self::RemoveCover => "remove_cover",
            Self::AnotherDocument => "another_document",
        }
    }
}

/// An accepted reading: every character is certain. What its check digits say is the parser's business.
#[derive(Clone)]
pub struct MrzReading {
    pub format: Format,
    pub lines: Lines,
    /// Confidence of the least certain character, 0 to 1.
    pub confidence: f32,
    /// Confidence of each character, line by line.
    pub characters: Vec<Vec<f32>>,
    pub quad: Quad,
    /// Check digits decided between candidates that the pixels supported alike.
    pub check_digits_used: bool,
}

/// Nothing was accepted; the best guess is kept apart and must never be taken for a reading.
#[derive(Clone)]
pub struct NotRead {
    pub reason: Reason,
    pub advice: Option<Advice>,
    pub guess: Option<Guess>,
}

/// The best guess of a zone that was not accepted: for an officer's eyes.
#[derive(Clone)]
pub struct Guess {
    pub lines: Lines,
    pub characters: Vec<Vec<f32>>,
    pub quad: Quad,
}
