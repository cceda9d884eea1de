//! Products of numbers in bfloat16 (eight bits of mantissa) with sums in f32, for CPUs that multiply pairs of them
//! (AVX512-BF16): twice the speed of f32 for a relative error of about 2^-9 a factor.
#![allow(clippy::needless_range_loop)] // loops of constant length over register tiles, to be unrolled
#![allow(unsafe_code)] // intrinsics behind a CPU check; pointers into slices checked at the entrance

use super::bounds::starts_fit;
use super::packed::PANEL;
use super::simd::LANES;

/// A number in bfloat16: the upper half of an f32.
pub(crate) type Bf16 = u16;

/// Whether this CPU multiplies pairs of bfloat16, and nobody asked for less.
pub(crate) fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        super::simd::level() == super::simd::Level::Avx512 && is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The nearest bfloat16, ties to even.
#[inline]
pub(crate) fn round(x: f32) -> Bf16 {
    let bits = x.to_bits();
    ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) as Bf16
}

#[cfg(test)]
pub(crate) fn widen(x: Bf16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// B `[k, n]` in panels of 48 columns; an element is a pair of rows, the upper row in the upper half.
pub(crate) struct PairMatrix {
    rows: usize, // k, even
    columns: usize,
    values: Vec<u32>, // panels of [k / 2, 48], the last [k / 2, up to 48]
}

impl PairMatrix {
    /// Packs the matrix of elements `at(row, column)`; an odd number of rows is filled up with a row of zeros.
    pub(crate) fn new(k: usize, n: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let rows = k.next_multiple_of(2);
        let mut values = Vec::with_capacity(rows / 2 * n.next_multiple_of(LANES));
        for j in (0..n).step_by(PANEL) {
            let width = (n - j).min(PANEL);
            for p in (0..rows).step_by(2) {
                for j in j..j + width {
                    let upper = if p + 1 < k { round(at(p + 1, j)) } else { 0 };
                    values.push(u32::from(upper) << 16 | u32::from(round(at(p, j))));
                }
                values.resize(values.len() + width.next_multiple_of(LANES) - width, 0);
            }
        }
        Self { rows, columns: n, values }
    }

    fn panel(&self, panel: usize) -> (&[u32], usize) {
        let stride = (self.columns.next_multiple_of(LANES) - panel * PANEL).min(PANEL);
        (&self.values[panel * PANEL * self.rows / 2..][..self.rows / 2 * stride], stride)
    }
}

/// C[m, n] += A[m, k] B[k, n], with the rows of A at offsets and rows `first_row..first_row + k` of B; both even.
pub(crate) struct PairProduct<'a> {
    pub a: &'a [Bf16],
    pub offsets: &'a [usize],
    pub b: &'a PairMatrix,
    pub first_row: usize,
    pub k: usize,
}

