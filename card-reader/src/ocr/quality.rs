//! What was wrong with a picture that was not read, and pictures of the stages for people.

use super::attempt::{Attempt, Budget};
use super::pixels::Pyramid;
use super::rows::Row;
use super::scene::{Scene, Sharpness, quantile};
use super::{Advice, LumaImage, NotRead, Point, Quad, Reason};

/// A pitch below this many pixels is too small to be certain of.
const SMALL_PITCH: f32 = 5.5;
/// Paper darker than this is in the dark.
const DARK: u8 = 60;
/// A frame of which not this share is brighter than [`DARK`] shows nothing.
const LIT: f32 = 0.02;
/// Paper brighter than this is overexposed.
const WHITE: u8 = 245;
/// Mean certainty of the cells below which a candidate is other text, or none.
const TEXT: f32 = 0.45;
/// Steps as steep as this are sharp in a zone on its plane, where a character is 14 pixels wide.
const SHARP_ZONE: f32 = 0.24;
/// In the frame it depends on how wide a character is: this many contrasts a character. Without a document to tell, this
/// many a pixel.
const SHARP_PITCH: f32 = 2.2;
const SHARP_PIXEL: f32 = 0.12;
/// Wider than this a frame is not looked at for its sharpness.
const WIDE: usize = 1300;
/// A frame this uneven has something in it.
const UNEVEN: f32 = 14.0;
/// A row that ends nearer to the frame's edge than this, in heights of a capital, goes on outside.
const AT_THE_EDGE: f32 = 1.1;

/// The rows that were found, and their pixels for one of the frame.
pub type Located = Vec<(Vec<Row>, f32)>;

fn say(reason: Reason, advice: Advice) -> NotRead {
    NotRead::because(reason, Some(advice))
}

/// Nothing that looks like a zone: too dark, hidden, too far, too near, cut, blurred, or the other side of it.
pub fn nothing_found(pyramid: &Pyramid<'_>, located: &Located, budget: &Budget) -> NotRead {
    let overview = pyramid.level(pyramid.levels() - 1);
    let scene = Scene::look(pyramid);
    // A small bright card on a dark desk has light enough.
    let lit = scene.document.as_ref().is_some_and(|d| d.paper > DARK);
    if !lit && share(&overview.pixels, |p| p > DARK) < LIT {
        return say(Reason::TooDark, Advice::MoreLight);
    }
    let rows = located.iter().any(|(rows, _)| !rows.is_empty());
    let (document, uneven) = (scene.document.as_ref(), scene.unrest > UNEVEN);
    if document.is_none() && !uneven {
        return NotRead::because(Reason::NoZone, None);
    }
    if let Some(at) = scene.glare() {
        return NotRead { at: Some(at), ..say(Reason::Glare, Advice::Tilt) };
    }
    let Softness { blurred, moving } = Softness::of(pyramid, &scene);
    match document {
        Some(document) if document.overflows() => say(Reason::TooClose, Advice::Farther),
        Some(document) if document.cut() => say(Reason::CutOff, Advice::WholeCard),
        Some(document) if document.pitch() < SMALL_PITCH => say(Reason::TooSmall, Advice::Closer),
        Some(_) if blurred && moving => say(Reason::Moving, Advice::HoldStill),
        Some(_) if blurred => say(Reason::Blurred, Advice::HoldStill),
        Some(_) => say(Reason::WrongSide, Advice::TurnOver),
        // The whole frame is of one uneven thing: too near to be sharp, or to be seen as what it is.
        None if blurred && moving => say(Reason::Moving, Advice::HoldStill),
        None if blurred || located.iter().any(|l| runs_through(pyramid, l)) => say(Reason::TooClose, Advice::Farther),
        None if budget.best_probe > 0.3 && rows => say(Reason::NotMrzText, Advice::TurnOver),
        None => NotRead::because(Reason::NoZone, None),
    }
}

