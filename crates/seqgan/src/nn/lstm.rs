//! LSTM layer (Hochreiter, Schmidhuber 1997), row vectors, gates in the order i, f, o, c:
//!
//! ```text
//! a = x W + b + h' U;  i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o);  g = tanh(a_c)
//! c = f c' + i g;  h = o tanh(c)
//! ```
//!
//! W `[E, 4H]`, U `[H, 4H]`, b `[4H]`; sequences are time-major here, a row of x `[n, E]` and of h `[n, H]` for each of the n
//! places of [`Steps`].

mod blocks;
mod inference;
mod steps;

use super::linear;
use crate::kernel::{CellsBackward, Gemm, PackedMatrix, Precision, Real, Rows};
pub use blocks::{Block, find as find_blocks};
pub use inference::{Inference, Scratch};
pub use steps::Steps;

/// The layer's parameters.
#[derive(Clone, Copy)]
pub struct Weights<'a, R> {
    /// Input to gates, `[E, 4H]`.
    pub w: &'a [R],
    /// Hidden to gates, `[H, 4H]`.
    pub u: &'a [R],
    /// Bias `[4H]`.
    pub b: &'a [R],
    /// What W and U consist of ([`find_blocks`]), so that forward passes leave out the rest; fewer than two leave out nothing.
    pub blocks: &'a [Block],
    /// Of all products.
    pub precision: Precision,
}

impl<R> Weights<'_, R> {
    /// H.
    pub fn hidden_dim(&self) -> usize {
        self.b.len() / 4
    }

    /// E.
    pub fn input_dim(&self) -> usize {
        self.w.len() / self.b.len()
    }
}

/// Everything backward needs of a forward pass over T steps, whose places are n.
pub struct Trace<R> {
    steps: Steps,
    x: Vec<R>,      // [n, E]
    gates: Vec<R>,  // [n, 4H], after their nonlinearities
    cells: Vec<R>,  // [n, H]
    tanh_c: Vec<R>, // [n, H]
    hidden: Vec<R>, // [n, H]
}

impl<R> Trace<R> {
    /// Which rows ran, and how far.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// h `[n, H]`.
    pub fn hidden(&self) -> &[R] {
        &self.hidden
    }
}

/// State of B rows between two steps: h and c, `[B, H]` each.
#[derive(Debug, Clone, Default)]
pub struct State<R> {
    /// Output of the last step.
    pub h: Vec<R>,
    /// Cells.
    pub c: Vec<R>,
}

impl<R: Real> State<R> {
    /// The zero state of `rows` rows.
    pub fn zero(rows: usize, hidden_dim: usize) -> Self {
        Self { h: vec![R::default(); rows * hidden_dim], c: vec![R::default(); rows * hidden_dim] }
    }
}

/// The layer, prepared for the passes of a training step: its matrices are packed once, for all rows and steps.
pub struct Layer<R> {
    w: PackedMatrix<R>,            // [E, 4H]
    u: PackedMatrix<R>,            // [H, 4H]
    w_transposed: PackedMatrix<R>, // [4H, E]
    u_transposed: PackedMatrix<R>, // [4H, H]
    b: Vec<R>,
}

impl<R: Real> Layer<R> {
    /// With a copy of `weights`.
    pub fn new(weights: Weights<'_, R>) -> Self {
        let (inputs, hidden, wide) = (weights.input_dim(), weights.hidden_dim(), weights.b.len());
        let ((w, u), (w_transposed, u_transposed)) = rayon::join(
            || {
                let packed = |matrix, rows| PackedMatrix::new(matrix, rows, wide, weights.precision);
                (packed(weights.w, inputs), packed(weights.u, hidden))
            },
            || {
                let transposed =
                    |matrix, rows| PackedMatrix::of_transpose(matrix, rows, wide, weights.precision);
                (transposed(weights.w, inputs), transposed(weights.u, hidden))
            },
        );
        Self { w, u, w_transposed, u_transposed, b: weights.b.to_vec() }
    }

