//! Output layer with softmax: logits h W + b of rows h `[M, H]`, with W `[H, V]`, and what their distributions say.
//!
//! A likelihood needs the logits of 64 rows x 512 tokens at a time. Gradients are in `softmax_gradient.rs`.

use super::linear::transpose;
use crate::kernel::masks::{FORBIDDEN, Masks};
use crate::kernel::{Gemm, Precision, Real, Right, Rows};
use crate::token::TokenId;
use rayon::prelude::*;
use std::borrow::Cow;

const ROWS: usize = 64;
const COLUMNS: usize = 512;
/// Rows of a task that needs the logits of all tokens.
pub(super) const TASK_ROWS: usize = 16;

/// The output layer and the tokens it may not choose.
#[derive(Clone, Copy)]
pub struct Output<'a, R> {
    pub(super) w: OutputWeights<'a, R>,
    pub(super) b: &'a [R], // [V]
    pub(super) masks: &'a Masks,
    pub(super) precision: Precision,
}

/// The weights of an output layer.
#[derive(Clone, Copy)]
pub(super) enum OutputWeights<'a, R> {
    /// `[H, V]`.
    Own(&'a [R]),
    /// `[V, H]`: an embedding table.
    Tied(&'a [R]),
}

/// One decision a row: what was chosen, and from what.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The chosen token.
    pub token: TokenId,
    /// The mask that it was chosen under.
    pub mask: u32,
}

/// Statistics of a decision's distribution, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TokenStatistics {
    /// log p of the choice.
    pub log_prob: f64,
    /// Entropy of the distribution.
    pub entropy: f64,
    /// log p of its likeliest token.
    pub largest: f64,
}

impl<'a, R: Real> Output<'a, R> {
    /// A layer with weights W `[H, V]`, bias b `[V]`, and the tokens that decisions may not choose.
    pub fn new(w: &'a [R], b: &'a [R], masks: &'a Masks) -> Self {
        Self { w: OutputWeights::Own(w), b, masks, precision: Precision::F32 }
    }

    /// A layer whose weights are an embedding table `[V, H]` (tied embeddings: Press and Wolf, 2017).
    pub fn tied(table: &'a [R], b: &'a [R], masks: &'a Masks) -> Self {
        Self { w: OutputWeights::Tied(table), b, masks, precision: Precision::F32 }
    }

    /// The same layer with its products in a precision.
    #[must_use]
    pub fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// W as `[H, V]`; a copy if it is an embedding table.
    pub fn columns(&self) -> Cow<'a, [R]> {
        match self.w {
            OutputWeights::Own(w) => Cow::Borrowed(w),
            OutputWeights::Tied(table) => Cow::Owned(transpose(table, self.vocab(), self.hidden_dim())),
        }
    }

    /// The same layer by its weights as `[H, V]`, for many passes.
    pub fn with_columns<'b>(&self, columns: &'b [R]) -> Output<'b, R>
    where
        'a: 'b,
    {
        Output::new(columns, self.b, self.masks).in_precision(self.precision)
    }

    pub(super) fn vocab(&self) -> usize {
        self.b.len()
    }

    pub(super) fn hidden_dim(&self) -> usize {
        let (OutputWeights::Own(w) | OutputWeights::Tied(w)) = self.w;
        w.len() / self.b.len()
    }

    /// Logits of `choices.len()` rows for the tokens `v..v + n`, forbidden ones lowered. `w` is [`Self::columns`].
    fn logits(&self, w: &[R], (h, choices): (&[R], &[Choice]), v: usize, n: usize, out: &mut Vec<R>) {
        let (rows, hidden) = (choices.len(), self.hidden_dim());
        out.clear();
        for _ in 0..rows {
            out.extend_from_slice(&self.b[v..v + n]);
        }
        let product = Gemm {
            m: rows,
            n,
            k: hidden,
            a: h,
            a_rows: Rows::Stride(hidden),
            a_step: 1,
            b: Right::Dense { values: &w[v..], stride: self.vocab() },
            accumulate: true,
            precision: self.precision,
        };
        R::gemm(&product, out, n);
        self.forbid(choices, v, n, out);
    }

    /// Lowers the logits `[rows, n]` of forbidden tokens among `v..v + n`.
    pub(super) fn forbid(&self, choices: &[Choice], v: usize, n: usize, out: &mut [R]) {
        for (choice, row) in choices.iter().zip(out.chunks_exact_mut(n)) {
            for &token in self.masks.forbidden_within(choice.mask, v, n) {
                row[token as usize - v] = R::of(FORBIDDEN);
            }
        }
    }

    /// log softmax of each row's choice and the normaliser log sum exp, `[M]` each; h is `[M, H]`.
    pub fn log_prob(&self, h: &[R], choices: &[Choice]) -> (Vec<R>, Vec<R>) {
        let (hidden, vocab, w) = (self.hidden_dim(), self.vocab(), self.columns());
        let chunks: Vec<_> = choices
            .par_chunks(ROWS)
            .zip(h.par_chunks(ROWS * hidden))
            .map_init(Vec::new, |logits, (choices, h)| {
                let mut best = vec![R::of(FORBIDDEN); choices.len()];
                let mut sum = vec![R::default(); choices.len()];
                let mut chosen = vec![R::default(); choices.len()];
                for v in (0..vocab).step_by(COLUMNS) {
                    let n = COLUMNS.min(vocab - v);
                    self.logits(&w, (h, choices), v, n, logits);
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

    /// What each row's distribution says of its choice and of itself; h is `[M, H]`.
    pub fn token_statistics(&self, h: &[R], choices: &[Choice]) -> Vec<TokenStatistics> {
        let (hidden, vocab, w) = (self.hidden_dim(), self.vocab(), self.columns());
        let rows = choices.par_chunks(TASK_ROWS).zip(h.par_chunks(TASK_ROWS * hidden));
        let of_rows =
            |(logits, e): &mut (Vec<R>, Vec<R>), (choices, h): (&[Choice], &[R])| -> Vec<TokenStatistics> {
                self.logits(&w, (h, choices), 0, vocab, logits);
                let of_row = |(row, choice): (&[R], &Choice)| {
                    let largest = R::largest(row);
                    e.clear();
                    e.extend_from_slice(row);
                    let sum = R::exp_and_sum(e, largest).to_f64();
                    let (largest, normaliser) = (largest.to_f64(), largest.to_f64() + sum.ln());
                    // A forbidden token has probability 0, and 0 times its logit counts nothing.
                    let mean = dot(e, row) / sum;
                    TokenStatistics {
                        log_prob: row[choice.token as usize].to_f64() - normaliser,
                        entropy: normaliser - mean,
                        largest: largest - normaliser,
                    }
                };
                logits.chunks_exact(vocab).zip(choices).map(of_row).collect()
            };
        let parts: Vec<_> = rows.map_init(Default::default, of_rows).collect();
        parts.into_iter().flatten().collect()
    }
}

/// sum_v a_v b_v in f64, in eight sums side by side, in an order that depends on the length alone.
pub(super) fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a_rows, b_rows) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_rows.remainder().iter().zip(b_rows.remainder());
    let rest: f64 = rest.map(|(a, b)| a.to_f64() * b.to_f64()).sum();
    for (a, b) in a_rows.zip(b_rows) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a.to_f64() * b.to_f64();
        }
    }
    sums.iter().sum::<f64>() + rest
}
