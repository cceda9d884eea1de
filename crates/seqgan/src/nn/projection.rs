//! Linear layer without a bias: y = x W with row vectors; x `[n, I]`, W `[I, O]`.

use super::linear;
use crate::kernel::{Gemm, PackedMatrix, Real};

/// The layer, prepared for many passes, with a copy of its weights.
#[derive(Debug, Clone)]
pub struct Projection<R> {
    w: PackedMatrix<R>,
}

impl<R: Real> Projection<R> {
    /// With W `[inputs, O]`.
    pub fn new(w: &[R], inputs: usize) -> Self {
        Self { w: PackedMatrix::new(w, inputs, w.len() / inputs) }
    }

    /// y `[n, O]`, on the calling thread.
    pub fn forward(&self, x: &[R]) -> Vec<R> {
        let rows = x.len() / self.w.rows();
        let mut y = vec![R::default(); rows * self.w.columns()];
        R::gemm(&Gemm::packed(rows, x, &self.w), &mut y, self.w.columns());
        y
    }
}

/// The gradient of x, `[n, I]`, from that of y, `[n, O]`.
pub fn backward_input<R: Real>(w: &[R], dy: &[R], outputs: usize) -> Vec<R> {
    linear::backward_input(w, dy, outputs)
}

/// Adds the gradient of W: each element is one chain of sums over the rows, in their order, so it does not matter how many
/// calls the rows come in.
pub fn add_weight_gradient<R: Real>(x: &[R], dy: &[R], outputs: usize, dw: &mut [R]) {
    let (rows, inputs) = (dy.len() / outputs, dw.len() / outputs);
    R::gemm_parallel(&Gemm::transposed(inputs, rows, outputs, x, dy).adding(), dw, outputs);
}
