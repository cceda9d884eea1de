//! Output layer with softmax and weighted negative log-likelihood, blocked over the vocabulary.
//!
//! For rows h `[M, H]`, targets y and weights w the loss is `sum_m -w_m log softmax(h_m W + b)[y_m]`, with W `[H, V]`.
//! Logits exist for 64 rows x 512 tokens at a time and are made twice, once for the normaliser and once for
//! the gradient: cheaper than sending `[M, V]` numbers through memory. Work is cut into tasks by M and V alone
//! and partial sums are added in a fixed order, so the result does not depend on the number of threads.

use super::linear::transpose;
use crate::kernel::{Product, Real, Right, Rows};
use crate::token::TokenId;
use rayon::prelude::*;

/// Logit of a token that can't be chosen: far below any other, yet finite, so that no NaN can come of it.
pub const FORBIDDEN: f64 = -1e30;

const ROWS: usize = 64;
const COLUMNS: usize = 512;
/// Partial gradients that are kept side by side before they are added up.
const PARTS: usize = 8;

/// The output layer and the tokens it may not choose.
#[derive(Clone, Copy)]
pub struct Output<'a, R> {
    /// `[H, V]`.
    pub w: &'a [R],
    /// `[V]`.
    pub b: &'a [R],
    /// Tokens that are never chosen.
    pub never: &'a [TokenId],
    /// Tokens that are not chosen as a sequence's first.
    pub never_first: &'a [TokenId],
}

/// One decision a row: what was chosen, and whether it was the first of its sequence.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The chosen token.
    pub token: TokenId,
    /// Whether it opened its sequence.
    pub first: bool,
}

impl<R: Real> Output<'_, R> {
    fn vocab(&self) -> usize {
        self.b.len()
    }

    fn hidden_dim(&self) -> usize {
        self.w.len() / self.b.len()
    }

    /// Logits of `choices.len()` rows for the tokens `v..v + n`, forbidden ones lowered.
    fn logits(&self, h: &[R], choices: &[Choice], v: usize, n: usize, out: &mut Vec<R>) {
        let (rows, hidden) = (choices.len(), self.hidden_dim());
        out.clear();
        for _ in 0..rows {
            out.extend_from_slice(&self.b[v..v + n]);
        }
        let product = Product {
            m: rows,
            n,
            k: hidden,
            a: h,
            a_rows: Rows::Stride(hidden),
            a_step: 1,
            b: Right::Dense { values: &self.w[v..], stride: self.vocab() },
            accumulate: true,
        };
        R::product(&product, out, n);
        let inside = |t: &&TokenId| (v..v + n).contains(&(**t as usize));
        for &token in self.never.iter().filter(inside) {
            (0..rows).for_each(|r| out[r * n + token as usize - v] = R::of(FORBIDDEN));
        }
        for &token in self.never_first.iter().filter(inside) {
            for r in (0..rows).filter(|&r| choices[r].first) {
                out[r * n + token as usize - v] = R::of(FORBIDDEN);
            }
        }
    }

    /// log softmax of each row's choice and the normaliser log sum exp, `[M]` each; h is `[M, H]`.
    pub fn log_prob(&self, h: &[R], choices: &[Choice]) -> (Vec<R>, Vec<R>) {
        let (hidden, vocab) = (self.hidden_dim(), self.vocab());
        let chunks: Vec<_> = choices
            .par_chunks(ROWS)
            .zip(h.par_chunks(ROWS * hidden))
            .map_init(Vec::new, |logits, (choices, h)| {
                let mut best = vec![R::of(FORBIDDEN); choices.len()];
                let mut sum = vec![R::default(); choices.len()];
                let mut chosen = vec![R::default(); choices.len()];
                for v in (0..vocab).step_by(COLUMNS) {
                    let n = COLUMNS.min(vocab - v);
                    self.logits(h, choices, v, n, logits);
                    for (r, row) in logits.chunks_exact_mut(n).enumerate() {
                        let token = choices[r].token as usize;
                        if (v..v + n).contains(&token) {
                            chosen[r] = row[token - v];
                        }
                        let block = R::largest(row);
                        if block > best[r] {
                            sum[r] *= R::of((best[r] - block).to_f64().exp());
                            best[r] = block;
                        }
                        sum[r] += R::exp_and_sum(row, best[r]);
                    }
                }
                let normaliser: Vec<R> =
                    best.iter().zip(&sum).map(|(&b, &s)| b + R::of(s.to_f64().ln())).collect();
                let log_prob: Vec<R> = chosen.iter().zip(&normaliser).map(|(&c, &n)| c - n).collect();
                (log_prob, normaliser)
            })
            .collect();
        let mut result = (Vec::with_capacity(choices.len()), Vec::with_capacity(choices.len()));
        for (log_prob, normaliser) in chunks {
            result.0.extend(log_prob);
            result.1.extend(normaliser);
        }
        result
    }

    /// Adds the gradients of the loss with the given weights `[M]` to `dw` and `db`; returns the loss, the
    /// log-probabilities `[M]` and the gradient of h, `[M, H]`.
    pub fn weighted_nll(
        &self,
        h: &[R],
        choices: &[Choice],
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        let (hidden, vocab, rows) = (self.hidden_dim(), self.vocab(), choices.len());
        let (log_prob, normaliser) = self.log_prob(h, choices);
        let wt = transpose(self.w, hidden, vocab);
        // The weight of a row stands on h for dW and is put on dh at the end.
        let mut weighted = h.to_vec();
        for (row, &weight) in weighted.chunks_exact_mut(hidden).zip(weights) {
            row.iter_mut().for_each(|x| *x *= weight);
        }
        let blocks = vocab.div_ceil(COLUMNS);
        let column_parts = blocks.min(2 * PARTS);
        let row_parts = if column_parts >= PARTS { 1 } else { PARTS.min(rows.div_ceil(ROWS)).max(1) };
        let rows_a_part = rows.div_ceil(row_parts).next_multiple_of(ROWS);
        let parts: Vec<_> = (0..column_parts * row_parts)
            .into_par_iter()
            .map(|task| {
                let (c, r) = (task % column_parts, task / column_parts);
                let blocks = c * blocks / column_parts..(c + 1) * blocks / column_parts;
                let rows = (r * rows_a_part).min(rows)..((r + 1) * rows_a_part).min(rows);
                let task = Task {
                    output: self,
                    wt: &wt,
                    h,
                    weighted: &weighted,
                    choices,
                    normaliser: &normaliser,
                    weights,
                };
                task.run(blocks, rows)
            })
            .collect();
        let mut dh = vec![R::default(); rows * hidden];
        for (task, part) in parts.into_iter().enumerate() {
            let (c, r) = (task % column_parts, task / column_parts);
            let (from, to) = (c * blocks / column_parts * COLUMNS, (c + 1) * blocks / column_parts * COLUMNS);
            let (from, n) = (from, to.min(vocab) - from);
            for (k, row) in part.dw.chunks_exact(n).enumerate() {
                R::axpy(R::of(1.0), row, &mut dw[k * vocab + from..][..n]);
            }
            R::axpy(R::of(1.0), &part.db, &mut db[from..from + n]);
            let begin = (r * rows_a_part).min(rows) * hidden;
            R::axpy(R::of(1.0), &part.dh, &mut dh[begin..begin + part.dh.len()]);
        }
        for (row, &weight) in dh.chunks_exact_mut(hidden).zip(weights) {
            row.iter_mut().for_each(|x| *x *= weight);
        }
        let loss = weights.iter().zip(&log_prob).map(|(w, l)| -w.to_f64() * l.to_f64()).sum();
        (loss, log_prob, dh)
    }
}

