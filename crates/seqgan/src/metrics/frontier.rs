//! Whether a method lies beyond the temperature curve of the model it is compared with.
//!
//! Sampling at a lower temperature trades `nll_oracle` against `nll_test` without any training, so a method
//! is compared with its base *at equal entropy*, on both KL divergences, at several temperatures. The caller
//! finds the base's temperature of equal entropy ([`super::match_entropy()`]) and measures both models there.
//!
//! **What is left of the entropy's difference.** The match is one of two sampled entropies, so the true ones
//! still differ by about their standard errors, which the paired difference of the forward KL (ten times
//! surer) cannot neglect. With `e = H(method) - H(base)` as measured and `s = dKL/dH` along the base's curve,
//! the base would have had `KL + s e` at the method's entropy. So each difference is corrected to
//! `KL(method) - KL(base) - s e`, and each bootstrap replicate applies the correction with its own `e`: the
//! uncertainty of both entropies, and their correlation with the reverse KL of the same samples, enter the
//! standard error even where the bisection ended at `e = 0`. The slope is taken as known; its error counts
//! only times `e`. Curvature leaves an error of second order, hence [`MAX_MISMATCH`].

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Estimate;
use super::significance::half_width;
use crate::rng::{Purpose, Streams};

/// Bootstrap replicates; the standard error is then itself known to about 2 %.
pub const REPLICATES: u64 = 1000;

/// How many standard errors one divergence must be lower by.
pub const STANDARD_ERRORS: f64 = 3.0;

/// Nats a token that the upper end of the other divergence's 95 % interval must stay below.
pub const MARGIN: f64 = 0.02;

/// Largest difference of the entropies, nats per token, that the first-order correction may bridge. On the
/// reference oracle the curvature of either KL is about 0.2, so its error stays below 0.001 nats.
pub const MAX_MISMATCH: f64 = 0.1;

/// Half the width of a 95 % interval, in standard errors of a normal estimate.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// One model at one temperature, in nats a sequence.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// -ln p of each test sequence under the model, `[tests]`.
    pub test_nats: &'a [f64],
    /// -ln p of each of the model's samples under the oracle, `[samples]`, where there is one.
    pub oracle_nats: Option<&'a [f64]>,
    /// -ln p of each of the model's samples under the model itself, `[samples]`.
    pub own_nats: &'a [f64],
    /// Decisions in each sample, `[samples]`.
    pub sample_steps: &'a [u32],
}

/// A method and its base at (nearly) equal entropy. Test sequences are the same for both, samples are not.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The method, at its temperature.
    pub method: Measured<'a>,
    /// The base, at the temperature that matches the method's entropy.
    pub base: Measured<'a>,
    /// Decisions in each test sequence, `[tests]`.
    pub test_steps: &'a [u32],
    /// The base's curve around that temperature.
    pub slope: Slope,
}

/// A point of a temperature curve, nats per token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The model's entropy.
    pub entropy: f64,
    /// `nll_test`, or the forward KL; a constant between them does not matter.
    pub nll_test: f64,
    /// `nll_oracle - entropy`.
    pub reverse_kl: f64,
}

/// How both divergences change along a temperature curve, a nat of entropy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Change of the forward KL.
    pub forward_kl: f64,
    /// Change of the reverse KL.
    pub reverse_kl: f64,
}

impl Slope {
    /// The slope between two points, best those of the curve next to the matched temperature on either side.
    pub fn between(a: CurvePoint, b: CurvePoint) -> Self {
        let entropy = b.entropy - a.entropy;
        Self {
            forward_kl: (b.nll_test - a.nll_test) / entropy,
            reverse_kl: (b.reverse_kl - a.reverse_kl) / entropy,
        }
    }
}

/// Method minus base at one temperature, nats per token; negative is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// Entropies as measured, before any correction.
    pub entropy: Estimate,
    /// Forward KL (equally, `nll_test`) at equal entropy.
    pub forward_kl: Estimate,
    /// Reverse KL at equal entropy, where there is an oracle.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reverse_kl: Option<Estimate>,
    /// What stands for it where there is none: -log p of test sequences under a language model of the samples.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reverse_lm_score: Option<Estimate>,
}

impl Differences {
    /// What tells what a model makes up.
    pub fn reverse(&self) -> Option<Estimate> {
        self.reverse_kl.or(self.reverse_lm_score)
    }
}

/// How a method stands to the curve of its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Beyond the curve at every temperature.
    #[serde(rename = "dominates")]
    Dominates,
    /// Behind the curve at every temperature.
    #[serde(rename = "dominated")]
    Dominated,
    /// Neither can be said.
    #[serde(rename = "on the curve")]
    OnTheCurve,
}

impl Verdict {
    /// The verdict on differences at all temperatures of a row.
    ///
    /// *Dominates*: at each, the forward KL is lower by more than [`STANDARD_ERRORS`] standard errors and the
    /// upper end of the 95 % interval of the reverse KL's difference is below [`MARGIN`]; or at each the two
    /// exchanged. *Dominated*: the same for the base against the method. Where both hold (a tiny gain on one
    /// divergence, a tiny loss on the other, both sure) and in all other cases: on the curve. No dominance is
    /// claimed where the entropies differ by more than [`MAX_MISMATCH`] or a number is not finite.
    ///
    /// Without an oracle the reverse language-model score takes the place of the reverse KL as the other one. That alone is no
    /// gain: it sees n-grams, and no more of a sequence.
    pub fn of(differences: &[Differences]) -> Self {
        Self::by_interval(differences, NORMAL_95)
    }

    /// The same where estimates are means over `n` runs, whose intervals are Student's.
    pub fn over_runs(differences: &[Differences], n: usize) -> Self {
        Self::by_interval(differences, half_width(n))
    }

