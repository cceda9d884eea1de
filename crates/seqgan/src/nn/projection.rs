//! Linear layer without a bias, prepared for many forward passes: y = x W with row vectors; x `[n, I]`, W `[I, O]`. Its
//! backward passes are those of [`linear`](super::linear).

use crate::kernel::{Gemm, PackedMatrix, Precision, Real};

/// The layer, prepared for many passes, with a copy of its weights.
#[derive(Debug, Clone)]
pub struct Projection<R> {
    w: PackedMatrix<R>,
}

impl<R: Real> Projection<R> {
    /// With W `[inputs, O]`, and products in a precision.
    pub fn new(w: &[R], inputs: usize, precision: Precision) -> Self {
        Self { w: PackedMatrix::new(w, inputs, w.len() / inputs, precision) }
    }

    /// y `[n, O]`, on the calling thread.
    pub fn forward(&self, x: &[R]) -> Vec<R> {
        let rows = x.len() / self.w.rows();
        let mut y = vec![R::default(); rows * self.w.columns()];
        R::gemm(&Gemm::packed(rows, x, &self.w), &mut y, self.w.columns());
        y
    }
}
