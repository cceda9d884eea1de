//! Gradients of a network's parameters.
//!
//! The gradient of a linear layer's weights is a product x^T dy of two thin matrices. For a wide layer it is much
//! larger than its factors (1720 x 1720 numbers from 2 x 64 x 1720), so it may be kept as them: its norm is had
//! without it, and the optimizer makes it tile by tile, where it is used up.

use super::{Tensors, linear};
use crate::kernel::{PackedMatrix, Product, Real};

/// Gradients of all parameters of a network, in their order.
#[derive(Debug, Clone)]
pub struct Gradients<R> {
    dense: Tensors<R>, // no values where there are factors
    factors: Vec<(usize, Factors<R>)>,
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
}

impl<R: Real> Factors<R> {
    /// Adds x^T dy for more rows: x `[B, I]`, dy `[B, O]`.
    pub fn add(&mut self, x: &[R], dy: &[R]) {
        assert_eq!(x.len() / self.inputs, dy.len() / self.outputs, "as many rows of x as of dy");
        self.x.extend_from_slice(x);
        self.dy.extend_from_slice(dy);
    }

    fn rows(&self) -> usize {
        self.x.len() / self.inputs
    }

    /// Hands out the product that makes the gradient.
    pub(crate) fn with_product<T>(&self, f: impl FnOnce(&Product<'_, R>) -> T) -> T {
        let xt = linear::transpose(&self.x, self.rows(), self.inputs);
        let dy = PackedMatrix::new(&self.dy, self.rows(), self.outputs);
        f(&Product::packed(self.inputs, &xt, &dy))
    }

    /// The squared norm of x^T dy, from the rows' inner products: sum over b, c of (x_b x_c) (dy_b dy_c).
    fn sum_of_squares(&self) -> f64 {
        let inner = |values: &[R], width: usize| {
            let rows = self.rows();
            let transposed = linear::transpose(values, rows, width);
            let mut products = vec![R::default(); rows * rows];
            R::product_parallel(&Product::dense(rows, width, rows, values, &transposed), &mut products, rows);
            products
        };
        let (x, dy) = (inner(&self.x, self.inputs), inner(&self.dy, self.outputs));
        x.iter().zip(&dy).map(|(x, dy)| x.to_f64() * dy.to_f64()).sum::<f64>().max(0.0)
    }
}

impl<R: Real> Gradients<R> {
    /// Zero gradients of `parameters`, each a tensor of its own.
    pub fn dense(parameters: &Tensors<R>) -> Self {
        Self { dense: parameters.zeros_like(), factors: Vec::new() }
    }

    /// Zero gradients of `parameters`; those of the matrices number `factored` are kept as factors.
    pub fn with_factors(parameters: &Tensors<R>, factored: &[usize]) -> Self {
        let mut dense = Tensors::new();
        let mut factors = Vec::new();
        for (i, t) in parameters.iter().enumerate() {
            if factored.contains(&i) {
                let &[inputs, outputs] = t.shape.as_slice() else { panic!("{} is no matrix", t.name) };
                factors.push((i, Factors { inputs, outputs, x: Vec::new(), dy: Vec::new() }));
                dense.push(t.name.clone(), &[0], Vec::new());
            } else {
                dense.push(t.name.clone(), &t.shape, vec![R::default(); t.data.len()]);
            }
        }
        Self { dense, factors }
    }

    /// Sets every gradient to zero.
    pub fn clear(&mut self) {
        self.dense.fill_zero();
        for (_, factors) in &mut self.factors {
            factors.x.clear();
            factors.dy.clear();
        }
    }

    /// The gradients that are tensors, and the factors of the others in their order.
    pub fn parts_mut(&mut self) -> (&mut Tensors<R>, Vec<&mut Factors<R>>) {
        (&mut self.dense, self.factors.iter_mut().map(|(_, f)| f).collect())
    }

    /// The gradient of parameter tensor number `i`.
    pub(crate) fn of(&self, i: usize) -> Gradient<'_, R> {
        match self.factors.iter().find(|(at, _)| *at == i) {
            Some((_, factors)) => Gradient::Factors(factors),
            None => Gradient::Dense(&self.dense[i]),
        }
    }

    /// Sum of all squared values. The number of threads does not change a bit of it.
    pub fn sum_of_squares(&self) -> f64 {
        self.dense.sum_of_squares() + self.factors.iter().map(|(_, f)| f.sum_of_squares()).sum::<f64>()
    }

    /// Multiplies every gradient by `scale`.
    pub fn scale(&mut self, scale: R) {
        self.dense.iter_mut().for_each(|t| t.data.iter_mut().for_each(|x| *x *= scale));
        self.factors.iter_mut().for_each(|(_, f)| f.dy.iter_mut().for_each(|x| *x *= scale));
    }

    /// The gradients as tensors with the shapes of `parameters`.
    pub fn to_tensors(&self, parameters: &Tensors<R>) -> Tensors<R> {
        let mut tensors = parameters.zeros_like();
        for (i, tensor) in tensors.iter_mut().enumerate() {
            match self.of(i) {
                Gradient::Dense(g) => tensor.data.copy_from_slice(g),
                Gradient::Factors(f) => {
                    f.with_product(|g| R::product_parallel(g, &mut tensor.data, f.outputs));
                }
            }
        }
        tensors
    }
}