    /// `half_width` of a 95 % interval, in standard errors.
    fn by_interval(differences: &[Differences], half_width: f64) -> Self {
        let unknown = Estimate { mean: f64::NAN, stderr: f64::NAN };
        let reverse = |difference: &Differences| difference.reverse().unwrap_or(unknown);
        let comparable = differences.iter().all(|difference| difference.entropy.mean.abs() <= MAX_MISMATCH);
        let better = |sign: f64| {
            let wins = |lower: &dyn Fn(&Differences) -> Estimate,
                        other: &dyn Fn(&Differences) -> Estimate| {
                differences.iter().all(|difference| {
                    let (lower, other) = (lower(difference), other(difference));
                    sign * lower.mean < -STANDARD_ERRORS * lower.stderr
                        && sign * other.mean + half_width * other.stderr < MARGIN
                })
            };
            let forward = |difference: &Differences| difference.forward_kl;
            let exact = |difference: &Differences| difference.reverse_kl.unwrap_or(unknown);
            comparable && (wins(&forward, &reverse) || wins(&exact, &forward))
        };
        // Of no temperatures at all everything is true, so that these two are equal there as well.
        match (better(1.0), better(-1.0)) {
            (true, false) => Self::Dominates,
            (false, true) => Self::Dominated,
            _ => Self::OnTheCurve,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(formatter)
    }
}

/// Differences of each pair at equal entropy, with standard errors by bootstrap over sequences: test
/// sequences are drawn again in pairs, the samples of method and base each for themselves.
pub fn compare(pairs: &[Pair<'_>], seed: u64) -> Vec<Differences> {
    let streams = Streams::new(seed, Purpose::Bootstrap);
    pairs.iter().enumerate().map(|(index, pair)| Prepared::new(pair).differences(&streams, index)).collect()
}

/// A pair as rows whose sums give all that is compared.
struct Prepared {
    /// Method's minus base's test nats; steps.
    test: Vec<[f64; 2]>,
    /// Own nats; oracle's minus own nats; steps.
    method: Vec<[f64; 3]>,
    base: Vec<[f64; 3]>,
    slope: Slope,
    has_oracle: bool,
}

impl Prepared {
    fn new(pair: &Pair<'_>) -> Self {
        let [method, base] = [pair.method.test_nats, pair.base.test_nats];
        assert!(method.len() == base.len() && base.len() == pair.test_steps.len(), "unpaired test sequences");
        let paired = method.iter().zip(base).zip(pair.test_steps);
        Self {
            test: paired.map(|((method, base), &steps)| [method - base, f64::from(steps)]).collect(),
            method: sample_rows(&pair.method),
            base: sample_rows(&pair.base),
            slope: pair.slope,
            has_oracle: pair.method.oracle_nats.is_some(),
        }
    }

    fn differences(&self, streams: &Streams, index: usize) -> Differences {
        let measured = self.evaluate(sums(&self.test), sums(&self.method), sums(&self.base));
        let replicate = |replicate| {
            // A stream of its own for each pair, set of sequences and replicate.
            let stream = |set| (index as u64 * 3 + set) << 32 | replicate;
            self.evaluate(
                resampled_sums(&self.test, streams, stream(0)),
                resampled_sums(&self.method, streams, stream(1)),
                resampled_sums(&self.base, streams, stream(2)),
            )
        };
        let replicates: Vec<[f64; 3]> = (0..REPLICATES).into_par_iter().map(replicate).collect();
        let estimate = |what: usize| {
            let spread = Estimate::from_values(replicates.iter().map(|replicate| replicate[what]));
            Estimate { mean: measured[what], stderr: spread.stderr * (REPLICATES as f64).sqrt() }
        };
        Differences {
            entropy: estimate(0),
            forward_kl: estimate(1),
            reverse_kl: self.has_oracle.then(|| estimate(2)),
            reverse_lm_score: None,
        }
    }

    /// Differences of entropy, forward KL and reverse KL, the latter two corrected to equal entropy.
    fn evaluate(&self, test: [f64; 2], method: [f64; 3], base: [f64; 3]) -> [f64; 3] {
        let entropy = method[0] / method[2] - base[0] / base[2];
        let forward = test[0] / test[1];
        let reverse = method[1] / method[2] - base[1] / base[2];
        [entropy, forward - self.slope.forward_kl * entropy, reverse - self.slope.reverse_kl * entropy]
    }
}

fn sample_rows(measured: &Measured<'_>) -> Vec<[f64; 3]> {
    let Measured { oracle_nats, own_nats, sample_steps, .. } = *measured;
    let oracle_nats = oracle_nats.unwrap_or(own_nats);
    assert!(oracle_nats.len() == own_nats.len() && own_nats.len() == sample_steps.len(), "unpaired samples");
    let rows = oracle_nats.iter().zip(own_nats).zip(sample_steps);
    rows.map(|((oracle, own), &steps)| [*own, oracle - own, f64::from(steps)]).collect()
}

fn sums<const N: usize>(rows: &[[f64; N]]) -> [f64; N] {
    rows.iter().fold([0.0; N], add)
}

/// Sums over as many rows as there are, drawn with replacement.
fn resampled_sums<const N: usize>(rows: &[[f64; N]], streams: &Streams, stream: u64) -> [f64; N] {
    let draws = (0..rows.len().div_ceil(4)).flat_map(|block| streams.block(stream, block as u32, 0));
    draws.take(rows.len()).fold([0.0; N], |total, word| {
        // The high half of the product is uniform over the rows, with a bias below n / 2^32.
        add(total, &rows[((u64::from(word) * rows.len() as u64) >> 32) as usize])
    })
}

fn add<const N: usize>(total: [f64; N], row: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|column| total[column] + row[column])
}

#[cfg(test)]
mod tests;
