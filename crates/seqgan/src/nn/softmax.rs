//! Output layer with softmax and weighted negative log-likelihood, blocked over the vocabulary.
//!
//! For rows h `[M, H]`, targets y and weights w the loss is `sum_m -w_m log softmax(h_m W + b)[y_m]`, with W `[H, V]`.
//! A likelihood needs the logits of 64 rows x 512 tokens at a time. A gradient needs each row's normaliser before
//! it can begin: the exponentials of some rows (8 MB, in the last cache) are kept until both products with them
//! are made. Each element of a gradient is one sum over the rows in their order, so the result depends neither
//! on the number of threads nor on how many rows are kept.

use super::linear::transpose;
use super::masks::Masks;
use crate::kernel::{PackedMatrix, Product, Real, Right, Rows};
use crate::token::TokenId;
use rayon::prelude::*;

/// Logit of a token that can't be chosen: far below any other, yet finite, so that no NaN can come of it.
pub const FORBIDDEN: f64 = -1e30;

const ROWS: usize = 64;
const COLUMNS: usize = 512;
/// Exponentials that are kept between their making and their use in the gradients, about.
const EXPONENTIALS: usize = 1 << 21;
/// Rows of a task that makes them.
const TASK_ROWS: usize = 16;

/// The output layer and the tokens it may not choose.
#[derive(Clone, Copy)]
pub struct Output<'a, R> {
    /// `[H, V]`.
    pub w: &'a [R],
    /// `[V]`.
    pub b: &'a [R],
    /// Tokens that decisions may not choose.
    pub masks: &'a Masks,
}

/// One decision a row: what was chosen, and from what.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The chosen token.
    pub token: TokenId,
    /// The mask that it was chosen under.
    pub mask: u32,
}

/// Another layer's distributions as targets beside the choices.
#[derive(Clone, Copy)]
pub struct Soft<'a, R> {
    /// The other layer, of the same vocabulary.
    pub output: Output<'a, R>,
    /// Its input, `[M, H']`.
    pub h: &'a [R],
    /// Their share of a target; the choice has the rest.
    pub share: R,
}

