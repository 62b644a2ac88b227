//! What was wrong with a picture that was not read, and pictures of the stages for people.

use super::attempt::{Attempt, Budget};
use super::pixels::Pyramid;
use super::rows::Row;
use super::{Advice, LumaImage, NotRead, Point, Quad, Reason};

/// A pitch below this many pixels is too small to be certain of.
const SMALL_PITCH: f32 = 5.5;

/// Nothing that looks like a zone.
pub fn nothing_found(overview: &LumaImage, rows: bool, budget: &Budget) -> NotRead {
    let bright = share(&overview.pixels, |p| p > 60);
    let (reason, advice) = if bright < 0.02 {
        (Reason::TooDark, Some(Advice::MoreLight))
    } else if budget.best_probe > 0.3 && rows {
        (Reason::NotMrzText, Some(Advice::TurnOver))
    } else {
        (Reason::NoZone, None)
    };
    NotRead { reason, advice, guess: None }
}

/// Why the best attempt was not accepted, by what its pixels look like.
pub fn why(pyramid: &Pyramid<'_>, attempt: &Attempt, quad: &Quad) -> (Reason, Option<Advice>) {
    let plane = &attempt.plane;
    let full = pyramid.level(0);
    let zone = plane.picture(pyramid, attempt.width());
    let cut = quad
        .iter()
        .any(|p| p.x < -0.5 || p.y < -0.5 || p.x > full.width as f32 - 0.5 || p.y > full.height as f32 - 0.5);
    if attempt.certainty < 0.45 {
        return (Reason::NotMrzText, Some(Advice::TurnOver));
    }
    if plane.scale * plane.pitch < SMALL_PITCH {
        return (Reason::TooSmall, Some(Advice::Closer));
    }
    if cut || !attempt.whole {
        return (Reason::CutOff, Some(Advice::WholeCard));
    }
    let (low, paper) = (quantile(&zone.pixels, 0.05), quantile(&zone.pixels, 0.7));
    if paper < 60 {
        return (Reason::TooDark, Some(Advice::MoreLight));
    }
    if washed_out(attempt, &zone) {
        return (Reason::Glare, Some(Advice::Tilt));
    }
    let (across, down) = steepest(&zone);
    let contrast = f32::from(paper.saturating_sub(low)).max(1.0);
    // A sharp edge falls over the whole contrast within about two pixels of a patch.
    let (across, down) = (across / contrast, down / contrast);
    if across.min(down) < 0.22 {
        return if across.max(down) > 1.7 * across.min(down) {
            (Reason::Moving, Some(Advice::HoldStill))
        } else {
            (Reason::Blurred, Some(Advice::HoldStill))
        };
    }
    (Reason::LowConfidence, Some(Advice::HoldStill))
}

/// Whether most of the cells that are not certain are nearly white: light hides them.
fn washed_out(attempt: &Attempt, zone: &LumaImage) -> bool {
    let (cell, row) = (zone.width / attempt.width().max(1), zone.height / attempt.plane.lines.len().max(1));
    let (mut doubtful, mut white) = (0, 0);
    for (l, line) in attempt.decoded.confidence.iter().enumerate() {
        for (c, _) in line.iter().enumerate().filter(|(_, p)| **p < 0.9) {
            let pixels: Vec<u8> = (l * row..(l + 1) * row)
                .flat_map(|y| zone.pixels[y * zone.width + c * cell..][..cell].iter().copied())
                .collect();
            doubtful += 1;
            white += usize::from(quantile(&pixels, 0.25) > 235);
        }
    }
    doubtful > 0 && 2 * white >= doubtful
}

fn share(pixels: &[u8], test: impl Fn(u8) -> bool) -> f32 {
    pixels.iter().filter(|&&p| test(p)).count() as f32 / pixels.len().max(1) as f32
}

fn quantile(pixels: &[u8], at: f32) -> u8 {
    let mut counts = [0usize; 256];
    pixels.iter().for_each(|&p| counts[usize::from(p)] += 1);
    let mut left = (at * pixels.len() as f32) as usize;
    for (value, &n) in counts.iter().enumerate() {
        if n > left {
            return value as u8;
        }
        left -= n;
    }
    255
}

/// The steepest steps between neighbours across and down: the largest of each line, in the mean.
fn steepest(image: &LumaImage) -> (f32, f32) {
    let mut across = Vec::new();
    let mut down = Vec::new();
    for (y, row) in image.pixels.chunks_exact(image.width).enumerate() {
        for x in 0..image.width.saturating_sub(1) {
            across.push(row[x].abs_diff(row[x + 1]));
            if y + 1 < image.height {
                down.push(row[x].abs_diff(image.pixels[(y + 1) * image.width + x]));
            }
        }
    }
    (f32::from(quantile(&across, 0.97)), f32::from(quantile(&down, 0.97)))
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
