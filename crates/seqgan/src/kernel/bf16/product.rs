//! The product with factors in bfloat16.
#![allow(unsafe_code)] // blocks of C that tasks share; `multiply` proves every access in bounds first

use super::amx;
use super::block::Block;
use super::detection;
use super::emulated::Emulated;
use super::number::Line;
use super::tiles::{Tiles, pack_columns, pack_rows, pack_transposed, tiles_of};
use crate::kernel::bounds::rows_fit;
use crate::kernel::rows::Rows;
use crate::kernel::simd::{LANES, dispatch};
use rayon::prelude::*;
use std::ops::Range;

/// A `[m, k]`.
#[derive(Clone, Copy)]
pub(crate) enum Left<'a> {
    /// By its rows.
    Rows { values: &'a [f32], rows: Rows<'a> },
    /// Element (i, p) is `values[p * stride + i]`.
    Transposed { values: &'a [f32], stride: usize },
}

/// B `[k, n]`.
#[derive(Clone, Copy)]
pub(crate) enum Right<'a> {
    /// Element (p, j) is `values[p * stride + j]`.
    Dense { values: &'a [f32], stride: usize },
    /// Rows `first_row..first_row + k` of a matrix in tiles; `first_row` is a multiple of 32.
    Tiles { tiles: &'a Tiles, first_row: usize },
}

/// What is multiplied: A `[m, k]` and B `[k, n]`.
pub(crate) struct Factors<'a> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: Left<'a>,
    pub b: Right<'a>,
    /// Add to C instead of overwriting it.
    pub accumulate: bool,
}

/// Where a product runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// On the calling thread.
    One,
    /// On all threads; the same bits.
    All,
}

/// Rows of C in a task.
const ROWS: usize = 16 * LANES;
/// Columns of C in a task.
const COLUMNS: usize = 8 * LANES;
/// Multiply-adds from which a product is shared by all threads.
const MANY: usize = 1 << 20;

/// C (+)= A B with rounded factors.
///
/// # Panics
/// If an element is not inside its slice.
pub(crate) fn multiply(p: &Factors<'_>, c: &mut [f32], c_stride: usize, threads: Threads) {
    assert!(c_stride >= p.n && rows_fit(p.m, c_stride, p.n, c.len()), "C is too small");
    if let Right::Tiles { tiles, first_row } = p.b {
        let inside = Tiles::tile_of(first_row) + tiles_of(p.k) <= tiles_of(tiles.rows());
        assert!(inside && tiles.strips() == p.n.div_ceil(LANES), "B is too small");
    }
    let (mut a, mut b) = (LEFT.take(), RIGHT.take());
    match p.a {
        Left::Rows { values, rows } => pack_rows(values, |i| rows.start(i), p.k, p.m, &mut a),
        Left::Transposed { values, stride } => pack_transposed(values, stride, p.k, p.m, &mut a),
    }
    let blocks = Blocks { p, a: &a, c: c.as_mut_ptr(), c_stride };
    if threads == Threads::One || p.m * p.n * p.k < MANY {
        for j in (0..p.n).step_by(COLUMNS) {
            blocks.multiply(0..p.m, j..(j + COLUMNS).min(p.n), &mut b);
        }
    } else {
        let (rows, columns) = (p.m.div_ceil(ROWS), p.n.div_ceil(COLUMNS));
        (0..rows * columns).into_par_iter().for_each(|task| {
            let (i, j) = (task % rows * ROWS, task / rows * COLUMNS);
            let mut b = RIGHT.take();
            blocks.multiply(i..(i + ROWS).min(p.m), j..(j + COLUMNS).min(p.n), &mut b);
            RIGHT.set(b);
        });
    }
    LEFT.set(a);
    RIGHT.set(b);
}

thread_local! {
    /// Tiles of A and of B that are packed on the way, kept between calls so that they are allocated once a thread.
    static LEFT: std::cell::Cell<Vec<Line>> = const { std::cell::Cell::new(Vec::new()) };
    static RIGHT: std::cell::Cell<Vec<Line>> = const { std::cell::Cell::new(Vec::new()) };
}

/// A product whose bounds have been checked, with A in tiles.
struct Blocks<'a> {
    p: &'a Factors<'a>,
    a: &'a [Line],
    c: *mut f32,
    c_stride: usize,
}

// SAFETY: tasks write disjoint blocks of C and nobody reads it meanwhile.
unsafe impl Sync for Blocks<'_> {}

