//! The row `residual` of a method with a cross-fitted judge: candidates of its base, kept by the judge's odds.

use super::super::equal_entropy::compare_at;
use super::super::measure;
use super::super::session::Session;
use super::super::state::State;
use super::super::summary::{Comparison, Measures, MethodRow};
use super::{ResidualModel, ResidualPolicy};
use crate::Result;
use crate::config::{Config, Method};
use crate::generator::Policy;
use crate::metrics::Estimate;
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// The name of a method's row, and of its file of samples.
pub(in super::super) fn row_name(method: Method) -> &'static str {
    match method {
        Method::DistilledSeqGanCrossfit => "distilled-residual",
        _ => "residual",
    }
}

/// Each sample costs many candidates, so there are fewer of them than of other rows.
const SHARE_OF_SAMPLES: usize = 10;

/// The methods whose rows a run has.
pub(in super::super) fn rows(config: &Config) -> impl Iterator<Item = Method> {
    let asked = |method: &Method| method.is_crossfit() && config.crossfit.num_candidates > 0;
    config.methods.iter().copied().filter(asked)
}

/// The model of the row at a temperature of its base.
pub(in super::super) struct ResidualRow<'a> {
    session: &'a Session<'a>,
    method: Method,
    policy: ResidualPolicy,
}

impl<'a> ResidualRow<'a> {
    /// Of a run in which the judge of `method` is trained.
    pub fn new(session: &'a Session<'a>, state: &State, method: Method, temperature: f64) -> Result<Self> {
        let config = session.config;
        let model = ResidualModel::of_run(session.folder, config, state, method)?;
        let policy = ResidualPolicy::new(model, temperature, config.crossfit.num_candidates, config.seed);
        Ok(Self { session, method, policy })
    }

    fn num_samples(&self) -> usize {
        (self.session.config.evaluate.num_samples / SHARE_OF_SAMPLES).max(2)
    }

    /// What is said of it. Likelihoods are those of the model itself, all else is that of what is kept.
    pub fn measured(&self, oracle_entropy: Option<Estimate>) -> MethodRow {
        let (policy, base) = (&self.policy, self.policy.model().base());
        let measures = self.session.measure(policy, base, self.num_samples(), oracle_entropy);
        MethodRow {
            name: row_name(self.method).into(),
            base: Some(self.session.config.starts_from(self.method).to_string()),
            measures: with_error_of(policy.ln_z(), self.steps_of_known(), measures),
            effective_candidates: Some(policy.effective()),
            ..MethodRow::default()
        }
    }

    /// Against the base at equal entropy.
    pub fn compared(&self, state: &State, temperature: f64) -> Result<Comparison> {
        let base = self.session.config.starts_from(self.method);
        let mut comparison =
            compare_at(self.session, state, (&self.policy, self.num_samples()), base, temperature)?;
        let differences = &mut comparison.differences;
        let likelihoods = [
            Some(&mut differences.entropy),
            Some(&mut differences.forward_kl),
            differences.reverse_kl.as_mut(),
        ];
        widen(likelihoods, self.policy.ln_z(), self.steps_of_known());
        Ok(comparison)
    }

    /// `n` of its sequences.
    pub fn samples(&self, purpose: Purpose, n: usize) -> SeqBatch {
        let streams = Streams::new(self.session.config.seed, purpose);
        self.policy.sample(&streams, 0, n).sequences
    }

    /// Mean decisions of a held-out sequence.
    fn steps_of_known(&self) -> f64 {
        let task = self.session.task;
        let held_out = measure::within_support(
            task.test.as_ref().unwrap_or(&task.validation),
            self.policy.model().base(),
        );
        let steps = measure::steps(&held_out, task.has_end());
        steps.iter().map(|&n| f64::from(n)).sum::<f64>() / steps.len().max(1) as f64
    }
}

/// Z is estimated: all likelihoods of a row share its error, and those of its samples are its entropy.
fn with_error_of(ln_z: Estimate, steps: f64, mut measures: Measures) -> Measures {
    let Measures { nll_test, nll_validation, nll_train, entropy, forward_kl, reverse_kl, .. } = &mut measures;
    let likelihoods = [nll_test, nll_validation, nll_train, entropy, forward_kl, reverse_kl];
    widen(likelihoods.map(Option::as_mut), ln_z, steps);
    measures
}

/// Adds the error of ln Z, nats a sequence of so many decisions; samples are about as long as held-out sequences.
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
