//! The drawn pictures: flat, two tones and one accent, one pen for all. They are drawn once and kept until what they
//! show changes, so that a screen at rest costs nothing.

use crate::event::Intent;
use crate::screens::content::Picture;
use crate::screens::pen::{Part, Pen};
use crate::theme::{BOLD, MONO, Palette};
use crate::widgets::button::mix;
use crate::widgets::countdown::palette_key;
use iced::advanced::text::{LineHeight, Shaping};
use iced::mouse;
use iced::widget::canvas::{self, Canvas, Frame, Geometry, LineCap, LineJoin, Path, Stroke, Text};
use iced::{Color, Fill, Font, Length, Pixels, Point, Radians, Rectangle, Renderer, Size, Theme, Vector};
use std::cell::RefCell;

/// A canvas whose geometry is kept while its key stays the same.
pub struct Cached<K, F> {
    key: K,
    draw: F,
}

impl<K, F> Cached<K, F> {
    /// `draw` is called again only when `key` or the size changes.
    pub fn new(key: K, draw: F) -> Self {
        Self { key, draw }
    }
}

/// What a cached canvas keeps between drawings.
pub struct Kept<K> {
    geometry: canvas::Cache,
    key: RefCell<Option<K>>,
}

impl<K> Default for Kept<K> {
    fn default() -> Self {
        Self { geometry: canvas::Cache::new(), key: RefCell::new(None) }
    }
}

impl<K: PartialEq + Clone + 'static, F: Fn(&mut Frame)> canvas::Program<Intent> for Cached<K, F> {
    type State = Kept<K>;

    fn draw(
        &self,
        kept: &Kept<K>,
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        if kept.key.borrow().as_ref() != Some(&self.key) {
            kept.geometry.clear();
            *kept.key.borrow_mut() = Some(self.key.clone());
        }
        vec![kept.geometry.draw(renderer, bounds.size(), |frame| (self.draw)(frame))]
    }
}

/// The picture in the room it is given, whole and centred.
pub fn picture<'a>(pen: &Pen<'a>, picture: Picture, height: Length) -> Part<'a> {
    let palette = pen.palette;
    let mirrored = pen.rtl();
    let drawn = Cached::new((key(picture), palette_key(&palette), mirrored), move |frame: &mut Frame| {
        let (width, tall) = extent(picture);
        let scale = (frame.width() / width).min(frame.height() / tall);
        let across = (frame.width() - width * scale) / 2.0;
        let down = (frame.height() - tall * scale) / 2.0;
        frame.with_save(|frame| {
            frame.translate(Vector::new(across, down));
            frame.scale(scale);
            draw(&mut Sketch { frame, palette, mirrored, width }, picture);
        });
    });
    Canvas::new(drawn).width(Fill).height(height).into()
}

/// A picture's identity with its motion in steps of a thousandth.
fn key(picture: Picture) -> (std::mem::Discriminant<Picture>, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "a share of one in thousandths")]
    let motion = match picture {
        Picture::CardIntoReader { travel } => (travel * 1000.0) as i32,
        Picture::Asking { asked } => (asked * 1000.0) as i32,
        Picture::CardToCamera
        | Picture::CardRead
        | Picture::WhereANumber
        | Picture::WhereReceipt
        | Picture::ToOfficer
        | Picture::WaitHere
        | Picture::StillThere
        | Picture::Closed
        | Picture::TryAgain
        | Picture::Portrait
        | Picture::HiddenRows
        | Picture::Privacy => 0,
    };
    (std::mem::discriminant(&picture), motion)
}