impl PairProduct<'_> {
    /// Adds the product to C, `[m, n]`, dense.
    ///
    /// # Panics
    /// On a CPU without the instruction; see [`available`].
    pub(crate) fn add_to(&self, c: &mut [f32]) {
        assert!(available(), "products of bfloat16 on a CPU that has none");
        assert!(self.first_row.is_multiple_of(2) && self.k.is_multiple_of(2), "pairs of rows");
        assert!(starts_fit(std::iter::once(self.first_row), self.k, self.b.rows), "B is too small");
        assert!(starts_fit(self.offsets.iter().copied(), self.k, self.a.len()), "A is too small");
        assert_eq!(Some(c.len()), self.offsets.len().checked_mul(self.b.columns), "C is dense");
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the instructions and the slices are large enough, as asserted above.
        unsafe {
            x86::add_to(self, c.as_mut_ptr())
        };
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{LANES, PANEL, PairProduct};
    use std::arch::x86_64::*;

    /// # Safety
    /// The CPU must have the features; A, B and C must be large enough.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) unsafe fn add_to(p: &PairProduct<'_>, c: *mut f32) {
        let n = p.b.columns;
        for j in (0..n).step_by(PANEL) {
            let (panel, stride) = p.b.panel(j / PANEL);
            // SAFETY: as the caller grants; rows from `first_row` on are inside the panel.
            unsafe {
                let panel = panel.as_ptr().add(p.first_row / 2 * stride);
                let last = (n - j).min(PANEL) - (stride - LANES);
                let c = c.add(j);
                match stride / LANES {
                    3 => rows::<3>(p, panel, c, last),
                    2 => rows::<2>(p, panel, c, last),
                    _ => rows::<1>(p, panel, c, last),
                }
            }
        }
    }

    /// All rows of the `W` vectors of columns at `panel`, of whose last `last` are there.
    ///
    /// # Safety
    /// As of [`add_to`]; `panel` holds p.k / 2 rows of W vectors, c is C from their column on, and `last` is 1 to 16.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn rows<const W: usize>(p: &PairProduct<'_>, panel: *const u32, c: *mut f32, last: usize) {
        let (m, mut i) = (p.offsets.len(), 0);
        // SAFETY: as the caller grants.
        unsafe {
            while i + 8 <= m {
                tile::<8, W>(p, i, panel, c, last);
                i += 8;
            }
            while i < m {
                tile::<1, W>(p, i, panel, c, last);
                i += 1;
            }
        }
    }

    /// The same bits as another type.
    ///
    /// # Safety
    /// The CPU must have the features.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn pairs(x: __m512i) -> __m512bh {
        // SAFETY: both are 512 bits of anything.
        unsafe { std::mem::transmute::<__m512i, __m512bh>(x) }
    }

    /// `R` rows from `i` of `W` vectors of columns, of whose last `last` are there.
    ///
    /// # Safety
    /// As of [`rows`]; the rows exist.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn tile<const R: usize, const W: usize>(
        p: &PairProduct<'_>,
        i: usize,
        panel: *const u32,
        c: *mut f32,
        last: usize,
    ) {
        // SAFETY: as the caller grants.
        unsafe {
            let mut a = [p.a.as_ptr(); R];
            let mut acc = [[_mm512_setzero_ps(); W]; R];
            let mask = |w: usize| if w + 1 < W { !0 } else { !0u16 >> (LANES - last) };
            for r in 0..R {
                a[r] = a[r].add(p.offsets[i + r]);
                for w in 0..W {
                    let from = c.add((i + r) * p.b.columns + w * LANES);
                    acc[r][w] = _mm512_maskz_loadu_ps(mask(w), from);
                }
            }
            for q in 0..p.k / 2 {
                let mut b = [pairs(_mm512_setzero_si512()); W];
                for w in 0..W {
                    b[w] = pairs(_mm512_loadu_si512(panel.add((q * W + w) * LANES).cast()));
                }
                for r in 0..R {
                    let x = pairs(_mm512_set1_epi32(a[r].add(2 * q).cast::<i32>().read_unaligned()));
                    for w in 0..W {
                        acc[r][w] = _mm512_dpbf16_ps(acc[r][w], x, b[w]);
                    }
                }
            }
            for r in 0..R {
                for w in 0..W {
                    let to = c.add((i + r) * p.b.columns + w * LANES);
                    _mm512_mask_storeu_ps(to, mask(w), acc[r][w]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    fn numbers(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(8, Purpose::Bootstrap).reader(sequence);
        (0..n).map(|_| reader.normal() as f32).collect()
    }

    #[test]
    fn rounds_to_nearest_even() {
        for (x, want) in [(1.0, 1.0), (1.003_906_3, 1.0), (1.011_718_8, 1.015_625), (-3.146, -3.140_625)] {
            assert_eq!(widen(round(x)), want);
        }
        assert!(numbers(1000, 0).iter().all(|&x| (widen(round(x)) - x).abs() <= x.abs() / 256.0));
    }

    /// Products of rounded numbers are exact in f32, so only the sums differ from f64.
    #[test]
    fn agrees_with_the_plain_product_of_rounded_numbers() {
        if !available() {
            eprintln!("skipped: this CPU has no AVX512-BF16");
            return;
        }
        for (m, k, n, first) in
            [(1, 2, 1, 0), (9, 6, 50, 2), (20, 64, 100, 0), (8, 40, 48, 10), (17, 1720, 33, 0)]
        {
            let (a, b, start) = (numbers((m + 3) * k, 1), numbers((k + first) * n, 2), numbers(m * n, 3));
            let a: Vec<Bf16> = a.iter().map(|&x| round(x)).collect();
            let matrix = PairMatrix::new(k + first, n, |p, j| b[p * n + j]);
            let offsets: Vec<usize> = (0..m).map(|i| i * k + i % 3).collect();
            let mut c = start.clone();
            PairProduct { a: &a, offsets: &offsets, b: &matrix, first_row: first, k }.add_to(&mut c);
            for i in 0..m {
                for j in 0..n {
                    let at = |p: usize| f64::from(widen(a[offsets[i] + p]));
                    let of_b = |p: usize| f64::from(widen(round(b[(first + p) * n + j])));
                    let want = f64::from(start[i * n + j]) + (0..k).map(|p| at(p) * of_b(p)).sum::<f64>();
                    let got = f64::from(c[i * n + j]);
                    assert!(
                        (got - want).abs() < 1e-5 * (k as f64),
                        "{m}x{k}x{n} at {i} {j}: {got} for {want}"
                    );
                }
            }
        }
    }
}