/// Why the best attempt was not accepted, by what its pixels look like.
pub fn why(pyramid: &Pyramid<'_>, attempt: &Attempt, quad: &Quad, located: &Located, budget: &Budget) -> NotRead {
    let plane = &attempt.plane;
    let zone = plane.picture(pyramid, attempt.width());
    let paper = quantile(&zone.pixels, 0.7);
    if paper < DARK {
        return say(Reason::TooDark, Advice::MoreLight);
    }
    if attempt.certainty < TEXT {
        // No zone, or nobody could tell: its place and its size mean nothing.
        return nothing_found(pyramid, located, budget);
    }
    if plane.scale * plane.pitch < SMALL_PITCH {
        return say(Reason::TooSmall, Advice::Closer);
    }
    match ends_cut(pyramid, quad, located) {
        (true, true) => return say(Reason::TooClose, Advice::Farther),
        (false, false) if attempt.whole => {}
        _ => return say(Reason::CutOff, Advice::WholeCard),
    }
    if let Some(at) = washed_out(attempt, &zone, paper) {
        return NotRead { at: Some(at), ..say(Reason::Glare, Advice::Tilt) };
    }
    if Sharpness::of(&zone, 0.985).softest < SHARP_ZONE {
        // Rows are bars when blurred: only the whole frame has edges in every direction.
        return if Softness::of(pyramid, &Scene::look(pyramid)).moving {
            say(Reason::Moving, Advice::HoldStill)
        } else {
            say(Reason::Blurred, Advice::HoldStill)
        };
    }
    say(Reason::LowConfidence, Advice::HoldStill)
}

/// How soft the whole frame is.
struct Softness {
    blurred: bool,
    /// Softer in one direction than in others.
    moving: bool,
}

impl Softness {
    fn of(pyramid: &Pyramid<'_>, scene: &Scene) -> Self {
        let level = (0..pyramid.levels()).find(|&l| pyramid.level(l).width <= WIDE).unwrap_or(pyramid.levels() - 1);
        let image = pyramid.level(level);
        let shrink = image.width as f32 / pyramid.level(0).width.max(1) as f32;
        let sharpness = Sharpness::of(image, 0.995);
        let sharp =
            scene.document.as_ref().map_or(SHARP_PIXEL, |d| (SHARP_PITCH / (d.pitch() * shrink)).clamp(0.08, 0.28));
        Self { blurred: sharpness.softest < sharp, moving: sharpness.one_sided() }
    }
}

/// Whether the zone goes on outside the frame, at the start of its rows and at their end: its outline does, or a row
/// that runs through it.
fn ends_cut(pyramid: &Pyramid<'_>, quad: &Quad, located: &Located) -> (bool, bool) {
    let frame = pyramid.level(0);
    let outside =
        |p: &Point| p.x < -0.5 || p.y < -0.5 || p.x > frame.width as f32 - 0.5 || p.y > frame.height as f32 - 0.5;
    let [a, b, c, d] = quad;
    let (mut start, mut end) = (outside(a) || outside(d), outside(b) || outside(c));
    let middle = |p: &Point, q: &Point| Point { x: (p.x + q.x) / 2.0, y: (p.y + q.y) / 2.0 };
    let (from, to) = (middle(a, d), middle(b, c));
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.hypot(dy).max(1.0);
    let half = (d.x - a.x).hypot(d.y - a.y) / 2.0;
    for (rows, scale) in located {
        for row in rows {
            let full = |p: Point| Point { x: (p.x + 0.5) / scale - 0.5, y: (p.y + 0.5) / scale - 0.5 };
            let ends = [full(row.point(row.from)), full(row.point(row.to))];
            let centre = middle(&ends[0], &ends[1]);
            let beside = ((centre.x - from.x) * dy - (centre.y - from.y) * dx).abs() / length;
            if beside > half {
                continue;
            }
            for p in ends.iter().filter(|p| edge_distance(frame, p) < AT_THE_EDGE * row.size / scale) {
                let along = ((p.x - from.x) * dx + (p.y - from.y) * dy) / length;
                if along < length / 2.0 {
                    start = true;
                } else {
                    end = true;
                }
            }
        }
    }
    (start, end)
}

fn edge_distance(frame: &LumaImage, p: &Point) -> f32 {
    p.x.min(p.y).min(frame.width as f32 - 1.0 - p.x).min(frame.height as f32 - 1.0 - p.y)
}

