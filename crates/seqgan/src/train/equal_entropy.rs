//! A method against its base at equal entropy: what the verdict is made of.

use super::event::Observer;
use super::examiners::reverse_difference;
use super::measure::{self, within_support};
use super::session::Session;
use super::state::State;
use super::summary::Comparison;
use crate::Result;
use crate::config::Method;
use crate::generator::{GeneratorPolicy, Policy};
use crate::metrics::frontier::{CurvePoint, Measured, Pair, Slope};
use crate::metrics::{Estimate, compare, match_entropy, per_token};
use crate::rng::{Purpose, Streams};

/// Nats within which entropies count as equal; the rest is corrected to first order.
const ENTROPY_TOLERANCE: f64 = 0.001;

/// Samples and test likelihoods of a model at a temperature.
struct At {
    sampled: measure::Sampled,
    test_nats: Vec<f64>,
}

impl At {
    fn new(session: &Session<'_>, policy: &dyn Policy, num_samples: usize) -> Self {
        let sampled = measure::sample(session.task, policy, session.config.seed, num_samples);
        let test = session.task.test.as_ref().expect("test sequences");
        Self { sampled, test_nats: measure::nats(policy, test) }
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

/// A method's policy, of which `num_samples` are drawn, against its base at the temperature of equal entropy.
pub(super) fn compare_at(
    session: &Session<'_>,
    state: &State,
    (policy, num_samples): (&dyn Policy, usize),
    base_method: Method,
    temperature: f64,
) -> Result<Comparison> {
    let base = &state.finished[&base_method];
    let ours = At::new(session, policy, num_samples);
    let target = per_token(&ours.sampled.own_nats, &ours.sampled.steps).mean;
    let n = session.config.evaluate.num_samples;
    let entropy_at = |t: f64| {
        let sampled = GeneratorPolicy::new(base, t).sample(
            &Streams::new(session.config.seed, Purpose::Evaluation),
            0,
            n,
        );
        let nats: Vec<f64> = sampled.log_prob.iter().map(|l| -l).collect();
        Ok(per_token(&nats, &measure::steps(&sampled.sequences, session.task.has_end())).mean)
    };
    let curve = curve(state, base_method);
    let (low, high) = bracket(&curve, target);
    let matched = match_entropy(target, low, high, ENTROPY_TOLERANCE, entropy_at)?;
    let theirs = At::new(session, &GeneratorPolicy::new(base, matched.temperature), n);
    let test = session.task.test.as_ref().expect("test sequences");
    let test_steps = measure::steps(&within_support(test, base), session.task.has_end());
    let pair = Pair {
        method: ours.measured(),
        base: theirs.measured(),
        test_steps: &test_steps,
        slope: slope(&curve, target),
    };
    let mut differences = compare(&[pair], session.config.seed)[0];
    differences.reverse_lm_score = reverse_lm_score(session, [&ours, &theirs])?;
    let valid = ours.sampled.rule.zip(theirs.sampled.rule);
    Ok(Comparison {
        temperature,
        base_temperature: matched.temperature,
        differences,
        valid: valid.map(|(ours, theirs)| ours.valid.minus_independent(theirs.valid)),
    })
}

/// Of a file: how much worse test sequences are under a language model of the first samples than under one of the second, nats
/// a decision.
fn reverse_lm_score(session: &Session<'_>, [ours, theirs]: [&At; 2]) -> Result<Option<Estimate>> {
    let (Some(file), Some(vocab)) = (&session.task.held_out, &session.task.vocab) else { return Ok(None) };
    let [ours, theirs] = [ours, theirs].map(|at: &At| file.test.samples(&at.sampled.sequences, vocab));
    let quiet = Quiet(session.observer);
    reverse_difference([&ours, &theirs], file.test.test(), &file.train, &quiet)
}

/// Stops when asked to, and tells nothing of what is trained for a measurement.
struct Quiet<'a>(&'a dyn Observer);

impl Observer for Quiet<'_> {
    fn should_stop(&self) -> bool {
        self.0.should_stop()
    }
}

/// The base's curve as (temperature, point), coldest first.
fn curve(state: &State, base: Method) -> Vec<(f64, CurvePoint)> {
    let row = state.outcome.methods.iter().find(|r| r.name == base.name()).expect("the base's row");
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

/// The lowest and highest temperature that are tried beyond a curve, unless it has gone further itself.
const BEYOND: (f64, f64) = (0.05, 4.0);

/// How many points come before the first whose entropy reaches the target. Entropy rises with the temperature, but for noise, and may
/// fall where lengths vary.
fn num_colder(points: &[(f64, CurvePoint)], target: f64) -> usize {
    points.iter().position(|p| p.1.entropy >= target).unwrap_or(points.len())
}

/// Two temperatures with the target's entropy between them, as close as the curve allows.
fn bracket(points: &[(f64, CurvePoint)], target: f64) -> (f64, f64) {
    let at = num_colder(points, target);
    let ends = [points.first(), points.last()].map(|end| end.map_or(1.0, |p| p.0));
    let below = at.checked_sub(1).map_or(BEYOND.0.min(0.5 * ends[0]), |below| points[below].0);
    let above = points.get(at).map_or(BEYOND.1.max(2.0 * ends[1]), |p| p.0);
    (below, above)
}

/// The slope of the base's curve next to the target's entropy.
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

    /// A curve with a slope of the forward KL of its own between any two points.
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
        // A curve may have gone further.
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
