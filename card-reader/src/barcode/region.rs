//! Where in a picture a barcode may be, and how it is turned: a card in a hand is tilted, and the decoder reads a
//! PDF417 tilted by up to three degrees only. So regions are proposed, turned upright and scaled before decoding.
//!
//! A structure tensor over small blocks gives each an energy and the direction of its edges; neighbouring blocks of
//! high energy make a region; its direction is that of its edges, a quarter turn being the same for square codes.

use crate::ocr::{LumaImage, Point, Quad};

/// Side of a block, in pixels of the level that is looked at.
const BLOCK: usize = 16;

/// The level looked at has at most so many pixels along its longer side.
const LEVEL_SIDE: usize = 1_400;

/// Squared gradients below this are noise.
const NOISE: f32 = 600.0;
/// The same of gradients that are sixteen times too large.
const NOISE_16: i32 = 600 * 16 * 16;

/// A rectangle that may hold a barcode, in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) centre: Point,
    /// From the picture's x axis to the region's, in radians, clockwise on the screen.
    pub(super) angle: f32,
    /// Along the region's axes.
    pub(super) half_width: f32,
    pub(super) half_height: f32,
    /// What its edges say it may be.
    pub(super) shape: Shape,
    /// How likely it is that a code is printed there.
    weight: f32,
}

/// What the directions of a region's edges allow. A long region with edges in two directions is a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Edges of one direction: linear codes, PDF417.
    Bars,
    /// About as wide as high: QR, Data Matrix, Aztec, or a paragraph.
    Square,
    /// Anything: the picture as a whole.
    Any,
}

#[derive(Clone, Copy, Default)]
struct Block {
    energy: f32,
    /// Pixels on an edge.
    edges: u32,
    /// Doubled angle: edges of one direction (linear codes, PDF417).
    double: (f32, f32),
    /// Quadrupled angle: edges of two directions at right angles (square codes).
    quadruple: (f32, f32),
}

/// Regions, the most promising first, at most `most`.
pub(super) fn propose(picture: &LumaImage, most: usize) -> Vec<Region> {
    let factor = picture.width.max(picture.height).div_ceil(LEVEL_SIDE).max(1);
    let smaller = (factor > 1).then(|| shrink(picture, factor));
    let level = smaller.as_ref().unwrap_or(picture);
    let (columns, rows) = (level.width / BLOCK, level.height / BLOCK);
    if columns < 2 || rows < 2 {
        return Vec::new();
    }
    let blocks = tensors(level, columns, rows);
    let mut energies: Vec<f32> = blocks.iter().map(|b| b.energy).collect();
    energies.sort_by(f32::total_cmp);
    let strong = energies.get(energies.len() * 98 / 100).copied().unwrap_or(0.0).max(NOISE);

    let mut regions: Vec<Region> = Vec::new();
    for share in [0.22, 0.5] {
        for members in components(&blocks, columns, rows, strong * share) {
            if let Some(region) = fit(&blocks, &members, columns, factor as f32)
                && !regions.iter().any(|other| other.is_almost(&region))
            {
                regions.push(region);
            }
        }
    }
    regions.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    regions.truncate(most);
    regions
}

impl Region {
    fn is_almost(&self, other: &Self) -> bool {
        let near = (self.centre.x - other.centre.x).hypot(self.centre.y - other.centre.y);
        let small = self.half_width.min(self.half_height);
        near < 0.3 * small
            && (self.half_width - other.half_width).abs() < 0.3 * small
            && (self.half_height - other.half_height).abs() < 0.3 * small
    }

    /// Clockwise from the upper left of the upright region.
    pub(super) fn corners(&self) -> Quad {
        let (along, down) = self.axes();
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, y)| Point {
            x: self.centre.x + x * self.half_width * along.0 + y * self.half_height * down.0,
            y: self.centre.y + x * self.half_width * along.1 + y * self.half_height * down.1,
        })
    }

    /// The region's axes in the picture.
    fn axes(&self) -> ((f32, f32), (f32, f32)) {
        let (sin, cos) = self.angle.sin_cos();
        ((cos, sin), (-sin, cos))
    }
}

