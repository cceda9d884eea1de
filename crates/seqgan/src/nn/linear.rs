//! Linear layer: y = x W + b with row vectors; x `[B, I]`, W `[I, O]`, b `[O]`.

use crate::kernel::{Gemm, Precision, Real};

/// y `[B, O]`.
pub fn forward<R: Real>(x: &[R], w: &[R], b: &[R]) -> Vec<R> {
    let (outputs, inputs) = (b.len(), w.len() / b.len());
    let rows = x.len() / inputs;
    let mut y = b.repeat(rows);
    R::gemm_parallel(&Gemm::dense(rows, inputs, outputs, x, w).adding(), &mut y, outputs);
    y
}

/// Adds the gradients of W and b and returns that of x, `[B, I]`.
pub fn backward<R: Real>(x: &[R], w: &[R], dy: &[R], dw: &mut [R], db: &mut [R]) -> Vec<R> {
    backward_weights(x, dy, db.len(), Precision::F32, dw);
    backward_bias(dy, db);
    backward_input(w, dy, db.len(), Precision::F32)
}

/// Adds the gradient of W alone: each element is one chain of sums over the rows, in their order. In f32 it does not matter how
/// many calls the rows come in; in bfloat16 a chain is cut into blocks of 32 rows from the first of a call.
pub fn backward_weights<R: Real>(x: &[R], dy: &[R], outputs: usize, precision: Precision, dw: &mut [R]) {
    let (rows, inputs) = (dy.len() / outputs, dw.len() / outputs);
    let product = Gemm::transposed(inputs, rows, outputs, x, dy).in_precision(precision);
    R::gemm_parallel(&product.adding(), dw, outputs);
}

/// Adds the gradient of b alone.
pub fn backward_bias<R: Real>(dy: &[R], db: &mut [R]) {
    for row in dy.chunks_exact(db.len()) {
        R::axpy(R::of(1.0), row, db);
    }
}

/// dx = dy W^T, made as dx^T = W dy^T: the weights are read where they lie, each once.
pub fn backward_input<R: Real>(w: &[R], dy: &[R], outputs: usize, precision: Precision) -> Vec<R> {
    let (rows, inputs) = (dy.len() / outputs, w.len() / outputs);
    let dyt = transpose(dy, rows, outputs);
    let mut dxt = vec![R::default(); inputs * rows];
    R::gemm_parallel(&Gemm::dense(inputs, outputs, rows, w, &dyt).in_precision(precision), &mut dxt, rows);
    transpose(&dxt, inputs, rows)
}

/// The transpose of a row-major `[rows, columns]`.
pub(crate) fn transpose<R: Real>(x: &[R], rows: usize, columns: usize) -> Vec<R> {
    let mut y = vec![R::default(); x.len()];
    R::transpose(rows, columns, x, columns, &mut y, rows);
    y
}
