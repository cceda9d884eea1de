//! The gradient of a large embedding table: only the rows of tokens that occur in a batch.
//!
//! A batch holds a few thousand tokens. The gradient of a table of 100,000 rows is zero nearly everywhere, and Adam on all of it
//! would read and write the whole table and both its moments in every update. So only the rows that a batch touches are kept, and
//! only they are updated, as by `torch.optim.SparseAdam`: the moments of other rows do not decay meanwhile, and neither do their
//! weights. The bias corrections count all updates.

use super::embedding;
use crate::kernel::Real;
use crate::token::TokenId;

/// Marks a row that no token has touched.
const UNTOUCHED: u32 = u32::MAX;

/// The rows of a gradient `[rows, D]` that are not zero.
#[derive(Debug, Clone)]
pub struct TouchedRows<R> {
    dim: usize,
    /// Where the values of a row are, in rows; of all rows.
    places: Vec<u32>,
    /// The touched rows, in the order of their first token.
    rows: Vec<u32>,
    /// Their values.
    values: Vec<R>,
}

impl<R: Real> TouchedRows<R> {
    /// A zero gradient of a table `[num_rows, dim]`.
    pub fn zero(num_rows: usize, dim: usize) -> Self {
        Self { dim, places: vec![UNTOUCHED; num_rows], rows: Vec::new(), values: Vec::new() }
    }

    /// Sets every row to zero.
    pub fn clear(&mut self) {
        self.rows.iter().for_each(|&row| self.places[row as usize] = UNTOUCHED);
        self.rows.clear();
        self.values.clear();
    }

    /// The values of a row, which counts as touched from now on.
    pub fn row_mut(&mut self, row: usize) -> &mut [R] {
        if self.places[row] == UNTOUCHED {
            self.places[row] = self.rows.len() as u32;
            self.rows.push(row as u32);
            self.values.resize(self.values.len() + self.dim, R::default());
        }
        &mut self.values[self.places[row] as usize * self.dim..][..self.dim]
    }

    /// The touched rows and their values.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[R])> {
        self.rows.iter().map(|&row| row as usize).zip(self.values.chunks_exact(self.dim))
    }

    /// Adds the gradient of the same table.
    pub fn add(&mut self, other: &Self) {
        for (row, values) in other.iter() {
            R::axpy(R::of(1.0), values, self.row_mut(row));
        }
    }

    /// Adds a multiple of the touched rows of the table itself.
    pub fn add_table(&mut self, factor: R, table: &[R]) {
        for (&row, values) in self.rows.iter().zip(self.values.chunks_exact_mut(self.dim)) {
            R::axpy(factor, &table[row as usize * self.dim..][..self.dim], values);
        }
    }

    /// The shape of the whole table.
    pub fn shape(&self) -> [usize; 2] {
        [self.places.len(), self.dim]
    }

    /// The values of the touched rows.
    pub fn values(&self) -> &[R] {
        &self.values
    }

    /// The values of the touched rows, to be changed.
    pub fn values_mut(&mut self) -> &mut [R] {
        &mut self.values
    }

    /// The gradient of the whole table.
    pub fn to_vec(&self) -> Vec<R> {
        let mut table = vec![R::default(); self.places.len() * self.dim];
        self.iter().for_each(|(row, values)| table[row * self.dim..][..self.dim].copy_from_slice(values));
        table
    }
}

