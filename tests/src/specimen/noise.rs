//! Seeded noise: for a sensor, for blots, for the grain of surfaces.

use super::Random;
use std::sync::OnceLock;

const LENGTH: usize = 1 << 16;

/// Mean 0, deviation 1: a long table, to be read from a random place on.
pub(super) fn normals() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut r = Random::new(0x0015e);
        (0..LENGTH).map(|_| r.normal()).collect()
    })
}

/// Adds a sensor's noise to a row of pixels.
pub(super) fn add(row: &mut [f32], deviation: f32, r: &mut Random) {
    let table = normals();
    for part in row.chunks_mut(512) {
        let from = r.below(LENGTH - 512);
        for (pixel, n) in part.iter_mut().zip(&table[from..]) {
            *pixel += deviation * n;
        }
    }
}

fn lattice(x: i32, y: i32, seed: u64) -> f32 {
    let mut h = seed
        ^ (x as u32 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u32 as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (h >> 40) as f32 / (1u64 << 24) as f32
}

/// Smooth between 0 and 1, changing over a length of 1.
pub(super) fn smooth(x: f32, y: f32, seed: u64) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - fx), ease(y - fy));
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let upper = mix(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), u);
    let lower = mix(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), u);
    mix(upper, lower, v)
}
