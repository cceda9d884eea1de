//! Forward passes that no backward pass follows: states alone are kept.

use super::{Block, State, Steps, Weights};
use crate::kernel::{Gemm, PackedMatrix, Real, Rows};

/// The layer, prepared for many passes. Parts that know nothing of each other ([`Block`]) run one after the other, so that the
/// weights of one stay in the cache for all its steps.
pub struct Inference<R> {
    parts: Vec<Part<R>>,
    input_dim: usize,
    hidden_dim: usize,
}

/// The weights of a block.
struct Part<R> {
    block: Block,
    w: PackedMatrix<R>,
    u: PackedMatrix<R>,
    b: Vec<R>,
}

impl<R: Real> Inference<R> {
    /// With a copy of `weights`.
    pub fn new(weights: Weights<'_, R>) -> Self {
        let (input_dim, hidden_dim) = (weights.input_dim(), weights.hidden_dim());
        let everything = [Block { inputs: 0..input_dim, hidden: 0..hidden_dim }];
        let blocks = if weights.blocks.is_empty() { &everything } else { weights.blocks };
        // Of rows [4H] the gates of the block's units.
        let own = |rows: &[R], block: &Block| -> Vec<R> {
            rows.chunks_exact(hidden_dim).flat_map(|gate| &gate[block.hidden.clone()]).copied().collect()
        };
        let wide = 4 * hidden_dim;
        let part = |block: &Block| {
            let (e, h) = (block.inputs.len(), block.hidden.len());
            let w = own(&weights.w[block.inputs.start * wide..block.inputs.end * wide], block);
            let u = own(&weights.u[block.hidden.start * wide..block.hidden.end * wide], block);
            Part {
                w: PackedMatrix::new(&w, e, 4 * h, weights.precision),
                u: PackedMatrix::new(&u, h, 4 * h, weights.precision),
                b: own(weights.b, block),
                block: block.clone(),
            }
        };
        Self { parts: blocks.iter().map(part).collect(), input_dim, hidden_dim }
    }

    /// h `[n, H]` of `steps` from the zero state over x `[n, E]`, to the bit as [`super::Layer::forward`] has it.
    pub fn states(&self, steps: &Steps, x: &[R]) -> Vec<R> {
        let mut states = vec![R::default(); steps.num_places() * self.hidden_dim];
        let (mut gates, mut offsets) = (Vec::new(), Vec::new());
        for Part { block, w, u, b } in &self.parts {
            let size = block.hidden.len();
            let (mut h, mut c, mut c_before) = (Vec::new(), Vec::new(), Vec::new());
            for t in 0..steps.len() {
                let at = steps.at(t);
                gates.clear();
                at.clone().for_each(|_| gates.extend_from_slice(b));
                let x = &x[at.start * self.input_dim + block.inputs.start..];
                let inputs = Gemm { a_rows: Rows::Stride(self.input_dim), ..Gemm::packed(at.len(), x, w) };
                R::gemm(&inputs.adding(), &mut gates, 4 * size);
                std::mem::swap(&mut c, &mut c_before);
                c.clear();
                if t == 0 {
                    c.resize(at.len() * size, R::default());
                } else {
                    // Rows of the step before, counted from its first.
                    let first = steps.at(t - 1).start;
                    offsets.clear();
                    offsets.extend(steps.before(t).iter().map(|place| (place - first) * size));
                    offsets.iter().for_each(|&from| c.extend_from_slice(&c_before[from..from + size]));
                    let hidden = Gemm { a_rows: Rows::Offsets(&offsets), ..Gemm::packed(at.len(), &h, u) };
                    R::gemm(&hidden.adding(), &mut gates, 4 * size);
                }
                h.resize(at.len() * size, R::default());
                R::lstm_cells(&mut gates, &mut c, &mut h, None, size);
                for (place, h) in at.zip(h.chunks_exact(size)) {
                    states[place * self.hidden_dim + block.hidden.start..][..size].copy_from_slice(h);
                }
            }
        }
        states
    }

