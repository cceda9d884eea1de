//! Maximum likelihood: `mle` with the paper's schedule, `mle-tuned` with early stopping, L2 and a cosine schedule.

use super::traits::{Kind, LikelihoodMethod, LikelihoodStep, Teacher, TrainingBatch, TrainingMethod};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::TrainableGenerator;
use crate::optim::{GeneratorUpdate, LikelihoodBatch, Optimizer, maximum_likelihood_step};

/// Maximum likelihood with the paper's schedule.
pub(super) struct Mle;

/// Maximum likelihood with early stopping, L2 and a cosine schedule.
pub(super) struct MleTuned;

/// Update rule of maximum likelihood.
pub(super) struct Step;

impl LikelihoodStep for Step {
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        TrainingBatch { sequences, dropout, .. }: TrainingBatch<'_>,
        update: GeneratorUpdate,
    ) -> Result<f64> {
        let batch = LikelihoodBatch { inputs: &sequences, targets: &sequences, dropout };
        maximum_likelihood_step(generator, optimizer, batch, update)
    }
}

impl TrainingMethod for Mle {
    fn name(&self) -> Method {
        Method::MLE
    }

    fn about(&self) -> &'static str {
        "maximum likelihood on the paper's schedule"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Likelihood(self)
    }
}

impl LikelihoodMethod for Mle {
    fn settings(&self, config: &Config) -> LikelihoodConfig {
        config.mle.clone()
    }

    fn step(&self, _: &Config, _: u64, _: Option<&Teacher>) -> Box<dyn LikelihoodStep> {
        Box::new(Step)
    }
}

impl TrainingMethod for MleTuned {
    fn name(&self) -> Method {
        Method::MLE_TUNED
    }

    fn about(&self) -> &'static str {
        "maximum likelihood with early stopping, L2 and a cosine schedule"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Likelihood(self)
    }
}

impl LikelihoodMethod for MleTuned {
    fn settings(&self, config: &Config) -> LikelihoodConfig {
        config.mle_tuned.clone()
    }

    fn step(&self, _: &Config, _: u64, _: Option<&Teacher>) -> Box<dyn LikelihoodStep> {
        Box::new(Step)
    }
}
