//! Fit of the direct feature weights, before the network is trained.
//!
//! Logistic regression on the sums of each sequence's features has a single optimum. Newton's method finds it in a few
//! steps, where gradient descent takes thousands. The direct weights give the part of the reward that can be computed
//! for every token. The network's training starts at this optimum.

use super::folds::TrainingSet;
use crate::discriminator::CausalDiscriminator;

/// Maximum number of Newton steps; a few are usually enough.
const MAX_STEPS: usize = 50;

/// Sets the direct feature weights and the bias of an untrained discriminator to the optimum of the regression.
pub(super) fn fit_feature_weights(discriminator: &mut CausalDiscriminator, set: &TrainingSet) {
    let sums = sequence_sums(discriminator, set);
    let weights = logistic(&sums, &set.real);
    let (bias, weights) = weights.split_last().expect("a bias");
    discriminator.feature_weights_mut().iter_mut().zip(weights).for_each(|(to, w)| *to = *w as f32);
    *discriminator.bias_mut() = *bias as f32;
}

/// Sums of the features over each sequence's decisions, followed by the number of decisions, which is the bias's
/// factor.
fn sequence_sums(discriminator: &CausalDiscriminator, set: &TrainingSet) -> Vec<Vec<f64>> {
    let (width, has_end) = (discriminator.shape().num_features, discriminator.shape().end_token.is_some());
    let of_row = |(b, row): (usize, &[f32])| {
        let mut sums = vec![0.0; width + 1];
        for decision in row.chunks_exact(width) {
            sums.iter_mut().zip(decision).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        sums[width] = set.sequences.steps(b, has_end) as f64;
        sums
    };
    let rows = set.features.chunks_exact(set.sequences.max_length() * width);
    rows.enumerate().map(of_row).collect()
}

/// Maximum a posteriori weights of a logistic regression for `real`, by Newton's method. Each weight times the
/// root mean square of its feature has the prior N(0, 1). The prior keeps weights finite if the rows are separable.
fn logistic(rows: &[Vec<f64>], real: &[bool]) -> Vec<f64> {
    let width = rows[0].len();
    let square = |k: usize| rows.iter().map(|x| x[k] * x[k]).sum::<f64>() / rows.len() as f64;
    let prior: Vec<f64> = (0..width).map(|k| square(k).max(1e-12)).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let gain = |w: &[f64]| {
        let fit = rows.iter().zip(real).map(|(x, &real)| {
            let z = if real { dot(w, x) } else { -dot(w, x) };
            z.min(0.0) - (-z.abs()).exp().ln_1p()
        });
        fit.sum::<f64>() - 0.5 * w.iter().zip(&prior).map(|(w, p)| w * w * p).sum::<f64>()
    };
    let mut w = vec![0.0; width];
    let mut best = gain(&w);
    for _ in 0..MAX_STEPS {
        let mut gradient: Vec<f64> = w.iter().zip(&prior).map(|(w, p)| -w * p).collect();
        let mut curvature: Vec<Vec<f64>> =
            (0..width).map(|i| (0..width).map(|j| if i == j { prior[i] } else { 0.0 }).collect()).collect();
        for (x, &real) in rows.iter().zip(real) {
            let p = 1.0 / (1.0 + (-dot(&w, x)).exp());
            for i in 0..width {
                gradient[i] += (f64::from(u8::from(real)) - p) * x[i];
                (0..=i).for_each(|j| curvature[i][j] += p * (1.0 - p) * x[i] * x[j]);
            }
        }
        let mut step = solve(curvature, gradient);
        // Backtracking: the step is halved until the objective increases.
        let moved = (0..30).find_map(|_| {
            let there: Vec<f64> = w.iter().zip(&step).map(|(w, s)| w + s).collect();
            let gained = gain(&there);
            step.iter_mut().for_each(|s| *s /= 2.0);
            (gained > best).then_some((there, gained))
        });
        let Some((there, gained)) = moved else { break };
        let little = gained - best < 1e-9 * (1.0 + best.abs());
        (w, best) = (there, gained);
        if little {
            break;
        }
    }
    w
}

/// Solves A x = b for a positive definite A by Cholesky decomposition. Only the lower triangle of A is read.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let sum = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            a[i][j] = if i == j { sum.max(f64::MIN_POSITIVE).sqrt() } else { sum / a[j][j] };
        }
        b[i] = (b[i] - (0..i).map(|k| a[i][k] * b[k]).sum::<f64>()) / a[i][i];
    }
    for i in (0..n).rev() {
        b[i] = (b[i] - (i + 1..n).map(|k| a[k][i] * b[k]).sum::<f64>()) / a[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    #[test]
    fn a_system_is_solved() {
        let a = vec![vec![4.0, 0.0, 0.0], vec![2.0, 5.0, 0.0], vec![0.6, 1.0, 3.0]];
        let x = [1.0, -2.0, 0.5];
        let full = |i: usize, j: usize| if j <= i { a[i][j] } else { a[j][i] };
        let b = (0..3).map(|i| (0..3).map(|j| full(i, j) * x[j]).sum()).collect();
        assert!(solve(a.clone(), b).iter().zip(x).all(|(found, x)| (found - x).abs() < 1e-12));
    }

    /// Labels are drawn with known odds. The fit recovers their weights at any scale of the features.
    #[test]
    fn weights_are_found() {
        let mut reader = Streams::new(1, Purpose::Folds).reader(0);
        let wanted = [0.8, -0.002, 0.3];
        let rows: Vec<Vec<f64>> =
            (0..20_000).map(|_| vec![reader.normal(), 500.0 * reader.normal() + 100.0, 1.0]).collect();
        let odds = |x: &[f64]| x.iter().zip(wanted).map(|(x, w)| x * w).sum::<f64>();
        let coins = Streams::new(2, Purpose::Folds);
        let coin = |b: usize| f64::from(coins.block(b as u64, 0, 0)[0]) / 2f64.powi(32);
        let real: Vec<bool> =
            rows.iter().enumerate().map(|(b, x)| coin(b) < 1.0 / (1.0 + (-odds(x)).exp())).collect();
        let found = logistic(&rows, &real);
        for ((found, wanted), unit) in found.iter().zip(wanted).zip([1.0, 1.0 / 500.0, 1.0]) {
            assert!((found - wanted).abs() < 0.06 * unit, "{found}, {wanted}");
        }
    }

    /// Separable rows, and rows without information, give finite weights.
    #[test]
    fn weights_stay_finite() {
        let rows: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i) - 19.5, 0.0, 20.0]).collect();
        let real: Vec<bool> = (0..40).map(|i| i >= 20).collect();
        let found = logistic(&rows, &real);
        assert!(found[0] > 0.1 && found.iter().all(|w| w.abs() < 100.0), "{found:?}");
        let same = vec![vec![0.0, 1.0]; 6];
        assert!(logistic(&same, &[true, false, true, false, true, false]).iter().all(|w| w.abs() < 1e-9));
    }
}
