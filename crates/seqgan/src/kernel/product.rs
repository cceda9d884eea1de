//! The matrix product that everything is made of: C (+)= A B with the rows of A anywhere.
//!
//! A tile of C stays in registers while the whole inner dimension passes by: one row of B is loaded, one element
//! of A is broadcast. So an element of C is one chain of fused multiply-adds in the order of the inner
//! dimension, whatever the size of the batch, the tile or the number of threads: splitting the work cannot
//! change a bit. Rows of A are given by offsets where they overlap (the windows of a convolution), so that
//! no copy of the windows is made.
#![allow(clippy::needless_range_loop)] // loops of constant length over register tiles, to be unrolled
#![allow(unsafe_code)] // raw pointers in the inner loop; `Product::check` proves every access in bounds first

use super::simd::{Kernel, LANES, Simd, dispatch};
use rayon::prelude::*;

/// Where the rows of A begin.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Row i begins at `i * stride`.
    Stride(usize),
    /// Row i begins at `offsets[i]`; rows may overlap.
    Offsets(&'a [usize]),
}

/// C[m, n] (+)= A[m, k] B[k, n].
#[derive(Clone, Copy)]
pub(crate) struct Product<'a, R> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// Element (i, p) is `a[row(i) + p * a_step]`.
    pub a: &'a [R],
    pub a_rows: Rows<'a>,
    pub a_step: usize,
    /// Element (p, j) is `b[p * b_stride + j]`.
    pub b: &'a [R],
    pub b_stride: usize,
    /// Add to C instead of overwriting it.
    pub accumulate: bool,
}

impl<'a, R: Copy> Product<'a, R> {
    /// A and B row-major and dense.
    pub(crate) fn dense(m: usize, k: usize, n: usize, a: &'a [R], b: &'a [R]) -> Self {
        Self { m, n, k, a, a_rows: Rows::Stride(k), a_step: 1, b, b_stride: n, accumulate: false }
    }

    /// A is the transpose of a dense row-major `[k, m]`.
    pub(crate) fn transposed(m: usize, k: usize, n: usize, a: &'a [R], b: &'a [R]) -> Self {
        Self { m, n, k, a, a_rows: Rows::Stride(1), a_step: m, b, b_stride: n, accumulate: false }
    }

    /// The same, adding to C.
    pub(crate) fn adding(self) -> Self {
        Self { accumulate: true, ..self }
    }

    pub(crate) fn row(&self, i: usize) -> usize {
        match self.a_rows {
            Rows::Stride(stride) => i * stride,
            Rows::Offsets(offsets) => offsets[i],
        }
    }

    /// Proves that every element which the product touches lies inside its slice.
    fn check(&self, c_len: usize, c_stride: usize) {
        if self.m == 0 || self.n == 0 {
            return;
        }
        assert!(c_stride >= self.n && (self.m - 1) * c_stride + self.n <= c_len, "C is too small");
        if self.k == 0 {
            return;
        }
        assert!(self.b_stride >= self.n, "rows of B overlap");
        assert!((self.k - 1) * self.b_stride + self.n <= self.b.len(), "B is too small");
        let last_row = match self.a_rows {
            Rows::Stride(stride) => (self.m - 1) * stride,
            Rows::Offsets(offsets) => {
                assert_eq!(offsets.len(), self.m, "an offset a row of A");
                offsets.iter().copied().max().unwrap_or(0)
            }
        };
        assert!(last_row + (self.k - 1) * self.a_step < self.a.len(), "A is too small");
    }
}

/// The plain product, any number type; the fast one is tested against it.
pub(crate) fn plain<R>(p: &Product<'_, R>, c: &mut [R], c_stride: usize)
where
    R: Copy + Default + std::ops::Mul<Output = R> + std::ops::AddAssign,
{
    p.check(c.len(), c_stride);
    for i in 0..p.m {
        let (row, out) = (p.row(i), &mut c[i * c_stride..][..p.n]);
        if !p.accumulate {
            out.fill(R::default());
        }
        for q in 0..p.k {
            let x = p.a[row + q * p.a_step];
            let b = &p.b[q * p.b_stride..][..p.n];
            for (y, &b) in out.iter_mut().zip(b) {
                *y += x * b;
            }
        }
    }
}

/// The fast product on the calling thread.
pub(crate) fn fast(p: &Product<'_, f32>, c: &mut [f32], c_stride: usize) {
    p.check(c.len(), c_stride);
    if p.k == 0 {
        return plain(p, c, c_stride);
    }
    dispatch(Block { p: *p, columns: 0..p.n, c: c.as_mut_ptr(), c_stride });
}

/// The fast product over all threads. Each task owns a block of rows and columns of C.
pub(crate) fn fast_parallel(p: &Product<'_, f32>, c: &mut [f32], c_stride: usize) {
    const ROW_BLOCK: usize = 256;
    const COLUMN_BLOCK: usize = 96;
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
            // SAFETY: offsets stay inside C, as `check` proved.
            unsafe { self.0.add(offset) }
        }
    }
    let shared = Shared(c.as_mut_ptr());
    let (rows, columns) = (p.m.div_ceil(ROW_BLOCK), p.n.div_ceil(COLUMN_BLOCK));
    (0..rows * columns).into_par_iter().for_each(|task| {
        let (r, q) = (task % rows * ROW_BLOCK, task / rows * COLUMN_BLOCK);
        let m = ROW_BLOCK.min(p.m - r);
        let part = Product {
            m,
            a: match p.a_rows {
                Rows::Stride(stride) => &p.a[r * stride..],
                Rows::Offsets(_) => p.a,
            },
            a_rows: match p.a_rows {
                Rows::Stride(stride) => Rows::Stride(stride),
                Rows::Offsets(offsets) => Rows::Offsets(&offsets[r..r + m]),
            },
            ..*p
        };
        let columns = q..(q + COLUMN_BLOCK).min(p.n);
        dispatch(Block { p: part, columns, c: shared.at(r * c_stride), c_stride });
    });
}

