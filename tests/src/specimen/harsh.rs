//! Pictures with a zone, as kiosks see them and worse: each has one condition, drawn at a random severity, so that a
//! good share is barely readable or not at all. That is where wrong acceptances come from.

use super::content::Content;
use super::face::{Face, Faces};
use super::lens::{Desk, Glare, Shadow, Shot};
use super::sheet::{Ink, Sheet};
use super::{Picture, Random, surface};

/// What may be wrong with a picture. `several`: two or three at a time.
pub const CONDITIONS: [&str; 25] = [
    "clean",
    "blur",
    "motion",
    "noise",
    "glare",
    "guilloche",
    "jpeg",
    "low contrast",
    "perspective",
    "small",
    "turned",
    "large frame",
    "inverse",
    "shadow",
    "missing ink",
    "ink spread",
    "uneven rows",
    "other typeface",
    "cut off",
    "worn",
    "dark",
    "misprinted digit",
    "full width",
    "cluttered",
    "several",
];

/// All that decides a picture, before it is drawn.
struct Plan {
    content: Content,
    ink: Ink,
    paper: u8,
    guilloche: f32,
    typeface: Typeface,
    /// Marks over the zone.
    scratches: usize,
    crowded: bool,
    /// Pixels a character.
    pitch: f32,
    frame: (usize, usize),
    turn: f32,
    tilt: f32,
    /// Share of the zone that lies outside of the frame.
    outside: f32,
    /// In pitches.
    blur: f32,
    motion: f32,
    noise: f32,
    contrast: f32,
    light: f32,
    shadow: Option<f32>,
    glare: Option<f32>,
    jpeg: Option<u8>,
    textured: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Typeface {
    OcrB(usize),
    Mono(usize),
    Page(usize),
}

/// A picture as a good kiosk sees it: no condition but the small flaws of every camera.
#[must_use]
pub fn plain(faces: &Faces, seed: u64) -> Picture {
    let mut r = Random::new(seed ^ 0x91a1);
    let plan = Plan::plain(&mut r);
    plan.draw("plain", faces, &mut r)
}

/// One condition after the other, by seed.
#[must_use]
pub fn harsh(faces: &Faces, seed: u64) -> Picture {
    let mut r = Random::new(seed ^ 0x4a25);
    let condition = CONDITIONS[(seed % CONDITIONS.len() as u64) as usize];
    let mut plan = Plan::plain(&mut r);
    if condition == "several" {
        for _ in 0..2 + r.below(2) {
            let one = CONDITIONS[1 + r.below(CONDITIONS.len() - 2)];
            let severity = 0.6 * r.unit();
            plan.worsen(one, severity, &mut r);
        }
    } else {
        let severity = r.unit();
        plan.worsen(condition, severity, &mut r);
    }
    plan.draw(condition, faces, &mut r)
}

impl Plan {
    fn plain(r: &mut Random) -> Self {
        let content = Content::made_up(r);
        let cells = content.lines[0].len() as f32;
        let turn = if r.chance(0.5) { r.between(-12.0, 12.0) } else { r.between(-180.0, 180.0) };
        let ink = Ink {
            pitch: 2.54 * r.between(0.99, 1.01),
            capital: 2.4 * r.between(0.94, 1.04),
            grey: r.between(8.0, 70.0) as u8,
            weight: r.between(-0.06, 0.12),
            jitter: (0.02, 0.02),
            seed: r.bits(),
            ..Ink::default()
        };
        Self {
            content,
            ink,
            paper: r.between(195.0, 250.0) as u8,
            guilloche: if r.chance(0.6) { r.between(0.0, 45.0) } else { 0.0 },
            typeface: Typeface::OcrB(if r.chance(0.7) { 0 } else { r.below(3) }),
            scratches: 0,
            crowded: false,
            pitch: 1280.0 * r.between(0.45, 0.85) / cells,
            frame: (1280, 960),
            turn,
            tilt: r.between(0.0, 9.0),
            outside: 0.0,
            blur: r.between(0.01, 0.055),
            motion: 0.0,
            noise: r.between(0.5, 5.0),
            contrast: r.between(0.6, 1.0),
            light: r.between(0.75, 1.05),
            shadow: None,
            glare: None,
            jpeg: r.chance(0.4).then(|| r.between(60.0, 96.0) as u8),
            textured: r.chance(0.15),
        }
    }