    /// One step of all rows of `state` with inputs x `[B, E]`, to the bit as [`Self::states`] has it.
    pub fn step(&self, x: &[R], state: &mut State<R>, scratch: &mut Scratch<R>) {
        let rows = state.h.len() / self.hidden_dim;
        let Scratch { gates, h, c } = scratch;
        if self.parts.len() > 1 {
            h.clone_from(&state.h);
        }
        for Part { block, w, u, b } in &self.parts {
            let size = block.hidden.len();
            gates.clear();
            (0..rows).for_each(|_| gates.extend_from_slice(b));
            let inputs = Gemm::packed(rows, &x[block.inputs.start.min(x.len())..], w);
            R::gemm(&Gemm { a_rows: Rows::Stride(self.input_dim), ..inputs }.adding(), gates, 4 * size);
            if self.parts.len() == 1 {
                R::gemm(&Gemm::packed(rows, &state.h, u).adding(), gates, 4 * size);
                R::lstm_cells(gates, &mut state.c, &mut state.h, None, size);
                continue;
            }
            if rows == 0 {
                continue;
            }
            let hidden = Gemm::packed(rows, &h[block.hidden.start..], u);
            R::gemm(&Gemm { a_rows: Rows::Stride(self.hidden_dim), ..hidden }.adding(), gates, 4 * size);
            // The cells of the block, [B, size], one row after the other.
            let own = |row: usize| {
                row * self.hidden_dim + block.hidden.start..row * self.hidden_dim + block.hidden.end
            };
            c.clear();
            (0..rows).for_each(|row| c.extend_from_slice(&state.c[own(row)]));
            let mut of_block = vec![R::default(); c.len()];
            R::lstm_cells(gates, c, &mut of_block, None, size);
            for row in 0..rows {
                state.c[own(row)].copy_from_slice(&c[row * size..(row + 1) * size]);
                state.h[own(row)].copy_from_slice(&of_block[row * size..(row + 1) * size]);
            }
        }
    }
}

/// Room for a step.
#[derive(Debug, Default)]
pub struct Scratch<R> {
    gates: Vec<R>,
    h: Vec<R>,
    c: Vec<R>,
}

#[cfg(test)]
mod tests {
    use super::super::{Layer, find_blocks};
    use super::*;
    use crate::kernel::Precision;
    use crate::rng::{Purpose, Streams};

    /// One LSTM, and two of different widths side by side, neither a whole number of vectors wide.
    #[test]
    fn the_states_are_those_of_a_pass_that_can_go_back() {
        let (inputs, hidden) = (7, 37);
        let steps = Steps::of(&[3, 0, 6, 1, 6]);
        let mut reader = Streams::new(1, Purpose::OracleInit).reader(0);
        let mut normals = |n: usize| (0..n).map(|_| reader.normal() as f32).collect::<Vec<f32>>();
        let x = normals(steps.num_places() * inputs);
        let (mut w, mut u) = (normals(inputs * 4 * hidden), normals(hidden * 4 * hidden));
        let b = normals(4 * hidden);
        for num_blocks in [1, 2] {
            if num_blocks == 2 {
                let set_apart = |matrix: &mut [f32], first_rows: usize| {
                    for (i, row) in matrix.chunks_exact_mut(4 * hidden).enumerate() {
                        let others = if i < first_rows { 17..hidden } else { 0..17 };
                        row.chunks_exact_mut(hidden).for_each(|gate| gate[others.clone()].fill(0.0));
                    }
                };
                set_apart(&mut w, 3);
                set_apart(&mut u, 17);
            }
            let blocks = find_blocks(&w, &u, hidden);
            assert_eq!(blocks.len(), num_blocks);
            let weights = Weights { w: &w, u: &u, b: &b, blocks: &blocks, precision: Precision::F32 };
            let states = Inference::new(weights).states(&steps, &x);
            assert_eq!(states, Layer::new(weights).forward(steps.clone(), x.clone()).hidden());
            // One step after the other.
            let (inference, equal) = (Inference::new(weights), Steps::equal(4, 3));
            let x = &x[..equal.num_places() * inputs];
            let states = inference.states(&equal, x);
            let (mut state, mut scratch) = (State::zero(4, hidden), Scratch::default());
            for (x, h) in x.chunks(4 * inputs).zip(states.chunks(4 * hidden)) {
                inference.step(x, &mut state, &mut scratch);
                assert_eq!(state.h, h);
            }
        }
    }

    /// A row has the states that it has alone, whoever ends before it.
    #[test]
    fn rows_know_nothing_of_each_other() {
        let (inputs, hidden) = (3, 5);
        let mut reader = Streams::new(2, Purpose::OracleInit).reader(0);
        let mut normals = |n: usize| (0..n).map(|_| reader.normal() as f32).collect::<Vec<f32>>();
        let (w, u, b) = (normals(inputs * 4 * hidden), normals(hidden * 4 * hidden), normals(4 * hidden));
        let inference =
            Inference::new(Weights { w: &w, u: &u, b: &b, blocks: &[], precision: Precision::F32 });
        let lengths = [2, 4, 1, 3];
        let steps = Steps::of(&lengths);
        let x = normals(steps.num_places() * inputs);
        let states = inference.states(&steps, &x);
        for (row, &length) in lengths.iter().enumerate() {
            let of_row = |values: &[f32], width: usize| -> Vec<f32> {
                let places = steps.places().zip(values.chunks_exact(width));
                places.filter(|((_, r), _)| *r == row).flat_map(|(_, values)| values).copied().collect()
            };
            let alone = inference.states(&Steps::equal(1, length), &of_row(&x, inputs));
            assert_eq!(alone, of_row(&states, hidden), "row {row}");
        }
    }
}
