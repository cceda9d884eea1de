//! The output layer's gradient, blocked over rows: of the likelihood, of a teacher's distributions, and of what a policy
//! expects to earn.
//!
//! For rows h `[M, H]`, choices y and weights w the loss is `sum_m -w_m log softmax(h_m W + b)[y_m]`, with W `[H, V]`.
//! A gradient needs each row's normaliser before it can begin: the exponentials of some rows (8 MB, in the last cache) are
//! kept until both products with them are made. Each element of a gradient is one sum over the rows in their order, so the
//! result depends neither on the number of threads nor on how many rows are kept.

use super::linear::transpose;
use super::softmax::{Choice, Output, TASK_ROWS, dot};
use crate::kernel::{Gemm, PackedMatrix, Real};
use rayon::prelude::*;

/// Exponentials that are kept between their making and their use in the gradients, about.
const EXPONENTIALS: usize = 1 << 21;

/// Another layer's logits of the same rows.
#[derive(Clone, Copy)]
pub struct Beside<'a, R> {
    /// The other layer, of the same vocabulary.
    pub output: Output<'a, R>,
    /// Its input, `[M, H']`.
    pub h: &'a [R],
}

/// What the other layer's logits mean.
#[derive(Debug, Clone, Copy)]
pub enum Role<R> {
    /// Their distribution is `share` of the target; the choice has the rest.
    Teacher {
        /// From 0 to 1.
        share: R,
    },
    /// They are what each token earns, a penalty of `kl` log p less; its expectation is added to the choice's part.
    ExpectedReward {
        /// At least 0.
        kl: R,
    },
}

impl<R: Real> Output<'_, R> {
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
        self.weighted_gradient(h, choices, None, weights, dw, db)
    }

    /// The same with another layer beside, whose logits are z' `[M, V]`. As a teacher with distribution q: its share of the
    /// row's log-probability is `sum_v q_v log p_v`. As expected_reward: the loss is less by `sum_v p_v (z'_v - kl log p_v)` a
    /// row, whatever the weight, and what is returned for a row is how much less.
    pub fn weighted_gradient(
        &self,
        h: &[R],
        choices: &[Choice],
        beside: Option<(Beside<'_, R>, Role<R>)>,
        weights: &[R],
        dw: &mut [R],
        db: &mut [R],
    ) -> (f64, Vec<R>, Vec<R>) {
        let (hidden, vocab, rows) = (self.hidden_dim(), self.vocab(), choices.len());
        let packed = PackedMatrix::new(self.w, hidden, vocab);
        let other = beside.map(|(beside, role)| (OtherLogits::new(beside), role));
        let wt = transpose(self.w, hidden, vocab);
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
                        e.chunks_exact_mut(vocab).for_each(|row| row.copy_from_slice(self.b));
                        R::gemm(&Gemm::packed(choices.len(), h, &packed).adding(), e, vocab);
                        self.forbid(choices, 0, vocab, e);
                        if let Some((other, _)) = &other {
                            other.write(choices, chunk.start + task * TASK_ROWS, others);
                        }
                        for (r, e) in e.chunks_exact_mut(vocab).enumerate() {
                            let token = choices[r].token as usize;
                            let row = Row { logits: e, token, weight: weights[r] };
                            (gains[r], scales[r]) = match &other {
                                None => row.likelihood(),
                                Some((_, role)) => {
                                    let other = &mut others[r * vocab..][..vocab];
                                    match *role {
                                        Role::Teacher { share } => row.taught(other, share),
                                        Role::ExpectedReward { kl } => row.expected(other, kl),
                                    }
                                }
                            };
                        }
                        R::gemm(&Gemm::dense(choices.len(), vocab, hidden, e, &wt), dh, hidden);
                        for (r, &scale) in scales.iter().enumerate() {
                            let at = r * hidden..(r + 1) * hidden;
                            h[at.clone()].iter_mut().chain(&mut dh[at]).for_each(|x| *x *= scale);
                        }
                    },
                );
            let product = Gemm::transposed(hidden, chunk.len(), vocab, &scaled[wide], e).adding();
            R::gemm_parallel(&product, dw, vocab);
            db.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, db)| {
                for (e, &scale) in e.chunks_exact(vocab).zip(&scales[chunk.clone()]) {
                    R::axpy(scale, &e[block * COLUMNS..][..db.len()], db);
                }
            });
        }
        let gain = |(w, g): (&R, &R)| match beside {
            Some((_, Role::ExpectedReward { .. })) => -g.to_f64(),
            _ => -w.to_f64() * g.to_f64(),
        };
        let loss = weights.iter().zip(&gains).map(gain).sum();
        (loss, gains, dh)
    }
}

/// Tokens of the bias that a task sums together.
const COLUMNS: usize = 512;

/// One row: its logits, which become its gradient, unscaled; what was chosen, and what that weighs.
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

    /// Returns the mean log p under the target, and the gradient's scale; `other` are the teacher's logits.
    fn taught(mut self, other: &mut [R], share: R) -> (R, R) {
        let largest = R::largest(other);
        let scale = share / R::exp_and_sum(other, largest);
        other.iter_mut().for_each(|q| *q *= scale);
        let hard = R::of(1.0) - share;
        let mean = hard * self.logits[self.token] + R::of(dot(other, self.logits));
        let (sum, normaliser) = self.exponentials();
        self.logits[self.token] -= hard * sum;
        R::axpy(-sum, other, self.logits);
        (mean - normaliser, self.weight / sum)
    }

    /// Returns what is earned, and the gradient's scale; `other` is what each token earns. With d = z' - kl z and m its mean
    /// under p, the gradient of logit v is p_v (weight + m - d_v), and less by the weight for the choice.
    fn expected(mut self, other: &mut [R], kl: R) -> (R, R) {
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

/// The logits of another layer, some rows at a time.
struct OtherLogits<'a, R> {
    beside: Beside<'a, R>,
    packed: PackedMatrix<R>,
}

impl<'a, R: Real> OtherLogits<'a, R> {
    fn new(beside: Beside<'a, R>) -> Self {
        let Output { w, b, .. } = beside.output;
        Self { packed: PackedMatrix::new(w, w.len() / b.len(), b.len()), beside }
    }

    /// Writes those of `choices`, which are rows `first..` of all.
    fn write(&self, choices: &[Choice], first: usize, to: &mut Vec<R>) {
        let output = self.beside.output;
        let (hidden, vocab) = (output.hidden_dim(), output.vocab());
        to.clear();
        choices.iter().for_each(|_| to.extend_from_slice(output.b));
        let h = &self.beside.h[first * hidden..][..choices.len() * hidden];
        R::gemm(&Gemm::packed(choices.len(), h, &self.packed).adding(), to, vocab);
        output.forbid(choices, 0, vocab, to);
    }
}