    /// `severity`, 0 to 1: from hardly any to more than can be read.
    fn worsen(&mut self, condition: &str, severity: f32, r: &mut Random) {
        let s = severity;
        let cells = self.content.lines[0].len() as f32;
        match condition {
            "blur" => self.blur = 0.06 + 0.26 * s,
            "motion" => self.motion = 0.15 + 1.3 * s,
            "noise" => self.noise = 8.0 + 50.0 * s,
            "glare" => self.glare = Some(s),
            "guilloche" => {
                self.guilloche = 40.0 + 110.0 * s;
                self.ink.grey = r.between(20.0, 100.0) as u8;
            }
            "jpeg" => self.jpeg = Some((45.0 - 41.0 * s) as u8),
            "low contrast" => {
                self.contrast = 0.5 - 0.44 * s;
                self.noise = r.between(0.5, 4.0);
            }
            "perspective" => self.tilt = 10.0 + 20.0 * s,
            "small" => {
                self.pitch = 11.0 - 8.5 * s;
                self.blur = r.between(0.05, 0.16);
                self.frame = *r.pick(&[(640, 480), (800, 600), (1280, 960)]);
            }
            "turned" => self.turn = r.between(-180.0, 180.0),
            "large frame" => {
                self.frame = *r.pick(&[(1920, 1080), (1920, 1080), (2592, 1944), (3840, 2160), (4000, 3000)]);
                self.pitch = self.frame.0 as f32 * r.between(0.25, 0.8) / cells;
                self.turn = r.between(-20.0, 20.0);
            }
            "inverse" => (self.paper, self.ink.grey) = (r.between(5.0, 70.0) as u8, r.between(150.0, 250.0) as u8),
            "shadow" => self.shadow = Some(0.25 + 0.7 * s),
            "missing ink" => self.ink.missing = (0.15 + 0.5 * s, r.between(0.12, 1.2)),
            "ink spread" => self.ink.weight = if r.chance(0.7) { 0.1 + 0.4 * s } else { -0.08 - 0.2 * s },
            "uneven rows" => {
                self.ink.jitter = (0.25 * s, 0.3 * s);
                self.ink.wander = (0.5 * s * r.unit(), r.between(15.0, 120.0));
                self.ink.slant = 0.25 * s * r.between(-1.0, 1.0);
                self.ink.pitch *= r.between(0.93, 1.07);
                self.ink.capital *= r.between(0.85, 1.12);
            }
            "other typeface" => {
                self.typeface = if r.chance(0.75) { Typeface::Mono(r.below(3)) } else { Typeface::Page(r.below(6)) };
            }
            "cut off" => self.outside = 0.01 + 0.4 * s,
            "worn" => self.scratches = 1 + (25.0 * s) as usize,
            "dark" => {
                self.light = 0.4 - 0.34 * s;
                self.noise = r.between(1.0, 9.0);
            }
            "misprinted digit" => self.content.misprint(r),
            "full width" => {
                self.pitch = 1280.0 * r.between(0.85, 0.985) / cells;
                self.turn = r.between(-4.0, 4.0) + if r.chance(0.5) { 180.0 } else { 0.0 };
                self.tilt = r.between(0.0, 4.0);
            }
            "cluttered" => (self.crowded, self.textured) = (true, true),
            _ => {}
        }
    }

