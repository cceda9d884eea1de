//! `scheduled-sampling`: maximum likelihood with more and more of the model's own tokens as inputs (Bengio et al., NIPS
//! 2015).

use super::traits::{Kind, LikelihoodMethod, LikelihoodStep, Teacher, TrainingBatch, TrainingMethod};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::{ScheduledInputs, TrainableGenerator};
use crate::optim::{GeneratorUpdate, Optimizer, scheduled_sampling_step};
use crate::rng::{Purpose, Streams};

/// Scheduled sampling.
pub(super) struct ScheduledSampling;

struct Step {
    /// Decrease per epoch of the probability that an input is the true token.
    decay: f64,
    choices: Streams,
    draws: Streams,
}

impl LikelihoodStep for Step {
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        batch: TrainingBatch<'_>,
        update: GeneratorUpdate,
    ) -> Result<f64> {
        let teacher_forcing = (1.0 - self.decay * batch.epoch as f64).max(0.0);
        let (choices, draws) = (&self.choices, &self.draws);
        let inputs = ScheduledInputs { teacher_forcing, choices, draws, first: batch.first };
        let sequences = (&batch.sequences, batch.dropout);
        scheduled_sampling_step(generator, optimizer, sequences, inputs, update)
    }
}

impl TrainingMethod for ScheduledSampling {
    fn name(&self) -> Method {
        Method::SCHEDULED_SAMPLING
    }

    fn about(&self) -> &'static str {
        "maximum likelihood whose inputs are more and more the model's own tokens"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Likelihood(self)
    }
}

impl LikelihoodMethod for ScheduledSampling {
    fn settings(&self, config: &Config) -> LikelihoodConfig {
        config.mle.clone()
    }

    fn step(&self, config: &Config, seed: u64, _: Option<&Teacher>) -> Box<dyn LikelihoodStep> {
        Box::new(Step {
            decay: config.scheduled_sampling.teacher_forcing_decay,
            choices: Streams::new(seed, Purpose::ScheduledChoice),
            draws: Streams::new(seed, Purpose::ScheduledDraw),
        })
    }

    fn fingerprint(&self, config: &Config) -> String {
        format!("{:?}", config.scheduled_sampling)
    }
}
