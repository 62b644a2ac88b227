//! What holds for every picture: no panic, bounded work, and nothing read where there is nothing.

use super::*;
use proptest::prelude::*;

fn picture(width: usize, height: usize, grey: impl Fn(usize, usize) -> u8) -> LumaImage {
    let pixels = (0..width * height).map(|i| grey(i % width, i / width)).collect();
    LumaImage::new(width, height, pixels).unwrap()
}

/// A repeatable muddle.
fn noise(x: usize, y: usize) -> u8 {
    let mut z = (x as u64) << 32 | y as u64;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 56) as u8
}

#[test]
fn degenerate_pictures_hold_no_zone() {
    for (w, h) in [
        (0, 0),
        (0, 40),
        (40, 0),
        (1, 1),
        (2, 2),
        (65_535, 1),
        (1, 65_535),
        (65_535, 16),
        (16, 65_535),
        (91, 17),
        (1199, 3),
    ] {
        let refused = read(&picture(w, h, noise));
        assert!(refused.is_err(), "{w}×{h} was read");
    }
    let lying = LumaImage { width: 500, height: 500, pixels: vec![0; 10] };
    assert!(read(&lying).is_err());
    let huge = LumaImage { width: usize::MAX, height: usize::MAX, pixels: vec![0; 1] };
    assert!(read(&huge).is_err());
}

#[test]
fn plain_striped_and_random_pictures_hold_no_zone() {
    let patterns: [fn(usize, usize) -> u8; 7] = [
        |_, _| 0,
        |_, _| 255,
        noise,
        |x, _| if x / 5 % 2 == 0 { 30 } else { 220 },
        |_, y| if y / 9 % 2 == 0 { 30 } else { 220 },
        |x, y| if (x / 7 + y / 7) % 2 == 0 { 30 } else { 220 },
        // Rows of blocks as even as characters.
        |x, y| if x % 14 < 8 && y % 36 < 13 { 30 } else { 220 },
    ];
    for (i, pattern) in patterns.iter().enumerate() {
        assert!(read(&picture(640, 480, pattern)).is_err(), "pattern {i} was read");
    }
    let NotRead { reason, advice, guess, .. } = read(&picture(640, 480, |_, _| 0)).err().unwrap();
    assert_eq!((reason, advice), (Reason::TooDark, Some(Advice::MoreLight)));
    assert!(guess.is_none());
}

#[test]
fn twelve_megapixels_of_anything_cost_less_than_a_second() {
    // Processor time, from Linux's scheduler statistics: other tests run beside this one.
    let spent = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    // Noise; rows of marks as even as characters, far apart and as dense as may be; marks of every size; glyphs made of
    // noise in the cells of a zone, over the whole page.
    let patterns: [fn(usize, usize) -> u8; 6] = [
        noise,
        |x, y| if x % 60 < 34 && y % 150 < 55 { 30 } else { 220 },
        |x, y| noise(x / 9, y / 9),
        |x, y| if x % 30 < 16 && y % 40 < 24 { 30 } else { 220 },
        |x, y| if (x ^ y) & (1 << (4 + x * 4 / 4000)) == 0 { 30 } else { 220 },
        |x, y| if x % 56 < 40 && y % 130 < 54 && noise(x / 8, y / 8) < 128 { 30 } else { 220 },
    ];
    for (i, pattern) in patterns.iter().enumerate() {
        let image = picture(4000, 3000, pattern);
        let before = spent();
        assert!(read(&image).is_err(), "pattern {i} was read");
        let milliseconds = (spent() - before) / 1_000_000;
        assert!(milliseconds < 1000, "pattern {i} took {milliseconds} ms");
    }
}

#[test]
fn stages_come_in_order_with_the_callers_clock() {
    struct Watcher(Vec<&'static str>, u64);
    impl Stages for Watcher {
        fn now(&mut self) -> Duration {
            self.1 += 1;
            Duration::from_millis(self.1)
        }
        fn wants_pictures(&self) -> bool {
            true
        }
        fn stage(&mut self, name: &'static str, picture: &LumaImage, took: Duration) {
            assert_eq!(picture.pixels.len(), picture.width * picture.height);
            assert_eq!(took, Duration::from_millis(1));
            self.0.push(name);
        }
    }
    let mut watcher = Watcher(Vec::new(), 0);
    assert!(read_with(&picture(640, 480, |_, _| 128), &mut watcher).is_err());
    assert_eq!(watcher.0, ["frame", "zone"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any pixels, any shape: an answer, and never a reading.
    #[test]
    fn random_pictures_are_never_read(w in 0usize..400, h in 0usize..300, seed in 0usize..1 << 30, block in 1usize..12) {
        let image = picture(w.max(1), h, |x, y| noise(x / block + seed, y / block));
        prop_assert!(read(&image).is_err());
    }
}
