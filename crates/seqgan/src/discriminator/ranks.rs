//! Ranks by relevance to references (RankGAN, sections 3.2 and 3.3).
//!
//! alpha(s | u) is the cosine of the features of s and u. P(s | u, C) = exp(gamma alpha(s | u)) / sum over s' in C and
//! s of exp(gamma alpha(s' | u)). R(s | U, C) is the mean of P over the references u in U. With L_u(C), the logarithm
//! of the sum over the comparison set C alone, P = sigmoid(gamma alpha(s | u) - L_u(C)).

use super::shape::BatchLoss;
use crate::kernel::{Precision, Real};
use crate::nn::linear;

/// References U, to which relevance is measured.
// Features normalised to length 1, as the weights of a linear layer that computes cosines: U outputs, no bias.
#[derive(Debug, Clone)]
pub struct References<R> {
    w: Vec<R>, // [F, U]
    b: Vec<R>, // [U], zeros
}

impl<R: Real> References<R> {
    /// Creates references from features `[U, F]`.
    pub(crate) fn new(mut features: Vec<R>, width: usize) -> Self {
        for row in features.chunks_exact_mut(width) {
            let scale = R::of(inverse_norm(row));
            row.iter_mut().for_each(|x| *x *= scale);
        }
        let n = features.len() / width;
        assert!(n > 0, "a reference to rank by");
        Self { w: linear::transpose(&features, n, width), b: vec![R::default(); n] }
    }

    /// U, number of references.
    pub(crate) fn len(&self) -> usize {
        self.b.len()
    }

    /// alpha `[B, U]` of features `[B, F]`; 0 for features that are all zero.
    pub(crate) fn relevance(&self, features: &[R]) -> Vec<f64> {
        let inner = linear::forward(features, &self.w, &self.b);
        let rows = inner.chunks_exact(self.len()).zip(features.chunks_exact(self.w.len() / self.len()));
        rows.flat_map(|(inner, row)| {
            let scale = inverse_norm(row);
            inner.iter().map(move |x| x.to_f64() * scale)
        })
        .collect()
    }

    /// Gradient `[B, F]` of the features, given the gradient `d` `[B, U]` of alpha: (d r - (d alpha) y / |y|) / |y|.
    pub(crate) fn backward(&self, features: &[R], relevance: &[f64], d: &[f64]) -> Vec<R> {
        let width = self.w.len() / self.len();
        let narrow: Vec<R> = d.iter().map(|&d| R::of(d)).collect();
        let mut dx = linear::backward_input(&self.w, &narrow, self.len(), Precision::F32);
        let rows = dx.chunks_exact_mut(width).zip(features.chunks_exact(width));
        let outputs = relevance.chunks_exact(self.len()).zip(d.chunks_exact(self.len()));
        for ((dx, y), (alpha, d)) in rows.zip(outputs) {
            let scale = inverse_norm(y);
            let along = alpha.iter().zip(d).map(|(alpha, d)| alpha * d).sum::<f64>() * scale;
            let (scale, along) = (R::of(scale), R::of(along));
            dx.iter_mut().zip(y).for_each(|(dx, &y)| *dx = (*dx - along * y) * scale);
        }
        dx
    }
}

/// 1 / |x|; 0 for a vector that is zero up to rounding.
fn inverse_norm<R: Real>(x: &[R]) -> f64 {
    let norm = x.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>().sqrt();
    if norm < 1e-12 { 0.0 } else { 1.0 / norm }
}

/// L `[U]` of a comparison set with relevances `[C, U]`.
pub(crate) fn log_sums(relevance: &[f64], references: usize, gamma: f64) -> Vec<f64> {
    (0..references)
        .map(|u| log_sum_exp(relevance.iter().skip(u).step_by(references).map(|alpha| gamma * alpha)))
        .collect()
}

/// R of one sequence with relevances `[U]`.
pub(crate) fn rank(relevance: &[f64], log_sums: &[f64], gamma: f64) -> f64 {
    let p = relevance.iter().zip(log_sums).map(|(alpha, log_sum)| sigmoid(gamma * alpha - log_sum));
    p.sum::<f64>() / log_sums.len() as f64
}

