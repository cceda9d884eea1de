//! Maximum likelihood: `mle` with the paper's schedule, `mle-tuned` with early stopping, L2 and a cosine schedule.

use super::traits::{BatchPosition, Kind, LikelihoodMethod, LikelihoodStep, Teacher, TrainingMethod};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::TrainableGenerator;
use crate::optim::{GeneratorUpdate, Optimizer, maximum_likelihood_step};
use crate::token::SeqBatch;

/// Maximum likelihood with the paper's schedule.
pub(super) struct Mle;

/// Maximum likelihood with early stopping, L2 and a cosine schedule.
pub(super) struct MleTuned;

/// Update rule of maximum likelihood.
struct Step;

impl LikelihoodStep for Step {
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        batch: SeqBatch,
        _: BatchPosition,
        update: GeneratorUpdate,
    ) -> Result<f64> {
        maximum_likelihood_step(generator, optimizer, &batch, update)
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