/// Width and height of the sheet that a picture is drawn on.
const fn extent(picture: Picture) -> (f32, f32) {
    match picture {
        Picture::CardIntoReader { .. } | Picture::CardRead => (720.0, 600.0),
        Picture::CardToCamera => (720.0, 560.0),
        Picture::Asking { .. } => (560.0, 560.0),
        Picture::WhereANumber | Picture::WhereReceipt => (520.0, 330.0),
        Picture::ToOfficer | Picture::Closed => (760.0, 420.0),
        Picture::WaitHere => (540.0, 440.0),
        Picture::TryAgain | Picture::StillThere => (760.0, 400.0),
        Picture::Portrait => (220.0, 280.0),
        Picture::HiddenRows => (820.0, 120.0),
        Picture::Privacy => (300.0, 300.0),
    }
}

fn draw(sketch: &mut Sketch<'_>, picture: Picture) {
    match picture {
        Picture::CardIntoReader { travel } => sketch.card_into_reader(travel),
        Picture::CardToCamera => sketch.card_to_camera(),
        Picture::CardRead => sketch.card_read(),
        Picture::Asking { asked } => sketch.asking(asked),
        Picture::WhereANumber => sketch.where_a_number(),
        Picture::WhereReceipt => sketch.where_receipt(),
        Picture::ToOfficer => sketch.way_to_officer(),
        Picture::WaitHere => sketch.wait_here(),
        Picture::StillThere | Picture::TryAgain => sketch.try_again(),
        Picture::Closed => sketch.closed(),
        Picture::Portrait => sketch.portrait(0.0, 0.0, 220.0, 280.0),
        Picture::HiddenRows => sketch.hidden_rows(),
        Picture::Privacy => sketch.privacy(),
    }
}

/// The pen of all pictures.
struct Sketch<'f> {
    frame: &'f mut Frame,
    palette: Palette,
    /// Scenes with a way run from right to left.
    mirrored: bool,
    width: f32,
}

