//! Matrices of bfloat16 in the layout that AMX reads: tiles of 16 lines of 64 bytes.
//!
//! A strip is 16 rows of A, or 16 columns of B; its tiles follow each other along the inner dimension, 32 of it each. A line of
//! a tile of A is a row's 32 numbers. A line of a tile of B is a pair of rows, one pair of numbers for each of 16 columns. One is
//! the transpose of the other, pairs moved as one.
#![allow(unsafe_code)] // pointers into slices whose lengths are checked

use super::lines::{Rounding, Rounds, with_rounding};
use super::number::{DEPTH, Line, round, widen};
use crate::kernel::simd::{Kernel, LANES, Simd, dispatch};
use std::ops::Range;

/// B `[k, n]` in tiles; padding is zero.
#[derive(Debug, Clone)]
pub(crate) struct Tiles {
    inner: usize, // k
    lines: Vec<Line>,
}

/// Tiles of a strip of this inner dimension.
pub(super) fn tiles_of(inner: usize) -> usize {
    inner.div_ceil(DEPTH)
}

/// Lines of some strips of this inner dimension.
fn lines_of(strips: usize, inner: usize) -> usize {
    strips * tiles_of(inner) * LANES
}

impl Tiles {
    /// B, given by its elements.
    pub(crate) fn from_fn(k: usize, n: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut lines = vec![Line::ZERO; lines_of(n.div_ceil(LANES), k)];
        for (tile, lines) in lines.chunks_exact_mut(LANES).enumerate() {
            let (j, p) = (tile / tiles_of(k) * LANES, tile % tiles_of(k) * DEPTH);
            for (pair, line) in lines.iter_mut().enumerate() {
                for (place, to) in line.0.iter_mut().enumerate() {
                    let (p, j) = (p + 2 * pair + place % 2, j + place / 2);
                    *to = if p < k && j < n { round(at(p, j)) } else { 0 };
                }
            }
        }
        Self { inner: k, lines }
    }

    /// B, given row-major and dense.
    pub(crate) fn new(b: &[f32], k: usize, n: usize) -> Self {
        let mut lines = Vec::new();
        pack_columns(b, n, k, 0..n, &mut lines);
        Self { inner: k, lines }
    }

    /// B as the transpose of a row-major and dense `[n, k]`.
    pub(crate) fn of_transpose(b: &[f32], n: usize, k: usize) -> Self {
        let mut lines = Vec::new();
        pack_rows(b, |j| j * k, k, n, &mut lines);
        transpose_tiles(&mut lines);
        Self { inner: k, lines }
    }

    /// k.
    pub(crate) fn rows(&self) -> usize {
        self.inner
    }

    /// How many strips of 16 columns there are.
    pub(super) fn strips(&self) -> usize {
        self.lines.len() / lines_of(1, self.inner).max(1)
    }

    /// The number, in its strip, of the tile that begins at row `row` of B.
    pub(super) fn tile_of(row: usize) -> usize {
        assert!(row.is_multiple_of(DEPTH), "rows of a product in bfloat16 begin at a multiple of {DEPTH}");
        row / DEPTH
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Element (p, j) of B, rounded.
    pub(crate) fn at(&self, p: usize, j: usize) -> f32 {
        let tile = j / LANES * tiles_of(self.inner) + p / DEPTH;
        widen(self.lines[tile * LANES + p % DEPTH / 2].0[j % LANES * 2 + p % 2])
    }
}

/// Makes `lines` the tiles of A with `m` rows of `k` numbers that begin at `start(i)`.
///
/// # Panics
/// If a row is not inside `a`.
pub(super) fn pack_rows(
    a: &[f32],
    start: impl Fn(usize) -> usize,
    k: usize,
    m: usize,
    lines: &mut Vec<Line>,
) {
    struct PackRows<'a, F> {
        a: &'a [f32],
        start: F,
        k: usize,
        m: usize,
        lines: &'a mut [Line],
    }
    impl<F: Fn(usize) -> usize> Rounds for PackRows<'_, F> {
        #[inline(always)]
        fn run<R: Rounding>(self, rounding: R) {
            let tiles = tiles_of(self.k);
            for i in 0..self.m {
                let row = &self.a[(self.start)(i)..][..self.k];
                let strip = i / LANES * tiles;
                for tile in 0..tiles {
                    let n = (self.k - tile * DEPTH).min(DEPTH);
                    // SAFETY: the row has k numbers.
                    let line = unsafe { rounding.row(row.as_ptr().add(tile * DEPTH), n) };
                    self.lines[(strip + tile) * LANES + i % LANES] = line;
                }
            }
        }
    }
    resize(lines, m, k);
    with_rounding(PackRows { a, start, k, m, lines });
}