/// How a choice looks to the distribution that it is from, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surprise {
    /// log p of the choice.
    pub log_prob: f64,
    /// Entropy of the distribution.
    pub entropy: f64,
    /// log p of its likeliest token.
    pub largest: f64,
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
        self.forbid(choices, v, n, out);
    }

    /// Lowers the logits `[rows, n]` of forbidden tokens among `v..v + n`.
    fn forbid(&self, choices: &[Choice], v: usize, n: usize, out: &mut [R]) {
        for (choice, row) in choices.iter().zip(out.chunks_exact_mut(n)) {
            for &token in self.masks.forbidden_within(choice.mask, v, n) {
                row[token as usize - v] = R::of(FORBIDDEN);
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

    /// What each row's distribution says of its choice and of itself; h is `[M, H]`.
    pub fn surprise(&self, h: &[R], choices: &[Choice]) -> Vec<Surprise> {
        let (hidden, vocab) = (self.hidden_dim(), self.vocab());
        let rows = choices.par_chunks(TASK_ROWS).zip(h.par_chunks(TASK_ROWS * hidden));
        let of_rows =
            |(logits, e): &mut (Vec<R>, Vec<R>), (choices, h): (&[Choice], &[R])| -> Vec<Surprise> {
                self.logits(h, choices, 0, vocab, logits);
                let of_row = |(row, choice): (&[R], &Choice)| {
                    let largest = R::largest(row);
                    e.clear();
                    e.extend_from_slice(row);
                    let sum = R::exp_and_sum(e, largest).to_f64();
                    let (largest, normaliser) = (largest.to_f64(), largest.to_f64() + sum.ln());
                    // A forbidden token has probability 0, and 0 times its logit counts nothing.
                    let mean = e.iter().zip(row).map(|(e, l)| e.to_f64() * l.to_f64()).sum::<f64>() / sum;
                    Surprise {
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
        self.weighted_cross_entropy(h, choices, None, weights, dw, db)
    }

    /// The same against targets that may be distributions: with q the target of a row, its log-probability is
    /// sum_v q_v log p_v.
    pub fn weighted_cross_entropy(
        &self,
        h: &[R],
        choices: &[Choice],
        soft: Option<Soft<'_, R>>,
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        let (hidden, vocab, rows) = (self.hidden_dim(), self.vocab(), choices.len());
        let packed = PackedMatrix::new(self.w, hidden, vocab);
        let wt = transpose(self.w, hidden, vocab);
        let mut log_prob = vec![R::default(); rows];
        let mut scales = weights.to_vec();
        let mut scaled = h.to_vec();
        let mut dh = vec![R::default(); rows * hidden];
        let many = (EXPONENTIALS / vocab).next_multiple_of(TASK_ROWS).max(TASK_ROWS);
        let mut e = vec![R::default(); many.min(rows) * vocab];
        for first in (0..rows).step_by(many) {
            let chunk = first..(first + many).min(rows);
            let wide = chunk.start * hidden..chunk.end * hidden;
            let e = &mut e[..chunk.len() * vocab];
            // The gradient of a row's logits is scale e, e its exponentials less their sum times the target. The
            // scale stands on h for dW, and is put on dh at the end.
            let taught = soft.map(|soft| soft.probabilities(&choices[chunk.clone()], chunk.start));
            e.par_chunks_mut(TASK_ROWS * vocab)
                .zip(choices[chunk.clone()].par_chunks(TASK_ROWS))
                .zip(log_prob[chunk.clone()].par_chunks_mut(TASK_ROWS))
                .zip(scales[chunk.clone()].par_chunks_mut(TASK_ROWS))
                .zip(scaled[wide.clone()].par_chunks_mut(TASK_ROWS * hidden))
                .zip(dh[wide.clone()].par_chunks_mut(TASK_ROWS * hidden))
                .enumerate()
                .for_each(|(task, (((((e, choices), log_prob), scales), h), dh))| {
                    e.chunks_exact_mut(vocab).for_each(|row| row.copy_from_slice(self.b));
                    R::product(&Product::packed(choices.len(), h, &packed).adding(), e, vocab);
                    self.forbid(choices, 0, vocab, e);
                    for (r, e) in e.chunks_exact_mut(vocab).enumerate() {
                        let token = choices[r].token as usize;
                        let (chosen, largest) = (e[token], R::largest(e));
                        let target = taught.as_ref().map(|q| &q[(task * TASK_ROWS + r) * vocab..][..vocab]);
                        let hard = match soft {
                            Some(soft) => R::of(1.0) - soft.share,
                            None => R::of(1.0),
                        };
                        let mut mean = hard * chosen;
                        if let Some(target) = target {
                            mean += R::of(target.iter().zip(&*e).map(|(q, l)| q.to_f64() * l.to_f64()).sum());
                        }
                        let sum = R::exp_and_sum(e, largest);
                        log_prob[r] = mean - (largest + R::of(sum.to_f64().ln()));
                        e[token] -= hard * sum;
                        if let Some(target) = target {
                            R::axpy(-sum, target, e);
                        }
                        scales[r] = scales[r] / sum;
                    }
                    R::product(&Product::dense(choices.len(), vocab, hidden, e, &wt), dh, hidden);
                    for (r, &scale) in scales.iter().enumerate() {
                        let at = r * hidden..(r + 1) * hidden;
                        h[at.clone()].iter_mut().chain(&mut dh[at]).for_each(|x| *x *= scale);
                    }
                });
            let product = Product::transposed(hidden, chunk.len(), vocab, &scaled[wide], e).adding();
            R::product_parallel(&product, dw, vocab);
            db.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, db)| {
                for (e, &scale) in e.chunks_exact(vocab).zip(&scales[chunk.clone()]) {
                    R::axpy(scale, &e[block * COLUMNS..][..db.len()], db);
                }
            });
        }
        let loss = weights.iter().zip(&log_prob).map(|(w, l)| -w.to_f64() * l.to_f64()).sum();
        (loss, log_prob, dh)
    }
}

impl<R: Real> Soft<'_, R> {
    /// The distributions times their share, `[choices, V]`; `first` is the place of the first choice among all rows.
    fn probabilities(&self, choices: &[Choice], first: usize) -> Vec<R> {
        let (hidden, vocab) = (self.output.hidden_dim(), self.output.vocab());
        let packed = PackedMatrix::new(self.output.w, hidden, vocab);
        let mut q = vec![R::default(); choices.len() * vocab];
        q.par_chunks_mut(TASK_ROWS * vocab)
            .zip(choices.par_chunks(TASK_ROWS))
            .zip(self.h[first * hidden..].par_chunks(TASK_ROWS * hidden))
            .for_each(|((q, choices), h)| {
                q.chunks_exact_mut(vocab).for_each(|row| row.copy_from_slice(self.output.b));
                let h = &h[..choices.len() * hidden];
                R::product(&Product::packed(choices.len(), h, &packed).adding(), q, vocab);
                self.output.forbid(choices, 0, vocab, q);
                for row in q.chunks_exact_mut(vocab) {
                    let largest = R::largest(row);
                    let scale = self.share / R::exp_and_sum(row, largest);
                    row.iter_mut().for_each(|x| *x *= scale);
                }
            });
        q
    }
}