/// Whether a row reaches from one edge of the frame to another.
fn runs_through(pyramid: &Pyramid<'_>, (rows, scale): &(Vec<Row>, f32)) -> bool {
    let frame = pyramid.level(0);
    let full = |p: Point| Point { x: (p.x + 0.5) / scale - 0.5, y: (p.y + 0.5) / scale - 0.5 };
    let at_edge = |row: &Row, t: f32| edge_distance(frame, &full(row.point(t))) < AT_THE_EDGE * row.size / scale;
    rows.iter().any(|row| at_edge(row, row.from) && at_edge(row, row.to))
}

/// Where light hides characters: the middle of the doubtful cells that are white and empty, if they are a good part.
fn washed_out(attempt: &Attempt, zone: &LumaImage, paper: u8) -> Option<Point> {
    let plane = &attempt.plane;
    let (cell, row) = (zone.width / attempt.width().max(1), zone.height / plane.lines.len().max(1));
    let contrast = paper.saturating_sub(quantile(&zone.pixels, 0.05));
    let (mut doubtful, mut white) = (0, Vec::new());
    for (l, line) in attempt.decoded.confidence.iter().enumerate() {
        for (c, _) in line.iter().enumerate().filter(|(_, p)| **p < 0.9) {
            let pixels: Vec<u8> = (l * row..(l + 1) * row)
                .flat_map(|y| zone.pixels[y * zone.width + c * cell..][..cell].iter().copied())
                .collect();
            doubtful += 1;
            let (dark, light) = (quantile(&pixels, 0.1), quantile(&pixels, 0.8));
            if light >= 250 && (dark > 225 || light - dark < contrast / 3) {
                let (u, v) = plane.cell(l, c as isize);
                white.push(plane.map.apply(u, v));
            }
        }
    }
    let n = white.len() as f32;
    let middle = white.iter().fold(Point { x: 0.0, y: 0.0 }, |m, p| Point { x: m.x + p.x / n, y: m.y + p.y / n });
    // Where paper is white by itself, an empty cell shows nothing.
    (paper <= WHITE && white.len() >= 2 && (white.len() >= 4 || 3 * white.len() >= doubtful)).then_some(middle)
}

fn share(pixels: &[u8], test: impl Fn(u8) -> bool) -> f32 {
    pixels.iter().filter(|&&p| test(p)).count() as f32 / pixels.len().max(1) as f32
}

pub fn copy(image: &LumaImage) -> LumaImage {
    LumaImage { width: image.width, height: image.height, pixels: image.pixels.clone() }
}

/// Light and dark exchanged.
pub fn negative(image: &LumaImage) -> LumaImage {
    LumaImage { width: image.width, height: image.height, pixels: image.pixels.iter().map(|p| 255 - p).collect() }
}

/// The overview with the rows that were found.
pub fn drawn(overview: &LumaImage, rows: &[Row]) -> LumaImage {
    let mut picture = LumaImage {
        width: overview.width,
        height: overview.height,
        pixels: overview.pixels.iter().map(|p| p / 2 + 96).collect(),
    };
    for row in rows {
        stroke(&mut picture, row.point(row.from), row.point(row.to), 0);
    }
    picture
}

/// The overview with the zone's outline.
pub fn outlined(overview: &LumaImage, scale: f32, quad: &Quad) -> LumaImage {
    let mut picture = LumaImage {
        width: overview.width,
        height: overview.height,
        pixels: overview.pixels.iter().map(|p| p / 2 + 96).collect(),
    };
    let corner = |p: &Point| Point { x: (p.x + 0.5) * scale - 0.5, y: (p.y + 0.5) * scale - 0.5 };
    for (a, b) in quad.iter().zip(quad.iter().cycle().skip(1)) {
        stroke(&mut picture, corner(a), corner(b), 0);
    }
    picture
}

fn stroke(picture: &mut LumaImage, a: Point, b: Point, value: u8) {
    let steps = ((b.x - a.x).abs().max((b.y - a.y).abs()) as usize).clamp(1, 4 * (picture.width + picture.height));
    for i in 0..=steps {
        let t = i as f32 / steps as f32;
        let (x, y) = (a.x + t * (b.x - a.x), a.y + t * (b.y - a.y));
        if x >= 0.0 && y >= 0.0 && (x as usize) < picture.width && (y as usize) < picture.height {
            picture.pixels[y as usize * picture.width + x as usize] = value;
        }
    }
}
