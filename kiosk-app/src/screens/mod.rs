//! Every screen, as a function of state: [`content`] says what is there, [`view`] draws it. No screen starts I/O; what
//! a person does comes out as an [`Intent`].
//!
//! One file a screen holds its content; [`frame`] and [`items`] draw any content, so that all screens look alike.

mod attract;
mod backup_code;
mod checking;
mod complete;
mod confirm;
pub mod content;
mod diagnostics;
mod frame;
mod identifier;
mod items;
mod language;
mod not_verified;
mod officer;
mod out_of_service;
mod overlay;
pub mod pen;
mod present;
mod referred;
mod still_there;
mod words;

use crate::event::Intent;
use crate::i18n::Catalogs;
use crate::kiosk::{Kiosk, Mode};
use crate::session::state::{Contrast, Language, Session, State, TextSize};
use crate::theme::{self, PANEL, UNIT_MM};
use content::ScreenContent;
use iced::widget::image::Handle;
use iced::widget::stack;
use iced::{Element, Size};
use pen::Pen;
use std::time::Duration;

/// What the shell adds to the kiosk's state for drawing: words, the panel, pictures, and where the motion is.
pub struct Look {
    pub catalogs: Catalogs,
    /// The language of Attract and of the staff screens.
    pub default_language: Language,
    /// `[display] pixel_pitch_mm`.
    pub pixel_pitch_mm: f32,
    /// The window in logical pixels.
    pub window: Size,
    /// The newest camera frame, while one is wanted.
    pub preview: Option<Preview>,
    /// Pictures of the last reading's stages, for diagnostics.
    pub stages: Vec<Stage>,
    /// Where in [`MOTION_CYCLE`] the moving picture is: see [`motion_at`].
    pub motion: Duration,
    /// Languages in turn on Attract: which turn it is.
    pub turn: usize,
}

/// A camera frame, already of the preview's size on the screen.
pub struct Preview {
    pub handle: Handle,
    /// Width and height of the full frame, in whose pixels the zone's corners are given.
    pub frame: (f32, f32),
}

/// One stage of a reading as a picture.
pub struct Stage {
    pub name: String,
    pub handle: Handle,
}

/// The card slides in once in this time, and then rests.
pub const MOTION_CYCLE: Duration = Duration::from_secs(20);
/// How long it moves.
pub const MOTION: Duration = Duration::from_secs(2);
/// How long "Touch to begin" stands in one language.
pub const TURN: Duration = Duration::from_secs(5);

/// [`Look::motion`] at a monotonic time.
#[must_use]
pub fn motion_at(now: Duration) -> Duration {
    Duration::from_millis(u64::try_from(now.as_millis() % MOTION_CYCLE.as_millis()).unwrap_or(0))
}

/// Whether the picture moves at a place of the cycle: the shell asks for frames only then.
#[must_use]
pub fn is_moving(motion: Duration) -> bool {
    motion < MOTION
}

/// [`Look::turn`] at a monotonic time.
#[must_use]
pub fn turn_at(now: Duration) -> usize {
    usize::try_from(now.as_secs() / TURN.as_secs()).unwrap_or(0)
}

impl Look {
    #[must_use]
    pub fn new(catalogs: Catalogs, default_language: Language, pixel_pitch_mm: f32, window: Size) -> Self {
        Self {
            catalogs,
            default_language,
            pixel_pitch_mm,
            window,
            preview: None,
            stages: Vec::new(),
            motion: MOTION,
            turn: 0,
        }
    }

    /// Logical pixels of a design unit: true to the millimetre, unless the window is too small for the whole screen.
    #[must_use]
    pub fn unit(&self) -> f32 {
        let true_size = UNIT_MM / self.pixel_pitch_mm.max(0.01);
        true_size.min(self.window.width / PANEL.0).min(self.window.height / PANEL.1).max(0.1)
    }

    /// How far the card is in the slot, 0 to 1.
    #[must_use]
    fn travel(&self) -> f32 {
        let share = (self.motion.as_secs_f32() / (MOTION.as_secs_f32() * 0.7)).min(1.0);
        if is_moving(self.motion) { share * share * (3.0 - 2.0 * share) } else { 0.0 }
    }

