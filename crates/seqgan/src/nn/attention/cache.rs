//! Keys and values of what rows were fed, for attention one step at a time.
//!
//! They stand in blocks of [`POSITIONS`] positions. Rows that begin alike share their blocks; a row that goes on alone first
//! copies the block it writes to. So a fork costs a pointer a block.

use super::{Heads, Projected, exponentials, product};
use crate::kernel::{Real, Right};
use std::sync::Arc;

/// Positions of a block: two vectors, so that two sums of a score's product run side by side, and few positions to copy.
const POSITIONS: usize = 32;

/// Keys and values of rows that were fed equally many tokens.
#[derive(Debug)]
pub struct Cache<R> {
    heads: Heads,
    layers: usize,
    length: usize,
    rows: Vec<Vec<Arc<Block<R>>>>,
}

/// Keys and values of some positions of a row in all layers.
#[derive(Debug, Clone)]
struct Block<R> {
    keys: Vec<R>,   // [layers, heads d, POSITIONS]
    values: Vec<R>, // [layers, POSITIONS, heads d]
}

impl<R: Real> Cache<R> {
    /// `rows` rows before their first token.
    pub fn new(heads: Heads, layers: usize, rows: usize) -> Self {
        Self { heads, layers, length: 0, rows: vec![Vec::new(); rows] }
    }

    /// Makes place for one more position of every row, and returns its number.
    pub fn grow(&mut self) -> usize {
        if self.length.is_multiple_of(POSITIONS) {
            let zeros = || vec![R::default(); self.layers * POSITIONS * self.heads.width()];
            self.rows.iter_mut().for_each(|row| row.push(Arc::new(Block { keys: zeros(), values: zeros() })));
        }
        self.length += 1;
        self.length - 1
    }

    /// Writes keys and values `[rows, heads d]` of a layer at the last position, and attends to all positions: the results
    /// `[rows, heads d]` have the bits of [`super::forward`].
    pub fn attend(&mut self, layer: usize, of: &Projected<R>) -> Vec<R> {
        let Projected { queries, keys, values } = of;
        let (width, heads) = (self.heads.width(), self.heads);
        let (last, scale) = ((self.length - 1) % POSITIONS, heads.scale::<R>());
        let mut out = vec![R::default(); queries.len()];
        let mut scores = vec![R::default(); self.length.next_multiple_of(POSITIONS)];
        let rows = self.rows.iter_mut().zip(out.chunks_exact_mut(width)).enumerate();
        for (r, (blocks, out)) in rows {
            let at = r * width..(r + 1) * width;
            let block = Arc::make_mut(blocks.last_mut().expect("a block for the last position"));
            let start = layer * POSITIONS * width;
            let of_layer = &mut block.keys[start..][..POSITIONS * width];
            of_layer
                .iter_mut()
                .skip(last)
                .step_by(POSITIONS)
                .zip(&keys[at.clone()])
                .for_each(|(to, &k)| *to = k);
            block.values[start + last * width..][..width].copy_from_slice(&values[at.clone()]);
            let queries: Vec<R> = queries[at].iter().map(|&q| q * scale).collect();
            for (head, out) in out.chunks_exact_mut(heads.dim).enumerate() {
                let query = &queries[head * heads.dim..][..heads.dim];
                for (block, scores) in blocks.iter().zip(scores.chunks_exact_mut(POSITIONS)) {
                    let keys = &block.keys[start + head * heads.dim * POSITIONS..];
                    let keys = Right::Dense { values: keys, stride: POSITIONS };
                    R::gemm(&product(1, heads.dim, POSITIONS, (query, heads.dim), keys), scores, POSITIONS);
                }
                let seen = &mut scores[..self.length];
                let (sum, _) = exponentials(seen);
                for (block, weights) in blocks.iter().zip(seen.chunks(POSITIONS)) {
                    let values = &block.values[start + head * heads.dim..];
                    let values = Right::Dense { values, stride: width };
                    let (n, dim) = (weights.len(), heads.dim);
                    R::gemm(&product(1, n, dim, (weights, n), values).adding(), out, dim);
                }
                let scale = R::of(1.0) / sum;
                out.iter_mut().for_each(|x| *x *= scale);
            }
        }
        out
    }

    /// Appends `n` copies of row `row`.
    pub fn fork(&mut self, row: usize, n: usize) {
        let row = self.rows[row].clone();
        self.rows.extend(std::iter::repeat_n(row, n));
    }

    /// New row i is old row `rows[i]`.
    pub fn retain(&mut self, rows: &[usize]) {
        // A row that is taken once is moved: no second owner would make it copy its last block.
        let mut uses = vec![0; self.rows.len()];
        rows.iter().for_each(|&row| uses[row] += 1);
        let mut take = |&row: &usize| {
            uses[row] -= 1;
            if uses[row] == 0 { std::mem::take(&mut self.rows[row]) } else { self.rows[row].clone() }
        };
        self.rows = rows.iter().map(&mut take).collect();
    }
}