    /// Runs `steps` from the zero state over x `[n, E]`.
    pub fn forward(&self, steps: Steps, x: Vec<R>) -> Trace<R> {
        let (n, size) = (steps.num_places(), self.b.len() / 4);
        let mut gates = self.b.repeat(n);
        R::gemm(&Gemm::packed(n, &x, &self.w).adding(), &mut gates, 4 * size);
        let mut cells = vec![R::default(); n * size];
        let mut tanh_c = cells.clone();
        let mut hidden = cells.clone();
        let mut offsets = Vec::new();
        for t in 0..steps.len() {
            let at = steps.at(t);
            let wide = at.start * size..at.end * size;
            let gates = &mut gates[4 * wide.start..4 * wide.end];
            if t > 0 {
                offsets.clear();
                offsets.extend(steps.before(t).iter().map(|place| place * size));
                let product =
                    Gemm { a_rows: Rows::Offsets(&offsets), ..Gemm::packed(at.len(), &hidden, &self.u) };
                R::gemm(&product.adding(), gates, 4 * size);
                for (to, &from) in at.zip(&offsets) {
                    cells.copy_within(from..from + size, to * size);
                }
            }
            let (cells, hidden) = (&mut cells[wide.clone()], &mut hidden[wide.clone()]);
            R::lstm_cells(gates, cells, hidden, Some(&mut tanh_c[wide]), size);
        }
        Trace { steps, x, gates, cells, tanh_c, hidden }
    }

    /// Back through time: the gradient of the gates before their nonlinearities, `[n, 4H]`, from that of every h, `[n, H]`.
    pub fn backward_gates(&self, trace: &Trace<R>, dh: &[R]) -> Vec<R> {
        let (hidden, steps) = (self.b.len() / 4, &trace.steps);
        let (n, wide) = (steps.num_places(), 4 * hidden);
        let mut d_gates = vec![R::default(); n * wide];
        // What the step behind says of this one's rows, [rows, H]; of rows that end here nothing.
        let (mut dh_next, mut dc_next) = (Vec::new(), Vec::new());
        for t in (0..steps.len()).rev() {
            let at = steps.at(t);
            if t + 1 == steps.len() {
                dh_next = vec![R::default(); at.len() * hidden];
                dc_next = dh_next.clone();
            }
            let da = &mut d_gates[at.start * wide..at.end * wide];
            for (r, place) in at.clone().enumerate() {
                let own = place * hidden..(place + 1) * hidden;
                R::lstm_cells_backward(CellsBackward {
                    gates: &trace.gates[4 * own.start..4 * own.end],
                    before: (t > 0).then(|| &trace.cells[steps.before(t)[r] * hidden..][..hidden]),
                    tanh_c: &trace.tanh_c[own.clone()],
                    dh: &dh[own],
                    dh_next: &dh_next[r * hidden..][..hidden],
                    dc: &mut dc_next[r * hidden..][..hidden],
                    d_gates: &mut da[r * wide..][..wide],
                });
            }
            if t > 0 {
                R::gemm(&Gemm::packed(at.len(), da, &self.u_transposed), &mut dh_next, hidden);
                if !steps.all_stay(t) {
                    [&mut dh_next, &mut dc_next].into_iter().for_each(|d| *d = put_back(d, steps, t, hidden));
                }
            }
        }
        d_gates
    }

    /// The gradient of x, `[n, E]`, given that of the gates, `[n, 4H]`.
    pub fn backward_inputs(&self, d_gates: &[R]) -> Vec<R> {
        let (n, inputs) = (d_gates.len() / self.b.len(), self.w.rows());
        let mut dx = vec![R::default(); n * inputs];
        R::gemm(&Gemm::packed(n, d_gates, &self.w_transposed), &mut dx, inputs);
        dx
    }

    /// Adds the gradients of W, U and b, given those of the gates, `[n, 4H]`. Each element is one chain of sums over the
    /// places, in their order.
    pub fn add_weight_gradients(
        &self,
        trace: &Trace<R>,
        d_gates: &[R],
        (dw, du, db): (&mut [R], &mut [R], &mut [R]),
    ) {
        let (wide, precision) = (db.len(), self.w.precision());
        let (n, hidden) = (trace.steps.num_places(), wide / 4);
        linear::backward_weights(&trace.x, d_gates, wide, precision, dw);
        // h before step t belongs to the gates of step t; the state before step 0 is zero.
        let before = trace.steps.all_before();
        let mut earlier = Vec::with_capacity(before.len() * hidden);
        before.iter().for_each(|place| earlier.extend_from_slice(&trace.hidden[place * hidden..][..hidden]));
        let later = &d_gates[(n - before.len()) * wide..];
        linear::backward_weights(&earlier, later, wide, precision, du);
        linear::backward_bias(d_gates, db);
    }
}

/// The rows `[rows, H]` of step `t` among those of the step before it, which has more; the others are zero.
fn put_back<R: Real>(of_rows: &[R], steps: &Steps, t: usize, hidden: usize) -> Vec<R> {
    let to = steps.at(t - 1);
    let mut wider = vec![R::default(); to.len() * hidden];
    for (row, place) in of_rows.chunks_exact(hidden).zip(steps.before(t)) {
        wider[(place - to.start) * hidden..][..hidden].copy_from_slice(row);
    }
    wider
}
