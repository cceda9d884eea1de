//! The row `residual` of a method with a cross-fitted discriminator: samples of its base, resampled with the
//! discriminator's odds.

use super::super::equal_entropy::Compared;
use super::{ResidualModel, ResidualPolicy};
use crate::Result;
use crate::config::{Config, Method};
use crate::generator::Policy;
use crate::measure::{self, Comparison, Measures, MethodRow, within_support};
use crate::metrics::Estimate;
use crate::metrics::likelihood::steps;
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;
use crate::train::method::{self, RewardTraining};

/// Name of a method's row, and of its file of samples.
pub(in super::super) fn row_name(name: Method) -> &'static str {
    match name {
        Method::DISTILLED_SEQGAN_CROSSFIT => "distilled-residual",
        _ => "residual",
    }
}

/// Divisor of the number of samples. A sample costs many candidates, so there are fewer samples than in other rows.
const SHARE_OF_SAMPLES: usize = 10;

/// Methods that have a residual row in a run.
pub(in super::super) fn rows(config: &Config) -> impl Iterator<Item = Method> {
    let has_row = |name: &Method| {
        let on_folds =
            |m: &dyn method::AdversarialMethod| m.reward_training(config) == RewardTraining::OnFolds;
        config.crossfit.num_candidates > 0 && method::adversarial(*name).is_some_and(on_folds)
    };
    config.methods.iter().copied().filter(has_row)
}

/// Residual model of a row, at a temperature of its base.
pub(in super::super) struct ResidualRow<'a> {
    config: &'a Config,
    task: &'a Task,
    method: Method,
    policy: ResidualPolicy,
}

impl<'a> ResidualRow<'a> {
    /// Creates the row of a method with this residual model.
    pub fn new(
        (config, task): (&'a Config, &'a Task),
        method: Method,
        model: ResidualModel,
        temperature: f64,
    ) -> Self {
        let policy = ResidualPolicy::new(model, temperature, config.crossfit.num_candidates, config.seed);
        Self { config, task, method, policy }
    }

    fn num_samples(&self) -> usize {
        (self.config.evaluate.num_samples / SHARE_OF_SAMPLES).max(2)
    }

    /// Measures the row. Likelihoods are those of the model q; the other measures are those of its samples.
    pub fn measured(&self, oracle_entropy: Option<Estimate>) -> MethodRow {
        let (policy, base) = (&self.policy, self.policy.model().base());
        let n = self.num_samples();
        let measures = measure::measure(self.config, self.task, (policy, base), n, oracle_entropy);
        MethodRow {
            name: row_name(self.method).into(),
            base: Some(method::base(self.method, self.config).to_string()),
            measures: with_error_of(policy.ln_z(), self.mean_steps(), measures),
            effective_candidates: Some(policy.effective()),
            ..MethodRow::default()
        }
    }

    /// Compares the row with the base at equal entropy.
    pub fn compared(&self, compared: &Compared<'_>, temperature: f64) -> Result<Comparison> {
        let mut comparison = compared.at(&self.policy, self.num_samples(), temperature)?;
        let differences = &mut comparison.differences;
        let likelihoods = [
            Some(&mut differences.entropy),
            Some(&mut differences.forward_kl),
            differences.reverse_kl.as_mut(),
        ];
        widen(likelihoods, self.policy.ln_z(), self.mean_steps());
        Ok(comparison)
    }

    /// Draws `n` samples.
    pub fn samples(&self, purpose: Purpose, n: usize) -> SeqBatch {
        let streams = Streams::new(self.config.seed, purpose);
        self.policy.sample(&streams, 0, n).sequences
    }

    /// Mean number of decisions of a held-out sequence.
    fn mean_steps(&self) -> f64 {
        let task = self.task;
        let held_out = task.test.as_ref().unwrap_or(&task.validation);
        let steps = steps(&within_support(held_out, self.policy.model().base()), task.has_end());
        steps.iter().map(|&n| f64::from(n)).sum::<f64>() / steps.len().max(1) as f64
    }
}

/// Adds the standard error of ln Z to all likelihoods of a row, which share one estimate of Z. The entropy is the
/// likelihood of the model's own samples.
fn with_error_of(ln_z: Estimate, steps: f64, mut measures: Measures) -> Measures {
    let Measures { nll_test, nll_validation, nll_train, entropy, forward_kl, reverse_kl, .. } = &mut measures;
    let likelihoods = [nll_test, nll_validation, nll_train, entropy, forward_kl, reverse_kl];
    widen(likelihoods.map(Option::as_mut), ln_z, steps);
    measures
}

/// Adds the standard error of ln Z, in nats per sequence, to estimates in nats per token. `steps` is the mean number of
/// decisions of a sequence; samples are assumed to be as long as held-out sequences.
fn widen<const N: usize>(likelihoods: [Option<&mut Estimate>; N], ln_z: Estimate, steps: f64) {
    for likelihood in likelihoods.into_iter().flatten() {
        likelihood.stderr = likelihood.stderr.hypot(ln_z.stderr / steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_z_is_in_all_that_counts_log_p() {
        let exact = |mean| Some(Estimate { mean, stderr: 0.0 });
        let measures = Measures {
            nll_oracle: exact(7.0),
            nll_test: exact(1.0),
            entropy: exact(2.0),
            reverse_kl: exact(3.0),
            ..Measures::default()
        };
        let widened = with_error_of(Estimate { mean: 5.0, stderr: 0.5 }, 10.0, measures);
        let error = |estimate: Option<Estimate>| estimate.unwrap().stderr;
        for what in [widened.nll_test, widened.entropy, widened.reverse_kl] {
            assert!((error(what) - 0.05).abs() < 1e-12);
        }
        assert_eq!(error(widened.nll_oracle), 0.0);
    }
}
