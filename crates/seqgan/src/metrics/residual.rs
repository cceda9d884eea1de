//! What a judge is worth: the model that its odds would make of the one it judges.
//!
//! A judge with logits f, trained on real sequences against samples of p, stands for the residual energy model
//! q(y) = p(y) exp(s f(y)) / Z with Z = E_p exp(s f) (Deng et al., "Residual Energy-Based Models for Text Generation", ICLR
//! 2020). No policy that follows the judge can get more than q has, so what q gains in likelihood is the most that
//! training by this judge can be hoped to gain.

use super::Estimate;

/// The residual energy model of a judge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Mean log q - log p of real sequences that the judge has not seen, nats a sequence; negative for a judge that does
    /// harm.
    pub gain: Estimate,
    /// Effective sample size of importance weights exp(s f) as a share of the samples, (sum w)^2 / (n sum w^2): near 0, the
    /// gain hangs on few samples.
    pub effective: f64,
}

/// From s f of unseen real sequences and of samples of the model. ln Z is that of the samples, so the gain is too large by
/// about half the relative variance of its estimate, which the standard error covers.
pub fn residual(real: &[f64], samples: &[f64]) -> Residual {
    let largest = samples.iter().copied().fold(f64::MIN, f64::max);
    // Shifted, so that no weight overflows.
    let weights: Vec<f64> = samples.iter().map(|f| (f - largest).exp()).collect();
    let mean = Estimate::from_values(weights.iter().copied());
    let of_real = Estimate::from_values(real.iter().copied());
    let squares: f64 = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
    Residual {
        gain: Estimate {
            mean: of_real.mean - (largest + mean.mean.ln()),
            stderr: of_real.stderr.hypot(mean.stderr / mean.mean),
        },
        effective: mean.mean * mean.mean / squares,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Z = (1 + e) / 2, over logits 0 and 1; real logits 1 and 2.
        let found = residual(&[1.0, 2.0], &[0.0, 1.0]);
        let e = 1f64.exp();
        assert!((found.gain.mean - (1.5 - ((1.0 + e) / 2.0).ln())).abs() < 1e-12);
        assert!((found.effective - (1.0 + e).powi(2) / (2.0 * (1.0 + e * e))).abs() < 1e-12);
        assert!(found.gain.stderr > 0.5);
    }

    /// With exact odds q is the truth, and the gain is the divergence.
    #[test]
    fn a_judge_that_knows_the_truth_gains_the_divergence() {
        let (truth, model) = ([0.6, 0.3, 0.1], [0.2, 0.3, 0.5f64]);
        let logit = |i: usize| (truth[i] / model[i]).ln();
        // Each token as often as its probability says.
        let drawn = |p: [f64; 3]| -> Vec<f64> {
            (0..3).flat_map(|i| std::iter::repeat_n(logit(i), (p[i] * 1000.0).round() as usize)).collect()
        };
        let divergence: f64 = (0..3).map(|i| truth[i] * logit(i)).sum();
        let found = residual(&drawn(truth), &drawn(model));
        assert!((found.gain.mean - divergence).abs() < 1e-9, "{found:?}");
    }

    /// Constants are nobody's merit, however large.
    #[test]
    fn a_constant_judge_is_worth_nothing() {
        let found = residual(&[1000.0; 5], &[1000.0; 7]);
        assert_eq!((found.gain.mean, found.effective), (0.0, 1.0));
    }
}
