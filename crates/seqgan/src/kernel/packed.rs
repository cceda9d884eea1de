//! A matrix packed for the product: panels of 48 columns, each contiguous, so that the inner loop reads one row
//! of a panel after the other. Worth its copy where many products read the same matrix.

use super::real::Real;
use super::simd::LANES;

/// Columns of a panel: three vectors, as wide as a tile of the product.
pub(crate) const PANEL: usize = 3 * LANES;

/// B `[k, n]`; the last panel is padded with zeros to whole vectors.
#[derive(Debug, Clone)]
pub(crate) struct PackedMatrix<R> {
    rows: usize,
    columns: usize,
    values: Vec<R>, // panels of [k, 48], the last [k, up to 48]
}

impl<R: Real> PackedMatrix<R> {
    /// Packs a dense row-major `[k, n]`.
    pub(crate) fn new(b: &[R], k: usize, n: usize) -> Self {
        assert_eq!(b.len(), k * n, "a matrix of k rows and n columns");
        let mut packed = Self::zero(k, n);
        for (panel, values) in packed.panels_mut().enumerate() {
            let (j, stride) = (panel * PANEL, values.len() / k.max(1));
            for (to, from) in values.chunks_exact_mut(stride.max(1)).zip(b.chunks_exact(n)) {
                let width = stride.min(n - j);
                to[..width].copy_from_slice(&from[j..j + width]);
            }
        }
        packed
    }

    /// Packs the transpose of a dense row-major `[n, k]`.
    pub(crate) fn of_transpose(b: &[R], n: usize, k: usize) -> Self {
        assert_eq!(b.len(), k * n, "a matrix of n rows and k columns");
        let mut packed = Self::zero(k, n);
        for (panel, values) in packed.panels_mut().enumerate() {
            let (j, stride) = (panel * PANEL, values.len() / k.max(1));
            let width = stride.min(n - j);
            R::transpose(width, k, &b[j * k..(j + width) * k], k, values, stride);
        }
        packed
    }

    fn zero(k: usize, n: usize) -> Self {
        let padded = n.next_multiple_of(LANES);
        Self { rows: k, columns: n, values: vec![R::default(); k * padded] }
    }

    fn panels_mut(&mut self) -> impl Iterator<Item = &mut [R]> {
        self.values.chunks_mut((self.rows * PANEL).max(1))
    }

    /// k.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// n.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Panel number `panel`, `[k, stride]`, and its stride.
    pub(crate) fn panel(&self, panel: usize) -> (&[R], usize) {
        let stride = (self.columns.next_multiple_of(LANES) - panel * PANEL).min(PANEL);
        (&self.values[panel * PANEL * self.rows..][..self.rows * stride], stride)
    }

    /// The values of row `p`, `[n]`.
    pub(crate) fn row(&self, p: usize) -> impl Iterator<Item = R> {
        (0..self.columns).map(move |j| {
            let (panel, stride) = self.panel(j / PANEL);
            panel[p * stride + j % PANEL]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_a_matrix_and_from_its_transpose() {
        for (k, n) in [(1, 1), (2, 16), (3, 48), (5, 50), (4, 97)] {
            let b: Vec<f32> = (0..k * n).map(|x| x as f32).collect();
            let transposed: Vec<f32> = (0..n * k).map(|at| b[at % k * n + at / k]).collect();
            for packed in [PackedMatrix::new(&b, k, n), PackedMatrix::of_transpose(&transposed, n, k)] {
                for (p, row) in b.chunks_exact(n).enumerate() {
                    assert!(packed.row(p).eq(row.iter().copied()), "{k} x {n}, row {p}");
                }
            }
        }
    }
}
