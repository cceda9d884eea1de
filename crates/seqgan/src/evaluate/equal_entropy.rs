//! Comparison of a method with its base at equal entropy, the basis of the verdict.

use super::trained_metrics::reverse_difference;
use crate::Result;
use crate::config::{Config, Method};
use crate::generator::{BoxGenerator, GeneratorPolicy, Policy};
use crate::measure::{self, Comparison, Outcome, Sampled, within_support};
use crate::metrics::frontier::{CurvePoint, Measured, Pair, Slope};
use crate::metrics::likelihood::{nats, steps};
use crate::metrics::{Estimate, compare, match_entropy, per_token};
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;
use crate::train::{Observer, StopOnly};

/// Tolerance of equal entropy, in nats per token. The remaining difference is corrected to first order.
const ENTROPY_TOLERANCE: f64 = 0.001;

/// Samples and test likelihoods of a model at one temperature.
struct At {
    sampled: Sampled,
    test_nats: Vec<f64>,
}

impl At {
    fn new(compared: &Compared<'_>, policy: &dyn Policy, num_samples: usize) -> Self {
        let sampled = measure::sample(compared.task, policy, compared.config.seed, num_samples);
        Self { sampled, test_nats: nats(policy, compared.test()) }
    }

    fn measured(&self) -> Measured<'_> {
        Measured {
            test_nats: &self.test_nats,
            oracle_nats: self.sampled.oracle_nats.as_deref(),
            own_nats: &self.sampled.own_nats,
            sample_steps: &self.sampled.steps,
        }
    }
}

/// Inputs of a comparison of a method with its base.
pub(super) struct Compared<'a> {
    pub config: &'a Config,
    pub task: &'a Task,
    pub observer: &'a dyn Observer,
    /// Results so far, including the base's temperature curve.
    pub outcome: &'a Outcome,
    /// Name and generator of the base.
    pub base: (Method, &'a BoxGenerator),
}

impl Compared<'_> {
    fn test(&self) -> &SeqBatch {
        self.task.test.as_ref().expect("comparisons are made where there are test sequences")
    }

    /// Compares `num_samples` samples of the method's `policy` at `temperature` with the base at the temperature of
    /// equal entropy.
    pub fn at(&self, policy: &dyn Policy, num_samples: usize, temperature: f64) -> Result<Comparison> {
        let (config, (base_method, base)) = (self.config, self.base);
        let ours = At::new(self, policy, num_samples);
        let target = per_token(&ours.sampled.own_nats, &ours.sampled.steps).mean;
        let n = config.evaluate.num_samples;
        let entropy_at = |t: f64| {
            let streams = Streams::new(config.seed, Purpose::Evaluation);
            let sampled = GeneratorPolicy::new(base, t).sample(&streams, 0, n);
            let nats: Vec<f64> = sampled.log_prob.iter().map(|l| -l).collect();
            Ok(per_token(&nats, &steps(&sampled.sequences, self.task.has_end())).mean)
        };
        let curve = curve(self.outcome, base_method);
        let (low, high) = bracket(&curve, target);
        let matched = match_entropy(target, low, high, ENTROPY_TOLERANCE, entropy_at)?;
        let theirs = At::new(self, &GeneratorPolicy::new(base, matched.temperature), n);
        let test_steps = steps(&within_support(self.test(), base), self.task.has_end());
        let pair = Pair {
            method: ours.measured(),
            base: theirs.measured(),
            test_steps: &test_steps,
            slope: slope(&curve, target),
        };
        let mut differences = compare(&[pair], config.seed)[0];
        differences.reverse_lm_score = self.reverse_lm_score([&ours, &theirs])?;
        let valid = ours.sampled.rule.zip(theirs.sampled.rule);
        Ok(Comparison {
            temperature,
            base_temperature: matched.temperature,
            differences,
            valid: valid.map(|(ours, theirs)| ours.valid.minus_independent(theirs.valid)),
        })
    }

    /// Difference of the reverse LM scores of two sets of samples, in nats per token; none for a synthetic task.
    fn reverse_lm_score(&self, [ours, theirs]: [&At; 2]) -> Result<Option<Estimate>> {
        let (Some(file), Some(vocab)) = (&self.task.held_out, &self.task.vocab) else { return Ok(None) };
        let [ours, theirs] = [ours, theirs].map(|at: &At| file.test.samples(&at.sampled.sequences, vocab));
        let observer = StopOnly(self.observer);
        reverse_difference([&ours, &theirs], file.test.test(), &file.train, &observer)
    }
}

