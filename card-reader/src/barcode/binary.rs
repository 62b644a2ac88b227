//! Black and white, as the library's hybrid binarizer would make it, at a fraction of its time: rows of pixels are
//! compared as a whole instead of bit by bit. And a quick look at the rows whether a PDF417 can be there at all, before
//! the library searches four turned copies for one.

use rxing::common::{BitArray, BitMatrix, HybridBinarizer, LineOrientation, Result};
use rxing::{Binarizer, Luma8Source};
use std::borrow::Cow;
use std::cell::OnceCell;

/// Side of a block with a threshold of its own; the mean of five by five of them counts.
const BLOCK: usize = 8;
const SMALLEST: usize = 5 * BLOCK;
/// A block whose pixels differ by no more is all light or all dark.
const FLAT: u8 = 24;

/// The library's hybrid binarizer, with a matrix made by [`matrix`].
pub(super) struct Binary<'a> {
    pixels: &'a [u8],
    slow: HybridBinarizer<Luma8Source<'a>>,
    matrix: OnceCell<BitMatrix>,
}

impl<'a> Binary<'a> {
    pub(super) fn new(pixels: &'a [u8], source: Luma8Source<'a>) -> Self {
        Self { pixels, slow: HybridBinarizer::new(source), matrix: OnceCell::new() }
    }
}

impl<'a> Binarizer for Binary<'a> {
    type Source = Luma8Source<'a>;

    fn get_luminance_source(&self) -> &Self::Source {
        self.slow.get_luminance_source()
    }

    fn get_black_row(&self, y: usize) -> Result<Cow<'_, BitArray>> {
        self.slow.get_black_row(y)
    }

    fn get_black_row_from_matrix(&self, y: usize) -> Result<Cow<'_, BitArray>> {
        match self.matrix.get() {
            Some(matrix) => Ok(Cow::Owned(matrix.getRow(u32::try_from(y).unwrap_or(u32::MAX)))),
            None => self.get_black_row(y),
        }
    }

    fn get_black_matrix(&self) -> Result<&BitMatrix> {
        let (width, height) = (self.get_width(), self.get_height());
        // Too small for blocks of its own: one threshold for all.
        if width < SMALLEST || height < SMALLEST {
            return self.slow.get_black_matrix();
        }
        if self.matrix.get().is_none() {
            let made = matrix(self.pixels, width, height)?;
            let _ = self.matrix.set(made);
        }
        self.matrix.get().ok_or(rxing::Exceptions::NOT_FOUND)
    }

    fn get_black_line(&self, line: usize, orientation: LineOrientation) -> Result<Cow<'_, BitArray>> {
        self.slow.get_black_line(line, orientation)
    }

    fn create_binarizer(&self, source: Self::Source) -> Self {
        Self { pixels: self.pixels, slow: HybridBinarizer::new(source), matrix: OnceCell::new() }
    }

    fn get_width(&self) -> usize {
        self.slow.get_width()
    }

    fn get_height(&self) -> usize {
        self.slow.get_height()
    }
}

