//! A camera's picture in the layout it came in, and the three things made of it: the grey picture that is read, the
//! small one that the gate looks at, and the preview.

use crate::ocr::LumaImage;
use crate::reader::PreviewFrame;
use std::sync::Arc;

/// How the bytes of a [`Picture`] lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One byte a pixel.
    Grey,
    /// Red, green, blue.
    Rgb,
    Bgr,
    /// Y0 U Y1 V: two pixels in four bytes.
    Yuyv,
    /// A plane of Y, then a plane of U and V at half the size.
    Nv12,
}

impl Layout {
    fn bytes(self, width: usize, height: usize) -> Option<usize> {
        let pixels = width.checked_mul(height)?;
        match self {
            Self::Grey => Some(pixels),
            Self::Rgb | Self::Bgr => pixels.checked_mul(3),
            Self::Yuyv => pixels.checked_mul(2),
            Self::Nv12 => pixels.checked_add(width.div_ceil(2).checked_mul(2)?.checked_mul(height.div_ceil(2))?),
        }
    }
}

/// One picture as a camera gave it.
pub struct Picture {
    width: usize,
    height: usize,
    layout: Layout,
    bytes: Vec<u8>,
}

/// More than any camera that is used here; a still may have 40 megapixels.
pub(super) const MAX_PIXELS: usize = 40_000_000;
/// The largest preview.
const PREVIEW: (u32, u32) = (640, 480);

impl Picture {
    /// `None` if it is empty, larger than 40 megapixels, or `bytes` is too short for it. More bytes are cut off.
    #[must_use]
    pub fn new(width: usize, height: usize, layout: Layout, mut bytes: Vec<u8>) -> Option<Self> {
        let pixels = width.checked_mul(height)?;
        let odd = layout == Layout::Yuyv && !width.is_multiple_of(2);
        if pixels == 0 || pixels > MAX_PIXELS || odd {
            return None;
        }
        let needed = layout.bytes(width, height)?;
        if bytes.len() < needed {
            return None;
        }
        bytes.truncate(needed);
        Some(Self { width, height, layout, bytes })
    }

    /// (width, height) in pixels.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// How its bytes lie.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The whole picture in grey.
    #[must_use]
    pub fn luma(&self) -> LumaImage {
        let pixels = self.width * self.height;
        let pixels = match self.layout {
            Layout::Grey | Layout::Nv12 => self.bytes[..pixels].to_vec(),
            Layout::Rgb => self.bytes.chunks_exact(3).map(|p| grey(p[0], p[1], p[2])).collect(),
            Layout::Bgr => self.bytes.chunks_exact(3).map(|p| grey(p[2], p[1], p[0])).collect(),
            Layout::Yuyv => self.bytes.chunks_exact(2).map(|p| p[0]).collect(),
        };
        LumaImage { width: self.width, height: self.height, pixels }
    }

    /// As [`Picture::luma`], in the place of this one where its bytes begin with the grey.
    #[must_use]
    pub fn into_luma(mut self) -> LumaImage {
        match self.layout {
            Layout::Grey | Layout::Nv12 => {
                self.bytes.truncate(self.width * self.height);
                LumaImage { width: self.width, height: self.height, pixels: self.bytes }
            }
            Layout::Rgb | Layout::Bgr | Layout::Yuyv => self.luma(),
        }
    }

    /// A grey picture `width` wide (or as wide as this one, if that is less), averaged over some points of each box.
    #[must_use]
    pub fn overview(&self, width: usize) -> LumaImage {
        const POINTS: usize = 4;
        let width = width.clamp(1, self.width);
        let height = (self.height * width / self.width).max(1);
        let mut pixels = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let mut sum = 0_usize;
                for dy in 0..POINTS {
                    let y = (row * POINTS + dy) * self.height / (height * POINTS);
                    for dx in 0..POINTS {
                        let x = (column * POINTS + dx) * self.width / (width * POINTS);
                        sum += usize::from(self.grey_at(x, y));
                    }
                }
                pixels.push((sum / (POINTS * POINTS)) as u8);
            }
        }
        LumaImage { width, height, pixels }
    }

    /// Scaled to fit `size` and 640×480, in colour, keeping the picture's shape.
    #[must_use]
    pub fn preview(&self, size: (u32, u32)) -> PreviewFrame {
        let limit = (size.0.clamp(1, PREVIEW.0) as usize, size.1.clamp(1, PREVIEW.1) as usize);
        let (mut width, mut height) = (limit.0, (self.height * limit.0 / self.width).max(1));
        if height > limit.1 {
            (width, height) = ((self.width * limit.1 / self.height).max(1), limit.1);
        }
        let (width, height) = (width.min(self.width), height.min(self.height));
        let mut rgba = Vec::with_capacity(width * height * 4);
        for row in 0..height {
            // Four points of a box: text stays legible, and it costs little.
            let ys = [(row * 4 + 1) * self.height / (height * 4), (row * 4 + 3) * self.height / (height * 4)];
            for column in 0..width {
                let xs = [(column * 4 + 1) * self.width / (width * 4), (column * 4 + 3) * self.width / (width * 4)];
                let mut sum = [0_u16; 3];
                for y in ys {
                    for x in xs {
                        for (total, part) in sum.iter_mut().zip(self.rgb_at(x, y)) {
                            *total += u16::from(part);
                        }
                    }
                }
                rgba.extend(sum.map(|total| (total / 4) as u8));
                rgba.push(255);
            }
        }
        PreviewFrame { width: width as u32, height: height as u32, rgba: Arc::new(rgba) }
    }

    fn grey_at(&self, x: usize, y: usize) -> u8 {
        let at = y * self.width + x;
        match self.layout {
            Layout::Grey | Layout::Nv12 => self.bytes[at],
            Layout::Yuyv => self.bytes[at * 2],
            Layout::Rgb | Layout::Bgr => {
                let [r, g, b] = self.rgb_at(x, y);
                grey(r, g, b)
            }
        }
    }

    fn rgb_at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = y * self.width + x;
        let bytes = &self.bytes;
        match self.layout {
            Layout::Grey => [bytes[at]; 3],
            Layout::Rgb => [bytes[at * 3], bytes[at * 3 + 1], bytes[at * 3 + 2]],
            Layout::Bgr => [bytes[at * 3 + 2], bytes[at * 3 + 1], bytes[at * 3]],
            Layout::Yuyv => {
                let pair = at / 2 * 4;
                colour(bytes[at * 2], bytes[pair + 1], bytes[pair + 3])
            }
            Layout::Nv12 => {
                let pair = self.width * self.height + (y / 2) * self.width.div_ceil(2) * 2 + x / 2 * 2;
                colour(bytes[at], bytes[pair], bytes[pair + 1])
            }
        }
    }
}

