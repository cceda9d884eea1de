//! The matrix product that everything is made of: C (+)= A B with the rows of A anywhere.
//!
//! A tile of C stays in registers while the whole inner dimension passes by: one row of B is loaded, one element
//! of A is broadcast. So an element of C is one chain of fused multiply-adds in the order of the inner
//! dimension, whatever the size of the batch, the tile or the number of threads: splitting the work cannot
//! change a bit. Rows of A are given by offsets where they overlap (the windows of a convolution), so that
//! no copy of the windows is made.
#![allow(clippy::needless_range_loop)] // loops of constant length over register tiles, to be unrolled
#![allow(unsafe_code)] // raw pointers in the inner loop; `Gemm::check` proves every access in bounds first

use super::bf16::{self, Factors, Left, Threads};
use super::bounds::{rows_fit, starts_fit};
use super::packed::{PANEL, PackedMatrix};
use super::precision::Precision;
use super::real::Real;
use super::rows::Rows;
use super::simd::{Kernel, LANES, Simd, dispatch};
use super::transpose::transpose;
use rayon::prelude::*;

/// B `[k, n]`.
#[derive(Clone, Copy)]
pub(crate) enum Right<'a, R> {
    /// Element (p, j) is `values[p * stride + j]`.
    Dense { values: &'a [R], stride: usize },
    /// Rows `first_row..first_row + k` of a matrix that was packed before.
    Packed { matrix: &'a PackedMatrix<R>, first_row: usize },
}

/// C[m, n] (+)= A[m, k] B[k, n].
#[derive(Clone, Copy)]
pub(crate) struct Gemm<'a, R> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// Element (i, p) is `a[row(i) + p * a_step]`.
    pub a: &'a [R],
    pub a_rows: Rows<'a>,
    pub a_step: usize,
    pub b: Right<'a, R>,
    /// Add to C instead of overwriting it.
    pub accumulate: bool,
    /// Number format of the factors; that of a packed B.
    pub precision: Precision,
}

impl<'a, R: Real> Gemm<'a, R> {
    /// A and B row-major and dense.
    pub(crate) fn dense(m: usize, k: usize, n: usize, a: &'a [R], b: &'a [R]) -> Self {
        let b = Right::Dense { values: b, stride: n };
        Self {
            m,
            n,
            k,
            a,
            a_rows: Rows::Stride(k),
            a_step: 1,
            b,
            accumulate: false,
            precision: Precision::F32,
        }
    }

    /// A is the transpose of a dense row-major `[k, m]`.
    pub(crate) fn transposed(m: usize, k: usize, n: usize, a: &'a [R], b: &'a [R]) -> Self {
        Self { a_rows: Rows::Stride(1), a_step: m, ..Self::dense(m, k, n, a, b) }
    }

    /// Row-major and dense A with a packed B.
    pub(crate) fn packed(m: usize, a: &'a [R], b: &'a PackedMatrix<R>) -> Self {
        let (k, n) = (b.rows(), b.columns());
        let a_rows = Rows::Stride(k);
        Self {
            m,
            n,
            k,
            a,
            a_rows,
            a_step: 1,
            b: Right::Packed { matrix: b, first_row: 0 },
            accumulate: false,
            precision: b.precision(),
        }
    }

    /// The same in another precision; B is not packed.
    pub(crate) fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same, adding to C.
    pub(crate) fn adding(self) -> Self {
        Self { accumulate: true, ..self }
    }

    pub(crate) fn row(&self, i: usize) -> usize {
        self.a_rows.start(i)
    }

    /// The product of the rows `first..first + m` of A alone.
    pub(super) fn of_rows(self, first: usize, m: usize) -> Self {
        match self.a_rows {
            Rows::Stride(stride) => Self { m, a: &self.a[first * stride..], ..self },
            Rows::Offsets(offsets) => Self { m, a_rows: Rows::Offsets(&offsets[first..first + m]), ..self },
        }
    }