/// The matrix of a picture of at least [`SMALLEST`] pixels each way: set where dark.
fn matrix(pixels: &[u8], width: usize, height: usize) -> Result<BitMatrix> {
    let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let points = black_points(pixels, width, height, columns, rows);
    let mut matrix = BitMatrix::new(width as u32, height as u32)?;
    let mut thresholds = vec![0u8; width];
    // The last block of a row overlaps the one before it; the last blocks of a column likewise. Either may call a
    // pixel dark.
    let mut overlap = [0u8; BLOCK];
    let mut words = vec![0u64; width.div_ceil(64)];
    let mut above: Vec<Vec<u64>> = Vec::new();
    for row in 0..rows {
        let top = (row * BLOCK).min(height - BLOCK);
        let centre = row.clamp(2, rows - 3);
        let threshold = |column: usize| {
            let left = column.clamp(2, columns - 3);
            let around =
                (centre - 2..=centre + 2).flat_map(|r| &points[r * columns + left - 2..=r * columns + left + 2]);
            (around.map(|point| u32::from(*point)).sum::<u32>() / 25) as u8
        };
        for column in 0..width / BLOCK {
            thresholds[column * BLOCK..(column + 1) * BLOCK].fill(threshold(column));
        }
        if !width.is_multiple_of(BLOCK) {
            let last = threshold(columns - 1);
            overlap.copy_from_slice(&thresholds[width - BLOCK..]);
            let shared = (width / BLOCK) * BLOCK - (width - BLOCK);
            for (n, value) in overlap.iter().enumerate() {
                thresholds[width - BLOCK + n] = if n < shared { (*value).max(last) } else { last };
            }
        }
        let mut lines = Vec::new();
        for y in top..top + BLOCK {
            pack(&pixels[y * width..(y + 1) * width], &thresholds, &mut words);
            // Rows that the block above has already judged.
            if let Some(known) = row.checked_sub(1).filter(|_| y < row * BLOCK).and_then(|_| above.get(y % BLOCK)) {
                words.iter_mut().zip(known).for_each(|(word, known)| *word |= known);
            }
            let mut line = BitArray::with_size(width);
            for (n, word) in words.iter().enumerate() {
                set_word(&mut line, width, n, *word);
            }
            matrix.setRow(y as u32, &line);
            if row + 2 == rows && !height.is_multiple_of(BLOCK) {
                lines.push(words.clone());
            }
        }
        above = lines;
    }
    Ok(matrix)
}

/// One bit a pixel, the first in the lowest: set where the pixel is not above its threshold.
fn pack(line: &[u8], thresholds: &[u8], words: &mut [u64]) {
    words.fill(0);
    let mut bytes = line.chunks_exact(8).zip(thresholds.chunks_exact(8)).map(|(pixels, thresholds)| {
        let mut ones = [0u8; 8];
        for (one, (pixel, threshold)) in ones.iter_mut().zip(pixels.iter().zip(thresholds)) {
            *one = u8::from(pixel <= threshold);
        }
        // Eight bytes of 0 or 1 to eight bits.
        u64::from_le_bytes(ones).wrapping_mul(0x0102_0408_1020_4080) >> 56
    });
    for word in words.iter_mut() {
        for (n, byte) in bytes.by_ref().take(8).enumerate() {
            *word |= byte << (8 * n);
        }
    }
    for x in line.len() / 8 * 8..line.len() {
        words[x / 64] |= u64::from(line[x] <= thresholds[x]) << (x % 64);
    }
}

/// Bits 64 × `n` and up; the library's words are as wide as the machine's.
fn set_word(line: &mut BitArray, width: usize, n: usize, word: u64) {
    let bits = usize::BITS as usize;
    for at in (n * 64..width.min((n + 1) * 64)).step_by(bits) {
        line.setBulk(at, (word >> (at - n * 64)) as usize);
    }
}

/// The threshold of each block by itself.
fn black_points(pixels: &[u8], width: usize, height: usize, columns: usize, rows: usize) -> Vec<u8> {
    let mut points = vec![0u8; columns * rows];
    let mut sums = vec![0u16; width];
    let (mut least, mut most) = (vec![0u8; width], vec![0u8; width]);
    for row in 0..rows {
        let top = (row * BLOCK).min(height - BLOCK);
        sums.fill(0);
        least.fill(u8::MAX);
        most.fill(0);
        for line in pixels[top * width..(top + BLOCK) * width].chunks_exact(width) {
            for (((pixel, sum), least), most) in line.iter().zip(&mut sums).zip(&mut least).zip(&mut most) {
                *sum += u16::from(*pixel);
                *least = (*least).min(*pixel);
                *most = (*most).max(*pixel);
            }
        }
        for column in 0..columns {
            let left = (column * BLOCK).min(width - BLOCK);
            let span = left..left + BLOCK;
            let low = least[span.clone()].iter().copied().min().unwrap_or(0);
            let high = most[span.clone()].iter().copied().max().unwrap_or(0);
            let at = row * columns + column;
            points[at] = if high - low > FLAT {
                (sums[span].iter().map(|sum| u32::from(*sum)).sum::<u32>() / (BLOCK * BLOCK) as u32) as u8
            } else if row > 0 && column > 0 {
                // Paper, unless its neighbours say that it is the inside of something dark.
                let around = u32::from(points[at - columns])
                    + 2 * u32::from(points[at - 1])
                    + u32::from(points[at - columns - 1]);
                let around = (around / 4) as u8;
                if low < around { around } else { low / 2 }
            } else {
                low / 2
            };
        }
    }
    points
}