/// A region cut out of the picture, upright and scaled.
pub(super) struct Crop {
    pub(super) image: LumaImage,
    region: Region,
    margin: f32,
    scale: f32,
}

impl Crop {
    /// `scale` pixels for one of the picture. `None` if that would be more than `most_pixels`, or nothing.
    pub(super) fn cut(picture: &LumaImage, region: &Region, scale: f32, most_pixels: usize) -> Option<Self> {
        // A quiet zone, and what the blocks' coarse grid left out.
        let margin = BLOCK as f32 * 0.75 + 0.04 * region.half_width.max(region.half_height);
        let width = (2.0 * (region.half_width + margin) * scale).round() as usize;
        let height = (2.0 * (region.half_height + margin) * scale).round() as usize;
        if width < 16 || height < 8 || width.checked_mul(height)? > most_pixels {
            return None;
        }
        let crop = Self { image: LumaImage { width, height, pixels: Vec::new() }, region: *region, margin, scale };
        let mut pixels = Vec::with_capacity(width * height);
        let (along, down) = region.axes();
        let step = (along.0 / scale, along.1 / scale);
        let inside = |x: usize, y: usize| {
            let Point { x, y } = crop.to_picture(x as f32, y as f32, along, down);
            x >= 1.0 && y >= 1.0 && x < picture.width as f32 - 3.0 && y < picture.height as f32 - 3.0
        };
        let all_inside = inside(0, 0) && inside(width, 0) && inside(0, height) && inside(width, height);
        for y in 0..height {
            let start = crop.to_picture(0.0, y as f32, along, down);
            if all_inside && picture.width.max(picture.height) < 1 << 15 {
                line_inside(picture, start, step, width, &mut pixels);
                continue;
            }
            let (mut px, mut py) = (start.x, start.y);
            for _ in 0..width {
                pixels.push(bilinear(picture, px, py));
                px += step.0;
                py += step.1;
            }
        }
        Some(Self { image: LumaImage { width, height, pixels }, ..crop })
    }

    /// A point of the crop, in pixels of the picture.
    pub(super) fn point_in_picture(&self, x: f32, y: f32) -> Point {
        let (along, down) = self.region.axes();
        self.to_picture(x, y, along, down)
    }

    fn to_picture(&self, x: f32, y: f32, along: (f32, f32), down: (f32, f32)) -> Point {
        let dx = x / self.scale - (self.region.half_width + self.margin);
        let dy = y / self.scale - (self.region.half_height + self.margin);
        Point {
            x: self.region.centre.x + dx * along.0 + dy * down.0,
            y: self.region.centre.y + dx * along.1 + dy * down.1,
        }
    }
}

impl Crop {
    /// The same with its edges steepened, against blur: what a pixel differs from the mean around it counts twice more.
    pub(super) fn sharpened(&self) -> LumaImage {
        const AMOUNT: i32 = 2;
        let radius = (2.0 * self.scale).round() as usize;
        let means = mean(&self.image, radius);
        let pixels = self.image.pixels.iter().zip(&means);
        let steep = |(pixel, mean): (&u8, &u8)| {
            let (pixel, mean) = (i32::from(*pixel), i32::from(*mean));
            (pixel + AMOUNT * (pixel - mean)).clamp(0, 255) as u8
        };
        LumaImage { width: self.image.width, height: self.image.height, pixels: pixels.map(steep).collect() }
    }
}