    /// Proves that every element which the product touches lies inside its slice.
    fn check(&self, c_len: usize, c_stride: usize) {
        if self.m == 0 || self.n == 0 {
            return;
        }
        assert!(c_stride >= self.n && rows_fit(self.m, c_stride, self.n, c_len), "C is too small");
        if self.k == 0 {
            return;
        }
        match self.b {
            Right::Dense { values, stride } => {
                assert!(stride >= self.n, "rows of B overlap");
                assert!(rows_fit(self.k, stride, self.n, values.len()), "B is too small");
            }
            Right::Packed { matrix, first_row } => {
                let inside = starts_fit(std::iter::once(first_row), self.k, matrix.rows());
                assert!(inside && self.n == matrix.columns(), "B is too small");
                assert_eq!(self.precision, matrix.precision(), "the precision of B");
            }
        }
        // From the first to the last element of a row of A.
        let reach = (self.k - 1).checked_mul(self.a_step).and_then(|last| last.checked_add(1));
        let inside = |reach| match self.a_rows {
            Rows::Stride(stride) => rows_fit(self.m, stride, reach, self.a.len()),
            Rows::Offsets(offsets) => {
                assert_eq!(offsets.len(), self.m, "an offset a row of A");
                starts_fit(offsets.iter().copied(), reach, self.a.len())
            }
        };
        assert!(reach.is_some_and(inside), "A is too small");
    }
}

/// The plain product, any number type; the fast one is tested against it.
pub(crate) fn plain<R: Real>(p: &Gemm<'_, R>, c: &mut [R], c_stride: usize) {
    p.check(c.len(), c_stride);
    let factor = |x: R| match p.precision {
        Precision::F32 => x,
        Precision::Bf16 => R::of(f64::from(bf16::rounded(x.to_f64() as f32))),
    };
    for i in 0..p.m {
        let (row, out) = (p.row(i), &mut c[i * c_stride..][..p.n]);
        if !p.accumulate {
            out.fill(R::default());
        }
        for q in 0..p.k {
            let x = factor(p.a[row + q * p.a_step]);
            match p.b {
                Right::Dense { values, stride } => {
                    out.iter_mut().zip(&values[q * stride..][..p.n]).for_each(|(y, &b)| *y += x * factor(b));
                }
                Right::Packed { matrix, first_row } => {
                    out.iter_mut().zip(matrix.row(first_row + q)).for_each(|(y, b)| *y += x * b);
                }
            }
        }
    }
}

/// The fast product on the calling thread.
pub(crate) fn fast(p: &Gemm<'_, f32>, c: &mut [f32], c_stride: usize) {
    if p.precision == Precision::Bf16 {
        return in_bf16(p, c, c_stride, Threads::One);
    }
    p.check(c.len(), c_stride);
    if p.k == 0 {
        return plain(p, c, c_stride);
    }
    with_contiguous_rows(p, |p| {
        dispatch(Block { p: *p, columns: 0..p.n, c: c.as_mut_ptr(), c_stride });
    });
}

/// The product with factors in bfloat16.
fn in_bf16(p: &Gemm<'_, f32>, c: &mut [f32], c_stride: usize, threads: Threads) {
    p.check(c.len(), c_stride);
    if p.k == 0 {
        return plain(p, c, c_stride);
    }
    let b = match p.b {
        Right::Dense { values, stride } => bf16::Right::Dense { values, stride },
        Right::Packed { matrix, first_row } => {
            bf16::Right::Tiles { tiles: matrix.tiles().expect("a matrix in bfloat16"), first_row }
        }
    };
    let mut multiply = |a| {
        let Gemm { m, n, k, accumulate, .. } = *p;
        bf16::multiply(&Factors { m, n, k, a, b, accumulate }, c, c_stride, threads);
    };
    match p.a_rows {
        rows if p.a_step == 1 => multiply(Left::Rows { values: p.a, rows }),
        Rows::Stride(1) => multiply(Left::Transposed { values: p.a, stride: p.a_step }),
        _ => {
            let values: Vec<f32> =
                (0..p.m * p.k).map(|at| p.a[p.row(at / p.k) + at % p.k * p.a_step]).collect();
            multiply(Left::Rows { values: &values, rows: Rows::Stride(p.k) });
        }
    }
}

