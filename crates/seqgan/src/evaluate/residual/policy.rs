//! Policy of a residual energy-based model.

use super::ResidualModel;
use crate::generator::{GeneratorPolicy, Policy, Samples, SequenceSpace};
use crate::metrics::Estimate;
use crate::metrics::residual::Weights;
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};

/// Number of candidates for the estimate of Z.
const NUM_FOR_Z: usize = 10_000;

/// The distribution q of a [`ResidualModel`], with its base at a temperature.
pub struct ResidualPolicy {
    model: ResidualModel,
    policy: GeneratorPolicy,
    num_candidates: usize,
    choices: Streams,
    weights: Weights,
}

impl ResidualPolicy {
    /// Creates a policy that samples by choosing one of `num_candidates` candidates. Z is estimated once, from samples
    /// of the base.
    pub fn new(model: ResidualModel, temperature: f64, num_candidates: usize, seed: u64) -> Self {
        let policy = GeneratorPolicy::new(model.base(), temperature);
        let drawn = policy.sample(&Streams::new(seed, Purpose::Evaluation), 0, NUM_FOR_Z).sequences;
        let weights = Weights::of(&model.log_odds(&drawn));
        Self { model, policy, num_candidates, choices: Streams::new(seed, Purpose::Resample), weights }
    }

    /// The residual model.
    pub fn model(&self) -> &ResidualModel {
        &self.model
    }

    /// Estimate of ln Z, in nats per sequence.
    pub fn ln_z(&self) -> Estimate {
        self.weights.ln_mean()
    }

    /// Effective sample size, as a share of the candidates.
    pub fn effective(&self) -> f64 {
        self.weights.effective()
    }
}

impl Policy for ResidualPolicy {
    fn space(&self) -> &SequenceSpace {
        self.policy.space()
    }

    fn allows(&self, row: &[TokenId]) -> bool {
        self.policy.allows(row)
    }

    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        let draw = |first, n| self.policy.sample(streams, first, n);
        let kept = self.model.sample((self.num_candidates, &self.choices), (first, n), draw);
        let ln_z = self.ln_z().mean;
        Samples {
            log_prob: kept.log_weight.into_iter().map(|log_weight| log_weight - ln_z).collect(),
            sequences: kept.sequences,
        }
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        let mut log_prob = self.policy.log_prob(batch);
        let ln_z = self.ln_z().mean as f32;
        log_prob.iter_mut().zip(self.model.step_log_odds(batch)).for_each(|(p, odds)| *p += odds);
        log_prob.chunks_exact_mut(self.max_length()).for_each(|row| row[0] -= ln_z);
        log_prob
    }
}

#[cfg(test)]
mod tests {
    use super::super::Odds;
    use super::*;
    use crate::discriminator::{CausalDiscriminator, CausalShape};
    use crate::generator::{LstmShape, oracle};
    use std::collections::BTreeMap;

    /// A discriminator with a random logit for each token.
    fn model(scale: f64) -> ResidualModel {
        let base = Box::new(oracle::random(oracle::synthetic_space(4, 2), LstmShape::new(3, 4), 5));
        let shape =
            CausalShape { vocab_size: 4, embedding_dim: 2, hidden_dim: 3, num_features: 4, end_token: None };
        let mut discriminator = CausalDiscriminator::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
        for i in 0..discriminator.parameters().len() {
            let numbers = Streams::new(9, Purpose::DiscriminatorInit);
            let mut numbers = numbers.reader(i as u64);
            discriminator.parameters_mut()[i].iter_mut().for_each(|x| *x = numbers.normal() as f32);
        }
        ResidualModel { base, odds: Odds::Crossfit { discriminator, ensemble: None, scale } }
    }

    fn all() -> SeqBatch {
        SeqBatch::from_rows((0..16).map(|i| [i / 4, i % 4]), 2)
    }

    #[test]
    fn probabilities_sum_to_one_and_follow_the_odds() {
        let policy = ResidualPolicy::new(model(0.3), 1.0, 4, 1);
        let q: Vec<f64> = policy.sequence_log_prob(&all()).iter().map(|l| l.exp()).collect();
        let sum: f64 = q.iter().sum();
        assert!((sum - 1.0).abs() < 4.0 * policy.ln_z().stderr, "{sum}, {:?}", policy.ln_z());
        let p = GeneratorPolicy::new(policy.model().base(), 1.0).sequence_log_prob(&all());
        let odds = policy.model().log_odds(&all());
        let constant: Vec<f64> = q.iter().zip(p).zip(odds).map(|((q, p), odds)| q.ln() - p - odds).collect();
        assert!(constant.iter().all(|c| (c - constant[0]).abs() < 1e-4), "{constant:?}");
        assert!(policy.effective() < 0.9 && policy.effective() > 0.0, "{}", policy.effective());
    }

    /// Samples follow q for many candidates and the base for one; the reported log-probability of a sample is that of
    /// q.
    #[test]
    fn samples_follow_it() {
        let n = 20_000;
        let distance = |k: usize| -> f64 {
            let policy = ResidualPolicy::new(model(0.3), 1.0, k, 1);
            let samples = policy.sample(&Streams::new(2, Purpose::Sample), 0, n);
            let again = policy.sequence_log_prob(&samples.sequences);
            assert!(samples.log_prob.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-3));
            let mut counts: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
            samples
                .sequences
                .rows()
                .for_each(|row| *counts.entry(row.to_vec()).or_default() += 1.0 / n as f64);
            let q = ResidualPolicy::new(model(0.3), 1.0, 1, 1).sequence_log_prob(&all());
            let found = all().rows().map(|row| counts.get(row).copied().unwrap_or(0.0)).collect::<Vec<_>>();
            found.iter().zip(q).map(|(found, q)| (found - q.exp()).abs()).sum()
        };
        let (one, many) = (distance(1), distance(64));
        assert!(one > 0.3 && many < 0.05, "{one}, {many}");
    }

    #[test]
    fn samples_do_not_depend_on_how_many_are_drawn_at_a_time() {
        let policy = ResidualPolicy::new(model(0.3), 0.9, 8, 1);
        let streams = Streams::new(2, Purpose::Sample);
        let whole = policy.sample(&streams, 0, 10).sequences;
        let mut parts = policy.sample(&streams, 0, 3).sequences;
        parts.extend(&policy.sample(&streams, 3, 7).sequences);
        assert_eq!(whole, parts);
    }
}
