//! Measures a policy on a task.

use super::results::Measures;
use super::sampled::sample;
use crate::config::Config;
use crate::generator::{Generator, GeneratorPolicy, Policy};
use crate::metrics::{Estimate, nll, per_token};
use crate::task::Task;
use crate::token::SeqBatch;
use std::borrow::Cow;

/// Selects the sequences of `batch` that have a positive probability under a generator: those within its rules and its
/// constraint.
pub fn within_support(batch: &SeqBatch, generator: &dyn Generator) -> SeqBatch {
    let allowed = |&b: &usize| generator.rules().allow(generator.space(), batch.row(b));
    batch.select((0..batch.len()).filter(allowed))
}

/// Mean -log p in nats per token of the measured validation sequences within the generator's support.
pub fn validation_nll(config: &Config, task: &Task, generator: &dyn Generator) -> Estimate {
    let measured = measured(config, &task.validation);
    nll(&GeneratorPolicy::new(generator, 1.0), &within_support(&measured, generator))
}

/// The validation or test sequences whose likelihood is measured: `evaluate.num_held_out` of them at most, evenly spaced.
pub fn measured<'a>(config: &Config, held_out: &'a SeqBatch) -> Cow<'a, SeqBatch> {
    let (n, most) = (held_out.len(), config.evaluate.num_held_out);
    match most {
        0 => Cow::Borrowed(held_out),
        most if n <= most => Cow::Borrowed(held_out),
        most => Cow::Owned(held_out.select((0..most).map(|i| i * n / most))),
    }
}

/// All measures of `policy`, from `n` samples. `generator` is the model that defines its support.
pub fn measure(
    config: &Config,
    task: &Task,
    (policy, generator): (&dyn Policy, &dyn Generator),
    n: usize,
    oracle_entropy: Option<Estimate>,
) -> Measures {
    let mut measures = measure_samples(config, task, policy, n);
    measures.nll_test = task.test.as_ref().map(|test| nll(policy, &measured(config, test)));
    if task.oracle.is_none() {
        let validation = within_support(&measured(config, &task.validation), generator);
        measures.nll_validation = Some(nll(policy, &validation));
    }
    let train = within_support(&task.train, generator);
    measures.nll_train = Some(nll(policy, &train.slice(0, train.len().min(n))));
    measures.forward_kl = measures.nll_test.zip(oracle_entropy).map(|(a, b)| a.minus_independent(b));
    measures
}

/// Cheaper measures, for use during training: fewer samples and no training likelihood.
pub fn measure_in_training(config: &Config, task: &Task, generator: &dyn Generator) -> Measures {
    let (policy, n) = (GeneratorPolicy::new(generator, 1.0), config.evaluate.num_samples_training);
    let mut measures = measure_samples(config, task, &policy, n);
    let validation = within_support(&task.validation, generator);
    measures.nll_validation = Some(nll(&policy, &validation.slice(0, validation.len().min(n))));
    // A test file is used for finished models only. Samples of the oracle do not influence training.
    if let Some(test) = task.test.as_ref().filter(|_| task.oracle.is_some()) {
        measures.nll_test = Some(nll(&policy, &test.slice(0, test.len().min(n))));
    }
    measures
}

fn measure_samples(config: &Config, task: &Task, policy: &dyn Policy, n: usize) -> Measures {
    let sampled = sample(task, policy, config.seed, n);
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