/// Hands out the product with rows of A that are contiguous. Elements of a row of a transposed A are as far apart as A is wide.
/// Where that is a power of two, few of them fit into the first cache at a time: such a product takes up to twice as long as
/// one whose A is copied first.
fn with_contiguous_rows(p: &Gemm<'_, f32>, f: impl FnOnce(&Gemm<'_, f32>)) {
    if p.a_step == 1 || p.n <= 2 * PANEL || !matches!(p.a_rows, Rows::Stride(1)) {
        return f(p);
    }
    let mut a = vec![0.0; p.m * p.k];
    transpose(p.k, p.m, p.a, p.a_step, &mut a, p.k);
    f(&Gemm { a: &a, a_rows: Rows::Stride(p.k), a_step: 1, ..*p });
}

/// The fast product over all threads. Each task owns a block of rows and columns of C.
pub(crate) fn fast_parallel(p: &Gemm<'_, f32>, c: &mut [f32], c_stride: usize) {
    const ROW_BLOCK: usize = 256;
    const COLUMN_BLOCK: usize = 2 * PANEL;
    if p.precision == Precision::Bf16 {
        return in_bf16(p, c, c_stride, Threads::All);
    }
    p.check(c.len(), c_stride);
    if p.k == 0 || p.m * p.n * p.k < 1 << 17 {
        return fast(p, c, c_stride);
    }
    /// A pointer that tasks share; they write disjoint blocks.
    #[derive(Clone, Copy)]
    struct Shared(*mut f32);
    // SAFETY: the tasks below write disjoint blocks of C and nobody reads it meanwhile.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}
    impl Shared {
        fn at(self, offset: usize) -> *mut f32 {
            self.0.wrapping_add(offset)
        }
    }
    let shared = Shared(c.as_mut_ptr());
    let (rows, columns) = (p.m.div_ceil(ROW_BLOCK), p.n.div_ceil(COLUMN_BLOCK));
    with_contiguous_rows(p, |p| {
        (0..rows * columns).into_par_iter().for_each(|task| {
            let (r, j) = (task % rows * ROW_BLOCK, task / rows * COLUMN_BLOCK);
            let part = p.of_rows(r, ROW_BLOCK.min(p.m - r));
            let columns = j..(j + COLUMN_BLOCK).min(p.n);
            dispatch(Block { p: part, columns, c: shared.at(r * c_stride), c_stride });
        });
    });
}

/// Columns `columns` (from a multiple of a panel's width) of a product whose bounds have been checked.
struct Block<'a> {
    p: Gemm<'a, f32>,
    columns: std::ops::Range<usize>,
    c: *mut f32,
    c_stride: usize,
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for j in self.columns.clone().step_by(PANEL) {
            let width = (self.columns.end - j).min(PANEL);
            // Three vectors wide with 32 registers; without them a tile of 6 x 16 fills the 16 there are.
            match width.div_ceil(LANES) {
                3 if S::WIDE => self.panel::<S, 8, 3>(s, j, width),
                2 if S::WIDE => self.panel::<S, 8, 2>(s, j, width),
                1 if S::WIDE => self.panel::<S, 8, 1>(s, j, width),
                _ => (0..width)
                    .step_by(LANES)
                    .for_each(|at| self.panel::<S, 6, 1>(s, j + at, (width - at).min(LANES))),
            }
        }
    }
}

