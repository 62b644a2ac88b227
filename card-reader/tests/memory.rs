//! How much memory reading takes at its peak: a counting allocator under one test at a time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "a global allocator is unsafe by nature; this one counts and passes on")]

use card_reader::barcode::{self, Effort};
use card_reader::camera::format::{Encoding, Format};
use card_reader::date::Date;
use card_reader::ocr::{LumaImage, read};
use card_reader::{picture, profiles, still};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let now = NOW.fetch_add(size, Ordering::Relaxed) + size - layout.size();
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        PEAK.fetch_max(now, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests run one after the other: all share the counter.
static ALONE: Mutex<()> = Mutex::new(());

/// Megabytes at the peak of `work`, beyond what was there before but for `held` bytes of it.
fn peak(held: usize, work: impl FnOnce()) -> f64 {
    let before = NOW.load(Ordering::Relaxed) - held;
    PEAK.store(NOW.load(Ordering::Relaxed), Ordering::Relaxed);
    work();
    (PEAK.load(Ordering::Relaxed) - before) as f64 / 1e6
}

/// A page full of marks: the most that the locator can be given to remember.
fn page(width: usize, height: usize) -> Vec<u8> {
    let grey = |i: usize| {
        let (x, y) = (i % width, i / width);
        if x % 60 < 34 && y % 150 < 55 && (x / 60 * 7 + y / 150 * 3) % 11 > 2 { 30 } else { 190 + (i * 31 % 23) as u8 }
    };
    (0..width * height).map(grey).collect()
}

#[test]
fn a_frame_of_twelve_megapixels_takes_less_than_sixty_megabytes() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let image = LumaImage::new(4000, 3000, page(4000, 3000)).unwrap();
    let megabytes = peak(image.pixels.len(), || drop(read(&image)));
    println!("12 megapixels: {megabytes:.1} MB with the frame");
    assert!(megabytes < 60.0, "{megabytes:.1} MB");
}

/// Checks, bars and print beside each other: as many proposals as there can be, of every shape.
fn codes(width: usize, height: usize) -> Vec<u8> {
    let grey = |i: usize| {
        let (x, y) = (i % width, i / width);
        let (column, row) = (x / 700, y / 600);
        if x % 700 < 150 || y % 600 < 150 {
            return 220;
        }
        let dark = match (column + row) % 3 {
            0 => (x / 12 * 7919 + y / 12 * 104_729) % 7 < 3,
            1 => (x / 9 * 7919) % 5 < 2,
            _ => (x / 9 * 31 + y / 30 * 17) % 4 < 2,
        };
        if dark { 30 } else { 220 }
    };
    (0..width * height).map(grey).collect()
}

#[test]
fn barcodes_of_twelve_megapixels_are_looked_for_in_less_than_sixty_megabytes() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    for (name, effort) in [("frame", Effort::Frame), ("full frame", Effort::FullFrame)] {
        let of = |what, pixels| {
            let image = LumaImage::new(4000, 3000, pixels).unwrap();
            let megabytes = peak(image.pixels.len(), || drop(barcode::read(&image, effort)));
            println!("12 megapixels of {what}, {name}: {megabytes:.1} MB with the picture");
            megabytes
        };
        let (empty, full) = (of("paper", vec![220; 12_000_000]), of("codes", codes(4000, 3000)));
        // The whole picture, made smaller, takes more than what is cut out of it.
        assert!(effort == Effort::FullFrame || full > empty + 1.0, "nothing was cut out and tried");
        assert!(full < 60.0, "{name}: {full:.1} MB");
    }
}

/// A camera's way: its JPEG in a buffer, the frame before still being read, then this one as preview and grey, and its zone.
#[test]
fn a_camera_s_frame_of_twelve_megapixels_takes_less_than_sixty_megabytes_from_jpeg_to_result() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let (width, height) = (4000_u32, 3000_u32);
    let colours: Vec<u8> =
        page(width as usize, height as usize).iter().flat_map(|&grey| [grey, grey / 2 + 60, 255 - grey]).collect();
    let mut frame = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut frame,
        &colours,
        width,
        height,
        image::ExtendedColorType::Rgb8,
        image::ImageFormat::Jpeg,
    )
    .unwrap();
    drop(colours);
    let mut frame = frame.into_inner();
    frame.shrink_to_fit();
    let held = frame.capacity();
    let camera = Format { width, height, encoding: Encoding::Mjpeg, interval: (1, 10) };
    let pictures = peak(held, || {
        let picture = camera.picture(0, &frame).unwrap();
        let preview = picture.preview((640, 480));
        let luma = picture.into_luma();
        assert_eq!((preview.width, luma.pixels.len()), (640, 12_000_000));
    });
    println!("12 megapixels of MJPEG: {pictures:.1} MB from {:.1} MB to preview and grey", held as f64 / 1e6);
    assert!(pictures < 30.0, "{pictures:.1} MB");
    let whole = peak(held, || {
        let before = camera.picture(0, &frame).unwrap().into_luma();
        let picture = camera.picture(0, &frame).unwrap();
        let preview = picture.preview((640, 480));
        let newest = picture.into_luma();
        drop(read(&before));
        drop(barcode::read(&before, Effort::Frame));
        assert_eq!((preview.width, newest.width), (640, 4000));
    });
    println!("the same with the frame before being read: {whole:.1} MB");
    assert!(whole < 60.0, "{whole:.1} MB");
}

#[test]
fn a_still_of_forty_megapixels_takes_less_than_220_megabytes_from_file_to_result() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let (width, height) = (7300usize, 5470usize);
    let encode = |format, channels: usize| {
        let grey = page(width, height);
        let pixels: Vec<u8> = grey.iter().flat_map(|&g| std::iter::repeat_n(g, channels)).collect();
        drop(grey);
        let colour = match channels {
            1 => image::ExtendedColorType::L8,
            3 => image::ExtendedColorType::Rgb8,
            _ => image::ExtendedColorType::Rgba8,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        image::write_buffer_with_format(&mut file, &pixels, width as u32, height as u32, colour, format).unwrap();
        let mut file = file.into_inner();
        file.shrink_to_fit();
        file
    };
    use image::ImageFormat::{Jpeg, Png};
    for (name, format, channels) in [("JPEG", Jpeg, 3), ("PNG", Png, 3)] {
        let file = encode(format, channels);
        let (held, size) = (file.capacity(), file.len());
        let megabytes = peak(held, || {
            let picture = picture::decode(&file).unwrap();
            drop(file);
            let today = Date::new(2026, 11, 25).unwrap();
            drop(still::read(&picture, profiles::builtin(), today));
        });
        println!("40 megapixels, {name}: {megabytes:.1} MB with the file of {:.1} MB", size as f64 / 1e6);
        assert!(megabytes < 220.0, "{name}: {megabytes:.1} MB");
    }
}