impl Sketch<'_> {
    fn rounded(&mut self, x: f32, y: f32, w: f32, h: f32, radius: f32, fill: Color) {
        self.frame.fill(&Path::rounded_rectangle(Point::new(x, y), Size::new(w, h), radius.into()), fill);
    }

    #[expect(clippy::too_many_arguments, reason = "a rectangle, its corners, its line")]
    fn outlined(&mut self, x: f32, y: f32, w: f32, h: f32, radius: f32, line: Color, thick: f32) {
        let path = Path::rounded_rectangle(Point::new(x, y), Size::new(w, h), radius.into());
        self.frame.stroke(&path, Stroke::default().with_color(line).with_width(thick));
    }

    fn circle(&mut self, x: f32, y: f32, radius: f32, fill: Color) {
        self.frame.fill(&Path::circle(Point::new(x, y), radius), fill);
    }

    fn ring(&mut self, x: f32, y: f32, radius: f32, line: Color, thick: f32) {
        let stroke = Stroke::default().with_color(line).with_width(thick);
        self.frame.stroke(&Path::circle(Point::new(x, y), radius), stroke);
    }

    fn stroke(&mut self, points: &[(f32, f32)], line: Color, thick: f32) {
        let path = Path::new(|path| {
            for (at, (x, y)) in points.iter().enumerate() {
                let point = Point::new(*x, *y);
                if at == 0 { path.move_to(point) } else { path.line_to(point) }
            }
        });
        let stroke = Stroke::default().with_color(line).with_width(thick);
        self.frame.stroke(&path, stroke.with_line_cap(LineCap::Round).with_line_join(LineJoin::Round));
    }

    /// Words as outlines, because a canvas draws its text over all its shapes.
    fn words(&mut self, x: f32, y: f32, size: f32, font: Font, ink: Color, words: &str) {
        let text = Text {
            content: words.to_owned(),
            position: Point::new(x, y),
            color: ink,
            size: Pixels(size),
            line_height: LineHeight::default(),
            font,
            shaping: Shaping::Basic,
            ..Text::default()
        };
        text.draw_with(|glyph, ink| self.frame.fill(&glyph, ink));
    }

    /// A mirrored x for scenes that have a direction.
    fn x(&self, x: f32) -> f32 {
        if self.mirrored { self.width - x } else { x }
    }

    /// A card, its portrait, its lines and its zone. Utopia's specimen, as in ICAO's examples.
    fn card(&mut self, x: f32, y: f32, w: f32) {
        let h = w * 0.63;
        let p = self.palette;
        self.rounded(x, y, w, h, w * 0.045, p.picture_paper);
        self.outlined(x, y, w, h, w * 0.045, p.picture_mid, w * 0.008);
        self.portrait(x + w * 0.075, y + h * 0.14, w * 0.23, h * 0.43);
        let grey = mix(p.picture_mid, p.picture_paper, 0.45);
        let light = mix(p.picture_mid, p.picture_paper, 0.72);
        for (row, (width, colour)) in [(0.46, grey), (0.54, light), (0.40, light)].into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "three rows")]
            let down = y + h * (0.17 + 0.125 * row as f32);
            self.rounded(x + w * 0.37, down, w * width, h * 0.06, h * 0.03, colour);
        }
        let zone =
            ["C1UTO0000007009SRC0000000701<<", "8001019F2811303UTO<<<<<<<<<<<4", "SPECIMEN<<ANNA<MARIA<<<<<<<<<<"];
        for (row, text) in zone.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "three rows")]
            let down = y + h * (0.665 + 0.1 * row as f32);
            self.words(x + w * 0.075, down, w * 0.0475, MONO, p.picture_ink, text);
        }
    }

    fn portrait(&mut self, x: f32, y: f32, w: f32, h: f32) {
        let p = self.palette;
        let ground = mix(p.picture_mid, p.picture_paper, 0.62);
        self.rounded(x, y, w, h, w * 0.1, ground);
        self.person(x + w / 2.0, y + h * 0.37, w * 0.24, h * 0.63, w * 0.36, p.picture_mid);
    }

    /// Head at (x, y) with `radius`; shoulders of half width `half` ending `below` under the head's centre.
    fn person(&mut self, x: f32, y: f32, radius: f32, below: f32, half: f32, fill: Color) {
        self.circle(x, y, radius, fill);
        let top = y + radius * 1.35;
        let bottom = y + below;
        let path = Path::new(|path| {
            path.move_to(Point::new(x - half, bottom));
            path.bezier_curve_to(
                Point::new(x - half, top + (bottom - top) * 0.15),
                Point::new(x - half * 0.55, top),
                Point::new(x, top),
            );
            path.bezier_curve_to(
                Point::new(x + half * 0.55, top),
                Point::new(x + half, top + (bottom - top) * 0.15),
                Point::new(x + half, bottom),
            );
            path.close();
        });
        self.frame.fill(&path, fill);
    }

    fn arrow_down(&mut self, x: f32, y: f32, size: f32, line: Color) {
        self.stroke(&[(x, y), (x, y + size)], line, size * 0.19);
        self.stroke(
            &[(x - size * 0.5, y + size * 0.5), (x, y + size), (x + size * 0.5, y + size * 0.5)],
            line,
            size * 0.19,
        );
    }

    /// The reader with a card standing in its slot down to `sunk` units below the lips.
    fn reader_with_card(&mut self, sunk: f32) {
        let p = self.palette;
        let (x, y, w, h) = (30.0, 344.0, 660.0, 240.0);
        let lips = y + 50.0;
        let rim = mix(p.picture_dark, p.picture_mid, 0.35);
        self.rounded(x, y, w, h, 38.0, p.picture_dark);
        self.outlined(x, y, w, h, 38.0, rim, 3.0);
        let slot = (x + w * 0.08, w * 0.84);
        self.rounded(slot.0, lips - 13.0, slot.1, 26.0, 13.0, mix(p.picture_dark, p.picture_mid, 0.45));
        self.outlined(slot.0, lips - 13.0, slot.1, 26.0, 13.0, p.picture_accent, 4.0);
        let card = 500.0;
        self.card((720.0 - card) / 2.0, lips - 34.0 - card * 0.63 + sunk, card);
        if sunk > 34.0 {
            // What is inside is hidden by the front of the reader.
            let path = Path::rounded_rectangle(
                Point::new(x + 2.0, lips + 2.0),
                Size::new(w - 4.0, h - 54.0),
                iced::border::Radius { top_left: 0.0, top_right: 0.0, bottom_left: 36.0, bottom_right: 36.0 },
            );
            self.frame.fill(&path, p.picture_dark);
            self.rounded(slot.0 + 4.0, lips, slot.1 - 8.0, 11.0, 5.0, mix(p.picture_dark, p.picture_mid, 0.45));
            self.stroke(&[(slot.0 + 8.0, lips + 13.0), (slot.0 + slot.1 - 8.0, lips + 13.0)], p.picture_accent, 4.0);
        }
    }

    fn card_into_reader(&mut self, travel: f32) {
        self.reader_with_card(travel * 190.0);
        self.arrow_down(360.0, 436.0, 74.0, self.palette.picture_accent);
    }

    fn card_read(&mut self) {
        let p = self.palette;
        self.reader_with_card(170.0);
        // Light from the slot.
        for (down, width, strength) in [(446.0, 360.0, 0.55), (484.0, 260.0, 0.4), (522.0, 160.0, 0.25)] {
            let glow = mix(p.picture_dark, p.picture_accent, strength);
            self.rounded(360.0 - width / 2.0, down, width, 12.0, 6.0, glow);
        }
    }

    fn hidden_rows(&mut self) {
        let p = self.palette;
        let tone = mix(p.picture_mid, p.picture_paper, 0.55);
        for row in 0..3_u8 {
            for cell in 0..30_u8 {
                let x = f32::from(cell) * (820.0 / 30.0) + 3.0;
                self.rounded(x, f32::from(row) * 42.0 + 4.0, 17.0, 24.0, 5.0, tone);
            }
        }
    }

    fn card_to_camera(&mut self) {
        let p = self.palette;
        let beam = Path::new(|path| {
            path.move_to(Point::new(320.0, 110.0));
            path.line_to(Point::new(400.0, 110.0));
            path.line_to(Point::new(630.0, 262.0));
            path.line_to(Point::new(90.0, 262.0));
            path.close();
        });
        self.frame.fill(&beam, mix(p.panel, p.picture_accent, 0.25));
        self.rounded(270.0, 16.0, 180.0, 110.0, 30.0, p.picture_dark);
        self.circle(360.0, 71.0, 38.0, mix(p.picture_dark, p.picture_mid, 0.45));
        self.ring(360.0, 71.0, 38.0, p.picture_accent, 5.0);
        self.circle(360.0, 71.0, 14.0, p.picture_dark);
        self.card(120.0, 240.0, 480.0);
    }

    /// The card above, the record below, and how far the question has gone.
    fn asking(&mut self, asked: f32) {
        let p = self.palette;
        self.card(130.0, 4.0, 300.0);
        let dots = 5_u8;
        for dot in 0..dots {
            let share = f32::from(dot) / f32::from(dots - 1);
            let reached = share <= asked;
            let colour = if reached { p.action } else { mix(p.picture_mid, p.panel, 0.55) };
            self.circle(280.0, 224.0 + share * 104.0, if reached { 11.0 } else { 8.0 }, colour);
        }
        for (row, y) in [364.0, 432.0, 500.0].into_iter().enumerate() {
            self.rounded(140.0, y, 280.0, 56.0, 14.0, p.picture_dark);
            self.outlined(140.0, y, 280.0, 56.0, 14.0, mix(p.picture_dark, p.picture_mid, 0.35), 2.0);
            let lamp = if row == 0 { p.picture_accent } else { p.picture_mid };
            self.circle(176.0, y + 28.0, 9.0, lamp);
            self.rounded(214.0, y + 24.0, 170.0, 8.0, 4.0, mix(p.picture_dark, p.picture_mid, 0.5));
        }
    }

    /// The front of a card with the number ringed.
    fn where_a_number(&mut self) {
        let p = self.palette;
        let (x, y, w, h) = (20.0, 14.0, 480.0, 302.0);
        self.rounded(x, y, w, h, 22.0, p.picture_paper);
        self.outlined(x, y, w, h, 22.0, p.picture_mid, 4.0);
        self.rounded(x, y, w, 54.0, 22.0, p.picture_mid);
        self.rounded(x, y + 30.0, w, 24.0, 0.0, p.picture_mid);
        self.portrait(x + 30.0, y + 82.0, 130.0, 166.0);
        let light = mix(p.picture_mid, p.picture_paper, 0.7);
        for (row, width) in [(84.0, 200.0), (114.0, 160.0), (242.0, 250.0)] {
            self.rounded(x + 190.0, y + row, width, 14.0, 7.0, light);
        }
        self.rounded(x + 178.0, y + 142.0, 276.0, 84.0, 16.0, mix(p.picture_accent, p.picture_paper, 0.78));
        self.outlined(x + 178.0, y + 142.0, 276.0, 84.0, 16.0, p.action, 5.0);
        self.words(x + 194.0, y + 148.0, 23.0, BOLD, p.picture_ink, "USCIS#");
        self.words(x + 194.0, y + 176.0, 36.0, BOLD, p.picture_ink, "000-000-701");
    }

    /// A notice with the receipt number ringed.
    fn where_receipt(&mut self) {
        let p = self.palette;
        let (x, y, w, h) = (30.0, 10.0, 460.0, 310.0);
        self.rounded(x, y, w, h, 10.0, p.picture_paper);
        self.outlined(x, y, w, h, 10.0, p.picture_mid, 4.0);
        self.circle(x + 56.0, y + 52.0, 26.0, mix(p.picture_mid, p.picture_paper, 0.4));
        let light = mix(p.picture_mid, p.picture_paper, 0.7);
        self.rounded(x + 100.0, y + 36.0, 210.0, 14.0, 7.0, p.picture_mid);
        self.rounded(x + 100.0, y + 62.0, 150.0, 12.0, 6.0, light);
        self.rounded(x + 24.0, y + 98.0, 330.0, 90.0, 14.0, mix(p.picture_accent, p.picture_paper, 0.78));
        self.outlined(x + 24.0, y + 98.0, 330.0, 90.0, 14.0, p.action, 5.0);
        self.words(x + 42.0, y + 104.0, 23.0, BOLD, p.picture_ink, "Receipt Number");
        self.words(x + 42.0, y + 133.0, 36.0, BOLD, p.picture_ink, "SRC0000000701");
        for (row, width) in [(212.0, 400.0), (240.0, 360.0), (268.0, 380.0)] {
            self.rounded(x + 28.0, y + row, width, 12.0, 6.0, light);
        }
    }

    /// Dark things that must be seen on a dark ground too.
    fn dark(&self) -> Color {
        let p = self.palette;
        let dark_ground = p.ground.r + p.ground.g + p.ground.b < 1.2;
        if dark_ground { mix(p.picture_dark, p.picture_mid, 0.4) } else { p.picture_dark }
    }

    fn officer(&mut self, x: f32, floor: f32) {
        let p = self.palette;
        let head = floor - 226.0;
        self.person(x, head, 42.0, 150.0, 84.0, p.picture_mid);
        // A peaked cap with its band.
        let p_ground = p.ground.r + p.ground.g + p.ground.b;
        let cap = if p_ground < 1.2 { mix(p.picture_mid, p.picture_paper, 0.55) } else { p.picture_dark };
        let crown = Path::new(|path| {
            path.move_to(Point::new(x - 42.0, head - 20.0));
            path.bezier_curve_to(
                Point::new(x - 46.0, head - 40.0),
                Point::new(x - 66.0, head - 44.0),
                Point::new(x - 56.0, head - 58.0),
            );
            path.bezier_curve_to(
                Point::new(x - 30.0, head - 84.0),
                Point::new(x + 30.0, head - 84.0),
                Point::new(x + 56.0, head - 58.0),
            );
            path.bezier_curve_to(
                Point::new(x + 66.0, head - 44.0),
                Point::new(x + 46.0, head - 40.0),
                Point::new(x + 42.0, head - 20.0),
            );
            path.close();
        });
        self.frame.fill(&crown, cap);
        self.rounded(x - 43.0, head - 32.0, 86.0, 10.0, 3.0, p.picture_accent);
        self.rounded(x - 40.0, head - 22.0, 80.0, 13.0, 6.0, mix(cap, p.picture_mid, 0.25));
        self.circle(x + 36.0, floor - 128.0, 11.0, p.picture_accent);
        // The counter.
        let body = self.dark();
        self.rounded(x - 138.0, floor - 96.0, 276.0, 22.0, 8.0, mix(body, p.picture_mid, 0.4));
        self.rounded(x - 122.0, floor - 74.0, 244.0, 74.0, 4.0, body);
    }

    fn traveler(&mut self, x: f32, floor: f32) {
        let p = self.palette;
        let tone = mix(p.picture_mid, p.picture_dark, 0.25);
        self.circle(x, floor - 262.0, 38.0, tone);
        let torso = Path::rounded_rectangle(
            Point::new(x - 60.0, floor - 214.0),
            Size::new(120.0, 134.0),
            iced::border::Radius { top_left: 54.0, top_right: 54.0, bottom_left: 12.0, bottom_right: 12.0 },
        );
        self.frame.fill(&torso, tone);
        for side in [-46.0, 6.0] {
            self.rounded(x + side, floor - 96.0, 40.0, 96.0, 10.0, tone);
        }
        // Hand luggage.
        let luggage = self.dark();
        self.rounded(x - 134.0, floor - 98.0, 54.0, 88.0, 12.0, luggage);
        self.circle(x - 120.0, floor - 6.0, 6.0, luggage);
        self.circle(x - 94.0, floor - 6.0, 6.0, luggage);
        self.stroke(&[(x - 118.0, floor - 100.0), (x - 118.0, floor - 152.0), (x - 96.0, floor - 152.0)], luggage, 7.0);
    }

    fn way_to_officer(&mut self) {
        let p = self.palette;
        let floor = 380.0;
        let (from, to) = (self.x(170.0), self.x(590.0));
        self.rounded(20.0, floor, 720.0, 8.0, 4.0, mix(p.picture_mid, p.ground, 0.5));
        self.traveler(from, floor);
        self.officer(to, floor);
        let toward = if self.mirrored { -1.0 } else { 1.0 };
        for step in [0.0, 1.0, 2.0] {
            let x = self.x(290.0) + toward * step * 44.0;
            self.stroke(
                &[(x, 230.0), (x + toward * 22.0, 254.0), (x, 278.0)],
                if step > 1.0 { p.action } else { p.picture_accent },
                11.0,
            );
        }
    }

    fn wait_here(&mut self) {
        let p = self.palette;
        let bubble = self.dark();
        let floor = 400.0;
        let oval = Path::new(|path| {
            path.ellipse(canvas::path::arc::Elliptical {
                center: Point::new(230.0, floor),
                radii: Vector::new(190.0, 26.0),
                rotation: Radians(0.0),
                start_angle: Radians(0.0),
                end_angle: Radians(std::f32::consts::TAU),
            });
        });
        self.frame.fill(&oval, mix(p.picture_accent, p.ground, 0.72));
        self.frame.stroke(&oval, Stroke::default().with_color(p.picture_accent).with_width(5.0));
        self.traveler(250.0, floor - 4.0);
        let (x, y) = (self.x(430.0), 104.0);
        self.rounded(x - 78.0, y - 58.0, 156.0, 106.0, 30.0, bubble);
        for dot in [-1.0, 0.0, 1.0] {
            self.circle(x + dot * 38.0, y - 5.0, 11.0, p.picture_accent);
        }
        let toward = if self.mirrored { 1.0 } else { -1.0 };
        let tail = Path::new(|path| {
            path.move_to(Point::new(x + toward * 20.0, y + 40.0));
            path.line_to(Point::new(x + toward * 74.0, y + 86.0));
            path.line_to(Point::new(x + toward * 56.0, y + 30.0));
            path.close();
        });
        self.frame.fill(&tail, bubble);
    }

    fn closed(&mut self) {
        let p = self.palette;
        let floor = 380.0;
        self.rounded(20.0, floor, 720.0, 8.0, 4.0, mix(p.picture_mid, p.ground, 0.6));
        let x = self.x(190.0);
        self.rounded(x - 22.0, floor - 110.0, 44.0, 110.0, 0.0, mix(p.picture_dark, p.picture_mid, 0.35));
        self.rounded(x - 80.0, floor - 14.0, 160.0, 14.0, 6.0, mix(p.picture_dark, p.picture_mid, 0.35));
        self.rounded(x - 92.0, floor - 330.0, 184.0, 226.0, 20.0, p.picture_dark);
        self.outlined(x - 92.0, floor - 330.0, 184.0, 226.0, 20.0, p.picture_mid, 4.0);
        self.stroke(&[(x - 34.0, floor - 250.0), (x + 34.0, floor - 182.0)], p.picture_mid, 13.0);
        self.stroke(&[(x + 34.0, floor - 250.0), (x - 34.0, floor - 182.0)], p.picture_mid, 13.0);
        let toward = if self.mirrored { -1.0 } else { 1.0 };
        for step in [0.0, 1.0, 2.0] {
            let x = self.x(330.0) + toward * step * 40.0;
            self.stroke(&[(x, 226.0), (x + toward * 22.0, 250.0), (x, 274.0)], p.picture_accent, 11.0);
        }
        self.officer(self.x(590.0), floor);
    }

    fn try_again(&mut self) {
        let p = self.palette;
        for (at, x) in [28.0, 208.0, 388.0, 568.0].into_iter().enumerate() {
            self.rounded(x, 256.0, 164.0, 104.0, 20.0, p.picture_paper);
            self.outlined(x, 256.0, 164.0, 104.0, 20.0, p.picture_mid, 4.0);
            for dot in 0..5_u8 {
                let x = x + 34.0 + f32::from(dot) * 24.0;
                let colour = if at % 2 == 0 { p.picture_mid } else { mix(p.picture_mid, p.picture_dark, 0.3) };
                self.circle(x, 308.0, 7.5, colour);
            }
        }
        // A circle that begins again: its end points on, clockwise.
        let (cx, cy, radius, end) = (380.0_f32, 110.0_f32, 74.0_f32, 290.0_f32.to_radians());
        let arc = Path::new(|path| {
            path.arc(canvas::path::Arc {
                center: Point::new(cx, cy),
                radius,
                start_angle: Radians((-20.0_f32).to_radians()),
                end_angle: Radians(end),
            });
        });
        let stroke = Stroke::default().with_color(p.action).with_width(16.0).with_line_cap(LineCap::Round);
        self.frame.stroke(&arc, stroke);
        let tip = (cx + radius * end.cos() + 6.0, cy + radius * end.sin() + 2.0);
        let back = (-end.cos()).atan2(end.sin());
        for spread in [0.75, -0.75] {
            let angle = back + spread;
            self.stroke(&[tip, (tip.0 + 44.0 * angle.cos(), tip.1 + 44.0 * angle.sin())], p.action, 16.0);
        }
    }

    fn privacy(&mut self) {
        let p = self.palette;
        let shield = Path::new(|path| {
            path.move_to(Point::new(150.0, 20.0));
            path.line_to(Point::new(256.0, 58.0));
            path.line_to(Point::new(256.0, 146.0));
            path.bezier_curve_to(Point::new(256.0, 214.0), Point::new(206.0, 258.0), Point::new(150.0, 282.0));
            path.bezier_curve_to(Point::new(94.0, 258.0), Point::new(44.0, 214.0), Point::new(44.0, 146.0));
            path.line_to(Point::new(44.0, 58.0));
            path.close();
        });
        self.frame.fill(&shield, p.picture_light);
        let stroke = Stroke::default().with_color(p.picture_mid).with_width(8.0).with_line_join(LineJoin::Round);
        self.frame.stroke(&shield, stroke);
        self.stroke(&[(102.0, 150.0), (138.0, 186.0), (202.0, 116.0)], p.action, 20.0);
    }
}