/// Means over a square of `radius` pixels to each side, by running sums; at the borders over what there is.
pub(super) fn mean(image: &LumaImage, radius: usize) -> Vec<u8> {
    let (width, height) = (image.width, image.height);
    let mut across = vec![0u32; width * height];
    for (line, sums) in image.pixels.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        let mut sum: u32 = line.iter().take(radius).map(|p| u32::from(*p)).sum();
        for x in 0..width {
            if x + radius < width {
                sum += u32::from(line[x + radius]);
            }
            if x > radius {
                sum -= u32::from(line[x - radius - 1]);
            }
            sums[x] = sum;
        }
    }
    let covered = |at: usize, size: usize| ((at + radius).min(size - 1) + 1 - at.saturating_sub(radius)) as u32;
    let mut sums: Vec<u32> = vec![0; width];
    for y in 0..radius.min(height) {
        sums.iter_mut().zip(&across[y * width..]).for_each(|(sum, v)| *sum += v);
    }
    let mut means = Vec::with_capacity(width * height);
    for y in 0..height {
        if y + radius < height {
            sums.iter_mut().zip(&across[(y + radius) * width..]).for_each(|(sum, v)| *sum += v);
        }
        if y > radius {
            sums.iter_mut().zip(&across[(y - radius - 1) * width..]).for_each(|(sum, v)| *sum -= v);
        }
        let rows = covered(y, height);
        means.extend(sums.iter().enumerate().map(|(x, sum)| (sum / (rows * covered(x, width))) as u8));
    }
    means
}

/// As [`bilinear`] along a line that lies inside the picture, in whole numbers: parts of a pixel are 65,536ths.
fn line_inside(picture: &LumaImage, start: Point, step: (f32, f32), count: usize, pixels: &mut Vec<u8>) {
    let part = |v: f32| (v * 65_536.0).round() as i32;
    let (mut x, mut y) = (part(start.x), part(start.y));
    let step = (part(step.0), part(step.1));
    pixels.extend((0..count).map(|_| {
        let at = (y >> 16) as usize * picture.width + (x >> 16) as usize;
        let (fx, fy) = (x >> 8 & 255, y >> 8 & 255);
        (x, y) = (x + step.0, y + step.1);
        let across = |at: usize| match picture.pixels.get(at..at + 2) {
            Some(&[left, right]) => (i32::from(left) << 8) + (i32::from(right) - i32::from(left)) * fx,
            _ => 0,
        };
        let (top, bottom) = (across(at), across(at + picture.width));
        (((top << 8) + (bottom - top) * fy + 32_768) >> 16) as u8
    }));
}

/// Outside the picture its border goes on.
pub(super) fn bilinear(picture: &LumaImage, x: f32, y: f32) -> u8 {
    let x = x.clamp(0.0, (picture.width - 1) as f32);
    let y = y.clamp(0.0, (picture.height - 1) as f32);
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(picture.width - 1), (y0 + 1).min(picture.height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let at = |x: usize, y: usize| f32::from(picture.pixels[y * picture.width + x]);
    let top = at(x0, y0) + (at(x1, y0) - at(x0, y0)) * fx;
    let bottom = at(x0, y1) + (at(x1, y1) - at(x0, y1)) * fx;
    (top + (bottom - top) * fy + 0.5) as u8
}

/// Means over `factor`×`factor` pixels.
pub(super) fn shrink(picture: &LumaImage, factor: usize) -> LumaImage {
    let (width, height) = (picture.width / factor, picture.height / factor);
    let area = (factor * factor) as u32;
    let mut pixels = Vec::with_capacity(width * height);
    let mut sums = vec![0u32; width];
    for y in 0..height {
        sums.fill(0);
        for row in 0..factor {
            let start = (y * factor + row) * picture.width;
            let line = &picture.pixels[start..start + width * factor];
            for (sum, run) in sums.iter_mut().zip(line.chunks_exact(factor)) {
                *sum += run.iter().map(|p| u32::from(*p)).sum::<u32>();
            }
        }
        pixels.extend(sums.iter().map(|sum| (sum / area) as u8));
    }
    LumaImage { width, height, pixels }
}

fn tensors(level: &LumaImage, columns: usize, rows: usize) -> Vec<Block> {
    let width = level.width;
    let mut blocks = vec![Block::default(); columns * rows];
    for y in 1..(rows * BLOCK).min(level.height - 1) {
        let above = &level.pixels[(y - 1) * width..y * width];
        let here = &level.pixels[y * width..(y + 1) * width];
        let below = &level.pixels[(y + 1) * width..(y + 2) * width];
        let line = &mut blocks[y / BLOCK * columns..(y / BLOCK + 1) * columns];
        for x in 1..(columns * BLOCK).min(width - 1) {
            // Scharr's kernel: plain differences turn the direction of fine bars towards the diagonal.
            let at = |row: &[u8], x: usize| i32::from(row[x]);
            let (nw, se) = (at(above, x - 1), at(below, x + 1));
            let (ne, sw) = (at(above, x + 1), at(below, x - 1));
            let gx = 3 * (ne - nw + se - sw) + 10 * (at(here, x + 1) - at(here, x - 1));
            let gy = 3 * (sw - nw + se - ne) + 10 * (at(below, x) - at(above, x));
            if gx * gx + gy * gy < NOISE_16 {
                continue;
            }
            let (gx, gy) = (gx as f32 / 16.0, gy as f32 / 16.0);
            let square = gx * gx + gy * gy;
            let (a, b) = (gx * gx - gy * gy, 2.0 * gx * gy);
            let block = &mut line[x / BLOCK];
            block.energy += square;
            block.edges += 1;
            block.double.0 += a;
            block.double.1 += b;
            block.quadruple.0 += (a * a - b * b) / square;
            block.quadruple.1 += 2.0 * a * b / square;
        }
    }
    let area = (BLOCK * BLOCK) as f32;
    for block in &mut blocks {
        block.energy /= area;
    }
    blocks
}

/// Groups of touching blocks (corners count) above `threshold`.
fn components(blocks: &[Block], columns: usize, rows: usize, threshold: f32) -> Vec<Vec<usize>> {
    let mut seen: Vec<bool> = blocks.iter().map(|b| b.energy < threshold).collect();
    let mut groups = Vec::new();
    for start in 0..blocks.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut members = vec![start];
        let mut next = 0;
        while next < members.len() {
            let (row, column) = (members[next] / columns, members[next] % columns);
            next += 1;
            for r in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                for c in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                    let at = r * columns + c;
                    if !seen[at] {
                        seen[at] = true;
                        members.push(at);
                    }
                }
            }
        }
        if members.len() >= 4 {
            groups.push(members);
        }
    }
    groups
}