/// Runs of a PDF417's start and stop pattern, in modules, beginning with a dark one (ISO/IEC 15438 §5.4.3).
const START: [u32; 8] = [8, 1, 1, 1, 1, 1, 1, 3];
const STOP: [u32; 9] = [7, 1, 1, 3, 1, 1, 1, 2, 1];
/// Every fifth row is looked at, as by the library; a symbol is at least ten high.
const EVERY: usize = 5;
/// A guard goes on in one of the next rows that are looked at, hardly moved aside.
const FURTHER: usize = 25;
const ASIDE: usize = 10;

/// How a picture must be turned for the guard patterns that its rows (and columns, if asked) show, in the order in which
/// the library tries. None: the library would find no PDF417. Its tolerances are taken.
pub(super) fn turns_of_pdf417(matrix: &BitMatrix, columns_too: bool) -> Vec<u32> {
    let (width, height) = (matrix.getWidth() as usize, matrix.getHeight() as usize);
    let mut seen: [Vec<(usize, usize)>; 4] = Default::default();
    let mut runs = Vec::new();
    for y in (0..height).step_by(EVERY) {
        runs_of((0..width).map(|x| matrix.get(x as u32, y as u32)), &mut runs);
        guards(&runs, |forward, x| seen[usize::from(!forward)].push((y, x)));
    }
    for x in (0..width).step_by(EVERY).filter(|_| columns_too) {
        runs_of((0..height).map(|y| matrix.get(x as u32, y as u32)), &mut runs);
        guards(&runs, |forward, y| seen[3 - usize::from(forward)].push((x, y)));
    }
    let goes_on = |seen: &[(usize, usize)]| {
        seen.iter().enumerate().any(|(n, one)| {
            let next = seen[n + 1..].iter().take_while(|next| next.0 <= one.0 + FURTHER);
            next.into_iter().any(|next| next.0 > one.0 && next.1.abs_diff(one.1) <= ASIDE)
        })
    };
    // Columns read downwards are the rows of the picture turned by a quarter one way, upwards the other.
    [0, 180, 90, 270].into_iter().zip(&seen).filter(|(_, seen)| goes_on(seen)).map(|(turn, _)| turn).collect()
}

/// Lengths of runs of one colour; the first is a light one, perhaps of no length.
fn runs_of(line: impl Iterator<Item = bool>, runs: &mut Vec<u32>) {
    runs.clear();
    let (mut dark, mut length) = (false, 0);
    for pixel in line {
        if pixel == dark {
            length += 1;
        } else {
            runs.push(length);
            (dark, length) = (pixel, 1);
        }
    }
    runs.push(length);
}

/// Tells each guard pattern: whether it is read forwards, and where it begins.
fn guards(runs: &[u32], mut tell: impl FnMut(bool, usize)) {
    let place = |at: usize| runs[..at].iter().sum::<u32>() as usize;
    // Dark runs have odd places. Read backwards, a pattern that ends in a light run begins with one.
    for (at, window) in runs.windows(8).enumerate() {
        let dark = !at.is_multiple_of(2);
        if dark && alike(window.iter(), &START) {
            tell(true, place(at));
        } else if !dark && alike(window.iter().rev(), &START) {
            tell(false, place(at));
        }
        if let Some(nine) = runs.get(at..at + 9).filter(|_| dark) {
            if alike(nine.iter(), &STOP) {
                tell(true, place(at));
            }
            if alike(nine.iter().rev(), &STOP) {
                tell(false, place(at));
            }
        }
    }
}

/// Whether runs have a pattern's proportions: each within 0.8 of a module, all together within 0.42 of their length.
fn alike<'a>(runs: impl Iterator<Item = &'a u32> + Clone, pattern: &[u32]) -> bool {
    let total: u32 = runs.clone().sum();
    let modules: u32 = pattern.iter().sum();
    if total < modules {
        return false;
    }
    let module = total as f32 / modules as f32;
    let mut off = 0.0;
    for (run, wanted) in runs.zip(pattern) {
        let differs = (*run as f32 - *wanted as f32 * module).abs();
        if differs > 0.8 * module {
            return false;
        }
        off += differs;
    }
    off / (total as f32) < 0.42
}

