//! LSTM layer (Hochreiter, Schmidhuber 1997), row vectors, gates in the order i, f, o, c:
//!
//! ```text
//! a = x W + b + h' U;  i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o);  g = tanh(a_c)
//! c = f c' + i g;  h = o tanh(c)
//! ```
//!
//! W `[E, 4H]`, U `[H, 4H]`, b `[4H]`; sequences are time-major here: x `[T, B, E]`, h `[T, B, H]`.

mod blocks;

use super::linear::transpose;
use crate::kernel::{Product, Real};
pub use blocks::{Block, find as find_blocks};

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

impl<R: Real> Weights<'_, R> {
    /// gates `[n, 4H]` += x W, x `[n, E]`.
    fn add_inputs(&self, x: &[R], gates: &mut [R]) {
        blocks::add_product(self.blocks, |block| &block.inputs, x, self.w, gates, self.hidden_dim());
    }

    /// gates `[n, 4H]` += h U, h `[n, H]`.
    fn add_hidden(&self, h: &[R], gates: &mut [R]) {
        blocks::add_product(self.blocks, |block| &block.hidden, h, self.u, gates, self.hidden_dim());
    }
}

/// Everything backward needs of a forward pass over T steps of B rows.
pub struct Trace<R> {
    rows: usize,
    steps: usize,
    x: Vec<R>,      // [T, B, E]
    gates: Vec<R>,  // [T, B, 4H], after their nonlinearities
    cells: Vec<R>,  // [T, B, H]
    tanh_c: Vec<R>, // [T, B, H]
    hidden: Vec<R>, // [T, B, H]
}

impl<R> Trace<R> {
    /// h `[T, B, H]`.
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

/// One step of all rows of `state` with inputs x `[B, E]`; `gates` is scratch.
pub fn step<R: Real>(weights: Weights<'_, R>, x: &[R], state: &mut State<R>, gates: &mut Vec<R>) {
    let hidden = weights.hidden_dim();
    let rows = state.h.len() / hidden;
    gates.clear();
    for _ in 0..rows {
        gates.extend_from_slice(weights.b);
    }
    weights.add_inputs(x, gates);
    weights.add_hidden(&state.h, gates);
    R::lstm_cells(gates, &mut state.c, &mut state.h, None, hidden);
}

/// Runs T steps from the zero state over x `[T, B, E]`.
pub fn forward<R: Real>(weights: Weights<'_, R>, rows: usize, x: Vec<R>) -> Trace<R> {
    let (inputs, hidden) = (weights.input_dim(), weights.hidden_dim());
    let steps = x.len() / (rows * inputs);
    let mut gates = weights.b.repeat(steps * rows);
    weights.add_inputs(&x, &mut gates);
    let size = rows * hidden;
    let mut cells = vec![R::default(); steps * size];
    let mut tanh_c = cells.clone();
    let mut hidden_all = cells.clone();
    for t in 0..steps {
        let now = &mut gates[t * rows * 4 * hidden..][..rows * 4 * hidden];
        if t > 0 {
            let before = &hidden_all[(t - 1) * size..t * size];
            weights.add_hidden(before, now);
            cells.copy_within((t - 1) * size..t * size, t * size);
        }
        let at = t * size..(t + 1) * size;
        let (cells, hidden_all) = (&mut cells[at.clone()], &mut hidden_all[at.clone()]);
        R::lstm_cells(now, cells, hidden_all, Some(&mut tanh_c[at]), hidden);
    }
    Trace { rows, steps, x, gates, cells, tanh_c, hidden: hidden_all }
}

/// Gradients of the parameters.
pub struct Gradients<R> {
    /// Of W.
    pub w: Vec<R>,
    /// Of U.
    pub u: Vec<R>,
    /// Of b.
    pub b: Vec<R>,
}

/// Back through time. `dh` is the gradient of every h, `[T, B, H]`. Returns the gradients of the parameters
/// and of x, `[T, B, E]`.
pub fn backward<R: Real>(weights: Weights<'_, R>, trace: &Trace<R>, dh: &[R]) -> (Gradients<R>, Vec<R>) {
    let (inputs, hidden, rows) = (weights.input_dim(), weights.hidden_dim(), trace.rows);
    let (size, wide, one) = (rows * hidden, 4 * hidden, R::of(1.0));
    let ut = transpose(weights.u, hidden, wide);
    let mut d_gates = vec![R::default(); trace.steps * rows * wide];
    let mut dh_next = vec![R::default(); size];
    let mut dc_next = vec![R::default(); size];
    for t in (0..trace.steps).rev() {
        let da = &mut d_gates[t * rows * wide..][..rows * wide];
        for r in 0..rows {
            let gates = &trace.gates[(t * rows + r) * wide..][..wide];
            let da = &mut da[r * wide..][..wide];
            for j in 0..hidden {
                let at = t * size + r * hidden + j;
                let (i, f, o, g) =
                    (gates[j], gates[hidden + j], gates[2 * hidden + j], gates[3 * hidden + j]);
                let tc = trace.tanh_c[at];
                let before = if t > 0 { trace.cells[at - size] } else { R::default() };
                let dh = dh[at] + dh_next[r * hidden + j];
                let dc = dc_next[r * hidden + j] + dh * o * (one - tc * tc);
                da[j] = dc * g * i * (one - i);
                da[hidden + j] = dc * before * f * (one - f);
                da[2 * hidden + j] = dh * tc * o * (one - o);
                da[3 * hidden + j] = dc * i * (one - g * g);
                dc_next[r * hidden + j] = dc * f;
            }
        }
        R::product(&Product::dense(rows, wide, hidden, da, &ut), &mut dh_next, hidden);
    }
    let all = trace.steps * rows;
    let mut gradients = Gradients {
        w: vec![R::default(); inputs * wide],
        u: vec![R::default(); hidden * wide],
        b: vec![R::default(); wide],
    };
    R::product(&Product::transposed(inputs, all, wide, &trace.x, &d_gates), &mut gradients.w, wide);
    // h before step t belongs to the gates of step t; the state before step 0 is zero.
    let later = &d_gates[rows * wide..];
    let earlier = &trace.hidden[..all * hidden - size];
    R::product(&Product::transposed(hidden, all - rows, wide, earlier, later), &mut gradients.u, wide);
    for row in d_gates.chunks_exact(wide) {
        R::axpy(one, row, &mut gradients.b);
    }
    let wt = transpose(weights.w, inputs, wide);
    let mut dx = vec![R::default(); all * inputs];
    R::product(&Product::dense(all, wide, inputs, &d_gates, &wt), &mut dx, inputs);
    (gradients, dx)
}