impl Blocks<'_> {
    /// Computes a block of rows and columns, which begin with a strip; `scratch` is for the tiles of B.
    fn multiply(&self, rows: Range<usize>, columns: Range<usize>, scratch: &mut Vec<Line>) {
        let (p, tiles) = (self.p, tiles_of(self.p.k));
        let (b, b_tiles) = match p.b {
            Right::Dense { values, stride } => {
                pack_columns(values, stride, p.k, columns.clone(), scratch);
                (&scratch[..], tiles)
            }
            Right::Tiles { tiles, first_row } => {
                let (all, first) = (tiles_of(tiles.rows()), Tiles::tile_of(first_row));
                (&tiles.lines()[(columns.start / LANES * all + first) * LANES..], all)
            }
        };
        let block = Block {
            rows: rows.len(),
            columns: columns.len(),
            tiles,
            a: &self.a[rows.start / LANES * tiles * LANES..],
            b,
            b_tiles,
            c: self.c.wrapping_add(rows.start * self.c_stride + columns.start),
            c_stride: self.c_stride,
            accumulate: p.accumulate,
        };
        if detection::amx() {
            // SAFETY: the block is inside its slices, as `multiply` asserts and packing sees to.
            unsafe { amx::multiply(&block) };
        } else {
            dispatch(Emulated(&block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::gemm::{Gemm, Right, plain};
    use crate::kernel::simd::{Level, all_levels, dispatch_at};
    use crate::kernel::{PackedMatrix, Precision, Real};
    use crate::rng::{Purpose, Streams};

    fn numbers(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(8, Purpose::Bootstrap).reader(sequence);
        (0..n).map(|_| reader.normal() as f32).collect()
    }

    /// Random sizes of numbers: from denormals to those whose products overflow, zeros, infinities and what is no number.
    fn extremes(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(9, Purpose::Bootstrap).reader(sequence);
        let mut number = || match reader.uniform() {
            x if x < 0.02 => [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN][(x * 250.0) as usize],
            x if x < 0.6 => f32::powi(2.0, (x * 500.0) as i32 - 170) * reader.normal() as f32,
            _ => f32::from_bits((reader.uniform() * 4_294_967_296.0) as u32),
        };
        (0..n).map(|_| number()).collect()
    }

    /// The definition, word by word: see the module above.
    fn defined(p: &Gemm<'_, f32>, b: &[f32], c: &mut [f32]) {
        use crate::kernel::bf16::rounded;
        let flush = |x: f32| if x.abs() < f32::MIN_POSITIVE { x * 0.0 } else { x };
        for i in 0..p.m {
            for j in 0..p.n {
                let mut sum = if p.accumulate { flush(c[i * p.n + j]) } else { 0.0 };
                for block in (0..p.k).step_by(32) {
                    let [even, odd] = [0, 1].map(|first| {
                        (block + first..(block + 32).min(p.k)).step_by(2).fold(0.0f32, |sum, q| {
                            let a = rounded(p.a[p.row(i) + q * p.a_step]);
                            a.mul_add(rounded(b[q * p.n + j]), sum)
                        })
                    });
                    sum = flush(sum + (even + odd));
                }
                c[i * p.n + j] = sum;
            }
        }
    }

    fn run(p: &Gemm<'_, f32>, c: &mut [f32], c_stride: usize, threads: Threads) {
        match threads {
            Threads::One => f32::gemm(p, c, c_stride),
            Threads::All => f32::gemm_parallel(p, c, c_stride),
        }
    }

    /// As [`multiply`], on another instruction set.
    fn multiply_at(level: Level, p: &Gemm<'_, f32>, b: &[f32], c: &mut [f32]) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        match p.a_step {
            1 => pack_rows(p.a, |i| p.row(i), p.k, p.m, &mut left),
            stride => pack_transposed(p.a, stride, p.k, p.m, &mut left),
        }
        pack_columns(b, p.n, p.k, 0..p.n, &mut right);
        let (tiles, accumulate) = (tiles_of(p.k), p.accumulate);
        let (rows, columns, c, c_stride) = (p.m, p.n, c.as_mut_ptr(), p.n);
        let (a, b, b_tiles) = (&left[..], &right[..], tiles);
        let block = Block { rows, columns, tiles, a, b, b_tiles, c, c_stride, accumulate };
        dispatch_at(level, Emulated(&block));
    }

    fn same(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
    }

    const SHAPES: [(usize, usize, usize); 10] = [
        (1, 1, 1),
        (16, 32, 16),
        (17, 33, 18),
        (3, 70, 65),
        (40, 31, 33),
        (13, 64, 48),
        (70, 200, 130),
        (32, 96, 64),
        (5, 2, 200),
        (300, 40, 7),
    ];

    /// Rows in a row, rows anywhere, and rows of a transpose; dense and packed B; to the bit on every instruction set.
    #[test]
    fn every_path_has_the_bits_of_the_definition() {
        for (m, k, n) in SHAPES.into_iter().filter(|&(m, k, n)| !cfg!(miri) || m * k * n < 30_000) {
            for (numbers, are_extreme) in [(numbers as fn(usize, u64) -> Vec<f32>, false), (extremes, true)] {
                let (a, b, start) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3));
                let offsets: Vec<usize> = (0..m).map(|i| (i * 7) % (m * k - k + 1)).collect();
                let packed = PackedMatrix::new(&b, k, n, Precision::Bf16);
                let dense = Gemm::dense(m, k, n, &a, &b).in_precision(Precision::Bf16);
                let transposed = Gemm::transposed(m, k, n, &a, &b).in_precision(Precision::Bf16);
                let products = [
                    dense,
                    transposed,
                    Gemm { a_rows: Rows::Offsets(&offsets), ..dense },
                    Gemm::packed(m, &a, &packed),
                ];
                for p in products.into_iter().flat_map(|p| [p, p.adding()]) {
                    let mut want = start.clone();
                    defined(&p, &b, &mut want);
                    for threads in [Threads::One, Threads::All] {
                        let mut c = start.clone();
                        run(&p, &mut c, n, threads);
                        assert!(same(&c, &want), "{m} x {k} x {n}, {threads:?}");
                    }
                    let fused = |level: &Level| *level != Level::Portable || cfg!(target_arch = "aarch64");
                    for level in all_levels().into_iter().filter(|level| !are_extreme || fused(level)) {
                        let mut c = start.clone();
                        multiply_at(level, &p, &b, &mut c);
                        assert!(same(&c, &want), "{m} x {k} x {n}, {level:?}");
                    }
                }
            }
        }
    }

    /// Many blocks of rows and columns on all threads, the later rows of a packed matrix, and a C with gaps.
    #[test]
    fn blocks_join() {
        let (m, k, n, first) = if cfg!(miri) { (260, 32, 20, 32) } else { (530, 96, 300, 32) };
        let (a, b) = (numbers(m * k, 1), numbers((first + k) * n, 2));
        let packed = PackedMatrix::new(&b, first + k, n, Precision::Bf16);
        let right = Right::Packed { matrix: &packed, first_row: first };
        let p = Gemm { k, b: right, a_rows: Rows::Stride(k), ..Gemm::packed(m, &a, &packed) };
        let mut want = vec![0.0; m * n];
        defined(&p, &b[first * n..], &mut want);
        for threads in [Threads::One, Threads::All] {
            let mut c = vec![-1.0; m * (n + 3)];
            run(&p, &mut c, n + 3, threads);
            for (c, want) in c.chunks(n + 3).zip(want.chunks(n)) {
                assert!(same(&c[..n], want) && c[n..] == [-1.0; 3], "{threads:?}");
            }
        }
    }

    /// The plain product of rounded factors differs by the order of sums alone.
    #[test]
    fn agrees_with_the_plain_product() {
        let (m, k, n) = (20, 100, 40);
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let p = Gemm::dense(m, k, n, &a, &b).in_precision(Precision::Bf16);
        let (mut c, mut want) = (vec![0.0; m * n], vec![0.0; m * n]);
        run(&p, &mut c, n, Threads::One);
        plain(&p, &mut want, n);
        assert!(c.iter().zip(&want).all(|(c, want)| (c - want).abs() < 1e-4));
    }

    #[test]
    #[should_panic(expected = "begin at a multiple of 32")]
    fn refuses_rows_between_tiles() {
        let b = PackedMatrix::new(&[0.0; 64], 64, 1, Precision::Bf16);
        let right = Right::Packed { matrix: &b, first_row: 2 };
        let p = Gemm { k: 32, b: right, ..Gemm::packed(1, &[0.0; 32], &b) };
        run(&p, &mut [0.0], 1, Threads::One);
    }
}
