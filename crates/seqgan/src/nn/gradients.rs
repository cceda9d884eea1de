//! Gradients of a network's parameters.
//!
//! The gradient of a linear layer's weights is a product x^T dy of two thin matrices. For a wide layer it is much
//! larger than its factors (1720 x 1720 numbers from 2 x 64 x 1720), so it may be kept as them: its norm is had
//! without it, and the optimizer makes it tile by tile, where it is used up. That of a large embedding table is kept as the rows
//! that were touched ([`TouchedRows`]).

use super::touched_rows::{TableGradient, TouchedRows};
use super::{Tensors, linear, tensors};
use crate::kernel::{Gemm, PackedMatrix, Precision, Real, Rows};
use rayon::prelude::*;

/// Gradients of all parameters of a network, in their order.
#[derive(Debug, Clone)]
pub struct Gradients<R> {
    dense: Tensors<R>, // no values where there are factors or touched rows
    factors: Vec<(usize, Factors<R>)>,
    rows: Option<(usize, TouchedRows<R>)>,
}

/// The gradient x^T dy of a linear layer's weights `[I, O]`.
#[derive(Debug, Clone)]
pub struct Factors<R> {
    inputs: usize,
    outputs: usize,
    x: Vec<R>,  // [B, I]
    dy: Vec<R>, // [B, O]
}