    fn draw(&self, condition: &'static str, faces: &Faces, r: &mut Random) -> Picture {
        let (width, height, last, apart) = match self.content.format {
            "TD1" => (85.6, 54.0, 5.6, 4.23),
            "TD3" => (125.0, 88.0, 7.4, 6.35),
            "MRV-A" => (120.0, 80.0, 7.4, 6.35),
            _ => (105.0, 74.0, 7.4, 6.35),
        };
        let scale = self.pitch / self.ink.pitch;
        // Tilted, what is near is up to a quarter larger; a very large frame needs no finer sheet than itself.
        let finer = if self.pitch > 35.0 { 1.0 } else { 1.3 };
        let mut sheet = Sheet::new(width, height, (scale * finer).max(3.0), self.paper);
        sheet.guilloche(self.guilloche, r);
        let cells = self.content.lines[0].len() as f32;
        let left = (width - cells * self.ink.pitch) / 2.0 + r.between(-0.8, 0.8);
        let rows = self.content.lines.len() as f32;
        let top = height - last - (rows - 1.0) * apart;
        self.page(&mut sheet, faces, top - 2.2, r);
        for (i, line) in self.content.lines.iter().enumerate() {
            let ink = Ink { seed: self.ink.seed.wrapping_add(i as u64), ..self.ink };
            sheet.row(self.face(faces), line, left, top + i as f32 * apart, &ink);
        }
        let zone = (left, top - 1.4, cells * self.ink.pitch, (rows - 1.0) * apart + 2.8);
        self.scratch(&mut sheet, zone, r);
        let shot = self.shot(zone, scale, r);
        Picture { pixels: shot.take(&sheet), lines: self.content.lines.clone(), condition }
    }

