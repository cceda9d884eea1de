//! Samples for measurement.

use crate::generator::Policy;
use crate::generator::oracle::Oracle;
use crate::metrics::likelihood::steps;
use crate::metrics::{Estimate, coverage};
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;

/// Samples of a model, with -log p of each under the model and under the oracle, in nats per sequence.
pub(crate) struct Sampled {
    pub sequences: SeqBatch,
    pub own_nats: Vec<f64>,
    pub oracle_nats: Option<Vec<f64>>,
    pub steps: Vec<u32>,
    pub rule: Option<RuleMeasures>,
}

/// Measures of samples under the rule of a synthetic task.
#[derive(Clone, Copy)]
pub(crate) struct RuleMeasures {
    /// Share of the samples that satisfy the rule.
    pub valid: Estimate,
    /// Number of distinct valid samples, relative to its expectation for as many samples of the true distribution.
    pub coverage: Estimate,
}

/// Draws `n` samples of a model. All models and temperatures use the same random numbers.
pub(crate) fn sample(task: &Task, policy: &dyn Policy, seed: u64, n: usize) -> Sampled {
    let samples = policy.sample(&Streams::new(seed, Purpose::Evaluation), 0, n);
    let oracle_nats = task.oracle.as_ref().map(|oracle| oracle_nats(oracle, &samples.sequences));
    Sampled {
        own_nats: samples.log_prob.iter().map(|l| -l).collect(),
        oracle_nats,
        steps: steps(&samples.sequences, policy.end_token().is_some()),
        rule: rule_measures(task, &samples.sequences),
        sequences: samples.sequences,
    }
}

/// -log p of each sequence under the oracle, `[B]`, in nats.
pub(crate) fn oracle_nats(oracle: &Oracle, batch: &SeqBatch) -> Vec<f64> {
    oracle.sequence_log_prob(batch).into_iter().map(|l| -l).collect()
}

/// Measures of `samples` under the task's rule, if it has one.
pub(crate) fn rule_measures(task: &Task, samples: &SeqBatch) -> Option<RuleMeasures> {
    let rule = task.oracle.as_ref()?.rule()?;
    let valid: Vec<bool> = samples.rows().map(|row| rule.holds(row)).collect();
    let share = Estimate::from_values(valid.iter().map(|&valid| f64::from(u8::from(valid))));
    Some(RuleMeasures { valid: share, coverage: coverage(samples, &valid, rule.ln_count()) })
}