/// The gradient of one tensor.
pub(crate) enum Gradient<'a, R> {
    Dense(&'a [R]),
    Factors(&'a Factors<R>),
    Rows(&'a TouchedRows<R>),
}

impl<R: Real> Factors<R> {
    /// A zero gradient of weights `[I, O]`.
    pub fn zero(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, x: Vec::new(), dy: Vec::new() }
    }

    /// Adds x^T dy for more rows: x `[B, I]`, dy `[B, O]`.
    pub fn add(&mut self, x: &[R], dy: &[R]) {
        assert_eq!(x.len() / self.inputs, dy.len() / self.outputs, "as many rows of x as of dy");
        self.x.extend_from_slice(x);
        self.dy.extend_from_slice(dy);
    }

    fn rows(&self) -> usize {
        self.x.len() / self.inputs
    }

    /// The gradient as a tensor, `[I, O]`.
    pub fn to_vec(&self) -> Vec<R> {
        let mut g = vec![R::default(); self.inputs * self.outputs];
        self.with_product(|product| R::gemm_parallel(product, &mut g, self.outputs));
        g
    }

    /// Hands out the product that makes the gradient.
    pub(crate) fn with_product<T>(&self, f: impl FnOnce(&Gemm<'_, R>) -> T) -> T {
        let dy = PackedMatrix::new(&self.dy, self.rows(), self.outputs, Precision::F32);
        let (a_rows, a_step) = (Rows::Stride(1), self.inputs);
        f(&Gemm { m: self.inputs, a_rows, a_step, ..Gemm::packed(self.rows(), &self.x, &dy) })
    }

    /// Whether no value of the gradient can be infinite or no number: a bound, from the largest of each factor.
    fn is_finite(&self) -> bool {
        let [x, dy] = [&self.x, &self.dy].map(|values| R::largest_size(values).to_f64());
        self.rows() as f64 * x * dy < f64::from(f32::MAX)
    }

    /// The squared norm of x^T dy, from the rows' inner products: sum over b, c of (x_b x_c) (dy_b dy_c).
    fn sum_of_squares(&self) -> f64 {
        let inner = |values: &[R], width: usize| {
            let rows = self.rows();
            let transposed = linear::transpose(values, rows, width);
            let mut products = vec![R::default(); rows * rows];
            R::gemm_parallel(&Gemm::dense(rows, width, rows, values, &transposed), &mut products, rows);
            products
        };
        let (x, dy) = (inner(&self.x, self.inputs), inner(&self.dy, self.outputs));
        x.iter().zip(&dy).map(|(x, dy)| x.to_f64() * dy.to_f64()).sum::<f64>().max(0.0)
    }
}

impl<R> From<Tensors<R>> for Gradients<R> {
    /// Gradients that are tensors, all of them.
    fn from(dense: Tensors<R>) -> Self {
        Self { dense, factors: Vec::new(), rows: None }
    }
}

impl<R: Real> Gradients<R> {
    /// Zero gradients of `parameters`, each a tensor of its own.
    pub fn dense(parameters: &Tensors<R>) -> Self {
        Self { dense: parameters.zeros_like(), factors: Vec::new(), rows: None }
    }

    /// Zero gradients of `parameters`; those of the matrices number `factored` are kept as factors.
    pub fn with_factors(parameters: &Tensors<R>, factored: &[usize]) -> Self {
        let factors = factored.iter().map(|&i| {
            let [inputs, outputs] = matrix_shape(parameters, i);
            (i, Factors::zero(inputs, outputs))
        });
        Self { dense: dense_without(parameters, factored), factors: factors.collect(), rows: None }
    }

    /// Zero gradients of `parameters`; of the matrix number `table` only the rows that are touched are kept.
    pub fn with_rows(parameters: &Tensors<R>, table: usize) -> Self {
        let [num_rows, dim] = matrix_shape(parameters, table);
        let rows = Some((table, TouchedRows::zero(num_rows, dim)));
        Self { dense: dense_without(parameters, &[table]), factors: Vec::new(), rows }
    }

    /// Sets every gradient to zero.
    pub fn clear(&mut self) {
        self.dense.fill_zero();
        for (_, factors) in &mut self.factors {
            factors.x.clear();
            factors.dy.clear();
        }
        if let Some((_, rows)) = &mut self.rows {
            rows.clear();
        }
    }

    /// The gradient of the embedding table that is parameter tensor number `i`.
    pub(crate) fn table(&mut self, i: usize) -> TableGradient<'_, R> {
        match &mut self.rows {
            Some((number, rows)) if *number == i => TableGradient::Rows(rows),
            _ => TableGradient::Dense(&mut self.dense[i]),
        }
    }

    /// The gradients that are tensors, and the factors of the others in their order.
    pub fn parts_mut(&mut self) -> (&mut Tensors<R>, Vec<&mut Factors<R>>) {
        (&mut self.dense, self.factors.iter_mut().map(|(_, f)| f).collect())
    }

    /// The gradient of parameter tensor number `i`.
    pub(crate) fn of(&self, i: usize) -> Gradient<'_, R> {
        if let Some((_, rows)) = self.rows.as_ref().filter(|(at, _)| *at == i) {
            return Gradient::Rows(rows);
        }
        match self.factors.iter().find(|(at, _)| *at == i) {
            Some((_, factors)) => Gradient::Factors(factors),
            None => Gradient::Dense(&self.dense[i]),
        }
    }

    /// Adds the gradients of the same parameters.
    pub fn add(&mut self, other: &Self) {
        const CHUNK: usize = 1 << 15;
        for (to, from) in self.dense.iter_mut().zip(other.dense.iter()) {
            let parts = to.data.par_chunks_mut(CHUNK).zip(from.data.par_chunks(CHUNK));
            parts.for_each(|(to, from)| R::axpy(R::of(1.0), from, to));
        }
        for ((_, to), (_, from)) in self.factors.iter_mut().zip(&other.factors) {
            to.add(&from.x, &from.dy);
        }
        if let (Some((_, to)), Some((_, from))) = (&mut self.rows, &other.rows) {
            to.add(from);
        }
    }

    /// Adds a multiple of the parameters themselves: the gradient of the L2 term, but for rows that no token has touched.
    pub fn add_parameters(&mut self, factor: R, parameters: &Tensors<R>) {
        assert!(self.factors.is_empty(), "L2 of parameters whose gradient is kept as factors");
        let table = self.rows.as_mut().map(|(number, rows)| {
            rows.add_table(factor, &parameters[*number]);
            *number
        });
        for (i, (g, w)) in self.dense.iter_mut().zip(parameters.iter()).enumerate() {
            if table != Some(i) {
                R::axpy(factor, &w.data, &mut g.data);
            }
        }
    }

    /// Whether all values are finite. Of factors a bound is checked that is reached long after training has failed.
    pub fn is_finite(&self) -> bool {
        let tensors = self.dense.iter().flat_map(|t| t.data.chunks(1 << 15)).collect::<Vec<_>>();
        tensors.par_iter().all(|values| R::largest_size(values).to_f64().is_finite())
            && self.factors.iter().all(|(_, f)| f.is_finite())
            && R::largest_size(self.row_values()).to_f64().is_finite()
    }

    /// Sum of all squared values. The number of threads does not change a bit of it.
    pub fn sum_of_squares(&self) -> f64 {
        self.dense.sum_of_squares()
            + self.factors.iter().map(|(_, f)| f.sum_of_squares()).sum::<f64>()
            + tensors::sum_of_squares(self.row_values())
    }

    /// Multiplies every gradient by `scale`.
    pub fn scale(&mut self, scale: R) {
        self.dense.iter_mut().for_each(|t| t.data.iter_mut().for_each(|x| *x *= scale));
        self.factors.iter_mut().for_each(|(_, f)| f.dy.iter_mut().for_each(|x| *x *= scale));
        self.rows.iter_mut().for_each(|(_, rows)| rows.values_mut().iter_mut().for_each(|x| *x *= scale));
    }

    /// The values of the touched rows of a table that is kept as them.
    fn row_values(&self) -> &[R] {
        self.rows.as_ref().map_or(&[], |(_, rows)| rows.values())
    }

    /// The gradients as tensors with the shapes of the parameters.
    pub fn to_tensors(&self) -> Tensors<R> {
        let mut tensors = Tensors::new();
        for (i, tensor) in self.dense.iter().enumerate() {
            match self.of(i) {
                Gradient::Dense(g) => tensors.push(tensor.name.clone(), &tensor.shape, g.to_vec()),
                Gradient::Factors(f) => {
                    tensors.push(tensor.name.clone(), &[f.inputs, f.outputs], f.to_vec());
                }
                Gradient::Rows(rows) => tensors.push(tensor.name.clone(), &rows.shape(), rows.to_vec()),
            }
        }
        tensors
    }
}

