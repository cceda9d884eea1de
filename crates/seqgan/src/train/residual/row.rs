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
        let forward = &mut comparison.differences.forward_kl;
        forward.stderr = forward.stderr.hypot(self.policy.ln_z().stderr / self.steps_of_known());
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
        let held_out =
            measure::known(task.test.as_ref().unwrap_or(&task.validation), self.policy.model().base());
        let steps = measure::steps(&held_out, task.has_end());
        steps.iter().map(|&n| f64::from(n)).sum::<f64>() / steps.len().max(1) as f64
    }
}

/// Z is estimated: all likelihoods of a row share its error.
fn with_error_of(ln_z: Estimate, steps: f64, mut measures: Measures) -> Measures {
    let Measures { nll_test, nll_validation, nll_train, forward_kl, .. } = &mut measures;
    for likelihood in [nll_test, nll_validation, nll_train, forward_kl].into_iter().flatten() {
        likelihood.stderr = likelihood.stderr.hypot(ln_z.stderr / steps);
    }
    measures
}
