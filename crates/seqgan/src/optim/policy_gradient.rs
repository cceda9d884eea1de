//! Policy gradient (SeqGAN, equations 6 to 8): a step on the sum of -Q(decision) log p(decision).
//!
//! The part of Q that is known for every token is not sampled. Its term is the expectation `sum_v p(v) Q(v)`, whose
//! gradient is that of the sampled term without its variance (all-action policy gradient: Sutton et al., "Comparing
//! policy-gradient algorithms", 2001).

use super::{GeneratorUpdate, Optimizer};
use crate::config::Baseline;
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::{Auxiliary, AuxiliaryLoss, BoxGenerator, TrainableGenerator, WeightedBatch};
use crate::token::SeqBatch;

/// The part of the reward that is known for every token of a decision: the token's logit under `generator`, minus `kl`
/// times log p under the policy.
#[derive(Debug, Clone)]
pub struct ExpectedReward {
    /// A generator over the policy's vocabulary.
    pub generator: BoxGenerator,
    /// Coefficient of the KL penalty, at least 0.
    pub kl: f64,
}

/// Real sequences in a policy-gradient batch (teacher forcing in Li et al., "Adversarial learning for neural dialogue
/// generation", 2017).
#[derive(Debug, Clone)]
pub struct Demonstrations {
    /// Real sequences, with the policy's maximum length.
    pub sequences: SeqBatch,
    /// Action value of all their decisions.
    pub value: f32,
}

/// Performs one update with action values `[B, T]`. Returns the norm of the gradient before clipping.
pub fn policy_gradient_step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    values: &[f32],
    baseline: Baseline,
    update: GeneratorUpdate,
) -> Result<f64> {
    policy_gradient_step_with(generator, optimizer, (batch, values), (None, None), baseline, update)
}

/// Performs one update with an optional expected reward over all tokens, which `values` exclude, and optional real
/// sequences. The values of real sequences have no baseline; the expected reward also applies to their decisions.
/// Returns the norm of the gradient before clipping.
pub fn policy_gradient_step_with(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    (batch, values): (&SeqBatch, &[f32]),
    (expected_reward, demonstrations): (Option<&ExpectedReward>, Option<&Demonstrations>),
    baseline: Baseline,
    update: GeneratorUpdate,
) -> Result<f64> {
    let sum = fault::number(values.iter().map(|&x| f64::from(x)).sum());
    if !sum.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "a reward", value: sum, step });
    }
    let mut advantages = match baseline {
        Baseline::None => values.to_vec(),
        Baseline::StepMean | Baseline::StepNormalised => {
            let has_end = generator.space().end_token.is_some();
            centred(batch, values, has_end, baseline == Baseline::StepNormalised)
        }
    };
    let auxiliary = expected_reward.map(|ExpectedReward { generator, kl }| Auxiliary {
        source: generator,
        loss: AuxiliaryLoss::ExpectedReward { kl: *kl as f32 },
    });
    let mut together = batch.clone();
    if let Some(Demonstrations { sequences, value }) = demonstrations {
        together.extend(sequences);
        advantages.resize(together.len() * together.max_length(), *value);
    }
    // Without dropout: the gradient is that of the policy that drew the sequences.
    let batch = WeightedBatch { auxiliary, ..WeightedBatch::new(&together, &advantages) };
    optimizer.accumulate(generator, batch, update.slices);
    optimizer.apply(generator.parameters_mut(), update, "the policy's gradient")
}

/// Minimum standard deviation for normalisation. Smaller values are due to rounding.
const LEAST_SPREAD: f32 = 1e-4;

/// Values minus their mean over the rows that have a decision at the step. If `normalised`, they are divided by their
/// standard deviation at the step.
fn centred(batch: &SeqBatch, values: &[f32], has_end: bool, normalised: bool) -> Vec<f32> {
    let length = batch.max_length();
    let mut result = values.to_vec();
    for t in 0..length {
        let rows: Vec<usize> = (0..batch.len()).filter(|&b| batch.steps(b, has_end) > t).collect();
        let count = rows.len().max(1) as f32;
        let mean = rows.iter().map(|b| values[b * length + t]).sum::<f32>() / count;
        rows.iter().for_each(|b| result[b * length + t] -= mean);
        if normalised {
            let square = rows.iter().map(|b| result[b * length + t].powi(2)).sum::<f32>() / count;
            let unit = square.sqrt().max(LEAST_SPREAD);
            rows.iter().for_each(|b| result[b * length + t] /= unit);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{LstmGenerator, LstmShape, oracle};

    #[test]
    fn the_baseline_is_the_mean_of_the_rows_that_still_decide() {
        let batch = SeqBatch::from_rows([vec![2, 3], vec![2], vec![2, 3]], 3);
        // Steps with an end: 3, 2, 3.
        let values = [1.0, 2.0, 6.0, 3.0, 4.0, 9.0, 5.0, 0.0, 2.0];
        let less_mean = [-2.0, 0.0, 2.0, 0.0, 2.0, 9.0, 2.0, -2.0, -2.0];
        assert_eq!(centred(&batch, &values, true, false), less_mean);
        let units = [(8.0f32 / 3.0).sqrt(), (8.0f32 / 3.0).sqrt(), 2.0];
        let expected: Vec<f32> = less_mean.iter().enumerate().map(|(i, x)| x / units[i % 3]).collect();
        let mut found = centred(&batch, &values, true, true);
        found[5] = expected[5]; // after the last decision of its row: unchanged
        assert_eq!(found, expected);
        // Equal values stay equal.
        assert!(centred(&batch, &[0.3; 9], true, true)[..3].iter().all(|x| x.abs() < 1e-2));
    }

    /// Real sequences have their own value. It has no baseline, and does not change the baseline of the policy's
    /// sequences.
    #[test]
    fn demonstrations_stand_beside_the_policys_sequences() {
        let start = oracle::random(oracle::synthetic_space(5, 3), LstmShape::new(3, 4), 1);
        let own = SeqBatch::from_rows([vec![2, 3, 0], vec![1, 1, 4]], 3);
        let real = SeqBatch::from_rows([vec![4, 4, 2], vec![0, 1, 3], vec![2, 2, 2]], 3);
        let (values, value) = ([1.0, 2.0, 6.0, 3.0, 4.0, 9.0], 0.3);
        let update = GeneratorUpdate { learning_rate: 0.1, ..GeneratorUpdate::default() };
        let after = |step: &dyn Fn(&mut LstmGenerator, &mut Optimizer) -> Result<f64>| {
            let mut generator = start.clone();
            let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
            step(&mut generator, &mut optimizer).unwrap();
            generator.parameters().clone()
        };
        let with_demonstrations = after(&|generator, optimizer| {
            let demonstrations = Demonstrations { sequences: real.clone(), value };
            let additions = (None, Some(&demonstrations));
            policy_gradient_step_with(
                generator,
                optimizer,
                (&own, &values),
                additions,
                Baseline::StepMean,
                update,
            )
        });
        let plain = after(&|generator, optimizer| {
            let mut all = own.clone();
            all.extend(&real);
            let mut weights = centred(&own, &values, false, false);
            weights.extend([value; 9]);
            policy_gradient_step(generator, optimizer, &all, &weights, Baseline::None, update)
        });
        assert_eq!(with_demonstrations, plain);
        let alone = after(&|generator, optimizer| {
            policy_gradient_step(generator, optimizer, &own, &values, Baseline::StepMean, update)
        });
        assert_ne!(with_demonstrations, alone);
    }
}
