//! The log-likelihood-ratio gain of a discriminator: how much more likely the residual energy model that its logits
//! define makes real sequences than the generator does.
//!
//! A discriminator with logits f, trained on real sequences against samples of p, defines the residual energy model
//! q(y) = p(y) exp(s f(y)) / Z with Z = E_p exp(s f) (Deng et al., "Residual Energy-Based Models for Text Generation",
//! ICLR 2020). A policy trained by this discriminator can approach q and no better model, so the gain of q in likelihood
//! bounds the gain of that training.

use super::Estimate;

/// Sums of importance weights exp(s f) of samples, any of which may overflow an f64.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weights {
    count: f64,
    /// The largest s f, by which the weights of the sums are divided.
    largest: f64,
    sum: f64,
    squares: f64,
}

impl Weights {
    /// The sums of samples with these s f.
    pub fn of(log_weights: &[f64]) -> Self {
        let mut weights = Self::default();
        weights.add(log_weights);
        weights
    }

    /// Adds more samples.
    pub fn add(&mut self, log_weights: &[f64]) {
        for &log_weight in log_weights {
            self.merge(&Self { count: 1.0, largest: log_weight, sum: 1.0, squares: 1.0 });
        }
    }

    /// Adds the samples of other sums.
    pub fn merge(&mut self, other: &Self) {
        if self.count == 0.0 || other.count == 0.0 {
            *self = if self.count == 0.0 { *other } else { *self };
            return;
        }
        let (low, high) = if self.largest > other.largest { (*other, *self) } else { (*self, *other) };
        let rescale = (low.largest - high.largest).exp();
        *self = Self {
            count: low.count + high.count,
            largest: high.largest,
            sum: high.sum + rescale * low.sum,
            squares: high.squares + rescale * rescale * low.squares,
        };
    }

    /// ln Z, the logarithm of the mean weight. It is too small by about half the square of its standard error.
    pub fn ln_mean(&self) -> Estimate {
        let mean = self.sum / self.count;
        let variance = (self.squares / self.count - mean * mean).max(0.0) / (self.count - 1.0);
        Estimate { mean: self.largest + mean.ln(), stderr: variance.sqrt() / mean }
    }

    /// Effective sample size as a share of the samples, (sum w)^2 / (n sum w^2): near 0, all hangs on few samples.
    pub fn effective(&self) -> f64 {
        self.sum * self.sum / (self.count * self.squares)
    }
}

/// The residual energy model of a discriminator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Mean log q - log p of real sequences that the discriminator was not trained on, in nats per sequence; negative
    /// where following it does harm.
    pub gain: Estimate,
    /// [`Weights::effective`] of the samples, in 0..=1.
    pub effective: f64,
}

/// Gain and effective sample size from s f of real sequences that were not trained on, and of samples of p. ln Z is
/// estimated from the samples, so the gain is too large by about half the relative variance of that estimate, which the
/// standard error covers.
pub fn residual(real: &[f64], samples: &[f64]) -> Residual {
    let weights = Weights::of(samples);
    let of_real = Estimate::from_values(real.iter().copied());
    Residual { gain: of_real.minus_independent(weights.ln_mean()), effective: weights.effective() }
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
    fn exact_odds_gain_the_divergence() {
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

    /// In any order, and in parts.
    #[test]
    fn weights_too_large_for_a_number_are_summed() {
        let logits = [-3.0, 2000.0, 1999.0, 2001.0, 0.5];
        let mut parts = Weights::default();
        parts.add(&logits[..2]);
        parts.merge(&Weights::of(&logits[2..]));
        let e = 1f64.exp();
        let ln_sum = 2001.0 + (1.0 + 1.0 / e + 1.0 / (e * e)).ln();
        assert!((parts.ln_mean().mean - (ln_sum - 5f64.ln())).abs() < 1e-12, "{parts:?}");
        let effective = (1.0 + 1.0 / e + 1.0 / (e * e)).powi(2) / (5.0 * (1.0 + e.powi(-2) + e.powi(-4)));
        assert!((parts.effective() - effective).abs() < 1e-12);
        let mut small = Weights::of(&[-2000.0, -2001.0]);
        let alone = small;
        small.merge(&Weights::default());
        assert_eq!(small, alone);
        assert!((small.ln_mean().mean - (-2000.0 + (1.0 + 1.0 / e).ln() - 2f64.ln())).abs() < 1e-9);
        let values = Estimate::from_values([1.0, 2.0, 4.0]);
        let found = Weights::of(&[1f64.ln(), 2f64.ln(), 4f64.ln()]).ln_mean();
        assert!((found.mean - values.mean.ln()).abs() < 1e-12);
        assert!((found.stderr - values.stderr / values.mean).abs() < 1e-12);
    }

    /// A constant logit changes nothing, however large.
    #[test]
    fn constant_logits_gain_nothing() {
        let found = residual(&[1000.0; 5], &[1000.0; 7]);
        assert_eq!((found.gain.mean, found.effective), (0.0, 1.0));
    }
}
