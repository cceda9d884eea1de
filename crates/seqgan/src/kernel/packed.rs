//! A matrix packed for the product: panels of 48 columns, each contiguous, so that the inner loop reads one row
//! of a panel after the other. Worth its copy where many products read the same matrix.

use super::bf16::Tiles;
use super::precision::Precision;
use super::real::Real;
use super::simd::LANES;

/// Columns of a panel: three vectors, as wide as a tile of the product.
pub(crate) const PANEL: usize = 3 * LANES;

/// B `[k, n]`.
#[derive(Debug, Clone)]
pub(crate) struct PackedMatrix<R> {
    rows: usize,
    columns: usize,
    format: Format<R>,
}

#[derive(Debug, Clone)]
enum Format<R> {
    /// Panels of `[k, 48]`, the last `[k, up to 48]`, padded with zeros to whole vectors.
    Panels(Vec<R>),
    /// In bfloat16.
    Tiles(Tiles),
}

impl<R: Real> PackedMatrix<R> {
    /// Packs a dense row-major `[k, n]`.
    pub(crate) fn new(b: &[R], k: usize, n: usize, precision: Precision) -> Self {
        assert_eq!(b.len(), k * n, "a matrix of k rows and n columns");
        let format = match precision {
            Precision::F32 => Format::Panels(panels(k, n, |j, stride, values| {
                for (to, from) in values.chunks_exact_mut(stride).zip(b.chunks_exact(n)) {
                    let width = stride.min(n - j);
                    to[..width].copy_from_slice(&from[j..j + width]);
                }
            })),
            Precision::Bf16 => Format::Tiles(R::tiles(b, k, n)),
        };
        Self { rows: k, columns: n, format }
    }

    /// Packs the transpose of a dense row-major `[n, k]`.
    pub(crate) fn of_transpose(b: &[R], n: usize, k: usize, precision: Precision) -> Self {
        assert_eq!(b.len(), k * n, "a matrix of n rows and k columns");
        let format = match precision {
            Precision::F32 => Format::Panels(panels(k, n, |j, stride, values| {
                let width = stride.min(n - j);
                R::transpose(width, k, &b[j * k..(j + width) * k], k, values, stride);
            })),
            Precision::Bf16 => Format::Tiles(R::tiles_of_transpose(b, n, k)),
        };
        Self { rows: k, columns: n, format }
    }

    /// The number format of its values.
    pub(crate) fn precision(&self) -> Precision {
        match self.format {
            Format::Panels(_) => Precision::F32,
            Format::Tiles(_) => Precision::Bf16,
        }
    }

    /// The tiles, in bfloat16.
    pub(super) fn tiles(&self) -> Option<&Tiles> {
        match &self.format {
            Format::Panels(_) => None,
            Format::Tiles(tiles) => Some(tiles),
        }
    }

    /// k.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// n.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Panel number `panel`, `[k, stride]`, and its stride; not in bfloat16.
    pub(crate) fn panel(&self, panel: usize) -> (&[R], usize) {
        let Format::Panels(values) = &self.format else { unreachable!("a matrix in panels") };
        let stride = (self.columns.next_multiple_of(LANES) - panel * PANEL).min(PANEL);
        (&values[panel * PANEL * self.rows..][..self.rows * stride], stride)
    }

    /// The values of row `p`, `[n]`, as products read them.
    pub(crate) fn row(&self, p: usize) -> impl Iterator<Item = R> {
        (0..self.columns).map(move |j| match self.tiles() {
            Some(tiles) => R::of(f64::from(tiles.at(p, j))),
            None => {
                let (panel, stride) = self.panel(j / PANEL);
                panel[p * stride + j % PANEL]
            }
        })
    }
}

/// Makes the panels of `[k, n]`; `fill` is given the first column, the stride and the zeros of each.
fn panels<R: Real>(k: usize, n: usize, fill: impl Fn(usize, usize, &mut [R])) -> Vec<R> {
    let mut values = vec![R::default(); k * n.next_multiple_of(LANES)];
    if k > 0 {
        for (panel, values) in values.chunks_mut(k * PANEL).enumerate() {
            fill(panel * PANEL, values.len() / k, values);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_a_matrix_and_from_its_transpose() {
        for (k, n) in [(1, 1), (2, 16), (3, 48), (5, 50), (4, 63)] {
            let b: Vec<f32> = (0..k * n).map(|x| x as f32).collect();
            let transposed: Vec<f32> = (0..n * k).map(|at| b[at % k * n + at / k]).collect();
            // Numbers below 256 are the same in bfloat16.
            for precision in [Precision::F32, Precision::Bf16] {
                let packed = PackedMatrix::new(&b, k, n, precision);
                for packed in [packed, PackedMatrix::of_transpose(&transposed, n, k, precision)] {
                    for (p, row) in b.chunks_exact(n).enumerate() {
                        assert!(packed.row(p).eq(row.iter().copied()), "{k} x {n}, row {p}");
                    }
                }
            }
        }
    }
}