/// Loss of the ranker on a batch with relevances `[B, U]` and labels `[B]`, and its gradient `[B, U]`. S are the real
/// and G the generated sequences. The loss is the mean over G of log R(s | U, S) minus the mean over S of log R(s | U,
/// G).
pub(crate) fn objective(relevance: &[f64], real: &[bool], gamma: f64) -> (BatchLoss, Vec<f64>) {
    let (rows, references) = (real.len(), relevance.len() / real.len());
    let of_label = |label: bool| (0..rows).filter(move |&b| real[b] == label);
    let count = [false, true].map(|label| of_label(label).count() as f64);
    assert!(count[0] > 0.0 && count[1] > 0.0, "a batch of real and of generated sequences");
    let log_sums = [false, true].map(|label| {
        let rows: Vec<f64> =
            of_label(label).flat_map(|b| &relevance[b * references..][..references]).copied().collect();
        log_sums(&rows, references, gamma)
    });

    // d is the gradient of gamma alpha(s | u) from the rank of s itself.
    let (mut loss, mut d) = (0.0, vec![0.0; relevance.len()]);
    let mut pull = [vec![0.0; references], vec![0.0; references]];
    let rows = d.chunks_exact_mut(references).zip(relevance.chunks_exact(references)).zip(real);
    for ((d, relevance), &real) in rows {
        let (own, other) = (usize::from(real), usize::from(!real));
        let sign = if real { -1.0 } else { 1.0 };
        let logit = |u: usize| gamma * relevance[u] - log_sums[other][u];
        let log_sum = log_sum_exp((0..references).map(|u| log_sigmoid(logit(u))));
        loss += sign / count[own] * (log_sum - (references as f64).ln());
        for (u, d) in d.iter_mut().enumerate() {
            let share = (log_sigmoid(logit(u)) - log_sum).exp(); // share of P in the sum over the references
            *d = sign / count[own] * share * sigmoid(-logit(u));
            pull[own][u] += *d;
        }
    }
    // Gradient through the comparison sets: the opposite, weighted by each sequence's share of the set's softmax.
    for ((d, relevance), &real) in
        d.chunks_exact_mut(references).zip(relevance.chunks_exact(references)).zip(real)
    {
        let (own, other) = (usize::from(real), usize::from(!real));
        for (u, d) in d.iter_mut().enumerate() {
            let weight = (gamma * relevance[u] - log_sums[own][u]).exp();
            *d = gamma * (*d - weight * pull[other][u]);
        }
    }
    (BatchLoss { loss, accuracy: ordered_pairs(relevance, real, gamma) }, d)
}

/// Share of pairs of a real and a generated sequence in which the real one has the higher rank in the whole batch. Ties
/// count half.
fn ordered_pairs(relevance: &[f64], real: &[bool], gamma: f64) -> f64 {
    let references = relevance.len() / real.len();
    let all = log_sums(relevance, references, gamma);
    let weight = |row: &[f64]| row.iter().zip(&all).map(|(alpha, all)| (gamma * alpha - all).exp()).sum();
    let ranks: Vec<f64> = relevance.chunks_exact(references).map(weight).collect();
    let of_label =
        |label: bool| ranks.iter().zip(real).filter(move |(_, real)| **real == label).map(|r| *r.0);
    let (mut right, mut pairs) = (0.0, 0.0);
    for real in of_label(true) {
        for generated in of_label(false) {
            pairs += 1.0;
            right += if real > generated { 1.0 } else { 0.5 * f64::from(u8::from(real == generated)) };
        }
    }
    right / pairs
}

/// log sum exp(x), without overflow.
fn log_sum_exp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = x.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + x.map(|x| (x - largest).exp()).sum::<f64>().ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// log sigmoid(x) without overflow.
fn log_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relevances of two real and three generated sequences to two references.
    const RELEVANCE: [f64; 10] = [0.9, 0.3, 0.5, 0.8, 0.1, 0.2, 0.6, 0.4, 0.2, 0.7];
    const REAL: [bool; 5] = [true, true, false, false, false];

    /// R of row `b` among the rows `others`, by the definition of the paper.
    fn by_definition(b: usize, others: &[usize], gamma: f64) -> f64 {
        let p = (0..2).map(|u| {
            let e = |b: usize| (gamma * RELEVANCE[2 * b + u]).exp();
            e(b) / (e(b) + others.iter().map(|&b| e(b)).sum::<f64>())
        });
        p.sum::<f64>() / 2.0
    }

    #[test]
    fn ranks_and_loss_are_those_of_the_definition() {
        for gamma in [0.5, 4.0, 30.0] {
            let generated = log_sums(&RELEVANCE[4..], 2, gamma);
            for b in 0..2 {
                let got = rank(&RELEVANCE[2 * b..][..2], &generated, gamma);
                assert!((got - by_definition(b, &[2, 3, 4], gamma)).abs() < 1e-14, "{got}");
            }
            let real: f64 = (0..2).map(|b| by_definition(b, &[2, 3, 4], gamma).ln()).sum();
            let fake: f64 = (2..5).map(|b| by_definition(b, &[0, 1], gamma).ln()).sum();
            let (got, _) = objective(&RELEVANCE, &REAL, gamma);
            assert!((got.loss - (fake / 3.0 - real / 2.0)).abs() < 1e-12, "{got:?}");
            // The sums of exponentials of the real rows are the two highest, for any gamma.
            assert_eq!(got.accuracy, 1.0);
        }
        let labels = [false, true, false, false, true];
        // With gamma near 0, ranks are ordered by the sum of the relevances: 1.2, 1.3, 0.3, 1.0, 0.9.
        assert_eq!(objective(&RELEVANCE, &labels, 1e-3).0.accuracy, 4.0 / 6.0);
        assert_eq!(objective(&[0.5; 10], &REAL, 7.0).0.accuracy, 0.5);
    }

    /// A large gamma does not overflow, even if the ranks differ by more than the range of f64.
    #[test]
    fn numbers_stay_finite() {
        let relevance = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0];
        let (result, d) = objective(&relevance, &[true, false, false], 1e6);
        assert!(result.loss.is_finite() && d.iter().all(|d| d.is_finite()), "{result:?} {d:?}");
        let sums = log_sums(&relevance[..2], 2, 1e6);
        assert!(rank(&relevance[2..4], &sums, 1e6) == 0.0 && rank(&relevance[..2], &sums, 1e6) == 0.5);
    }
}
