//! What a cross-fitted judge is worth.

use super::super::measure::within_support;
use super::super::session::Session;
use super::super::state::State;
use super::{Witnesses, described, odds_scale};
use crate::config::Method;
use crate::discriminator::CausalDiscriminator;
use crate::generator::{GeneratorPolicy, Policy};
use crate::metrics::residual;
use crate::metrics::residual::Residual;
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Validation sequences and fresh samples of the generator that is judged, and how they look to the witnesses, which stay as they are while
/// the judge learns.
pub(super) struct Examination {
    real: (SeqBatch, Vec<f32>),
    samples: (SeqBatch, Vec<f32>),
    /// What its logits are multiplied by, to count as much as they will in the rounds.
    scale: f64,
}

impl Examination {
    /// Of the witnesses that the method's rounds will have.
    pub fn new(session: &Session<'_>, state: &State, method: Method) -> Self {
        let witnesses = Witnesses::new(session.config, &state.finished, method);
        let described = |batch: SeqBatch| {
            let features = witnesses.features(&batch);
            (batch, features)
        };
        // The base, before the rounds.
        let judged = state.trainee.as_ref().expect("the generator in training");
        let streams = Streams::new(session.config.seed, Purpose::Evaluation);
        let n = session.config.evaluate.num_samples_training;
        Self {
            real: described(within_support(&session.task.validation, witnesses.base)),
            samples: described(GeneratorPolicy::new(&judged.generator, 1.0).sample(&streams, 0, n).sequences),
            scale: odds_scale(&session.config.crossfit),
        }
    }

    /// What `judge` is worth on them.
    pub fn worth(&self, judge: &CausalDiscriminator) -> Residual {
        let logits = |(batch, features): &(SeqBatch, Vec<f32>)| -> Vec<f64> {
            described(judge, batch, features).into_iter().map(|f| self.scale * f64::from(f)).collect()
        };
        residual(&logits(&self.real), &logits(&self.samples))
    }
}
