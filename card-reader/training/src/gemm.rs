//! Matrix products whose inner loops the compiler turns into vector code (build with `-C target-cpu=native`).

#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") { a.mul_add(b, c) } else { a * b + c }
}

/// Rows whose sums fit into the processor's registers.
const TALL: usize = if cfg!(target_feature = "avx512f") { 8 } else { 3 };

/// `out[r][j] (+)= Σ_k a[r][k] · w[k][j]` for `N` columns from `column` on; `w` and `out` have rows of `ldw`.
fn block<const N: usize, const R: usize>(a: &[f32], k: usize, w: &[f32], ldw: usize, out: &mut [f32], add: bool) {
    let mut sum = [[0.0f32; N]; R];
    if add {
        for (r, s) in sum.iter_mut().enumerate() {
            s.copy_from_slice(&out[r * ldw..r * ldw + N]);
        }
    }
    for i in 0..k {
        let row = &w[i * ldw..i * ldw + N];
        for (r, s) in sum.iter_mut().enumerate() {
            let x = a[r * k + i];
            for (s, &v) in s.iter_mut().zip(row) {
                *s = fused(x, v, *s);
            }
        }
    }
    for (r, s) in sum.iter().enumerate() {
        out[r * ldw..r * ldw + N].copy_from_slice(s);
    }
}

/// `out (+)= a · w`: `rows`×`k` by `k`×`n`; `n` is a multiple of 8.
pub fn multiply(a: &[f32], rows: usize, k: usize, w: &[f32], n: usize, out: &mut [f32], add: bool) {
    let mut column = 0;
    while column < n {
        let step = if n - column >= 32 {
            32
        } else if n - column >= 16 {
            16
        } else {
            8
        };
        let mut r = 0;
        while r < rows {
            let height = if rows - r >= TALL { TALL } else { 1 };
            let (a, w, out) = (&a[r * k..], &w[column..], &mut out[r * n + column..]);
            match (step, height) {
                (32, TALL) => block::<32, TALL>(a, k, w, n, out, add),
                (32, _) => block::<32, 1>(a, k, w, n, out, add),
                (16, TALL) => block::<16, TALL>(a, k, w, n, out, add),
                (16, _) => block::<16, 1>(a, k, w, n, out, add),
                (_, TALL) => block::<8, TALL>(a, k, w, n, out, add),
                _ => block::<8, 1>(a, k, w, n, out, add),
            }
            r += height;
        }
        column += step;
    }
}

/// `y += s · x`.
pub fn add_scaled(y: &mut [f32], s: f32, x: &[f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = fused(s, x, *y);
    }
}

pub fn transpose(from: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut to = vec![0.0; from.len()];
    for r in 0..rows {
        for c in 0..columns {
            to[c * rows + r] = from[r * columns + c];
        }
    }
    to
}