    fn pen(&self, kiosk: &Kiosk) -> Pen<'_> {
        let visit = kiosk.visit.as_ref();
        let (language, palette, size) = match (&kiosk.mode, visit) {
            (Mode::Traveler, Some(visit)) => {
                (visit.settings.language, theme::traveler(visit.settings.contrast), visit.settings.text_size)
            }
            (Mode::Traveler, None) => (attract::language(self), theme::NIGHT, TextSize::Normal),
            (Mode::OutOfService(_), _) => (self.default_language, theme::NIGHT, TextSize::Normal),
            (Mode::Officer(_) | Mode::Diagnostics(_), _) => (self.default_language, theme::STAFF, TextSize::Normal),
        };
        Pen { words: self.catalogs.get(language), palette, size, unit: self.unit(), dense: false }
    }
}

/// Width and height in logical pixels that a preview frame should have, for [`card_reader::reader::Command::Preview`].
#[must_use]
pub fn preview_size(look: &Look) -> (u32, u32) {
    let (width, height) = crate::widgets::preview::SIZE;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on the screen")]
    let pixels = |units: f32| (units * look.unit()).round().max(1.0) as u32;
    (pixels(width), pixels(height))
}

/// What the screen says and offers now; a sheet, where one lies over it.
#[must_use]
pub fn content(kiosk: &Kiosk, look: &Look) -> ScreenContent {
    match (&kiosk.mode, &kiosk.visit) {
        (Mode::Traveler, Some(visit)) => match visit.overlay {
            Some(overlay) => overlay::content(kiosk, visit, overlay),
            None => under(kiosk, look),
        },
        _ => under(kiosk, look),
    }
}

/// The whole window.
#[must_use]
pub fn view<'a>(kiosk: &'a Kiosk, look: &'a Look) -> Element<'a, Intent> {
    let pen = look.pen(kiosk);
    let screen = frame::screen(&pen, kiosk, look, &under(kiosk, look));
    let sheet = match (&kiosk.mode, &kiosk.visit) {
        (Mode::Traveler, Some(visit)) => visit.overlay.map(|overlay| overlay::content(kiosk, visit, overlay)),
        _ => None,
    };
    match sheet {
        Some(sheet) => stack![screen, frame::sheet(&pen, look, &sheet)].into(),
        None => screen,
    }
}

/// The screen without a sheet.
fn under(kiosk: &Kiosk, look: &Look) -> ScreenContent {
    match (&kiosk.mode, &kiosk.visit) {
        (Mode::Traveler, Some(visit)) => traveler(kiosk, look, visit, &visit.state),
        (Mode::Traveler, None) => frame::with_frame(attract::content(kiosk, look), None),
        (Mode::Officer(desk), _) => officer::content(kiosk, desk),
        (Mode::Diagnostics(diagnostics), _) => diagnostics::content(kiosk, look, diagnostics),
        (Mode::OutOfService(why), _) => frame::with_frame(out_of_service::content(kiosk, look, *why), None),
    }
}

fn traveler(kiosk: &Kiosk, look: &Look, visit: &Session, state: &State) -> ScreenContent {
    let content = match state {
        State::Language => language::content(visit),
        State::PresentDocument { advice, quad } => present::content(kiosk, look, visit, *advice, *quad),
        State::Reading { since, advice, quad } => present::reading(kiosk, look, *since, *advice, *quad),
        State::ConfirmDocument => confirm::content(visit),
        State::LookingUp { since, .. } => checking::looking_up(kiosk, visit, *since),
        State::Identifier(entry) => identifier::content(kiosk, entry),
        State::BackupCode(entry) => backup_code::content(entry),
        State::Verifying { since, .. } => checking::verifying(kiosk, visit, *since),
        State::NotVerified => not_verified::content(),
        State::Complete { by, reference, .. } => complete::content(kiosk, visit, *by, reference.as_ref()),
        State::Referred { reference, .. } => referred::content(kiosk, visit.settings.language, reference),
        State::Held { storing, officer_called, .. } => referred::held(kiosk, *storing, *officer_called),
        State::StillThere { holds, until } => still_there::content(kiosk, holds, *until),
    };
    frame::with_frame(content, Some(visit))
}

/// Sizes of text and contrasts, in the order in which they are offered.
const SIZES: [TextSize; 3] = [TextSize::Normal, TextSize::Large, TextSize::Largest];
const CONTRASTS: [Contrast; 3] = [Contrast::Normal, Contrast::High, Contrast::Dark];