/// ITU-R BT.601, as cameras convert.
fn grey(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8) as u8
}

fn colour(y: u8, u: u8, v: u8) -> [u8; 3] {
    let (y, u, v) = (i32::from(y), i32::from(u) - 128, i32::from(v) - 128);
    [y + ((359 * v) >> 8), y - ((88 * u + 183 * v) >> 8), y + ((454 * u) >> 8)].map(|part| part.clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::{Layout, Picture};

    /// A white square in the right half of a black picture, in every layout.
    fn half_white(layout: Layout) -> Picture {
        let (width, height) = (64, 32);
        let white = |x: usize| if x >= width / 2 { 255 } else { 0 };
        let pixels = (0..width * height).map(|at| at % width);
        let bytes = match layout {
            Layout::Grey => pixels.map(white).collect(),
            Layout::Rgb | Layout::Bgr => pixels.flat_map(|x| [white(x); 3]).collect(),
            Layout::Yuyv => pixels.flat_map(|x| [white(x), 128]).collect(),
            Layout::Nv12 => pixels.map(white).chain(vec![128; width * height / 2]).collect(),
        };
        Picture::new(width, height, layout, bytes).expect("long enough")
    }

    #[test]
    fn every_layout_gives_the_same_picture() {
        for layout in [Layout::Grey, Layout::Rgb, Layout::Bgr, Layout::Yuyv, Layout::Nv12] {
            let picture = half_white(layout);
            let luma = picture.luma();
            assert_eq!((luma.width, luma.height, luma.pixels.len()), (64, 32, 64 * 32), "{layout:?}");
            assert_eq!((luma.pixels[31], luma.pixels[32]), (0, 255), "{layout:?}");
            assert!(half_white(layout).into_luma().pixels == luma.pixels, "{layout:?}");
            let overview = picture.overview(16);
            assert_eq!((overview.width, overview.height), (16, 8));
            assert_eq!((overview.pixels[7], overview.pixels[8]), (0, 255), "{layout:?}");
            let preview = picture.preview((32, 32));
            assert_eq!((preview.width, preview.height), (32, 16));
            assert_eq!(preview.rgba[15 * 4..17 * 4], [0, 0, 0, 255, 255, 255, 255, 255], "{layout:?}");
        }
    }

    #[test]
    fn red_stays_red() {
        let red = Picture::new(2, 1, Layout::Bgr, vec![0, 0, 255, 0, 0, 255]).unwrap();
        assert_eq!(red.preview((9, 9)).rgba[..4], [255, 0, 0, 255]);
        let red = Picture::new(2, 1, Layout::Yuyv, vec![76, 85, 76, 255]).unwrap();
        let [r, g, b, _] = red.preview((2, 1)).rgba[..4] else { unreachable!() };
        assert!(r > 245 && g < 10 && b < 10, "{r} {g} {b}");
    }

    #[test]
    fn a_picture_that_lacks_bytes_or_has_none_is_refused() {
        assert!(Picture::new(4, 4, Layout::Rgb, vec![0; 47]).is_none());
        assert!(Picture::new(4, 4, Layout::Rgb, vec![0; 48]).is_some());
        assert!(Picture::new(0, 4, Layout::Grey, vec![]).is_none());
        assert!(Picture::new(3, 1, Layout::Yuyv, vec![0; 6]).is_none());
        assert!(Picture::new(usize::MAX, 2, Layout::Rgb, vec![0; 6]).is_none());
        assert!(Picture::new(8000, 5001, Layout::Grey, vec![0; 8000 * 5001]).is_none(), "over 40 megapixels");
    }
}
