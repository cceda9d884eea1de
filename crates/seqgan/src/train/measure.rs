//! Measurements of models: one function a quantity, random numbers shared by all methods and temperatures.

use super::session::Session;
use super::summary::Measures;
use super::task::Task;
use crate::generator::oracle::Oracle;
use crate::generator::{Generator, GeneratorPolicy, Policy};
use crate::metrics::{Estimate, coverage, per_token};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Decisions of each sequence, `[B]`.
pub(super) fn steps(batch: &SeqBatch, has_end: bool) -> Vec<u32> {
    (0..batch.len()).map(|b| batch.steps(b, has_end) as u32).collect()
}

/// -log p of each sequence, `[B]`, in nats.
pub(super) fn nats(policy: &dyn Policy, batch: &SeqBatch) -> Vec<f64> {
    policy.sequence_log_prob(batch).into_iter().map(|l| -l).collect()
}

/// The same under what the sequences come from.
pub(super) fn oracle_nats(oracle: &Oracle, batch: &SeqBatch) -> Vec<f64> {
    oracle.sequence_log_prob(batch).into_iter().map(|l| -l).collect()
}

/// Mean -log p a decision of `batch` under `policy`.
pub(super) fn nll(policy: &dyn Policy, batch: &SeqBatch) -> Estimate {
    per_token(&nats(policy, batch), &steps(batch, policy.end_token().is_some()))
}

/// Of a generator, on the part kept apart for early stopping; lines with unknown tokens are left out.
pub(super) fn validation_nll(task: &Task, generator: &dyn Generator) -> Estimate {
    nll(&GeneratorPolicy::new(generator, 1.0), &within_support(&task.validation, generator))
}

/// The sequences that a generator gives a probability: those without tokens that it never chooses, within its constraint.
pub fn within_support(batch: &SeqBatch, generator: &dyn Generator) -> SeqBatch {
    let allowed = |&b: &usize| generator.rules().allow(generator.space(), batch.row(b));
    batch.select((0..batch.len()).filter(allowed))
}

/// A model's samples and what both models say of them, in nats a sequence.
pub(super) struct Sampled {
    pub sequences: SeqBatch,
    pub own_nats: Vec<f64>,
    pub oracle_nats: Option<Vec<f64>>,
    pub steps: Vec<u32>,
    pub rule: Option<KeepsRule>,
}

/// How samples stand to the rule of a synthetic task.
#[derive(Clone, Copy)]
pub(super) struct KeepsRule {
    /// Share of the samples that keep it.
    pub valid: Estimate,
    /// Different ones among them, as a share of what as many draws of the truth hold.
    pub coverage: Estimate,
}

/// How `samples` stand to the task's rule, if it has one.
pub(super) fn keeps_rule(task: &Task, samples: &SeqBatch) -> Option<KeepsRule> {
    let rule = task.oracle.as_ref()?.rule()?;
    let valid: Vec<bool> = samples.rows().map(|row| rule.holds(row)).collect();
    let share = Estimate::from_values(valid.iter().map(|&valid| f64::from(u8::from(valid))));
    Some(KeepsRule { valid: share, coverage: coverage(samples, &valid, rule.ln_count()) })
}

/// Draws the samples that measure a model. Every model and temperature meets the same random numbers, so
/// differences between them are less noisy than the models themselves.
pub(super) fn sample(task: &Task, policy: &dyn Policy, seed: u64, n: usize) -> Sampled {
    let samples = policy.sample(&Streams::new(seed, Purpose::Evaluation), 0, n);
    let oracle_nats = task.oracle.as_ref().map(|oracle| oracle_nats(oracle, &samples.sequences));
    Sampled {
        own_nats: samples.log_prob.iter().map(|l| -l).collect(),
        oracle_nats,
        steps: steps(&samples.sequences, policy.end_token().is_some()),
        rule: keeps_rule(task, &samples.sequences),
        sequences: samples.sequences,
    }
}

impl Session<'_> {
    /// The full set of measures of a policy made of `generator`, by `n` samples.
    pub fn measure(
        &self,
        policy: &dyn Policy,
        generator: &dyn Generator,
        n: usize,
        oracle_entropy: Option<Estimate>,
    ) -> Measures {
        let mut measures = self.measure_samples(policy, n);
        measures.nll_test = self.task.test.as_ref().map(|test| nll(policy, test));
        if self.task.oracle.is_none() {
            measures.nll_validation = Some(nll(policy, &within_support(&self.task.validation, generator)));
        }
        let train = within_support(&self.task.train, generator);
        measures.nll_train = Some(nll(policy, &train.slice(0, train.len().min(n))));
        measures.forward_kl = measures.nll_test.zip(oracle_entropy).map(|(a, b)| a.minus_independent(b));
        measures
    }

    /// A cheaper set for the middle of training: fewer samples, no training likelihood.
    pub fn measure_while_training(&self, generator: &dyn Generator) -> Measures {
        let (policy, n) = (GeneratorPolicy::new(generator, 1.0), self.config.evaluate.num_samples_training);
        let mut measures = self.measure_samples(&policy, n);
        let validation = within_support(&self.task.validation, generator);
        measures.nll_validation = Some(nll(&policy, &validation.slice(0, validation.len().min(n))));
        // A test file is for finished models alone; the oracle's draws steer nothing.
        if let Some(test) = self.task.test.as_ref().filter(|_| self.task.oracle.is_some()) {
            measures.nll_test = Some(nll(&policy, &test.slice(0, test.len().min(n))));
        }
        measures
    }

    fn measure_samples(&self, policy: &dyn Policy, n: usize) -> Measures {
        let sampled = sample(self.task, policy, self.config.seed, n);
        let reverse = |oracle: &Vec<f64>| -> Vec<f64> {
            oracle.iter().zip(&sampled.own_nats).map(|(oracle, own)| oracle - own).collect()
        };
        Measures {
            nll_oracle: sampled.oracle_nats.as_ref().map(|nats| per_token(nats, &sampled.steps)),
            entropy: Some(per_token(&sampled.own_nats, &sampled.steps)),
            reverse_kl: sampled.oracle_nats.as_ref().map(|nats| per_token(&reverse(nats), &sampled.steps)),
            valid: sampled.rule.map(|rule| rule.valid),
            coverage: sampled.rule.map(|rule| rule.coverage),
            ..Measures::default()
        }
    }
}
