//! The output layer's gradient, blocked over rows: of the likelihood, of distillation, and of an expected reward.
//!
//! For rows h `[M, H]`, choices y and weights w the loss is `sum_m -w_m log softmax(h_m W + b)[y_m]`, with W `[H, V]`.
//! A gradient needs each row's normaliser first: the exponentials of some rows (8 MB, in the last cache) are stored until
//! both products with them are computed. Each element of a gradient is one sum over the rows in their order, so the
//! result does not depend on the number of threads, nor, in f32, on how many rows are stored.

use super::softmax::{Choice, Output, OutputWeights, TASK_ROWS, dot};
use crate::kernel::{Gemm, PackedMatrix, Real};
use rayon::prelude::*;
use std::ops::Range;

/// Exponentials that are stored at a time, about.
const EXPONENTIALS: usize = 1 << 21;

/// Logits of another model at the same rows.
pub trait AuxiliaryLogits<R>: Sync {
    /// Makes `to` the logits of `rows` among all M, `[rows, V]`, before any constraint.
    fn write(&self, rows: Range<usize>, to: &mut Vec<R>);
}

/// A loss by another model's logits z' `[M, V]`, added to the likelihood's. Tokens that a row forbids have none.
#[derive(Debug, Clone, Copy)]
pub enum AuxiliaryLoss<R = f32> {
    /// Distillation (Hinton et al., 2015): the target of a row is the distribution q = softmax(z') with the share `weight` and
    /// the chosen token with the rest. The row's log-probability becomes  `weight sum_v q_v log p_v + (1 - weight) log
    /// p_choice`.
    Distillation {
        /// From 0 to 1.
        weight: R,
    },
    /// Expected reward over all actions, with a penalty on log p: the loss is less by  `sum_v p_v (z'_v - kl log p_v)`  a
    /// row, whatever the row's weight.
    ExpectedReward {
        /// Factor of the penalty, at least 0.
        kl: R,
    },
}

impl<R: Real> Output<'_, R> {
    /// As [`OutputPass::weighted_gradient`], without an auxiliary loss.
    pub fn weighted_nll(
        &self,
        h: &[R],
        choices: &[Choice],
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        self.weighted_gradient(h, choices, None, weights, dw, db)
    }

    /// As [`OutputPass::weighted_gradient`], for one use of the layer.
    pub fn weighted_gradient(
        &self,
        h: &[R],
        choices: &[Choice],
        auxiliary: Option<(&dyn AuxiliaryLogits<R>, AuxiliaryLoss<R>)>,
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        OutputPass::new(*self).weighted_gradient(h, choices, auxiliary, weights, dw, db)
    }
}

/// The output layer, prepared for gradients: its matrix is packed once, for all rows.
pub struct OutputPass<'a, R: Real> {
    output: Output<'a, R>,
    packed: PackedMatrix<R>,     // [H, V]
    transposed: PackedMatrix<R>, // [V, H]
}

impl<'a, R: Real> OutputPass<'a, R> {
    /// With a copy of the matrix.
    pub fn new(output: Output<'a, R>) -> Self {
        let (hidden, vocab) = (output.hidden_dim(), output.vocab());
        let (packed, transposed) = match output.w {
            OutputWeights::Own(w) => rayon::join(
                || PackedMatrix::new(w, hidden, vocab, output.precision),
                || PackedMatrix::of_transpose(w, hidden, vocab, output.precision),
            ),
            OutputWeights::Tied(table) => rayon::join(
                || PackedMatrix::of_transpose(table, vocab, hidden, output.precision),
                || PackedMatrix::new(table, vocab, hidden, output.precision),
            ),
        };
        Self { output, packed, transposed }
    }