/// Columns `columns` of a product whose bounds have been checked.
struct Block<'a> {
    p: Product<'a, f32>,
    columns: std::ops::Range<usize>,
    c: *mut f32,
    c_stride: usize,
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut j = self.columns.start;
        while j < self.columns.end {
            let left = self.columns.end - j;
            // Three vectors wide with 32 registers; without them a tile of 6 x 16 fills the 16 there are.
            if S::WIDE && left >= 3 * LANES && left != 4 * LANES {
                self.panel::<S, 8, 3>(s, j, LANES);
                j += 3 * LANES;
            } else if S::WIDE && left >= 2 * LANES {
                self.panel::<S, 8, 2>(s, j, LANES);
                j += 2 * LANES;
            } else {
                let n = left.min(LANES);
                self.panel::<S, 6, 1>(s, j, n);
                j += n;
            }
        }
    }
}

impl Block<'_> {
    /// All rows of `W` vectors of columns from `j`; the last vector holds `lanes` of them.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const W: usize>(&self, s: S, j: usize, lanes: usize) {
        let p = &self.p;
        // A panel that many rows will read is copied once, so that its reads are contiguous.
        let mut packed = PANEL.take();
        let b = if p.m >= 3 * R && p.k >= 16 {
            packed.clear();
            packed.reserve(p.k * W * LANES);
            for q in 0..p.k {
                let row = &p.b[q * p.b_stride + j..][..(W - 1) * LANES + lanes];
                packed.extend_from_slice(row);
                packed.resize((q + 1) * W * LANES, 0.0);
            }
            Panel { start: packed.as_ptr(), stride: W * LANES, lanes: LANES }
        } else {
            // SAFETY: j < n and B holds n columns.
            Panel { start: unsafe { p.b.as_ptr().add(j) }, stride: p.b_stride, lanes }
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
        PANEL.set(packed);
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
        let mut acc = [[s.splat(0.0); W]; R];
        // SAFETY: `check` proved A, B and C large enough; the panel holds `lanes` columns of its last vector.
        unsafe {
            if p.accumulate {
                for r in 0..R {
                    for w in 0..W {
                        let from = self.c.add((i + r) * self.c_stride + j + w * LANES);
                        acc[r][w] =
                            if w + 1 < W || lanes == LANES { s.load(from) } else { s.load_part(from, lanes) };
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
                    let v = s.load_part(b.start.add(q * b.stride), b.lanes);
                    for r in 0..R {
                        acc[r][0] = s.fma(s.splat(*a[r].add(q * p.a_step)), v, acc[r][0]);
                    }
                }
            }
            for r in 0..R {
                for w in 0..W {
                    let to = self.c.add((i + r) * self.c_stride + j + w * LANES);
                    if w + 1 < W || lanes == LANES {
                        s.store(to, acc[r][w]);
                    } else {
                        s.store_part(to, lanes, acc[r][w]);
                    }
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
    /// The packed panel, kept between calls so that it is allocated once a thread.
    static PANEL: std::cell::Cell<Vec<f32>> = const { std::cell::Cell::new(Vec::new()) };
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
        for (m, k, n) in
            [(1, 1, 1), (3, 5, 7), (8, 32, 48), (9, 33, 50), (26, 40, 131), (64, 64, 96), (9, 5, 64)]
        {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let offsets: Vec<usize> = (0..m).map(|i| (i * 7) % (m * k - k + 1).max(1)).collect();
            let mut products = vec![Product::dense(m, k, n, &a, &b), Product::transposed(m, k, n, &a, &b)];
            products.push(Product { a_rows: Rows::Offsets(&offsets), a_step: 1, ..products[0] });
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
        let (m, k, n) = (300, 70, 250);
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let p = Product::dense(m, k, n, &a, &b);
        let (mut whole, mut parallel) = (vec![0.0; m * n], vec![0.0; m * n]);
        fast(&p, &mut whole, n);
        fast_parallel(&p, &mut parallel, n);
        assert!(whole == parallel);
        // One row alone gives the same bits as the row in its batch.
        let mut row = vec![0.0; n];
        fast(&Product::dense(1, k, n, &a[7 * k..8 * k], &b), &mut row, n);
        assert!(row == whole[7 * n..8 * n]);
    }

    #[test]
    #[should_panic(expected = "B is too small")]
    fn refuses_a_slice_that_is_too_small() {
        fast(&Product::dense(2, 2, 2, &[0.0; 4], &[0.0; 3]), &mut [0.0; 4], 2);
    }
}