/// The rectangle around a group's blocks, along the direction of its edges.
fn fit(blocks: &[Block], members: &[usize], columns: usize, factor: f32) -> Option<Region> {
    let mut energy = 0.0;
    let (mut double, mut quadruple) = ((0.0, 0.0), (0.0, 0.0));
    for &at in members {
        let block = blocks[at];
        energy += block.energy;
        double = (double.0 + block.double.0, double.1 + block.double.1);
        quadruple = (quadruple.0 + block.quadruple.0, quadruple.1 + block.quadruple.1);
    }
    if energy <= 0.0 {
        return None;
    }
    let area = (BLOCK * BLOCK) as f32;
    // One direction prevails: bars across it. Else two at right angles: a square code, or text.
    let one_direction = double.0.hypot(double.1) / (energy * area) > 0.25;
    let fine = quadruple.1.atan2(quadruple.0) / 4.0;
    let angle = if one_direction {
        // The quadrupled angle is the sharper measure; the doubled one says which quarter turn.
        let coarse = double.1.atan2(double.0) / 2.0;
        let quarter = std::f32::consts::FRAC_PI_2;
        fine + ((coarse - fine) / quarter).round() * quarter
    } else {
        fine
    };
    let (sin, cos) = angle.sin_cos();
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    let half = BLOCK as f32 / 2.0;
    for &at in members {
        let x = ((at % columns * BLOCK) as f32 + half) * factor;
        let y = ((at / columns * BLOCK) as f32 + half) * factor;
        let (u, v) = (x * cos + y * sin, y * cos - x * sin);
        low = (low.0.min(u), low.1.min(v));
        high = (high.0.max(u), high.1.max(v));
    }
    let (u, v) = ((low.0 + high.0) / 2.0, (low.1 + high.1) / 2.0);
    let side = BLOCK as f32 * factor;
    let (width, height) = (high.0 - low.0 + side, high.1 - low.1 + side);
    // How much of the rectangle the blocks fill, and how much of the blocks is edges: a code is dense all over; a page
    // of text, the rim of a card and the furniture of a form are not.
    let fill = members.len() as f32 * side * side / (width * height);
    let edges = members.iter().map(|&at| blocks[at].edges).sum::<u32>() as f32 / (members.len() as f32 * area);
    let dense = fill > 0.5 && edges > 0.2;
    // Eight bars are no code.
    if !dense || (one_direction && width < 3.0 * side) {
        return None;
    }
    let shape = match one_direction {
        true => Shape::Bars,
        false if width.max(height) <= 1.6 * width.min(height) => Shape::Square,
        false => return None,
    };
    Some(Region {
        centre: Point { x: u * cos - v * sin, y: u * sin + v * cos },
        angle,
        half_width: width / 2.0,
        half_height: height / 2.0,
        shape,
        // Codes are denser than text, so density counts for more than size.
        weight: energy / members.len() as f32 * (members.len() as f32).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Crop, mean, propose};
    use crate::ocr::LumaImage;

    /// Bars of 4 pixels on a rectangle of 360×120 turned by `degrees` about (400, 300), with soft edges.
    fn tilted_bars(degrees: f32) -> LumaImage {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let ink = |x: f32, y: f32| {
            let (u, v) = (x * cos + y * sin, y * cos - x * sin);
            u.abs() < 180.0 && v.abs() < 60.0 && (u.div_euclid(4.0) as i32).rem_euclid(2) == 0
        };
        let pixels = (0..600 * 800)
            .map(|at| {
                let (x, y) = ((at % 800) as f32 - 400.0, (at / 800) as f32 - 300.0);
                let inked = (0..16).filter(|n| ink(x + (n % 4) as f32 / 4.0, y + (n / 4) as f32 / 4.0)).count();
                (230 - 13 * inked) as u8
            })
            .collect();
        LumaImage { width: 800, height: 600, pixels }
    }

    #[test]
    fn a_tilted_region_is_found_and_turned_upright() {
        for degrees in [0.0, 7.0, 31.0, 45.0, 88.0, 130.0] {
            let picture = tilted_bars(degrees);
            let region = propose(&picture, 4)[0];
            let off = (region.centre.x - 400.0).hypot(region.centre.y - 300.0);
            assert!(off < 12.0, "{degrees}: centre off by {off}");
            let turn = (region.angle.to_degrees() - degrees).rem_euclid(180.0);
            assert!(turn.min(180.0 - turn) < 1.5, "{degrees}: found {}", region.angle.to_degrees());
            assert!((180.0..230.0).contains(&region.half_width), "{degrees}: {region:?}");
            let crop = Crop::cut(&picture, &region, 1.0, 1_000_000).unwrap();
            let back = crop.point_in_picture(crop.image.width as f32 / 2.0, crop.image.height as f32 / 2.0);
            assert!((back.x - region.centre.x).hypot(back.y - region.centre.y) < 1.0);
        }
    }

    #[test]
    fn means_are_those_of_the_square_around_each_pixel() {
        let (width, height, radius) = (23usize, 11usize, 3usize);
        let pixels: Vec<u8> = (0..width * height).map(|at| (at * 37 % 251) as u8).collect();
        let means = mean(&LumaImage { width, height, pixels: pixels.clone() }, radius);
        for (at, found) in means.iter().enumerate() {
            let (x, y) = (at % width, at / width);
            let columns = x.saturating_sub(radius)..=(x + radius).min(width - 1);
            let rows = y.saturating_sub(radius)..=(y + radius).min(height - 1);
            let around: Vec<u32> = rows
                .flat_map(|row| columns.clone().map(move |column| (row, column)))
                .map(|(row, column)| u32::from(pixels[row * width + column]))
                .collect();
            assert_eq!(u32::from(*found), around.iter().sum::<u32>() / around.len() as u32, "{x}, {y}");
        }
    }

    #[test]
    fn an_empty_picture_has_no_region() {
        let flat = LumaImage { width: 640, height: 480, pixels: vec![128; 640 * 480] };
        assert!(propose(&flat, 4).is_empty());
        assert!(propose(&LumaImage { width: 10, height: 10, pixels: vec![0; 100] }, 4).is_empty());
        assert!(propose(&LumaImage { width: 0, height: 0, pixels: vec![] }, 4).is_empty());
    }
}