/// The gradient of some rows and some blocks of the vocabulary.
struct Task<'a, R> {
    output: &'a Output<'a, R>,
    wt: &'a [R],
    h: &'a [R],
    weighted: &'a [R],
    choices: &'a [Choice],
    normaliser: &'a [R],
    weights: &'a [R],
}

struct Part<R> {
    dw: Vec<R>, // [H, columns]
    db: Vec<R>, // [columns]
    dh: Vec<R>, // [rows, H], not yet weighted
}

impl<R: Real> Task<'_, R> {
    fn run(&self, blocks: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Part<R> {
        let (hidden, vocab) = (self.output.hidden_dim(), self.output.vocab());
        let (from, to) = (blocks.start * COLUMNS, (blocks.end * COLUMNS).min(vocab));
        let columns = to - from;
        let mut part = Part {
            dw: vec![R::default(); hidden * columns],
            db: vec![R::default(); columns],
            dh: vec![R::default(); rows.len() * hidden],
        };
        let mut p = Vec::new();
        for v in (from..to).step_by(COLUMNS) {
            let n = COLUMNS.min(to - v);
            for begin in rows.clone().step_by(ROWS) {
                let chunk = begin..(begin + ROWS).min(rows.end);
                let choices = &self.choices[chunk.clone()];
                self.output.logits(&self.h[chunk.start * hidden..chunk.end * hidden], choices, v, n, &mut p);
                for (i, row) in p.chunks_exact_mut(n).enumerate() {
                    // Gradient of -log softmax: the probabilities, less one at the choice.
                    R::exp_and_sum(row, self.normaliser[chunk.start + i]);
                    let token = choices[i].token as usize;
                    if (v..v + n).contains(&token) {
                        row[token - v] -= R::of(1.0);
                    }
                    R::axpy(self.weights[chunk.start + i], row, &mut part.db[v - from..v - from + n]);
                }
                let weighted = &self.weighted[chunk.start * hidden..chunk.end * hidden];
                let product = Product::transposed(hidden, chunk.len(), n, weighted, &p).adding();
                R::product(&product, &mut part.dw[v - from..], columns);
                let product = Product::dense(chunk.len(), n, hidden, &p, &self.wt[v * hidden..]).adding();
                R::product(&product, &mut part.dh[(chunk.start - rows.start) * hidden..], hidden);
            }
        }
        part
    }
}