    /// Adds the gradients of the loss with the given weights `[M]`, and of an auxiliary loss if there is one, to `dw`, which is
    /// laid out as W, and `db`; returns the loss, the gain of each row `[M]` and the gradient of h, `[M, H]`. The gain is the
    /// row's log-probability ([`AuxiliaryLoss::Distillation`]), or how much the row lowers the loss
    /// ([`AuxiliaryLoss::ExpectedReward`]).
    pub fn weighted_gradient(
        &self,
        h: &[R],
        choices: &[Choice],
        auxiliary: Option<(&dyn AuxiliaryLogits<R>, AuxiliaryLoss<R>)>,
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        let output = &self.output;
        let (hidden, vocab, rows) = (output.hidden_dim(), output.vocab(), choices.len());
        let mut gains = vec![R::default(); rows];
        let mut scales = vec![R::default(); rows];
        let mut scaled = h.to_vec();
        let mut dh = vec![R::default(); rows * hidden];
        let many = (EXPONENTIALS / vocab).next_multiple_of(TASK_ROWS).max(TASK_ROWS);
        let mut e = vec![R::default(); many.min(rows) * vocab];
        for first in (0..rows).step_by(many) {
            let chunk = first..(first + many).min(rows);
            let wide = chunk.start * hidden..chunk.end * hidden;
            let e = &mut e[..chunk.len() * vocab];
            // The gradient of a row's logits is scale e. The scale stands on h for dW, and is put on dh at the end.
            e.par_chunks_mut(TASK_ROWS * vocab)
                .zip(choices[chunk.clone()].par_chunks(TASK_ROWS))
                .zip(weights[chunk.clone()].par_chunks(TASK_ROWS))
                .zip(gains[chunk.clone()].par_chunks_mut(TASK_ROWS))
                .zip(scales[chunk.clone()].par_chunks_mut(TASK_ROWS))
                .zip(scaled[wide.clone()].par_chunks_mut(TASK_ROWS * hidden))
                .zip(dh[wide.clone()].par_chunks_mut(TASK_ROWS * hidden))
                .enumerate()
                .for_each_init(
                    Vec::new,
                    |others, (task, ((((((e, choices), weights), gains), scales), h), dh))| {
                        e.chunks_exact_mut(vocab).for_each(|row| row.copy_from_slice(output.b));
                        R::gemm(&Gemm::packed(choices.len(), h, &self.packed).adding(), e, vocab);
                        output.forbid(choices, 0, vocab, e);
                        if let Some((logits, _)) = auxiliary {
                            let first = chunk.start + task * TASK_ROWS;
                            logits.write(first..first + choices.len(), others);
                            output.forbid(choices, 0, vocab, others);
                        }
                        for (r, e) in e.chunks_exact_mut(vocab).enumerate() {
                            let token = choices[r].token as usize;
                            let row = Row { logits: e, token, weight: weights[r] };
                            (gains[r], scales[r]) = match auxiliary {
                                None => row.likelihood(),
                                Some((_, loss)) => row.auxiliary(&mut others[r * vocab..][..vocab], loss),
                            };
                        }
                        R::gemm(&Gemm::packed(choices.len(), e, &self.transposed), dh, hidden);
                        for (r, &scale) in scales.iter().enumerate() {
                            let at = r * hidden..(r + 1) * hidden;
                            h[at.clone()].iter_mut().chain(&mut dh[at]).for_each(|x| *x *= scale);
                        }
                    },
                );
            match output.w {
                OutputWeights::Own(_) => {
                    let product = Gemm::transposed(hidden, chunk.len(), vocab, &scaled[wide], e).adding();
                    R::gemm_parallel(&product.in_precision(output.precision), dw, vocab);
                }
                OutputWeights::Tied(_) => {
                    let product = Gemm::transposed(vocab, chunk.len(), hidden, e, &scaled[wide]).adding();
                    R::gemm_parallel(&product.in_precision(output.precision), dw, hidden);
                }
            }
            db.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, db)| {
                for (e, &scale) in e.chunks_exact(vocab).zip(&scales[chunk.clone()]) {
                    R::axpy(scale, &e[block * COLUMNS..][..db.len()], db);
                }
            });
        }
        let gain = |(w, g): (&R, &R)| match auxiliary {
            Some((_, AuxiliaryLoss::ExpectedReward { .. })) => -g.to_f64(),
            _ => -w.to_f64() * g.to_f64(),
        };
        let loss = weights.iter().zip(&gains).map(gain).sum();
        (loss, gains, dh)
    }
}