impl Block<'_> {
    /// All rows of `width` columns from `j`, which are `W` vectors, the last one perhaps in part.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const W: usize>(&self, s: S, j: usize, width: usize) {
        let p = &self.p;
        let lanes = width - (W - 1) * LANES;
        let mut scratch = SCRATCH.take();
        let b = match p.b {
            Right::Packed { matrix, first_row } => {
                let (panel, stride) = matrix.panel(j / PANEL);
                Panel { start: panel[first_row * stride + j % PANEL..].as_ptr(), stride, lanes: LANES }
            }
            // A panel that many rows will read is copied once, so that its reads are contiguous.
            Right::Dense { values, stride } if p.m >= 3 * R && p.k >= 16 => {
                scratch.resize(p.k * W * LANES, 0.0);
                for (q, to) in scratch.chunks_exact_mut(W * LANES).enumerate() {
                    let from = values[q * stride + j..][..width].as_ptr();
                    for w in 0..W {
                        // SAFETY: `from` holds `width` values and `to` holds W vectors.
                        unsafe {
                            let lanes = if w + 1 < W { LANES } else { lanes };
                            let v = s.load_lanes(from.add(w * LANES), lanes);
                            s.store(to.as_mut_ptr().add(w * LANES), v);
                        }
                    }
                }
                Panel { start: scratch.as_ptr(), stride: W * LANES, lanes: LANES }
            }
            Right::Dense { values, stride } => Panel { start: values[j..].as_ptr(), stride, lanes },
        };
        let mut i = 0;
        while i + R <= p.m {
            self.tile::<S, R, W>(s, i, j, b, lanes);
            i += R;
        }
        while i + 2 <= p.m {
            self.tile::<S, 2, W>(s, i, j, b, lanes);
            i += 2;
        }
        if i < p.m {
            self.tile::<S, 1, W>(s, i, j, b, lanes);
        }
        SCRATCH.set(scratch);
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const W: usize>(
        &self,
        s: S,
        i: usize,
        j: usize,
        b: Panel,
        lanes: usize,
    ) {
        let p = &self.p;
        let a: [*const f32; R] =
            // SAFETY: rows i..i + R exist and begin inside A.
            std::array::from_fn(|r| unsafe { p.a.as_ptr().add(p.row(i + r)) });
        let lanes_of = |w: usize| if w + 1 < W { LANES } else { lanes };
        let mut acc = [[s.splat(0.0); W]; R];
        // SAFETY: `check` proved A, B and C large enough; the panel holds `b.lanes` columns of its last vector.
        unsafe {
            if p.accumulate {
                for r in 0..R {
                    for w in 0..W {
                        let from = self.c.add((i + r) * self.c_stride + j + w * LANES);
                        acc[r][w] = s.load_lanes(from, lanes_of(w));
                    }
                }
            }
            if b.lanes == LANES {
                for q in 0..p.k {
                    let row = b.start.add(q * b.stride);
                    let v: [S::V; W] = std::array::from_fn(|w| s.load(row.add(w * LANES)));
                    for r in 0..R {
                        let x = s.splat(*a[r].add(q * p.a_step));
                        for w in 0..W {
                            acc[r][w] = s.fma(x, v[w], acc[r][w]);
                        }
                    }
                }
            } else {
                for q in 0..p.k {
                    let row = b.start.add(q * b.stride);
                    let v: [S::V; W] = std::array::from_fn(|w| s.load_lanes(row.add(w * LANES), lanes_of(w)));
                    for r in 0..R {
                        let x = s.splat(*a[r].add(q * p.a_step));
                        for w in 0..W {
                            acc[r][w] = s.fma(x, v[w], acc[r][w]);
                        }
                    }
                }
            }
            for r in 0..R {
                for w in 0..W {
                    let to = self.c.add((i + r) * self.c_stride + j + w * LANES);
                    s.store_lanes(to, lanes_of(w), acc[r][w]);
                }
            }
        }
    }
}

/// Where the inner loop reads B.
#[derive(Clone, Copy)]
struct Panel {
    start: *const f32,
    stride: usize,
    lanes: usize,
}

thread_local! {
    /// A panel that is packed on the way, kept between calls so that it is allocated once a thread.
    static SCRATCH: std::cell::Cell<Vec<f32>> = const { std::cell::Cell::new(Vec::new()) };
}

/// C `[m, n]` = A `[m, k]` B `[k, n]`, dense and row-major, over all threads: the plain product by itself, for the
/// benches, which measure the others against it.
#[doc(hidden)]
pub fn multiply(m: usize, k: usize, n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    f32::gemm_parallel(&Gemm::dense(m, k, n, a, b), c, n);
}

#[cfg(test)]
mod tests {
    use super::super::simd::{all_levels, dispatch_at};
    use super::*;

    fn numbers(n: usize, seed: u64) -> Vec<f32> {
        let mut reader = crate::rng::Streams::new(seed, crate::rng::Purpose::Bootstrap).reader(0);
        (0..n).map(|_| reader.normal() as f32).collect()
    }