    fn face<'a>(&self, faces: &'a Faces) -> &'a Face {
        match self.typeface {
            Typeface::OcrB(i) => &faces.ocr_b[i % faces.ocr_b.len()],
            Typeface::Mono(i) => &faces.mono[i % faces.mono.len()],
            Typeface::Page(i) => &faces.page[i % faces.page.len()],
        }
    }

    /// The part of the page above the zone, down to `bottom`.
    fn page(&self, sheet: &mut Sheet, faces: &Faces, bottom: f32, r: &mut Random) {
        let (width, _) = sheet.size();
        let ink = self.ink.grey;
        let face = r.pick(&faces.page[..5]);
        if r.chance(0.2) {
            surface::barcode(sheet, (0.3 * width, 2.0, 0.5 * width, 7.0), ink, r);
        } else {
            sheet.text(face, "UTOPIA  SPECIMEN", 0.3 * width, 5.0, 3.0, ink);
        }
        if r.chance(0.7) {
            surface::portrait(sheet, (4.0, 10.0, 0.24 * width, (bottom - 12.0).min(0.32 * width)), r);
        }
        let size = r.between(1.3, 2.4);
        let apart = size * r.between(1.5, 2.6);
        let mut y = 11.0;
        // Print may come close to the zone.
        let end = bottom - if self.crowded { 1.0 } else { r.between(1.5, 8.0) };
        while y < end {
            let (length, capitals) = (10 + r.below(30), if r.chance(0.5) { 1.0 } else { 0.2 });
            let words = surface::words(r, length, capitals);
            let face = if self.crowded && r.chance(0.4) { r.pick(&faces.ocr_b) } else { face };
            sheet.text(face, &words, 0.33 * width, y, size, ink);
            y += apart;
        }
        if r.chance(0.1) {
            sheet.block(0.0, bottom - 0.6, width, 0.3, ink);
        }
    }

    fn scratch(&self, sheet: &mut Sheet, (x, y, width, height): (f32, f32, f32, f32), r: &mut Random) {
        for _ in 0..self.scratches {
            let at = |r: &mut Random| (x + width * r.unit(), y + height * r.between(-0.2, 1.2));
            let grey = if r.chance(0.6) { self.paper } else { r.between(0.0, 255.0) as u8 };
            let from = at(r);
            if r.chance(0.7) {
                let to = (from.0 + r.between(-12.0, 12.0), from.1 + r.between(-8.0, 8.0));
                sheet.stroke(from, to, r.between(0.08, 0.7), grey);
            } else {
                sheet.oval(from, (r.between(0.2, 1.6), r.between(0.2, 1.2)), grey);
            }
        }
    }

    /// Lays the zone into the frame: whole, unless it is to be cut off.
    fn shot(&self, zone: (f32, f32, f32, f32), scale: f32, r: &mut Random) -> Shot {
        let (width, height) = (self.frame.0 as f32, self.frame.1 as f32);
        let (x, y, w, h) = zone;
        let mut shot = Shot {
            width: self.frame.0,
            height: self.frame.1,
            point: (x + w / 2.0, y + h / 2.0),
            at: (width / 2.0, height / 2.0),
            scale,
            turn: self.turn,
            tilt: (self.tilt, r.between(0.0, 360.0)),
            desk: if self.textured {
                Desk::Seen(surface::desk(self.frame, r))
            } else {
                Desk::Grey(r.between(5.0, 250.0) as u8)
            },
            blur: 0.3 + self.blur * self.pitch,
            motion: (self.motion * self.pitch, if r.chance(0.5) { self.turn } else { r.between(0.0, 360.0) }),
            contrast: self.contrast,
            light: self.light,
            shade: r.between(0.0, 0.3),
            shadow: None,
            glare: None,
            noise: self.noise,
            coarse: r.chance(0.4),
            jpeg: self.jpeg,
            seed: r.bits(),
        };
        // Smaller until it fits; a character's width stays free all around.
        let corners = [(x, y), (x + w, y), (x, y + h), (x + w, y + h)];
        let bounds = |shot: &Shot| {
            let placed = corners.map(|(cx, cy)| shot.place(cx, cy));
            let of = |pick: fn(f32, f32) -> f32, start: f32| {
                (placed.iter().fold(start, |a, p| pick(a, p.0)), placed.iter().fold(start, |a, p| pick(a, p.1)))
            };
            (of(f32::min, f32::MAX), of(f32::max, f32::MIN))
        };
        let margin = 0.5 * self.pitch.min(12.0);
        for _ in 0..60 {
            let ((x0, y0), (x1, y1)) = bounds(&shot);
            if x1 - x0 < width - 2.0 * margin && y1 - y0 < height - 2.0 * margin {
                break;
            }
            shot.scale *= 0.97;
        }
        let ((x0, y0), (x1, y1)) = bounds(&shot);
        let slide = |r: &mut Random, low: f32, high: f32, most: f32| {
            let (from, to) = (margin - low, most - margin - high);
            if to > from { r.between(from, to) } else { (from + to) / 2.0 }
        };
        let (dx, dy) = (slide(r, x0, x1, width), slide(r, y0, y1, height));
        shot.at = (shot.at.0 + dx, shot.at.1 + dy);
        if self.outside > 0.0 {
            // Over the edge, along the rows or across them.
            let (sin, cos) = self.turn.to_radians().sin_cos();
            if cos.abs() > sin.abs() {
                let over = self.outside * (x1 - x0);
                shot.at.0 =
                    if r.chance(0.5) { shot.at.0 - (x0 + dx) - over } else { shot.at.0 + width - (x1 + dx) + over };
            } else {
                let over = self.outside * (y1 - y0);
                shot.at.1 =
                    if r.chance(0.5) { shot.at.1 - (y0 + dy) - over } else { shot.at.1 + height - (y1 + dy) + over };
            }
        }
        let spot = shot.place(x + w * r.unit(), y + h * r.unit());
        shot.shadow = self.shadow.map(|depth| Shadow {
            through: spot,
            direction: r.between(0.0, 360.0),
            depth,
            soft: self.pitch * if r.chance(0.5) { r.between(0.1, 1.0) } else { r.between(1.0, 15.0) },
        });
        shot.glare = self.glare.map(|s| Glare {
            at: spot,
            radii: (self.pitch * r.between(1.0, 4.0 + 14.0 * s), self.pitch * r.between(1.0, 4.0 + 8.0 * s)),
            strength: r.between(60.0, 200.0 + 500.0 * s),
        });
        shot
    }
}