/// Tokens of the bias that a task sums together.
const COLUMNS: usize = 512;

/// One row: its logits, which become its gradient, unscaled; the chosen token and its weight.
struct Row<'a, R> {
    logits: &'a mut [R],
    token: usize,
    weight: R,
}

impl<R: Real> Row<'_, R> {
    /// Makes the logits their exponentials; returns the sum of these and its logarithm, the normaliser.
    fn exponentials(&mut self) -> (R, R) {
        let largest = R::largest(self.logits);
        let sum = R::exp_and_sum(self.logits, largest);
        (sum, largest + R::of(sum.to_f64().ln()))
    }

    /// Returns log p of the choice, and the gradient's scale.
    fn likelihood(mut self) -> (R, R) {
        let chosen = self.logits[self.token];
        let (sum, normaliser) = self.exponentials();
        self.logits[self.token] -= sum;
        (chosen - normaliser, self.weight / sum)
    }

    fn auxiliary(self, other: &mut [R], loss: AuxiliaryLoss<R>) -> (R, R) {
        match loss {
            AuxiliaryLoss::Distillation { weight } => self.distillation(other, weight),
            AuxiliaryLoss::ExpectedReward { kl } => self.expected_reward(other, kl),
        }
    }

    /// Returns the mean log p under the target, and the gradient's scale; `other` holds the teacher's logits.
    fn distillation(mut self, other: &mut [R], weight: R) -> (R, R) {
        let largest = R::largest(other);
        let scale = weight / R::exp_and_sum(other, largest);
        other.iter_mut().for_each(|q| *q *= scale);
        let hard = R::of(1.0) - weight;
        let mean = hard * self.logits[self.token] + R::of(dot(other, self.logits));
        let (sum, normaliser) = self.exponentials();
        self.logits[self.token] -= hard * sum;
        R::axpy(-sum, other, self.logits);
        (mean - normaliser, self.weight / sum)
    }

    /// Returns the gain, and the gradient's scale; `other` holds the reward of each token. With d = z' - kl z and m its mean
    /// under p, the gradient of logit v is p_v (weight + m - d_v), and less by the weight for the choice.
    fn expected_reward(mut self, other: &mut [R], kl: R) -> (R, R) {
        let chosen = self.logits[self.token];
        R::axpy(-kl, self.logits, other);
        let (sum, normaliser) = self.exponentials();
        let mean = R::of(dot(other, self.logits) / sum.to_f64());
        let shift = self.weight + mean;
        self.logits.iter_mut().zip(other).for_each(|(e, d)| *e *= shift - *d);
        self.logits[self.token] -= self.weight * sum;
        (self.weight * (chosen - normaliser) + mean + kl * normaliser, R::of(1.0) / sum)
    }
}

/// The logits h W + b of an output layer, computed when they are read.
pub struct OutputLogits<'a, R> {
    b: &'a [R],
    w: PackedMatrix<R>,
    h: Vec<R>,
}

impl<'a, R: Real> OutputLogits<'a, R> {
    /// The logits of `output` at rows h `[M, H]`.
    pub fn new(output: Output<'a, R>, h: Vec<R>) -> Self {
        let (hidden, vocab) = (output.hidden_dim(), output.vocab());
        let w = match output.w {
            OutputWeights::Own(w) => PackedMatrix::new(w, hidden, vocab, output.precision),
            OutputWeights::Tied(table) => PackedMatrix::of_transpose(table, vocab, hidden, output.precision),
        };
        Self { w, b: output.b, h }
    }
}

impl<R: Real> AuxiliaryLogits<R> for OutputLogits<'_, R> {
    fn write(&self, rows: Range<usize>, to: &mut Vec<R>) {
        let (hidden, vocab) = (self.w.rows(), self.w.columns());
        to.clear();
        rows.clone().for_each(|_| to.extend_from_slice(self.b));
        let h = &self.h[rows.start * hidden..rows.end * hidden];
        R::gemm(&Gemm::packed(rows.len(), h, &self.w).adding(), to, vocab);
    }
}