#[cfg(test)]
mod tests {
    use super::{Binary, turns_of_pdf417};
    use crate::barcode::source;
    use crate::ocr::LumaImage;
    use rxing::Binarizer;
    use rxing::common::HybridBinarizer;

    /// Patches of noise, of bars and of flat grey, so that every kind of block and of neighbour is there.
    fn drawn(width: usize, height: usize, seed: u32) -> LumaImage {
        let mut state = seed;
        let pixels = (0..width * height).map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (at % width, at / width);
            match (x / 37 + y / 29 + seed as usize) % 4 {
                0 => (state >> 24) as u8,
                1 => 200 + (state >> 29) as u8,
                2 => (if x / 3 % 2 == 0 { 40 } else { 180 }) + (state >> 28) as u8,
                _ => 30 + (x % 64) as u8,
            }
        });
        LumaImage { width, height, pixels: pixels.collect() }
    }

    #[test]
    fn black_and_white_are_those_of_the_library() {
        for (n, (width, height)) in
            [(64, 64), (40, 40), (41, 47), (129, 63), (200, 133), (327, 241), (64, 41), (71, 200)]
                .into_iter()
                .enumerate()
        {
            let picture = drawn(width, height, 7 + n as u32);
            let slow = HybridBinarizer::new(source(&picture).unwrap());
            let fast = Binary::new(&picture.pixels, source(&picture).unwrap());
            assert!(fast.get_black_matrix().unwrap() == slow.get_black_matrix().unwrap(), "{width}×{height}");
        }
        let tiny = drawn(39, 200, 1);
        let slow = HybridBinarizer::new(source(&tiny).unwrap());
        let fast = Binary::new(&tiny.pixels, source(&tiny).unwrap());
        assert!(fast.get_black_matrix().unwrap() == slow.get_black_matrix().unwrap());
    }

    #[test]
    fn a_guard_pattern_is_seen_in_each_direction_and_nothing_in_bars() {
        const START: [u32; 9] = [10, 8, 1, 1, 1, 1, 1, 1, 3];
        const STOP: [u32; 11] = [10, 7, 1, 1, 3, 1, 1, 1, 2, 1, 10];
        let line = |runs: &[u32]| -> Vec<u8> {
            let shades = runs.iter().enumerate();
            shades.flat_map(|(n, run)| vec![if n % 2 == 0 { 220 } else { 20 }; *run as usize * 3]).collect()
        };
        let turns = |line: &[u8], turned: bool, asked: bool| {
            let (width, height) = if turned { (60, line.len()) } else { (line.len(), 60) };
            let pixels = (0..width * height).map(|at| line[if turned { at / width } else { at % width }]).collect();
            let picture = LumaImage { width, height, pixels };
            let fast = Binary::new(&picture.pixels, source(&picture).unwrap());
            turns_of_pdf417(fast.get_black_matrix().unwrap(), asked)
        };
        for pattern in [&START[..], &STOP[..]] {
            let forward = line(pattern);
            let backward: Vec<u8> = forward.iter().rev().copied().collect();
            for (line, turn) in [(&forward, 0), (&backward, 180)] {
                assert_eq!(turns(line, false, true), [turn]);
                assert_eq!(turns(line, true, false), [0; 0]);
                // The library's own search, on a copy turned so, agrees.
                let [turned] = turns(line, true, true)[..] else { panic!("no turn, or several") };
                let pixels = (0..60 * line.len()).map(|at| line[at / 60]).collect();
                let picture = LumaImage { width: 60, height: line.len(), pixels };
                let fast = Binary::new(&picture.pixels, source(&picture).unwrap());
                let mut copy = fast.get_black_matrix().unwrap().clone();
                copy.rotate(turned).unwrap();
                assert!(turns_of_pdf417(&copy, false) == [0], "{turned}");
            }
        }
        let held = |line: &[u8], turned: bool, asked: bool| !turns(line, turned, asked).is_empty();
        assert!(!held(&line(&[1; 60]), false, true));
        assert!(!held(&line(&[10, 3, 2, 1, 4, 2, 2, 3, 1, 1, 10]), false, true));
    }
}