/// The base's curve as (temperature, point), lowest temperature first.
fn curve(outcome: &Outcome, base: Method) -> Vec<(f64, CurvePoint)> {
    let row = outcome.methods.iter().find(|r| r.name == base.name()).expect("the base's row");
    let mean = |e: Option<Estimate>| e.map_or(f64::NAN, |e| e.mean);
    let mut points: Vec<_> = row
        .curve
        .iter()
        .map(|entry| {
            let m = &entry.measures;
            let point = CurvePoint {
                entropy: mean(m.entropy),
                nll_test: mean(m.nll_test),
                reverse_kl: mean(m.reverse_kl),
            };
            (entry.temperature, point)
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// Lowest and highest temperature that the search extrapolates to, unless the curve itself goes further.
const BEYOND: (f64, f64) = (0.05, 4.0);

/// Number of points before the first whose entropy reaches the target. Entropy rises with the temperature up to noise;
/// it may fall if the lengths vary.
fn num_colder(points: &[(f64, CurvePoint)], target: f64) -> usize {
    points.iter().position(|p| p.1.entropy >= target).unwrap_or(points.len())
}

/// Temperatures that bracket the target entropy, as close as the curve allows.
fn bracket(points: &[(f64, CurvePoint)], target: f64) -> (f64, f64) {
    let at = num_colder(points, target);
    let ends = [points.first(), points.last()].map(|end| end.map_or(1.0, |p| p.0));
    let below = at.checked_sub(1).map_or(BEYOND.0.min(0.5 * ends[0]), |below| points[below].0);
    let above = points.get(at).map_or(BEYOND.1.max(2.0 * ends[1]), |p| p.0);
    (below, above)
}

/// Slope of the base's curve next to the target entropy.
fn slope(points: &[(f64, CurvePoint)], target: f64) -> Slope {
    let at = num_colder(points, target).clamp(1, points.len().max(2) - 1);
    match points.get(at - 1..=at) {
        Some([a, b]) => Slope::between(a.1, b.1),
        _ => Slope { forward_kl: 0.0, reverse_kl: 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curve whose forward KL has a different slope between each two points.
    fn points(entropies: &[f64]) -> Vec<(f64, CurvePoint)> {
        let point = |(i, &entropy): (usize, &f64)| {
            let nll_test = (i * i) as f64;
            (0.8 + 0.1 * i as f64, CurvePoint { entropy, nll_test, reverse_kl: -nll_test })
        };
        entropies.iter().enumerate().map(point).collect()
    }

    #[test]
    fn the_target_lies_between_two_neighbours() {
        let curve = points(&[1.0, 2.0, 3.0]);
        assert_eq!(bracket(&curve, 1.5), (curve[0].0, curve[1].0));
        assert_eq!(bracket(&curve, 2.5), (curve[1].0, curve[2].0));
        assert_eq!(slope(&curve, 2.5), Slope { forward_kl: 3.0, reverse_kl: -3.0 });
    }

    #[test]
    fn beyond_the_ends_the_last_slope_counts() {
        let curve = points(&[1.0, 2.0, 3.0]);
        assert_eq!(bracket(&curve, 0.5), (0.05, curve[0].0));
        assert_eq!(bracket(&curve, 3.5), (curve[2].0, 4.0));
        assert_eq!(slope(&curve, 0.5).forward_kl, 1.0);
        assert_eq!(slope(&curve, 3.5).forward_kl, 3.0);
        // The curve extends beyond the limits of the search.
        let hot = vec![(0.05, curve[0].1), (10.0, curve[1].1)];
        assert_eq!(bracket(&hot, 0.5), (0.025, 0.05));
        assert_eq!(bracket(&hot, 2.5), (10.0, 20.0));
    }

    #[test]
    fn a_curve_that_falls_once_has_an_order_still() {
        let curve = points(&[0.90, 0.95, 0.93, 1.0]);
        assert_eq!(bracket(&curve, 0.94), (curve[0].0, curve[1].0));
        assert_eq!(bracket(&curve, 0.96), (curve[2].0, curve[3].0));
    }

    #[test]
    fn a_single_point_has_no_slope() {
        let curve = points(&[1.0]);
        assert_eq!(bracket(&curve, 2.0), (curve[0].0, 4.0));
        assert_eq!(slope(&curve, 2.0), Slope { forward_kl: 0.0, reverse_kl: 0.0 });
        assert_eq!(bracket(&[], 2.0), (0.05, 4.0));
    }
}