    #[test]
    fn agrees_with_the_plain_product_on_every_path_and_shape() {
        // Together through every branch; the large ones take Miri minutes.
        let small = [(1, 1, 1), (3, 5, 7), (3, 5, 20), (3, 5, 50), (24, 17, 7), (9, 5, 64)];
        let large = [(8, 32, 48), (9, 33, 50), (24, 16, 33), (26, 40, 131), (64, 64, 96)];
        for (m, k, n) in small.into_iter().chain(large.into_iter().filter(|_| !cfg!(miri))) {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let offsets: Vec<usize> = (0..m).map(|i| (i * 7) % (m * k - k + 1).max(1)).collect();
            let packed = PackedMatrix::new(&b, k, n, Precision::F32);
            let mut products = vec![Gemm::dense(m, k, n, &a, &b), Gemm::transposed(m, k, n, &a, &b)];
            products.push(Gemm { a_rows: Rows::Offsets(&offsets), ..products[0] });
            products.push(Gemm::packed(m, &a, &packed));
            let b = Right::Packed { matrix: &packed, first_row: k / 2 };
            products.push(Gemm { k: k - k / 2, b, ..products[0] });
            for p in products {
                for p in [p, p.adding()] {
                    let start = numbers(m * n, 3);
                    let mut want = start.clone();
                    plain(&p, &mut want, n);
                    for level in all_levels() {
                        let mut c = start.clone();
                        dispatch_at(level, Block { p, columns: 0..n, c: c.as_mut_ptr(), c_stride: n });
                        for (x, y) in c.iter().zip(&want) {
                            assert!((x - y).abs() <= 1e-4, "{level:?} {m}x{k}x{n}: {x} for {y}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn splitting_the_work_changes_no_bit() {
        // Two blocks of rows, more than one of columns, and just large enough to be split.
        let (m, k, n) = if cfg!(miri) { (260, 5, 101) } else { (300, 70, 250) };
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let p = Gemm::dense(m, k, n, &a, &b);
        let (mut whole, mut parallel) = (vec![0.0; m * n], vec![0.0; m * n]);
        fast(&p, &mut whole, n);
        fast_parallel(&p, &mut parallel, n);
        assert!(whole == parallel);
        // One row alone gives the same bits as the row in its batch.
        let mut row = vec![0.0; n];
        fast(&Gemm::dense(1, k, n, &a[7 * k..8 * k], &b), &mut row, n);
        assert!(row == whole[7 * n..8 * n]);
    }

    /// Sums that wrap around in 64 bits to what the slices have; without overflow checks nothing else would stop them.
    #[test]
    fn refuses_sizes_that_only_seem_to_fit_because_they_wrap_around() {
        let refused = |p: Gemm<'_, f32>, expected: &str| {
            let mut c = [0.0; 4];
            let stride = p.n;
            let fault = std::panic::catch_unwind(move || fast(&p, &mut c, stride)).unwrap_err();
            assert_eq!(fault.downcast_ref::<&str>(), Some(&expected));
        };
        let (half, values) = (1 << (usize::BITS - 1), [0.0; 4]);
        refused(Gemm::dense(half + 1, 2, 2, &values, &values), "C is too small");
        refused(Gemm { k: half + 1, ..Gemm::dense(2, 2, 2, &values, &values) }, "B is too small");
        let p = Gemm::dense(2, 2, 2, &values, &values);
        refused(Gemm { a_step: usize::MAX, ..p }, "A is too small");
        refused(Gemm { a_rows: Rows::Stride(usize::MAX), ..p }, "A is too small");
        refused(Gemm { a_rows: Rows::Offsets(&[0, usize::MAX]), ..p }, "A is too small");
        let packed = PackedMatrix::new(&values, 2, 2, Precision::F32);
        let b = Right::Packed { matrix: &packed, first_row: usize::MAX };
        refused(Gemm { b, ..p }, "B is too small");
    }

    #[test]
    #[should_panic(expected = "B is too small")]
    fn refuses_a_slice_that_is_too_small() {
        fast(&Gemm::dense(2, 2, 2, &[0.0; 4], &[0.0; 3]), &mut [0.0; 4], 2);
    }
}