/// The sizes of parameter tensor number `i`, a matrix.
fn matrix_shape<R: Real>(parameters: &Tensors<R>, i: usize) -> [usize; 2] {
    let tensor = parameters.iter().nth(i).expect("a parameter");
    let &[rows, columns] = tensor.shape.as_slice() else { panic!("{} is no matrix", tensor.name) };
    [rows, columns]
}

/// Zero gradients of all parameters but those of number `without`, which have no values.
fn dense_without<R: Real>(parameters: &Tensors<R>, without: &[usize]) -> Tensors<R> {
    let mut dense = Tensors::new();
    for (i, tensor) in parameters.iter().enumerate() {
        match without.contains(&i) {
            true => dense.push(tensor.name.clone(), &[0], Vec::new()),
            false => dense.push(tensor.name.clone(), &tensor.shape, vec![R::default(); tensor.data.len()]),
        }
    }
    dense
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Adam, AdamConfig};
    use crate::rng::{Purpose, Streams};

    fn numbers<R: Real>(n: usize, sequence: u64) -> Vec<R> {
        let mut reader = Streams::new(7, Purpose::Bootstrap).reader(sequence);
        (0..n).map(|_| R::of(reader.normal())).collect()
    }

    /// Twice 40 rows into a matrix of 70 x 90, as factors and as a tensor.
    fn both<R: Real>() -> (Tensors<R>, Gradients<R>, Gradients<R>) {
        let mut parameters = Tensors::new();
        parameters.push("b", &[5], numbers(5, 0));
        parameters.push("w", &[70, 90], numbers(70 * 90, 1));
        let mut factored = Gradients::with_factors(&parameters, &[1]);
        let mut dense = Gradients::dense(&parameters);
        for part in 0..2 {
            let (x, dy) = (numbers(40 * 70, 2 + part), numbers(40 * 90, 4 + part));
            factored.parts_mut().1[0].add(&x, &dy);
            let xt = linear::transpose(&x, 40, 70);
            R::gemm(&Gemm::dense(70, 40, 90, &xt, &dy).adding(), &mut dense.parts_mut().0[1], 90);
        }
        for gradients in [&mut factored, &mut dense] {
            gradients.parts_mut().0[0].copy_from_slice(&numbers(5, 9));
        }
        (parameters, factored, dense)
    }

    fn factors_stand_for_their_product<R: Real>(tolerance: f64) {
        let (_, mut factored, mut dense) = both::<R>();
        for scale in [1.0, 0.3] {
            factored.scale(R::of(scale));
            dense.scale(R::of(scale));
            let (a, b) = (factored.sum_of_squares(), dense.sum_of_squares());
            assert!((a - b).abs() <= tolerance * b, "{a} for {b}");
            for (a, b) in factored.to_tensors().iter().zip(dense.to_tensors().iter()) {
                let errors = a.data.iter().zip(&b.data).map(|(a, b)| (*a - *b).to_f64().abs());
                assert!(a.shape == b.shape && errors.fold(0.0, f64::max) <= 20.0 * tolerance, "{}", a.name);
            }
        }
        for bad in [f64::NAN, f64::INFINITY, -f64::INFINITY] {
            assert!(factored.is_finite() && dense.is_finite());
            let (mut of_factor, mut of_tensor) = (factored.clone(), dense.clone());
            of_factor.parts_mut().1[0].add(&[R::of(bad); 70], &numbers(90, 1));
            of_tensor.parts_mut().0[1][6299] = R::of(bad);
            assert!(!of_factor.is_finite() && !of_tensor.is_finite(), "{bad}");
        }
        factored.clear();
        assert!(factored.sum_of_squares() == 0.0 && factored.is_finite());
    }

    #[test]
    fn factors_stand_for_their_product_in_both_precisions() {
        factors_stand_for_their_product::<f64>(1e-12);
        factors_stand_for_their_product::<f32>(2e-5);
    }

    #[test]
    fn adam_of_factors_has_the_bits_of_adam_of_their_product() {
        let (parameters, factored, _) = both::<f32>();
        let dense = Gradients::from(factored.to_tensors());
        let [a, b] = [&factored, &dense].map(|gradients| {
            let (mut moved, mut adam) = (parameters.clone(), Adam::new(AdamConfig::default(), &parameters));
            (0..3).for_each(|_| adam.apply(&mut moved, gradients, 0.01));
            moved
        });
        assert_eq!(a, b);
    }
}