/// The gradient of an embedding table, to which rows are added.
#[derive(Debug)]
pub enum TableGradient<'a, R> {
    /// All rows.
    Dense(&'a mut [R]),
    /// The touched rows alone.
    Rows(&'a mut TouchedRows<R>),
}

impl<R: Real> TableGradient<'_, R> {
    /// Adds the gradient `[tokens, D]` of the looked-up rows, in the order of the tokens ([`embedding::backward`]).
    pub(crate) fn add(&mut self, d_out: &[R], dim: usize, tokens: impl Iterator<Item = TokenId>) {
        match self {
            Self::Dense(table) => embedding::backward(d_out, dim, tokens, table),
            Self::Rows(rows) => {
                for (token, d) in tokens.zip(d_out.chunks_exact(dim)) {
                    R::axpy(R::of(1.0), d, rows.row_mut(token as usize));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{Adam, AdamConfig, Gradients, Tensors};
    use crate::token::TokenId;

    /// Of 5 rows, one is touched in every update, one in the first and the third, one never.
    const TOUCHED: [&[TokenId]; 3] = [&[3, 1, 3], &[3], &[1, 3]];

    fn parameters() -> Tensors<f64> {
        let mut parameters = Tensors::new();
        parameters.push("embedding", &[5, 2], (0..10).map(|i| f64::from(i) * 0.3 - 1.0).collect());
        parameters.push("b", &[3], vec![0.5, 1.0, -2.0]);
        parameters
    }

    fn add(gradients: &mut Gradients<f64>, update: usize) {
        let of_token = |i: usize| [0.1 * (1 + update + i) as f64, -0.2];
        let values: Vec<f64> = (0..TOUCHED[update].len()).flat_map(of_token).collect();
        gradients.table(0).add(&values, 2, TOUCHED[update].iter().copied());
        gradients.parts_mut().0[1].fill(0.25);
    }

    /// As `torch.optim.SparseAdam`, by its formulas: w -= rate / c1 * m / (sqrt(v / c2) + epsilon), of touched rows.
    #[test]
    fn adam_updates_touched_rows_alone() {
        let mut moved = parameters();
        let mut adam = Adam::new(AdamConfig::default(), &moved);
        let mut gradients = Gradients::with_rows(&moved, 0);
        let (mut w, mut m, mut v) = (moved[0].clone(), vec![0.0; 10], vec![0.0; 10]);
        for (update, touched) in TOUCHED.into_iter().enumerate() {
            gradients.clear();
            add(&mut gradients, update);
            adam.apply_with_decay(&mut moved, &gradients, 0.01, 0.1);
            let mut whole = [0.0; 10];
            for (i, &row) in touched.iter().enumerate() {
                whole[2 * row as usize] += 0.1 * (1 + update + i) as f64;
                whole[2 * row as usize + 1] -= 0.2;
            }
            let corrections = [0.9f64, 0.999].map(|beta| 1.0 - beta.powi(update as i32 + 1));
            for i in (0..10).filter(|i| touched.contains(&(*i as u32 / 2))) {
                m[i] = 0.9 * m[i] + 0.1 * whole[i];
                v[i] = 0.999 * v[i] + 0.001 * whole[i] * whole[i];
                w[i] *= 1.0 - 0.01 * 0.1;
                w[i] -= 0.01 / corrections[0] * m[i] / ((v[i] / corrections[1]).sqrt() + 1e-8);
            }
            for (found, expected) in moved[0].iter().zip(&w) {
                assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
            }
        }
        assert_eq!(moved[0][..2], parameters()[0][..2], "never touched");
        assert_ne!(moved[0][2..4], parameters()[0][2..4]);
    }

    #[test]
    fn touched_rows_stand_for_the_whole_table() {
        let parameters = parameters();
        let (mut rows, mut dense) = (Gradients::with_rows(&parameters, 0), Gradients::dense(&parameters));
        // What was there before is forgotten.
        add(&mut rows, 2);
        rows.clear();
        for gradients in [&mut rows, &mut dense] {
            add(gradients, 0);
            let mut other = gradients.clone();
            other.clear();
            add(&mut other, 1);
            gradients.add(&other);
            gradients.add_parameters(0.5, &parameters);
            gradients.scale(0.7);
        }
        let of_rows = rows.to_tensors();
        let mut expected = dense.to_tensors();
        // The L2 term of rows that no token touched is left out.
        for untouched in [0, 2, 4] {
            expected[0][2 * untouched..][..2].fill(0.0);
        }
        assert_eq!(of_rows, expected);
        let expected = Gradients::from(expected);
        assert!((rows.sum_of_squares() - expected.sum_of_squares()).abs() < 1e-12);
        assert!(rows.is_finite());
        rows.table(0).add(&[0.0, f64::NAN], 2, [4].into_iter());
        assert!(!rows.is_finite());
    }
}
