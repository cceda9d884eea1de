//! Validation of a cross-fitted discriminator: its log-likelihood-ratio gain.

use super::reward::{logits_of_features, odds_scale};
use crate::config::Config;
use crate::discriminator::{CausalDiscriminator, ReferenceModels};
use crate::generator::{Generator, GeneratorPolicy, Policy};
use crate::measure::within_support;
use crate::metrics::residual;
use crate::metrics::residual::Residual;
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;

/// Validation sequences and fresh samples of the generator, with their features. They do not change while the
/// discriminator is trained.
pub(super) struct ValidationSet {
    real: (SeqBatch, Vec<f32>),
    samples: (SeqBatch, Vec<f32>),
    /// Factor of the discriminator's logits, as in the rounds.
    scale: f64,
}

impl ValidationSet {
    /// Creates the validation set, with features of the reference models of the method's rounds. The discriminator is
    /// trained against `generator`.
    pub fn new(
        config: &Config,
        task: &Task,
        references: ReferenceModels<'_>,
        generator: &dyn Generator,
    ) -> Self {
        let with_features = |batch: SeqBatch| {
            let features = references.features(&batch);
            (batch, features)
        };
        let streams = Streams::new(config.seed, Purpose::Evaluation);
        let n = config.evaluate.num_samples_training;
        Self {
            real: with_features(within_support(&task.validation, references.base)),
            samples: with_features(GeneratorPolicy::new(generator, 1.0).sample(&streams, 0, n).sequences),
            scale: odds_scale(&config.crossfit),
        }
    }

    /// Log-likelihood-ratio gain of the generator reweighted by the discriminator's odds, relative to the generator
    /// itself.
    pub fn gain(&self, discriminator: &CausalDiscriminator) -> Residual {
        let logits = |(batch, features): &(SeqBatch, Vec<f32>)| -> Vec<f64> {
            let logits = logits_of_features(discriminator, batch, features);
            logits.into_iter().map(|f| self.scale * f64::from(f)).collect()
        };
        residual(&logits(&self.real), &logits(&self.samples))
    }
}