/// Makes `lines` the tiles of columns `columns` of B `[k, ..]`, whose rows begin `stride` apart.
///
/// # Panics
/// If a row is not inside `b`.
pub(super) fn pack_columns(b: &[f32], stride: usize, k: usize, columns: Range<usize>, lines: &mut Vec<Line>) {
    struct PackColumns<'a> {
        b: &'a [f32],
        stride: usize,
        k: usize,
        columns: Range<usize>,
        lines: &'a mut [Line],
    }
    impl Rounds for PackColumns<'_> {
        #[inline(always)]
        fn run<R: Rounding>(self, rounding: R) {
            let (n, tiles) = (self.columns.len(), tiles_of(self.k));
            let zeros = [0.0; LANES];
            for pair in 0..self.k.div_ceil(2) {
                let row = |p: usize| &self.b[p * self.stride + self.columns.start..][..n];
                let even = row(2 * pair);
                let odd = if 2 * pair + 1 < self.k { Some(row(2 * pair + 1)) } else { None };
                let first = 2 * pair / DEPTH * LANES + pair % LANES;
                for strip in 0..n.div_ceil(LANES) {
                    let (j, width) = (strip * LANES, (n - strip * LANES).min(LANES));
                    let odd = odd.map_or(zeros.as_ptr(), |odd| odd[j..].as_ptr());
                    // SAFETY: both rows have n numbers, or at least a strip's.
                    let line = unsafe { rounding.pairs(even[j..].as_ptr(), odd, width) };
                    self.lines[strip * tiles * LANES + first] = line;
                }
            }
        }
    }
    resize(lines, columns.len(), k);
    with_rounding(PackColumns { b, stride, k, columns, lines });
}

/// Makes `lines` the tiles of A `[m, k]` that is the transpose of a matrix whose rows begin `stride` apart.
pub(super) fn pack_transposed(a: &[f32], stride: usize, k: usize, m: usize, lines: &mut Vec<Line>) {
    pack_columns(a, stride, k, 0..m, lines);
    transpose_tiles(lines);
}

/// Room for the tiles of `outer` rows of A or columns of B; what packing leaves out is zero.
fn resize(lines: &mut Vec<Line>, outer: usize, inner: usize) {
    let n = lines_of(outer.div_ceil(LANES), inner);
    // Packing writes every line but those of padding.
    let padded = !outer.is_multiple_of(LANES) || !inner.is_multiple_of(DEPTH);
    if padded {
        lines.clear();
    }
    lines.resize(n, Line::ZERO);
}

/// Transposes each tile, pairs of numbers moved as one.
fn transpose_tiles(lines: &mut [Line]) {
    struct Transpose<'a>(&'a mut [Line]);
    impl Kernel for Transpose<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for tile in self.0.chunks_exact_mut(LANES) {
                let tile = tile.as_mut_ptr().cast::<f32>();
                let mut rows = [s.splat(0.0); LANES];
                // SAFETY: a tile is 16 lines of 16 pairs, each as long as an f32; it is only moved.
                unsafe {
                    for (i, row) in rows.iter_mut().enumerate() {
                        *row = s.load(tile.add(i * LANES));
                    }
                    for (i, row) in s.transpose(rows).into_iter().enumerate() {
                        s.store(tile.add(i * LANES), row);
                    }
                }
            }
        }
    }
    dispatch(Transpose(lines));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole and partial tiles; every way to make a matrix makes the same.
    #[test]
    fn every_way_of_packing_makes_the_same_tiles() {
        for (k, n) in [(1, 1), (2, 16), (33, 17), (31, 50), (64, 32), (97, 5)] {
            let at = |p: usize, j: usize| ((p * 37 + j * 11) % 101) as f32 - 50.0;
            let b: Vec<f32> = (0..k * n).map(|x| at(x / n, x % n)).collect();
            let transposed: Vec<f32> = (0..k * n).map(|x| at(x % k, x / k)).collect();
            let want = Tiles::from_fn(k, n, at);
            assert_eq!(Tiles::new(&b, k, n).lines, want.lines, "{k} x {n}");
            assert_eq!(Tiles::of_transpose(&transposed, n, k).lines, want.lines, "{k} x {n}, transposed");
            for (p, j) in [(0, 0), (k - 1, n - 1), (k / 2, n / 3)] {
                assert_eq!(want.at(p, j), at(p, j));
            }
            // As A, whose rows are B's columns, into lines that were used before.
            let mut by_rows = vec![Line([7; DEPTH]); 5];
            pack_rows(&transposed, |j| j * k, k, n, &mut by_rows);
            let mut by_columns = vec![Line([9; DEPTH]); 500];
            pack_transposed(&b, n, k, n, &mut by_columns);
            assert_eq!(by_rows, by_columns, "{k} x {n}, rows");
            transpose_tiles(&mut by_rows);
            assert_eq!(by_rows, want.lines);
        }
    }
}