/// Small drawn signs, so that no font has to have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Tick,
    Bang,
    Info,
    Cross,
    Delete,
    Down,
    Question,
    Right,
}

/// A sign in a square of `side` logical pixels.
pub fn sign<'a>(which: Sign, side: f32, ink: Color) -> Part<'a> {
    let drawn = Cached::new((which as u8, ink.into_rgba8()), move |frame: &mut Frame| {
        let s = frame.width();
        let stroke = Stroke::default()
            .with_color(ink)
            .with_width(s * 0.14)
            .with_line_cap(LineCap::Round)
            .with_line_join(LineJoin::Round);
        let line = |frame: &mut Frame, points: &[(f32, f32)]| {
            let path = Path::new(|path| {
                for (at, (x, y)) in points.iter().enumerate() {
                    let point = Point::new(x * s, y * s);
                    if at == 0 { path.move_to(point) } else { path.line_to(point) }
                }
            });
            frame.stroke(&path, stroke);
        };
        match which {
            Sign::Tick => line(frame, &[(0.12, 0.54), (0.40, 0.82), (0.90, 0.20)]),
            Sign::Cross => {
                line(frame, &[(0.2, 0.2), (0.8, 0.8)]);
                line(frame, &[(0.8, 0.2), (0.2, 0.8)]);
            }
            Sign::Bang => {
                line(frame, &[(0.5, 0.14), (0.5, 0.58)]);
                frame.fill(&Path::circle(Point::new(s * 0.5, s * 0.86), s * 0.09), ink);
            }
            Sign::Info => {
                line(frame, &[(0.5, 0.44), (0.5, 0.88)]);
                frame.fill(&Path::circle(Point::new(s * 0.5, s * 0.16), s * 0.09), ink);
            }
            Sign::Down => line(frame, &[(0.15, 0.35), (0.5, 0.70), (0.85, 0.35)]),
            Sign::Right => line(frame, &[(0.35, 0.15), (0.70, 0.5), (0.35, 0.85)]),
            Sign::Delete => {
                let thin = Stroke { ..stroke }.with_width(s * 0.08);
                let path = Path::new(|path| {
                    path.move_to(Point::new(s * 0.30, s * 0.20));
                    path.line_to(Point::new(s * 0.96, s * 0.20));
                    path.line_to(Point::new(s * 0.96, s * 0.80));
                    path.line_to(Point::new(s * 0.30, s * 0.80));
                    path.line_to(Point::new(s * 0.04, s * 0.50));
                    path.close();
                });
                frame.stroke(&path, thin);
                for (from, to) in [((0.48, 0.38), (0.76, 0.62)), ((0.76, 0.38), (0.48, 0.62))] {
                    let path = Path::line(Point::new(from.0 * s, from.1 * s), Point::new(to.0 * s, to.1 * s));
                    frame.stroke(&path, thin);
                }
            }
            Sign::Question => {
                let text = Text {
                    content: "?".to_owned(),
                    position: Point::new(s * 0.23, -s * 0.19),
                    color: ink,
                    size: Pixels(s),
                    font: BOLD,
                    ..Text::default()
                };
                text.draw_with(|glyph, ink| frame.fill(&glyph, ink));
            }
        }
    });
    Canvas::new(drawn).width(side).height(side).into()
}
